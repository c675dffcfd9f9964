"""The share of one process in the distribution of an array.

`Distribution` translates between local and global indices for the arrays of one process. It is
the product of one map per axis: `BlockMap`, `CyclicMap`, `BlockCyclicMap` or `UnstructuredMap`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Self

import numpy as np

from distarray import _core
from distarray.error import DistributionError
from distarray.localapi.axis_maps import (
    BlockCyclicMap,
    BlockMap,
    CyclicMap,
    MapBase,
    UnstructuredMap,
    map_from_dim_dict,
)
from distarray.localapi.construct import init_base_comm, init_comm
from distarray.localapi.error import NullCommError
from distarray.localapi.messaging.cartcomm import Cartcomm
from distarray.localapi.messaging.intracomm import COMM_NULL, Intracomm
from distarray.metadata_utils import (
    Dist,
    distribute_indices,
    make_grid_shape,
    normalize_dist,
    normalize_grid_shape,
)

__all__ = [
    "BlockCyclicMap",
    "BlockMap",
    "CyclicMap",
    "Distribution",
    "MapBase",
    "UnstructuredMap",
    "complete_dim_data",
    "map_from_dim_dict",
]


class Distribution:
    """What one process holds of an array.

    Every process of the communicator makes its own.

    Parameters
    ----------
    comm : communicator
        The processes that hold the array. One with another topology than the array's process grid
        is arranged in this grid.
    dim_data : sequence of dict
        The dimension dictionary of each axis, as in the Distributed Array Protocol.

    Raises
    ------
    NullCommError
        If this process has no place in the process grid.
    ValueError
        If a dictionary contradicts itself, or the place of this process in the grid.

    Examples
    --------
    >>> d = Distribution(None, ({"dist_type": "n", "size": 4}, {"dist_type": "n", "size": 3}))
    >>> d.global_shape, d.local_shape, d.dist
    ((4, 3), (4, 3), ('b', 'b'))
    """

    def __init__(self, comm: Any, dim_data: Iterable[Mapping[str, Any]]) -> None:
        dim_data = tuple(dim_data)
        self.maps = tuple(map_from_dim_dict(dim_dict) for dim_dict in dim_data)
        self.comm = _cartesian(comm, self.grid_shape)
        for axis, (dim_dict, place) in enumerate(zip(dim_data, self.cart_coords, strict=True)):
            if dim_dict.get("proc_grid_rank", place) != place:
                given = dim_dict["proc_grid_rank"]
                raise DistributionError(
                    f'axis {axis}: "proc_grid_rank" is {given}; expected {place}, the place of '
                    f"rank {self.comm_rank} in the process grid"
                )

    @classmethod
    def from_shape(
        cls,
        comm: Any,
        shape: Iterable[int],
        dist: Dist | None = None,
        grid_shape: Sequence[int] | None = None,
    ) -> Self:
        """Make the share of this process in an evenly distributed array.

        Parameters
        ----------
        comm : communicator
            The processes that hold the array.
        shape : tuple of int
            The global shape.
        dist : str, list, tuple or dict, optional
            The distribution type of each axis. By default, the first is cut into blocks.
        grid_shape : tuple of int, optional
            The number of processes along each axis. By default, chosen to fit the shape.

        Examples
        --------
        >>> Distribution.from_shape(None, (10, 3)).local_shape
        (10, 3)
        """
        sizes = tuple(operator.index(size) for size in shape)
        types = normalize_dist({0: "b"} if dist is None else dist, len(sizes))
        base = _checked(comm)
        if grid_shape is None:
            grid = make_grid_shape(sizes, types, base.Get_size())
        else:
            grid = normalize_grid_shape(grid_shape, sizes, types, base.Get_size())
        cart = _cartesian(base, grid)
        places = cart.Get_coords(cart.Get_rank())
        return cls(
            cart, [_even_dim_dict(*of) for of in zip(types, sizes, grid, places, strict=True)]
        )

    @classmethod
    def _from_core(cls, comm: Any, core: _core.Distribution, rank: int) -> Self:
        """Make the share of a rank in what the engines know as a distribution.

        `comm` has just the ranks of the distribution. It isn't talked to: all else is found when
        it is asked for.
        """
        self = object.__new__(cls)
        self.__dict__["_lazy"] = (comm, core, rank)
        return self

    @classmethod
    def _without_engines(cls, dim_data: Iterable[Mapping[str, Any]]) -> Self:
        """Make what is left of a share when it leaves its engine: all but the communicator."""
        self = object.__new__(cls)
        self.__dict__["maps"] = tuple(map_from_dim_dict(dim_dict) for dim_dict in dim_data)
        self.__dict__["comm"] = COMM_NULL
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self)._without_engines, (self.dim_data,))

    @property
    def core(self) -> _core.Distribution | None:
        """The whole distribution, where the engines know it; else None."""
        lazy = self.__dict__.get("_lazy")
        return None if lazy is None else lazy[1]

    @cached_property
    def maps(self) -> tuple[MapBase, ...]:
        """The map of each axis."""
        _, core, rank = self.__dict__["_lazy"]
        return tuple(map_from_dim_dict(dim_dict) for dim_dict in core.dim_data(rank))

    @cached_property
    def comm(self) -> Any:
        """The communicator of the processes that hold the array, arranged in the process grid."""
        comm, core, _ = self.__dict__["_lazy"]
        return _cartesian(comm, core.grid_shape)

    # ---- The process grid ----------------------------------------------------------------------

    @property
    def comm_size(self) -> int:
        """The number of processes that hold the array."""
        return int(self.comm.Get_size())

    @property
    def comm_rank(self) -> int:
        """The rank of this process."""
        return int(self.comm.Get_rank())

    @property
    def cart_coords(self) -> tuple[int, ...]:
        """The place of this process in the process grid."""
        return self.coords_from_rank(self.comm_rank)

    @cached_property
    def grid_shape(self) -> tuple[int, ...]:
        """The number of processes along each axis."""
        return tuple(axis.grid_size for axis in self.maps)

    def coords_from_rank(self, rank: int) -> tuple[int, ...]:
        """Return the place of a rank in the process grid."""
        return tuple(self.comm.Get_coords(rank))

    def rank_from_coords(self, coords: Sequence[int]) -> int:
        """Return the rank at a place of the process grid."""
        return int(self.comm.Get_cart_rank(coords))

    # ---- Shapes --------------------------------------------------------------------------------

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.maps)

    @property
    def dist(self) -> tuple[str, ...]:
        """The distribution type of each axis; an undistributed one is one block."""
        return tuple(axis.dist for axis in self.maps)

    @property
    def dim_data(self) -> tuple[dict[str, Any], ...]:
        """The dimension dictionary of each axis."""
        return tuple(axis.dim_dict for axis in self.maps)

    @cached_property
    def global_shape(self) -> tuple[int, ...]:
        """The shape of the whole array."""
        return tuple(axis.global_size for axis in self.maps)

    @property
    def global_size(self) -> int:
        """The number of elements of the whole array."""
        return math.prod(self.global_shape)

    @cached_property
    def local_shape(self) -> tuple[int, ...]:
        """The shape of what this process holds."""
        return tuple(axis.size for axis in self.maps)

    @property
    def local_size(self) -> int:
        """The number of elements that this process holds."""
        return math.prod(self.local_shape)

    # ---- Indices -------------------------------------------------------------------------------

    @property
    def global_slice(self) -> tuple[slice, ...]:
        """What this process holds of the whole array, as a slice for each axis.

        Raises
        ------
        ValueError
            If its indices along an axis are not equally spaced.
        """
        slices = []
        for axis, axis_map in enumerate(self.maps):
            if isinstance(axis_map, UnstructuredMap):
                raise DistributionError(f"axis {axis}: unstructured indices are not a slice")
            slices.append(axis_map.global_slice)  # type: ignore[attr-defined]
        return tuple(slices)

    def local_from_global(self, global_ind: Sequence[int]) -> tuple[int, ...]:
        """Return the local indices of an element of the whole array.

        Raises
        ------
        IndexError
            If it isn't on this process.
        """
        self._check_length(global_ind)
        pairs = zip(self.maps, global_ind, strict=True)
        return tuple(axis.local_from_global_index(index) for axis, index in pairs)

    def global_from_local(self, local_ind: Sequence[int]) -> tuple[int, ...]:
        """Return where in the whole array a local element is.

        Raises
        ------
        IndexError
            If there is no such local element.
        """
        self._check_length(local_ind)
        pairs = zip(self.maps, local_ind, strict=True)
        return tuple(axis.global_from_local_index(index) for axis, index in pairs)

    def _check_length(self, indices: Sequence[int]) -> None:
        if len(indices) != self.ndim:
            raise IndexError(f"{len(indices)} indices were given for {self.ndim} axes")

    def __getitem__(self, axis: int) -> MapBase:
        return self.maps[axis]

    def __len__(self) -> int:
        return len(self.maps)

    def __repr__(self) -> str:
        return (
            f"Distribution(global_shape={self.global_shape}, dist={self.dist}, "
            f"grid_shape={self.grid_shape}, local_shape={self.local_shape})"
        )


def complete_dim_data(
    dim_data: Sequence[Mapping[str, Any]], shape: Sequence[int]
) -> tuple[dict[str, Any], ...]:
    """Check dimension dictionaries against a buffer, and spell out all keys of empty ones.

    Parameters
    ----------
    dim_data : sequence of dict
        The dimension dictionary of each axis.
    shape : tuple of int
        The shape of the buffer that they describe.

    Raises
    ------
    ValueError
        If a dictionary is wrong or doesn't fit the buffer; the message names the axis and the key.

    Examples
    --------
    >>> complete_dim_data(({},), (3,))
    ({'dist_type': 'b', 'size': 3, 'proc_grid_size': 1, 'proc_grid_rank': 0, 'start': 0,
      'stop': 3, 'padding': [0, 0]},)
    """
    if len(dim_data) != len(shape):
        raise DistributionError(f"dim_data: {len(dim_data)} axes for a buffer of {len(shape)}")
    pairs = zip(dim_data, shape, strict=True)
    return tuple(_core.complete_dim_dict(axis, *pair) for axis, pair in enumerate(pairs))


def _even_dim_dict(dist_type: str, size: int, places: int, place: int) -> dict[str, Any]:
    even: dict[str, Any] = {
        "dist_type": "b" if dist_type == "u" else dist_type,
        "size": size,
        "proc_grid_size": places,
        "proc_grid_rank": place,
    }
    distribute_indices(even)
    if dist_type == "u":
        return even | {"dist_type": "u", "indices": np.arange(even["start"], even["stop"])}
    return even


def _checked(comm: Any) -> Any:
    """Return a communicator; whatever can be arranged in a grid is one."""
    return comm if hasattr(comm, "Get_coords") else init_base_comm(comm)


def _cartesian(comm: Any, grid_shape: Sequence[int]) -> Any:
    """Return the communicator as a grid of the given shape."""
    comm = _checked(comm)
    if comm and hasattr(comm, "Get_topo"):
        dims, periods, _ = comm.Get_topo()
        if tuple(dims) == tuple(grid_shape) and not any(periods):
            return comm
    if isinstance(comm, Intracomm) and comm and comm.Get_size() == math.prod(grid_shape):
        # The same ranks in the same order: nothing to agree on.
        return Cartcomm(comm.handle, grid_shape, [False] * len(grid_shape))
    if comm.Get_size() < math.prod(grid_shape):
        raise DistributionError(
            f"{comm.Get_size()} processes can't be arranged in a grid of {tuple(grid_shape)}"
        )
    cart = init_comm(comm, grid_shape)
    if not cart:
        raise NullCommError(
            f"rank {comm.Get_rank()} has no place in a process grid of {tuple(grid_shape)}"
        )
    return cart
