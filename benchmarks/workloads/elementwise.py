"""Arithmetic and functions of each element."""

from typing import Any

import numpy as np

from benchmarks.harness import Case, Goal, Workload
from benchmarks.workloads.data import elementary, random_array


def add(context: Any, elements: int) -> Case:
    """Add two arrays."""
    return elementary(
        context, lambda a, b: a + b, random_array((elements,), 1), random_array((elements,), 2)
    )


def square_root(context: Any, elements: int) -> Case:
    """Take a cheap function of each element."""
    return elementary(context, np.sqrt, random_array((elements,), 1))


WORKLOADS = [
    Workload("a + b", add, Goal(ratio=1.0)),
    Workload("np.sqrt(a)", square_root, Goal(ratio=1.0)),
]
