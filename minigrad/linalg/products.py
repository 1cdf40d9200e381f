"""Products."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minigrad.errors import ShapeError
from minigrad.linalg.equations import inv
from minigrad.ops.products import product_of
from minigrad.tensor import Tensor


def multi_dot(tensors: Sequence[Tensor], *, out: Tensor | None = None) -> Tensor:
    """The product of matrices in the order that takes the fewest multiplications; the first and last may be vectors."""
    if len(tensors) < 2:
        raise RuntimeError("multi_dot(): expected at least 2 tensors but got " + str(len(tensors)))
    first, last = tensors[0], tensors[-1]
    inner = list(tensors)
    if first.array.ndim == 1:
        inner[0] = first.unsqueeze(0)
    if last.array.ndim == 1:
        inner[-1] = last.unsqueeze(1)
    if any(x.array.ndim != 2 for x in inner):
        raise ShapeError(
            f"multi_dot(): tensors of shapes {', '.join(str(tuple(x.shape)) for x in tensors)}: they must be matrices, but "
            "for the first and the last, which may be vectors"
        )
    found = product_of(inner)
    if last.array.ndim == 1:
        found = found.squeeze(1)
    if first.array.ndim == 1:
        found = found.squeeze(0)
    return found if out is None else out.copy_(found)


def vecdot(x: Tensor, y: Tensor, *, dim: int = -1) -> Tensor:
    """Σ x y along a dimension."""
    return (x * y).sum(dim)


def cross(input: Tensor, other: Tensor, *, dim: int = -1) -> Tensor:
    """The vector product of vectors of three numbers along `dim`."""
    return input.cross(other, dim)


def diagonal(A: Tensor, *, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Tensor:  # noqa: N803
    """The diagonals of the matrices in two dimensions: `Tensor.diagonal`."""
    return A.diagonal(offset, dim1, dim2)


def tensorinv(A: Tensor, ind: int = 2) -> Tensor:  # noqa: N803
    """The inverse for `tensordot` over the first `ind` dimensions against the others."""
    if ind <= 0:
        raise RuntimeError("Expected a strictly positive integer for 'ind'")
    shape = A.array.shape
    flat = A.reshape(int(np.prod(shape[:ind])), -1)
    return inv(flat).reshape(*shape[ind:], *shape[:ind])
