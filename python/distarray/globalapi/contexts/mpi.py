"""Contexts whose engines are MPI processes."""

from __future__ import annotations

import atexit
import os
from collections.abc import Sequence
from typing import TypeVar

from distarray import _core
from distarray.error import ContextCreationError
from distarray.globalapi import _mpi, _pool
from distarray.globalapi.contexts.base import BaseContext, Communication, choose_targets
from distarray.globalapi.contexts.pools import Pool, ProcessPool, SpmdPool

P = TypeVar("P", bound=Pool)


class MPIContext(BaseContext):
    """A context whose engines are MPI processes.

    In a program that was started by ``mpiexec -n N``, rank 0 goes on as the client and the others
    become its engines here: they work for it until it ends, and end then themselves. A program that
    was started without mpiexec starts the engines that it needs.

    Parameters
    ----------
    targets : sequence of int, optional
        The numbers of the engines, in any order; rank ``r`` of mpiexec's processes is engine
        ``r - 1``.
    nengines : int, optional
        The number of engines; by default all that mpiexec has started, or else what
        ``DISTARRAY_NUM_ENGINES`` says or the number of cores.
    communication, deferred, memory_limit, progress
        As of `ThreadContext`.

    Raises
    ------
    ValueError
        If engines are named that can't be.
    ContextCreationError
        If there is no MPI, or it has no such engines.
    """

    _nature = ", MPI processes"

    def __init__(
        self,
        targets: Sequence[int] | None = None,
        nengines: int | None = None,
        communication: Communication = "allow",
        deferred: bool | None = None,
        memory_limit: int | str | None = None,
        progress: bool | None = None,
    ) -> None:
        launched = _launched()

        def default() -> int:
            return _pool.default_count() if launched is None else len(launched.engines)

        chosen = choose_targets(targets, nengines, default)
        super().__init__(
            _enough(launched, chosen[-1] + 1),
            chosen,
            communication,
            deferred,
            memory_limit,
            progress,
        )


class SpmdContext(BaseContext):
    """A context of a program that all MPI processes run.

    Every process of ``mpiexec -n N python script.py`` runs the whole script and makes the same
    calls in the same order; each is an engine too, whose number is its rank, and has its part of
    the arrays. There is no client: what a call returns is the same on every process.

    Parameters
    ----------
    targets : sequence of int, optional
        The ranks that hold arrays; by default all.
    nengines : int, optional
        The number of ranks that hold arrays, the first ones.
    communication, deferred, memory_limit, progress
        As of `ThreadContext`.

    Raises
    ------
    ValueError
        If ranks are named that can't be.
    ContextCreationError
        If there is no MPI, or not as many processes.
    """

    _nature = ", all running the program"

    def __init__(
        self,
        targets: Sequence[int] | None = None,
        nengines: int | None = None,
        communication: Communication = "allow",
        deferred: bool | None = None,
        memory_limit: int | str | None = None,
        progress: bool | None = None,
    ) -> None:
        size = _mpi.mpi().COMM_WORLD.size
        chosen = choose_targets(targets, nengines, lambda: size)
        if chosen[-1] >= size:
            raise ContextCreationError(
                f"a context of kind 'spmd' with engine {chosen[-1]} needs {chosen[-1] + 1} "
                f"processes, and mpiexec has started {size}"
            )
        super().__init__(_all_ranks(), chosen, communication, deferred, memory_limit, progress)


def _is_checking() -> bool:
    """Return whether processes compare their calls: under pytest, and where the user says so."""
    text = os.environ.get("DISTARRAY_CHECK", "").strip()
    if text not in ("", "0", "1"):
        raise ContextCreationError(f"DISTARRAY_CHECK is {text!r}; expected 0 or 1")
    return text == "1" or (not text and "PYTEST_CURRENT_TEST" in os.environ)


# The engines that mpiexec has started, or that this process has started last.
_shared: ProcessPool | SpmdPool | None = None


def _launched() -> ProcessPool | None:
    """Return the engines that mpiexec has started, if it has.

    On the processes that are to be these engines, doesn't return.
    """
    global _shared
    if isinstance(_shared, SpmdPool):
        raise ContextCreationError("this program has a context of kind 'spmd' already")
    world = _mpi.mpi().COMM_WORLD
    if world.size == 1:
        return None
    if world.rank != _mpi.CLIENT:
        _mpi.be_engine(world)
        raise SystemExit(0)
    if _shared is None:
        _shared = _ending(ProcessPool(_mpi.be_client(world)))
    return _shared


def _enough(launched: ProcessPool | None, count: int) -> ProcessPool:
    """Return at least so many engines."""
    global _shared
    if launched is not None:
        if len(launched.engines) < count:
            raise ContextCreationError(
                f"{count} engines and a client are {count + 1} processes, and mpiexec has started "
                f"{len(launched.engines) + 1}"
            )
        return launched
    if not isinstance(_shared, ProcessPool) or len(_shared.engines) < count:
        # Contexts that have the smaller number go on with theirs.
        _shared = _ending(ProcessPool(_mpi.spawn(count)))
    return _shared


def _ending(pool: P) -> P:
    """Have engines end with this process."""
    atexit.register(pool.engines.close)
    return pool


def _all_ranks() -> SpmdPool:
    global _shared
    if isinstance(_shared, ProcessPool):
        raise ContextCreationError("this program has a context of kind 'mpi' already")
    if _shared is None:
        end = _mpi.endpoint(_mpi.mpi().COMM_WORLD)
        _mpi.be_in_company(_mpi.mpi().COMM_WORLD, 0)
        _shared = _ending(SpmdPool(_core.Engines.spmd(end, _is_checking()), end.rank))
    return _shared
