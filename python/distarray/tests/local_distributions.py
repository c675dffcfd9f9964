"""Distributions of every kind, as one engine sees them, for tests."""

from itertools import product

import numpy as np

from distarray.localapi.maps import Distribution

KINDS = ["n", "b", "c", "bc", "u", "irregular"]


def dim_dict(kind, size, grid_size, place):
    """Return a dimension dictionary of a kind."""
    common = {
        "dist_type": kind,
        "size": size,
        "proc_grid_size": grid_size,
        "proc_grid_rank": place,
    }
    if kind == "n":
        assert grid_size == 1
        return common
    if kind == "b":
        each = -(-size // grid_size)
        return common | {"start": min(place * each, size), "stop": min((place + 1) * each, size)}
    if kind == "irregular":
        bounds = [0, *sorted((7 * i * i) % (size + 1) for i in range(1, grid_size)), size]
        return common | {"dist_type": "b", "start": bounds[place], "stop": bounds[place + 1]}
    if kind == "c":
        return common | {"start": place}
    if kind == "bc":
        return common | {"dist_type": "c", "start": 2 * place, "block_size": 2}
    order = np.random.RandomState(size).permutation(size)
    bounds = [size * i // grid_size for i in range(grid_size + 1)]
    return common | {"indices": order[bounds[place] : bounds[place + 1]]}


def grids(kinds, size):
    """Return the process grids of `size` engines that fit some kinds of axes."""
    shapes = product(*((1,) if kind == "n" else range(1, size + 1) for kind in kinds))
    return [shape for shape in shapes if int(np.prod(shape, dtype=int)) == size]


def distribution(comm, shape, kinds, grid):
    """Make a distribution of an array over all engines of a communicator."""
    places = np.unravel_index(comm.rank, grid) if grid else ()
    return Distribution(
        comm,
        [dim_dict(*axis) for axis in zip(kinds, shape, grid, map(int, places), strict=True)],
    )


def local_indices(dist):
    """Return, for each axis, which global indices are here."""
    return [np.array(list(axis.global_iter), int) for axis in dist]


def part(whole, dist):
    """Return what an engine holds of an array."""
    return whole[np.ix_(*local_indices(dist))] if whole.ndim else whole


#: Shapes, kinds of axes and sizes of groups.
CASES = [
    (shape, kinds, size)
    for shape, kinds in [
        ((), ()),
        ((10,), ("b",)),
        ((10,), ("c",)),
        ((11,), ("bc",)),
        ((9,), ("u",)),
        ((9,), ("irregular",)),
        ((3,), ("b",)),
        ((0,), ("c",)),
        ((6, 5), ("b", "n")),
        ((6, 5), ("n", "c")),
        ((6, 7), ("b", "c")),
        ((7, 6), ("bc", "u")),
        ((4, 3, 5), ("u", "n", "irregular")),
    ]
    for size in (1, 2, 3, 4, 7)
    if shape or size == 1
]
