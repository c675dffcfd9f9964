"""The DistArray as an object: attributes, conversions, copies, texts, NumPy's protocols."""

import copy
import math
import pickle
import re
import threading

import numpy as np
import pytest

import distarray as da
from distarray.tests.oracle import (
    ENGINE_COUNTS,
    NATIVE,
    assert_bits,
    assert_same,
    context_of,
    layout_of,
    layouts_of,
    outcome,
    sample,
)


def test_attributes():
    context = context_of(4)
    layout = layout_of(context, (6, 4), "bb")
    array = da.DistArray(layout, dtype="f4")
    assert array.context is context
    assert array.distribution is layout
    assert (array.shape, array.ndim, array.size, array.global_size) == ((6, 4), 2, 24, 24)
    assert (array.dtype, array.itemsize, array.nbytes) == (np.float32, 4, 96)
    assert (array.dist, array.grid_shape, array.targets) == (("b", "b"), (2, 2), [0, 1, 2, 3])
    assert array.localshapes() == [(3, 2)] * 4
    assert array.__array_priority__ == 20.0
    assert da.DistArray(layout).dtype == float
    for name in "shape", "dtype", "nbytes", "T":
        with pytest.raises(AttributeError):
            setattr(array, name, None)
    with pytest.raises(AttributeError):
        array.no_such_attribute = 1


def test_the_engines_pieces():
    context = context_of(3)
    array = context.arange(7)
    assert [piece.tolist() for piece in array.get_ndarrays()] == [[0, 1, 2], [3, 4, 5], [6]]
    local = array.get_localarrays()
    assert [piece.ndarray.tolist() for piece in local] == [[0, 1, 2], [3, 4, 5], [6]]
    local[0].ndarray[0] = 9
    assert array[0] == 0
    assert array.key.name


@pytest.mark.parametrize("dtype", ["F", "D"])
def test_real_and_imaginary_parts(dtype):
    theirs = sample((4, 5), dtype)
    for engines in 1, 3:
        context = context_of(engines)
        for layout in layouts_of(context, (4, 5)):
            mine = theirs.copy()
            ours = context.fromarray(mine, layout)
            assert_same(ours.real, mine.real)
            assert_same(np.imag(ours), mine.imag)
            ours.real = 2
            ours.imag[1:] += 1
            mine.real = 2
            mine.imag[1:] += 1
            assert_same(ours, mine)
            assert_same(ours.conj(), mine.conj())
    real = context.arange(3)
    assert real.real is real
    assert_same(real.imag, np.arange(3).imag)
    with pytest.raises(TypeError, match="imaginary"):
        real.imag = 3


# ---- Conversions -------------------------------------------------------------------------------


def test_to_numpy():
    for engines in ENGINE_COUNTS:
        context = context_of(engines)
        theirs = np.arange(12).reshape(3, 4)
        for layout in layouts_of(context, (3, 4)):
            ours = context.fromarray(theirs, layout)
            for convert in (
                lambda a: a.toarray(),
                lambda a: a.tondarray(),
                np.asarray,
                np.array,
                lambda a: np.array(a, copy=True),
            ):
                result = convert(ours)
                assert type(result) is np.ndarray
                assert_bits(result, theirs)
                result[0, 0] = -1
            assert_bits(np.asarray(ours, dtype="f4"), theirs.astype("f4"))
            with pytest.raises(ValueError, match="Unable to avoid copy"):
                np.array(ours, copy=False)
            assert ours.tolist() == theirs.tolist()
            target = np.zeros((3, 4))
            target[...] = ours
            assert_bits(target, theirs.astype(float))
    assert da.DistArray.toarray is da.DistArray.tondarray


def test_to_python():
    context = context_of(3)
    for convert in bool, int, float, complex:
        for value in 3, 0, 2.5, True:
            for shape in (), (1,), (1, 1):
                expected = convert(np.asarray(value)[()])
                assert convert(context.full(shape, value)) == expected
    for shape in (0,), (2,), (0, 3):
        theirs, _ = outcome(lambda s=shape: bool(np.zeros(s)))
        ours, _ = outcome(lambda s=shape: bool(context.zeros(s)))
        assert (type(ours), str(ours)) == (type(theirs), str(theirs))
        for convert in int, float, complex:
            with pytest.raises(TypeError):
                convert(context.zeros(shape))
    with pytest.warns(np.exceptions.ComplexWarning):
        assert float(context.full((), 2 + 1j)) == 2
    assert [10, 20, 30][context.full((), 1)] == 20
    number = context.full((), 2.567)
    assert (round(number), round(number, 1), math.trunc(number), math.floor(number)) == (
        3,
        2.6,
        2,
        2,
    )
    assert math.sqrt(context.full((), 9)) == 3
    assert sum([context.full((), 1), context.full((), 2)]) == 3
    np.testing.assert_array_equal(np.array([number, number]), [2.567, 2.567])
    np.testing.assert_allclose(context.arange(5), np.arange(5))
    for wrong in context.full((), 1.0), context.full((1,), 1), context.full((), True):
        with pytest.raises(TypeError, match="only integer scalar arrays"):
            [10, 20, 30][wrong]
    array = context.fromarray(np.arange(6).reshape(2, 3))
    assert (array.item(4), array.item(1, 2), array.item((0, 1))) == (4, 5, 1)
    assert context.full((1, 1), 7.0).item() == 7.0
    with pytest.raises(ValueError, match="size 1"):
        array.item()
    with pytest.raises(TypeError, match="unhashable"):
        hash(array)


# ---- Copies, casts, layouts --------------------------------------------------------------------


@pytest.mark.parametrize("engines", [1, 3])
def test_copies(engines):
    context = context_of(engines)
    for layout in layouts_of(context, (4, 3)):
        array = context.full(layout, 1)
        for duplicate in (
            array.copy,
            lambda a=array: np.copy(a),
            lambda a=array: copy.copy(a),
            lambda a=array: copy.deepcopy(a),
            lambda a=array: context.array(a),
        ):
            other = duplicate()
            other[0] = 5
            assert_same(array, np.ones((4, 3), int))
            assert other.distribution == layout
        part = array[::2, ::-1].copy()
        part += 1
        assert_same(array, np.ones((4, 3), int))


def test_no_pickles():
    with pytest.raises(TypeError, match=r"toarray\(\), or write a file"):
        pickle.dumps(context_of(2).zeros((3,)))


@pytest.mark.parametrize("source", NATIVE)
def test_casts(source):
    context = context_of(3)
    theirs = sample((11,), source)
    ours = context.fromarray(theirs)
    for dtype in NATIVE:
        expected, their_warnings = outcome(lambda d=dtype: theirs.astype(d))
        result, our_warnings = outcome(lambda d=dtype: ours.astype(d))
        assert our_warnings == their_warnings, dtype
        if np.dtype(dtype).kind == "u" and theirs.dtype.kind in "fc":
            # What a number out of bounds becomes depends on the processor.
            fits = (theirs.real > -1) & (theirs.real < 100)
            np.testing.assert_array_equal(result.toarray()[fits], expected[fits])
            continue
        assert_same(result, expected)
        for casting in "no", "equiv", "safe", "same_kind":
            with np.errstate(all="ignore"):
                expected, _ = outcome(lambda d=dtype, c=casting: theirs.astype(d, casting=c))
                result, _ = outcome(lambda d=dtype, c=casting: ours.astype(d, casting=c))
            if isinstance(expected, Exception):
                assert (type(result), str(result)) == (type(expected), str(expected))
            else:
                assert_same(result, expected)
    assert ours.astype(source, copy=False) is ours
    assert ours.astype(source) is not ours


def test_casts_to_halves_round_once():
    halves = np.arange(0x7C00, dtype=np.uint16).view(np.float16).astype(float)
    ties = (halves[:-1] + halves[1:]) / 2
    doubles = np.concatenate([ties, np.nextafter(ties, np.inf), np.nextafter(ties, 0), -ties])
    ours = context_of(2).fromarray(doubles).astype(np.float16)
    assert_bits(ours.toarray(), doubles.astype(np.float16))


@pytest.mark.parametrize("dtype", ["e", "f", "d", "g", "i1", "u4", "i8", "F", "D"])
def test_rounding_has_the_bits_of_numpy(dtype):
    random = np.random.default_rng(5)
    values = random.normal(size=2000) * 10.0 ** random.integers(-6, 6, 2000)
    for decimals in (-30, -3, -1, 0, 1, 2, 5, 22, 23, 300):
        with np.errstate(all="ignore"):
            theirs = values.astype(dtype)
            ours = context_of(3).fromarray(theirs)
            assert_bits(ours.round(decimals).toarray(), theirs.round(decimals))
    with pytest.raises(TypeError):
        ours.round(1.5)


@pytest.mark.parametrize("engines", [1, 2, 3])
def test_views_as_another_dtype(engines):
    context = context_of(engines)
    theirs = np.arange(48, dtype="i4").reshape(6, 8)
    for kinds in "bn", "nb", "Bn", "un", "cn":
        ours = context.fromarray(theirs, layout_of(context, (6, 8), kinds))
        assert_same(ours.view(), theirs)
        for dtype in "u4", "f4", "i2", "i1", ">i4":
            assert_same(ours.view(dtype), theirs.view(dtype))
        if kinds[1] == "n":
            assert_same(ours.view("i8"), theirs.view("i8"))
        mine = theirs.copy()
        view = ours.view("u1")
        view[0, ::2] = 255
        mine.view("u1")[0, ::2] = 255
        assert_same(ours, mine)
    with pytest.raises(ValueError, match="divisor"):
        context.zeros((3, 3), "i4").view("i8")
    with pytest.raises(ValueError, match="0d array"):
        context.zeros((), "i4").view("i8")
    if engines == 3:
        bounds = {"dist_type": "b", "bounds": [0, 3, 6, 12]}
        odd = da.Distribution.from_global_dim_data(context, (bounds,))
        with pytest.raises(ValueError, match="cut between elements"):
            context.zeros(odd, "i4").view("i8")


@pytest.mark.parametrize("engines", ENGINE_COUNTS)
def test_redistribution(engines):
    context = context_of(engines)
    theirs = np.arange(24).reshape(6, 4)
    for source in layouts_of(context, (6, 4)):
        ours = context.fromarray(theirs, source)
        for dest in layouts_of(context, (6, 4)):
            moved = ours.distribute_as(dest)
            assert moved.distribution is dest
            assert_same(moved, theirs)
            assert_same(ours[::-1].distribute_as(dest), theirs[::-1])
        assert_same(ours.distribute_as((24,)), theirs.reshape(24))
        assert_same(ours.T.distribute_as((2, 3, 4)), theirs.T.reshape(2, 3, 4))
        last = da.Distribution(context, (6, 4), targets=[engines - 1])
        assert ours.distribute_as(last).targets == [engines - 1]
        assert_same(ours.distribute_as(last), theirs)
        with pytest.raises(ValueError, match="size"):
            ours.distribute_as((5, 5))


# ---- Texts -------------------------------------------------------------------------------------


def test_repr_is_one_line():
    context = context_of(2)
    assert repr(context.zeros((4, 5), "f4")) == (
        "<DistArray(shape=(4, 5), dtype=float32, dist=('b', 'n'), targets=[0, 1])>"
    )
    assert repr(context.zeros(())) == "<DistArray(shape=(), dtype=float64, dist=(), targets=[0])>"
    for dtype in ">f8", "M8[s]", "U3", [("a", "i4"), ("b", "S2")]:
        assert "\n" not in repr(context.zeros((3,), dtype))


TEXTS = [
    np.arange(10),
    np.arange(1001),
    np.arange(1000),
    np.linspace(-1, 1e9, 5000).reshape(50, 100),
    np.arange(4 * 5 * 6 * 20.0).reshape(4, 5, 6, 20),
    np.zeros((7, 7, 50)) + 1j,
    np.zeros((0, 5000)),
    np.array(2.5),
    np.array([1e-20, np.nan, np.inf]),
    np.ones((5000, 2), bool),
    np.ones((2, 5000), "U3"),
    np.ones((5, 5, 5, 5, 5)),
    np.zeros(2000, [("a", "i4"), ("b", "f8")]),
]


@pytest.mark.parametrize("engines", [1, 3])
def test_str_is_numpys(engines):
    context = context_of(engines)
    for theirs in TEXTS:
        ours = context.fromarray(theirs)
        assert str(ours) == str(theirs)
        assert f"{ours}" == f"{theirs}"
        assert np.array_str(ours) == np.array_str(theirs)
        assert np.array2string(ours, precision=2) == np.array2string(theirs, precision=2)
        with np.printoptions(threshold=5, edgeitems=1, precision=2):
            assert str(ours) == str(theirs)
        with np.printoptions(threshold=10**6):
            assert str(ours) == str(theirs)
    with pytest.raises(TypeError, match="unsupported format string"):
        format(context.zeros((3,)), "d")


def test_str_fetches_what_it_prints(monkeypatch):
    array = context_of(3).zeros((10_000, 10_000), "i1")
    fetched = []

    class Spy:
        def __init__(self, array):
            self.array = array

        def view_at(self, index):
            fetched.append(self.array.view_at(index).size)
            return self.array.view_at(index)

        def __getattr__(self, name):
            assert name != "to_numpy"
            return getattr(self.array, name)

    array._array = Spy(array._array)
    assert "..." in str(array)
    assert sum(fetched) == 36


@pytest.mark.parametrize("engines", ENGINE_COUNTS)
def test_html(engines):
    context = context_of(engines)
    for shape in (), (0,), (1,), (7,), (1000,), (5, 6), (0, 4), (3, 4, 5):
        for layout in layouts_of(context, shape):
            html = context.zeros(layout)._repr_html_()
            assert html.startswith("<table>")
            assert html.count("<svg") == html.count("</svg>") == 1
            drawn = set(re.findall("<title>engine (.)</title>", html))
            assert drawn <= {str(target) for target in layout.targets}
            if len(shape) < 3:
                holders = {
                    str(target)
                    for target, piece in zip(layout.targets, layout.localshapes(), strict=True)
                    if 0 not in piece
                }
                assert drawn == holders or shape == (1000,)
    html = (
        context_of(2)
        .zeros((1000,))
        .distribute_as(layout_of(context_of(2), (1000,), "c"))
        ._repr_html_()
    )
    assert "the first 24 of 1000 indices of axis 0" in html


# ---- NumPy's functions -------------------------------------------------------------------------

FUNCTIONS = {
    "where": lambda a: np.where(a > 0, a, 0),
    "where, arrays": lambda a: np.where(a > 0, a, -a),
    "where, one condition": lambda a: np.where(True, a, 1.5),
    "clip": lambda a: np.clip(a, -0.5, 0.5),
    "clip, one side": lambda a: np.clip(a, None, 0.5),
    "clip, method": lambda a: a.clip(0),
    "clip, int": lambda a: a.astype(int).clip(-1, 1),
    "round": lambda a: np.round(a, 2),
    "round, int": lambda a: np.round((a * 100).astype(int), -1),
    "round, method": lambda a: a.round(),
    "nan_to_num": lambda a: np.nan_to_num(a / (a > 0), nan=7.0),
    "isclose": lambda a: np.isclose(a, a + 1e-9),
    "sinc": np.sinc,
    "i0": np.i0,
    "fix": np.fix,
    "angle": lambda a: np.angle(a + 1j),
    "isreal": np.isreal,
    "isposinf": lambda a: np.isposinf(a / (a > 0)),
    "sum": lambda a: np.sum(a.astype(int), axis=0),
    "max": lambda a: np.max(a, 0),
    "amin": lambda a: np.amin(a, axis=1, keepdims=True),
    "max, initial": lambda a: np.max(a, 0, None, False, 9.0),
    "any": lambda a: np.any(a > 2, axis=1),
    "count_nonzero": lambda a: np.count_nonzero(a > 0, axis=0),
    "argmax": lambda a: np.argmax(a, axis=1),
    "ptp": lambda a: np.ptp(a, axis=0),
    "transpose": np.transpose,
    "transpose, axes": lambda a: np.transpose(a, (1, 0)),
    "swapaxes": lambda a: np.swapaxes(a, 0, 1),
    "squeeze": lambda a: np.squeeze(a[:1]),
    "real": np.real,
    "zeros_like": np.zeros_like,
    "flip": np.flip,
    "copy": np.copy,
    "expand_dims": lambda a: np.expand_dims(a, -1),
}
VALUES = {
    "shape": np.shape,
    "ndim": np.ndim,
    "size": np.size,
    "size, axis": lambda a: np.size(a, 1),
    "result_type": lambda a: np.result_type(a, np.float32, 3),
    "iscomplexobj": np.iscomplexobj,
    "isrealobj": np.isrealobj,
    "allclose": lambda a: np.allclose(a, a + 1e-9),
    "allclose, not": lambda a: np.allclose(a, a + 1),
    "array_equal": lambda a: np.array_equal(a, a.copy()),
    "array_equal, not": lambda a: np.array_equal(a, a + 1),
    "array_equal, other shape": lambda a: np.array_equal(a, a[1:]),
    "array_equal, nan": lambda a: np.array_equal(a * np.nan, a * np.nan, equal_nan=True),
}
SAMPLE = np.random.RandomState(0).standard_normal((5, 4))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_of_numpy(name):
    with np.errstate(all="ignore"):
        theirs = FUNCTIONS[name](SAMPLE)
        for engines in 1, 3:
            context = context_of(engines)
            for layout in layouts_of(context, SAMPLE.shape):
                assert_same(FUNCTIONS[name](context.fromarray(SAMPLE, layout)), theirs)


@pytest.mark.parametrize("name", VALUES)
def test_facts_of_numpy(name):
    ours = VALUES[name](context_of(3).fromarray(SAMPLE))
    theirs = VALUES[name](SAMPLE)
    assert ours == theirs
    assert type(ours) is type(theirs)


def test_mixed_arguments_of_functions():
    context = context_of(3)
    array = np.arange(4)
    ours = context.fromarray(array)
    assert_same(np.where(array > 1, ours, array), np.where(array > 1, array, array))
    assert_same(np.where(ours > 1, [1, 2, 3, 4], 0), np.where(array > 1, [1, 2, 3, 4], 0))
    assert np.allclose(array, ours)
    assert np.array_equal(ours, array)
    target = np.zeros(4)
    np.copyto(target, ours)
    assert_bits(target, array.astype(float))
    for where in True, array > 1, ours > 1:
        target, same = context.zeros((4,)), np.zeros(4)
        np.copyto(target, array, where=where)
        np.copyto(same, array, where=np.asarray(where))
        assert_same(target, same)
    with pytest.raises(TypeError, match="Cannot cast"):
        np.copyto(ours, 1.5 * array)
    out = np.zeros(())
    assert np.sum(ours, out=out) is out
    assert out == 6
    masks = np.ones(4, bool)
    assert_same(np.sum(array, out=context.zeros((), int), where=masks), np.sum(array))


def test_functions_that_we_have_not():
    array = context_of(2).arange(4)
    for name, call in {
        "numpy.linalg.inv": lambda: np.linalg.inv(array),
        "numpy.fft.fft": lambda: np.fft.fft(array),
        "numpy.sort": lambda: np.sort(array),
        "numpy.median": lambda: np.median(array),
        "numpy.kron": lambda: np.kron(array, array),
    }.items():
        with pytest.raises(TypeError, match=f"^{name} has no distributed form yet"):
            call()
    with pytest.raises(TypeError, match="condition alone"):
        np.where(array > 1)


def test_arrays_of_others():
    class Other:
        def __array_function__(self, function, types, args, kwargs):
            return "theirs"

    array = context_of(2).arange(4)
    assert np.concatenate([array, Other()]) == "theirs"


@pytest.mark.one_program
def test_several_threads():
    failures = []

    def work(context, number):
        try:
            for _ in range(50):
                array = context.arange(50) + number
                assert int((array * 2).sum()) == 2 * (1225 + 50 * number)
                assert array[7] == 7 + number
                assert_bits(np.modf(array)[1].toarray(), np.arange(50.0) + number)
        except BaseException as error:
            failures.append(error)

    threads = [
        threading.Thread(target=work, args=(context_of(engines), number))
        for number, engines in enumerate((1, 2, 3, 3, 4, 7))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
