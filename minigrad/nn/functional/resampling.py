"""Lines, planes and volumes in other sizes, and seen through a grid."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from math import floor
from typing import Any

import numpy as np

from minigrad.errors import ShapeError, not_a_tensor
from minigrad.ops.elementwise import where
from minigrad.ops.pooling import in_whole, take_planes
from minigrad.ops.resampling import resample
from minigrad.tensor import Tensor, wrap

_MODES = {"nearest": (3, 4, 5), "nearest-exact": (3, 4, 5), "area": (3, 4, 5), "linear": (3,), "bilinear": (4,),
          "bicubic": (4,), "trilinear": (5,)}  # fmt: skip
_ALIGNED = ("linear", "bilinear", "bicubic", "trilinear")


def interpolate(
    input: Tensor,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Tensor:
    """(N, C, L), (N, C, H, W) or (N, C, D, H, W) with other sizes after the channels.

    Args:
        input: a batch.
        size: the sizes wanted: a number for all of them, or one for each; or else
        scale_factor: how many times larger: likewise.
        mode: "nearest", "nearest-exact" (which rounds where "nearest" rounds down), "area" (means); "linear" for lines,
            "bilinear" or "bicubic" for planes, "trilinear" for volumes.
        align_corners: the first and last elements lie on those of the input; or else their outer edges do. For the linear
            and cubic modes only.
        recompute_scale_factor: use the factors that the whole sizes come to.
        antialias: not supported: NotImplementedError.

    ValueError if not one of size and scale_factor is given; ShapeError or ValueError for a mode that does not fit.

    Source: R. Keys, Cubic convolution interpolation for digital image processing, IEEE Trans. ASSP 29, 1981 ("bicubic").

    >>> from minigrad import nn, tensor
    >>> nn.functional.interpolate(tensor([[[1.0, 3.0]]]), scale_factor=2, mode="linear")
    tensor([[[1.0000, 1.5000, 2.5000, 3.0000]]])
    """
    if not hasattr(input, "_version"):
        raise not_a_tensor("interpolate", input)
    shape = tuple(input.array.shape)
    _check_mode(mode, len(shape), shape, align_corners)
    if antialias:
        raise NotImplementedError(
            "interpolate: antialias=True is not supported: use mode='area' to make a picture smaller"
        )
    whole = shape[2:]
    if (size is None) == (scale_factor is None):
        which = "either size or scale_factor" if size is None else "only one of size or scale_factor"
        raise ValueError(f"interpolate: {which} should be defined: give one of the two")
    scales: Sequence[float | None] = (None,) * len(whole)
    if size is not None:
        sizes = tuple(int(n) for n in _each(size, len(whole), "size"))
        if recompute_scale_factor:
            raise ValueError("interpolate: recompute_scale_factor=True with a size: it is for a scale_factor")
    else:
        factors = _each(scale_factor, len(whole), "scale_factor")
        sizes = tuple(floor(n * float(factor)) for n, factor in zip(whole, factors))
        if not recompute_scale_factor:
            scales = tuple(1 / float(factor) for factor in factors)
    if any(n < 1 for n in (*whole, *sizes)):
        raise ShapeError(
            f"interpolate: an input of shape {shape} to sizes {sizes}: each size must be at least 1, before and after"
        )
    if mode == "area":
        return evenly(input, sizes)
    if input.array.dtype.kind != "f" and not mode.startswith("nearest"):
        raise TypeError(
            f"interpolate: mode={mode!r} of a tensor of type {input.array.dtype}: convert it first, x.float()"
        )
    kind = "cubic" if mode == "bicubic" else "linear" if mode in _ALIGNED else mode
    align = bool(align_corners)
    if kind in (
        "linear",
        "nearest",
    ):  # a dimension that keeps its size is copied, whatever the factor was, as in PyTorch
        scales = [None if n == m else s for n, m, s in zip(whole, sizes, scales)]
    maps = tuple((kind, n, m, None if align else s, align) for n, m, s in zip(whole, sizes, scales))
    return resample(input, maps)


def upsample(
    input: Tensor, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: bool | None = None
) -> Tensor:
    """`interpolate`, by its old name."""
    return interpolate(input, size, scale_factor, mode, align_corners)


def evenly(input: Tensor, sizes: tuple[int, ...]) -> Tensor:
    """The means of so many even parts of each dimension after the channels: what `adaptive_avg_pool2d` gives."""
    whole = input.array.shape[2:]
    return resample(input, tuple(("area", n, m, None, False) for n, m in zip(whole, sizes)))


def _each(given: Any, dims: int, what: str) -> Sequence[Any]:
    """One for each dimension."""
    several = given if isinstance(given, tuple | list) else (given,) * dims
    if len(several) != dims:
        raise ShapeError(
            f"interpolate: {what}={given}: give one number, or {dims}, one for each dimension after the channels"
        )
    return several


def _check_mode(mode: str, ndim: int, shape: tuple[int, ...], align_corners: bool | None) -> None:
    if mode not in _MODES:
        raise NotImplementedError(f"interpolate: mode={mode!r}: use one of {', '.join(_MODES)}")
    if ndim not in _MODES[mode]:
        fitting = [name for name in _MODES if ndim in _MODES[name]]
        hint = f"for this input use mode={' or '.join(map(repr, fitting))}" if fitting else "it needs (N, C, H, W)"
        raise NotImplementedError(f"interpolate: mode={mode!r} of a tensor of shape {shape}: {hint}")
    if align_corners is not None and mode not in _ALIGNED:
        raise ValueError(f"interpolate: align_corners with mode={mode!r}: it is for {', '.join(_ALIGNED)}")


# ── through a grid ───────────────────────────────────────────────────────────────────────────────────────────────────


def affine_grid(theta: Tensor, size: Sequence[int], align_corners: bool | None = None) -> Tensor:
    """The places that an affine map sends each pixel's place to, for `grid_sample`.

    theta (N, 2, 3) and size (N, C, H, W) give (N, H, W, 2); (N, 3, 4) and (N, C, D, H, W) give (N, D, H, W, 3). Places are
    from -1 to 1 along each dimension, x first; with `align_corners` these are the centres of the outermost pixels, otherwise
    their outer edges.

    Source: M. Jaderberg et al., Spatial transformer networks, NeurIPS 2015.
    """
    if align_corners is None:
        _warn_of_corners("affine_grid")
    sizes = tuple(int(n) for n in size)[2:]
    dims = len(sizes)
    if dims not in (2, 3) or tuple(theta.array.shape) != (int(size[0]), dims, dims + 1):
        raise ShapeError(
            f"affine_grid: theta of shape {tuple(theta.array.shape)} for size={tuple(size)}: it must be (N, 2, 3) for (N, "
            "C, H, W), or (N, 3, 4) for (N, C, D, H, W)"
        )
    lines = [
        np.linspace(-1, 1, n) * (1 if align_corners else (n - 1) / n) if n > 1 else np.zeros(n) for n in reversed(sizes)
    ]
    grids = np.meshgrid(*reversed(lines), indexing="ij")[::-1]
    base = np.stack([*grids, np.ones(sizes)], -1).reshape(1, -1, dims + 1).astype(theta.array.dtype)
    return theta.new_tensor(base).matmul(theta.mT).reshape(int(size[0]), *sizes, dims)


def grid_sample(
    input: Tensor,
    grid: Tensor,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: bool | None = None,
) -> Tensor:
    """`input` (N, C, H, W) at the places of `grid` (N, H', W', 2): (N, C, H', W'). Likewise with a third dimension, D.

    Args:
        input: a batch of pictures or volumes.
        grid: places, x first, from -1 to 1 along each dimension.
        mode: "bilinear" or "nearest".
        padding_mode: what is outside: "zeros", the "border", or a "reflection".
        align_corners: are -1 and 1 the centres of the outermost pixels, or their outer edges?

    Both operands receive gradients. ShapeError if they do not fit. "bicubic" is not supported.

    Source: M. Jaderberg et al., Spatial transformer networks, NeurIPS 2015.
    """
    if align_corners is None:
        _warn_of_corners("grid_sample")
    x, g = input.array.shape, grid.array.shape
    dims = len(x) - 2
    if dims not in (2, 3) or len(g) != len(x) or g[0] != x[0] or g[-1] != dims or 0 in x[2:]:
        raise ShapeError(
            f"grid_sample: an input of shape {tuple(x)} and a grid of shape {tuple(g)}: they must be (N, C, H, W) and (N, "
            "H', W', 2), or (N, C, D, H, W) and (N, D', H', W', 3)"
        )
    if mode not in ("bilinear", "nearest"):
        raise NotImplementedError(f"grid_sample: mode={mode!r}: use 'bilinear' or 'nearest'")
    if padding_mode not in ("zeros", "border", "reflection"):
        raise NotImplementedError(f"grid_sample: padding_mode={padding_mode!r}: use 'zeros', 'border' or 'reflection'")
    sizes = x[2:]
    at = [
        _inside(_place(grid.select(-1, dims - 1 - i), n, bool(align_corners)), n, padding_mode, bool(align_corners))
        for i, n in enumerate(sizes)
    ]
    if mode == "nearest":
        found = _corner(input, [np.round(place.array) for place in at])
        still = at[0].masked_fill(wrap(np.ones(at[0].array.shape, bool)), 0)  # the grid's gradient: 0
        return found + still.unsqueeze(1)
    low = [np.floor(place.array) for place in at]
    total: Any = None
    for corner in np.ndindex(*(2,) * dims):
        share: Any = None
        for place, below, up in zip(at, low, corner):
            part = place - wrap(below) if up else wrap(below + 1) - place
            share = part if share is None else share * part
        term = _corner(input, [below + up for below, up in zip(low, corner)]) * share.unsqueeze(1)
        total = term if total is None else total + term
    result: Tensor = total
    return result


def _corner(input: Tensor, places: Sequence[np.ndarray[Any, Any]]) -> Tensor:
    """The elements at whole places, one array of them per dimension; 0 for those outside."""
    sizes = input.array.shape[2:]
    inside: Any = True
    index: Any = 0
    for place, n in zip(places, sizes):
        inside = inside & (place >= 0) & (place < n)
        index = index * n + np.clip(np.nan_to_num(place), 0, n - 1).astype(np.int64)
    channels = input.array.shape[1]
    index = np.repeat(np.asarray(index)[:, None], channels, 1)
    taken = take_planes(input, in_whole(wrap(index), sizes), False)
    return taken if np.all(inside) else where(wrap(np.asarray(inside)[:, None]), taken, 0.0)


def _place(grid: Tensor, n: int, align: bool) -> Tensor:
    """-1 to 1 as places among n elements."""
    return (grid + 1) * ((n - 1) / 2) if align else ((grid + 1) * n - 1) / 2


def _inside(place: Tensor, n: int, padding_mode: str, align: bool) -> Tensor:
    """Places outside moved to the border, or reflected; the slope is 0 where they stop."""
    if padding_mode == "reflection":
        low, span = (0.0, n - 1.0) if align else (-0.5, float(n))
        if span == 0:
            return place * 0
        away = (place - low).abs()
        times = np.floor(away.array / span)
        rest = away - wrap((times * span).astype(away.array.dtype))
        place = where(wrap(times % 2 == 0), rest + low, (span + low) - rest)
    if padding_mode != "zeros":
        stop = wrap((place.array > 0) & (place.array < n - 1))
        place = where(stop, place, place.detach().clamp(0, n - 1))
    return place


def _warn_of_corners(name: str) -> None:
    warnings.warn(
        f"{name}: align_corners was not given, and is False: say which is meant, as PyTorch before 1.3 took it for True",
        UserWarning,
        stacklevel=3,
    )
