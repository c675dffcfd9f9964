"""The DistArray: one array whose pieces live on several engines."""

from __future__ import annotations

import operator
from sys import getrefcount
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from distarray import _core
from distarray.globalapi import _pieces, _protocols, _ufuncs
from distarray.globalapi._deferred import TEMPORARY_ARGUMENT, Explained
from distarray.globalapi._elementwise import Elementwise
from distarray.globalapi._floating import report
from distarray.globalapi._indexing import Indexing, warn_of_lost_parts
from distarray.globalapi._operations import NAMED
from distarray.globalapi._operators import Operators
from distarray.globalapi._printing import Printing
from distarray.globalapi._products import Products
from distarray.globalapi._reductions import Reductions
from distarray.globalapi._resolution import is_native
from distarray.globalapi._scans import Scans
from distarray.globalapi._shapes import Shapes
from distarray.globalapi.maps import Distribution, asdistribution

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from distarray.globalapi.context import BaseContext
    from distarray.localapi.localarray import LocalArray
    from distarray.localapi.proxyize import Proxy

    NDArray = np.ndarray[Any, np.dtype[Any]]

__all__ = ["DistArray"]


class DistArray(
    Operators, Indexing, Reductions, Scans, Products, Shapes, Elementwise, Printing, Explained
):
    """One array whose pieces live on several engines.

    It behaves as a NumPy array, whatever its distribution: operators, NumPy's ufuncs and many of
    NumPy's other functions take and give DistArrays, and a slice is a view.

    Parameters
    ----------
    distribution : Distribution
        Where the elements live; its context is the array's.
    dtype : dtype, optional
        That of the elements. Their values are unset, as ``numpy.empty`` leaves them.

    Examples
    --------
    >>> import distarray as da
    >>> context = da.Context(nengines=2)
    >>> a = context.fromarray(np.arange(6).reshape(2, 3))
    >>> a
    <DistArray(shape=(2, 3), dtype=int64, dist=('b', 'n'), targets=[0, 1])>
    >>> print(np.sqrt(a * a) + 0.5)
    [[0.5 1.5 2.5]
     [3.5 4.5 5.5]]
    >>> context.close()
    """

    __slots__ = ()

    def __init__(self, distribution: Distribution, dtype: Any = float) -> None:
        context = distribution.context
        self.context = context
        self._distribution = distribution
        self._array = _core.Array.create(
            context._engines, distribution._core, np.dtype(dtype), None
        )

    @classmethod
    def from_localarrays(
        cls,
        key: Proxy,
        context: BaseContext | None = None,
        targets: Sequence[int] | None = None,
        distribution: Distribution | None = None,
        dtype: Any = None,
    ) -> DistArray:
        """Make a DistArray of LocalArrays that are on the engines already.

        Parameters
        ----------
        key : Proxy
            What stands for the LocalArrays.
        context : Context, optional
            Whose engines have them; the distribution is then made from what they say. Either this
            or `distribution` must be given.
        targets : sequence of int, optional
            The engines that have them; by default, all those of the context.
        distribution : Distribution, optional
            How the LocalArrays are laid out.
        dtype : dtype, optional
            That of the elements; by default the engines are asked.

        Returns
        -------
        DistArray
            It shares memory with the LocalArrays.
        """
        from distarray.globalapi._local_arrays import from_localarrays

        return from_localarrays(key, context, targets, distribution, dtype)

    # ---- Attributes ----------------------------------------------------------------------------

    @property
    def key(self) -> Proxy:
        """A :class:`~distarray.localapi.proxyize.Proxy`, which stands for the LocalArrays."""
        from distarray.globalapi._local_arrays import key_of

        return key_of(self)

    @property
    def dist(self) -> tuple[str, ...]:
        """The distribution type of each axis."""
        return self.distribution.dist

    @property
    def grid_shape(self) -> tuple[int, ...]:
        """The number of engines along each axis."""
        return self.distribution.grid_shape

    @property
    def targets(self) -> list[int]:
        """The engine of each rank."""
        return self.distribution.targets

    @property
    def global_size(self) -> int:
        """The number of elements."""
        return self._array.size

    @property
    def itemsize(self) -> int:
        """The number of bytes of an element."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """The number of bytes of all elements."""
        return self._array.size * self.dtype.itemsize

    def localshapes(self) -> list[tuple[int, ...]]:
        """Return the shape of each engine's piece, by rank."""
        return self.distribution.localshapes()

    @property
    def real(self) -> DistArray:
        """A view of the real parts; the array itself if its elements are real."""
        return self._part("real") if self.dtype.kind == "c" else self

    @real.setter
    def real(self, value: Any) -> None:
        self.real[...] = value

    @property
    def imag(self) -> DistArray:
        """A view of the imaginary parts; zeros if the elements are real."""
        if self.dtype.kind == "c":
            return self._part("imag")
        return self.context.zeros(self.distribution, self.dtype)

    @imag.setter
    def imag(self, value: Any) -> None:
        if self.dtype.kind != "c":
            raise TypeError("cannot set imaginary part of a non-complex array")
        self.imag[...] = value

    def _part(self, name: str) -> DistArray:
        dtype = getattr(np.empty((0,), self.dtype), name).dtype
        return self._sibling(_pieces.view_pieces(self, operator.attrgetter(name), dtype))

    # ---- Copies, casts, other layouts ----------------------------------------------------------

    def copy(self, order: str = "C") -> DistArray:
        """Return a copy with the same distribution.

        Parameters
        ----------
        order : str, optional
            For NumPy's sake; the order of pieces in memory is the library's affair.
        """
        return self._sibling(self._array.astype(self.dtype))

    def __copy__(self) -> DistArray:
        return self.copy()

    def __deepcopy__(self, memo: dict[int, Any]) -> DistArray:
        return self.copy()

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError(
            "a DistArray can't be pickled: its elements live on engines of this process. "
            "Gather it with toarray(), or write a file with context.save_npy()"
        )

    def astype(
        self,
        dtype: Any,
        order: str = "K",
        casting: str = "unsafe",
        subok: bool = True,
        copy: bool = True,
    ) -> DistArray:
        """Return a copy with the elements cast.

        Parameters
        ----------
        dtype : dtype
            What to cast to.
        order, subok
            For NumPy's sake; they change nothing.
        casting : str, optional
            Which casts are allowed, as ``numpy.can_cast`` knows them.
        copy : bool, optional
            False to return the array itself where nothing is to be cast.

        Returns
        -------
        DistArray
            With the same distribution.

        Examples
        --------
        >>> import distarray as da
        >>> context = da.Context(nengines=2)
        >>> context.fromarray([1.5, -2.5, 3.5]).astype(int).toarray()
        array([ 1, -2,  3])
        >>> context.close()
        """
        dtype = np.dtype(dtype)
        if not np.can_cast(self.dtype, dtype, casting):  # type: ignore[arg-type]
            raise TypeError(
                f"Cannot cast array data from {self.dtype!r} to {dtype!r} according to the rule "
                f"'{casting}'"
            )
        if dtype == self.dtype:
            return self.copy() if copy else self
        warn_of_lost_parts(self.dtype, dtype)
        if not is_native([dtype, self.dtype]):
            return self._sibling(_pieces.cast(self, dtype))
        return self._cast(dtype)

    def _cast(self, dtype: np.dtype[Any]) -> DistArray:
        """Cast between dtypes that the core knows, reporting what gets lost as NumPy does."""
        is_tight = dtype == np.float16 and self.dtype.kind in "iu"
        if is_tight or (self.dtype.kind in "fc" and dtype.kind in "iufc"):
            # As an operation, which tells of values that the dtype can't hold.
            array, flags = _core.elementwise(
                NAMED["positive"],
                (self._array,),
                loop_dtypes=(self.dtype, self.dtype),
                dtype=dtype,
                later="cast" if self.context._deferred else None,
            )
            if flags:
                report(flags, "cast")
            return self._sibling(array)
        return self._sibling(self._array.astype(dtype, deferred=self.context._deferred))

    def view(self, dtype: Any = None) -> DistArray:
        """Return a view of the same memory, optionally as another dtype.

        Parameters
        ----------
        dtype : dtype, optional
            By default the dtype stays. Items of another size change the length of the last axis.

        Returns
        -------
        DistArray
            It shares memory with this array.

        Raises
        ------
        ValueError
            When the pieces can't be divided into items of that size.
        """
        if dtype is None:
            return self._sibling(self._array)
        return self._sibling(self._array.view(np.dtype(dtype)))

    def distribute_as(self, shape_or_dist: Any) -> DistArray:
        """Return a copy with another distribution.

        Parameters
        ----------
        shape_or_dist : Distribution or tuple of int
            Of this array's size. With another shape, elements keep their place in C order.

        Returns
        -------
        DistArray
            Its ``distribution`` is the one given.

        Examples
        --------
        >>> import distarray as da
        >>> context = da.Context(nengines=2)
        >>> a = context.fromarray(np.arange(5))
        >>> cyclic = da.Distribution(context, (5,), dist="c")
        >>> a.distribute_as(cyclic).get_ndarrays()
        [array([0, 2, 4]), array([1, 3])]
        >>> context.close()
        """
        distribution = asdistribution(self.context, shape_or_dist)
        array = self._array.redistribute(distribution._core)
        return self._wrap(distribution.context, array, distribution)

    # ---- To NumPy and to Python ----------------------------------------------------------------

    def toarray(self) -> NDArray:
        """Return all elements as one NumPy array, gathered from the engines.

        Examples
        --------
        >>> import distarray as da
        >>> context = da.Context(nengines=2)
        >>> context.ones((2, 2)).toarray()
        array([[1., 1.],
               [1., 1.]])
        >>> context.close()
        """
        return self._array.to_numpy()

    tondarray = toarray

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray:
        """Return all elements as one NumPy array, for ``numpy.asarray``."""
        if copy is False:
            raise ValueError(
                "Unable to avoid copy while creating an array as requested: the elements are "
                "gathered from engines."
            )
        values = self._array.to_numpy()
        return values if dtype is None else values.astype(dtype, copy=False)

    def get_localarrays(self) -> list[LocalArray]:
        """Return copies of the LocalArrays, by rank."""
        from distarray.globalapi._local_arrays import get_localarrays

        return get_localarrays(self)

    def get_ndarrays(self) -> list[NDArray]:
        """Return copies of the pieces as NumPy arrays, by rank."""
        from distarray.globalapi._local_arrays import get_ndarrays

        return get_ndarrays(self)

    def tolist(self) -> Any:
        """Return the elements as nested lists of Python's own types."""
        return self._array.to_numpy().tolist()

    def item(self, *args: Any) -> Any:
        """Return one element as one of Python's own types: the only one, or that at an index."""
        if args:
            index = args[0] if len(args) == 1 and isinstance(args[0], tuple) else args
            if len(index) == 1 and self.ndim != 1:
                index = np.unravel_index(index[0], self.shape)
            return self[tuple(map(int, index))].item()
        if self.size != 1:
            raise ValueError("can only convert an array of size 1 to a Python scalar")
        return self._only().item()

    def _only(self) -> Any:
        """Return the only element as a NumPy scalar."""
        return self._array[(0,) * self.ndim]

    def __bool__(self) -> bool:
        if self.size != 1:
            # An array of the same shape and no memory: NumPy's own words.
            return bool(np.broadcast_to(np.zeros((), bool), self.shape))
        return bool(self._only())

    def __int__(self) -> int:
        return int(self._number())

    def __float__(self) -> float:
        return float(self._number())

    def __complex__(self) -> complex:
        return complex(self._number())

    def __round__(self, ndigits: int | None = None) -> Any:
        """Return the only element, rounded, as Python's ``round`` of a NumPy scalar."""
        return round(self._number()) if ndigits is None else round(self._number(), ndigits)

    def __trunc__(self) -> int:
        return int(self._number())

    def _number(self) -> Any:
        if self.size != 1:
            raise TypeError("only arrays of one element can be converted to Python scalars")
        return self._only()

    def __index__(self) -> int:
        if self.ndim or self.dtype.kind not in "iu":
            raise TypeError("only integer scalar arrays can be converted to a scalar index")
        return operator.index(self._array[()])

    # ---- NumPy's protocols ---------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """Carry out a ufunc, for NumPy."""
        return _ufuncs.dispatch(ufunc, method, inputs, kwargs)

    def __array_function__(
        self,
        func: Any,
        types: Iterable[type],
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> Any:
        """Carry out one of NumPy's functions, for NumPy."""
        # What NumPy was given by no name is gone after the call, unless the result is a view of it.
        reduced = func in _protocols.REDUCTIONS and getrefcount(self) <= TEMPORARY_ARGUMENT
        guard = self._array.passing(1) if reduced else None
        try:
            return _protocols.dispatch(self, func, types, args, kwargs)
        finally:
            del guard
