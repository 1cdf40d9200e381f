"""Convolutions: what they say of inputs that do not fit, how their layers print and start, gradients of gradients."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import minigrad
from minigrad import ShapeError, nn, ones, tensor
from minigrad.nn import functional as F  # noqa: N812
from minigrad.testing import assert_close, gradcheck

WRONG: list[tuple[str, Any, str]] = [
    (
        "images without channels",
        lambda: nn.Conv2d(1, 32, 3)(ones(64, 28, 28)),
        r"Conv2d\(1, 32, 3\) got an input of shape \(64, 28, 28\), without channels: add them, x.unsqueeze\(1\), for \(N, 1",
    ),
    (
        "one image without channels",
        lambda: nn.Conv2d(1, 32, 3)(ones(28, 28)),
        r"got an input of shape \(28, 28\), without channels: add them, x.unsqueeze\(0\), and x.unsqueeze\(1\) if",
    ),
    (
        "channels last",
        lambda: nn.Conv2d(3, 8, (3, 5))(ones(2, 32, 32, 3)),
        r"Conv2d\(3, 8, \(3, 5\)\) got an input of shape \(2, 32, 32, 3\): the channels come last, .* x.movedim\(-1, -3\)",
    ),
    (
        "flat images",
        lambda: nn.Conv2d(3, 8, 5)(ones(64, 3 * 28 * 28)),
        r"got an input of shape \(64, 2352\): give the images their shape back, x.reshape\(-1, 3, 28, 28\)",
    ),
    (
        "other channels",
        lambda: nn.Conv2d(3, 8, 3)(ones(2, 4, 9, 9)),
        r"which has 4 channels, not 3: its shape must be \(N, 3, H, W\), .*; for this input the number of input channels is 4",
    ),
    (
        "too few dimensions",
        lambda: nn.Conv3d(3, 8, 3)(ones(2, 4)),
        r"Conv3d\(3, 8, 3\) got an input of shape \(2, 4\): it needs the shape \(N, 3, D, H, W\), or without N",
    ),
    (
        "a sequence",
        lambda: nn.Conv1d(4, 8, 3)(ones(2, 9, 4)),
        r"Conv1d\(4, 8, 3\) got an input of shape \(2, 9, 4\): the channels come last, .* x.movedim\(-1, -2\)",
    ),
    (
        "transposed",
        lambda: nn.ConvTranspose2d(4, 8, 3)(ones(2, 5, 3, 3)),
        r"ConvTranspose2d\(4, 8, 3\) got an input of shape \(2, 5, 3, 3\), which has 5 channels, not 4",
    ),
    (
        "a large kernel",
        lambda: nn.Conv2d(1, 1, 5, padding=1, dilation=2)(ones(1, 1, 4, 28)),
        r"its kernel spans 9 × 9, more than the 6 × 30 there are with padding: use a smaller kernel, more padding",
    ),
    (
        "a weight", lambda: F.conv2d(ones(1, 1, 4, 4), ones(2, 2)),
        r"conv2d got a weight of shape \(2, 2\): it must have 4 dimensions"
    ),
    (
        "a bias", lambda: F.conv1d(ones(1, 1, 4), ones(2, 1, 2), ones(3)),
        r"a bias of shape \(3,\) for 2 channels: .* \(2,\)"
    ),
    (
        "groups", lambda: F.conv1d(ones(1, 2, 4), ones(3, 1, 2), groups=2),
        r"out_channels=3 cannot be split into groups=2"
    ),
    (
        "strides", lambda: F.conv1d(ones(1, 1, 4), ones(1, 1, 2), stride=(1, 2)),
        r"stride=\(1, 2\): give one number, or 1"
    ),
    ("stride 0", lambda: F.conv1d(ones(1, 1, 4), ones(1, 1, 2), stride=0), r"stride=0: use numbers from 1 on"),
    (
        "padding", lambda: F.conv1d(ones(1, 1, 4), ones(1, 1, 2), padding="full"),
        r"padding='full': use numbers, 'same' or 'valid'"
    ),
    (
        "same", lambda: F.conv1d(ones(1, 1, 4), ones(1, 1, 2), 2 * ones(1), 2, "same"),
        r"padding='same' with stride=\(2,\): .* use padding=1"
    ),
    (
        "output_padding",
        lambda: F.conv_transpose1d(ones(1, 1, 4), ones(1, 1, 2), output_padding=1),
        r"output_padding=\(1,\) with stride=\(1,\) and dilation=\(1,\): it must be smaller than one of them",
    ),
    (
        "nothing left",
        lambda: F.conv_transpose1d(ones(1, 1, 2), ones(1, 1, 2), padding=2),
        r"nothing is left of the result when padding=\(2,\) is taken off",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("call", "message"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_inputs_that_do_not_fit(call: Any, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: nn.Conv2d(3, 4, 2, groups=2), "Conv2d: in_channels=3 with groups=2: it must be a multiple of groups"),
        (lambda: nn.Conv2d(4, 3, 2, groups=2), "Conv2d: out_channels=3 with groups=2"),
        (lambda: nn.LazyConv2d(3, 2, groups=2), "LazyConv2d: out_channels=3 with groups=2"),
        (lambda: nn.LazyConv2d(4, 2, groups=2)(ones(1, 3, 4, 4)), "an input of 3 channels with groups=2"),
        (lambda: nn.Conv2d(4, 3, 2, groups=0), "groups=0: it must be at least 1"),
        (lambda: nn.Conv1d(4, 3, 2, padding="full"), "padding='full': use numbers, 'same' or 'valid'"),
        (lambda: nn.Conv1d(4, 3, 2, 2, "same"), "padding='same' with stride=2"),
        (lambda: nn.Conv1d(4, 3, 2, padding_mode="mirror"), "padding_mode='mirror': use 'zeros', 'reflect'"),
        (lambda: nn.ConvTranspose1d(4, 3, 2, padding_mode="reflect"), "only 'zeros' is supported"),
        (lambda: nn.ConvTranspose1d(4, 3, 2, 2)(ones(4, 5), (12,)), r"output_size=\(12,\) .* from \(10,\) to \(11,\)"),
        (lambda: nn.ConvTranspose1d(4, 3, 2)(ones(4, 5), (1, 2, 3)), "give 1 numbers, or as many as the input"),
    ],
)
def test_arguments_that_do_not_fit(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_no_tensor() -> None:
    with pytest.raises(TypeError, match=r"conv1d: a tensor is needed, not a list"):
        F.conv1d([1.0], ones(1, 1, 2))  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="it needs 4 dimensions"):
        nn.LazyConv2d(4, 2)(ones(4, 4))


def test_print() -> None:
    assert repr(nn.Conv1d(1, 2, 3, padding="same")) == "Conv1d(1, 2, kernel_size=(3,), stride=(1,), padding=same)"
    layer = nn.Conv2d(4, 2, (3, 2), 2, 1, 2, 2, False, "circular")
    assert repr(layer) == (
        "Conv2d(4, 2, kernel_size=(3, 2), stride=(2, 2), padding=(1, 1), dilation=(2, 2), groups=2, bias=False, "
        "padding_mode=circular)"
    )
    assert repr(nn.ConvTranspose3d(1, 2, 3, 2, 1, 1)) == (
        "ConvTranspose3d(1, 2, kernel_size=(3, 3, 3), stride=(2, 2, 2), padding=(1, 1, 1), output_padding=(1, 1, 1))"
    )
    assert repr(F.conv2d(ones(1, 1, 2, 2), ones(1, 1, 2, 2, requires_grad=True))).endswith(
        "grad_fn=<ConvolutionBackward0>)"
    )


SHAPES: list[tuple[Any, tuple[int, ...], tuple[int, ...]]] = [
    (lambda: nn.Conv1d(2, 4, 3, padding=1), (5, 2, 7), (5, 4, 7)),
    (lambda: nn.Conv2d(2, 4, 3, stride=2), (2, 9, 7), (4, 4, 3)),
    (lambda: nn.Conv3d(2, 4, 3, padding="same"), (1, 2, 4, 5, 6), (1, 4, 4, 5, 6)),
    (lambda: nn.Conv2d(2, 4, 4, padding="same", padding_mode="reflect"), (1, 2, 5, 6), (1, 4, 5, 6)),
    (lambda: nn.Conv2d(2, 4, 4, padding="valid", padding_mode="reflect"), (1, 2, 5, 6), (1, 4, 2, 3)),
    (lambda: nn.Conv1d(2, 4, 3, padding=2, padding_mode="circular"), (1, 2, 5), (1, 4, 7)),
    (lambda: nn.ConvTranspose1d(2, 4, 3, stride=2), (2, 5), (4, 11)),
    (lambda: nn.ConvTranspose2d(2, 4, 3, stride=2, padding=1, output_padding=1), (1, 2, 5, 6), (1, 4, 10, 12)),
    (lambda: nn.ConvTranspose3d(2, 4, 2), (1, 2, 5, 6, 1), (1, 4, 6, 7, 2)),
    (lambda: nn.LazyConv1d(4, 3), (5, 2, 7), (5, 4, 5)),
    (lambda: nn.LazyConv2d(4, 3, bias=False), (2, 9, 7), (4, 7, 5)),
    (lambda: nn.LazyConv3d(4, 1), (1, 2, 4, 5, 6), (1, 4, 4, 5, 6)),
    (lambda: nn.LazyConvTranspose1d(4, 3, stride=2), (2, 5), (4, 11)),
    (lambda: nn.LazyConvTranspose2d(4, 3), (1, 2, 5, 6), (1, 4, 7, 8)),
    (lambda: nn.LazyConvTranspose3d(4, 2), (1, 2, 5, 6, 1), (1, 4, 6, 7, 2)),
]


@pytest.mark.parametrize(("make", "shape", "wanted"), SHAPES)
def test_layers(make: Any, shape: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    layer = make()
    y = layer(ones(shape))
    assert y.shape == wanted
    assert y.is_contiguous()
    y.sum().backward()
    assert all(p.grad is not None and p.grad.shape == p.shape for p in layer.parameters())
    assert type(layer).__name__.removeprefix("Lazy") == type(layer).__name__  # a lazy one has become an ordinary one
    assert layer.in_channels == 2


def test_a_lazy_layer_loads_a_state() -> None:
    for kind in ("Conv2d", "ConvTranspose2d"):
        whole, lazy = getattr(nn, kind)(4, 6, 3, groups=2), getattr(nn, f"Lazy{kind}")(6, 3, groups=2)
        lazy.reset_parameters()  # there is nothing to draw yet
        lazy.load_state_dict(whole.state_dict())
        x = minigrad.randn(1, 4, 5, 5)
        assert lazy(x).equal(whole(x))
        assert lazy.in_channels == 4


def test_output_size() -> None:
    layer = nn.ConvTranspose2d(2, 3, 3, stride=2)
    x = ones(1, 2, 5, 5)
    assert layer(x, (12, 11)).shape == layer(x, output_size=(1, 3, 12, 11)).shape == (1, 3, 12, 11)


def test_the_start() -> None:
    minigrad.manual_seed(0)
    layer = nn.Conv2d(3, 64, (3, 5))
    bound = (3 * 15) ** -0.5
    for p in (layer.weight, layer.bias):
        assert 0.9 * bound < p.abs().max().item() <= bound
    minigrad.manual_seed(0)
    assert copy.deepcopy(layer).weight.equal(nn.Conv2d(3, 64, (3, 5)).weight)
    assert nn.Conv2d(3, 4, 2, dtype=minigrad.float64).weight.dtype == minigrad.float64


def test_the_rows_are_those_of_a_matrix() -> None:
    """A convolution by `unfold` and a product is the same, in large sizes too, in blocks and at the edges."""
    minigrad.manual_seed(1)
    for n, c, h, w, o, kernel in [
        (70, 3, 9, 8, 5, 3),
        (1, 2, 600, 5, 3, 3),
        (1, 2, 5, 600, 3, 3),
        (2, 40, 40, 40, 9, 5),
    ]:
        x, weight = minigrad.randn(n, c, h, w), minigrad.randn(o, c, kernel, kernel)
        columns = F.unfold(x, kernel)
        wanted = (weight.flatten(1) @ columns).reshape(n, o, h - kernel + 1, w - kernel + 1)
        assert_close(F.conv2d(x, weight), wanted, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("shape", "weight", "args"),
    [
        ((19, 3, 12, 12), (4, 3, 5, 5), {}),
        ((16, 4, 8, 16), (12, 4, 3, 3), {"padding": 1}),
        ((33, 4, 9, 11), (10, 2, 3, 2), {"stride": 2, "groups": 2}),
        ((9, 2, 11, 12), (3, 2, 3, 3), {"dilation": 2, "padding": (1, 0)}),
        ((9, 2, 4, 5, 6), (3, 2, 2, 3, 2), {"dilation": (2, 1, 1), "stride": (1, 1, 2)}),
        ((40, 8, 10), (20, 8, 3), {"padding": 2}),
        ((17, 20, 300, 4), (9, 20, 2, 2), {}),
    ],
)
def test_many_samples_give_what_a_few_do(shape: tuple[int, ...], weight: tuple[int, ...], args: dict[str, Any]) -> None:
    """Of short rows the samples are put last, if there are enough of them."""
    conv = (F.conv1d, F.conv2d, F.conv3d)[len(shape) - 3]
    w = minigrad.randn(*weight, dtype=minigrad.float64, requires_grad=True)

    def results(x: Any) -> Any:
        x = x.detach().requires_grad_()
        y = conv(x, w, **args)
        return y, *minigrad.autograd.grad((y * y).sum(), (x, w))

    x = minigrad.randn(*shape, dtype=minigrad.float64)
    y, gx, gw = results(x)
    pieces = [results(x[i : i + 2]) for i in range(0, len(x), 2)]
    assert_close(y, minigrad.cat([piece[0] for piece in pieces]))
    assert_close(gx, minigrad.cat([piece[1] for piece in pieces]))
    assert_close(gw, minigrad.stack([piece[2] for piece in pieces]).sum(0))


@pytest.mark.parametrize("channels", [(70, 70), (1, 1)])
def test_large_gradients_are_adjoint(channels: tuple[int, int]) -> None:
    """⟨conv(x, w), g⟩ is ⟨x, conv's gradient for x⟩ and ⟨w, that for w⟩: in shapes that the laws are too small for."""
    per, outs = channels
    for shape, kernel, args in [
        ((3, per, 20, 20), (3, 3), {"padding": 1}),
        ((3, per, 21, 20), (3, 2), {"stride": 2}),
        ((1, per, 7, 7), (3, 3), {"padding": 1}),
        ((1, per, 300), (5,), {"dilation": 3}),
        ((2, per, 6, 7, 8), (2, 2, 2), {"stride": (1, 2, 1)}),
        ((2, per, 12, 12), (4, 4), {"stride": 4}),
        ((2, per, 12, 12), (1, 1), {}),
    ]:
        conv = (F.conv1d, F.conv2d, F.conv3d)[len(kernel) - 1]
        x = minigrad.randn(*shape, dtype=minigrad.float64, requires_grad=True)
        w = minigrad.randn(outs, per, *kernel, dtype=minigrad.float64, requires_grad=True)
        y = conv(x, w, **args)
        g = minigrad.randn(*y.shape, dtype=minigrad.float64)
        gx, gw = minigrad.autograd.grad(y, (x, w), g)
        wanted = (y * g).sum().item()
        assert (gx * x).sum().item() == pytest.approx(wanted, rel=1e-9)
        assert (gw * w).sum().item() == pytest.approx(wanted, rel=1e-9)


def test_depthwise() -> None:
    x, w = minigrad.randn(2, 3, 6, 6, dtype=minigrad.float64), minigrad.randn(6, 1, 2, 2, dtype=minigrad.float64)
    each = [F.conv2d(x[:, i : i + 1], w[2 * i : 2 * i + 2], stride=2) for i in range(3)]
    assert_close(F.conv2d(x, w, stride=2, groups=3), minigrad.cat(each, 1))


def test_gradient_penalty() -> None:
    """The gradient of the norm of a gradient through a critic: finite differences agree."""
    minigrad.manual_seed(2)
    critic = nn.Sequential(
        nn.Conv2d(1, 3, 3, stride=2, padding=1), nn.Tanh(), nn.MaxPool2d(2), nn.Conv2d(3, 2, 2), nn.Sigmoid(),
        nn.AvgPool2d(2), nn.Flatten(), nn.Linear(2, 1),
    ).double()  # fmt: skip
    x = minigrad.randn(2, 1, 12, 12, dtype=minigrad.float64, requires_grad=True)
    weight = critic[0].weight

    def penalty() -> Any:
        [g] = minigrad.autograd.grad(critic(x).sum(), x, create_graph=True)
        return ((g.flatten(1).norm(2, dim=1) - 1) ** 2).mean()

    penalty().backward()
    gradient = weight.grad
    for at in ((0, 0, 0, 0), (1, 0, 1, 2), (2, 0, 2, 1)):
        with minigrad.no_grad():
            start, step = weight[at].item(), 1e-5
            weight[at] = start + step
        up = penalty().item()
        with minigrad.no_grad():
            weight[at] = start - step
        down = penalty().item()
        with minigrad.no_grad():
            weight[at] = start
        assert gradient[at].item() == pytest.approx((up - down) / (2 * step), rel=1e-4, abs=1e-8)


def test_dtypes() -> None:
    x, w = tensor([[[1.0, 2.0, 3.0]]]), tensor([[[1.0, 1.0]]])
    assert F.conv1d(x.double(), w).dtype == minigrad.float64
    assert F.conv1d(x, w, ones(1).double()).dtype == minigrad.float64
    assert F.conv1d(x.long(), w.long(), padding="valid").tolist() == [[[3, 5]]]
    halves = [t.half().requires_grad_() for t in (x * 1000, w)]
    y = F.conv1d(*halves)
    assert y.dtype == minigrad.float16
    assert y.tolist() == [[[3000.0, 5000.0]]]
    y.sum().backward()
    assert halves[0].grad is not None
    assert halves[0].grad.tolist() == [[[1.0, 2.0, 1.0]]]
    assert F.conv_transpose1d(halves[0], halves[1]).tolist() == [[[1000.0, 3000.0, 5000.0, 3000.0]]]


def test_no_samples_and_no_channels() -> None:
    w = ones(2, 3, 2, 2, requires_grad=True)
    x = minigrad.zeros(0, 3, 4, 4, requires_grad=True)
    F.conv2d(x, w).sum().backward()
    assert w.grad is not None
    assert w.grad.tolist() == minigrad.zeros(2, 3, 2, 2).tolist()
    assert F.conv_transpose2d(minigrad.zeros(0, 2, 4, 4), w).shape == (0, 3, 5, 5)
    assert F.conv2d(minigrad.zeros(0, 2, 4, 4), ones(2, 1, 2, 2), groups=2).shape == (0, 2, 3, 3)


def test_a_weight_changed_in_place_is_noticed() -> None:
    x, w = ones(1, 1, 3, 3, requires_grad=True), ones(1, 1, 2, 2, requires_grad=True)
    y = F.conv2d(x, w * 1)
    with minigrad.no_grad():
        x += 1
    with pytest.raises(minigrad.MutationError, match="convolution"):
        minigrad.autograd.grad(y.sum(), w)


def test_gradcheck_of_a_layer() -> None:
    layer = nn.Conv2d(2, 2, 2, padding=1, padding_mode="circular").double()
    x = minigrad.from_numpy(np.random.default_rng(0).standard_normal((1, 2, 3, 3))).requires_grad_()
    assert gradcheck(lambda x, *_: layer(x), (x, *layer.parameters()), order=2)
