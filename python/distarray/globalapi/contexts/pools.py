"""Pools: the engines that contexts of one kind share, and what stays on them by name."""

from __future__ import annotations

import itertools
import pickle
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, TypeVar

from distarray import _core
from distarray.globalapi import _pool
from distarray.utils import DISTARRAY_BASE_NAME, uid

T = TypeVar("T")


class Pool(ABC):
    """Engines, and what stays on them by name.

    Attributes
    ----------
    engines : _core.Engines
        The engines, as the core knows them.
    """

    engines: _core.Engines

    def new_key(self) -> str:
        """Return what the names of all that a new context leaves here begin with."""
        return uid()

    def call(self, targets: list[int], function: Callable[[_core.Engine], Any]) -> list[Any]:
        """Call a function on engines, in ascending order, with their handles."""
        return self.engines.call(targets, function)

    def once(self, function: Callable[[], T]) -> T:
        """Call a function in one process; return in all what it returns there."""
        return function()

    def limit_memory(self, limit: int, targets: list[int]) -> Callable[[], None]:
        """Limit the memory of this process and of engines; return what lifts the limit."""
        return _core.MemoryLimit(limit).lift

    def predict_memory(self, pieces: list[int], targets: list[int]) -> tuple[int, int]:
        """Return what new pieces on each engine will come to, in bytes.

        That is the most memory of any process, and how much will lie in scratch files.
        """
        predictions = self.call(targets, _Predict(pieces))
        return max(peak for peak, _ in predictions), sum(files for _, files in predictions)

    @abstractmethod
    def put(self, name: str, value: Any, targets: list[int]) -> None:
        """Give engines an object that functions on them find by name."""

    @abstractmethod
    def forget_name(self, name: str, targets: list[int]) -> None:
        """Have engines forget the object of a name, if they have one."""

    @abstractmethod
    def forget_names(self, prefix: str) -> None:
        """Have all engines forget the objects whose names begin with a prefix."""


class ThreadPool(Pool):
    """The engines of this process."""

    def __init__(self, engines: _core.Engines) -> None:
        self.engines = engines

    def predict_memory(self, pieces: list[int], targets: list[int]) -> tuple[int, int]:
        """Return what new pieces on each engine will come to: all are in this process."""
        return _core.predict_memory(pieces * len(targets))

    def put(self, name: str, value: Any, targets: list[int]) -> None:
        """Give engines an object that functions on them find by name."""
        for target in targets:
            _pool.space(target).objects[name] = value

    def forget_name(self, name: str, targets: list[int]) -> None:
        """Have engines forget the object of a name, if they have one."""
        _pool.forget_name(name, targets)

    def forget_names(self, prefix: str) -> None:
        """Have all engines forget the objects whose names begin with a prefix."""
        _pool.forget_names(prefix)


class SpmdPool(ThreadPool):
    """Engines that all run the program: this process is one of them.

    Parameters
    ----------
    engines : _core.Engines
        The engines.
    number : int
        Which of them this process is.
    """

    def __init__(self, engines: _core.Engines, number: int) -> None:
        super().__init__(engines)
        self.number = number
        self._keys = itertools.count(1)

    def predict_memory(self, pieces: list[int], targets: list[int]) -> tuple[int, int]:
        """Return what new pieces on each engine will come to: each is a process."""
        return Pool.predict_memory(self, pieces, targets)

    def new_key(self) -> str:
        """Return what the names of all that a new context leaves here begin with: on all alike."""
        return f"{DISTARRAY_BASE_NAME}_spmd{next(self._keys)}"

    def once(self, function: Callable[[], T]) -> T:
        """Call a function in one process; return in all what it returns there."""

        def attempt() -> bytes:
            try:
                return pickle.dumps((function(), None))
            except Exception as error:
                return pickle.dumps((None, error))

        value, error = pickle.loads(self.engines.once(attempt))
        if error is not None:
            raise error
        result: T = value
        return result

    def put(self, name: str, value: Any, targets: list[int]) -> None:
        """Give engines an object that functions on them find by name."""
        if self.number in targets:
            _pool.process.objects[name] = value

    def forget_name(self, name: str, targets: list[int]) -> None:
        """Have engines forget the object of a name, if they have one."""
        if self.number in targets:
            _pool.process.objects.pop(name, None)


class ProcessPool(Pool):
    """Engines that are other processes.

    Parameters
    ----------
    engines : _core.Engines
        The engines.
    numbers : list of int, optional
        Which of them there are; by default all.

    Attributes
    ----------
    released : list of str
        The names of objects that are to be forgotten, which engines haven't been told.
    """

    def __init__(self, engines: _core.Engines, numbers: list[int] | None = None) -> None:
        self.engines = engines
        self.released: list[str] = []
        numbers = list(range(len(engines))) if numbers is None else numbers
        self._untold: dict[int, set[str]] = {number: set() for number in numbers}

    def new_key(self) -> str:
        """Return what the names of all that a new context leaves here begin with."""
        key = super().new_key()
        _pool.owners[key] = self
        return key

    def call(self, targets: list[int], function: Callable[[_core.Engine], Any]) -> list[Any]:
        """Call a function on engines, in ascending order, with their handles."""
        while self.released:
            name = self.released.pop()
            for names in self._untold.values():
                names.add(name)
        names = set().union(*(self._untold[target] for target in targets))
        if names:
            function = _Tidying(names, function)
            for target in targets:
                self._untold[target].clear()
        return super().call(targets, function)

    def limit_memory(self, limit: int, targets: list[int]) -> Callable[[], None]:
        """Limit the memory of this process and of engines; return what lifts the limit."""
        lift_here = super().limit_memory(limit, targets)
        name, released = f"memory_limit_{uid()}", self.released
        self.call(targets, _Limit(name, limit))

        def lift() -> None:
            lift_here()
            released.append(name)

        return lift

    def put(self, name: str, value: Any, targets: list[int]) -> None:
        """Give engines an object that functions on them find by name."""
        self.call(sorted(targets), _Put(name, value))

    def forget_name(self, name: str, targets: list[int]) -> None:
        """Have engines forget the object of a name, if they have one."""
        self.call(sorted(targets), _Tidying({name}))

    def forget_names(self, prefix: str) -> None:
        """Have all engines forget the objects whose names begin with a prefix."""
        self.call(list(self._untold), _Forget(prefix))


class _Put:
    """Gives an engine an object that functions on it find by name."""

    def __init__(self, name: str, value: Any) -> None:
        self.name = name
        self.value = value

    def __call__(self, engine: _core.Engine) -> None:
        _pool.space_of(engine).objects[self.name] = self.value


class _Limit:
    """Limits the memory of the process that an engine is, until the name is forgotten."""

    def __init__(self, name: str, limit: int) -> None:
        self.name = name
        self.limit = limit

    def __call__(self, engine: _core.Engine) -> None:
        _pool.space_of(engine).objects[self.name] = _core.MemoryLimit(self.limit)


class _Predict:
    """Says what new pieces will come to in the process that an engine is."""

    def __init__(self, pieces: list[int]) -> None:
        self.pieces = pieces

    def __call__(self, engine: _core.Engine) -> tuple[int, int]:
        return _core.predict_memory(self.pieces)


class _Tidying:
    """Has an engine forget names, before it calls a function."""

    def __init__(
        self, names: set[str], function: Callable[[_core.Engine], Any] | None = None
    ) -> None:
        self.names = names
        self.function = function

    def __call__(self, engine: _core.Engine) -> Any:
        objects = _pool.space_of(engine).objects
        for name in self.names:
            objects.pop(name, None)
        return None if self.function is None else self.function(engine)


class _Forget:
    """Has an engine forget the objects whose names begin with a prefix."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def __call__(self, engine: _core.Engine) -> None:
        _pool.forget_names(self.prefix)
