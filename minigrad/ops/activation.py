"""Activations with rules of their own, beside those that are methods of Tensor. Each works element by element.

A name here is the one that the operation is drawn and printed with.
"""

from __future__ import annotations

from math import pi, sqrt
from typing import TYPE_CHECKING

import numpy as np

from minigrad.graph import apply
from minigrad.kernels import activation as kernels
from minigrad.ops.elementwise import where

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

C = sqrt(2 / pi)


def leaky_relu(x: Tensor, negative_slope: float) -> Tensor:
    """x, times `negative_slope` where it is not positive."""
    return apply(kernels.leaky_relu, (x,), (lambda g: _sloped(g, x, negative_slope),), slope=negative_slope)


def _sloped(gradient: Tensor, x: Tensor, slope: float) -> Tensor:
    """The gradient, times `slope` where x is not positive."""
    return apply(kernels.sloped, (gradient, x), (lambda g: _sloped(g, x, slope), None), slope=slope)


def elu(x: Tensor, alpha: float, scale: float, input_scale: float) -> Tensor:
    """scale · x, and scale · alpha · (exp(input_scale · x) - 1) where x is not positive."""
    return apply(
        kernels.elu,
        (x,),
        (
            lambda g: (
                g
                * (  # where x is positive the exponential is 1
                    (x.clamp(max=0) * input_scale).exp() * (alpha * scale * input_scale)
                    + (x > 0).to(x.dtype) * (scale - alpha * scale * input_scale)
                )
            ),
        ),
        alpha=alpha,
        scale=scale,
        input_scale=input_scale,
    )


def gelu(x: Tensor) -> Tensor:
    """x · Φ(x), where Φ is the distribution function of the normal distribution."""
    cdf = apply(kernels.normal_cdf, (x.detach(),))
    return apply(np.multiply, (x, cdf), (lambda g: _gelu_backward(g, x, cdf), None))


def _gelu_backward(gradient: Tensor, x: Tensor, cdf: Tensor) -> Tensor:
    """gradient · (Φ(x) + x φ(x)); the slope of the second factor is φ(x) · (2 - x²)."""
    return apply(
        kernels.gelu_backward,
        (gradient, x, cdf),
        (
            lambda g: _gelu_backward(g, x, cdf),
            lambda g: g * gradient * ((x * x * -0.5).exp() * (2 - x * x) * (1 / sqrt(2 * pi))),
            None,
        ),
    )


def gelu_tanh(x: Tensor) -> Tensor:
    """x/2 · (1 + tanh(√(2/π) · (x + 0.044715 x³)))."""

    def back(g: Tensor) -> Tensor:
        return _gelu_tanh_backward(g, x)

    back.__qualname__ = "gelu.<locals>.<lambda>"
    return apply(kernels.gelu_tanh, (x,), (back,))


def _gelu_tanh_backward(gradient: Tensor, x: Tensor) -> Tensor:
    """With u = √(2/π) · (x + 0.044715 x³) and t = tanh(u): gradient · (1 + t + x · (1 - t²) · u') / 2."""

    def of_x(g: Tensor) -> Tensor:
        square = x * x
        t = ((square * 0.044715 + 1) * x * C).tanh()
        rise, slope = 1 - t * t, (square * (3 * 0.044715) + 1) * C
        return g * gradient * rise * (slope + square * (3 * 0.044715 * C) - x * t * slope * slope)

    of_x.__qualname__ = "_gelu_tanh_backward.<locals>.<lambda>"
    return apply(kernels.gelu_tanh_backward, (gradient, x), (lambda g: _gelu_tanh_backward(g, x), of_x))


def silu(x: Tensor) -> Tensor:
    """x · σ(x)."""
    return apply(kernels.silu, (x,), (lambda g: _silu_backward(g, x),))


def _silu_backward(gradient: Tensor, x: Tensor) -> Tensor:
    """gradient · σ(x) · (1 + x · (1 - σ(x)))."""

    def of_x(g: Tensor) -> Tensor:
        s = x.sigmoid()
        return g * gradient * (s * (1 - s) * (2 + x * (1 - 2 * s)))

    of_x.__qualname__ = "_silu_backward.<locals>.<lambda>"
    return apply(kernels.silu_backward, (gradient, x), (lambda g: _silu_backward(g, x), of_x))


def mish(x: Tensor) -> Tensor:
    """x · tanh(softplus(x))."""

    def slope(g: Tensor) -> Tensor:
        t = x.softplus().tanh()
        return g * (t + x * x.sigmoid() * (1 - t * t))

    slope.__qualname__ = "mish.<locals>.<lambda>"
    return apply(kernels.mish, (x,), (slope,))


def log_sigmoid(x: Tensor) -> Tensor:
    """log σ(x)."""
    return apply(kernels.log_sigmoid, (x,), (lambda g: g * (-x).sigmoid(),))


def softshrink(x: Tensor, lambd: float) -> Tensor:
    """x, brought nearer to 0 by `lambd`."""
    return apply(kernels.soft_shrink, (x,), (lambda g: g.masked_fill((x >= -lambd) & (x <= lambd), 0),), lambd=lambd)


def hardshrink(x: Tensor, lambd: float) -> Tensor:
    """x, and 0 where |x| is at most `lambd`."""
    return apply(
        kernels.cut,
        (x,),
        (lambda g: g.masked_fill((x >= -lambd) & (x <= lambd), 0),),
        low=-lambd,
        high=lambd,
        value=0,
    )


def threshold(x: Tensor, threshold: float, value: float) -> Tensor:
    """x, and `value` where it is at most the threshold."""
    return apply(
        kernels.cut, (x,), (lambda g: g.masked_fill(x <= threshold, 0),), low=-np.inf, high=threshold, value=value
    )


def hardtanh(x: Tensor, low: float, high: float) -> Tensor:
    """x held between two numbers. On them, unlike `clamp`, its gradient is 0."""
    return apply(kernels.clip, (x,), (lambda g: g.masked_fill((x <= low) | (x >= high), 0),), low=low, high=high)


def hardsigmoid(x: Tensor) -> Tensor:
    """x / 6 + 1/2, held between 0 and 1."""
    return apply(kernels.hard_sigmoid, (x,), (lambda g: (g * (1 / 6)).masked_fill((x <= -3) | (x >= 3), 0),))


def hardswish(x: Tensor) -> Tensor:
    """x · hardsigmoid(x)."""
    return apply(
        kernels.hard_swish,
        (x,),
        (lambda g: where(x >= 3, g, (g * (x * (1 / 3) + 0.5)).masked_fill(x <= -3, 0)),),
    )


def prelu_kernel(x: Tensor, weight: Tensor) -> Tensor:
    """x, times `weight`, which broadcasts to it, where it is not positive."""
    return apply(
        kernels.prelu,
        (x, weight),
        (
            lambda g: g.masked_fill(~(x > 0), 0) + (g * weight).masked_fill(x > 0, 0),
            lambda g: (g * x).masked_fill(x > 0, 0),
        ),
    )
