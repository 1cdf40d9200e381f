"""Indices of every kind against PyTorch: reading, assigning, adding to; gather, scatter and their kin; and their gradients."""

# ruff: noqa: E501 (rows are read across)

import numpy as np
import pytest
import torch
from agree import agree, both_fail

import minigrad

pytestmark = pytest.mark.filterwarnings("ignore:.*in beta:UserWarning", "ignore:The reduce argument:UserWarning")

# ── x[...]: drawn at random ──────────────────────────────────────────────────────────────────────────────────────────


def a_slice(rng, n):
    ends = [None if rng.random() < 0.3 else int(rng.integers(-n - 1, n + 2)) for _ in range(2)]
    return slice(*ends, [None, 1, 2, 3][rng.integers(4)])


def a_number(rng, n):
    value = int(rng.integers(-n, n))
    return [value, np.int64(value), np.array(value)][rng.integers(3)]


def some_numbers(rng, n, shape):
    found = rng.integers(-n, n, shape)
    kind = rng.integers(5)
    if found.ndim == 1 and kind == 0:
        return found.tolist()
    if found.ndim == 1 and kind == 1 and shape == (n,):
        return range(n)
    if kind == 2:
        return found.astype(np.int32)
    return found


def an_index(rng, shape):
    """A tuple of slices, numbers, arrays that broadcast, masks, None and Ellipsis, at most one per dimension."""
    parts, d = [], 0
    arrays = [(2,), (1,), (3, 1), (1, 2), ()][rng.integers(5)] if rng.random() < 0.9 else (0,)
    dotted = False
    budget = 2 if rng.random() < 0.5 else 3
    while d < len(shape):
        kind = rng.integers(9)
        n = shape[d]
        if kind == 0:
            parts.append(None)
            continue
        if kind == 1 and not dotted:
            parts.append(Ellipsis)
            dotted = True
            d = max(d, len(shape) - int(rng.integers(3)))
            continue
        if kind in (2, 3) or not n:
            parts.append(a_slice(rng, n))
        elif kind in (4, 5):
            parts.append(a_number(rng, n))
        elif kind in (6, 7) and budget:
            budget -= 1
            size = arrays if rng.random() < 0.7 else (1,)
            parts.append(some_numbers(rng, n, size))
        elif kind == 8 and budget == 2:
            budget = 0
            k = int(rng.integers(1, min(2, len(shape) - d) + 1))
            mask = rng.random(shape[d : d + k]) < 0.5
            parts.append(mask.tolist() if k == 1 and rng.random() < 0.3 and mask.size else mask)
            d += k
            continue
        else:
            parts.append(a_slice(rng, n))
        d += 1
        if rng.random() < 0.1:
            break
    return tuple(parts) if len(parts) != 1 or rng.random() < 0.5 else parts[0]


def of(t, index):
    """The index as this library takes it: some arrays as tensors."""

    def one(i, part):
        return t.tensor(part) if isinstance(part, np.ndarray) and i % 2 == 0 else part

    return tuple(one(i, part) for i, part in enumerate(index)) if isinstance(index, tuple) else one(0, index)


SHAPES = [(3,), (4, 3), (2, 3, 4), (3, 1, 2), (2, 2, 3, 2), ()]


def fits(shape, index):
    """Does PyTorch take this index?"""
    try:
        torch.zeros(shape)[of(torch, index)]
    except (IndexError, RuntimeError, ValueError, TypeError):
        return False
    return True


@pytest.mark.parametrize("seed", range(60))
def test_any_index(seed):
    rng = np.random.default_rng(seed)
    for _ in range(8):
        shape = SHAPES[rng.integers(len(SHAPES))]
        index = an_index(rng, shape)
        if not fits(shape, index):
            continue  # also an Ellipsis after a mask of two dimensions, which PyTorch miscounts
        agree(lambda t, x, i=index: x[of(t, i)], shape)
        agree(lambda t, x, i=index: t.autograd.grad((x[of(t, i)] ** 3).sum(), x, create_graph=True)[0], shape)

        def assigned(t, x, y, i=index):
            x = x.clone()
            x[of(t, i)] = y
            return x

        def added(t, x, i=index):
            x = x.clone()
            x[of(t, i)] += 1.5
            x[of(t, i)] *= x.detach().clone()[of(t, i)]
            return x

        selected = tuple(torch.zeros(shape)[of(torch, index)].shape)
        agree(lambda t, x, i=index: added(t, x.detach(), i), shape)
        if len(np.unique(np.arange(int(np.prod(shape))).reshape(shape)[index])) == int(np.prod(selected)):
            agree(added, shape)
            agree(assigned, shape, selected)  # where no place is written twice, which PyTorch leaves open
            agree(assigned, shape, selected[rng.integers(len(selected) + 1) :])
        agree(lambda t, x, i=index: assigned(t, x, 2.0, i), shape)


KINDS = [
    lambda x: x[[0, 1]], lambda x: x[[True, False]], lambda x: x[range(2)], lambda x: x[()],
    lambda x: x[None], lambda x: x[True], lambda x: x[False], lambda x: x[..., None], lambda x: x[None, ..., None], lambda x: x[[]],
    lambda x: x[:, []], lambda x: x[-1, -1], lambda x: x[0][1], lambda x: x[[0, 1], [1, 2]], lambda x: x[:, [2, 0]], lambda x: x[x > 0],
    lambda x: x[:, (x > 0).any(0)], lambda x: x[x[:, 0] > 9], lambda x: x[np.array([1, 0])], lambda x: x[np.array([True, False])],
    lambda x: x[(0, 1)], lambda x: x[:, :, None], lambda x: x[1:0], lambda x: x[..., 0], lambda x: x[([0, 1], [1, 1])],
    lambda x: x[5:], lambda x: x[:, ::2], lambda x: x[True, 0], lambda x: x[0, None, [1, 2]], lambda x: x[[1], None, [0]],
]  # fmt: skip


@pytest.mark.parametrize("call", KINDS)
def test_kinds_of_index(call):
    agree(lambda t, x: call(x), (2, 3))


@pytest.mark.parametrize(
    "call",
    [
        lambda x: x[3], lambda x: x[0, 3], lambda x: x[0, 0, 0], lambda x: x[[3]], lambda x: x[:, [-4]], lambda x: x[1.0],
        lambda x: x["a"], lambda x: x[x], lambda x: x[[True]], lambda x: x[np.ones((2, 2), bool)],
        lambda x: x[[0, 1], [0, 1, 2]], lambda x: x[0.5:1],
    ],
)  # fmt: skip
def test_both_refuse_an_index(call):
    both_fail(lambda t, x: call(x), (2, 3))


def written(change):
    def call(t, x):
        x = x.clone()
        change(t, x)
        return x

    return call


@pytest.mark.parametrize(
    "change",
    [
        lambda t, x: x[0].__setitem__(1, 5), lambda t, x: x[0][1].fill_(3), lambda t, x: x.__setitem__(x > 0, 0),
        lambda t, x: x.__setitem__((x > 0, ), x[x > 0] * 2), lambda t, x: x[1:].add_(x[:-1].clone()),
        lambda t, x: x.__setitem__(Ellipsis, x[0].clone()), lambda t, x: x.__setitem__(slice(None), 1),
        lambda t, x: x.__setitem__((slice(None), 1), t.arange(2)), lambda t, x: x.__setitem__([1, 0], x.clone()),
        lambda t, x: x.T.__setitem__(0, 7.0), lambda t, x: x.__setitem__((range(2), [0, 1]), -1),
        lambda t, x: x.__setitem__(0, t.ones(1, 1, 3)), lambda t, x: x.__setitem__((0, 0), True),
        lambda t, x: x.__setitem__([0, 1], x[[1, 0]]), lambda t, x: x.__setitem__(t.tensor(1), t.tensor([1, 2, 3])),
        lambda t, x: x.fill_diagonal_(9.0), lambda t, x: x.masked_fill_(x > 0, -1), lambda t, x: x[:, 1:].zero_(),
    ],
)  # fmt: skip
def test_writing(change):
    agree(written(change), (2, 3))


def test_swapping_rows():
    def call(t, x):
        x = x.clone()
        x[0], x[1] = x[1].clone(), x[0].clone()
        x[[0, 1]] = x[[1, 0]]
        return x

    agree(call, (3, 2))


def test_contains():
    agree(lambda t, x: [t.tensor(2) in x, 3 in x, 9 in x, t.ones(2).long() in x], np.array([[1, 2], [3, 4]]))
    for value in ["a", None, [1]]:
        both_fail(lambda t, x, v=value: v in x, (2,))


# ── gather, scatter ──────────────────────────────────────────────────────────────────────────────────────────────────


def gathers(seed, unique=False):
    """A shape, a dimension, an index that fits, and the shape of a source."""
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 5, rng.integers(1, 4)).tolist())
    dim = int(rng.integers(len(shape)))
    size = [int(rng.integers(0, n + 1)) for n in shape]
    size[dim] = shape[dim] if unique else int(rng.integers(0, 6))
    index = rng.integers(0, shape[dim], size)
    if unique:
        index = rng.permuted(
            np.broadcast_to(np.arange(shape[dim]).reshape([-1 if d == dim else 1 for d in range(len(shape))]), size),
            axis=dim,
        )
    return shape, dim - (len(shape) if rng.random() < 0.3 else 0), index


@pytest.mark.parametrize("seed", range(12))
def test_gather_and_scatter(seed):
    shape, dim, index = gathers(seed)
    agree(lambda t, x, i: x.gather(dim, i), shape, index)
    agree(lambda t, x, i: t.gather(x, dim, index=i, sparse_grad=False) ** 2, shape, index)
    agree(lambda t, x, i, y: x.scatter_add(dim, i, y), shape, index, index.shape)
    agree(lambda t, x, i, y: x.clone().scatter_add_(dim, i, y * y), shape, index, index.shape)
    agree(lambda t, x, i: x.scatter(dim, i, 2.5), shape, index)
    agree(lambda t, x, i: t.scatter(x, dim, i, value=2), shape, index)
    agree(lambda t, x, i, y: x.detach().scatter(dim, i, y.detach(), reduce="add"), shape, index, index.shape)
    agree(
        lambda t, x, i, y: x.detach().clone().scatter_(dim, i, y.detach(), reduce="multiply"), shape, index, index.shape
    )
    agree(lambda t, x, i: x.detach().clone().scatter_(dim, i, 3, reduce="multiply"), shape, index)
    for reduce in ("sum", "mean", "amax", "amin", "prod"):
        for own in (True, False):
            agree(
                lambda t, x, i, y, r=reduce, o=own: x.scatter_reduce(dim, i, y, r, include_self=o), shape, index, index.shape,
            )  # fmt: skip
    agree(lambda t, x, i, y: x.clone().scatter_reduce_(dim, i, y, reduce="sum"), shape, index, index.shape)
    shape, dim, index = gathers(seed, unique=True)
    agree(lambda t, x, i, y: x.scatter(dim, i, y), shape, index, index.shape)
    agree(lambda t, x, i, y: x.clone().scatter_(dim, i, src=y), shape, index, index.shape)
    agree(
        lambda t, x, i: x.take_along_dim(i, dim),
        shape,
        index.max(axis=tuple(d for d in range(index.ndim) if d != dim % index.ndim), initial=0, keepdims=True),
    )


def test_scatter_of_other_types():
    index = np.array([[0, 2, 2], [1, 1, 0]])
    for kind in (np.int64, np.float64, np.int32):
        agree(
            lambda t, x, i, y: x.scatter_add(1, i, y),
            np.ones((2, 3), kind),
            index,
            np.arange(6).reshape(2, 3).astype(kind),
        )
    for reduce in ("sum", "mean", "amax", "amin", "prod"):
        agree(
            lambda t, x, i, y, r=reduce: x.scatter_reduce(1, i, y, r),
            np.full((2, 3), 2), index, np.arange(6).reshape(2, 3),
        )  # fmt: skip
    agree(lambda t, i: t.zeros(2, 3).scatter_(1, i, 1), index)
    agree(lambda t, i: t.zeros(2, 3, dtype=t.long).scatter_(1, i, 1.7), index)
    agree(
        lambda t, i: t.zeros(2, 5).scatter_(1, i[:, :1], t.ones(2, 4)), index
    )  # of the source, what the index reaches


@pytest.mark.parametrize(
    "call",
    [
        lambda t, x: x.gather(1, t.tensor([[3]])), lambda t, x: x.gather(1, t.tensor([[-1]])), lambda t, x: x.gather(1, t.tensor([0])),
        lambda t, x: x.gather(1, t.tensor([[0.0]])), lambda t, x: x.gather(1, t.zeros(3, 1).long()), lambda t, x: x.gather(2, t.tensor([[0]])),
        lambda t, x: x.scatter(1, t.tensor([[3]]), 1.0), lambda t, x: x.scatter(1, t.tensor([[0]]), t.ones(1, 1, dtype=t.float64)),
        lambda t, x: x.scatter_add(1, t.zeros(2, 3).long(), t.ones(2, 2)), lambda t, x: x.scatter(1, t.tensor([[0]]), 1.0, reduce="x"),
        lambda t, x: x.scatter_reduce(1, t.tensor([[0]]), t.ones(1, 1), "median"), lambda t, x: x.index_select(0, t.tensor([2])),
        lambda t, x: x.index_select(0, t.tensor([-1])), lambda t, x: x.index_select(0, t.tensor([[0]])), lambda t, x: x.take(t.tensor([6])),
        lambda t, x: x.index_add(0, t.tensor([0]), t.ones(1, 2)), lambda t, x: x.index_add(0, t.tensor([2]), t.ones(1, 3)),
        lambda t, x: x.index_copy(0, t.tensor([2]), t.ones(1, 3)), lambda t, x: x.index_fill(0, t.tensor([2]), 1), lambda t, x: x.index_add(0, t.tensor([0]), t.ones(1, 3).long()),
        lambda t, x: x.masked_scatter(x < 9, t.ones(2)), lambda t, x: x.put(t.tensor([7]), t.ones(1)), lambda t, x: x.put(t.tensor([1, 2]), t.ones(1)),
        lambda t, x: x.select_scatter(t.ones(2), 0, 0), lambda t, x: x.slice_scatter(t.ones(3, 3)), lambda t, x: x[0].clone().fill_diagonal_(1),
        lambda t, x: x.index_put((t.tensor([2]),), t.tensor(1.0)), lambda t, x: x.index_put((t.tensor([1]),), t.ones(2)),
        lambda t, x: x.index_reduce(0, t.tensor([0]), t.ones(1, 3), "sum"), lambda t, x: x.take_along_dim(t.tensor([0]), 1),
        lambda t, x: x.take(t.tensor([0.5])), lambda t, x: x.index_fill(0, t.tensor([0]), t.ones(2)), lambda t, x: x.take(0),
    ],
)  # fmt: skip
def test_both_refuse(call):
    both_fail(lambda t, x: call(t, x), (2, 3))


# ── whole slices, flat numbers, masks ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("seed", range(8))
def test_index_operations(seed):
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, 5, rng.integers(1, 4)).tolist())
    dim = int(rng.integers(-len(shape), len(shape)))
    n = shape[dim]
    index = rng.integers(0, n, rng.integers(0, 6))
    source = list(shape)
    source[dim] = len(index)
    source = tuple(source)
    agree(lambda t, x, i: x.index_select(dim, i), shape, index)
    agree(lambda t, x, i: t.index_select(x, dim, i) ** 3, shape, index.astype(np.int32))
    agree(lambda t, x, i, y: x.index_add(dim, i, y), shape, index, source)
    agree(lambda t, x, i, y: x.clone().index_add_(dim, i, y * x.sum(), alpha=-2), shape, index, source)
    agree(lambda t, x, i: x.index_fill(dim, i, 2), shape, index - n)
    agree(lambda t, x, i: x.clone().index_fill_(dim, i, t.tensor(1.5)), shape, index)
    for reduce in ("prod", "mean", "amax", "amin"):
        for own in (True, False):
            agree(
                lambda t, x, i, y, r=reduce, o=own: x.index_reduce(dim, i, y, r, include_self=o), shape, index, source
            )
    whole = rng.permutation(n)
    agree(lambda t, x, i, y: x.index_copy(dim, i, y), shape, whole, shape)
    agree(lambda t, x, i, y: x.clone().index_copy_(dim, i, y * 2), shape, whole, shape)
    numbers = rng.integers(-int(np.prod(shape)), int(np.prod(shape)), (2, 3))
    agree(lambda t, x, i: x.take(i), shape, numbers)
    agree(lambda t, x, i, y: x.put(i, y, accumulate=True), shape, numbers, (2, 3))
    agree(lambda t, x, i, y: x.clone().put_(i, y), shape, numbers[:1, :1], (1, 1))
    mask = rng.random(shape) < 0.5
    agree(lambda t, x, m: x.masked_select(m), shape, mask)
    agree(lambda t, x, m, y: x.masked_scatter(m, y), shape, mask, shape)
    agree(lambda t, x, m, y: x.clone().masked_scatter_(m, y), shape, mask, shape)
    agree(lambda t, x, m: x.masked_fill(m, -1e9), shape, mask)
    for found in ("nonzero", "argwhere"):
        agree(lambda t, m, f=found: getattr(t, f)(m), mask)
    agree(lambda t, m: m.nonzero(as_tuple=True), mask)
    agree(lambda t, m: t.where(m), mask)


def test_index_operations_without_dimensions():
    agree(lambda t, x, i: [x.gather(0, i), x.index_select(0, i), x.index_fill(0, i, 2.0)], (), np.array(0))
    agree(lambda t, x, i, y: [x.scatter_add(0, i, y), x.scatter(0, i, y), x.index_add(0, i, y)], (), np.array(0), ())
    agree(lambda t, x: [x.nonzero(), t.where(x), t.argwhere(x), t.argwhere(x * 0)], np.float32(2), grad=False)


def test_index_put():
    i, j = np.array([0, 1, 1]), np.array([2, 0, 0])
    for accumulate in (True, False):
        for other in (j, np.array([2, 0, 1])):
            if accumulate or other is not j:
                agree(
                    lambda t, x, i, j, y, a=accumulate: x.index_put((i, j), y, accumulate=a), (2, 3), i, other, (3,),
                )  # fmt: skip
                agree(lambda t, x, i, j, y, a=accumulate: x.clone().index_put_([i, j], y, a), (2, 3), i, other, ())
    agree(lambda t, x, i, y: x.index_put((i,), y, True), (2, 3), i, (3, 3))
    agree(lambda t, x, i, y: x.index_put((i,), y, True), (2, 3, 2), i, (2,))
    agree(lambda t, x, m, y: x.index_put((m,), y), (2, 3), np.array([[True, False, True], [False, True, False]]), (3,))
    agree(lambda t, x, i, y: x.index_put((i,), y), (2, 3), np.array(1), (3,))
    agree(lambda t, x, i, y: x.index_put((i, i), y, True), (2, 3), np.array(1), ())
    agree(lambda t, x, i: x.index_put((i,), t.tensor(1), True), np.ones((2, 3), np.int64), i)


def test_parts():
    agree(lambda t, x, y: x.select_scatter(y, 1, 0), (2, 3), (2,))
    agree(lambda t, x, y: x.slice_scatter(y, 1, 0, 3, 2), (2, 3), (2, 2))
    agree(lambda t, x, y: t.slice_scatter(x, y, start=1), (2, 3), (1, 3))
    agree(lambda t, x, y: x.diagonal_scatter(y, 1), (2, 3), (2,))
    agree(lambda t, x: x.clone().fill_diagonal_(2.0, wrap=True), (7, 3))
    agree(lambda t, x: x.clone().fill_diagonal_(2), (3, 3, 3))
    agree(lambda t, x: x.clone().fill_diagonal_(2), (3, 5))


@pytest.mark.parametrize(
    ("n", "places", "width"),
    [(5000, 27, 16), (5000, 300, 16), (3000, 300, 5), (9000, 2, 3), (9000, 3, 70), (400, 100, 64)],
)
def test_many_rows(n, places, width):
    """Rows by the thousand are added in another way than few."""
    rng = np.random.default_rng(n)
    skewed = np.minimum(rng.geometric(0.2, n), places) - 1
    for index in (rng.integers(0, places, n), skewed):
        agree(lambda t, x, i: x[i], (places, width), index, rtol=1e-3, atol=1e-3)
        agree(lambda t, x, i: x.index_select(0, i), (places, width), index, rtol=1e-3, atol=1e-3)
        agree(lambda t, x, i, y: x.index_add(0, i, y), (places, width), index, (n, width), rtol=1e-3, atol=1e-3)
        agree(lambda t, x, i: x[i.reshape(-1, 2), 0], (places, width), index[: n // 2 * 2], rtol=1e-3, atol=1e-3)


def test_grad_fn_names():
    for call in (lambda t, x: x.gather(0, t.tensor([[0]])), lambda t, x: x.index_select(0, t.tensor([0])),
                 lambda t, x: x.scatter_add(0, t.tensor([[0]]), t.ones(1, 1)), lambda t, x: x.scatter(0, t.tensor([[0]]), 1.0)):  # fmt: skip
        assert repr(call(minigrad, minigrad.ones(2, 2, requires_grad=True))) == repr(
            call(torch, torch.ones(2, 2, requires_grad=True))
        )
