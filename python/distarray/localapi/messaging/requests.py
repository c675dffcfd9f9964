"""What calls that return early leave behind: `Status` and `Request`."""

from collections.abc import Callable, Sequence
from typing import Any

from distarray.localapi.messaging.constants import ANY_SOURCE, ANY_TAG
from distarray.localapi.messaging.datatypes import BYTE, Datatype


class Status:
    """Where a received message came from, and how long it was."""

    def __init__(self) -> None:
        self.source = ANY_SOURCE
        self.tag = ANY_TAG
        self.count = 0
        self.error = 0

    def Get_source(self) -> int:
        """Return the rank that sent the message."""
        return self.source

    def Get_tag(self) -> int:
        """Return the tag of the message."""
        return self.tag

    def Get_count(self, datatype: Datatype = BYTE) -> int:
        """Return the number of elements of the message."""
        return self.count // datatype.size

    def Get_error(self) -> int:
        """Return 0: errors are exceptions."""
        return self.error

    def update(self, source: int, tag: int, count: int) -> None:
        """Describe another message."""
        self.source, self.tag, self.count = source, tag, count


class Request:
    """A call that may not be complete yet.

    Parameters
    ----------
    complete : callable, optional
        Waits for the call and returns its result; absent when it is complete already.
    ready : callable, optional
        Whether `complete` would return at once.
    """

    def __init__(
        self,
        complete: Callable[[Status | None], Any] | None = None,
        ready: Callable[[], bool] | None = None,
    ) -> None:
        self._complete = complete
        self._ready = ready
        self._result: Any = None

    def wait(self, status: Status | None = None) -> Any:
        """Wait for the call; return the object that was received, if any."""
        if self._complete is not None:
            complete, self._complete = self._complete, None
            self._result = complete(status)
        return self._result

    def test(self, status: Status | None = None) -> tuple[bool, Any]:
        """Return whether the call is complete, and the object that was received."""
        if self._complete is not None and self._ready is not None and not self._ready():
            return (False, None)
        return (True, self.wait(status))

    def Wait(self, status: Status | None = None) -> bool:
        """Wait for the call."""
        self.wait(status)
        return True

    def Test(self, status: Status | None = None) -> bool:
        """Return whether the call is complete."""
        return self.test(status)[0]

    @classmethod
    def waitall(cls, requests: "Sequence[Request]") -> list[Any]:
        """Wait for several calls; return what each received."""
        return [request.wait() for request in requests]

    @classmethod
    def Waitall(cls, requests: "Sequence[Request]") -> bool:
        """Wait for several calls."""
        cls.waitall(requests)
        return True
