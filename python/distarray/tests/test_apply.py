"""Calling functions on engines: what they get, and what comes back."""

import contextvars
import functools
import threading

import numpy as np
import pytest

from distarray.error import CommunicationError, ContextError
from distarray.globalapi import Distribution
from distarray.globalapi.context import Context
from distarray.localapi.localarray import LocalArray

ENGINES = [1, 2, 3, 4, 7]


@pytest.fixture(params=ENGINES)
def context(request):
    with Context(nengines=request.param) as context:
        yield context


@pytest.fixture
def four():
    with Context(nengines=4) as context:
        yield context


# ---- The function ------------------------------------------------------------------------------


def test_one_result_for_each_engine(context):
    assert context.apply(lambda: 42) == [42] * context.nengines


def test_results_come_in_the_order_of_targets(four):
    def mine(comm):
        return comm.Get_rank()

    with Context(targets=[2, 0]) as context:
        assert context.apply(mine, (context.comm,), targets=[2, 0]) == [1, 0]
        assert context.apply(mine, (context.comm,), targets=[0, 2]) == [0, 1]


def test_some_engines_only(four):
    assert four.apply(lambda: "x", targets=[1, 3]) == ["x", "x"]
    assert four.apply(lambda: "x", targets=(2,)) == ["x"]
    assert four.apply(lambda: "x", targets=[]) == []


@pytest.mark.parametrize("targets", [[4], [-1], [0, 0]])
def test_other_engines_are_refused(four, targets):
    with pytest.raises(ValueError, match="engine"):
        four.apply(lambda: 0, targets=targets)


@pytest.mark.in_process
def test_it_is_the_function_itself(four):
    seen = []

    def function(value):
        seen.append(value)
        return function

    assert four.apply(function, (3,)) == [function] * 4
    assert seen == [3] * 4


@pytest.mark.in_process
def test_all_engines_call_at_once(four):
    barrier = threading.Barrier(4)
    four.apply(lambda: barrier.wait(20) and None)


def test_builtins_methods_partials_and_callable_objects(four):
    class Adder:
        def __init__(self, number):
            self.number = number

        def __call__(self, other):
            return self.number + other

        def method(self, other):
            return self.number - other

    assert four.apply(max, (3, 5)) == [5] * 4
    assert four.apply(Adder(1), (2,)) == [3] * 4
    assert four.apply(Adder(1).method, (2,)) == [-1] * 4
    assert four.apply(functools.partial(pow, 2), (5,)) == [32] * 4
    assert four.apply(str) == [""] * 4


def test_functions_are_arguments(four):
    assert four.apply(lambda function, value: function(value), (abs, -3)) == [3] * 4


def test_keyword_arguments(four):
    def function(a, *, b):
        return a - b

    assert four.apply(function, (5,), {"b": 3}) == [2] * 4
    assert four.apply(function, kwargs={"a": 1, "b": 2}) == [-1] * 4
    assert four.apply(function, [5], {"b": 3}) == [2] * 4


def test_what_is_no_function_is_refused(four):
    with pytest.raises(TypeError, match="function"):
        four.apply(3)


@pytest.mark.in_process
def test_settings_of_the_callers_thread_hold_on_the_engines(four):
    variable = contextvars.ContextVar("variable", default="unset")
    variable.set("set")

    def divide():
        return float(np.float64(1) / np.float64(0)), variable.get()

    with np.errstate(divide="ignore"):
        assert four.apply(divide) == [(np.inf, "set")] * 4
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError):
        four.apply(divide)


# ---- Names -------------------------------------------------------------------------------------


def test_names_are_there_without_being_imported(four):
    def function():
        product = reduce(lambda x, y: x * y, [2, 3, 7])  # noqa: F821
        mathematics = import_module("math")  # noqa: F821
        return (
            product,
            mathematics.floor(1.5),
            numpy.__name__,  # noqa: F821
            distarray.__name__,  # noqa: F821
            Proxy.__name__,  # noqa: F821
            context_key,  # noqa: F821
        )

    expected = (42, 1, "numpy", "distarray", "Proxy", four.context_key)
    assert four.apply(function) == [expected] * 4


def test_each_context_has_its_key():
    def function():
        return context_key  # noqa: F821

    with Context(nengines=2) as first, Context(nengines=2) as second:
        for context in (first, second, first):
            assert context.apply(function) == [context.context_key] * 2


def test_names_of_the_functions_module_are_its_own(four):
    assert four.apply(lambda: np.pi) == [np.pi] * 4
    names = {"__builtins__": __builtins__, "reduce": "mine", "context_key": "mine too"}
    exec("def function(): return reduce, context_key", names)
    assert four.apply(names["function"]) == [("mine", "mine too")] * 4


def test_attributes_give_no_names(four):
    names = {"__builtins__": __builtins__}
    exec("def function(f): return f.reduce", names)
    four.apply(names["function"], (np.add,))
    assert "reduce" not in names


def test_wrapped_functions_get_names_too(four):
    def decorated(function):
        def wrapper(*args):
            return function(*args)

        return wrapper

    @decorated
    def product(values):
        return reduce(lambda x, y: x * y, values)  # noqa: F821

    assert four.apply(product, ([2, 3],)) == [6] * 4
    assert four.apply(functools.partial(product, [2, 4])) == [8] * 4


def test_functions_that_were_pushed(four):
    names = {"__builtins__": __builtins__}
    exec("def function(x): return pushed_one(x) + 1", names)
    with pytest.raises(NameError, match="pushed_one"):
        four.apply(names["function"], (1,), targets=[0])
    four.push_function("pushed_one", lambda x: 10 * x)
    assert four.apply(names["function"], (1,)) == [11] * 4
    four.push_function("pushed_one", lambda x: 20 * x, targets=[1])
    assert four.apply(names["function"], (1,)) == [11, 21, 11, 11]
    four.delete_key("pushed_one", targets=[2])
    with pytest.raises(NameError, match="pushed_one"):
        four.apply(names["function"], (1,))
    four.cleanup()
    with pytest.raises(NameError):
        four.apply(names["function"], (1,), targets=[0])


@pytest.mark.parametrize("key", ["", "two words", 3])
def test_pushed_functions_have_names(four, key):
    with pytest.raises(ValueError, match="name"):
        four.push_function(key, len)


# ---- Arguments ---------------------------------------------------------------------------------


def test_the_part_of_an_array_shares_its_memory(context):
    array = context.arange(23, dtype=float)

    def function(local):
        assert isinstance(local, LocalArray)
        assert local.ndarray.flags.writeable
        local.ndarray *= 2
        return local.ndarray.__array_interface__["data"][0]

    targets = array.targets
    first = context.apply(function, (array,), targets=targets)
    np.testing.assert_array_equal(array.toarray(), 2 * np.arange(23))
    assert context.apply(function, (array,), targets=targets) == first
    np.testing.assert_array_equal(array.toarray(), 4 * np.arange(23))


def layouts(context):
    yield "block", Distribution(context, (9, 8), dist="bn")
    yield "cyclic", Distribution(context, (9, 8), dist="nc")
    yield "both", Distribution(context, (9, 8), dist="cb")
    cyclic = {"dist_type": "c", "size": 9, "proc_grid_size": context.nengines, "block_size": 2}
    none = {"dist_type": "n", "size": 8}
    yield "block-cyclic", Distribution.from_global_dim_data(context, (cyclic, none))
    indices = np.random.default_rng(7).permutation(9)
    pieces = np.array_split(indices, context.nengines)
    unstructured = {"dist_type": "u", "indices": pieces}
    yield "unstructured", Distribution.from_global_dim_data(context, (unstructured, none))


def test_every_layout_and_its_slices_can_be_written_to(context):
    def function(local):
        local.ndarray[...] = -local.ndarray

    values = np.arange(72).reshape(9, 8)
    for name, layout in layouts(context):
        array = context.fromarray(values, layout)
        context.apply(function, (array,), targets=array.targets)
        np.testing.assert_array_equal(array.toarray(), -values, name)
        for index in (
            np.s_[::2],
            np.s_[1:7:3, ::-1],
            np.s_[:, 3],
            np.s_[::-1, 1:],
            np.s_[4:4],
            np.s_[3, 5],
        ):
            view = array[index] if np.ndim(values[index]) else array[index[0] : index[0] + 1]
            where = index if np.ndim(values[index]) else np.s_[index[0] : index[0] + 1]
            expected = array.toarray()
            expected[where] = -expected[where]
            context.apply(function, (view,), targets=view.targets)
            np.testing.assert_array_equal(array.toarray(), expected, f"{name} {index}")


def test_the_local_array_knows_its_place(context):
    values = np.arange(72).reshape(9, 8)
    for name, layout in layouts(context):
        array = context.fromarray(values, layout)

        def function(local):
            found = [
                (local.global_from_local(place), value)
                for place, value in np.ndenumerate(local.ndarray)
            ]
            return found, local.comm_rank, local.global_shape, local.dtype

        places = {}
        results = context.apply(function, (array,), targets=array.targets)
        for rank, (found, comm_rank, shape, dtype) in enumerate(results):
            assert (comm_rank, shape, dtype) == (rank, (9, 8), values.dtype), name
            places.update({tuple(map(int, index)): value for index, value in found})
        assert places == dict(np.ndenumerate(values)), name


def test_another_ndarray_for_a_part_is_written_to_the_array(four):
    array = four.ones((10,))

    def function(local):
        local.ndarray = np.full(local.local_shape, local.comm_rank)

    four.apply(function, (array,))
    np.testing.assert_array_equal(array.toarray(), [0, 0, 0, 1, 1, 1, 2, 2, 2, 3])


def test_the_same_array_twice_is_one_local_array(four):
    array = four.ones((8,))
    assert four.apply(lambda a, b, c: a is b is c, (array, array), {"c": array.key}) == [True] * 4


def test_what_a_function_changed_before_it_failed_stays(four):
    layout = dict(layouts(four))["block-cyclic"]
    array = four.fromarray(np.zeros((9, 8)), layout)[::2]

    def function(local):
        local.ndarray[...] = 1
        raise RuntimeError

    with pytest.raises(RuntimeError):
        four.apply(function, (array,), targets=array.targets)
    np.testing.assert_array_equal(array.toarray(), np.ones((5, 8)))


def test_engines_without_a_part_are_named(four):
    array = four.ones((2,))
    assert array.targets == [0, 1]
    with pytest.raises(ValueError, match=r"engines \[2, 3\] hold no part"):
        four.apply(lambda local: 0, (array,))


def test_dtypes_of_all_kinds_arrive(four):
    for dtype in (
        "?",
        "i1",
        "u8",
        "f2",
        "c16",
        "M8[s]",
        "S3",
        "U2",
        ">f8",
        [("x", "i2"), ("y", "f8")],
    ):
        dtype = np.dtype(dtype)
        array = four.zeros((7,), dtype=dtype)
        assert four.apply(lambda local: local.ndarray.dtype, (array,)) == [dtype] * 4


def test_data_are_copied_for_each_engine(four):
    def function(array, items, table, members, raw, pair):
        array += 1
        items.append(1)
        items[0].append(2)
        table["x"] = 1
        members.add(1)
        raw.append(1)
        pair[0].append(1)
        return array[0], items, table, members, raw, pair

    array, items, table, members, raw = np.zeros(3), [[]], {}, set(), bytearray()
    pair = ([],)
    expected = (1.0, [[2], 1], {"x": 1}, {1}, bytearray(b"\1"), ([1],))
    assert four.apply(function, (array, items, table, members, raw, pair)) == [expected] * 4
    assert (array == 0).all()
    assert (items, table, members, raw, pair) == ([[]], {}, set(), bytearray(), ([],))


def test_data_that_hold_themselves_are_copied(four):
    ring = [1]
    ring.append(ring)
    for copy in four.apply(lambda value: value, (ring,)):
        assert copy is not ring
        assert copy[1] is copy


@pytest.mark.in_process
def test_arrays_that_cannot_be_written_to_are_shared(four):
    table = np.arange(10)
    table.flags.writeable = False
    assert all(each is table for each in four.apply(lambda value: value, (table,)))


@pytest.mark.in_process
def test_other_objects_are_shared(four):
    thing, pair = object(), (1, "x")
    assert all(each is thing for each in four.apply(lambda value: value, (thing,)))
    assert all(each is pair for each in four.apply(lambda value: value, (pair,)))


# ---- Communicators -----------------------------------------------------------------------------


def test_the_communicator_of_the_context(context):
    def function(comm):
        return comm.Get_rank(), comm.Get_size(), comm.allreduce(comm.Get_rank())

    total = sum(range(context.nengines))
    assert context.apply(function, (context.comm,)) == [
        (rank, context.nengines, total) for rank in range(context.nengines)
    ]


def test_the_communicator_of_some_engines(four):
    comm = four.make_subcomm([1, 3])

    def function(comm):
        return (comm.Get_rank(), comm.allgather(comm.Get_rank())) if comm else None

    assert four.apply(function, (comm,)) == [None, (0, [0, 1]), None, (1, [0, 1])]
    assert four.apply(function, (comm,), targets=[1, 3]) == [(0, [0, 1]), (1, [0, 1])]
    with pytest.raises(ValueError, match="communicator"):
        four.apply(function, (comm,), targets=[1, 2])


@pytest.mark.parametrize("targets", [[1, 0], [], [0, 9], [1, 1]])
def test_communicators_are_of_engines_in_order(four, targets):
    with pytest.raises(ValueError, match="engine"):
        four.make_subcomm(targets)


def test_the_communicator_of_an_array(context):
    array = context.ones((5, 6))

    def function(local):
        assert local.comm.Get_topo()[0] == list(local.grid_shape)
        return local.comm.allreduce(float(local.ndarray.sum()))

    assert context.apply(function, (array,), targets=array.targets) == [30.0] * len(array.targets)


def test_an_array_on_some_of_its_engines(four):
    array = four.ones((8,))

    def function(local):
        return local.comm_rank, local.comm_size, local.cart_coords

    assert four.apply(function, (array,), targets=[2, 1]) == [(2, 4, (2,)), (1, 4, (1,))]
    with pytest.raises(CommunicationError, match="not all engines"):
        four.apply(lambda local: local.comm.Barrier(), (array,), targets=[2])


def test_ranks_of_a_transposed_array(four):
    array = four.fromarray(np.arange(16).reshape(4, 4), Distribution(four, (4, 4), dist="bb"))
    turned = array.T
    assert turned.targets == [0, 2, 1, 3]

    def function(local):
        return local.comm.Get_rank(), local.comm.allgather(int(local.ndarray[0, 0]))

    results = four.apply(function, (turned,), targets=turned.targets)
    assert results == [(rank, [0, 8, 2, 10]) for rank in range(4)]
    np.testing.assert_array_equal(turned.toarray(), array.toarray().T)


def test_arrays_over_different_engines_in_one_call(four):
    with Context(targets=[0, 1]) as some:
        small, big = some.ones((4,)), four.ones((8,))
        with pytest.raises(ValueError, match="hold no part"):
            four.apply(lambda a, b: 0, (small, big))
        result = some.apply(
            lambda a, b: (a.comm.allreduce(1), b.comm_size), (small, big), targets=[0, 1]
        )
        assert result == [(2, 4)] * 2


def test_mpi_is_there_by_name(four):
    def function():
        from distarray.localapi.mpiutils import MPI, get_base_comm

        assert MPI.COMM_WORLD.Get_size() == get_base_comm().Get_size()
        return MPI.COMM_WORLD.Get_rank()

    assert four.apply(function) == [0, 1, 2, 3]


# ---- Results -----------------------------------------------------------------------------------


def test_local_arrays_arrive_as_copies(context):
    array = context.arange(10)
    copies = context.apply(lambda local: local, (array,), targets=array.targets)
    for rank, copy in enumerate(copies):
        assert isinstance(copy, LocalArray)
        assert (copy.comm_rank, copy.comm_size) == (rank, len(copies))
        assert copy.global_shape == (10,)
        copy.ndarray[...] = -1
        if len(copies) > 1:
            with pytest.raises(CommunicationError, match="copy"):
                copy.comm.Barrier()
    np.testing.assert_array_equal(array.toarray(), np.arange(10))


@pytest.mark.parametrize(
    "shape",
    [
        lambda local: local.ndarray,
        lambda local: local.ndarray[::2],
        lambda local: [local.ndarray][0],
        lambda local: np.asarray(local.ndarray.T).T,
    ],
)
def test_memory_of_arrays_does_not_leave_the_engines(four, shape):
    array = four.arange(8)
    for result in four.apply(shape, (array,)):
        result[...] = -1
    for results in four.apply(lambda local: [(local.ndarray,), {"x": local}], (array,)):
        results[0][0][...] = -1
        results[1]["x"].ndarray[...] = -1
    np.testing.assert_array_equal(array.toarray(), np.arange(8))


@pytest.mark.in_process
def test_other_results_are_the_objects_themselves(four):
    results = four.apply(lambda: np.zeros(3))
    assert len({id(result) for result in results}) == 4
    thing = object()
    assert four.apply(lambda: thing) == [thing] * 4


def test_local_arrays_stay_if_asked_to(four):
    array = four.arange(8)
    proxies = four.apply(lambda local: local + 1, (array,), autoproxyize=True)
    assert len({proxy.name for proxy in proxies}) == 1
    sums = four.apply(lambda local: int(local.ndarray.sum()), (proxies[0],))
    assert sums == [3, 7, 11, 15]
    assert four.apply(lambda: 3, autoproxyize=True) == [3] * 4


# ---- Where it can't be called ------------------------------------------------------------------


@pytest.mark.in_process
def test_arrays_cannot_be_used_globally_on_an_engine(context):
    array = context.ones((100_000,))

    def uses_apply():
        context.apply(lambda: 0)

    def adds():
        array + array

    def creates():
        context.zeros((3,))

    def reduces():
        array.sum()

    for function in (uses_apply, adds, creates, reduces):
        with pytest.raises(ContextError, match="runs on an engine"):
            context.apply(function, targets=[context.targets[-1]])
    assert array.sum() == 100_000


def test_local_distributions_can_be_made_on_engines(four):
    array = four.ones((8,))

    def function(local):
        from distarray.localapi import maps

        made = maps.Distribution.from_shape(local.comm, (6,))
        return LocalArray(made, buf=np.full(made.local_shape, local.comm_rank))

    copies = four.apply(function, (array,))
    assert [copy.ndarray.tolist() for copy in copies] == [[0, 0], [1, 1], [2, 2], []]


def test_helpers_of_the_function_get_names_too(four):
    names = {"__builtins__": __builtins__}
    exec(
        "def function(x): return helper(x)\n"
        "def helper(x): return reduce(lambda a, b: a + b, x) if x else function([1])\n",
        names,
    )
    assert four.apply(names["function"], ([2, 3],)) == [5] * 4
