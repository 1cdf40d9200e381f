"""Borders around arrays: of a number, or of what is inside."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.kernels.windows import Array, Pairs, cropped, padded


def pad_constant(x: Array, pairs: Pairs, value: float = 0) -> Array:
    """x with `value` before and after each of its last dimensions; without what a negative number says."""
    cut = tuple((max(-before, 0), max(-after, 0)) for before, after in pairs)
    if any(map(any, cut)):
        x = cropped(x, cut)
    added = tuple((max(before, 0), max(after, 0)) for before, after in pairs)
    return padded(x, added, value) if any(map(any, added)) else x.copy()


def extend(x: Array, pairs: Pairs, mode: str) -> Array:
    """x with borders that "reflect" what is inside, "replicate" its edge, or are its other end ("circular")."""
    first = x.ndim - len(pairs)
    sizes = x.shape[first:]
    out = np.empty((*x.shape[:first], *(n + a + b for n, (a, b) in zip(sizes, pairs))), x.dtype)
    inner: Any = (..., *(slice(a, a + n) for n, (a, _) in zip(sizes, pairs)))
    out[inner] = x
    for axis, (n, pair) in enumerate(zip(sizes, pairs), first):
        along = np.moveaxis(
            out, axis, 0
        )  # what is filled so far, along the dimensions before this one, has its borders
        for border, source in _borders(n, pair, mode):
            along[border] = along[source]
    return out


def extend_backward(g: Array, pairs: Pairs, mode: str) -> Array:
    """`extend`, backwards: each number of a border is added to the one it was taken from."""
    first = g.ndim - len(pairs)
    sizes = tuple(n - a - b for n, (a, b) in zip(g.shape[first:], pairs))
    g = g.copy()
    for axis, (n, pair) in reversed(list(enumerate(zip(sizes, pairs), first))):
        along = np.moveaxis(g, axis, 0)
        for border, source in _borders(n, pair, mode):
            part = along[border]
            along[source] += part.sum(0, keepdims=True) if mode == "replicate" else part
    return cropped(g, pairs)


def _borders(n: int, pair: tuple[int, int], mode: str) -> list[tuple[slice, slice]]:
    """Where each border of a line of n is, and what is seen there."""
    before, after = pair
    first, last, end = before, before + n - 1, before + n + after
    left, right = slice(0, before), slice(before + n, end)
    if mode == "replicate":
        pairs = [(left, slice(first, first + 1)), (right, slice(last, last + 1))]
    elif mode == "circular":
        pairs = [(left, slice(n, n + before)), (right, slice(first, first + after))]
    else:
        stop = last - 1 - after
        pairs = [(left, slice(2 * before, first, -1)), (right, slice(last - 1, stop if stop >= 0 else None, -1))]
    return [pair for pair, size in zip(pairs, (before, after)) if size]
