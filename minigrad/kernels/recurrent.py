"""Recurrent networks: every step of a sequence in one call, with what the gradients need kept, and the gradients.

`sequences.py` says how operands and steps lie. A kernel that gives a line writes it into `out`, if that is given. The gradient
of the input is left at 0 if it is not `wanted`.

Within a step gates are planes, (G, b, H), so that each is one piece of memory. σ(x) is computed as (1 + tanh(x / 2)) / 2: one
call for all four gates of an LSTM.

Sources: S. Hochreiter and J. Schmidhuber, Long Short-Term Memory, 1997; K. Cho et al., EMNLP 2014 (GRU), in the form of
cuDNN's; J. Elman, Finding Structure in Time, 1990.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from minigrad.kernels import Array, sum_rows
from minigrad.kernels.products import SMALL, columns_at_once
from minigrad.kernels.sequences import (
    Shapes,
    Sizes,
    incoming,
    parts,
    planes,
    previous_rows,
    shapes,
    shares,
    shares_backward,
    steps,
    steps_back,
)

MANY = 32  # sequences

# ── LSTM ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def lstm(line: Array, sizes: Sizes, hidden: int, inputs: int, biased: bool, out: Array | None = None) -> Array:
    """In one line: the hidden states, cells, and tanh of the cells, (N, H) each, and the gates i, f, g, o of each step."""
    n, b, width = sum(sizes), sizes[0], hidden
    x, w, bias, h, c, weight = parts(line, *shapes("lstm", sizes, hidden, inputs, biased))
    saved = np.empty(7 * n * width, line.dtype) if out is None else out
    states, cells, bent, gates = parts(saved, (n, width), (n, width), (n, width), (4 * n * width,))
    half = np.full((), 0.5, line.dtype)
    spare = np.empty((b, width), line.dtype)
    bent_of = _together if b >= MANY and inputs <= 2 * width else _apart
    for at, b, z in bent_of(x, w, bias, h, weight, sizes, states, gates):
        end = at + b
        i, f, g, o = z
        first = z[:2]
        np.tanh(z, z)
        first *= half
        first += half
        o *= half
        o += half
        cell, t = cells[at:end], bent[at:end]
        np.multiply(f, c[:b], cell)
        cell += np.multiply(i, g, spare[:b])
        np.tanh(cell, t)
        np.multiply(o, t, states[at:end])
        c = cell
    return saved


def _together(
    x: Array, w: Array, bias: Array, h: Array, weight: Array, sizes: Sizes, states: Array, gates: Array
) -> Iterator[tuple[int, int, Array]]:
    """Of each step the first row, the number of rows, and what tanh is taken of, which are the step's planes in `gates`.

    Input and state are multiplied in one product, (x, 1, h) with all weights, so that nothing is added up afterwards; some
    columns at a time, where that makes it small for OpenBLAS. The next step finds the state in `states`.
    """
    inputs, width = x.shape[1], weight.shape[1]
    factors = planes(np.concatenate([w, bias[:, None], weight] if bias.size else [w, weight], axis=1), 4)
    factors[[0, 1, 3]] *= x.dtype.type(0.5)
    room = np.ones((sizes[0], factors.shape[1]), x.dtype)
    columns = (room.size * width > SMALL and columns_at_once(*room.shape, width)) or width
    pieces = width // columns
    factors = np.ascontiguousarray(factors.reshape(4, -1, pieces, columns).transpose(0, 2, 1, 3))
    for at, b in steps(sizes):
        end, seen = at + b, room[:b]
        seen[:, :inputs] = x[at:end]
        seen[:, -width:] = h[:b]
        z = gates[4 * width * at : 4 * width * end].reshape(4, b, width)
        np.matmul(seen, factors, out=z.reshape(4, b, pieces, columns).transpose(0, 2, 1, 3))
        yield at, b, z
        h = states[at:end]


def _apart(
    x: Array, w: Array, bias: Array, h: Array, weight: Array, sizes: Sizes, states: Array, gates: Array
) -> Iterator[tuple[int, int, Array]]:
    """What `_together` gives, by a product of the inputs of many steps: quicker where a step has few rows."""
    width = weight.shape[1]
    factors, half = planes(weight, 4), x.dtype.type(0.5)
    for at, b, share in shares(x, w, bias, sizes, 4):
        end = at + b
        z = gates[4 * width * at : 4 * width * end].reshape(4, b, width)
        np.matmul(h[:b], factors, out=z)
        z += share
        z[:2] *= half
        z[3] *= half
        yield at, b, z
        h = states[at:end]


def lstm_backward(
    gradient: Array,
    line: Array,
    saved: Array,
    sizes: Sizes,
    hidden: int,
    inputs: int,
    biased: bool,
    wanted: bool,
    out: Array | None = None,
) -> Array:
    """The gradient of the whole line."""
    n, b, width = sum(sizes), sizes[0], hidden
    each = shapes("lstm", sizes, hidden, inputs, biased)
    x, w, _, h0, c0, weight = parts(line, *each)
    states, cells, bent, gates = parts(saved, (n, width), (n, width), (n, width), (4 * n * width,))
    out = np.empty_like(line) if out is None else out
    dx, dw, dbias, dh, dc, dweight = parts(out, *each)
    given = np.empty((n, 4 * width), line.dtype)  # the gradient of the input's share
    every, (dh[...], dc[...]) = incoming(gradient, sizes, hidden, 2)
    one = np.ones((), line.dtype)
    slopes, spare = np.empty(4 * b * width, line.dtype), np.empty((b, width), line.dtype)
    for at, b, before in steps_back(sizes):
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
    shares_backward(given, x, w, dx, dw, dbias, wanted)
    return out


# ── GRU ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def gru(line: Array, sizes: Sizes, hidden: int, inputs: int, biased: bool, out: Array | None = None) -> Array:
    """In one line: the hidden states (N, H), and r, z, W h + b of the third gate, and n of each step."""
    n, width = sum(sizes), hidden
    x, w, bias, h, weight, inner = parts(line, *shapes("gru", sizes, hidden, inputs, biased))
    inner = inner.reshape(3, 1, width)
    factors = planes(weight, 3)
    saved = np.empty(5 * n * width, line.dtype) if out is None else out
    states, gates = parts(saved, (n, width), (4 * n * width,))
    half = np.full((), 0.5, line.dtype)
    for at, b, share in shares(x, w, bias, sizes, 3):
        end = at + b
        z = gates[4 * width * at : 4 * width * end].reshape(4, b, width)
        np.matmul(h[:b], factors, out=z[:3])
        z[:3] += inner
        two, new, state = z[:2], z[3], states[at:end]
        two += share[:2]
        two *= half
        np.tanh(two, two)
        two *= half
        two += half
        np.multiply(z[0], z[2], new)
        new += share[2]
        np.tanh(new, new)
        np.subtract(h[:b], new, state)  # n + z (h - n)
        state *= z[1]
        state += new
        h = state
    return saved


def gru_backward(
    gradient: Array,
    line: Array,
    saved: Array,
    sizes: Sizes,
    hidden: int,
    inputs: int,
    biased: bool,
    wanted: bool,
    out: Array | None = None,
) -> Array:
    """The gradient of the whole line."""
    n, b, width = sum(sizes), sizes[0], hidden
    each = shapes("gru", sizes, hidden, inputs, biased)
    x, w, _, h0, weight, _ = parts(line, *each)
    states, gates = parts(saved, (n, width), (4 * n * width,))
    out = np.empty_like(line) if out is None else out
    dx, dw, dbias, dh, dweight, dinner = parts(out, *each)
    given = np.empty((n, 3, width), line.dtype)  # the gradient of the input's share
    inner = np.empty((n, 3, width), line.dtype)  # that of W h + b
    flat = inner.reshape(n, 3 * width)
    every, (dh[...],) = incoming(gradient, sizes, hidden, 1)
    one = np.ones((), line.dtype)
    slopes, product = np.empty(3 * b * width, line.dtype), np.empty((b, width), line.dtype)
    for at, b, before in steps_back(sizes):
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
    dinner[...] = sum_rows(flat)
    shares_backward(given.reshape(n, 3 * width), x, w, dx, dw, dbias, wanted)
    return out


# ── the plain network ────────────────────────────────────────────────────────────────────────────────────────────────


def rnn_tanh(line: Array, sizes: Sizes, hidden: int, inputs: int, biased: bool) -> Array:
    """The hidden states, (N, H), in a line."""
    return _rnn(line, shapes("rnn_tanh", sizes, hidden, inputs, biased), sizes, np.tanh)


def rnn_relu(line: Array, sizes: Sizes, hidden: int, inputs: int, biased: bool) -> Array:
    """The hidden states, (N, H), in a line."""
    return _rnn(line, shapes("rnn_relu", sizes, hidden, inputs, biased), sizes, np.maximum, np.zeros((), line.dtype))


def _rnn(line: Array, shapes: Shapes, sizes: Sizes, bend: np.ufunc, *second: Array) -> Array:
    x, w, bias, h, weight = parts(line, *shapes)
    weight = np.ascontiguousarray(weight.T)
    states = np.empty((len(x), len(weight)), line.dtype)
    for at, b, (given,) in shares(x, w, bias, sizes, 1):
        z = np.dot(h[:b], weight, out=states[at : at + b])
        z += given
        h = bend(z, *second, out=z)
    return states.reshape(-1)


def rnn_tanh_backward(
    gradient: Array, line: Array, saved: Array, sizes: Sizes, hidden: int, inputs: int, biased: bool, wanted: bool
) -> Array:
    """The gradient of the whole line."""
    slopes = np.multiply(saved, saved)
    np.subtract(np.ones((), line.dtype), slopes, slopes)
    return _rnn_backward(
        gradient, line, saved, slopes, shapes("rnn_tanh", sizes, hidden, inputs, biased), sizes, wanted
    )


def rnn_relu_backward(
    gradient: Array, line: Array, saved: Array, sizes: Sizes, hidden: int, inputs: int, biased: bool, wanted: bool
) -> Array:
    """The gradient of the whole line."""
    slopes = (saved > 0).astype(line.dtype)
    return _rnn_backward(
        gradient, line, saved, slopes, shapes("rnn_relu", sizes, hidden, inputs, biased), sizes, wanted
    )


def _rnn_backward(
    gradient: Array, line: Array, saved: Array, slopes: Array, shapes: Shapes, sizes: Sizes, wanted: bool
) -> Array:
    x, w, _, h0, weight = parts(line, *shapes)
    out = np.empty_like(line)
    dx, dw, dbias, dh, dweight = parts(out, *shapes)
    n, hidden = len(x), len(weight)
    given, slopes = np.empty((n, hidden), line.dtype), slopes.reshape(n, hidden)
    every, (dh[...],) = incoming(gradient, sizes, hidden, 1)
    for at, b, _ in steps_back(sizes):
        z, dhs = given[at : at + b], dh[:b]
        if every is not None:
            dhs += every[at : at + b]
        np.multiply(dhs, slopes[at : at + b], z)
        np.dot(z, weight, out=dhs)
    np.dot(given.T, previous_rows(h0, saved.reshape(n, hidden), sizes), out=dweight)
    shares_backward(given, x, w, dx, dw, dbias, wanted)
    return out
