"""Memory shared with other libraries by the DLPack protocol."""

from __future__ import annotations

from typing import Any

from minigrad.creation import from_dlpack
from minigrad.tensor import Tensor

__all__ = ["from_dlpack", "to_dlpack"]


def to_dlpack(tensor: Tensor) -> Any:
    """A capsule for a library that takes one; most take the tensor itself, which is the better way.

    >>> import minigrad
    >>> x = minigrad.ones(2)
    >>> y = from_dlpack(to_dlpack(x))
    >>> y += 1
    >>> x
    tensor([2., 2.])
    """
    return tensor.__dlpack__(max_version=(1, 0))
