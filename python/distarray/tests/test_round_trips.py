"""What is saved is loaded, by us and by the reference, from every distribution onto every other."""

import io
import itertools
import os
import struct

import numpy as np
import pytest

from distarray.localapi import format as dnpy
from distarray.tests.layouts import indices_of
from distarray.tests.oracle import (
    ENGINE_COUNTS,
    KINDS,
    NATIVE,
    assert_bits,
    assert_same,
    context_of,
    layout_of,
    sample,
)

STRUCTURED = [("when", "<M8[s]"), ("where", "<f4", (3,)), ("name", "S3")]
OTHERS = (">f8", ">i2", ">c8", "S5", "V3", "<U4", "<M8[us]", "<m8[D]", STRUCTURED)
#: Those that HDF5 has no types for.
NOT_IN_HDF5 = ("<U4", "<M8[us]", "<m8[D]", STRUCTURED)
SHAPES = {0: (), 1: (11,), 2: (7, 6), 3: (3, 4, 5)}


def values(shape, dtype):
    """Return an array of ordinary and extreme values."""
    dtype = np.dtype(dtype)
    if dtype.str in NATIVE or dtype.kind in "biufc":
        return sample(shape, dtype.newbyteorder("=")).astype(dtype)
    # Bytes of letters are fine in any of them.
    size = int(np.prod(shape)) * dtype.itemsize
    if dtype.kind == "U":
        return np.array(["", "a", "é", "四つ字だ"] * 50, dtype)[: int(np.prod(shape))].reshape(
            shape
        )
    letters = np.random.RandomState(size).randint(65, 90, size).astype("u1")
    return letters.view(dtype).reshape(shape)


def places_of(dim_data):
    """Return the index of a piece in the whole array."""
    if not dim_data:
        return ()
    return np.ix_(*(np.asarray(indices_of(axis), int) for axis in dim_data))


class Npy:
    """numpy.save and numpy.load."""

    name = "a.npy"
    dtypes = (*NATIVE, *OTHERS)

    @staticmethod
    def write(path, array, layout):
        # Both orders, all versions that can be.
        array = np.asfortranarray(array) if array.ndim % 2 else array
        with path.open("wb") as file:
            np.lib.format.write_array(file, array, (1 + array.size % 3, 0), allow_pickle=False)

    @staticmethod
    def read(path, array):
        return np.load(path)


class Hdf5:
    """h5py."""

    name = "a.hdf5"
    dtypes = (*NATIVE, *(dtype for dtype in OTHERS if dtype not in NOT_IN_HDF5))

    @staticmethod
    def write(path, array, layout):
        h5py = pytest.importorskip("h5py")
        options = {}
        if array.size and array.ndim and array.size % 4:
            options = {"chunks": tuple(-(-size // 2) for size in array.shape)}
            options["compression"] = "gzip" if array.size % 3 else None
        with h5py.File(path, "w") as file:
            file.create_dataset("buffer", data=array, **options)

    @staticmethod
    def read(path, array):
        h5py = pytest.importorskip("h5py")
        with h5py.File(path, "r") as file:
            values = np.empty(array.shape, file["buffer"].dtype)
            if values.size:
                file["buffer"].read_direct(values)
            return values


class Dnpy:
    """The format by its description, an engine's file at a time."""

    name = "a.dnpy"
    dtypes = (*NATIVE, *OTHERS)

    @staticmethod
    def write(path, array, layout):
        for rank, dim_data in enumerate(layout.get_dim_data_per_rank()):
            plain = [
                {key: np.asarray(value).tolist() for key, value in each.items()}
                for each in dim_data
            ]
            text = repr({"__version__": "0.10.0", "dim_data": tuple(plain)}).encode()
            text += b" " * (16 - (10 + len(text) + 1) % 16) + b"\n"
            stream = io.BytesIO()
            # An element by itself would lose its byte order.
            np.save(stream, array[places_of(dim_data)] if dim_data else array)
            header = b"\x93DARRY\x01\x00" + struct.pack("<H", len(text)) + text
            path.with_name(f"{path.stem}_{rank}.dnpy").write_bytes(header + stream.getvalue())

    @staticmethod
    def read(path, array):
        whole = np.empty(array.shape, array.dtype)
        for rank in range(len(array.targets)):
            with path.with_name(f"{path.stem}_{rank}.dnpy").open("rb") as file:
                _, dim_data = dnpy.read_localarray_header(file, dnpy.read_magic(file))
                whole[places_of(dim_data)] = np.load(file)
        return whole


class Zarr:
    """zarr-python."""

    name = "a.zarr"
    dtypes = (*NATIVE, "S5", "<U4", "<M8[us]", "<m8[D]")

    @staticmethod
    def write(path, array, layout):
        zarr = pytest.importorskip("zarr")
        chunks = tuple(max(1, -(-size // 2)) for size in array.shape)
        zarr.create_array(path, data=array, chunks=chunks, zarr_format=2 + array.size % 2)

    @staticmethod
    def read(path, array):
        zarr = pytest.importorskip("zarr")
        stored = zarr.open_array(path, mode="r")
        # An element by itself has lost its dtype.
        return np.asarray(stored[...], stored.dtype)


FORMATS = (Npy, Dnpy, Hdf5)
#: Whether every dtype is to be met with every kind of layout, for every number of engines.
IS_ALL = os.environ.get("DISTARRAY_TEST_ALL", "0") not in ("", "0")


def cases(engines, format):
    """Go through dtypes and kinds of layouts: all of both, and more pairs of them on 3 engines."""
    kinds = [kind for each in KINDS.values() for kind in each]
    if IS_ALL:
        return itertools.product(kinds, format.dtypes)
    count = (4 if engines == 3 else 1) * max(len(kinds), len(format.dtypes))
    # The lengths have no common divisor: no pair comes twice.
    pairs = zip(itertools.cycle(kinds), itertools.cycle(format.dtypes))
    return itertools.islice(pairs, count)


# Of Zarr stores, a smaller matrix is elsewhere. What the user is told of dtypes whose place in that
# format isn't settled is told by zarr.
@pytest.mark.filterwarnings("ignore:.*specification")
@pytest.mark.parametrize("format", [*FORMATS, *(Zarr,) * IS_ALL], ids=lambda format: format.name)
@pytest.mark.parametrize("engines", ENGINE_COUNTS)
def test_round_trip(tmp_path, engines, format):
    context = context_of(engines)
    for number, (kind, dtype) in enumerate(cases(engines, format)):
        shape = SHAPES[len(kind)]
        expected = values(shape, dtype)
        layout = layout_of(context, shape, kind, seed=number)
        others = KINDS[len(kind)]
        other = layout_of(context, shape, others[number % len(others)], seed=number + 1)

        path = tmp_path / f"{number} {format.name}"
        array = context.fromarray(expected, layout)
        context.save(path, array)
        assert_bits(format.read(path, array), expected)
        loaded = context.load(path, other)
        assert loaded.distribution == other
        assert_same(loaded, expected)
        assert_same(context.load(path), expected)

        path = tmp_path / f"{number} again {format.name}"
        context._once(lambda: format.write(path, expected, layout))  # noqa: B023
        assert_same(context.load(path, other), expected)
        assert_same(context.load(path), expected)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (1,), (1, 1)], ids=str)
@pytest.mark.parametrize("format", FORMATS, ids=lambda format: format.name)
def test_arrays_of_few_elements(tmp_path, format, shape):
    context = context_of(3)
    expected = np.ones(shape, "i2")
    for number, kind in enumerate(KINDS[len(shape)]):
        path = tmp_path / f"{number} {format.name}"
        array = context.fromarray(expected, layout_of(context, shape, kind))
        context.save(path, array)
        assert_bits(format.read(path, array), expected)
        assert_same(context.load(path), expected)
        assert_same(context.load(path, array.distribution), expected)


def test_dnpy_from_more_engines_onto_fewer(tmp_path):
    expected = np.arange(42.0).reshape(7, 6)
    many = context_of(7)
    for kind in KINDS[2]:
        many.save_dnpy(tmp_path / kind, many.fromarray(expected, layout_of(many, (7, 6), kind)))
        for engines in ENGINE_COUNTS:
            context = context_of(engines)
            for other in KINDS[2][:: engines % 3 + 1]:
                layout = layout_of(context, (7, 6), other)
                loaded = context.load_dnpy(tmp_path / kind, distribution=layout)
                assert_same(loaded, expected)
                assert loaded.distribution == layout


def test_pending_expressions_and_views_are_saved(tmp_path):
    context = context_of(3)
    expected = np.arange(400.0).reshape(20, 20)
    array = context.fromarray(expected)
    for format in FORMATS:
        for number, (ours, theirs) in enumerate(
            [
                (array * 2 + 1, expected * 2 + 1),
                (array[3:17:2, ::-1], expected[3:17:2, ::-1]),
                (array.T, expected.T),
                (array[5], expected[5]),
            ]
        ):
            path = tmp_path / f"{number} {format.name}"
            context.save(path, ours)
            assert_bits(format.read(path, ours), np.ascontiguousarray(theirs))
