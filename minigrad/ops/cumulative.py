"""Running sums, products and extremes along a dimension, differences, integrals by trapezoids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import return_types
from minigrad.errors import ShapeError
from minigrad.graph import apply
from minigrad.kernels import reduction
from minigrad.ops.indexing import taken
from minigrad.ops.mutation import in_place
from minigrad.ops.shape import cat, dimension
from minigrad.ops.spelling import numpy_names

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


class Cumulative:
    """As many elements as before, each made of those up to it."""

    __slots__ = ()

    @numpy_names
    def cumsum(self: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
        """The running sum along a dimension. Booleans and integers sum to int64."""
        self, dim = _prepared(self, dtype), dimension(self, dim, "cumsum")
        return apply(
            reduction.cumulative, (self,), (lambda g: g.flip(dim).cumsum(dim).flip(dim),), axis=dim, function=np.add
        )

    @numpy_names
    def cumprod(self: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
        """The running product along a dimension. Its gradients, of any order, are right where elements are 0.

        >>> import minigrad
        >>> x = minigrad.tensor([2.0, 0.0, 3.0], requires_grad=True)
        >>> x.cumprod(0).sum().backward()
        >>> x.grad
        tensor([1., 8., 0.])
        """
        self, dim = _prepared(self, dtype), dimension(self, dim, "cumprod")
        return apply(
            reduction.cumulative,
            (self,),
            (lambda g: _before(self, dim) * _discounted(g, _after(self, dim), dim),),
            axis=dim,
            function=np.multiply,
        )

    @numpy_names
    def logcumsumexp(self: Tensor, dim: int) -> Tensor:
        """log of the running sum of eˣ along a dimension, without overflow."""
        self, dim = self._floating(), dimension(self, dim, "logcumsumexp")
        return apply(
            reduction.cumulative,
            (self,),
            (lambda g, out: _softly(self, out) * _discounted(g, _fading(out, dim), dim),),
            axis=dim,
            function=np.logaddexp,
        )

    @numpy_names
    def cummax(self: Tensor, dim: int) -> Any:
        """The largest element so far along a dimension, and its index: of equal ones the last so far. NaN stays."""
        dim = dimension(self, dim, "cummax")
        at = apply(reduction.cumargextreme, (self,), axis=dim, largest=True)
        return return_types.cummax(taken(self, at, dim, "cummax"))

    @numpy_names
    def cummin(self: Tensor, dim: int) -> Any:
        """The smallest element so far along a dimension, and its index: of equal ones the last so far. NaN stays."""
        dim = dimension(self, dim, "cummin")
        at = apply(reduction.cumargextreme, (self,), axis=dim, largest=False)
        return return_types.cummin(taken(self, at, dim, "cummin"))

    @numpy_names
    def diff(
        self: Tensor, n: int = 1, dim: int = -1, prepend: Tensor | None = None, append: Tensor | None = None
    ) -> Tensor:
        """Each element minus the one before it along a dimension, n times over; of booleans, whether they differ.

        `prepend` and `append` are joined to the ends first. ShapeError for a tensor of no dimensions.
        """
        if not self.array.ndim:
            raise ShapeError("diff of a tensor of no dimensions: it needs one at least")
        if n < 0:
            raise ValueError(f"diff: n={n}: use 0 or more")
        dim = dimension(self, dim, "diff")
        parts = [part for part in (prepend, self, append) if part is not None]
        out = cat(parts, dim) if len(parts) > 1 else self
        for _ in range(min(n, out.array.shape[dim])):
            size = max(out.array.shape[dim] - 1, 0)
            later, earlier = out.narrow(dim, out.array.shape[dim] - size, size), out.narrow(dim, 0, size)
            out = later != earlier if out.array.dtype.kind == "b" else later - earlier
        return out.clone() if out is self else out

    @numpy_names
    def trapezoid(self: Tensor, x: Tensor | None = None, *, dx: float | None = None, dim: int = -1) -> Tensor:
        """The integral along a dimension by trapezoids, between points `x` or points `dx` apart (1 unless told)."""
        return _areas(self, x, dx, dim, "trapezoid").sum(dim)

    trapz = trapezoid

    @numpy_names
    def cumulative_trapezoid(
        self: Tensor, x: Tensor | None = None, *, dx: float | None = None, dim: int = -1
    ) -> Tensor:
        """The integral up to each point but the first, along a dimension, by trapezoids."""
        return _areas(self, x, dx, dim, "cumulative_trapezoid").cumsum(dim)

    cumsum_, cumprod_ = in_place(cumsum), in_place(cumprod)


def _prepared(tensor: Tensor, dtype: Any) -> Tensor:
    """The tensor as the type in which it is added up."""
    if dtype is not None:
        return tensor.to(dtype)
    return tensor.to(np.dtype(np.int64)) if tensor.array.dtype.kind in "bui" else tensor


def _ends(tensor: Tensor, dim: int) -> tuple[int, Tensor]:
    """The size of a dimension, and ones in the shape of one slice along it."""
    shape = list(tensor.array.shape)
    n, shape[dim] = shape[dim], min(shape[dim], 1)
    return n, tensor.new_ones(shape)


def _before(x: Tensor, dim: int) -> Tensor:
    """The product of all elements before each."""
    if not x.array.ndim:
        return x.new_ones(())
    n, one = _ends(x, dim)
    return cat([one, x.narrow(dim, 0, max(n - 1, 0))], dim).cumprod(dim) if n else x


def _after(x: Tensor, dim: int) -> Tensor:
    """The element after each; 1 after the last."""
    if not x.array.ndim:
        return x.new_ones(())
    n, one = _ends(x, dim)
    return cat([x.narrow(dim, 1, n - 1), one], dim) if n else x


def _discounted(g: Tensor, factor: Tensor, dim: int) -> Tensor:
    """sₖ = gₖ + factorₖ · sₖ₊₁ from the last element back: each step doubles how far ahead a sum reaches.

    Source: W. D. Hillis and G. L. Steele, Data parallel algorithms, Communications of the ACM 29 (1986), 1170-1183.
    """
    n = g.array.shape[dim] if g.array.ndim else 1
    total, reach = g, 1
    while reach < n:
        rest = n - reach
        near = factor.narrow(dim, 0, rest)
        total = cat(
            [total.narrow(dim, 0, rest) + near * total.narrow(dim, reach, rest), total.narrow(dim, rest, reach)], dim
        )
        if 2 * reach < n:
            factor = cat([near * factor.narrow(dim, reach, rest), factor.narrow(dim, rest, reach)], dim)
        reach *= 2
    return total


def _softly(x: Tensor, out: Tensor) -> Tensor:
    """exp(x - out), and 0 where both are -inf."""
    nothing = out == -float("inf")
    return (x - out.masked_fill(nothing, 0)).masked_fill(nothing, -float("inf")).exp()


def _fading(out: Tensor, dim: int) -> Tensor:
    """exp(outₖ - outₖ₊₁), at most 1; anything after the last."""
    if not out.array.ndim:
        return out
    n, _ = _ends(out, dim)
    return _softly(out, cat([out.narrow(dim, 1, n - 1), out.narrow(dim, n - 1, 1)], dim)) if n else out


def _areas(y: Tensor, x: Tensor | None, dx: float | None, dim: int, name: str) -> Tensor:
    """The areas of the trapezoids between neighbours."""
    if x is not None and dx is not None:
        raise RuntimeError(f"{name}: points x and a step dx: give one of the two")
    dim = dimension(y, dim, name)
    n = max(y.array.shape[dim] - 1, 0)
    step: Any = 1 if dx is None else dx
    if x is not None:
        if x.array.ndim == 1:
            x = x.reshape([-1 if d == dim else 1 for d in range(y.array.ndim)])
        step = x.diff(dim=dim - y.array.ndim)
    return (y.narrow(dim, 0, n) + y.narrow(dim, y.array.shape[dim] - n, n)) * step / 2  # type: ignore[no-any-return]
