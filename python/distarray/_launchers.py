"""What the launchers of MPI programs tell the processes that they start.

They tell it in the environment, so that a program need not start MPI to find out.
"""

import os

#: How many processes there are, as Open MPI, MPICH, Intel MPI and MVAPICH say.
_SIZES = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE")

#: The number of a process, as all others say; Slurm says how many there are by another name.
_RANKS = ("PMI_RANK", "PMIX_RANK")
_SLURM_SIZE = "SLURM_STEP_NUM_TASKS"

#: What the job is called that a process belongs to.
_JOBS = ("PMIX_NAMESPACE", "PMI_JOBID", "SLURM_JOB_ID")

#: Intel MPI, on each host.
_OTHERS = ("MPI_LOCALNRANKS",)


def is_launched() -> bool:
    """Return whether this process was started by an MPI launcher.

    Examples
    --------
    >>> is_launched()
    False
    """
    return any(name in os.environ for name in (*_SIZES, *_RANKS, *_OTHERS))


def size_of_world() -> int:
    """Return how many processes were started together.

    Examples
    --------
    >>> size_of_world()
    1
    """
    names = list(_SIZES)
    if any(name in os.environ for name in _RANKS):
        names.append(_SLURM_SIZE)
    texts = (os.environ.get(name, "") for name in names)
    return max([1, *(int(text) for text in texts if text.isdecimal())])


def job() -> str:
    """Return what is said about the job that this process belongs to; nothing, mostly.

    Examples
    --------
    >>> job()
    ''
    """
    return next((os.environ[name] for name in _JOBS if name in os.environ), "")
