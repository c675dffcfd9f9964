"""Ctrl-C: it ends what is running soon, and everything works afterwards."""

import os
import signal
import threading
import time

import numpy as np
import pytest

from distarray.globalapi.context import Context
from distarray.tests.programs import run, running

# What every program does after it was interrupted: all its engines work, together and alone.
AFTERWARDS = """
    except KeyboardInterrupt:
        say("interrupted")
    else:
        say("not interrupted")
    assert context.apply(lambda: 1) == [1] * context.nengines
    assert context.apply(lambda comm: comm.allreduce(1), (context.comm,)) == [3] * 3
    assert np.array_equal(array.toarray(), np.ones(1000)), array
    assert array.sum() == 1000
    assert np.array_equal((array + array[::-1]).toarray(), np.full(1000, 2.0))
    say("usable")
"""

# What a program is doing when it is interrupted, and within how many seconds it has to stop.
DEEDS = {
    "a loop of operations": ("forever(lambda: (big + 1).sum())", 3),
    "a loop of small operations": ("forever(lambda: (array + 1).sum())", 3),
    "a Python loop on all engines": ("context.apply(loop)", 4),
    "a Python loop on another engine": ("context.apply(loop, targets=[2])", 4),
    "a Python loop on an engine beside": (
        "context.apply(lambda comm: loop() if comm.Get_rank() == 1 else 0, (context.comm,))",
        4,
    ),
    "asleep on all engines": ("context.apply(time.sleep, (600,))", 6),
    "asleep on an engine beside": (
        "context.apply(lambda comm: time.sleep(600 * comm.Get_rank()), (context.comm,))",
        6,
    ),
    "asleep for short times": ("context.apply(lambda: [time.sleep(0.05) for _ in range(9999)])", 4),
    "in a collective that never ends": (
        "context.apply(lambda comm: loop() if comm.Get_rank() == 1 else comm.Barrier(), "
        "(context.comm,))",
        4,
    ),
    "waiting for a message": ("context.apply(lambda comm: comm.recv(), (context.comm,))", 4),
    "a loop of messages": (
        "context.apply(lambda comm: [comm.allreduce(1) for _ in iter(int, 1)], (context.comm,))",
        4,
    ),
    "redistributions": (
        "forever(lambda: (big.distribute_as(cyclic), big.T[:, ::2].copy()))",
        4,
    ),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_interrupts_end_what_is_running(deed):
    statement, seconds = DEEDS[deed]
    program = f"""
    from distarray.globalapi import Distribution
    context = Context(nengines=3)
    array = context.ones((1000,))
    big = context.ones((1000, 700))
    cyclic = Distribution(context, big.shape, dist="nc")

    def loop():
        count = 0
        while True:
            count += 1

    # In a function of its own: CPython 3.11 may raise at the end of a loop in a `try` block as if
    # it were outside of the block.
    def forever(operation):
        while True:
            operation()

    say("ready")
    try:
        {statement}
    """
    program += AFTERWARDS
    with running(program) as running_program:
        running_program.wait_for("ready")
        time.sleep(0.3)
        start = time.monotonic()
        running_program.interrupt()
        running_program.wait_for("interrupted")
        assert time.monotonic() - start < seconds
        running_program.wait_for("usable")
        running_program.finish()


def test_each_of_many_interrupts_is_honoured():
    program = """
    context = Context(nengines=3)
    for _ in range(5):
        try:
            say("ready")
            context.apply(lambda comm: [comm.allreduce(1) for _ in iter(int, 1)], (context.comm,))
        except KeyboardInterrupt:
            say("interrupted")
        assert context.apply(lambda comm: comm.allreduce(1), (context.comm,)) == [3] * 3
        assert context.ones((10**6,)).sum() == 10**6
    say("usable")
    """
    with running(program) as running_program:
        for _ in range(5):
            running_program.said = ""
            running_program.wait_for("ready")
            time.sleep(0.1)
            running_program.interrupt()
            running_program.wait_for("interrupted")
        running_program.wait_for("usable")
        running_program.finish()


def test_a_function_may_clean_up():
    program = """
    context = Context(nengines=3)
    cleaned = []

    def function(comm):
        try:
            # Whoever is past this knows that the others are in the block, too.
            comm.Barrier()
            say("ready")
            while True:
                time.sleep(0.01)
        finally:
            time.sleep(0.2)
            cleaned.append(comm.Get_rank())

    try:
        context.apply(function, (context.comm,))
    except KeyboardInterrupt:
        say(sorted(cleaned))
    """
    with running(program) as running_program:
        running_program.wait_for("ready")
        running_program.interrupt()
        said, _ = running_program.finish()
        assert "[0, 1, 2]" in said


def test_without_a_handler_the_program_ends_as_python_programs_do():
    program = """
    context = Context(nengines=3)
    say("ready")
    context.apply(lambda: [time.sleep(0.01) for _ in iter(int, 1)])
    """
    with running(program) as running_program:
        running_program.wait_for("ready")
        time.sleep(0.2)
        running_program.interrupt()
        _, errors = running_program.finish(-signal.SIGINT)
        assert errors.rstrip().endswith("KeyboardInterrupt")


def test_other_signal_handlers_may_raise_too():
    program = """
    import signal

    class TooLong(Exception):
        pass

    def ring(number, frame):
        raise TooLong("three ticks")

    signal.signal(signal.SIGALRM, ring)
    context = Context(nengines=3)

    def third_engine_waits(comm):
        if comm.Get_rank() == 2:
            while True:
                time.sleep(0.01)

    for function in (lambda comm: comm.recv(), third_engine_waits):
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        try:
            context.apply(function, (context.comm,))
        except TooLong as error:
            say("three" in str(error))
        assert context.apply(lambda: 1) == [1] * 3
    """
    assert run(program).split() == ["True"] * 2


def test_a_thread_that_waits_for_its_turn_can_be_interrupted():
    program = """
    context = Context(nengines=3)
    begun = threading.Event()

    def occupy():
        context.apply(lambda: (begun.set(), time.sleep(3)))

    thread = threading.Thread(target=occupy)
    thread.start()
    begun.wait()
    say("ready")
    try:
        context.apply(lambda: 0)
    except KeyboardInterrupt:
        say("interrupted", thread.is_alive())
    thread.join()
    assert context.apply(lambda: 1) == [1] * 3
    say("usable")
    """
    with running(program) as running_program:
        running_program.wait_for("ready")
        time.sleep(0.2)
        running_program.interrupt()
        running_program.wait_for("interrupted")
        running_program.wait_for("usable")
        said, _ = running_program.finish()
        assert "interrupted True" in said


def test_a_function_that_raises_it_itself():
    with Context(nengines=3) as context:

        def function(comm):
            if comm.Get_rank() == 1:
                raise KeyboardInterrupt("mine")
            comm.Barrier()

        with pytest.raises(KeyboardInterrupt, match="mine"):
            context.apply(function, (context.comm,))
        assert context.apply(lambda: 1) == [1] * 3


def test_arrays_are_not_left_half_written():
    with Context(nengines=3) as context:
        array = context.zeros((300, 1000))
        timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        count = 0
        with pytest.raises(KeyboardInterrupt):  # noqa: PT012
            while True:
                array += 1
                count += 1
        timer.join()
        values = np.unique(array.toarray())
        assert len(values) == 1
        assert values[0] - count in (0, 1)
