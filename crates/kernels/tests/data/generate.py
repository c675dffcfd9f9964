"""Writes what NumPy does for the tests of the operations: `python generate.py`, with NumPy 2.4.

dtypes.txt: for each operation the dtype character of its result for every combination of
arguments (the dtypes of `ARGUMENTS`, then Python's int, float and complex), `.` for an error.

values.txt: for each operation and dtype the bytes of its results for special values, and which
floating-point exceptions NumPy reports.
"""

import itertools
import pathlib
import warnings

import numpy as np

HERE = pathlib.Path(__file__).parent
ARGUMENTS = "?bBhHiIlLefdFD"
WEAK = [1, 1.0, 1j]

UNARY = """
    negative positive absolute fabs sign square reciprocal conjugate logical_not invert
    bitwise_count rint floor ceil trunc isnan isinf isfinite signbit spacing sqrt cbrt exp exp2
    expm1 log log2 log10 log1p sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh
    arctanh deg2rad rad2deg radians degrees modf[0] modf[1] frexp[0] frexp[1]
""".split()
BINARY = """
    add subtract multiply divide floor_divide remainder fmod power float_power less less_equal
    greater greater_equal equal not_equal maximum minimum fmax fmin logical_and logical_or
    logical_xor bitwise_and bitwise_or bitwise_xor left_shift right_shift gcd lcm copysign
    nextafter heaviside ldexp logaddexp logaddexp2 hypot arctan2
""".split()


def function(name):
    base, _, result = name.partition("[")
    ufunc = getattr(np, base)
    if not result:
        return ufunc
    return lambda *arguments: ufunc(*arguments)[int(result[0])]


def result_dtype(name, arguments):
    try:
        char = np.asarray(function(name)(*arguments)).dtype.char
    except TypeError:
        return "."
    return {"q": "l", "Q": "L"}.get(char, char)


def write_dtypes():
    choices = [np.ones(1, char) for char in ARGUMENTS] + WEAK
    lines = []
    for arity, names in ((1, UNARY), (2, BINARY)):
        for name in names:
            combinations = itertools.product(choices, repeat=arity)
            lines.append(name + " " + "".join(result_dtype(name, c) for c in combinations))
    (HERE / "dtypes.txt").write_text("\n".join(lines) + "\n")


def special(char):
    dtype = np.dtype(char)
    if dtype.kind == "b":
        values = [False, True]
    elif dtype.kind in "iu":
        info = np.iinfo(dtype)
        values = [0, 1, 2, 3, 7, 8, 64, info.max, info.min]
        if dtype.kind == "i":
            values += [-1, -2, -8, info.min + 1]
    elif dtype.kind == "f":
        info = np.finfo(dtype)
        values = [0.0, 0.5, 1.0, 2.5, 3.0, 100.0, info.max, info.smallest_subnormal, np.inf, np.nan]
        values += [-value for value in values[:-1]]
    else:
        parts = [0.0, -1.5, np.inf]
        values = [complex(a, b) for a in parts for b in parts]
        values += [3 + 4j, complex(1, np.nan), complex(np.nan, 1)]
    return np.array(values, dtype)


def flags_of(call):
    seen = set()
    with np.errstate(all="call", call=lambda kind, flag: seen.add(kind[0])):
        result = call()
    return result, "".join(sorted(seen)) or "-"


def write_values():
    lines = [f"special {char} {special(char).tobytes().hex()}" for char in ARGUMENTS]
    for arity, names in ((1, UNARY), (2, BINARY)):
        for name in names:
            for char in "?bBlefdFD":
                if arity == 1:
                    arguments = [special(char)]
                else:
                    column, row = np.meshgrid(special(char), special(char), indexing="ij")
                    arguments = [column.ravel(), row.ravel()]
                if name == "ldexp":
                    if char not in "efd":
                        continue
                    powers = np.array([0, 1, -30, 2000, -3000, 2**40])
                    column, row = np.meshgrid(special(char), powers, indexing="ij")
                    arguments = [column.ravel(), row.ravel()]
                if name in ("power",) and char in "bhil":
                    arguments[1] = np.maximum(arguments[1], 0)
                try:
                    # One element at a time: NumPy's vector loops report exceptions that its
                    # scalar ones do not.
                    results, all_flags = [], []
                    for index in range(len(arguments[0])):
                        one = [argument[index : index + 1] for argument in arguments]
                        result, flags = flags_of(lambda one=one, name=name: function(name)(*one))
                        results.append(result)
                        all_flags.append(flags)
                except TypeError:
                    continue
                result = np.concatenate(results)
                flags = ",".join(all_flags) if set(all_flags) != {"-"} else "-"
                lines.append(f"{name} {char} {result.tobytes().hex()} {flags}")
    (HERE / "values.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        write_dtypes()
        write_values()
