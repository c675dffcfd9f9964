"""Local arrays against NumPy on the whole array."""

import copy

import numpy as np
import pytest

from distarray.error import CommunicationError
from distarray.localapi import localarray as la
from distarray.localapi.error import IncompatibleArrayError, InvalidDimensionError
from distarray.localapi.localarray import LocalArray
from distarray.localapi.maps import Distribution
from distarray.localapi.mpiutils import get_comm_self
from distarray.tests.local_distributions import CASES, distribution, grids, local_indices, part
from distarray.tests.spmd import spmd

cases = pytest.mark.parametrize(("shape", "kinds", "size"), CASES)


def everywhere(shape, kinds, size, body):
    """Run ``body(distribution, whole)`` on every engine, for every process grid."""
    whole = np.arange(float(np.prod(shape, dtype=int))).reshape(shape)
    for grid in grids(kinds, size):
        spmd(size, lambda comm, grid=grid: body(distribution(comm, shape, kinds, grid), whole))


def alone(shape=(3, 4), dist="n", dtype=None):
    return LocalArray(Distribution.from_shape(None, shape, dist), dtype)


class TestWhereElementsAre:
    @cases
    def test_indices(self, shape, kinds, size):
        def body(dist, whole):
            a = LocalArray(dist, buf=part(whole, dist))
            assert a.global_shape == shape
            assert a.global_size == whole.size
            assert a.nbytes == whole.nbytes
            assert a.ndim == len(shape)
            assert a.local_shape == dist.local_shape == a.ndarray.shape
            assert a.coords_from_rank(a.comm_rank) == a.cart_coords
            assert a.rank_from_coords(a.cart_coords) == a.comm_rank
            assert np.prod(a.grid_shape, dtype=int) == a.comm_size == size
            seen = 0
            for index, value in la.ndenumerate(a):
                assert whole[index] == value == a.global_index[index]
                local = a.local_from_global(index)
                assert a[tuple(local)] == value
                assert tuple(a.global_from_local(local)) == index
                assert a.unpack_index(a.pack_index(index)) == index
                assert whole.reshape(-1)[a.pack_index(index)] == value
                seen += 1
            assert seen == a.local_size
            for index in np.ndindex(shape):
                here = all(i in axis for i, axis in zip(index, local_indices(dist), strict=True))
                assert a.global_index.checked_getitem(index) == (whole[index] if here else None)
                changed = a.global_index.checked_setitem(index, -whole[index])
                assert changed is (True if here else None)
            np.testing.assert_array_equal(a.ndarray, -part(whole, dist))

        everywhere(shape, kinds, size, body)

    @cases
    def test_limits(self, shape, kinds, size):
        def body(dist, whole):
            a = LocalArray(dist)
            for axis, indices in enumerate(local_indices(dist)):
                if len(indices):
                    assert a.global_limits(axis) == (indices[0], indices[-1])
                else:
                    with pytest.raises(InvalidDimensionError):
                        a.global_limits(axis)
            with pytest.raises(InvalidDimensionError):
                a.global_limits(len(shape))

        everywhere(shape, kinds, size, body)

    @cases
    def test_slices(self, shape, kinds, size):
        selections = [slice(None), slice(1, -1), slice(None, None, 2), slice(5, 1, -2), slice(7, 7)]

        def body(dist, whole):
            a = LocalArray(dist, buf=part(whole, dist).copy())
            for selection in selections:
                index = (selection,) * len(shape)
                # The elements that are here, in local order.
                chosen = [
                    [i for i in axis if i in range(*selection.indices(n))]
                    for axis, n in zip(local_indices(dist), shape, strict=True)
                ]
                expected = whole[np.ix_(*chosen)] if shape else whole
                new = Distribution(
                    get_comm_self(),
                    [{"dist_type": "n", "size": length} for length in expected.shape],
                )
                view = a.global_index.get_slice(index, new)
                np.testing.assert_array_equal(view.ndarray, expected)
                if view.local_size and "u" not in kinds and "bc" not in kinds:
                    assert np.shares_memory(view.ndarray, a.ndarray)

        everywhere(shape, kinds, size, body)

    def test_slices_with_integers(self):
        a = la.fromfunction(lambda i, j: 10 * i + j, Distribution.from_shape(None, (4, 5), "b"))
        row = a.global_index.get_slice((2,), Distribution.from_shape(None, (5,), "n"))
        assert row.ndarray.tolist() == [20, 21, 22, 23, 24]
        row[0] = -1
        assert a[2, 0] == -1
        with pytest.raises(IndexError):
            a.global_index.get_slice((4,), row.distribution)
        with pytest.raises(IndexError, match="3 indices"):
            a.global_index.get_slice((1, 2, 3), row.distribution)

    def test_wrong_indices(self):
        a = alone()
        for index in [(3, 0), (0, 4), (1,), (1, 2, 3), 0]:
            with pytest.raises(IndexError):
                a.global_index[index]
        with pytest.raises(TypeError, match="get_slice"):
            a.global_index[0, :]
        with pytest.raises(TypeError, match="get_slice"):
            a.global_index[:, 1] = 3


class TestBuffers:
    def test_the_buffer_is_kept(self):
        buffer = np.zeros((3, 4), "i4")
        a = LocalArray(alone().distribution, buf=buffer)
        assert a.ndarray is buffer
        a[0, 0] = 5
        assert buffer[0, 0] == 5
        memory = bytearray(96)
        a = LocalArray(alone().distribution, dtype="f8", buf=np.frombuffer(memory).reshape(3, 4))
        a.fill(1)
        assert memory[:8] == np.float64(1).tobytes()

    def test_dtypes(self):
        assert alone().dtype == np.float64
        assert alone(dtype="i2").dtype == np.int16
        assert LocalArray(alone().distribution, "f4", np.zeros((3, 4))).dtype == np.float32

    def test_wrong_shapes(self):
        a = alone()
        with pytest.raises(RuntimeError, match=r"\(3, 4\).*\(4, 3\)"):
            LocalArray(a.distribution, buf=np.zeros((4, 3)))
        with pytest.raises(ValueError, match="expected an array of shape"):
            a.ndarray = np.zeros(12)
        a.ndarray = np.ones((3, 4))
        assert a[2, 3] == 1
        assert a.local_data.nbytes == 96

    def test_views_and_copies(self):
        a = la.ones(alone().distribution)
        view = a.local_view("i8")
        assert np.shares_memory(view, a.ndarray)
        assert a.local_view().shape == (3, 4)
        twice = a.view(Distribution.from_shape(None, (3, 8), "n"), "f4")
        assert twice.local_shape == (3, 8)
        assert np.shares_memory(twice.ndarray, a.ndarray)
        for copied in (a.copy(), a.astype(None), a.astype("i4")):
            assert not np.shares_memory(copied.ndarray, a.ndarray)
            assert copied.distribution is a.distribution
        assert a.astype("i4").dtype == np.int32
        assert a.astype(None).dtype == a.dtype

    def test_copies_that_leave_the_engine(self):
        def body(comm):
            a = la.ones(Distribution.from_shape(comm, (7, 2)))
            a.fill(comm.rank)
            for copied in (copy.copy(a), copy.deepcopy(a)):
                assert copied.comm_rank == comm.rank
                assert not np.shares_memory(copied.ndarray, a.ndarray)
            for rank, sent in enumerate(comm.allgather(a)):
                assert isinstance(sent, LocalArray)
                assert (sent.ndarray == rank).all()
                assert f"rank={rank})" in repr(sent)
                assert la.arecompatible(sent, a) == (rank == comm.rank)
                assert list(sent.distribution[0].global_iter) == list(range(7))[3 * rank :][:3]
                with pytest.raises(CommunicationError):
                    sent.sync()

        spmd(3, body)

    def test_like_an_array(self):
        a = la.fromfunction(lambda i, j: 4 * i + j, alone().distribution)
        whole = np.arange(12.0).reshape(3, 4)
        assert len(a) == 3
        assert 11 in a
        np.testing.assert_array_equal(np.asarray(a), whole)
        assert np.asarray(a) is a.ndarray
        np.testing.assert_array_equal(np.array(a, dtype=int), whole)
        np.testing.assert_array_equal(np.stack(list(a)), whole)
        assert str(a) == str(whole)
        assert repr(a) == (
            "<LocalArray(local_shape=(3, 4), global_shape=(3, 4), dtype=float64, dist=('b', 'b'), "
            "rank=0)>"
        )
        one = LocalArray(Distribution(None, ()), buf=np.array(2.5))
        assert (float(one), int(one), bool(one), complex(one)) == (2.5, 2, True, 2.5)
        with pytest.raises(ValueError, match="ambiguous"):
            bool(a)

    def test_printoptions(self):
        before = la.get_printoptions()
        try:
            la.set_printoptions(precision=2, threshold=5)
            assert la.get_printoptions()["precision"] == 2
            a = LocalArray(Distribution.from_shape(None, (1,)), buf=np.array([1 / 3]))
            assert str(a) == "[0.33]"
        finally:
            np.set_printoptions(**before)


class TestCreation:
    def test_content(self):
        d = alone().distribution
        assert (la.zeros(d).ndarray == 0).all()
        assert (la.ones(d, "i4").ndarray == 1).all()
        assert la.empty(d, bool).dtype == np.bool_
        a = la.ones(d, "i4")
        assert la.empty_like(a).dtype == np.int32
        assert la.empty_like(a, "f4").dtype == np.float32
        assert la.zeros_like(a).dtype == np.float64
        assert la.zeros_like(a, "i4").ndarray.tolist() == np.zeros((3, 4)).tolist()
        buffer = np.ones((3, 4))
        assert la.fromndarray_like(buffer, a).ndarray is buffer

    @cases
    def test_fromfunction(self, shape, kinds, size):
        def function(*indices, scale=1):
            return scale * sum((10**axis) * index for axis, index in enumerate(indices))

        def body(dist, whole):
            if shape:
                expected = np.fromfunction(function, shape, dtype=int, scale=3)
                a = la.fromfunction(function, dist, dtype=int, scale=3)
                assert a.dtype == expected.dtype
                np.testing.assert_array_equal(a.ndarray, part(expected, dist))
            constant = la.fromfunction(lambda *indices: 7, dist)
            assert (constant.ndarray == 7).all()
            assert constant.local_shape == dist.local_shape

        everywhere(shape, kinds, size, body)


class TestProtocol:
    @cases
    def test_there_and_back(self, shape, kinds, size):
        def body(dist, whole):
            a = LocalArray(dist, buf=part(whole, dist).copy())
            exported = a.__distarray__()
            assert sorted(exported) == ["__version__", "buffer", "dim_data"]
            assert exported["__version__"] == "0.10.0"
            assert exported["buffer"] is a.ndarray
            for source in (a, exported):
                b = LocalArray.from_distarray(a.comm, source)
                assert "u" in kinds or b.dim_data == a.dim_data
                assert la.arecompatible(a, b)
                assert np.shares_memory(b.ndarray, a.ndarray) or not a.local_size

        everywhere(shape, kinds, size, body)

    def test_undistributed_axes(self):
        a = la.ones(alone((3,)).distribution)
        assert a.dim_data == (
            {
                "dist_type": "b",
                "size": 3,
                "proc_grid_rank": 0,
                "proc_grid_size": 1,
                "start": 0,
                "stop": 3,
            },
        )
        b = LocalArray.from_distarray(
            None, {"__version__": "0.10.0", "buffer": bytearray(3), "dim_data": ({},)}
        )
        assert (b.local_shape, b.dtype) == ((3,), np.uint8)
        assert la.arecompatible(a, b)

    def test_compatibility(self):
        a, b, c = alone((6, 5)), alone((6, 5), dtype=int), alone((5, 6))
        assert la.arecompatible(a, b)
        assert not la.arecompatible(a, c)
        assert a.asdist_like(b) is a
        with pytest.raises(IncompatibleArrayError):
            a.asdist_like(c)

    def test_synchronised(self):
        spmd(3, lambda comm: LocalArray(Distribution.from_shape(comm, (6,))).sync())


DOCUMENTED_UFUNCS = """
    absolute arccos arccosh arcsin arcsinh arctan arctanh conjugate cos cosh exp expm1
    invert log log10 log1p negative reciprocal rint sign sin sinh sqrt square tan tanh add
    arctan2 bitwise_and bitwise_or bitwise_xor divide floor_divide fmod hypot left_shift
    mod multiply power remainder right_shift subtract true_divide less less_equal equal
    not_equal greater greater_equal
""".split()


class TestUfuncs:
    def test_numpy_functions_give_local_arrays(self):
        a = la.fromfunction(lambda i, j: i + j, alone().distribution)
        n = a.ndarray.copy()
        for result, expected in [
            (np.sin(a), np.sin(n)),
            (a + 1, n + 1),
            (1 - a, 1 - n),
            (a * a, n * n),
            (a * n, n * n),
            (n * a, n * n),
            (-a, -n),
            (abs(-a), n),
            (a**2, n**2),
            (a // 2, n // 2),
            (a > 2, n > 2),
            (a == n, n == n),
            (a + np.arange(4), n + np.arange(4)),
        ]:
            assert isinstance(result, LocalArray)
            assert result.distribution is a.distribution
            np.testing.assert_array_equal(result.ndarray, expected, strict=True)

    def test_in_place(self):
        a = la.ones(alone().distribution)
        memory = a.ndarray
        alias = a
        a += 2
        a *= a
        assert a is alias
        assert a.ndarray is memory
        assert (memory == 9).all()
        b = la.empty_like(a)
        assert np.sqrt(a, out=b) is b
        assert (b.ndarray == 3).all()

    def test_several_results(self):
        a = la.fromfunction(lambda i, j: 4 * i + j, alone().distribution)
        for mine, numpys in zip(divmod(a, 3), divmod(a.ndarray, 3), strict=True):
            assert isinstance(mine, LocalArray)
            np.testing.assert_array_equal(mine.ndarray, numpys)
        fraction, exponent = np.frexp(a)
        assert exponent.dtype == np.int32
        np.testing.assert_array_equal(np.ldexp(fraction, exponent).ndarray, a.ndarray)

    def test_other_methods_of_ufuncs(self):
        a = la.fromfunction(lambda i, j: 4 * i + j, alone().distribution)
        assert np.add.reduce(a, axis=None) == 66
        assert np.sum(a) == 66
        assert np.mean(a) == 5.5
        assert np.add.accumulate(a, axis=1).shape == (3, 4)
        np.add.at(a, (0, 0), 5)
        assert a[0, 0] == 5
        masked = np.add(a, 100, where=a > 8, out=a.copy())
        assert (masked.ndarray > 100).sum() == 3

    def test_another_shape_is_no_local_array(self):
        a = la.ones(alone().distribution)
        assert type(a + np.ones((2, 3, 4))) is np.ndarray

    def test_incompatible_operands(self):
        a, b = la.ones(alone((6, 2)).distribution), la.ones(alone((6, 1)).distribution)
        with pytest.raises(IncompatibleArrayError):
            a + b
        with pytest.raises(IncompatibleArrayError):
            np.sin(a, out=b)

    def test_wrapping(self):
        a = la.ones(alone().distribution)
        b = a.__array_wrap__(np.zeros((3, 4)))
        assert isinstance(b, LocalArray)
        assert b.distribution is a.distribution
        with pytest.raises(RuntimeError):
            a.__array_wrap__(np.zeros(3))

    def test_all_documented_functions(self):
        from distarray import localapi

        assert len(DOCUMENTED_UFUNCS) == 49
        d = alone().distribution
        for name in DOCUMENTED_UFUNCS:
            function = getattr(la, name)
            assert function is getattr(localapi, name)
            assert function.__name__ == name
            ufunc = getattr(np, name)
            dtype = int if "bitwise" in name or "shift" in name or name == "invert" else float
            value = np.full((3, 4), 2 if dtype is int or name == "arccosh" else 0.5, dtype)
            operands = (LocalArray(d, buf=value),) * ufunc.nin
            result = function(*operands)
            assert isinstance(result, LocalArray)
            np.testing.assert_array_equal(result.ndarray, ufunc(*(value,) * ufunc.nin))
            out = la.empty_like(result)
            assert function(*operands, out) is out
            np.testing.assert_array_equal(out.ndarray, result.ndarray)
        with pytest.raises(AttributeError):
            la.no_such_function  # noqa: B018
