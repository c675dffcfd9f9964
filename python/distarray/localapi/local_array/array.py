"""LocalArray: the part of a distributed array that one engine holds."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from numpy.lib.mixins import NDArrayOperatorsMixin

from distarray.localapi.error import IncompatibleArrayError, InvalidDimensionError
from distarray.localapi.local_array.global_index import GlobalIndex
from distarray.localapi.maps import Distribution, complete_dim_data

PROTOCOL_VERSION = "0.10.0"


class LocalArray(NDArrayOperatorsMixin):
    """The part of a distributed array that one engine holds.

    Indices are local: ``a[0]`` is the first element that lies here. `global_index` takes global
    indices. NumPy's functions work on the local part, and ufuncs return LocalArrays with the
    same distribution.

    Parameters
    ----------
    distribution : distarray.localapi.maps.Distribution
        Where the elements belong in the global array.
    dtype : data-type, optional
        By default that of `buf`, or float64.
    buf : array_like, optional
        The elements. It is kept, not copied, if it is an array of `dtype` or has a buffer;
        by default, new memory with arbitrary content is used.

    Raises
    ------
    RuntimeError
        If `buf` doesn't have the local shape of the distribution.
    """

    __array_priority__ = 20.0

    def __init__(
        self,
        distribution: Distribution,
        dtype: npt.DTypeLike | None = None,
        buf: Any = None,
    ) -> None:
        self.distribution = distribution
        self._ndarray: npt.NDArray[Any]
        if buf is None:
            self._ndarray = np.empty(distribution.local_shape, dtype)
            return
        self._ndarray = np.asarray(buf, dtype=dtype)
        if self._ndarray.shape != tuple(distribution.local_shape):
            raise RuntimeError(
                f"the distribution has local shape {tuple(distribution.local_shape)}, the buffer "
                f"{self._ndarray.shape}"
            )

    @classmethod
    def from_distarray(cls, comm: Any, obj: Any) -> Self:
        """Make a LocalArray of what another library exports; the memory is shared.

        Parameters
        ----------
        comm : communicator
            The engines that hold the parts of the array.
        obj : object or mapping
            Something with a method ``__distarray__``, or what such a method returns.
        """
        exported: Mapping[str, Any] = obj if isinstance(obj, Mapping) else obj.__distarray__()
        buffer = np.asarray(exported["buffer"])
        dim_data = complete_dim_data(exported["dim_data"], buffer.shape)
        return cls(Distribution(comm, dim_data), buf=buffer)

    def __distarray__(self) -> dict[str, Any]:
        """Return what the Distributed Array Protocol asks for; the buffer is shared."""
        return {
            "__version__": PROTOCOL_VERSION,
            "buffer": self.ndarray,
            "dim_data": self.dim_data,
        }

    # ---- The local elements ------------------------------------------------------------------

    @property
    def ndarray(self) -> npt.NDArray[Any]:
        """The local elements, as a NumPy array that shares their memory."""
        return self._ndarray

    @ndarray.setter
    def ndarray(self, new: Any) -> None:
        array = np.asarray(new)
        if array.shape != self._ndarray.shape:
            raise ValueError(f"expected an array of shape {self._ndarray.shape}, got {array.shape}")
        self._ndarray = array

    @property
    def local_data(self) -> memoryview:
        """The memory of the local elements."""
        return self._ndarray.data

    @property
    def local_shape(self) -> tuple[int, ...]:
        """The shape of the local part."""
        return self._ndarray.shape

    @property
    def local_size(self) -> int:
        """The number of local elements."""
        return self._ndarray.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of the elements."""
        return self._ndarray.dtype

    @property
    def itemsize(self) -> int:
        """The size of an element in bytes."""
        return self._ndarray.itemsize

    @property
    def nbytes(self) -> int:
        """The number of bytes of the elements of the whole array, on all engines."""
        return self.global_size * self.itemsize

    def __getitem__(self, index: Any) -> Any:
        """Get a local item."""
        return self._ndarray[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        """Set a local item."""
        self._ndarray[index] = value.ndarray if isinstance(value, LocalArray) else value

    def __len__(self) -> int:
        return len(self._ndarray)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._ndarray)

    def __contains__(self, item: Any) -> bool:
        return item in self._ndarray

    def __bool__(self) -> bool:
        return bool(self._ndarray)

    def __int__(self) -> int:
        return int(self._ndarray)

    def __float__(self) -> float:
        return float(self._ndarray)

    def __complex__(self) -> complex:
        return complex(self._ndarray)

    def fill(self, scalar: Any) -> None:
        """Set every local element to a scalar."""
        self._ndarray.fill(scalar)

    # ---- The global array ----------------------------------------------------------------------

    @property
    def dim_data(self) -> tuple[dict[str, Any], ...]:
        """The dimension dictionaries of the Distributed Array Protocol."""
        return tuple(self.distribution.dim_data)

    @property
    def dist(self) -> tuple[str, ...]:
        """The type of distribution of each axis."""
        return tuple(self.distribution.dist)

    @property
    def global_shape(self) -> tuple[int, ...]:
        """The shape of the whole array."""
        return tuple(self.distribution.global_shape)

    @property
    def global_size(self) -> int:
        """The number of elements of the whole array."""
        return math.prod(self.distribution.global_shape)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._ndarray.ndim

    @property
    def comm(self) -> Any:
        """The engines that hold the array, arranged in its process grid."""
        return self.distribution.comm

    @property
    def comm_size(self) -> int:
        """The number of engines that hold the array."""
        return self.distribution.comm_size

    @property
    def comm_rank(self) -> int:
        """The rank of this engine among them."""
        return self.distribution.comm_rank

    @property
    def cart_coords(self) -> tuple[int, ...]:
        """The place of this engine in the process grid."""
        return tuple(self.distribution.cart_coords)

    @property
    def grid_shape(self) -> tuple[int, ...]:
        """The shape of the process grid."""
        return tuple(self.distribution.grid_shape)

    @property
    def global_index(self) -> GlobalIndex:
        """Access to elements by their global indices."""
        return GlobalIndex(self.distribution, self._ndarray)

    def coords_from_rank(self, rank: int) -> Any:
        """Return the place of a rank in the process grid."""
        return self.distribution.coords_from_rank(rank)

    def rank_from_coords(self, coords: Sequence[int]) -> int:
        """Return the rank at a place of the process grid."""
        return self.distribution.rank_from_coords(coords)

    def local_from_global(self, global_ind: Any) -> Any:
        """Return the local indices of global ones."""
        return self.distribution.local_from_global(global_ind)

    def global_from_local(self, local_ind: Any) -> Any:
        """Return the global indices of local ones."""
        return self.distribution.global_from_local(local_ind)

    def global_limits(self, dim: int) -> tuple[int, int]:
        """Return the global indices of the first and the last local element along an axis.

        Raises
        ------
        InvalidDimensionError
            If there is no such axis, or nothing along it is here.
        """
        if not 0 <= dim < self.ndim:
            raise InvalidDimensionError(f"axis {dim} of an array of {self.ndim} axes")
        length = self.local_shape[dim]
        if not length:
            raise InvalidDimensionError(f"no element along axis {dim} is on this engine")
        axis_map = self.distribution[dim]
        first: int = axis_map.global_from_local_index(0)
        last: int = axis_map.global_from_local_index(length - 1)
        return first, last

    def pack_index(self, inds: Sequence[int]) -> int:
        """Return the place of a global index in the whole array, flattened in C order."""
        return int(np.ravel_multi_index(tuple(inds), self.global_shape)) if self.ndim else 0

    def unpack_index(self, packed_ind: int) -> tuple[int, ...]:
        """Return the global index of a place in the whole array, flattened in C order."""
        return tuple(map(int, np.unravel_index(packed_ind, self.global_shape)))

    def sync(self) -> None:
        """Wait until every engine that holds a part of the array has come."""
        self.comm.Barrier()

    # ---- Comparison and copies -----------------------------------------------------------------

    def compatibility_hash(self) -> int:
        """Return a number that is the same for arrays whose local parts correspond."""
        return hash((self.global_shape, self.grid_shape, _hashable(self.dim_data)))

    def asdist_like(self, other: "LocalArray") -> Self:
        """Return this array, if it is distributed like another.

        Raises
        ------
        IncompatibleArrayError
            If it is not: no redistribution is done here.
        """
        if not arecompatible(self, other):
            raise IncompatibleArrayError("the arrays are not distributed in the same way")
        return self

    def astype(self, newdtype: npt.DTypeLike | None) -> Self:
        """Return a copy with another dtype (None: the same)."""
        if newdtype is None:
            return self.copy()
        return type(self)(self.distribution, buf=self._ndarray.astype(newdtype))

    def copy(self) -> Self:
        """Return a copy; the distribution is shared."""
        return type(self)(self.distribution, buf=self._ndarray.copy())

    def local_view(self, dtype: npt.DTypeLike | None = None) -> npt.NDArray[Any]:
        """Return a view of the local elements, as NumPy array."""
        return self._ndarray.view() if dtype is None else self._ndarray.view(dtype)

    def view(self, distribution: Distribution, dtype: npt.DTypeLike | None = None) -> Self:
        """Return an array of another distribution and dtype that shares this one's memory."""
        return type(self)(distribution, buf=self.local_view(dtype))

    def __copy__(self) -> Self:
        return self.copy()

    def __deepcopy__(self, memo: Any) -> Self:
        return self.copy()

    # ---- NumPy's protocols -----------------------------------------------------------------------

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        return np.array(self._ndarray, dtype=dtype, copy=copy)

    def __array_wrap__(
        self, obj: npt.NDArray[Any], context: Any = None, return_scalar: bool = False
    ) -> Self:
        """Return a LocalArray of an array, with the distribution of this one."""
        return type(self)(self.distribution, buf=obj)

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **kwargs: Any
    ) -> Any:
        """Apply a ufunc to the local elements."""
        outputs = () if out is None else out
        for operand in (*inputs, *outputs):
            if isinstance(operand, LocalArray):
                operand.asdist_like(self)
        if out is not None:
            kwargs["out"] = tuple(map(_bare, out))
        if "where" in kwargs:
            kwargs["where"] = _bare(kwargs["where"])
        results = getattr(ufunc, method)(*map(_bare, inputs), **kwargs)
        if results is None:
            return None
        if not isinstance(results, tuple):
            return self._dressed(results, outputs[0] if outputs else None, method)
        given = outputs or (None,) * len(results)
        return tuple(
            self._dressed(result, target, method)
            for result, target in zip(results, given, strict=True)
        )

    def _dressed(self, result: Any, target: Any, method: str) -> Any:
        """Return the result of a ufunc as what the caller expects it to be."""
        if isinstance(target, LocalArray):
            return target
        if method == "__call__" and np.shape(result) == self.local_shape:
            return type(self)(self.distribution, buf=result)
        return result

    def __str__(self) -> str:
        return str(self._ndarray)

    def __repr__(self) -> str:
        # Not the communicator's rank: an array that has left its engine has none.
        rank = 0
        for axis in self.distribution.maps:
            rank = rank * axis.grid_size + axis.grid_rank
        return (
            f"<LocalArray(local_shape={self.local_shape}, global_shape={self.global_shape}, "
            f"dtype={self.dtype}, dist={self.dist}, rank={rank})>"
        )


def _bare(operand: Any) -> Any:
    return operand.ndarray if isinstance(operand, LocalArray) else operand


def _hashable(value: Any) -> Any:
    if isinstance(value, Mapping):
        return tuple((key, _hashable(value[key])) for key in sorted(value))
    if isinstance(value, np.ndarray):
        return value.tobytes()
    if isinstance(value, (list, tuple)):
        return tuple(map(_hashable, value))
    return value


def arecompatible(a: LocalArray, b: LocalArray) -> bool:
    """Return whether the local parts of two arrays correspond, whatever their dtypes."""
    return a.distribution is b.distribution or a.compatibility_hash() == b.compatibility_hash()
