"""The core's operations, by their names and by NumPy's ufuncs."""

from __future__ import annotations

import sys

import numpy as np

from distarray import _core

__all__ = ["NAMED", "OPERATIONS", "operation_of"]

#: The operations by name.
NAMED: dict[str, _core.Op] = {operation.name: operation for operation in _core.operations()}

#: The operation for each of NumPy's ufuncs that the core has.
OPERATIONS: dict[np.ufunc, _core.Op] = {
    ufunc: operation
    for name, operation in NAMED.items()
    if isinstance(ufunc := getattr(np, name, None), np.ufunc)
}

# Those that the core has of SciPy's ufuncs.
_SCIPYS = frozenset({"erf"})


def operation_of(ufunc: np.ufunc) -> _core.Op | None:
    """Return the core's operation for one of NumPy's ufuncs, or of SciPy's; None if it has none.

    SciPy is not imported for that: whoever has one of its ufuncs has imported it.
    """
    operation = OPERATIONS.get(ufunc)
    if operation is None and ufunc.__name__ in _SCIPYS:
        special = sys.modules.get("scipy.special")
        if getattr(special, ufunc.__name__, None) is ufunc:
            operation = OPERATIONS[ufunc] = NAMED[ufunc.__name__]
    return operation
