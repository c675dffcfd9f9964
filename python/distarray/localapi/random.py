"""Random numbers for local arrays.

Each function gives a NumPy array or number without a distribution, and a LocalArray with one.
The numbers are those of `numpy.random`, so that they follow `numpy.random.seed`; call `label_state`
on every engine to get different ones on each.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from distarray.localapi import engine
from distarray.localapi.localarray import LocalArray
from distarray.localapi.maps import Distribution
from distarray.localapi.messaging.intracomm import Intracomm


def _source() -> Any:
    """Return what draws numbers on this engine."""
    own = engine.current().random if engine.is_engine() else None
    return np.random if own is None else own


def _drawn(draw: Callable[..., Any], distribution: Distribution | None) -> Any:
    if distribution is None:
        return draw(size=None)
    return LocalArray(distribution, buf=draw(size=tuple(distribution.local_shape)))


def label_state(comm: Any) -> None:
    """Make the random numbers of this engine differ from those of the others.

    They follow from the state of `numpy.random` and the rank, so that seeding every engine alike
    and then calling this gives the same numbers again.

    Parameters
    ----------
    comm : communicator
        Its rank tells the engines apart.
    """
    state: Any = np.random.get_state(legacy=False)
    words = [*state["state"]["key"], state["state"]["pos"], comm.Get_rank()]
    labelled = np.random.RandomState(np.random.MT19937(np.random.SeedSequence(words)))
    if isinstance(comm, Intracomm):
        # Engines that are threads share NumPy's own state.
        engine.current().random = labelled
    else:
        np.random.set_state(labelled.get_state(legacy=False))


def beta(a: float, b: float, distribution: Distribution | None = None) -> Any:
    """Return random numbers from the beta distribution.

    Parameters
    ----------
    a, b : float
        Its parameters.
    distribution : distarray.localapi.maps.Distribution, optional
        That of the array to return; a number by default.
    """
    return _drawn(lambda size: _source().beta(a, b, size=size), distribution)


def normal(loc: float = 0.0, scale: float = 1.0, distribution: Distribution | None = None) -> Any:
    """Return random numbers from a normal distribution.

    Parameters
    ----------
    loc : float
        The mean.
    scale : float
        The standard deviation.
    distribution : distarray.localapi.maps.Distribution, optional
        That of the array to return; a number by default.
    """
    return _drawn(lambda size: _source().normal(loc, scale, size=size), distribution)


def rand(distribution: Distribution | None = None) -> Any:
    """Return random numbers from the interval [0, 1).

    Parameters
    ----------
    distribution : distarray.localapi.maps.Distribution, optional
        That of the array to return; a number by default.
    """
    return _drawn(lambda size: _source().random_sample(size=size), distribution)


def randint(low: int, high: int | None = None, distribution: Distribution | None = None) -> Any:
    """Return random integers from low (inclusive) to high (exclusive).

    Parameters
    ----------
    low : int
        The least integer; or, without `high`, one more than the greatest.
    high : int, optional
        One more than the greatest integer.
    distribution : distarray.localapi.maps.Distribution, optional
        That of the array to return; a number by default.
    """
    return _drawn(lambda size: _source().randint(low, high, size=size), distribution)


def randn(distribution: Distribution | None = None) -> Any:
    """Return random numbers from the standard normal distribution.

    Parameters
    ----------
    distribution : distarray.localapi.maps.Distribution, optional
        That of the array to return; a number by default.
    """
    return _drawn(lambda size: _source().standard_normal(size=size), distribution)
