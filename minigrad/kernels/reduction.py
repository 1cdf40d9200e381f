"""Means, variances, and the slopes of variance and softmax, each in as few passes as NumPy allows."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.kernels import Array, rows


def total(x: Array) -> Array:
    """Σ x, over every element."""
    return np.asanyarray(np.add.reduce(x, None))


def sums(x: Array, axis: tuple[int, ...] | None, keepdims: bool) -> Array:
    """Σ x over axes."""
    if is_last(x, axis):
        total = rows.total(x, x.ndim - 1)
        return total if keepdims else np.asanyarray(total.reshape(x.shape[:-1]))
    return np.asanyarray(np.add.reduce(x, axis, None, None, keepdims))  # type: ignore[call-overload]


def largest(x: Array, axis: tuple[int, ...] | None, keepdims: bool) -> Array:
    """The maximum over axes."""
    return _extreme(np.maximum, x, axis, keepdims)


def smallest(x: Array, axis: tuple[int, ...] | None, keepdims: bool) -> Array:
    """The minimum over axes."""
    return _extreme(np.minimum, x, axis, keepdims)


def _extreme(ufunc: Any, x: Array, axis: tuple[int, ...] | None, keepdims: bool) -> Array:
    if is_last(x, axis):
        found = rows.extreme(x, ufunc, x.ndim - 1)
        return found if keepdims else np.asanyarray(found.reshape(x.shape[:-1]))
    return np.asanyarray(ufunc.reduce(x, axis=axis, keepdims=keepdims))


def is_last(x: Array, axis: tuple[int, ...] | None) -> bool:
    """Is it the last axis alone, along which `rows` may be quicker?"""
    return x.ndim > 0 and axis == (x.ndim - 1,)


def mean(x: Array, axis: tuple[int, ...] | None, keepdims: bool) -> Array:
    """Σ x / n over axes. Of no elements it is NaN."""
    total = sums(x, axis, keepdims)
    n = x.size // total.size if total.size else 1
    return np.asanyarray(np.true_divide(total, n, dtype=x.dtype))


def variance(x: Array, axis: tuple[int, ...], free: float, keepdims: bool) -> Array:
    """Σ (x - mean)² / free over axes."""
    away = _deviation(x, axis)
    np.multiply(away, away, out=away)
    total = np.add.reduce(away, axis=axis, keepdims=keepdims)  # type: ignore[call-overload]
    return np.asanyarray(np.true_divide(total, free, dtype=x.dtype))


def _deviation(x: Array, axis: tuple[int, ...]) -> Array:
    """x - mean, an array of its own."""
    middle = np.add.reduce(x, axis=axis, keepdims=True)
    n = x.size // middle.size if middle.size else 1
    return np.asanyarray(x - np.true_divide(middle, max(n, 1), dtype=x.dtype))


def times_deviation(gradient: Array, x: Array, axis: tuple[int, ...], scale: float) -> Array:
    """scale · gradient · (x - mean over axes)."""
    out = _deviation(x, axis)
    out *= np.asanyarray(gradient * scale)
    return out


def softmax_backward(gradient: Array, out: Array, axis: int) -> Array:
    """out · (gradient - Σ gradient · out)."""
    slope: Array = np.asanyarray(gradient * out)
    slope -= out * np.add.reduce(slope, axis=axis, keepdims=True) if out.ndim else slope
    return slope


def log_softmax_backward(gradient: Array, out: Array, axis: int) -> Array:
    """gradient - exp(out) · Σ gradient."""
    slope: Array = np.asanyarray(np.exp(out))
    slope *= np.add.reduce(gradient, axis=axis, keepdims=True) if out.ndim else gradient
    return np.asanyarray(np.subtract(gradient, slope, out=slope))


def cumargextreme(x: Array, axis: int, largest: bool) -> Array:
    """Where the running extreme along an axis was found: of equal ones the last so far. NaN stays."""
    if not x.ndim:
        return np.zeros((), np.int64)
    extreme = (np.maximum if largest else np.minimum).accumulate(x, axis)
    here = (x == extreme) | (x != x)
    number = np.arange(x.shape[axis]).reshape([-1 if d == axis else 1 for d in range(x.ndim)])
    return np.asanyarray(np.maximum.accumulate(np.where(here, number, 0), axis))


def cumulative(x: Array, axis: int, function: np.ufunc) -> Array:
    """A running sum, product or other along an axis."""
    return np.asanyarray(function.accumulate(x, axis)) if x.ndim else x.copy()
