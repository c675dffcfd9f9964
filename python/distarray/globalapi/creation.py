"""Making arrays: the methods that every context has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from distarray import _core
from distarray.error import ContextError
from distarray.globalapi import _ranges
from distarray.globalapi._handle import Handle
from distarray.globalapi._indexing import item_of
from distarray.globalapi.maps import Distribution, asdistribution

if TYPE_CHECKING:
    from collections.abc import Callable

    from distarray.globalapi.context import BaseContext
    from distarray.globalapi.distarray import DistArray

__all__ = ["CreationMethods"]


class CreationMethods:
    """Methods of contexts that make arrays.

    Wherever a shape is asked for, a :class:`~distarray.globalapi.maps.Distribution` does as well;
    a shape is distributed in blocks along its first axis.
    """

    # ---- Filled arrays -------------------------------------------------------------------------

    def empty(self, shape_or_dist: Any, dtype: Any = float) -> DistArray:
        """Return an array whose elements are unset.

        Parameters
        ----------
        shape_or_dist : int, tuple of int or Distribution
            The shape of the array, or where it lives.
        dtype : dtype, optional
            That of the elements.
        """
        return _create(self, shape_or_dist, dtype, None)

    def zeros(self, shape_or_dist: Any, dtype: Any = float) -> DistArray:
        """Return an array of zeros.

        Parameters
        ----------
        shape_or_dist : int, tuple of int or Distribution
            The shape of the array, or where it lives.
        dtype : dtype, optional
            That of the elements.

        Examples
        --------
        >>> import distarray as da
        >>> context = da.Context(nengines=2)
        >>> context.zeros(da.Distribution(context, (2, 4), dist="nc"))
        <DistArray(shape=(2, 4), dtype=float64, dist=('n', 'c'), targets=[0, 1])>
        >>> context.close()
        """
        dtype = np.dtype(dtype)
        return _create(self, shape_or_dist, dtype, np.zeros((), dtype))

    def ones(self, shape_or_dist: Any, dtype: Any = float) -> DistArray:
        """Return an array of ones; see :meth:`zeros`."""
        dtype = np.dtype(dtype)
        return _create(self, shape_or_dist, dtype, np.ones((), dtype))

    def full(self, shape_or_dist: Any, fill_value: Any, dtype: Any = None) -> DistArray:
        """Return an array whose elements are all the same.

        Parameters
        ----------
        shape_or_dist : int, tuple of int or Distribution
            The shape of the array, or where it lives.
        fill_value : scalar or array_like
            The value of the elements; an array broadcasts.
        dtype : dtype, optional
            By default that of `fill_value`.
        """
        value = fill_value._array.to_numpy() if isinstance(fill_value, Handle) else fill_value
        dtype = np.asarray(value).dtype if dtype is None else np.dtype(dtype)
        if np.ndim(value) == 0:
            return _create(self, shape_or_dist, dtype, item_of(value, dtype))
        array = _create(self, shape_or_dist, dtype, None)
        array[...] = fill_value
        return array

    def empty_like(self, a: Any, dtype: Any = None, shape: Any = None) -> DistArray:
        """Return an array like another one, its elements unset.

        Parameters
        ----------
        a : DistArray or array_like
            What gives the distribution (if it has one), the shape and the dtype.
        dtype : dtype, optional
            Overrides that of `a`.
        shape : int, tuple of int or Distribution, optional
            Overrides those of `a`.
        """
        a, layout, dtype = _like(a, dtype, shape)
        return self.empty(layout, dtype)

    def zeros_like(self, a: Any, dtype: Any = None, shape: Any = None) -> DistArray:
        """Return an array of zeros like another one; see :meth:`empty_like`."""
        a, layout, dtype = _like(a, dtype, shape)
        return self.zeros(layout, dtype)

    def ones_like(self, a: Any, dtype: Any = None, shape: Any = None) -> DistArray:
        """Return an array of ones like another one; see :meth:`empty_like`."""
        a, layout, dtype = _like(a, dtype, shape)
        return self.ones(layout, dtype)

    def full_like(self, a: Any, fill_value: Any, dtype: Any = None, shape: Any = None) -> DistArray:
        """Return an array of one value like another one; see :meth:`empty_like`."""
        a, layout, dtype = _like(a, dtype, shape)
        return self.full(layout, fill_value, dtype)

    # ---- Values that follow from indices -------------------------------------------------------

    def arange(
        self,
        start: Any,
        stop: Any = None,
        step: Any = 1,
        dtype: Any = None,
        distribution: Distribution | None = None,
    ) -> DistArray:
        """Return evenly spaced values of an interval, as ``numpy.arange``.

        Parameters
        ----------
        start : number
            The first value; with nothing else given, the end of an interval that begins with 0.
        stop : number, optional
            The end of the interval, which it does not include.
        step : number, optional
            The distance of two values.
        dtype : dtype, optional
            By default that of the other arguments.
        distribution : Distribution, optional
            Where the values live; of one axis and of the right size.

        Examples
        --------
        >>> import distarray as da
        >>> context = da.Context(nengines=2)
        >>> print(context.arange(2, 10, 3))
        [2 5 8]
        >>> context.close()
        """
        array: DistArray = _ranges.arange(self, start, stop, step, dtype, distribution)
        return array

    def linspace(
        self,
        start: Any,
        stop: Any,
        num: int = 50,
        endpoint: bool = True,
        retstep: bool = False,
        dtype: Any = None,
        distribution: Distribution | None = None,
    ) -> Any:
        """Return evenly spaced values between two ends, as ``numpy.linspace``.

        Parameters
        ----------
        start, stop : number
            The first and the last value.
        num : int, optional
            How many values.
        endpoint : bool, optional
            Whether `stop` is the last value, or the one that would follow.
        retstep : bool, optional
            Whether the distance of two values is returned too.
        dtype : dtype, optional
            By default floating.
        distribution : Distribution, optional
            Where the values live; of one axis and of the right size.
        """
        return _ranges.linspace(self, start, stop, num, endpoint, retstep, dtype, distribution)

    def eye(
        self,
        N: Any,
        M: int | None = None,
        k: int = 0,
        dtype: Any = float,
        distribution: Distribution | None = None,
    ) -> DistArray:
        """Return an array with ones on a diagonal and zeros elsewhere.

        Parameters
        ----------
        N : int
            The number of rows.
        M : int, optional
            The number of columns; by default `N`.
        k : int, optional
            Which diagonal: above the main one if positive.
        dtype : dtype, optional
            That of the elements.
        distribution : Distribution, optional
            Where the elements live; of shape ``(N, M)``.
        """
        shape = (N, N if M is None else M)
        layout = _layout(self, shape, distribution)
        dtype = np.dtype(dtype)
        if dtype.kind not in "biufc" or not dtype.isnative or dtype.char in "gG":
            return self.fromarray(np.eye(N, M, k, dtype), layout)
        core = _core.Array.eye(_context(self)._engines, layout._core, dtype, k)
        return _class()._wrap(_context(self), core, layout)

    def identity(self, n: int, dtype: Any = float) -> DistArray:
        """Return a square array with ones on the main diagonal; see :meth:`eye`."""
        return self.eye(n, dtype=dtype)

    def fromfunction(
        self,
        function: Callable[..., Any],
        shape: Any,
        *,
        dtype: Any = float,
        dist: Any = None,
        grid_shape: Any = None,
        **kwargs: Any,
    ) -> DistArray:
        """Return the array of a function of indices, as ``numpy.fromfunction``.

        Parameters
        ----------
        function : callable
            Called once, with an array of indices for each axis: DistArrays of the array's whole
            shape.
        shape : int, tuple of int or Distribution
            The shape of the array, or where it lives.
        dtype : dtype, optional
            That of the arrays of indices.
        dist, grid_shape : optional
            How a shape is distributed, as for :class:`~distarray.globalapi.maps.Distribution`.
        **kwargs
            Passed on to `function`.

        Returns
        -------
        DistArray
            With the distribution of the arrays of indices.

        Examples
        --------
        >>> import distarray as da
        >>> context = da.Context(nengines=2)
        >>> print(context.fromfunction(lambda i, j: 10 * i + j, (2, 3), dtype=int))
        [[ 0  1  2]
         [10 11 12]]
        >>> context.close()
        """
        context = _context(self)
        layout = asdistribution(context, shape, dist, grid_shape)
        dtype = np.dtype(dtype)
        grids = [_ranges.index_grid(context, layout, dtype, axis) for axis in range(layout.ndim)]
        result = function(*grids, **kwargs)
        if np.shape(result) != layout.shape:
            # A constant, or a function of some of the indices that were taken apart.
            return self.full(layout, result)
        if not isinstance(result, Handle):
            return self.fromarray(result, layout)
        return self.array(result, distribution=layout, copy=None)

    # ---- Elements that there are already -------------------------------------------------------

    def fromarray(self, arr: Any, distribution: Distribution | None = None) -> DistArray:
        """Return an array with the elements of a NumPy array.

        Parameters
        ----------
        arr : array_like
            The elements; they are copied.
        distribution : Distribution, optional
            Where they live; by default in blocks along the first axis.

        Returns
        -------
        DistArray
            With the dtype of `arr`.

        Examples
        --------
        >>> import distarray as da
        >>> context = da.Context(nengines=2)
        >>> a = context.fromarray(np.arange(6, dtype=np.int8))
        >>> a.get_ndarrays()
        [array([0, 1, 2], dtype=int8), array([3, 4, 5], dtype=int8)]
        >>> context.close()
        """
        return self.array(arr, distribution=distribution)

    fromndarray = fromarray

    def array(
        self,
        obj: Any,
        dtype: Any = None,
        distribution: Distribution | None = None,
        *,
        copy: bool | None = True,
    ) -> DistArray:
        """Return an array with the elements of anything that NumPy makes an array of.

        Parameters
        ----------
        obj : array_like or DistArray
            The elements.
        dtype : dtype, optional
            What they are cast to.
        distribution : Distribution, optional
            Where they live; by default that of `obj` if it has one, else blocks along the first
            axis.
        copy : bool, optional
            Whether a DistArray that is as asked for already is copied.
        """
        context = _context(self)
        if isinstance(obj, Handle):
            array: DistArray = _from_distarray(context, obj, dtype, distribution, copy)
            return array
        if copy is False:
            raise ValueError(
                "Unable to avoid copy while creating an array as requested: the elements go to "
                "the engines."
            )
        if isinstance(obj, np.ma.MaskedArray):
            raise TypeError("a DistArray has no mask; fill the masked array first")
        values = np.asarray(obj, dtype)
        if values.dtype.hasobject:
            raise TypeError(
                f"elements of dtype {values.dtype} are Python objects, which cannot live on "
                "several engines"
            )
        layout = _layout(context, values.shape, distribution)
        core = _core.Array.from_numpy(context._engines, layout._core, values, values.dtype)
        return _class()._wrap(context, core, layout)

    def asarray(
        self, obj: Any, dtype: Any = None, distribution: Distribution | None = None
    ) -> DistArray:
        """Return a DistArray: `obj` itself if it is one as asked for; see :meth:`array`."""
        return self.array(obj, dtype, distribution, copy=None)


def _context(methods: CreationMethods) -> BaseContext:
    """Return the context that these are the methods of."""
    return methods  # type: ignore[return-value]


def _class() -> type[DistArray]:
    from distarray.globalapi.distarray import DistArray

    return DistArray


def _create(
    methods: CreationMethods,
    shape_or_dist: Any,
    dtype: Any,
    item: np.ndarray[Any, np.dtype[Any]] | None,
) -> DistArray:
    context = _context(methods)
    layout = asdistribution(context, shape_or_dist)
    core = _core.Array.create(
        context._engines, layout._core, np.dtype(dtype), item, deferred=context._deferred
    )
    return _class()._wrap(layout.context, core, layout)


def _layout(
    methods: CreationMethods, shape: tuple[int, ...], distribution: Distribution | None
) -> Distribution:
    """Return where an array of a shape goes."""
    if distribution is None:
        return Distribution(_context(methods), shape)
    if not isinstance(distribution, Distribution):
        raise TypeError(f"expected a Distribution, not {type(distribution).__name__}")
    if distribution.context is not methods:
        raise ContextError("the distribution belongs to another context")
    if distribution.shape != shape:
        raise ValueError(
            f"the distribution is of shape {distribution.shape}, the elements are of {shape}"
        )
    return distribution


def _like(a: Any, dtype: Any, shape: Any) -> tuple[Any, Any, np.dtype[Any]]:
    """Return what an array like another one is made of."""
    if not isinstance(a, Handle):
        a = np.asarray(a)
    dtype = a.dtype if dtype is None else np.dtype(dtype)
    if shape is not None and not isinstance(shape, Distribution):
        shape = (shape,) if isinstance(shape, int) else tuple(shape)
    if isinstance(a, Handle) and (shape is None or shape == a.shape):
        return a, a.distribution, dtype
    return a, a.shape if shape is None else shape, dtype


def _from_distarray(
    context: BaseContext,
    array: Any,
    dtype: Any,
    distribution: Distribution | None,
    copy: bool | None,
) -> Any:
    if array.context is not context:
        raise ContextError(
            "the array belongs to another context; context.fromarray(array.toarray()) copies it"
        )
    dtype = array.dtype if dtype is None else np.dtype(dtype)
    if distribution is None or distribution == array.distribution:
        return array.astype(dtype, copy=bool(copy))
    return array.astype(dtype, copy=False).distribute_as(distribution)
