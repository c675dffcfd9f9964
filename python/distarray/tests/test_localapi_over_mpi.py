"""The local modules work over mpi4py's communicators too."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SETTINGS = {
    # What Open MPI wants to be told as root, and with fewer cores than ranks.
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "PRTE_ALLOW_RUN_AS_ROOT": "1",
    "PRTE_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
}


def test_every_process(tmp_path):
    pytest.importorskip("mpi4py", exc_type=ImportError)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    mpiexec = shutil.which("mpiexec", path=path)
    if mpiexec is None:
        pytest.skip("mpiexec was not found")
    done = subprocess.run(
        [mpiexec, "-n", "4", sys.executable, "-m", "distarray.tests.localapi_over_mpi", tmp_path],
        env=os.environ | SETTINGS | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(done.stdout.splitlines()) == [f"rank {rank} is done" for rank in range(4)]
