"""Maps of one axis, as a client sees them."""

import itertools

import numpy as np
import pytest

from distarray.globalapi.maps import (
    BlockCyclicMap,
    BlockMap,
    CyclicMap,
    MapBase,
    NoDistMap,
    UnstructuredMap,
    choose_map,
    map_from_global_dim_dict,
    map_from_sizes,
)
from distarray.tests.layouts import indices_of

SIZES = (0, 1, 5, 12)
GRIDS = (1, 3, 7)


def every_map():
    for size in SIZES:
        yield NoDistMap(size, 1)
        for grid_size in GRIDS:
            yield BlockMap(size, grid_size)
            yield UnstructuredMap(size, grid_size)
            for block_size in (1, 2, 3):
                yield BlockCyclicMap(size, grid_size, block_size)
    yield BlockMap(9, 4, [(0, 3), (3, 3), (3, 4), (4, 9)], comm_padding=1, boundary_padding=2)
    yield UnstructuredMap(5, 3, [[4, 0], [], [2, 1, 3]])
    yield UnstructuredMap(3, 2, [[2, 1, 0], [0, 1]])


def all_slices(size):
    bounds = {None, 1, size // 2, size + 3, -2}
    steps = (None, 2, 3, -1)
    return itertools.starmap(slice, itertools.product(bounds, bounds, steps))


class TestBlockMap:
    def test_bounds(self):
        assert BlockMap(10, 4).bounds == [(0, 3), (3, 6), (6, 9), (9, 10)]
        assert BlockMap(2, 4).bounds == [(0, 1), (1, 2), (2, 2), (2, 2)]
        assert BlockMap(0, 1).bounds == [(0, 0)]
        irregular = [(0, 2), (2, 2), (2, 9)]
        assert BlockMap(9, 3, bounds=irregular).bounds == irregular
        assert BlockMap(9, 3, bounds=[0, 2, 2, 9]).bounds == irregular
        assert BlockMap(9, 3, np.array([0, 2, 2, 9])).bounds == irregular

    @pytest.mark.parametrize(
        "bounds", [[(0, 4)], [(0, 5), (4, 9)], [0, 5], [1, 5, 9], [0, 9, 5], [], [0, 5, 8]]
    )
    def test_bad_bounds(self, bounds):
        with pytest.raises(ValueError, match="bounds"):
            BlockMap(9, 2, bounds=bounds)

    def test_padding(self):
        m = BlockMap(9, 3, comm_padding=1, boundary_padding=2)
        assert (m.comm_padding, m.boundary_padding) == (1, 2)
        assert [dd["padding"] for dd in m.get_dimdicts()] == [[2, 1], [1, 1], [1, 2]]
        (single,) = BlockMap(9, 1, comm_padding=1, boundary_padding=2).get_dimdicts()
        assert single["padding"] == [2, 2]
        assert "comm_padding=1" in repr(m)

    def test_slices_stay_blocks(self):
        m = BlockMap(10, 4)
        assert m.slice(slice(2, 7)).bounds == [(0, 1), (1, 4), (4, 5)]
        assert m.slice(slice(0, 10, 4)).bounds == [(0, 1), (1, 2), (2, 3)]
        assert m.slice_owners(slice(2, 7)) == [0, 1, 2]
        assert m.slice_owners(slice(4, 4)) == []
        assert m.slice(slice(4, 4)).bounds == [(0, 0)]


class TestUnstructuredMap:
    def test_indices(self):
        m = UnstructuredMap(5, 2, [np.array([4, 0], dtype=np.int8), (1, 2, 3)])
        np.testing.assert_array_equal(m.indices[0], [4, 0])
        np.testing.assert_array_equal(m.indices[1], [1, 2, 3])

    @pytest.mark.parametrize(
        "indices",
        [[[0, 1]], [[0, 1], [1]], [[0, 1, 2], [3]], [[0, 0, 1], [2]], [[0.5, 1], [2]]],
    )
    def test_bad_indices(self, indices):
        with pytest.raises(ValueError, match="indices"):
            UnstructuredMap(3, 2, indices)


class TestNoDistMap:
    def test_one_process(self):
        assert NoDistMap(4).grid_size == 1
        with pytest.raises(ValueError, match="grid_size"):
            NoDistMap(4, 2)

    def test_slices_and_views(self):
        assert NoDistMap(10, 1).slice(slice(1, None, 3)) == NoDistMap(3, 1)
        assert NoDistMap(10, 1).slice_owners(slice(1, None, 3)) == [0]
        assert NoDistMap(10, 1).view(5) == NoDistMap(5, 1)


class TestEveryMap:
    def test_class_and_type(self):
        for m in every_map():
            assert isinstance(m, MapBase)
            assert type(m) is choose_map(m.dist)

    def test_dim_dicts_describe_the_map(self):
        for m in every_map():
            dim_dicts = m.get_dimdicts()
            assert isinstance(dim_dicts, tuple)
            assert [dd["proc_grid_rank"] for dd in dim_dicts] == list(range(m.grid_size))
            assert type(m).from_axis_dim_dicts(dim_dicts) == m

    def test_index_owners(self):
        for m in every_map():
            pieces = [indices_of(dd) for dd in m.get_dimdicts()]
            for index in range(m.size):
                holders = [place for place, piece in enumerate(pieces) if index in piece]
                owners = m.index_owners(index)
                assert owners == m.index_owners(index - m.size)
                assert owners == (list(range(m.grid_size)) if m.dist == "u" else holders)

    def test_out_of_bounds(self):
        for m in every_map():
            for index in (m.size, -m.size - 1, m.size + 100):
                with pytest.raises(IndexError):
                    m.index_owners(index)

    def test_slices(self):
        for m in every_map():
            pieces = [indices_of(dd) for dd in m.get_dimdicts()]
            for index in all_slices(m.size):
                values = np.arange(m.size)[index]
                sliced = m.slice(index)
                assert sliced.size == len(values)
                owners = m.slice_owners(index)
                holders = [p for p, piece in enumerate(pieces) if np.isin(values, piece).any()]
                assert owners == holders
                parts = [indices_of(dd) for dd in sliced.get_dimdicts()]
                if owners:
                    for owner, part in zip(owners, parts, strict=True):
                        assert np.isin(values[part], pieces[owner]).all()
                held = np.concatenate(parts)
                assert set(held) == set(range(len(values)))

    def test_compatibility(self):
        for a, b in itertools.product(list(every_map())[:40], repeat=2):
            alone = a.grid_size == b.grid_size == 1 and "u" not in (a.dist, b.dist)
            assert a.is_compatible(b) == (a.size == b.size if alone else a == b)

    def test_equality_and_hash(self):
        for m in every_map():
            again = type(m).from_axis_dim_dicts(m.get_dimdicts())
            assert m == again
            assert hash(m) == hash(again)
            assert m != m.get_dimdicts()
            assert repr(m).startswith(type(m).__name__)


class TestFactories:
    def test_choose_map(self):
        kinds = {"n": NoDistMap, "b": BlockMap, "c": CyclicMap, "u": UnstructuredMap}
        assert {kind: choose_map(kind) for kind in kinds} == kinds
        with pytest.raises(ValueError, match="'x'"):
            choose_map("x")

    def test_map_from_sizes(self):
        assert map_from_sizes(10, "b", 3) == BlockMap(10, 3)
        assert map_from_sizes(10, "c", 3) == CyclicMap(10, 3)
        assert map_from_sizes(10, "u", 3) == UnstructuredMap(10, 3)
        assert map_from_sizes(10, "n", 1) == NoDistMap(10, 1)
        for grid_size in (0, -1):
            with pytest.raises(ValueError, match="size"):
                map_from_sizes(10, "b", grid_size)

    @pytest.mark.parametrize(
        ("dim_dict", "expected"),
        [
            ({"dist_type": "n", "size": 4}, NoDistMap(4, 1)),
            ({"dist_type": "b", "bounds": (0, 2, 4)}, BlockMap(4, 2)),
            ({"dist_type": "c", "size": 9, "proc_grid_size": 2}, BlockCyclicMap(9, 2)),
            (
                {"dist_type": "c", "size": 9, "proc_grid_size": 2, "block_size": 3},
                BlockCyclicMap(9, 2, 3),
            ),
            ({"dist_type": "u", "indices": ([1, 0], [2])}, UnstructuredMap(3, 2, [[1, 0], [2]])),
        ],
    )
    def test_global_dim_dicts(self, dim_dict, expected):
        assert map_from_global_dim_dict(dim_dict) == expected
        assert type(expected).from_global_dim_dict(dim_dict) == expected
        others = {NoDistMap, BlockMap, BlockCyclicMap, UnstructuredMap} - {type(expected)}
        for other in others:
            with pytest.raises(ValueError, match="dist_type"):
                other.from_global_dim_dict(dim_dict)
            with pytest.raises(ValueError, match="dist_type"):
                other.from_axis_dim_dicts(expected.get_dimdicts())

    @pytest.mark.parametrize("arguments", [(-1, 2), (3, 0), (3, 2, 0), (3, -2)])
    def test_bad_sizes(self, arguments):
        with pytest.raises(ValueError, match="size"):
            BlockCyclicMap(*arguments)

    def test_base_class_is_abstract(self):
        with pytest.raises(TypeError):
            MapBase()
