"""Outcomes as JSON, for comparisons over time."""

import os
import platform
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.outcome import Comparison, Outcome, compare, copy_bandwidth, geometric_mean
from benchmarks.peers import Entry


def machine(cores: list[int]) -> dict[str, Any]:
    """Describe where the times are taken."""
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                processor = line.split(":", 1)[1].strip()
                break
    return {
        "processor": processor,
        "cores": os.cpu_count(),
        "cores_used": cores,
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
    }


def comparisons(outcomes: list[Outcome], entries: list[Entry]) -> list[Comparison]:
    """Compare DistArray with the others in each outcome."""
    copy = copy_bandwidth(outcomes)
    return [compare(outcome, entries, copy[0] if copy else None) for outcome in outcomes]


def means(outcomes: list[Outcome], entries: list[Entry]) -> dict[str, float | None]:
    """Return the geometric means of DistArray's speed-ups over the workloads that count."""
    counted = [
        comparison
        for outcome, comparison in zip(outcomes, comparisons(outcomes, entries), strict=True)
        if outcome.workload.counted
    ]
    return {
        "over_best": geometric_mean(comparison.over_best for comparison in counted),
        "over_numpy": geometric_mean(comparison.over_numpy for comparison in counted),
    }


def as_json(outcomes: list[Outcome], entries: list[Entry], about: dict[str, Any]) -> dict[str, Any]:
    """Return everything that was measured, every sample included."""
    copy = copy_bandwidth(outcomes)
    return {
        "machine": about,
        "implementations": {
            entry.name: {
                "title": entry.title,
                "threads": entry.threads,
                "version": _version(entry.package),
            }
            for entry in entries
        },
        "copy": {"bytes_per_second": copy[0], "by": copy[1]} if copy else None,
        "geometric_means": means(outcomes, entries),
        "workloads": [
            {
                "name": outcome.workload.name,
                "kind": outcome.workload.kind,
                "elements": outcome.workload.elements,
                "counted": outcome.workload.counted,
                "reason": outcome.reason,
                "goals": {
                    name: limit
                    for name, limit in asdict(outcome.workload.goals).items()
                    if limit is not None
                },
                "missed": comparison.missed(outcome.workload),
                "comparison": asdict(comparison),
                "results": {
                    name: {"median": result.median, **asdict(result)}
                    for name, result in outcome.results.items()
                },
            }
            for outcome, comparison in zip(outcomes, comparisons(outcomes, entries), strict=True)
        ],
    }


def _version(package: str) -> str:
    try:
        return version(package.partition(".")[0])
    except PackageNotFoundError:
        return "unknown"
