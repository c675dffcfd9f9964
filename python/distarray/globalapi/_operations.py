"""The core's operations, by their names and by NumPy's ufuncs."""

from __future__ import annotations

import numpy as np

from distarray import _core

__all__ = ["NAMED", "OPERATIONS"]

#: The operations by name.
NAMED: dict[str, _core.Op] = {operation.name: operation for operation in _core.operations()}

#: The operation for each of NumPy's ufuncs that the core has.
OPERATIONS: dict[np.ufunc, _core.Op] = {
    ufunc: operation
    for name, operation in NAMED.items()
    if isinstance(ufunc := getattr(np, name, None), np.ufunc)
}
