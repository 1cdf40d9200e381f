"""torch.linalg and its old names agree with PyTorch."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from agree import agree, both_fail

rng = np.random.default_rng(0)


def matrix(*shape):
    return rng.standard_normal(shape)


def definite(*batch, n=3):
    a = rng.standard_normal((*batch, n, n))
    return a @ np.swapaxes(a, -1, -2) + 0.5 * np.eye(n)


INF = float("inf")


@pytest.mark.parametrize("ord", [None, "fro", "nuc", 2, -2, 1, -1, INF, -INF])
def test_matrix_norms(ord):
    for shape in ((3, 4), (4, 3)):
        agree(lambda t, x: t.linalg.norm(x, ord), matrix(*shape))
        if ord is not None:
            agree(lambda t, x: t.linalg.matrix_norm(x, ord, dim=(0, 2), keepdim=True), matrix(3, 2, 4))
            agree(lambda t, x: t.linalg.matrix_norm(x, ord), matrix(2, *shape))
            agree(lambda t, x: t.linalg.norm(x, ord, dim=(2, 0)), matrix(3, 2, 4))


@pytest.mark.parametrize("ord", [0, 0.5, 1, 2, 3, INF, -INF, -1, -2])
def test_vector_norms(ord):
    for dim in (None, 0, -1, (0, 1)):
        agree(lambda t, x, d=dim: t.linalg.vector_norm(x, ord, d), matrix(3, 4), grad=ord != 0)
    agree(lambda t, x: t.linalg.norm(x, ord, 1, True), matrix(3, 4), grad=ord != 0)
    agree(lambda t, x: t.linalg.norm(x, ord), matrix(5), grad=ord != 0)
    agree(lambda t, x: t.linalg.vector_norm(x, ord, dtype=t.float64), (3, 4), grad=False)


def test_norms_refused():
    both_fail(lambda t, x: t.linalg.norm(x, 2), (2, 3, 4))
    both_fail(lambda t, x: t.linalg.norm(x, "fro"), (3,))
    both_fail(lambda t, x: t.linalg.matrix_norm(x), (3,))
    both_fail(lambda t, x: t.linalg.matrix_norm(x, 3), (3, 3))
    both_fail(lambda t, x: t.linalg.matrix_norm(x, "fro", (0, 0)), (3, 3))
    both_fail(lambda t, x: t.linalg.norm(x), np.arange(3))
    both_fail(lambda t, x: t.linalg.vector_norm(x, "fro"), (3,))


@pytest.mark.parametrize("batch", [(), (2,), (2, 1)])
def test_inverses_and_determinants(batch):
    for a in (matrix(*batch, 3, 3), matrix(*batch, 1, 1), matrix(*batch, 5, 5), definite(*batch)):
        agree(lambda t, x: t.linalg.inv(x), a)
        agree(lambda t, x: x.inverse(), a.astype("float32"), rtol=1e-2, atol=1e-2)
        agree(lambda t, x: t.det(x), a)
        agree(lambda t, x: t.slogdet(x).sign, a, grad=False)
        agree(lambda t, x: t.linalg.slogdet(x)[1], a)
        agree(lambda t, x: t.linalg.slogdet(x).logabsdet, a)
        agree(lambda t, x: t.linalg.pinv(x), a)
    agree(lambda t, x: t.logdet(x), definite(*batch))
    agree(lambda t, x: t.det(x), np.ones((*batch, 3, 3)), atol=1e-4)
    agree(lambda t, x: t.linalg.cond(x), matrix(*batch, 3, 4))
    for p in (None, 2, -2, 1, -1, INF, "fro", "nuc"):
        agree(lambda t, x, p=p: t.linalg.cond(x, p), matrix(*batch, 3, 3), grad=p in (None, 2, -2))
    for shape in ((4, 2), (2, 4)):
        agree(lambda t, x: t.pinverse(x), matrix(*batch, *shape))
        agree(lambda t, x: t.linalg.matrix_rank(x), matrix(*batch, *shape), grad=False)
    agree(lambda t, x: t.linalg.matrix_rank(x), np.ones((*batch, 3, 3)), grad=False)
    agree(lambda t, x: t.linalg.matrix_rank(x, hermitian=True), definite(*batch), grad=False)
    agree(lambda t, x: t.linalg.matrix_rank(x, atol=1.0), definite(*batch), grad=False)
    agree(lambda t, x: t.linalg.pinv(x, atol=0.8), np.diag([0.5, 1.0, 2.0]))
    agree(lambda t, x: t.linalg.pinv(x + x.mT, hermitian=True), matrix(*batch, 3, 3))
    agree(lambda t, x: t.matrix_exp(x), matrix(*batch, 3, 3))
    agree(lambda t, x: t.linalg.matrix_exp(x), matrix(*batch, 3, 3) * 10, rtol=1e-6)
    agree(lambda t, x: t.linalg.tensorinv(x, ind=1), matrix(4, 2, 2))


def test_solve():
    for a, b in [
        ((3, 3), (3,)),
        ((3, 3), (3, 2)),
        ((2, 3, 3), (2, 3)),
        ((2, 3, 3), (2, 3, 4)),
        ((2, 3, 3), (3, 4)),
        ((3, 3), (2, 3, 1)),
    ]:
        agree(lambda t, x, y: t.linalg.solve(x, y), matrix(*a), matrix(*b))
    agree(lambda t, x, y: t.linalg.solve(x, y, left=False), matrix(3, 3), matrix(2, 3))
    for upper in (True, False):
        for left in (True, False):
            for unit in (True, False):
                agree(
                    lambda t, x, y, u=upper, side=left, d=unit: t.linalg.solve_triangular(x, y, upper=u, left=side,
                    unitriangular=d),
                    definite(2), matrix(2, 3, 3),
                )  # fmt: skip
    agree(
        lambda t, x, y: t.linalg.solve_triangular(x, y, upper=True),
        np.eye(70) * 3 + 0.1 * matrix(70, 70),
        matrix(70, 2),
    )
    agree(
        lambda t, x, y: t.linalg.solve_triangular(x, y, upper=False),
        np.eye(70) * 3 + 0.1 * matrix(70, 70),
        matrix(70, 2),
    )
    agree(lambda t, x, y: t.cholesky_solve(y, t.linalg.cholesky(x)), definite(2), matrix(2, 3, 2))
    agree(lambda t, x, y: t.cholesky_solve(y, t.linalg.cholesky(x, upper=True), upper=True), definite(), matrix(3, 2))
    agree(lambda t, x: t.cholesky_inverse(t.linalg.cholesky(x)), definite())
    for a, b in [((5, 3), (5, 2)), ((2, 5, 3), (2, 5, 2)), ((3, 5), (3, 2)), ((3, 3), (3, 1))]:
        agree(lambda t, x, y: t.linalg.lstsq(x, y).solution, matrix(*a), matrix(*b))
        agree(lambda t, x, y: t.linalg.lstsq(x, y)[1:], matrix(*a), matrix(*b), grad=False)
        agree(lambda t, x, y: t.linalg.lstsq(x, y, driver="gels")[1:], matrix(*a), matrix(*b), grad=False)
        agree(lambda t, x, y: t.linalg.lstsq(x, y, driver="gelsd")[1:], matrix(*a), matrix(*b), grad=False)
    both_fail(lambda t, x, y: t.linalg.solve(x, y), (3, 3), (2, 2))
    both_fail(lambda t, x, y: t.linalg.solve(x, y), (3, 2), (3, 2))
    both_fail(lambda t, x, y: t.linalg.solve(x, y), np.zeros((3, 3)), (3, 2))
    both_fail(lambda t, x: t.linalg.inv(x), np.ones((2, 2)))
    both_fail(lambda t, x: t.linalg.inv(x), np.arange(4).reshape(2, 2))
    both_fail(lambda t, x: t.linalg.inv(x), (3, 2))
    both_fail(lambda t, x: t.linalg.inv(x), (3,))
    both_fail(lambda t, x: t.linalg.cholesky(x), -np.eye(2))
    both_fail(lambda t, x, y: t.linalg.lstsq(x, y, driver="x"), (3, 3), (3, 3))


@pytest.mark.parametrize("batch", [(), (2,)])
def test_decompositions(batch):
    a = definite(*batch)
    agree(lambda t, x: t.linalg.cholesky(x), a)
    agree(lambda t, x: t.linalg.cholesky(x, upper=True), a)
    agree(lambda t, x: t.linalg.cholesky_ex(x)[0], a)
    agree(lambda t, x: t.linalg.inv_ex(x)[0], a)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch's, of the old names
        agree(lambda t, x: t.cholesky(x, upper=True), a)
    agree(lambda t, x: t.linalg.eigvalsh(x), a)
    agree(lambda t, x: t.linalg.eigvalsh(x, "U"), a)
    agree(lambda t, x: t.linalg.eigh(x)[0], a)
    agree(lambda t, x: t.linalg.eigh(x).eigenvectors.abs(), a)
    agree(lambda t, x: t.linalg.eigvals(x).real.sort(-1)[0], a)
    for shape in ((3, 3), (4, 2), (2, 4)):
        b = matrix(*batch, *shape)
        agree(lambda t, x: t.linalg.svdvals(x), b)
        agree(lambda t, x: t.linalg.svd(x, full_matrices=False).S, b)
        agree(lambda t, x: t.linalg.svd(x, full_matrices=False)[0].abs(), b)
        agree(lambda t, x: t.linalg.svd(x, full_matrices=False).Vh.abs(), b)
        agree(lambda t, x: t.svd(x)[2].abs(), b)
        agree(lambda t, x: t.linalg.svd(x).S, b)
        agree(lambda t, x: [y.shape[-2:] for y in t.linalg.svd(x)], b)
        agree(lambda t, x: t.linalg.qr(x), b)
        agree(lambda t, x: t.linalg.qr(x, mode="complete"), b, grad=shape[0] <= shape[1])
        agree(lambda t, x: t.linalg.qr(x, mode="r").R, b, grad=False)
        agree(lambda t, x: t.linalg.lu_factor(x), b)
        agree(lambda t, x: t.linalg.lu(x), b)
        agree(lambda t, x: t.lu_unpack(*t.linalg.lu_factor(x)), b)
        agree(lambda t, x: t.lu_unpack(*t.linalg.lu_factor(x), unpack_data=False)[0], b, grad=False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            agree(lambda t, x: x.qr(), b)
            agree(lambda t, x: x.lu(get_infos=True), b)
    for left in (True, False):
        for adjoint in (True, False):
            agree(
                lambda t, x, y, side=left, d=adjoint: t.linalg.lu_solve(*t.linalg.lu_factor(x), y, left=side, adjoint=d),
                matrix(*batch, 3, 3), matrix(*batch, 3, 3),
            )  # fmt: skip
    both_fail(lambda t, x: t.linalg.qr(x, "x"), (3, 3))
    both_fail(lambda t, x: t.linalg.eigh(x, "X"), (3, 3))
    both_fail(lambda t, x: t.linalg.eigh(x), (3, 2))
    both_fail(lambda t, x: t.linalg.qr(x, "complete")[0].sum().backward(), matrix(4, 2))


def test_values_that_repeat():
    agree(lambda t, x: t.linalg.svdvals(x), np.eye(3))
    agree(lambda t, x: t.linalg.eigvalsh(x), np.eye(3))
    agree(lambda t, x: t.linalg.matrix_norm(x, "nuc"), np.eye(3))


def test_vectors():
    agree(lambda t, x, y: t.linalg.vecdot(x, y), (2, 3), (2, 3))
    agree(lambda t, x, y: t.linalg.vecdot(x, y, dim=0), (2, 3), (2, 1))
    agree(lambda t, x, y: t.linalg.cross(x, y), (2, 3), (1, 3))
    agree(lambda t, x: t.linalg.diagonal(x, offset=1), (2, 3, 4))
