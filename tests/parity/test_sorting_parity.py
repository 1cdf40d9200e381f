"""Sorting and searching against PyTorch: order, the k largest, medians, quantiles, distinct elements, counts."""

# ruff: noqa: E501 (rows are read across)

import numpy as np
import pytest
import torch
from agree import agree, both_fail

import minigrad

RNG = np.random.default_rng(5)
nan, inf = np.nan, np.inf


def permuted(shape):
    """Distinct numbers in any order: where there are equals, PyTorch leaves open which is found."""
    n = int(np.prod(shape))
    return ((RNG.permutation(n) - n // 2) * 0.5).reshape(shape).astype(np.float32)


SHAPES = [(), (1,), (7,), (3, 4), (2, 3, 4), (5, 1), (0,), (2, 0)]


@pytest.mark.parametrize("shape", SHAPES)
def test_order(shape):
    x = permuted(shape)
    for dim in {0, -1, len(shape) - 1 if shape else 0}:
        agree(lambda t, x, d=dim: x.sort(d), x)
        agree(lambda t, x, d=dim: t.sort(x, dim=d, descending=True), x)
        agree(lambda t, x, d=dim: t.sort(x, stable=True, dim=d)[0] ** 2, x)
        agree(
            lambda t, x, d=dim: [x.argsort(d), x.argsort(dim=d, descending=True), t.argsort(x, dim=d, stable=True)], x
        )
        n = shape[dim] if shape else 1
        for k in {0, 1, n // 2, n}:
            if k <= n:
                agree(lambda t, x, d=dim, k=k: x.topk(k, d), x)
                agree(lambda t, x, d=dim, k=k: t.topk(x, k, dim=d, largest=False, sorted=True).values ** 2, x)
        if n and 0 not in shape:
            for keep in (False, True):
                for k in {1, (n + 1) // 2, n}:
                    agree(lambda t, x, d=dim, k=k, keep=keep: x.kthvalue(k, d, keep), x)
                agree(lambda t, x, d=dim, keep=keep: x.median(d, keepdim=keep), x)
                agree(lambda t, x, d=dim, keep=keep: x.nanmedian(d, keep), x)
                agree(lambda t, x, d=dim, keep=keep: x.mode(d, keep)[0], x)
    if shape:
        agree(lambda t, x: t.msort(x), x)
        agree(lambda t, x: [x.sort()[0], x.argsort(), x.sort(descending=True).indices], x)
    agree(lambda t, x: [t.median(x), x.nanmedian()], x)


def test_equal_elements_keep_their_order():
    x = RNG.integers(0, 4, (5, 30))
    for kind in (np.int64, np.float32, np.int8, np.bool_, np.uint8):
        for descending in (False, True):
            agree(lambda t, x, d=descending: t.sort(x, stable=True, dim=1, descending=d), x.astype(kind))
            if kind is not np.bool_:
                agree(lambda t, x, d=descending: x.topk(7, largest=d).values, x.astype(kind), grad=False)
    agree(lambda t, x: [x.median(1).values, x.median(), x.mode(1).values, x.mode(0).values], x)


def test_nan():
    x = np.array([[1, nan, 3, nan], [4, 2, -inf, inf], [nan, nan, nan, nan], [nan, 0, 5, -1]], np.float32)
    for descending in (False, True):
        agree(lambda t, x, d=descending: t.sort(x, stable=True, dim=1, descending=d), x)
        agree(lambda t, x, d=descending: x.topk(3, 1, d).values, x, grad=False)
    agree(
        lambda t, x: [x.median(1).values, x.nanmedian(1).values, x.median(), x.nanmedian(), x.kthvalue(2).values],
        x,
        grad=False,
    )
    agree(
        lambda t, x: [x.quantile(0.3, 1), x.nanquantile(0.3, 1), x.nanquantile(0.7, 0)],
        np.where(np.isinf(x), 7, x),
        grad=False,
    )
    wide = np.tile(x, 200)
    for largest in (False, True):
        for k in (1, 20, 90):
            agree(lambda t, x, k=k, g=largest: x.topk(k, 1, g).values, wide, grad=False)


@pytest.mark.parametrize("shape", [(1000,), (3, 800), (2, 500, 3)])
def test_few_of_many(shape):
    x = permuted(shape)
    dim = 1 if len(shape) > 1 else 0
    for k in (1, 5, 60, 300):
        for largest in (True, False):
            agree(lambda t, x, k=k, g=largest: x.topk(k, dim, largest=g), x)


@pytest.mark.parametrize("mode", ["linear", "lower", "higher", "midpoint", "nearest"])
def test_quantiles(mode):
    for shape in ((), (1,), (7,), (3, 4), (2, 3, 4)):
        x = permuted(shape)
        for q in (0.0, 0.3, 0.5, 1, [0.1, 0.9, 0.5]):
            for dim in (None, 0, -1):
                for keep in (False, True):
                    agree(
                        lambda t, x, q=q, d=dim, k=keep: t.quantile(
                            x, t.tensor(q) if isinstance(q, list) else q, d, keepdim=k, interpolation=mode
                        ),
                        x,
                    )
        agree(lambda t, x: x.nanquantile(0.4, interpolation=mode), np.where(x > 2, np.float32(nan), x))


def test_distinct():
    for shape in ((12,), (3, 4), (2, 3, 2), (0,), ()):
        x = RNG.integers(0, 3, shape)
        for kind in (np.int64, np.float32, np.bool_):
            for inverse in (False, True):
                for counts in (False, True):
                    agree(lambda t, x, i=inverse, c=counts: t.unique(x, True, i, c), x.astype(kind), grad=False)
                    agree(lambda t, x, i=inverse, c=counts: x.unique_consecutive(i, c), x.astype(kind), grad=False)
                    for dim in range(len(shape) if 0 not in shape else 0):
                        agree(
                            lambda t, x, i=inverse, c=counts, d=dim: x.unique(True, i, c, d), x.astype(kind), grad=False
                        )
                        agree(
                            lambda t, x, i=inverse, c=counts, d=dim: x.unique_consecutive(i, c, dim=d),
                            x.astype(kind), grad=False,
                        )  # fmt: skip


def test_counting():
    x = RNG.integers(0, 6, 20)
    for kind in (np.int64, np.int32, np.uint8):
        agree(lambda t, x: [x.bincount(), t.bincount(x, minlength=9)], x.astype(kind))
    agree(lambda t, x, w: t.bincount(x, w, minlength=3), x, RNG.standard_normal(20).astype(np.float32), grad=False)
    agree(lambda t, x, w: x.bincount(w), x, np.arange(20))
    agree(lambda t, x: x.bincount(minlength=2), np.zeros(0, np.int64))
    y = RNG.standard_normal((4, 50)).astype(np.float32)
    for args in ((), (10,), (5, -1, 1), (4, 0, 0), (3, 0.5, 2)):
        agree(lambda t, y, a=args: [t.histc(y, *a), y.histc(*a)], y, grad=False)
    agree(lambda t, y: t.histc(y, bins=4, min=0, max=3), np.array([0, 1, 2, 3, 3, 4, -1], np.float32), grad=False)
    agree(lambda t, y: t.histc(y, 3), np.ones(4, np.float32), grad=False)
    for options in ({}, {"range": (-1.0, 2.0)}, {"density": True}):
        agree(lambda t, y, o=options: t.histogram(y, 6, **o), y, grad=False)
    agree(lambda t, y, e: y.histogram(e), y, np.array([-1, 0, 0.5, 3], np.float32), grad=False)
    agree(lambda t, y, w: t.histogram(y, 3, range=(-1.0, 1.0), weight=w), y, y * y, grad=False)


def test_searching():
    edges, x = np.array([1, 3, 3, 7], np.float32), np.array([[0, 1, 2], [3, 7, 9]], np.float32)
    for right in (False, True):
        agree(
            lambda t, x, e, r=right: [t.bucketize(x, e, right=r), t.searchsorted(e, x, right=r)], x, edges, grad=False
        )
        rows = np.sort(RNG.integers(0, 9, (2, 3, 5)), -1)
        agree(lambda t, s, v, r=right: t.searchsorted(s, v, right=r), rows, RNG.integers(-1, 10, (2, 3, 4)))
        agree(
            lambda t, s, v, r=right: t.searchsorted(s, v, right=r, out_int32=True),
            rows,
            RNG.integers(-1, 10, (2, 3, 4)),
        )
    agree(lambda t, e: [t.searchsorted(e, 3), t.searchsorted(e, 3.0, side="right")], edges, grad=False)
    agree(lambda t, e, v: t.searchsorted(e, v, sorter=t.argsort(e)), np.array([3, 1, 2]), np.array([1, 2, 5]))


@pytest.mark.parametrize(
    "call",
    [
        lambda t, x: x.topk(4), lambda t, x: x.topk(-1), lambda t, x: x.kthvalue(0), lambda t, x: x.kthvalue(4), lambda t, x: x.sort(2),
        lambda t, x: x.quantile(1.5), lambda t, x: x.long().quantile(0.5), lambda t, x: x.quantile(0.5, interpolation="no"),
        lambda t, x: x.quantile(t.tensor([0.5], dtype=t.float64)), lambda t, x: x.bincount(), lambda t, x: t.tensor([-1]).bincount(),
        lambda t, x: t.tensor([1]).bincount(t.ones(2)), lambda t, x: t.tensor([1]).bincount(minlength=-1), lambda t, x: x.long().histc(),
        lambda t, x: x.histc(0), lambda t, x: x.histc(3, 2, 1), lambda t, x: t.searchsorted(x, t.ones(3, 1)), lambda t, x: t.bucketize(x, x),
        lambda t, x: t.searchsorted(x[0], 1.0, right=True, side="left"), lambda t, x: x[:, :0].median(1), lambda t, x: x[:, :0].mode(1),
        lambda t, x: x[:, :0].quantile(0.5),
    ],
)  # fmt: skip
def test_both_refuse(call):
    both_fail(call, (2, 3))


def test_printing():
    """Under as_torch the name of the module is PyTorch's too: see test_as_torch."""
    for call in (
        lambda x: x.max(1), lambda x: x.min(1), lambda x: x.sort(), lambda x: x.topk(1), lambda x: x.median(1), lambda x: x.mode(1), lambda x: x.cummin(0),
        lambda x: x.kthvalue(2), lambda x: x.cummax(1), lambda x: x.aminmax(dim=1), lambda x: x.detach().histogram(2), lambda x: x.nanmedian(0),
    ):  # fmt: skip
        ours, theirs = [repr(call(t.tensor([[1.0, 4.0], [3.0, 2.0]], requires_grad=True))) for t in (minigrad, torch)]
        assert ours.replace("minigrad.", "torch.") == theirs
