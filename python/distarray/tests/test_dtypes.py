"""Dtypes that the core only moves about: everything else is NumPy's, on each piece."""

import operator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from distarray._dtypes import describe, restore
from distarray.tests.oracle import (
    KINDS,
    assert_same,
    context_of,
    layout_of,
    layouts_of,
    outcome,
)

RECORD = np.dtype([("a", "i4"), ("b", "f8"), ("c", "S3")])
NESTED = np.dtype([("x", RECORD), ("y", ">i2", (2, 2))])
DTYPES = (
    ">f8",
    ">i4",
    ">c16",
    "S5",
    "U4",
    "M8[D]",
    "m8[ms]",
    "g",
    "G",
    "V3",
    RECORD,
    NESTED,
)


def values_of(dtype, size=12):
    """Return an array of a dtype with various elements."""
    dtype = np.dtype(dtype)
    numbers = np.arange(size) * 7 % 11
    if dtype.kind in "SU":
        return numbers.astype(dtype)
    if dtype.kind == "V":
        return np.frombuffer(np.random.RandomState(0).bytes(size * dtype.itemsize), np.uint8).view(
            dtype
        )
    if dtype.kind in "mM":
        values = numbers.astype("i8").view(dtype.str.replace("M8", "M8"))
        values[3] = "NaT"
        return values
    return numbers.astype(dtype)


def assert_equal_bytes(ours, theirs):
    """Compare records, in which there may be NaNs, byte by byte."""
    assert ours.dtype == theirs.dtype
    assert ours.shape == theirs.shape
    if ours.dtype.char in "gG":
        # Their items have bytes that mean nothing.
        assert_same(ours, theirs)
        return
    assert ours.toarray().tobytes() == theirs.tobytes()


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("engines", [1, 3])
def test_created_moved_and_indexed(engines, dtype):
    context = context_of(engines)
    theirs = values_of(dtype).reshape(4, 3).copy()
    for layout in layouts_of(context, (4, 3)):
        ours = context.fromarray(theirs, layout)
        assert_equal_bytes(ours, theirs)
        assert_equal_bytes(ours[1:, ::-1], theirs[1:, ::-1])
        assert_equal_bytes(ours.T, theirs.T)
        assert_equal_bytes(ours.copy(), theirs)
        moved = ours.distribute_as(layout_of(context, (4, 3), "cn"))
        assert_equal_bytes(moved, theirs)
        assert ours[2, 1] == theirs[2, 1] or ours[2, 1].tobytes() == theirs[2, 1].tobytes()
        assert type(ours[2, 1]) is type(theirs[2, 1])
        changed = theirs.copy()
        changed[0] = theirs[1]
        changed[3, 1] = theirs[0, 0]
        ours[0] = theirs[1]
        ours[3, 1] = theirs[0, 0]
        assert_equal_bytes(ours, changed)
        ours[:, 0] = moved[:, 1]
        changed[:, 0] = theirs[:, 1]
        assert_equal_bytes(ours, changed)
        assert_equal_bytes(context.zeros(layout, dtype), np.zeros((4, 3), dtype))
    assert str(ours) == str(changed)


@pytest.mark.parametrize("dtype", ["V3", RECORD, NESTED], ids=str)
def test_structures_are_compared_as_numpy_does(dtype):
    theirs = values_of(dtype).reshape(4, 3)
    other = theirs.copy()
    other[1] = theirs[2]
    for engines in 1, 3:
        context = context_of(engines)
        for layout in layouts_of(context, (4, 3)):
            ours = context.fromarray(theirs, layout)
            for operand, expected in (
                (context.fromarray(other), other),
                (other, other),
                (ours[1], theirs[1]),
            ):
                assert_same(ours == operand, theirs == expected)
                assert_same(ours != operand, theirs != expected)
            assert_same(ours == ours, theirs == theirs)
    for foreign in np.arange(12).reshape(4, 3), 3, np.zeros(3, [("z", "f4")]):
        for array in ours, theirs:
            with pytest.raises(TypeError, match="Cannot compare struct"):
                operator.eq(array, foreign)
    # Bit for bit, those of no bytes but zeros aside.
    assert int(np.count_nonzero(ours)) == np.count_nonzero(theirs)


@pytest.mark.parametrize("dtype", ["S5", "U4", "M8[D]", "m8[ms]", "g", ">f8"])
def test_positions(dtype):
    theirs = values_of(dtype, 24).reshape(4, 6)
    for engines in 1, 3:
        context = context_of(engines)
        for layout in layouts_of(context, (4, 6)):
            ours = context.fromarray(theirs, layout)
            for name in "argmin", "argmax":
                function = getattr(np, name)
                for axis in None, 0, 1:
                    for keepdims in False, True:
                        expected = function(theirs, axis, keepdims=keepdims)
                        assert_same(function(ours, axis, keepdims=keepdims), expected)
                single = theirs[1:2, 3:4]
                assert_same(function(ours[1:2, 3:4]), function(single))


@pytest.mark.parametrize("dtype", [">f8", ">i4", ">c16", "g", "G"])
def test_numbers_of_other_formats(dtype):
    context = context_of(3)
    theirs = values_of(dtype)
    ours = context.fromarray(theirs, layout_of(context, (12,), "k"))
    with np.errstate(all="ignore"):
        assert_same(ours + ours, theirs + theirs)
        assert_same(ours * 2, theirs * 2)
        assert_same(1.5 - ours, 1.5 - theirs)
        assert_same(ours == theirs[::-1], theirs == theirs[::-1])
        assert_same(np.sqrt(ours), np.sqrt(theirs))
        assert_same(ours / np.ones(12, "f4"), theirs / np.ones(12, "f4"))
        if np.dtype(dtype).kind == "c":
            with pytest.warns(np.exceptions.ComplexWarning, match="discards the imaginary part"):
                assert_same(ours.astype("f4"), theirs.real.astype("f4"))
        else:
            assert_same(ours.astype("f4"), theirs.astype("f4"))
        assert_same(context.arange(12).astype(dtype), np.arange(12).astype(dtype))
    ours += 1
    theirs = theirs + np.ones(1, dtype)
    assert_same(ours, theirs.astype(dtype))
    for name in "sum", "prod", "mean", "var", "std", "any", "all", "count_nonzero":
        function = getattr(np, name)
        result, expected = function(ours), function(theirs)
        assert result.dtype == np.asarray(expected).dtype
        np.testing.assert_allclose(result.toarray(), expected, rtol=1e-12)
    if np.dtype(dtype).kind != "c":
        for name in "min", "max", "argmin", "argmax", "ptp":
            assert_same(getattr(np, name)(ours), getattr(np, name)(theirs))


@pytest.mark.parametrize(
    "name", ["sum", "mean", "var", "std", "min", "max", "all", "argmin", "ptp"]
)
def test_reductions_of_long_doubles(name):
    theirs = np.random.RandomState(0).standard_normal((5, 4)).astype("g")
    mask = theirs[0] > 0
    function = getattr(np, name)
    for engines in 1, 3:
        context = context_of(engines)
        for kinds in KINDS[2]:
            ours = context.fromarray(theirs, layout_of(context, (5, 4), kinds))
            for axis in None, 0, 1:
                for keepdims in False, True:
                    result = function(ours, axis=axis, keepdims=keepdims)
                    expected = np.asarray(function(theirs, axis=axis, keepdims=keepdims))
                    assert result.dtype == expected.dtype
                    assert result.shape == expected.shape
                    np.testing.assert_allclose(result.toarray(), expected, rtol=1e-15)
            if name in ("sum", "mean", "var"):
                result, expected = function(ours, where=mask), function(theirs, where=mask)
                np.testing.assert_allclose(result.toarray(), expected, rtol=1e-15)
    assert_same(np.min(context.empty((0, 2), "g"), axis=1), np.zeros((0,), "g"))


def test_dates_and_times():
    theirs = np.array(["2024-03-01", "2023-01-05", "NaT", "2025-12-31"], "M8[D]")
    for engines in 1, 3:
        context = context_of(engines)
        ours = context.fromarray(theirs)
        assert_same(ours - ours[0], theirs - theirs[0])
        assert_same(ours + np.timedelta64(1, "h"), theirs + np.timedelta64(1, "h"))
        assert_same(ours + 3, theirs + 3)
        assert_same(np.isnat(ours), np.isnat(theirs))
        assert_same(ours > np.datetime64("2024-01-01"), theirs > np.datetime64("2024-01-01"))
        for name in "min", "max", "argmin", "argmax":
            for part, same in (ours, theirs), (ours[:2], theirs[:2]):
                assert_same(getattr(part, name)(), getattr(same, name)())
        spans, same = (ours - ours[0])[:2], (theirs - theirs[0])[:2]
        assert_same(spans.sum(), same.sum())
        assert_same(spans.mean(), same.mean())
        assert_same(spans / np.timedelta64(1, "s"), same / np.timedelta64(1, "s"))
        ours[2] = "2020-02-02"
        assert ours[2] == np.datetime64("2020-02-02")
        with pytest.raises(TypeError):
            ours + ours
        with pytest.raises(TypeError):
            ours.sum()
        assert_same(
            context.arange(np.datetime64("2024-01-01"), np.datetime64("2024-01-05")),
            np.arange(np.datetime64("2024-01-01"), np.datetime64("2024-01-05")),
        )


def test_strings():
    theirs = np.array(["one", "two", "three", ""])
    context = context_of(3)
    ours = context.fromarray(theirs)
    assert_same(ours == "two", theirs == "two")
    assert_same(ours < ours[::-1], theirs < theirs[::-1])
    assert_same(ours + "!", theirs + "!")
    assert_same(np.strings.str_len(ours), np.strings.str_len(theirs))
    assert_same(ours.astype("S5"), theirs.astype("S5"))
    assert_same(context.fromarray(["1", "22"]).astype(int), np.array([1, 22]))
    assert_same(context.arange(3).astype("U"), np.arange(3).astype("U"))
    ours[1:3] = ["a longer string", "b"]
    theirs[1:3] = ["a longer string", "b"]
    assert_same(ours, theirs)
    ours.fill("x")
    assert set(ours.tolist()) == {"x"}


@pytest.mark.parametrize("engines", [1, 3])
def test_fields_are_views(engines):
    context = context_of(engines)
    theirs = np.zeros((4, 3), RECORD)
    theirs["a"] = np.arange(12).reshape(4, 3)
    for layout in layouts_of(context, (4, 3)):
        mine = theirs.copy()
        ours = context.fromarray(mine, layout)
        assert_same(ours["a"], mine["a"])
        ours["b"] = 2.5
        mine["b"] = 2.5
        ours["a"][1:, ::2] *= -1
        mine["a"][1:, ::2] *= -1
        assert_equal_bytes(ours, mine)
        assert_same(ours["a"].sum(axis=0), mine["a"].sum(axis=0))
        assert ours[["a", "c"]].dtype.names == ("a", "c")
        ours[0, 0] = (7, 0.5, b"xyz")
        assert ours[0, 0].item() == (7, 0.5, b"xyz")
        with pytest.raises(ValueError, match="no such field"):
            ours["no such field"]
    with pytest.raises(IndexError, match="more axes"):
        context.zeros((3,), NESTED)["y"]


def test_errors_are_numpys():
    context = context_of(3)
    theirs = np.zeros((3,), RECORD)
    ours = context.fromarray(theirs)
    for function in (
        lambda a: a + 1,
        lambda a: a.sum(),
        lambda a: np.sqrt(a),
        lambda a: a.mean(),
        lambda a: a.max(),
        lambda a: a.astype("f8", casting="safe"),
    ):
        expected, _ = outcome(lambda f=function: f(theirs))
        result, _ = outcome(lambda f=function: f(ours))
        assert isinstance(expected, Exception)
        assert type(result) is type(expected), (result, expected)
        assert str(result) == str(expected)


def test_objects_are_refused():
    context = context_of(2)
    for make in (
        lambda: context.zeros((3,), object),
        lambda: context.fromarray(np.array([None, 1])),
        lambda: context.fromarray([[1], [2, object()]] and np.array([{}, []], object)),
        lambda: context.zeros((3,), [("a", "i4"), ("b", "O")]),
        lambda: context.arange(3).astype(object),
        lambda: context.fromarray(np.array(["a"], np.dtypes.StringDType())),
    ):
        with pytest.raises(TypeError, match="Python objects"):
            make()


@pytest.mark.parametrize("dtype", [*DTYPES, "M8", "S0", "V0", ">U2"], ids=str)
def test_descriptions(dtype):
    dtype = np.dtype(dtype)
    assert restore(describe(dtype)) == dtype


fields: st.SearchStrategy = st.deferred(
    lambda: st.lists(
        st.tuples(
            st.text("abcXYZ_0 é'\"", min_size=1, max_size=4),
            st.sampled_from(["i1", ">f8", "S3", "U2", "M8[s]", "c8"]) | structures,
        ),
        min_size=1,
        max_size=4,
        unique_by=lambda field: field[0],
    )
)
structures: st.SearchStrategy = st.builds(
    lambda items, align: np.dtype(items, align=align), fields, st.booleans()
)


@settings(max_examples=100, deadline=None)
@given(structures)
def test_descriptions_of_structures(dtype):
    restored = restore(describe(dtype))
    assert restored == dtype
    assert restored.isalignedstruct == dtype.isalignedstruct
    assert restored.fields == dtype.fields
