"""Views with other axes."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from distarray.globalapi._handle import Handle

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

__all__ = ["Shapes"]


class Shapes(Handle):
    """Permutations of axes, and axes of one element that come and go."""

    __slots__ = ()

    @property
    def T(self) -> Self:
        """A view with the axes reversed."""
        return self.transpose()

    @property
    def mT(self) -> Self:
        """A view with the last two axes swapped."""
        if self.ndim < 2:
            raise ValueError("matrix transpose with ndim < 2 is undefined")
        return self.swapaxes(-1, -2)

    def transpose(self, *axes: Any) -> Self:
        """Return a view with the axes in another order.

        Parameters
        ----------
        *axes : None, tuple of int, or int
            Which axis of this array each axis of the view is; reversed by default.

        Returns
        -------
        DistArray
            It shares memory with this array.

        Examples
        --------
        >>> import distarray as da
        >>> context = da.Context(nengines=2)
        >>> context.zeros((2, 3, 4)).transpose(1, 2, 0).shape
        (3, 4, 2)
        >>> context.close()
        """
        if len(axes) == 1 and not isinstance(axes[0], int):
            (axes,) = axes
        order: Sequence[int] = range(self.ndim)[::-1]
        if axes:
            if len(axes) != self.ndim:
                raise ValueError("axes don't match array")
            try:
                order = normalize_axis_tuple(axes, self.ndim)
            except ValueError as error:
                if "repeated" in str(error):
                    raise ValueError("repeated axis in transpose") from None
                raise
        return self._sibling(self._array.transpose(list(order)))

    def swapaxes(self, axis1: int, axis2: int) -> Self:
        """Return a view with two axes interchanged."""
        order = list(range(self.ndim))
        first = normalize_axis_index(operator.index(axis1), self.ndim)
        second = normalize_axis_index(operator.index(axis2), self.ndim)
        order[first], order[second] = order[second], order[first]
        return self._sibling(self._array.transpose(order))

    def squeeze(self, axis: Any = None) -> Self:
        """Return a view without axes of one element.

        Parameters
        ----------
        axis : None, int or tuple of int, optional
            Which of them go; all by default.
        """
        shape = self.shape
        if axis is None:
            dropped = {axis for axis, length in enumerate(shape) if length == 1}
        else:
            dropped = set(normalize_axis_tuple(axis, self.ndim))
            if any(shape[axis] != 1 for axis in dropped):
                raise ValueError(
                    "cannot select an axis to squeeze out which has size not equal to one"
                )
        index = tuple(0 if axis in dropped else slice(None) for axis in range(self.ndim))
        return self._sibling(self._array.view_at(index))
