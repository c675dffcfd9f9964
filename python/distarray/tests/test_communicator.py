"""mpi4py's calls between engine threads, compared with what NumPy says they give."""

import threading
import time
from functools import reduce

import numpy as np
import pytest

from distarray.error import CommunicationError, EngineAbortedError, InvalidRankError
from distarray.localapi import communicator as MPI
from distarray.tests.spmd import SIZES, spmd

sizes = pytest.mark.parametrize("size", SIZES)


class TestObjects:
    @sizes
    def test_rank_and_size(self, size):
        def body(comm):
            assert (comm.rank, comm.size) == (comm.Get_rank(), comm.Get_size())
            comm.Barrier()
            comm.barrier()
            return comm.rank, comm.size

        assert spmd(size, body) == [(rank, size) for rank in range(size)]

    @sizes
    def test_bcast_copies(self, size):
        def body(comm):
            for root in range(size):
                sent = {"root": root, "array": np.arange(5)} if comm.rank == root else None
                got = comm.bcast(sent, root=root)
                assert got["root"] == root
                got["array"] += comm.rank
                comm.barrier()
                np.testing.assert_array_equal(got["array"], np.arange(5) + comm.rank)

        spmd(size, body)

    @sizes
    def test_gather_scatter_alltoall(self, size):
        def body(comm):
            root = size - 1
            gathered = comm.gather((comm.rank, "x"), root)
            assert gathered == ([(r, "x") for r in range(size)] if comm.rank == root else None)
            parts = [10 * r for r in range(size)] if comm.rank == root else None
            assert comm.scatter(parts, root) == 10 * comm.rank
            assert comm.allgather(comm.rank**2) == [r**2 for r in range(size)]
            got = comm.alltoall([(comm.rank, dest) for dest in range(size)])
            assert got == [(source, comm.rank) for source in range(size)]

        spmd(size, body)

    def test_wrong_number_of_items(self):
        def body(comm):
            comm.alltoall([1] * 3)

        with pytest.raises(ValueError, match="one item for each of 2 ranks, got 3"):
            spmd(2, body)

    @sizes
    def test_reductions_in_rank_order(self, size):
        def body(comm):
            name = "abcdefg"[comm.rank]
            whole = "abcdefg"[:size]
            assert comm.allreduce(name) == whole
            assert comm.reduce(name, root=0) == (whole if comm.rank == 0 else None)
            assert comm.scan(name) == whole[: comm.rank + 1]
            assert comm.exscan(name) == (whole[: comm.rank] or None)
            assert comm.allreduce(comm.rank, lambda a, b: 10 * a + b) == int(
                "".join(map(str, range(size)))
            )

        spmd(size, body)

    @sizes
    @pytest.mark.parametrize(
        ("op", "expected"),
        [
            (MPI.SUM, sum),
            (MPI.PROD, lambda values: reduce(lambda a, b: a * b, values)),
            (MPI.MAX, max),
            (MPI.MIN, min),
            (MPI.LAND, all),
            (MPI.LOR, any),
            (MPI.LXOR, lambda values: bool(sum(map(bool, values)) % 2)),
            (MPI.BAND, lambda values: reduce(lambda a, b: a & b, values)),
            (MPI.BOR, lambda values: reduce(lambda a, b: a | b, values)),
            (MPI.BXOR, lambda values: reduce(lambda a, b: a ^ b, values)),
        ],
        ids=lambda value: getattr(value, "name", ""),
    )
    def test_operations(self, size, op, expected):
        def body(comm):
            value = (comm.rank * 5) % 4
            array = np.array([value, value + 1, 7 - value])
            total = np.zeros_like(array)
            comm.Allreduce(array, total, op)
            return comm.allreduce(value, op), comm.allreduce(array, op), total

        values = [(rank * 5) % 4 for rank in range(size)]
        columns = [expected([v + 1 for v in values]), expected([7 - v for v in values])]
        for scalar, array, total in spmd(size, body):
            if size > 1 or op not in (MPI.LAND, MPI.LOR, MPI.LXOR):
                assert scalar == expected(values)
                assert array.tolist() == [expected(values), *columns]
                assert total.tolist() == [expected(values), *columns]

    @sizes
    def test_extremes_with_their_places(self, size):
        values = [3.0, 1.0, 4.0, 1.0, 5.0, 5.0, 2.0][:size]

        def body(comm):
            mine = (values[comm.rank], comm.rank)
            return comm.allreduce(mine, MPI.MINLOC), comm.allreduce(mine, MPI.MAXLOC)

        for low, high in spmd(size, body):
            assert low == (min(values), int(np.argmin(values)))
            assert high == (max(values), int(np.argmax(values)))

    @sizes
    def test_ring(self, size):
        def body(comm):
            right, left = (comm.rank + 1) % size, (comm.rank - 1) % size
            status = MPI.Status()
            got = comm.sendrecv(
                {"from": comm.rank}, right, 4, source=left, recvtag=4, status=status
            )
            assert got == {"from": left}
            assert (status.Get_source(), status.Get_tag()) == (left, 4)
            request = comm.irecv(source=left)
            comm.isend("late", right).wait()
            assert request.wait() == "late"
            assert request.test() == (True, "late")

        spmd(size, body)

    def test_any_source_and_tags(self):
        def body(comm):
            if comm.rank:
                comm.send(comm.rank, 0, tag=comm.rank)
                return None
            status = MPI.Status()
            assert comm.recv(tag=2) == 2
            got = comm.recv(source=MPI.ANY_SOURCE, tag=MPI.ANY_TAG, status=status)
            assert got == status.source == status.tag
            return comm.recv() + got

        assert spmd(4, body)[0] == 4

    def test_irecv_is_ready_when_something_came(self):
        def body(comm):
            if comm.rank == 0:
                request = comm.irecv(source=1)
                assert request.test() == (False, None)
                comm.barrier()
                while not request.test()[0]:
                    time.sleep(0.001)
                assert request.wait() == "here"
            else:
                comm.barrier()
                comm.send("here", 0)

        spmd(2, body)

    def test_nothing_beyond_the_edge(self):
        def body(comm):
            comm.send("lost", MPI.PROC_NULL)
            assert comm.recv(source=MPI.PROC_NULL) is None
            buffer = np.ones(2)
            comm.Send(buffer, MPI.PROC_NULL)
            comm.Recv(buffer, MPI.PROC_NULL)
            assert buffer.tolist() == [1, 1]

        spmd(1, body)

    @pytest.mark.parametrize("rank", [-3, 2, 5])
    def test_ranks_outside(self, rank):
        def body(comm):
            for call in (
                lambda: comm.send(0, rank),
                lambda: comm.recv(source=rank),
                lambda: comm.bcast(0, rank),
                lambda: comm.gather(0, rank),
                lambda: comm.scatter([0, 0], rank),
                lambda: comm.reduce(0, root=rank),
                lambda: comm.Bcast(np.zeros(1), rank),
                lambda: comm.Reduce(np.zeros(1), np.zeros(1), root=rank),
            ):
                with pytest.raises(InvalidRankError, match=f"rank {rank} is not in"):
                    call()

        spmd(2, body)


DTYPES = ["?", "i1", "u2", "i4", "i8", "f2", "f4", "f8", "c8", "c16", "M8[s]", "S3"]


class TestBuffers:
    @sizes
    @pytest.mark.parametrize("dtype", DTYPES)
    def test_every_dtype_moves(self, size, dtype):
        whole = np.arange(4 * size).astype(dtype)

        def body(comm):
            mine = whole[4 * comm.rank : 4 * comm.rank + 4].copy()
            everything = np.empty_like(whole)
            comm.Allgather(mine, everything)
            np.testing.assert_array_equal(everything, whole)
            root = size // 2
            gathered = np.empty_like(whole) if comm.rank == root else None
            comm.Gather(mine, gathered, root)
            if comm.rank == root:
                np.testing.assert_array_equal(gathered, whole)
            part = np.empty(4, whole.dtype)
            comm.Scatter(whole if comm.rank == root else None, part, root)
            np.testing.assert_array_equal(part, mine)
            sent = whole.copy() if comm.rank == root else np.empty_like(whole)
            comm.Bcast(sent, root)
            np.testing.assert_array_equal(sent, whole)
            right, left = (comm.rank + 1) % size, (comm.rank - 1) % size
            comm.Sendrecv(mine, right, recvbuf=part, source=left)
            np.testing.assert_array_equal(part, whole[4 * left : 4 * left + 4])

        spmd(size, body)

    @sizes
    def test_alltoall(self, size):
        def body(comm):
            sent = np.arange(2 * size) + 100 * comm.rank
            got = np.empty_like(sent)
            comm.Alltoall(sent, got)
            expected = [100 * s + 2 * comm.rank + k for s in range(size) for k in range(2)]
            assert got.tolist() == expected
            comm.Alltoall(MPI.IN_PLACE, sent)
            assert sent.tolist() == expected

        spmd(size, body)

    @sizes
    def test_parts_of_different_lengths(self, size):
        counts = [rank % 3 for rank in range(size)]
        whole = np.arange(float(sum(counts)))
        starts = np.cumsum([0, *counts])

        def body(comm):
            mine = np.full(counts[comm.rank], np.nan)
            spec = [whole, (counts, starts[:-1]), MPI.DOUBLE] if comm.rank == 0 else None
            comm.Scatterv(spec, mine, 0)
            np.testing.assert_array_equal(mine, whole[starts[comm.rank] : starts[comm.rank + 1]])
            got = np.zeros(len(whole) + 1)
            displacements = [start + 1 for start in starts[:-1]]
            comm.Allgatherv(mine, [got, (counts, displacements), MPI.DOUBLE])
            np.testing.assert_array_equal(got, [0, *whole])
            got = np.zeros(len(whole))
            comm.Gatherv(mine, [got, counts] if comm.rank == 0 else None, 0)
            if comm.rank == 0:
                np.testing.assert_array_equal(got, whole)
            # Rank s sends counts[d] elements to rank d.
            got = np.zeros(counts[comm.rank] * size)
            comm.Alltoallv([whole, counts], [got, [counts[comm.rank]] * size])
            np.testing.assert_array_equal(got, np.tile(mine, size))

        spmd(size, body)

    @sizes
    @pytest.mark.parametrize("length", [0, 1, 5, 1000, 3000])
    def test_reductions(self, size, length):
        rng = np.random.RandomState(length)
        data = rng.randint(-50, 50, (size, length))

        def body(comm):
            mine = data[comm.rank].copy()
            total = np.empty_like(mine)
            comm.Allreduce(mine, total)
            np.testing.assert_array_equal(total, data.sum(axis=0))
            np.testing.assert_array_equal(mine, data[comm.rank])
            comm.Allreduce([mine, MPI.LONG], [total, MPI.LONG], op=MPI.MAX)
            np.testing.assert_array_equal(total, data.max(axis=0))
            lowest = np.empty_like(mine) if comm.rank == size - 1 else None
            comm.Reduce(mine, lowest, MPI.MIN, root=size - 1)
            if comm.rank == size - 1:
                np.testing.assert_array_equal(lowest, data.min(axis=0))
            comm.Scan(mine, total)
            np.testing.assert_array_equal(total, data[: comm.rank + 1].sum(axis=0))
            comm.Allreduce(MPI.IN_PLACE, mine)
            np.testing.assert_array_equal(mine, data.sum(axis=0))

        spmd(size, body)

    @pytest.mark.parametrize("length", [1, 3000])
    def test_different_numbers_of_elements(self, length):
        def body(comm):
            mine = np.zeros(length * (1 + comm.rank))
            comm.Allreduce(mine, np.empty_like(mine))

        with pytest.raises(ValueError, match="different numbers of elements"):
            spmd(2, body)

    @sizes
    def test_in_place_gather(self, size):
        def body(comm):
            buffer = np.full(2 * size, -1)
            buffer[2 * comm.rank : 2 * comm.rank + 2] = comm.rank
            comm.Allgather(MPI.IN_PLACE, buffer)
            assert buffer.tolist() == np.repeat(np.arange(size), 2).tolist()

        spmd(size, body)

    def test_arrays_of_more_dimensions(self):
        def body(comm):
            rows = np.arange(6.0).reshape(2, 3) + 10 * comm.rank
            both = np.empty((4, 3))
            comm.Allgather(rows, both)
            np.testing.assert_array_equal(both[:2], np.arange(6.0).reshape(2, 3))
            np.testing.assert_array_equal(both[2:], np.arange(6.0).reshape(2, 3) + 10)
            columns = np.asfortranarray(rows)
            comm.Bcast(columns, 1)
            np.testing.assert_array_equal(columns, np.arange(6.0).reshape(2, 3) + 10)

        spmd(2, body)

    def test_counts_and_other_buffers(self):
        def body(comm):
            buffer = bytearray(b"abcdef" if comm.rank == 0 else b"......")
            comm.Bcast([buffer, 3, MPI.BYTE])
            assert bytes(buffer) == (b"abc..." if comm.rank else b"abcdef")
            status = MPI.Status()
            if comm.rank == 0:
                comm.Send([np.arange(4.0), 2], 1)
            else:
                received = np.zeros(4)
                comm.Recv(received, status=status)
                assert received.tolist() == [0, 1, 0, 0]
                assert status.Get_count(MPI.DOUBLE) == 2

        spmd(2, body)

    def test_messages_that_do_not_fit(self):
        def body(comm):
            comm.Send(np.zeros(3), 0)
            with pytest.raises(ValueError, match="3 elements came for a buffer of 2"):
                comm.Recv(np.zeros(2))
            comm.Send(np.zeros(3, "u1"), 0)
            with pytest.raises(ValueError, match="no whole number of float64"):
                comm.Recv(np.zeros(2))
            with pytest.raises(ValueError, match="must be contiguous"):
                comm.Send(np.zeros((4, 4))[::2, ::2], 0)
            with pytest.raises(ValueError, match="holds 3 elements, not 4"):
                comm.Send([np.zeros(3), 4], 0)
            with pytest.raises(TypeError, match="pairs"):
                comm.Allreduce(np.zeros(1), np.zeros(1), MPI.MINLOC)

        spmd(1, body)


class TestCommunicators:
    @sizes
    def test_split(self, size):
        def body(comm):
            part = comm.Split(comm.rank % 2, -comm.rank)
            mine = [rank for rank in range(size) if rank % 2 == comm.rank % 2]
            assert part.allgather(comm.rank) == mine[::-1]
            none = comm.Split(MPI.UNDEFINED if comm.rank == 0 else 3, 0)
            assert (none == MPI.COMM_NULL) == (comm.rank == 0)
            assert bool(none) == (comm.rank != 0)
            twin = comm.Dup()
            assert twin != comm
            assert twin.allgather(comm.rank) == list(range(size))
            twin.Free()
            assert twin == MPI.COMM_NULL

        spmd(size, body)

    def test_the_null_communicator(self):
        with pytest.raises(CommunicationError, match="null communicator"):
            MPI.COMM_NULL.Get_rank()
        assert repr(MPI.COMM_NULL) == "COMM_NULL"

    @pytest.mark.parametrize("dims", [(2, 3), (3, 2), (6,), (1, 6, 1), (2, 2), ()])
    def test_grids(self, dims):
        def body(comm):
            cart = comm.Create_cart(dims)
            if comm.rank >= np.prod(dims, dtype=int):
                assert cart == MPI.COMM_NULL
                return
            coords = list(np.unravel_index(comm.rank, dims)) if dims else []
            assert cart.Get_topo() == (list(dims), [False] * len(dims), coords)
            assert cart.Get_dim() == len(dims)
            assert cart.Get_coords(cart.rank) == cart.coords == coords
            for rank in range(cart.size):
                assert cart.Get_cart_rank(cart.Get_coords(rank)) == rank
            for axis in range(len(dims)):
                kept = [other == axis for other in range(len(dims))]
                line = cart.Sub(kept)
                assert (line.rank, line.size) == (coords[axis], dims[axis])
                assert line.dims == [dims[axis]]

        spmd(6, body)

    def test_shift(self):
        def body(comm):
            cart = comm.Create_cart([2, 3], periods=[False, True])
            row, column = cart.coords
            down = 3 * (row + 1) + column if row < 1 else MPI.PROC_NULL
            up = 3 * (row - 1) + column if row > 0 else MPI.PROC_NULL
            assert cart.Shift(0, 1) == (up, down)
            right, left = 3 * row + (column + 1) % 3, 3 * row + (column - 1) % 3
            assert cart.Shift(1, 1) == (left, right)
            # A halo exchange with both edges.
            got = cart.sendrecv(cart.rank, dest=down, source=up)
            assert got == (None if up == MPI.PROC_NULL else up)

        spmd(6, body)

    def test_grids_that_are_too_large(self):
        def body(comm):
            with pytest.raises(ValueError, match="can't be arranged"):
                comm.Create_cart([2, 2])

        spmd(3, body)


class TestFailures:
    @pytest.mark.parametrize(
        "call",
        [
            lambda comm: comm.recv(source=1),
            lambda comm: comm.barrier(),
            lambda comm: comm.bcast(None, 1),
            lambda comm: comm.allgather(1),
            lambda comm: comm.Allreduce(np.zeros(10), np.zeros(10)),
            lambda comm: comm.Bcast(np.zeros(10), 1),
            lambda comm: comm.Split(0),
        ],
    )
    def test_an_exception_releases_the_others(self, call):
        seen = []

        def body(comm):
            if comm.rank == 1:
                time.sleep(0.005)
                raise ZeroDivisionError("on purpose")
            try:
                call(comm)
            except EngineAbortedError as error:
                seen.append((error.rank, error.reason))
                raise

        with pytest.raises(ZeroDivisionError, match="on purpose"):
            spmd(3, body)
        assert seen == [(1, "ZeroDivisionError: on purpose\n")] * 2

    def test_calls_that_do_not_match(self):
        def body(comm):
            # Rank 1, the root, does not wait for anybody in bcast.
            if comm.rank == 1:
                comm.bcast("ahead", 1)
            comm.barrier()

        with pytest.raises(CommunicationError, match="collective calls do not match"):
            spmd(2, body)

    def test_several_threads_of_an_engine_send_and_receive(self):
        def body(comm):
            other = 1 - comm.rank

            def talk(tag):
                for step in range(50):
                    comm.send((tag, step), other, tag)
                    assert comm.recv(source=other, tag=tag) == (tag, step)

            threads = [threading.Thread(target=talk, args=(tag,)) for tag in range(3)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        spmd(2, body)
