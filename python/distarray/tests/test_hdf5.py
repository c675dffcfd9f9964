"""HDF5 files of other programs, and what is added to them."""

import numpy as np
import pytest

from distarray.globalapi import Distribution
from distarray.localapi.local_array import hdf5
from distarray.tests.oracle import KINDS, assert_same, context_of, layout_of

h5py = pytest.importorskip("h5py")

SHAPE = (13, 10)
EXPECTED = np.arange(130.0).reshape(SHAPE) / 7


def external(file, path):
    places = [(path.with_name("raw 1"), 0, 500), (path.with_name("raw 2"), 8, h5py.h5f.UNLIMITED)]
    file.create_dataset("x", SHAPE, "f8", external=places)[...] = EXPECTED


def virtual(file, path):
    for half in range(2):
        with h5py.File(path.with_name(f"{half}.h5"), "w") as part:
            part["part"] = EXPECTED[:, 5 * half : 5 * half + 5]
    layout = h5py.VirtualLayout(SHAPE, "f8")
    for half in range(2):
        source = h5py.VirtualSource(path.with_name(f"{half}.h5"), "part", (13, 5))
        layout[:, 5 * half : 5 * half + 5] = source
    file.create_virtual_dataset("x", layout)


def compact(file, path):
    properties = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    properties.set_layout(h5py.h5d.COMPACT)
    space, kind = h5py.h5s.create_simple(SHAPE), h5py.h5t.NATIVE_DOUBLE
    h5py.h5d.create(file.id, b"x", kind, space, properties)
    file["x"][...] = EXPECTED


def made(**options):
    return lambda file, path: file.create_dataset("x", data=EXPECTED, **options)


DATASETS = {
    "contiguous": made(),
    "big endian": made(dtype=">f8"),
    "single": made(dtype="f4"),
    "chunked": made(chunks=(4, 3)),
    "one chunk": made(chunks=SHAPE),
    "compressed": made(chunks=(4, 3), compression="gzip", shuffle=True, fletcher32=True),
    "extensible": made(maxshape=(None, 10)),
    "scaled": made(chunks=(13, 2), scaleoffset=3),
    "external": external,
    "virtual": virtual,
    "compact": compact,
    "unwritten": lambda file, path: file.create_dataset("x", SHAPE, "f8", fillvalue=3.5),
    "partly written": lambda file, path: file.create_dataset(
        "x", SHAPE, "i4", chunks=(2, 2), fillvalue=7
    ).__setitem__((slice(3, 6), slice(1, 4)), 1),
}


@pytest.mark.parametrize("name", DATASETS)
@pytest.mark.parametrize("engines", [1, 3, 4])
def test_datasets_of_other_programs(tmp_path, engines, name):
    path = tmp_path / "a.h5"

    def write():
        with h5py.File(path, "w") as file:
            DATASETS[name](file, path)
        with h5py.File(path) as file:
            return file["x"][()], file["x"].dtype

    context = context_of(engines)
    values, dtype = context._once(write)
    # Pickles of arrays are in native byte order.
    expected = values.astype(dtype)
    assert_same(context.load_hdf5(path, key="x"), expected)
    for kinds in KINDS[2]:
        layout = layout_of(context, SHAPE, kinds)
        loaded = context.load_hdf5(path, layout, "x")
        assert_same(loaded, expected)
        assert loaded.distribution == layout


@pytest.mark.one_program
def test_who_reads_by_offset(tmp_path):
    found = {}
    for name, make in DATASETS.items():
        path = tmp_path / f"{name}.h5"
        with h5py.File(path, "w") as file:
            make(file, path)
        found[name] = hdf5.facts(path, "x").offset is not None
    assert {name for name in found if found[name]} == {"contiguous", "big endian", "single"}


@pytest.mark.one_program
def test_a_block_of_the_user_s_before_the_file(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w", userblock_size=1024) as file:
        file["x"] = EXPECTED
    path.write_bytes(b"hello".ljust(1024) + path.read_bytes()[1024:])
    context = context_of(3)
    assert_same(context.load_hdf5(path, key="x"), EXPECTED)
    context.save_hdf5(path, context.arange(5), key="y")
    assert path.read_bytes().startswith(b"hello")
    assert_same(context.load_hdf5(path, key="y"), np.arange(5))
    assert_same(context.load_hdf5(path, key="x"), EXPECTED)


@pytest.mark.one_program
def test_a_file_that_is_being_written(tmp_path):
    path = tmp_path / "a.h5"
    context = context_of(2)
    with h5py.File(path, "w") as file:
        file["x"] = EXPECTED
        file.flush()
        file["x"][3, 4] = 99
        # What the library has not written yet is seen, or the file is refused.
        try:
            loaded = context.load_hdf5(path, key="x")
        except OSError:
            pass
        else:
            assert loaded[3, 4] == 99
        with pytest.raises(OSError, match="open"):
            context.save_hdf5(path, context.arange(3), key="y")
    with h5py.File(path) as file:
        assert list(file) == ["x"]


@pytest.mark.one_program
def test_what_is_in_a_file_stays(tmp_path):
    path = tmp_path / "a.h5"
    context = context_of(3)
    with h5py.File(path, "w") as file:
        file.attrs["about"] = "a file"
        file.create_dataset("group/x", data=EXPECTED, chunks=(5, 5), compression="gzip")
        file["link"] = h5py.SoftLink("/group/x")
    context.save_hdf5(path, context.arange(7), key="group/deeper/y")
    context.save_hdf5(path, context.arange(8), key="/z/")
    before = path.read_bytes()
    for key in ("z", "group/x", "link", "group", "z/below"):
        with pytest.raises(ValueError, match="key"):
            context.save_hdf5(path, context.arange(3), key=key)
    for key, error in (("", ValueError), ("/", ValueError), (3, TypeError)):
        with pytest.raises(error, match="key"):
            context.save_hdf5(path, context.arange(3), key=key)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["a.h5"]
    with h5py.File(path) as file:
        assert file.attrs["about"] == "a file"
        np.testing.assert_array_equal(file["link"], EXPECTED)
        np.testing.assert_array_equal(file["group/deeper/y"], np.arange(7))
        np.testing.assert_array_equal(file["z"], np.arange(8))


@pytest.mark.one_program
def test_what_a_file_has_not(tmp_path):
    path = tmp_path / "a.h5"
    context = context_of(2)
    with h5py.File(path, "w") as file:
        file["group/x"] = EXPECTED
        file["text"] = "of any length"
        file["texts"] = ["some", "texts"]
        file["nothing"] = h5py.Empty("f8")
    for key, error, message in (
        ("x", KeyError, "no 'x'.*'group', 'nothing', 'text', 'texts'"),
        ("group", KeyError, "'group' is a group.*has 'x'"),
        ("group/y", KeyError, "no 'group/y'"),
        ("text", TypeError, "holds Python objects"),
        ("texts", TypeError, "holds Python objects"),
        ("nothing", ValueError, "no shape"),
    ):
        with pytest.raises(error, match=message):
            context.load_hdf5(path, key=key)
    with pytest.raises(ValueError, match=r"shape \(5,\).*\(13, 10\)"):
        context.load_hdf5(path, Distribution(context, (5,)), "group/x")


@pytest.mark.one_program
@pytest.mark.parametrize("dtype", ["U3", "M8[s]", [("a", "i4"), ("when", "m8[s]")]], ids=str)
def test_dtypes_that_hdf5_has_not(tmp_path, dtype):
    context = context_of(2)
    array = context.fromarray(np.zeros(4, dtype))
    match = "field 'when'" if isinstance(dtype, list) else "can't be kept in HDF5"
    with pytest.raises(TypeError, match=match):
        context.save_hdf5(tmp_path / "a.h5", array)
    assert not list(tmp_path.iterdir())


@pytest.mark.one_program
@pytest.mark.parametrize(
    "dtype",
    [
        [("a", "?"), ("b", "<c8", (2,)), ("c", [("d", ">i2"), ("e", "S3")])],
        np.dtype([("a", "i1"), ("b", "f8")], align=True),
        "g",
    ],
    ids=str,
)
def test_other_dtypes(tmp_path, dtype):
    context = context_of(2)
    dtype = np.dtype(dtype)
    expected = np.zeros(5, dtype)
    expected.view("u1")[...] = np.random.RandomState(0).randint(0, 2, expected.nbytes)
    context.save_hdf5(tmp_path / "a.h5", context.fromarray(expected))
    with h5py.File(tmp_path / "a.h5") as file:
        assert file["buffer"].dtype == dtype
        found = file["buffer"][()]
    loaded = context.load_hdf5(tmp_path / "a.h5").toarray()
    for name in dtype.names or (...,):
        np.testing.assert_array_equal(found[name], expected[name])
        np.testing.assert_array_equal(loaded[name], expected[name])


@pytest.mark.one_program
def test_enumerations_are_integers(tmp_path):
    kind = h5py.enum_dtype({"red": 1, "blue": 2}, "i2")
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("x", data=np.array([1, 2, 1], "i2"), dtype=kind)
    assert_same(context_of(2).load_hdf5(tmp_path / "a.h5", key="x"), np.array([1, 2, 1], "i2"))
