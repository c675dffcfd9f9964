"""What every MPI process runs in test_localapi_over_mpi: the local modules over mpi4py."""

import sys

import numpy as np

from distarray.localapi import construct, mpiutils, random
from distarray.localapi import localarray as la
from distarray.localapi.error import NullCommError
from distarray.localapi.localarray import LocalArray
from distarray.localapi.maps import Distribution
from distarray.tests.local_distributions import part


def check_communicators(comm, MPI):
    assert isinstance(comm, MPI.Intracomm)
    assert mpiutils.MPI is MPI
    assert mpiutils.get_comm_self().size == 1
    assert (mpiutils.create_comm_of_size(2) == MPI.COMM_NULL) == (comm.rank >= 2)
    assert mpiutils.mpi_type_for_ndarray(np.zeros(3)) == MPI.DOUBLE
    assert construct.init_base_comm(None) is comm
    try:
        construct.init_base_comm(MPI.COMM_NULL)
    except NullCommError:
        pass
    else:
        raise AssertionError("COMM_NULL was accepted")


def check_reductions(comm, MPI, a, whole):
    dist = a.distribution
    lowest = dist.cart_coords[0] == 0
    out_comm = comm.Split(0 if lowest else MPI.UNDEFINED, comm.rank)
    places = dist.grid_shape[1]
    ddpr = [
        ({"dist_type": "c", "size": 6, "proc_grid_size": places, "proc_grid_rank": j, "start": j},)
        for j in range(places)
    ]
    for reducer, expected in [
        (la.sum_reducer, whole.sum(axis=0)),
        (la.max_reducer, whole.max(axis=0)),
        (la.std_reducer, whole.std(axis=0)),
    ]:
        result = la.local_reduction(out_comm, reducer, a, ddpr, None, (0,))
        assert (result is not None) == lowest
        for index, value in la.ndenumerate(result) if lowest else ():
            np.testing.assert_allclose(value, expected[index])


def check_files(comm, a, folder):
    la.save_dnpy(f"{folder}/part_{comm.rank}.dnpy", a)
    b = la.load_dnpy(comm, f"{folder}/part_{comm.rank}.dnpy")
    np.testing.assert_array_equal(a.ndarray, b.ndarray)


def check_random(comm):
    np.random.seed(3)
    random.label_state(comm)
    assert len(set(comm.allgather(random.rand()))) == comm.size


def main(folder):
    # Not before: importing it starts MPI, which collecting tests must not.
    from mpi4py import MPI

    comm = mpiutils.get_base_comm()
    check_communicators(comm, MPI)
    whole = np.arange(60.0).reshape(10, 6)
    dist = Distribution.from_shape(comm, whole.shape, "bc")
    a = LocalArray(dist, buf=part(whole, dist))
    assert isinstance(a.comm, MPI.Cartcomm)
    check_reductions(comm, MPI, a, whole)
    check_files(comm, a, folder)
    check_random(comm)
    a.sync()
    sys.stdout.write(f"rank {comm.rank} is done\n")


if __name__ == "__main__":
    main(sys.argv[1])
