"""One program in four ways: on threads, under mpiexec, on processes that it starts, and on all."""

import json

import pytest

import distarray as da
from distarray.error import ContextCreationError
from distarray.tests.mpi import mpiexec

pytestmark = pytest.mark.processes

PROGRAM = """
import json
import sys
from pathlib import Path
import numpy as np
import distarray as da
from distarray.globalapi.random import Random
from distarray.localapi import LocalArray

context = da.Context(**json.loads(sys.argv[1]))
folder = Path(sys.argv[2])
n = context.nengines
found = []

def tell(*values):
    found.extend(np.asarray(value).tolist() for value in values)

# Creation, arithmetic, reductions.
a = context.fromarray(np.arange(60.0).reshape(12, 5))
b = a.distribute_as(da.Distribution(context, (12, 5), dist="cn"))
c = np.sqrt(a * a + 3 * b) - a.mean(axis=0)
tell(c.toarray(), c.sum(), c.std(axis=1).toarray(), c.max().item(), a[3, 2], (a > 30).sum().item())
c[2:9:3] = -1
tell(c.toarray(), c.cumsum(axis=0).toarray(), (a + np.ones(5)).toarray())
d = a.T.distribute_as(da.Distribution(context, (5, 12), dist="nb"))
tell(d.toarray(), np.arange(24).reshape(2, 12).tolist())
e = context.arange(1000, dtype=float)
for _ in range(5):
    e = e * 1.5 - e / 3
tell(e.sum(), float(e[-1]))

# Functions on engines.
def share(local, factor):
    return float((local.ndarray * factor).sum())

tell(sum(context.apply(share, (a, 2.0))))
scale = 3
tell(context.apply(lambda: scale + 1, targets=context.targets[:1]))
tell(context.apply(lambda comm: comm.allreduce(comm.Get_rank()), (context.comm,)))
tell(context.apply(lambda x: x.sum() + 0, (np.arange(10),))[0])

def doubled(local):
    return local + local

context.register(doubled)
tell(context.doubled(a).toarray())
context.push_function("square", lambda x: x * x)
tell(context.apply(lambda: square(7))[-1])
proxy = context.apply(lambda: proxyize([1, 2]))[0]
tell(context.apply(lambda p: p[1], (proxy,))[0])
del proxy

# Failures are told, and engines go on.
def fail(comm):
    if comm.Get_rank() == comm.Get_size() - 1:
        raise ValueError("on purpose")
    comm.barrier()

try:
    context.apply(fail, (context.comm,))
except ValueError as error:
    tell("on purpose" in str(error), "in fail" in str(error))
try:
    context.zeros((3, 4)) + context.zeros((5,))
except ValueError as error:
    tell("broadcast" in str(error))
tell((a + 1).sum())

# Only some of the engines can't write, and nobody has said what the numbers are to be.
some = context.targets[:-1] or context.targets
layout = da.Distribution(context, (8,), targets=some)
def constant(local):
    return LocalArray(local.distribution, buf=np.broadcast_to(np.float64(3), local.local_shape))
context.register(constant)
fixed = context.constant(context.fromarray(np.ones(8), layout))
try:
    fixed[...] = 1
except ValueError as error:
    tell("read-only" in str(error), fixed.sum())
drawn = Random(context).rand((100,))
tell(bool((drawn == drawn.toarray()).all()))

# Files.
context.save_npy(folder / "b.npy", b)
tell(context.load_npy(folder / "b.npy", b.distribution).toarray())
context.save_dnpy(folder / "b", b)
tell(context.load_dnpy(folder / "b").toarray())
context.save_hdf5(folder / "b.hdf5", b, key="some/b", mode="w")
tell(context.load_hdf5(folder / "b.hdf5", a.distribution, key="some/b").toarray())
for step in range(2):
    context.checkpoint(folder / "checkpoint", b=b + step, c=c)
arrays = context.restore(folder / "checkpoint")
tell(arrays["b"].toarray(), arrays["c"].sum(), arrays["b"].distribution == b.distribution)
try:
    context.load_npy(folder / "none.npy")
except FileNotFoundError as error:
    tell("none.npy" in str(error))
print(json.dumps({"repr": type(context).__name__, "n": n, "found": found}))
"""


def results(done):
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """What the program finds with as many engines that are threads."""
    found = {}

    def on_threads(count):
        if count not in found:
            folder = tmp_path_factory.mktemp("threads")
            done = mpiexec(1, PROGRAM, json.dumps({"kind": "threads", "nengines": count}), folder)
            (found[count],) = results(done)
            assert found[count]["repr"] == "ThreadContext"
        return found[count]["found"]

    return on_threads


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_a_client_and_engines(expected, tmp_path, count):
    (found,) = results(mpiexec(count + 1, PROGRAM, "{}", tmp_path))
    assert (found["repr"], found["n"]) == ("MPIContext", count)
    assert found["found"] == expected(count)


@pytest.mark.parametrize("count", [1, 3])
def test_engines_that_the_program_starts(expected, tmp_path, count):
    kind = json.dumps({"kind": "mpi", "nengines": count})
    (found,) = results(mpiexec(1, PROGRAM, kind, tmp_path))
    assert (found["repr"], found["n"]) == ("MPIContext", count)
    assert found["found"] == expected(count)


@pytest.mark.parametrize("count", [1, 2, 4])
def test_processes_that_all_run_the_program(expected, tmp_path, count):
    kind = json.dumps({"kind": "spmd"})
    found = results(mpiexec(count, PROGRAM, kind, tmp_path, DISTARRAY_CHECK="1"))
    assert len(found) == count
    for each in found:
        assert (each["repr"], each["n"]) == ("SpmdContext", count)
        assert each["found"] == expected(count)


def test_some_of_the_engines(expected, tmp_path):
    (found,) = results(mpiexec(5, PROGRAM, json.dumps({"targets": [1, 3]}), tmp_path))
    assert found["n"] == 2
    assert found["found"] == expected(2)


SEVERAL = """
import distarray as da
import numpy as np
first, second = da.Context(targets=[0, 1]), da.Context(targets=[1, 2])
a, b = first.ones((4,)), second.ones((6,))
print(first.all_targets, (a + 1).sum().item(), (b * 2).sum().item(), repr(second))
first.close()
print((b + 1).sum().item(), da.default_context().targets)
"""


def test_several_contexts():
    lines = mpiexec(4, SEVERAL).stdout.splitlines()
    assert lines == [
        "[0, 1, 2] 8.0 12.0 <MPIContext: engines [1, 2], MPI processes>",
        "12.0 [0, 1, 2]",
    ]


TOO_MANY = """
import distarray as da
try:
    da.Context(nengines=5)
except da.globalapi.context.ContextCreationError as error:
    print(error)
"""


def test_more_engines_than_processes():
    done = mpiexec(3, TOO_MANY, check=False)
    assert "5 engines and a client are 6 processes, and mpiexec has started 3" in done.stdout


DIVERGED = """
import distarray as da
from mpi4py import MPI
context = da.Context(kind="spmd")
a = context.ones((4,))
try:
    if MPI.COMM_WORLD.rank == 1:
        context.zeros((3,)).toarray()
    else:
        a.sum().item()
except Exception as error:
    print(type(error).__name__, error)
"""


def test_processes_that_diverge_are_named():
    lines = mpiexec(3, DIVERGED, DISTARRAY_CHECK="1").stdout.splitlines()
    assert len(lines) == 3
    assert all("rank 1 at" in line or "rank 1 is at" in line for line in lines)


def test_the_environment_chooses(monkeypatch):
    monkeypatch.setenv("DISTARRAY_CONTEXT", "threads")
    assert type(da.Context(nengines=1)).__name__ == "ThreadContext"
    monkeypatch.setenv("DISTARRAY_CONTEXT", "nonsense")
    with pytest.raises(ContextCreationError, match="DISTARRAY_CONTEXT is 'nonsense'"):
        da.Context()


BOTH_KINDS = """
import distarray as da
everywhere, here = da.Context(kind="spmd"), da.Context(kind="threads", nengines=2)
here.push_function("name", lambda: "thread")
everywhere.push_function("name", lambda: "process")
print(here.apply(lambda: name()), everywhere.apply(lambda: name()))
everywhere.close()
print(here.apply(lambda: name()))
"""


def test_engines_of_two_kinds_in_a_process_have_names_of_their_own():
    lines = mpiexec(2, BOTH_KINDS).stdout.splitlines()
    assert sorted(lines) == sorted(
        ["['thread', 'thread'] ['process', 'process']", "['thread', 'thread']"] * 2
    )
