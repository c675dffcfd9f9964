"""Contexts whose engines belong to an ipyparallel cluster."""

from __future__ import annotations

import atexit
import contextlib
import io
import operator
from collections.abc import Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from distarray import _core
from distarray.error import CommunicationError, ContextCreationError
from distarray.globalapi import _mpi
from distarray.globalapi._attendance import Describe, Join
from distarray.globalapi._carrier import Carrier
from distarray.globalapi.contexts.base import BaseContext, Communication, choose_targets
from distarray.globalapi.contexts.pools import ProcessPool
from distarray.utils import uid

_START = "`dacluster start -n 4` starts a cluster of four engines"


class IPythonContext(BaseContext):
    """A context whose engines belong to an ipyparallel cluster.

    Commands go to the engines as tasks of ipyparallel's, elements among the engines over MPI. The
    engines have to be MPI processes, as ``dacluster start`` or
    ``ipyparallel.Cluster(engines="mpi")`` start them. Between commands they are free for other
    tasks.

    Parameters
    ----------
    client : ipyparallel.Client, optional
        The client of the cluster; by default one of the cluster of the default profile.
    targets : sequence of int, optional
        The engines, by the numbers that the client knows them by (``client.ids``), in any order; by
        default all.
    nengines : int, optional
        The number of engines, the first ones.
    communication, deferred, memory_limit, progress
        As of `ThreadContext`.

    Attributes
    ----------
    client : ipyparallel.Client
        The client.
    view : ipyparallel.DirectView
        The context's engines, as ipyparallel sees them.

    Raises
    ------
    ValueError
        If engines are named that the cluster lacks.
    ContextCreationError
        If there is no cluster, or its engines are no MPI processes.
    """

    _nature = ", of an ipyparallel cluster"

    def __init__(
        self,
        client: Any = None,
        targets: Sequence[int] | None = None,
        nengines: int | None = None,
        communication: Communication = "allow",
        deferred: bool | None = None,
        memory_limit: int | str | None = None,
        progress: bool | None = None,
    ) -> None:
        client = default_client() if client is None else client
        chosen = _chosen(sorted(client.ids), targets, nengines)
        super().__init__(
            _pool_of(client, chosen), chosen, communication, deferred, memory_limit, progress
        )
        self.client = client
        self.view = client[chosen]

    @property
    def all_targets(self) -> list[int]:
        """All engines that there are, also those that this context doesn't use."""
        return sorted(self.client.ids)

    def close(self) -> None:
        """Give the context up, as any other; the client and its engines stay as they are."""
        # Engines that can't be reached any more keep nothing by name.
        with contextlib.suppress(CommunicationError):
            super().close()
        self._closed = True

    def _is_current(self) -> bool:
        return super()._is_current() and not self.client._closed


class IPythonPool(ProcessPool):
    """Engines of an ipyparallel cluster.

    Parameters
    ----------
    client : ipyparallel.Client
        The client of the cluster.
    targets : list of int
        The engines, in ascending order.
    """

    def __init__(self, client: Any, targets: list[int]) -> None:
        key = uid()
        _join(client, key, targets)
        self.targets = targets
        self._carrier = Carrier(client, key, targets)
        count = targets[-1] + 1
        super().__init__(_core.Engines.carried(self._carrier, self._carrier.inbox, count), targets)

    def finish(self) -> None:
        """Have the engines forget the pool: this process is about to end."""
        self.engines.close()
        self._carrier.finish()


# Those that arrays or contexts use.
_pools: WeakKeyDictionary[Any, WeakSet[IPythonPool]] = WeakKeyDictionary()
_own_client: Any = None


def default_client() -> Any:
    """Return the client of the cluster of the default profile.

    Raises
    ------
    ContextCreationError
        If there is no such cluster, or no ipyparallel.
    """
    global _own_client
    if _own_client is not None and not _own_client._closed:
        return _own_client
    try:
        import ipyparallel
    except ImportError as error:
        raise ContextCreationError(
            "contexts of kind 'ipython' need ipyparallel, which the extra 'ipython' installs "
            "(pip install 'distarray[ipython]')"
        ) from error
    try:
        # It says on the screen what it waits for.
        with contextlib.redirect_stdout(io.StringIO()):
            _own_client = ipyparallel.Client(timeout=3)
    except OSError as error:
        raise ContextCreationError(
            f"there is no ipyparallel cluster in the default profile; {_START}"
        ) from error
    return _own_client


def _chosen(available: list[int], targets: Sequence[int] | None, nengines: int | None) -> list[int]:
    """Return the numbers of a context's engines, of those that there are."""
    if not available:
        raise ContextCreationError(f"the ipyparallel cluster has no engines yet; {_START}")
    if nengines is not None:
        count = operator.index(nengines)
        if count > len(available):
            raise ContextCreationError(
                f"the ipyparallel cluster has {len(available)} engines, not {count}"
            )
        available = available[: len(choose_targets(None, count, int))]
    chosen = available if targets is None else choose_targets(targets, None, int)
    unknown = sorted(set(chosen) - set(available))
    if unknown:
        raise ValueError(f"targets: there are no engines {unknown}; there are {available}")
    return chosen


def _pool_of(client: Any, targets: list[int]) -> IPythonPool:
    """Return a pool that has these engines; one that others use, if there is such."""
    pools = _pools.setdefault(client, WeakSet())
    for pool in pools:
        if set(targets) <= set(pool.targets) <= set(client.ids):
            return pool
    pool = IPythonPool(client, targets)
    pools.add(pool)
    # What is registered last runs first: before the client ends, which registered itself before.
    atexit.unregister(_finish)
    atexit.register(_finish)
    return pool


def _join(client: Any, key: str, targets: list[int]) -> None:
    """Make engines those of one pool."""
    ranks = _ranks(targets, _ask(client, targets, Describe()))
    _ask(client, targets, Join(key, ranks))


def _ask(client: Any, targets: list[int], task: Any) -> list[Any]:
    """Return what a task of ours gives on engines."""
    import ipyparallel

    limit = _mpi.time_limit()
    try:
        results: list[Any] = client[targets].apply_async(task).get(limit)
    except TimeoutError as error:
        raise ContextCreationError(
            f"the engines {targets} have not answered for {limit:g} seconds: are they busy? "
            f"(DISTARRAY_TIMEOUT says how long to wait)"
        ) from error
    except ipyparallel.error.CompositeError as error:
        name, message, _, info = error.elist[0]
        number = (info or {}).get("engine_id", "?")
        raise ContextCreationError(f"on engine {number}: {name}: {message}") from error
    except ipyparallel.error.RemoteError as error:
        raise ContextCreationError(str(error)) from error
    return results


def _ranks(targets: list[int], described: list[tuple[str, int, int]]) -> Mapping[int, int]:
    """Return the rank of each engine among the MPI processes, of which they are some."""
    jobs = {(job, size) for job, size, _ in described}
    ranks = {target: rank for target, (_, _, rank) in zip(targets, described, strict=True)}
    if len(jobs) > 1 or len(set(ranks.values())) < len(ranks):
        raise ContextCreationError(
            f"the engines {targets} are not MPI processes that were started together: "
            f"{_START}, as does ipyparallel.Cluster(engines='mpi', n=4)"
        )
    return ranks


def _finish() -> None:
    """Have engines forget what they keep for this process, which is about to end."""
    for pools in list(_pools.values()):
        for pool in list(pools):
            with contextlib.suppress(Exception):
                pool.finish()
