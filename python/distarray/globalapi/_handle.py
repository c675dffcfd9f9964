"""What every part of a DistArray's interface rests on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from distarray.error import ContextError
from distarray.globalapi.maps import Distribution

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Self

    from distarray import _core
    from distarray.globalapi.context import BaseContext


_new = object.__new__


class Handle:
    """A name for the pieces of one array on the engines of a context.

    :class:`~distarray.globalapi.distarray.DistArray` adds the methods; they come from mixins, one a
    concern, which all derive from this class.
    """

    __slots__ = ("__weakref__", "_array", "_distribution", "context")

    _array: _core.Array
    _distribution: Distribution | None
    #: The context whose engines hold the pieces.
    context: BaseContext

    @classmethod
    def _wrap(
        cls, context: BaseContext, array: _core.Array, distribution: Distribution | None = None
    ) -> Self:
        """Return the DistArray of a context for an array of the core."""
        handle = cls.__new__(cls)
        handle.context = context
        handle._array = array
        handle._distribution = distribution
        return handle

    def _sibling(self, array: _core.Array) -> Self:
        """Return the DistArray for another array of the core, on the same context."""
        handle = _new(type(self))
        handle.context = self.context
        handle._array = array
        handle._distribution = None
        return handle

    @property
    def distribution(self) -> Distribution:
        """The :class:`~distarray.globalapi.maps.Distribution`: where the elements live."""
        distribution = self._distribution
        if distribution is None:
            distribution = Distribution._from_core(self.context, self._array.distribution)
            self._distribution = distribution
        return distribution

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the elements."""
        return self._array.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """The global shape."""
        return self._array.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._array.ndim

    @property
    def size(self) -> int:
        """The number of elements, as NumPy's ``size``."""
        return self._array.size


def common_context(handles: Iterable[Handle]) -> BaseContext:
    """Return the context that all handles share.

    Raises
    ------
    ContextError
        When there are several.
    """
    contexts = {id(handle.context): handle.context for handle in handles}
    if len(contexts) != 1:
        raise ContextError(
            "the arrays belong to different contexts; bring them together with "
            "context.fromarray(array.toarray())"
        )
    return next(iter(contexts.values()))
