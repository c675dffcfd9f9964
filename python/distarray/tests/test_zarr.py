"""Arrays in Zarr stores: read back by zarr-python, and written by it."""

import json
import os
import shutil
import signal
import subprocess
import sys
from itertools import product

import numpy as np
import pytest

import distarray as da
from distarray import _core
from distarray.error import ContextError
from distarray.globalapi import Context, Distribution
from distarray.globalapi._chunks import is_aligned
from distarray.tests.oracle import (
    ENGINE_COUNTS,
    NATIVE,
    assert_bits,
    assert_same,
    context_of,
    layout_of,
    layouts_of,
    sample,
)

zarr = pytest.importorskip("zarr")

SHAPES = [(), (7,), (4, 5), (2, 3, 4)]

# What the user is told of dtypes whose place in the format isn't settled is told by zarr.
pytestmark = pytest.mark.filterwarnings("ignore:.*specification")


def read(store, key=None):
    """Return an array of a store, as zarr-python reads it."""
    return np.asarray(zarr.open_array(store, path=key, mode="r")[...])


def files_in(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("engines", ENGINE_COUNTS)
def test_round_trips(tmp_path, engines, shape):
    context = context_of(engines)
    for number, layout in enumerate([Distribution(context, shape), *layouts_of(context, shape)]):
        expected = sample(shape, NATIVE[(5 * engines + number) % len(NATIVE)], seed=number)
        array = context.fromarray(expected, layout)
        path = tmp_path / f"{number}.zarr"
        context.save_zarr(path, array)
        assert_bits(context._once(lambda: read(path)), expected)  # noqa: B023
        assert_same(context.load_zarr(path, layout), expected)
        assert_same(context.load_zarr(path), expected)


@pytest.mark.parametrize("dtype", NATIVE)
def test_dtypes(tmp_path, dtype):
    context = context_of(3)
    expected = sample((9, 5), dtype)
    for kinds in ("bn", "cu"):
        context.save_zarr(
            tmp_path / "a", context.fromarray(expected, layout_of(context, (9, 5), kinds))
        )
        assert_bits(context._once(lambda: read(tmp_path / "a")), expected)
        assert_same(context.load_zarr(tmp_path / "a"), expected)


@pytest.mark.one_program
@pytest.mark.parametrize(
    "dtype", ["M8[s]", "m8[ms]", [("a", "i4"), ("b", "f8")], "S5", "U3", ">f8"]
)
def test_dtypes_that_only_move(tmp_path, dtype):
    context = context_of(2)
    expected = np.arange(6).astype("f8").astype(dtype) if isinstance(dtype, list) else None
    if expected is None:
        expected = np.arange(6).astype(dtype)
    context.save_zarr(tmp_path / "a", context.fromarray(expected))
    there = read(tmp_path / "a")
    loaded = context.load_zarr(tmp_path / "a")
    assert loaded.dtype == there.dtype
    np.testing.assert_array_equal(loaded.toarray(), expected)
    np.testing.assert_array_equal(there, expected)


@pytest.mark.one_program
@pytest.mark.parametrize("format", [2, 3])
@pytest.mark.parametrize("engines", ENGINE_COUNTS)
def test_what_others_wrote(tmp_path, engines, format):
    context = context_of(engines)
    expected = sample((11, 7), "f4")
    transpose = zarr.codecs.TransposeCodec(order=(1, 0))
    makers = [{"chunks": (3, 2)}, {"chunks": (11, 7), "compressors": None}]
    makers += [{"order": "F"} if format == 2 else {"filters": [transpose]}]
    makers += [{"chunks": (4, 4), "fill_value": 7.5}]
    makers += [{"chunks": (2, 7), "shards": (6, 7)}] if format == 3 else [{"dtype": ">f4"}]
    for number, maker in enumerate(makers):
        settings = {"dtype": "f4", "chunks": (4, 3), **maker, "zarr_format": format}
        path = tmp_path / str(number)
        array = zarr.create_array(path, shape=(11, 7), **settings)
        array[:8] = expected[:8]  # the other chunks are missing
        there = np.asarray(array[...])
        assert np.all(there[8:] == settings.get("fill_value", 0))
        for layout in [None, *layouts_of(context, (11, 7))]:
            loaded = context.load_zarr(path, layout)
            assert loaded.dtype == there.dtype
            np.testing.assert_array_equal(loaded.toarray(), there)


@pytest.mark.one_program
def test_big_endian_version_3(tmp_path):
    context = context_of(2)
    codec = zarr.codecs.BytesCodec(endian="big")
    expected = sample((9,), "f8")
    array = zarr.create_array(tmp_path / "a", shape=(9,), chunks=(4,), dtype="f8", serializer=codec)
    array[...] = expected
    assert_same(context.load_zarr(tmp_path / "a"), expected)


@pytest.mark.one_program
@pytest.mark.parametrize("format", [2, 3])
def test_the_usual_codec_is_what_makes_floats_small(tmp_path, format):
    context = context_of(2)
    expected = np.round(np.sin(np.arange(100_000) / 1000), 6)
    context.save_zarr(tmp_path / "a", context.fromarray(expected), zarr_format=format)
    assert "blosc" in str(zarr.open_array(tmp_path / "a", mode="r").compressors).lower()
    assert_bits(read(tmp_path / "a"), expected)
    zarr.create_array(tmp_path / "b", data=expected, zarr_format=format)
    sizes = {name: sum(map(len, files_in(tmp_path / name).values())) for name in "ab"}
    assert sizes["a"] < sizes["b"]


@pytest.mark.one_program
@pytest.mark.parametrize("engines", ENGINE_COUNTS)
def test_settings(tmp_path, engines):
    context = context_of(engines)
    expected = sample((12, 10), "f8")
    settings = [
        {"chunks": 5},
        {"chunks": (12, 3)},
        {"chunks": (2, 5), "shards": (4, 10)},
        {"chunks": (1, 5), "shards": True},
        {"shards": True},
        {"shards": (6, 10)},
        {"compressors": None},
        {"compressors": zarr.codecs.GzipCodec()},
        {"fill_value": 3.0, "attributes": {"units": "m"}, "dimension_names": ("x", "y")},
        {"zarr_format": 2, "chunks": (3, 10)},
    ]
    for number, each in enumerate(settings):
        for kinds in ("bn", "Bc", "bb"):
            array = context.fromarray(expected, layout_of(context, (12, 10), kinds))
            path = tmp_path / f"{number}{kinds}"
            context.save_zarr(path, array, **each)
            assert_bits(read(path), expected)
            there = zarr.open_array(path, mode="r")
            if isinstance(each.get("chunks"), tuple):
                assert there.chunks == each["chunks"]
            if "attributes" in each:
                assert dict(there.attrs) == {"units": "m"}
                assert there.fill_value == 3.0
            assert there.metadata.zarr_format == each.get("zarr_format", 3)
            assert_same(context.load_zarr(path), expected)


@pytest.mark.in_process
def test_chunks_fit_the_distribution(tmp_path):
    context = context_of(4)
    for shape, kinds in product([(4096, 512), (4096, 1000)], ("bn", "nb", "bb")):
        layout = layout_of(context, shape, kinds)
        context.save_zarr(tmp_path / "a", context.zeros(layout), shards=True)
        there = zarr.open_array(tmp_path / "a", mode="r")
        assert is_aligned(layout, there.shards)
        context.save_zarr(tmp_path / "a", context.zeros(layout))
        assert is_aligned(layout, zarr.open_array(tmp_path / "a", mode="r").chunks)
    odd = Distribution.from_global_dim_data(
        context, [{"dist_type": "b", "bounds": [0, 1, 299_999, 500_000, 2_000_000]}]
    )
    context.save_zarr(tmp_path / "a", context.ones(odd))
    assert zarr.open_array(tmp_path / "a", mode="r").chunks[0] > 100_000
    assert (read(tmp_path / "a") == 1).all()


def test_keys(tmp_path):
    context = context_of(3)
    path = tmp_path / "store.zarr"
    context.save_zarr(path, context.arange(5), "a")
    context.save_zarr(path, context.arange(6), "group/inner/b")
    context.save_zarr(path, context.arange(7), "group/c")
    context.save_zarr(path, context.arange(8), "a")
    for key, size in [("a", 8), ("group/inner/b", 6), ("group/c", 7)]:
        assert_same(context.load_zarr(path, key=key), np.arange(size))
    names = context._once(lambda: [name for name, _ in zarr.open_group(path).members(None)])
    assert sorted(names) == ["a", "group", "group/c", "group/inner", "group/inner/b"]
    with pytest.raises(KeyError, match="group/inner/b"):
        context.load_zarr(path, key="b")
    with pytest.raises(KeyError, match="key="):
        context.load_zarr(path)
    with pytest.raises(FileExistsError, match="group"):
        context.save_zarr(path, context.arange(5))
    with pytest.raises(FileExistsError, match="array"):
        context.save_zarr(path, context.arange(5), "a/b")
    with pytest.raises(FileExistsError, match="exists"):
        context.save_zarr(path, context.arange(5), "a", overwrite=False)
    for key in ("", "/", "a//b", "../a", "a/.."):
        with pytest.raises(ValueError, match="key"):
            context.save_zarr(path, context.arange(5), key)
    assert_same(context.load_zarr(path, key="a"), np.arange(8))


def test_the_entry_for_all_formats(tmp_path):
    context = context_of(3)
    for key in (None, "group/b"):
        path = tmp_path / f"{key is None}.ZARR"
        context.save(path, context.arange(9), key=key, chunks=2)
        assert_same(context.load(path, layout_of(context, (9,), "u"), key), np.arange(9))
        assert_same(da.load(path, key=key), np.arange(9))
    da.save(tmp_path / "c.zarr", context.arange(9))
    da.save_zarr(tmp_path / "c.zarr", context.arange(8))
    assert_same(da.load_zarr(tmp_path / "c.zarr"), np.arange(8))
    with pytest.raises(ValueError, match="concatenate"):
        context.load(tmp_path / "*.zarr")


@pytest.mark.one_program
def test_consolidated_metadata_follow(tmp_path):
    context = context_of(2)
    path = tmp_path / "store.zarr"
    context.save_zarr(path, context.arange(5), "a")
    zarr.consolidate_metadata(path, zarr_format=3)
    context.save_zarr(path, context.arange(9), "a")
    assert zarr.open_consolidated(path)["a"].shape == (9,)


# ---- What goes wrong ---------------------------------------------------------------------------


@pytest.mark.one_program
def test_errors_of_loading(tmp_path):
    context = context_of(2)
    path = tmp_path / "a.zarr"
    with pytest.raises(FileNotFoundError, match=r"a\.zarr"):
        context.load_zarr(path)
    context.save_zarr(path, context.arange(40.0), chunks=10, compressors=None)
    with pytest.raises(ValueError, match="shape"):
        context.load_zarr(path, Distribution(context, (5,)))
    with pytest.raises(KeyError, match="is no array"):
        context.load_zarr(path, key="b")
    chunk = path / "c" / "2"
    whole = chunk.read_bytes()
    for length in (0, 1, 40, 79, 81):
        chunk.write_bytes((whole + b"!")[:length])
        with pytest.raises(ValueError, match=r"a\.zarr.*can't be read"):
            context.load_zarr(path)
    chunk.write_bytes(whole)
    metadata = path / "zarr.json"
    good = metadata.read_bytes()
    for length in range(0, len(good), 17):
        metadata.write_bytes(good[:length])
        with pytest.raises((ValueError, KeyError), match=r"a\.zarr"):
            context.load_zarr(path)
    for changes in [
        {"shape": [-4]},
        {"shape": "x"},
        {"data_type": "float65"},
        {"codecs": [{"name": "none such"}]},
        {"chunk_grid": 5},
        {"node_type": "tree"},
    ]:
        metadata.write_text(json.dumps({**json.loads(good), **changes}))
        with pytest.raises((ValueError, KeyError), match=r"a\.zarr"):
            context.load_zarr(path)
    metadata.write_bytes(good)
    assert_same(context.load_zarr(path), np.arange(40.0))


@pytest.mark.one_program
@pytest.mark.parametrize("codec", ["zstd", "gzip", "blosc", "shard"])
def test_damaged_compressed_chunks(tmp_path, codec):
    context = context_of(2)
    path = tmp_path / "a.zarr"
    settings = {
        "zstd": {"compressors": zarr.codecs.ZstdCodec(checksum=True)},
        "gzip": {"compressors": zarr.codecs.GzipCodec()},
        "blosc": {"compressors": zarr.codecs.BloscCodec()},
        "shard": {"shards": 200},
    }[codec]
    context.save_zarr(path, context.arange(400.0), chunks=100, **settings)
    chunk = path / "c" / "1"
    whole = chunk.read_bytes()
    for length in (0, 1, 8, len(whole) // 2, len(whole) - 1):
        chunk.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"a\.zarr.*can't be read"):
            context.load_zarr(path)


@pytest.mark.one_program
def test_errors_of_saving(tmp_path):
    context = context_of(2)
    array = context.arange(10)
    folder = tmp_path / "photographs"
    folder.mkdir()
    (folder / "one.jpg").write_bytes(b"...")
    with pytest.raises(FileExistsError, match="not replaced"):
        context.save_zarr(folder, array)
    (tmp_path / "file").write_bytes(b"...")
    with pytest.raises(NotADirectoryError):
        context.save_zarr(tmp_path / "file", array)
    with pytest.raises(ValueError, match="chunks"):
        context.save_zarr(tmp_path / "a", array, chunks=(3, 3))
    with pytest.raises(ValueError, match="chunks"):
        context.save_zarr(tmp_path / "a", array, chunks=0)
    with pytest.raises(TypeError):
        context.save_zarr(tmp_path / "a", np.arange(4))
    with pytest.raises(TypeError):
        context.save_zarr(tmp_path / "a", array, nonsense=3)
    with Context(nengines=1) as other, pytest.raises(ContextError):
        other.save_zarr(tmp_path / "a", array)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "photographs"]


@pytest.mark.in_process
def test_a_save_that_fails_leaves_what_was_there(tmp_path, monkeypatch):
    from distarray.globalapi import _zarr

    context = context_of(3)
    path = tmp_path / "a.zarr"
    context.save_zarr(path, context.arange(30), chunks=5)
    before = files_in(tmp_path)
    write = _zarr.write_piece

    def fails(local, *args):
        write(local, *args)
        if local.comm_rank == 1:
            raise OSError(28, "No space left on device")

    for name, function in [
        ("write_piece", fails),
        ("_complete", lambda *_: 1 / 0),
        ("_sync", lambda *_: 1 / 0),
    ]:
        with monkeypatch.context() as patch:
            patch.setattr(_zarr, name, function)
            with pytest.raises((OSError, ZeroDivisionError)):
                context.save_zarr(path, context.zeros((7,)))
        assert files_in(tmp_path) == before


KILLED = """
import os, sys
from distarray.globalapi import Context, _zarr

context = Context(nengines=2, kind="threads")
place = sys.argv[2]
real = getattr(_zarr, place)

def kill(*args):
    if place != "_commit":
        real(*args)
    os.kill(os.getpid(), 9)

setattr(_zarr, place, kill)
context.save_zarr(sys.argv[1], context.zeros((50,)), chunks=5)
"""


@pytest.mark.processes
@pytest.mark.in_process
@pytest.mark.parametrize("place", ["write_piece", "_commit"])
def test_a_save_that_is_killed_leaves_what_was_there(tmp_path, place):
    context = context_of(2)
    path = tmp_path / "a.zarr"
    context.save_zarr(path, context.arange(30), chunks=5)
    before = files_in(path)
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), place], check=False)
    assert done.returncode == -signal.SIGKILL
    assert files_in(path) == before
    assert len(list(tmp_path.iterdir())) == 2
    # The next save removes what the killed one has left.
    context.save_zarr(path, context.arange(4))
    assert [each.name for each in tmp_path.iterdir()] == ["a.zarr"]
    assert_same(context.load_zarr(path), np.arange(4))


@pytest.mark.in_process
def test_folders_that_others_write_to_stay(tmp_path):
    from distarray.globalapi import _replacing

    target = tmp_path / "a.zarr"
    first, first_lock = _replacing.begin(target)
    second, second_lock = _replacing.begin(target)
    assert first.is_dir()
    # Whose new folder is taken for left behind makes another one.
    assert _replacing._locked(second) is None
    os.close(first_lock)
    third, third_lock = _replacing.begin(target)
    assert not first.exists()
    assert second.is_dir()
    assert third.is_dir()
    os.close(second_lock)
    os.close(third_lock)
    assert _replacing._locked(first) is None
    context = context_of(2)
    context.save_zarr(target, context.arange(4))
    assert [each.name for each in tmp_path.iterdir()] == ["a.zarr"]


@pytest.mark.in_process
@pytest.mark.parametrize(
    "settings",
    [
        {"chunks": (3, 2)},
        {"chunks": (3, 2), "zarr_format": 2},
        {"chunks": (3, 2), "shards": (6, 4)},
        {"chunks": (3, 2), "key": "some/group/a"},
    ],
)
@pytest.mark.parametrize("is_pending", [False, True])
def test_what_replaces_goes_to_the_disk_as_it_is_written(
    tmp_path, monkeypatch, settings, is_pending
):
    begun = []

    def record(paths):
        begun.extend(paths)
        begin_write_back(paths)

    begin_write_back = _core.begin_write_back
    monkeypatch.setattr(_core, "begin_write_back", record)
    context = context_of(2)
    values = sample((13, 7), np.dtype(float))
    array = context.fromarray(values)
    key = settings.get("key")
    folder = tmp_path / "a" / (key or "")
    context.save_zarr(tmp_path / "a", array, **settings)
    assert not begun  # nothing is synced that replaces nothing
    result = array + 1 if is_pending else array
    context.save_zarr(tmp_path / "a", result, overwrite=True, **settings)
    stored = zarr.open_array(tmp_path / "a", path=key, mode="r")
    files = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    chunks = {path for path in files if path.name not in {"zarr.json", ".zarray", ".zattrs"}}
    assert len(chunks) >= stored.nchunks_initialized // (4 if "shards" in settings else 1) > 0
    assert len(begun) == len(chunks)
    for name in chunks:
        assert any(path.parts[-len(name.parts) :] == name.parts for path in begun), name


@pytest.mark.in_process
def test_without_a_way_to_exchange(tmp_path, monkeypatch):
    from distarray.globalapi import _replacing

    context = context_of(2)
    monkeypatch.setattr(_replacing.ctypes, "CDLL", lambda *_, **__: None)
    context.save_zarr(tmp_path / "a", context.arange(4))
    context.save_zarr(tmp_path / "a", context.arange(5))
    assert_same(context.load_zarr(tmp_path / "a"), np.arange(5))
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.one_program
@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_can_only_be_read(tmp_path):
    context = context_of(2)
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError):
        context.save_zarr(tmp_path / "a", context.arange(4))
    tmp_path.chmod(0o700)


def test_without_zarrs(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "zarrs.pipeline", None)
    context = context_of(3)
    expected = sample((9, 8), "f8")
    context.save_zarr(tmp_path / "a", context.fromarray(expected), chunks=3)
    assert_same(context.load_zarr(tmp_path / "a"), expected)


# ---- Stores that are no folders ----------------------------------------------------------------


@pytest.mark.in_process
@pytest.mark.parametrize("engines", ENGINE_COUNTS)
def test_memory(engines):
    context = context_of(engines)
    expected = sample((12, 5), "f8")
    for store in zarr.storage.MemoryStore(), {}:
        for layout in layouts_of(context, (12, 5)):
            context.save_zarr(store, context.fromarray(expected, layout), "x/y", chunks=3)
            assert_bits(read(store, "x/y"), expected)
            assert_same(context.load_zarr(store, layout, "x/y"), expected)
        with pytest.raises(FileExistsError):
            context.save_zarr(store, context.arange(4), "x/y", overwrite=False)
        with pytest.raises(FileExistsError, match="group"):
            context.save_zarr(store, context.arange(4), "x")
        context.save_zarr(store, context.arange(4), "x/y", zarr_format=3)
        assert_same(context.load_zarr(store, key="x/y"), np.arange(4))


def test_memory_that_engines_do_not_see():
    context = context_of(2)
    if type(context).__name__ == "ThreadContext":
        return
    with pytest.raises(ContextError, match="memory of this process"):
        context.save_zarr(zarr.storage.MemoryStore(), context.arange(4))
    with pytest.raises(ContextError, match="memory of this process"):
        context.load_zarr(zarr.storage.MemoryStore())


@pytest.mark.one_program
def test_stores_of_folders_and_zip_files(tmp_path):
    context = context_of(2)
    store = zarr.storage.LocalStore(tmp_path / "a")
    context.save_zarr(store, context.arange(9), "b")
    assert_same(context.load_zarr(tmp_path / "a", key="b"), np.arange(9))
    assert_same(context.load_zarr(zarr.storage.StorePath(store, "b")), np.arange(9))
    shutil.make_archive(str(tmp_path / "z"), "zip", tmp_path / "a")
    packed = zarr.storage.ZipStore(tmp_path / "z.zip", mode="r")
    assert_same(context.load_zarr(packed, key="b"), read(packed, "b"))
    packed.close()
