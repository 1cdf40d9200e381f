"""Norms, and what is made of them."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.dtypes import DTypeLike
from minigrad.errors import ShapeError
from minigrad.linalg.checks import floating, spectrum, tolerances
from minigrad.ops.decompositions import matrices, square
from minigrad.tensor import Tensor


def vector_norm(
    x: Tensor, ord: Any = 2, dim: Any = None, keepdim: bool = False, *, dtype: DTypeLike | None = None
) -> Tensor:
    """(Σ |x|^ord)^(1/ord), of all elements or along `dim`: see `Tensor.norm`. inf, -inf and 0 are orders too.

    >>> from minigrad import linalg, tensor
    >>> linalg.vector_norm(tensor([3.0, -4.0]))
    tensor(5.)
    """
    if not isinstance(ord, int | float):
        raise TypeError(f"linalg.vector_norm: the order must be a number, not {ord!r}: use linalg.norm or matrix_norm")
    return floating(x, dtype, "linalg.vector_norm").norm(ord, dim, keepdim)


def matrix_norm(
    A: Tensor,  # noqa: N803
    ord: Any = "fro",
    dim: Any = (-2, -1),
    keepdim: bool = False,
    *,
    dtype: DTypeLike | None = None,
) -> Tensor:
    """A norm of matrices: "fro", "nuc" (the sum of the singular values), inf, -inf, 1, -1 (the largest or smallest sum of a
    row or column), 2, -2 (the largest or smallest singular value)."""
    A = floating(A, dtype, "linalg.matrix_norm")  # noqa: N806
    if A.array.ndim < 2:
        raise ShapeError(f"linalg.matrix_norm: a matrix is needed, (..., m, n), not shape {tuple(A.shape)}")
    if not isinstance(dim, tuple | list) or len(dim) != 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple, not {dim!r}")
    one, two = (d % A.array.ndim for d in dim)
    if one == two:
        raise RuntimeError(f"linalg.matrix_norm: dims must be different. Got {tuple(dim)}")
    if ord == "fro":
        return A.norm(2, tuple(dim), keepdim)
    if ord in (1, -1, float("inf"), -float("inf")):
        first, last = (one, two) if abs(ord) == 1 else (two, one)
        sums = A.abs().sum(first, keepdim=True)
        found = sums.amax(last, True) if ord > 0 else sums.amin(last, True)
    elif ord in ("nuc", 2, -2):
        rest = [d for d in range(A.array.ndim) if d not in (one, two)]
        values = A.permute(*rest, one, two)._svdvals()
        found = values.sum(-1) if ord == "nuc" else values.select(-1, 0 if ord == 2 else -1)
        if not keepdim:
            return found
        for d in sorted((one, two)):
            found = found.unsqueeze(d)
        return found
    else:
        raise RuntimeError(
            f"linalg.matrix_norm: Order {ord} not supported: use 'fro', 'nuc', inf, -inf, 1, -1, 2 or -2"
        )
    return found if keepdim else found.squeeze((one, two))


def norm(
    A: Tensor, ord: Any = None, dim: Any = None, keepdim: bool = False, *, out: Tensor | None = None,  # noqa: N803
    dtype: DTypeLike | None = None,
) -> Tensor:  # fmt: skip
    """A norm: without an order, the root of the sum of squares; of two dimensions that of a matrix, of others of a vector.

    >>> from minigrad import linalg, tensor
    >>> linalg.norm(tensor([[3.0, 0.0], [0.0, 4.0]]), 2)
    tensor(4.)
    """
    if ord is None:
        result = vector_norm(A, 2, dim, keepdim, dtype=dtype)
    elif (isinstance(dim, tuple | list) and len(dim) == 2) or (
        dim is None and (A.array.ndim == 2 or isinstance(ord, str))
    ):
        if dim is None and A.array.ndim != 2:
            raise RuntimeError(
                f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {A.array.ndim}D."
            )
        result = matrix_norm(A, ord, (0, 1) if dim is None else dim, keepdim, dtype=dtype)
    elif dim is None and A.array.ndim != 1:
        raise RuntimeError(
            f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {A.array.ndim}D."
        )
    else:
        result = vector_norm(A, ord, dim, keepdim, dtype=dtype)
    return result if out is None else out.copy_(result)


def cond(A: Tensor, p: Any = None) -> Tensor:  # noqa: N803
    """The condition number ‖A‖ ‖A⁻¹‖: without `p` that of the 2-norm, the largest singular value over the smallest."""
    matrices(A, "linalg.cond")
    if p in (None, 2, -2):
        values = A._svdvals()
        first, last = values.select(-1, 0), values.select(-1, -1)
        return last / first if p == -2 else first / last
    square(A, "linalg.cond")
    return matrix_norm(A, p) * matrix_norm(A.inverse(), p)


def matrix_rank(
    A: Tensor,  # noqa: N803
    *,
    atol: float | None = None,
    rtol: float | None = None,
    tol: float | None = None,
    hermitian: bool = False,
) -> Tensor:
    """How many singular values are above atol, and above rtol times the largest: int64."""
    matrices(A, "linalg.matrix_rank")
    values = abs(spectrum(A.detach(), hermitian).array)
    if not values.size:
        return A._wrap(np.zeros(A.array.shape[:-2], np.int64))
    atol, rtol = tolerances(A, atol if tol is None else tol, rtol)
    limit = np.maximum(atol, rtol * values.max(-1, keepdims=True))
    return A._wrap(np.asarray((values > limit).sum(-1), np.int64))
