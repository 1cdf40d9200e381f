"""Products of vectors and matrices beyond matmul, with sums, and what statistics make of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.errors import ShapeError
from minigrad.ops.mutation import in_place
from minigrad.ops.shape import dimension, stack
from minigrad.views import as_result

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


class Products:
    """Products of matrices and vectors, composed of the ones in `Linalg`."""

    __slots__ = ()

    # ── a sum and a product ──────────────────────────────────────────────────────────────────────────────────────────

    def addmm(self: Tensor, mat1: Tensor, mat2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
        """beta · self + alpha · mat1 @ mat2, of matrices. Where beta is 0, self may hold anything."""
        return _added(self, mat1.mm(mat2), beta, alpha, "addmm")

    def addmv(self: Tensor, mat: Tensor, vec: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
        """beta · self + alpha · mat @ vec, of a matrix and a vector."""
        return _added(self, mat.mv(vec), beta, alpha, "addmv")

    def addr(self: Tensor, vec1: Tensor, vec2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
        """beta · self + alpha · the outer product of two vectors."""
        return _added(self, vec1.outer(vec2), beta, alpha, "addr")

    def baddbmm(self: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
        """beta · self + alpha · batch1 @ batch2, of batches of matrices."""
        return _added(self, batch1.bmm(batch2), beta, alpha, "baddbmm")

    def addbmm(self: Tensor, batch1: Tensor, batch2: Tensor, *, beta: float = 1, alpha: float = 1) -> Tensor:
        """beta · self + alpha · the sum of the products of two batches of matrices: one product of long matrices."""
        if batch1.array.ndim != 3 or batch2.array.ndim != 3 or batch1.array.shape[0] != batch2.array.shape[0]:
            raise ShapeError(
                f"addbmm: batches of shapes {tuple(batch1.shape)} and {tuple(batch2.shape)}: "
                "they must be (b, m, n) and (b, n, p)"
            )
        if batch1.array.shape[2] != batch2.array.shape[1]:
            batch1.bmm(batch2)  # says what is wrong
        product = batch1.permute(1, 0, 2).flatten(1).mm(batch2.flatten(0, 1))
        return _added(self, product, beta, alpha, "addbmm")

    addmm_ = in_place(addmm)
    addmv_ = in_place(addmv)
    addr_ = in_place(addr)
    baddbmm_ = in_place(baddbmm)
    addbmm_ = in_place(addbmm)

    # ── products of vectors ──────────────────────────────────────────────────────────────────────────────────────────

    def inner(self: Tensor, other: Tensor) -> Tensor:
        """Sums of products along the last dimensions of both: (..., n) and (others..., n) give (..., others...)."""
        if not self.array.ndim or not other.array.ndim:
            return self * other
        if self.array.shape[-1] != other.array.shape[-1]:
            raise ShapeError(
                f"inner() the last dimension must match on both input tensors but got shapes {tuple(self.shape)} and "
                f"{tuple(other.shape)}"
            )
        if other.array.ndim <= 2:
            return self.matmul(other.mT if other.array.ndim == 2 else other)
        product = self.matmul(other.flatten(0, -2).mT)
        return product.reshape(*self.array.shape[:-1], *other.array.shape[:-1])

    def vdot(self: Tensor, other: Tensor) -> Tensor:
        """The inner product of two vectors."""
        return self.dot(other)

    def kron(self: Tensor, other: Tensor) -> Tensor:
        """Kronecker's product: each element of one tensor times the whole of another."""
        n = max(self.array.ndim, other.array.ndim)
        a = (1,) * (n - self.array.ndim) + tuple(self.array.shape)
        b = (1,) * (n - other.array.ndim) + tuple(other.array.shape)
        apart = self.reshape(tuple(size for one in a for size in (one, 1)))
        beside = other.reshape(tuple(size for one in b for size in (1, one)))
        return as_result((apart * beside).reshape(tuple(i * j for i, j in zip(a, b))))

    def cross(self: Tensor, other: Tensor, dim: int | None = None) -> Tensor:
        """The vector product of vectors of three numbers along `dim`: without one, the first dimension of size 3."""
        shape = np.broadcast_shapes(self.array.shape, other.array.shape)
        if dim is None:
            if 3 not in shape:
                raise RuntimeError(f"cross: no dimension of size 3 in input, of shape {tuple(shape)}")
            dim = shape.index(3) - len(shape)
        for x in (self, other):
            if x.array.shape[dimension(x, dim, "cross")] != 3:
                raise RuntimeError(
                    f"cross: inputs dimension {dim} must have length 3. Got {self.array.shape[dim]} and "
                    f"{other.array.shape[dim]}"
                )
        if dim >= 0:
            dim -= len(shape)
        a, b = self.unbind(dim), other.unbind(dim)
        turns = ((1, 2), (2, 0), (0, 1))
        return stack([a[i] * b[j] - a[j] * b[i] for i, j in turns], dim)

    # ── statistics ───────────────────────────────────────────────────────────────────────────────────────────────────

    def cov(
        self: Tensor, *, correction: int = 1, fweights: Tensor | None = None, aweights: Tensor | None = None
    ) -> Tensor:
        """The covariances of the rows of a matrix, whose columns are observations: frequent or weighty as two vectors say."""
        if self.array.ndim > 2:
            raise RuntimeError(
                f"cov(): expected input to have two or fewer dimensions but got shape {tuple(self.shape)}"
            )
        x = self._floating()
        x = x.reshape(1, -1) if x.array.ndim < 2 else x
        n = x.array.shape[1]
        weights = None
        for given, name in ((fweights, "fweights"), (aweights, "aweights")):
            if given is None:
                continue
            if given.array.shape != (n,):
                raise RuntimeError(
                    f"cov(): expected {name} of shape {(n,)}, one per observation, but got {tuple(given.shape)}"
                )
            if (given.array < 0).any():
                raise RuntimeError(f"cov(): {name} cannot be negative")
            if name == "fweights" and given.array.dtype.kind == "f":
                raise RuntimeError("cov(): expected fweights to have integral dtype: use x.long()")
            weights = given if weights is None else weights * given
        if weights is None:
            centred, total, norm = x - x.mean(1, keepdim=True), None, max(n - correction, 0)
            found = centred @ centred.T
            found = found / norm
        else:
            w = weights.to(x.dtype)
            total = w.sum()
            centred = x - (x * w).sum(1, keepdim=True) / total
            less: Any = correction
            if aweights is not None:
                less = correction * (w * aweights).sum() / total
            found = (centred * w) @ centred.T / (total - less).clamp(min=0)
        return found.squeeze() if self.array.ndim < 2 or x.array.shape[0] == 1 else found  # type: ignore[no-any-return]

    def corrcoef(self: Tensor) -> Tensor:
        """Pearson's correlations of the rows of a matrix: the covariances, scaled to lie between -1 and 1."""
        c = self.cov()
        if not c.array.ndim:
            return c / c
        d = c._diagonal().sqrt()
        return (c / d.unsqueeze(1) / d.unsqueeze(0)).clamp(-1, 1)


def _added(x: Tensor, product: Tensor, beta: float, alpha: float, name: str) -> Tensor:
    """beta · x + alpha · product, in the shape of the product."""
    shape = product.array.shape
    extra = len(shape) - x.array.ndim
    if extra < 0 or any(n not in (1, m) for n, m in zip(x.array.shape, shape[extra:])):
        raise ShapeError(
            f"{name}: a tensor of shape {tuple(x.array.shape)} does not expand to that of the product, {tuple(shape)}"
        )
    if alpha != 1:
        product = product * alpha
    if beta == 0:  # whatever x holds, NaN too
        x = x.masked_fill(x._wrap(np.ones((), bool)), 0)
    return (x if beta == 1 else x * beta) + product


def chain_matmul(*matrices: Any) -> Tensor:
    """The product of matrices, in the order that takes the fewest multiplications: see `linalg.multi_dot`."""
    if len(matrices) == 1 and isinstance(matrices[0], list | tuple):
        matrices = tuple(matrices[0])
    if not matrices:
        raise RuntimeError("chain_matmul(): Expected one or more matrices")
    return matrices[0].clone() if len(matrices) == 1 else product_of(matrices)


def product_of(matrices: Sequence[Tensor]) -> Tensor:
    """The product of matrices, split where it is cheapest. Source: T. Cormen et al., Introduction to Algorithms, 15.2."""
    sizes = [matrices[0].array.shape[0], *(x.array.shape[1] for x in matrices)]
    n = len(matrices)
    cost = {(i, i): (0, i) for i in range(n)}
    for span in range(1, n):
        for i in range(n - span):
            j = i + span
            cost[i, j] = min(
                (cost[i, k][0] + cost[k + 1, j][0] + sizes[i] * sizes[k + 1] * sizes[j + 1], k) for k in range(i, j)
            )

    return _split(matrices, cost, 0, n - 1)


def _split(matrices: Sequence[Tensor], cost: dict[tuple[int, int], tuple[int, int]], i: int, j: int) -> Tensor:
    """The product of the matrices i to j."""
    k = cost[i, j][1]
    return matrices[i] if i == j else _split(matrices, cost, i, k).mm(_split(matrices, cost, k + 1, j))


def cdist(x1: Tensor, x2: Tensor, p: float = 2.0, compute_mode: str = "use_mm_for_euclid_dist_if_necessary") -> Tensor:
    """The distances, in the p-norm, of each row of (..., m, n) from each row of (..., k, n): (..., m, k).

    Where a distance is 0, so is its gradient. RuntimeError if the rows differ in length.

    >>> from minigrad import cdist, tensor
    >>> cdist(tensor([[0.0, 0.0]]), tensor([[3.0, 4.0], [0.0, 1.0]]))
    tensor([[5., 1.]])
    """
    modes = (
        "use_mm_for_euclid_dist_if_necessary", "use_mm_for_euclid_dist", "donot_use_mm_for_euclid_dist",
    )  # fmt: skip
    if compute_mode not in modes:
        raise ValueError(f"cdist: compute_mode={compute_mode!r}: use one of {', '.join(modes)}")
    for x in (x1, x2):
        if x.array.ndim < 2:
            raise RuntimeError(f"cdist only supports at least 2D tensors, got shape {tuple(x.array.shape)}")
        if x.array.dtype.kind != "f":
            raise RuntimeError(f"cdist only supports floating-point dtypes, got {x.array.dtype}: use x.float()")
    if x1.array.shape[-1] != x2.array.shape[-1]:
        raise RuntimeError(
            f"cdist: x1 and x2 must have the same number of columns, got {x1.shape[-1]} and {x2.shape[-1]}"
        )
    if p < 0:
        raise RuntimeError(f"cdist only supports non-negative p values, got {p}")
    large = max(x1.array.shape[-2], x2.array.shape[-2]) > 25
    if p == 2 and (compute_mode == modes[1] or (compute_mode == modes[0] and large)):
        a, b = x1._pair(x2)
        squares = a.square().sum(-1, keepdim=True) + b.square().sum(-1).unsqueeze(-2) - 2 * (a @ b.mT)
        return squares.clamp(min=0)._root()
    return (x1.unsqueeze(-2) - x2.unsqueeze(-3)).norm(p, -1)


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """Σ x1 · x2 / (max(‖x1‖, eps) · max(‖x2‖, eps)) along `dim`; the two broadcast together.

    >>> from minigrad import nn, tensor
    >>> nn.functional.cosine_similarity(tensor([[3.0, 4.0]]), tensor([[4.0, 3.0]]))
    tensor([0.9600])
    """
    x1, x2 = x1._pair(x2)
    if x1.array.dtype.kind != "f":
        raise TypeError(f"cosine_similarity of tensors of type {x1.array.dtype}: convert them first, x.float()")
    shape = np.broadcast_shapes(x1.array.shape, x2.array.shape)
    x1, x2 = x1.expand(shape), x2.expand(shape)
    n1, n2 = (x.norm(2, dim, True).clamp(min=eps) for x in (x1, x2))
    return ((x1 / n1) * (x2 / n2)).sum(dim)
