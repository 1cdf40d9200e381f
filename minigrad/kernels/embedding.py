"""Rows of a table by their numbers, and the gradient of that."""

from __future__ import annotations

import numpy as np

from minigrad.kernels import Array
from minigrad.kernels.indexing import add_rows as sum_rows_into


def rows(table: Array, index: Array) -> Array:
    """table[index], (V, D) and any shape of integers: (*, D)."""
    return np.asanyarray(table.take(index, axis=0))


def add_rows(
    gradient: Array, index: Array, *, size: int, padding_idx: int | None = None, by_frequency: bool = False
) -> Array:
    """(size, D) zeros with each row of `gradient`, (*, D), added at its number in `index`, (*).

    Row `padding_idx` stays 0. With `by_frequency` each row is divided by how often its number occurs.
    """
    index = index.reshape(-1)
    out = np.zeros((size, gradient.shape[-1]), gradient.dtype)
    sum_rows_into(out, index, gradient.reshape(index.size, gradient.shape[-1]))
    if by_frequency:
        out /= np.maximum(np.bincount(index, minlength=size), 1).astype(out.dtype)[:, None]
    if padding_idx is not None:
        out[padding_idx] = 0
    return np.asanyarray(out)
