"""Reductions as methods of DistArrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from distarray.globalapi._handle import Handle
from distarray.globalapi._reduce import NO_VALUE, put, reduce, reduce_position

__all__ = ["Reductions"]


class Reductions(Handle):
    """Reductions, as NumPy's methods and with their arguments."""

    __slots__ = ()

    def sum(
        self,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: bool = False,
        initial: Any = NO_VALUE,
        where: Any = True,
    ) -> Any:
        """Return the sum of the elements over the given axes.

        Parameters
        ----------
        axis : None, int or tuple of int, optional
            The axes that are summed over; all of them by default.
        dtype : dtype, optional
            What is computed in; by default that of the elements, but integers of less than 64 bits
            are widened, as NumPy does.
        out : DistArray or ndarray, optional
            Where the result goes.
        keepdims : bool, optional
            Whether the axes stay, with one element.
        initial : scalar, optional
            What the sum begins with.
        where : array_like of bool, optional
            Which elements count.

        Returns
        -------
        DistArray
            Without the axes; a 0-d array serves as a number.

        Examples
        --------
        >>> import distarray as da
        >>> context = da.Context(nengines=2)
        >>> a = context.fromarray(np.arange(6).reshape(2, 3))
        >>> int(a.sum()), a.sum(axis=0).toarray()
        (15, array([3, 5, 7]))
        >>> context.close()
        """
        return reduce("sum", self, axis, dtype, out, keepdims, initial=initial, where=where)

    def prod(
        self,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: bool = False,
        initial: Any = NO_VALUE,
        where: Any = True,
    ) -> Any:
        """Return the product of the elements over the given axes; see :meth:`sum`."""
        return reduce("prod", self, axis, dtype, out, keepdims, initial=initial, where=where)

    def min(
        self,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: bool = False,
        initial: Any = NO_VALUE,
        where: Any = True,
    ) -> Any:
        """Return the least of the elements over the given axes; see :meth:`sum`."""
        return reduce("min", self, axis, dtype, out, keepdims, initial=initial, where=where)

    def max(
        self,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: bool = False,
        initial: Any = NO_VALUE,
        where: Any = True,
    ) -> Any:
        """Return the greatest of the elements over the given axes; see :meth:`sum`."""
        return reduce("max", self, axis, dtype, out, keepdims, initial=initial, where=where)

    def any(
        self, axis: Any = None, out: Any = None, keepdims: bool = False, *, where: Any = True
    ) -> Any:
        """Return whether any element over the given axes is true; see :meth:`sum`."""
        return reduce("any", self, axis, None, out, keepdims, where=where)

    def all(
        self, axis: Any = None, out: Any = None, keepdims: bool = False, *, where: Any = True
    ) -> Any:
        """Return whether all elements over the given axes are true; see :meth:`sum`."""
        return reduce("all", self, axis, None, out, keepdims, where=where)

    def count_nonzero(self, axis: Any = None, *, keepdims: bool = False) -> Any:
        """Return the number of elements over the given axes that are not zero; see :meth:`sum`."""
        return reduce("count_nonzero", self, axis, None, None, keepdims)

    def mean(
        self,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        keepdims: bool = False,
        *,
        where: Any = True,
    ) -> Any:
        """Return the mean of the elements over the given axes.

        Integers are computed with in ``float64`` unless `dtype` says otherwise; for the arguments
        see :meth:`sum`.
        """
        return reduce("mean", self, axis, dtype, out, keepdims, where=where)

    def var(
        self,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        ddof: float = 0,
        keepdims: bool = False,
        *,
        where: Any = True,
        correction: Any = NO_VALUE,
    ) -> Any:
        """Return the variance of the elements over the given axes.

        Exact, rounded once: a large mean costs no accuracy. The sum of the squared deviations is
        divided by the number of elements less `ddof`, which may be called `correction` too; for the
        other arguments see :meth:`sum`.
        """
        ddof = _ddof(ddof, correction)
        return reduce("var", self, axis, dtype, out, keepdims, where=where, ddof=ddof)

    def std(
        self,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        ddof: float = 0,
        keepdims: bool = False,
        *,
        where: Any = True,
        correction: Any = NO_VALUE,
    ) -> Any:
        """Return the standard deviation, the square root of :meth:`var`."""
        ddof = _ddof(ddof, correction)
        return reduce("std", self, axis, dtype, out, keepdims, where=where, ddof=ddof)

    def argmin(self, axis: Any = None, out: Any = None, *, keepdims: bool = False) -> Any:
        """Return the index of the least element along an axis.

        Without an axis it is the index into the flattened array. The first of several wins, and a
        NaN is less than anything.
        """
        return reduce_position("argmin", self, axis, out, keepdims)

    def argmax(self, axis: Any = None, out: Any = None, *, keepdims: bool = False) -> Any:
        """Return the index of the greatest element along an axis; see :meth:`argmin`."""
        return reduce_position("argmax", self, axis, out, keepdims)

    def ptp(self, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        """Return the difference of the greatest and the least element; see :meth:`sum`."""
        greatest = reduce("max", self, axis, None, None, keepdims)
        least = reduce("min", self, axis, None, None, keepdims)
        difference = np.subtract(greatest, least)
        return difference if out is None else put("max", difference, out)


def _ddof(ddof: float, correction: Any) -> float:
    """Return what is taken from the number of elements, by either of its names."""
    if correction is NO_VALUE:
        return ddof
    if ddof != 0:
        raise ValueError("ddof and correction can't be provided simultaneously.")
    return float(correction)
