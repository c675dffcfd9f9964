"""Be an engine: an MPI process that works for a client until the client ends.

The client is rank 0 of the processes that were started together, as in ::

    mpiexec -n 1 python script.py : -n 4 python -m distarray.apps.engine

or the process that has started this one.
"""

from __future__ import annotations

from distarray.error import ContextCreationError
from distarray.globalapi import _mpi


def main() -> None:
    """Work for the client until it ends.

    Raises
    ------
    ContextCreationError
        If there is no client, or no MPI.
    """
    MPI = _mpi.mpi()
    parent = MPI.Comm.Get_parent()
    world = MPI.COMM_WORLD if parent == MPI.COMM_NULL else parent.Merge(high=True)
    if world.rank == 0:
        raise ContextCreationError(
            "rank 0 is the client: start engines beside it, as in "
            "mpiexec -n 1 python script.py : -n 4 python -m distarray.apps.engine"
        )
    _mpi.be_engine(world)


if __name__ == "__main__":
    main()
