"""Running sums, products and extrema along an axis, by NumPy's rules."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from distarray.globalapi._handle import Handle
from distarray.globalapi._indexing import warn_of_lost_parts
from distarray.globalapi._reduce import OF_UFUNC, put
from distarray.globalapi._resolution import is_native

__all__ = ["Scans", "accumulate_ufunc"]


def accumulate_ufunc(
    ufunc: np.ufunc, array: Any, axis: Any = 0, dtype: Any = None, out: Any = None
) -> Any:
    """Carry out ``ufunc.accumulate``."""
    if ufunc not in OF_UFUNC or not isinstance(array, Handle):
        raise TypeError(
            f"numpy.{ufunc.__name__}.accumulate has no distributed form yet; toarray() gathers an "
            "array into one of NumPy's"
        )
    if isinstance(out, tuple):
        (out,) = out
    # NumPy raises what is to be raised of axes and dtypes, and says what is computed in.
    trial = ufunc.accumulate(_trial(array), axis=axis, dtype=dtype)
    if isinstance(axis, tuple):
        (axis,) = axis
    axis = 0 if axis is None else normalize_axis_index(axis, array.ndim)
    return _accumulate(ufunc, array, axis, _computed(ufunc, array, dtype, out, trial), out)


def _cumulate(ufunc: np.ufunc, array: Handle, axis: Any, dtype: Any, out: Any) -> Any:
    """Carry out ``cumsum`` or ``cumprod``, which read all elements by default."""
    function = np.cumsum if ufunc is np.add else np.cumprod
    trial = function(_trial(array), axis=axis, dtype=dtype)
    if axis is not None:
        axis = normalize_axis_index(axis, array.ndim) if array.ndim else None
    return _accumulate(ufunc, array, axis, _computed(ufunc, array, dtype, out, trial), out)


def _trial(array: Handle) -> np.ndarray[Any, np.dtype[Any]]:
    """Return an array of NumPy's with the same dtype and as many axes, and one element."""
    return np.zeros((1,) * array.ndim, array.dtype)


def _computed(ufunc: np.ufunc, array: Handle, dtype: Any, out: Any, trial: Any) -> np.dtype[Any]:
    """Return the dtype that is computed in: what the results go into counts, too."""
    if out is None or dtype is not None:
        return trial.dtype  # type: ignore[no-any-return]
    if not isinstance(out, Handle | np.ndarray):
        raise TypeError("return arrays must be of ArrayType")
    described = (out.dtype, array.dtype, None)
    return ufunc.resolve_dtypes(described, casting="unsafe", reduction=True)[-1]


def _accumulate(
    ufunc: np.ufunc, array: Handle, axis: int | None, dtype: np.dtype[Any], out: Any
) -> Any:
    if not is_native([array.dtype, dtype]):
        raise TypeError(
            f"numpy.{ufunc.__name__}.accumulate of {array.dtype} in {dtype} has no distributed "
            "form yet; toarray() gathers an array into one of NumPy's"
        )
    if out is not None:
        shape = (array.size,) if axis is None else array.shape
        if out.shape != shape:
            raise ValueError(
                "provided out is the wrong size for the accumulation. Its shape is "
                f"{out.shape}, and that of the result {shape}"
            )
        warn_of_lost_parts(dtype, out.dtype)
    name = OF_UFUNC[ufunc]
    if dtype.kind == "b":
        # What NumPy's addition and multiplication of booleans are.
        name = {"sum": "any", "prod": "all"}.get(name, name)
    communication = array.context._communication
    result = array._sibling(array._array.accumulate(name, axis, dtype, communication=communication))
    return result if out is None else put(name, result, out)


class Scans(Handle):
    """Cumulative sums and products, as NumPy's methods and with their arguments."""

    __slots__ = ()

    def cumsum(self, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        """Return the sums of the elements up to each one.

        Sums of floats don't depend on the distribution or on the number of engines: the indices
        of the axis are cut into stretches of at most 1008, the length of the axis alone decides
        where; elements are added one after another within a stretch, and the sum of what came
        before is added to that. Elements of 16 and 32 bits are added in 64, and each result is
        rounded once.

        Parameters
        ----------
        axis : int, optional
            Along which axis; by default, all elements in C order.
        dtype : dtype, optional
            What is computed in; by default that of the elements, but integers of less than 64 bits
            are widened, as NumPy does.
        out : DistArray or ndarray, optional
            Where the result goes.

        Returns
        -------
        DistArray
            Of the same shape and distribution; without `axis`, with one axis, in blocks.

        Examples
        --------
        >>> import distarray as da
        >>> context = da.Context(nengines=2)
        >>> a = context.fromarray(np.arange(6).reshape(2, 3))
        >>> print(a.cumsum())
        [ 0  1  3  6 10 15]
        >>> print(a.cumsum(axis=0))
        [[0 1 2]
         [3 5 7]]
        >>> context.close()
        """
        return _cumulate(np.add, self, axis, dtype, out)

    def cumprod(self, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
        """Return the products of the elements up to each one; see :meth:`cumsum`.

        Floats are multiplied one after another, as NumPy does: so that an engine can begin, it
        reads what lies on the engines before it.
        """
        return _cumulate(np.multiply, self, axis, dtype, out)
