"""The engine that a function runs on.

Engines that are threads share all modules, so what belongs to one engine can't be a module's
attribute, as it would be in a process of its own. It is kept here, and found through the thread
that asks.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import numpy as np

from distarray._core import in_process_group
from distarray.localapi.messaging.intracomm import Intracomm

if TYPE_CHECKING:
    from distarray.localapi.proxyize import Proxyize


class Engine:
    """What belongs to one engine.

    Parameters
    ----------
    comm : communicator
        The group of all engines, as seen from this one.
    objects : dict, optional
        The objects that are known by name on this engine.

    Attributes
    ----------
    comm : communicator
    objects : dict
    returned : dict
        LocalArrays that functions have returned, until the client says what becomes of them.
    random : numpy.random.RandomState or None
        The state of this engine's random numbers, if it has one of its own.
    proxyize : Proxyize or None
        What keeps objects here for the client, while a function of the client's runs.
    """

    def __init__(self, comm: Any, objects: dict[str, Any] | None = None) -> None:
        self.comm = comm
        self.objects: dict[str, Any] = {} if objects is None else objects
        self.returned: dict[int, Any] = {}
        self.random: np.random.RandomState | None = None
        self.proxyize: Proxyize | None = None


_current: ContextVar[Engine | None] = ContextVar("distarray_engine", default=None)


def is_engine() -> bool:
    """Return whether this thread runs on an engine."""
    return _current.get() is not None


def current() -> Engine:
    """Return the engine that this thread runs on.

    A thread that runs on none is an engine by itself, the only one of its group.

    Examples
    --------
    >>> current().comm.size
    1
    """
    engine = _current.get()
    if engine is None:
        engine = Engine(Intracomm(in_process_group(1)[0]))
        _current.set(engine)
    return engine


@contextmanager
def running_on(engine: Engine) -> Iterator[Engine]:
    """Run the body of a ``with`` statement on an engine.

    Examples
    --------
    >>> with running_on(Engine(current().comm, {"answer": 42})):
    ...     current().objects["answer"]
    42
    """
    token = _current.set(engine)
    try:
        yield engine
    finally:
        _current.reset(token)
