"""Loops fused by hand in Rust, which write to memory that they have had before."""

import ctypes
import os
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers.peer import Peer
from benchmarks.workloads.workload import Array, Workload

TARGET = Path(os.environ.get("CARGO_TARGET_DIR", Path(__file__).resolve().parents[2] / "target"))


def library() -> Path | None:
    """Return the built library of the crate `benchmarks/floor`, if there is one."""
    for name in "libdistarray_floor.so", "libdistarray_floor.dylib":
        path = TARGET / "release" / name
        if path.exists():
            return path
    return None


class Floor(Peer):
    """The loops, with outputs that are allocated once."""

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        path = library()
        if path is None:
            raise FileNotFoundError("cargo build --release -p distarray-floor")
        self._library = ctypes.CDLL(str(path))
        for name in "floor_squared_distance", "floor_sum":
            getattr(self._library, name).restype = ctypes.c_double
        self._out = np.empty(0)
        self.written = {
            "chain": lambda a, b, c: self._map("floor_chain", a, b, c),
            "length": lambda a, b, c: self._map("floor_length", a, b),
            "copy": lambda a: self._map("floor_copy", a),
            "squared-distance": lambda a, b, c: self._reduce("floor_squared_distance", a, b),
            "reduction": lambda a, operation, axis: self._reduce("floor_sum", a),
        }

    def generic(self, workload: Workload) -> bool:
        """There are no other loops than those by hand."""
        return False

    def prepare(self, workload: Workload, arrays: tuple[Any, ...]) -> Any:
        """Return what does the work; of the reductions, there is a loop for one."""
        plain = {"operation": "sum", "axis": None}
        if workload.kind == "reduction" and workload.parameters != plain:
            return None
        return super().prepare(workload, arrays)

    def _map(self, function: str, *arrays: Array) -> Array:
        size = arrays[0].size
        if self._out.size != size:
            self._out = np.empty(size)
        self._call(function, size, *arrays, self._out)
        return self._out

    def _reduce(self, function: str, *arrays: Array) -> Any:
        return self._call(function, arrays[0].size, *arrays)

    def _call(self, function: str, size: int, *arrays: Array) -> Any:
        pointers = [ctypes.c_void_p(array.ctypes.data) for array in arrays]
        entry = getattr(self._library, function)
        return entry(*pointers, ctypes.c_size_t(size), ctypes.c_size_t(self.threads))


make = Floor
