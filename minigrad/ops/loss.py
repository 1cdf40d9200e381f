"""Losses that are one operation each, because they stand in the innermost loop."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from minigrad import kernels
from minigrad.errors import ShapeError
from minigrad.graph import apply

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
