"""Files that take the place of others when they are complete."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike, fspath
from typing import TYPE_CHECKING

from distarray import _core

if TYPE_CHECKING:
    from distarray.globalapi.context import BaseContext

__all__ = ["replacing", "replacing_once", "sync_path"]


def sync_path(path: str | PathLike[str]) -> None:
    """Have the system write down a file, or which files a folder has."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def replacing(path: str | PathLike[str], is_new: bool = False) -> Iterator[str]:
    """Have a file take the place of another when the body has written it.

    Parameters
    ----------
    path : str or path
        The file that is to be replaced, or made.
    is_new : bool, optional
        Whether it is an error if there is one.

    Yields
    ------
    str
        The name of an empty file in the same folder, for the body to write. When the body ends it
        is synced to the disk, and renamed; when the body fails it is removed.

    Raises
    ------
    OSError
        If there can't be such a file.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.txt")
    ...     with replacing(path) as temporary:
    ...         written = Path(temporary).write_text("all of it")
    ...         path.exists()
    ...     path.read_text()
    False
    'all of it'
    """
    temporary = _core.begin_replacement(path, is_new)
    try:
        yield temporary
        _core.finish_replacement(temporary, path, is_new)
    except BaseException:
        _core.discard_replacement(temporary)
        raise


@contextmanager
def replacing_once(
    context: BaseContext, path: str | PathLike[str], is_new: bool = False
) -> Iterator[str]:
    """Have a file that engines write take the place of another; see `replacing`.

    Where several processes run the program, one of them makes the file and renames it.
    """
    name = fspath(path)
    temporary = context._once(lambda: _core.begin_replacement(name, is_new))
    try:
        yield temporary
        context._once(lambda: _core.finish_replacement(temporary, name, is_new))
    except BaseException:
        context._once(lambda: _core.discard_replacement(temporary))
        raise
