"""Ufuncs: every operation of NumPy on every dtype, with NumPy as the oracle."""

import operator
import warnings
from functools import partial

import numpy as np
import pytest

import distarray as da
from distarray.tests.oracle import (
    ENGINE_COUNTS,
    KINDS,
    NATIVE,
    assert_bits,
    assert_raised,
    assert_same,
    context_of,
    layout_of,
    layouts_of,
    outcome,
    sample,
)

UFUNCS = sorted(
    {
        value
        for value in vars(np).values()
        if isinstance(value, np.ufunc) and value.signature is None
    },
    key=lambda ufunc: ufunc.__name__,
)
SHAPE = (5, 4)

# How far our values may be from NumPy's, in units of the last place. Everything else is exact.
LOOSE = dict.fromkeys(
    (
        "arccos arccosh arcsin arcsinh arctan arctan2 arctanh cbrt cos cosh deg2rad degrees exp "
        "exp2 expm1 float_power hypot log log10 log1p log2 logaddexp logaddexp2 power rad2deg "
        "radians sin sinh tan tanh"
    ).split(),
    4,
)

# NumPy rounds these once or twice for complex numbers, as the processor has it.
FUSED = (np.absolute, np.multiply, np.square, np.divide, np.reciprocal)
# Which zero is the greater one depends on the processor.
SIGNLESS = (np.maximum, np.minimum, np.fmax, np.fmin)


def assert_near(ours, theirs, ufunc, *arrays):
    """Compare with NumPy: bit by bit, or as near as the operation allows."""
    theirs = np.asarray(theirs)
    is_complex = any(array.dtype.kind == "c" for array in arrays)
    ulps = LOOSE.get(ufunc.__name__, 2 if is_complex and ufunc in FUSED else 0)
    assert ours.dtype == theirs.dtype
    if theirs.dtype.kind not in "fc":
        assert_same(ours, theirs)
    elif ufunc in SIGNLESS:
        np.testing.assert_array_equal(ours.toarray(), theirs)
    elif ulps == 0:
        assert_same(ours, theirs)
    else:
        rtol = float(ulps * np.finfo(theirs.dtype).eps)
        with np.errstate(all="ignore"):
            np.testing.assert_allclose(ours.toarray(), theirs, rtol=rtol, atol=0)


@pytest.mark.parametrize("dtype", NATIVE)
@pytest.mark.parametrize("ufunc", UFUNCS, ids=lambda ufunc: ufunc.__name__)
def test_every_ufunc_on_every_dtype(ufunc, dtype):
    context = context_of(2)
    arrays = [sample(SHAPE, dtype, seed) for seed in range(ufunc.nin)]
    distributed = [context.fromarray(array) for array in arrays]
    with np.errstate(all="ignore"):
        theirs, _ = outcome(lambda: ufunc(*arrays))
        ours, _ = outcome(lambda: ufunc(*distributed))
    if isinstance(theirs, Exception):
        assert_raised(ours, theirs)
    elif isinstance(theirs, tuple):
        for one, other in zip(ours, theirs, strict=True):
            assert_near(one, other, ufunc, *arrays)
    else:
        assert not isinstance(ours, Exception), ours
        assert_near(ours, theirs, ufunc, *arrays)


MIXED = [(left, right) for left in NATIVE for right in NATIVE]


@pytest.mark.parametrize(
    "ufunc", [np.add, np.divide, np.less, np.power, np.maximum], ids=lambda ufunc: ufunc.__name__
)
def test_mixed_dtypes(ufunc):
    context = context_of(2)
    for left, right in MIXED:
        a, b = sample((8,), left), sample((8,), right, 1)
        with np.errstate(all="ignore"):
            theirs, _ = outcome(lambda a=a, b=b: ufunc(a, b))
            ours, _ = outcome(lambda a=a, b=b: ufunc(context.fromarray(a), context.fromarray(b)))
        if isinstance(theirs, Exception):
            assert_raised(ours, theirs)
        else:
            assert not isinstance(ours, Exception), (left, right, ours)
            assert_near(ours, theirs, ufunc, a, b)


SCALARS = (
    True,
    2,
    -1,
    300,
    2**40,
    2**70,
    1.5,
    1e300,
    2j,
    np.int8(3),
    np.float32(1.5),
    np.float64(2.5),
    np.uint64(7),
    np.array(3, np.int16),
)


@pytest.mark.parametrize("function", [operator.add, operator.mul, operator.lt, operator.eq])
@pytest.mark.parametrize("dtype", NATIVE)
def test_numbers_follow_nep_50(dtype, function):
    context = context_of(2)
    array = sample((6,), dtype)
    distributed = context.fromarray(array)
    for scalar in SCALARS:
        for order in (lambda x, y: (x, y)), (lambda x, y: (y, x)):
            with np.errstate(all="ignore"):
                theirs, _ = outcome(partial(function, *order(array, scalar)))
                ours, _ = outcome(partial(function, *order(distributed, scalar)))
            if isinstance(theirs, OverflowError) and abs(scalar) > 2**64:
                # NumPy gives up on comparing such numbers with some dtypes; we may compare.
                assert isinstance(ours, OverflowError | da.DistArray)
            elif isinstance(theirs, Exception):
                assert type(ours) is type(theirs), (scalar, ours)
                assert str(ours) == str(theirs)
            else:
                assert not isinstance(ours, Exception), (scalar, ours)
                assert_same(ours, theirs)


BINARY = (
    operator.add,
    operator.sub,
    operator.mul,
    operator.truediv,
    operator.floordiv,
    operator.mod,
    operator.pow,
    operator.lshift,
    operator.rshift,
    operator.and_,
    operator.or_,
    operator.xor,
    operator.lt,
    operator.le,
    operator.gt,
    operator.ge,
    operator.eq,
    operator.ne,
    divmod,
)
UNARY = (operator.neg, operator.pos, operator.abs, operator.invert)
IN_PLACE = (
    operator.iadd,
    operator.isub,
    operator.imul,
    operator.itruediv,
    operator.ifloordiv,
    operator.imod,
    operator.ipow,
    operator.ilshift,
    operator.irshift,
    operator.iand,
    operator.ior,
    operator.ixor,
)


def names(functions):
    return [function.__name__ for function in functions]


@pytest.mark.parametrize("engines", ENGINE_COUNTS)
@pytest.mark.parametrize("function", BINARY, ids=names(BINARY))
def test_binary_operators(function, engines):
    context = context_of(engines)
    a = np.arange(1, 21).reshape(SHAPE)
    b = np.array([1, 2, 3, 5])
    for kinds in KINDS[2]:
        distributed = context.fromarray(a, layout_of(context, SHAPE, kinds))
        row = context.fromarray(b)
        column = context.fromarray(a[:, :1], layout_of(context, (5, 1), kinds))
        for ours, theirs in [
            ((distributed, distributed), (a, a)),
            ((distributed, row), (a, b)),
            ((row, distributed), (b, a)),
            ((distributed, b), (a, b)),
            ((b, distributed), (b, a)),
            ((distributed, b.tolist()), (a, b.tolist())),
            ((b.tolist(), distributed), (b.tolist(), a)),
            ((distributed, 2), (a, 2)),
            ((2, distributed), (2, a)),
            ((row, column), (b, a[:, :1])),
        ]:
            actual, expected = function(*ours), function(*theirs)
            if function is divmod:
                assert_same(actual[0], expected[0])
                assert_same(actual[1], expected[1])
            else:
                assert_same(actual, expected)


@pytest.mark.parametrize("dtype", ["i4", "u8", "f8", "F"])
@pytest.mark.parametrize("function", UNARY, ids=names(UNARY))
def test_unary_operators(function, dtype):
    array = sample((9,), dtype)
    theirs, _ = outcome(lambda: function(array))
    ours, _ = outcome(lambda: function(context_of(3).fromarray(array)))
    if isinstance(theirs, Exception):
        assert (type(ours), str(ours)) == (type(theirs), str(theirs))
    else:
        assert_same(ours, theirs)


@pytest.mark.parametrize("engines", [1, 3])
@pytest.mark.parametrize("function", IN_PLACE, ids=names(IN_PLACE))
def test_operators_in_place(function, engines):
    context = context_of(engines)
    for dtype in "i8", "f4", "u1":
        for other in np.arange(1, 5), np.full((5, 1), 2.5), 2, 1.5:
            mine = np.arange(1, 21).reshape(SHAPE).astype(dtype)
            ours = context.fromarray(mine, layout_of(context, SHAPE, "Bn"))
            same = ours
            theirs, _ = outcome(lambda mine=mine, other=other: function(mine, other))
            result, _ = outcome(lambda ours=ours, other=other: function(ours, other))
            if isinstance(theirs, Exception):
                assert (type(result), str(result)) == (type(theirs), str(theirs))
            else:
                assert result is same
                if function is operator.ipow and dtype == "f4":
                    np.testing.assert_allclose(result.toarray(), theirs, rtol=3e-7)
                else:
                    assert_same(result, theirs)


def test_in_place_on_a_numpy_array():
    context = context_of(2)
    array = np.arange(6.0)
    array += context.arange(6)
    assert_bits(array, np.arange(6.0) * 2)


def test_operands_that_overlap():
    for engines in 1, 2:
        for kinds in "n", "b", "c":
            context = context_of(engines)
            theirs = np.arange(10)
            ours = context.fromarray(theirs, layout_of(context, (10,), kinds))
            theirs[1:] += theirs[:-1]
            ours[1:] += ours[:-1]
            assert_same(ours, theirs)
            theirs[::-1] -= theirs
            ours[::-1] -= ours
            assert_same(ours, theirs)


@pytest.mark.parametrize("engines", [1, 3])
@pytest.mark.parametrize("kinds", KINDS[2])
def test_distributions_of_operands_may_differ(kinds, engines):
    context = context_of(engines)
    a, b = sample(SHAPE, "f8"), sample(SHAPE, "f4", 1)
    first = context.fromarray(a, layout_of(context, SHAPE, kinds))
    for others in KINDS[2]:
        second = context.fromarray(b, layout_of(context, SHAPE, others, seed=5))
        assert_same(np.add(first, second), a + b)
        assert_same(np.maximum(first[1:], second[:-1]), np.maximum(a[1:], b[:-1]))
        assert_same(np.subtract(first.T, second[0, 0]), a.T - b[0, 0])


def test_shapes_that_do_not_broadcast():
    context = context_of(2)
    theirs, _ = outcome(lambda: np.ones((2, 3)) + np.ones((2,)))
    ours, _ = outcome(lambda: context.ones((2, 3)) + context.ones((2,)))
    assert (type(ours), str(ours)) == (type(theirs), str(theirs))


# ---- Keywords ----------------------------------------------------------------------------------


def both(function, *arrays, engines=2, **arguments):
    """Call a function with NumPy arrays and with DistArrays; compare what comes of it."""
    context = context_of(engines)
    distributed = [context.fromarray(array) for array in arrays]
    theirs, _ = outcome(lambda: function(*arrays, **arguments))
    ours, _ = outcome(lambda: function(*distributed, **arguments))
    if isinstance(theirs, Exception):
        assert (type(ours), str(ours)) == (type(theirs), str(theirs))
    else:
        assert not isinstance(ours, Exception), ours
        assert_same(ours, theirs)


def test_dtype_casting_and_signature():
    a, b = np.arange(6), np.arange(6) + 1.5
    both(np.add, a, a, dtype=float)
    both(np.add, a, a, dtype="f4")
    both(np.add, a, b, dtype=int)
    both(np.add, a, b, dtype=int, casting="unsafe")
    both(np.add, a, b, casting="no")
    both(np.add, b, b, casting="no")
    both(np.add, a, b, casting="safe")
    both(np.add, a, a, signature="dd->d")
    both(np.add, a, a, sig="dd->d")
    both(np.add, a, a, signature=(float, float, float))
    both(np.add, a, a, signature=(float, None, None))
    both(np.add, a, a, signature="d->d")
    both(np.add, a, a, signature="dd->d", dtype=float)
    both(np.less, a, b, dtype=float)
    both(np.add, a, b, nonsense=1)
    both(np.sqrt, a, dtype="f4")
    both(np.add, a, b, order="F", subok=False)


def test_out():
    for engines in 1, 2, 3:
        context = context_of(engines)
        a, b = np.arange(6), np.arange(6) + 1.5
        x, y = context.fromarray(a), context.fromarray(b)
        for dtype in "f8", "f4", "D", "i8", "?":
            theirs = np.zeros(6, dtype)
            ours = context.fromarray(theirs, layout_of(context, (6,), "c"))
            expected, _ = outcome(partial(np.add, a, b, out=theirs))
            for out in ours, (ours,):
                result, _ = outcome(partial(np.add, x, y, out=out))
                if isinstance(expected, Exception):
                    assert (type(result), str(result)) == (type(expected), str(expected))
                else:
                    assert result is ours
                    assert_same(ours, theirs)
        wide = context.zeros((2, 6))
        assert np.add(x, 1, wide) is wide
        assert_same(wide, np.add(a, 1, np.zeros((2, 6))))
        gathered = np.zeros(6)
        assert np.add(x, y, out=gathered) is gathered
        assert_bits(gathered, a + b)
        assert_same(np.add(a, b, out=context.zeros((6,))), a + b)
        with pytest.raises(ValueError, match="output"):
            np.add(x, y, out=context.zeros((3,)))


def test_where():
    for engines in 1, 3:
        context = context_of(engines)
        a = np.arange(8).reshape(2, 4)
        mask = np.array([True, False, True, True])
        x = context.fromarray(a)
        for condition in mask, context.fromarray(mask), mask.tolist(), False:
            theirs, ours = np.full((2, 4), 9.0), context.full((2, 4), 9.0)
            np.add(a, 0.5, out=theirs, where=np.asarray(condition))
            np.add(x, 0.5, out=ours, where=condition)
            assert_same(ours, theirs)
        theirs, ours = np.full((2, 4), 9.0), context.full((2, 4), 9.0)
        np.frexp(a, out=(theirs, None), where=mask)
        np.frexp(x, out=(ours, None), where=mask)
        assert_same(ours, theirs)
        with pytest.raises(TypeError, match="according to the rule 'safe'"):
            np.add(x, 1, out=context.zeros((2, 4)), where=[1, 0, 1, 1])


def test_several_outputs():
    for engines in 1, 3:
        context = context_of(engines)
        a = sample((7,), "f8")
        x = context.fromarray(a, layout_of(context, (7,), "k"))
        with np.errstate(all="ignore"):
            for ufunc in np.modf, np.frexp:
                for ours, theirs in zip(ufunc(x), ufunc(a), strict=True):
                    assert_same(ours, theirs)
            for ours, theirs in zip(np.divmod(x, 2), np.divmod(a, 2), strict=True):
                assert_same(ours, theirs)
            out = context.zeros((7,)), context.zeros((7,))
            assert np.modf(x, *out)[1] is out[1]
            assert_same(out[1], np.modf(a)[1])


# ---- Methods -----------------------------------------------------------------------------------


def test_reduce_is_a_reduction():
    context = context_of(3)
    a = np.arange(1, 13).reshape(3, 4)
    x = context.fromarray(a)
    for ufunc in np.add, np.multiply, np.minimum, np.maximum, np.logical_and, np.logical_or:
        assert_same(ufunc.reduce(x), ufunc.reduce(a))
        assert_same(ufunc.reduce(x, axis=None), ufunc.reduce(a, axis=None))
        assert_same(ufunc.reduce(x, 1, keepdims=True), ufunc.reduce(a, 1, keepdims=True))
    assert_same(np.add.reduce(x, initial=5), np.add.reduce(a, initial=5))


def test_outer():
    context = context_of(3)
    a, b = np.arange(4), np.arange(6.0).reshape(2, 3)
    x, y = context.fromarray(a), context.fromarray(b)
    assert_same(np.subtract.outer(x, y), np.subtract.outer(a, b))
    assert_same(np.subtract.outer(a, y), np.subtract.outer(a, b))
    assert_same(np.subtract.outer(x, b), np.subtract.outer(a, b))
    assert_same(np.subtract.outer(x, 2), np.subtract.outer(a, 2))
    assert_same(np.subtract.outer(2, x), np.subtract.outer(2, a))


def test_methods_that_we_have_not():
    x = context_of(2).arange(5)
    with pytest.raises(TypeError, match=r"numpy.subtract.accumulate has no distributed form yet"):
        np.subtract.accumulate(x)
    with pytest.raises(TypeError, match=r"numpy.add.reduceat has no distributed form yet"):
        np.add.reduceat(x, [0, 2])
    with pytest.raises(TypeError, match=r"numpy.add.at has no distributed form yet"):
        np.add.at(x, [1], 2)
    with pytest.raises(TypeError, match=r"numpy.subtract.reduce has no distributed form yet"):
        np.subtract.reduce(x)
    with pytest.raises(TypeError, match=r"numpy.matmul works on whole rows"):
        np.matmul(x, context_of(2).ones((5, 2)))


# ---- Other libraries' ufuncs, and other objects ------------------------------------------------


@pytest.mark.parametrize("engines", ENGINE_COUNTS)
def test_ufuncs_of_scipy(engines):
    special = pytest.importorskip("scipy.special")
    context = context_of(engines)
    a = np.linspace(0.1, 3, 15).reshape(5, 3)
    for kinds in KINDS[2]:
        x = context.fromarray(a, layout_of(context, (5, 3), kinds))
        assert_same(special.gamma(x), special.gamma(a))
        assert_same(special.jv(1, x), special.jv(1, a))
        assert_same(special.beta(x, a[0]), special.beta(a, a[0]))
        assert_same(special.beta(x[::2], x[0]), special.beta(a[::2], a[0]))


def test_objects_are_refused():
    x = context_of(2).arange(3)
    with pytest.raises(TypeError):
        x + object()
    with pytest.raises(TypeError):
        np.add(x, None)
    with pytest.raises(TypeError, match="Python objects"):
        np.frompyfunc(lambda value: value, 1, 1)(x)
    assert (x == object()) is False
    assert_same(x == None, np.arange(3) == None)  # noqa: E711
    assert_same(x != None, np.arange(3) != None)  # noqa: E711
    assert_same(x == "abc", np.arange(3) == "abc")


def test_other_objects_may_take_over():
    class Stubborn:
        __array_ufunc__ = None

        def __radd__(self, other):
            return "mine"

        def __eq__(self, other):
            return "equal"

        __hash__ = None

    x = context_of(2).arange(3)
    assert x + Stubborn() == "mine"
    assert (x == Stubborn()) == "equal"


def test_other_array_types_may_take_over():
    class Series:
        def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
            return "theirs"

        def __add__(self, other):
            return "add"

        def __radd__(self, other):
            return "radd"

    class Quantity(np.ndarray):
        def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
            return "a quantity"

    x = context_of(2).arange(3)
    assert np.add(x, Series()) == np.add(Series(), x) == "theirs"
    assert (x + Series(), Series() + x) == ("radd", "add")
    assert x + np.arange(3).view(Quantity) == "a quantity"
    with pytest.raises(TypeError, match="mask"):
        x + np.ma.masked_array([1, 2, 3], [True, False, False])


def test_arrays_of_different_contexts():
    first, second = context_of(2).arange(3), context_of(3).arange(3)
    with pytest.raises(da.error.ContextError):
        first + second
    with pytest.raises(da.error.ContextError):
        np.add(first, second, out=first)


# ---- Floating-point exceptions -----------------------------------------------------------------

EXCEPTIONS = {
    "divide": lambda x: 1 / (x - x),
    "invalid": lambda x: (x - x) / (x - x),
    "overflow": lambda x: x * 1e308 * 10,
    "underflow": lambda x: x * 1e-308 * 1e-300,
    "integers": lambda x: x.astype(int) // 0,
    "log": lambda x: np.log(-x),
    "gamma": lambda x: np.spacing(x * np.inf),
}


@pytest.mark.parametrize("mode", ["warn", "ignore", "raise"])
@pytest.mark.parametrize("name", EXCEPTIONS)
def test_floating_point_exceptions(name, mode):
    function = EXCEPTIONS[name]
    for engines in 1, 3:
        a = np.arange(1.0, 5)
        x = context_of(engines).fromarray(a)
        with np.errstate(all=mode):
            theirs, their_warnings = outcome(lambda a=a: function(a))
            ours, our_warnings = outcome(lambda x=x: function(x))
        assert our_warnings == their_warnings
        if isinstance(theirs, Exception):
            assert (type(ours), str(ours)) == (type(theirs), str(theirs))
        else:
            assert_same(ours, theirs)


def test_floating_point_exceptions_are_called_back_and_logged(capsys):
    x = context_of(2).arange(3)
    seen = []
    with np.errstate(all="call", call=lambda words, flags: seen.append((words, flags))):
        x / 0
    assert seen == [("divide by zero", 9), ("invalid value", 9)]

    class Log:
        def write(self, text):
            seen.append(text)

    with np.errstate(all="log", call=Log()):
        x / 0
    assert seen[2] == "Warning: divide by zero encountered in divide\n"
    with np.errstate(all="print"):
        x / 0
    assert "Warning: divide by zero encountered in divide" in capsys.readouterr().err


def test_warnings_point_to_the_user():
    x = context_of(2).arange(3)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        x / 0
        np.log(x)
        np.modf(x * np.inf)
    assert {warning.filename for warning in caught} == {__file__}


def test_powers():
    a = np.array([1.1, 2.7, 4.0])
    x = context_of(2).fromarray(a)
    for exponent in 2, 0.5, -1, 1, 0, 3, 2.0, -1.0, np.float64(2), np.int64(2):
        assert_same(x**exponent, a**exponent)
    i = np.array([1, 2, 3])
    y = context_of(2).fromarray(i)
    for exponent in 2, 2.0, 0, 3, 0.5, -1.0:
        assert_same(y**exponent, i**exponent)
    with pytest.raises(ValueError, match="negative integer powers"):
        y**-1
    y **= 2
    assert_same(y, i**2)
    assert_same(2**y, 2 ** (i**2))


def test_elements_that_where_leaves_out_meet_no_exceptions():
    a = np.arange(40.0)
    b = np.where(a % 3 == 0, 0, 2.0)
    for engines in 1, 3:
        context = context_of(engines)
        for layout in layouts_of(context, (40,)):
            ours, divisor = context.fromarray(a, layout), context.fromarray(b, layout)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                for mask in divisor != 0, b != 0:
                    out = context.full(layout, -1.0)
                    np.divide(ours, divisor, out=out, where=mask)
                    assert_same(out, np.divide(a, b, out=np.full(40, -1.0), where=b != 0))
                out = context.zeros(layout)
                np.log(ours - 5, out=out, where=ours > 5)
                integers = ours.astype(int)
                np.floor_divide(integers, divisor.astype(int), out=integers, where=divisor != 0)
            with pytest.warns(RuntimeWarning, match="divide by zero"):
                np.divide(ours, divisor, out=out, where=ours > 1)
            exponents = ours.astype(int) - 20
            power = np.power(2, exponents, where=exponents >= 0, out=integers * 0)
            powers = np.maximum(2.0 ** (a - 20), 0.5).astype(int)
            assert_same(power, powers)


def test_a_loop_is_called_with_the_dtypes_that_it_takes():
    # ldexp with a dtype has a loop for exponents of 32 bits, which the core doesn't have.
    context = context_of(3)
    x, exponents = np.array([1, 2, 3, 0], "u1"), np.array([20, 3, 7, 1], "u1")
    for dtype in "f2", "f4", "f8":
        with np.errstate(over="ignore"):
            expected = np.ldexp(x, exponents, dtype=dtype)
            ours = np.ldexp(context.fromarray(x), context.fromarray(exponents), dtype=dtype)
        assert_same(ours, expected)


def test_imaginary_parts_are_not_lost_in_silence():
    context = context_of(2)
    out = context.zeros((3,))
    with pytest.warns(np.exceptions.ComplexWarning, match="discards the imaginary part"):
        np.add(context.ones((3,)), 1j, out=out, casting="unsafe")
    assert_same(out, np.ones(3))
