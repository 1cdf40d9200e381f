"""Padding, other sizes, grids, folding, shuffling: over random shapes and arguments."""

import random
import warnings

import numpy as np
import pytest
from agree import agree, both_fail

import minigrad

pytestmark = [
    pytest.mark.filterwarnings("ignore:Since version 1.3.0, affine_grid:UserWarning"),
    pytest.mark.filterwarnings("ignore:`nn.functional.upsample` is deprecated:UserWarning"),
]

SEEDS = range(40)


@pytest.mark.parametrize("seed", SEEDS)
def test_constant_padding(seed):
    r = random.Random(seed)
    shape = tuple(r.randint(1, 4) for _ in range(r.randint(1, 5)))
    pad = [
        n
        for size in shape[::-1][: r.randint(0, len(shape))]
        for n in (r.randint(-(size // 2), 3), r.randint(-(size // 2), 3))
    ]
    value = r.choice([None, 0, 1.5, float("-inf")])
    agree(lambda t, x: t.nn.functional.pad(x, pad, "constant", value), shape)
    agree(lambda t, x: t.nn.functional.pad(x, tuple(pad), value=2), np.arange(np.prod(shape)).reshape(shape))


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
@pytest.mark.parametrize("seed", SEEDS)
def test_other_padding(seed, mode):
    r = random.Random(seed)
    dims = r.choice([1, 2, 3])
    sizes = [r.randint(2, 6) for _ in range(dims)]
    shape = (*r.choice([(2,), (2, 3)]), *sizes)
    most = {"reflect": lambda n: n - 1, "replicate": lambda n: 7, "circular": lambda n: n}[mode]
    pad = [n for size in sizes[::-1] for n in (r.randint(0, most(size)), r.randint(0, most(size)))]
    if r.random() < 0.3:
        pad[r.randrange(len(pad))] = -1
        pad = [min(n, 1) for n in pad]
    agree(lambda t, x: t.nn.functional.pad(x, pad, mode), shape)
    agree(
        lambda t, x: t.autograd.grad((t.nn.functional.pad(x, pad, mode) ** 3).sum(), x, create_graph=True), shape,
        rtol=1e-3, atol=1e-3,
    )  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("mode", ["nearest", "nearest-exact", "area", "linear", "bicubic"])
def test_interpolate(seed, mode):
    r = random.Random(seed)
    dims = 2 if mode == "bicubic" else r.choice([1, 2, 2, 3])
    name = {1: "linear", 2: "bilinear", 3: "trilinear"}[dims] if mode == "linear" else mode
    shape = (r.randint(1, 2), r.randint(1, 3), *(r.randint(1, 9) for _ in range(dims)))
    args = {"mode": name}
    if r.random() < 0.5:
        args["size"] = r.choice([r.randint(1, 15), [r.randint(1, 15) for _ in range(dims)]])
    else:
        factors = [r.choice([1, 2, 3, 1.5, 2.3, 0.7]) for _ in range(dims)]
        factors = [f if int(n * f) else 2 for n, f in zip(shape[2:], factors)]
        args["scale_factor"] = factors if len(set(factors)) > 1 else factors[0]
        args["recompute_scale_factor"] = r.choice([None, None, True, False])
    if mode in ("linear", "bicubic"):
        args["align_corners"] = r.choice([None, True, False])
    # PyTorch's gradient of this is that of another scale, as finite differences of it show
    grad = not (mode == "nearest" and dims == 3 and "scale_factor" in args)
    agree(lambda t, x: t.nn.functional.interpolate(x, **args), shape, rtol=1e-3, atol=1e-4, grad=grad)
    agree(lambda t, x: t.nn.functional.interpolate(x.double(), **args), shape, rtol=1e-3, atol=1e-5, grad=grad)


@pytest.mark.parametrize("seed", SEEDS)
def test_grids(seed):
    r = random.Random(seed)
    dims = r.choice([2, 2, 3])
    mode, padding = r.choice(["bilinear", "bilinear", "nearest"]), r.choice(["zeros", "border", "reflection"])
    align = r.choice([True, False])
    n, c = r.randint(1, 3), r.randint(1, 3)
    shape = (n, c, *(r.randint(1, 6) for _ in range(dims)))
    size = (n, c, *(r.randint(1, 6) for _ in range(dims)))
    agree(lambda t, theta: t.nn.functional.affine_grid(theta, size, align), (n, dims, dims + 1))

    def sample(t, x, grid):
        return t.nn.functional.grid_sample(x, grid * 0.8, mode, padding, align)

    agree(sample, shape, (n, *size[2:], dims), rtol=1e-3, atol=1e-3)


def test_spatial_transformer():
    """The whole of it, twice differentiated through the picture."""

    def call(t, x, theta):
        grid = t.nn.functional.affine_grid(theta, (2, 3, 5, 6), align_corners=False)
        y = t.nn.functional.grid_sample(x, grid, align_corners=False)
        [g] = t.autograd.grad((y**3).sum(), theta, create_graph=True)
        return y, (g**2).sum()

    agree(call, (2, 3, 7, 6), np.array([[[0.9, 0.1, 0.0], [-0.1, 0.8, 0.1]]] * 2, np.float32), rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("seed", SEEDS)
def test_folding(seed):
    r = random.Random(seed)
    kernel, stride, dilation, padding = (
        [r.randint(low, high) for _ in range(2)] for low, high in ((1, 3), (1, 3), (1, 2), (0, 2))
    )
    sizes = [max(r.randint(1, 9), d * (k - 1) + 1 - 2 * p, 1) for k, d, p in zip(kernel, dilation, padding)]
    shape = (*r.choice([(), (2,)]), 3, *sizes)
    agree(lambda t, x: t.nn.functional.unfold(x, kernel, dilation, padding, stride), shape)

    def back(t, x):
        columns = t.nn.functional.unfold(x, kernel, dilation, padding, stride)
        return t.nn.functional.fold(columns * columns, sizes, kernel, dilation, padding, stride)

    agree(back, shape, rtol=1e-3, atol=1e-4)


CALLS = {
    "pixel_shuffle": (lambda t, x: t.nn.functional.pixel_shuffle(x, 2), (2, 8, 3, 4)),
    "pixel_shuffle of one": (lambda t, x: t.nn.functional.pixel_shuffle(x, 3), (9, 3, 4)),
    "pixel_shuffle of many": (lambda t, x: t.nn.functional.pixel_shuffle(x, 2), (2, 2, 4, 3, 4)),
    "pixel_unshuffle": (lambda t, x: t.nn.functional.pixel_unshuffle(x, 2), (2, 3, 6, 4)),
    "pixel_unshuffle of one": (lambda t, x: t.nn.functional.pixel_unshuffle(x, 3), (2, 3, 3)),
    "channel_shuffle": (lambda t, x: t.nn.functional.channel_shuffle(x, 3), (2, 6, 3, 4)),
    "upsample": (lambda t, x: t.nn.functional.upsample(x, scale_factor=2), (2, 6, 3, 4)),
    "interpolate a large line": (lambda t, x: t.nn.functional.interpolate(x, size=700, mode="linear"), (1, 2, 650)),
    "interpolate a large line down": (lambda t, x: t.nn.functional.interpolate(x, size=70, mode="area"), (1, 2, 650)),
    "interpolate bytes": (
        lambda t, x: t.nn.functional.interpolate(x, size=5), np.arange(6, dtype=np.uint8).reshape(1, 2, 3)
    ),
    "interpolate infinity": (
        lambda t, x: t.nn.functional.interpolate(x, size=5, mode="area"), np.array([[[1, 2, np.inf, 3]]], np.float32)
    ),
    "pad half": (lambda t, x: t.nn.functional.pad(x.half(), (1, 2)), (2, 3)),
    "pad booleans": (lambda t, x: t.nn.functional.pad(x, (1, 2)), np.array([True, False])),
    "pad nothing": (lambda t, x: t.nn.functional.pad(x, ()), (2, 3)),
    "pad integers, reflected": (lambda t, x: t.nn.functional.pad(x, (1, 2), "reflect"), np.arange(6).reshape(2, 3)),
    "pad a transposed tensor": (lambda t, x: t.nn.functional.pad(x.transpose(1, 2), (1, 2), "circular"), (2, 3, 4)),
    "PixelShuffle": (lambda t, x: (repr(t.nn.PixelShuffle(2)), t.nn.PixelShuffle(2)(x)), (2, 8, 3, 4)),
    "PixelUnshuffle": (lambda t, x: (repr(t.nn.PixelUnshuffle(2)), t.nn.PixelUnshuffle(2)(x)), (2, 8, 2, 4)),
    "ChannelShuffle": (lambda t, x: (repr(t.nn.ChannelShuffle(2)), t.nn.ChannelShuffle(2)(x)), (2, 8, 3, 4)),
    "Unfold": (lambda t, x: (repr(t.nn.Unfold((2, 3), padding=1)), t.nn.Unfold((2, 3), padding=1)(x)), (2, 3, 4, 5)),
    "Fold": (lambda t, x: (repr(t.nn.Fold((4, 5), 2)), t.nn.Fold((4, 5), 2)(x)), (2, 8, 12)),
    "Upsample": (lambda t, x: (repr(t.nn.Upsample(scale_factor=2)), t.nn.Upsample(scale_factor=2)(x)), (2, 3, 4, 5)),
    "Upsample by two factors": (
        lambda t, x: (repr(t.nn.Upsample(scale_factor=(2, 3))), t.nn.Upsample(scale_factor=(2, 3))(x)), (2, 3, 4, 5)
    ),
    "Upsample to a size": (
        lambda t, x: (repr(m := t.nn.Upsample((3, 4), mode="bilinear", align_corners=True)), m(x)), (2, 3, 4, 5)
    ),
    "UpsamplingNearest2d": (lambda t, x: (repr(m := t.nn.UpsamplingNearest2d(scale_factor=2)), m(x)), (2, 3, 4, 5)),
    "UpsamplingBilinear2d": (lambda t, x: (repr(m := t.nn.UpsamplingBilinear2d(size=3)), m(x)), (2, 3, 4, 5)),
    **{
        f"{kind}{dims}d, {pad}": (
            lambda t, x, kind=kind, dims=dims, pad=pad: (repr(m := getattr(t.nn, f"{kind}{dims}d")(pad)), m(x)),
            (1, 2, *(4,) * dims),
        )
        for kind in ("ZeroPad", "ReflectionPad", "ReplicationPad", "CircularPad")
        for dims in (1, 2, 3)
        for pad in (1, (1, 2, 0, 1, 2, 0)[: 2 * dims])
    },
    **{
        f"ConstantPad{dims}d": (
            lambda t, x, dims=dims: (repr(m := getattr(t.nn, f"ConstantPad{dims}d")(1, 3.5)), m(x)), (2, *(3,) * dims)
        )
        for dims in (1, 2, 3)
    },
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_agrees_with_torch(name):
    call, *operands = CALLS[name]
    agree(call, *operands, rtol=1e-3, atol=1e-4)


REFUSED = {
    "an odd number": (lambda t, x: t.nn.functional.pad(x, (1,)), (1, 1, 5, 5)),
    "one number": (lambda t, x: t.nn.functional.pad(x, 1), (1, 1, 5, 5)),
    "too many numbers": (lambda t, x: t.nn.functional.pad(x, (1,) * 10), (1, 1, 5, 5)),
    "an unknown mode": (lambda t, x: t.nn.functional.pad(x, (1, 1), "foo"), (1, 1, 5, 5)),
    "a wide reflection": (lambda t, x: t.nn.functional.pad(x, (5, 5, 1, 1), "reflect"), (1, 1, 5, 5)),
    "a wide circle": (lambda t, x: t.nn.functional.pad(x, (6, 0, 0, 0), "circular"), (1, 1, 5, 5)),
    "one dimension of two": (lambda t, x: t.nn.functional.pad(x, (1, 1), "reflect"), (1, 1, 5, 5)),
    "no channels": (lambda t, x: t.nn.functional.pad(x, (1, 1), "reflect"), (5,)),
    "a value": (lambda t, x: t.nn.functional.pad(x, (1, 1, 1, 1), "replicate", 2), (1, 1, 5, 5)),
    "more off than there is": (lambda t, x: t.nn.functional.pad(x, (-3, -3)), (1, 1, 5, 5)),
    "no size": (lambda t, x: t.nn.functional.interpolate(x), (1, 1, 5, 5)),
    "size and scale": (lambda t, x: t.nn.functional.interpolate(x, 3, 2), (1, 1, 5, 5)),
    "three sizes": (lambda t, x: t.nn.functional.interpolate(x, (3, 3, 3)), (1, 1, 5, 5)),
    "size 0": (lambda t, x: t.nn.functional.interpolate(x, 0), (1, 1, 5, 5)),
    "an unknown interpolation": (lambda t, x: t.nn.functional.interpolate(x, 3, mode="foo"), (1, 1, 5, 5)),
    "linear of planes": (lambda t, x: t.nn.functional.interpolate(x, 3, mode="linear"), (1, 1, 5, 5)),
    "corners of nearest": (lambda t, x: t.nn.functional.interpolate(x, 3, align_corners=True), (1, 1, 5, 5)),
    "dimensions": (lambda t, x: t.nn.functional.interpolate(x, 3), (5, 5)),
    "linear of integers": (lambda t, x: t.nn.functional.interpolate(x, 3, mode="linear"), np.arange(6).reshape(1, 2, 3)),
    "theta": (lambda t, x: t.nn.functional.affine_grid(x, (1, 1, 5, 5), False), (1, 3, 3)),
    "grid": (lambda t, x, g: t.nn.functional.grid_sample(x, g, align_corners=False), (1, 1, 5, 5), (2, 3, 3, 2)),
    "grid of three": (lambda t, x, g: t.nn.functional.grid_sample(x, g, align_corners=False), (1, 1, 5, 5), (1, 3, 3, 3)),
    "grid mode": (lambda t, x, g: t.nn.functional.grid_sample(x, g, "foo", align_corners=False), (1, 1, 5, 5), (1, 3, 3, 2)),
    "grid padding": (
        lambda t, x, g: t.nn.functional.grid_sample(x, g, padding_mode="foo", align_corners=False), (1, 1, 5, 5), (1, 3, 3, 2)
    ),
    "a large window": (lambda t, x: t.nn.functional.unfold(x, 6), (1, 1, 5, 5)),
    "columns": (lambda t, x: t.nn.functional.fold(x, (4, 5), 2), (2, 8, 13)),
    "rows": (lambda t, x: t.nn.functional.fold(x, (4, 5), 2), (2, 7, 12)),
    "shuffle": (lambda t, x: t.nn.functional.pixel_shuffle(x, 2), (2, 7, 3, 4)),
    "unshuffle": (lambda t, x: t.nn.functional.pixel_unshuffle(x, 2), (2, 7, 3, 4)),
    "channels": (lambda t, x: t.nn.functional.channel_shuffle(x, 2), (2, 7, 3, 4)),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_both_refuse(name):
    call, *operands = REFUSED[name]
    both_fail(call, *operands)


def test_unsaid_corners_warn_in_both():
    for call in (
        lambda t: t.nn.functional.affine_grid(t.ones(1, 2, 3), (1, 1, 2, 2)),
        lambda t: t.nn.functional.grid_sample(t.ones(1, 1, 2, 2), t.zeros(1, 2, 2, 2)),
    ):
        for t in (minigrad, pytest.importorskip("torch")):
            with warnings.catch_warnings(record=True) as seen:
                warnings.simplefilter("always")
                call(t)
            assert any("align_corners" in str(w.message) for w in seen)
