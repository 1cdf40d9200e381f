"""What programs ask of `torch.mps`, Apple's graphics processors: there is none."""

from __future__ import annotations

from minigrad.cuda import device_count, empty_cache, manual_seed, seed, synchronize

__all__ = [
    "current_allocated_memory",
    "device_count",
    "driver_allocated_memory",
    "empty_cache",
    "manual_seed",
    "seed",
    "synchronize",
]


def current_allocated_memory() -> int:
    """0 bytes."""
    return 0


def driver_allocated_memory() -> int:
    """0 bytes."""
    return 0
