"""Utilities."""

from __future__ import annotations

import importlib
import itertools
import math
import random
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, Self, TypeVar

from distarray import _core

_T = TypeVar("_T")

#: What the names of DistArray's objects on engines begin with.
DISTARRAY_BASE_NAME = "__distarray__"

_random = random.Random()


def distarray_random_getstate() -> tuple[Any, ...]:
    """Get the state of the generator behind `uid`."""
    return _random.getstate()


def distarray_random_setstate(state: tuple[Any, ...]) -> None:
    """Set the state of the generator behind `uid`.

    Examples
    --------
    >>> state = distarray_random_getstate()
    >>> name = uid()
    >>> distarray_random_setstate(state)
    >>> uid() == name
    True
    """
    _random.setstate(state)


def uid() -> str:
    """Get a unique name for an object of DistArray.

    Examples
    --------
    >>> uid().startswith("__distarray__")
    True
    """
    return f"{DISTARRAY_BASE_NAME}_{_random.getrandbits(64):016x}"


def all_equal(iterable: Iterable[Any]) -> bool:
    """Return True if all elements are equal, or there are none.

    Examples
    --------
    >>> all_equal([1, 1.0, True]), all_equal([]), all_equal([1, 2])
    (True, True, False)
    """
    elements = iter(iterable)
    try:
        first = next(elements)
    except StopIteration:
        return True
    return all(element == first for element in elements)


def has_exactly_one(iterable: Iterable[Any]) -> bool:
    """Return True if exactly one element is not None.

    Examples
    --------
    >>> has_exactly_one([None, 0, None]), has_exactly_one([1, 2]), has_exactly_one([])
    (True, False, False)
    """
    return sum(element is not None for element in iterable) == 1


def list_or_tuple(seq: object) -> bool:
    """Return True if the object is a list or a tuple."""
    return isinstance(seq, list | tuple)


def flatten(seq: Iterable[Any], to_expand: Callable[[Any], bool] = list_or_tuple) -> Iterator[Any]:
    """Go through the atoms of a nested sequence.

    Parameters
    ----------
    seq : iterable
        What to flatten.
    to_expand : callable
        Says whether an element is to be flattened, too.

    Examples
    --------
    >>> list(flatten([1, (2, [3, "four"]), []]))
    [1, 2, 3, 'four']
    """
    for element in seq:
        if to_expand(element):
            yield from flatten(element, to_expand)
        else:
            yield element


def multi_for(iterables: Iterable[Iterable[_T]]) -> Iterator[tuple[_T, ...]]:
    """Go through all combinations of one element of each iterable, the last varying fastest.

    Examples
    --------
    >>> list(multi_for([range(2), "ab"]))
    [(0, 'a'), (0, 'b'), (1, 'a'), (1, 'b')]
    """
    return itertools.product(*iterables)


def remove_elements(to_remove: Iterable[int], seq: Iterable[_T]) -> list[_T]:
    """Return a list without the elements at the given indices.

    Parameters
    ----------
    to_remove : iterable of int
        Indices of elements to leave out.
    seq : iterable
        The elements.

    Examples
    --------
    >>> remove_elements([0, 2], "abcd")
    ['b', 'd']
    """
    left_out = set(to_remove)
    return [element for index, element in enumerate(seq) if index not in left_out]


def mirror_sort(seq: Iterable[_T], ref_seq: Iterable[Any]) -> list[_T]:
    """Sort a sequence into the order that another one is in.

    Examples
    --------
    >>> mirror_sort(range(5), [1, 5, 2, 4, 3])
    [0, 4, 1, 3, 2]
    """
    elements: list[Any] = sorted(seq)
    reference = list(ref_seq)
    if len(elements) != len(reference):
        raise ValueError(f"sequences have lengths {len(elements)} and {len(reference)}")
    mirrored = list(elements)
    places = sorted(range(len(reference)), key=reference.__getitem__)
    for place, element in zip(places, elements, strict=True):
        mirrored[place] = element
    return mirrored


def divisors_minmax(n: int, dmin: int, dmax: int) -> Iterator[int]:
    """Go through the divisors of n that are above dmin and not above dmax.

    Examples
    --------
    >>> list(divisors_minmax(12, 1, 6))
    [2, 3, 4, 6]
    """
    return (divisor for divisor in range(dmin + 1, dmax + 1) if n % divisor == 0)


def mult_partitions(n: int, s: int) -> list[tuple[int, ...]]:
    """Compute the ways to write n as a product of s factors, in ascending tuples.

    Examples
    --------
    >>> mult_partitions(52, 3)
    [(1, 1, 52), (1, 2, 26), (1, 4, 13), (2, 2, 13)]
    >>> mult_partitions(52, 2)
    [(1, 52), (2, 26), (4, 13)]
    """
    return mult_partitions_recurs(n, s)


def mult_partitions_recurs(n: int, s: int, pd: int = 0) -> list[tuple[int, ...]]:
    """Compute the ways to write n as a product of s factors that are all above pd.

    Examples
    --------
    >>> mult_partitions_recurs(52, 3, 1)
    [(2, 2, 13)]
    """
    return _core.multiplicative_partitions(n, s, pd + 1)


def slice_intersection(s1: slice, s2: slice) -> slice:
    """Compute the slice of what two slices with steps of 1 have in common.

    Raises
    ------
    NotImplementedError
        If a slice has another step.

    Examples
    --------
    >>> slice_intersection(slice(2, 10), slice(5, 20))
    slice(5, 10, None)
    >>> slice_intersection(slice(2, 4), slice(5, 20))
    slice(5, 5, None)
    """
    if any(s.step not in (None, 1) for s in (s1, s2)):
        raise NotImplementedError("only slices with steps of 1 can be intersected")
    start = max(s.start or 0 for s in (s1, s2))
    stop = min(math.inf if s.stop is None else s.stop for s in (s1, s2))
    if stop is math.inf:
        return slice(start, None)
    return slice(start, max(start, stop))


def get_from_dotted_name(dotted_name: str) -> Any:
    """Get an object by its name in the main module, attributes of attributes included."""
    thing: Any = importlib.import_module("__main__")
    for name in dotted_name.split("."):
        thing = getattr(thing, name)
    return thing


def set_from_dotted_name(name: str, val: Any) -> None:
    """Give a name in the main module a value, attributes of attributes included.

    Examples
    --------
    >>> set_from_dotted_name("answer", 42)
    >>> get_from_dotted_name("answer")
    42
    """
    *owners, last = name.split(".")
    owner = get_from_dotted_name(".".join(owners)) if owners else None
    setattr(owner if owners else importlib.import_module("__main__"), last, val)


class count_round_trips:
    """Context manager that counts the round trips between an IPython client and its controller.

    Parameters
    ----------
    client : ipyparallel.Client
        The client whose messages are counted.

    Attributes
    ----------
    count : int
        The round trips since the beginning of the ``with`` block.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> client = SimpleNamespace(history=["earlier message"])
    >>> with count_round_trips(client) as r:
    ...     client.history += ["message"] * 42
    >>> r.count
    42
    """

    def __init__(self, client: Any) -> None:
        self.client = client
        self.orig_count = 0
        self.count = 0

    def __enter__(self) -> Self:
        self.orig_count = len(self.client.history)
        self.count = 0
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.update_count()

    def update_count(self) -> None:
        """Count up to now."""
        self.count = len(self.client.history) - self.orig_count


def readable(count: int) -> str:
    """Return a number of bytes, for people: a megabyte is a million.

    Examples
    --------
    >>> readable(1), readable(1500), readable(4_000_000_000)
    ('1 byte', '1.5 kB', '4.0 GB')
    """
    if count < 1000:
        return f"{count} byte" + "s" * (count != 1)
    power = 1
    while count / 1000**power >= 999.95 and power < 5:
        power += 1
    return f"{count / 1000**power:.1f} {' kMGTP'[power]}B"
