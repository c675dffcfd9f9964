"""Reductions along axes, by NumPy's rules."""

from __future__ import annotations

import operator
from sys import getrefcount
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index, normalize_axis_tuple

from distarray import _core
from distarray.globalapi import _opaque, _statistics
from distarray.globalapi._deferred import TEMPORARY_SELF
from distarray.globalapi._floating import INVALID, OVERFLOW, report, warn
from distarray.globalapi._handle import Handle, common_context
from distarray.globalapi._operations import NAMED, OPERATIONS
from distarray.globalapi._resolution import NATIVE, is_native

__all__ = ["NO_VALUE", "OF_UFUNC", "put", "reduce", "reduce_position", "reduce_ufunc"]

#: NumPy's mark for an argument that was not given.
NO_VALUE: Any = np._NoValue

#: The reduction that each of NumPy's ufuncs stands for.
OF_UFUNC: dict[Any, str] = {
    np.add: "sum",
    np.multiply: "prod",
    np.minimum: "min",
    np.maximum: "max",
    np.logical_and: "all",
    np.logical_or: "any",
}
_UFUNCS = {name: ufunc for ufunc, name in OF_UFUNC.items()}

# These have no value for no elements.
_WITHOUT_IDENTITY = frozenset({"min", "max"})
_STATISTICS = frozenset({"mean", "var", "std"})

# These need nothing but the elements.
_PLAIN = frozenset({"sum", "prod", "min", "max", "any", "all"})


def reduce_ufunc(
    ufunc: np.ufunc,
    array: Any,
    axis: Any = 0,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = NO_VALUE,
    where: Any = True,
) -> Any:
    """Carry out ``ufunc.reduce``, whose axis is the first one by default."""
    name = OF_UFUNC.get(ufunc)
    if name is None or not isinstance(array, Handle):
        raise TypeError(f"numpy.{ufunc.__name__}.reduce has no distributed form yet")
    if isinstance(out, tuple):
        (out,) = out
    if name in ("any", "all") and dtype is not None and np.dtype(dtype) != bool:
        raise TypeError(f"numpy.{ufunc.__name__}.reduce gives booleans, not {np.dtype(dtype)}")
    return reduce(name, array, axis, dtype, out, keepdims, initial=initial, where=where)


def axes_of(array: Handle, axis: Any) -> tuple[int, ...]:
    """Return the axes that an argument `axis` names, none of them negative.

    Raises
    ------
    numpy.exceptions.AxisError, ValueError, TypeError
        As NumPy, for axes that are out of bounds, named twice, or no integers.
    """
    ndim = array.ndim
    if axis is None:
        return tuple(range(ndim))
    if ndim == 0 and axis in (0, -1):
        # NumPy takes a scalar for a row of one.
        return ()
    return normalize_axis_tuple(axis, ndim)


def reduce(
    name: str,
    array: Handle,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    *,
    initial: Any = NO_VALUE,
    where: Any = True,
    ddof: float = 0,
) -> Any:
    """Reduce an array along axes.

    Parameters
    ----------
    name : str
        The reduction, as NumPy calls it.
    array : DistArray
        What is reduced.
    axis : None, int or tuple of int
        Along which axes; None for all of them.
    dtype : dtype, optional
        What is computed in.
    out : DistArray or ndarray, optional
        Where the result goes.
    keepdims : bool
        Whether reduced axes stay, with one element.
    initial : scalar, optional
        Reduced with the elements.
    where : array_like of bool
        Which elements count.
    ddof : float
        For variances, what is taken from the number of elements.

    Returns
    -------
    DistArray or ndarray
        `out` if that was given.
    """
    # This function is one call further than the method that has the array as its own.
    passing = getrefcount(array) <= TEMPORARY_SELF + 1
    is_plain = axis is None and dtype is None and out is None and where is True
    if is_plain and initial is NO_VALUE and not keepdims:
        # Of few elements a sum takes as long as a look at each of its arguments.
        core = array._array
        is_simple = name in _PLAIN or (name in _STATISTICS and core.size > ddof)
        if is_simple and core.dtype in NATIVE:
            reduced, flags = core.reduce(
                name,
                tuple(range(core.ndim)),
                ddof=ddof,
                communication=array.context._communication,
                passing=passing,
            )
            if flags:
                _report(name, flags)
            return array._sibling(reduced)
    dtype = None if dtype is None else np.dtype(dtype)
    if name in _STATISTICS and array.ndim == 0 and axis is not None:
        # Here NumPy doesn't take a scalar for a row of one.
        normalize_axis_tuple(axis, 0)
    axes = axes_of(array, axis)
    keepdims = bool(keepdims)
    mask = _mask(array, where)
    if name in _STATISTICS:
        _warn_of_few(name, array, axes, mask, ddof)
        if not _statistics.is_single(name, array.dtype, dtype):
            chosen = True if mask is None else array._sibling(mask)
            result = _statistics.by_steps(name, array, axes, dtype, keepdims, chosen, ddof)
            return result if out is None else put(name, result, out)
    elif not is_native([array.dtype] if dtype is None else [array.dtype, dtype]):
        result = _opaque.reduce(name, array, axes, dtype, keepdims, initial, mask)
        return result if out is None else put(name, result, out)
    _check(name, initial, mask)
    if name in _WITHOUT_IDENTITY and initial is not NO_VALUE:
        array = _with_initial(array, mask, initial, dtype)
        mask = None
        if not _statistics.count(array, axes, True):
            result = _all_initial(array, axes, keepdims, initial)
            return result if out is None else put(name, result, out)
    summed = array.dtype if dtype is None else dtype
    term = None
    if name == "sum" and initial is not NO_VALUE and summed.kind in "fc":
        # One more term of an exact sum.
        term, initial = _item(initial, summed), NO_VALUE
    reduced, flags = array._array.reduce(
        name,
        axes,
        keepdims=keepdims,
        dtype=dtype,
        mask=mask,
        ddof=float(ddof),
        initial=term,
        communication=array.context._communication,
        passing=passing,
    )
    if flags:
        _report(name, flags)
    result = array._sibling(reduced)
    if initial is not NO_VALUE:
        result = _combine(name, result, initial)
    return result if out is None else put(name, result, out)


def _mask(array: Handle, where: Any) -> _core.Array | None:
    """Return which elements count, as the core takes it; None for all."""
    if where is True or where is NO_VALUE:
        return None
    if isinstance(where, Handle):
        common_context((array, where))
    else:
        where = np.asarray(where)
    shape = where.shape
    if not np.can_cast(where.dtype, bool, "safe"):
        raise TypeError(
            f"Cannot cast array data from {where.dtype!r} to dtype('bool') according to the rule "
            "'safe'"
        )
    if np.broadcast_shapes(array.shape, shape) != array.shape:
        raise ValueError(
            f"the mask `where` of shape {shape} does not broadcast to the array's, {array.shape}"
        )
    if isinstance(where, Handle):
        return where._array
    _, aligned = _core.align((array._array, where))
    return aligned[1]


def _check(name: str, initial: Any, mask: _core.Array | None) -> None:
    if name in _WITHOUT_IDENTITY and mask is not None and initial is NO_VALUE:
        raise ValueError(
            f"reduction operation '{_UFUNCS[name].__name__}' does not have an identity, so to use "
            "a where mask one has to specify 'initial'"
        )


def _warn_of_few(
    name: str, array: Handle, axes: tuple[int, ...], mask: _core.Array | None, ddof: float
) -> None:
    """Warn, as NumPy, of means and variances of too few elements."""
    if mask is None:
        fewest = _statistics.count(array, axes, True)
    else:
        counts = _statistics.count(array, axes, array._sibling(mask))
        if counts.size == 0:
            return
        fewest = int(counts.min())
    if fewest > (0 if name == "mean" else ddof):
        return
    if name == "mean":
        warn("Mean of empty slice", RuntimeWarning)
    else:
        warn("Degrees of freedom <= 0 for slice", RuntimeWarning)
    if all(length for axis, length in enumerate(array.shape) if axis not in axes):
        is_scalar = len(axes) == array.ndim
        report(INVALID, "scalar divide" if is_scalar else "divide")


def _report(name: str, flags: int) -> None:
    """Report floating-point exceptions at the step of NumPy's that meets them."""
    for bit, step in (OVERFLOW, "multiply"), (INVALID, "subtract"):
        if flags & bit:
            report(bit, step if name in ("var", "std") else "reduce")


def _with_initial(
    array: Handle, mask: _core.Array | None, initial: Any, dtype: np.dtype[Any] | None
) -> Handle:
    """Return the array with `initial` in place of the elements that a mask leaves out."""
    if dtype is not None and dtype != array.dtype:
        array = array._sibling(array._array.astype(dtype))
    if mask is None:
        return array
    operands = (mask, array._array, _item(initial, array.dtype))
    selected, _ = _core.elementwise(
        NAMED["where"], operands, communication=array.context._communication
    )
    return array._sibling(selected)


def _all_initial(array: Handle, axes: tuple[int, ...], keepdims: bool, initial: Any) -> Handle:
    """Return what the reduction of no elements is: `initial`, everywhere."""
    layout = array._array.distribution.reduce(list(axes), keepdims)
    item = _item(initial, array.dtype)
    engines = array.context._engines
    return array._sibling(_core.Array.create(engines, layout, array.dtype, item))


def _item(value: Any, dtype: np.dtype[Any]) -> np.ndarray[Any, np.dtype[Any]]:
    item = np.empty((), dtype)
    item[()] = value
    return item


def _combine(name: str, result: Handle, initial: Any) -> Handle:
    """Reduce a result with one more value."""
    operands = (_item(initial, result.dtype), result._array)
    combined, flags = _core.elementwise(OPERATIONS[_UFUNCS[name]], operands)
    if flags:
        report(flags, "reduce")
    return result._sibling(combined)


def put(name: str, result: Handle, out: Any) -> Any:
    """Copy a result to where the user wants it."""
    if isinstance(out, tuple) and len(out) == 1:
        (out,) = out
    if not isinstance(out, Handle | np.ndarray):
        raise TypeError("return arrays must be of ArrayType")
    ufunc = _UFUNCS.get(name, np.add).__name__
    if out.ndim != result.ndim:
        raise ValueError(
            f"output parameter for reduction operation {ufunc} has the wrong number of "
            f"dimensions: Found {out.ndim} but expected {result.ndim}"
        )
    if out.shape != result.shape:
        raise ValueError(
            f"output parameter for reduction operation {ufunc} has shape {out.shape}, but the "
            f"result has {result.shape}"
        )
    if isinstance(out, Handle):
        out[...] = result  # type: ignore[index]
    else:
        out[...] = result._array.to_numpy()
    return out


def reduce_position(
    name: str, array: Handle, axis: Any = None, out: Any = None, keepdims: bool = False
) -> Any:
    """Find where the least or the greatest element is: ``argmin`` or ``argmax``."""
    if axis is None:
        axes = tuple(range(array.ndim))
    else:
        axes = axes_of(array, normalize_axis_index(operator.index(axis), max(array.ndim, 1)))
    if is_native([array.dtype]):
        reduced, _ = array._array.reduce(
            name, axes, keepdims=bool(keepdims), communication=array.context._communication
        )
        result = array._sibling(reduced)
    else:
        result = _opaque.reduce_position(name, array, axes, bool(keepdims))
    if out is None:
        return result
    if out.shape != result.shape:
        raise ValueError(f"output array does not match result of np.{name}.")
    if not np.can_cast(out.dtype, np.intp, "safe"):
        kind = "array data" if out.ndim else "scalar"
        raise TypeError(
            f"Cannot cast {kind} from {out.dtype!r} to dtype('int64') according to the rule 'safe'"
        )
    return put(name, result, out)
