r"""The .dnpy format: a local array in a file, with where it belongs in the global one.

A file consists of

- the magic string ``\x93DARRY``, and a byte each for the major and the minor version;
- the length of the header, a little-endian unsigned 16-bit integer;
- the header: the text of a Python dictionary, padded with spaces and ended by a newline, so that
  everything up to here is a multiple of 16 bytes. It has the keys ``__version__``, the version of
  the Distributed Array Protocol, and ``dim_data``, a tuple with the protocol's dictionary for
  each axis, in this order;
- what `numpy.save` writes for the local elements.
"""

import os
import struct
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from distarray import _core
from distarray.localapi.maps import complete_dim_data

MAGIC_PREFIX = b"\x93DARRY"
_ALIGNMENT = 16
_SUPPORTED = (1, 0)
#: So many bytes are read at a time.
_CHUNK = 1 << 22


def magic(major: int, minor: int, prefix: bytes = MAGIC_PREFIX) -> bytes:
    r"""Return the magic string for a version of the format.

    Parameters
    ----------
    major, minor : int
        The version; each from 0 to 255.
    prefix : bytes, optional
        What the string begins with.

    Raises
    ------
    ValueError
        If the version can't be written.

    Examples
    --------
    >>> magic(1, 0)
    b'\x93DARRY\x01\x00'
    """
    for name, number in (("major", major), ("minor", minor)):
        if not 0 <= number <= 255:
            raise ValueError(f"the {name} version must be from 0 to 255, got {number}")
    return prefix + bytes([major, minor])


def _read(fp: BinaryIO, length: int, what: str) -> bytes:
    data = bytearray()
    while len(data) < length:
        more = fp.read(length - len(data))
        if not more:
            raise ValueError(f"the file ends within {what}: {len(data)} of {length} bytes")
        data += more
    return bytes(data)


def read_magic(
    fp: BinaryIO, prefix: bytes = MAGIC_PREFIX, prefix_len: int | None = None
) -> tuple[int, int]:
    """Read the magic string; return the major and minor version of the format.

    Parameters
    ----------
    fp : file-like object
    prefix : bytes, optional
        What the string must begin with.
    prefix_len : int, optional
        The length of the whole magic string; two more than that of the prefix.

    Raises
    ------
    ValueError
        If the file begins with something else.
    """
    length = len(prefix) + 2 if prefix_len is None else prefix_len
    data = _read(fp, length, "the magic string")
    if data[:-2] != prefix:
        raise ValueError(f"the file begins with {data[:-2]!r}, not {prefix!r}")
    return data[-2], data[-1]


def _plain(value: Any) -> Any:
    """Return a value made of plain Python objects, whose text can be read back."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    if isinstance(value, (list, np.ndarray, memoryview)):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        return value.item()
    return value


def _header(distbuffer: Mapping[str, Any]) -> bytes:
    version, dim_data = distbuffer["__version__"], _plain(tuple(distbuffer["dim_data"]))
    text = f"{{'__version__': {version!r}, 'dim_data': {dim_data!r}, }}".encode("ascii")
    before = len(MAGIC_PREFIX) + 2 + 2
    # A header that fits exactly gets a whole line of spaces.
    padding = _ALIGNMENT - (before + len(text) + 1) % _ALIGNMENT
    return text + b" " * padding + b"\n"


def write_localarray(fp: BinaryIO, arr: Any, version: tuple[int, int] = _SUPPORTED) -> None:
    """Write a local array to a .dnpy file.

    Parameters
    ----------
    fp : file-like object
        Open for writing.
    arr : LocalArray
        Or anything with a method ``__distarray__``.
    version : (int, int), optional
        The version of the format.

    Raises
    ------
    ValueError
        If the version is not supported, or the header is too long for it.
    """
    if version != _SUPPORTED:
        raise ValueError(f"only version {_SUPPORTED} of the format can be written, not {version}")
    distbuffer = arr.__distarray__()
    header = _header(distbuffer)
    if len(header) > 0xFFFF:
        raise ValueError(f"a header of {len(header)} bytes is too long for the format")
    fp.write(magic(*version) + struct.pack("<H", len(header)) + header)
    np.save(_Writer(fp), np.asarray(distbuffer["buffer"]), allow_pickle=False)


class _Writer:
    """What can be written to, and is no file to NumPy, whose errors would not say what is wrong."""

    def __init__(self, fp: BinaryIO) -> None:
        self.write = fp.write


def read_localarray_header(
    fp: BinaryIO, version: tuple[int, int]
) -> tuple[str, tuple[dict[str, Any], ...]]:
    """Read the header that follows the magic string.

    Parameters
    ----------
    fp : file-like object
    version : (int, int)
        The version of the format.

    Returns
    -------
    __version__ : str
        The version of the Distributed Array Protocol.
    dim_data : tuple of dict
        A dimension dictionary for each axis.

    Raises
    ------
    ValueError
        If the header is invalid, or the version is not supported.
    """
    if tuple(version) != _SUPPORTED:
        raise ValueError(f"version {tuple(version)} of the format can't be read")
    (length,) = struct.unpack("<H", _read(fp, 2, "the length of the header"))
    text = _read(fp, length, "the header")
    return _core.dnpy_header(text)


def read_array_header_1_0(fp: BinaryIO) -> tuple[str, tuple[dict[str, Any], ...]]:
    """Read the header of a file in version 1.0 of the format; see `read_localarray_header`."""
    return read_localarray_header(fp, _SUPPORTED)


def read_localarray(fp: BinaryIO) -> dict[str, Any]:
    """Read a local array from a .dnpy file.

    Parameters
    ----------
    fp : file-like object

    Returns
    -------
    dict
        What the Distributed Array Protocol defines: ``__version__``, ``buffer``, ``dim_data``.

    Raises
    ------
    ValueError
        If the file holds something else.
    """
    version, dim_data = read_localarray_header(fp, read_magic(fp))
    buffer = _read_npy(fp, dim_data)
    return {"__version__": version, "buffer": buffer, "dim_data": dim_data}


def _read_npy(fp: BinaryIO, dim_data: Sequence[Mapping[str, Any]]) -> npt.NDArray[Any]:
    """Read the elements, once their number is known to be what all headers and the file say."""
    here = fp.tell()
    fp.seek(0, os.SEEK_END)
    length = fp.tell() - here
    fp.seek(here)
    start = _read(fp, 8, "the header of the elements")
    field = _read(fp, 2 if start[6] == 1 else 4, "the header of the elements")
    size = int.from_bytes(field, "little")
    if size > length:
        raise ValueError(f"the file ends within the header of the elements: {length} bytes")
    start += field + _read(fp, size, "the header of the elements")
    dtype, shape, fortran_order, offset = _core.npy_header(start, length)
    # What contradicts the dictionaries is not read.
    complete_dim_data(dim_data, shape)
    fp.seek(here + offset)
    buffer: npt.NDArray[Any] = np.empty(shape, dtype, "F" if fortran_order else "C")
    if buffer.nbytes:
        memory: Any = buffer.reshape(-1, order="A").view(np.uint8)
        _read_into(fp, memoryview(memory))
    return buffer


def _read_into(fp: BinaryIO, memory: memoryview) -> None:
    place = 0
    while place < len(memory):
        data = fp.read(min(len(memory) - place, _CHUNK))
        if not data:
            raise ValueError(f"the file ends within the elements: {place} of {len(memory)} bytes")
        memory[place : place + len(data)] = data
        place += len(data)
