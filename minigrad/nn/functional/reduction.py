"""What losses share: how they are reduced, and what becomes of shapes that differ."""

from __future__ import annotations

import warnings
from math import nan

import numpy as np

from minigrad.dialect import dialect
from minigrad.ops.loss import check_alike
from minigrad.tensor import Tensor

REDUCTIONS = ("none", "mean", "sum")


def check_reduction(name: str, reduction: str, *more: str) -> None:
    """ValueError for a reduction there is not."""
    if reduction not in REDUCTIONS and reduction not in more:
        raise ValueError(f"{name}: reduction={reduction!r}: use 'mean', 'sum' or 'none'")


def legacy(size_average: bool | None, reduce: bool | None, reduction: str) -> str:
    """The reduction that PyTorch's old arguments stand for, with a warning, if they are given."""
    if size_average is None and reduce is None:
        return reduction
    chosen = "none" if reduce is False else "sum" if size_average is False else "mean"
    warnings.warn(
        f"size_average and reduce args will be deprecated, please use reduction='{chosen}' instead.", stacklevel=3
    )
    return chosen


def matched(name: str, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Input and target in one dtype and of one shape: ShapeError if they are not, as a loss never broadcasts; in PyTorch's
    dialect a warning, and they do."""
    if dialect.lenient and isinstance(input, Tensor) and isinstance(target, Tensor):
        a, b = input.array.shape, target.array.shape
        if a != b:
            warnings.warn(
                f"Using a target size ({target.shape}) that is different to the input size ({input.shape}). This will likely "
                "lead to incorrect results due to broadcasting. Please ensure they have the same size.",
                stacklevel=3,
            )
            shape = np.broadcast_shapes(a, b)
            input, target = input.expand(shape), target.expand(shape)
    check_alike(name, input, target)
    return input._pair(target)


def reduced(losses: Tensor, reduction: str, name: str = "") -> Tensor:
    """The losses, averaged or summed. `name` is the operation's in PyTorch, for `grad_fn`, where it is one there."""
    if reduction == "none":
        return losses
    if reduction == "mean" and not losses.array.size:
        result = losses.sum() * nan
    else:
        result = losses.mean() if reduction == "mean" else losses.sum()
    if name and result._node is not None:
        result._node.label = f"{name}.<locals>.<lambda>"
    return result
