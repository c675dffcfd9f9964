"""What takes commands to the engines of an ipyparallel cluster, and their answers back."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any
from weakref import WeakKeyDictionary, finalize

from distarray import _core
from distarray.globalapi._attendance import Attend, Leave

#: For so many seconds a process that ends waits until engines have been told, and one that has sent
#: signals, until they have been passed on.
PATIENCE = 5.0

#: How often to look who has printed all.
_TICK = 0.1

# While a command is sent to its engines, no other one is, by any thread: engines that wait for each
# other have to get their commands in the same order.
_locks: WeakKeyDictionary[Any, threading.Lock] = WeakKeyDictionary()

Order = Callable[["_Worker"], None]


class Carrier:
    """Takes commands to engines.

    A thread of its own does, in which no interrupt is raised: all engines of a command get it, or
    none.

    Parameters
    ----------
    client : ipyparallel.Client
        The client of the cluster.
    key : str
        The name that engines know the pool by.
    targets : sequence of int
        The engines.
    """

    def __init__(self, client: Any, key: str, targets: Sequence[int]) -> None:
        self.inbox = _core.Inbox()
        self._worker = _Worker(client, key, frozenset(targets), self.inbox)
        self._end = finalize(self, self._worker.orders.put, None)
        self._end.atexit = False

    def deliver(
        self, sequence: int, targets: list[int], common: list[bytes], own: list[bytes]
    ) -> None:
        """Begin to take a command to engines, of those that there are."""
        self._worker.orders.put(partial(_deliver, sequence, targets, common, own))

    def stop(self, targets: list[int]) -> None:
        """Stop the functions that run on engines."""
        self._worker.orders.put(partial(_stop, targets))

    def finish(self) -> None:
        """Have the engines leave; wait for a moment until they have been told."""
        self._end()
        self._worker.thread.join(2 * PATIENCE)


class _Worker:
    """What the thread of a carrier works with."""

    def __init__(self, client: Any, key: str, targets: frozenset[int], inbox: _core.Inbox) -> None:
        self.client = client
        self.key = key
        self.targets = targets
        self.inbox = inbox
        self.orders: SimpleQueue[Order | None] = SimpleQueue()
        self.signals: list[Any] = []
        self.printing: list[tuple[Any, ExitStack]] = []
        self.lock = _locks.setdefault(client, threading.Lock())
        self.thread = threading.Thread(target=self._run, name="distarray carrier", daemon=True)
        self.thread.start()

    def show_output(self, sent: Any) -> None:
        """Show here what an engine prints, as it comes; it may come after the answer."""
        if len(self.printing) > 4 * len(self.targets):
            self._tidy()
        stack = ExitStack()
        stack.enter_context(sent.stream_output())
        self.printing.append((sent, stack))

    def _tidy(self) -> None:
        """Let go of what has printed all that it will; it has its answer, too."""
        printing = []
        for sent, stack in self.printing:
            if self.client._closed or sent.wait_for_output(0):
                stack.close()
            else:
                printing.append((sent, stack))
        self.printing = printing

    def _await_output(self) -> None:
        """Show what engines have printed, for it may come after their answers."""
        deadline = time.monotonic() + PATIENCE
        for sent, stack in self.printing:
            sent.wait_for_output(max(deadline - time.monotonic(), 0))
            stack.close()

    def _next(self) -> Order | None:
        """Return the next order."""
        while self.printing:
            try:
                return self.orders.get(timeout=_TICK)
            except Empty:
                self._tidy()
        return self.orders.get()

    def _run(self) -> None:
        for order in iter(self._next, None):
            order(self)
            del order
        try:
            with self.lock:
                left = self.client[sorted(self.targets)].apply_async(Leave(self.key))
            left.wait(PATIENCE)
            self._await_output()
        except Exception:
            # Who can't be reached any more keeps nothing for us, and prints no more.
            return


def _deliver(
    sequence: int, targets: list[int], common: list[bytes], own: list[bytes], worker: _Worker
) -> None:
    try:
        while worker.signals:
            # A signal that came late would stop the function of this command.
            worker.signals.pop().result(PATIENCE)
        with worker.lock:
            for place, target in enumerate(targets):
                if target in worker.targets:
                    view = worker.client[target]
                    sent = view.apply_async(Attend(worker.key), *common, *own[place : place + 1])
                    sent.add_done_callback(partial(_take, worker.inbox, sequence, target))
                    worker.show_output(sent)
    except Exception as error:
        worker.inbox.failed(sequence, _reason(error, worker.client))


def _take(inbox: _core.Inbox, sequence: int, target: int, sent: Any) -> None:
    """Take an engine's answer."""
    from ipyparallel.error import EngineError

    try:
        answer = sent.get(0)
        if answer is not None:
            inbox.arrived(sequence, target, answer)
    except EngineError:
        inbox.failed(sequence, f"engine {target} of the ipyparallel cluster has died")
    except Exception as error:
        inbox.failed(sequence, f"engine {target} of the ipyparallel cluster: {error}")


def _stop(targets: list[int], worker: _Worker) -> None:
    try:
        worker.signals.append(
            worker.client.send_signal(signal.SIGINT, targets=targets, block=False)
        )
    except Exception:
        # Engines that are gone have nothing that could be stopped.
        worker.signals.clear()


def _reason(error: Exception, client: Any) -> str:
    if client._closed:
        return "the ipyparallel client of the context is closed"
    if isinstance(error, IndexError):
        return f"an engine has left the ipyparallel cluster: {error}"
    return f"the ipyparallel cluster can't be reached: {error}"
