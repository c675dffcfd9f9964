"""The calls that send any Python object, by pickling it."""

import pickle
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import reduce as fold
from itertools import accumulate
from typing import Any

from distarray._core import Communicator
from distarray.error import InvalidRankError
from distarray.localapi.messaging.constants import ANY_SOURCE, ANY_TAG, PROC_NULL
from distarray.localapi.messaging.operations import SUM
from distarray.localapi.messaging.requests import Request, Status

PROTOCOL = 5


def dumps(obj: Any) -> bytes:
    """Return a pickle of an object."""
    return pickle.dumps(obj, PROTOCOL)


def described(
    status: Status | None, message: tuple[int, int, bytes] | tuple[int, int, int]
) -> None:
    """Fill in a status, if there is one."""
    if status is not None:
        source, tag, data = message
        status.update(source, tag, data if isinstance(data, int) else len(data))


class PointToPoint(ABC):
    """What sending objects and sending memory have in common."""

    @property
    @abstractmethod
    def handle(self) -> Communicator:
        """What moves the bytes between ranks."""

    def _root(self, rank: int) -> int:
        """Check the root of a collective call."""
        size = self.handle.size
        if not 0 <= rank < size:
            raise InvalidRankError(f"rank {rank} is not in a communicator of {size} ranks")
        return rank

    def _send_bytes(self, data: Any, dest: int, tag: int) -> None:
        if dest != PROC_NULL:
            if tag < 0:
                raise ValueError(f"tags must not be negative, got {tag}")
            self.handle.send(self._root(dest), tag, data)

    def _receive_bytes(self, source: int, tag: int) -> tuple[int, int, bytes]:
        return self.handle.recv(*self._selection(source, tag))

    def _selection(self, source: int, tag: int) -> tuple[int | None, int | None]:
        return (
            None if source == ANY_SOURCE else self._root(source),
            None if tag == ANY_TAG else tag,
        )

    def Iprobe(
        self, source: int = ANY_SOURCE, tag: int = ANY_TAG, status: Status | None = None
    ) -> bool:
        """Return whether a message is there to be received."""
        if source == PROC_NULL:
            described(status, (PROC_NULL, ANY_TAG, 0))
            return True
        found = self.handle.probe(*self._selection(source, tag))
        if found is not None:
            described(status, found)
        return found is not None

    iprobe = Iprobe


class ObjectCalls(PointToPoint):
    """Calls with lower-case names: objects are pickled, so that receivers get copies."""

    def send(self, obj: Any, dest: int, tag: int = 0) -> None:
        """Send an object; returns without waiting for the receiver."""
        self._send_bytes(dumps(obj), dest, tag)

    def recv(
        self,
        buf: Any = None,
        source: int = ANY_SOURCE,
        tag: int = ANY_TAG,
        status: Status | None = None,
    ) -> Any:
        """Wait for an object. `buf` is there for mpi4py's sake and ignored."""
        if source == PROC_NULL:
            described(status, (PROC_NULL, ANY_TAG, 0))
            return None
        message = self._receive_bytes(source, tag)
        described(status, message)
        return pickle.loads(message[2])

    def sendrecv(
        self,
        sendobj: Any,
        dest: int,
        sendtag: int = 0,
        recvbuf: Any = None,
        source: int = ANY_SOURCE,
        recvtag: int = ANY_TAG,
        status: Status | None = None,
    ) -> Any:
        """Send an object and wait for another."""
        self.send(sendobj, dest, sendtag)
        return self.recv(recvbuf, source, recvtag, status)

    def isend(self, obj: Any, dest: int, tag: int = 0) -> Request:
        """Send an object; the request is complete from the start."""
        self.send(obj, dest, tag)
        return Request()

    def irecv(self, buf: Any = None, source: int = ANY_SOURCE, tag: int = ANY_TAG) -> Request:
        """Receive an object later, when the request's `wait` is called."""
        return Request(
            lambda status: self.recv(buf, source, tag, status),
            lambda: self.Iprobe(source, tag),
        )

    def bcast(self, obj: Any, root: int = 0) -> Any:
        """Give everybody the object of the root."""
        if self.handle.rank == self._root(root):
            self.handle.broadcast(root, dumps(obj))
            return obj
        return pickle.loads(self.handle.broadcast(root))

    def gather(self, sendobj: Any, root: int = 0) -> list[Any] | None:
        """Give the root a list of everybody's objects; the others get None."""
        parts = self.handle.gather(self._root(root), dumps(sendobj))
        return None if parts is None else [pickle.loads(part) for part in parts]

    def scatter(self, sendobj: Sequence[Any] | None, root: int = 0) -> Any:
        """Give each rank its item of the sequence of the root."""
        parts = None
        if self.handle.rank == self._root(root):
            parts = [dumps(part) for part in self._one_each(sendobj)]
        return pickle.loads(self.handle.scatter(root, parts))

    def allgather(self, sendobj: Any) -> list[Any]:
        """Give everybody a list of everybody's objects."""
        return [pickle.loads(part) for part in self.handle.all_gather(dumps(sendobj))]

    def alltoall(self, sendobj: Sequence[Any]) -> list[Any]:
        """Send each rank its item; return a list of what came from each."""
        parts = [dumps(part) for part in self._one_each(sendobj)]
        return [pickle.loads(part) for part in self.handle.all_to_all(parts)]

    def reduce(self, sendobj: Any, op: Callable[[Any, Any], Any] = SUM, root: int = 0) -> Any:
        """Combine everybody's objects at the root, in rank order; the others get None."""
        parts = self.gather(sendobj, root)
        return None if parts is None else fold(op, parts)

    def allreduce(self, sendobj: Any, op: Callable[[Any, Any], Any] = SUM) -> Any:
        """Combine everybody's objects, in rank order, for everybody."""
        return fold(op, self.allgather(sendobj))

    def scan(self, sendobj: Any, op: Callable[[Any, Any], Any] = SUM) -> Any:
        """Combine the objects of the ranks up to this one."""
        return list(accumulate(self.allgather(sendobj), op))[self.handle.rank]

    def exscan(self, sendobj: Any, op: Callable[[Any, Any], Any] = SUM) -> Any:
        """Combine the objects of the ranks below this one; None on rank 0."""
        totals = list(accumulate(self.allgather(sendobj), op))
        return totals[self.handle.rank - 1] if self.handle.rank else None

    def _one_each(self, items: Sequence[Any] | None) -> list[Any]:
        size = self.handle.size
        listed = list(items) if items is not None else []
        if len(listed) != size:
            raise ValueError(f"expected one item for each of {size} ranks, got {len(listed)}")
        return listed
