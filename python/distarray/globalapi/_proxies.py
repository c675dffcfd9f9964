"""Proxies of engines that are threads: names, on the client, for what is on the engines."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary, finalize

from distarray.error import ContextError
from distarray.localapi import engine
from distarray.localapi.proxyize import Proxy, Proxyize

if TYPE_CHECKING:
    from distarray.globalapi._handle import Handle
    from distarray.localapi.local_array.array import LocalArray


class Lease:
    """What all proxies of one name share: the objects are forgotten when the last proxy dies."""

    def __reduce__(self) -> Any:
        # A proxy that was sent as bytes is a mere name.
        return (type(None), ())


_leases: WeakValueDictionary[str, Lease] = WeakValueDictionary()
# A lease may end, and its objects with it, wherever Python frees memory: also under this lock.
_lock = threading.RLock()


class LeasingProxyize(Proxyize):
    """Makes proxies that keep objects on the engines as long as one of their name is there.

    Parameters
    ----------
    state : str
        What all names of one call have in common.
    forget : callable
        Has all engines forget the object of a name.
    """

    def __init__(self, state: str, forget: Callable[[str], None]) -> None:
        super().__init__()
        self.set_state(state)
        self._forget = forget

    def __call__(self, obj: Any) -> Proxy:
        """Keep an object on this engine; return a proxy for it."""
        proxy = super().__call__(obj)
        with _lock:
            lease = _leases.get(proxy.name)
            if lease is None:
                lease = Lease()
                _leases[proxy.name] = lease
                finalize(lease, self._forget, proxy.name).atexit = False
        proxy.__dict__["_lease"] = lease
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
        self.array = array

    def dereference(self) -> LocalArray:
        """Return this engine's part of the array; only on engines."""
        local: LocalArray = _running().local_array(self.array._array)
        return local

    def cleanup(self) -> None:
        """Do nothing: the array is freed with the last handle on it."""


def _running() -> Any:
    from distarray.globalapi._call import RunningEngine

    current = engine.current()
    if not isinstance(current, RunningEngine):
        raise ContextError("dereference() is for functions that run on engines")
    return current
