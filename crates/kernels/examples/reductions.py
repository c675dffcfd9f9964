"""NumPy's times for what `reductions.rs` measures; with its output on standard input, ratios."""

import sys
import time
from functools import partial

import numpy as np

SHAPES = [(10_000, 5_000), (100, 500)]
AXES = {"all": None, "0": 0, "-1": -1}
REDUCTIONS = {
    "sum": np.sum,
    "min": np.min,
    "max": np.max,
    "argmax": np.argmax,
    "count_nonzero": np.count_nonzero,
    "var": np.var,
}


def best(runs, run):
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times) * 1e3


def main():
    ours = {}
    if not sys.stdin.isatty():
        for line in sys.stdin:
            *name, milliseconds = line.rsplit(maxsplit=1)
            ours[name[0]] = float(milliseconds)
    generator = np.random.default_rng(0)
    for shape in SHAPES:
        for dtype in ["float64", "float32", "int64", "bool"]:
            is_float = dtype.startswith("float")
            values = generator.random(shape) if is_float else generator.integers(0, 2, shape)
            values = values.astype(dtype)
            runs = 5 if values.size > 1_000_000 else 200
            for reduction, function in REDUCTIONS.items():
                for axis_name, axis in AXES.items():
                    name = f"{list(shape)} {dtype} {reduction} {axis_name}"
                    numpy = best(runs, partial(function, values, axis=axis))
                    ratio = f"{ours[name] / numpy:9.2f}" if name in ours else ""
                    print(f"{name:<52}{numpy:9.3f}{ratio}")


if __name__ == "__main__":
    main()
