"""How much of the Earth is land, and how long is its coast? With DistArray and with NumPy.

The package ``global-land-mask`` carries a mask of the whole Earth at 30 arc seconds: 21600 rows
from north to south by 43200 columns from west to east, True where there is ocean. Unpacked it takes
0.93 GB. This program

1. unpacks the mask into a ``.npy`` file, once;
2. computes on it with DistArray and with NumPy, each in a process of its own, so that each has its
   own peak of memory: the fraction of land, weighted by the area of a cell; the length of the
   coast, by comparing neighbours; and a coarse map, which goes to a file;
3. prints times and memory side by side, and draws the map and the distribution;
4. exits with an error if any result differs from NumPy's.

The two classes below say the same thing twice: compare them line by line.

Started by ``mpiexec -n 5 python examples/land_mask.py``, it computes on four processes as well as
on as many threads of one, and every bit has to be the same.
"""

import argparse
import contextlib
import importlib.util
import json
import resource
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np

ROWS_AND_COLUMNS = 60  # of the mask in one cell of the coarse map
EARTH_RADIUS = 6371.0  # km
KNOWN_LAND_FRACTION = 0.29
# Floating additions are done in another order than NumPy's; everything else is compared exactly.
TOLERANCE = 1e-12


# ---- What is computed --------------------------------------------------------------------------


def shrink(cells):
    """Return the mean of each square of cells: what a local function does to a piece."""
    step = ROWS_AND_COLUMNS
    rows, columns = (size // step for size in cells.shape)
    return cells.reshape(rows, step, columns, step).mean(axis=(1, 3))


class WithNumPy:
    """The steps on a NumPy array."""

    def __init__(self, filename, output):
        self.filename = filename
        self.output = output

    def everywhere(self, function):
        """Call a function in all processes that compute: this one."""
        return [function()]

    def load(self):
        """Read the mask."""
        self.ocean = np.load(self.filename)
        return {}

    def find_land(self):
        """Count the cells of land in each row, and weight them by their area."""
        self.land = ~self.ocean
        cells = self.land.sum(axis=1)
        weights = area_weights(self.ocean.shape)
        return {"land cells": cells, "land fraction": (cells * weights).sum()}

    def find_coast(self):
        """Count the sides where land meets ocean, and add up their lengths."""
        ocean = self.ocean
        height, widths = side_lengths(ocean.shape)
        upright = (ocean[:, 1:] != ocean[:, :-1]).sum(axis=1)
        upright += ocean[:, 0] != ocean[:, -1]  # where the map's ends meet
        level = (ocean[1:] != ocean[:-1]).sum(axis=1)
        length = upright.sum() * height + (level * widths).sum()
        return {"upright sides": upright, "level sides": level, "coast km": length}

    def draw_coarse_map(self):
        """Shrink the map until it fits a picture."""
        self.coarse = shrink(self.land)
        return {"coarse map": self.coarse}

    def save(self):
        """Write the coarse map to a file, and read it again."""
        np.save(self.output / "coarse-numpy.npy", self.coarse)
        return {"saved map": np.load(self.output / "coarse-numpy.npy")}

    def finish(self, output):
        """There is nothing more to show."""


class WithDistArray:
    """The steps on an array that is distributed over engines."""

    def __init__(self, filename, output, context):
        self.filename = filename
        self.output = output
        self.context = context

    def everywhere(self, function):
        """Call a function in all processes that compute: this one, and engines that are others."""
        from distarray.globalapi.context import ThreadContext

        if isinstance(self.context, ThreadContext):
            return [function()]
        return [function(), *self.context.apply(function)]

    def load(self):
        """Read the mask: each engine reads the rows that it holds."""
        import distarray as da

        rows, columns = np.load(self.filename, mmap_mode="r").shape
        # Whole cells of the coarse map on each engine, so that it can be made without moving data.
        coarse_rows = rows // ROWS_AND_COLUMNS
        places = np.linspace(0, coarse_rows, self.context.nengines + 1).astype(int)
        distribution = da.Distribution.from_global_dim_data(
            self.context,
            (
                {"dist_type": "b", "bounds": [int(row) * ROWS_AND_COLUMNS for row in places]},
                {"dist_type": "n", "size": columns},
            ),
        )
        self.ocean = da.load(self.filename, distribution)
        return {}

    def find_land(self):
        """Count the cells of land in each row, and weight them by their area."""
        self.land = ~self.ocean
        cells = self.land.sum(axis=1)
        weights = area_weights(self.ocean.shape)
        return {"land cells": cells, "land fraction": (cells * weights).sum()}

    def find_coast(self):
        """Count the sides where land meets ocean, and add up their lengths."""
        ocean = self.ocean
        height, widths = side_lengths(ocean.shape)
        upright = (ocean[:, 1:] != ocean[:, :-1]).sum(axis=1)
        upright += ocean[:, 0] != ocean[:, -1]  # where the map's ends meet
        level = (ocean[1:] != ocean[:-1]).sum(axis=1)
        length = upright.sum() * height + (level * widths).sum()
        return {"upright sides": upright, "level sides": level, "coast km": length}

    def draw_coarse_map(self):
        """Shrink the map until it fits a picture: a local function on each engine's piece."""
        self.context.register(shrink_local)
        self.coarse = self.context.shrink_local(self.land)
        return {"coarse map": self.coarse}

    def save(self):
        """Write the coarse map to a file, each engine its rows, and let NumPy read it."""
        import distarray as da

        da.save(self.output / "coarse.npy", self.coarse)
        return {"saved map": np.load(self.output / "coarse.npy")}

    def finish(self, output):
        """Say where each piece lives, and draw it."""
        print("\n  Where the pieces live:")
        dim_data_per_rank = self.ocean.distribution.get_dim_data_per_rank()
        for target, dim_data, shape in zip(
            self.ocean.targets, dim_data_per_rank, self.ocean.localshapes(), strict=True
        ):
            start, stop = dim_data[0]["start"], dim_data[0]["stop"]
            size = shape[0] * shape[1] * self.ocean.itemsize / 1e6
            print(f"    engine {target}: rows {start:5d} to {stop:5d}, {size:6.1f} MB")
        draw_pictures(self.coarse, output)
        self.context.close()


def shrink_local(land):
    """Shrink one engine's piece; the result is a piece of the coarse map."""
    from distarray.localapi import LocalArray
    from distarray.localapi.maps import Distribution

    rows, columns = land.dim_data
    step = ROWS_AND_COLUMNS
    coarse_rows = dict(rows, **{key: rows[key] // step for key in ("size", "start", "stop")})
    coarse_columns = dict(columns, **{key: columns[key] // step for key in ("size", "stop")})
    distribution = Distribution(land.comm, (coarse_rows, coarse_columns))
    return LocalArray(distribution, buf=shrink(land.ndarray))


def latitudes(rows):
    """Return the latitude of each row, in radians, from the north pole on."""
    return np.deg2rad(90.0 - np.arange(rows) * (180.0 / rows))


def area_weights(shape):
    """Return the weight of a cell of each row, such that those of all cells sum to one."""
    weights = np.cos(latitudes(shape[0]))
    return weights / (weights.sum() * shape[1])


def side_lengths(shape):
    """Return the height of a cell, and the width where each row meets the next, in km."""
    rows, columns = shape
    height = np.pi * EARTH_RADIUS / rows
    between_rows = latitudes(rows)[1:] + 0.5 * np.pi / rows
    return height, 2 * np.pi * EARTH_RADIUS / columns * np.cos(between_rows)


# ---- Measuring one of them ---------------------------------------------------------------------

STEPS = {
    "load the mask": "load",
    "fraction of land": "find_land",
    "length of the coast": "find_coast",
    "coarse map": "draw_coarse_map",
    "save the map": "save",
}


def compute(steps, output, kind):
    """Take the steps, and write the results, the times and the memory."""
    results, report = {}, []
    for name, method in STEPS.items():
        print(f"  {name:<22}", end="", flush=True)
        steps.everywhere(forget_peak_memory)
        start = time.perf_counter()
        values = getattr(steps, method)()
        seconds = time.perf_counter() - start
        peak = sum(steps.everywhere(peak_memory))
        print(f"{seconds:7.2f} s, {peak / 1e9:5.2f} GB at most", flush=True)
        report.append({"step": name, "seconds": seconds, "peak": peak})
        results.update({key: np.asarray(value) for key, value in values.items()})
    np.savez(output / f"{kind}.npz", **results)
    (output / f"{kind}.json").write_text(json.dumps(report))
    steps.finish(output)


def forget_peak_memory():
    """Let the kernel measure this process's peak of memory anew, where it can."""
    # Elsewhere the peak is that of all steps so far.
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory():
    """Return the largest amount of memory that this process had, in bytes."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


# ---- The pictures ------------------------------------------------------------------------------


def draw_pictures(coarse, output):
    """Draw the coarse map, with the engines' borders, and its distribution."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    from distarray.plotting import plot_array_distribution

    rows = coarse.shape[0]
    figure, axes = pyplot.subplots(figsize=(12, 6.4), layout="constrained")
    image = axes.imshow(
        coarse.toarray(), cmap="YlGn", extent=(-180, 180, -90, 90), interpolation="nearest"
    )
    figure.colorbar(image, ax=axes, label="fraction of land", shrink=0.8)
    for target, (dim_dict, _) in zip(
        coarse.targets, coarse.distribution.get_dim_data_per_rank(), strict=True
    ):
        north = 90 - 180 * dim_dict["start"] / rows
        axes.axhline(north, color="tab:red", linewidth=1)
        axes.text(-178, north - 2, f"engine {target}", color="tab:red", va="top")
    axes.set(xlabel="longitude", ylabel="latitude", title="Land, and the engine that holds it")
    figure.savefig(output / "map.png", dpi=100)
    pyplot.close(figure)

    plot_array_distribution(
        coarse,
        [(rank, 0) for rank in range(len(coarse.targets))],
        title="The rank that holds each cell of the coarse map",
        xlabel="column",
        ylabel="row",
        yflip=True,
        cell_label=False,
        legend=True,
        global_plot_filename=output / "distribution.png",
        local_plot_filename=output / "pieces.png",
    )
    pictures = ", ".join(str(output / name) for name in ("map.png", "distribution.png"))
    print(f"\n  Pictures: {pictures}, {output / 'pieces.png'}")


# ---- The comparison ----------------------------------------------------------------------------


def unpack_mask(output):
    """Unpack the mask as a ``.npy`` file, unless it is there, without holding it in memory."""
    filename = output / "land_mask.npy"
    if filename.exists():
        return filename
    # Importing the package would load the mask.
    package = importlib.util.find_spec("global_land_mask")
    if package is None or not package.submodule_search_locations:
        sys.exit("The mask is in the package global-land-mask: pip install 'distarray[demo]'")
    packed = Path(package.submodule_search_locations[0], "globe_combined_mask_compressed.npz")
    part = filename.with_suffix(".part")
    with zipfile.ZipFile(packed) as archive:
        total, done = archive.getinfo("mask.npy").file_size, 0
        with archive.open("mask.npy") as source, part.open("wb") as target:
            while chunk := source.read(1 << 24):
                target.write(chunk)
                done += len(chunk)
                if sys.stdout.isatty() or done == total:
                    print(f"\rUnpacking the land mask: {done / total:4.0%}", end="", flush=True)
    print(f", {total / 1e9:.2f} GB")
    part.rename(filename)
    return filename


def warm_up(filename):
    """Make it fair to whoever comes first.

    The file is then in the operating system's memory, and so is enough memory for the arrays: a
    virtual machine may get its own when it touches it for the first time, which takes seconds.
    """
    with filename.open("rb") as file:
        while file.read(1 << 24):
            pass
    size = 4 * filename.stat().st_size
    subprocess.run([sys.executable, "-c", f"import numpy; numpy.ones({size}, 'uint8')"], check=True)


def run(kind, title, filename, output, engines):
    """Compute in a process of its own; return its results and its report."""
    print(f"\n{title}", flush=True)
    command = [sys.executable, __file__, "--compute", kind, "--mask", filename]
    command += ["--output", output, "--engines", str(engines)]
    if subprocess.run(command).returncode != 0:
        sys.exit(f"{title}: failed")
    return written(output, kind)


def written(output, kind):
    """Return the results and the report that `compute` has written."""
    with np.load(output / f"{kind}.npz") as results:
        values = dict(results)
    return values, json.loads((output / f"{kind}.json").read_text())


def differences(ours, theirs):
    """Compare the results; return a line for each that differs."""
    wrong = []
    for name, expected in theirs.items():
        value = ours[name]
        kind, expected_kind = ((array.dtype, array.shape) for array in (value, expected))
        if kind != expected_kind:
            wrong.append(f"{name}: {kind}, not {expected_kind}")
        elif name in ("land fraction", "coast km"):
            if not np.allclose(value, expected, rtol=TOLERANCE, atol=0):
                wrong.append(f"{name}: {value!r}, not {expected!r}")
        elif not np.array_equal(value, expected):
            wrong.append(f"{name}: {np.sum(value != expected)} elements differ")
    return wrong


def print_comparison(ours, theirs):
    """Print times and memory of the steps side by side."""
    print(f"\n{'':24}{'DistArray':^20}{'NumPy':^20}{'time':>8}{'memory':>8}")
    total = {"step": "all", "seconds": 0.0, "peak": 0}
    totals = [dict(total), dict(total)]
    for steps in zip(ours, theirs, strict=True):
        for step, sums in zip(steps, totals, strict=True):
            sums["seconds"] += step["seconds"]
            sums["peak"] = max(sums["peak"], step["peak"])
    for mine, other in [*zip(ours, theirs, strict=True), totals]:
        cells = [f"{step['seconds']:7.2f} s {step['peak'] / 1e9:6.2f} GB" for step in (mine, other)]
        ratios = [f"{mine[key] / other[key]:7.2f}x" for key in ("seconds", "peak")]
        print(f"{mine['step']:<24}{cells[0]:^20}{cells[1]:^20}{ratios[0]}{ratios[1]}")


def main():
    """Run the demonstration."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--engines", type=int, help="default: the cores, or all that mpiexec has started"
    )
    parser.add_argument("--output", type=Path, default=Path("demo-output"), help="folder")
    parser.add_argument("--mask", type=Path, help="another mask, as a .npy file")
    parser.add_argument("--compute", choices=["numpy", "distarray"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.compute == "numpy":  # a process that doesn't import distarray
        compute(WithNumPy(options.mask, options.output), options.output, "numpy")
        return

    import distarray
    from distarray.globalapi.context import ThreadContext

    if options.compute == "distarray":
        context = ThreadContext(nengines=options.engines)
        compute(WithDistArray(options.mask, options.output, context), options.output, "distarray")
        return
    # Of the processes that mpiexec has started one goes on from here; the others are its engines.
    context = distarray.Context(nengines=options.engines)
    options.output.mkdir(parents=True, exist_ok=True)
    filename = options.mask or unpack_mask(options.output)

    start = time.perf_counter()
    warm_up(filename)
    engines = context.nengines
    title = f"DistArray on {engines} engines, threads of one process"
    ours, our_report = run("distarray", title, filename, options.output, engines)
    wrong = []
    if not isinstance(context, ThreadContext):
        print(f"\nDistArray: {context!r}", flush=True)
        compute(WithDistArray(filename, options.output, context), options.output, "processes")
        threads = ours
        ours, our_report = written(options.output, "processes")
        wrong = [
            f"{name}: not as on threads"
            for name, value in ours.items()
            if value.tobytes() != threads[name].tobytes()
        ]
    theirs, their_report = run("numpy", "NumPy", filename, options.output, engines)
    print_comparison(our_report, their_report)

    fraction, length = float(ours["land fraction"]), float(ours["coast km"])
    sides = int(ours["upright sides"].sum() + ours["level sides"].sum())
    print(f"\nLand covers {fraction:.2%} of the Earth; known: about {KNOWN_LAND_FRACTION:.0%}.")
    print(f"Land meets ocean along {sides:,} sides of cells: {length:,.0f} km.")
    wrong += differences(ours, theirs)
    if options.mask is None and abs(fraction - KNOWN_LAND_FRACTION) > 0.01:
        wrong.append(f"land fraction: {fraction:.4f}, not about {KNOWN_LAND_FRACTION}")
    print(f"Finished in {time.perf_counter() - start:.0f} s.")
    if wrong:
        sys.exit("DIFFERENT from what it should be:\n  " + "\n  ".join(wrong))
    print("Every result equals NumPy's.")


if __name__ == "__main__":
    main()
