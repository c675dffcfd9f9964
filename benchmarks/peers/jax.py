"""jax on the processor, with double precision, compiled."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from benchmarks.peers.peer import Peer
from benchmarks.workloads.black_scholes import formula
from benchmarks.workloads.workload import Array, Workload

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_platforms", "cpu")


def jacobi(grid: Any, steps: int) -> Any:
    """Relax in a compiled loop."""

    def step(_: Any, old: Any) -> Any:
        mean = 0.25 * (old[:-2, 1:-1] + old[2:, 1:-1] + old[1:-1, :-2] + old[1:-1, 2:])
        return old.at[1:-1, 1:-1].set(mean)

    return jax.lax.fori_loop(0, steps, step, grid)


def pi(key: Any, points: int) -> Any:
    """Estimate pi."""
    first, second = jax.random.split(key)
    x = jax.random.uniform(first, (points,))
    y = jax.random.uniform(second, (points,))
    return 4 * (x * x + y * y <= 1).mean()


class Jax(Peer):
    """jax; every workload is compiled as a whole."""

    namespace = jnp

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        # An argument, or else the random numbers were constants of the compiled program.
        self._key = jax.random.key(4)
        self.written = {
            "black-scholes": functools.partial(formula, jnp, jax.scipy.special.erf),
            "jacobi": jacobi,
            "pi": pi,
            "normal": lambda key, numbers: jax.random.normal(key, (numbers,)),
            # Compiled, these would give their argument back.
            "copy": lambda a: jnp.array(a, copy=True),
            # Deals out the elements to rows, in one copy.
            "block-to-cyclic": lambda a: a.reshape(-1, 2).T.copy(),
        }

    def generic(self, workload: Workload) -> bool:
        """Tell whether NumPy's way is jax's, whose arrays can't be changed."""
        return workload.kind != "assign"

    def place(self, array: Array) -> Any:
        """Return an array of jax's."""
        return jnp.asarray(array)

    def finish(self, value: Any) -> Any:
        """Wait."""
        return jax.block_until_ready(value)

    def prepare(self, workload: Workload, arrays: tuple[Any, ...]) -> Callable[[], Any] | None:
        """Return what does the work."""
        random = workload.kind in ("pi", "normal")
        return super().prepare(workload, (self._key,) if random else arrays)

    def bind(self, function: Callable[..., Any], arrays: tuple[Any, ...]) -> Callable[[], Any]:
        """Return a call of the compiled function."""
        plain = isinstance(function, functools.partial) and function.func is self.written["copy"]
        return super().bind(function if plain else jax.jit(function), arrays)

    def gather(self, workload: Workload, value: Any) -> tuple[Array, ...]:
        """Return NumPy arrays."""
        parts = tuple(value) if workload.kind == "block-to-cyclic" else value
        return super().gather(workload, parts) or ()


make = Jax
