"""Normalising over some axes, what layer, batch, group and instance norm are made of.

Sources: S. Ioffe and C. Szegedy, Batch Normalization, ICML 2015; J. Ba et al., Layer Normalization, 2016.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from minigrad.graph import Rule, apply
from minigrad.kernels import normalization as kernels

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

Axes = tuple[int, ...]


def centre(x: Tensor, axes: Axes, eps: float) -> tuple[Tensor, Tensor]:
    """x minus its mean over `axes`; and the mean, the variance and 1 / √(variance + eps), stacked.

    They are constants: the rules of `normalise` know that they come from x.
    """
    shape = x.array.shape
    line = apply(kernels.centre, (x.detach(),), axes=axes, eps=eps)
    return (
        apply(kernels.centred_part, (line,), shape=shape),
        apply(kernels.moments_part, (line,), shape=shape, axes=axes),
    )


def normalise(
    x: Tensor,
    centred: Tensor,
    moments: Tensor,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    *,
    axes: Axes,
    shape: Axes = (),
    eps: float,
    name: str = "normalise",
) -> Tensor:
    """(x - mean) / √(variance + eps) · weight + bias, of what `centre` made of x and `axes`.

    `shape` is the one in which weight and bias stand beside x. The operation goes by `name`.
    """
    operands = [x, centred, moments]
    rules: list[Rule | None] = [
        lambda g: _normalise_backward(g, x, centred, moments, weight, axes, shape, eps),
        None,
        None,
    ]
    if weight is not None:
        size = weight.array.shape
        operands.append(weight)
        rules.append(lambda g: _weight_backward(g, x, centred, moments, axes, shape, size, eps))
    if bias is not None:
        like = bias.array.shape
        operands.append(bias)
        rules.append(lambda g: _bias_backward(g, shape, like))
    label = f"{name}.<locals>.<lambda>"
    for rule in rules:
        if rule is not None:
            rule.__qualname__ = label
    forward = kernels.shift if weight is None and bias is not None else kernels.normalise
    return apply(forward, operands, rules, shape=shape)


def _normalise_backward(
    gradient: Tensor,
    x: Tensor,
    centred: Tensor,
    moments: Tensor,
    weight: Tensor | None,
    axes: Axes,
    shape: Axes,
    eps: float,
) -> Tensor:
    """The gradient of x: r · P(h), where h = gradient · weight, r = 1 / √(variance + eps), n is the normalised x and
    P(h) = h - mean(h) - n · mean(h · n), which is its own adjoint."""

    def plain(g: Tensor) -> Tensor:
        return _normalise_backward(g, x, centred, moments, None, axes, shape, eps)

    def of_x(g: Tensor) -> Tensor:
        n, r = normalise(x, centred, moments, axes=axes, eps=eps), _rstd(x, axes, eps)
        h = gradient if weight is None else gradient * weight.reshape(shape)
        a, b = (g * n).mean(axes, True), (h * n).mean(axes, True)
        mixed = h * a + g * b
        along = mixed - mixed.mean(axes, True) - n * (mixed * n).mean(axes, True)
        return -(r * r) * (along + n * (g * (h - h.mean(axes, True) - n * b)).mean(axes, True))

    plain.__qualname__ = of_x.__qualname__ = "_normalise_backward.<locals>.<lambda>"
    if weight is None:
        return apply(kernels.normalise_backward, (gradient, x, centred, moments), (plain, of_x, None, None), axes=axes)
    size = weight.array.shape
    return apply(
        kernels.normalise_backward,
        (gradient, x, centred, moments, weight),
        (
            lambda g: _normalise_backward(g, x, centred, moments, None, axes, shape, eps) * weight.reshape(shape),
            of_x,
            None,
            None,
            lambda g: _bias_backward(
                gradient * _normalise_backward(g, x, centred, moments, None, axes, shape, eps), shape, size
            ),
        ),
        axes=axes,
        shape=shape,
    )


def _weight_backward(
    gradient: Tensor, x: Tensor, centred: Tensor, moments: Tensor, axes: Axes, shape: Axes, size: Axes, eps: float
) -> Tensor:
    """The gradient of the weight: Σ gradient · n, in its own shape, `size`."""
    return apply(
        kernels.normalise_weight_backward,
        (gradient, x, centred, moments),
        (
            lambda g: normalise(x, centred, moments, axes=axes, eps=eps) * g.reshape(shape),
            lambda g: _normalise_backward(gradient * g.reshape(shape), x, centred, moments, None, axes, shape, eps),
            None,
            None,
        ),
        shape=shape,
        size=size,
    )


def _bias_backward(gradient: Tensor, shape: Axes, size: Axes) -> Tensor:
    """The gradient of the bias: Σ gradient, in its own shape, `size`."""
    full = gradient.array.shape
    return apply(kernels.sum_repeated, (gradient,), (lambda g: g.reshape(shape).expand(full),), shape=shape, size=size)


def _rstd(x: Tensor, axes: Axes, eps: float) -> Tensor:
    """1 / √(variance + eps), through which gradients flow."""
    return ((x - x.mean(axes, True)).square().mean(axes, True) + eps).rsqrt()
