"""numexpr: expressions as text, compiled to a program over blocks of a few thousand elements."""

from typing import Any

import numexpr
import numpy as np

from benchmarks.peers.peer import Peer
from benchmarks.workloads.black_scholes import RATE, VOLATILITY
from benchmarks.workloads.iterations import C
from benchmarks.workloads.workload import Array, Workload

FUNCTIONS = {"pow": "a**b", "arctan2": "arctan2(b, a)", "hypot": "hypot(a, b)"}
REDUCTIONS = ("sum", "max")


def evaluate(expression: str, **arrays: Any) -> Any:
    """Evaluate an expression of some arrays."""
    return numexpr.evaluate(expression, local_dict=arrays, global_dict={})


def black_scholes(price: Array, strike: Array, time: Array) -> tuple[Array, Array]:
    """Return the prices of options; numexpr has no erf."""
    from scipy.special import erf

    names = {"p": price, "k": strike, "t": time, "r": RATE, "v": VOLATILITY}
    d1 = evaluate("(log(p / k) + (r + v**2 / 2) * t) / (v * sqrt(t))", **names)
    d2 = evaluate("d1 - v * sqrt(t)", d1=d1, **names)
    e1, e2 = erf(evaluate("d1 / 2**0.5", d1=d1)), erf(evaluate("d2 / 2**0.5", d2=d2))
    prices = "p * (0.5 + 0.5 * e1) - k * exp(-r * t) * (0.5 + 0.5 * e2)"
    call = evaluate(prices, e1=e1, e2=e2, **names)
    return call, evaluate("call - p + k * exp(-r * t)", call=call, **names)


def jacobi(grid: Array, steps: int) -> Array:
    """Relax, each step straight into the inner points."""
    old, new = grid.copy(), grid.copy()
    for _ in range(steps):
        numexpr.evaluate(
            "0.25 * (n + s + w + e)",
            local_dict={
                "n": old[:-2, 1:-1],
                "s": old[2:, 1:-1],
                "w": old[1:-1, :-2],
                "e": old[1:-1, 2:],
            },
            global_dict={},
            out=new[1:-1, 1:-1],
        )
        old, new = new, old
    return old


def julia(z: Array, iterations: int) -> Array:
    """Count iterations."""
    counts = np.zeros(z.shape, dtype=int)
    for _ in range(iterations):
        near = evaluate("real(z)**2 + imag(z)**2 <= 4.0", z=z)
        z = evaluate("where(near, z * z + c, z)", near=near, z=z, c=C)
        counts += near
    return counts


class Numexpr(Peer):
    """numexpr on some threads."""

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        numexpr.set_num_threads(threads)
        self.written = {
            "black-scholes": black_scholes,
            "chain": lambda a, b, c: evaluate("2*a + 3*b - a*b*c + 1", a=a, b=b, c=c),
            "squared-distance": lambda a, b, c: evaluate("sum((a - b)**2)", a=a, b=b),
            "length": lambda a, b, c: evaluate("sqrt(a*a + b*b)", a=a, b=b),
            "function": lambda a, b, function: evaluate(
                FUNCTIONS.get(function, f"{function}(a)"), a=a, b=b
            ),
            "reduction": self._reduce,
            "jacobi": jacobi,
            "julia": julia,
            "copy": lambda a: evaluate("copy(a)", a=a),
            "add": lambda a, b: evaluate("a + b", a=a, b=b),
        }

    def generic(self, workload: Workload) -> bool:
        """Everything has to be written as an expression."""
        return False

    def prepare(self, workload: Workload, arrays: tuple[Any, ...]) -> Any:
        """Return what does the work; there are few reductions."""
        if workload.kind == "reduction" and workload.parameters["operation"] not in REDUCTIONS:
            return None
        return super().prepare(workload, arrays)

    @staticmethod
    def _reduce(a: Array, operation: str, axis: int | None) -> Any:
        axes = "" if axis is None else f", axis={axis}"
        return evaluate(f"{operation}(a{axes})", a=a)


make = Numexpr
