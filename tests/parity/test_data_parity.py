"""Datasets, samplers and loaders: the same batches in the same order, from the same seed, with workers and without."""

from __future__ import annotations

import random
import time

import numpy as np
import pytest

import minigrad
import minigrad.utils.data

torch = pytest.importorskip("torch")
pytest.importorskip("torch.utils.data")

LIBRARIES = (minigrad, torch)


def dataset_of(t, n, kind):
    """A dataset of n samples of one library."""
    data = t.utils.data
    if kind == "tensors":
        return data.TensorDataset(t.arange(n), t.arange(n) * 0.5)

    class Own(data.Dataset):
        def __len__(self):
            return n

        def __getitem__(self, i):
            if not -n <= i < n:
                raise IndexError(i)
            return {
                "x": t.arange(3) + i, "i": i, "f": i / 2, "name": f"n{i}", "pair": (i, np.float32(i)), "a": np.full(2, i)
            }[kind] if kind in ("x", "i", "f", "name", "pair", "a") else {"x": t.ones(2) * i, "list": [i, "a"]}  # fmt: skip

    return Own()


def plain(x):
    """Nested results without tensors."""
    if isinstance(x, dict):
        return {key: plain(value) for key, value in x.items()}
    if isinstance(x, tuple | list):
        return [plain(value) for value in x]
    return (str(x.dtype).rpartition(".")[2], x.tolist()) if hasattr(x, "tolist") else x


def compare(make):
    """What both libraries give, a function of the library, and what their generators give afterwards."""
    found = []
    for t in LIBRARIES:
        t.manual_seed(7)
        found.append((plain(make(t)), t.rand(3).tolist()))
    assert found[0] == found[1]
    return found[0]


KINDS = ["tensors", "x", "i", "f", "name", "pair", "a", "dict"]
OPTIONS = [
    {}, {"batch_size": 4}, {"batch_size": 4, "shuffle": True}, {"batch_size": 3, "shuffle": True, "drop_last": True},
    {"batch_size": None}, {"batch_size": None, "shuffle": True}, {"batch_size": 100, "shuffle": True},
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("n", [1, 10])
def test_batches(kind, options, n):
    def make(t):
        loader = t.utils.data.DataLoader(dataset_of(t, n, kind), **options)
        return [list(loader), list(loader), len(loader)]

    compare(make)


SAMPLERS = {
    "random": lambda t, d: d.RandomSampler(range(11)),
    "random, some": lambda t, d: d.RandomSampler(range(11), num_samples=5),
    "random, many": lambda t, d: d.RandomSampler(range(11), num_samples=40),
    "random, with replacement": lambda t, d: d.RandomSampler(range(11), replacement=True, num_samples=45),
    "random, with a generator": lambda t, d: d.RandomSampler(range(11), generator=t.Generator().manual_seed(3)),
    "subset": lambda t, d: d.SubsetRandomSampler([3, 1, 4, 15, 9]),
    "subset with a generator": lambda t, d: d.SubsetRandomSampler(range(9), generator=t.Generator().manual_seed(3)),
    "weighted": lambda t, d: d.WeightedRandomSampler([0.1, 0.9, 0.4, 0.7, 3.0, 0.6], 12),
    "weighted, none twice": lambda t, d: d.WeightedRandomSampler([0.9, 0.4, 0.05, 0.2, 0.3, 0.1], 5, replacement=False),
    "weighted by a tensor": lambda t, d: d.WeightedRandomSampler(t.ones(7), 9),
    "batches": lambda t, d: d.BatchSampler(d.SubsetRandomSampler(range(10)), 3, False),
    "sequential": lambda t, d: d.SequentialSampler("abc"),
}  # fmt: skip


@pytest.mark.parametrize("name", SAMPLERS)
def test_samplers(name):
    def make(t):
        sampler = SAMPLERS[name](t, t.utils.data)
        return [list(sampler), list(sampler), len(sampler)]

    compare(make)


DATASETS = {
    "concatenated": lambda t, d: d.ConcatDataset([range(3), [10, 11], "ab"]),
    "added": lambda t, d: d.TensorDataset(t.arange(3)) + d.TensorDataset(t.arange(4)),
    "stacked": lambda t, d: d.StackDataset([1, 2, 3], "abc"),
    "stacked by name": lambda t, d: d.StackDataset(a=[1, 2, 3], b="abc"),
    "a subset of a subset": lambda t, d: d.Subset(d.Subset(list(range(20)), range(3, 15)), [0, -1, 4]),
    "split": lambda t, d: d.random_split(range(13), [8, 5])[1],
    "split by fractions": lambda t, d: d.random_split(range(13), [0.5, 0.3, 0.2], t.Generator().manual_seed(1))[0],
}


@pytest.mark.parametrize("name", DATASETS)
def test_datasets(name):
    def make(t):
        dataset = DATASETS[name](t, t.utils.data)
        n = len(dataset)
        return [[dataset[i] for i in range(n)], dataset[-1] if not name.startswith("split") else 0, n,
                list(t.utils.data.DataLoader(dataset, 2, shuffle=True))]  # fmt: skip

    compare(make)


def stream_of(t, n, known=True):
    class Stream(t.utils.data.IterableDataset):
        def __iter__(self):
            info = t.utils.data.get_worker_info()
            first, step = (0, 1) if info is None else (info.id, info.num_workers)
            return iter(range(first, n, step))

    if known:
        Stream.__len__ = lambda self: n
    return Stream()


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize(
    "options", [{}, {"batch_size": 4}, {"batch_size": 4, "drop_last": True}, {"batch_size": None}], ids=str
)
def test_streams(options, workers):
    def make(t):
        loader = t.utils.data.DataLoader(stream_of(t, 11), num_workers=workers, **options)
        return [list(loader), list(loader), len(loader)]

    compare(make)


def test_streams_in_a_row():
    compare(lambda t: list(stream_of(t, 3) + stream_of(t, 2)) + [len(stream_of(t, 3) + stream_of(t, 2))])


def noisy(t):
    class Noisy(t.utils.data.Dataset):
        def __len__(self):
            return 9

        def __getitem__(self, i):
            return i, t.rand(2), random.random(), np.random.rand(), t.utils.data.get_worker_info().seed

    return Noisy()


@pytest.mark.parametrize("persistent", [False, True])
def test_random_numbers_in_workers(persistent):
    def make(t):
        options = {"num_workers": 2, "persistent_workers": persistent}
        loader = t.utils.data.DataLoader(noisy(t), 2, shuffle=True, **options)
        return [list(loader), list(loader)]

    compare(make)


REFUSED = {
    "no samples": lambda t, d: d.DataLoader(range(0), shuffle=True),
    "a shuffled stream": lambda t, d: d.DataLoader(stream_of(t, 3), shuffle=True),
    "a sampler for a stream": lambda t, d: d.DataLoader(stream_of(t, 3), sampler=[1]),
    "a batch sampler for a stream": lambda t, d: d.DataLoader(stream_of(t, 3), batch_sampler=[[1]]),
    "the length of a stream": lambda t, d: len(d.DataLoader(stream_of(t, 3, False))),
    "joining nothing": lambda t, d: d.ConcatDataset([]),
    "joining streams": lambda t, d: d.ConcatDataset([stream_of(t, 3)]),
    "chaining datasets": lambda t, d: list(d.ChainDataset([range(3)])),
    "stacking nothing": lambda t, d: d.StackDataset(),
    "stacking both ways": lambda t, d: d.StackDataset([1], a=[2]),
    "stacking other lengths": lambda t, d: d.StackDataset([1], [2, 3]),
    "weights of two dimensions": lambda t, d: d.WeightedRandomSampler(t.ones(2, 2), 3),
    "no weighted samples": lambda t, d: d.WeightedRandomSampler([1.0], 0),
    "an odd replacement": lambda t, d: d.WeightedRandomSampler([1.0], 2, replacement=3),
    "prefetching without workers": lambda t, d: d.DataLoader([1], prefetch_factor=2),
    "persistence without workers": lambda t, d: d.DataLoader([1], persistent_workers=True),
    "a context without workers": lambda t, d: d.DataLoader([1], multiprocessing_context="fork"),
    "a concatenation's end": lambda t, d: d.ConcatDataset([[1]])[1],
    "before its start": lambda t, d: d.ConcatDataset([[1]])[-2],
    "an error in a worker": lambda t, d: list(d.DataLoader(broken(t), num_workers=1)),
    "a worker that ends": lambda t, d: list(d.DataLoader(broken(t, SystemExit(3)), num_workers=1)),
    "a worker that is late": lambda t, d: list(d.DataLoader(broken(t, None), num_workers=1, timeout=0.2)),
}  # fmt: skip


NO = ValueError("no")


def broken(t, error=NO):
    class Broken(t.utils.data.Dataset):
        def __len__(self):
            return 3

        def __getitem__(self, i):
            if error is None:
                time.sleep(3)
            raise error

    return Broken()


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.filterwarnings("ignore")
def test_both_refuse(name):
    kinds = []
    for t in LIBRARIES:
        with pytest.raises((RuntimeError, TypeError, ValueError, IndexError, AssertionError)) as caught:
            REFUSED[name](t, t.utils.data)
        kinds.append(caught.type)
    assert issubclass(kinds[0], kinds[1]), kinds


def test_an_error_in_a_worker_says_the_same():
    texts = []
    for t in LIBRARIES:
        with pytest.raises(ValueError, match="Caught ValueError in DataLoader worker process 0") as caught:
            list(t.utils.data.DataLoader(broken(t), num_workers=1))
        texts.append(str(caught.value).splitlines())
    assert texts[0][0] == texts[1][0]
    assert texts[0][-1] == texts[1][-1] == "ValueError: no"
