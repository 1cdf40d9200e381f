"""Rows of a table by their numbers, and the gradient of that."""

from __future__ import annotations

import numpy as np

from minigrad.kernels import Array


def rows(table: Array, index: Array) -> Array:
    """table[index], (V, D) and any shape of integers: (*, D)."""
    return np.asanyarray(table.take(index, axis=0))


def add_rows(
    gradient: Array, index: Array, *, size: int, padding_idx: int | None = None, by_frequency: bool = False
) -> Array:
    """(size, D) zeros with each row of `gradient`, (*, D), added at its number in `index`, (*).

    Row `padding_idx` stays 0. With `by_frequency` each row is divided by how often its number occurs.
    For small tables the sum is a product with a matrix of zeros and ones. Otherwise the elements are added one by one in
    one dimension, where `np.add.at` is quick.
    """
    width = gradient.shape[-1]
    index = index.reshape(-1)
    if size <= 128 and gradient.dtype.char != "e":
        places = np.zeros((index.size, size), gradient.dtype)
        places[np.arange(index.size), index] = 1
        out = places.T.dot(gradient.reshape(index.size, width))
    else:
        flat = np.zeros(size * width, gradient.dtype)
        np.add.at(flat, (index[:, None] * width + np.arange(width)).reshape(-1), gradient.reshape(-1))
        out = flat.reshape(size, width)
    if by_frequency:
        out /= np.maximum(np.bincount(index, minlength=size), 1).astype(out.dtype)[:, None]
    if padding_idx is not None:
        out[padding_idx] = 0
    return np.asanyarray(out)
