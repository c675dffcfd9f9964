"""The files of a dnpy array are all old or all new, whenever a program is killed."""

import signal
import subprocess
import sys

import numpy as np
import pytest

import distarray.localapi as la
from distarray.tests.oracle import assert_same, context_of
from distarray.tests.spmd import spmd

pytestmark = pytest.mark.in_process

#: Saves an array of ones, and is killed when something is done to files for the n-th time.
KILLED = """
import os, signal, sys, threading
import distarray as da
from distarray import _core, _file_sets

lock, count = threading.Lock(), 0

def counted(function):
    def call(*args):
        global count
        with lock:
            if count == int(sys.argv[1]):
                os.kill(os.getpid(), signal.SIGKILL)
            count += 1
            function(*args)
    return call

_file_sets._core = type("Core", (), dict(vars(_core)))
_file_sets._core.finish_replacement = staticmethod(counted(_core.finish_replacement))
_file_sets._write_note = counted(_file_sets._write_note)
_file_sets._remove = counted(_file_sets._remove)
context = da.Context(nengines=3, kind="threads")
context.save_dnpy(eval(sys.argv[2]), context.ones(7))
"""
#: Three notes are written, the record and three files renamed, the record and the notes removed.
STEPS = 3 + 1 + 3 + 1 + 3
#: From here on the new files count: those that have been counted are done.
COMMITTED = 3 + 1


def killed_at(step, name):
    """Run the program; return whether it was killed."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(step), repr(name)], capture_output=True, text=True
    )
    assert done.returncode in (0, -signal.SIGKILL), done.stderr
    return done.returncode != 0


def hidden(folder):
    return sorted(path.name for path in folder.rglob(".*"))


@pytest.mark.processes
@pytest.mark.parametrize("step", range(STEPS + 1))
def test_killed_between_any_two_steps(tmp_path, step):
    (tmp_path / "elsewhere").mkdir()
    names = [str(tmp_path / each) for each in ("x.dnpy", "elsewhere/y.dnpy", "z")]
    # Under one name, there are files of more engines before.
    name, engines = (names, 3) if step % 2 else (str(tmp_path / "a"), 4)
    context = context_of(engines)
    context.save_dnpy(name, context.zeros(7))
    assert killed_at(step, name) == (step < STEPS)
    is_new = step >= COMMITTED
    expected = np.full(7, float(is_new))
    if step % 3 == 0:
        assert_same(context.load_dnpy(name, context.zeros(7).distribution), expected)
    if step % 3 == 1:
        pieces = 3 if is_new else engines
        files = names if step % 2 else [f"{name}_{rank}.dnpy" for rank in range(pieces)]
        loaded = spmd(pieces, lambda comm: la.load_dnpy(comm, files[comm.rank]))
        assert all((piece.ndarray == is_new).all() for piece in loaded)
    assert_same(context.load_dnpy(name), expected)
    if COMMITTED <= step <= COMMITTED + 3:
        assert not hidden(tmp_path)
    three = context_of(3)
    three.save_dnpy(name, three.ones(7))
    assert not hidden(tmp_path)
    assert_same(three.load_dnpy(name), np.ones(7))
