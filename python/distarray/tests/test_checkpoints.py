"""Checkpoints bring arrays back as they were, however the program that wrote them ended."""

import errno
import json
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import distarray as da
from distarray.error import CheckpointError
from distarray.globalapi import _checkpoints
from distarray.globalapi.maps import BlockMap, Distribution

# Most of these tests damage files.
pytestmark = pytest.mark.one_program

ENGINES = [1, 2, 3, 4, 7]


def layouts(context, shape):
    """Distributions of all kinds of a shape of two axes over the context."""
    n = context.nengines
    rows, _ = shape
    even = [start for start, _ in BlockMap(rows, n).bounds] + [rows]
    cuts = np.linspace(0, rows, n + 1).astype(int) ** 2 // rows
    order = np.random.RandomState(3).permutation(rows)
    return [
        Distribution(context, shape, dist="bn"),
        Distribution(context, shape, dist="nb"),
        Distribution(context, shape, dist="cn"),
        Distribution(context, shape, dist="nn"),
        Distribution.from_global_dim_data(
            context,
            [
                {"dist_type": "b", "bounds": cuts.tolist()},
                {"dist_type": "n", "size": shape[1]},
            ],
        ),
        Distribution.from_global_dim_data(
            context,
            [
                {"dist_type": "u", "indices": np.array_split(order, n)},
                {"dist_type": "n", "size": shape[1]},
            ],
        ),
        Distribution.from_global_dim_data(
            context,
            [
                {"dist_type": "c", "size": shape[0], "proc_grid_size": n, "block_size": 3},
                {"dist_type": "n", "size": shape[1]},
            ],
        ),
        Distribution.from_global_dim_data(
            context,
            [
                {
                    "dist_type": "b",
                    "bounds": even,
                    "comm_padding": 1,
                    "boundary_padding": 1,
                },
                {"dist_type": "n", "size": shape[1]},
            ],
        ),
    ]


def described(array):
    return repr(array.distribution.get_dim_data_per_rank())


@pytest.mark.parametrize("readers", ENGINES)
@pytest.mark.parametrize("writers", ENGINES)
def test_any_number_of_engines(tmp_path, writers, readers):
    old, new = da.Context(nengines=writers), da.Context(nengines=readers)
    whole = np.arange(20.0 * 3).reshape(20, 3)
    saved = {
        f"a{number}": old.fromarray(whole + number, layout)
        for number, layout in enumerate(layouts(old, whole.shape))
    }
    old.checkpoint(tmp_path, **saved)
    arrays = new.restore(tmp_path)
    assert list(arrays) == list(saved)
    for number, (name, array) in enumerate(arrays.items()):
        assert array.context is new
        assert_array_equal(array.toarray(), whole + number)
        if readers == writers:
            # (Not the maps themselves: one piece has no neighbours to say how wide the padding is.)
            assert described(array) == described(saved[name])
        else:
            was = saved[name].distribution.dist
            assert array.distribution.dist == tuple("b" if d == "u" else d for d in was)


def test_block_sizes_stay(tmp_path):
    old, new = da.Context(nengines=2), da.Context(nengines=3)
    layout = layouts(old, (20, 3))[6]
    old.checkpoint(tmp_path, a=old.ones(layout))
    assert new.restore(tmp_path)["a"].distribution.maps[0].block_size == 3


@pytest.mark.parametrize(
    "dtype",
    ["?", "i1", ">i4", "u8", "f2", "f8", ">c16", "M8[us]", "U3", [("a", "<i2"), ("b", "f8")]],
)
@pytest.mark.parametrize("shape", [(), (0,), (1,), (5,), (3, 0), (4, 3, 2)])
def test_dtypes_and_shapes(tmp_path, dtype, shape):
    context = da.Context(nengines=3)
    values = np.zeros(shape, dtype)
    context.checkpoint(tmp_path, a=context.fromarray(values))
    back = context.restore(tmp_path)["a"].toarray()
    assert back.dtype == values.dtype
    assert_array_equal(back, values)


def test_pending_expressions_and_views_are_saved(tmp_path):
    context = da.Context(nengines=2)
    x = context.arange(100_000, dtype=float)
    context.checkpoint(tmp_path, pending=x * 2 + 1, view=x[10:20:3])
    arrays = context.restore(tmp_path)
    assert_array_equal(arrays["pending"].toarray(), np.arange(100_000) * 2.0 + 1)
    assert_array_equal(arrays["view"].toarray(), np.arange(10.0, 20, 3))


def test_the_new_one_replaces_the_old_one(tmp_path):
    context = da.Context(nengines=2)
    (tmp_path / "notes.txt").write_text("mine")
    for step in range(3):
        context.checkpoint(tmp_path, a=context.full((4,), step))
    assert_array_equal(context.restore(tmp_path)["a"].toarray(), [2] * 4)
    assert len(list(tmp_path.glob("generation-*"))) == 1
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_directories_are_made(tmp_path):
    context = da.Context(nengines=2)
    context.checkpoint(tmp_path / "deep" / "er", a=context.ones((3,)))
    assert list(context.restore(str(tmp_path / "deep" / "er"))) == ["a"]


def test_sections(tmp_path, monkeypatch):
    monkeypatch.setattr(_checkpoints, "_SECTION", 1000)
    monkeypatch.setattr(_checkpoints, "_CHUNK", 300)
    context = da.Context(nengines=3)
    whole = np.random.RandomState(0).rand(1234)
    context.checkpoint(tmp_path, a=context.fromarray(whole))
    assert_array_equal(context.restore(tmp_path)["a"].toarray(), whole)
    (path,) = tmp_path.glob("generation-*/a.npy")
    damage(path, 4321)
    with pytest.raises(CheckpointError, match=r"a\.npy is damaged: bytes from 4000 on"):
        context.restore(tmp_path)


# ---- What is refused ---------------------------------------------------------------------------


def test_arguments(tmp_path):
    context, other = da.Context(nengines=2), da.Context(nengines=2)
    with pytest.raises(ValueError, match="needs arrays"):
        context.checkpoint(tmp_path)
    with pytest.raises(TypeError, match="a: expected a DistArray, not ndarray"):
        context.checkpoint(tmp_path, a=np.ones(3))
    with pytest.raises(ValueError, match="another context"):
        context.checkpoint(tmp_path, a=other.ones((3,)))
    with pytest.raises(ValueError, match=r"'\.\./a' is no name"):
        context.checkpoint(tmp_path, **{"../a": context.ones((3,))})
    assert not list(tmp_path.iterdir())


def test_no_checkpoint(tmp_path):
    context = da.Context(nengines=2)
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(FileNotFoundError, match="no checkpoint"):
            context.restore(folder)
    assert not list(tmp_path.iterdir())


def damage(path, position):
    with path.open("r+b") as file:
        file.seek(position)
        byte = file.read(1)
        file.seek(position)
        file.write(bytes([byte[0] ^ 4]))


def test_any_flipped_bit_is_found(tmp_path):
    context = da.Context(nengines=2)
    layout = layouts(context, (20, 3))[5]
    context.checkpoint(tmp_path, a=context.ones(layout), b=context.ones((3,)))
    generator = random.Random(1)
    files = [*tmp_path.glob("generation-*/*"), tmp_path / "checkpoint.json"]
    assert len(files) == 4
    for path in files:
        original = path.read_bytes()
        for position in generator.sample(range(len(original)), 20):
            damage(path, position)
            with pytest.raises(CheckpointError):
                context.restore(tmp_path)
            path.write_bytes(original)
    assert len(context.restore(tmp_path)) == 2


@pytest.mark.parametrize("name", ["a.npy", "a.axis-0.npy"])
def test_missing_and_short_files(tmp_path, name):
    context = da.Context(nengines=2)
    context.checkpoint(tmp_path, a=context.ones(layouts(context, (20, 3))[5]))
    (path,) = tmp_path.glob(f"generation-*/{name}")
    contents = path.read_bytes()
    path.write_bytes(contents[:-1])
    with pytest.raises(CheckpointError, match="is damaged: it has"):
        context.restore(tmp_path)
    path.unlink()
    with pytest.raises(CheckpointError, match="lacks the file"):
        context.restore(tmp_path)


def test_another_version(tmp_path):
    context = da.Context(nengines=2)
    context.checkpoint(tmp_path, a=context.ones((3,)))
    path = tmp_path / "checkpoint.json"
    sealed = json.loads(path.read_text())
    sealed["checkpoint"]["version"] = 2
    path.write_text(json.dumps(sealed))
    with pytest.raises(CheckpointError, match="version 2; this version of DistArray reads"):
        context.restore(tmp_path)


def test_use_by_another_program(tmp_path):
    context = da.Context(nengines=2)
    context.checkpoint(tmp_path, a=context.ones((3,)))
    with (
        _checkpoints._locked(context, tmp_path, 2),
        pytest.raises(CheckpointError, match="another program"),
    ):
        context.restore(tmp_path)
    with _checkpoints._locked(context, tmp_path, 1):
        context.restore(tmp_path)
        with pytest.raises(CheckpointError, match="another program"):
            context.checkpoint(tmp_path, a=context.ones((3,)))


def test_a_failure_leaves_the_old_one(tmp_path, monkeypatch):
    context = da.Context(nengines=2)
    context.checkpoint(tmp_path, a=context.ones((3,)))

    def full(*arguments, **keywords):
        raise OSError(errno.ENOSPC, "No space left on device")

    for step in ("_checksums", "sync_path"):
        with monkeypatch.context() as patch:
            patch.setattr(_checkpoints, step, full)
            with pytest.raises(OSError, match="No space left"):
                context.checkpoint(tmp_path, a=context.zeros((3,)))
        assert_array_equal(context.restore(tmp_path)["a"].toarray(), np.ones(3))
        assert len(list(tmp_path.glob("generation-*"))) == 1


WRITER = """
import sys
import distarray as da
context = da.Context(nengines=2)
a = context.zeros((200_000,))
step = 0
while True:
    step += 1
    a += 1
    context.checkpoint(sys.argv[1], a=a, twice=a * 2)
    print(step, flush=True)
"""


@pytest.mark.in_process
def test_killed_at_any_moment(tmp_path):
    context = da.Context(nengines=3)
    generator = random.Random(2)
    for _ in range(8):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, tmp_path], stdout=subprocess.PIPE, text=True
        )
        finished = int(writer.stdout.readline())
        time.sleep(generator.uniform(0, 0.05))
        os.kill(writer.pid, signal.SIGKILL)
        finished = max([finished, *map(int, writer.stdout.read().split("\n")[:-1])])
        writer.wait()
        writer.stdout.close()
        arrays = context.restore(tmp_path)
        a = arrays["a"].toarray()
        # The one that it said it had written, or the one after.
        assert a[0] in (finished, finished + 1)
        assert_array_equal(a, np.full(200_000, a[0]))
        assert_array_equal(arrays["twice"].toarray(), 2 * a)
