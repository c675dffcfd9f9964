"""Clusters of ipyparallel's for the tests."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from distarray.tests.mpi import environment

# Engines are there when they have answered two heartbeats.
CONFIGURATION = """
c = get_config()
c.HeartMonitor.period = 300
c.HeartMonitor.max_heartmonitor_misses = 100
c.IPController.db_class = "NoDB"
"""

#: A command that takes longer hangs.
PATIENCE = 90


class Cluster:
    """A cluster in a folder of its own, which `dacluster` starts and stops.

    Parameters
    ----------
    folder : path
        The folder.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        self.environment = environment(
            IPYTHONDIR=str(folder), DISTARRAY_TIMEOUT="30", DISTARRAY_TEST_PATIENCE="50"
        )
        self.pids = set()
        profile = self.folder / "profile_default"
        profile.mkdir()
        (profile / "ipcontroller_config.py").write_text(CONFIGURATION)

    def dacluster(self, *arguments):
        """Run a command; return what came of it."""
        done = subprocess.run(
            [sys.executable, "-m", "distarray.apps.dacluster", *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        self.note_processes()
        return done

    def note_processes(self):
        """Note which processes the cluster has, for the end."""
        with contextlib.suppress(OSError, ValueError, KeyError):
            for file in self.folder.glob("profile_*/security/*.json"):
                self.pids.update(_pids(json.loads(file.read_text())))
        for pid in list(self.pids):
            self.pids.update(_children(pid))

    def end(self):
        """End all processes that there still are."""
        self.note_processes()
        for number in signal.SIGTERM, signal.SIGKILL:
            for pid in filter(self.is_ours, self.pids):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            if self.is_gone(5):
                break

    def is_ours(self, pid):
        """Return whether this is one of the cluster's, and no later process of that number."""
        try:
            return f"IPYTHONDIR={self.folder}".encode() in Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            return False

    def is_gone(self, seconds):
        """Return whether all processes end within a time."""
        deadline = time.monotonic() + seconds
        while any(is_running(pid) for pid in self.pids):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True


def is_running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _pids(state):
    """Give the numbers of processes in what ipyparallel has written about a cluster."""
    if isinstance(state, dict):
        for name, value in state.items():
            if name == "pid" and isinstance(value, int):
                yield value
            else:
                yield from _pids(value)


def _children(pid):
    """Give the processes that a process has started, and theirs."""
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield int(child)
                yield from _children(int(child))
