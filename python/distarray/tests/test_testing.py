"""Test cases and helpers for tests."""

import unittest
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from distarray import testing
from distarray.error import ContextError, DistArrayError, InvalidRankError
from distarray.localapi.error import InvalidBaseCommError, InvalidDimensionError
from distarray.localapi.maps import Distribution
from distarray.localapi.messaging.intracomm import COMM_NULL


def local_array(values, dtype=float):
    distribution = Distribution.from_shape(None, (len(values),))
    names = ["global_shape", "dist", "grid_shape", "comm_size", "comm_rank", "cart_coords"]
    names += ["local_shape", "dim_data"]
    properties = {name: getattr(distribution, name) for name in names}
    ndarray = np.array(values, dtype=dtype)
    return SimpleNamespace(ndarray=ndarray, dtype=ndarray.dtype, **properties)


class TestComparisons:
    def test_equal(self):
        testing.assert_localarrays_equal(local_array([1, 2]), local_array([1, 2], int))
        testing.assert_localarrays_allclose(local_array([1, 2]), local_array([1, 2 + 1e-9]))

    @pytest.mark.parametrize(
        "compare", [testing.assert_localarrays_equal, testing.assert_localarrays_allclose]
    )
    def test_unequal(self, compare):
        a = local_array([1, 2])
        for b in (local_array([1, 3]), local_array([1, 2, 3])):
            with pytest.raises(AssertionError):
                compare(a, b)
        with pytest.raises(AssertionError, match="dtype"):
            compare(a, local_array([1, 2], int), check_dtype=True)

    def test_close_is_not_equal(self):
        with pytest.raises(AssertionError):
            testing.assert_localarrays_equal(local_array([1.0]), local_array([1 + 1e-9]))


class TestSkipping:
    def test_import_or_skip(self):
        assert testing.import_or_skip("numpy") is np
        with pytest.raises(unittest.SkipTest, match="no_such_module"):
            testing.import_or_skip("no_such_module")

    def test_check_targets(self):
        testing.check_targets(4, 4)
        with pytest.raises(unittest.SkipTest, match="4 engines"):
            testing.check_targets(4, 3)


def test_temp_filepath():
    first, second = testing.temp_filepath(".npy"), testing.temp_filepath(".npy")
    assert first != second
    assert Path(first).parent.is_dir()
    assert not Path(first).exists()


def run(case):
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
    return result


class TestCases:
    def test_a_context_is_made_and_closed(self):
        closed = []

        class Case(testing.BaseContextTestCase):
            @classmethod
            def make_context(cls, targets=None):
                targets = [0, 1, 2] if targets is None else targets
                return SimpleNamespace(targets=targets, close=lambda: closed.append(targets))

            def test_targets(self):
                assert len(self.context.targets) == self.ntargets

        class Any(Case):
            ntargets = "any"

        pytest.importorskip("distarray.globalapi.context")
        assert run(Case).wasSuccessful()
        assert run(Any).wasSuccessful()
        assert closed == [[0, 1, 2, 3], [0, 1, 2]]

    def test_too_few_targets_skip(self):
        class Case(testing.BaseContextTestCase):
            @classmethod
            def make_context(cls, targets=None):
                raise ValueError("too few")

            def test_nothing(self):
                raise AssertionError

        pytest.importorskip("distarray.globalapi.context")
        result = run(Case)
        assert result.wasSuccessful()
        assert "too few" in result.skipped[0][1]

    def test_parallel_cases_run_where_they_have_something_to_do(self):
        ran = []

        class Case(testing.ParallelTestCase):
            comm_size = 1

            def test_comm(self):
                ran.append(self.comm.Get_size())

        class TooLarge(Case):
            comm_size = 1000

        assert run(Case).wasSuccessful()
        assert ran == [1]
        assert len(run(TooLarge).skipped) == 1
        Case.comm = COMM_NULL
        Case("test_comm").test_comm()
        assert ran == [1]

    def test_metaclass_leaves_other_attributes(self):
        class Decorated(metaclass=testing.CommNullPasser):
            comm = COMM_NULL
            number = 5

            def method(self):
                return self.number

        assert Decorated().method() is None
        Decorated.comm = "a communicator"
        assert Decorated().method() == 5


@pytest.mark.parametrize(
    ("exception", "builtin"),
    [
        (ContextError, ValueError),
        (InvalidRankError, IndexError),
        (InvalidBaseCommError, TypeError),
        (InvalidDimensionError, IndexError),
    ],
)
def test_exceptions_are_also_builtins(exception, builtin):
    assert issubclass(exception, DistArrayError)
    assert issubclass(exception, builtin)
