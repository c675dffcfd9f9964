"""NumPy in processes, each with its rows, which talk through MPI."""

from collections.abc import Callable
from typing import Any

import numpy as np
from mpi4py import MPI

from benchmarks.peers.peer import Peer
from benchmarks.workloads.workload import Array, Workload

WORLD = MPI.COMM_WORLD
RANK, SIZE = WORLD.rank, WORLD.size
TILE_ROWS = 16


def total(part: Any, operation: Any = MPI.SUM) -> Any:
    """Combine arrays of one shape over the ranks."""
    part = np.asarray(part, order="C")
    out = np.empty_like(part)
    WORLD.Allreduce(part, out, operation)
    return out


def reduction(a: Array, operation: str, axis: int | None) -> Any:
    """Reduce the rows of this rank, and combine them where the reduction goes over rows."""
    if operation in ("var", "std"):
        result = variance(a, axis)
        return np.sqrt(result) if operation == "std" else result
    if axis == 1:
        return getattr(a, operation)(axis=1)
    if operation == "max":
        return total(a.max(axis=axis), MPI.MAX)
    if operation == "argmax":
        return argmax(a, axis)
    result = total(a.sum(axis=axis))
    return result if operation == "sum" else result / count(a, axis)


def count(a: Array, axis: int | None) -> Any:
    """Return how many elements of the whole array a result is of."""
    rows = total(len(a))
    return rows if axis == 0 else rows * a.shape[1]


def variance(a: Array, axis: int | None) -> Any:
    """Return variances, in two passes; differences are of a few rows, and stay in the cache."""
    tiles = [a[start : start + TILE_ROWS] for start in range(0, len(a), TILE_ROWS)]
    if axis == 1:
        return np.concatenate([tile.var(axis=1) for tile in tiles])
    mean = reduction(a, "mean", axis)
    squares: Any = 0.0
    for tile in tiles:
        differences = tile - mean
        squares += np.multiply(differences, differences, out=differences).sum(axis=axis)
    return total(squares) / count(a, axis)


def argmax(a: Array, axis: int | None) -> Any:
    """Find where the greatest element is; rank 0's come first."""
    places = a.argmax(axis=axis)
    greatest = a.max(axis=axis) if axis is None else np.take_along_axis(a, places[None], 0)[0]
    first = WORLD.exscan(a.size if axis is None else len(a)) or 0
    every = np.empty((SIZE, *np.shape(greatest)))
    WORLD.Allgather(np.ascontiguousarray(greatest), every)
    everywhere = np.empty((SIZE, *np.shape(places)), dtype=np.int64)
    WORLD.Allgather(np.ascontiguousarray(places + first), everywhere)
    owner = every.argmax(axis=0)
    return np.take_along_axis(everywhere, owner[None], 0)[0]


def cumulative_sum(a: Array) -> Array:
    """Add what is before this rank's part to its own sums."""
    sums = np.cumsum(a)
    before = WORLD.exscan(float(sums[-1])) or 0.0
    if RANK:
        sums += before
    return sums


def jacobi(grid: Array, steps: int) -> Array:
    """Relax; before each step neighbours swap the rows at their edge."""
    above, below = int(RANK > 0), int(RANK < SIZE - 1)
    rows = len(grid)
    old = np.empty((above + rows + below, grid.shape[1]))
    old[above : above + rows] = grid
    new = old.copy()
    up = RANK - 1 if above else MPI.PROC_NULL
    down = RANK + 1 if below else MPI.PROC_NULL
    for _ in range(steps):
        WORLD.Sendrecv(old[above], up, recvbuf=old[-1], source=down)
        WORLD.Sendrecv(old[above + rows - 1], down, recvbuf=old[0], source=up)
        new[1:-1, 1:-1] = 0.25 * (old[:-2, 1:-1] + old[2:, 1:-1] + old[1:-1, :-2] + old[1:-1, 2:])
        old, new = new, old
    return old[above : above + rows]


def block_to_cyclic(a: Array) -> Array:
    """Send every rank its share of this rank's elements."""
    start = WORLD.exscan(a.size) or 0
    parts = [a[(rank - start) % SIZE :: SIZE] for rank in range(SIZE)]
    sizes = np.array([part.size for part in parts])
    arriving = np.array(WORLD.alltoall(sizes.tolist()))
    out = np.empty(int(arriving.sum()))
    WORLD.Alltoallv([np.concatenate(parts), sizes], [out, arriving])
    return out


class MpiNumPy(Peer):
    """NumPy on this rank's rows."""

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        if threads != SIZE:
            raise ValueError(f"{SIZE} ranks instead of {threads}")
        generator = np.random.default_rng([5, RANK])

        def share(length: int) -> int:
            return length * (RANK + 1) // SIZE - length * RANK // SIZE

        def pi(points: int) -> Any:
            x, y = generator.random(share(points)), generator.random(share(points))
            return 4 * total(np.count_nonzero(x * x + y * y <= 1)) / points

        self.written: dict[str, Callable[..., Any]] = {
            "squared-distance": lambda a, b, c: total(((a - b) ** 2).sum()),
            "total": lambda a, b: total(a.sum()),
            "reduction": reduction,
            "cumulative-sum": cumulative_sum,
            "jacobi": jacobi,
            "pi": pi,
            "normal": lambda numbers: generator.standard_normal(share(numbers)),
            "block-to-cyclic": block_to_cyclic,
        }

    def generic(self, workload: Workload) -> bool:
        """Tell whether each rank can work by itself."""
        return workload.elementwise

    def place(self, array: Array) -> Any:
        """Keep this rank's rows."""
        rows = len(array)
        return array[rows * RANK // SIZE : rows * (RANK + 1) // SIZE].copy()

    def synchronise(self) -> None:
        """Begin together."""
        WORLD.Barrier()

    def decide(self, choice: bool) -> bool:
        """Have all ranks do what rank 0 chooses: they work together, or wait for ever."""
        return bool(WORLD.bcast(choice))

    def gather(self, workload: Workload, value: Any) -> tuple[Array, ...] | None:
        """Return whole arrays on rank 0; what all ranks have is there already."""
        parts = value if isinstance(value, tuple) else (value,)
        if workload.kind == "block-to-cyclic":
            return self._gathered(parts[0])
        if self._is_split(workload):
            gathered = [WORLD.gather(part) for part in parts]
            return None if RANK else tuple(np.concatenate(pieces) for pieces in gathered)
        return None if RANK else tuple(np.asarray(part) for part in parts)

    @staticmethod
    def _is_split(workload: Workload) -> bool:
        split = "cumulative-sum", "jacobi", "normal"
        by_rows = workload.kind == "reduction" and workload.parameters["axis"] == 1
        return workload.elementwise or by_rows or workload.kind in split

    @staticmethod
    def _gathered(part: Array) -> tuple[Array, ...] | None:
        gathered = WORLD.gather(part)
        return None if RANK else tuple(gathered)


make = MpiNumPy
