"""Pictures beside each other."""

from __future__ import annotations

from typing import Any

from minigrad.creation import full
from minigrad.ops.shape import stack
from minigrad.tensor import Tensor

__all__ = ["make_grid"]


def make_grid(
    tensor: Any, nrow: int = 8, padding: int = 2, normalize: bool = False, pad_value: float = 0.0, **_: Any
) -> Tensor:
    """A batch of pictures (N, C, H, W), or a list of (C, H, W), as one picture (3, ...), `nrow` in a row.

    One plane becomes three. With `normalize`, the numbers are stretched to reach from 0 to 1.

    >>> from minigrad import ones
    >>> make_grid(ones(4, 1, 5, 5), nrow=2).shape
    minigrad.Size([3, 16, 16])
    """
    images: Tensor = stack(list(tensor)) if isinstance(tensor, list | tuple) else tensor
    images = (
        images if images.ndim == 4 else images.reshape((-1, images.ndim == 2 or images.shape[0], *images.shape[-2:]))
    )
    images = images.expand((-1, 3, -1, -1)) if images.shape[1] == 1 else images
    if normalize:
        low, high = images.min(), images.max()
        images = (images - low) / (high - low).clamp(min=1e-5)
    n, planes, height, width = images.shape
    columns = min(nrow, n)
    rows = -(-n // columns)
    grid = full((planes, rows * (height + padding) + padding, columns * (width + padding) + padding), pad_value)
    grid = grid.to(images.dtype)
    for i in range(n):
        top = i // columns * (height + padding) + padding
        left = i % columns * (width + padding) + padding
        grid[:, top : top + height, left : left + width] = images[i]
    return grid
