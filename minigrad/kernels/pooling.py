"""Maxima and means of windows, dimension by dimension: of k·k elements, 2(k - 1) are looked at for each result.

Arrays are (N, C, *sizes); `padding` has a pair (before, after) for each dimension.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Any

import numpy as np

from minigrad.kernels.windows import Array, Pairs, Sizes, count, given, padded

MANY = 9  # elements of a window: more are compared dimension by dimension


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


def max_pool_places(
    x: Array, kernel: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes, out: Array | None = None
) -> Array:
    """Where the largest element of each window is in x, all of whose elements are counted through."""
    beside = kernel == stride and set(dilation) == {1} and not any(map(any, padding))
    if beside and prod(kernel) <= MANY:
        return _places_beside(x, kernel, out)
    return given(in_whole(max_pool_indices(x, kernel, stride, padding, dilation), x.shape[2:]), out)


def _places_beside(x: Array, kernel: Sizes, out: Array | None) -> Array:
    """`max_pool_places` of windows that lie side by side: by a comparison for each of their elements."""
    places = tuple(n // k for n, k in zip(x.shape[2:], kernel))
    steps = [prod(x.shape[axis + 1 :]) for axis in range(2, x.ndim)]
    offsets = [sum(i * step for i, step in zip(at, steps)) for at in np.ndindex(*kernel)]
    first: Array = np.zeros(1, np.intp)
    for k, step, n in zip(kernel, steps, places):
        first = np.add.outer(first, np.arange(n) * (k * step)).reshape(-1)
    elements = _elements(x, kernel, places)
    found, largest = _first_largest(elements, offsets, False)
    if largest.dtype.kind == "f" and np.isnan(largest).any():
        found, _ = _first_largest(elements, offsets, True)
    out = np.empty((*x.shape[:2], *places), np.intp) if out is None else out
    flat = out.reshape(-1)
    planes = x.shape[0] * x.shape[1]
    np.add.outer(np.arange(planes) * prod(x.shape[2:]), first, out=flat.reshape(planes, first.size))
    flat += found
    return out


def _elements(x: Array, kernel: Sizes, places: Sizes) -> list[Array]:
    """The first elements of all windows, which lie side by side, then the second ones, and so on: each in one line.

    An axis after the other is taken apart; what follows it is copied as one piece, much quicker than number by number.
    """
    whole = tuple(k * n for k, n in zip(kernel, places))
    inner: Any = (..., *map(slice, whole))
    parts = [np.ascontiguousarray(x[inner])]
    for axis, k in enumerate(kernel):
        piece: Any = np.dtype((np.void, prod(whole[axis + 1 :]) * x.itemsize)) if axis + 1 < len(kernel) else x.dtype
        apart = [part.reshape(-1).view(piece).reshape(-1, k) for part in parts]
        parts = [np.ascontiguousarray(part[:, i]).view(x.dtype) for part in apart for i in range(k)]
    return parts


def _first_largest(elements: list[Array], offsets: list[int], nan: bool) -> tuple[Array, Array]:
    """The offset of the largest element of each window, and its value: see `_first_taps`."""
    kind: Any = np.min_scalar_type(offsets[-1]).type
    largest, found = elements[0], np.zeros(elements[0].shape, kind)
    for other, offset in zip(elements[1:], offsets[1:]):
        wins = other > largest
        if nan:
            wins |= other != other
        np.maximum(found, wins.view(np.uint8) * kind(offset), out=found)
        largest = np.maximum(largest, other)
    return found, largest


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


def in_whole(index: Array, sizes: Sizes) -> Array:
    """Places in planes of these sizes, (N, C, *others), as places in the whole array."""
    planes = np.arange(index.shape[0] * index.shape[1]) * prod(sizes)
    return index + planes.reshape(*index.shape[:2], *(1,) * (index.ndim - 2))


def take_planes(x: Array, places: Array) -> Array:
    """The elements of x at these places, counted through the whole of it."""
    return np.take(x.reshape(-1), places, mode="wrap")  # the quickest: they are all inside


def put_planes(values: Array, places: Array, shape: Sizes, accumulate: bool, out: Array | None = None) -> Array:
    """Zeros with `values` at these places, counted through the whole: their sums, or else the last of them."""
    flat = places.reshape(-1)
    out = np.empty(shape, values.dtype) if out is None else out
    if accumulate:
        out[...] = np.bincount(flat, values.reshape(-1), prod(shape)).reshape(shape)
    else:
        out.fill(0)
        out.reshape(-1)[flat] = values.reshape(-1)
    return out


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
