"""Distributed arrays and the LocalArrays that they consist of: from each to the other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from distarray import _core
from distarray.error import DistributionError
from distarray.globalapi._call import as_copy, as_it_is
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
    results = found._run(_itself, (found._named(key),), {}, engines, as_it_is)
    array = join(found, engines, results, distribution)
    if dtype is not None and np.dtype(dtype) != array.dtype:
        raise ValueError(f"the LocalArrays have dtype {array.dtype}, not {np.dtype(dtype)}")
    return array


def join(
    context: BaseContext,
    targets: Sequence[int],
    results: Sequence[tuple[_core.Engine, Any]],
    distribution: Distribution | None = None,
) -> DistArray:
    """Make a distributed array of a LocalArray from each of the engines `targets`.

    Raises
    ------
    TypeError
        If something else is among them.
    ValueError
        If they don't fit each other, or the distribution.
    """
    from distarray.globalapi.distarray import DistArray

    local_arrays = []
    for target, (_, local) in zip(targets, results, strict=True):
        if not isinstance(local, LocalArray):
            raise TypeError(f"engine {target} has a {type(local).__name__}, and no LocalArray")
        local_arrays.append(local)
    dtypes = {local.dtype for local in local_arrays}
    if len(dtypes) > 1:
        each = ", ".join(
            f"{local.dtype} on engine {target}"
            for target, local in zip(targets, local_arrays, strict=True)
        )
        raise ValueError(f"the LocalArrays have different dtypes: {each}")
    core = _common_core(local_arrays, targets) if distribution is None else distribution._core
    name = context._engines.new_array_id()
    # The handle comes first: it frees what is kept if something is found to be wrong.
    array = _core.Array.adopt(context._engines, name, core, dtypes.pop())
    for (engine, _), local in zip(results, local_arrays, strict=True):
        engine.keep(name, local.ndarray)
        engine.place(name, core)
    # The pieces are the caller's own memory.
    array.expose()
    return DistArray._wrap(context, array)


def _common_core(local_arrays: Sequence[LocalArray], targets: Sequence[int]) -> _core.Distribution:
    """Return the distribution of the array that LocalArrays make up."""
    ranks = [local.comm_rank for local in local_arrays]
    if sorted(ranks) != list(range(len(ranks))):
        raise DistributionError(
            f"the LocalArrays of engines {list(targets)} are of ranks {ranks} in their "
            f"communicators: they don't make up an array"
        )
    core = local_arrays[0].distribution.core
    if (
        core is not None
        and all(local.distribution.core == core for local in local_arrays)
        and [core.targets[rank] for rank in ranks] == list(targets)
    ):
        return core
    by_rank = sorted(range(len(ranks)), key=ranks.__getitem__)
    layout = _core.Distribution.from_dim_data_per_rank(
        [list(local_arrays[place].dim_data) for place in by_rank], list(targets)
    )
    return layout.with_targets([targets[place] for place in by_rank])


def _itself(value: Any) -> Any:
    return value
