"""Sums, means, extremes and their kin, over all dimensions or some.

`dim` is a number, several in a tuple, or None for all; `keepdim` leaves a size of 1 where a dimension was reduced.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from minigrad import kernels
from minigrad.errors import ShapeError
from minigrad.graph import apply
from minigrad.ops.shape import cat, dimension

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


class Extremes(NamedTuple):
    """What `max` and `min` along a dimension return: the values, and where they were found."""

    values: Tensor
    indices: Tensor


class Reduction:
    """Many elements to one."""

    __slots__ = ()

    def sum(self: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
        """The sum. Booleans and integers sum to int64."""
        if dtype is not None:
            self = self.to(dtype)
        elif self.array.dtype.kind in "bui":
            self = self.to(np.dtype(np.int64))
        axis, spread = _reduced(self, dim, keepdim)
        return apply(np.add.reduce, (self,), (lambda g: spread(g),), axis=axis, keepdims=keepdim)

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

    def mean(self: Tensor, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
        """The mean. TypeError for integers: convert them first."""
        if dtype is not None:
            self = self.to(dtype)
        if self.array.dtype.kind != "f":
            raise TypeError(f"mean of a tensor of type {self.array.dtype}: convert it first, x.float().mean()")
        total = self.sum(dim, keepdim)
        n = self.array.size / total.array.size if total.array.size else 1
        return apply(np.divide, (total, total._operand(n)), (lambda g: g / n, None))

    def var(
        self: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: int | None = None
    ) -> Tensor:
        """The variance: squared differences from the mean, summed and divided by n - correction (1 unless told)."""
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        ddof = int(unbiased) if correction is None else correction
        centred = self - self.mean(dim, keepdim=True)
        total = centred.square().sum(dim, keepdim)
        return total / max(self.array.size / max(total.array.size, 1) - ddof, 0)

    def std(
        self: Tensor, dim: Any = None, unbiased: bool = True, keepdim: bool = False, *, correction: int | None = None
    ) -> Tensor:
        """The standard deviation, the root of `var`. Where it is 0, so is its gradient."""
        return self.var(dim, unbiased, keepdim, correction=correction)._root()

    def prod(self: Tensor, dim: int | None = None, keepdim: bool = False, *, dtype: Any = None) -> Tensor:
        """The product, by halves: so its gradients, of any order, are right where elements are 0."""
        if dtype is not None:
            self = self.to(dtype)
        elif self.array.dtype.kind in "bui":
            self = self.to(np.dtype(np.int64))
        dim = None if dim is None else dimension(self, dim, "prod")
        if dim is None or not self.array.ndim:
            flat = self.reshape(-1).prod(0)
            return flat.reshape((1,) * self.array.ndim) if keepdim else flat
        while (n := self.array.shape[dim]) > 1:
            half = n // 2
            product = self.narrow(dim, 0, half) * self.narrow(dim, half, half)
            self = product if n % 2 == 0 else cat([product, self.narrow(dim, n - 1, 1)], dim)
        if n == 0:
            shape = list(self.array.shape)
            shape[dim] = 1
            self = self.new_ones(shape) + self.sum(dim, keepdim=True)
        return self if keepdim else self.squeeze(dim)

    def amax(self: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
        """The largest element. Equal ones share the gradient evenly."""
        return _extreme(self, np.maximum.reduce, dim, keepdim)

    def amin(self: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
        """The smallest element. Equal ones share the gradient evenly."""
        return _extreme(self, np.minimum.reduce, dim, keepdim)

    def max(self: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
        """The largest element; along a `dim`, its values and indices, of equal ones the first; with a tensor, `maximum`."""
        if isinstance(dim, Reduction):
            return self.maximum(dim)
        _nonempty(self, dim, "max")
        return self.amax() if dim is None else _select(self, self.argmax(dim, keepdim=True), dim, keepdim)

    def min(self: Tensor, dim: Any = None, keepdim: bool = False) -> Any:
        """The smallest element; along a `dim`, its values and indices, of equal ones the first; with a tensor, `minimum`."""
        if isinstance(dim, Reduction):
            return self.minimum(dim)
        _nonempty(self, dim, "min")
        return self.amin() if dim is None else _select(self, self.argmin(dim, keepdim=True), dim, keepdim)

    def argmax(self: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
        """Where the largest element is: an int64 index, into the flattened tensor if `dim` is None."""
        _nonempty(self, dim, "argmax")
        return apply(np.argmax, (self,), axis=dim, keepdims=keepdim)

    def argmin(self: Tensor, dim: int | None = None, keepdim: bool = False) -> Tensor:
        """Where the smallest element is: an int64 index, into the flattened tensor if `dim` is None."""
        _nonempty(self, dim, "argmin")
        return apply(np.argmin, (self,), axis=dim, keepdims=keepdim)

    def any(self: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
        """True where any element is not 0."""
        return apply(np.any, (self,), axis=_reduced(self, dim, keepdim)[0], keepdims=keepdim)

    def all(self: Tensor, dim: Any = None, keepdim: bool = False) -> Tensor:
        """True where no element is 0."""
        return apply(np.all, (self,), axis=_reduced(self, dim, keepdim)[0], keepdims=keepdim)

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

    def softmax(self: Tensor, dim: int, dtype: Any = None) -> Tensor:
        """eˣ / Σ eˣ along a dimension: positive numbers that sum to 1."""
        self = self.to(dtype) if dtype is not None else self._floating()
        return apply(kernels.softmax, (self,), (lambda g, out: out * (g - (g * out).sum(dim, keepdim=True)),), axis=dim)

    def log_softmax(self: Tensor, dim: int, dtype: Any = None) -> Tensor:
        """The logarithm of `softmax`, accurate where that underflows."""
        self = self.to(dtype) if dtype is not None else self._floating()
        return apply(kernels.log_softmax, (self,), (lambda g, out: g - out.exp() * g.sum(dim, keepdim=True),), axis=dim)

    def cumsum(self: Tensor, dim: int, *, dtype: Any = None) -> Tensor:
        """The running sum along a dimension."""
        if dtype is not None:
            self = self.to(dtype)
        elif self.array.dtype.kind in "bui":
            self = self.to(np.dtype(np.int64))
        if self.array.ndim == 0:
            return self.clone()
        return apply(np.add.accumulate, (self,), (lambda g: g.flip(dim).cumsum(dim).flip(dim),), axis=dim)

    def norm(self: Tensor, p: Any = "fro", dim: Any = None, keepdim: bool = False) -> Tensor:
        """The p-norm, (Σ|x|ᵖ)^(1/p): 2 unless told, of all elements or along `dim`. At 0 its gradient is 0."""
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


def _axes(tensor: Tensor, dim: Any, name: str) -> tuple[int, ...]:
    """The dimensions to reduce, as numbers from 0. An empty tuple or None means all, as in PyTorch."""
    ndim = tensor.array.ndim
    if dim is None or dim == () or dim == []:
        return tuple(range(ndim))
    dims = tuple(dim) if isinstance(dim, tuple | list) else (dim,)
    return tuple(dimension(tensor, d, name) for d in dims)


def _reduced(tensor: Tensor, dim: Any, keepdim: bool) -> tuple[Any, Any]:
    """The axes of a reduction, and the function that spreads a reduced tensor over the shape again."""
    shape = tensor.array.shape
    if dim is None:
        return None, lambda g: g.expand(shape)
    axis = _axes(tensor, dim, "reduction") if shape else ()

    def spread(g: Tensor) -> Tensor:
        if not keepdim:
            g = g._as_view(tuple([1 if i in axis else n for i, n in enumerate(shape)]))
        return g.expand(shape)

    return axis, spread


def _extreme(tensor: Tensor, forward: Any, dim: Any, keepdim: bool) -> Tensor:
    """amax or amin, which differ in their NumPy callable only."""
    name = "amax" if forward == np.maximum.reduce else "amin"  # a bound method: made anew each time it is looked up
    _nonempty(tensor, dim, name)
    axis, spread = _reduced(tensor, dim, keepdim)

    def evenly(g: Tensor, out: Tensor) -> Tensor:
        equal = tensor._wrap(kernels.ties(tensor.array, spread(out).array)).to(g.dtype)
        share: Tensor = spread(g) * (equal / spread(equal.sum(axis, keepdim)))
        return share

    evenly.__qualname__ = f"Reduction.{name}.<locals>.<lambda>"
    return apply(forward, (tensor,), (evenly,), axis=axis, keepdims=keepdim)


def _select(tensor: Tensor, indices: Tensor, dim: int, keepdim: bool) -> Extremes:
    """The elements at `indices`, found by argmax or argmin along dim."""
    values = (
        tensor.reshape(1).gather(0, indices.reshape(1)).reshape(())
        if tensor.array.ndim == 0
        else tensor.gather(dim, indices)
    )
    return Extremes(values, indices) if keepdim else Extremes(values.squeeze(dim), indices.squeeze(dim))


def _nonempty(tensor: Tensor, dim: Any, name: str) -> None:
    shape = tensor.array.shape
    if any(shape[axis] == 0 for axis in _axes(tensor, dim, name) if shape):
        raise ShapeError(f"{name} of no elements, in a tensor of shape {tuple(shape)}: give it at least one")
