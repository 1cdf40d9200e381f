"""Attention: softmax(q kᵀ · scale + mask) v for many heads, and its gradient.

Queries (n, L, E), keys (n, S, E) and values (n, S, V), one matrix of each per head, stand one after another in a `line`. What
is kept for the gradients is exp(scores - their maximum), one over its sums, and the result: probabilities are never formed.

Scores lie as keys by queries, (n, S, L): a maximum over keys is then one of whole rows, which NumPy finds three times as fast.
Heads are taken a few at a time, so that their scores stay in the cache.

Source: A. Vaswani et al., Attention Is All You Need, NeurIPS 2017; T. Dao et al., FlashAttention, NeurIPS 2022, for
Σ_j p_ij · dp_ij = out_i · dout_i.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate, pairwise

import numpy as np

from minigrad.kernels import Array
from minigrad.kernels.rows import ones, total

Shape = tuple[int, int, int, int, int]  # n, L, S, E, V
CHUNK = 2**16  # scores at a time


def side_by_side(*arrays: Array, out: Array | None = None) -> Array:
    """Everything in one line: in `out`, if it is given."""
    line = np.empty(sum([x.size for x in arrays]), arrays[0].dtype) if out is None else out
    at = 0
    for x in arrays:
        line[at : at + x.size].reshape(x.shape)[...] = x
        at += x.size
    return line


def _parts(line: Array, *shapes: tuple[int, ...]) -> list[Array]:
    """The arrays of these shapes that stand in a line."""
    ends = accumulate([a * b * c for a, b, c in shapes], initial=0)
    return [line[start:end].reshape(shape) for (start, end), shape in zip(pairwise(ends), shapes)]


@lru_cache(16)
def after(rows: int, columns: int, char: str) -> Array:
    """For keys by queries, so many columns by rows: -inf where a key comes after the query, 0 elsewhere."""
    out = np.tril(np.full((columns, rows), -np.inf, char), -1)
    out.flags.writeable = False
    return out


def _chunks(shape: Shape) -> list[slice]:
    n, rows, columns = shape[:3]
    step = max(1, CHUNK // max(rows * columns, 1))
    return [slice(start, start + step) for start in range(0, n, step)]


def _of_heads(x: Array, heads: slice) -> Array:
    """The part of a mask or of a noise that belongs to some heads, all of it if it has one matrix for all: keys first."""
    return (x if len(x) == 1 else x[heads]).transpose(0, 2, 1)


def _extra(extra: tuple[Array, ...], masked: bool) -> tuple[Array | None, Array | None]:
    """The mask and the noise, either or both of which may be missing."""
    mask = extra[0] if masked else None
    noise = extra[-1] if len(extra) > masked else None
    return mask, noise


def attention(
    line: Array, *extra: Array, shape: Shape, scale: float, causal: bool, masked: bool, out: Array | None = None
) -> Array:
    """In one line (`out`, if it is given): exp(scores - maximum), (n, S, L), one over its sums (n, 1, L), the result (n, L, V).

    `extra` holds a mask to add, (n or 1, L or 1, S), if `masked`, then what dropout multiplies the probabilities with, if
    anything. A query all of whose keys are masked with -inf gives 0.
    """
    n, rows, columns, width, depth = shape
    q, k, v = _parts(line, (n, rows, width), (n, columns, width), (n, columns, depth))
    mask, noise = _extra(extra, masked)
    saved = np.empty(n * rows * (columns + 1 + depth), line.dtype) if out is None else out
    every, shares, result = _parts(saved, (n, columns, rows), (n, 1, rows), (n, rows, depth))
    q = np.ascontiguousarray((q * line.dtype.type(scale)).transpose(0, 2, 1))
    each = ones(columns, line.dtype.char)[None]
    later = after(rows, columns, line.dtype.char) if causal else None
    lowest = np.finfo(line.dtype).min
    for heads in _chunks(shape):
        scores, share = every[heads], shares[heads]
        np.matmul(k[heads], q[heads], out=scores)
        if later is not None:
            scores += later
        if mask is not None:
            scores += _of_heads(mask, heads)
        top = np.maximum.reduce(scores, axis=1, keepdims=True)
        if mask is not None:
            np.maximum(top, lowest, out=top)  # where all is masked
        scores -= top
        np.exp(scores, scores)
        np.matmul(each, scores, out=share)
        if mask is not None:
            np.maximum(share, 1, out=share)  # it is not below, unless all is masked and the result is 0
        np.reciprocal(share, share)
        weights = scores if noise is None else scores * _of_heads(noise, heads)
        np.matmul(weights.transpose(0, 2, 1), v[heads], out=result[heads])
    result *= shares.transpose(0, 2, 1)
    return saved


def attended(line: Array, saved: Array, size: tuple[int, ...]) -> Array:
    """The result, of this size, out of what `attention` kept."""
    return saved[-int(np.prod(size)) :].reshape(size).copy()


def attention_backward(
    gradient: Array, line: Array, saved: Array, *extra: Array, shape: Shape, scale: float, causal: bool, masked: bool
) -> Array:
    """The gradient of the whole line."""
    n, rows, columns, width, depth = shape
    q, k, v = _parts(line, (n, rows, width), (n, columns, width), (n, columns, depth))
    every, shares, out = _parts(saved, (n, columns, rows), (n, 1, rows), (n, rows, depth))
    _, noise = _extra(extra, masked)
    found = np.empty_like(line)
    dq, dk, dv = _parts(found, (n, rows, width), (n, columns, width), (n, columns, depth))
    factor = line.dtype.type(scale)
    gradient = gradient.reshape(n, rows, depth) * shares.transpose(0, 2, 1)
    mean = total(gradient * out, 2).transpose(0, 2, 1)
    turned, q = np.ascontiguousarray(gradient.transpose(0, 2, 1)), q * factor
    for heads in _chunks(shape):
        weights = every[heads]
        slopes = np.matmul(v[heads], turned[heads])
        if noise is None:
            np.matmul(weights, gradient[heads], out=dv[heads])
        else:
            part = _of_heads(noise, heads)
            slopes *= part
            np.matmul(weights * part, gradient[heads], out=dv[heads])
        slopes -= mean[heads]
        slopes *= weights
        np.matmul(slopes.transpose(0, 2, 1), k[heads], out=dq[heads])
        np.matmul(slopes, q[heads], out=dk[heads])
    dq *= factor
    return found
