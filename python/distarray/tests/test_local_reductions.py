"""Reductions by all engines against NumPy on the whole array."""

from itertools import combinations

import numpy as np
import pytest

from distarray.localapi import localarray as la
from distarray.localapi.localarray import LocalArray
from distarray.tests.local_distributions import CASES, dim_dict, distribution, grids, part
from distarray.tests.spmd import spmd

REDUCERS = {
    "sum": la.sum_reducer,
    "min": la.min_reducer,
    "max": la.max_reducer,
    "mean": la.mean_reducer,
    "var": la.var_reducer,
    "std": la.std_reducer,
}


def reduce_everywhere(whole, kinds, grid, axes, reducer, dtype):
    """Reduce on all engines; return the assembled result."""
    kept = [axis for axis in range(whole.ndim) if axis not in axes]
    out_grid = [grid[axis] for axis in kept]
    ddpr = [
        [
            dim_dict(kinds[axis], whole.shape[axis], grid[axis], int(place))
            for axis, place in zip(kept, places, strict=True)
        ]
        for places in np.ndindex(*out_grid)
    ]

    def body(comm):
        dist = distribution(comm, whole.shape, kinds, grid)
        coords = dist.cart_coords
        lowest = all(coords[axis] == 0 for axis in axes)
        out_comm = comm.Split(0 if lowest else -32766, comm.rank)
        local = LocalArray(dist, buf=part(whole, dist))
        result = la.local_reduction(out_comm, reducer, local, ddpr, dtype, axes)
        assert (result is None) is not lowest
        return result

    parts = [result for result in spmd(int(np.prod(grid, dtype=int)), body) if result is not None]
    assembled = np.empty([whole.shape[axis] for axis in kept], parts[0].dtype)
    for result in parts:
        for index, value in la.ndenumerate(result):
            assembled[index] = value
    return assembled


@pytest.mark.parametrize("name", REDUCERS)
@pytest.mark.parametrize(("shape", "kinds", "size"), CASES)
def test_reductions(name, shape, kinds, size):
    whole = np.random.RandomState(1).randint(-20, 20, shape)
    for data in (whole, whole / 7):
        for grid in grids(kinds, size)[:2]:
            for count in range(len(shape) + 1):
                for axes in combinations(range(len(shape)), count):
                    if 0 in shape and axes and name != "sum":
                        continue
                    expected = np.asarray(getattr(data, name)(axis=axes))
                    got = reduce_everywhere(data, kinds, grid, axes, REDUCERS[name], None)
                    assert got.dtype == expected.dtype
                    np.testing.assert_allclose(got, expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("name", REDUCERS)
@pytest.mark.parametrize("dtype", ["?", "i1", "u4", "f4", "c16"])
def test_dtypes(name, dtype):
    data = np.array([[0, 1, 2], [4, 1, 1], [3, 9, 5], [1, 1, 0]]).astype(dtype)
    expected = np.asarray(getattr(data, name)(axis=0))
    got = reduce_everywhere(data, ("b", "c"), (2, 2), (0,), REDUCERS[name], None)
    assert got.dtype == expected.dtype
    np.testing.assert_allclose(got, expected, rtol=1e-6)


@pytest.mark.parametrize("name", ["sum", "mean", "var"])
def test_a_given_dtype(name):
    data = np.arange(12.0).reshape(4, 3)
    expected = getattr(data, name)(axis=1, dtype="f4")
    got = reduce_everywhere(data, ("b", "n"), (3, 1), (1,), REDUCERS[name], "f4")
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, expected, rtol=1e-6)


@pytest.mark.parametrize("name", ["min", "max", "mean", "sum"])
def test_nan(name):
    data = np.array([1.0, np.nan, 3, 4, 0])
    assert np.isnan(reduce_everywhere(data, ("c",), (3,), (0,), REDUCERS[name], None))


def test_the_extreme_of_nothing():
    with pytest.raises(ValueError, match="zero-size array to reduction operation minimum"):
        reduce_everywhere(np.empty(0), ("b",), (2,), (0,), la.min_reducer, None)


def test_the_mean_of_nothing():
    with pytest.warns(RuntimeWarning, match="Mean of empty slice"):
        got = reduce_everywhere(np.empty(0), ("b",), (1,), (0,), la.mean_reducer, None)
    assert np.isnan(got)


def test_variance_does_not_cancel():
    data = 1e9 + np.arange(10.0)
    got = reduce_everywhere(data, ("b",), (3,), (0,), la.var_reducer, None)
    np.testing.assert_allclose(got, np.arange(10.0).var(), rtol=1e-12)
