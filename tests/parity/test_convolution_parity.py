"""Convolutions and their transposes, over random shapes and arguments."""

import random

import numpy as np
import pytest
from agree import agree, both_fail, torch

import minigrad

pytestmark = pytest.mark.filterwarnings("ignore:Using padding='same'")  # PyTorch, of its own way of doing it

SEEDS = range(40)


def geometry(seed, transposed=False):
    """Random sizes and arguments of one convolution: input shape, weight shape, arguments."""
    r = random.Random(seed)
    dims = r.choice([1, 2, 2, 2, 3])
    groups = r.choice([1, 1, 1, 2, 3])
    per, outs = r.choice([1, 2, 4]), r.choice([1, 2, 3, 10])
    kernel = [r.randint(1, 4) for _ in range(dims)]
    args = {
        "stride": [r.randint(1, 3) for _ in range(dims)],
        "padding": [r.randint(0, 3) for _ in range(dims)],
        "dilation": [r.choice([1, 1, 2]) for _ in range(dims)],
        "groups": groups,
    }
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, args["dilation"])]
    most = {1: 300, 2: 20, 3: 7}[dims]
    if transposed:
        args["padding"] = [min(p, (s - 1) // 2) for p, s in zip(args["padding"], spans)]
        args["output_padding"] = [r.randint(0, max(s, d) - 1) for s, d in zip(args["stride"], args["dilation"])]
        sizes = [r.randint(1, min(most, 12)) for _ in range(dims)]
        weight = (per * groups, outs, *kernel)
    else:
        sizes = [max(r.randint(1, most), span - 2 * p, 1) for span, p in zip(spans, args["padding"])]
        weight = (outs * groups, per, *kernel)
    n = r.choice([(), (1,), (2,), (9,)])
    bias = (weight[1] * groups if transposed else weight[0],)
    if all(len(set(v)) == 1 for v in args.values() if isinstance(v, list)) and r.random() < 0.5:
        args = {k: v[0] if isinstance(v, list) else v for k, v in args.items()}
    return dims, (*n, per * groups, *sizes), weight, bias, args


@pytest.mark.parametrize("seed", SEEDS)
def test_convolution(seed):
    dims, x, w, b, args = geometry(seed)
    name = f"conv{dims}d"
    agree(lambda t, x, w, b: getattr(t.nn.functional, name)(x, w, b, **args), x, w, b, atol=1e-3)


@pytest.mark.parametrize("seed", SEEDS)
def test_transposed_convolution(seed):
    dims, x, w, b, args = geometry(seed, transposed=True)
    name = f"conv_transpose{dims}d"
    agree(lambda t, x, w, b: getattr(t.nn.functional, name)(x, w, b, **args), x, w, b, atol=1e-3)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("transposed", [False, True])
def test_second_gradients(seed, transposed):
    """Gradients of a function of the gradients, as in a gradient penalty."""
    dims, x, w, b, args = geometry(seed + 100, transposed)
    name = f"conv_transpose{dims}d" if transposed else f"conv{dims}d"

    def penalty(t, x, w, b):
        y = getattr(t.nn.functional, name)(x, w, b, **args)
        gx, gw = t.autograd.grad((y * y * y).sum(), (x, w), create_graph=True)
        return (gx * gx).sum() + (gw**2).mean()

    def scaled(t, x, w, b):
        return penalty(t, x * 0.3, w * 0.3, b * 0.3)

    agree(scaled, x, w, b, rtol=2e-3, atol=2e-3)


CALLS = {
    "same, even kernel": (lambda t, x, w: t.nn.functional.conv2d(x, w, padding="same"), (2, 3, 7, 9), (4, 3, 4, 2)),
    "same, dilated": (
        lambda t, x, w: t.nn.functional.conv2d(x, w, padding="same", dilation=(2, 3)), (2, 3, 9, 9), (4, 3, 2, 3)
    ),
    "valid": (lambda t, x, w: t.nn.functional.conv1d(x, w, padding="valid"), (2, 3, 9), (4, 3, 4)),
    "one number in a tuple": (lambda t, x, w: t.nn.functional.conv2d(x, w, stride=(2,)), (2, 3, 7, 9), (4, 3, 4, 2)),
    "no samples": (lambda t, x, w: t.nn.functional.conv2d(x, w), (0, 3, 7, 9), (4, 3, 4, 2)),
    "no samples, transposed": (lambda t, x, w: t.nn.functional.conv_transpose2d(x, w), (0, 3, 7, 9), (3, 4, 4, 2)),
    "integers": (
        lambda t, x, w: t.nn.functional.conv2d(x, w), np.arange(24).reshape(1, 2, 3, 4), np.arange(8).reshape(1, 2, 2, 2)
    ),
    "a transposed input": (lambda t, x, w: t.nn.functional.conv2d(x.transpose(2, 3), w), (2, 3, 7, 9), (4, 3, 3, 2)),
    "an expanded input": (lambda t, x, w: t.nn.functional.conv2d(x.expand(4, 3, 7, 9), w), (1, 3, 7, 9), (4, 3, 3, 2)),
    "depthwise": (lambda t, x, w: t.nn.functional.conv2d(x, w, padding=1, groups=5), (3, 5, 9, 8), (10, 1, 3, 3)),
    "pointwise": (lambda t, x, w: t.nn.functional.conv2d(x, w), (3, 5, 9, 8), (7, 5, 1, 1)),
    "pointwise, strided": (lambda t, x, w: t.nn.functional.conv2d(x, w, stride=2), (3, 5, 9, 8), (7, 5, 1, 1)),
    "the whole picture": (lambda t, x, w: t.nn.functional.conv2d(x, w), (3, 5, 9, 8), (7, 5, 9, 8)),
    "wide": (lambda t, x, w: t.nn.functional.conv2d(x, w, padding=2), (1, 2, 5, 700), (3, 2, 3, 5)),
    "high": (lambda t, x, w: t.nn.functional.conv2d(x, w, padding=2, stride=(1, 2)), (2, 2, 700, 5), (3, 2, 3, 5)),
    "double": (lambda t, x, w: t.nn.functional.conv2d(x.double(), w.double()), (2, 3, 7, 9), (4, 3, 4, 2)),
    "half": (lambda t, x, w: t.nn.functional.conv2d(x.half(), w.half()).float(), (1, 2, 4, 4), (2, 2, 2, 2)),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_agrees_with_torch(name):
    call, *operands = CALLS[name]
    loose = {"rtol": 2e-2, "atol": 2e-2} if name == "half" else {"atol": 1e-3}
    agree(call, *operands, **loose)


REFUSED = {
    "channels": (lambda t, x, w: t.nn.functional.conv2d(x, w), (2, 4, 5, 5), (3, 2, 3, 3)),
    "dimensions": (lambda t, x, w: t.nn.functional.conv2d(x, w), (5, 5), (3, 1, 3, 3)),
    "too many dimensions": (lambda t, x, w: t.nn.functional.conv1d(x, w), (2, 2, 5, 5), (3, 2, 3)),
    "the weight's dimensions": (lambda t, x, w: t.nn.functional.conv2d(x, w), (2, 4, 5, 5), (3, 4, 3)),
    "a large kernel": (lambda t, x, w: t.nn.functional.conv2d(x, w), (2, 4, 5, 5), (3, 4, 6, 6)),
    "stride 0": (lambda t, x, w: t.nn.functional.conv2d(x, w, stride=0), (2, 4, 5, 5), (3, 4, 3, 3)),
    "negative padding": (lambda t, x, w: t.nn.functional.conv2d(x, w, padding=-1), (2, 4, 5, 5), (3, 4, 3, 3)),
    "dilation 0": (lambda t, x, w: t.nn.functional.conv2d(x, w, dilation=0), (2, 4, 5, 5), (3, 4, 3, 3)),
    "same, strided": (lambda t, x, w: t.nn.functional.conv2d(x, w, stride=2, padding="same"), (2, 4, 5, 5), (3, 4, 3, 3)),
    "groups": (lambda t, x, w: t.nn.functional.conv2d(x, w, groups=2), (2, 4, 5, 5), (3, 2, 3, 3)),
    "three strides": (lambda t, x, w: t.nn.functional.conv2d(x, w, stride=(1, 1, 1)), (2, 4, 5, 5), (3, 4, 3, 3)),
    "a bias": (lambda t, x, w: t.nn.functional.conv2d(x, w, x[0, 0, 0]), (2, 4, 5, 5), (3, 4, 3, 3)),
    "a large output_padding": (
        lambda t, x, w: t.nn.functional.conv_transpose2d(x, w, stride=2, output_padding=2), (2, 4, 5, 5), (4, 4, 3, 3)
    ),
    "nothing left": (lambda t, x, w: t.nn.functional.conv_transpose2d(x, w, padding=3), (2, 4, 2, 2), (4, 4, 3, 3)),
    "a list": (lambda t, x, w: t.nn.functional.conv2d([1.0], w), (2, 4, 2, 2), (4, 4, 3, 3)),
    "same module, strided": (lambda t: t.nn.Conv2d(1, 1, 2, padding="same", stride=2),),
    "module groups": (lambda t: t.nn.Conv2d(3, 4, 2, groups=2),),
    "module out groups": (lambda t: t.nn.Conv2d(4, 3, 2, groups=2),),
    "module no groups": (lambda t: t.nn.Conv2d(4, 4, 2, groups=0),),
    "padding string": (lambda t: t.nn.Conv2d(1, 1, 2, padding="foo"),),
    "padding mode": (lambda t: t.nn.Conv2d(1, 1, 2, padding_mode="foo"),),
    "padding mode, transposed": (lambda t: t.nn.ConvTranspose2d(1, 1, 2, padding_mode="reflect"),),
    "output size": (lambda t, x: t.nn.ConvTranspose2d(4, 1, 3, stride=2)(x, output_size=(20, 20)), (2, 4, 5, 5)),
    "three output sizes": (lambda t, x: t.nn.ConvTranspose2d(4, 1, 3, stride=2)(x, output_size=(9, 9, 9)), (2, 4, 5, 5)),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_both_refuse(name):
    call, *operands = REFUSED[name]
    both_fail(call, *operands)


MODULES = {
    "Conv1d": lambda nn: (nn.Conv1d(4, 6, 3, padding="same", groups=2), (2, 4, 9)),
    "Conv2d": lambda nn: (nn.Conv2d(3, 5, (3, 2), stride=2, padding=1), (2, 3, 8, 9)),
    "Conv2d without bias": lambda nn: (nn.Conv2d(3, 5, 3, bias=False, dilation=2), (2, 3, 8, 9)),
    "Conv3d": lambda nn: (nn.Conv3d(2, 3, (1, 2, 3)), (1, 2, 4, 5, 6)),
    "ConvTranspose1d": lambda nn: (nn.ConvTranspose1d(4, 6, 3, stride=2, output_padding=1), (2, 4, 9)),
    "ConvTranspose2d": lambda nn: (nn.ConvTranspose2d(4, 6, 3, 2, 1, 1, 2), (2, 4, 5, 6)),
    "ConvTranspose3d": lambda nn: (nn.ConvTranspose3d(2, 3, 2, stride=2), (1, 2, 3, 4, 2)),
    "reflect": lambda nn: (nn.Conv2d(2, 3, 3, padding=(2, 1), padding_mode="reflect"), (2, 2, 6, 7)),
    "replicate": lambda nn: (nn.Conv1d(2, 3, 4, padding="same", padding_mode="replicate"), (2, 2, 6)),
    "circular": lambda nn: (nn.Conv3d(2, 3, 3, padding=1, padding_mode="circular"), (1, 2, 4, 3, 4)),
    "circular, valid": lambda nn: (nn.Conv2d(2, 3, 3, padding="valid", padding_mode="circular"), (1, 2, 4, 3)),
    "unbatched": lambda nn: (nn.Conv2d(2, 3, 3, padding=1, padding_mode="circular"), (2, 4, 3)),
    "LazyConv1d": lambda nn: (nn.LazyConv1d(6, 3), (2, 4, 9)),
    "LazyConv2d": lambda nn: (nn.LazyConv2d(6, 3, groups=2), (2, 4, 9, 9)),
    "LazyConv3d": lambda nn: (nn.LazyConv3d(2, 3, bias=False), (2, 2, 4, 4, 4)),
    "LazyConvTranspose1d": lambda nn: (nn.LazyConvTranspose1d(6, 3, stride=2), (2, 4, 9)),
    "LazyConvTranspose2d": lambda nn: (nn.LazyConvTranspose2d(6, 3, groups=2), (2, 4, 5, 4)),
    "LazyConvTranspose3d": lambda nn: (nn.LazyConvTranspose3d(2, 3), (4, 3, 2, 2)),
}


@pytest.mark.parametrize("name", MODULES)
def test_modules(name):
    """The same seed gives the same weights, results, gradients and text."""
    found = []
    for t in (torch, minigrad):
        t.manual_seed(3)
        layer, shape = MODULES[name](t.nn)
        before = repr(layer)
        x = t.tensor(np.random.default_rng(0).standard_normal(shape).astype(np.float32), requires_grad=True)
        y = layer(x)
        (y * y).sum().backward()
        found.append(
            (
                before,
                repr(layer),
                [y.detach(), x.grad, *(p.detach() for p in layer.parameters()), *(p.grad for p in layer.parameters())],
            )
        )
    theirs, ours = found
    assert ours[:2] == theirs[:2]
    for a, b in zip(ours[2], theirs[2], strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-4, atol=1e-4)


def test_same_weights_to_the_bit():
    for t in (torch, minigrad):
        t.manual_seed(11)
    ours, theirs = (t.nn.Conv2d(3, 8, 5).weight.detach().numpy() for t in (minigrad, torch))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-8)


def test_output_size():
    for size in ((11, 12), (2, 3, 11, 12)):
        agree(lambda t, x, size=size: t.nn.ConvTranspose2d(4, 3, 3, stride=2)(x, output_size=size) * 0, (2, 4, 5, 5))


def test_gradient_penalty_of_a_critic():
    """WGAN-GP: the gradient of the norm of a gradient, through convolutions and pools."""
    found = []
    for t in (torch, minigrad):
        t.manual_seed(5)
        nn = t.nn
        critic = nn.Sequential(
            nn.Conv2d(1, 8, 4, stride=2, padding=1), nn.LeakyReLU(0.2), nn.Conv2d(8, 8, 3, padding=1), nn.Tanh(),
            nn.MaxPool2d(2), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(8 * 2 * 2, 1),
        )  # fmt: skip
        x = t.tensor(np.random.default_rng(0).standard_normal((3, 1, 16, 16)).astype(np.float32), requires_grad=True)
        [g] = t.autograd.grad(critic(x).sum(), x, create_graph=True)
        penalty = ((g.flatten(1).norm(2, dim=1) - 1) ** 2).mean()
        penalty.backward()
        found.append([penalty.item(), *(None if p.grad is None else p.grad.numpy() for p in critic.parameters())])
    for a, b in zip(*found, strict=True):
        if a is None or b is None:  # the last bias: neither knows of it, or it is 0
            assert a is None or not np.any(a)
            assert b is None or not np.any(b)
        else:
            np.testing.assert_allclose(b, a, rtol=1e-3, atol=1e-6)
