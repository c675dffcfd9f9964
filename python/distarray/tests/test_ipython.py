"""Contexts whose engines belong to an ipyparallel cluster; the cluster, from beginning to end.

One cluster serves all tests, in their order: the last ones kill an engine, restart and stop it.
"""

import gc
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from distarray.error import CommunicationError, ContextCreationError, ContextError
from distarray.globalapi import Distribution, _parts
from distarray.globalapi.context import Context, IPythonContext
from distarray.globalapi.contexts.ipython import _ranks
from distarray.tests.clusters import Cluster
from distarray.tests.oracle import assert_same
from distarray.tests.test_mpi_contexts import PROGRAM
from distarray.utils import count_round_trips

pytest.importorskip("mpi4py", exc_type=ImportError)
ipyparallel = pytest.importorskip("ipyparallel")

pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(
        not sys.platform.startswith("linux"), reason="processes are looked after by /proc"
    ),
]

ENGINES = 3
TIME_LIMIT = 60


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """A running cluster."""
    cluster = Cluster(tmp_path_factory.mktemp("ipython"))
    if shutil.which("mpiexec", path=cluster.environment["PATH"]) is None:
        pytest.skip("mpiexec was not found")
    try:
        started = cluster.dacluster("start", "-n", str(ENGINES))
        assert started.returncode == 0, started.stdout + started.stderr
        assert started.stdout == f"{ENGINES} engines are running.\n"
        yield cluster
    finally:
        cluster.end()


@pytest.fixture(scope="module")
def client(cluster):
    """A client of the cluster in this process."""
    with ipyparallel.Client(ipython_dir=str(cluster.folder), timeout=TIME_LIMIT) as client:
        client.wait_for_engines(ENGINES, timeout=TIME_LIMIT, interactive=False)
        yield client


@pytest.fixture
def context(client):
    """A context of all engines."""
    with IPythonContext(client) as context:
        yield context


def run(cluster, program, *arguments, **variables):
    """Run a program that finds the cluster; return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "distarray.tests.patient", "-c", program, *arguments],
        env=cluster.environment | variables,
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_same_program_as_on_threads(cluster, tmp_path):
    kind = json.dumps({"kind": "threads", "nengines": ENGINES})
    folders = [tmp_path / "threads", tmp_path / "ipython"]
    for folder in folders:
        folder.mkdir()
    expected = json.loads(run(cluster, PROGRAM, kind, str(folders[0])))
    found = json.loads(run(cluster, PROGRAM, "{}", str(folders[1]), DISTARRAY_CONTEXT="ipython"))
    assert found.pop("repr") == "IPythonContext"
    assert expected.pop("repr") == "ThreadContext"
    assert found == expected


def test_attributes(client, context):
    assert repr(context) == "<IPythonContext: engines [0, 1, 2], of an ipyparallel cluster>"
    assert context.targets == context.all_targets == client.ids == [0, 1, 2]
    assert context.client is client
    assert context.view.targets == [0, 1, 2]
    assert context.context_key.startswith("__distarray__")


def test_context_takes_a_client(client):
    with Context(client=client, nengines=2) as context:
        assert isinstance(context, IPythonContext)
        assert context.targets == [0, 1]
    with Context(kind="IPy", client=client, targets=(2, 0)) as context:
        assert (context.targets, context.all_targets) == ([0, 2], [0, 1, 2])
        assert context.arange(5).sum() == 10


def test_several_contexts(client, context):
    with IPythonContext(client, targets=[1, 2]) as other:
        a, b = context.ones((6,)), other.arange(6)
        assert ((a + 1).sum(), (b * 2).sum()) == (12, 30)
        assert other.apply(lambda local: local.ndarray.size, (b,)) == [3, 3]
    assert (b + 1).sum() == 21
    with pytest.raises(ContextError, match="closed"):
        other.zeros((3,))


def test_arrays_go_to_no_context_of_other_engines(context):
    with Context(kind="threads", nengines=2) as threads:
        array = threads.arange(4)
        with pytest.raises(ContextError, match="an argument is on engines of <ThreadContext"):
            context.apply(lambda local: local, (array,))


@pytest.mark.parametrize("dtype", [np.int8, np.float64, np.complex128])
def test_much_data_between_all(context, dtype):
    values = np.arange(600 * 1000).reshape(600, 1000).astype(dtype)
    a = context.fromarray(values)
    b = a.distribute_as(Distribution(context, values.shape, dist=("n", "c")))
    assert np.array_equal(b.toarray(), values)
    assert (a - b == 0).all()


@pytest.mark.parametrize("name", ["a.npy", "a.dnpy", "a.h5", "a.zarr", "a.nc"])
def test_files(context, tmp_path, name):
    values = np.arange(42.0).reshape(7, 6)
    array = context.fromarray(values, Distribution(context, (7, 6), dist="cb"))
    path = tmp_path / name
    if name.endswith("nc"):
        netcdf = pytest.importorskip("h5netcdf")
        with netcdf.File(path, "w") as file:
            file.dimensions = {"x": 7, "y": 6}
            file.create_variable("data", ("x", "y"), data=values)
        assert_same(context.load(path, key="data"), values)
        return
    if name.endswith(("h5", "zarr")):
        pytest.importorskip({"a.h5": "h5py", "a.zarr": "zarr"}[name])
    context.save(path, array)
    assert_same(context.load(path), values)
    assert_same(context.load(path, array.distribution), values)
    if name != "a.dnpy":
        opened = context.open(path)
        assert_same(opened, values)
        context.store(opened * 2 + 1, path.with_name(f"b{path.suffix}"))
        assert_same(context.load(path.with_name(f"b{path.suffix}")), values * 2 + 1)


def test_files_that_are_read_part_by_part(context, tmp_path, monkeypatch):
    zarr = pytest.importorskip("zarr")
    monkeypatch.setattr(_parts, "_PART_BYTES", 1 << 12)
    values = np.random.default_rng(5).normal(size=(120, 60))
    zarr.create_array(str(tmp_path / "x.zarr"), data=values, chunks=(16, 20))
    opened = context.open(tmp_path / "x.zarr", Distribution(context, values.shape, dist="bn"))
    array = context.fromarray(values, opened.distribution)
    assert_same(opened[3:100:7, 5], values[3:100:7, 5])
    for axis in (None, 0, 1):
        assert (opened.std(axis=axis) == array.std(axis=axis)).all()
    expected = ((array - array.mean(axis=0)) * 2).toarray()
    for name in ("y.zarr", "y.npy"):
        context.store((opened - opened.mean(axis=0)) * 2, tmp_path / name)
        assert_same(context.load(tmp_path / name), expected)


def test_a_limit_on_memory(client, tmp_path):
    values = np.arange(40_000.0)
    np.save(tmp_path / "a.npy", values)
    with IPythonContext(client, memory_limit="1GB") as context:
        opened = context.open(tmp_path / "a.npy")
        assert (opened + 1).sum() == values.sum() + len(values)
        context.store(opened / 2, tmp_path / "b.npy")
    assert np.array_equal(np.load(tmp_path / "b.npy"), values / 2)


def test_engines_are_free_between_commands(client, context):
    a = context.ones((12,))
    before = client[:].apply_sync(os.getpid)
    assert (a + a).sum() == 24
    assert client[:].apply_sync(os.getpid) == before
    context.close()
    assert client[1].apply_sync(lambda: 6 * 7) == 42


def test_functions_run_on_the_main_thread(context):
    def is_main():
        import threading

        return threading.current_thread() is threading.main_thread()

    assert context.apply(is_main) == [True] * ENGINES


def test_an_engine_fails(context):
    def fail(comm):
        if comm.Get_rank() == 1:
            raise ValueError("on purpose")
        comm.barrier()

    for _ in range(2):
        with pytest.raises(ValueError, match=r"(?s)on purpose.*engine 1.*in fail"):
            context.apply(fail, (context.comm,))
        assert context.ones((9,)).sum() == 9


def test_an_engine_returns_while_others_wait(context):
    def leave(comm):
        if comm.Get_rank() > 0:
            comm.barrier()

    with pytest.raises(CommunicationError, match="has returned"):
        context.apply(leave, (context.comm,))
    assert context.apply(lambda: 1) == [1] * ENGINES


def test_what_nobody_receives(context):
    def send(comm):
        comm.send(bytes(1_000_000), dest=(comm.Get_rank() + 1) % comm.Get_size())

    context.apply(send, (context.comm,))
    assert context.ones((9,)).sum() == 9


def test_names(client, context):
    from distarray.globalapi import ipython_cleanup

    proxy = context.apply(lambda: proxyize([1, 2]))[0]  # noqa: F821
    context.push_function("thrice", lambda x: 3 * x)
    assert context.apply(lambda p: thrice(p[1]), (proxy,)) == [6] * ENGINES  # noqa: F821
    keys = ipython_cleanup.get_local_keys(client[:], "__distarray__")
    assert keys[proxy.name] == [0, 1, 2]
    context.delete_key(proxy, targets=[1])
    assert ipython_cleanup.get_local_keys(context.view, proxy.name) == {proxy.name: [0, 2]}
    ipython_cleanup.cleanup(client[:], "__main__", proxy.name)
    assert ipython_cleanup.get_local_keys(client[0], proxy.name) == {}
    context.cleanup()
    assert ipython_cleanup.get_local_keys(client[:], "thrice") == {}


def test_engines_forget(client):
    def desks():
        from distarray.globalapi import _attendance

        return sum(desk.attendant.array_count for desk in _attendance._desks.values())

    context = IPythonContext(client)
    array = context.zeros((30,))
    array += np.arange(30)
    assert array.sum() == 435
    assert all(count > 0 for count in client[:].apply_sync(desks))
    context.close()
    del array, context
    gc.collect()
    deadline = time.monotonic() + TIME_LIMIT
    while any(client[:].apply_sync(desks)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_round_trips_are_counted(client, context):
    array = context.zeros((30,))
    array += 1
    with count_round_trips(client) as trips:
        array.sum().item()
    assert 0 < trips.count <= 3 * ENGINES


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"targets": [0, 7]}, ValueError, r"there are no engines \[7\]"),
        ({"targets": []}, ValueError, "at least one engine"),
        ({"targets": [1, 1]}, ValueError, "twice"),
        ({"nengines": 9}, ContextCreationError, "has 3 engines, not 9"),
        ({"nengines": 0}, ValueError, "at least one engine"),
    ],
)
def test_engines_that_there_are_not(client, arguments, error, message):
    with pytest.raises(error, match=message):
        IPythonContext(client, **arguments)


@pytest.mark.parametrize(
    "described",
    [
        [("", 1, 0), ("", 1, 0)],
        [("a", 2, 0), ("b", 2, 1)],
        [("a", 2, 0), ("a", 3, 1)],
    ],
)
def test_engines_that_are_no_mpi_processes_together(described):
    with pytest.raises(ContextCreationError, match=r"dacluster start.*engines='mpi'"):
        _ranks([0, 1], described)


def test_an_engine_of_another_version(client):
    from distarray.globalapi._attendance import Describe

    task = Describe()
    assert client[0].apply_sync(task)[1:] == (ENGINES, 0)
    task.greeting = "distarray 0.0.1"
    with pytest.raises(ipyparallel.RemoteError, match=r"do not fit together.*0\.0\.1"):
        client[0].apply_sync(task)


def test_no_cluster(tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    with pytest.raises(ContextCreationError, match=r"no ipyparallel cluster.*dacluster start -n 4"):
        Context(kind="ipython")


def test_engines_that_are_busy(client, monkeypatch):
    monkeypatch.setenv("DISTARRAY_TIMEOUT", "0.3")
    busy = client[1].apply_async(time.sleep, 1)
    with pytest.raises(ContextCreationError, match=r"have not answered for 0.3 seconds"):
        IPythonContext(client, targets=[1])
    busy.get(TIME_LIMIT)


PRINTING = """
import distarray as da
context = da.Context(kind="ipython")
context.apply(lambda comm: print("hello", comm.Get_rank()), (context.comm,))
"""


def test_what_functions_print(cluster):
    lines = [line.strip() for line in run(cluster, PRINTING).splitlines()]
    assert sorted(lines) == [
        *(f"[stdout:{n}]" for n in range(3)),
        *(f"hello {n}" for n in range(3)),
    ]


INTERRUPTED = """
import os, signal, threading, time
import distarray as da
context = da.Context(kind="ipython")
waiting = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT))

def forever(comm):
    if comm.Get_rank() > 0:
        comm.barrier()
    while True:
        time.sleep(0.01)

start = time.monotonic()
waiting.start()
try:
    context.apply(forever, (context.comm,))
except KeyboardInterrupt:
    print("interrupted", time.monotonic() - start < 20)
print(context.apply(lambda: 1), context.ones((4,)).sum().item())
"""


def test_a_function_is_interrupted(cluster):
    assert run(cluster, INTERRUPTED).splitlines() == ["interrupted True", "[1, 1, 1] 4.0"]


def test_a_client_is_closed(cluster, client):
    with ipyparallel.Client(ipython_dir=str(cluster.folder), timeout=TIME_LIMIT) as other:
        other.wait_for_engines(ENGINES, timeout=TIME_LIMIT, interactive=False)
        context = IPythonContext(other)
        array = context.ones((4,))
        array += 1
        assert array.sum() == 8
    with pytest.raises(CommunicationError, match="the ipyparallel client of the context is closed"):
        array.sum().item()
    context.close()
    assert client[:].apply_sync(lambda: 1) == [1] * ENGINES


def test_a_notebook(cluster):
    from distarray.tests.notebooks import execute

    printed = execute("features.ipynb", cluster.environment | {"DISTARRAY_CONTEXT": "ipython"})
    assert "IPythonContext: engines [0, 1, 2]" in printed


def test_clear(cluster, client):
    context = IPythonContext(client)
    array = context.ones((4,)) + 1
    assert array.sum() == 8
    cleared = cluster.dacluster("clear")
    assert cleared.stdout == f"{ENGINES} engines have forgotten DistArray.\n", cleared.stderr

    # (A function of this module would bring the package back.)
    loaded = "[name for name in __import__('sys').modules if name.startswith('distarray')]"
    assert client[:].apply_sync(eval, loaded) == [[]] * ENGINES
    with pytest.raises(CommunicationError, match="make a new context"):
        array.sum().item()
    del array, context
    gc.collect()
    with IPythonContext(client) as context:
        assert context.ones((4,)).sum() == 4


def test_start_twice(cluster):
    again = cluster.dacluster("start", "-n", "2")
    assert (again.returncode, again.stdout) == (10, "")
    assert again.stderr.startswith("dacluster: a cluster is running already; `dacluster stop`")


def test_an_engine_is_killed(cluster, client):
    context = IPythonContext(client)
    array = context.ones((6,))
    array += 1
    pids = client[:].apply_sync(os.getpid)
    start = time.monotonic()
    os.kill(pids[1], signal.SIGKILL)
    with pytest.raises(CommunicationError, match=r"engine .*(died|left)"):
        [array.sum().item() for _ in range(1_000_000)]
    assert time.monotonic() - start < 40
    context.close()


def test_restart_and_stop(cluster):
    restarted = cluster.dacluster("restart", "-n", "2")
    assert restarted.returncode == 0, restarted.stdout + restarted.stderr
    assert restarted.stdout.splitlines()[-1] == "2 engines are running."
    program = "import distarray as da; print(da.Context(kind='ip').ones((5,)).sum().item())"
    assert run(cluster, program) == "5.0\n"
    stopped = cluster.dacluster("stop")
    assert (stopped.returncode, stopped.stdout) == (0, "The cluster has stopped.\n"), stopped.stderr
    assert cluster.is_gone(10)
    again = cluster.dacluster("stop")
    assert (again.returncode, again.stderr) == (11, "dacluster: no cluster is running\n")


def test_commands_of_ipcluster(tmp_path):
    listed = Cluster(tmp_path).dacluster("list")
    assert listed.returncode == 0
    assert "CLUSTER ID" in listed.stdout
