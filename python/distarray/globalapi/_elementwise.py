"""Methods that compute element by element."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from distarray import _core
from distarray.globalapi import _pieces, _ufuncs
from distarray.globalapi._handle import Handle, common_context
from distarray.globalapi._operations import NAMED

__all__ = ["Elementwise", "clip", "round_elements", "where"]


class Elementwise(Handle):
    """What NumPy offers as methods beside operators."""

    __slots__ = ()

    def conj(self) -> Any:
        """Return the complex conjugate of each element."""
        return _ufuncs.call(np.conjugate, (self,))

    conjugate = conj

    def clip(self, min: Any = None, max: Any = None, out: Any = None, **keywords: Any) -> Any:
        """Return the elements, limited to an interval.

        Parameters
        ----------
        min, max : array_like, optional
            The bounds; None for no bound.
        out : DistArray or ndarray, optional
            Where the result goes.
        """
        return clip(self, min, max, out, **keywords)

    def round(self, decimals: int = 0, out: Any = None) -> Any:
        """Return the elements, rounded to a number of decimals; halves to the even neighbour."""
        return round_elements(self, decimals, out)


def clip(array: Any, least: Any, greatest: Any, out: Any = None, **keywords: Any) -> Any:
    """Limit elements to an interval, as ``numpy.clip``."""
    if least is None and greatest is None:
        return _ufuncs.call(np.positive, (array,), out=out, **keywords)
    if least is None:
        return _ufuncs.call(np.minimum, (array, greatest), out=out, **keywords)
    if greatest is None:
        return _ufuncs.call(np.maximum, (array, least), out=out, **keywords)
    greatest = _ufuncs.operand_of(greatest)
    raised = _ufuncs.call(np.maximum, (array, least), **keywords)
    if out is None and raised.shape == np.broadcast_shapes(raised.shape, np.shape(greatest)):
        dtype = np.result_type(raised.dtype, getattr(greatest, "dtype", greatest))
        # Nobody else has seen the first step: it can hold the second one.
        out = raised if dtype == raised.dtype else None
    return _ufuncs.call(np.minimum, (raised, greatest), out=out, **keywords)


def round_elements(array: Any, decimals: int = 0, out: Any = None) -> Any:
    """Round to a number of decimals, as ``numpy.round``."""
    decimals = operator.index(decimals)
    if array.dtype.kind == "f" and abs(decimals) <= _MOST_DECIMALS:
        result = _round_floats(array, decimals)
    else:
        result = _pieces.map_function(np.round, array.context, (array,), decimals=decimals)
    if out is None:
        return result
    out[...] = result if isinstance(out, Handle) else result._array.to_numpy()
    return out


#: Beyond, a power of ten is no float of its own.
_MOST_DECIMALS = 22


def _round_floats(array: Any, decimals: int) -> Any:
    """Round floats in NumPy's steps, so that the results have the same bits."""
    if decimals == 0:
        return _ufuncs.call(np.rint, (array,))
    scale = float(10 ** abs(decimals))
    there, back = (np.multiply, np.divide) if decimals > 0 else (np.divide, np.multiply)
    scaled = _ufuncs.call(np.rint, (_ufuncs.call(there, (array, scale)),))
    return _ufuncs.call(back, (scaled, scale))


def where(condition: Any, chosen: Any, other: Any) -> Any:
    """Choose from two arrays, element by element, as ``numpy.where``."""
    operands = [_ufuncs.operand_of(item) for item in (condition, chosen, other)]
    if any(operand is NotImplemented for operand in operands):
        raise TypeError("numpy.where of a DistArray needs arrays and numbers")
    handles = [item for item in operands if isinstance(item, Handle)]
    context = common_context(handles)
    try:
        array, _ = _core.elementwise(
            NAMED["where"],
            tuple(item._array if isinstance(item, Handle) else item for item in operands),
            communication=context._communication,
            later="where" if context._deferred else None,
        )
    except TypeError:
        # The core has no loop for these dtypes.
        return _pieces.map_function(np.where, context, operands)
    return handles[0]._sibling(array)
