"""Sums, means, extremes and their kin, over all dimensions or some.

`dim` is a number, several in a tuple, or None for all; `keepdim` leaves a size of 1 where a dimension was reduced.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad import kernels, return_types
from minigrad.errors import ShapeError
from minigrad.graph import apply
from minigrad.kernels import reduction
from minigrad.ops.indexing import chosen
from minigrad.ops.mutation import in_place
from minigrad.ops.shape import cat, dimension
from minigrad.ops.spelling import numpy_names
from minigrad.views import as_result

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


SMALL = 4096  # elements up to which copying them costs less than a view


class Reduction:
    """Many elements to one."""

    __slots__ = ()

    @numpy_names
    def sum(self: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
        """The sum. Booleans and integers sum to int64."""
        if dtype is not None:
            self = self.to(dtype)
        elif self.array.dtype.kind in "bui":
            self = self.to(np.dtype(np.int64))
        if dim is None and not keepdim:
            shape = self.array.shape
            return apply(reduction.total, (self,), (lambda g: g._filling(shape),))
        axis, spread = _reduced(self, dim, keepdim)
        return apply(reduction.sums, (self,), (lambda g: spread(g),), axis=axis, keepdims=keepdim)

    def _filling(self: Tensor, shape: tuple[int, ...]) -> Tensor:
        """One number, everywhere in a tensor of a shape: `sum`, backwards."""
        if prod(shape) <= SMALL:  # one operation, rather than a view
            return apply(kernels.spread, (self,), (lambda g: g.sum(),), kept=(), shape=shape)
        return self.expand(shape)

    def sum_to_size(self: Tensor, *size: Any) -> Tensor:
        """The sum over dimensions that broadcasting would have added or stretched: the reverse of `expand`."""
        shape = tuple(size[0]) if len(size) == 1 and not isinstance(size[0], int) else size
        extra = self.array.ndim - len(shape)
        stretched = tuple(i for i, n in enumerate(self.array.shape) if i < extra or (shape[i - extra] == 1 and n != 1))
        total = self.sum(stretched, keepdim=True) if stretched else self
        if extra < 0 or total.array.shape[extra:] != shape:
            raise ShapeError(
                f"a tensor of shape {tuple(self.array.shape)} cannot be summed to {tuple(shape)}, which does not broadcast to "
                "it: each size must be 1 or the same, counted from the last"
            )
        return total.reshape(shape) if extra else total

    @numpy_names
    def mean(self: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
        """The mean. TypeError for integers: convert them first."""
        if dtype is not None:
            self = self.to(dtype)
        if self.array.dtype.kind != "f":
            raise TypeError(f"mean of a tensor of type {self.array.dtype}: convert it first, x.float().mean()")
        axis, spread = _reduced(self, dim, keepdim)
        n = _count(self, axis)
        return apply(reduction.mean, (self,), (lambda g: spread(g / n),), axis=axis, keepdims=keepdim)

    @numpy_names
    def var(
        self: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: float | None = None
    ) -> Tensor:
        """The variance: squared differences from the mean, summed and divided by n - correction (1 unless told)."""
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        if self.array.dtype.kind != "f":
            raise TypeError(f"var of a tensor of type {self.array.dtype}: convert it first, x.float().var()")
        axis, _ = _reduced(self, dim, keepdim)
        over = tuple(range(self.array.ndim)) if axis is None else axis
        free = max(_count(self, axis) - (int(unbiased) if correction is None else correction), 0)
        return apply(
            reduction.variance,
            (self,),
            (lambda g: _kept(g, self, axis, keepdim)._times_deviation(self, over, 2 / free if free else float("inf")),),
            axis=over,
            free=free,
            keepdims=keepdim,
        )

    def _times_deviation(self: Tensor, x: Tensor, axis: tuple[int, ...], scale: float) -> Tensor:
        """scale · self · (x - mean of x over the axes), where self is the same all over them: the slope of `var`."""
        return apply(
            reduction.times_deviation,
            (self, x),
            (
                lambda g: g * g.new_ones(())._times_deviation(x, axis, scale),
                lambda g: self * g.new_ones(())._times_deviation(g, axis, scale),
            ),
            axis=axis,
            scale=scale,
        )

    @numpy_names
    def std(
        self: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: float | None = None
    ) -> Tensor:
        """The standard deviation, the root of `var`. Where it is 0, so is its gradient."""
        return self.var(dim, unbiased, keepdim, correction=correction)._root()

    @numpy_names
    def var_mean(
        self: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: float | None = None
    ) -> tuple[Tensor, Tensor]:
        """The variance and the mean."""
        dim, unbiased = (None, dim) if isinstance(dim, bool) else (dim, unbiased)
        return self.var(dim, unbiased, keepdim, correction=correction), self.mean(dim, keepdim)

    @numpy_names
    def std_mean(
        self: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: float | None = None
    ) -> tuple[Tensor, Tensor]:
        """The standard deviation and the mean."""
        dim, unbiased = (None, dim) if isinstance(dim, bool) else (dim, unbiased)
        return self.std(dim, unbiased, keepdim, correction=correction), self.mean(dim, keepdim)

    @numpy_names
    def nansum(self: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
        """The sum of the elements that are not NaN."""
        return self.masked_fill(self.isnan(), 0).sum(dim, keepdim, dtype=dtype)

    @numpy_names
    def nanmean(self: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
        """The mean of the elements that are not NaN; NaN if there are none."""
        self = self if dtype is None else self.to(dtype)
        if self.array.dtype.kind != "f":
            raise TypeError(f"nanmean of a tensor of type {self.array.dtype}: convert it first, x.float().nanmean()")
        there = (~self.isnan()).sum(dim, keepdim)
        total = self.nansum(dim, keepdim) / there.clamp(min=1)
        return total.masked_fill(there == 0, float("nan"))

    @numpy_names
    def count_nonzero(self: Tensor, dim: Any = None) -> Tensor:
        """How many elements are not 0."""
        return (self != 0).sum(dim)

    @numpy_names
    def prod(self: Tensor, dim: int | None = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
        """The product, by halves: so its gradients, of any order, are right where elements are 0."""
        if dtype is not None:
            self = self.to(dtype)
        elif self.array.dtype.kind in "bui":
            self = self.to(np.dtype(np.int64))
        dim = None if dim is None else dimension(self, dim, "prod")
        if dim is None or not self.array.ndim:
            ones = (1,) * (self.array.ndim - 1) if keepdim else ()
            return self.reshape(*ones, self.array.size).prod(-1, keepdim and self.array.ndim > 0)
        if self.array.shape[dim] == 1:
            self = self.clone()
        while (n := self.array.shape[dim]) > 1:
            if n == 2 and not keepdim:
                return self.select(dim, 0) * self.select(dim, 1)
            half = n // 2
            product = self.narrow(dim, 0, half) * self.narrow(dim, half, half)
            self = product if n % 2 == 0 else cat([product, self.narrow(dim, n - 1, 1)], dim)
        if n == 0:
            shape = list(self.array.shape)
            shape[dim] = 1
            self = self.new_ones(shape) + self.sum(dim, keepdim=True)
        return self if keepdim else as_result(self.squeeze(dim))

    @numpy_names
    def amax(self: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
        """The largest element. Equal ones share the gradient evenly."""
        return _extreme(self, reduction.largest, dim, keepdim, "amax")

    @numpy_names
    def amin(self: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
        """The smallest element. Equal ones share the gradient evenly."""
        return _extreme(self, reduction.smallest, dim, keepdim, "amin")

    @numpy_names
    def max(self: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
        """The largest element; along a `dim`, its values and indices, of equal ones the first; with a tensor, `maximum`."""
        if isinstance(dim, Reduction) or other is not None:
            return self.maximum(dim if other is None else other)
        if dim is None:
            return _extreme(self, reduction.largest, None, False, "max")
        dim = _one(self, dim, "max")
        return return_types.max(chosen(self, self.argmax(dim), dim, keepdim, "max"))

    @numpy_names
    def min(self: Tensor, dim: Any = None, keepdim: bool = False, *, other: Any = None) -> Any:
        """The smallest element; along a `dim`, its values and indices, of equal ones the first; with a tensor, `minimum`."""
        if isinstance(dim, Reduction) or other is not None:
            return self.minimum(dim if other is None else other)
        if dim is None:
            return _extreme(self, reduction.smallest, None, False, "min")
        dim = _one(self, dim, "min")
        return return_types.min(chosen(self, self.argmin(dim), dim, keepdim, "min"))

    @numpy_names
    def aminmax(self: Tensor, *, dim: int | None = None, keepdim: bool = False) -> Any:
        """The smallest and the largest element. Equal ones share the gradient evenly."""
        low = _extreme(self, reduction.smallest, dim, keepdim, "aminmax")
        return return_types.aminmax((low, _extreme(self, reduction.largest, dim, keepdim, "aminmax")))

    @numpy_names
    def argmax(self: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
        """Where the largest element is: an int64 index, into the flattened tensor if `dim` is None."""
        _nonempty(self, dim, "argmax")
        return apply(np.argmax, (self,), axis=dim, keepdims=keepdim)

    @numpy_names
    def argmin(self: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
        """Where the smallest element is: an int64 index, into the flattened tensor if `dim` is None."""
        _nonempty(self, dim, "argmin")
        return apply(np.argmin, (self,), axis=dim, keepdims=keepdim)

    @numpy_names
    def any(self: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
        """True where any element is not 0."""
        return _truth(self, np.logical_or.reduce, dim, keepdim)

    @numpy_names
    def all(self: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
        """True where no element is 0."""
        return _truth(self, np.logical_and.reduce, dim, keepdim)

    @numpy_names
    def logsumexp(self: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
        """log Σ eˣ, without overflow."""
        self = self._floating()
        axis, spread = _reduced(self, dim, keepdim)
        return apply(
            kernels.logsumexp,
            (self,),
            (lambda g, out: spread(g) * (self - spread(out.masked_fill(out == -np.inf, 0))).exp(),),
            axis=axis,
            keepdims=keepdim,
        )

    @numpy_names
    def softmax(self: Tensor, dim: int, dtype: Any = None) -> Tensor:
        """eˣ / Σ eˣ along a dimension: positive numbers that sum to 1."""
        self = self.to(dtype) if dtype is not None else self._floating()
        dim = dimension(self, dim, "softmax")
        return apply(kernels.softmax, (self,), (lambda g, out: g._softmax_backward(out, dim),), axis=dim)

    def _softmax_backward(self: Tensor, out: Tensor, dim: int) -> Tensor:
        """out · (self - Σ self · out), in two passes."""
        return apply(
            reduction.softmax_backward,
            (self, out),
            (
                lambda g: g._softmax_backward(out, dim),
                lambda g: g * (self - (self * out).sum(dim, keepdim=True)) - self * (g * out).sum(dim, keepdim=True),
            ),
            axis=dim,
        )

    @numpy_names
    def log_softmax(self: Tensor, dim: int, dtype: Any = None) -> Tensor:
        """The logarithm of `softmax`, accurate where that underflows."""
        self = self.to(dtype) if dtype is not None else self._floating()
        dim = dimension(self, dim, "log_softmax")
        return apply(kernels.log_softmax, (self,), (lambda g, out: g._log_softmax_backward(out, dim),), axis=dim)

    def _log_softmax_backward(self: Tensor, out: Tensor, dim: int) -> Tensor:
        """self - exp(out) · Σ self, in two passes."""
        return apply(
            reduction.log_softmax_backward,
            (self, out),
            (
                lambda g: g - (g * out.exp()).sum(dim, keepdim=True),
                lambda g: -g * out.exp() * self.sum(dim, keepdim=True),
            ),
            axis=dim,
        )

    @numpy_names
    def norm(self: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Tensor:
        """The p-norm, (Σ|x|ᵖ)^(1/p): 2 unless told, of all elements or along `dim`. At 0 its gradient is 0."""
        if dtype is not None:
            self = self.to(dtype)
        if self.array.dtype.kind != "f":
            raise TypeError(f"norm of a tensor of type {self.array.dtype}: convert it first, x.float().norm()")
        if p in ("fro", 2):
            return self.square().sum(dim, keepdim)._root()
        if p == float("inf"):
            return self.abs().amax(dim, keepdim)
        if p == -float("inf"):
            return self.abs().amin(dim, keepdim)
        if p == 1:
            return self.abs().sum(dim, keepdim)
        if p == 0:
            return self.sign().square().sum(dim, keepdim)
        none = self == 0  # their powers have a slope of 0 at best, an infinite one at worst: they are left out of it
        powers = self.abs().masked_fill(none, 1).pow(p).masked_fill(none, 0 if p > 0 else float("inf"))
        total = powers.sum(dim, keepdim)
        zero = total == 0
        return total.masked_fill(zero, 1).pow(1 / p).masked_fill(zero, 0)

    def dist(self: Tensor, other: Tensor, p: float = 2) -> Tensor:
        """The p-norm of the difference, which broadcasts."""
        return (self - other).norm(p)

    def renorm(self: Tensor, p: float, dim: int, maxnorm: float) -> Tensor:
        """Each slice along `dim` made shorter where its p-norm is above `maxnorm`."""
        dim = dimension(self, dim, "renorm")
        size = self.norm(p, tuple(d for d in range(self.array.ndim) if d != dim), keepdim=True)
        above = size > maxnorm
        factor = size.masked_fill(~above, 1) + 1e-7
        return self * (maxnorm / factor).masked_fill(~above, 1)

    renorm_ = in_place(renorm)


def _axes(tensor: Tensor, dim: Any, name: str) -> tuple[int, ...]:
    """The dimensions to reduce, as numbers from 0. An empty tuple or None means all, as in PyTorch."""
    ndim = tensor.array.ndim
    if type(dim) is int and -ndim <= dim < ndim:
        return (dim % ndim,)
    if dim is None or dim == () or dim == []:
        return tuple(range(ndim))
    dims = tuple(dim) if isinstance(dim, tuple | list) else (dim,)
    return tuple(dimension(tensor, d, name) for d in dims)


def _reduced(tensor: Tensor, dim: Any, keepdim: bool) -> tuple[Any, Any]:
    """The axes of a reduction, and the function that spreads a reduced tensor over the shape again."""
    shape = tensor.array.shape
    axis = None if dim is None else _axes(tensor, dim, "reduction") if shape else ()

    def spread(g: Tensor) -> Tensor:
        kept = () if axis is None else tuple([1 if i in axis else n for i, n in enumerate(shape)])
        if prod(shape) <= SMALL:  # one operation, rather than two views
            return apply(kernels.spread, (g,), (lambda h: h.sum(axis, keepdim),), kept=kept, shape=shape)
        return (g if keepdim or axis is None else g._as_view(kept)).expand(shape)

    return axis, spread


def _kept(g: Tensor, tensor: Tensor, axis: tuple[int, ...] | None, keepdim: bool) -> Tensor:
    """A reduced tensor, with sizes of 1 where dimensions went: it broadcasts against what it was made of."""
    if keepdim or axis is None:
        return g
    return g._as_view(tuple([1 if i in axis else n for i, n in enumerate(tensor.array.shape)]))


def _count(tensor: Tensor, axis: tuple[int, ...] | None) -> int:
    """How many elements go into each result."""
    shape = tensor.array.shape
    return tensor.array.size if axis is None else prod([shape[a] for a in axis])


def _extreme(tensor: Tensor, forward: Any, dim: Any, keepdim: bool, name: str) -> Tensor:
    """amax or amin, which differ in their NumPy callable only."""
    _nonempty(tensor, dim, name)
    return evenly(tensor, forward, dim, keepdim, name)


def evenly(tensor: Tensor, forward: Any, dim: Any, keepdim: bool, name: str, **kwargs: Any) -> Tensor:
    """A reduction to one of the elements; all that equal it share its gradient."""
    axis, spread = _reduced(tensor, dim, keepdim)

    def rule(g: Tensor, out: Tensor) -> Tensor:
        equal = tensor._wrap(kernels.ties(tensor.array, spread(out).array)).to(g.dtype)
        share: Tensor = spread(g) * (equal / spread(equal.sum(axis, keepdim)))
        return share

    rule.__qualname__ = f"Reduction.{name}.<locals>.<lambda>"
    return apply(forward, (tensor,), (rule,), axis=axis, keepdims=keepdim, **kwargs)


def _truth(tensor: Tensor, forward: Any, dim: Any, keepdim: bool) -> Tensor:
    """any or all. Of uint8 they are uint8, as in PyTorch."""
    result = apply(forward, (tensor,), axis=_reduced(tensor, dim, keepdim)[0], keepdims=keepdim)
    return result.to(tensor.dtype) if tensor.array.dtype.char == "B" else result


def _one(tensor: Tensor, dim: int, name: str) -> int:
    """One dimension, that has elements."""
    dim = dimension(tensor, dim, name)
    _nonempty(tensor, dim, name)
    return dim


def _nonempty(tensor: Tensor, dim: Any, name: str) -> None:
    """ShapeError for an extreme of no elements."""
    shape = tensor.array.shape
    if 0 in shape and any(shape[axis] == 0 for axis in _axes(tensor, dim, name) if shape):
        raise ShapeError(f"{name} of no elements, in a tensor of shape {tuple(shape)}: give it at least one")
