"""Rows of the table of operations: indices, writing, products of matrices, losses."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from domains import (
    FREE,
    MASK,
    Case,
    Operation,
    alike,
    array,
    chosen,
    filled_shapes,
    full_lines,
    one_dim,
    operands,
    small_shapes,
)
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from operations_shape import shrunk

import minigrad
from minigrad import Tensor, nn
from minigrad.ops.linalg import linear
from minigrad.ops.loss import squared_error
from minigrad.testing import broadcastable_shapes, shapes

# ── indices ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def basic(shape: tuple[int, ...]) -> st.SearchStrategy[Any]:
    return hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True)


def masks(shape: tuple[int, ...]) -> st.SearchStrategy[np.ndarray]:
    return st.integers(min(1, len(shape)), len(shape)).flatmap(lambda n: hnp.arrays(bool, shape[:n]))


def places(shape: tuple[int, ...]) -> st.SearchStrategy[Any]:
    return hnp.integer_array_indices(shape, result_shape=hnp.array_shapes(max_dims=2, max_side=3))


def at_places(x: np.ndarray, key: Any) -> np.ndarray:
    numbers = x.reshape(-1).tolist()
    found = [numbers[np.ravel_multi_index(at, x.shape, "wrap")] for at in zip(*(k.reshape(-1) for k in key))]
    return np.array(found).reshape(key[0].shape)


LISTS = st.lists(st.integers(-2, 1), min_size=1, max_size=3)

# of a tensor of shape (2, 3, 2): the index, and the same by stacking slices. An integer selects first; an array elsewhere
# than beside another stays in its place
MIXED = {
    "x[1, :, list]": (lambda x, k: x[1, :, k], lambda x, k: np.stack([x[1][:, j] for j in k], 1)),
    "x[list, :, 0]": (lambda x, k: x[k, :, 0], lambda x, k: np.stack([x[j][:, 0] for j in k])),
    "x[:, list]": (lambda x, k: x[:, k], lambda x, k: np.stack([x[:, j] for j in k], 1)),
    "x[..., list]": (lambda x, k: x[..., k], lambda x, k: np.stack([x[:, :, j] for j in k], 2)),
    "x[None, list]": (lambda x, k: x[None, k], lambda x, k: np.stack([x[j] for j in k])[None]),
    "x[list, :, list]": (lambda x, k: x[k, :, k], lambda x, k: np.stack([x[j][:, j] for j in k])),
    "x[:, 1, tensor]": (lambda x, k: x[:, 1, minigrad.tensor(k)], lambda x, k: np.stack([x[:, 1, j] for j in k], 1)),
    "x[mask, 2]": (
        lambda x, k: x[np.array(k[:1] * 2) > 0, 2],
        lambda x, k: np.array([r[2] for r in x if k[0] > 0]).reshape(-1, 2),
    ),
}


def at_mask(x: np.ndarray, key: np.ndarray) -> np.ndarray:
    found = [x[at] for at in np.ndindex(key.shape) if key[at]]
    return np.array(found).reshape(len(found), *x.shape[key.ndim :])


def gathered(x: np.ndarray, index: np.ndarray, dim: int) -> np.ndarray:
    out = np.zeros(index.shape)
    for at in np.ndindex(index.shape):
        source = list(at)
        source[dim] = index[at]
        out[at] = x[tuple(source)]
    return out


def indices(size: Any, shape: tuple[int, ...], dim: int) -> st.SearchStrategy[np.ndarray]:
    return hnp.arrays(np.int64, size, elements=st.integers(0, shape[dim] - 1))


def grids(shape: tuple[int, ...], dim: int) -> st.SearchStrategy[np.ndarray]:
    """Indices for `gather`: of any size along `dim`, no larger than the shape elsewhere."""
    return st.tuples(*[st.integers(0, n) for n in shape]).flatmap(lambda size: indices(size, shape, dim))


def rows(shape: tuple[int, ...], dim: int) -> st.SearchStrategy[np.ndarray]:
    return indices(st.integers(0, 4), shape, dim)


def with_index(case: Case) -> Case:
    """The index as an operand of its own."""
    return Case((*case.arrays, case.params["index"]), {"dim": case.params["dim"]})


INDICES = [
    Operation(
        "x[key]",
        lambda x, key: np.array(x.tolist()).reshape(x.shape)[key],
        chosen(small_shapes, key=basic),
        function=operator.getitem,
        positional=True,
        also=("__getitem__",),
    ),
    Operation("x[mask]", at_mask, chosen(small_shapes, key=masks), function=operator.getitem, positional=True),
    Operation("x[places]", at_places, chosen(full_lines, key=places), function=operator.getitem, positional=True),
    *(
        Operation(name, reference, chosen(st.just((2, 3, 2)), k=lambda shape: LISTS), function=function)
        for name, (function, reference) in MIXED.items()
    ),
    Operation("gather", gathered, chosen(full_lines, dim=one_dim, index=grids).map(with_index), keywords=("index",)),
    Operation(
        "index_select",
        lambda x, index, dim: np.take(x, index, dim),
        chosen(full_lines, dim=one_dim, index=rows).map(with_index),
        keywords=("index",),
    ),
    Operation("masked_select", lambda x, mask: at_mask(*np.broadcast_arrays(x, mask)), operands(FREE, MASK)),
]


# ── writing, on a copy ───────────────────────────────────────────────────────────────────────────────────────────────


def written(x: Any, value: Any, key: Any) -> Any:
    """A copy of x after x[key] = value."""
    x = x.clone() if isinstance(x, Tensor) else x.copy()
    x[key] = value
    return x


@st.composite
def assignments(draw: st.DrawFn, keys: Any, shape: Any) -> Case:
    """A tensor, a key, and a value that broadcasts to what the key selects."""
    size = draw(shape)
    key = draw(keys(size))
    selected = np.zeros(size)[key].shape
    part = selected[draw(st.integers(0, len(selected))) :]
    return Case((draw(array(size)), draw(array(tuple(draw(st.sampled_from([n, 1])) for n in part)))), {"key": key})


@st.composite
def replacements(draw: st.DrawFn) -> Case:
    case = draw(shrunk())
    return Case((*case.arrays, draw(array(case.params["size"]))), {})


WRITING = [
    *(
        Operation(name, written, assignments(keys, shape), function=written, also=("__setitem__",), mixed="first")
        for name, keys, shape in [
            ("x[key] = y", basic, small_shapes),
            ("x[mask] = y", masks, small_shapes),
            ("x[places] = y", places, full_lines),
        ]
    ),
    Operation("copy_", lambda x, y: y + 0 * x, replacements(), function=lambda x, y: x.clone().copy_(y), mixed="first"),
    Operation("fill_", lambda x: 0 * x + 2.5, operands(FREE), function=lambda x: x.clone().fill_(2.5), integers=None),
    Operation("zero_", lambda x: 0 * x, operands(FREE), function=lambda x: x.clone().zero_()),
]


# ── products, losses ─────────────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def products(draw: st.DrawFn, *, first: int | None = None, second: int | None = None) -> Case:
    """Operands of a matrix product: vectors, matrices or batches, or with so many dimensions."""
    m, n, p = (draw(st.integers(0, 3)) for _ in range(3))
    batch: Any = ((2,), (2,)) if first == 3 else ((), ())
    if first is None:
        batch = draw(broadcastable_shapes(2, max_dims=2, max_side=2))
    vector, other = (draw(st.booleans()), draw(st.booleans())) if first is None else (first == 1, second == 1)
    a = (n,) if vector else (*batch[0], m, n)
    b = (n,) if other else (*batch[1], n, p)
    return Case((draw(array(a)), draw(array(b))), {})


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    rows, columns = (a[None] if a.ndim == 1 else a), (b[:, None] if b.ndim == 1 else b)
    out = (rows[..., :, :, None] * columns[..., None, :, :]).sum(-2)
    out = out[..., 0] if b.ndim == 1 else out
    return out if a.ndim > 1 else out[..., 0] if b.ndim == 1 else out[..., 0, :]


@st.composite
def layers(draw: st.DrawFn) -> Case:
    """An input, a weight and perhaps a bias."""
    n, m = draw(st.integers(0, 3)), draw(st.integers(0, 3))
    operands = draw(array((*draw(shapes(0, 2, 0, 3)), n))), draw(array((m, n))), draw(array((m,)))
    return Case(operands[: draw(st.integers(2, 3))], {})


@st.composite
def classified(draw: st.DrawFn) -> Case:
    """Scores (N, C) or (C), and class indices."""
    n, classes = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    shape = draw(st.sampled_from([(), (n,)]))
    target = draw(hnp.arrays(np.int64, shape, elements=st.integers(0, classes - 1)))
    return Case((draw(array((*shape, classes))), target), {"reduction": draw(REDUCTION)})


REDUCTION = st.sampled_from(["mean", "sum", "none"])


def reduced(losses: np.ndarray, reduction: str) -> np.ndarray:
    return losses if reduction == "none" else losses.sum() if reduction == "sum" else losses.sum() / losses.size


def squared(x: np.ndarray, y: np.ndarray, reduction: str) -> np.ndarray:
    return reduced(x * x - 2 * x * y + y * y, reduction)


def picked(x: np.ndarray, target: np.ndarray, reduction: str) -> np.ndarray:
    return reduced(-np.take_along_axis(x, np.expand_dims(target, -1), -1)[..., 0], reduction)


def surprise(x: np.ndarray, target: np.ndarray, reduction: str) -> np.ndarray:
    return picked(np.log(np.exp(x) / np.exp(x).sum(-1, keepdims=True)), target, reduction)


def of_ones(x: Any) -> Any:
    """A matrix of ones times x."""
    dtype = x.array.dtype if x.is_floating_point() else np.float32
    return np.ones((2, len(x)), dtype) @ x


VECTORS = chosen(shapes(1, 1, 0, 3))
PAIRS = st.builds(lambda a, b: Case((*a.arrays, *b.arrays), {}), VECTORS, VECTORS)

PRODUCTS = [
    Operation("matmul", product, products()),
    Operation("x @ y", product, products(), function=operator.matmul, also=("__matmul__",)),
    Operation(
        "array @ x",
        lambda x: product(np.ones((2, len(x))), x),
        chosen(shapes(1, 2, 0, 3)),
        function=of_ones,
        integers="float32",
        also=("__rmatmul__",),
    ),
    Operation("mm", product, products(first=2, second=2)),
    Operation("bmm", product, products(first=3, second=3)),
    Operation("mv", product, products(first=2, second=1)),
    Operation("dot", product, products(first=1, second=1)),
    Operation("outer", lambda x, y: product(x[:, None], y[None]), PAIRS),
    Operation("linear", lambda x, w, b=0: product(x, w.T) + b, layers(), function=linear),
]

LOSSES = [
    Operation(
        "squared_error",
        lambda x, y, scale: scale * squared(x, y, "sum"),
        alike(FREE, FREE, scale=st.just(0.5)),
        function=squared_error,
        integers=None,
    ),
    Operation(
        "mse_loss",
        squared,
        alike(FREE, FREE, shape=filled_shapes, reduction=REDUCTION),
        function=nn.functional.mse_loss,
        integers=None,
    ),
    Operation("nll_loss", picked, classified(), function=nn.functional.nll_loss, integers=None),
    Operation("cross_entropy", surprise, classified(), function=nn.functional.cross_entropy, integers=None),
]
