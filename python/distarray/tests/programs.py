"""Programs that tests run in interpreters of their own, and stop in the middle."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import textwrap
import time

#: Longer than a program needs on a busy machine: what takes longer hangs.
TIME_LIMIT = 60.0

_BEGINNING = """
import faulthandler, signal, sys, threading, time
faulthandler.register(signal.SIGUSR1, all_threads=True)
import numpy as np
from distarray.globalapi.context import Context

def say(*words):
    # At once: what threads print at the same time may come between a word and the end of its line.
    sys.stdout.write(" ".join(map(str, words)) + "\\n")
    sys.stdout.flush()

"""


class Program:
    """A Python program that runs meanwhile.

    Parameters
    ----------
    text : str
        The program; `Context`, `np`, `signal`, `sys`, `threading`, `time` and `say` are there.
    """

    def __init__(self, text):
        self.process = subprocess.Popen(
            [sys.executable, "-c", _BEGINNING + textwrap.dedent(text)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # In a session of its own, it can be ended together with its children.
            start_new_session=True,
        )
        self.said = ""

    def wait_for(self, word):
        """Wait until the program has said a word."""
        deadline = time.monotonic() + TIME_LIMIT
        while word not in self.said.split():
            left = deadline - time.monotonic()
            ready, _, _ = select.select([self.process.stdout], [], [], max(left, 0))
            data = os.read(self.process.stdout.fileno(), 4096) if ready else b""
            if not data:
                raise AssertionError(f"{word!r} was not said: {self.said}\n{self.give_up()}")
            self.said += data.decode()

    def interrupt(self):
        """Press Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def finish(self, code=0):
        """Wait for the end; return what the program said, and its errors."""
        try:
            output, errors = self.process.communicate(timeout=TIME_LIMIT)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"does not end: {self.said}\n{self.give_up()}") from None
        said, errors = self.said + output.decode(), errors.decode()
        assert self.process.returncode == code, f"{self.process.returncode}: {said}\n{errors}"
        return said, errors

    def give_up(self):
        """Kill the program and its children; return its errors, and the stacks of its threads."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGUSR1)
            time.sleep(0.5)
        self.kill()
        return self.process.communicate()[1].decode()

    def kill(self):
        """Kill the program and its children."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)


@contextlib.contextmanager
def running(text):
    """Run a program; it is killed at the end of the ``with`` statement if it still runs."""
    program = Program(text)
    try:
        yield program
    finally:
        program.kill()
        program.process.wait()
        program.process.stdout.close()
        program.process.stderr.close()


def run(text, code=0):
    """Run a program; return what it says."""
    with running(text) as program:
        return program.finish(code)[0].strip()
