"""Data that cross from the client to an engine and back, when both are threads of one process.

Nothing would have to be copied, as all threads see all memory. But an engine may change what it is
given, and the client what comes back, as if they were processes: so data are copied where one could
get into another's way, and only there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from distarray.error import CommunicationError
from distarray.localapi.local_array.array import LocalArray
from distarray.localapi.maps import Distribution
from distarray.localapi.messaging.cartcomm import Cartcomm


def own(value: Any) -> Any:
    """Return a copy of data that a function may change; anything else as it is.

    Data are arrays that can be written to, lists, dictionaries, sets and bytearrays, also within
    each other and within tuples.

    Examples
    --------
    >>> table = {"x": [1, 2]}
    >>> copy = own(table)
    >>> copy["x"].append(3)
    >>> table
    {'x': [1, 2]}
    """
    return _converted(value, _own, {}, always=True)


def detached(result: Any) -> Any:
    """Return a result with copies in place of what views the part of an array on an engine."""
    return _converted(result, _detached, {}, always=False)


def share_of(distribution: Distribution) -> tuple[int, int, Any]:
    """Return what is left of an engine's share in an array when it leaves the engine."""
    return distribution.comm_rank, distribution.comm_size, distribution.dim_data


def share_without_engines(rank: int, size: int, dim_data: Any) -> Distribution:
    """Make an engine's share in an array that knows its place, but can't communicate."""
    handle: Any = Absent(rank, size, "this local array is a copy")
    grid_shape = [dim_dict.get("proc_grid_size", 1) for dim_dict in dim_data]
    return Distribution(Cartcomm(handle, grid_shape, [False] * len(grid_shape)), dim_data)


def _own(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.copy(order="K") if value.flags.writeable else value
    return value.copy() if type(value) in (set, bytearray) else value


def _detached(value: Any) -> Any:
    if isinstance(value, LocalArray):
        share = share_without_engines(*share_of(value.distribution))
        return type(value)(share, buf=value.ndarray.copy())
    if isinstance(value, np.ndarray) and _is_lent(value):
        return value.copy()
    return value


def _converted(
    value: Any, convert: Callable[[Any], Any], seen: dict[int, Any], always: bool
) -> Any:
    """Convert what lists, tuples and dictionaries hold.

    New ones are made with `always`, else where they hold something that is converted.
    """
    if id(value) in seen:
        return seen[id(value)]
    new: Any
    if type(value) is list:
        # It is known before it is filled: it may hold itself.
        new = seen[id(value)] = [] if always else value
        items = [_converted(item, convert, seen, always) for item in value]
        if always:
            new.extend(items)
        elif _differ(items, value):
            new = items
    elif type(value) is dict:
        new = seen[id(value)] = {} if always else value
        table = {key: _converted(item, convert, seen, always) for key, item in value.items()}
        if always:
            new.update(table)
        elif _differ(table.values(), value.values()):
            new = table
    elif type(value) is tuple:
        items = [_converted(item, convert, seen, always) for item in value]
        new = tuple(items) if _differ(items, value) else value
    else:
        new = convert(value)
    seen[id(value)] = new
    return new


def _differ(new: Any, old: Any) -> bool:
    return any(one is not other for one, other in zip(new, old, strict=True))


def _is_lent(array: Any) -> bool:
    while isinstance(array, np.ndarray):
        array = array.base
    return type(array).__module__ == "distarray._core"


class Absent:
    """Stands for a communicator whose engines can't be talked to, and knows its rank and size.

    Parameters
    ----------
    rank, size : int
        As of a communicator.
    reason : str
        Why the engines can't be talked to.
    """

    def __init__(self, rank: int, size: int, reason: str) -> None:
        self.rank = rank
        self.size = size
        self._reason = reason

    def __getattr__(self, name: str) -> Any:
        raise CommunicationError(f"the engines can't communicate: {self._reason}")
