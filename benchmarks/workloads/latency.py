"""What a call costs: `a + b` from one element to a hundred million, and a sum of ten."""

from typing import Any

from benchmarks.workloads.workload import Data, Goals, Tolerance, Workload, uniform

SIZES = (1, 10, 100, 1000, 10_000, 30_000, 100_000, 1_000_000, 10_000_000, 100_000_000)
FEW = 10


def add(xp: Any, a: Any, b: Any) -> Any:
    """Add two arrays."""
    return a + b


def total(xp: Any, a: Any, b: Any) -> Any:
    """Sum an array."""
    return a.sum()


def goals(size: int) -> Goals:
    """Return the promise for a size."""
    if size == FEW:
        return Goals(seconds=3e-6)
    if size == 10_000:
        return Goals(numpy=1.5)
    return Goals(numpy=1.0) if size >= 30_000 else Goals()


def workloads(scale: float) -> list[Workload]:
    """Return the family's workloads: sizes are not scaled, but the longest are left out."""
    chosen = []
    for size in SIZES:
        if size > max(FEW, SIZES[-1] * scale):
            break
        chosen.append(
            Workload(
                name=f"a + b, {size}",
                kind="add",
                data=terms(size),
                elements=size,
                compute=add,
                elementwise=True,
                counted=False,
                goals=goals(size),
            )
        )
    chosen.append(
        Workload(
            name=f"a.sum(), {FEW}",
            kind="total",
            data=terms(FEW),
            elements=FEW,
            compute=total,
            tolerance=Tolerance(relative=1e-15),
            counted=False,
            goals=Goals(seconds=20e-6),
        )
    )
    return chosen


def terms(size: int) -> Data:
    """Return two arrays."""
    return uniform("terms", (size, 0.0, 1.0), (size, 0.0, 1.0))
