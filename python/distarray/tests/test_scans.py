"""Cumulative sums and their like, with NumPy as the oracle."""

import math
import warnings
from itertools import accumulate

import numpy as np
import pytest

from distarray.error import CommunicationForbiddenError
from distarray.globalapi import Context, Distribution
from distarray.tests.oracle import (
    ENGINE_COUNTS,
    NATIVE,
    assert_bits,
    assert_raised,
    assert_same,
    context_of,
    layouts_of,
    outcome,
    sample,
)

UFUNCS = (np.add, np.multiply, np.minimum, np.maximum, np.logical_and, np.logical_or)
LONG = 5000


def numbers(shape):
    """Return numbers of many sizes and both signs."""
    random = np.random.RandomState(3)
    return random.standard_normal(shape) * np.exp2(random.randint(-20, 20, shape))


def is_rounded(ufunc, dtype):
    """Whether results are sums of floats, which NumPy rounds after every element."""
    return ufunc is np.add and np.dtype(dtype).kind in "fc"


def compare(ufunc, ours, theirs, array, axis):
    """Compare with NumPy's result; sums of floats up to the error of NumPy's."""
    if not is_rounded(ufunc, theirs.dtype):
        assert_same(ours, theirs)
        return
    assert ours.dtype == theirs.dtype
    assert ours.shape == theirs.shape
    kind = theirs.dtype
    finite = np.where(np.isfinite(array), np.abs(array), 0).astype(float)
    sizes = np.cumsum(finite, axis=axis)
    length = sizes.size if axis is None else sizes.shape[axis]
    values = ours.toarray()
    assert ((np.isfinite(values)) == np.isfinite(theirs)).all()
    epsilon = float(np.finfo(kind).eps)
    difference = np.abs(np.where(np.isfinite(theirs), values - theirs, 0).astype(complex))
    assert (difference <= 2 * length * epsilon * sizes).all()


@pytest.mark.parametrize("engines", ENGINE_COUNTS)
@pytest.mark.parametrize("dtype", NATIVE)
def test_dtypes_and_layouts(dtype, engines):
    context = context_of(engines)
    array = sample((7, 6), dtype)
    with np.errstate(all="ignore"):
        for layout in layouts_of(context, array.shape):
            distributed = context.fromarray(array, distribution=layout)
            for ufunc in UFUNCS:
                for axis in (0, 1, -1):
                    theirs = ufunc.accumulate(array, axis)
                    ours = ufunc.accumulate(distributed, axis)
                    compare(ufunc, ours, theirs, array, axis)
                    assert ours.distribution.is_compatible(layout)
            for ufunc, function in ((np.add, np.cumsum), (np.multiply, np.cumprod)):
                for axis in (None, 0, -1):
                    theirs = function(array, axis)
                    compare(ufunc, function(distributed, axis), theirs, array, axis)
                    method = getattr(distributed, function.__name__)
                    compare(ufunc, method(axis=axis), theirs, array, axis)


@pytest.mark.parametrize("shape", [(), (0,), (1,), (0, 3), (3, 0), (LONG,), (2, 3, 4)])
def test_shapes(shape):
    context = context_of(3)
    array = numbers(shape)
    distributed = context.fromarray(np.asarray(array))
    for axis in (None, *range(-len(shape), len(shape))):
        for ufunc, function in ((np.add, np.cumsum), (np.multiply, np.cumprod)):
            with np.errstate(all="ignore"):
                theirs = function(array, axis)
                compare(ufunc, function(distributed, axis), theirs, np.asarray(array), axis)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "D"])
@pytest.mark.parametrize("shape", [(LONG,), (700, 6), (6, 700)])
def test_bits_depend_on_neither_engines_nor_layouts(shape, dtype):
    with np.errstate(all="ignore"):
        array = numbers(shape).astype(dtype)
    single = context_of(1).fromarray(array)
    axes = (None, *range(len(shape)))
    sums = {axis: single.cumsum(axis).toarray() for axis in axes}
    for engines in ENGINE_COUNTS:
        context = context_of(engines)
        for layout in layouts_of(context, shape):
            distributed = context.fromarray(array, distribution=layout)
            for axis in axes:
                assert_bits(distributed.cumsum(axis).toarray(), sums[axis])


def test_sums_are_near_the_exact_ones():
    values = numbers(LONG)
    results = context_of(3).fromarray(values).cumsum().toarray()
    size = 0.0
    for place in range(0, LONG, 97):
        size = math.fsum(np.abs(values[: place + 1]))
        exact = math.fsum(values[: place + 1])
        assert abs(results[place] - exact) <= 256 * np.finfo(float).eps * size
    # One tenth, rounded to single precision, ten thousand times.
    tenths = context_of(2).fromarray(np.full(10_000, 0.1, "f4")).cumsum().toarray()
    exact = [np.float32(total) for total in accumulate([float(np.float32(0.1))] * 10_000)]
    np.testing.assert_array_max_ulp(tenths, np.array(exact), 1)
    # Sums of what is not negative don't descend.
    rising = context_of(3).fromarray(np.abs(values)).cumsum().toarray()
    assert (np.diff(rising) >= 0).all()


def test_integers_wrap_and_are_widened():
    array = np.array([100, 100, 100], "i1")
    distributed = context_of(2).fromarray(array)
    assert_same(distributed.cumsum(), np.cumsum(array))
    assert_same(distributed.cumsum(dtype="i1"), np.cumsum(array, dtype="i1"))
    assert_same(distributed.cumprod(dtype="u1"), np.cumprod(array, dtype="u1"))
    assert_same(np.cumsum(distributed, dtype=float), np.cumsum(array, dtype=float))
    assert_same(np.add.accumulate(distributed, dtype=bool), np.add.accumulate(array, dtype=bool))
    truths = np.arange(20) % 3 == 0
    assert_same(context_of(3).fromarray(truths).cumsum(), truths.cumsum())


def test_views_and_pending_arrays():
    array = np.arange(60).reshape(6, 10)
    for engines in ENGINE_COUNTS:
        context = context_of(engines)
        distributed = context.fromarray(array)
        for index in (np.s_[::-1], np.s_[1::2, ::3], np.s_[:, 4], np.s_[::-2, ::-1]):
            for axis in (None, 0, -1):
                assert_same(distributed[index].cumsum(axis), array[index].cumsum(axis))
        assert_same(distributed.T.cumsum(0), array.T.cumsum(0))
        assert_same((distributed * 2 + 1).cumsum(1), (array * 2 + 1).cumsum(1))
        assert_same(distributed.cumsum(1) - 1, array.cumsum(1) - 1)


def test_out():
    array = np.arange(12).reshape(3, 4)
    context = context_of(2)
    distributed = context.fromarray(array)
    out = context.zeros((3, 4), dtype=int)
    assert distributed.cumsum(1, out=out) is out
    assert_same(out, array.cumsum(1))
    assert np.add.accumulate(distributed, 0, out=out) is out
    assert_same(out, array.cumsum(0))
    host = np.zeros((3, 4))
    assert np.cumsum(distributed, axis=0, out=host) is host
    assert_bits(host, array.cumsum(0).astype(float))
    assert np.cumsum(array, axis=0, out=out) is out
    assert distributed.cumsum(0, out=distributed) is distributed
    assert_same(distributed, array.cumsum(0))
    small = np.array([100, 100, 100], "i1")
    ours, theirs = context.zeros(3, dtype="i1"), np.zeros(3, "i1")
    assert_same(context.fromarray(small).cumsum(out=ours), np.cumsum(small, out=theirs))
    halves = np.array([0.6, 0.6, 0.6])
    ours, theirs = context.zeros(3, dtype=int), np.zeros(3, int)
    assert_same(context.fromarray(halves).cumsum(out=ours), np.cumsum(halves, out=theirs))
    with pytest.raises(ValueError, match="provided out is the wrong size for the accumulation"):
        distributed.cumsum(out=out)


def test_errors_are_those_of_numpy():
    array = np.ones((2, 3))
    context = context_of(2)
    distributed = context.fromarray(array)
    cases = [
        lambda a: np.cumsum(a, axis=2),
        lambda a: np.cumprod(a, axis=-3),
        lambda a: np.cumsum(a, axis=(0,)),
        lambda a: np.cumsum(a, axis=0.5),
        lambda a: np.add.accumulate(a, axis=None),
        lambda a: np.add.accumulate(a, axis=(0, 1)),
        lambda a: np.add.accumulate(a, axis=5),
        lambda a: np.add.accumulate(a[0, 0:1].sum()),
        lambda a: np.logical_or.accumulate(a, dtype=float),
        lambda a: np.cumsum(a, dtype="U3"),
    ]
    for case in cases:
        theirs, _ = outcome(lambda case=case: case(array))
        ours, _ = outcome(lambda case=case: case(distributed))
        assert_raised(ours, theirs)
    text = context.fromarray(np.array(["a", "b"]))
    with pytest.raises(TypeError, match="not compatible"):
        np.cumsum(text)
    times = context.fromarray(np.arange(3).astype("m8[s]"))
    with pytest.raises(TypeError, match=r"of timedelta64\[s\] .* has no distributed form yet"):
        np.cumsum(times)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(np.exceptions.ComplexWarning):
            np.cumsum(context.fromarray(np.ones(3, complex)), dtype=float)


@pytest.mark.skipif(not hasattr(np, "cumulative_sum"), reason="NumPy has it since 2.1")
def test_the_forms_of_the_array_api():
    array = np.arange(6).reshape(2, 3)
    distributed = context_of(2).fromarray(array)
    assert_same(np.cumulative_sum(distributed, axis=1), np.cumulative_sum(array, axis=1))
    assert_same(np.cumulative_prod(distributed[1]), np.cumulative_prod(array[1]))
    with pytest.raises(ValueError, match="``axis`` argument is required"):
        np.cumulative_sum(distributed)
    with pytest.raises(TypeError, match="include_initial=True"):
        np.cumulative_sum(distributed, axis=0, include_initial=True)


def test_communication_can_be_forbidden():
    with Context(nengines=2, communication="error") as context:
        blocks = context.fromarray(numbers(12))
        blocks.cumsum()
        cyclic = context.fromarray(numbers(12), distribution=Distribution(context, (12,), dist="c"))
        with pytest.raises(CommunicationForbiddenError, match="accumulation would move 96 bytes"):
            cyclic.cumsum()
