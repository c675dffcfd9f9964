"""Functions that were registered: every context calls them like its own methods."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from distarray.globalapi._call import AsKept, Kept
from distarray.globalapi._handle import Handle
from distarray.globalapi._local_arrays import fetch, join, returned
from distarray.globalapi._proxies import ArrayProxy

#: The functions by name, on all contexts.
functions: dict[str, Callable[..., Any]] = {}


def name_of(function: Callable[..., Any], taken: Callable[[str], bool]) -> str:
    """Return the name under which a function can be registered.

    Parameters
    ----------
    function : callable
        The function.
    taken : callable
        Tells whether contexts have something else of a name.

    Raises
    ------
    TypeError
        If it isn't a function.
    ValueError
        If its name can't be used.
    """
    name = getattr(function, "__name__", None)
    if name is None:
        raise TypeError(f"expected a function with a name, not {function!r}")
    name = str(name)
    if name.startswith("_") or not name.isidentifier():
        raise ValueError(f"a function called {name!r} can't be registered: give it another name")
    if name not in functions and taken(name):
        raise ValueError(f"contexts have something else of the name {name!r}")
    return name


def call(
    name: str, function: Callable[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> Any:
    """Call a function on the engines that hold its arguments, and put the results together."""
    arrays = [
        value.array if isinstance(value, ArrayProxy) else value
        for value in (*args, *kwargs.values())
        if isinstance(value, Handle | ArrayProxy)
    ]
    if not arrays:
        raise TypeError(
            f"{name}() needs a DistArray among its arguments: it is called where the array is"
        )
    first = arrays[0]
    for other in arrays[1:]:
        if other._array.id != first._array.id and not first.distribution.is_compatible(
            other.distribution
        ):
            raise ValueError(
                f"{name}() needs arrays with compatible distributions, but they are "
                f"{first.distribution} and {other.distribution}"
            )
    targets = list(first._array.distribution.targets)
    context = first.context
    with returned(context, targets) as array_name:
        results = context._run(function, args, kwargs, targets, AsKept(array_name))
        if all(isinstance(result, Kept) for result in results):
            return join(context, array_name, targets, results)
        if any(isinstance(result, Kept) for result in results):
            copies = fetch(context, array_name, targets)
            results = [
                copy if isinstance(result, Kept) else result
                for result, copy in zip(results, copies, strict=True)
            ]
    found = [result for result in results if result is not None]
    if not found:
        return None
    return found[0] if len(found) == 1 else results
