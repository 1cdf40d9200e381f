"""The few array functions that NumPy lacks. Each takes arrays and gives an array; none knows of tensors or gradients.

They are named functions, not expressions inside an operation, so that a recorded graph can say what it runs and run it
again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy import add, asanyarray, exp, negative, reciprocal, subtract  # in the innermost loop, where np. is felt

from minigrad.kernels import rows
from minigrad.kernels.products import dot as dot
from minigrad.kernels.products import linear as linear
from minigrad.kernels.products import matmul as matmul
from minigrad.kernels.products import sum_rows as sum_rows
from minigrad.kernels.products import transposed_matmul as transposed_matmul

Array: TypeAlias = "np.ndarray[Any, Any]"

# Constants as arrays of each type: a ufunc takes one in half the time that it takes to convert a Python number.
_FLOATS: dict[str, Any] = {np.dtype(t).char: t for t in (np.float16, np.float32, np.float64)}
_ONE = {char: np.array(1, t) for char, t in _FLOATS.items()}
_EXP_LIMIT = {char: float(np.nextafter(np.log(np.finfo(t).max), t(0))) for char, t in _FLOATS.items()}  # rounded down
for _constant in _ONE.values():
    _constant.flags.writeable = False


# ── elementwise ──────────────────────────────────────────────────────────────────────────────────────────────────────


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), accurate in both tails; the exponent stops short of overflow, where the result is below 1e-38.

    eˣ / (1 + eˣ) would be a pass shorter, but near 1 it rounds otherwise than PyTorch does, and log(1 - σ) shows it.
    """
    kind = x.dtype.char
    if kind == "e":  # whose eˣ ends at x = 11
        return sigmoid(x.astype(np.float32)).astype(np.float16)
    out = one_and_exp(asanyarray(negative(x)), kind)
    reciprocal(out, out)
    return out


def one_and_exp(x: Array, kind: str) -> Array:
    """1 + eˣ, written over x, which is of that kind; the exponent stops short of overflow."""
    rows.hold_below(x, _EXP_LIMIT[kind], kind)
    exp(x, x)
    add(x, _ONE[kind], x)
    return x


def sigmoid_backward(gradient: Array, out: Array) -> Array:
    """gradient * out * (1 - out)."""
    slope: Array = subtract(_ONE[out.dtype.char], out)
    slope *= out
    slope *= gradient
    return slope


def tanh_backward(gradient: Array, out: Array) -> Array:
    """gradient * (1 - out²)."""
    slope: Array = np.subtract(_ONE[out.dtype.char], out * out)
    slope *= gradient
    return slope


def relu(x: Array) -> Array:
    """max(x, 0); NaN stays NaN."""
    return rows.at_least(x, 0)


def softplus(x: Array, beta: float, threshold: float) -> Array:
    """log(1 + exp(beta x)) / beta, and x itself where beta x is above the threshold."""
    scaled = x * beta
    smooth = (np.maximum(scaled, 0) + np.log1p(np.exp(-np.abs(scaled)))) / beta
    return np.where(scaled > threshold, x, smooth)


def clamp(x: Array, low: Array | None = None, high: Array | None = None) -> Array:
    """x held between low and high; where they cross, high wins."""
    if low is not None:
        x = np.maximum(x, low)
    return np.asanyarray(x if high is None else np.minimum(x, high))


def softmax(x: Array, axis: int) -> Array:
    """exp(x) / Σ exp(x) along an axis, shifted by the maximum so that nothing overflows."""
    if x.shape and x.shape[axis] == 0:
        return x.copy()
    out = np.asanyarray(x - rows.extreme(x, np.maximum, axis))
    np.exp(out, out=out)
    out /= rows.total(out, axis)
    return out


def log_softmax(x: Array, axis: int) -> Array:
    """log of `softmax`, computed without forming it."""
    if x.shape and x.shape[axis] == 0:
        return x.copy()
    shifted: Array = np.asanyarray(x - rows.extreme(x, np.maximum, axis))
    shifted -= np.log(rows.total(np.exp(shifted), axis))
    return shifted


def logsumexp(x: Array, axis: tuple[int, ...] | None, keepdims: bool) -> Array:
    """log Σ exp(x) over axes; -inf over nothing, and over nothing but -inf."""
    axis = tuple(range(x.ndim)) if axis is None else axis
    if 0 in [x.shape[a] for a in axis]:
        return np.full_like(x.sum(axis, keepdims=keepdims), -np.inf)
    top = np.maximum.reduce(x, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, 0).astype(x.dtype)
    total = np.add.reduce(np.exp(x - top), axis=axis, keepdims=True)
    out = np.full_like(total, -np.inf)
    np.log(total, out=out, where=total != 0)
    out += top
    return out if keepdims else np.squeeze(out, axis)


def ties(x: Array, extreme: Array) -> Array:
    """Where x equals the extreme of its slice; NaN equals NaN."""
    return np.asanyarray((x == extreme) | ((x != x) & (extreme != extreme)))


# ── losses ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def squared_error(x: Array, y: Array, scale: float) -> Array:
    """scale · Σ (x - y)², over every element."""
    difference = subtract(x, y).reshape(-1)
    total = difference.dot(difference)
    return asanyarray(total if scale == 1 else total * scale)


def squared_error_backward(gradient: Array, x: Array, y: Array, scale: float) -> Array:
    """gradient · 2 · scale · (x - y), for a gradient that is one number."""
    out = asanyarray(subtract(x, y))
    out *= asanyarray(gradient * (2 * scale))
    return out


# ── sums ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def spread(x: Array, kept: tuple[int, ...], shape: tuple[int, ...]) -> Array:
    """x, seen as of shape `kept`, repeated to fill `shape`: a sum, backwards."""
    out = np.empty(shape, x.dtype)
    out[...] = x.reshape(kept)
    return out


# ── shape and memory ─────────────────────────────────────────────────────────────────────────────────────────────────


def concatenate(*arrays: Array, axis: int) -> Array:
    """np.concatenate of separate operands, laid out in order whatever they were."""
    return np.ascontiguousarray(np.concatenate(arrays, axis))


def stack(*arrays: Array, axis: int) -> Array:
    """np.stack of separate operands, laid out in order whatever they were."""
    return np.ascontiguousarray(np.stack(arrays, axis))


def reshape(x: Array, shape: tuple[int, ...]) -> Array:
    """x.reshape(shape)."""
    return x.reshape(shape)


def reshaped_copy(x: Array, shape: tuple[int, ...]) -> Array:
    """x.reshape(shape), always copied."""
    return np.array(x, order="C").reshape(shape)


def swapaxes(x: Array, axis1: int, axis2: int) -> Array:
    """x.swapaxes(axis1, axis2)."""
    return x.swapaxes(axis1, axis2)


def permute(x: Array, axes: tuple[int, ...]) -> Array:
    """x.transpose(axes)."""
    return x.transpose(axes)


def copy(x: Array) -> Array:
    """A copy of x."""
    return x.copy("K")


def flip(x: Array, axis: tuple[int, ...]) -> Array:
    """np.flip, copied."""
    return np.flip(x, axis).copy()


def cast(x: Array, dtype: np.dtype[Any]) -> Array:
    """A copy of x as another type."""
    return x.astype(dtype)


def getitem(x: Array, index: Any) -> Array:
    """x[index]."""
    return np.asanyarray(x[index])


def take(x: Array, index: Any) -> Array:
    """x[index] for an index that copies, the elements in order: NumPy may leave them in another layout."""
    return np.asanyarray(x[index], order="C")


def put(x: Array, value: Array, index: Any) -> Array:
    """A copy of x in which x[index] is value; of several values for one place, the last."""
    out = x.copy()
    out[index] = value
    return out


def scatter(value: Array, shape: tuple[int, ...], index: Any, accumulate: bool) -> Array:
    """Zeros of the given shape with `value` at [index]; where an index repeats, the sum if `accumulate`."""
    out = np.zeros(shape, value.dtype)
    if accumulate:
        np.add.at(out, index, value)
    else:
        out[index] = value
    return out


def last_writer(shape: tuple[int, ...], index: Any) -> Array:
    """For each value in an assignment x[index] = values: is it the one that stays (no later one has the same place)?"""
    places = np.zeros(shape, np.intp)
    selected = places[index]
    order = np.arange(selected.size).reshape(selected.shape)
    places[index] = order
    return np.asanyarray(places[index] == order)


Steps: TypeAlias = "Sequence[tuple[Callable[..., Any], Any, dict[str, Any]]]"


def take_steps(x: Array, steps: Steps) -> Array:
    """Follow the steps of a view through an array."""
    for forward, _, kwargs in steps:
        x = forward(x, **kwargs)
    return x


def write_through(x: Array, value: Array, steps: Steps) -> Array:
    """A copy of x with `value` in the place that a view, taken by `steps`, occupies."""
    out = x.copy()
    part = take_steps(out, steps)
    if part.size and not np.may_share_memory(part, out):  # in this layout a reshape copies: find the places by number
        places = take_steps(np.arange(x.size).reshape(x.shape), steps)
        out.reshape(-1)[places] = value
    else:
        part[...] = value
    return out
