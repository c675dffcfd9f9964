"""How much memory a process has, and the most that it had since it was last asked to forget."""

from pathlib import Path

STATUS, FORGET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def resident() -> int | None:
    """Return the bytes that this process has in memory, where the system tells."""
    return _field("VmRSS:")


def peak() -> int | None:
    """Return the most bytes that this process had in memory."""
    return _field("VmHWM:")


def forget_peak() -> None:
    """Begin a new peak with what the process has now (Linux's proc(5), clear_refs)."""
    if FORGET.exists():
        FORGET.write_text("5")


def available() -> int | None:
    """Return the bytes that the machine has left for programs."""
    return _field("MemAvailable:", Path("/proc/meminfo"))


def _field(name: str, path: Path = STATUS) -> int | None:
    if not path.exists():
        return None
    for line in path.read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    return None
