"""The single IPython entry point: the client of ipyparallel's that contexts use."""

from __future__ import annotations

from typing import Any

__all__ = ["IPythonClient"]  # noqa: F822 (made when first asked for)


def __getattr__(name: str) -> Any:
    """Return ipyparallel's class `Client` under the name that it has here."""
    if name != "IPythonClient":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        from ipyparallel import Client
    except ImportError as error:
        raise ImportError(
            "clients of IPython clusters need ipyparallel, which the extra 'ipython' installs "
            "(pip install 'distarray[ipython]')"
        ) from error
    return Client
