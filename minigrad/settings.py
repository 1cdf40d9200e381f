"""Switches that programs set for speed or repeatability. None of them changes a result."""

from __future__ import annotations

import os
import sys
from typing import Any

_set: dict[str, Any] = {"deterministic": False, "precision": "highest", "threads": None, "interop": 1, "kept": None}


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Remembered. Every algorithm here gives the same result each time."""
    _set["deterministic"] = bool(mode)


def are_deterministic_algorithms_enabled() -> bool:
    """What `use_deterministic_algorithms` said last."""
    return bool(_set["deterministic"])


def set_num_threads(n: int) -> None:
    """How many threads NumPy's matrix products may use. ValueError below 1.

    For small networks one is the quickest: several wait for each other longer than they compute. It needs the package
    threadpoolctl, the extra `minigrad[threads]`. Without it the number is remembered, and no more: then set
    OPENBLAS_NUM_THREADS before NumPy is imported.

    >>> import minigrad
    >>> minigrad.set_num_threads(1)
    >>> minigrad.get_num_threads()
    1
    """
    if n < 1:
        raise ValueError(f"set_num_threads expects a positive integer, not {n}")
    _set["threads"] = int(n)
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:
        return
    threadpool_limits(int(n), "blas")


def get_num_threads() -> int:
    """What `set_num_threads` said, or else what the environment says to OpenBLAS, or else how many processors there are."""
    return _set["threads"] or _THREADS


def _threads_at_start() -> int:
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        said = os.environ.get(name, "").strip()
        if said.isdecimal() and int(said):
            return int(said)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


_THREADS = _threads_at_start()


def set_num_interop_threads(n: int) -> None:
    """Remembered: one operation runs at a time. ValueError below 1."""
    if n < 1:
        raise ValueError(f"set_num_interop_threads expects a positive integer, not {n}")
    _set["interop"] = int(n)


def get_num_interop_threads() -> int:
    """What `set_num_interop_threads` said, or 1."""
    return int(_set["interop"])


def set_float32_matmul_precision(precision: str) -> None:
    """Remembered: products of float32 are always computed in float32. ValueError for another word than PyTorch's three."""
    if precision not in ("highest", "high", "medium"):
        raise ValueError(f"set_float32_matmul_precision({precision!r}): use 'highest', 'high' or 'medium'")
    _set["precision"] = precision


def get_float32_matmul_precision() -> str:
    """What `set_float32_matmul_precision` said last."""
    return str(_set["precision"])


def set_flush_denormal(mode: bool) -> bool:
    """False: it is not supported, as PyTorch says where it is not."""
    return False


TRIM, MAP = -1, -3  # glibc's names for the two limits: M_TRIM_THRESHOLD, M_MMAP_THRESHOLD
MOST = 2047  # megabytes to keep
LARGEST = 32  # megabytes that one array may have to be kept; glibc takes no more


def keep_memory(megabytes: float = 256) -> bool:
    """Let the process keep up to so many megabytes of freed memory for its next arrays. True if that could be said.

    glibc gives freed memory back to the system, and a training step asks for the same again: for every four kilobytes the
    system is called, and fills them with zeros. That can be a third of the time of a step. The first optimizer that is made
    calls this, unless it was called before; a program that has no optimizer may call it itself. Only on Linux with glibc, and
    not where the environment says something (MALLOC_TRIM_THRESHOLD_, MALLOC_MMAP_THRESHOLD_, GLIBC_TUNABLES).

    More than 2,047 counts as that, the most that glibc takes. ValueError below 0.

    Source: mallopt(3), Linux Programmer's Manual.

    >>> from minigrad.settings import keep_memory
    >>> kept = keep_memory(128)
    """
    if megabytes < 0:
        raise ValueError(f"keep_memory expects a number of megabytes from 0, not {megabytes}")
    said = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES")
    mallopt = None if sys.platform != "linux" or any(name in os.environ for name in said) else _mallopt()
    _set["kept"] = bool(mallopt and mallopt(MAP, LARGEST << 20) and mallopt(TRIM, min(int(megabytes), MOST) << 20))
    return bool(_set["kept"])


def keep_memory_for_training() -> None:
    """`keep_memory`, unless it was called before."""
    if _set["kept"] is None:
        keep_memory()


def _mallopt() -> Any:
    """The function of the C library, if it is glibc."""
    import ctypes

    try:
        return ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return None
