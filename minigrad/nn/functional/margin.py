"""Losses that want a distance between what belongs together and what does not, as functions.

`reduction` is "mean", "sum" or "none"; `size_average` and `reduce` are PyTorch's old words for it.
"""

from __future__ import annotations

from collections.abc import Callable

from minigrad.errors import ShapeError
from minigrad.nn.functional.activation import logsigmoid
from minigrad.nn.functional.distance import pairwise_distance
from minigrad.nn.functional.reduction import check_reduction, legacy, matched, reduced
from minigrad.tensor import Tensor


def hinge_embedding_loss(
    input: Tensor,
    target: Tensor,
    margin: float = 1.0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The distance itself where the target is 1, max(0, margin - distance) where it is -1."""
    reduction = legacy(size_average, reduce, reduction)
    check_reduction("hinge_embedding_loss", reduction)
    losses = (margin - input).clamp(min=0).masked_fill(target == 1, 0) + input.masked_fill(target == -1, 0)
    return reduced(losses, reduction)


def cosine_embedding_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """1 - cos where the target is 1, max(0, cos - margin) where it is -1: cos the cosine of two vectors (N, D) or (D)."""
    reduction = legacy(size_average, reduce, reduction)
    check_reduction("cosine_embedding_loss", reduction)
    if target.array.ndim not in (0, 1) or not input1.array.ndim == input2.array.ndim == target.array.ndim + 1:
        raise ShapeError(
            f"cosine_embedding_loss: inputs of shapes {input1.array.shape} and {input2.array.shape} and a target of shape "
            f"{target.array.shape}: use (N, D) and (N), or (D) and ()"
        )
    squares = ((x.square().sum(-1) + 1e-12) for x in (input1, input2))
    cosine = (input1 * input2).sum(-1) / (next(squares) * next(squares)).sqrt()
    losses = (1 - cosine).masked_fill(target != 1, 0) + (cosine - margin).clamp(min=0).masked_fill(target != -1, 0)
    return reduced(losses, reduction)


def margin_ranking_loss(
    input1: Tensor,
    input2: Tensor,
    target: Tensor,
    margin: float = 0,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, margin - target · (input1 - input2)): the first should be larger where the target is 1, smaller where -1."""
    reduction = legacy(size_average, reduce, reduction)
    check_reduction("margin_ranking_loss", reduction)
    if not input1.array.ndim == input2.array.ndim == target.array.ndim:
        raise ShapeError(
            f"margin_ranking_loss: shapes {input1.array.shape}, {input2.array.shape} and {target.array.shape}: they must have "
            "as many dimensions"
        )
    return reduced((-target * (input1 - input2) + margin).clamp(min=0), reduction)


def soft_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """log(1 + exp(-target · input)), for targets 1 and -1."""
    reduction = legacy(size_average, reduce, reduction)
    check_reduction("soft_margin_loss", reduction)
    input, target = matched("soft_margin_loss", input, target)
    return reduced(-logsigmoid(target * input), reduction, "soft_margin_loss")


def triplet_margin_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """max(0, d(anchor, positive) - d(anchor, negative) + margin), of `pairwise_distance`s of order p.

    With `swap` the negative's distance is that to the positive, if that is smaller.

    Source: V. Balntas et al., Learning Shallow Convolutional Feature Descriptors with Triplet Losses, BMVC 2016.
    """
    reduction = legacy(size_average, reduce, reduction)

    def distance(x: Tensor, y: Tensor) -> Tensor:
        return pairwise_distance(x, y, p, eps)

    return triplet_margin_with_distance_loss(
        anchor, positive, negative, distance_function=distance, margin=margin, swap=swap, reduction=reduction
    )


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Callable[[Tensor, Tensor], Tensor] | None = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """`triplet_margin_loss` of a distance of one's own."""
    check_reduction("triplet_margin_loss", reduction)
    if margin <= 0:
        raise ValueError(f"triplet_margin_loss: margin={margin} must be greater than 0")
    if not anchor.array.ndim == positive.array.ndim == negative.array.ndim:
        raise ShapeError(
            f"triplet_margin_loss: shapes {anchor.array.shape}, {positive.array.shape} and {negative.array.shape}: they must "
            "have as many dimensions"
        )
    distance = pairwise_distance if distance_function is None else distance_function
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = far.minimum(distance(positive, negative))
    return reduced((margin + near - far).clamp(min=0), reduction)
