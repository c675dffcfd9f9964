"""Reductions over all axes or one."""

from typing import Any

from benchmarks.harness import Case, Goal, Workload
from benchmarks.workloads.data import elementary, random_array, two_dimensional

# Sums that are added up in another order differ by rounding.
ROUNDING = 1e-12


def sum_all(context: Any, elements: int) -> Case:
    """Sum all elements."""
    array = random_array((elements,), 1)
    return elementary(context, lambda a: a.sum(), array, tolerance=ROUNDING)


def sum_rows(context: Any, elements: int) -> Case:
    """Sum along the distributed axis of a matrix."""
    array = random_array(two_dimensional(elements), 1)
    return elementary(context, lambda a: a.sum(axis=0), array, tolerance=ROUNDING)


WORKLOADS = [
    Workload("a.sum()", sum_all, Goal(ratio=1.0)),
    Workload("a.sum(axis=0)", sum_rows, Goal(ratio=1.0)),
]
