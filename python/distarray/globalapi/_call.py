"""One call of a user's function: what happens on each engine.

DistArrays and proxies among the arguments become what the engine has of them; the function is
called as it is; what it changed or returned is brought into the form that the client expects.
"""

from __future__ import annotations

import contextvars
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from distarray import _core
from distarray.error import CommunicationError
from distarray.globalapi import _pool
from distarray.globalapi._crossing import Absent, detached, own
from distarray.globalapi._names import provide
from distarray.globalapi._proxies import ArrayProxy, CommProxy, LeasingProxyize
from distarray.globalapi._reference import Reference
from distarray.localapi.engine import Engine, running_on
from distarray.localapi.local_array.array import LocalArray
from distarray.localapi.maps import Distribution
from distarray.localapi.messaging.cartcomm import Cartcomm
from distarray.localapi.messaging.intracomm import COMM_NULL, Intracomm
from distarray.localapi.proxyize import Proxy

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

#: What becomes of the value that a function returns on an engine.
Outgoing = Callable[["RunningEngine", Any], Any]


class RunningEngine(Engine):
    """An engine for the length of a call.

    Parameters
    ----------
    handle : _core.Engine
        The engine.
    state : str
        What the names of all objects have in common that this call leaves on engines.
    """

    def __init__(self, handle: _core.Engine, state: str) -> None:
        space = _pool.space_of(handle)
        super().__init__(Intracomm(handle.communicator), space.objects)
        self.handle = handle
        self.participants: list[int] = handle.participants
        self.random = space.random
        self.proxyize = LeasingProxyize(state)
        self._space = space
        self._groups: dict[tuple[int, ...], Any] = {tuple(self.participants): handle.communicator}
        self._lent: dict[int, tuple[LocalArray, Any]] = {}

    def join(self, groups: Sequence[tuple[int, ...]]) -> None:
        """Make communicators of groups of engines; all engines of the call do so at once."""
        for group in groups:
            if group not in self._groups:
                place = group.index(self.handle.number) if self.handle.number in group else None
                color = None if place is None else 0
                self._groups[group] = self.handle.communicator.split(color, place or 0)

    def communicator(self, targets: Sequence[int]) -> Intracomm:
        """Return the communicator of some engines; on others, the null communicator."""
        try:
            handle = self._groups[tuple(targets)]
        except KeyError:
            raise CommunicationError(
                f"a communicator of engines {list(targets)} has to be an argument of the function, "
                f"and all of them have to call it"
            ) from None
        return COMM_NULL if handle is None else Intracomm(handle)

    def local_array(self, array: _core.Array | Reference) -> LocalArray:
        """Return this engine's part of a distributed array; it shares the memory."""
        name = array.id
        if name in self._lent:
            return self._lent[name][0]
        found = self.handle.piece(name, array.distribution)
        if found is None:
            raise ValueError(f"engine {self.handle.number} holds no part of the array")
        rank, ndarray, is_view = found
        core = array.distribution
        group = tuple(core.targets)
        handle: Any = self._groups.get(group)
        if handle is None:
            handle = Absent(rank, len(group), "not all engines that hold the array are in the call")
        comm = Cartcomm(handle, core.grid_shape, [False] * core.ndim)
        local = LocalArray(Distribution._from_core(comm, core, rank), buf=ndarray)
        self._lent[name] = (local, local.ndarray if is_view else None)
        return local

    def leave(self) -> None:
        """Write to the arrays what the function changed in copies; keep what the engine keeps."""
        self._space.random = self.random
        for name, (local, view) in self._lent.items():
            # Memory that no strides describe can only be lent as a copy; and the function may
            # have given the local array another ndarray.
            if local.ndarray is not view:
                self.handle.write_back(name, local.ndarray)


# ---- Arguments ---------------------------------------------------------------------------------


class Argument:
    """An argument that each engine takes from what it has.

    Parameters
    ----------
    value : DistArray or Proxy
        What the user passed.
    """

    def __init__(self, value: Any) -> None:
        from distarray.globalapi._handle import Handle

        if isinstance(value, ArrayProxy):
            value = value.array
        self.array: _core.Array | Reference | None = (
            value._array if isinstance(value, Handle) else None
        )
        self.proxy: Proxy | None = value if isinstance(value, Proxy) else None
        if isinstance(self.array, _core.Array):
            # The function may write to its piece, and keep it.
            self.array.expose()

    @staticmethod
    def stands_for(value: Any) -> bool:
        """Return whether a value becomes something else on the engines."""
        from distarray.globalapi._handle import Handle

        return isinstance(value, Handle | Proxy)

    def group(self, participants: Sequence[int]) -> tuple[int, ...] | None:
        """Return the engines that need a communicator; check that the right ones take part.

        Raises
        ------
        ValueError
            If an engine takes part that holds nothing of the array.
        """
        if self.array is not None:
            targets = tuple(self.array.distribution.targets)
            without = sorted(set(participants) - set(targets))
            if without:
                raise ValueError(
                    f"engines {without} hold no part of an array that is on engines "
                    f"{sorted(targets)}; call the function on those (targets=array.targets)"
                )
            return targets if len(targets) == len(participants) else None
        if isinstance(self.proxy, CommProxy):
            absent = sorted(set(self.proxy.targets) - set(participants))
            if absent:
                raise ValueError(
                    f"engines {absent} of a communicator don't call the function; "
                    f"name them among its targets"
                )
            return tuple(self.proxy.targets)
        return None

    def on(self, engine: RunningEngine) -> Any:
        """Return what an engine has."""
        if self.array is not None:
            return engine.local_array(self.array)
        assert self.proxy is not None
        return self.proxy.dereference()


# ---- The call ----------------------------------------------------------------------------------


class Call:
    """A call of a function, to be made on several engines at once.

    Parameters
    ----------
    function : callable
        The function.
    args : sequence
        Positional arguments.
    kwargs : mapping
        Keyword arguments.
    participants : list of int
        The engines that call it, in ascending order.
    context_key : str
        The name of the context.
    state : str
        What the names of all objects have in common that the call leaves on engines.
    outgoing : callable
        What becomes of the value that the function returns.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        participants: list[int],
        context_key: str,
        state: str,
        outgoing: Outgoing,
    ) -> None:
        self._function = function
        self._args = [Argument(arg) if Argument.stands_for(arg) else arg for arg in args]
        self._kwargs = {
            name: Argument(arg) if Argument.stands_for(arg) else arg for name, arg in kwargs.items()
        }
        self._groups: list[tuple[int, ...]] = []
        for argument in (*self._args, *self._kwargs.values()):
            if isinstance(argument, Argument):
                group = argument.group(participants)
                if group is not None and group not in self._groups:
                    self._groups.append(group)
        self._context_key = context_key
        self._state = state
        self._outgoing = outgoing
        self._settings = Settings()
        self._is_sent = False

    def __getstate__(self) -> dict[str, Any]:
        # In another process, arguments are copies already.
        return {**self.__dict__, "_is_sent": True}

    def __call__(self, handle: _core.Engine) -> Any:
        """Call the function on an engine."""
        return self._settings.run(self._on, RunningEngine(handle, self._state))

    def _on(self, engine: RunningEngine) -> Any:
        with running_on(engine):
            engine.join(self._groups)
            args = [self._argument(arg, engine) for arg in self._args]
            kwargs = {name: self._argument(arg, engine) for name, arg in self._kwargs.items()}
            provide(self._function, self._context_key)
            try:
                result = self._function(*args, **kwargs)
            finally:
                engine.leave()
            return self._outgoing(engine, result)

    def _argument(self, value: Any, engine: RunningEngine) -> Any:
        if isinstance(value, Argument):
            return value.on(engine)
        return value if self._is_sent else own(value)


class Settings:
    """What the caller has set for its thread, which holds on the engines too.

    In this process, that is all context variables; in another one, `numpy.errstate` alone.
    """

    def __init__(self) -> None:
        self._variables: contextvars.Context | None = contextvars.copy_context()
        self._errors: dict[str, Any] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {"_variables": None, "_errors": dict(np.geterr())}

    def run(self, function: Callable[..., Any], *args: Any) -> Any:
        """Call a function under these settings."""
        if self._variables is not None:
            return self._variables.copy().run(function, *args)
        state: AbstractContextManager[None] = np.errstate(**self._errors)
        with state:
            return function(*args)


# ---- Results -----------------------------------------------------------------------------------


class Kept:
    """What is known on the client about a LocalArray that an engine has returned and keeps.

    Parameters
    ----------
    local : LocalArray
        The LocalArray.
    """

    def __init__(self, local: LocalArray) -> None:
        self.dtype = local.dtype
        self.rank = local.comm_rank
        self.core = local.distribution.core
        self.dim_data = None if self.core is not None else local.dim_data


class AsKept:
    """What becomes of results: the engine keeps a LocalArray for now; anything else is copied.

    Parameters
    ----------
    name : int
        The name under which it keeps it, until the client says what becomes of it.
    """

    def __init__(self, name: int) -> None:
        self.name = name

    def __call__(self, engine: RunningEngine, result: Any) -> Any:
        """Return what the client gets."""
        if not isinstance(result, LocalArray):
            return detached(result)
        _pool.space_of(engine.handle).returned[self.name] = result
        return Kept(result)


def as_copy(_engine: RunningEngine, result: Any) -> Any:
    """Return the result, without memory of arrays on the engines in it."""
    return detached(result)


def as_proxy(engine: RunningEngine, result: Any) -> Any:
    """Return a proxy for a LocalArray; anything else without memory of arrays in it."""
    if engine.proxyize is not None and isinstance(result, LocalArray):
        return engine.proxyize(result)
    return detached(result)
