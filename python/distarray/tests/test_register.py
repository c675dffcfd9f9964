"""Functions that are registered, and arrays made of local arrays."""

import functools

import numpy as np
import pytest

from distarray.error import DistributionError
from distarray.globalapi import DistArray, Distribution
from distarray.globalapi import _registered as registered
from distarray.globalapi.context import Context
from distarray.localapi import maps
from distarray.localapi.localarray import LocalArray
from distarray.localapi.mpiutils import get_comm_self
from distarray.localapi.proxyize import Proxy


@pytest.fixture(autouse=True)
def forget_functions():
    before = dict(registered.functions)
    yield
    registered.functions.clear()
    registered.functions.update(before)


@pytest.fixture
def context():
    with Context(nengines=4) as context:
        yield context


def call(context, function, *args, **kwargs):
    function.__name__ = "function"
    context.register(function)
    return context.function(*args, **kwargs)


# ---- What can be registered --------------------------------------------------------------------


def test_a_function_becomes_a_method_of_every_context(context):
    def double(local):
        """Twice."""
        return 2 * local

    with Context(nengines=2) as other, pytest.raises(AttributeError, match="double"):
        other.double  # noqa: B018
    assert context.register(double) is None
    for some in (context, Context(nengines=2)):
        assert some.double(some.ones((4,))).sum() == 8
        assert some.double.__name__ == "double"
        assert some.double.__doc__ == "Twice."
        assert "double" in dir(some)


def test_registering_again_replaces(context):
    assert call(context, lambda local: 1, context.ones((1,))) == 1
    assert call(context, lambda local: 2, context.ones((1,))) == 2


@pytest.mark.parametrize(
    "name",
    ["apply", "zeros", "targets", "comm", "register", "close", "context_key", "_hidden", "__add__"],
)
def test_names_that_are_taken_or_hidden(context, name):
    def function(local):
        return local

    function.__name__ = name
    with pytest.raises(ValueError, match=name):
        context.register(function)


def test_what_cannot_be_registered(context):
    with pytest.raises(ValueError, match="lambda"):
        context.register(lambda local: local)
    for thing in (3, functools.partial(max), "text"):
        with pytest.raises(TypeError, match="function"):
            context.register(thing)


# ---- Where it runs -----------------------------------------------------------------------------


def test_it_needs_an_array(context):
    with pytest.raises(TypeError, match="DistArray"):
        call(context, lambda *args: 0, 1, "two", [context.ones((3,))])


def test_it_runs_where_its_array_is(context):
    array = context.ones((2,))
    assert call(context, lambda local, number: local.comm_rank + number, array, 5) == [5, 6]


def test_arrays_may_be_keywords_or_keys(context):
    array = context.arange(8)
    assert call(context, lambda *, x: int(x.ndarray[0]), x=array) == [0, 2, 4, 6]
    assert call(context, lambda x: int(x.ndarray[0]), array.key) == [0, 2, 4, 6]


def test_arrays_of_other_contexts():
    with Context(targets=[0, 1]) as first, Context(targets=[2, 3]) as second:
        array = second.arange(4)
        result = call(first, lambda local: local + 1, array)
        assert result.context is second
        assert result.targets == [2, 3]
        np.testing.assert_array_equal(result.toarray(), np.arange(4) + 1)


def test_arrays_have_to_be_compatible(context):
    def add(a, b):
        return a + b

    a = context.arange(12)
    np.testing.assert_array_equal(call(context, add, a, a).toarray(), 2 * np.arange(12))
    b = context.zeros((12,), dtype="f4")
    np.testing.assert_array_equal(call(context, add, a, b).toarray(), np.arange(12))
    for other in (
        context.ones((13,)),
        context.ones(Distribution(context, (12,), dist="c")),
        context.ones(Distribution(context, (12,), targets=[0, 1])),
        Context(nengines=4).ones((12,)),
    ):
        with pytest.raises(ValueError, match="compatible"):
            call(context, add, a, other)


# ---- What it returns ---------------------------------------------------------------------------


def layouts(context):
    return [
        Distribution(context, (9, 8), dist="bn"),
        Distribution(context, (9, 8), dist="cb"),
        Distribution(context, (9, 8), dist="nn"),
        Distribution.from_global_dim_data(
            context,
            (
                {"dist_type": "u", "indices": [[3, 0], [1, 8, 2, 7], [], [4, 6, 5]]},
                {"dist_type": "n", "size": 8},
            ),
        ),
    ]


def test_local_arrays_make_an_array(context):
    values = np.arange(72.0).reshape(9, 8)
    for layout in layouts(context):
        array = context.fromarray(values, layout)
        for name, view, expected in (
            ("whole", array, values),
            ("slice", array[::2, 1:], values[::2, 1:]),
            ("turned", array.T, values.T),
        ):
            result = call(context, lambda local: np.sqrt(local) + local, view)
            assert isinstance(result, DistArray)
            assert result.distribution.is_compatible(view.distribution), name
            assert result.targets == view.targets
            np.testing.assert_array_equal(result.toarray(), np.sqrt(expected) + expected)


def test_the_result_shares_memory_with_what_was_returned(context):
    array = context.arange(8)
    same = call(context, lambda local: local, array)
    same[...] = 7
    assert array.toarray().tolist() == [7] * 8


def test_other_shapes_and_dtypes(context):
    array = context.fromarray(np.arange(24).reshape(8, 3))

    def sum_rows(local):
        layout = maps.Distribution(local.comm, local.dim_data[:1])
        return LocalArray(layout, buf=local.ndarray.sum(axis=1).astype("f4"))

    result = call(context, sum_rows, array)
    assert result.dtype == np.float32
    np.testing.assert_array_equal(result.toarray(), np.arange(24).reshape(8, 3).sum(axis=1))
    assert (result + 1).sum() == 276 + 8


def test_one_element(context):
    array = context.ones(())
    assert array.targets == [0]
    result = call(context, lambda local: local + 1, array)
    assert isinstance(result, DistArray)
    assert result.shape == ()
    assert result == 2


def test_no_result(context):
    array = context.ones((8,))
    assert call(context, lambda local: None, array) is None
    assert call(context, lambda local: local.fill(3), array) is None
    assert array.sum() == 24


def test_one_result(context):
    def on_third(local):
        return "here" if local.comm_rank == 2 else None

    assert call(context, on_third, context.ones((8,))) == "here"


def test_several_results(context):
    assert call(context, lambda local: local.comm_rank, context.ones((8,))) == [0, 1, 2, 3]

    def some(local):
        return local.comm_rank if local.comm_rank > 1 else None

    assert call(context, some, context.ones((8,))) == [None, None, 2, 3]


def test_the_result_of_one_engine_is_bare():
    with Context(nengines=1) as context:
        assert call(context, lambda local: [1], context.ones((8,))) == [1]
        assert isinstance(call(context, lambda local: local, context.ones((8,))), DistArray)


def test_mixed_results_are_copies(context):
    array = context.ones((8,))
    results = call(context, lambda local: local if local.comm_rank else 0, array)
    assert results[0] == 0
    assert all(isinstance(result, LocalArray) for result in results[1:])
    results[1].ndarray[...] = 5
    assert array.sum() == 8


def test_results_that_make_no_array(context):
    array = context.ones((8,))
    with pytest.raises(ValueError, match=r"dtypes: .*float32 on engine 1"):
        call(context, lambda local: local.astype("f4" if local.comm_rank else "f8"), array)

    def objects(local):
        return LocalArray(local.distribution, dtype=object)

    with pytest.raises(TypeError, match="object"):
        call(context, objects, array)


def test_read_only_memory_can_be_an_array(context):
    def constant(local):
        buffer = np.broadcast_to(np.float64(3), local.local_shape)
        return LocalArray(local.distribution, buf=buffer)

    array = call(context, constant, context.ones((8,)))
    assert array.sum() == 24
    assert (array + 1).sum() == 32
    with pytest.raises(ValueError, match="read-only"):
        array += 1
    with pytest.raises(ValueError, match="read-only"):
        array[...] = 1
    assert array.sum() == 24


# ---- Arrays of local arrays --------------------------------------------------------------------


def make(context, layout, dtype=float):
    """Leave local arrays on the engines; return their name."""
    array = context.fromarray(np.arange(72, dtype=dtype).reshape(9, 8), layout)
    return context.apply(lambda local: local + 0, (array,), None, array.targets, True)[0]


def test_from_local_arrays(context):
    for layout in layouts(context):
        key = make(context, layout)
        assert isinstance(key, Proxy)
        expected = np.arange(72.0).reshape(9, 8)
        array = DistArray.from_localarrays(key, distribution=layout)
        np.testing.assert_array_equal(array.toarray(), expected)
        array = DistArray.from_localarrays(key, context=context, targets=layout.targets)
        np.testing.assert_array_equal(array.toarray(), expected)
        assert array.distribution.is_compatible(layout)
        array = DistArray.from_localarrays(key.name, distribution=layout, dtype=float)
        np.testing.assert_array_equal(array.toarray(), expected)


def test_from_local_arrays_shares_memory(context):
    layout = layouts(context)[0]
    key = make(context, layout)
    first = DistArray.from_localarrays(key, distribution=layout)
    second = DistArray.from_localarrays(key, context=context, targets=[0, 1, 2])
    third = DistArray.from_localarrays(first.key, context=context, targets=[0, 1, 2])
    first[0, 0] = -1
    assert second[0, 0] == third[0, 0] == -1
    del key, first, second
    assert third[0, 0] == -1


def test_from_local_arrays_made_on_the_engines(context):
    def create(comm):
        layout = maps.Distribution.from_shape(comm, (6, 10), "bc")
        local = LocalArray(layout, dtype=int)
        for index in np.ndindex(local.local_shape):
            local[index] = 10 * layout.global_from_local(index)[0]
            local[index] += layout.global_from_local(index)[1]
        return local

    key = context.apply(create, (context.comm,), autoproxyize=True)[0]
    array = DistArray.from_localarrays(key, context=context)
    np.testing.assert_array_equal(array.toarray(), np.arange(60).reshape(6, 10))


def test_from_local_arrays_needs_one_of_two(context):
    layout = layouts(context)[0]
    key = make(context, layout)
    with pytest.raises(RuntimeError):
        DistArray.from_localarrays(key)
    with pytest.raises(RuntimeError):
        DistArray.from_localarrays(key, context=context, distribution=layout)


def test_from_local_arrays_that_do_not_fit(context):
    layout = layouts(context)[0]
    key = make(context, layout)
    with pytest.raises(ValueError, match="float64"):
        DistArray.from_localarrays(key, distribution=layout, dtype="i4")
    with pytest.raises(ValueError, match="shape"):
        DistArray.from_localarrays(key, distribution=Distribution(context, (9, 9)))
    with pytest.raises(DistributionError, match="ranks"):
        DistArray.from_localarrays(key, context=context, targets=[1, 2])
    number = context.apply(lambda: proxyize(3))[0]  # noqa: F821
    with pytest.raises(TypeError, match="engine 0 has a int"):
        DistArray.from_localarrays(number, context=context)
    with pytest.raises(TypeError, match="Proxy"):
        DistArray.from_localarrays(3, context=context)


def test_local_arrays_and_ndarrays_come_by_rank(context):
    values = np.arange(72.0).reshape(9, 8)
    for layout in layouts(context):
        for view in (array := context.fromarray(values, layout), array.T, array[1:, ::2]):
            whole = np.zeros(view.shape)
            local_arrays = view.get_localarrays()
            assert [local.local_shape for local in local_arrays] == view.localshapes()
            for rank, (local, ndarray) in enumerate(
                zip(local_arrays, view.get_ndarrays(), strict=True)
            ):
                assert local.comm_rank == rank
                np.testing.assert_array_equal(local.ndarray, ndarray)
                for place, value in np.ndenumerate(local.ndarray):
                    whole[local.global_from_local(place)] = value
                local.ndarray[...] = ndarray[...] = -1
            np.testing.assert_array_equal(whole, view.toarray())


def test_new_local_arrays_over_engines_in_another_order(context):
    values = np.arange(16).reshape(4, 4)
    turned = context.fromarray(values, Distribution(context, (4, 4), dist="bb")).T
    assert turned.targets == [0, 2, 1, 3]

    def doubled(local):
        layout = maps.Distribution(local.comm, local.dim_data)
        return LocalArray(layout, buf=2 * local.ndarray)

    result = call(context, doubled, turned)
    assert result.targets == [0, 2, 1, 3]
    np.testing.assert_array_equal(result.toarray(), 2 * values.T)


def test_local_arrays_of_too_small_a_grid(context):
    def alone(local):
        return LocalArray(maps.Distribution.from_shape(get_comm_self(), (3,)))

    with pytest.raises(DistributionError, match="ranks"):
        call(context, alone, context.ones((8,)))
