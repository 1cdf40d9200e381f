"""Order: sorting, the k largest, medians and quantiles, distinct elements, counts by interval.

Of equal elements the first is taken, sorting keeps their order, and NaN counts as the largest. The gradient goes to the
elements that were taken. What counts or finds places has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import return_types
from minigrad.errors import ShapeError
from minigrad.graph import apply
from minigrad.kernels import sorting
from minigrad.ops.indexing import chosen, taken
from minigrad.ops.reduction import _nonempty, evenly
from minigrad.ops.shape import dimension
from minigrad.ops.spelling import numpy_names

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


class Sorting:
    """Elements by their order."""

    __slots__ = ()

    @numpy_names
    def sort(self: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = True) -> Any:
        """The elements in order along a dimension, and the indices where they were.

        Equal ones keep their order, whatever `stable` says. NaN comes last, or first if `descending`.

        >>> import minigrad
        >>> values, indices = minigrad.tensor([3, 1, 2]).sort()
        >>> values, indices
        (tensor([1, 2, 3]), tensor([1, 2, 0]))
        """
        dim = dimension(self, dim, "sort")
        return return_types.sort(taken(self, self.argsort(dim, descending), dim, "sort"))

    @numpy_names
    def argsort(self: Tensor, dim: int = -1, descending: bool = False, *, stable: bool = True) -> Tensor:
        """The indices that sort along a dimension; equal elements keep their order."""
        return apply(sorting.argsort, (self,), axis=dimension(self, dim, "argsort"), descending=descending)

    def msort(self: Tensor) -> Tensor:
        """The elements in order along the first dimension."""
        return self.sort(0).values  # type: ignore[no-any-return]

    @numpy_names
    def topk(self: Tensor, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
        """The k largest elements along a dimension, or the smallest, in order, and their indices.

        Of equal ones the first; they are in order whatever `sorted` says. ShapeError if there are fewer than k.
        """
        dim, k = dimension(self, dim, "topk"), k.__index__()
        n = self.array.shape[dim] if self.array.ndim else 1
        if not 0 <= k <= n:
            raise ShapeError(
                f"topk: {k} elements of {n} along dimension {dim} of shape {tuple(self.array.shape)}: use 0 to {n}"
            )
        at = apply(sorting.argtop, (self,), k=k, axis=dim, largest=largest)
        return return_types.topk(taken(self, at, dim, "topk"))

    @numpy_names
    def kthvalue(self: Tensor, k: int, dim: int = -1, keepdim: bool = False) -> Any:
        """The k-th smallest element along a dimension, counted from 1, and its index. ShapeError if there are fewer."""
        dim = dimension(self, dim, "kthvalue")
        n = self.array.shape[dim] if self.array.ndim else 1
        if not 1 <= k <= n:
            raise ShapeError(f"kthvalue: number {k} of {n} elements along dimension {dim}: use 1 to {n}")
        return return_types.kthvalue(
            chosen(self, apply(sorting.argkth, (self,), k=k - 1, axis=dim), dim, keepdim, "kthvalue")
        )

    @numpy_names
    def median(self: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
        """The element in the middle, of two the lower; NaN if there is one. Along a `dim`, the values and their indices.

        Without a `dim` equal elements share the gradient; with one, it goes to the element whose index is given.
        """
        return _median(self, dim, keepdim, "median", False)

    @numpy_names
    def nanmedian(self: Tensor, dim: int | None = None, keepdim: bool = False) -> Any:
        """`median` of the elements that are not NaN; NaN if there are none."""
        return _median(self, dim, keepdim, "nanmedian", True)

    @numpy_names
    def mode(self: Tensor, dim: int = -1, keepdim: bool = False) -> Any:
        """The most frequent element along a dimension, the smallest of such, and the index of its last occurrence."""
        dim = dimension(self, dim, "mode")
        _nonempty(self, dim, "mode")
        return return_types.mode(chosen(self, apply(sorting.argmode, (self,), axis=dim), dim, keepdim, "mode"))

    @numpy_names
    def quantile(
        self: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
    ) -> Tensor:
        """The numbers below which the fractions `q` of the elements lie; a dimension of `q` comes first. NaN if there is one.

        `interpolation` between two elements: "linear", "lower", "higher", "midpoint" or "nearest".
        TypeError for integers, ValueError for a q outside 0 to 1 or another interpolation.
        """
        return _quantile(self, q, dim, keepdim, interpolation, False)

    @numpy_names
    def nanquantile(
        self: Tensor, q: Any, dim: int | None = None, keepdim: bool = False, *, interpolation: str = "linear"
    ) -> Tensor:
        """`quantile` of the elements that are not NaN; NaN if there are none."""
        return _quantile(self, q, dim, keepdim, interpolation, True)

    def unique(
        self: Tensor,
        sorted: bool = True,
        return_inverse: bool = False,
        return_counts: bool = False,
        dim: int | None = None,
    ) -> Any:
        """The distinct elements in order, or the distinct slices along a dimension. No gradient.

        With `return_inverse` also the number that each element has among them; with `return_counts` how often each occurs.
        """
        return _distinct(self, return_inverse, return_counts, dim, False)

    def unique_consecutive(
        self: Tensor, return_inverse: bool = False, return_counts: bool = False, dim: int | None = None
    ) -> Any:
        """`unique` in the order they come, in which only neighbours count as equal. No gradient."""
        return _distinct(self, return_inverse, return_counts, dim, True)

    # ── counting, finding places ─────────────────────────────────────────────────────────────────────────────────────

    def bincount(self: Tensor, weights: Tensor | None = None, minlength: int = 0) -> Tensor:
        """How often each number from 0 on occurs in a line of them, or the sum of their weights. No gradient.

        ShapeError for negative numbers, several dimensions, or other than one weight per number.
        """
        x = self.array
        if x.ndim != 1 or x.dtype.kind not in "iu" or (x.size and x.min() < 0):
            raise ShapeError(
                f"bincount of a tensor of shape {tuple(x.shape)} and type {x.dtype}: "
                "one dimension of integers from 0 on is needed"
            )
        if minlength < 0:
            raise ValueError(f"bincount: minlength {minlength} is negative")
        if weights is None:
            return apply(sorting.bincount, (self,), minlength=minlength)
        if weights.array.shape != x.shape:
            raise ShapeError(
                f"bincount: {x.size} numbers, weights of shape {tuple(weights.array.shape)}: give one for each"
            )
        return apply(sorting.weighted_bincount, (self, weights), minlength=minlength)

    def histc(self: Tensor, bins: int = 100, min: float = 0, max: float = 0) -> Tensor:
        """How many elements lie in each of `bins` equal intervals from min to max, or from the smallest to the largest where
        these are equal. No gradient. TypeError for integers."""
        _floats(self, "histc")
        if bins <= 0:
            raise ValueError(f"histc: {bins} intervals: use at least 1")
        low, high = _limits(self, min, max, "histc")
        return apply(sorting.histc, (self,), bins=bins, low=low, high=high)

    def histogram(
        self: Tensor, bins: Any, *, range: Any = None, weight: Tensor | None = None, density: bool = False
    ) -> Any:
        """How many elements, or what weight, lies in each interval, and the edges: `bins` is their number, or the edges.

        With `density` the area under it is 1. No gradient. TypeError for integers.
        """
        _floats(self, "histogram")
        edges: Any = bins
        if isinstance(bins, Sorting):
            edges = edges.clone()
        else:
            first, last = range or (0, 0)
            low, high = _limits(self, first, last, "histogram")
            edges = self._wrap(np.linspace(low, high, bins + 1).astype(self.array.dtype))
        operands: Any = (self, edges) if weight is None else (self, edges, weight)
        return return_types.histogram((apply(sorting.weighted_histogram, operands, density=density), edges))

    def bucketize(self: Tensor, boundaries: Tensor, *, out_int32: bool = False, right: bool = False) -> Tensor:
        """In which interval between sorted boundaries each element lies: before those equal to it, or after if `right`."""
        if boundaries.array.ndim != 1:
            raise ShapeError(f"bucketize: boundaries of shape {tuple(boundaries.array.shape)}: one dimension is needed")
        return apply(
            sorting.searchsorted, (boundaries, self), right=right, dtype=np.dtype(np.int32 if out_int32 else np.int64)
        )

    def searchsorted(
        self: Tensor,
        input: Any,
        *,
        out_int32: bool = False,
        right: bool = False,
        side: str | None = None,
        sorter: Tensor | None = None,
    ) -> Tensor:
        """Where the elements of `input` belong in this sorted sequence, or each in the row of sequences that it lies in.

        Before equal elements, or after with `right` or side="right". `sorter` sorts a sequence that is not.
        ShapeError if there are rows and `input` does not have the same.
        """
        if side not in (None, "left", "right") or (side == "left" and right):
            raise ValueError(f"searchsorted: side={side!r}, right={right}: use 'left' or 'right'")
        values = self._operand(input)
        sequence = self if sorter is None else self.gather(-1, sorter)
        if sequence.array.ndim != 1 and sequence.array.shape[:-1] != values.array.shape[:-1]:
            raise ShapeError(
                f"searchsorted: sequences of shape {tuple(sequence.array.shape)}, values of "
                f"{tuple(values.array.shape)}: all but the last dimension must be the same, or the sequence have one"
            )
        kind = np.dtype(np.int32 if out_int32 else np.int64)
        return apply(sorting.searchsorted, (sequence, values), right=right or side == "right", dtype=kind)


def _median(tensor: Tensor, dim: int | None, keepdim: bool, name: str, skip_nan: bool) -> Any:
    if dim is None:
        if not tensor.array.size:
            return tensor.sum() + float("nan")
        return evenly(tensor, sorting.median, None, False, name, skip_nan=skip_nan)
    dim = dimension(tensor, dim, name)
    _nonempty(tensor, dim, name)
    at = apply(sorting.argmedian, (tensor,), axis=dim, skip_nan=skip_nan)
    return getattr(return_types, name)(chosen(tensor, at, dim, keepdim, name))


def _quantile(tensor: Tensor, q: Any, dim: int | None, keepdim: bool, interpolation: str, skip_nan: bool) -> Tensor:
    name = "nanquantile" if skip_nan else "quantile"
    _floats(tensor, name)
    if interpolation not in ("linear", "lower", "higher", "midpoint", "nearest"):
        raise ValueError(
            f"{name}: interpolation={interpolation!r}: use 'linear', 'lower', 'higher', 'midpoint' or 'nearest'"
        )
    fractions = np.asarray(getattr(q, "array", q), tensor.array.dtype)
    if isinstance(q, Sorting) and q.array.dtype != tensor.array.dtype:  # type: ignore[attr-defined]
        raise RuntimeError(f"{name}: q of type {q.array.dtype} for a tensor of type {tensor.array.dtype}: convert one")  # type: ignore[attr-defined]
    if fractions.ndim > 1 or not ((fractions >= 0) & (fractions <= 1)).all():
        raise ValueError(f"{name}: q {fractions.tolist()}: a number, or a line of them, from 0 to 1")
    ndim = tensor.array.ndim
    if dim is None:
        lines = tensor.reshape(-1)
        kept = (1,) * ndim if keepdim else ()
    else:
        dim = dimension(tensor, dim, name)
        lines = tensor.movedim(dim, -1) if ndim else tensor.reshape(1)
        kept = (
            tuple(1 if d == dim else n for d, n in enumerate(tensor.array.shape)) if keepdim else lines.array.shape[:-1]
        )
    n = lines.array.shape[-1]
    if not n:
        raise ShapeError(
            f"{name} of no elements, in a tensor of shape {tuple(tensor.array.shape)}: give it at least one"
        )
    ordered = lines.sort(-1).values
    missing = np.add.reduce(lines.array != lines.array, -1, keepdims=True)
    size = n - missing if skip_nan else np.full_like(missing, n)
    rank = np.maximum(size - 1, 0) * fractions.reshape(-1)
    if not skip_nan:
        rank = np.where(missing > 0, n - 1, rank)  # the last is NaN
    rank = rank.astype(tensor.array.dtype)
    if interpolation == "nearest":
        rank = np.round(rank)
    below, above = np.floor(rank), np.ceil(rank)
    take = above if interpolation == "higher" else below
    result = ordered.gather(-1, tensor._wrap(take.astype(np.int64)))
    if interpolation in ("linear", "midpoint"):
        upper = ordered.gather(-1, tensor._wrap(above.astype(np.int64)))
        weight = (rank - below) if interpolation == "linear" else np.where(above > below, 0.5, 0).astype(rank.dtype)
        result = result.lerp(upper, tensor._wrap(weight))
    if not fractions.ndim:
        return result.reshape(kept)  # type: ignore[no-any-return]
    return result.movedim(-1, 0).reshape(fractions.shape + tuple(kept))  # type: ignore[no-any-return]


def _distinct(tensor: Tensor, inverse: bool, counts: bool, dim: int | None, consecutive: bool) -> Any:
    if dim is not None:
        dim = dimension(tensor, dim, "unique")
    x = tensor.array
    first, number, count = sorting.distinct(x, dim, consecutive)
    if dim is None:
        values, number = x.reshape(-1)[first], number.reshape(x.shape)
    else:
        values = x.take(first, dim)
    results = [values] + [number] * inverse + [count] * counts
    tensors = tuple(tensor._wrap(sorting.in_order(result)) for result in results)
    return tensors if len(tensors) > 1 else tensors[0]


def _floats(tensor: Tensor, name: str) -> None:
    if tensor.array.dtype.kind != "f":
        raise TypeError(f"{name} of a tensor of type {tensor.array.dtype}: convert it first, x.float().{name}(...)")


def _limits(tensor: Tensor, low: float, high: float, name: str) -> tuple[float, float]:
    """The range of a histogram, and that of the tensor where it has none."""
    if low == high and tensor.array.size:
        low, high = float(tensor.array.min()), float(tensor.array.max())
    if low == high:
        low, high = low - 1, high + 1
    if not (low < high and np.isfinite(low) and np.isfinite(high)):
        raise ValueError(f"{name}: the range from {low} to {high}: give finite numbers, the smaller first")
    return low, high
