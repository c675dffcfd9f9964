"""Engines that are MPI processes, beside what one would write by hand with mpi4py.

``make bench-mpi`` runs this::

    mpiexec -n 2 python -m benchmarks.processes redistribution
    mpiexec -n 5 python -m benchmarks.processes round-trip

`redistribution` takes an (8000, 8000) array of float64 from blocks of rows to blocks of columns, on
all processes, in turn with a packed ``Alltoallv``: once with new arrays for each call, as one would
write it, and once with a packed and a received array that are kept from call to call. (Our own
result is a new array, whose memory may have been that of an earlier one.) `threads 2` does it on as
many threads of one process.
`round-trip` has all engines but the client's process carry out a small command, after the processes
have timed a ``bcast`` and a ``gather`` of as many bytes. All figures are medians, in milliseconds
and microseconds.
"""

import statistics
import sys
import time

import numpy as np
from mpi4py import MPI

import distarray as da

SIDE = 8000
TIMES = 9


def seconds(comm, action):
    """Return how long an action of all processes takes."""
    comm.Barrier()
    start = time.perf_counter()
    action()
    return comm.allreduce(time.perf_counter() - start, op=MPI.MAX)


def by_hand(comm, local, kept=None):
    """Send each process its columns, packed; receive all rows of one's own.

    The arrays for that are new ones, or those in `kept`.
    """
    size = comm.size
    edges = [min(SIDE, -(-SIDE // size) * place) for place in range(size + 1)]
    widths = np.diff(edges)
    packed, received = kept or (np.empty(local.size), np.empty((SIDE, widths[comm.rank])))
    sent = widths * len(local)
    starts = np.concatenate(([0], np.cumsum(sent)))
    for place in range(size):
        part = packed[starts[place] : starts[place + 1]].reshape(len(local), widths[place])
        part[...] = local[:, edges[place] : edges[place + 1]]
    counts = widths * widths[comm.rank]
    comm.Alltoallv([packed, sent], [received, counts])
    return received


def redistribution():
    """Print how long rows take to become columns, ours and by hand."""
    comm = MPI.COMM_WORLD
    context = da.Context(kind="spmd")
    rows = da.Distribution(context, (SIDE, SIDE), dist="bn")
    columns = da.Distribution(context, (SIDE, SIDE), dist="nb")
    a = context.fromfunction(lambda i, j: i * SIDE + j, (SIDE, SIDE)).distribute_as(rows)
    (local,) = [piece for rank, piece in enumerate(a.get_ndarrays()) if rank == comm.rank]
    found, ours, hand, reusing = {}, [], [], []

    def distribute():
        found["ours"] = a.distribute_as(columns)

    def pack():
        found["hand"] = by_hand(comm, local)

    width = -(-SIDE // comm.size)
    kept = (np.ones(local.size), np.ones((SIDE, min(width, SIDE - comm.rank * width))))

    def pack_again():
        by_hand(comm, local, kept)

    for _ in range(TIMES):
        found.clear()
        ours.append(seconds(comm, distribute))
        hand.append(seconds(comm, pack))
        reusing.append(seconds(comm, pack_again))
    piece = found["ours"].get_ndarrays()[comm.rank]
    assert np.array_equal(piece, found["hand"])
    if comm.rank == 0:
        mine, other, third = (1e3 * statistics.median(times) for times in (ours, hand, reusing))
        print(
            f"rows to columns, ({SIDE}, {SIDE}) float64, {comm.size} processes: {mine:.1f} ms; "
            f"packed Alltoallv by hand {other:.1f} ms, ratio {other / mine:.2f}; "
            f"with kept arrays {third:.1f} ms, ratio {third / mine:.2f}; "
            f"minima {1e3 * min(ours):.1f}, {1e3 * min(hand):.1f}, {1e3 * min(reusing):.1f} ms"
        )


def on_threads(count):
    """Print the same for threads of one process."""
    context = da.Context(kind="threads", nengines=count)
    rows = da.Distribution(context, (SIDE, SIDE), dist="bn")
    columns = da.Distribution(context, (SIDE, SIDE), dist="nb")
    a = context.fromfunction(lambda i, j: i * SIDE + j, (SIDE, SIDE)).distribute_as(rows)
    times = []
    for _ in range(TIMES):
        start = time.perf_counter()
        result = a.distribute_as(columns)
        times.append(time.perf_counter() - start)
        del result
    print(f"rows to columns on {count} threads: {1e3 * statistics.median(times):.1f} ms")


def round_trip():
    """Print how long a small command takes to all engines and back."""
    comm = MPI.COMM_WORLD
    times = []
    for _ in range(2000):
        start = time.perf_counter()
        comm.bcast(b"x" * 100 if comm.rank == 0 else None, root=0)
        comm.gather(b"x" * 20, root=0)
        times.append(time.perf_counter() - start)
    comm.Barrier()
    context = da.Context()
    a = context.zeros((8,), dtype=np.int64)
    da.evaluate(a)
    ours = []
    for _ in range(2000):
        start = time.perf_counter()
        a._array.fill(np.array(1))
        ours.append(time.perf_counter() - start)
    print(
        f"a command to {context.nengines} engines: {1e6 * statistics.median(ours):.1f} us; "
        f"bcast and gather {1e6 * statistics.median(times):.1f} us"
    )


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    if what == "redistribution":
        redistribution()
    elif what == "threads":
        on_threads(int(arguments[0]))
    else:
        round_trip()
