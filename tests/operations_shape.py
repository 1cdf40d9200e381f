"""Rows of the table of operations: reductions and shapes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import inf, prod
from typing import Any

import numpy as np
from domains import (
    DISTINCT,
    NONZERO,
    Case,
    Operation,
    array,
    axes,
    chosen,
    filled_shapes,
    full_lines,
    lines,
    one_dim,
    operands,
    over,
    reductions,
    small_shapes,
)
from hypothesis import strategies as st

import minigrad
from minigrad import Tensor
from minigrad.testing import shapes

# ── reductions ───────────────────────────────────────────────────────────────────────────────────────────────────────


def exp_normalised(x: np.ndarray, dim: int) -> np.ndarray:
    return np.exp(x) / np.exp(x).sum(axes(x, dim), keepdims=True)


def moment(x: np.ndarray, dim: Any, keepdim: bool, correction: int) -> np.ndarray:
    """The variance, by way of Σx² - n·mean²."""
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


def mean(x: np.ndarray, dim: Any, keepdim: bool) -> np.ndarray:
    return over(np.sum)(x, dim, keepdim) / over(np.sum)(np.ones_like(x), dim, keepdim)


def log_sum_exp(x: np.ndarray, dim: Any, keepdim: bool) -> np.ndarray:
    return np.log(over(np.sum)(np.exp(x), dim, keepdim))


def with_place(extreme: Any, place: Any) -> Any:
    """A reduction that gives both the extreme and where it is."""
    return lambda x, dim, keepdim: (over(extreme)(x, dim, keepdim), over(place)(x, dim, keepdim))


def some(x: np.ndarray, axis: Any, keepdims: bool) -> np.ndarray:
    return np.sum(x != 0, axis, keepdims=keepdims) > 0


def every(x: np.ndarray, axis: Any, keepdims: bool) -> np.ndarray:
    return np.sum(x == 0, axis, keepdims=keepdims) == 0


def one_or_all(shape: tuple[int, ...]) -> st.SearchStrategy[Any]:
    return st.none() | one_dim(shape)


def off_zero(case: Case) -> Case:
    return Case((np.asarray(case.arrays[0] + 0.1),), case.params)


ZEROS = st.sampled_from([0.0, 1.5])
CORRECTION = st.sampled_from([0, 1])
ORDERS = st.sampled_from(["fro", 2, 1, 3, 0.5, -1, 0])
to_places: dict[str, Any] = {"gradient": False, "result": "int64", "integers": "int64"}
to_bool: dict[str, Any] = {"gradient": False, "result": "bool", "integers": "bool"}
to_both: dict[str, Any] = {"result": "same, int64", "integers": "same, int64"}

REDUCTIONS = [
    Operation("sum", over(np.sum), reductions()),
    Operation("mean", mean, reductions(least=1), integers=TypeError),
    Operation("var", moment, reductions(least=2, correction=CORRECTION), integers=TypeError),
    Operation(
        "std",
        lambda x, **params: moment(x, **params) ** 0.5,
        reductions(DISTINCT, least=2, correction=CORRECTION),
        integers=TypeError,
    ),
    Operation("prod", over(np.prod), reductions(dim=one_or_all)),
    Operation("amax", over(np.max), reductions(DISTINCT, least=1)),
    Operation("amin", over(np.min), reductions(DISTINCT, least=1)),
    Operation("max", np.max, operands(DISTINCT, shape=filled_shapes)),
    Operation("min", np.min, operands(DISTINCT, shape=filled_shapes)),
    Operation(
        "max along dim",
        with_place(np.max, np.argmax),
        reductions(DISTINCT, one_dim, least=1),
        function=Tensor.max,
        **to_both,
    ),
    Operation(
        "min along dim",
        with_place(np.min, np.argmin),
        reductions(DISTINCT, one_dim, least=1),
        function=Tensor.min,
        **to_both,
    ),
    Operation("argmax", over(np.argmax), reductions(DISTINCT, one_or_all, least=1), **to_places),
    Operation("argmin", over(np.argmin), reductions(DISTINCT, one_or_all, least=1), **to_places),
    Operation("any", over(some), reductions(ZEROS), **to_bool),
    Operation("all", over(every), reductions(ZEROS), **to_bool),
    Operation("logsumexp", log_sum_exp, reductions(least=1), integers="float32"),
    Operation("softmax", exp_normalised, reductions(dim=one_dim, keepdim=None), integers="float32"),
    Operation(
        "log_softmax",
        lambda x, dim: np.log(exp_normalised(x, dim)),
        reductions(dim=one_dim, keepdim=None),
        integers="float32",
    ),
    Operation("cumsum", lambda x, dim: np.cumsum(x, dim).reshape(x.shape), reductions(dim=one_dim, keepdim=None)),
    Operation("norm", norm, reductions(NONZERO, least=1, p=ORDERS), integers=TypeError),
    Operation(
        "norm of order inf",
        norm,
        reductions(DISTINCT, least=1, p=st.sampled_from([inf, -inf])).map(off_zero),
        function=Tensor.norm,
        integers=TypeError,
    ),
]


# ── shapes ───────────────────────────────────────────────────────────────────────────────────────────────────────────


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
    return [np.take(x, range(start, end), dim) for start, end in pairwise(ends)]


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


def joined(arrays: Sequence[np.ndarray], dim: int) -> np.ndarray:
    first = np.swapaxes(arrays[0], 0, dim)
    rows = [row for a in arrays for row in np.swapaxes(a, 0, dim)]
    return np.swapaxes(np.array(rows).reshape(len(rows), *first.shape[1:]), 0, dim)


def reversed_shape(shape: tuple[int, ...]) -> st.SearchStrategy[tuple[int, ...]]:
    return st.just(shape[::-1])


def other_dim(shape: tuple[int, ...], dim: int) -> st.SearchStrategy[int]:
    return one_dim(shape)


def first_dim(shape: tuple[int, ...]) -> st.SearchStrategy[int]:
    return st.integers(0, max(len(shape) - 1, 0))


def last_dim(shape: tuple[int, ...], first: int) -> st.SearchStrategy[int]:
    return st.sampled_from([-1, max(len(shape) - 1, 0)])


def starts(shape: tuple[int, ...], dim: int) -> st.SearchStrategy[int]:
    return st.integers(0, shape[dim])


def lengths(shape: tuple[int, ...], dim: int, start: int) -> st.SearchStrategy[int]:
    return st.integers(0, shape[dim] - start)


def places(shape: tuple[int, ...], dim: int) -> st.SearchStrategy[int]:
    return st.integers(-shape[dim], shape[dim] - 1)


def sections(shape: tuple[int, ...], dim: int) -> st.SearchStrategy[Any]:
    n = shape[dim]
    return st.integers(1, 4) | st.integers(0, n).map(lambda first: [first, n - first])


def repeats(shape: tuple[int, ...]) -> st.SearchStrategy[tuple[int, ...]]:
    return st.lists(st.integers(0, 2), min_size=len(shape), max_size=len(shape) + 1).map(tuple)


def transposed(x: np.ndarray) -> np.ndarray:
    return permuted(x, tuple(range(x.ndim))[::-1])


def flipped(x: np.ndarray, dims: tuple[int, ...]) -> np.ndarray:
    return x[tuple(slice(None, None, -1 if d in dims else 1) for d in range(x.ndim))]


by_position: dict[str, Any] = {"positional": True}

SHAPES = [
    Operation("reshape", arranged, chosen(small_shapes, size=rearranged), **by_position),
    Operation("view", arranged, chosen(small_shapes, size=rearranged), layouts=False, **by_position),
    Operation(
        "reshape_as",
        arranged,
        chosen(small_shapes, size=reversed_shape),
        function=lambda x, size: x.reshape_as(minigrad.zeros(size)),
    ),
    Operation(
        "view_as",
        arranged,
        chosen(small_shapes, size=reversed_shape),
        function=lambda x, size: x.view_as(minigrad.zeros(size)),
        layouts=False,
    ),
    Operation("flatten", flattened, chosen(small_shapes, start=first_dim, end=last_dim), **by_position),
    Operation("unflatten", unflattened, chosen(full_lines, dim=one_dim, sizes=parts), **by_position),
    Operation(
        "transpose",
        lambda x, a, b: np.swapaxes(x, a, b) if x.ndim else x,
        chosen(small_shapes, dim0=one_dim, dim1=other_dim),
        **by_position,
    ),
    Operation("t", transposed, chosen(shapes(0, 2, 0, 3))),
    Operation("T", transposed, chosen(small_shapes), function=lambda x: x.T),
    Operation("mT", lambda x: np.swapaxes(x, -1, -2), chosen(shapes(2, 3, 0, 3)), function=lambda x: x.mT),
    Operation("permute", permuted, chosen(small_shapes, dims=orders), **by_position),
    Operation(
        "movedim",
        lambda x, source, destination: np.moveaxis(x, source, destination) if x.ndim else x,
        chosen(small_shapes, source=one_dim, destination=other_dim),
    ),
    Operation("expand", stretch, stretched(), **by_position),
    Operation("broadcast_to", stretch, stretched(), **by_position),
    Operation(
        "expand_as",
        stretch,
        stretched().filter(lambda case: -1 not in case.params["size"]),
        function=lambda x, size: x.expand_as(minigrad.zeros(size)),
    ),
    Operation("sum_to_size", shrink, shrunk(), **by_position),
    Operation("unsqueeze", np.expand_dims, chosen(small_shapes, dim=new_dim), **by_position),
    Operation("squeeze", squeezed, chosen(small_shapes, dim=lambda shape: one_or_all(shape) | subsets(shape))),
    Operation("flip", flipped, chosen(small_shapes, dims=subsets), **by_position),
    Operation(
        "narrow",
        lambda x, dim, start, length: np.take(x, range(start, start + length), dim),
        chosen(lines, dim=one_dim, start=starts, length=lengths),
    ),
    Operation(
        "select",
        lambda x, dim, index: np.take(x, index, dim),
        chosen(full_lines, dim=one_dim, index=places),
    ),
    Operation(
        "unbind",
        lambda x, dim: [np.take(x, i, dim) for i in range(x.shape[dim])],
        chosen(full_lines, dim=one_dim),
    ),
    Operation(
        "split",
        lambda x, dim, split_size_or_sections: pieces(x, split_size_or_sections, dim),
        chosen(lines, dim=one_dim, split_size_or_sections=sections),
    ),
    Operation(
        "chunk",
        lambda x, chunks, dim: pieces(x, -(-x.shape[dim] // chunks) or [0] * chunks, dim),
        chosen(lines, chunks=lambda shape: st.integers(1, 4), dim=other_dim),
    ),
    Operation("repeat", np.tile, chosen(small_shapes, times=repeats), **by_position),
    Operation(
        "cat",
        lambda *arrays, dim: joined(arrays, dim),
        joinable(),
        function=lambda *tensors, dim: minigrad.cat(tensors, dim),
    ),
    Operation(
        "stack",
        lambda *arrays, dim: joined([np.expand_dims(a, dim) for a in arrays], dim),
        joinable(same=True),
        function=lambda *tensors, dim: minigrad.stack(tensors, dim),
    ),
]
