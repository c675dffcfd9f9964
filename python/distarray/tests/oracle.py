"""What tests of arrays share: contexts, distributions of every kind, and comparison with NumPy."""

import itertools
import warnings
from functools import cache

import numpy as np
import pytest

from distarray.globalapi import Context, DistArray, Distribution
from distarray.globalapi._deferred import evaluate

ENGINE_COUNTS = (1, 2, 3, 4, 7)

# Letters of distribution types, and two of our own: B for irregular blocks, k for block-cyclic.
KINDS = {
    0: ("",),
    1: ("n", "b", "B", "c", "k", "u"),
    2: ("bn", "nb", "bb", "Bc", "ck", "un", "uB", "nu"),
    3: ("bnc", "nuB", "kbn"),
}

NATIVE = (
    "?",
    "i1",
    "u1",
    "i2",
    "u2",
    "i4",
    "u4",
    "i8",
    "u8",
    "f2",
    "f4",
    "f8",
    "F",
    "D",
)


@cache
def context_of(engines):
    """Return a context with so many engines, the same for all tests."""
    return Context(nengines=engines)


def grid_of(kinds, engines):
    """Spread engines over the distributed axes, as evenly as it goes."""
    distributed = [axis for axis, kind in enumerate(kinds) if kind != "n"]
    grid = [1] * len(kinds)
    if len(distributed) == 1:
        grid[distributed[0]] = engines
    elif distributed:
        first = max(size for size in range(1, engines + 1) if size * size <= engines)
        grid[distributed[0]] = first
        grid[distributed[1]] = engines // first
    return grid


def axis_dict(kind, size, places, seed):
    """Return the global dimension dictionary of an axis; irregular pieces may be empty."""
    random = np.random.RandomState(seed)
    cuts = [0, *sorted(random.randint(0, size + 1, places - 1).tolist()), size]
    if kind == "n":
        return {"dist_type": "n", "size": size}
    if kind == "b":
        step = -(-size // places)
        bounds = [min(place * step, size) for place in range(places + 1)]
        return {"dist_type": "b", "bounds": bounds}
    if kind == "B":
        return {"dist_type": "b", "bounds": cuts}
    if kind in "ck":
        dealt = {"dist_type": "c", "size": size, "proc_grid_size": places}
        return dealt if kind == "c" else {**dealt, "block_size": 2}
    shuffled = random.permutation(size)
    pieces = [shuffled[start:stop] for start, stop in itertools.pairwise(cuts)]
    return {"dist_type": "u", "indices": pieces}


def layout_of(context, shape, kinds, seed=0):
    """Return a distribution of a shape, by a letter for each axis."""
    grid = grid_of(kinds, context.nengines)
    dicts = [
        axis_dict(kind, size, places, seed + axis)
        for axis, (kind, size, places) in enumerate(zip(kinds, shape, grid, strict=True))
    ]
    return Distribution.from_global_dim_data(context, dicts)


def layouts_of(context, shape):
    """Go through distributions of a shape of every kind."""
    for kinds in KINDS[len(shape)]:
        yield layout_of(context, shape, kinds)


def sample(shape, dtype, seed=0):
    """Return an array with ordinary and extreme values of a dtype."""
    dtype = np.dtype(dtype)
    random = np.random.RandomState(seed)
    size = int(np.prod(shape))
    if dtype.kind == "b":
        values = random.randint(0, 2, size).astype(bool)
    elif dtype.kind in "iu":
        info = np.iinfo(dtype)
        values = random.randint(0, 7, size).astype(dtype)
        special = np.array([0, 1, info.max, info.min, 2], dtype)
        values[: len(special)] = special[: min(size, len(special))]
    else:
        values = random.standard_normal(size)
        if dtype.kind == "c":
            values = values + 1j * random.standard_normal(size)
        values = values.astype(dtype)
        special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 0.5], dtype)
        values[: len(special)] = special[: min(size, len(special))]
    random.shuffle(values)
    return values.reshape(shape)


def assert_same(actual, expected):
    """Check that a DistArray is what NumPy has: shape, dtype, and every bit but those of NaNs."""
    assert isinstance(actual, DistArray), type(actual)
    assert actual.dtype == np.asarray(expected).dtype
    assert actual.shape == np.shape(expected)
    values = actual.toarray()
    assert_bits(values, np.asarray(expected))


def assert_bits(values, expected):
    """Check that two NumPy arrays have the same bits, NaNs aside."""
    assert values.dtype == expected.dtype
    assert values.shape == expected.shape
    np.testing.assert_array_equal(values, expected)
    if expected.dtype.kind in "fc":
        for part in "real", "imag":
            signs = np.signbit(getattr(values, part))
            expected_signs = np.signbit(getattr(expected, part))
            is_number = ~np.isnan(getattr(expected, part))
            np.testing.assert_array_equal(signs[is_number], expected_signs[is_number])


def assert_close(actual, expected, terms=1, scale=1.0):
    """Check that a DistArray is what NumPy has, up to the order of floating additions.

    There are so many `terms`, the largest of size `scale`.
    """
    expected = np.asarray(expected)
    assert isinstance(actual, DistArray), type(actual)
    assert actual.dtype == expected.dtype
    assert actual.shape == expected.shape
    epsilon = np.finfo(expected.dtype).eps if expected.dtype.kind in "fc" else 0
    tolerance = float(4 * max(terms, 1) * epsilon)
    np.testing.assert_allclose(actual.toarray(), expected, rtol=tolerance, atol=tolerance * scale)


def _each(result):
    return result if isinstance(result, tuple) else (result,)


def outcome(function):
    """Call a function: return its result or the type of its exception, and the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = function()
            # What waits would warn later, of what NumPy warns of at the call.
            evaluate(*(item for item in _each(result) if isinstance(item, DistArray)))
        except Exception as error:
            result = error
    messages = sorted({(warning.category.__name__, str(warning.message)) for warning in caught})
    return result, messages


def assert_raised(ours, theirs):
    """Check that an exception is what NumPy raises, or a class of ours that says the same."""
    assert isinstance(theirs, Exception)
    assert isinstance(ours, type(theirs)), (ours, theirs)
    assert str(ours).startswith(str(theirs))


def assert_read_only(a):
    """Check that no way to write to an array, of two axes and larger than (4, 5), does so."""
    for attempt in (
        lambda: a.__setitem__(0, 1),
        lambda: a.__setitem__((3, slice(2, 5)), np.ones(3)),
        lambda: a.__iadd__(1),
        lambda: a.fill(3),
        lambda: a[2:5].fill(3),
        lambda: a.T.__setitem__(Ellipsis, 2),
        lambda: a.__setitem__(Ellipsis, a + 1),
        lambda: np.add(a, 1, out=a),
    ):
        with pytest.raises(ValueError, match="read-only"):
            attempt()
