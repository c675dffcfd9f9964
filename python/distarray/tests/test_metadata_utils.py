"""Grid shapes, dimension dictionaries and indices."""

import itertools

import numpy as np
import pytest

from distarray import metadata_utils as mu
from distarray.error import DistArrayError


class TestGridShape:
    @pytest.mark.parametrize(
        ("shape", "dist", "expected"),
        [
            ((20, 20), "bb", (3, 4)),
            ((20, 60), "bb", (2, 6)),
            ((60, 20), "bb", (6, 2)),
            ((100, 10, 300), "bnc", (2, 1, 6)),
            ((100, 50, 300), "bbb", (2, 1, 6)),
            ((100, 100, 150), "bbb", (2, 2, 3)),
            ((5,), "b", (5,)),
            ((100,), "c", (12,)),
            ((0,), "b", (1,)),
            ((), "", ()),
            ((3, 4), "nn", (1, 1)),
        ],
    )
    def test_twelve_processes(self, shape, dist, expected):
        assert mu.make_grid_shape(shape, tuple(dist), 12) == expected
        mu.check_grid_shape_postconditions(expected, shape, dist, 12)

    def test_growing_numbers_of_processes(self):
        sizes = (2, 3, 4, 6, 8, 9, 12, 16)
        expected = [(1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 3), (3, 4), (2, 8)]
        assert [mu.make_grid_shape((5, 9), ("b", "b"), n) for n in sizes] == expected
        expected = ["1112", "1113", "1122", "1123", "1124", "1133", "1223", "1224"]
        shape, dist = (10, 20, 30, 40), ("c",) * 4
        grids = [mu.make_grid_shape(shape, dist, n) for n in sizes]
        assert ["".join(map(str, grid)) for grid in grids] == expected

    def test_nearest_ratios(self):
        def distance(grid, shape):
            pairs = itertools.combinations(range(len(shape)), 2)
            return sum((shape[i] / shape[j] - grid[i] / grid[j]) ** 2 for i, j in pairs)

        for shape in [(30, 40), (90, 20, 50), (64, 64, 64)]:
            for size in (2, 6, 8, 12, 24):
                grid = mu.make_grid_shape(shape, "b" * len(shape), size)
                assert np.prod(grid) == size
                others = itertools.product(range(1, size + 1), repeat=len(shape))
                order = np.argsort(shape, kind="stable")
                candidates = [
                    other
                    for other in others
                    if np.prod(other) == size and np.all(np.diff(np.array(other)[order]) >= 0)
                ]
                best = min(distance(other, shape) for other in candidates)
                assert distance(grid, shape) == pytest.approx(best)

    @pytest.mark.parametrize(
        ("shape", "dist", "comm_size"),
        [((3, 5), "bb", 16), ((3,), "bb", 2), ((3,), "x", 2), ((3,), "b", 0), ((-3,), "b", 2)],
    )
    def test_what_is_refused(self, shape, dist, comm_size):
        with pytest.raises(ValueError, match=r"."):
            mu.make_grid_shape(shape, tuple(dist), comm_size)

    def test_preconditions(self):
        mu.check_grid_shape_preconditions((3, 4), ("b", "n"), 2)
        for arguments in [((3,), "bn", 2), ((3, -1), "bn", 2), ((3, 4), "bq", 2), ((), "", 0)]:
            with pytest.raises(ValueError, match=r"."):
                mu.check_grid_shape_preconditions(*arguments)

    @pytest.mark.parametrize("grid", [(2,), (0, 1), (1, 2), (5, 1), (4, 1), (-1, 1)])
    def test_postconditions(self, grid):
        mu.check_grid_shape_postconditions((3, 1), (4, 5), "bn", 3)
        with pytest.raises(ValueError, match="grid_shape"):
            mu.check_grid_shape_postconditions(grid, (4, 5), "bn", 3)

    def test_normalize_grid_shape(self):
        assert mu.normalize_grid_shape((2,), (4, 5), ("b", "n"), 4) == (2, 1)
        assert mu.normalize_grid_shape([2, 2], (4, 5), "bb", 4) == (2, 2)
        for grid in [(5,), (2, 3), (2**40, 2**40)]:
            with pytest.raises(mu.InvalidGridShapeError):
                mu.normalize_grid_shape(grid, (4, 5), "bb", 4)
        for grid in [(1, 1, 1), (-1, 1), (0,)]:
            with pytest.raises(ValueError, match="grid_shape"):
                mu.normalize_grid_shape(grid, (4, 5), "bb", 4)

    def test_exceptions(self):
        for exception in (mu.GridShapeError, mu.InvalidGridShapeError):
            assert issubclass(exception, (DistArrayError, ValueError))


class TestNormalizeDist:
    @pytest.mark.parametrize(
        ("dist", "ndim", "expected"),
        [
            ({0: "b", 3: "c"}, 4, "bnnc"),
            ({0: "b"}, 0, ""),
            ("b", 3, "bnn"),
            (("b", "c"), 2, "bc"),
            ([], 2, "nn"),
            ("", 0, ""),
        ],
    )
    def test_forms(self, dist, ndim, expected):
        assert mu.normalize_dist(dist, ndim) == tuple(expected)

    def test_what_is_refused(self):
        for dist in (None, 5, {"b"}, iter("b")):
            with pytest.raises(TypeError):
                mu.normalize_dist(dist, 2)
        for dist in ("bbb", "x", ["bb"], {0: "q"}, [None]):
            with pytest.raises(ValueError, match="dist"):
                mu.normalize_dist(dist, 2)


class TestDimDicts:
    def test_block_indices(self):
        starts = []
        for rank in range(4):
            dd = {"dist_type": "b", "size": 10, "proc_grid_size": 4, "proc_grid_rank": rank}
            mu.distribute_indices(dd)
            starts.append((dd["start"], dd["stop"]))
        assert starts == [(0, 3), (3, 6), (6, 9), (9, 10)]

    def test_cyclic_indices(self):
        dd = {"dist_type": "c", "size": 10, "proc_grid_size": 4, "proc_grid_rank": 2}
        mu.distribute_indices(dd)
        assert dd["start"] == 2
        dd = dd | {"block_size": 3}
        del dd["start"]
        mu.distribute_cyclic_indices(dd)
        assert dd["start"] == 6

    def test_what_is_there_stays(self):
        block = {"dist_type": "b", "start": 1, "stop": 2}
        mu.distribute_block_indices(block)
        assert block == {"dist_type": "b", "start": 1, "stop": 2}
        undistributed = {"dist_type": "n", "size": 2}
        mu.distribute_indices(undistributed)
        assert undistributed == {"dist_type": "n", "size": 2}
        with pytest.raises(TypeError, match="'u'"):
            mu.distribute_indices({"dist_type": "u"})

    def test_normalize(self):
        dd = {"dist_type": "n", "size": 4}
        mu.normalize_dim_dict(dd)
        assert (dd["proc_grid_size"], dd["proc_grid_rank"]) == (1, 0)
        dd = {"dist_type": "b"}
        mu.normalize_dim_dict(dd)
        assert dd == {"dist_type": "b"}

    def test_sizes(self):
        grid = {"size": 10, "proc_grid_size": 2, "proc_grid_rank": 0}
        assert mu.size_from_dim_data({"dist_type": "n", "size": 7}) == 7
        assert mu.size_from_dim_data({"dist_type": "b", "start": 2, "stop": 5}) == 3
        assert mu.size_from_dim_data({"dist_type": "c", **grid}) == 5
        assert mu.size_from_dim_data({"dist_type": "c", "block_size": 3, **grid}) == 6
        assert mu.size_from_dim_data({"dist_type": "u", "indices": np.arange(4)}) == 4
        assert mu.c_or_bc_chooser({"block_size": 4, **grid}) == 6
        assert mu.cyclic_size({"block_size": 4, **grid}) == 5
        with pytest.raises(ValueError, match="'x'"):
            mu.size_chooser("x")

    def test_shapes(self):
        blocks = [{"dist_type": "b", "start": 0, "stop": n} for n in range(3)]
        assert mu.shapes_from_dim_data_per_rank([tuple(blocks), ()]) == [(0, 1, 2), ()]


class TestIndices:
    @pytest.mark.parametrize("size", [0, 1, 5])
    def test_positivify_integers(self, size):
        for index in range(-size, size):
            assert mu.positivify(index, size) == range(size)[index]
        for index in (size, -size - 1, np.int64(100)):
            with pytest.raises(IndexError):
                mu.positivify(index, size)
        for index in ("a", 1.0, None, True):
            with pytest.raises(IndexError):
                mu.positivify(index, size)

    @pytest.mark.parametrize("size", [0, 1, 5])
    def test_positivify_slices(self, size):
        bounds = (None, *range(-size - 3, size + 4))
        for start, stop, step in itertools.product(bounds, bounds, (None, 1, 2, -1, -3)):
            index = slice(start, stop, step)
            positive = mu.positivify(index, size)
            assert range(size)[positive] == range(size)[index]
            assert positive.start is None or positive.start >= 0
            assert positive.stop is None or positive.stop >= 0

    def test_slices_are_not_clipped(self):
        assert mu.positivify(slice(2, 100), 10) == slice(2, 100)

    @pytest.mark.parametrize(
        ("indices", "arguments", "expected"),
        [
            (1, {}, ("value", (1,))),
            (1, {"ndim": 1}, ("value", (1,))),
            (1, {"ndim": 2}, ("view", (1, slice(None)))),
            ((1, 2), {"ndim": 2}, ("value", (1, 2))),
            ([1, 2], {"ndim": 2}, ("value", (1, 2))),
            ((), {"ndim": 0}, ("value", ())),
            (..., {"ndim": 0}, ("view", ())),
            (..., {"ndim": 2}, ("view", (slice(None), slice(None)))),
            ((..., 1), {"ndim": 3}, ("view", (slice(None), slice(None), 1))),
            ((1, ..., ...), {"ndim": 3}, ("view", (1, slice(None), slice(None)))),
            ((1, 2, ...), {"ndim": 2}, ("view", (1, 2))),
            (slice(1, 2), {}, ("view", (slice(1, 2),))),
            ((-1, slice(-2, None)), {"shape": (4, 5)}, ("view", (3, slice(3, None)))),
            (np.int8(-1), {"shape": (4,)}, ("value", (3,))),
            ((slice(0, 99), ...), {"shape": (4, 5)}, ("view", (slice(0, 99), slice(None)))),
        ],
    )
    def test_sanitize(self, indices, arguments, expected):
        assert mu.sanitize_indices(indices, **arguments) == expected

    @pytest.mark.parametrize(
        ("indices", "arguments", "error"),
        [
            (..., {}, RuntimeError),
            ((1, 2, 3), {"ndim": 2}, IndexError),
            ((1, 2, 3, ...), {"ndim": 2}, IndexError),
            ((1.5,), {}, IndexError),
            ((None, 1), {}, IndexError),
            ((True,), {}, IndexError),
            ("a", {}, IndexError),
            (1.5, {}, TypeError),
            (None, {}, TypeError),
            ((4,), {"shape": (4,)}, IndexError),
            ((0, -6), {"shape": (4, 5)}, IndexError),
        ],
    )
    def test_what_is_refused(self, indices, arguments, error):
        with pytest.raises(error):
            mu.sanitize_indices(indices, **arguments)

    def test_tuple_intersection(self):
        assert mu.tuple_intersection((0, 60, 2), (15, 30)) == (16, 29, 2)
        for start, stop, step in itertools.product(range(6), range(8), (1, 2, 3)):
            for other in itertools.product(range(7), range(9)):
                common = sorted(set(range(start, stop, step)) & set(range(*other)))
                found = mu.tuple_intersection((start, stop, step), other)
                if common:
                    assert found == (common[0], common[-1] + 1, step)
                else:
                    assert found is None
        assert mu.tuple_intersection((2, 9), (4, 20)) == (4, 9, 1)

    def test_reduction_axes(self):
        assert mu.normalize_reduction_axes(None, 0) == ()
        assert mu.normalize_reduction_axes(None, 3) == (0, 1, 2)
        assert mu.normalize_reduction_axes(-1, 3) == (2,)
        assert mu.normalize_reduction_axes([0, -1], 3) == (0, 2)
        with pytest.raises(IndexError):
            mu.normalize_reduction_axes(3, 3)
        with pytest.raises(ValueError, match=r"repeated|duplicate"):
            mu.normalize_reduction_axes((0, -3), 3)
