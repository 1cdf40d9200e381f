"""Order: sorting, the k largest, the most frequent, distinct elements, counts by interval. NaN counts as the largest."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.kernels import Array


def in_order(x: Array) -> Array:
    """The array laid out in order; of no dimensions too, which np.ascontiguousarray gives one."""
    return np.asarray(x, order="C")


def argsort(x: Array, axis: int, descending: bool) -> Array:
    """The indices that sort along an axis; equal elements keep their order, in either direction."""
    if not x.ndim:
        return np.zeros((), np.int64)
    if not descending:
        return np.argsort(x, axis, kind="stable")
    backwards = np.flip(np.argsort(np.flip(x, axis), axis, kind="stable"), axis)
    return np.asanyarray((x.shape[axis] - 1) - backwards)


def argtop(x: Array, k: int, axis: int, largest: bool) -> Array:
    """The indices of the k largest or smallest along an axis, in order; of equal ones the first."""
    if not x.ndim:
        return np.zeros((), np.int64)
    n = x.shape[axis]
    if n < 256 or k > n // 8 or not k:
        return in_order(argsort(x, axis, largest).take(np.arange(k), axis))
    x = np.moveaxis(x, axis, -1)
    at = n - k if largest else k - 1
    edge = np.partition(x, at, -1)[..., at : at + 1]
    tie, better = x == edge, x > edge if largest else x < edge
    if x.dtype.kind == "f":
        nan, end = x != x, edge != edge
        tie |= nan & end
        better |= nan & ~end if largest else end & ~nan
    spare = k - np.add.reduce(better, -1, keepdims=True)  # of the elements equal to the k-th, only the first so many
    chosen = (better | (tie & (np.cumsum(tie, -1) <= spare))).nonzero()[-1].reshape(*x.shape[:-1], k)
    order = argsort(np.take_along_axis(x, chosen, -1), -1, largest)
    return in_order(np.moveaxis(np.take_along_axis(chosen, order, -1), -1, axis))


def argkth(x: Array, k: int, axis: int) -> Array:
    """The index, along an axis that goes, of the k-th smallest element, counted from 0; of equal ones the first comes first."""
    if not x.ndim:
        return np.zeros((), np.int64)
    return in_order(np.asanyarray(np.argsort(x, axis, kind="stable").take(k, axis)))


def argmedian(x: Array, axis: int, skip_nan: bool) -> Array:
    """The index, along an axis that goes, of the median, the lower of two; of the first NaN unless these are skipped."""
    if not x.ndim:
        return np.zeros((), np.int64)
    n = x.shape[axis]
    order = np.argsort(x, axis, kind="stable")
    if x.dtype.kind != "f":
        return in_order(order.take((n - 1) // 2, axis))
    missing = np.add.reduce(x != x, axis=axis, keepdims=True)
    whole = np.where(missing > 0, n - missing, (n - 1) // 2)
    at = np.maximum(n - missing - 1, 0) // 2 if skip_nan else whole
    return in_order(np.take_along_axis(order, at, axis).squeeze(axis))


def argmode(x: Array, axis: int) -> Array:
    """The index, along an axis that goes, of the most frequent element, the smallest of such; of equal ones the last.

    Sorted, the element of a run of length r equals the one r - 1 places before it. NaN equals nothing.
    """
    if not x.ndim:
        return np.zeros((), np.int64)
    order = np.argsort(x, axis, kind="stable")
    ranked = np.moveaxis(np.take_along_axis(x, order, axis), axis, -1)
    n = ranked.shape[-1]
    new = np.ones(ranked.shape, bool)
    np.not_equal(ranked[..., 1:], ranked[..., :-1], out=new[..., 1:])
    place = np.arange(n)
    run = place - np.maximum.accumulate(np.where(new, place, 0), -1)  # how many equal ones come before
    best = np.expand_dims(run.argmax(-1), axis)
    return in_order(np.take_along_axis(order, best, axis).squeeze(axis))


def distinct(x: Array, axis: int | None, consecutive: bool) -> tuple[Array, Array, Array]:
    """The distinct elements, or slices along an axis: the index of the first of each, the number of each, its count.

    They are sorted, or with `consecutive` as they come, and only neighbours count as equal. NaN equals nothing.
    """
    rows = x.reshape(-1, 1) if axis is None else np.moveaxis(x, axis, 0).reshape(x.shape[axis], -1)
    n = len(rows)
    if consecutive:
        order = np.arange(n)
    elif rows.shape[1] == 1:
        order = np.argsort(rows[:, 0], kind="stable")
    else:
        order = np.lexsort(rows.T[::-1]) if rows.shape[1] else np.arange(n)
    ranked = rows[order]
    new = np.ones(n, bool)
    new[1:] = (ranked[1:] != ranked[:-1]).any(1)
    starts = np.flatnonzero(new)
    inverse = np.empty(n, np.int64)
    inverse[order] = np.cumsum(new) - 1
    return order[starts], inverse, np.diff(starts, append=n)


def bincount(x: Array, minlength: int) -> Array:
    """How often each number from 0 on occurs."""
    return np.bincount(x, minlength=minlength)


def weighted_bincount(x: Array, weights: Array, minlength: int) -> Array:
    """The sum of the weights of each number from 0 on."""
    kind = weights.dtype if weights.dtype == np.float32 else np.dtype(np.float64)
    return np.bincount(x, weights, minlength).astype(kind)


def histc(x: Array, bins: int, low: float, high: float) -> Array:
    """How many elements lie in each of so many equal intervals; those outside are left out."""
    x = x.reshape(-1)
    inside = x[(x >= low) & (x <= high)]
    at = ((inside - x.dtype.type(low)) / (x.dtype.type(high) - x.dtype.type(low)) * bins).astype(np.intp)
    return np.bincount(np.minimum(at, bins - 1), minlength=bins).astype(x.dtype)


def weighted_histogram(x: Array, edges: Array, weight: Array | None = None, density: bool = False) -> Array:
    """How many elements, or what weight, lies in each interval between edges; the last includes its end."""
    x = x.reshape(-1)
    at = np.searchsorted(edges, x, "right") - 1
    at[x == edges[-1]] = len(edges) - 2
    inside = (at >= 0) & (at < len(edges) - 1) & (x == x)
    weights = None if weight is None else weight.reshape(-1)[inside]
    found = np.bincount(at[inside], weights, minlength=len(edges) - 1).astype(edges.dtype)
    return np.asanyarray(found / (found.sum() * np.diff(edges)) if density else found)


def searchsorted(sequence: Array, values: Array, right: bool, dtype: Any) -> Array:
    """Where values belong in a sorted sequence, or each in the row beside it; before equal ones, or after if `right`.

    Rows: each is sorted together with its values, equal ones of the sequence last unless `right`; how many of the sequence
    come before a value is its place.
    """
    if sequence.ndim == 1:
        return np.asanyarray(np.searchsorted(sequence, values, "right" if right else "left")).astype(dtype)
    n, m = sequence.shape[-1], values.shape[-1]
    both = np.concatenate([sequence, values] if right else [values, sequence], -1)
    order = np.argsort(both, -1, kind="stable")
    of_sequence = order < n if right else order >= m
    before = np.cumsum(of_sequence, -1)
    place = np.empty_like(order)
    np.put_along_axis(place, order, before, -1)
    return in_order(place[..., n:] if right else place[..., :m]).astype(dtype)


def median(x: Array, axis: None, keepdims: bool, skip_nan: bool) -> Array:
    """The median of all elements, the lower of two."""
    flat = x.reshape(-1)
    return np.asanyarray(flat[argmedian(flat, 0, skip_nan)])
