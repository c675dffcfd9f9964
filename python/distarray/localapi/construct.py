"""Making communicators fit for local arrays."""

from collections.abc import Sequence
from typing import Any

from distarray.localapi.error import InvalidBaseCommError, NullCommError
from distarray.localapi.messaging.intracomm import Intracomm
from distarray.localapi.mpiutils import get_comm_private


def _is_communicator(comm: Any) -> bool:
    if isinstance(comm, Intracomm):
        return True
    # A communicator of mpi4py, without importing it: that would start MPI.
    return any(
        base.__name__ == "Comm" and base.__module__ == "mpi4py.MPI" for base in type(comm).__mro__
    )


def init_base_comm(comm: Any = None) -> Any:
    """Check a communicator, or find one.

    Parameters
    ----------
    comm : communicator, optional
        By default, that of all engines.

    Raises
    ------
    NullCommError
        If it is COMM_NULL.
    InvalidBaseCommError
        If it is no communicator.

    Examples
    --------
    >>> init_base_comm(None).Get_size()
    1
    """
    if comm is None:
        return get_comm_private()
    if not _is_communicator(comm):
        raise InvalidBaseCommError(f"expected a communicator, got {comm!r}")
    if not comm:
        raise NullCommError("the null communicator has no engines")
    return comm


def init_comm(base_comm: Any, grid_shape: Sequence[int]) -> Any:
    """Arrange the ranks of a communicator in a grid, in C order and without periods.

    Examples
    --------
    >>> init_comm(init_base_comm(None), (1, 1)).Get_topo()
    ([1, 1], [False, False], [0, 0])
    """
    shape = [int(length) for length in grid_shape]
    return base_comm.Create_cart(dims=shape, periods=[False] * len(shape), reorder=False)
