"""What the system says about a process: its memory, its cores. Linux tells it best; elsewhere less is known."""

from __future__ import annotations

import os
import resource
import sys


def _status(field: str) -> int | None:
    """A line of /proc/self/status, in bytes."""
    try:
        with open("/proc/self/status") as file:
            for line in file:
                if line.startswith(field):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None


def resident() -> int:
    """Bytes of memory this process has now; the most it ever had, where the system does not say."""
    now = _status("VmRSS:")
    return peak() if now is None else now


def peak() -> int:
    """The most bytes this process had, since it started or since `forget_peak`."""
    most = _status("VmHWM:")
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit if most is None else most


def forget_peak() -> None:
    """Begin the peak anew, where the system can."""
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
    except OSError:
        pass


def cores() -> list[int]:
    """The cores this process may run on."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count() or 1))


def pin(chosen: list[int]) -> None:
    """Keep every thread of this process on these cores, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        return
    os.sched_setaffinity(0, chosen)
    try:
        threads = [int(name) for name in os.listdir("/proc/self/task")]
    except OSError:
        return
    for thread in threads:
        try:
            os.sched_setaffinity(thread, chosen)
        except OSError:  # it has ended meanwhile
            continue
