"""Measure the workloads, and print tables of times, ratios and memory."""

import argparse
import json
import os
import signal
import sys
from pathlib import Path

from benchmarks.fleet import Member
from benchmarks.measure import Fleet, measure
from benchmarks.outcome import Outcome
from benchmarks.peers import BASELINE, Entry, line_up
from benchmarks.report import as_json, machine
from benchmarks.tables import as_markdown
from benchmarks.workloads import chosen


def words(text: str) -> list[str]:
    """Return the words of an option, which commas separate."""
    return [word.strip() for word in text.split(",") if word.strip()]


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return the options of the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    add = parser.add_argument
    add("--scale", type=float, default=1.0, help="what sizes are multiplied by")
    add("--workloads", type=words, default=[], help="words that a name or a kind contains")
    add("--peers", type=words, help="whom to compare with; NumPy always, all by default")
    add("--engines", type=words, default=["1", "2"], help="numbers of DistArray's engines")
    add("--cores", type=int, default=2, help="how many cores everybody may use")
    add("--repeats", type=int, default=5, help="the least number of samples")
    add("--seconds", type=float, default=1.0, help="to take more samples of a workload in")
    add("--results", type=Path, default=Path("benchmarks/results"), help="the folder for files")
    add("--check", action="store_true", help="fail when a goal is missed")
    add("--list", action="store_true", help="print the names of the workloads only")
    return parser.parse_args(arguments)


def participants(options: argparse.Namespace) -> list[Entry]:
    """Return the implementations that were chosen and can take part."""
    taking_part = []
    for entry in line_up([int(count) for count in options.engines], options.cores):
        wanted = options.peers is None or entry.name in options.peers
        if not (wanted or entry.is_ours or entry.name == BASELINE):
            continue
        if reason := entry.missing():
            print(f"Without {entry.title}: {reason}.", file=sys.stderr)
        else:
            taking_part.append(entry)
    return taking_part


def main() -> int:
    """Run the command."""
    options = parse()
    workloads = chosen(options.scale, options.workloads)
    if options.list:
        print("\n".join(workload.name for workload in workloads))
        return 0
    entries = participants(options)
    present = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    cores = present[: options.cores] or list(range(options.cores))
    about = machine(cores)
    # Whoever ends this program means the other processes too, and wants to see what there is.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    outcomes: list[Outcome] = []
    interrupted = False
    fleet = Fleet(entries, lambda entry: Member(entry, options.scale, cores))
    try:
        for workload in workloads:
            _progress(f"{workload.name} ...")
            outcomes.append(measure(fleet, workload, options.repeats, options.seconds))
    except KeyboardInterrupt:
        interrupted = True
        print("Interrupted: these are the workloads so far.", file=sys.stderr)
    finally:
        _progress("")
        fleet.close()
    report = as_json(outcomes, entries, about)
    tables = as_markdown(outcomes, entries, about)
    options.results.mkdir(parents=True, exist_ok=True)
    (options.results / "latest.json").write_text(json.dumps(report, indent=1))
    (options.results / "latest.md").write_text(tables + "\n")
    print(tables)
    missed = [workload["name"] for workload in report["workloads"] if workload["missed"]]
    wrong = any(result.status == "wrong" for o in outcomes for result in o.results.values())
    kept = len(outcomes) - len(missed)
    print(f"\n{kept} workloads keep their goals, {len(missed)} don't; see {options.results}")
    if interrupted:
        return 128 + signal.SIGINT
    return 1 if wrong or (options.check and missed) else 0


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\x1b[K{text}", end="\r", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
