"""The workloads, one module a family: each returns its own for a scale."""

from benchmarks.workloads import (
    black_scholes,
    elementary,
    expressions,
    iterations,
    latency,
    movement,
    reductions,
    sampling,
)
from benchmarks.workloads.workload import Workload

FAMILIES = (
    black_scholes,
    expressions,
    elementary,
    reductions,
    iterations,
    sampling,
    movement,
    latency,
)


def all_workloads(scale: float) -> dict[str, Workload]:
    """Return all workloads by name, their sizes scaled."""
    return {workload.name: workload for family in FAMILIES for workload in family.workloads(scale)}


def chosen(scale: float, names: list[str]) -> list[Workload]:
    """Return the workloads whose name or kind contains one of the given words; none means all."""
    return [
        workload
        for workload in all_workloads(scale).values()
        if not names or any(name in workload.name or name in workload.kind for name in names)
    ]
