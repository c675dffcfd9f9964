"""Making arrays, on contexts and by the package's functions, with NumPy as the oracle."""

import numpy as np
import pytest

import distarray as da
from distarray.tests.oracle import (
    ENGINE_COUNTS,
    KINDS,
    NATIVE,
    assert_same,
    context_of,
    layout_of,
    layouts_of,
    outcome,
)

SHAPES = [(), (0,), (1,), (7,), (3, 0), (4, 5), (2, 3, 4)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("engines", ENGINE_COUNTS)
def test_filled(engines, shape):
    context = context_of(engines)
    for layout in [shape, *layouts_of(context, shape)]:
        for dtype in NATIVE:
            assert_same(context.zeros(layout, dtype), np.zeros(shape, dtype))
            assert_same(context.ones(layout, dtype), np.ones(shape, dtype))
            assert_same(context.full(layout, 1, dtype), np.full(shape, 1, dtype))
            empty = context.empty(layout, dtype)
            assert (empty.shape, empty.dtype) == (shape, dtype)
    assert_same(context.zeros(shape), np.zeros(shape))


def test_full():
    context = context_of(3)
    for value in 3, 2.5, True, 1j, np.float32(2), "text", [1, 2, 3], np.arange(3.0):
        assert_same(context.full((2, 3), value), np.full((2, 3), value))
        assert_same(da.full((2, 3), value), np.full((2, 3), value))
    assert_same(context.full((3,), 2.9, int), np.full((3,), 2.9, int))
    assert_same(context.full((2, 3), context.arange(3)), np.full((2, 3), np.arange(3)))
    with pytest.raises(OverflowError):
        context.full((3,), 300, np.uint8)


def test_shapes():
    context = context_of(2)
    assert context.zeros(5).shape == (5,)
    assert context.zeros([2, 3]).shape == (2, 3)
    assert context.zeros((np.int8(2), 3)).shape == (2, 3)
    with pytest.raises((ValueError, TypeError)):
        context.zeros((-1,))
    with pytest.raises(TypeError):
        context.zeros((1.5,))
    with pytest.raises(TypeError):
        context.zeros((2,), "no such dtype")


def test_where_arrays_go():
    context = context_of(4)
    array = context.zeros((8, 3))
    assert (array.dist, array.grid_shape, array.targets) == (("b", "n"), (4, 1), [0, 1, 2, 3])
    assert context.zeros(()).targets == [0]
    layout = layout_of(context, (8, 3), "cn")
    assert context.ones(layout).distribution is layout
    part = da.Distribution(context, (8,), targets=[1, 3])
    assert context.arange(8, distribution=part).targets == [1, 3]
    assert context.zeros_like(context.zeros(part)).distribution == part
    other = context_of(2)
    for make in (
        lambda: context.fromarray(np.zeros(8), da.Distribution(other, (8,))),
        lambda: context.arange(8, distribution=da.Distribution(other, (8,))),
        lambda: context.asarray(other.zeros((3,))),
    ):
        with pytest.raises(da.error.ContextError):
            make()
    with pytest.raises(ValueError, match="shape"):
        context.fromarray(np.zeros(5), part)


def test_like():
    context = context_of(3)
    layout = layout_of(context, (4, 5), "Bc")
    array = context.full(layout, 2, "i2")
    for name in "empty_like", "zeros_like", "ones_like":
        for make in getattr(context, name), getattr(np, name), getattr(da, name):
            made = make(array)
            assert (made.distribution, made.dtype, made.shape) == (layout, "i2", (4, 5))
            if name != "empty_like":
                assert_same(made, getattr(np, name)(array.toarray()))
            assert make(array, float).dtype == float
            assert make(array, dtype="f4", shape=(3,)).shape == (3,)
    assert_same(np.full_like(array, 7.9), np.full((4, 5), 7, "i2"))
    assert_same(context.full_like(array, 7.9, dtype=float), np.full((4, 5), 7.9))
    assert_same(context.ones_like([[1.5, 2]]), np.ones((1, 2)))


ARANGES = (
    (5,),
    (5.5,),
    (2, 9),
    (2, 20, 3),
    (20, 2, -3),
    (0, 1, 0.1),
    (1.5, -3, -0.25),
    (0,),
    (5, 2),
    (1, 2),
    (1, 3),
    (3j,),
    (0, 5 + 1j, 1 + 1j),
    (np.float32(0.5), 10),
    (np.int8(3), np.int8(50), np.int8(7)),
    (2**62, 2**62 + 5),
    (True,),
)


@pytest.mark.parametrize("arguments", ARANGES, ids=str)
def test_arange(arguments):
    for engines in ENGINE_COUNTS:
        context = context_of(engines)
        assert_same(context.arange(*arguments), np.arange(*arguments))
        for dtype in "i4", "f8", "f4", "f2", "u1", "F":
            theirs, _ = outcome(lambda dtype=dtype: np.arange(*arguments, dtype=dtype))
            ours, _ = outcome(lambda d=dtype, c=context: c.arange(*arguments, dtype=d))
            if isinstance(theirs, Exception):
                assert type(ours) is type(theirs)
            else:
                assert_same(ours, theirs)
    size = len(np.arange(*arguments))
    for kinds in KINDS[1]:
        layout = layout_of(context, (size,), kinds)
        assert_same(context.arange(*arguments, distribution=layout), np.arange(*arguments))


def test_errors_of_arange():
    for arguments in [(0, 5, 0), (0, np.inf), (0, np.nan), ("x",), (0, 5, "x")]:
        theirs, _ = outcome(lambda a=arguments: np.arange(*a))
        ours, _ = outcome(lambda a=arguments: context_of(2).arange(*a))
        assert isinstance(theirs, Exception)
        assert type(ours) is type(theirs), (arguments, ours, theirs)


LINSPACES = (
    (0, 1),
    (0, 1, 7),
    (3, -2.5, 11),
    (0, 1, 1),
    (0, 1, 0),
    (0, 10, 4),
    (1, 1, 9),
    (1e-320, 2e-320, 20),
    (0, 1j, 6),
    (-1e300, 1e300, 9),
    (np.float32(0), np.float32(1), 10),
)


@pytest.mark.parametrize("arguments", LINSPACES, ids=str)
def test_linspace(arguments):
    for engines in 1, 2, 7:
        context = context_of(engines)
        for keywords in (
            {},
            {"endpoint": False},
            {"retstep": True},
            {"dtype": int},
            {"dtype": "f4"},
        ):
            theirs, their_warnings = outcome(lambda k=keywords: np.linspace(*arguments, **k))
            ours, our_warnings = outcome(lambda k=keywords, c=context: c.linspace(*arguments, **k))
            if isinstance(theirs, Exception):
                assert type(ours) is type(theirs)
                continue
            if isinstance(theirs, tuple):
                (theirs, step), (ours, other) = theirs, ours
                np.testing.assert_equal(other, step)
            assert_same(ours, theirs)
            assert our_warnings == their_warnings


def test_errors_of_linspace():
    context = context_of(2)
    with pytest.raises(ValueError, match="non-negative"):
        context.linspace(0, 1, -1)
    with pytest.raises(TypeError):
        context.linspace(0, 1, 2.5)
    with pytest.raises(TypeError, match="not supported"):
        context.linspace([0, 1], 2)


def test_eye():
    for engines in 1, 3:
        context = context_of(engines)
        for shape in (0, None), (4, None), (4, 6), (6, 4), (1, 5):
            for k in 0, 1, -2, 9:
                for dtype in "f8", "i1", "?", "D", ">f8", "g":
                    assert_same(context.eye(*shape, k, dtype), np.eye(*shape, k, dtype))
        layout = layout_of(context, (5, 4), "uB")
        assert_same(context.eye(5, 4, distribution=layout), np.eye(5, 4))
        assert_same(context.identity(4, int), np.identity(4, int))


@pytest.mark.parametrize("engines", ENGINE_COUNTS)
def test_fromfunction(engines):
    context = context_of(engines)
    functions = (
        lambda i, j: i + 10 * j,
        lambda i, j: (i == j) & (i > 0),
        lambda i, j: np.sin(i) / (j + 1),
        lambda i, j: i / i.max(),
        lambda i, j: np.where(i > j, i, -j),
    )
    for function in functions:
        theirs = np.fromfunction(function, (4, 5))
        ours = context.fromfunction(function, (4, 5))
        if theirs.dtype == float and function is functions[2]:
            np.testing.assert_allclose(ours.toarray(), theirs, rtol=1e-15)
        else:
            assert_same(ours, theirs)
    for layout in layouts_of(context, (4, 5)):
        made = context.fromfunction(lambda i, j: i * j, layout, dtype=int)
        assert_same(made, np.fromfunction(lambda i, j: i * j, (4, 5), dtype=int))
        assert made.distribution == layout
    assert_same(context.fromfunction(lambda i, add: i + add, (5,), add=2), np.arange(5.0) + 2)
    assert_same(context.fromfunction(lambda i, j: 7, (2, 3)), np.full((2, 3), 7))
    assert_same(
        context.fromfunction(lambda i, j: i.toarray(), (2, 3)), np.indices((2, 3.0 and 3))[0] * 1.0
    )
    if engines > 1:
        assert context.fromfunction(lambda i: i, (6,), dist="c").dist == ("c",)
        assert context.fromfunction(
            lambda i, j: i, (6, 6), grid_shape=(1, 2), dist="bb"
        ).grid_shape == (1, 2)


def test_fromarray():
    for engines in ENGINE_COUNTS:
        context = context_of(engines)
        for shape in SHAPES:
            array = np.arange(np.prod(shape, dtype=int)).reshape(shape)
            for layout in layouts_of(context, shape):
                assert_same(context.fromarray(array, layout), array)
                assert_same(context.fromarray(array.copy("F"), layout), array)
            turned = array[::-1].T if shape else array
            assert_same(context.fromndarray(turned), turned)
    assert type(context).fromarray is type(context).fromndarray
    array = np.zeros(3)
    made = context.fromarray(array)
    array[0] = 1
    assert_same(made, np.zeros(3))
    read_only = np.arange(3)
    read_only.flags.writeable = False
    assert_same(context.fromarray(read_only) + 1, np.arange(3) + 1)


def test_array_and_asarray():
    context = context_of(3)
    for thing in [1, 2], 3.5, [[1, 2.5]], range(4), np.float32(2), [True], (1j,), "text", []:
        assert_same(context.array(thing), np.array(thing))
        assert_same(context.asarray(thing), np.asarray(thing))
    assert_same(context.array([1, 2], dtype="f4"), np.array([1, 2], dtype="f4"))
    array = context.arange(5)
    assert context.asarray(array) is array
    assert context.array(array) is not array
    assert context.asarray(array, float).dtype == float
    cyclic = layout_of(context, (5,), "c")
    moved = context.asarray(array, distribution=cyclic)
    assert moved.distribution == cyclic
    assert_same(moved, np.arange(5))
    with pytest.raises(ValueError, match="inhomogeneous"):
        context.array([[1], [2, 3]])
    with pytest.raises(TypeError, match="mask"):
        context.array(np.ma.masked_array([1, 2], [True, False]))


def test_the_default_context():
    assert_same(da.arange(5), np.arange(5))
    assert_same(da.zeros((2, 3)), np.zeros((2, 3)))
    assert_same(da.linspace(0, 1, 5), np.linspace(0, 1, 5))
    assert_same(da.array([1, 2]) + da.ones(2), np.array([2.0, 3]))
    assert_same(
        da.fromfunction(lambda i, j: i - j, (3, 3), dtype=int),
        np.indices((3, 3))[0] - np.indices((3, 3))[1],
    )
    assert da.zeros(3).context is da.default_context()
    context = context_of(3)
    assert da.zeros(da.Distribution(context, (4,))).context is context
    assert da.zeros_like(context.zeros((4,))).context is context
    assert da.asarray(context.zeros((4,))).context is context
    assert da.add is np.add
    assert int(da.sum(da.arange(5))) == 10
    for name in da.__all__:
        assert hasattr(da, name), name
    with pytest.raises(AttributeError):
        da.no_such_name  # noqa: B018


def test_creation_like_an_array_of_ours():
    array = context_of(3).zeros((2,))
    for function in (
        lambda **k: np.zeros((2, 3), **k),
        lambda **k: np.ones(3, dtype=int, **k),
        lambda **k: np.full((2,), 7, **k),
        lambda **k: np.arange(5, **k),
        lambda **k: np.eye(3, **k),
        lambda **k: np.asarray([1, 2], **k),
        lambda **k: np.array([[1.5]], **k),
    ):
        made = function(like=array)
        assert made.context is array.context
        assert_same(made, function())


@pytest.mark.one_program
def test_files(tmp_path):
    for engines in 1, 3:
        context = context_of(engines)
        theirs = np.arange(24.0).reshape(4, 6)
        path = tmp_path / "array.npy"
        for layout in layouts_of(context, (4, 6)):
            context.save_npy(path, context.fromarray(theirs, layout))
            np.testing.assert_array_equal(np.load(path), theirs)
            assert_same(context.load_npy(path, layout), theirs)
        assert_same(context.load_npy(str(path)), theirs)
        np.save(path, np.asfortranarray(theirs.astype(">i2")))
        assert_same(context.load_npy(path), theirs.astype(">i2"))
        assert_same(da.load_npy(path), theirs.astype(">i2"))
        with pytest.raises(ValueError, match="shape"):
            context.load_npy(path, layout_of(context, (3,), "b"))
        with pytest.raises(FileNotFoundError):
            context.load_npy(tmp_path / "nothing.npy")
        path.write_bytes(b"no array")
        with pytest.raises(ValueError, match=r"npy|magic|format"):
            context.load_npy(path)
