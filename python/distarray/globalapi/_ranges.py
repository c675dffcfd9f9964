"""Arrays whose elements follow from their indices, computed as NumPy computes them."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from distarray import _core
from distarray.globalapi._indexing import item_of
from distarray.globalapi._resolution import is_native

if TYPE_CHECKING:
    from distarray.globalapi.context import BaseContext
    from distarray.globalapi.maps import Distribution

    DType = np.dtype[Any]

# The types of its functions list numbers one by one; ours may be any of them.
_numpy: Any = np

__all__ = ["arange", "index_grid", "linspace"]


def arange(
    methods: Any, start: Any, stop: Any, step: Any, dtype: Any, distribution: Distribution | None
) -> Any:
    """Return evenly spaced values of an interval."""
    if stop is None:
        start, stop = 0, start
    step = 1 if step is None else step
    given = [np.asarray(value).dtype for value in (start, stop, step)]
    if any(each.kind not in "biufc" for each in given):
        # Dates and times.
        return methods.fromarray(_numpy.arange(start, stop, step, dtype), distribution)
    length = _length(start, stop, step)
    if dtype is None:
        # NumPy takes scalars for Python's numbers here.
        dtype = np.promote_types(*(np.arange(end, end, step).dtype for end in (start, stop)))
    dtype = np.dtype(dtype)
    if dtype.kind not in "iufc" or not is_native([dtype]) or length <= 2:
        return methods.fromarray(_numpy.arange(start, stop, step, dtype), distribution)
    # NumPy takes the distance of the first two values, as the dtype has them; halves are computed
    # as floats and rounded once.
    computed = np.dtype(np.float32) if dtype == np.float16 else dtype
    first = np.asarray(item_of(start, dtype).astype(computed))
    with np.errstate(all="ignore"):
        distance = np.asarray(item_of(start + step, dtype).astype(computed) - first, computed)
    if not np.isfinite(distance):
        return methods.fromarray(_numpy.arange(start, stop, step, dtype), distribution)
    array = _affine(methods, length, computed, first, distance, distribution)
    return array.astype(dtype, copy=False)


def _length(start: Any, stop: Any, step: Any) -> int:
    """Return how many values there are, reckoned as NumPy does."""
    distance = (stop - start) / step
    if isinstance(distance, complex | np.complexfloating):
        length = min(distance.real, distance.imag)
    else:
        length = distance
    if not math.isfinite(length):
        raise ValueError("arange: cannot compute length")
    return max(0, math.ceil(length))


def _affine(
    methods: Any,
    length: int,
    dtype: DType,
    start: np.ndarray[Any, DType],
    step: np.ndarray[Any, DType],
    distribution: Distribution | None,
) -> Any:
    """Return `start` plus multiples of `step`."""
    from distarray.globalapi.creation import _class, _layout

    layout = _layout(methods, (length,), distribution)
    core = _core.Array.affine(methods._engines, layout._core, dtype, start, step)
    return _class()._wrap(methods, core, layout)


def linspace(
    methods: Any,
    start: Any,
    stop: Any,
    num: int,
    endpoint: bool,
    retstep: bool,
    dtype: Any,
    distribution: Distribution | None,
) -> Any:
    """Return evenly spaced values between two ends."""
    if np.ndim(start) or np.ndim(stop):
        raise TypeError("start and stop must be numbers; arrays of them are not supported yet")
    num = operator.index(num)
    # NumPy's errors, its dtype, and for a few values also the values.
    few, step = _numpy.linspace(start, stop, min(num, 3), endpoint, True, dtype)
    computed = _numpy.linspace(start, stop, 0).dtype
    if num <= 3 or not is_native([few.dtype, computed]):
        values, step = _numpy.linspace(start, stop, num, endpoint, True, dtype)
        result = methods.fromarray(values, distribution)
        return (result, step) if retstep else result
    start_item = np.asarray(start, computed)
    delta = np.subtract(stop, start, dtype=computed)
    divisions = num - 1 if endpoint else num
    step = delta / divisions
    if step != 0:
        distance = np.asarray(step, computed)
        array = _affine(methods, num, computed, start_item, distance, distribution)
    else:
        # The ends are so near that their distance can't be divided: it is multiplied first.
        zero, one = np.zeros((), computed), np.ones((), computed)
        array = _affine(methods, num, computed, zero, one, distribution)
        array /= divisions
        array *= delta
        array += start_item
    if endpoint:
        array[-1] = stop
    if np.issubdtype(few.dtype, np.integer):
        array = np.floor(array)
    array = array.astype(few.dtype, copy=False)
    return (array, step) if retstep else array


def index_grid(context: BaseContext, layout: Distribution, dtype: DType, axis: int) -> Any:
    """Return the indices along an axis, everywhere."""
    from distarray.globalapi.creation import _class

    native = dtype if is_native([dtype]) else np.dtype(np.int64)
    core = _core.Array.index_grid(context._engines, layout._core, native, axis)
    return _class()._wrap(context, core, layout).astype(dtype, copy=False)
