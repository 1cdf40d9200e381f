"""Switches that programs set for speed or repeatability. They can be set and read, and change nothing."""

from __future__ import annotations

import os
from typing import Any

_set: dict[str, Any] = {"deterministic": False, "precision": "highest", "threads": None, "interop": 1}


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
