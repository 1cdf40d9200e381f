"""Datasets: samples by index, or one after the other."""

from __future__ import annotations

import math
import warnings
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice
from typing import Any, Generic, TypeVar

from minigrad.errors import ShapeError
from minigrad.random import Generator, default_generator
from minigrad.tensor import Tensor

__all__ = [
    "ChainDataset", "ConcatDataset", "Dataset", "IterableDataset", "SizeMismatchError", "StackDataset", "Subset",
    "TensorDataset", "random_split",
]  # fmt: skip

T_co = TypeVar("T_co", covariant=True)


class SizeMismatchError(ShapeError, AssertionError):
    """The parts of a dataset have different numbers of samples. (PyTorch raises AssertionError, or ValueError.)"""


class Dataset(Generic[T_co]):
    """A collection of samples: subclasses define `__getitem__(index)` and, for most uses, `__len__()`.

    A subclass may define `__getitems__(indices)`, which gives a list of samples; a loader then asks for a batch at once.
    """

    def __getitem__(self, index: Any) -> T_co:
        """The sample at an index. Every dataset defines its own."""
        raise NotImplementedError(
            f"{type(self).__name__} has no __getitem__: define `def __getitem__(self, index): ...`"
        )

    def __add__(self, other: Dataset[Any]) -> ConcatDataset:
        """The samples of this dataset, then those of another."""
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T_co]):
    """Samples one after the other: subclasses define `__iter__()`. For streams, and where there is no index to ask for.

    With workers in a DataLoader, each has a copy, and gives all of it: let `__iter__` ask `get_worker_info()` for its part.

    >>> class Squares(IterableDataset):
    ...     def __iter__(self):
    ...         return (n * n for n in range(4))
    >>> from minigrad.utils.data import DataLoader
    >>> [batch.tolist() for batch in DataLoader(Squares(), batch_size=3)]
    [[0, 1, 4], [9]]
    """

    def __iter__(self) -> Iterator[T_co]:
        """The samples. Every iterable dataset defines its own."""
        raise NotImplementedError(f"{type(self).__name__} has no __iter__: define `def __iter__(self): ...`")

    def __getitem__(self, index: Any) -> T_co:
        raise NotImplementedError(
            f"{type(self).__name__} is an IterableDataset: it has no samples by index, iterate over it"
        )

    def __add__(self, other: Dataset[Any]) -> Any:
        """The samples of this dataset, then those of another."""
        return ChainDataset([self, other])


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

    def __getitems__(self, indices: list[Any]) -> list[T_co]:
        """The samples at several indices, asked for at once if the dataset can."""
        many = getattr(self.dataset, "__getitems__", None)
        if many is not None:
            return many([self.indices[i] for i in indices])  # type: ignore[no-any-return]
        return [self.dataset[self.indices[i]] for i in indices]

    def __len__(self) -> int:
        return len(self.indices)


class ConcatDataset(Dataset[Any]):
    """Datasets one after the other, as one.

    ValueError without any, TypeError for an IterableDataset.

    >>> joined = ConcatDataset(["abc", "de"])
    >>> len(joined), joined[3], joined[-1]
    (5, 'd', 'e')
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise EmptyError("datasets should not be an empty iterable: ConcatDataset needs at least one dataset")
        if any(isinstance(dataset, IterableDataset) for dataset in self.datasets):
            raise IndexlessError(
                "ConcatDataset does not support IterableDataset, which has no samples by index: use ChainDataset, or +"
            )
        self.cumulative_sizes = list(accumulate(len(dataset) for dataset in self.datasets))

    @staticmethod
    def cumsum(sequence: Sequence[Any]) -> list[int]:
        """The sizes of the datasets, added up."""
        return list(accumulate(len(part) for part in sequence))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: Any) -> Any:
        n = len(self)
        if index < -n:
            raise ValueError(
                f"index {index} is out of range for {n} samples: absolute value of index should not exceed the length"
            )
        at = index + n if index < 0 else index
        which = bisect_right(self.cumulative_sizes, at)
        if which == len(self.datasets):
            raise IndexError(f"index {index} is out of range for {n} samples: use -{n} to {n - 1}")
        return self.datasets[which][at - (self.cumulative_sizes[which - 1] if which else 0)]


class ChainDataset(IterableDataset[Any]):
    """Iterable datasets one after the other. TypeError, at their turn, for others.

    >>> class Letters(IterableDataset):
    ...     def __iter__(self):
    ...         return iter("ab")
    >>> list(Letters() + Letters())
    ['a', 'b', 'a', 'b']
    """

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = datasets

    def __iter__(self) -> Iterator[Any]:
        for dataset in self.datasets:
            self._check(dataset)
            yield from dataset

    def __len__(self) -> int:
        total = 0
        for dataset in self.datasets:
            self._check(dataset)
            total += len(dataset)
        return total

    @staticmethod
    def _check(dataset: Any) -> None:
        if not isinstance(dataset, IterableDataset):
            raise IndexlessError(
                f"ChainDataset only supports IterableDataset, not {type(dataset).__name__}: use ConcatDataset"
            )


class StackDataset(Dataset[Any]):
    """Datasets side by side: sample i is the tuple, or the dict, of their i-th samples.

    ValueError for datasets of different lengths, or none, or positional and named ones at once.

    >>> StackDataset("abc", [1, 2, 3])[1], StackDataset(letter="abc", number=[1, 2, 3])[1]
    (('b', 2), {'letter': 'b', 'number': 2})
    """

    datasets: tuple[Any, ...] | dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if args and kwargs:
            raise ValueError(
                "StackDataset: supported either tuple-like or dict-like datasets: give all by position or by name"
            )
        if not args and not kwargs:
            raise ValueError("At least one dataset should be passed: StackDataset got none")
        self.datasets = args or kwargs
        sizes = [len(part) for part in self._parts()]
        if len(set(sizes)) > 1:
            raise SizeMismatchError(
                f"Size mismatch between datasets: StackDataset of lengths {sizes}: all must be the same"
            )

    def _parts(self) -> list[Any]:
        return list(self.datasets.values() if isinstance(self.datasets, dict) else self.datasets)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(self.datasets, dict):
            return {name: part[index] for name, part in self.datasets.items()}
        return tuple(part[index] for part in self.datasets)

    def __len__(self) -> int:
        return len(self._parts()[0])


class EmptyError(ValueError, AssertionError):
    """There is nothing to join. (PyTorch raises AssertionError.)"""


class IndexlessError(TypeError, AssertionError):
    """A dataset of the wrong kind was joined. (PyTorch raises AssertionError.)"""


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
