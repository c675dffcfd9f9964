"""Indexing and assignment: views of parts of an array."""

from __future__ import annotations

from sys import getrefcount
from typing import TYPE_CHECKING, Any

import numpy as np

from distarray import _core
from distarray.globalapi import _pieces
from distarray.globalapi._deferred import TEMPORARY_VALUE
from distarray.globalapi._floating import report, warn
from distarray.globalapi._handle import Handle, common_context
from distarray.globalapi._operations import NAMED
from distarray.globalapi._resolution import is_native

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Indexing", "assign", "item_of", "warn_of_lost_parts"]

_SCALARS = (int, float, complex, bool, str, bytes, np.generic)


class Indexing(Handle):
    """Elements, views and assignment."""

    __slots__ = ()

    def __getitem__(self, index: Any) -> Any:
        """Return an element, or a view of a part: it shares memory with this array."""
        try:
            found = self._array[index]
        except IndexError:
            if (fields := _fields(self, index)) is None:
                raise
            return fields
        return self._sibling(found) if type(found) is _core.Array else found

    def __setitem__(self, index: Any, value: Any) -> None:
        """Set a part of the array; the value broadcasts, and is cast as NumPy casts."""
        passing = getrefcount(value) <= TEMPORARY_VALUE
        if _is_mask(index):
            _assign_masked(self, index, value)
            return
        try:
            part = self._array.view_at(index)
        except IndexError:
            if (fields := _fields(self, index)) is None:
                raise
            part = fields._array
        assign(self, part, value, passing)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        """Iterate over the first axis: rows, or the elements of an array of one axis."""
        if not self.shape:
            raise TypeError("iteration over a 0-d array")
        return (self[position] for position in range(self.shape[0]))

    def __contains__(self, item: Any) -> bool:
        return bool((self == item).any())

    def fill(self, value: Any) -> None:
        """Set every element to one value.

        Parameters
        ----------
        value : scalar
            Cast to the dtype of the array.

        Examples
        --------
        >>> import distarray as da
        >>> context = da.Context(nengines=2)
        >>> a = context.empty((3,), dtype=int)
        >>> a.fill(7)
        >>> a.toarray()
        array([7, 7, 7])
        >>> context.close()
        """
        if isinstance(value, Handle):
            value = value._array.to_numpy()
        self._array.fill(item_of(value, self.dtype))


def item_of(value: Any, dtype: np.dtype[Any]) -> np.ndarray[Any, np.dtype[Any]]:
    """Return a value as a 0-d array, converted as NumPy's assignment to an element converts."""
    item = np.empty((1,), dtype)
    item[0] = value
    return item[0, ...]


def _is_mask(index: Any) -> bool:
    """Whether an index says of each element, or of each row, whether it is meant."""
    return isinstance(index, Handle | np.ndarray) and index.dtype == bool and index.ndim > 0


def _assign_masked(array: Handle, mask: Any, value: Any) -> None:
    """Set the elements for which a mask is true to one value."""
    if mask.ndim > array.ndim:
        raise IndexError(
            f"too many indices for array: array is {array.ndim}-dimensional, but "
            f"{mask.ndim} were indexed"
        )
    for axis, (length, size) in enumerate(zip(mask.shape, array.shape, strict=False)):
        if length != size:
            raise IndexError(
                f"boolean index did not match indexed array along axis {axis}; size of axis is "
                f"{size} but size of corresponding boolean axis is {length}"
            )
    if np.ndim(value):
        raise IndexError(
            "only one value can be assigned to the elements of a mask as yet; numpy.where(mask, "
            "values, array) chooses from arrays"
        )
    if isinstance(value, Handle):
        value = value._array.to_numpy()
    item = item_of(value, array.dtype)
    mask = mask[(..., *(None,) * (array.ndim - mask.ndim))]
    if not is_native([array.dtype]):
        from distarray.globalapi._elementwise import where

        assign(array, array._array, where(mask, item, array))
        return
    raw = mask._array if isinstance(mask, Handle) else mask
    loop = (np.dtype(bool), array.dtype, array.dtype, array.dtype)
    operands: tuple[Any, ...]
    if array._array.is_pending:
        # Then the choice is one more operation of the expression.
        operands, raw_mask = (raw, item, array._array), None
    else:
        operands, raw_mask = (True, item, item), raw
    _core.elementwise(
        NAMED["where"],
        operands,
        out=array._array,
        mask=raw_mask,
        loop_dtypes=loop,
        communication=array.context._communication,
        later="where" if array.context._deferred else None,
    )


def assign(owner: Handle, part: _core.Array, value: Any, passing: bool = False) -> None:
    """Set all elements of a part of an array; `passing`: nobody will ask for the value again."""
    dtype = part.dtype
    if isinstance(value, Handle):
        common_context((owner, value))
        warn_of_lost_parts(value.dtype, dtype)
        if not is_native([value.dtype, dtype]) and value.dtype != dtype:
            part.assign(_pieces.cast(value, dtype), owner.context._communication)
        elif _may_lose(value.dtype, dtype) and _fits(value.shape, part.shape):
            report(_cast_into(value._array, part, owner.context._communication), "cast")
        else:
            part.assign(value._array, owner.context._communication, passing)
        return
    if isinstance(value, _SCALARS):
        part.fill(item_of(value, dtype))
        return
    if not part.shape and not isinstance(value, np.ndarray):
        # One element may take a sequence: a record, or an error.
        part.fill(item_of(value, dtype))
        return
    values = np.asarray(value)
    if values.ndim == 0 or values.dtype.hasobject:
        # Records as tuples and the like: NumPy knows what fits the dtype.
        values = np.asarray(value, dtype)
    if values.ndim == 0:
        part.fill(item_of(values, dtype))
        return
    warn_of_lost_parts(values.dtype, dtype)
    if not is_native([values.dtype, dtype]) and values.dtype != dtype:
        values = values.astype(dtype)
    if _may_lose(values.dtype, dtype) and _fits(values.shape, part.shape):
        report(_cast_into(values, part, 0), "cast")
    else:
        part.assign_numpy(values)


def _may_lose(source: np.dtype[Any], dest: np.dtype[Any]) -> bool:
    """Whether there are floats of one dtype that have no like in another."""
    return source.kind in "fc" and dest.kind in "iufc" and not np.can_cast(source, dest, "safe")


def _fits(shape: tuple[int, ...], whole: tuple[int, ...]) -> bool:
    """Whether values broadcast; assignment also takes leading axes of one element."""
    return len(shape) <= len(whole) and all(
        length in (1, size) for length, size in zip(shape[::-1], whole[::-1], strict=False)
    )


def _cast_into(values: Any, part: _core.Array, communication: int) -> int:
    """Copy values into a part of an array; return the floating-point exceptions that were met.

    It is an operation, because a mere copy would not tell of values that the dtype can't hold.
    """
    _, flags = _core.elementwise(
        NAMED["positive"],
        (values,),
        out=part,
        loop_dtypes=(values.dtype, values.dtype),
        communication=communication,
    )
    return flags


def warn_of_lost_parts(source: np.dtype[Any], dest: np.dtype[Any]) -> None:
    if source.kind == "c" and dest.kind in "iuf":
        warn(
            "Casting complex values to real discards the imaginary part",
            np.exceptions.ComplexWarning,
        )


def _fields(array: Handle, index: Any) -> Handle | None:
    """Return a view of fields of a structured dtype; None if the index names none."""
    names = array.dtype.names
    is_several = isinstance(index, list) and index and all(isinstance(n, str) for n in index)
    if names is None or not (isinstance(index, str) or is_several):
        return None
    dtype = np.empty((0,), array.dtype)[index].dtype
    if dtype.subdtype is None and np.empty((0,), array.dtype)[index].ndim == 1:
        return array._sibling(_pieces.view_pieces(array, lambda piece: piece[index], dtype))
    raise IndexError(
        f"field {index!r} is an array itself; a view of it would have more axes than the "
        "distribution"
    )
