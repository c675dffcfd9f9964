"""Distributions: construction, attributes, and what can be made of them."""

import itertools

import numpy as np
import pytest

from distarray.error import DistributionError, InvalidGridShapeError
from distarray.globalapi.maps import (
    BlockMap,
    Distribution,
    NoDistMap,
    UnstructuredMap,
    asdistribution,
    global_flat_indices,
)
from distarray.tests.layouts import ENGINE_COUNTS, FakeContext, pieces, some_distributions


@pytest.fixture
def context():
    return FakeContext(4)


class TestConstruction:
    def test_default_is_blocks_of_the_first_axis(self, context):
        d = Distribution(context, (10, 3))
        assert d.dist == ("b", "n")
        assert d.localshapes() == [(3, 3), (3, 3), (3, 3), (1, 3)]

    def test_positional_arguments(self, context):
        d = Distribution(context, (8, 8), ("b", "c"), (1, 2), [3, 1])
        assert (d.dist, d.grid_shape, d.targets) == (("b", "c"), (1, 2), [1, 3])

    @pytest.mark.parametrize("dist", ["b", ("b",), ["b", "n"], {0: "b"}, {0: "b", 1: "n"}])
    def test_forms_of_dist(self, context, dist):
        assert Distribution(context, (8, 8), dist).dist == ("b", "n")

    @pytest.mark.parametrize("dist", [7, 1.5, {"b"}, lambda: "b"])
    def test_other_forms_of_dist(self, context, dist):
        with pytest.raises(TypeError, match="dist"):
            Distribution(context, (8, 8), dist)

    @pytest.mark.parametrize("dist", ["x", ("b", "q"), {0: "bb"}, {1: 5}, "bbb", ("b", None)])
    def test_bad_letters(self, context, dist):
        with pytest.raises(ValueError, match="dist"):
            Distribution(context, (8, 8), dist)

    def test_grid_shape_is_filled_up(self, context):
        assert Distribution(context, (8, 8), "bn", grid_shape=(2,)).grid_shape == (2, 1)

    @pytest.mark.parametrize("grid_shape", [(5,), (2, 3), (1, 8)])
    def test_grid_shape_too_large(self, context, grid_shape):
        with pytest.raises(InvalidGridShapeError):
            Distribution(context, (8, 8), "bb", grid_shape=grid_shape)

    @pytest.mark.parametrize("grid_shape", [(2, 1, 1), (-1, 2), (0,)])
    def test_grid_shape_too_long_or_negative(self, context, grid_shape):
        with pytest.raises(ValueError, match="grid_shape"):
            Distribution(context, (8, 8), "bb", grid_shape=grid_shape)

    @pytest.mark.parametrize("shape", [(-1,), (3, -2)])
    def test_negative_sizes(self, context, shape):
        with pytest.raises(ValueError, match="negative"):
            Distribution(context, shape)

    @pytest.mark.parametrize("shape", ["ab", 1.5, (2.5,), None])
    def test_bad_shapes(self, context, shape):
        with pytest.raises(TypeError, match="shape"):
            Distribution(context, shape)

    @pytest.mark.parametrize("shape", [7, np.int64(7), (7,), [7], np.array([7])])
    def test_forms_of_shape(self, context, shape):
        d = Distribution(context, shape)
        assert d.shape == (7,)
        assert type(d.shape[0]) is int

    def test_undistributed_is_on_one_target(self):
        context = FakeContext([5, 3, 9])
        assert Distribution(context, (8, 8), "nn").targets == [3]
        assert Distribution(context, (8, 8), "nn", targets=[9]).targets == [9]
        with pytest.raises(ValueError, match="targets"):
            Distribution(context, (8, 8), "nn", targets=[3, 9])

    def test_no_axes(self, context):
        d = Distribution(context, ())
        assert (d.shape, d.dist, d.grid_shape, d.targets) == ((), (), (), [0])
        assert d.get_dim_data_per_rank() == [()]
        assert d.localshapes() == [()]
        assert (len(d), list(d), d.owning_ranks(())) == (0, [], [0])

    def test_targets_that_would_be_empty(self, context):
        assert Distribution(context, (5,)).localshapes() == [(2,), (2,), (1,)]
        assert Distribution(context, (5,)).targets == [0, 1, 2]
        assert Distribution(context, (5,), grid_shape=(4,)).grid_shape == (3,)
        assert Distribution(context, (5,), "c", grid_shape=(4,)).grid_shape == (4,)
        assert Distribution(context, (0,)).targets == [0]
        assert Distribution(context, (0, 9), "bb").localshapes() == [(0, 3), (0, 3), (0, 3)]

    def test_more_targets_than_a_grid_can_use(self, context):
        assert Distribution(context, (1, 1), "bb").targets == [0]
        assert Distribution(FakeContext(7), (2, 2), "cc").grid_shape == (2, 2)

    def test_unknown_targets(self, context):
        with pytest.raises(DistributionError, match=r"\[4\]"):
            Distribution(context, (8,), targets=[0, 4])
        with pytest.raises(ValueError, match="twice"):
            Distribution(context, (8,), targets=[1, 1])

    def test_from_maps(self, context):
        d = Distribution.from_maps(context, [BlockMap(6, 2), NoDistMap(3, 1)], targets=[2, 1, 3])
        assert (d.shape, d.targets, d.dist) == ((6, 3), [1, 2], ("b", "n"))
        with pytest.raises(InvalidGridShapeError):
            Distribution.from_maps(context, [BlockMap(10, 5)])

    def test_from_global_dim_data(self, context):
        d = Distribution.from_global_dim_data(
            context,
            (
                {"dist_type": "b", "bounds": (0, 2, 7)},
                {"dist_type": "u", "indices": [np.array([3, 0]), memoryview(b"\1\2")]},
                {"dist_type": "n", "size": 2},
            ),
        )
        assert d.shape == (7, 4, 2)
        assert d.localshapes() == [(2, 2, 2), (2, 2, 2), (5, 2, 2), (5, 2, 2)]

    @pytest.mark.parametrize(
        ("wrong", "key"),
        [
            ({"dist_type": "b", "bounds": [0, 5, 3]}, "bounds"),
            ({"dist_type": "b", "bounds": [0]}, "bounds"),
            ({"dist_type": "c", "size": 3}, "proc_grid_size"),
            ({"dist_type": "u", "indices": [[0, 1], [1, 2.5]]}, "indices"),
            ({"dist_type": "u", "indices": [[0, 1], [1, 2]]}, "indices"),
            ({"dist_type": "n", "size": -1}, "size"),
            ({"size": 3}, "dist_type"),
        ],
    )
    def test_bad_global_dim_data_is_named(self, context, wrong, key):
        with pytest.raises(ValueError, match=f'axis 1: "{key}"'):
            Distribution.from_global_dim_data(context, ({"dist_type": "n", "size": 2}, wrong))

    def test_bad_dim_data_per_rank_is_named(self, context):
        ranks = Distribution(context, (4, 4), "bb").get_dim_data_per_rank()
        ranks[3][1]["stop"] = 5
        with pytest.raises(ValueError, match='axis 1: "stop" is 5'):
            Distribution.from_dim_data_per_rank(context, ranks)
        ranks[3][1]["stop"] = 3
        with pytest.raises(ValueError, match='axis 1: "stop" differs between rank 1 and rank 3'):
            Distribution.from_dim_data_per_rank(context, ranks)
        with pytest.raises(ValueError, match="3 ranks for a process grid"):
            Distribution.from_dim_data_per_rank(context, ranks[:3])

    def test_asdistribution(self, context):
        d = asdistribution(context, (8, 8), {1: "b"}, None, [1, 2])
        assert (d.dist, d.targets) == (("n", "b"), [1, 2])
        assert asdistribution(context, d) is d


class TestAttributes:
    def test_types(self, context):
        d = Distribution(context, (8, 8), "bc")
        assert isinstance(d.targets, list)
        assert isinstance(d.maps, list)
        assert d.ndim == len(d) == 2
        assert d[1] is list(d)[1] is d.maps[1]
        assert d.context is context
        assert d.global_size == 64
        assert d.comm == ("comm", (0, 1, 2, 3))
        np.testing.assert_array_equal(d.rank_from_coords, [[0, 1], [2, 3]])

    def test_repr(self, context):
        text = "Distribution(shape=(8,), dist=('c',), grid_shape=(4,), targets=[0, 1, 2, 3])"
        assert repr(Distribution(context, 8, "c")) == text

    def test_dim_data_per_rank(self, context):
        d = Distribution(context, (5, 4, 2), ("b", "c", "n"))
        blocks = [
            {"proc_grid_rank": 0, "start": 0, "stop": 3},
            {"proc_grid_rank": 1, "start": 3, "stop": 5},
        ]
        block = {"dist_type": "b", "size": 5, "proc_grid_size": 2, "padding": [0, 0]}
        cyclic = {"dist_type": "c", "size": 4, "proc_grid_size": 2, "block_size": 1}
        none = {"dist_type": "n", "size": 2, "proc_grid_size": 1, "proc_grid_rank": 0}
        assert d.get_dim_data_per_rank() == [
            (block | blocks[i], cyclic | {"proc_grid_rank": j, "start": j}, none)
            for i, j in itertools.product(range(2), range(2))
        ]
        assert list(d.get_dim_data_per_rank()[0][0]) == [
            "dist_type",
            "size",
            "proc_grid_size",
            "proc_grid_rank",
            "start",
            "stop",
            "padding",
        ]

    def test_padding_appears_in_dim_data(self, context):
        padded = {"dist_type": "b", "bounds": [0, 3, 6, 9], "comm_padding": 1}
        padded["boundary_padding"] = 2
        d = Distribution.from_global_dim_data(context, (padded,))
        ranks = d.get_dim_data_per_rank()
        assert [dd["padding"] for (dd,) in ranks] == [[2, 1], [1, 1], [1, 2]]
        assert d.localshapes() == [(3,), (3,), (3,)]
        assert Distribution.from_dim_data_per_rank(context, ranks) == d

    def test_padding_of_several_widths(self, context):
        widths = [[4, 1], [1, 2], [2, 3], [3, 0]]
        ranks = Distribution(context, (40,)).get_dim_data_per_rank()
        for (dd,), own in zip(ranks, widths, strict=True):
            dd["padding"] = own
        d = Distribution.from_dim_data_per_rank(context, ranks)
        assert d.get_dim_data_per_rank() == ranks
        assert (d[0].comm_padding, d[0].boundary_padding) == (None, None)

    def test_precise_index(self, context):
        assert Distribution(context, (8, 8), "bc").has_precise_index
        assert not Distribution(context, (8, 8), "bu").has_precise_index

    @pytest.mark.parametrize("engines", ENGINE_COUNTS)
    def test_each_element_is_on_one_engine(self, engines):
        for d in some_distributions(FakeContext(engines)):
            held = pieces(d)
            together = np.sort(np.concatenate([piece.ravel() for piece in held.values()]))
            np.testing.assert_array_equal(together, np.arange(d.global_size))
            assert d.localshapes() == [piece.shape for piece in held.values()]

    @pytest.mark.parametrize("engines", ENGINE_COUNTS)
    def test_dim_data_make_the_same_distribution(self, engines):
        context = FakeContext(engines)
        for d in some_distributions(context):
            again = Distribution.from_dim_data_per_rank(context, d.get_dim_data_per_rank())
            assert again == d
            assert hash(again) == hash(d)
            assert Distribution.from_maps(context, d.maps) == d

    def test_from_core_is_lazy(self, context):
        d = Distribution(context, (8, 8))
        same = Distribution._from_core(context, d._core)
        assert set(vars(same)) == {"context", "_core"}
        assert same == d


class TestOwners:
    @pytest.mark.parametrize("engines", ENGINE_COUNTS)
    def test_owners_hold_the_element(self, engines):
        for d in some_distributions(FakeContext(engines)):
            held = pieces(d)
            for index in np.ndindex(*d.shape):
                flat = np.ravel_multi_index(index, d.shape)
                holders = {target for target, piece in held.items() if flat in piece}
                owners = d.owning_targets(index)
                assert owners == [d.targets[rank] for rank in d.owning_ranks(index)]
                assert holders <= set(owners)
                if d.has_precise_index:
                    assert holders == set(owners)

    def test_unstructured_may_be_anywhere(self, context):
        assert Distribution(context, (8,), "u").owning_ranks((3,)) == [0, 1, 2, 3]
        assert Distribution(context, (8, 8), "bu").owning_ranks((7, 3)) == [2, 3]

    @pytest.mark.parametrize("index", [(8, 0), (0, 8), (-9, 0), (0,), (0, 0, 0)])
    @pytest.mark.parametrize("dist", ["bb", "cn", "uu"])
    def test_out_of_bounds(self, context, dist, index):
        with pytest.raises(IndexError):
            Distribution(context, (8, 8), dist).owning_ranks(index)


SLICES = [
    slice(None),
    slice(1, 5),
    slice(2, 3),
    slice(None, None, 2),
    slice(1, None, 3),
    slice(None, None, -1),
    slice(5, 0, -2),
    slice(4, 4),
    slice(-3, 100),
    slice(100, None),
    3,
    -1,
]


class TestSlice:
    @pytest.mark.parametrize("engines", ENGINE_COUNTS)
    def test_nothing_moves(self, engines):
        for d in some_distributions(FakeContext(engines)):
            held = pieces(d)
            whole = np.arange(d.global_size).reshape(d.shape)
            for index in itertools.product(SLICES, SLICES):
                values = whole[index]
                sliced = d.slice(index)
                assert sliced.shape == values.shape
                assert set(sliced.targets) <= set(d.targets)
                found = pieces(sliced)
                for target, positions in found.items():
                    assert np.isin(values.ravel()[positions], held[target]).all()
                together = np.sort(np.concatenate([p.ravel() for p in found.values()]))
                np.testing.assert_array_equal(together, np.arange(values.size))

    def test_kinds_stay(self, context):
        d = Distribution(context, (10, 10), "bn")
        assert d.slice((slice(2, 8), slice(1, 9, 3))).dist == ("b", "n")
        assert d.slice((slice(2, 8), slice(1, 9, 3))).shape == (6, 3)
        assert d.slice((slice(2, 8, 2), 3)).dist == ("b",)
        assert d.slice((3, slice(None))).dist == ("n",)
        assert d.slice((3, slice(None))).targets == [1]

    def test_only_owning_targets_stay(self, context):
        d = Distribution(context, (10,)).slice((slice(4, 7),))
        assert d.targets == [1, 2]
        assert d.maps[0].bounds == [(0, 2), (2, 3)]

    def test_empty(self, context):
        d = Distribution(context, (10, 10), "bb").slice((slice(4, 4), slice(None)))
        assert d.shape == (0, 10)
        assert d.grid_shape == (1, 2)
        d = Distribution(context, (10,)).slice((slice(20, None),))
        assert (d.shape, d.grid_shape, len(d.targets)) == ((0,), (1,), 1)

    def test_ellipsis_and_incomplete(self, context):
        d = Distribution(context, (10, 10), "bb")
        assert d.slice(Ellipsis) == d
        assert d.slice((Ellipsis, 3)).shape == (10,)
        assert d.slice(slice(0, 5)).shape == (5, 10)
        assert d.slice([slice(0, 5), 3]).shape == (5,)
        assert d.slice((None, 3)).shape == (1, 10)

    @pytest.mark.parametrize("index", [(10,), (0, -11), (0, 0, 0), (1.5,), "a", True])
    def test_bad_indices(self, context, index):
        with pytest.raises(IndexError):
            Distribution(context, (10, 10), "bc").slice(index)

    def test_zero_step(self, context):
        with pytest.raises(ValueError, match="step"):
            Distribution(context, (10,)).slice(slice(None, None, 0))

    def test_huge_bounds_are_clipped(self, context):
        d = Distribution(context, (10,))
        assert d.slice(slice(-(10**30), 10**30)) == d


class TestReduce:
    def test_targets_come_first_along_reduced_axes(self, context):
        d = Distribution(context, (8, 8), "bb")
        assert d.reduce(0).targets == [0, 1]
        assert d.reduce(-1).targets == [0, 2]
        assert d.reduce(None).targets == d.reduce((0, 1)).targets == [0]

    def test_axes_go(self, context):
        d = Distribution(context, (4, 6, 8), ("b", "n", "c"))
        assert d.reduce(0).shape == (6, 8)
        assert d.reduce((0, -1)).dist == ("n",)
        assert d.reduce(None).shape == ()

    @pytest.mark.parametrize("axes", [2, -3, (0, 2)])
    def test_axes_out_of_bounds(self, context, axes):
        with pytest.raises(np.exceptions.AxisError):
            Distribution(context, (8, 8)).reduce(axes)


class TestView:
    def test_last_axis_is_scaled(self, context):
        assert Distribution(context, (8,)).view() == Distribution(context, (8,))
        assert Distribution(context, (8,)).view(16).localshapes() == [(4,)] * 4
        assert Distribution(context, (8, 8), "nb").view(4).localshapes() == [(8, 1)] * 4
        assert Distribution(context, (8, 6)).view(3).shape == (8, 3)

    def test_an_element_on_two_engines(self, context):
        with pytest.raises(ValueError, match="size"):
            Distribution(context, (12,)).view(6)


class TestCompatibility:
    def test_equal_maps(self, context):
        a = Distribution(context, (8, 8), "bc")
        assert a.is_compatible(Distribution(context, (8, 8), "bc"))
        assert not a.is_compatible(Distribution(context, (8, 8), "cb"))
        assert not a.is_compatible(Distribution(context, (8, 9), "bc"))
        assert not a.is_compatible(Distribution(FakeContext(4), (8, 8), "bc"))
        assert not a.is_compatible(Distribution(context, (8, 8), "bc", targets=[0, 1]))
        assert not a.is_compatible("bc")

    def test_maps_of_one_process(self, context):
        one = [Distribution(context, (8,), dist, grid_shape=(1,), targets=[2]) for dist in "nbc"]
        for a, b in itertools.product(one, one):
            assert a.is_compatible(b)
        assert not one[0].is_compatible(Distribution(context, (8,), "u", (1,), [2]))

    def test_equality(self, context):
        a = Distribution(context, (8, 8), "bc")
        assert a != Distribution(FakeContext(4), (8, 8), "bc")
        assert a != "bc"


class TestRedistribution:
    def test_blocks_give_ranges(self):
        context = FakeContext([1, 3, 5])
        a = Distribution.from_maps(context, [BlockMap(10, 2, [0, 6, 10])], targets=[1, 5])
        b = Distribution.from_maps(context, [BlockMap(10, 2, [0, 4, 10])], targets=[3, 5])
        assert a.get_redist_plan(b) == [
            {"source_rank": 0, "dest_rank": 1, "indices": [(0, 4, 1)]},
            {"source_rank": 0, "dest_rank": 2, "indices": [(4, 6, 1)]},
            {"source_rank": 2, "dest_rank": 2, "indices": [(6, 10, 1)]},
        ]
        assert a.comm_union(b) == (("comm", (1, 3, 5)), [1, 3, 5])

    def test_other_shapes_give_intervals(self, context):
        a = Distribution(context, (2, 4), "nb", targets=[0, 1])
        b = Distribution(context, (8,), targets=[0, 1])
        assert a.get_redist_plan(b) == [
            {"source_rank": 0, "dest_rank": 0, "indices": [(0, 2)]},
            {"source_rank": 0, "dest_rank": 1, "indices": [(4, 6)]},
            {"source_rank": 1, "dest_rank": 0, "indices": [(2, 4)]},
            {"source_rank": 1, "dest_rank": 1, "indices": [(6, 8)]},
        ]

    def test_sizes_must_be_equal(self, context):
        with pytest.raises(ValueError, match="shape"):
            Distribution(context, (8,)).get_redist_plan(Distribution(context, (9,)))

    @pytest.mark.parametrize("engines", [3, 4])
    def test_everybody_gets_its_piece(self, engines):
        context = FakeContext(engines)
        whole = np.arange(42).reshape(7, 6)
        for source, dest in itertools.product(some_distributions(context), repeat=2):
            before, after = pieces(source), pieces(dest)
            union = sorted({*source.targets, *dest.targets})
            got = {target: [] for target in after}
            for transfer in source.get_redist_plan(dest):
                axes = [
                    np.arange(*axis) if isinstance(axis, tuple) else axis
                    for axis in transfer["indices"]
                ]
                sent = whole[np.ix_(*axes)].ravel()
                assert np.isin(sent, before[union[transfer["source_rank"]]]).all()
                got[union[transfer["dest_rank"]]].extend(sent)
            for target, piece in after.items():
                np.testing.assert_array_equal(sorted(got[target]), np.sort(piece.ravel()))

    @pytest.mark.parametrize("engines", [1, 4])
    def test_flat_indices(self, engines):
        for d in some_distributions(FakeContext(engines)):
            held = pieces(d)
            for target, dim_data in zip(d.targets, d.get_dim_data_per_rank(), strict=True):
                intervals = global_flat_indices(dim_data)
                covered = [i for start, stop in intervals for i in range(start, stop)]
                assert covered == sorted(held[target].ravel())

    def test_unstructured_copies(self, context):
        everywhere = UnstructuredMap(4, 2, [[0, 1, 2, 3], [3, 2, 1, 0]])
        d = Distribution.from_maps(context, [everywhere])
        assert d.localshapes() == [(4,), (4,)]
        plan = d.get_redist_plan(Distribution(context, (4,), targets=[0, 1]))
        assert [(t["source_rank"], t["dest_rank"]) for t in plan] == [(0, 0), (1, 1)]
