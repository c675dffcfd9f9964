"""Progress bars for what lasts, on a terminal or in a notebook.

A thread waits in the core until some work has lasted a second, and then draws a bar until it is
over. The core counts what engines of this process do; what other processes do is not counted, and
the bar shows for how long they have been at it.
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from distarray import _core
from distarray.error import ContextCreationError
from distarray.globalapi.contexts.pools import SpmdPool

if TYPE_CHECKING:
    from distarray.globalapi.contexts.base import BaseContext

__all__ = ["advance", "expect", "loading", "saving", "task", "watch"]

#: How many seconds work lasts before there is a bar.
DELAY = 1.0

_COMPUTING = "computing"
_FORMAT_OPEN = "{desc} [{elapsed}]"
_FORMAT = "{desc}: {percentage:3.0f}%|{bar}| [{elapsed}<{remaining}]"
_label = _COMPUTING
_silent: WeakSet[BaseContext] = WeakSet()
_thread: threading.Thread | None = None
_lock = threading.Lock()


def watch(context: BaseContext, progress: bool | None) -> None:
    """Have bars drawn from now on; or none, as long as this context is open.

    Parameters
    ----------
    context : BaseContext
        A new context.
    progress : bool or None
        What the user said; false for no bars.
    """
    text = os.environ.get("DISTARRAY_PROGRESS", "").strip()
    if text not in ("", "0", "1"):
        raise ContextCreationError(f"DISTARRAY_PROGRESS is {text!r}; expected 0 or 1")
    if progress is not None and not progress:
        _silent.add(context)
        return
    is_first = not isinstance(context._pool, SpmdPool) or context._pool.number == 0
    if text != "0" and is_first and _is_seen() and importlib.util.find_spec("tqdm"):
        _start()


@contextmanager
def task(label: str) -> Iterator[None]:
    """Have one bar for all that is done in the body of a ``with`` statement.

    Parameters
    ----------
    label : str
        What is done.
    """
    global _label
    if not _core.begin_progress():
        yield
        return
    _label = label
    try:
        yield
    finally:
        _core.end_progress()
        _label = _COMPUTING


def loading(path: Any) -> AbstractContextManager[None]:
    """Have one bar for loading a file."""
    return task(f"loading {_name(path)}")


def saving(path: Any) -> AbstractContextManager[None]:
    """Have one bar for saving a file."""
    return task(f"saving {_name(path)}")


def _name(path: Any) -> str:
    if isinstance(path, str | os.PathLike):
        return Path(os.fsdecode(path)).name
    return "files" if isinstance(path, Sequence) else "a store"


#: Say that so many bytes are to be read or written, and that so many were.
expect, advance = _core.expect_progress, _core.advance_progress


def _is_seen() -> bool:
    """Return whether somebody looks at what this process writes to the standard error stream."""
    shell = sys.modules.get("IPython")
    if shell is not None and type(shell.get_ipython()).__name__ == "ZMQInteractiveShell":
        return True
    try:
        return bool(sys.stderr is not None and sys.stderr.isatty())
    except ValueError:  # it is closed
        return False


def _start() -> None:
    """Start the thread, unless this process has it."""
    global _thread
    with _lock:
        if _thread is None or not _thread.is_alive():
            _thread = threading.Thread(target=_draw, name="distarray-progress", daemon=True)
            _core.start_progress()
            _thread.start()
            atexit.register(_stop, _thread)


def _stop(thread: threading.Thread) -> None:
    _core.stop_progress()
    if thread.is_alive():
        thread.join(1)


def _draw() -> None:
    try:
        _draw_bars()
    finally:
        # Nobody waits for bars to go that nobody draws.
        _core.stop_progress()


def _draw_bars() -> None:
    bar: Any = None
    is_shown = False
    while True:
        found = _core.watch_progress(is_shown, DELAY)
        if found is None:
            if bar is not None:
                bar.close()
            if not is_shown:
                return
            bar, is_shown = None, False
            continue
        is_shown = True
        if any(not context._closed for context in _silent):
            continue
        seconds, done, expected = found
        if bar is None:
            bar = _new_bar(_label, seconds)
        if bar is None:
            return
        bar.total, bar.bar_format = expected or None, _FORMAT if expected else _FORMAT_OPEN
        bar.n = done
        bar.refresh()


def _new_bar(label: str, seconds: float) -> Any:
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return None

    class Bar(tqdm):  # type: ignore[misc]
        #: It needs no thread of its own that looks whether it moves.
        monitor_interval = 0

    # (The last line is that of a program's own output; the bar goes when the work is over.)
    bar = Bar(total=None, desc=label, leave=False, dynamic_ncols=True, bar_format=_FORMAT_OPEN)
    bar.start_t -= seconds
    return bar
