"""Functions of each element, in double and in single precision."""

from typing import Any

from benchmarks.workloads.workload import Data, Goals, Tolerance, Workload, scaled, uniform

UNARY = ("exp", "log", "sin", "cos", "tan", "tanh")
BINARY = ("pow", "arctan2", "hypot")


def apply(xp: Any, a: Any, b: Any, *, function: str) -> Any:
    """Apply a function of the first array, or of both."""
    match function:
        case "pow":
            return a**b
        case "arctan2":
            return xp.arctan2(b, a)
        case "hypot":
            return xp.hypot(a, b)
    return getattr(xp, function)(a)


def workloads(scale: float) -> list[Workload]:
    """Return the family's workloads."""
    n = scaled(20_000_000, scale)
    chosen = []
    for dtype, tolerance in [
        ("float64", Tolerance(relative=1e-13, absolute=1e-15)),
        ("float32", Tolerance(relative=1e-5, absolute=1e-6)),
    ]:
        data = uniform("arguments", (n, 0.01, 10.0), (n, -3.0, 3.0), dtype=dtype)
        chosen += [
            workload(f"{name}, {dtype}", name, data, n, tolerance) for name in UNARY + BINARY
        ]
    plain = uniform("arguments", (n, 0.01, 10.0), (n, -3.0, 3.0))
    chosen.append(workload("sqrt, float64", "sqrt", plain, n, Tolerance(), counted=False))
    return chosen


def workload(
    name: str, function: str, data: Data, n: int, tolerance: Tolerance, counted: bool = True
) -> Workload:
    """Return the workload of one function."""
    return Workload(
        name=name,
        kind="function",
        data=data,
        elements=n,
        compute=apply,
        parameters={"function": function},
        elementwise=True,
        tolerance=tolerance,
        counted=counted,
        goals=Goals(best=1.0) if counted else Goals(numpy=1.0),
    )
