"""Arrays joined along an axis."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from distarray.globalapi._files import on_engines
from distarray.globalapi._handle import Handle, common_context
from distarray.globalapi.axis_maps import BlockCyclicMap, MapBase, NoDistMap, map_from_sizes
from distarray.globalapi.maps import Distribution

if TYPE_CHECKING:
    from distarray.localapi.local_array.array import LocalArray

__all__ = ["concatenate"]


def concatenate(
    arrays: Iterable[Any],
    axis: int | None = 0,
    out: Any = None,
    *,
    dtype: Any = None,
    casting: Any = "same_kind",
) -> Any:
    """Join arrays along an axis, or flattened, as ``numpy.concatenate``.

    The result lies as the first DistArray does: along the joined axis in blocks (or dealt round
    robin or undistributed, if that one is), along the others as there. Flattened arrays are joined
    in blocks.
    """
    given = list(arrays)
    parts: list[Any] = [part if isinstance(part, Handle) else np.asanyarray(part) for part in given]
    handles = [part for part in [*parts, out] if isinstance(part, Handle)]
    context = common_context(handles)
    place = 0
    if axis is None:
        joined = _joined_dtype(given, parts, axis, out, dtype, casting)
        parts = [flat for part in parts for flat in _flattened(part)]
    else:
        place = _checked_axis(parts, axis)
        joined = _joined_dtype(parts, parts, place, out, dtype, casting)
    length = sum(part.shape[place] for part in parts)
    shape = (*parts[0].shape[:place], length, *parts[0].shape[place + 1 :])
    if out is None:
        layout = (
            Distribution(context, shape)
            if axis is None
            else _layout(handles[0].distribution, place, length)
        )
        out = context.empty(layout, joined)
    elif out.shape != shape:
        raise ValueError(f"out: the output array is of the wrong shape {out.shape}, not {shape}")
    start = 0
    for part in parts:
        stop = start + part.shape[place]
        is_fetched = isinstance(part, Handle) and not isinstance(out, Handle)
        values = part.toarray() if is_fetched else part
        out[(*(slice(None),) * place, slice(start, stop))] = values
        start = stop
    return out


def _checked_axis(parts: Sequence[Any], axis: int) -> int:
    """Return which axis is meant, if the arrays can be joined along it."""
    shapes = [part.shape for part in parts]
    if shapes and shapes[0] and len({len(shape) for shape in shapes}) == 1:
        place = normalize_axis_index(operator.index(axis), len(shapes[0]))
        if len({(shape[:place], shape[place + 1 :]) for shape in shapes}) == 1:
            return place
    # NumPy says what is wrong, before it asks for memory.
    np.concatenate([np.broadcast_to(np.False_, shape) for shape in shapes], axis)
    raise AssertionError(f"NumPy joins arrays of the shapes {shapes}")


def _joined_dtype(
    given: Sequence[Any], parts: Sequence[Any], axis: int | None, out: Any, dtype: Any, casting: Any
) -> np.dtype[Any]:
    """Return the dtype of the result, as NumPy gives it or with its error."""
    # Numbers of Python's own have no dtype yet.
    samples = [
        given_as
        if type(given_as) in (int, float, complex)
        else np.empty((0,) * max(part.ndim, 1), part.dtype)
        for given_as, part in zip(given, parts, strict=True)
    ]
    if out is not None:
        numbers = sum(not isinstance(sample, np.ndarray) for sample in samples)
        out = np.empty((numbers,) if axis is None else (0,) * parts[0].ndim, out.dtype)
    joined: Any = np.concatenate(samples, axis, out, dtype=dtype, casting=casting)
    return joined.dtype  # type: ignore[no-any-return]


def _layout(first: Distribution, place: int, length: int) -> Distribution:
    """Return where the result lies."""
    maps, targets = list(first.maps), first.targets
    axis = maps[place]
    grid = axis.grid_size
    if axis.size <= grid == len(targets) and not isinstance(axis, NoDistMap):
        # There was no more than an element for each: of the result others can have some, too.
        targets = first.context.targets
        grid = max(grid, min(length, len(targets)))
    maps[place] = _longer(axis, length, grid)
    return Distribution.from_maps(
        first.context, maps, targets[: len(first.targets) // axis.grid_size * grid]
    )


def _longer(axis: MapBase, length: int, grid: int) -> MapBase:
    """Return a map like another one, of another length and for so many engines."""
    if isinstance(axis, NoDistMap):
        return NoDistMap(length, grid)
    if isinstance(axis, BlockCyclicMap):
        return BlockCyclicMap(length, grid, axis.block_size)
    return map_from_sizes(length, "b", grid)


# ---- One axis of all -----------------------------------------------------------------------------


def _flattened(array: Any) -> list[Any]:
    """Return the elements, in C order, along the one axis of an array or of several."""
    if isinstance(array, np.ndarray):
        return [array.reshape(-1)]
    if array.ndim == 1:
        return [array]
    context = array.context
    if array.ndim == 0 or array.size == 0:
        flat = context.empty((array.size,), array.dtype)
        if array.size:
            flat[:] = array
        return [flat]
    if array.shape[0] < context.nengines:
        return [flat for row in array for flat in _flattened(row)]
    # Rows on an engine follow each other, and so do the engines.
    rows = array.distribute_as(Distribution(context, array.shape))
    size = math.prod(array.shape[1:])
    bounds = [0, *(stop * size for _, stop in rows.distribution.maps[0].bounds)]
    layout = Distribution.from_global_dim_data(
        context, [{"dist_type": "b", "bounds": bounds}], rows.targets
    )
    flat = context.empty(layout, array.dtype)
    on_engines(context, _flatten, (rows, flat), flat.targets)
    return [flat]


def _flatten(rows: LocalArray, flat: LocalArray) -> None:
    flat.ndarray[...] = rows.ndarray.reshape(-1)
