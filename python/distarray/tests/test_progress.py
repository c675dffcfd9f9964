"""Progress bars, on a terminal that a test pretends to be."""

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios

import pytest

from distarray.error import ContextCreationError
from distarray.globalapi import Context

pytest.importorskip("tqdm")

pytestmark = [pytest.mark.in_process, pytest.mark.processes]

BEGINNING = """
import sys, time
import numpy as np
import distarray as da
from distarray.globalapi import _progress
_progress.DELAY = {delay}
context = da.Context(kind="threads", nengines=2{options})
a = context.ones((1 << 24,))
"""

LONG = """
for _ in range(2):
    a = a + np.sin(np.cos(np.tan(np.sin(np.cos(np.tan(np.arctan(a) + 1) + 1) + 1))))
    a = np.power(np.abs(a) + 1.5, 1.1)
    da.evaluate(a)
b = np.sin(np.arctan(np.power(a, 1.3))).sum().item()
"""

# What lasts is a function here, so that it lasts long enough on any machine.
LOADING = """
context.save_npy(sys.argv[1], a)
from distarray.globalapi import _files
real = _files.load_npy
def slow(*args):
    time.sleep(1)
    return real(*args)
_files.load_npy = slow
context.load_npy(sys.argv[1])
"""


def shown(program, *arguments, delay=1.0, options="", terminal=True, **environment):
    """Run a program on a terminal; return what is seen there."""
    text = BEGINNING.format(delay=delay, options=options) + program + "\nprint('the end')\n"
    command = [sys.executable, "-c", text, *map(str, arguments)]
    environment = {**os.environ, "TERM": "xterm", "DISTARRAY_CONTEXT": "threads", **environment}
    if not terminal:
        done = subprocess.run(
            command, capture_output=True, env=environment, text=True, timeout=100, check=True
        )
        return done.stdout + done.stderr
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        seen = b""
        while select.select([ours], [], [], 100)[0]:
            try:
                part = os.read(ours, 1 << 16)
            except OSError:  # as Linux says that the other end is closed
                break
            if not part:
                break
            seen += part
    os.close(ours)
    assert process.returncode == 0, seen.decode()
    assert "the end" in seen.decode()
    return seen.decode()


def test_long_computations_have_a_bar():
    text = shown(LONG, delay=0.01)
    assert re.search(r"computing: +\d+%\|", text)
    # It is gone before the program goes on.
    assert re.search(r"\r +\r(the end|\x1b)", text) or text.rstrip().endswith("the end")
    assert "the end" in text.rpartition("computing")[2]


def test_loads_have_a_bar_that_names_the_file(tmp_path):
    text = shown(LOADING, tmp_path / "numbers.npy", delay=0.1)
    assert "loading numbers.npy" in text


def test_short_computations_have_none():
    assert "computing" not in shown("print((a + 1).sum().item())", delay=1000.0)


@pytest.mark.parametrize(
    "silenced",
    [{"options": ", progress=False"}, {"DISTARRAY_PROGRESS": "0"}, {"terminal": False}],
    ids=str,
)
def test_bars_can_be_had_not(silenced):
    assert "computing" not in shown(LONG, delay=0.01, **silenced)


def test_a_program_without_tqdm():
    without = "sys.modules['tqdm'] = None; sys.modules['tqdm.auto'] = None\n"
    assert "Error" not in shown(without + "(a + 1).sum().item()", delay=0.001)


def test_another_word_in_the_environment(monkeypatch):
    monkeypatch.setenv("DISTARRAY_PROGRESS", "yes")
    with pytest.raises(ContextCreationError, match="DISTARRAY_PROGRESS"):
        Context(nengines=1)


def test_failures_end_bars():
    program = """
try:
    context.load_npy("/nowhere/at all.npy")
except FileNotFoundError:
    print("not found")
"""
    assert "not found" in shown(program + LONG, delay=0.01)
