"""What all tests of the package share."""

import os

import pytest

from distarray.globalapi import _pool
from distarray.tests.shipping import ship


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
    are_processes = os.environ.get("DISTARRAY_CONTEXT", "threads") != "threads"
    if (is_shipped or are_processes) and request.node.get_closest_marker("in_process"):
        pytest.skip("objects are shared by engines that are threads alone")
    if is_shipped:
        ship(monkeypatch)
