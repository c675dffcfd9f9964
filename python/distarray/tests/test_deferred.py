"""Operations that wait until somebody needs their elements: nobody can tell, but for the time."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any, ClassVar

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import distarray as da
from distarray.error import ContextCreationError
from distarray.globalapi import _pool
from distarray.globalapi.context import SpmdContext
from distarray.globalapi.random import Random


@pytest.fixture(autouse=True, scope="module")
def even_small_arrays_wait() -> Iterator[None]:
    """Have operations on small arrays wait like those on large ones."""
    engines = _pool.engines(1)
    before = engines.inline_bytes
    engines.set_inline_bytes(0)
    yield
    engines.set_inline_bytes(before)


@pytest.fixture
def context() -> Iterator[Any]:
    with da.Context(nengines=3, deferred=True) as context:
        yield context


def of(context: Any, *values: float) -> Any:
    return context.fromarray(np.array(values, dtype=float))


def is_pending(array: Any) -> bool:
    return bool(array._array.is_pending)


def count(context: Any) -> int:
    """Return the number of pieces on the engines."""
    gc.collect()
    pieces: int = sum(context._engines.array_counts())
    if isinstance(context, SpmdContext):
        # Each process knows its own.
        from mpi4py import MPI

        pieces = MPI.COMM_WORLD.allreduce(pieces)
    return pieces


class TestWaiting:
    def test_an_operation_waits_until_its_elements_are_needed(self, context: Any) -> None:
        a = of(context, 1, 2, 3)
        c = a + 1
        assert is_pending(c)
        assert c.toarray().tolist() == [2, 3, 4]
        assert not is_pending(c)

    def test_temporaries_are_never_stored(self, context: Any) -> None:
        a, b = of(context, 1, 2, 3), of(context, 4, 5, 6)
        before = count(context)
        c = 2 * a + 3 * b - a * b + 1
        da.evaluate(c)
        assert count(context) - before == 3  # one piece an engine
        assert c.toarray().tolist() == [11, 10, 7]

    def test_what_has_a_name_is_computed_once_and_stored(self, context: Any) -> None:
        a = of(context, 1, 2, 3)
        twice = a * 2
        c = twice + 1
        da.evaluate(c)
        assert not is_pending(twice)
        assert twice.toarray().tolist() == [2, 4, 6]

    def test_several_arrays_are_evaluated_together(self, context: Any) -> None:
        a = of(context, 1, 2, 3)
        b, c = da.evaluate(a + 1, np.sqrt(a * a))
        assert not is_pending(b)
        assert not is_pending(c)
        assert (b.toarray().tolist(), c.toarray().tolist()) == ([2, 3, 4], [1, 2, 3])
        assert da.evaluate(b) is b

    def test_arrays_of_different_layouts_are_evaluated_together(self, context: Any) -> None:
        cyclic = context.fromarray(np.arange(7.0), distribution=da.Distribution(context, 7, "c"))
        b, c = da.evaluate(of(context, 1, 2) * 2, cyclic * 2)
        assert (b.toarray().tolist(), c.toarray().tolist()) == ([2, 4], list(range(0, 14, 2)))

    def test_only_dist_arrays_can_be_evaluated(self) -> None:
        with pytest.raises(TypeError, match="DistArrays, not list"):
            da.evaluate([1])

    def test_a_long_loop_does_not_grow_for_ever(self, context: Any) -> None:
        a = of(context, 1, 2, 3)
        x = a
        for _ in range(3000):
            x = x + a
        assert x.toarray().tolist() == [3001, 6002, 9003]

    def test_a_long_loop_may_use_values_twice(self, context: Any) -> None:
        a = np.linspace(-1.5, 1.5, 7) + 1j * np.linspace(-1, 1, 7)
        z, expected = context.fromarray(a), a
        counts, times = context.zeros(7, dtype=int), np.zeros(7, dtype=int)
        for _ in range(60):
            near = abs(z) <= 2
            z = np.where(near, z * z - 0.75, z)
            counts += near
            near = abs(expected) <= 2
            expected = np.where(near, expected * expected - 0.75, expected)
            times += near
        assert counts.toarray().tolist() == times.tolist()
        np.testing.assert_allclose(z.toarray(), expected, rtol=1e-9)

    def test_what_others_read_later_is_stored(self, context: Any) -> None:
        a = of(context, 1, 2, 3)
        shared = a * 2
        first, second = shared + 1, shared - 1
        del shared
        before = count(context)
        assert first.toarray().tolist() == [3, 5, 7]
        assert count(context) - before == 6  # `first` and what it has in common with `second`
        assert second._array.explain()["loops"] == ["t0 = subtract(x0, 1.0)"]
        assert second.toarray().tolist() == [1, 3, 5]
        assert count(context) - before == 6

    def test_views_of_what_has_a_name_are_no_reason_to_compute(self, context: Any) -> None:
        a = context.empty((3000, 3000))
        mean = 0.25 * (a[:-2, 1:-1] + a[2:, 1:-1] + a[1:-1, :-2] + a[1:-1, 2:])
        assert mean._array.explain()["operations"] == 4

    def test_casts_wait_too(self, context: Any) -> None:
        a = of(context, 1.5, 2.5)
        c = (a * 2).astype(np.int16) + 1
        assert is_pending(c)
        assert c.dtype == np.int16
        assert c.toarray().tolist() == [4, 6]

    def test_a_broadcast_operand_is_computed_once(self, context: Any) -> None:
        a = context.fromarray(np.arange(12.0).reshape(3, 4))
        row = np.exp(of(context, 1, 2, 3, 4))
        c = a * row + row
        expected = np.arange(12.0).reshape(3, 4)
        np.testing.assert_array_equal(c.toarray(), expected * row.toarray() + row.toarray())

    def test_an_empty_array_waits_for_nothing(self, context: Any) -> None:
        assert (context.zeros((0, 3)) + 1).toarray().shape == (0, 3)


class TestRandomNumbers:
    @pytest.mark.parametrize("kind", ["rand", "randn"])
    @pytest.mark.parametrize("dist", ["b", "c"])
    def test_are_those_that_are_drawn_at_once(self, context: Any, kind: str, dist: str) -> None:
        drawn = []
        with da.Context(nengines=2, deferred=False) as other:
            for each in (context, other):
                random = Random(each)
                random.seed(3)
                layout = da.Distribution(each, (1001,), dist=dist)
                x, y = getattr(random, kind)(layout), random.rand(layout)
                assert is_pending(x) == is_pending(y) == (each is context)
                drawn.append([(x * x + y).toarray(), x.toarray(), y.toarray(), x.sum().item()])
        for ours, theirs in zip(*drawn, strict=True):
            np.testing.assert_array_equal(ours, theirs)

    def test_are_not_stored_when_they_are_used_once(self, context: Any) -> None:
        before = count(context)
        random = Random(context)
        x, y = random.rand(1000), random.rand(1000)
        share = float((x * x + y * y <= 1).mean())
        assert 0.5 < share < 1
        assert is_pending(x)
        assert is_pending(y)
        assert count(context) == before
        # Who uses them again may do so more often.
        assert float((x * x + y * y <= 1).mean()) == share
        assert not is_pending(x)
        assert not is_pending(y)

    def test_can_be_written_to(self, context: Any) -> None:
        random = Random(context)
        random.seed(1)
        expected = random.rand((20, 30)).toarray()
        random.seed(1)
        x = random.rand((20, 30))
        half = x * 0.5
        x[3:5] = 2
        np.testing.assert_array_equal(half.toarray(), expected * 0.5)
        expected[3:5] = 2
        np.testing.assert_array_equal(x.toarray(), expected)

    def test_are_drawn_where_they_are_used(self, context: Any) -> None:
        random = Random(context)
        random.seed(2)
        expected = random.rand((20, 30)).toarray()
        random.seed(2)
        x = random.rand((20, 30))
        np.testing.assert_array_equal((x[1:] - x[:-1]).toarray(), np.diff(expected, axis=0))
        random.seed(2)
        turned = random.rand((20, 30)).T + 1
        np.testing.assert_array_equal(turned.toarray(), expected.T + 1)

    def test_with_parameters_that_make_no_distribution(self, context: Any) -> None:
        random = Random(context)
        with pytest.raises(ValueError, match="low >= high"):
            random.randint(10, 5, 5)
        with pytest.raises(ValueError, match="out of bounds"):
            random.randint(10, 0, 300, dtype=np.int8)


class TestFilled:
    """What is the same everywhere is a number until somebody needs it in memory."""

    def test_too_large_for_any_memory(self, context: Any) -> None:
        with pytest.raises(MemoryError):
            context.zeros((1 << 50,))

    @pytest.mark.parametrize("dtype", [bool, np.int16, float, np.complex64])
    def test_is_computed_with_without_being_stored(self, context: Any, dtype: Any) -> None:
        before = count(context)
        zeros, ones = context.zeros(5, dtype=dtype), context.ones((5,), dtype=dtype)
        full = context.full(5, 7, dtype=dtype)
        total = zeros + ones + full
        assert all(map(is_pending, (zeros, ones, full, total)))
        da.evaluate(total)
        assert all(map(is_pending, (zeros, ones, full)))
        assert count(context) - before == 3  # one piece an engine
        expected = np.ones(5, dtype) + np.full(5, 7, dtype)
        np.testing.assert_array_equal(total.toarray(), expected)
        assert total.dtype == expected.dtype
        np.testing.assert_array_equal(full.toarray(), np.full(5, 7, dtype))
        assert not is_pending(full)

    def test_takes_operations_in_place(self, context: Any) -> None:
        near = of(context, 1, -2, 3) > 0
        counts = context.zeros(3, dtype=int)
        before = count(context)
        for _ in range(3):
            counts += near
        assert is_pending(counts)
        assert count(context) == before
        assert counts.toarray().tolist() == [3, 0, 3]

    def test_thirty_updates_of_counts_are_one_expression(self, context: Any) -> None:
        values, points = np.linspace(-2, 2, 7), of(context, *np.linspace(-2, 2, 7))
        counts, expected = context.zeros(7, dtype=int), np.zeros(7, dtype=int)
        for _ in range(30):
            near = abs(points) <= 1.5
            points = np.where(near, points * points - 1, points)
            counts += near
            within = abs(values) <= 1.5
            values = np.where(within, values * values - 1, values)
            expected += within
        assert is_pending(counts)
        assert counts.toarray().tolist() == expected.tolist()

    def test_shares_its_memory_with_views(self, context: Any) -> None:
        a = context.ones(5)
        later = a + 1
        a[1:3][:1] = 7
        a += 1
        assert later.toarray().tolist() == [2, 2, 2, 2, 2]
        assert a.toarray().tolist() == [2, 8, 2, 2, 2]
        b = context.full((2, 2), 3)
        b.T[0, 1] = 4
        assert b.toarray().tolist() == [[3, 3], [4, 3]]

    def test_is_there_for_functions(self, context: Any) -> None:
        a = context.ones(5)
        context.apply(lambda local: local.ndarray.fill(8), (a,), targets=a.targets)
        assert (a + 1).toarray().tolist() == [9] * 5

    def test_without_a_value_stays_what_it_was(self, context: Any) -> None:
        a = context.empty(5)
        computed = (a + 0).toarray()
        np.testing.assert_array_equal(a.toarray(), computed)
        b = context.empty(3)
        np.add(of(context, 1, 2, 3), 1, out=b)
        assert b.toarray().tolist() == [2, 3, 4]

    def test_is_reduced(self, context: Any) -> None:
        before = count(context)
        assert float(context.ones((300, 50)).sum()) == 15000
        assert context.full((3, 4), 2).prod(axis=0).toarray().tolist() == [8] * 4
        assert context.ones(7, dtype=bool).mean() == 1
        assert count(context) == before

    def test_of_another_layout(self, context: Any) -> None:
        cyclic = context.ones(da.Distribution(context, 7, "c"))
        block = context.fromarray(np.arange(7.0))
        assert (block + cyclic).toarray().tolist() == [1, 2, 3, 4, 5, 6, 7]
        assert (context.ones((3, 1)) + block).toarray().tolist() == [[1, 2, 3, 4, 5, 6, 7]] * 3

    def test_warns_as_an_array_does(self, context: Any) -> None:
        with pytest.warns(RuntimeWarning, match="divide by zero encountered in log"):
            np.log(context.zeros(3)).toarray()


class TestWrites:
    """What is written to an operand after the call doesn't change the result."""

    @pytest.mark.parametrize(
        "write",
        [
            lambda a, view: a.fill(9),
            lambda a, view: a.__setitem__(..., 9),
            lambda a, view: a.__setitem__(1, 9),
            lambda a, view: a.__setitem__(slice(None), np.full(4, 9.0)),
            lambda a, view: a.__setitem__(slice(1, None), a[:-1]),
            lambda a, view: view.fill(9),
            lambda a, view: view.__iadd__(5),
            lambda a, view: a.__iadd__(a),
            lambda a, view: np.multiply(a, 2, out=a),
            lambda a, view: np.multiply(a, 2, out=view, where=[True, False, True, True]),
            lambda a, view: np.copyto(a, 7),
            lambda a, view: a.context.apply(
                lambda local: local.ndarray.fill(8), (a,), targets=a.targets
            ),
            lambda a, view: a.context.apply(
                lambda local: local.ndarray.fill(8), (view,), targets=a.targets
            ),
        ],
    )
    def test_of_any_kind(self, context: Any, write: Any) -> None:
        a = of(context, 1, 2, 3, 4)
        view = a[::-1]
        result = a * 10 + view
        deeper = np.sqrt(result * result)
        del result
        write(a, view)
        assert deeper.toarray().tolist() == [14, 23, 32, 41]

    def test_in_place_operations_wait_if_the_array_does(self, context: Any) -> None:
        a = of(context, 1, 2, 3)
        before = count(context)
        x = a * 2
        x += 1
        x *= a
        assert is_pending(x)
        assert x.toarray().tolist() == [3, 10, 21]
        assert count(context) - before == 3

    def test_in_place_operations_leave_what_was_computed_before(self, context: Any) -> None:
        a = of(context, 1, 2, 3)
        x = a * 2
        y = x + 1
        x += 100
        z = x + 1
        x -= x
        assert y.toarray().tolist() == [3, 5, 7]
        assert z.toarray().tolist() == [103, 105, 107]
        assert x.toarray().tolist() == [0, 0, 0]

    def test_an_expression_is_computed_into_what_it_is_assigned_to(self, context: Any) -> None:
        a, b = of(context, 1, 2, 3), context.zeros(3, dtype=np.float32)
        b[...] = a * 2 + 1
        assert b.toarray().tolist() == [3, 5, 7]

    def test_an_expression_may_read_what_it_is_assigned_to(self, context: Any) -> None:
        a = of(context, *range(10))
        expected = np.arange(10.0)
        a[1:-1] = 0.5 * (a[:-2] + a[2:]) + a[1:-1]
        expected[1:-1] = 0.5 * (expected[:-2] + expected[2:]) + expected[1:-1]
        np.testing.assert_array_equal(a.toarray(), expected)
        a[::-1] = a * 2 + a
        expected[::-1] = expected * 2 + expected
        np.testing.assert_array_equal(a.toarray(), expected)

    def test_once_a_function_has_seen_a_piece_nothing_waits(self, context: Any) -> None:
        a = of(context, 1, 2, 3)
        pieces = context.apply(lambda local: local, (a,))
        assert len(pieces) == 3
        assert not is_pending(a + 1)
        assert not is_pending(a[1:] + 1)
        assert is_pending(of(context, 1, 2, 3) + 1)

    def test_a_function_gets_the_elements(self, context: Any) -> None:
        c = of(context, 1, 2, 3) * 2
        assert sum(context.apply(lambda local: local.ndarray.sum(), (c,))) == 12


class TestReductions:
    """A reduction takes up the expression below it on the way."""

    NAMES: ClassVar = ["sum", "prod", "min", "max", "mean", "var", "std", "any", "argmax"]

    @pytest.mark.parametrize("name", NAMES)
    @pytest.mark.parametrize("axis", [None, 0, 1, (0, 2), 2])
    @pytest.mark.parametrize("dist", ["bnn", "nbc", "ccn"])
    def test_is_the_same_on_the_way(self, name: str, axis: Any, dist: str) -> None:
        if name == "argmax" and isinstance(axis, tuple):
            pytest.skip("argmax takes one axis")
        values = np.random.default_rng(3).normal(size=(7, 6, 5))
        results = []
        for deferred in True, False:
            with da.Context(nengines=4, deferred=deferred) as context:
                layout = da.Distribution(context, values.shape, dist)
                a = context.fromarray(values, distribution=layout)
                results.append(getattr(a * 1.5 - a * a, name)(axis=axis).toarray())
        np.testing.assert_array_equal(*results)

    def test_stores_nothing_that_has_no_name(self, context: Any) -> None:
        a, b = of(context, 1, 2, 3), of(context, 3, 2, 5)
        before = count(context)
        total = ((a - b) ** 2).sum()
        assert count(context) - before == 1
        assert float(total) == 8
        assert (a < b).sum() == 2

    @pytest.mark.parametrize("function", [np.sum, np.mean, np.std, np.max, np.any, da.sum])
    def test_by_functions_stores_nothing_that_has_no_name(
        self, context: Any, function: Any
    ) -> None:
        a, b = of(context, 1, 2, 3), of(context, 3, 2, 5)
        before = count(context)
        total = function((a - b) ** 2, axis=0)
        assert count(context) - before == 1
        assert total == function(np.array([4, 0, 4]))
        named = a - b
        function(named)
        assert not is_pending(named)

    @pytest.mark.parametrize("function", [np.sum, lambda array: array.sum()])
    def test_stores_what_has_a_name(self, context: Any, function: Any) -> None:
        a = of(context, 1, 2, 3)
        named = a * 2
        result = named + 1
        assert function(result) == 15
        assert not is_pending(named)
        assert not is_pending(result)
        assert result.toarray().tolist() == [3, 5, 7]

    def test_of_integers_in_floats(self, context: Any) -> None:
        a = context.fromarray(np.arange(5))
        assert float((a + 1).mean()) == 3
        assert float((a + 1).var()) == 2
        assert (a.astype(np.int8) + 100).sum(dtype=np.float32) == 510

    def test_warns_of_the_operation_below(self, context: Any) -> None:
        zero = context.zeros(3)
        with pytest.warns(RuntimeWarning, match="divide by zero encountered in divide"):
            assert np.isinf((1 / zero).sum())


class TestExplanation:
    def test_of_a_chain(self, context: Any, capsys: pytest.CaptureFixture[str]) -> None:
        a = context.fromarray(np.zeros(1000))
        b = context.fromarray(np.zeros(1000, dtype=np.float32))
        before = count(context)
        c = 2 * a + np.sqrt(b) * a
        c.explain()
        assert count(context) == before
        assert is_pending(c)
        assert capsys.readouterr().out.splitlines() == [
            "float64 array of shape (1000,), to be computed in one pass by 5 operations:",
            "    t0 = multiply(2.0, x0)",
            "    t1 = sqrt(x1)",
            "    t2 = float64(t1)",
            "    t3 = add(t0, multiply(t2, x0))",
            "reads 12.0 kB: x0 is float64 of shape (1000,); x1 is float32 of shape (1000,)",
            "writes 8.0 kB, moves 0 bytes between engines",
            "avoids 3 temporary arrays of 20.0 kB, needs 20.0 kB at most",
        ]

    def test_of_what_has_a_name(self, context: Any, capsys: pytest.CaptureFixture[str]) -> None:
        a = context.zeros(1000)
        named = a + 1
        c = named * 2
        c.explain()
        assert "writes 16.0 kB (1 array with a name on the way)" in capsys.readouterr().out
        da.evaluate(c)
        named.explain()
        assert "its elements are there, nothing is to be computed" in capsys.readouterr().out

    def test_of_what_moves(self, context: Any, capsys: pytest.CaptureFixture[str]) -> None:
        a = context.zeros(3000)
        (a[1:] - a[:-1]).explain()
        assert "moves 16 bytes between engines" in capsys.readouterr().out


class TestElsewhere:
    """Of what other engines have, an expression reads their memory."""

    @pytest.mark.parametrize("dist", ["bn", "nb", "bb", "cn", "bc"])
    @pytest.mark.parametrize("engines", [1, 2, 3, 4])
    def test_a_stencil(self, dist: str, engines: int) -> None:
        theirs = np.random.default_rng(1).random((13, 12))
        with da.Context(nengines=engines, deferred=True) as context:
            layout = da.Distribution(context, theirs.shape, dist)
            ours = context.fromarray(theirs, distribution=layout)
            result, expected = ours.copy(), theirs.copy()
            for a, b in (ours, result), (theirs, expected):
                step = a[:-2, 1:-1] + a[2:, 1:-1] + a[1:-1, :-2] + a[1:-1, 2:]
                b[1:-1, 1:-1] = 0.25 * step
                b[1:-1, 1:-1] += a[1:-1, 1:-1] * b[2:, 2:]
                b[1:] -= b[:-1]
            np.testing.assert_array_equal(result.toarray(), expected)

    @pytest.mark.parametrize("start", [1, 2, 5])
    def test_with_communication_forbidden(self, start: int) -> None:
        with da.Context(nengines=2, communication="error", deferred=True) as context:
            a = context.zeros(10)
            with pytest.raises(da.error.CommunicationError, match=r"(8|16|40) bytes"):
                a[start:] + a[:-start]


class TestMasks:
    """``a[mask] = value``."""

    MASKS: ClassVar = [[True, False, True, False], [False] * 4, [True] * 4]

    @pytest.mark.parametrize("mask", MASKS)
    @pytest.mark.parametrize("kind", ["ndarray", "DistArray", "expression"])
    @pytest.mark.parametrize("pending", [False, True])
    def test_one_value(self, context: Any, mask: list[bool], kind: str, pending: bool) -> None:
        ours, theirs = of(context, 1, 2, 3, 4), np.arange(1.0, 5)
        if pending:
            ours, theirs = ours * 2, theirs * 2
        index: Any = np.array(mask)
        if kind != "ndarray":
            index = context.fromarray(index)
        if kind == "expression":
            index = index & True
        ours[index] = 7
        theirs[np.array(mask)] = 7
        assert is_pending(ours) is pending
        assert ours.toarray().tolist() == theirs.tolist()

    @pytest.mark.parametrize("dtype", ["?", "u1", "f4", "D", "M8[s]", "S3"])
    def test_of_any_dtype(self, context: Any, dtype: str) -> None:
        theirs = np.array([0, 1, 0, 1, 1]).astype(dtype)
        ours = context.fromarray(theirs)
        mask = np.array([True, True, False, False, True])
        value = np.array(1).astype(dtype)
        ours[mask] = value
        theirs[mask] = value
        assert ours.toarray().tolist() == theirs.tolist()

    def test_of_rows(self, context: Any) -> None:
        theirs = np.arange(12).reshape(4, 3)
        ours = context.fromarray(theirs)
        theirs[theirs[:, 0] > 3] = -1
        ours[ours[:, 0] > 3] = -1
        np.testing.assert_array_equal(ours.toarray(), theirs)

    def test_of_another_shape(self, context: Any) -> None:
        with pytest.raises(IndexError, match=r"along axis 0; size of axis is 3 but .* is 2"):
            of(context, 1, 2, 3)[np.array([True, False])] = 1
        with pytest.raises(IndexError, match="too many indices"):
            of(context, 1, 2, 3)[np.ones((3, 1), bool)] = 1
        with pytest.raises(IndexError, match="only one value"):
            of(context, 1, 2, 3)[np.ones(3, bool)] = [1, 2, 3]


class TestErrors:
    """Errors come at the call, as NumPy's do."""

    def test_of_shapes_and_dtypes(self, context: Any) -> None:
        a = of(context, 1, 2, 3)
        with pytest.raises(ValueError, match="broadcast"):
            a + of(context, 1, 2)
        with pytest.raises(TypeError):
            a << 1
        with pytest.raises(TypeError, match="same_kind"):
            np.add(a, 1, out=context.zeros(3, dtype=int))

    def test_of_values(self, context: Any) -> None:
        with pytest.raises(ValueError, match="negative integer powers"):
            context.fromarray([1, 2]) ** -1

    def test_exceptions_are_raised_at_the_call(self, context: Any) -> None:
        zero = context.zeros(3)
        with np.errstate(divide="raise"), pytest.raises(FloatingPointError, match="in divide"):
            1 / zero

    def test_what_was_ignored_at_the_call_is_ignored(self, context: Any) -> None:
        zero = context.zeros(3)
        with np.errstate(divide="ignore"):
            quotient = 1 / zero
        assert is_pending(quotient)
        assert quotient.toarray().tolist() == [np.inf] * 3

    def test_warnings_name_the_operation(self, context: Any) -> None:
        zero = context.zeros(3)
        quotient = abs(-1 / zero) + 1
        with pytest.warns(RuntimeWarning, match="divide by zero encountered in divide") as record:
            da.evaluate(quotient)
        assert len(record) == 1
        assert record[0].filename == __file__

    def test_each_operation_has_its_own_warning(self, context: Any) -> None:
        zero = context.zeros(3)
        with np.errstate(divide="ignore"):
            quotient = 1 / zero
        result = np.sqrt(quotient - quotient * 2) + np.log(zero)
        del quotient
        with pytest.warns(RuntimeWarning) as record:
            da.evaluate(result)
        messages = {str(warning.message) for warning in record}
        assert messages == {
            "invalid value encountered in subtract",
            "divide by zero encountered in log",
        }


class TestSettings:
    def test_a_context_can_do_without(self) -> None:
        with da.Context(nengines=2, deferred=False) as context:
            assert not is_pending(of(context, 1, 2) + 1)
            assert not is_pending(of(context, 1, 2).astype(int))

    @pytest.mark.parametrize(("text", "waits"), [("0", False), ("1", True), ("", True)])
    def test_the_environment_says_whether(
        self, monkeypatch: pytest.MonkeyPatch, text: str, waits: bool
    ) -> None:
        monkeypatch.setenv("DISTARRAY_DEFERRED", text)
        with da.Context(nengines=2) as context:
            assert is_pending(of(context, 1, 2) + 1) is waits

    def test_the_environment_must_be_understood(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DISTARRAY_DEFERRED", "maybe")
        with pytest.raises(ContextCreationError, match="'maybe'; expected 0 or 1"):
            da.Context(nengines=2)


LAYOUTS = ["b", "c", "n"]
SIZE = 11

# A program is a list of instructions on numbered arrays; numbers wrap around.
numbers = st.integers(0, 9)
instructions = st.lists(
    st.one_of(
        st.tuples(st.just("compute"), st.sampled_from("+-*"), numbers, numbers),
        st.tuples(st.just("in place"), st.sampled_from("+-*"), numbers, numbers),
        st.tuples(st.just("view"), st.sampled_from(["reversed", "shifted"]), numbers, numbers),
        st.tuples(st.just("assign"), st.sampled_from(["whole", "part"]), numbers, numbers),
        st.tuples(st.just("drop"), st.just(""), numbers, numbers),
        st.tuples(st.just("read"), st.just(""), numbers, numbers),
        st.tuples(st.just("sum"), st.just(""), numbers, numbers),
    ),
    max_size=25,
)
OPERATORS = {"+": np.add, "-": np.subtract, "*": np.multiply}


@given(instructions, st.lists(st.sampled_from(LAYOUTS), min_size=3, max_size=3))
def test_no_program_can_tell(program: list[tuple[str, str, int, int]], kinds: list[str]) -> None:
    with da.Context(nengines=3, deferred=True) as context:
        start = [np.arange(SIZE) % (3 + place) for place in range(len(kinds))]
        theirs = [values.copy() for values in start]
        ours = [
            context.fromarray(values, distribution=da.Distribution(context, SIZE, kind))
            for values, kind in zip(start, kinds, strict=True)
        ]
        for name, detail, left, right in program:
            i, j = left % len(ours), right % len(ours)
            for arrays in ours, theirs:
                _step(name, detail, arrays, i, j)
            if name == "read":
                np.testing.assert_array_equal(ours[i].toarray(), theirs[i])
            elif name == "sum":
                assert int(ours[i].sum()) == int(theirs[i].sum())
        for own, their in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(own.toarray(), their)


def _step(name: str, detail: str, arrays: list[Any], i: int, j: int) -> None:
    """Carry out one instruction, on DistArrays or on NumPy's arrays."""
    match name:
        case "compute":
            arrays.append(OPERATORS[detail](arrays[i], arrays[j]))
        case "in place":
            OPERATORS[detail](arrays[i], arrays[j], out=arrays[i])
        case "view" if detail == "reversed":
            arrays.append(arrays[i][::-1])
        case "view":
            arrays.append(_padded(arrays[i][1:] + arrays[j][:-1], arrays[i]))
        case "assign" if detail == "whole":
            arrays[i][...] = arrays[j] * 2
        case "assign":
            arrays[i][2:7] = arrays[j][4:9]
        case "drop" if len(arrays) > 3:
            del arrays[i]


def _padded(short: Any, like: Any) -> Any:
    """Return an array of the full length with the elements of a shorter one at its end."""
    result = like * 0
    result[1:] = short
    return result
