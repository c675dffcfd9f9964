"""NumPy's own functions on the piece of each engine, for what the core has no operation for."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from distarray import _core
from distarray.globalapi._floating import Recorder, report
from distarray.globalapi._handle import Handle
from distarray.globalapi._reference import Reference

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from distarray.globalapi.context import BaseContext

    Piece = np.ndarray[Any, np.dtype[Any]]
    #: Fills the pieces of results from the pieces of operands.
    Local = Callable[[list[Any], tuple[Piece, ...]], object]

__all__ = ["call_ufunc", "cast", "compute", "map_function", "piece_of", "view_pieces"]


def call_ufunc(
    ufunc: np.ufunc,
    context: BaseContext,
    operands: Sequence[Any],
    outputs: tuple[Any, ...],
    mask: Any,
    casting: str,
    signature: tuple[np.dtype[Any] | None, ...] | None,
) -> Any:
    """Apply any ufunc, several outputs and all dtypes included."""
    keywords: dict[str, Any] = {"casting": casting}
    if signature is not None:
        keywords["signature"] = signature
    made = _rehearse(ufunc, operands, outputs, keywords)
    # What a mask leaves out stays as it is in `out`: the pieces of that are operands too.
    kept = [] if mask is None else [output for output in outputs if output is not None]
    masks = [] if mask is None else [mask]

    # The function goes to the engines: it holds no array.
    count, is_masked = len(operands), mask is not None
    is_given = [output is not None for output in outputs]

    def local(pieces: list[Any], results: tuple[Piece, ...]) -> None:
        if is_masked:
            before = iter(pieces[count:-1])
            for result in itertools.compress(results, is_given):
                result[...] = next(before)
        where = pieces[-1] if is_masked else True
        ufunc(*pieces[:count], out=results, where=where, **keywords)

    dtypes = [result.dtype for result in made]
    shape = np.broadcast_shapes(*(np.shape(operand) for operand in (*operands, *masks)))
    for output in outputs:
        if output is not None and np.broadcast_shapes(shape, output.shape) != output.shape:
            raise ValueError(
                f"non-broadcastable output operand with shape {output.shape} doesn't match the "
                f"broadcast shape {shape}"
            )
    results, flags = compute(context, local, [*operands, *kept, *masks], dtypes)
    if flags:
        report(flags, ufunc.__name__)
    collected = [
        result if output is None else _store(output, result)
        for output, result in zip(outputs, results, strict=True)
    ]
    return collected[0] if len(collected) == 1 else tuple(collected)


def _store(output: Any, result: Handle) -> Any:
    """Copy a result into the array that the caller gave for it."""
    if isinstance(output, Handle):
        output._array.assign(result._array, output.context._communication)
    else:
        output[...] = result._array.to_numpy()
    return output


def map_function(
    function: Callable[..., Any], context: BaseContext, operands: Sequence[Any], **keywords: Any
) -> Handle:
    """Apply one of NumPy's functions that works element by element but is no ufunc."""
    (result,) = _rehearse(function, operands, (), keywords)

    def local(pieces: list[Any], results: tuple[Piece, ...]) -> None:
        results[0][...] = function(*pieces, **keywords)

    (array,), flags = compute(context, local, operands, [result.dtype])
    if flags:
        report(flags, function.__name__)
    return array


def cast(array: Handle, dtype: np.dtype[Any]) -> _core.Array:
    """Convert to a dtype that only NumPy knows, or from one."""
    return map_function(_cast_piece, array.context, (array,), dtype=dtype)._array


def _cast_piece(piece: Piece, dtype: np.dtype[Any]) -> Piece:
    # Warnings are for the client to give, once.
    is_cut = piece.dtype.kind == "c" and dtype.kind in "iuf"
    return (piece.real if is_cut else piece).astype(dtype)


def _rehearse(
    function: Callable[..., Any],
    operands: Sequence[Any],
    outputs: Sequence[Any],
    keywords: dict[str, Any],
) -> tuple[Piece, ...]:
    """Call a function on empty arrays, here: NumPy's errors arise before an engine is asked."""
    samples = [_sample(operand) for operand in operands]
    if any(output is not None for output in outputs):
        keywords = keywords | {"out": tuple(_sample(output) for output in outputs)}
    with np.errstate(all="ignore"):
        results = function(*samples, **keywords)
    results = results if isinstance(results, tuple) else (results,)
    arrays = tuple(np.asarray(result) for result in results)
    if any(array.dtype.hasobject for array in arrays):
        raise TypeError(f"{function.__name__} gives Python objects, which a DistArray cannot hold")
    return arrays


def _sample(operand: Any) -> Any:
    return np.empty((0,), operand.dtype) if hasattr(operand, "dtype") else operand


def compute(
    context: BaseContext,
    local: Local,
    operands: Sequence[Any],
    dtypes: Sequence[np.dtype[Any]],
) -> tuple[list[Handle], int]:
    """Compute new arrays from aligned pieces, each engine on its own.

    Parameters
    ----------
    context : Context
        That of all arrays.
    local : callable
        Called on every engine with its pieces of the operands (numbers as they are) and the pieces
        to fill.
    operands : sequence
        DistArrays, ndarrays and numbers; they broadcast.
    dtypes : sequence of dtype
        That of each new array.

    Returns
    -------
    list of DistArray, int
        The arrays, and the floating-point exceptions that were met.
    """
    arrays = [item for item in operands if isinstance(item, Handle | np.ndarray)]
    handle = next(item for item in arrays if isinstance(item, Handle))
    layout, aligned = _core.align(
        tuple(item._array if isinstance(item, Handle) else item for item in arrays),
        communication=context._communication,
    )
    engines = context._engines
    names = [engines.new_array_id() for _ in dtypes]
    shapes = layout.local_shapes()
    targets = layout.targets
    is_array = [isinstance(item, Handle | np.ndarray) for item in operands]
    numbers = [item for item in operands if not isinstance(item, Handle | np.ndarray)]

    def on_engine(engine: _core.Engine) -> int:
        own, others = iter([piece_of(engine, array)[0] for array in aligned]), iter(numbers)
        pieces = [next(own if array else others) for array in is_array]
        shape = shapes[targets.index(engine.number)]
        results = tuple(np.empty(shape, dtype) for dtype in dtypes)
        recorder = Recorder()
        with recorder:
            local(pieces, results)
        for name, result in zip(names, results, strict=True):
            engine.keep(name, result)
            engine.place(name, layout)
        return recorder.flags

    flags = context._call(sorted(targets), on_engine)
    made = [
        handle._sibling(_core.Array.adopt(engines, name, layout, dtype))
        for name, dtype in zip(names, dtypes, strict=True)
    ]
    return made, int(np.bitwise_or.reduce(flags, initial=0))


def piece_of(engine: _core.Engine, array: _core.Array | Reference) -> tuple[Piece, bool]:
    found = engine.piece(array.id, array.distribution)
    if found is None:
        raise RuntimeError(f"engine {engine.number} has no piece of an aligned array")
    _, piece, is_view = found
    return piece, is_view


def view_pieces(
    handle: Handle, view: Callable[[Piece], Piece], dtype: np.dtype[Any]
) -> _core.Array:
    """Return an array of the core over views of each piece, of the same shape; they share memory.

    Raises
    ------
    ValueError
        When a piece is not laid out with strides, so that NumPy could only make a copy.
    """
    context = handle.context
    engines = context._engines
    layout = handle._array.distribution
    name = engines.new_array_id()
    # Engines can't have an expression evaluated.
    _core.evaluate([handle._array])

    array = handle._array

    def on_engine(engine: _core.Engine) -> bool:
        piece, is_view = piece_of(engine, array)
        if is_view:
            engine.keep(name, view(piece))
            engine.place(name, layout)
        return is_view

    if not all(context._call(sorted(layout.targets), on_engine)):
        raise ValueError("the elements are not at regular distances in memory; take a copy() first")
    return _core.Array.adopt(engines, name, layout, dtype, array)
