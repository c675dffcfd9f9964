"""Outcomes as tables in Markdown, for people."""

from collections.abc import Callable
from typing import Any

from benchmarks.outcome import Outcome, copy_bandwidth
from benchmarks.peers import Entry
from benchmarks.report import comparisons, means
from benchmarks.workloads.workload import Workload

LATENCY = "add"


def as_markdown(outcomes: list[Outcome], entries: list[Entry], about: dict[str, Any]) -> str:
    """Return all tables."""
    main = [outcome for outcome in outcomes if outcome.workload.kind != LATENCY]
    curve = [outcome for outcome in outcomes if outcome.workload.kind == LATENCY]
    parts = [_introduction(outcomes, entries, about)]
    if main:
        parts += ["## DistArray beside the best", _ratios(outcomes, entries, main)]
        parts += ["## All times", _every(main, entries, _cell_time)]
    if curve:
        parts += ["## The latency of `a + b`", _every(curve, entries, _cell_time)]
        parts += [_ratios(outcomes, entries, curve)]
    parts += ["## Peak memory", _every(outcomes, entries, _cell_peak)]
    if notes := _notes(outcomes, entries):
        parts += ["## Without times", notes]
    return "\n\n".join(parts)


def table(rows: list[list[str]]) -> str:
    """Return a Markdown table; the first row is the header, the first column text."""
    widths = [max(3, *map(len, column)) for column in zip(*rows, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    padded = [
        [
            row[0].ljust(widths[0]),
            *(cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True)),
        ]
        for row in rows
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in [padded[0], rule, *padded[1:]])


def _introduction(outcomes: list[Outcome], entries: list[Entry], about: dict[str, Any]) -> str:
    lines = [
        f"{about['processor']}, {len(about['cores_used'])} of {about['cores']} cores, "
        f"Python {about['python']}, load {about['load']:.1f}. Medians of runs that take turns.",
        "Threads: " + ", ".join(f"{entry.title} {entry.threads}" for entry in entries) + ".",
    ]
    copy = copy_bandwidth(outcomes)
    if copy:
        title = next(entry.title for entry in entries if entry.name == copy[1])
        lines.append(f"Copy ({title}): {copy[0] / 1e9:.1f} GB/s, read and written.")
    mean = means(outcomes, entries)
    if mean["over_best"] and mean["over_numpy"]:
        counted = [outcome for outcome in outcomes if outcome.workload.counted]
        ours = [entry.name for entry in entries if entry.is_ours][-1]
        done = sum(outcome.median(ours) is not None for outcome in counted)
        lines.append(
            f"Geometric means over {done} of {len(counted)} workloads: "
            f"{mean['over_best']:.2f}x as fast as the best peer of each, "
            f"{mean['over_numpy']:.2f}x as fast as NumPy."
        )
    return "\n".join(lines)


def _ratios(everything: list[Outcome], entries: list[Entry], shown: list[Outcome]) -> str:
    ours = [entry for entry in entries if entry.is_ours]
    titles = {entry.name: entry.title for entry in entries}
    header = ["workload", *(entry.title for entry in ours), "best peer", "its time"]
    rows = [[*header, "over best", "over NumPy", "of Rust loop", "of copy", "missed"]]
    for outcome, comparison in zip(everything, comparisons(everything, entries), strict=True):
        if not any(outcome is one for one in shown):
            continue
        best = comparison.best
        share = comparison.of_bandwidth
        rows.append(
            [
                _label(outcome.workload),
                *(_cell_time(outcome, entry) for entry in ours),
                titles[best] if best else "",
                _time(outcome.median(best)) if best else "",
                _times(comparison.over_best),
                _times(comparison.over_numpy),
                _times(comparison.of_floor),
                "" if share is None else f"{share:.0%}",
                ", ".join(comparison.missed(outcome.workload)),
            ]
        )
    return table(rows)


def _every(
    outcomes: list[Outcome], entries: list[Entry], cell: Callable[[Outcome, Entry], str]
) -> str:
    rows = [["workload", *(entry.title for entry in entries)]]
    rows += [
        [_label(outcome.workload), *(cell(outcome, entry) for entry in entries)]
        for outcome in outcomes
    ]
    return table(rows)


def _notes(outcomes: list[Outcome], entries: list[Entry]) -> str:
    titles = {entry.name: entry.title for entry in entries}
    lines = [
        f"- {outcome.workload.name}: {outcome.reason}" for outcome in outcomes if outcome.reason
    ]
    lines += [
        f"- {outcome.workload.name}, {titles[name]}: {result.status}: {result.reason}"
        for outcome in outcomes
        for name, result in outcome.results.items()
        if result.status in ("failed", "wrong")
    ]
    return "\n".join(lines)


def _label(workload: Workload) -> str:
    name = workload.name.replace("|", "\\|")
    return name if f", {workload.elements}" in name else f"{name} ({_count(workload.elements)})"


def _count(elements: int) -> str:
    for unit, size in ("M", 1_000_000), ("k", 1000):
        if elements >= size:
            return f"{elements / size:.3g} {unit}"
    return str(elements)


def _cell_time(outcome: Outcome, entry: Entry) -> str:
    result = outcome.results.get(entry.name)
    if result is None or result.status == "unsupported":
        return ""
    return _time(result.median) if result.status == "measured" else result.status


def _cell_peak(outcome: Outcome, entry: Entry) -> str:
    result = outcome.results.get(entry.name)
    peak = None if result is None else result.peak
    return "" if peak is None else f"{peak / 1e6:.0f} MB"


def _time(seconds: float | None) -> str:
    if seconds is None:
        return ""
    for unit, size in ("s", 1.0), ("ms", 1e-3), ("us", 1e-6):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}x"
