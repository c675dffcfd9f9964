"""Norms of vectors and matrices, by NumPy's rules."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from distarray.globalapi._reduce import reduce
from distarray.globalapi._resolution import is_native

__all__ = ["norm", "vector_norm"]

_OF_VALUES = "has no distributed form yet: it takes the singular values"


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """Carry out ``numpy.linalg.norm``.

    The root of the sum of squares is exact, rounded once; sums of absolute values are exact sums of
    rounded ones.
    """
    x = _inexact(x)
    if axis is None:
        is_all = ord is None or (ord in ("f", "fro") and x.ndim == 2) or (ord == 2 and x.ndim == 1)
        if is_all:
            return reduce("norm", x, None, None, None, keepdims)
        axes = tuple(range(x.ndim))
    elif isinstance(axis, tuple):
        axes = axis
    else:
        try:
            axes = (operator.index(axis),)
        except TypeError as error:
            raise TypeError("'axis' must be None, an integer or a tuple of integers") from error
    if len(axes) == 1:
        return _of_vectors(x, ord, normalize_axis_index(axes[0], x.ndim), keepdims)
    if len(axes) == 2:
        return _of_matrices(x, ord, axes, keepdims)
    raise ValueError("Improper number of dimensions to norm.")


def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """Carry out ``numpy.linalg.vector_norm``, of several axes taken together."""
    x = _inexact(x)
    if axis is None:
        axes = tuple(range(x.ndim))
    else:
        axes = normalize_axis_tuple(axis, x.ndim)
    return _of_vectors(x, ord, axes, keepdims)


def _inexact(x: Any) -> Any:
    return x if x.dtype.kind in "fcO" else x.astype(float)


def _of_vectors(x: Any, ord: Any, axis: int | tuple[int, ...], keepdims: bool) -> Any:
    if isinstance(ord, str):
        raise ValueError(f"Invalid norm order '{ord}' for vectors")
    if ord is None or ord == 2:
        return _root_of_squares(x, axis, keepdims)
    if ord == np.inf:
        return abs(x).max(axis=axis, keepdims=keepdims)
    if ord == -np.inf:
        return abs(x).min(axis=axis, keepdims=keepdims)
    if ord == 0:
        real = x.real.dtype
        return (x != 0).astype(real).sum(axis=axis, keepdims=keepdims)
    if ord == 1:
        return abs(x).sum(axis=axis, keepdims=keepdims)
    powers = abs(x)
    powers **= ord
    result = powers.sum(axis=axis, keepdims=keepdims)
    return np.power(result, np.reciprocal(ord, dtype=result.dtype))


def _root_of_squares(x: Any, axis: Any, keepdims: bool) -> Any:
    if is_native([x.dtype]):
        return reduce("norm", x, axis, None, None, keepdims)
    squares = np.multiply(np.conjugate(x), x).real
    return np.sqrt(squares.sum(axis=axis, keepdims=keepdims))


def _of_matrices(x: Any, ord: Any, axes: tuple[int, ...], keepdims: bool) -> Any:
    row, column = (normalize_axis_index(axis, x.ndim) for axis in axes)
    if row == column:
        raise ValueError("Duplicate axes given.")
    if ord is None or (isinstance(ord, str) and ord in ("fro", "f")):
        return _root_of_squares(x, (row, column), keepdims)
    if ord in (2, -2) or (isinstance(ord, str) and ord == "nuc"):
        raise TypeError(f"numpy.linalg.norm with ord={ord!r} {_OF_VALUES}")
    if isinstance(ord, str) or ord not in (1, -1, np.inf, -np.inf):
        raise ValueError("Invalid norm order for matrices.")
    summed, chosen = (row, column) if abs(ord) == 1 else (column, row)
    sums = abs(x).sum(axis=summed, keepdims=True)
    extremum = sums.max if ord > 0 else sums.min
    result = extremum(axis=chosen, keepdims=True)
    return result if keepdims else result.squeeze(axis=(row, column))
