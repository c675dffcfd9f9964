"""NumPy, which all others are compared with."""

from typing import Any

import numpy as np

from benchmarks.peers.peer import Peer


class NumPy(Peer):
    """NumPy on one thread, its newer and faster random numbers included."""

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        generator = np.random.default_rng(1)

        def pi(points: int) -> Any:
            x, y = generator.random(points), generator.random(points)
            return 4 * (x * x + y * y <= 1).mean()

        def normal(numbers: int) -> Any:
            return generator.standard_normal(numbers)

        self.written = {"pi": pi, "normal": normal}


make = NumPy
