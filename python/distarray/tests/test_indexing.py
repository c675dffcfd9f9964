"""Indexing, views and assignment, with NumPy as the oracle."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import distarray as da
from distarray.tests.oracle import (
    ENGINE_COUNTS,
    KINDS,
    assert_bits,
    assert_same,
    context_of,
    layout_of,
    layouts_of,
    outcome,
    sample,
)

INDICES = (
    3,
    -1,
    (0, 2),
    (-1, -1),
    (),
    ...,
    slice(None),
    slice(1, 4),
    slice(None, None, 2),
    slice(None, None, -1),
    slice(5, 1, -2),
    slice(4, 2),
    slice(-3, 100),
    (slice(None), 1),
    (slice(1, None), slice(None, None, -2)),
    (..., 0),
    (0, ...),
    (..., slice(1, 3)),
    (None, 2),
    (slice(None), None, slice(2)),
    (..., None),
    (None, None),
    (np.int8(2), np.uint64(1)),
    (slice(2, 3), slice(0, 0)),
)
WRONG = (
    6,
    -7,
    (0, 0, 0),
    (0, 4),
    1.5,
    "x",
    (0, "x"),
    slice(None, None, 0),
    (slice(1.5), 0),
    2**70,
)
LATER = ([0, 1], np.array([1, 2]), np.array([True] * 6), True, ([0, 1], [1, 2]), np.array(True))


def arrays_of(engines, shape=(6, 4), dtype=np.int64):
    """Go through the same array in every distribution."""
    array = np.arange(np.prod(shape), dtype=dtype).reshape(shape)
    context = context_of(engines)
    for layout in layouts_of(context, shape):
        yield array, context.fromarray(array, layout)


def assert_found(ours, theirs):
    """Compare what two index expressions found: arrays or scalars."""
    if isinstance(theirs, np.ndarray):
        assert_same(ours, theirs)
    else:
        assert type(ours) is type(theirs)
        assert ours == theirs


@pytest.mark.parametrize("engines", ENGINE_COUNTS)
def test_reading(engines):
    for theirs, ours in arrays_of(engines):
        for index in INDICES:
            assert_found(ours[index], theirs[index])
    for theirs, ours in arrays_of(engines, (3, 1, 4)):
        for index in (0, (slice(None), 0, 1), (..., 2), (2, 0, 3), (slice(None, None, -1), ...)):
            assert_found(ours[index], theirs[index])


@pytest.mark.parametrize("engines", [1, 3])
def test_errors(engines):
    for theirs, ours in arrays_of(engines):
        for index in WRONG:
            expected, _ = outcome(lambda i=index, a=theirs: a[i])
            result, _ = outcome(lambda i=index, a=ours: a[i])
            assert type(result) is type(expected), (index, result, expected)
            result, _ = outcome(lambda i=index, a=ours: a.__setitem__(i, 0))
            assert type(result) is type(expected), (index, result, expected)
        for index in LATER:
            with pytest.raises(IndexError, match="not supported yet"):
                ours[index]
            if isinstance(index, np.ndarray) and index.dtype == bool:
                continue  # one value can be assigned to what a mask chooses
            with pytest.raises(IndexError, match="not supported yet"):
                ours[index] = 0
        with pytest.raises(IndexError, match="index 9 is out of bounds for axis 0 with size 6"):
            ours[9]


def test_no_axes():
    context = context_of(3)
    array = context.fromarray(np.array(5))
    assert_same(array[...], np.array(5))
    assert_found(array[()], np.int64(5))
    assert_same(array[None], np.array([5]))
    array[()] = 6
    array[...] += 1
    assert_same(array, np.array(7))
    for wrong in lambda: array[0], lambda: len(array), lambda: list(array):
        with pytest.raises((IndexError, TypeError)):
            wrong()
    # NumPy takes several Ellipsis for a mistake; programs for older versions of ours have them.
    assert_same(context.arange(6)[..., 1:, ...], np.arange(1, 6))


@pytest.mark.parametrize("engines", ENGINE_COUNTS)
def test_a_slice_is_a_view(engines):
    for theirs, ours in arrays_of(engines):
        theirs = theirs.copy()
        for index in INDICES:
            if not isinstance(theirs[index], np.ndarray):
                continue
            their_view, our_view = theirs[index], ours[index]
            theirs[...] += 1
            ours[...] += 1
            assert_same(our_view, their_view)
            their_view *= 3
            our_view *= 3
            assert_same(ours, theirs)
            their_part, our_part = their_view[..., ::-1], our_view[..., ::-1]
            their_part[...] -= 7
            our_part[...] -= 7
            assert_same(ours, theirs)
            assert_same(our_part, their_part)


VALUES = (
    -1,
    2.9,
    np.float32(7.5),
    True,
    [1, 2, 3, 4],
    np.arange(4),
    np.arange(4.0) + 0.5,
    np.arange(24, dtype="i2").reshape(6, 4),
    np.array(3),
    np.array([3]),
    np.ones((1, 1, 6, 4)),
)


@pytest.mark.parametrize("engines", [1, 2, 7])
def test_writing(engines):
    for dtype in "i8", "f4", "u1":
        for theirs, ours in arrays_of(engines, dtype=dtype):
            theirs = theirs.copy()
            for index in INDICES:
                for value in VALUES:
                    if np.ndim(theirs[index]) == 0 and np.ndim(value) > 0:
                        # NumPy's opinion depends on how the index is written, and on its version.
                        continue
                    expected, _ = outcome(lambda a=theirs, i=index, v=value: a.__setitem__(i, v))
                    result, _ = outcome(lambda a=ours, i=index, v=value: a.__setitem__(i, v))
                    assert type(result) is type(expected), (index, value, result, expected)
                    assert str(result) == str(expected), (index, value)
                assert_same(ours, theirs)


@pytest.mark.parametrize("engines", [1, 2, 3])
def test_writing_distributed_values(engines):
    context = context_of(engines)
    for theirs, ours in arrays_of(engines):
        theirs = theirs.copy()
        for kinds in "bn", "cn", "uB":
            values = np.arange(100, 124, dtype="f4").reshape(6, 4)
            theirs[...] = values
            ours[...] = context.fromarray(values, layout_of(context, (6, 4), kinds))
            assert_same(ours, theirs)
            theirs[::2] = values[1::2]
            ours[::2] = context.fromarray(values, layout_of(context, (6, 4), kinds))[1::2]
            assert_same(ours, theirs)
        theirs[1:, ::-1] = np.arange(4)
        ours[1:, ::-1] = context.arange(4)
        theirs[:, 0] = theirs[0, 0]
        ours[:, 0] = ours.sum(axis=1, keepdims=True)[0, 0]
        ours[:, 0] = ours[:1, :1].max() * 0 + int(theirs[0, 0])
        assert_same(ours, theirs)
        with pytest.raises(ValueError, match="could not broadcast input array"):
            ours[...] = context.arange(5)
        with pytest.raises(da.error.ContextError):
            ours[...] = context_of(7 if engines != 7 else 1).arange(4)


@pytest.mark.parametrize("engines", ENGINE_COUNTS)
def test_source_and_destination_may_overlap(engines):
    for theirs, ours in arrays_of(engines):
        theirs = theirs.copy()
        for there, here in (
            (slice(1, None), slice(None, -1)),
            (slice(None, -1), slice(1, None)),
            (slice(None), slice(None, None, -1)),
            ((slice(None), slice(1, None)), (slice(None), slice(None, -1))),
            (slice(None, None, 2), slice(1, None, 2)),
        ):
            theirs[there] = theirs[here]
            ours[there] = ours[here]
            assert_same(ours, theirs)


def test_values_that_do_not_fit():
    context = context_of(2)
    for dtype, value in [
        ("u1", 256),
        ("i8", float("nan")),
        ("f8", 1j),
        ("i8", "x"),
        ("f8", None),
        ("f8", [1, [2, 3]]),
        ("f8", object()),
        ("i8", "12"),
        ("f8", np.complex128(1j)),
        ("f8", np.array([1j, 2])),
    ]:
        theirs, ours = np.zeros(2, dtype), context.zeros((2,), dtype)
        expected, their_warnings = outcome(lambda a=theirs, v=value: a.__setitem__(slice(2), v))
        result, our_warnings = outcome(lambda a=ours, v=value: a.__setitem__(slice(2), v))
        assert type(result) is type(expected), (value, result, expected)
        assert our_warnings == their_warnings
        assert_same(ours, theirs)


def test_values_that_a_dtype_cannot_hold_are_reported():
    context = context_of(3)
    values = np.array([1.5, np.nan, np.inf, 1e300])
    for dtype in "i8", "f4", "?", "D":
        for value in (
            values,
            context.fromarray(values),
            context.fromarray(values, layout_of(context, (4,), "c")),
        ):
            theirs, ours = np.zeros((2, 4), dtype), context.zeros((2, 4), dtype)
            _, their_warnings = outcome(lambda a=theirs: a.__setitem__(slice(None), values))
            _, our_warnings = outcome(lambda a=ours, v=value: a.__setitem__(slice(None), v))
            assert our_warnings == their_warnings
            assert_same(ours, theirs)
    theirs, ours = np.zeros((2, 4), int), context.zeros((2, 4), int)
    with np.errstate(all="raise"), pytest.raises(FloatingPointError, match="encountered in cast"):
        ours[...] = values


def test_fill():
    array = context_of(3).zeros((5,), dtype="i4")
    array.fill(3.7)
    assert_same(array, np.full(5, 3, "i4"))
    array.fill(context_of(3).arange(3).sum())
    assert_same(array, np.full(5, 3, "i4"))
    with pytest.raises(OverflowError):
        array.fill(2**40)


@pytest.mark.parametrize("engines", [1, 3])
def test_iteration(engines):
    for theirs, ours in arrays_of(engines):
        assert len(ours) == 6
        for one, other in zip(ours, theirs, strict=True):
            assert_same(one, other)
        assert [int(x) for x in ours[:, 1]] == theirs[:, 1].tolist()
        for row in ours:
            row *= 2
        assert_same(ours, theirs * 2)
        assert 4 in ours
        assert 5 not in ours


@pytest.mark.parametrize("engines", ENGINE_COUNTS)
def test_axes_in_another_order(engines):
    for theirs, ours in arrays_of(engines, (2, 3, 4)):
        assert_same(ours.T, theirs.T)
        assert_same(ours.mT, theirs.mT)
        for order in (1, 2, 0), (2, 1, 0), (-1, 0, 1), None:
            assert_same(ours.transpose(order), theirs.transpose(order))
        assert_same(ours.transpose(1, 0, 2), theirs.transpose(1, 0, 2))
        assert_same(ours.swapaxes(0, -1), theirs.swapaxes(0, -1))
        assert_same(np.moveaxis(ours, 0, -1), np.moveaxis(theirs, 0, -1))
        assert_same(ours[:1].squeeze(), theirs[:1].squeeze())
        assert_same(ours[:1, :1].squeeze(0), theirs[:1, :1].squeeze(0))
        assert_same(np.expand_dims(ours, (0, 2)), np.expand_dims(theirs, (0, 2)))
        assert_same(np.flip(ours, 1), np.flip(theirs, 1))
        assert_same(ours.T[1:, ::-1] + 1, theirs.T[1:, ::-1] + 1)
        theirs = theirs.copy()
        theirs.T[0] = -1
        ours.T[0] = -1
        assert_same(ours, theirs)
        for wrong in (0, 0, 1), (0, 1), (0, 1, 5):
            with pytest.raises(ValueError, match=r"ax(is|es)"):
                ours.transpose(wrong)


def test_a_context_may_forbid_communication():
    with da.Context(nengines=2, communication="error") as context:
        blocks = context.arange(10)
        cyclic = context.fromarray(np.arange(10), layout_of(context, (10,), "c"))
        assert_same(blocks + blocks, np.arange(10) * 2)
        for forbidden in (
            lambda: blocks + cyclic,
            lambda: blocks.__setitem__(slice(None), cyclic),
            lambda: np.modf(blocks, where=cyclic > 2, out=(blocks * 1.0, None)),
        ):
            with pytest.raises(da.error.CommunicationError, match="forbids communication"):
                forbidden()
        # What the user asks for is not behind the user's back.
        assert_same(blocks.distribute_as(cyclic.distribution), np.arange(10))
    with da.Context(nengines=2, communication="warn") as context:
        cyclic = context.fromarray(np.arange(10), layout_of(context, (10,), "c"))
        with pytest.warns(da.error.CommunicationWarning, match="add moves 32 bytes"):
            context.arange(10) + cyclic


# ---- Laws --------------------------------------------------------------------------------------

bounds = st.none() | st.integers(-8, 8)
steps = st.none() | st.integers(-4, 4).filter(bool)
items = st.builds(slice, bounds, bounds, steps)
shapes = st.lists(st.integers(0, 6), min_size=1, max_size=3).map(tuple)


@st.composite
def indexed(draw):
    """Draw a shape, letters for its distribution, engines, and two indices, one into the other."""
    shape = draw(shapes)
    kinds = draw(st.sampled_from(KINDS[len(shape)]))
    engines = draw(st.sampled_from(ENGINE_COUNTS))
    first = tuple(draw(st.lists(items, max_size=len(shape))))
    second = tuple(draw(st.lists(items, max_size=len(shape))))
    return shape, kinds, engines, draw(st.integers(0, 9)), first, second


@settings(max_examples=200, deadline=None)
@given(indexed())
def test_slices_of_slices(drawn):
    shape, kinds, engines, seed, first, second = drawn
    context = context_of(engines)
    theirs = np.arange(np.prod(shape, dtype=int)).reshape(shape)
    ours = context.fromarray(theirs, layout_of(context, shape, kinds, seed))
    assert_same(ours[first], theirs[first])
    assert_same(ours[first][second], theirs[first][second])
    theirs = theirs.copy()
    theirs[first][second] = -5
    ours[first][second] = -5
    assert_same(ours, theirs)


@settings(max_examples=200, deadline=None)
@given(indexed(), st.data())
def test_broadcasting(drawn, data):
    shape, kinds, engines, seed, _, _ = drawn
    context = context_of(engines)
    a = sample(shape, "f8", seed)
    x = context.fromarray(a, layout_of(context, shape, kinds, seed))
    kept = data.draw(st.integers(0, len(shape)))
    other_shape = tuple(data.draw(st.sampled_from([1, size])) for size in shape[kept:])
    b = sample(other_shape, "f8", seed + 1)
    other_kinds = data.draw(st.sampled_from(KINDS[len(other_shape)]))
    y = context.fromarray(b, layout_of(context, other_shape, other_kinds, seed + 1))
    with np.errstate(all="ignore"):
        assert_same(x + y, a + b)
        assert_same(y - x, b - a)
        assert_same(x * b, a * b)
    x[...] = y
    assert_bits(x.toarray(), np.broadcast_to(b, shape))
