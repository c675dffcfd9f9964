"""The native core of DistArray."""

from collections.abc import Sequence
from typing import Any, final

from typing_extensions import Buffer

__version__: str

@final
class Communicator:
    """One rank's view of a group of ranks that exchange bytes."""

    @property
    def rank(self) -> int:
        """The number of this rank, from 0."""
    @property
    def size(self) -> int:
        """The number of ranks."""
    @property
    def is_shared(self) -> bool:
        """Whether the ranks are threads of one process, so that share works."""
    def send(self, dest: int, tag: int, data: Buffer) -> None:
        """Send bytes to a rank, without waiting for it."""
    def recv(self, source: int | None = None, tag: int | None = None) -> tuple[int, int, bytes]:
        """Wait for bytes from a rank (None: any) with a tag (None: any)."""
    def probe(
        self, source: int | None = None, tag: int | None = None
    ) -> tuple[int, int, int] | None:
        """Source, tag and length of a message that recv would return at once, else None."""
    def barrier(self) -> None:
        """Wait until every rank has come."""
    def broadcast(self, root: int, data: Buffer | None = None) -> bytes:
        """Give everybody the bytes of the root."""
    def gather(self, root: int, data: Buffer) -> list[bytes] | None:
        """Give the root everybody's bytes, in rank order."""
    def scatter(self, root: int, parts: Sequence[Buffer] | None = None) -> bytes:
        """Give each rank its part of what the root has."""
    def all_gather(self, data: Buffer) -> list[bytes]:
        """Give everybody everybody's bytes, in rank order."""
    def all_to_all(self, parts: Sequence[Buffer]) -> list[bytes]:
        """Send a part to each rank; return what each sent here, in rank order."""
    def split(self, color: int | None, key: int = 0) -> Communicator | None:
        """Make a communicator for each color, of the ranks that gave it, ordered by key."""
    def share(self, item: Any) -> list[Any]:
        """Return everybody's object itself, in rank order: for threads of one process."""
    def abort(self, reason: str) -> None:
        """Release every rank that waits, or will wait, on the whole group."""
    def reset(self) -> None:
        """Make an aborted group usable again; no rank may be in a call."""

def in_process_group(size: int) -> list[Communicator]:
    """Make a group, and give the communicators of its ranks, which are threads of this process."""
