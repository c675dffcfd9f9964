"""Names that a function may use on an engine without importing them.

A function finds its global names in its module, as anywhere. Of the names below, and of those
given to `Context.push_function`, it gets those that it uses and that its module lacks.
"""

from __future__ import annotations

import builtins
import dis
from collections.abc import Callable, Iterator
from functools import lru_cache, partial, reduce
from importlib import import_module
from types import CodeType, FunctionType, MethodType
from typing import Any

import numpy

import distarray
from distarray.error import ContextError
from distarray.localapi import engine
from distarray.localapi.proxyize import Proxy


def proxyize(obj: Any) -> Proxy:
    """Keep an object on this engine under a name, and return a proxy that has the name.

    The i-th object that a function passes to it gets the same name on every engine, so that the
    proxy from one engine stands for the objects on all of them.
    """
    current = engine.current().proxyize
    if current is None:
        raise ContextError("proxyize() is for functions that run on engines")
    return current(obj)


class ContextKey(str):
    """The name of the context that calls the function."""


class Pushed:
    """A function that engines know by name, whichever each of them was given.

    Parameters
    ----------
    name : str
        The name.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            function = engine.current().objects[self.name]
        except KeyError:
            raise NameError(f"name {self.name!r} is not defined on this engine") from None
        return function(*args, **kwargs)


#: What a function may use without importing it; and `context_key`.
ALWAYS: dict[str, Any] = {
    "Proxy": Proxy,
    "distarray": distarray,
    "import_module": import_module,
    "numpy": numpy,
    "proxyize": proxyize,
    "reduce": reduce,
}


def provide(function: Callable[..., Any], context_key: str) -> None:
    """Give a function the names that it uses and its module lacks; call it on the engine."""
    objects = engine.current().objects
    for found in _python_functions(function):
        names = found.__globals__
        for name in _global_names(found.__code__):
            if name == "context_key":
                # It is another one in each context, so that what a call before left is replaced.
                if isinstance(names.setdefault(name, ContextKey()), ContextKey):
                    names[name] = ContextKey(context_key)
            elif name in ALWAYS:
                names.setdefault(name, ALWAYS[name])
            elif name in objects and name not in names and not hasattr(builtins, name):
                names[name] = Pushed(name)


def _python_functions(function: Any) -> Iterator[FunctionType]:
    """Give a function, and those of the user's that it wraps, closes over or may call."""
    seen: set[int] = set()
    waiting = [function]
    while waiting:
        found = waiting.pop()
        if id(found) in seen:
            continue
        seen.add(id(found))
        if isinstance(found, FunctionType):
            yield found
            waiting.append(getattr(found, "__wrapped__", None))
            waiting.extend(_helpers(found))
            for cell in found.__closure__ or ():
                # An empty cell is a name that is not bound yet.
                waiting.append(getattr(cell, "cell_contents", None))
        elif isinstance(found, MethodType):
            waiting.append(found.__func__)
        elif isinstance(found, partial):
            waiting.append(found.func)
        elif isinstance(call := getattr(type(found), "__call__", None), FunctionType):  # noqa: B004
            waiting.append(call)


def _helpers(function: FunctionType) -> Iterator[FunctionType]:
    """Give the functions of its own module that a function may call."""
    names = function.__globals__
    for name in _global_names(function.__code__):
        helper = names.get(name)
        # (The global names of a function that was sent here are a copy.)
        if isinstance(helper, FunctionType) and helper.__module__ == names.get("__name__"):
            yield helper


@lru_cache(maxsize=1024)
def _global_names(code: CodeType) -> tuple[str, ...]:
    """Return the global names that a function uses, or one that is defined within it."""
    names = {
        instruction.argval
        for instruction in dis.get_instructions(code)
        if instruction.opname in ("LOAD_GLOBAL", "LOAD_NAME")
    }
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names.update(_global_names(constant))
    return tuple(names)
