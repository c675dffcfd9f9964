"""The validators of the Distributed Array Protocol."""

import numpy as np
import pytest

from distarray.testing import (
    validate_dim_data,
    validate_dim_data_per_rank,
    validate_dim_dict,
    validate_distbuffer,
)
from distarray.tests.layouts import ENGINE_COUNTS, FakeContext, some_distributions

GOOD = (True, "")

BLOCK = {"dist_type": "b", "size": 10, "proc_grid_size": 3, "proc_grid_rank": 1}
BLOCK |= {"start": 4, "stop": 8}
CYCLIC = {"dist_type": "c", "size": 10, "proc_grid_size": 3, "proc_grid_rank": 1, "start": 1}
BLOCK_CYCLIC = CYCLIC | {"start": 2, "block_size": 2}
UNSTRUCTURED = {"dist_type": "u", "size": 10, "proc_grid_size": 3, "proc_grid_rank": 1}
UNSTRUCTURED |= {"indices": np.array([3, 1, 9])}
GOOD_ONES = (BLOCK, CYCLIC, BLOCK_CYCLIC, UNSTRUCTURED)


class TestDimDict:
    @pytest.mark.parametrize("dim_dict", [{}, *GOOD_ONES])
    def test_good_ones(self, dim_dict):
        assert validate_dim_dict(0, dim_dict) == GOOD

    @pytest.mark.parametrize(
        "more",
        [
            {"padding": (0, 2)},
            {"padding": [0, 2]},
            {"periodic": True},
            {"periodic": np.True_},
            {"size": np.int64(10)},
            {"start": 8},
            {"proc_grid_rank": 0, "start": 0},
            {"something": "else"},
        ],
    )
    def test_good_blocks(self, more):
        assert validate_dim_dict(0, BLOCK | more) == GOOD

    @pytest.mark.parametrize(
        "indices",
        [
            np.array([], dtype=int),
            np.array([-5, 100, 3]),
            np.array([3, 1], dtype=np.uint8),
            np.arange(10)[::3],
            bytearray(b"\1\2"),
        ],
    )
    def test_good_indices(self, indices):
        assert validate_dim_dict(0, UNSTRUCTURED | {"indices": indices}) == GOOD

    @pytest.mark.parametrize(
        ("good", "key", "value"),
        [
            (BLOCK, "dist_type", "n"),
            (BLOCK, "dist_type", "x"),
            (BLOCK, "dist_type", 7),
            (BLOCK, "size", -1),
            (BLOCK, "size", 10.0),
            (BLOCK, "size", "10"),
            (BLOCK, "size", True),
            (BLOCK, "size", 10**30),
            (BLOCK, "proc_grid_size", 0),
            (BLOCK, "proc_grid_rank", 3),
            (BLOCK, "proc_grid_rank", -1),
            (BLOCK, "start", -1),
            (BLOCK, "start", 9),
            (BLOCK, "start", None),
            (BLOCK, "stop", 11),
            (BLOCK, "padding", 3),
            (BLOCK, "padding", (1,)),
            (BLOCK, "padding", (1, 2, 3)),
            (BLOCK, "padding", (1, -2)),
            (BLOCK, "padding", (1.0, 2)),
            (BLOCK, "periodic", "yes"),
            (BLOCK | {"proc_grid_rank": 0}, "start", 4),
            (CYCLIC, "start", 2),
            (BLOCK_CYCLIC, "start", 1),
            (CYCLIC, "block_size", 0),
            (UNSTRUCTURED, "indices", [1, 2]),
            (UNSTRUCTURED, "indices", 5),
            (UNSTRUCTURED, "indices", np.array([1, 1])),
            (UNSTRUCTURED, "indices", np.array([1.5])),
            (UNSTRUCTURED, "indices", np.zeros((2, 2), dtype=int)),
            (UNSTRUCTURED, "indices", np.array(3)),
            (UNSTRUCTURED, "one_to_one", 1.5),
        ],
    )
    def test_bad_values_are_named(self, good, key, value):
        with pytest.raises(TypeError, match=f'^axis 2: "{key}" '):
            validate_dim_dict(2, good | {key: value})

    @pytest.mark.parametrize("good", GOOD_ONES)
    def test_missing_keys_are_named(self, good):
        for key in good:
            rest = {other: value for other, value in good.items() if other != key}
            if key == "dist_type":
                with pytest.raises(KeyError, match=key):
                    validate_dim_dict(0, rest)
            elif key != "block_size":
                with pytest.raises(TypeError, match=f'"{key}" is missing'):
                    validate_dim_dict(0, rest)

    @pytest.mark.parametrize("wrong", [None, [], "b", [("dist_type", "b")]])
    def test_no_dictionary(self, wrong):
        with pytest.raises(TypeError):
            validate_dim_dict(0, wrong)

    def test_processes_without_elements(self):
        assert validate_dim_dict(0, CYCLIC | {"size": 1, "start": 1}) == GOOD
        empty = {"proc_grid_rank": 2, "size": 1}
        assert validate_dim_dict(0, CYCLIC | empty | {"start": 1}) == GOOD
        assert validate_dim_dict(0, CYCLIC | empty | {"start": 2}) == GOOD


class TestDimData:
    def test_good(self):
        assert validate_dim_data(()) == GOOD
        assert validate_dim_data((*GOOD_ONES, {})) == GOOD

    def test_axis_is_named(self):
        with pytest.raises(TypeError, match="axis 1:"):
            validate_dim_data((BLOCK, CYCLIC | {"size": -1}))

    @pytest.mark.parametrize("engines", ENGINE_COUNTS)
    def test_what_we_export_is_good(self, engines):
        for distribution in some_distributions(FakeContext(engines)):
            for dim_data in distribution.get_dim_data_per_rank():
                protocol = [dd for dd in dim_data if dd["dist_type"] != "n"]
                assert validate_dim_data(protocol) == GOOD

    def test_all_processes_together(self):
        blocks = [
            BLOCK | {"proc_grid_rank": rank, "start": start, "stop": stop}
            for rank, (start, stop) in enumerate([(0, 4), (4, 8), (8, 10)])
        ]
        assert validate_dim_data_per_rank([(dd,) for dd in blocks]) == GOOD
        blocks[1] = blocks[1] | {"stop": 7}
        with pytest.raises(TypeError, match='axis 0: "start" is 8 on process 2; expected 7'):
            validate_dim_data_per_rank([(dd,) for dd in blocks])
        blocks[1] = blocks[1] | {"stop": 8, "padding": (0, 3)}
        blocks[2] = blocks[2] | {"padding": (3, 0)}
        with pytest.raises(TypeError, match='axis 0: "padding" is 3 wide on process 1'):
            validate_dim_data_per_rank([(dd,) for dd in blocks])

    def test_documented_padding(self):
        padding = [(4, 1), (1, 2), (2, 3), (3, 0)]
        ranks = [
            {"dist_type": "b", "size": 40, "proc_grid_size": 4, "proc_grid_rank": rank}
            | {"start": 10 * rank, "stop": 10 * rank + 10, "padding": widths}
            for rank, widths in enumerate(padding)
        ]
        assert validate_dim_data_per_rank([(dd,) for dd in ranks]) == GOOD


class TestDistBuffer:
    good = {  # noqa: RUF012
        "__version__": "0.10.0",
        "buffer": np.zeros((4, 3)),
        "dim_data": (BLOCK, {}),
    }

    def test_good(self):
        assert validate_distbuffer(self.good) == GOOD
        assert validate_distbuffer(self.good | {"__version__": "0.10"}) == GOOD
        scalar = {"__version__": "0.10.0", "buffer": np.array(1.0), "dim_data": ()}
        assert validate_distbuffer(scalar) == GOOD
        dates = {"buffer": np.zeros(4, dtype="M8[s]"), "dim_data": (BLOCK,)}
        assert validate_distbuffer(self.good | dates) == GOOD

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"more": 1}, "keys"),
            ({"__version__": "0.9.0"}, "__version__"),
            ({"__version__": 0.10}, "__version__"),
            ({"buffer": [1, 2]}, "buffer"),
            ({"dim_data": ({},)}, "dim_data"),
            ({"dim_data": 5}, "dim_data"),
            ({"dim_data": (BLOCK | {"stop": 7}, {})}, 'axis 0: "stop"'),
            ({"dim_data": ({}, BLOCK_CYCLIC)}, 'axis 1: "size"'),
        ],
    )
    def test_bad(self, change, message):
        with pytest.raises(TypeError, match=message):
            validate_distbuffer(self.good | change)

    @pytest.mark.parametrize("key", ["__version__", "buffer", "dim_data"])
    def test_missing(self, key):
        with pytest.raises(TypeError, match="keys"):
            validate_distbuffer({k: v for k, v in self.good.items() if k != key})
