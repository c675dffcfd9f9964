"""Arrays in dnpy files: one for each piece."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from math import prod
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from distarray import _core
from distarray._file_sets import replace_together, settle
from distarray.globalapi._call import as_proxy
from distarray.globalapi._files import check_array, layout_for, on_engines
from distarray.globalapi.maps import Distribution
from distarray.localapi import format as dnpy
from distarray.localapi.axis_maps import map_from_dim_dict
from distarray.localapi.local_array import files
from distarray.localapi.maps import complete_dim_data

if TYPE_CHECKING:
    from distarray.globalapi.context import BaseContext
    from distarray.globalapi.distarray import DistArray
    from distarray.localapi.local_array.array import LocalArray

    FilePath = str | PathLike[str]

__all__ = ["load_dnpy", "save_dnpy"]

DimData: TypeAlias = tuple[dict[str, Any], ...]
#: A place among the elements of an axis: a slice of them, or their positions.
Places: TypeAlias = slice | np.ndarray[Any, np.dtype[np.int64]]


def save_dnpy(context: BaseContext, name: FilePath | Sequence[FilePath], array: DistArray) -> None:
    """Write each engine's piece to a ``.dnpy`` file of its own."""
    check_array(context, array)
    names = _names(name, len(array.targets))
    on_engines(context, _save_piece, (array, names), array.targets)


def load_dnpy(
    context: BaseContext,
    name: FilePath | Sequence[FilePath],
    distribution: Distribution | None,
) -> DistArray:
    """Return the array whose pieces are in ``.dnpy`` files."""
    from distarray.globalapi.distarray import DistArray

    first = _names(name, 1 if isinstance(name, str | PathLike) else len(name))[0]
    (ranks,) = on_engines(context, _ranks_in, (first,), context.targets[:1])
    if distribution is not None:
        return _load_onto(context, name, ranks, distribution)
    if ranks > context.nengines:
        raise ValueError(
            f"the array has {ranks} pieces, and the context {context.nengines} engines; "
            "distribution says where else the elements are to live"
        )
    names = _names(name, ranks)
    targets = context.targets[:ranks]
    comm = context.make_subcomm(targets)
    pieces = on_engines(context, _load_piece, (comm, names), targets, as_proxy)
    return DistArray.from_localarrays(pieces[0], context=context, targets=targets)


def _names(name: FilePath | Sequence[FilePath], ranks: int) -> tuple[str, ...]:
    """Return the name of the file of each rank."""
    if isinstance(name, str | PathLike):
        return tuple(f"{fspath(name)}_{rank}.dnpy" for rank in range(ranks))
    names = tuple(fspath(each) for each in name)
    if len(names) != ranks or not names:
        raise TypeError(f"{len(names)} names were given for the files of {ranks} engines")
    return names


# ---- On engines --------------------------------------------------------------------------------


def _save_piece(local: LocalArray, names: tuple[str, ...]) -> None:
    """Write a piece; the files take the places of others together."""

    def write(temporary: str) -> None:
        with Path(temporary).open("wb") as file:
            dnpy.write_localarray(file, local)
            file.flush()
            os.fsync(file.fileno())

    replace_together(local.comm, names[local.comm_rank], write)


def _load_piece(comm: Any, names: tuple[str, ...]) -> LocalArray:
    return files.load_dnpy(comm, names[comm.Get_rank()])


def _ranks_in(name: str) -> int:
    """Return into how many pieces the array was cut that one file has a piece of."""
    return prod(int(each["proc_grid_size"]) for each in _read_header(name)[0])


def _read_header(name: str) -> tuple[DimData, np.dtype[Any], int]:
    """Return where a piece belongs, its dtype, and where in the file its npy file begins."""
    settle(name)
    with Path(name).open("rb") as file:
        _, dim_data = dnpy.read_localarray_header(file, dnpy.read_magic(file))
        base = file.tell()
    elements = _core.NpyFile(name, base)
    return complete_dim_data(dim_data, elements.shape), elements.dtype, base


# ---- Onto another distribution -----------------------------------------------------------------


def _load_onto(
    context: BaseContext,
    name: FilePath | Sequence[FilePath],
    ranks: int,
    distribution: Distribution,
) -> DistArray:
    """Return the array with another distribution; each engine reads what it needs of the files."""
    first = context.targets[:1]
    if isinstance(name, str | PathLike):
        # Whatever a header says: there is a file for each of so many.
        on_engines(context, _check_file, (f"{fspath(name)}_{ranks - 1}.dnpy", ranks), first)
    names = _names(name, ranks)
    ((shape, dtype),) = on_engines(context, _facts, (names,), first)
    array = context.empty(layout_for(context, shape, distribution, names[0]), dtype)
    on_engines(context, _read_pieces, (array, names), array.targets)
    return array


def _check_file(name: str, ranks: int) -> None:
    if not Path(name).is_file():
        raise FileNotFoundError(
            errno.ENOENT, f"the first file is one of {ranks}, and the last is missing", name
        )


def _facts(names: tuple[str, ...]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Return the shape and the dtype of the array of which files have the pieces."""
    headers = [_read_header(name) for name in names]
    dtypes = {dtype for _, dtype, _ in headers}
    if len(dtypes) > 1:
        raise ValueError(f"the files have different dtypes: {', '.join(map(str, dtypes))}")
    ranks = [list(dim_data) for dim_data, _, _ in headers]
    layout = _core.Distribution.from_dim_data_per_rank(ranks, list(range(len(ranks))))
    return layout.shape, dtypes.pop()


def _read_pieces(local: LocalArray, names: tuple[str, ...]) -> None:
    """Read what an engine has to have of the pieces in files."""
    if not local.ndarray.size:
        return
    for name in names:
        dim_data, _, base = _read_header(name)
        pairs = [
            _in_common(own._indices, map_from_dim_dict(theirs)._indices)
            for own, theirs in zip(local.distribution.maps, dim_data, strict=True)
        ]
        axes = [theirs for _, theirs in pairs]
        if not all(map(len, axes)):
            continue
        file = _core.NpyFile(name, base)
        own = [places for places, _ in pairs]
        if all(isinstance(places, slice) for places in own):
            file.read(axes, local.ndarray[(*own, ...)])
        else:
            values = np.empty([len(axis) for axis in axes], local.dtype)
            file.read(axes, values)
            everywhere = [
                np.arange(size)[places]
                for size, places in zip(local.ndarray.shape, own, strict=True)
            ]
            local.ndarray[np.ix_(*everywhere)] = values


def _in_common(own: _core.Indices, theirs: _core.Indices) -> tuple[Places, _core.Indices]:
    """Return the positions, in two lists of indices, of the indices that both have."""
    ranges = own.as_range(), theirs.as_range()
    if ranges[0] and ranges[1] and ranges[0][2] == ranges[1][2] == 1:
        start, stop = max(ranges[0][0], ranges[1][0]), min(ranges[0][1], ranges[1][1])
        length = max(stop - start, 0)
        here, there = start - ranges[0][0], start - ranges[1][0]
        return slice(here, here + length), _core.Indices.strided(there, 1, length)
    _, here_at, there_at = np.intersect1d(
        own.to_array(), theirs.to_array(), assume_unique=True, return_indices=True
    )
    return here_at, _core.Indices.from_array(there_at)
