"""Moving the memory of arrays between ranks.

Ranks that are threads of one process read each other's arrays in place, so that a collective
call is one pass over memory; between processes, bytes are sent. What these functions give belongs
to other ranks, and may be read until the end of the ``with`` block.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from distarray._core import Communicator
from distarray.localapi.messaging.buffers import as_bytes

Array: TypeAlias = npt.NDArray[Any]


def _array(data: bytes) -> Array:
    return np.frombuffer(data, np.uint8)


def put(source: Array, dest: Array, what: str) -> int:
    """Copy the memory of `source` to the beginning of `dest`; return the number of elements.

    Raises
    ------
    ValueError
        If it doesn't fit, or is no whole number of elements.
    """
    if source.dtype != dest.dtype:
        if source.nbytes % dest.itemsize:
            raise ValueError(
                f"{what}: {source.nbytes} bytes are no whole number of {dest.dtype} elements"
            )
        source = source.view(np.uint8).view(dest.dtype)
    if len(source) > len(dest):
        raise ValueError(f"{what}: {len(source)} elements came for a buffer of {len(dest)}")
    dest[: len(source)] = source
    return len(source)


@contextmanager
def broadcast(handle: Communicator, array: Array | None, root: int) -> Iterator[Array]:
    """Give the array of the root."""
    if handle.is_shared:
        yield handle.share(array)[root]
        handle.barrier()
    else:
        yield _array(handle.broadcast(root, None if array is None else as_bytes(array)))


@contextmanager
def gather(handle: Communicator, array: Array, root: int | None) -> Iterator[list[Array]]:
    """Give the arrays of all ranks to the root (None: to all); an empty list to the others."""
    if handle.is_shared:
        arrays = handle.share(array)
        yield arrays if root is None or root == handle.rank else []
        handle.barrier()
    else:
        with gather_bytes(handle, array, root) as parts:
            yield parts


@contextmanager
def gather_bytes(handle: Communicator, array: Array, root: int | None) -> Iterator[list[Array]]:
    """As `gather`, by sending bytes in any case."""
    if root is None:
        yield [_array(part) for part in handle.all_gather(as_bytes(array))]
    else:
        yield [_array(part) for part in handle.gather(root, as_bytes(array)) or []]


@contextmanager
def scatter(handle: Communicator, parts: Sequence[Array] | None, root: int) -> Iterator[Array]:
    """Give each rank its part of those of the root."""
    if handle.is_shared:
        yield handle.share(parts)[root][handle.rank]
        handle.barrier()
    else:
        sent = None if parts is None else [as_bytes(part) for part in parts]
        yield _array(handle.scatter(root, sent))


@contextmanager
def all_to_all(handle: Communicator, parts: Sequence[Array]) -> Iterator[list[Array]]:
    """Give each rank what every rank has for it."""
    if handle.is_shared:
        yield [theirs[handle.rank] for theirs in handle.share(parts)]
        handle.barrier()
    else:
        yield [_array(part) for part in handle.all_to_all([as_bytes(part) for part in parts])]
