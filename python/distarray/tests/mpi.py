"""Running programs of the tests on MPI processes."""

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

#: After so many seconds a program hangs: every process then prints where its threads are, and ends.
PATIENCE = 60


def environment(**more):
    """Return the environment for programs that start MPI."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return os.environ | SETTINGS | {"PATH": path} | more


def mpiexec(count, program, *args, patience=PATIENCE, check=True, **variables):
    """Run a module of the tests, or the text of a program, on MPI processes.

    Skips the test where there is no MPI.
    """
    pytest.importorskip("mpi4py", exc_type=ImportError)
    env = environment(DISTARRAY_TEST_PATIENCE=str(patience), **variables)
    launcher = shutil.which("mpiexec", path=env["PATH"])
    if launcher is None:
        pytest.skip("mpiexec was not found")
    named = program.startswith("distarray.")
    what = ["-m", "distarray.tests.patient", *(["-m", program] if named else ["-c", program])]
    done = subprocess.run(
        [launcher, "-n", str(count), sys.executable, *what, *map(str, args)],
        env=env,
        capture_output=True,
        text=True,
        timeout=patience + 30,
    )
    if check:
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done
