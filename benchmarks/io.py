"""Files, saved and loaded by DistArray and by the reference of each format, in turn.

``make bench-io`` runs this::

    python -m benchmarks.io --megabytes 1000 --engines 2 --folder .

An array of float64 is saved over a file that exists, and loaded from a file that has just been
written and read: the page cache has it, and what is timed is all but the disk. DistArray's saves
end when the data are on the disk. The reference's own do not: they are timed as they are, and
followed by ``fsync`` of the file and of its folder, which is the same work. Each does it twice in a
row, and the second time counts; before that the system has written all that waits to be written.
All take turns in one process, pinned to as many cores as there are engines; results are compared
before anything is timed. Figures are medians, in seconds.
"""

import argparse
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

import distarray as da
from benchmarks.contest import Contest
from benchmarks.io_zarr import stores


def synced(path: Path) -> None:
    """Have the system write a file to the disk, and its folder."""
    for each in (path, path.parent):
        descriptor = os.open(each, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def followed_by_sync(save: Callable[[], object], path: Path) -> Callable[[], object]:
    """Return a save that ends when the data are on the disk."""

    def saved() -> None:
        save()
        synced(path)

    return saved


def npy(context, values: np.ndarray, folder: Path) -> list[Contest]:
    """Return the contests with numpy.save and numpy.load."""
    array = context.fromarray(values)
    ours, theirs = folder / "ours.npy", folder / "theirs.npy"

    def save():
        np.save(theirs, values)

    others = {"np.save": save, "np.save, fsync": followed_by_sync(save, theirs)}
    return [
        Contest("save npy", lambda: da.save(ours, array), others),
        Contest(
            "load npy",
            lambda: context.load(theirs),
            {"np.load": lambda: np.load(theirs)},
        ),
    ]


def hdf5(context, values: np.ndarray, folder: Path) -> list[Contest]:
    """Return the contests with h5py."""
    import h5py

    array = context.fromarray(values)
    ours, theirs = folder / "ours.h5", folder / "theirs.h5"

    def save():
        with h5py.File(theirs, "w") as file:
            file.create_dataset("buffer", data=values)

    def load():
        with h5py.File(theirs, "r") as file:
            return file["buffer"][()]

    others = {"h5py": save, "h5py, fsync": followed_by_sync(save, theirs)}
    return [
        Contest("save HDF5", lambda: da.save(ours, array, mode="w"), others),
        Contest("load HDF5", lambda: context.load(theirs), {"h5py": load}),
    ]


FORMATS = (npy, hdf5, stores)


def check(contests: list[Contest], values: np.ndarray) -> None:
    """Save and load once, and compare what is loaded."""
    for contest in contests:
        for action in (contest.ours, *contest.others.values()):
            loaded = action()
            if loaded is not None and not np.array_equal(np.asarray(loaded), values):
                raise SystemExit(f"{contest.name}: what is loaded is not what was saved")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--engines", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--folder", type=Path, default=Path())
    arguments = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: arguments.engines])
    context = da.Context(kind="threads", nengines=arguments.engines)
    rows = arguments.megabytes * 125
    values = np.random.default_rng(0).standard_normal((rows, 1000))
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        contests = [
            contest for format in FORMATS for contest in format(context, values, Path(folder))
        ]
        check(contests, values)
        for repeat in range(arguments.repeats):
            for contest in contests:
                contest.sample(-1 if repeat % 2 else 1)
    print(
        f"{arguments.megabytes} MB of float64, {arguments.engines} engines, medians of "
        f"{arguments.repeats} in seconds; files to load are in the page cache"
    )
    for contest in contests:
        print(contest.row())


if __name__ == "__main__":
    main()
