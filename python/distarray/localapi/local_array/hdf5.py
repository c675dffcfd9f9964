"""Local arrays in HDF5 files, through h5py.

h5py need not be built for parallel use. A dataset is created by one engine with its place in the
file fixed, and then every engine writes its part there by itself. In the same way every engine
reads a dataset whose elements follow each other in the file as they do in memory. Others (in
chunks, compressed, in other files) are read through h5py, by boxes.
"""

from __future__ import annotations

import errno
import fcntl
import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt

from distarray import _core
from distarray.localapi.local_array.agreement import agreed
from distarray.localapi.local_array.array import LocalArray
from distarray.localapi.local_array.files import DimDict
from distarray.localapi.maps import Distribution

Filename: TypeAlias = str | PathLike[str]

#: What is read at a time of a dataset of which no box is wanted.
_BOX_BYTES = 1 << 26

#: What the user may say of how elements are kept.
_OPTIONS = frozenset(
    {
        "chunks",
        "compression",
        "compression_opts",
        "fillvalue",
        "fletcher32",
        "maxshape",
        "scaleoffset",
        "shuffle",
    }
)


def _h5py() -> Any:
    try:
        import h5py
    except ImportError as error:
        raise ImportError(
            "HDF5 files need the package h5py: pip install 'distarray[io]'"
        ) from error
    return h5py


# ---- Local arrays ------------------------------------------------------------------------------


def save_hdf5(filename: Filename, arr: LocalArray, key: str = "buffer", mode: str = "a") -> None:
    """Save a distributed array to a dataset in an HDF5 file; all its engines call this.

    The file is replaced by one with the dataset when that is complete: until then, and if any
    engine fails, it stays as it is.

    Parameters
    ----------
    filename : str
        The file.
    arr : LocalArray
        This engine's part.
    key : str, optional
        The name of the dataset.
    mode : {'w', 'w-', 'a'}, optional
        'w' makes a new file in place of one that exists; 'w-' makes a new file and fails if
        it exists; 'a' adds to a file, and makes it if needed.
    """
    comm = arr.comm
    is_first = arr.comm_rank == 0
    new = NewDataset(filename, key, mode, arr.global_shape, arr.dtype)
    made = agreed(comm, lambda: new.begin() if is_first else None)
    temporary, offset = comm.bcast(made, root=0)

    def write() -> None:
        if offset is not None and arr.local_size:
            whole = _core.NpyFile.raw(temporary, arr.dtype, arr.global_shape, offset)
            whole.write([axis._indices for axis in arr.distribution.maps], arr.ndarray)

    try:
        agreed(comm, write)
        agreed(comm, lambda: new.finish() if is_first else None)
    except BaseException:
        if is_first:
            new.discard()
        raise


def load_hdf5(
    comm: Any, filename: Filename, dim_data: Sequence[DimDict], key: str = "buffer"
) -> LocalArray:
    """Load this engine's part of a dataset of an HDF5 file.

    Parameters
    ----------
    comm : communicator
        The engines that load the parts of the array.
    filename : str
        The file.
    dim_data : sequence of dict
        Which part to load: a dimension dictionary for each axis.
    key : str, optional
        The name of the dataset.

    Raises
    ------
    OSError
        If the file can't be read, or is no HDF5 file.
    KeyError
        If it has no such dataset.
    ValueError
        If the dataset has another shape.
    """
    distribution = Distribution(comm, tuple(dim_data))
    found = facts(filename, key)
    if found.shape != tuple(distribution.global_shape):
        raise ValueError(
            f"{key!r} in {fspath(filename)} has shape {found.shape}, not "
            f"{tuple(distribution.global_shape)}"
        )
    local = LocalArray(distribution, dtype=found.dtype)
    axes = [axis._indices for axis in distribution.maps]
    if found.offset is None:
        read_part(filename, key, axes, local.ndarray)
    else:
        whole = _core.NpyFile.raw(filename, found.dtype, found.shape, found.offset)
        whole.read(axes, local.ndarray)
    return local


# ---- Datasets that are made --------------------------------------------------------------------


class NewDataset:
    """A dataset that becomes part of a file when it is complete.

    One process makes it, and calls all of the methods.

    Parameters
    ----------
    filename : str, path or file
        The file.
    key : str
        The name of the dataset, with those of the groups that it is in.
    mode : {'w', 'w-', 'x', 'a'}
        What happens to a file that exists; see `save_hdf5`.
    shape : tuple of int
        Its shape.
    dtype : dtype
        That of its elements.
    options : mapping, optional
        How they are kept, as ``create_dataset`` takes it; by default, as in memory.
    """

    def __init__(
        self,
        filename: Filename,
        key: str,
        mode: str,
        shape: Sequence[int],
        dtype: np.dtype[Any],
        options: Mapping[str, Any] | None = None,
    ) -> None:
        if wrong := set(options or ()) - _OPTIONS:
            raise TypeError(
                f"{min(wrong)!r} is no option of HDF5 datasets: {', '.join(sorted(_OPTIONS))}"
            )
        if mode not in ("w", "w-", "x", "a"):
            raise ValueError(f"mode must be 'w', 'w-' or 'a', got {mode!r}")
        if not isinstance(key, str):
            raise TypeError(f"key: expected the name of a dataset, not {key!r}")
        if not key.strip("/"):
            raise ValueError(f"key: expected the name of a dataset, got {key!r}")
        self._path, self._key, self._mode = os.fsdecode(filename), key, mode
        self._shape, self._dtype, self._options = tuple(shape), dtype, dict(options or {})
        self._old: int | None = None
        self._temporary: str | None = None
        self._is_new = mode in ("w-", "x")

    def begin(self) -> tuple[str, int | None]:
        """Make the dataset in a temporary file.

        Returns
        -------
        temporary : str
            The name of the file.
        offset : int or None
            Where in it the elements are to be written; None if there are none, or the library has
            to write them.
        """
        h5py = _h5py()
        if self._mode == "a":
            self._old = _locked(self._path)
            self._is_new = self._old is None
        try:
            self._temporary = _core.begin_replacement(self._path, self._is_new)
            if self._old is not None:
                _copy(self._old, self._temporary)
            mode = "w" if self._old is None else "r+"
            try:
                # It is locked already, as all temporary files are.
                with h5py.File(self._temporary, mode, locking=False) as file:
                    offset = self._create(h5py, file)
            except (OSError, RuntimeError) as error:
                raise _named(error, self._path) from error
            return self._temporary, offset
        except BaseException:
            self.discard()
            raise

    def _create(self, h5py: Any, file: Any) -> int | None:
        if file.get(self._key, getlink=True) is not None:
            raise ValueError(
                f"key: {self._key!r} exists in {self._path}; mode 'w' would replace the whole file"
            )
        if self._options:
            # What h5py says of types that HDF5 has not is ours to say.
            _datatype(h5py, self._dtype)
            try:
                file.create_dataset(self._key, self._shape, self._dtype, **self._options)
            except (TypeError, ValueError) as error:
                given = ", ".join(f"{name}={value!r}" for name, value in self._options.items())
                raise type(error)(
                    f"{self._key!r} can't be made in {self._path} with {given}: {error}"
                ) from error
            return None
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        properties.set_layout(h5py.h5d.CONTIGUOUS)
        properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        links = h5py.h5p.create(h5py.h5p.LINK_CREATE)
        links.set_create_intermediate_group(True)
        links.set_char_encoding(h5py.h5t.CSET_UTF8)
        space = h5py.h5s.create_simple(self._shape)
        datatype = _datatype(h5py, self._dtype)
        try:
            dataset = h5py.h5d.create(
                file.id, self._key.encode(), datatype, space, dcpl=properties, lcpl=links
            )
        except (KeyError, ValueError) as error:
            raise ValueError(
                f"key: {self._key!r} can't be made in {self._path}: {error}"
            ) from error
        offset = dataset.get_offset()
        return None if offset is None else int(offset)

    def finish(self) -> None:
        """Give the temporary file its name, when all of the elements are there."""
        assert self._temporary is not None
        _core.finish_replacement(self._temporary, self._path, self._is_new)
        self._temporary = None
        self.discard()

    def discard(self) -> None:
        """Remove the temporary file, if it has not got its name, and let go of the old one."""
        if self._temporary is not None:
            _core.discard_replacement(self._temporary)
            self._temporary = None
        if self._old is not None:
            os.close(self._old)
            self._old = None


def _datatype(h5py: Any, dtype: np.dtype[Any]) -> Any:
    """Return the type of a dataset of a dtype."""
    try:
        return h5py.h5t.py_create(dtype, logical=True)
    except (TypeError, ValueError) as error:
        for name in dtype.names or ():
            _datatype_of_field(h5py, dtype, name)
        raise TypeError(f"dtype {dtype} can't be kept in HDF5 files: {error}") from error


def _datatype_of_field(h5py: Any, dtype: np.dtype[Any], name: str) -> None:
    try:
        _datatype(h5py, dtype[name])
    except TypeError as error:
        raise TypeError(f"field {name!r}: {error}") from error


def _locked(path: str) -> int | None:
    """Open a file, if it exists, and see to it that nobody writes to it until it is closed."""
    try:
        # To open a pipe would wait for its other end.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    try:
        # As the HDF5 library does; not all file systems have locks.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise BlockingIOError(
            errno.EAGAIN, "the file is open, here or in another program; close it first", path
        ) from error
    except OSError:
        pass
    return descriptor


def _copy(source: int, path: str) -> None:
    """Copy a file, without moving its data where the file system can do that."""
    with Path(path).open("r+b") as copy, os.fdopen(os.dup(source), "rb") as original:
        length = os.fstat(source).st_size
        place = 0
        with suppress(OSError):
            # Refused between some file systems, and by some altogether.
            while place < length:
                done = os.copy_file_range(source, copy.fileno(), length - place, place, place)
                if not done:
                    break
                place += done
        original.seek(place)
        copy.seek(place)
        while block := original.read(1 << 20):
            copy.write(block)


# ---- Datasets that are there -------------------------------------------------------------------


@dataclass(frozen=True)
class Facts:
    """What has to be known of a dataset before it is read.

    Parameters
    ----------
    shape : tuple of int
        Its shape.
    dtype : dtype
        That of its elements.
    offset : int or None
        Where in the file the elements follow each other as in memory; None if they don't.
    chunks : tuple of int or None
        The shape of the chunks that it is kept in.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    offset: int | None
    chunks: tuple[int, ...] | None


@contextmanager
def _opened(filename: Filename | BinaryIO, key: str) -> Iterator[Any]:
    """Open a dataset, to be read."""
    h5py = _h5py()
    # A Python file is that of a name which another one has by now.
    is_named = isinstance(filename, str | PathLike)
    path = os.fsdecode(filename) if isinstance(filename, str | PathLike) else filename.name
    if is_named and Path(path).exists() and not Path(path).is_file():
        raise OSError(errno.EINVAL, "it is no regular file", path)
    try:
        with h5py.File(path if is_named else filename, "r") as file:
            found = file.get(key)
            if not isinstance(found, h5py.Dataset):
                what = f"there is no {key!r} in {path}" if found is None else f"{key!r} is a group"
                group = file if found is None else found
                names = ", ".join(map(repr, itertools.islice(group, 20))) or "nothing"
                raise KeyError(f"{what}; {group.name!r} has {names}")
            yield found
    except (OSError, RuntimeError) as error:
        # What the library finds damaged is this or that to it.
        raise _named(error, path) from error


def _named(error: Exception, path: str) -> OSError:
    """Return an error of the HDF5 library that names the file."""
    if isinstance(error, OSError) and error.errno is not None:
        return type(error)(error.errno, os.strerror(error.errno), path)
    return OSError(f"{path}: {error}")


def facts(filename: Filename | BinaryIO, key: str) -> Facts:
    """Return what has to be known of a dataset before it is read.

    Parameters
    ----------
    filename : str, path or file
        The file.
    key : str
        The name of the dataset.

    Raises
    ------
    OSError
        If the file can't be read, or is no HDF5 file.
    KeyError
        If it has no such dataset.
    TypeError, ValueError
        If what it has can't be an array on several engines.
    """
    with _opened(filename, key) as dataset:
        path = str(dataset.file.filename)
        if dataset.shape is None:
            raise ValueError(f"{key!r} in {path} is empty: it has no shape")
        dtype: np.dtype[Any] = dataset.dtype
        if dtype.hasobject:
            raise TypeError(
                f"{key!r} in {path} holds Python objects (strings of any length, or references); "
                "arrays of objects cannot be distributed"
            )
        shape = tuple(map(int, dataset.shape))
        chunks = tuple(map(int, dataset.chunks)) if dataset.chunks else None
        return Facts(shape, dtype, _offset(dataset, path), chunks)


def _offset(dataset: Any, path: str) -> int | None:
    """Return where in the file the elements are as in memory, None if they aren't anywhere."""
    h5py = _h5py()
    properties = dataset.id.get_create_plist()
    if (
        properties.get_layout() != h5py.h5d.CONTIGUOUS
        or properties.get_external_count()
        or dataset.file.driver not in ("sec2", "stdio", "mpio")
        or not dataset.size
        # Whoever has the file open, too, may not have written all that it has.
        or dataset.file.id.get_intent() != h5py.h5f.ACC_RDONLY
    ):
        return None
    offset = dataset.id.get_offset()
    if offset is None or dataset.id.get_storage_size() != dataset.nbytes:
        return None
    try:
        is_as_in_memory = h5py.h5t.py_create(dataset.dtype, logical=True) == dataset.id.get_type()
    except (TypeError, ValueError):
        return None
    found = Path(path).stat().st_size
    if not is_as_in_memory or offset + dataset.nbytes > found:
        return None
    return int(offset)


def read_part(
    filename: Filename | BinaryIO,
    key: str,
    axes: Sequence[_core.Indices],
    values: npt.NDArray[Any],
) -> None:
    """Read the elements with some indices along each axis through h5py.

    Parameters
    ----------
    filename : str, path or file
        The file.
    key : str
        The name of the dataset.
    axes : sequence of Indices
        The indices, in any order.
    values : ndarray
        Where the elements go.
    """
    if not values.size:
        return
    with _opened(filename, key) as dataset:
        ranges = [axis.as_range() for axis in axes]
        if axes and values.flags.c_contiguous and all(each and each[2] == 1 for each in ranges):
            dataset.read_direct(values, tuple(slice(*each) for each in ranges if each))
        else:
            pick(dataset, axes, values)


def pick(dataset: Any, axes: Sequence[_core.Indices], values: npt.NDArray[Any]) -> None:
    """Read the elements with some indices along each axis, by boxes.

    Parameters
    ----------
    dataset : h5py.Dataset, or what is like one
        What is read.
    axes : sequence of Indices
        The indices, in any order.
    values : ndarray
        Where the elements go.
    """
    if not axes:
        values[()] = dataset[()]
        return
    chunks = dataset.chunks
    rest = [
        _along(axis.to_array(), chunks[number + 1] if chunks else 1)
        for number, axis in enumerate(axes[1:])
    ]
    box = tuple(part for part, _ in rest)
    inside = np.ix_(*(places for _, places in rest)) if rest else ()
    row = dataset.dtype.itemsize
    for part in box:
        row *= len(range(part.start, part.stop, part.step))
    first = axes[0].to_array()
    for group in _groups(first, max(1, _BOX_BYTES // row), chunks):
        start, stop = int(first[group].min()), int(first[group].max()) + 1
        whole = dataset[(slice(start, stop), *box)]
        values[group] = (
            whole[(slice(None), *inside)][first[group] - start]
            if rest
            else (whole[first[group] - start])
        )


def _along(places: npt.NDArray[np.int64], chunk: int) -> tuple[slice, npt.NDArray[np.int64]]:
    """Return what is read of an axis for some places, and where in that they are."""
    least = int(places.min())
    steps = np.diff(places)
    step = abs(int(steps[0])) if len(steps) and (steps == steps[0]).all() else 1
    if step <= chunk:
        # Elements that lie near are read together with those between them.
        step = 1
    return slice(least, int(places.max()) + 1, step), (places - least) // step


def _groups(
    places: npt.NDArray[np.int64], span: int, chunks: tuple[int, ...] | None
) -> Iterator[npt.NDArray[np.int64]]:
    """Go through the positions of a list of places, those of near places together."""
    gap = 64 if chunks is None else chunks[0]
    order = np.argsort(places, kind="stable")
    ascending = places[order]
    for near in np.split(np.arange(len(order)), np.flatnonzero(np.diff(ascending) > gap) + 1):
        parts = (ascending[near] - ascending[near[0]]) // span
        for part in np.split(near, np.flatnonzero(np.diff(parts)) + 1):
            yield order[part]
