"""Losses that are one operation each, because they stand in the innermost loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minigrad import kernels
from minigrad.graph import apply

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


def squared_error(input: Tensor, target: Tensor, scale: float) -> Tensor:
    """scale · Σ (input - target)², over every element of two tensors of one shape."""
    input, target = input._pair(target)
    return apply(
        kernels.squared_error,
        (input, target),
        (
            lambda g: _squared_error_backward(g, input, target, scale),
            lambda g: _squared_error_backward(g, target, input, scale),
        ),
        scale=scale,
    )


def _squared_error_backward(gradient: Tensor, x: Tensor, y: Tensor, scale: float) -> Tensor:
    """gradient · 2 · scale · (x - y), for a gradient that is one number."""
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
