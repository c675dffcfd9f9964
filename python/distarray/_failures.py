"""How failures on engines reach the user: one readable exception.

One engine that failed gives an exception of the type that was raised there, whose message names
the engine and has its traceback. Several give an exception group of such exceptions.
"""

import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import MemberDescriptorType, TracebackType
from typing import Any

#: The files whose frames tell the user nothing about their own function.
_OWN_FILES = frozenset(str(Path(__file__).parent / "globalapi" / name) for name in ("_call.py",))


# Where an exception from another process has its traceback.
_ELSEWHERE = "__distarray_traceback__"


class EngineFailure:
    """Mixed into the type of an exception that was raised on an engine.

    Attributes
    ----------
    engine : int
        The engine that raised it.
    original : BaseException
        The exception itself, with the frames of the engine.
    """

    engine: int
    original: BaseException
    _text: str

    def __str__(self) -> str:
        return self._text

    def __reduce__(self) -> Any:
        return (_rebuilt, (self.original, self.engine, self._text))


def summary(failures: Sequence[tuple[int, BaseException]], is_own: bool = False) -> BaseException:
    """Make the one exception that tells of all failures.

    Parameters
    ----------
    failures : sequence of (engine, exception)
        What was raised on which engine.
    is_own : bool, optional
        Whether it was an operation of ours that failed, and no function of the user's: what
        engines met is then the same, and one exception stands for all.

    Returns
    -------
    BaseException
        A `KeyboardInterrupt` as it is, if there is one; with one failure, an exception of its
        type; else an exception group. The group is also of the type of its exceptions, if they
        have one type in common that allows it, so that ``except ValueError`` catches a
        `ValueError` on all engines.

    Examples
    --------
    >>> failure = summary([(1, ValueError("no good"))])
    >>> isinstance(failure, ValueError), failure.engine
    (True, 1)
    >>> str(summary([(0, ValueError("no good")), (2, ValueError("no good"))]))
    '2 engines failed: engine 0 and engine 2: ValueError: no good (2 sub-exceptions)'
    """
    for _, exception in failures:
        if isinstance(exception, KeyboardInterrupt):
            return exception
    if is_own:
        engine, exception = failures[0]
        where = _enumeration([f"engine {engine}" for engine, _ in failures])
        return _rebuilt(exception, engine, f"{_text_of(exception)} (on {where})")
    named = [_named(engine, exception) for engine, exception in failures]
    if len(named) == 1:
        return named[0]
    return _group(failures, named)


def packed(exception: BaseException) -> list[Any]:
    """Return an exception of an engine as bytes, for the client in another process.

    Its traceback goes along as text. An exception that can't be sent becomes one of the first of
    its base classes that can.
    """
    from distarray.globalapi import _shipping

    text = _traceback_of(exception)
    for kind in type(exception).__mro__:
        try:
            sent = exception if kind is type(exception) else kind(_text_of(exception))
            parts = _shipping.pack(_Sent(sent, text), to_client=True)
            # It may be writable and not readable.
            _shipping.unpack(parts)
        except Exception:
            continue
        return parts
    return _shipping.pack(_Sent(RuntimeError(_text_of(exception)), text))


class _Sent:
    """An exception on its way from another process."""

    def __init__(self, exception: BaseException, text: str) -> None:
        self.exception = exception
        self.text = text

    def __reduce__(self) -> Any:
        return (_arrived, (self.exception, self.exception.__dict__, self.text))


def _arrived(exception: BaseException, fields: dict[str, Any], text: str) -> BaseException:
    exception.__dict__.update(fields)
    exception.__dict__[_ELSEWHERE] = text
    return exception


def _traceback_of(exception: BaseException) -> str:
    elsewhere = exception.__dict__.pop(_ELSEWHERE, None)
    if elsewhere is not None:
        return str(elsewhere)
    own = _own_frames_removed(exception.__traceback__)
    return "".join(traceback.format_exception(type(exception), exception, own))


def _named(engine: int, exception: BaseException) -> BaseException:
    """Return an exception of the same type whose message names the engine."""
    lines = _traceback_of(exception)
    text = f"{_text_of(exception)}\n\nRaised on engine {engine}:\n{lines}".rstrip()
    return _rebuilt(exception, engine, text.lstrip("\n"))


def _rebuilt(exception: BaseException, engine: int, text: str) -> BaseException:
    try:
        kind = _engine_failure(type(exception))
        named = _copied(kind, exception)
    except Exception:
        # A class that can't be derived from, or made from the arguments of its exceptions.
        named = None
    if named is None or isinstance(exception, SyntaxError):
        # (Python shows a SyntaxError in a way of its own.)
        exception.add_note(text)
        return exception.with_traceback(None)
    named.engine = engine
    named.original = exception
    named._text = text
    made: BaseException = named
    return made


def _copied(kind: Any, exception: BaseException) -> Any:
    copy = kind.__new__(kind, *exception.args)
    # Only the builtin type's own fields depend on the arguments: `OSError.errno`, for one. What the
    # user's class keeps is in the dictionary.
    builtins: list[Any] = [
        base for base in type(exception).__mro__ if base.__module__ == "builtins"
    ]
    builtins[0].__init__(copy, *exception.args)
    copy.args = exception.args
    for base in builtins:
        for name, field in vars(base).items():
            # Some are not among the arguments, such as `ImportError.name` and `OSError.filename`.
            if isinstance(field, MemberDescriptorType) and getattr(exception, name) is not None:
                with suppress(AttributeError, TypeError):
                    setattr(copy, name, getattr(exception, name))
    copy.__dict__.update(exception.__dict__)
    copy.__dict__.pop("__notes__", None)  # they are part of the text
    return copy


def _engine_failure(kind: Any) -> Any:
    """Return the type of exceptions of type `kind` that were raised on an engine."""
    if issubclass(kind, EngineFailure):
        return kind
    names = {
        "__module__": kind.__module__,
        "__qualname__": kind.__qualname__,
        "__doc__": kind.__doc__,
    }
    return type(kind.__name__, (EngineFailure, kind), names)


def _text_of(exception: BaseException) -> str:
    try:
        return str(exception)
    except Exception:
        return repr(exception)


def _own_frames_removed(frames: TracebackType | None) -> TracebackType | None:
    while frames is not None and frames.tb_frame.f_code.co_filename in _OWN_FILES:
        frames = frames.tb_next
    return frames


def _group(
    failures: Sequence[tuple[int, BaseException]], named: list[BaseException]
) -> BaseException:
    engines_by_text: dict[str, list[str]] = {}
    for engine, exception in failures:
        text = f"{type(exception).__name__}: {_text_of(exception)}".removesuffix(": ")
        engines_by_text.setdefault(text, []).append(f"engine {engine}")
    parts = (f"{_enumeration(engines)}: {text}" for text, engines in engines_by_text.items())
    message = f"{len(named)} engines failed: {'; '.join(parts)}"
    kinds = {type(exception) for _, exception in failures}
    if len(kinds) == 1 and issubclass(kind := kinds.pop(), Exception):
        try:
            group: BaseException = _group_of(kind)(message, named)
            group.__dict__.update(failures[0][1].__dict__)
            group.__dict__.pop("__notes__", None)
        except TypeError:
            # Types with fields of their own, such as OSError, don't mix with groups.
            pass
        else:
            return group
    return BaseExceptionGroup(message, named)


def _enumeration(words: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def _group_of(kind: Any) -> Any:
    """Return the type of groups that are also of type `kind`."""
    if issubclass(kind, BaseExceptionGroup):
        raise TypeError("a group of groups is a plain group")
    return type(f"{kind.__name__}Group", (ExceptionGroup, kind), {"__module__": kind.__module__})
