"""Exception classes of DistArray.

Each is also the builtin exception that NumPy or Python would raise in its place, so that code
which catches the builtin keeps working.
"""


class DistArrayError(Exception):
    """Base class of DistArray's own exceptions."""


class ContextError(DistArrayError, ValueError):
    """A unique context can't be found, or arrays of different contexts meet."""


class ContextCreationError(DistArrayError, RuntimeError):
    """A context can't be made: its engines can't be had."""


class DistributionError(DistArrayError, ValueError):
    """Distributions are inconsistent."""


class GridShapeError(DistArrayError, ValueError):
    """No process grid can be made of that many processes for that many axes."""


class InvalidGridShapeError(DistArrayError, ValueError):
    """A process grid doesn't fit the distribution, or needs more processes than there are."""


class MPIDistArrayError(DistArrayError):
    """Base class of errors of communication between engines."""


class InvalidCommSizeError(MPIDistArrayError, ValueError):
    """A communicator of a size that can't be had was asked for."""


class InvalidRankError(MPIDistArrayError, IndexError, ValueError):
    """A rank is not in the communicator."""


class CommunicationError(MPIDistArrayError, RuntimeError):
    """Engines can't go on talking to each other."""


class EngineAbortedError(CommunicationError):
    """Another engine gave up while this one waited for it.

    Attributes
    ----------
    rank : int
        The engine that gave up.
    reason : str
        Why.
    """

    def __init__(self, rank: int, reason: str) -> None:
        super().__init__(rank, reason)
        self.rank = rank
        self.reason = reason

    def __str__(self) -> str:
        return f"engine {self.rank} gave up: {self.reason}"


class CommunicationForbiddenError(CommunicationError):
    """Data would move between engines although the context forbids that."""


class CheckpointError(DistArrayError, OSError):
    """A checkpoint is damaged, of another version, or in use by another program."""


class CommunicationWarning(UserWarning):
    """Data moves between engines, and the context was asked to tell."""
