"""Folders that take another's place at once, when they are complete.

What is to be there is written to a folder beside it, the name of which begins with a dot. It takes
the place in one step: whenever the program or the machine stops, what was there is there as it was,
or what is to be there, whole. A folder that was left unfinished is removed when the next one for
the same place is begun; those that another program is writing are locked.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from distarray import _core
from distarray._replacing import sync_path
from distarray.utils import uid

__all__ = ["begin", "commit", "give_up", "sync"]

_SUFFIX = ".partial"

# From Linux's <fcntl.h> and <linux/fs.h>.
_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def begin(target: Path) -> tuple[Path, int]:
    """Make the folder that is to take a place.

    Parameters
    ----------
    target : Path
        The place; its parent is there.

    Returns
    -------
    folder : Path
        The folder.
    lock : int
        A file descriptor, which is to stay open as long as the folder is written to.
    """
    beginning = f".{target.name}."
    for left in target.parent.iterdir():
        if left.name.startswith(beginning) and left.name.endswith(_SUFFIX):
            _remove_if_left(left)
    while True:
        folder = target.parent / f"{beginning}{uid().removeprefix('__distarray___')}{_SUFFIX}"
        folder.mkdir()
        if (lock := _locked(folder)) is not None:
            return folder, lock


def commit(folder: Path, target: Path) -> None:
    """Have a complete folder take its place; what was there is removed."""
    if target.exists():
        _exchange(folder, target)
        give_up(folder)
    else:
        folder.rename(target)
    sync_path(target.parent)


def give_up(folder: Path) -> None:
    """Remove a folder that is not to take a place, or has lost it."""
    with suppress(OSError):  # the next one for this place removes what is left
        _core.remove_folder(folder)


def sync(folder: Path, part: int = 0, parts: int = 1) -> None:
    """Have the system write down files of a folder, every so many-th, and the folders in it."""
    for number, (root, _, names) in enumerate(os.walk(folder)):
        for place, name in enumerate(sorted(names)):
            if (number + place) % parts == part:
                sync_path(Path(root, name))
        if part == 0:
            sync_path(Path(root))


def _locked(folder: Path) -> int | None:
    """Lock a new folder, until the file of this descriptor is closed, however the process ends.

    Gives None if somebody took it for left behind before it was locked.
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return None
    is_taken = False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        is_taken = True
    except OSError:
        pass  # some file systems of networks have no locks
    if is_taken or os.fstat(descriptor).st_nlink == 0:
        os.close(descriptor)
        return None
    return descriptor


def _remove_if_left(folder: Path) -> None:
    """Remove a folder that nobody writes to any more."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return
    else:
        give_up(folder)
    finally:
        os.close(descriptor)


def _exchange(one: Path, other: Path) -> None:
    """Give two folders each other's names, in one step where the file system can."""
    paths: Sequence[bytes] = (os.fsencode(one), os.fsencode(other))
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is not None:
        if rename(_AT_FDCWD, paths[0], _AT_FDCWD, paths[1], _RENAME_EXCHANGE) == 0:
            return
        number = ctypes.get_errno()
        if number not in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
            raise OSError(number, os.strerror(number), str(other))
    # Two steps: for a moment there is nothing in this place, but what was there is beside it.
    old = one.with_name(f"{one.name}.old")
    other.rename(old)
    try:
        one.rename(other)
    except BaseException:
        old.rename(other)
        raise
    old.rename(one)
