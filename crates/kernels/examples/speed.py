"""The times that `speed.rs` measures, for NumPy into preallocated results."""

import sys
import time
from functools import partial

import numpy as np

SIZE = 5_000_000


def best(runs, run):
    """Return the best time of a run, in nanoseconds."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return min(times) * 1e9


def report(name, size, run):
    """Write the time for each of `size` elements."""
    runs = min(max(100_000_000 // size, 15), 1000)
    sys.stdout.write(f"{name:<36}{best(runs, run) / size:9.3f}\n")


def copies(name, source, dest):
    """Time a copy."""
    report(name, dest.size, lambda: np.copyto(dest, source, casting="unsafe"))


def main():
    """Time everything."""
    a = np.arange(SIZE) % 1000 * 0.5
    b, out, truth = a.copy(), a.copy(), np.zeros(SIZE, bool)
    report("add", SIZE, lambda: np.add(a, b, out))
    report("a + 1.5", SIZE, lambda: np.add(a, 1.5, out))
    report("a += b", SIZE, lambda: np.add(out, b, out))
    report("multiply", SIZE, lambda: np.multiply(a, b, out))
    report("divide", SIZE, lambda: np.divide(a, b, out))
    report("sqrt", SIZE, lambda: np.sqrt(a, out))
    report("floor", SIZE, lambda: np.floor(a, out))
    report("maximum", SIZE, lambda: np.maximum(a, b, out=out))
    report("less", SIZE, lambda: np.less(a, b, truth))
    report("exp", SIZE, lambda: np.exp(a, out))
    for size in (1000, 10_000, 100_000):
        parts = a[:size], b[:size], out[:size]
        report(f"add of {size}", size, partial(np.add, *parts))
        report(f"sqrt of {size}", size, partial(np.sqrt, parts[0], parts[2]))
    ints, more = np.zeros(SIZE, "i4"), np.zeros(SIZE, "i4")
    report("add int32", SIZE, lambda: np.add(ints, ints, more))
    report("multiply int32", SIZE, lambda: np.multiply(ints, ints, more))
    copies("f64 to f32", a, np.zeros(SIZE, "f4"))
    copies("f64 to i64", a, np.zeros(SIZE, "i8"))
    copies("i32 to f64", ints, out)
    copies("f64 to f16", a, np.zeros(SIZE, "f2"))
    copies("bool to i64", truth, np.zeros(SIZE, "i8"))
    half = SIZE // 2
    copies("copy", a, out)
    copies("a[::2] = b[::2]", a[::2], out[::2])
    copies("a = b[::2]", a[::2], out[:half])
    copies("a[::2] = b", a[:half], out[::2])
    report("a[::2] + b[::2]", half, lambda: np.add(a[::2], b[::2], out[:half]))
    for rows, columns in ((2000, 2500), (2048, 2048), (100_000, 50), (50, 100_000)):
        for name in ("float64", "float32", "uint8"):
            source, dest = np.zeros((rows, columns), name), np.zeros((columns, rows), name)
            copies(f"transpose {rows}x{columns} {name}", source.T, dest)
    wide, row, column = np.zeros((1000, 5000)), np.zeros(5000), np.zeros((1000, 1))
    result = wide.copy()
    report("matrix + row", wide.size, lambda: np.add(wide, row, result))
    report("matrix + column", wide.size, lambda: np.add(wide, column, result))
    narrow, short = np.zeros((1_000_000, 5)), np.zeros(5)
    result = narrow.copy()
    report("narrow + row", narrow.size, lambda: np.add(narrow, short, result))
    copies("fill row", short, narrow)


if __name__ == "__main__":
    main()
