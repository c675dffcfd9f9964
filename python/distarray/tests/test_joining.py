"""Arrays joined along an axis, as NumPy joins them."""

import itertools
import warnings

import numpy as np
import pytest

import distarray as da
from distarray.error import ContextError
from distarray.globalapi import Context, Distribution
from distarray.tests.oracle import (
    ENGINE_COUNTS,
    KINDS,
    NATIVE,
    assert_same,
    context_of,
    layout_of,
    sample,
)

OTHERS = ("S3", "<U4", "<M8[s]", ">f4", [("a", "i4"), ("b", "f8")])


def compare(ours, theirs, *args, outs=None, **keywords):
    """Check that the arrays are joined as NumPy joins, or that both fail with the same message."""
    own, other = keywords, keywords
    if outs:
        own, other = ({**keywords, "out": out} for out in outs)
    failure = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", np.exceptions.ComplexWarning)
        try:
            expected = np.concatenate(theirs, *args, **other)
        except (TypeError, ValueError) as error:
            failure = error
        if failure is None:
            assert_same(da.concatenate(ours, *args, **own), expected)
            return
    with pytest.raises(type(failure)) as info:
        da.concatenate(ours, *args, **own)
    assert str(info.value) == str(failure)


@pytest.mark.parametrize("engines", ENGINE_COUNTS)
@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_every_distribution(engines, ndim):
    context = context_of(engines)
    shape = {1: (11,), 2: (5, 6), 3: (3, 4, 5)}[ndim]
    kinds = KINDS[ndim]
    axes = [*range(-ndim, ndim), None]
    for number, (first, axis) in enumerate(itertools.product(range(len(kinds)), axes)):
        kind = kinds[first]
        place = ndim - 1 if axis is None else axis
        parts, arrays = [], []
        # Some are empty, and some have empty pieces.
        for each, length in enumerate((4, 0, 1, 9)):
            part = list(shape)
            part[place] = length
            dtype = NATIVE[(number + each * (number % 3)) % len(NATIVE)]
            parts.append(sample(part, dtype, seed=number + each))
            layout = layout_of(context, part, kinds[(first + each) % len(kinds)], seed=each)
            arrays.append(context.fromarray(parts[-1], layout))
        joined = da.concatenate(arrays, axis)
        assert_same(joined, np.concatenate(parts, axis))
        if axis is None:
            assert joined.dist == ("b",)
            continue
        assert joined.grid_shape == arrays[0].grid_shape
        assert joined.targets == arrays[0].targets
        for each in range(ndim):
            if each != axis % ndim:
                assert joined.distribution[each] == arrays[0].distribution[each]
            elif kind[each] in "nck":
                assert type(joined.distribution[each]) is type(arrays[0].distribution[each])
            else:
                assert joined.dist[each] == "b"


def test_dtypes():
    context = context_of(3)
    for one, two in itertools.product((*NATIVE, *OTHERS), repeat=2):
        first, second = np.zeros(4, one), np.zeros((3,), two)
        arrays = [context.fromarray(first), context.fromarray(second)]
        try:
            has_objects = np.result_type(first, second).hasobject
        except TypeError:
            has_objects = False
        if not has_objects:
            compare(arrays, [first, second])


@pytest.mark.parametrize("casting", ["no", "equiv", "safe", "same_kind", "unsafe", "none"])
def test_casting(casting):
    context = context_of(3)
    for one, dtype in itertools.product(
        ("?", "i2", "u8", "f4", "D", ">i2"), ("i4", "f8", "F", "S")
    ):
        values = [np.arange(3).astype(one), np.arange(4, dtype="i2")]
        arrays = [context.fromarray(each) for each in values]
        compare(arrays, values, dtype=dtype, casting=casting)
        outs = context.zeros((7,), "f4"), np.zeros(7, "f4")
        compare(arrays, values, outs=outs, casting=casting)


def test_numpy_arrays_lists_and_numbers():
    context = context_of(3)
    array = context.arange(5, dtype="f4")
    theirs = np.arange(5, dtype="f4")
    assert_same(da.concatenate([[1, 2], array]), np.concatenate([[1, 2], theirs]))
    for rest in ([1], [2.5, 3], [np.float64(1)], [np.ones((2, 3)), 1j], [True]):
        assert_same(
            da.concatenate([*rest, array], axis=None), np.concatenate([*rest, theirs], axis=None)
        )
    assert_same(np.concatenate((array, array[::-2])), np.concatenate((theirs, theirs[::-2])))
    assert isinstance(da.concatenate([[1], [2]]), np.ndarray)
    rows = np.arange(6.0).reshape(2, 3)
    assert_same(da.concatenate(context.fromarray(rows)), np.concatenate(rows))
    zero = context.fromarray(np.array(3.0))
    assert_same(da.concatenate([zero, array], axis=None), np.concatenate([[3.0], theirs], None))


def test_engines_that_had_none_of_the_first():
    context = context_of(4)
    for dist in "bc":
        short = context.ones(Distribution(context, (2, 3), dist={0: dist}))
        assert short.targets == [0, 1]
        assert da.concatenate([short] * 5).localshapes() == [(3, 3), (3, 3), (3, 3), (1, 3)][
            :4
        ] or (dist == "c")
        # Here it would take another grid.
        assert da.concatenate([short] * 5, axis=1).targets == [0, 1]


def test_out():
    context = context_of(3)
    values = np.arange(12.0).reshape(4, 3)
    array = context.fromarray(values)
    out = context.empty(Distribution(context, (8, 3), dist="nc"))
    assert da.concatenate([array, array + 1], out=out) is out
    assert_same(out, np.concatenate([values, values + 1]))
    plain = np.empty((4, 6))
    assert da.concatenate([array, values], 1, plain) is plain
    assert (plain == np.concatenate([values, values], 1)).all()
    with pytest.raises(ValueError, match=r"out: .*shape \(8, 3\), not \(4, 6\)"):
        da.concatenate([array, array], 1, out)


def test_pending_expressions_and_overlapping_views():
    context = context_of(3)
    values = np.arange(300_000.0)
    array = context.fromarray(values)
    joined = da.concatenate([array[1:] - array[:-1], array * 2, array[::3]])
    assert_same(joined, np.concatenate([values[1:] - values[:-1], values * 2, values[::3]]))


def test_arrays_that_do_not_fit():
    context = context_of(3)

    def ones(*shape):
        return context.ones(shape), np.ones(shape)

    for pairs, axis in (
        ([ones(2, 3), ones(2, 4)], 0),
        ([ones(2, 3), ones(3, 3)], 1),
        ([ones(2, 3), ones(2)], 0),
        ([ones(2), ones(2)], 1),
        ([ones(2), ones(2)], -2),
        ([ones(2), ones(2)], "x"),
        ([ones(2), ones(2)], 0.0),
        ([ones(), ones()], 0),
    ):
        ours, theirs = zip(*pairs, strict=True)
        compare(ours, theirs, axis)
    array = context.ones(2)
    with pytest.raises(TypeError, match="only takes `out` or `dtype`"):
        da.concatenate([array, array], out=context.ones(4), dtype=float)
    with pytest.raises(ValueError, match="need at least one array"):
        da.concatenate([], out=array)


@pytest.mark.one_program
def test_of_other_contexts():
    with Context(nengines=2) as other, pytest.raises(ContextError):
        da.concatenate([context_of(3).ones(3), other.ones(3)])
