"""Distances and similarities between vectors, as functions."""

from __future__ import annotations

import numpy as np

from minigrad.errors import ShapeError
from minigrad.ops.products import cosine_similarity
from minigrad.tensor import Tensor, wrap

__all__ = ["cosine_similarity", "pairwise_distance", "pdist"]


def pairwise_distance(x1: Tensor, x2: Tensor, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Tensor:
    """‖x1 - x2 + eps‖ₚ along the last dimension; the two broadcast together."""
    return (x1 - x2 + eps).norm(p, -1, keepdim)


def pdist(input: Tensor, p: float = 2.0) -> Tensor:
    """The p-norm distance between every two rows of (N, D), in one line of N (N - 1) / 2."""
    if input.array.ndim != 2:
        raise ShapeError(f"pdist: an input of shape {tuple(input.array.shape)}: it must have two dimensions, (N, D)")
    first, second = np.triu_indices(input.array.shape[0], 1)
    return (input[wrap(first)] - input[wrap(second)]).norm(p, -1)
