"""Distances and similarities between vectors, as functions."""

from __future__ import annotations

import numpy as np

from minigrad.errors import ShapeError
from minigrad.tensor import Tensor, wrap


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """Σ x1 · x2 / (max(‖x1‖, eps) · max(‖x2‖, eps)) along `dim`; the two broadcast together.

    >>> from minigrad import nn, tensor
    >>> nn.functional.cosine_similarity(tensor([[3.0, 4.0]]), tensor([[4.0, 3.0]]))
    tensor([0.9600])
    """
    x1, x2 = x1._pair(x2)
    if x1.array.dtype.kind != "f":
        raise TypeError(f"cosine_similarity of tensors of type {x1.array.dtype}: convert them first, x.float()")
    shape = np.broadcast_shapes(x1.array.shape, x2.array.shape)
    x1, x2 = x1.expand(shape), x2.expand(shape)
    n1, n2 = (x.norm(2, dim, True).clamp(min=eps) for x in (x1, x2))
    return ((x1 / n1) * (x2 / n2)).sum(dim)


def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """‖x1 - x2 + eps‖ₚ along the last dimension; the two broadcast together."""
    return (x1 - x2 + eps).norm(p, -1, keepdim)


def pdist(input: Tensor, p: float = 2.0) -> Tensor:
    """The p-norm distance between every two rows of (N, D), in one line of N (N - 1) / 2."""
    if input.array.ndim != 2:
        raise ShapeError(f"pdist: an input of shape {tuple(input.array.shape)}: it must have two dimensions, (N, D)")
    first, second = np.triu_indices(input.array.shape[0], 1)
    return (input[wrap(first)] - input[wrap(second)]).norm(p, -1)
