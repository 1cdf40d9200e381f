"""Windows that slide over arrays (N, C, *sizes): a view of them, and the borders around them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = "np.ndarray[Any, Any]"
Sizes: TypeAlias = "tuple[int, ...]"
Pairs: TypeAlias = "tuple[tuple[int, int], ...]"  # (before, after) for each dimension


def count(size: int, kernel: int, stride: int, dilation: int) -> int:
    """How many windows fit."""
    return (size - dilation * (kernel - 1) - 1) // stride + 1


def windows(x: Array, kernel: Sizes, stride: Sizes, dilation: Sizes) -> Array:
    """A view (N, C, *places, *kernel) of a contiguous array (N, C, *sizes): for each place, the window that starts there."""
    steps = x.strides[2:]
    places = [count(n, k, s, d) for n, k, s, d in zip(x.shape[2:], kernel, stride, dilation)]
    strides = [s * step for s, step in zip(stride, steps)] + [d * step for d, step in zip(dilation, steps)]
    return np.ndarray((*x.shape[:2], *places, *kernel), x.dtype, x, 0, (*x.strides[:2], *strides))


def padded(x: Array, padding: Pairs, value: Any = 0) -> Array:
    """A contiguous x with `value` around its last dimensions; itself if it is contiguous and there is nothing to add."""
    if not any(before or after for before, after in padding):
        return np.ascontiguousarray(x)
    first = x.ndim - len(padding)
    shape = (*x.shape[:first], *(n + before + after for n, (before, after) in zip(x.shape[first:], padding)))
    out = np.zeros(shape, x.dtype) if value == 0 else np.full(shape, value, x.dtype)
    inner: Any = (..., *(slice(before, before + n) for n, (before, _) in zip(x.shape[first:], padding)))
    out[inner] = x
    return out


def cropped(x: Array, padding: Pairs) -> Array:
    """`padded`, backwards: x without its borders, contiguous."""
    first = x.ndim - len(padding)
    inner: Any = (..., *(slice(before, n - after) for n, (before, after) in zip(x.shape[first:], padding)))
    return np.ascontiguousarray(x[inner])


def tap(places: Sequence[int], at: Sequence[int], stride: Sequence[int], dilation: Sequence[int]) -> Any:
    """The index, into the sizes of x, of the element `at` of each of the windows."""
    return tuple(slice(d * i, d * i + s * (n - 1) + 1, s) for n, i, s, d in zip(places, at, stride, dilation))


def given(result: Array, out: Array | None) -> Array:
    """The result, in `out` if that is given."""
    if out is None:
        return result
    out[...] = result
    return out
