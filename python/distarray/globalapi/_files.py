"""What files of all formats have in common, and npy files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

import numpy as np

from distarray import _core
from distarray.error import ContextError
from distarray.globalapi._call import Outgoing, as_copy
from distarray.globalapi._handle import Handle
from distarray.globalapi.maps import Distribution

if TYPE_CHECKING:
    from distarray.globalapi.context import BaseContext
    from distarray.globalapi.distarray import DistArray

    FilePath = str | PathLike[str]

__all__ = ["check_array", "layout_for", "load_npy", "on_engines", "save_npy"]


def check_array(context: BaseContext, array: Any) -> None:
    """Refuse what is no DistArray of a context."""
    if not isinstance(array, Handle):
        raise TypeError(f"array: expected a DistArray, not {type(array).__name__}")
    if array.context is not context:
        raise ContextError("array: it belongs to another context")


def layout_for(
    context: BaseContext, shape: Sequence[int], distribution: Distribution | None, path: FilePath
) -> Distribution:
    """Return where an array of a file goes: by default in blocks along the first axis."""
    if distribution is None:
        return Distribution(context, shape)
    if not isinstance(distribution, Distribution):
        raise TypeError(f"distribution: expected a Distribution, not {type(distribution).__name__}")
    if distribution.context is not context:
        raise ContextError("distribution: it belongs to another context")
    if distribution.shape != tuple(shape):
        raise ValueError(
            f"distribution: its shape {distribution.shape} is not that of the array in "
            f"{fspath(path)}, {tuple(shape)}"
        )
    return distribution


def on_engines(
    context: BaseContext,
    function: Callable[..., Any],
    args: Sequence[Any],
    targets: list[int],
    outgoing: Outgoing = as_copy,
) -> list[Any]:
    """Call one of our functions on engines; one exception stands for all."""
    try:
        return context._run(function, args, {}, targets, outgoing)
    except ExceptionGroup as group:
        # Engines meet the same: one exception stands for all, so that its kind can be caught.
        raise group.exceptions[0] from None


# ---- npy ---------------------------------------------------------------------------------------


def load_npy(
    context: BaseContext, filename: FilePath, distribution: Distribution | None
) -> DistArray:
    """Return the array in a ``.npy`` file; each engine reads its own part."""
    from distarray.globalapi.distarray import DistArray

    file = _core.NpyFile(fspath(filename))
    layout = layout_for(context, file.shape, distribution, filename)
    core = file.load(context._engines, layout._core)
    return DistArray._wrap(context, core, layout)


def save_npy(context: BaseContext, filename: FilePath, array: DistArray) -> None:
    """Write an array to one ``.npy`` file; each engine writes its own part."""
    check_array(context, array)
    array._array.save_npy(fspath(filename), _description(array.dtype))


def _description(dtype: np.dtype[Any]) -> str | None:
    """Return how a header describes a dtype that the core only moves about."""
    if dtype.names is None and dtype.subdtype is None:
        return None
    try:
        return repr(np.lib.format.dtype_to_descr(dtype))
    except ValueError as error:
        raise ValueError(
            f"array: npy files can't describe dtype {dtype}, whose fields overlap or are not in "
            "the order of memory"
        ) from error
