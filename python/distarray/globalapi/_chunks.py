"""The chunks of an array in a store: of which size, and how they go with a distribution.

Engines that write at the same time must not share a chunk: each would write what the other has not
written yet. A unit is what is written at once, a shard where there are shards and else a chunk; a
distribution is aligned if no unit has elements of two engines.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, gcd, prod
from typing import TYPE_CHECKING

from distarray.globalapi.axis_maps import BlockMap, MapBase, NoDistMap
from distarray.globalapi.maps import Distribution

if TYPE_CHECKING:
    from distarray.globalapi.context import BaseContext

__all__ = ["CHUNK_BYTES", "SHARD_BYTES", "aligned", "choose", "is_aligned", "is_blocks", "steps_of"]

#: About how many bytes a chunk and a shard have, if the user doesn't say.
CHUNK_BYTES = 4 << 20
SHARD_BYTES = 128 << 20

#: How many times too large, and too small, units may be for the sake of the distribution.
_TOO_LARGE = 16
_TOO_SMALL = 16
_PIECES_EACH = 4

#: The largest factor by which a unit is made smaller at once.
_LARGEST_FACTOR = 64


def is_blocks(layout: Distribution) -> bool:
    """Return whether every engine has one box of the array, and shares nothing with another."""
    return all(
        axis_map.dist == "n"
        or (
            isinstance(axis_map, BlockMap)
            and axis_map.comm_padding == 0
            and axis_map.boundary_padding == 0
        )
        for axis_map in layout.maps
    )


def steps_of(layout: Distribution) -> tuple[int, ...] | None:
    """Return what lengths of units have to divide, 0 for any; None if the pieces are no boxes.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> context = SimpleNamespace(targets=[0, 1, 2])
    >>> steps_of(Distribution(context, (10, 6), dist="bn"))
    (4, 0)
    """
    if not is_blocks(layout):
        return None
    return tuple(gcd(*_cuts(axis_map)) for axis_map in layout.maps)


def is_aligned(layout: Distribution, unit: Sequence[int]) -> bool:
    """Return whether no unit has elements of two engines.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> context = SimpleNamespace(targets=[0, 1, 2])
    >>> layout = Distribution(context, (10, 6), dist="bn")
    >>> is_aligned(layout, (2, 5)), is_aligned(layout, (3, 5))
    (True, False)
    """
    return is_blocks(layout) and all(
        cut % length == 0
        for axis_map, length in zip(layout.maps, unit, strict=True)
        for cut in _cuts(axis_map)
    )


def aligned(context: BaseContext, shape: Sequence[int], unit: Sequence[int]) -> Distribution:
    """Return the distribution over a context's engines in blocks of whole units.

    The axis that has the most units is cut.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> context = SimpleNamespace(targets=[0, 1, 2])
    >>> aligned(context, (10, 100), (10, 30)).localshapes()
    [(10, 30), (10, 60), (10, 10)]
    """
    counts = [ceil(size / length) for size, length in zip(shape, unit, strict=True)]
    maps: list[MapBase] = [NoDistMap(size) for size in shape]
    if counts and (count := max(counts)) > 1:
        axis = counts.index(count)
        places = min(len(context.targets), count)
        edges = [
            min(round(count * place / places) * unit[axis], shape[axis])
            for place in range(places + 1)
        ]
        maps[axis] = BlockMap(shape[axis], places, edges)
    return Distribution.from_maps(context, maps)


def choose(
    shape: Sequence[int],
    itemsize: int,
    steps: Sequence[int],
    target: int,
    multiple: Sequence[int] | None = None,
    pieces: int = 1,
) -> tuple[int, ...] | None:
    """Choose the shape of a unit of about so many bytes.

    Parameters
    ----------
    shape : sequence of int
        That of the array.
    itemsize : int
        The bytes of an element.
    steps : sequence of int
        What the lengths of a unit have to divide, 0 for any, as of `steps_of`.
    target : int
        About how many bytes a unit is to have; fewer, rather than more.
    multiple : sequence of int, optional
        What the lengths have to be multiples of.
    pieces : int, optional
        How many engines write.

    Returns
    -------
    tuple of int or None
        The shape; None if units that divide the steps were far too large, or far too small.

    Examples
    --------
    >>> choose((1000, 1000), 8, (0, 0), 1 << 20)
    (250, 500)
    >>> choose((1000, 1000), 8, (500, 0), 1 << 20)
    (250, 500)
    >>> choose((1000, 1000), 8, (499, 0), 1 << 20)
    (499, 250)
    >>> choose((1000, 1000), 8, (1, 0), 1 << 20)
    """
    least = [max(each, 1) for each in multiple] if multiple else [1] * len(shape)
    if any(step % each for step, each in zip(steps, least, strict=True)):
        return None
    unit = [
        step or max(ceil(size / each), 1) * each
        for size, step, each in zip(shape, steps, least, strict=True)
    ]
    count = prod(ceil(size / length) for size, length in zip(shape, unit, strict=True))
    is_small = prod(unit) * itemsize * _TOO_SMALL < target
    if any(steps) and is_small and count > _PIECES_EACH * pieces:
        return None
    divisible = set(range(len(unit)))
    while divisible and prod(unit) * itemsize > target:
        axis = max(divisible, key=lambda axis: (unit[axis], -axis))
        factor = unit[axis] // least[axis]
        smaller = _divided(factor) if steps[axis] else ceil(factor / 2)
        if smaller == factor:
            divisible.remove(axis)
        unit[axis] = smaller * least[axis]
    if any(steps) and prod(unit) * itemsize > _TOO_LARGE * target:
        return None
    return tuple(unit)


def _divided(length: int) -> int:
    """Return the largest divisor of a length, of those that are not much smaller."""
    for factor in range(2, min(length, _LARGEST_FACTOR) + 1):
        if length % factor == 0:
            return length // factor
    return length


def _cuts(axis_map: MapBase) -> list[int]:
    """Return where pieces begin, but for the first."""
    if not isinstance(axis_map, BlockMap):
        return []
    return [start for start, stop in axis_map.bounds if 0 < start < stop]
