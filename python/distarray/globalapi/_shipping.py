"""Functions and data that cross from one process to another, as bytes.

Functions go by value (cloudpickle): lambdas, closures, functions of ``__main__`` and of modules
that are not installed, which the other process may lack. The memory of NumPy arrays goes beside the
rest (pickle's protocol 5) and is not copied on the way. Handles of arrays become a `Reference`: an
engine knows its pieces by name.
"""

from __future__ import annotations

import io
import pickle
import sys
import sysconfig
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any

from distarray import _core
from distarray.error import ContextError
from distarray.globalapi._crossing import share_of, share_without_engines
from distarray.globalapi._handle import Handle
from distarray.globalapi._proxies import ArrayProxy, Lease, lease_of
from distarray.globalapi._reference import Reference
from distarray.globalapi.creation import CreationMethods
from distarray.localapi.maps import Distribution as LocalDistribution

__all__ = ["pack", "unpack"]

Part = bytes | bytearray | memoryview

# Packages that every engine has, wherever they lie.
_EVERYWHERE = frozenset({"distarray", "numpy", "cloudpickle", "mpi4py"})


def pack(value: Any, *, to_client: bool = False) -> list[Part]:
    """Return a value as bytes: a pickle, and the memory that goes beside it.

    Parameters
    ----------
    value : object
        The value.
    to_client : bool, optional
        Whether an engine sends it to its client, where proxies keep what they stand for.

    Raises
    ------
    TypeError
        If something in it can't be sent to another process.

    Examples
    --------
    >>> import numpy as np
    >>> parts = pack([np.arange(3.0), "x"])
    >>> [memoryview(part).nbytes for part in parts[1:]]
    [24]
    >>> unpack(parts)
    [array([0., 1., 2.]), 'x']
    """
    try:
        from cloudpickle import Pickler
    except ImportError as error:
        raise ContextError(
            "functions for engines in other processes need the package cloudpickle, which the "
            "extra 'mpi' installs (pip install 'distarray[mpi]')"
        ) from error

    class ReferringPickler(Pickler):  # type: ignore[misc]
        def reducer_override(self, item: Any) -> Any:
            if isinstance(item, FunctionType | type):
                _send_by_value(item.__module__)
            if to_client and isinstance(item, Lease):
                item.hand_over()
                return (lease_of, (item.name,))
            return _reduced(item) or super().reducer_override(item)

    buffers: list[pickle.PickleBuffer] = []
    file = io.BytesIO()
    try:
        ReferringPickler(file, protocol=5, buffer_callback=buffers.append).dump(value)
    except pickle.PicklingError as error:
        raise TypeError(f"it can't be sent to an engine in another process: {error}") from error
    return [file.getbuffer(), *(buffer.raw() for buffer in buffers)]


def unpack(parts: Sequence[Part]) -> Any:
    """Return the value that `pack` made bytes of; arrays in it use the memory of the parts."""
    return pickle.loads(parts[0], buffers=parts[1:])


@cache
def _send_by_value(name: str) -> None:
    """See to it that a module's functions go by value, unless the module is installed."""
    import cloudpickle

    module = sys.modules.get(name)
    path = getattr(module, "__file__", None)
    if module is None or path is None or name.partition(".")[0] in _EVERYWHERE:
        return
    if not any(Path(path).is_relative_to(folder) for folder in _installed()):
        cloudpickle.register_pickle_by_value(module)


@cache
def _installed() -> frozenset[Path]:
    """Return the folders of Python's own modules and of installed packages."""
    return frozenset(Path(path) for path in sysconfig.get_paths().values())


def _reduced(item: Any) -> Any:
    """Return how an object of ours is made again, None for others."""
    if isinstance(item, _core.Array):
        return (Reference, (item.id, item.distribution))
    if isinstance(item, _core.Distribution):
        return (_distribution, (item.maps, item.targets))
    if isinstance(item, _core.AxisMap):
        return (_core.AxisMap.from_dim_dicts, (item.dim_dicts(),))
    if isinstance(item, ArrayProxy):
        return (ArrayProxy._elsewhere, (item.name, item._core))
    if isinstance(item, LocalDistribution):
        return (share_without_engines, share_of(item))
    if isinstance(item, _core.Engine | _core.Communicator):
        raise TypeError(f"a {type(item).__name__} belongs to its engine and can't leave it")
    if isinstance(item, Handle):
        raise TypeError(
            "a DistArray can't be used within a function that runs on engines: pass it as an "
            "argument, and the function gets the engine's LocalArray"
        )
    if isinstance(item, CreationMethods):
        raise TypeError("a context can't be used within a function that runs on engines")
    return None


def _distribution(maps: list[_core.AxisMap], targets: list[int]) -> _core.Distribution:
    return _core.Distribution.from_maps(maps, sorted(targets)).with_targets(targets)
