"""Rows of the table: special functions, arithmetic beyond the four operations, and more arrangements."""

from __future__ import annotations

from itertools import pairwise
from math import erf as _erf
from math import erfc as _erfc
from math import lgamma as _lgamma
from math import pi
from typing import Any

import numpy as np
from domains import FREE, NONZERO, POSITIVE, Case, Operation, alike, array, chosen, near, one_dim, operands
from hypothesis import strategies as st

import minigrad
from minigrad import Tensor, special
from minigrad.testing import away_from, shapes

# ── special functions ────────────────────────────────────────────────────────────────────────────────────────────────

each = np.vectorize


def by_number(function: Any) -> Any:
    """A function of Python's math module, element by element."""
    return lambda x: each(function, otypes=[np.float64])(x) if x.size else x


def bisected(function: Any, low: float, high: float) -> Any:
    """The inverse of a rising function of one number."""

    def inverse(y: float) -> float:
        a, b = low, high
        for _ in range(200):
            middle = (a + b) / 2
            a, b = (middle, b) if function(middle) < y else (a, middle)
        return (a + b) / 2

    return by_number(inverse)


def bessel(x: np.ndarray) -> np.ndarray:
    """I₀ by its integral, 1/π ∫ exp(x cos t) dt from 0 to π: the midpoint rule converges geometrically."""
    t = (np.arange(64) + 0.5) * pi / 64
    return np.exp(np.multiply.outer(x, np.cos(t))).mean(-1)


INSIDE = st.floats(-0.9, 0.9)
SPECIAL = [
    *(
        Operation(name, reference, operands(elements), integers=integers)
        for name, reference, elements, integers in [
            ("asin", lambda x: 2 * np.arctan(x / (1 + np.sqrt(1 - x * x))), INSIDE, None),
            ("acos", lambda x: 2 * np.arctan2(np.sqrt(1 - x), np.sqrt(1 + x)), INSIDE, None),
            ("atan", lambda x: np.imag(np.log(1 + 1j * x)), FREE, "float32"),
            ("sinh", lambda x: (np.exp(x) - np.exp(-x)) / 2, FREE, "float32"),
            ("cosh", lambda x: (np.exp(x) + np.exp(-x)) / 2, FREE, "float32"),
            ("asinh", lambda x: np.log(x + np.sqrt(x * x + 1)), FREE, "float32"),
            ("acosh", lambda x: np.log(x + np.sqrt(x * x - 1)), st.floats(1.2, 4), "float32"),
            ("atanh", lambda x: np.log((1 + x) / (1 - x)) / 2, INSIDE, None),
            ("sinc", lambda x: np.where(x == 0, 1, np.sin(pi * x) / (pi * np.where(x == 0, 1, x))), FREE, "float32"),
            ("erf", by_number(_erf), FREE, "float32"),
            ("erfc", by_number(_erfc), FREE, "float32"),
            ("erfinv", bisected(_erf, -6, 6), INSIDE, None),
            ("lgamma", by_number(_lgamma), st.floats(0.2, 12) | st.floats(-2.8, -2.2), None),
            ("digamma", lambda x: _digamma(x), st.floats(0.3, 12) | st.floats(-2.8, -2.2), None),
            ("i0", bessel, FREE, "float32"),
            ("logit", lambda x: np.log(x) - np.log1p(-x), st.floats(0.1, 0.9), None),
            ("deg2rad", lambda x: x / 360 * 2 * pi, FREE, "float32"),
            ("rad2deg", lambda x: x * 360 / (2 * pi), FREE, "float32"),
            ("frac", lambda x: np.fmod(x, 1), near(0.5, 0.4), "same"),
        ]
    ),
    Operation(
        "mvlgamma",
        lambda x, p: by_number(_lgamma)(x) + by_number(_lgamma)(x - 0.5) + np.log(pi) / 2,
        operands(st.floats(1, 9), p=st.just(2)),
        integers=None,
    ),
    Operation(
        "polygamma",
        lambda x, n: -sum((x + k) ** -3.0 for k in range(3000)) * 2 - (x + 2999.5) ** -2.0,
        operands(st.floats(0.5, 9), n=st.just(2)),
        function=Tensor.polygamma,
        integers=None,
        also=("polygamma",),
    ),
    Operation("logaddexp", lambda x, y: np.log(np.exp(x) + np.exp(y)), operands(FREE, FREE), integers="float32"),
    Operation("logaddexp2", lambda x, y: np.log2(2**x + 2**y), operands(FREE, FREE), integers="float32"),
    Operation("xlogy", lambda x, y: x * np.log(y), operands(FREE, POSITIVE), integers="float32"),
    Operation(
        "ndtr",
        lambda x: (1 + by_number(_erf)(x / np.sqrt(2))) / 2,
        operands(FREE),
        function=special.ndtr,
        integers=None,
    ),
    Operation(
        "log_ndtr",
        lambda x: np.log(by_number(_erfc)(-x / np.sqrt(2)) / 2),
        operands(FREE),
        function=special.log_ndtr,
        integers=None,
    ),
    Operation("entr", lambda x: -x * np.log(x), operands(POSITIVE), function=special.entr, integers=None),
    Operation(
        "ndtri",
        bisected(lambda z: (1 + _erf(z / 2**0.5)) / 2, -6, 6),
        operands(st.floats(0.1, 0.9)),
        function=special.ndtri,
        integers=None,
    ),
    Operation(
        "xlog1py", lambda x, y: x * np.log(1 + y), operands(FREE, POSITIVE), function=special.xlog1py, integers=None
    ),
]


def _digamma(x: np.ndarray) -> np.ndarray:
    """By central differences of log Γ of the fourth order, Richardson's extrapolation of two steps."""
    f = by_number(_lgamma)
    d = [(f(x + h) - f(x - h)) / (2 * h) for h in (1e-2, 5e-3, 2.5e-3)]
    e = [(4 * b - a) / 3 for a, b in pairwise(d)]
    return (16 * e[1] - e[0]) / 15


# ── beyond the four operations ───────────────────────────────────────────────────────────────────────────────────────

DIVISOR = st.sampled_from([-2.0, 1.5, 3.0])
HALVES = near(0.3, 0.1)


def whole_pairs() -> st.SearchStrategy[Case]:
    return st.lists(st.tuples(st.integers(0, 50), st.integers(0, 5)), max_size=4).map(
        lambda pairs: Case((np.array([a for a, _ in pairs], np.int64), np.array([b for _, b in pairs], np.int64)), {})
    )


POINTWISE = [
    Operation("atan2", lambda x, y: np.angle(y + 1j * x), operands(NONZERO, NONZERO), integers="float32"),
    Operation("hypot", lambda x, y: np.sqrt(x * x + y * y), operands(NONZERO, NONZERO), integers="float32"),
    Operation(
        "fmod", lambda x, y: x - y * np.trunc(x / y), operands(HALVES, st.sampled_from([-2.0, 1.0])), integers="same"
    ),
    Operation("fmax", lambda x, y: np.where(x > y, x, y), operands(near(0), near(0.5))),
    Operation("fmin", lambda x, y: np.where(x < y, x, y), operands(near(0), near(0.5))),
    Operation(
        "lerp",
        lambda x, y, weight: (1 - weight) * x + weight * y,
        operands(FREE, FREE, weight=st.just(0.25)),
        integers=None,
    ),
    Operation(
        "lerp_tensor", lambda x, y, w: (1 - w) * x + w * y, alike(FREE, FREE, FREE), function=Tensor.lerp, integers=None
    ),
    Operation(
        "addcmul",
        lambda x, a, b, value: x + value * (a * b),
        operands(FREE, FREE, FREE, value=st.sampled_from([1, -2])),
    ),
    Operation(
        "addcdiv",
        lambda x, a, b, value: x + value * (a / b),
        operands(FREE, FREE, NONZERO, value=st.sampled_from([1, -2])),
        integers=None,
    ),
    Operation("clamp_min", lambda x, min: np.where(x < min, min, x), operands(away_from([1.0]), min=st.just(1))),
    Operation("clamp_max", lambda x, max: np.where(x > max, max, x), operands(away_from([1.0]), max=st.just(1))),
    Operation(
        "ldexp", lambda x, other: x * 2.0**other, operands(FREE, other=st.sampled_from([-1, 3])), integers="float32"
    ),
    Operation("copysign", lambda x, y: np.abs(x) * np.sign(y), operands(NONZERO, NONZERO), integers="float32"),
    Operation("nan_to_num", lambda x: x, operands(FREE)),
    Operation("positive", lambda x: x, operands(FREE)),
    Operation("conj", lambda x: x, operands(FREE)),
    Operation("real", lambda x: x, operands(FREE), function=lambda x: x.real, also=("real",)),
    Operation(
        "float_power",
        lambda x, exponent: x**exponent,
        operands(POSITIVE, exponent=st.just(2)),
        result="float64",
        integers="float64",
        mixed="float64",
    ),
    Operation(
        "heaviside", lambda x, y: np.where(x > 0, 1.0, np.where(x < 0, 0.0, y)), operands(FREE, FREE), gradient=False
    ),
    Operation(
        "nextafter", lambda x, y: x + np.sign(y - x) * 1e-300, operands(FREE, FREE), gradient=False, integers=None
    ),
    Operation("signbit", lambda x: x < 0, operands(NONZERO), gradient=False, result="bool", integers="bool"),
    *(
        Operation(
            name,
            reference,
            operands(st.sampled_from([1.0, np.inf, -np.inf, np.nan])),
            gradient=False,
            result="bool",
            integers=None,
        )
        for name, reference in [
            ("isposinf", lambda x: x > 1e300),
            ("isneginf", lambda x: x < -1e300),
            ("isreal", lambda x: np.ones(x.shape, bool)),
        ]
    ),
    Operation(
        "isin",
        lambda x, test_elements: (x[..., None] == test_elements).any(-1),
        operands(st.sampled_from([0.0, 1.0, 2.0]), test_elements=st.just(np.array([1.0, 2.0]))),
        gradient=False,
        result="bool",
        integers="bool",
    ),
    Operation(
        "bitwise_left_shift", lambda x, y: x * 2**y, whole_pairs(), gradient=False, integers=None, result="int64"
    ),
    Operation(
        "bitwise_right_shift", lambda x, y: x // 2**y, whole_pairs(), gradient=False, integers=None, result="int64"
    ),
    Operation(
        "x << y",
        lambda x, y: x * 2**y,
        whole_pairs(),
        function=lambda x, y: x << y,
        gradient=False,
        integers=None,
        result="int64",
        also=("__lshift__",),
    ),
    Operation(
        "x >> y",
        lambda x, y: x // 2**y,
        whole_pairs(),
        function=lambda x, y: x >> y,
        gradient=False,
        integers=None,
        result="int64",
        also=("__rshift__",),
    ),
]

# ── more arrangements ────────────────────────────────────────────────────────────────────────────────────────────────

MATRICES = shapes(2, 3, 0, 3)
FULL_MATRICES = shapes(2, 3, 1, 3)
OFFSET = st.integers(-2, 2)


@st.composite
def matrices(draw: st.DrawFn, shape: Any = MATRICES, **params: Any) -> Case:
    size = draw(shape)
    return Case((draw(array(size)),), {k: draw(v) for k, v in params.items()})


@st.composite
def vectors(draw: st.DrawFn, count: int, low: int = 0) -> Case:
    return Case(tuple(draw(array((draw(st.integers(low, 3)),))) for _ in range(count)), {})


def places(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    i, j = np.indices(x.shape[-2:])
    return i, j


def tiled(x: np.ndarray, dims: tuple[int, ...]) -> np.ndarray:
    return np.tile(x, dims)


def windows(x: np.ndarray, dimension: int, size: int, step: int) -> np.ndarray:
    parts = [np.take(x, range(s, s + size), dimension) for s in range(0, x.shape[dimension] - size + 1, step)]
    return np.stack([np.moveaxis(p, dimension, -1) for p in parts], dimension if dimension >= 0 else dimension - 1)


STACKS = ("hstack", "vstack", "dstack", "column_stack")
ARRANGEMENTS = [
    Operation("triu", lambda x, diagonal: x * (places(x)[1] - places(x)[0] >= diagonal), matrices(diagonal=OFFSET)),
    Operation("tril", lambda x, diagonal: x * (places(x)[1] - places(x)[0] <= diagonal), matrices(diagonal=OFFSET)),
    Operation("diagonal", lambda x, offset: np.diagonal(x, offset), matrices(FULL_MATRICES, offset=OFFSET)),
    Operation(
        "diag_embed",
        lambda x, offset: np.stack([np.diag(row, offset) for row in x.reshape(-1, x.shape[-1])]).reshape(
            *x.shape[:-1], x.shape[-1] + abs(offset), x.shape[-1] + abs(offset)
        ),
        matrices(shapes(1, 2, 1, 3), offset=OFFSET),
    ),
    Operation("diag", lambda x, diagonal: np.diag(x, diagonal), matrices(shapes(1, 2, 1, 3), diagonal=OFFSET)),
    Operation("diagflat", lambda x, offset: np.diagflat(x, offset), matrices(shapes(0, 2, 1, 3), offset=OFFSET)),
    Operation(
        "trace", lambda x: sum((x[i, i] for i in range(min(x.shape))), np.float64(0)), matrices(shapes(2, 2, 1, 3))
    ),
    Operation(
        "tile",
        tiled,
        chosen(shapes(1, 2, 1, 3), dims=lambda shape: st.tuples(st.integers(1, 2), st.integers(0, 2))),
        positional=True,
    ),
    Operation(
        "repeat_interleave",
        lambda x, repeats, dim: np.repeat(x, repeats, dim),
        chosen(shapes(1, 3, 1, 3), repeats=lambda shape: st.integers(0, 2), dim=lambda shape, *_: one_dim(shape)),
    ),
    Operation(
        "roll",
        lambda x, shifts, dims: np.roll(x, shifts, dims),
        chosen(shapes(1, 3, 1, 3), shifts=lambda shape: st.integers(-3, 3), dims=lambda shape, *_: one_dim(shape)),
    ),
    Operation(
        "roll_flat",
        lambda x, shifts: np.roll(x, shifts),
        matrices(shapes(0, 3, 1, 3), shifts=st.integers(-3, 3)),
        function=Tensor.roll,
    ),
    Operation("rot90", lambda x, k: np.rot90(x, k), matrices(k=st.integers(-1, 4))),
    Operation("fliplr", lambda x: x[:, ::-1], matrices()),
    Operation("flipud", lambda x: x[::-1], matrices()),
    Operation("ravel", lambda x: x.reshape(-1), operands(FREE)),
    Operation(
        "moveaxis",
        lambda x: np.moveaxis(x, (0, 1), (1, 0)),
        matrices(),
        function=lambda x: x.moveaxis((0, 1), (1, 0)),
        also=("moveaxis",),
    ),
    Operation("adjoint", lambda x: np.swapaxes(x, -1, -2), matrices()),
    Operation("H", lambda x: x.T, matrices(shapes(2, 2, 0, 3)), function=lambda x: x.H, also=("H",)),
    Operation(
        "unfold",
        windows,
        matrices(
            shapes(2, 3, 2, 3), dimension=st.sampled_from([0, -1]), size=st.integers(1, 2), step=st.integers(1, 2)
        ),
    ),
    Operation(
        "tensor_split",
        lambda x, indices_or_sections, dim: list(np.array_split(x, indices_or_sections, dim)),
        matrices(
            FULL_MATRICES, indices_or_sections=st.integers(1, 4) | st.just([1, 2]), dim=st.sampled_from([0, 1, -1])
        ),
    ),
    Operation(
        "hsplit",
        lambda x, indices_or_sections: np.array_split(x, indices_or_sections, 1),
        matrices(FULL_MATRICES, indices_or_sections=st.just([1])),
    ),
    Operation(
        "vsplit",
        lambda x, indices_or_sections: np.array_split(x, indices_or_sections, 0),
        matrices(FULL_MATRICES, indices_or_sections=st.just([1])),
    ),
    Operation(
        "as_strided",
        lambda x, size, stride: np.lib.stride_tricks.as_strided(np.ascontiguousarray(x), size, (8, 16)),
        matrices(shapes(2, 2, 3, 3), size=st.just((3, 2)), stride=st.just((1, 2))),
        layouts=False,
    ),
    Operation("atleast_1d", np.atleast_1d, operands(FREE), function=minigrad.atleast_1d),
    Operation("atleast_2d", np.atleast_2d, operands(FREE), function=minigrad.atleast_2d),
    Operation("atleast_3d", np.atleast_3d, operands(FREE), function=minigrad.atleast_3d),
    *(
        Operation(
            name,
            lambda x, y, name=name: getattr(np, name)([x, y]),
            alike(FREE, FREE, shape=shapes(1, 2, 1, 3)),
            function=lambda x, y, name=name: getattr(minigrad, name)([x, y]),
        )
        for name in STACKS
    ),
    Operation(
        "broadcast_tensors",
        lambda x, y: np.broadcast_arrays(x, y),
        operands(FREE, FREE),
        function=minigrad.broadcast_tensors,
        mixed="each",
    ),
    Operation(
        "meshgrid", lambda x, y: np.meshgrid(x, y, indexing="ij"), vectors(2), function=minigrad.meshgrid, mixed="each"
    ),
    Operation(
        "meshgrid_xy",
        lambda x, y: np.meshgrid(x, y),
        vectors(2),
        function=lambda x, y: minigrad.meshgrid(x, y, indexing="xy"),
        mixed="each",
    ),
    Operation(
        "cartesian_prod",
        lambda x, y: np.array([[a, b] for a in x for b in y]).reshape(-1, 2),
        vectors(2),
        function=minigrad.cartesian_prod,
    ),
    Operation(
        "combinations",
        lambda x: np.array([[x[i], x[j]] for i in range(len(x)) for j in range(i + 1, len(x))]).reshape(-1, 2),
        vectors(1),
        function=minigrad.combinations,
    ),
    Operation(
        "combinations_again",
        lambda x: np.array([[x[i], x[j]] for i in range(len(x)) for j in range(i, len(x))]).reshape(-1, 2),
        vectors(1),
        function=lambda x: minigrad.combinations(x, with_replacement=True),
    ),
    Operation(
        "block_diag",
        lambda x, y: np.block([[x, np.zeros((x.shape[0], y.shape[1]))], [np.zeros((y.shape[0], x.shape[1])), y]]),
        alike(FREE, FREE, shape=shapes(2, 2, 1, 3)),
        function=minigrad.block_diag,
    ),
    Operation("vander", lambda x: np.vander(x), vectors(1, 1), function=minigrad.vander),
    Operation(
        "concatenate",
        lambda x, y: np.concatenate([x, y]),
        alike(FREE, FREE, shape=shapes(1, 2, 1, 3)),
        function=lambda x, y: minigrad.concatenate([x, y]),
        also=("concat",),
    ),
]
