"""Losses for classes, as functions.

`reduction` is "mean", "sum" or "none"; `size_average` and `reduce` are PyTorch's old words for it.
"""

from __future__ import annotations

from math import nan, prod
from typing import Any

import numpy as np

from minigrad.errors import ShapeError
from minigrad.nn.functional.activation import logsigmoid
from minigrad.nn.functional.reduction import check_reduction, legacy, matched, reduced
from minigrad.ops import loss as ops
from minigrad.ops.loss import not_tensors
from minigrad.tensor import Tensor, wrap


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """The negative log-likelihood: minus the entry of log-probabilities (N, C, ...) that each of the targets (N, ...) names.

    `weight` (C) scales each class, and the mean is weighted by it; targets equal to `ignore_index` do not count. The mean
    of nothing is NaN.
    """
    reduction = legacy(size_average, reduce, reduction)
    _check_classes("nll_loss", input, target, weight, reduction)
    return _of_indices("nll_loss", input, target, weight, ignore_index, reduction)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    ignore_index: int = -100,
    reduce: bool | None = None,
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
    reduction = legacy(size_average, reduce, reduction)
    _check_classes("cross_entropy", input, target, weight, reduction)
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"cross_entropy: label_smoothing={label_smoothing}: give a number from 0 to 1")
    if target.array.dtype.kind != "f" or target.array.shape != input.array.shape:
        return _of_indices("cross_entropy", input, target, weight, ignore_index, reduction, label_smoothing)
    if ignore_index >= 0:
        raise ValueError(f"cross_entropy: ignore_index={ignore_index}, and the targets are probabilities, not indices")
    classes = _class_dim(input)
    if label_smoothing:
        target = target * (1 - label_smoothing) + label_smoothing / input.array.shape[classes]
    losses = -(_weighted(input.log_softmax(classes), weight) * target).sum(classes)
    return reduced(losses, reduction)


def _of_indices(
    name: str,
    input: Tensor,
    target: Tensor,
    weight: Tensor | None,
    ignore_index: int,
    reduction: str,
    smoothing: float = 0.0,
) -> Tensor:
    """What nll_loss and cross_entropy share: the loss for class indices."""
    input = input._floating()
    target, ignored = _class_indices(name, input.array.shape, target, ignore_index)
    if smoothing or (weight is not None and weight.requires_grad):
        return _of_indices_composed(name, input, target, weight, ignored, reduction, smoothing)
    kind = input.array.dtype
    if weight is None:
        factors = np.ones((), kind) if ignored is None else (~ignored).astype(kind).reshape(-1)
        count = factors.sum() if factors.ndim else target.array.size
    else:
        factors = weight.array[target.array].astype(kind).reshape(-1)
        if ignored is not None:
            factors[ignored.reshape(-1)] = 0
        count = factors.sum()
    if reduction == "mean" and count:
        factors = np.asarray(factors / count, kind)
    rows = input
    if input.array.ndim != 2:
        rows = input.unsqueeze(0) if input.array.ndim == 1 else input.movedim(1, -1).reshape(-1, input.array.shape[1])
    operation = ops.cross_entropy if name == "cross_entropy" else ops.nll_loss
    flat = target if target.array.ndim == 1 else target.reshape(-1)
    result = operation(rows, flat, wrap(factors), reduction != "none")
    if reduction == "mean" and not count:
        return result + nan  # the mean of nothing
    return result.reshape(target.array.shape) if reduction == "none" and target.array.ndim != 1 else result


def _of_indices_composed(
    name: str, input: Tensor, target: Tensor, weight: Tensor | None, ignored: Any, reduction: str, smoothing: float
) -> Tensor:
    """The same out of smaller operations: for weights that learn, and for smoothed labels."""
    classes = _class_dim(input)
    logs = input.log_softmax(classes) if name == "cross_entropy" else input
    n = logs.array.shape[classes]
    losses = -logs.gather(classes, target.unsqueeze(classes)).squeeze(classes)
    kept = np.ones(target.array.shape, bool) if ignored is None else ~ignored
    share: Any = kept.astype(logs.array.dtype)  # how much each target counts in the mean
    if weight is not None:
        factor = weight[target]
        losses, share = losses * factor, factor * wrap(share)
    if smoothing:
        losses = losses * (1 - smoothing) - _weighted(logs, weight).sum(classes) * (smoothing / n)
    if ignored is not None:
        losses = losses.masked_fill(wrap(ignored), 0)
    if reduction == "none":
        return losses
    total = losses.sum()
    if reduction == "sum":
        return total
    return total / (wrap(np.asarray(share.sum())) if weight is None else share.sum())


def _class_indices(name: str, shape: tuple[int, ...], target: Tensor, ignore_index: int) -> tuple[Tensor, Any]:
    """The targets as int64 from 0 to C - 1, and where they are to be ignored: an array, or None for nowhere."""
    classes = 1 if len(shape) > 1 else 0
    n, expected = shape[classes], shape[:classes] + shape[classes + 1 :]
    array = target.array
    if array.shape != expected:
        kind = "log-probabilities" if name == "nll_loss" else "scores"
        hint = ""
        if array.shape == shape:
            hint = f"; for one-hot rows use target.argmax({classes})"
        elif array.size == prod(expected):
            hint = f"; use target.reshape({expected})"
        raise ShapeError(
            f"{name}: {kind} of shape {shape} need class indices of shape {expected}, not {array.shape}{hint}"
        )
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name}: class indices of type {array.dtype}: convert them with .long()")
    if not array.size:
        return wrap(array.astype(np.intp)), None
    low, high = np.minimum.reduce(array, None), np.maximum.reduce(array, None)
    if low >= 0 and high < n and not 0 <= ignore_index < n:
        return target if array.dtype == np.intp else wrap(array.astype(np.intp)), None
    ignored = array == ignore_index
    index = np.where(ignored, 0, array).astype(np.intp)
    if index.min() < 0 or index.max() >= n:
        worst = int(index.min()) if index.min() < 0 else int(index.max())
        raise IndexError(f"{name}: class {worst} of {n}: targets must be from 0 to {n - 1}")
    return wrap(index), ignored


def _class_dim(input: Tensor) -> int:
    """The dimension of the classes: 1 of a batch, 0 of a single example."""
    return 1 if input.array.ndim > 1 else 0


def _weighted(logs: Tensor, weight: Tensor | None) -> Tensor:
    """Log-probabilities, each class times its weight."""
    behind = logs.array.ndim - _class_dim(logs) - 1
    return logs if weight is None else logs * weight.reshape(-1, *(1,) * behind)


def _check_classes(name: str, input: Tensor, target: Tensor, weight: Tensor | None, reduction: str) -> None:
    """An error unless there are classes, and as many weights, if any."""
    check_reduction(name, reduction)
    if not (isinstance(input, Tensor) and isinstance(target, Tensor) and isinstance(weight, Tensor | None)):
        raise not_tensors(name, input, target, *(() if weight is None else (weight,)))
    if not input.array.ndim:
        raise ShapeError(f"{name}: an input of no dimensions has no classes: its shape must be (N, C, ...) or (C)")
    n = input.array.shape[_class_dim(input)]
    if weight is not None and weight.array.shape != (n,):
        raise ShapeError(
            f"{name}: weights of shape {weight.array.shape} for {n} classes: give one for each, of shape ({n},)"
        )


# ── margins between classes ──────────────────────────────────────────────────────────────────────────────────────────


def multi_margin_loss(
    input: Tensor,
    target: Tensor,
    p: int = 1,
    margin: float = 1.0,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Σ max(0, margin - x[y] + x[i])ᵖ / C over the wrong classes i, for scores (N, C) or (C) and the right classes y.

    `weight` (C) scales each example by its class. ValueError unless p is 1 or 2.

    Source: K. Crammer and Y. Singer, JMLR 2, 2001.
    """
    reduction = legacy(size_average, reduce, reduction)
    _check_classes("multi_margin_loss", input, target, weight, reduction)
    if p not in (1, 2):
        raise ValueError(f"multi_margin_loss: p={p}: use 1 or 2")
    rows = input if input.array.ndim == 2 else input.unsqueeze(0)
    places = target if target.array.ndim == 1 else target.reshape(-1)
    index, _ = _class_indices("multi_margin_loss", rows.array.shape, places, -100)
    right = rows.gather(1, index.unsqueeze(1))
    losses = (margin - right + rows).clamp(min=0)
    losses = losses if p == 1 else losses.square()
    if weight is not None:
        losses = losses * weight[index].unsqueeze(1)
    wrong = wrap(np.arange(rows.array.shape[1]) != index.array[:, None])
    losses = (losses * wrong.to(losses.dtype)).sum(1) / rows.array.shape[1]
    losses = losses if input.array.ndim == 2 else losses.squeeze(0)
    return reduced(losses, reduction, "multi_margin_loss")


def multilabel_margin_loss(
    input: Tensor,
    target: Tensor,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """Σ max(0, 1 - x[y] + x[i]) / C over the right classes y and all others i, for scores (N, C) or (C).

    A row of the target, of the same shape, names the right classes, up to the first -1.
    """
    reduction = legacy(size_average, reduce, reduction)
    check_reduction("multilabel_margin_loss", reduction)
    if input.array.shape != target.array.shape or input.array.ndim not in (1, 2):
        raise ShapeError(
            f"multilabel_margin_loss: an input of shape {input.array.shape} and a target of shape {target.array.shape}: they "
            "must be equal, (N, C) or (C)"
        )
    rows, names = (input, target.array) if input.array.ndim == 2 else (input.unsqueeze(0), target.array[None])
    named = np.logical_and.accumulate(names >= 0, axis=1)
    index = np.where(named, names, 0).astype(np.intp)
    if index.size and index.max() >= rows.array.shape[1]:
        raise IndexError(f"multilabel_margin_loss: class {index.max()} of {rows.array.shape[1]}")
    is_right = np.zeros(rows.array.shape, bool)
    np.put_along_axis(is_right, np.where(named, index, index[:, :1]), True, 1)
    is_right &= named.any(1, keepdims=True)
    counts = named[:, :, None] & ~is_right[:, None, :]
    pairs = (1 - rows.gather(1, wrap(index)).unsqueeze(2) + rows.unsqueeze(1)).clamp(min=0)
    losses = (pairs * wrap(counts.astype(rows.array.dtype))).sum((1, 2)) / rows.array.shape[1]
    losses = losses if input.array.ndim == 2 else losses.squeeze(0)
    return reduced(losses, reduction, "multilabel_margin_loss")


def multilabel_soft_margin_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    size_average: bool | None = None,
    reduce: bool | None = None,
    reduction: str = "mean",
) -> Tensor:
    """-(t · log σ(x) + (1 - t) · log σ(-x)), averaged over the classes, for scores and targets 0 or 1, (N, C)."""
    reduction = legacy(size_average, reduce, reduction)
    check_reduction("multilabel_soft_margin_loss", reduction)
    input, target = matched("multilabel_soft_margin_loss", input, target)
    losses = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    losses = losses if weight is None else losses * weight
    return reduced(losses.mean(-1), reduction)
