"""Rows of the table of operations: activations, normalisation, embeddings, losses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from domains import DISTINCT, FREE, NONZERO, Case, Operation, alike, array, filled_shapes, full_lines, near, operands
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minigrad.nn import functional as F  # noqa: N812
from minigrad.testing import away_from

# ── activations ──────────────────────────────────────────────────────────────────────────────────────────────────────

erf = np.vectorize(math.erf, otypes=[float])


def logistic(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def bend(x: np.ndarray, left: Any, right: Any) -> np.ndarray:
    """One formula left of 0, another on the right."""
    return np.where(x < 0, left, right)


def gelu_by_tanh(x: np.ndarray, approximate: str) -> np.ndarray:
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def per_channel(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    return np.minimum(x, 0) * w.reshape(-1, *(1,) * (x.ndim - 2)) + np.maximum(x, 0)


@st.composite
def channels(draw: st.DrawFn, *rest: Any) -> Case:
    """An input (N, C, ...) off 0, and a number or more per channel."""
    shape = tuple(draw(st.lists(st.integers(1, 3), min_size=2, max_size=3)))
    return Case((draw(array(shape, NONZERO)), *(draw(array((shape[1],), e)) for e in rest)), {})


def halves(case: Case) -> Case:
    return Case((np.concatenate([case.arrays[0], case.arrays[1]], -1),), {})


STEEP = away_from([0.0], low=-3, high=3)
SELU = (1.6732632423543772, 1.0507009873554805)

ACTIVATIONS = [
    *(
        Operation(name, reference, operands(elements, **params), function=getattr(F, name.split(",")[0]), integers="float32")
        for name, reference, elements, params in [
            ("leaky_relu", lambda x, negative_slope: bend(x, x * negative_slope, x), STEEP, {"negative_slope": st.just(0.2)}),
            ("leaky_relu, steep", lambda x, negative_slope: bend(x, x * negative_slope, x), STEEP,
             {"negative_slope": st.just(-1.5)}),
            ("relu6", lambda x: np.clip(x, 0, 6), away_from([0.0, 6.0], low=-2, high=9), {}),
            ("elu", lambda x, alpha: bend(x, alpha * (np.exp(x) - 1), x), STEEP, {"alpha": st.just(0.7)}),
            ("selu", lambda x: SELU[1] * bend(x, SELU[0] * (np.exp(x) - 1), x), STEEP, {}),
            ("celu", lambda x, alpha: bend(x, alpha * (np.exp(x / alpha) - 1), x), STEEP, {"alpha": st.just(0.5)}),
            ("gelu", lambda x: x * (1 + erf(x / math.sqrt(2))) / 2, FREE, {}),
            ("gelu, tanh", gelu_by_tanh, FREE, {"approximate": st.just("tanh")}),
            ("silu", lambda x: x * logistic(x), FREE, {}),
            ("mish", lambda x: x * np.tanh(np.log(1 + np.exp(x))), FREE, {}),
            ("logsigmoid", lambda x: np.log(logistic(x)), FREE, {}),
            ("softsign", lambda x: x / (1 + np.abs(x)), NONZERO, {}),
            ("tanhshrink", lambda x: x - np.sinh(x) / np.cosh(x), FREE, {}),
            ("softshrink", lambda x, lambd: np.sign(x) * np.maximum(np.abs(x) - lambd, 0), away_from([-0.5, 0.5]),
             {"lambd": st.just(0.5)}),
            ("hardshrink", lambda x, lambd: x * (np.abs(x) > lambd), away_from([-0.5, 0.5]), {"lambd": st.just(0.5)}),
            ("hardtanh", lambda x, min_val, max_val: np.clip(x, min_val, max_val), away_from([-1.0, 0.5]),
             {"min_val": st.just(-1.0), "max_val": st.just(0.5)}),
            ("hardsigmoid", lambda x: np.clip(x + 3, 0, 6) / 6, away_from([-3.0, 3.0], low=-5, high=5), {}),
            ("hardswish", lambda x: x * np.clip(x + 3, 0, 6) / 6, away_from([-3.0, 3.0], low=-5, high=5), {}),
            ("threshold", lambda x, threshold, value: np.where(x > threshold, x, value), away_from([0.5]),
             {"threshold": st.just(0.5), "value": st.just(2.0)}),
            ("rrelu", lambda x: bend(x, x * (1 / 8 + 1 / 3) / 2, x), STEEP, {}),
        ]
    ),
    Operation("prelu", per_channel, channels(FREE), function=F.prelu, integers=None),
    Operation(
        "glu", lambda x: x[..., : x.shape[-1] // 2] * logistic(x[..., x.shape[-1] // 2 :]),
        alike(FREE, FREE, shape=full_lines).map(halves), function=F.glu, integers=None,
    ),
    Operation(
        "softmin", lambda x, dim: np.exp(-x) / np.exp(-x).sum(dim, keepdims=True),
        alike(FREE, shape=full_lines, dim=st.just(-1)),
        function=F.softmin, integers="float32",
    ),
]  # fmt: skip

# ── normalisation ────────────────────────────────────────────────────────────────────────────────────────────────────


def standard(x: np.ndarray, axes: tuple[int, ...], eps: float) -> np.ndarray:
    mean = x.mean(axes, keepdims=True)
    return (x - mean) * ((x**2).mean(axes, keepdims=True) - mean**2 + eps) ** -0.5


def beside(p: np.ndarray, x: np.ndarray) -> np.ndarray:
    return p.reshape(1, -1, *(1,) * (x.ndim - 2))


def layer_normed(x: np.ndarray, *parameters: np.ndarray, normalized_shape: Any, eps: float) -> np.ndarray:
    out = standard(x, tuple(range(x.ndim - len(normalized_shape), x.ndim)), eps)
    out = out * parameters[0] if parameters else out
    return out + parameters[1] if parameters[1:] else out


@st.composite
def layered(draw: st.DrawFn) -> Case:
    """An input, and perhaps a weight and a bias of its last dimensions; far from 0 variance."""
    lead, size = (tuple(draw(st.lists(st.integers(1, 3), min_size=n, max_size=2))) for n in (0, 1))
    count = draw(st.integers(0, 2))
    arrays = (draw(array((*lead, *size), DISTINCT)), *(draw(array(size)) for _ in range(count)))
    return Case(arrays, {"normalized_shape": size, "eps": 0.5})


@st.composite
def grouped(draw: st.DrawFn, groups: int = 1, length: int = 2) -> Case:
    """An input (N, C, ...), a weight and a bias per channel."""
    shape = (draw(st.integers(1, 2)), groups * draw(st.integers(1, 2)), draw(st.integers(length, 3)))
    return Case((draw(array(shape, DISTINCT)), draw(array(shape[1:2])), draw(array(shape[1:2]))), {"eps": 0.5})


def layer_norm(x: Any, *parameters: Any, normalized_shape: Any, eps: float) -> Any:
    return F.layer_norm(x, normalized_shape, *parameters, eps=eps)


def group_normed(x: np.ndarray, w: np.ndarray, b: np.ndarray, eps: float) -> np.ndarray:
    parts = x.reshape(x.shape[0], 2, x.shape[1] // 2, *x.shape[2:])
    return standard(parts, tuple(range(2, parts.ndim)), eps).reshape(x.shape) * beside(w, x) + beside(b, x)


NORMS = [
    Operation("layer_norm", layer_normed, layered(), function=layer_norm, integers=None),
    Operation(
        "batch_norm",
        lambda x, w, b, eps: standard(x, (0, *range(2, x.ndim)), eps) * beside(w, x) + beside(b, x),
        grouped(),
        function=lambda x, w, b, eps: F.batch_norm(x, None, None, w, b, True, eps=eps),
        integers=None,
    ),
    Operation(
        "instance_norm",
        lambda x, w, b, eps: standard(x, tuple(range(2, x.ndim)), eps) * beside(w, x) + beside(b, x),
        grouped(),
        function=lambda x, w, b, eps: F.instance_norm(x, weight=w, bias=b, eps=eps),
        integers=None,
    ),
    Operation("group_norm", group_normed, grouped(2), function=lambda x, w, b, eps: F.group_norm(x, 2, w, b, eps),
              integers=None),
    Operation(
        "rms_norm",
        lambda x, w, eps: x / np.sqrt((x * x).sum(-1, keepdims=True) / x.shape[-1] + eps) * w,
        layered().filter(lambda case: len(case.params["normalized_shape"]) == 1 and len(case.arrays) > 1).map(
            lambda case: Case(case.arrays[:2], {"eps": 0.5})),
        function=lambda x, w, eps: F.rms_norm(x, w.shape, w, eps),
        integers=None,
    ),
    Operation(
        "normalize",
        lambda x, dim: x / np.sqrt((x * x).sum(dim, keepdims=True)),
        alike(NONZERO, shape=full_lines, dim=st.just(-1)),
        function=F.normalize,
        integers=None,
    ),
]  # fmt: skip

# ── embeddings ───────────────────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def lookups(draw: st.DrawFn) -> Case:
    rows, width = draw(st.sampled_from([1, 2, 3, 130])), draw(st.integers(0, 3))
    index = draw(hnp.arrays(np.int64, draw(hnp.array_shapes(min_dims=0, max_dims=2, max_side=3)),
                            elements=st.integers(0, min(rows, 3) - 1)))  # fmt: skip
    table = np.resize(draw(array((min(rows, 3), width))), (rows, width)) if width else np.zeros((rows, 0))
    return Case((table, index), {})


EMBEDDINGS = [
    Operation(
        "embedding",
        lambda table, index: (np.arange(len(table)) == index[..., None]).astype(float) @ table,
        lookups(),
        function=lambda table, index: F.embedding(index, table),
        integers=None,
    ),
    Operation(
        "bilinear",
        lambda x, y, w: np.einsum("bi,oij,bj->bo", x, w, y),
        st.tuples(array((2, 3)), array((2, 2)), array((3, 3, 2))).map(lambda arrays: Case(arrays, {})),
        function=F.bilinear,
        integers=None,
    ),
]

# ── losses ───────────────────────────────────────────────────────────────────────────────────────────────────────────

REDUCTION = st.sampled_from(["mean", "sum", "none"])
CHANCE = st.floats(0.05, 0.95)


def folded(function: Any) -> Any:
    """A loss per element, reduced."""

    def reduce(*arrays: np.ndarray, reduction: str, **options: Any) -> np.ndarray:
        losses = np.asarray(function(*arrays, **options))
        return losses if reduction == "none" else losses.sum() / (losses.size if reduction == "mean" else 1)

    return reduce


def cross(p: np.ndarray, t: np.ndarray) -> np.ndarray:
    return -t * np.log(p) - (1 - t) * np.log(1 - p)


def kinked(d: np.ndarray, at: float) -> np.ndarray:
    """Huber's loss, which is the integral of a ramp that ends at `at`."""
    return np.where(np.abs(d) < at, d * d / 2, at * np.abs(d) - at * at / 2)


APART = near(0.0, 0.1), near(0.35, 0.1)  # differences are never 0, nor 1 or -1

ELEMENTWISE_LOSSES = [
    Operation(name, folded(reference), alike(*elements, shape=filled_shapes, reduction=REDUCTION, **params),
              function=getattr(F, name), integers=None)
    for name, reference, elements, params in [
        ("l1_loss", lambda x, y: np.abs(x - y), APART, {}),
        ("smooth_l1_loss", lambda x, y, beta: kinked(x - y, beta) / beta, APART, {"beta": st.just(1.0)}),
        ("huber_loss", lambda x, y, delta: kinked(x - y, delta), APART, {"delta": st.just(2.0)}),
        ("binary_cross_entropy", cross, (CHANCE, CHANCE), {}),
        ("binary_cross_entropy_with_logits", lambda x, t: cross(logistic(x), t), (FREE, CHANCE), {}),
        ("kl_div", lambda x, t: t * (np.log(t) - x), (FREE, CHANCE), {}),
        ("poisson_nll_loss", lambda x, t: np.exp(x) - t * x, (FREE, CHANCE), {}),
        ("soft_margin_loss", lambda x, t: np.log(1 + np.exp(-x * t)), (FREE, FREE), {}),
        ("gaussian_nll_loss", lambda x, t, v: (np.log(v) + (x - t) ** 2 / v) / 2, (FREE, FREE, st.floats(0.1, 2)), {}),
    ]
]  # fmt: skip


@st.composite
def named_classes(draw: st.DrawFn) -> Case:
    """Scores (N, C, 2) for classes, one per place, some to be ignored."""
    n, classes = draw(st.integers(1, 2)), draw(st.integers(2, 3))
    target = draw(hnp.arrays(np.int64, (n, 2), elements=st.integers(0, classes - 1)))
    target[0, 0] = 1  # so that one counts
    scores = draw(array((n, classes, 2)))
    return Case((scores, target), {"reduction": draw(st.sampled_from(["mean", "sum"])), "ignore_index": 0})


def surprise(x: np.ndarray, target: np.ndarray, reduction: str, ignore_index: int) -> np.ndarray:
    total, count = 0.0, 0
    for i, j in np.ndindex(*target.shape):
        if target[i, j] != ignore_index:
            total -= np.log(np.exp(x[i, target[i, j], j]) / np.exp(x[i, :, j]).sum())
            count += 1
    return np.asarray(total / (count if reduction == "mean" else 1))


def margins(x: np.ndarray, target: np.ndarray, reduction: str) -> np.ndarray:
    losses = [
        sum(max(0, 0.3 - row[y] + row[i]) ** 2 for i in range(len(row)) if i != y) / len(row)
        for row, y in zip(x, target)
    ]
    return folded(lambda: np.array(losses))(reduction=reduction)


CLASS_LOSSES = [
    Operation("cross_entropy, K-dim", surprise, named_classes(), function=F.cross_entropy, integers=None),
    Operation(
        "multi_margin_loss",
        margins,
        st.tuples(array((2, 3), DISTINCT), hnp.arrays(np.int64, 2, elements=st.integers(0, 2)), REDUCTION).map(
            lambda drawn: Case(drawn[:2], {"reduction": drawn[2]})
        ),
        function=lambda x, y, reduction: F.multi_margin_loss(x, y, p=2, margin=0.3, reduction=reduction),
        integers=None,
    ),
    Operation(
        "cosine_similarity",
        lambda x, y: np.einsum("ij,ij->i", x, y) / np.sqrt((x**2).sum(1) * (y**2).sum(1)),
        alike(NONZERO, NONZERO, shape=st.just((2, 3))),
        function=F.cosine_similarity,
        integers=None,
    ),
    Operation(
        "pairwise_distance",
        lambda x, y: np.sqrt(((x - y + 1e-6) ** 2).sum(-1)),
        alike(*APART, shape=full_lines),
        function=F.pairwise_distance,
        integers=None,
    ),
]

NN = [*ACTIVATIONS, *NORMS, *EMBEDDINGS, *ELEMENTWISE_LOSSES, *CLASS_LOSSES]
