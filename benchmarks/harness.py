"""What a workload is, and how its contenders are measured."""

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

# The contender that all others are compared with, and the one whose goal is checked.
BASELINE, OURS = "numpy", "distarray"
# One sample takes at least this long, so that the clock's resolution does not matter.
SHORTEST_SAMPLE = 1e-3


@dataclass(frozen=True)
class Contender:
    """One way to do the work."""

    run: Callable[[], Any]
    # What to compare with the baseline's, when `run` returns nothing that can be compared.
    result: Callable[[], Any] | None = None
    threads: int = 1


@dataclass(frozen=True)
class Case:
    """A computation on prepared data, by every contender."""

    contenders: dict[str, Contender]
    elements: int
    # Largest relative difference of results, for floating sums done in another order.
    tolerance: float = 0.0


@dataclass(frozen=True)
class Goal:
    """What we promise about a workload: a ratio to the baseline, or a time in seconds."""

    ratio: float | None = None
    seconds: float | None = None

    def __str__(self) -> str:
        """Write the goal as the table shows it."""
        if self.seconds is not None:
            return f"under {self.seconds * 1e6:.0f} us"
        return "" if self.ratio is None else f"at most {self.ratio:.2f}"

    def is_met(self, seconds: float, ratio: float) -> bool:
        """Tell whether a median time and its ratio keep the promise."""
        return (self.seconds is None or seconds <= self.seconds) and (
            self.ratio is None or ratio <= self.ratio
        )


@dataclass(frozen=True)
class Workload:
    """A named computation; `prepare(context, elements)` makes its data."""

    name: str
    prepare: Callable[[Any, int], Case]
    goal: Goal = field(default_factory=Goal)


@dataclass
class Timing:
    """The samples of one contender, in seconds a run."""

    threads: int
    samples: list[float]

    @property
    def median(self) -> float:
        """The median time of a run."""
        return statistics.median(self.samples)


@dataclass
class Outcome:
    """A measured workload."""

    workload: Workload
    elements: int
    timings: dict[str, Timing]

    def ratio(self, name: str) -> float:
        """Return the median time of a contender over the baseline's."""
        return self.timings[name].median / self.timings[BASELINE].median

    @property
    def is_met(self) -> bool:
        """Whether our time keeps the workload's promise."""
        return self.workload.goal.is_met(self.timings[OURS].median, self.ratio(OURS))


class WrongResultError(AssertionError):
    """A contender computed something else than the baseline."""


def measure(
    workload: Workload, context: Any, elements: int, rounds: int, seconds: float
) -> Outcome:
    """Time every contender of a workload, taking turns.

    Whatever disturbs the machine disturbs neighbouring samples of all contenders alike; medians
    then leave it out. What a run returns is freed within its time.

    Parameters
    ----------
    workload
        What to measure.
    context
        The engines that DistArray uses.
    elements
        The size of the arrays, where the workload has no size of its own.
    rounds
        The least number of samples of each contender.
    seconds
        After the least number of samples, the time to go on taking more.
    """
    case = workload.prepare(context, elements)
    check(workload, case)
    repeats = {name: _repeats(contender.run) for name, contender in case.contenders.items()}
    timings = {name: Timing(contender.threads, []) for name, contender in case.contenders.items()}
    gc.collect()
    gc.disable()
    try:
        end = time.perf_counter() + seconds
        taken = 0
        while taken < rounds or time.perf_counter() < end:
            # Whoever allocates first in a round may pay for what the one before gave back.
            names = list(case.contenders)[:: 1 if taken % 2 == 0 else -1]
            for name in names:
                contender = case.contenders[name]
                timings[name].samples.append(_sample(contender.run, repeats[name]))
            taken += 1
    finally:
        gc.enable()
    return Outcome(workload, case.elements, timings)


def check(workload: Workload, case: Case) -> None:
    """Run every contender once, and compare its result with the baseline's.

    Raises
    ------
    WrongResultError
        When they differ by more than the case's tolerance.
    """
    results = {}
    for name, contender in case.contenders.items():
        returned = contender.run()
        results[name] = np.asarray(contender.result() if contender.result else returned)
    expected = results.pop(BASELINE)
    for name, value in results.items():
        if value.shape != expected.shape or not np.allclose(
            value, expected, rtol=case.tolerance, atol=0, equal_nan=True
        ):
            raise WrongResultError(f"{workload.name}: {name}'s result is not {BASELINE}'s")


def _sample(run: Callable[[], Any], repeats: int) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        run()
    return (time.perf_counter() - start) / repeats


def _repeats(run: Callable[[], Any]) -> int:
    repeats = 1
    while _sample(run, repeats) * repeats < SHORTEST_SAMPLE:
        repeats *= 2
    return repeats
