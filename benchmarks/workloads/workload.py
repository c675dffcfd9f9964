"""What a workload is: data, a computation as for NumPy, and when two results are the same."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

# Elements that are compared at a time, so that comparing takes little memory.
CHUNK = 1 << 20


@dataclass(frozen=True)
class Data:
    """Arrays to compute with, made by each implementation for itself, the same for all.

    Workloads with data of one name share them.
    """

    name: str
    nbytes: int
    make: Callable[[], tuple[Array, ...]]


def uniform(name: str, *arguments: tuple[Any, float, float], dtype: Any = float) -> Data:
    """Return data of uniform random numbers: an array for each shape, least and greatest value."""
    dtype = np.dtype(dtype)

    def make() -> tuple[Array, ...]:
        generator = np.random.default_rng(20_250_101)
        arrays = []
        for shape, least, greatest in arguments:
            array = generator.random(shape)
            array *= greatest - least
            array += least
            arrays.append(array.astype(dtype, copy=False))
        return tuple(arrays)

    elements = sum(math.prod(np.atleast_1d(shape).tolist()) for shape, _, _ in arguments)
    return Data(f"{name} {dtype} {elements}", elements * dtype.itemsize, make)


@dataclass(frozen=True)
class Tolerance:
    """How far a result may be from NumPy's.

    Mathematical functions differ in their last digits, and sums in the order of additions.
    `mismatches` is the share of elements that may differ at will, for discontinuous functions.
    """

    relative: float = 0.0
    absolute: float = 0.0
    mismatches: float = 0.0

    def difference(self, value: Array, expected: Array) -> str | None:
        """Say how a value differs from what is expected, if it does by too much."""
        if value.shape != expected.shape:
            return f"shape {value.shape} instead of {expected.shape}"
        ours, theirs = value.reshape(-1), expected.reshape(-1)
        wrong, largest = 0, 0.0
        for start in range(0, ours.size, CHUNK):
            a, b = ours[start : start + CHUNK], theirs[start : start + CHUNK]
            close = np.isclose(a, b, rtol=self.relative, atol=self.absolute, equal_nan=True)
            if not close.all():
                wrong += int(np.count_nonzero(~close))
                far = np.abs(np.subtract(a[~close], b[~close], dtype=np.result_type(a, b, float)))
                largest = max(largest, float(far.max()))
        if wrong <= self.mismatches * ours.size:
            return None
        return f"{wrong} of {ours.size} elements differ, by up to {largest:.3g}"


@dataclass(frozen=True)
class Goals:
    """What we promise about DistArray's time with the most engines."""

    best: float | None = None
    """At most so many times the best peer's."""
    numpy: float | None = None
    """At most so many times NumPy's."""
    floor: float | None = None
    """At most so many times that of a loop written by hand in Rust."""
    bandwidth: float | None = None
    """At least this share of the bandwidth of a copy."""
    seconds: float | None = None
    """At most so many seconds."""


@dataclass(frozen=True, kw_only=True)
class Workload:
    """A computation that implementations are compared on."""

    name: str
    """What the table calls it."""
    kind: str
    """Which of a peer's functions does it, when it is not written as for NumPy."""
    data: Data
    elements: int
    compute: Callable[..., Any]
    """`compute(xp, *arrays, **parameters)`, where xp is NumPy or a package with its interface."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    elementwise: bool = False
    """Whether pieces of the result depend on the same pieces of the data, and on nothing else."""
    traffic: int = 0
    """Bytes that must be read and written at least, where memory is what limits the work."""
    tolerance: Tolerance = field(default_factory=Tolerance)
    digest: Callable[[Array], Array] | None = None
    """What of a result is compared, where results are random."""
    counted: bool = True
    """Whether the workload belongs to the set that means are taken over."""
    goals: Goals = field(default_factory=Goals)


def scaled(elements: int, scale: float) -> int:
    """Return a number of elements, scaled; a multiple of 4, for layouts that need to be even."""
    return max(4, round(elements * scale / 4) * 4)


def scaled_shape(shape: tuple[int, int], scale: float) -> tuple[int, int]:
    """Return a shape of two axes whose size is scaled."""
    rows, columns = (max(4, round(length * math.sqrt(scale))) for length in shape)
    return rows, columns
