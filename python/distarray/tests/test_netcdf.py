"""Variables of NetCDF files, which h5netcdf wrote."""

import numpy as np
import pytest

import distarray as da
from distarray.globalapi import Distribution
from distarray.tests.oracle import (
    ENGINE_COUNTS,
    assert_bits,
    assert_same,
    context_of,
    layouts_of,
    sample,
)

h5netcdf = pytest.importorskip("h5netcdf")

SHAPE = (11, 7)
DTYPES = ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", ">i4", ">f8"]


def write(path, variables):
    """Make a file: for each variable its elements, attributes and settings."""
    with h5netcdf.File(path, "w") as file:
        file.dimensions = {"y": 11, "x": 7}
        for name, (values, attributes, settings) in variables.items():
            names = ("y", "x")[: values.ndim]
            variable = file.create_variable(name, names, values.dtype, **settings)
            variable[...] = values
            variable.attrs.update(attributes)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data.nc"


@pytest.mark.parametrize("engines", ENGINE_COUNTS)
def test_every_distribution(path, engines):
    context = context_of(engines)
    expected = sample(SHAPE, "f4")
    chunked = {"chunks": (3, 2), "compression": "gzip"}
    variables = {"plain": (expected, {}, {}), "group/chunked": (expected, {}, chunked)}
    context._once(lambda: write(path, variables))
    for name in variables:
        assert_same(context.load_netcdf(path, name), expected)
        for layout in layouts_of(context, SHAPE):
            assert_same(context.load_netcdf(path, name, layout), expected)


@pytest.mark.one_program
def test_the_entry_for_all_formats(path):
    expected = sample(SHAPE, "f4")
    write(path, {"v": (expected, {}, {})})
    assert_same(da.load(path), expected)
    assert_same(context_of(2).load(path, key="v", mask_and_scale=True), expected)
    with pytest.raises(ValueError, match="not saved"):
        da.save(path, da.arange(4))


@pytest.mark.one_program
def test_dtypes(path):
    context = context_of(3)
    arrays = {
        f"v{i}": sample(SHAPE, np.dtype(each).newbyteorder("=")) for i, each in enumerate(DTYPES)
    }
    stored = {
        name: (values.astype(dtype), {}, {})
        for (name, values), dtype in zip(arrays.items(), DTYPES, strict=True)
    }
    stored["scalar"] = (np.array(3.5), {}, {})
    write(path, stored)
    for (name, values), dtype in zip(arrays.items(), DTYPES, strict=True):
        loaded = context.load_netcdf(path, name)
        assert loaded.dtype == np.dtype(dtype)
        assert_bits(loaded.toarray().astype(values.dtype), values)
    assert context.load_netcdf(path, "scalar").item() == 3.5


@pytest.mark.one_program
@pytest.mark.parametrize(
    ("stored", "attributes", "dtype"),
    [
        ("i2", {"scale_factor": np.float32(0.01), "add_offset": np.float32(273.0)}, "f4"),
        ("i2", {"scale_factor": 0.01, "add_offset": 273.15}, "f8"),
        ("i2", {"scale_factor": 0.5, "_FillValue": np.int16(2)}, "f8"),
        ("i2", {"_FillValue": np.int16(2), "missing_value": np.int16(3)}, "f4"),
        ("i4", {"_FillValue": np.int32(2)}, "f8"),
        ("i4", {"scale_factor": np.float32(2)}, "f8"),
        ("u1", {"add_offset": np.int16(100)}, "f4"),
        ("f4", {"_FillValue": np.float32(2)}, "f4"),
        ("f4", {"_FillValue": np.float32("nan")}, "f4"),
        ("f8", {"scale_factor": np.array([3.0])}, "f8"),
        (">i2", {"scale_factor": 0.25}, "f8"),
        ("i2", {"units": "K"}, "i2"),
    ],
    ids=str,
)
def test_mask_and_scale(path, stored, attributes, dtype):
    context = context_of(3)
    raw = (np.arange(77) % 6).reshape(SHAPE).astype(stored)
    write(path, {"v": (raw, attributes, {})})
    expected = raw.astype(dtype)
    expected *= np.asarray(attributes.get("scale_factor", 1)).reshape(())
    expected += np.asarray(attributes.get("add_offset", 0)).reshape(())
    for name in ("_FillValue", "missing_value"):
        if name in attributes:
            expected[raw == attributes[name]] = np.nan
    for layout in [Distribution(context, SHAPE), *layouts_of(context, SHAPE)]:
        loaded = context.load_netcdf(path, "v", layout, mask_and_scale=True)
        assert_same(loaded, expected)
        assert loaded.dtype == dtype
    plain = context.load_netcdf(path, "v").toarray()
    np.testing.assert_array_equal(plain, raw)


@pytest.mark.one_program
def test_unlimited_dimensions_and_unsigned_fill(path):
    with h5netcdf.File(path, "w") as file:
        file.dimensions = {"t": None}
        file.resize_dimension("t", 5)
        variable = file.create_variable("v", ("t",), "i4", fillvalue=-9, chunks=(2,))
        variable[:3] = [1, 2, 3]
    context = context_of(2)
    np.testing.assert_array_equal(context.load_netcdf(path).toarray(), [1, 2, 3, -9, -9])
    masked = context.load_netcdf(path, mask_and_scale=True).toarray()
    np.testing.assert_array_equal(masked, [1, 2, 3, np.nan, np.nan])


@pytest.mark.one_program
def test_errors(path):
    context = context_of(2)
    with pytest.raises(FileNotFoundError, match=r"data\.nc"):
        context.load_netcdf(path, "v")
    values = sample(SHAPE, "f8")
    write(path, {"u": (values, {}, {}), "v": (values, {"scale_factor": "x"}, {})})
    with pytest.raises(KeyError, match="there are u, v"):
        context.load_netcdf(path, "w")
    with pytest.raises(KeyError, match="no group g"):
        context.load_netcdf(path, "g/w")
    with pytest.raises(KeyError, match="name one"):
        context.load_netcdf(path)
    with pytest.raises(ValueError, match="scale_factor"):
        context.load_netcdf(path, "v", mask_and_scale=True)
    with pytest.raises(ValueError, match="shape"):
        context.load_netcdf(path, "u", Distribution(context, (5,)))
    whole = path.read_bytes()
    for length in (0, 5, 100, len(whole) // 2):
        path.write_bytes(whole[:length])
        with pytest.raises(OSError, match=r"data\.nc"):
            context.load_netcdf(path, "u")


@pytest.mark.one_program
def test_text_is_refused(path):
    with h5netcdf.File(path, "w") as file:
        file.dimensions = {"x": 2}
        file.create_variable("v", ("x",), h5netcdf.legacyapi.np.dtype("S3"))
    with pytest.raises(TypeError, match="dtype"):
        context_of(2).load_netcdf(path, "v")
