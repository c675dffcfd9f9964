"""Arrays in files with a part for each engine: the methods of contexts."""

import numpy as np
import pytest

import distarray as da
from distarray.globalapi import Context, Distribution
from distarray.tests.oracle import ENGINE_COUNTS, assert_same, context_of, layouts_of

SHAPES = [(), (7,), (4, 5), (2, 3, 4)]
DTYPES = ("?", "f8")


def arrays(context, shape):
    size = int(np.prod(shape))
    for layout in [Distribution(context, shape), *layouts_of(context, shape)]:
        for dtype in DTYPES:
            expected = (np.arange(size) % 5).reshape(shape).astype(dtype)
            yield expected, context.fromarray(expected, layout)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("engines", ENGINE_COUNTS)
def test_dnpy(tmp_path, engines, shape):
    context = context_of(engines)
    for expected, array in arrays(context, shape):
        context.save_dnpy(tmp_path / "array", array)
        loaded = context.load_dnpy(tmp_path / "array")
        assert_same(loaded, expected)
        # Block-cyclic axes with one block each, and the like, are known by another letter.
        assert loaded.localshapes() == array.localshapes()
        names = [str(tmp_path / f"part {rank}") for rank in range(len(array.targets))]
        context.save_dnpy(names, array)
        assert_same(context.load_dnpy(names), expected)


def test_dnpy_of_some_engines_in_another_order(tmp_path):
    context = context_of(4)
    layout = Distribution(context, (9,), dist="c", targets=[3, 1])
    array = context.arange(9, distribution=layout)
    context.save_dnpy(str(tmp_path / "a"), array)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a_0.dnpy", "a_1.dnpy"]
    loaded = context.load_dnpy(str(tmp_path / "a"))
    assert_same(loaded, np.arange(9))
    assert loaded.targets == [0, 1]


@pytest.mark.one_program
def test_dnpy_names_that_do_not_fit(tmp_path):
    context = context_of(3)
    array = context.arange(9)
    names = [str(tmp_path / f"{rank}") for rank in range(3)]
    for wrong in names[:2], [*names, "more"], []:
        with pytest.raises(TypeError, match="names"):
            context.save_dnpy(wrong, array)
    context.save_dnpy(names, array)
    for wrong in names[:2], [*names, "more"], []:
        with pytest.raises(TypeError, match="names"):
            context.load_dnpy(wrong)
    with pytest.raises(FileNotFoundError):
        context.load_dnpy(str(tmp_path / "nothing"))
    with pytest.raises(FileNotFoundError):
        context.load_dnpy([names[0], *(str(tmp_path / name) for name in ("no", "none"))])
    with Context(nengines=2) as small, pytest.raises(ValueError, match="3 pieces"):
        small.load_dnpy(names)
    (tmp_path / "foreign_0.dnpy").write_bytes(b"no such file at all")
    with pytest.raises(ValueError, match="begins with"):
        context.load_dnpy(str(tmp_path / "foreign"))


@pytest.mark.one_program
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("engines", ENGINE_COUNTS)
def test_hdf5(tmp_path, engines, shape):
    h5py = pytest.importorskip("h5py")
    context = context_of(engines)
    path = tmp_path / "arrays.h5"
    for number, (expected, array) in enumerate(arrays(context, shape)):
        context.save_hdf5(path, array, f"group/{number}")
        with h5py.File(path, "r") as file:
            assert_same(array, file[f"group/{number}"][()])
        assert_same(context.load_hdf5(path, array.distribution, f"group/{number}"), expected)
        assert_same(context.load_hdf5(path, key=f"group/{number}"), expected)


@pytest.mark.one_program
def test_hdf5_modes_and_errors(tmp_path):
    h5py = pytest.importorskip("h5py")
    context = context_of(2)
    path = str(tmp_path / "arrays.h5")
    context.save_hdf5(path, context.arange(5))
    context.save_hdf5(path, context.arange(6), key="six", mode="a")
    with h5py.File(path, "r") as file:
        assert sorted(file) == ["buffer", "six"]
    with pytest.raises(OSError, match="exist"):
        context.save_hdf5(path, context.arange(6), mode="w-")
    context.save_hdf5(path, context.arange(7), mode="w")
    assert_same(context.load_hdf5(path), np.arange(7))
    with pytest.raises(ValueError, match="mode"):
        context.save_hdf5(path, context.arange(5), mode="r")
    with pytest.raises(KeyError):
        context.load_hdf5(path, key="six")
    with pytest.raises(ValueError, match="shape"):
        context.load_hdf5(path, Distribution(context, (5,)))
    with pytest.raises(FileNotFoundError):
        context.load_hdf5(str(tmp_path / "nothing.h5"))


def test_the_package_has_them_too(tmp_path):
    pytest.importorskip("h5py")
    array = da.arange(5)
    da.save_dnpy(str(tmp_path / "a"), array)
    assert_same(da.load_dnpy(str(tmp_path / "a")), np.arange(5))
    da.save_hdf5(str(tmp_path / "a.h5"), array)
    assert_same(da.load_hdf5(str(tmp_path / "a.h5")), np.arange(5))
