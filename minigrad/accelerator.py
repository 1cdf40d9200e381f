"""What programs ask of `torch.accelerator`, whatever faster device there is: there is none."""

from __future__ import annotations

from typing import Any

from minigrad.cuda import device_count, empty_cache, is_available, synchronize

__all__ = ["current_accelerator", "device_count", "empty_cache", "is_available", "synchronize"]


def current_accelerator(check_available: bool = False) -> Any:
    """None.

    >>> import minigrad
    >>> minigrad.accelerator.current_accelerator() if minigrad.accelerator.is_available() else "cpu"
    'cpu'
    """
    return None
