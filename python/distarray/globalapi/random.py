"""Random numbers that are the same for any engines and any distribution.

Each element is computed from a key and from its global index, by a generator that needs no other
state (Threefry): which engine computes it, and after which others, does not matter.
"""

from __future__ import annotations

import itertools
import operator
from typing import TYPE_CHECKING, Any

import numpy as np

from distarray import _core
from distarray.globalapi.maps import asdistribution

if TYPE_CHECKING:
    from collections.abc import Sequence

    from distarray.globalapi.context import BaseContext
    from distarray.globalapi.distarray import DistArray

__all__ = ["Random"]

_WORD = 2**64


class Random:
    """Draws arrays of random numbers, as ``numpy.random``.

    Parameters
    ----------
    context : Context
        Whose engines the arrays live on.

    Examples
    --------
    The same seed gives the same numbers, however the array is distributed.

    >>> import distarray as da
    >>> context = da.Context(nengines=3)
    >>> random = Random(context)
    >>> random.seed(1)
    >>> blocks = random.rand((5, 5))
    >>> random.seed(1)
    >>> cyclic = random.rand(da.Distribution(context, (5, 5), dist="nc"))
    >>> bool((blocks == cyclic).all())
    True
    >>> context.close()
    """

    def __init__(self, context: BaseContext) -> None:
        self.context = context
        self.seed()

    def seed(self, seed: int | Sequence[int] | None = None) -> None:
        """Start the sequence of arrays anew.

        Parameters
        ----------
        seed : None, int or sequence of int
            The same seed gives the same arrays; None gives arrays that nobody can foresee.
        """
        if seed is None:
            # The same one in all processes that run the program.
            seed = self.context._once(lambda: np.random.SeedSequence().entropy)
        first, second = np.random.SeedSequence(seed).generate_state(2, np.uint64)
        self._key = int(first), int(second)
        self._drawn = itertools.count(1)

    def _next_key(self) -> list[int]:
        """Return the key of the next array."""
        return [self._key[0], (self._key[1] + next(self._drawn)) % _WORD]

    def _draw(self, shape_or_dist: Any, dtype: Any, kind: str, parameters: Any) -> DistArray:
        from distarray.globalapi.distarray import DistArray

        layout = asdistribution(self.context, shape_or_dist)
        core = _core.Array.random(
            layout.context._engines,
            layout._core,
            np.dtype(dtype),
            kind,
            self._next_key(),
            parameters,
            deferred=layout.context._deferred,
        )
        return DistArray._wrap(layout.context, core, layout)

    def rand(self, shape_or_dist: Any = ()) -> DistArray:
        """Return random numbers from the uniform distribution over [0, 1).

        Parameters
        ----------
        shape_or_dist : int, tuple of int or Distribution
            The shape of the array, or where it lives.

        Returns
        -------
        DistArray
            Of ``float64``.
        """
        return self._draw(shape_or_dist, np.float64, "uniform", ())

    def normal(self, shape_or_dist: Any = (), loc: float = 0.0, scale: float = 1.0) -> DistArray:
        """Return random numbers from a normal (Gaussian) distribution.

        Parameters
        ----------
        shape_or_dist : int, tuple of int or Distribution
            The shape of the array, or where it lives.
        loc : float, optional
            The mean.
        scale : float, optional
            The standard deviation; not negative.

        Returns
        -------
        DistArray
            Of ``float64``.

        Examples
        --------
        >>> import distarray as da
        >>> context = da.Context(nengines=2)
        >>> a = Random(context).normal((100_000,), loc=5, scale=2)
        >>> abs(float(a.mean()) - 5) < 0.1, abs(float(a.std()) - 2) < 0.1
        (True, True)
        >>> context.close()
        """
        if not scale >= 0:
            raise ValueError("scale < 0")
        return self._draw(shape_or_dist, np.float64, "normal", (float(loc), float(scale)))

    def randn(self, shape_or_dist: Any = ()) -> DistArray:
        """Return random numbers from the standard normal distribution; see :meth:`normal`."""
        return self.normal(shape_or_dist)

    def randint(
        self, shape_or_dist: Any, low: int, high: int | None = None, dtype: Any = np.int64
    ) -> DistArray:
        """Return random integers from `low` (inclusive) to `high` (exclusive).

        Parameters
        ----------
        shape_or_dist : int, tuple of int or Distribution
            The shape of the array, or where it lives.
        low : int
            The least integer; with `high` left out, 0 is the least and this one ends the interval.
        high : int, optional
            One more than the greatest integer.
        dtype : dtype, optional
            Of integers; all of the interval must fit.

        Returns
        -------
        DistArray
            Of integers.
        """
        low, high = (0, low) if high is None else (low, high)
        low, high = operator.index(low), operator.index(high)
        dtype = np.dtype(dtype)
        if dtype.kind not in "iu":
            raise TypeError(f"Unsupported dtype {dtype} for randint")
        bounds = np.iinfo(np.int64 if dtype == np.uint64 else dtype)
        if low < bounds.min:
            raise ValueError(f"low is out of bounds for {dtype}")
        if high > bounds.max + 1:
            raise ValueError(f"high is out of bounds for {dtype}")
        if low >= high:
            raise ValueError("low >= high")
        return self._draw(shape_or_dist, dtype, "integers", (low, high))
