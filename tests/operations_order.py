"""Rows of the table of operations: writing at indices, order, running sums, more reductions."""

# ruff: noqa: E501 (rows are read across)

from __future__ import annotations

from typing import Any

import numpy as np
from domains import (
    DISTINCT,
    FREE,
    MASK,
    NONZERO,
    Case,
    Operation,
    alike,
    array,
    axes,
    chosen,
    full_lines,
    lines,
    near,
    one_dim,
    operands,
    over,
    reductions,
)  # fmt: skip
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minigrad import Tensor
from minigrad.testing import shapes

# ── writing at indices ───────────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def scatters(draw: st.DrawFn, *, once: bool = False, source: Any = FREE, **params: Any) -> Case:
    """A tensor, an index that fits, of which no place comes twice if `once`, and perhaps a source."""
    shape = draw(full_lines)
    dim = draw(one_dim(shape))
    size = [draw(st.integers(0, n)) for n in shape]
    n = shape[dim]
    size[dim] = draw(st.integers(0, n if once else 3))
    index = draw(hnp.arrays(np.int64, tuple(size), elements=st.integers(0, n - 1)))
    if once:
        line = np.array(draw(st.permutations(range(n))))[: size[dim]]
        index = np.broadcast_to(
            line.reshape([-1 if d == dim % len(shape) else 1 for d in range(len(shape))]), size
        ).copy()
    x = draw(array(shape, FREE if source is None else source))
    values = () if source is None else (draw(array(tuple(size), source)),)
    return Case((x, index, *values), {"dim": dim, **{k: draw(v) for k, v in params.items()}})


@st.composite
def slices(draw: st.DrawFn, *, once: bool = False, source: bool = True, **params: Any) -> Case:
    """A tensor, indices along a dimension, and perhaps a slice for each."""
    shape = draw(full_lines)
    dim = draw(one_dim(shape))
    n = shape[dim]
    found = draw(st.lists(st.integers(0, n - 1), unique=once, max_size=4))
    size = list(shape)
    size[dim] = len(found)
    values = (draw(array(tuple(size))),) if source else ()
    return Case(
        (draw(array(shape)), np.array(found, np.int64), *values),
        {"dim": dim, **{k: draw(v) for k, v in params.items()}},
    )


def at_each(index: np.ndarray, dim: int) -> Any:
    """The place that each element of an index leads to."""
    for at in np.ndindex(index.shape):
        place = list(at)
        place[dim] = index[at]
        yield at, tuple(place)


def scattered(x: np.ndarray, index: np.ndarray, src: Any = None, *, dim: int, value: Any = None) -> np.ndarray:
    out = x.copy()
    for at, place in at_each(index, dim):
        out[place] = value if src is None else src[at]
    return out


def combined(
    x: np.ndarray, index: np.ndarray, src: np.ndarray, dim: int, reduce: str = "sum", include_self: bool = True
) -> np.ndarray:
    parts: dict[Any, list[float]] = {}
    for at, place in at_each(index, dim):
        parts.setdefault(place, [x[place]] if include_self else []).append(src[at])
    out = x.copy()
    how: Any = {"sum": np.sum, "prod": np.prod, "mean": np.mean, "amax": np.max, "amin": np.min}[reduce]
    for place, values in parts.items():
        out[place] = how(values)
    return out


def sliced(x: np.ndarray, index: np.ndarray, source: Any = None, *, dim: int, value: Any = None) -> np.ndarray:
    out = np.moveaxis(x.copy(), dim, 0)
    for i, at in enumerate(index):
        out[at] = value if source is None else np.moveaxis(source, dim, 0)[i]
    return np.moveaxis(out, 0, dim)


def slices_added(x: np.ndarray, index: np.ndarray, source: np.ndarray, dim: int, alpha: float) -> np.ndarray:
    out = np.moveaxis(x.copy(), dim, 0)
    for i, at in enumerate(index):
        out[at] = out[at] + alpha * np.moveaxis(source, dim, 0)[i]
    return np.moveaxis(out, 0, dim)


def slices_combined(x: np.ndarray, index: np.ndarray, source: np.ndarray, dim: int, reduce: str) -> np.ndarray:
    wide = index.reshape([-1 if d == dim % x.ndim else 1 for d in range(x.ndim)])
    return combined(x, np.broadcast_to(wide, source.shape), source, dim, reduce)


@st.composite
def flat_places(draw: st.DrawFn, source: bool = False) -> Case:
    """A tensor, numbers of elements counted through it, and perhaps an element for each."""
    shape = draw(full_lines)
    n = int(np.prod(shape))
    found = draw(st.lists(st.integers(-n, n - 1), unique_by=lambda i: i % n, max_size=4))
    values = (draw(array((len(found),))),) if source else ()
    return Case((draw(array(shape)), np.array(found, np.int64), *values), {})


def put(x: np.ndarray, index: np.ndarray, source: np.ndarray) -> np.ndarray:
    out = x.reshape(-1).copy()
    for at, value in zip(index, source):
        out[at] = value
    return out.reshape(x.shape)


@st.composite
def put_pairs(draw: st.DrawFn, once: bool) -> Case:
    """A matrix, a row and a column for each of some values."""
    x = draw(array((2, 3)))
    found = draw(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2)), unique=once, min_size=1, max_size=4))
    return Case((x, np.array([a for a, _ in found]), np.array([b for _, b in found]), draw(array((len(found),)))), {})


def pairs_put(x: np.ndarray, i: np.ndarray, j: np.ndarray, values: np.ndarray, accumulate: bool) -> np.ndarray:
    out = x.copy()
    for a, b, value in zip(i, j, values):
        out[a, b] = value + (out[a, b] if accumulate else 0)
    return out


def masked_in_turn(x: np.ndarray, mask: np.ndarray, source: np.ndarray) -> np.ndarray:
    out, rest = x.copy(), iter(source.reshape(-1))
    for at in np.ndindex(x.shape):
        if mask[at]:
            out[at] = next(rest)
    return out


def with_part(x: np.ndarray, y: np.ndarray, key: Any) -> np.ndarray:
    out = x.copy()
    out[key] = y
    return out


def pair(first: tuple[int, ...], second: tuple[int, ...], **params: Any) -> st.SearchStrategy[Case]:
    return st.builds(lambda a, b: Case((a, b), params), array(first), array(second))


SCATTERING = [
    Operation("scatter", scattered, scatters(once=True), keywords=("index", "src"), integers="same", mixed="refused"),
    Operation("scatter_value", scattered, scatters(source=None, value=st.just(2.5)), function=Tensor.scatter, keywords=("index",), integers=None),
    Operation("scatter_add", combined, scatters(), keywords=("index", "src"), mixed="refused"),
    *(
        Operation(
            f"scatter_reduce {reduce}{'' if own else ' alone'}",
            lambda x, index, src, dim, reduce=reduce, own=own: combined(x, index, src, dim, reduce, own),
            scatters(source=FREE if reduce in ("sum", "mean", "prod") else DISTINCT).map(lambda case, r=reduce: apart(case) if r[0] == "a" else case),
            function=lambda x, index, src, dim, reduce=reduce, own=own: x.scatter_reduce(dim, index, src, reduce, include_self=own),
            keywords=("index", "src"), integers=None, mixed="refused", also=("scatter_reduce",),
        )
        for reduce in ("sum", "prod", "mean", "amax", "amin") for own in (True, False)
    ),
    Operation("index_add", slices_added, slices(alpha=st.sampled_from([1, -2])), keywords=("index", "source"), mixed="refused"),
    Operation("index_copy", sliced, slices(once=True), keywords=("index", "source"), mixed="refused"),
    Operation("index_fill", sliced, slices(source=False, value=st.just(2)), keywords=("index",)),
    Operation("index_reduce", slices_combined, slices(reduce=st.sampled_from(["prod", "mean"])), keywords=("index", "source"), integers=None, mixed="refused"),
    Operation("take", lambda x, index: x.reshape(-1)[index], flat_places()),
    Operation("put", put, flat_places(True), mixed="refused"),
    Operation(
        "index_put", lambda x, i, j, v: pairs_put(x, i, j, v, False), put_pairs(True),
        function=lambda x, i, j, v: x.index_put((i, j), v), mixed="refused", also=("index_put",),
    ),
    Operation(
        "index_put_add", lambda x, i, j, v: pairs_put(x, i, j, v, True), put_pairs(False),
        function=lambda x, i, j, v: x.index_put((i, j), v, accumulate=True), mixed="refused",
    ),
    Operation("fill_diagonal_", lambda x: x * (1 - np.eye(*x.shape)) + 2 * np.eye(*x.shape), alike(FREE, shape=shapes(2, 2, 1, 3)), function=lambda x: x.clone().fill_diagonal_(2)),
    Operation("masked_scatter", masked_in_turn, alike(FREE, MASK, FREE), mixed="refused"),
    Operation("select_scatter", lambda x, y, dim, index: with_part(x, y, (slice(None), index)), pair((2, 3), (2,), dim=1, index=1), mixed="first"),
    Operation("slice_scatter", lambda x, y, dim, start: with_part(x, y, (slice(None), slice(start, None))), pair((2, 3), (2, 2), dim=1, start=1), mixed="first"),
    Operation("diagonal_scatter", lambda x, y: with_part(x, y, (np.arange(2), np.arange(2))), pair((2, 3), (2,)), mixed="first"),
    Operation(
        "take_along_dim", lambda x, indices, dim: np.take_along_axis(x, indices, dim),
        alike(FREE, shape=st.just((3, 2))).map(lambda case: Case((*case.arrays, np.array([[0, -1], [2, 2]])), {"dim": 0})),
        keywords=("indices",),
    ),
    *(
        Operation(name, lambda x: np.array(np.argwhere(x)).reshape(np.sum(x != 0), x.ndim), operands(st.sampled_from([0.0, 1.5])), gradient=False, result="int64", integers="int64")
        for name in ("nonzero", "argwhere")
    ),
]  # fmt: skip


def apart(case: Case) -> Case:
    """The elements of the source never equal those of the tensor."""
    x, index, source = case.arrays
    return Case((x, index, source + 0.1), case.params)


# ── order ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def in_order(x: np.ndarray, dim: int, descending: bool = False) -> np.ndarray:
    if not x.ndim:
        return np.zeros((), np.int64)
    return np.argsort(-x if descending else x, dim, kind="stable")


def along(x: np.ndarray, at: np.ndarray, dim: int) -> np.ndarray:
    return np.take_along_axis(x, at, dim) if x.ndim else x


def ordered(x: np.ndarray, dim: int, descending: bool) -> Any:
    at = in_order(x, dim, descending)
    return along(x, at, dim), at


def best(x: np.ndarray, dim: int, k: int, largest: bool) -> Any:
    at = in_order(x, dim, largest)
    at = at.take(range(k), dim) if x.ndim else at
    return along(x, at, dim), at


def one_of(rank: Any) -> Any:
    def found(x: np.ndarray, dim: int, keepdim: bool, k: int = 1) -> Any:
        at = in_order(x, dim)
        if x.ndim:
            at = at.take([rank(x.shape[dim], k)], dim)
        values = along(x, at, dim)
        return (values, at) if keepdim or not x.ndim else (values.squeeze(dim), at.squeeze(dim))

    return found


ORDERS: dict[str, Any] = {"result": "same, int64", "integers": "same, int64"}
EACH_DIM = {"dim": one_dim, "least": 1}
FEW = st.sampled_from([0.0, 1.0, 2.0])
counted: dict[str, Any] = {"gradient": False, "result": "int64", "integers": "int64"}

SORTING = [
    Operation("sort", ordered, reductions(DISTINCT, one_dim, keepdim=None, descending=st.booleans()), **ORDERS),
    Operation("argsort", in_order, reductions(DISTINCT, one_dim, keepdim=None, descending=st.booleans()), **counted),
    Operation("msort", lambda x: np.sort(x, 0), alike(DISTINCT, shape=lines)),
    Operation("topk", best, reductions(DISTINCT, one_dim, least=1, keepdim=None, k=st.sampled_from([0, 1]), largest=st.booleans()).filter(lambda c: c.arrays[0].ndim), **ORDERS),
    Operation("kthvalue", one_of(lambda n, k: k - 1), reductions(DISTINCT, one_dim, least=2, k=st.sampled_from([1, 2])).filter(lambda c: c.arrays[0].ndim), **ORDERS),
    Operation("median", lambda x: np.sort(x, None)[(x.size - 1) // 2], alike(DISTINCT, shape=shapes(0, 3, 1, 3))),
    Operation("median along dim", one_of(lambda n, k: (n - 1) // 2), reductions(DISTINCT, **EACH_DIM), function=Tensor.median, **ORDERS),
    Operation("nanmedian", one_of(lambda n, k: (n - 1) // 2), reductions(DISTINCT, **EACH_DIM), **ORDERS),
    Operation("mode", one_of(lambda n, k: 0), reductions(DISTINCT, **EACH_DIM), **ORDERS),
    *(
        Operation(
            name, lambda x, dim, keepdim, q: np.quantile(x, q, axes(x, dim), keepdims=keepdim),
            reductions(DISTINCT, lambda shape: st.none() | one_dim(shape), least=1, q=st.sampled_from([0.0, 0.3, 1.0])), integers=TypeError,
        )
        for name in ("quantile", "nanquantile")
    ),
    Operation("unique", lambda x: np.array(sorted(set(x.reshape(-1).tolist())), x.dtype), operands(FEW), gradient=False),
    Operation("unique_consecutive", lambda x: np.array([v for i, v in enumerate(x) if not i or v != x[i - 1]], x.dtype), alike(FEW, shape=shapes(1, 1, 0, 3)), gradient=False),
    Operation(
        "bincount", lambda x, minlength: np.array([(x == i).sum() for i in range(max(x.max() + 1, minlength))]),
        st.lists(st.integers(0, 5), min_size=1, max_size=5).map(lambda x: Case((np.array(x),), {"minlength": 3})), **counted,
    ),
    Operation("histc", lambda x, bins, min, max: np.histogram(x, bins, (min, max))[0].astype(float), operands(near(0.5, 0.4), bins=st.just(3), min=st.just(-1), max=st.just(2)), gradient=False, integers=TypeError),
    Operation("histogram", lambda x, bins: [(np.histogram(x, bins)[0] * 1.0), np.histogram(x, bins)[1]], operands(DISTINCT, bins=st.just(3)).filter(lambda c: c.arrays[0].size > 1), gradient=False, integers=TypeError),
    Operation("bucketize", lambda x, e: (x[..., None] > e).sum(-1), operands(FREE).map(lambda c: Case((*c.arrays, np.array([-1.0, 0.5])), {})), **counted),
    Operation("searchsorted", lambda e, x: (x[..., None] > e).sum(-1), operands(FREE).map(lambda c: Case((np.array([-1.0, 0.5]), *c.arrays), {})), layouts=False, **counted),
]  # fmt: skip

# ── running sums, more reductions ────────────────────────────────────────────────────────────────────────────────────

BY_LINE: dict[str, Any] = {"dim": one_dim, "keepdim": None}


def running(function: Any) -> Any:
    return lambda x, dim: (
        np.stack([function(x.take(range(i + 1), dim), dim) for i in range(x.shape[dim])], dim)
        if x.size and x.ndim
        else x
    )


def running_extreme(sign: int) -> Any:
    def found(x: np.ndarray, dim: int) -> Any:
        if not x.ndim:
            return x, np.zeros((), np.int64)
        at = running(lambda part, d: np.argmax(sign * part, d))(x, dim).astype(np.int64)
        return along(x, at, dim), at

    return found


def by_trapezoids(x: np.ndarray, dim: int) -> np.ndarray:
    n = x.shape[dim]
    return sum(((x.take(i, dim) + x.take(i + 1, dim)) / 2 for i in range(n - 1)), np.zeros_like(x.take(0, dim)))


def moments(root: float) -> Any:
    return lambda x, dim, keepdim, correction: (
        np.var(x, axis=axes(x, dim), ddof=correction, keepdims=keepdim) ** root, np.mean(x, axis=axes(x, dim), keepdims=keepdim),
    )  # fmt: skip


RUNNING = [
    Operation("cumprod", lambda x, dim: running(np.prod)(x, dim), reductions(st.sampled_from([0.0, -1.5, 0.5, 2.0]), **BY_LINE)),
    Operation("logcumsumexp", lambda x, dim: running(lambda p, d: np.log(np.exp(p).sum(d)))(x, dim), reductions(**BY_LINE), integers="float32"),
    Operation("cummax", running_extreme(1), reductions(DISTINCT, **BY_LINE), result="same, int64", integers=None),
    Operation("cummin", running_extreme(-1), reductions(DISTINCT, **BY_LINE), result="same, int64", integers=None),
    Operation("diff", lambda x, dim, n: np.diff(x, n, dim), chosen(full_lines, dim=one_dim, n=lambda *_: st.integers(0, 2))),
    Operation("trapezoid", by_trapezoids, chosen(full_lines, dim=one_dim), also=("trapz",), integers="float32"),
    Operation("cumulative_trapezoid", lambda x: np.cumsum((x[..., 1:] + x[..., :-1]) / 2, -1), alike(FREE, shape=full_lines), integers="float32"),
    Operation("nansum", over(np.sum), reductions()),
    Operation("nanmean", over(np.mean), reductions(least=1), integers=TypeError),
    Operation("count_nonzero", lambda x, dim: np.sum(x != 0, axes(x, dim)), reductions(FEW, keepdim=None), **counted),
    Operation("aminmax", lambda x, dim, keepdim: (over(np.min)(x, dim, keepdim), over(np.max)(x, dim, keepdim)), reductions(DISTINCT, **EACH_DIM)),
    Operation("var_mean", moments(1), reductions(DISTINCT, least=2, correction=st.sampled_from([0, 1])), integers=TypeError),
    Operation("std_mean", moments(0.5), reductions(DISTINCT, least=2, correction=st.sampled_from([0, 1])), integers=TypeError),
    Operation("dist", lambda x, y, p: (np.abs(x - y) ** p).sum() ** (1 / p), alike(FREE, FREE, p=st.sampled_from([1, 2])).map(lambda c: Case((c.arrays[0], c.arrays[0] + np.abs(c.arrays[1]) + 0.5), c.params)).filter(lambda c: c.arrays[0].size), integers=TypeError),
    Operation("renorm", lambda x, p, dim, maxnorm: x * np.minimum(1, maxnorm / (np.sqrt((x * x).sum(1, keepdims=True)) + 1e-7)), alike(NONZERO, shape=st.just((2, 3)), p=st.just(2), dim=st.just(0), maxnorm=st.just(0.1)), integers=TypeError),
]  # fmt: skip

ORDER = [*SCATTERING, *SORTING, *RUNNING]
