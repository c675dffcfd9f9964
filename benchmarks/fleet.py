"""The processes of the implementations, and how they are asked to work."""

import os
import signal
import socket
import subprocess
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO, Any

from benchmarks.peers import Entry

#: Seconds that an implementation may take to start, and to answer.
PATIENCE = 120.0, 600.0
REPOSITORY = Path(__file__).resolve().parent.parent


class FailedError(Exception):
    """An implementation raised an exception, ended, or took too long."""


class Member:
    """One implementation at work: a process, or several that do everything together."""

    def __init__(self, entry: Entry, scale: float, cores: list[int]) -> None:
        self.entry = entry
        self._output: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed in `close`)
        self._connections: list[Connection] = []
        with (
            tempfile.TemporaryDirectory() as folder,
            socket.socket(socket.AF_UNIX) as listener,
        ):
            path = str(Path(folder, "socket"))
            listener.bind(path)
            listener.listen()
            listener.settimeout(0.1)
            self._process = subprocess.Popen(
                entry.command(entry.module, str(entry.threads), repr(scale), path),
                env=os.environ | dict(entry.environment) | {"PYTHONUNBUFFERED": "1"},
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=subprocess.STDOUT,
                # Threads that a package starts for each core are as many as we allow all of them.
                preexec_fn=lambda: _stay_on(cores),
                start_new_session=True,
            )
            try:
                self._accept(listener)
            except BaseException:
                self.close()
                raise

    def _accept(self, listener: socket.socket) -> None:
        deadline = time.monotonic() + PATIENCE[0]
        while len(self._connections) < self.entry.ranks:
            try:
                accepted, _ = listener.accept()
            except TimeoutError:
                if self._process.poll() is not None:
                    raise FailedError(f"it did not start: {self._last_words()}") from None
                if time.monotonic() > deadline:
                    raise FailedError("it did not start in time") from None
            else:
                accepted.setblocking(True)
                self._connections.append(Connection(accepted.detach()))

    def ask(self, request: str, *arguments: Any) -> list[Any]:
        """Have every process do something, and return their answers.

        Raises
        ------
        FailedError
            When one of them can't; after other failures than exceptions, the member has ended.
        """
        try:
            for connection in self._connections:
                connection.send((request, *arguments))
            deadline = time.monotonic() + PATIENCE[1]
            answers = [self._answer(connection, deadline) for connection in self._connections]
        except (EOFError, OSError) as error:
            self._process.wait(PATIENCE[0])
            words = self._last_words()
            self.close()
            raise FailedError(f"it ended: {words}") from error
        for went_well, answer in answers:
            if not went_well:
                raise FailedError(answer)
        return [answer for _, answer in answers]

    def _answer(self, connection: Connection, deadline: float) -> tuple[bool, Any]:
        if not connection.poll(max(0.0, deadline - time.monotonic())):
            self.close()
            raise FailedError(f"it took more than {PATIENCE[1]:.0f} s")
        went_well, answer = connection.recv()
        return went_well, answer

    @property
    def has_ended(self) -> bool:
        """Whether this member can't be asked for anything any more."""
        return not self._connections

    def close(self) -> None:
        """End the processes."""
        for connection in self._connections:
            connection.close()
        self._connections = []
        try:
            self._process.wait(5.0)
        except subprocess.TimeoutExpired:
            # The group is this member's own: see start_new_session.
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._output.close()

    def _last_words(self) -> str:
        self._output.seek(0)
        lines = self._output.read().decode(errors="replace").split("\n")
        return next((line for line in reversed(lines) if line.strip()), "it said nothing")


def _stay_on(cores: list[int]) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)
