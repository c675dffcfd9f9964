"""Datatypes: the names that MPI gives to the types of elements."""

from typing import Any

import numpy as np
import numpy.typing as npt


class Datatype:
    """The type of the elements of a buffer.

    Parameters
    ----------
    name : str
        MPI's name for it.
    dtype : data-type
        NumPy's dtype.
    """

    def __init__(self, name: str, dtype: npt.DTypeLike) -> None:
        self.name = name
        self.dtype: np.dtype[Any] = np.dtype(dtype)

    def Get_size(self) -> int:
        """Return the size of an element in bytes."""
        return self.dtype.itemsize

    @property
    def size(self) -> int:
        """The size of an element in bytes."""
        return self.dtype.itemsize

    def Get_name(self) -> str:
        """Return MPI's name of the type."""
        return self.name

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Datatype) and other.dtype == self.dtype

    def __hash__(self) -> int:
        return hash(self.dtype)

    def __repr__(self) -> str:
        return f"<Datatype {self.name}>"


BYTE = Datatype("MPI_BYTE", np.uint8)
CHAR = Datatype("MPI_CHAR", np.int8)
C_BOOL = Datatype("MPI_C_BOOL", np.bool_)
BOOL = C_BOOL
SIGNED_CHAR = Datatype("MPI_SIGNED_CHAR", np.byte)
UNSIGNED_CHAR = Datatype("MPI_UNSIGNED_CHAR", np.ubyte)
SHORT = Datatype("MPI_SHORT", np.short)
UNSIGNED_SHORT = Datatype("MPI_UNSIGNED_SHORT", np.ushort)
INT = Datatype("MPI_INT", np.intc)
UNSIGNED = Datatype("MPI_UNSIGNED", np.uintc)
LONG = Datatype("MPI_LONG", np.long)
UNSIGNED_LONG = Datatype("MPI_UNSIGNED_LONG", np.ulong)
LONG_LONG = Datatype("MPI_LONG_LONG", np.longlong)
UNSIGNED_LONG_LONG = Datatype("MPI_UNSIGNED_LONG_LONG", np.ulonglong)
INT8_T = Datatype("MPI_INT8_T", np.int8)
INT16_T = Datatype("MPI_INT16_T", np.int16)
INT32_T = Datatype("MPI_INT32_T", np.int32)
INT64_T = Datatype("MPI_INT64_T", np.int64)
UINT8_T = Datatype("MPI_UINT8_T", np.uint8)
UINT16_T = Datatype("MPI_UINT16_T", np.uint16)
UINT32_T = Datatype("MPI_UINT32_T", np.uint32)
UINT64_T = Datatype("MPI_UINT64_T", np.uint64)
FLOAT = Datatype("MPI_FLOAT", np.float32)
DOUBLE = Datatype("MPI_DOUBLE", np.float64)
C_FLOAT_COMPLEX = Datatype("MPI_C_FLOAT_COMPLEX", np.complex64)
C_DOUBLE_COMPLEX = Datatype("MPI_C_DOUBLE_COMPLEX", np.complex128)
COMPLEX = Datatype("MPI_COMPLEX", np.complex64)
DOUBLE_COMPLEX = Datatype("MPI_DOUBLE_COMPLEX", np.complex128)

_BY_CHARACTER = {
    datatype.dtype.char: datatype
    for datatype in (
        C_BOOL,
        SIGNED_CHAR,
        UNSIGNED_CHAR,
        SHORT,
        UNSIGNED_SHORT,
        INT,
        UNSIGNED,
        LONG,
        UNSIGNED_LONG,
        LONG_LONG,
        UNSIGNED_LONG_LONG,
        FLOAT,
        DOUBLE,
        C_FLOAT_COMPLEX,
        C_DOUBLE_COMPLEX,
    )
}


def datatype_of(dtype: npt.DTypeLike) -> Datatype:
    """Return MPI's type for a NumPy dtype.

    Raises
    ------
    KeyError
        If MPI has no type for it.

    Examples
    --------
    >>> datatype_of("float64")
    <Datatype MPI_DOUBLE>
    """
    dtype = np.dtype(dtype)
    try:
        return _BY_CHARACTER[dtype.char]
    except KeyError:
        raise KeyError(f"MPI has no datatype for {dtype}") from None
