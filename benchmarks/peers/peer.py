"""What all implementations have in common."""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from benchmarks.workloads.workload import Array, Workload


class Peer:
    """One implementation of the workloads: NumPy itself, as it stands.

    Others replace what is different. Each is made, and works, in a process of its own.
    """

    #: What `compute` of a workload gets as its package with NumPy's interface, if there is one.
    namespace: Any = np

    def __init__(self, threads: int) -> None:
        self.threads = threads
        #: Functions for kinds of workloads: `f(*arrays, **parameters)`.
        self.written: Mapping[str, Callable[..., Any]] = {}

    def generic(self, workload: Workload) -> bool:
        """Tell whether a workload can be done as it is written for NumPy."""
        return True

    def place(self, array: Array) -> Any:
        """Return an array of this implementation."""
        return array

    def finish(self, value: Any) -> Any:
        """Return a result whose elements have been computed."""
        return value

    def gather(self, workload: Workload, value: Any) -> tuple[Array, ...] | None:
        """Return the arrays of a result, or None on all but one process of several."""
        parts = value if isinstance(value, tuple) else (value,)
        return tuple(np.asarray(part) for part in parts)

    def prepare(self, workload: Workload, arrays: tuple[Any, ...]) -> Callable[[], Any] | None:
        """Return what does the work on placed arrays; None if this implementation doesn't."""
        written = self.written.get(workload.kind)
        if written is not None:
            return self.bind(functools.partial(written, **workload.parameters), arrays)
        if not self.generic(workload):
            return None
        function = functools.partial(workload.compute, self.namespace, **workload.parameters)
        return self.bind(function, arrays)

    def bind(self, function: Callable[..., Any], arrays: tuple[Any, ...]) -> Callable[[], Any]:
        """Return a call of a function, to the end of the work."""
        call = functools.partial(function, *arrays)
        if type(self).finish is Peer.finish:
            return call
        return lambda: self.finish(call())

    def rest(self, workload: Workload) -> None:
        """Wait until nothing goes on any more behind the scenes, before others have their turn."""

    def synchronise(self) -> None:
        """Wait for the other processes of this implementation."""

    def decide(self, choice: bool) -> bool:
        """Return what the first of several processes chooses."""
        return choice
