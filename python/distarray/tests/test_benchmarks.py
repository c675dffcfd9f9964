"""The benchmarks compare results before times, and compute ratios rightly."""

import json
import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

REPOSITORY = Path(__file__).parents[3]
if not (REPOSITORY / "benchmarks").is_dir():
    pytest.skip("not a checkout of the repository", allow_module_level=True)
sys.path.insert(0, str(REPOSITORY))

from benchmarks.measure import Fleet, measure  # noqa: E402
from benchmarks.outcome import Outcome, Result, compare, geometric_mean  # noqa: E402
from benchmarks.peers import line_up  # noqa: E402
from benchmarks.report import as_json, means  # noqa: E402
from benchmarks.tables import as_markdown  # noqa: E402
from benchmarks.workloads import all_workloads  # noqa: E402
from benchmarks.workloads.workload import Tolerance  # noqa: E402

WORKLOADS = all_workloads(1e-4)
CHAIN, COPY = WORKLOADS["2*a + 3*b - a*b*c + 1"], WORKLOADS["500 MB copy"]
ENTRIES = [
    entry
    for entry in line_up([1, 2], 2)
    if entry.name in ("distarray-1", "distarray-2", "numpy", "jax", "floor")
]
ABOUT = {"processor": "abacus", "cores": 2, "cores_used": [0, 1], "python": "3", "load": 0.0}


def outcome(workload, **seconds):
    results = {name.replace("_", "-"): Result(samples=[t, t, 9 * t]) for name, t in seconds.items()}
    return Outcome(workload, results)


def test_ratios_follow_from_medians():
    one = outcome(CHAIN, distarray_1=9.0, distarray_2=2.0, numpy=8.0, jax=3.0, floor=1.0)
    comparison = compare(one, ENTRIES, bandwidth=float(CHAIN.traffic))
    assert comparison.ours == 2.0
    assert comparison.best == "jax"
    assert (comparison.over_best, comparison.over_numpy) == (1.5, 4.0)
    assert (comparison.of_floor, comparison.of_bandwidth) == (2.0, 0.5)
    assert comparison.missed(CHAIN) == ["1.3x Rust loop", "90% of copy"]


def test_a_slower_time_than_the_best_peer_misses_the_goal():
    slow = outcome(CHAIN, distarray_2=4.0, numpy=8.0, jax=3.0)
    comparison = compare(slow, ENTRIES, None)
    assert comparison.missed(CHAIN) == ["1x best peer"]


def test_an_outcome_without_our_time_misses_its_goals():
    comparison = compare(outcome(CHAIN, numpy=8.0), ENTRIES, None)
    assert comparison.over_numpy is None
    assert comparison.missed(CHAIN) == ["no time"]


def test_means_are_geometric_and_over_what_counts():
    curve = outcome(WORKLOADS["a + b, 10"], distarray_2=1.0, numpy=1e6)
    outcomes = [
        outcome(CHAIN, distarray_2=1.0, numpy=8.0, jax=4.0),
        outcome(COPY, distarray_2=1.0, numpy=2.0, jax=3.0),
        curve,
    ]
    assert means(outcomes, ENTRIES) == pytest.approx(
        {"over_best": math.sqrt(4 * 2), "over_numpy": math.sqrt(8 * 2)}
    )
    assert geometric_mean([None, 2.0, 8.0]) == pytest.approx(4.0)
    assert geometric_mean([None]) is None


def test_tables_say_what_has_no_time_and_why():
    failed = Outcome(CHAIN, {"numpy": Result(samples=[1.0]), "jax": Result("wrong", "all differ")})
    text = as_markdown([failed, outcome(COPY, distarray_2=1.0, numpy=2.0)], ENTRIES, ABOUT)
    assert "- 2*a + 3*b - a*b*c + 1, jax: wrong: all differ" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert {row.count(" | ") for row in rows if "500 MB copy" in row} == {9, 5}


def test_a_wrong_result_is_seen():
    expected = np.arange(5.0)
    assert Tolerance().difference(expected, expected) is None
    assert Tolerance(relative=1e-9).difference(expected * (1 + 1e-12), expected) is None
    assert "1 of 5" in Tolerance().difference(np.array([0, 1, 2, 3, 5.0]), expected)
    assert "shape" in Tolerance().difference(expected[:4], expected)
    assert Tolerance(mismatches=0.2).difference(np.array([0, 1, 2, 3, 9.0]), expected) is None
    assert "of 2" in Tolerance().difference(np.array([np.nan, 0]), np.array([0, 0.0]))


class Member:
    """Answers as a process would, from a script."""

    has_ended = False

    def __init__(self, seconds, difference=None):
        self.seconds, self.difference = seconds, difference

    def ask(self, request, *arguments):
        answers = {"prepare": True, "check": self.difference, "sample": self.seconds, "peak": 7}
        return [answers.get(request)]


def test_who_computes_something_else_has_no_time():
    members = {"numpy": Member(2.0), "jax": Member(1.0, "off by one"), "distarray-2": Member(0.5)}
    entries = [entry for entry in ENTRIES if entry.name in members]
    fleet = Fleet(entries, lambda entry: members[entry.name])
    one = measure(fleet, CHAIN, repeats=3, seconds=0)
    assert one.results["jax"] == Result("wrong", "off by one")
    assert one.results["distarray-2"].samples == [0.5] * 3
    assert one.results["numpy"].peak == 7
    assert as_json([one], entries, ABOUT)["workloads"][0]["comparison"]["best"] == "numpy"


def run_all(tmp_path, peers, workloads):
    """Run benchmarks on few elements; each must have a time."""
    run = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks", "--scale=1e-5", "--repeats=1", "--seconds=0"),
            *(f"--peers={peers}", "--engines=2", f"--results={tmp_path}"),
            f"--workloads={workloads}",
        ],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "| workload" in (tmp_path / "latest.md").read_text()
    report = json.loads((tmp_path / "latest.json").read_text())
    assert set(report["implementations"]) == {"distarray-2", *peers.split(",")}
    for workload in report["workloads"]:
        for result in workload["results"].values():
            assert result["status"] == "measured", (workload["name"], result["reason"])
            assert result["median"] > 0
    return report["workloads"]


def test_distarray_computes_the_same_as_numpy_in_every_family(tmp_path):
    families = "Black,chain,distance,float32,var,argmax,Julia,pi,cyclic,assign,total,copy"
    assert len(run_all(tmp_path, "numpy", families)) > 20


@pytest.mark.processes
def test_processes_run_as_often_as_each_other(tmp_path):
    pytest.importorskip("mpi4py", exc_type=ImportError)
    assert run_all(tmp_path, "numpy,mpi4py", "var,distance")
