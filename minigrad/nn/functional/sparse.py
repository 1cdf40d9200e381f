"""Classes as rows of a table: one-hot rows, and embeddings."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.clock import wrote
from minigrad.creation import arange
from minigrad.errors import ShapeError
from minigrad.ops.embedding import add_rows
from minigrad.ops.embedding import embedding as _rows
from minigrad.tensor import Tensor, wrap


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """Each class index as a row of zeros with a one at its place, int64: (...) to (..., num_classes).

    >>> from minigrad import nn, tensor
    >>> nn.functional.one_hot(tensor([0, 2]), 3)
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    if tensor.array.dtype.kind not in "iu":
        raise TypeError(f"one_hot: class indices of type {tensor.dtype}: convert them with .long()")
    if not tensor.array.size and num_classes == -1:
        raise ValueError(f"one_hot of a tensor of shape {tuple(tensor.shape)}: it names no class, so pass num_classes")
    low, high = (int(tensor.array.min()), int(tensor.array.max())) if tensor.array.size else (0, num_classes - 1)
    n = high + 1 if num_classes == -1 else num_classes
    if low < 0 or high >= n:
        raise ValueError(f"one_hot: class {low if low < 0 else high} of {n}: indices must be from 0 to num_classes - 1")
    return (tensor.unsqueeze(-1) == arange(n)).long()


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of `weight`, (V, D), that integers of any shape (*) name: (*, D).

    Row `padding_idx` receives no gradient. Rows looked up whose norm, of order `norm_type`, is above `max_norm` are scaled
    down to it in place first. `scale_grad_by_freq` divides the gradient of a row by how often it was named. `sparse` is
    accepted, and the gradient is dense.
    IndexError for an integer that names no row, TypeError for what is not integers.

    >>> from minigrad import nn, tensor
    >>> nn.functional.embedding(tensor([1, 0]), tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor([[3., 4.],
            [1., 2.]])
    """
    table = _table("embedding", input, weight)
    rows = table.array.shape[0]
    index = _numbers("embedding", input, rows)
    padding_idx = _padding("embedding", padding_idx, rows)
    if max_norm is not None:
        renormalise(weight, index.array, max_norm, norm_type)
    return _rows(table, index, padding_idx, scale_grad_by_freq)


def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """The sum, mean or max of the rows of `weight` that each bag of numbers names: (B, D).

    Bags are the rows of `input` (B, n), or pieces of one line of numbers, which start at `offsets` (B). A bag of none gives
    zeros; `padding_idx` does not count. `per_sample_weights` scales each row, for mode "sum" only.
    """
    if mode not in ("sum", "mean", "max"):
        raise ValueError(f"embedding_bag: mode={mode!r}: use 'sum', 'mean' or 'max'")
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(f"embedding_bag: per_sample_weights with mode={mode!r}: use mode='sum'")
    if input.array.ndim == 2:
        if offsets is not None:
            raise ValueError("embedding_bag: offsets with an input of two dimensions: its rows are the bags already")
        bags, length = input.array.shape
        starts = np.arange(bags + 1) * length
        input = input.reshape(-1)
        if per_sample_weights is not None:
            per_sample_weights = per_sample_weights.reshape(-1)
    elif input.array.ndim == 1:
        if offsets is None or offsets.array.ndim != 1:
            raise ValueError(
                "embedding_bag: an input of one dimension needs offsets, of one dimension: where each bag starts"
            )
        starts = offsets.array.astype(np.intp)
        if not include_last_offset:
            starts = np.append(starts, input.array.size)
        if starts.size and (starts[0] != 0 or (np.diff(starts) < 0).any() or starts[-1] > input.array.size):
            raise ValueError(
                f"embedding_bag: offsets must start at 0, rise, and stay within the {input.array.size} numbers"
            )
    else:
        raise ShapeError(f"embedding_bag: an input of shape {tuple(input.shape)}: it must have one or two dimensions")
    rows = embedding(input, weight, padding_idx, max_norm, norm_type, scale_grad_by_freq)
    kept = np.ones(input.array.shape, bool)
    if padding_idx is not None:
        kept = input.array != _padding("embedding_bag", padding_idx, weight.array.shape[0])
    bag = np.repeat(np.arange(starts.size - 1), np.diff(starts))
    return _bagged(rows[: starts[-1]], bag, kept[: starts[-1]], starts.size - 1, mode, per_sample_weights)


def _bagged(rows: Tensor, bag: Any, kept: Any, bags: int, mode: str, factors: Tensor | None) -> Tensor:
    """Rows, (n, D), joined by the number of their bag."""
    at = np.flatnonzero(kept)
    rows, bag = rows[wrap(at)], bag[at]
    if factors is not None:
        rows = rows * factors[wrap(at)].unsqueeze(-1)
    counts = np.bincount(bag, minlength=bags)
    if mode == "max":  # a column of places per bag, the bag's own first row where there are fewer
        longest = int(counts.max()) if counts.size else 0
        first = np.cumsum(counts) - counts
        steps = np.minimum(np.arange(longest), np.maximum(counts - 1, 0)[:, None])
        empty = counts == 0
        if not longest:
            return rows.new_zeros((bags, rows.array.shape[1]))
        places = np.where(empty[:, None], 0, first[:, None] + steps)
        largest: Tensor = rows[wrap(places)].max(1).values
        return largest.masked_fill(wrap(empty[:, None]), 0)
    index = wrap(np.ascontiguousarray(bag))
    total = add_rows(rows, index, bags)
    if mode == "mean":
        total = total / wrap(np.maximum(counts, 1).astype(rows.array.dtype)).unsqueeze(-1)
    return total


def renormalise(weight: Tensor, index: Any, max_norm: float, norm_type: float) -> None:
    """Scale the named rows whose norm is above `max_norm` down to it, in place."""
    numbers = np.unique(index)
    rows = weight.array[numbers]
    norms = np.linalg.norm(rows, norm_type, axis=1, keepdims=True)
    if (norms > max_norm).any():
        weight.array[numbers] = np.where(norms > max_norm, rows * (max_norm / (norms + 1e-7)), rows)
        wrote(weight)


def _table(name: str, input: Tensor, weight: Tensor) -> Tensor:
    if weight.array.ndim != 2:
        raise ShapeError(f"{name}: a weight of shape {tuple(weight.shape)}: it must have two dimensions, (V, D)")
    if input.array.dtype.kind not in "iu":
        raise TypeError(f"{name}: indices of type {input.array.dtype}: convert them with .long()")
    return weight


def _numbers(name: str, input: Tensor, rows: int) -> Tensor:
    """The indices as int64; IndexError if one names no row."""
    array = input.array
    if array.size:
        low, high = np.minimum.reduce(array, axis=None), np.maximum.reduce(array, axis=None)
        if low < 0 or high >= rows:
            raise IndexError(
                f"{name}: index out of range in self: {low if low < 0 else high} of {rows} rows: numbers must be from 0 to "
                f"{rows - 1}"
            )
    return input if array.dtype == np.intp else wrap(array.astype(np.intp))


def _padding(name: str, padding_idx: int | None, rows: int) -> int | None:
    """`padding_idx` counted from 0."""
    if padding_idx is None:
        return None
    if not -rows <= padding_idx < rows:
        raise ValueError(f"{name}: padding_idx={padding_idx} must be within the {rows} rows of the weight")
    return padding_idx % rows
