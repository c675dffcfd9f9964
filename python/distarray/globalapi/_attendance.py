"""Engines of an ipyparallel cluster: what its tasks do there.

A client sends an instance of a class below; ipyparallel calls it on the engine. Commands come as
bytes, one task for each, and engines talk to each other over MPI. Between tasks an engine is as any
other of ipyparallel's.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any

from distarray import _core, _launchers
from distarray.error import ContextCreationError, ContextError
from distarray.globalapi import _mpi, _pool
from distarray.localapi.engine import Engine

# What is known by name here, for all clients.
_objects: dict[str, Any] = {}


class Desk:
    """What this process is as an engine of one pool.

    Parameters
    ----------
    number : int
        The number of the engine.
    end : _core.Endpoint
        Its end of messages between the engines of the pool.
    numbers : list of int
        These engines, in the order of their ranks.
    """

    def __init__(self, number: int, end: _core.Endpoint, numbers: list[int]) -> None:
        self.end = end
        ranks = {number: rank for rank, number in enumerate(numbers)}
        self.attendant = _core.Attendant(end, number, ranks)
        self._space = Engine(None, _objects)

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """Be this engine, which an interrupt stops only while a user's function runs."""
        before = _pool.process, _pool.is_elsewhere
        _pool.process, _pool.is_elsewhere = self._space, True
        is_main = threading.current_thread() is threading.main_thread()
        handler = signal.signal(signal.SIGINT, self._interrupt) if is_main else None
        try:
            yield
        finally:
            if handler is not None:
                signal.signal(signal.SIGINT, handler)
            _pool.process, _pool.is_elsewhere = before

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        # The engines that have worked together wait for each other at the end: none may go.
        if self.attendant.is_calling:
            raise KeyboardInterrupt


_desks: dict[str, Desk] = {}


class Describe:
    """Tells which MPI process an engine is: the job, the number of processes, and the rank."""

    def __init__(self) -> None:
        self.greeting = _core.Endpoint.GREETING

    def __call__(self) -> tuple[str, int, int]:
        """Return them, if the engine and the client fit together."""
        if self.greeting != _core.Endpoint.GREETING:
            raise ContextCreationError(
                f"the client and the engine do not fit together: the former has {self.greeting}, "
                f"the latter {_core.Endpoint.GREETING}"
            )
        world = _mpi.mpi().COMM_WORLD
        return _launchers.job(), world.size, world.rank


class Join:
    """Makes an engine one of a pool.

    Parameters
    ----------
    key : str
        The name of the pool.
    ranks : mapping of int to int
        The rank among all processes of each engine of the pool.
    """

    def __init__(self, key: str, ranks: Mapping[int, int]) -> None:
        self.key = key
        self.ranks = dict(ranks)

    def __call__(self) -> None:
        """Make the engines' communicator; all of them do so at once."""
        world = _mpi.mpi().COMM_WORLD
        numbers = sorted(self.ranks)
        group = world.group.Incl([self.ranks[number] for number in numbers])
        comm = world.Create_group(group)
        try:
            number = numbers[comm.rank]
            _desks[self.key] = Desk(number, _mpi.endpoint(comm), numbers)
        finally:
            comm.Free()
            group.Free()


class Attend:
    """Has an engine carry out a command.

    Parameters
    ----------
    key : str
        The name of the pool.
    """

    def __init__(self, key: str) -> None:
        self.key = key

    def __call__(self, *request: bytes) -> list[bytes] | None:
        """Return the answer."""
        desk = _desks.get(self.key)
        if desk is None:
            raise ContextError("the engine has forgotten all arrays: make a new context")
        with desk.at_work():
            return desk.attendant.attend(request)


class Leave:
    """Has an engine leave a pool, and forget its arrays.

    Parameters
    ----------
    key : str
        The name of the pool.
    """

    def __init__(self, key: str) -> None:
        self.key = key

    def __call__(self) -> None:
        """Leave; all engines of the pool do so at once."""
        desk = _desks.pop(self.key, None)
        if desk is not None:
            _mpi.release(desk.end)


class Keys:
    """Tells the names that an engine knows and that begin with a prefix.

    Parameters
    ----------
    prefix : str
        The prefix.
    module_name : str, optional
        A module, whose variables are looked at too.
    """

    def __init__(self, prefix: str, module_name: str = "__main__") -> None:
        self.prefix = prefix
        self.module_name = module_name

    def __call__(self) -> list[str]:
        """Return them."""
        found = {name for names in self.spaces() for name in names if name.startswith(self.prefix)}
        return sorted(found)

    def spaces(self) -> list[dict[str, Any]]:
        """Return what may have them."""
        module = sys.modules.get(self.module_name)
        return [_objects, *([] if module is None else [vars(module)])]


class Forget(Keys):
    """Has an engine forget what it knows by names that begin with a prefix."""

    def __call__(self) -> list[str]:
        """Return the names."""
        names = super().__call__()
        for space in self.spaces():
            for name in names:
                space.pop(name, None)
        return names


class Clear:
    """Has an engine forget all arrays, and import DistArray anew when it is next needed."""

    def __call__(self) -> None:
        """Forget."""
        while _desks:
            _mpi.release(_desks.popitem()[1].end)
        _objects.clear()
        for name in list(sys.modules):
            if name == "distarray" or name.startswith("distarray."):
                del sys.modules[name]
