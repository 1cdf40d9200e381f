"""The loader, which makes batches of the samples of a dataset. The orders in which it visits them are in `sampler`."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any

from minigrad.random import Generator, default_generator
from minigrad.utils.data.collate import default_collate, default_convert
from minigrad.utils.data.dataset import IterableDataset
from minigrad.utils.data.sampler import BatchSampler, RandomSampler, SequentialSampler
from minigrad.utils.data.tables import gather, may_read_ahead, table_of
from minigrad.utils.data.workers import ExhaustedError, Fetcher, Team, get_worker_info

__all__ = ["DataLoader", "default_collate", "default_convert", "get_worker_info"]


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
        num_workers: how many processes make batches ahead of need; 0 for none. They help where a sample takes long to make:
            worth it from some 0.1 ms per sample on. On Linux they are forked, and may use whatever the program has defined.
        worker_init_fn: called in each worker, with its number, before anything else.
        prefetch_factor: batches that each worker makes ahead (2).
        persistent_workers: keep the workers from pass to pass.
        timeout: seconds to wait for a batch of a worker; 0 for as long as it takes.
        multiprocessing_context: how workers are started: "fork", "spawn", "forkserver" or a context of multiprocessing.

    An error in a worker is raised here, with the whole traceback. Leaving a pass early, or by an error, ends the workers.
    Each is seeded from the loader's generator, so the same seed gives the same batches; `get_worker_info()` tells it which
    it is.
    pin_memory, pin_memory_device and in_order are accepted, and have no effect.


    From tensors in memory (a TensorDataset, MNIST without transforms, Subsets of these) in plain or shuffled order, rows
    are copied for several batches at a time. Writing to the tensors during a pass still shows in the next batch, but a
    write that goes past them, through NumPy or `.data`, may show some batches later.

    Raises ValueError for options that exclude each other or are out of range.

    >>> from minigrad import arange
    >>> from minigrad.utils.data import TensorDataset
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
        if num_workers == 0 and prefetch_factor is not None:
            raise ValueError("prefetch_factor option goes with num_workers > 0: leave it out")
        if num_workers == 0 and persistent_workers:
            raise ValueError("persistent_workers option needs num_workers > 0: leave it out")
        if num_workers == 0 and multiprocessing_context is not None:
            raise ValueError("multiprocessing_context can only be used with num_workers > 0: leave it out")
        if prefetch_factor is not None and prefetch_factor < 1:
            raise ValueError(f"prefetch_factor option should be positive, not {prefetch_factor}: use 2")
        if isinstance(dataset, IterableDataset):
            for name, given in (("shuffle", shuffle), ("sampler", sampler), ("batch_sampler", batch_sampler)):
                if given not in (None, False):
                    raise ValueError(
                        f"DataLoader with IterableDataset: expected unspecified {name} option: it gives its samples in its "
                        "own order, leave that out"
                    )
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
        if isinstance(dataset, IterableDataset):
            sampler = repeat(None)
        elif sampler is None:
            sampler = RandomSampler(dataset, generator=generator) if shuffle else SequentialSampler(dataset)
        if batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        if collate_fn is None:
            collate_fn = default_convert if batch_sampler is None else default_collate
        self.dataset, self.batch_size, self.drop_last = dataset, batch_size, drop_last
        self.sampler, self.batch_sampler, self.generator = sampler, batch_sampler, generator
        self.num_workers, self.pin_memory, self.collate_fn = num_workers, pin_memory, collate_fn
        self.timeout, self.worker_init_fn, self.multiprocessing_context = (
            timeout,
            worker_init_fn,
            multiprocessing_context,
        )
        self.prefetch_factor = 2 if num_workers and prefetch_factor is None else prefetch_factor
        self.persistent_workers, self.pin_memory_device, self.in_order = persistent_workers, pin_memory_device, in_order
        self._team: Team | None = None

    def __setattr__(self, name: str, value: Any) -> None:
        fixed = ("dataset", "batch_size", "sampler", "batch_sampler", "drop_last", "persistent_workers")
        if name in fixed and name in vars(self):
            raise ValueError(
                f"{name} attribute should not be set after DataLoader is initialized: make another DataLoader"
            )
        super().__setattr__(name, value)

    def __len__(self) -> int:
        """The number of batches. TypeError for an iterable dataset that does not know how many samples it has."""
        if not isinstance(self.dataset, IterableDataset):
            return len(self._index_sampler)  # type: ignore[arg-type]
        n = len(self.dataset)  # type: ignore[arg-type]
        if self.batch_size is None:
            return n
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)

    @property
    def _index_sampler(self) -> Iterable[Any]:
        """What gives an index, or a list of them, per batch."""
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def __iter__(self) -> Iterator[Any]:
        table = None
        if self.collate_fn is default_collate and self.worker_init_fn is None and may_read_ahead(self.batch_sampler):
            table = table_of(self.dataset)  # which no worker could make batches of as fast
        indices = iter(self._index_sampler)
        if self._team is not None:
            self._team.again()
            return self._team.batches(indices, self.prefetch_factor or 2)
        # PyTorch draws a seed for its workers here, in every pass, even without workers
        base = int((self.generator or default_generator).raw64(1)[0]) % (1 << 63)
        if table is not None:
            return gather(self.batch_sampler, *table)  # type: ignore[arg-type]
        making = (self.dataset, self.collate_fn, self.batch_sampler is not None, self.drop_last)
        if not self.num_workers:
            return alone(Fetcher(*making), indices)
        team = Team(self.num_workers, making, self.worker_init_fn, base, self.multiprocessing_context, self.timeout)
        if not self.persistent_workers:
            return together(team, indices, self.prefetch_factor or 2)
        self._team = team
        weakref.finalize(self, team.stop)
        return team.batches(indices, self.prefetch_factor or 2)


def alone(fetch: Fetcher, indices: Iterator[Any]) -> Iterator[Any]:
    """The batches, made in this process."""
    for index in indices:
        try:
            batch = fetch(index)
        except ExhaustedError:
            return
        yield batch


def together(team: Team, indices: Iterator[Any], ahead: int) -> Iterator[Any]:
    """The batches, made by workers that are ended with the pass."""
    try:
        yield from team.batches(indices, ahead)
    finally:
        team.stop()
