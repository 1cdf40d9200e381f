"""Classes, as rows of a table."""

from __future__ import annotations

from minigrad.creation import arange
from minigrad.tensor import Tensor


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Each class index as a row of zeros with a one at its place, int64: (...) to (..., num_classes).

    >>> from minigrad import nn, tensor
    >>> nn.functional.one_hot(tensor([0, 2]), 3)
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    if tensor.array.dtype.kind not in "iu":
        raise TypeError(f"one_hot: class indices of type {tensor.dtype}: convert them with .long()")
    if not tensor.array.size and num_classes == -1:
        raise ValueError(f"one_hot of a tensor of shape {tuple(tensor.shape)}: it names no class, so pass num_classes")
    low, high = (int(tensor.array.min()), int(tensor.array.max())) if tensor.array.size else (0, num_classes - 1)
    n = high + 1 if num_classes == -1 else num_classes
    if low < 0 or high >= n:
        raise ValueError(f"one_hot: class {low if low < 0 else high} of {n}: indices must be from 0 to num_classes - 1")
    return (tensor.unsqueeze(-1) == arange(n)).long()
