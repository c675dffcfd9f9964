"""Python's operators on DistArrays."""

from __future__ import annotations

from sys import getrefcount
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from distarray import _core
from distarray.globalapi import _ufuncs
from distarray.globalapi._deferred import TEMPORARY_OTHER
from distarray.globalapi._floating import report
from distarray.globalapi._handle import Handle
from distarray.globalapi._operations import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Callable

    from distarray.globalapi.distarray import DistArray

    Binary = Callable[[Any, Any], DistArray]
    Unary = Callable[[Any], DistArray]

__all__ = ["Operators"]

_NUMBERS = frozenset({int, float, complex, bool})


def _stands_back(other: Any) -> bool:
    """Whether an operand wants to handle the operation itself, as NumPy asks it."""
    return getattr(other, "__array_ufunc__", True) is None


def _binary(ufunc: np.ufunc, symbol: str) -> Binary:
    """Return the method of an operator, for the shortest way to the core."""
    operation = OPERATIONS[ufunc]
    elementwise = _core.elementwise
    name = ufunc.__name__

    def method(self: Handle, other: Any) -> Any:
        if type(other) is type(self) and other.context is self.context:
            operand = other._array
        elif type(other) in _NUMBERS:
            operand = other
        elif _stands_back(other):
            return NotImplemented
        else:
            return _ufuncs.call(ufunc, (self, other))
        context = self.context
        try:
            # By position: on ten elements, names of arguments are a part of the time.
            array, flags = elementwise(
                operation,
                (self._array, operand),
                context._communication,
                name if context._deferred else None,
            )
        except (TypeError, OverflowError):
            return _ufuncs.call(ufunc, (self, other))
        if flags:
            report(flags, name)
        return self._sibling(array)

    method.__doc__ = f"Return ``self {symbol} other``."
    return method


def _equality(ufunc: np.ufunc, symbol: str) -> Binary:
    """Return the method of an operator that compares with anything, None included."""
    compare = _binary(ufunc, symbol)

    def method(self: Handle, other: Any) -> Any:
        if other is None:
            return _ufuncs.all_differ(ufunc, self)
        return compare(self, other)

    method.__doc__ = compare.__doc__
    return method


def _power(self: Handle, exponent: Any) -> Any:
    """Return the operation for an exponent that has a quicker and more accurate one, as NumPy."""
    if type(exponent) in (int, float):
        ufunc = _POWERS.get(exponent)
        kind = self.dtype.kind
        if ufunc is not None and (
            kind in "fc" or (kind in "iu" and type(exponent) is int and exponent == 2)
        ):
            return ufunc
    return None


_POWERS = {2: np.square, 0.5: np.sqrt, -1: np.reciprocal, 1: np.positive}


def _reflected(ufunc: np.ufunc, symbol: str) -> Binary:
    """Return the method of an operator whose left operand is no DistArray."""
    operation = OPERATIONS[ufunc]
    elementwise = _core.elementwise
    name = ufunc.__name__

    def method(self: Handle, other: Any) -> Any:
        if type(other) not in _NUMBERS:
            if _stands_back(other):
                return NotImplemented
            return _ufuncs.call(ufunc, (other, self))
        context = self.context
        try:
            array, flags = elementwise(
                operation,
                (other, self._array),
                context._communication,
                name if context._deferred else None,
            )
        except (TypeError, OverflowError):
            return _ufuncs.call(ufunc, (other, self))
        if flags:
            report(flags, name)
        return self._sibling(array)

    method.__doc__ = f"Return ``other {symbol} self``."
    return method


def _in_place(ufunc: np.ufunc, symbol: str) -> Binary:
    """Return the method of an operator that writes its result to its left operand."""
    operation = OPERATIONS[ufunc]
    name = ufunc.__name__

    def method(self: Handle, other: Any) -> Any:
        context = self.context
        guard = None
        if type(other) is type(self) and other.context is context:
            operand = other._array
            if operand.is_pending and getrefcount(other) <= TEMPORARY_OTHER:
                # The handle that nobody has a name for, and the one that the operation has.
                guard = operand.passing(2)
        elif type(other) in _NUMBERS:
            operand = other
        elif _stands_back(other):
            return NotImplemented
        else:
            return _ufuncs.call(ufunc, (self, other), out=(self,))
        array = self._array
        try:
            _, flags = _core.elementwise(
                operation,
                (array, operand),
                out=array,
                communication=context._communication,
                later=name if context._deferred else None,
            )
        except (TypeError, OverflowError):
            return _ufuncs.call(ufunc, (self, other), out=(self,))
        finally:
            del guard
        if flags:
            report(flags, name)
        return self

    method.__doc__ = f"Set ``self`` to ``self {symbol} other``."
    return method


def _unary(ufunc: np.ufunc, symbol: str) -> Unary:
    def method(self: Handle) -> Any:
        return _ufuncs.call(ufunc, (self,))

    method.__doc__ = f"Return ``{symbol}``."
    return method


class Operators(Handle):
    """Arithmetic, comparisons, bitwise operators and conversions to Python's numbers."""

    __slots__ = ()

    #: An array equals another one element by element; it has no hash, as NumPy's.
    __hash__: ClassVar[None] = None  # type: ignore[assignment]
    #: NumPy asks objects of higher priority first; kept for libraries that look at it.
    __array_priority__ = 20.0

    __add__ = _binary(np.add, "+")
    __radd__ = _reflected(np.add, "+")
    __iadd__ = _in_place(np.add, "+")
    __sub__ = _binary(np.subtract, "-")
    __rsub__ = _reflected(np.subtract, "-")
    __isub__ = _in_place(np.subtract, "-")
    __mul__ = _binary(np.multiply, "*")
    __rmul__ = _reflected(np.multiply, "*")
    __imul__ = _in_place(np.multiply, "*")
    __truediv__ = _binary(np.divide, "/")
    __rtruediv__ = _reflected(np.divide, "/")
    __itruediv__ = _in_place(np.divide, "/")
    __floordiv__ = _binary(np.floor_divide, "//")
    __rfloordiv__ = _reflected(np.floor_divide, "//")
    __ifloordiv__ = _in_place(np.floor_divide, "//")
    __mod__ = _binary(np.remainder, "%")
    __rmod__ = _reflected(np.remainder, "%")
    __imod__ = _in_place(np.remainder, "%")
    __rpow__ = _reflected(np.power, "**")
    __lshift__ = _binary(np.left_shift, "<<")
    __rlshift__ = _reflected(np.left_shift, "<<")
    __ilshift__ = _in_place(np.left_shift, "<<")
    __rshift__ = _binary(np.right_shift, ">>")
    __rrshift__ = _reflected(np.right_shift, ">>")
    __irshift__ = _in_place(np.right_shift, ">>")
    __and__ = _binary(np.bitwise_and, "&")
    __rand__ = _reflected(np.bitwise_and, "&")
    __iand__ = _in_place(np.bitwise_and, "&")
    __or__ = _binary(np.bitwise_or, "|")
    __ror__ = _reflected(np.bitwise_or, "|")
    __ior__ = _in_place(np.bitwise_or, "|")
    __xor__ = _binary(np.bitwise_xor, "^")
    __rxor__ = _reflected(np.bitwise_xor, "^")
    __ixor__ = _in_place(np.bitwise_xor, "^")
    __eq__ = _equality(np.equal, "==")  # type: ignore[assignment]
    __ne__ = _equality(np.not_equal, "!=")  # type: ignore[assignment]
    __lt__ = _binary(np.less, "<")
    __le__ = _binary(np.less_equal, "<=")
    __gt__ = _binary(np.greater, ">")
    __ge__ = _binary(np.greater_equal, ">=")
    __neg__ = _unary(np.negative, "-self")
    __pos__ = _unary(np.positive, "+self")
    __abs__ = _unary(np.absolute, "abs(self)")
    __invert__ = _unary(np.invert, "~self")

    def __pow__(self, other: Any) -> Any:
        """Return ``self ** other``."""
        if (ufunc := _power(self, other)) is not None:
            return _ufuncs.call(ufunc, (self,))
        return _raise_to(self, other)

    def __ipow__(self, other: Any) -> Any:
        """Set ``self`` to ``self ** other``."""
        if (ufunc := _power(self, other)) is not None:
            return _ufuncs.call(ufunc, (self,), out=(self,))
        return _raise_in_place(self, other)

    def __divmod__(self, other: Any) -> Any:
        """Return ``(self // other, self % other)``."""
        return NotImplemented if _stands_back(other) else _ufuncs.call(np.divmod, (self, other))

    def __rdivmod__(self, other: Any) -> Any:
        """Return ``(other // self, other % self)``."""
        return NotImplemented if _stands_back(other) else _ufuncs.call(np.divmod, (other, self))


_raise_to = _binary(np.power, "**")
_raise_in_place = _in_place(np.power, "**")
