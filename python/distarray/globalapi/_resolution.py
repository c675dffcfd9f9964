"""Which loop of a ufunc takes which operands: NumPy's own answer, kept for the next time."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    #: What NumPy knows of an operand before it chooses a loop: a dtype, or the type of a Python
    #: number, which gives way to the other operands' dtypes; None for an output to be made.
    Described = np.dtype[Any] | type[int | float | complex] | None

__all__ = ["NATIVE", "WEAK", "describe", "is_native", "resolve", "signature_of"]

#: The types of Python's numbers that give way to dtypes. A bool has a dtype of its own.
WEAK = frozenset({int, float, complex})

#: The dtypes that the core computes with.
NATIVE = frozenset(np.dtype(letter) for letter in "?bBhHiIlLqQefdFD")


def describe(operand: Any) -> Described:
    """Return what NumPy's promotion sees of an operand."""
    kind = type(operand)
    if kind in WEAK:
        return kind
    if kind is bool:
        return np.dtype(bool)
    return operand.dtype  # type: ignore[no-any-return]


@lru_cache(maxsize=4096)
def resolve(
    ufunc: np.ufunc,
    described: tuple[Described, ...],
    signature: tuple[np.dtype[Any] | None, ...] | None,
    casting: str,
) -> tuple[np.dtype[Any], ...]:
    """Return the dtypes of the loop that NumPy would use, those of outputs last.

    Raises
    ------
    TypeError
        NumPy's, when there is none, or when `casting` forbids a conversion.
    """
    wishes: dict[str, Any] = {"casting": casting}
    if signature is not None:
        wishes["signature"] = signature
    return ufunc.resolve_dtypes(described, **wishes)


def signature_of(ufunc: np.ufunc, dtype: Any, signature: Any) -> tuple[Any, ...] | None:
    """Return the loop that a user asks for by `dtype` or by `signature`; None for no wish."""
    if dtype is not None:
        if signature is not None:
            raise TypeError("cannot specify both 'signature' and 'dtype'")
        return (None,) * ufunc.nin + (np.dtype(dtype),) * ufunc.nout
    if signature is None:
        return None
    if isinstance(signature, str):
        inputs, _, outputs = signature.partition("->")
        if len(inputs) != ufunc.nin or len(outputs) != ufunc.nout:
            raise ValueError(
                f"a type-string for {ufunc.__name__}, {ufunc.nin} typecode(s) before and "
                f"{ufunc.nout} after the -> sign"
            )
        signature = (*inputs, *outputs)
    wishes = tuple(None if wish is None else np.dtype(wish) for wish in signature)
    if len(wishes) != ufunc.nargs:
        raise ValueError(
            f"a type-tuple must be specified of length {ufunc.nargs} for ufunc '{ufunc.__name__}'"
        )
    return wishes


def is_native(dtypes: Sequence[np.dtype[Any]]) -> bool:
    """Return whether the core computes with all of these dtypes."""
    return all(dtype in NATIVE for dtype in dtypes)
