"""The formats of files, by the endings of their names."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from distarray.globalapi.context import BaseContext
    from distarray.globalapi.distarray import DistArray
    from distarray.globalapi.maps import Distribution

__all__ = ["FORMATS", "Format", "format_of", "load", "refuse_patterns", "save"]


@dataclass(frozen=True)
class Format:
    """A format of files, which contexts have methods ``load_<name>`` and ``save_<name>`` for.

    Parameters
    ----------
    name : str
        Its name.
    suffixes : tuple of str
        How the names of such files end, in small letters; ours begin with the first.
    key : str, optional
        The parameter of the methods that says which of several arrays in a file is meant; None for
        a format of one array a file.
    is_stem : bool, optional
        Whether the methods take a name without its ending.
    can_save : bool, optional
        Whether there is ``save_<name>``.
    """

    name: str
    suffixes: tuple[str, ...]
    key: str | None = None
    is_stem: bool = False
    can_save: bool = True

    def arguments(self, path: Any, key: str | None, options: dict[str, Any]) -> tuple[Any, Any]:
        """Return what the methods take for a path and a key: the path, and keyword arguments."""
        if self.is_stem and isinstance(path, str | PathLike):
            path = os.path.splitext(path)[0]  # noqa: PTH122 (names are of any type)
        if key is None:
            return path, options
        if self.key is None:
            raise ValueError(
                f"key: expected None, for {self.suffixes[0]} files have one array; got {key!r}"
            )
        return path, {self.key: key, **options}


#: All formats.
FORMATS = [
    Format("npy", (".npy",)),
    Format("dnpy", (".dnpy",), is_stem=True),
    Format("hdf5", (".hdf5", ".h5", ".he5", ".hdf"), key="key"),
    Format("zarr", (".zarr",), key="key"),
    Format("netcdf", (".nc", ".nc4"), key="variable", can_save=False),
]


def format_of(path: Any) -> Format:
    """Return the format of a file, by the end of its name.

    Parameters
    ----------
    path : str, path or sequence of them
        The name; several are those of the parts of one array.

    Raises
    ------
    TypeError, ValueError
        If it is no name, or has no ending that is known.
    """
    if isinstance(path, Sequence) and not isinstance(path, str | bytes):
        found = {format_of(each).name for each in path}
        if found == {"dnpy"}:
            return format_of(path[0])
        raise ValueError(
            "path: several names are those of the .dnpy files of one array; load other files one "
            f"by one and join the arrays with concatenate. Got {list(path)!r}"
        )
    if not isinstance(path, str | PathLike):
        raise TypeError(f"path: expected the name of a file, not {type(path).__name__}")
    name = os.fsdecode(path).rstrip(os.sep)
    for known in FORMATS:
        if name.lower().endswith(known.suffixes):
            return known
    endings = ", ".join(suffix for known in FORMATS for suffix in known.suffixes)
    raise ValueError(f"path: expected a name that ends in one of {endings}; got {name!r}")


def refuse_patterns(context: BaseContext, path: Any) -> None:
    """Refuse a name that stands for those of several files.

    Parameters
    ----------
    context : BaseContext
        Who asks.
    path : str or path
        The name; a file may well have such a name.

    Raises
    ------
    ValueError
        If there is no file of the name, and it has one of ``*?[``.
    """
    if not isinstance(path, str | PathLike) or not set("*?[") & set(name := os.fsdecode(path)):
        return
    if not context._once(lambda: Path(name).exists()):
        raise ValueError(
            f"{name!r} looks like a pattern for several files, and there is no file of that name; "
            "load them one by one and join the arrays with concatenate"
        )


def load(
    context: BaseContext,
    path: Any,
    distribution: Distribution | None,
    key: str | None,
    options: dict[str, Any],
) -> DistArray:
    """Return the array in a file of any format."""
    known = format_of(path)
    name, arguments = known.arguments(path, key, options)
    is_stem = known.is_stem and isinstance(name, str | PathLike)
    refuse_patterns(context, f"{name}_0{known.suffixes[0]}" if is_stem else path)
    method = getattr(context, f"load_{known.name}")
    array: DistArray = method(name, distribution=distribution, **arguments)
    return array


def save(
    context: BaseContext, path: Any, array: DistArray, key: str | None, options: dict[str, Any]
) -> None:
    """Write an array to a file of any format."""
    known = format_of(path)
    if not known.can_save:
        raise ValueError(f"path: {known.suffixes[0]} files can be loaded, not saved; got {path!r}")
    name, arguments = known.arguments(path, key, options)
    getattr(context, f"save_{known.name}")(name, array, **arguments)
