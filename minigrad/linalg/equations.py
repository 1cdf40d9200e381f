"""Inverses, and the solutions of linear equations."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from minigrad.linalg.checks import fits, symmetric, tolerances
from minigrad.linalg.norms import matrix_rank
from minigrad.ops.decompositions import matrices, square
from minigrad.tensor import Tensor


class Fit(NamedTuple):
    """What `lstsq` finds."""

    solution: Tensor
    residuals: Tensor
    rank: Tensor
    singular_values: Tensor


class Checked(NamedTuple):
    """A result, and 0 per matrix: this library raises where PyTorch would give another number."""

    result: Tensor
    info: Tensor


def inv(A: Tensor, *, out: Tensor | None = None) -> Tensor:  # noqa: N803
    """The inverse of a square matrix. LinAlgError if there is none."""
    square(A, "linalg.inv")
    return A.inverse() if out is None else out.copy_(A.inverse())


def inv_ex(A: Tensor, *, check_errors: bool = False) -> Checked:  # noqa: N803
    """`inv`, and an int32 0 per matrix. LinAlgError if there is none, whatever `check_errors`."""
    return Checked(inv(A), A._wrap(np.zeros(A.array.shape[:-2], np.int32)))


def pinv(
    A: Tensor, rcond: float | None = None, hermitian: bool = False, *, atol: float | None = None,  # noqa: N803
    rtol: float | None = None,
) -> Tensor:  # fmt: skip
    """The pseudo-inverse (..., n, m): singular values up to atol, or rtol times the largest, count as 0."""
    matrices(A, "linalg.pinv")
    if hermitian:
        A = symmetric(A)  # noqa: N806
    return A._pinv(*tolerances(A, atol, rcond if rtol is None else rtol))


def solve(A: Tensor, B: Tensor, *, left: bool = True, out: Tensor | None = None) -> Tensor:  # noqa: N803
    """X with A X = B, or X A = B unless `left`: B is (..., n, k), a vector, or a batch of vectors (..., n).

    LinAlgError if A is singular.

    >>> from minigrad import linalg, tensor
    >>> linalg.solve(tensor([[2.0, 0.0], [0.0, 4.0]]), tensor([2.0, 2.0]))
    tensor([1.0000, 0.5000])
    """
    square(A, "linalg.solve")
    A, B = A._pair(B)  # noqa: N806
    vector = B.array.ndim == 1 or (B.array.ndim == A.array.ndim - 1 and B.array.shape == A.array.shape[:-1])
    if vector:
        fits(A, B, -1, "linalg.solve")
        x = A._solve(B.unsqueeze(-1)).squeeze(-1) if left else A.mT._solve(B.unsqueeze(-1)).squeeze(-1)
    elif left:
        fits(A, B, -2, "linalg.solve")
        x = A._solve(B)
    else:
        fits(A, B, -1, "linalg.solve")
        x = A.mT._solve(B.mT).mT
    return x if out is None else out.copy_(x)


def solve_triangular(
    A: Tensor,  # noqa: N803
    B: Tensor,  # noqa: N803
    *,
    upper: bool,
    left: bool = True,
    unitriangular: bool = False,
    out: Tensor | None = None,
) -> Tensor:
    """X with A X = B, or X A = B unless `left`, for a triangular A, whose other triangle is not read.

    With `unitriangular` its diagonal counts as ones. LinAlgError if an element of the diagonal is 0.
    """
    square(A, "linalg.solve_triangular")
    A, B = A._pair(B)  # noqa: N806
    matrices(B, "linalg.solve_triangular")
    fits(A, B, -2 if left else -1, "linalg.solve_triangular")
    if not left:
        return solve_triangular(A.mT, B.mT, upper=not upper, unitriangular=unitriangular).mT
    x = A._solve_triangular(B, upper, unitriangular)
    return x if out is None else out.copy_(x)


def lstsq(A: Tensor, B: Tensor, rcond: float | None = None, *, driver: str | None = None) -> Fit:  # noqa: N803
    """The X that makes ‖A X - B‖ least, and of several the smallest; B is (..., m, k), or a vector per matrix.

    As LAPACK's drivers differ, so does what else is found: with "gels", "gelsd" and "gelss" `residuals` holds the squares of
    these norms, per column, if m > n and the columns of A are independent; with all but "gels" there is a `rank`; with
    "gelsd" and "gelss" there are `singular_values`. What is not found is empty. "gelsy" is taken unless told.
    """
    matrices(A, "linalg.lstsq")
    if driver not in (None, "gels", "gelsy", "gelsd", "gelss"):
        raise RuntimeError(f"linalg.lstsq: driver={driver!r}: use 'gels', 'gelsy', 'gelsd' or 'gelss'")
    A, B = A._pair(B)  # noqa: N806
    m, n = A.array.shape[-2:]
    vector = B.array.ndim == 1 or (B.array.ndim == A.array.ndim - 1 and B.array.shape == A.array.shape[:-1])
    right = B.unsqueeze(-1) if vector else B
    fits(A, right, -2, "linalg.lstsq")
    limits = tolerances(A, None, rcond)
    x = A._pinv(*limits) @ right
    rank = matrix_rank(A, atol=0.0, rtol=limits[1])
    nothing = A.new_zeros(0)
    residuals = nothing
    if driver not in (None, "gelsy") and m > n and (rank.array == n).all():
        residuals = (A @ x - right).square().sum(-2)
        residuals = residuals.squeeze(-1) if vector else residuals
    values = A.detach()._svdvals() if driver in ("gelsd", "gelss") else A.new_zeros(0)
    if driver == "gels":
        rank = rank.new_zeros(0)
    return Fit(x.squeeze(-1) if vector else x, residuals, rank, values)
