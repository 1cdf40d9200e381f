"""Pooling, over random shapes and arguments."""

import random

import numpy as np
import pytest
from agree import agree, both_fail, torch

import minigrad

SEEDS = range(40)
inf, nan = np.inf, np.nan


def windows(seed, dilated=True):
    """Random sizes and arguments of one pooling: dimensions, input shape, arguments."""
    r = random.Random(seed)
    dims = r.choice([1, 2, 2, 2, 3])
    kernel = [r.randint(1, 4) for _ in range(dims)]
    args = {
        "kernel_size": kernel,
        "stride": r.choice([None, [r.randint(1, 4) for _ in range(dims)]]),
        "padding": [r.randint(0, k // 2) for k in kernel],
        "ceil_mode": r.choice([False, True]),
    }
    spans = kernel
    if dilated:
        args["dilation"] = [r.choice([1, 1, 2, 3]) for _ in range(dims)]
        spans = [d * (k - 1) + 1 for k, d in zip(kernel, args["dilation"])]
    most = {1: 40, 2: 14, 3: 8}[dims]
    least = 2 * max(args["dilation"]) if dilated else 1  # no window is all padding, which only PyTorch takes
    sizes = [max(r.randint(1, most), span - 2 * p, least) for span, p in zip(spans, args["padding"])]
    return dims, (*r.choice([(), (1,), (3,)]), r.choice([1, 3]), *sizes), args


@pytest.mark.parametrize("values", ["distinct", "ties", "nan", "minus infinity", "integers"])
@pytest.mark.parametrize("seed", SEEDS)
def test_max_pool(seed, values):
    dims, shape, args = windows(seed)
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape).astype(np.float32)
    if values == "ties":
        x = rng.integers(0, 3, shape).astype(np.float32)
    elif values == "nan":
        x[rng.random(shape) < 0.2] = nan
    elif values == "minus infinity":
        x[rng.random(shape) < 0.8] = -inf
    elif values == "integers":
        x = rng.integers(-5, 5, shape)
    name = f"max_pool{dims}d"
    if values != "integers" or dims > 1:  # which PyTorch lacks
        agree(lambda t, x: getattr(t.nn.functional, name)(x, **args), x)
    agree(lambda t, x: getattr(t.nn.functional, name)(x, return_indices=True, **args), x)


@pytest.mark.parametrize("seed", SEEDS)
def test_avg_pool(seed):
    dims, shape, args = windows(seed, dilated=False)
    r = random.Random(seed)
    if dims == 3:  # PyTorch's gradient wants sizes that the window fits into without padding
        shape = (*shape[:-3], *map(max, shape[-3:], args["kernel_size"]))
    args["count_include_pad"] = r.choice([True, False])
    if dims > 1 and r.random() < 0.3:
        args["divisor_override"] = r.choice([1, 3, -2])
    name = f"avg_pool{dims}d"
    agree(lambda t, x: getattr(t.nn.functional, name)(x, **args), shape)
    args = {k: v[0] if dims == 1 and v is not None else v for k, v in args.items() if k in ("kernel_size", "stride")}
    args["ceil_mode"], p = r.choice([True, False]), r.choice([1.0, 2.0, 3.0])
    shape = (2, *shape[-dims - 1 : -dims], *(n + 4 for n in shape[-dims:]))
    agree(
        lambda t, x: getattr(t.nn.functional, f"lp_pool{dims}d")(x.abs() + 0.1, p, **args), shape, rtol=1e-3, atol=1e-3
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_adaptive_pools(seed):
    r = random.Random(seed)
    dims = r.choice([1, 2, 3])
    shape = (*r.choice([(), (2,)]), 3, *(r.randint(1, 9) for _ in range(dims)))
    size = [r.choice([None, 1, 2, 3, 7]) for _ in range(dims)]
    size = r.choice([1, 3, (size if dims > 1 else 2)])
    agree(lambda t, x: getattr(t.nn.functional, f"adaptive_avg_pool{dims}d")(x, size), shape)
    rng = np.random.default_rng(seed)
    for x in (rng.standard_normal(shape).astype(np.float32), rng.integers(0, 2, shape).astype(np.float32)):
        agree(lambda t, x: getattr(t.nn.functional, f"adaptive_max_pool{dims}d")(x, size), x)
        agree(lambda t, x: getattr(t.nn.functional, f"adaptive_max_pool{dims}d")(x, size, return_indices=True), x)
    x[rng.random(shape) < 0.3] = nan
    agree(lambda t, x: getattr(t.nn.functional, f"adaptive_max_pool{dims}d")(x, size, return_indices=True), x)


@pytest.mark.parametrize("seed", range(12))
def test_unpool(seed):
    r = random.Random(seed)
    dims = r.choice([1, 2, 3])
    k = r.randint(2, 3)
    shape = (*r.choice([(), (2,)]), 3, *(k * r.randint(1, 4) + r.choice([0, 1]) for _ in range(dims)))

    def there_and_back(t, x):
        pool, unpool = getattr(t.nn, f"MaxPool{dims}d")(k, return_indices=True), getattr(t.nn, f"MaxUnpool{dims}d")(k)
        y, index = pool(x)
        return unpool(y, index, output_size=x.size()[-dims:]), unpool(y * 2, index, output_size=tuple(shape[-dims:]))

    agree(there_and_back, shape)


def second(pool):
    def penalty(t, x):
        y = pool(t, x)
        [g] = t.autograd.grad((y**3).sum(), x, create_graph=True)
        return (g**2).sum()

    return penalty


POOLS = {
    "max, overlapping": lambda t, x: t.nn.functional.max_pool2d(x, 3, 1, 1),
    "max": lambda t, x: t.nn.functional.max_pool2d(x, 2),
    "mean": lambda t, x: t.nn.functional.avg_pool2d(x, 3, 2, 1),
    "adaptive mean": lambda t, x: t.nn.functional.adaptive_avg_pool2d(x, 3),
    "adaptive mean, even": lambda t, x: t.nn.functional.adaptive_avg_pool2d(x, (4, 2)),
    "adaptive mean, one": lambda t, x: t.nn.functional.adaptive_avg_pool2d(x, 1),
    "adaptive max": lambda t, x: t.nn.functional.adaptive_max_pool2d(x, 3),
}


@pytest.mark.parametrize("name", POOLS)
def test_second_gradients(name):
    agree(second(POOLS[name]), (2, 3, 8, 8), rtol=1e-3, atol=1e-4)


CALLS = {
    "an empty stride": (lambda t, x: t.nn.functional.max_pool2d(x, 2, stride=[]), (1, 2, 5, 5)),
    "no samples": (lambda t, x: t.nn.functional.max_pool2d(x, 2), (0, 2, 5, 5)),
    "no samples, mean": (lambda t, x: t.nn.functional.avg_pool2d(x, 2), (0, 2, 5, 5)),
    "no samples, adaptive": (lambda t, x: t.nn.functional.adaptive_avg_pool2d(x, 3), (0, 2, 5, 5)),
    "no parts": (lambda t, x: t.nn.functional.adaptive_avg_pool2d(x, (0, 2)), (1, 2, 5, 5)),
    "a transposed input": (lambda t, x: t.nn.functional.max_pool2d(x.transpose(2, 3), 2), (1, 2, 4, 6)),
    "a mean of integers": (lambda t, x: t.nn.functional.avg_pool2d(x, 2), np.arange(-8, 8).reshape(1, 1, 4, 4)),
    "the mean of a large window": (lambda t, x: t.nn.functional.avg_pool2d(x, (5, 1)), (2, 2, 5, 4)),
    "a large window": (lambda t, x: t.nn.functional.max_pool2d(x, 17), (1, 2, 17, 17)),
    "half": (lambda t, x: t.nn.functional.max_pool2d(x.half(), 2), (1, 2, 6, 6)),
}


@pytest.mark.parametrize("name", CALLS)
def test_agrees_with_torch(name):
    call, *operands = CALLS[name]
    agree(call, *operands, grad=name != "no parts")  # for which PyTorch has no gradient


REFUSED = {
    "a large window": (lambda t, x: t.nn.functional.max_pool2d(x, 6), (1, 1, 5, 5)),
    "much padding": (lambda t, x: t.nn.functional.max_pool2d(x, 3, padding=2), (1, 1, 5, 5)),
    "much padding, mean": (lambda t, x: t.nn.functional.avg_pool2d(x, 3, padding=2), (1, 1, 5, 5)),
    "stride 0": (lambda t, x: t.nn.functional.max_pool2d(x, 2, stride=0), (1, 1, 5, 5)),
    "dimensions": (lambda t, x: t.nn.functional.max_pool2d(x, 2), (5, 5)),
    "dimensions of a mean": (lambda t, x: t.nn.functional.avg_pool2d(x, 2), (5, 5)),
    "dimensions, adaptive": (lambda t, x: t.nn.functional.adaptive_avg_pool2d(x, 2), (5, 5)),
    "divisor 0": (lambda t, x: t.nn.functional.avg_pool2d(x, 2, divisor_override=0), (1, 1, 5, 5)),
    "booleans": (lambda t, x: t.nn.functional.max_pool2d(x, 2), np.ones((1, 1, 4, 4), bool)),
    "adaptive integers": (lambda t, x: t.nn.functional.adaptive_avg_pool2d(x, 2), np.ones((1, 1, 4, 4), int)),
    "adaptive integers, max": (lambda t, x: t.nn.functional.adaptive_max_pool2d(x, 2), np.ones((1, 1, 4, 4), int)),
    "three sizes": (lambda t, x: t.nn.functional.adaptive_avg_pool2d(x, (2, 2, 2)), (1, 1, 5, 5)),
    "three kernels": (lambda t, x: t.nn.functional.max_pool2d(x, (2, 2, 2)), (1, 1, 5, 5)),
    "no channels": (lambda t, x: t.nn.functional.adaptive_avg_pool2d(x, 2), (1, 1, 0, 5)),
    "negative size": (lambda t, x: t.nn.functional.adaptive_avg_pool2d(x, -1), (1, 1, 5, 5)),
    "unpool size": (
        lambda t, x: t.nn.functional.max_unpool2d(*t.nn.functional.max_pool2d(x, 2, return_indices=True), 2,
                                                  output_size=(9, 9)), (1, 1, 4, 4)
    ),
    "unpool indices": (
        lambda t, x: t.nn.functional.max_unpool2d(x, t.ones(1, 1, 4, 4, dtype=t.int64) * 64, 2), (1, 1, 4, 4)
    ),
    "unpool shapes": (lambda t, x: t.nn.functional.max_unpool2d(x, t.ones(1, 1, 4, 3, dtype=t.int64), 2), (1, 1, 4, 4)),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_both_refuse(name):
    call, *operands = REFUSED[name]
    both_fail(call, *operands)


MODULES = {
    "MaxPool1d": lambda nn: (nn.MaxPool1d(3, stride=2, padding=1, dilation=2, ceil_mode=True), (2, 3, 12)),
    "MaxPool2d": lambda nn: (nn.MaxPool2d(2), (2, 3, 5, 6)),
    "MaxPool2d of pairs": lambda nn: (nn.MaxPool2d((2, 3), stride=(2, 1)), (3, 5, 6)),
    "MaxPool3d": lambda nn: (nn.MaxPool3d(2, padding=1), (2, 3, 5, 6, 4)),
    "MaxPool with indices": lambda nn: (nn.MaxPool2d(2, return_indices=True), (2, 3, 5, 6)),
    "AvgPool1d": lambda nn: (nn.AvgPool1d(3, 1, 1, count_include_pad=False), (2, 3, 12)),
    "AvgPool2d": lambda nn: (nn.AvgPool2d(2, stride=1, divisor_override=3), (2, 3, 5, 6)),
    "AvgPool3d": lambda nn: (nn.AvgPool3d(2, padding=1), (2, 3, 5, 6, 4)),
    "LPPool1d": lambda nn: (nn.LPPool1d(2, 3), (2, 3, 12)),
    "LPPool2d": lambda nn: (nn.LPPool2d(2, 3, stride=(2, 1)), (2, 3, 5, 6)),
    "LPPool3d": lambda nn: (nn.LPPool3d(2, 2, ceil_mode=True), (2, 3, 5, 6, 5)),
    "AdaptiveAvgPool1d": lambda nn: (nn.AdaptiveAvgPool1d(5), (2, 3, 12)),
    "AdaptiveAvgPool2d": lambda nn: (nn.AdaptiveAvgPool2d((1, None)), (2, 3, 5, 6)),
    "AdaptiveAvgPool3d": lambda nn: (nn.AdaptiveAvgPool3d(2), (2, 3, 5, 6, 4)),
    "AdaptiveMaxPool1d": lambda nn: (nn.AdaptiveMaxPool1d(5), (2, 3, 12)),
    "AdaptiveMaxPool2d": lambda nn: (nn.AdaptiveMaxPool2d((2, 4), return_indices=True), (2, 3, 5, 6)),
    "AdaptiveMaxPool3d": lambda nn: (nn.AdaptiveMaxPool3d(2), (2, 3, 5, 6, 4)),
}


@pytest.mark.parametrize("name", MODULES)
def test_modules(name):
    agree(lambda t, x: (repr(MODULES[name](t.nn)[0]), MODULES[name](t.nn)[0](x)), MODULES[name](minigrad.nn)[1])


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_unpool_modules_print_alike(dims):
    for args in ((2,), (3, 2, 1)):
        ours, theirs = (getattr(t.nn, f"MaxUnpool{dims}d")(*args) for t in (minigrad, torch))
        assert repr(ours) == repr(theirs)
