"""Datasets made of others, streams, and the samplers by subset and by weight. Expected orders are PyTorch 2.13's."""

import re

import pytest

import minigrad
from minigrad import Generator, arange, manual_seed
from minigrad.utils import data
from minigrad.utils.data import (
    ChainDataset,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    StackDataset,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
)


class Stream(IterableDataset):
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return iter(range(self.n))

    def __len__(self):
        return self.n


class Nothing(IterableDataset):
    pass


def test_one_after_the_other():
    joined = ConcatDataset([range(3), "ab"])
    assert ([joined[i] for i in range(5)], joined[-5], len(joined)) == ([0, 1, 2, "a", "b"], 0, 5)
    assert joined.cumulative_sizes == ConcatDataset.cumsum(joined.datasets) == [3, 5]
    added = TensorDataset(arange(2)) + TensorDataset(arange(3))
    assert [batch[0].tolist() for batch in DataLoader(added, 2)] == [[0, 1], [0, 1], [2]]


def test_side_by_side():
    pairs = StackDataset("abc", [1, 2, 3])
    assert (len(pairs), pairs[2]) == (3, ("c", 3))
    assert StackDataset(letter="abc", number=[1, 2, 3])[0] == {"letter": "a", "number": 1}


def test_streams():
    assert list(Stream(2) + Stream(3)) == [0, 1, 0, 1, 2]
    assert len(Stream(2) + Stream(3)) == 5
    for options, batches in (
        ({"batch_size": 2}, [[0, 1], [2, 3], [4]]),
        ({"batch_size": 2, "drop_last": True}, [[0, 1], [2, 3]]),
        ({"batch_size": None}, [0, 1, 2, 3, 4]),
    ):
        loader = DataLoader(Stream(5), **options)
        assert [batch if isinstance(batch, int) else batch.tolist() for batch in loader] == batches
        assert len(loader) == len(batches)


class Several(Dataset):
    """Gives many samples at once."""

    def __getitems__(self, indices):
        return [-i for i in indices]


def test_a_subset_asks_for_many_samples_at_once_if_it_can():
    assert Subset(Several(), [5, 6, 7]).__getitems__([0, 2]) == [-5, -7]
    assert Subset("abc", [2, 1]).__getitems__([0, 1]) == ["c", "b"]
    assert next(iter(DataLoader(Subset(Several(), [5, 6, 7]), 2))).tolist() == [-5, -6]


def test_samplers_by_subset_and_by_weight():
    manual_seed(0)
    assert list(SubsetRandomSampler([3, 1, 4, 15, 9])) == [9, 3, 1, 15, 4]
    assert len(SubsetRandomSampler([3, 1])) == 2
    own = SubsetRandomSampler(range(6), Generator().manual_seed(3))
    assert list(own) == [4, 0, 3, 2, 1, 5]
    assert list(WeightedRandomSampler([0.1, 0.9, 0.4], 6)) == [1, 2, 1, 2, 1, 1]
    assert list(WeightedRandomSampler(minigrad.ones(4), 4, False, Generator().manual_seed(3))) == [0, 3, 1, 2]
    assert len(WeightedRandomSampler([1.0], 7)) == 7


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ConcatDataset([]), AssertionError, "datasets should not be an empty iterable"),
        (lambda: ConcatDataset([Stream(2)]), TypeError, "ConcatDataset does not support IterableDataset"),
        (lambda: ConcatDataset(["ab"])[2], IndexError, "index 2 is out of range for 2 samples: use -2 to 1"),
        (lambda: ConcatDataset(["ab"])[-3], ValueError, "index -3 is out of range for 2 samples"),
        (lambda: list(ChainDataset(["ab"])), TypeError, "only supports IterableDataset, not str: use ConcatDataset"),
        (lambda: len(ChainDataset(["ab"])), TypeError, "ChainDataset only supports IterableDataset"),
        (lambda: StackDataset(), ValueError, "At least one dataset should be passed"),
        (lambda: StackDataset("a", b="b"), ValueError, "supported either tuple-like or dict-like datasets"),
        (lambda: StackDataset("a", "bc"), ValueError, "Size mismatch between datasets: StackDataset of lengths [1, 2]"),
        (lambda: Stream(2)[0], NotImplementedError, "Stream is an IterableDataset: it has no samples by index"),
        (lambda: iter(Nothing()), NotImplementedError, "Nothing has no __iter__: define `def __iter__(self): ...`"),
        (lambda: WeightedRandomSampler([1.0], 0), ValueError, "num_samples should be a positive integer value"),
        (lambda: WeightedRandomSampler([1.0], 1, 1), ValueError, "replacement should be a boolean value"),
        (lambda: WeightedRandomSampler([[1.0]], 1), ValueError, "weights should be a 1d sequence"),
        (lambda: DataLoader(Stream(2), shuffle=True), ValueError, "expected unspecified shuffle option"),
        (lambda: DataLoader(Stream(2), sampler=[1]), ValueError, "expected unspecified sampler option"),
        (lambda: DataLoader(Stream(2), batch_sampler=[[1]]), ValueError, "expected unspecified batch_sampler option"),
        (lambda: len(DataLoader(Nothing())), TypeError, "has no len()"),
    ],
)  # fmt: skip
def test_what_is_refused(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()


def test_modules_have_the_names_they_have_in_pytorch():
    assert data.dataloader.DataLoader is DataLoader
    assert data.dataloader.default_collate is default_collate
    assert data.sampler.SubsetRandomSampler is SubsetRandomSampler
    assert data.dataset.Dataset is Dataset
    with minigrad.as_torch():
        from torch.utils.data.dataloader import DataLoader as Again
        from torch.utils.data.dataset import random_split
        from torch.utils.data.sampler import BatchSampler
    assert (Again, random_split, BatchSampler) == (DataLoader, data.random_split, data.BatchSampler)
