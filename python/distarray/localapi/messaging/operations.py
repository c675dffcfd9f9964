"""Operations for reductions: `SUM`, `MAX` and so on.

Each is callable on two operands, objects or arrays, as mpi4py's are.
"""

from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any

import numpy as np


class Op:
    """An associative operation on two operands.

    Parameters
    ----------
    name : str
        MPI's name for it.
    scalar : callable
        The operation on two Python objects.
    elementwise : callable, optional
        The operation on arrays; `scalar` by default.

    Examples
    --------
    >>> SUM(2, 3), MAX("a", "b"), MINLOC((2.0, 7), (2.0, 4))
    (5, 'b', (2.0, 4))
    >>> MAX([1, 5] * np.array(1), np.array([4, 2]))
    array([4, 5])
    """

    def __init__(
        self,
        name: str,
        scalar: Callable[[Any, Any], Any],
        elementwise: Callable[[Any, Any], Any] | None = None,
    ) -> None:
        self.name = name
        self._scalar = scalar
        self._elementwise = elementwise or scalar

    @classmethod
    def Create(cls, function: Callable[[Any, Any], Any], commute: bool = False) -> "Op":
        """Make an operation of a function of two objects."""
        return cls(getattr(function, "__name__", "user"), function)

    def __call__(self, first: Any, second: Any) -> Any:
        """Combine two operands."""
        if isinstance(first, np.ndarray) or isinstance(second, np.ndarray):
            return self._elementwise(first, second)
        return self._scalar(first, second)

    def fold(self, operands: Iterable[Any]) -> Any:
        """Combine any number of operands, from left to right."""
        return reduce(self, operands)

    def Free(self) -> None:
        """Do nothing: operations hold no resources."""

    def __repr__(self) -> str:
        return f"<Op {self.name}>"


def _extreme_with_place(
    first: tuple[Any, Any], second: tuple[Any, Any], better: Callable[[Any, Any], Any]
) -> tuple[Any, Any]:
    """Return the better value with its place; of equal values, that at the lower place."""
    if first[0] == second[0]:
        return (first[0], min(first[1], second[1]))
    return first if better(first[0], second[0]) else second


SUM = Op("MPI_SUM", lambda a, b: a + b)
PROD = Op("MPI_PROD", lambda a, b: a * b)
MAX = Op("MPI_MAX", lambda a, b: b if b > a else a, np.maximum)
MIN = Op("MPI_MIN", lambda a, b: b if b < a else a, np.minimum)
LAND = Op("MPI_LAND", lambda a, b: bool(a) and bool(b), np.logical_and)
LOR = Op("MPI_LOR", lambda a, b: bool(a) or bool(b), np.logical_or)
LXOR = Op("MPI_LXOR", lambda a, b: bool(a) is not bool(b), np.logical_xor)
BAND = Op("MPI_BAND", lambda a, b: a & b)
BOR = Op("MPI_BOR", lambda a, b: a | b)
BXOR = Op("MPI_BXOR", lambda a, b: a ^ b)
MAXLOC = Op("MPI_MAXLOC", lambda a, b: _extreme_with_place(a, b, lambda x, y: x > y))
MINLOC = Op("MPI_MINLOC", lambda a, b: _extreme_with_place(a, b, lambda x, y: x < y))
REPLACE = Op("MPI_REPLACE", lambda a, b: b)
