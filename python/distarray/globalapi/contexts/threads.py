"""Contexts whose engines are threads of this process."""

from __future__ import annotations

from collections.abc import Sequence

from distarray.globalapi import _pool
from distarray.globalapi.contexts.base import BaseContext, Communication, choose_targets
from distarray.globalapi.contexts.pools import ThreadPool


class ThreadContext(BaseContext):
    """A context whose engines are threads of this process.

    Parameters
    ----------
    targets : sequence of int, optional
        The numbers of the engines, in any order. Engines up to the largest are started.
    nengines : int, optional
        The number of engines; by default what the environment variable ``DISTARRAY_NUM_ENGINES``
        says, else the number of cores.
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
        False has no progress bars drawn while this context is open.

    Raises
    ------
    ValueError
        If engines are named that can't be.
    ContextCreationError
        If so many engines can't be started.

    Examples
    --------
    >>> context = ThreadContext(targets=[2, 0])
    >>> context.targets, context.nengines
    ([0, 2], 2)
    """

    _nature = " in this process"

    def __init__(
        self,
        targets: Sequence[int] | None = None,
        nengines: int | None = None,
        communication: Communication = "allow",
        deferred: bool | None = None,
        memory_limit: int | str | None = None,
        progress: bool | None = None,
    ) -> None:
        chosen = choose_targets(targets, nengines, _pool.default_count)
        pool = ThreadPool(_pool.engines(chosen[-1] + 1))
        super().__init__(pool, chosen, communication, deferred, memory_limit, progress)

    def _is_current(self) -> bool:
        return super()._is_current() and _pool.is_current(self._pool.engines)
