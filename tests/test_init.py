"""Starting values. The numbers for a seed are PyTorch 2.13's."""

import re
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad
from minigrad import Generator, manual_seed, nn, zeros
from minigrad.nn import Parameter, init

NUMBERS = [
    ("uniform_", {"a": -0.3, "b": 0.7}, (2, 2), [-0.2957365, -0.19443065, -0.014157534, -0.27304518]),
    ("uniform_", {}, (3,), [0.0042635202, 0.10556936, 0.28584248]),
    ("normal_", {"mean": 0.1, "std": 0.02}, (3,), [0.116065525, 0.10349667, 0.101779565]),
    ("normal_", {"mean": 0.7, "std": 0.3}, (15,),
     [0.9409828, 0.75245, 0.72669345, 0.5158846, 0.71385473, 0.28952226, 0.80124855, 1.0033348, 0.2694462, 0.99322957,
      0.856615, 1.071375, 0.44060934, 0.7896882, 0.8257656]),
    ("xavier_uniform_", {}, (2, 3), [-1.0861043, -0.8641543, -0.46919563, -1.0363901, -0.06218982, -0.96373695]),
    ("xavier_uniform_", {"gain": 5 / 3}, (2, 2, 2),
     [-1.431068, -1.1386232, -0.61821955, -1.3655639, -0.08194228, -1.2698349, 0.7848091, 0.7034995]),
    ("xavier_normal_", {}, (2, 3), [0.5080364, 0.11057435, 0.05627469, -0.38814935, 0.029208347, -0.86536306]),
    ("kaiming_uniform_", {}, (2, 3), [-1.4021544, -1.1156183, -0.6057289, -1.3379737, -0.08028671, -1.244179]),
    ("kaiming_uniform_", {"a": sqrt(5)}, (2, 3),
     [-0.57242715, -0.45544925, -0.2472878, -0.5462255, -0.03277691, -0.507934]),
    ("kaiming_uniform_", {"mode": "fan_out", "nonlinearity": "relu"}, (2, 3),
     [-1.7172815, -1.3663478, -0.7418634, -1.6386765, -0.098330736, -1.5238018]),
    ("kaiming_normal_", {}, (2, 3), [0.65587217, 0.14275087, 0.07265031, -0.50109863, 0.037707813, -1.1171789]),
    ("kaiming_normal_", {"nonlinearity": "relu"}, (2, 3),
     [0.65587217, 0.14275087, 0.07265031, -0.50109863, 0.037707813, -1.1171789]),
    ("kaiming_normal_", {"a": 0.2, "mode": "fan_out"}, (3, 2),
     [0.64313555, 0.13997874, 0.071239494, -0.49136767, 0.036975555, -1.0954841]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "options", "shape", "numbers"), NUMBERS)
def test_a_seed_gives_the_very_numbers_of_pytorch(name, options, shape, numbers):
    manual_seed(3)
    tensor = getattr(init, name)(zeros(*shape), **options)
    assert tensor.tolist() == np.float32(numbers).reshape(shape).tolist()


def test_sixteen_normal_numbers_and_more_are_pytorchs_to_the_last_digit_but_one():
    manual_seed(3)
    drawn = init.normal_(zeros(4, 5), mean=-1.0, std=3.0)
    wanted = [
        -1.2299329, 0.07964456, -3.3460505, -0.7854168, 2.1380682, 0.566561, -1.5004275, -0.8408998, 0.21382144,
        0.8338989, 1.2811712, -1.1009297, 1.9937673, 0.37754133, 6.309191, -1.4404246, 0.45534202, -0.38429686,
        0.015284598, 3.0582619,
    ]  # fmt: skip
    np.testing.assert_allclose(drawn.array.reshape(-1), wanted, rtol=0, atol=1e-6)


def test_float64_draws_a_stream_of_its_own():
    manual_seed(3)
    drawn = init.uniform_(zeros(3, dtype="float64"), -1, 1)
    np.testing.assert_allclose(drawn.array, [-0.931783608698959, -0.4265195465573861, 0.5458298886571686], rtol=1e-15)
    manual_seed(3)
    drawn = init.normal_(zeros(3, dtype="float64"))
    np.testing.assert_allclose(drawn.array, [0.8032760780963507, 0.17483339327910358, 0.08897809502587893], rtol=1e-15)


def test_sixteen_normal_numbers_are_drawn_together():
    manual_seed(3)
    drawn = init.normal_(zeros(16), mean=0.7, std=0.3)
    wanted = [
        0.6770067, 0.80796444, 0.46539494, 0.7214583, 0.8994518, 0.61396587, 1.1861652, 0.22098756, 0.6844957, 0.6082073,
        0.7745505, 0.63323176, 0.97394556, 0.76130235, 0.8721954, 0.8248994,
    ]  # fmt: skip
    np.testing.assert_allclose(drawn.array, wanted, rtol=0, atol=1e-6)


def test_values_that_are_given():
    x = zeros(2, 2)
    assert init.constant_(x, 0.5).tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert init.ones_(x).tolist() == [[1, 1], [1, 1]]
    assert init.zeros_(x).tolist() == [[0, 0], [0, 0]]


RANDOM = ["uniform_", "normal_", "xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_"]
FILLS = [getattr(init, name) for name in (*RANDOM, "zeros_", "ones_")] + [lambda t: init.constant_(t, 0.3)]


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values_are_written_into_the_tensor_itself_and_no_graph_sees_it(fill, dtype):
    p = Parameter(zeros(3, 4, dtype=dtype) + 7)
    memory = p.array
    loss = (p * p).sum()
    assert fill(p) is p
    assert p.array is memory
    assert (p != 7).all()
    assert (p.dtype, p.requires_grad, p.is_leaf) == (getattr(minigrad, dtype), True, True)
    with pytest.raises(minigrad.MutationError):
        loss.backward()


@pytest.mark.parametrize("name", RANDOM)
def test_numbers_can_come_from_a_generator_of_ones_own(name):
    fill = getattr(init, name)
    before = minigrad.get_rng_state()
    one, other = (fill(zeros(4, 5), generator=Generator().manual_seed(5)) for _ in range(2))
    assert one.tolist() == other.tolist()
    assert minigrad.get_rng_state().equal(before)
    manual_seed(5)
    assert fill(zeros(4, 5)).tolist() == one.tolist()


@given(st.floats(-10, 10), st.floats(-10, 10), st.integers(0, 9))
def test_uniform_stays_within_its_bounds(a, b, seed):
    low, high = sorted((a, b))
    manual_seed(seed)
    x = init.uniform_(zeros(50, dtype="float64"), low, high)
    assert ((x >= low) & (x <= high)).all()


SPREAD = [
    ("xavier_uniform_", {}, sqrt(2 / 500)),
    ("xavier_normal_", {"gain": 3.0}, 3 * sqrt(2 / 500)),
    ("kaiming_uniform_", {}, sqrt(2 / 300)),
    ("kaiming_uniform_", {"mode": "fan_out", "nonlinearity": "tanh"}, 5 / 3 / sqrt(200)),
    ("kaiming_normal_", {"a": 1.0}, 1 / sqrt(300)),
]


@pytest.mark.parametrize(("name", "options", "spread"), SPREAD)
def test_the_spread_follows_from_the_fans(name, options, spread):
    manual_seed(0)
    x = getattr(init, name)(zeros(200, 300, dtype="float64"), **options)
    assert x.std().item() == pytest.approx(spread, rel=0.01)
    assert x.mean().item() == pytest.approx(0, abs=0.02 * spread)


def test_fans_of_more_than_two_dimensions_count_the_field():
    manual_seed(0)
    flat = init.kaiming_normal_(zeros(4, 6, dtype="float64"))
    manual_seed(0)
    field = init.kaiming_normal_(zeros(4, 2, 3, dtype="float64"))
    assert field.reshape(4, 6).tolist() == flat.tolist()


@pytest.mark.parametrize(
    ("nonlinearity", "param", "gain"),
    [
        *((name, None, 1) for name in ("linear", "conv1d", "conv2d", "conv3d", "sigmoid")), ("tanh", None, 5 / 3),
        ("relu", None, sqrt(2)), ("leaky_relu", None, 1.4141428569978354),
        ("leaky_relu", 0.2, 1.3867504905630728), ("selu", None, 0.75),
    ],
)  # fmt: skip
def test_gains(nonlinearity, param, gain):
    assert init.calculate_gain(nonlinearity, param) == pytest.approx(gain, rel=1e-15)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: init.calculate_gain("swish"), "calculate_gain: nonlinearity 'swish': use one of linear, conv1d, conv2d, "
         "conv3d, conv_transpose1d, conv_transpose2d, conv_transpose3d, sigmoid, tanh, relu, leaky_relu, selu"),
        (lambda: init.kaiming_uniform_(zeros(2, 2), mode="fan"), "mode 'fan': use 'fan_in' or 'fan_out'"),
        (lambda: init.xavier_normal_(nn.Linear(2, 2).bias), "a tensor of shape (2,) has no fan in and fan out: at least two "
         "dimensions are needed (use uniform_ or zeros_ for biases)"),
    ],
)  # fmt: skip
def test_what_has_no_meaning_is_an_error(call, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        call()


def test_other_starts():
    assert init.eye_(zeros(2, 3)).tolist() == [[1, 0, 0], [0, 1, 0]]
    kernels = init.dirac_(zeros(4, 2, 3), groups=2)
    assert kernels[:, :, 1].tolist() == [[1, 0], [0, 1], [1, 0], [0, 1]]
    assert kernels.sum().item() == 4
    manual_seed(0)
    q = init.orthogonal_(zeros(3, 2, 4, dtype="float64"), gain=2.0).reshape(3, 8)
    np.testing.assert_allclose((q @ q.T).array, 4 * np.eye(3), atol=1e-12)
    q = init.orthogonal_(zeros(8, 3, dtype="float64"))
    np.testing.assert_allclose((q.T @ q).array, np.eye(3), atol=1e-12)
    assert init.orthogonal_(zeros(0, 3)).shape == (0, 3)
    assert (init.sparse_(zeros(10, 5), 0.25) == 0).sum(0).tolist() == [3] * 5


@pytest.mark.parametrize("bounds", [(-2.0, 2.0), (-0.1, 0.3), (1.5, 1.7)])
def test_numbers_cut_off(bounds):
    manual_seed(0)
    x = init.trunc_normal_(zeros(5000, dtype="float64"), 0.0, 1.0, *bounds)
    assert bounds[0] <= x.min().item() < x.max().item() <= bounds[1]
    z = np.linspace(*bounds, 2001)
    weight = np.exp(-z * z / 2)
    assert x.mean().item() == pytest.approx((z * weight).sum() / weight.sum(), abs=0.05)


def test_a_mean_far_outside_warns():
    with pytest.warns(UserWarning, match="trunc_normal_: mean is more than 2 std from"):
        init.trunc_normal_(zeros(2), mean=9.0, a=-1.0, b=8.0, std=0.4)


def test_filling_nothing_warns():
    for fill in (init.kaiming_uniform_, init.kaiming_normal_):
        with pytest.warns(UserWarning, match="Initializing zero-element tensors is a no-op"):
            fill(zeros(0, 3))


@pytest.mark.parametrize("name", ["uniform", "normal", "xavier_uniform", "kaiming_normal", "orthogonal", "eye"])
def test_old_names_warn(name):
    with pytest.warns(FutureWarning, match=f"`nn.init.{name}` is now deprecated in favor of `nn.init.{name}_`"):
        assert getattr(init, name)(zeros(2, 2)).shape == (2, 2)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: init.eye_(zeros(2)), "eye_: a tensor of shape (2,): it must have two dimensions"),
        (lambda: init.dirac_(zeros(2, 2)), "dirac_: a tensor of shape (2, 2): it must have 3, 4 or 5 dimensions"),
        (lambda: init.dirac_(zeros(3, 2, 1), 2), "dirac_: 3 outputs cannot be divided into 2 groups"),
        (
            lambda: init.orthogonal_(zeros(2)),
            "orthogonal_: a tensor of shape (2,): it must have at least two dimensions",
        ),
        (lambda: init.sparse_(zeros(2), 0.1), "sparse_: a tensor of shape (2,): it must have two dimensions"),
    ],
)
def test_shapes_that_cannot_start_so(call, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        call()
