"""What was measured, and the ratios that follow from it."""

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field

from benchmarks.peers import BASELINE, FLOOR, Entry
from benchmarks.workloads.workload import Workload


@dataclass
class Result:
    """What one implementation made of one workload."""

    status: str = "measured"
    """`measured`; `unsupported`, if it has no such program; `failed` or `wrong`, with a reason."""
    reason: str = ""
    samples: list[float] = field(default_factory=list)
    """Seconds a run."""
    peak: int | None = None
    """The most memory, in bytes, above that of the process before it made any data."""

    @property
    def median(self) -> float | None:
        """The median time of a run, if there is one."""
        return statistics.median(self.samples) if self.samples else None


@dataclass
class Outcome:
    """A workload, and what became of it."""

    workload: Workload
    results: dict[str, Result]
    reason: str = ""
    """Why nobody ran it, if nobody did."""

    def median(self, name: str) -> float | None:
        """Return the median time of an implementation, if it has one."""
        result = self.results.get(name)
        return None if result is None else result.median


@dataclass(frozen=True)
class Comparison:
    """DistArray's time in an outcome, beside those of others; None where one is missing."""

    ours: float | None
    best: str | None
    """Which peer is the fastest."""
    over_best: float | None
    """How many times faster than the best peer DistArray is."""
    over_numpy: float | None
    """How many times faster than NumPy DistArray is."""
    of_floor: float | None
    """How many times the hand-written loop's time DistArray takes."""
    of_bandwidth: float | None
    """Bytes that must be moved, over the time and the bandwidth of a copy."""

    def missed(self, workload: Workload) -> list[str]:
        """Return the goals that are missed, as the table says them."""
        goals, missed = workload.goals, []
        if self.ours is None:
            return ["no time"]
        for limit, speed_up, who in [
            (goals.best, self.over_best, "best peer"),
            (goals.numpy, self.over_numpy, "NumPy"),
        ]:
            if limit is not None and speed_up is not None and 1 / speed_up > limit:
                missed.append(f"{limit:g}x {who}")
        if goals.floor is not None and self.of_floor is not None and self.of_floor > goals.floor:
            missed.append(f"{goals.floor:g}x Rust loop")
        share = self.of_bandwidth
        if goals.bandwidth is not None and share is not None and share < goals.bandwidth:
            missed.append(f"{goals.bandwidth:.0%} of copy")
        if goals.seconds is not None and self.ours > goals.seconds:
            missed.append(f"{goals.seconds * 1e6:g} us")
        return missed


def compare(outcome: Outcome, entries: list[Entry], bandwidth: float | None) -> Comparison:
    """Compare the last DistArray, the one with the most engines, with the others."""
    ours = outcome.median([entry.name for entry in entries if entry.is_ours][-1])
    peers = {
        entry.name: time
        for entry in entries
        if entry.is_peer and (time := outcome.median(entry.name)) is not None
    }
    best = min(peers, key=peers.__getitem__) if peers else None
    traffic = outcome.workload.traffic
    return Comparison(
        ours,
        best,
        _ratio(peers[best] if best else None, ours),
        _ratio(outcome.median(BASELINE), ours),
        _ratio(ours, outcome.median(FLOOR)),
        _ratio(traffic / bandwidth, ours) if traffic and bandwidth else None,
    )


def copy_bandwidth(outcomes: Iterable[Outcome]) -> tuple[float, str] | None:
    """Return the bytes a second that a copy reads and writes, and who copied.

    That is the loop that writes to memory it has had before, on all threads; or else NumPy.
    """
    for outcome in outcomes:
        if outcome.workload.kind == "copy":
            for name in FLOOR, BASELINE:
                time = outcome.median(name)
                if time is not None:
                    return outcome.workload.traffic / time, name
    return None


def geometric_mean(ratios: Iterable[float | None]) -> float | None:
    """Return the geometric mean of the ratios that there are."""
    logarithms = [math.log(ratio) for ratio in ratios if ratio is not None]
    return math.exp(statistics.fmean(logarithms)) if logarithms else None


def _ratio(numerator: float | None, denominator: float | None) -> float | None:
    return None if numerator is None or denominator is None else numerator / denominator
