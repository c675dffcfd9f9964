"""HDF5 datasets that only the library can write: in chunks, compressed.

Engines that are MPI processes write at once, if h5py is built for MPI. Others take turns.
"""

from __future__ import annotations

import errno
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from distarray._replacing import sync_path
from distarray.globalapi import _mpi
from distarray.globalapi._files import on_engines
from distarray.globalapi.contexts.pools import ProcessPool, SpmdPool
from distarray.localapi.local_array.agreement import agreed

if TYPE_CHECKING:
    from distarray.globalapi.context import BaseContext
    from distarray.globalapi.distarray import DistArray
    from distarray.localapi.local_array.array import LocalArray

__all__ = ["write"]


def write(context: BaseContext, array: DistArray, path: str, key: str) -> None:
    """Write an array that lies in blocks along its first axis to a dataset of its shape."""
    is_on_processes = isinstance(context._pool, ProcessPool | SpmdPool)
    engines = array.targets if is_on_processes else None
    on_engines(context, _write_piece, (array, path, key, engines), array.targets)


def _write_piece(local: LocalArray, path: str, key: str, engines: list[int] | None) -> None:
    comm = local.comm
    length = agreed(comm, lambda: Path(path).stat().st_size)
    agreed(comm, lambda: _set_aside(path, length, key, local.itemsize))
    is_parallel = engines is not None and len(engines) > 1 and _is_parallel(engines)
    if all(comm.allgather(is_parallel)):
        assert engines is not None
        _write_together(local, path, key, engines)
    else:
        for rank in range(comm.Get_size()):
            is_next = rank == comm.Get_rank()
            agreed(comm, lambda: _write(local, path, key) if is_next else None)  # noqa: B023
    agreed(comm, lambda: sync_path(path))


def _is_parallel(engines: list[int]) -> bool:
    """Return whether these engines can write to a file of the library at once."""
    import h5py

    return bool(h5py.get_config().mpi) and _mpi.can_meet(engines)


def _set_aside(path: str, length: int, key: str, itemsize: int) -> None:
    """Set space aside for all chunks, whatever filters make of them.

    The library is not prepared for writes that fail: what is left of a file that it couldn't close
    may end the process later.
    """
    import h5py

    with h5py.File(path, "r", locking=False) as file:
        shape, chunks = file[key].shape, file[key].chunks or file[key].shape
    count = math.prod(-(-size // chunk) for size, chunk in zip(shape, chunks, strict=True))
    each = math.prod(chunks) * itemsize
    with Path(path).open("r+b") as opened:
        # Filters can make a chunk longer, by less than this; what is too much is cut off later.
        whole = length + count * (each + each // 64 + 4096) + (1 << 20)
        try:
            os.posix_fallocate(opened.fileno(), 0, whole)
        except OSError as error:
            number = error.errno or errno.EIO
            raise OSError(number, os.strerror(number), path) from None


def _write(local: LocalArray, path: str, key: str) -> None:
    import h5py

    if local.ndarray.size:
        # It is locked already, as all temporary files are.
        with h5py.File(path, "r+", locking=False) as file:
            _transfer(h5py, file[key], local, None)


def _write_together(local: LocalArray, path: str, key: str, engines: list[int]) -> None:
    import h5py

    # What fails on one here may have others wait for it: nothing is done that can be done before.
    with (
        _mpi.meeting(engines) as group,
        h5py.File(path, "r+", driver="mpio", comm=group) as file,
    ):
        collective = h5py.h5p.create(h5py.h5p.DATASET_XFER)
        collective.set_dxpl_mpio(h5py.h5fd.MPIO_COLLECTIVE)
        _transfer(h5py, file[key], local, collective)


def _transfer(h5py: Any, dataset: Any, local: LocalArray, properties: Any) -> None:
    """Write a piece to its place; an empty one takes part, too."""
    if not local.ndarray.ndim:
        dataset[()] = local.ndarray
        return
    values = np.ascontiguousarray(local.ndarray)
    space = dataset.id.get_space()
    memory = h5py.h5s.create_simple(values.shape)
    if values.size:
        first, *_ = local.distribution.maps[0]._indices.to_array()
        space.select_hyperslab((int(first), *(0 for _ in values.shape[1:])), values.shape)
    else:
        space.select_none()
        memory.select_none()
    dataset.id.write(memory, space, values, dxpl=properties)
