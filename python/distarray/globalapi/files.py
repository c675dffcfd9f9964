"""Arrays in files: the methods that every context has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from distarray.globalapi import _formats
from distarray.globalapi._progress import loading, saving

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from distarray.globalapi.context import BaseContext
    from distarray.globalapi.distarray import DistArray
    from distarray.globalapi.maps import Distribution

    FilePath = str | PathLike[str]

__all__ = ["FileMethods"]


class FileMethods:
    """Methods of contexts that load arrays from files, and save them.

    Each engine reads and writes its own part. A save that replaces a file does so at the very end,
    when all engines have finished: one that fails or is interrupted leaves it as it was.
    """

    # ---- Any format ----------------------------------------------------------------------------

    def load(
        self,
        path: FilePath | Sequence[FilePath],
        distribution: Distribution | None = None,
        key: str | None = None,
        **options: Any,
    ) -> DistArray:
        """Return the array in a file, of the format that the end of its name says.

        Parameters
        ----------
        path : str or path
            The file: ``.npy``, ``.dnpy`` (which stands for a file a rank, or a sequence of their
            names), ``.hdf5`` or ``.h5``, ``.zarr`` or ``.nc`` (which can't be saved).
        distribution : Distribution, optional
            Where the elements live; by default in blocks along the first axis, and as they were
            saved for ``.dnpy``.
        key : str, optional
            Which of the arrays in the file, for formats that have several; the default is that of
            the format's own method, as "buffer" for HDF5. For NetCDF, it is the variable.
        **options
            Passed on to that method, as :meth:`load_hdf5`.

        Raises
        ------
        OSError, KeyError, ValueError
            When the file can't be read, has no such array, or one of another shape; or when no
            format has names that end so.
        """
        return _formats.load(context_of(self), path, distribution, key, options)

    def save(
        self,
        path: FilePath | Sequence[FilePath],
        array: DistArray,
        key: str | None = None,
        **options: Any,
    ) -> None:
        """Save an array in a file, of the format that the end of its name says.

        Parameters
        ----------
        path : str or path
            The file; see :meth:`load`.
        array : DistArray
            The array.
        key : str, optional
            The name of the array in the file, for formats that have several.
        **options
            Passed on to the format's own method, as ``mode`` to :meth:`save_hdf5`.

        Raises
        ------
        OSError, ValueError
            When the file can't be written, or when no format has names that end so.

        Examples
        --------
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> import distarray as da
        >>> with TemporaryDirectory() as folder:
        ...     da.save(Path(folder, "a.npy"), da.arange(4))
        ...     da.load(Path(folder, "a.npy")).toarray()
        array([0, 1, 2, 3])
        """
        _formats.save(context_of(self), path, array, key, options)

    # ---- Arrays that stay in files, and expressions that go to them ----------------------------

    def open(
        self,
        path: FilePath,
        distribution: Distribution | None = None,
        key: str | None = None,
        **options: Any,
    ) -> DistArray:
        """Return an array whose elements stay in a file, which can only be read.

        They are read when somebody needs them: those of ``.npy`` files and of HDF5 datasets that
        are neither chunked nor compressed are used where they lie; of others, opening reads
        metadata alone, and so do slices. Reductions and :meth:`store` go through large arrays in
        parts of whole chunks, reading ahead; other operations need the elements as memory, within
        the context's memory limit in scratch files. (``.dnpy`` files are loaded now.)

        The file has to stay as it is while the array is in use. One that is replaced by another
        file of its name is no problem; where it is made shorter, operations fail that need what was
        there. So do operations on a Zarr store that has been replaced since.

        Parameters
        ----------
        path : str or path
            The file, of a format that its name's end tells, as for :meth:`load`.
        distribution : Distribution, optional
            Where the elements are used; by default in blocks along the first axis.
        key : str, optional
            Which of the arrays in the file, for formats that have several.
        **options
            Those of the format's own method that say what the elements stand for:
            ``mask_and_scale`` of :meth:`load_netcdf`.

        Raises
        ------
        OSError, KeyError, ValueError
            When the file can't be read, has no such array, or one of another shape; or when no
            format has names that end so.

        Examples
        --------
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> import numpy as np
        >>> import distarray as da
        >>> with TemporaryDirectory() as folder:
        ...     np.save(Path(folder, "x.npy"), np.arange(6.0))
        ...     x = da.open(Path(folder, "x.npy"))
        ...     float((2 * x).sum())
        30.0
        """
        from distarray.globalapi._mapped import open_array

        return open_array(context_of(self), path, distribution, key, options)

    def store(
        self, expression: DistArray, path: FilePath, key: str | None = None, **options: Any
    ) -> None:
        """Compute an expression into a file.

        Results are written as they come: there is no other copy of them, unless the distribution
        cuts the chunks of a Zarr store. The file gets its name when it is complete.

        Parameters
        ----------
        expression : DistArray
            The expression, or an array that is there already.
        path : str or path
            The file; see :meth:`save`.
        key : str, optional
            The name of the array in the file, for formats that have several.
        **options
            Passed on to the format's own method, as ``mode`` to :meth:`save_hdf5`.

        Raises
        ------
        OSError, ValueError
            When the file can't be written, or when no format has names that end so.

        Examples
        --------
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> import distarray as da
        >>> x = da.ones((1000, 500))
        >>> with TemporaryDirectory() as folder:
        ...     da.store((x + 1) / 4, Path(folder, "y.npy"))
        ...     float(da.load(Path(folder, "y.npy")).max())
        0.5
        """
        from distarray.globalapi._mapped import store

        store(context_of(self), expression, path, key, options)

    # ---- The formats ---------------------------------------------------------------------------

    def load_dnpy(
        self, name: FilePath | Sequence[FilePath], distribution: Distribution | None = None
    ) -> DistArray:
        """Return the array that :meth:`save_dnpy` wrote, with its distribution or another.

        Parameters
        ----------
        name : str, or sequence of str
            Each engine reads ``<name>_<rank>.dnpy``, or of several names the one of its rank.
        distribution : Distribution, optional
            Where the elements live; by default where they did when they were saved.

        Raises
        ------
        OSError, ValueError
            When a file can't be read, or is no such file.
        TypeError
            If there are not as many names as pieces.
        """
        from distarray.globalapi._dnpy import load_dnpy

        with loading(name):
            return load_dnpy(context_of(self), name, distribution)

    def save_dnpy(self, name: FilePath | Sequence[FilePath], da: DistArray) -> None:
        """Write each engine's piece to a file of its own, in the ``.dnpy`` format.

        The format is that of `distarray.localapi.format`: where the piece belongs, and then what
        ``numpy.save`` writes.

        Parameters
        ----------
        name : str, or sequence of str
            Each engine writes ``<name>_<rank>.dnpy``, or of several names the one of its rank.
        da : DistArray
            The array.

        Raises
        ------
        TypeError
            If there are not as many names as pieces.
        """
        from distarray.globalapi._dnpy import save_dnpy

        with saving(name):
            save_dnpy(context_of(self), name, da)

    def load_hdf5(
        self,
        filename: FilePath,
        distribution: Distribution | None = None,
        key: str = "buffer",
    ) -> DistArray:
        """Return the array in a dataset of an HDF5 file; each engine reads its own part.

        Needs h5py, which the extra ``io`` installs.

        Parameters
        ----------
        filename : str or path
            The file.
        distribution : Distribution, optional
            Where the elements live; by default in blocks along the first axis.
        key : str, optional
            The name of the dataset.

        Raises
        ------
        OSError, KeyError, ValueError
            When the file can't be read, has no such dataset, or one of another shape.
        """
        from distarray.globalapi._hdf5 import load_hdf5

        with loading(filename):
            return load_hdf5(context_of(self), filename, distribution, key)

    def save_hdf5(
        self,
        /,
        filename: FilePath,
        da: DistArray,
        key: str = "buffer",
        mode: str = "a",
        **options: Any,
    ) -> None:
        """Write an array to a dataset of an HDF5 file; each engine writes its own part.

        Needs h5py, which the extra ``io`` installs.

        Parameters
        ----------
        filename : str or path
            The file.
        da : DistArray
            The array.
        key : str, optional
            The name of the dataset.
        mode : {'w', 'w-', 'a'}, optional
            'w' makes a new file in place of one that exists; 'w-' makes a new file and fails if
            it exists; 'a' adds to a file, and makes it if needed.
        **options
            How the elements are kept, as h5py's ``create_dataset`` takes it: ``chunks``,
            ``maxshape``, ``compression``, ``compression_opts``, ``shuffle``, ``fletcher32``,
            ``scaleoffset``, ``fillvalue``. By default, as in memory. Otherwise the HDF5 library
            writes them: the engines at once, if they are MPI processes and h5py is built for MPI,
            or one after the other.
        """
        from distarray.globalapi._hdf5 import save_hdf5

        with saving(filename):
            save_hdf5(context_of(self), filename, da, key, mode, options)

    def load_npy(self, filename: FilePath, distribution: Distribution | None = None) -> DistArray:
        """Return the array in a ``.npy`` file; each engine reads its own part.

        Parameters
        ----------
        filename : str or path
            What ``numpy.save`` or :meth:`save_npy` wrote.
        distribution : Distribution, optional
            Where the elements live; by default in blocks along the first axis.

        Raises
        ------
        OSError, ValueError
            When the file can't be read, or is no such file.
        """
        from distarray.globalapi._files import load_npy

        with loading(filename):
            return load_npy(context_of(self), filename, distribution)

    def save_npy(self, filename: FilePath, da: DistArray) -> None:
        """Write an array to one ``.npy`` file; each engine writes its own part.

        Parameters
        ----------
        filename : str or path
            ``numpy.load`` reads it.
        da : DistArray
            The array.
        """
        from distarray.globalapi._files import save_npy

        with saving(filename):
            save_npy(context_of(self), filename, da)


def context_of(methods: FileMethods) -> BaseContext:
    """Return the context that these are the methods of."""
    return methods  # type: ignore[return-value]
