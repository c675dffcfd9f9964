"""NumPy's ufuncs on DistArrays: calls, and the methods that we have operations for.

A call goes to the core if the core has the operation and computes with the dtypes of its loop, and
to NumPy on each engine's piece otherwise. Which loop that is, and what is refused, NumPy decides.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from distarray import _core
from distarray.globalapi import _pieces, _reduce, _scans
from distarray.globalapi._floating import report
from distarray.globalapi._handle import Handle, common_context
from distarray.globalapi._indexing import warn_of_lost_parts
from distarray.globalapi._operations import NAMED, operation_of
from distarray.globalapi._products import by_rows
from distarray.globalapi._resolution import WEAK, describe, is_native, resolve, signature_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["all_differ", "call", "dispatch", "gather_into", "operand_of"]

# The core has one operation for each result. Beyond so many elements NumPy's one pass over each
# piece is quicker than one for each result.
_FEW = 1 << 16
_SEVERAL: dict[np.ufunc, list[_core.Op]] = {
    np.divmod: [NAMED["floor_divide"], NAMED["remainder"]],
    np.modf: [NAMED["modf[0]"], NAMED["modf[1]"]],
    np.frexp: [NAMED["frexp[0]"], NAMED["frexp[1]"]],
}

_COMPARISONS = frozenset(
    {np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal}
)

_STRUCTURES = {np.equal: operator.eq, np.not_equal: operator.ne}
_NUMBER = np.dtype(int)

# What a call may be given beside its operands; `order` and `subok` are about memory and subclasses,
# of which a DistArray has neither.
_KEYWORDS = frozenset(
    {"out", "where", "casting", "order", "dtype", "subok", "signature", "sig", "axes", "axis"}
)


def dispatch(
    ufunc: np.ufunc, method: str, inputs: Sequence[Any], keywords: Mapping[str, Any]
) -> Any:
    """Carry out what NumPy hands over by ``__array_ufunc__``.

    Raises
    ------
    TypeError
        When we have no such operation.
    """
    if method == "__call__":
        return call(ufunc, inputs, **keywords)
    if method == "reduce":
        return _reduce.reduce_ufunc(ufunc, *inputs, **keywords)
    if method == "accumulate":
        return _scans.accumulate_ufunc(ufunc, *inputs, **keywords)
    if method == "outer":
        return _outer(ufunc, *inputs, **keywords)
    raise TypeError(
        f"numpy.{ufunc.__name__}.{method} has no distributed form yet; context.apply can call it "
        "on the piece of each engine, and toarray() gathers an array into one of NumPy's"
    )


def call(ufunc: np.ufunc, inputs: Sequence[Any], **keywords: Any) -> Any:
    """Apply a ufunc to DistArrays, NumPy arrays, sequences and numbers.

    Parameters
    ----------
    ufunc : numpy.ufunc
        Any ufunc that works element by element.
    inputs : sequence
        Its operands.
    **keywords
        ``out``, ``where``, ``dtype``, ``casting`` and ``signature``, as NumPy has them.

    Returns
    -------
    DistArray, tuple of DistArray, or NotImplemented
        What the ufunc returns; NotImplemented for operands that NumPy can't make arrays of.
    """
    if ufunc.signature is not None:
        return by_rows(ufunc, inputs, keywords)
    operands: list[Any] = []
    raw: list[Any] = []
    handles: list[Handle] = []
    for item in inputs:
        if isinstance(item, Handle):
            operands.append(item)
            handles.append(item)
            raw.append(item._array)
        else:
            operand = operand_of(item)
            if operand is NotImplemented:
                return NotImplemented
            operands.append(operand)
            raw.append(operand)
    if keywords:
        return _call_carefully(ufunc, operands, **_checked(ufunc, keywords))
    operation = operation_of(ufunc)
    if operation is None:
        return _call_carefully(ufunc, operands)
    first = handles[0]
    context = first.context
    for other in handles:
        if other.context is not context:
            common_context(handles)
    try:
        array, flags = _core.elementwise(
            operation,
            tuple(raw),
            communication=context._communication,
            later=ufunc.__name__ if context._deferred else None,
        )
    except (TypeError, OverflowError):
        # No loop for these dtypes in the core, or a number beyond them: NumPy knows what to do.
        return _call_carefully(ufunc, operands)
    if flags:
        report(flags, ufunc.__name__)
    return first._sibling(array)


def operand_of(item: Any) -> Any:
    """Return an operand as a DistArray, an ndarray or one of Python's numbers.

    NotImplemented stands for what NumPy would make an array of objects of.
    """
    kind = type(item)
    if isinstance(item, Handle) or kind in WEAK or kind is bool:
        return item
    if kind is not np.ndarray and not isinstance(item, np.generic):
        if getattr(kind, "__array_ufunc__", np.ndarray.__array_ufunc__) is not (
            np.ndarray.__array_ufunc__
        ):
            # It knows better what an operation with it means, or wants none.
            return NotImplemented
        if isinstance(item, np.ma.MaskedArray):
            raise TypeError("a DistArray has no mask; fill the masked array first")
        numbers: tuple[type[Any], ...] = (int, float, complex)
        for number in numbers:
            if isinstance(item, number):
                return number(item)
    array = np.asarray(item)
    return NotImplemented if array.dtype.hasobject else array


def _checked(ufunc: np.ufunc, keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keywords that matter; refuse those that NumPy refuses."""
    for name in keywords:
        if name not in _KEYWORDS:
            raise TypeError(f"{ufunc.__name__}() got an unexpected keyword argument '{name}'")
    signature = keywords.get("signature", keywords.get("sig"))
    out = keywords.get("out")
    outputs = out if isinstance(out, tuple) else (out,) + (None,) * (ufunc.nout - 1)
    return {
        "outputs": outputs,
        "where": keywords.get("where", True),
        "casting": keywords.get("casting", "same_kind"),
        "signature": signature_of(ufunc, keywords.get("dtype"), signature),
    }


def _call_carefully(
    ufunc: np.ufunc,
    operands: Sequence[Any],
    outputs: tuple[Any, ...] | None = None,
    where: Any = True,
    casting: str = "same_kind",
    signature: tuple[np.dtype[Any] | None, ...] | None = None,
) -> Any:
    """Apply a ufunc, asking NumPy for the loop."""
    outputs = outputs or (None,) * ufunc.nout
    _check_outputs(outputs)
    mask = _mask(where)
    handles = [item for item in (*operands, *outputs, mask) if isinstance(item, Handle)]
    context = common_context(handles)
    described = tuple(describe(operand) for operand in operands)
    results = tuple(None if output is None else output.dtype for output in outputs)
    try:
        looped = resolve(ufunc, described + results, signature, casting)
    except TypeError:
        if ufunc in (np.equal, np.not_equal) and set(results) == {None} and signature is None:
            if any(getattr(item, "dtype", _NUMBER).kind == "V" for item in operands):
                # NumPy's operators compare structures field by field, its ufuncs don't.
                return _pieces.map_function(_STRUCTURES[ufunc], context, operands)
            # Numbers and what is no number, as text, can't be compared: they differ.
            return all_differ(ufunc, *operands)
        raise
    given = [item.dtype for item in (*operands, *outputs) if hasattr(item, "dtype")]
    may_compute = is_native(looped) and is_native(given)
    is_plain = mask is None and all(output is None for output in outputs)
    if may_compute and is_plain and ufunc in _SEVERAL and handles[0].size <= _FEW:
        return _compute_several(ufunc, handles[0], operands, looped)
    operation = operation_of(ufunc)
    if ufunc.__name__ == "erf" and looped[0].kind == "c":
        # The core has SciPy's loops for real numbers only.
        operation = None
    if operation is None or not may_compute:
        return _pieces.call_ufunc(ufunc, context, operands, outputs, mask, casting, signature)
    if ufunc in _COMPARISONS:
        operands, looped = _within_bounds(operands, looped)
    (output,) = outputs
    raw = tuple(item._array if isinstance(item, Handle) else item for item in operands)
    out = output if isinstance(output, Handle) else None
    if out is not None:
        warn_of_lost_parts(looped[-1], out.dtype)
    array, flags = _core.elementwise(
        operation,
        raw,
        out=None if out is None else out._array,
        mask=mask._array if isinstance(mask, Handle) else mask,
        loop_dtypes=looped,
        communication=context._communication,
        later=ufunc.__name__ if context._deferred else None,
    )
    if flags:
        report(flags, ufunc.__name__)
    if out is not None:
        return out
    result = handles[0]._sibling(array)
    return result if output is None else gather_into(output, result, mask)


def _compute_several(
    ufunc: np.ufunc, handle: Handle, operands: Sequence[Any], looped: tuple[np.dtype[Any], ...]
) -> tuple[Handle, ...]:
    """Compute each result of a ufunc by itself."""
    raw = tuple(item._array if isinstance(item, Handle) else item for item in operands)
    results = []
    met = 0
    for operation, dtype in zip(_SEVERAL[ufunc], looped[ufunc.nin :], strict=True):
        array, flags = _core.elementwise(
            operation,
            raw,
            loop_dtypes=(*looped[: ufunc.nin], dtype),
            communication=handle.context._communication,
        )
        results.append(handle._sibling(array))
        met |= flags
    if met:
        report(met, ufunc.__name__)
    return tuple(results)


def _check_outputs(outputs: tuple[Any, ...]) -> None:
    for output in outputs:
        if not (output is None or isinstance(output, Handle | np.ndarray)):
            raise TypeError("return arrays must be of ArrayType")


def _mask(where: Any) -> Any:
    """Return the operand that says which elements count; None for all."""
    if where is True:
        return None
    mask = where if isinstance(where, Handle) else np.asarray(where)
    if not np.can_cast(mask.dtype, bool, "safe"):
        raise TypeError(
            f"Cannot cast array data from {mask.dtype!r} to dtype('bool') according to the rule "
            "'safe'"
        )
    return mask


def gather_into(output: Any, result: Handle, mask: Any = None) -> Any:
    """Copy a result into the caller's own NumPy array, as `out=` asks for."""
    where = True if mask is None else np.asarray(mask)
    if output.shape != np.broadcast_shapes(output.shape, result.shape):
        raise ValueError(
            f"non-broadcastable output operand with shape {output.shape} doesn't match the "
            f"broadcast shape {result.shape}"
        )
    np.copyto(output, result._array.to_numpy(), casting="unsafe", where=where)
    return output


def all_differ(ufunc: np.ufunc, *operands: Any) -> Handle:
    """Compare with something that no element equals, by `equal` or `not_equal`."""
    first = next(operand for operand in operands if isinstance(operand, Handle))
    shape = np.broadcast_shapes(*(np.shape(operand) for operand in operands))
    layout = first.distribution if first.shape == shape else shape
    return first.context.full(layout, ufunc is np.not_equal)


def _within_bounds(
    operands: Sequence[Any], looped: tuple[np.dtype[Any], ...]
) -> tuple[Sequence[Any], tuple[np.dtype[Any], ...]]:
    """Compare integers that a dtype can't hold as infinities: larger or smaller than all."""
    if looped[0].kind not in "iu":
        return operands, looped
    bounds = np.iinfo(looped[0])
    clipped = [
        np.asarray(np.inf if operand > 0 else -np.inf)
        if type(operand) is int and not bounds.min <= operand <= bounds.max
        else operand
        for operand in operands
    ]
    if all(new is old for new, old in zip(clipped, operands, strict=True)):
        return operands, looped
    double = np.dtype(float)
    return clipped, (double, double, looped[-1])


def _outer(ufunc: np.ufunc, first: Any, second: Any, /, **keywords: Any) -> Any:
    """Apply a ufunc to all pairs of elements."""
    operands = []
    for item in first, second:
        operand = operand_of(item)
        if operand is NotImplemented:
            return NotImplemented
        operands.append(operand)
    left, right = operands
    axes = np.ndim(right) if not isinstance(right, Handle) else right.ndim
    if axes and type(left) not in WEAK and type(left) is not bool:
        left = left[(..., *(None,) * axes)]
    return call(ufunc, (left, right), **keywords)
