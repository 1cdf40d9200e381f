"""What programs ask of `torch.cuda` before they fall back to the CPU: there is none, in every form of the question."""

from __future__ import annotations

from typing import Any

__all__ = [
    "current_device", "device_count", "empty_cache", "get_device_name", "is_available", "manual_seed", "manual_seed_all",
    "max_memory_allocated", "memory_allocated", "synchronize",
]  # fmt: skip


def is_available() -> bool:
    """False."""
    return False


def device_count() -> int:
    """0."""
    return 0


def manual_seed(seed: int) -> None:
    """Nothing to seed: accepted, as in PyTorch without CUDA."""


def manual_seed_all(seed: int) -> None:
    """Nothing to seed: accepted, as in PyTorch without CUDA."""


def empty_cache() -> None:
    """Nothing to empty."""


def synchronize(device: Any = None) -> None:
    """Nothing to wait for: every operation has finished when it returns."""


def memory_allocated(device: Any = None) -> int:
    """0 bytes."""
    return 0


def max_memory_allocated(device: Any = None) -> int:
    """0 bytes."""
    return 0


def current_device() -> int:
    """RuntimeError: there is none."""
    raise RuntimeError("cuda: minigrad computes on the CPU only; ask cuda.is_available() first")


def get_device_name(device: Any = None) -> str:
    """RuntimeError: there is none."""
    raise RuntimeError("cuda: minigrad computes on the CPU only; ask cuda.is_available() first")
