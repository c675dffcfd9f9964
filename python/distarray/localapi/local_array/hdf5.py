"""Local arrays in HDF5 files, through h5py.

h5py need not be built for parallel use. A dataset is created by one engine with its place in
the file fixed, and then every engine writes its part there by itself.
"""

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any, TypeAlias

import numpy as np

from distarray.error import EngineAbortedError
from distarray.localapi.local_array.array import LocalArray
from distarray.localapi.local_array.files import DimDict, compact_indices, select
from distarray.localapi.maps import Distribution

Filename: TypeAlias = str | PathLike[str]


def _h5py() -> Any:
    try:
        import h5py
    except ImportError as error:
        raise ImportError(
            "HDF5 files need the package h5py: pip install 'distarray[io]'"
        ) from error
    return h5py


class PeerFailedError(EngineAbortedError, OSError):
    """Another engine could not do its part with a file."""

    def __str__(self) -> str:
        return f"engine {self.rank} could not do its part: {self.reason}"


def _agreed(comm: Any, step: Callable[[], Any]) -> Any:
    """Do a step on every engine; fail on all of them if it fails on one."""
    result, failure = None, None
    try:
        result = step()
    except Exception as error:
        failure = error
    failures = comm.allgather(None if failure is None else f"{type(failure).__name__}: {failure}")
    if failure is not None:
        raise failure
    for rank, message in enumerate(failures):
        if message is not None:
            raise PeerFailedError(rank, message)
    return result


def save_hdf5(filename: Filename, arr: LocalArray, key: str = "buffer", mode: str = "a") -> None:
    """Save a distributed array to a dataset in an HDF5 file; all its engines call this.

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
    h5py = _h5py()
    if mode not in ("w", "w-", "x", "a"):
        raise ValueError(f"mode must be 'w', 'w-' or 'a', got {mode!r}")
    comm = arr.comm

    def create() -> int | None:
        if arr.comm_rank:
            return None
        space = h5py.h5s.create_simple(arr.global_shape)
        properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        properties.set_layout(h5py.h5d.CONTIGUOUS)
        properties.set_alloc_time(h5py.h5d.ALLOC_TIME_EARLY)
        properties.set_fill_time(h5py.h5d.FILL_TIME_NEVER)
        links = h5py.h5p.create(h5py.h5p.LINK_CREATE)
        links.set_create_intermediate_group(True)
        with h5py.File(filename, mode) as file:
            datatype = h5py.h5t.py_create(arr.dtype, logical=True)
            dataset = h5py.h5d.create(
                file.id, key.encode(), datatype, space, dcpl=properties, lcpl=links
            )
            offset = dataset.get_offset()
        return None if offset is None else int(offset)

    offset = comm.bcast(_agreed(comm, create), root=0)

    def write() -> None:
        if offset is None or not arr.local_size:
            return
        whole: Any = np.memmap(filename, arr.dtype, "r+", offset, arr.global_shape)
        index = [
            np.arange(size)[selection]
            for size, selection in zip(arr.global_shape, compact_indices(arr.dim_data), strict=True)
        ]
        whole[np.ix_(*index) if index else ()] = arr.ndarray
        whole.flush()

    _agreed(comm, write)


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
    """
    h5py = _h5py()
    distribution = Distribution(comm, tuple(dim_data))
    with h5py.File(filename, "r") as file:
        dataset = file[key]
        if dataset.shape != tuple(distribution.global_shape):
            raise ValueError(
                f"{key!r} in {filename} has shape {dataset.shape}, not "
                f"{tuple(distribution.global_shape)}"
            )
        return LocalArray(distribution, buf=_read(dataset, compact_indices(dim_data)))


def facts(filename: Filename, key: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return the shape and the dtype of a dataset."""
    with _h5py().File(filename, "r") as file:
        dataset = file[key]
        return tuple(map(int, dataset.shape)), dataset.dtype


def _read(dataset: Any, index: Sequence[slice | list[int]]) -> Any:
    """Read the smallest box around a selection, and select inside it."""
    box: list[slice] = []
    inside: list[slice | list[int]] = []
    for selection in index:
        if isinstance(selection, slice):
            box.append(selection)
            inside.append(slice(None))
        else:
            first = min(selection, default=0)
            box.append(slice(first, max(selection, default=-1) + 1))
            inside.append([place - first for place in selection])
    return select(np.asarray(dataset[tuple(box)]), inside)
