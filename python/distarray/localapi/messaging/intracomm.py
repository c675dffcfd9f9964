"""Intracomm: a group of engine threads that talk to each other."""

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING, Any, NoReturn

from distarray._core import Communicator
from distarray.error import CommunicationError
from distarray.localapi.messaging.buffercalls import BufferCalls
from distarray.localapi.messaging.constants import UNDEFINED
from distarray.localapi.messaging.objectcalls import ObjectCalls

if TYPE_CHECKING:
    from distarray.localapi.messaging.cartcomm import Cartcomm


class Intracomm(ObjectCalls, BufferCalls):
    """A group of engines that send each other Python objects and arrays.

    It has the methods of mpi4py's class of this name: those with lower-case names send any
    object (by pickling it, so that the receiver gets a copy), those with a capital letter send
    the memory of arrays.

    Parameters
    ----------
    handle : Communicator, optional
        What moves the bytes; without it, this is the null communicator.
    """

    def __init__(self, handle: Communicator | None = None) -> None:
        self._handle = handle

    @property
    def handle(self) -> Communicator:
        """What moves the bytes between ranks."""
        if self._handle is None:
            raise CommunicationError("the null communicator has no ranks")
        return self._handle

    def Get_rank(self) -> int:
        """Return the number of this rank, from 0."""
        return self.handle.rank

    def Get_size(self) -> int:
        """Return the number of ranks."""
        return self.handle.size

    @property
    def rank(self) -> int:
        """The number of this rank, from 0."""
        return self.handle.rank

    @property
    def size(self) -> int:
        """The number of ranks."""
        return self.handle.size

    def Barrier(self) -> None:
        """Wait until every rank has come."""
        self.handle.barrier()

    def barrier(self) -> None:
        """Wait until every rank has come."""
        self.handle.barrier()

    def Split(self, color: int = 0, key: int = 0) -> "Intracomm":
        """Make a communicator for each colour, of the ranks that gave it, ordered by key."""
        if color != UNDEFINED and color < 0:
            raise ValueError(f"color must not be negative, got {color}")
        return Intracomm(self.handle.split(None if color == UNDEFINED else color, key))

    def Dup(self) -> "Intracomm":
        """Make another communicator of the same ranks."""
        return Intracomm(self.handle.split(0, self.rank))

    Clone = Dup

    def Free(self) -> None:
        """Give the communicator up: it is the null communicator from now on."""
        self._handle = None

    def Disconnect(self) -> None:
        """Give the communicator up."""
        self.Free()

    def Abort(self, errorcode: int = 0) -> NoReturn:
        """Give up: release all engines that wait for each other, or will in this call.

        Raises
        ------
        CommunicationError
            In any case: the function that calls this ends, and the client sees why.
        """
        message = f"Abort({errorcode}) was called by rank {self.rank}"
        self.handle.abort(message)
        raise CommunicationError(message)

    def Create_cart(
        self,
        dims: Sequence[int],
        periods: Sequence[bool] | bool | None = None,
        reorder: bool = False,
    ) -> "Cartcomm":
        """Arrange the ranks in a grid, in C order; ranks beyond it get the null communicator."""
        from distarray.localapi.messaging.cartcomm import Cartcomm

        shape = [int(length) for length in dims]
        if any(length < 1 for length in shape) or prod(shape) > self.size:
            raise ValueError(f"{self.size} ranks can't be arranged in a grid of shape {dims}")
        inside = self.rank < prod(shape)
        handle = self.handle.split(0 if inside else None, self.rank)
        if periods is None or isinstance(periods, bool):
            periods = [bool(periods)] * len(shape)
        return Cartcomm(handle, shape, [bool(period) for period in periods])

    def Is_inter(self) -> bool:
        """Return False: both ends of every message are in one group."""
        return False

    def Is_intra(self) -> bool:
        """Return True: both ends of every message are in one group."""
        return True

    def __bool__(self) -> bool:
        return self._handle is not None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Intracomm) and self._handle is other._handle

    def __hash__(self) -> int:
        return hash(id(self._handle))

    def __repr__(self) -> str:
        if self._handle is None:
            return "COMM_NULL"
        return f"<{type(self).__name__}: rank {self.rank} of {self.size}>"

    def __reduce__(self) -> Any:
        raise TypeError("a communicator belongs to its engine and can't be pickled")


COMM_NULL = Intracomm()
