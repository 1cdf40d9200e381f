"""Convolutions in blocks that stay in the cache: what each takes out of the arrays, and where it puts its results."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any

import numpy as np

from minigrad.kernels.products import SMALL
from minigrad.kernels.windows import Array, Sizes, tap

WIDTH = 128  # columns of a matrix product, about: more do not stay in the first cache; twice that if it is small
SHORT = 12  # up to so many columns the samples are put last
MANY = 8  # of so many samples and more
BLOCK = 1 << 20  # bytes of a block, at most


class Block:
    """Some samples, some rows and some columns of the results, at one place along the dimensions before the last two.

    Where rows are short the samples are put last, so that what is copied lies in longer pieces.
    """

    def __init__(self, samples: slice, place: Sizes, rows: slice, columns: slice, form: tuple[Any, ...]) -> None:
        self.samples, self.place, self.rows, self.columns = samples, place, rows, columns
        self.kernel, self.stride, self.dilation, self.groups, self.apart, self.last = form
        self.n = samples.stop - samples.start
        self.high, self.wide = rows.stop - rows.start, columns.stop - columns.start
        self.ends = (self.wide, self.n) if self.last else (self.n, self.wide)

    @classmethod
    def all(
        cls, x: Array, places: Sizes, kernel: Sizes, stride: Sizes, dilation: Sizes, groups: int, outs: int
    ) -> Iterator[Block]:
        """The blocks that make up the results at `places`, in order."""
        if len(places) == 1:
            places, kernel, stride, dilation = (1, *places), (1, *kernel), (1, *stride), (1, *dilation)
        *before, high, wide = places
        per = x.shape[1] // groups
        width = min(max(WIDTH, SMALL // max(outs // groups * per * prod(kernel), 1)), 2 * WIDTH)
        columns = _evenly(wide, width if wide > 2 * width else wide)
        n = _evenly(len(x), max(1, round(WIDTH / columns), width // columns))
        depth = x.shape[1] * prod(kernel[:-2]) * kernel[-1] * n * columns * x.itemsize  # bytes per row
        # Are the rows of windows to lie apart, each with a copy of its own of all kh rows?
        apart = dilation[-2] != 1 or stride[-2] >= kernel[-2] or (n * columns < WIDTH // 2 and high > 1)
        rows = max(1, BLOCK // (depth * kernel[-2])) if apart else max(kernel[-2], BLOCK // depth)
        rows = _evenly(high, min(rows, max(1, width // (n * columns))) if apart else rows)
        form = kernel, stride, dilation, groups, apart, columns <= SHORT and n >= MANY
        for place in product(*map(range, before)):
            for s, r, c in product(range(0, len(x), n), range(0, high, rows), range(0, wide, columns)):
                yield cls(
                    slice(s, min(s + n, len(x))),
                    place,
                    slice(r, min(r + rows, high)),
                    slice(c, min(c + columns, wide)),
                    form,
                )

    def results(self, out: Array) -> Array:
        """The part of the results (N, out, *places) that this block is about: (n, out, rows, columns)."""
        out = out if out.ndim > 3 else out[:, :, None]
        part: Any = (self.samples, slice(None), *self.place, self.rows, self.columns)
        found: Array = out[part]
        return found

    def region(self, x: Array) -> Array:
        """The part of x (N, C, *sizes) that the windows of this block lie in: (n, C, *rest, rows, columns)."""
        x = x if x.ndim > 3 else x[:, :, None]
        starts = (*self.place, self.rows.start, self.columns.start)
        many = (*(1 for _ in self.place), self.high, self.wide)
        parts = (
            slice(at * s, (at + n - 1) * s + d * (k - 1) + 1, d if i < len(self.place) else 1)
            for i, (at, n, s, d, k) in enumerate(zip(starts, many, self.stride, self.dilation, self.kernel))
        )
        found: Array = x[(self.samples, slice(None), *parts)]
        return found

    def lowered(self, x: Array) -> Array:
        """The windows as matrices (groups, rows, kh · per · rest · kw, n · columns).

        If the rows lie apart: (groups, 1, kh · per · rest · kw, rows · n · columns).
        """
        (sh, sw), (dh, dw), (kh, kw) = self.stride[-2:], self.dilation[-2:], self.kernel[-2:]
        if self.last:
            x, start = _samples_last(self.region(x)), 0
            channel, *rest, row, column, each = x.strides
            per = len(x) // self.groups
            steps = [channel, *rest, dw * column]
            ends = sw * column, each
        else:
            each, channel, *rest, row, column = x.strides if x.ndim > 3 else (*x.strides[:2], 0, x.strides[2])
            start = self.samples.start * each + self.rows.start * sh * row + self.columns.start * sw * column
            start += sum(at * s * step for at, s, step in zip(self.place, self.stride, rest))
            per = x.shape[1] // self.groups
            steps = [channel, *(d * step for d, step in zip(self.dilation, rest)), dw * column]
            ends = each, sw * column
        body = (per, *self.kernel[:-2], kw)
        if self.apart:
            shape = (self.groups, kh, *body, self.high, *self.ends)
            steps = [per * channel, dh * row, *steps, sh * row, *ends]
            copy = np.array(np.ndarray(shape, x.dtype, x, start, steps), order="C")
            return copy.reshape(self.groups, 1, kh * prod(body), -1)
        shape = (self.groups, (self.high - 1) * sh + kh, *body, *self.ends)
        steps = [per * channel, row, *steps, *ends]
        copy = np.array(np.ndarray(shape, x.dtype, x, start, steps), order="C")
        shape = (self.groups, self.high, kh * prod(body), self.n * self.wide)
        steps = [copy.strides[0], sh * copy.strides[1], self.n * self.wide * x.itemsize, x.itemsize]
        return np.ndarray(shape, x.dtype, copy, 0, steps)

    def put(self, y: Array, bias: Array | None, out: Array) -> None:
        """Put a product of `lowered`, (groups, ..., out per group, ...), and a bias where they belong in the results."""
        per = y.shape[2]
        if self.apart:
            y = y.reshape(self.groups * per, self.high, *self.ends)
        else:
            y = y.reshape(self.groups, self.high, per, *self.ends).swapaxes(1, 2)
            y = y.reshape(self.groups * per, self.high, *self.ends)
        if self.last:  # first in long pieces, so that what remains is to transpose a matrix
            y = np.array(y, order="C")
            if bias is not None:
                y += bias.reshape(-1, 1, 1, 1)
            self.results(out)[...] = y.transpose(3, 0, 1, 2)
        else:
            y = y.transpose(2, 0, 1, 3)
            if bias is None:
                self.results(out)[...] = y
            else:
                np.add(y, bias.reshape(-1, 1, 1), out=self.results(out))

    def gathered(self, g: Array) -> Array:
        """The part of g that this block is about, as matrices (groups, rows, out per group, n · columns), or as `lowered`."""
        part = self.results(g)
        per = part.shape[1] // self.groups
        if self.last:
            part = _samples_last(part).reshape(self.groups, per, self.high, *self.ends)
        else:
            part = part.reshape(self.n, self.groups, per, self.high, self.wide).transpose(1, 2, 3, 0, 4)
        if self.apart:
            return part.reshape(self.groups, 1, per, -1)
        return part.swapaxes(1, 2).reshape(self.groups, self.high, per, -1)

    def spread(self, d: Array, out: Array) -> None:
        """Add to out (N, C, *sizes) what came for `lowered`, each number at the place it was taken from."""
        (sh, sw), (dh, dw), (kh, kw) = self.stride[-2:], self.dilation[-2:], self.kernel[-2:]
        whole = self.region(out)
        per = whole.shape[1] // self.groups
        part = whole.reshape(self.n, self.groups, per, *whole.shape[2:])  # a view: it splits one dimension
        part = np.zeros((*part.shape[1:], self.n), out.dtype) if self.last else np.moveaxis(part, 0, -2)
        body = (per, *self.kernel[:-2], kw)
        across: list[Any] = [tap((self.wide,), (j,), (sw,), (dw,)) for j in range(kw)]
        across = [(*at, slice(None)) if self.last else (slice(None), *at) for at in across]
        if self.apart:
            d = d.reshape(self.groups, kh, *body, self.high, *self.ends)
            for i, j in np.ndindex(kh, kw):
                part[(..., *tap((self.high,), (i,), (sh,), (dh,)), *across[j])] += d[:, i, ..., j, :, :, :]
        else:
            d = d.reshape(self.groups, self.high, kh, -1)
            rows = np.zeros((self.groups, (self.high - 1) * sh + kh, d.shape[-1]), d.dtype)
            for i in range(kh):
                rows[:, i : i + (self.high - 1) * sh + 1 : sh] += d[:, :, i]
            rows = np.moveaxis(rows.reshape(self.groups, -1, *body, *self.ends), 1, -3)
            for j in range(kw):  # of (groups, per, *rest, kw, rows, *ends)
                part[(..., *across[j])] += rows[..., j, :, :, :]
        if self.last:
            whole += np.moveaxis(part, -1, 0).reshape(whole.shape)


def _samples_last(x: Array) -> Array:
    """A copy of x (n, ...) as (..., n): a few samples at a time where all of them fall into one corner of the cache."""
    out = np.empty((*x.shape[1:], len(x)), x.dtype)
    some = MANY if x.strides[0] % 2048 == 0 else len(x)
    for start in range(0, len(x), some):
        out[..., start : start + some] = x[start : start + some].transpose(*range(1, x.ndim), 0)
    return out


def _evenly(whole: int, most: int) -> int:
    """The size of equal parts of at most that size."""
    return -(-whole // -(-whole // most))
