"""Engines, other threads of the program, its children and its end."""

import concurrent.futures
import gc
import os
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from distarray import evaluate
from distarray.globalapi import Distribution
from distarray.globalapi.context import Context
from distarray.tests.programs import run, running

# ---- Several threads of the program ------------------------------------------------------------


def test_threads_share_a_context():
    with Context(nengines=3) as context:

        def work(seed):
            generator = np.random.default_rng(seed)
            for _ in range(15):
                values = generator.integers(0, 100, (generator.integers(1, 40), 7))
                array = context.fromarray(values)
                cyclic = array.distribute_as(Distribution(context, values.shape, dist="nc"))
                assert np.array_equal((array + cyclic).toarray(), 2 * values)
                assert array.sum() == values.sum()
                sums = context.apply(
                    lambda local: local.comm.allreduce(int(local.ndarray.sum())),
                    (array,),
                    targets=array.targets,
                )
                assert sums == [values.sum()] * len(array.targets)
            return seed

        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            assert list(pool.map(work, range(6))) == list(range(6))


def test_threads_have_contexts_of_their_own():
    def work(targets):
        with Context(targets=targets) as context:
            for _ in range(20):
                array = context.arange(100)
                assert context.apply(lambda: 1) == [1] * len(targets)
                assert (array * 2).sum() == 9900
        return True

    choices = [[0, 1], [1, 2], [0, 2], [3], [0, 1, 2, 3]]
    with concurrent.futures.ThreadPoolExecutor(5) as pool:
        assert all(pool.map(work, choices))


def test_a_failure_reaches_the_thread_that_called():
    with Context(nengines=3) as context:

        def work(number):
            for turn in range(20):
                if number % 2:
                    with pytest.raises(ValueError, match=f"from {number} in {turn}"):
                        context.apply(fail, (f"from {number} in {turn}",), targets=[number % 3])
                else:
                    assert context.apply(lambda turn=turn: turn) == [turn] * 3

        def fail(text):
            raise ValueError(text)

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(4)))


def test_other_threads_run_while_engines_work():
    with Context(nengines=2) as context:
        count = 0
        stop = threading.Event()

        def tick():
            nonlocal count
            while not stop.wait(0.01):
                count += 1

        thread = threading.Thread(target=tick)
        thread.start()
        context.apply(time.sleep, (0.5,))
        stop.set()
        thread.join()
        assert count > 10


def test_a_thread_that_keeps_the_interpreter_busy_stops_nobody():
    with Context(nengines=3) as context:
        stop = threading.Event()

        def spin():
            while not stop.is_set():
                sum(range(1000))

        thread = threading.Thread(target=spin)
        thread.start()
        try:
            array = context.ones((200_000,))
            for _ in range(5):
                assert (array + 1).sum() == 400_000
                assert context.apply(lambda c: c.allreduce(1), (context.comm,)) == [3] * 3
        finally:
            stop.set()
            thread.join()


# ---- Memory ------------------------------------------------------------------------------------


def resident():
    """Return how many bytes of memory this process has."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def falls_below(limit):
    """Return whether memory falls below a limit: what is free is kept for half a second."""
    deadline = time.monotonic() + 30
    while resident() > limit and time.monotonic() < deadline:
        time.sleep(0.05)
    return resident() <= limit


def test_engines_forget_arrays_with_their_handles():
    with Context(nengines=3) as context:
        gc.collect()
        before = context._engines.array_counts()[:3]
        array = context.ones((30, 30))
        assert context._engines.array_counts()[:3] == [count + 1 for count in before]
        view, copy, key = array[::2], array + 1, array.key
        del array
        assert context._engines.array_counts()[:3] == [count + 3 for count in before]
        del view, copy
        assert context._engines.array_counts()[:3] == [count + 1 for count in before]
        assert context.apply(lambda local: local.ndarray.sum(), (key,)) == [300.0] * 3
        del key
        assert context._engines.array_counts()[:3] == before


def test_failures_leave_nothing_on_the_engines():
    with Context(nengines=3) as context:
        gc.collect()
        before = context._engines.array_counts()

        def function(local):
            if local.comm_rank == 1:
                raise ValueError
            return local + 1

        context.register(function)
        array = context.ones((9,))
        for _ in range(5):
            with pytest.raises(ValueError):  # noqa: PT011
                context.function(array)
            different = context.apply(
                lambda local: local.astype("f4" if local.comm_rank else "f8"),
                (array,),
                autoproxyize=True,
            )
            with pytest.raises(ValueError, match="dtypes"):
                type(array).from_localarrays(different[0], context=context)
        del array, different
        gc.collect()
        assert context._engines.array_counts() == before


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_returns_when_handles_die():
    size = 200_000_000
    with Context(nengines=2) as context:
        context.ones((1000, 1000)).sum()
        gc.collect()
        before = resident()
        array = context.ones((size // 8,))
        evaluate(array)
        assert resident() - before > 0.9 * size
        temporary = array * 2 + 1
        assert float(temporary[-1]) == 3.0
        del array, temporary
        assert falls_below(before + 0.2 * size)
        for _ in range(10):
            evaluate(context.ones((size // 8,)))
        assert resident() - before < 1.2 * size
        assert falls_below(before + 0.2 * size)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_returns_from_functions():
    size = 100_000_000
    with Context(nengines=2) as context:
        array = context.ones((size // 8,))
        evaluate(array)
        context.register(add_one)
        gc.collect()
        before = resident()
        for _ in range(8):
            context.add_one(array)
            context.apply(lambda local: local + 1, (array,))
            context.apply(lambda local: local + 1, (array,), autoproxyize=True)
        assert falls_below(before + 0.5 * size)


def add_one(local):
    return local + 1


def test_what_a_function_returned_lives_without_the_array():
    with Context(nengines=2) as context:
        array = context.arange(10)
        results = context.apply(lambda local: local, (array,))
        locals_ = [local.ndarray for local in results]
        del array, results
        gc.collect()
        assert np.concatenate(locals_).tolist() == list(range(10))


def test_memory_that_a_function_keeps_lives_without_the_array():
    kept = {}
    with Context(nengines=2) as context:
        array = context.arange(10)

        def function(local):
            kept[local.comm_rank] = local.ndarray

        context.apply(function, (array,))
        del array
        gc.collect()
        context.ones((10,))
        assert np.concatenate([kept[0], kept[1]]).tolist() == list(range(10))


# ---- Children ----------------------------------------------------------------------------------


def test_a_child_that_was_forked_is_told_so():
    program = """
    import os
    context = Context(nengines=3)
    array = context.ones((10**6,))
    array.sum()
    pid = os.fork()
    if pid == 0:
        for attempt in (
            lambda: array.sum(),
            lambda: array + 1,
            lambda: array[3],
            lambda: context.zeros((3,)),
            lambda: context.apply(lambda: 0),
            lambda: array[::2].copy(),
        ):
            try:
                attempt()
            except Exception as error:
                assert "fork" in str(error), error
            else:
                raise AssertionError("it worked")
        del array
        say("told")
        sys.exit(3)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 3, status
    assert array.sum() == 10**6
    say("unharmed")
    """
    assert run(program).split() == ["told", "unharmed"]


def test_a_child_that_was_forked_can_have_engines_of_its_own():
    program = """
    import os
    import distarray as da
    from distarray.globalapi.context import default_context
    context = Context(nengines=3)
    array = context.ones((10**6,))
    array.sum()
    da.ones((3,))
    pid = os.fork()
    if pid == 0:
        with Context(nengines=3) as own:
            assert own.ones((10**6,)).sum() == 10**6
            assert own.apply(lambda comm: comm.allreduce(1), (own.comm,)) == [3] * 3
        assert da.ones((10**6,)).sum() == 10**6
        sys.exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    assert array.sum() == 10**6
    say("unharmed")
    """
    assert run(program) == "unharmed"


def test_a_child_may_be_forked_while_engines_work():
    program = """
    import os
    context = Context(nengines=3)
    thread = threading.Thread(target=lambda: context.apply(time.sleep, (1,)))
    thread.start()
    time.sleep(0.2)
    pid = os.fork()
    if pid == 0:
        try:
            context.apply(lambda: 0)
        except Exception as error:
            os._exit(5 if "fork" in str(error) else 1)
        os._exit(1)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 5, status
    thread.join()
    assert context.apply(lambda: 1) == [1] * 3
    say("unharmed")
    """
    assert run(program) == "unharmed"


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_multiprocessing(method):
    program = f"""
    import multiprocessing
    import distarray as da

    context = Context(nengines=2)
    assert context.ones((10**6,)).sum() == 10**6
    processes = multiprocessing.get_context({method!r})
    with processes.Pool(2) as pool:
        assert pool.map(abs, range(-5, 5)) == [abs(x) for x in range(-5, 5)]
    assert context.ones((10**6,)).sum() == 10**6
    say("unharmed")
    """
    assert run(program) == "unharmed"


# ---- The end -----------------------------------------------------------------------------------

ENDS = {
    "arrays are alive": "array = context.ones((10**6,)); array.sum()",
    "a context is open": "context.apply(lambda: 0)",
    "nothing was done": "",
    "a proxy is alive": "p = context.apply(lambda: proxyize([1]))[0]",
    "an array is in a cycle": "array = [context.ones((10**6,))]; array.append(array)",
    "a thread calls functions for ever": """
    def work():
        while True:
            context.apply(lambda: time.sleep(0.001))
    threading.Thread(target=work, daemon=True).start()
    time.sleep(0.3)
""",
    "a thread adds for ever": """
    def work():
        array = context.ones((10**6,))
        while True:
            (array + 1).sum()
    threading.Thread(target=work, daemon=True).start()
    time.sleep(0.3)
""",
    "a function loops for ever": """
    def work():
        context.apply(lambda: [None for _ in iter(int, 1)])
    threading.Thread(target=work, daemon=True).start()
    time.sleep(0.3)
""",
    "a function sleeps": """
    threading.Thread(target=lambda: context.apply(time.sleep, (600,)), daemon=True).start()
    time.sleep(0.3)
""",
    "a function wakes up at the end": """
    def wake_often():
        end = time.monotonic() + 600
        while time.monotonic() < end:
            try:
                time.sleep(0.0005)
            except BaseException:
                pass
    threading.Thread(target=lambda: context.apply(wake_often), daemon=True).start()
    time.sleep(0.3)
""",
    "engines wait for each other": """
    def wait(comm):
        comm.recv()
    threading.Thread(target=lambda: context.apply(wait, (context.comm,)), daemon=True).start()
    time.sleep(0.3)
""",
    "functions are called at exit": """
    import atexit
    array = context.ones((10**6,))
    atexit.register(lambda: say(array.sum()))
""",
}


@pytest.mark.parametrize("deed", ENDS)
def test_the_interpreter_ends_cleanly(deed):
    program = "\n    context = Context(nengines=3)\n    " + ENDS[deed].lstrip() + "\n"
    with running(program + "    say('done'); sys.exit(7)\n") as running_program:
        running_program.wait_for("done")
        start = time.monotonic()
        _, errors = running_program.finish(7)
        assert time.monotonic() - start < 10
        assert not errors.strip()


def test_the_end_while_a_function_that_was_given_up_still_sleeps():
    program = """
    context = Context(nengines=3)
    say("ready")
    try:
        context.apply(lambda comm: time.sleep(4 * comm.Get_rank()), (context.comm,))
    except KeyboardInterrupt:
        say("interrupted")
    assert context.apply(lambda: 1) == [1] * 3
    sys.exit(7)
    """
    with running(program) as running_program:
        running_program.wait_for("ready")
        time.sleep(0.2)
        running_program.interrupt()
        running_program.wait_for("interrupted")
        _, errors = running_program.finish(7)
        assert not errors.strip()
