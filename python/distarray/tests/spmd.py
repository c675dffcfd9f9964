"""Running a function on all ranks of an in-process group, but not for ever."""

import faulthandler
import threading
import time
import traceback

from distarray._core import in_process_group
from distarray.error import EngineAbortedError
from distarray.localapi.engine import Engine, running_on
from distarray.localapi.messaging.intracomm import Intracomm

SIZES = [1, 2, 3, 4, 7]
TIME_LIMIT = 30.0


def spmd(size, function, *args):
    """Call ``function(comm, *args)`` on every rank of a new group; return the results.

    The first exception is raised here; ranks that wait for the one that raised it are
    released. Ranks that hang are shown with their stacks.
    """
    handles = in_process_group(size)
    results = [None] * size
    failures = []

    def run(rank):
        comm = Intracomm(handles[rank])
        try:
            with running_on(Engine(comm)):
                results[rank] = function(comm, *args)
        except EngineAbortedError as error:
            failures.append((1, rank, error))
        except BaseException as error:
            failures.append((0, rank, error))
            handles[rank].abort("".join(traceback.format_exception_only(error)))

    threads = [
        threading.Thread(target=run, args=(rank,), name=f"rank {rank}", daemon=True)
        for rank in range(size)
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + TIME_LIMIT
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    hanging = [thread.name for thread in threads if thread.is_alive()]
    if hanging:
        faulthandler.dump_traceback(all_threads=True)
        handles[0].abort("the time limit")
        raise AssertionError(f"{hanging} of {size} hang")
    if failures:
        _, rank, error = min(failures, key=lambda failure: failure[:2])
        error.add_note(f"on rank {rank} of {size}")
        raise error
    return results
