"""What recurrent kernels have in common: operands in a line, the steps of a sequence, the inputs' share, gradients of weights.

Steps lie one after another: `sizes` holds the number of sequences that are still running at each, which never grows, so the
rows of step t are the first ones of step t - 1. Operands stand one after another in a `line`, as `side_by_side` leaves them:
the input (N, I), N being the sum of sizes; its weight (G·H, I); if there is one, a bias (G·H); h0 (B, H), for an LSTM c0 as
well; the weight (G·H, H) of the hidden state; for a GRU its bias. `shapes` says so.

What an operation gives is taken out of what its kernel keeps, by `results`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, pairwise
from math import prod

import numpy as np

from minigrad.kernels import Array, sum_rows
from minigrad.kernels.products import SMALL

Sizes = tuple[int, ...]
Shapes = list[tuple[int, ...]]
GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}


def shapes(kind: str, sizes: Sizes, hidden: int, inputs: int, biased: bool) -> Shapes:
    """Of what stands in a line: the bias of the input's share has no elements if there is none."""
    gates, states = GATES[kind] * hidden, 1 + (kind == "lstm")
    return [
        (sum(sizes), inputs),
        (gates, inputs),
        (gates * biased,),
        *[(sizes[0], hidden)] * states,
        (gates, hidden),
        *[(gates,)] * (kind == "gru"),
    ]


def shares(x: Array, weight: Array, bias: Array, sizes: Sizes, gates: int) -> Iterator[tuple[int, int, Array]]:
    """Of each step the first row, the number of rows, and x Wᵀ + bias as planes (G, b, H), in memory that is used again.

    Inputs are multiplied some steps at a time, and used while the products are still in the cache.
    """
    quick = 64 * weight.size <= SMALL
    few, turned = (64, np.ascontiguousarray(weight.T)) if quick else (256, weight.T)
    room = np.empty((min(len(x), few + sizes[0]), len(weight)), x.dtype)
    for some in blocks(sizes, few):
        start, end = some[0][0], sum(some[-1])
        given = np.dot(x[start:end], turned, out=room[: end - start])
        if bias.size:
            given += bias
        share = given.reshape(end - start, gates, len(weight) // gates).transpose(1, 0, 2)
        for at, b in some:
            yield at, b, share[:, at - start : at - start + b]


def parts(line: Array, *shapes: tuple[int, ...]) -> list[Array]:
    """The arrays of these shapes that stand in a line."""
    found, start = [], 0
    for shape in shapes:
        end = start + prod(shape)
        found.append(line[start:end].reshape(shape))
        start = end
    return found


def part(line: Array, start: int, shape: tuple[int, ...]) -> Array:
    """One of the arrays that stand in a line: a long one in its memory, which is nobody else's, a short one in its own."""
    size = prod(shape)
    found = line[start : start + size].reshape(shape)
    return found if 2 * size > line.size else found.copy()


def part_backward(gradient: Array, start: int, size: int) -> Array:
    """A line of zeros, with the gradient in its place."""
    out = np.zeros(size, gradient.dtype)
    out[start : start + gradient.size].reshape(gradient.shape)[...] = gradient
    return out


def results(line: Array, saved: Array, sizes: Sizes, hidden: int, cells: bool, brief: bool) -> Array:
    """What an operation gives, in one line: the hidden state at every step (N, H), unless `brief`, the last ones (B, H), and
    the last cells."""
    n, b = sum(sizes), sizes[0]
    first = 0 if brief else n
    out = np.empty((first + b + b * cells, hidden), line.dtype)
    states = saved[: n * hidden].reshape(n, hidden)
    out[:first] = states[:first]
    last_rows(states, sizes, out[first : first + b])
    if cells:
        last_rows(saved[n * hidden : 2 * n * hidden].reshape(n, hidden), sizes, out[first + b :])
    return out.reshape(-1)


def incoming(gradient: Array, sizes: Sizes, hidden: int, last: int) -> tuple[Array | None, Array]:
    """The gradient of `results`: that of the hidden states at every step, if it is there, and those of the `last` others."""
    rows = gradient.reshape(-1, hidden)
    n = len(rows) - last * sizes[0]
    return rows[:n] if n else None, rows[n:].reshape(last, sizes[0], hidden)


def take_rows(x: Array, index: Array) -> Array:
    """The rows of x with these numbers."""
    return np.asanyarray(np.take(x, index, axis=0))


def place_rows(x: Array, index: Array, n: int, fill: float) -> Array:
    """n rows: those of x at these numbers, `fill` in the others."""
    out = np.full((n, *x.shape[1:]), fill, x.dtype)
    out[index] = x
    return out


def last_rows(block: Array, sizes: Sizes, out: Array) -> None:
    """The row of each sequence at its last step, of (N, H)."""
    n, b = len(block), 0
    for size in reversed(sizes):  # the longest sequences come first in each step
        n -= size
        if size > b:
            out[b:size] = block[n + b : n + size]
            b = size


def previous_rows(first: Array, block: Array, sizes: Sizes) -> Array:
    """The state before each step, (N, H): `first`, then what the steps before left."""
    out = np.empty_like(block)
    b = sizes[0]
    out[:b] = first
    if sizes[-1] == b:
        out[b:] = block[: len(block) - b]
    else:
        start = 0
        for size, b in pairwise(sizes):
            out[start + size : start + size + b] = block[start : start + b]
            start += size
    return out


def planes(weight: Array, gates: int) -> Array:
    """A weight (G·H, K) as G matrices (K, H) to multiply with from the right."""
    return np.ascontiguousarray(weight.reshape(gates, -1, weight.shape[1]).transpose(0, 2, 1))


def steps(sizes: Sizes) -> list[tuple[int, int]]:
    """(the first row, the number of rows) of each step."""
    return list(zip(accumulate(sizes, initial=0), sizes))


def blocks(sizes: Sizes, few: int) -> list[list[tuple[int, int]]]:
    """The steps, so many at a time that they have `few` rows together."""
    blocks: list[list[tuple[int, int]]] = []
    rows = few
    for step in steps(sizes):
        if rows >= few:
            blocks.append([])
            rows = 0
        blocks[-1].append(step)
        rows += step[1]
    return blocks


def steps_back(sizes: Sizes) -> list[tuple[int, int, int]]:
    """From the last step on: its first row, its number of rows, the first row of the step before (-1 for none)."""
    starts = [-1, *accumulate(sizes, initial=0)]
    return [(starts[i + 1], sizes[i], starts[i]) for i in reversed(range(len(sizes)))]


def shares_backward(
    gradient: Array, x: Array, weight: Array, dx: Array, dweight: Array, dbias: Array, wanted: bool
) -> None:
    """Write the gradients of x, of its weight and of the bias from that of x Wᵀ + bias."""
    np.dot(gradient.T, x, out=dweight)
    if dbias.size:
        dbias[...] = sum_rows(gradient)
    if wanted:
        np.dot(gradient, weight, out=dx)
    else:
        dx[...] = 0
