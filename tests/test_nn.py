"""Layers, activations and the functions behind them. Expected numbers and printed forms are PyTorch 2.13's."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad
from minigrad import manual_seed, nn, ones, randn, tensor, zeros
from minigrad.gradcheck import gradcheck
from minigrad.nn import functional as F  # noqa: N812

# ── Linear: how it starts ────────────────────────────────────────────────────────────────────────────────────────────

STARTS = [
    (0, 3, 2, [-0.0043225177, 0.30971584, -0.47518533, -0.4248946, -0.22236897, 0.15482073], [-0.011439145, 0.45777494]),
    (1, 17, 1, [0.12496968, -0.10704994, -0.047018316, 0.11383869, -0.22833198, 0.1454528, -0.049895715, 0.123388514,
                0.03371657, -0.029697068, 0.0672699, 0.011964715, 0.08858084, -0.094516374, -0.017682971, -0.021834835,
                0.03515407], [-0.0009688868]),
    (7, 1, 4, [0.06984508, -0.6023936, 0.3184234, 0.31378055], [-0.5344769, -0.14987719, -0.58582795, 0.25947273]),
]  # fmt: skip


@pytest.mark.parametrize(("seed", "inputs", "outputs", "weight", "bias"), STARTS)
def test_a_seed_gives_the_very_weights_of_pytorch(seed, inputs, outputs, weight, bias):
    manual_seed(seed)
    layer = nn.Linear(inputs, outputs)
    assert layer.weight.tolist() == np.reshape(np.float32(weight), (outputs, inputs)).tolist()
    assert layer.bias.tolist() == np.float32(bias).tolist()


def test_the_lessons_first_layer_starts_as_pytorchs():
    manual_seed(0)
    layer = nn.Linear(784, 16)
    assert layer.weight[15, -3:].tolist() == np.float32([-0.019947525, 0.016084565, -0.034194004]).tolist()
    assert layer.bias[:3].tolist() == np.float32([0.034993578, -0.029721972, -0.0037487918]).tolist()
    assert layer.weight.double().sum().item() == pytest.approx(1.446233912929074, rel=1e-12)


def test_layers_draw_one_after_another_weight_before_bias():
    manual_seed(42)
    first, second = nn.Linear(2, 3), nn.Linear(3, 1, bias=False)
    assert first.bias.tolist() == np.float32([-0.3442585, 0.41527155, 0.62334496]).tolist()
    assert second.weight.tolist() == np.float32([[-0.4235604, 0.50183064, 0.10805647]]).tolist()
    assert second.bias is None


@given(st.integers(0, 2**32), st.integers(1, 60), st.integers(1, 8), st.sampled_from(["float32", "float64"]))
def test_a_linear_layer_starts_within_its_bound_and_again_after_reset(seed, inputs, outputs, dtype):
    manual_seed(seed)
    layer = nn.Linear(inputs, outputs, dtype=dtype)
    first = layer.weight.tolist()
    for p in layer.parameters():
        assert p.dtype == getattr(minigrad, dtype)
        assert p.requires_grad
        assert (p.abs() <= 1 / np.sqrt(inputs) * (1 + 1e-6)).all()
    layer.reset_parameters()
    assert layer.weight.tolist() != first
    manual_seed(seed)
    layer.reset_parameters()
    assert layer.weight.tolist() == first


def test_a_layer_without_inputs_is_its_bias_of_zeros():
    layer = nn.Linear(0, 2)
    assert layer(zeros(3, 0)).tolist() == [[0, 0]] * 3


# ── Linear: what it computes ─────────────────────────────────────────────────────────────────────────────────────────

LEADING = st.lists(st.integers(0, 3), max_size=3).map(tuple)


@given(LEADING, st.integers(1, 4), st.integers(1, 4), st.booleans(), st.integers(0, 9))
def test_linear_is_x_times_w_transposed_plus_b(leading, inputs, outputs, bias, seed):
    manual_seed(seed)
    layer, x = nn.Linear(inputs, outputs, bias=bias), randn(*leading, inputs)
    y = layer(x)
    wanted = np.einsum("...i,oi->...o", x.array, layer.weight.array) + (layer.bias.array if bias else 0)
    assert y.shape == (*leading, outputs)
    assert y.dtype == minigrad.float32
    np.testing.assert_allclose(y.array, wanted, rtol=1e-5, atol=1e-6)
    assert y.tolist() == F.linear(x, layer.weight, layer.bias).tolist()


@pytest.mark.parametrize("shape", [(3,), (4, 3), (2, 2, 3), (2, 0, 3)])
@pytest.mark.parametrize("bias", [True, False])
def test_gradients_of_linear_to_second_order(shape, bias):
    manual_seed(0)
    layer = nn.Linear(3, 2, bias=bias)
    assert gradcheck(
        lambda x, *parameters: F.linear(x, *parameters).tanh(),
        [randn(*shape, requires_grad=True), *layer.parameters()],
        order=2,
    )


def test_linear_takes_the_wider_dtype_and_gives_gradients_of_each_ones_own():
    layer = nn.Linear(2, 1)
    x = ones(3, 2, dtype="float64", requires_grad=True)
    y = layer(x)
    y.sum().backward()
    assert (y.dtype, x.grad.dtype, layer.weight.grad.dtype) == (minigrad.float64, minigrad.float64, minigrad.float32)
    assert layer(ones(3, 2, dtype="int64")).dtype == minigrad.float32


@pytest.mark.parametrize(
    ("shape", "message", "remedy"),
    [
        (
            (32, 2, 3),
            "Linear(6, 4) got an input of shape (32, 2, 3): flatten it first, x.flatten(1)",
            lambda x: x.flatten(1),
        ),
        ((2, 3), "Linear(6, 4) got an input of shape (2, 3): flatten it first, x.flatten()", lambda x: x.flatten()),
        (
            (6, 9),
            "Linear(6, 4) got an input of shape (6, 9): its features come first, transpose it, x.T",
            lambda x: x.T,
        ),
    ],
)
def test_a_wrong_shape_names_both_and_the_remedy_works(shape, message, remedy):
    layer, x = nn.Linear(6, 4), randn(*shape)
    with pytest.raises(minigrad.ShapeError, match=f"^{re.escape(message)}$"):
        layer(x)
    assert layer(remedy(x)).shape[-1] == 4


@pytest.mark.parametrize(
    ("shape", "message", "other"),
    [
        ((5, 4), "its last size must be in_features = 6; did you mean Linear(4, 6)?", (4, 6)),
        ((5, 7), "its last size must be in_features = 6; for this input use Linear(7, 4)", (7, 4)),
    ],
)
def test_a_wrong_shape_names_the_layer_that_would_fit(shape, message, other):
    x = randn(*shape)
    with pytest.raises(minigrad.ShapeError, match=re.escape(f"Linear(6, 4) got an input of shape {shape}: {message}")):
        nn.Linear(6, 4)(x)
    assert nn.Linear(*other)(x).shape == (5, other[1])


def test_a_number_is_no_input():
    with pytest.raises(minigrad.ShapeError, match=r"shape \(\): its last size must be in_features = 3$"):
        nn.Linear(3, 2)(tensor(1.0))


# ── the other layers ─────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.lists(st.integers(0, 3), min_size=2, max_size=4), st.data())
def test_flatten_joins_dimensions(shape, data):
    start = data.draw(st.integers(0, len(shape) - 1))
    end = data.draw(st.integers(start, len(shape) - 1))
    x = randn(*shape)
    y = nn.Flatten(start, end)(x)
    assert y.shape == (*shape[:start], int(np.prod(shape[start : end + 1])), *shape[end + 1 :])
    assert y.reshape(-1).tolist() == x.reshape(-1).tolist()


def test_flatten_keeps_the_batch():
    assert nn.Flatten()(ones(5, 28, 28)).shape == (5, 784)


def test_identity_gives_back_its_very_input_and_ignores_arguments():
    x = ones(2)
    assert nn.Identity(54, unused=True)(x) is x


ACTIVATIONS = [
    (nn.Sigmoid(), F.sigmoid, lambda x: 1 / (1 + np.exp(-x))),
    (nn.Tanh(), F.tanh, np.tanh),
    (nn.ReLU(), F.relu, lambda x: np.maximum(x, 0)),
    (nn.Softmax(dim=1), lambda x: F.softmax(x, 1), lambda x: np.exp(x) / np.exp(x).sum(1, keepdims=True)),
    (nn.LogSoftmax(dim=-1), lambda x: F.log_softmax(x, -1), lambda x: x - np.log(np.exp(x).sum(-1, keepdims=True))),
]


@pytest.mark.parametrize(("module", "function", "formula"), ACTIVATIONS, ids=lambda a: getattr(a, "__name__", repr(a)))
def test_activations_as_modules_and_as_functions(module, function, formula):
    manual_seed(0)
    x = randn(3, 4, dtype="float64", requires_grad=True)
    np.testing.assert_allclose(module(x).detach().array, formula(x.array.copy()), rtol=1e-12)
    assert module(x).tolist() == function(x).tolist()
    assert list(module.parameters()) == []
    assert gradcheck(module, x, order=2)


@pytest.mark.parametrize("function", [nn.ReLU(inplace=True), lambda x: F.relu(x, inplace=True)], ids=["ReLU", "relu"])
def test_relu_in_place_writes_into_its_input(function):
    x = tensor([-1.0, 2.0])
    assert function(x) is x
    assert x.tolist() == [0, 2]


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (nn.Softmax(), "softmax"),
        (F.softmax, "softmax"),
        (nn.LogSoftmax(), "log_softmax"),
        (F.log_softmax, "log_softmax"),
    ],
)
def test_softmax_asks_for_its_dimension(function, name):
    message = f"{name} of a tensor of shape (5, 3) needs a dimension: dim=-1 is the classes of a batch"
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        function(ones(5, 3))


def test_softmax_computes_in_the_dtype_asked_for():
    assert F.softmax(tensor([1, 2]), 0, dtype=minigrad.float64).dtype == minigrad.float64
    assert F.log_softmax(ones(2), 0, dtype=minigrad.float64).dtype == minigrad.float64


# ── one_hot ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.lists(st.integers(0, 3), max_size=2), st.integers(1, 5), st.booleans(), st.data())
def test_one_hot_rows_have_a_one_where_the_index_says(shape, n, counted, data):
    index = np.array(
        data.draw(st.lists(st.integers(0, n - 1), min_size=int(np.prod(shape)), max_size=int(np.prod(shape))))
    )
    index = tensor(index.reshape(shape).astype(np.int64))
    if not counted and not index.numel():
        return
    rows = F.one_hot(index) if not counted else F.one_hot(index, n)
    classes = n if counted else int(index.array.max()) + 1
    assert rows.shape == (*shape, classes)
    assert rows.dtype == minigrad.int64
    assert (rows.sum(-1) == 1).all()
    if rows.numel():
        assert rows.argmax(-1).equal(index)


@pytest.mark.parametrize(
    ("index", "n", "error", "message"),
    [
        (tensor([1.0]), 3, TypeError, "one_hot: class indices of type minigrad.float32: convert them with .long()"),
        (tensor([0, 3]), 3, ValueError, "one_hot: class 3 of 3: indices must be from 0 to num_classes - 1"),
        (tensor([0, -1]), 3, ValueError, "one_hot: class -1 of 3: indices must be from 0 to num_classes - 1"),
        (
            zeros(0, dtype="int64"),
            -1,
            ValueError,
            "one_hot of a tensor of shape (0,): it names no class, so pass num_classes",
        ),
    ],
)
def test_one_hot_refuses_what_is_no_class(index, n, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        F.one_hot(index, n)


# ── how layers print ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("module", "printed"),
    [
        (nn.Linear(2, 3), "Linear(in_features=2, out_features=3, bias=True)"),
        (nn.Linear(2, 3, bias=False), "Linear(in_features=2, out_features=3, bias=False)"),
        (nn.Flatten(), "Flatten(start_dim=1, end_dim=-1)"),
        (nn.Flatten(0, 2), "Flatten(start_dim=0, end_dim=2)"),
        (nn.Identity(3), "Identity()"),
        (nn.Sigmoid(), "Sigmoid()"),
        (nn.Tanh(), "Tanh()"),
        (nn.ReLU(), "ReLU()"),
        (nn.ReLU(inplace=True), "ReLU(inplace=True)"),
        (nn.Softmax(1), "Softmax(dim=1)"),
        (nn.Softmax(), "Softmax(dim=None)"),
        (nn.LogSoftmax(-1), "LogSoftmax(dim=-1)"),
        (nn.MSELoss(), "MSELoss()"),
        (nn.NLLLoss(), "NLLLoss()"),
        (nn.CrossEntropyLoss(), "CrossEntropyLoss()"),
    ],
)
def test_layers_print_as_pytorchs(module, printed):
    assert repr(module) == printed
