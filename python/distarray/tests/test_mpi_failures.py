"""However engines or their client fail, nobody waits for ever, and nothing is left behind."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from distarray.tests.mpi import environment, mpiexec

pytestmark = pytest.mark.processes

START = """
import os, pathlib, signal, sys, time
import numpy as np
import distarray as da

context = da.Context(**{kind})

def pid_of(comm):
    return os.getpid()

pids = context.apply(pid_of, (context.comm,))
pathlib.Path(os.environ["PIDS"], str(os.getpid())).write_text(" ".join(map(str, pids)))
"""


@pytest.fixture(autouse=True)
def told(tmp_path, monkeypatch):
    """A folder with a file of each program: its name, and the text, are the numbers of processes.

    What is printed just before a program is aborted may be lost.
    """
    monkeypatch.setenv("PIDS", str(tmp_path))
    return tmp_path


def program(text, **kind):
    return START.format(kind=kind) + text


def are_gone(told):
    """Whether all processes whose numbers were told end within a few seconds."""
    pids = [int(pid) for file in told.iterdir() for pid in (file.name, *file.read_text().split())]
    assert pids
    for _ in range(100):
        if not any(is_running(pid) for pid in pids):
            return True
        time.sleep(0.1)
    return False


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


SEVERAL_FAIL = """
def fail(comm):
    if comm.Get_rank() != 1:
        raise KeyError(comm.Get_rank())
    comm.barrier()

for _ in range(3):
    try:
        context.apply(fail, (context.comm,))
    except KeyError as group:
        print(len(group.exceptions), group.exceptions[1].engine)
    print(context.ones((5,)).sum().item())
"""


@pytest.mark.parametrize("kind", [{}, {"kind": "spmd"}])
def test_several_engines_fail(kind, told):
    done = mpiexec(4 if not kind else 3, program(SEVERAL_FAIL, **kind))
    lines = sorted(done.stdout.splitlines())
    count = 1 if not kind else 3
    assert lines == ["2 2"] * 3 * count + ["5.0"] * 3 * count
    assert are_gone(told)


FAILS_ALONE = """
class Odd(Exception):
    def __init__(self, a, b):
        super().__init__(a)
        self.b = b

def fail(comm):
    raise Odd("strange", lambda: 3) if comm.Get_rank() == 0 else ValueError("usual")

try:
    context.apply(fail, (context.comm,))
except BaseException as group:
    print([type(error).__name__ for error in group.exceptions])
    print("strange" in str(group), "in fail" in str(group.exceptions[0]))
print(context.apply(lambda: 1))
"""


def test_exceptions_that_are_hard_to_send():
    done = mpiexec(3, program(FAILS_ALONE))
    assert done.stdout.splitlines() == ["['Exception', 'ValueError']", "True True", "[1, 1]"]


RETURNS_EARLY = """
def leave(comm):
    if comm.Get_rank() == 0:
        return
    comm.barrier()

try:
    context.apply(leave, (context.comm,))
except da.error.CommunicationError as error:
    print("has returned" in str(error))
print(context.apply(lambda: 1))
"""


def test_an_engine_returns_while_others_wait():
    done = mpiexec(4, program(RETURNS_EARLY))
    assert done.stdout.splitlines() == ["True", "[1, 1, 1]"]


STOPPED = """
os.kill(pids[1], signal.SIGSTOP)
start = time.monotonic()
try:
    context.ones((6,)).sum().item()
except da.error.CommunicationError as error:
    print("engine 1" in str(error), time.monotonic() - start < 10)
os.kill(pids[1], signal.SIGCONT)
"""


def test_an_engine_that_hangs_is_named(told):
    done = mpiexec(4, program(STOPPED), DISTARRAY_TIMEOUT="2")
    assert done.stdout.splitlines() == ["True True"]
    assert are_gone(told)


LONG = """
def work(comm):
    end = time.monotonic() + 3
    while time.monotonic() < end:
        pass
    return comm.Get_rank()

print(context.apply(work, (context.comm,)))
"""


def test_an_engine_that_works_for_long_is_no_hanging_one():
    assert "[0, 1]" in mpiexec(3, program(LONG), DISTARRAY_TIMEOUT="1").stdout


KILLED = """
os.kill(pids[1], signal.SIGKILL)
context.ones((6,)).sum().item()
time.sleep(60)
"""


@pytest.mark.parametrize("kind", [{}, {"kind": "mpi", "nengines": 3}])
def test_an_engine_is_killed(kind, told):
    start = time.monotonic()
    done = mpiexec(1 if kind else 4, program(KILLED, **kind), check=False, DISTARRAY_TIMEOUT="5")
    assert done.returncode != 0
    assert time.monotonic() - start < 40
    assert re.search("signal|engine 1|killed|Killed", done.stdout + done.stderr)
    assert are_gone(told)


@pytest.mark.parametrize("ending", ["raise ValueError('mine')", "sys.exit(3)", "os._exit(4)"])
@pytest.mark.parametrize("kind", [{}, {"kind": "mpi", "nengines": 2}])
def test_the_client_ends(kind, ending, told):
    done = mpiexec(1 if kind else 3, program(ending, **kind), check=False)
    assert done.returncode != 0
    assert are_gone(told)


def test_the_client_is_killed(told):
    pytest.importorskip("mpi4py", exc_type=ImportError)
    text = program("print('ready', flush=True); time.sleep(60)", kind="mpi", nengines=2)
    client = subprocess.Popen(
        [sys.executable, "-c", text], env=environment(), stdout=subprocess.PIPE, text=True
    )
    assert client.stdout.readline() == "ready\n"
    os.kill(client.pid, signal.SIGKILL)
    client.wait()
    client.stdout.close()
    assert are_gone(told)


INTERRUPTED = """
import threading
threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT)).start()

def forever(comm):
    while True:
        time.sleep(0.01)

start = time.monotonic()
try:
    context.apply(forever, (context.comm,))
except KeyboardInterrupt:
    print("interrupted", time.monotonic() - start < 10)
print(context.apply(lambda: 1))
"""


def test_a_function_is_interrupted():
    done = mpiexec(3, program(INTERRUPTED))
    assert done.stdout.splitlines() == ["interrupted True", "[1, 1]"]
