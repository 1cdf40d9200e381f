"""Embeddings and one-hot rows against PyTorch: values, gradients, options, first values, printing."""

import warnings

import numpy as np
import pytest
import torch
from agree import agree, both_fail

import minigrad

RNG = np.random.default_rng(3)


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def F(t):  # noqa: N802
    return t.nn.functional


@pytest.mark.parametrize("rows", [1, 5, 200])
@pytest.mark.parametrize("shape", [(), (7,), (3, 4), (2, 3, 2), (0,), (50,)])
@pytest.mark.parametrize("kind", [np.int64, np.int32])
def test_embedding(rows, shape, kind):
    index = RNG.integers(0, rows, shape).astype(kind)
    for options in [{}, {"padding_idx": 0}, {"padding_idx": -1}, {"scale_grad_by_freq": True},
                    {"padding_idx": 0, "scale_grad_by_freq": True}]:  # fmt: skip
        agree(lambda t, i, w, o=options: F(t).embedding(i, w, **o), index, (rows, 3))


def test_embedding_to_second_order():
    def twice(t, i, w):
        y = F(t).embedding(i, w, padding_idx=1)
        [first] = t.autograd.grad((y**3).sum(), w, create_graph=True)
        return (first * first).sum()

    agree(twice, np.array([[0, 2, 2], [1, 0, 4]]), RNG.standard_normal((5, 3)))


@pytest.mark.parametrize("norm", [2.0, 1.0, 3])
def test_max_norm_writes_into_the_table(norm):
    def call(t, i, w):
        w = w.detach()
        return F(t).embedding(i, w, max_norm=1.0, norm_type=norm), w

    agree(call, np.array([0, 2, 2, 4]), (5, 3))

    def layer(t, i, w):
        module = t.nn.Embedding.from_pretrained(w.detach() * 3, freeze=False, max_norm=0.5, norm_type=norm)
        y = module(i)
        y.sum().backward()
        return y, module.weight.detach(), module.weight.grad

    agree(layer, np.array([0, 2, 2, 4]), (5, 3))


@pytest.mark.parametrize("mode", ["sum", "mean", "max"])
def test_bags(mode):
    line, starts = RNG.integers(0, 6, 9), np.array([0, 3, 3, 7])
    for options in [{}, {"padding_idx": 2}, {"include_last_offset": True}]:
        offsets = np.append(starts, 9) if options.get("include_last_offset") else starts
        agree(lambda t, i, w, s, o=options: F(t).embedding_bag(i, w, s, mode=mode, **o), line, (6, 4), offsets)
    agree(lambda t, i, w: F(t).embedding_bag(i, w, mode=mode), line.reshape(3, 3), (6, 4))
    agree(lambda t, i, w: F(t).embedding_bag(i, w, mode=mode), RNG.integers(0, 200, (5, 4)), (200, 4))
    if mode == "sum":
        agree(
            lambda t, i, w, f: F(t).embedding_bag(i, w, mode=mode, per_sample_weights=f),
            line.reshape(3, 3),
            (6, 4),
            (3, 3),
        )
    if mode != "max":
        agree(
            lambda t, i, w, s: F(t).embedding_bag(i, w, s, mode=mode, scale_grad_by_freq=False), np.zeros(0, np.int64), (6, 4),
            np.array([0, 0]),
        )  # fmt: skip


MADE = [
    ("Embedding", (10, 3), {}), ("Embedding", (10, 3, 2), {}), ("Embedding", (10, 3), {"padding_idx": -1}),
    ("Embedding", (4, 5, None, 1.5, 1.0, True, True), {}), ("Embedding", (3, 2), {"norm_type": 3}),
    ("EmbeddingBag", (10, 3), {}), ("EmbeddingBag", (10, 3, 1.0, 1.0, True, "sum", True), {}),
    ("EmbeddingBag", (10, 3), {"padding_idx": 4, "mode": "max"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "args", "options"), MADE)
def test_modules(name, args, options):
    assert repr(getattr(minigrad.nn, name)(*args, **options)) == repr(getattr(torch.nn, name)(*args, **options))

    def start(t):
        t.manual_seed(7)
        layer = getattr(t.nn, name)(*args, **options)
        return layer.weight.detach(), t.rand(2)

    agree(start, rtol=0, atol=1e-6)


def test_from_pretrained():
    def call(t, w):
        w = w.detach()
        frozen, free = t.nn.Embedding.from_pretrained(w), t.nn.Embedding.from_pretrained(w, False, padding_idx=1)
        bag = t.nn.EmbeddingBag.from_pretrained(w, mode="sum")
        return [
            [layer.weight.requires_grad, layer(t.tensor([[0, 1]])), layer.padding_idx] for layer in (frozen, free, bag)
        ]

    agree(call, (3, 2), grad=False)


def test_grad_fn():
    found = [
        repr(t.nn.functional.embedding(t.tensor([0]), t.ones(2, 2, requires_grad=True))) for t in (minigrad, torch)
    ]
    assert found[0] == found[1]


def test_one_hot():
    agree(lambda t, i: F(t).one_hot(i), np.array([[0, 2], [1, 0]]))
    agree(lambda t, i: F(t).one_hot(i, 5), np.array(3))


@pytest.mark.parametrize(
    "call",
    [
        lambda t, w: F(t).embedding(t.tensor([3]), w), lambda t, w: F(t).embedding(t.tensor([-1]), w),
        lambda t, w: F(t).embedding(t.tensor([0.5]), w), lambda t, w: F(t).embedding(t.tensor([0]), w[0]),
        lambda t, w: F(t).embedding_bag(t.tensor([0]), w), lambda t, w: F(t).embedding_bag(t.tensor([[0]]), w, mode="min"),
        lambda t, w: F(t).embedding_bag(t.tensor([[0]]), w, t.tensor([0])), lambda t, w: F(t).one_hot(t.tensor([-1])),
        lambda t, w: F(t).embedding_bag(t.tensor([[0]]), w, mode="mean", per_sample_weights=w[:1, :1]),
        lambda t, w: F(t).embedding_bag(t.tensor([0, 1]), w, t.tensor([1])),
    ],
)  # fmt: skip
def test_both_refuse(call):
    both_fail(call, (3, 2))
