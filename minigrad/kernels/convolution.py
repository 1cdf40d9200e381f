"""Convolution: forwards, and backwards to either operand. The three are one another's gradients, so there are no more.

A window is not copied element by element for each of its places (im2col), which would make k·k copies of the input: where
rows of windows overlap, the input is copied once per *column* of the kernel, in an order in which the kh rows that one row
of results needs lie one after another; so they are a matrix as they are, and one product gives that row for several
samples. It is done in blocks that stay in the cache.

Source: M. Cho and D. Brand, MEC: memory-efficient convolution for deep neural networks, ICML 2017.

Arrays are (N, C, *sizes), weights (out, in per group, *kernel), any number of dimensions. `padding` has a pair for each.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np

from minigrad.kernels.blocks import BLOCK, Block
from minigrad.kernels.windows import Array, Pairs, Sizes, count, cropped, given, padded, tap

TALL = 64  # rows of a factor for which it pays to copy the other one


def convolution(
    x: Array,
    weight: Array,
    bias: Array | None = None,
    *,
    stride: Sizes,
    padding: Pairs,
    dilation: Sizes,
    groups: int,
    out: Array | None = None,
) -> Array:
    """out[n, o, p] = Σ x[n, c, p·stride + i·dilation] · weight[o, c, i], over the channels c of o's group and i; + bias[o]."""
    if x.dtype.char == "e":  # NumPy's products of halves are slow, and add up in halves
        wide = [None if a is None else a.astype(np.float32) for a in (x, weight, bias)]
        half: Any = convolution(*wide, stride=stride, padding=padding, dilation=dilation, groups=groups)  # type: ignore[arg-type]
        return given(half.astype(x.dtype), out)
    x = padded(x, padding)
    n, outs = len(x), len(weight)
    sizes = tuple(map(count, x.shape[2:], weight.shape[2:], stride, dilation))
    out = np.empty((n, outs, *sizes), x.dtype) if out is None else out
    if 0 in x.shape:
        out.fill(0)
    elif groups > 1 and weight.shape[1] == 1:
        _each_channel(x, weight, out.reshape(n, groups, -1, *sizes), stride, dilation)
    elif _pointwise(weight, stride):
        parts = x.reshape(n, groups, x.shape[1] // groups, -1)
        matrix = weight.reshape(groups, outs // groups, -1)
        np.matmul(matrix, parts, out=out.reshape(n, groups, outs // groups, -1))
    else:
        matrix = _as_matrix(weight, groups)
        for block in Block.all(x, sizes, weight.shape[2:], stride, dilation, groups, outs):
            block.put(np.matmul(matrix, block.lowered(x)), bias, out)
        return out
    if bias is not None:
        out += bias.reshape(-1, *(1,) * len(sizes))
    return out


def convolution_weight(
    x: Array, g: Array, *, kernel: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes, groups: int
) -> Array:
    """The gradient of `convolution` for its weight: Σ g[n, o, p] · x[n, c, p·stride + i·dilation], over n and p."""
    if x.dtype.char == "e":
        wide = x.astype(np.float32), g.astype(np.float32)
        half = convolution_weight(
            *wide, kernel=kernel, stride=stride, padding=padding, dilation=dilation, groups=groups
        )
        return half.astype(x.dtype)
    x = padded(x, padding)
    outs, per = g.shape[1], x.shape[1] // groups
    if groups > 1 and per == 1 and 0 not in x.shape:
        return _each_channel_weight(x, g, kernel, stride, dilation, groups)
    total = np.zeros((groups, prod(kernel) * per, outs // groups), x.dtype)
    rows_first = outs // groups > 8  # the orientation that the product is quicker in
    if 0 not in x.shape:
        for block in Block.all(x, g.shape[2:], kernel, stride, dilation, groups, outs):
            columns, slopes = block.lowered(x), block.gathered(g)
            many = columns.shape[1] > 1 and columns.shape[2] * slopes.shape[2] < 1 << 16
            if rows_first and many and columns.shape[2] >= TALL:  # a product of factors that lie straight is quicker
                slopes = np.ascontiguousarray(slopes.swapaxes(-1, -2)).swapaxes(-1, -2)
            for at in (slice(None),) if many else range(columns.shape[1]):
                c, s = columns[:, at], slopes[:, at]
                part = c @ s.swapaxes(-1, -2) if rows_first else (s @ c.swapaxes(-1, -2)).swapaxes(-1, -2)
                total += part.sum(1) if many else part
    return _from_matrix(total.swapaxes(1, 2), per, kernel)


def convolution_input(
    g: Array,
    weight: Array,
    *,
    sizes: Sizes,
    stride: Sizes,
    padding: Pairs,
    dilation: Sizes,
    groups: int,
    out: Array | None = None,
) -> Array:
    """The gradient of `convolution` for its input, of these `sizes`: at p·stride + i·dilation, Σ g[n, o, p] · weight[o, c, i].

    It is also what is called a transposed convolution.
    """
    if g.dtype.char == "e":
        wide = g.astype(np.float32), weight.astype(np.float32)
        half = convolution_input(*wide, sizes=sizes, stride=stride, padding=padding, dilation=dilation, groups=groups)
        return given(half.astype(g.dtype), out)
    n, outs, per = len(g), len(weight), weight.shape[1]
    kernel, places = weight.shape[2:], g.shape[2:]
    if _as_forward(weight, stride, groups):
        return _by_convolution(g, weight, sizes, padding, dilation, out)
    g = np.ascontiguousarray(g)
    whole = tuple(size + before + after for size, (before, after) in zip(sizes, padding))
    if out is not None and whole == tuple(sizes):
        total = out
        total.fill(0)
    else:
        total = np.zeros((n, groups * per, *whole), g.dtype)
    if 0 in g.shape or 0 in total.shape:
        pass
    elif groups > 1 and per == 1:
        _each_channel_input(g, weight, total, stride, dilation, groups)
    elif _pointwise(weight, stride) and places == whole:
        matrix = weight.reshape(groups, outs // groups, per).swapaxes(1, 2)
        np.matmul(matrix, g.reshape(n, groups, outs // groups, -1), out=total.reshape(n, groups, per, -1))
    else:
        matrix = np.ascontiguousarray(_as_matrix(weight, groups).swapaxes(-1, -2))
        for block in Block.all(total, places, kernel, stride, dilation, groups, outs):
            block.spread(np.matmul(matrix, block.gathered(g)), total)
    return total if total is out else given(cropped(total, padding), out)


# ── matrices of weights ──────────────────────────────────────────────────────────────────────────────────────────────


def _pointwise(weight: Array, stride: Sizes) -> bool:
    return set(weight.shape[2:]) == {1} and set(stride) == {1}


def _as_matrix(weight: Array, groups: int) -> Array:
    """(out, per, *rest, kh, kw) as (groups, 1, out / groups, kh · per · rest · kw): the order of `Block.lowered`."""
    if weight.ndim == 3:
        weight = weight[:, :, None]
    outs, kh = len(weight), weight.shape[-2]
    return np.moveaxis(weight, -2, 1).reshape(
        groups, 1, outs // groups, kh * prod(weight.shape[1:-2]) * weight.shape[-1]
    )


def _from_matrix(matrix: Array, per: int, kernel: Sizes) -> Array:
    """`_as_matrix`, backwards."""
    *rest, kh, kw = kernel if len(kernel) > 1 else (1, *kernel)
    weight = np.moveaxis(matrix.reshape(-1, kh, per, *rest, kw), 1, -2)
    return np.ascontiguousarray(weight).reshape(len(weight), per, *kernel)


def _as_forward(weight: Array, stride: Sizes, groups: int) -> bool:
    """Is the gradient of the input quicker as a convolution? Then no window overlaps what another one adds to."""
    return groups == 1 and set(stride) == {1} and set(weight.shape[2:]) != {1} and 2 * weight.shape[1] >= len(weight)


def _by_convolution(g: Array, weight: Array, sizes: Sizes, padding: Pairs, dilation: Sizes, out: Array | None) -> Array:
    """`convolution_input` for stride 1: the convolution of g, with wide borders, and the flipped weight."""
    reach = [d * (k - 1) for k, d in zip(weight.shape[2:], dilation)]
    borders = [(r - before, n + before - p) for r, n, p, (before, _) in zip(reach, sizes, g.shape[2:], padding)]
    inner: Any = (..., *(slice(max(-a, 0), n - max(-b, 0)) for n, (a, b) in zip(g.shape[2:], borders)))
    turned = np.flip(weight, tuple(range(2, weight.ndim))).swapaxes(0, 1)
    return convolution(
        g[inner],
        turned,
        stride=(1,) * len(sizes),
        padding=tuple((max(a, 0), max(b, 0)) for a, b in borders),
        dilation=dilation,
        groups=1,
        out=out,
    )


# ── one channel in, one or more out ──────────────────────────────────────────────────────────────────────────────────
#
# Channels come first here, a few at a time, and the samples are one more dimension. For stride 1 all of them are one long
# line per channel, of which each element of the kernel meets a piece: what lies between the places is computed too, and left.


def _few(x: Array) -> Iterator[slice]:
    """So many channels that they stay in the cache."""
    n = max(1, BLOCK // 4 // max(x[:, :1].nbytes, 1))
    return (slice(a, a + n) for a in range(0, x.shape[1], n))


def _reach(x: Array, places: Sizes) -> tuple[list[int], int]:
    """How far apart neighbours are in the lines of x (C, N, *sizes), and how far it is from the first to the last place."""
    steps = [prod(x.shape[axis + 1 :]) for axis in range(1, x.ndim)]
    return steps, sum((n - 1) * step for n, step in zip((x.shape[1], *places), steps)) + 1


def _taps(x: Array, kernel: Sizes, places: Sizes, stride: Sizes, dilation: Sizes) -> Iterator[tuple[Any, Array]]:
    """For each element of the kernel, what it meets in x (C, N, *sizes): pieces of lines (C, reach) if the stride is 1."""
    if set(stride) != {1}:
        for at in np.ndindex(*kernel):
            yield at, x[(..., *tap(places, at, stride, dilation))]
        return
    lines = x.reshape(len(x), -1)
    steps, reach = _reach(x, places)
    for at in np.ndindex(*kernel):
        start = sum(i * d * step for i, d, step in zip(at, dilation, steps[1:]))
        yield at, lines[:, start : start + reach]


def _on_lines(x: Array, places: Sizes, stride: Sizes) -> tuple[Array, Array]:
    """Zeros like what `_taps` gives of x, and the part of them that is at the places: (C, N, *places)."""
    if set(stride) != {1}:
        plain = np.zeros((*x.shape[:2], *places), x.dtype)
        return plain, plain
    steps, reach = _reach(x, places)
    lines = np.zeros((len(x), reach), x.dtype)
    strides = (lines.strides[0], *(step * x.itemsize for step in steps))
    return lines, np.ndarray((*x.shape[:2], *places), x.dtype, lines, 0, strides)


def _each_channel(x: Array, weight: Array, out: Array, stride: Sizes, dilation: Sizes) -> None:
    """Fill out (N, C, outs per channel, *places): element by element of the kernel."""
    kernel, places = weight.shape[2:], out.shape[3:]
    weight = weight.reshape(*out.shape[1:3], *kernel)
    for some in _few(x):
        channels = np.ascontiguousarray(x[:, some].swapaxes(0, 1))
        for m in range(out.shape[2]):
            total, results = _on_lines(channels, places, stride)
            term = np.empty_like(total)
            for at, part in _taps(channels, kernel, places, stride, dilation):
                np.multiply(part, weight[(some, m, *at)].reshape(-1, *(1,) * (part.ndim - 1)), out=term)
                total += term
            out[:, some, m] = results.swapaxes(0, 1)


def _each_channel_input(g: Array, weight: Array, out: Array, stride: Sizes, dilation: Sizes, groups: int) -> None:
    """Fill out (N, C, *sizes) with what `_each_channel` gives, backwards."""
    kernel, places = weight.shape[2:], g.shape[2:]
    weight = weight.reshape(groups, -1, *kernel)
    g = g.reshape(len(g), groups, -1, *places)
    for some in _few(out):
        channels = np.zeros_like(out[:, some].swapaxes(0, 1), order="C")
        for m in range(g.shape[2]):
            slopes, results = _on_lines(channels, places, stride)
            results[...] = g[:, some, m].swapaxes(0, 1)
            term = np.empty_like(slopes)
            for at, part in _taps(channels, kernel, places, stride, dilation):
                np.multiply(slopes, weight[(some, m, *at)].reshape(-1, *(1,) * (part.ndim - 1)), out=term)
                part += term
        out[:, some] = channels.swapaxes(0, 1)


def _each_channel_weight(x: Array, g: Array, kernel: Sizes, stride: Sizes, dilation: Sizes, groups: int) -> Array:
    """Σ g · x over samples and places, for each channel and element of the kernel."""
    places = g.shape[2:]
    g = g.reshape(len(g), groups, -1, *places)
    total = np.zeros((groups, g.shape[2], *kernel), x.dtype)
    for some in _few(x):
        channels = np.ascontiguousarray(x[:, some].swapaxes(0, 1))
        for m in range(g.shape[2]):
            slopes, results = _on_lines(channels, places, stride)
            results[...] = g[:, some, m].swapaxes(0, 1)
            axes = list(range(slopes.ndim))
            for at, part in _taps(channels, kernel, places, stride, dilation):
                total[(some, m, *at)] += np.einsum(part, axes, slopes, axes, [0])
    return total.reshape(-1, 1, *kernel)
