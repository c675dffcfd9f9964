"""The contests with zarr-python, for `benchmarks.io`: the same chunks on both sides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.contest import Contest
from distarray.globalapi import _replacing


def stores(context: Any, values: np.ndarray, folder: Path) -> list[Contest]:
    """Return the contests: without codecs, with each side's own default, with the same on both."""
    import zarr

    lz4 = zarr.codecs.BloscCodec(cname="lz4", clevel=5, shuffle="shuffle", typesize=8)
    codecs = {"plain Zarr": None, "Zarr": "auto", "Zarr, lz4": lz4}
    return [
        contest
        for number, (name, codec) in enumerate(codecs.items())
        for contest in _with(context, values, folder / str(number), name, codec)
    ]


def _with(context: Any, values: np.ndarray, folder: Path, name: str, codec: Any) -> list[Contest]:
    import zarr

    array = context.fromarray(values)
    folder.mkdir()
    ours, theirs = folder / "ours.zarr", folder / "theirs.zarr"
    context.save_zarr(ours, array, compressors=codec)
    made: dict[str, Any] = {
        "shape": values.shape,
        "dtype": values.dtype,
        "chunks": zarr.open_array(ours, mode="r").chunks,
        "compressors": codec,
        "overwrite": True,
    }

    def save() -> None:
        zarr.create_array(theirs, **made)[...] = values

    def save_and_sync() -> None:
        save()
        _replacing.sync(theirs)

    return [
        Contest(
            f"save {name}",
            lambda: context.save_zarr(ours, array, compressors=codec),
            {"zarr-python": save, "zarr-python, fsync": save_and_sync},
        ),
        Contest(
            f"load {name}",
            lambda: context.load_zarr(ours),
            {"zarr-python": lambda: zarr.open_array(theirs, mode="r")[...]},
        ),
    ]
