"""NumPy's ufuncs as functions of local arrays."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from distarray.localapi.local_array.array import LocalArray


class LocalArrayUnaryOperation:
    """A function of one LocalArray that works element by element.

    Parameters
    ----------
    numpy_ufunc : numpy.ufunc
        What is done with each element.
    """

    def __init__(self, numpy_ufunc: np.ufunc) -> None:
        self.func = numpy_ufunc
        self.__name__ = numpy_ufunc.__name__
        self.__doc__ = numpy_ufunc.__doc__

    def __call__(self, x1: Any, y: LocalArray | None = None, *args: Any, **kwargs: Any) -> Any:
        """Return the result, in `y` if it is given."""
        return self.func(x1, *_output(y), *args, **kwargs)

    def __str__(self) -> str:
        return f"LocalArray version of {self.func}"

    __repr__ = __str__


class LocalArrayBinaryOperation:
    """A function of two LocalArrays, or of one and a scalar, that works element by element.

    Parameters
    ----------
    numpy_ufunc : numpy.ufunc
        What is done with each pair of elements.
    """

    def __init__(self, numpy_ufunc: np.ufunc) -> None:
        self.func = numpy_ufunc
        self.__name__ = numpy_ufunc.__name__
        self.__doc__ = numpy_ufunc.__doc__

    def __call__(
        self, x1: Any, x2: Any, y: LocalArray | None = None, *args: Any, **kwargs: Any
    ) -> Any:
        """Return the result, in `y` if it is given.

        Raises
        ------
        IncompatibleArrayError
            If the arrays are not distributed in the same way.
        """
        return self.func(x1, x2, *_output(y), *args, **kwargs)

    def __str__(self) -> str:
        return f"LocalArray version of {self.func}"

    __repr__ = __str__


def _output(y: LocalArray | None) -> tuple[LocalArray, ...]:
    return () if y is None else (y,)


#: NumPy's functions under the names of ours; some have two names.
_UNARY = {
    "absolute": np.absolute,
    "arccos": np.arccos,
    "arccosh": np.arccosh,
    "arcsin": np.arcsin,
    "arcsinh": np.arcsinh,
    "arctan": np.arctan,
    "arctanh": np.arctanh,
    "conjugate": np.conjugate,
    "cos": np.cos,
    "cosh": np.cosh,
    "exp": np.exp,
    "expm1": np.expm1,
    "invert": np.invert,
    "log": np.log,
    "log10": np.log10,
    "log1p": np.log1p,
    "negative": np.negative,
    "reciprocal": np.reciprocal,
    "rint": np.rint,
    "sign": np.sign,
    "sin": np.sin,
    "sinh": np.sinh,
    "sqrt": np.sqrt,
    "square": np.square,
    "tan": np.tan,
    "tanh": np.tanh,
}

_BINARY = {
    "add": np.add,
    "arctan2": np.arctan2,
    "bitwise_and": np.bitwise_and,
    "bitwise_or": np.bitwise_or,
    "bitwise_xor": np.bitwise_xor,
    "divide": np.divide,
    "floor_divide": np.floor_divide,
    "fmod": np.fmod,
    "hypot": np.hypot,
    "left_shift": np.left_shift,
    "mod": np.mod,
    "multiply": np.multiply,
    "power": np.power,
    "remainder": np.remainder,
    "right_shift": np.right_shift,
    "subtract": np.subtract,
    "true_divide": np.true_divide,
    "less": np.less,
    "less_equal": np.less_equal,
    "equal": np.equal,
    "not_equal": np.not_equal,
    "greater": np.greater,
    "greater_equal": np.greater_equal,
}


def _named(operation: type, ufuncs: Mapping[str, np.ufunc]) -> dict[str, Any]:
    operations = {}
    for name, ufunc in ufuncs.items():
        operations[name] = operation(ufunc)
        operations[name].__name__ = name
    return operations


UFUNCS: dict[str, Any] = {
    **_named(LocalArrayUnaryOperation, _UNARY),
    **_named(LocalArrayBinaryOperation, _BINARY),
}
