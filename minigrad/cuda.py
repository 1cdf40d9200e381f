"""What programs ask of `torch.cuda` before they fall back to the CPU: there is none, in every form of the question."""

from __future__ import annotations

from typing import Any

from minigrad import amp

__all__ = [
    "amp", "current_device", "device_count", "empty_cache", "get_device_capability", "get_device_name",
    "get_device_properties", "get_rng_state_all", "init", "ipc_collect", "is_available", "is_bf16_supported",
    "is_initialized", "manual_seed", "manual_seed_all", "max_memory_allocated", "max_memory_reserved", "memory_allocated",
    "memory_reserved", "reset_peak_memory_stats", "seed", "seed_all", "set_device", "set_rng_state_all", "synchronize",
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


def memory_reserved(device: Any = None) -> int:
    """0 bytes."""
    return 0


def max_memory_reserved(device: Any = None) -> int:
    """0 bytes."""
    return 0


def reset_peak_memory_stats(device: Any = None) -> None:
    """Nothing to reset."""


def ipc_collect() -> None:
    """Nothing to collect."""


def seed() -> None:
    """Nothing to seed."""


def seed_all() -> None:
    """Nothing to seed."""


def get_rng_state_all() -> list[Any]:
    """No states: there is no device."""
    return []


def set_rng_state_all(new_states: Any) -> None:
    """Nothing to set."""


def is_initialized() -> bool:
    """False."""
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """False."""
    return False


def init() -> None:
    """RuntimeError: there is none."""
    raise _none()


def set_device(device: Any) -> None:
    """RuntimeError: there is none."""
    raise _none()


def current_device() -> int:
    """RuntimeError: there is none."""
    raise _none()


def get_device_name(device: Any = None) -> str:
    """RuntimeError: there is none."""
    raise _none()


def get_device_capability(device: Any = None) -> tuple[int, int]:
    """RuntimeError: there is none."""
    raise _none()


def get_device_properties(device: Any = None) -> Any:
    """RuntimeError: there is none."""
    raise _none()


def _none() -> RuntimeError:
    return RuntimeError("cuda: minigrad computes on the CPU only; ask cuda.is_available() first")
