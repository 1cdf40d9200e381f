"""Products of matrices and vectors."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy import ndarray

from minigrad import kernels
from minigrad.errors import ShapeError, broadcasts_to, not_a_tensor
from minigrad.graph import apply
from minigrad.views import as_result

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


class Linalg:
    """Linear algebra."""

    __slots__ = ()

    def matmul(self: Tensor, other: Any) -> Tensor:
        """The matrix product: of vectors, matrices, or batches of matrices whose leading dimensions broadcast.

        (n) @ (n) is a number; (m, n) @ (n) and (n) @ (n, p) are vectors; (..., m, n) @ (..., n, p) is (..., m, p).
        ShapeError if the inner sizes differ.
        """
        self, other = self._pair(other)
        a, b = self.array.shape, other.array.shape
        if not a or not b or a[-1] != b[-2 if len(b) > 1 else 0]:
            raise ShapeError(_mismatch(a, b))
        if len(a) == 1:
            return as_result(self.unsqueeze(0).matmul(other).squeeze(-2 if len(b) > 1 else 0))
        if len(b) == 1:
            return as_result(self.matmul(other.unsqueeze(1)).squeeze(-1))
        return self._matmul(other)

    __matmul__ = matmul

    def _matmul(self: Tensor, other: Tensor) -> Tensor:
        """`matmul` of matrices, or batches of them, that are known to fit."""
        if (
            other.array.ndim == 2 < self.array.ndim
        ):  # one matrix for a batch: its gradient is one product of long matrices
            rules = lambda g: _matmul_turned(g, other), lambda g: _matrix(self)._transposed_matmul(_matrix(g))
            return apply(kernels.matmul, (self, other), rules)
        rules = lambda g: _matmul_turned(g, other), lambda g: _turned_matmul(self, g)
        a, b = self.array.shape, other.array.shape
        return apply(kernels.matmul, (self, other), rules, plain=a[:-2] == b[:-2])

    def _transposed_matmul(self: Tensor, other: Tensor) -> Tensor:
        """selfᵀ other, of two matrices."""
        return apply(
            kernels.transposed_matmul, (self, other), (lambda g: other._matmul(g.T), lambda g: self._matmul(g))
        )

    def __rmatmul__(self: Tensor, other: object) -> Tensor:
        return self._operand(other).matmul(self)

    def mm(self: Tensor, mat2: Tensor) -> Tensor:
        """The product of two matrices."""
        return _checked(self, mat2, 2, 2, "mm")

    def bmm(self: Tensor, mat2: Tensor) -> Tensor:
        """The products of two batches of matrices, (b, m, n) and (b, n, p)."""
        return _checked(self, mat2, 3, 3, "bmm")

    def mv(self: Tensor, vec: Tensor) -> Tensor:
        """The product of a matrix and a vector."""
        return _checked(self, vec, 2, 1, "mv")

    def dot(self: Tensor, tensor: Tensor) -> Tensor:
        """The inner product of two vectors."""
        return _checked(self, tensor, 1, 1, "dot")

    def outer(self: Tensor, vec2: Tensor) -> Tensor:
        """The product of every element of one vector with every element of another."""
        if self.array.ndim != 1 or vec2.array.ndim != 1:
            raise ShapeError(
                f"outer: Expected 1-D arguments, but got shapes {tuple(self.array.shape)} and {tuple(vec2.array.shape)}: "
                "flatten them first, x.flatten()"
            )
        return self.unsqueeze(1) * vec2.unsqueeze(0)

    ger = outer


def linear(input: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """input @ weight.T + bias: (..., in), (out, in) and (out) give (..., out).

    ShapeError, with the remedy, if the last size of the input is not `in`.
    """
    try:
        x, w = input.array, weight.array
    except AttributeError:
        raise not_a_tensor("linear", weight if hasattr(input, "array") else input) from None
    kind = w.dtype
    if x.dtype is not kind or (bias is not None and bias.array.dtype is not kind):
        input, weight = input._pair(weight)
        if bias is not None:
            input, bias = input._pair(bias)
            input, weight = input._pair(weight)
    shape, sizes = x.shape, w.shape
    if not shape or len(sizes) != 2 or shape[-1] != sizes[1]:
        raise ShapeError(_linear_mismatch(shape, sizes))
    if len(shape) == 1:
        return as_result(linear(input.unsqueeze(0), weight, bias).squeeze(0))
    if bias is not None and bias.array.shape != sizes[:1]:
        return _with_broadcast(linear(input, weight), bias, sizes)
    rules = (lambda g: _matmul(g, weight), lambda g: _transposed_matmul(g, input), lambda g: _sum_rows(g))
    if bias is None:
        return apply(kernels.linear, (input, weight), rules[:2], plain=True)
    return apply(kernels.linear, (input, weight, bias), rules, plain=True)


def _with_broadcast(result: Tensor, bias: Tensor, sizes: tuple[int, ...]) -> Tensor:
    """`linear` with a bias that is not (out,) but can be broadcast to the result. ShapeError if it cannot."""
    shape, wanted = bias.array.shape, result.array.shape
    if not broadcasts_to(shape, wanted):
        raise ShapeError(
            f"Linear({sizes[1]}, {sizes[0]}) got a bias of shape {tuple(shape)}: it must have shape ({sizes[0]},), or one "
            f"that broadcasts to the result's, {tuple(wanted)}"
        )
    return result + bias


def _matmul_turned(g: Any, x: Tensor) -> Any:
    """g xᵀ: the gradient of the first of two matrices, as an array if g is one."""
    return kernels.matmul(g, x.array.swapaxes(-2, -1)) if type(g) is ndarray else g._matmul(x.mT)


def _turned_matmul(x: Tensor, g: Any) -> Any:
    """xᵀ g: the gradient of the second of two matrices, as an array if g is one."""
    return kernels.matmul(x.array.swapaxes(-2, -1), g) if type(g) is ndarray else x.mT._matmul(g)


def _matmul(g: Any, weight: Tensor) -> Any:
    """g W: the gradient of a linear map's input, as an array if `g` is one."""
    return kernels.matmul(g, weight.array) if type(g) is ndarray else g._matmul(weight)


def _transposed_matmul(g: Any, x: Tensor) -> Any:
    """gᵀ x over all rows: the gradient of a linear map's weight."""
    if type(g) is ndarray:
        array = x.array
        if g.ndim > 2:
            rows = prod(g.shape[:-1])
            g, array = g.reshape((rows, g.shape[-1])), array.reshape((rows, array.shape[-1]))
        return kernels.transposed_matmul(g, array)
    return _matrix(g)._transposed_matmul(_matrix(x))


def _sum_rows(x: Any) -> Any:
    """The sum of all rows: the gradient of a linear map's bias."""
    if type(x) is ndarray:
        return kernels.sum_rows(x if x.ndim == 2 else x.reshape((prod(x.shape[:-1]), x.shape[-1])))
    x = _matrix(x)
    n = x.array.shape[0]
    return apply(kernels.sum_rows, (x,), (lambda g: g.unsqueeze(0).expand(n, -1),))


def _matrix(x: Tensor) -> Tensor:
    """(..., n) as (N, n)."""
    return x if x.array.ndim == 2 else x.flatten(0, -2)


def _checked(a: Tensor, b: Tensor, dims_a: int, dims_b: int, name: str) -> Tensor:
    if (a.array.ndim, b.array.ndim) != (dims_a, dims_b):
        raise ShapeError(
            f"{name}: operands of {dims_a} and {dims_b} dimensions are needed, not of shapes {tuple(a.array.shape)} and "
            f"{tuple(b.array.shape)}: use matmul, which takes any"
        )
    return a.matmul(b)


def _mismatch(a: tuple[int, ...], b: tuple[int, ...]) -> str:
    fact = f"matmul: shapes {tuple(a)} and {tuple(b)} cannot be multiplied"
    if not a or not b:
        return f"{fact}: a tensor of no dimensions has no rows or columns, use * for it"
    inner = b[-2] if len(b) > 1 else b[0]
    which = "second last" if len(b) > 1 else "only"
    fact += f": the last size of the first, {a[-1]}, must equal the {which} size of the second, {inner}"
    if len(b) > 1 and a[-1] == b[-1]:
        return f"{fact}; did you mean a @ b.mT?"
    if len(a) > 1 and a[-2] == inner:
        return f"{fact}; did you mean a.mT @ b?"
    if len(a) > 2 and a[-1] * a[-2] == inner:
        return f"{fact}; did you mean a.flatten(-2) @ b?"
    return fact


def _linear_mismatch(x: tuple[int, ...], w: tuple[int, ...]) -> str:
    if len(w) != 2:
        return f"linear got a weight of shape {tuple(w)}: it must have two dimensions, (out_features, in_features)"
    fact = f"Linear({w[1]}, {w[0]}) got an input of shape {tuple(x)}"
    for start in range(1, len(x)):
        if int(np.prod(x[start:])) == w[1]:
            return f"{fact}: flatten it first, x.flatten({start})"
    if int(np.prod(x)) == w[1]:
        return f"{fact}: flatten it first, x.flatten()"
    if x and x[0] == w[1] and len(x) == 2:
        return f"{fact}: its features come first, transpose it, x.T"
    if x and x[-1] == w[0]:
        return f"{fact}: its last size must be in_features = {w[1]}; did you mean Linear({w[0]}, {w[1]})?"
    return f"{fact}: its last size must be in_features = {w[1]}" + (
        f"; for this input use Linear({x[-1]}, {w[0]})" if x else ""
    )
