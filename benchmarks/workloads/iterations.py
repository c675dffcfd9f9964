"""Arrays that are updated many times: a stencil by slices, and a masked update."""

import math
from typing import Any

import numpy as np

from benchmarks.workloads.workload import (
    Array,
    Data,
    Goals,
    Tolerance,
    Workload,
    scaled_shape,
    uniform,
)

STEPS = 50
ITERATIONS = 30
C = -0.8 + 0.156j


def jacobi(xp: Any, grid: Any, *, steps: int) -> Any:
    """Relax Laplace's equation: each inner point becomes the mean of its four neighbours."""
    old, new = grid.copy(), grid.copy()
    for _ in range(steps):
        new[1:-1, 1:-1] = 0.25 * (old[:-2, 1:-1] + old[2:, 1:-1] + old[1:-1, :-2] + old[1:-1, 2:])
        old, new = new, old
    return old


def julia(xp: Any, z: Any, *, iterations: int) -> Any:
    """Count the iterations of z*z + c that each point stays near zero; those that left are kept."""
    counts = xp.zeros(z.shape, dtype=int)
    for _ in range(iterations):
        near = abs(z) <= 2
        z = xp.where(near, z * z + C, z)
        counts += near
    return counts


def plane(shape: tuple[int, int]) -> Data:
    """Return the points of a rectangle of the complex plane."""

    def make() -> tuple[Array, ...]:
        rows, columns = shape
        imaginary = np.linspace(-1.0, 1.0, rows)[:, np.newaxis]
        return (np.linspace(-1.5, 1.5, columns)[np.newaxis, :] + 1j * imaginary,)

    return Data(f"plane {shape}", math.prod(shape) * 16, make)


def workloads(scale: float) -> list[Workload]:
    """Return the family's workloads."""
    grid = scaled_shape((4000, 4000), scale)
    points = scaled_shape((2000, 2000), scale)
    return [
        Workload(
            name=f"Jacobi, {STEPS} steps",
            kind="jacobi",
            data=uniform("grid", (grid, 0.0, 1.0)),
            elements=math.prod(grid),
            compute=jacobi,
            parameters={"steps": STEPS},
            tolerance=Tolerance(relative=1e-12),
            goals=Goals(best=1.0),
        ),
        Workload(
            name=f"Julia set, {ITERATIONS} iterations",
            kind="julia",
            data=plane(points),
            elements=math.prod(points),
            compute=julia,
            parameters={"iterations": ITERATIONS},
            elementwise=True,
            # The map is chaotic: where points leave depends on the last digit of a product.
            tolerance=Tolerance(mismatches=1e-3),
            goals=Goals(best=1.0),
        ),
    ]
