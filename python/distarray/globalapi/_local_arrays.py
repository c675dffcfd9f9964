"""Distributed arrays and the LocalArrays that they consist of: from each to the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from distarray import _core
from distarray.error import DistributionError
from distarray.globalapi import _pool
from distarray.globalapi._call import AsKept, Kept, as_copy
from distarray.globalapi._crossing import detached
from distarray.globalapi._proxies import ArrayProxy
from distarray.globalapi.maps import Distribution
from distarray.localapi.local_array.array import LocalArray
from distarray.localapi.proxyize import Proxy

if TYPE_CHECKING:
    import numpy.typing as npt

    from distarray.globalapi._handle import Handle
    from distarray.globalapi.context import BaseContext
    from distarray.globalapi.distarray import DistArray


def key_of(array: Handle) -> Proxy:
    """Return the name of an array's LocalArrays on the engines."""
    return ArrayProxy(array)


def get_localarrays(array: Handle) -> list[LocalArray]:
    """Return a copy of each engine's LocalArray, by rank."""
    results: list[LocalArray] = array.context._run(
        _itself, (array,), {}, list(array._array.distribution.targets), as_copy
    )
    return results


def get_ndarrays(array: Handle) -> list[npt.NDArray[Any]]:
    """Return a copy of each engine's part of an array, by rank."""
    return [local.ndarray for local in get_localarrays(array)]


def from_localarrays(
    key: Proxy | str,
    context: BaseContext | None = None,
    targets: Sequence[int] | None = None,
    distribution: Distribution | None = None,
    dtype: npt.DTypeLike | None = None,
) -> DistArray:
    """Make a distributed array of LocalArrays that are on the engines; they share memory.

    Parameters
    ----------
    key : Proxy or str
        The name of the LocalArrays on the engines.
    context : Context, optional
        Where they are. The distribution is found out from them.
    targets : sequence of int, optional
        The engines that have one; by default, all of the context.
    distribution : Distribution, optional
        How they make up the array. Either this or a context has to be given.
    dtype : dtype, optional
        The dtype that they have.

    Raises
    ------
    RuntimeError
        If neither a context nor a distribution is given, or both are.
    ValueError
        If the LocalArrays don't fit each other, or not what is said about them.
    """
    if (context is None) == (distribution is None):
        raise RuntimeError("either a context or a distribution has to be given, and not both")
    if distribution is not None:
        found: BaseContext = distribution.context
        engines = list(distribution.targets)
    else:
        assert context is not None
        found = context
        engines = found._chosen(targets)
    with returned(found, engines) as name:
        results = found._run(_itself, (found._named(key),), {}, engines, AsKept(name))
        array = join(found, name, engines, results, distribution)
    if dtype is not None and np.dtype(dtype) != array.dtype:
        raise ValueError(f"the LocalArrays have dtype {array.dtype}, not {np.dtype(dtype)}")
    return array


@contextmanager
def returned(context: BaseContext, targets: Sequence[int]) -> Iterator[int]:
    """Give a name for LocalArrays that functions return; it means nothing after the body."""
    engines = context._engines
    name = engines.new_array_id()
    try:
        yield name
    except BaseException:
        context._call(sorted(targets), _Drop(name))
        engines.free(name, sorted(targets))
        raise


def fetch(context: BaseContext, name: int, targets: Sequence[int]) -> list[Any]:
    """Return copies of the LocalArrays that engines have returned, None for those with none."""
    copies = dict(zip(sorted(targets), context._call(sorted(targets), _Fetch(name)), strict=True))
    return [copies[target] for target in targets]


def join(
    context: BaseContext,
    name: int,
    targets: Sequence[int],
    results: Sequence[Any],
    distribution: Distribution | None = None,
) -> DistArray:
    """Make a distributed array of a LocalArray that each of the engines `targets` keeps.

    Parameters
    ----------
    context : Context
        Where the engines are.
    name : int
        The name under which they keep it; it becomes that of the array.
    targets : sequence of int
        The engines.
    results : sequence of Kept
        What is known of the LocalArray of each.
    distribution : Distribution, optional
        How they make up the array.

    Raises
    ------
    TypeError
        If something else is among them.
    ValueError
        If they don't fit each other, or the distribution.
    """
    from distarray.globalapi.distarray import DistArray

    for target, local in zip(targets, results, strict=True):
        if not isinstance(local, Kept):
            raise TypeError(f"engine {target} has a {type(local).__name__}, and no LocalArray")
    dtypes = {local.dtype for local in results}
    if len(dtypes) > 1:
        each = ", ".join(
            f"{local.dtype} on engine {target}"
            for target, local in zip(targets, results, strict=True)
        )
        raise ValueError(f"the LocalArrays have different dtypes: {each}")
    core = _common_core(results, targets) if distribution is None else distribution._core
    context._call(sorted(targets), _Place(name, core))
    array = _core.Array.adopt(context._engines, name, core, dtypes.pop())
    # The pieces are the caller's own memory.
    array.expose()
    return DistArray._wrap(context, array)


def _common_core(local_arrays: Sequence[Kept], targets: Sequence[int]) -> _core.Distribution:
    """Return the distribution of the array that LocalArrays make up."""
    ranks = [local.rank for local in local_arrays]
    if sorted(ranks) != list(range(len(ranks))):
        raise DistributionError(
            f"the LocalArrays of engines {list(targets)} are of ranks {ranks} in their "
            f"communicators: they don't make up an array"
        )
    core = local_arrays[0].core
    if (
        core is not None
        and all(local.core == core for local in local_arrays)
        and [core.targets[rank] for rank in ranks] == list(targets)
    ):
        return core
    by_rank = sorted(range(len(ranks)), key=ranks.__getitem__)
    layout = _core.Distribution.from_dim_data_per_rank(
        [list(local_arrays[place].dim_data or ()) for place in by_rank], list(targets)
    )
    return layout.with_targets([targets[place] for place in by_rank])


class _Drop:
    """Has an engine let go of the LocalArray that it returned under a name."""

    def __init__(self, name: int) -> None:
        self.name = name

    def __call__(self, engine: _core.Engine) -> Any:
        self.pop(engine)
        return None

    def pop(self, engine: _core.Engine) -> Any:
        return _pool.space_of(engine).returned.pop(self.name, None)


class _Fetch(_Drop):
    """The same, and sends the client a copy."""

    def __call__(self, engine: _core.Engine) -> Any:
        return detached(self.pop(engine))


class _Place(_Drop):
    """Makes the LocalArray that an engine returned its piece of an array of that name."""

    def __init__(self, name: int, core: _core.Distribution) -> None:
        super().__init__(name)
        self.core = core

    def __call__(self, engine: _core.Engine) -> None:
        engine.keep(self.name, self.pop(engine).ndarray)
        engine.place(self.name, self.core)


def _itself(value: Any) -> Any:
    return value
