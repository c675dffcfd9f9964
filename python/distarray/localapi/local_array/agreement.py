"""Steps that engines do with files, each by itself, and that fail on all of them or on none."""

from collections.abc import Callable
from typing import Any, TypeVar

from distarray.error import EngineAbortedError

__all__ = ["PeerFailedError", "agreed"]

T = TypeVar("T")


class PeerFailedError(EngineAbortedError, OSError):
    """Another engine could not do its part with a file."""

    def __str__(self) -> str:
        return f"engine {self.rank} could not do its part: {self.reason}"


def agreed(comm: Any, step: Callable[[], T]) -> T:
    """Do a step on every engine; fail on all of them if it fails on one.

    Parameters
    ----------
    comm : communicator
        The engines, which all call this.
    step : callable
        What each of them does.

    Raises
    ------
    PeerFailedError
        If the step failed on another engine; here, the step's own exception is raised.
    """
    failure: Exception | None = None
    try:
        result = step()
    except Exception as error:
        failure = error
    failures = comm.allgather(None if failure is None else f"{type(failure).__name__}: {failure}")
    if failure is not None:
        raise failure
    for rank, message in enumerate(failures):
        if message is not None:
            raise PeerFailedError(rank, message)
    return result
