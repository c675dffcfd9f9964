"""Reductions of dtypes that the core only moves about, by NumPy on each engine's piece."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from distarray import _core
from distarray.globalapi import _pieces
from distarray.globalapi._handle import Handle
from distarray.globalapi._resolution import is_native
from distarray.globalapi.maps import Distribution

if TYPE_CHECKING:
    Axes = tuple[int, ...]

__all__ = ["reduce", "reduce_position"]

# What is left to do with the results of the engines.
_PARTIAL = {
    "sum": np.add,
    "prod": np.multiply,
    "min": np.minimum,
    "max": np.maximum,
    "any": np.logical_or,
    "all": np.logical_and,
    "count_nonzero": np.add,
}


def reduce(
    name: str,
    array: Any,
    axes: Axes,
    dtype: np.dtype[Any] | None,
    keepdims: bool,
    initial: Any,
    mask: _core.Array | None,
) -> Any:
    """Reduce along axes; the arguments are those of ``_reduce.reduce``, checked already."""
    from distarray.globalapi import _reduce

    if (native := _native(array)) is not None:
        where = True if mask is None else array._sibling(mask)
        return _reduce.reduce(
            name,
            native,
            axes,
            dtype,
            keepdims=keepdims,
            initial=initial,
            where=where,
        )
    if dtype is not None and dtype != array.dtype and name not in ("count_nonzero", "any", "all"):
        array, dtype = array.astype(dtype), None
    result = _rehearse(name, array.dtype, initial)
    if array.ndim == len(axes):
        value = np.asarray(_whole(name, array, initial, mask), result)
        return _at_home(array, value.reshape((1,) * array.ndim if keepdims else ()), axes, keepdims)
    return _rows(_function(name, initial), array, axes, result, keepdims, mask)


def _native(array: Any) -> Any:
    """Return the array in this machine's order of bytes, if the core then knows the dtype."""
    native = array.dtype.newbyteorder("=")
    return array.astype(native) if native != array.dtype and is_native([native]) else None


def reduce_position(name: str, array: Any, axes: Axes, keepdims: bool) -> Any:
    """Find the first of the least or of the greatest elements."""
    from distarray.globalapi import _reduce

    if any(array.shape[axis] == 0 for axis in axes):
        raise ValueError(f"attempt to get {name} of an empty sequence")
    position: Any = getattr(np, name)
    position(np.zeros((1,), array.dtype))  # NumPy's refusal
    if (native := _native(array)) is not None:
        axis = None if len(axes) == array.ndim else axes[0]
        return _reduce.reduce_position(name, native, axis, keepdims=keepdims)
    if len(axes) < array.ndim:

        def along(piece: Any, axes: Axes, keepdims: bool, where: Any) -> Any:
            return position(piece, axes[0], keepdims=keepdims)

        return _rows(along, array, axes, np.dtype(np.intp), keepdims, None)
    layout = Distribution(array.context, (array.size,))
    flat = array.distribute_as(layout)

    pieces = flat._array

    def on_engine(engine: _core.Engine) -> Any:
        piece, _ = _pieces.piece_of(engine, pieces)
        found = int(position(piece))
        return found, piece[found]

    results = array.context._call(layout.targets, on_engine)
    best = int(position(np.array([item for _, item in results], array.dtype)))
    starts = np.cumsum([0, *(length for (length,) in layout.localshapes())])
    value = np.asarray(starts[best] + results[best][0], np.intp)
    return _at_home(array, value.reshape((1,) * array.ndim if keepdims else ()), axes, keepdims)


def _function(name: str, initial: Any) -> Any:
    """Return the function for a piece, its keywords filled in."""
    from distarray.globalapi._reduce import NO_VALUE

    keywords: dict[str, Any] = {} if initial is NO_VALUE else {"initial": initial}
    ufunc = _PARTIAL[name]
    if name == "count_nonzero":
        return _count
    return lambda piece, axis, keepdims, where: ufunc.reduce(
        piece, axis, keepdims=keepdims, where=where, **keywords
    )


def _count(piece: Any, axis: Axes, keepdims: bool, where: Any) -> Any:
    if len(axis) == piece.ndim and where is True:
        # Structures can be counted, but not cast.
        count = np.asarray(np.count_nonzero(piece))
        return count.reshape((1,) * piece.ndim) if keepdims else count
    truth: Any = piece.astype(bool)
    return np.sum(truth, axis, dtype=np.intp, keepdims=keepdims, where=where)


def _rehearse(name: str, dtype: np.dtype[Any], initial: Any) -> np.dtype[Any]:
    """Return the dtype of the result; NumPy's refusal arises here, before an engine is asked."""
    function = _function(name, initial)
    return np.asarray(function(np.zeros((1,), dtype), (0,), True, True)).dtype


def _whole(name: str, array: Any, initial: Any, mask: _core.Array | None) -> Any:
    """Reduce all elements: each engine its own, and their results here."""
    from distarray.globalapi._reduce import NO_VALUE

    if not array.size and initial is NO_VALUE and name in ("min", "max"):
        raise ValueError(
            f"zero-size array to reduction operation {_PARTIAL[name].__name__} which has no "
            "identity"
        )
    function = _function(name, NO_VALUE)
    arrays = (array._array,) if mask is None else (array._array, mask)
    layout, aligned = _core.align(arrays, communication=array.context._communication)
    axis = tuple(range(array.ndim))

    def on_engine(engine: _core.Engine) -> Any:
        pieces = [_pieces.piece_of(engine, item)[0] for item in aligned]
        where = pieces[1] if mask is not None else True
        return None if pieces[0].size == 0 else function(pieces[0], axis, False, where)

    partials = array.context._call(sorted(layout.targets), on_engine)
    found = [np.asarray(partial) for partial in partials if partial is not None]
    dtype = found[0].dtype if found else _rehearse(name, array.dtype, initial)
    stacked = np.array(found, dtype)
    keywords = {} if initial is NO_VALUE else {"initial": initial}
    if _PARTIAL[name] in (np.minimum, np.maximum) or dtype.kind in "mM":
        return _PARTIAL[name].reduce(stacked, **keywords)
    return _PARTIAL[name].reduce(stacked, dtype=dtype, **keywords)


def _at_home(array: Any, value: Any, axes: Axes, keepdims: bool) -> Any:
    """Return a DistArray with one value, where reductions put their results."""
    layout = array._array.distribution.reduce(list(axes), keepdims)
    made = _core.Array.from_numpy(array.context._engines, layout, value, value.dtype)
    return array._sibling(made)


def _rows(
    function: Any,
    array: Any,
    axes: Axes,
    dtype: np.dtype[Any],
    keepdims: bool,
    mask: _core.Array | None,
) -> Any:
    """Reduce some of the axes by `function`, moved so that each engine has whole rows."""
    context = array.context
    whole = array.distribute_as(_with_whole_rows(array, axes))
    arrays = (whole._array,) if mask is None else (whole._array, mask)
    layout, aligned = _core.align(arrays, communication=context._communication)
    reduced = layout.reduce(list(axes), keepdims)
    engines = context._engines
    identifier = engines.new_array_id()

    def on_engine(engine: _core.Engine) -> None:
        pieces = [_pieces.piece_of(engine, item)[0] for item in aligned]
        where = pieces[1] if mask is not None else True
        result = np.asarray(function(pieces[0], axes, keepdims, where), dtype)
        engine.keep(identifier, np.array(result))
        engine.place(identifier, reduced)

    context._call(sorted(layout.targets), on_engine)
    return array._sibling(_core.Array.adopt(engines, identifier, reduced, dtype))


def _with_whole_rows(array: Handle, axes: Axes) -> Distribution:
    """Return a distribution in which each engine has `axes` whole and in their order."""
    distribution = array.distribution
    if all(distribution.grid_shape[axis] == 1 and distribution.dist[axis] != "u" for axis in axes):
        return distribution
    kept = [axis for axis in range(array.ndim) if axis not in axes]
    dist = dict.fromkeys(kept[:1], "b") | dict.fromkeys((*axes, *kept[1:]), "n")
    return Distribution(array.context, array.shape, dist, targets=_targets(array, kept[0]))


def _targets(array: Handle, axis: int) -> list[int]:
    """Return as many of the array's engines as an axis has work for."""
    targets = sorted(array.distribution.targets)
    return targets[: max(1, min(len(targets), array.shape[axis]))]
