"""Limits on memory: what they are, and arrays that lie in scratch files because of one."""

import gc
from pathlib import Path

import numpy as np
import pytest

from distarray import _core
from distarray.error import ContextCreationError
from distarray.globalapi.context import Context
from distarray.globalapi.contexts.limits import bytes_of
from distarray.globalapi.maps import Distribution
from distarray.tests.programs import running

MEGABYTE = 10**6

#: Everything that is large enough for memory of its own lies in a scratch file.
NOTHING = 1


# ---- What a limit is ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("4GB", 4 * 10**9),
        ("4 GiB", 2**32),
        ("1.5k", 1500),
        (".5MB", 500_000),
        ("700", 700),
        ("3 tb", 3 * 10**12),
        (12, 12),
        (1e6, 10**6),
        (np.int64(5), 5),
    ],
)
def test_a_limit_is_a_number_of_bytes_or_a_text(text, size):
    assert bytes_of(text) == size


@pytest.mark.parametrize("limit", [0, -1, "0", "0 MB", "x", "4 XB", "-4GB", "", 0.0])
def test_other_limits_are_refused(limit):
    with pytest.raises(ValueError, match=r"memory_limit is .*expected"):
        Context(memory_limit=limit)


@pytest.mark.parametrize("limit", [1.5, [4], object()])
def test_what_is_no_number_is_refused(limit):
    with pytest.raises(TypeError, match=r"memory_limit is .*expected"):
        Context(memory_limit=limit)


def test_a_context_says_its_limit():
    with Context(nengines=1, memory_limit="4GB") as context:
        assert context.memory_limit == 4 * 10**9
        assert "4.0 GB at most" in repr(context)
    assert Context(nengines=1).memory_limit is None


def test_the_environment_has_a_default(monkeypatch):
    monkeypatch.setenv("DISTARRAY_MEMORY_LIMIT", "3GB")
    with Context(nengines=1) as context:
        assert context.memory_limit == 3 * 10**9
    monkeypatch.setenv("DISTARRAY_MEMORY_LIMIT", "three")
    with pytest.raises(ContextCreationError, match="DISTARRAY_MEMORY_LIMIT is 'three'"):
        Context(nengines=1)


def limits(context):
    """Return the limits in force in this process, and on the engines of a context."""

    def in_force():
        return distarray._core.MemoryLimit.in_force()  # noqa: F821 (functions on engines have it)

    return {_core.MemoryLimit.in_force(), *context.apply(in_force)}


def test_a_limit_holds_everywhere_until_its_context_is_closed_or_gone():
    other = Context(nengines=2)
    assert limits(other) == {None}
    with Context(nengines=2, memory_limit="8GB"):
        assert limits(other) == {8 * 10**9}
        inner = Context(nengines=2, memory_limit="2GB")
        assert limits(other) == {2 * 10**9}
        inner.cleanup()
        assert limits(other) == {2 * 10**9}
        del inner
        gc.collect()
        assert limits(other) == {8 * 10**9}
    assert limits(other) == {None}


# ---- Arrays in scratch files -------------------------------------------------------------------


def scratch(context):
    """Return how many bytes of scratch files the context's processes have."""

    def in_use():
        return distarray._core.memory_in_use()[1]  # noqa: F821 (functions on engines have it)

    return max(_core.memory_in_use()[1], *context.apply(in_use))


@pytest.mark.parametrize(
    ("engines", "dist"), [(1, "bn"), (2, "nb"), (3, "bb"), (4, "cn"), (7, "nc"), (2, "cb")]
)
def test_arrays_in_files_have_the_bits_of_those_in_memory(engines, dist):
    shape = (900, 800)
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=shape), rng.normal(size=shape)

    def results(context):
        """Yield what computations give, one after the other."""
        a = context.fromarray(x, Distribution(context, shape, dist=dist))
        b = context.fromarray(y, Distribution(context, shape, dist=dist))
        yield (a * b + 1).toarray()
        yield ((a - a.mean(axis=0)) / a.std(axis=0)).toarray()
        yield a.max(axis=1).toarray()
        yield b.argmin(axis=0).toarray()
        yield a.sum()
        yield b.var()
        yield a.T.copy().toarray()
        yield a.distribute_as(Distribution(context, shape, dist=dist[::-1])).toarray()
        yield (a[3:700:2, ::-3] + 1).toarray()
        yield np.cumsum(a, axis=0).toarray()
        yield np.cumsum(b, axis=1).toarray()
        a[5:900] = 7
        b += a
        yield b.toarray()
        yield context.full(shape, 3, dtype=np.int16).astype(np.float32).toarray()

    expected = list(results(Context(nengines=engines)))
    # A limit is one of the process.
    with Context(nengines=engines, memory_limit=NOTHING) as bound:
        found = list(results(bound))
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_array_equal(one, other)


def test_scratch_files_go_with_their_arrays():
    with Context(nengines=2, memory_limit=NOTHING) as context:
        a = context.fromarray(np.arange(1 << 19, dtype=np.float64))
        assert scratch(context) >= 2 << 20
        b = (a + 1).distribute_as(Distribution(context, a.shape, dist="c"))
        assert b.toarray()[-1] == 1 << 19
        assert scratch(context) >= 4 << 20
        del a, b
        assert scratch(context) == 0


def test_local_views_of_scratch_files_can_be_written():
    with Context(nengines=2, memory_limit=NOTHING) as context:
        a = context.fromarray(np.zeros(1 << 18))

        def double(local):
            local.ndarray[:] = np.arange(len(local.ndarray)) * 2

        context.apply(double, (a,))
        assert a.max() == 2 * ((1 << 17) - 1)


@pytest.mark.in_process
def test_where_there_is_no_scratch_file_it_is_said(monkeypatch, tmp_path):
    with Context(nengines=2, memory_limit=NOTHING) as context:
        monkeypatch.setenv("DISTARRAY_SCRATCH", str(tmp_path / "missing"))
        with pytest.raises(
            MemoryError, match=r"(?s)unable to allocate .* limit of 1 .*missing: No"
        ):
            context.fromarray(np.zeros(1 << 20))
        monkeypatch.setenv("DISTARRAY_SCRATCH", str(tmp_path))
        assert context.fromarray(np.ones(1 << 20)).sum() == 1 << 20
        assert list(tmp_path.iterdir()) == []


@pytest.mark.one_program
def test_a_full_disk_is_an_error_before_anything_is_written():
    text = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (4 << 20, 4 << 20))
context = Context(nengines=2, kind="threads", memory_limit=1)
a = context.fromarray(np.ones(1 << 19))
try:
    context.fromarray(np.ones(1 << 21))
except MemoryError as error:
    say(error)
say(float(a.sum()))
"""
    with running(text) as program:
        said, _ = program.finish()
    assert "File too large" in said
    assert said.split()[-1] == "524288.0"


@pytest.mark.one_program
def test_a_killed_program_leaves_nothing(monkeypatch, tmp_path):
    monkeypatch.setenv("DISTARRAY_SCRATCH", str(tmp_path))
    text = """
context = Context(nengines=2, kind="threads", memory_limit=1)
a = context.fromarray(np.ones(1 << 20))
say("ready")
time.sleep(60)
"""
    with running(text) as program:
        program.wait_for("ready")
        program.kill()
        program.process.wait()
    assert list(tmp_path.iterdir()) == []


# ---- Four times the limit ----------------------------------------------------------------------

PEAK = """
import gc
from distarray.globalapi.random import Random
from distarray.globalapi.maps import Distribution

def peak():
    # What is in memory, the pages of scratch files among it.
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))

LIMIT = 128_000_000
shape = (8192, 8192)
assert 8 * 8192 * 8192 > 4 * LIMIT
context = Context(nengines={engines}, kind="threads", memory_limit=LIMIT)
x = Random(context).rand(shape)
total, mean, deviation = x.sum(), x.mean(axis=0), x.std(axis=0)
say(peak())
z = (x - mean) / deviation
say(z.max() < 2, peak())
other = z.distribute_as(Distribution(context, shape, dist="nb"))
say(peak())
del z
# Afterwards: NumPy has memory of its own.
sums, squares = np.zeros(8192), np.zeros(8192)
for row in range(0, 8192, 512):
    piece = x[row : row + 512].toarray()
    sums += piece.sum(axis=0)
    squares += ((piece - mean.toarray()) ** 2).sum(axis=0)
    expected = (piece - mean.toarray()) / deviation.toarray()
    assert np.array_equal(other[row : row + 512].toarray(), expected)
assert np.allclose(mean.toarray(), sums / 8192, rtol=1e-13)
assert np.allclose(deviation.toarray(), np.sqrt(squares / 8192), rtol=1e-13)
assert np.isclose(float(total), sums.sum(), rtol=1e-13)
"""


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="this system doesn't tell")
@pytest.mark.parametrize("engines", [1, 2, 4])
@pytest.mark.processes
@pytest.mark.one_program
def test_what_is_four_times_the_limit_stays_within_it(engines):
    with running(PEAK.format(engines=engines)) as program:
        said, _ = program.finish()
    words = said.split()
    assert words[1] == "True"
    assert max(int(words[place]) for place in (0, 2, 3)) <= 128 * MEGABYTE, said


# ---- What explain() says -----------------------------------------------------------------------


def sentence(array, capsys):
    """Return what an expression will do about the limit."""
    array.explain()
    return capsys.readouterr().out.strip().splitlines()[-1]


@pytest.mark.parametrize("engines", [1, 3])
def test_what_will_go_to_files_is_said(engines, capsys):
    shape = (600, 500)
    with Context(nengines=engines, memory_limit=NOTHING, deferred=True) as context:
        a = context.fromarray(np.ones(shape))
        assert "writes 2.4 MB of it to scratch files" in sentence(a + 1, capsys)
        assert "the limit is 1 byte" in sentence(a + 1, capsys)
    with Context(nengines=engines, memory_limit="100GB", deferred=True) as context:
        a = context.fromarray(np.ones(shape))
        assert "writes none of it to scratch files" in sentence(a + 1, capsys)
    a = Context(nengines=engines, deferred=True).fromarray(np.ones(shape))
    assert "limit" not in sentence(a + 1, capsys)


PREDICTED = """
from distarray.globalapi._deferred import explanation
from distarray.globalapi.random import Random

def peak():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))

context = Context(nengines=2, kind="threads", memory_limit={limit!r}, deferred=True)
x = da.evaluate(Random(context).rand((4096, 4096)))
y = 2 * x + 1
words = explanation(y).replace(",", "").split()
say(float(words[words.index("up") + 2]))
da.evaluate(y)
say(peak() / 1e6)
"""


@pytest.mark.one_program
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="this system doesn't tell")
@pytest.mark.parametrize(("limit", "least"), [("4GB", 0.9), ("150MB", 0.6)])
def test_the_peak_is_predicted(limit, least):
    with running("import distarray as da\n" + PREDICTED.format(limit=limit)) as program:
        said, _ = program.finish()
    predicted, measured = map(float, said.split())
    assert least * predicted < measured < predicted + 10, said
