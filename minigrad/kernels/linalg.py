"""Decompositions of matrices, or of batches of them: each takes (..., m, n) and gives one array.

Those with several results give them packed, flattened one after the other along the last dimension: see `pack`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from typing import Any

import numpy as np

from minigrad.errors import LinAlgError
from minigrad.kernels import Array


def pack(*parts: tuple[Array, int]) -> Array:
    """Arrays, each with the number of its own dimensions, flattened and laid one after the other."""
    flat = []
    for array, ndim in parts:
        batch = array.shape[: array.ndim - ndim]
        flat.append(array.reshape((*batch, prod(array.shape[array.ndim - ndim :]))))
    return np.concatenate(flat, -1)


@contextmanager
def refusing(name: str, fact: str, remedy: str, shape: tuple[int, ...]) -> Iterator[None]:
    """NumPy's LinAlgError as ours, which says what is wrong and what to do."""
    try:
        yield
    except np.linalg.LinAlgError as error:
        raise LinAlgError(f"{name}: {fact} (shape {tuple(shape)}): {remedy}") from error


SINGULAR = "the matrix is singular, or one of a batch is"


def inv(x: Array) -> Array:
    """The inverse."""
    with refusing("inv", SINGULAR, "use pinv, or add a little to its diagonal", x.shape):
        return np.asanyarray(np.linalg.inv(x))


def solve(a: Array, b: Array) -> Array:
    """A⁻¹ B, for B (..., n, k)."""
    with refusing("solve", SINGULAR, "use lstsq, or add a little to its diagonal", a.shape):
        return np.asanyarray(np.linalg.solve(a, b))


def solve_triangular(a: Array, b: Array, upper: bool, unitriangular: bool) -> Array:
    """A⁻¹ B of a triangular A: the other triangle is not read. By halves, so that most of it is products of matrices."""
    n = a.shape[-1]
    if n <= 32:
        part = np.triu(a) if upper else np.tril(a)
        if unitriangular:
            part[..., range(n), range(n)] = 1
        with refusing("solve_triangular", "a diagonal element is 0", "use lstsq, or pinv", a.shape):
            return np.asanyarray(np.linalg.solve(part, b))
    half = n // 2
    first, last = slice(0, half), slice(half, n)
    done, rest = (last, first) if upper else (first, last)
    x = solve_triangular(a[..., done, done], b[..., done, :], upper, unitriangular)
    y = b[..., rest, :] - np.matmul(a[..., rest, done], x)
    y = solve_triangular(a[..., rest, rest], y, upper, unitriangular)
    return np.concatenate([y, x] if upper else [x, y], -2)


def cofactor(x: Array) -> Array:
    """det(A) A⁻ᵀ, which has a value where A is singular too: the gradient of the determinant."""
    n = x.shape[-1]
    u, s, vh = np.linalg.svd(x)
    others = np.repeat(s[..., None, :], n, -2)
    others[..., range(n), range(n)] = 1
    sign = np.linalg.det(u) * np.linalg.det(vh)
    return np.asanyarray(np.matmul(u * (others.prod(-1) * np.rint(sign)[..., None])[..., None, :], vh))


def slogdet(x: Array) -> Array:
    """The sign of the determinant and the logarithm of its size, packed."""
    sign, size = np.linalg.slogdet(x)
    return np.stack([sign, size], -1)


def cholesky(x: Array) -> Array:
    """The lower triangular L of A = L Lᵀ; of A the lower triangle is read."""
    with refusing(
        "cholesky",
        "the matrix is not positive-definite, or one of a batch is not",
        "add a little to its diagonal",
        x.shape,
    ):
        return np.asanyarray(np.linalg.cholesky(x))


def qr(x: Array, mode: Any) -> Array:
    """Q and R, packed."""
    if x.shape[-1] == 0 or x.shape[-2] == 0:
        *batch, m, n = x.shape
        k = m if mode == "complete" else min(m, n)
        q = np.broadcast_to(np.eye(m, k, dtype=x.dtype), (*batch, m, k))
        return pack((q, 2), (np.zeros((*batch, k, n), x.dtype), 2))
    q, r = np.linalg.qr(x, mode)
    return pack((q, 2), (r, 2))


def svd(x: Array, full_matrices: bool) -> Array:
    """U, S and Vᵀ, packed."""
    with refusing("svd", "no convergence", "look for NaN and infinities in it", x.shape):
        u, s, vh = np.linalg.svd(x, full_matrices=full_matrices)
    return pack((u, 2), (s, 1), (vh, 2))


def svdvals(x: Array) -> Array:
    """The singular values, the largest first."""
    with refusing("svdvals", "no convergence", "look for NaN and infinities in it", x.shape):
        return np.asanyarray(np.linalg.svd(x, compute_uv=False))


def eigh(x: Array, uplo: Any) -> Array:
    """The eigenvalues of a symmetric matrix, the smallest first, and its eigenvectors, packed."""
    with refusing("eigh", "no convergence", "look for NaN and infinities in it", x.shape):
        values, vectors = np.linalg.eigh(x, uplo)
    return pack((values, 1), (vectors, 2))


def eigvalsh(x: Array, uplo: Any) -> Array:
    """The eigenvalues of a symmetric matrix, the smallest first."""
    with refusing("eigvalsh", "no convergence", "look for NaN and infinities in it", x.shape):
        return np.asanyarray(np.linalg.eigvalsh(x, uplo))


def eig(x: Array) -> Array:
    """The eigenvalues and eigenvectors of a matrix whose eigenvalues are real, packed."""
    with refusing("eig", "no convergence", "look for NaN and infinities in it", x.shape):
        values, vectors = np.linalg.eig(x)
    if values.dtype.kind == "c":
        if np.any(values.imag):
            raise NotImplementedError(
                f"eig: the matrix, of shape {tuple(x.shape)}, has complex eigenvalues, and minigrad has no complex numbers: "
                "for a symmetric matrix use eigh; NumPy has numpy.linalg.eig"
            )
        values, vectors = values.real, vectors.real
    return pack((values, 1), (vectors, 2))


def pinv(x: Array, atol: float, rtol: float) -> Array:
    """The pseudo-inverse: the inverse of the singular values above atol and rtol times the largest, 0 for the others."""
    with refusing("pinv", "no convergence", "look for NaN and infinities in it", x.shape):
        u, s, vh = np.linalg.svd(x, full_matrices=False)
    if not s.size:
        return np.zeros((*x.shape[:-2], x.shape[-1], x.shape[-2]), x.dtype)
    kept = s > np.maximum(atol, rtol * s[..., :1])
    inverse = np.divide(1, s, out=np.zeros_like(s), where=kept)
    return np.asanyarray(np.matmul(np.swapaxes(vh, -1, -2) * inverse[..., None, :], np.swapaxes(u, -1, -2)))


def lu(x: Array, pivot: bool) -> Array:
    """L below the diagonal and U on it and above, and the rows that changed places (numbered from 1), packed.

    Column by column, for the whole batch at once: G. Golub and C. Van Loan, Matrix Computations, 3.4.
    """
    *batch, m, n = x.shape
    k = min(m, n)
    a = np.array(x.reshape(prod(batch), m, n))
    pivots = np.empty((len(a), k), x.dtype)
    every = np.arange(len(a))
    for i in range(k):
        p = i + np.abs(a[:, i:, i]).argmax(-1) if pivot else np.full(len(a), i)
        pivots[:, i] = p + 1
        if pivot:
            row = a[every, p].copy()
            a[every, p] = a[:, i]
            a[:, i] = row
        top = a[:, i, i, None]
        np.divide(a[:, i + 1 :, i], top, out=a[:, i + 1 :, i], where=top != 0)
        a[:, i + 1 :, i + 1 :] -= a[:, i + 1 :, i, None] * a[:, None, i, i + 1 :]
    return pack((a.reshape(x.shape), 2), (pivots.reshape(*batch, k), 1))


def permutation(pivots: Array, m: int, dtype: Any) -> Array:
    """The matrix P of A = P L U, from the rows that changed places."""
    *batch, k = pivots.shape
    rows = pivots.reshape(-1, k)
    order = np.broadcast_to(np.arange(m), (len(rows), m)).copy()
    every = np.arange(len(rows))
    for i in range(k):
        p = rows[:, i] - 1
        order[every, p], order[:, i] = order[:, i].copy(), order[every, p].copy()
    return np.swapaxes(np.eye(m, dtype=dtype)[order], -1, -2).reshape(*batch, m, m)


_PADE = [
    64764752532480000, 32382376266240000, 7771770303897600, 1187353796428800, 129060195264000, 10559470521600,
    670442572800, 33522128640, 1323241920, 40840800, 960960, 16380, 182, 1,
]  # fmt: skip


def matrix_exp(x: Array) -> Array:
    """Σ Aᵏ / k!, by Padé's fraction of degree 13 after halving, then squaring.

    Source: N. Higham, The Scaling and Squaring Method for the Matrix Exponential Revisited, SIAM 2005.
    """
    if not x.size:
        return x.copy()
    n = x.shape[-1]
    size = np.abs(x).sum(-2).max()
    halvings = max(0, int(np.ceil(np.log2(size / 5.37)))) if np.isfinite(size) and size > 5.37 else 0
    a = (x / 2**halvings).astype(np.float64)
    b, one = _PADE, np.eye(n)
    a2 = np.matmul(a, a)
    a4 = np.matmul(a2, a2)
    a6 = np.matmul(a4, a2)
    u = np.matmul(a6, b[13] * a6 + b[11] * a4 + b[9] * a2) + b[7] * a6 + b[5] * a4 + b[3] * a2 + b[1] * one
    u = np.matmul(a, u)
    v = np.matmul(a6, b[12] * a6 + b[10] * a4 + b[8] * a2) + b[6] * a6 + b[4] * a4 + b[2] * a2 + b[0] * one
    out = np.linalg.solve(v - u, v + u)
    for _ in range(halvings):
        out = np.matmul(out, out)
    return np.asanyarray(out.astype(x.dtype))


def triangle(x: Array, upper: bool, k: int) -> Array:
    """The part above or below a diagonal, the rest 0."""
    return np.triu(x, k) if upper else np.tril(x, k)


def diagonal_matrix(x: Array) -> Array:
    """Square matrices with the elements of the last dimension on the diagonal."""
    n = x.shape[-1]
    out = np.zeros((*x.shape, n), x.dtype)
    out[..., range(n), range(n)] = x
    return out


def diagonal(x: Array) -> Array:
    """The diagonals of the matrices in the last two dimensions."""
    return np.diagonal(x, 0, -2, -1).copy()
