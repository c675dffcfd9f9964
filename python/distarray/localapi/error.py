"""Exception classes of the local side: what can go wrong on one engine."""

from distarray.error import DistArrayError


class IncompatibleArrayError(DistArrayError, ValueError):
    """Arrays are not distributed in the same way."""


class InvalidBaseCommError(DistArrayError, TypeError):
    """An object that should be a communicator is none."""


class InvalidDimensionError(DistArrayError, IndexError, ValueError):
    """An array has no such dimension."""


class NullCommError(DistArrayError, ValueError):
    """A communicator has no ranks."""
