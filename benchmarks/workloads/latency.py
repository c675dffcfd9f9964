"""Operations on a handful of elements: what a call costs."""

from typing import Any

from benchmarks.harness import Case, Goal, Workload
from benchmarks.workloads.data import elementary, random_array

FEW = 10


def add_few(context: Any, elements: int) -> Case:
    """Add two tiny arrays, whatever the size of the others is."""
    return elementary(context, lambda a, b: a + b, random_array((FEW,), 1), random_array((FEW,), 2))


def sum_few(context: Any, elements: int) -> Case:
    """Sum a tiny array."""
    return elementary(context, lambda a: a.sum(), random_array((FEW,), 1), tolerance=1e-15)


WORKLOADS = [
    Workload("a + b, 10 elements", add_few, Goal(seconds=20e-6)),
    Workload("a.sum(), 10 elements", sum_few, Goal(seconds=20e-6)),
]
