"""Copies: nothing is computed."""

from typing import Any

from benchmarks.workloads.workload import Goals, Workload, scaled, uniform

ITEM = 8


def copy(xp: Any, a: Any) -> Any:
    """Copy an array."""
    return a.copy()


def block_to_cyclic(xp: Any, a: Any) -> Any:
    """Deal out the elements, as to two players."""
    return a[0::2].copy(), a[1::2].copy()


def assign_every_other(xp: Any, a: Any, b: Any) -> Any:
    """Assign a slice with a step to another."""
    a[::2] = b[::2]
    return a


def workloads(scale: float) -> list[Workload]:
    """Return the family's workloads."""
    n, bytes_500 = scaled(50_000_000, scale), scaled(62_500_000, scale)
    few = scaled(20_000_000, scale)
    return [
        Workload(
            name="500 MB copy",
            kind="copy",
            data=uniform("500 MB", (bytes_500, 0.0, 1.0)),
            elements=bytes_500,
            compute=copy,
            elementwise=True,
            traffic=2 * bytes_500 * ITEM,
            goals=Goals(best=1.0, bandwidth=0.9),
        ),
        Workload(
            name="block to cyclic",
            kind="block-to-cyclic",
            data=uniform("vector", (n, 0.0, 1.0)),
            elements=n,
            compute=block_to_cyclic,
            traffic=2 * n * ITEM,
            goals=Goals(best=1.0, bandwidth=0.9),
        ),
        Workload(
            name="a[::2] = b[::2]",
            kind="assign",
            data=uniform("two", (few, 0.0, 1.0), (few, 0.0, 1.0)),
            elements=few,
            compute=assign_every_other,
            counted=False,
            goals=Goals(numpy=1.0),
        ),
    ]
