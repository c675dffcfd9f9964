"""NumPy's dtypes as text, for those that the core only moves about.

The core computes with booleans, integers, floats and complex numbers of the machine's byte order.
Of any other dtype it knows the size of an item and a text that NumPy can make the dtype from again.
"""

from functools import lru_cache
from typing import Any

import numpy as np

from distarray._literals import literal

__all__ = ["describe", "restore"]


def describe(dtype: np.dtype[Any]) -> str:
    """Return a text from which :func:`restore` makes an equal dtype.

    Parameters
    ----------
    dtype : dtype
        Any dtype without Python objects.

    Returns
    -------
    str
        A Python literal.

    Examples
    --------
    >>> describe(np.dtype(">f8"))
    "'>f8'"
    >>> describe(np.dtype([("when", "M8[s]"), ("where", "f4", (3,))]))
    "[('when', '<M8[s]'), ('where', '<f4', (3,))]"
    """
    text = repr(_literal(dtype))
    if restore(text) != dtype:
        raise TypeError(f"dtype {dtype!r} is not supported")
    return text


@lru_cache(maxsize=1024)
def restore(text: str) -> np.dtype[Any]:
    """Return the dtype that a text of :func:`describe` stands for.

    Parameters
    ----------
    text : str
        What :func:`describe` returned.

    Returns
    -------
    dtype
        The dtype.

    Examples
    --------
    >>> restore("'>f8'")
    dtype('>f8')
    """
    return _from_literal(literal(text))


def _literal(dtype: np.dtype[Any]) -> Any:
    """Return a literal for a dtype: a string, a list of fields, or a dictionary."""
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return (_literal(base), shape)
    if dtype.fields is None:
        # A void of no name and others alike: the array protocol's text has it all.
        return dtype.str
    fields = [(name, *dtype.fields[name]) for name in dtype.names or ()]
    if not dtype.isalignedstruct and all(len(field) == 3 for field in fields):
        packed = [_field(name, field) for name, field, _ in fields]
        if _from_literal(packed) == dtype:
            return packed
    return {
        "names": [name for name, *_ in fields],
        "formats": [_literal(field[1]) for field in fields],
        "offsets": [field[2] for field in fields],
        "titles": [field[3] if len(field) > 3 else None for field in fields],
        "itemsize": dtype.itemsize,
        "aligned": dtype.isalignedstruct,
    }


def _field(name: str, dtype: np.dtype[Any]) -> tuple[Any, ...]:
    """Return a field as NumPy lists them, the shape of a subarray beside its dtype."""
    if dtype.subdtype is None:
        return (name, _literal(dtype))
    base, shape = dtype.subdtype
    return (name, _literal(base), shape)


def _from_literal(literal: Any) -> np.dtype[Any]:
    if isinstance(literal, str):
        return np.dtype(literal)
    if isinstance(literal, tuple):
        base, shape = literal
        return np.dtype((_from_literal(base), shape))
    if isinstance(literal, list):
        if any(field[0] == "" for field in literal):
            # So headers of npy files say that there is something between the fields.
            padded: np.dtype[Any] = np.lib.format.descr_to_dtype(literal)
            return padded
        fields = [(name, _from_literal(field), *shape) for name, field, *shape in literal]
        return np.dtype(fields)
    formats = [_from_literal(field) for field in literal["formats"]]
    description: Any = {**literal, "formats": formats}
    is_aligned = bool(description.pop("aligned"))
    dtype: np.dtype[Any] = np.dtype(description, align=is_aligned)
    return dtype
