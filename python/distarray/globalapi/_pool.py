"""The engines of this process: threads, which all contexts share.

They are started when a context first needs them, and end with the process. A child process that was
forked has none of its parent's threads: it starts engines of its own.
"""

from __future__ import annotations

import atexit
import os
import threading
from typing import Any
from weakref import WeakValueDictionary

from distarray import _core
from distarray.error import ContextCreationError
from distarray.localapi.engine import Engine

#: More engines than any machine has cores are a mistake in an argument.
MOST_ENGINES = 4096

#: Whether this process is an engine, and its client another one.
is_elsewhere = False

_lock = threading.Lock()
_engines: _core.Engines | None = None
#: What each engine keeps by name, and its random numbers.
_spaces: dict[int, Engine] = {}
#: The same of this process, where it is an engine itself.
process = Engine(None)
#: Engines of a parent process. They must not be freed here: their threads are not there to end.
_lost: list[Any] = []


def default_count() -> int:
    """Return how many engines a context has if nobody says so.

    That is what the environment variable ``DISTARRAY_NUM_ENGINES`` says, or the number of cores
    that this process may use.
    """
    text = os.environ.get("DISTARRAY_NUM_ENGINES", "").strip()
    if not text:
        if hasattr(os, "sched_getaffinity"):
            return len(os.sched_getaffinity(0))
        return os.cpu_count() or 1
    if not text.isdecimal() or not 1 <= int(text) <= MOST_ENGINES:
        raise ContextCreationError(
            f"DISTARRAY_NUM_ENGINES is {text!r}; expected an integer from 1 to {MOST_ENGINES}"
        )
    return int(text)


def engines(count: int) -> _core.Engines:
    """Return the engines of this process, of which there are at least `count`."""
    global _engines
    with _lock:
        if _engines is None:
            _engines = _core.Engines(count)
        else:
            _engines.ensure(count)
        for number in range(len(_spaces), len(_engines)):
            _spaces[number] = Engine(None)
        return _engines


def become_engine() -> None:
    """Make this process an engine of a client that is another process."""
    global is_elsewhere
    is_elsewhere = True


def is_current(candidate: _core.Engines) -> bool:
    """Return whether these are the engines of this process, and not those of its parent."""
    return candidate is _engines


def space(number: int) -> Engine:
    """Return what an engine that is a thread of this process keeps between calls."""
    return _spaces[number]


def space_of(engine: _core.Engine) -> Engine:
    """Return what an engine keeps between calls: a thread, or this process."""
    return _spaces[engine.number] if engine.is_thread else process


def forget_names(prefix: str) -> None:
    """Have all engines forget the objects whose names begin with a prefix."""
    for engine in (process, *_spaces.values()):
        for name in [name for name in list(engine.objects) if name.startswith(prefix)]:
            engine.objects.pop(name, None)


def forget_name(name: str, targets: list[int] | None = None) -> None:
    """Have engines (all by default) forget the object of a name, if they have one."""
    spaces = (process, *_spaces.values()) if targets is None else map(space, targets)
    for engine in spaces:
        engine.objects.pop(name, None)


#: Who has the engines of contexts in other processes, by the contexts' keys.
owners: WeakValueDictionary[str, Any] = WeakValueDictionary()


def release(name: str) -> None:
    """Have engines forget an object that the last proxy of a name stood for.

    Proxies die anywhere and at any time: engines in other processes hear of it when next asked for
    something.
    """
    # (Names end with the number of the call and that of the object in it.)
    owner = owners.get(name.rsplit("_", 2)[0])
    if owner is None:
        forget_name(name)
    else:
        owner.released.append(name)


def _close() -> None:
    """Have functions that still run on engines end: the interpreter is about to."""
    if _engines is not None:
        _engines.close()


def _start_anew() -> None:
    """Forget the engines of the parent process."""
    global _engines, _lock
    _lock = threading.Lock()
    _lost.append((_engines, dict(_spaces)))
    _spaces.clear()
    _engines = None


atexit.register(_close)
os.register_at_fork(after_in_child=_start_anew)
