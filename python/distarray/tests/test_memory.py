"""How much memory computations take, seen from outside: in interpreters of their own."""

import sys
from pathlib import Path

import pytest

from distarray.tests.programs import running

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or not Path("/proc/self/clear_refs").exists(),
    reason="this system doesn't tell",
)

MEGABYTE = 1 << 20

#: Arrays of 80 MB, and what the process has.
BEGINNING = """
from pathlib import Path
import distarray as da

def memory(field):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))

context = Context(nengines={engines}, deferred=True)
a, b = context.ones(10_000_000), context.ones(10_000_000)
float((a[:1000] + b[:1000]).sum())
time.sleep(1)
before = memory("VmRSS")
Path("/proc/self/clear_refs").write_text("5")
"""


def run(text: str, engines: int) -> list[int]:
    """Return the numbers that a program says, in the order in which it says them."""
    with running(BEGINNING.format(engines=engines) + text) as program:
        said, _ = program.finish()
    return [int(word) for word in said.split()]


@pytest.mark.parametrize("engines", [1, 2])
def test_a_chain_of_operations_takes_its_inputs_and_its_result(engines):
    text = """
c = da.evaluate(2 * a + 3 * b - a * b + 1)
say(memory("VmHWM") - before)
total = float(((a - b) ** 2).sum())
say(memory("VmHWM") - before)
"""
    chain, reduction = run(text, engines)
    assert chain < 80e6 + 64 * MEGABYTE
    assert reduction < 80e6 + 64 * MEGABYTE


def test_memory_of_what_is_gone_is_given_back():
    text = """
c = (a + b).toarray()
del c
deadline = time.monotonic() + 30
while memory("VmRSS") > before + 20_000_000 and time.monotonic() < deadline:
    time.sleep(0.05)
say(memory("VmRSS") - before)
"""
    (rest,) = run(text, 2)
    assert rest < 20 * MEGABYTE
