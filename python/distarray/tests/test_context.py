"""Making contexts, what they say of themselves, and closing them."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import distarray
from distarray.error import ContextError
from distarray.globalapi import _mpi
from distarray.globalapi import context as contexts
from distarray.globalapi.context import (
    BaseContext,
    Context,
    ContextCreationError,
    IPythonContext,
    MPIContext,
    SpmdContext,
    ThreadContext,
    default_context,
)
from distarray.globalapi.maps import Distribution


def run(program, **environment):
    """Run a program in an interpreter of its own; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# ---- Which engines -----------------------------------------------------------------------------


@pytest.mark.parametrize("targets", [[0], (2, 0, 1), range(3), {5, 1}, np.array([3, 1])])
def test_targets_are_any_sequence_and_come_back_sorted(targets):
    with Context(targets=targets) as context:
        assert context.targets == sorted(targets)
        assert isinstance(context.targets, list)
        assert all(type(target) is int for target in context.targets)
        assert context.nengines == len(context.targets)


def test_as_many_engines_are_started_as_targets_need():
    with Context(targets=[17, 3]) as context:
        assert set(range(18)) <= set(context.all_targets)
        assert context.apply(lambda: 1) == [1, 1]


def test_nengines_are_the_first():
    with Context(nengines=3) as context:
        assert context.targets == [0, 1, 2]
        assert context.nengines == 3


@pytest.mark.parametrize("number", [1, 3, 5])
def test_the_environment_says_how_many_engines_there_are(monkeypatch, number):
    monkeypatch.setenv("DISTARRAY_NUM_ENGINES", str(number))
    assert Context().nengines == number
    assert Context(nengines=2).nengines == 2


def test_the_default_is_the_number_of_cores(monkeypatch):
    monkeypatch.delenv("DISTARRAY_NUM_ENGINES", raising=False)
    assert Context().nengines == len(os.sched_getaffinity(0))


@pytest.mark.parametrize("text", ["0", "-1", "many", "1.5", "10000000"])
def test_an_environment_that_makes_no_sense_is_named(monkeypatch, text):
    monkeypatch.setenv("DISTARRAY_NUM_ENGINES", text)
    with pytest.raises(ContextCreationError, match="DISTARRAY_NUM_ENGINES"):
        Context()


@pytest.mark.parametrize("targets", [[-1], [0, 0], [], [0, -2]])
def test_targets_that_cannot_be_are_refused(targets):
    with pytest.raises(ValueError, match="targets"):
        Context(targets=targets)


def test_targets_beyond_the_number_of_engines_are_refused():
    with pytest.raises(ValueError, match=r"no engines \[4\]"):
        Context(targets=[0, 4], nengines=4)


@pytest.mark.parametrize("targets", [[0.5], ["0"], [None]])
def test_targets_are_integers(targets):
    with pytest.raises(TypeError):
        Context(targets=targets)


@pytest.mark.parametrize("nengines", [0, -3])
def test_a_context_has_an_engine(nengines):
    with pytest.raises(ValueError, match="at least one"):
        Context(nengines=nengines)


def test_more_engines_than_sense_are_refused():
    with pytest.raises(ContextCreationError, match="too many"):
        Context(nengines=10**9)
    with pytest.raises(ContextCreationError, match="too many"):
        Context(targets=[10**9])


# ---- Which kind --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [None, "threads", "thread", "T", "THREADS"])
def test_threads_are_the_default(kind):
    assert isinstance(Context(kind=kind), ThreadContext)


@pytest.mark.parametrize("kind", [IPythonContext, MPIContext, SpmdContext, ThreadContext])
def test_all_kinds_are_contexts(kind):
    assert issubclass(kind, BaseContext)


@pytest.mark.parametrize("kind", ["IPython", "ipy"])
def test_without_ipyparallel_its_extra_is_named(kind, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipyparallel", None)
    with pytest.raises(ContextCreationError, match=r"pip install 'distarray\[ipython\]'"):
        Context(kind=kind)
    with pytest.raises(ContextCreationError, match="ipyparallel"):
        IPythonContext()


@pytest.mark.parametrize("kind", ["MPI", "m", "spmd"])
def test_without_mpi4py_its_extra_is_named(kind, monkeypatch):
    monkeypatch.setitem(sys.modules, "mpi4py", None)
    _mpi.mpi.cache_clear()
    with pytest.raises(ContextCreationError, match=r"pip install 'distarray\[mpi\]'"):
        Context(kind=kind)


@pytest.mark.parametrize("kind", ["threadss", "", "gpu", 3])
def test_an_unknown_kind_is_refused(kind):
    with pytest.raises(ContextCreationError, match="kind"):
        Context(kind=kind)


def test_context_creation_errors_are_runtime_errors():
    assert issubclass(ContextCreationError, RuntimeError)
    assert distarray.error.ContextCreationError is ContextCreationError


def test_what_communication_may_be():
    with pytest.raises(ValueError, match="allow, warn, error"):
        Context(communication="never")


# ---- Several at once ---------------------------------------------------------------------------


def test_contexts_have_names_of_their_own():
    first, second = Context(nengines=2), Context(nengines=2)
    assert first.context_key.startswith("__distarray__")
    assert first.context_key != second.context_key
    assert first != second


def test_contexts_share_engines():
    with Context(targets=[0, 1]) as first, Context(targets=[1, 2]) as second:
        assert first.ones((4,)).sum() == 4
        assert second.ones((4,)).sum() == 4
        assert first.apply(lambda: 0, targets=[1]) == second.apply(lambda: 0, targets=[1])


def test_a_context_of_some_engines_puts_arrays_on_these():
    with Context(targets=[1, 3]) as context:
        array = context.arange(10)
        assert array.targets == [1, 3]
        np.testing.assert_array_equal(array.toarray(), np.arange(10))


def test_repr_tells_the_engines():
    context = Context(targets=[2, 0])
    assert "[0, 2]" in repr(context)
    assert "closed" not in repr(context)
    context.close()
    assert "closed" in repr(context)


# ---- Closing -----------------------------------------------------------------------------------


def test_closing_twice_is_harmless():
    context = Context(nengines=2)
    context.close()
    context.close()


def test_a_with_statement_closes():
    with Context(nengines=2) as context:
        assert isinstance(context, BaseContext)
    with pytest.raises(ContextError, match="closed"):
        context.apply(lambda: 0)


def test_a_closed_context_makes_nothing():
    context = Context(nengines=2)
    context.register(lambda_like)
    array = context.ones((3,))
    context.close()
    for attempt in (
        lambda: context.zeros((3,)),
        lambda: context.fromarray([1, 2]),
        lambda: context.apply(len, ([],)),
        lambda: context.push_function("f", len),
        lambda: context.lambda_like(array),
    ):
        with pytest.raises(ContextError, match="closed"):
            attempt()


def lambda_like(local):
    return local


def test_arrays_outlive_their_context():
    context = Context(nengines=2)
    array = context.arange(5)
    context.close()
    np.testing.assert_array_equal(array.toarray(), np.arange(5))
    assert array.sum() == 10


def test_closing_one_leaves_the_others():
    first, second = Context(nengines=2), Context(nengines=2)
    first.close()
    assert second.ones((4,)).sum() == 4


# ---- The default context -----------------------------------------------------------------------


def test_the_default_context_is_made_once():
    assert default_context() is default_context()


def test_a_closed_default_context_is_replaced():
    context = default_context()
    context.close()
    assert default_context() is not context
    assert default_context().ones((2,)).sum() == 2


def test_the_default_context_follows_the_environment():
    program = (
        "from distarray.globalapi.context import default_context; print(default_context().targets)"
    )
    assert run(program, DISTARRAY_NUM_ENGINES="3") == "[0, 1, 2]"


def test_importing_starts_no_threads():
    program = (
        "import threading, os, distarray.globalapi.context\n"
        "print(len(os.listdir('/proc/self/task')))"
    )
    if sys.platform == "linux":
        # BLAS may start threads of its own when NumPy is imported.
        assert run(program, OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1") == "1"


@pytest.mark.skipif(sys.platform != "linux", reason="counts the threads of this process")
def test_a_context_starts_no_engines_that_there_are():
    def threads() -> set[str]:
        return {each.name for each in Path("/proc/self/task").iterdir()}

    Context(nengines=64).close()
    before = threads()
    for _ in range(100):
        Context(nengines=64).close()
    # Threads that are no engines may start meanwhile.
    assert len(threads() - before) < 64


# ---- Comparing arrays --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("b", "expected"),
    [
        ([1.0, 2.0, 3.0], True),
        ([1.0, 2.0, 3.0 + 1e-6], True),
        ([1.0, 2.0, 3.1], False),
        ([1.0, 2.0, np.inf], False),
        ([1.0, 2.0, np.nan], False),
    ],
)
def test_allclose_is_numpys(b, expected):
    with Context(nengines=2) as context:
        a = np.array([1.0, 2.0, 3.0])
        assert np.allclose(a, b) is expected
        assert context.allclose(context.fromarray(a), context.fromarray(b)) is expected


def test_allclose_of_infinities_and_tolerances():
    with Context(nengines=2) as context:
        a = context.fromarray([np.inf, -np.inf, 1.0])
        assert context.allclose(a, a)
        b = context.fromarray([np.inf, -np.inf, 1.5])
        assert context.allclose(a, b, atol=1)
        assert context.allclose(a, b, rtol=1)
        assert not context.allclose(a, b)


def test_all_names_are_there():
    for name in contexts.__all__:
        assert getattr(contexts, name) is not None


def test_a_distribution_takes_the_engines_of_its_context():
    with Context(targets=[1, 2]) as context:
        assert Distribution(context, (4,)).targets == [1, 2]
        with pytest.raises(ValueError, match="targets"):
            Distribution(context, (4,), targets=[0, 1])
