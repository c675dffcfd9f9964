"""Arrays in stores of chunks and in other scientists' files: methods that every context has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from distarray.globalapi._progress import loading, saving

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    from distarray.globalapi.context import BaseContext
    from distarray.globalapi.distarray import DistArray
    from distarray.globalapi.maps import Distribution

    _Path = str | PathLike[str]

__all__ = ["StoreMethods"]


class StoreMethods:
    """Methods of contexts for formats that other packages read and write."""

    def load_zarr(
        self, store: Any, distribution: Distribution | None = None, key: str | None = None
    ) -> DistArray:
        """Return an array of a Zarr store, version 3 or 2; each engine reads its own part.

        Needs zarr, which the extra ``io`` installs, with zarrs, whose codecs are faster.

        Parameters
        ----------
        store : str, path, or a store of zarr's
            The store: a folder, or anything else that zarr takes. One in memory can be read if the
            engines are threads of this process.
        distribution : Distribution, optional
            Where the elements live; by default in blocks along the first axis.
        key : str, optional
            The name of the array in the store's groups, as "group/array"; without one, the store
            is the array.

        Raises
        ------
        FileNotFoundError
            If there is no store.
        KeyError
            If there is no such array in it; the message names those that there are.
        ValueError
            If metadata or chunks are damaged, or the distribution is of another shape.
        ContextError
            If the store is in the memory of this process, and engines are other processes.

        Examples
        --------
        >>> from tempfile import TemporaryDirectory
        >>> from distarray.globalapi import Context
        >>> context = Context(nengines=2)
        >>> with TemporaryDirectory() as folder:
        ...     context.save_zarr(f"{folder}/a.zarr", context.arange(5))
        ...     context.load_zarr(f"{folder}/a.zarr").toarray()
        array([0, 1, 2, 3, 4])
        """
        from distarray.globalapi._zarr import load_zarr

        with loading(store):
            return load_zarr(_context(self), store, distribution, key)

    def save_zarr(
        self,
        store: Any,
        da: DistArray,
        key: str | None = None,
        *,
        chunks: int | Sequence[int] | None = None,
        shards: int | Sequence[int] | bool | None = None,
        overwrite: bool = True,
        zarr_format: int = 3,
        **options: Any,
    ) -> None:
        """Write an array to a Zarr store; each engine writes its own chunks.

        Needs zarr, which the extra ``io`` installs, with zarrs, whose codecs are faster.

        Parameters
        ----------
        store : str, path, or a store of zarr's
            The store: a folder, or anything else that zarr takes.
        da : DistArray
            The array.
        key : str, optional
            The name of the array in the store's groups, as "group/array"; groups are made as
            needed. Without one, the store is the array.
        chunks : int or sequence of int, optional
            The shape of chunks. By default they are of about 4 MiB, and such that no chunk has
            elements of two engines, if the distribution allows that.
        shards : int, sequence of int or True, optional
            The shape of shards, files with several chunks each; true chooses one as chunks are
            chosen, of about 128 MiB. By default, each chunk is a file.
        overwrite : bool, optional
            Whether an array that is there is replaced. Groups that have arrays in them, and
            folders that are something else, never are.
        zarr_format : {3, 2}, optional
            The version of the format.
        **options
            Others that `zarr.create_array` takes, such as ``compressors``, ``fill_value``,
            ``attributes`` and ``dimension_names``. By default, chunks are compressed by Blosc, with
            lz4 and a shuffle of bytes; ``compressors=None`` leaves them as they are.

        Raises
        ------
        FileExistsError
            If something is there that is not to be replaced.
        OSError
            If the store can't be written: the array that was there stays.
        ContextError
            If the array belongs to another context; or the store is in the memory of this process,
            and engines are other processes.

        Notes
        -----
        Engines never write the same chunk, or shard, at once. An array that is not in blocks, or in
        blocks that cut chunks, is redistributed before it is written.

        In a folder, the array is written beside the one that it replaces, whose place it takes in
        one step when all engines have finished: a save that fails or is killed leaves the old one
        as it was. Other stores can't rename: there the old array is removed first, and the metadata
        are written last. A save that fails or is killed leaves no array there, and never one that
        lacks some of its elements.
        """
        from distarray.globalapi._zarr import save_zarr

        settings = {"chunks": chunks, "shards": shards, "zarr_format": zarr_format, **options}
        with saving(store):
            save_zarr(_context(self), store, da, key, overwrite, settings)

    def load_netcdf(
        self,
        filename: _Path,
        variable: str | None = None,
        distribution: Distribution | None = None,
        *,
        mask_and_scale: bool = False,
    ) -> DistArray:
        """Return a variable of a NetCDF 4 file; each engine reads its own part.

        Needs h5netcdf, which the extra ``io`` installs.

        Parameters
        ----------
        filename : str or path
            The file.
        variable : str, optional
            The name of the variable, with those of its groups: "group/variable". By default, the
            only one that is not the coordinate of a dimension.
        distribution : Distribution, optional
            Where the elements live; by default in blocks along the first axis.
        mask_and_scale : bool, optional
            Whether elements become what they stand for: missing ones (the attributes ``_FillValue``
            and ``missing_value``) NaN, others multiplied by ``scale_factor``, plus ``add_offset``.

        Raises
        ------
        FileNotFoundError, OSError
            If there is no such file, or it is damaged.
        KeyError
            If it has no such variable; the message names those that it has.
        ValueError
            If the distribution is of another shape.
        """
        from distarray.globalapi._netcdf import load_netcdf

        with loading(filename):
            return load_netcdf(_context(self), filename, variable, distribution, mask_and_scale)


def _context(methods: StoreMethods) -> BaseContext:
    """Return the context that these are the methods of."""
    return methods  # type: ignore[return-value]
