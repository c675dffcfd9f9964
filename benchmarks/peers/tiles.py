"""NumPy by hand: tiles that fit a core's cache, on threads. Random numbers gain most from it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from benchmarks.peers.peer import Peer
from benchmarks.workloads.workload import Array, Workload

TILE = 32_768


class Tiles(Peer):
    """NumPy on threads, for what needs random numbers."""

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        self._pool = ThreadPoolExecutor(threads)
        self._generators = np.random.default_rng(2).spawn(threads)
        self.written = {"pi": self._pi, "normal": self._normal}

    def generic(self, workload: Workload) -> bool:
        """Nothing is done without tiles."""
        return False

    def _each(self, function: Callable[[Any, int, int], Any], length: int) -> list[Any]:
        """Call a function with a generator and an interval, on each thread."""
        bounds = [length * k // self.threads for k in range(self.threads + 1)]
        return list(self._pool.map(function, self._generators, bounds[:-1], bounds[1:]))

    def _pi(self, points: int) -> Any:
        def count(generator: np.random.Generator, start: int, stop: int) -> int:
            x, y, inside = np.empty(TILE), np.empty(TILE), 0
            for begin in range(start, stop, TILE):
                size = min(TILE, stop - begin)
                u, v = x[:size], y[:size]
                generator.random(out=u)
                generator.random(out=v)
                np.multiply(u, u, out=u)
                np.multiply(v, v, out=v)
                np.add(u, v, out=u)
                inside += int(np.count_nonzero(u <= 1))
            return inside

        return 4 * sum(self._each(count, points)) / points

    def _normal(self, numbers: int) -> Array:
        out = np.empty(numbers)

        def draw(generator: np.random.Generator, start: int, stop: int) -> None:
            generator.standard_normal(out=out[start:stop])

        self._each(draw, numbers)
        return out


make = Tiles
