"""Communication between engine threads, with the names of `mpi4py.MPI`.

A user's function on an engine gets an `Intracomm` (or, from a distribution, a `Cartcomm`), whose
methods are those of mpi4py's classes, and finds here the operations, types and constants that
it needs beside them. `distarray.localapi.mpiutils.MPI` is this module when engines are threads, and
mpi4py's own when they are MPI processes.

Examples
--------
A group of one engine, in this thread:

>>> from distarray._core import in_process_group
>>> comm = Intracomm(in_process_group(1)[0])
>>> comm.Get_size(), comm.allreduce(5, op=SUM)
(1, 5)
"""

from time import perf_counter as Wtime
from typing import Any

from distarray.localapi.messaging.cartcomm import Cartcomm
from distarray.localapi.messaging.constants import (
    ANY_SOURCE,
    ANY_TAG,
    IN_PLACE,
    PROC_NULL,
    UNDEFINED,
)
from distarray.localapi.messaging.datatypes import (
    BOOL,
    BYTE,
    C_BOOL,
    C_DOUBLE_COMPLEX,
    C_FLOAT_COMPLEX,
    CHAR,
    COMPLEX,
    DOUBLE,
    DOUBLE_COMPLEX,
    FLOAT,
    INT,
    INT8_T,
    INT16_T,
    INT32_T,
    INT64_T,
    LONG,
    LONG_LONG,
    SHORT,
    SIGNED_CHAR,
    UINT8_T,
    UINT16_T,
    UINT32_T,
    UINT64_T,
    UNSIGNED,
    UNSIGNED_CHAR,
    UNSIGNED_LONG,
    UNSIGNED_LONG_LONG,
    UNSIGNED_SHORT,
    Datatype,
)
from distarray.localapi.messaging.intracomm import COMM_NULL, Intracomm
from distarray.localapi.messaging.operations import (
    BAND,
    BOR,
    BXOR,
    LAND,
    LOR,
    LXOR,
    MAX,
    MAXLOC,
    MIN,
    MINLOC,
    PROD,
    REPLACE,
    SUM,
    Op,
)
from distarray.localapi.messaging.requests import Request, Status

Comm = Intracomm

__all__ = [
    "ANY_SOURCE",
    "ANY_TAG",
    "BAND",
    "BOOL",
    "BOR",
    "BXOR",
    "BYTE",
    "CHAR",
    "COMM_NULL",
    "COMPLEX",
    "C_BOOL",
    "C_DOUBLE_COMPLEX",
    "C_FLOAT_COMPLEX",
    "DOUBLE",
    "DOUBLE_COMPLEX",
    "FLOAT",
    "INT",
    "INT8_T",
    "INT16_T",
    "INT32_T",
    "INT64_T",
    "IN_PLACE",
    "LAND",
    "LONG",
    "LONG_LONG",
    "LOR",
    "LXOR",
    "MAX",
    "MAXLOC",
    "MIN",
    "MINLOC",
    "PROC_NULL",
    "PROD",
    "REPLACE",
    "SHORT",
    "SIGNED_CHAR",
    "SUM",
    "UINT8_T",
    "UINT16_T",
    "UINT32_T",
    "UINT64_T",
    "UNDEFINED",
    "UNSIGNED",
    "UNSIGNED_CHAR",
    "UNSIGNED_LONG",
    "UNSIGNED_LONG_LONG",
    "UNSIGNED_SHORT",
    "Cartcomm",
    "Comm",
    "Datatype",
    "Intracomm",
    "Op",
    "Request",
    "Status",
    "Wtime",
]


def __getattr__(name: str) -> Any:
    """COMM_WORLD is the group of the engine that asks; COMM_SELF, that engine alone."""
    from distarray.localapi import mpiutils

    if name == "COMM_WORLD":
        return mpiutils.get_base_comm()
    if name == "COMM_SELF":
        return mpiutils.get_comm_self()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
