"""Mixed precision, of which there is none: `autocast` and `GradScaler` are there, change nothing, and say so when asked."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

__all__ = ["GradScaler", "autocast", "is_autocast_available"]


class autocast:  # noqa: N801 (PyTorch's spelling)
    """A block, or a function, in which PyTorch computes in lower precision. Here everything keeps its dtype.

    >>> import minigrad
    >>> with minigrad.autocast("cpu"):
    ...     print((minigrad.ones(2, 2) @ minigrad.ones(2, 2)).dtype)
    minigrad.float32
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """PyTorch's arguments are accepted: device_type, dtype, enabled, cache_enabled."""

    def __enter__(self) -> autocast:
        return self

    def __exit__(self, *exception: object) -> None:
        pass

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, as it is."""
        return wraps(function)(lambda *args, **kwargs: function(*args, **kwargs))


class GradScaler:
    """Scales losses against underflow in PyTorch. Here it is as one made with `enabled=False`.

    >>> import minigrad
    >>> scaler = minigrad.amp.GradScaler()
    >>> scaler.scale(minigrad.tensor(2.0)), scaler.get_scale(), scaler.is_enabled()
    (tensor(2.), 1.0, False)
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """PyTorch's arguments are accepted."""

    def scale(self, outputs: Any) -> Any:
        """The loss, or losses, as they are."""
        return outputs

    def unscale_(self, optimizer: Any) -> None:
        """Nothing to divide by."""

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """`optimizer.step()`."""
        return optimizer.step(*args, **kwargs)

    def update(self, new_scale: Any = None) -> None:
        """Nothing to update."""

    def get_scale(self) -> float:
        """1."""
        return 1.0

    def is_enabled(self) -> bool:
        """False."""
        return False

    def state_dict(self) -> dict[str, Any]:
        """Empty, as of a disabled one."""
        return {}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Nothing to load."""


def is_autocast_available(device_type: str) -> bool:
    """False."""
    return False
