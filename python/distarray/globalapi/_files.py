"""Arrays in files that the engines read and write themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distarray import _core
from distarray.error import ContextError
from distarray.globalapi._call import Outgoing, as_copy, as_proxy
from distarray.globalapi._handle import Handle
from distarray.globalapi.maps import Distribution
from distarray.localapi import format as dnpy
from distarray.localapi.local_array import files, hdf5

if TYPE_CHECKING:
    from distarray.globalapi.context import BaseContext
    from distarray.globalapi.distarray import DistArray
    from distarray.localapi.local_array.array import LocalArray

    FilePath = str | PathLike[str]

__all__ = [
    "check_array",
    "load_dnpy",
    "load_hdf5",
    "load_npy",
    "on_engines",
    "save_dnpy",
    "save_hdf5",
    "save_npy",
]


def check_array(context: BaseContext, array: Any) -> None:
    """Refuse what is no DistArray of a context."""
    if not isinstance(array, Handle):
        raise TypeError(f"array: expected a DistArray, not {type(array).__name__}")
    if array.context is not context:
        raise ContextError("array: it belongs to another context")


def load_npy(
    context: BaseContext, filename: FilePath, distribution: Distribution | None
) -> DistArray:
    """Return the array in a ``.npy`` file; each engine reads its own part."""
    from distarray.globalapi.distarray import DistArray

    path = fspath(filename)
    file = _core.NpyFile(path)
    layout = Distribution(context, file.shape) if distribution is None else distribution
    core = file.load(context._engines, layout._core)
    return DistArray._wrap(context, core, layout)


def save_npy(context: BaseContext, filename: FilePath, array: DistArray) -> None:
    """Write an array to one ``.npy`` file; each engine writes its own part."""
    check_array(context, array)
    array._array.save_npy(fspath(filename))


def on_engines(
    context: BaseContext,
    function: Callable[..., Any],
    args: Sequence[Any],
    targets: list[int],
    outgoing: Outgoing = as_copy,
) -> list[Any]:
    """Call one of our functions on engines; one exception stands for all."""
    try:
        return context._run(function, args, {}, targets, outgoing)
    except ExceptionGroup as group:
        # Engines meet the same: one exception stands for all, so that its kind can be caught.
        raise group.exceptions[0] from None


# ---- dnpy: a file for each rank ----------------------------------------------------------------


def save_dnpy(context: BaseContext, name: FilePath | Sequence[FilePath], array: DistArray) -> None:
    """Write each engine's piece to a ``.dnpy`` file of its own."""
    check_array(context, array)
    names = _names(name, len(array.targets))
    on_engines(context, _save_piece, (array, names), array.targets)


def load_dnpy(
    context: BaseContext,
    name: FilePath | Sequence[FilePath],
    distribution: Distribution | None = None,
) -> DistArray:
    """Return the array whose pieces are in ``.dnpy`` files."""
    from distarray.globalapi.distarray import DistArray

    first = _names(name, 1 if isinstance(name, str | PathLike) else len(name))[0]
    (ranks,) = on_engines(context, _ranks_in, (first,), context.targets[:1])
    names = _names(name, ranks)
    if ranks > context.nengines:
        raise ValueError(
            f"the array has {ranks} pieces, and the context {context.nengines} engines"
        )
    targets = context.targets[:ranks]
    comm = context.make_subcomm(targets)
    pieces = on_engines(context, _load_piece, (comm, names), targets, as_proxy)
    array = DistArray.from_localarrays(pieces[0], context=context, targets=targets)
    return array if distribution is None else array.distribute_as(distribution)


def _names(name: FilePath | Sequence[FilePath], ranks: int) -> tuple[str, ...]:
    """Return the name of the file of each rank."""
    if isinstance(name, str | PathLike):
        return tuple(f"{fspath(name)}_{rank}.dnpy" for rank in range(ranks))
    names = tuple(fspath(each) for each in name)
    if len(names) != ranks or not names:
        raise TypeError(f"{len(names)} names were given for the files of {ranks} engines")
    return names


def _save_piece(local: LocalArray, names: tuple[str, ...]) -> None:
    files.save_dnpy(names[local.comm_rank], local)


def _load_piece(comm: Any, names: tuple[str, ...]) -> LocalArray:
    return files.load_dnpy(comm, names[comm.Get_rank()])


def _ranks_in(name: str) -> int:
    """Return into how many pieces the array was cut that one file has a piece of."""
    with Path(name).open("rb") as file:
        _, dim_data = dnpy.read_localarray_header(file, dnpy.read_magic(file))
    return prod(int(dim_dict.get("proc_grid_size", 1)) for dim_dict in dim_data)


# ---- HDF5 --------------------------------------------------------------------------------------


def save_hdf5(
    context: BaseContext, filename: FilePath, array: DistArray, key: str, mode: str
) -> None:
    """Write an array to a dataset of an HDF5 file."""
    check_array(context, array)
    on_engines(context, hdf5.save_hdf5, (fspath(filename), array, key, mode), array.targets)


def load_hdf5(
    context: BaseContext, filename: FilePath, distribution: Distribution | None, key: str
) -> DistArray:
    """Return the array in a dataset of an HDF5 file."""
    path = fspath(filename)
    ((shape, dtype),) = on_engines(context, hdf5.facts, (path, key), context.targets[:1])
    layout = Distribution(context, shape) if distribution is None else distribution
    if layout.shape != shape:
        raise ValueError(f"the distribution is of shape {layout.shape}, the dataset of {shape}")
    array = context.empty(layout, dtype)
    on_engines(context, _read_piece, (array, path, key), array.targets)
    return array


def _read_piece(local: LocalArray, path: str, key: str) -> None:
    local.ndarray[...] = hdf5.load_hdf5(local.comm, path, local.dim_data, key).ndarray
