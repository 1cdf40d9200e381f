"""Orders in which to visit a dataset.

From the same seed come the same orders as PyTorch's: what is drawn, from which generator and when, is PyTorch's too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Sized
from itertools import islice
from typing import Any, Generic, TypeVar

from minigrad.creation import as_tensor
from minigrad.dtypes import float64
from minigrad.random import Generator, default_generator

__all__ = [
    "BatchSampler", "RandomSampler", "Sampler", "SequentialSampler", "SubsetRandomSampler", "WeightedRandomSampler",
]  # fmt: skip

T_co = TypeVar("T_co", covariant=True)


class Sampler(Generic[T_co]):
    """An order in which to visit a dataset: subclasses define `__iter__`, which gives indices, and `__len__`."""

    def __init__(self, data_source: Any = None) -> None:
        """Nothing is kept of `data_source`: accepted for programs that pass it on."""

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(f"{type(self).__name__} has no __iter__: define `def __iter__(self): ...`")


class SequentialSampler(Sampler[int]):
    """The indices from 0 up."""

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


class RandomSampler(Sampler[int]):
    """The indices in random order, or `num_samples` of them; with `replacement`, each is drawn afresh, on demand.

    Without a generator, each pass takes a seed from the default generator and draws from a new one.

    Raises ValueError if there is nothing to draw, TypeError if `replacement` is not a bool.

    >>> from minigrad import manual_seed
    >>> _ = manual_seed(0)
    >>> list(RandomSampler(range(5)))
    [1, 3, 4, 2, 0]
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        self.data_source, self.replacement = data_source, replacement
        self._num_samples, self.generator = num_samples, generator
        if not isinstance(replacement, bool):
            raise TypeError(
                f"replacement should be a boolean value, but got replacement={replacement}: use True or False"
            )
        if not isinstance(self.num_samples, int) or self.num_samples <= 0:
            raise ValueError(
                f"num_samples should be a positive integer value, but got num_samples={self.num_samples}: give the dataset "
                "samples, or a whole number of them to draw"
            )

    @property
    def num_samples(self) -> int:
        """How many indices a pass gives: as many as the dataset has now, unless a number was given."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        n, wanted = len(self.data_source), self.num_samples
        if n == 0:
            raise ValueError("RandomSampler of an empty dataset: there is nothing to draw, give the dataset samples")
        generator = self.generator or Generator().manual_seed(int(default_generator.raw64(1)[0]))
        if self.replacement:
            for _ in range(wanted // 32):
                yield from generator.below(n, 32).tolist()
            yield from generator.below(n, wanted % 32).tolist()
        else:
            for _ in range(wanted // n):
                yield from generator.permutation(n).tolist()
            if wanted % n:
                yield from generator.permutation(n)[: wanted % n].tolist()
            else:
                generator.raw(n - 1)  # PyTorch shuffles here too, and uses none of it

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """The given indices in random order, drawn anew in each pass.

    >>> from minigrad import manual_seed
    >>> _ = manual_seed(0)
    >>> list(SubsetRandomSampler([10, 20, 30, 40]))
    [10, 20, 40, 30]
    """

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices, self.generator = indices, generator

    def __iter__(self) -> Iterator[int]:
        for i in (self.generator or default_generator).permutation(len(self.indices)).tolist():
            yield self.indices[i]

    def __len__(self) -> int:
        return len(self.indices)


class WeightedRandomSampler(Sampler[int]):
    """`num_samples` indices, drawn in proportion to the weights of all; without `replacement`, none twice.

    ValueError for a number of samples that is no positive int, a `replacement` that is no bool, or weights that are not a
    row of numbers.

    >>> from minigrad import manual_seed
    >>> _ = manual_seed(0)
    >>> list(WeightedRandomSampler([0.1, 0.9, 0.4, 0.7, 3.0, 0.6], 5, replacement=True))
    [5, 4, 4, 5, 4]
    """

    def __init__(
        self, weights: Sequence[float], num_samples: int, replacement: bool = True, generator: Generator | None = None
    ) -> None:
        if not isinstance(num_samples, int) or isinstance(num_samples, bool) or num_samples <= 0:
            raise ValueError(
                f"num_samples should be a positive integer value, but got num_samples={num_samples}: use 1 or more"
            )
        if not isinstance(replacement, bool):
            raise ValueError(
                f"replacement should be a boolean value, but got replacement={replacement}: use True or False"
            )
        self.weights = as_tensor(weights, dtype=float64)
        if self.weights.ndim != 1:
            raise ValueError(
                f"weights should be a 1d sequence but given weights have shape {tuple(self.weights.shape)}"
            )
        self.num_samples, self.replacement, self.generator = num_samples, replacement, generator

    def __iter__(self) -> Iterator[int]:
        drawn = self.weights.multinomial(self.num_samples, self.replacement, generator=self.generator)
        return iter(drawn.tolist())

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """The indices of another sampler in lists of `batch_size`; the last is shorter, or left out if `drop_last`.

    Raises ValueError if `batch_size` is not a positive int or `drop_last` not a bool.

    >>> list(BatchSampler(range(5), batch_size=2, drop_last=False))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Iterable[int], batch_size: int, drop_last: bool) -> None:
        if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size <= 0:
            raise ValueError(
                f"batch_size should be a positive integer value, but got batch_size={batch_size!r}: use 1 or more"
            )
        if not isinstance(drop_last, bool):
            raise ValueError(f"drop_last should be a boolean value, but got drop_last={drop_last}: use True or False")
        self.sampler, self.batch_size, self.drop_last = sampler, batch_size, drop_last

    def __iter__(self) -> Iterator[list[int]]:
        indices = iter(self.sampler)
        while batch := list(islice(indices, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch

    def __len__(self) -> int:
        n = len(self.sampler)  # type: ignore[arg-type]
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)
