"""Starting values: the same numbers as PyTorch for a seed."""

import warnings

import numpy as np
import pytest
from agree import agree, both_fail

FILLS = [
    ("uniform_", {}), ("uniform_", {"a": -3.0, "b": 0.5}), ("normal_", {}), ("normal_", {"mean": 2.0, "std": 0.1}),
    ("constant_", {"val": 0.3}), ("ones_", {}), ("zeros_", {}), ("trunc_normal_", {}), ("trunc_normal_", {"std": 0.02}),
    ("trunc_normal_", {"a": -0.1, "b": 0.2}), ("trunc_normal_", {"mean": 1.0, "std": 2.0, "a": 0.5, "b": 0.7}),
    ("xavier_uniform_", {}), ("xavier_uniform_", {"gain": 5 / 3}), ("xavier_normal_", {}), ("xavier_normal_", {"gain": 0.5}),
    ("kaiming_uniform_", {}), ("kaiming_uniform_", {"a": 5**0.5}), ("kaiming_normal_", {"nonlinearity": "relu"}),
    ("kaiming_uniform_", {"mode": "fan_out", "nonlinearity": "tanh"}), ("kaiming_normal_", {"mode": "fan_out", "a": 0.2}),
    ("orthogonal_", {}), ("orthogonal_", {"gain": 2**0.5}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "options"), FILLS)
@pytest.mark.parametrize("shape", [(2, 3), (5, 4), (4, 5), (40, 30), (3, 2, 3, 3)])
def test_a_seed_gives_the_same_numbers(name, options, shape):
    for kind in ("float32", "float64"):

        def call(t, kind=kind):
            t.manual_seed(5)
            x = t.empty(*shape, dtype=getattr(t, kind))
            assert getattr(t.nn.init, name)(x, **options) is x
            return x, t.rand(2)

        agree(call, rtol=2e-6 if kind == "float64" else 1e-5, atol=2e-6)


def test_sparse_eye_dirac():
    def sparse(t):
        t.manual_seed(5)
        return t.nn.init.sparse_(t.empty(6, 4), 0.4), t.nn.init.sparse_(t.empty(3, 20), 0.1, std=1.0), t.rand(2)

    agree(sparse, atol=1e-6)
    for shape in [(2, 2), (3, 5), (4, 2)]:
        agree(lambda t, s=shape: t.nn.init.eye_(t.empty(*s)))
    for shape in [(4, 4, 3), (4, 2, 3, 3), (6, 2, 3, 4, 2), (2, 4, 1, 1)]:
        agree(lambda t, s=shape: (t.nn.init.dirac_(t.empty(*s)), t.nn.init.dirac_(t.empty(*s), groups=2)))


@pytest.mark.parametrize("name", ["uniform", "normal", "constant", "eye", "dirac", "xavier_uniform", "xavier_normal",
                                  "kaiming_uniform", "kaiming_normal", "orthogonal", "sparse"])  # fmt: skip
def test_old_names(name):
    def call(t):
        t.manual_seed(5)
        more = {"constant": [2.0], "sparse": [0.5]}.get(name, [])
        with pytest.warns(FutureWarning, match=f"`nn.init.{name}` is now deprecated"):
            return getattr(t.nn.init, name)(t.empty(*((3, 3, 3) if name == "dirac" else (3, 4))), *more)

    agree(call, atol=1e-6)


def test_fans_and_gains():
    for shape in [(2, 3), (4, 2, 3), (6, 2, 3, 4)]:
        agree(lambda t, s=shape: t.nn.init._calculate_fan_in_and_fan_out(t.empty(*s)))
        agree(lambda t, s=shape: t.nn.init._calculate_correct_fan(t.empty(*s), "fan_out"))
    for name in ("linear", "conv_transpose2d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"):
        agree(lambda t, n=name: float(t.nn.init.calculate_gain(n)))
    agree(lambda t: t.nn.init.calculate_gain("leaky_relu", 0.3))


def test_nothing_to_fill():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in ("uniform_", "normal_", "kaiming_uniform_", "kaiming_normal_", "orthogonal_", "xavier_normal_"):
            agree(lambda t, n=name: getattr(t.nn.init, n)(t.empty(0, 3)))


@pytest.mark.parametrize(
    "call",
    [
        lambda t, x: t.nn.init.xavier_uniform_(x), lambda t, x: t.nn.init.kaiming_normal_(x),
        lambda t, x: t.nn.init.orthogonal_(x), lambda t, x: t.nn.init.eye_(x), lambda t, x: t.nn.init.dirac_(x),
        lambda t, x: t.nn.init.sparse_(x, 0.1), lambda t, x: t.nn.init.dirac_(x.reshape(3, 1, 1), 2),
        lambda t, x: t.nn.init.kaiming_uniform_(x[None], mode="fan"), lambda t, x: t.nn.init.calculate_gain("swish"),
    ],
)  # fmt: skip
def test_both_refuse(call):
    both_fail(call, np.zeros(3, np.float32))
