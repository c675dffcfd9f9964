"""Zarr arrays as one engine sees them: where they are, and how a box is read and written.

zarr-python does it, by the codec pipeline of zarrs (in Rust, with threads of its own) if it is
installed, and can do what this array needs. Another pipeline that the user has chosen in
``zarr.config`` stays.
"""

from __future__ import annotations

import errno
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import product
from math import prod
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from distarray import _core
from distarray.globalapi import _progress
from distarray.globalapi._outside import Transfer, replaced

if TYPE_CHECKING:
    from distarray.globalapi._outside import Request
    from distarray.localapi.local_array.array import LocalArray

    Box = tuple[slice, ...]

__all__ = [
    "Chunks",
    "Elements",
    "Place",
    "facts",
    "read_piece",
    "store_of",
    "write_piece",
    "zarr_module",
]

#: About how many bytes are read or written by one call.
_SLAB_BYTES = 64 << 20

#: What codecs raise when the bytes that they get are none that they wrote.
_DAMAGE = (ValueError, TypeError, RuntimeError, LookupError, EOFError, struct.error, zlib.error)


def zarr_module() -> Any:
    """Return the package zarr.

    Raises
    ------
    ImportError
        If it isn't installed.
    """
    try:
        import zarr
    except ImportError as error:
        raise ImportError(
            "Zarr stores need the package zarr: pip install 'distarray[io]'"
        ) from error
    return zarr


class Place:
    """Where an array is: in which store, by which name.

    Parameters
    ----------
    store : str, path, or what zarr takes as a store
        The store.
    key : str or None
        The name of the array in the store's groups; without one, the store is the array.

    Attributes
    ----------
    store : object
        What engines give to zarr: text for folders and URLs.
    name : str
        The name of the array in that.
    folder : Path or None
        The folder that is the store, if it is one of this machine's file system.
    """

    def __init__(self, store: Any, key: str | None) -> None:
        storage = zarr_module().storage
        parts = [] if key is None else key.split("/")
        if any(part in ("", ".", "..") or part.startswith("__") for part in parts):
            raise ValueError(f"key: {key!r} is no name for an array in a Zarr store")
        if isinstance(store, storage.StorePath):
            parts = [*store.path.split("/"), *parts] if store.path else parts
            store = store.store
        self.folder: Path | None = None
        if isinstance(store, storage.LocalStore):
            self.folder = Path(store.root)
        elif isinstance(store, str | PathLike):
            store = fspath(store)
            if "://" not in store:
                self.folder = Path(store)
        elif isinstance(store, dict):
            store = storage.MemoryStore(store)
        elif not isinstance(store, zarr_module().abc.store.Store):
            store = storage.ObjectStore(store) if _is_obstore(store) else store
        self.store = str(self.folder.absolute()) if self.folder is not None else store
        if self.folder is not None:
            self.folder = Path(self.store)
        self.name = "/".join(parts)

    @property
    def is_here_only(self) -> bool:
        """Whether other processes can't see the store."""
        store = self.store
        while hasattr(store, "_store"):
            store = store._store
        memory: Any = zarr_module().storage.MemoryStore
        inner = getattr(store, "store", None)
        return isinstance(store, memory) or (
            _is_obstore(inner) and type(inner).__name__ == "MemoryStore"
        )

    def within(self, folder: Path, name: str) -> Place:
        """Return the place of a name in another folder."""
        return Place(folder, name or None)

    def __str__(self) -> str:
        return f"{self.store}/{self.name}" if self.name else str(self.store)


def _is_obstore(store: Any) -> bool:
    return type(store).__module__.startswith("obstore")


# ---- Opening -----------------------------------------------------------------------------------


def facts(place: Place) -> tuple[tuple[int, ...], np.dtype[Any], tuple[int, ...]]:
    """Return the shape and the dtype of an array, and the shape of its chunks or shards."""
    return _facts_of(place, _opened(place))


def _facts_of(place: Place, array: Any) -> tuple[tuple[int, ...], np.dtype[Any], tuple[int, ...]]:
    dtype = array.dtype
    if not isinstance(dtype, np.dtype) or dtype.hasobject or dtype.kind == "T":
        raise TypeError(f"{place}: elements of dtype {dtype} can't be distributed")
    return tuple(map(int, array.shape)), dtype, tuple(map(int, array.shards or array.chunks))


def _opened(place: Place) -> Any:
    """Return an array, to be read."""
    zarr = zarr_module()
    try:
        array = zarr.open_array(place.store, path=place.name, mode="r")
    except (zarr.errors.NodeNotFoundError, zarr.errors.ContainsGroupError):
        raise _missing(place) from None
    except (*_DAMAGE, AttributeError) as error:
        if _is_node(place):
            raise _missing(place) from None
        raise ValueError(f"{place}: the metadata can't be read: {error!r}") from error
    return _quick(array)


def _is_node(place: Place) -> bool:
    """Return whether there is a group or an array whose metadata can be read."""
    try:
        zarr_module().open(place.store, path=place.name, mode="r")
    except Exception:
        return False
    return True


def _missing(place: Place) -> Exception:
    """Return the exception that says that there is no such array."""
    try:
        group = zarr_module().open_group(place.store, mode="r")
        names = sorted(name for name, _ in group.members(max_depth=None) if _is_array(group, name))
    except Exception:
        if place.name and _is_node(Place(place.store, None)):
            return KeyError(f"{place} is no array; the store {place.store} is one (without a key)")
        return FileNotFoundError(errno.ENOENT, "there is no Zarr array", str(place))
    listed = ", ".join(names[:20]) + (", ..." if len(names) > 20 else "")
    return KeyError(
        f"{place} is no array; the store {place.store} has {listed or 'none'} (key=...)"
    )


def _is_array(group: Any, name: str) -> bool:
    return isinstance(group[name], zarr_module().Array)


def _quick(array: Any) -> Any:
    """Have an array use the codecs of zarrs, where that can be."""
    try:
        from zarrs.pipeline import ZarrsCodecPipeline, get_codec_pipeline_impl
    except ImportError:
        return array
    inner = array.async_array
    own = inner.codec_pipeline
    if type(own).__name__ != "BatchedCodecPipeline" or not array.dtype.isnative:
        return array
    store = inner.store_path.store
    try:
        impl = get_codec_pipeline_impl(inner.metadata, store, strict=True)
    except Exception:
        # Stores and codecs that it doesn't know: zarr's own does them all.
        return array
    pipeline = ZarrsCodecPipeline(inner.metadata, store, impl, own)
    object.__setattr__(inner, "codec_pipeline", pipeline)
    return array


# ---- Part by part ------------------------------------------------------------------------------


class Elements(Transfer):
    """Brings elements of an array, as long as it is the one that was opened.

    Parameters
    ----------
    place : Place
        Where it is.
    found : tuple
        What `facts` says of it.
    """

    def __init__(self, place: Place, found: tuple[Any, ...]) -> None:
        self._place, self._found = place, found

    def begin(self) -> None:
        self._stamp = self._present_stamp()
        self._array = _opened(self._place)
        if _facts_of(self._place, self._array) != self._found:
            raise replaced(str(self._place))

    def __call__(self, request: Request) -> None:
        axes, values = request
        try:
            _pick(self._place, self._array, axes, values)
        finally:
            # Of another array in this place, there may be chunks that this one has not, and the
            # other way round: what was read is one or the other only if nothing has changed since.
            if self._present_stamp() != self._stamp:
                raise replaced(str(self._place))

    def _present_stamp(self) -> Any:
        """Return what tells whether the array is still the same."""
        if self._place.folder is None:
            try:
                return _opened(self._place).metadata
            except (OSError, KeyError):
                return None
        folder = self._place.folder / self._place.name
        for name in ("zarr.json", ".zarray"):
            with suppress(OSError):
                found = (folder / name).stat()
                return name, found.st_ino, found.st_mtime_ns, found.st_size
        return None


class Chunks(Transfer):
    """Takes parts of whole chunks to an array that has no metadata yet.

    Parameters
    ----------
    place : Place
        Where it is.
    metadata : object
        What zarr is to know of it.
    is_synced : bool
        Whether the chunks will be synced when all are written.
    """

    def __init__(self, place: Place, metadata: Any, is_synced: bool) -> None:
        self._place, self._metadata, self._is_synced = place, metadata, is_synced

    def begin(self) -> None:
        self._array = _without_metadata(self._place, self._metadata)

    def __call__(self, request: Request) -> None:
        axes, values = request
        ranges = [axis.as_range() for axis in axes]
        box = tuple(slice(*each) for each in ranges if each)
        self._array[box] = values
        if self._is_synced:
            _begin_write_back(self._place, self._array, box)


def _pick(
    place: Place, array: Any, axes: Sequence[_core.Indices], values: np.ndarray[Any, np.dtype[Any]]
) -> None:
    """Read the elements with some indices along each axis."""
    ranges = [axis.as_range() for axis in axes]
    box = tuple(slice(*each) for each in ranges if each)
    try:
        if len(box) == len(axes) and all(part.step == 1 for part in box):
            # (In memory that is there already: fresh memory takes as long as the reading.)
            array.get_basic_selection(box, out=_buffers().from_numpy_array(values))
            return
        chosen, backwards = [], []
        for each, axis in zip(ranges, axes, strict=True):
            is_backward = each is not None and each[2] < 0
            places = range(*each) if each else None
            if places is not None and is_backward:
                places = places[::-1]
            chosen.append(
                axis.to_array() if places is None else slice(places.start, places.stop, places.step)
            )
            backwards.append(slice(None, None, -1 if is_backward else 1))
        values[...] = array.get_orthogonal_selection(tuple(chosen))[tuple(backwards)]
    except _DAMAGE as error:
        raise _damaged(place, [_text(axis) for axis in axes], error) from error
    except OSError as error:
        if error.errno is None:  # as gzip's
            raise _damaged(place, [_text(axis) for axis in axes], error) from error
        raise


def _text(axis: _core.Indices) -> str:
    found = axis.as_range()
    if found is None:
        return f"{len(axis)} indices"
    start, stop, step = found
    return f"{start}:{stop}" if step == 1 else f"{start}:{stop}:{step}"


# ---- Reading and writing -----------------------------------------------------------------------


def read_piece(local: LocalArray, place: Place) -> None:
    """Read an engine's piece, which is a box of the array."""
    array = _opened(place)
    target: Any = local.ndarray
    _progress.expect(target.nbytes)
    buffer = _buffers()
    for box, part in _slabs(_box(local), array.shards or array.chunks, local.dtype.itemsize):
        view = target[(*part, ...)]
        try:
            if view.flags.c_contiguous and array.dtype == target.dtype:
                # (In memory that is there already: fresh memory takes as long as the reading.)
                array.get_basic_selection(box, out=buffer.from_numpy_array(view))
            else:
                view[...] = array[box]
        except _DAMAGE as error:
            raise _damaged(place, _ranges(box), error) from error
        except OSError as error:
            if error.errno is None:  # as gzip's
                raise _damaged(place, _ranges(box), error) from error
            raise
        _progress.advance(view.nbytes)


def _ranges(box: Box) -> list[str]:
    return [f"{each.start}:{each.stop}" for each in box]


def _damaged(place: Place, axes: Sequence[str], error: Exception) -> ValueError:
    text = ", ".join(axes)
    return ValueError(f"{place}: the chunks of [{text}] can't be read: {error}")


def write_piece(local: LocalArray, place: Place, metadata: Any, is_synced: bool) -> None:
    """Write an engine's piece, which has whole chunks, of an array that has no metadata yet."""
    array = _without_metadata(place, metadata)
    source: Any = local.ndarray
    _progress.expect(source.nbytes)
    for box, part in _slabs(_box(local), array.shards or array.chunks, local.dtype.itemsize):
        array[box] = source[(*part, ...)]
        if is_synced:
            _begin_write_back(place, array, box)
        _progress.advance(source[(*part, ...)].nbytes)


def _begin_write_back(place: Place, array: Any, box: Box) -> None:
    """Have the system begin to write the chunks of a box to the disk, while others are written."""
    if place.folder is not None:
        unit = array.shards or array.chunks
        grid = (
            range(part.start // length, -(-part.stop // length))
            for part, length in zip(box, unit, strict=True)
        )
        folder, key = place.folder / place.name, array.metadata.encode_chunk_key
        _core.begin_write_back([folder / key(chunk) for chunk in product(*grid)])


def _without_metadata(place: Place, metadata: Any) -> Any:
    """Return an array that has no metadata yet, to be written."""
    zarr = zarr_module()
    path = zarr.storage.StorePath(store_of(place), place.name)
    # Each chunk is written: zarr takes those of negative zeros for empty ones, which are zero.
    inner = zarr.AsyncArray(metadata, path, config={"write_empty_chunks": True})
    return _quick(zarr.Array(inner))


def store_of(place: Place) -> Any:
    """Return the store of a place, as an object of zarr's that can be written to."""
    storage = zarr_module().storage
    if place.folder is not None:
        return storage.LocalStore(place.folder)
    if isinstance(place.store, str):
        return storage.FsspecStore.from_url(place.store)
    return place.store


def _buffers() -> Any:
    from zarr.core.buffer import default_buffer_prototype

    return default_buffer_prototype().nd_buffer


def _box(local: LocalArray) -> Box:
    """Return which part of the whole array an engine has."""
    return tuple(
        slice(int(axis.get("start", 0)), int(axis.get("stop", axis["size"])))
        for axis in local.dim_data
    )


def _slabs(box: Box, unit: Sequence[int], itemsize: int) -> Iterator[tuple[Box, Box]]:
    """Cut a box between chunks; give each part with its place in the box.

    The first axis along which there are several chunks is cut.
    """
    lengths = [part.stop - part.start for part in box]
    if not all(lengths):
        return
    for axis, (part, length) in enumerate(zip(box, unit, strict=True)):
        if lengths[axis] > length:
            row = max(prod(lengths) // lengths[axis] * itemsize, 1)
            step = max(_SLAB_BYTES // row // length, 1) * length
            edges = range(part.start // length * length + step, part.stop, step)
            for start, stop in zip((part.start, *edges), (*edges, part.stop), strict=True):
                inner = [slice(0, each) for each in lengths]
                inner[axis] = slice(start - part.start, stop - part.start)
                yield (*box[:axis], slice(start, stop), *box[axis + 1 :]), tuple(inner)
            return
    yield box, tuple(slice(0, length) for length in lengths)
