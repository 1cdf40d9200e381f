"""Indices as operands, order, running sums: what is refused and in which words, forms, names, results with several parts."""

import copy
import pickle

import numpy as np
import pytest

import minigrad
from minigrad import MutationError, ShapeError, Tensor, return_types, tensor
from minigrad.errors import IndexRangeError

X = minigrad.arange(6.0).reshape(2, 3)

REFUSED = [
    (lambda: X[0.5:], TypeError, "float"),
    (
        lambda: X.gather(1, tensor([[3]])),
        IndexRangeError,
        "index 3 is outside dimension 1, of size 3: use numbers from 0 to 2",
    ),
    (
        lambda: X.gather(1, tensor([0])),
        ShapeError,
        "gather: the index has shape .* and type int64: it needs 2 dimensions",
    ),
    (
        lambda: X.gather(1, minigrad.zeros(3, 1).long()),
        ShapeError,
        "is larger than the tensor.*elsewhere than along dimension 1",
    ),
    (
        lambda: X.scatter_add(1, minigrad.zeros(2, 3).long(), X[:, :2]),
        ShapeError,
        "is larger than the source, of shape",
    ),
    (lambda: X.scatter(1, tensor([[0]]), 1, reduce="x"), ValueError, "use 'add' or 'multiply', or scatter_reduce"),
    (lambda: X.scatter_reduce(1, tensor([[0]]), X[:1, :1], "x"), ValueError, "scatter_reduce: reduce='x'"),
    (
        lambda: X.scatter_add(1, tensor([[0]]), tensor([[1]])),
        RuntimeError,
        r"type int64: convert one, src.to\(x.dtype\)",
    ),
    (lambda: X.take(0), TypeError, "take: a tensor is needed, not a int"),
    (lambda: X.take(tensor([0.5])), IndexError, r"take: an index of type float32: it needs integers, x.long\(\)"),
    (lambda: X.take_along_dim(tensor([0]), 0), ShapeError, "they need as many dimensions"),
    (lambda: X.take_along_dim(tensor([[0, 1]]), 0), ShapeError, "do not broadcast elsewhere than along dimension 0"),
    (lambda: X.index_select(0, tensor([[0]])), IndexError, "it needs one dimension"),
    (lambda: X.index_fill(0, tensor([0]), X[0]), ShapeError, "one number is needed"),
    (
        lambda: X.index_add(0, tensor([0]), X),
        ShapeError,
        r"for 1 indices along dimension 0 .*: it must have shape \(1, 3\)",
    ),
    (lambda: X.index_reduce(0, tensor([0]), X[:1], "sum"), ValueError, "index_reduce: reduce='sum'"),
    (lambda: X.index_put((None,), X), IndexError, "give at least one tensor"),
    (lambda: X.put(tensor([0, 1]), X[0]), ShapeError, "put: 2 indices for 3 elements: give one for each"),
    (lambda: X.masked_scatter(X, X), TypeError, r"use booleans, mask.bool\(\)"),
    (lambda: X.masked_scatter(X < 9, X[0]), ShapeError, "6 places for 3 elements: the source is too short"),
    (
        lambda: X.select_scatter(X, 0, 0),
        ShapeError,
        r"a source of shape \(2, 3\) for a part of shape \(3,\): make them one",
    ),
    (lambda: X[0].clone().fill_diagonal_(1), ShapeError, "it needs two dimensions, or more of one size"),
    (lambda: X.topk(4), ShapeError, "topk: 4 elements of 3 along dimension -?1"),
    (lambda: X.kthvalue(0), ShapeError, "kthvalue: number 0 of 3 elements"),
    (lambda: X.quantile(2), ValueError, "a number, or a line of them, from 0 to 1"),
    (lambda: X.quantile(0.5, interpolation="x"), ValueError, "quantile: interpolation='x'"),
    (lambda: X.quantile(tensor(0.5, dtype="float64")), RuntimeError, "q of type float64 for a tensor of type float32"),
    (lambda: X[:, :0].quantile(0.5, 1), ShapeError, "quantile of no elements"),
    (lambda: X.bincount(), ShapeError, "one dimension of integers from 0 on is needed"),
    (lambda: tensor([1]).bincount(minlength=-1), ValueError, "minlength -1 is negative"),
    (lambda: tensor([1]).bincount(X[0]), ShapeError, "1 numbers, weights of shape"),
    (lambda: X.long().histc(), TypeError, r"histc of a tensor of type int64: convert it first, x.float\(\).histc"),
    (lambda: X.histc(0), ValueError, "histc: 0 intervals: use at least 1"),
    (lambda: X.histc(3, 2, 1), ValueError, "the range from 2 to 1: give finite numbers, the smaller first"),
    (lambda: X.bucketize(X), ShapeError, "one dimension is needed"),
    (lambda: X.searchsorted(X[:1]), ShapeError, "all but the last dimension must be the same"),
    (lambda: X[0].searchsorted(1, right=True, side="left"), ValueError, "searchsorted: side='left', right=True"),
    (lambda: X.sum().diff(), ShapeError, "diff of a tensor of no dimensions"),
    (lambda: X.diff(-1), ValueError, "use 0 or more"),
    (lambda: X.trapezoid(X, dx=1), RuntimeError, "points x and a step dx: give one of the two"),
    (lambda: X.sum(axis=0, dim=0), TypeError, "axis and dim are two names of one argument"),
    (lambda: X.long().var(), TypeError, r"var of a tensor of type int64: convert it first, x.float\(\).var\(\)"),
    (lambda: X.long().nanmean(), TypeError, "nanmean of a tensor of type int64"),
    (lambda: "a" in X, RuntimeError, "in: a tensor holds numbers, not a str"),
]


@pytest.mark.parametrize(("call", "kind", "words"), REFUSED)
def test_refusals(call, kind, words):
    with pytest.raises(kind, match=words):
        call()


def test_an_index_outside_is_both_errors():
    for kind in (IndexError, RuntimeError):
        with pytest.raises(kind):
            X.scatter(1, tensor([[-1]]), 1.0)


def test_results_have_names():
    found = X.max(1)
    values, indices = found
    assert found.values is values is found[0]
    assert found.indices is indices
    assert found.n_fields == len(found) == 2
    assert isinstance(found, tuple)
    assert repr(found) == "minigrad.return_types.max(\nvalues=tensor([2., 5.]),\nindices=tensor([2, 2]))"
    for again in (copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
        assert type(again) is return_types.max
        assert repr(again) == repr(found)


def test_mixed_forms():
    one = tensor([[0], [2]])
    assert minigrad.zeros(2, 3).scatter_(1, one, 1).tolist() == [[1, 0, 0], [0, 0, 1]]
    assert X.scatter(1, one, value=3, reduce="multiply").tolist() == [[0, 1, 2], [3, 4, 15]]
    assert X.scatter(1, one, X, reduce="add").tolist() == [[0, 1, 2], [3, 4, 8]]
    assert X.index_put((tensor(1),), tensor(7.0)).tolist() == [[0, 1, 2], [7, 7, 7]]
    assert minigrad.zeros(5, 2).fill_diagonal_(1, wrap=True).sum() == 4
    assert X.take_along_dim(tensor([5, 0])).tolist() == [5, 0]
    assert [x.tolist() for x in minigrad.where(X > 4)] == [[1], [2]]
    assert [x.tolist() for x in tensor(2).nonzero(as_tuple=True)] == [[0]]
    assert tensor(2).argwhere().shape == (1, 0)
    assert X.histc(2).tolist() == [3, 3]
    assert X[0].searchsorted(1, right=True).item() == 2
    assert tensor([3, 1, 2]).searchsorted(tensor([2]), sorter=tensor([1, 2, 0])).tolist() == [1]
    rows = tensor([[1, 3], [2, 4]])
    assert rows.searchsorted(rows).tolist() == [[0, 1], [0, 1]]
    assert rows.searchsorted(rows, right=True, out_int32=True).tolist() == [[1, 2], [1, 2]]
    assert minigrad.tensor([[1, 1], [1, 1], [0, 2]]).unique(dim=0, return_counts=True)[1].tolist() == [1, 2]
    assert tensor([0.5, nan, 1.0]).topk(2).indices.tolist() == [1, 2]
    assert tensor([True, False]).diff().tolist() == [True]
    assert X.diff(prepend=X[:, :1]).shape == (2, 3)
    assert X.trapezoid(X).tolist() == X.trapezoid(X[0]).tolist() == [2, 8]
    assert minigrad.zeros(0).median().isnan()
    assert tensor([1, 2], dtype="uint8").any().dtype == minigrad.uint8
    assert X.max(other=X * 2).equal(X * 2)
    assert X.min(other=X * 2).equal(X)
    assert [x.item() for x in X.var_mean(False)] == pytest.approx([35 / 12, 2.5])


nan = float("nan")


@pytest.mark.parametrize("width", [5, 40])
@pytest.mark.parametrize("places", [3, 300])
def test_many_rows_are_added_up(places, width):
    """Each way of adding rows gives what adding them one by one gives."""
    rng = np.random.default_rng(places)
    index = np.minimum(rng.geometric(0.02, 4000), places) - 1
    rows = rng.standard_normal((4000, width))
    expected = np.zeros((places, width))
    np.add.at(expected, index, rows)
    table = minigrad.zeros(places, width, dtype="float64", requires_grad=True)
    table[tensor(index)].backward(tensor(rows))
    np.testing.assert_allclose(table.grad.array, expected, atol=1e-12)
    np.testing.assert_allclose(
        minigrad.zeros(places, width).double().index_add(0, tensor(index), tensor(rows)).array, expected, atol=1e-12
    )


def test_few_of_many():
    x = np.random.default_rng(1).integers(0, 40, (3, 900)).astype(np.float32)
    x[0, 5::7] = nan
    for largest in (True, False):
        at = np.argsort(np.where(np.isnan(x), -np.inf, -x) if largest else x, 1, kind="stable")[:, :9]
        assert tensor(x).topk(9, largest=largest).indices.tolist() == at.tolist()


@pytest.mark.parametrize("name", ["scatter", "scatter_add", "index_add", "index_select", "gather"])
def test_an_index_that_changed_is_noticed(name):
    x, index = minigrad.ones(3, requires_grad=True), tensor([0, 1])
    rest = () if name in ("index_select", "gather") else (minigrad.ones(2, requires_grad=True),)
    y = getattr(Tensor, name)(x, 0, index, *rest)
    index.add_(1)
    with pytest.raises(MutationError):
        y.sum().backward()


def test_the_last_writer_has_the_gradient():
    source = tensor([1.0, 2.0], requires_grad=True)
    minigrad.zeros(2).scatter(0, tensor([0, 0]), source).sum().backward()
    assert source.grad.tolist() == [0, 1]
