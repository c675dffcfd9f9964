"""One-dimensional maps of one process: from its local indices to global ones, and back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from distarray import _core
from distarray.error import DistributionError
from distarray.metadata_utils import tuple_intersection


class MapBase(ABC):
    """Base class of the maps of one axis on one process.

    Attributes
    ----------
    dist : str
        The distribution type.
    global_size : int
        The global size of the axis.
    grid_size : int
        The number of processes along the axis.
    grid_rank : int
        The place of this process among them.
    """

    dist: ClassVar[str]
    _indices: _core.Indices

    def __init__(self, global_size: int, grid_size: int, grid_rank: int) -> None:
        self.global_size = global_size
        self.grid_size = grid_size
        self.grid_rank = grid_rank

    @property
    def size(self) -> int:
        """How many indices of the axis are on this process."""
        return len(self._indices)

    def local_from_global_index(self, gidx: int) -> int:
        """Return the local position of a global index.

        Raises
        ------
        IndexError
            If the index isn't on this process.
        """
        return self._indices.position(gidx)

    def global_from_local_index(self, lidx: int) -> int:
        """Return the global index at a local position.

        Raises
        ------
        IndexError
            If there is no such position.
        """
        return self._indices[lidx]

    @property
    def global_iter(self) -> Iterator[int]:
        """An iterator over the global indices on this process, in local order."""
        return iter(self._indices)

    @property
    @abstractmethod
    def dim_dict(self) -> dict[str, Any]:
        """The dimension dictionary of the Distributed Array Protocol."""

    def _common_keys(self) -> dict[str, Any]:
        return {
            "dist_type": self.dist,
            "size": self.global_size,
            "proc_grid_rank": self.grid_rank,
            "proc_grid_size": self.grid_size,
        }

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MapBase):
            return NotImplemented
        mine, theirs = self.dim_dict, other.dim_dict
        return mine.keys() == theirs.keys() and all(
            np.array_equal(mine[key], theirs[key]) for key in mine
        )

    def __hash__(self) -> int:
        return hash((self.dist, self.global_size, self.grid_size, self.grid_rank))

    def __repr__(self) -> str:
        keys = list(self.dim_dict.items())[1:]
        return f"{type(self).__name__}({', '.join(f'{key}={value!r}' for key, value in keys)})"


class BlockMap(MapBase):
    """The map of an axis of which this process holds a contiguous piece.

    Parameters
    ----------
    global_size : int
        The global size of the axis.
    grid_size : int
        The number of processes along the axis.
    grid_rank : int
        The place of this process among them.
    start, stop : int
        The first global index of the piece, and the one after its last.
    padding : tuple of 2 int, optional
        The widths of the padding to the left and to the right.
    periodic : bool, optional
        Whether the ends of the axis are neighbours.

    Examples
    --------
    >>> m = BlockMap(10, 2, 1, 5, 10)
    >>> m.local_from_global_index(7), m.global_from_local_index(0), m.size
    (2, 5, 5)
    >>> m.dim_dict
    {'dist_type': 'b', 'size': 10, 'proc_grid_rank': 1, 'proc_grid_size': 2, 'start': 5,
     'stop': 10}
    """

    dist = "b"

    def __init__(
        self,
        global_size: int,
        grid_size: int,
        grid_rank: int,
        start: int,
        stop: int,
        *,
        padding: Sequence[int] = (0, 0),
        periodic: bool = False,
    ) -> None:
        super().__init__(global_size, grid_size, grid_rank)
        if not 0 <= start <= stop <= global_size:
            raise DistributionError(
                f"start and stop: {start} and {stop} on an axis of size {global_size}"
            )
        self.start = start
        self.stop = stop
        self.padding = tuple(padding)
        self.periodic = periodic
        self._indices = _core.Indices.strided(start, 1, stop - start)

    @property
    def global_slice(self) -> slice:
        """The global indices on this process, as a slice."""
        return slice(self.start, self.stop)

    def local_from_global_slice(self, gidx: slice) -> slice:
        """Return which local positions a slice of the global axis selects.

        Examples
        --------
        >>> BlockMap(10, 2, 1, 5, 10).local_from_global_slice(slice(2, 9, 2))
        slice(1, 4, 2)
        """
        selected = range(*gidx.indices(self.global_size))
        ascending = selected if selected.step > 0 else selected[::-1]
        common = None
        if ascending:
            common = tuple_intersection(
                (ascending.start, ascending[-1] + 1, ascending.step), (self.start, self.stop)
            )
        if common is None:
            return slice(0, 0, gidx.step)
        here = range(common[0] - self.start, common[1] - self.start, common[2])
        return _slice_of(here if selected.step > 0 else here[::-1], gidx.step)

    def global_from_local_slice(self, lidx: slice) -> slice:
        """Return which global indices a slice of the local positions selects.

        Examples
        --------
        >>> BlockMap(10, 2, 1, 5, 10).global_from_local_slice(slice(1, 3))
        slice(6, 8, None)
        """
        here = range(*lidx.indices(self.size))
        if not here:
            return slice(self.start, self.start, lidx.step)
        selected = range(here.start + self.start, here.stop + self.start, here.step)
        return _slice_of(selected, lidx.step)

    @property
    def dim_dict(self) -> dict[str, Any]:
        """The dimension dictionary; padding and periodicity only where there is any."""
        dim_dict = {**self._common_keys(), "start": self.start, "stop": self.stop}
        if any(self.padding):
            dim_dict["padding"] = self.padding
        if self.periodic:
            dim_dict["periodic"] = True
        return dim_dict


class _CyclicBase(MapBase):
    """The map of an axis of which this process holds blocks that were dealt round robin."""

    dist = "c"

    def __init__(
        self, global_size: int, grid_size: int, grid_rank: int, start: int, block_size: int
    ) -> None:
        super().__init__(global_size, grid_size, grid_rank)
        self.start = start
        self.block_size = block_size
        self._indices = _core.Indices.dealt(global_size, grid_size, start, block_size)

    @property
    def global_slice(self) -> slice:
        """The global indices on this process, as a slice.

        Raises
        ------
        ValueError
            If blocks are longer than one index: their indices are not equally spaced.
        """
        if self.block_size > 1:
            raise DistributionError(
                f"the indices of blocks of {self.block_size} dealt round robin are not a slice"
            )
        return slice(self.start, self.global_size, self.grid_size)

    @property
    def dim_dict(self) -> dict[str, Any]:
        """The dimension dictionary; the block size only of block-cyclic maps."""
        return {**self._common_keys(), "start": self.start}


class CyclicMap(_CyclicBase):
    """The map of an axis whose indices were dealt round robin.

    Parameters
    ----------
    global_size : int
        The global size of the axis.
    grid_size : int
        The number of processes along the axis.
    grid_rank : int
        The place of this process among them.
    start : int
        The first global index on this process, which is the same as `grid_rank`.

    Examples
    --------
    >>> list(CyclicMap(10, 4, 1, 1).global_iter)
    [1, 5, 9]
    """

    def __init__(self, global_size: int, grid_size: int, grid_rank: int, start: int) -> None:
        if start != grid_rank:
            raise DistributionError(f"start: {start}; expected the grid_rank, {grid_rank}")
        super().__init__(global_size, grid_size, grid_rank, start, 1)


class BlockCyclicMap(_CyclicBase):
    """The map of an axis whose blocks of indices were dealt round robin.

    Parameters
    ----------
    global_size : int
        The global size of the axis.
    grid_size : int
        The number of processes along the axis.
    grid_rank : int
        The place of this process among them.
    start : int
        The first global index on this process, a multiple of `block_size`.
    block_size : int
        The length of a block.

    Examples
    --------
    >>> list(BlockCyclicMap(10, 2, 1, 2, 2).global_iter)
    [2, 3, 6, 7]
    """

    def __init__(
        self, global_size: int, grid_size: int, grid_rank: int, start: int, block_size: int
    ) -> None:
        if block_size < 1 or start % block_size:
            raise DistributionError(
                f"start: {start}; expected a multiple of the block_size, {block_size}"
            )
        super().__init__(global_size, grid_size, grid_rank, start, block_size)

    @property
    def dim_dict(self) -> dict[str, Any]:
        """The dimension dictionary."""
        return {**super().dim_dict, "block_size": self.block_size}


class UnstructuredMap(MapBase):
    """The map of an axis of which this process holds any indices, in any order.

    Parameters
    ----------
    global_size : int
        The global size of the axis.
    grid_size : int
        The number of processes along the axis.
    grid_rank : int
        The place of this process among them.
    indices : array of int
        The global indices on this process, in local order.
    one_to_one : bool, optional
        Whether no index is on two processes.

    Examples
    --------
    >>> m = UnstructuredMap(10, 2, 0, [7, 2, 4])
    >>> m.local_from_global_index(4), m.global_from_local_index(0)
    (2, 7)
    """

    dist = "u"

    def __init__(
        self,
        global_size: int,
        grid_size: int,
        grid_rank: int,
        indices: npt.ArrayLike,
        *,
        one_to_one: bool = False,
    ) -> None:
        super().__init__(global_size, grid_size, grid_rank)
        self.indices = np.asarray(indices)
        self.one_to_one = one_to_one
        self._indices = _core.Indices.from_array(self.indices)

    @property
    def dim_dict(self) -> dict[str, Any]:
        """The dimension dictionary."""
        dim_dict = {**self._common_keys(), "indices": self.indices}
        return dim_dict | {"one_to_one": True} if self.one_to_one else dim_dict


def map_from_dim_dict(dd: Mapping[str, Any]) -> MapBase:
    """Make the map that a dimension dictionary describes.

    Without the keys of the process grid, there is one process; a block is one index long unless
    the dictionary says more.

    Raises
    ------
    ValueError
        If the dictionary contradicts itself, or its type is unknown.

    Examples
    --------
    >>> list(map_from_dim_dict({"dist_type": "n", "size": 3}).global_iter)
    [0, 1, 2]
    """
    dist_type, size = dd["dist_type"], dd["size"]
    place = (size, dd.get("proc_grid_size", 1), dd.get("proc_grid_rank", 0))
    match dist_type:
        case "n":
            return BlockMap(*place, 0, size)
        case "b":
            padding, periodic = dd.get("padding", (0, 0)), dd.get("periodic", False)
            return BlockMap(*place, dd["start"], dd["stop"], padding=padding, periodic=periodic)
        case "c" if dd.get("block_size", 1) == 1:
            return CyclicMap(*place, dd["start"])
        case "c":
            return BlockCyclicMap(*place, dd["start"], dd["block_size"])
        case "u":
            return UnstructuredMap(*place, dd["indices"], one_to_one=dd.get("one_to_one", False))
        case _:
            raise DistributionError(f"dist_type: {dist_type!r} is not one of 'n', 'b', 'c', 'u'")


def _slice_of(selected: range, step: int | None) -> slice:
    """Return the slice with the elements of a range that isn't empty."""
    stop = selected[-1] + (1 if selected.step > 0 else -1)
    return slice(selected.start, stop if stop >= 0 else None, step)
