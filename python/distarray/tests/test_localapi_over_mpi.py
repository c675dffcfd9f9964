"""The local modules work over mpi4py's communicators too."""

import pytest

from distarray.tests.mpi import mpiexec

pytestmark = pytest.mark.processes


def test_every_process(tmp_path):
    done = mpiexec(4, "distarray.tests.localapi_over_mpi", tmp_path)
    assert sorted(done.stdout.splitlines()) == [f"rank {rank} is done" for rank in range(4)]
