"""The programs in ``examples/``, where there is a checkout to find them in."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[3] / "examples"

pytestmark = pytest.mark.skipif(
    not (EXAMPLES / "land_mask.py").exists(), reason="needs a checkout of the repository"
)


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
    command = [sys.executable, str(EXAMPLES / "land_mask.py"), f"--engines={engines}"]
    command += [f"--mask={mask}", f"--output={tmp_path / 'output'}"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Every result equals NumPy's" in done.stdout
    for picture in "map", "distribution", "pieces":
        assert (tmp_path / "output" / f"{picture}.png").stat().st_size > 0
