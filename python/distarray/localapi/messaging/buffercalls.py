"""The calls that send the memory of arrays."""

from typing import Any

import numpy as np

from distarray.localapi.messaging import transfer
from distarray.localapi.messaging.buffers import Buffer, as_bytes
from distarray.localapi.messaging.constants import (
    ANY_SOURCE,
    ANY_TAG,
    IN_PLACE,
    PROC_NULL,
)
from distarray.localapi.messaging.objectcalls import PointToPoint, described
from distarray.localapi.messaging.operations import MAXLOC, MINLOC, SUM, Op
from distarray.localapi.messaging.requests import Request, Status
from distarray.localapi.messaging.transfer import Array, put

#: Up to so many bytes, a reduction takes one meeting of all ranks instead of several.
SMALL = 1 << 14


class BufferCalls(PointToPoint):
    """Calls with a capital letter: the memory of arrays is sent.

    A buffer is a contiguous array, or a list ``[array, count, type]`` as `Buffer` describes it.
    """

    def Send(self, buf: Any, dest: int, tag: int = 0) -> None:
        """Send the elements of a buffer; returns without waiting for the receiver."""
        self._send_bytes(as_bytes(Buffer(buf).array), dest, tag)

    def Recv(
        self,
        buf: Any,
        source: int = ANY_SOURCE,
        tag: int = ANY_TAG,
        status: Status | None = None,
    ) -> None:
        """Wait for elements, and put them at the beginning of a buffer."""
        if source == PROC_NULL:
            described(status, (PROC_NULL, ANY_TAG, 0))
            return
        message = self._receive_bytes(source, tag)
        described(status, message)
        put(np.frombuffer(message[2], np.uint8), Buffer(buf).array, "Recv")

    def Sendrecv(
        self,
        sendbuf: Any,
        dest: int,
        sendtag: int = 0,
        recvbuf: Any = None,
        source: int = ANY_SOURCE,
        recvtag: int = ANY_TAG,
        status: Status | None = None,
    ) -> None:
        """Send the elements of a buffer and wait for others."""
        self.Send(sendbuf, dest, sendtag)
        self.Recv(recvbuf, source, recvtag, status)

    def Isend(self, buf: Any, dest: int, tag: int = 0) -> Request:
        """Send the elements of a buffer; the request is complete from the start."""
        self.Send(buf, dest, tag)
        return Request()

    def Irecv(self, buf: Any, source: int = ANY_SOURCE, tag: int = ANY_TAG) -> Request:
        """Receive elements later, when the request's `Wait` is called."""
        return Request(
            lambda status: self.Recv(buf, source, tag, status),
            lambda: self.Iprobe(source, tag),
        )

    def Bcast(self, buf: Any, root: int = 0) -> None:
        """Fill everybody's buffer with the elements of the root."""
        mine = Buffer(buf).array
        am_root = self.handle.rank == self._root(root)
        with transfer.broadcast(self.handle, mine if am_root else None, root) as data:
            if not am_root:
                put(data, mine, "Bcast")

    def Gather(self, sendbuf: Any, recvbuf: Any, root: int = 0) -> None:
        """Put everybody's elements into the buffer of the root, in rank order."""
        self._gather(sendbuf, recvbuf, self._root(root))

    Gatherv = Gather

    def Allgather(self, sendbuf: Any, recvbuf: Any) -> None:
        """Put everybody's elements into everybody's buffer, in rank order."""
        self._gather(sendbuf, recvbuf, None)

    Allgatherv = Allgather

    def _gather(self, sendbuf: Any, recvbuf: Any, root: int | None) -> None:
        size, rank = self.handle.size, self.handle.rank
        if sendbuf is IN_PLACE:
            mine = Buffer(recvbuf).parts(size)[rank]
        else:
            mine = Buffer(sendbuf).array
        with transfer.gather(self.handle, mine, root) as parts:
            if not parts:
                return
            received = Buffer(recvbuf)
            lengths = [part.nbytes // received.array.itemsize for part in parts]
            places = received.parts(size, lengths)
            for source, (part, place) in enumerate(zip(parts, places, strict=True)):
                if source != rank or sendbuf is not IN_PLACE:
                    put(part, place, "Gather")

    def Scatter(self, sendbuf: Any, recvbuf: Any, root: int = 0) -> None:
        """Put into each rank's buffer its part of the elements of the root."""
        parts = None
        if self.handle.rank == self._root(root):
            parts = Buffer(sendbuf).parts(self.handle.size)
        with transfer.scatter(self.handle, parts, root) as data:
            if recvbuf is not IN_PLACE:
                put(data, Buffer(recvbuf).array, "Scatter")

    Scatterv = Scatter

    def Alltoall(self, sendbuf: Any, recvbuf: Any) -> None:
        """Send each rank its part of the buffer; put what comes into the other, in rank order."""
        size = self.handle.size
        received = Buffer(recvbuf)
        sent = Buffer(Buffer(recvbuf).array.copy() if sendbuf is IN_PLACE else sendbuf)
        with transfer.all_to_all(self.handle, sent.parts(size)) as parts:
            lengths = [part.nbytes // received.array.itemsize for part in parts]
            for part, place in zip(parts, received.parts(size, lengths), strict=True):
                put(part, place, "Alltoall")

    Alltoallv = Alltoall

    def Reduce(self, sendbuf: Any, recvbuf: Any, op: Op = SUM, root: int = 0) -> None:
        """Combine everybody's elements, in rank order, into the buffer of the root."""
        self._reduce(sendbuf, recvbuf, op, self._root(root))

    def Allreduce(self, sendbuf: Any, recvbuf: Any, op: Op = SUM) -> None:
        """Combine everybody's elements, in rank order, into everybody's buffer."""
        self._reduce(sendbuf, recvbuf, op, None)

    def _reduce(self, sendbuf: Any, recvbuf: Any, op: Op, root: int | None) -> None:
        if op is MINLOC or op is MAXLOC:
            raise TypeError(f"{op} works on pairs of a value and a place: use reduce or allreduce")
        mine = Buffer(recvbuf if sendbuf is IN_PLACE else sendbuf).array
        if mine.nbytes <= SMALL:
            # One meeting of all ranks: everybody combines everything.
            with transfer.gather_bytes(self.handle, mine, root) as parts:
                combined = [_combined(op, parts, mine)] if parts else []
            self._put_in_a_row(combined, recvbuf)
            return
        # Each rank combines its share of the elements of all.
        size = self.handle.size
        bounds = [len(mine) * place // size for place in range(size + 1)]
        shares = [mine[bounds[other] : bounds[other + 1]] for other in range(size)]
        with transfer.all_to_all(self.handle, shares) as operands:
            share = _combined(op, operands, mine)
        with transfer.gather(self.handle, share, root) as parts:
            self._put_in_a_row(parts, recvbuf)

    @staticmethod
    def _put_in_a_row(parts: list[Array], recvbuf: Any) -> None:
        """Store combined elements, where there are any to store."""
        if not parts:
            return
        received = Buffer(recvbuf).array
        length = sum(map(len, parts))
        if length > len(received):
            raise ValueError(f"Reduce: {length} elements came for a buffer of {len(received)}")
        start = 0
        for part in parts:
            put(part, received[start:], "Reduce")
            start += len(part)

    def Scan(self, sendbuf: Any, recvbuf: Any, op: Op = SUM) -> None:
        """Combine the elements of the ranks up to this one."""
        mine = Buffer(recvbuf if sendbuf is IN_PLACE else sendbuf).array
        with transfer.gather(self.handle, mine, None) as parts:
            total = _combined(op, parts[: self.handle.rank + 1], mine)
        put(total, Buffer(recvbuf).array, "Scan")


def _combined(op: Op, parts: list[Array], like: Array) -> Array:
    """Combine the elements of several ranks; the result is new memory."""
    operands = [
        part if part.dtype == like.dtype else part.view(np.uint8).view(like.dtype) for part in parts
    ]
    lengths = {len(operand) for operand in operands}
    if len(lengths) > 1:
        raise ValueError(f"Reduce: ranks gave different numbers of elements, {sorted(lengths)}")
    return np.array(op.fold(operands), like.dtype)
