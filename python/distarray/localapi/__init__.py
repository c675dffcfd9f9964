"""Modules dealing with the local index-space view of DistArrays: the view from an engine."""

from typing import Any

from distarray.localapi import random
from distarray.localapi.local_array.ufuncs import UFUNCS
from distarray.localapi.localarray import (
    LocalArray,
    arecompatible,
    load_dnpy,
    load_hdf5,
    load_npy,
    ndenumerate,
    save_dnpy,
    save_hdf5,
)

__all__ = [
    "LocalArray",
    "arecompatible",
    "load_dnpy",
    "load_hdf5",
    "load_npy",
    "ndenumerate",
    "random",
    "save_dnpy",
    "save_hdf5",
]
__all__ += list(UFUNCS)


def __getattr__(name: str) -> Any:
    """NumPy's ufuncs are attributes too, as functions of LocalArrays."""
    try:
        return UFUNCS[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
