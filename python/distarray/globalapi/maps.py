"""Distributions of arrays, and the maps of their axes.

A `Distribution` says how the elements of an array lie over processes, whatever the array's data.
It is the product of one map per axis; each map keeps track of which process along its axis holds
which index. Arrays may share a distribution.

The maps are `NoDistMap`, `BlockMap`, `BlockCyclicMap` (also called `CyclicMap`) and
`UnstructuredMap`.
"""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from distarray import _core
from distarray._core import Distribution as Core
from distarray.error import DistributionError
from distarray.globalapi.axis_maps import (
    BlockCyclicMap,
    BlockMap,
    CyclicMap,
    MapBase,
    NoDistMap,
    UnstructuredMap,
    choose_map,
    map_from_core,
    map_from_global_dim_dict,
    map_from_sizes,
)
from distarray.metadata_utils import (
    Dist,
    join_letters,
    normalize_dist,
    normalize_reduction_axes,
)

__all__ = [
    "BlockCyclicMap",
    "BlockMap",
    "CyclicMap",
    "Distribution",
    "MapBase",
    "NoDistMap",
    "UnstructuredMap",
    "asdistribution",
    "choose_map",
    "global_flat_indices",
    "map_from_global_dim_dict",
    "map_from_sizes",
]

DimData = Sequence[Mapping[str, Any]]


class Distribution:
    """How the elements of an array lie over processes.

    Parameters
    ----------
    context : Context
        Whose engines hold the array.
    shape : tuple of int, or int
        The global shape.
    dist : str, list, tuple or dict, optional
        The distribution type of each axis: ``'b'`` for contiguous blocks, ``'c'`` for indices
        dealt round robin, ``'u'`` for unstructured, ``'n'`` for undistributed. Axes that are not
        mentioned are undistributed. By default, the first axis is cut into blocks.
    grid_shape : tuple of int, optional
        The number of processes along each axis. By default, chosen to fit the shape.
    targets : sequence of int, optional
        The engines to use; by default, all those of the context. The first that the process grid
        needs are taken, in ascending order.

    Attributes
    ----------
    context : Context
        Whose engines hold the array.

    Raises
    ------
    InvalidGridShapeError
        If the process grid is larger than there are engines.
    ValueError
        If another argument doesn't fit.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> context = SimpleNamespace(targets=[0, 1, 2, 3])
    >>> d = Distribution(context, (10, 10), dist=("b", "c"))
    >>> d
    Distribution(shape=(10, 10), dist=('b', 'c'), grid_shape=(2, 2), targets=[0, 1, 2, 3])
    >>> d.owning_ranks((7, 3))
    [3]
    >>> d.slice((slice(0, 4), 3)).localshapes()
    [(4,)]
    """

    context: Any
    _core: Core

    def __init__(
        self,
        context: Any,
        shape: int | Iterable[int],
        dist: Dist | None = None,
        grid_shape: Iterable[int] | None = None,
        targets: Iterable[int] | None = None,
    ) -> None:
        sizes = _sizes(shape)
        types = normalize_dist({0: "b"} if dist is None else dist, len(sizes))
        available = _choose_targets(context, targets)
        if targets is not None and len(available) > 1 and set(types) <= {"n"}:
            raise DistributionError(
                f"targets: an undistributed array is on 1 engine, not on {len(available)}"
            )
        grid = None if grid_shape is None else list(grid_shape)
        self.context = context
        self._core = Core.from_shape(sizes, join_letters(types), grid, available)

    @classmethod
    def _from_core(cls, context: Any, core: Core) -> Self:
        """Make a distribution of what the engines know as one, at no cost."""
        self = object.__new__(cls)
        self.context = context
        self._core = core
        return self

    @classmethod
    def from_maps(
        cls, context: Any, maps: Iterable[MapBase], targets: Iterable[int] | None = None
    ) -> Self:
        """Create a distribution from a map for each axis.

        Parameters
        ----------
        context : Context
            Whose engines hold the array.
        maps : sequence of MapBase
            One map per axis.
        targets : sequence of int, optional
            The engines to use; by default, all those of the context.
        """
        available = _choose_targets(context, targets)
        core = Core.from_maps([axis_map._core for axis_map in maps], available)
        return cls._from_core(context, core)

    @classmethod
    def from_dim_data_per_rank(
        cls,
        context: Any,
        dim_data_per_rank: Iterable[DimData],
        targets: Iterable[int] | None = None,
    ) -> Self:
        """Create a distribution from what each process says that it holds.

        Parameters
        ----------
        context : Context
            Whose engines hold the array.
        dim_data_per_rank : sequence of tuples of dict
            For each rank, the dimension dictionaries of the Distributed Array Protocol.
        targets : sequence of int, optional
            The engines to use; by default, all those of the context.

        Raises
        ------
        ValueError
            If the dictionaries are wrong or contradict each other; the message names the axis and
            the key.
        """
        ranks = [list(dim_data) for dim_data in dim_data_per_rank]
        available = _choose_targets(context, targets)
        core = Core.from_dim_data_per_rank(ranks, available)
        return cls._from_core(context, core)

    @classmethod
    def from_global_dim_data(
        cls,
        context: Any,
        global_dim_data: Iterable[Mapping[str, Any]],
        targets: Iterable[int] | None = None,
    ) -> Self:
        """Create a distribution from one global dimension dictionary per axis.

        Parameters
        ----------
        context : Context
            Whose engines hold the array.
        global_dim_data : tuple of dict
            A global dimension dictionary per axis, see the notes.
        targets : sequence of int, optional
            The engines to use; by default, all those of the context.

        Raises
        ------
        ValueError
            If a dictionary is wrong; the message names the axis and the key.

        Notes
        -----
        Each dictionary has a key ``dist_type``, which decides about the others:

        ``'b'``
            ``bounds``: at least two integers that ascend from 0 to the size of the axis; each
            process holds the indices between two neighbours. ``comm_padding`` and
            ``boundary_padding``, both optional: the width of the padding between neighbours and
            at the ends. ``periodic``, optional: whether the ends are neighbours.
        ``'c'``
            ``size``, ``proc_grid_size``: the number of processes along the axis, and optionally
            ``block_size``, the number of indices that are dealt at once.
        ``'u'``
            ``indices``: for each process an array of the indices that it holds. ``size``,
            optional: by default, how many indices there are.
        ``'n'``
            ``size``.

        Examples
        --------
        >>> from types import SimpleNamespace
        >>> context = SimpleNamespace(targets=[0, 1, 2, 3])
        >>> d = Distribution.from_global_dim_data(
        ...     context,
        ...     (
        ...         {"dist_type": "b", "bounds": [0, 2, 7]},
        ...         {"dist_type": "u", "indices": [[3, 0], [1, 2]]},
        ...     ),
        ... )
        >>> d.localshapes()
        [(2, 2), (2, 2), (5, 2), (5, 2)]
        """
        available = _choose_targets(context, targets)
        core = Core.from_global_dim_data(list(global_dim_data), available)
        return cls._from_core(context, core)

    # ---- Attributes ----------------------------------------------------------------------------

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """The global shape."""
        return self._core.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._core.ndim

    @property
    def global_size(self) -> int:
        """The number of elements."""
        return self._core.global_size

    @cached_property
    def dist(self) -> tuple[str, ...]:
        """The distribution type of each axis."""
        return self._core.dist

    @cached_property
    def grid_shape(self) -> tuple[int, ...]:
        """The number of processes along each axis."""
        return self._core.grid_shape

    @property
    def targets(self) -> list[int]:
        """The engine of each rank."""
        return self._core.targets

    @cached_property
    def maps(self) -> list[MapBase]:
        """The map of each axis."""
        return [map_from_core(core) for core in self._core.maps]

    @cached_property
    def rank_from_coords(self) -> npt.NDArray[np.int64]:
        """The rank at each place of the process grid."""
        return np.arange(math.prod(self.grid_shape), dtype=np.int64).reshape(self.grid_shape)

    @cached_property
    def comm(self) -> Any:
        """A proxy of the communicator of the engines that hold the array."""
        return self.context.make_subcomm(sorted(self.targets))

    @property
    def has_precise_index(self) -> bool:
        """Whether the owner of each index is known: no axis is unstructured."""
        return self._core.has_precise_index

    def __len__(self) -> int:
        return self._core.ndim

    def __getitem__(self, axis: int) -> MapBase:
        return self.maps[axis]

    def __iter__(self) -> Iterator[MapBase]:
        return iter(self.maps)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Distribution):
            return NotImplemented
        return self.context is other.context and self._core == other._core

    def __hash__(self) -> int:
        return hash((id(self.context), self.shape, self.dist, tuple(self.targets)))

    def __repr__(self) -> str:
        return (
            f"Distribution(shape={self.shape}, dist={self.dist}, "
            f"grid_shape={self.grid_shape}, targets={self.targets})"
        )

    # ---- Who holds what ------------------------------------------------------------------------

    def get_dim_data_per_rank(self) -> list[tuple[dict[str, Any], ...]]:
        """Return the dimension dictionaries of each rank."""
        return self._core.dim_data_per_rank()

    def localshapes(self) -> list[tuple[int, ...]]:
        """Return the shape of the local array of each rank."""
        return self._core.local_shapes()

    def owning_ranks(self, idxs: Sequence[int]) -> list[int]:
        """Return the ranks that may hold an element.

        Where an axis is unstructured, every process along it may.

        Parameters
        ----------
        idxs : tuple of int
            One index per axis.

        Raises
        ------
        IndexError
            If an index is out of bounds, or there isn't one for each axis.
        """
        if len(idxs) != self.ndim:
            raise IndexError(f"{len(idxs)} indices were given for {self.ndim} axes")
        places = [axis.index_owners(idx) for axis, idx in zip(self.maps, idxs, strict=True)]
        return [int(self.rank_from_coords[coords]) for coords in itertools.product(*places)]

    def owning_targets(self, idxs: Sequence[int]) -> list[int]:
        """Return the engines that may hold an element: the targets of `owning_ranks`."""
        targets = self.targets
        return [targets[rank] for rank in self.owning_ranks(idxs)]

    def is_compatible(self, o: object) -> bool:
        """Return whether arrays of both distributions can be operated on without moving data."""
        return (
            isinstance(o, Distribution)
            and self.context == o.context
            and self._core.is_compatible(o._core)
        )

    # ---- Other distributions -------------------------------------------------------------------

    def slice(self, index_tuple: Any) -> Distribution:
        """Make the distribution of what an index expression selects.

        Nothing moves: each process holds the selected part of what it holds now, and those that
        hold nothing of it go.

        Parameters
        ----------
        index_tuple : tuple of int, slice and Ellipsis
            What is written between the brackets.

        Raises
        ------
        IndexError
            If there are too many indices, or one is out of bounds.
        """
        index = tuple(index_tuple) if isinstance(index_tuple, list) else index_tuple
        return Distribution._from_core(self.context, self._core.slice(index)[0])

    def reduce(self, axes: int | Sequence[int] | None) -> Distribution:
        """Make the distribution of a reduction along axes.

        The result is on the processes that come first along these axes.
        """
        reduced = self._core.reduce(list(normalize_reduction_axes(axes, self.ndim)))
        return Distribution._from_core(self.context, reduced)

    def view(self, new_dimsize: int | None = None) -> Distribution:
        """Make the distribution of the same memory seen with another item size.

        Parameters
        ----------
        new_dimsize : int, optional
            The new size of the last axis.

        Raises
        ------
        ValueError
            If an element of the new size would be on two processes.
        """
        core = self._core if new_dimsize is None else self._core.view(new_dimsize)
        return Distribution._from_core(self.context, core)

    def get_redist_plan(self, other_dist: Distribution) -> list[dict[str, Any]]:
        """Return what each process sends to each other one to redistribute an array.

        Parameters
        ----------
        other_dist : Distribution
            How the array is to be distributed.

        Returns
        -------
        list of dict
            Keys are ``source_rank`` and ``dest_rank``, counted over the engines of both
            distributions in ascending order, and ``indices``. Between arrays of one shape, these
            are a (start, stop, step) per axis, or an array of indices where they are not equally
            spaced; between arrays of different shapes, (start, stop) intervals of the flattened
            array.

        Raises
        ------
        ValueError
            If the arrays have different numbers of elements.
        """
        return self._core.global_plan(other_dist._core)

    def comm_union(self, *dists: Distribution) -> tuple[Any, list[int]]:
        """Make a communicator of the engines of this distribution and of others.

        Returns
        -------
        Proxy
            The communicator.
        list of int
            The engines, in ascending order.
        """
        targets = sorted({*self.targets, *(target for dist in dists for target in dist.targets)})
        return self.context.make_subcomm(targets), targets


def asdistribution(
    context: Any,
    shape_or_dist: Distribution | int | Iterable[int],
    dist: Dist | None = None,
    grid_shape: Iterable[int] | None = None,
    targets: Iterable[int] | None = None,
) -> Distribution:
    """Return a distribution as it is, or make one of a shape.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> d = asdistribution(SimpleNamespace(targets=[0, 1]), 10)
    >>> d.localshapes()
    [(5,), (5,)]
    >>> asdistribution(d.context, d) is d
    True
    """
    if isinstance(shape_or_dist, Distribution):
        return shape_or_dist
    return Distribution(context, shape_or_dist, dist, grid_shape, targets)


def global_flat_indices(dim_data: Iterable[Mapping[str, Any]]) -> list[tuple[int, int]]:
    """Return the intervals of the flattened global array that make up a local array.

    Parameters
    ----------
    dim_data : tuple of dict
        The dimension dictionaries of the local array.

    Returns
    -------
    list of tuples of 2 int
        Start and stop of each interval, in ascending order.

    Examples
    --------
    >>> block = {"dist_type": "b", "size": 4, "start": 1, "stop": 3}
    >>> global_flat_indices(
    ...     ({"dist_type": "n", "size": 2}, block | {"proc_grid_rank": 1, "proc_grid_size": 2})
    ... )
    [(1, 3), (5, 7)]
    """
    return _core.flat_intervals(list(dim_data))


def _sizes(shape: Any) -> list[int]:
    """Return the sizes of a shape, which may be a single one."""
    try:
        return [operator.index(shape)]
    except TypeError:
        pass
    try:
        return [operator.index(size) for size in shape]
    except TypeError:
        raise TypeError(
            f"shape: expected an integer or a sequence of integers, not {shape!r}"
        ) from None


def _choose_targets(context: Any, targets: Iterable[int] | None) -> list[int]:
    """Return the engines to use, which must be the context's, in ascending order."""
    if targets is None:
        return list(context.targets)
    chosen = sorted(operator.index(target) for target in targets)
    unknown = sorted(set(chosen) - set(context.targets))
    if unknown:
        raise DistributionError(f"targets: engines {unknown} are not in the context")
    return chosen
