"""Sums, means and variances against exact arithmetic: the same bits for every distribution."""

import math
import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from distarray.tests.oracle import ENGINE_COUNTS, KINDS, context_of, layout_of, layouts_of

AXES = (None, 0, 1, (0, 1))


def nearest(value, dtype):
    """Round a fraction to a float dtype once."""
    dtype = np.dtype(dtype)
    if value == 0:
        return dtype.type(0)
    info = np.finfo(dtype)
    magnitude = abs(value)
    exponent = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
    if Fraction(2) ** exponent > magnitude:
        exponent -= 1
    unit = Fraction(2) ** (max(exponent, int(info.minexp)) - int(info.nmant))
    # Python rounds halves to even integers.
    rounded = round(magnitude / unit) * unit
    if rounded > Fraction(float(info.max)):
        rounded = math.inf
    return dtype.type(float(rounded) if value > 0 else -float(rounded))


def exact_sum(values):
    return sum((Fraction(float(value)) for value in values), Fraction(0))


def exact_variance(values, ddof=0):
    parts = [values] if values.dtype.kind != "c" else [values.real, values.imag]
    count = len(values)
    total = Fraction(0)
    for part in parts:
        mean = exact_sum(part) / count
        total += sum(((Fraction(float(value)) - mean) ** 2 for value in part), Fraction(0))
    return total / (count - ddof)


def groups(array, axis):
    """Return the elements that go into each result, and the shape of the results."""
    if axis is None or axis == (0, 1):
        return [array.ravel()], ()
    moved = np.moveaxis(array, axis, -1)
    return list(moved.reshape(-1, moved.shape[-1])), moved.shape[:-1]


def assert_bits(result, expected):
    found = result.toarray()
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    assert found.tobytes() == expected.tobytes(), (found, expected)


def difficult(dtype, shape, seed):
    """Return elements of many magnitudes, many of which cancel."""
    random = np.random.RandomState(seed)
    wide = {"e": 6, "f": 30, "F": 30}.get(np.dtype(dtype).char, 200)

    def real():
        size = int(np.prod(shape))
        values = random.standard_normal(size) * 2.0 ** random.randint(-wide, wide, size)
        values[size // 2 :] = -values[: size - size // 2]
        values += random.standard_normal(size) * 1e-3
        return random.permutation(values).reshape(shape)

    with np.errstate(over="ignore"):
        if np.dtype(dtype).kind == "c":
            return (real() + 1j * real()).astype(dtype)
        return real().astype(dtype)


@pytest.mark.parametrize("engines", ENGINE_COUNTS)
def test_sums_equal_fsum(engines):
    context = context_of(engines)
    array = difficult("d", (12, 11), 0)
    for layout in layouts_of(context, array.shape):
        distributed = context.fromarray(array, layout)
        for axis in AXES:
            values, shape = groups(array, axis)
            expected = np.array([math.fsum(group) for group in values]).reshape(shape)
            assert_bits(distributed.sum(axis), expected)


@pytest.mark.parametrize("dtype", "efdFD")
@pytest.mark.parametrize("engines", ENGINE_COUNTS)
def test_statistics_are_rounded_once(dtype, engines):
    context = context_of(engines)
    array = difficult(dtype, (9, 7), 1)
    real = array.real.dtype

    def both_parts(compute):
        if array.dtype.kind != "c":
            return lambda group: nearest(compute(group), real)
        return lambda group: array.dtype.type(
            complex(nearest(compute(group.real), real), nearest(compute(group.imag), real))
        )

    computations = {
        "sum": both_parts(exact_sum),
        "mean": both_parts(lambda group: exact_sum(group) / len(group)),
        "var": lambda group: nearest(exact_variance(group), real),
    }
    for name, compute in computations.items():
        for axis in AXES:
            values, shape = groups(array, axis)
            result_dtype = real if name == "var" else dtype
            expected = np.array([compute(group) for group in values], result_dtype).reshape(shape)
            for layout in layouts_of(context, array.shape):
                distributed = context.fromarray(array, layout)
                with np.errstate(over="ignore"):
                    assert_bits(getattr(distributed, name)(axis), expected)


def test_standard_deviations_are_the_nearest():
    context = context_of(3)
    array = difficult("d", (6, 40), 2)
    for row, deviation in zip(
        array, context.fromarray(array).std(axis=1, ddof=1).toarray(), strict=True
    ):
        variance = exact_variance(row, 1)
        below, above = (Fraction(float(np.nextafter(deviation, end))) for end in (0, np.inf))
        this = Fraction(float(deviation))
        assert ((this + below) / 2) ** 2 <= variance <= ((this + above) / 2) ** 2


@pytest.mark.parametrize("dtype", "efdFD")
def test_more_elements_than_a_block_has(dtype):
    array = difficult(dtype, (300, 170), 3)
    results = set()
    for engines in 1, 2, 7:
        context = context_of(engines)
        for kinds in KINDS[2]:
            distributed = context.fromarray(array, layout_of(context, array.shape, kinds))
            with np.errstate(over="ignore", invalid="ignore"):
                results.add(
                    b"".join(
                        getattr(distributed, name)(axis).toarray().tobytes()
                        for name in ("sum", "mean", "var", "std")
                        for axis in AXES
                    )
                )
    assert len(results) == 1
    parts = [array] if array.dtype.kind != "c" else [array.real, array.imag]
    expected = [nearest(exact_sum(part.ravel()), part.dtype) for part in parts]
    with np.errstate(over="ignore"):
        total = distributed.sum().toarray()
    found = [total] if array.dtype.kind != "c" else [total.real, total.imag]
    assert [part.tobytes() for part in found] == [part.tobytes() for part in expected]


@given(
    values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=60),
    engines=st.sampled_from(ENGINE_COUNTS),
    kind=st.sampled_from("bcu"),
    initial=st.none() | st.floats(-1e300, 1e300),
)
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
def test_any_floats(values, engines, kind, initial):
    context = context_of(engines)
    array = np.array(values)
    distributed = context.fromarray(array, layout_of(context, array.shape, kind))
    terms = values if initial is None else [initial, *values]
    keywords = {} if initial is None else {"initial": initial}
    with np.errstate(over="ignore"):
        assert_bits(distributed.sum(**keywords), nearest(exact_sum(terms), "d"))
        assert_bits(distributed.mean(), nearest(exact_sum(values) / len(values), "d"))
        assert_bits(distributed.var(), nearest(exact_variance(array), "d"))


def test_masks():
    array = difficult("d", (8, 9), 4)
    mask = np.random.RandomState(0).rand(8, 9) < 0.6
    for engines in 1, 3:
        context = context_of(engines)
        for kinds in KINDS[2]:
            distributed = context.fromarray(array, layout_of(context, array.shape, kinds))
            expected = [math.fsum(row[chosen]) for row, chosen in zip(array, mask, strict=True)]
            assert_bits(distributed.sum(axis=1, where=mask), np.array(expected))
            expected = [
                nearest(exact_variance(row[chosen]), "d")
                for row, chosen in zip(array, mask, strict=True)
            ]
            assert_bits(distributed.var(axis=1, where=mask), np.array(expected))


@pytest.mark.parametrize("engines", ENGINE_COUNTS)
def test_lanes_of_few_elements(engines):
    """Of many of them, with and without a mask, which may leave two elements, one or none."""
    context = context_of(engines)
    random = np.random.RandomState(5)
    array = np.concatenate([difficult("d", (90, 3), 5), random.rand(90, 3)])
    array[::7, 1] = array[::7, 0]
    mask = random.rand(180, 3) < 0.6
    mask[:60] |= [True, False, True]
    mask[60:70] = False
    for chosen in mask, np.ones_like(mask):
        lanes = [row[some] for row, some in zip(array, chosen, strict=True)]
        means = [
            nearest(exact_sum(lane) / len(lane), "d") if lane.size else np.nan for lane in lanes
        ]
        variances = {
            ddof: [
                nearest(exact_variance(lane, ddof), "d") if len(lane) > ddof else np.nan
                for lane in lanes
            ]
            for ddof in (0, 1)
        }
        for layout in layouts_of(context, array.shape):
            distributed = context.fromarray(array, layout)
            where = True if chosen.all() else context.fromarray(chosen, layout)
            sums = np.array([math.fsum(lane) for lane in lanes])
            assert_bits(distributed.sum(axis=1, where=where), sums)
            with np.errstate(invalid="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)
                assert_bits(distributed.mean(axis=1, where=where), np.array(means))
                for ddof, expected in variances.items():
                    found = distributed.var(axis=1, where=where, ddof=ddof)
                    assert_bits(found, np.array(expected))
                deviations = distributed.std(axis=1, where=where).toarray()
        for deviation, lane in zip(deviations, lanes, strict=True):
            if not lane.size:
                assert np.isnan(deviation)
                continue
            # Of two elements it is half their distance, rounded once.
            if len(lane) == 2:
                distance = Fraction(float(lane[0])) - Fraction(float(lane[1]))
                assert deviation == nearest(abs(distance) / 2, "d")
            variance = exact_variance(lane)
            below, above = (Fraction(float(np.nextafter(deviation, end))) for end in (-1, np.inf))
            this = Fraction(float(deviation))
            assert ((this + below) / 2) ** 2 <= variance or deviation == 0
            assert variance <= ((this + above) / 2) ** 2


def test_many_lanes_of_an_expression():
    array = difficult("d", (6000, 3), 6)
    distributed = context_of(3).fromarray(array)
    expected = np.array([math.fsum(row) for row in array * 3.0])
    assert_bits((distributed * 3.0).sum(axis=1), expected)
    assert_bits((distributed.T * 3.0).sum(axis=0), expected)


def test_means_and_variances_of_integers():
    context = context_of(3)
    for dtype in "?bBiIlL":
        array = np.random.RandomState(0).randint(0, 2**31 - 1, 50).astype(dtype)
        distributed = context.fromarray(array)
        assert_bits(distributed.mean(), nearest(exact_sum(array) / 50, "d"))
        assert_bits(distributed.var(), nearest(exact_variance(array), "d"))
    large = 10**15 + np.arange(1000) % 2
    assert context.fromarray(large).var() == 0.25


def test_squares_beyond_all_floats():
    context = context_of(2)
    for scale in 1e-170, 1e200:
        array = scale * np.array([1.0, 2.0, 4.0, 4.0])
        with np.errstate(over="ignore"):
            assert_bits(context.fromarray(array).var(), nearest(exact_variance(array), "d"))
        deviation = float(context.fromarray(array).std())
        assert abs(deviation / scale - float(np.std([1.0, 2.0, 4.0, 4.0]))) < 1e-15


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1e308, 1e308], "overflow encountered in reduce"),
        ([np.inf, -np.inf], "invalid value encountered in reduce"),
        # In every order: parts are added in any.
        ([np.nan, np.inf, -np.inf], "invalid value encountered in reduce"),
        ([np.inf, np.nan, -np.inf], "invalid value encountered in reduce"),
        ([np.inf, -np.inf, np.nan], "invalid value encountered in reduce"),
        ([np.inf, 1.0, np.nan], None),
        ([1e308, 1e308, -1e308], None),
    ],
)
def test_sums_report_exceptions(values, message):
    for engines in 1, 2, 3:
        distributed = context_of(engines).fromarray(np.array(values))
        if message is None:
            distributed.sum()
            continue
        with pytest.warns(RuntimeWarning, match=message):
            distributed.sum()
        with np.errstate(all="raise"), pytest.raises(FloatingPointError, match=message):
            distributed.sum()
        with np.errstate(all="ignore"):
            distributed.sum()
