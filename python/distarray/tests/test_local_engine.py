"""What belongs to one engine: communicators, named objects, random numbers."""

import os
import signal
import threading
import time

import numpy as np
import pytest

from distarray._core import in_process_group
from distarray.error import InvalidCommSizeError, InvalidRankError
from distarray.localapi import communicator, construct, engine, mpiutils, random
from distarray.localapi.error import InvalidBaseCommError, NullCommError
from distarray.localapi.localarray import LocalArray
from distarray.localapi.maps import Distribution
from distarray.localapi.messaging.cartcomm import Cartcomm
from distarray.localapi.proxyize import Proxy, Proxyize
from distarray.tests.spmd import SIZES, spmd

sizes = pytest.mark.parametrize("size", SIZES)


class TestEngines:
    def test_a_thread_without_engine_is_one_by_itself(self):
        def body():
            alone = engine.current()
            assert alone is engine.current()
            seen.append((alone, alone.comm.size))

        seen = []
        for _ in range(2):
            thread = threading.Thread(target=body)
            thread.start()
            thread.join()
        assert [size for _, size in seen] == [1, 1]
        assert seen[0][0] is not seen[1][0]

    @sizes
    def test_each_thread_finds_its_engine(self, size):
        def body(comm):
            assert engine.is_engine()
            assert engine.current().comm is comm
            assert mpiutils.get_base_comm() is comm
            assert mpiutils.get_comm_private() is comm
            MPI = mpiutils.MPI
            assert MPI.COMM_WORLD is comm
            assert MPI.COMM_SELF.Get_size() == 1
            assert isinstance(comm, MPI.Intracomm)
            assert isinstance(comm, MPI.Comm)
            assert not MPI.COMM_NULL
            other = engine.Engine(MPI.COMM_SELF)
            with engine.running_on(other):
                assert engine.current() is other
            assert engine.current().comm is comm

        spmd(size, body)

    def test_no_such_name(self):
        with pytest.raises(AttributeError, match="no_such_name"):
            mpiutils.no_such_name  # noqa: B018
        with pytest.raises(AttributeError, match="no_such_name"):
            communicator.no_such_name  # noqa: B018


class TestCommunicators:
    @sizes
    def test_of_size(self, size):
        def body(comm):
            for wanted in range(1, size + 1):
                part = mpiutils.create_comm_of_size(wanted)
                if comm.rank < wanted:
                    assert (part.Get_rank(), part.Get_size()) == (comm.rank, wanted)
                else:
                    assert part == mpiutils.MPI.COMM_NULL
            for wanted in (0, size + 1):
                with pytest.raises(InvalidCommSizeError):
                    mpiutils.create_comm_of_size(wanted)

        spmd(size, body)

    @sizes
    def test_with_list(self, size):
        def body(comm):
            ranks = list(range(size))[::-2]
            part = mpiutils.create_comm_with_list(ranks, comm)
            if comm.rank in ranks:
                assert part.allgather(comm.rank) == ranks
            else:
                assert part == mpiutils.MPI.COMM_NULL
            for wrong in ([size], [-1], [0, 0] if size > 1 else [1]):
                with pytest.raises(InvalidRankError):
                    mpiutils.create_comm_with_list(wrong)
            with pytest.raises(InvalidCommSizeError):
                mpiutils.create_comm_with_list(range(size + 1))

        spmd(size, body)

    def test_base_comm(self):
        def body(comm):
            assert construct.init_base_comm(None) is comm
            assert construct.init_base_comm(comm) is comm
            with pytest.raises(NullCommError):
                construct.init_base_comm(communicator.COMM_NULL)
            for wrong in (5, "comm", np.zeros(3)):
                with pytest.raises(InvalidBaseCommError):
                    construct.init_base_comm(wrong)
            cart = construct.init_comm(comm, (2, 2))
            assert isinstance(cart, Cartcomm)
            assert cart.Get_topo() == ([2, 2], [False, False], [comm.rank // 2, comm.rank % 2])

        spmd(4, body)

    @pytest.mark.parametrize("dtype", ["?", "i1", "u2", "i4", "i8", "f4", "f8", "c8", "c16"])
    def test_types(self, dtype):
        datatype = mpiutils.mpi_type_for_ndarray(np.zeros(2, dtype))
        assert datatype.Get_size() == np.dtype(dtype).itemsize

    def test_no_type(self):
        with pytest.raises(KeyError, match="no datatype for"):
            mpiutils.mpi_type_for_ndarray(np.zeros(2, "S3"))

    def test_ctrl_c_ends_a_wait(self):
        comm = in_process_group(2)[0]
        for call in (comm.recv, comm.barrier, lambda: comm.gather(0, b"")):
            timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
            timer.start()
            start = time.monotonic()
            with pytest.raises(KeyboardInterrupt):
                call()
            assert time.monotonic() - start < 5
            timer.join()
            comm.abort("interrupted")
            comm.reset()

    def test_signals_that_do_not_raise_do_not_end_a_wait(self):
        group = in_process_group(2)
        seen = []
        previous = signal.signal(signal.SIGUSR1, lambda *_: seen.append("signal"))
        try:
            timers = [
                threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGUSR1)),
                threading.Timer(0.3, group[1].send, (0, 0, b"message")),
            ]
            for timer in timers:
                timer.start()
            assert group[0].recv() == (1, 0, b"message")
        finally:
            signal.signal(signal.SIGUSR1, previous)
        assert seen == ["signal"]
        for timer in timers:
            timer.join()


class TestProxies:
    def test_names_are_the_same_everywhere(self):
        def body(comm):
            proxyize = Proxyize()
            proxyize.set_state("abc")
            proxies = [proxyize(comm.rank), proxyize([comm.rank])]
            names = [proxy.name for proxy in proxies]
            assert comm.allgather(names) == [names] * comm.size
            assert all(name.startswith("__distarray__") for name in names)
            assert [proxy.dereference() for proxy in proxies] == [comm.rank, [comm.rank]]
            assert [proxy.type_str for proxy in proxies] == ["<class 'int'>", "<class 'list'>"]
            # A proxy stands for the objects of all engines.
            first = comm.bcast(proxies[1], 0)
            assert isinstance(first, Proxy)
            assert first.dereference() == [comm.rank]
            first.cleanup()
            first.cleanup()
            with pytest.raises(AttributeError, match="not on this engine"):
                proxies[1].dereference()
            proxyize.set_state("def")
            assert proxyize.next_name() not in names

        spmd(3, body)


class TestRandom:
    def test_numpys_values(self):
        for function, numpys, arguments in [
            (random.beta, np.random.beta, (2.0, 3.0)),
            (random.normal, np.random.normal, (5.0, 0.1)),
            (random.normal, np.random.normal, ()),
            (random.rand, np.random.rand, ()),
            (random.randn, np.random.randn, ()),
            (random.randint, np.random.randint, (10,)),
            (random.randint, np.random.randint, (10, 20)),
        ]:
            np.random.seed(3)
            expected = numpys(*arguments)
            np.random.seed(3)
            assert function(*arguments) == expected

    @sizes
    def test_arrays(self, size):
        def body(comm):
            dist = Distribution.from_shape(comm, (400, 7))
            for a, low, high in [
                (random.beta(2, 3, distribution=dist), 0, 1),
                (random.normal(100, 1, dist), 50, 150),
                (random.rand(dist), 0, 1),
                (random.randn(dist), -50, 50),
                (random.randint(5, distribution=dist), 0, 4),
                (random.randint(5, 9, dist), 5, 8),
            ]:
                assert isinstance(a, LocalArray)
                assert a.distribution is dist
                assert low <= a.ndarray.min() <= a.ndarray.max() <= high

        spmd(size, body)

    def test_labels(self):
        np.random.seed(11)
        state = np.random.get_state()

        def body(comm):
            random.label_state(comm)
            first = [random.rand() for _ in range(5)]
            random.label_state(comm)
            assert [random.rand() for _ in range(5)] == first
            return tuple(first)

        drawn = spmd(4, body)
        assert len(set(drawn)) == 4
        # NumPy's own numbers go on as if nothing had happened.
        assert np.array_equal(np.random.get_state()[1], state[1])
        assert spmd(4, body) == drawn
