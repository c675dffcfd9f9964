"""Functions for cleaning up DistArray objects from IPython parallel engines.

A `view` is a `DirectView` of ipyparallel's: ``client[:]`` has all engines, and ``context.view``
those of a context. Functions without one connect to the cluster of the default profile.
"""

from __future__ import annotations

from typing import Any

from distarray.globalapi import _attendance
from distarray.globalapi.contexts.ipython import default_client

__all__ = ["cleanup", "cleanup_all", "clear", "clear_all", "get_local_keys"]


def get_local_keys(view: Any, prefix: str) -> dict[str, list[int]]:
    """Return which engines have which names that begin with a prefix.

    Parameters
    ----------
    view : ipyparallel.DirectView
        The engines.
    prefix : str
        The beginning of the names, such as a context's `context_key`.

    Returns
    -------
    dict
        The list of engines for each name.
    """
    task = _attendance.Keys(prefix)
    if isinstance(view.targets, int):
        return {name: [view.targets] for name in view.apply_sync(task)}
    found: dict[str, list[int]] = {}
    for target, names in zip(view.targets, view.apply_sync(task), strict=True):
        for name in names:
            found.setdefault(name, []).append(target)
    return found


def cleanup(view: Any, module_name: str, prefix: str) -> None:
    """Delete what engines have under names that begin with a prefix.

    Parameters
    ----------
    view : ipyparallel.DirectView
        The engines.
    module_name : str
        The module whose variables are looked at, beside what DistArray itself keeps by name.
    prefix : str
        The beginning of the names, such as a context's `context_key`.
    """
    view.apply_sync(_attendance.Forget(prefix, module_name))


def cleanup_all(module_name: str, prefix: str) -> None:
    """Do what `cleanup` does, on all engines of the default profile's cluster."""
    cleanup(default_client()[:], module_name, prefix)


def clear(view: Any) -> None:
    """Have engines forget all arrays, and remove DistArray's modules from their `sys.modules`.

    They import them anew when they next need them. Contexts that have used these engines can't use
    them any more.

    Parameters
    ----------
    view : ipyparallel.DirectView
        The engines: all that have worked together.
    """
    view.apply_sync(_attendance.Clear())


def clear_all() -> None:
    """Do what `clear` does, on all engines of the default profile's cluster."""
    clear(default_client()[:])
