"""What failures on engines look like here."""

import pickle
import traceback

import pytest

from distarray._failures import summary
from distarray.error import CommunicationError, EngineAbortedError
from distarray.globalapi.context import Context


class Custom(Exception):
    def __init__(self, number, *, text):
        super().__init__(f"{text}, {number} times")
        self.number = number


class Final(type):
    def __new__(cls, name, bases, names):
        if any(isinstance(base, Final) for base in bases):
            raise TypeError("final")
        return super().__new__(cls, name, bases, names)


class CannotBeDerived(Exception, metaclass=Final):
    pass


class Silent(Exception):
    def __str__(self):
        raise RuntimeError("no text")


def caught(error):
    try:
        raise error
    except BaseException as raised:
        return raised


EXCEPTIONS = [
    lambda: ValueError("no good"),
    lambda: KeyError("key"),
    lambda: ZeroDivisionError(),
    lambda: FileNotFoundError(2, "No such file", "name"),
    lambda: UnicodeDecodeError("utf-8", b"abc", 0, 1, "bad"),
    lambda: ImportError("no module", name="missing"),
    lambda: AttributeError("no attribute", name="x", obj=3),
    lambda: SystemExit(3),
    lambda: StopIteration(4),
    lambda: SyntaxError("bad", ("file", 1, 2, "text")),
    lambda: ExceptionGroup("inner", [ValueError("x")]),
    lambda: MemoryError(),
    lambda: RecursionError("deep"),
    lambda: Custom(3, text="no"),
    lambda: CannotBeDerived("as it is"),
    lambda: Silent(),
    lambda: EngineAbortedError(1, "why"),
]


@pytest.fixture
def context():
    with Context(nengines=3) as context:
        yield context


# ---- One exception of all ----------------------------------------------------------------------


@pytest.mark.parametrize("make", EXCEPTIONS, ids=lambda make: type(make()).__name__)
def test_the_failure_of_one_engine_keeps_its_type(make):
    error = make()
    found = summary([(1, caught(error))])
    assert isinstance(found, type(error))
    assert type(found).__name__ == type(error).__name__
    assert found.args == error.args
    shown = "".join(traceback.format_exception(found))
    assert "engine 1" in shown
    assert "in caught" in shown
    if not isinstance(error, (CannotBeDerived, Silent, SyntaxError)):
        assert str(error) in str(found)
        assert "engine 1" in str(found)
    for field in ("errno", "filename", "name", "code", "value", "number", "start", "lineno"):
        assert getattr(found, field, None) == getattr(error, field, None)


@pytest.mark.parametrize("make", EXCEPTIONS, ids=lambda make: type(make()).__name__)
def test_failures_of_several_engines_are_a_group(make):
    error = make()
    found = summary([(0, caught(error)), (2, caught(make()))])
    assert isinstance(found, BaseExceptionGroup)
    assert len(found.exceptions) == 2
    assert all(isinstance(each, type(error)) for each in found.exceptions)
    assert "engine 0 and engine 2" in str(found)
    shown = "".join(traceback.format_exception(found))
    assert shown.count("in caught") == 2


def test_a_group_of_one_type_is_of_this_type_too():
    found = summary([(0, caught(Custom(3, text="no"))), (1, caught(Custom(3, text="no")))])
    assert isinstance(found, Custom)
    assert isinstance(found, ExceptionGroup)
    assert found.number == 3
    with pytest.raises(Custom):
        raise found
    matching, rest = found.split(Custom)
    assert len(matching.exceptions) == 2
    assert rest is None


def test_different_failures_are_told_apart():
    found = summary(
        [(0, caught(ValueError("x"))), (1, caught(KeyError("y"))), (2, caught(ValueError("x")))]
    )
    assert type(found) is ExceptionGroup
    assert str(found).startswith(
        "3 engines failed: engine 0 and engine 2: ValueError: x; engine 1: KeyError: 'y'"
    )


def test_an_interrupt_is_an_interrupt():
    interrupt = caught(KeyboardInterrupt())
    assert summary([(0, caught(ValueError())), (1, interrupt)]) is interrupt


def test_our_own_failures_are_one_exception():
    found = summary([(0, ValueError("x")), (1, ValueError("x"))], is_own=True)
    assert isinstance(found, ValueError)
    assert not isinstance(found, ExceptionGroup)
    assert str(found) == "x (on engine 0 and engine 1)"


def test_failures_can_be_pickled():
    found = pickle.loads(pickle.dumps(summary([(1, caught(ValueError("no good")))])))
    assert isinstance(found, ValueError)
    assert "engine 1" in str(found)
    assert found.engine == 1


def test_notes_are_shown():
    error = ValueError("x")
    error.add_note("a note")
    found = summary([(1, caught(error))])
    assert "".join(traceback.format_exception(found)).count("a note") == 1


# ---- From functions ----------------------------------------------------------------------------


def fail_on(comm, ranks, error, wait=True):
    if comm.Get_rank() in ranks:
        raise error
    if wait:
        comm.Barrier()
    return comm.Get_rank()


@pytest.mark.parametrize("rank", [0, 1, 2])
def test_one_engine_fails_and_the_others_are_released(context, rank):
    with pytest.raises(ValueError, match=f"no good\n\nRaised on engine {rank}:") as caught_here:
        context.apply(fail_on, (context.comm, [rank], ValueError("no good")))
    assert "in fail_on" in str(caught_here.value)
    assert "_call.py" not in str(caught_here.value)
    assert caught_here.value.engine == rank
    assert context.apply(fail_on, (context.comm, [], None)) == [0, 1, 2]
    assert context.ones((300_000,)).sum() == 300_000


@pytest.mark.in_process
def test_the_original_is_there_for_a_look(context):
    error = ValueError("no good")
    with pytest.raises(ValueError, match="no good") as caught_here:
        context.apply(fail_on, (context.comm, [1], error))
    assert caught_here.value.original is error
    frames = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    assert frames[-1] == "fail_on"


def test_several_engines_fail(context):
    with pytest.raises(ExceptionGroup, match="engine 0 and engine 2: ValueError: no") as group:
        context.apply(fail_on, (context.comm, [0, 2], ValueError("no"), False))
    assert [error.engine for error in group.value.exceptions] == [0, 2]
    assert isinstance(group.value, ValueError)
    assert context.apply(lambda: 1) == [1] * 3


def test_engines_that_fail_only_for_others_are_not_blamed(context):
    def function(comm):
        if comm.Get_rank() == 2:
            raise ValueError("guilty")
        try:
            comm.recv(source=2)
        finally:
            pass

    with pytest.raises(ValueError, match="guilty") as caught_here:
        context.apply(function, (context.comm,))
    assert caught_here.value.engine == 2


@pytest.mark.in_process
def test_engines_may_catch_that_another_one_failed(context):
    told = []

    def function(comm):
        if comm.Get_rank() == 2:
            raise ValueError("guilty")
        try:
            comm.Barrier()
        except EngineAbortedError:
            told.append(comm.Get_rank())

    with pytest.raises(ValueError, match="engine 2"):
        context.apply(function, (context.comm,))
    assert sorted(told) == [0, 1]


def test_failures_within_communicators_of_some(context):
    def function(comm):
        part = comm.Split(comm.Get_rank() % 2, 0)
        if comm.Get_rank() == 0:
            raise ValueError("guilty")
        part.Barrier()
        part.recv() if comm.Get_rank() == 1 else None

    with pytest.raises(ValueError, match="engine 0"):
        context.apply(function, (context.comm,))
    assert context.apply(fail_on, (context.comm, [], None)) == [0, 1, 2]


def test_calls_that_do_not_match_are_an_error(context):
    def function(comm):
        return comm.Barrier() if comm.Get_rank() else comm.allgather(1)

    with pytest.raises((CommunicationError, ExceptionGroup), match="engine"):
        context.apply(function, (context.comm,))
    assert context.apply(lambda comm: comm.allreduce(1), (context.comm,)) == [3] * 3


@pytest.mark.parametrize("early", [0, 1, 2])
def test_functions_that_return_while_others_wait_for_them(context, early):
    def function(comm):
        if comm.Get_rank() != early:
            comm.Barrier()

    with pytest.raises((CommunicationError, ExceptionGroup), match=f"engine {early} has returned"):
        context.apply(function, (context.comm,))
    assert context.apply(lambda comm: comm.allreduce(1), (context.comm,)) == [3] * 3


def test_functions_that_end_the_program(context):
    def function(comm):
        if comm.Get_rank() == 1:
            raise SystemExit(3)

    with pytest.raises(SystemExit) as caught_here:
        context.apply(function, (context.comm,))
    assert caught_here.value.code == 3
    assert context.apply(lambda: 1) == [1] * 3


def test_wrong_arguments(context):
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        context.apply(lambda x: 0)


def test_messages_of_a_failed_call_are_forgotten(context):
    def send_and_fail(comm):
        comm.send("stale", (comm.Get_rank() + 1) % 3)
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011
        context.apply(send_and_fail, (context.comm,))

    def exchange(comm):
        comm.send("fresh", (comm.Get_rank() + 1) % 3)
        return comm.recv()

    assert context.apply(exchange, (context.comm,)) == ["fresh"] * 3


@pytest.mark.parametrize("targets", [[0, 1, 2], [1, 3], [0, 2, 3]])
def test_abort_releases_the_others(targets):
    context = Context(nengines=4)
    culprit = targets[1]

    def give_up(comm, is_caught):
        part = comm.Split(0)
        if comm.Get_rank() == 1:
            try:
                part.Abort(5)
            except CommunicationError:
                if not is_caught:
                    raise
                return
        comm.Barrier()
        part.Barrier()

    comm = context.make_subcomm(targets)
    with pytest.raises(CommunicationError, match=r"Abort\(5\) was called") as caught:
        context.apply(give_up, (comm, False), targets=targets)
    assert caught.value.engine == culprit
    # Whoever hides its failure releases the others all the same.
    with pytest.raises(EngineAbortedError, match=rf"engine {culprit} gave up: Abort\(5\)"):
        context.apply(give_up, (comm, True), targets=targets)
    assert context.apply(lambda comm: comm.allreduce(1), (comm,), targets=targets) == [
        len(targets)
    ] * len(targets)
