"""Maps and distributions of one process."""

import numpy as np
import pytest

from distarray._core import Distribution as Core
from distarray.localapi.error import InvalidBaseCommError, NullCommError
from distarray.localapi.maps import (
    BlockCyclicMap,
    BlockMap,
    CyclicMap,
    Distribution,
    UnstructuredMap,
    complete_dim_data,
    map_from_dim_dict,
)
from distarray.tests.layouts import DISTS, FakeContext, some_distributions
from distarray.tests.spmd import SIZES, spmd


def some_dim_dicts():
    for distribution in some_distributions(FakeContext(4)):
        for dim_data in distribution.get_dim_data_per_rank():
            yield from dim_data


class TestBlockMap:
    m = map_from_dim_dict({"dist_type": "b", "size": 39, "start": 16, "stop": 39})

    def test_defaults_of_the_process_grid(self):
        assert (self.m.grid_size, self.m.grid_rank) == (1, 0)

    def test_indices(self):
        assert [self.m.local_from_global_index(i) for i in range(16, 39)] == list(range(23))
        assert [self.m.global_from_local_index(i) for i in range(23)] == list(range(16, 39))
        assert self.m.global_slice == slice(16, 39)
        assert list(self.m.global_iter) == list(range(16, 39))
        assert self.m.size == 23

    def test_slices(self):
        whole, mine = np.arange(39), np.arange(16, 39)
        bounds = (None, 0, 5, 16, 20, 38, 39, 50, -1, -30)
        for start in bounds:
            for stop in bounds:
                for step in (None, 1, 2, 7, -1, -3):
                    index = slice(start, stop, step)
                    selected = whole[index]
                    here = mine[self.m.local_from_global_slice(index)]
                    np.testing.assert_array_equal(here, selected[selected >= 16])
                    there = whole[self.m.global_from_local_slice(index)]
                    np.testing.assert_array_equal(there, mine[index])

    def test_slices_from_the_first_index(self):
        m = BlockMap(10, 2, 0, 0, 5)
        assert m.global_from_local_slice(slice(None, None, -1)) == slice(4, None, -1)
        assert m.local_from_global_slice(slice(None, None, -1)) == slice(4, None, -1)
        assert m.local_from_global_slice(slice(1, 8)) == slice(1, 5)

    @pytest.mark.parametrize(("start", "stop"), [(5, 3), (-1, 3), (0, 11), (11, 11)])
    def test_bad_bounds(self, start, stop):
        with pytest.raises(ValueError, match="start"):
            BlockMap(10, 1, 0, start, stop)

    def test_undistributed_is_a_block(self):
        m = map_from_dim_dict({"dist_type": "n", "size": 5})
        assert m.dim_dict == {
            "dist_type": "b",
            "size": 5,
            "proc_grid_rank": 0,
            "proc_grid_size": 1,
            "start": 0,
            "stop": 5,
        }

    def test_order_of_keys(self):
        keys = ["dist_type", "size", "proc_grid_rank", "proc_grid_size", "start", "stop"]
        assert list(self.m.dim_dict) == keys

    def test_padding_and_periodicity_stay(self):
        dim_dict = {"dist_type": "b", "size": 9, "start": 3, "stop": 6, "padding": (1, 2)}
        m = map_from_dim_dict(dim_dict | {"periodic": True})
        assert (m.dim_dict["padding"], m.dim_dict["periodic"]) == ((1, 2), True)
        assert map_from_dim_dict(m.dim_dict) == m
        assert m != self.m


class TestCyclicMaps:
    def test_cyclic(self):
        m = CyclicMap(16, 4, 2, 2)
        assert list(m.global_iter) == [2, 6, 10, 14]
        assert m.global_slice == slice(2, 16, 4)
        assert list(m.dim_dict) == [
            "dist_type",
            "size",
            "proc_grid_rank",
            "proc_grid_size",
            "start",
        ]

    def test_start_is_the_rank(self):
        with pytest.raises(ValueError, match="start"):
            CyclicMap(16, 4, 2, 3)
        with pytest.raises(ValueError, match="start"):
            map_from_dim_dict({"dist_type": "c", "size": 16, "start": 2})

    def test_block_cyclic(self):
        m = BlockCyclicMap(16, 2, 1, 3, 3)
        assert list(m.global_iter) == [3, 4, 5, 9, 10, 11, 15]
        assert m.size == 7
        assert m.dim_dict["block_size"] == 3
        with pytest.raises(ValueError, match="slice"):
            _ = m.global_slice

    @pytest.mark.parametrize(("start", "block_size"), [(2, 3), (0, 0), (1, 2)])
    def test_start_is_a_multiple(self, start, block_size):
        with pytest.raises(ValueError, match="start"):
            BlockCyclicMap(16, 4, 1, start, block_size)

    def test_block_size_one_is_cyclic(self):
        dim_dict = {"dist_type": "c", "size": 9, "start": 0, "block_size": 1}
        assert isinstance(map_from_dim_dict(dim_dict), CyclicMap)
        assert isinstance(map_from_dim_dict(dim_dict | {"block_size": 2}), BlockCyclicMap)

    def test_nothing_to_hold(self):
        assert CyclicMap(2, 4, 3, 3).size == 0
        assert BlockCyclicMap(2, 4, 3, 6, 2).size == 0
        assert list(CyclicMap(0, 1, 0, 0).global_iter) == []


class TestUnstructuredMap:
    def test_indices(self):
        m = UnstructuredMap(40, 4, 1, np.array([29, 38, 18, 19], dtype=np.int16))
        assert [m.local_from_global_index(i) for i in (18, 19, 29, 38)] == [2, 3, 0, 1]
        assert [m.global_from_local_index(i) for i in range(4)] == [29, 38, 18, 19]
        assert m.size == 4
        assert m.dim_dict["indices"].tolist() == [29, 38, 18, 19]

    def test_negative_indices_and_promises(self):
        dim_dict = {"dist_type": "u", "size": 3, "indices": [-5, 7], "one_to_one": True}
        m = map_from_dim_dict(dim_dict)
        assert m.local_from_global_index(-5) == 0
        assert m.dim_dict["one_to_one"] is True

    def test_indices_are_integers(self):
        with pytest.raises(TypeError, match="integers"):
            UnstructuredMap(4, 1, 0, [0.5, 1.5])


class TestEveryMap:
    def test_local_and_global_are_inverse(self):
        for dim_dict in some_dim_dicts():
            m = map_from_dim_dict(dim_dict)
            held = list(m.global_iter)
            assert len(held) == m.size
            for local, index in enumerate(held):
                assert m.global_from_local_index(local) == index
                assert m.local_from_global_index(index) == local
            for index in set(range(-1, m.global_size + 1)) - set(held):
                with pytest.raises(IndexError):
                    m.local_from_global_index(index)
            for local in (-1, m.size):
                with pytest.raises(IndexError):
                    m.global_from_local_index(local)

    def test_dim_dicts_make_the_same_map(self):
        for dim_dict in some_dim_dicts():
            m = map_from_dim_dict(dim_dict)
            again = map_from_dim_dict(m.dim_dict)
            assert again == m
            assert hash(again) == hash(m)
            assert repr(again) == repr(m)

    def test_unknown_type(self):
        with pytest.raises(ValueError, match="dist_type"):
            map_from_dim_dict({"dist_type": "x", "size": 3})
        with pytest.raises(KeyError):
            map_from_dim_dict({"size": 3})


class TestDistribution:
    @pytest.mark.parametrize("size", SIZES)
    @pytest.mark.parametrize("dist", DISTS)
    def test_from_shape_agrees_with_the_client(self, size, dist):
        def body(comm):
            d = Distribution.from_shape(comm, (14, 7), dist)
            assert d.comm.Get_topo()[0] == list(d.grid_shape)
            assert d.rank_from_coords(d.cart_coords) == d.comm_rank
            assert d.coords_from_rank(d.comm_rank) == d.cart_coords
            return d.comm_rank, d.grid_shape, d.local_shape, d.dim_data

        core = Core.from_shape([14, 7], dist.ljust(2, "n"), None, list(range(size)))
        if len(core.targets) < size:
            pytest.skip("not every rank has a place")
        results = spmd(size, body)
        for rank, grid_shape, local_shape, dim_data in results:
            assert grid_shape == core.grid_shape
            assert local_shape == core.local_shapes()[rank]
            maps = [map_from_dim_dict(dim_dict) for dim_dict in core.dim_data(rank)]
            assert [map_from_dim_dict(dim_dict) for dim_dict in dim_data] == maps

    def test_properties(self):
        d = Distribution(
            None, ({"dist_type": "n", "size": 4}, {"dist_type": "c", "size": 3, "start": 0})
        )
        assert (d.global_shape, d.global_size, d.ndim, len(d)) == ((4, 3), 12, 2, 2)
        assert (d.local_shape, d.local_size) == ((4, 3), 12)
        assert (d.comm_size, d.comm_rank, d.cart_coords) == (1, 0, (0, 0))
        assert (d.dist, d.grid_shape) == (("b", "c"), (1, 1))
        assert d.global_slice == (slice(0, 4), slice(0, 3, 1))
        assert d.local_from_global((2, 1)) == d.global_from_local((2, 1)) == (2, 1)
        assert [dd["dist_type"] for dd in d.dim_data] == ["b", "c"]
        assert isinstance(d[1], CyclicMap)
        assert "global_shape=(4, 3)" in repr(d)

    def test_wrong_number_of_indices(self):
        d = Distribution(None, ({"dist_type": "n", "size": 4},))
        for index in ((), (1, 2)):
            with pytest.raises(IndexError):
                d.local_from_global(index)
            with pytest.raises(IndexError):
                d.global_from_local(index)

    def test_unstructured_has_no_slice(self):
        d = Distribution(None, ({"dist_type": "u", "size": 2, "indices": [1, 0]},))
        with pytest.raises(ValueError, match="axis 0"):
            _ = d.global_slice

    def test_no_axes(self):
        d = Distribution(None, ())
        assert (d.global_shape, d.local_shape, d.local_size, d.cart_coords) == ((), (), 1, ())
        assert (d.local_from_global(()), d.global_slice, d.dim_data) == ((), (), ())

    def test_grid_of_another_size(self):
        def body(comm):
            if comm.Get_rank() < 3:
                return Distribution.from_shape(comm, (3,)).local_shape
            with pytest.raises(NullCommError, match="rank 3"):
                Distribution.from_shape(comm, (3,))
            return None

        assert spmd(4, body) == [(1,), (1,), (1,), None]
        with pytest.raises(ValueError, match="grid"):
            Distribution(None, ({"dist_type": "c", "size": 3, "start": 0, "proc_grid_size": 2},))

    def test_a_communicator_in_the_right_shape_is_kept(self):
        def body(comm):
            d = Distribution.from_shape(comm, (8, 8), "bb")
            assert Distribution(d.comm, d.dim_data).comm is d.comm
            transposed = Distribution.from_shape(d.comm, (8, 8), "bb", grid_shape=(4, 1))
            return transposed.comm.Get_topo()[0]

        assert spmd(4, body) == [[4, 1]] * 4

    def test_place_in_the_grid_is_checked(self):
        def body(comm):
            wrong = {"dist_type": "c", "size": 9, "proc_grid_size": 2, "proc_grid_rank": 0}
            if comm.Get_rank() == 0:
                return Distribution(comm, (wrong | {"start": 0},)).local_shape
            with pytest.raises(ValueError, match='axis 0: "proc_grid_rank" is 0; expected 1'):
                Distribution(comm, (wrong | {"start": 0},))
            return None

        assert spmd(2, body) == [(5,), None]

    def test_comm_must_be_one(self):
        with pytest.raises(InvalidBaseCommError):
            Distribution("comm", ())

    def test_from_core_talks_to_nobody(self):
        core = Core.from_shape([9, 4], "bc", None, [0, 1, 2, 3])

        def body(comm):
            if comm.Get_rank() > 0:
                return None
            d = Distribution._from_core(comm, core, 0)
            assert (d.local_shape, d.global_shape) == ((5, 2), (9, 4))
            return d.comm.Get_topo()

        assert spmd(4, body)[0] == ([2, 2], [False, False], [0, 0])


class TestCompleteDimData:
    def test_empty_dictionaries_are_spelled_out(self):
        block = {"dist_type": "b", "size": 5, "start": 0, "stop": 2, "proc_grid_size": 2}
        block |= {"proc_grid_rank": 0}
        first, second = complete_dim_data(({}, block), (3, 2))
        assert (first["dist_type"], first["size"], first["stop"]) == ("b", 3, 3)
        assert second == block | {"padding": [0, 0]}

    def test_buffers_must_fit(self):
        block = {"dist_type": "b", "size": 5, "start": 0, "stop": 2}
        with pytest.raises(ValueError, match=r'axis 1: "stop".*hold 2 indices.*has 3'):
            complete_dim_data(({}, block), (3, 3))
        with pytest.raises(ValueError, match="1 axes"):
            complete_dim_data(({},), (3, 3))
