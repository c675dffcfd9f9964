"""Measure the workloads, and print a table of ratios."""

import argparse
import json
import sys
from pathlib import Path

from benchmarks.harness import measure
from benchmarks.report import as_json, as_markdown, machine
from benchmarks.workloads import WORKLOADS


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help="workloads whose name contains one of these")
    parser.add_argument("--engines", type=int, default=2)
    parser.add_argument("--elements", type=int, default=20_000_000)
    parser.add_argument("--rounds", type=int, default=7, help="the least number of samples")
    parser.add_argument("--seconds", type=float, default=1.0, help="to take more samples in")
    parser.add_argument("--json", type=Path, default=Path("benchmarks/results/latest.json"))
    parser.add_argument("--check", action="store_true", help="fail when a goal is missed")
    parser.add_argument("--list", action="store_true", help="print the names only")
    options = parser.parse_args()
    chosen = [
        workload
        for workload in WORKLOADS
        if not options.names or any(name in workload.name for name in options.names)
    ]
    if options.list:
        print("\n".join(workload.name for workload in chosen))
        return 0

    import distarray

    where = machine()
    print(f"{where['processor']}, {where['cores']} cores, Python {where['python']}")
    print("Medians of runs that take turns; in brackets the threads at work; ratios to NumPy.\n")
    outcomes = []
    with distarray.Context(nengines=options.engines) as context:
        for workload in chosen:
            if sys.stderr.isatty():
                print(f"\x1b[K{workload.name} ...", end="\r", file=sys.stderr, flush=True)
            outcomes.append(
                measure(workload, context, options.elements, options.rounds, options.seconds)
            )
    if sys.stderr.isatty():
        print("\x1b[K", end="", file=sys.stderr)
    print(as_markdown(outcomes))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(as_json(outcomes), indent=1))
    missed = [outcome.workload.name for outcome in outcomes if not outcome.is_met]
    print(f"\n{len(outcomes) - len(missed)} goals met, {len(missed)} missed; see {options.json}")
    return 1 if options.check and missed else 0


if __name__ == "__main__":
    sys.exit(main())
