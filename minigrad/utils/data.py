"""Datasets, and the loader that makes batches of them. The orders in which it visits them are in `sampler`."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, Generic, TypeVar

import numpy as np

from minigrad.errors import ShapeError
from minigrad.random import Generator, default_generator
from minigrad.tensor import Tensor
from minigrad.utils.collate import default_collate, default_convert
from minigrad.utils.sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler

__all__ = [
    "BatchSampler", "DataLoader", "Dataset", "RandomSampler", "Sampler", "SequentialSampler", "SizeMismatchError", "Subset",
    "TensorDataset", "default_collate", "default_convert", "random_split",
]  # fmt: skip

T_co = TypeVar("T_co", covariant=True)

AHEAD = 1 << 19  # bytes that a loader gathers at once from a dataset in memory: they stay in the processor's cache


class SizeMismatchError(ShapeError, AssertionError):
    """The tensors of a dataset have different numbers of rows. (PyTorch raises AssertionError.)"""


# ── datasets ─────────────────────────────────────────────────────────────────────────────────────────────────────────


class Dataset(Generic[T_co]):
    """A collection of samples: subclasses define `__getitem__(index)` and, for most uses, `__len__()`.

    A subclass may define `__getitems__(indices)`, which gives a list of samples; a loader then asks for a batch at once.
    """

    def __getitem__(self, index: Any) -> T_co:
        """The sample at an index. Every dataset defines its own."""
        raise NotImplementedError(
            f"{type(self).__name__} has no __getitem__: define `def __getitem__(self, index): ...`"
        )


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Tensors side by side: sample i is the tuple of their i-th rows.

    Raises SizeMismatchError if they have different numbers of rows, ShapeError for a tensor of no dimensions, TypeError
    for what is not a tensor, ValueError without any.

    >>> from minigrad import arange
    >>> TensorDataset(arange(3), arange(3) * 10)[1]
    (tensor(1), tensor(10))
    """

    def __init__(self, *tensors: Tensor) -> None:
        if not tensors:
            raise ValueError("TensorDataset of no tensors: give at least one")
        for given in tensors:
            if not isinstance(given, Tensor):
                raise TypeError(
                    f"TensorDataset takes tensors, not a {type(given).__name__}: use minigrad.from_numpy or minigrad.tensor"
                )
            if given.array.ndim == 0:
                raise ShapeError(
                    "TensorDataset of a tensor of no dimensions: it has no rows, give it some with unsqueeze(0)"
                )
        sizes = [len(given.array) for given in tensors]
        if len(set(sizes)) > 1:
            raise SizeMismatchError(
                f"Size mismatch between tensors: TensorDataset of {sizes} rows: all must have the same number"
            )
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(t[index] for t in self.tensors)

    def __len__(self) -> int:
        return len(self.tensors[0].array)

    def _columns(self) -> Sequence[Tensor]:
        """The tensors whose i-th rows make sample i, for a loader that takes many at once."""
        return self.tensors


class Subset(Dataset[T_co]):
    """The samples of a dataset at the given indices, in their order.

    >>> list(Subset("abcdef", [4, 0]))
    ['e', 'a']
    """

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset, self.indices = dataset, indices

    def __getitem__(self, index: Any) -> T_co:
        if isinstance(index, list):
            return self.dataset[[self.indices[i] for i in index]]  # type: ignore[no-any-return]
        return self.dataset[self.indices[index]]  # type: ignore[no-any-return]

    def __len__(self) -> int:
        return len(self.indices)


def random_split(
    dataset: Any, lengths: Sequence[int | float], generator: Generator | None = default_generator
) -> list[Subset[Any]]:
    """Subsets of these lengths that share no sample and leave none out, drawn at random.

    `lengths` may also be fractions that add up to 1: they are rounded down, and what is left goes to the first ones, one
    sample each. A warning tells of a fraction that became 0.

    Raises ValueError for lengths that do not add up to the dataset's, and for negative ones.

    >>> from minigrad import manual_seed
    >>> _ = manual_seed(0)
    >>> [list(part) for part in random_split("abcdefghij", [0.7, 0.3])]
    [['e', 'b', 'h', 'f', 'd', 'j', 'a'], ['i', 'g', 'c']]
    """
    n = len(dataset)
    if any(length < 0 for length in lengths):
        raise ValueError(f"random_split into {list(lengths)}: a length cannot be negative")
    if math.isclose(sum(lengths), 1):
        sizes = [math.floor(n * fraction) for fraction in lengths]
        for i in range(n - sum(sizes)):
            sizes[i % len(sizes)] += 1
        for i, size in enumerate(sizes):
            if size == 0:
                warnings.warn(
                    f"Length of split at index {i} is 0. This might result in an empty dataset.", stacklevel=2
                )
        lengths = sizes
    if sum(lengths) != n or any(length != int(length) for length in lengths):
        raise ValueError(
            f"Sum of input lengths does not equal the length of the input dataset: random_split of {n} samples into "
            f"{list(lengths)}: use whole numbers that add up to {n}, or fractions that add up to 1"
        )
    order = iter((generator or default_generator).permutation(n).tolist())
    return [Subset(dataset, list(islice(order, int(length)))) for length in lengths]


# ── the loader ───────────────────────────────────────────────────────────────────────────────────────────────────────


class DataLoader:
    """Batches of a dataset: each pass over the loader is one pass over the data, reshuffled if `shuffle`.

    Args:
        dataset: anything with `__getitem__` and `__len__`.
        batch_size: samples per batch; None for single samples, not batched.
        shuffle: visit the samples in another random order each time.
        sampler: the order as an iterable of indices, instead of `shuffle`.
        batch_sampler: an iterable of lists of indices, instead of all the above and `drop_last`.
        collate_fn: makes a batch of a list of samples; `default_collate` unless given.
        drop_last: leave out the last batch if it is shorter.
        generator: where random orders come from, instead of the default generator.

    Everything runs in this process: num_workers, pin_memory, timeout, worker_init_fn, multiprocessing_context,
    prefetch_factor, persistent_workers, pin_memory_device and in_order are accepted, and have no effect.

    From tensors in memory (a TensorDataset, MNIST without transforms, Subsets of these) in plain or shuffled order, rows
    are copied for several batches at a time. Writing to the tensors during a pass still shows in the next batch, but a
    write that goes past them, through NumPy or `.data`, may show some batches later.

    Raises ValueError for options that exclude each other or are out of range.

    >>> from minigrad import arange
    >>> for x, y in DataLoader(TensorDataset(arange(5), arange(5) * 10), batch_size=2):
    ...     print(x.tolist(), y.tolist())
    [0, 1] [0, 10]
    [2, 3] [20, 30]
    [4] [40]
    """

    sampler: Iterable[Any]
    batch_sampler: Iterable[Sequence[Any]] | None

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[Sequence[Any]] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], None] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        if num_workers < 0:
            raise ValueError(f"num_workers option should be non-negative, not {num_workers}: use 0")
        if timeout < 0:
            raise ValueError(f"timeout option should be non-negative, not {timeout}: use 0")
        if sampler is not None and shuffle:
            raise ValueError("sampler option is mutually exclusive with shuffle: leave one of them out")
        if batch_sampler is not None:
            if batch_size != 1 or shuffle or sampler is not None or drop_last:
                raise ValueError(
                    "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last: leave "
                    "those out"
                )
            batch_size = None
        elif batch_size is None and drop_last:
            raise ValueError(
                "batch_size=None option disables auto-batching and is mutually exclusive with drop_last: leave one of them "
                "out"
            )
        if sampler is None:
            sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        if batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        if collate_fn is None:
            collate_fn = default_convert if batch_sampler is None else default_collate
        self.dataset, self.batch_size, self.drop_last = dataset, batch_size, drop_last
        self.sampler, self.batch_sampler, self.generator = sampler, batch_sampler, generator
        self.num_workers, self.pin_memory, self.collate_fn = num_workers, pin_memory, collate_fn

    def __setattr__(self, name: str, value: Any) -> None:
        if name in ("dataset", "batch_size", "sampler", "batch_sampler", "drop_last") and name in vars(self):
            raise ValueError(
                f"{name} attribute should not be set after DataLoader is initialized: make another DataLoader"
            )
        super().__setattr__(name, value)

    def __len__(self) -> int:
        return len(self._index_sampler)  # type: ignore[arg-type]

    @property
    def _index_sampler(self) -> Iterable[Any]:
        """What gives an index, or a list of them, per batch."""
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def __iter__(self) -> Iterator[Any]:
        table = None
        if self.collate_fn is default_collate and may_read_ahead(self.batch_sampler):
            table = table_of(self.dataset)
        indices = iter(self._index_sampler)
        # PyTorch draws a seed for its workers here, in every pass, even without workers
        (self.generator or default_generator).raw64(1)
        return self._collate(indices) if table is None else gather(self.batch_sampler, *table)  # type: ignore[arg-type]

    def _collate(self, indices: Iterator[Any]) -> Iterator[Any]:
        """A batch for each element of `indices`, sample by sample."""
        many = getattr(self.dataset, "__getitems__", None)
        for index in indices:
            if self.batch_sampler is None:
                yield self.collate_fn(self.dataset[index])
            else:
                yield self.collate_fn([self.dataset[i] for i in index] if many is None else many(index))


# ── batches from tensors in memory ───────────────────────────────────────────────────────────────────────────────────


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
