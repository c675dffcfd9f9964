"""Arrays whose elements stay in files, and expressions that are computed into files."""

import numpy as np
import pytest

import distarray as da
from distarray.error import ContextError
from distarray.globalapi.context import Context
from distarray.globalapi.maps import Distribution
from distarray.tests.oracle import assert_read_only, context_of
from distarray.tests.programs import running

ENGINES = [1, 2, 3, 4, 7]


def write(context, path, array):
    """Write a NumPy array to a file, once."""
    context._once(lambda: np.save(path, array))


def bytes_of(context, path):
    """Return what a file holds."""
    return context._once(path.read_bytes)


@pytest.fixture
def x():
    return np.random.default_rng(5).normal(size=(60, 35))


# ---- Opening -----------------------------------------------------------------------------------


@pytest.mark.parametrize("dist", ["bn", "nb", "cb", "bc", "nn"])
@pytest.mark.parametrize("engines", ENGINES)
def test_an_opened_array_is_that_of_numpy(engines, dist, x, tmp_path):
    context, path = context_of(engines), tmp_path / "x.npy"
    write(context, path, x)
    a = context.open(path, Distribution(context, x.shape, dist=dist))
    np.testing.assert_array_equal(a.toarray(), x)
    np.testing.assert_array_equal((2 * a + 1).toarray(), 2 * x + 1)
    np.testing.assert_array_equal(a[3:50:7, ::-2].toarray(), x[3:50:7, ::-2])
    np.testing.assert_array_equal(a.T.toarray(), x.T)
    np.testing.assert_allclose(a.std(axis=0).toarray(), x.std(axis=0))
    assert a.max() == x.max()
    other = a.distribute_as(Distribution(context, x.shape, dist="bn"))
    np.testing.assert_array_equal(other.toarray(), x)


@pytest.mark.parametrize(
    "dtype",
    ["?", "i1", "<u2", "<i4", "<i8", "<f2", "<f4", "<c16", ">f8", ">i4", "S5", "i4,f8", "M8[s]"],
)
@pytest.mark.parametrize("order", ["C", "F"])
def test_dtypes_and_orders(dtype, order, tmp_path):
    context, path = context_of(3), tmp_path / "x.npy"
    array = np.asarray(np.arange(77).reshape(11, 7).astype(dtype), order=order)
    write(context, path, array)
    a = context.open(path)
    assert a.dtype == context.load_npy(path).dtype
    np.testing.assert_array_equal(a.toarray(), array)


@pytest.mark.parametrize("shape", [(), (0,), (3, 0, 2), (1,), (2, 3, 4, 5)])
def test_shapes(shape, tmp_path):
    context, path = context_of(2), tmp_path / "x.npy"
    array = np.arange(np.prod(shape), dtype=float).reshape(shape)
    write(context, path, array)
    np.testing.assert_array_equal(context.open(path).toarray(), array)


def test_unstructured_and_irregular_layouts(x, tmp_path):
    context, path = context_of(2), tmp_path / "x.npy"
    write(context, path, x)
    order = np.random.default_rng(1).permutation(60)
    layout = Distribution.from_global_dim_data(
        context,
        (
            {"dist_type": "u", "indices": [order[:37], order[37:]]},
            {"dist_type": "n", "size": 35},
        ),
    )
    np.testing.assert_array_equal(context.open(path, layout).toarray(), x)


def test_an_opened_array_cannot_be_written_to(x, tmp_path):
    context, path = context_of(2), tmp_path / "x.npy"
    write(context, path, x)
    a = context.open(path)
    before = bytes_of(context, path)

    def write_to_pieces(local):
        assert not local.ndarray.flags.writeable
        local.ndarray[...] = 0

    assert_read_only(a)
    with pytest.raises(ValueError, match="read-only"):
        context.apply(write_to_pieces, (a,))
    assert bytes_of(context, path) == before
    np.testing.assert_array_equal(a.toarray(), x)
    b = a.copy()
    b[0] = 1
    assert b[0, 0] == 1


def test_elements_are_those_of_the_file_that_was_opened(x, tmp_path):
    context, path = context_of(2), tmp_path / "x.npy"
    write(context, path, x)
    a = context.open(path)
    context.save_npy(path, context.zeros(x.shape))
    np.testing.assert_array_equal(a.toarray(), x)
    assert context.open(path).sum() == 0


@pytest.mark.one_program
def test_what_cannot_be_opened_is_refused(x, tmp_path):
    context = context_of(2)
    with pytest.raises(FileNotFoundError, match=r"missing\.npy"):
        context.open(tmp_path / "missing.npy")
    with pytest.raises(ValueError, match=r"expected a name that ends in"):
        context.open(tmp_path / "x.txt")
    with pytest.raises(ValueError, match="concatenate"):
        context.open(tmp_path / "*.npy")
    path = tmp_path / "x.npy"
    write(context, path, x)
    with pytest.raises(ValueError, match=r"its shape \(3,\) is not that"):
        context.open(path, Distribution(context, (3,)))
    with pytest.raises(ValueError, match="key"):
        context.open(path, key="buffer")
    context._once(lambda: path.write_bytes(path.read_bytes()[:-8]))
    with pytest.raises(ValueError, match="ends too early"):
        context.open(path)


@pytest.mark.one_program
def test_the_function_of_the_package_uses_the_default_context(x, tmp_path):
    np.save(tmp_path / "x.npy", x)
    assert np.array_equal(da.open(tmp_path / "x.npy").toarray(), x)
    da.store(da.open(tmp_path / "x.npy") * 2, tmp_path / "y.npy")
    assert np.array_equal(np.load(tmp_path / "y.npy"), x * 2)


@pytest.mark.parametrize("engines", [1, 2])
def test_a_file_that_is_made_shorter_is_an_error_that_names_it(engines, tmp_path):
    context, path = context_of(engines), tmp_path / "x.npy"
    write(context, path, np.ones(1_000_000))
    a = context.open(path)
    assert a.sum() == 1_000_000

    def shorten():
        with path.open("r+b") as file:
            file.truncate(50_000)

    context._once(shorten)
    for attempt in (lambda: a.sum(), lambda: (a + 1).toarray(), lambda: a[999_999], a.toarray):
        with pytest.raises(ValueError, match=r"x\.npy.* ends too early"):
            attempt()
    assert a[:100].sum() == 100
    assert (context.ones(1_000_000) + 1).sum() == 2_000_000


@pytest.mark.one_program
def test_faulthandler_may_come_later_and_other_bus_errors_end_the_program(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, np.ones(1_000_000))
    text = f"""
import faulthandler, mmap, os, tempfile
context = Context(nengines=2, kind="threads")
a = context.open({str(path)!r})
faulthandler.enable(file=open(os.devnull, "w"))
os.truncate({str(path)!r}, 10_000)
try:
    a.sum()
except ValueError as error:
    say("refused")
try:
    a.sum()
except ValueError as error:
    say("again")
file = tempfile.TemporaryFile()
file.truncate(8192)
mapped = mmap.mmap(file.fileno(), 8192)
file.truncate(0)
mapped[5000]
"""
    with running(text) as program:
        said, _ = program.finish(code=-7)
    assert said.split() == ["refused", "again"]


# ---- HDF5 --------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"chunks": (7, 5), "compression": "gzip"}])
@pytest.mark.parametrize("dtype", ["<f8", ">i4", "<f4"])
def test_datasets_of_hdf5(options, dtype, tmp_path):
    h5py = pytest.importorskip("h5py")
    context, path = context_of(3), tmp_path / "x.h5"
    array = np.arange(40 * 30).reshape(40, 30).astype(dtype)

    def make():
        with h5py.File(path, "w") as file:
            file.create_dataset("some/data", data=array, **options)
            file["buffer"] = np.arange(4)

    context._once(make)
    a = context.open(path, Distribution(context, array.shape, dist="bb"), key="some/data")
    np.testing.assert_array_equal(a.toarray(), array)
    with pytest.raises(ValueError, match="read-only"):
        a[0, 0] = 1
    np.testing.assert_array_equal(context.open(path).toarray(), np.arange(4))
    with pytest.raises(KeyError, match="nothing"):
        context.open(path, key="nothing")


# ---- Storing -----------------------------------------------------------------------------------


@pytest.mark.parametrize("dist", ["bn", "nb", "cb"])
@pytest.mark.parametrize("engines", ENGINES)
def test_an_expression_is_computed_into_a_file(engines, dist, tmp_path):
    # Large enough for operations to wait.
    shape = (700, 600)
    x = np.random.default_rng(2).normal(size=shape)
    context, path = context_of(engines), tmp_path / "z.npy"
    a = context.fromarray(x, Distribution(context, shape, dist=dist))
    context.store((a - a.mean(axis=0)) / a.std(axis=0), path)
    expected = ((a - a.mean(axis=0)) / a.std(axis=0)).toarray()
    np.testing.assert_array_equal(context._once(lambda: np.load(path)), expected)
    assert context._once(lambda: [found.name for found in tmp_path.iterdir()]) == ["z.npy"]
    context.store(a > 0, path)
    np.testing.assert_array_equal(context._once(lambda: np.load(path)), x > 0)
    context.store(a, path)
    np.testing.assert_array_equal(context._once(lambda: np.load(path)), x)


def test_an_expression_over_the_file_that_it_replaces(tmp_path):
    context, path = context_of(2), tmp_path / "x.npy"
    write(context, path, np.arange(500_000.0))
    a = context.open(path)
    context.store(np.sqrt(a) + 1, path)
    expected = np.sqrt(np.arange(500_000.0)) + 1
    np.testing.assert_array_equal(context._once(lambda: np.load(path)), expected)
    np.testing.assert_array_equal(a.toarray(), np.arange(500_000.0))


@pytest.mark.parametrize("engines", [1, 3])
def test_an_expression_is_computed_into_a_dataset(engines, tmp_path):
    h5py = pytest.importorskip("h5py")
    context, path = context_of(engines), tmp_path / "x.h5"
    x = np.random.default_rng(2).normal(size=(500, 600))
    a = context.fromarray(x, Distribution(context, x.shape, dist="nb"))
    context.store(a * 3, path, key="group/three")
    context.store(a > 0, path)
    context.store((a * 3)[:0], path, key="none")

    def read():
        with h5py.File(path, "r") as file:
            return file["group/three"][...], file["buffer"][...], file["none"].shape

    three, positive, none = context._once(read)
    np.testing.assert_array_equal(three, x * 3)
    np.testing.assert_array_equal(positive, x > 0)
    assert none == (0, 600)
    with pytest.raises(ValueError, match="key: 'buffer' exists"):
        context.store(a + 1, path)
    np.testing.assert_array_equal(context.open(path, key="group/three").toarray(), x * 3)


def test_other_formats_are_saved(tmp_path):
    zarr = pytest.importorskip("zarr")
    context, path = context_of(2), tmp_path / "x.zarr"
    context.store(context.ones((600, 500)) * 3, path)
    assert context._once(lambda: float(zarr.open_array(path, mode="r")[...].sum())) == 900_000
    a = context.open(path)
    assert a.sum() == 900_000
    with pytest.raises(ValueError, match="read-only"):
        a[0] = 1


def test_what_cannot_be_stored_leaves_the_file_as_it_was(tmp_path):
    context, path = context_of(2), tmp_path / "x.npy"
    write(context, path, np.arange(3))
    before = bytes_of(context, path)
    with pytest.raises(TypeError, match="array: expected a DistArray, not ndarray"):
        context.store(np.ones(3), path)
    with pytest.raises(ContextError, match="another context"):
        context.store(Context(nengines=2).ones(3), path)
    with pytest.raises(FileNotFoundError):
        context.store(context.ones(500_000) + 1, tmp_path / "missing" / "x.npy")
    assert bytes_of(context, path) == before


@pytest.mark.one_program
def test_a_full_disk_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "x.npy"
    np.save(path, np.arange(3))
    text = f"""
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
context = Context(nengines=2, kind="threads")
a = context.fromarray(np.ones(1 << 20))
try:
    context.store(a + 1, {str(path)!r})
except OSError as error:
    say(error)
"""
    with running(text) as program:
        said, _ = program.finish()
    assert "File too large" in said
    assert np.load(path).tolist() == [0, 1, 2]
    assert list(tmp_path.iterdir()) == [path]
