"""What all tests of the package share."""

import os

import pytest

from distarray.globalapi import _pool


@pytest.fixture(autouse=True, scope="session")
def engines_of_their_own() -> None:
    """Have small arrays take the path of large ones, where the environment asks for it.

    One thread works on small arrays for all engines, at once. ``DISTARRAY_INLINE_BYTES=0`` has
    every engine use its own, and operations wait until somebody needs their elements.
    """
    if text := os.environ.get("DISTARRAY_INLINE_BYTES"):
        _pool.engines(1).set_inline_bytes(int(text))
