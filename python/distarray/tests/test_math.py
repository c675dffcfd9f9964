"""Elementary functions: how far values are from the truth, and which exceptions are reported."""

import sys

import numpy as np
import pytest

from distarray.tests.oracle import context_of

# By how much of the last place a value may be off.
LIMITS = dict.fromkeys(
    (
        "exp exp2 expm1 log log2 log10 log1p sin cos tan arcsin arccos arctan cbrt hypot sinh cosh "
        "tanh arcsinh arccosh arctanh power arctan2"
    ).split(),
    2.0,
) | dict.fromkeys(("sinh", "cosh", "tanh"), 3.0)
BINARY = ("hypot", "power", "arctan2")
UNARY = [name for name in LIMITS if name not in BINARY]


def values(name, *arrays):
    """Return what our function gives for NumPy arrays."""
    context = context_of(2)
    with np.errstate(all="ignore"):
        return getattr(np, name)(*(context.fromarray(array) for array in arrays)).toarray()


def errors(found, truth):
    """Return how many units in the last place values are off; infinity and NaN must be met."""
    dtype = found.dtype
    nearest = truth.astype(dtype)
    same = (found == nearest) | (np.isnan(found) & np.isnan(nearest))
    info = np.finfo(dtype)
    exponents = np.frexp(truth)[1] - info.nmant - 1
    units = np.ldexp(truth.dtype.type(1), np.maximum(exponents, info.minexp - info.nmant))
    return np.where(same, 0, np.abs(found - truth) / units)


def points(name, size=20_000):
    """Return arguments from the whole range, and where a function is hard."""
    rng = np.random.default_rng(3)
    bits = rng.integers(0, 2**64, size, np.uint64).view(np.float64)
    scaled = rng.choice([-1.0, 1.0], size) * np.exp2(rng.uniform(-60, 60, size))
    near_one = 1 + rng.choice([-1.0, 1.0], size) * np.exp2(rng.uniform(-52, 0, size))
    multiples = np.rint(scaled * 2.0**-20) * (np.pi / 2)
    thresholds = rng.choice([-1.0, 1.0], size) * rng.uniform(700, 750, size)
    plain = rng.uniform(-3, 3, size)
    return np.concatenate([bits, scaled, near_one, multiples, thresholds, plain, plain * 100])


needs_long_doubles = pytest.mark.skipif(
    np.finfo(np.longdouble).nmant < 63 or sys.platform == "win32",
    reason="the truth is computed in long doubles",
)


@needs_long_doubles
@pytest.mark.parametrize("name", UNARY)
def test_doubles_are_near_the_truth(name):
    x = points(name)
    with np.errstate(all="ignore"):
        truth = getattr(np, name)(x.astype(np.longdouble))
        off = errors(values(name, x), truth)
    worst = np.argmax(off)
    assert off[worst] <= LIMITS[name], (x[worst], off[worst])


@needs_long_doubles
@pytest.mark.parametrize("name", BINARY)
def test_doubles_of_two_numbers_are_near_the_truth(name):
    a = points(name)
    b = np.random.default_rng(4).permutation(a)
    if name == "power":
        exponents = np.log2(np.abs(a), where=a != 0, out=np.ones_like(a))
        with np.errstate(all="ignore"):
            near = b % 1100 / exponents
        b = np.where(np.arange(len(b)) % 2, b, near)
    with np.errstate(all="ignore"):
        truth = getattr(np, name)(a.astype(np.longdouble), b.astype(np.longdouble))
        off = errors(values(name, a, b), truth)
    worst = np.argmax(off)
    assert off[worst] <= LIMITS[name], (a[worst], b[worst], off[worst])


@pytest.mark.parametrize("name", UNARY)
def test_one_single_of_256_is_near_the_truth(name):
    for part in range(16):
        bits = np.arange(part << 28, part + 1 << 28, 257, np.uint32)
        x = bits.view(np.float32)
        with np.errstate(all="ignore"):
            truth = getattr(np, name)(x.astype(float))
            off = errors(values(name, x), truth)
        worst = np.argmax(off)
        assert off[worst] <= LIMITS[name], (x[worst], off[worst])


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("name", list(LIMITS))
def test_only_what_happened_is_reported(name, dtype):
    # Of the same exception NumPy and we must warn, or neither, wherever the number stands.
    info = np.finfo(dtype)
    special = [0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 2.0, -2.0, 30.0, -30.0, 1e4, -1e4]
    special += [float(info.max), -float(info.max), np.inf, -np.inf, np.nan]
    others = [0.5, 3.0] if name in BINARY else [None]
    for number in special:
        for other in others:
            for place in 0, 5, 99:
                x = np.full(100, 1.0, dtype)
                x[place] = number
                arrays = [x] if other is None else [x, np.full(100, other, dtype)]
                seen = []
                for call in (getattr(np, name), lambda *arrays: values_seen(name, *arrays)):
                    met = set()
                    with np.errstate(all="call", call=lambda words, flag, met=met: met.add(words)):
                        call(*arrays)
                    seen.append(met - {"underflow"})
                assert seen[0] == seen[1], (number, other, place)


def values_seen(name, *arrays):
    """Evaluate our function under the error state of the caller."""
    context = context_of(2)
    return getattr(np, name)(*(context.fromarray(array) for array in arrays)).toarray()


@pytest.mark.parametrize("dtype", ["?", "i1", "u2", "i4", "i8", "f2", "f4", "f8", "c8", "c16", "g"])
def test_scipys_error_function(dtype):
    special = pytest.importorskip("scipy.special")
    theirs = np.linspace(-7, 7, 1001).astype(dtype)
    ours = context_of(2).fromarray(theirs)
    try:
        expected = special.erf(theirs)
    except TypeError:
        with pytest.raises(TypeError):
            special.erf(ours)
        return
    found = special.erf(ours)
    assert found.dtype == expected.dtype
    rtol = 4 * float(np.finfo(expected.dtype).eps)
    np.testing.assert_allclose(found.toarray(), expected, rtol=rtol)
    out = context_of(2).zeros(ours.distribution, expected.dtype)
    assert special.erf(ours, out=out) is out
    np.testing.assert_allclose(out.toarray(), expected, rtol=rtol)
