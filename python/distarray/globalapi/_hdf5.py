"""Arrays in HDF5 files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

from distarray import _core
from distarray.globalapi import _hdf5_writing
from distarray.globalapi._files import check_array, layout_for, on_engines
from distarray.globalapi._outside import HeldFile, Transfer, open_outside, replaced
from distarray.globalapi.maps import Distribution
from distarray.localapi.local_array import hdf5

if TYPE_CHECKING:
    from distarray.globalapi._outside import Request
    from distarray.globalapi.context import BaseContext
    from distarray.globalapi.distarray import DistArray
    from distarray.localapi.local_array.array import LocalArray

    FilePath = str | PathLike[str]

__all__ = ["load_hdf5", "open_hdf5", "save_hdf5"]


def save_hdf5(
    context: BaseContext,
    filename: FilePath,
    array: DistArray,
    key: str,
    mode: str,
    options: Mapping[str, Any],
) -> None:
    """Write an array to a dataset of an HDF5 file; each engine writes its own part."""
    check_array(context, array)
    with new_dataset(array, filename, key, mode, options) as (temporary, offset):
        if offset is not None:
            array._array.write_at(temporary, offset)
        elif array.size:
            made = context._once(lambda: hdf5.facts(temporary, key))
            rows = array.distribute_as(_by_chunks(context, made))
            _hdf5_writing.write(context, rows, temporary, key)


@contextmanager
def new_dataset(
    array: DistArray,
    filename: FilePath,
    key: str,
    mode: str,
    options: Mapping[str, Any] | None = None,
) -> Iterator[tuple[str, int | None]]:
    """Have a dataset for an array become part of a file when the body has written it.

    Gives the name of the file to write to, and where in it the elements lie, if they lie as they
    do in memory.
    """
    once = array.context._once
    new = hdf5.NewDataset(filename, key, mode, array.shape, array.dtype, options)
    begun = once(new.begin)
    try:
        yield begun
        once(new.finish)
    except BaseException:
        once(new.discard)
        raise


def _located(
    context: BaseContext, filename: FilePath, distribution: Distribution | None, key: str
) -> tuple[str, hdf5.Facts, Distribution, _core.NpyFile | None]:
    """Return the file, what the dataset is and how its array lies.

    And where the elements are, if they lie as they do in memory.
    """
    path = fspath(filename)
    found = context._once(lambda: hdf5.facts(path, key))
    layout = layout_for(context, found.shape, distribution, f"{path}, {key!r}")
    if found.offset is None:
        return path, found, layout, None
    file = _core.NpyFile.raw(path, found.dtype, found.shape, found.offset)
    return path, found, layout, file


def load_hdf5(
    context: BaseContext, filename: FilePath, distribution: Distribution | None, key: str
) -> DistArray:
    """Return the array in a dataset of an HDF5 file; each engine reads its own part."""
    from distarray.globalapi.distarray import DistArray

    path, found, layout, file = _located(context, filename, distribution, key)
    if file is not None:
        return DistArray._wrap(context, file.load(context._engines, layout._core), layout)
    # Boxes are what the library reads; whoever has others gets them from those who have read.
    reading = layout if set(layout.dist) <= {"n", "b"} else _by_chunks(context, found)
    array = context.empty(reading, found.dtype)
    on_engines(context, _read_piece, (array, path, key), array.targets)
    return array if reading is layout else array.distribute_as(layout)


def open_hdf5(
    context: BaseContext, filename: FilePath, distribution: Distribution | None, key: str = "buffer"
) -> DistArray:
    """Return the array in a dataset, which is read when somebody needs it."""
    from distarray.globalapi.distarray import DistArray

    path, found, layout, file = _located(context, filename, distribution, key)
    if file is not None:
        return DistArray._wrap(context, file.open(context._engines, layout._core), layout)
    unit = found.chunks or (1,) * len(found.shape)
    return open_outside(context, layout, found.dtype, _Dataset(path, key, found), unit)


class _Dataset(Transfer):
    """Brings elements of a dataset."""

    def __init__(self, path: str, key: str, found: hdf5.Facts) -> None:
        self._path, self._key, self._found = path, key, found

    def begin(self) -> None:
        self._file = HeldFile(self._path)
        self._file.hold()
        with self._file.opened() as file:
            if hdf5.facts(file, self._key) != self._found:
                raise replaced(self._path)

    def __call__(self, request: Request) -> None:
        axes, values = request
        with self._file.opened() as file:
            hdf5.read_part(file, self._key, axes, values)


def _by_chunks(context: BaseContext, found: hdf5.Facts) -> Distribution:
    """Return blocks along the first axis of which no two have a part of the same chunk."""
    if not found.shape or not found.chunks:
        return Distribution(context, found.shape)
    size, chunk, engines = found.shape[0], found.chunks[0], context.nengines
    chunks = -(-size // chunk)
    bounds = [min(chunks * rank // engines * chunk, size) for rank in range(engines + 1)]
    blocks = {"dist_type": "b", "bounds": bounds}
    rest = [{"dist_type": "n", "size": length} for length in found.shape[1:]]
    return Distribution.from_global_dim_data(context, [blocks, *rest])


def _read_piece(local: LocalArray, path: str, key: str) -> None:
    axes = [axis._indices for axis in local.distribution.maps]
    hdf5.read_part(path, key, axes, local.ndarray)
