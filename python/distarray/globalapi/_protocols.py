"""NumPy's functions on DistArrays: those that are no ufuncs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple

from distarray.globalapi import (
    _elementwise,
    _indexing,
    _joining,
    _norms,
    _pieces,
    _printing,
    _products,
    _reduce,
    _ufuncs,
)
from distarray.globalapi._handle import Handle, common_context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["REDUCTIONS", "dispatch"]

_FUNCTIONS: dict[Any, Callable[..., Any]] = {}

#: Functions that read an array once and give something smaller.
REDUCTIONS = frozenset(
    {
        np.all,
        np.amax,
        np.amin,
        np.any,
        np.count_nonzero,
        np.max,
        np.mean,
        np.min,
        np.std,
        np.sum,
        np.var,
    }
)


def dispatch(
    handle: Handle,
    function: Any,
    types: Iterable[type],
    args: tuple[Any, ...],
    keywords: Mapping[str, Any],
) -> Any:
    """Carry out what NumPy hands over by ``__array_function__``.

    Raises
    ------
    TypeError
        When we have no such function.
    """
    if not all(issubclass(kind, Handle | np.ndarray) for kind in types):
        return NotImplemented
    if function in _CREATORS:
        # As in np.zeros(3, like=a).
        return getattr(handle.context, function.__name__)(*args, **_without_memory(keywords))
    implementation = _FUNCTIONS.get(function)
    if implementation is None:
        name = f"{function.__module__}.{function.__name__}"
        raise TypeError(
            f"{name} has no distributed form yet; pass array.toarray() to work on one NumPy array, "
            "or call it on the piece of each engine by context.apply"
        )
    return implementation(*args, **keywords)


def _implements(*functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register the distributed form of one of NumPy's functions, under all its names."""

    def register(implementation: Callable[..., Any]) -> Callable[..., Any]:
        _FUNCTIONS.update(dict.fromkeys(functions, implementation))
        return implementation

    return register


_CREATORS = frozenset(
    {
        np.arange,
        np.array,
        np.asarray,
        np.empty,
        np.eye,
        np.fromfunction,
        np.full,
        np.identity,
        np.ones,
        np.zeros,
    }
)


def _without_memory(keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Return keywords without those about memory, which is the engines' affair."""
    ignored = ("order", "subok", "device", "ndmin")
    return {name: value for name, value in keywords.items() if name not in ignored}


def _first(*items: Any) -> Any:
    return next(item for item in items if isinstance(item, Handle))


# ---- Reductions and methods --------------------------------------------------------------------


def _by_method(name: str) -> Callable[..., Any]:
    """Return a function that calls the method of the same meaning."""

    def call(a: Any, *args: Any, **keywords: Any) -> Any:
        if not isinstance(a, Handle):
            # Only `out` or `where` is a DistArray.
            a = _first(*args, *keywords.values()).context.asarray(a)
        return getattr(a, name)(*args, **keywords)

    return call


for _name in (
    "all any argmax argmin astype clip copy count_nonzero cumprod cumsum mean prod ptp std sum "
    "swapaxes squeeze transpose var"
).split():
    if (_function := getattr(np, _name, None)) is not None:
        _FUNCTIONS[_function] = _by_method(_name)
_FUNCTIONS[np.round] = _FUNCTIONS[np.around] = _by_method("round")


def _greatest_or_least(name: str) -> Callable[..., Any]:
    """Return ``max`` or ``min`` with NumPy's order of arguments, which has no dtype."""

    def call(a: Any, axis: Any = None, out: Any = None, *args: Any, **keywords: Any) -> Any:
        names = ("keepdims", "initial", "where")
        keywords.update(zip(names, args, strict=False))
        if keywords.get("keepdims") is _reduce.NO_VALUE:
            del keywords["keepdims"]
        return getattr(a, name)(axis=axis, out=out, **keywords)

    return call


_FUNCTIONS[np.max] = _FUNCTIONS[np.amax] = _greatest_or_least("max")
_FUNCTIONS[np.min] = _FUNCTIONS[np.amin] = _greatest_or_least("min")


def _cumulative(name: str) -> Callable[..., Any]:
    """Return the Array API's form of a method, which reads no more than one axis by default."""

    def call(
        x: Any,
        /,
        *,
        axis: Any = None,
        dtype: Any = None,
        out: Any = None,
        include_initial: bool = False,
    ) -> Any:
        if not isinstance(x, Handle):
            x = out.context.asarray(x)
        if include_initial:
            raise TypeError(
                "include_initial=True, whose result is longer than the array, has no distributed "
                "form yet"
            )
        if axis is None:
            if x.ndim > 1:
                raise ValueError(
                    "For arrays which have more than one dimension ``axis`` argument is required."
                )
            axis = 0
        return getattr(x, name)(axis, dtype, out)

    return call


for _name, _method in (("cumulative_sum", "cumsum"), ("cumulative_prod", "cumprod")):
    # Since NumPy 2.1.
    if (_function := getattr(np, _name, None)) is not None:
        _FUNCTIONS[_function] = _cumulative(_method)


# ---- Products and norms ------------------------------------------------------------------------

_FUNCTIONS.update({np.dot: _products.dot, np.vdot: _products.vdot, np.inner: _products.inner})
_FUNCTIONS[np.linalg.norm] = _norms.norm
if (_function := getattr(np.linalg, "vector_norm", None)) is not None:
    _FUNCTIONS[_function] = _norms.vector_norm


# ---- Facts -------------------------------------------------------------------------------------


@_implements(np.shape)
def _shape(a: Any) -> tuple[int, ...]:
    return a.shape  # type: ignore[no-any-return]


@_implements(np.ndim)
def _ndim(a: Any) -> int:
    return a.ndim  # type: ignore[no-any-return]


@_implements(np.size)
def _size(a: Any, axis: Any = None) -> int:
    if axis is None:
        return a.size  # type: ignore[no-any-return]
    size = 1
    for each in normalize_axis_tuple(axis, a.ndim):
        size *= a.shape[each]
    return size


@_implements(np.result_type)
def _result_type(*operands: Any) -> np.dtype[Any]:
    return np.result_type(*(item.dtype if isinstance(item, Handle) else item for item in operands))


@_implements(np.iscomplexobj)
def _is_complex(x: Any) -> bool:
    return x.dtype.kind == "c"  # type: ignore[no-any-return]


@_implements(np.isrealobj)
def _is_real(x: Any) -> bool:
    return x.dtype.kind != "c"  # type: ignore[no-any-return]


@_implements(np.real)
def _real(val: Any) -> Any:
    return val.real


@_implements(np.imag)
def _imag(val: Any) -> Any:
    return val.imag


# ---- New arrays and views ----------------------------------------------------------------------

for _function in (np.empty_like, np.zeros_like, np.ones_like, np.full_like):

    def _like(a: Any, *args: Any, _name: str = _function.__name__, **keywords: Any) -> Any:
        """Make an array like another one."""
        return getattr(a.context, _name)(a, *args, **_without_memory(keywords))

    _FUNCTIONS[_function] = _like


_FUNCTIONS[np.concatenate] = _joining.concatenate


@_implements(np.expand_dims)
def _expand_dims(a: Any, axis: Any) -> Any:
    axes = axis if isinstance(axis, tuple | list) else (axis,)
    ndim = a.ndim + len(axes)
    places = normalize_axis_tuple(axes, ndim)
    return a[tuple(None if place in places else slice(None) for place in range(ndim))]


@_implements(np.moveaxis)
def _moveaxis(a: Any, source: Any, destination: Any) -> Any:
    sources = normalize_axis_tuple(source, a.ndim, "source")
    places = normalize_axis_tuple(destination, a.ndim, "destination")
    if len(sources) != len(places):
        raise ValueError(
            "`source` and `destination` arguments must have the same number of elements"
        )
    order = [axis for axis in range(a.ndim) if axis not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)):
        order.insert(place, axis)
    return a.transpose(order)


@_implements(np.flip)
def _flip(m: Any, axis: Any = None) -> Any:
    axes = range(m.ndim) if axis is None else normalize_axis_tuple(axis, m.ndim)
    back = slice(None, None, -1)
    return m[tuple(back if axis in axes else slice(None) for axis in range(m.ndim))]


def _empty_like(array: Any) -> np.ndarray[Any, np.dtype[Any]]:
    dtype = array.dtype if isinstance(array, Handle) else np.asarray(array).dtype
    return np.empty((0,), dtype)


@_implements(np.copyto)
def _copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    # NumPy refuses what can't be cast: a number by its value, an array by its dtype.
    sample = src if np.ndim(src) == 0 and not isinstance(src, Handle) else _empty_like(src)
    np.copyto(np.empty((1,) if np.ndim(sample) == 0 else (0,), dst.dtype), sample, casting=casting)  # type: ignore[arg-type]
    if isinstance(dst, np.ndarray):
        np.copyto(dst, np.asarray(src), casting="unsafe", where=np.asarray(where))
    elif where is True:
        dst[...] = src
    else:
        _indexing.assign(dst, dst._array, _elementwise.where(where, src, dst))


# ---- Element by element ------------------------------------------------------------------------


@_implements(np.where)
def _where(condition: Any, *choices: Any) -> Any:
    if not choices:
        raise TypeError(
            "numpy.where with a condition alone has no distributed form yet: the number of "
            "elements that it finds is not known beforehand"
        )
    return _elementwise.where(condition, *choices)


def _piecewise(function: Any) -> Callable[..., Any]:
    """Return the distributed form of a function of single elements: NumPy's, on each piece."""

    def call(*args: Any, **keywords: Any) -> Any:
        operands = [_ufuncs.operand_of(item) for item in args]
        context = common_context(item for item in operands if isinstance(item, Handle))
        return _pieces.map_function(function, context, operands, **keywords)

    return call


for _function in (
    np.angle,
    np.fix,
    np.i0,
    np.iscomplex,
    np.isneginf,
    np.isposinf,
    np.isreal,
    np.nan_to_num,
    np.sinc,
):
    _FUNCTIONS[_function] = _piecewise(_function)


@_implements(np.isclose)
def _isclose(
    a: Any, b: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> Any:
    return _piecewise(np.isclose)(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan)


@_implements(np.allclose)
def _allclose(
    a: Any, b: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> bool:
    return bool(_isclose(a, b, rtol, atol, equal_nan).all())


@_implements(np.array_equal)
def _array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> bool:
    if np.shape(a1) != np.shape(a2):
        return False
    equal = _ufuncs.call(np.equal, (a1, a2))
    if equal_nan:
        both = _ufuncs.call(np.not_equal, (a1, a1)) & _ufuncs.call(np.not_equal, (a2, a2))
        equal = equal | both
    return bool(equal.all())


# ---- Texts -------------------------------------------------------------------------------------


@_implements(np.array_str, np.array2string)
def _text(a: Any, *args: Any, **keywords: Any) -> str:
    elements, is_summary = _printing.shown(a)
    if is_summary:
        keywords["threshold"] = 0
    return np.array2string(elements, *args, **keywords)


@_implements(np.array_repr)
def _repr(arr: Any, *args: Any, **keywords: Any) -> str:
    return repr(arr)
