"""Recurrent networks: every step of a sequence in one call, with what the gradients need kept, and the gradients.

Steps lie one after another: `sizes` holds the number of sequences that are still running at each, which never grows, so the
rows of step t are the first ones of step t - 1. Operands stand one after another in a `line`, as `lay_out` leaves them:
the input's share of the gates (N, G·H), N being the sum of sizes; h0 (B, H), for an LSTM c0 as well; the weight (G·H, H) of the
hidden state; for a GRU its bias.

A kernel that gives a line writes it into `out`, if that is given.

Within a step gates are planes, (G, b, H), so that each is one piece of memory. σ(x) is computed as (1 + tanh(x / 2)) / 2: one
call for all four gates of an LSTM.

Sources: S. Hochreiter and J. Schmidhuber, Long Short-Term Memory, 1997; K. Cho et al., EMNLP 2014 (GRU), in the form of
cuDNN's; J. Elman, Finding Structure in Time, 1990.
"""

from __future__ import annotations

from itertools import accumulate, pairwise
from math import prod

import numpy as np

from minigrad.kernels import Array, sum_rows

Sizes = tuple[int, ...]


def lay_out(x: Array, w: Array, *rest: Array, biased: bool, out: Array | None = None) -> Array:
    """x Wᵀ (+ bias, the first of the rest), followed by the rest, in one line."""
    n = len(x) * len(w)
    bias, rest = (rest[0], rest[1:]) if biased else (None, rest)
    line = np.empty(n + sum([part.size for part in rest]), w.dtype) if out is None else out
    gates = line[:n].reshape(len(x), len(w))
    np.dot(x, w.T, out=gates)
    if bias is not None:
        gates += bias
    for part in rest:
        line[n : n + part.size].reshape(part.shape)[...] = part
        n += part.size
    return line


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


def _incoming(gradient: Array, sizes: Sizes, hidden: int, last: int) -> tuple[Array | None, Array]:
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


def _planes(weight: Array, gates: int) -> Array:
    """The weight (G·H, H) as G matrices to multiply a state with from the right."""
    width = weight.shape[1]
    return np.ascontiguousarray(weight.reshape(gates, width, width).transpose(0, 2, 1))


def _steps(sizes: Sizes) -> list[tuple[int, int]]:
    """(the first row, the number of rows) of each step."""
    return list(zip(accumulate(sizes, initial=0), sizes))


def _steps_back(sizes: Sizes) -> list[tuple[int, int, int]]:
    """From the last step on: its first row, its number of rows, the first row of the step before (-1 for none)."""
    starts = [-1, *accumulate(sizes, initial=0)]
    return [(starts[i + 1], sizes[i], starts[i]) for i in reversed(range(len(sizes)))]


# ── LSTM ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def lstm(line: Array, sizes: Sizes, hidden: int, out: Array | None = None) -> Array:
    """In one line: the hidden states, cells, and tanh of the cells, (N, H) each, and the gates i, f, g, o of each step."""
    n, b, width = sum(sizes), sizes[0], hidden
    given, h, c, weight = parts(line, (n, 4, width), (b, width), (b, width), (4 * width, width))
    weight = _planes(weight, 4)
    saved = np.empty(7 * n * width, line.dtype) if out is None else out
    states, cells, bent, gates = parts(saved, (n, width), (n, width), (n, width), (4 * n * width,))
    half = np.full((), 0.5, line.dtype)
    spare = np.empty((b, width), line.dtype)
    for at, b in _steps(sizes):
        end = at + b
        z = gates[4 * width * at : 4 * width * end].reshape(4, b, width)
        np.matmul(h[:b], weight, out=z)
        z += given[at:end].transpose(1, 0, 2)
        i, f, g, o = z
        first = z[:2]
        first *= half
        o *= half
        np.tanh(z, z)
        first *= half
        first += half
        o *= half
        o += half
        cell, t = cells[at:end], bent[at:end]
        np.multiply(f, c[:b], cell)
        cell += np.multiply(i, g, spare[:b])
        np.tanh(cell, t)
        h, c = np.multiply(o, t, states[at:end]), cell
    return saved


def lstm_backward(
    gradient: Array, line: Array, saved: Array, sizes: Sizes, hidden: int, out: Array | None = None
) -> Array:
    """The gradient of the whole line."""
    n, b, width = sum(sizes), sizes[0], hidden
    _, h0, c0, weight = parts(line, (n, 4 * width), (b, width), (b, width), (4 * width, width))
    states, cells, bent, gates = parts(saved, (n, width), (n, width), (n, width), (4 * n * width,))
    out = np.empty_like(line) if out is None else out
    given, dh, dc, dweight = parts(out, (n, 4 * width), (b, width), (b, width), (4 * width, width))
    every, (dh[...], dc[...]) = _incoming(gradient, sizes, hidden, 2)
    one = np.ones((), line.dtype)
    slopes, spare = np.empty(4 * b * width, line.dtype), np.empty((b, width), line.dtype)
    for at, b, before in _steps_back(sizes):
        end = at + b
        z = gates[4 * width * at : 4 * width * end].reshape(4, b, width)
        i, f, g, o = z
        t, u, dhs, dcs = bent[at:end], spare[:b], dh[:b], dc[:b]
        if every is not None:
            dhs += every[at:end]
        np.multiply(t, t, u)  # dc += dh · o · (1 - t²), where t is tanh(c)
        np.subtract(one, u, u)
        u *= o
        u *= dhs
        dcs += u
        s = slopes[: 4 * b * width].reshape(4, b, width)
        np.subtract(one, z, s)
        s *= z  # the slopes of i, f and o, which are σ
        si, sf, sg, so = s
        si *= g
        sf *= cells[before : before + b] if at else c0[:b]
        np.multiply(g, g, sg)
        np.subtract(one, sg, sg)
        sg *= i
        s[:3] *= dcs
        so *= t
        so *= dhs
        rows = given[at:end]
        rows.reshape(b, 4, width)[...] = s.transpose(1, 0, 2)
        dcs *= f
        np.dot(rows, weight, out=dhs)
    np.dot(given.T, previous_rows(h0, states, sizes), out=dweight)
    return out


# ── GRU ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def gru(line: Array, sizes: Sizes, hidden: int, out: Array | None = None) -> Array:
    """In one line: the hidden states (N, H), and r, z, W h + b of the third gate, and n of each step."""
    n, b, width = sum(sizes), sizes[0], hidden
    given, h, weight, bias = parts(line, (n, 3, width), (b, width), (3 * width, width), (3, 1, width))
    weight = _planes(weight, 3)
    saved = np.empty(5 * n * width, line.dtype) if out is None else out
    states, gates = parts(saved, (n, width), (4 * n * width,))
    half = np.full((), 0.5, line.dtype)
    for at, b in _steps(sizes):
        end = at + b
        x, z = given[at:end].transpose(1, 0, 2), gates[4 * width * at : 4 * width * end].reshape(4, b, width)
        np.matmul(h[:b], weight, out=z[:3])
        z[:3] += bias
        two, new, state = z[:2], z[3], states[at:end]
        two += x[:2]
        two *= half
        np.tanh(two, two)
        two *= half
        two += half
        np.multiply(z[0], z[2], new)
        new += x[2]
        np.tanh(new, new)
        np.subtract(h[:b], new, state)  # n + z (h - n)
        state *= z[1]
        state += new
        h = state
    return saved


def gru_backward(
    gradient: Array, line: Array, saved: Array, sizes: Sizes, hidden: int, out: Array | None = None
) -> Array:
    """The gradient of the whole line."""
    n, b, width = sum(sizes), sizes[0], hidden
    _, h0, weight = parts(line, (n, 3 * width), (b, width), (3 * width, width))
    states, gates = parts(saved, (n, width), (4 * n * width,))
    out = np.empty_like(line) if out is None else out
    given, dh, dweight, dbias = parts(out, (n, 3, width), (b, width), (3 * width, width), (3 * width,))
    inner = np.empty((n, 3, width), line.dtype)  # the gradient of W h + b
    flat = inner.reshape(n, 3 * width)
    every, (dh[...],) = _incoming(gradient, sizes, hidden, 1)
    one = np.ones((), line.dtype)
    slopes, product = np.empty(3 * b * width, line.dtype), np.empty((b, width), line.dtype)
    for at, b, before in _steps_back(sizes):
        end = at + b
        r, z, s, new = gates[4 * width * at : 4 * width * end].reshape(4, b, width)
        d = slopes[: 3 * b * width].reshape(3, b, width)
        dr, dz, dn = d
        dhs, u = dh[:b], product[:b]
        if every is not None:
            dhs += every[at:end]
        np.multiply(new, new, dn)  # dh · (1 - z) · (1 - n²)
        np.subtract(one, dn, dn)
        np.subtract(one, z, dz)
        dn *= dz
        dn *= dhs
        given[at:end, 2] = dn
        np.subtract(states[before : before + b] if at else h0[:b], new, u)
        dz *= z  # dh · (h - n) · z (1 - z)
        dz *= u
        dz *= dhs
        np.subtract(one, r, dr)  # dn · s · r (1 - r), where s is W h + b
        dn *= r
        dr *= dn
        dr *= s
        inner[at:end] = d.transpose(1, 0, 2)
        dhs *= z
        dhs += np.dot(flat[at:end], weight, out=u)
    given[:, :2] = inner[:, :2]
    np.dot(flat.T, previous_rows(h0, states, sizes), out=dweight)
    dbias[...] = sum_rows(flat)
    return out


# ── the plain network ────────────────────────────────────────────────────────────────────────────────────────────────


def rnn_tanh(line: Array, sizes: Sizes, hidden: int) -> Array:
    """The hidden states, (N, H), in a line."""
    return _rnn(line, sizes, hidden, np.tanh)


def rnn_relu(line: Array, sizes: Sizes, hidden: int) -> Array:
    """The hidden states, (N, H), in a line."""
    return _rnn(line, sizes, hidden, np.maximum, np.zeros((), line.dtype))


def _rnn(line: Array, sizes: Sizes, hidden: int, bend: np.ufunc, *second: Array) -> Array:
    n, b = sum(sizes), sizes[0]
    given, h, weight = parts(line, (n, hidden), (b, hidden), (hidden, hidden))
    weight = np.ascontiguousarray(weight.T)
    states = np.empty((n, hidden), line.dtype)
    for at, b in _steps(sizes):
        z = np.dot(h[:b], weight, out=states[at : at + b])
        z += given[at : at + b]
        h = bend(z, *second, out=z)
    return states.reshape(-1)


def rnn_tanh_backward(gradient: Array, line: Array, saved: Array, sizes: Sizes, hidden: int) -> Array:
    """The gradient of the whole line."""
    slopes = np.multiply(saved, saved)
    np.subtract(np.ones((), line.dtype), slopes, slopes)
    return _rnn_backward(gradient, line, saved, slopes, sizes, hidden)


def rnn_relu_backward(gradient: Array, line: Array, saved: Array, sizes: Sizes, hidden: int) -> Array:
    """The gradient of the whole line."""
    return _rnn_backward(gradient, line, saved, (saved > 0).astype(line.dtype), sizes, hidden)


def _rnn_backward(gradient: Array, line: Array, saved: Array, slopes: Array, sizes: Sizes, hidden: int) -> Array:
    n, b = sum(sizes), sizes[0]
    _, h0, weight = parts(line, (n, hidden), (b, hidden), (hidden, hidden))
    out = np.empty_like(line)
    given, dh, dweight = parts(out, (n, hidden), (b, hidden), (hidden, hidden))
    slopes = slopes.reshape(n, hidden)
    every, (dh[...],) = _incoming(gradient, sizes, hidden, 1)
    for at, b, _ in _steps_back(sizes):
        z, dhs = given[at : at + b], dh[:b]
        if every is not None:
            dhs += every[at : at + b]
        np.multiply(dhs, slopes[at : at + b], z)
        np.dot(z, weight, out=dhs)
    np.dot(given.T, previous_rows(h0, saved.reshape(n, hidden), sizes), out=dweight)
    return out
