"""Losses between an input and a target, element by element, as functions.

In all of them `reduction` is "mean", "sum" or "none"; `size_average` and `reduce` are PyTorch's old words for it. ShapeError if
input and target differ in shape: a loss never broadcasts. The mean of nothing is NaN.
"""

from __future__ import annotations

from math import log, nan, pi

import numpy as np

from minigrad.errors import ShapeError
from minigrad.nn.functional.activation import logsigmoid
from minigrad.nn.functional.reduction import check_reduction, legacy, matched, reduced
from minigrad.ops import loss as ops
from minigrad.ops.elementwise import where
from minigrad.ops.loss import check_alike
from minigrad.tensor import Tensor


def mse_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """(input - target)², averaged over every element, summed, or as it is.

    With `weight`, of the same shape, each square counts so much, in the mean too. TypeError if neither is floating point.

    >>> from minigrad import nn, tensor
    >>> nn.functional.mse_loss(tensor([1.0, 2.0]), tensor([0.0, 4.0]))
    tensor(2.5000)
    """
    reduction = legacy(size_average, reduce, reduction)
    check_reduction("mse_loss", reduction)
    input, target = matched("mse_loss", input, target)
    if weight is not None:
        return _weighted((input - target).square(), weight, reduction, "mse_loss")
    if reduction == "none":
        return (input - target).square()
    n = input.array.size
    return ops.mse_loss(input, target, 1.0 if reduction == "sum" else 1 / n if n else nan)


def l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    """|input - target|, averaged, summed, or as it is; `weight` as in `mse_loss`."""
    reduction = legacy(size_average, reduce, reduction)
    check_reduction("l1_loss", reduction)
    input, target = matched("l1_loss", input, target)
    losses = (input - target).abs()
    return reduced(losses, reduction) if weight is None else _weighted(losses, weight, reduction, "l1_loss")


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    """d² / (2 beta) where |d| is below `beta`, |d| - beta/2 beyond, of d = input - target.

    Source: R. Girshick, Fast R-CNN, ICCV 2015.
    """
    reduction = legacy(size_average, reduce, reduction)
    check_reduction("smooth_l1_loss", reduction)
    if beta < 0:
        raise RuntimeError(f"smooth_l1_loss: beta={beta} must not be negative")
    if beta == 0:
        return l1_loss(input, target, reduction=reduction)
    input, target = matched("smooth_l1_loss", input, target)
    return reduced(ops.smooth_l1_loss(input, target, beta), reduction, "smooth_l1_loss")


def huber_loss(
    input: Tensor, target: Tensor, reduction: str = "mean", delta: float = 1.0, weight: Tensor | None = None
) -> Tensor:
    """d²/2 where |d| is at most `delta`, delta · (|d| - delta/2) beyond, of d = input - target.

    Source: P. Huber, Ann. Math. Statist. 35, 1964.
    """
    check_reduction("huber_loss", reduction)
    if delta <= 0:
        raise RuntimeError(f"huber_loss: delta={delta} must be positive")
    input, target = matched("huber_loss", input, target)
    losses = ops.huber_loss(input, target, delta)
    if weight is not None:
        _check_weight("huber_loss", losses, weight)
        return reduced(losses * weight, reduction)
    return reduced(losses, reduction, "huber_loss")


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """-(t · log p + (1 - t) · log(1 - p)) for probabilities p and targets t from 0 to 1; no logarithm is below -100.

    `weight`, which broadcasts to the target, scales each loss. RuntimeError for an input outside [0, 1].

    >>> from minigrad import nn, tensor
    >>> nn.functional.binary_cross_entropy(tensor([0.5, 1.0]), tensor([1.0, 1.0]))
    tensor(0.3466)
    """
    reduction = legacy(size_average, reduce, reduction)
    check_reduction("binary_cross_entropy", reduction)
    check_alike("binary_cross_entropy", input, target)
    input, target = input._pair(target)
    p = input.array
    if p.size and not (np.minimum.reduce(p, None) >= 0 and np.maximum.reduce(p, None) <= 1):
        raise RuntimeError(
            "binary_cross_entropy: all elements of input should be between 0 and 1: it takes probabilities, apply sigmoid "
            "first, or use binary_cross_entropy_with_logits"
        )
    losses = ops.binary_cross_entropy(input, target)
    return reduced(losses if weight is None else losses * weight, reduction, "binary_cross_entropy")


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    """`binary_cross_entropy` of sigmoid(input), accurate for every score. `pos_weight` scales the part of t = 1.

    >>> from minigrad import nn, tensor
    >>> nn.functional.binary_cross_entropy_with_logits(tensor([0.0, 1000.0]), tensor([1.0, 1.0]))
    tensor(0.3466)
    """
    name = "binary_cross_entropy_with_logits"
    reduction = legacy(size_average, reduce, reduction)
    check_reduction(name, reduction)
    check_alike(name, input, target)
    input, target = input._pair(target)
    if pos_weight is None:
        losses = ops.binary_cross_entropy_with_logits(input, target)
    else:
        losses = (1 - target) * input - ((pos_weight - 1) * target + 1) * logsigmoid(input)
    return reduced(losses if weight is None else losses * weight, reduction, name)


def kl_div(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
    log_target: bool = False,
) -> Tensor:
    """t · (log t - input) for log-probabilities and probabilities t, or with `log_target` their logarithms.

    Reduction "batchmean" divides the sum by the batch size, and is the divergence; "mean" divides by every element.

    Source: S. Kullback and R. Leibler, Ann. Math. Statist. 22, 1951.
    """
    reduction = legacy(size_average, reduce, reduction)
    check_reduction("kl_div", reduction, "batchmean")
    input, target = matched("kl_div", input, target)
    if log_target:
        losses = target.exp() * (target - input)
    else:
        losses = target * target.masked_fill(target == 0, 1).log() - target * input
    if reduction != "batchmean":
        return reduced(losses, reduction)
    total = losses.sum()
    return total / input.array.shape[0] if input.array.ndim else total


def poisson_nll_loss(
    input: Tensor,
    target: Tensor,
    log_input: bool = True,
    full: bool = False,
    size_average: bool | None = None,
    eps: float = 1e-8,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """exp(x) - t · x, or x - t · log(x + eps) unless `log_input`: the negative log-likelihood of counts t.

    `full` adds Stirling's approximation of log t! for t above 1.
    """
    reduction = legacy(size_average, reduce, reduction)
    check_reduction("poisson_nll_loss", reduction)
    input, target = matched("poisson_nll_loss", input, target)
    losses = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        counts = target.masked_fill(target <= 1, 1)
        stirling = counts * counts.log() - counts + (counts * (2 * pi)).log() * 0.5
        losses = losses + stirling.masked_fill(target <= 1, 0)
    return reduced(losses, reduction)


def gaussian_nll_loss(
    input: Tensor, target: Tensor, var: Tensor | float, full: bool = False, eps: float = 1e-6, reduction: str = "mean"
) -> Tensor:
    """(log v + (input - target)² / v) / 2, where v is the variance, at least `eps`; `full` adds log(2π) / 2.

    `var` has the input's shape, or lacks its last dimension, or has 1 in one place. ValueError if any is negative.

    Source: D. Nix and A. Weigend, ICNN 1994.
    """
    check_reduction("gaussian_nll_loss", reduction)
    if not isinstance(var, Tensor):
        var = input.new_ones(input.array.shape) * var
    if (var.array < 0).any():
        raise ValueError("gaussian_nll_loss: var has negative entries: a variance is not negative")
    a, b = input.array.shape, var.array.shape
    if a != b:
        if a[:-1] == b:
            var = var.unsqueeze(-1)
        elif len(a) != len(b) or sum(m for n, m in zip(a, b) if n != m) != 1:
            raise ValueError(f"gaussian_nll_loss: var has shape {b} for an input of shape {a}: use {a}, or {a[:-1]}")
    low = (var < eps).detach()
    held = where(low, var - var.detach() + eps, var)  # held at eps, with the slope of var
    losses = (held.log() + (input - target).square() / held) * 0.5
    return reduced(losses + 0.5 * log(2 * pi) if full else losses, reduction)


def _check_weight(name: str, losses: Tensor, weight: Tensor) -> None:
    if weight.array.shape != losses.array.shape:
        raise ShapeError(
            f"{name}: a weight of shape {weight.array.shape} for losses of shape {losses.array.shape}: they must be equal"
        )


def _weighted(losses: Tensor, weight: Tensor, reduction: str, name: str) -> Tensor:
    """The losses times a weight for each; the mean is weighted too."""
    _check_weight(name, losses, weight)
    total = reduced(losses * weight, "none" if reduction == "none" else "sum")
    return total / weight.sum() if reduction == "mean" else total
