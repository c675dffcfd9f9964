"""NumPy-like distributed arrays: think globally, act locally.

The functions of this module that make arrays do so on a default context, whose engines are as many
as the machine has cores; the other functions are NumPy's own, which take DistArrays.

Examples
--------
>>> import distarray as da
>>> a = da.arange(1_000_000)
>>> int((a * a).sum())
333332833333500000
"""

from typing import Any

from numpy import newaxis

from distarray import error, linalg
from distarray._core import __version__
from distarray._default import (
    arange,
    array,
    asarray,
    empty,
    empty_like,
    eye,
    fromarray,
    fromfunction,
    fromndarray,
    full,
    full_like,
    identity,
    linspace,
    load,
    load_dnpy,
    load_hdf5,
    load_netcdf,
    load_npy,
    load_zarr,
    ones,
    ones_like,
    open,
    save,
    save_dnpy,
    save_hdf5,
    save_npy,
    save_zarr,
    store,
    zeros,
    zeros_like,
)
from distarray.globalapi import Context, ContextCreationError, DistArray, Distribution, functions
from distarray.globalapi._deferred import evaluate
from distarray.globalapi.context import default_context
from distarray.globalapi.functions import *  # noqa: F403 (NumPy's functions are names of ours)
from distarray.localapi import LocalArray

__all__ = [
    "Context",
    "ContextCreationError",
    "DistArray",
    "Distribution",
    "LocalArray",
    "__version__",
    "arange",
    "array",
    "asarray",
    "default_context",
    "empty",
    "empty_like",
    "error",
    "evaluate",
    "eye",
    "fromarray",
    "fromfunction",
    "fromndarray",
    "full",
    "full_like",
    "identity",
    "linalg",
    "linspace",
    "load",
    "load_dnpy",
    "load_hdf5",
    "load_netcdf",
    "load_npy",
    "load_zarr",
    "newaxis",
    "ones",
    "ones_like",
    "open",
    "save",
    "save_dnpy",
    "save_hdf5",
    "save_npy",
    "save_zarr",
    "store",
    "test",
    "zeros",
    "zeros_like",
]
__all__ += functions.__all__


def __getattr__(name: str) -> Any:
    """Make `random`, the random numbers of the default context, when it is first asked for."""
    if name == "random":
        from distarray._default import random

        return random()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def test(*arguments: str) -> int:
    """Run the package's own tests, which need the extra ``test``.

    Parameters
    ----------
    *arguments : str
        Passed on to pytest.

    Returns
    -------
    int
        0 if all is well.
    """
    import pytest

    return int(pytest.main(["--pyargs", "distarray", *arguments]))
