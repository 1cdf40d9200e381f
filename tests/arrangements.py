"""The second half of the table of operations: reductions, shapes, indices, products of matrices, losses, writing."""

from __future__ import annotations

import operator
from math import inf, prod
from typing import Any

import numpy as np
from domains import (
    DISTINCT, FREE, MASK, NONZERO, Case, Operation, alike, array, axes, filled_shapes, one_dim, operands, over, reductions,
    small_shapes,
)  # fmt: skip
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import minigrad
from minigrad import Tensor, nn
from minigrad.ops.linalg import linear
from minigrad.ops.loss import squared_error
from minigrad.testing import broadcastable_shapes, shapes

# ── reductions ───────────────────────────────────────────────────────────────────────────────────────────────────────


def exp_normalised(x: np.ndarray, dim: int) -> np.ndarray:
    return np.exp(x) / np.exp(x).sum(axes(x, dim), keepdims=True)


def moment(x: np.ndarray, dim: Any, keepdim: bool, correction: int) -> np.ndarray:
    """The variance, as the mean of squared differences of all pairs would give it: E x² - (E x)²."""
    at = axes(x, dim)
    n = x.size // max(np.sum(x, at).size, 1) if x.size else 2
    mean = x.sum(at, keepdims=True) / n
    return (np.sum(x * x, at, keepdims=keepdim) - n * (mean**2 if keepdim else (mean**2).sum(at))) / (n - correction)


def norm(x: np.ndarray, p: Any, dim: Any, keepdim: bool) -> np.ndarray:
    size = np.abs(x)
    if p == inf:
        return np.max(size, axes(x, dim), keepdims=keepdim)
    if p == -inf:
        return np.min(size, axes(x, dim), keepdims=keepdim)
    if p == 0:
        return np.sum(size > 0, axes(x, dim), keepdims=keepdim).astype(float)
    p = 2 if p == "fro" else p
    return np.sum(size**p, axes(x, dim), keepdims=keepdim) ** (1 / p)


ZEROS = st.sampled_from([0.0, 1.5])

REDUCTIONS = [
    Operation("sum", over(np.sum), reductions()),
    Operation("mean", lambda x, dim, keepdim: over(np.sum)(x, dim, keepdim) / over(np.sum)(np.ones_like(x), dim, keepdim),
              reductions(least=1), integers=TypeError),
    Operation("var", moment, reductions(least=2, correction=st.sampled_from([0, 1])), integers=TypeError),
    Operation("std", lambda *a, **k: moment(*a, **k) ** 0.5, reductions(DISTINCT, least=2, correction=st.sampled_from([0, 1])),
              integers=TypeError),
    Operation("prod", over(np.prod), reductions(dim=lambda shape: st.none() | one_dim(shape))),
    Operation("amax", over(np.max), reductions(DISTINCT, least=1)),
    Operation("amin", over(np.min), reductions(DISTINCT, least=1)),
    Operation("max", np.max, operands(DISTINCT, shape=filled_shapes)),
    Operation("min", np.min, operands(DISTINCT, shape=filled_shapes)),
    *(
        Operation(f"{name}_dim", lambda x, dim, keepdim, f=f, g=g: (over(f)(x, dim, keepdim), over(g)(x, dim, keepdim)),
                  reductions(DISTINCT, one_dim, least=1), function=getattr(Tensor, name), result="same, int64",
                  integers="same, int64")
        for name, f, g in [("max", np.max, np.argmax), ("min", np.min, np.argmin)]
    ),
    Operation("argmax", over(np.argmax), reductions(DISTINCT, lambda s: st.none() | one_dim(s), least=1),
              gradient=False, result="int64", integers="int64"),
    Operation("argmin", over(np.argmin), reductions(DISTINCT, lambda s: st.none() | one_dim(s), least=1),
              gradient=False, result="int64", integers="int64"),
    Operation("any", over(lambda x, axis, keepdims: np.sum(x != 0, axis, keepdims=keepdims) > 0), reductions(ZEROS),
              gradient=False, result="bool", integers="bool"),
    Operation("all", over(lambda x, axis, keepdims: np.sum(x == 0, axis, keepdims=keepdims) == 0), reductions(ZEROS),
              gradient=False, result="bool", integers="bool"),
    Operation("logsumexp", lambda x, dim, keepdim: np.log(over(np.sum)(np.exp(x), dim, keepdim)), reductions(least=1),
              integers="float32"),
    Operation("softmax", exp_normalised, reductions(dim=one_dim, keepdim=None), integers="float32"),
    Operation("log_softmax", lambda x, dim: np.log(exp_normalised(x, dim)), reductions(dim=one_dim, keepdim=None),
              integers="float32"),
    Operation("cumsum", lambda x, dim: np.cumsum(x, dim).reshape(x.shape), reductions(dim=one_dim, keepdim=None)),
    Operation("norm", norm, reductions(NONZERO, least=1, p=st.sampled_from(["fro", 2, 1, 3, 0.5, -1, 0])), integers=TypeError),
    Operation("norm inf", norm, reductions(DISTINCT, least=1, p=st.sampled_from([inf, -inf])).map(
        lambda case: Case((np.asarray(case.arrays[0] + 0.1),), case.params)), function=Tensor.norm, integers=TypeError),
]  # fmt: skip


# ── shapes ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def chosen(draw: st.DrawFn, shape: Any = filled_shapes, **choices: Any) -> Case:
    """An operand, and arguments of which each is drawn by a function of its shape and of the arguments before it."""
    size = draw(shape)
    params: dict[str, Any] = {}
    for name, choice in choices.items():
        params[name] = draw(choice(size, *params.values()))
    return Case((draw(array(size)),), params)


def rearranged(shape: tuple[int, ...]) -> st.SearchStrategy[tuple[int, ...]]:
    """Shapes of the same number of elements."""
    n = prod(shape)
    found = [shape, shape[::-1], (n,), (1, *shape), (*shape, 1), (n, 1, 1)] + ([(-1,), (1, -1)] if n else [])
    return st.sampled_from(found + ([(n // 2, 2), (2, -1)] if n and n % 2 == 0 else []))


def arranged(x: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    out = np.zeros([x.size // -prod(size) if n == -1 else n for n in size])
    out.flat = x
    return out


def flattened(x: np.ndarray, start: int, end: int) -> np.ndarray:
    if not x.ndim:
        return x.reshape(1)
    start, end = start % x.ndim, end % x.ndim
    return arranged(x, (*x.shape[:start], prod(x.shape[start : end + 1]), *x.shape[end + 1 :]))


def parts(shape: tuple[int, ...], dim: int) -> st.SearchStrategy[tuple[int, ...]]:
    n = shape[dim]
    return st.sampled_from([(n, 1), (1, n), (-1, n), (n, -1, 1)])


def unflattened(x: np.ndarray, dim: int, sizes: tuple[int, ...]) -> np.ndarray:
    dim %= x.ndim
    known = [x.shape[dim] // -prod(sizes) if n == -1 else n for n in sizes]
    return arranged(x, (*x.shape[:dim], *known, *x.shape[dim + 1 :]))


def orders(shape: tuple[int, ...]) -> st.SearchStrategy[tuple[int, ...]]:
    return st.permutations(range(len(shape))).flatmap(
        lambda dims: st.tuples(*[st.sampled_from([d, d - len(dims)]) for d in dims])
    )


def permuted(x: np.ndarray, dims: tuple[int, ...]) -> np.ndarray:
    letters = "abcd"[: x.ndim]
    return np.einsum(f"{letters}->{''.join(letters[d] for d in dims)}", x)


def new_dim(shape: tuple[int, ...]) -> st.SearchStrategy[int]:
    return st.integers(-len(shape) - 1, len(shape))


def subsets(shape: tuple[int, ...]) -> st.SearchStrategy[tuple[int, ...]]:
    return st.lists(st.sampled_from(range(len(shape))), unique=True).map(tuple) if shape else st.just(())


def squeezed(x: np.ndarray, dim: Any) -> np.ndarray:
    dims = range(x.ndim) if dim is None else dim if isinstance(dim, tuple) else (dim,)
    gone = {d % max(x.ndim, 1) for d in dims}
    return arranged(x, tuple(n for i, n in enumerate(x.shape) if n != 1 or i not in gone))


@st.composite
def stretched(draw: st.DrawFn) -> Case:
    """An operand, and a larger shape that it broadcasts to."""
    shape = draw(small_shapes)
    tail = tuple(draw(st.integers(0, 3)) if n == 1 else draw(st.sampled_from([n, -1])) for n in shape)
    return Case((draw(array(shape)),), {"size": (*draw(shapes(0, 1, 0, 3)), *tail)})


def stretch(x: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    extra = len(size) - x.ndim
    return x * np.ones([x.shape[i - extra] if n == -1 else n for i, n in enumerate(size)])


@st.composite
def shrunk(draw: st.DrawFn) -> Case:
    """An operand, and a shape that broadcasts to its own."""
    shape = draw(small_shapes)
    tail = shape[draw(st.integers(0, len(shape))) :]
    return Case((draw(array(shape)),), {"size": tuple(draw(st.sampled_from([n, 1])) for n in tail)})


def shrink(x: np.ndarray, size: tuple[int, ...]) -> np.ndarray:
    out = np.zeros(size)
    for at in np.ndindex(x.shape):
        out[tuple(0 if n == 1 else i for i, n in zip(at[x.ndim - len(size) :], size))] += x[at]
    return out


def pieces(x: np.ndarray, sizes: Any, dim: int) -> list[np.ndarray]:
    n = x.shape[dim]
    if isinstance(sizes, int):
        sizes = [min(sizes, n - start) for start in range(0, n, sizes)] or [0]
    ends = np.cumsum([0, *sizes])
    return [np.take(x, range(start, end), dim) for start, end in zip(ends, ends[1:])]


@st.composite
def joinable(draw: st.DrawFn, same: bool = False) -> Case:
    """Some operands that differ in one dimension only, or not at all."""
    shape = draw(shapes(0 if same else 2, 3, 0, 3))
    dim = draw(st.integers(-len(shape) - same, len(shape) - (not same)))
    sizes = [list(shape) for _ in range(draw(st.integers(1, 3)))]
    for size in sizes:
        if not same:
            size[dim] = draw(st.integers(0, 3))
    return Case(tuple(draw(array(tuple(size))) for size in sizes), {"dim": dim})


def joined(arrays: list[np.ndarray], dim: int) -> np.ndarray:
    first = np.swapaxes(arrays[0], 0, dim)
    rows = [row for a in arrays for row in np.swapaxes(a, 0, dim)]
    return np.swapaxes(np.array(rows).reshape(len(rows), *first.shape[1:]), 0, dim)


lines = shapes(1, 3, 0, 3)

SHAPES = [
    Operation("reshape", arranged, chosen(small_shapes, size=rearranged), positional=True),
    Operation("view", arranged, chosen(small_shapes, size=rearranged), positional=True, layouts=False),
    Operation("reshape_as", arranged, chosen(small_shapes, size=lambda s: st.just(s[::-1])),
              function=lambda x, size: x.reshape_as(minigrad.zeros(size)), also=("reshape_as",)),
    Operation("view_as", arranged, chosen(small_shapes, size=lambda s: st.just(s[::-1])), layouts=False,
              function=lambda x, size: x.view_as(minigrad.zeros(size)), also=("view_as",)),
    Operation("flatten", flattened,
              chosen(small_shapes, start=lambda s: st.integers(0, max(len(s) - 1, 0)),
                     end=lambda s, start: st.sampled_from([-1, max(len(s) - 1, 0)])), positional=True),
    Operation("unflatten", unflattened, chosen(shapes(1, 3, 1, 3), dim=one_dim, sizes=parts), positional=True),
    Operation("transpose", lambda x, a, b: np.swapaxes(x, a, b) if x.ndim else x,
              chosen(small_shapes, dim0=one_dim, dim1=lambda s, _: one_dim(s)), positional=True),
    Operation("t", lambda x: np.array([[x[j, i] for j in range(len(x))] for i in range(x.shape[1])]).reshape(x.shape[::-1])
              if x.ndim == 2 else x, chosen(shapes(0, 2, 0, 3))),
    Operation("T", lambda x: permuted(x, tuple(range(x.ndim))[::-1]), chosen(small_shapes), function=lambda x: x.T, also=("T",)),
    Operation("mT", lambda x: np.swapaxes(x, -1, -2), chosen(shapes(2, 3, 0, 3)), function=lambda x: x.mT, also=("mT",)),
    Operation("permute", permuted, chosen(small_shapes, dims=orders), positional=True),
    Operation("movedim", np.moveaxis, chosen(lines, source=one_dim, destination=lambda s, _: one_dim(s)), positional=True),
    Operation("expand", stretch, stretched(), positional=True),
    Operation("broadcast_to", stretch, stretched(), positional=True),
    Operation("expand_as", stretch, stretched().filter(lambda c: -1 not in c.params["size"]),
              function=lambda x, size: x.expand_as(minigrad.zeros(size)), also=("expand_as",)),
    Operation("sum_to_size", shrink, shrunk(), positional=True),
    Operation("unsqueeze", np.expand_dims, chosen(small_shapes, dim=new_dim), positional=True),
    Operation("squeeze", squeezed, chosen(small_shapes, dim=lambda s: st.none() | one_dim(s) | subsets(s))),
    Operation("flip", lambda x, dims: x[tuple(slice(None, None, -1 if d in dims else 1) for d in range(x.ndim))],
              chosen(small_shapes, dims=subsets), positional=True),
    Operation("narrow", lambda x, dim, start, n: np.take(x, range(start, start + n), dim),
              chosen(lines, dim=one_dim, start=lambda s, dim: st.integers(0, s[dim]),
                     length=lambda s, dim, start: st.integers(0, s[dim] - start)), positional=True),
    Operation("select", lambda x, dim, index: np.take(x, index, dim),
              chosen(shapes(1, 3, 1, 3), dim=one_dim, index=lambda s, dim: st.integers(-s[dim], s[dim] - 1)), positional=True),
    Operation("unbind", lambda x, dim: [np.take(x, i, dim) for i in range(x.shape[dim])],
              chosen(shapes(1, 3, 1, 3), dim=one_dim), positional=True),
    Operation("split", lambda x, dim, split_size_or_sections: pieces(x, split_size_or_sections, dim),
              chosen(lines, dim=one_dim, split_size_or_sections=lambda s, dim: st.integers(1, 4) | st.integers(0, s[dim]).map(
                  lambda first: [first, s[dim] - first]))),
    Operation("chunk", lambda x, chunks, dim: pieces(x, -(-x.shape[dim] // chunks) or [0] * chunks, dim),
              chosen(lines, chunks=lambda s: st.integers(1, 4), dim=lambda s, _: one_dim(s)), positional=True),
    Operation("repeat", lambda x, times: np.tile(x, times),
              chosen(small_shapes, times=lambda s: st.lists(st.integers(0, 2), min_size=len(s), max_size=len(s) + 1).map(tuple)),
              positional=True),
    Operation("cat", lambda *arrays, dim: joined(arrays, dim), joinable(), function=lambda *ts, dim: minigrad.cat(ts, dim),
              also=("cat",)),
    Operation("stack", lambda *arrays, dim: joined([np.expand_dims(a, dim) for a in arrays], dim), joinable(same=True),
              function=lambda *ts, dim: minigrad.stack(ts, dim), also=("stack",)),
]  # fmt: skip


# ── indices ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def basic(shape: tuple[int, ...]) -> st.SearchStrategy[Any]:
    return hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True)


def masks(shape: tuple[int, ...]) -> st.SearchStrategy[np.ndarray]:
    return st.integers(min(1, len(shape)), len(shape)).flatmap(lambda n: hnp.arrays(bool, shape[:n]))


def places(shape: tuple[int, ...]) -> st.SearchStrategy[Any]:
    return hnp.integer_array_indices(shape, result_shape=hnp.array_shapes(max_dims=2, max_side=3))


def at_places(x: np.ndarray, key: Any) -> np.ndarray:
    flat = [x.reshape(-1).tolist()[np.ravel_multi_index(at, x.shape, "wrap")] for at in zip(*(k.reshape(-1) for k in key))]
    return np.array(flat).reshape(key[0].shape)


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
    "x[mask, 2]": (lambda x, k: x[np.array(k[:1] * 2) > 0, 2], lambda x, k: np.array([r[2] for r in x if k[0] > 0]).reshape(-1, 2)),
}

INDICES = [
    Operation("x[key]", lambda x, key: np.array(x.tolist()).reshape(x.shape)[key], chosen(small_shapes, key=basic),
              function=operator.getitem, positional=True, also=("__getitem__",)),
    Operation("x[mask]", lambda x, key: np.array([x[at] for at in np.ndindex(key.shape) if key[at]]).reshape(key.sum(), *x.shape[key.ndim :]),
              chosen(small_shapes, key=masks), function=operator.getitem, positional=True),
    Operation("x[places]", at_places, chosen(shapes(1, 3, 1, 3), key=places), function=operator.getitem, positional=True),
    *(Operation(name, reference, chosen(st.just((2, 3, 2)), k=lambda s: LISTS), function=function)
      for name, (function, reference) in MIXED.items()),
    Operation("gather", lambda x, index, dim: np.take_along_axis(x[tuple(slice(None) if d == dim % x.ndim else slice(n) for d, n in enumerate(index.shape))], index, dim),
              chosen(shapes(1, 3, 1, 3), dim=one_dim, index=lambda s, dim: st.tuples(*[st.integers(0, n) for n in s]).flatmap(
                  lambda size: hnp.arrays(np.int64, size, elements=st.integers(0, s[dim] - 1)))).map(
                      lambda case: Case((*case.arrays, case.params["index"]), {"dim": case.params["dim"]})), keywords=("index",)),
    Operation("index_select", lambda x, index, dim: np.take(x, index, dim),
              chosen(shapes(1, 3, 1, 3), dim=one_dim, index=lambda s, dim: hnp.arrays(np.int64, st.integers(0, 4), elements=st.integers(0, s[dim] - 1))).map(
                      lambda case: Case((*case.arrays, case.params["index"]), {"dim": case.params["dim"]})), keywords=("index",)),
    Operation("masked_select", lambda x, mask: np.array([v for v, m in zip(*(b.reshape(-1) for b in np.broadcast_arrays(x, mask))) if m]),
              operands(FREE, MASK)),
]  # fmt: skip


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
    *(Operation(name, written, assignments(keys, shape), function=written, also=("__setitem__",), mixed="first")
      for name, keys, shape in [("x[key] = y", basic, small_shapes), ("x[mask] = y", masks, small_shapes),
                                ("x[places] = y", places, shapes(1, 3, 1, 3))]),
    Operation("copy_", lambda x, y: y + 0 * x, replacements(), function=lambda x, y: x.clone().copy_(y), also=("copy_",), mixed="first"),
    Operation("fill_", lambda x: 0 * x + 2.5, operands(FREE), function=lambda x: x.clone().fill_(2.5), also=("fill_",), integers=None),
    Operation("zero_", lambda x: 0 * x, operands(FREE), function=lambda x: x.clone().zero_(), also=("zero_",)),
]  # fmt: skip


# ── products, losses ─────────────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def products(draw: st.DrawFn, *, first: int | None = None, second: int | None = None) -> Case:
    """Operands of a matrix product: vectors, matrices or batches, or with so many dimensions."""
    m, n, p = (draw(st.integers(0, 3)) for _ in range(3))
    batch = draw(broadcastable_shapes(2, max_dims=2, max_side=2)) if first is None else ((2,), (2,)) if first == 3 else ((), ())
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


def picked(x: np.ndarray, target: np.ndarray, reduction: str) -> np.ndarray:
    return reduced(-np.take_along_axis(x, np.expand_dims(target, -1), -1)[..., 0], reduction)


PRODUCTS = [
    Operation("matmul", product, products()),
    Operation("x @ y", product, products(), function=operator.matmul, also=("__matmul__",)),
    Operation("array @ x", lambda x: product(np.ones((2, len(x))), x), chosen(shapes(1, 2, 0, 3)), integers="float32", also=("__rmatmul__",),
              function=lambda x: np.ones((2, len(x)), x.array.dtype if x.is_floating_point() else np.float32) @ x),
    Operation("mm", product, products(first=2, second=2)),
    Operation("bmm", product, products(first=3, second=3)),
    Operation("mv", product, products(first=2, second=1)),
    Operation("dot", product, products(first=1, second=1)),
    Operation("outer", lambda x, y: np.array([a * b for a in x for b in y]).reshape(x.size, y.size),
              st.builds(lambda a, b: Case((*a.arrays, *b.arrays), {}), chosen(shapes(1, 1, 0, 3)), chosen(shapes(1, 1, 0, 3)))),
    Operation("linear", lambda x, w, b=0: product(x, w.T) + b, layers(), function=linear, also=("linear",)),
]

LOSSES = [
    Operation("squared_error", lambda x, y, scale: np.array(scale * np.sum(x * x - 2 * x * y + y * y)),
              alike(FREE, FREE, scale=st.just(0.5)), function=squared_error, integers=None, also=("squared_error",)),
    Operation("mse_loss", lambda x, y, reduction: reduced(x * x - 2 * x * y + y * y, reduction),
              alike(FREE, FREE, shape=filled_shapes, reduction=REDUCTION), function=nn.functional.mse_loss, integers=None),
    Operation("nll_loss", picked, classified(), function=nn.functional.nll_loss, integers=None),
    Operation("cross_entropy", lambda x, target, reduction: picked(np.log(np.exp(x) / np.exp(x).sum(-1, keepdims=True)), target, reduction),
              classified(), function=nn.functional.cross_entropy, integers=None),
]  # fmt: skip

ARRANGEMENTS = [*REDUCTIONS, *SHAPES, *INDICES, *WRITING, *PRODUCTS, *LOSSES]
