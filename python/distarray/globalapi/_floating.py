"""Floating-point exceptions, reported as ``numpy.errstate`` says."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "DIVIDE",
    "INVALID",
    "OVERFLOW",
    "UNDERFLOW",
    "Recorder",
    "note",
    "report",
    "report_later",
    "warn",
]

# The bits that the core returns.
DIVIDE = 1
OVERFLOW = 2
UNDERFLOW = 4
INVALID = 8

# NumPy's key in errstate and its words.
_KINDS = (
    (DIVIDE, "divide", "divide by zero"),
    (OVERFLOW, "over", "overflow"),
    (UNDERFLOW, "under", "underflow"),
    (INVALID, "invalid", "invalid value"),
)
_BITS = {words: bit for bit, _, words in _KINDS}

# What `numpy.errstate` said when a note of it was last taken. It hardly ever changes, and comparing
# it is quicker than looking through it.
_quiet_modes: Mapping[str, Any] = {}

_PACKAGE = str(Path(__file__).parents[1])
_TESTS = str(Path(_PACKAGE, "tests"))


def report(flags: int, name: str) -> None:
    """Report floating-point exceptions as NumPy would.

    Parameters
    ----------
    flags : int
        The exceptions, as bits.
    name : str
        The operation, as NumPy calls it in its messages.

    Raises
    ------
    FloatingPointError
        When ``numpy.errstate`` asks for that.
    """
    modes = np.geterr()
    for bit, key, words in _KINDS:
        if flags & bit:
            mode = modes[key]  # type: ignore[literal-required]
            _report_one(mode, flags, words, f"{words} encountered in {name}")


def note(name: str) -> tuple[str, Mapping[str, Any]] | None:
    """Return what is to be known when an operation that is carried out later meets exceptions.

    Parameters
    ----------
    name : str
        The operation, as NumPy calls it in its messages.

    Returns
    -------
    tuple or None
        The name, and what ``numpy.errstate`` says now; None if it asks for more than a warning, so
        that the operation has to be carried out at once.
    """
    global _quiet_modes
    modes = np.geterr()
    if modes != _quiet_modes:
        if any(mode not in ("warn", "ignore") for mode in modes.values()):
            return None
        _quiet_modes = modes
    return name, _quiet_modes


def report_later(flags: int, noted: tuple[str, Mapping[str, Any]]) -> None:
    """Report floating-point exceptions as ``numpy.errstate`` said when :func:`note` was called."""
    name, modes = noted
    with np.errstate(**modes):
        report(flags, name)


def _report_one(mode: str, flags: int, words: str, message: str) -> None:
    match mode:
        case "warn":
            warn(message, RuntimeWarning)
        case "raise":
            raise FloatingPointError(message)
        case "call":
            handler = np.geterrcall()
            if callable(handler):
                handler(words, flags)
        case "print":
            sys.stderr.write(f"Warning: {message}\n")
        case "log":
            handler = np.geterrcall()
            if handler is not None and not callable(handler):
                handler.write(f"Warning: {message}\n")


def warn(message: str, category: type[Warning]) -> None:
    """Warn at the line of the user's that called into the package."""
    level = 2
    frame = sys._getframe(1)
    while frame.f_back is not None and _is_ours(frame.f_code.co_filename):
        frame = frame.f_back
        level += 1
    warnings.warn(message, category, stacklevel=level)


def _is_ours(filename: str) -> bool:
    return filename.startswith(_PACKAGE) and not filename.startswith(_TESTS)


class Recorder:
    """Collects the floating-point exceptions that NumPy meets on an engine.

    Examples
    --------
    >>> recorder = Recorder()
    >>> with recorder:
    ...     result = np.array(1.0) / 0
    >>> recorder.flags == DIVIDE
    True
    """

    def __init__(self) -> None:
        self.flags = 0
        self._state = np.errstate(all="call", call=self._record)

    def _record(self, words: str, _flag: int) -> None:
        self.flags |= _BITS.get(words, 0)

    def __enter__(self) -> None:
        self._state.__enter__()

    def __exit__(self, *_exception: object) -> None:
        self._state.__exit__(*_exception)  # type: ignore[arg-type]
