"""Python literals, read on several threads at once."""

import ast
from threading import Lock
from typing import Any

__all__ = ["literal"]

# Up to 3.11.7, CPython counts in one place for all threads how deep it is in a tree of syntax, and
# fails when they meet there (github.com/python/cpython/issues/106905).
_LOCK = Lock()


def literal(text: str) -> Any:
    """Return the value of a Python literal.

    Parameters
    ----------
    text : str
        Numbers, strings, tuples, lists, dictionaries, sets, booleans and None.

    Returns
    -------
    object
        What the text stands for.

    Raises
    ------
    ValueError, SyntaxError, MemoryError, RecursionError
        If the text is something else, as :func:`ast.literal_eval`.

    Examples
    --------
    >>> literal("{'shape': (2, 3)}")
    {'shape': (2, 3)}
    """
    with _LOCK:
        return ast.literal_eval(text)
