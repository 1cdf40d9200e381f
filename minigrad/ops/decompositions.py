"""Inverses, determinants and decompositions of matrices, or of batches of them, with gradients of any order.

The gradients of decompositions are those of M. Giles, An extended collection of matrix derivative results for forward and
reverse mode algorithmic differentiation, 2008, but for those that name another source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from minigrad.errors import GraphError, ShapeError
from minigrad.graph import apply
from minigrad.kernels import linalg as kernels
from minigrad.ops.matrix_gradients import (
    cholesky_rule,
    differences,
    lu_gradient,
    off_diagonal,
    ratio,
    svd_gradient,
    tall_qr,
    unpacked,
)
from minigrad.ops.shape import cat

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


class SLogDet(NamedTuple):
    """The sign of a determinant, and the logarithm of its size."""

    sign: Tensor
    logabsdet: Tensor


class QR(NamedTuple):
    """Orthonormal columns, and an upper triangle."""

    Q: Tensor
    R: Tensor


class SVD(NamedTuple):
    """Orthonormal columns, singular values, and orthonormal rows."""

    U: Tensor
    S: Tensor
    Vh: Tensor


class ThinSVD(NamedTuple):
    """Orthonormal columns, singular values, and orthonormal columns: what `Tensor.svd` returns."""

    U: Tensor
    S: Tensor
    V: Tensor


class Eigen(NamedTuple):
    """Eigenvalues, and the eigenvectors in columns."""

    eigenvalues: Tensor
    eigenvectors: Tensor


class LU(NamedTuple):
    """L below the diagonal and U on it and above, and the rows that changed places."""

    LU: Tensor
    pivots: Tensor


class PLU(NamedTuple):
    """A permutation, a lower triangle with ones on the diagonal, and an upper triangle."""

    P: Tensor
    L: Tensor
    U: Tensor


class Decompositions:
    """Functions of matrices (..., m, n). RuntimeError for types other than float32 and float64, and for singular matrices
    where the function needs others."""

    __slots__ = ()

    # ── inverses and determinants ────────────────────────────────────────────────────────────────────────────────────

    def inverse(self: Tensor) -> Tensor:
        """The inverse A⁻¹ of a square matrix. LinAlgError if there is none.

        >>> from minigrad import tensor
        >>> tensor([[2.0, 0.0], [0.0, 4.0]]).inverse()
        tensor([[0.5000, 0.0000],
                [0.0000, 0.2500]])
        """
        square(self, "inverse")
        return apply(kernels.inv, (self,), (lambda g, out: -(out.mT @ g @ out.mT),))

    def det(self: Tensor) -> Tensor:
        """The determinant of a square matrix. Its gradient is right where the matrix is singular too."""
        square(self, "det")
        return apply(np.linalg.det, (self,), (lambda g: g._as_matrices() * self._cofactor(),))

    def _cofactor(self: Tensor) -> Tensor:
        def rule(g: Tensor, out: Tensor) -> Tensor:
            inverse = self.inverse().mT
            both = (g * out).sum((-2, -1))._as_matrices()
            return both * inverse - out @ g.mT @ inverse

        rule.__qualname__ = "Decompositions._cofactor.<locals>.<lambda>"
        return apply(kernels.cofactor, (self,), (rule,))

    def slogdet(self: Tensor) -> SLogDet:
        """The sign of the determinant of a square matrix, and the logarithm of its size, which does not overflow."""
        square(self, "slogdet")
        packed = apply(kernels.slogdet, (self,), (lambda g: g.select(-1, 1)._as_matrices() * self.inverse().mT,))
        return SLogDet(packed.detach().select(-1, 0).clone(), packed.select(-1, 1))

    def logdet(self: Tensor) -> Tensor:
        """The logarithm of the determinant of a square matrix: NaN where that is negative."""
        sign, size = self.slogdet()
        return size.masked_fill(sign < 0, float("nan"))

    def _solve(self: Tensor, other: Tensor) -> Tensor:
        """A⁻¹ B, of matrices or batches of them that broadcast."""
        return apply(
            kernels.solve,
            (self, other),
            (lambda g, out: -(self.mT._solve(g) @ out.mT), lambda g: self.mT._solve(g)),
        )

    def _solve_triangular(self: Tensor, other: Tensor, upper: bool, unit: bool) -> Tensor:
        """A⁻¹ B of a triangular A."""
        k = 0 if not unit else 1 if upper else -1
        return apply(
            kernels.solve_triangular,
            (self, other),
            (
                lambda g, out: -(self.mT._solve_triangular(g, not upper, unit) @ out.mT)._triangle(upper, k),
                lambda g: self.mT._solve_triangular(g, not upper, unit),
            ),
            upper=upper,
            unitriangular=unit,
        )

    def pinverse(self: Tensor, rcond: float = 1e-15) -> Tensor:
        """The pseudo-inverse: of singular values up to `rcond` times the largest, 0."""
        matrices(self, "pinverse")
        return self._pinv(0.0, rcond)

    def _pinv(self: Tensor, atol: float, rtol: float) -> Tensor:
        """Source of the gradient: G. Golub and V. Pereyra, SIAM J. Numer. Anal. 10, 1973."""

        def rule(g: Tensor, out: Tensor) -> Tensor:
            left, right = self @ out, out @ self
            gt, pt = g.mT, out.mT
            first = gt @ out @ pt
            last = pt @ out @ gt
            return first - left @ first + last - last @ right - pt @ g @ pt

        rule.__qualname__ = "Decompositions.pinv.<locals>.<lambda>"
        return apply(kernels.pinv, (self,), (rule,), atol=atol, rtol=rtol)

    # ── triangles ────────────────────────────────────────────────────────────────────────────────────────────────────

    def cholesky(self: Tensor, upper: bool = False) -> Tensor:
        """The lower triangular L of a positive-definite A = L Lᵀ, or its transpose. LinAlgError if A is not so.

        Only the lower triangle of A is read (or the upper one), and the gradient is spread over both.
        """
        square(self, "cholesky")
        return self.mT._cholesky().mT if upper else self._cholesky()

    def _cholesky(self: Tensor) -> Tensor:
        """Source of the gradient: I. Murray, Differentiation of the Cholesky decomposition, 2016."""
        return apply(kernels.cholesky, (self,), (cholesky_rule,))

    def cholesky_solve(self: Tensor, input2: Tensor, upper: bool = False) -> Tensor:
        """A⁻¹ B for this B, given the factor of A = L Lᵀ."""
        square(input2, "cholesky_solve")
        if self.array.ndim < 2 or self.array.shape[-2] != input2.array.shape[-1]:
            raise ShapeError(
                f"cholesky_solve: a right-hand side of shape {tuple(self.shape)} for a factor of shape {tuple(input2.shape)}: "
                "it must be (..., n, k)"
            )
        lower = input2.mT if upper else input2
        return lower.mT._solve_triangular(lower._solve_triangular(self, False, False), True, False)

    def cholesky_inverse(self: Tensor, upper: bool = False) -> Tensor:
        """A⁻¹, given the factor of A = L Lᵀ."""
        square(self, "cholesky_inverse")
        return self._wrap(np.eye(self.array.shape[-1], dtype=self.array.dtype)).cholesky_solve(self, upper)

    def qr(self: Tensor, some: bool = True) -> QR:
        """Orthonormal columns Q and an upper triangle R with A = Q R: (m, k) and (k, n), k = min(m, n) or, unless `some`, m."""
        matrices(self, "qr")
        return self._qr("reduced" if some else "complete")

    def _qr(self: Tensor, mode: str) -> QR:
        *_, m, n = self.array.shape
        k = m if mode == "complete" else min(m, n)
        shapes = (m, k), (k, n)

        def rule(g: Tensor, out: Tensor) -> Tensor:
            if mode == "complete" and m > n:
                raise GraphError(
                    f"qr: the last columns of a complete Q of a matrix of shape {(m, n)} are arbitrary and have no gradient: "
                    "use mode='reduced'"
                )
            (gq, gr), (q, r) = unpacked(g, *shapes), unpacked(out, *shapes)
            if m >= n:
                return tall_qr(gq, gr, q, r)
            u, v, gu, gv = r.narrow(-1, 0, m), r.narrow(-1, m, n - m), gr.narrow(-1, 0, m), gr.narrow(-1, m, n - m)
            return cat([tall_qr(gq + q @ v @ gv.mT, gu, q, u), q @ gv], -1)

        rule.__qualname__ = "Decompositions.qr.<locals>.<lambda>"
        return QR(*unpacked(apply(kernels.qr, (self,), (rule,), mode=mode), *shapes))

    def _lu(self: Tensor, pivot: bool) -> LU:
        *_, m, n = self.array.shape
        k = min(m, n)

        def rule(g: Tensor, out: Tensor) -> Tensor:
            (g, _), (lu, pivots) = unpacked(g, (m, n), (k,)), unpacked(out, (m, n), (k,))
            p = lu._wrap(kernels.permutation(pivots.array.astype(np.int64), m, lu.array.dtype))
            return p @ lu_gradient(g, lu)

        rule.__qualname__ = "Decompositions.lu.<locals>.<lambda>"
        data, pivots = unpacked(apply(kernels.lu, (self,), (rule,), pivot=pivot), (m, n), (k,))
        return LU(data, pivots.detach().to(np.dtype(np.int32)))

    def lu(self: Tensor, pivot: bool = True, get_infos: bool = False) -> Any:
        """The factors of A = P L U, packed in one matrix, and the rows that changed places: see `lu_unpack`.

        With `get_infos` also an int32 tensor: 0, or the number of the first pivot that is 0.
        """
        matrices(self, "lu")
        data, pivots = self._lu(pivot)
        if not get_infos:
            return data, pivots
        none = np.diagonal(data.array, 0, -2, -1) == 0
        infos = np.where(none.any(-1), none.argmax(-1) + 1, 0) if none.size else np.zeros(none.shape[:-1])
        return data, pivots, self._wrap(np.asarray(infos, np.int32))

    def lu_unpack(self: Tensor, LU_pivots: Tensor, unpack_data: bool = True, unpack_pivots: bool = True) -> PLU:  # noqa: N803
        """P, L and U, from what `lu` returned; empty tensors for what was not asked for."""
        matrices(self, "lu_unpack")
        *_, m, n = self.array.shape
        k = min(m, n)
        nothing = self.new_zeros(0)
        p = self._wrap(kernels.permutation(LU_pivots.array, m, self.array.dtype)) if unpack_pivots else nothing
        if not unpack_data:
            return PLU(p, nothing, self.new_zeros(0))
        one = self._wrap(np.eye(m, k, dtype=self.array.dtype))
        return PLU(p, self.narrow(-1, 0, k)._triangle(False, -1) + one, self.narrow(-2, 0, k)._triangle(True, 0))

    def _triangle(self: Tensor, upper: bool, k: int) -> Tensor:
        """The upper or lower triangle, from the diagonal k."""
        return apply(kernels.triangle, (self,), (lambda g: g._triangle(upper, k),), upper=upper, k=k)

    # ── spectra ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def svd(self: Tensor, some: bool = True, compute_uv: bool = True) -> ThinSVD:
        """U, S and V of A = U diag(S) Vᵀ: `linalg.svd` under its old name, which gives V itself."""
        matrices(self, "svd")
        if not compute_uv:
            *batch, m, n = self.array.shape
            return ThinSVD(self.new_zeros(*batch, m, m), self._svdvals(), self.new_zeros(*batch, n, n))
        u, s, vh = self._svd(not some)
        return ThinSVD(u, s, vh.mT)

    def _svd(self: Tensor, full_matrices: bool) -> SVD:
        *_, m, n = self.array.shape
        k = min(m, n)
        shapes = ((m, m), (k,), (n, n)) if full_matrices else ((m, k), (k,), (k, n))

        def rule(g: Tensor, out: Tensor) -> Tensor:
            (gu, gs, gvh), (u, s, vh) = unpacked(g, *shapes), unpacked(out, *shapes)
            if full_matrices:
                if gu.array[..., k:].any() or gvh.array[..., k:, :].any():
                    raise GraphError(
                        f"svd: the last singular vectors of a matrix of shape {(m, n)} are arbitrary and have no gradient: "
                        "use full_matrices=False"
                    )
                gu, u, gvh, vh = gu.narrow(-1, 0, k), u.narrow(-1, 0, k), gvh.narrow(-2, 0, k), vh.narrow(-2, 0, k)
            return svd_gradient(gu, gs, gvh.mT, u, s, vh.mT)

        rule.__qualname__ = "Decompositions.svd.<locals>.<lambda>"
        packed = apply(kernels.svd, (self,), (rule,), full_matrices=full_matrices)
        return SVD(*unpacked(packed, *shapes))

    def _svdvals(self: Tensor) -> Tensor:
        def rule(g: Tensor) -> Tensor:
            u, _, vh = self._svd(False)
            return u * g.unsqueeze(-2) @ vh

        rule.__qualname__ = "Decompositions.svdvals.<locals>.<lambda>"
        return apply(kernels.svdvals, (self,), (rule,))

    def _eigh(self: Tensor, uplo: str) -> Eigen:
        n = self.array.shape[-1]

        def rule(g: Tensor, out: Tensor) -> Tensor:
            (gl, gv), (values, v) = unpacked(g, (n,), (n, n)), unpacked(out, (n,), (n, n))
            inner = ratio(off_diagonal(v.mT @ gv), differences(values))
            found = v @ (inner + gl._diagonal_matrix()) @ v.mT
            return 0.5 * (found + found.mT)

        rule.__qualname__ = "Decompositions.eigh.<locals>.<lambda>"
        return Eigen(*unpacked(apply(kernels.eigh, (self,), (rule,), uplo=uplo), (n,), (n, n)))

    def _eigvalsh(self: Tensor, uplo: str) -> Tensor:
        def rule(g: Tensor) -> Tensor:
            _, v = self._eigh(uplo)
            return v * g.unsqueeze(-2) @ v.mT

        rule.__qualname__ = "Decompositions.eigvalsh.<locals>.<lambda>"
        return apply(kernels.eigvalsh, (self,), (rule,), uplo=uplo)

    def _eig(self: Tensor) -> Eigen:
        """Source of the gradient: C. Boeddeker et al., On the Computation of Complex-valued Gradients, 2017."""
        n = self.array.shape[-1]

        def rule(g: Tensor, out: Tensor) -> Tensor:
            (gl, gv), (values, v) = unpacked(g, (n,), (n, n)), unpacked(out, (n,), (n, n))
            inner = v.mT @ gv
            inner = inner - v.mT @ v * inner._diagonal().unsqueeze(-2)
            inner = ratio(off_diagonal(inner), differences(values))
            return v.mT._solve((inner + gl._diagonal_matrix()) @ v.mT)

        rule.__qualname__ = "Decompositions.eig.<locals>.<lambda>"
        return Eigen(*unpacked(apply(kernels.eig, (self,), (rule,)), (n,), (n, n)))

    def matrix_exp(self: Tensor) -> Tensor:
        """The exponential of a square matrix, Σ Aᵏ / k!.

        Source of the gradient: I. Najfeld and T. Havel, Adv. Appl. Math. 16, 1995.
        """
        square(self, "matrix_exp")
        n = self.array.shape[-1]

        def rule(g: Tensor) -> Tensor:
            a = self.mT
            block = cat([cat([a, g], -1), cat([a * 0, a], -1)], -2)
            return block.matrix_exp().narrow(-2, 0, n).narrow(-1, n, n)

        rule.__qualname__ = "Decompositions.matrix_exp.<locals>.<lambda>"
        return apply(kernels.matrix_exp, (self,), (rule,))

    def matrix_power(self: Tensor, n: int) -> Tensor:
        """The product of n copies of a square matrix; for negative n, of its inverse."""
        square(self, "matrix_power", "fiu")
        if n < 0:
            return self.inverse().matrix_power(-n)
        result = None
        power = self
        while n:
            if n & 1:
                result = power if result is None else result @ power
            n >>= 1
            power = power @ power if n else power
        if result is None:
            nothing = self.masked_fill(self._wrap(np.ones((), bool)), 0)  # whose gradient is 0
            return nothing + self._wrap(np.eye(self.array.shape[-1], dtype=self.array.dtype))
        return result.clone() if result is self else result

    # ── helpers ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def _as_matrices(self: Tensor) -> Tensor:
        """Numbers (...) as (..., 1, 1)."""
        return self.unsqueeze(-1).unsqueeze(-1)

    def _diagonal_matrix(self: Tensor) -> Tensor:
        return apply(kernels.diagonal_matrix, (self,), (lambda g: g._diagonal(),))

    def _diagonal(self: Tensor) -> Tensor:
        """The diagonals of square matrices."""
        return apply(kernels.diagonal, (self,), (lambda g: g._diagonal_matrix(),))


def matrices(x: Tensor, name: str, kinds: str = "f") -> None:
    """ShapeError unless x is a matrix or a batch of them, RuntimeError for a type that cannot be worked with."""
    if x.array.ndim < 2:
        raise ShapeError(
            f"{name}: The input tensor must have at least 2 dimensions, (..., m, n), not shape {tuple(x.array.shape)}"
        )
    if x.array.dtype.kind not in kinds or x.array.dtype == np.float16:
        raise RuntimeError(
            f"{name}: Expected a floating point tensor of type float32 or float64 as input. Got {x.array.dtype}: "
            "convert it first, x.float()"
        )


def square(x: Tensor, name: str, kinds: str = "f") -> None:
    """As `matrices`, and ShapeError unless they are square."""
    matrices(x, name, kinds)
    if x.array.shape[-1] != x.array.shape[-2]:
        raise ShapeError(
            f"{name}: A must be batches of square matrices, but they are {x.shape[-2]} by {x.shape[-1]} matrices"
        )
