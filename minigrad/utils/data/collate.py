"""From samples to a batch."""

from __future__ import annotations

import copy
from collections.abc import Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from minigrad.creation import as_tensor, from_numpy, tensor
from minigrad.dtypes import float64
from minigrad.ops.shape import stack
from minigrad.tensor import Tensor


def default_collate(batch: Sequence[Any]) -> Any:
    """Samples, all built alike, as one batch: tensors and arrays stacked, numbers in a tensor, texts in a list.

    Inside tuples, lists and dicts this happens place by place; a tuple becomes a list, as in PyTorch. Python floats
    become float64.

    Raises TypeError for samples of other types, RuntimeError for lists of different lengths, ShapeError for tensors of
    different shapes.

    >>> default_collate([(1, "one"), (2, "two")])
    [tensor([1, 2]), ('one', 'two')]
    """
    first = batch[0]
    if isinstance(first, Tensor):
        return stack(batch).contiguous()  # whatever the layout of the samples
    if isinstance(first, str | bytes):
        return batch
    if isinstance(first, np.ndarray | np.generic) and first.dtype.kind in "biuf":
        return default_collate([from_numpy(np.asarray(sample)) for sample in batch])
    if isinstance(first, float):
        return tensor(batch, dtype=float64)
    if isinstance(first, int):
        return tensor(batch)
    if isinstance(first, Mapping):
        return _like(first, {key: default_collate([sample[key] for sample in batch]) for key in first})
    if isinstance(first, Sequence):
        if len({len(sample) for sample in batch}) > 1:
            raise RuntimeError(
                "each element in list of batch should be of equal size: pad the samples, or give the loader a collate_fn "
                "that does"
            )
        return _like(first, [default_collate(samples) for samples in zip(*batch)])
    raise TypeError(
        "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found "
        f"{getattr(first, 'dtype', type(first))}: give the loader a collate_fn that knows what to do with it"
    )


def default_convert(data: Any) -> Any:
    """One sample with its arrays as tensors: what a loader with `batch_size=None` gives.

    >>> default_convert({"x": np.zeros(2, np.float32), "name": "zeros"})
    {'x': tensor([0., 0.]), 'name': 'zeros'}
    """
    if isinstance(data, np.ndarray | np.generic) and data.dtype.kind in "biuf":
        return as_tensor(data)
    if isinstance(data, Mapping):
        return _like(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return _like(data, [default_convert(value) for value in data])
    return data


def _like(model: Any, content: Any) -> Any:
    """The content, a list or dict, in a container like the model; tuples, and what cannot be made so, stay as they are."""
    if isinstance(model, tuple):
        return type(model)(*content) if hasattr(model, "_fields") else content
    try:
        if not isinstance(model, MutableMapping | MutableSequence):
            return type(model)(content)
        made: Any = copy.copy(model)
        if isinstance(made, MutableMapping):
            made.update(content)
        else:
            made[:] = content
        return made
    except TypeError:
        return content
