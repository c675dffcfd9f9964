"""HDF5 datasets in chunks, compressed: written by the library, on all engines."""

import numpy as np
import pytest

from distarray.globalapi import Distribution
from distarray.tests.conftest import KIND
from distarray.tests.oracle import (
    ENGINE_COUNTS,
    KINDS,
    NATIVE,
    assert_bits,
    assert_same,
    context_of,
    layout_of,
    sample,
)
from distarray.tests.test_file_safety import limited

h5py = pytest.importorskip("h5py")

OPTIONS = (
    {"chunks": True},
    {"compression": "gzip"},
    {"compression": "gzip", "compression_opts": 9, "shuffle": True},
    {"fletcher32": True, "chunks": (2, 3)},
    {"maxshape": (None, 6)},
    {"fillvalue": 1},
)


def read(path, key="buffer"):
    with h5py.File(path, "r") as file:
        dataset = file[key]
        values = np.empty(dataset.shape, dataset.dtype)
        if values.size:
            dataset.read_direct(values)
        return values, dataset.chunks, dataset.compression


@pytest.mark.parametrize("engines", ENGINE_COUNTS)
def test_round_trips(tmp_path, engines):
    context = context_of(engines)
    for number, kind in enumerate(KINDS[2]):
        options = OPTIONS[(number + engines) % len(OPTIONS)]
        dtype = NATIVE[(5 * engines + number) % len(NATIVE)]
        # The library has no value that stands for missing booleans.
        dtype = "f4" if "fillvalue" in options else dtype
        expected = sample((7, 6), dtype, seed=number)
        array = context.fromarray(expected, layout_of(context, (7, 6), kind, seed=number))
        path = tmp_path / f"{number}.h5"
        context.save(path, array, **options)
        values, chunks, compression = context._once(lambda: read(path))  # noqa: B023
        assert_bits(values, expected)
        assert (chunks is None) == (options == {"fillvalue": 1})
        assert compression == options.get("compression")
        assert_same(context.load(path), expected)
        assert_same(context.load(path, array.distribution), expected)


def test_fewer_chunks_than_engines(tmp_path):
    context = context_of(7)
    for shape in ((1,), (5,), (0, 3), (3, 0), (2, 3, 4)):
        expected = sample(shape, "f8")
        array = context.fromarray(expected)
        context.save_hdf5(tmp_path / "a.h5", array, mode="w", compression="gzip")
        assert_bits(context._once(lambda: read(tmp_path / "a.h5")[0]), expected)
        assert_same(context.load(tmp_path / "a.h5"), expected)


def test_beside_others(tmp_path):
    context = context_of(3)
    path = tmp_path / "a.h5"
    context.save_hdf5(path, context.arange(10), "plain")
    context.save_hdf5(path, context.arange(2000) * 2, "in a/group", compression="gzip")
    assert_same(context.load_hdf5(path, key="plain"), np.arange(10))
    assert_same(context.load_hdf5(path, key="in a/group"), np.arange(2000) * 2)
    context.store(context.arange(300_000) + 1, tmp_path / "b.h5", compression="lzf", mode="w")
    assert_same(context.load(tmp_path / "b.h5"), np.arange(1, 300_001))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.h5", "b.h5"]


@pytest.mark.one_program
def test_errors_leave_the_file(tmp_path):
    context = context_of(3)
    path = tmp_path / "a.h5"
    context.save(path, context.arange(10))
    before = path.read_bytes()
    for options, error in (
        ({"chunks": (20, 20)}, (TypeError, ValueError)),
        ({"compression": "none such"}, ValueError),
        ({"compression": "gzip", "compression_opts": 20}, ValueError),
        ({"chunks": 0}, ValueError),
        ({"colour": "red"}, TypeError),
        ({"track_times": True}, TypeError),
    ):
        with pytest.raises(error, match=next(iter(options))):
            context.save(path, context.arange(12), key="other", **options)
        assert path.read_bytes() == before
    with pytest.raises(TypeError, match=r"'colour' is no option of HDF5 datasets: chunks, "):
        context.save(path, context.arange(12), mode="w", colour="red")
    with pytest.raises(TypeError):
        context.save(tmp_path / "b.h5", context.fromarray(np.array(1.0)), compression="gzip")
    assert [each.name for each in tmp_path.iterdir()] == ["a.h5"]


@pytest.mark.in_process
def test_a_full_disk(tmp_path):
    context = context_of(3)
    path = tmp_path / "a.h5"
    context.save(path, context.arange(10))
    before = path.read_bytes()
    large = context.fromarray(np.random.RandomState(0).uniform(size=(300, 40)))
    for mode in "wa":
        with limited(20_000), pytest.raises(OSError, match="too large"):
            context.save(path, large, mode=mode, key="large", compression="gzip")
        assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["a.h5"]
    context.save(path, large, key="large", compression="gzip")
    assert_same(context.load(path, key="large"), large.toarray())


def test_one_element_by_itself(tmp_path):
    context = context_of(3)
    layout = Distribution(context, ())
    array = context.fromarray(np.array(2.5), layout)
    context.save(tmp_path / "a.h5", array, fillvalue=1.0)
    assert_same(context.load(tmp_path / "a.h5"), np.array(2.5))


def forbid_turns(is_forbidden):
    """Have this engine fail if it is to write alone, or no longer; return whether it can."""
    from distarray.globalapi import _hdf5_writing, _mpi

    if is_forbidden:
        _hdf5_writing._own_write = _hdf5_writing._write
        _hdf5_writing._write = None
    else:
        _hdf5_writing._write = _hdf5_writing._own_write
    return _mpi._company is not None


@pytest.mark.skipif(not h5py.get_config().mpi, reason="h5py is not built for MPI")
@pytest.mark.skipif(KIND == "threads", reason="these engines are threads")
def test_engines_write_at_once(tmp_path):
    for engines in (2, 3, 7):
        context = context_of(engines)
        assert all(context.apply(forbid_turns, (True,)))
        try:
            for number, kind in enumerate(KINDS[2]):
                # Two rows are fewer than the engines.
                for shape in ((40, 6), (2, 5)):
                    expected = sample(shape, NATIVE[(engines + number) % len(NATIVE)])
                    array = context.fromarray(expected, layout_of(context, shape, kind))
                    options = {"compression": "gzip", "chunks": (2, 3)} if number % 2 else {}
                    path = tmp_path / f"{engines}.h5"
                    context.save(path, array, mode="w", **(options or {"chunks": True}))
                    assert_bits(context._once(lambda: read(path)[0]), expected)  # noqa: B023
                    assert_same(context.load(path), expected)
        finally:
            context.apply(forbid_turns, (False,))
