"""Functions and classes for tests: validators of the protocol, test cases, comparisons."""

from __future__ import annotations

import functools
import importlib
import tempfile
import types
import unittest
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from distarray import _core
from distarray.error import DistributionError, InvalidCommSizeError

Verdict = tuple[bool, str]

_KEYS = {"__version__", "buffer", "dim_data"}
_VERSIONS = ("0.10.0", "0.10")

# ---- The Distributed Array Protocol ------------------------------------------------------------


def raise_typeerror(fn: Callable[..., Verdict]) -> Callable[..., Verdict]:
    """Decorate a validator, which returns (good, message), so that what is bad is an exception.

    Examples
    --------
    >>> @raise_typeerror
    ... def validate_even(number):
    ...     return number % 2 == 0, f"{number} is odd"
    >>> validate_even(2)
    (True, '2 is odd')
    >>> validate_even(3)
    Traceback (most recent call last):
    TypeError: 3 is odd
    """

    @functools.wraps(fn)
    def validator(*args: Any, **kwargs: Any) -> Verdict:
        good, message = fn(*args, **kwargs)
        if not good:
            raise TypeError(message)
        return good, message

    return validator


@raise_typeerror
def validate_dim_dict(idx: int, dd: Mapping[str, Any]) -> Verdict:
    """Validate a dimension dictionary.

    Parameters
    ----------
    idx : int
        The axis that it describes.
    dd : dict
        The dictionary. The empty one is good.

    Returns
    -------
    tuple of bool and str
        ``(True, '')``

    Raises
    ------
    TypeError
        If it is not a good one; the message names the axis and the key, and says why.
    KeyError
        If it has no ``dist_type``.

    Examples
    --------
    >>> validate_dim_dict(
    ...     0, {"dist_type": "c", "size": 7, "proc_grid_size": 2, "proc_grid_rank": 1, "start": 1}
    ... )
    (True, '')
    >>> validate_dim_dict(
    ...     1,
    ...     {
    ...         "dist_type": "b",
    ...         "size": 7,
    ...         "proc_grid_size": 1,
    ...         "proc_grid_rank": 0,
    ...         "start": 0,
    ...         "stop": 8,
    ...     },
    ... )
    Traceback (most recent call last):
    TypeError: axis 1: "stop" is 8; expected at most "size", 7
    """
    return _verdict_on_dim_dict(idx, dd, None)


def _verdict_on_dim_dict(idx: int, dd: Any, extent: int | None) -> Verdict:
    if isinstance(dd, Mapping) and dd and "dist_type" not in dd:
        raise KeyError("dist_type")
    try:
        _core.check_dim_dict(idx, dd, extent)
    except DistributionError as error:
        return False, str(error)
    return True, ""


@raise_typeerror
def validate_dim_data(dim_data: Sequence[Mapping[str, Any]]) -> Verdict:
    """Validate the dimension dictionaries of all axes on one process.

    Returns
    -------
    tuple of bool and str
        ``(True, '')``

    Raises
    ------
    TypeError
        If one is not a good one; the message names the axis and the key, and says why.
    """
    return _verdict_on_dim_data(dim_data, [None] * len(dim_data))


def _verdict_on_dim_data(
    dim_data: Sequence[Mapping[str, Any]], extents: Sequence[int | None]
) -> Verdict:
    for idx, (dd, extent) in enumerate(zip(dim_data, extents, strict=True)):
        good, message = _verdict_on_dim_dict(idx, dd, extent)
        if not good:
            return False, message
    return True, ""


@raise_typeerror
def validate_dim_data_per_rank(
    dim_data_per_rank: Sequence[Sequence[Mapping[str, Any]]],
) -> Verdict:
    """Validate the dimension dictionaries of all processes, by themselves and together.

    Raises
    ------
    TypeError
        If one is not a good one, or they contradict each other; the message names the axis and
        the key, and says why.
    """
    try:
        _core.check_dim_data_per_rank([list(dim_data) for dim_data in dim_data_per_rank])
    except DistributionError as error:
        return False, str(error)
    return True, ""


@raise_typeerror
def validate_distbuffer(db: Mapping[str, Any]) -> Verdict:
    """Validate what an object's ``__distarray__`` method returns.

    Returns
    -------
    tuple of bool and str
        ``(True, '')``

    Raises
    ------
    TypeError
        If a key is missing, one is too many, or a value is not a good one.

    Examples
    --------
    >>> validate_distbuffer({"__version__": "0.10.0", "buffer": b"abc", "dim_data": ({},)})
    (True, '')
    """
    if set(db) != _KEYS:
        return False, f"keys are {sorted(map(str, db))}; expected {sorted(_KEYS)}"
    if db["__version__"] not in _VERSIONS:
        return False, f'"__version__" is {db["__version__"]!r}; expected "0.10.0"'
    buffer, dim_data = db["buffer"], db["dim_data"]
    try:
        shape = buffer.shape if isinstance(buffer, np.ndarray) else memoryview(buffer).shape
    except TypeError:
        return False, f'"buffer" is of type {type(buffer).__name__!r}, which is no buffer'
    if shape is None or not isinstance(dim_data, tuple | list):
        return False, f'"dim_data" is of type {type(dim_data).__name__!r}; expected a tuple'
    if len(dim_data) != len(shape):
        return False, f'"dim_data" has {len(dim_data)} axes for a buffer of {len(shape)}'
    return _verdict_on_dim_data(dim_data, shape)


# ---- Helpers -----------------------------------------------------------------------------------


def import_or_skip(name: str) -> types.ModuleType:
    """Import a module, or skip the test.

    Parameters
    ----------
    name : str
        The module's name.

    Raises
    ------
    unittest.SkipTest
        If the module can't be imported.

    Examples
    --------
    >>> import_or_skip("math").sqrt(4)
    2.0
    """
    try:
        return importlib.import_module(name)
    except ImportError:
        raise unittest.SkipTest(f"{name} can't be imported") from None


def temp_filepath(extension: str = "") -> str:
    """Return a new file name in the folder for temporary files.

    Examples
    --------
    >>> temp_filepath(".npy").endswith(".npy")
    True
    """
    return str(Path(tempfile.gettempdir()) / f"{uuid.uuid4()}{extension}")


def check_targets(required: int, available: int) -> None:
    """Skip the test if there are too few engines.

    Raises
    ------
    unittest.SkipTest
        If `available` is less than `required`.
    """
    if available < required:
        raise unittest.SkipTest(f"the test needs {required} engines, and there are {available}")


def assert_localarrays_allclose(
    l0: Any, l1: Any, check_dtype: bool = False, rtol: float = 1e-07, atol: float = 0
) -> None:
    """Assert that values of two LocalArrays are close, and that their properties are equal."""
    _assert_properties_equal(l0, l1, check_dtype)
    np.testing.assert_allclose(l0.ndarray, l1.ndarray, rtol=rtol, atol=atol)


def assert_localarrays_equal(l0: Any, l1: Any, check_dtype: bool = False) -> None:
    """Assert that values and properties of two LocalArrays are equal."""
    _assert_properties_equal(l0, l1, check_dtype)
    np.testing.assert_array_equal(l0.ndarray, l1.ndarray)


def _assert_properties_equal(l0: Any, l1: Any, check_dtype: bool) -> None:
    names = ["global_shape", "dist", "grid_shape", "comm_size", "comm_rank", "cart_coords"]
    names += ["local_shape", "dim_data", "dtype"] if check_dtype else ["local_shape", "dim_data"]
    for name in names:
        np.testing.assert_equal(getattr(l0, name), getattr(l1, name), err_msg=name)


# ---- Test cases with a context -----------------------------------------------------------------


class BaseContextTestCase(unittest.TestCase):
    """Base class of test cases that use a context.

    The context is ``cls.context``. Tests are skipped if it can't be had.

    Attributes
    ----------
    ntargets : int or 'any', default 4
        How many engines the context is to have; 'any' takes what there is.
    """

    ntargets: ClassVar[int | str] = 4
    context: ClassVar[Any]

    @classmethod
    def make_context(cls, targets: Sequence[int] | None = None) -> Any:
        """Make the context; subclasses say of what kind."""
        raise NotImplementedError(f"{cls.__name__} doesn't say what kind of context it uses")

    @classmethod
    def setUpClass(cls) -> None:
        """Make the context, or skip the tests."""
        from distarray.globalapi.context import ContextCreationError

        super().setUpClass()
        try:
            if cls.ntargets == "any":
                cls.context = cls.make_context()
                cls.ntargets = len(cls.context.targets)
            else:
                cls.context = cls.make_context(targets=list(range(int(cls.ntargets))))
        except (ContextCreationError, ImportError, ValueError) as error:
            raise unittest.SkipTest(
                f"no context of {cls.ntargets} engines can be had: {error}"
            ) from error

    @classmethod
    def tearDownClass(cls) -> None:
        """Close the context."""
        cls.context.close()
        super().tearDownClass()


class DefaultContextTestCase(BaseContextTestCase):
    """Base class of test cases that use a context of the default kind."""

    @classmethod
    def make_context(cls, targets: Sequence[int] | None = None) -> Any:
        """Make a context of the default kind."""
        from distarray.globalapi.context import Context

        return Context(targets=targets)


class IPythonContextTestCase(BaseContextTestCase):
    """Base class of test cases that use engines started from IPython."""

    @classmethod
    def make_context(cls, targets: Sequence[int] | None = None) -> Any:
        """Make a context of IPython engines."""
        from distarray.globalapi.context import Context

        return Context(kind="IPython", targets=targets)

    @classmethod
    def setUpClass(cls) -> None:
        """Make the context, or skip the tests."""
        import_or_skip("ipyparallel")
        super().setUpClass()


class MPIContextTestCase(BaseContextTestCase):
    """Base class of test cases that use MPI processes as engines."""

    @classmethod
    def make_context(cls, targets: Sequence[int] | None = None) -> Any:
        """Make a context of MPI processes."""
        from distarray.globalapi.context import Context

        return Context(kind="MPI", targets=targets)


# ---- Test cases that every process runs --------------------------------------------------------


def comm_null_passes(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a test method so that it passes where ``self.comm`` is COMM_NULL.

    So tests pass on processes that have nothing to do.
    """

    @functools.wraps(fn)
    def passes_or_runs(self: Any, *args: Any, **kwargs: Any) -> Any:
        comm = getattr(self, "comm", None)
        if comm is not None and not comm:
            return None
        return fn(self, *args, **kwargs)

    return passes_or_runs


class CommNullPasser(type):
    """Metaclass that applies `comm_null_passes` to every method of its classes."""

    def __new__(
        mcs, name: str, bases: tuple[type, ...], attributes: dict[str, Any]
    ) -> CommNullPasser:
        """Make a class."""
        decorated = {
            key: comm_null_passes(value) if isinstance(value, types.FunctionType) else value
            for key, value in attributes.items()
        }
        return super().__new__(mcs, name, bases, decorated)


class ParallelTestCase(unittest.TestCase, metaclass=CommNullPasser):
    """Base class of test cases that every process runs, without a client.

    The communicator is ``cls.comm``. Tests are skipped if there are too few processes, and pass
    on those that are not needed.

    Attributes
    ----------
    comm_size : int, default 4
        How many processes the tests need.
    """

    comm_size: ClassVar[int] = 4
    comm: ClassVar[Any]

    @classmethod
    def setUpClass(cls) -> None:
        """Make the communicator, or skip the tests."""
        from distarray.localapi.mpiutils import create_comm_of_size

        super().setUpClass()
        try:
            cls.comm = create_comm_of_size(cls.comm_size)
        except InvalidCommSizeError as error:
            raise unittest.SkipTest(str(error)) from error

    @classmethod
    def tearDownClass(cls) -> None:
        """Free the communicator."""
        if cls.comm:
            cls.comm.Free()
        super().tearDownClass()
