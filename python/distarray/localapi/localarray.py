"""The LocalArray data structure.

A distributed array consists of a LocalArray on each of its engines. The functions here are what
runs on one engine; they have mpi4py's or this package's communicators beneath them, whichever the
engine has.
"""

from typing import Any

from distarray.localapi.local_array.array import LocalArray, arecompatible
from distarray.localapi.local_array.creation import (
    empty,
    empty_like,
    fromfunction,
    fromndarray_like,
    ones,
    zeros,
    zeros_like,
)
from distarray.localapi.local_array.files import (
    compact_indices,
    load_dnpy,
    load_npy,
    save_dnpy,
)
from distarray.localapi.local_array.global_index import GlobalIndex, GlobalIterator, ndenumerate
from distarray.localapi.local_array.hdf5 import load_hdf5, save_hdf5
from distarray.localapi.local_array.printing import get_printoptions, set_printoptions
from distarray.localapi.local_array.reductions import (
    local_reduction,
    max_reducer,
    mean_reducer,
    min_reducer,
    std_reducer,
    sum_reducer,
    var_reducer,
)
from distarray.localapi.local_array.ufuncs import (
    UFUNCS,
    LocalArrayBinaryOperation,
    LocalArrayUnaryOperation,
)

__all__ = [
    "GlobalIndex",
    "GlobalIterator",
    "LocalArray",
    "LocalArrayBinaryOperation",
    "LocalArrayUnaryOperation",
    "arecompatible",
    "compact_indices",
    "empty",
    "empty_like",
    "fromfunction",
    "fromndarray_like",
    "get_printoptions",
    "load_dnpy",
    "load_hdf5",
    "load_npy",
    "local_reduction",
    "max_reducer",
    "mean_reducer",
    "min_reducer",
    "ndenumerate",
    "ones",
    "save_dnpy",
    "save_hdf5",
    "set_printoptions",
    "std_reducer",
    "sum_reducer",
    "var_reducer",
    "zeros",
    "zeros_like",
]
__all__ += list(UFUNCS)


def __getattr__(name: str) -> Any:
    """NumPy's ufuncs are attributes too, as functions of LocalArrays."""
    try:
        return UFUNCS[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
