"""Reductions and running sums against PyTorch: dimensions, names of arguments, dtypes, gradients of both orders."""

# ruff: noqa: E501 (rows are read across)

import warnings

import numpy as np
import pytest
from agree import agree, both_fail

RNG = np.random.default_rng(11)
nan, inf = np.nan, np.inf


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


SHAPES = [(), (1,), (5,), (3, 4), (2, 3, 4), (0,), (2, 0, 3)]
KINDS = [np.bool_, np.uint8, np.int32, np.int64, np.float32, np.float64]


def dims(shape):
    return [None, 0, -1, *[(0, 1), [1, 0], (-1, 0)][: 3 * (len(shape) > 1)], *[(2, 0)][: len(shape) > 2]]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "name",
    [
        "sum",
        "mean",
        "amax",
        "amin",
        "var",
        "std",
        "nansum",
        "nanmean",
        "logsumexp",
        "norm",
        "any",
        "all",
        "var_mean",
        "std_mean",
    ],
)
def test_over_dimensions(name, shape):
    if 0 in shape and name in ("amax", "amin"):
        return
    for dim in dims(shape):
        if name == "logsumexp" and dim is None:
            continue
        for keep in (False, True):
            options = {} if dim is None and not keep else {"dim": dim, "keepdim": keep}
            for call in (lambda t, x, o=options: getattr(t, name)(x, **o),):
                agree(call, shape)
                if name not in ("any", "all") and np.prod(shape) > 1:
                    agree(
                        lambda t, x, o=options, c=call: grad_of(t, c, x),
                        np.random.default_rng(3).standard_normal(shape),
                    )


def grad_of(t, call, x):
    found = call(t, x)
    found = sum((r * r * r).sum() for r in (found if isinstance(found, tuple) else [found]))
    return t.autograd.grad(found, x, create_graph=True)[0]


@pytest.mark.parametrize("kind", KINDS)
def test_dtypes(kind):
    x = RNG.integers(0, 3, (3, 4)).astype(kind)
    for name in (
        "sum",
        "prod",
        "any",
        "all",
        "amax",
        "amin",
        "cumsum",
        "cumprod",
        "nansum",
        "count_nonzero",
        "logsumexp",
    ):
        if name.startswith("cum") or name == "logsumexp":
            agree(lambda t, x, n=name: getattr(x, n)(1), x)
        else:
            agree(lambda t, x, n=name: [getattr(x, n)(), getattr(t, n)(x, 1)], x)
    for name in ("sum", "prod", "mean"):
        agree(lambda t, x, n=name: getattr(x, n)(dtype=t.float64), x)
        agree(lambda t, x, n=name: getattr(t, n)(x, 0, dtype=t.float32), x)
    agree(
        lambda t, x: [x.cumsum(0, dtype=t.float64), t.cumprod(x, 0, dtype=t.float32), x.softmax(0, dtype=t.float64)], x
    )
    agree(lambda t, x: [x.max(), x.min(), x.max(1), x.aminmax(), *t.aminmax(x, dim=0, keepdim=True)], x)
    if kind is not np.bool_:
        agree(lambda t, x: [x.argmax(), x.argmin(1), x.argmax(0, keepdim=True), x.argmin(keepdim=True)], x)


def test_names_of_numpy():
    for name in (
        "sum",
        "mean",
        "amax",
        "amin",
        "var",
        "std",
        "logsumexp",
        "any",
        "all",
        "argmax",
        "argmin",
        "max",
        "min",
        "prod",
        "median",
        "nansum",
    ):
        agree(lambda t, x, n=name: getattr(t, n)(x, axis=1, keepdims=True), (2, 3))
        agree(lambda t, x, n=name: getattr(x, n)(axis=0), (2, 3))
    for name in (
        "softmax",
        "log_softmax",
        "cumsum",
        "cumprod",
        "sort",
        "argsort",
        "cummax",
        "logcumsumexp",
        "diff",
        "count_nonzero",
    ):
        agree(lambda t, x, n=name: getattr(x, n)(axis=1), (2, 3))
    agree(lambda t, x: x.topk(2, axis=0).values, (3, 2))
    both_fail(lambda t, x: x.sum(axis=0, dim=0), (2, 3))


@pytest.mark.parametrize("shape", [(1,), (5,), (3, 4), (2, 3, 4), ()])
def test_extremes(shape):
    for name in ("max", "min"):
        agree(lambda t, x, n=name: getattr(t, n)(x), shape)
        agree(lambda t, x, n=name: getattr(t, n)(x, x * 0), shape)
        agree(lambda t, x, n=name: getattr(x, n)(other=x * 2), shape)
        for dim in {0, -1}:
            for keep in (False, True):
                agree(lambda t, x, n=name, d=dim, k=keep: getattr(x, n)(d, keepdim=k), shape)
                agree(lambda t, x, n=name, d=dim, k=keep: grad_of(t, lambda t, x: getattr(t, n)(x, d, k)[0], x), shape)
    agree(lambda t, x: [t.argmax(x), x.argmin(-1), x.aminmax()], shape)
    if shape != ():
        agree(
            lambda t, x: t.max(x, -1).values * t.max(x, -1)[1], np.round(RNG.standard_normal(shape)).astype(np.float32)
        )


def test_extremes_and_nan():
    x = np.array([[1, nan, 3], [-inf, inf, nan], [5, 2, 5]], np.float32)
    agree(
        lambda t, x: [x.max(1), x.min(0), x.max(), x.amax(0), x.argmax(), x.argmin(1), x.aminmax(dim=1)], x, grad=False
    )
    agree(lambda t, x: [x.cummax(1), x.cummin(0), x.cumsum(1), x.nansum(), x.nanmean(1), x.logsumexp(0)], x, grad=False)
    agree(lambda t, x: [x.nansum(1), x.nanmean(0)], x[2:])


def test_variance():
    for shape in ((5,), (3, 4), (3, 3, 4)):
        for call in (
            lambda t, x: x.var(False), lambda t, x: x.std(unbiased=False), lambda t, x: t.var(x, dim=0, correction=0), lambda t, x: x.std(0, False),
            lambda t, x: x.var(-1, correction=2), lambda t, x: t.var_mean(x, dim=0, keepdim=True), lambda t, x: t.std_mean(x, correction=0),
            lambda t, x: t.std(x, dim=-1, unbiased=False, keepdim=True), lambda t, x: x.var(dim=-1, keepdim=True), lambda t, x: t.var_mean(x, False),
        ):  # fmt: skip
            agree(call, shape)
            agree(lambda t, x, c=call: grad_of(t, c, x), RNG.standard_normal(shape))
    agree(
        lambda t, x: [x.var(), x.std(0)],
        np.full((2, 3), 1e4, np.float32) + np.arange(6, dtype=np.float32).reshape(2, 3) / 8,
    )
    agree(lambda t, x: [x.var(), x.std(0), x[:0].var()], np.ones((1, 1), np.float32), grad=False)


@pytest.mark.parametrize("shape", [(), (1,), (6,), (3, 4), (2, 0), (2, 3, 5)])
def test_running(shape):
    for dim in {0, -1}:
        for name in ("cumsum", "cumprod", "logcumsumexp"):
            agree(lambda t, x, n=name, d=dim: getattr(t, n)(x, d), shape)
            if np.prod(shape):
                agree(
                    lambda t, x, n=name, d=dim: grad_of(t, lambda t, x: getattr(t, n)(x, d), x),
                    RNG.standard_normal(shape),
                )
        for name in ("cummax", "cummin"):
            if 0 not in shape:
                agree(lambda t, x, n=name, d=dim: getattr(x, n)(d), shape)
                agree(lambda t, x, n=name, d=dim: getattr(t, n)(t.round(x), d), shape)
        agree(lambda t, x, d=dim: x.clone().cumsum_(d), shape)
        agree(lambda t, x, d=dim: x.clone().cumprod_(d), shape)
        agree(lambda t, x, d=dim: [x.softmax(d), t.log_softmax(x, d), t.softmax(x, dim=d)], shape)
        if np.prod(shape) > 1:
            agree(lambda t, x, d=dim: grad_of(t, lambda t, x: x.softmax(d), x), RNG.standard_normal(shape))
            agree(lambda t, x, d=dim: grad_of(t, lambda t, x: x.log_softmax(d), x), RNG.standard_normal(shape))


def test_running_products_with_zeros():
    x = RNG.integers(-1, 2, (4, 5)).astype(np.float64)
    agree(lambda t, x: x.cumprod(1), x)
    agree(lambda t, x: x.prod(1), x)
    agree(lambda t, x: x.prod(), x)


def test_running_logarithms_of_nothing():
    x = np.array([-inf, -inf, 1, -inf, 2, 800, 3], np.float64)
    agree(lambda t, x: x.logcumsumexp(0), x, grad=False)
    agree(lambda t, x: x.logcumsumexp(0), x[2:])


def test_differences_and_areas():
    for shape in ((6,), (3, 4), (1,), (2, 1, 3)):
        for n in (0, 1, 2, 7):
            agree(lambda t, x, n=n: t.diff(x, n), shape)
            agree(lambda t, x, n=n: x.diff(n=n, dim=0), shape)
        agree(lambda t, x: x.diff(prepend=x * 2, append=x[..., :1]), shape)
        agree(
            lambda t, x: [
                t.trapezoid(x),
                t.trapz(x, dx=0.5, dim=0),
                t.cumulative_trapezoid(x),
                t.cumulative_trapezoid(x, dim=0),
            ],
            shape,
        )
        agree(lambda t, x, y: [t.trapezoid(y, x), t.cumulative_trapezoid(y, x, dim=0)], shape, shape)
    agree(lambda t, y, x: t.trapezoid(y, x, dim=0), (3, 4), (3,))
    agree(lambda t, x: t.diff(x), np.array([True, False, False]))


def test_distances():
    agree(lambda t, x, y: [t.dist(x, y), x.dist(y, 1), x.dist(y, inf)], (3, 4), (4,))
    for p in (1, 2, 3):
        agree(lambda t, x, p=p: t.renorm(x, p, 0, 1.0), (3, 4))
        agree(lambda t, x, p=p: x.clone().renorm_(p, 1, 1.5), (2, 3, 4))
    for p in ("fro", 0, 1, 2, 3.5, inf, -inf, -1):
        for dim in (None, 0, (0, 1)):
            if p != "fro" or dim != 0:
                agree(lambda t, x, p=p, d=dim: t.norm(x, p, d) if d is not None else x.norm(p), (3, 4), grad=p != 0)


@pytest.mark.parametrize(
    "call",
    [
        lambda t, x: x.sum(2), lambda t, x: x.sum((0, 0)), lambda t, x: x.long().mean(), lambda t, x: x[:, :0].max(1), lambda t, x: x[:0].max(),
        lambda t, x: x[:, :0].argmax(1), lambda t, x: x.softmax(2), lambda t, x: x.cumsum(2), lambda t, x: x.max(2), lambda t, x: x[:, :0].amax(1),
        lambda t, x: t.diff(x.sum()), lambda t, x: t.diff(x, -1), lambda t, x: t.trapezoid(x, x, dx=1), lambda t, x: x.long().var(), lambda t, x: x.sum(wrong=1),
        lambda t, x: x[:0].argmin(), lambda t, x: x.prod((0, 1)),
    ],
)  # fmt: skip
def test_both_refuse(call):
    both_fail(call, (2, 3))
