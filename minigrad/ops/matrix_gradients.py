"""The gradients of decompositions of matrices, in tensor operations. Their sources are named in `decompositions.py`."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import numpy as np

from minigrad.grad_mode import grad_mode
from minigrad.ops.shape import cat

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


def unpacked(packed: Tensor, *shapes: tuple[int, ...]) -> list[Tensor]:
    """The parts of a packed result."""
    parts, start = [], 0
    for shape in shapes:
        n = prod(shape)
        parts.append(packed.narrow(-1, start, n).reshape(*packed.array.shape[:-1], *shape))
        start += n
    return parts


def ratio(x: Tensor, y: Tensor) -> Tensor:
    """x / y, and 0 for 0 / 0: what does not depend on the choice of vectors has a gradient where values repeat.

    Not where the pass itself is recorded: the gradient of the gradient is NaN there.
    """
    if grad_mode.get()[-1].enabled:
        return x / y
    return x / y.masked_fill((x == 0) & (y == 0), 1)


def differences(values: Tensor) -> Tensor:
    """values[j] - values[i], and 1 on the diagonal."""
    return (
        values.unsqueeze(-2)
        - values.unsqueeze(-1)
        + values._wrap(np.eye(values.array.shape[-1], dtype=values.array.dtype))
    )


def off_diagonal(x: Tensor) -> Tensor:
    """The matrix with zeros on its diagonal."""
    return x - x._diagonal()._diagonal_matrix()


def cholesky_rule(g: Tensor, out: Tensor) -> Tensor:
    """The gradient of A = L Lᵀ, spread over both triangles."""
    inner = (out.mT @ g)._triangle(False, 0)
    inner = inner + inner._triangle(False, -1).mT
    half = out.mT._solve_triangular(inner, True, False)
    return 0.5 * out.mT._solve_triangular(half.mT, True, False).mT


cholesky_rule.__qualname__ = "Decompositions.cholesky.<locals>.<lambda>"


def tall_qr(gq: Tensor, gr: Tensor, q: Tensor, r: Tensor) -> Tensor:
    """The gradient of a tall A = Q R. Source: M. Seeger et al., Auto-Differentiating Linear Algebra, 2017."""
    m = r @ gr.mT - gq.mT @ q
    below = m._triangle(False, -1)
    whole = gq + q @ (below + below.mT + m._diagonal()._diagonal_matrix())
    return r._solve_triangular(whole.mT, True, False).mT


def lu_gradient(g: Tensor, lu: Tensor) -> Tensor:
    """The gradient of L U, from that of the packed factors."""
    *_, m, n = lu.array.shape
    k = min(m, n)
    head, ghead = lu.narrow(-1, 0, k).narrow(-2, 0, k), g.narrow(-1, 0, k).narrow(-2, 0, k)
    gl, gu = ghead._triangle(False, -1), ghead._triangle(True, 0)
    if m < n:  # the last columns are L times those of U
        rest = head.mT._solve_triangular(g.narrow(-1, k, n - k), True, True)
        gl = gl - (rest @ lu.narrow(-1, k, n - k).mT)._triangle(False, -1)
    elif m > n:  # the last rows are those of L times U
        low = lu.narrow(-2, k, m - k)
        rest = head._solve_triangular(g.narrow(-2, k, m - k).mT, True, False).mT
        gu = gu - (low.mT @ rest)._triangle(True, 0)
    lower = head._triangle(False, -1) + lu._wrap(np.eye(k, dtype=lu.array.dtype))
    upper = head._triangle(True, 0)
    inner = (lower.mT @ gl)._triangle(False, -1) + (gu @ upper.mT)._triangle(True, 0)
    inner = head.mT._solve_triangular(inner, True, True)
    inner = head._solve_triangular(inner.mT, True, False).mT
    return inner if m == n else cat([inner, rest], -1 if m < n else -2)


def svd_gradient(gu: Tensor, gs: Tensor, gv: Tensor, u: Tensor, s: Tensor, v: Tensor) -> Tensor:
    """The gradient of A = U diag(S) Vᵀ."""
    m, n, k = u.array.shape[-2], v.array.shape[-2], s.array.shape[-1]
    e = differences(s.square())
    us, vs = u.mT @ gu, v.mT @ gv
    inner = ratio(us - us.mT, e) * s.unsqueeze(-2) + s.unsqueeze(-1) * ratio(vs - vs.mT, e) + gs._diagonal_matrix()
    found = u @ inner
    if n > k:
        found = found @ v.mT + u @ ratio(gv - v @ vs, s.unsqueeze(-2)).mT
        return found
    if m > k:
        found = found + ratio(gu - u @ us, s.unsqueeze(-2))
    return found @ v.mT
