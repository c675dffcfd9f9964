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

    native = array.dtype.newbyteorder("=")
    if native != array.dtype and is_native([native]):
        where = True if mask is None else array._sibling(mask)
        return _reduce.reduce(
            name,
            array.astype(native),
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
    return _rows(name, array, axes, result, keepdims, initial, mask)


def reduce_position(name: str, array: Any, axes: Axes, keepdims: bool) -> Any:
    """Find the first of the elements that equal the least or the greatest one."""
    if any(array.shape[axis] == 0 for axis in axes):
        raise ValueError(f"attempt to get {name} of an empty sequence")
    from distarray.globalapi import _reduce

    kind = {"argmin": "min", "argmax": "max"}[name]
    extremum = reduce(kind, array, axes, None, True, _reduce.NO_VALUE, None)
    found = array == extremum
    if array.dtype.kind in "mM":
        found = found | np.isnat(array)
    elif array.dtype.kind in "fc":
        found = found | np.isnan(array)
    return _reduce.reduce_position("argmax", found, _one(axes, array.ndim), keepdims=keepdims)


def _one(axes: Axes, ndim: int) -> int | None:
    return None if len(axes) == ndim else axes[0]


def _function(name: str, initial: Any) -> Any:
    """Return the function for a piece, its keywords filled in."""
    from distarray.globalapi._reduce import NO_VALUE

    keywords: dict[str, Any] = {} if initial is NO_VALUE else {"initial": initial}
    ufunc = _PARTIAL[name]
    if name == "count_nonzero":
        return lambda piece, axis, keepdims, where: ufunc.reduce(
            piece.astype(bool), axis, dtype=np.intp, keepdims=keepdims, where=where
        )
    return lambda piece, axis, keepdims, where: ufunc.reduce(
        piece, axis, keepdims=keepdims, where=where, **keywords
    )


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

    partials = array.context._engines.call(sorted(layout.targets), on_engine)
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
    name: str,
    array: Any,
    axes: Axes,
    dtype: np.dtype[Any],
    keepdims: bool,
    initial: Any,
    mask: _core.Array | None,
) -> Any:
    """Reduce some of the axes, moved so that each engine has whole rows."""
    context = array.context
    whole = array.distribute_as(_with_whole_rows(array, axes))
    arrays = (whole._array,) if mask is None else (whole._array, mask)
    layout, aligned = _core.align(arrays, communication=context._communication)
    reduced = layout.reduce(list(axes), keepdims)
    function = _function(name, initial)
    engines = context._engines
    identifier = engines.new_array_id()

    def on_engine(engine: _core.Engine) -> None:
        pieces = [_pieces.piece_of(engine, item)[0] for item in aligned]
        where = pieces[1] if mask is not None else True
        result = np.asarray(function(pieces[0], axes, keepdims, where), dtype)
        engine.keep(identifier, np.array(result))
        engine.place(identifier, reduced)

    engines.call(sorted(layout.targets), on_engine)
    return array._sibling(_core.Array.adopt(engines, identifier, reduced, dtype))


def _with_whole_rows(array: Handle, axes: Axes) -> Distribution:
    """Return a distribution like the array's in which `axes` are on one engine each."""
    distribution = array.distribution
    if all(distribution.grid_shape[axis] == 1 for axis in axes):
        return distribution
    kept = [axis for axis in range(array.ndim) if axis not in axes]
    dist = dict.fromkeys(kept[:1], "b") | dict.fromkeys((*axes, *kept[1:]), "n")
    return Distribution(array.context, array.shape, dist, targets=_targets(array, kept[0]))


def _targets(array: Handle, axis: int) -> list[int]:
    """Return as many of the array's engines as an axis has work for."""
    targets = sorted(array.distribution.targets)
    return targets[: max(1, min(len(targets), array.shape[axis]))]
