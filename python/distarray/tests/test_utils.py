"""Utilities that have no doctest of their own, and their edges."""

import math
import sys

import pytest

from distarray import utils


def test_uids_differ():
    names = {utils.uid() for _ in range(1000)}
    assert len(names) == 1000
    assert all(name.startswith("__distarray__") and name.isidentifier() for name in names)


@pytest.mark.parametrize("parts", [1, 2, 3, 4])
@pytest.mark.parametrize("number", [1, 2, 12, 52, 60])
def test_partitions_are_ascending_products(number, parts):
    found = utils.mult_partitions(number, parts)
    assert found == sorted(set(found))
    for factors in found:
        assert list(factors) == sorted(factors)
        assert math.prod(factors) == number
    assert utils.mult_partitions_recurs(number, parts, 1) == [
        factors for factors in found if factors[0] > 1
    ]


def test_mirror_sort_of_other_lengths():
    with pytest.raises(ValueError, match="lengths"):
        utils.mirror_sort([1, 2], [1])


def test_slice_intersection():
    assert utils.slice_intersection(slice(None, 5), slice(2, None)) == slice(2, 5)
    assert utils.slice_intersection(slice(3, None), slice(2, None)) == slice(3, None)
    disjoint = utils.slice_intersection(slice(5, 9), slice(1, 3))
    assert list(range(20))[disjoint] == []
    with pytest.raises(NotImplementedError):
        utils.slice_intersection(slice(0, 5, 2), slice(0, 5))


def test_dotted_names(monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "holder", type("Holder", (), {}), raising=False)
    utils.set_from_dotted_name("holder.answer", 42)
    assert utils.get_from_dotted_name("holder.answer") == 42
    with pytest.raises(AttributeError):
        utils.get_from_dotted_name("holder.question")


def test_flatten_by_another_rule():
    nested = ["ab", ("c", ["d"])]
    assert list(utils.flatten(nested, lambda part: isinstance(part, tuple))) == ["ab", "c", ["d"]]
    assert list(utils.flatten([])) == []


def test_multi_for_of_nothing():
    assert list(utils.multi_for([])) == [()]
    assert list(utils.multi_for([[1, 2], []])) == []


def test_elements_by_index():
    assert utils.remove_elements([], (1, 2)) == [1, 2]
    assert utils.remove_elements((1, 1), [5, 6, 7]) == [5, 7]
