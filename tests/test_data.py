"""Datasets, samplers, and the loader. Expected orders and batches are PyTorch 2.13's."""

import re
from collections import UserDict, namedtuple
from itertools import chain, islice
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
from minigrad import Generator, arange, manual_seed, rand
from minigrad.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SizeMismatchError,
    Subset,
    TensorDataset,
    default_collate,
    default_convert,
    random_split,
    tables,
)  # fmt: skip


class Numbers(Dataset):
    """A user's dataset: nothing but __getitem__ and __len__."""

    def __init__(self, n):
        self.n = n

    def __getitem__(self, index):
        if not 0 <= index < self.n:
            raise IndexError(index)
        return (index,)

    def __len__(self):
        return self.n


class SampleBySample(TensorDataset):
    """A subclass could have other samples, so the loader asks for each."""


def seeded(seed):
    return Generator().manual_seed(seed)


def lists(loader):
    return [batch[0].tolist() for batch in loader]


def joined(parts):
    return list(chain.from_iterable(parts))


DATASETS = [lambda n: TensorDataset(arange(n)), Numbers, lambda n: Subset(Numbers(n), range(n))]


# ── the same orders as PyTorch ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize(
    ("n", "size", "seed", "epochs"),
    [
        (10, 4, 0, [[[6, 7, 1, 4], [2, 0, 9, 8], [3, 5]], [[2, 4, 7, 0], [8, 9, 5, 3], [6, 1]]]),
        (7, 3, 123, [[[1, 5, 3], [0, 2, 4], [6]], [[0, 6, 1], [3, 5, 2], [4]]]),
    ],
)
def test_shuffled_epochs(dataset, n, size, seed, epochs):
    loader = DataLoader(dataset(n), size, shuffle=True)
    manual_seed(seed)
    assert [lists(loader) for _ in epochs] == epochs


@pytest.mark.parametrize("dataset", DATASETS)
@pytest.mark.parametrize(
    ("n", "size", "seed", "epochs", "after"),
    [
        (10, 4, 0, [[[3, 7, 5, 2], [0, 8, 1, 6], [9, 4]], [[1, 3, 2, 7], [5, 9, 0, 6], [4, 8]]], 0.5262957811355591),
        (10, 5, 7, [[[1, 3, 5, 7, 9], [4, 6, 2, 8, 0]], [[5, 1, 6, 0, 9], [7, 8, 4, 3, 2]]], 0.7405239939689636),
    ],
)
def test_epochs_shuffled_by_a_generator(dataset, n, size, seed, epochs, after):
    generator = seeded(seed)
    loader = DataLoader(dataset(n), size, shuffle=True, generator=generator)
    assert [lists(loader) for _ in epochs] == epochs
    assert rand(1, generator=generator).item() == after


@pytest.mark.parametrize("dataset", DATASETS)
def test_epochs_left_early(dataset):
    generator = seeded(11)
    loader = DataLoader(dataset(6), 3, shuffle=True, generator=generator)
    assert [next(iter(loader))[0].tolist() for _ in range(3)] == [[0, 3, 1], [5, 3, 2], [2, 1, 0]]
    assert lists(loader) == [[1, 3, 0], [4, 5, 2]]
    assert rand(1, generator=generator).item() == 0.33817392587661743


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_pass_draws_a_seed_even_in_plain_order(dataset):
    manual_seed(5)
    iter(DataLoader(dataset(6), 3))
    assert rand(1).item() == 0.9074696898460388  # the third number of this seed
    generator = seeded(5)
    iter(DataLoader(dataset(6), 3, generator=generator))
    assert rand(1, generator=generator).item() == 0.9074696898460388


class Eager(Sampler):
    """Draws when it is asked for an iterator, as many a sampler of users' own does."""

    def __iter__(self):
        return iter([minigrad.randperm(6).tolist()])


def test_a_batch_sampler_draws_before_the_loader():
    manual_seed(3)
    expected = minigrad.randperm(6).tolist()
    manual_seed(3)
    assert lists(DataLoader(Numbers(6), batch_sampler=Eager())) == [expected]


@pytest.mark.parametrize(
    ("options", "order", "with_generator", "after"),
    [
        ({}, [2, 1, 0, 3, 4, 5, 6], [2, 4, 3, 0, 6, 1, 5], 0.39005082845687866),
        ({"num_samples": 3}, [2, 1, 0], [2, 4, 3], 0.44253265857696533),
        (
            {"num_samples": 17},
            [2, 1, 0, 3, 4, 5, 6, 5, 4, 6, 1, 0, 2, 3, 6, 2, 1],
            [2, 4, 3, 0, 6, 1, 5, 6, 2, 1, 0, 4, 3, 5, 6, 2, 1],
            0.30778276920318604,
        ),
        ({"replacement": True}, [2, 4, 2, 4, 5, 0, 5], [2, 3, 4, 2, 4, 0, 6], 0.09576863050460815),
        (
            {"replacement": True, "num_samples": 40},
            [2, 4, 2, 4, 5, 0, 5, 5, 6, 3, 0, 5, 6, 2, 1, 6, 5, 6, 4, 6, 0, 2, 1, 6, 5, 3, 4, 2, 5, 2, 6, 3, 2, 4, 4, 2]
            + [6, 2, 1, 6],
            [2, 3, 4, 2, 4, 0, 6, 5, 4, 4, 2, 3, 6, 4, 5, 1, 3, 3, 4, 1, 3, 0, 1, 3, 5, 4, 0, 1, 3, 0, 2, 3, 3, 4, 1, 5]
            + [3, 4, 2, 3],
            0.342998743057251,
        ),
    ],
)
def test_random_sampler(options, order, with_generator, after):
    manual_seed(1)
    sampler = RandomSampler(range(7), **options)
    assert list(sampler) == order
    assert len(sampler) == sampler.num_samples == len(order)
    generator = seeded(2)
    sampler = RandomSampler(range(7), generator=generator, **options)
    assert list(sampler) == with_generator
    assert rand(1, generator=generator).item() == after
    loader = DataLoader(Numbers(7), 5, sampler=RandomSampler(range(7), generator=seeded(2), **options))
    tensors = DataLoader(TensorDataset(arange(7)), 5, sampler=RandomSampler(range(7), generator=seeded(2), **options))
    assert joined(lists(loader)) == joined(lists(tensors)) == with_generator


@pytest.mark.parametrize("replacement", [True, False])
def test_a_random_sampler_draws_on_demand(replacement):
    sampler = RandomSampler(range(5), replacement=replacement, num_samples=10**10)
    assert len(sampler) == 10**10
    assert set(islice(sampler, 200)) == set(range(5))
    loader = DataLoader(TensorDataset(arange(5)), 64, sampler=sampler)
    assert len(loader) == 156_250_000
    assert next(iter(loader))[0].shape == (64,)


@pytest.mark.parametrize(
    ("lengths", "generator", "parts"),
    [
        ([7, 3], 42, [[2, 6, 1, 8, 4, 5, 0], [9, 3, 7]]),
        ([0.35, 0.35, 0.3], None, [[4, 1, 7, 5], [3, 9, 0], [8, 6, 2]]),
    ],
)
def test_random_split(lengths, generator, parts):
    manual_seed(0)
    split = random_split(range(10), lengths, *([] if generator is None else [seeded(generator)]))
    assert [part.indices for part in split] == parts
    assert [list(part) for part in split] == parts


def test_random_split_takes_none_for_the_default_generator():
    manual_seed(0)
    assert random_split(range(10), [0.35, 0.65], None)[0].indices == [4, 1, 7, 5]


@given(n=st.integers(0, 40), weights=st.lists(st.integers(1, 9), min_size=1, max_size=6))
@pytest.mark.filterwarnings("ignore:Length of split")
def test_random_split_leaves_none_out(n, weights):
    parts = random_split(range(n), [weight / sum(weights) for weight in weights])
    assert sorted(joined(part.indices for part in parts)) == list(range(n))
    for part, weight in zip(parts, weights, strict=True):
        assert abs(len(part) - n * weight / sum(weights)) < 2


def test_a_fraction_that_leaves_nothing():
    with pytest.warns(UserWarning, match=r"Length of split at index 1 is 0\. This might result in an empty dataset\."):
        assert [len(part) for part in random_split(range(5), [0.95, 0.05])] == [5, 0]


# ── from tensors in memory ───────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def loaders(draw):
    """How to make a loader of a given kind of dataset: of two tensors, one of them strided perhaps, or a part of them."""
    n, size = draw(st.integers(1, 40)), draw(st.integers(1, 12))
    x = np.arange(n * 6, dtype=np.float32).reshape(n, 3, 2)
    x = draw(st.sampled_from([x, np.asfortranarray(x), x[::-1], x.swapaxes(1, 2)]))
    indices = draw(st.none() | st.lists(st.integers(-n, n - 1), min_size=1, max_size=30))
    again = draw(st.none() | st.lists(st.integers(0, len(indices) - 1), min_size=1)) if indices else None
    drop_last, own = draw(st.booleans()), draw(st.booleans())
    order = draw(st.sampled_from(["plain", "shuffled", "drawn"]))
    replacement, samples = draw(st.booleans()), draw(st.integers(1, 60))

    def make(kind):
        dataset = kind(minigrad.from_numpy(x), arange(n))
        for chosen in (indices, again):
            dataset = dataset if chosen is None else Subset(dataset, chosen)
        generator = seeded(1) if own else None
        sampler = RandomSampler(dataset, replacement, samples, generator) if order == "drawn" else None
        return DataLoader(dataset, size, order == "shuffled", sampler, drop_last=drop_last, generator=generator)

    return make


@settings(max_examples=8 * settings.default.max_examples)
@given(make=loaders(), seed=st.integers(0, 9), ahead=st.sampled_from([1, 300, 1 << 19]), stop=st.integers(1, 20))
def test_batches_are_the_same_from_tensors_and_from_samples(make, seed, ahead, stop):
    seen = []
    for kind in (TensorDataset, SampleBySample):
        manual_seed(seed)
        loader = make(kind)
        with mock.patch.object(tables, "AHEAD", ahead):
            batches = [*loader, *islice(loader, stop)]
            draws = [rand(1, generator=generator).item() for generator in (None, loader.generator)]
            batches += loader
        for batch in batches:
            assert type(batch) is list
            assert all(part.is_contiguous() for part in batch)
        seen.append(([[part.tolist() for part in batch] for batch in batches], draws, len(loader)))
    assert seen[0] == seen[1]


def spied(dataset):
    """How many samples a loader asks the dataset for, one by one, in a pass."""
    asked = []
    with mock.patch.object(
        TensorDataset, "__getitem__", lambda self, index: asked.append(index) or (self.tensors[0][index],)
    ):
        for _ in dataset if isinstance(dataset, DataLoader) else DataLoader(dataset, 2):
            pass
    return len(asked)


def test_who_is_asked_for_single_samples():
    whole = TensorDataset(arange(6))
    assert spied(whole) == 0
    assert spied(Subset(whole, [4, 1])) == 0
    assert spied(Subset(Subset(whole, np.arange(5)), range(2))) == 0
    assert spied(DataLoader(whole, batch_sampler=BatchSampler(RandomSampler(whole), 2, False))) == 0
    assert spied(SampleBySample(arange(6))) == 6
    assert spied(DataLoader(whole, 2, collate_fn=len)) == 6
    assert spied(DataLoader(whole, 2, sampler=[4, 1])) == 2
    assert spied(DataLoader(whole, batch_sampler=[[4, 1]])) == 2
    assert spied(DataLoader(whole, None)) == 6
    assert spied(DataLoader(whole, 2, sampler=RandomSampler(whole, replacement=True))) == 6
    assert spied(TensorDataset(rand(6).requires_grad_())) == 6
    assert spied(DataLoader(whole, 2, sampler=type("Own", (SequentialSampler,), {})(whole))) == 6
    assert spied(type("Own", (Subset,), {})(whole, [4, 1])) == 2
    assert spied(Subset(whole, [[0, 1], [2, 3]])) == 2
    assert spied(DataLoader(Subset(whole, [[0, 1], [2]]), 1)) == 2


def test_drawing_twice_from_all_draws_the_second_time_on_demand():
    after = []
    for kind in (TensorDataset, SampleBySample):
        generator = seeded(4)
        dataset = kind(arange(5))
        next(iter(DataLoader(dataset, 2, sampler=RandomSampler(dataset, False, 20, generator))))
        after.append(rand(1, generator=generator).item())
    assert after[0] == after[1]


def test_a_subset_of_a_subset():
    part = Subset(Subset(TensorDataset(arange(9)), [8, 6, 4, 2]), [3, 0, -2])
    assert lists(DataLoader(part, 2)) == [[2, 8], [4]]


def test_a_subset_with_indices_of_another_type():
    with pytest.raises(IndexError, match="use integers"):
        list(DataLoader(Subset(TensorDataset(arange(3)), [0.5]), 2))


def test_a_subset_of_another_dataset():
    assert lists(DataLoader(Subset(Numbers(9), [7, 5, 3]), 2)) == [[7, 5], [3]]
    assert lists(DataLoader(Subset(TensorDataset(arange(3)), []), 2)) == []


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_batch_shares_no_memory(shuffle):
    x = rand(50, 3)
    before = x.clone()
    seen = [batch for (batch,) in DataLoader(TensorDataset(x), 4, shuffle)]
    values = [batch.clone() for batch in seen]
    for i, batch in enumerate(seen):
        batch.fill_(i)
    assert x.equal(before)
    assert [batch[0, 0].item() for batch in seen] == list(range(len(seen)))
    assert sorted(v.item() for value in values for v in value[:, 0]) == sorted(before[:, 0].tolist())


def test_writing_to_the_tensors_shows_in_the_next_batch():
    x, y = arange(6.0), arange(6)
    passing = iter(DataLoader(TensorDataset(x, y), 2))
    first = next(passing)
    x[2:].mul_(10)
    assert [part.tolist() for part in next(passing)] == [[20, 30], [2, 3]]
    y.data = y + 100
    assert [part.tolist() for part in next(passing)] == [[40, 50], [104, 105]]
    assert [part.tolist() for part in first] == [[0, 1], [0, 1]]
    assert list(passing) == []


def test_gradients_flow_through_a_batch():
    x = arange(5.0).requires_grad_()
    for (batch,) in DataLoader(TensorDataset(x), 2, shuffle=True):
        (batch * batch).sum().backward()
    assert x.grad.tolist() == [0, 2, 4, 6, 8]


def test_writing_to_a_batch_that_the_graph_needs_is_an_error():
    w = rand(3).requires_grad_()
    one, other = (batch for (batch,) in DataLoader(TensorDataset(rand(4, 3)), 2))
    product = (one * w).sum()
    other.zero_()  # the neighbour in memory may change
    product.backward(retain_graph=True)
    one.zero_()
    with pytest.raises(minigrad.MutationError):
        product.backward()


# ── datasets ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_tensor_dataset():
    x, y = rand(4, 2), arange(4)
    dataset = TensorDataset(x, y)
    assert len(dataset) == 4
    assert dataset.tensors == (x, y)
    assert (dataset[1][0].tolist(), dataset[1][1].item()) == (x[1].tolist(), 1)
    assert [part.shape for part in dataset[1:3]] == [(2, 2), (2,)]
    assert [part.shape for part in dataset[[0, 3, 3]]] == [(3, 2), (3,)]
    assert [label.item() for _, label in dataset] == [0, 1, 2, 3]
    with pytest.raises(IndexError):
        dataset[4]


def test_subset():
    subset = Subset(TensorDataset(arange(10)), [7, 5, 3])
    assert (len(subset), subset[1], subset[-1]) == (3, (minigrad.tensor(5),), (minigrad.tensor(3),))
    assert subset[[0, 2]][0].tolist() == [7, 3]


def test_a_generic_dataset_can_be_subscripted():
    class Words(Dataset[str]):
        pass

    assert issubclass(Words, Dataset)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: TensorDataset(arange(3), arange(4)), SizeMismatchError,
            "Size mismatch between tensors: TensorDataset of [3, 4] rows: all must have the same number",
        ),
        (lambda: TensorDataset(arange(3), arange(4)), AssertionError, "Size mismatch between tensors"),
        (lambda: TensorDataset(), ValueError, "TensorDataset of no tensors: give at least one"),
        (
            lambda: TensorDataset(np.zeros(3)), TypeError,
            "TensorDataset takes tensors, not a ndarray: use minigrad.from_numpy or minigrad.tensor",
        ),
        (
            lambda: TensorDataset(minigrad.tensor(1)), minigrad.ShapeError,
            "TensorDataset of a tensor of no dimensions: it has no rows, give it some with unsqueeze(0)",
        ),
        (
            lambda: Dataset()[0], NotImplementedError,
            "Dataset has no __getitem__: define `def __getitem__(self, index): ...`",
        ),
        (lambda: iter(Eager.__base__()), NotImplementedError, "Sampler has no __iter__: define `def __iter__(self): ...`"),
        (
            lambda: random_split(range(5), [3, 3]), ValueError,
            "Sum of input lengths does not equal the length of the input dataset: random_split of 5 samples into [3, 3]: "
            "use whole numbers that add up to 5, or fractions that add up to 1",
        ),
        (lambda: random_split(range(5), [2.5, 2.5]), ValueError, "random_split of 5 samples into [2.5, 2.5]: use whole"),
        (lambda: random_split(range(5), [0.5, 0.2]), ValueError, "random_split of 5 samples into [0.5, 0.2]: use whole"),
        (lambda: random_split(range(5), [6, -1]), ValueError, "random_split into [6, -1]: a length cannot be negative"),
        (
            lambda: RandomSampler(range(0)), ValueError,
            "num_samples should be a positive integer value, but got num_samples=0: give the dataset samples, or a whole "
            "number of them to draw",
        ),
        (lambda: RandomSampler(range(3), num_samples=1e10), ValueError, "but got num_samples=10000000000.0: give"),
        (lambda: DataLoader([], shuffle=True), ValueError, "but got num_samples=0: give the dataset samples"),
        (
            lambda: list(RandomSampler([], True, 3)), ValueError,
            "RandomSampler of an empty dataset: there is nothing to draw, give the dataset samples",
        ),
        (
            lambda: RandomSampler(range(3), replacement=1), TypeError,
            "replacement should be a boolean value, but got replacement=1: use True or False",
        ),
        *[
            (
                lambda size=size: DataLoader([1], size), ValueError,
                f"batch_size should be a positive integer value, but got batch_size={size}: use 1 or more",
            )
            for size in (0, -1, 2.0, True)
        ],
        (
            lambda: DataLoader([1], drop_last=1), ValueError,
            "drop_last should be a boolean value, but got drop_last=1: use True or False",
        ),
        (
            lambda: DataLoader([1], shuffle=True, sampler=[0]), ValueError,
            "sampler option is mutually exclusive with shuffle: leave one of them out",
        ),
        *[
            (
                lambda options=options: DataLoader([1], batch_sampler=[[0]], **options), ValueError,
                "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last: leave those out",
            )
            for options in ({"batch_size": 2}, {"shuffle": True}, {"sampler": [0]}, {"drop_last": True})
        ],
        (
            lambda: DataLoader([1], None, drop_last=True), ValueError,
            "batch_size=None option disables auto-batching and is mutually exclusive with drop_last: leave one of them out",
        ),
        (lambda: DataLoader([1], num_workers=-1), ValueError, "num_workers option should be non-negative, not -1: use 0"),
        (lambda: DataLoader([1], timeout=-1), ValueError, "timeout option should be non-negative, not -1: use 0"),
        (
            lambda: setattr(DataLoader([1]), "batch_size", 5), ValueError,
            "batch_size attribute should not be set after DataLoader is initialized: make another DataLoader",
        ),
        (
            lambda: default_collate([None]), TypeError,
            "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found <class 'NoneType'>: "
            "give the loader a collate_fn that knows what to do with it",
        ),
        (lambda: default_collate([np.array(["a"])]), TypeError, "dicts or lists; found <U1: give the loader"),
        (lambda: default_collate([{1}]), TypeError, "dicts or lists; found <class 'set'>: give the loader"),
        (
            lambda: default_collate([[1], [1, 2]]), RuntimeError,
            "each element in list of batch should be of equal size: pad the samples, or give the loader a collate_fn that "
            "does",
        ),
        (lambda: default_collate([arange(2), arange(3)]), RuntimeError, "[(2,), (3,)]"),
    ],
)  # fmt: skip
def test_errors_say_what_to_do(make, error, message):
    with pytest.raises(error, match=re.escape(message)):
        make()


# ── the loader ───────────────────────────────────────────────────────────────────────────────────────────────────────


@given(n=st.integers(0, 30), size=st.integers(1, 12), drop_last=st.booleans())
def test_the_number_of_batches(n, size, drop_last):
    for dataset in (TensorDataset(arange(n)), range(n)):
        loader = DataLoader(dataset, size, drop_last=drop_last)
        batches = [batch[0] if type(batch) is list else batch for batch in loader]
        assert len(batches) == len(loader) == len(loader.batch_sampler)
        whole = joined(batch.tolist() for batch in batches)
        assert whole == list(range(n - n % size if drop_last else n))
        assert all(len(batch) == size for batch in batches[:-1])


def test_what_a_loader_tells():
    dataset = Numbers(5)
    loader = DataLoader(dataset, 2)
    assert (loader.dataset, loader.batch_size, loader.drop_last, loader.num_workers) == (dataset, 2, False, 0)
    assert isinstance(loader.sampler, SequentialSampler)
    assert isinstance(loader.batch_sampler, BatchSampler)
    assert len(loader.sampler) == 5
    assert loader.collate_fn is default_collate
    assert isinstance(DataLoader(dataset, shuffle=True).sampler, RandomSampler)
    loader = DataLoader(dataset, batch_sampler=[[0, 1], [2]])
    assert (loader.batch_size, loader.drop_last, len(loader), lists(loader)) == (None, False, 2, [[0, 1], [2]])


def test_options_of_a_loader_with_processes_of_its_own_are_accepted():
    options = {"worker_init_fn": print, "prefetch_factor": 2, "persistent_workers": True, "in_order": False}
    loader = DataLoader(Numbers(3), 2, num_workers=2, pin_memory=True, timeout=5, pin_memory_device="cpu", **options)
    assert lists(loader) == [[0, 1], [2]]


def test_the_order_of_the_arguments():
    loader = DataLoader([1, 2, 3], 2, None, [2, 0, 1], None, 0, list, False, True, 0, None, None, seeded(0))
    assert list(loader) == [[3, 1]]


def test_single_samples():
    loader = DataLoader([np.zeros(1), 3, "s"], batch_size=None)
    assert [sample if isinstance(sample, str | int) else sample.tolist() for sample in loader] == [[0.0], 3, "s"]
    assert (len(loader), loader.batch_sampler, loader.collate_fn) == (3, None, default_convert)


def test_a_dataset_that_gives_a_batch_at_once():
    class Squares(Numbers):
        def __getitems__(self, indices):
            return [(i * i,) for i in indices]

    assert lists(DataLoader(Squares(5), 2)) == [[0, 1], [4, 9], [16]]


def test_a_dataset_without_a_length():
    class Endless:
        def __getitem__(self, index):
            return index

    assert next(iter(DataLoader(Endless(), 2, sampler=[5, 6]))).tolist() == [5, 6]
    with pytest.raises(TypeError, match="has no len"):
        next(iter(DataLoader(Endless(), 2)))


def test_an_error_in_a_dataset_is_seen():
    with pytest.raises(IndexError, match="7"):
        list(DataLoader(Numbers(3), 2, sampler=[0, 7]))
    with pytest.raises(IndexError, match="out of bounds"):
        list(DataLoader(TensorDataset(arange(3)), sampler=SequentialSampler(range(4))))


# ── batches ──────────────────────────────────────────────────────────────────────────────────────────────────────────

Point = namedtuple("Point", "x y")


class Record(UserDict):
    pass


class Frozen(dict):
    """A mapping that refuses to be updated after it was made."""

    def update(self, *args, **kwargs):
        raise TypeError("frozen")


I64, F64 = "int64", "float64"


def described(value):
    """A batch with its tensors as (dtype, list)."""
    if isinstance(value, minigrad.Tensor):
        return value.dtype.name, value.tolist()
    if isinstance(value, dict | UserDict):
        return type(value), {key: described(item) for key, item in value.items()}
    if isinstance(value, list | tuple) and not all(isinstance(item, str | bytes) for item in value):
        return type(value), [described(item) for item in value]
    return value


@pytest.mark.parametrize(
    ("batch", "expected"),
    [
        ([1, 2], (I64, [1, 2])),
        ([True, False], ("bool", [True, False])),
        ([0.1, 2.5], (F64, [0.1, 2.5])),
        ([np.float32(1), np.float32(2)], ("float32", [1, 2])),
        ([np.float64(1), np.float64(2)], (F64, [1, 2])),
        ([np.int16(1)], ("int16", [1])),
        ([np.bool_(True)], ("bool", [True])),
        ([np.arange(2, dtype=np.uint8)] * 2, ("uint8", [[0, 1], [0, 1]])),
        ([np.array(1.5)] * 2, (F64, [1.5, 1.5])),
        ([arange(2), arange(2)], (I64, [[0, 1], [0, 1]])),
        (["a", "b"], ["a", "b"]),
        ([b"a"], [b"a"]),
        ([np.str_("x")], ["x"]),
        ([(1, "a"), (2, "b")], (list, [(I64, [1, 2]), ("a", "b")])),
        ([[1, 2.0], [3, 4.0]], (list, [(I64, [1, 3]), (F64, [2, 4])])),
        ([{"k": 1}, {"k": 2}], (dict, {"k": (I64, [1, 2])})),
        ([Point(1, 2.0), Point(3, 4.0)], (Point, [(I64, [1, 3]), (F64, [2, 4])])),
        ([Record(k=1), Record(k=2)], (Record, {"k": (I64, [1, 2])})),
        ([Frozen(k=1), Frozen(k=2)], (dict, {"k": (I64, [1, 2])})),
        ([range(2), range(2)], (list, [(I64, [0, 0]), (I64, [1, 1])])),
        ([(Point(1, (2,)), [3])], (list, [(Point, [(I64, [1]), (list, [(I64, [2])])]), (list, [(I64, [3])])])),
    ],
)
def test_default_collate(batch, expected):
    assert described(default_collate(batch)) == expected


def test_collating_leaves_the_samples_as_they_were():
    samples = [{"k": [1, 2]}, {"k": [3, 4]}]
    default_collate(samples)
    assert samples == [{"k": [1, 2]}, {"k": [3, 4]}]


@pytest.mark.parametrize(
    ("sample", "expected"),
    [
        (np.zeros(2), (F64, [0, 0])),
        ({"a": np.zeros(1)}, (dict, {"a": (F64, [0])})),
        ((np.float32(1), "s"), (list, [("float32", 1), "s"])),
        ([1, 2.5], (list, [1, 2.5])),
        (Point(np.zeros(1), 3), (Point, [(F64, [0]), 3])),
        (arange(2), (I64, [0, 1])),
        (3, 3),
        ("s", "s"),
    ],
)
def test_default_convert(sample, expected):
    assert described(default_convert(sample)) == expected


def test_text_arrays_stay_as_they_are():
    words = np.array(["a"])
    assert default_convert(words) is words
