"""Convolutions of one, two, three dimensions and their transposes.

Convolution is linear in its input and in its weight, so its two gradients and itself are one another's gradients: three
operations, each with the other two for rules, give gradients of every order.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isqrt
from typing import TYPE_CHECKING, Any

from minigrad.errors import ShapeError, not_a_tensor
from minigrad.graph import apply
from minigrad.kernels import convolution as kernels
from minigrad.ops.padding import pad_constant

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


def conv1d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1,
) -> Tensor:  # fmt: skip
    """The convolution (strictly: cross-correlation) of (N, C, L) or (C, L) with a weight (out, C / groups, k), plus bias (out).

    As `conv2d`, in one dimension.

    >>> from minigrad import nn, tensor
    >>> nn.functional.conv1d(tensor([[1.0, 2.0, 4.0]]), tensor([[[-1.0, 1.0]]]))
    tensor([[1., 2.]])
    """
    return _conv("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1,
) -> Tensor:  # fmt: skip
    """The convolution (strictly: cross-correlation) of images (N, C, H, W), or one of them, (C, H, W), with `weight`.

    Args:
        input: (N, C, H, W) or (C, H, W).
        weight: (out, C / groups, kh, kw).
        bias: (out), added to each channel of the result.
        stride: from one window to the next: a number, or one for each dimension, as for the next two.
        padding: zeros added on each side; or "valid" for none, "same" for as many as give the result the size of the
            input, where an odd one goes to the right.
        dilation: from one element of a window to the next.
        groups: parts of the channels that are convolved apart.

    The result is (N, out, H', W') with H' = (H + 2·padding - dilation·(kh - 1) - 1) // stride + 1. ShapeError, with the
    remedy, where the shapes do not fit. The operands meet in one dtype; float16 is summed in float32.

    >>> from minigrad import nn, ones
    >>> nn.functional.conv2d(ones(1, 1, 3, 3), ones(1, 1, 2, 2))
    tensor([[[[4., 4.],
              [4., 4.]]]])
    """
    return _conv("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1,
) -> Tensor:  # fmt: skip
    """The convolution (strictly: cross-correlation) of (N, C, D, H, W) or (C, D, H, W) with `weight`, and a bias (out).

    As `conv2d`, in three dimensions: the weight is (out, C / groups, kd, kh, kw).
    """
    return _conv("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


def conv_transpose1d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0,
    output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Tensor:  # fmt: skip
    """The transpose of `conv1d`, for (N, C, L) or (C, L) and a weight (C, out / groups, k): see `conv_transpose2d`."""
    return _conv_transpose(
        "conv_transpose1d", 1, input, weight, bias, stride, padding, output_padding, groups, dilation
    )


def conv_transpose2d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0,
    output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Tensor:  # fmt: skip
    """The transpose of `conv2d`, also called deconvolution: what that does to a gradient, done to (N, C, H, W) or (C, H, W).

    The weight is (C, out / groups, kh, kw), that of the convolution which goes the other way. The result is (N, out, H',
    W') with H' = (H - 1)·stride - 2·padding + dilation·(kh - 1) + output_padding + 1: `output_padding` says which of the
    sizes that the convolution would bring to H is wanted, and must be smaller than the stride or the dilation.

    Source: V. Dumoulin and F. Visin, A guide to convolution arithmetic for deep learning, 2016.

    >>> from minigrad import nn, ones
    >>> nn.functional.conv_transpose2d(ones(1, 1, 2, 2), ones(1, 1, 2, 2))
    tensor([[[[1., 2., 1.],
              [2., 4., 2.],
              [1., 2., 1.]]]])
    """
    return _conv_transpose(
        "conv_transpose2d", 2, input, weight, bias, stride, padding, output_padding, groups, dilation
    )


def conv_transpose3d(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0,
    output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Tensor:  # fmt: skip
    """The transpose of `conv3d`, for (N, C, D, H, W) or (C, D, H, W): see `conv_transpose2d`."""
    return _conv_transpose(
        "conv_transpose3d", 3, input, weight, bias, stride, padding, output_padding, groups, dilation
    )


# ── the three operations ─────────────────────────────────────────────────────────────────────────────────────────────


def convolution(input: Tensor, weight: Tensor, bias: Tensor | None, settings: dict[str, Any]) -> Tensor:
    """`kernels.convolution`, of operands that are known to fit; settings: stride, padding, dilation, groups."""
    sizes, kernel = input.array.shape[2:], weight.array.shape[2:]
    rules = (
        lambda g: _convolution_input(g, weight, sizes, settings),
        lambda g: _convolution_weight(input, g, kernel, settings),
        lambda g: g.flatten(2).sum((0, 2)),
    )
    if bias is None:
        return apply(kernels.convolution, (input, weight), rules[:2], **settings)
    return apply(kernels.convolution, (input, weight, bias), rules, **settings)


def _convolution_input(g: Tensor, weight: Tensor, sizes: tuple[int, ...], settings: dict[str, Any]) -> Tensor:
    kernel = weight.array.shape[2:]
    return apply(
        kernels.convolution_input,
        (g, weight),
        (
            lambda u: convolution(u, weight, None, settings),
            lambda u: _convolution_weight(u, g, kernel, settings),
        ),
        sizes=sizes,
        **settings,
    )


def _convolution_weight(input: Tensor, g: Tensor, kernel: tuple[int, ...], settings: dict[str, Any]) -> Tensor:
    sizes = input.array.shape[2:]
    return apply(
        kernels.convolution_weight,
        (input, g),
        (
            lambda u: _convolution_input(g, u, sizes, settings),
            lambda u: convolution(input, u, None, settings),
        ),
        kernel=kernel,
        **settings,
    )


# ── from what the user gives to what they take ───────────────────────────────────────────────────────────────────────


def _conv(
    name: str, dims: int, input: Tensor, weight: Tensor, bias: Tensor | None, stride: Any, padding: Any, dilation: Any,
    groups: int,
) -> Tensor:  # fmt: skip
    input, weight, bias = _meet(name, dims, input, weight, bias)
    x, w = input.array.shape, weight.array.shape
    kernel = w[2:]
    stride, dilation = several(name, "stride", stride, dims, 1), several(name, "dilation", dilation, dims, 1)
    _check_groups(name, w[0], groups, "out_channels")
    _check_bias(name, bias, w[0])
    if len(x) not in (dims + 1, dims + 2) or x[-dims - 1] != w[1] * groups:
        raise ShapeError(_mismatch(_spelled(f"Conv{dims}d", w[1] * groups, w[0], kernel), x, w[1] * groups, dims))
    pairs = _pairs(name, padding, kernel, stride, dilation)
    for size, k, d, (before, after) in zip(x[-dims:], kernel, dilation, pairs):
        if size + before + after < d * (k - 1) + 1:
            raise ShapeError(
                _too_large(_spelled(f"Conv{dims}d", w[1] * groups, w[0], kernel), x, dims, pairs, kernel, dilation)
            )
    settings = {"stride": stride, "padding": pairs, "dilation": dilation, "groups": groups}
    if len(x) == dims + 1:
        return convolution(input.unsqueeze(0), weight, bias, settings).squeeze(0)
    return convolution(input, weight, bias, settings)


def _conv_transpose(
    name: str, dims: int, input: Tensor, weight: Tensor, bias: Tensor | None, stride: Any, padding: Any,
    output_padding: Any, groups: int, dilation: Any,
) -> Tensor:  # fmt: skip
    input, weight, bias = _meet(name, dims, input, weight, bias)
    x, w = input.array.shape, weight.array.shape
    stride, dilation = several(name, "stride", stride, dims, 1), several(name, "dilation", dilation, dims, 1)
    padding = several(name, "padding", padding, dims, 0)
    extra = several(name, "output_padding", output_padding, dims, 0)
    _check_groups(name, w[0], groups, "in_channels")
    _check_bias(name, bias, w[1] * groups)
    module = _spelled(f"ConvTranspose{dims}d", w[0], w[1] * groups, w[2:])
    if len(x) not in (dims + 1, dims + 2) or x[-dims - 1] != w[0]:
        raise ShapeError(_mismatch(module, x, w[0], dims))
    for e, s, d in zip(extra, stride, dilation):
        if e >= max(s, d):
            raise ShapeError(
                f"{name}: output_padding={extra} with stride={stride} and dilation={dilation}: it must be smaller than one of "
                "them in each dimension; use a larger stride, or pad the result"
            )
    if len(x) == dims + 1:
        input = input.unsqueeze(0)
    # The last windows reach this far; what `output_padding` adds takes back some of the padding, and zeros beyond it.
    reach = [(n - 1) * s + d * (k - 1) + 1 for n, s, d, k in zip(x[-dims:], stride, dilation, w[2:])]
    pairs = tuple((p, max(p - e, 0)) for p, e in zip(padding, extra))
    sizes = tuple(n - before - after for n, (before, after) in zip(reach, pairs))
    if any(n + max(e - p, 0) < 1 for n, e, p in zip(sizes, extra, padding)):
        raise ShapeError(
            f"{module} got an input of shape {tuple(x)}, for which nothing is left of the result when padding={padding} is "
            "taken off: use less padding"
        )
    settings = {"stride": stride, "padding": pairs, "dilation": dilation, "groups": groups}
    out = _convolution_input(input, weight, sizes, settings)
    beyond = tuple((0, max(e - p, 0)) for e, p in zip(extra, padding))
    if any(after for _, after in beyond):
        out = pad_constant(out, beyond)
    if bias is not None:
        out = out + bias.reshape(-1, *(1,) * dims)
    return out.squeeze(0) if len(x) == dims + 1 else out


def _meet(
    name: str, dims: int, input: Tensor, weight: Tensor, bias: Tensor | None
) -> tuple[Tensor, Tensor, Tensor | None]:
    """The operands in the dtype in which they meet."""
    for operand in (input, weight, bias):
        if operand is not None and not hasattr(operand, "_version"):
            raise not_a_tensor(name, operand)
    if weight.array.ndim != dims + 2:
        raise ShapeError(
            f"{name} got a weight of shape {tuple(weight.array.shape)}: it must have {dims + 2} dimensions, two of channels "
            f"and {dims} of the kernel"
        )
    if input.array.dtype is not weight.array.dtype:
        input, weight = input._pair(weight)
    if bias is not None and bias.array.dtype is not weight.array.dtype:
        input, bias = input._pair(bias)
        weight = weight.to(input.array.dtype)
    return input, weight, bias


def several(name: str, what: str, given: Any, dims: int, least: int) -> tuple[int, ...]:
    """A number for each dimension, from one for all of them, or from as many. Each at least `least`."""
    numbers = tuple(int(n) for n in given) if isinstance(given, tuple | list) else (int(given),) * dims
    if len(numbers) == 1:
        numbers *= dims
    if len(numbers) != dims:
        raise ShapeError(f"{name}: {what}={given}: give one number, or {dims}, one for each dimension")
    if any(n < least for n in numbers):
        raise ShapeError(f"{name}: {what}={given}: use numbers from {least} on")
    return numbers


def _pairs(
    name: str, padding: Any, kernel: Sequence[int], stride: Sequence[int], dilation: Sequence[int]
) -> tuple[tuple[int, int], ...]:
    """Zeros to add before and after each dimension."""
    if not isinstance(padding, str):
        return tuple((p, p) for p in several(name, "padding", padding, len(kernel), 0))
    if padding == "valid":
        return ((0, 0),) * len(kernel)
    if padding != "same":
        raise ShapeError(f"{name}: padding={padding!r}: use numbers, 'same' or 'valid'")
    if set(stride) != {1}:
        raise ShapeError(
            f"{name}: padding='same' with stride={tuple(stride)}: the size cannot stay the same; use padding={kernel[0] // 2}"
        )
    totals = [d * (k - 1) for d, k in zip(dilation, kernel)]
    return tuple((total // 2, total - total // 2) for total in totals)


# ── errors ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def _spelled(kind: str, channels: int, outs: int, kernel: Sequence[int]) -> str:
    return f"{kind}({channels}, {outs}, {kernel[0] if len(set(kernel)) == 1 else tuple(kernel)})"


def _check_groups(name: str, channels: int, groups: int, what: str) -> None:
    if groups < 1 or channels % groups or channels < groups:
        raise ShapeError(f"{name}: {what}={channels} cannot be split into groups={groups}: it must be a multiple of it")


def _check_bias(name: str, bias: Tensor | None, outs: int) -> None:
    if bias is not None and bias.array.shape != (outs,):
        raise ShapeError(
            f"{name}: a bias of shape {tuple(bias.array.shape)} for {outs} channels: its shape must be ({outs},)"
        )


def _mismatch(module: str, x: tuple[int, ...], channels: int, dims: int) -> str:
    """What is wrong with the shape of an input, and the likeliest remedy."""
    names = "".join(("D", "H", "W")[-dims:]) if dims > 1 else "L"
    batched = f"(N, {channels}, {', '.join(names)})"
    fact = f"{module} got an input of shape {tuple(x)}"
    if len(x) == dims and channels == 1:
        return f"{fact}, without channels: add them, x.unsqueeze(0), and x.unsqueeze(1) if the first dimension is the batch"
    if len(x) == dims + 1 and channels == 1:
        return f"{fact}, without channels: add them, x.unsqueeze(1), for {batched}"
    if len(x) in (dims + 1, dims + 2) and x[-1] == channels:
        return f"{fact}: the channels come last, and must come before the sizes: x.movedim(-1, {-dims - 1})"
    if len(x) == 2 and dims == 2 and x[1] % channels == 0 and isqrt(x[1] // channels) ** 2 == x[1] // channels:
        side = isqrt(x[1] // channels)
        return f"{fact}: give the images their shape back, x.reshape(-1, {channels}, {side}, {side})"
    if len(x) not in (dims + 1, dims + 2):
        return f"{fact}: it needs the shape {batched}, or without N for one example"
    return (
        f"{fact}, which has {x[-dims - 1]} channels, not {channels}: its shape must be {batched}, or without N for one "
        f"example; for this input the number of input channels is {x[-dims - 1]}"
    )


def _too_large(
    module: str,
    x: tuple[int, ...],
    dims: int,
    pairs: Sequence[tuple[int, int]],
    kernel: Sequence[int],
    dilation: Sequence[int],
) -> str:
    spans = tuple(d * (k - 1) + 1 for k, d in zip(kernel, dilation))
    sizes = tuple(n + sum(pair) for n, pair in zip(x[-dims:], pairs))
    by = " × ".join
    return (
        f"{module} got an input of shape {tuple(x)}: its kernel spans {by(map(str, spans))}, more than "
        f"the {by(map(str, sizes))} there are with padding: use a smaller kernel, more padding, or fewer layers that shrink "
        "the input"
    )
