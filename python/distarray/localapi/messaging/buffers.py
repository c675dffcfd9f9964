"""The buffers of the upper-case calls: arrays, or lists of an array, a count and a type."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from distarray.localapi.messaging.datatypes import Datatype, datatype_of


def _flat(data: Any) -> npt.NDArray[Any]:
    """Return a one-dimensional view of the memory of an array or buffer."""
    array = data if isinstance(data, np.ndarray) else np.asarray(memoryview(data))
    if array.flags.c_contiguous:
        return array.reshape(-1)
    if array.flags.f_contiguous:
        return array.T.reshape(-1)
    raise ValueError("the array of a buffer call must be contiguous; copy it first")


def _types(code: Any) -> np.dtype[Any]:
    return code.dtype if isinstance(code, Datatype) else datatype_of(code).dtype


class Buffer:
    """Elements in memory that are sent or received.

    Parameters
    ----------
    spec : array, buffer or list
        An array; or ``[array, type]``, ``[array, count]``, ``[array, count, type]``; or with
        ``(counts, displacements)`` or a list of counts in place of the count, for the calls
        that treat ranks differently. Counts are of elements.
    """

    def __init__(self, spec: Any) -> None:
        extents: Any = None
        dtype: np.dtype[Any] | None = None
        data = spec
        if isinstance(spec, (list, tuple)):
            data, *rest = spec
            if rest and isinstance(rest[-1], (Datatype, str)):
                dtype = _types(rest.pop())
            if len(rest) > 2:
                raise ValueError("a buffer is [data, count, type] or shorter")
            if len(rest) == 2:
                extents = tuple(rest)
            elif rest:
                extents = rest[0]
        array = _flat(data)
        if dtype is not None and dtype != array.dtype:
            array = array.view(dtype)
        self.array: npt.NDArray[Any] = array
        self.counts: list[int] | None = None
        self.displacements: list[int] | None = None
        if extents is None:
            return
        if isinstance(extents, (int, np.integer)):
            if extents > len(array):
                raise ValueError(f"the buffer holds {len(array)} elements, not {extents}")
            self.array = array[:extents]
            return
        counts, displacements = extents, None
        if len(extents) == 2 and not isinstance(extents[0], (int, np.integer)):
            counts, displacements = extents
        self.counts = [int(count) for count in counts]
        if displacements is not None:
            self.displacements = [int(place) for place in displacements]

    def parts(self, size: int, counts: Sequence[int] | None = None) -> list[npt.NDArray[Any]]:
        """Return the part of each of `size` ranks, as views.

        Without counts, all parts are equal.
        """
        lengths = self.counts if self.counts is not None else counts
        if lengths is None:
            each, rest = divmod(len(self.array), size)
            if rest:
                raise ValueError(f"{len(self.array)} elements can't be cut into {size} equal parts")
            lengths = [each] * size
        if len(lengths) != size:
            raise ValueError(f"{len(lengths)} counts for {size} ranks")
        starts = self.displacements
        if starts is None:
            starts = [sum(lengths[:rank]) for rank in range(size)]
        parts = [
            self.array[start : start + length]
            for start, length in zip(starts, lengths, strict=True)
        ]
        for part, length in zip(parts, lengths, strict=True):
            if len(part) != length:
                raise ValueError(f"the buffer of {len(self.array)} elements is too small")
        return parts


def as_bytes(array: npt.NDArray[Any]) -> memoryview:
    """Return the memory of a contiguous, one-dimensional array."""
    # Types without a buffer format of their own (datetimes, say) pass as bytes.
    return (array.view(np.uint8) if array.size else np.empty(0, np.uint8)).data
