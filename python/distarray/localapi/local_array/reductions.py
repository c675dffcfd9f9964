"""Reductions of distributed arrays, as the engines carry them out together.

Only calls are used that mpi4py's communicators and ours have in common, with partial results as
objects, so that an engine that holds nothing can say so.
"""

import math
import warnings
from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from distarray.localapi.local_array.array import LocalArray
from distarray.localapi.local_array.creation import empty
from distarray.localapi.maps import Distribution

Array: TypeAlias = npt.NDArray[Any]
Reducer: TypeAlias = Callable[
    [Any, LocalArray, LocalArray | None, Sequence[int] | None, npt.DTypeLike | None],
    LocalArray | None,
]


def _axes(larr: LocalArray, axes: Sequence[int] | None) -> tuple[int, ...]:
    if axes is None:
        return tuple(range(larr.ndim))
    return tuple(axis % larr.ndim for axis in axes)


def _count(larr: LocalArray, axes: tuple[int, ...]) -> int:
    """Return how many elements of the whole array each result is made of."""
    return math.prod(larr.global_shape[axis] for axis in axes)


def _store(out: LocalArray | None, value: Callable[[], Array]) -> LocalArray | None:
    if out is not None:
        out.ndarray[...] = value()
    return out


def _total(reduce_comm: Any, partial: Array) -> Array:
    """Return the sum of everybody's partial results, for everybody."""
    total: Array = reduce(np.add, reduce_comm.allgather(partial))
    return total


def sum_reducer(
    reduce_comm: Any,
    larr: LocalArray,
    out: LocalArray | None,
    axes: Sequence[int] | None,
    dtype: npt.DTypeLike | None,
) -> LocalArray | None:
    """Add the elements along axes, on the engines that share them.

    Parameters
    ----------
    reduce_comm : communicator
        The engines that hold the elements of the same results.
    larr : LocalArray
        What is reduced.
    out : LocalArray or None
        For the result, on rank 0 of `reduce_comm`.
    axes : sequence of int or None
        Which axes to reduce; None for all.
    dtype : data-type or None
        The type to compute with.

    Returns
    -------
    LocalArray or None
        `out`.
    """
    partial = np.asarray(larr.ndarray.sum(axis=_axes(larr, axes), dtype=dtype))
    parts = reduce_comm.gather(partial, root=0)
    return _store(out, lambda: reduce(np.add, parts))


def _extreme_reducer(
    reduce_comm: Any,
    larr: LocalArray,
    out: LocalArray | None,
    axes: Sequence[int] | None,
    dtype: npt.DTypeLike | None,
    better: np.ufunc,
) -> LocalArray | None:
    reduced = _axes(larr, axes)
    partial = None
    if all(larr.local_shape[axis] for axis in reduced):
        partial = np.asarray(better.reduce(larr.ndarray, axis=reduced, dtype=dtype))
    parts = reduce_comm.gather(partial, root=0)

    def combined() -> Array:
        there = [part for part in parts if part is not None]
        if not there:
            raise ValueError(
                f"zero-size array to reduction operation {better.__name__} which has no identity"
            )
        result: Array = reduce(better, there)
        return result

    return _store(out, combined)


def min_reducer(
    reduce_comm: Any,
    larr: LocalArray,
    out: LocalArray | None,
    axes: Sequence[int] | None,
    dtype: npt.DTypeLike | None,
) -> LocalArray | None:
    """Find the least elements along axes; see `sum_reducer`."""
    return _extreme_reducer(reduce_comm, larr, out, axes, dtype, np.minimum)


def max_reducer(
    reduce_comm: Any,
    larr: LocalArray,
    out: LocalArray | None,
    axes: Sequence[int] | None,
    dtype: npt.DTypeLike | None,
) -> LocalArray | None:
    """Find the greatest elements along axes; see `sum_reducer`."""
    return _extreme_reducer(reduce_comm, larr, out, axes, dtype, np.maximum)


def _working_dtype(larr: LocalArray, dtype: npt.DTypeLike | None) -> np.dtype[Any]:
    """Return what NumPy computes means in."""
    if dtype is not None:
        return np.dtype(dtype)
    return larr.dtype if larr.dtype.kind in "fc" else np.dtype(float)


def _mean(
    reduce_comm: Any, larr: LocalArray, axes: tuple[int, ...], dtype: npt.DTypeLike | None
) -> Array:
    """Return the means along axes, which stay with length 1, for everybody."""
    count = _count(larr, axes)
    if count == 0:
        warnings.warn("Mean of empty slice", RuntimeWarning, stacklevel=3)
    working = _working_dtype(larr, dtype)
    total = _total(reduce_comm, np.sum(larr.ndarray, axis=axes, dtype=working, keepdims=True))
    with np.errstate(invalid="ignore", divide="ignore"):
        means: Array = np.true_divide(total, count).astype(working, copy=False)
    return means


def mean_reducer(
    reduce_comm: Any,
    larr: LocalArray,
    out: LocalArray | None,
    axes: Sequence[int] | None,
    dtype: npt.DTypeLike | None,
) -> LocalArray | None:
    """Average the elements along axes; see `sum_reducer`."""
    reduced = _axes(larr, axes)
    means = _mean(reduce_comm, larr, reduced, dtype)
    return _store(out, lambda: means.squeeze(reduced))


def _variance(
    reduce_comm: Any,
    larr: LocalArray,
    axes: Sequence[int] | None,
    dtype: npt.DTypeLike | None,
) -> Array:
    """Return the variances along axes, for everybody.

    The deviations are squared after the mean is known, so that no digits cancel.
    """
    reduced = _axes(larr, axes)
    means = _mean(reduce_comm, larr, reduced, dtype)
    deviations = larr.ndarray - means
    squares = (deviations * deviations.conj()).real
    total = _total(reduce_comm, np.asarray(np.sum(squares, axis=reduced)))
    with np.errstate(invalid="ignore", divide="ignore"):
        variances: Array = np.true_divide(total, _count(larr, reduced))
    return variances


def var_reducer(
    reduce_comm: Any,
    larr: LocalArray,
    out: LocalArray | None,
    axes: Sequence[int] | None,
    dtype: npt.DTypeLike | None,
) -> LocalArray | None:
    """Compute the variances of the elements along axes; see `sum_reducer`."""
    variances = _variance(reduce_comm, larr, axes, dtype)
    return _store(out, lambda: variances)


def std_reducer(
    reduce_comm: Any,
    larr: LocalArray,
    out: LocalArray | None,
    axes: Sequence[int] | None,
    dtype: npt.DTypeLike | None,
) -> LocalArray | None:
    """Compute the standard deviations of the elements along axes; see `sum_reducer`."""
    variances = _variance(reduce_comm, larr, axes, dtype)
    return _store(out, lambda: np.sqrt(variances))


#: NumPy's function for each reducer, which knows the dtype of the result.
_NUMPY: dict[Any, Callable[..., Any]] = {
    sum_reducer: np.sum,
    min_reducer: np.min,
    max_reducer: np.max,
    mean_reducer: np.mean,
    var_reducer: np.var,
    std_reducer: np.std,
}


def local_reduction(
    out_comm: Any,
    reducer: Reducer,
    larr: LocalArray,
    ddpr: Sequence[Sequence[dict[str, Any]]],
    dtype: npt.DTypeLike | None,
    axes: Sequence[int] | None,
) -> LocalArray | None:
    """Reduce a distributed array along axes: what each engine does.

    Parameters
    ----------
    out_comm : communicator
        The engines of the result: those with the lowest rank along the reduced axes. COMM_NULL
        on the others.
    reducer : callable
        What to compute: `sum_reducer` or another.
    larr : LocalArray
        What is reduced; on all engines.
    ddpr : sequence
        The dimension dictionaries of the result for each rank of `out_comm`.
    dtype : data-type or None
        The type of the result; None for NumPy's choice.
    axes : sequence of int or None
        Which axes to reduce; None for all.

    Returns
    -------
    LocalArray or None
        The local part of the result, on the engines of the result.
    """
    reduced = _axes(larr, axes)
    reduce_comm = larr.comm.Sub([axis in reduced for axis in range(larr.ndim)])
    out = None
    if out_comm:
        result_dtype = dtype
        if result_dtype is None and reducer in _NUMPY:
            result_dtype = _NUMPY[reducer](np.ones(1, larr.dtype)).dtype
        distribution = Distribution(out_comm, tuple(ddpr[out_comm.Get_rank()]))
        out = empty(distribution, larr.dtype if result_dtype is None else result_dtype)
    return reducer(reduce_comm, larr, out, reduced, dtype)
