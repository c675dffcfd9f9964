"""One entry for all formats: `load` and `save`, which go by the ends of names."""

import numpy as np
import pytest

import distarray as da
from distarray.globalapi._formats import FORMATS, format_of
from distarray.tests.oracle import assert_same, context_of, layout_of

NAMES = ("a.npy", "a.dnpy", "A.NPY", "some.where.npy")
NAMES_HDF5 = ("a.h5", "a.hdf5", "A.HDF5")


@pytest.mark.parametrize("name", NAMES)
def test_there_and_back(tmp_path, name):
    context = context_of(3)
    expected = np.arange(20.0).reshape(5, 4)
    for kinds in ("bn", "cn", "nu"):
        array = context.fromarray(expected, layout_of(context, (5, 4), kinds))
        context.save(tmp_path / name, array)
        assert_same(context.load(tmp_path / name), expected)
        assert_same(context.load(str(tmp_path / name), array.distribution), expected)


@pytest.mark.one_program
@pytest.mark.parametrize("name", NAMES_HDF5)
def test_hdf5(tmp_path, name):
    h5py = pytest.importorskip("h5py")
    context = context_of(3)
    array = context.arange(20.0)
    context.save(tmp_path / name, array)
    context.save(tmp_path / name, array * 2, key="more/of/it")
    context.save(tmp_path / f"new {name}", array * 3, key="x", mode="w")
    with h5py.File(tmp_path / name) as file:
        assert_same(array, file["buffer"][()])
        assert_same(array * 2, file["more/of/it"][()])
    assert_same(context.load(tmp_path / name), np.arange(20.0))
    layout = layout_of(context, (20,), "c")
    loaded = context.load(tmp_path / name, layout, "more/of/it")
    assert loaded.distribution == layout
    assert_same(loaded, np.arange(20.0) * 2)


def test_the_package_s_functions(tmp_path):
    da.save(tmp_path / "a.npy", da.arange(5))
    assert_same(da.load(tmp_path / "a.npy"), np.arange(5))
    context = context_of(3)
    layout = layout_of(context, (5,), "c")
    loaded = da.load(tmp_path / "a.npy", distribution=layout)
    assert loaded.context is context
    assert_same(loaded, np.arange(5))


def test_names_of_the_parts_of_one_array(tmp_path):
    context = context_of(2)
    names = [tmp_path / "x.dnpy", tmp_path / "y.dnpy"]
    context.save(names, context.arange(5))
    assert_same(context.load(names), np.arange(5))


@pytest.mark.parametrize("pattern", ["*.npy", "a?.npy", "a[01].npy", "*.dnpy", "*.h5"])
def test_patterns_are_refused(tmp_path, pattern):
    context = context_of(2)
    for number in range(2):
        context.save(tmp_path / f"a{number}.npy", context.arange(5))
    with pytest.raises(ValueError, match="concatenate"):
        context.load(tmp_path / pattern)


def test_names_that_look_like_patterns(tmp_path):
    context = context_of(2)
    for name in ("[a].npy", "what?.npy", "[a].dnpy"):
        context.save(tmp_path / name, context.arange(5))
        assert_same(context.load(tmp_path / name), np.arange(5))


@pytest.mark.parametrize("name", ["a", "a.npz", "npy", "", "a.npy.gz", ".h5.txt"])
def test_endings_that_are_not_known(name):
    for call in (lambda: da.load(name), lambda: da.save(name, da.arange(3))):
        with pytest.raises(ValueError, match=r"ends in one of .npy, .dnpy, .hdf5.*got"):
            call()


def test_what_is_no_name():
    with pytest.raises(TypeError, match="name of a file, not int"):
        da.load(3)
    with pytest.raises(ValueError, match="concatenate"):
        da.load(["a.npy", "b.npy"])


def test_what_is_no_array(tmp_path):
    for name in (*NAMES, *NAMES_HDF5):
        with pytest.raises(TypeError, match="expected a DistArray, not ndarray"):
            context_of(2).save(tmp_path / name, np.arange(3))
    with pytest.raises(da.error.ContextError, match="another context"):
        context_of(2).save(tmp_path / "a.npy", context_of(3).arange(3))
    assert not list(tmp_path.iterdir())


def test_keys_where_there_are_none(tmp_path):
    for name in ("a.npy", "a.dnpy"):
        with pytest.raises(ValueError, match="key: expected None"):
            da.save(tmp_path / name, da.arange(3), key="x")
        with pytest.raises(ValueError, match="key: expected None"):
            da.load(tmp_path / name, key="x")


def test_options_that_a_format_has_not(tmp_path):
    with pytest.raises(TypeError, match="mode"):
        da.save(tmp_path / "a.npy", da.arange(3), mode="w")


def test_every_format_has_its_methods():
    for known in FORMATS:
        assert callable(
            getattr(da.Context, f"load_{known.name}", None)
            or getattr(type(context_of(1)), f"load_{known.name}")
        )
        assert hasattr(type(context_of(1)), f"save_{known.name}") == known.can_save
        assert all(format_of(f"a{suffix}") is known for suffix in known.suffixes)
