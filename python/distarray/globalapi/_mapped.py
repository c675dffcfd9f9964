"""Arrays whose elements stay in files, and expressions that are computed into files."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from distarray import _core
from distarray.globalapi import _formats
from distarray.globalapi._files import check_array, layout_for
from distarray.globalapi._zarr_arrays import zarr_module
from distarray.globalapi.contexts.pools import ThreadPool
from distarray.localapi.local_array import hdf5

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from distarray.globalapi.context import BaseContext
    from distarray.globalapi.distarray import DistArray
    from distarray.globalapi.maps import Distribution

__all__ = ["open_array", "store"]


def open_array(
    context: BaseContext, path: Any, distribution: Distribution | None, key: str | None
) -> DistArray:
    """Return an array that can only be read, whose elements stay in a file."""
    from distarray.globalapi.distarray import DistArray

    known = _formats.format_of(path)
    find = _FINDERS.get(known.name)
    file = None
    if find is not None:
        _formats.refuse_patterns(context, path)
        name, options = known.arguments(path, key, {})
        file = find(context, os.fspath(name), **options)
    if file is None:
        with _frugal(context, known):
            array = _formats.load(context, path, distribution, key, {})
        return DistArray._wrap(context, array._array.frozen(), array.distribution)
    layout = layout_for(context, file.shape, distribution, path)
    return DistArray._wrap(context, file.open(context._engines, layout._core), layout)


def _in_npy(context: BaseContext, path: str) -> _core.NpyFile | None:
    """Return where the elements of a file are."""
    return _core.NpyFile(path)


def _in_hdf5(context: BaseContext, path: str, key: str = "buffer") -> _core.NpyFile | None:
    """Return where the elements of a dataset are, if they lie as they do in memory."""
    found = context._once(lambda: hdf5.facts(path, key))
    if found.offset is None:
        return None
    return _core.NpyFile.raw(path, found.dtype, found.shape, found.offset)


#: What finds the elements in files of a format, where they may lie as they do in memory.
_FINDERS: dict[str, Callable[..., _core.NpyFile | None]] = {"npy": _in_npy, "hdf5": _in_hdf5}


def store(
    context: BaseContext, expression: DistArray, path: Any, key: str | None, options: dict[str, Any]
) -> None:
    """Compute an expression into a file."""
    check_array(context, expression)
    known = _formats.format_of(path)
    compute = _STORES.get(known.name)
    is_direct = (
        expression._array.is_pending
        and expression.size > 0
        # Engines on other machines would write to pages that they share.
        and type(context._pool) is ThreadPool
    )
    if compute is None or not is_direct:
        with _frugal(context, known):
            _formats.save(context, path, expression, key, options)
    else:
        name, arguments = known.arguments(path, key, options)
        compute(expression, os.fspath(name), **arguments)


@contextmanager
def _frugal(context: BaseContext, known: _formats.Format) -> Iterator[None]:
    """Have zarr work on few chunks at once, where there is a limit on memory.

    Each has buffers of its own; with the usual ten for each engine they are 90 MB.
    """
    if known.name != "zarr" or context.memory_limit is None:
        yield
    else:
        with zarr_module().config.set({"async.concurrency": 2}):
            yield


def _compute(expression: DistArray, file: _core.NpyFile) -> None:
    """Compute an expression into the pages of a file."""
    layout = expression.distribution
    core = file.open(expression.context._engines, layout._core, is_writable=True)
    expression._wrap(expression.context, core, layout)[...] = expression


def _to_npy(expression: DistArray, path: str) -> None:
    """Compute an expression into a file, which gets its name when that is done."""
    temporary = _core.begin_replacement(path)
    try:
        _compute(expression, _core.NpyFile.create(temporary, expression.dtype, expression.shape))
        _core.finish_replacement(temporary, path)
    except BaseException:
        _core.discard_replacement(temporary)
        raise


def _to_hdf5(expression: DistArray, path: str, key: str = "buffer", mode: str = "a") -> None:
    """Compute an expression into a dataset, which is there when that is done."""
    new = hdf5.NewDataset(path, key, mode, expression.shape, expression.dtype)
    temporary, offset = new.begin()
    try:
        if offset is not None:
            dtype, shape = expression.dtype, expression.shape
            _compute(expression, _core.NpyFile.raw(temporary, dtype, shape, offset))
        new.finish()
    except BaseException:
        new.discard()
        raise


#: What computes expressions into files of a format, where they lie in them as they do in memory.
_STORES: dict[str, Callable[..., None]] = {"npy": _to_npy, "hdf5": _to_hdf5}
