"""Batches from tensors in memory: rows are gathered for several batches at once, which is many times quicker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np

from minigrad.tensor import Tensor
from minigrad.utils.data.dataset import Subset
from minigrad.utils.data.sampler import BatchSampler, RandomSampler, SequentialSampler

AHEAD = 1 << 19  # bytes that a loader gathers at once from a dataset in memory: they stay in the processor's cache


def may_read_ahead(batches: Any) -> bool:
    """True if nobody can notice that indices are taken before they are needed: the sampler draws all it draws at once."""
    if type(batches) is not BatchSampler:
        return False
    order = batches.sampler
    if type(order) is RandomSampler:
        return not order.replacement and order.num_samples <= len(order.data_source)
    return type(order) is SequentialSampler


def table_of(dataset: Any) -> tuple[Sequence[Tensor], np.ndarray[Any, Any] | None] | None:
    """Tensors whose rows are the dataset's samples, and the numbers of these rows (None for all in order), if it has such."""
    if type(dataset) is Subset:
        table = table_of(dataset.dataset)
        try:
            rows = np.asarray(dataset.indices)
        except ValueError:  # nested lists of different lengths
            return None
        if table is None or rows.ndim != 1 or rows.dtype.kind not in "iu":
            return None
        return table[0], rows if table[1] is None else table[1][rows]
    method = vars(type(dataset)).get("_columns")  # not inherited: a subclass may have other samples
    columns = None if method is None else method(dataset)
    if columns is None or any(not isinstance(column, Tensor) or column.requires_grad for column in columns):
        return None
    return columns, None


def gather(
    batches: BatchSampler, columns: Sequence[Tensor], rows: np.ndarray[Any, Any] | None
) -> Iterator[list[Tensor]]:
    """The batches of a table, in tensors that share no memory with it: views of a copy of several batches' rows."""
    size, left = batches.batch_size, len(batches.sampler)  # type: ignore[arg-type]
    order = iter(batches.sampler)
    bytes_per_batch = sum(column.array[:1].nbytes for column in columns) * size
    ahead = max(AHEAD // max(bytes_per_batch, 1), 1) * size
    while left >= size:
        chosen = np.fromiter(islice(order, min(ahead, left // size * size)), np.intp)
        seen: list[int] = []
        for start in range(0, len(chosen), size):
            versions = [column._version[0] for column in columns]
            if seen != versions:  # a new part, or the tensors were written to
                seen = versions
                parts = [take(column.array, chosen if rows is None else rows[chosen]) for column in columns]
            yield [column._wrap(part[start : start + size]) for column, part in zip(columns, parts)]
        left -= len(chosen)
    rest = np.fromiter(order, np.intp)  # not before the last batch is due: a sampler may draw when it ends
    if len(rest) and not batches.drop_last:
        yield [column._wrap(take(column.array, rest if rows is None else rows[rest])) for column in columns]


def take(array: np.ndarray[Any, Any], rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A copy of these rows, in order in memory. NumPy's `take` is quicker than indexing, but copies a strided array whole."""
    return array.take(rows, 0) if array.flags.c_contiguous else np.ascontiguousarray(array[rows])
