"""Zarr stores: DistArray beside zarr-python, with the same chunks.

``python -m benchmarks.io_zarr`` prints a table; `cases` is for others that time files. Both sides
take turns. Files were just written, so that they are read from the page cache, and a save into an
empty place is not waited for until it is on the disk, on either side.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import distarray as da


@dataclass
class Case:
    """Something that several do.

    Attributes
    ----------
    name : str
        What is done.
    contenders : dict
        For each of those who do it, a function.
    prepare : callable
        What comes before, which is not timed.
    target : float
        How many times as fast the first is to be, at least.
    """

    name: str
    contenders: dict[str, Callable[[], Any]]
    prepare: Callable[[], None]
    target: float


def smooth(megabytes: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return what a simulation may have computed: waves, with noise in the fourth digit."""
    rows, columns = megabytes * 32, 4096
    random = np.random.default_rng(0)
    waves = np.sin(np.arange(rows)[:, None] / 300) * np.cos(np.arange(columns) / 500)
    return np.round(waves + random.standard_normal((rows, columns)) / 5000, 4)


def cases(context: Any, values: np.ndarray[Any, Any], folder: Path) -> Iterator[Case]:
    """Go through what is done with Zarr stores: saving and loading, without and with codecs."""
    import zarr

    array = context.fromarray(values)
    ours, theirs = folder / "ours.zarr", folder / "theirs.zarr"
    lz4 = zarr.codecs.BloscCodec(cname="lz4", clevel=5, shuffle="shuffle", typesize=8)
    for title, compressors, target in (
        ("uncompressed", None, 1.0),
        ("each side's default codec", "auto", 1.5),
        ("Blosc on both sides", lz4, 1.0),
    ):

        def clear() -> None:
            shutil.rmtree(ours, ignore_errors=True)
            shutil.rmtree(theirs, ignore_errors=True)

        def save(compressors: Any = compressors) -> None:
            context.save_zarr(ours, array, compressors=compressors)

        save()
        chunks = zarr.open_array(ours, mode="r").chunks

        def save_theirs(compressors: Any = compressors, chunks: Any = chunks) -> None:
            made = zarr.create_array(
                theirs,
                shape=values.shape,
                dtype=values.dtype,
                chunks=chunks,
                compressors=compressors,
            )
            made[...] = values

        yield Case(
            f"zarr, {title}: save", {"DistArray": save, "zarr-python": save_theirs}, clear, target
        )
        loaded = context.load_zarr(ours).toarray()
        if not np.array_equal(loaded, values) or not np.array_equal(
            zarr.open_array(ours, mode="r")[...], values
        ):
            raise AssertionError(f"{title}: what was saved is not what comes back")
        yield Case(
            f"zarr, {title}: load",
            {
                "DistArray": lambda: context.load_zarr(ours),
                "zarr-python": lambda: zarr.open_array(theirs, mode="r")[...],
            },
            lambda: None,
            target,
        )


def medians(case: Case, repeats: int) -> dict[str, float]:
    """Return the median seconds of each contender; they take turns."""
    seconds: dict[str, list[float]] = {name: [] for name in case.contenders}
    for _ in range(repeats):
        case.prepare()
        for name, function in case.contenders.items():
            start = time.perf_counter()
            result = function()
            seconds[name].append(time.perf_counter() - start)
            del result
    return {name: statistics.median(each) for name, each in seconds.items()}


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1024)
    parser.add_argument("--engines", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=None)
    arguments = parser.parse_args()
    context = da.Context(nengines=arguments.engines)
    values = smooth(arguments.megabytes)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        for case in cases(context, values, Path(folder)):
            found = medians(case, arguments.repeats)
            own, other = found.values()
            print(
                f"{case.name:40} {own:8.3f} s {other:8.3f} s {other / own:6.2f} times as fast "
                f"(target {case.target})"
            )


if __name__ == "__main__":
    main()
