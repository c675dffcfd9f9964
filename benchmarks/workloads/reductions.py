"""Reductions of a matrix over all, its first or its last axis; and a cumulative sum."""

from typing import Any

from benchmarks.workloads.workload import (
    Goals,
    Tolerance,
    Workload,
    scaled,
    scaled_shape,
    uniform,
)

OPERATIONS = ("sum", "mean", "var", "std", "max", "argmax")
ITEM = 8


def reduction(xp: Any, a: Any, *, operation: str, axis: int | None) -> Any:
    """Reduce a matrix."""
    return getattr(a, operation)(axis=axis)


def cumulative_sum(xp: Any, a: Any) -> Any:
    """Return the sums of all beginnings."""
    return xp.cumsum(a)


def workloads(scale: float) -> list[Workload]:
    """Return the family's workloads."""
    shape = scaled_shape((10_000, 5000), scale)
    matrix = uniform("matrix", (shape, 0.0, 1.0))
    size = shape[0] * shape[1]
    chosen = [
        Workload(
            name=f"{operation}, {'all' if axis is None else f'axis {axis}'}",
            kind="reduction",
            data=matrix,
            elements=size,
            compute=reduction,
            parameters={"operation": operation, "axis": axis},
            # A maximum is exact; so is its place, unless the greatest number occurs twice.
            tolerance=Tolerance() if "max" in operation else Tolerance(relative=1e-10),
            traffic=size * ITEM,
            goals=Goals(best=1.0, bandwidth=0.9),
        )
        for operation in OPERATIONS
        for axis in (None, 0, 1)
    ]
    n = scaled(50_000_000, scale)
    chosen.append(
        Workload(
            name="cumulative sum",
            kind="cumulative-sum",
            data=uniform("vector", (n, 0.0, 1.0)),
            elements=n,
            compute=cumulative_sum,
            tolerance=Tolerance(relative=1e-10),
            traffic=2 * n * ITEM,
            goals=Goals(best=1.0, bandwidth=0.9),
        )
    )
    return chosen
