"""Decompositions."""

from __future__ import annotations

import numpy as np

from minigrad.linalg.checks import fits, side
from minigrad.linalg.equations import Checked
from minigrad.ops.decompositions import LU, PLU, QR, SVD, Eigen, matrices, square
from minigrad.tensor import Tensor


def cholesky(A: Tensor, *, upper: bool = False, out: Tensor | None = None) -> Tensor:  # noqa: N803
    """The lower triangular L of a positive-definite A = L Lᵀ, or its transpose. LinAlgError if A is not so."""
    square(A, "linalg.cholesky")
    found = A._cholesky().mT if upper else A._cholesky()
    return found if out is None else out.copy_(found)


def cholesky_ex(A: Tensor, *, upper: bool = False, check_errors: bool = False) -> Checked:  # noqa: N803
    """`cholesky`, and an int32 0 per matrix. LinAlgError if A is not positive-definite, whatever `check_errors`."""
    return Checked(cholesky(A, upper=upper), A._wrap(np.zeros(A.array.shape[:-2], np.int32)))


def qr(A: Tensor, mode: str = "reduced") -> QR:  # noqa: N803
    """Q and R of A = Q R: "reduced" of k = min(m, n) columns and rows, "complete" of m, or "r", R alone."""
    matrices(A, "linalg.qr")
    if mode not in ("reduced", "complete", "r"):
        raise RuntimeError(f"linalg.qr received unrecognized mode {mode!r}: use 'reduced', 'complete' or 'r'")
    q, r = A._qr("complete" if mode == "complete" else "reduced")
    return QR(A.new_zeros(0), r) if mode == "r" else QR(q, r)


def svd(A: Tensor, full_matrices: bool = True, *, driver: str | None = None) -> SVD:  # noqa: N803
    """U, S and Vᵀ of A = U diag(S) Vᵀ, S falling; U is (m, m) and Vᵀ (n, n), or unless `full_matrices` (m, k) and (k, n).

    The singular vectors beyond k = min(m, n) are arbitrary: GraphError for their gradients.
    """
    matrices(A, "linalg.svd")
    return A._svd(full_matrices)


def svdvals(A: Tensor, *, driver: str | None = None) -> Tensor:  # noqa: N803
    """The singular values, the largest first. Their gradients are right where they repeat, too."""
    matrices(A, "linalg.svdvals")
    return A._svdvals()


def eigh(A: Tensor, UPLO: str = "L") -> Eigen:  # noqa: N803
    """The eigenvalues of a symmetric matrix, the smallest first, and its eigenvectors. The lower triangle is read, or with
    "U" the upper one; the gradient is that for a matrix which stays symmetric."""
    square(A, "linalg.eigh")
    return A._eigh(side(UPLO))


def eigvalsh(A: Tensor, UPLO: str = "L") -> Tensor:  # noqa: N803
    """The eigenvalues of a symmetric matrix, the smallest first. Their gradients are right where they repeat, too."""
    square(A, "linalg.eigvalsh")
    return A._eigvalsh(side(UPLO))


def eig(A: Tensor) -> Eigen:  # noqa: N803
    """The eigenvalues and eigenvectors of a matrix whose eigenvalues are real, as real tensors.

    NotImplementedError if one is complex: there are no complex tensors.
    """
    square(A, "linalg.eig")
    return A._eig()


def eigvals(A: Tensor) -> Tensor:  # noqa: N803
    """The eigenvalues of a matrix, if they are real: see `eig`."""
    square(A, "linalg.eigvals")
    return A._eig().eigenvalues


def lu_factor(A: Tensor, *, pivot: bool = True) -> LU:  # noqa: N803
    """The factors of A = P L U, packed in one matrix, and the rows that changed places (int32, from 1)."""
    matrices(A, "linalg.lu_factor")
    return A._lu(pivot)


def lu(A: Tensor, *, pivot: bool = True) -> PLU:  # noqa: N803
    """P, L and U of A = P L U: a permutation, a lower triangle with ones on its diagonal, an upper triangle."""
    data, pivots = lu_factor(A, pivot=pivot)
    p, low, up = data.lu_unpack(pivots)
    return PLU(p if pivot else A.new_zeros(0), low, up)


def lu_solve(LU: Tensor, pivots: Tensor, B: Tensor, *, left: bool = True, adjoint: bool = False) -> Tensor:  # noqa: N803
    """X with A X = B, or X A = B unless `left`, given what `lu_factor` returned for A; for Aᵀ if `adjoint`."""
    square(LU, "linalg.lu_solve")
    p, low, up = LU.lu_unpack(pivots)
    if not left:
        return lu_solve(LU, pivots, B.mT, adjoint=not adjoint).mT
    fits(LU, B, -2, "linalg.lu_solve")
    if adjoint:
        return p @ low.mT._solve_triangular(up.mT._solve_triangular(B, False, False), True, True)
    return up._solve_triangular(low._solve_triangular(p.mT @ B, False, True), True, False)
