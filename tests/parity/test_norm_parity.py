"""Normalisation and dropout: values, gradients, running statistics, random numbers, printing, against PyTorch."""

import warnings

import numpy as np
import pytest
import torch
from agree import agree, both_fail

import minigrad


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def F(t):  # noqa: N802
    return t.nn.functional


@pytest.mark.parametrize(("shape", "size"), [
    ((4, 5), (5,)), ((5,), (5,)), ((2, 3, 4), (4,)), ((2, 3, 4), (3, 4)), ((2, 3, 4), (2, 3, 4)), ((0, 3), (3,)),
    ((3, 1), (1,)),
])  # fmt: skip
def test_layer_norm(shape, size):
    agree(lambda t, x: F(t).layer_norm(x, size), shape, rtol=1e-4, atol=2e-5)
    agree(lambda t, x, w, b: F(t).layer_norm(x, size, w, b), shape, size, size, rtol=1e-4, atol=2e-5)
    agree(lambda t, x, w: F(t).layer_norm(x, size, w, eps=0.1), shape, size, rtol=1e-4, atol=2e-5)
    agree(lambda t, x, b: F(t).layer_norm(x, size, None, b, 1e-3), shape, size, rtol=1e-4, atol=2e-5)
    agree(lambda t, x, w: F(t).rms_norm(x, size, w), shape, size, rtol=1e-4, atol=2e-5)
    agree(lambda t, x: F(t).rms_norm(x, size, eps=0.3), shape)
    agree(lambda t, x: F(t).layer_norm(x.movedim(0, -1), tuple(x.movedim(0, -1).shape)), shape, rtol=1e-4, atol=2e-5)


def second_order(call):
    def twice(t, *operands):
        y = call(t, *operands)
        grads = t.autograd.grad((y * y.sin()).sum(), operands, create_graph=True)
        return sum((g * g).sum() for g in grads)

    return twice


RNG = np.random.default_rng(5)


def wide(*shape):
    return RNG.standard_normal(shape)


def test_second_order():
    agree(second_order(lambda t, x, w, b: F(t).layer_norm(x, (4,), w, b)), wide(3, 4), wide(4), wide(4), rtol=1e-7)
    agree(second_order(lambda t, x: F(t).layer_norm(x, (3, 4))), wide(2, 3, 4), rtol=1e-7)
    agree(
        second_order(lambda t, x, w, b: F(t).batch_norm(x, None, None, w, b, True)),
        wide(3, 4, 5),
        wide(4),
        wide(4),
        rtol=1e-7,
    )
    agree(second_order(lambda t, x, w, b: F(t).group_norm(x, 2, w, b)), wide(3, 4, 5), wide(4), wide(4), rtol=1e-7)
    agree(second_order(lambda t, x, w: F(t).instance_norm(x, weight=w)), wide(3, 4, 5), wide(4), rtol=1e-7)


@pytest.mark.parametrize("shape", [(6, 3), (4, 3, 5), (2, 3, 4, 5), (2, 3, 2, 3, 2), (0, 3), (1, 3, 4)])
@pytest.mark.parametrize("training", [True, False])
def test_batch_norm(shape, training):
    rng = np.random.default_rng(1)
    mean, var = rng.standard_normal(3).astype(np.float32), rng.uniform(0.5, 2, 3).astype(np.float32)
    if shape[0] == 0 and training:
        return

    def call(t, x, w, b, m, v):
        m, v = m.detach().clone(), v.detach().clone()
        return F(t).batch_norm(x, m, v, w, b, training, 0.3, 1e-3), m, v

    agree(call, shape, (3,), (3,), mean, var, rtol=1e-4, atol=2e-5)
    agree(lambda t, x: F(t).batch_norm(x, t.zeros(3), t.ones(3), training=training), shape, rtol=1e-4, atol=2e-5)
    agree(lambda t, x, b: F(t).batch_norm(x, t.zeros(3), t.ones(3), None, b, training=training), shape, (3,), atol=2e-5)
    if training:
        agree(lambda t, x, w: F(t).batch_norm(x, None, None, w, None, True), shape, (3,), rtol=1e-4, atol=2e-5)
        agree(lambda t, x: F(t).batch_norm(x.transpose(0, -1).transpose(1, -1).transpose(0, 1) if x.dim() == 2 else x, None,
                                           None, training=True), shape, rtol=1e-4, atol=2e-5)  # fmt: skip


NORMS = [("BatchNorm1d", (6, 3)), ("BatchNorm1d", (6, 3, 4)), ("BatchNorm2d", (4, 3, 2, 5)), ("BatchNorm3d", (2, 3, 2, 3, 2)),
         ("InstanceNorm1d", (6, 3, 4)), ("InstanceNorm1d", (3, 4)), ("InstanceNorm2d", (4, 3, 2, 5)),
         ("InstanceNorm2d", (3, 2, 5)), ("InstanceNorm3d", (2, 3, 2, 3, 2))]  # fmt: skip
OPTIONS = [{}, {"affine": False}, {"affine": True, "track_running_stats": True}, {"track_running_stats": False},
           {"momentum": None, "track_running_stats": True}, {"eps": 0.1, "momentum": 0.7, "affine": True},
           {"affine": True, "bias": False}]  # fmt: skip


@pytest.mark.parametrize(("name", "shape"), NORMS)
@pytest.mark.parametrize("options", OPTIONS)
def test_modules_that_run(name, shape, options):
    def call(t, *batches):
        layer = getattr(t.nn, name)(3, **options)
        found = [layer(x) for x in batches[:2]]
        layer.eval()
        found.append(layer(batches[2]))
        return found, [v.detach().clone() for v in layer.state_dict().values()]

    agree(call, shape, shape, shape, rtol=1e-4, atol=3e-5)
    ours, theirs = (getattr(t.nn, name)(3, **options) for t in (minigrad, torch))
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())


def test_group_and_others():
    for shape, groups in [((2, 6, 4), 3), ((2, 6), 2), ((3, 4, 2, 3), 4), ((2, 6, 4), 1), ((2, 6, 4), 6)]:
        c = shape[1]
        agree(lambda t, x, w, b, g=groups: F(t).group_norm(x, g, w, b), shape, (c,), (c,), rtol=1e-4, atol=2e-5)
        agree(lambda t, x, g=groups: F(t).group_norm(x, g, eps=0.01), shape, rtol=1e-4, atol=2e-5)
        agree(lambda t, x, g=groups, c=c: t.nn.GroupNorm(g, c)(x), shape, rtol=1e-4, atol=2e-5)
    for size in (1, 2, 3, 5):
        agree(lambda t, x, n=size: F(t).local_response_norm(x, n), (2, 7, 4))
        agree(lambda t, x, n=size: t.nn.LocalResponseNorm(n, 0.5, 0.6, 2.0)(x), (2, 4, 3, 3))
    agree(lambda t, x: t.nn.LayerNorm([3, 4], bias=False)(x), (2, 3, 4), atol=2e-5)
    agree(lambda t, x: t.nn.LayerNorm(4, 0.1, elementwise_affine=False)(x), (2, 3, 4), atol=2e-5)
    agree(lambda t, x: t.nn.RMSNorm(4)(x), (2, 3, 4))


PRINTED = [
    ("LayerNorm", (4,), {}), ("LayerNorm", ([3, 4],), {"bias": False}), ("LayerNorm", (4, 1e-6, False), {}),
    ("RMSNorm", (4,), {}),
    ("RMSNorm", ((2, 4), 0.1, False), {}), ("GroupNorm", (2, 4), {}), ("GroupNorm", (2, 4, 0.1, False), {}),
    ("LocalResponseNorm", (2,), {}), ("Dropout", (), {}), ("Dropout", (0.3, True), {}), ("Dropout1d", (), {}),
    ("Dropout2d", (0.2,), {}), ("Dropout3d", (), {}), ("AlphaDropout", (), {}), ("FeatureAlphaDropout", (), {}),
    ("BatchNorm2d", (128,), {}), ("CosineSimilarity", (), {}), ("PairwiseDistance", (), {}), ("Bilinear", (2, 3, 4), {}),
    ("Bilinear", (2, 3, 4, False), {}), ("Flatten", (), {}), ("Unflatten", (1, (2, 3)), {}), ("Identity", (1, 2), {"x": 3}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "args", "options"), PRINTED)
def test_printing(name, args, options):
    assert repr(getattr(minigrad.nn, name)(*args, **options)) == repr(getattr(torch.nn, name)(*args, **options))


def test_grad_fn():
    for call in [
        lambda t, x: t.nn.LayerNorm(3)(x),
        lambda t, x: t.nn.BatchNorm1d(3)(x),
        lambda t, x: t.nn.Dropout()(x),
    ]:
        found = []
        for t in (minigrad, torch):
            t.manual_seed(0)
            found.append(repr(call(t, t.ones(2, 3, requires_grad=True) * t.tensor([[1.0], [2.0]]))))
        assert found[0] == found[1]


def seeded(call):
    def run(t, *operands):
        t.manual_seed(12)
        return call(t, *operands), t.rand(3)

    return run


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("training", [True, False])
def test_dropout_draws_the_same(p, training):
    for name in ("dropout", "alpha_dropout"):
        for shape in [(), (5,), (3, 4), (2, 3, 20)]:
            agree(seeded(lambda t, x, n=name: getattr(F(t), n)(x, p, training)), shape)
            agree(seeded(lambda t, x, n=name: getattr(F(t), n)(x * 1, p, training, True)), shape)
        agree(seeded(lambda t, x, n=name: getattr(F(t), n)(x.transpose(0, 2), p, training)), (2, 3, 4))
        agree(seeded(lambda t, x, n=name: getattr(F(t), n)(x[:, ::2], p, training)), (2, 6, 4))
        agree(seeded(lambda t, x, n=name: getattr(F(t), n)(x.expand(3, 4), p, training)), (4,))
        agree(
            seeded(lambda t, x, n=name: getattr(F(t), n)(x, p, training)), np.random.default_rng(0).standard_normal(9)
        )
    for name, shapes in {
        "dropout1d": [(3, 4), (2, 3, 4)], "dropout2d": [(3, 4, 2), (2, 3, 4, 2), (3, 4)],
        "dropout3d": [(3, 4, 2, 2), (2, 3, 4, 2, 2)], "feature_alpha_dropout": [(3, 4), (2, 3, 4, 2)],
    }.items():  # fmt: skip
        for shape in shapes:
            agree(seeded(lambda t, x, n=name: getattr(F(t), n)(x, p, training)), shape)
            agree(seeded(lambda t, x, n=name: getattr(F(t), n)(x * 1, p, training, inplace=True)), shape)


@pytest.mark.parametrize("name", ["Dropout", "Dropout1d", "Dropout2d", "AlphaDropout", "FeatureAlphaDropout"])
def test_dropout_modules(name):
    def call(t, x):
        layer = getattr(t.nn, name)(0.4)
        return layer(x), layer.eval()(x)

    agree(seeded(call), (4, 3, 5))


@pytest.mark.parametrize(
    "call",
    [
        lambda t, x: t.nn.BatchNorm1d(4)(x[:1]), lambda t, x: t.nn.BatchNorm1d(3)(x), lambda t, x: t.nn.BatchNorm2d(4)(x),
        lambda t, x: t.nn.BatchNorm1d(4)(x[0]), lambda t, x: t.nn.LayerNorm(3)(x), lambda t, x: t.nn.LayerNorm(4)(x.long()),
        lambda t, x: t.nn.GroupNorm(3, 4), lambda t, x: F(t).group_norm(x, 3),
        lambda t, x: F(t).batch_norm(x, None, None), lambda t, x: t.nn.Dropout(1.5), lambda t, x: F(t).dropout(x, -0.1),
        lambda t, x: F(t).dropout1d(x[0]), lambda t, x: F(t).local_response_norm(x, 2), lambda t, x: F(t).layer_norm(x, ()),
        lambda t, x: F(t).instance_norm(x[..., None]), lambda t, x: t.nn.InstanceNorm2d(4, affine=True)(x.reshape(1, 3, 4, 1)),
        lambda t, x: F(t).layer_norm(x, (4,), x[0, :3]), lambda t, x: F(t).group_norm(x[:1, :1], 1),
    ],
)  # fmt: skip
def test_both_refuse(call):
    both_fail(lambda t, x: call(t, x), (3, 4))
