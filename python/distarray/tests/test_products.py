"""Dot products and norms, with NumPy and exact arithmetic as the oracles."""

from fractions import Fraction
from functools import partial

import numpy as np
import pytest

import distarray as da
from distarray.tests.oracle import (
    ENGINE_COUNTS,
    NATIVE,
    assert_same,
    context_of,
    layouts_of,
    outcome,
)
from distarray.tests.test_exact_sums import difficult, nearest

FLOATS = ("float16", "float32", "float64", "complex64", "complex128")
ORDERS = (None, 0, 1, 2, 3, 0.5, -1, -2, np.inf, -np.inf)


def values_of(dtype, shape, seed=0):
    """Return small integers of a dtype, whose products and sums have no errors."""
    random = np.random.RandomState(seed)
    values = random.randint(-3, 4, shape)
    if np.dtype(dtype).kind == "c":
        values = values + 1j * random.randint(-3, 4, shape)
    return np.abs(values).astype(dtype) if np.dtype(dtype).kind in "bu" else values.astype(dtype)


def exact_dot(left, right):
    """Return the real and the imaginary part of a dot product as fractions."""
    parts = [Fraction(0), Fraction(0)]
    for x, y in zip(left.tolist(), right.tolist(), strict=True):
        x, y = complex(x), complex(y)
        a, b, c, d = (Fraction(part) for part in (x.real, x.imag, y.real, y.imag))
        parts[0] += a * c - b * d
        parts[1] += a * d + b * c
    return parts


def rounded(parts, dtype):
    dtype = np.dtype(dtype)
    if dtype.kind != "c":
        return nearest(parts[0], dtype)
    real = np.float32 if dtype == np.complex64 else np.float64
    return dtype.type(complex(nearest(parts[0], real), nearest(parts[1], real)))


@pytest.mark.parametrize("engines", ENGINE_COUNTS)
@pytest.mark.parametrize("dtype", NATIVE)
def test_dot_is_numpys(engines, dtype):
    context = context_of(engines)
    a, b = values_of(dtype, 23), values_of(dtype, 23, 1)
    layouts = list(layouts_of(context, (23,)))
    for place, layout in enumerate(layouts):
        x = context.fromarray(a, layout)
        y = context.fromarray(b, layouts[(place + 1) % len(layouts)])
        for function in (np.dot, np.inner, np.vdot):
            assert_same(function(x, y), np.asarray(function(a, b)))
        assert_same(x.dot(b), np.asarray(a.dot(b)))
        assert_same(np.dot(a, y), np.asarray(a.dot(b)))
        assert_same(x @ y, np.asarray(a @ b))
        assert_same(a @ y, np.asarray(a @ b))


@pytest.mark.parametrize("engines", ENGINE_COUNTS)
@pytest.mark.parametrize("dtype", FLOATS)
def test_dot_is_exact(engines, dtype):
    context = context_of(engines)
    a, b = difficult(dtype, (150,), 3), difficult(dtype, (150,), 4)
    with np.errstate(all="ignore"):
        expected = rounded(exact_dot(a, b), dtype)
        conjugated = rounded(exact_dot(a.conj(), b), dtype)
    for layout in layouts_of(context, a.shape):
        x = context.fromarray(a, layout)
        y = context.fromarray(b)
        assert x.dot(y).toarray().tobytes() == np.asarray(expected).tobytes()
        assert np.vdot(x, y).toarray().tobytes() == np.asarray(conjugated).tobytes()


def test_vdot_takes_all_elements():
    context = context_of(3)
    a, b = values_of(complex, (6, 7)), values_of(complex, (6, 7), 1)
    x, y = context.fromarray(a), context.fromarray(b)
    assert_same(np.vdot(x, y), np.asarray(np.vdot(a, b)))
    assert_same(np.vdot(x.T, y.T), np.asarray(np.vdot(a.T, b.T)))
    assert_same(np.vdot(x[:1], y[0]), np.asarray(np.vdot(a[:1], b[0])))
    with pytest.raises(TypeError, match="no distributed form"):
        np.vdot(x, y.T)
    with pytest.raises(ValueError, match="cannot reshape"):
        np.vdot(x, y[0])


def test_dot_of_numbers_mixed_dtypes_and_views():
    context = context_of(2)
    a, b = values_of("int16", 20), values_of("float32", 20, 1)
    x, y = context.fromarray(a), context.fromarray(b)
    assert_same(np.dot(x, y), np.asarray(np.dot(a, b)))
    assert_same(np.dot(x, 3), np.dot(a, 3))
    assert_same(np.dot(2.5, y), np.dot(2.5, b))
    assert_same(x[::-2].dot(y[::2]), np.asarray(a[::-2].dot(b[::2])))
    assert_same((y + 1).dot(y * 2), np.asarray((b + 1).dot(b * 2)))
    assert_same(x[:0].dot(y[:0]), np.asarray(a[:0].dot(b[:0])))
    assert_same(da.dot(x, list(range(20))), np.asarray(np.dot(a, list(range(20)))))
    out = context.zeros((), dtype=np.float32)
    assert y.dot(y, out=out) is out
    assert_same(out, np.asarray(b.dot(b)))
    assert_same(np.dot(b, b, out=out), np.asarray(b.dot(b)))
    with pytest.raises(ValueError, match="output array is not acceptable"):
        y.dot(y, out=context.zeros((), dtype=float))


def test_what_numpy_says_of_infinities():
    context = context_of(2)
    for values in ([np.inf, 1.0], [np.inf, np.nan], [np.inf, -np.inf], [0.0, np.inf]):
        a, b = np.array(values), np.array([1.0, 0.0])
        with np.errstate(all="ignore"):
            expected = a.dot(b)
        found = context.fromarray(a).dot(b)
        assert np.array_equal(found.toarray(), expected, equal_nan=True)


def test_errors_are_numpys():
    context = context_of(2)
    a = np.ones(5)
    x = context.fromarray(a)
    for function in (np.dot, np.matmul):
        theirs, _ = outcome(partial(function, a, a[:3]))
        ours, _ = outcome(partial(function, x, x[:3]))
        assert type(ours) is type(theirs)
        assert str(ours) == str(theirs)
    matrix = context.ones((3, 5))
    for function in (np.dot, np.inner, np.matmul):
        with pytest.raises(TypeError, match="no distributed form yet"):
            function(matrix, x)


@pytest.mark.parametrize("engines", ENGINE_COUNTS)
@pytest.mark.parametrize("dtype", NATIVE)
def test_norms_are_numpys(engines, dtype):
    context = context_of(engines)
    a = values_of(dtype, (7, 12))
    for layout in layouts_of(context, a.shape):
        x = context.fromarray(a, layout)
        for axis in (None, 0, 1, -1, (0, 1), (1, 0)):
            for keepdims in (False, True):
                compare_norms(x, a, axis=axis, keepdims=keepdims)
        compare_norms(x[2], a[2])


@pytest.mark.parametrize("ord", ORDERS)
def test_norms_of_all_orders(ord):
    context = context_of(3)
    for dtype in ("int32", "float32", "float64", "complex128"):
        a = values_of(dtype, (5, 9)) + np.dtype(dtype).type(1)
        x = context.fromarray(a)
        compare_norms(x[1], a[1], ord=ord)
        for axis in (0, 1):
            compare_norms(x, a, ord=ord, axis=axis)
            compare_norms(x, a, ord=ord, axis=axis, keepdims=True)
        if ord not in (2, -2):
            compare_norms(x, a, ord=ord)
            compare_norms(x, a, ord=ord, axis=(1, 0), keepdims=True)


def compare_norms(x, a, **arguments):
    """Compare a norm with NumPy's, or an exception with its exception."""
    with np.errstate(all="ignore"):
        theirs, _ = outcome(lambda: np.linalg.norm(a, **arguments))
        ours, _ = outcome(lambda: np.linalg.norm(x, **arguments))
    if isinstance(theirs, Exception):
        assert type(ours) is type(theirs), ours
        assert str(ours) == str(theirs)
        return
    assert not isinstance(ours, Exception), ours
    theirs = np.asarray(theirs)
    assert ours.dtype == theirs.dtype, arguments
    assert ours.shape == theirs.shape, arguments
    precision = np.finfo(theirs.dtype).eps
    np.testing.assert_allclose(ours.toarray(), theirs, rtol=8 * a.size * precision)


def test_norms_have_the_same_bits_everywhere():
    a = np.random.RandomState(0).standard_normal((40, 30)) * 1e155
    expected = {}
    for engines in ENGINE_COUNTS:
        context = context_of(engines)
        for layout in layouts_of(context, a.shape):
            x = context.fromarray(a, layout)
            for axis in (None, 0, 1):
                found = np.linalg.norm(x, axis=axis).toarray().tobytes()
                assert expected.setdefault(axis, found) == found


def test_norms_do_not_overflow_on_the_way():
    context = context_of(2)
    for scale in (2.0**700, 2.0**-700):
        assert float(np.linalg.norm(context.fromarray([3 * scale, 4 * scale]))) == 5 * scale
    assert float(da.linalg.norm(context.fromarray([3.0, 4.0]))) == 5.0


def test_norms_of_infinities_are_infinite():
    values = np.zeros((40, 30))
    values[3, 4], values[30, 4], values[31, 5] = np.inf, -np.inf, np.nan
    for engines in ENGINE_COUNTS:
        context = context_of(engines)
        for layout in layouts_of(context, values.shape):
            x = context.fromarray(values, layout)
            with np.errstate(all="raise"):
                assert float(np.linalg.norm(x[:, 4])) == np.inf
                columns = np.linalg.norm(x, axis=0).toarray()
            np.testing.assert_array_equal(columns, np.linalg.norm(values, axis=0))


def test_norms_that_we_have_not():
    x = context_of(2).ones((3, 4))
    for ord in (2, -2, "nuc"):
        with pytest.raises(TypeError, match="singular values"):
            np.linalg.norm(x, ord)
    with pytest.raises(ValueError, match="Invalid norm order"):
        np.linalg.norm(x, 5)
    with pytest.raises(ValueError, match="Improper number of dimensions"):
        np.linalg.norm(x, axis=(0, 1, 1))
