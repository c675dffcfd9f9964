"""Outcomes as a Markdown table for people, and as JSON for comparisons over time."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.harness import BASELINE, OURS, Outcome


def machine() -> dict[str, Any]:
    """Describe where the times were taken."""
    processor = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                processor = line.split(":", 1)[1].strip()
                break
    return {"processor": processor, "cores": os.cpu_count(), "python": platform.python_version()}


def as_json(outcomes: list[Outcome]) -> dict[str, Any]:
    """Return everything that was measured, every sample included."""
    names = {name for outcome in outcomes for name in outcome.timings}
    return {
        "machine": machine(),
        "versions": {name: _version(name) for name in sorted(names)},
        "workloads": [
            {
                "name": outcome.workload.name,
                "elements": outcome.elements,
                "goal": str(outcome.workload.goal),
                "met": outcome.is_met,
                "contenders": {
                    name: {
                        "threads": timing.threads,
                        "median": timing.median,
                        "ratio": outcome.ratio(name),
                        "samples": timing.samples,
                    }
                    for name, timing in outcome.timings.items()
                },
            }
            for outcome in outcomes
        ],
    }


def as_markdown(outcomes: list[Outcome]) -> str:
    """Return a table with one row a workload: medians, and ratios against the baseline."""
    names = list(dict.fromkeys(name for outcome in outcomes for name in outcome.timings))
    others = [name for name in names if name != BASELINE]
    header = ["workload", "elements", *map(_title, names), *(f"{_title(n)} ratio" for n in others)]
    rows = [[*header, "goal", ""], ["---", *["--:"] * (len(header) - 1), "---", "---"]]
    for outcome in outcomes:
        cells = [outcome.workload.name, f"{outcome.elements:,}"]
        for name in names:
            timing = outcome.timings.get(name)
            cells.append("" if timing is None else f"{_time(timing.median)} ({timing.threads}t)")
        cells += [f"{outcome.ratio(n):.2f}" if n in outcome.timings else "" for n in others]
        goal = str(outcome.workload.goal)
        rows.append([*cells, goal, "" if not goal else "met" if outcome.is_met else "MISSED"])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "| " + " | ".join(_pad(cell, width, rows[1][k]) for k, (cell, width) in columns) + " |"
        for columns in (list(enumerate(zip(row, widths, strict=True))) for row in rows)
    )


def _pad(cell: str, width: int, alignment: str) -> str:
    if cell == "---":
        return "-" * width
    if cell == "--:":
        return "-" * (width - 1) + ":"
    return cell.rjust(width) if alignment == "--:" else cell.ljust(width)


def _title(name: str) -> str:
    return {BASELINE: "NumPy", OURS: "DistArray"}.get(name, name)


def _time(seconds: float) -> str:
    for unit, size in ("s", 1.0), ("ms", 1e-3), ("us", 1e-6):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
