"""Layers and losses as functions. What has a rule of its own is in `ops/`; what is composed is composed here."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.creation import arange
from minigrad.errors import ShapeError
from minigrad.ops.linalg import linear
from minigrad.ops.loss import squared_error
from minigrad.tensor import Tensor, wrap

__all__ = [
    "cross_entropy",
    "linear",
    "log_softmax",
    "mse_loss",
    "nll_loss",
    "one_hot",
    "relu",
    "sigmoid",
    "softmax",
    "tanh",
]


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(input, 0)."""
    return input.relu_() if inplace else input.relu()


def sigmoid(input: Tensor) -> Tensor:
    """1 / (1 + e⁻ˣ)."""
    return input.sigmoid()


def tanh(input: Tensor) -> Tensor:
    """The hyperbolic tangent."""
    return input.tanh()


def softmax(input: Tensor, dim: int | None = None, dtype: Any = None) -> Tensor:
    """eˣ / Σ eˣ along `dim`; TypeError if it is not given, because every choice is a guess."""
    return input.softmax(_required(dim, "softmax", input), dtype)


def log_softmax(input: Tensor, dim: int | None = None, dtype: Any = None) -> Tensor:
    """The logarithm of softmax along `dim`; TypeError if it is not given."""
    return input.log_softmax(_required(dim, "log_softmax", input), dtype)


def _required(dim: int | None, name: str, input: Tensor) -> int:
    if dim is None:
        raise TypeError(
            f"{name} of a tensor of shape {tuple(input.shape)} needs a dimension: dim=-1 is the classes of a batch"
        )
    return dim


def mse_loss(input: Tensor, target: Tensor, *, reduction: str = "mean") -> Tensor:
    """(input - target)², averaged over every element, summed, or as it is: reduction "mean", "sum" or "none".

    ShapeError if the shapes differ: a loss never broadcasts.

    >>> from minigrad import nn, tensor
    >>> nn.functional.mse_loss(tensor([1.0, 2.0]), tensor([0.0, 4.0]))
    tensor(2.5000)
    """
    _same_shape("mse_loss", input, target)
    if reduction == "none":
        return (input - target).square()
    return squared_error(
        input, target, 1 / max(input.array.size, 1) if _known(reduction, "mse_loss") == "mean" else 1.0
    )


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """The negative log-likelihood: minus the entry of log-probabilities (N, C, ...) that each of the targets (N, ...) names.

    `weight` (C) scales each class, and the mean is weighted by it; targets equal to `ignore_index` do not count.
    """
    classes = 1 if input.array.ndim > 1 else 0
    expected = input.array.shape[:classes] + input.array.shape[classes + 1 :]
    if target.array.shape != expected:
        raise ShapeError(
            f"nll_loss: log-probabilities of shape {tuple(input.shape)} need class indices of shape {tuple(expected)}, not "
            f"{tuple(target.shape)}{_target_hint(input, target)}"
        )
    if target.array.dtype.kind not in "iu":
        raise TypeError(f"nll_loss: class indices of type {target.dtype}: convert them with .long()")
    counted = target.array != ignore_index
    index = np.where(counted, target.array, 0)
    n = input.array.shape[classes]
    if index.size and (index.min() < 0 or index.max() >= n):
        worst = int(index.min()) if index.min() < 0 else int(index.max())
        raise IndexError(f"nll_loss: class {worst} of {n}: targets must be from 0 to {n - 1}")
    picked = input.gather(classes, wrap(np.expand_dims(index, classes))).squeeze(classes)
    scale = counted.astype(input.array.dtype)
    if weight is not None:
        scale = scale * weight.array[index]
    losses = -(picked * wrap(scale)) if weight is not None or not counted.all() else -picked
    if _known(reduction, "nll_loss") == "none":
        return losses
    total = losses.sum()
    return total / wrap(np.asarray(scale.sum())) if reduction == "mean" else total


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
    softmax is part of the loss. `label_smoothing` mixes the target with the uniform distribution.

    Source: C. Szegedy et al., Rethinking the Inception Architecture, CVPR 2016, for the smoothing.

    >>> from minigrad import nn, tensor
    >>> nn.functional.cross_entropy(tensor([[2.0, 0.0]]), tensor([0]))
    tensor(0.1269)
    """
    classes = 1 if input.array.ndim > 1 else 0
    logs = input.log_softmax(classes)
    n = input.array.shape[classes]
    if target.array.dtype.kind == "f":
        _same_shape("cross_entropy", input, target)
        if label_smoothing:
            target = target * (1 - label_smoothing) + label_smoothing / n
        scaled = logs * target
        if weight is not None:
            scaled = scaled * weight.reshape((n,) + (1,) * (input.array.ndim - classes - 1))
        losses = -scaled.sum(classes)
        if _known(reduction, "cross_entropy") == "mean":
            return losses.sum() / max(losses.array.size, 1)
        return losses if reduction == "none" else losses.sum()
    right = nll_loss(logs, target, weight, ignore_index=ignore_index, reduction=reduction)
    if not label_smoothing:
        return right
    counted = wrap((target.array != ignore_index).astype(input.array.dtype))
    spread = -(logs if weight is None else logs * weight.reshape((n,) + (1,) * (input.array.ndim - classes - 1)))
    smooth = spread.sum(classes) * counted
    if reduction == "sum":
        smooth = smooth.sum()
    elif reduction == "mean":
        index = np.where(counted.array > 0, target.array, 0)
        scale = counted if weight is None else counted * wrap(weight.array[index])
        smooth = smooth.sum() / scale.sum()
    mixed: Tensor = right * (1 - label_smoothing) + smooth * (label_smoothing / n)
    return mixed


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Each class index as a row of zeros with a one at its place, int64: (...) to (..., num_classes).

    >>> from minigrad import nn, tensor
    >>> nn.functional.one_hot(tensor([0, 2]), 3)
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    if tensor.array.dtype.kind not in "iu":
        raise TypeError(f"one_hot: class indices of type {tensor.dtype}: convert them with .long()")
    low, high = (int(tensor.array.min()), int(tensor.array.max())) if tensor.array.size else (0, num_classes - 1)
    n = high + 1 if num_classes == -1 else num_classes
    if low < 0 or high >= n:
        raise ValueError(f"one_hot: class {low if low < 0 else high} of {n}: indices must be from 0 to num_classes - 1")
    return (tensor.unsqueeze(-1) == arange(n)).long()


def _known(reduction: str, name: str) -> str:
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f"{name}: reduction={reduction!r}: use 'mean', 'sum' or 'none'")
    return reduction


def _same_shape(name: str, input: Tensor, target: Tensor) -> None:
    """An error, with the fix, if a loss would have to broadcast."""
    a, b = input.array.shape, target.array.shape
    if a != b:
        raise ShapeError(
            f"{name}: the input has shape {tuple(a)} and the target {tuple(b)}: they must be equal{_fix(a, b)}"
        )


def _fix(a: tuple[int, ...], b: tuple[int, ...]) -> str:
    if a == (*b, 1):
        return "; use input.squeeze(-1), or target.unsqueeze(-1)"
    if b == (*a, 1):
        return "; use target.squeeze(-1), or input.unsqueeze(-1)"
    if len(a) == 2 and b == a[:1]:
        return f"; for class indices use nn.functional.one_hot(target, {a[1]}).float(), or cross_entropy"
    if int(np.prod(a)) == int(np.prod(b)):
        return "; use target.reshape(input.shape)"
    return ""


def _target_hint(input: Tensor, target: Tensor) -> str:
    if target.array.shape == input.array.shape:
        return "; for one-hot rows use target.argmax(1)"
    if target.array.size == input.array.shape[0]:
        return "; use target.reshape(-1)"
    return ""
