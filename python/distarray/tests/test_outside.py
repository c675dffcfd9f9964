"""Arrays whose elements stay in files that have to be decoded: what is read, and when."""

import numpy as np
import pytest

from distarray.globalapi import Context, _parts
from distarray.globalapi.maps import Distribution
from distarray.tests.oracle import assert_read_only, context_of
from distarray.tests.programs import running

h5py = pytest.importorskip("h5py")
zarr = pytest.importorskip("zarr")

SHAPE, CHUNKS = (60, 35), (8, 9)
FORMATS = ["zarr", "h5"]


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch):
    """Have arrays of some kilobytes gone through in parts."""
    monkeypatch.setattr(_parts, "_PART_BYTES", 1 << 10)


@pytest.fixture
def x():
    rng = np.random.default_rng(5)
    return rng.normal(size=SHAPE) * 10.0 ** rng.integers(-20, 20, size=SHAPE)


def write(context, folder, kind, values, chunks=CHUNKS):
    """Write a NumPy array to a file of a format, by the library of that; return its name."""
    path = folder / f"x.{kind}"

    def make():
        if kind == "zarr":
            zarr.create_array(str(path), data=values, chunks=chunks)
        else:
            with h5py.File(path, "w") as file:
                file.create_dataset("buffer", data=values, chunks=chunks, compression="gzip")

    context._once(make)
    return path


def layout_of(context, dist, engines):
    if dist != "un":
        return Distribution(context, SHAPE, dist=dist)
    order = np.random.default_rng(1).permutation(SHAPE[0])
    rows = {"dist_type": "u", "indices": np.array_split(order, engines)}
    columns = {"dist_type": "n", "size": SHAPE[1]}
    return Distribution.from_global_dim_data(context, (rows, columns))


# ---- What is read is what is there -------------------------------------------------------------

INDICES = [
    np.s_[:10],
    np.s_[:, 5:30:3],
    np.s_[::-7, 3],
    np.s_[None, ..., 2:9],
    np.s_[5],
    np.s_[3, 4],
    np.s_[50:10:-9, ::-2],
    np.s_[10:10],
    np.s_[None, 4:50, None, 5:8],
    np.s_[..., -1],
]


#: All layouts for some engines, all numbers of engines for some layouts.
LAYOUTS = [(3, dist) for dist in ("bn", "nb", "bb", "cb", "un")]
LAYOUTS += [(engines, dist) for engines in (1, 2, 4, 7) for dist in ("bn", "bb")]


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize(("engines", "dist"), LAYOUTS)
def test_slices_are_those_of_numpy(engines, dist, kind, x, tmp_path):
    context = context_of(engines)
    path = write(context, tmp_path, kind, x)
    a = context.open(path, layout_of(context, dist, engines))
    for index in INDICES:
        np.testing.assert_array_equal(np.asarray(a[index]), x[index], err_msg=str(index))
    np.testing.assert_array_equal(a.T[2:30:5, 1].toarray(), x.T[2:30:5, 1])
    np.testing.assert_array_equal(a[4:50][::3][:, 1:][5:7].toarray(), x[4:50][::3][:, 1:][5:7])
    other = a.distribute_as(Distribution(context, SHAPE, dist="cc"))
    np.testing.assert_array_equal(other.toarray(), x)
    np.testing.assert_array_equal(a.toarray(), x)


REDUCTIONS = ["sum", "mean", "var", "std", "min", "max", "any", "all", "prod", "argmin", "argmax"]


@pytest.mark.parametrize(("engines", "dist"), LAYOUTS)
def test_reductions_have_the_bits_of_those_of_arrays_in_memory(engines, dist, x, tmp_path):
    context = context_of(engines)
    layout = layout_of(context, dist, engines)
    a = context.open(write(context, tmp_path, "zarr", x), layout)
    b = context.fromarray(x, layout)
    with np.errstate(over="ignore", under="ignore"):
        for name in REDUCTIONS:
            for axis in [None, 0, 1] + ([(0, 1)] if "arg" not in name else []):
                found, expected = (getattr(each, name)(axis=axis).toarray() for each in (a, b))
                assert found.tobytes() == expected.tobytes(), (name, axis)
    for axis in (None, 0, 1):
        found, expected = (np.count_nonzero(each > 0, axis=axis) for each in (a, b))
        np.testing.assert_array_equal(np.asarray(found), np.asarray(expected))
        found, expected = (each.sum(axis=axis, where=each > 0).toarray() for each in (a, b))
        assert found.tobytes() == expected.tobytes()
        found, expected = (each.var(axis=axis, keepdims=True, ddof=1).toarray() for each in (a, b))
        assert found.tobytes() == expected.tobytes()


@pytest.mark.parametrize("dtype", ["?", "i1", "u2", "i8", "f2", "f4", "c8", "c16", ">f4", "M8[s]"])
@pytest.mark.parametrize("kind", FORMATS)
def test_dtypes(kind, dtype, tmp_path):
    if kind == "h5" and dtype == "M8[s]":
        pytest.skip("HDF5 has no dates")
    context = context_of(3)
    values = (np.arange(60 * 35).reshape(SHAPE) % 100).astype(dtype)
    a = context.open(write(context, tmp_path, kind, values))
    assert a.dtype == context.load(tmp_path / f"x.{kind}").dtype
    np.testing.assert_array_equal(a[7:40:3].toarray(), values[7:40:3])
    assert a.max().toarray() == values.max()
    if values.dtype.kind != "M":
        b = context.fromarray(values)
        assert a.sum(axis=0).toarray().tobytes() == b.sum(axis=0).toarray().tobytes()
        np.testing.assert_array_equal((a + a).toarray(), values + values)


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1,), (40,), (9, 8, 7, 6)])
@pytest.mark.parametrize("engines", [1, 2, 3])
def test_shapes(engines, shape, tmp_path):
    context, path = context_of(engines), tmp_path / "x.zarr"
    values = np.arange(np.prod(shape), dtype=float).reshape(shape)
    chunks = tuple(max(length // 2, 1) for length in shape)

    def make():
        made = zarr.create_array(str(path), shape=shape, chunks=chunks, dtype="f8")
        made[...] = values

    context._once(make)
    a = context.open(path)
    b = context.fromarray(values)
    np.testing.assert_array_equal(a.toarray(), values)
    assert a.sum().toarray().tobytes() == b.sum().toarray().tobytes()
    for axis in range(len(shape)):
        found, expected = (each.sum(axis=axis).toarray() for each in (a, b))
        assert found.tobytes() == expected.tobytes()


@pytest.mark.parametrize("kind", FORMATS)
def test_what_is_outside_cannot_be_written_to(kind, x, tmp_path):
    context = context_of(2)
    path = write(context, tmp_path, kind, x)
    a = context.open(path)

    def write_to_pieces(local):
        local.ndarray[...] = 0

    assert_read_only(a)
    with pytest.raises(ValueError, match="read-only"):
        context.apply(write_to_pieces, (a,))
    np.testing.assert_array_equal(a.toarray(), x)
    assert context.apply(lambda local: float(local.ndarray.max()), (a,))


# ---- How much is read --------------------------------------------------------------------------


@pytest.fixture
def reads(monkeypatch):
    """The keys of chunks that are read of folders, by engines that are threads."""
    from distarray.globalapi import _zarr_arrays

    found = []
    get = zarr.storage.LocalStore.get

    async def counted(self, key, *arguments, **options):
        if "/c/" in f"/{key}":
            found.append(key)
        return await get(self, key, *arguments, **options)

    monkeypatch.setattr(zarr.storage.LocalStore, "get", counted)
    monkeypatch.setattr(_zarr_arrays, "_quick", lambda array: array)
    return found


@pytest.mark.in_process
@pytest.mark.parametrize("engines", [1, 2, 3])
def test_each_chunk_is_read_when_it_is_needed_and_once(engines, x, tmp_path, reads):
    context = context_of(engines)
    x = np.tile(x, (2, 2))[:96]  # 12 by 8 chunks, of which no two engines have a part
    path = write(context, tmp_path, "zarr", x)
    a = context.open(path)
    reads.clear()
    repr(a.distribution), a.shape, a.dtype, len(a), a[5:].shape
    assert reads == []
    view = a[16:24, None, ::-1].T
    assert reads == []
    np.testing.assert_array_equal(view.toarray(), x[16:24, None, ::-1].T)
    assert len(reads) == len(set(reads)) == 8
    reads.clear()
    assert a[3, 4] == x[3, 4]
    assert len(reads) == 1
    reads.clear()
    assert a[:, 20].max() == x[:, 20].max()
    assert len(reads) == len(set(reads)) == 12
    for axis in (None, 0, 1):
        reads.clear()
        a.mean(axis=axis)
        assert len(reads) == len(set(reads)) == 96, axis
        reads.clear()
        ((a - 1) * 2).std(axis=axis)
        assert len(reads) == len(set(reads)) == 96, axis


@pytest.mark.in_process
def test_the_next_part_is_read_while_one_is_computed_with(x, tmp_path, monkeypatch):
    import threading

    context = context_of(1)
    path = write(context, tmp_path, "zarr", x)
    threads, own = set(), threading.get_ident()
    from distarray.globalapi._zarr_arrays import Elements

    original = Elements.__call__

    def noted(self, request):
        threads.add(threading.get_ident())
        original(self, request)

    monkeypatch.setattr(Elements, "__call__", noted)
    a = context.open(path)
    assert a.sum() == context.fromarray(x).sum()
    assert threads
    assert own not in threads


@pytest.mark.in_process
def test_no_more_than_two_parts_are_in_memory(tmp_path, monkeypatch):
    from distarray import _core

    monkeypatch.setattr(_parts, "_PART_BYTES", 1 << 20)
    context, path = Context(nengines=2, deferred=True), tmp_path / "x.zarr"
    values = np.random.default_rng(3).normal(size=(2000, 1000))
    zarr.create_array(str(path), data=values, chunks=(100, 500))
    a, b = context.open(path), context.fromarray(values)
    before, most = sum(_core.memory_in_use()), 0

    from distarray.globalapi._zarr_arrays import Elements

    original = Elements.__call__

    def noted(self, request):
        nonlocal most
        most = max(most, sum(_core.memory_in_use()) - before)
        original(self, request)

    monkeypatch.setattr(Elements, "__call__", noted)
    assert a.sum() == b.sum()
    assert (a.mean(axis=0) == b.mean(axis=0)).all()
    context.store((a - 1) * 2, tmp_path / "y.zarr", chunks=(100, 500))
    assert most <= 12 << 20 < values.nbytes
    context.close()


# ---- Storing -----------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["z.zarr", "z.npy", "z.h5"])
@pytest.mark.parametrize(
    ("engines", "dist"), [(3, "nb"), (3, "bb"), (3, "cn"), (1, "bn"), (2, "bn"), (7, "bn")]
)
def test_expressions_are_stored_part_by_part(engines, dist, target, tmp_path, monkeypatch):
    monkeypatch.setattr(_parts, "_PART_BYTES", 1 << 15)
    rng = np.random.default_rng(2)
    x = rng.normal(size=(300, 200))
    context = context_of(engines)
    path = write(context, tmp_path, "zarr", x, (40, 60))
    a = context.open(path, Distribution(context, x.shape, dist=dist))
    b = context.fromarray(x, Distribution(context, x.shape, dist=dist))
    z = (a - a.mean(axis=0)) / a.std(axis=0)
    context.store(z, tmp_path / target)
    expected = ((b - b.mean(axis=0)) / b.std(axis=0)).toarray()
    np.testing.assert_array_equal(context.load(tmp_path / target).toarray(), expected)
    np.testing.assert_array_equal(z.toarray(), expected)
    context.store(a[::2, 5:], tmp_path / f"a{target}")
    np.testing.assert_array_equal(context.load(tmp_path / f"a{target}").toarray(), x[::2, 5:])


def test_an_expression_over_the_store_that_it_replaces(tmp_path, monkeypatch):
    monkeypatch.setattr(_parts, "_PART_BYTES", 1 << 16)
    context = context_of(2)
    x = np.random.default_rng(2).normal(size=(600, 500))
    path = write(context, tmp_path, "zarr", x, (70, 60))
    a = context.open(path)
    context.store(a * 2, path)
    np.testing.assert_array_equal(context.open(path).toarray(), x * 2)
    with pytest.raises(OSError, match=r"replaced or changed since it was opened.*x\.zarr"):
        a.sum()


# ---- Files that change -------------------------------------------------------------------------


def test_a_dataset_is_that_of_the_file_that_was_opened(x, tmp_path):
    context = context_of(3)
    path = write(context, tmp_path, "h5", x)
    a = context.open(path)
    context.save_hdf5(path, context.zeros(SHAPE), mode="w")
    np.testing.assert_array_equal(a[3:20].toarray(), x[3:20])
    assert a.max() == x.max()
    assert context.open(path).max() == 0


def test_damage_is_an_error_that_names_the_place(x, tmp_path):
    context = context_of(2)
    path = write(context, tmp_path, "zarr", x)
    a = context.open(path)

    def damage():
        for chunk in (path / "c").glob("*/*"):
            chunk.write_bytes(b"no chunk")

    context._once(damage)
    for attempt in (lambda: a.sum(), lambda: (a + 1).toarray(), lambda: a[3, 3], a.toarray):
        with pytest.raises(ValueError, match=r"x\.zarr: the chunks of .* can't be read"):
            attempt()
    context._once(lambda: (path / "zarr.json").unlink())
    with pytest.raises(OSError, match="since it was opened"):
        a.sum()


@pytest.mark.parametrize("engines", [1, 3])
def test_one_engine_that_cannot_read_is_one_error(engines, x, tmp_path):
    context = context_of(engines)
    path = write(context, tmp_path, "zarr", x)
    a = context.open(path)
    last = sorted((path / "c").glob("7/*"))
    before = context._once(lambda: [chunk.read_bytes() for chunk in last])
    context._once(lambda: [chunk.write_bytes(b"no chunk") for chunk in last])
    for attempt in (
        lambda: a.sum(),
        lambda: a.mean(axis=1),
        lambda: (a + 1).max(axis=0),
        lambda: context.store(a * 2, tmp_path / "z.zarr", chunks=CHUNKS),
        lambda: context.store(a * 2, tmp_path / "z.npy"),
    ):
        with pytest.raises(ValueError, match=rf"can't be read.*\(on engine {engines - 1}\)"):
            attempt()
    assert not context._once(lambda: list(tmp_path.glob("z*")))
    assert a[:40].max() == x[:40].max()

    def mend():
        for chunk, content in zip(last, before, strict=True):
            chunk.write_bytes(content)

    context._once(mend)
    assert a.max() == x.max()


@pytest.mark.in_process
@pytest.mark.processes
def test_the_user_may_interrupt_what_takes_long(tmp_path):
    zarr.create_array(str(tmp_path / "x.zarr"), data=np.ones((400, 500)), chunks=(10, 100))
    text = f"""
import os, signal, threading, time
from distarray.globalapi import Context, _parts
from distarray.globalapi._zarr_arrays import Elements

_parts._PART_BYTES = 1 << 12
bring = Elements.__call__

def slowly(self, request):
    time.sleep(0.3)
    bring(self, request)

context = Context(nengines=2, kind="threads")
a = context.open({str(tmp_path / "x.zarr")!r})
Elements.__call__ = slowly
for attempt in (lambda: a.sum(), lambda: (a + 1).mean(axis=1), lambda: a.std(axis=0)):
    # That lasts half a minute.
    threading.Timer(0.7, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    try:
        attempt()
    except KeyboardInterrupt:
        say("interrupted")
Elements.__call__ = bring
say(a.sum().item())
"""
    with running(text) as program:
        said, _ = program.finish()
    assert said.split() == ["interrupted"] * 3 + ["200000.0"]


def test_explain_tells_what_is_read_from_a_file(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(_parts, "_PART_BYTES", 1 << 16)
    context = Context(nengines=2, deferred=True)
    x = np.ones((600, 500))
    a = context.open(write(context, tmp_path, "zarr", x, (70, 60)))
    (2 * a + 1).explain()
    said = capsys.readouterr().out
    assert "x0 is float64 of shape (600, 500), in a file" in said
    a.explain()
    assert "read from a file" in capsys.readouterr().out
    context.close()


def test_variables_of_netcdf(tmp_path):
    h5netcdf = pytest.importorskip("h5netcdf")
    context, path = context_of(3), tmp_path / "x.nc"
    x = np.random.default_rng(3).integers(0, 100, SHAPE).astype("i2")

    def make():
        with h5netcdf.File(path, "w") as file:
            file.dimensions = {"y": SHAPE[0], "x": SHAPE[1]}
            made = file.create_variable("rain", ("y", "x"), "i2", chunks=CHUNKS, fillvalue=-1)
            made[...] = x
            made.attrs["scale_factor"] = np.float32(0.5)

    context._once(make)
    for dist in ("bn", "nb", "cb"):
        a = context.open(path, Distribution(context, SHAPE, dist=dist), key="rain")
        np.testing.assert_array_equal(a[::-3, 4:9].toarray(), x[::-3, 4:9])
        assert a.sum(axis=0).toarray().tolist() == x.sum(axis=0).tolist()
        assert a.dtype == np.int16
    a = context.open(path, key="rain", mask_and_scale=True)
    b = context.load(path, key="rain", mask_and_scale=True)
    assert a.dtype == b.dtype == np.float32
    np.testing.assert_array_equal(a[5:40:3].toarray(), b[5:40:3].toarray())
    assert a.mean(axis=0).toarray().tobytes() == b.mean(axis=0).toarray().tobytes()
