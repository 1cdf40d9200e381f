"""Pooling: windows, or parts of each plane, to one number each."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from minigrad.errors import ShapeError
from minigrad.nn.functional.resampling import evenly
from minigrad.ops import pooling as ops
from minigrad.ops.convolution import several
from minigrad.tensor import Tensor


def max_pool1d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:  # fmt: skip
    """The largest element of each window of (N, C, L) or (C, L): see `max_pool2d`."""
    return _max_pool("max_pool1d", 1, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool2d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:  # fmt: skip
    """The largest element of each window of (N, C, H, W) or (C, H, W).

    Args:
        input: a batch of images, or one.
        kernel_size: of the window: a number, or one for each dimension, as for the next three.
        stride: from one window to the next; the size of the window unless told.
        padding: -inf added on each side, at most half of the window.
        dilation: from one element of a window to the next.
        ceil_mode: also take a last window that begins inside and ends outside.
        return_indices: return (values, indices): where in its plane, H·W, each was found. `max_unpool2d` takes them.

    The gradient goes to the first of equal elements. NaN is passed on; of several, the last is meant by the index.

    >>> from minigrad import nn, tensor
    >>> nn.functional.max_pool2d(tensor([[[1.0, 2.0, 0.0], [4.0, 3.0, 5.0]]]), 2, stride=1)
    tensor([[[4., 5.]]])
    """
    return _max_pool("max_pool2d", 2, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_pool3d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1, ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:  # fmt: skip
    """The largest element of each window of (N, C, D, H, W) or (C, D, H, W): see `max_pool2d`."""
    return _max_pool("max_pool3d", 3, input, kernel_size, stride, padding, dilation, ceil_mode, return_indices)


def max_unpool1d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Tensor:
    """`max_pool1d` backwards: see `max_unpool2d`."""
    return _max_unpool("max_unpool1d", 1, input, indices, kernel_size, stride, padding, output_size)


def max_unpool2d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Tensor:
    """`max_pool2d` backwards: each value back at the place it was found at, zeros elsewhere.

    `indices` are those that `max_pool2d` returned. `output_size` says which of the sizes that pooling brings to this one is
    meant. ValueError if it cannot be one of them, ShapeError if an index lies outside.
    """
    return _max_unpool("max_unpool2d", 2, input, indices, kernel_size, stride, padding, output_size)


def max_unpool3d(
    input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, output_size: Any = None
) -> Tensor:
    """`max_pool3d` backwards: see `max_unpool2d`."""
    return _max_unpool("max_unpool3d", 3, input, indices, kernel_size, stride, padding, output_size)


def avg_pool1d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True,
) -> Tensor:  # fmt: skip
    """The mean of each window of (N, C, L) or (C, L): see `avg_pool2d`."""
    return _avg_pool("avg_pool1d", 1, input, kernel_size, stride, padding, ceil_mode, count_include_pad, None)


def avg_pool2d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Tensor:  # fmt: skip
    """The mean of each window of (N, C, H, W) or (C, H, W). Arguments as of `max_pool2d`, and

    Args:
        count_include_pad: do the zeros of the padding count?
        divisor_override: divide the sums by this number instead.

    >>> from minigrad import nn, tensor
    >>> nn.functional.avg_pool2d(tensor([[[1.0, 2.0], [3.0, 6.0]]]), 2)
    tensor([[[3.]]])
    """
    return _avg_pool(
        "avg_pool2d", 2, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def avg_pool3d(
    input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Tensor:  # fmt: skip
    """The mean of each window of (N, C, D, H, W) or (C, D, H, W): see `avg_pool2d`."""
    return _avg_pool(
        "avg_pool3d", 3, input, kernel_size, stride, padding, ceil_mode, count_include_pad, divisor_override
    )


def lp_pool1d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """(Σ xᵖ)^(1/p) of each window of (N, C, L) or (C, L): see `lp_pool2d`."""
    return _lp_pool("lp_pool1d", 1, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool2d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """(Σ xᵖ)^(1/p) of each window of (N, C, H, W) or (C, H, W), p being `norm_type`.

    At a window of zeros it has no gradient: NaN. A window cut short by `ceil_mode` counts as if its mean went on.
    """
    return _lp_pool("lp_pool2d", 2, input, norm_type, kernel_size, stride, ceil_mode)


def lp_pool3d(input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False) -> Tensor:
    """(Σ xᵖ)^(1/p) of each window of (N, C, D, H, W) or (C, D, H, W): see `lp_pool2d`."""
    return _lp_pool("lp_pool3d", 3, input, norm_type, kernel_size, stride, ceil_mode)


def adaptive_avg_pool1d(input: Tensor, output_size: Any) -> Tensor:
    """The means of `output_size` even parts of (N, C, L) or (C, L)."""
    return _adaptive_avg("adaptive_avg_pool1d", 1, input, output_size)


def adaptive_avg_pool2d(input: Tensor, output_size: Any) -> Tensor:
    """The means of even parts of (N, C, H, W) or (C, H, W): `output_size` of them along each dimension.

    None stands for as many as there are elements. Part i of n, of a line of L, is from ⌊i·L/n⌋ to ⌈(i + 1)·L/n⌉.

    >>> from minigrad import nn, tensor
    >>> nn.functional.adaptive_avg_pool2d(tensor([[[1.0, 2.0], [3.0, 6.0]]]), 1)
    tensor([[[3.]]])
    """
    return _adaptive_avg("adaptive_avg_pool2d", 2, input, output_size)


def adaptive_avg_pool3d(input: Tensor, output_size: Any) -> Tensor:
    """The means of even parts of (N, C, D, H, W) or (C, D, H, W): see `adaptive_avg_pool2d`."""
    return _adaptive_avg("adaptive_avg_pool3d", 3, input, output_size)


def adaptive_max_pool1d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The largest elements of `output_size` even parts of (N, C, L) or (C, L), and with `return_indices` where they are."""
    return _adaptive_max("adaptive_max_pool1d", 1, input, output_size, return_indices)


def adaptive_max_pool2d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The largest elements of even parts of (N, C, H, W) or (C, H, W), and with `return_indices` where they are in H·W.

    The parts are those of `adaptive_avg_pool2d`.
    """
    return _adaptive_max("adaptive_max_pool2d", 2, input, output_size, return_indices)


def adaptive_max_pool3d(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
    """The largest elements of even parts of (N, C, D, H, W) or (C, D, H, W): see `adaptive_max_pool2d`."""
    return _adaptive_max("adaptive_max_pool3d", 3, input, output_size, return_indices)


# ── for any number of dimensions ─────────────────────────────────────────────────────────────────────────────────────


def _window(
    name: str, dims: int, kernel_size: Any, stride: Any, padding: Any, dilation: Any = 1
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    kernel = several(name, "kernel_size", kernel_size, dims, 1)
    steps = kernel if stride is None or stride == [] or stride == () else several(name, "stride", stride, dims, 1)
    return kernel, steps, several(name, "padding", padding, dims, 0), several(name, "dilation", dilation, dims, 1)


def _like(input: Tensor, result: Tensor) -> Tensor:
    """The result without the dimension that one example was given."""
    return result if result.array.ndim == input.array.ndim else result.squeeze(0)


def _max_pool(
    name: str, dims: int, input: Tensor, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool,
    return_indices: bool,
) -> Any:  # fmt: skip
    kernel, steps, pad, gaps = _window(name, dims, kernel_size, stride, padding, dilation)
    x = ops.planes(name, dims, input)
    if x.array.dtype.kind == "b":
        raise TypeError(f"{name} of booleans: convert them first, x.float()")
    pairs = ops.placed(name, x.array.shape[2:], kernel, steps, pad, gaps, ceil_mode)
    if not return_indices:
        return _like(input, ops.max_pool(x, kernel, steps, pairs, gaps))
    index = ops.max_pool_indices(x, kernel, steps, pairs, gaps)
    values = ops.take_planes(x, ops.in_whole(index, x.array.shape[2:]), False)
    return _like(input, values), _like(input, index)


def _max_unpool(
    name: str, dims: int, input: Tensor, indices: Tensor, kernel_size: Any, stride: Any, padding: Any, output_size: Any
) -> Tensor:
    kernel, steps, pad, _ = _window(name, dims, kernel_size, stride, padding)
    x, index = ops.planes(name, dims, input), ops.planes(name, dims, indices)
    if index.array.shape != x.array.shape or index.array.dtype.kind != "i":
        raise ShapeError(
            f"{name}: indices of shape {tuple(indices.shape)} and type {indices.array.dtype} for values of shape "
            f"{tuple(input.shape)}: use those that max_pool{dims}d(..., return_indices=True) gave"
        )
    usual = tuple((n - 1) * s - 2 * p + k for n, s, p, k in zip(x.array.shape[2:], steps, pad, kernel))
    sizes = usual if output_size is None else tuple(int(n) for n in output_size)[-dims:]
    if len(sizes) != dims or any(not u - s < n < u + s for n, u, s in zip(sizes, usual, steps)):
        raise ValueError(f"{name}: output_size={output_size}: it must be within the stride {steps} of {usual}")
    n = prod(sizes)
    if index.array.size and not 0 <= index.array.min() <= index.array.max() < n:
        raise ShapeError(f"{name}: an index lies outside of planes of {sizes}: give the output_size that was pooled")
    return _like(input, ops.put_planes(x, ops.in_whole(index, sizes), (*x.array.shape[:2], *sizes), False))


def _avg_pool(
    name: str, dims: int, input: Tensor, kernel_size: Any, stride: Any, padding: Any, ceil_mode: bool,
    count_include_pad: bool, divisor: int | None,
) -> Tensor:  # fmt: skip
    kernel, steps, pad, ones = _window(name, dims, kernel_size, stride, padding)
    x = ops.planes(name, dims, input)
    if divisor == 0:
        raise ShapeError(f"{name}: divisor_override=0: use a number other than 0, or None for the size of the window")
    pairs = ops.placed(name, x.array.shape[2:], kernel, steps, pad, ones, ceil_mode)
    return _like(input, ops.avg_pool(x, kernel, steps, pairs, pad if count_include_pad else None, divisor))


def _lp_pool(
    name: str, dims: int, input: Tensor, norm_type: float, kernel_size: Any, stride: Any, ceil_mode: bool
) -> Tensor:
    kernel, steps, pad, ones = _window(name, dims, kernel_size, stride, 0)
    x = ops.planes(name, dims, input)
    pairs = ops.placed(name, x.array.shape[2:], kernel, steps, pad, ones, ceil_mode)
    means = ops.avg_pool(x.pow(norm_type), kernel, steps, pairs, pad, None)
    return _like(input, (means * prod(kernel)).pow(1 / norm_type))


def _sizes(name: str, dims: int, x: Tensor, output_size: Any) -> tuple[int, ...]:
    given: Sequence[Any] = output_size if isinstance(output_size, tuple | list) else (output_size,) * dims
    if len(given) != dims:
        raise ShapeError(f"{name}: output_size={output_size}: give one number, or {dims}, one for each dimension")
    sizes = tuple(n if size is None else int(size) for size, n in zip(given, x.array.shape[2:]))
    if any(size < 0 for size in sizes):
        raise ShapeError(f"{name}: output_size={output_size}: use numbers from 0 on, or None")
    if 0 in x.array.shape[1:]:
        raise ShapeError(f"{name} got an input of shape {tuple(x.shape)}, which has nothing to pool")
    return sizes


def _even(x: Tensor, sizes: tuple[int, ...]) -> tuple[int, ...] | None:
    """The sizes of the parts, if all are of one size."""
    whole = x.array.shape[2:]
    return None if any(not size or n % size for n, size in zip(whole, sizes)) else tuple(
        n // size for n, size in zip(whole, sizes)
    )  # fmt: skip


def _adaptive_avg(name: str, dims: int, input: Tensor, output_size: Any) -> Tensor:
    x = ops.planes(name, dims, input)
    sizes = _sizes(name, dims, x, output_size)
    if x.array.dtype.kind != "f":
        raise TypeError(f"{name} of a tensor of type {x.array.dtype}: convert it first, x.float()")
    kernel = _even(x, sizes)
    if kernel is None:
        return _like(input, evenly(x, sizes))
    if set(sizes) == {1}:
        return _like(input, x.mean(tuple(range(2, dims + 2)), keepdim=True))
    return _like(input, ops.avg_pool(x, kernel, kernel, ((0, 0),) * dims, None, None))


def _adaptive_max(name: str, dims: int, input: Tensor, output_size: Any, return_indices: bool) -> Any:
    x = ops.planes(name, dims, input)
    sizes = _sizes(name, dims, x, output_size)
    if x.array.dtype.kind != "f":
        raise TypeError(f"{name} of a tensor of type {x.array.dtype}: convert it first, x.float()")
    kernel = _even(x, sizes)
    if kernel is None:
        index = ops.adaptive_max_indices(x, sizes)
    else:
        index = ops.max_pool_indices(x, kernel, kernel, ((0, 0),) * dims, (1,) * dims)
    values = _like(input, ops.take_planes(x, ops.in_whole(index, x.array.shape[2:]), kernel is not None))
    return (values, _like(input, index)) if return_indices else values
