"""Pooling: layers, what they print, and what they say of inputs that do not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad
from minigrad import ShapeError, arange, nn, ones, tensor
from minigrad.kernels import pooling as kernels
from minigrad.nn import functional as F  # noqa: N812
from minigrad.testing import assert_close

LAYERS: list[tuple[Any, tuple[int, ...], tuple[int, ...], str]] = [
    (nn.MaxPool1d(2), (1, 3, 9), (1, 3, 4), "kernel_size=2, stride=2, padding=0, dilation=1, ceil_mode=False"),
    (
        nn.MaxPool2d(3, stride=(2, 1), padding=1, ceil_mode=True), (3, 6, 5), (3, 4, 5),
        "kernel_size=3, stride=(2, 1), padding=1, dilation=1, ceil_mode=True",
    ),
    (nn.MaxPool3d((1, 2, 2)), (1, 2, 3, 4, 5), (1, 2, 3, 2, 2),
     "kernel_size=(1, 2, 2), stride=(1, 2, 2), padding=0, dilation=1, ceil_mode=False"),
    (nn.AvgPool1d(3, 1), (1, 3, 9), (1, 3, 7), "kernel_size=(3,), stride=(1,), padding=(0,)"),
    (nn.AvgPool1d((3,), (2,)), (1, 3, 9), (1, 3, 4), "kernel_size=(3,), stride=(2,), padding=(0,)"),
    (nn.AvgPool2d(2, padding=1), (1, 3, 4, 6), (1, 3, 3, 4), "kernel_size=2, stride=2, padding=1"),
    (nn.AvgPool3d(2, divisor_override=5), (1, 3, 4, 6, 2), (1, 3, 2, 3, 1), "kernel_size=2, stride=2, padding=0"),
    (nn.LPPool1d(2, 3), (1, 3, 9), (1, 3, 3), "norm_type=2, kernel_size=3, stride=None, ceil_mode=False"),
    (
        nn.LPPool2d(2, (3, 2), stride=1), (1, 3, 9, 4), (1, 3, 7, 3),
        "norm_type=2, kernel_size=(3, 2), stride=1, ceil_mode=False"
    ),
    (
        nn.LPPool3d(1.5, 2), (1, 3, 4, 4, 4), (1, 3, 2, 2, 2),
        "norm_type=1.5, kernel_size=2, stride=None, ceil_mode=False"
    ),
    (nn.AdaptiveAvgPool1d(4), (1, 3, 9), (1, 3, 4), "output_size=4"),
    (nn.AdaptiveAvgPool2d((1, None)), (1, 3, 9, 5), (1, 3, 1, 5), "output_size=(1, None)"),
    (nn.AdaptiveAvgPool3d(1), (1, 3, 9, 5, 2), (1, 3, 1, 1, 1), "output_size=1"),
    (nn.AdaptiveMaxPool1d(4), (1, 3, 9), (1, 3, 4), "output_size=4"),
    (nn.AdaptiveMaxPool2d(2), (3, 8, 6), (3, 2, 2), "output_size=2"),
    (nn.AdaptiveMaxPool3d((2, 3, 1)), (1, 3, 9, 5, 2), (1, 3, 2, 3, 1), "output_size=(2, 3, 1)"),
]  # fmt: skip


@pytest.mark.parametrize(("layer", "shape", "wanted", "text"), LAYERS)
def test_layers(layer: Any, shape: tuple[int, ...], wanted: tuple[int, ...], text: str) -> None:
    assert repr(layer) == f"{type(layer).__name__}({text})"
    x = ones(shape, requires_grad=True)
    y = layer(x)
    assert y.shape == wanted
    assert y.is_contiguous()
    y.sum().backward()
    assert x.grad is not None
    with minigrad.no_grad():
        assert layer(x).equal(y)


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_there_and_back(dims: int) -> None:
    pool = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)[dims - 1](2, return_indices=True)
    unpool = (nn.MaxUnpool1d, nn.MaxUnpool2d, nn.MaxUnpool3d)[dims - 1](2)
    assert repr(unpool) == f"MaxUnpool{dims}d(kernel_size={(2,) * dims}, stride={(2,) * dims}, padding={(0,) * dims})"
    x = arange(1.0, 2 * 5**dims + 1).reshape(1, 2, *(5,) * dims)
    y, index = pool(x)
    assert index.dtype == minigrad.int64
    back = unpool(y, index, output_size=x.shape[-dims:])
    assert back.shape == x.shape
    assert back[back != 0].equal(y.flatten())
    assert unpool(y, index % 4).shape == (1, 2, *(4,) * dims)
    values, places = F.adaptive_max_pool2d(arange(12.0).reshape(1, 3, 4), 2, return_indices=True)
    assert values.tolist() == [[[5, 7], [9, 11]]]
    assert places.equal(values.long())


def test_with_and_without_a_gradient_the_values_are_the_same() -> None:
    rng = np.random.default_rng(0)
    for k, s, p, d in [(2, 2, 0, 1), (3, 1, 1, 1), (3, 2, 1, 2), (1, 1, 0, 1), (1, 2, 0, 1), (17, 1, 8, 1)]:
        x = minigrad.from_numpy(rng.integers(0, 4, (2, 2, 19, 18)).astype(np.float32))
        x[0, 0, 3, 4] = np.nan
        plain = F.max_pool2d(x, k, s, p, d)
        recorded = F.max_pool2d(x.clone().requires_grad_(), k, s, p, d)
        assert_close(plain, recorded.detach(), equal_nan=True)
        assert not np.shares_memory(plain.array, x.array)


def test_the_gradient_of_overlapping_windows_adds_up() -> None:
    x = tensor([[1.0, 5.0, 2.0]], requires_grad=True)
    F.max_pool1d(x, 2, 1).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[0, 2, 0]]


def test_empty_stride() -> None:
    assert F.max_pool1d(ones(1, 4), 2, []).shape == F.avg_pool1d(ones(1, 4), 2, None).shape == (1, 2)


def test_integers() -> None:
    x = tensor([[[1, 2, -5, -2]]])
    assert F.max_pool1d(x, 2, padding=1).tolist() == [[[1, 2, -2]]]
    assert F.avg_pool1d(x, 2).tolist() == [[[1, -3]]]


def test_half_is_summed_in_single() -> None:
    x = minigrad.full((1, 4096), 16.0, dtype=minigrad.float16, requires_grad=True)
    y = F.avg_pool1d(x, 4096)
    assert (y.dtype, y.item()) == (minigrad.float16, 16.0)
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.dtype == minigrad.float16
    assert F.adaptive_avg_pool1d(x, 3).tolist() == [[16.0, 16.0, 16.0]]


def test_infinity_stays_where_it_is() -> None:
    """The means of uneven parts are a product with a matrix, whose zeros must not spread what is not finite."""
    x = tensor([[1.0, np.inf, 3.0, 5.0, np.nan]])
    assert_close(F.adaptive_avg_pool1d(x, 4), tensor([[np.inf, np.inf, 4.0, np.nan]]), equal_nan=True)


WRONG: list[tuple[Any, type[Exception], str]] = [
    (
        lambda: F.max_pool2d(ones(4, 4), 2), ShapeError,
        r"max_pool2d got an input of shape \(4, 4\): it needs \(N, C, H, W\), or \(C, H, W\).*unsqueeze"
    ),
    (
        lambda: F.avg_pool1d(ones(4), 2), ShapeError,
        r"it needs \(N, C, L\), or \(C, L\) for one example; add dimensions"
    ),
    (lambda: F.max_pool2d([1.0], 2), TypeError, "a tensor is needed, not a list"),
    (
        lambda: F.max_pool2d(ones(1, 4, 4), 5), ShapeError,
        r"planes of sizes \(4, 4\), and windows of \(5, 5\) do not fit"
    ),
    (
        lambda: F.max_pool2d(ones(1, 4, 4), 2, padding=2), ShapeError,
        "padding=2 with kernel_size=2: it must be at most half of the kernel, 1"
    ),
    (
        lambda: F.max_pool1d(ones(1, 2), 2, 4, 1, 3, True), ShapeError,
        "dilation=3, padding=1 and kernel_size=2 there is a window without"
    ),
    (lambda: F.max_pool1d(ones(1, 2) > 0, 2), TypeError, r"max_pool1d of booleans: convert them first, x.float\(\)"),
    (lambda: F.max_pool2d(ones(1, 4, 4), 2, 0), ShapeError, "stride=0: use numbers from 1 on"),
    (lambda: F.max_pool2d(ones(1, 4, 4), (1, 2, 3)), ShapeError, "give one number, or 2, one for each dimension"),
    (
        lambda: F.avg_pool2d(ones(1, 4, 4), 2, divisor_override=0), ShapeError,
        "divisor_override=0: use a number other than 0"
    ),
    (
        lambda: F.adaptive_avg_pool2d(ones(1, 4, 4), (1, 2, 3)), ShapeError,
        r"output_size=\(1, 2, 3\): give one number, or 2"
    ),
    (lambda: F.adaptive_avg_pool2d(ones(1, 4, 4), -2), ShapeError, "output_size=-2: use numbers from 0 on, or None"),
    (lambda: F.adaptive_avg_pool2d(ones(1, 0, 4), 2), ShapeError, "which has nothing to pool"),
    (
        lambda: F.adaptive_avg_pool2d(ones(1, 4, 4).long(), 2), TypeError,
        r"of type int64: convert it first, x.float\(\)"
    ),
    (
        lambda: F.adaptive_max_pool2d(ones(1, 4, 4).long(), 2), TypeError,
        r"of type int64: convert it first, x.float\(\)"
    ),
    (
        lambda: F.max_unpool1d(ones(1, 2), ones(1, 3).long(), 2), ShapeError,
        r"indices of shape \(1, 3\) and type int64 for values of shape \(1, 2\)"
    ),
    (lambda: F.max_unpool1d(ones(1, 2), ones(1, 2), 2), ShapeError, "use those that max_pool1d"),
    (
        lambda: F.max_unpool1d(ones(1, 2), ones(1, 2).long(), 2, output_size=(6,)), ValueError,
        r"output_size=\(6,\): it must be within the stride"
    ),
    (
        lambda: F.max_unpool1d(ones(1, 2), ones(1, 2).long() * 9, 2), ShapeError,
        r"an index lies outside of planes of \(4,\)"
    ),
]  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "message"), WRONG)
def test_what_does_not_fit(call: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        call()


def test_functions_of_three_dimensions() -> None:
    x = arange(16.0).reshape(2, 2, 2, 2)
    assert F.max_pool3d(x, 2).flatten().tolist() == F.adaptive_max_pool3d(x, 1).flatten().tolist() == [7, 15]
    assert F.avg_pool3d(x, 2).flatten().tolist() == F.adaptive_avg_pool3d(x, 1).flatten().tolist() == [3.5, 11.5]
    assert F.lp_pool3d(x, 1.0, 2).flatten().tolist() == [28, 92]
    assert F.lp_pool1d(x[0, 0], 1.0, 2).flatten().tolist() == [1, 5]
    assert F.lp_pool2d(x[0], 1.0, 2).flatten().tolist() == [6, 22]
    values, index = F.max_pool3d(x, 2, return_indices=True)
    assert F.max_unpool3d(values, index, 2).flatten().tolist() == [0] * 7 + [7] + [0] * 7 + [15]
    assert index.flatten().tolist() == [7, 7]
    assert F.adaptive_max_pool1d(x[0, 0], 2).equal(x[0, 0])


@given(
    st.sampled_from([((2, 2), (5, 6)), ((3, 3), (300, 7)), ((1, 4), (3, 8)), ((2,), (9,)), ((2, 1, 3), (4, 5, 6))]),
    st.sampled_from(["e", "f", "d", "i4", "u1"]),
    st.integers(0, 3),
    st.integers(0, 2**32 - 1),
)
def test_windows_side_by_side_have_their_largest_where_others_have(
    form: tuple[tuple[int, ...], tuple[int, ...]], kind: str, samples: int, seed: int
) -> None:
    """The first of equal ones, the last NaN: among few different numbers, so that most windows have ties."""
    (kernel, sizes), random = form, np.random.default_rng(seed)
    x = random.choice([0.0, 1.0, 2.0, 5.0], (samples, 2, *sizes)).astype(kind)
    if x.dtype.kind == "f":
        x[random.random(x.shape) < 0.3] = random.choice([np.nan, np.inf, -np.inf, -0.0])
    plain = ((0, 0),) * len(kernel), (1,) * len(kernel)
    wanted = kernels.in_whole(kernels.max_pool_indices(x, kernel, kernel, *plain), sizes)
    found = kernels.max_pool_places(x, kernel, kernel, *plain)
    assert found.dtype == wanted.dtype
    np.testing.assert_array_equal(found, wanted)
    out = np.empty_like(wanted)
    assert kernels.max_pool_places(x, kernel, kernel, *plain, out=out) is out
    np.testing.assert_array_equal(out, wanted)


def test_the_gradient_of_a_gradient_goes_where_the_largest_was() -> None:
    x = tensor([[[1.0, 3.0, 2.0], [0.0, 3.0, 5.0]]], requires_grad=True)
    for layer in (nn.MaxPool2d(2), nn.MaxPool2d(2, 1)):
        [slope] = minigrad.autograd.grad((layer(x) ** 3).sum(), x, create_graph=True)
        [curvature] = minigrad.autograd.grad(slope.sum(), x)
        assert curvature.tolist() == [[[0, 18, 0], [0, 0, 30 * (layer.stride == 1)]]]
