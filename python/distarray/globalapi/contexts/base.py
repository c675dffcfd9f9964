"""What all kinds of contexts have in common."""

from __future__ import annotations

import itertools
import operator
import os
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeVar

import numpy as np

from distarray.error import ContextCreationError, ContextError
from distarray.globalapi import _pool, _progress, _registered
from distarray.globalapi._call import Call, Outgoing, as_copy, as_proxy
from distarray.globalapi._handle import Handle
from distarray.globalapi._proxies import ArrayProxy, CommProxy
from distarray.globalapi.contexts.limits import bytes_of, default_limit
from distarray.globalapi.creation import CreationMethods
from distarray.globalapi.files import FileMethods
from distarray.globalapi.stores import StoreMethods
from distarray.localapi.proxyize import Proxy
from distarray.utils import readable

if TYPE_CHECKING:
    from distarray import _core
    from distarray.globalapi.contexts.pools import Pool
    from distarray.globalapi.distarray import DistArray

#: What a user may think of data that moves between engines, as the core counts them.
COMMUNICATION = {"allow": 0, "warn": 1, "error": 2}

T = TypeVar("T")

Communication = Literal["allow", "warn", "error"]


class BaseContext(CreationMethods, FileMethods, StoreMethods):
    """What all kinds of contexts have in common.

    Functions that were registered on any context are methods of all contexts.

    Attributes
    ----------
    targets : list of int
        The engines of this context, in ascending order.
    context_key : str
        The name of this context; the names of what it leaves on engines begin with it.
    """

    targets: list[int]
    context_key: str
    #: What the engines are, in words.
    _nature: ClassVar[str]

    def __init__(
        self,
        pool: Pool,
        targets: list[int],
        communication: Communication,
        deferred: bool | None,
        memory_limit: int | str | None,
        progress: bool | None = None,
    ) -> None:
        self._closed = False
        limit = default_limit() if memory_limit is None else bytes_of(memory_limit)
        if communication not in COMMUNICATION:
            raise ValueError(
                f"communication is {communication!r}; expected one of {', '.join(COMMUNICATION)}"
            )
        self._communication = COMMUNICATION[communication]
        self._deferred = deferred_by_default() if deferred is None else bool(deferred)
        self.targets = targets
        self.context_key = pool.new_key()
        self._pool = pool
        self._pushed: set[str] = set()
        self._calls = itertools.count(1)
        self._memory_limit = limit
        if limit is not None:
            # It ends with the context, even if nobody closes that.
            self._lift = weakref.finalize(self, pool.limit_memory(limit, targets))
            self._lift.atexit = False
        _progress.watch(self, progress)

    # ---- Engines -------------------------------------------------------------------------------

    @property
    def nengines(self) -> int:
        """The number of engines of this context."""
        return len(self.targets)

    @property
    def all_targets(self) -> list[int]:
        """All engines that there are, also those that this context doesn't use."""
        return list(range(len(self._engines)))

    @property
    def memory_limit(self) -> int | None:
        """How many bytes of memory each process of the context may have, if there is a limit."""
        return self._memory_limit

    @property
    def comm(self) -> Proxy:
        """A proxy of the communicator of the context's engines, to be passed to functions.

        Examples
        --------
        >>> from distarray.globalapi import Context
        >>> context = Context(nengines=2)
        >>> context.apply(lambda comm: comm.allreduce(comm.Get_rank() + 1), (context.comm,))
        [3, 3]
        """
        return self.make_subcomm(self.targets)

    def make_subcomm(self, new_targets: Sequence[int]) -> Proxy:
        """Make a communicator of some engines.

        Parameters
        ----------
        new_targets : list of int
            The engines, in ascending order.

        Returns
        -------
        Proxy
            The communicator, to be passed to functions.

        Raises
        ------
        ValueError
            If the engines are not in order.
        """
        chosen = self._chosen(new_targets)
        if not chosen or chosen != sorted(chosen):
            raise ValueError(f"expected engines in ascending order, not {chosen}")
        return CommProxy(f"{self.context_key}_comm_{'_'.join(map(str, chosen))}", chosen)

    @property
    def _engines(self) -> _core.Engines:
        """The engines, as the core knows them."""
        if self._closed:
            raise ContextError("the context is closed")
        return self._pool.engines

    # ---- Functions on engines ------------------------------------------------------------------

    def apply(
        self,
        func: Callable[..., Any],
        args: Sequence[Any] | None = None,
        kwargs: Mapping[str, Any] | None = None,
        targets: Sequence[int] | None = None,
        autoproxyize: bool = False,
    ) -> list[Any]:
        """Call a function on engines, at once on all of them.

        The function itself is called, with the variables that it closes over and those of its
        module. It may also use the names `proxyize`, `Proxy`, `numpy`, `distarray`, `reduce`,
        `import_module` and `context_key` without importing them, and the functions given to
        `push_function`.

        Parameters
        ----------
        func : callable
            The function.
        args : tuple, optional
            Positional arguments. In place of a DistArray the function gets the engine's
            `LocalArray`, whose ``ndarray`` shares the memory: what it writes is in the DistArray
            too. In place of a Proxy it gets what the proxy stands for. Of NumPy arrays, lists,
            dictionaries, sets and bytearrays (also within each other) each engine gets a copy of
            its own; arrays that can't be written to are shared, as are all other objects.
        kwargs : dict, optional
            Keyword arguments, likewise.
        targets : sequence of int, optional
            The engines; by default, all of the context.
        autoproxyize : bool, optional
            Whether LocalArrays that the function returns stay on their engines, and Proxies come
            here. Otherwise copies come.

        Returns
        -------
        list
            What each engine returned, in the order of `targets`. What views the memory of
            an array is copied.

        Raises
        ------
        Exception
            What the function raised on an engine: an exception of the same type whose message
            names the engine and has its traceback; an exception group if several failed. Engines
            that waited for those are released.
        ValueError
            If an engine holds no part of a DistArray, or is not in the context.

        Examples
        --------
        >>> from distarray.globalapi import Context
        >>> context = Context(nengines=2)
        >>> a = context.arange(6)
        >>> def double(local):
        ...     local.ndarray *= 2
        ...     return local.ndarray.sum().item()
        >>> context.apply(double, (a,))
        [6, 24]
        >>> a.toarray()
        array([ 0,  2,  4,  6,  8, 10])
        """
        outgoing = as_proxy if autoproxyize else as_copy
        return self._run(func, args or (), kwargs or {}, self._chosen(targets), outgoing)

    def _call(self, targets: list[int], function: Callable[[_core.Engine], Any]) -> list[Any]:
        """Call one of our functions on engines, in ascending order, with their handles."""
        self._engines  # noqa: B018 (a closed context has none)
        with _progress.task("computing"):
            return self._pool.call(targets, function)

    def _once(self, function: Callable[[], T]) -> T:
        """Do something that concerns files; where all processes run the program, one does it."""
        return self._pool.once(function)

    def _run(
        self,
        func: Callable[..., Any],
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
        targets: list[int],
        outgoing: Outgoing,
    ) -> list[Any]:
        """Call a user's function on any engines; return what `outgoing` makes of the results."""
        self._engines  # noqa: B018 (a closed context has none)
        if not callable(func):
            raise TypeError(f"expected a function, not {func!r}")
        for value in (*args, *kwargs.values()):
            array = value.array if isinstance(value, ArrayProxy) else value
            if isinstance(array, Handle) and array.context._pool.engines is not self._pool.engines:
                raise ContextError(
                    f"an argument is on engines of {array.context}, not on those of {self}"
                )
        participants = sorted(targets)
        if not participants:
            return []
        state = f"{self.context_key.removeprefix('__distarray__')}_{next(self._calls)}"
        call = Call(func, args, kwargs, participants, self.context_key, state, outgoing)
        results = dict(zip(participants, self._pool.call(participants, call), strict=True))
        return [results[target] for target in targets]

    def push_function(
        self, key: str, func: Callable[..., Any], targets: Sequence[int] | None = None
    ) -> None:
        """Give engines a function that other functions on them can call by a name.

        Parameters
        ----------
        key : str
            The name.
        func : callable
            The function.
        targets : sequence of int, optional
            The engines; by default, all of the context.

        Examples
        --------
        >>> from distarray.globalapi import Context
        >>> context = Context(nengines=2)
        >>> context.push_function("square", lambda x: x * x)
        >>> context.apply(lambda: square(7))
        [49, 49]
        """
        if not callable(func):
            raise TypeError(f"expected a function, not {func!r}")
        if not str(key).isidentifier():
            raise ValueError(f"expected a name, not {key!r}")
        self._engines  # noqa: B018 (a closed context has none)
        self._pool.put(key, func, self._chosen(targets))
        self._pushed.add(key)

    def register(self, func: Callable[..., Any]) -> None:
        """Make a function a method of contexts, which runs where its arguments are.

        ``context.func(...)`` calls the function on each engine that holds a part of the DistArrays
        among its arguments, with LocalArrays in their place, as `apply` does. At least one
        argument has to be a DistArray; several have to have compatible distributions.

        The method returns

        - a DistArray, if all engines return LocalArrays;
        - None, if all return None;
        - what one engine returns, if the others return None, or if it is the only one;
        - else a list of what each engine returns.

        Parameters
        ----------
        func : callable
            The function. Its name becomes that of the method.

        Raises
        ------
        ValueError
            If the name begins with an underscore, or contexts have something of that name.

        Examples
        --------
        >>> from distarray.globalapi import Context
        >>> context = Context(nengines=2)
        >>> def add_rank(local, scale):
        ...     return local + scale * local.comm_rank
        >>> context.register(add_rank)
        >>> context.add_rank(context.zeros((4,)), 10).toarray()
        array([ 0.,  0., 10., 10.])
        """
        name = _registered.name_of(
            func, lambda name: hasattr(type(self), name) or name in vars(self)
        )
        _registered.functions[name] = func

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return a registered function as a method."""
        function = _registered.functions.get(name)
        if function is None:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

        def method(*args: Any, **kwargs: Any) -> Any:
            self._engines  # noqa: B018 (a closed context has none)
            return _registered.call(name, function, args, kwargs)

        method.__name__ = method.__qualname__ = name
        method.__doc__ = function.__doc__
        return method

    def __dir__(self) -> Iterable[str]:
        return {*super().__dir__(), *_registered.functions}

    # ---- Comparison ----------------------------------------------------------------------------

    def allclose(
        self, a: DistArray, b: DistArray, rtol: float = 1e-05, atol: float = 1e-08
    ) -> bool:
        """Return whether all elements of two arrays are equal within a tolerance.

        Parameters
        ----------
        a, b : DistArray
            The arrays; they broadcast.
        rtol, atol : float
            Elements may differ by ``atol + rtol * abs(b)``.

        Examples
        --------
        >>> from distarray.globalapi import Context
        >>> context = Context(nengines=2)
        >>> a = context.ones((5,))
        >>> context.allclose(a, a + 1e-9), context.allclose(a, a + 1)
        (True, False)
        """
        with np.errstate(invalid="ignore"):
            near = np.abs(a - b) <= atol + rtol * np.abs(b)
        return bool(((near & np.isfinite(b)) | (a == b)).all())

    # ---- Checkpoints ---------------------------------------------------------------------------

    def checkpoint(self, directory: str | os.PathLike[str], /, **arrays: DistArray) -> None:
        """Write arrays to a directory, from which `restore` brings them back.

        The checkpoint replaces the one that the directory has, if any, at the very end: whenever
        the program is interrupted, or its machine fails, one of them is there, whole.

        Parameters
        ----------
        directory : str or path
            The directory; it is made if there is none. All engines have to see it under this name.
        **arrays : DistArray
            The arrays, by the names under which they are to come back.

        Raises
        ------
        OSError
            If it can't be written: the checkpoint that was there stays.
        CheckpointError
            If another program is using the checkpoint in the directory; it is an OSError too.
        TypeError, ValueError
            If there are no arrays, or others than DistArrays of this context.

        Examples
        --------
        >>> from tempfile import TemporaryDirectory
        >>> from distarray.globalapi import Context
        >>> context = Context(nengines=2)
        >>> with TemporaryDirectory() as directory:
        ...     context.checkpoint(directory, x=context.arange(4), step=context.full((), 7))
        ...     arrays = Context(nengines=3).restore(directory)
        >>> arrays["x"].toarray(), arrays["step"].item()
        (array([0, 1, 2, 3]), 7)
        """
        from distarray.globalapi import _checkpoints

        _checkpoints.save(self, directory, arrays)

    def restore(self, directory: str | os.PathLike[str]) -> dict[str, DistArray]:
        """Return the arrays of the checkpoint in a directory.

        They are distributed as they were, if this context has as many engines as the one that wrote
        them; else in the same manner over the engines of this one, with unstructured axes in
        blocks.

        Parameters
        ----------
        directory : str or path
            The directory that was given to `checkpoint`, by a context of any kind.

        Returns
        -------
        dict
            The arrays by name.

        Raises
        ------
        FileNotFoundError
            If there is no checkpoint.
        CheckpointError
            If it is damaged, or another program is about to replace it; it is an OSError.
        """
        from distarray.globalapi import _checkpoints

        return _checkpoints.restore(self, directory)

    # ---- What stays on engines -----------------------------------------------------------------

    def delete_key(self, key: str | Proxy, targets: Sequence[int] | None = None) -> None:
        """Have engines forget an object that they know by name.

        Parameters
        ----------
        key : str or Proxy
            The name.
        targets : sequence of int, optional
            The engines; by default, all of the context.
        """
        self._pool.forget_name(self._named(key).name, self._chosen(targets))

    def cleanup(self) -> None:
        """Have the engines forget all objects that they know by names of this context."""
        self._pool.forget_names(self.context_key)
        while self._pushed:
            self._pool.forget_name(self._pushed.pop(), self.targets)

    def close(self) -> None:
        """Give the context up: it makes no more arrays and calls no more functions.

        Arrays that it made stay valid, and so do the engines, which other contexts may use.
        Closing twice is harmless.
        """
        if not self._closed:
            self.cleanup()
            self._closed = True
            if self._memory_limit is not None:
                self._lift()

    def _is_current(self) -> bool:
        """Return whether the context can be used."""
        return not self._closed

    def __repr__(self) -> str:
        state = ", closed" if self._closed else ""
        limit = "" if self._memory_limit is None else f", {readable(self._memory_limit)} at most"
        return f"<{type(self).__name__}: engines {self.targets}{self._nature}{limit}{state}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _chosen(self, targets: Sequence[int] | None) -> list[int]:
        """Check a choice among the context's engines; all of them by default."""
        if targets is None:
            return list(self.targets)
        chosen = [operator.index(target) for target in targets]
        unknown = sorted(set(chosen) - set(self.targets))
        if unknown:
            raise ValueError(f"engines {unknown} are not in the context, which has {self.targets}")
        if len(set(chosen)) < len(chosen):
            raise ValueError(f"an engine is named twice in {chosen}")
        return chosen

    def _named(self, key: str | Proxy) -> Proxy:
        """Return a proxy of what engines have under a name."""
        if isinstance(key, Proxy):
            return key
        if not isinstance(key, str):
            raise TypeError(f"expected a Proxy or its name, not {key!r}")
        proxy = Proxy.__new__(Proxy)
        proxy.name, proxy.module_name, proxy.type_str = key, "__main__", "<class 'object'>"
        return proxy


def deferred_by_default() -> bool:
    """Return whether ``DISTARRAY_DEFERRED`` lets operations wait until they are needed."""
    text = os.environ.get("DISTARRAY_DEFERRED", "").strip()
    if text not in ("", "0", "1"):
        raise ContextCreationError(f"DISTARRAY_DEFERRED is {text!r}; expected 0 or 1")
    return text != "0"


def choose_targets(
    targets: Sequence[int] | None, nengines: int | None, default: Callable[[], int]
) -> list[int]:
    """Return the numbers of a context's engines, in ascending order.

    Parameters
    ----------
    targets : sequence of int or None
        The engines that the user asked for.
    nengines : int or None
        How many the user asked for.
    default : callable
        Tells how many there are if the user asked for none.
    """
    if nengines is not None:
        nengines = operator.index(nengines)
        if nengines < 1:
            raise ValueError(f"nengines is {nengines}; a context has at least one engine")
    _check_count(nengines or 0)
    if targets is None:
        return list(range(default() if nengines is None else nengines))
    chosen = sorted(operator.index(target) for target in targets)
    if not chosen:
        raise ValueError("targets: a context has at least one engine")
    if len(set(chosen)) < len(chosen):
        raise ValueError(f"targets: an engine is named twice in {chosen}")
    unknown = [target for target in chosen if target < 0 or (nengines or target + 1) <= target]
    if unknown:
        raise ValueError(f"targets: there are no engines {unknown}")
    _check_count(chosen[-1] + 1)
    return chosen


def _check_count(count: int) -> None:
    if count > _pool.MOST_ENGINES:
        raise ContextCreationError(f"{count} engines are too many; {_pool.MOST_ENGINES} can be had")
