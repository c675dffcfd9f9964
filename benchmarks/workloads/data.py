"""Arrays that the workloads share."""

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.harness import BASELINE, OURS, Case, Contender

Array = np.ndarray[Any, np.dtype[Any]]


def random_array(shape: tuple[int, ...], seed: int) -> Array:
    """Return random numbers in [0, 1), the same in every run."""
    return np.random.default_rng(seed).random(shape)


def two_dimensional(elements: int) -> tuple[int, int]:
    """Return a shape of two axes with about so many elements."""
    return max(elements // 4000, 1), min(elements, 4000)


def elementary(
    context: Any, function: Callable[..., Any], *arrays: Array, tolerance: float = 0.0
) -> Case:
    """Apply one function to NumPy arrays, and to the same arrays distributed in blocks."""
    distributed = [context.fromarray(array) for array in arrays]
    return Case(
        {
            BASELINE: Contender(lambda: function(*arrays)),
            OURS: Contender(lambda: function(*distributed), threads=context.nengines),
        },
        elements=arrays[0].size,
        tolerance=tolerance,
    )
