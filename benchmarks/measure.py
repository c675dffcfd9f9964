"""Workloads are run by all implementations in turn, checked, and timed."""

import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks import memory
from benchmarks.fleet import FailedError, Member
from benchmarks.outcome import Outcome, Result
from benchmarks.peers import BASELINE, Entry
from benchmarks.workloads.workload import Workload

# One sample takes at least this long, so that the clock's resolution does not matter.
SHORTEST_SAMPLE = 1e-3
# After their work some packages' threads look for more for a while, before they sleep.
PAUSE = 5e-3
# Memory that has to be free before data are made: so many times theirs, for results as well.
ROOM = 3


@dataclass
class Fleet:
    """Implementations at work; those that ended are started again when they are needed."""

    entries: list[Entry]
    start: Callable[[Entry], Member]
    members: dict[str, Member] = field(default_factory=dict)

    def ask(self, name: str, request: str, *arguments: Any) -> list[Any]:
        """Have an implementation do something; see :meth:`Member.ask`."""
        member = self.members.get(name)
        if member is None or member.has_ended:
            entry = next(entry for entry in self.entries if entry.name == name)
            member = self.members[name] = self.start(entry)
        return member.ask(request, *arguments)

    def close(self) -> None:
        """End all processes."""
        for member in self.members.values():
            if not member.has_ended:
                member.close()


def measure(fleet: Fleet, workload: Workload, repeats: int, seconds: float) -> Outcome:
    """Run a workload by every implementation that has it, taking turns, one at a time.

    Whatever disturbs the machine disturbs neighbouring samples of all alike; medians then leave it
    out. A result is freed before the next run ends, within the time, as in a loop.

    Parameters
    ----------
    fleet
        The implementations.
    workload
        What they run.
    repeats
        The least number of samples of each.
    seconds
        After the least number of samples, the time to go on taking more.

    Raises
    ------
    FailedError
        When NumPy, whose results are the right ones, can't do the work.
    """
    turns = _Turns(fleet, workload)
    if turns.prepare():
        turns.check()
        turns.sample(repeats, seconds)
    return turns.outcome


class _Turns:
    """The implementations that still take part in a workload."""

    def __init__(self, fleet: Fleet, workload: Workload) -> None:
        self.fleet = fleet
        self.names = [entry.name for entry in fleet.entries]
        self.outcome = Outcome(workload, {name: Result() for name in self.names})

    def ask(self, name: str, request: str, *arguments: Any) -> list[Any]:
        """Ask one of them; it takes part no more, and answers nothing, if it fails."""
        try:
            return self.fleet.ask(name, request, *arguments)
        except FailedError as error:
            if name == BASELINE:
                raise
            self.drop(name, "failed", str(error))
            return []

    def drop(self, name: str, status: str, reason: str = "") -> None:
        """Note why one of them has no times."""
        self.names.remove(name)
        self.outcome.results[name] = Result(status, reason)

    def prepare(self) -> bool:
        """Have all make their data; tell whether there was memory enough."""
        workload = self.outcome.workload
        for name in list(self.names):
            self.ask(name, "release", workload.data.name)
        for name in list(self.names):
            room = memory.available()
            if room is not None and room < ROOM * workload.data.nbytes:
                self.outcome.results = {}
                self.outcome.reason = "too little memory: choose a smaller --scale"
                return False
            if False in self.ask(name, "prepare", workload.name):
                self.drop(name, "unsupported")
        return True

    def check(self) -> None:
        """Have all run once, and compare their results with NumPy's."""
        with tempfile.TemporaryDirectory() as folder:
            self.ask(BASELINE, "save", folder)
            for name in [name for name in self.names if name != BASELINE]:
                for difference in filter(None, self.ask(name, "check", folder)):
                    self.drop(name, "wrong", difference)
                    break

    def sample(self, repeats: int, seconds: float) -> None:
        """Have all run in turn, and note times and memory."""
        results = self.outcome.results
        runs = {name: self._runs(name) for name in list(self.names)}
        for name in list(self.names):
            self.ask(name, "forget_peak")
        end = time.perf_counter() + seconds
        order = random.Random(0)
        taken = 0
        while taken < repeats or time.perf_counter() < end:
            # A turn may depend on whose was before, of which some leave a core idle.
            for name in order.sample(self.names, len(self.names)):
                time.sleep(PAUSE)
                if times := self.ask(name, "sample", runs[name]):
                    results[name].samples.append(max(times))
            taken += 1
        for name in list(self.names):
            peaks = self.ask(name, "peak")
            if name in self.names and None not in peaks:
                results[name].peak = sum(peaks)

    def _runs(self, name: str) -> int:
        """Return how many runs take long enough to be timed."""
        runs = 1
        while (times := self.ask(name, "sample", runs)) and max(times) * runs < SHORTEST_SAMPLE:
            runs *= 2
        return runs
