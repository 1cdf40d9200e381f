"""Elements by their numbers: reading them, and adding up what goes to the same place.

`np.add.at` goes element by element, and slowly unless there is but one dimension. So rows that go to few places are added
by a product with a matrix of zeros and ones; those that go to many are sorted by place and added in rounds: the first row
of every place, then the second of every place that has one, and so on. Each round is one addition of whole rows.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from minigrad.errors import IndexRangeError
from minigrad.kernels import Array

_ROUNDS = 64  # rows added to one place before they are counted as one
_FEW = 64  # places


def within(index: Array, n: int, axis: int, negative: bool = False) -> Array:
    """The index, counted from 0. IndexRangeError if it leads outside n elements, or is negative where it may not be."""
    if index.size:
        low, high = int(np.minimum.reduce(index, axis=None)), int(np.maximum.reduce(index, axis=None))
        if low < (-n if negative else 0) or high >= n:
            wrong = high if high >= n else low
            raise IndexRangeError(
                f"index {wrong} is outside dimension {axis}, of size {n}: use numbers from {-n if negative else 0} to {n - 1}"
            )
        if low < 0:
            return np.where(index < 0, index + n, index)
    return index


def places(index: Array, shape: tuple[int, ...], axis: int) -> Array:
    """The number, in a tensor of this shape laid out in order, of the element that each index along an axis means."""
    index = within(index, shape[axis] if shape else 1, axis)
    found = index.astype(np.intp)
    step = 1
    for d in range(len(shape) - 1, -1, -1):
        if d == axis:
            found *= step
            break
        step *= shape[d]
    step = 1
    for d in range(len(shape) - 1, -1, -1):
        if d != axis and found.shape[d] > 1:
            found += (np.arange(found.shape[d]) * step).reshape([-1 if i == d else 1 for i in range(len(shape))])
        step *= shape[d]
    return found


def gather(x: Array, index: Array, axis: int) -> Array:
    """x at an index along an axis: one element per index, at its own place along the other axes."""
    return np.asanyarray(x.reshape(-1).take(places(index, x.shape, axis)))


def pick(x: Array, index: Array, axis: int) -> Array:
    """One element per slice along an axis: x[..., index, ...], without that axis."""
    if not x.ndim:
        return x.copy()
    return gather(x, np.expand_dims(index, axis), axis).reshape(index.shape)


def scatter_add(x: Array, index: Array, source: Array, axis: int) -> Array:
    """x with each element of `source` added where its index along an axis leads; index no larger than source."""
    at = places(index, x.shape, axis)
    if source.shape != index.shape:
        source = source[tuple(map(slice, index.shape))]
    out = np.array(x, order="C")
    np.add.at(out.reshape(-1), at.reshape(-1), source.reshape(-1))
    return out


def scatter_zeros(source: Array, index: Array, shape: tuple[int, ...], axis: int) -> Array:
    """`scatter_add` to zeros."""
    out = np.zeros(shape, source.dtype)
    np.add.at(out.reshape(-1), places(index, shape, axis).reshape(-1), source.reshape(-1))
    return out


def spread_picked(source: Array, index: Array, shape: tuple[int, ...], axis: int) -> Array:
    """`pick`, backwards: zeros with one element per slice."""
    if not shape:
        return source.copy()
    out = np.zeros(shape, source.dtype)
    out.reshape(-1)[places(np.expand_dims(index, axis), shape, axis).reshape(-1)] = source.reshape(-1)
    return out


def scatter_put(x: Array, index: Array, source: Array, axis: int) -> Array:
    """x with elements of `source` in the places where its index along an axis leads; of several, the last."""
    at = places(index, x.shape, axis)
    out = np.array(x, order="C")
    out.reshape(-1)[at.reshape(-1)] = np.broadcast_to(source, index.shape).reshape(-1)
    return out


def last_of(index: Array, shape: tuple[int, ...], axis: int) -> Array:
    """For each element that `scatter_put` writes: does it stay?"""
    at = places(index, shape, axis).reshape(-1)
    last = np.zeros(prod(shape), np.intp)
    order = np.arange(at.size)
    last[at] = order
    return np.asanyarray((last[at] == order).reshape(index.shape))


_BY_NAME: dict[str, Any] = {"amax": np.maximum, "amin": np.minimum}


def scatter_extreme(x: Array, index: Array, source: Array, axis: int, reduce: str, include_self: bool) -> Array:
    """x with the largest or smallest of what goes to each place; of x itself too, if `include_self`."""
    at = places(index, x.shape, axis).reshape(-1)
    out = np.array(x, order="C")
    flat = out.reshape(-1)
    values = source[tuple(map(slice, index.shape))].reshape(-1)
    if not include_self:
        flat[at] = values
    _BY_NAME[reduce].at(flat, at, values)
    return out


# ── rows ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def add_rows(out: Array, index: Array, rows: Array) -> None:
    """Add rows, (N, D), to those of `out`, (V, D) and in order, at their numbers, (N)."""
    n, width = rows.shape
    if not n or not width:
        return
    if n * width < 8192 or width < 8:
        at = index if width == 1 else (index[:, None] * width + np.arange(width)).reshape(-1)
        np.add.at(out.reshape(-1), at, rows.reshape(-1))
    elif len(out) <= _FEW and out.dtype.char in "fd":
        _by_product(out, index, rows)
    else:
        _in_rounds(out, index, rows)


def _by_product(out: Array, index: Array, rows: Array) -> None:
    """One product with a matrix of zeros and ones per so many rows, that it stays in the cache."""
    size = (1 << 16) // len(out)
    chosen = np.zeros((len(out), min(size, len(index))), out.dtype)
    column = np.arange(chosen.shape[1])
    for start in range(0, len(index), size):
        at = index[start : start + size]
        chosen[at, column[: len(at)]] = 1
        out += chosen[:, : len(at)].dot(rows[start : start + size])
        chosen[at, column[: len(at)]] = 0


def _in_rounds(out: Array, index: Array, rows: Array) -> None:
    """Sorted by place, and added in rounds; a place that gets many rows takes them in groups, which are added next."""
    order = np.argsort(index.astype(np.uint16) if len(out) <= 1 << 16 else index, kind="stable")  # 16 bits: radix sort
    at = index[order]
    new = np.empty(len(at), bool)
    new[0] = True
    np.not_equal(at[1:], at[:-1], out=new[1:])
    starts = np.flatnonzero(new)
    counts = np.diff(starts, append=len(at))
    cut = counts.max() > _ROUNDS
    if cut:
        groups = -(-counts // _ROUNDS)
        ends = np.repeat(starts + counts, groups)
        inside = np.arange(groups.sum()) - np.repeat(np.cumsum(groups) - groups, groups)
        starts = np.repeat(starts, groups) + inside * _ROUNDS
        counts = np.minimum(ends - starts, _ROUNDS)
    largest = np.argsort(-counts, kind="stable")
    starts, counts = starts[largest], counts[largest]
    total = rows.take(order[starts], 0)
    lasting = np.searchsorted(-counts, -np.arange(counts[0]))  # how many places still have a row in round k
    for k in range(1, int(counts[0])):
        first = lasting[k]
        total[:first] += rows.take(order[starts[:first] + k], 0)
    if cut:
        _in_rounds(out, at[starts], total)
    else:
        out[at[starts]] += total


def index_add(x: Array, index: Array, source: Array, axis: int) -> Array:
    """x with the slices of `source` along an axis added at their indices."""
    index = within(index, x.shape[axis] if x.ndim else 1, axis).reshape(-1)
    if not x.ndim:
        return np.asanyarray(x + source.sum(dtype=x.dtype))
    moved = np.moveaxis(x, axis, 0)
    out = np.array(moved, order="C")
    width = prod(out.shape[1:])
    add_rows(out.reshape(len(out), width), index, np.moveaxis(source, axis, 0).reshape(len(index), width))
    return np.ascontiguousarray(np.moveaxis(out, 0, axis))


def index_select(x: Array, index: Array, axis: int) -> Array:
    """The slices of x at these indices along an axis."""
    if not x.ndim:
        within(index, 1, 0)
        return x.copy()
    return np.asanyarray(x.take(within(index, x.shape[axis], axis).reshape(-1), axis=axis))


# ── any index ────────────────────────────────────────────────────────────────────────────────────────────────────────


def take(x: Array, index: Any) -> Array:
    """x[index] for an index that copies, the elements in order: NumPy may leave them in another layout."""
    if len(index) == 1 and index[0].dtype.kind == "i" and x.ndim > 1:
        return np.asanyarray(x.take(index[0], axis=0))  # whole rows at a time
    return np.asanyarray(x[index], order="C")


def scatter(value: Array, shape: tuple[int, ...], index: Any, accumulate: bool) -> Array:
    """Zeros of the given shape with `value` at [index]; where an index repeats, the sum if `accumulate`."""
    out = np.zeros(shape, value.dtype)
    if accumulate:
        _add_at(out, index, value)
    else:
        out[index] = value
    return out


def put_add(x: Array, value: Array, index: Any) -> Array:
    """A copy of x in which `value`, broadcast to what the index selects, is added at [index], each time it occurs."""
    out = np.array(x, order="C")
    _add_at(out, index, value)
    return out


def _add_at(out: Array, index: Any, value: Array) -> None:
    """out[index] += value, counting every time that a place occurs. `out` lies in order."""
    numbers = [part for part in index if isinstance(part, np.ndarray) and part.dtype.kind == "i"]
    if 0 < len(numbers) == len(index):  # numbers of rows
        shape = out.shape[: len(numbers)]
        rows = out.reshape(prod(shape), -1) if out.size else out.reshape(prod(shape), prod(out.shape[len(numbers) :]))
        at = np.zeros((), np.intp)
        for n, d, part in zip(shape, range(len(shape)), numbers):
            at = at * n + within(part, n, d, True)
        selected = (*at.shape, *out.shape[len(numbers) :])
        value = value if value.shape == selected else np.broadcast_to(value, selected)
        add_rows(rows, at.reshape(-1), value.reshape(at.size, rows.shape[1]))
        return
    at = np.arange(out.size).reshape(out.shape)[index]
    value = value if value.shape == at.shape else np.broadcast_to(value, at.shape)
    np.add.at(out.reshape(-1), at.reshape(-1), value.reshape(-1))


def nonzero(x: Array) -> Array:
    """(N, D): the index of each element that is not 0, in order."""
    if not x.ndim:
        return np.zeros((int(x != 0), 0), np.int64)
    return np.ascontiguousarray(np.argwhere(x))


def nonzero_along(x: Array, axis: int) -> Array:
    """(N,): where the elements that are not 0 are along one axis."""
    return np.flatnonzero(x) if not x.ndim else x.nonzero()[axis]
