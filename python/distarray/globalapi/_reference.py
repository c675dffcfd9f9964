"""What stands for an array on engines that are other processes."""

from __future__ import annotations

from typing import Any

from distarray import _core


class Reference:
    """What an engine needs to know of an array to find its piece.

    Parameters
    ----------
    id : int
        The name of the array on the engines.
    distribution : _core.Distribution
        Its layout.
    """

    __slots__ = ("distribution", "id")

    def __init__(self, id: int, distribution: _core.Distribution) -> None:
        self.id = id
        self.distribution = distribution

    def __reduce__(self) -> Any:
        return (Reference, (self.id, self.distribution))
