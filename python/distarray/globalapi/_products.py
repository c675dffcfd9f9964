"""Dot products of vectors, by NumPy's rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from distarray.globalapi._handle import Handle, common_context
from distarray.globalapi._resolution import is_native

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Products", "by_rows", "dot", "inner", "vdot"]

_matmul: Any = np.matmul


class Products(Handle):
    """Dot products as methods and operators of DistArrays."""

    __slots__ = ()

    def dot(self, b: Any, out: Any = None) -> Any:
        """Return the dot product with another vector.

        Products of floats and complex numbers are summed exactly, and the sum is rounded once: it
        has the same bits for any engines and distributions.

        Parameters
        ----------
        b : array_like
            As many elements. With an array that has no axes it is the product of all elements.
        out : DistArray or ndarray, optional
            Where the result goes; of its dtype and shape.

        Returns
        -------
        DistArray
            Without axes; it serves as a number.

        Raises
        ------
        TypeError
            For matrices, whose products have no distributed form yet.

        Examples
        --------
        >>> import distarray as da
        >>> context = da.Context(nengines=2)
        >>> a = context.fromarray([1e200, 3.0, 1e200])
        >>> float(a.dot([1e200, 0.5, -1e200]))
        1.5
        >>> context.close()
        """
        return dot(self, b, out)

    def __matmul__(self, other: Any) -> Any:
        return _matmul(self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return _matmul(other, self)


def dot(a: Any, b: Any, out: Any = None) -> Any:
    """Carry out ``numpy.dot`` for vectors and single elements."""
    a, b = _arrays(a, b, out)
    if a.ndim == 0 or b.ndim == 0:
        return _put(np.multiply(a, b), out)
    _refuse_matrices("dot", a, b)
    _check_lengths(a, b)
    return _put(_dot(a, b), out)


def inner(a: Any, b: Any, /) -> Any:
    """Carry out ``numpy.inner`` for vectors and single elements."""
    return dot(a, b)


def vdot(a: Any, b: Any, /) -> Any:
    """Carry out ``numpy.vdot``: of all elements, those of the first array conjugated."""
    a, b = _arrays(a, b)
    if a.size != b.size:
        raise ValueError(f"cannot reshape array of size {a.size} into shape ({b.size},)")
    if a.shape != b.shape and _without_ones(a.shape) == _without_ones(b.shape):
        a, b = a.squeeze(), b.squeeze()
    if a.shape != b.shape:
        raise TypeError(
            f"numpy.vdot of shapes {a.shape} and {b.shape} has no distributed form yet; give both "
            "arrays one shape"
        )
    return _dot(a, b, is_conjugated=True)


def by_rows(ufunc: np.ufunc, inputs: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
    """Carry out ``numpy.matmul`` or ``numpy.vecdot``, if it is of vectors.

    Raises
    ------
    TypeError
        For other ufuncs of whole rows, and other arrays.
    """
    (out,) = keywords.get("out", (None,))
    is_of_pairs = ufunc is _matmul or ufunc.__name__ == "vecdot"
    is_plain = all(name == "out" for name in keywords)
    if is_of_pairs and is_plain and all(np.ndim(item) == 1 for item in inputs):
        a, b = _arrays(inputs[0], inputs[1], out)
        if a.size != b.size:
            raise ValueError(
                f"{ufunc.__name__}: Input operand 1 has a mismatch in its core dimension 0, with "
                f"gufunc signature {ufunc.signature} (size {b.size} is different from {a.size})"
            )
        return _put(_dot(a, b, is_conjugated=ufunc is not _matmul), out)
    raise TypeError(
        f"numpy.{ufunc.__name__} works on whole rows, not element by element, and has no "
        "distributed form yet"
    )


def _arrays(a: Any, b: Any, out: Any = None) -> tuple[Any, Any]:
    """Return both operands as DistArrays, those that are none where the others are."""
    handles = [item for item in (a, b, out) if isinstance(item, Handle)]
    context = common_context(handles)
    if not isinstance(a, Handle):
        a = context.asarray(np.asarray(a))
    if not isinstance(b, Handle):
        b = context.asarray(np.asarray(b))
    return a, b


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(length for length in shape if length != 1)


def _refuse_matrices(name: str, a: Any, b: Any) -> None:
    if a.ndim > 1 or b.ndim > 1:
        raise TypeError(
            f"numpy.{name} of shapes {a.shape} and {b.shape}, a product of matrices, has no "
            "distributed form yet"
        )


def _check_lengths(a: Any, b: Any) -> None:
    if a.shape != b.shape:
        raise ValueError(
            f"shapes {_text(a.shape)} and {_text(b.shape)} not aligned: {a.size} (dim 0) != "
            f"{b.size} (dim 0)"
        )


def _text(shape: tuple[int, ...]) -> str:
    return str(shape).replace(", ", ",")


def _dot(a: Any, b: Any, is_conjugated: bool = False) -> Any:
    """Return the sum of the products of the elements of two arrays of one shape."""
    dtype = np.result_type(a.dtype, b.dtype)
    if dtype.kind == "b":
        return np.logical_and(a, b).any()
    if dtype.kind in "fc" and is_native([a.dtype, b.dtype, dtype]):
        a, b = a.astype(dtype, copy=False), b.astype(dtype, copy=False)
        is_conjugated = is_conjugated and dtype.kind == "c"
        result = a._array.dot(b._array, is_conjugated, a.context._communication)
        return a._sibling(result)
    if is_conjugated:
        a = np.conjugate(a)
    return np.multiply(a, b, dtype=dtype).sum(dtype=dtype)


def _put(result: Any, out: Any) -> Any:
    """Return a result where it is wanted, as strictly as NumPy."""
    if out is None:
        return result
    if not isinstance(out, Handle | np.ndarray):
        raise TypeError("return arrays must be of ArrayType")
    if out.dtype != result.dtype or out.shape != result.shape:
        raise ValueError(
            "output array is not acceptable (must have the right datatype, number of dimensions, "
            "and be a C-Array)"
        )
    out[...] = result if isinstance(out, Handle) else result.toarray()  # type: ignore[index]
    return out
