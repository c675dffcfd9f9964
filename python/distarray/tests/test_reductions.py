"""Reductions, with NumPy as the oracle."""

import math
from functools import partial

import numpy as np
import pytest

from distarray.tests.oracle import (
    ENGINE_COUNTS,
    KINDS,
    NATIVE,
    assert_bits,
    assert_close,
    assert_same,
    context_of,
    layout_of,
    layouts_of,
    outcome,
    sample,
)

# Their results don't depend on the order of the elements.
EXACT = ("min", "max", "argmin", "argmax", "any", "all", "count_nonzero", "ptp")
ROUNDED = ("sum", "prod", "mean", "var", "std")
NAMES = EXACT + ROUNDED
AXES = (None, 0, 1, -1, (0, 1), (1, 0), (), (-1,))


def compare(name, ours, theirs, terms=1, scale=1.0):
    """Compare a result with NumPy's, or an exception with its exception."""
    if isinstance(theirs, Exception):
        assert type(ours) is type(theirs), ours
        assert str(ours) == str(theirs)
    elif name in EXACT or np.asarray(theirs).dtype.kind in "biu":
        assert not isinstance(ours, Exception), ours
        assert_same(ours, theirs)
    else:
        assert not isinstance(ours, Exception), ours
        assert_close(ours, theirs, terms, scale)


def both(name, array, distributed, **arguments):
    """Reduce a NumPy array and a DistArray, by the function and by the method; compare."""
    function = getattr(np, name)
    finite = np.abs(array[np.isfinite(array)].astype(float)) if array.dtype.kind != "c" else array
    scale = float(np.abs(finite[np.isfinite(finite)]).max(initial=1.0))
    if name == "var":
        scale *= scale
    with np.errstate(all="ignore"):
        theirs, their_warnings = outcome(lambda: function(array, **arguments))
        ours, our_warnings = outcome(lambda: function(distributed, **arguments))
        compare(name, ours, theirs, array.size, scale)
        assert our_warnings == their_warnings
        ours, _ = outcome(lambda: getattr(distributed, name)(**arguments))
        compare(name, ours, theirs, array.size, scale)


def is_for_one_axis(name):
    return name.startswith("arg")


@pytest.mark.parametrize("dtype", NATIVE)
@pytest.mark.parametrize("name", NAMES)
def test_every_reduction_on_every_dtype(name, dtype):
    array = sample((5, 4), dtype)
    context = context_of(3)
    for kinds in "bn", "Bc", "un":
        distributed = context.fromarray(array, layout_of(context, (5, 4), kinds))
        for axis in None, 0, 1:
            both(name, array, distributed, axis=axis)


@pytest.mark.parametrize("engines", ENGINE_COUNTS)
@pytest.mark.parametrize("name", NAMES)
def test_every_axis_of_every_distribution(name, engines):
    context = context_of(engines)
    array = np.random.RandomState(0).standard_normal((6, 5))
    for layout in layouts_of(context, (6, 5)):
        distributed = context.fromarray(array, layout)
        for axis in AXES:
            if is_for_one_axis(name) and isinstance(axis, tuple):
                continue
            both(name, array, distributed, axis=axis)
            both(name, array, distributed, axis=axis, keepdims=True)


@pytest.mark.parametrize("engines", [1, 3])
@pytest.mark.parametrize("name", NAMES)
def test_three_axes(name, engines):
    context = context_of(engines)
    array = np.random.RandomState(0).randint(0, 3, (3, 4, 2))
    for layout in layouts_of(context, (3, 4, 2)):
        distributed = context.fromarray(array, layout)
        for axis in None, 0, 1, 2, (0, 2), (1, 2):
            if not (is_for_one_axis(name) and isinstance(axis, tuple)):
                both(name, array, distributed, axis=axis)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(0,), (1,), (0, 3), (3, 0), (1, 1), ()])
def test_few_elements(name, shape):
    for engines in 1, 3:
        context = context_of(engines)
        array = np.ones(shape)
        for layout in layouts_of(context, shape):
            distributed = context.fromarray(array, layout)
            for axis in None, 0, -1, 5:
                both(name, array, distributed, axis=axis)


@pytest.mark.parametrize("name", NAMES)
def test_nans(name):
    context = context_of(3)
    array = np.arange(12.0).reshape(4, 3)
    array[2, 1] = np.nan
    for layout in layouts_of(context, (4, 3)):
        for axis in None, 0, 1:
            both(name, array, context.fromarray(array, layout), axis=axis)


@pytest.mark.parametrize("name", ["argmin", "argmax"])
def test_the_first_of_several_wins(name):
    array = np.array([[1, 3, 3, 1], [3, 1, 1, 3], [1, 1, 3, 3]])
    for engines in ENGINE_COUNTS:
        context = context_of(engines)
        for layout in layouts_of(context, (3, 4)):
            for axis in None, 0, 1:
                both(name, array, context.fromarray(array, layout), axis=axis)


@pytest.mark.parametrize("name", ["sum", "prod", "mean", "var", "std"])
@pytest.mark.parametrize("dtype", NATIVE)
def test_dtype(name, dtype):
    context = context_of(2)
    array = np.arange(1, 7).reshape(2, 3)
    for source in "i8", "f4", "i1":
        both(name, array.astype(source), context.fromarray(array.astype(source)), dtype=dtype)


@pytest.mark.parametrize("name", NAMES)
def test_out(name):
    if name == "count_nonzero":
        return
    function = getattr(np, name)
    for engines in 1, 3:
        context = context_of(engines)
        array = np.arange(1, 13).reshape(3, 4)
        distributed = context.fromarray(array)
        # A standard deviation is no integer: NumPy refuses where we cut it off.
        for dtype in ("f8", "f4") if name == "std" else ("f8", "i8", "f4", "i2"):
            for axis, shape in (None, ()), (0, (4,)), (1, (3,)), (1, (4,)), (0, (4, 1)):
                theirs, ours = np.zeros(shape, dtype), context.zeros(shape, dtype)
                gathered = np.zeros(shape, dtype)
                expected, _ = outcome(partial(function, array, axis, out=theirs))
                result, _ = outcome(partial(function, distributed, axis, out=ours))
                other, _ = outcome(partial(function, distributed, axis, out=gathered))
                if isinstance(expected, Exception):
                    assert type(result) is type(expected), (result, expected)
                    assert type(other) is type(expected)
                else:
                    assert result is ours
                    assert other is gathered
                    compare(name, ours, theirs, 12)


@pytest.mark.parametrize("name", NAMES)
def test_where(name):
    if name in ("argmin", "argmax", "ptp", "count_nonzero"):
        return
    for engines in 1, 3:
        context = context_of(engines)
        array = np.random.RandomState(0).standard_normal((4, 3))
        for kinds in "bn", "un", "Bc":
            distributed = context.fromarray(array, layout_of(context, (4, 3), kinds))
            for mask in (
                array > 0,
                np.array([True, False, True]),
                np.array([[True], [False], [True], [True]]),
                [True, True, False],
                False,
                np.zeros((4, 3), bool),
            ):
                for axis in None, 0, 1:
                    for keywords in {}, {"initial": 2.0}:
                        if keywords and name not in ("sum", "prod", "min", "max"):
                            continue
                        both(name, array, distributed, axis=axis, where=mask, **keywords)
            own = context.fromarray(array > 0, layout_of(context, (4, 3), "nc"))
            theirs, _ = outcome(partial(getattr(np, name), array, where=array > 0))
            ours, _ = outcome(partial(getattr(np, name), distributed, where=own))
            compare(name, ours, theirs, 12)


@pytest.mark.parametrize("name", ["sum", "prod", "min", "max"])
def test_initial(name):
    context = context_of(3)
    for dtype in "i8", "f8", "u1", "D", "?":
        array = sample((4, 3), dtype)
        distributed = context.fromarray(array)
        for initial in 0, 5, -3, 2.5, np.int8(4), "x":
            for axis in None, 1:
                both(name, array, distributed, axis=axis, initial=initial)
    empty = np.zeros((0, 3))
    for axis in None, 0, 1:
        both(name, empty, context.fromarray(empty), axis=axis, initial=5.0)


@pytest.mark.parametrize("name", ["var", "std"])
def test_degrees_of_freedom(name):
    context = context_of(2)
    array = np.arange(6.0).reshape(2, 3)
    distributed = context.fromarray(array)
    for axis in None, 0, 1:
        for ddof in 0, 1, 1.5, 2, 3, 10:
            both(name, array, distributed, axis=axis, ddof=ddof)
        both(name, array, distributed, axis=axis, correction=1)
    both(name, array, distributed, ddof=1, correction=1)


@pytest.mark.parametrize("axis", [5, (0, 0), 1.5, "x", (0, 5)])
@pytest.mark.parametrize("name", NAMES)
def test_axes_that_are_none(name, axis):
    array = np.ones((2, 3))
    distributed = context_of(2).fromarray(array)
    theirs, _ = outcome(lambda: getattr(np, name)(array, axis=axis))
    ours, _ = outcome(lambda: getattr(np, name)(distributed, axis=axis))
    assert type(ours) is type(theirs)


def test_sums_of_many_elements():
    random = np.random.RandomState(0)
    for dtype in "f4", "f8", "i4", "u1", "?":
        array = (random.standard_normal((300, 70)) * 10).astype(dtype)
        for engines in 1, 2, 7:
            context = context_of(engines)
            for kinds in KINDS[2]:
                distributed = context.fromarray(array, layout_of(context, (300, 70), kinds))
                for axis in None, 0, 1:
                    result = distributed.sum(axis)
                    if array.dtype.kind != "f":
                        assert_same(result, array.sum(axis))
                        continue
                    rows = [array.ravel()] if axis is None else np.moveaxis(array, axis, -1)
                    # A float32 near the halfway point of an f8 that was rounded would be luck.
                    expected = np.array([math.fsum(row) for row in rows], dtype)
                    assert_bits(result.toarray(), expected.reshape(result.shape))


def test_results_lie_on_the_lowest_ranks():
    context = context_of(4)
    array = context.zeros(layout_of(context, (4, 4), "bb"))
    assert array.grid_shape == (2, 2)
    assert array.sum(axis=0).targets == [0, 1]
    assert array.sum(axis=-1).targets == [0, 2]
    assert array.sum().targets == [0]


def test_a_result_serves_as_a_number():
    context = context_of(3)
    array = context.arange(10)
    total = array.sum()
    assert (int(total), float(total), complex(total), bool(total)) == (45, 45.0, 45 + 0j, True)
    assert f"{total:5d}|{array.mean():.2f}" == "   45|4.50"
    assert list(range(50))[total] == 45
    assert total == 45
    assert total > 44
    assert not total > 45
    assert array[array.argmax()] == 9
    assert str(total) == "45"
    assert round(float(array.std()), 3) == 2.872
    assert_bits(np.asarray(total), np.asarray(45))
    assert_same(array - array.mean(), np.arange(10) - 4.5)
