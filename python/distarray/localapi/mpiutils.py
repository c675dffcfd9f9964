"""Entry point for communication between engines.

`MPI` is mpi4py's module where engines are MPI processes. Where they are threads it is
`distarray.localapi.communicator`, which has the same names.
"""

import importlib.util
from collections.abc import Sequence
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from distarray import _launchers
from distarray._core import in_process_group
from distarray.error import InvalidCommSizeError, InvalidRankError
from distarray.localapi import communicator, engine
from distarray.localapi.messaging.datatypes import datatype_of
from distarray.localapi.messaging.intracomm import Intracomm


@cache
def launched_by_mpi() -> bool:
    """Return whether this process is one of several that were started by an MPI launcher."""
    return _launchers.is_launched() and importlib.util.find_spec("mpi4py") is not None


def _mpi() -> ModuleType:
    """Return the module that communicators of this thread belong to."""
    ours = engine.is_engine() and isinstance(engine.current().comm, Intracomm)
    if ours or not launched_by_mpi():
        return communicator
    from mpi4py import MPI

    module: ModuleType = MPI
    return module


def __getattr__(name: str) -> Any:
    if name == "MPI":
        return _mpi()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def get_base_comm() -> Any:
    """Return the communicator of all engines, as seen from this one.

    Examples
    --------
    >>> get_base_comm().Get_size()
    1
    """
    if not engine.is_engine() and launched_by_mpi():
        return _mpi().COMM_WORLD
    return engine.current().comm


def get_comm_private() -> Any:
    """Return the communicator that new communicators are made from."""
    return get_base_comm()


def get_comm_self() -> Any:
    """Return a communicator of this engine alone."""
    base = get_base_comm()
    if not isinstance(base, Intracomm):
        return _mpi().COMM_SELF
    return base if base.size == 1 else Intracomm(in_process_group(1)[0])


def create_comm_of_size(size: int = 4) -> Any:
    """Create a communicator of the first `size` engines.

    Every engine calls this; the others get COMM_NULL.

    Raises
    ------
    InvalidCommSizeError
        If there are not as many engines.
    """
    available = get_comm_private().Get_size()
    if not 1 <= size <= available:
        raise InvalidCommSizeError(
            f"a communicator of {size} engines was asked for, and there are {available}"
        )
    return create_comm_with_list(range(size))


def create_comm_with_list(nodes: Sequence[int], base_comm: Any = None) -> Any:
    """Create a communicator of the given ranks of another, in the given order.

    Every rank of `base_comm` calls this; those that are not in the list get COMM_NULL.

    Parameters
    ----------
    nodes : sequence of int
        Ranks of `base_comm`.
    base_comm : communicator, optional
        All engines by default.

    Raises
    ------
    InvalidCommSizeError
        If there are more ranks in the list than in `base_comm`.
    InvalidRankError
        If a rank is not in `base_comm`, or is listed twice.
    """
    base = get_comm_private() if base_comm is None else base_comm
    size, rank = base.Get_size(), base.Get_rank()
    ranks = [int(node) for node in nodes]
    if len(ranks) > size:
        raise InvalidCommSizeError(f"{len(ranks)} ranks were listed, and there are {size}")
    wrong = [node for node in ranks if not 0 <= node < size]
    if wrong:
        raise InvalidRankError(f"ranks {wrong} are not in a communicator of {size} ranks")
    if len(set(ranks)) != len(ranks):
        raise InvalidRankError(f"a rank is listed twice in {ranks}")
    if rank in ranks:
        return base.Split(0, ranks.index(rank))
    return base.Split(_undefined(base), 0)


def _undefined(comm: Any) -> int:
    if isinstance(comm, Intracomm):
        return communicator.UNDEFINED
    from mpi4py import MPI

    return int(MPI.UNDEFINED)


def mpi_type_for_ndarray(a: npt.NDArray[Any]) -> Any:
    """Return MPI's datatype for the elements of an array.

    Examples
    --------
    >>> mpi_type_for_ndarray(np.zeros(3))
    <Datatype MPI_DOUBLE>
    """
    dtype = np.asarray(a).dtype
    mpi = _mpi()
    return datatype_of(dtype) if mpi is communicator else mpi.Datatype.fromcode(dtype.char)
