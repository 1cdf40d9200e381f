"""Rows of a table, by their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from minigrad.graph import apply
from minigrad.kernels import embedding as kernels

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


def embedding(table: Tensor, index: Tensor, padding_idx: int | None = None, by_frequency: bool = False) -> Tensor:
    """table[index], of shape (*, D), for a table (V, D) and numbers (*) known to be from 0 to V - 1.

    Row `padding_idx` receives no gradient; with `by_frequency` that of each row is divided by how often it was chosen.
    """
    size = table.array.shape[0]
    return apply(kernels.rows, (table, index), (lambda g: add_rows(g, index, size, padding_idx, by_frequency), None))


def add_rows(
    gradient: Tensor, index: Tensor, size: int, padding_idx: int | None = None, by_frequency: bool = False
) -> Tensor:
    """Each row of the gradient, (*, D), added at its number: (V, D)."""

    def back(g: Tensor) -> Tensor:
        chosen = embedding(g, index)
        if by_frequency:
            counts = np.bincount(index.array.reshape(-1), minlength=size)
            chosen = chosen / index._wrap(counts[index.array].astype(g.array.dtype)).unsqueeze(-1)
        return chosen if padding_idx is None else chosen.masked_fill((index == padding_idx).unsqueeze(-1), 0)

    back.__qualname__ = "add_rows.<locals>.<lambda>"
    return apply(
        kernels.add_rows,
        (gradient, index),
        (back, None),
        size=size,
        padding_idx=padding_idx,
        by_frequency=by_frequency,
    )
