"""Access to local elements by their global indices."""

from collections.abc import Iterator
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from distarray.localapi.maps import Distribution

if TYPE_CHECKING:
    from distarray.localapi.local_array.array import LocalArray


def axis_indices(distribution: Distribution, axis: int) -> npt.NDArray[np.int64]:
    """Return the global indices of the local elements along an axis, in their local order."""
    axis_map = distribution[axis]
    return np.fromiter(axis_map.global_iter, np.int64, axis_map.size)


def _compact(positions: npt.NDArray[np.int64]) -> slice | npt.NDArray[np.int64]:
    """Return positions as a slice, if they are evenly spaced."""
    if len(positions) == 0:
        return slice(0, 0)
    if len(positions) == 1:
        return slice(int(positions[0]), int(positions[0]) + 1)
    steps = np.diff(positions)
    step = int(steps[0])
    if step <= 0 or (steps != step).any():
        return positions
    return slice(int(positions[0]), int(positions[-1]) + 1, step)


class GlobalIndex:
    """Access to the elements of a LocalArray by their global indices.

    Parameters
    ----------
    distribution : distarray.localapi.maps.Distribution
        Where the elements belong in the global array.
    ndarray : numpy.ndarray
        The local elements.
    """

    def __init__(self, distribution: Distribution, ndarray: npt.NDArray[Any]) -> None:
        self.distribution = distribution
        self.ndarray = ndarray

    def _local(self, global_inds: Any) -> tuple[int, ...]:
        indices = global_inds if isinstance(global_inds, tuple) else (global_inds,)
        if any(isinstance(index, slice) for index in indices):
            raise TypeError("global_index takes integers; use get_slice for slices")
        if len(indices) != self.ndarray.ndim:
            raise IndexError(f"{len(indices)} indices for an array of {self.ndarray.ndim} axes")
        return tuple(self.distribution.local_from_global(indices))

    def __getitem__(self, global_inds: Any) -> Any:
        return self.ndarray[self._local(global_inds)]

    def __setitem__(self, global_inds: Any, value: Any) -> None:
        self.ndarray[self._local(global_inds)] = value

    def checked_getitem(self, global_inds: Any) -> Any:
        """Return an element, or None if it is not on this engine."""
        try:
            return self[global_inds]
        except IndexError:
            return None

    def checked_setitem(self, global_inds: Any, value: Any) -> bool | None:
        """Set an element; return True if it is on this engine, else None."""
        try:
            self[global_inds] = value
        except IndexError:
            return None
        return True

    def get_slice(self, global_inds: Any, new_distribution: Distribution) -> "LocalArray":
        """Return the local part of a slice of the global array.

        It shares memory with this array wherever the selected elements are evenly spaced here.

        Parameters
        ----------
        global_inds : int, slice or tuple of these
            One for each axis, in global indices; axes left out at the end are taken whole.
        new_distribution : distarray.localapi.maps.Distribution
            Where the selected elements belong in the slice.

        Raises
        ------
        IndexError
            If an integer index is not on this engine.
        """
        from distarray.localapi.local_array.array import LocalArray

        indices = global_inds if isinstance(global_inds, tuple) else (global_inds,)
        ndim = self.ndarray.ndim
        if len(indices) > ndim:
            raise IndexError(f"{len(indices)} indices for an array of {ndim} axes")
        indices += (slice(None),) * (ndim - len(indices))
        part = self.ndarray
        for axis in reversed(range(ndim)):
            selection = (slice(None),) * axis + (self._positions(axis, indices[axis]),)
            part = part[selection]
        return LocalArray(new_distribution, buf=part)

    def _positions(self, axis: int, index: Any) -> Any:
        if not isinstance(index, slice):
            return self.distribution[axis].local_from_global_index(index)
        size = self.distribution.global_shape[axis]
        selected = range(*index.indices(size))
        here = axis_indices(self.distribution, axis)
        if selected.step > 0:
            offsets = here - selected.start
        else:
            offsets = selected.start - here
        step = abs(selected.step)
        chosen = (offsets >= 0) & (offsets % step == 0) & (offsets // step < len(selected))
        positions = np.flatnonzero(chosen)
        return _compact(positions)


class GlobalIterator:
    """Iterates over the elements of a LocalArray, with their global indices.

    Parameters
    ----------
    arr : LocalArray
    """

    def __init__(self, arr: "LocalArray") -> None:
        axes = (axis_indices(arr.distribution, axis).tolist() for axis in range(arr.ndim))
        self._items = zip(product(*axes), arr.ndarray.flat, strict=True)

    def __iter__(self) -> Iterator[tuple[tuple[int, ...], Any]]:
        return self

    def __next__(self) -> tuple[tuple[int, ...], Any]:
        return next(self._items)


def ndenumerate(arr: "LocalArray") -> GlobalIterator:
    """Iterate over the elements of a LocalArray: pairs of a global index and a value."""
    return GlobalIterator(arr)
