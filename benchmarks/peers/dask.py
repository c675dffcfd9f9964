"""dask.array on threads. Results stay in chunks, as DistArray's stay in pieces."""

from typing import Any

import dask
import dask.array as da
import numpy as np

from benchmarks.peers.peer import Peer
from benchmarks.workloads.workload import Array, Workload

#: Elements of a chunk, which is larger than a core's cache: a task costs 100 us or more.
CHUNK = 1 << 20


def jacobi(grid: Any, steps: int) -> Any:
    """Relax; each chunk gets a row and a column of its neighbours."""

    def step(block: Array) -> Array:
        new = block.copy()
        new[1:-1, 1:-1] = 0.25 * (
            block[:-2, 1:-1] + block[2:, 1:-1] + block[1:-1, :-2] + block[1:-1, 2:]
        )
        return new

    for _ in range(steps):
        grid = da.map_overlap(step, grid, depth=1, boundary="none", dtype=grid.dtype)
    return grid


class Dask(Peer):
    """dask.array with its scheduler of threads."""

    namespace = da

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        dask.config.set(scheduler="threads", num_workers=threads)
        generator = da.random.default_rng(3)

        def pi(points: int) -> Any:
            x, y = generator.random(points, chunks=CHUNK), generator.random(points, chunks=CHUNK)
            return 4 * (x * x + y * y <= 1).mean()

        def normal(numbers: int) -> Any:
            return generator.standard_normal(numbers, chunks=CHUNK)

        self.written = {
            "pi": pi,
            "normal": normal,
            "jacobi": jacobi,
            "cumulative-sum": da.cumsum,
            "copy": lambda a: a.map_blocks(np.copy),
        }

    def generic(self, workload: Workload) -> bool:
        """Tell whether NumPy's way is dask's: there are no cyclic layouts, and no assignments."""
        return workload.kind not in ("block-to-cyclic", "assign")

    def place(self, array: Array) -> Any:
        """Cut an array into chunks."""
        return da.from_array(array, chunks=self._chunks(array), name=False)

    @staticmethod
    def _chunks(array: Array) -> tuple[int, ...]:
        rows = max(1, CHUNK // max(1, array[0].size))
        return (min(rows, len(array)), *array.shape[1:])

    def finish(self, value: Any) -> Any:
        """Compute, in one graph."""
        values = value if isinstance(value, tuple) else (value,)
        return dask.persist(*values)

    def gather(self, workload: Workload, value: Any) -> tuple[Array, ...]:
        """Return NumPy arrays."""
        return tuple(np.asarray(part.compute()) for part in value)


make = Dask
