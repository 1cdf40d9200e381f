"""einsum, torch.linalg and its old names: errors, named results, edge cases, gradients that the table does not have."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad
from minigrad import linalg, tensor
from minigrad.testing import gradcheck

rng = np.random.default_rng(0)


def matrix(*shape, grad=True):
    return tensor(rng.standard_normal(shape), requires_grad=grad)


def definite(n=3):
    a = rng.standard_normal((n, n))
    return tensor(a @ a.T + np.eye(n), requires_grad=True)


# ── einsum ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("equation", "shapes", "message"),
    [
        ("ij,jk->ik", [(2, 3), (4, 5)], "operand 1 of 'ij,jk->ik', of shape .4, 5., has size 4 for subscript j"),
        ("ij->ik", [(2, 3)], "the subscript 'k' of the result of 'ij->ik' occurs in no operand"),
        ("ij->ii", [(2, 2)], "output subscript i appears more than once"),
        ("ij,jk", [(2, 3)], "more operands were provided|fewer|1 for 2"),
        ("i", [(2,), (2,)], "2 for 1"),
        ("ijk", [(2, 3)], "operand 0 of 'ijk' has 3 subscript"),
        ("i", [(2, 3)], "give one subscript per dimension, or"),
        ("ii", [(2, 3)], "subscript i is repeated in one operand, but its sizes 2 and 3 differ"),
        ("i1", [(2, 3)], "invalid subscript given at operand 0"),
        ("i..", [(2, 3)], "is no part of an ellipsis"),
        ("i->.", [(2,)], "is no part of an ellipsis"),
        ("...i,...i", [(2, 3), (3, 3)], 'has size 3 for a dimension of "..."'),
    ],
)
def test_einsum_says_what_does_not_fit(equation, shapes, message):
    with pytest.raises(RuntimeError, match=message):
        minigrad.einsum(equation, *(minigrad.ones(s) for s in shapes))


def test_einsum_of_what_is_no_tensor():
    with pytest.raises(TypeError, match="einsum: a tensor is needed"):
        minigrad.einsum("i", [1.0])
    with pytest.raises(RuntimeError, match="at least one operand"):
        minigrad.einsum("")
    with pytest.raises(RuntimeError, match="not a valid subscript in a list"):
        minigrad.einsum(minigrad.ones(2), [99])


def test_einsum_forms():
    x, y = matrix(2, 3), matrix(3, 4)
    product = x @ y
    for found in (
        minigrad.einsum(x, [0, 1], y, [1, 2]), minigrad.einsum(x, [..., 0], y, [0, 2], [..., 2]),
        minigrad.einsum("ij,jk", [x, y]),
    ):  # fmt: skip
        assert found.allclose(product)
    same = minigrad.einsum("ij->ij", x)
    assert same is not x
    assert minigrad.einsum("...->...", x).equal(x)
    assert minigrad.einsum("i...->...i", x).equal(x.T)
    assert minigrad.einsum("ii->i", minigrad.eye(3)).tolist() == [1, 1, 1]
    assert minigrad.einsum("ij,j->i", minigrad.ones(2, 3), tensor([1, 2, 3])).tolist() == [6, 6]


def test_einsum_has_gradients_of_every_order():
    gradcheck(
        lambda a, b, c: minigrad.einsum("bij,bjk,ik->b", a, b, c),
        [matrix(2, 2, 3), matrix(2, 3, 2), matrix(2, 2)],
        order=2,
    )
    gradcheck(lambda a, b: minigrad.einsum("...ii,...i->...", a, b), [matrix(2, 3, 3), matrix(3)], order=2)
    gradcheck(lambda a, b: minigrad.einsum("ij,ij->j", a, b), [matrix(1, 3), matrix(2, 1)], order=2)


def test_tensordot_refuses():
    x, y = minigrad.ones(2, 3), minigrad.ones(4, 5)
    for dims, message in [
        (1, "contracted dimensions need to match"),
        (-1, "dims >= 0"),
        (3, "dims <= ndim"),
        (([0], [0, 1]), "same length"),
    ]:
        with pytest.raises(RuntimeError, match=message):
            minigrad.tensordot(x, y, dims)
    out = minigrad.zeros(2, 5)
    assert minigrad.tensordot(x, minigrad.ones(3, 5), tensor(1), out=out) is out
    assert minigrad.tensordot(x, minigrad.ones(3, 5), (1, 0)).equal(out)


# ── products ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_beta_0_leaves_out_what_is_there():
    x = tensor([[np.nan]], requires_grad=True)
    found = x.addmm(minigrad.ones(1, 1), minigrad.ones(1, 1), beta=0)
    found.sum().backward()
    assert found.tolist() == [[1.0]]
    assert x.grad.tolist() == [[0.0]]


def test_products_in_place():
    x = minigrad.ones(2, 2)
    assert x.addmm_(minigrad.eye(2), minigrad.eye(2)) is x
    v = minigrad.ones(2)
    assert v.addmv_(minigrad.eye(2), minigrad.ones(2)) is v
    assert x.addr_(minigrad.ones(2), minigrad.ones(2)) is x
    assert x.addbmm_(minigrad.ones(1, 2, 2), minigrad.ones(1, 2, 2)) is x
    y = minigrad.zeros(1, 2, 2)
    assert y.baddbmm_(minigrad.ones(1, 2, 2), minigrad.ones(1, 2, 2)) is y
    assert x.tolist() == [[5, 4], [4, 5]]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: minigrad.ones(3, 3).addmm(minigrad.ones(2, 2), minigrad.ones(2, 2)),
         "addmm: a tensor of shape .3, 3. does not expand"),
        (lambda: minigrad.ones(2, 2).addbmm(minigrad.ones(2, 2), minigrad.ones(2, 2)), "they must be .b, m, n."),
        (lambda: minigrad.ones(2, 2).addbmm(minigrad.ones(1, 2, 3), minigrad.ones(1, 2, 2)), "cannot be multiplied"),
        (lambda: minigrad.ones(2).outer(minigrad.ones(2, 2)), "Expected 1-D arguments"),
        (lambda: minigrad.ones(2).inner(minigrad.ones(3)), "the last dimension must match"),
        (lambda: minigrad.ones(2).cross(minigrad.ones(2)), "no dimension of size 3"),
        (lambda: minigrad.ones(2, 3).cross(minigrad.ones(2, 3), 0), "must have length 3"),
        (lambda: minigrad.cdist(minigrad.ones(2), minigrad.ones(2, 2)), "at least 2D"),
        (lambda: minigrad.cdist(minigrad.ones(2, 3), minigrad.ones(2, 2)), "same number of columns"),
        (lambda: minigrad.cdist(minigrad.ones(2, 2), minigrad.ones(2, 2), -1.0), "non-negative p"),
        (lambda: minigrad.chain_matmul(), "one or more matrices"),
        (lambda: linalg.multi_dot([minigrad.ones(2)]), "at least 2 tensors"),
        (lambda: linalg.multi_dot([minigrad.ones(2, 2), minigrad.ones(2, 2, 2), minigrad.ones(2)]), "they must be matrices"),
        (lambda: minigrad.ones(2, 2, 2).cov(), "two or fewer dimensions"),
        (lambda: minigrad.ones(2, 2).cov(fweights=minigrad.ones(2)), "integral dtype"),
        (lambda: minigrad.ones(2, 2).cov(aweights=-minigrad.ones(2)), "cannot be negative"),
        (lambda: minigrad.ones(2, 2).cov(aweights=minigrad.ones(3)), "one per observation"),
    ],
)  # fmt: skip
def test_products_refuse(call, message):
    with pytest.raises(RuntimeError, match=message):
        call()


def test_other_products():
    x = matrix(3, 4)
    assert x.cov().allclose(tensor(np.cov(x.array)))
    assert x.cov(fweights=tensor([1, 2, 0, 3])).allclose(tensor(np.cov(x.array, fweights=[1, 2, 0, 3])))
    weights = tensor([0.5, 1.0, 2.0, 0.1], dtype="float64")
    assert x.cov(aweights=weights).allclose(tensor(np.cov(x.array, aweights=weights.array)))
    both = x.cov(aweights=weights, fweights=tensor([1, 2, 0, 3]))
    assert both.allclose(tensor(np.cov(x.array, aweights=weights.array, fweights=[1, 2, 0, 3])))
    assert x.select(0, 0).cov().shape == ()
    assert x.corrcoef().allclose(tensor(np.corrcoef(x.array)))
    assert x.select(0, 0).corrcoef().item() == 1
    assert minigrad.cdist(matrix(30, 2), matrix(4, 2)).shape == (30, 4)
    with pytest.raises(ValueError, match="compute_mode='x'"):
        minigrad.cdist(x, x, compute_mode="x")
    vectors = [matrix(3), matrix(3, 4), matrix(4)]
    expected = vectors[0] @ vectors[1] @ vectors[2]
    assert linalg.multi_dot(vectors).allclose(expected)
    assert linalg.multi_dot(vectors, out=minigrad.zeros((), dtype="float64")).allclose(expected)
    assert minigrad.chain_matmul([x, x.T]).equal(minigrad.chain_matmul(x, x.T))
    assert minigrad.chain_matmul(x).equal(x)
    assert x.inner(matrix(2, 5, 4)).shape == (3, 2, 5)
    assert tensor(2.0).inner(tensor([3.0])).tolist() == [6]
    a, b = minigrad.rand(2, 3), minigrad.rand(2, 3)
    assert linalg.cross(a, b).allclose(tensor(np.cross(a.array, b.array)))
    assert a.cross(b).equal(linalg.cross(a, b))
    assert linalg.matmul(a, b.T).equal(a @ b.T)
    assert linalg.diagonal(x).equal(x.diagonal())


# ── inverses, norms ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: x.inverse(), "inv: the matrix is singular, or one of a batch is .shape .2, 2..: use pinv"),
        (lambda x: linalg.solve(x, x), "solve: the matrix is singular"),
        (lambda x: linalg.cholesky(-x), "cholesky: the matrix is not positive-definite"),
        (lambda x: linalg.solve_triangular(x * 0, x, upper=True), "a diagonal element is 0"),
    ],
)
def test_what_a_singular_matrix_has_not(call, message):
    with pytest.raises(linalg.LinAlgError, match=message) as caught:
        call(minigrad.ones(2, 2))
    assert isinstance(caught.value, RuntimeError)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: linalg.inv(minigrad.ones(2)), "at least 2 dimensions"),
        (lambda: linalg.inv(minigrad.ones(2, 3)), "they are 2 by 3 matrices"),
        (lambda: linalg.inv(tensor([[1]])), "Got int64: convert it first"),
        (lambda: linalg.inv(minigrad.ones(1, 1).half()), "Got float16"),
        (lambda: linalg.solve(minigrad.ones(2, 2), minigrad.ones(3, 1)), "dimension -2 of B must be 2"),
        (lambda: linalg.solve(minigrad.ones(2, 2), minigrad.ones(1, 3), left=False), "dimension -1 of B must be 2"),
        (lambda: minigrad.ones(3, 1).cholesky_solve(minigrad.eye(2)), "it must be .n?...., n, k.|right-hand side"),
        (lambda: linalg.lstsq(minigrad.ones(2, 2), minigrad.ones(2, 2), driver="x"), "driver='x'"),
        (lambda: linalg.qr(minigrad.ones(2, 2), "x"), "unrecognized mode 'x'"),
        (lambda: linalg.eigh(minigrad.ones(2, 2), "x"), "'L' or 'U', but got x"),
        (lambda: linalg.eig(tensor([[0.0, 1.0], [-1.0, 0.0]])), "has complex eigenvalues"),
        (lambda: linalg.norm(minigrad.ones(2, 2, 2), 2), "must be 1D or 2D"),
        (lambda: linalg.norm(minigrad.ones(2), "fro"), "must be 1D or 2D"),
        (lambda: linalg.norm(tensor([1])), "Expected a floating point tensor"),
        (lambda: linalg.matrix_norm(minigrad.ones(2)), "a matrix is needed"),
        (lambda: linalg.matrix_norm(minigrad.ones(2, 2), 3), "Order 3 not supported"),
        (lambda: linalg.matrix_norm(minigrad.ones(2, 2), "fro", 0), "must be a 2-tuple"),
        (lambda: linalg.matrix_norm(minigrad.ones(2, 2), "fro", (0, -2)), "must be different"),
        (lambda: linalg.tensorinv(minigrad.ones(2, 2), 0), "strictly positive"),
        (lambda: linalg.svd(tensor([[np.nan]])), "no convergence"),
    ],
)  # fmt: skip
def test_linalg_refuses(call, message):
    with pytest.raises((RuntimeError, NotImplementedError), match=message):
        call()
    with pytest.raises(TypeError, match="the order must be a number"):
        linalg.vector_norm(minigrad.ones(2), "fro")


def test_norms():
    x = matrix(3, 4)
    for order in (None, "fro", "nuc", 2, -2, 1, -1, np.inf, -np.inf):
        assert linalg.norm(x, order).item() == pytest.approx(np.linalg.norm(x.array, order))
        if order is not None:
            assert linalg.matrix_norm(x, order, keepdim=True).shape == (1, 1)
    assert linalg.norm(x, 3, 0).allclose(tensor(np.linalg.norm(x.array, 3, 0)))
    assert linalg.vector_norm(tensor([3.0, 4.0]), dtype=minigrad.float64).dtype == minigrad.float64
    out = minigrad.zeros((), dtype="float64")
    assert linalg.norm(x, out=out) is out
    for p in (None, 1, "fro", -2):
        square = definite()
        assert linalg.cond(square, p).item() == pytest.approx(np.linalg.cond(square.array, p))


def test_determinants_of_singular_matrices_have_gradients():
    x = tensor([[1.0, 1, 1], [1, 1, 1], [1, 1, 2]], dtype="float64", requires_grad=True)
    x.det().backward()
    assert x.grad.allclose(tensor([[1.0, -1, 0], [-1, 1, 0], [0, 0, 0]], dtype="float64"), atol=1e-12)
    x = minigrad.ones(3, 3, requires_grad=True)
    x.det().backward()
    assert x.grad.allclose(minigrad.zeros(3, 3), atol=1e-5)
    assert minigrad.zeros(0, 0).det().item() == 1
    sign, size = minigrad.zeros(2, 2).slogdet()
    assert (sign.item(), size.item()) == (0, -np.inf)
    assert minigrad.logdet(-minigrad.eye(1)).isnan()


def test_rank_and_pseudo_inverse():
    x = tensor([[1.0, 1.0], [1.0, 1.0]])
    assert linalg.matrix_rank(x).item() == 1
    assert linalg.matrix_rank(x, tol=3.0).item() == 0
    assert linalg.matrix_rank(x, hermitian=True).item() == 1
    assert linalg.matrix_rank(minigrad.zeros(2, 0, 3)).tolist() == [0, 0]
    assert linalg.pinv(minigrad.zeros(2, 0, 3)).shape == (2, 3, 0)
    assert linalg.pinv(x, hermitian=True).allclose(x / 4)
    assert linalg.pinv(x, rcond=0.1).allclose(x / 4)
    gradcheck(linalg.pinv, [matrix(3, 2)], order=2)
    gradcheck(linalg.pinv, [matrix(2, 3)], order=2)


# ── equations and decompositions ─────────────────────────────────────────────────────────────────────────────────────


def test_solutions():
    a, b = definite(), matrix(3, 2)
    assert (a @ linalg.solve(a, b)).allclose(b)
    assert (linalg.solve(a, b.T, left=False) @ a).allclose(b.T)
    assert (a @ linalg.solve(a, b.select(1, 0))).allclose(b.select(1, 0))
    out = minigrad.zeros(3, 2, dtype="float64")
    assert linalg.solve(a, b, out=out) is out
    assert linalg.inv(a, out=minigrad.zeros(3, 3, dtype="float64")).allclose(a.inverse())
    assert linalg.inv_ex(a).info.item() == 0
    for upper in (True, False):
        for left in (True, False):
            t = a.triu() if upper else a.tril()
            x = linalg.solve_triangular(a, b if left else b.T, upper=upper, left=left)
            assert (t @ x).allclose(b) if left else (x @ t).allclose(b.T)
    large = tensor(np.eye(70) * 3 + 0.1 * rng.standard_normal((70, 70)), requires_grad=True)
    for upper in (True, False):
        t = large.triu() if upper else large.tril()
        x = linalg.solve_triangular(large, minigrad.ones(70, 1, dtype="float64"), upper=upper)
        assert (t @ x).allclose(minigrad.ones(70, 1, dtype="float64"))
    gradcheck(lambda x, y: linalg.solve_triangular(x, y, upper=True, unitriangular=True), [a, b], order=2)
    gradcheck(lambda x, y: linalg.solve_triangular(x, y, upper=False, unitriangular=True), [a, b], order=2)
    low = linalg.cholesky(a)
    assert b.cholesky_solve(low).allclose(linalg.solve(a, b))
    assert b.cholesky_solve(low.mT, upper=True).allclose(linalg.solve(a, b))
    assert linalg.cholesky(a, upper=True).allclose(low.mT)
    assert minigrad.cholesky(a, upper=True).allclose(low.mT)
    assert linalg.cholesky(a, out=minigrad.zeros(3, 3, dtype="float64")).allclose(low)
    assert linalg.cholesky_ex(a).result.equal(low)
    t4 = matrix(4, 2, 2)
    assert linalg.tensorinv(t4, 1).shape == (2, 2, 4)


def test_least_squares():
    a, b = matrix(5, 3), matrix(5, 2)
    expected, residuals, rank, values = np.linalg.lstsq(a.array, b.array, rcond=None)
    fit = linalg.lstsq(a, b, driver="gelsd")
    assert np.allclose(fit.solution.array, expected)
    assert np.allclose(fit.residuals.array, residuals)
    assert fit.rank.item() == rank
    assert np.allclose(fit.singular_values.array, values)
    assert linalg.lstsq(a, b).residuals.shape == (0,)
    assert linalg.lstsq(a, b, driver="gels").rank.shape == (0,)
    one = linalg.lstsq(a, b.select(1, 0), driver="gels")
    assert one.solution.shape == (3,)
    assert one.residuals.shape == ()
    gradcheck(lambda x, y: linalg.lstsq(x, y).solution, [a, b], order=2)


def test_qr():
    for shape in ((4, 2), (3, 3), (2, 4), (0, 2), (2, 0)):
        x = matrix(*shape)
        q, r = linalg.qr(x)
        assert (q @ r).allclose(x)
        q, r = linalg.qr(x, "complete")
        assert q.shape == (shape[0], shape[0])
        assert (q @ r).allclose(x)
    assert linalg.qr(x, "r").Q.shape == (0,)
    assert x.qr(some=False).Q.shape == (2, 2)
    gradcheck(lambda x: minigrad.qr(x), [matrix(2, 4)], order=2)
    with pytest.raises(minigrad.GraphError, match="arbitrary and have no gradient: use mode='reduced'"):
        linalg.qr(matrix(4, 2), "complete").R.sum().backward()


def test_lu():
    for shape in ((4, 2), (3, 3), (2, 4)):
        x = matrix(2, *shape)
        p, low, up = linalg.lu(x)
        assert (p @ low @ up).allclose(x)
        data, pivots = linalg.lu_factor(x)
        assert pivots.dtype == minigrad.int32
        assert minigrad.lu_unpack(data, pivots).U.equal(up)
        assert minigrad.lu_unpack(data, pivots, unpack_data=False).L.shape == (0,)
        assert minigrad.lu_unpack(data, pivots, unpack_pivots=False).P.shape == (0,)
        gradcheck(lambda x: linalg.lu(x)[1:], [matrix(*shape)], order=2)
    a, b = matrix(3, 3), matrix(3, 3)
    factors = linalg.lu_factor(a)
    assert (a @ linalg.lu_solve(*factors, b)).allclose(b)
    assert (linalg.lu_solve(*factors, b, left=False) @ a).allclose(b)
    assert (a.T @ linalg.lu_solve(*factors, b, adjoint=True)).allclose(b)
    assert linalg.lu(definite(), pivot=False).P.shape == (0,)
    assert minigrad.zeros(2, 2).lu(get_infos=True)[2].item() == 1
    assert minigrad.eye(2).lu(get_infos=True)[2].item() == 0
    assert minigrad.zeros(0, 2).lu(get_infos=True)[2].item() == 0
    assert len(minigrad.lu(a)) == 2


def test_spectra():
    for shape in ((4, 2), (3, 3), (2, 4)):
        x = matrix(*shape)
        u, s, vh = linalg.svd(x, full_matrices=False)
        assert (u * s @ vh).allclose(x)
        assert linalg.svd(x).U.shape == (shape[0], shape[0])
        assert linalg.svdvals(x).allclose(s)
        gradcheck(lambda x: linalg.svd(x, full_matrices=False), [x], order=2)
        gradcheck(lambda x: linalg.svd(x).S, [x])
        u, s, v = minigrad.svd(x, compute_uv=False)
        assert not u.any()
        assert v.shape == (shape[1], shape[1])
    with pytest.raises(minigrad.GraphError, match="use full_matrices=False"):
        linalg.svd(matrix(4, 2)).U.square().sum(0).cumsum(0)[-1].backward()
    a = definite()
    values, vectors = linalg.eigh(a)
    assert (vectors * values @ vectors.mT).allclose(a)
    assert linalg.eigvalsh(a, "U").allclose(values)
    found = linalg.eig(a)
    assert (a @ found.eigenvectors).allclose(found.eigenvectors * found.eigenvalues)
    lopsided = tensor([[1.0, 2.0], [0.5, 4.0]], dtype="float64", requires_grad=True)
    gradcheck(linalg.eigvals, [lopsided], order=2)
    gradcheck(lambda x: linalg.eig(x).eigenvectors.abs(), [lopsided], order=2)


def test_values_that_repeat_have_gradients():
    for function in (linalg.svdvals, linalg.eigvalsh, lambda x: linalg.svd(x).S, lambda x: linalg.eigh(x).eigenvalues):
        x = minigrad.eye(3, requires_grad=True)
        function(x).sum().backward()
        assert x.grad.allclose(minigrad.eye(3), atol=1e-6)


def test_functions_of_matrices():
    x = tensor([[0.0, 1.0], [-1.0, 0.0]], dtype="float64")
    turn = linalg.matrix_exp(x * 100)
    assert np.allclose(turn.array, [[np.cos(100), np.sin(100)], [-np.sin(100), np.cos(100)]])
    assert minigrad.matrix_exp(minigrad.zeros(0, 0)).shape == (0, 0)
    assert linalg.matrix_power(tensor([[1, 1], [1, 0]]), 10).tolist() == [[89, 55], [55, 34]]
    assert linalg.matrix_power(x, 0).equal(minigrad.eye(2, dtype="float64"))
    same = x.matrix_power(1)
    assert same is not x
    assert linalg.det(x).item() == linalg.slogdet(x).logabsdet.exp().item() == 1
    assert minigrad.inverse(x).equal(-x)
    assert linalg.vecdot(x, x).tolist() == [1, 1]
