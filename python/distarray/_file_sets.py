"""Files of several engines that take the place of others together.

Each file can be renamed at once, but not several of them. So what is to be renamed is written down
first: when all of the new files are complete, a *record* of them is made, and from then on the new
ones are what counts. Whoever comes upon the record of a program that was killed (the next to load
or save any of the files) does what is left to be done.

Beside each file lies a *note* meanwhile, which says where the record will be. A note without a
record means nothing: the files were never complete, and the old ones count.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distarray import _core
from distarray._replacing import replacing, sync_path

if TYPE_CHECKING:
    FilePath = str | os.PathLike[str]

__all__ = ["replace_together", "settle"]

#: So many characters of a file's name are part of that of its note.
_KEPT_NAME = 40


def replace_together(comm: Any, path: FilePath, write: Callable[[str], None]) -> None:
    """Have a file of each engine take the place of another; all engines of a group call this.

    Parameters
    ----------
    comm : communicator
        The engines.
    path : str or path
        The file of this engine that is to be replaced, or made.
    write : callable
        Writes the new file, whose name it is given, and syncs it to the disk.

    Raises
    ------
    Exception
        What failed here, or `PeerFailedError`. Either all of the old files are as they were, or,
        where a complete file couldn't get its name, the next load or save tries that again.
    """
    from distarray.localapi.local_array.agreement import PeerFailedError, agreed

    name = os.fspath(path)
    if comm.Get_size() == 1:
        settle(name)
        with replacing(name) as temporary:
            write(temporary)
        return
    is_first = comm.Get_rank() == 0
    started: list[str] = []

    def begin() -> str:
        settle(name)
        started.append(_core.begin_replacement(name))
        # Engines may have different working directories.
        return os.path.realpath(started[0])

    def complete() -> None:
        write(started[0])
        _write_note(name, record)

    try:
        first = comm.bcast(agreed(comm, begin), root=0)
        record = f"{first.removesuffix('.part')}.set"
        agreed(comm, complete)
    except BaseException:
        _forget(name, started)
        raise
    try:
        files = comm.allgather((os.path.realpath(started[0]), os.path.realpath(name)))
        agreed(comm, lambda: _write_record(record, name, files) if is_first else None)
    except BaseException as error:
        # Who has not heard of the first engine doesn't know whether there is a record, and a file
        # that it names must stay; if there is none, the next save removes it, once this process
        # has ended.
        if isinstance(error, PeerFailedError) or (is_first and not Path(record).exists()):
            _forget(name, started)
        raise
    agreed(comm, lambda: _rename(started[0], name))
    if is_first:
        _remove(record)
    _remove(_note(name))


def settle(path: FilePath) -> None:
    """Give a file, and those that belong to it, their names, if a program was killed amid that.

    Parameters
    ----------
    path : str or path
        The file.

    Raises
    ------
    OSError
        If that can't be done.
    """
    note = _note(path)
    try:
        record = note.parent / note.read_text(encoding="utf-8")
        names = json.loads(record.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return
    files = [[record.parent / name for name in pair] for pair in names]
    for temporary, target in files:
        # Those that are gone have been renamed.
        if temporary.exists():
            _rename(temporary, target)
    _remove(record)
    for _, target in files:
        _remove(_note(target))


def _note(path: FilePath) -> Path:
    """Return the name of the note for a file."""
    target = Path(os.path.realpath(path))
    # Names have a greatest length, and different ones have different notes.
    mark = hashlib.blake2b(os.fsencode(target.name), digest_size=6).hexdigest()
    return target.with_name(f".{target.name[:_KEPT_NAME]}.{mark}.set")


def _write_note(path: FilePath, record: str) -> None:
    note = _note(path)
    with note.open("w", encoding="utf-8") as file:
        # Relative, because folders may be moved.
        file.write(os.path.relpath(record, note.parent))
        file.flush()
        os.fsync(file.fileno())
    with suppress(OSError):  # some file systems have no such thing
        sync_path(note.parent)


def _write_record(record: str, path: FilePath, files: Iterable[tuple[str, str]]) -> None:
    folder = Path(record).parent
    names = [[os.path.relpath(name, folder) for name in pair] for pair in files]
    temporary = _core.begin_replacement(path)
    try:
        Path(temporary).write_text(json.dumps(names), encoding="utf-8")
        _core.finish_replacement(temporary, record)
    except BaseException:
        _core.discard_replacement(temporary)
        _remove(record)
        raise


def _rename(temporary: FilePath, path: FilePath) -> None:
    """Give a complete file its name, unless somebody has done so."""
    try:
        _core.finish_replacement(temporary, path)
    except FileNotFoundError:
        if Path(temporary).exists():
            raise
        _core.discard_replacement(temporary)


def _forget(path: FilePath, started: Iterable[str]) -> None:
    """Remove what there is of a file that is not to be."""
    for temporary in started:
        _core.discard_replacement(temporary)
        _remove(_note(path))


def _remove(path: FilePath) -> None:
    """Remove a file that is of no use any more; one that can't be removed does no harm."""
    with suppress(OSError):
        Path(path).unlink()
