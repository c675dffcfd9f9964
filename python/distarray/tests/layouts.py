"""What tests of distributions share: a context without engines, and an oracle in NumPy."""

import numpy as np

from distarray.globalapi.maps import Distribution

ENGINE_COUNTS = (1, 2, 3, 4, 7)
DISTS = ("n", "b", "c", "u", "nb", "bn", "bb", "bc", "cb", "cc", "ub", "nc", "uu")


class FakeContext:
    """A context that has targets, and only says which communicators it was asked for."""

    def __init__(self, targets):
        self.targets = list(range(targets)) if isinstance(targets, int) else sorted(targets)
        self.nengines = len(self.targets)

    def make_subcomm(self, targets):
        return ("comm", tuple(targets))


def indices_of(dim_dict):
    """Return the global indices that a dimension dictionary describes, slowly."""
    kind, size = dim_dict["dist_type"], dim_dict["size"]
    if kind == "n":
        return np.arange(size)
    if kind == "b":
        return np.arange(dim_dict["start"], dim_dict["stop"])
    if kind == "u":
        return np.asarray(dim_dict["indices"])
    every = np.arange(size)
    turns = every // dim_dict.get("block_size", 1) % dim_dict["proc_grid_size"]
    return every[turns == dim_dict["proc_grid_rank"]]


def pieces(distribution):
    """Return for each target the flat global indices of its piece, in its shape."""
    whole = np.arange(distribution.global_size).reshape(distribution.shape)
    return {
        target: whole[np.ix_(*map(indices_of, dim_data))]
        for target, dim_data in zip(
            distribution.targets, distribution.get_dim_data_per_rank(), strict=True
        )
    }


def some_distributions(context, shape=(7, 6)):
    """Go through distributions of every kind of a 2-D shape."""
    for dist in DISTS:
        yield Distribution(context, shape, dist)
    rows, columns = shape
    shuffled = np.random.RandomState(0).permutation(columns)
    yield Distribution.from_global_dim_data(
        context, ({"dist_type": "n", "size": rows}, {"dist_type": "u", "indices": [shuffled]})
    )
    if context.nengines < 4:
        return
    irregular = {"dist_type": "b", "bounds": [0, 0, 5, rows], "comm_padding": 1}
    yield Distribution.from_global_dim_data(
        context, (irregular, {"dist_type": "n", "size": columns})
    )
    dealt = {"dist_type": "c", "size": rows, "proc_grid_size": 2, "block_size": 2}
    pieces = {"dist_type": "u", "indices": [shuffled[:4], shuffled[4:]]}
    yield Distribution.from_global_dim_data(context, (dealt, pieces))
