"""Arrays whose elements stay in files, and expressions that are computed into files."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from distarray import _core
from distarray._replacing import replacing_once
from distarray.globalapi import _formats
from distarray.globalapi._files import check_array, layout_for
from distarray.globalapi._hdf5 import new_dataset, open_hdf5
from distarray.globalapi._netcdf import open_netcdf
from distarray.globalapi._outside import Transfer, compute_into, pending_copy
from distarray.globalapi._zarr import open_zarr
from distarray.globalapi._zarr_arrays import zarr_module
from distarray.globalapi.contexts.pools import ThreadPool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np

    from distarray.globalapi._outside import Request
    from distarray.globalapi.context import BaseContext
    from distarray.globalapi.distarray import DistArray
    from distarray.globalapi.maps import Distribution

__all__ = ["open_array", "store"]


def open_array(
    context: BaseContext,
    path: Any,
    distribution: Distribution | None,
    key: str | None,
    options: dict[str, Any],
) -> DistArray:
    """Return an array that can only be read, whose elements stay in a file."""
    from distarray.globalapi.distarray import DistArray

    known = _formats.format_of(path)
    open_file = _OPENERS.get(known.name)
    if open_file is None:
        array = _formats.load(context, path, distribution, key, options)
        return DistArray._wrap(context, array._array.frozen(), array.distribution)
    _formats.refuse_patterns(context, path)
    name, arguments = known.arguments(path, key, options)
    return open_file(context, os.fspath(name), distribution, **arguments)


def _open_npy(context: BaseContext, path: str, distribution: Distribution | None) -> DistArray:
    """Return an array whose elements are used where they lie in the file."""
    from distarray.globalapi.distarray import DistArray

    file = _core.NpyFile(path)
    layout = layout_for(context, file.shape, distribution, path)
    return DistArray._wrap(context, file.open(context._engines, layout._core), layout)


#: What opens files of a format without reading all that they have.
_OPENERS: dict[str, Callable[..., DistArray]] = {
    "npy": _open_npy,
    "hdf5": open_hdf5,
    "zarr": open_zarr,
    "netcdf": open_netcdf,
}


def store(
    context: BaseContext, expression: DistArray, path: Any, key: str | None, options: dict[str, Any]
) -> None:
    """Compute an expression into a file."""
    check_array(context, expression)
    known = _formats.format_of(path)
    compute = _STORES.get(known.name)
    expression = pending_copy(expression)
    is_direct = expression._array.is_pending and expression.size > 0
    # Datasets in chunks are not written as they lie in memory.
    if compute is None or not is_direct or (known.name == "hdf5" and set(options) - {"mode"}):
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


def _compute(expression: DistArray, path: str, offset: int) -> None:
    """Compute an expression into a file that has room for it, in C order from an offset on."""
    context, layout = expression.context, expression.distribution
    dtype, shape = expression.dtype, expression.shape
    if type(context._pool) is not ThreadPool:
        # Engines on other machines would write to pages that they share.
        compute_into(context, expression, _Written(path, dtype, shape, offset), (1,) * len(shape))
        return
    file = _core.NpyFile.raw(path, dtype, shape, offset)
    core = file.open(context._engines, layout._core, is_writable=True)
    # Nobody needs the elements here, whoever has a name for the expression.
    core.assign(expression._array, context._communication, True)


class _Written(Transfer):
    """Takes elements to their places in a file."""

    def __init__(
        self, path: str, dtype: np.dtype[Any], shape: tuple[int, ...], offset: int
    ) -> None:
        self._path, self._dtype, self._shape, self._offset = path, dtype, shape, offset

    def begin(self) -> None:
        self._file = _core.NpyFile.raw(self._path, self._dtype, self._shape, self._offset)

    def __call__(self, request: Request) -> None:
        axes, values = request
        self._file.write(axes, values)


def _to_npy(expression: DistArray, path: str) -> None:
    """Compute an expression into a file, which gets its name when that is done."""
    context, dtype, shape = expression.context, expression.dtype, expression.shape
    with replacing_once(context, path) as temporary:
        offset = context._once(lambda: _core.NpyFile.create(temporary, dtype, shape).offset)
        _compute(expression, temporary, offset)


def _to_hdf5(expression: DistArray, path: str, key: str = "buffer", mode: str = "a") -> None:
    """Compute an expression into a dataset, which is there when that is done."""
    with new_dataset(expression, path, key, mode) as (temporary, offset):
        if offset is not None:
            _compute(expression, temporary, offset)


#: What computes expressions into files of a format, where they lie in them as they do in memory.
_STORES: dict[str, Callable[..., None]] = {"npy": _to_npy, "hdf5": _to_hdf5}
