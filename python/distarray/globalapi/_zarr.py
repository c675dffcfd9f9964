"""Arrays in Zarr stores."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from distarray import _core
from distarray.error import ContextError
from distarray.globalapi import _chunks, _replacing
from distarray.globalapi._files import on_engines
from distarray.globalapi._handle import Handle
from distarray.globalapi._outside import compute_into, open_outside, pending_copy
from distarray.globalapi._zarr_arrays import (
    Chunks,
    Elements,
    Place,
    facts,
    read_piece,
    store_of,
    write_piece,
    zarr_module,
)
from distarray.globalapi.contexts.pools import SpmdPool, ThreadPool
from distarray.globalapi.creation import _layout
from distarray.globalapi.maps import Distribution

if TYPE_CHECKING:
    from distarray.globalapi.context import BaseContext
    from distarray.globalapi.distarray import DistArray

__all__ = ["load_zarr", "open_zarr", "save_zarr"]

#: Files of metadata, one of which every array or group has.
_METADATA = ("zarr.json", ".zarray", ".zgroup")

#: Blosc takes no more than 2 GiB at once.
_MOST_FOR_BLOSC = (1 << 31) - (1 << 10)


# ---- Loading -----------------------------------------------------------------------------------


def load_zarr(
    context: BaseContext, store: Any, distribution: Distribution | None, key: str | None
) -> DistArray:
    """Return the array in a store; each engine reads its own part."""
    place = _place(context, store, key)
    ((shape, dtype, unit),) = on_engines(context, facts, (place,), context.targets[:1])
    layout = _layout(context, shape, distribution)
    # Elements that lie apart would have many engines decode the same chunks: each is decoded by
    # one, and then they go where they belong.
    is_box = all(each.dist in "nb" for each in layout.maps)
    read = layout if is_box else _chunks.aligned(context, shape, unit)
    array = context.empty(read, dtype)
    on_engines(context, read_piece, (array, place), array.targets)
    return array if read is layout else array.distribute_as(layout)


def open_zarr(
    context: BaseContext, store: Any, distribution: Distribution | None, key: str | None = None
) -> DistArray:
    """Return the array in a store, which is read when somebody needs it."""
    place = _place(context, store, key)
    (found,) = on_engines(context, facts, (place,), context.targets[:1])
    shape, dtype, unit = found
    layout = _layout(context, shape, distribution)
    return open_outside(context, layout, dtype, Elements(place, found), unit)


# ---- Saving ------------------------------------------------------------------------------------


def save_zarr(
    context: BaseContext,
    store: Any,
    array: DistArray,
    key: str | None,
    overwrite: bool,
    settings: Mapping[str, Any],
) -> None:
    """Write an array to a store; each engine writes its own part."""
    if not isinstance(array, Handle):
        raise TypeError(f"expected a DistArray, not {type(array).__name__}")
    if array.context is not context:
        raise ContextError("the array belongs to another context")
    place = _place(context, store, key)
    settings = _settled(context, array, settings)
    # What is wrong with the settings is found before anything is written.
    template = zarr_module().create_array(zarr_module().storage.MemoryStore(), **settings)
    unit = _unit_of(template)
    if _chunks.is_aligned(array.distribution, unit):
        array = pending_copy(array)
    else:
        array = array.distribute_as(_chunks.aligned(context, array.shape, unit))
    if place.folder is None:
        _save_in_store(context, place, array, template, overwrite, settings)
    else:
        _save_in_folder(context, place, array, template, overwrite, settings)


def _settled(context: BaseContext, array: DistArray, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return what zarr makes the array from; chunks and shards fit the distribution if they can."""
    settled = {**settings, "shape": array.shape, "dtype": np.dtype(array.dtype)}
    itemsize, pieces = settled["dtype"].itemsize, len(array.targets)
    chunks, shards = _sizes(array, "chunks", settings), _sizes(array, "shards", settings)
    free = (0,) * array.ndim

    def chosen(target: int, multiple: tuple[int, ...] | None = None) -> tuple[int, ...]:
        steps = _chunks.steps_of(array.distribution)
        unit = steps and _chunks.choose(array.shape, itemsize, steps, target, multiple, pieces)
        return unit or _chunks.choose(array.shape, itemsize, free, target, multiple) or ()

    if shards is True:
        shards = chosen(_chunks.SHARD_BYTES, chunks if isinstance(chunks, tuple) else None)
    if chunks is None:
        chunks = (
            _chunks.choose(shards, itemsize, shards, _chunks.CHUNK_BYTES)
            if isinstance(shards, tuple)
            else chosen(_chunks.CHUNK_BYTES)
        ) or shards
    settled |= {"chunks": chunks or "auto", "shards": shards or None}
    if settings.get("compressors", "auto") == "auto":
        settled["compressors"] = _usual_codec(settled, chunks if isinstance(chunks, tuple) else ())
    return settled


def _usual_codec(settled: Mapping[str, Any], chunks: tuple[int, ...]) -> Any:
    """Return a codec that is quick and makes the most of what the bytes of numbers have in common.

    Zarr's own default, zstd without a shuffle, takes twice as long and compresses floats less.
    """
    itemsize = settled["dtype"].itemsize
    if not 0 < itemsize < 256 or prod(chunks) * itemsize > _MOST_FOR_BLOSC:
        return "auto"
    if settled["zarr_format"] == 2:
        from numcodecs import Blosc

        return Blosc(cname="lz4", clevel=5, shuffle=Blosc.SHUFFLE)
    codec: Any = zarr_module().codecs.BloscCodec
    return codec(cname="lz4", clevel=5, shuffle="shuffle", typesize=itemsize)


def _sizes(
    array: DistArray, name: str, settings: Mapping[str, Any]
) -> tuple[int, ...] | bool | None:
    """Return a setting of lengths, one for each axis."""
    value = settings[name]
    if value is None or (name == "chunks" and value == "auto"):
        return None
    if value is True or value == "auto":
        if name == "shards":
            return True
    elif isinstance(value, int | np.integer) or (
        isinstance(value, Sequence) and len(value) == array.ndim
    ):
        sizes = tuple(map(int, np.broadcast_to(np.asarray(value), array.ndim)))
        if all(size > 0 for size in sizes):
            return sizes
    raise ValueError(f"{name}: expected {array.ndim} lengths of at least 1, got {value!r}")


def _save_in_folder(
    context: BaseContext,
    place: Place,
    array: DistArray,
    template: Any,
    overwrite: bool,
    settings: Mapping[str, Any],
) -> None:
    """Write an array beside its place, which it takes when it is complete."""
    locks: list[int] = []
    begun = context._once(lambda: _begin(place, overwrite, locks))
    folder, target = map(Path, begun)
    inner = place.within(folder, "/".join(_full(place).relative_to(target).parts))
    try:
        _write(context, array, inner, template, is_synced=context._once(target.exists))
        context._once(lambda: _complete(inner, settings))
        if context._once(target.exists):
            comm = context.make_subcomm(array.targets)
            on_engines(context, _sync, (comm, str(folder)), array.targets)
        context._once(lambda: _commit(place, folder, target, settings))
    except BaseException:
        context._once(lambda: _replacing.give_up(folder))
        raise
    finally:
        for lock in locks:
            os.close(lock)


def _save_in_store(
    context: BaseContext,
    place: Place,
    array: DistArray,
    template: Any,
    overwrite: bool,
    settings: Mapping[str, Any],
) -> None:
    """Write an array to a store that can't rename: what was there goes, metadata come last."""
    if array._array.is_outside and context._once(lambda: _is_there(place)):
        # They may be what is to be replaced.
        _core.evaluate([array._array])
    context._once(lambda: _clear(place, overwrite))
    _write(context, array, place, template, is_synced=False)
    context._once(lambda: _complete(place, settings))


def _write(
    context: BaseContext, array: DistArray, place: Place, template: Any, *, is_synced: bool
) -> None:
    """Write the chunks of an array; of an expression, as they are computed."""
    metadata = template.metadata
    if array._array.is_pending and array.size:
        chunks = Chunks(place, metadata, is_synced)
        compute_into(context, array, chunks, _unit_of(template))
    else:
        on_engines(context, write_piece, (array, place, metadata, is_synced), array.targets)


def _unit_of(template: Any) -> tuple[int, ...]:
    """Return the shape of what is written at once: of a shard, or a chunk."""
    return tuple(template.shards or template.chunks)


def _full(place: Place) -> Path:
    assert place.folder is not None
    return Path(place.folder, place.name)


def _begin(place: Place, overwrite: bool, locks: list[int]) -> tuple[str, str]:
    """Make the folder that is written to; return it, and whose place it is to take.

    That is the first folder of the path that isn't there yet, so that groups come with the array.
    """
    assert place.folder is not None
    full = _full(place)
    if full.exists():
        _check_replaceable(place, full, overwrite)
    target = full
    while target != place.folder and not target.parent.exists():
        target = target.parent
    _check_groups(place, target)
    if target == place.folder:
        target.parent.mkdir(parents=True, exist_ok=True)
    folder, lock = _replacing.begin(target)
    locks.append(lock)
    return str(folder), str(target)


def _check_replaceable(place: Place, full: Path, overwrite: bool) -> None:
    if not overwrite:
        raise FileExistsError(f"{place} exists already")
    if not full.is_dir():
        raise NotADirectoryError(f"{place} is a file, and no Zarr store")
    found = next((name for name in _METADATA if (full / name).is_file()), None)
    if found is None and any(full.iterdir()):
        raise FileExistsError(f"{place} is a folder, and no Zarr array: it is not replaced")
    if found is not None and any(each.is_dir() and _is_node(each) for each in full.iterdir()):
        raise FileExistsError(
            f"{place} is a group with arrays in it, and not replaced; name an array of it (key=...)"
        )


def _check_groups(place: Place, target: Path) -> None:
    """Check that no array is where a group has to be."""
    assert place.folder is not None
    above = target
    while above != place.folder:
        above = above.parent
        if not above.is_dir():
            raise NotADirectoryError(f"{above} is no Zarr group")
        if (above / ".zarray").exists() or _node_type(above) == "array":
            raise FileExistsError(f"{above} is an array: there can be none in it")


def _is_node(folder: Path) -> bool:
    return any((folder / name).is_file() for name in _METADATA)


def _node_type(folder: Path) -> str | None:
    import json

    try:
        kind = json.loads((folder / "zarr.json").read_text(encoding="utf-8"))["node_type"]
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return str(kind)


def _complete(place: Place, settings: Mapping[str, Any]) -> None:
    """Write the metadata, which make chunks an array."""
    store = place.store if place.folder is None else str(place.folder)
    zarr_module().create_array(store, name=place.name or None, **settings)


def _sync(comm: Any, folder: str) -> None:
    _replacing.sync(Path(folder), comm.Get_rank(), comm.Get_size())


def _commit(place: Place, folder: Path, target: Path, settings: Mapping[str, Any]) -> None:
    assert place.folder is not None
    zarr = zarr_module()
    format = settings["zarr_format"]
    above = target
    while above != place.folder:
        above = above.parent
        if not _is_node(above):
            zarr.create_group(str(above), zarr_format=format)
    _replacing.commit(folder, target)
    if target != place.folder:
        group = zarr.open_group(str(place.folder), mode="r")
        if group.metadata.consolidated_metadata is not None:
            zarr.consolidate_metadata(str(place.folder), zarr_format=group.metadata.zarr_format)


def _is_there(place: Place) -> bool:
    """Return whether there is an array or a group."""
    try:
        zarr_module().open(place.store, path=place.name, mode="r")
    except FileNotFoundError:
        return False
    return True


def _clear(place: Place, overwrite: bool) -> None:
    """Remove what is in the place of an array, its metadata first."""
    zarr = zarr_module()
    try:
        node = zarr.open(place.store, path=place.name, mode="r")
    except FileNotFoundError:
        return
    if not overwrite:
        raise FileExistsError(f"{place} exists already")
    if isinstance(node, zarr.Group) and len(node):
        raise FileExistsError(
            f"{place} is a group with arrays in it, and not replaced; name an array of it (key=...)"
        )
    names = ["zarr.json"] if node.metadata.zarr_format == 3 else [".zarray", ".zattrs"]
    path = zarr.storage.StorePath(store_of(place), place.name)
    for name in names:
        zarr.core.sync.sync((path / name).delete())
    zarr.core.sync.sync(path.delete_dir())


def _place(context: BaseContext, store: Any, key: str | None) -> Place:
    place = Place(store, key)
    if place.is_here_only and not _shares_memory(context):
        raise ContextError(
            f"{place} is in the memory of this process, and the engines are other processes: use a "
            "store that all can reach, or context.fromarray(zarr.open_array(store)[...])"
        )
    return place


def _shares_memory(context: BaseContext) -> bool:
    """Return whether all engines are threads of this process."""
    pool = context._pool
    if isinstance(pool, SpmdPool):
        return len(pool.engines) == 1
    return isinstance(pool, ThreadPool)
