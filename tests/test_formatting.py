"""Printing: what PyTorch 2.13 prints, but for the "minigrad." of a dtype and the names of a few operations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad
import minigrad.nn
from minigrad import formatting, set_printoptions, tensor, zeros
from minigrad.nn import Parameter

NAMES = {name: getattr(minigrad, name) for name in minigrad.__all__} | {"float": float}


@pytest.fixture
def options():
    """set_printoptions, undone afterwards."""
    yield set_printoptions
    set_printoptions(profile="default")


PRINTED = [
    ("tensor(1)", "tensor(1)"),
    ("tensor(2.5)", "tensor(2.5000)"),
    ("tensor(True)", "tensor(True)"),
    ("tensor(float('nan'))", 'tensor(nan)'),
    ("tensor(-0.0)", "tensor(-0.)"),
    ("tensor(1e10)", "tensor(1.0000e+10)"),
    ("tensor(1e-10)", "tensor(1.0000e-10)"),
    ("tensor([])", "tensor([])"),
    ("tensor([[],[]])", "tensor([], size=(2, 0))"),
    ("zeros(0, 3)", "tensor([], size=(0, 3))"),
    ("zeros(2, 0, dtype=int64)", "tensor([], size=(2, 0), dtype=minigrad.int64)"),
    ("tensor([1, 2, 3])", "tensor([1, 2, 3])"),
    ("tensor([1., 2.])", "tensor([1., 2.])"),
    ("tensor([1.5, 2.25])", "tensor([1.5000, 2.2500])"),
    ("tensor([0.1, 100.25])", "tensor([1.0000e-01, 1.0025e+02])"),
    ("tensor([1e-5, 1.0])", "tensor([1.0000e-05, 1.0000e+00])"),
    ("tensor([1e-5, 2e-5])", "tensor([1.0000e-05, 2.0000e-05])"),
    ("tensor([1000.5, 1.0])", "tensor([1.0005e+03, 1.0000e+00])"),
    ("tensor([1001.0, 1.0])", "tensor([1.0010e+03, 1.0000e+00])"),
    ("tensor([12345.678, 1.5])", "tensor([1.2346e+04, 1.5000e+00])"),
    ("tensor([1e8, 1.0])", "tensor([1.0000e+08, 1.0000e+00])"),
    ("tensor([2e8, 1e9])", "tensor([2.0000e+08, 1.0000e+09])"),
    ("tensor([0.0, 1e-4])", "tensor([0.0000e+00, 1.0000e-04])"),
    ("tensor([0.5, 9.9e-5])", "tensor([5.0000e-01, 9.9000e-05])"),
    ("tensor([float('inf'), 1.0])", 'tensor([inf, 1.])'),
    ("tensor([float('inf'), -float('inf'), float('nan')])", 'tensor([inf, -inf, nan])'),
    ("tensor([float('nan'), 1.5, -2.0])", 'tensor([    nan,  1.5000, -2.0000])'),
    ("tensor([float('inf'), 1e-9])", 'tensor([       inf, 1.0000e-09])'),
    ("tensor([True, False])", "tensor([ True, False])"),
    ("tensor([[True], [False]])",
"""\
tensor([[ True],
        [False]])"""),
    ("tensor([-1, 10, 100])", "tensor([ -1,  10, 100])"),
    ("tensor([1, 255], dtype=uint8)", "tensor([  1, 255], dtype=minigrad.uint8)"),
    ("tensor([-128], dtype=int8)", "tensor([-128], dtype=minigrad.int8)"),
    ("tensor([1], dtype=int16)", "tensor([1], dtype=minigrad.int16)"),
    ("tensor([[1, -2]], dtype=int32)", "tensor([[ 1, -2]], dtype=minigrad.int32)"),
    ("tensor([1.5], dtype=float16)", "tensor([1.5000], dtype=minigrad.float16)"),
    ("tensor([1.0, 2.5], dtype=float64)", "tensor([1.0000, 2.5000], dtype=minigrad.float64)"),
    ("tensor([], dtype=float64)", "tensor([], dtype=minigrad.float64)"),
    ("tensor([], dtype=bool)", "tensor([], dtype=minigrad.bool)"),
    ("arange(10.)", "tensor([0., 1., 2., 3., 4., 5., 6., 7., 8., 9.])"),
    ("arange(40)",
"""\
tensor([ 0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, 16, 17,
        18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35,
        36, 37, 38, 39])"""),
    ("arange(30.) / 3",
"""\
tensor([0.0000, 0.3333, 0.6667, 1.0000, 1.3333, 1.6667, 2.0000, 2.3333, 2.6667,
        3.0000, 3.3333, 3.6667, 4.0000, 4.3333, 4.6667, 5.0000, 5.3333, 5.6667,
        6.0000, 6.3333, 6.6667, 7.0000, 7.3333, 7.6667, 8.0000, 8.3333, 8.6667,
        9.0000, 9.3333, 9.6667])"""),
    ("arange(6.).reshape(2, 3)",
"""\
tensor([[0., 1., 2.],
        [3., 4., 5.]])"""),
    ("arange(8.).reshape(2, 2, 2)",
"""\
tensor([[[0., 1.],
         [2., 3.]],

        [[4., 5.],
         [6., 7.]]])"""),
    ("arange(16).reshape(2, 2, 2, 2)",
"""\
tensor([[[[ 0,  1],
          [ 2,  3]],

         [[ 4,  5],
          [ 6,  7]]],


        [[[ 8,  9],
          [10, 11]],

         [[12, 13],
          [14, 15]]]])"""),
    ("arange(1001)", "tensor([   0,    1,    2,  ...,  998,  999, 1000])"),
    ("arange(1001.)", "tensor([   0.,    1.,    2.,  ...,  998.,  999., 1000.])"),
    ("arange(1100.).reshape(11, 100)",
"""\
tensor([[0.0000e+00, 1.0000e+00, 2.0000e+00,  ..., 9.7000e+01, 9.8000e+01,
         9.9000e+01],
        [1.0000e+02, 1.0100e+02, 1.0200e+02,  ..., 1.9700e+02, 1.9800e+02,
         1.9900e+02],
        [2.0000e+02, 2.0100e+02, 2.0200e+02,  ..., 2.9700e+02, 2.9800e+02,
         2.9900e+02],
        ...,
        [8.0000e+02, 8.0100e+02, 8.0200e+02,  ..., 8.9700e+02, 8.9800e+02,
         8.9900e+02],
        [9.0000e+02, 9.0100e+02, 9.0200e+02,  ..., 9.9700e+02, 9.9800e+02,
         9.9900e+02],
        [1.0000e+03, 1.0010e+03, 1.0020e+03,  ..., 1.0970e+03, 1.0980e+03,
         1.0990e+03]])"""),
    ("arange(1200).reshape(100, 12)",
"""\
tensor([[   0,    1,    2,  ...,    9,   10,   11],
        [  12,   13,   14,  ...,   21,   22,   23],
        [  24,   25,   26,  ...,   33,   34,   35],
        ...,
        [1164, 1165, 1166,  ..., 1173, 1174, 1175],
        [1176, 1177, 1178,  ..., 1185, 1186, 1187],
        [1188, 1189, 1190,  ..., 1197, 1198, 1199]])"""),
    ("arange(1100).reshape(1, 1, 1100)", "tensor([[[   0,    1,    2,  ..., 1097, 1098, 1099]]])"),
    ("zeros(2, 600)",
"""\
tensor([[0., 0., 0.,  ..., 0., 0., 0.],
        [0., 0., 0.,  ..., 0., 0., 0.]])"""),
    ("ones(1, 1, 1)", "tensor([[[1.]]])"),
    ("tensor(1.0, requires_grad=True)", "tensor(1., requires_grad=True)"),
    ("tensor([1.0], requires_grad=True)", "tensor([1.], requires_grad=True)"),
    ("tensor([1.0], requires_grad=True) * 2", "tensor([2.], grad_fn=<MulBackward0>)"),
    ("tensor([1.0], requires_grad=True).double()", "tensor([1.], dtype=minigrad.float64, grad_fn=<ToCopyBackward0>)"),
    ("(tensor([1.0], requires_grad=True) + 1).detach()", "tensor([2.])"),
    ("tensor([1.0], requires_grad=True).sum()", "tensor(1., grad_fn=<SumBackward0>)"),
    ("tensor([[1.0, 2.0]], requires_grad=True).mean()", "tensor(1.5000, grad_fn=<MeanBackward0>)"),
    ("tensor([1.0], requires_grad=True).exp()", "tensor([2.7183], grad_fn=<ExpBackward0>)"),
    ("tensor([1.0], requires_grad=True).reshape(1, 1)", "tensor([[1.]], grad_fn=<ViewBackward0>)"),
    ("arange(20.).requires_grad_() * 1.5",
"""\
tensor([ 0.0000,  1.5000,  3.0000,  4.5000,  6.0000,  7.5000,  9.0000, 10.5000,
        12.0000, 13.5000, 15.0000, 16.5000, 18.0000, 19.5000, 21.0000, 22.5000,
        24.0000, 25.5000, 27.0000, 28.5000], grad_fn=<MulBackward0>)"""),
    ("arange(20., dtype=float64).requires_grad_() * 1.5",
"""\
tensor([ 0.0000,  1.5000,  3.0000,  4.5000,  6.0000,  7.5000,  9.0000, 10.5000,
        12.0000, 13.5000, 15.0000, 16.5000, 18.0000, 19.5000, 21.0000, 22.5000,
        24.0000, 25.5000, 27.0000, 28.5000], dtype=minigrad.float64,
       grad_fn=<MulBackward0>)"""),
    ("zeros(3, 30)",
"""\
tensor([[0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0.,
         0., 0., 0., 0., 0., 0.],
        [0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0.,
         0., 0., 0., 0., 0., 0.],
        [0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0.,
         0., 0., 0., 0., 0., 0.]])"""),
    ("arange(60).reshape(3, 20) * 1000000",
"""\
tensor([[       0,  1000000,  2000000,  3000000,  4000000,  5000000,  6000000,
          7000000,  8000000,  9000000, 10000000, 11000000, 12000000, 13000000,
         14000000, 15000000, 16000000, 17000000, 18000000, 19000000],
        [20000000, 21000000, 22000000, 23000000, 24000000, 25000000, 26000000,
         27000000, 28000000, 29000000, 30000000, 31000000, 32000000, 33000000,
         34000000, 35000000, 36000000, 37000000, 38000000, 39000000],
        [40000000, 41000000, 42000000, 43000000, 44000000, 45000000, 46000000,
         47000000, 48000000, 49000000, 50000000, 51000000, 52000000, 53000000,
         54000000, 55000000, 56000000, 57000000, 58000000, 59000000]])"""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "printed"), PRINTED, ids=[text for text, _ in PRINTED])
def test_printed_as_pytorch_prints(text, printed):
    assert repr(eval(text, dict(NAMES))) == printed
    assert str(eval(text, dict(NAMES))) == printed


# ── the names of operations ──────────────────────────────────────────────────────────────────────────────────────────

X, PICTURE, F = tensor([[1.0, 2.0]], requires_grad=True), zeros(1, 1, 4, 4).requires_grad_(), minigrad.nn.functional
OPERATIONS = [
    (lambda: X + 1, "Add0"), (lambda: 1 - X, "Rsub1"), (lambda: X - 1, "Sub0"), (lambda: 1 / X, "Mul0"),
    (lambda: X / 2, "Div0"), (lambda: X**3, "Pow0"), (lambda: X**X, "Pow1"), (lambda: 2**X, "Pow2"), (lambda: X.sum(), "Sum0"),
    (lambda: X.sum(1), "Sum1"),
    (lambda: X.mean(0), "Mean1"), (lambda: X.max(), "Max1"), (lambda: X.max(1)[0], "Max0"), (lambda: X.min(), "Min1"),
    (lambda: X @ X.T, "Mm0"), (lambda: X[None] @ X.T[None], "Bmm0"), (lambda: F.linear(X, X), "Mm0"),
    (lambda: F.linear(X, X, tensor([1.0])), "Addmm0"), (lambda: F.linear(X[None], X), "View0"), (lambda: X[0], "Select0"),
    (lambda: X[0:1, 1:], "Slice0"), (lambda: X[:], "Slice0"), (lambda: X[...], "Alias0"), (lambda: X[:, None], "Unsqueeze0"),
    (lambda: X[[0]], "Index0"), (lambda: X.unsqueeze(0), "Unsqueeze0"), (lambda: X.unsqueeze(0).squeeze(0), "Squeeze1"),
    (lambda: X.log1p(), "Log1P0"), (lambda: F.max_pool2d(PICTURE, 2), "MaxPool2DWithIndices0"),
    (lambda: F.avg_pool2d(PICTURE, 2), "AvgPool2D0"), (lambda: F.interpolate(PICTURE, scale_factor=2), "UpsampleNearest2D0"),
    (lambda: F.interpolate(PICTURE, scale_factor=2, mode="bilinear"), "UpsampleBilinear2D0"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "name"), OPERATIONS, ids=[f"{i} {name}" for i, (_, name) in enumerate(OPERATIONS)])
def test_operations_print_under_the_names_they_have_in_pytorch(call, name):
    assert repr(call().grad_fn) == f"<{name[:-1]}Backward{name[-1]}>"


# ── options ──────────────────────────────────────────────────────────────────────────────────────────────────────────

CHOSEN = [
    ({"precision": 2}, "tensor([1.2345, 100.0])", "tensor([  1.23, 100.00])"),
    ({"precision": 2}, "tensor([1e-5, 1.0])", "tensor([1.00e-05, 1.00e+00])"),
    ({"sci_mode": True}, "tensor([1.5, 2.0])", "tensor([1.5000e+00, 2.0000e+00])"),
    ({"sci_mode": True}, "tensor([1.0, 0.0])", "tensor([1.0000e+00, 0.0000e+00])"),
    ({"sci_mode": True}, "tensor([0.0, 0.0])", "tensor([0., 0.])"),
    ({"sci_mode": True}, "tensor([1, 2])", "tensor([1, 2])"),
    ({"sci_mode": False}, "tensor([1e-5, 1.5])", "tensor([0.0000, 1.5000])"),
    ({"sci_mode": False}, "tensor([1e10, 1.0])", "tensor([10000000000.,           1.])"),
    ({"threshold": 5, "edgeitems": 1}, "arange(6)", "tensor([0,  ..., 5])"),
    ({"threshold": 5, "edgeitems": 1}, "arange(9).reshape(3, 3)", """\
tensor([[0,  ..., 2],
        ...,
        [6,  ..., 8]])"""),
    ({"threshold": 3}, "arange(5)", "tensor([0, 1, 2, 3, 4])"),
    ({"linewidth": 30}, "arange(12)", """\
tensor([ 0,  1,  2,  3,  4,
         5,  6,  7,  8,  9,
        10, 11])"""),
    ({"linewidth": 30}, "tensor([1.0], requires_grad=True)", """\
tensor([1.],
       requires_grad=True)"""),
    ({"profile": "short"}, "tensor([1.2345])", "tensor([1.23])"),
    ({"profile": "short"}, "arange(1001)", "tensor([   0,    1,  ...,  999, 1000])"),
    ({"profile": "full", "precision": 1}, "tensor([0.25])", "tensor([0.2])"),
]  # fmt: skip


@pytest.mark.parametrize(("chosen", "text", "printed"), CHOSEN)
def test_options(options, chosen, text, printed):
    options(**chosen)
    assert repr(eval(text, dict(NAMES))) == printed


def test_the_full_profile_leaves_nothing_out(options):
    options(profile="full")
    assert "..." not in repr(zeros(2000))
    options(profile="default")
    assert "..." in repr(zeros(2000))


def test_options_stay_until_changed_but_for_sci_mode(options):
    options(precision=2, sci_mode=True)
    options(linewidth=100)
    assert (formatting.options.precision, formatting.options.linewidth, formatting.options.sci_mode) == (2, 100, None)


def test_an_unknown_profile(options):
    with pytest.raises(ValueError, match="set_printoptions: profile 'long': use 'default', 'short' or 'full'"):
        options(profile="long")


# ── what is always so ────────────────────────────────────────────────────────────────────────────────────────────────


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=8))
def test_the_numbers_can_be_read_back(values):
    """To four decimals, or to four decimals of the power of ten."""
    text = repr(tensor(values))
    read = np.array([float(word) for word in text.removeprefix("tensor([").partition("]")[0].split(",")])
    given_, scale = np.array(values), 10.0 ** np.floor(np.log10(np.maximum(np.abs(values), 1e-45)))
    assert (np.abs(read - given_) <= 0.6e-4 * (scale if "e" in text else 1) + np.abs(given_) * 1e-6).all()


@given(st.lists(st.integers(0, 4), max_size=4))
def test_brackets_say_the_shape(shape):
    x = zeros(shape)
    text = repr(x)
    assert text.count("[") == text.count("]")
    if x.numel():
        assert text.startswith("tensor(" + "[" * len(shape) + "0.")
        assert text.count("0.") == x.numel()


def test_columns_line_up():
    first, second = repr(tensor([[1.5, -20.25], [300.125, float("inf")]])).split("\n")
    assert (first, second) == ("tensor([[  1.5000, -20.2500],", "        [300.1250,      inf]])")


def test_a_parameter_says_that_it_is_one():
    assert repr(Parameter(tensor([1.0]))) == "Parameter containing:\ntensor([1.], requires_grad=True)"


def test_printing_needs_no_gradient_and_changes_none():
    x = tensor([2.0], requires_grad=True)
    y = x * x
    assert repr(y) == "tensor([4.], grad_fn=<MulBackward0>)"
    y.backward()
    assert repr(x.grad) == "tensor([4.])"


# ── format ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_tensor_of_no_dimensions_is_formatted_as_its_number():
    """Also without a format, where `print` would show a tensor. As in PyTorch."""
    loss = tensor(2.5, requires_grad=True) * 1
    assert f"{loss:.2f} {loss:>6.1f} {loss} {tensor(3):03d} {tensor(True)}" == "2.50    2.5 2.5 003 True"
    assert "%.3f" % loss == "2.500"  # noqa: UP031
    assert str(loss) == "tensor(2.5000, grad_fn=<MulBackward0>)"


def test_others_are_formatted_as_they_are_printed():
    x = tensor([1.0, 2.0])
    assert f"{x}" == "{}".format(x) == "tensor([1., 2.])"  # noqa: UP032
    with pytest.raises(TypeError, match=r"format '.2f' of a tensor of shape \(2,\): only a tensor of no dimensions"):
        f"{x:.2f}"
    assert f"{x[0]:.2f} {x[:1].item():.2f}" == "1.00 1.00"
