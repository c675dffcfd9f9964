"""Reductions of a matrix by numba: each thread takes rows, and their results are combined."""

import functools
from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba import prange

from benchmarks.workloads.workload import Array

compiled = numba.njit(parallel=True, fastmath=True)


@compiled
def sum_all(a: Array) -> float:
    """Sum all."""
    total = 0.0
    for i in prange(a.shape[0]):
        for j in range(a.shape[1]):
            total += a[i, j]
    return total


@compiled
def squares_all(a: Array, mean: float) -> float:
    """Sum the squared differences from a mean."""
    total = 0.0
    for i in prange(a.shape[0]):
        for j in range(a.shape[1]):
            total += (a[i, j] - mean) ** 2
    return total


@compiled
def sum_rows(a: Array) -> Array:
    """Sum along the first axis, a partial sum for each thread."""
    parts = numba.get_num_threads()
    sums = np.zeros((parts, a.shape[1]))
    for part in prange(parts):
        for i in range(len(a) * part // parts, len(a) * (part + 1) // parts):
            for j in range(a.shape[1]):
                sums[part, j] += a[i, j]
    return sums.sum(axis=0)


@compiled
def squares_rows(a: Array, mean: Array) -> Array:
    """Sum squared differences along the first axis."""
    parts = numba.get_num_threads()
    sums = np.zeros((parts, a.shape[1]))
    for part in prange(parts):
        for i in range(len(a) * part // parts, len(a) * (part + 1) // parts):
            for j in range(a.shape[1]):
                sums[part, j] += (a[i, j] - mean[j]) ** 2
    return sums.sum(axis=0)


@compiled
def sum_columns(a: Array) -> Array:
    """Sum along the last axis."""
    out = np.empty(len(a))
    for i in prange(len(a)):
        total = 0.0
        for j in range(a.shape[1]):
            total += a[i, j]
        out[i] = total
    return out


@compiled
def var_columns(a: Array) -> Array:
    """Return variances along the last axis: a row stays in the cache for its second pass."""
    out = np.empty(len(a))
    for i in prange(len(a)):
        total = 0.0
        for j in range(a.shape[1]):
            total += a[i, j]
        mean = total / a.shape[1]
        total = 0.0
        for j in range(a.shape[1]):
            total += (a[i, j] - mean) ** 2
        out[i] = total / a.shape[1]
    return out


@compiled
def max_columns(a: Array) -> Array:
    """Find the greatest along the last axis."""
    out = np.empty(len(a))
    for i in prange(len(a)):
        greatest = a[i, 0]
        for j in range(1, a.shape[1]):
            greatest = max(greatest, a[i, j])
        out[i] = greatest
    return out


@compiled
def max_rows(a: Array) -> Array:
    """Find the greatest along the first axis."""
    parts = numba.get_num_threads()
    found = np.full((parts, a.shape[1]), a[0, 0])
    for part in prange(parts):
        start = len(a) * part // parts
        found[part] = a[start]
        for i in range(start, len(a) * (part + 1) // parts):
            for j in range(a.shape[1]):
                found[part, j] = max(found[part, j], a[i, j])
    out = found[0].copy()
    for part in range(1, parts):
        for j in range(a.shape[1]):
            out[j] = max(out[j], found[part, j])
    return out


@compiled
def argmax_columns(a: Array) -> Array:
    """Find where the greatest is along the last axis."""
    out = np.empty(len(a), dtype=np.int64)
    for i in prange(len(a)):
        place = 0
        for j in range(1, a.shape[1]):
            if a[i, j] > a[i, place]:
                place = j
        out[i] = place
    return out


@compiled
def argmax_rows(a: Array) -> Array:
    """Find where the greatest is along the first axis; columns are cut for the threads."""
    parts = numba.get_num_threads()
    width = a.shape[1]
    places = np.zeros(width, dtype=np.int64)
    found = a[0].copy()
    for part in prange(parts):
        for i in range(1, len(a)):
            for j in range(width * part // parts, width * (part + 1) // parts):
                if a[i, j] > found[j]:
                    found[j], places[j] = a[i, j], i
    return places


def var_all(a: Array) -> float:
    """Return the variance of all."""
    return squares_all(a, sum_all(a) / a.size) / a.size


def var_rows(a: Array) -> Array:
    """Return variances along the first axis."""
    return squares_rows(a, sum_rows(a) / len(a)) / len(a)


def argmax_all(a: Array) -> int:
    """Find where the greatest of all is, by rows."""
    places = argmax_columns(a)
    row = int(a[np.arange(len(a)), places].argmax())
    return row * a.shape[1] + int(places[row])


VARIANCES = {None: var_all, 0: var_rows, 1: var_columns}


@functools.cache
def reduction(operation: str, axis: int | None) -> Callable[[Array], Any]:
    """Return the function for an operation."""
    sums = {None: sum_all, 0: sum_rows, 1: sum_columns}[axis]
    variance = VARIANCES[axis]
    match operation:
        case "sum":
            return sums
        case "mean":
            return lambda a: sums(a) / (a.size if axis is None else a.shape[axis])
        case "var":
            return variance
        case "std":
            return lambda a: np.sqrt(variance(a))
        case "max":
            return {None: lambda a: max_columns(a).max(), 0: max_rows, 1: max_columns}[axis]
        case "argmax":
            return {None: argmax_all, 0: argmax_rows, 1: argmax_columns}[axis]
    raise ValueError(operation)
