"""Local arrays in files: dnpy, npy and HDF5."""

from collections.abc import Sequence
from os import PathLike, fspath
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from distarray import _core
from distarray._file_sets import settle
from distarray._replacing import replacing
from distarray.localapi import format as dnpy
from distarray.localapi.local_array.array import LocalArray
from distarray.localapi.maps import Distribution

DimDict: TypeAlias = dict[str, Any]
File: TypeAlias = str | PathLike[str] | BinaryIO


def save_dnpy(file: File, arr: LocalArray) -> None:
    """Save a LocalArray to a .dnpy file.

    A file of that name is replaced when the new one is complete.

    Parameters
    ----------
    file : file-like object or str
        Where to save it.
    arr : LocalArray
        What to save.
    """
    if isinstance(file, (str, PathLike)):
        settle(file)
        with replacing(file) as temporary, Path(temporary).open("wb") as opened:
            dnpy.write_localarray(opened, arr)
    else:
        dnpy.write_localarray(file, arr)


def load_dnpy(comm: Any, file: File) -> LocalArray:
    """Load a LocalArray from a .dnpy file.

    Parameters
    ----------
    comm : communicator
        The engines that load the parts of the array.
    file : file-like object or str
        Where this engine's part is.

    Raises
    ------
    ValueError
        If the file holds something else.
    """
    if isinstance(file, (str, PathLike)):
        settle(file)
        with Path(file).open("rb") as opened:
            return LocalArray.from_distarray(comm, dnpy.read_localarray(opened))
    return LocalArray.from_distarray(comm, dnpy.read_localarray(file))


def _axis_index(dim_dict: DimDict) -> slice | list[int]:
    dist_type = dim_dict.get("dist_type", "n")
    if dist_type == "n":
        return slice(0, dim_dict.get("size"))
    if dist_type == "b":
        return slice(dim_dict["start"], dim_dict["stop"])
    if dist_type == "c":
        start, size = dim_dict["start"], dim_dict["size"]
        block = dim_dict.get("block_size", 1)
        period = block * dim_dict["proc_grid_size"]
        if block == 1:
            return slice(start, size, period)
        return [
            index
            for first in range(start, size, period)
            for index in range(first, min(first + block, size))
        ]
    if dist_type == "u":
        return [int(index) for index in dim_dict["indices"]]
    raise ValueError(f"dist_type {dist_type!r} is none of 'n', 'b', 'c' and 'u'")


def compact_indices(dim_data: Sequence[DimDict]) -> tuple[slice | list[int], ...]:
    """Return the global indices of a local part, for indexing something like an array.

    Parameters
    ----------
    dim_data : sequence of dict
        A dimension dictionary for each axis.

    Returns
    -------
    tuple of slice and list of int
        For each axis a slice if that is possible, else the global indices.

    Examples
    --------
    >>> block = {"dist_type": "b", "size": 9, "start": 3, "stop": 6}
    >>> cyclic = {"dist_type": "c", "size": 9, "start": 1, "proc_grid_size": 4}
    >>> compact_indices((block, cyclic))
    (slice(3, 6, None), slice(1, 9, 4))
    """
    return tuple(_axis_index(dim_dict) for dim_dict in dim_data)


def load_npy(comm: Any, filename: str | PathLike[str], dim_data: Sequence[DimDict]) -> LocalArray:
    """Load this engine's part of an array from a .npy file that holds the whole.

    Parameters
    ----------
    comm : communicator
        The engines that load the parts of the array.
    filename : str
        The file.
    dim_data : sequence of dict
        Which part to load: a dimension dictionary for each axis.

    Raises
    ------
    ValueError
        If the file holds something else, or an array of another shape.
    """
    whole = _core.NpyFile(filename)
    distribution = Distribution(comm, tuple(dim_data))
    if tuple(distribution.global_shape) != whole.shape:
        raise ValueError(
            f"{fspath(filename)} holds an array of shape {whole.shape}, not "
            f"{tuple(distribution.global_shape)}"
        )
    local = LocalArray(distribution, dtype=whole.dtype)
    whole.read([axis._indices for axis in distribution.maps], local.ndarray)
    return local
