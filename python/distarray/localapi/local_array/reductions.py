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
DType: TypeAlias = npt.DTypeLike | None
Reducer: TypeAlias = Callable[
    [Any, LocalArray, LocalArray | None, Sequence[int] | None, DType], LocalArray | None
]
#: Computes the values of a reduction on the engines that share them; None where they are not known.
Values: TypeAlias = Callable[[Any, LocalArray, tuple[int, ...], DType], Array | None]

#: NumPy's function for each reducer, which knows the dtype of the result.
_NUMPY: dict[Any, Callable[..., Any]] = {}

_PARAMETERS = """

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


def _reducer(numpy_function: Callable[..., Any]) -> Callable[[Values], Reducer]:
    """Make a reducer of a function that computes the values of NumPy's function."""

    def decorate(values: Values) -> Reducer:
        def reducer(
            reduce_comm: Any,
            larr: LocalArray,
            out: LocalArray | None,
            axes: Sequence[int] | None,
            dtype: DType,
        ) -> LocalArray | None:
            result = values(reduce_comm, larr, _axes(larr, axes), dtype)
            if out is not None:
                out.ndarray[...] = result
            return out

        # Engines in other processes find it by its name.
        reducer.__name__ = reducer.__qualname__ = values.__name__
        reducer.__doc__ = f"{values.__doc__}{_PARAMETERS}"
        _NUMPY[reducer] = numpy_function
        return reducer

    return decorate


def _axes(larr: LocalArray, axes: Sequence[int] | None) -> tuple[int, ...]:
    if axes is None:
        return tuple(range(larr.ndim))
    return tuple(axis % larr.ndim for axis in axes)


def _count(larr: LocalArray, axes: tuple[int, ...]) -> int:
    """Return how many elements of the whole array each result is made of."""
    return math.prod(larr.global_shape[axis] for axis in axes)


@_reducer(np.sum)
def sum_reducer(
    reduce_comm: Any, larr: LocalArray, axes: tuple[int, ...], dtype: DType
) -> Array | None:
    """Add the elements along axes, on the engines that share them."""
    partial = np.asarray(larr.ndarray.sum(axis=axes, dtype=dtype))
    parts = reduce_comm.gather(partial, root=0)
    return None if parts is None else reduce(np.add, parts)


def _extreme(
    reduce_comm: Any, larr: LocalArray, axes: tuple[int, ...], dtype: DType, better: np.ufunc
) -> Array | None:
    partial = None
    if all(larr.local_shape[axis] for axis in axes):
        partial = np.asarray(better.reduce(larr.ndarray, axis=axes, dtype=dtype))
    parts = reduce_comm.gather(partial, root=0)
    if parts is None:
        return None
    there = [part for part in parts if part is not None]
    if not there:
        raise ValueError(
            f"zero-size array to reduction operation {better.__name__} which has no identity"
        )
    best: Array = reduce(better, there)
    return best


@_reducer(np.min)
def min_reducer(
    reduce_comm: Any, larr: LocalArray, axes: tuple[int, ...], dtype: DType
) -> Array | None:
    """Find the least elements along axes, on the engines that share them."""
    return _extreme(reduce_comm, larr, axes, dtype, np.minimum)


@_reducer(np.max)
def max_reducer(
    reduce_comm: Any, larr: LocalArray, axes: tuple[int, ...], dtype: DType
) -> Array | None:
    """Find the greatest elements along axes, on the engines that share them."""
    return _extreme(reduce_comm, larr, axes, dtype, np.maximum)


def _total(reduce_comm: Any, partial: Array) -> Array:
    """Return the sum of everybody's partial results, for everybody."""
    return reduce(np.add, reduce_comm.allgather(partial))


def _mean(reduce_comm: Any, larr: LocalArray, axes: tuple[int, ...], dtype: DType) -> Array:
    """Return the means along axes, which stay with length 1, for everybody."""
    count = _count(larr, axes)
    if count == 0:
        warnings.warn("Mean of empty slice", RuntimeWarning, stacklevel=3)
    if dtype is None:
        # As NumPy computes means.
        dtype = larr.dtype if larr.dtype.kind in "fc" else float
    total = _total(reduce_comm, np.sum(larr.ndarray, axis=axes, dtype=dtype, keepdims=True))
    with np.errstate(invalid="ignore", divide="ignore"):
        means: Array = np.true_divide(total, count).astype(dtype, copy=False)
    return means


@_reducer(np.mean)
def mean_reducer(
    reduce_comm: Any, larr: LocalArray, axes: tuple[int, ...], dtype: DType
) -> Array | None:
    """Average the elements along axes, on the engines that share them."""
    return _mean(reduce_comm, larr, axes, dtype).squeeze(axes)


def _variance(reduce_comm: Any, larr: LocalArray, axes: tuple[int, ...], dtype: DType) -> Array:
    """Return the variances along axes, for everybody.

    The deviations are squared after the mean is known, so that no digits cancel.
    """
    deviations = larr.ndarray - _mean(reduce_comm, larr, axes, dtype)
    squares = (deviations * deviations.conj()).real
    total = _total(reduce_comm, np.asarray(np.sum(squares, axis=axes)))
    with np.errstate(invalid="ignore", divide="ignore"):
        variances: Array = np.true_divide(total, _count(larr, axes))
    return variances


@_reducer(np.var)
def var_reducer(
    reduce_comm: Any, larr: LocalArray, axes: tuple[int, ...], dtype: DType
) -> Array | None:
    """Compute the variances of the elements along axes, on the engines that share them."""
    return _variance(reduce_comm, larr, axes, dtype)


@_reducer(np.std)
def std_reducer(
    reduce_comm: Any, larr: LocalArray, axes: tuple[int, ...], dtype: DType
) -> Array | None:
    """Compute the standard deviations along axes, on the engines that share the elements."""
    deviations: Array = np.sqrt(_variance(reduce_comm, larr, axes, dtype))
    return deviations


def local_reduction(
    out_comm: Any,
    reducer: Reducer,
    larr: LocalArray,
    ddpr: Sequence[Sequence[dict[str, Any]]],
    dtype: DType,
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
