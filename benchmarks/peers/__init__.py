"""The implementations that are compared, one module each.

A module has `make(threads)`, which returns its :class:`~benchmarks.peers.peer.Peer`.
"""

import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

#: The one that results and times are compared with.
BASELINE = "numpy"
#: The one that is no peer, but what a peer could be at best.
FLOOR = "floor"
OURS = "distarray"


@dataclass(frozen=True)
class Entry:
    """An implementation that takes part: what is started, and what the tables say."""

    name: str
    title: str
    threads: int
    module: str
    package: str
    """What must be importable."""
    ranks: int = 1
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_ours(self) -> bool:
        """Whether this is DistArray."""
        return self.module == OURS

    @property
    def is_peer(self) -> bool:
        """Whether DistArray competes with it."""
        return not self.is_ours and self.name != FLOOR

    def missing(self) -> str | None:
        """Say why it can't take part, if it can't."""
        if self.name == FLOOR:
            from benchmarks.peers.floor import library

            return None if library() else "not built: cargo build --release -p distarray-floor"
        if find_spec(self.package) is None:
            return f"{self.package} is not installed"
        if self.ranks > 1 and mpiexec() is None:
            return "there is no mpiexec"
        return None

    def command(self, *arguments: str) -> list[str]:
        """Return the command that starts its processes."""
        python = [sys.executable, "-m", "benchmarks.server", *arguments]
        if self.ranks == 1:
            return python
        launcher = mpiexec()
        assert launcher is not None
        return [launcher, "-n", str(self.ranks), *python]


def line_up(engines: list[int], cores: int) -> list[Entry]:
    """Return all implementations, DistArray with each of some numbers of engines first."""
    threads = {"OMP_NUM_THREADS": str(cores), "OPENBLAS_NUM_THREADS": str(cores)}

    def entry(name: str, title: str, package: str, workers: int = cores) -> Entry:
        return Entry(name, title, workers, name, package, environment=threads)

    ours = [
        Entry(
            f"{OURS}-{count}",
            f"DistArray, {count} engine{'s' * (count > 1)}",
            count,
            OURS,
            OURS,
            environment=threads | {"DISTARRAY_NUM_ENGINES": str(count)},
        )
        for count in engines
    ]
    return [
        *ours,
        entry(BASELINE, "NumPy", "numpy", 1),
        entry("tiles", "NumPy in tiles", "numpy"),
        entry("numexpr", "numexpr", "numexpr"),
        entry("dask", "dask.array", "dask.array" if find_spec("dask") else "dask"),
        entry("jax", "jax", "jax"),
        entry("numba", "numba", "numba"),
        Entry("mpi4py", "NumPy, MPI", cores, "mpi4py", "mpi4py", cores, mpi_environment()),
        entry(FLOOR, "Rust loop", "numpy"),
    ]


def mpiexec() -> str | None:
    """Return the path of the launcher of MPI programs: that beside the interpreter, if any."""
    beside = Path(sys.executable).parent
    return shutil.which("mpiexec", path=f"{beside}{os.pathsep}{os.environ.get('PATH', '')}")


def mpi_environment() -> dict[str, str]:
    """Return what Open MPI needs in containers, where all is root's and there are few cores."""
    beside = str(Path(sys.executable).parent)
    return {
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "PRTE_ALLOW_RUN_AS_ROOT": "1",
        "PRTE_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
        "PATH": f"{beside}{os.pathsep}{os.environ.get('PATH', '')}",
    }
