"""What all tests of the package share."""

import os
import signal
import tempfile
from pathlib import Path

import hypothesis
import pytest

from distarray.globalapi import _pool
from distarray.tests.oracle import context_of
from distarray.tests.shipping import ship

KIND = os.environ.get("DISTARRAY_CONTEXT", "threads")

# Processes that all run the tests have to draw the same examples, and share the cores and files of
# this machine.
hypothesis.settings.register_profile(
    "spmd", derandomize=True, database=None, deadline=None, max_examples=25
)
if KIND == "spmd":
    hypothesis.settings.load_profile("spmd")


def pytest_configure(config) -> None:
    """Prepare this process for the tests."""
    # Shells have what they start in the background ignore Ctrl-C, which children inherit.
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # Every process removes folders of its own alone, where several run the tests.
    if KIND == "spmd":
        folder = tempfile.TemporaryDirectory(prefix="distarray-tests-")
        config.option.basetemp = folder.name
        config.add_cleanup(folder.cleanup)


@pytest.fixture(autouse=True, scope="session")
def engines_of_their_own() -> None:
    """Have small arrays take the path of large ones, where the environment asks for it.

    One thread works on small arrays for all engines, at once. ``DISTARRAY_INLINE_BYTES=0`` has
    every engine use its own, and operations wait until somebody needs their elements.
    """
    if text := os.environ.get("DISTARRAY_INLINE_BYTES"):
        _pool.engines(1).set_inline_bytes(int(text))


@pytest.fixture(autouse=True)
def as_if_elsewhere(request, monkeypatch) -> None:
    """Have engines get functions and give results as bytes, where the environment asks for it."""
    is_shipped = bool(os.environ.get("DISTARRAY_SHIP"))
    if (is_shipped or KIND != "threads") and request.node.get_closest_marker("in_process"):
        pytest.skip("objects are shared by engines that are threads alone")
    if KIND == "spmd" and request.node.get_closest_marker("one_program"):
        pytest.skip("all processes would do this")
    if is_shipped:
        ship(monkeypatch)


@pytest.fixture
def tmp_path(tmp_path):
    """An empty folder, the same one for all processes that run the tests."""
    if KIND != "spmd":
        return tmp_path
    return Path(context_of(1)._once(lambda: str(tmp_path)))
