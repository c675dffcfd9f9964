"""Files that are damaged, lie or can't be written: clear errors, and the old file stays."""

import io
import os
import resource
import shutil
import signal
import struct
import subprocess
import sys
import time
from contextlib import contextmanager

import numpy as np
import pytest

from distarray.globalapi import Context, Distribution
from distarray.tests.oracle import assert_same, context_of

EXPECTED = np.arange(12.0).reshape(3, 4)
#: How arrays are named, and the file that is damaged.
FORMATS = {"npy": ("a.npy", "a.npy"), "dnpy": ("a.dnpy", "a_1.dnpy"), "hdf5": ("a.h5", "a.h5")}
formats = pytest.mark.parametrize("format", FORMATS)
REFUSALS = (ValueError, OSError, KeyError, TypeError)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def saved(context, folder, format):
    """Save an array; return its name, and the file that may be damaged."""
    if format == "hdf5":
        pytest.importorskip("h5py")
    array, file = (folder / name for name in FORMATS[format])
    context.save(array, context.fromarray(EXPECTED))
    return array, file


# ---- Reading -----------------------------------------------------------------------------------


@pytest.mark.one_program
@formats
def test_every_truncation_is_noticed(tmp_path, format):
    context = context_of(2)
    array, file = saved(context, tmp_path, format)
    good = file.read_bytes()
    layout = Distribution(context, (3, 4), dist="nc")
    for length in range(0, len(good), 7 if format == "hdf5" else 1):
        file.write_bytes(good[:length])
        for distribution in (None, layout):
            with pytest.raises((ValueError, OSError)):
                context.load(array, distribution)


@pytest.mark.one_program
@formats
def test_no_flipped_bit_does_harm(tmp_path, format):
    context = context_of(2)
    array, file = saved(context, tmp_path, format)
    good = file.read_bytes()
    header = len(good) - EXPECTED.nbytes // (2 if format == "dnpy" else 1)
    for place in range(0, header, 4 if format == "hdf5" else 1):
        damaged = bytearray(good)
        damaged[place] ^= 1 << place % 8
        file.write_bytes(damaged)
        try:
            loaded = context.load(array)
        except REFUSALS:
            continue
        if format == "npy":
            theirs = np.load(file)
            assert_same(loaded, theirs)


def npy(descr, shape, data=bytes(96), fortran_order=False):
    """Return the bytes of a file with a header that need not be true."""
    text = f"{{'descr': {descr}, 'fortran_order': {fortran_order}, 'shape': {shape}, }}".encode()
    text += b" " * (63 - (10 + len(text)) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + data


def dnpy(axes, elements):
    text = f"{{'__version__': '0.10.0', 'dim_data': {axes}}}".encode()
    return b"\x93DARRY\x01\x00" + struct.pack("<H", len(text)) + text + elements


LIES = (
    npy("'<f8'", (1 << 60,)),
    npy("'<f8'", (1 << 60, 1 << 60)),
    npy("'<f8'", (1 << 63, 1 << 63)),
    npy("'<f8'", (1 << 40,)),
    npy("'|V1152921504606846976'", (1,)),
    npy("'|V2147483647'", (1,)),
    npy("[('a', '|V4611686018427387904'), ('b', '|V4611686018427387904')]", (0,)),
    npy("'<f8'", (13,)),
    npy("'<f8'", "(1,) * 9"),
    npy("'<f8'", (-1,)),
    npy("'<f8'", ("1",)),
    b"\x93NUMPY\x02\x00\xff\xff\xff\xff{",
    b"\x93NUMPY\x01\x00\xff\xff{",
    npy("'<f8'", (12,))[:-1],
)


@pytest.mark.one_program
@pytest.mark.parametrize("lie", LIES, ids=range(len(LIES)))
def test_headers_that_lie(tmp_path, lie):
    context = context_of(2)
    (tmp_path / "a.npy").write_bytes(lie)
    begun = time.perf_counter()
    with pytest.raises(ValueError):  # noqa: PT011
        context.load(tmp_path / "a.npy")
    # The same, as the elements of a piece.
    axis = {"dist_type": "b", "size": 24, "proc_grid_size": 1, "proc_grid_rank": 0}
    (tmp_path / "a_0.dnpy").write_bytes(dnpy(({**axis, "start": 0, "stop": 24},), lie))
    for distribution in (None, Distribution(context, (24,))):
        with pytest.raises(ValueError):  # noqa: PT011
            context.load(tmp_path / "a.dnpy", distribution)
    assert time.perf_counter() - begun < 60


BLOCK = {"dist_type": "b", "size": 8, "proc_grid_size": 2, "proc_grid_rank": 0}


@pytest.mark.one_program
@pytest.mark.parametrize(
    "axis",
    [
        {**BLOCK, "start": 0, "stop": 5},
        {**BLOCK, "start": 1, "stop": 5},
        {**BLOCK, "start": 0, "stop": 4, "proc_grid_size": 1 << 50},
        {**BLOCK, "start": 0, "stop": 4, "proc_grid_size": 3},
        {**BLOCK, "start": 0, "stop": 4, "proc_grid_size": 0},
        {**BLOCK, "start": 0, "stop": 4, "proc_grid_rank": 1},
        {**BLOCK, "start": 0, "stop": 4, "size": 1 << 60},
        {**BLOCK, "start": 0, "stop": 4, "size": -8},
        {**BLOCK, "start": "0", "stop": 4},
        {**BLOCK, "start": 0},
        {**BLOCK, "start": 0, "stop": 4, "dist_type": "x"},
        {**BLOCK, "dist_type": "u", "indices": [0, 1, 2]},
        {**BLOCK, "dist_type": "u", "indices": [0, 1, 2, 4]},
        {**BLOCK, "dist_type": "u", "indices": [0, 0, 0, 0]},
        {**BLOCK, "dist_type": "c", "start": 0, "block_size": 1 << 60},
        {**BLOCK, "dist_type": "c", "start": 1, "block_size": 1},
    ],
    ids=str,
)
def test_dictionaries_that_contradict_the_elements_or_each_other(tmp_path, axis):
    context = context_of(2)
    elements = io.BytesIO()
    np.save(elements, np.arange(4.0))
    second = {**BLOCK, "proc_grid_rank": 1, "start": 4, "stop": 8}
    (tmp_path / "a_0.dnpy").write_bytes(dnpy((axis,), elements.getvalue()))
    (tmp_path / "a_1.dnpy").write_bytes(dnpy((second,), elements.getvalue()))
    for distribution in (None, Distribution(context, (8,))):
        with pytest.raises((ValueError, KeyError, OSError, TypeError)):
            context.load(tmp_path / "a.dnpy", distribution)


@pytest.mark.one_program
def test_pieces_of_different_dtypes(tmp_path):
    context = context_of(2)
    for rank, dtype in enumerate(("f8", "i8")):
        elements = io.BytesIO()
        np.save(elements, np.arange(4, dtype=dtype))
        axis = {**BLOCK, "proc_grid_rank": rank, "start": 4 * rank, "stop": 4 * rank + 4}
        (tmp_path / f"a_{rank}.dnpy").write_bytes(dnpy((axis,), elements.getvalue()))
    for distribution in (None, Distribution(context, (8,))):
        with pytest.raises(ValueError, match="different dtypes"):
            context.load(tmp_path / "a.dnpy", distribution)


class Trap:
    """What does harm when it is unpickled."""

    sprung = False

    def __reduce__(self):
        return (setattr, (Trap, "sprung", True))


@pytest.mark.one_program
def test_pickled_objects_are_never_loaded(tmp_path):
    context = context_of(2)
    for number, objects in enumerate(
        (
            np.array([Trap()], object),
            np.array([(1, Trap())], [("a", "i4"), ("b", object)]),
        )
    ):
        np.save(tmp_path / "a.npy", objects, allow_pickle=True)
        elements = (tmp_path / "a.npy").read_bytes()
        axis = {"dist_type": "n", "size": 1, "proc_grid_size": 1, "proc_grid_rank": 0}
        (tmp_path / f"{number}_0.dnpy").write_bytes(dnpy((axis,), elements))
        with pytest.raises(ValueError, match=r"[Oo]bjects"):
            context.load(tmp_path / "a.npy")
        for distribution in (None, Distribution(context, (1,))):
            with pytest.raises(ValueError, match=r"[Oo]bjects"):
                context.load(tmp_path / f"{number}.dnpy", distribution)
    assert not Trap.sprung


@pytest.mark.one_program
def test_what_is_no_file(tmp_path):
    context = context_of(2)
    os.mkfifo(tmp_path / "pipe.npy")
    os.mkfifo(tmp_path / "pipe.h5")
    (tmp_path / "folder.npy").mkdir()
    (tmp_path / "folder.h5").mkdir()
    (tmp_path / "empty.h5").touch()
    for name in ("pipe.npy", "pipe.h5", "folder.npy", "folder.h5", "empty.h5"):
        if name.endswith("h5"):
            pytest.importorskip("h5py")
        with pytest.raises(OSError, match=name):
            context.load(tmp_path / name)
        if not name.startswith("empty"):
            with pytest.raises(OSError, match=name):
                context.save(tmp_path / name, context.arange(3))
    with pytest.raises(IsADirectoryError):
        context.save(tmp_path / "folder.npy", context.arange(3))


# ---- Writing -----------------------------------------------------------------------------------


@contextmanager
def limited(size):
    """Let files have no more than so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def save_arguments(format):
    return [{"mode": "a", "key": "other"}, {"mode": "w"}] if format == "hdf5" else [{}]


@pytest.mark.in_process
@formats
def test_a_save_that_fails_leaves_the_old_file(tmp_path, format):
    context = context_of(3)
    array, _ = saved(context, tmp_path, format)
    before = contents(tmp_path)
    large = context.ones((300, 40))
    for arguments in save_arguments(format):
        for layout in (None, Distribution(context, (300, 40), dist="nc")):
            value = large if layout is None else large.distribute_as(layout)
            with limited(20_000), pytest.raises(OSError, match=r"too large|[Uu]nable|truncat"):
                context.save(array, value, **arguments)
            assert contents(tmp_path) == before
    assert_same(context.load(array), EXPECTED)


@pytest.mark.in_process
@formats
def test_a_full_disk(tmp_path, format):
    context = context_of(3)
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if not mount or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("only root can mount a small disk")
    try:
        array, _ = saved(context, folder, format)
        before = contents(folder)
        for arguments in save_arguments(format):
            with pytest.raises(OSError, match="No space left"):
                context.save(array, context.ones((300, 400)), **arguments)
            assert contents(folder) == before
        assert_same(context.load(array), EXPECTED)
        context.save(folder / "b.npy", context.ones(20))
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@formats
def test_folders_that_cannot_be_written_to(tmp_path, format):
    if format == "hdf5":
        pytest.importorskip("h5py")
    context = context_of(2)
    with pytest.raises(FileNotFoundError):
        context.save(tmp_path / "none" / FORMATS[format][0], context.arange(3))
    with pytest.raises(OSError, match="/proc"):
        context.save(f"/proc/{FORMATS[format][0]}", context.arange(3))


@pytest.mark.one_program
@formats
def test_files_that_must_not_be_written_to(tmp_path, format):
    context = context_of(2)
    array, file = saved(context, tmp_path, format)
    file.chmod(0o444)
    before = contents(tmp_path)
    if os.access(file, os.W_OK):
        pytest.skip("root may write to any file")
    with pytest.raises(PermissionError):
        context.save(array, context.arange(3), **save_arguments(format)[0])
    assert contents(tmp_path) == before


@pytest.mark.one_program
@formats
def test_permissions_and_links_stay(tmp_path, format):
    context = context_of(2)
    array, file = saved(context, tmp_path, format)
    file.chmod(0o604)
    kept = file.rename(tmp_path / "kept")
    file.symlink_to("kept")
    context.save(array, context.fromarray(EXPECTED + 1), **save_arguments(format)[-1])
    assert file.is_symlink()
    assert kept.stat().st_mode & 0o777 == 0o604
    assert_same(context.load(array), EXPECTED + 1)


SAVER = """
import sys
import numpy as np
import distarray as da
context = da.Context(nengines=2)
arrays = [context.fromarray(np.full((256, 256), float(number))) for number in range(2)]
number = 1
print("ready", flush=True)
while True:
    context.save(sys.argv[1], arrays[number], **eval(sys.argv[2]))
    number = 1 - number
"""


@pytest.mark.processes
@pytest.mark.one_program
@formats
def test_a_process_that_is_killed_leaves_a_whole_file(tmp_path, format):
    if format == "hdf5":
        pytest.importorskip("h5py")
    array = tmp_path / FORMATS[format][0]
    arguments = {"mode": "w"} if format == "hdf5" else {}
    with Context(nengines=2, kind="threads") as context:
        context.save(array, context.fromarray(np.zeros((256, 256))))
        for attempt in range(6):
            command = [sys.executable, "-c", SAVER, str(array), repr(arguments)]
            environment = {**os.environ, "DISTARRAY_CONTEXT": "threads"}
            with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
                process.stdout.readline()
                time.sleep(0.003 * attempt)
                process.send_signal(signal.SIGKILL)
            found = context.load(array).toarray()
            assert found.shape == (256, 256)
            assert (found == found[0, 0]).all()
        # What was left behind is removed by the next to save.
        context.save(array, context.fromarray(np.ones((256, 256))), **arguments)
        assert not [name for name in contents(tmp_path) if name.startswith(".")]
