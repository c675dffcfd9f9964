"""MPI processes on two hosts that a cable joins: `make test-hosts` runs these."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from distarray.tests import two_hosts
from distarray.tests.two_hosts import TwoHosts

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(
        os.environ.get("DISTARRAY_TEST_HOSTS") != "1", reason="make test-hosts runs these"
    ),
    pytest.mark.timeout(600),
]

TESTS = Path(__file__).parent
REPOSITORY = TESTS.parents[2]

#: What an engine has to be able to do: the tests of arrays and of functions on engines.
CORE = ("creation", "dtypes", "indexing", "random", "apply", "failures")

#: For so many seconds an engine may give no sign of life.
TIME_LIMIT = 5


@pytest.fixture
def hosts(tmp_path):
    if reason := two_hosts.missing():
        pytest.skip(reason)
    with TwoHosts(tmp_path) as hosts:
        yield hosts


def finish(hosts, launcher, seconds):
    """Wait for programs, which have to succeed; return what they printed."""
    try:
        printed, _ = launcher.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        launcher.kill()
        raise
    assert launcher.returncode == 0, printed
    assert hosts.are_empty(seconds=10)
    return printed


WHERE = """
import socket
import distarray as da

context = da.Context()
print(context.apply(socket.gethostname))
a = context.ones((300, 400)).distribute_as(da.Distribution(context, (300, 400), dist="nc"))
print(int(a.sum()))
"""


def test_engines_are_on_both_hosts(hosts):
    printed = finish(hosts, hosts.mpiexec((5, "-c", WHERE)), 60)
    assert printed.splitlines() == ["['second', 'first', 'second', 'first']", "120000"]


def test_the_core_of_the_tests(hosts):
    tests = [TESTS / f"test_{name}.py" for name in CORE]
    client = (1, "-m", "pytest", "-q", "-p", "no:cacheprovider", *map(str, tests))
    engines = (7, "-m", "distarray.apps.engine")
    printed = finish(hosts, hosts.mpiexec(client, engines, DISTARRAY_CONTEXT="mpi"), 500)
    assert " passed" in printed
    assert "failed" not in printed


@pytest.mark.skipif(not (REPOSITORY / "examples").exists(), reason="needs a checkout")
def test_the_demonstration(hosts, tmp_path):
    pytest.importorskip("global_land_mask", reason="pip install 'distarray[demo]'")
    program = str(REPOSITORY / "examples" / "land_mask.py")
    printed = finish(hosts, hosts.mpiexec((5, program, "--output", str(tmp_path / "demo"))), 500)
    assert "Every result equals NumPy's" in printed


CUT = """
import sys
from pathlib import Path
import distarray as da

context = da.Context()
rows = da.Distribution(context, (1000, 1000), dist="bn")
columns = da.Distribution(context, (1000, 1000), dist="nb")
a = context.ones((1000, 1000)).distribute_as(rows)
Path(sys.argv[1]).touch()
while True:
    {command}
"""

COMMANDS = {
    "a redistribution": "a.distribute_as(columns).sum()",
    "a function": "context.apply(lambda comm: comm.allreduce(1), (context.comm,))",
    "a reduction": "a.sum(axis=0).toarray()",
}


@pytest.mark.parametrize("command", COMMANDS)
def test_the_cable_is_cut(hosts, tmp_path, command):
    program = CUT.format(command=COMMANDS[command])
    sign = tmp_path / "working"
    processes = (5, "-c", program, str(sign))
    with hosts.mpiexec(processes, DISTARRAY_TIMEOUT=str(TIME_LIMIT)) as launcher:
        deadline = time.monotonic() + 30
        while not sign.exists():
            assert time.monotonic() < deadline, "the program doesn't begin"
            time.sleep(0.1)
        time.sleep(0.5)
        hosts.cut()
        start = time.monotonic()
        error, seconds = None, 0.0
        printed = []
        for line in launcher.stdout:
            printed.append(line)
            if error is None and line.startswith("distarray.error.CommunicationError: engine"):
                error, seconds = line, time.monotonic() - start
    assert error is not None, "".join(printed)
    assert seconds < TIME_LIMIT + 5
    # The launcher may call it a success: what it returns is Open MPI's.
    assert hosts.are_empty(seconds=2 * two_hosts.PATIENCE)
