"""Normalising over some axes: centred elements and their moments, the normalised array, and its gradients.

`centred` is x minus its mean; `moments` stacks the mean, the variance and 1 / √(variance + eps) of each group of elements.
`shape` is the one in which a parameter stands beside x, (1, C, 1, 1) for one per channel. What is float16 is computed in
float32.
"""

from __future__ import annotations

from math import prod

import numpy as np

from minigrad.kernels import Array
from minigrad.kernels.rows import ones

KEPT = 1 << 15  # the most elements of a vector of ones that is kept for the next time


def _ones(n: int, char: str) -> Array:
    """A vector of ones: a product with it is the quickest sum."""
    return ones(n, char) if n <= KEPT else np.ones(n, char)


def sums(x: Array, y: Array | None, axes: tuple[int, ...]) -> Array:
    """Σ x, or Σ x·y, over axes, which stay with size 1.

    Axes at the end, whose elements lie side by side, go first, and those at the front that are all; the rest is for NumPy.
    """
    inner = x.ndim
    while inner - 1 in axes:
        inner -= 1
    outer = tuple(axis for axis in axes if axis < inner)
    if x.flags.c_contiguous and (y is None or y.flags.c_contiguous):
        shape = tuple([1 if axis in axes else n for axis, n in enumerate(x.shape)])
        if inner < x.ndim:
            rows = x.reshape(prod(x.shape[:inner]), prod(x.shape[inner:]))
            total = (
                rows.dot(_ones(rows.shape[1], x.dtype.char)) if y is None else np.vecdot(rows, y.reshape(rows.shape))
            )
            total = total.reshape(*x.shape[:inner], *(1,) * (x.ndim - inner))
            return np.asanyarray(np.add.reduce(total, axis=outer, keepdims=True) if outer else total)
        if outer == tuple(range(len(outer))):
            n = prod(x.shape[: len(outer)])
            columns = (x if y is None else x * y).reshape(n, prod(shape))
            return np.asanyarray(_ones(n, columns.dtype.char).dot(columns).reshape(shape))
    return np.asanyarray(np.add.reduce(x if y is None else x * y, axis=axes, keepdims=True))


def centre(x: Array, axes: tuple[int, ...], eps: float) -> Array:
    """x minus its mean over the axes, then the mean, the variance and 1 / √(variance + eps): one after another in a line,
    because an operation gives one array. `centred_part` and `moments_part` find them there."""
    x = np.ascontiguousarray(x, np.float32 if x.dtype.char == "e" else None)
    share = 1 / max(prod([x.shape[axis] for axis in axes]), 1)
    mean = sums(x, None, axes)
    mean *= share
    line = np.empty(x.size + 3 * mean.size, x.dtype)
    centred, out = line[: x.size].reshape(x.shape), line[x.size :].reshape(3, *mean.shape)
    np.subtract(x, mean, out=centred)
    out[0] = mean
    np.multiply(sums(centred, centred, axes), share, out=out[1])
    np.add(out[1], eps, out=out[2])
    np.sqrt(out[2], out=out[2])
    np.reciprocal(out[2], out=out[2])
    return line


def centred_part(line: Array, shape: tuple[int, ...]) -> Array:
    """x minus its mean, in x's shape."""
    return line[: prod(shape)].reshape(shape)


def moments_part(line: Array, shape: tuple[int, ...], axes: tuple[int, ...]) -> Array:
    """The three moments, each with size 1 along the axes."""
    return line[prod(shape) :].reshape(3, *[1 if axis in axes else n for axis, n in enumerate(shape)])


def _stretch(shape: tuple[int, ...], over: tuple[int, ...]) -> bool:
    """Would an array of `shape`, broadcast against one of shape `over`, need more than that one's size?"""
    return any(n not in (1, m) for n, m in zip(shape[::-1], over[::-1]))


def normalise(
    x: Array,
    centred: Array,
    moments: Array,
    weight: Array | None = None,
    bias: Array | None = None,
    *,
    shape: tuple[int, ...] = (),
) -> Array:
    """centred / √(variance + eps) · weight + bias, in the dtype of x."""
    factor = moments[2]
    if weight is not None and not _stretch(shape, factor.shape):
        factor, weight = factor * weight.reshape(shape), None
    out: Array = centred * factor
    if weight is not None:
        out *= weight.reshape(shape)
    if bias is not None:
        out += bias.reshape(shape)
    return out if out.dtype == x.dtype else out.astype(x.dtype)


def shift(x: Array, centred: Array, moments: Array, bias: Array, *, shape: tuple[int, ...]) -> Array:
    """`normalise` without a weight."""
    return normalise(x, centred, moments, None, bias, shape=shape)


def normalise_backward(
    gradient: Array,
    x: Array,
    centred: Array,
    moments: Array,
    weight: Array | None = None,
    *,
    axes: tuple[int, ...],
    shape: tuple[int, ...] = (),
) -> Array:
    """The gradient of x: (h - mean(h) - n · mean(h · n)) / √(variance + eps), where h is gradient · weight and n the
    normalised x."""
    factor = moments[2]
    if weight is not None:
        if _stretch(shape, factor.shape):
            gradient = gradient * weight.reshape(shape)
        else:
            factor = factor * weight.reshape(shape)
    gradient = np.ascontiguousarray(gradient, centred.dtype)
    share = 1 / max(prod([x.shape[axis] for axis in axes]), 1)
    out: Array = centred * (sums(gradient, centred, axes) * (moments[2] * moments[2] * share))
    out += sums(gradient, None, axes) * share
    np.subtract(gradient, out, out=out)
    out *= factor
    return out if out.dtype == x.dtype else out.astype(x.dtype)


def normalise_weight_backward(
    gradient: Array, x: Array, centred: Array, moments: Array, *, shape: tuple[int, ...], size: tuple[int, ...]
) -> Array:
    """The gradient of the weight: Σ gradient · n over the axes along which it is repeated, in its own shape `size`."""
    over = _repeated(x.ndim, shape)
    wide = np.ascontiguousarray(gradient, centred.dtype)
    if any(moments.shape[i + 1] != 1 for i in over):  # the factor varies along what is summed
        total = sums(wide * moments[2], centred, over)
    else:
        total = sums(wide, centred, over) * moments[2]
    return total.reshape(size).astype(gradient.dtype, copy=False)


def sum_repeated(gradient: Array, *, shape: tuple[int, ...], size: tuple[int, ...]) -> Array:
    """The gradient of the bias: Σ gradient over the axes along which it is repeated, in its own shape `size`."""
    return sums(np.ascontiguousarray(gradient), None, _repeated(gradient.ndim, shape)).reshape(size)


def _repeated(ndim: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The axes along which a parameter that stands beside x in `shape` is repeated."""
    lead = ndim - len(shape)
    return tuple(i for i in range(ndim) if i < lead or shape[i - lead] == 1)
