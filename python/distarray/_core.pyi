"""The native core of DistArray."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, Self, final

import numpy as np
import numpy.typing as npt
from numpy.typing import DTypeLike, NDArray
from typing_extensions import Buffer

__all__ = [
    "Array",
    "Attendant",
    "AxisMap",
    "Communicator",
    "Distribution",
    "Endpoint",
    "Engine",
    "Engines",
    "Inbox",
    "Indices",
    "MemoryLimit",
    "NpyFile",
    "Op",
    "Passing",
    "__version__",
    "advance_progress",
    "align",
    "begin_progress",
    "begin_replacement",
    "begin_write_back",
    "check_communicator",
    "check_dim_data_per_rank",
    "check_dim_dict",
    "check_grid_shape_postconditions",
    "check_grid_shape_preconditions",
    "complete_dim_dict",
    "discard_replacement",
    "dnpy_header",
    "elementwise",
    "end_progress",
    "evaluate",
    "expect_progress",
    "finish_replacement",
    "flat_intervals",
    "in_process_group",
    "make_grid_shape",
    "memory_in_use",
    "multiplicative_partitions",
    "normalize_grid_shape",
    "npy_header",
    "operations",
    "predict_memory",
    "remove_folder",
    "scratch_directory",
    "serve",
    "start_progress",
    "stop_progress",
    "watch_progress",
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

def serve(endpoint: Endpoint, client: int, engines: Sequence[int]) -> None:
    """Work as one of the engines of `client` until the client ends."""

def check_communicator(communicator: Communicator) -> None:
    """Run the suite that every communicator passes, as one of its ranks; all of them call this."""

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
    def padding(self) -> tuple[int, int] | None:
        """The widths of the padding between neighbours and at the ends, None where they differ."""
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
    def with_targets(self, targets: Sequence[int]) -> Distribution:
        """Make the same layout over other engines, given by rank."""
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

@final
class Endpoint:
    """The end of the messages between processes that this process has."""

    MPI_FUNCTIONS: ClassVar[list[str]]
    GREETING: ClassVar[str]

    @staticmethod
    def over_mpi(
        addresses: Sequence[int],
        communicator: int,
        byte: int,
        any_source: int,
        rank: int,
        size: int,
        chunk_limit: int = 0,
    ) -> Endpoint:
        """Make the end of an MPI communicator that nobody else uses and that returns errors."""
    @property
    def rank(self) -> int:
        """The rank of this process."""
    @property
    def size(self) -> int:
        """The number of processes."""
    def group(self, number: int, ranks: Sequence[int]) -> Communicator:
        """Make a communicator of these ranks; each of them does, with a number used once."""
    def close(self, seconds: float) -> bool:
        """Wait until nothing is on its way, and send and receive nothing from then on."""

@final
class Inbox:
    """Where a carrier leaves the answers of engines."""

    def __new__(cls) -> Self: ...
    def arrived(self, sequence: int, engine: int, answer: Sequence[bytes]) -> None:
        """Take an engine's answer to the request of this number."""
    def failed(self, sequence: int, reason: str) -> None:
        """Note that the request of this number will not be answered, and why."""

@final
class Attendant:
    """An engine to which a carrier brings requests."""

    def __new__(cls, endpoint: Endpoint, number: int, ranks: Mapping[int, int]) -> Self: ...
    def attend(self, request: Sequence[bytes]) -> list[bytes] | None:
        """Carry out a request; return the answer, or None if there is to be none."""
    @property
    def is_calling(self) -> bool:
        """Whether a user's function is running."""
    @property
    def array_count(self) -> int:
        """The number of arrays that the engine keeps."""

@final
class Engines:
    """Engines: threads of this process, or other processes."""

    def __new__(cls, count: int) -> Self: ...
    @staticmethod
    def remote(endpoint: Endpoint, client: int, engines: Sequence[int]) -> Engines:
        """Return the engines that work for this process: the processes of these ranks."""
    @staticmethod
    def carried(carrier: Any, inbox: Inbox, count: int) -> Engines:
        """Return the engines, with numbers below `count`, to which a carrier takes commands."""
    @staticmethod
    def spmd(endpoint: Endpoint, is_checking: bool) -> Engines:
        """Return the engines that all processes of the endpoint are; each of them calls this."""
    def __len__(self) -> int:
        """Return the number of engines."""

    def once(self, function: Callable[[], bytes]) -> bytes:
        """Call a function in one of the processes that run the program; return what it gave."""
    def set_time_limit(self, seconds: float | None) -> None:
        """Set for how long an engine in another process may give no sign of life."""
    def array_counts(self) -> list[int]:
        """Return the number of arrays that each engine keeps."""

    def call(self, targets: Sequence[int], function: Callable[[Engine], Any]) -> list[Any]:
        """Call `function(engine)` on the engines `targets` at once; the results in that order."""

    def free(self, id: int, targets: Sequence[int]) -> None:
        """Have engines forget what functions left on them under the name `id`."""

    def close(self) -> None:
        """Ask functions on engines to stop, and call no more: the interpreter is about to end."""

    def ensure(self, count: int) -> None:
        """See to it that there are at least `count` engines."""

    @property
    def inline_bytes(self) -> int:
        """Up to how many bytes per engine the caller's thread works for all engines."""

    def set_inline_bytes(self, count: int) -> None:
        """Set up to how many bytes per engine the caller's thread works for all engines."""

    def new_array_id(self) -> int:
        """Return a name for arrays that functions leave on the engines."""

@final
class Engine:
    """One engine, as a function that runs on it sees it."""

    @property
    def number(self) -> int:
        """The number of the engine."""

    @property
    def is_thread(self) -> bool:
        """Whether the engine is a thread of the process that has the engines."""

    @property
    def participants(self) -> list[int]:
        """The engines that call the function, in the order of the communicator's ranks."""

    @property
    def communicator(self) -> Communicator:
        """The communicator over these engines."""

    def piece(self, id: int, distribution: Distribution) -> tuple[int, NDArray[Any], bool] | None:
        """Return this engine's piece, (rank, ndarray, whether it is a view), or None."""

    def write_back(self, id: int, values: NDArray[Any]) -> None:
        """Write an ndarray back into this engine's piece of an array."""

    def keep(self, id: int, ndarray: NDArray[Any]) -> None:
        """Keep an ndarray on this engine under the name `id`, without copying it."""

    def keep_outside(
        self,
        id: int,
        distribution: Distribution,
        dtype: DTypeLike,
        transfer: Callable[[Any], None],
        unit: Sequence[int],
        part_bytes: int,
        is_sink: bool = False,
    ) -> None:
        """Keep a piece under the name `id` whose elements are outside.

        `transfer((axes, values))` brings those with the indices `axes` into an ndarray; or takes
        them there, if it `is_sink`. `unit` says what is best brought at once, along each axis, and
        `part_bytes` about how much.
        """

    def place(self, id: int, distribution: Distribution) -> None:
        """Give the piece kept under the name `id` its place in a distribution."""

@final
class MemoryLimit:
    """A limit on the memory of this process, in force until it is lifted or the object is gone."""

    def __new__(cls, limit: int) -> Self: ...
    @staticmethod
    def in_force() -> int | None:
        """Return the least of all limits that hold in this process, in bytes."""

    def lift(self) -> None:
        """End the limit. Doing so twice is harmless."""

def memory_in_use() -> tuple[int, int]:
    """Return the bytes that large arrays of this process take: of memory, and of scratch files."""

def predict_memory(pieces: Sequence[int]) -> tuple[int, int]:
    """Return what new arrays will come to: the most memory of the process, and scratch files."""

def scratch_directory() -> Path:
    """Return the directory of scratch files."""

@final
class NpyFile:
    """An array in a file, in npy format or elsewhere where its elements follow each other."""

    def __new__(cls, path: str | PathLike[str], base: int = 0) -> Self: ...
    @staticmethod
    def raw(
        path: str | PathLike[str],
        dtype: DTypeLike,
        shape: Sequence[int],
        offset: int,
        fortran_order: bool = False,
    ) -> NpyFile:
        """Return the elements that lie in a file from an offset on."""

    @staticmethod
    def create(path: str | PathLike[str], dtype: DTypeLike, shape: Sequence[int]) -> NpyFile:
        """Make a file in npy format for an array, in C order. Its elements are zero."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the array."""

    @property
    def offset(self) -> int:
        """Where in the file the first element begins."""

    @property
    def fortran_order(self) -> bool:
        """Whether the first axis is the fastest."""

    def open(
        self, engines: Engines, distribution: Distribution, is_writable: bool = False
    ) -> Array:
        """Make an array of this layout whose elements stay in the file."""

    def read(self, axes: Sequence[Indices], values: NDArray[Any]) -> None:
        """Read the elements with these indices along the axes into a NumPy array."""

    def write(self, axes: Sequence[Indices], values: NDArray[Any]) -> None:
        """Write the elements with these indices along the axes to the disk."""

    def load(self, engines: Engines, distribution: Distribution) -> Array:
        """Make an array of this layout; each engine reads its own part."""

def npy_header(beginning: bytes, len: int) -> tuple[np.dtype[Any], tuple[int, ...], bool, int]:
    """Return dtype, shape, whether Fortran's order, and where the elements begin."""

def dnpy_header(text: bytes) -> tuple[str, tuple[dict[str, Any], ...]]:
    """Return the version of the protocol, and a dictionary for each axis."""

def begin_replacement(path: str | PathLike[str], is_new: bool = False) -> str:
    """Make an empty file that is to take the place of another; return its name."""

def finish_replacement(
    temporary: str | PathLike[str], path: str | PathLike[str], is_new: bool = False
) -> None:
    """Give such a file its name."""

def discard_replacement(temporary: str | PathLike[str]) -> None:
    """Remove such a file."""

def begin_write_back(paths: Sequence[str | PathLike[str]]) -> None:
    """Have the system begin to write files to the disk, so that to sync them takes less."""

def remove_folder(folder: str | PathLike[str]) -> None:
    """Remove a folder with all that is in it."""

@final
class Op:
    """An elementwise operation of the kernels."""

    @property
    def name(self) -> str:
        """The name, as NumPy's ufunc."""

    @property
    def arity(self) -> int:
        """The number of operands."""

    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...

def operations() -> list[Op]:
    """Every operation of the kernels."""

def align(
    operands: tuple[Array | NDArray[Any], ...], *, communication: int = 0
) -> tuple[Distribution, list[Array]]:
    """Bring arrays and ndarrays to one layout, so that their pieces broadcast on every engine.

    Returns that layout and the arrays.
    """

def elementwise(
    op: Op,
    operands: tuple[Any, ...],
    communication: int = 0,
    later: str | None = None,
    *,
    out: Array | None = None,
    mask: Array | NDArray[Any] | bool | None = None,
    loop_dtypes: Sequence[DTypeLike] | None = None,
    dtype: DTypeLike | None = None,
) -> tuple[Array, int]:
    """Apply an operation to arrays, ndarrays and numbers.

    Returns the array and the floating-point exceptions that were met, as bits: 1 divide by
    zero, 2 overflow, 4 underflow, 8 invalid. `loop_dtypes` names the loop where promotion is not
    to choose; `dtype` is that of the result where it is not the loop's. With `later`, the
    operation may be carried out later; that is the name to report exceptions by.
    """

def evaluate(arrays: Sequence[Array]) -> None:
    """Compute the elements of arrays; those of one layout in one pass."""

@final
class Passing:
    """As long as it lives, an array counts as one that nobody will ask for."""

@final
class Array:
    """The handle of a distributed array."""

    @staticmethod
    def random(
        engines: Engines,
        distribution: Distribution,
        dtype: DTypeLike,
        kind: str,
        key: Sequence[int],
        parameters: Any,
        *,
        deferred: bool = False,
    ) -> Array:
        """Make an array of random numbers: "uniform", "normal" or "integers"; maybe later."""

    @staticmethod
    def create(
        engines: Engines,
        distribution: Distribution,
        dtype: DTypeLike,
        item: NDArray[Any] | None = None,
        *,
        deferred: bool = False,
    ) -> Array:
        """Make a new array: `item` is a 0-d ndarray of the dtype, or None for unset elements.

        With `deferred`, it is made when somebody needs it.
        """

    @staticmethod
    def from_numpy(
        engines: Engines, distribution: Distribution, values: NDArray[Any], dtype: DTypeLike
    ) -> Array:
        """Make a new array with the elements of an ndarray, cast to `dtype`."""

    @staticmethod
    def adopt(
        engines: Engines,
        id: int,
        distribution: Distribution,
        dtype: DTypeLike,
        base: Array | None = None,
        *,
        part_bytes: int | None = None,
    ) -> Array:
        """Make the handle of pieces that functions leave on the engines under the name `id`.

        `base` is the array whose memory they share, if they do. `part_bytes` says that the elements
        are outside of the engines' memory, and in parts of which size large pieces are read.
        """

    @staticmethod
    def affine(
        engines: Engines,
        distribution: Distribution,
        dtype: DTypeLike,
        start: NDArray[Any],
        step: NDArray[Any],
    ) -> Array:
        """`start + step * index` along one axis; `start` and `step` are 0-d ndarrays."""

    @staticmethod
    def eye(engines: Engines, distribution: Distribution, dtype: DTypeLike, diagonal: int) -> Array:
        """Ones on a diagonal, zeros elsewhere."""

    @staticmethod
    def index_grid(
        engines: Engines, distribution: Distribution, dtype: DTypeLike, axis: int
    ) -> Array:
        """Make an array of the global index along `axis`, everywhere."""

    @property
    def id(self) -> int:
        """The name on the engines."""

    @property
    def is_pending(self) -> bool:
        """Whether the elements are still to be computed."""

    @property
    def is_outside(self) -> bool:
        """Whether the elements are outside, or still to be computed from such."""

    def explain(self) -> dict[str, Any]:
        """Return what evaluating the array will do."""

    def passing(self, handles: int) -> Passing:
        """Say that so many handles go soon: until the result is dropped, nobody will ask for it."""

    def expose(self) -> None:
        """Say that somebody has a view of a piece, through which elements may change."""

    @property
    def distribution(self) -> Distribution:
        """The layout."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The global shape."""

    @property
    def ndim(self) -> int:
        """The number of axes."""

    @property
    def size(self) -> int:
        """The number of elements."""

    def to_numpy(self) -> NDArray[Any]:
        """Return a new ndarray with all elements."""

    def read_into(self, values: NDArray[Any]) -> None:
        """Copy all elements into an ndarray of the same shape and dtype."""

    def fill(self, item: NDArray[Any]) -> None:
        """Set every element; `item` is a 0-d ndarray."""

    def assign_numpy(self, values: NDArray[Any]) -> None:
        """Set every element to that of an ndarray that broadcasts."""

    def assign(self, value: Array, communication: int, passing: bool = False) -> None:
        """Set every element to that of an array that broadcasts.

        `passing` says that nobody will ask for `value` again.
        """

    def __getitem__(self, index: Any, /) -> Any:
        """Return the element or the view that an index expression selects."""

    def view_at(self, index: Any) -> Array:
        """Return the view that an index expression selects, also where it selects one element."""

    def transpose(self, order: Sequence[int]) -> Array:
        """Return a view with its axes in another order."""

    def view(self, dtype: DTypeLike) -> Array:
        """Return a view of the same memory as another dtype."""

    def frozen(self) -> Array:
        """Return a view of the same memory that can't be written to."""

    def astype(self, dtype: DTypeLike, *, deferred: bool = False) -> Array:
        """Return a copy in the same layout, cast; `deferred`: made when somebody needs it."""

    def redistribute(self, distribution: Distribution) -> Array:
        """Return a copy in another layout."""

    def save_npy(self, path: str | PathLike[str], descr: str | None = None) -> None:
        """Save as one file in npy format, which every engine writes a part of.

        `descr` describes the dtype there, if it has no description of its own.
        """

    def write_at(self, path: str | PathLike[str], offset: int) -> None:
        """Write the elements to a file that exists, in C order from an offset on."""

    def accumulate(
        self, kind: str, axis: int | None, dtype: DTypeLike, communication: int = 0
    ) -> Array:
        """Accumulate along an axis, or along all elements in C order."""
    def dot(self, other: Array, is_conjugated: bool = False, communication: int = 0) -> Array:
        """Return the exact sum of the products of elements of two arrays of one shape and dtype."""
    def reduce(
        self,
        kind: str,
        axes: Sequence[int],
        *,
        keepdims: bool = False,
        dtype: DTypeLike | None = None,
        mask: Array | None = None,
        ddof: float = 0.0,
        initial: NDArray[Any] | None = None,
        communication: int = 0,
        passing: bool = False,
    ) -> tuple[Array, int]:
        """Reduce along axes; also the floating-point exceptions that were met, as bits.

        `passing` says that nobody will ask for the elements again.
        """

def begin_progress() -> bool:
    """Say that work begins which is several commands; whether it is no part of other work."""

def end_progress() -> None:
    """Say that the work is over which `begin_progress` said to begin."""

def expect_progress(count: int) -> None:
    """Say that so much is to be done."""

def advance_progress(count: int) -> None:
    """Say that so much was done."""

def start_progress() -> None:
    """Say that a thread is about to wait in `watch_progress`, until `stop_progress`."""

def watch_progress(is_shown: bool, delay: float) -> tuple[float, int, int] | None:
    """Wait until work has lasted `delay` seconds.

    Gives how long it has lasted, how much was done and how much there is to do, 0 if that isn't
    known; then, if a bar `is_shown`, the same a moment later, or None when the work is over.
    """

def stop_progress() -> None:
    """Have nobody wait in `watch_progress` any more."""
