"""Normalising layers as functions."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from minigrad.errors import ShapeError
from minigrad.grad_mode import no_grad
from minigrad.ops.normalization import centre, normalise
from minigrad.ops.shape import cat
from minigrad.tensor import Tensor


def layer_norm(
    input: Tensor,
    normalized_shape: Sequence[int],
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    eps: float = 1e-5,
) -> Tensor:
    """(x - mean) / √(variance + eps) · weight + bias, over the last dimensions, whose sizes `normalized_shape` gives.

    Weight and bias have that shape. ShapeError if the input does not end in it.

    Source: J. Ba et al., Layer Normalization, 2016.

    >>> from minigrad import nn, tensor
    >>> nn.functional.layer_norm(tensor([[1.0, 3.0], [0.0, 0.0]]), (2,))
    tensor([[-1.0000,  1.0000],
            [ 0.0000,  0.0000]])
    """
    size = tuple(normalized_shape)
    _check("layer_norm", input, weight, bias, size)
    input, weight, bias = _alike(input, weight, bias)
    axes = _last("layer_norm", input, size)
    centred, moments = centre(input, axes, eps)
    return normalise(input, centred, moments, weight, bias, axes=axes, shape=size, eps=eps, name="native_layer_norm")


def batch_norm(
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """(x - mean) / √(variance + eps) · weight + bias for each channel of (N, C, ...).

    In training the moments are those of the batch, and the running ones, if there are any, move towards them by `momentum`,
    in place, the variance with n - 1 in the denominator. Otherwise the running ones are used.
    ValueError in training for one value per channel, which has no variance.

    Source: S. Ioffe and C. Szegedy, Batch Normalization, ICML 2015.
    """
    shape = input.array.shape
    if len(shape) < 2:
        raise ShapeError(f"batch_norm: an input of shape {shape} has no channels: its shape must be (N, C, ...)")
    channels = shape[1]
    _check("batch_norm", input, weight, bias, (channels,))
    for name, running in (("running_mean", running_mean), ("running_var", running_var)):
        if running is not None and running.array.shape != (channels,):
            raise ShapeError(
                f"batch_norm: {name} of shape {running.array.shape} for an input of shape {shape}, which has {channels} "
                "channels"
            )
    beside = (1, channels, *(1,) * (len(shape) - 2))
    input, weight, bias = _alike(input, weight, bias)
    if not training:
        if running_mean is None or running_var is None:
            raise ValueError("batch_norm: outside of training running_mean and running_var are needed: give both")
        scale = (running_var + eps).rsqrt()
        scale = scale if weight is None else scale * weight
        shift = -running_mean * scale if bias is None else bias - running_mean * scale
        return input * scale.reshape(beside) + shift.reshape(beside)
    count = shape[0] * prod(shape[2:])
    if count == 1:
        raise ValueError(
            f"batch_norm: expected more than 1 value per channel when training, got an input of shape {tuple(shape)}: give a "
            "larger batch, or call eval()"
        )
    axes = (0, *range(2, len(shape)))
    centred, moments = centre(input, axes, eps)
    with no_grad():
        _follow(running_mean, moments[0].reshape(channels), momentum)
        _follow(running_var, moments[1].reshape(channels) * (count / max(count - 1, 1)), momentum)
    return normalise(input, centred, moments, weight, bias, axes=axes, shape=beside, eps=eps, name="native_batch_norm")


def instance_norm(
    input: Tensor,
    running_mean: Tensor | None = None,
    running_var: Tensor | None = None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """(x - mean) / √(variance + eps) · weight + bias for each channel of each example of (N, C, ...).

    With `use_input_stats` the moments are the example's, and the running ones move towards their mean over the batch;
    otherwise the running ones are used. ValueError for one value per channel.

    Source: D. Ulyanov et al., Instance Normalization, 2016.
    """
    shape = input.array.shape
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    n, channels = shape[:2]
    _check("instance_norm", input, weight, bias, (channels,))
    count = prod(shape[2:])
    if count == 1:
        raise ValueError(
            f"instance_norm: expected more than 1 spatial element when training, got an input of shape {shape}"
        )
    input, weight, bias = _alike(input, weight, bias)
    axes, beside = tuple(range(2, len(shape))), (1, channels, *(1,) * (len(shape) - 2))
    centred, moments = centre(input, axes, eps)
    with no_grad():
        _follow(running_mean, moments[0].reshape(n, channels).mean(0), momentum)
        _follow(running_var, moments[1].reshape(n, channels).mean(0) * (count / max(count - 1, 1)), momentum)
    return normalise(input, centred, moments, weight, bias, axes=axes, shape=beside, eps=eps, name="native_batch_norm")


def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5
) -> Tensor:
    """(x - mean) / √(variance + eps) · weight + bias for each group of channels of each example of (N, C, ...).

    Source: Y. Wu and K. He, Group Normalization, ECCV 2018.
    """
    shape = input.array.shape
    if len(shape) < 2:
        raise ShapeError(f"group_norm: an input of shape {shape} has no channels: its shape must be (N, C, ...)")
    n, channels = shape[:2]
    _check("group_norm", input, weight, bias, (channels,))
    if num_groups <= 0 or channels % num_groups:
        raise ShapeError(f"group_norm: {channels} channels cannot be divided into {num_groups} groups of one size")
    if n * channels // num_groups * prod(shape[2:]) == 1:
        raise ValueError(f"group_norm: expected more than 1 value per group, got an input of shape {shape}")
    input, weight, bias = _alike(input, weight, bias)
    each = channels // num_groups
    grouped = input.reshape(n, num_groups, each, *shape[2:])
    axes, beside = tuple(range(2, grouped.array.ndim)), (1, num_groups, each, *(1,) * (len(shape) - 2))
    centred, moments = centre(grouped, axes, eps)
    result = normalise(
        grouped, centred, moments, weight, bias, axes=axes, shape=beside, eps=eps, name="native_group_norm"
    )
    return result.reshape(shape)


def rms_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None, eps: float | None = None
) -> Tensor:
    """x / √(mean(x²) + eps) · weight over the last dimensions, whose sizes `normalized_shape` gives.

    `eps` is the dtype's own unless given.

    Source: B. Zhang and R. Sennrich, Root Mean Square Layer Normalization, NeurIPS 2019.
    """
    size = tuple(normalized_shape)
    _check("rms_norm", input, weight, None, size)
    axes = _last("rms_norm", input, size)
    small = float(np.finfo(input.array.dtype).eps) if eps is None else eps
    result = input * (input.square().mean(axes, True) + small).rsqrt()
    return result if weight is None else result * weight


def local_response_norm(input: Tensor, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Tensor:
    """x / (k + alpha · mean of x² over `size` neighbouring channels)^beta, for (N, C, ...); there are zeros at the sides.

    Source: A. Krizhevsky et al., ImageNet Classification with Deep Convolutional Neural Networks, NeurIPS 2012.
    """
    shape = input.array.shape
    if len(shape) < 3:
        raise ValueError(
            f"local_response_norm: an input of shape {shape}: it must have at least 3 dimensions, (N, C, ...)"
        )
    squares, channels = input.square(), shape[1]
    sides = [squares.new_zeros((shape[0], n, *shape[2:])) for n in (size // 2, (size - 1) // 2)]
    padded = cat([sides[0], squares, sides[1]], 1)
    total = padded.narrow(1, 0, channels)
    for i in range(1, size):
        total = total + padded.narrow(1, i, channels)
    return input / (total * (alpha / size) + k).pow(beta)


def normalize(input: Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12) -> Tensor:
    """x / max(‖x‖ₚ, eps) along `dim`: rows of length 1.

    >>> from minigrad import nn, tensor
    >>> nn.functional.normalize(tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    return input / input.norm(p, dim, True).clamp(min=eps)


def _follow(running: Tensor | None, new: Tensor, momentum: float) -> None:
    """Move a running statistic towards a new value, in place."""
    if running is not None:
        running.copy_(running * (1 - momentum) + new * momentum)


def _last(name: str, input: Tensor, size: tuple[int, ...]) -> tuple[int, ...]:
    """The last dimensions, which must have these sizes."""
    shape = input.array.shape
    if not size:
        raise ShapeError(f"{name}: normalized_shape is empty: give at least one size")
    if shape[-len(size) :] != size:
        raise ShapeError(
            f"{name}: normalized_shape={list(size)} expects an input of shape [*, {', '.join(map(str, size))}], not "
            f"{list(shape)}"
        )
    return tuple(range(len(shape) - len(size), len(shape)))


def _check(name: str, input: Tensor, weight: Tensor | None, bias: Tensor | None, size: tuple[int, ...]) -> None:
    """An error unless the input is floating point, and weight and bias, if any, have this shape."""
    if input.array.dtype.kind != "f":
        raise TypeError(f"{name} of a tensor of type {input.array.dtype}: convert it first, input.float()")
    for what, parameter in (("weight", weight), ("bias", bias)):
        if parameter is not None and parameter.array.shape != size:
            raise ShapeError(f"{name}: a {what} of shape {tuple(parameter.array.shape)}: its shape must be {size}")


def _alike(input: Tensor, *others: Tensor | None) -> Any:
    """The tensors in the dtype in which they meet."""
    for other in others:
        if other is not None and other.array.dtype is not input.array.dtype:
            input = input._pair(other)[0]
    kind = input.array.dtype
    return input, *(
        None if other is None else other if other.array.dtype is kind else other.to(kind) for other in others
    )
