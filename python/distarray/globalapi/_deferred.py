"""Operations that wait until somebody needs their elements."""

from __future__ import annotations

from sys import getrefcount
from typing import Any, Self

import numpy as np

from distarray import _core
from distarray.globalapi._handle import Handle
from distarray.globalapi._parts import part_bytes
from distarray.utils import readable

__all__ = [
    "TEMPORARY_ARGUMENT",
    "TEMPORARY_OTHER",
    "TEMPORARY_SELF",
    "TEMPORARY_VALUE",
    "Explained",
    "evaluate",
]


class _Probe:
    """Counts the references that the interpreter has while it calls methods.

    An expression in the middle of a statement has no other. Such a DistArray will be gone after the
    call, and its elements need no memory; if the guess is wrong, they are computed again.
    """

    seen = 0

    def method(self) -> int:
        return getrefcount(self)

    def __setitem__(self, index: int, value: Any) -> None:
        self.seen = getrefcount(value)

    def __iadd__(self, other: Any) -> Self:
        self.seen = getrefcount(other)
        return self

    def __array_function__(self, *call: Any) -> int:
        return getrefcount(self)


def _count() -> tuple[int, int, int, int]:
    probe = _Probe()
    of_self = _Probe().method()
    probe[0] = _Probe()
    of_value = probe.seen
    probe += _Probe()
    of_argument: Any = np.sum(_Probe())  # type: ignore[call-overload]
    return of_self, of_value, probe.seen, of_argument


#: At most so many references has an array that nobody has a name for: on which a method is called,
#: which is assigned, which is the right side of an operation in place, which is the argument of one
#: of NumPy's functions.
TEMPORARY_SELF, TEMPORARY_VALUE, TEMPORARY_OTHER, TEMPORARY_ARGUMENT = _count()


def evaluate(*arrays: Any) -> Any:
    """Compute the elements of arrays now, if that is still to be done.

    Elementwise operations on large arrays wait until somebody needs their elements: then a chain of
    them is computed in one pass over memory. Usually nothing has to be done for that. This function
    computes several arrays in one pass, what their expressions have in common once, and determines
    when the time for it is spent.

    Parameters
    ----------
    *arrays : DistArray
        Those with the same distribution are computed in one pass.

    Returns
    -------
    DistArray or tuple of DistArray
        The arrays.

    Raises
    ------
    TypeError
        If an argument is no DistArray.

    Examples
    --------
    >>> import distarray as da
    >>> x = da.linspace(0, 1, 1_000_000)
    >>> square, cube = da.evaluate(x * x, x * x * x)
    >>> float(cube[-1])
    1.0
    """
    if len(arrays) == 1 and isinstance(arrays[0], Handle) and not arrays[0]._array.is_pending:
        return arrays[0]
    is_pending = False
    for array in arrays:
        if not isinstance(array, Handle):
            raise TypeError(f"evaluate() takes DistArrays, not {type(array).__name__}")
        is_pending = is_pending or array._array.is_pending
    if is_pending:
        _core.evaluate([array._array for array in arrays])
    return arrays[0] if len(arrays) == 1 else arrays


class Explained(Handle):
    """A method that tells what an expression costs."""

    __slots__ = ()

    def explain(self) -> None:
        """Print what computing the elements will do, before it is done.

        That is: the operations of the one pass over memory (a line for each loop over elements,
        which may do two of them at once), what they read and what is written, how much of it
        engines read from each other, how many temporary arrays are avoided, and how much
        memory there will be at most for the arrays that take part. Where the context has a limit on
        memory, also how much will go to scratch files, and how much memory a process will have at
        most, all that it has besides arrays included. Nothing is computed.

        Examples
        --------
        >>> import distarray as da
        >>> x = da.linspace(0, 1, 1_000_000)
        >>> y = 2 * x + 1
        >>> y.explain()
        float64 array of shape (1000000,), to be computed in one pass by 2 operations:
            t0 = add(multiply(2.0, x0), 1.0)
        reads 8.0 MB: x0 is float64 of shape (1000000,)
        writes 8.0 MB, moves 0 bytes between engines
        avoids 1 temporary array of 8.0 MB, needs 16.0 MB at most
        """
        print(explanation(self))  # noqa: T201 (that is what it is for)


def explanation(array: Handle) -> str:
    """Return what :meth:`Explained.explain` prints."""
    about = f"{array.dtype} array of shape {array.shape}"
    if not array._array.is_pending:
        if array._array.is_outside:
            return f"{about}: it is read from a file, part by part, when somebody needs it"
        return f"{about}: its elements are there, nothing is to be computed"
    facts = array._array.explain()
    operations, inputs = _count_of(facts["operations"], "operation"), facts["inputs"]
    lines = [f"{about}, to be computed in one pass by {operations}:"]
    lines += [f"    {line}" for line in facts["loops"]]
    read = sum(size for _, _, size, _, _ in inputs)
    # Of what is in a file that is decoded, a part is in memory while the next one is read.
    part = 2 * part_bytes(array.context) * len(array.distribution.targets)
    in_parts = sum(size - min(size, part) for _, _, size, _, is_outside in inputs if is_outside)
    names = "; ".join(
        f"x{place} is {dtype} of shape {shape}" + ", in a file" * is_outside
        for place, (shape, dtype, _, _, is_outside) in enumerate(inputs)
    )
    lines.append(f"reads {readable(read)}: {names}" if inputs else "reads nothing")
    moved = sum(size for _, _, _, size, _ in inputs)
    written = facts["bytes_written"]
    others = facts["stored"] - 1
    also = f" ({_count_of(others, 'array')} with a name on the way)" if others else ""
    lines.append(f"writes {readable(written)}{also}, moves {readable(moved)} between engines")
    avoided = _count_of(facts["temporaries_avoided"], "temporary array")
    size = readable(facts["bytes_avoided"])
    lines.append(f"avoids {avoided} of {size}, needs {readable(read - in_parts + written)} at most")
    lines += _within_limit(array, facts["stored"], written)
    return "\n".join(lines)


def _within_limit(array: Handle, stored: int, written: int) -> list[str]:
    """Return what there is to say of the limit on memory, if there is one."""
    limit = array.context.memory_limit
    if limit is None:
        return []
    targets = array.distribution.targets
    piece = -(-written // (max(stored, 1) * len(targets)))
    peak, files = array.context._pool.predict_memory([piece] * stored, targets)
    where = f"{readable(min(files, written))} of it" if files else "none of it"
    return [
        f"writes {where} to scratch files, with up to {readable(peak)} in the memory of a process "
        f"(the limit is {readable(limit)})"
    ]


def _count_of(number: int, what: str) -> str:
    return f"{number} {what}" + "s" * (number != 1)
