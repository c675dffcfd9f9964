"""Arrays whose elements stay outside of the engines' memory, in files that others can read.

Each engine keeps what brings the elements of its piece: a transfer. The core asks it for a part
when somebody needs that, and goes through large arrays part by part, reading ahead. In the same way
the parts of a result go to where they are to be written.
"""

from __future__ import annotations

import copy
import errno
import os
import weakref
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from distarray import _core
from distarray.globalapi._parts import part_bytes

if TYPE_CHECKING:
    from distarray.globalapi.context import BaseContext
    from distarray.globalapi.distarray import DistArray
    from distarray.globalapi.maps import Distribution

    #: The indices along each axis, and the elements with these indices.
    Request = tuple[Sequence[_core.Indices], np.ndarray[Any, np.dtype[Any]]]

__all__ = ["HeldFile", "Transfer", "compute_into", "open_outside", "pending_copy", "replaced"]


class Transfer(ABC):
    """Brings elements from outside, or takes them there.

    Transfers are made by the client, and go to each engine.
    """

    def begin(self) -> None:  # noqa: B027
        """Get ready for work, on an engine."""

    @abstractmethod
    def __call__(self, request: Request) -> None:
        """Bring the elements that are asked for, or take them there."""


class HeldFile:
    """A file that stays the one that was opened, also if another one gets its name.

    Parameters
    ----------
    path : str
        Its name.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._descriptor: int | None = None

    def hold(self) -> None:
        """Open the file."""
        self._descriptor = os.open(self.path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        weakref.finalize(self, os.close, self._descriptor)

    @contextmanager
    def opened(self) -> Iterator[str | BinaryIO]:
        """Give what the file can be opened by: its name, or a Python file if that is another's now.

        What goes wrong meanwhile names the file as the user did.
        """
        assert self._descriptor is not None
        held = os.fstat(self._descriptor)
        try:
            found = Path(self.path).stat()
        except FileNotFoundError:
            found = None
        if found is not None and (found.st_dev, found.st_ino) == (held.st_dev, held.st_ino):
            yield self.path
            return
        again = Path(f"/proc/self/fd/{self._descriptor}")
        if not again.exists():
            raise replaced(self.path)
        with again.open("rb") as file:
            try:
                yield file
            except OSError as error:
                raise OSError(str(error).replace(str(again), self.path)) from error


def replaced(path: str) -> OSError:
    """Return the error of a file that is not the one that was opened."""
    text = "it has been replaced or changed since it was opened; open it again"
    return OSError(errno.ESTALE, text, path)


def open_outside(
    context: BaseContext,
    layout: Distribution,
    dtype: np.dtype[Any],
    transfer: Transfer,
    unit: Sequence[int],
) -> DistArray:
    """Return an array that can only be read, whose elements are brought when somebody needs them.

    Parameters
    ----------
    context : Context
        The context.
    layout : Distribution
        Where the elements are used.
    dtype : dtype
        That of the elements.
    transfer : Transfer
        What brings them.
    unit : sequence of int
        The lengths along each axis of what is best brought at once.
    """
    from distarray.globalapi.distarray import DistArray

    return DistArray._wrap(context, _kept(context, layout, dtype, transfer, unit), layout)


def compute_into(
    context: BaseContext, expression: DistArray, transfer: Transfer, unit: Sequence[int]
) -> None:
    """Compute an expression, part by part, and have each part taken outside.

    Parameters
    ----------
    context : Context
        The context.
    expression : DistArray
        What is still to be computed.
    transfer : Transfer
        What takes the elements.
    unit : sequence of int
        The lengths along each axis of what is to be written at once, if it is not at the end of an
        engine's piece.
    """
    layout, dtype = expression.distribution, expression.dtype
    sink = _kept(context, layout, dtype, transfer, unit, is_sink=True)
    # Nobody needs the elements here, whoever has a name for the expression.
    sink.assign(expression._array, context._communication, True)


def pending_copy(array: DistArray) -> DistArray:
    """Return an expression with the elements of an array that is outside, any other as it is."""
    core = array._array
    if core.is_pending or not core.is_outside:
        return array
    return array._sibling(core.astype(array.dtype, deferred=True))


def _kept(
    context: BaseContext,
    layout: Distribution,
    dtype: np.dtype[Any],
    transfer: Transfer,
    unit: Sequence[int],
    is_sink: bool = False,
) -> _core.Array:
    """Have engines keep their pieces of an array outside."""
    engines, targets = context._engines, layout.targets
    name, most = engines.new_array_id(), part_bytes(context)
    keep = _Keep(name, layout._core, dtype, transfer, tuple(unit), most, is_sink)
    try:
        context._call(sorted(targets), keep)
    except BaseException as error:
        engines.free(name, targets)
        if isinstance(error, ExceptionGroup):
            # Engines meet the same: one exception stands for all, so that its kind can be caught.
            raise error.exceptions[0] from None
        raise
    limit = None if is_sink else most
    return _core.Array.adopt(engines, name, layout._core, dtype, part_bytes=limit)


class _Keep:
    """Has an engine keep its piece of an array outside."""

    def __init__(
        self,
        name: int,
        layout: _core.Distribution,
        dtype: np.dtype[Any],
        transfer: Transfer,
        unit: tuple[int, ...],
        part_bytes: int,
        is_sink: bool,
    ) -> None:
        self.name, self.layout, self.dtype = name, layout, dtype
        self.transfer, self.unit = transfer, unit
        self.part_bytes, self.is_sink = part_bytes, is_sink

    def __call__(self, engine: _core.Engine) -> None:
        # Engines that are threads get one of their own, too.
        transfer = copy.copy(self.transfer)
        transfer.begin()
        engine.keep_outside(
            self.name,
            self.layout,
            self.dtype,
            transfer,
            self.unit,
            self.part_bytes,
            self.is_sink,
        )
