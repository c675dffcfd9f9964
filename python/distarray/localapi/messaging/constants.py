"""Values with a special meaning in calls on a communicator."""

from typing import Final

ANY_SOURCE: Final = -1
"""Receive from whichever rank sent first."""

ANY_TAG: Final = -1
"""Receive a message with whichever tag."""

PROC_NULL: Final = -2
"""The rank beyond an edge: what is sent to it vanishes, and nothing comes from it."""

UNDEFINED: Final = -32766
"""The colour of a rank that wants no part of a split communicator."""


class InPlaceType:
    """The type of `IN_PLACE`."""

    def __repr__(self) -> str:
        return "IN_PLACE"


IN_PLACE: Final = InPlaceType()
"""In place of a send buffer: what is to be sent lies in the receive buffer already."""
