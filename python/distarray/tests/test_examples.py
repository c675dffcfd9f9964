"""The programs of the repository, where there is a checkout to find them in."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from distarray.tests.mpi import mpiexec
from distarray.tests.notebooks import execute

REPOSITORY = Path(__file__).parents[3]
LAND_MASK = REPOSITORY / "examples" / "land_mask.py"

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(
        not (REPOSITORY / "examples").exists(), reason="needs a checkout of the repository"
    ),
]


def run(*arguments):
    """Run Python in the repository, and return what it prints."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def mask(tmp_path):
    """A land mask of a planet with many small seas."""
    rng = np.random.default_rng(0)
    seas = rng.random((24, 48)) < 0.7
    filename = tmp_path / "mask.npy"
    np.save(filename, np.kron(seas, np.ones((20, 20), dtype=bool)))
    return filename


@pytest.mark.parametrize("engines", [1, 3])
def test_land_mask(mask, tmp_path, engines):
    output = run(
        str(LAND_MASK),
        f"--engines={engines}",
        f"--mask={mask}",
        f"--output={tmp_path / 'output'}",
    )
    assert "Every result equals NumPy's" in output
    for picture in "map", "distribution", "pieces":
        assert (tmp_path / "output" / f"{picture}.png").stat().st_size > 0


def test_land_mask_on_processes(mask, tmp_path):
    program = f"import runpy; runpy.run_path({str(LAND_MASK)!r}, run_name='__main__')"
    output = mpiexec(4, program, f"--mask={mask}", f"--output={tmp_path}").stdout
    assert "MPIContext: engines [0, 1, 2]" in output
    assert "Every result equals NumPy's" in output


def test_features_notebook():
    printed = execute("features.ipynb", {"DISTARRAY_NUM_ENGINES": "3"})
    assert "ThreadContext: engines [0, 1, 2]" in printed
    assert "engine 2" in printed
