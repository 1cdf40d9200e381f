"""Losses: values, gradients of both sides, reductions, options, shapes and printing, against PyTorch."""

import itertools
import warnings

import numpy as np
import pytest
import torch
from agree import agree, both_fail

import minigrad

RNG = np.random.default_rng(11)
REDUCTIONS = ["mean", "sum", "none"]


@pytest.fixture(autouse=True)
def quiet():
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def normal(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def chance(*shape):
    return RNG.uniform(0, 1, shape).astype(np.float32)


def signs(*shape):
    return RNG.choice([-1.0, 1.0], shape).astype(np.float32)


def bits(*shape):
    return RNG.integers(0, 2, shape).astype(np.float32)


SHAPES = [(), (5,), (2, 3), (2, 3, 4), (0, 3), (1, 1)]

POINTWISE = [  # name, target, options
    ("mse_loss", normal, {}), ("l1_loss", normal, {}), ("smooth_l1_loss", normal, {}),
    ("smooth_l1_loss", normal, {"beta": 0.3}),
    ("smooth_l1_loss", normal, {"beta": 0}), ("huber_loss", normal, {}), ("huber_loss", normal, {"delta": 0.4}),
    ("binary_cross_entropy_with_logits", chance, {}), ("kl_div", chance, {}), ("kl_div", normal, {"log_target": True}),
    ("poisson_nll_loss", chance, {}), ("soft_margin_loss", signs, {}), ("hinge_embedding_loss", signs, {}),
    ("hinge_embedding_loss", signs, {"margin": 2.5}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "target", "options"), POINTWISE)
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_pointwise(name, target, options, reduction):
    def call(t, x, y):
        y = y.detach() if target is signs else y  # which PyTorch does not differentiate
        return getattr(t.nn.functional, name)(x, y, reduction=reduction, **options)

    for shape in SHAPES:
        agree(call, normal(*shape), target(*shape))


@pytest.mark.parametrize(("name", "target", "options"), POINTWISE)
def test_second_order(name, target, options):
    if name in ("l1_loss", "hinge_embedding_loss", "kl_div") or options.get("beta") == 0:
        return  # of which it is 0

    def twice(t, x, y):
        x = x.detach().requires_grad_()
        loss = getattr(t.nn.functional, name)(x, y, reduction="sum", **options)
        [first] = t.autograd.grad(loss, x, create_graph=True)
        [second] = t.autograd.grad((first * first).sum(), x)
        return second

    agree(twice, normal(3, 4).astype(np.float64), target(3, 4).astype(np.float64), grad=False)


@pytest.mark.parametrize("reduction", [*REDUCTIONS, "batchmean"])
def test_kl_div(reduction):
    p = chance(4, 5)
    p[0] = 0
    agree(lambda t, x, y: t.nn.functional.kl_div(t.log_softmax(x, 1), y.detach(), reduction=reduction), (4, 5), p)
    agree(lambda t, x, y: t.nn.KLDivLoss(reduction=reduction, log_target=True)(x, y), (4, 5), (4, 5))


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", SHAPES)
def test_binary_cross_entropy(reduction, shape):
    F = lambda t: t.nn.functional  # noqa: E731, N806
    agree(lambda t, x, y: F(t).binary_cross_entropy(x, y, reduction=reduction), chance(*shape), chance(*shape))
    agree(lambda t, x, y: F(t).binary_cross_entropy(x, y, reduction=reduction), chance(*shape), bits(*shape))
    agree(
        lambda t, x, y: F(t).binary_cross_entropy(x.sigmoid(), y.detach(), reduction=reduction),
        normal(*shape) * 9,
        bits(*shape),
    )
    agree(
        lambda t, x, y, w: F(t).binary_cross_entropy(x, y, w.detach(), reduction=reduction), chance(*shape), bits(*shape),
        chance(*shape),
    )  # fmt: skip
    agree(
        lambda t, x, y, w: t.nn.BCEWithLogitsLoss(w.detach(), reduction=reduction)(x, y), normal(*shape) * 50, bits(*shape),
        chance(*shape),
    )  # fmt: skip


def test_binary_cross_entropy_at_the_ends():
    p = np.array([0, 0, 1, 1, 0.5, 1e-30], np.float32)
    t = np.array([0, 1, 0, 1, 0, 1], np.float32)
    for reduction in REDUCTIONS:
        agree(lambda t, x, y, r=reduction: t.nn.functional.binary_cross_entropy(x, y.detach(), reduction=r), p, t)
    agree(lambda t, x, y: t.nn.functional.binary_cross_entropy_with_logits(x, y), np.float32([-1e4, 1e4, 0]), t[:3])


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_pos_weight(reduction):
    agree(
        lambda t, x, y, w, p: t.nn.BCEWithLogitsLoss(w.detach(), reduction=reduction, pos_weight=p.detach())(x, y),
        normal(4, 3) * 5, bits(4, 3), chance(3), chance(3) * 3,
    )  # fmt: skip
    agree(
        lambda t, x, y, w: t.nn.functional.mse_loss(x, y, weight=w, reduction=reduction), (4, 3), (4, 3), chance(4, 3)
    )
    agree(lambda t, x, y, w: t.nn.functional.l1_loss(x, y, weight=w, reduction=reduction), (4, 3), (4, 3), chance(4, 3))
    agree(
        lambda t, x, y, w: t.nn.functional.huber_loss(x, y, weight=w, reduction=reduction), (4, 3), (4, 3), chance(4, 3)
    )


CLASSES = [((3,), ()), ((5, 3), (5,)), ((1, 1), (1,)), ((2, 3, 4), (2, 4)), ((2, 3, 2, 2), (2, 2, 2)), ((0, 3), (0,))]


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize(("shape", "places"), CLASSES)
def test_classes(name, reduction, shape, places):
    classes = shape[min(1, len(shape) - 1)]
    for weighted, ignore, smoothing in itertools.product([False, True], [None, 0, -1], [0.0, 0.2, 1.0]):
        options = {"reduction": reduction}
        if smoothing and (name == "nll_loss" or shape[0] == 0):
            continue
        if smoothing:
            options["label_smoothing"] = smoothing
        target = RNG.integers(0, classes, places)
        if ignore is not None:
            options["ignore_index"] = ignore
            if target.size > 1:
                target.reshape(-1)[0] = ignore
        weight = chance(classes) + 0.1

        def call(t, x, y, w):
            return getattr(t.nn.functional, name)(x, y, w.detach() if weighted else None, **options)  # noqa: B023

        agree(call, normal(*shape) * 3, target, weight)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(3,), (5, 3), (2, 3, 4)])
@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_chances(reduction, shape, smoothing):
    def call(t, x, y, w):
        return t.nn.functional.cross_entropy(x, y, w.detach(), reduction=reduction, label_smoothing=smoothing)

    agree(call, normal(*shape), chance(*shape), chance(3))
    agree(lambda t, x, y: t.nn.CrossEntropyLoss(reduction=reduction)(x, y), normal(*shape), chance(*shape))


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_classes_to_second_order(name, reduction):
    def twice(t, x, y):
        loss = getattr(t.nn.functional, name)(x.tanh(), y, reduction=reduction, ignore_index=1)
        [first] = t.autograd.grad((loss * loss).sum(), x, create_graph=True)
        return (first * first).sum()

    agree(twice, RNG.standard_normal((4, 3)), np.array([0, 1, 2, 0]))


MARGINS = [
    ("MarginRankingLoss", {}, (normal(5), normal(5), signs(5))),
    ("MarginRankingLoss", {"margin": 0.7}, (normal(4, 3), normal(4, 3), signs(4, 3))),
    ("CosineEmbeddingLoss", {}, (normal(5, 4), normal(5, 4), signs(5))),
    ("CosineEmbeddingLoss", {"margin": -0.3}, (normal(4), normal(4), signs())),
    ("TripletMarginLoss", {}, (normal(5, 4), normal(5, 4), normal(5, 4))),
    ("TripletMarginLoss", {"margin": 2.0, "p": 1, "swap": True}, (normal(5, 4), normal(5, 4), normal(5, 4))),
    ("TripletMarginLoss", {"p": 3}, (normal(4), normal(4), normal(4))),
    ("TripletMarginWithDistanceLoss", {"margin": 0.5, "swap": True}, (normal(5, 4), normal(5, 4), normal(5, 4))),
    ("TripletMarginWithDistanceLoss", {"distance_function": lambda x, y: (x - y).abs().sum(-1)}, (normal(5, 4),) * 3),
    ("MultiMarginLoss", {}, (normal(5, 4), RNG.integers(0, 4, 5))),
    ("MultiMarginLoss", {"p": 2, "margin": 0.5}, (normal(5, 4), RNG.integers(0, 4, 5))),
    ("MultiMarginLoss", {}, (normal(4), np.array(2))),
    ("MultiLabelMarginLoss", {}, (normal(3, 4), np.array([[3, 0, -1, 1], [-1, 2, 0, 1], [0, 1, 2, 3]]))),
    ("MultiLabelMarginLoss", {}, (normal(4), np.array([3, 0, -1, 1]))),
    ("MultiLabelSoftMarginLoss", {}, (normal(3, 4), bits(3, 4))),
    ("GaussianNLLLoss", {}, (normal(3, 4), normal(3, 4), chance(3, 4))),
    ("GaussianNLLLoss", {"full": True, "eps": 0.3}, (normal(3, 4), normal(3, 4), chance(3))),
    ("GaussianNLLLoss", {}, (normal(3, 4), normal(3, 4), chance(3, 1))),
    ("PoissonNLLLoss", {}, (normal(3, 4), chance(3, 4) * 5)),
    ("PoissonNLLLoss", {"log_input": False, "full": True}, (chance(3, 4), chance(3, 4) * 5)),
    ("HingeEmbeddingLoss", {"margin": 0.4}, (normal(3, 4), signs(3, 4))),
]  # fmt: skip


@pytest.mark.parametrize(("name", "options", "operands"), MARGINS)
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_margins(name, options, operands, reduction):
    def call(t, *tensors):
        fixed = [x.detach() for x in tensors[2:]] if "Embedding" in name or "Ranking" in name else tensors[2:]
        return getattr(t.nn, name)(**options, reduction=reduction)(*tensors[:2], *fixed)

    agree(call, *operands)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_weights_of_margins(reduction):
    agree(
        lambda t, x, y, w: t.nn.MultiMarginLoss(weight=w.detach(), reduction=reduction)(x, y), (5, 4),
        RNG.integers(0, 4, 5), chance(4),
    )  # fmt: skip
    agree(
        lambda t, x, y, w: t.nn.MultiLabelSoftMarginLoss(w.detach(), reduction=reduction)(x, y),
        (3, 4),
        bits(3, 4),
        chance(4),
    )


@pytest.mark.parametrize(("average", "reduce"), list(itertools.product([None, True, False], [None, True, False])))
@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "binary_cross_entropy_with_logits", "kl_div"])
def test_old_words(name, average, reduce):
    agree(
        lambda t, x, y: getattr(t.nn.functional, name)(x, y, size_average=average, reduce=reduce), (3, 4), chance(3, 4)
    )
    agree(lambda t, x, y: t.nn.functional.cross_entropy(x, y, None, average, -100, reduce), (3, 4), np.array([0, 3, 1]))
    agree(lambda t, x, y: t.nn.MSELoss(average, reduce)(x, y), (3, 4), (3, 4))


def test_distances():
    F = lambda t: t.nn.functional  # noqa: E731, N806
    for shape, dim in [((4, 3), 1), ((4, 3), 0), ((2, 3, 4), -1), ((5,), 0)]:
        agree(lambda t, x, y, d=dim: F(t).cosine_similarity(x, y, dim=d), shape, shape)
        agree(lambda t, x, y, d=dim: t.nn.CosineSimilarity(d, 0.5)(x, y), shape, shape)
        agree(lambda t, x, y: F(t).pairwise_distance(x, y), shape, shape)
        agree(lambda t, x, y: t.nn.PairwiseDistance(1, keepdim=True)(x, y), shape, shape)
    agree(lambda t, x, y: F(t).cosine_similarity(x, y), (4, 3), (1, 3))
    agree(lambda t, x, y: F(t).cosine_similarity(x, y), np.zeros((2, 3), np.float32), (2, 3))
    agree(lambda t, x: F(t).pdist(x), (5, 3))
    agree(lambda t, x: F(t).pdist(x, 1), (4, 2))
    agree(lambda t, x, y, w, b: F(t).bilinear(x, y, w, b), (5, 2), (5, 3), (4, 2, 3), (4,))
    agree(lambda t, x, y, w: F(t).bilinear(x, y, w), (2, 5, 2), (2, 5, 3), (4, 2, 3))


NAMES = [name for name in dir(minigrad.nn) if name.endswith("Loss")]


@pytest.mark.parametrize("name", NAMES)
def test_printing(name):
    assert repr(getattr(minigrad.nn, name)()) == repr(getattr(torch.nn, name)())


@pytest.mark.parametrize("name", ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "binary_cross_entropy",
                                  "binary_cross_entropy_with_logits", "cross_entropy", "nll_loss"])  # fmt: skip
def test_grad_fn(name):
    found = []
    for t in (minigrad, torch):
        x = t.full((2, 3), 0.5, requires_grad=True)
        y = t.tensor([1, 2]) if name in ("cross_entropy", "nll_loss") else t.zeros(2, 3)
        found.append(repr(getattr(t.nn.functional, name)(x, y)))
    assert found[0] == found[1]


def test_broadcasting_in_pytorchs_dialect():
    from minigrad.dialect import dialect

    dialect.lenient = True
    try:
        for name in ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"):
            agree(lambda t, x, y, n=name: getattr(t.nn.functional, n)(x, y), (4, 1), (4,))
    finally:
        dialect.lenient = False


@pytest.mark.parametrize(
    "call",
    [
        lambda f, x: f.binary_cross_entropy(x + 1.5, x), lambda f, x: f.binary_cross_entropy(x[:1], x),
        lambda f, x: f.binary_cross_entropy_with_logits(x[:1], x), lambda f, x: f.huber_loss(x, x, delta=0),
        lambda f, x: f.smooth_l1_loss(x, x, beta=-1), lambda f, x: f.mse_loss(x, x, reduction="avg"),
        lambda f, x: f.cross_entropy(x, x[0].long()), lambda f, x: f.nll_loss(x, x[:, 0]),
        lambda f, x: f.gaussian_nll_loss(x, x, x - 9), lambda f, x: f.gaussian_nll_loss(x, x, x[0].abs()),
        lambda f, x: f.triplet_margin_loss(x, x, x, margin=-1), lambda f, x: f.multi_margin_loss(x, x[:, 0].long() * 0, p=3),
        lambda f, x: f.margin_ranking_loss(x, x[0], x), lambda f, x: f.cosine_embedding_loss(x, x, x),
        lambda f, x: f.multilabel_margin_loss(x, x[0].long()), lambda f, x: f.bilinear(x, x, x), lambda f, x: f.pdist(x[0]),
    ],
)  # fmt: skip
def test_both_refuse(call):
    both_fail(lambda t, x: call(t.nn.functional, x), (3, 4))
