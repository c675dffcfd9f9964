"""Random numbers: pi from points in a square, and normal ones. Results are compared as samples."""

import math
from typing import Any

import numpy as np

from benchmarks.workloads.workload import Array, Data, Goals, Tolerance, Workload, scaled

# Results of two independent samples differ by more once in a billion times.
DEVIATIONS = 6 * math.sqrt(2)
NOTHING = Data("nothing", 0, tuple)


def pi(xp: Any, *, points: int) -> Any:
    """Estimate pi by the share of random points that lie in a quarter of a circle."""
    x = xp.random.rand(points)
    y = xp.random.rand(points)
    return 4 * (x * x + y * y <= 1).mean()


def normal(xp: Any, *, numbers: int) -> Any:
    """Draw numbers from the standard normal distribution."""
    return xp.random.randn(numbers)


def moments(sample: Array) -> Array:
    """Return statistics of a sample that differ from distribution to distribution.

    For standard normal numbers, the deviation of each is at most 1 over the root of the sample's
    size: the variances of x, x**2 and x**4 are 1, 2 and 96.
    """
    squares = sample * sample
    within = np.count_nonzero(squares < 1) / sample.size
    second, fourth = squares.mean() / math.sqrt(2), (squares * squares).mean() / math.sqrt(96)
    return np.array([sample.mean(), second, fourth, within])


def workloads(scale: float) -> list[Workload]:
    """Return the family's workloads."""
    points, numbers = scaled(50_000_000, scale), scaled(20_000_000, scale)
    return [
        Workload(
            name="Monte-Carlo pi",
            kind="pi",
            data=NOTHING,
            elements=points,
            compute=pi,
            parameters={"points": points},
            # Each point adds 0 or 4, with a variance of pi * (4 - pi).
            tolerance=Tolerance(absolute=DEVIATIONS * math.sqrt(math.pi * (4 - math.pi) / points)),
            goals=Goals(best=1.0),
        ),
        Workload(
            name="normal random numbers",
            kind="normal",
            data=NOTHING,
            elements=numbers,
            compute=normal,
            parameters={"numbers": numbers},
            digest=moments,
            tolerance=Tolerance(absolute=DEVIATIONS / math.sqrt(numbers)),
            goals=Goals(best=1.0),
        ),
    ]
