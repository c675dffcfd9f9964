"""Data in files that are four times as large as the memory that a program may have."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from distarray.tests.programs import running

pytestmark = [
    pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="this system doesn't tell"),
    pytest.mark.processes,
]

LIMIT = 192_000_000
SHAPE = (8192, 12_000)
assert 8 * SHAPE[0] * SHAPE[1] >= 4 * LIMIT

#: A context within the limit, the file `x.npy`, and the most that was in memory: the process's own
#: memory, and the pages of files that it has mapped.
BEGINNING = """
import os
import distarray as da
from distarray.globalapi.maps import Distribution

folder = {folder!r}
context = Context(nengines={engines}, kind="threads", memory_limit={limit}, deferred=True)
x = context.open(os.path.join(folder, "x.npy"))

def say_peak():
    lines = open("/proc/self/status").read().splitlines()
    say("peak", next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a large file."""
    folder = tmp_path_factory.mktemp("large")
    rng = np.random.default_rng(4)
    x = np.lib.format.open_memmap(folder / "x.npy", "w+", "f8", SHAPE)
    for row in range(0, SHAPE[0], 1024):
        x[row : row + 1024] = rng.random((1024, SHAPE[1]))
    del x
    yield folder
    for path in folder.glob("*.npy"):
        path.unlink()
    for path in folder.glob("*.zarr"):
        shutil.rmtree(path)


def run(folder, engines, text, extra=0):
    """Run a program; return what it says but for its peaks, which are checked."""
    text = BEGINNING.format(folder=str(folder), engines=engines, limit=LIMIT) + text
    with running(text) as program:
        said, _ = program.finish()
    words = said.split()
    peaks = [int(words[place + 1]) for place, word in enumerate(words) if word == "peak"]
    assert peaks, said
    assert max(peaks) <= LIMIT + extra, said
    return [
        word
        for place, word in enumerate(words)
        if word != "peak" and (place == 0 or words[place - 1] != "peak")
    ]


def expected(folder):
    """Return what NumPy says of the file: its means and deviations."""
    x = np.load(folder / "x.npy", mmap_mode="r")
    mean = x.mean(axis=0)
    squares = np.zeros(SHAPE[1])
    for row in range(0, SHAPE[0], 1024):
        squares += ((x[row : row + 1024] - mean) ** 2).sum(axis=0)
    return x, mean, np.sqrt(squares / SHAPE[0])


def test_reductions(folder):
    text = """
say(float(x.sum()).hex(), float(x.max()).hex(), float((x * x).sum()).hex())
np.save(os.path.join(folder, "rows.npy"), x.mean(axis=1).toarray())
say_peak()
"""
    total, most, squares = map(float.fromhex, run(folder, 2, text))
    x = np.load(folder / "x.npy", mmap_mode="r")
    assert np.isclose(total, x.sum(), rtol=1e-13)
    assert most == x.max()
    assert np.isclose(squares, np.vdot(x, x), rtol=1e-12)
    np.testing.assert_allclose(np.load(folder / "rows.npy"), x.mean(axis=1), rtol=1e-13)


def test_a_standardisation(folder):
    text = """
z = (x - x.mean(axis=0)) / x.std(axis=0)
z.explain()
say_peak()
context.store(z, os.path.join(folder, "z.npy"))
say_peak()
"""
    run(folder, 2, text)
    x, mean, deviation = expected(folder)
    z = np.load(folder / "z.npy", mmap_mode="r")
    for row in range(0, SHAPE[0], 1024):
        rows = slice(row, row + 1024)
        np.testing.assert_allclose(z[rows], (x[rows] - mean) / deviation, rtol=0, atol=1e-11)


def test_a_standardisation_to_zarr(folder):
    zarr = pytest.importorskip("zarr")
    text = """
z = (x - x.mean(axis=0)) / x.std(axis=0)
context.store(z, os.path.join(folder, "z.zarr"), compressors=None)
say_peak()
del z
y = context.open(os.path.join(folder, "z.zarr"))
say(y.distribution.dist, float(abs(y.mean())) < 1e-9)
say_peak()
"""
    # Of what zarr's threads touch the watcher hears when it is its turn, on a busy machine late.
    assert run(folder, 2, text, extra=32_000_000)[-1] == "True"
    x, mean, deviation = expected(folder)
    z = zarr.open_array(folder / "z.zarr", mode="r")
    for row in range(0, SHAPE[0], 2048):
        rows = slice(row, row + 1024)
        np.testing.assert_allclose(z[rows], (x[rows] - mean) / deviation, rtol=0, atol=1e-11)


def test_a_zarr_store_is_gone_through_in_parts(folder):
    zarr = pytest.importorskip("zarr")
    x, mean, deviation = expected(folder)
    store, chunks = str(folder / "x.zarr"), (256, 1500)
    made = zarr.create_array(store, shape=SHAPE, dtype="f8", chunks=chunks, compressors=None)
    for row in range(0, SHAPE[0], 1024):
        made[row : row + 1024] = x[row : row + 1024]
    text = """
from distarray import _core
from distarray.globalapi._zarr_arrays import Elements

bring, scratch, most = Elements.__call__, 0, 0

def watched(self, request):
    global scratch, most
    bring(self, request)
    memory, files = _core.memory_in_use()
    scratch, most = max(scratch, files), max(most, memory)

Elements.__call__ = watched
y = context.open(os.path.join(folder, "x.zarr"))
same = [y.sum() == x.sum(), y.max() == x.max(), (y * y).sum() == (x * x).sum()]
same += [bool((getattr(y, name)(axis=axis) == getattr(x, name)(axis=axis)).all())
         for name in ("mean", "std") for axis in (0, 1)]
say("same", all(bool(each) for each in same))
say_peak()
z = (y - y.mean(axis=0)) / y.std(axis=0)
context.store(z, os.path.join(folder, "y.zarr"), chunks=(256, 1500), compressors=None)
say("scratch", scratch, "most", most)
say_peak()
"""
    # Of what zarr's threads touch the watcher hears when it is its turn, on a busy machine late.
    said = run(folder, 2, text, extra=32_000_000)
    assert said[:4] == ["same", "True", "scratch", "0"]
    assert int(said[5]) <= LIMIT // 4
    z = zarr.open_array(folder / "y.zarr", mode="r")
    for row in range(0, SHAPE[0], 2048):
        rows = slice(row, row + 1024)
        np.testing.assert_allclose(z[rows], (x[rows] - mean) / deviation, rtol=0, atol=1e-11)


def test_an_axis_is_distributed_in_place_of_another(folder):
    text = """
y = x.distribute_as(Distribution(context, x.shape, dist="nb"))
say_peak()
file = np.load(os.path.join(folder, "x.npy"), mmap_mode="r")
for row in range(0, 8192, 1500):
    assert np.array_equal(y[row : row + 50].toarray(), file[row : row + 50])
z = y.T.copy()
for row in range(0, 12_000, 3000):
    assert np.array_equal(z[row : row + 50].toarray(), file[:, row : row + 50].T)
"""
    run(folder, 2, text)
