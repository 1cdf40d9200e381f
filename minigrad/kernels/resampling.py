"""Lines, planes and volumes in other sizes: each dimension by itself, as a product with a small matrix where that is quick.

A map of one dimension is described by (mode, size before, size after, scale, align_corners), in which `scale` is how far
apart the elements after are, in elements before; None for size before / size after.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from minigrad.kernels.pooling import parts_of
from minigrad.kernels.windows import Array

Map: TypeAlias = "tuple[str, int, int, float | None, bool]"
DENSE = 512  # elements of a line up to which the product with a matrix of mostly zeros is the quicker


def resample(x: Array, maps: tuple[Map, ...]) -> Array:
    """x with the last dimensions mapped."""
    return _each(x, maps, False)


def resample_backward(g: Array, maps: tuple[Map, ...]) -> Array:
    """`resample`, backwards."""
    return _each(g, maps, True)


def _each(x: Array, maps: tuple[Map, ...], back: bool) -> Array:
    if x.dtype.char == "e":
        return _each(x.astype(np.float32), maps, back).astype(x.dtype)
    first = x.ndim - len(maps)
    smallest = sorted(range(len(maps)), key=lambda i: maps[i][2] / max(maps[i][1], 1) * (-1 if back else 1))
    for i in smallest:
        x = _one(x, maps[i], first + i, back)
    return np.ascontiguousarray(x)


def _one(x: Array, each: Map, axis: int, back: bool) -> Array:
    mode, before, after, *_ = each
    if not x.size or not before or not after:
        return np.zeros((*x.shape[:axis], before if back else after, *x.shape[axis + 1 :]), x.dtype)
    if mode.startswith("nearest"):
        return _put_nearest(x, each, axis) if back else x.take(nearest(each), axis)
    matrix = matrix_of(each, x.dtype.char)
    if back:
        matrix = matrix.T
    if max(before, after) > DENSE or not np.isfinite(x).all():  # zeros of the matrix would spread NaN and infinity
        return _sparse(x, each, axis, back)
    x = np.ascontiguousarray(x)
    if axis == x.ndim - 1:
        out: Array = x.reshape(-1, x.shape[-1]).dot(matrix.T)
        return out.reshape(*x.shape[:-1], -1)
    lines = x.reshape(*x.shape[: axis + 1], -1)
    out = np.matmul(matrix, lines)
    return out.reshape(*x.shape[:axis], len(matrix), *x.shape[axis + 1 :])


def _sparse(x: Array, each: Map, axis: int, back: bool) -> Array:
    index, share = taps_of(each, x.dtype.char, back)
    out: Any = 0
    for at, part in zip(index, share):
        part = part.reshape(-1, *(1,) * (x.ndim - axis - 1))
        taken = x.take(at, axis)
        out = out + np.multiply(taken, part, where=part != 0, out=np.zeros_like(taken))
    return np.asarray(out)


def _put_nearest(g: Array, each: Map, axis: int) -> Array:
    """The sums of the elements that were taken from each place, which lie side by side."""
    _, before, after, *_ = each
    index = nearest(each)
    times = after // before
    if times > 1 and times * before == after and (index == np.repeat(np.arange(before), times)).all():
        parts = g.reshape(*g.shape[:axis], before, times, *g.shape[axis + 1 :])
        each_time = np.moveaxis(parts, axis + 1, 0)
        out: Any = each_time[0]
        for i in range(1, times):
            out = np.add(out, each_time[i], out if i > 1 else None)
        return np.asarray(out)
    starts = np.flatnonzero(np.diff(index, prepend=-1))
    out = np.zeros((*g.shape[:axis], before, *g.shape[axis + 1 :]), g.dtype)
    out[(slice(None),) * axis + (index[starts],)] = np.add.reduceat(g, starts, axis)
    return np.asarray(out)


# ── what is taken from where ─────────────────────────────────────────────────────────────────────────────────────────


@lru_cache(256)
def nearest(each: Map) -> Array:
    """For each element after, the one before that it is a copy of; in float32, as in PyTorch."""
    mode, before, after, scale, _ = each
    step = np.float32(before / after if scale is None else scale)
    half = np.float32(0.5 if mode == "nearest-exact" else 0)
    index = np.floor((np.arange(after, dtype=np.float32) + half) * step).astype(np.int64)
    return _fixed(np.minimum(index, before - 1))


@lru_cache(256)
def matrix_of(each: Map, char: str) -> Array:
    """(after, before): how much of each element before there is in each one after."""
    mode, before, after, scale, align = each
    matrix = np.zeros((after, before))
    rows = np.arange(after)
    if mode == "area":
        for i, (start, end) in enumerate(zip(*parts_of(before, after))):
            matrix[i, start:end] = 1 / (end - start)
        return _fixed(matrix.astype(char))
    if align:
        at = rows * ((before - 1) / (after - 1) if after > 1 else 0.0)
    else:
        at = (rows + 0.5) * (before / after if scale is None else scale) - 0.5
    if mode == "linear":
        at = np.maximum(at, 0)
        low = np.minimum(np.floor(at).astype(np.int64), before - 1)
        share = np.minimum(at - low, 1)
        np.add.at(matrix, (rows, low), 1 - share)
        np.add.at(matrix, (rows, np.minimum(low + 1, before - 1)), share)
    else:
        low = np.floor(at).astype(np.int64)
        for tap in range(-1, 3):
            np.add.at(matrix, (rows, np.clip(low + tap, 0, before - 1)), _cubic(np.abs(at - low - tap)))
    return _fixed(matrix.astype(char))


def _cubic(x: Array, a: float = -0.75) -> Array:
    """The cubic convolution kernel at distance x. Source: R. Keys, IEEE Trans. ASSP 29, 1981."""
    near = ((a + 2) * x - (a + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * a
    return np.where(x <= 1, near, np.where(x < 2, far, 0))


@lru_cache(256)
def taps_of(each: Map, char: str, back: bool) -> tuple[Array, Array]:
    """The matrix, or its transpose, without zeros: (k, rows) columns, and (k, rows) shares, of which some are 0."""
    matrix = matrix_of(each, char)
    matrix = matrix.T if back else matrix
    most = int((matrix != 0).sum(1).max())
    order = np.argsort(matrix == 0, axis=1, kind="stable")[:, :most]
    return _fixed(order.T.copy()), _fixed(np.take_along_axis(matrix, order, 1).T.copy())


def _fixed(array: Array) -> Array:
    array.flags.writeable = False
    return array
