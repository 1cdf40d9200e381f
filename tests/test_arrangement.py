"""What the laws cannot say of special functions and arrangements: errors, shapes changed in place, types and ranges."""

import math

import numpy as np
import pytest

import minigrad
from minigrad import GraphError, MutationError, ShapeError, Tensor, ones, special, tensor

# ── changed in place ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("name", "args", "shape"),
    [
        ("unsqueeze_", (0,), (1, 2, 3)), ("squeeze_", (), (2, 3)), ("transpose_", (0, 1), (3, 2)), ("t_", (), (3, 2)),
        ("swapaxes_", (0, 1), (3, 2)), ("swapdims_", (0, 1), (3, 2)), ("resize_", (6,), (6,)), ("resize", (3, 2), (3, 2)),
    ],
)  # fmt: skip
def test_a_shape_changed_in_place_keeps_memory_and_history(name, args, shape):
    leaf = minigrad.arange(6.0).reshape(2, 3).requires_grad_()
    x = leaf * 2 if not name.startswith("resize") else leaf.detach()
    memory = x.array
    assert getattr(x, name)(*args) is x
    assert x.shape == shape
    assert np.shares_memory(x.array, memory)
    if x.requires_grad:
        (x * x).sum().backward()
        assert leaf.grad.equal(leaf.detach() * 8)


def test_a_leaf_does_not_change_its_shape():
    with pytest.raises(GraphError, match=r"unsqueeze_ on a leaf that requires grad .* use unsqueeze"):
        ones(3, requires_grad=True).unsqueeze_(0)
    with pytest.raises(GraphError, match="resize_: this tensor requires grad"):
        ones(3, requires_grad=True).resize_(2)


def test_a_write_into_one_whose_shape_was_changed_is_tracked():
    leaf = ones(3, requires_grad=True)
    x = leaf * 2
    x.unsqueeze_(0)
    x.mul_(3)
    x.sum().backward()
    assert leaf.grad.tolist() == [6.0, 6.0, 6.0]


def test_a_shape_changed_under_no_grad_keeps_its_history():
    leaf = minigrad.arange(4.0).reshape(2, 2).requires_grad_()
    x = leaf * 1
    with minigrad.no_grad():
        x.t_()
    (x * minigrad.tensor([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
    assert leaf.grad.tolist() == [[1.0, 3.0], [2.0, 4.0]]


@pytest.mark.parametrize(
    "change", [lambda x: x.unsqueeze_(0), lambda x: x.squeeze_(), lambda x: x.t_(), lambda x: x.transpose_(0, 1)]
)
def test_a_tensor_with_views_does_not_change_its_shape(change):
    x = ones(2, 2, requires_grad=True) * 1
    row = x[0]
    with pytest.raises(MutationError, match="of which views were taken"):
        change(x)
    assert row.shape == (2,)


def test_resize_cuts_and_grows():
    x = minigrad.arange(4)
    assert x.clone().resize_(2).tolist() == [0, 1]
    assert x.clone().resize_(2, 3).tolist() == [[0, 1, 2], [3, 0, 0]]
    assert x.clone().resize_as_(ones(2, 2)).tolist() == [[0, 1], [2, 3]]


# ── errors ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ones(3).triu(), ShapeError, r"triu: at least 2 dimensions are needed, not shape \(3,\)"),
        (lambda: ones(2, 2).diagonal(0, 1, 1), ShapeError, "dimensions 1 and 1 are the same"),
        (lambda: ones(2, 2).diag_embed(0, 1, 1), ShapeError, "dimensions 1 and 1 are the same"),
        (lambda: ones(2, 2, 2).diag(), ShapeError, "a vector or a matrix is needed"),
        (lambda: ones(3).trace(), ShapeError, "trace: a matrix is needed"),
        (lambda: ones(3).repeat_interleave(-1), ValueError, "none of them negative"),
        (lambda: ones(2, 2).roll((1, 2)), ShapeError, "2 shifts and no dims"),
        (lambda: ones(2, 2).roll((1, 2), 0), ShapeError, "2 shifts for 1 dims"),
        (lambda: ones(2, 2).rot90(1, (0, 0)), ShapeError, "are the same"),
        (lambda: ones(3).unfold(0, 4, 1), ShapeError, "windows of 4, 1 apart, in dimension 0 of size 3"),
        (lambda: ones(3).tensor_split(0), ValueError, "use at least 1"),
        (lambda: ones(3).as_strided((3,), (2,)), ShapeError, "reaches place 4 of a tensor of 3 elements"),
        (lambda: ones(2, 3).T.as_strided((2,), (1,)), ShapeError, "do not lie in order from the start"),
        (lambda: ones(4)[1:].as_strided((2,), (1,), 1), ShapeError, "do not lie in order from the start"),
        (lambda: ones(2, 2).movedim((0, 0), (0, 1)), ShapeError, "name each once"),
        (lambda: minigrad.meshgrid(ones(2), indexing="ab"), ValueError, "use 'ij' or 'xy'"),
        (lambda: minigrad.meshgrid(ones(2, 2)), ShapeError, "vectors are needed"),
        (lambda: minigrad.broadcast_shapes((2,), (3,)), ShapeError, "do not broadcast together"),
        (lambda: ones(2).polygamma(-1), ValueError, "give 0 or more"),
        (lambda: ones(2).mvlgamma(0), ValueError, "give 1 or more"),
        (lambda: tensor([True]).positive(), TypeError, "booleans have no sign"),
        (lambda: minigrad.finfo(minigrad.int64), TypeError, "use iinfo"),
        (lambda: minigrad.iinfo(minigrad.float32), TypeError, "use finfo"),
    ],
)
def test_errors_say_what_is_wrong(call, error, message):
    with pytest.raises(error, match=message):
        call()


# ── special functions, where the laws do not go ──────────────────────────────────────────────────────────────────────


def test_known_values():
    x = tensor([0.5, 1.0, 2.0], dtype=minigrad.float64)
    assert x.erf().tolist() == pytest.approx([math.erf(v) for v in x.tolist()], rel=1e-15)
    assert x.digamma()[1].item() == pytest.approx(-0.5772156649015329, rel=1e-14)
    assert x.polygamma(1)[1].item() == pytest.approx(math.pi**2 / 6, rel=1e-14)
    assert minigrad.polygamma(0, x).equal(x.digamma())
    assert x.lgamma().tolist()[1:] == [0.0, 0.0]
    assert special.psi is special.digamma
    assert special.gammaln is Tensor.lgamma
    assert special.multigammaln is Tensor.mvlgamma
    assert special.expit(x).equal(x.sigmoid())


def test_poles_and_ends():
    x = tensor([0.0, -1.0, math.inf, math.nan], dtype=minigrad.float64)
    with np.errstate(all="ignore"):
        assert x.lgamma().tolist()[:3] == [math.inf] * 3
        assert math.isnan(x.digamma()[1].item())
        assert x.digamma()[0].item() == -math.inf
        assert x.polygamma(1)[1].item() == math.inf
    assert tensor([-1.0, 1.0, 2.0]).erfinv().tolist()[:2] == [-math.inf, math.inf]
    assert math.isnan(tensor([2.0]).erfinv().item())
    assert tensor([-50.0]).i0().item() == pytest.approx(2.9325537838493363e20, rel=1e-6)
    assert tensor([30.0]).requires_grad_().i0().grad_fn is not None


def test_polygamma_left_of_one_half():
    x = tensor([-1.3, 0.2], dtype=minigrad.float64)
    for n in (1, 2, 3):
        # the recurrence: ψₙ(x) = ψₙ(x + 3) - (-1)ⁿ n! Σ 1/(x + k)ⁿ⁺¹
        direct = x.polygamma(n)
        shifted = (x + 3).polygamma(n) - (-1) ** n * math.factorial(n) * sum((x + k) ** -(n + 1) for k in range(3))
        assert direct.tolist() == pytest.approx(shifted.tolist(), rel=1e-12)


def test_sinc_is_right_at_every_order_around_zero():
    assert minigrad.testing.gradcheck(
        Tensor.sinc, tensor([0.0, 1e-4, 0.09, 0.12, 2.0], dtype=minigrad.float64, requires_grad=True), order=3
    )


def test_the_tail_of_log_ndtr():
    x = tensor([-40.0, -12.0], dtype=minigrad.float64)
    assert special.log_ndtr(x).tolist() == pytest.approx([-804.6084420137538, -75.41067300064], rel=1e-6)


def test_entr_is_minus_infinity_below_zero():
    assert special.entr(tensor([-1.0, 0.0])).tolist() == [-math.inf, 0.0]


def test_numbers_that_are_none():
    x = tensor([math.nan, math.inf, -math.inf, 1.0])
    assert x.nan_to_num(2.0, 3.0, 4.0).tolist() == [2.0, 3.0, 4.0, 1.0]
    assert tensor([1, 2]).nan_to_num().tolist() == [1, 2]
    assert tensor([1, 2]).isin(tensor([], dtype=minigrad.int64)).tolist() == [False, False]
    assert tensor([-0.5, 0.0]).copysign(-1.0).tolist() == [-0.5, -0.0]


# ── about types, and questions about tensors ─────────────────────────────────────────────────────────────────────────


def test_types_that_meet():
    assert minigrad.promote_types(minigrad.int32, minigrad.float16) == minigrad.float16
    assert minigrad.result_type(tensor([1]), 1.5) == minigrad.float32
    assert minigrad.result_type(1.5, tensor([1])) == minigrad.float32
    assert minigrad.result_type(1, 2.5) == minigrad.float32
    assert minigrad.result_type(tensor([1]), tensor([True])) == minigrad.int64
    assert minigrad.can_cast(minigrad.int64, minigrad.float16)
    assert not minigrad.can_cast(minigrad.float32, minigrad.int64)


def test_reach_of_types():
    info = minigrad.finfo(minigrad.float32)
    assert (info.bits, info.eps, info.tiny) == (32, 1.1920928955078125e-07, 1.1754943508222875e-38)
    assert repr(info).startswith("finfo(resolution=1e-06, min=-3.40282e+38")
    assert repr(minigrad.iinfo(minigrad.int8)) == "iinfo(min=-128, max=127, dtype=int8)"
    assert minigrad.finfo().dtype == "float32"


def test_questions():
    x = ones(2, 3)
    assert x.stride() == (3, 1)
    assert x.T.stride(0) == 1
    assert x[1:, 1:].storage_offset() == 4
    assert (x.ndimension(), x.nelement(), x.name, x.is_complex(), x.is_signed()) == (2, 6, None, False, True)
    assert x.is_same_size(ones(2, 3))
    assert ones(1).is_nonzero()
    assert minigrad.is_tensor(x)
    assert not minigrad.is_tensor(1)
    assert x.new_empty(2).tolist() == [0.0, 0.0]
    assert (minigrad.inf, minigrad.newaxis, round(minigrad.pi, 3), round(minigrad.e, 3)) == (
        math.inf,
        None,
        3.142,
        2.718,
    )
    assert math.isnan(minigrad.nan)


def test_ranges():
    assert minigrad.logspace(0, 2, 3).tolist() == [1.0, 10.0, 100.0]
    assert minigrad.range(1, 3).tolist() == [1.0, 2.0, 3.0]
    assert minigrad.range(2).tolist() == [0.0, 1.0, 2.0]
    assert minigrad.tril_indices(2, 2).tolist() == [[0, 1, 1], [0, 0, 1]]
    assert minigrad.triu_indices(2, 2, 1).tolist() == [[0], [1]]


def test_forms_of_several_tensors():
    a, b = minigrad.atleast_2d(ones(2), tensor(1.0))
    assert (a.shape, b.shape) == ((1, 2), (1, 1))
    assert minigrad.cartesian_prod(ones(2)).shape == (2,)
    assert minigrad.vander(ones(2), 0).shape == (2, 0)
    assert ones(4).tensor_split(tensor([1, 3]))[1].shape == (2,)
    assert ones(2, 2).rot90(2).shape == (2, 2)
    assert minigrad.meshgrid([ones(2), ones(3)])[0].shape == (2, 3)
    assert tensor(5.0).unfold(0, 1, 1).tolist() == [5.0]
    assert minigrad.concat is minigrad.concatenate is minigrad.cat
