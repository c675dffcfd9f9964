"""In parts of which size engines go through what is too large for memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from distarray.globalapi.context import BaseContext

__all__ = ["part_bytes"]

#: About how many bytes of a piece are in memory at once, where there is no limit.
_PART_BYTES = 32 << 20

#: The same at least, where there is one.
_LEAST_PART_BYTES = 1 << 20

#: Of a limit, such a share is what one engine reads at once: there are two parts, one of which is
#: read while the other is computed with, and what decodes them has buffers of its own.
_SHARE = 32


def part_bytes(context: BaseContext) -> int:
    """Return about how much an engine has in memory at once of what it reads part by part."""
    limit = context.memory_limit
    if limit is None:
        return _PART_BYTES
    from distarray.globalapi.contexts.pools import ThreadPool

    # Engines that are threads share the limit of their process.
    sharing = context.nengines if type(context._pool) is ThreadPool else 1
    return min(max(limit // (_SHARE * sharing), _LEAST_PART_BYTES), _PART_BYTES)
