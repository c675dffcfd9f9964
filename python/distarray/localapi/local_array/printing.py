"""How local arrays are printed: as NumPy prints arrays."""

from typing import Any

import numpy as np


def set_printoptions(
    precision: int | None = None,
    threshold: int | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    suppress: bool | None = None,
) -> None:
    """Set how elements are printed; what is None stays as it is.

    These are NumPy's own options: see `numpy.set_printoptions`.
    """
    np.set_printoptions(precision, threshold, edgeitems, linewidth, suppress)


def get_printoptions() -> dict[str, Any]:
    """Return how elements are printed: see `numpy.get_printoptions`."""
    return dict(np.get_printoptions())
