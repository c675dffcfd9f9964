"""numba: loops fused by hand, compiled, on threads."""

import functools
import math
from typing import Any

import numba
import numpy as np
from numba import prange

from benchmarks.peers.numba_reductions import reduction
from benchmarks.peers.peer import Peer
from benchmarks.workloads.black_scholes import RATE, VOLATILITY
from benchmarks.workloads.iterations import C
from benchmarks.workloads.workload import Array, Workload

compiled = numba.njit(parallel=True)
#: Sums may be added up in any order, without which their loops would not use vectors.
reordered = numba.njit(parallel=True, fastmath=True)


@compiled
def black_scholes(price: Array, strike: Array, time: Array) -> tuple[Array, Array]:
    """Return the prices of options."""
    call, put = np.empty_like(price), np.empty_like(price)
    for i in prange(price.size):
        spread = VOLATILITY * math.sqrt(time[i])
        d1 = (math.log(price[i] / strike[i]) + (RATE + VOLATILITY**2 / 2) * time[i]) / spread
        n1 = 0.5 + 0.5 * math.erf(d1 / 2**0.5)
        n2 = 0.5 + 0.5 * math.erf((d1 - spread) / 2**0.5)
        discounted = strike[i] * math.exp(-RATE * time[i])
        call[i] = price[i] * n1 - discounted * n2
        put[i] = call[i] - price[i] + discounted
    return call, put


@compiled
def chain(a: Array, b: Array, c: Array) -> Array:
    """Return a polynomial."""
    out = np.empty_like(a)
    for i in prange(a.size):
        out[i] = 2 * a[i] + 3 * b[i] - a[i] * b[i] * c[i] + 1
    return out


@reordered
def squared_distance(a: Array, b: Array, c: Array) -> float:
    """Return a squared distance."""
    total = 0.0
    for i in prange(a.size):
        total += (a[i] - b[i]) ** 2
    return total


@compiled
def length(a: Array, b: Array, c: Array) -> Array:
    """Return lengths."""
    out = np.empty_like(a)
    for i in prange(a.size):
        out[i] = math.sqrt(a[i] * a[i] + b[i] * b[i])
    return out


@compiled
def jacobi(grid: Array, steps: int) -> Array:
    """Relax, in two loops."""
    old, new = grid.copy(), grid.copy()
    rows, columns = grid.shape
    for _ in range(steps):
        for i in prange(1, rows - 1):
            for j in range(1, columns - 1):
                new[i, j] = 0.25 * (old[i - 1, j] + old[i + 1, j] + old[i, j - 1] + old[i, j + 1])
        old, new = new, old
    return old


@compiled
def julia(z: Array, iterations: int) -> Array:
    """Count iterations; a loop need not go on with a point that left."""
    counts = np.zeros(z.shape, dtype=np.int64)
    for i in prange(z.shape[0]):
        for j in range(z.shape[1]):
            x, y, count = z[i, j].real, z[i, j].imag, 0
            while count < iterations and x * x + y * y <= 4:
                x, y = x * x - y * y + C.real, 2 * x * y + C.imag
                count += 1
            counts[i, j] = count
    return counts


@compiled
def pi(points: int) -> float:
    """Estimate pi, with a generator for each thread."""
    inside = 0
    for _ in prange(points):
        x, y = np.random.random(), np.random.random()
        inside += x * x + y * y <= 1
    return 4 * inside / points


@compiled
def normal(numbers: int) -> Array:
    """Draw normal numbers, with a generator for each thread."""
    out = np.empty(numbers)
    for i in prange(numbers):
        out[i] = np.random.standard_normal()
    return out


@compiled
def cumulative_sum(a: Array, parts: int) -> Array:
    """Sum the parts of all threads, and then each part's beginnings."""
    starts = np.zeros(parts)
    out = np.empty_like(a)
    for part in prange(parts):
        total = 0.0
        for i in range(a.size * part // parts, a.size * (part + 1) // parts):
            total += a[i]
        starts[part] = total
    before = 0.0
    for part in range(parts):
        before, starts[part] = before + starts[part], before
    for part in prange(parts):
        total = starts[part]
        for i in range(a.size * part // parts, a.size * (part + 1) // parts):
            total += a[i]
            out[i] = total
    return out


@compiled
def copy(a: Array) -> Array:
    """Copy an array."""
    out = np.empty_like(a)
    for i in prange(a.size):
        out[i] = a[i]
    return out


@compiled
def block_to_cyclic(a: Array) -> tuple[Array, Array]:
    """Deal out the elements."""
    even, odd = np.empty((a.size + 1) // 2), np.empty(a.size // 2)
    for i in prange(a.size // 2):
        even[i], odd[i] = a[2 * i], a[2 * i + 1]
    if a.size % 2:
        even[-1] = a[-1]
    return even, odd


@compiled
def assign(a: Array, b: Array) -> Array:
    """Assign every other element."""
    for i in prange((a.size + 1) // 2):
        a[2 * i] = b[2 * i]
    return a


@compiled
def add(a: Array, b: Array) -> Array:
    """Add two arrays."""
    out = np.empty_like(a)
    for i in prange(a.size):
        out[i] = a[i] + b[i]
    return out


@functools.cache
def elementary(function: str) -> Any:
    """Return a compiled loop over one function."""
    one = {"pow": np.power, "arctan2": np.arctan2, "hypot": np.hypot}.get(
        function, getattr(np, function, None)
    )

    def unary(a: Array, b: Array) -> Array:
        out = np.empty_like(a)
        for i in prange(a.size):
            out[i] = one(a[i])
        return out

    def binary(a: Array, b: Array) -> Array:
        out = np.empty_like(a)
        for i in prange(a.size):
            out[i] = one(a[i], b[i])
        return out

    def reversed_binary(a: Array, b: Array) -> Array:
        out = np.empty_like(a)
        for i in prange(a.size):
            out[i] = one(b[i], a[i])
        return out

    loops = {"pow": binary, "hypot": binary, "arctan2": reversed_binary}
    return compiled(loops.get(function, unary))


class Numba(Peer):
    """numba on some threads."""

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        numba.set_num_threads(threads)
        self.written = {
            "black-scholes": black_scholes,
            "chain": chain,
            "squared-distance": squared_distance,
            "length": length,
            "function": lambda a, b, function: elementary(function)(a, b),
            "reduction": lambda a, operation, axis: reduction(operation, axis)(a),
            "cumulative-sum": lambda a: cumulative_sum(a, threads),
            "jacobi": jacobi,
            "julia": julia,
            "pi": pi,
            "normal": normal,
            "copy": copy,
            "block-to-cyclic": block_to_cyclic,
            "assign": assign,
            "add": add,
        }

    def generic(self, workload: Workload) -> bool:
        """Every loop is written by hand."""
        return False


make = Numba
