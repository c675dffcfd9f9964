"""Two hosts on one machine: network namespaces with names of their own, joined by a cable.

Open MPI sees two machines that reach each other over TCP alone: it starts processes on the second
by an agent, which would be ssh elsewhere.
"""

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time

from distarray.tests.mpi import environment

NETWORK = "10.213.7.0/24"
ADDRESSES = ("10.213.7.1", "10.213.7.2")
NAMES = ("first", "second")
PROGRAMS = ("ip", "mpiexec", "unshare")

#: After so many seconds without an answer, the launcher of one host gives up on the other's.
PATIENCE = 10


def missing():
    """Return why there can't be two hosts, or an empty text."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    path = environment()["PATH"]
    absent = [program for program in PROGRAMS if shutil.which(program, path=path) is None]
    if absent:
        return f"needs the programs {', '.join(absent)}"
    probe = subprocess.run(["unshare", "--net", "--uts", "true"], capture_output=True, text=True)
    return f"no namespaces here: {probe.stderr.strip()}" if probe.returncode else ""


class TwoHosts:
    """Two hosts, for as long as a ``with`` statement lasts.

    Parameters
    ----------
    folder : Path
        Where the agent is written that starts processes on the second host.
    """

    def __init__(self, folder):
        self.spaces = [f"distarray-{os.getpid()}-{name}" for name in NAMES]
        self.ends = [f"da{os.getpid() % 100000:05}{side}" for side in "ab"]
        self.agent = folder / "agent"

    def __enter__(self):
        try:
            self._set_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _set_up(self):
        for space in self.spaces:
            _run("ip", "netns", "add", space)
        (first, second), (one, other) = self.spaces, self.ends
        _run(*f"ip link add {one} netns {first} type veth peer name {other} netns {second}".split())
        for space, end, address in zip(self.spaces, self.ends, ADDRESSES, strict=True):
            _run("ip", "-n", space, "address", "add", f"{address}/24", "dev", end)
            for device in ("lo", end):
                _run("ip", "-n", space, "link", "set", device, "up")
        # It is called with the host's name and the words of a command for the shell there.
        start = shlex.join([*self._on(1), "sh", "-c"])
        self.agent.write_text(f'#!/bin/sh\nshift\nexec {start} "$*"\n')
        self.agent.chmod(0o700)

    def __exit__(self, *_):
        for space in self.spaces:
            for process in processes_of(space):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
            subprocess.run(["ip", "netns", "delete", space], capture_output=True)

    def _on(self, host):
        """Return the words that have a command run on a host."""
        rename = f'hostname {NAMES[host]} && exec "$@"'
        return [
            *("ip", "netns", "exec", self.spaces[host]),
            *("unshare", "--uts", "sh", "-c", rename, "sh"),
        ]

    def mpiexec(self, *programs, **variables):
        """Start programs, each with its number of processes, which alternate between the hosts.

        Parameters
        ----------
        *programs : tuple
            How many processes, and the arguments of Python.
        **variables : str
            More variables of the environment.

        Returns
        -------
        subprocess.Popen
            The launcher, on the first host. What the programs print comes from it.
        """
        settings = {
            "PRTE_MCA_plm_ssh_agent": str(self.agent),
            "PRTE_MCA_oob_tcp_if_include": NETWORK,
            "PRTE_MCA_oob_tcp_keepalive_time": str(PATIENCE // 2),
            "PRTE_MCA_oob_tcp_keepalive_intvl": "1",
            "PRTE_MCA_oob_tcp_keepalive_probes": str(PATIENCE // 2),
            "PRTE_MCA_rmaps_default_mapping_policy": "node:oversubscribe",
            "OMPI_MCA_pml": "ob1",
            "OMPI_MCA_btl": "tcp,self",
            "OMPI_MCA_btl_tcp_if_include": NETWORK,
        }
        command = [*self._on(0), "mpiexec", "--host", ",".join(f"{host}:8" for host in ADDRESSES)]
        for place, (count, *arguments) in enumerate(programs):
            command += [":"] * (place > 0) + ["-n", str(count), sys.executable, *arguments]
        return subprocess.Popen(
            command,
            env=environment(**(settings | variables)),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def cut(self):
        """Cut the cable: nothing that is sent arrives, and nobody is told."""
        _run("ip", "-n", self.spaces[0], "link", "set", self.ends[0], "down")

    def processes(self):
        """Return the processes on each of the hosts."""
        return [processes_of(space) for space in self.spaces]

    def are_empty(self, seconds):
        """Return whether all processes of the hosts end within some time."""
        deadline = time.monotonic() + seconds
        while any(self.processes()):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.2)
        return True


def processes_of(space):
    """Return the processes in a network namespace."""
    found = subprocess.run(["ip", "netns", "pids", space], capture_output=True, text=True)
    return [int(word) for word in found.stdout.split()]


def _run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{shlex.join(command)}: {done.stderr.strip()}")
