"""The process of one implementation: it does what the driver asks for, and nothing in between.

``python -m benchmarks.server MODULE THREADS SCALE SOCKET``. A message is a name of a method of
:class:`Server` and its arguments; an answer is whether that went well, and what the method returned
or what went wrong.
"""

import gc
import socket
import sys
import time
from collections.abc import Callable
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import memory
from benchmarks.peers.peer import Peer
from benchmarks.workloads import all_workloads
from benchmarks.workloads.workload import Array, Workload

# Runs before those that are timed take at least this long.
WARM_UP = 50e-3


class Server:
    """Prepares workloads, one at a time, runs and checks them."""

    def __init__(self, peer: Peer, workloads: dict[str, Workload]) -> None:
        self.peer = peer
        self.workloads = workloads
        self.bare = memory.resident()
        self.arrays: tuple[Any, ...] = ()
        self.data = ""
        self.workload: Workload | None = None
        self.call: Callable[[], Any] | None = None

    def release(self, data: str) -> None:
        """Give back what was prepared, and the arrays too unless they are the ones named."""
        self.call = None
        if data != self.data:
            self.arrays, self.data = (), ""
        gc.collect()

    def prepare(self, name: str) -> bool:
        """Make the data of a workload; tell whether this implementation does it."""
        workload = self.workloads[name]
        self.release(workload.data.name)
        # A list that gets shorter, so that only one array at a time is there twice.
        if self.peer.prepare(workload, self.arrays) is None:
            return False
        if not self.data:
            made = list(workload.data.make())
            arrays = []
            while made:
                arrays.append(self.peer.place(made.pop(0)))
            self.arrays, self.data = tuple(arrays), workload.data.name
        self.workload = workload
        self.call = self.peer.prepare(workload, self.arrays)
        return True

    def save(self, folder: str) -> None:
        """Run the workload, and write what others are to be compared with."""
        for number, array in enumerate(self._result()):
            np.save(Path(folder, f"{number}.npy"), array)

    def check(self, folder: str) -> str | None:
        """Run the workload, and say how the result differs from what was saved."""
        assert self.workload is not None
        for number, array in enumerate(self._result()):
            expected = np.load(Path(folder, f"{number}.npy"), mmap_mode="r")
            difference = self.workload.tolerance.difference(array, expected)
            if difference is not None:
                return difference
        return None

    def sample(self, number: int) -> float:
        """Return the seconds of a run, the mean of so many one after another.

        Others go before them, which are not timed: since this implementation's last turn others
        have left their own data in the caches, and cores have been idle, of which a virtual machine
        may take a while to make cores of their own again.
        """
        call, workload = self.call, self.workload
        assert call is not None
        assert workload is not None
        runs = range(number)
        warm = time.perf_counter() + WARM_UP
        call()
        while self.peer.decide(time.perf_counter() < warm):
            call()
        self.peer.synchronise()
        gc.disable()
        start = time.perf_counter()
        for _ in runs:
            call()
        seconds = (time.perf_counter() - start) / number
        gc.enable()
        self.peer.rest(workload)
        return seconds

    def forget_peak(self) -> None:
        """Begin to measure the peak of memory."""
        gc.collect()
        memory.forget_peak()

    def peak(self) -> int | None:
        """Return the peak of memory above what the process had before it made any data."""
        peak = memory.peak()
        return None if peak is None or self.bare is None else peak - self.bare

    def _result(self) -> tuple[Array, ...]:
        assert self.call is not None
        assert self.workload is not None
        arrays = self.peer.gather(self.workload, self.call())
        digest = self.workload.digest
        if arrays is None or digest is None:
            return arrays or ()
        return tuple(digest(array) for array in arrays)


def main() -> None:
    """Answer requests until the driver hangs up."""
    module, threads, scale, path = sys.argv[1:]
    peer = import_module(f"benchmarks.peers.{module}").make(int(threads))
    server = Server(peer, all_workloads(float(scale)))
    with socket.socket(socket.AF_UNIX) as end:
        end.connect(path)
        connection = Connection(end.detach())
    while True:
        try:
            request, *arguments = connection.recv()
        except (EOFError, KeyboardInterrupt):
            return
        try:
            answer = True, getattr(server, request)(*arguments)
        except Exception as error:
            answer = False, f"{type(error).__name__}: {error}"
        connection.send(answer)


if __name__ == "__main__":
    main()
