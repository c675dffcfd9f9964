"""Random programs on DistArrays, step by step beside NumPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distarray.tests.oracle import ENGINE_COUNTS, KINDS, assert_same, context_of, layout_of, outcome

bounds = st.none() | st.integers(-7, 7)
steps = st.none() | st.sampled_from([-3, -2, -1, 1, 2, 3])
slices = st.builds(slice, bounds, bounds, steps)
OPERATIONS = (np.add, np.subtract, np.multiply, np.maximum, np.bitwise_xor, np.less)
REDUCTIONS = ("sum", "min", "max", "any", "count_nonzero", "argmax")


class Pair:
    """A NumPy array and the DistArray that should be the same."""

    def __init__(self, theirs, ours):
        self.theirs = theirs
        self.ours = ours

    def check(self):
        assert_same(self.ours, self.theirs)


def make(data, context, shape):
    kinds = data.draw(st.sampled_from(KINDS[len(shape)]))
    seed = data.draw(st.integers(0, 5))
    theirs = np.random.RandomState(seed).randint(-9, 9, shape)
    return Pair(theirs.copy(), context.fromarray(theirs, layout_of(context, shape, kinds, seed)))


def view(data, pair):
    count = data.draw(st.integers(0, pair.theirs.ndim))
    index = (*(data.draw(slices) for _ in range(count)), ...)
    return Pair(pair.theirs[index], pair.ours[index])


def transpose(data, pair):
    order = data.draw(st.permutations(range(pair.theirs.ndim)))
    return Pair(pair.theirs.transpose(order), pair.ours.transpose(order))


def operate(data, pair, other):
    ufunc = data.draw(st.sampled_from(OPERATIONS))
    theirs, _ = outcome(lambda: ufunc(pair.theirs, other.theirs))
    if isinstance(theirs, Exception):
        with pytest.raises(type(theirs)):
            ufunc(pair.ours, other.ours)
        return pair
    return Pair(np.asarray(theirs), ufunc(pair.ours, other.ours))


def operate_in_place(data, pair, other):
    if pair.theirs.dtype == other.theirs.dtype and pair.theirs.dtype != bool:
        pair.theirs += other.theirs
        pair.ours += other.ours
    return pair


def assign(data, pair, other):
    pair.theirs[...] = other.theirs
    pair.ours[...] = other.ours
    return pair


def choose(data, pair, other):
    return Pair(
        np.where(pair.theirs > 0, pair.theirs, other.theirs),
        np.where(pair.ours > 0, pair.ours, other.ours),
    )


def reduce(data, pair):
    name = data.draw(st.sampled_from(REDUCTIONS))
    axis = data.draw(st.sampled_from([None, *range(pair.theirs.ndim)]))
    if pair.theirs.size == 0:
        return pair
    function = getattr(np, name)
    keepdims = data.draw(st.booleans())
    return Pair(
        np.asarray(function(pair.theirs, axis=axis, keepdims=keepdims)),
        function(pair.ours, axis=axis, keepdims=keepdims),
    )


def redistribute(data, pair):
    context, shape = pair.ours.context, pair.theirs.shape
    if len(shape) not in KINDS:
        return pair
    kinds = data.draw(st.sampled_from(KINDS[len(shape)]))
    layout = layout_of(context, shape, kinds, data.draw(st.integers(0, 5)))
    return Pair(pair.theirs.copy(), pair.ours.distribute_as(layout))


ALONE = (view, transpose, reduce, redistribute)
TOGETHER = (operate, operate_in_place, assign, choose)


def fits(pair, other):
    """Whether one array broadcasts into the other."""
    try:
        return np.broadcast_shapes(pair.theirs.shape, other.theirs.shape) == pair.theirs.shape
    except ValueError:
        return False


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_programs(data):
    context = context_of(data.draw(st.sampled_from(ENGINE_COUNTS)))
    shape = tuple(data.draw(st.lists(st.integers(0, 6), min_size=1, max_size=3)))
    pairs = [make(data, context, shape), make(data, context, shape)]
    for _ in range(data.draw(st.integers(1, 8))):
        pair = data.draw(st.sampled_from(pairs))
        others = [other for other in pairs if fits(pair, other)]
        step = data.draw(st.sampled_from(ALONE + TOGETHER if others else ALONE))
        if step in ALONE:
            made = step(data, pair)
        else:
            made = step(data, pair, data.draw(st.sampled_from(others)))
        made.check()
        pairs.append(made)
    for pair in pairs:
        pair.check()
