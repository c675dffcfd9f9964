"""Short chains of arithmetic, whose time is that of crossing memory once, at best."""

from typing import Any

from benchmarks.workloads.workload import Goals, Tolerance, Workload, scaled, uniform

ITEM = 8


def chain(xp: Any, a: Any, b: Any, c: Any) -> Any:
    """Return a polynomial of three arrays."""
    return 2 * a + 3 * b - a * b * c + 1


def squared_distance(xp: Any, a: Any, b: Any, c: Any) -> Any:
    """Return the squared distance of two points."""
    return ((a - b) ** 2).sum()


def length(xp: Any, a: Any, b: Any, c: Any) -> Any:
    """Return the lengths of vectors in a plane."""
    return xp.sqrt(a * a + b * b)


def workloads(scale: float) -> list[Workload]:
    """Return the family's workloads."""
    n = scaled(50_000_000, scale)
    data = uniform("expressions", (n, 0.0, 1.0), (n, 0.0, 1.0), (n, 0.0, 1.0))
    goals = Goals(best=1.0, floor=1.3, bandwidth=0.9)
    return [
        Workload(
            name="2*a + 3*b - a*b*c + 1",
            kind="chain",
            data=data,
            elements=n,
            compute=chain,
            elementwise=True,
            traffic=4 * n * ITEM,
            tolerance=Tolerance(relative=1e-14),
            goals=goals,
        ),
        Workload(
            name="((a-b)**2).sum()",
            kind="squared-distance",
            data=data,
            elements=n,
            compute=squared_distance,
            traffic=2 * n * ITEM,
            tolerance=Tolerance(relative=1e-11),
            goals=goals,
        ),
        Workload(
            name="sqrt(a*a + b*b)",
            kind="length",
            data=data,
            elements=n,
            compute=length,
            elementwise=True,
            traffic=3 * n * ITEM,
            tolerance=Tolerance(relative=1e-14),
            goals=goals,
        ),
    ]
