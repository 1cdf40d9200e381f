"""Losses and their gradients, for the innermost loop."""

from __future__ import annotations

import numpy as np

from minigrad.kernels import Array, rows

# ── the right class ──────────────────────────────────────────────────────────────────────────────────────────────────


def picked(logs: Array, target: Array, factors: Array, total: bool) -> Array:
    """-factor · logs[i, target[i]] for each row of (M, C), or their sum. `factors` is a number or one per row; where it is
    0, so is the loss, whatever the logarithm."""
    return _weighed(np.negative(logs[np.arange(len(target)), target]), factors, total)


def _weighed(losses: Array, factors: Array, total: bool) -> Array:
    if factors.ndim:
        losses = np.where(factors != 0, losses, 0)
        losses *= factors
        return np.asanyarray(np.add.reduce(losses) if total else losses)
    return np.asanyarray(np.add.reduce(losses) * factors if total else losses * factors)


def row_logsumexp(x: Array) -> Array:
    """log Σ exp(x) of each row of (M, C), as (M, 1)."""
    if not x.shape[1]:
        return np.full((len(x), 1), -np.inf, x.dtype)
    top = rows.extreme(x, np.maximum, 1)
    powers = np.asanyarray(x - top)
    np.exp(powers, out=powers)
    total = powers.dot(np.ones((x.shape[1], 1), x.dtype))
    np.log(total, out=total)
    total += top
    return np.asanyarray(total)


def picked_from(x: Array, sums: Array, target: Array, factors: Array, total: bool) -> Array:
    """`picked` of the logarithm of softmax of the scores x, whose `row_logsumexp` is `sums`."""
    losses = sums[:, 0] - x[np.arange(len(target)), target]
    return _weighed(losses, factors, total)


def picked_backward(gradient: Array, target: Array, factors: Array, classes: int) -> Array:
    """The gradient of `picked` by the logarithms: -gradient · factor at the target of each row."""
    out = np.zeros((len(target), classes), gradient.dtype)
    out[np.arange(len(target)), target] = -(gradient * factors)
    return out


def cross_entropy_backward(gradient: Array, x: Array, sums: Array, target: Array, factors: Array) -> Array:
    """The gradient of `picked_from` by the scores x: gradient · factor · (softmax(x) - 1 at the target)."""
    out = np.asanyarray(x - sums)
    np.exp(out, out=out)
    out[np.arange(len(target)), target] -= 1
    rows = np.asanyarray(gradient * factors)
    out *= rows[:, None] if rows.ndim else rows
    return out


# ── two classes ──────────────────────────────────────────────────────────────────────────────────────────────────────


def binary_cross_entropy(p: Array, t: Array) -> Array:
    """-(t · log p + (1 - t) · log(1 - p)), where no logarithm is below -100."""
    none, all_ = p == 0, p == 1
    first = np.asanyarray(np.log(p + none))
    second = np.asanyarray(np.log1p(all_ - p))
    for out, at in ((first, none), (second, all_)):
        np.copyto(out, -100, where=at)
        np.maximum(out, -100, out=out)
    second -= first
    second *= t - 1
    second -= first
    return np.asanyarray(second)


def logistic_loss(x: Array, t: Array) -> Array:
    """`binary_cross_entropy` of σ(x), without overflow: max(x, 0) - t · x + log(1 + exp(-|x|))."""
    out = np.asanyarray(np.exp(-np.abs(x)))
    np.log1p(out, out=out)
    out += np.maximum(x, 0)
    out -= t * x
    return out


# ── differences ──────────────────────────────────────────────────────────────────────────────────────────────────────


def huber(x: Array, y: Array, delta: float, scale: float) -> Array:
    """scale · (d²/2 where |d| is below delta, delta · (|d| - delta/2) beyond), of d = x - y."""
    size = np.asanyarray(np.abs(x - y))
    near = np.minimum(size, delta)
    size -= near * 0.5
    size *= near
    size *= scale
    return np.asanyarray(size)
