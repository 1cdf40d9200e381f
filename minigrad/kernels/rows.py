"""Reductions along the last dimension, where NumPy's own, which takes row after row, is slow for many short rows."""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import Any, TypeAlias

import numpy as np
from numpy import minimum

Array: TypeAlias = "np.ndarray[Any, Any]"

SOME = 1024  # elements, below which NumPy's own way is as good
FEW = 16  # rows, below which it is too
SHORT = 32  # up to this length of rows the columns are reduced, of a copy
SUMMED = 1024  # up to this length of rows a product with ones sums as accurately as NumPy does
MUCH = 4096  # elements, below which a number as an operand is as good as an array
LEAST, LONG = 64, 8192  # elements of an array of equal numbers that stands for one of them
PIECE = 1 << 16  # elements that stay in the processor's cache through several passes
MANY, NARROW, WIDE = 400, 40, 256  # rows, the elements of each, and of several as one


def extreme(x: Array, ufunc: Any, axis: int) -> Array:
    """The largest (np.maximum) or the smallest (np.minimum) along an axis, NaN where there is one; its size stays, as 1."""
    if axis != x.ndim - 1 or x.size < SOME or x.size < FEW * (n := x.shape[-1]) or not x.flags.c_contiguous:
        return np.asanyarray(ufunc.reduce(x, axis=axis, keepdims=True))
    rows = x.reshape(-1, n)
    if n <= SHORT:
        found = ufunc.reduce(rows.T.copy(), axis=0)
    else:
        place = rows.argmax(-1) if ufunc is np.maximum else rows.argmin(-1)
        found = rows.reshape(-1).take(place + _starts(len(rows), n))
    return np.asanyarray(found.reshape(*x.shape[:-1], 1))


def at_least(x: Array, number: float) -> Array:
    """np.maximum of x and a number: NumPy is twice as quick with an array of equal numbers, if it is long enough."""
    if x.size >= MUCH and x.ndim > 1 and x.dtype.kind == "f" and x.flags.c_contiguous:
        shape = x.shape[1:]
        while (n := prod(shape)) > LONG and len(shape) > 1:
            shape = shape[1:]
        if LEAST <= n <= LONG:
            return np.asanyarray(np.maximum(x, _equal(number, shape, x.dtype.char)))
    return np.asanyarray(np.maximum(x, number))


def hold_below(x: Array, number: float, kind: str) -> None:
    """x = np.minimum(x, number), in place, for x of that kind: of what lies in order as lines, beside one of equal numbers.

    Up to PIECE elements, for `compile` takes longer arrays in pieces, which a view in between would end.
    """
    size = x.size
    n = _length(size) if MUCH <= size <= PIECE and x.flags.c_contiguous else 0
    if n:
        lines = x.reshape((size // n, n))
        np.minimum(lines, _equal(number, (n,), kind), out=lines)
    else:
        minimum(x, _equal(number, (), kind), out=x)


def add_row(x: Array, row: Array) -> None:
    """x += row, of a matrix: where it has many short rows, several as one, for NumPy adds row after row."""
    k = 0
    if len(x) >= MANY and x.ndim == 2:
        count, n = x.shape
        k = _together(count, n) if row.shape == (n,) and x.flags.c_contiguous else 0
    if k:
        several = np.multiply(ones(k, row.dtype.char).reshape((k, 1)), row)
        lines = x.reshape((count // k, k * n))
        lines += several.reshape((k * n,))
    else:
        x += row


def total(x: Array, axis: int) -> Array:
    """The sum along an axis; its size stays, as 1."""
    if axis == x.ndim - 1 and x.size >= SOME and x.dtype.char in "fd" and x.flags.c_contiguous:
        n = x.shape[-1]
        if n <= SUMMED:
            return np.asanyarray(x.reshape(-1, n).dot(ones(n, x.dtype.char)).reshape(*x.shape[:-1], 1))
    return np.asanyarray(np.add.reduce(x, axis=axis, keepdims=True))


@lru_cache(256)
def ones(n: int, char: str) -> Array:
    """A vector of ones, kept for the next time: a product with it is the quickest sum."""
    made = np.ones(n, char)
    made.flags.writeable = False
    return made


@lru_cache(256)
def _length(size: int) -> int:
    """The longest lines that so many elements can lie in."""
    return largest_divisor(size, LEAST, min(size, LONG))


@lru_cache(256)
def _together(count: int, n: int) -> int:
    """How many of so many rows of n to take as one; 0 for one at a time."""
    if n > NARROW:
        return 0
    return largest_divisor(count, 4, min(WIDE // max(n, 1), count))


def largest_divisor(n: int, low: int, high: int) -> int:
    """The largest divisor of n from `low` to `high`; 0 for none."""
    return next((k for k in range(high, low - 1, -1) if n % k == 0), 0)


@lru_cache(64)
def _equal(number: float, shape: tuple[int, ...], char: str) -> Array:
    """An array of equal numbers, kept for the next time."""
    made = np.full(shape, number, char)
    made.flags.writeable = False
    return made


@lru_cache(8)
def _starts(count: int, n: int) -> Array:
    """Where each row begins."""
    starts = np.arange(0, count * n, n)
    starts.flags.writeable = False
    return starts
