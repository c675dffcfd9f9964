"""Utility functions for dealing with the metadata of DistArrays."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from numpy.lib.array_utils import normalize_axis_tuple

from distarray import _core
from distarray.error import DistributionError, GridShapeError, InvalidGridShapeError

__all__ = [
    "GridShapeError",
    "InvalidGridShapeError",
    "block_cyclic_size",
    "block_size",
    "c_or_bc_chooser",
    "check_grid_shape_postconditions",
    "check_grid_shape_preconditions",
    "cyclic_size",
    "distribute_block_indices",
    "distribute_cyclic_indices",
    "distribute_indices",
    "make_grid_shape",
    "non_dist_size",
    "normalize_dim_dict",
    "normalize_dist",
    "normalize_grid_shape",
    "normalize_reduction_axes",
    "positivify",
    "sanitize_indices",
    "shapes_from_dim_data_per_rank",
    "size_chooser",
    "size_from_dim_data",
    "tuple_intersection",
    "unstructured_size",
]

DimDict = Mapping[str, Any]
Dist = str | Sequence[str] | Mapping[int, str]


def join_letters(dist: Sequence[str]) -> str:
    """Join distribution types into a string of letters.

    Examples
    --------
    >>> join_letters(("b", "n"))
    'bn'
    """
    for letter in dist:
        if letter not in ("n", "b", "c", "u"):
            raise DistributionError(f"dist: {letter!r} is not one of 'n', 'b', 'c', 'u'")
    return "".join(dist)


# ---- Grid shapes -------------------------------------------------------------------------------


def check_grid_shape_preconditions(
    shape: Sequence[int], dist: Sequence[str], comm_size: int
) -> None:
    """Verify the arguments of `make_grid_shape`.

    Raises
    ------
    ValueError
        If there is no process, a negative size, an unknown distribution type, or not one
        distribution type per axis.
    """
    _core.check_grid_shape_preconditions(list(shape), join_letters(dist), comm_size)


def check_grid_shape_postconditions(
    grid_shape: Sequence[int], shape: Sequence[int], dist: Sequence[str], comm_size: int
) -> None:
    """Verify that a process grid fits an array.

    Raises
    ------
    ValueError
        If an axis has no places, more places than elements, or several places without being
        distributed, or if the grid needs more than `comm_size` processes.
    """
    _core.check_grid_shape_postconditions(
        list(grid_shape), list(shape), join_letters(dist), comm_size
    )


def make_grid_shape(shape: Sequence[int], dist: Sequence[str], comm_size: int) -> tuple[int, ...]:
    """Choose the shape of the process grid for an array.

    Parameters
    ----------
    shape : tuple of int
        The global shape of the array.
    dist : tuple of str
        The distribution type of each axis.
    comm_size : int
        How many processes there are.

    Returns
    -------
    tuple of int
        The number of places along each axis: of all ways to share the processes between the
        distributed axes, the one nearest to the proportions of the array.

    Raises
    ------
    GridShapeError
        If the processes can't be distributed over the axes.
    ValueError
        If an axis would have more places than elements, or an argument is wrong.

    Examples
    --------
    >>> make_grid_shape((20, 60), ("b", "b"), 12)
    (2, 6)
    >>> make_grid_shape((100, 10, 300), ("b", "n", "c"), 12)
    (2, 1, 6)
    """
    return _core.make_grid_shape(list(shape), join_letters(dist), comm_size)


def normalize_dist(dist: Dist, ndim: int) -> tuple[str, ...]:
    """Return the distribution type of each axis, ``'n'`` where none is given.

    Parameters
    ----------
    dist : str, list, tuple or dict
        The types of the first axes, or of some axes by their numbers.
    ndim : int
        The number of axes.

    Raises
    ------
    TypeError
        If `dist` is of another type.
    ValueError
        If there are more types than axes, or an unknown one.

    Examples
    --------
    >>> normalize_dist({0: "b", 3: "c"}, 4)
    ('b', 'n', 'n', 'c')
    >>> normalize_dist("b", 2)
    ('b', 'n')
    """
    if isinstance(dist, Mapping):
        types = [dist.get(axis, "n") for axis in range(ndim)]
    elif isinstance(dist, str | list | tuple):
        types = [*dist, *"n" * (ndim - len(dist))]
    else:
        raise TypeError(f"dist: expected a str, tuple, list or dict, not {type(dist).__name__!r}")
    join_letters(types)
    if len(types) > ndim:
        raise DistributionError(f"dist: {len(types)} types were given for {ndim} axes")
    return tuple(types)


def normalize_grid_shape(
    grid_shape: Sequence[int], shape: Sequence[int], dist: Dist, comm_size: int
) -> tuple[int, ...]:
    """Fill up a grid shape with ones, and verify that it fits.

    Raises
    ------
    InvalidGridShapeError
        If it needs more than `comm_size` processes or several along an undistributed axis.
    ValueError
        If it has more axes than the array, or an axis without places.

    Examples
    --------
    >>> normalize_grid_shape((2,), (10, 10), ("b", "n"), 4)
    (2, 1)
    """
    letters = join_letters(normalize_dist(dist, len(shape)))
    return _core.normalize_grid_shape(list(grid_shape), letters, comm_size)


# ---- Dimension dictionaries --------------------------------------------------------------------


def normalize_dim_dict(dd: dict[str, Any]) -> None:
    """Fill in the process grid of the dictionary of an undistributed axis, in place.

    Examples
    --------
    >>> dd = {"dist_type": "n", "size": 5}
    >>> normalize_dim_dict(dd)
    >>> dd
    {'dist_type': 'n', 'size': 5, 'proc_grid_size': 1, 'proc_grid_rank': 0}
    """
    if dd["dist_type"] == "n":
        dd["proc_grid_size"] = 1
        dd["proc_grid_rank"] = 0


def distribute_block_indices(dd: dict[str, Any]) -> None:
    """Fill in start and stop of the dictionary of an evenly cut axis, in place.

    Examples
    --------
    >>> dd = {"dist_type": "b", "size": 10, "proc_grid_size": 4, "proc_grid_rank": 3}
    >>> distribute_block_indices(dd)
    >>> dd["start"], dd["stop"]
    (9, 10)
    """
    if "start" not in dd or "stop" not in dd:
        even = _core.AxisMap.from_sizes(dd["size"], "b", dd["proc_grid_size"])
        dd["start"], dd["stop"] = even.bounds[dd["proc_grid_rank"]]


def distribute_cyclic_indices(dd: dict[str, Any]) -> None:
    """Fill in start of the dictionary of a cyclic or block-cyclic axis, in place.

    Examples
    --------
    >>> dd = {"dist_type": "c", "size": 10, "proc_grid_size": 4, "proc_grid_rank": 3}
    >>> distribute_cyclic_indices(dd)
    >>> dd["start"]
    3
    """
    if "start" not in dd:
        dd["start"] = dd["proc_grid_rank"] * dd.get("block_size", 1)


def distribute_indices(dd: dict[str, Any]) -> None:
    """Fill in the keys of a dictionary that say which indices it holds, in place.

    Raises
    ------
    TypeError
        If they don't follow from the other keys: the axis is unstructured.
    """
    fill: dict[str, Callable[[dict[str, Any]], None]] = {
        "n": lambda dd: None,
        "b": distribute_block_indices,
        "c": distribute_cyclic_indices,
    }
    dist_type = dd["dist_type"]
    if dist_type not in fill:
        raise TypeError(f"indices can't be chosen for dist_type {dist_type!r}")
    fill[dist_type](dd)


def non_dist_size(dim_data: DimDict) -> int:
    """Get the local size from the dictionary of an undistributed axis."""
    return operator.index(dim_data["size"])


def block_size(dim_data: DimDict) -> int:
    """Get the local size from the dictionary of a block axis.

    Examples
    --------
    >>> block_size({"dist_type": "b", "start": 3, "stop": 7})
    4
    """
    return operator.index(dim_data["stop"] - dim_data["start"])


def block_cyclic_size(dim_data: DimDict) -> int:
    """Get the local size from the dictionary of a block-cyclic axis.

    Examples
    --------
    >>> block_cyclic_size({"size": 10, "proc_grid_size": 2, "proc_grid_rank": 0, "block_size": 3})
    6
    """
    length = dim_data.get("block_size", 1)
    start = dim_data["proc_grid_rank"] * length
    return len(_core.Indices.dealt(dim_data["size"], dim_data["proc_grid_size"], start, length))


def cyclic_size(dim_data: DimDict) -> int:
    """Get the local size from the dictionary of a cyclic axis.

    Examples
    --------
    >>> cyclic_size({"size": 10, "proc_grid_size": 4, "proc_grid_rank": 1})
    3
    """
    return block_cyclic_size({**dim_data, "block_size": 1})


def c_or_bc_chooser(dim_data: DimDict) -> int:
    """Get the local size from the dictionary of a cyclic or block-cyclic axis."""
    return block_cyclic_size(dim_data)


def unstructured_size(dim_data: DimDict) -> int:
    """Get the local size from the dictionary of an unstructured axis."""
    return len(dim_data["indices"])


def size_chooser(dist_type: str) -> Callable[[DimDict], int]:
    """Get the function that finds the local size for a distribution type.

    Raises
    ------
    ValueError
        If the type is unknown.
    """
    choices: dict[str, Callable[[DimDict], int]] = {
        "n": non_dist_size,
        "b": block_size,
        "c": c_or_bc_chooser,
        "u": unstructured_size,
    }
    if dist_type not in choices:
        raise ValueError(f"dist_type: {dist_type!r} is not one of 'n', 'b', 'c', 'u'")
    return choices[dist_type]


def size_from_dim_data(dim_data: DimDict) -> int:
    """Get the local size from a dimension dictionary."""
    return size_chooser(dim_data["dist_type"])(dim_data)


def shapes_from_dim_data_per_rank(
    ddpr: Iterable[Iterable[DimDict]],
) -> list[tuple[int, ...]]:
    """Get the shapes of the local arrays from the dictionaries of all ranks.

    Examples
    --------
    >>> block = {"dist_type": "b", "start": 0, "stop": 4}
    >>> shapes_from_dim_data_per_rank([(block, {"dist_type": "n", "size": 3}), (block, block)])
    [(4, 3), (4, 4)]
    """
    return [tuple(size_from_dim_data(dd) for dd in dim_data) for dim_data in ddpr]


# ---- Indices -----------------------------------------------------------------------------------


def normalize_reduction_axes(axes: int | Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    """Return the axes of a reduction as a tuple of numbers that are not negative.

    Raises
    ------
    numpy.exceptions.AxisError
        If there is no such axis.
    ValueError
        If an axis is given twice.

    Examples
    --------
    >>> normalize_reduction_axes(None, 3)
    (0, 1, 2)
    >>> normalize_reduction_axes((0, -1), 3)
    (0, 2)
    """
    if axes is None:
        return tuple(range(ndim))
    return tuple(normalize_axis_tuple(axes, ndim))


def positivify(index: Any, size: int) -> Any:
    """Check that an index is within bounds, and return a version that is not negative.

    Parameters
    ----------
    index : int or slice
        What to look at. Bounds of slices may exceed the size.
    size : int
        The size of the axis.

    Raises
    ------
    IndexError
        If an integer is out of bounds, or the index is neither an integer nor a slice.

    Examples
    --------
    >>> positivify(-1, 10)
    9
    >>> positivify(slice(-3, None), 10)
    slice(7, None, None)
    """
    if isinstance(index, slice):
        return _positive_slice(index, size)
    number = _integer(index)
    positive = number + size if number < 0 else number
    if not 0 <= positive < size:
        raise IndexError(f"index {number} is out of bounds for an axis with size {size}")
    return positive


def _positive_slice(index: slice, size: int) -> slice:
    """Count the bounds of a slice from the beginning."""
    step = None if index.step is None else operator.index(index.step)
    backwards = step is not None and step < 0
    bounds: list[int | None] = []
    for bound in (index.start, index.stop):
        if bound is not None:
            bound = operator.index(bound)
            if bound < 0:
                bound += size
        bounds.append(bound)
    start, stop = bounds
    if start is not None and start < 0:
        # Before the first index: all that follows, or nothing when walking backwards.
        start, stop = 0, (0 if backwards else stop)
    if stop is not None and stop < 0:
        stop = None if backwards else 0
    return slice(start, stop, index.step)


def _integer(index: Any) -> int:
    if not isinstance(index, bool):
        try:
            return operator.index(index)
        except TypeError:
            pass
    raise IndexError(f"only integers, slices and Ellipsis are valid indices, not {index!r}")


def sanitize_indices(
    indices: Any, ndim: int | None = None, shape: Sequence[int] | None = None
) -> tuple[str, tuple[Any, ...]]:
    """Classify and complete what is written between the brackets of an index expression.

    Parameters
    ----------
    indices : int, slice, Ellipsis or a sequence of these
        The index expression.
    ndim : int, optional
        The number of axes; missing indices are filled in.
    shape : tuple of int, optional
        The global shape; integers are checked, and made positive with the bounds of slices.

    Returns
    -------
    str
        ``'value'`` if the expression selects one element, ``'view'`` otherwise.
    tuple of int and slice
        The complete index expression.

    Raises
    ------
    TypeError
        If `indices` is none of these.
    IndexError
        If there are too many indices, one is out of bounds, or one is of another type.
    RuntimeError
        If there is an Ellipsis, and neither `ndim` nor `shape` tells how many axes it covers.

    Examples
    --------
    >>> sanitize_indices(3, ndim=1)
    ('value', (3,))
    >>> sanitize_indices((..., -1), shape=(4, 5))
    ('view', (slice(None, None, None), 4))
    """
    if ndim is None and shape is not None:
        ndim = len(shape)
    items = _index_items(indices)
    whole = slice(None)
    first = next((place for place, item in enumerate(items) if item is Ellipsis), None)
    given = len(items) - (first is not None)
    if first is not None and ndim is None:
        raise RuntimeError("an Ellipsis can't be expanded without the number of axes")
    if ndim is not None:
        if given > ndim:
            raise IndexError(f"{given} indices were given for {ndim} axes")
        at = len(items) if first is None else first
        items[at : at + 1] = [whole] * (ndim - given)
    items = [whole if item is Ellipsis else item for item in items]
    items = [item if isinstance(item, slice) else _integer(item) for item in items]
    if shape is not None:
        items = [positivify(item, size) for item, size in zip(items, shape, strict=True)]
    view = first is not None or any(isinstance(item, slice) for item in items)
    return ("view" if view else "value"), tuple(items)


def _index_items(indices: Any) -> list[Any]:
    if indices is Ellipsis or isinstance(indices, slice) or hasattr(indices, "__index__"):
        return [indices]
    try:
        return list(indices)
    except TypeError:
        raise TypeError(
            f"expected an integer, a slice, Ellipsis or a sequence of them, not {indices!r}"
        ) from None


def tuple_intersection(t0: Sequence[int], t1: Sequence[int]) -> tuple[int, int, int] | None:
    """Compute what a (start, stop, step) and a (start, stop) range of indices have in common.

    Parameters
    ----------
    t0 : tuple of 2 or 3 int
        Start, stop and step (1 by default), all positive.
    t1 : tuple of 2 int
        Start and stop.

    Returns
    -------
    tuple of 3 int, or None
        Start, the index after the last one, and step; None when nothing is common.

    Examples
    --------
    >>> tuple_intersection((0, 60, 2), (15, 30))
    (16, 29, 2)
    >>> tuple_intersection((0, 10), (10, 20)) is None
    True
    """
    whole = range(*t0)
    first, end = (max(0, -((whole.start - bound) // whole.step)) for bound in t1)
    common = whole[first:end]
    return (common.start, common[-1] + 1, common.step) if common else None
