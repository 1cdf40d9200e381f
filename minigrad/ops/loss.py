"""Losses that are one operation each, because they stand in the innermost loop."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from numpy import ndarray

from minigrad import kernels
from minigrad.errors import ShapeError
from minigrad.graph import apply
from minigrad.kernels import loss as loss_kernels

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


def squared_error(input: Tensor, target: Tensor, scale: float, name: str = "squared_error") -> Tensor:
    """scale · Σ (input - target)², over every element of two tensors of one shape.

    ShapeError if the shapes differ, TypeError if neither is floating point; the messages speak of `name`.
    """
    check_alike(name, input, target)
    input, target = input._pair(target)
    return apply(
        kernels.squared_error,
        (input, target),
        (
            lambda g: _squared_error_backward(g, input, target, scale),
            lambda g: _squared_error_backward(g, target, input, scale),
        ),
        plain=True,
        scale=scale,
    )


def _squared_error_backward(gradient: Any, x: Tensor, y: Tensor, scale: float) -> Any:
    """gradient · 2 · scale · (x - y), for a gradient that is one number."""
    if type(gradient) is ndarray:
        return kernels.squared_error_backward(gradient, x.array, y.array, scale)
    return apply(
        kernels.squared_error_backward,
        (gradient, x, y),
        (
            lambda g: (g * (x - y)).sum() * (2 * scale),
            lambda g: g * gradient * (2 * scale),
            lambda g: g * gradient * (-2 * scale),
        ),
        scale=scale,
    )


def mse_loss(input: Tensor, target: Tensor, scale: float) -> Tensor:
    """`squared_error` under the name that it has in PyTorch, of two tensors known to be alike."""
    return apply(
        kernels.squared_error,
        (input, target),
        (
            lambda g: _squared_error_backward(g, input, target, scale),
            lambda g: _squared_error_backward(g, target, input, scale),
        ),
        plain=True,
        scale=scale,
    )


# ── the right class of several ───────────────────────────────────────────────────────────────────────────────────────


def nll_loss(logs: Tensor, target: Tensor, factors: Tensor, total: bool) -> Tensor:
    """-factor · logs[i, target[i]] for each row of (M, C), or their sum if `total`.

    `target` holds int64 from 0 to C - 1, `factors` a constant or one per row; where it is 0, so is the loss.
    """
    classes = logs.array.shape[1]
    return apply(
        loss_kernels.picked,
        (logs, target, factors),
        (lambda g: _nll_loss_backward(g, target, factors, classes, total), None, None),
        total=total,
    )


def _nll_loss_backward(gradient: Tensor, target: Tensor, factors: Tensor, classes: int, total: bool) -> Tensor:
    """-gradient · factor at the target of each row."""
    return apply(
        loss_kernels.picked_backward,
        (gradient, target, factors),
        (lambda g: nll_loss(g, target, factors, total), None, None),
        classes=classes,
    )


def cross_entropy(x: Tensor, target: Tensor, factors: Tensor, total: bool) -> Tensor:
    """`nll_loss` of the log_softmax of the rows of x, in one operation."""
    sums = apply(loss_kernels.row_logsumexp, (x.detach(),))

    def back(g: Tensor) -> Tensor:
        return _cross_entropy_backward(g, x, sums, target, factors, total)

    back.__qualname__ = "nll_loss.<locals>.<lambda>"  # as it is printed in PyTorch, where it is two operations
    return apply(loss_kernels.picked_from, (x, sums, target, factors), (back, None, None, None), total=total)


def _cross_entropy_backward(
    gradient: Tensor, x: Tensor, sums: Tensor, target: Tensor, factors: Tensor, total: bool
) -> Tensor:
    """gradient · factor · (softmax(x) - 1 at the target)."""

    def of_gradient(g: Tensor) -> Tensor:
        p = x.softmax(1)
        rows = ((g * p).sum(1) + nll_loss(g, target, factors.new_ones(()), False)) * factors
        return rows.sum() if total else rows

    def of_x(g: Tensor) -> Tensor:
        p = x.softmax(1)
        rows = gradient * factors
        along = p * (g - (g * p).sum(1, keepdim=True))
        return along * (rows.unsqueeze(1) if rows.array.ndim else rows)

    of_gradient.__qualname__ = of_x.__qualname__ = "_cross_entropy_backward.<locals>.<lambda>"
    return apply(
        loss_kernels.cross_entropy_backward,
        (gradient, x, sums, target, factors),
        (of_gradient, of_x, None, None, None),
    )


# ── elementwise ──────────────────────────────────────────────────────────────────────────────────────────────────────


def binary_cross_entropy(p: Tensor, t: Tensor) -> Tensor:
    """-(t · log p + (1 - t) · log(1 - p)), where no logarithm is below -100, nor p · (1 - p) in the slope below 1e-12."""
    return apply(
        loss_kernels.binary_cross_entropy,
        (p, t),
        (
            lambda g: g * (p - t) / (p * (1 - p)).clamp(min=1e-12),
            lambda g: g * (_log(1 - p) - _log(p)),
        ),
    )


def binary_cross_entropy_with_logits(x: Tensor, t: Tensor) -> Tensor:
    """`binary_cross_entropy` of σ(x), accurate for every x."""
    return apply(loss_kernels.logistic_loss, (x, t), (lambda g: g * (x.sigmoid() - t), lambda g: -g * x))


def smooth_l1_loss(input: Tensor, target: Tensor, beta: float) -> Tensor:
    """d² / (2 beta) where |d| is below beta, |d| - beta/2 beyond, of d = input - target."""
    return apply(
        loss_kernels.huber,
        (input, target),
        (
            lambda g: g * ((input - target) * (1 / beta)).clamp(-1, 1),
            lambda g: g * ((target - input) * (1 / beta)).clamp(-1, 1),
        ),
        delta=beta,
        scale=1 / beta,
    )


def huber_loss(input: Tensor, target: Tensor, delta: float) -> Tensor:
    """d²/2 where |d| is at most delta, delta · (|d| - delta/2) beyond, of d = input - target."""
    return apply(
        loss_kernels.huber,
        (input, target),
        (
            lambda g: g * (input - target).clamp(-delta, delta),
            lambda g: g * (target - input).clamp(-delta, delta),
        ),
        delta=delta,
        scale=1.0,
    )


def _log(p: Tensor) -> Tensor:
    """log p, not below -100."""
    none = p == 0
    return p.masked_fill(none, 1).log().masked_fill(none, -100).clamp(min=-100)


# ── errors ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def check_alike(name: str, input: Tensor, target: Tensor) -> None:
    """An error, with the fix, if a loss would have to broadcast, or to compute in integers, or got something else."""
    try:
        x, y = input.array, target.array
    except AttributeError:
        raise not_tensors(name, input, target) from None
    if x.shape != y.shape:
        raise ShapeError(
            f"{name}: the input has shape {x.shape} and the target {y.shape}: they must be equal"
            f"{_fix(x.shape, y.shape, y.dtype.kind in 'iu')}"
        )
    if x.dtype.kind != "f" and y.dtype.kind != "f":
        raise TypeError(f"{name} of tensors of type {x.dtype} and {y.dtype}: convert one, input.float()")


def not_tensors(name: str, *operands: object) -> TypeError:
    """The error for lists or arrays where tensors must stand."""
    kinds = " and ".join(f"a {type(operand).__name__}" for operand in operands)
    return TypeError(f"{name} needs tensors, not {kinds}: use minigrad.tensor(...)")


def _fix(a: tuple[int, ...], b: tuple[int, ...], integers: bool) -> str:
    """The likeliest way to make the shape of the target, b, that of the input, a."""
    if a == (*b, 1):
        return "; use input.squeeze(-1), or target.unsqueeze(-1)"
    if b == (*a, 1):
        return "; use target.squeeze(-1), or input.unsqueeze(-1)"
    if len(a) == 2 and b == a[:1] and integers:
        return f"; for class indices use nn.functional.one_hot(target, {a[1]}).float(), or cross_entropy"
    if prod(a) == prod(b):
        return "; use target.reshape(input.shape)"
    return ""
