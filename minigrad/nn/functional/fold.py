"""Windows as columns, and channels as pixels."""

from __future__ import annotations

from math import prod
from typing import Any

from minigrad.errors import ShapeError
from minigrad.kernels.windows import count
from minigrad.ops import resampling as ops
from minigrad.ops.convolution import several
from minigrad.ops.pooling import planes
from minigrad.tensor import Tensor


def _window(name: str, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> dict[str, Any]:
    return {
        "kernel": several(name, "kernel_size", kernel_size, 2, 1),
        "stride": several(name, "stride", stride, 2, 1),
        "padding": tuple((p, p) for p in several(name, "padding", padding, 2, 0)),
        "dilation": several(name, "dilation", dilation, 2, 1),
    }


def _places(name: str, sizes: tuple[int, ...], window: dict[str, Any]) -> int:
    each = [
        count(n + sum(p), k, s, d)
        for n, k, s, p, d in zip(sizes, window["kernel"], window["stride"], window["padding"], window["dilation"])
    ]
    if min(each) < 1:
        raise ShapeError(
            f"{name}: windows of {window['kernel']} do not fit in planes of {tuple(sizes)}: use a smaller kernel_size, or "
            "padding"
        )
    return prod(each)


def unfold(input: Tensor, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Tensor:
    """The windows of (N, C, H, W) or (C, H, W) as columns: (N, C·kh·kw, L), for L places of the window.

    A convolution is a matrix of weights times this.

    >>> from minigrad import nn, tensor
    >>> nn.functional.unfold(tensor([[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]), 2)
    tensor([[1., 2.],
            [2., 3.],
            [4., 5.],
            [5., 6.]])
    """
    window = _window("unfold", kernel_size, dilation, padding, stride)
    x = planes("unfold", 2, input)
    _places("unfold", x.array.shape[2:], window)
    columns = ops.unfold(x, window)
    return columns if input.array.ndim == 4 else columns.squeeze(0)


def fold(
    input: Tensor, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Tensor:
    """Columns (N, C·kh·kw, L) or (C·kh·kw, L) added up to planes (N, C, *output_size): `unfold`, backwards.

    ShapeError if there are not as many columns as places of the window.
    """
    window = _window("fold", kernel_size, dilation, padding, stride)
    sizes = several("fold", "output_size", output_size, 2, 1)
    shape, k = tuple(input.array.shape), prod(window["kernel"])
    places = _places("fold", sizes, window)
    if len(shape) not in (2, 3) or shape[-2] % k or shape[-1] != places:
        raise ShapeError(
            f"fold got an input of shape {shape}: for planes of {sizes} and windows of {window['kernel']} it must be (N, a "
            f"multiple of {k}, {places}), or without N"
        )
    folded = ops.fold(input if len(shape) == 3 else input.unsqueeze(0), sizes, window)
    return folded if len(shape) == 3 else folded.squeeze(0)


def pixel_shuffle(input: Tensor, upscale_factor: int) -> Tensor:
    """(..., C·r², H, W) to (..., C, H·r, W·r): each r² channels make r·r pixels of one.

    Source: W. Shi et al., Real-time single image and video super-resolution using an efficient sub-pixel convolutional neural
    network, CVPR 2016.

    >>> from minigrad import nn, tensor
    >>> nn.functional.pixel_shuffle(tensor([1.0, 2.0, 3.0, 4.0]).reshape(4, 1, 1), 2)
    tensor([[[1., 2.],
             [3., 4.]]])
    """
    shape, r = tuple(input.array.shape), int(upscale_factor)
    if len(shape) < 3 or r < 1 or shape[-3] % (r * r):
        raise ShapeError(
            f"pixel_shuffle got an input of shape {shape} for upscale_factor={upscale_factor}: it needs (..., C, H, W), and C "
            f"must be a multiple of {r * r}"
        )
    *batch, c, h, w = shape
    n = len(batch)
    parts = input.reshape(*batch, c // (r * r), r, r, h, w)
    return parts.permute(*range(n), n, n + 3, n + 1, n + 4, n + 2)._reshape((*batch, c // (r * r), h * r, w * r))


def pixel_unshuffle(input: Tensor, downscale_factor: int) -> Tensor:
    """(..., C, H·r, W·r) to (..., C·r², H, W): `pixel_shuffle`, backwards."""
    shape, r = tuple(input.array.shape), int(downscale_factor)
    if len(shape) < 3 or r < 1 or shape[-2] % r or shape[-1] % r:
        raise ShapeError(
            f"pixel_unshuffle got an input of shape {shape} for downscale_factor={downscale_factor}: it needs (..., C, H, W), "
            f"and H and W must be multiples of {r}"
        )
    *batch, c, h, w = shape
    n = len(batch)
    parts = input.reshape(*batch, c, h // r, r, w // r, r)
    return parts.permute(*range(n), n, n + 2, n + 4, n + 1, n + 3)._reshape((*batch, c * r * r, h // r, w // r))


def channel_shuffle(input: Tensor, groups: int) -> Tensor:
    """(N, C, ...) with its channels dealt out anew: those of each of the groups in turn.

    Source: X. Zhang et al., ShuffleNet, CVPR 2018.
    """
    shape = tuple(input.array.shape)
    if len(shape) < 3 or groups < 1 or shape[1] % groups:
        raise ShapeError(
            f"channel_shuffle got an input of shape {shape} for groups={groups}: it needs (N, C, ...), and C must be a "
            "multiple of groups"
        )
    n, c, *rest = shape
    return input.reshape(n, groups, c // groups, *rest).transpose(1, 2)._reshape(shape)
