"""Messages between MPI processes: the same suite as for engines that are threads, and more."""

import os
from pathlib import Path

import pytest

from distarray.tests.mpi import mpiexec

pytestmark = pytest.mark.processes

SUITE = """
import sys
from distarray import _core
from distarray.globalapi import _mpi
comm = _mpi.mpi().COMM_WORLD
end = _mpi.endpoint(comm, chunk_limit=int(sys.argv[1]))
assert (end.rank, end.size) == (comm.rank, comm.size)
_core.check_communicator(end.group(0, list(range(comm.size))))
backwards = list(range(comm.size))[::-1]
_core.check_communicator(end.group(1, backwards))
comm.Barrier()
assert end.close(10)
print("done")
"""

LARGE = """
import sys
import numpy as np
from distarray.globalapi import _mpi
comm = _mpi.mpi().COMM_WORLD
end = _mpi.endpoint(comm)
group = end.group(0, [0, 1])
length = int(sys.argv[1])
if end.rank == 0:
    data = np.arange(length // 8).tobytes()
    group.send(1, 5, data)
    group.recv(1)
else:
    _, _, data = group.recv(0, 5)
    values = np.frombuffer(data, np.int64)
    assert len(values) == length // 8
    assert (values[:: 1 << 16] == np.arange(0, len(values), 1 << 16)).all()
    group.send(0, 0, b"")
comm.Barrier()
assert end.close(10)
print("done")
"""


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7])
def test_communicators_over_mpi_conform(size):
    assert mpiexec(size, SUITE, 0).stdout.split() == ["done"] * size


def test_long_messages_in_short_pieces():
    assert mpiexec(3, SUITE, 1000).stdout.split() == ["done"] * 3


def test_long_messages():
    assert mpiexec(2, LARGE, 1 << 28).stdout.split() == ["done"] * 2


# More than 2 GiB, in one message and as a piece that goes from one engine to another.
HUGE = """
import numpy as np
import distarray as da
from distarray.globalapi import _mpi
length = 2_400_000_000
comm = _mpi.mpi().COMM_WORLD
end = _mpi.endpoint(comm)
group = end.group(0, [0, 1])
if end.rank == 0:
    data = bytes(length - 3) + b"end"
    group.send(1, 5, data)
    del data
    group.recv(1)
else:
    _, _, data = group.recv(0, 5)
    assert len(data) == length and data[-3:] == b"end"
    del data
    group.send(0, 0, b"")
comm.Barrier()
assert end.close(10)
context = da.Context(kind="spmd")
first = da.Distribution(context, (length,), dist="b", targets=[0])
second = da.Distribution(context, (length,), dist="b", targets=[1])
a = context.zeros(first, dtype=np.uint8)
a[-3:] = [1, 2, 3]
b = a.distribute_as(second)
assert b[-3:].toarray().tolist() == [1, 2, 3] and b.sum() == 6
print("done")
"""


def has_memory(size):
    """Return whether so much memory is free, where the system tells."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return False
    free = {line.split(":")[0]: line.split()[1] for line in lines}
    return int(free.get("MemAvailable", 0)) * 1024 >= size


@pytest.mark.skipif(os.environ.get("DISTARRAY_TEST_ALL") != "1", reason="DISTARRAY_TEST_ALL=1")
@pytest.mark.skipif(not has_memory(12 << 30), reason="takes 12 GB of memory")
def test_messages_of_more_than_two_gigabytes():
    assert mpiexec(2, HUGE, patience=280).stdout.split() == ["done"] * 2
