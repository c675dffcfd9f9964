"""Variables of NetCDF files, through h5netcdf."""

from __future__ import annotations

from collections.abc import Iterable
from os import fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import numpy.typing as npt

from distarray.globalapi import _chunks
from distarray.globalapi._files import on_engines
from distarray.globalapi._outside import HeldFile, Transfer, open_outside, replaced
from distarray.globalapi.creation import _layout
from distarray.globalapi.maps import Distribution
from distarray.localapi.local_array.hdf5 import pick

if TYPE_CHECKING:
    from os import PathLike

    from distarray.globalapi._outside import Request
    from distarray.globalapi.context import BaseContext
    from distarray.globalapi.distarray import DistArray
    from distarray.localapi.local_array.array import LocalArray

__all__ = ["load_netcdf", "open_netcdf"]


def load_netcdf(
    context: BaseContext,
    filename: str | PathLike[str],
    variable: str | None,
    distribution: Distribution | None,
    mask_and_scale: bool,
) -> DistArray:
    """Return a variable of a file; each engine reads its own part, by hyperslab."""
    place = (fspath(filename), variable, bool(mask_and_scale))
    ((shape, dtype, unit),) = on_engines(context, _facts, place, context.targets[:1])
    layout = _layout(context, shape, distribution)
    # Elements that lie apart are read in boxes, and then go where they belong.
    is_box = all(each.dist in "nb" for each in layout.maps)
    read = layout if is_box else _chunks.aligned(context, shape, unit)
    array = context.empty(read, dtype)
    on_engines(context, _read_piece, (array, *place), array.targets)
    return array if read is layout else array.distribute_as(layout)


def open_netcdf(
    context: BaseContext,
    filename: str | PathLike[str],
    distribution: Distribution | None,
    variable: str | None = None,
    mask_and_scale: bool = False,
) -> DistArray:
    """Return a variable of a file, which is read when somebody needs it."""
    place = (fspath(filename), variable, bool(mask_and_scale))
    (found,) = on_engines(context, _facts, place, context.targets[:1])
    shape, dtype, unit = found
    layout = _layout(context, shape, distribution)
    return open_outside(context, layout, dtype, _Elements(place, found), unit)


class _Elements(Transfer):
    """Brings elements of a variable."""

    def __init__(self, place: tuple[str, str | None, bool], found: tuple[Any, ...]) -> None:
        self._path, self._variable, self._mask_and_scale = place
        self._found = found

    def begin(self) -> None:
        self._file = HeldFile(self._path)
        self._file.hold()
        with self._file.opened() as name:
            if _facts(name, self._variable, self._mask_and_scale) != self._found:
                raise replaced(self._path)

    def __call__(self, request: Request) -> None:
        axes, values = request
        with self._file.opened() as name, _opened(name) as file:
            found = _variable(file, self._path, self._variable)
            scaling = _Scaling(found) if self._mask_and_scale else None
            picked = values if scaling is None else np.empty(values.shape, found.dtype)
            try:
                pick(found, axes, picked)
            except (OSError, ValueError, RuntimeError) as error:
                raise _unreadable(self._path, self._variable, error) from error
            if scaling is not None:
                values[...] = scaling.apply(picked)


def _unreadable(filename: str, variable: str | None, error: Exception) -> OSError:
    return OSError(f"{filename}: variable {variable!r} can't be read: {error}")


def _facts(
    filename: str | BinaryIO, variable: str | None, mask_and_scale: bool
) -> tuple[tuple[int, ...], np.dtype[Any], tuple[int, ...]]:
    """Return the shape and the dtype of a variable, and the shape of its chunks."""
    with _opened(filename) as file:
        found = _variable(file, str(filename), variable)
        shape = tuple(map(int, found.shape))
        stored = np.dtype(found.dtype)
        if stored.hasobject or stored.kind in "SUOT":
            raise TypeError(f"{filename}: variable {variable!r} has elements of dtype {stored}")
        scaling = _Scaling(found) if mask_and_scale else None
        dtype = stored if scaling is None else scaling.dtype
        return shape, dtype, tuple(found.chunks or (1,) * len(shape))


def _read_piece(
    local: LocalArray, filename: str, variable: str | None, mask_and_scale: bool
) -> None:
    box = tuple(
        slice(int(axis.get("start", 0)), int(axis.get("stop", axis["size"])))
        for axis in local.dim_data
    )
    if not local.local_size:
        return
    with _opened(filename) as file:
        found = _variable(file, filename, variable)
        try:
            values = np.asarray(found[box])
        except (OSError, ValueError, RuntimeError) as error:
            raise _unreadable(filename, variable, error) from error
        local.ndarray[...] = _Scaling(found).apply(values) if mask_and_scale else values


def _opened(filename: str | BinaryIO) -> Any:
    try:
        import h5netcdf
    except ImportError as error:
        raise ImportError(
            "NetCDF files need the package h5netcdf: pip install 'distarray[io]'"
        ) from error
    if isinstance(filename, str) and not Path(filename).exists():
        raise FileNotFoundError(2, "there is no such NetCDF file", filename)
    try:
        return h5netcdf.File(filename, "r")
    except OSError as error:
        if error.errno is not None:
            raise
        raise OSError(f"{filename} can't be read as NetCDF 4: {error}") from error


def _variable(file: Any, filename: str, name: str | None) -> Any:
    """Return a variable, also one of groups in the file."""
    if name is None:
        data = [each for each in file.variables if each not in file.dimensions]
        if len(data) != 1:
            raise KeyError(f"{filename} has the variables {_listed(data)}; name one of them")
        name = data[0]
    *groups, last = name.strip("/").split("/")
    group = file
    for each in groups:
        if each not in group.groups:
            raise KeyError(f"{filename} has no group {each}; there are {_listed(group.groups)}")
        group = group.groups[each]
    if last not in group.variables:
        raise KeyError(
            f"{filename} has no variable {name}; there are {_listed(group.variables)}"
            + (f" and the groups {_listed(group.groups)}" if group.groups else "")
        )
    return group.variables[last]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "none"


class _Scaling:
    """What the elements of a variable stand for, as the conventions of CF have it.

    Parameters
    ----------
    variable : h5netcdf.Variable
        The variable.

    Attributes
    ----------
    dtype : dtype
        That of the elements that come out, wide enough for those that are stored.
    """

    def __init__(self, variable: Any) -> None:
        attributes = variable.attrs
        stored = np.dtype(variable.dtype).newbyteorder("=")
        self.missing = [
            value
            for name in ("_FillValue", "missing_value")
            if name in attributes
            for value in np.atleast_1d(attributes[name])
        ]
        self.scale = self._number(attributes, "scale_factor")
        self.offset = self._number(attributes, "add_offset")
        given = [each for each in (self.scale, self.offset) if each is not None]
        if not given and not self.missing:
            self.dtype = stored
            return
        # A 16-bit integer is exact in a float of 32 bits, others are in one of 64; so says CF.
        kinds = [np.result_type(each.dtype, np.float32) for each in given]
        if stored.kind in "fc":
            kinds.append(stored)
        elif stored.kind in "iub":
            kinds.append(np.dtype(np.float32 if stored.itemsize <= 2 else np.float64))
        else:
            raise TypeError(f"elements of dtype {stored} can't be scaled")
        self.dtype = np.result_type(*kinds)

    @staticmethod
    def _number(attributes: Any, name: str) -> Any:
        if name not in attributes:
            return None
        value = np.asarray(attributes[name]).reshape(-1)
        if value.size != 1 or value.dtype.kind not in "fiu":
            raise ValueError(f"{name} is {attributes[name]!r}; expected a number")
        return value[0]

    def apply(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return what values stand for."""
        result = values.astype(self.dtype)
        if self.scale is not None:
            result *= self.scale
        if self.offset is not None:
            result += self.offset
        for missing in self.missing:
            if missing == missing:  # (NaN stands for itself.)
                result[values == missing] = np.nan
        return result
