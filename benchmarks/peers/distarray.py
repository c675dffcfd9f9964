"""DistArray, as its users write it: NumPy with the import changed."""

import time
from collections.abc import Callable
from typing import Any

import distarray as da
from benchmarks.peers.peer import Peer
from benchmarks.workloads.workload import Array, Workload


def evaluated(*values: Any) -> None:
    """Nothing is pending where every operation is done at once."""


#: Computes what is pending, in versions that defer work.
evaluate: Callable[..., Any] = getattr(da, "evaluate", evaluated)


#: Memory from this size on is kept for a while, and then given back by a thread; in bytes, seconds.
POOLED, KEPT = 1 << 20, 0.6


class DistArray(Peer):
    """DistArray on the default context, whose engines the environment counts."""

    namespace = da

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        if da.default_context().nengines != threads:
            raise ValueError(f"the default context doesn't have {threads} engines")
        self.written = {"block-to-cyclic": block_to_cyclic}

    def place(self, array: Array) -> Any:
        """Distribute an array in blocks along its first axis."""
        return da.fromarray(array)

    def finish(self, value: Any) -> Any:
        """Compute what is pending."""
        evaluate(*value) if isinstance(value, tuple) else evaluate(value)
        return value

    def gather(self, workload: Workload, value: Any) -> tuple[Array, ...]:
        """Return NumPy arrays; the pieces, where the layout is what was asked for."""
        if workload.kind == "block-to-cyclic":
            return tuple(value.get_ndarrays())
        return tuple(part.toarray() for part in (value if isinstance(value, tuple) else (value,)))

    def prepare(self, workload: Workload, arrays: tuple[Any, ...]) -> Callable[[], Any] | None:
        """Return what does the work; with one engine there are no layouts to choose from."""
        if workload.kind == "block-to-cyclic" and self.threads == 1:
            return None
        return super().prepare(workload, arrays)

    def rest(self, workload: Workload) -> None:
        """Wait until free memory is back with the system, which takes a core some time."""
        if workload.elements * 8 >= POOLED:
            time.sleep(KEPT)


def block_to_cyclic(a: Any) -> Any:
    """Redistribute an array."""
    return a.distribute_as(da.Distribution(a.context, a.shape, dist="c"))


make = DistArray
