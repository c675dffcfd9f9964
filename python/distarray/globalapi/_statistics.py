"""Means and variances step by step, where the core has no single reduction for the dtypes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from distarray.globalapi._resolution import is_native

if TYPE_CHECKING:
    Axes = tuple[int, ...]

__all__ = ["by_steps", "count", "is_single"]

_NAMES = frozenset({"mean", "var", "std"})


def is_single(name: str, source: np.dtype[Any], dtype: np.dtype[Any] | None) -> bool:
    """Return whether the core computes a mean or a variance of these dtypes as one reduction."""
    if not is_native([source] if dtype is None else [source, dtype]):
        return False
    if dtype is None:
        return True
    return dtype.kind in "fc" if name == "mean" else dtype.kind == "f" and source.kind != "c"


def count(array: Any, axes: Axes, where: Any, keepdims: bool = False) -> Any:
    """Return how many elements go into each one of a result: a number, or an array of them."""
    if where is True:
        shape = array.shape
        return math.prod(shape[axis] for axis in axes)
    if where.shape == array.shape:
        return where.sum(axes, keepdims=keepdims)
    ones = array.context.full(array.distribution, True)
    return ones.sum(axes, keepdims=keepdims, where=where)


def by_steps(
    name: str,
    array: Any,
    axes: Axes,
    dtype: np.dtype[Any] | None,
    keepdims: bool,
    where: Any,
    ddof: float,
) -> Any:
    """Return a mean, variance or standard deviation, computed in the steps that NumPy takes."""
    if name == "mean":
        return _mean(array, axes, dtype, keepdims, where)
    if dtype is None and array.dtype.kind in "biu":
        dtype = np.dtype(float)
    deviations = array - _mean(array, axes, dtype, True, where)
    if array.dtype.kind in "iuf":
        squares = np.square(deviations)
    elif array.dtype.kind == "c":
        squares = np.square(deviations.real) + np.square(deviations.imag)
    else:
        squares = np.multiply(deviations, np.conjugate(deviations)).real
    total = squares.sum(axes, dtype, keepdims=keepdims, where=where)
    elements = np.maximum(count(array, axes, where, keepdims) - ddof, 0)
    variance = _divided(total, elements)
    return np.sqrt(variance).astype(variance.dtype, copy=False) if name == "std" else variance


def _mean(array: Any, axes: Axes, dtype: np.dtype[Any] | None, keepdims: bool, where: Any) -> Any:
    if dtype is None and array.dtype.kind in "biu":
        dtype = np.dtype(float)
    total = array.sum(axes, dtype, keepdims=keepdims, where=where)
    return _divided(total, count(array, axes, where, keepdims))


def _divided(total: Any, elements: Any) -> Any:
    """Divide in place, whatever the dtype: integers that a user asked for are cut off."""
    with np.errstate(all="ignore"):
        return np.divide(total, elements, out=total, casting="unsafe")
