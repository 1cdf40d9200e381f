"""Borders, other sizes, grids, folding and shuffling: layers, what they print, and what they say of inputs that do not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minigrad
from minigrad import ShapeError, arange, nn, ones, tensor
from minigrad.nn import functional as F  # noqa: N812
from minigrad.testing import assert_close

LAYERS: list[tuple[Any, tuple[int, ...], tuple[int, ...], str]] = [
    *(
        (kind(1), (1, 2, *(3,) * dims), (1, 2, *(5,) * dims), str((1,) * (2 * dims)))
        for kinds in [
            (nn.ZeroPad1d, nn.ZeroPad2d, nn.ZeroPad3d),
            (nn.ReflectionPad1d, nn.ReflectionPad2d, nn.ReflectionPad3d),
            (nn.ReplicationPad1d, nn.ReplicationPad2d, nn.ReplicationPad3d),
            (nn.CircularPad1d, nn.CircularPad2d, nn.CircularPad3d),
        ]
        for dims, kind in enumerate(kinds, 1)
    ),
    *(
        (kind(1, 3.5), (2, *(3,) * dims), (2, *(5,) * dims), f"padding={(1,) * (2 * dims)}, value=3.5")
        for dims, kind in enumerate((nn.ConstantPad1d, nn.ConstantPad2d, nn.ConstantPad3d), 1)
    ),
    (nn.ReflectionPad2d((1, 0, 2, 1)), (1, 4, 3), (1, 7, 4), "(1, 0, 2, 1)"),
    (nn.Upsample(scale_factor=2), (1, 2, 3, 4), (1, 2, 6, 8), "scale_factor=2.0, mode='nearest'"),
    (nn.Upsample(scale_factor=(2, 1.5)), (1, 2, 3, 4), (1, 2, 6, 6), "scale_factor=(2.0, 1.5), mode='nearest'"),
    (nn.Upsample(size=5, mode="linear"), (1, 2, 3), (1, 2, 5), "size=5, mode='linear'"),
    (nn.UpsamplingNearest2d(scale_factor=3), (1, 2, 3, 4), (1, 2, 9, 12), "scale_factor=3.0, mode='nearest'"),
    (nn.UpsamplingBilinear2d(size=(5, 6)), (1, 2, 3, 4), (1, 2, 5, 6), "size=(5, 6), mode='bilinear'"),
    (nn.PixelShuffle(2), (1, 8, 3, 4), (1, 2, 6, 8), "upscale_factor=2"),
    (nn.PixelUnshuffle(2), (1, 2, 6, 8), (1, 8, 3, 4), "downscale_factor=2"),
    (nn.ChannelShuffle(2), (1, 4, 3), (1, 4, 3), "groups=2"),
    (nn.Unfold(2, padding=1), (1, 2, 3, 3), (1, 8, 16), "kernel_size=2, dilation=1, padding=1, stride=1"),
    (nn.Fold((3, 4), 2), (1, 8, 6), (1, 2, 3, 4), "output_size=(3, 4), kernel_size=2, dilation=1, padding=0, stride=1"),
]  # fmt: skip


@pytest.mark.parametrize(("layer", "shape", "wanted", "text"), LAYERS)
def test_layers(layer: Any, shape: tuple[int, ...], wanted: tuple[int, ...], text: str) -> None:
    assert repr(layer) == f"{type(layer).__name__}({text})"
    x = ones(shape, requires_grad=True)
    y = layer(x)
    assert y.shape == wanted
    y.sum().backward()
    assert x.grad is not None


def test_upsample_is_interpolate() -> None:
    x = arange(6.0).reshape(1, 2, 3)
    assert F.upsample(x, scale_factor=2, mode="linear", align_corners=True).equal(
        F.interpolate(x, None, 2, "linear", True)
    )


def test_factors() -> None:
    x = arange(3.0).reshape(1, 1, 3)
    assert F.interpolate(x, scale_factor=1.7).tolist() == [[[0, 0, 1, 1, 2]]]
    # as given, the factor is 2.4, and the whole size is 7; asked to, it is 7 / 3
    given = F.interpolate(x, scale_factor=2.4, mode="linear")
    again = F.interpolate(x, scale_factor=2.4, mode="linear", recompute_scale_factor=True)
    assert given.shape == again.shape == (1, 1, 7)
    assert again.equal(F.interpolate(x, size=7, mode="linear"))
    assert not given.equal(again)


def test_smaller_and_larger_pictures_by_the_nearest_element() -> None:
    x = arange(5.0, requires_grad=True)
    y = F.interpolate(x[None, None], size=3)
    assert y.tolist() == [[[0, 1, 3]]]
    [g] = minigrad.autograd.grad(y.sum(), x)
    assert g.tolist() == [1, 1, 0, 1, 0]
    [g] = minigrad.autograd.grad(F.interpolate(x[None, None], size=7).sum(), x)
    assert g.tolist() == [2, 1, 2, 1, 1]
    assert F.interpolate(tensor([[[1, 2]]]), size=4).tolist() == [[[1, 1, 2, 2]]]


def test_long_lines() -> None:
    """Where the matrix would be large, only its numbers are used: the result is the same."""
    x = minigrad.randn(1, 2, 700, dtype=minigrad.float64, requires_grad=True)
    y = F.interpolate(x, size=1500, mode="linear")
    at = np.clip((np.arange(1500) + 0.5) * 700 / 1500 - 0.5, 0, 699)
    assert_close(y[0, 1], np.interp(at, np.arange(700), x[0, 1].detach().numpy()))
    g = minigrad.randn(1, 2, 1500, dtype=minigrad.float64)
    [slope] = minigrad.autograd.grad(y, x, g)
    assert (slope * x).sum().item() == pytest.approx((y * g).sum().item())


def test_infinity_stays_where_it_is() -> None:
    x = tensor([[[1.0, np.inf, 3.0, 5.0]]])
    y = F.interpolate(x, size=8, mode="linear")
    assert np.isfinite(y.array[0, 0]).tolist() == [True, False, False, False, False, True, True, True]


def test_half() -> None:
    x = ones(1, 1, 3).half().requires_grad_()
    y = F.interpolate(x, size=5, mode="linear")
    assert y.dtype == minigrad.float16
    y.sum().backward()
    assert x.grad is not None
    assert x.grad.dtype == minigrad.float16


def test_empty() -> None:
    assert F.adaptive_avg_pool2d(minigrad.zeros(0, 2, 5, 5), 3).shape == (0, 2, 3, 3)
    assert F.unfold(minigrad.zeros(0, 2, 5, 5), 3).shape == (0, 18, 9)


def test_negative_borders() -> None:
    x = arange(1.0, 5.0).reshape(1, 4)
    assert F.pad(x, (-1, 1)).tolist() == [[2, 3, 4, 0]]
    assert F.pad(x, (-1, 1), "reflect").tolist() == [[2, 3, 4, 3]]
    assert F.pad(x, (-1, 1), "circular").tolist() == [[2, 3, 4, 2]]
    assert F.pad(x, (2, -3), "replicate").tolist() == [[1, 1, 1]]


def test_a_copy_of_its_own() -> None:
    x = ones(2, 2)
    for y in (F.pad(x, ()), F.pad(x, (0, 0)), F.pad(x, (0, 0), "reflect"), F.pad(x, (-1, 0))):
        assert not np.shares_memory(x.array, y.array)


@pytest.mark.parametrize("mode", ["bilinear", "nearest"])
@pytest.mark.parametrize("padding_mode", ["zeros", "border", "reflection"])
def test_the_identity_grid(mode: str, padding_mode: str) -> None:
    x = minigrad.randn(1, 2, 4, 5)
    theta = tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]], requires_grad=True)
    for align in (True, False):
        grid = F.affine_grid(theta, (1, 2, 4, 5), align)
        y = F.grid_sample(x, grid, mode, padding_mode, align)
        assert_close(y.detach(), x, rtol=1e-5, atol=1e-5)
        [g] = minigrad.autograd.grad(y.sum(), theta)
        assert mode == "bilinear" or g.abs().sum().item() == 0


def test_far_outside() -> None:
    x = tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    grid = tensor([[[[5.0, 5.0], [-3.0, 0.0]]]])
    sample = {
        mode: F.grid_sample(x, grid, "nearest", mode, False).tolist() for mode in ("zeros", "border", "reflection")
    }
    assert sample["zeros"] == [[[[0, 0]]]]
    assert sample["border"] == [[[[4, 1]]]]
    assert F.grid_sample(ones(1, 1, 1, 1), grid, padding_mode="reflection", align_corners=True).tolist() == [[[[1, 1]]]]


WRONG: list[tuple[Any, type[Exception], str]] = [
    (lambda: F.pad([1.0], (1, 1)), TypeError, "pad: a tensor is needed, not a list"),
    (lambda: F.pad(ones(2), 1), TypeError, "pad=1 is a int: give"),
    (lambda: F.pad(ones(2), (1,)), ShapeError, "give two numbers, before and after, for each of at most 1 dimensions"),
    (lambda: F.pad(ones(2), (1, 1, 1, 1)), ShapeError, "at most 1 dimensions"),
    (lambda: F.pad(ones(2), (-2, -2)), ShapeError, r"takes more away than a tensor of shape \(2,\) has"),
    (lambda: F.pad(ones(2), (1, 1), "mirror"), NotImplementedError, "mode='mirror': use 'constant', 'reflect'"),
    (lambda: F.pad(ones(2, 2), (1, 1), "reflect", 3), ShapeError, "only 'constant' takes a value"),
    (
        lambda: F.pad(ones(2), (1, 1), "reflect"), NotImplementedError,
        "as many dimensions are padded as there are after"
    ),
    (lambda: F.pad(ones(2, 2), (2, 1), "reflect"), ShapeError, "at most 1 elements can be added to a dimension of 2"),
    (lambda: F.pad(ones(2, 2), (3, 1), "circular"), ShapeError, "at most 2 elements"),
    (lambda: F.interpolate([1.0], 2), TypeError, "a tensor is needed"),
    (lambda: F.interpolate(ones(1, 1, 2)), ValueError, "either size or scale_factor should be defined"),
    (lambda: F.interpolate(ones(1, 1, 2), 2, 2), ValueError, "only one of size or scale_factor should be defined"),
    (
        lambda: F.interpolate(ones(1, 1, 2), 2, recompute_scale_factor=True), ValueError,
        "recompute_scale_factor=True with a size"
    ),
    (lambda: F.interpolate(ones(1, 1, 2), 2, antialias=True), NotImplementedError, "antialias=True is not supported"),
    (lambda: F.interpolate(ones(1, 1, 2), (2, 2)), ShapeError, r"size=\(2, 2\): give one number, or 1"),
    (lambda: F.interpolate(ones(1, 1, 2), 0), ShapeError, "each size must be at least 1, before and after"),
    (lambda: F.interpolate(ones(1, 1, 2), 2, mode="sinc"), NotImplementedError, "mode='sinc': use one of nearest"),
    (
        lambda: F.interpolate(ones(1, 1, 2), 2, mode="bilinear"), NotImplementedError,
        "for this input use mode='nearest' or .*'linear'"
    ),
    (lambda: F.interpolate(ones(2, 2), 2), NotImplementedError, r"it needs \(N, C, H, W\)"),
    (
        lambda: F.interpolate(ones(1, 1, 2), 2, align_corners=False), ValueError,
        "align_corners with mode='nearest': it is for linear"
    ),
    (
        lambda: F.interpolate(ones(1, 1, 2).long(), 2, mode="linear"), TypeError,
        r"of type int64: convert it first, x.float\(\)"
    ),
    (
        lambda: F.affine_grid(ones(1, 3, 3), (1, 1, 2, 2), True), ShapeError,
        r"theta of shape \(1, 3, 3\) .* it must be \(N, 2, 3\)"
    ),
    (
        lambda: F.grid_sample(ones(1, 1, 2, 2), ones(1, 2, 2, 3), align_corners=True), ShapeError,
        "an input of shape .* and a grid of shape"
    ),
    (
        lambda: F.grid_sample(ones(1, 1, 2, 2), ones(1, 2, 2, 2), "bicubic", align_corners=True), NotImplementedError,
        "use 'bilinear' or 'nearest'"
    ),
    (
        lambda: F.grid_sample(ones(1, 1, 2, 2), ones(1, 2, 2, 2), "nearest", "wrap", True), NotImplementedError,
        "use 'zeros', 'border'"
    ),
    (lambda: F.unfold(ones(1, 2, 2), 3), ShapeError, r"windows of \(3, 3\) do not fit in planes of \(2, 2\)"),
    (lambda: F.fold(ones(1, 3, 1), 2, 2), ShapeError, r"it must be \(N, a multiple of 4, 1\), or without N"),
    (lambda: F.pixel_shuffle(ones(3, 2, 2), 2), ShapeError, "C must be a multiple of 4"),
    (lambda: F.pixel_unshuffle(ones(3, 3, 2), 2), ShapeError, "must be multiples of 2"),
    (lambda: F.channel_shuffle(ones(1, 3, 2), 2), ShapeError, "C must be a multiple of groups"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "message"), WRONG)
def test_what_does_not_fit(call: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        call()


def test_corners_that_are_not_said() -> None:
    with pytest.warns(UserWarning, match="affine_grid: align_corners was not given"):
        grid = F.affine_grid(ones(1, 2, 3), (1, 1, 2, 2))
    with pytest.warns(UserWarning, match="grid_sample: align_corners was not given"):
        F.grid_sample(ones(1, 1, 2, 2), grid)


def test_volumes() -> None:
    theta = tensor(np.eye(3, 4)[None], dtype=minigrad.float32)
    x = arange(24.0).reshape(1, 1, 2, 3, 4)
    assert_close(F.grid_sample(x, F.affine_grid(theta, x.shape, True), align_corners=True), x, rtol=1e-4, atol=1e-4)
    assert F.interpolate(x, size=(2, 3, 4), mode="trilinear").equal(x)
