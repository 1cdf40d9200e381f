"""Maxima and means of windows, dimension by dimension: of k·k elements, 2(k - 1) are looked at for each result.

Arrays are (N, C, *sizes); `padding` has a pair (before, after) for each dimension.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from minigrad.kernels.windows import Array, Pairs, Sizes, count, padded


def _along(x: Array, axis: int, i: int, places: int, stride: int, dilation: int) -> Array:
    """Element i of each window along one axis."""
    start = i * dilation
    return x[(slice(None),) * axis + (slice(start, start + stride * (places - 1) + 1, stride),)]


def _least(x: Array) -> Any:
    return -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min


def max_pool(x: Array, kernel: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes) -> Array:
    """The largest element of each window; NaN if there is one."""
    if any(map(any, padding)):
        x = padded(x, padding, _least(x))
    for axis, (k, s, d) in enumerate(zip(kernel, stride, dilation), 2):
        places = count(x.shape[axis], k, s, d)
        out: Any = _along(x, axis, 0, places, s, d)
        for i in range(1, k):
            out = np.maximum(out, _along(x, axis, i, places, s, d), out=out if i > 1 else None)
        x = out
    return np.array(x, order="C") if x.base is not None or not x.flags.c_contiguous else x


def max_pool_indices(x: Array, kernel: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes) -> Array:
    """Where the largest element of each window is, in its plane (H·W) of x: the first of equal ones, the last NaN."""
    sizes = x.shape[2:]
    x = padded(x, padding, _least(x)) if any(map(any, padding)) else x
    places = [count(n, k, s, d) for n, k, s, d in zip(x.shape[2:], kernel, stride, dilation)]
    taps, largest = _first_taps(x, kernel, stride, padding, dilation, False)
    if largest.dtype.kind == "f" and np.isnan(largest).any():
        taps, _ = _first_taps(x, kernel, stride, padding, dilation, True)
    steps = [prod(sizes[i + 1 :]) for i in range(len(sizes))]
    offsets, starts = np.zeros(1, np.int64), np.zeros(1, np.int64)
    for k, s, d, step, n, (before, _) in zip(kernel, stride, dilation, steps, places, padding):
        offsets = np.add.outer(offsets, np.arange(k) * (d * step)).reshape(-1)
        starts = np.add.outer(starts, (np.arange(n) * s - before) * step).reshape(-1)
    found = offsets.take(taps)
    found += starts.reshape(places)
    return found


def _first_taps(
    x: Array, kernel: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes, nan: bool
) -> tuple[Array, Array]:
    """Which element of its window the largest is, counted by rows, and its value.

    A later element has a greater number and takes the place of an earlier one only if it is larger; so the number that
    stays is the maximum of those that ever won. The borders never win: where nothing does, it is the first inside.
    """
    kind: Any = np.uint8 if prod(kernel) <= 256 else np.int64
    taps: Any = np.zeros((), kind)
    radix = 1
    for axis in range(x.ndim - 1, 1, -1):
        k, s, d, before = kernel[axis - 2], stride[axis - 2], dilation[axis - 2], padding[axis - 2][0]
        places = count(x.shape[axis], k, s, d)
        first = np.maximum(-(-(before - np.arange(places) * s) // d), 0).clip(max=k - 1).astype(kind) * kind(radix)
        shape = (places, *(1,) * (x.ndim - axis - 1))
        largest: Any = _along(x, axis, 0, places, s, d)
        won: Any = _along(taps, axis, 0, places, s, d) if taps.ndim else taps
        won = np.broadcast_to(won + first.reshape(shape), largest.shape).copy()
        for i in range(1, k):
            other = _along(x, axis, i, places, s, d)
            wins = other > largest
            if nan:
                wins |= other != other
            number = _along(taps, axis, i, places, s, d) + kind(i * radix) if taps.ndim else kind(i * radix)
            np.maximum(won, wins.view(np.uint8) * number, out=won)
            largest = np.maximum(largest, other, out=largest if i > 1 else None)
        x, taps = largest, won
        radix *= k
    return taps, x


def adaptive_max_indices(x: Array, sizes: Sizes) -> Array:
    """Where the largest element of each part is, in its plane of x, for parts that may differ by an element."""
    index: Array = np.zeros((), np.int64)
    for n, parts in zip(x.shape[2:], sizes):
        starts, ends = parts_of(n, parts)
        most = int((ends - starts).max()) if parts else 1
        index = np.add.outer(index * n, np.minimum(starts[:, None] + np.arange(most), ends[:, None] - 1))
    dims = len(sizes)
    order = (*range(0, 2 * dims, 2), *range(1, 2 * dims, 2))
    index = index.transpose(order).reshape(*sizes, -1)  # (*sizes, elements of a part)
    elements = x.reshape(*x.shape[:2], -1)[..., index]
    missing = np.isnan(elements)
    at: Array = np.where(missing.any(-1), index.shape[-1] - 1 - missing[..., ::-1].argmax(-1), elements.argmax(-1))
    found: Array = index.reshape(-1).take(at + np.arange(prod(sizes)).reshape(sizes) * index.shape[-1])
    return found


def parts_of(n: int, parts: int) -> tuple[Array, Array]:
    """The starts and ends of so many parts of a line of n: as even as can be, and overlapping by one where they must."""
    i = np.arange(parts)
    return i * n // max(parts, 1), -(-(i + 1) * n // max(parts, 1))


def take_planes(x: Array, index: Array) -> Array:
    """The elements of each plane of x (N, C, *sizes) at the places of index (N, C, *others)."""
    return x.reshape(-1).take(_flat(index, prod(x.shape[2:])))


def put_planes(values: Array, index: Array, sizes: Sizes, accumulate: bool) -> Array:
    """Zeros (N, C, *sizes) with `values` at these places of each plane: their sums, or else the last of them."""
    flat = _flat(index, prod(sizes)).reshape(-1)
    shape = (*values.shape[:2], *sizes)
    if accumulate:
        return np.bincount(flat, values.reshape(-1), prod(shape)).reshape(shape).astype(values.dtype)
    out = np.zeros(shape, values.dtype)
    out.reshape(-1)[flat] = values.reshape(-1)
    return out


def _flat(index: Array, size: int) -> Array:
    planes = np.arange(index.shape[0] * index.shape[1]) * size
    return index + planes.reshape(*index.shape[:2], *(1,) * (index.ndim - 2))


# ── means ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def avg_pool(
    x: Array, kernel: Sizes, stride: Sizes, padding: Pairs, include_pad: Sequence[int] | None, divisor: int | None
) -> Array:
    """The sum of each window over `divisor`; if that is None, over how many elements it has.

    include_pad: how much of the padding counts, for each dimension; None for none.
    """
    if x.dtype.char == "e":
        return avg_pool(x.astype(np.float32), kernel, stride, padding, include_pad, divisor).astype(x.dtype)
    over = divisors(x.shape[2:], kernel, stride, padding, include_pad, divisor)
    x = padded(x, padding) if any(map(any, padding)) else x
    for axis, (k, s) in enumerate(zip(kernel, stride), 2):
        places = count(x.shape[axis], k, s, 1)
        out: Any = _along(x, axis, 0, places, s, 1)
        for i in range(1, k):
            out = np.add(out, _along(x, axis, i, places, s, 1), out if i > 1 else None)
        x = out
    if x.dtype.kind != "f":
        whole: Array = np.trunc(x / over)
        return whole.astype(x.dtype)
    means: Array = np.multiply(x, (1 / over).astype(x.dtype), order="C")
    return means


def avg_pool_backward(
    g: Array,
    sizes: Sizes,
    kernel: Sizes,
    stride: Sizes,
    padding: Pairs,
    include_pad: Sequence[int] | None,
    divisor: int | None,
) -> Array:
    """`avg_pool` of an array of these sizes, backwards: each window's share added to its elements."""
    if g.dtype.char == "e":
        wide = g.astype(np.float32)
        return avg_pool_backward(wide, sizes, kernel, stride, padding, include_pad, divisor).astype(g.dtype)
    over = divisors(sizes, kernel, stride, padding, include_pad, divisor)
    g = g * (1 / over).astype(g.dtype)
    for axis in range(g.ndim - 1, 1, -1):
        k, s, (before, after) = kernel[axis - 2], stride[axis - 2], padding[axis - 2]
        places, n = g.shape[axis], sizes[axis - 2]
        if k == s and places * k == n + before + after:
            g = np.repeat(g, k, axis)
        else:
            out = np.zeros((*g.shape[:axis], n + before + after, *g.shape[axis + 1 :]), g.dtype)
            for i in range(k):
                part = _along(out, axis, i, places, s, 1)
                np.add(part, g, part)
            g = out
        if before or after:
            g = g[(slice(None),) * axis + (slice(before, before + n),)]
    return np.ascontiguousarray(g)


@lru_cache(256)
def divisors(
    sizes: Sizes,
    kernel: Sizes,
    stride: Sizes,
    padding: Pairs,
    include_pad: tuple[int, ...] | None,
    divisor: int | None,
) -> Array:
    """What the sum of each window is divided by, float64, (*places) or of sizes 1."""
    total = np.ones((), np.float64) if divisor is None else np.full((1,) * len(sizes), float(divisor))
    for axis, (n, k, s, (before, after)) in enumerate(zip(sizes, kernel, stride, padding)):
        if divisor is None:
            start = np.arange(count(n + before + after, k, s, 1)) * s - before
            if include_pad is None:
                counts = np.minimum(start + k, n) - np.maximum(start, 0)
            else:
                counts = np.minimum(start + k, n + include_pad[axis]) - start
            if counts.size and (counts == counts[0]).all():
                counts = counts[:1]
            total = np.multiply.outer(total, counts)
    total.flags.writeable = False
    return total
