"""Limits on memory, as a user says them."""

from __future__ import annotations

import operator
import os
import re

from distarray.error import ContextCreationError

__all__ = ["bytes_of", "default_limit"]

_SETTING = "DISTARRAY_MEMORY_LIMIT"
_UNITS = {"": 1, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_SIZE = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*(?:([kmgtp]?)(i?)b?)\s*", re.IGNORECASE)


def bytes_of(limit: object, name: str = "memory_limit") -> int:
    """Return how many bytes a limit is.

    Parameters
    ----------
    limit : int or str
        The number, or a number with a unit: ``"4GB"`` are four thousand million bytes, ``"4GiB"``
        2 ** 32.
    name : str
        What messages call it.

    Examples
    --------
    >>> bytes_of("1.5 kB"), bytes_of("4GiB") == 2**32, bytes_of(1e9)
    (1500, True, 1000000000)
    """
    if isinstance(limit, str):
        match = _SIZE.fullmatch(limit)
        if match is None:
            raise ValueError(f"{name} is {limit!r}; expected bytes, or a text such as '4GB'")
        number, unit, binary = match.groups()
        factor = (1024 if binary else 1000) ** (_UNITS[unit.lower()] if unit else 0)
        size = int(float(number) * factor)
    elif isinstance(limit, float) and limit.is_integer():
        size = int(limit)
    else:
        try:
            size = operator.index(limit)  # type: ignore[arg-type]
        except TypeError:
            raise TypeError(
                f"{name} is {limit!r}; expected a number of bytes, or a text such as '4GB'"
            ) from None
    if size < 1 or isinstance(limit, bool):
        raise ValueError(f"{name} is {limit!r}; expected a positive number of bytes")
    return min(size, 2**62)


def default_limit() -> int | None:
    """Return what ``DISTARRAY_MEMORY_LIMIT`` says."""
    text = os.environ.get(_SETTING, "").strip()
    if not text:
        return None
    try:
        return bytes_of(text, _SETTING)
    except ValueError as error:
        raise ContextCreationError(str(error)) from None
