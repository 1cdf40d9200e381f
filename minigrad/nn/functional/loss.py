"""Losses as functions."""

from __future__ import annotations

from math import nan, prod
from typing import Any

import numpy as np

from minigrad.errors import ShapeError
from minigrad.ops.loss import check_alike, not_tensors, squared_error
from minigrad.tensor import Tensor, wrap


def mse_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """(input - target)², averaged over every element, summed, or as it is: reduction "mean", "sum" or "none".

    ShapeError if the shapes differ: a loss never broadcasts. TypeError if neither is floating point. The mean of nothing
    is NaN.

    >>> from minigrad import nn, tensor
    >>> nn.functional.mse_loss(tensor([1.0, 2.0]), tensor([0.0, 4.0]))
    tensor(2.5000)
    """
    _check_reduction("mse_loss", reduction)
    if reduction == "none":
        check_alike("mse_loss", input, target)
        return (input - target).square()
    n = input.array.size
    return squared_error(input, target, 1.0 if reduction == "sum" else 1 / n if n else nan, "mse_loss")


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """The negative log-likelihood: minus the entry of log-probabilities (N, C, ...) that each of the targets (N, ...) names.

    `weight` (C) scales each class, and the mean is weighted by it; targets equal to `ignore_index` do not count. The mean
    of nothing is NaN.
    """
    _check_classes("nll_loss", input, target, weight, reduction)
    return _of_indices("nll_loss", input, target, weight, ignore_index, reduction)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    """The cross-entropy between scores (N, C, ...) or (C) and the right classes.

    The targets are class indices (N, ...), int64, or probabilities of the shape of the scores. The scores are raw: a
    softmax is part of the loss. `weight` and `ignore_index` as in `nll_loss`; `label_smoothing` mixes the target with the
    uniform distribution.

    Source: C. Szegedy et al., Rethinking the Inception Architecture, CVPR 2016, for the smoothing.

    >>> from minigrad import nn, tensor
    >>> nn.functional.cross_entropy(tensor([[2.0, 0.0]]), tensor([0]))
    tensor(0.1269)
    """
    _check_classes("cross_entropy", input, target, weight, reduction)
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"cross_entropy: label_smoothing={label_smoothing}: give a number from 0 to 1")
    classes = _class_dim(input)
    logs = input.log_softmax(classes)
    if target.array.dtype.kind != "f" or target.array.shape != input.array.shape:
        return _of_indices("cross_entropy", logs, target, weight, ignore_index, reduction, label_smoothing)
    if ignore_index >= 0:
        raise ValueError(f"cross_entropy: ignore_index={ignore_index}, and the targets are probabilities, not indices")
    if label_smoothing:
        target = target * (1 - label_smoothing) + label_smoothing / input.array.shape[classes]
    losses = -(_weighted(logs, weight) * target).sum(classes)
    if reduction == "none":
        return losses
    return losses.mean() if reduction == "mean" else losses.sum()


def _of_indices(
    name: str,
    logs: Tensor,
    target: Tensor,
    weight: Tensor | None,
    ignore_index: int,
    reduction: str,
    smoothing: float = 0.0,
) -> Tensor:
    """What nll_loss and cross_entropy share: the loss for log-probabilities and class indices."""
    classes = _class_dim(logs)
    shape, n = logs.array.shape, logs.array.shape[classes]
    expected = shape[:classes] + shape[classes + 1 :]
    if target.array.shape != expected:
        kind = "log-probabilities" if name == "nll_loss" else "scores"
        hint = ""
        if target.array.shape == shape:
            hint = f"; for one-hot rows use target.argmax({classes})"
        elif target.array.size == prod(expected):
            hint = f"; use target.reshape({expected})"
        raise ShapeError(
            f"{name}: {kind} of shape {shape} need class indices of shape {expected}, not {target.array.shape}{hint}"
        )
    if target.array.dtype.kind not in "iu":
        raise TypeError(f"{name}: class indices of type {target.array.dtype}: convert them with .long()")
    ignored = target.array == ignore_index
    index = np.where(ignored, 0, target.array).astype(np.intp)
    if index.size and (index.min() < 0 or index.max() >= n):
        worst = int(index.min()) if index.min() < 0 else int(index.max())
        raise IndexError(f"{name}: class {worst} of {n}: targets must be from 0 to {n - 1}")
    losses = -logs.gather(classes, wrap(np.expand_dims(index, classes))).squeeze(classes)
    share: Any = (~ignored).astype(logs.array.dtype)  # how much each target counts in the mean
    if weight is not None:
        factor = weight[wrap(index)]
        losses, share = losses * factor, factor * wrap(share)
    if smoothing:
        losses = losses * (1 - smoothing) - _weighted(logs, weight).sum(classes) * (smoothing / n)
    if ignored.any():
        losses = losses.masked_fill(wrap(ignored), 0)
    if reduction == "none":
        return losses
    total = losses.sum()
    if reduction == "sum":
        return total
    return total / (wrap(np.asarray(share.sum())) if weight is None else share.sum())


def _class_dim(input: Tensor) -> int:
    """The dimension of the classes: 1 of a batch, 0 of a single example."""
    return 1 if input.array.ndim > 1 else 0


def _weighted(logs: Tensor, weight: Tensor | None) -> Tensor:
    """Log-probabilities, each class times its weight."""
    behind = logs.array.ndim - _class_dim(logs) - 1
    return logs if weight is None else logs * weight.reshape(-1, *(1,) * behind)


def _check_reduction(name: str, reduction: str) -> None:
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{name}: reduction={reduction!r}: use 'mean', 'sum' or 'none'")


def _check_classes(name: str, input: Tensor, target: Tensor, weight: Tensor | None, reduction: str) -> None:
    """An error unless there are classes, and as many weights, if any."""
    _check_reduction(name, reduction)
    if not all(isinstance(operand, Tensor | None) for operand in (input, target, weight)):
        raise not_tensors(name, input, target, *(() if weight is None else (weight,)))
    if not input.array.ndim:
        raise ShapeError(f"{name}: an input of no dimensions has no classes: its shape must be (N, C, ...) or (C)")
    n = input.array.shape[_class_dim(input)]
    if weight is not None and weight.array.shape != (n,):
        raise ShapeError(
            f"{name}: weights of shape {weight.array.shape} for {n} classes: give one for each, of shape ({n},)"
        )
