"""How arrays look: one line for ``repr``, NumPy's text for ``str``, a picture for notebooks."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from distarray.globalapi import _html
from distarray.globalapi._handle import Handle

__all__ = ["Printing", "shown"]


class Printing(Handle):
    """Texts that stand for an array."""

    __slots__ = ()

    def __repr__(self) -> str:
        """Return one line that says what the array is; ``str`` has its elements."""
        core = self._array.distribution
        return (
            f"<{type(self).__name__}(shape={self.shape}, dtype={_name(self.dtype)}, "
            f"dist={core.dist}, targets={core.targets})>"
        )

    def __str__(self) -> str:
        """Return the elements as NumPy prints them; only those that are printed are fetched."""
        elements, is_summary = shown(self)
        if not is_summary:
            return str(elements)
        with np.printoptions(threshold=0):
            return str(elements)

    def __format__(self, specification: str) -> str:
        if not self.shape:
            return format(self._array[()], specification)
        if specification:
            raise TypeError(f"unsupported format string passed to {type(self).__name__}.__format__")
        return str(self)

    def _repr_html_(self) -> str:
        """Return a table of facts and a picture of which engine holds what."""
        return _html.draw(self)


def _name(dtype: np.dtype[Any]) -> str:
    """Return a dtype as NumPy shows it beside an array's elements."""
    return dtype.name if dtype.names is None and dtype.isnative else str(dtype)


def shown(array: Handle) -> tuple[np.ndarray[Any, np.dtype[Any]], bool]:
    """Return the elements that NumPy would print, and whether they stand for a larger array.

    Of each axis that is too long to be printed, there are the ends and one more element between
    them, in whose place NumPy prints dots.
    """
    options = np.get_printoptions()
    edge = options["edgeitems"]
    if array.size <= options["threshold"]:
        return array._array.to_numpy(), False
    axes = []
    for length in array.shape:
        if length <= 2 * edge:
            axes.append([(slice(0, length), slice(0, length))])
        else:
            ends = (
                (slice(0, edge), slice(0, edge)),
                (slice(length - edge, length), slice(-edge, None)),
            )
            axes.append([end for end in ends if edge])
    lengths = [min(length, 2 * edge + 1) for length in array.shape]
    elements = np.zeros(lengths, array.dtype)
    for corner in itertools.product(*axes):
        there = tuple(source for source, _ in corner)
        here = tuple(dest for _, dest in corner)
        elements[here] = array._array.view_at(there).to_numpy()
    return elements, True
