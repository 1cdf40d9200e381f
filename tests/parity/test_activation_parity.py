"""Activations: values, gradients, kinks, in-place forms, printing and random numbers, against PyTorch."""

import warnings

import numpy as np
import pytest
import torch
from agree import agree, both_fail

import minigrad

KINKS = np.array([-np.inf, -20.5, -7, -6, -3, -1, -0.5, -0.25, 0, 0.25, 0.5, 1, 3, 6, 7, 20, 25], np.float32)
SPREAD = np.linspace(-30, 30, 241, dtype=np.float64)
FINITE = KINKS[1:]

CALLS = {
    "relu": lambda f, x: f.relu(x),
    "relu6": lambda f, x: f.relu6(x),
    "leaky_relu": lambda f, x: f.leaky_relu(x),
    "leaky_relu 0.2": lambda f, x: f.leaky_relu(x, 0.2),
    "leaky_relu -1.5": lambda f, x: f.leaky_relu(x, negative_slope=-1.5),
    "leaky_relu 3": lambda f, x: f.leaky_relu(x, 3.0),
    "elu": lambda f, x: f.elu(x),
    "elu 0.5": lambda f, x: f.elu(x, alpha=0.5),
    "selu": lambda f, x: f.selu(x),
    "celu": lambda f, x: f.celu(x),
    "celu 0.25": lambda f, x: f.celu(x, 0.25),
    "gelu": lambda f, x: f.gelu(x),
    "gelu tanh": lambda f, x: f.gelu(x, approximate="tanh"),
    "silu": lambda f, x: f.silu(x),
    "mish": lambda f, x: f.mish(x),
    "softplus": lambda f, x: f.softplus(x),
    "softplus 2 10": lambda f, x: f.softplus(x, 2, 10),
    "softplus 0.5": lambda f, x: f.softplus(x, beta=0.5, threshold=1),
    "softsign": lambda f, x: f.softsign(x),
    "softshrink": lambda f, x: f.softshrink(x),
    "softshrink 1": lambda f, x: f.softshrink(x, 1.0),
    "hardshrink": lambda f, x: f.hardshrink(x),
    "hardshrink 0.25": lambda f, x: f.hardshrink(x, 0.25),
    "tanhshrink": lambda f, x: f.tanhshrink(x),
    "hardtanh": lambda f, x: f.hardtanh(x),
    "hardtanh -0.5 3": lambda f, x: f.hardtanh(x, -0.5, 3),
    "hardsigmoid": lambda f, x: f.hardsigmoid(x),
    "hardswish": lambda f, x: f.hardswish(x),
    "logsigmoid": lambda f, x: f.logsigmoid(x),
    "sigmoid": lambda f, x: f.sigmoid(x),
    "tanh": lambda f, x: f.tanh(x),
    "threshold": lambda f, x: f.threshold(x, 0.5, 20),
    "threshold 0 0": lambda f, x: f.threshold(x, 0, 0),
    "rrelu": lambda f, x: f.rrelu(x),
}
LIMITS = {
    "gelu",
    "gelu tanh",
    "silu",
    "mish",
    "softsign",
    "hardswish",
    "tanhshrink",
}  # inf - inf, or 0 · inf, at the end


@pytest.fixture(autouse=True)
def quiet():
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("name", CALLS)
def test_elementwise(name):
    call = CALLS[name]
    points = FINITE if name in LIMITS else KINKS
    agree(lambda t, x: call(t.nn.functional, x), points)
    exact = 1e-7 if name == "hardsigmoid" else 1e-9  # PyTorch's 1/6 has the digits of float32
    agree(lambda t, x: call(t.nn.functional, x), SPREAD, rtol=exact, atol=1e-12)
    agree(lambda t, x: call(t.nn.functional, x), np.float32(SPREAD), rtol=2e-5, atol=2e-6)
    agree(lambda t, x: call(t.nn.functional, x), (2, 3, 4))
    agree(lambda t, x: call(t.nn.functional, x), ())
    agree(lambda t, x: call(t.nn.functional, x), (0, 3))
    agree(lambda t, x: call(t.nn.functional, x.T), (3, 4))
    agree(lambda t, x: call(t.nn.functional, x), np.array([np.nan, 1.0], np.float32), grad=False)


@pytest.mark.parametrize("name", [name for name in CALLS if name != "hardsigmoid"])  # not implemented in PyTorch
def test_second_order(name):
    def twice(t, x):
        [first] = t.autograd.grad((CALLS[name](t.nn.functional, x) ** 2).sum(), x, create_graph=True)
        return (first * first).sum() + first.sum()

    agree(twice, np.array([-5.3, -2.2, -0.7, -0.3, 0.1, 0.3, 0.7, 2.2, 4.4, 7.5]), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    "call",
    [
        lambda f, x: f.relu(x, inplace=True), lambda f, x: f.relu_(x), lambda f, x: f.relu6(x, inplace=True),
        lambda f, x: f.leaky_relu(x, 0.2, inplace=True), lambda f, x: f.leaky_relu_(x, 0.2),
        lambda f, x: f.elu(x, 0.7, True), lambda f, x: f.elu_(x), lambda f, x: f.selu_(x), lambda f, x: f.celu_(x),
        lambda f, x: f.selu(x, True), lambda f, x: f.celu(x, 1.5, True), lambda f, x: f.silu(x, inplace=True),
        lambda f, x: f.mish(x, inplace=True), lambda f, x: f.hardtanh_(x), lambda f, x: f.hardtanh(x, -1, 1, True),
        lambda f, x: f.hardswish(x, inplace=True), lambda f, x: f.hardsigmoid(x, inplace=True),
        lambda f, x: f.threshold_(x, 0.1, 5), lambda f, x: f.threshold(x, 0.1, 5, True), lambda f, x: f.rrelu_(x),
    ],
)  # fmt: skip
def test_in_place(call):
    def run(t, x):
        y = x * 2
        return call(t.nn.functional, y), y

    agree(run, (5, 7))


ALONG = {
    "softmax": lambda f, x: f.softmax(x, dim=1),
    "softmax -1": lambda f, x: f.softmax(x, -1),
    "softmax as float64": lambda f, x: f.softmax(x, 0, dtype={"f": None}.get("f")),
    "softmin": lambda f, x: f.softmin(x, 1),
    "log_softmax": lambda f, x: f.log_softmax(x, 0),
    "glu": lambda f, x: f.glu(x),
    "glu 0": lambda f, x: f.glu(x, 0),
    "normalize": lambda f, x: f.normalize(x),
    "normalize 1 0": lambda f, x: f.normalize(x, p=1, dim=0),
    "normalize 3": lambda f, x: f.normalize(x, 3, -1, 0.1),
}


@pytest.mark.parametrize("name", ALONG)
@pytest.mark.parametrize("shape", [(4, 6), (2, 4, 6), (2, 4, 2, 2)])
def test_along_a_dimension(name, shape):
    agree(lambda t, x: ALONG[name](t.nn.functional, x), shape)


@pytest.mark.parametrize(
    ("shape", "n"), [((5,), 1), ((), 1), ((4, 3), 1), ((4, 3), 3), ((2, 3, 4), 3), ((2, 3, 4, 2), 1)]
)
def test_prelu(shape, n):
    agree(lambda t, x, w: t.nn.functional.prelu(x, w), shape, (n,))
    agree(lambda t, x, w: t.nn.functional.prelu(x, w), np.zeros(shape, np.float32), (n,))


def test_dtype_of_softmax():
    agree(lambda t, x: t.nn.functional.softmax(x, 1, dtype=t.float64), (3, 4))
    agree(lambda t, x: t.nn.functional.softmax(x, 0, dtype=t.float32), np.arange(4))


def seeded(call, seed=3):
    def run(t, *operands):
        t.manual_seed(seed)
        return call(t, *operands)

    return run


@pytest.mark.parametrize("shape", [(7,), (4, 5), (2, 3, 4, 5)])
def test_random_ones(shape):
    F = lambda t: t.nn.functional  # noqa: E731, N806
    agree(seeded(lambda t, x: F(t).rrelu(x, 0.1, 0.4, training=True)), shape)
    agree(seeded(lambda t, x: F(t).rrelu(x * 1, 0.1, 0.4, True, True)), shape)
    agree(seeded(lambda t, x: F(t).gumbel_softmax(x, tau=0.7)), shape)
    agree(seeded(lambda t, x: F(t).gumbel_softmax(x, 2.0, hard=True, dim=0)), shape)


ALL = [
    ("Threshold", (0.1, 20)), ("ReLU", ()), ("ReLU", (True,)), ("RReLU", ()), ("RReLU", (0.1, 0.2, True)), ("Hardtanh", ()),
    ("Hardtanh", (-2, 2.5, True)), ("ReLU6", ()), ("ReLU6", (True,)), ("Sigmoid", ()), ("Hardsigmoid", ()),
    ("Hardsigmoid", (True,)), ("Tanh", ()), ("SiLU", ()), ("SiLU", (True,)), ("Mish", ()), ("Mish", (True,)),
    ("Hardswish", ()), ("ELU", ()), ("ELU", (2, True)), ("CELU", ()), ("CELU", (0.5,)), ("SELU", ()), ("SELU", (True,)),
    ("GLU", ()), ("GLU", (0,)), ("GELU", ()), ("GELU", ("tanh",)), ("Hardshrink", ()), ("Hardshrink", (1,)),
    ("LeakyReLU", ()), ("LeakyReLU", (0.2, True)), ("LogSigmoid", ()), ("Softplus", ()), ("Softplus", (2, 5.0)),
    ("Softshrink", ()), ("Softshrink", (1.5,)), ("PReLU", ()), ("PReLU", (4, 0.1)), ("Softsign", ()), ("Tanhshrink", ()),
    ("Softmin", (1,)), ("Softmax", (1,)), ("Softmax", (-1,)), ("Softmax2d", ()), ("LogSoftmax", (1,)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "args"), ALL)
def test_modules(name, args):
    ours, theirs = getattr(minigrad.nn, name)(*args), getattr(torch.nn, name)(*args)
    assert repr(ours) == repr(theirs)
    shape = (2, 4, 2, 2)
    agree(lambda t, x: getattr(t.nn, name)(*args).eval()(x * 1), shape)


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "hardtanh", "relu6",
                                  "hardsigmoid",
                                  "hardswish", "softplus", "softshrink", "hardshrink", "sigmoid", "tanh"])  # fmt: skip
def test_grad_fn(name):
    found = []
    for t in (minigrad, torch):
        x = t.ones(3, requires_grad=True)
        found.append(repr(getattr(t.nn.functional, name)(x)))
    assert found[0] == found[1]


@pytest.mark.parametrize(
    "call",
    [
        lambda f, x: f.softshrink(x, -1), lambda f, x: f.gelu(x, "exact"), lambda f, x: f.glu(x, 1),
        lambda f, x: f.glu(x[0, 0]),
        lambda f, x: f.prelu(x, x[0, :2]), lambda f, x: f.rrelu(x, 0.5, 0.1, True), lambda f, x: f.hardtanh(x, 1, -1),
    ],
)  # fmt: skip
def test_both_refuse(call):
    both_fail(lambda t, x: call(t.nn.functional, x), (3, 3))


def test_softmax_without_dim_in_pytorchs_dialect():
    from minigrad.dialect import dialect

    dialect.lenient = True
    try:
        for shape in [(4,), (3, 4), (2, 3, 4), (2, 3, 4, 5)]:
            for name in ("softmax", "softmin", "log_softmax"):
                agree(lambda t, x, name=name: getattr(t.nn.functional, name)(x), shape)
        agree(lambda t, x: t.nn.Softmax()(x), (3, 4))
    finally:
        dialect.lenient = False
