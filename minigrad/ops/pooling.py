"""Maxima and means of windows: (N, C, *sizes) with as many sizes as the window has.

A maximum is where it is found: an operation finds the places, which have no gradient, another one takes what is there.
Taking and putting back, like a mean and its gradient, are linear, and so one another's gradients.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from minigrad.errors import ShapeError, not_a_tensor
from minigrad.grad_mode import is_grad_enabled
from minigrad.graph import apply
from minigrad.kernels import pooling as kernels
from minigrad.kernels.windows import count

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

Sizes: TypeAlias = "tuple[int, ...]"
Pairs: TypeAlias = "tuple[tuple[int, int], ...]"


def max_pool(input: Tensor, kernel: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes) -> Tensor:
    """The largest element of each window; its gradient goes to the first of equal ones."""
    window: dict[str, Any] = {"kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation}
    if input.requires_grad and is_grad_enabled():
        apart = all(k == 1 or s > d * (k - 1) for k, s, d in zip(kernel, stride, dilation))
        return take_planes(input, apply(kernels.max_pool_places, (input,), **window), apart)
    return apply(kernels.max_pool, (input,), **window)


def max_pool_indices(input: Tensor, kernel: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes) -> Tensor:
    """Where the largest element of each window is, as an int64 index into its plane."""
    return apply(kernels.max_pool_indices, (input,), kernel=kernel, stride=stride, padding=padding, dilation=dilation)


def adaptive_max_indices(input: Tensor, sizes: Sizes) -> Tensor:
    """Where the largest element of each of so many even parts is, as an int64 index into its plane."""
    return apply(kernels.adaptive_max_indices, (input,), sizes=sizes)


def in_whole(index: Tensor, sizes: Sizes) -> Tensor:
    """Places in planes of these sizes, (N, C, *others), as places in the whole array."""
    return apply(kernels.in_whole, (index,), sizes=sizes)


def take_planes(input: Tensor, places: Tensor, apart: bool) -> Tensor:
    """The elements of `input` at `places`, counted through the whole of it; `apart` if no place is named twice."""
    shape = tuple(input.array.shape)
    return apply(kernels.take_planes, (input, places), (lambda g: put_planes(g, places, shape, not apart), None))


def put_planes(input: Tensor, places: Tensor, shape: Sizes, accumulate: bool) -> Tensor:
    """Zeros with the elements of `input` at `places`, counted through the whole: summed, or else the last stays."""
    return apply(
        kernels.put_planes,
        (input, places),
        (lambda g: take_planes(g, places, not accumulate), None),
        shape=shape,
        accumulate=accumulate,
    )


def avg_pool(
    input: Tensor, kernel: Sizes, stride: Sizes, padding: Pairs, include_pad: Sizes | None, divisor: int | None
) -> Tensor:
    """The mean of each window: `kernels.avg_pool`."""
    window = {
        "kernel": kernel, "stride": stride, "padding": padding, "include_pad": include_pad, "divisor": divisor,
    }  # fmt: skip
    sizes = tuple(input.array.shape[2:])
    return apply(kernels.avg_pool, (input,), (lambda g: _avg_pool_backward(g, sizes, window),), **window)


def _avg_pool_backward(g: Tensor, sizes: Sizes, window: dict[str, Any]) -> Tensor:
    return apply(kernels.avg_pool_backward, (g,), (lambda u: avg_pool(u, **window),), sizes=sizes, **window)


# ── from what the user gives ─────────────────────────────────────────────────────────────────────────────────────────


def planes(name: str, dims: int, input: Tensor) -> Tensor:
    """The input as (N, C, *sizes): one example becomes a batch of one. ShapeError for anything else."""
    if not hasattr(input, "_version"):
        raise not_a_tensor(name, input)
    ndim = input.array.ndim
    if ndim not in (dims + 1, dims + 2):
        sizes = ("D", "H", "W")[-dims:] if dims > 1 else ("L",)
        raise ShapeError(
            f"{name} got an input of shape {tuple(input.array.shape)}: it needs (N, C, {', '.join(sizes)}), or (C, "
            f"{', '.join(sizes)}) for one example"
            + ("; add dimensions of size 1, x.unsqueeze(0)" if ndim == dims else "")
        )
    return input if ndim == dims + 2 else input.unsqueeze(0)


def placed(
    name: str, sizes: Sizes, kernel: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, ceil_mode: bool
) -> Pairs:
    """The padding (before, after) with which the windows that PyTorch counts are those that fit."""
    pairs = []
    for n, k, s, p, d in zip(sizes, kernel, stride, padding, dilation):
        span = d * (k - 1) + 1
        if 2 * p > span:
            raise ShapeError(
                f"{name}: padding={p} with kernel_size={k}: it must be at most half of the kernel, {span // 2}, so that no "
                "window lies in it entirely"
            )
        places = count(n + 2 * p, k, s, d)
        after = p
        if ceil_mode:
            more = -(-(n + 2 * p - span) // s) + 1
            more -= (more - 1) * s >= n + p  # the last window has to start inside
            if more > places:
                places, after = more, (more - 1) * s + span - n - p
        if places < 1:
            raise ShapeError(
                f"{name} got planes of sizes {tuple(sizes)}, and windows of {tuple(kernel)} do not fit in them: use a smaller "
                "kernel_size, ceil_mode=True, or fewer layers that shrink the input"
            )
        skipped = [-(start // d) for start in range(-p, 0, s)][
            :places
        ]  # elements of the first windows that lie outside
        if any(first >= k or first * d - p + i * s >= n for i, first in enumerate(skipped)):
            raise ShapeError(
                f"{name}: with dilation={d}, padding={p} and kernel_size={k} there is a window without a single element of a "
                f"dimension of {n}: use less padding or dilation"
            )
        pairs.append((p, after))
    return tuple(pairs)
