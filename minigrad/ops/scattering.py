"""Writing at indices, as an operation: a copy of the tensor in which some elements are others. In place, with `_`.

Where an index repeats, the last value stays and alone receives a gradient; the operations that add, multiply or compare say
so in their names. An index counts from 0 and may not be negative, but in `index_put` and `put`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.errors import ShapeError
from minigrad.graph import apply
from minigrad.kernels import indexing
from minigrad.ops.indexing import _line, _whole_numbers, fitting, names_nothing, normalise
from minigrad.ops.mutation import in_place
from minigrad.ops.shape import dimension

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


class Scattering:
    """Elements written or added at indices."""

    __slots__ = ()

    # ── an index per element, along a dimension ──────────────────────────────────────────────────────────────────────

    def scatter(
        self: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None, reduce: str | None = None
    ) -> Tensor:
        """self[index[i][j]][j] = src[i][j] for dim 0, and so on: the reverse of `gather`. `src` may be a number, `value`.

        `reduce` "add" or "multiply" does that to what is there. ShapeError for an index that does not fit, IndexRangeError
        (an IndexError and a RuntimeError) for one that leads outside.

        >>> import minigrad
        >>> minigrad.zeros(2, 3).scatter(1, minigrad.tensor([[2], [0]]), 1.0)  # one-hot rows
        tensor([[0., 0., 1.],
                [1., 0., 0.]])
        """
        src = value if src is None else src
        if names_nothing(self, index):
            return self.clone()
        if not isinstance(src, Scattering):
            dim = fitting(self, index, dim, "scatter")
            if reduce is None:
                return self._scatter_put(self._like(src), index, dim)
            src = self._like(src).expand(index.array.shape)
        if reduce is not None:
            if reduce not in ("add", "multiply"):
                raise ValueError(f"scatter: reduce={reduce!r}: use 'add' or 'multiply', or scatter_reduce")
            return (
                self.scatter_add(dim, index, src) if reduce == "add" else self.scatter_reduce(dim, index, src, "prod")
            )
        dim = fitting(self, index, dim, "scatter", src)
        _one_type(self, src, "scatter")
        return self._scatter_put(_cut(src, index), index, dim)

    def _like(self: Tensor, value: Any) -> Tensor:
        """A number as a tensor of this dtype, whatever it is."""
        return self._operand(value).to(self.dtype)

    def _scatter_put(self: Tensor, source: Tensor, index: Tensor, dim: int) -> Tensor:
        """`source`, broadcast to the index, where the index leads."""
        shape = self.array.shape
        return apply(
            indexing.scatter_put,
            (self, index, source),
            (
                lambda g: g._scatter_put(g.new_zeros(()), index, dim),
                None,
                lambda g: g.gather(dim, index) * g._wrap(indexing.last_of(index.array, shape, dim)),
            ),
            axis=dim,
        )

    def scatter_add(self: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
        """self[index[i][j]][j] += src[i][j] for dim 0, and so on, as often as an index occurs."""
        if names_nothing(self, index):
            return self.clone()
        dim = fitting(self, index, dim, "scatter_add", src)
        _one_type(self, src, "scatter_add")
        return apply(
            indexing.scatter_add,
            (self, index, _cut(src, index)),
            (lambda g: g, None, lambda g: g.gather(dim, index)),
            axis=dim,
        )

    def scatter_reduce(
        self: Tensor, dim: int, index: Tensor, src: Tensor, reduce: str, *, include_self: bool = True
    ) -> Tensor:
        """What goes to each place combined: its "sum", "prod", "mean", "amax" or "amin", with what was there if
        `include_self`. Places to which nothing goes stay as they are. Equal extremes share the gradient evenly.

        ValueError for another `reduce`.
        """
        if names_nothing(self, index):
            return self.clone()
        dim = fitting(self, index, dim, "scatter_reduce", src)
        _one_type(self, src, "scatter_reduce")
        src = _cut(src, index)
        if reduce in ("amax", "amin"):
            return _extreme(self, index, src, dim, reduce, include_self)
        if reduce not in ("sum", "mean", "prod"):
            raise ValueError(f"scatter_reduce: reduce={reduce!r}: use 'sum', 'prod', 'mean', 'amax' or 'amin'")
        neutral = self._like(1 if reduce == "prod" else 0)
        start = self if include_self else self._scatter_put(neutral, index, dim)
        if reduce == "prod":
            return _products(start, index, src, dim)
        total = start.scatter_add(dim, index, src)
        if reduce == "sum":
            return total
        count = self.new_full(self.array.shape, int(include_self)).scatter_add(dim, index, src.detach()._ones())
        return total.div(count.clamp(min=1), rounding_mode=None if self.array.dtype.kind == "f" else "floor")

    # ── an index per slice ───────────────────────────────────────────────────────────────────────────────────────────

    def index_add(self: Tensor, dim: int, index: Tensor, source: Tensor, *, alpha: float = 1) -> Tensor:
        """The slices of `source` along `dim`, times alpha, added to those at their indices, as often as they occur."""
        dim = _slices(self, dim, index, source, "index_add")
        _one_type(self, source, "index_add")
        return apply(
            indexing.index_add,
            (self, index, source if alpha == 1 else source * alpha),
            (lambda g: g, None, lambda g: g.index_select(dim, index)),
            axis=dim,
        )

    def index_copy(self: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
        """The slices of `source` along `dim` in place of those at their indices."""
        dim = _slices(self, dim, index, source, "index_copy")
        _one_type(self, source, "index_copy")
        if not self.array.ndim:
            return self.reshape(1).index_copy(0, index.reshape(1), source.reshape(1)).reshape(())
        indexing.within(index.array, self.array.shape[dim], dim)
        return self._put((slice(None),) * dim + (index.array.astype(np.intp).reshape(-1),), source)

    def index_fill(self: Tensor, dim: int, index: Tensor, value: Any) -> Tensor:
        """One number in every slice along `dim` at these indices."""
        _line(index, "index_fill")
        dim = dimension(self, dim, "index_fill")
        value = self._like(value)
        if value.array.ndim:
            raise ShapeError(f"index_fill: a value of shape {tuple(value.array.shape)}: one number is needed")
        if not self.array.ndim:
            return self.reshape(1).index_fill(0, index, value).reshape(())
        at = indexing.within(index.array, self.array.shape[dim], dim, True).astype(np.intp).reshape(-1)
        return self._put((slice(None),) * dim + (at,), value)

    def index_reduce(
        self: Tensor, dim: int, index: Tensor, source: Tensor, reduce: str, *, include_self: bool = True
    ) -> Tensor:
        """`scatter_reduce` of whole slices: their "prod", "mean", "amax" or "amin"."""
        if reduce not in ("prod", "mean", "amax", "amin"):
            raise ValueError(f"index_reduce: reduce={reduce!r}: use 'prod', 'mean', 'amax' or 'amin'")
        dim = _slices(self, dim, index, source, "index_reduce")
        at = index.reshape([-1 if d == dim else 1 for d in range(self.array.ndim)]).expand(source.array.shape)
        return self.scatter_reduce(dim, at, source, reduce, include_self=include_self)

    # ── any index ────────────────────────────────────────────────────────────────────────────────────────────────────

    def index_put(self: Tensor, indices: Sequence[Any], values: Tensor, accumulate: bool = False) -> Tensor:
        """A copy after x[indices] = values, or with `accumulate` += values, as often as an index occurs.

        `indices` holds a tensor of integers or booleans per dimension, or None for all of one.
        """
        parts, _ = normalise(tuple(slice(None) if part is None else part for part in indices))
        key = tuple(np.array([part]) if isinstance(part, int) else part for part in parts if part is not Ellipsis)
        if not any(isinstance(part, np.ndarray) for part in key):
            raise IndexError(f"index_put: indices {list(indices)}: give at least one tensor")
        _one_type(self, values, "index_put")
        if not accumulate:
            return self._put(key, values)
        return apply(indexing.put_add, (self, values), (lambda g: g, lambda g: g[key]), index=key)

    def put(self: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
        """A copy with the elements of `source` at these numbers, counted through the whole tensor."""
        _whole_numbers(index, "put")
        if index.array.size != source.array.size:
            raise ShapeError(f"put: {index.array.size} indices for {source.array.size} elements: give one for each")
        flat = self.reshape(-1).index_put((index.reshape(-1),), source.reshape(-1), accumulate)
        return flat.reshape(self.array.shape)

    def masked_scatter(self: Tensor, mask: Tensor, source: Tensor) -> Tensor:
        """A copy in which the places where the mask holds have, in order, the first elements of `source`."""
        if mask.array.dtype.kind != "b":
            raise TypeError(f"masked_scatter: a mask of type {mask.array.dtype}: use booleans, mask.bool()")
        _one_type(self, source, "masked_scatter")
        shape = np.broadcast_shapes(self.array.shape, mask.array.shape)
        chosen = np.broadcast_to(mask.array, shape)
        n = int(np.count_nonzero(chosen))
        if n > source.array.size:
            raise ShapeError(f"masked_scatter: {n} places for {source.array.size} elements: the source is too short")
        return self.expand(shape)._put((chosen.copy(),), source.reshape(-1)[:n])

    # ── a part that a view shows ─────────────────────────────────────────────────────────────────────────────────────

    def select_scatter(self: Tensor, src: Tensor, dim: int, index: int) -> Tensor:
        """A copy whose `select(dim, index)` is `src`."""
        return _with_part(self, src, "select_scatter", lambda x: x.select(dim, index))

    def slice_scatter(
        self: Tensor, src: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
    ) -> Tensor:
        """A copy whose slice start:end:step along `dim` is `src`."""
        key = (slice(None),) * dimension(self, dim, "slice_scatter") + (slice(start, end, step),)
        return _with_part(self, src, "slice_scatter", lambda x: x[key])

    def diagonal_scatter(self: Tensor, src: Tensor, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Tensor:
        """A copy whose `diagonal(offset, dim1, dim2)` is `src`."""
        return _with_part(self, src, "diagonal_scatter", lambda x: x.diagonal(offset, dim1, dim2))

    def fill_diagonal_(self: Tensor, fill_value: float, wrap: bool = False) -> Tensor:
        """One number on the main diagonal, written in place; with `wrap` it starts again below a tall matrix."""
        shape = self.array.shape
        if len(shape) < 2 or (len(shape) > 2 and len(set(shape)) > 1):
            raise ShapeError(
                f"fill_diagonal_: a tensor of shape {tuple(shape)}: it needs two dimensions, or more of one size"
            )
        n, columns = min(shape), shape[1]
        at = tuple(self._wrap(np.arange(n)) for _ in shape)
        if wrap and len(shape) == 2 and shape[0] > columns:
            row, column = np.divmod(np.arange(0, shape[0] * columns, columns + 1), columns)
            at = (self._wrap(row), self._wrap(column))
        return self.index_put_(at, self._like(fill_value))  # type: ignore[no-any-return]

    scatter_, scatter_add_, scatter_reduce_ = in_place(scatter), in_place(scatter_add), in_place(scatter_reduce)
    index_add_, index_copy_, index_fill_ = in_place(index_add), in_place(index_copy), in_place(index_fill)
    index_put_, index_reduce_, masked_scatter_ = in_place(index_put), in_place(index_reduce), in_place(masked_scatter)
    put_ = in_place(put)


def _extreme(self: Tensor, index: Tensor, src: Tensor, dim: int, reduce: str, include_self: bool) -> Tensor:
    """The largest or smallest of what goes to each place."""

    def to_self(g: Tensor, out: Tensor) -> Tensor:
        own, _, count = _winners(self, index, src, out, dim, include_self)
        return g * own / count

    def to_source(g: Tensor, out: Tensor) -> Tensor:
        _, theirs, count = _winners(self, index, src, out, dim, include_self)
        return (g / count).gather(dim, index) * theirs

    to_self.__qualname__ = to_source.__qualname__ = "Scattering.scatter_reduce.<locals>.<lambda>"
    return apply(
        indexing.scatter_extreme,
        (self, index, src),
        (to_self, None, to_source),
        axis=dim,
        reduce=reduce,
        include_self=include_self,
    )


def _winners(
    self: Tensor, index: Tensor, src: Tensor, out: Tensor, dim: int, include_self: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Which elements of self and of src are the extreme, as ones and zeros, and how many there are for each place."""
    own = (self == out).to(out.dtype)
    if not include_self:  # what was written over took no part
        own = own._scatter_put(own.new_zeros(()), index, dim)
    theirs = (src == out.detach().gather(dim, index)).to(out.dtype)
    return own, theirs, own.scatter_add(dim, index, theirs).clamp(min=1)


def _products(start: Tensor, index: Tensor, src: Tensor, dim: int) -> Tensor:
    """The product of each element of `start` with what goes to its place: a row for each, multiplied by halves, so that
    gradients are right where elements are 0."""
    shape = start.array.shape
    at = indexing.places(index.array, shape, dim).reshape(-1)
    order = np.argsort(at, kind="stable")
    ranked = at[order]
    first = np.searchsorted(ranked, ranked)
    rank = np.empty(at.size, np.intp)
    rank[order] = np.arange(at.size) - first
    deepest = int(rank.max()) + 1 if rank.size else 0
    rows = start.new_ones((start.array.size, deepest + 1))._put((slice(None), 0), start.reshape(-1))
    return rows._put((at, rank + 1), src.reshape(-1)).prod(1, dtype=start.dtype).reshape(shape)


def _with_part(tensor: Tensor, src: Tensor, name: str, part: Any) -> Tensor:
    """A copy in which the part that a view shows is `src`."""
    out = tensor.clone()
    view = part(out)
    if view.array.shape != src.array.shape:
        raise ShapeError(
            f"{name}: a source of shape {tuple(src.array.shape)} for a part of shape {tuple(view.array.shape)}: make them one"
        )
    view.copy_(src)
    return out


def _cut(src: Tensor, index: Tensor) -> Tensor:
    """The part of a source that an index speaks of."""
    if src.array.shape == index.array.shape:
        return src
    if not src.array.ndim or not index.array.ndim:
        return src.reshape(index.array.shape)
    return src[tuple(slice(n) for n in index.array.shape)]


def _slices(tensor: Tensor, dim: int, index: Tensor, source: Tensor, name: str) -> int:
    """The dimension, if `source` has a slice for each index, of the shape of the tensor's; else ShapeError."""
    _line(index, name)
    dim = dimension(tensor, dim, name)
    shape, n = list(tensor.array.shape), index.array.size
    if shape:
        shape[dim] = n
    if list(source.array.shape) != shape and not (n == 1 and not source.array.ndim and len(shape) <= 1):
        raise ShapeError(
            f"{name}: a source of shape {tuple(source.array.shape)} for {n} indices along dimension {dim} of a tensor of shape "
            f"{tuple(tensor.array.shape)}: it must have shape {tuple(shape)}"
        )
    return dim


def _one_type(tensor: Tensor, other: Tensor, name: str) -> None:
    if tensor.array.dtype != other.array.dtype:
        raise RuntimeError(
            f"{name}: a tensor of type {tensor.array.dtype}, a source of type {other.array.dtype}: convert one, src.to(x.dtype)"
        )
