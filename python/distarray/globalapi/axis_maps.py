"""One-dimensional maps: which process along one axis holds which indices."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from distarray._core import AxisMap
from distarray.metadata_utils import positivify

DimDict = Mapping[str, Any]

# `MapBase.slice` hides the builtin in its class.
Slice = slice


class MapBase(ABC):
    """Base class of the maps of one axis.

    A map says which process along an axis to talk to about an index.

    Attributes
    ----------
    dist : str
        The distribution type.
    size : int
        The global size of the axis.
    grid_size : int
        The number of processes along the axis.
    """

    __slots__ = ("_core",)

    dist: ClassVar[str]
    _core: AxisMap

    @classmethod
    def _from_core(cls, core: AxisMap) -> Self:
        self = object.__new__(cls)
        self._core = core
        return self

    @classmethod
    def from_global_dim_dict(cls, glb_dim_dict: DimDict) -> Self:
        """Make a map from a global dimension dictionary.

        Raises
        ------
        ValueError
            If the dictionary is of another type, or not a good one.
        """
        cls._check_type(glb_dim_dict)
        return cls._from_core(AxisMap.from_global_dim_dict(glb_dim_dict))

    @classmethod
    def from_axis_dim_dicts(cls, axis_dim_dicts: Sequence[DimDict]) -> Self:
        """Make a map from the dimension dictionaries of all processes along the axis.

        Raises
        ------
        ValueError
            If a dictionary is of another type, or they contradict each other.
        """
        for dim_dict in axis_dim_dicts:
            cls._check_type(dim_dict)
        return cls._from_core(AxisMap.from_dim_dicts(list(axis_dim_dicts)))

    @classmethod
    def _check_type(cls, dim_dict: DimDict) -> None:
        if dim_dict["dist_type"] != cls.dist:
            raise ValueError(
                f"dist_type: {dim_dict['dist_type']!r} given to a map of type {cls.dist!r}"
            )

    @property
    def size(self) -> int:
        """The global size of the axis."""
        return self._core.size

    @property
    def grid_size(self) -> int:
        """The number of processes along the axis."""
        return self._core.grid_size

    @abstractmethod
    def index_owners(self, idx: int) -> list[int]:
        """Return the processes along the axis that may hold an index.

        Raises
        ------
        IndexError
            If the index is out of bounds.
        """

    def slice_owners(self, idx: Slice) -> list[int]:
        """Return the processes along the axis that hold something of a slice."""
        return self._core.slice(idx)[1]

    def slice(self, idx: Slice) -> MapBase:
        """Make the map of a slice: nothing moves, processes that hold nothing of it go."""
        return map_from_core(self._core.slice(idx)[0])

    def view(self, new_dimsize: int) -> MapBase:
        """Make the map of the same memory with another number of elements.

        Raises
        ------
        ValueError
            If an element of the new size would be on two processes.
        """
        return map_from_core(self._core.view(new_dimsize))

    def get_dimdicts(self) -> tuple[dict[str, Any], ...]:
        """Return the dimension dictionary of each process along the axis."""
        return tuple(self._core.dim_dicts())

    def is_compatible(self, other: object) -> bool:
        """Return whether arrays of both maps can be operated on together without moving data."""
        return isinstance(other, MapBase) and self._core.is_compatible(other._core)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, MapBase):
            return NotImplemented
        return self._core == other._core

    def __hash__(self) -> int:
        return hash((self.dist, self.size, self.grid_size))

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size}, grid_size={self.grid_size})"


class NoDistMap(MapBase):
    """The map of an axis that is not distributed.

    Parameters
    ----------
    size : int
        The size of the axis.
    grid_size : int
        The number of processes along it: 1.

    Examples
    --------
    >>> NoDistMap(10, 1).index_owners(3)
    [0]
    """

    __slots__ = ()

    dist = "n"

    def __init__(self, size: int, grid_size: int = 1) -> None:
        self._core = AxisMap.from_sizes(size, "n", grid_size)

    def index_owners(self, idx: int) -> list[int]:
        """Return the processes along the axis that hold an index: the only one."""
        return self._core.owners(positivify(idx, self.size))


class BlockMap(MapBase):
    """The map of an axis that is cut into contiguous pieces.

    Parameters
    ----------
    size : int
        The size of the axis.
    grid_size : int
        The number of processes along it.
    bounds : sequence, optional
        The (start, stop) of each piece, or where each piece begins with the size at the end.
        By default, the pieces are as long as each other, but for the last.
    comm_padding : int, optional
        The width of the padding between neighbours.
    boundary_padding : int, optional
        The width of the padding at both ends.

    Examples
    --------
    >>> BlockMap(10, 4).bounds
    [(0, 3), (3, 6), (6, 9), (9, 10)]
    >>> BlockMap(10, 4).index_owners(5)
    [1]
    >>> BlockMap(10, 4).slice(slice(2, 7)).bounds
    [(0, 1), (1, 4), (4, 5)]
    """

    __slots__ = ()

    dist = "b"

    def __init__(
        self,
        size: int,
        grid_size: int,
        bounds: Sequence[Any] | None = None,
        comm_padding: int | None = None,
        boundary_padding: int | None = None,
    ) -> None:
        if bounds is None:
            bounds = AxisMap.from_sizes(size, "b", grid_size).bounds
        edges = _edges(bounds)
        if len(edges) != grid_size + 1 or edges[-1] != size:
            raise ValueError(f"bounds: {bounds!r} do not cut {size} into {grid_size} pieces")
        self._core = AxisMap.block(edges, comm_padding or 0, boundary_padding or 0)

    @property
    def bounds(self) -> list[tuple[int, int]]:
        """The first index of each piece, and the one after its last."""
        return self._core.bounds

    @property
    def comm_padding(self) -> int | None:
        """The width of the padding between neighbours, None if it isn't the same everywhere."""
        return self._core.padding and self._core.padding[0]

    @property
    def boundary_padding(self) -> int | None:
        """The width of the padding at both ends, None if they differ."""
        return self._core.padding and self._core.padding[1]

    def index_owners(self, idx: int) -> list[int]:
        """Return the processes along the axis that hold an index: one."""
        return self._core.owners(positivify(idx, self.size))

    def __repr__(self) -> str:
        widths = {"comm_padding": self.comm_padding, "boundary_padding": self.boundary_padding}
        padding = "".join(f", {name}={width}" for name, width in widths.items() if width)
        bounds = f", bounds={self.bounds}"
        return f"BlockMap(size={self.size}, grid_size={self.grid_size}{bounds}{padding})"


class BlockCyclicMap(MapBase):
    """The map of an axis whose blocks of indices are dealt round robin.

    Parameters
    ----------
    size : int
        The size of the axis.
    grid_size : int
        The number of processes along it.
    block_size : int, optional
        The length of a block.

    Examples
    --------
    >>> [BlockCyclicMap(10, 2, 3).index_owners(i) for i in (0, 2, 3, 6)]
    [[0], [0], [1], [0]]
    """

    __slots__ = ()

    dist = "c"

    def __init__(self, size: int, grid_size: int, block_size: int = 1) -> None:
        self._core = AxisMap.block_cyclic(size, grid_size, block_size)

    @property
    def block_size(self) -> int:
        """The length of a block."""
        return self._core.block_size

    def index_owners(self, idx: int) -> list[int]:
        """Return the processes along the axis that hold an index: one."""
        return self._core.owners(positivify(idx, self.size))

    def __repr__(self) -> str:
        block_size = f", block_size={self.block_size}" if self.block_size > 1 else ""
        return f"BlockCyclicMap(size={self.size}, grid_size={self.grid_size}{block_size})"


CyclicMap = BlockCyclicMap


class UnstructuredMap(MapBase):
    """The map of an axis whose indices may be on any process, in any order.

    Parameters
    ----------
    size : int
        The size of the axis.
    grid_size : int
        The number of processes along it.
    indices : sequence of arrays of int, optional
        The indices on each process. By default, those that it would hold of a block map.

    Examples
    --------
    >>> m = UnstructuredMap(4, 2, [[3, 0], [1, 2]])
    >>> m.get_dimdicts()[0]["indices"]
    array([3, 0])
    >>> m.index_owners(0)
    [0, 1]
    """

    __slots__ = ()

    dist = "u"

    def __init__(
        self,
        size: int,
        grid_size: int,
        indices: Sequence[npt.ArrayLike] | None = None,
    ) -> None:
        if indices is None:
            self._core = AxisMap.from_sizes(size, "u", grid_size)
            return
        if len(indices) != grid_size:
            raise ValueError(f"indices: {len(indices)} pieces for {grid_size} processes")
        self._core = AxisMap.unstructured(size, list(indices))

    @property
    def indices(self) -> list[npt.NDArray[np.int64]]:
        """The indices on each process, in local order."""
        return [self._core.piece(place).to_array() for place in range(self.grid_size)]

    def index_owners(self, idx: int) -> list[int]:
        """Return the processes along the axis that may hold an index: all of them."""
        positivify(idx, self.size)
        return list(range(self.grid_size))


def _edges(bounds: Sequence[Any]) -> list[int]:
    """Return where each piece begins, with the size at the end."""
    if not len(bounds) or not isinstance(bounds[0], Sequence | np.ndarray):
        return [int(bound) for bound in bounds]
    pairs = [(int(start), int(stop)) for start, stop in bounds]
    starts, stops = [start for start, _ in pairs], [stop for _, stop in pairs]
    if starts[1:] != stops[:-1]:
        raise ValueError(f"bounds: {pairs} do not follow each other")
    return [*starts, stops[-1]]


_CLASSES: dict[str, type[MapBase]] = {
    cls.dist: cls for cls in (NoDistMap, BlockMap, BlockCyclicMap, UnstructuredMap)
}


def choose_map(dist_type: str) -> type[MapBase]:
    """Choose a map class by its distribution type.

    Raises
    ------
    ValueError
        If the type is unknown.

    Examples
    --------
    >>> choose_map("b").__name__
    'BlockMap'
    """
    if dist_type not in _CLASSES:
        raise ValueError(f"dist_type: {dist_type!r} is not one of 'n', 'b', 'c', 'u'")
    return _CLASSES[dist_type]


def map_from_core(core: AxisMap) -> MapBase:
    """Make a map of the class that fits."""
    return _CLASSES[core.dist]._from_core(core)


def map_from_global_dim_dict(global_dim_dict: DimDict) -> MapBase:
    """Make a map from a global dimension dictionary.

    Examples
    --------
    >>> map_from_global_dim_dict({"dist_type": "c", "size": 10, "proc_grid_size": 3})
    BlockCyclicMap(size=10, grid_size=3)
    """
    return choose_map(global_dim_dict["dist_type"]).from_global_dim_dict(global_dim_dict)


def map_from_sizes(size: int, dist_type: str, grid_size: int) -> MapBase:
    """Make an even map of a distribution type.

    Examples
    --------
    >>> map_from_sizes(10, "b", 2)
    BlockMap(size=10, grid_size=2, bounds=[(0, 5), (5, 10)])
    """
    choose_map(dist_type)
    return map_from_core(AxisMap.from_sizes(size, dist_type, grid_size))
