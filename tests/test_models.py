"""The digit classifier: the lesson's own numbers, its cost, its file, and pictures of digits made readable for it."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad
from minigrad import manual_seed, nn, no_grad, ones, rand, tensor, zeros
from minigrad.datasets import MNIST
from minigrad.gradcheck import gradcheck
from minigrad.nn import functional as F  # noqa: N812
from models import digits
from models.digits import DigitClassifier, cost

UNSEEN = MNIST(train=False)
IMAGES = UNSEEN.data.float() / 255


def accuracy(model):
    with no_grad():
        return (model(IMAGES).argmax(1) == UNSEEN.targets).float().mean().item()


def batch(start, n=10):
    """n unseen digits, and the outputs wanted for them."""
    return IMAGES[start : start + n], F.one_hot(UNSEEN.targets[start : start + n], 10).float()


# ── the lesson's numbers ─────────────────────────────────────────────────────────────────────────────────────────────


def test_thirteen_thousand_and_two_weights_and_biases():
    model = DigitClassifier()
    assert [p.numel() for p in model.parameters()] == [784 * 16, 16, 16 * 16, 16, 16 * 10, 10]
    assert sum(p.numel() for p in model.parameters()) == 13_002
    assert [name for name, _ in model.named_parameters()] == [
        f"layers.{i}.{name}" for i in (0, 2, 4) for name in ("weight", "bias")
    ]


def test_seven_hundred_and_eighty_four_pixels_to_ten_numbers_between_0_and_1():
    manual_seed(0)
    images = rand(5, 28, 28)
    outputs = DigitClassifier()(images)
    assert outputs.shape == (5, 10)
    assert ((outputs > 0) & (outputs < 1)).all()


@given(st.integers(0, 99), st.integers(1, 4))
def test_the_network_is_the_lessons_formula(seed, n):
    manual_seed(seed)
    model, images = DigitClassifier().double(), rand(n, 784, dtype="float64")
    a = images.array
    for layer in (model.layers[0], model.layers[2], model.layers[4]):
        a = 1 / (1 + np.exp(-(a @ layer.weight.array.T + layer.bias.array)))
    np.testing.assert_allclose(model(images).array, a, rtol=1e-12)
    assert model(images.reshape(n, 28, 28)).tolist() == model(images).tolist()


def test_an_untrained_network_is_right_one_time_in_ten():
    rates = []
    for seed in range(20):
        manual_seed(seed)
        rates.append(accuracy(DigitClassifier()))
    assert 0.05 < np.mean(rates) < 0.15
    assert len({round(rate, 4) for rate in rates}) > 1


def test_the_trained_network_reads_digits_it_has_never_seen():
    model = digits.trained()
    assert sum(p.numel() for p in model.parameters()) == 13_002
    assert accuracy(model) > 0.95


# ── the cost ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_cost_of_one_digit_is_the_sum_over_ten_outputs():
    three = F.one_hot(tensor(3), 10).float()
    assert cost(three, three).item() == 0
    assert cost(1 - three, three).item() == 10  # the worst there is
    assert cost(zeros(10), three).item() == 1
    lesson = tensor([0.43, 0.28, 0.19, 0.88, 0.72, 0.01, 0.64, 0.86, 0.99, 0.63])
    by_hand = sum((a - y) ** 2 for a, y in zip(lesson.tolist(), three.tolist()))
    assert cost(lesson, three).item() == pytest.approx(by_hand, rel=1e-6)
    assert cost(lesson.unsqueeze(0), three.unsqueeze(0)).item() == cost(lesson, three).item()


@given(st.integers(1, 6), st.integers(0, 99))
def test_the_cost_is_averaged_over_the_digits(n, seed):
    manual_seed(seed)
    outputs, wanted = rand(n, 10, dtype="float64"), rand(n, 10, dtype="float64")
    each = [((a - y) ** 2).sum() for a, y in zip(outputs.array, wanted.array)]
    assert cost(outputs, wanted).item() == pytest.approx(np.mean(each), rel=1e-12)
    assert cost(outputs, wanted).item() == pytest.approx(10 * F.mse_loss(outputs, wanted).item(), rel=1e-12)


def test_gradients_of_the_cost_to_second_order():
    manual_seed(0)
    assert gradcheck(cost, [rand(3, 10, requires_grad=True), rand(3, 10, requires_grad=True)], order=2)


@pytest.mark.parametrize(
    ("outputs", "wanted", "message"),
    [
        (ones(3, 10), ones(10), "cost: the input has shape (3, 10) and the target (10,): they must be equal"),
        (ones(3, 10), tensor([3, 1, 4]), "cost: the input has shape (3, 10) and the target (3,): they must be equal; for "
         "class indices use nn.functional.one_hot(target, 10).float(), or cross_entropy"),
    ],
)  # fmt: skip
def test_the_cost_never_broadcasts(outputs, wanted, message):
    with pytest.raises(minigrad.ShapeError, match=f"^{re.escape(message)}$"):
        cost(outputs, wanted)


def moved(model, x, y, step):
    """The cost after a step along the gradient, of so many times its length."""
    for p in model.parameters():
        p.data.add_(p.grad, alpha=step)
    with no_grad():
        after = cost(model(x), y).item()
    for p in model.parameters():
        p.data.add_(p.grad, alpha=-step)
    return after


@given(st.integers(0, 10_000), st.integers(0, 9990), st.floats(1e-5, 1e-3), st.sampled_from(["sigmoid", "tanh"]))
def test_a_small_step_against_the_gradient_lowers_the_cost_and_along_it_raises_it(seed, start, rate, activation):
    manual_seed(seed)
    model, (x, y) = DigitClassifier(activation=activation).double(), batch(start)
    x, y = x.double(), y.double()
    before = cost(model(x), y)
    before.backward()
    slope = sum((p.grad**2).sum().item() for p in model.parameters())
    down, up = moved(model, x, y, -rate), moved(model, x, y, rate)
    assert down < before.item() < up
    assert (up - down) / (2 * rate) == pytest.approx(slope, rel=0.01)  # the gradient's length squared, as it must be


def test_descent_learns_a_batch_by_heart():
    manual_seed(0)
    model, (x, y) = DigitClassifier(), batch(0)
    descent = minigrad.optim.SGD(model.parameters(), lr=3.0)
    costs = []
    for _ in range(300):
        descent.zero_grad()
        c = cost(model(x), y)
        c.backward()
        descent.step()
        costs.append(c.item())
    assert costs[-1] < 0.1 < 0.8 < costs[0]
    assert model(x).argmax(1).equal(y.argmax(1))


# ── other networks of the kind ───────────────────────────────────────────────────────────────────────────────────────


def test_widths_activation_and_raw_scores_can_be_chosen():
    model = DigitClassifier((784, 32, 10), activation="relu", scores=True)
    assert [type(layer) for layer in model.layers] == [nn.Linear, nn.ReLU, nn.Linear]
    assert model.layers[0].weight.shape == (32, 784)
    assert [type(layer) for layer in DigitClassifier((784, 10), "tanh").layers] == [nn.Linear, nn.Tanh]


def test_an_unknown_activation_names_those_there_are():
    with pytest.raises(ValueError, match=r"^DigitClassifier: activation 'swish': use one of sigmoid, tanh, relu$"):
        DigitClassifier(activation="swish")


def test_an_image_of_another_size_says_what_was_expected():
    with pytest.raises(minigrad.ShapeError, match=re.escape("Linear(784, 16) got an input of shape (2, 100)")):
        DigitClassifier()(ones(2, 10, 10))


# ── its file ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("options", [{}, {"sizes": (784, 8, 10), "activation": "tanh", "scores": True}])
def test_a_saved_classifier_comes_back(options, tmp_path):
    manual_seed(0)
    model = DigitClassifier(**options)
    digits.save(model, tmp_path / "net.npz")
    other = digits.load(tmp_path / "net.npz")
    assert (other.sizes, other.activation, other.scores) == (model.sizes, model.activation, model.scores)
    x = rand(3, 28, 28)
    assert other(x).tolist() == model(x).tolist()


DATA = digits.describe(DigitClassifier())
BROKEN = [
    None, [], {}, {"model": DATA["model"]}, {**DATA, "sizes": 3}, {**DATA, "sizes": []}, {**DATA, "sizes": "784"},
    {**DATA, "sizes": [784, 15, 16, 10]}, {**DATA, "sizes": [784, -1, 10]}, {**DATA, "activation": "swish"},
    {**DATA, "activation": []}, {**DATA, "model": None}, {**DATA, "model": {}}, {**DATA, "model": {"layers.0.weight": "a"}},
]  # fmt: skip


@pytest.mark.parametrize("data", BROKEN)
def test_other_data_is_a_value_error(data, tmp_path):
    with pytest.raises(ValueError, match=r"no saved digit classifier|DigitClassifier: |negative"):
        digits.restore(data)
    minigrad.save(data, tmp_path / "x")
    with pytest.raises(ValueError, match=r"no saved digit classifier|DigitClassifier: |negative"):
        digits.load(tmp_path / "x")


# ── pictures ─────────────────────────────────────────────────────────────────────────────────────────────────────────

pillow = pytest.importorskip("PIL.Image", reason="pictures need the extra minigrad[mnist]")


def sheet(index, paper=255, ink=0, size=120, left=30, top=50, page=250):
    """An unseen digit, enlarged, somewhere on a sheet of paper."""
    digit = np.asarray(pillow.fromarray(UNSEEN.data.array[index]).resize((size, size)), float) / 255
    out = np.full((page, page), float(paper))
    out[top : top + size, left : left + size] += (ink - paper) * digit
    return pillow.fromarray(out.round().astype(np.uint8))


@pytest.mark.parametrize("index", range(5))
def test_a_picture_becomes_a_digit_in_a_box_of_20_centred_by_mass(index):
    seen = digits.from_picture(sheet(index))
    assert (seen.shape, seen.dtype) == ((28, 28), np.float32)
    assert seen.min() == 0
    assert 0.9 < seen.max() <= 1
    extent = [np.ptp(np.nonzero(seen.any(axis))[0]) + 1 for axis in (0, 1)]
    assert 18 <= max(extent) <= 20
    centre = [(seen.sum(1 - axis) * np.arange(28)).sum() / seen.sum() for axis in (0, 1)]
    assert centre == pytest.approx([13.5, 13.5], abs=0.6)


LOOKS = {
    "light on dark": {"paper": 0, "ink": 255},
    "grey pencil": {"paper": 255, "ink": 120},
    "photographed": {"paper": 190, "ink": 60},
    "blackboard": {"paper": 60, "ink": 230},
    "dark on dark": {"paper": 110, "ink": 10},
    "elsewhere": {"left": 100, "top": 5},
    "larger": {"size": 190},
}


@pytest.mark.parametrize("look", LOOKS)
def test_how_it_was_drawn_does_not_matter(look):
    for index in range(3):
        seen, plain = digits.from_picture(sheet(index, **LOOKS[look])), digits.from_picture(sheet(index))
        assert np.abs(seen - plain).mean() < 0.02


MODES = {
    "RGB": lambda p: p.convert("RGB"),
    "palette": lambda p: p.quantize(256),
    "opaque": lambda p: p.convert("RGBA"),
    "transparent": lambda p: pillow.merge(
        "RGBA", [pillow.new("L", p.size, 0)] * 3 + [pillow.eval(p, lambda v: 255 - v)]
    ),
    "grey and transparent": lambda p: pillow.merge(
        "LA", [pillow.new("L", p.size, 0), pillow.eval(p, lambda v: 255 - v)]
    ),
}


@pytest.mark.parametrize("mode", MODES)
def test_every_kind_of_picture_is_read_alike(mode):
    for index in range(3):
        seen = digits.from_picture(MODES[mode](sheet(index)))
        np.testing.assert_allclose(seen, digits.from_picture(sheet(index)), atol=0.02)


def test_a_digit_of_mnist_itself_is_taken_as_it_is():
    for index in range(3):
        seen = digits.from_picture(pillow.fromarray(UNSEEN.data.array[index]))
        assert (seen == IMAGES.array[index]).all()


def test_most_pictures_are_read_as_the_digits_they_show():
    seen = np.stack([digits.from_picture(sheet(index, paper=200, ink=40)) for index in range(100)])
    with no_grad():
        read = digits.trained()(tensor(seen)).argmax(1)
    assert (read == UNSEEN.targets[:100]).float().mean().item() > 0.9


@pytest.mark.parametrize("size", [(1, 1), (28, 28), (50, 80)])
@pytest.mark.parametrize("paper", [0, 100, 255])
def test_a_blank_picture_is_an_error(size, paper):
    with pytest.raises(ValueError, match=r"^it is blank$"):
        digits.from_picture(pillow.new("L", size, paper))


def test_a_dot_and_a_stroke_fill_their_box():
    for height, width in ((1, 1), (2, 60), (60, 2)):
        drawn = np.pad(np.zeros((height, width), np.uint8), 20, constant_values=255)
        seen = digits.from_picture(pillow.fromarray(drawn))
        assert max(np.ptp(np.nonzero(seen.any(axis))[0]) + 1 for axis in (0, 1)) == 20
