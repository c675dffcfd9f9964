"""The functions of the package that make arrays: methods of contexts, on the default one."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from distarray.globalapi._handle import Handle
from distarray.globalapi.context import BaseContext, default_context
from distarray.globalapi.creation import CreationMethods
from distarray.globalapi.files import FileMethods
from distarray.globalapi.maps import Distribution
from distarray.globalapi.random import Random
from distarray.globalapi.stores import StoreMethods

__all__ = [
    "arange",
    "array",
    "asarray",
    "empty",
    "empty_like",
    "eye",
    "fromarray",
    "fromfunction",
    "fromndarray",
    "full",
    "full_like",
    "identity",
    "linspace",
    "load",
    "load_dnpy",
    "load_hdf5",
    "load_netcdf",
    "load_npy",
    "load_zarr",
    "ones",
    "ones_like",
    "open",
    "random",
    "save",
    "save_dnpy",
    "save_hdf5",
    "save_npy",
    "save_zarr",
    "store",
    "zeros",
    "zeros_like",
]

_randoms: WeakKeyDictionary[BaseContext, Random] = WeakKeyDictionary()


def random() -> Random:
    """Return what draws random numbers for the default context, always the same for one context."""
    context = default_context()
    return _randoms.setdefault(context, Random(context))


P = ParamSpec("P")
R = TypeVar("R")


def _on_default(method: Callable[Concatenate[Any, P], R]) -> Callable[P, R]:
    """Return a method of contexts as a function.

    It works on the context of the first array or distribution among its arguments, and on the
    default context if there is none.
    """

    @wraps(method)
    def function(*args: P.args, **kwargs: P.kwargs) -> R:
        return method(_context_of(*args, *kwargs.values()), *args, **kwargs)

    signature = inspect.signature(method)
    parameters = list(signature.parameters.values())[1:]
    function.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    function.__qualname__ = function.__name__
    return function


def _context_of(*arguments: Any) -> BaseContext:
    for argument in arguments:
        if isinstance(argument, Handle | Distribution):
            context: BaseContext = argument.context
            return context
    return default_context()


arange = _on_default(CreationMethods.arange)
array = _on_default(CreationMethods.array)
asarray = _on_default(CreationMethods.asarray)
empty = _on_default(CreationMethods.empty)
empty_like = _on_default(CreationMethods.empty_like)
eye = _on_default(CreationMethods.eye)
fromarray = _on_default(CreationMethods.fromarray)
fromfunction = _on_default(CreationMethods.fromfunction)  # type: ignore[arg-type]
fromndarray = _on_default(CreationMethods.fromndarray)
full = _on_default(CreationMethods.full)
full_like = _on_default(CreationMethods.full_like)
identity = _on_default(CreationMethods.identity)
linspace = _on_default(CreationMethods.linspace)
load = _on_default(FileMethods.load)  # type: ignore[arg-type]
load_dnpy = _on_default(FileMethods.load_dnpy)
load_hdf5 = _on_default(FileMethods.load_hdf5)
load_netcdf = _on_default(StoreMethods.load_netcdf)
load_npy = _on_default(FileMethods.load_npy)
load_zarr = _on_default(StoreMethods.load_zarr)
ones = _on_default(CreationMethods.ones)
ones_like = _on_default(CreationMethods.ones_like)
open = _on_default(FileMethods.open)  # type: ignore[arg-type]
save = _on_default(FileMethods.save)  # type: ignore[arg-type]
save_dnpy = _on_default(FileMethods.save_dnpy)
save_hdf5 = _on_default(FileMethods.save_hdf5)
save_npy = _on_default(FileMethods.save_npy)
save_zarr = _on_default(StoreMethods.save_zarr)  # type: ignore[arg-type]
store = _on_default(FileMethods.store)  # type: ignore[arg-type]
zeros = _on_default(CreationMethods.zeros)
zeros_like = _on_default(CreationMethods.zeros_like)
