"""Local arrays in files."""

import io
import struct

import numpy as np
import pytest

from distarray.error import DistributionError
from distarray.localapi import format as dnpy
from distarray.localapi import localarray as la
from distarray.localapi.localarray import LocalArray
from distarray.localapi.maps import Distribution
from distarray.tests.local_distributions import CASES, distribution, grids, part
from distarray.tests.spmd import spmd

cases = pytest.mark.parametrize(("shape", "kinds", "size"), CASES)


def everywhere(shape, kinds, size, body):
    for grid in grids(kinds, size):
        spmd(size, lambda comm, grid=grid: body(comm, distribution(comm, shape, kinds, grid)))


def whole_array(shape, dtype=float):
    return np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)


class TestDnpy:
    @cases
    def test_there_and_back(self, shape, kinds, size, tmp_path):
        whole = whole_array(shape)

        def body(comm, dist):
            a = LocalArray(dist, buf=part(whole, dist))
            name = tmp_path / f"part_{comm.rank}.dnpy"
            la.save_dnpy(str(name), a)
            b = la.load_dnpy(comm, str(name))
            assert la.arecompatible(a, b)
            np.testing.assert_array_equal(a.ndarray, b.ndarray, strict=True)
            stream = io.BytesIO()
            la.save_dnpy(stream, a)
            assert stream.getvalue() == name.read_bytes()
            stream.seek(0)
            np.testing.assert_array_equal(la.load_dnpy(comm, stream).ndarray, a.ndarray)

        everywhere(shape, kinds, size, body)

    def test_bytes(self):
        a = LocalArray(Distribution.from_shape(None, (3,)), buf=np.arange(3))
        stream = io.BytesIO()
        la.save_dnpy(stream, a)
        data = stream.getvalue()
        text = (
            b"{'__version__': '0.10.0', 'dim_data': ({'dist_type': 'b', 'size': 3, "
            b"'proc_grid_rank': 0, 'proc_grid_size': 1, 'start': 0, 'stop': 3},), }"
        )
        assert data[:8] == b"\x93DARRY\x01\x00"
        (length,) = struct.unpack("<H", data[8:10])
        header = data[10 : 10 + length]
        assert header == text + b" " * (length - len(text) - 1) + b"\n"
        assert (10 + length) % 16 == 0
        stored = io.BytesIO()
        np.save(stored, np.arange(3))
        assert data[10 + length :] == stored.getvalue()

    def test_header_of_no_axes(self):
        stream = io.BytesIO()
        la.save_dnpy(stream, LocalArray(Distribution(None, ()), buf=np.array(1.0)))
        assert struct.unpack("<H", stream.getvalue()[8:10]) == (54,)

    def test_a_full_line_of_padding(self):
        lengths = set()
        for size in range(1, 10**16, 10**14):
            dim_data = ({"dist_type": "n", "size": size},)
            header = dnpy._header({"__version__": "0.10.0", "dim_data": dim_data})
            spaces = len(header) - len(header.rstrip())
            assert (10 + len(header)) % 16 == 0
            lengths.add(spaces - 1)
        assert lengths <= set(range(1, 17))

    def test_plain_numbers(self):
        dim_data = ({"dist_type": "u", "size": np.int64(4), "indices": np.array([3, 1])},)
        header = dnpy._header({"__version__": "0.10.0", "dim_data": dim_data})
        assert b"'size': 4, 'indices': [3, 1]}" in header

    @pytest.mark.parametrize("version", [(-1, 0), (256, 0), (1, -1), (1, 256)])
    def test_versions_that_cannot_be_written(self, version):
        with pytest.raises(ValueError, match="version must be from 0 to 255"):
            dnpy.magic(*version)

    def test_magic(self):
        assert dnpy.magic(2, 7, prefix=b"abc") == b"abc\x02\x07"
        assert dnpy.read_magic(io.BytesIO(b"abc\x02\x07rest"), b"abc", 5) == (2, 7)
        assert dnpy.read_magic(io.BytesIO(dnpy.magic(1, 0))) == (1, 0)

    def test_version_to_write(self):
        a = la.ones(Distribution.from_shape(None, (3,)))
        with pytest.raises(ValueError, match="only version"):
            dnpy.write_localarray(io.BytesIO(), a, version=(2, 0))

    def test_objects_are_refused(self):
        a = LocalArray(Distribution.from_shape(None, (1,)), buf=np.array([None]))
        with pytest.raises(ValueError, match="Object arrays"):
            dnpy.write_localarray(io.BytesIO(), a)

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"\x93DARRY",
            b"\x93NUMPY\x01\x00",
            b"\x93DARRY\x02\x00\x02\x00{}",
            b"\x93DARRY\x01\x00\x02",
            b"\x93DARRY\x01\x00\x09\x00{}",
            b"\x93DARRY\x01\x00\x02\x00{}",
            b"\x93DARRY\x01\x00\x02\x00{{",
            b"\x93DARRY\x01\x00\x02\x00[]",
            b"\x93DARRY\x01\x00\x05\x00a.b()",
        ],
    )
    def test_foreign_and_damaged_files(self, data):
        with pytest.raises(ValueError):  # noqa: PT011
            dnpy.read_localarray(io.BytesIO(data))

    @pytest.mark.parametrize(
        ("header", "message"),
        [
            ("{'__version__': '0.10.0', 'dim_data': 1}", "no tuple of dictionaries"),
            ("{'__version__': '0.10.0', 'dim_data': (1,)}", "no tuple of dictionaries"),
            ("{'__version__': '0.10.0', 'dim_data': (), 'a': 1}", "has the keys"),
            ("{'__version__': '0.10.0'}", "has the keys"),
            ("{'__version__': '0.9.0', 'dim_data': ()}", "version '0.9.0' of the Distributed"),
            ("{'__version__': '0.10.0', 'dim_data': ({},)}", "1 axes for a buffer of 0"),
            ("['__version__', 'dim_data']", "no dictionary"),
            ("{'__version__': open('x')}", "no Python literal"),
        ],
    )
    def test_wrong_headers(self, header, message):
        stream = io.BytesIO()
        np.save(stream, np.array(1.0))
        text = header.encode()
        data = dnpy.magic(1, 0) + struct.pack("<H", len(text)) + text + stream.getvalue()
        with pytest.raises(ValueError, match=message):
            dnpy.read_localarray(io.BytesIO(data))

    def test_every_truncation_is_noticed(self):
        stream = io.BytesIO()
        la.save_dnpy(stream, la.ones(Distribution.from_shape(None, (3,))))
        data = stream.getvalue()
        for length in range(len(data)):
            with pytest.raises(ValueError):  # noqa: PT011
                dnpy.read_localarray(io.BytesIO(data[:length]))


class TestNpy:
    @cases
    @pytest.mark.parametrize("order", ["C", "F"])
    def test_loading(self, shape, kinds, size, order, tmp_path):
        whole = whole_array(shape, ">i4").copy(order=order)
        name = tmp_path / "whole.npy"
        np.save(name, whole)

        def body(comm, dist):
            a = la.load_npy(comm, name, dist.dim_data)
            np.testing.assert_array_equal(a.ndarray, part(whole, dist), strict=True)
            assert a.ndarray.flags.writeable

        everywhere(shape, kinds, size, body)

    def test_another_shape(self, tmp_path):
        np.save(tmp_path / "a.npy", np.zeros(4))
        dim_data = Distribution.from_shape(None, (5,)).dim_data
        with pytest.raises(ValueError, match=r"shape \(4,\), not \(5,\)"):
            la.load_npy(None, tmp_path / "a.npy", dim_data)

    def test_damaged_files(self, tmp_path):
        name = tmp_path / "a.npy"
        np.save(name, np.zeros(4))
        data = name.read_bytes()
        dim_data = Distribution.from_shape(None, (4,)).dim_data
        for damaged in (data[:-1], data[:50], b"", b"something else entirely"):
            name.write_bytes(damaged)
            with pytest.raises((ValueError, OSError, EOFError)):
                la.load_npy(None, name, dim_data)


def test_compact_indices():
    assert la.compact_indices(()) == ()
    common = {"size": 10, "proc_grid_size": 2, "proc_grid_rank": 1}
    index = la.compact_indices(
        (
            {"dist_type": "n", "size": 4},
            common | {"dist_type": "b", "start": 5, "stop": 10},
            common | {"dist_type": "c", "start": 1},
            common | {"dist_type": "c", "start": 3, "block_size": 3},
            common | {"dist_type": "u", "indices": np.array([4, 2])},
        )
    )
    assert index == (slice(0, 4), slice(5, 10), slice(1, 10, 2), [3, 4, 5, 9], [4, 2])
    with pytest.raises(ValueError, match="dist_type"):
        la.compact_indices(({"dist_type": "x", "size": 3},))


def test_hdf5_without_h5py(monkeypatch, tmp_path):
    import sys

    monkeypatch.setitem(sys.modules, "h5py", None)
    a = la.ones(Distribution.from_shape(None, (3,)))
    with pytest.raises(ImportError, match=r"pip install 'distarray\[io\]'"):
        la.save_hdf5(tmp_path / "a.hdf5", a)
    with pytest.raises(ImportError, match=r"pip install 'distarray\[io\]'"):
        la.load_hdf5(None, tmp_path / "a.hdf5", a.dim_data)


class TestHdf5:
    @cases
    def test_there_and_back(self, shape, kinds, size, tmp_path):
        h5py = pytest.importorskip("h5py")
        whole = whole_array(shape)
        name = tmp_path / "whole.hdf5"

        def body(comm, dist):
            a = LocalArray(dist, buf=part(whole, dist))
            la.save_hdf5(name, a, mode="w")
            la.save_hdf5(name, a * 2, key="group/twice", mode="a")
            b = la.load_hdf5(comm, name, dist.dim_data)
            np.testing.assert_array_equal(a.ndarray, b.ndarray, strict=True)
            comm.Barrier()

        everywhere(shape, kinds, size, body)
        with h5py.File(name) as file:
            np.testing.assert_array_equal(file["buffer"][()], whole)
            np.testing.assert_array_equal(file["group/twice"][()], whole * 2)

    @pytest.mark.parametrize("dtype", ["?", "i2", ">u4", "f2", "f8", "c16", "S4"])
    def test_dtypes(self, dtype, tmp_path):
        h5py = pytest.importorskip("h5py")
        whole = whole_array((5, 4), dtype)
        name = tmp_path / "whole.hdf5"

        def body(comm):
            dist = distribution(comm, (5, 4), ("b", "n"), (3, 1))
            la.save_hdf5(name, LocalArray(dist, buf=part(whole, dist)))

        spmd(3, body)
        with h5py.File(name) as file:
            assert file["buffer"].dtype == whole.dtype
            np.testing.assert_array_equal(file["buffer"][()], whole)

    def test_datasets_of_other_programs(self, tmp_path):
        h5py = pytest.importorskip("h5py")
        whole = whole_array((9, 8))
        with h5py.File(tmp_path / "a.hdf5", "w") as file:
            file.create_dataset("x", data=whole, chunks=(2, 3), compression="gzip")

        def body(comm):
            dist = distribution(comm, (9, 8), ("u", "bc"), (2, 2))
            a = la.load_hdf5(comm, tmp_path / "a.hdf5", dist.dim_data, key="x")
            np.testing.assert_array_equal(a.ndarray, part(whole, dist))

        spmd(4, body)

    def test_failures_are_agreed_on(self, tmp_path):
        pytest.importorskip("h5py")
        name = tmp_path / "a.hdf5"
        failures = []

        def body(comm):
            a = la.ones(distribution(comm, (4,), ("b",), (2,)))
            la.save_hdf5(name, a, mode="w-")
            for mode in ("w-", "a"):
                with pytest.raises((OSError, ValueError), match=r"[Uu]nable|exists") as caught:
                    la.save_hdf5(name, a, mode=mode)
                failures.append((comm.rank, str(caught.value)))
            with pytest.raises(ValueError, match="mode"):
                la.save_hdf5(name, a, mode="r")
            comm.barrier()

        spmd(2, body)
        assert sum("engine 0 could not do its part" in text for _, text in failures) == 2

    def test_another_shape(self, tmp_path):
        pytest.importorskip("h5py")
        la.save_hdf5(tmp_path / "a.hdf5", la.ones(Distribution.from_shape(None, (4,))))
        dim_data = Distribution.from_shape(None, (5,)).dim_data
        with pytest.raises(ValueError, match=r"shape \(4,\), not \(5,\)"):
            la.load_hdf5(None, tmp_path / "a.hdf5", dim_data)


def test_wrong_dim_data():
    dim_data = ({"dist_type": "c", "size": 4, "proc_grid_size": 1, "start": 2},)
    buffer = {"__version__": "0.10.0", "buffer": np.zeros(3), "dim_data": dim_data}
    with pytest.raises(DistributionError):
        LocalArray.from_distarray(None, buffer)
