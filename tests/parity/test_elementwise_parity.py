"""Functions of elements beyond the four operations, special functions, arrangements, and ways to make tensors."""

import numpy as np
import pytest
from agree import agree, both_fail

A = np.array([0.3, -0.7, 0.0, 0.9], np.float32)
POS = np.array([0.2, 1.0, 3.5, 7.0], np.float32)
INTS = np.array([3, -2, 0, 7])
M = np.arange(12, dtype=np.float32).reshape(3, 4)

UNARY = {
    **dict.fromkeys(
        [
            "asin",
            "acos",
            "atan",
            "atanh",
            "sinh",
            "cosh",
            "asinh",
            "sinc",
            "erf",
            "erfc",
            "erfinv",
            "i0",
            "frac",
            "deg2rad",
            "rad2deg",
            "positive",
            "signbit",
            "isreal",
            "conj",
        ],
        A,
    ),
    **dict.fromkeys(["lgamma", "digamma"], POS),
    "acosh": POS + 1,
    "logit": np.array([0.1, 0.5, 0.8], np.float32),
}


@pytest.mark.parametrize("name", UNARY)
def test_unary(name):
    agree(lambda t, x: getattr(t, name)(x), UNARY[name], grad=name not in ("signbit", "isreal"), rtol=2e-4)


@pytest.mark.parametrize("name", ["asin", "atan", "sinh", "erf", "lgamma", "sinc", "deg2rad"])
def test_unary_of_integers(name):
    agree(lambda t, x: getattr(t, name)(x), np.array([0, 1]) if name == "asin" else np.array([1, 2, 3]))


BINARY = {
    "atan2": (A, POS),
    "hypot": (POS, A),
    "fmod": (POS * 2.3, np.array([2, -1.5, 1, 3], np.float32)),
    "fmax": (A, POS),
    "fmin": (A, POS),
    "xlogy": (A, POS),
    "logaddexp": (A, POS),
    "logaddexp2": (A, POS),
    "copysign": (POS, A),
    "float_power": (POS, A),
    "true_divide": (A, POS),
    "ldexp": (A, abs(INTS)),
    "maximum": (A, POS),
    "heaviside": (A, POS),
    "nextafter": (A, POS),
}


@pytest.mark.parametrize("name", BINARY)
def test_binary(name):
    agree(lambda t, x, y: getattr(t, name)(x, y), *BINARY[name], grad=name not in ("heaviside", "nextafter"))


NAN = np.array([np.nan, np.inf, -np.inf, 1.0], np.float32)
CALLS = {
    "fmax with nan": (lambda t, x, y: t.fmax(x, y), NAN, POS),
    "fmin with nan": (lambda t, x, y: t.fmin(x, y), NAN, POS),
    "nan_to_num": (lambda t, x: t.nan_to_num(x), NAN),
    "nan_to_num with numbers": (lambda t, x: x.nan_to_num(1.0, 2.0, 3.0), NAN),
    "isposinf": (lambda t, x: (t.isposinf(x), t.isneginf(x)), NAN),
    "lerp": (lambda t, x, y: t.lerp(x, y, 0.3), A, POS),
    "lerp by a tensor": (lambda t, x, y, w: t.lerp(x, y, w), A, POS, A),
    "addcmul": (lambda t, x, y, z: t.addcmul(x, y, z, value=0.5), A, POS, A),
    "addcdiv": (lambda t, x, y, z: x.addcdiv(y, z, value=0.5), A, A, POS),
    "polygamma 1": (lambda t, x: t.polygamma(1, x), POS),
    "polygamma 2 method": (lambda t, x: x.polygamma(2), POS),
    "mvlgamma": (lambda t, x: t.mvlgamma(x, 2), POS + 1),
    "logit eps": (lambda t, x: t.logit(x, 0.3), np.array([0.1, 0.5, 0.9], np.float32)),
    "special": (
        lambda t, x: (t.special.ndtr(x), t.special.expit(x), t.special.entr(x.abs() + 0.1), t.special.log_ndtr(x)),
        A,
    ),
    "special xlog1py": (lambda t, x, y: t.special.xlog1py(x, y), A, POS),
    "special ndtri": (lambda t, x: t.special.ndtri(x), np.array([0.1, 0.5, 0.9], np.float32)),
    "clamp_min": (lambda t, x: (t.clamp_min(x, 0.1), x.clamp_max(0.2)), A),
    "isin": (lambda t, x: t.isin(x, t.tensor([3, 7])), INTS),
    "isin inverted": (lambda t, x: t.isin(x, t.tensor([3, 7]), invert=True), INTS),
    "shifts": (lambda t, x: (x << 2, x >> 1, t.bitwise_left_shift(x, 1)), np.array([1, 2, 9])),
    "erfinv at the ends": (lambda t, x: t.erfinv(x), np.array([-1.0, 1.0, 0.0], np.float32)),
    "lgamma at poles": (lambda t, x: t.lgamma(x), np.array([0.0, -1.0, 1.0, 2.0, -0.5], np.float32)),
    "digamma at poles": (lambda t, x: t.digamma(x.detach()), np.array([0.0, -1.0, -0.5], np.float32)),
    # arrangements
    "triu": (lambda t, x: (t.triu(x), x.triu(1), x.triu(diagonal=-1)), M),
    "tril": (lambda t, x: (t.tril(x), x.tril(-1)), M),
    "tril of a mask": (lambda t: t.tril(t.ones(3, 3, dtype=t.bool)),),
    "diagonal": (lambda t, x: (t.diagonal(x), x.diagonal(1), x.diagonal(-1, 1, 0)), M),
    "diag": (lambda t, x: (t.diag(x), t.diag(x[0]), t.diag(x[0], -1), x.diag(2)), M),
    "diag_embed": (lambda t, x: (t.diag_embed(x), t.diag_embed(x, 1, 0, 2), t.diag_embed(x, -1, 2, 0)), M),
    "diagflat": (lambda t, x: t.diagflat(x, 1), M),
    "trace": (lambda t, x: t.trace(x), M),
    "tile": (lambda t, x: (x.tile(2), t.tile(x, (2, 1, 2))), M),
    "repeat_interleave": (
        lambda t, x: (
            x.repeat_interleave(2),
            t.repeat_interleave(x, 3, dim=1),
            t.repeat_interleave(x, t.tensor([1, 0, 2]), 0),
        ),
        M,
    ),
    "roll": (lambda t, x: (t.roll(x, 1), t.roll(x, (1, -2), (0, 1)), x.roll(5, 1)), M),
    "rot90": (lambda t, x: (t.rot90(x), t.rot90(x, 2), t.rot90(x, -1, (1, 0))), M),
    "flips": (lambda t, x: (t.fliplr(x), t.flipud(x), t.flip(x, (0,)), x.flip(0, 1)), M),
    "unfold": (lambda t, x: (x.unfold(1, 2, 1), x.unfold(0, 2, 2), x.unfold(-1, 3, 1)), M),
    "tensor_split": (lambda t, x: (t.tensor_split(x, 2), x.tensor_split((1, 3), 1), t.hsplit(x, 2), t.vsplit(x, 3)), M),
    "as_strided": (lambda t, x: t.as_strided(x, (2, 2), (1, 4), 1), M),
    "meshgrid": (lambda t, x, y: (t.meshgrid(x, y, indexing="ij"), t.meshgrid(x, y, indexing="xy")), A, POS[:3]),
    "cartesian_prod": (lambda t, x, y: t.cartesian_prod(x, y), A, POS[:3]),
    "combinations": (lambda t, x: (t.combinations(x), t.combinations(x, 3), t.combinations(x, 2, True)), A),
    "stacks": (
        lambda t, x, y: (
            t.hstack((x, y)),
            t.vstack((x, y)),
            t.dstack((x, y)),
            t.column_stack((x, y)),
            t.concat((x, y)),
            t.concatenate([x, y], 0),
        ),
        A,
        POS,
    ),
    "atleast": (lambda t, x: (t.atleast_1d(x), t.atleast_2d(x), t.atleast_3d(x)), A),
    "block_diag": (lambda t, x, y: t.block_diag(x, y), M, A),
    "vander": (lambda t, x: (t.vander(x.detach()), t.vander(x.detach(), 2, True)), A),
    "broadcast": (lambda t, x, y: (t.broadcast_tensors(x, y), tuple(t.broadcast_shapes((2, 1), (3,)))), M, A),
    "movedim": (lambda t, x: (t.movedim(x, (0, 1), (2, 0)), t.moveaxis(x, 0, -1)), (2, 3, 4)),
    "squeeze of several": (lambda t, x: (x.squeeze((0, 2)), x.unsqueeze(-1)), (1, 3, 1, 2)),
    "ravel": (lambda t, x: (t.ravel(x), x.T.ravel(), x.mT, x.H, x.adjoint()), M),
    # making
    "ranges": (lambda t: (t.logspace(0, 2, 5), t.logspace(0, 3, 4, base=2), t.linspace(0, 1, 5), t.arange(1, 3, 0.5)),),
    "indices": (lambda t: (t.tril_indices(3, 4), t.triu_indices(3, 3, 1)),),
    "new": (lambda t, x: (x.new_zeros(2, 3), x.new_ones((2,)), x.new_full((2,), 7.0), x.new_tensor([1.0, 2.0])), A),
    "types": (
        lambda t: [
            str(k).rpartition(".")[2]
            for k in (
                t.promote_types(t.int32, t.float16),
                t.promote_types(t.uint8, t.int8),
                t.result_type(t.tensor([1]), 1.5),
            )
        ],
    ),
    "can_cast": (
        lambda t: [
            t.can_cast(t.float32, t.int64),
            t.can_cast(t.int64, t.float16),
            t.can_cast(t.bool, t.uint8),
            t.can_cast(t.int32, t.bool),
        ],
    ),
    "finfo": (lambda t: [t.finfo(t.float32).eps, t.finfo(t.float64).max, t.iinfo(t.int16).min, t.finfo().bits],),
    "strides": (
        lambda t, x: [
            *x.stride(),
            *x.T.stride(),
            x[1:, 1:].storage_offset(),
            x.stride(0),
            x.ndimension(),
            x.nelement(),
        ],
        M,
    ),
    "squeeze_": (lambda t, x: (x * 2).unsqueeze_(0).squeeze_(0).t_().transpose_(0, 1), M),
}


@pytest.mark.parametrize("name", CALLS)
def test_agrees_with_torch(name):
    call, *operands = CALLS[name]
    agree(call, *operands)


@pytest.mark.filterwarnings("ignore")
def test_range_includes_its_end():
    agree(lambda t: (t.range(1, 4), t.range(0, 1, 0.5)))


IN_PLACE = [
    "asin_",
    "atan_",
    "sinh_",
    "cosh_",
    "erf_",
    "erfc_",
    "lgamma_",
    "digamma_",
    "frac_",
    "clamp_min_",
    "copysign_",
    "fmod_",
    "atan2_",
]


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place(name):
    extra = (0.5,) if name in ("clamp_min_", "fmod_") else ()

    def call(t, x):
        y = x * 1.0
        more = (t.tensor(POS),) if name in ("copysign_", "atan2_") else extra
        return getattr(y, name)(*more)

    agree(call, POS / 8)


REFUSED = {
    "triu of a vector": (lambda t, x: t.triu(x), (3,)),
    "unsqueeze_ of a leaf": (lambda t, x: x.requires_grad_().unsqueeze_(5), (3,)),
    "diag of three dimensions": (lambda t, x: t.diag(x), (2, 2, 2)),
    "unfold too wide": (lambda t, x: x.unfold(0, 5, 1), (3,)),
    "polygamma of -1": (lambda t, x: t.polygamma(-1, x), (3,)),
    "as_strided out of bounds": (lambda t, x: t.as_strided(x, (5,), (1,)), (3,)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_both_refuse(name):
    call, *operands = REFUSED[name]
    both_fail(call, *operands)
