"""Assignments and redistributions: memory moves, nothing is computed."""

from typing import Any

import numpy as np

from benchmarks.harness import BASELINE, OURS, Case, Contender, Goal, Workload
from benchmarks.workloads.data import random_array


def assign_every_other(context: Any, elements: int) -> Case:
    """Assign a slice with a step to another."""
    a, b = random_array((elements,), 1), random_array((elements,), 2)
    distributed_a, distributed_b = context.fromarray(a), context.fromarray(b)

    def run_numpy() -> None:
        a[::2] = b[::2]

    def run_distarray() -> None:
        distributed_a[::2] = distributed_b[::2]

    return Case(
        {
            BASELINE: Contender(run_numpy, result=lambda: a),
            OURS: Contender(run_distarray, result=distributed_a.toarray, threads=context.nengines),
        },
        elements,
    )


def block_to_cyclic(context: Any, elements: int) -> Case:
    """Redistribute; NumPy cuts the same pieces out of its array."""
    from distarray.globalapi import Distribution

    a = random_array((elements,), 1)
    blocks = context.fromarray(a)
    cyclic = Distribution(context, (elements,), dist="c")

    def run_numpy() -> list[Any]:
        return [a[rank :: context.nengines].copy() for rank in range(context.nengines)]

    def run_distarray() -> Any:
        return blocks.distribute_as(cyclic)

    return Case(
        {
            BASELINE: Contender(run_numpy, result=lambda: np.concatenate(run_numpy())),
            OURS: Contender(
                run_distarray,
                result=lambda: np.concatenate(run_distarray().get_ndarrays()),
                threads=context.nengines,
            ),
        },
        elements,
    )


WORKLOADS = [
    Workload("a[::2] = b[::2]", assign_every_other, Goal(ratio=1.0)),
    Workload("block -> cyclic", block_to_cyclic, Goal(ratio=1.0)),
]
