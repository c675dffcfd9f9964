"""Arrays in files that the engines read and write themselves."""

from __future__ import annotations

from os import PathLike, fspath
from typing import TYPE_CHECKING

from distarray import _core
from distarray.globalapi.maps import Distribution

if TYPE_CHECKING:
    from distarray.globalapi.context import BaseContext
    from distarray.globalapi.distarray import DistArray

__all__ = ["load_npy", "save_npy"]


def load_npy(
    context: BaseContext, filename: str | PathLike[str], distribution: Distribution | None
) -> DistArray:
    """Return the array in a ``.npy`` file; each engine reads its own part."""
    from distarray.globalapi.distarray import DistArray

    path = fspath(filename)
    file = _core.NpyFile(path)
    layout = Distribution(context, file.shape) if distribution is None else distribution
    core = file.load(context._engines, layout._core)
    return DistArray._wrap(context, core, layout)


def save_npy(filename: str | PathLike[str], array: DistArray) -> None:
    """Write an array to one ``.npy`` file; each engine writes its own part."""
    array._array.save_npy(fspath(filename))
