"""The native core of DistArray."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, final

import numpy as np
import numpy.typing as npt
from typing_extensions import Buffer

__all__ = [
    "AxisMap",
    "Communicator",
    "Distribution",
    "Indices",
    "__version__",
    "check_dim_data_per_rank",
    "check_dim_dict",
    "check_grid_shape_postconditions",
    "check_grid_shape_preconditions",
    "complete_dim_dict",
    "flat_intervals",
    "in_process_group",
    "make_grid_shape",
    "multiplicative_partitions",
    "normalize_grid_shape",
]

__version__: str

@final
class Communicator:
    """One rank's view of a group of ranks that exchange bytes."""

    @property
    def rank(self) -> int:
        """The number of this rank, from 0."""
    @property
    def size(self) -> int:
        """The number of ranks."""
    @property
    def is_shared(self) -> bool:
        """Whether the ranks are threads of one process, so that share works."""
    def send(self, dest: int, tag: int, data: Buffer) -> None:
        """Send bytes to a rank, without waiting for it."""
    def recv(self, source: int | None = None, tag: int | None = None) -> tuple[int, int, bytes]:
        """Wait for bytes from a rank (None: any) with a tag (None: any)."""
    def probe(
        self, source: int | None = None, tag: int | None = None
    ) -> tuple[int, int, int] | None:
        """Source, tag and length of a message that recv would return at once, else None."""
    def barrier(self) -> None:
        """Wait until every rank has come."""
    def broadcast(self, root: int, data: Buffer | None = None) -> bytes:
        """Give everybody the bytes of the root."""
    def gather(self, root: int, data: Buffer) -> list[bytes] | None:
        """Give the root everybody's bytes, in rank order."""
    def scatter(self, root: int, parts: Sequence[Buffer] | None = None) -> bytes:
        """Give each rank its part of what the root has."""
    def all_gather(self, data: Buffer) -> list[bytes]:
        """Give everybody everybody's bytes, in rank order."""
    def all_to_all(self, parts: Sequence[Buffer]) -> list[bytes]:
        """Send a part to each rank; return what each sent here, in rank order."""
    def split(self, color: int | None, key: int = 0) -> Communicator | None:
        """Make a communicator for each color, of the ranks that gave it, ordered by key."""
    def share(self, item: Any) -> list[Any]:
        """Return everybody's object itself, in rank order: for threads of one process."""
    def abort(self, reason: str) -> None:
        """Release every rank that waits, or will wait, on the whole group."""
    def reset(self) -> None:
        """Make an aborted group usable again; no rank may be in a call."""

def in_process_group(size: int) -> list[Communicator]:
    """Make a group, and give the communicators of its ranks, which are threads of this process."""

@final
class Indices:
    """The global indices that a process holds of an axis, in local order."""

    @staticmethod
    def strided(start: int, step: int, len: int) -> Indices:
        """Make equally spaced indices."""
    @staticmethod
    def dealt(size: int, grid_size: int, start: int, block_size: int) -> Indices:
        """Make the indices from start on of blocks that are dealt round robin."""
    @staticmethod
    def from_array(indices: npt.ArrayLike) -> Indices:
        """Make any indices."""
    def __len__(self) -> int: ...
    def __getitem__(self, position: int, /) -> int: ...
    def __iter__(self) -> Iterator[int]: ...
    def position(self, index: int) -> int:
        """Return the local position of a global index."""
    def to_array(self) -> npt.NDArray[np.int64]:
        """Return the indices as a new NumPy array."""
    def as_range(self) -> tuple[int, int, int] | None:
        """Start, stop and step when the indices are equally spaced, else None."""

@final
class AxisMap:
    """The map of one axis: which place along it holds which indices."""

    @staticmethod
    def from_sizes(size: int, dist_type: str, grid_size: int) -> AxisMap:
        """Make an even map of a distribution type."""
    @staticmethod
    def block(
        bounds: Sequence[int],
        comm_padding: int = 0,
        boundary_padding: int = 0,
        periodic: bool = False,
    ) -> AxisMap:
        """Make contiguous pieces that begin at the bounds; the last bound is the size."""
    @staticmethod
    def block_cyclic(size: int, grid_size: int, block_size: int) -> AxisMap:
        """Make blocks of indices dealt round robin."""
    @staticmethod
    def unstructured(size: int, pieces: Sequence[npt.ArrayLike]) -> AxisMap:
        """Make any indices on any place."""
    @staticmethod
    def from_dim_dicts(dim_dicts: Sequence[Mapping[str, Any]], axis: int = 0) -> AxisMap:
        """Make the map that the dimension dictionaries of all places describe."""
    @staticmethod
    def from_global_dim_dict(dim_dict: Mapping[str, Any], axis: int = 0) -> AxisMap:
        """Make the map that a global dimension dictionary describes."""
    @property
    def dist(self) -> str:
        """The distribution type."""
    @property
    def size(self) -> int:
        """The global size."""
    @property
    def grid_size(self) -> int:
        """The number of places."""
    @property
    def bounds(self) -> list[tuple[int, int]]:
        """The first index of each contiguous piece and the index after its last."""
    @property
    def padding(self) -> tuple[int, int]:
        """The widths of the padding between neighbours and at the ends."""
    @property
    def periodic(self) -> bool:
        """Whether the ends are neighbours."""
    @property
    def block_size(self) -> int:
        """The length of a block of those dealt round robin."""
    def piece(self, place: int) -> Indices:
        """Return the indices that a place holds."""
    def owners(self, index: int) -> list[int]:
        """Return the places that hold an index."""
    def slice(self, index: slice) -> tuple[AxisMap, list[int]]:
        """Return the map of a slice, and the old place of each new one."""
    def view(self, new_size: int) -> AxisMap:
        """Return the map of the same memory with another number of elements."""
    def is_compatible(self, other: AxisMap) -> bool:
        """Whether arrays of two maps can be operated on together without moving data."""
    def dim_dicts(self) -> list[dict[str, Any]]:
        """Return the dimension dictionary of each place."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

@final
class Distribution:
    """How the elements of an array lie over engines: one map per axis."""

    @staticmethod
    def from_shape(
        shape: Sequence[int],
        dist: str,
        grid_shape: Sequence[int] | None,
        targets: Sequence[int],
    ) -> Distribution:
        """Make the distribution of a shape, over the first of the targets."""
    @staticmethod
    def from_maps(maps: Sequence[AxisMap], targets: Sequence[int]) -> Distribution:
        """Make the product of maps, over the first of the targets."""
    @staticmethod
    def from_dim_data_per_rank(
        dim_data_per_rank: Sequence[Sequence[Mapping[str, Any]]], targets: Sequence[int]
    ) -> Distribution:
        """Make the distribution that the dimension dictionaries of all ranks describe."""
    @staticmethod
    def from_global_dim_data(
        global_dim_data: Sequence[Mapping[str, Any]], targets: Sequence[int]
    ) -> Distribution:
        """Make the distribution that global dimension dictionaries, one per axis, describe."""
    @property
    def shape(self) -> tuple[int, ...]:
        """The global shape."""
    @property
    def grid_shape(self) -> tuple[int, ...]:
        """The shape of the process grid."""
    @property
    def dist(self) -> tuple[str, ...]:
        """The distribution type of each axis."""
    @property
    def targets(self) -> list[int]:
        """The engine of each rank."""
    @property
    def maps(self) -> list[AxisMap]:
        """The map of each axis."""
    @property
    def ndim(self) -> int:
        """The number of axes."""
    @property
    def global_size(self) -> int:
        """The number of elements."""
    @property
    def has_precise_index(self) -> bool:
        """Whether no axis is unstructured."""
    def local_shapes(self) -> list[tuple[int, ...]]:
        """Return the shape of each rank's piece."""
    def piece(self, rank: int, axis: int) -> Indices:
        """Return the indices of a rank's piece along an axis."""
    def coordinates(self, rank: int) -> tuple[int, ...]:
        """Return the place of a rank in the process grid."""
    def dim_data(self, rank: int) -> tuple[dict[str, Any], ...]:
        """Return the dimension dictionaries of a rank."""
    def dim_data_per_rank(self) -> list[tuple[dict[str, Any], ...]]:
        """Return the dimension dictionaries of each rank."""
    def slice(self, index: Any) -> tuple[Distribution, list[int]]:
        """Return the distribution of what an index selects, and the old rank of each new one."""
    def reduce(self, axes: Sequence[int], keepdims: bool = False) -> Distribution:
        """Return the distribution of a reduction along axes."""
    def view(self, new_size: int) -> Distribution:
        """Return the distribution of the same memory with another last size."""
    def is_compatible(self, other: Distribution) -> bool:
        """Whether arrays of two distributions can be operated on together without moving data."""
    def global_plan(self, other: Distribution) -> list[dict[str, Any]]:
        """Return what each engine sends to each other one to redistribute an array."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

def check_dim_dict(axis: int, dim_dict: Mapping[str, Any], extent: int | None = None) -> None:
    """Check a dimension dictionary by the rules of the Distributed Array Protocol."""

def check_dim_data_per_rank(dim_data_per_rank: Sequence[Sequence[Mapping[str, Any]]]) -> None:
    """Check the dimension dictionaries of all ranks, by themselves and against each other."""

def complete_dim_dict(
    axis: int, dim_dict: Mapping[str, Any], extent: int | None = None
) -> dict[str, Any]:
    """Spell out every key of a dimension dictionary."""

def flat_intervals(dim_data: Sequence[Mapping[str, Any]]) -> list[tuple[int, int]]:
    """Return the intervals of the flattened array that dimension dictionaries describe."""

def make_grid_shape(shape: Sequence[int], dist: str, comm_size: int) -> tuple[int, ...]:
    """Make the shape of the process grid for an array."""

def check_grid_shape_preconditions(shape: Sequence[int], dist: str, comm_size: int) -> None:
    """Check the arguments for a grid shape."""

def check_grid_shape_postconditions(
    grid_shape: Sequence[int], shape: Sequence[int], dist: str, comm_size: int
) -> None:
    """Check that a grid fits an array."""

def normalize_grid_shape(grid_shape: Sequence[int], dist: str, comm_size: int) -> tuple[int, ...]:
    """Fill a grid shape with ones and check that it fits."""

def multiplicative_partitions(number: int, parts: int, smallest: int = 1) -> list[tuple[int, ...]]:
    """Return the ascending tuples of factors whose product is a number."""
