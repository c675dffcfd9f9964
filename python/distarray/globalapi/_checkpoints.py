"""Checkpoints: arrays of a program in a directory, to go on from after it was interrupted.

A directory holds one checkpoint at a time::

    directory/
        checkpoint.json              which generation counts, and what is in it
        generation-5f0c2e.../        one folder for each call of `save`
            temperature.npy          an array, as NumPy's
            temperature.axis-0.npy   the indices on each rank, of an unstructured axis

A new generation is written and synced beside the old one; then one rename of ``checkpoint.json``
makes it the one that counts, and the old one is removed. Whenever that is interrupted, the file
names a generation that is whole.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from distarray._replacing import sync_path
from distarray.error import CheckpointError
from distarray.globalapi._files import on_engines
from distarray.globalapi._handle import Handle
from distarray.globalapi.axis_maps import BlockCyclicMap, MapBase, choose_map
from distarray.globalapi.maps import Distribution
from distarray.utils import uid

if TYPE_CHECKING:
    from distarray.globalapi.context import BaseContext
    from distarray.globalapi.distarray import DistArray

__all__ = ["restore", "save"]

_MANIFEST = "checkpoint.json"
_LOCK = "checkpoint.lock"
_GENERATION = "generation-"
_FORMAT = "DistArray checkpoint"
_VERSION = 1

#: The bytes of a file that one checksum stands for, and those read at a time.
_SECTION = 1 << 24
_CHUNK = 1 << 20

#: The name of a file, where a section begins, and how many bytes it has at most.
Section = tuple[str, int, int]


def save(
    context: BaseContext, directory: str | PathLike[str], arrays: Mapping[str, DistArray]
) -> None:
    """Write arrays to a directory, in place of the checkpoint that may be there."""
    _check(context, arrays)
    folder = Path(fspath(directory))
    with _locked(context, folder, fcntl.LOCK_EX):
        generation = folder / context._once(lambda: _begin(folder))
        try:
            manifest = _write(context, generation, arrays)
            context._once(lambda: _commit(folder, manifest))
        except BaseException:
            context._once(lambda: shutil.rmtree(generation, ignore_errors=True))
            raise
        context._once(lambda: _remove_others(folder, generation))


def restore(context: BaseContext, directory: str | PathLike[str]) -> dict[str, DistArray]:
    """Return the arrays of the checkpoint in a directory, by name."""
    folder = Path(fspath(directory))
    with _locked(context, folder, fcntl.LOCK_SH):
        manifest = context._once(lambda: _read_manifest(folder / _MANIFEST))
        generation = folder / manifest["generation"]
        _verify(context, generation, manifest["files"])
        return {
            name: context.load_npy(
                generation / entry["file"],
                _layout(context, generation, entry, manifest["nengines"]),
            )
            for name, entry in manifest["arrays"].items()
        }


def _check(context: BaseContext, arrays: Mapping[str, DistArray]) -> None:
    if not arrays:
        raise ValueError("checkpoint() needs arrays, by name: checkpoint(directory, a=a, b=b)")
    for name, array in arrays.items():
        if not isinstance(array, Handle):
            raise TypeError(f"{name}: expected a DistArray, not {type(array).__name__}")
        if array.context is not context:
            raise ValueError(f"{name}: the array belongs to another context")
        if not name.isidentifier():
            raise ValueError(f"{name!r} is no name for an array in a checkpoint")


# ---- The directory -----------------------------------------------------------------------------


@contextmanager
def _locked(context: BaseContext, folder: Path, kind: int) -> Iterator[None]:
    """Keep other programs from replacing the checkpoint meanwhile."""
    locks: list[int] = []
    context._once(lambda: locks.append(_lock(folder, kind)))
    try:
        yield
    finally:
        for descriptor in locks:
            os.close(descriptor)


def _lock(folder: Path, kind: int) -> int:
    """Lock a folder, until the file of this descriptor is closed, however the process ends."""
    if kind == fcntl.LOCK_EX:
        folder.mkdir(parents=True, exist_ok=True)
    elif not (folder / _MANIFEST).is_file():
        raise FileNotFoundError(errno.ENOENT, "there is no checkpoint in", str(folder))
    # Readers may not be allowed to write.
    flags = os.O_RDONLY if kind == fcntl.LOCK_SH else os.O_RDWR | os.O_CREAT
    descriptor = os.open(folder / _LOCK, flags, 0o666)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise CheckpointError(
            f"another program is using the checkpoint in {folder} at the moment"
        ) from error
    return descriptor


def _begin(folder: Path) -> str:
    """Make the folder of a new generation; return its name."""
    name = f"{_GENERATION}{uid().removeprefix('__distarray___')}"
    (folder / name).mkdir()
    return name


def _commit(folder: Path, manifest: dict[str, Any]) -> None:
    """Make a generation the one that counts."""
    generation = folder / manifest["generation"]
    sync_path(generation)
    sync_path(folder)
    text = json.dumps(manifest, indent=1)
    unfinished = generation / _MANIFEST
    with unfinished.open("w", encoding="utf-8") as file:
        json.dump({"crc32": zlib.crc32(text.encode()), "checkpoint": manifest}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(folder / _MANIFEST)
    sync_path(folder)


def _remove_others(folder: Path, generation: Path) -> None:
    """Remove generations that count no more, and those that an interruption left unfinished."""
    for other in folder.glob(f"{_GENERATION}*"):
        if other != generation:
            # One that can't be removed now will be when the next checkpoint is made.
            shutil.rmtree(other, ignore_errors=True)


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        sealed = json.loads(path.read_text(encoding="utf-8"))
        manifest: dict[str, Any] = sealed["checkpoint"]
        stated, format, version = sealed["crc32"], manifest["format"], manifest["version"]
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(f"{path} is damaged: {error!r}") from error
    if format != _FORMAT or version != _VERSION:
        raise CheckpointError(
            f"{path} is of format {format!r}, version {version!r}; this version of DistArray reads "
            f"{_FORMAT!r}, version {_VERSION}"
        )
    if zlib.crc32(json.dumps(manifest, indent=1).encode()) != stated:
        raise CheckpointError(f"{path} is damaged: its checksum is not {stated}")
    return manifest


# ---- Arrays ------------------------------------------------------------------------------------


def _write(
    context: BaseContext, generation: Path, arrays: Mapping[str, DistArray]
) -> dict[str, Any]:
    """Write the files of a generation; return what is in it."""
    entries = {}
    for name, array in arrays.items():
        context.save_npy(generation / f"{name}.npy", array)
        maps = array.distribution.maps
        entries[name] = {
            "file": f"{name}.npy",
            "axes": context._once(lambda: _describe_all(maps, generation, name)),  # noqa: B023
        }
    sizes = context._once(lambda: _sizes(generation))
    checksums = _checksums(context, generation, _sections(sizes, _SECTION), sync=True)
    return {
        "format": _FORMAT,
        "version": _VERSION,
        "generation": generation.name,
        "nengines": context.nengines,
        "arrays": entries,
        "files": {
            name: {"size": size, "section": _SECTION, "crc32": checksums[name]}
            for name, size in sizes.items()
        },
    }


def _sizes(generation: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in sorted(generation.iterdir())}


def _describe_all(maps: Sequence[MapBase], generation: Path, name: str) -> list[dict[str, Any]]:
    return [
        _describe(axis_map, generation / f"{name}.axis-{axis}.npy")
        for axis, axis_map in enumerate(maps)
    ]


def _describe(axis_map: MapBase, path: Path) -> dict[str, Any]:
    """Return what a map is made of again; the indices of unstructured ones go to a file."""
    dim_dicts: list[dict[str, Any]] = [dict(each) for each in axis_map.get_dimdicts()]
    description: dict[str, Any] = {"dist_type": axis_map.dist, "size": axis_map.size}
    if axis_map.dist == "u":
        pieces = [np.asarray(each.pop("indices")) for each in dim_dicts]
        np.save(path, np.concatenate(pieces))
        description["indices"] = path.name
        description["lengths"] = [len(piece) for piece in pieces]
    if isinstance(axis_map, BlockCyclicMap):
        description["block_size"] = axis_map.block_size
    description["dim_dicts"] = [
        {key: _plain(value) for key, value in each.items()} for each in dim_dicts
    ]
    return description


def _plain(value: Any) -> Any:
    """Return a value of a dimension dictionary as JSON knows it."""
    return list(value) if isinstance(value, tuple) else value


def _layout(
    context: BaseContext, generation: Path, entry: Mapping[str, Any], nengines: int
) -> Distribution:
    """Return where the elements were, or where they go if there are more or fewer engines now."""
    axes = entry["axes"]
    if context.nengines == nengines:
        return Distribution.from_maps(context, [_map(axis, generation) for axis in axes])
    types = ["b" if axis["dist_type"] == "u" else axis["dist_type"] for axis in axes]
    shape = tuple(axis["size"] for axis in axes)
    if not axes:
        return Distribution(context, shape)
    fresh = Distribution(context, shape, dist=types)
    maps = [
        BlockCyclicMap(axis_map.size, axis_map.grid_size, axis["block_size"])
        if axis_map.dist == "c"
        else axis_map
        for axis_map, axis in zip(fresh.maps, axes, strict=True)
    ]
    return Distribution.from_maps(context, maps)


def _map(axis: Mapping[str, Any], generation: Path) -> MapBase:
    dim_dicts = [dict(each) for each in axis["dim_dicts"]]
    if axis["dist_type"] == "u":
        indices = np.load(generation / axis["indices"])
        pieces = np.split(indices, np.cumsum(axis["lengths"])[:-1])
        for dim_dict, piece in zip(dim_dicts, pieces, strict=True):
            dim_dict["indices"] = piece
    for dim_dict in dim_dicts:
        if "padding" in dim_dict:
            dim_dict["padding"] = tuple(dim_dict["padding"])
    return choose_map(axis["dist_type"]).from_axis_dim_dicts(dim_dicts)


# ---- Checksums ---------------------------------------------------------------------------------


def _verify(context: BaseContext, generation: Path, files: Mapping[str, Mapping[str, Any]]) -> None:
    """Check that files are as they were written."""
    sizes = context._once(lambda: _checked_sizes(generation, files))
    sections = [
        section
        for name, size in sizes.items()
        for section in _sections({name: size}, files[name]["section"])
    ]
    found = _checksums(context, generation, sections, sync=False)
    for name, facts in files.items():
        for number, (new, old) in enumerate(zip(found[name], facts["crc32"], strict=True)):
            if new != old:
                raise CheckpointError(
                    f"{generation / name} is damaged: bytes from {number * facts['section']} on "
                    "are not what was written"
                )


def _checked_sizes(generation: Path, files: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    sizes = {}
    for name, facts in files.items():
        path = generation / name
        try:
            sizes[name] = path.stat().st_size
        except FileNotFoundError:
            raise CheckpointError(f"the checkpoint lacks the file {path}") from None
        if sizes[name] != facts["size"]:
            raise CheckpointError(
                f"{path} is damaged: it has {sizes[name]} bytes and had {facts['size']}"
            )
    return sizes


def _sections(sizes: Mapping[str, int], length: int) -> list[Section]:
    """Return the parts of files that one checksum each stands for."""
    return [
        (name, start, length) for name, size in sizes.items() for start in range(0, size, length)
    ]


def _checksums(
    context: BaseContext, generation: Path, sections: Sequence[Section], sync: bool
) -> dict[str, list[int]]:
    """Return the checksum of each section of files, on which the engines work together."""
    args = (context.comm, str(generation), sections, sync)
    shares = on_engines(context, _checksums_of_share, args, context.targets)
    checksums: dict[str, list[int]] = defaultdict(list)
    for number, (name, _, _) in enumerate(sections):
        checksum = shares[number % len(shares)][number // len(shares)]
        checksums[name].append(checksum)
    return checksums


def _checksums_of_share(
    comm: Any, folder: str, sections: Sequence[Section], sync: bool
) -> list[int]:
    """Return the checksums of one engine's sections, every size-th of all."""
    checksums = []
    buffer = memoryview(bytearray(_CHUNK))
    for name, start, length in sections[comm.Get_rank() :: comm.Get_size()]:
        checksum = 0
        with Path(folder, name).open("rb", buffering=0) as file:
            if sync:
                os.fsync(file.fileno())
            file.seek(start)
            remaining = length
            while remaining and (count := file.readinto(buffer[: min(remaining, _CHUNK)])):
                checksum = zlib.crc32(buffer[:count], checksum)
                remaining -= count
        checksums.append(checksum)
    return checksums
