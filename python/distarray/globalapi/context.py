"""Contexts: the engines that arrays are made on.

`Context` makes one. A context in this process, a `ThreadContext`, has threads as its engines, which
all contexts of the process share; several contexts, with the same engines or others, may be used at
once, and from several threads of the program.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import Any

from distarray import _launchers
from distarray.error import ContextCreationError
from distarray.globalapi.contexts.base import BaseContext, Communication
from distarray.globalapi.contexts.ipython import IPythonContext
from distarray.globalapi.contexts.mpi import MPIContext, SpmdContext
from distarray.globalapi.contexts.threads import ThreadContext

__all__ = [
    "BaseContext",
    "Context",
    "ContextCreationError",
    "IPythonContext",
    "MPIContext",
    "SpmdContext",
    "ThreadContext",
    "default_context",
]


def Context(
    targets: Sequence[int] | None = None,
    nengines: int | None = None,
    kind: str | None = None,
    communication: Communication = "allow",
    *,
    deferred: bool | None = None,
    memory_limit: int | str | None = None,
    progress: bool | None = None,
    client: Any = None,
) -> BaseContext:
    """Make a context.

    Parameters
    ----------
    targets : sequence of int, optional
        The engines, by number, in any order. In process, as many are started as this needs.
    nengines : int, optional
        The number of engines; by default what the environment variable ``DISTARRAY_NUM_ENGINES``
        says, else the number of cores.
    kind : str, optional
        What the engines are: "threads" of this process; "MPI" processes that work for this one,
        started by mpiexec with it or by this call; "spmd" for MPI processes that all run the
        program; or the engines of an "IPython" cluster. The beginning of the word is enough. By
        default what the environment variable ``DISTARRAY_CONTEXT`` says, else "MPI" in a program
        that mpiexec has started on more than one process, else "threads".
    communication : {"allow", "warn", "error"}, optional
        Whether operations may move data between engines that the user didn't ask to move: "warn"
        tells of it with a `CommunicationWarning`, "error" makes it a `CommunicationError`.
    deferred : bool, optional
        Whether elementwise operations on large arrays wait until somebody needs their elements, so
        that several of them are computed in one pass over memory; by default true, unless the
        environment variable ``DISTARRAY_DEFERRED`` is 0.
    memory_limit : int or str, optional
        How much memory each process of the context may have, in bytes or as a text such as
        ``"4GB"``: this one, with its engines that are threads, and each engine that is a process.
        Arrays for which there is no more room lie in scratch files. By default what the environment
        variable ``DISTARRAY_MEMORY_LIMIT`` says, else no limit.
    progress : bool, optional
        False has no progress bars drawn while this context is open. By default, loads, saves and
        computations that last over a second show one on a terminal or in a notebook, if tqdm is
        installed (the extra ``progress``) and the environment variable ``DISTARRAY_PROGRESS`` is
        not 0.
    client : ipyparallel.Client, optional
        The client of the cluster, for engines of that kind.

    Returns
    -------
    BaseContext
        The context. It can be used in a ``with`` statement, which closes it at the end.

    Raises
    ------
    ContextCreationError
        If there is no such kind, or the engines can't be started.
    ValueError
        If engines are named that can't be.

    Examples
    --------
    >>> with Context(nengines=3) as context:
    ...     context.targets
    [0, 1, 2]
    """
    chosen = "ipython" if kind is None and client is not None else _kind(kind)
    if chosen == "ipython":
        return IPythonContext(
            client, targets, nengines, communication, deferred, memory_limit, progress
        )
    contexts = {"threads": ThreadContext, "mpi": MPIContext, "spmd": SpmdContext}
    return contexts[chosen](targets, nengines, communication, deferred, memory_limit, progress)


_KINDS = ("threads", "ipython", "mpi", "spmd")


def _kind(kind: object) -> str:
    """Return the kind of a context that the user asked for, here or in the environment."""
    name = "kind"
    if kind is None:
        name, kind = "DISTARRAY_CONTEXT", os.environ.get("DISTARRAY_CONTEXT", "").strip()
        if not kind:
            return "mpi" if _launchers.size_of_world() > 1 else "threads"
    beginning = str(kind).lower()
    for known in _KINDS:
        if beginning and known.startswith(beginning):
            return known
    raise ContextCreationError(f"{name} is {kind!r}; expected one of {', '.join(_KINDS)}")


_default: BaseContext | None = None
_default_lock = threading.Lock()


def default_context() -> BaseContext:
    """Return the context that the functions of the package `distarray` use.

    It is made when first needed, as by ``Context()``.
    """
    global _default
    context = _default
    if context is not None and context._is_current():
        return context
    with _default_lock:
        context = _default
        if context is None or not context._is_current():
            context = _default = Context()
        return context
