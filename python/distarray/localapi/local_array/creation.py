"""Making local arrays."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from distarray.localapi.local_array.array import LocalArray
from distarray.localapi.local_array.global_index import axis_indices
from distarray.localapi.maps import Distribution


def empty(distribution: Distribution, dtype: npt.DTypeLike = float) -> LocalArray:
    """Create a LocalArray with arbitrary content."""
    return LocalArray(distribution, dtype)


def zeros(distribution: Distribution, dtype: npt.DTypeLike = float) -> LocalArray:
    """Create a LocalArray filled with zeros."""
    return LocalArray(distribution, buf=np.zeros(distribution.local_shape, dtype))


def ones(distribution: Distribution, dtype: npt.DTypeLike = float) -> LocalArray:
    """Create a LocalArray filled with ones."""
    return LocalArray(distribution, buf=np.ones(distribution.local_shape, dtype))


def empty_like(arr: LocalArray, dtype: npt.DTypeLike | None = None) -> LocalArray:
    """Create a LocalArray with arbitrary content, distributed like another.

    The dtype is that of the other array by default.
    """
    return empty(arr.distribution, arr.dtype if dtype is None else dtype)


def zeros_like(arr: LocalArray, dtype: npt.DTypeLike = float) -> LocalArray:
    """Create a LocalArray filled with zeros, distributed like another."""
    return zeros(arr.distribution, dtype)


def fromndarray_like(ndarray: npt.NDArray[Any], like_arr: LocalArray) -> LocalArray:
    """Create a LocalArray of an array that is kept, distributed like another LocalArray."""
    return LocalArray(like_arr.distribution, buf=ndarray)


def fromfunction(
    function: Callable[..., Any], distribution: Distribution, **kwargs: Any
) -> LocalArray:
    """Create a LocalArray of a function of the global indices.

    Parameters
    ----------
    function : callable
        It is called once, with an array of global indices for each axis, as
        `numpy.fromfunction` does.
    distribution : distarray.localapi.maps.Distribution
    dtype : data-type, optional
        The type of the arrays of indices; float by default.
    **kwargs
        Further arguments for the function.
    """
    dtype = kwargs.pop("dtype", float)
    ndim = len(distribution.local_shape)
    axes = [axis_indices(distribution, axis).astype(dtype) for axis in range(ndim)]
    values = np.asarray(function(*np.meshgrid(*axes, indexing="ij"), **kwargs))
    if values.shape != tuple(distribution.local_shape):
        values = np.broadcast_to(values, distribution.local_shape).copy()
    return LocalArray(distribution, buf=values)
