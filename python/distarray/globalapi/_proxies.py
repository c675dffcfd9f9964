"""Proxies of engines that are threads: names, on the client, for what is on the engines."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakValueDictionary, finalize

from distarray.error import ContextError
from distarray.globalapi import _pool
from distarray.globalapi._reference import Reference
from distarray.localapi import engine
from distarray.localapi.proxyize import Proxy, Proxyize

if TYPE_CHECKING:
    from distarray import _core
    from distarray.globalapi._handle import Handle
    from distarray.localapi.local_array.array import LocalArray


class Lease:
    """What all proxies of one name share: the objects are forgotten when the last proxy dies.

    Parameters
    ----------
    name : str
        The name.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._end = finalize(self, _pool.release, name)
        self._end.atexit = False

    def hand_over(self) -> None:
        """Leave it to another lease, on the client, to have the objects forgotten."""
        self._end.detach()

    def __reduce__(self) -> Any:
        # A proxy that was sent as bytes is a mere name.
        return (type(None), ())


_leases: WeakValueDictionary[str, Lease] = WeakValueDictionary()
# A lease may end, and its objects with it, wherever Python frees memory: also under this lock.
_lock = threading.RLock()


def lease_of(name: str) -> Lease:
    """Return what all proxies of a name share, on the client."""
    with _lock:
        lease = _leases.get(name)
        if lease is None:
            lease = _leases[name] = Lease(name)
    return lease


class LeasingProxyize(Proxyize):
    """Makes proxies that keep objects on the engines as long as one of their name is there.

    Parameters
    ----------
    state : str
        What all names of one call have in common.
    """

    def __init__(self, state: str) -> None:
        super().__init__()
        self.set_state(state)

    def __call__(self, obj: Any) -> Proxy:
        """Keep an object on this engine; return a proxy for it."""
        proxy = super().__call__(obj)
        # In another process, a lease of the client's takes over from this one.
        proxy.__dict__["_lease"] = (Lease if _pool.is_elsewhere else lease_of)(proxy.name)
        return proxy


class CommProxy(Proxy):
    """The name of the communicator of some engines.

    Parameters
    ----------
    name : str
        The name.
    targets : list of int
        The engines, in the order of their ranks.
    """

    def __init__(self, name: str, targets: list[int]) -> None:
        self.name = name
        self.module_name = "__main__"
        self.type_str = "<class 'distarray.localapi.messaging.intracomm.Intracomm'>"
        self.targets = targets

    def dereference(self) -> Any:
        """Return the communicator; only on engines, if all of its own are in the call."""
        return _running().communicator(self.targets)

    def cleanup(self) -> None:
        """Do nothing: communicators end with the call that uses them."""

    def __repr__(self) -> str:
        return f"<Proxy {self.name} for the communicator of engines {self.targets}>"


class ArrayProxy(Proxy):
    """The name of the local arrays of a distributed array.

    Parameters
    ----------
    array : DistArray
        The array, which lives as long as its proxies do.
    """

    def __init__(self, array: Handle) -> None:
        self.name = f"__distarray__array_{array._array.id}"
        self.module_name = "__main__"
        self.type_str = "<class 'distarray.localapi.local_array.array.LocalArray'>"
        self.array: Any = array
        self._core: _core.Array | Reference = array._array

    @classmethod
    def _elsewhere(cls, name: str, reference: Reference) -> Self:
        """Make the proxy for an engine in another process, which knows the array by name."""
        self = cls.__new__(cls)
        self.name, self.module_name, self.array, self._core = name, "__main__", None, reference
        self.type_str = "<class 'distarray.localapi.local_array.array.LocalArray'>"
        return self

    def dereference(self) -> LocalArray:
        """Return this engine's part of the array; only on engines."""
        local: LocalArray = _running().local_array(self._core)
        return local

    def cleanup(self) -> None:
        """Do nothing: the array is freed with the last handle on it."""


def _running() -> Any:
    from distarray.globalapi._call import RunningEngine

    current = engine.current()
    if not isinstance(current, RunningEngine):
        raise ContextError("dereference() is for functions that run on engines")
    return current
