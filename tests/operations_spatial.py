"""Rows of the table of operations: convolution, pooling, padding, other sizes, folding. The references go window by window."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor, prod
from typing import Any

import numpy as np
from domains import DISTINCT, FREE, POSITIVE, Case, Operation, alike, array
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from minigrad.nn import functional as F  # noqa: N812

Sizes = tuple[int, ...]


def each(number: Any, dims: int) -> Sizes:
    return tuple(number) if isinstance(number, tuple) else (number,) * dims


# ── convolution ──────────────────────────────────────────────────────────────────────────────────────────────────────


def correlated(
    x: np.ndarray,
    w: np.ndarray,
    b: Any = None,
    *,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> np.ndarray:
    """One product of window and weight per place and group."""
    dims = w.ndim - 2
    stride, dilation, kernel = each(stride, dims), each(dilation, dims), w.shape[2:]
    if padding == "same":
        total = [d * (k - 1) for d, k in zip(dilation, kernel)]
        pairs = [(t // 2, t - t // 2) for t in total]
    else:
        pairs = [(p, p) for p in each(padding, dims)]
    x = np.pad(x, [(0, 0), (0, 0), *pairs])
    places = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(x.shape[2:], kernel, stride, dilation)]
    out = np.zeros((len(x), len(w), *places))
    per, outs = w.shape[1], len(w) // groups
    for at in np.ndindex(*places):
        window = x[
            (..., *(slice(i * s, i * s + d * (k - 1) + 1, d) for i, s, d, k in zip(at, stride, dilation, kernel)))
        ]
        for g in range(groups):
            part = window[:, g * per : (g + 1) * per].reshape(len(x), per * prod(kernel))
            out[(slice(None), slice(g * outs, (g + 1) * outs), *at)] = (
                part @ w[g * outs : (g + 1) * outs].reshape(outs, -1).T
            )
    return out if b is None else out + b.reshape(-1, *(1,) * dims)


def transposed(
    x: np.ndarray, w: np.ndarray, b: Any = None, *, stride: Any = 1, padding: Any = 0, output_padding: Any = 0,
    groups: int = 1, dilation: Any = 1,
) -> np.ndarray:  # fmt: skip
    """Each element of the input stamps the weight, times itself, on the result."""
    dims = w.ndim - 2
    stride, padding, extra, dilation = (each(v, dims) for v in (stride, padding, output_padding, dilation))
    kernel, per, outs = w.shape[2:], w.shape[0] // groups, w.shape[1]
    sizes = [(n - 1) * s + d * (k - 1) + 1 + e for n, s, d, k, e in zip(x.shape[2:], stride, dilation, kernel, extra)]
    out = np.zeros((len(x), outs * groups, *sizes))
    for at in np.ndindex(*x.shape[2:]):
        place = tuple(slice(i * s, i * s + d * (k - 1) + 1, d) for i, s, d, k in zip(at, stride, dilation, kernel))
        for c in range(x.shape[1]):
            g = c // per
            stamp = x[(slice(None), c, *at)].reshape(-1, *(1,) * (dims + 1)) * w[c]
            out[(slice(None), slice(g * outs, (g + 1) * outs), *place)] += stamp
    out = out[(..., *(slice(p, n - p) for p, n in zip(padding, sizes)))]
    return out if b is None else out + b.reshape(-1, *(1,) * dims)


@st.composite
def convolutions(draw: st.DrawFn, dims: int, most: int = 4, transpose: bool = False, **given: Any) -> Case:
    """An input, a weight and perhaps a bias, with arguments."""
    groups = given.pop("groups", 1)
    args: dict[str, Any] = {"groups": groups}
    args |= {name: draw(value) for name, value in given.items()}
    kernel = tuple(draw(st.integers(1, 3)) for _ in range(dims))
    dilation, padding = each(args.get("dilation", 1), dims), args.get("padding", 0)
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel)]
    if transpose:
        sizes = tuple(draw(st.integers(1, 3)) for _ in range(dims))
        padding = each(padding, dims)
        args["padding"] = tuple(min(p, (s - 1) // 2) for p, s in zip(padding, spans))
    else:
        borders = spans if padding == "same" else [2 * p for p in each(padding, dims)]
        sizes = tuple(draw(st.integers(max(s - b, 1), max(s - b, most))) for s, b in zip(spans, borders))
    n, per, outs = draw(st.integers(0, 2)), draw(st.integers(1, 2)), draw(st.integers(1, 2))
    weight = (per * groups, outs, *kernel) if transpose else (outs * groups, per, *kernel)
    arrays = [draw(array((n, per * groups, *sizes))), draw(array(weight)), draw(array((outs * groups,)))]
    return Case(tuple(arrays[: draw(st.integers(2, 3))]), args)


ONE_OR_TWO = st.integers(1, 2)

CONVOLUTIONS = [
    Operation(
        "conv1d", correlated, convolutions(1, 5, stride=ONE_OR_TWO, padding=st.integers(0, 2)), function=F.conv1d
    ),
    Operation(
        "conv2d",
        correlated,
        convolutions(2, stride=st.tuples(ONE_OR_TWO, ONE_OR_TWO), padding=st.tuples(st.integers(0, 2), ONE_OR_TWO)),
        function=F.conv2d,
    ),
    Operation(
        "conv2d, dilated",
        correlated,
        convolutions(2, 5, dilation=ONE_OR_TWO, padding=st.just("same")),
        function=F.conv2d,
    ),
    Operation("conv2d, in groups", correlated, convolutions(2, groups=2, stride=ONE_OR_TWO), function=F.conv2d),
    Operation("conv3d", correlated, convolutions(3, 2, padding=st.integers(0, 1)), function=F.conv3d),
    Operation(
        "conv_transpose1d",
        transposed,
        convolutions(1, transpose=True, stride=st.just(3), output_padding=st.integers(0, 2), padding=ONE_OR_TWO),
        function=F.conv_transpose1d,
    ),
    Operation(
        "conv_transpose2d",
        transposed,
        convolutions(2, transpose=True, stride=ONE_OR_TWO, dilation=ONE_OR_TWO, padding=st.integers(0, 1)),
        function=F.conv_transpose2d,
    ),
    Operation(
        "conv_transpose2d, in groups",
        transposed,
        convolutions(2, groups=2, transpose=True, stride=st.just(2), output_padding=st.just(1)),
        function=F.conv_transpose2d,
    ),
    Operation(
        "conv_transpose3d", transposed, convolutions(3, transpose=True, stride=ONE_OR_TWO), function=F.conv_transpose3d
    ),
]


# ── pooling ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def pooled(
    x: np.ndarray, reduce: Callable[..., Any], kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False,
) -> np.ndarray:  # fmt: skip
    """reduce(window, how many elements it has with its padding) per place; the window without its padding."""
    dims = x.ndim - 2
    kernel, padding, dilation = each(kernel_size, dims), each(padding, dims), each(dilation, dims)
    stride = kernel if stride is None else each(stride, dims)
    lines = []
    for n, k, s, p, d in zip(x.shape[2:], kernel, stride, padding, dilation):
        line, start, span = [], -p, d * (k - 1) + 1
        while start + span <= n + p or (ceil_mode and start < n and start - s + span < n + p):
            at = [start + i * d for i in range(k)]
            line.append(([i for i in at if 0 <= i < n], sum(i < n + p for i in at)))
            start += s
        lines.append(line)
    out = np.zeros((*x.shape[:2], *map(len, lines)))
    for at in np.ndindex(*map(len, lines)):
        inside, counts = zip(*(line[i] for line, i in zip(lines, at)))
        window = x[np.ix_(range(x.shape[0]), range(x.shape[1]), *inside)]
        out[(..., *at)] = reduce(window.reshape(*x.shape[:2], prod(map(len, inside))), prod(counts))
    return out


def largest(x: np.ndarray, **window: Any) -> np.ndarray:
    return pooled(x, lambda w, n: np.sort(w, -1)[..., -1], **window)


def mean(x: np.ndarray, count_include_pad: bool = True, divisor_override: Any = None, **window: Any) -> np.ndarray:
    return pooled(x, lambda w, n: w.sum(-1) / (divisor_override or (n if count_include_pad else w.shape[-1])), **window)


def normed(x: np.ndarray, norm_type: float, **window: Any) -> np.ndarray:
    return pooled(x, lambda w, n: (w**norm_type).sum(-1) ** (1 / norm_type), **window)


def in_parts(x: np.ndarray, output_size: Any, reduce: Callable[..., Any]) -> np.ndarray:
    sizes = each(output_size, x.ndim - 2)
    out = np.zeros((*x.shape[:2], *sizes))
    for at in np.ndindex(*sizes):
        part = x[(..., *(slice(floor(i * n / m), ceil((i + 1) * n / m)) for i, n, m in zip(at, x.shape[2:], sizes)))]
        out[(..., *at)] = reduce(part.reshape(*x.shape[:2], -1), -1)
    return out


@st.composite
def windows(
    draw: st.DrawFn, dims: int, elements: Any = FREE, most: int = 5, dilated: bool = False, **more: Any
) -> Case:
    """Planes, and windows in them."""
    kernel = tuple(draw(st.integers(1, 3)) for _ in range(dims))
    args: dict[str, Any] = {"kernel_size": kernel, "stride": draw(st.none() | st.tuples(*[ONE_OR_TWO] * dims))}
    args |= {"dilation": draw(ONE_OR_TWO)} if dilated else {}
    args |= {name: draw(value) for name, value in more.items()}
    if "padding" in args:
        args["padding"] = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    sizes = tuple(draw(st.integers(max(args.get("dilation", 1) * (k - 1) + 1, 2), most)) for k in kernel)
    return Case((draw(array((draw(st.integers(0, 2)), draw(ONE_OR_TWO), *sizes), elements)),), args)


@st.composite
def unpooled(draw: st.DrawFn) -> Case:
    """Values, and where they go, each to a place of its own."""
    index = np.array([[draw(st.permutations(range(16)))[:4] for _ in range(2)]]).reshape(1, 2, 2, 2)
    return Case((draw(array((1, 2, 2, 2))), index), {"kernel_size": 2})


def put_back(x: np.ndarray, index: np.ndarray, kernel_size: int) -> np.ndarray:
    places = np.eye(16)[index.reshape(1, 2, 4)]
    return np.einsum("nci,ncij->ncj", x.reshape(1, 2, 4), places).reshape(1, 2, 4, 4)


PLANES = alike(FREE, shape=st.tuples(ONE_OR_TWO, ONE_OR_TWO, st.integers(1, 5), st.integers(1, 5)),
               output_size=st.tuples(*[st.integers(1, 4)] * 2))  # fmt: skip
DISTINCT_PLANES = alike(DISTINCT, shape=st.tuples(ONE_OR_TWO, ONE_OR_TWO, st.integers(1, 5), st.integers(1, 5)),
                        output_size=st.tuples(*[st.integers(1, 4)] * 2))  # fmt: skip

POOLS = [
    *(
        Operation(
            f"max_pool{dims}d", largest,
            windows(dims, DISTINCT, most, dilated=dims < 3, padding=st.just(0), ceil_mode=st.booleans()),
            function=getattr(F, f"max_pool{dims}d"),
        )
        for dims, most in ((1, 7), (2, 5), (3, 3))
    ),
    *(
        Operation(
            f"avg_pool{dims}d", mean,
            windows(dims, FREE, most, padding=st.just(0), ceil_mode=st.booleans(), count_include_pad=st.booleans()),
            function=getattr(F, f"avg_pool{dims}d"), integers=None,
        )
        for dims, most in ((1, 7), (2, 5), (3, 3))
    ),
    Operation("avg_pool2d, divisor", mean, windows(2, divisor_override=st.just(3)), function=F.avg_pool2d, integers=None),
    *(
        Operation(
            f"lp_pool{dims}d", normed, windows(dims, POSITIVE, norm_type=st.sampled_from([1.0, 2.0, 3.0])),
            function=getattr(F, f"lp_pool{dims}d"), integers=None,
        )
        for dims in (1, 2)
    ),
    Operation("max_unpool2d", put_back, unpooled(), function=F.max_unpool2d),
    Operation(
        "adaptive_avg_pool2d", lambda x, output_size: in_parts(x, output_size, np.mean), PLANES, function=F.adaptive_avg_pool2d,
        integers=TypeError,
    ),
    Operation(
        "adaptive_max_pool2d", lambda x, output_size: in_parts(x, output_size, np.max), DISTINCT_PLANES,
        function=F.adaptive_max_pool2d, integers=TypeError,
    ),
]  # fmt: skip


# ── borders ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def bordered(draw: st.DrawFn, mode: str) -> Case:
    """A tensor, and how far each of its last dimensions is to go on; in reverse order, as `pad` takes it."""
    dims = draw(st.integers(1, 2))
    sizes = tuple(draw(st.integers(2, 3)) for _ in range(dims))
    least = -1 if mode == "constant" else 0
    pad = tuple(draw(st.integers(least, n - 1)) for n in sizes[::-1] for _ in range(2))
    shape = (*draw(st.sampled_from([(2,), (1, 2)])), *sizes)
    return Case((draw(array(shape)),), {"pad": pad, "mode": mode} | ({"value": 2.0} if mode == "constant" else {}))


def continued(x: np.ndarray, pad: Sizes, mode: str, value: float = 0) -> np.ndarray:
    pairs = [(0, 0)] * (x.ndim - len(pad) // 2) + [(pad[i], pad[i + 1]) for i in range(len(pad) - 2, -1, -2)]
    wide = [(max(a, 0), max(b, 0)) for a, b in pairs]
    name = {"replicate": "edge", "circular": "wrap"}.get(mode, mode)
    out = np.pad(x, wide, name, **({"constant_values": value} if mode == "constant" else {}))
    return out[tuple(slice(max(-a, 0), n - max(-b, 0)) for n, (a, b) in zip(out.shape, pairs))]


BORDERS = [
    Operation(f"pad, {mode}", continued, bordered(mode), function=F.pad)
    for mode in ("constant", "reflect", "replicate", "circular")
]


# ── other sizes ──────────────────────────────────────────────────────────────────────────────────────────────────────


def weights(n: int, m: int, mode: str, align: Any) -> np.ndarray:
    """(m, n): how much of each of n elements is in each of m, from the shape of the kernel between them."""
    out = np.zeros((m, n))
    for i in range(m):
        if mode == "area":
            start, end = floor(i * n / m), ceil((i + 1) * n / m)
            out[i, start:end] = 1 / (end - start)
        elif mode.startswith("nearest"):
            out[i, min(floor((i + (0.5 if mode == "nearest-exact" else 0)) * n / m), n - 1)] = 1
        else:
            at = i * (n - 1) / max(m - 1, 1) if align else (i + 0.5) * n / m - 0.5
            at = at if mode == "bicubic" else min(max(at, 0), n - 1)
            for j in range(floor(at) - 1, floor(at) + 3):
                x = abs(at - j)
                hat = max(1 - x, 0)
                cubic = (1.25 * x**3 - 2.25 * x**2 + 1) if x <= 1 else (-0.75 * (x**3 - 5 * x**2 + 8 * x - 4)) * (x < 2)
                out[i, min(max(j, 0), n - 1)] += cubic if mode == "bicubic" else hat
    return out


def resized(x: np.ndarray, size: Sizes, mode: str, align_corners: Any = None) -> np.ndarray:
    for axis, m in enumerate(size, 2):
        x = np.moveaxis(np.tensordot(weights(x.shape[axis], m, mode, align_corners), x, (1, axis)), 0, axis)
    return x


def sizing(dims: int, **more: Any) -> st.SearchStrategy[Case]:
    shape = st.tuples(ONE_OR_TWO, ONE_OR_TWO, *[st.integers(1, 4)] * dims)
    return alike(FREE, shape=shape, size=st.tuples(*[st.integers(1, 6)] * dims), **more)


CORNERS = st.sampled_from([True, False])

RESIZED = [
    *(
        Operation(f"interpolate, {mode}", resized, sizing(2, mode=st.just(mode)), function=F.interpolate, integers=None)
        for mode in ("nearest", "nearest-exact", "area")
    ),
    *(
        Operation(
            f"interpolate, {mode}", resized, sizing(dims, mode=st.just(mode), align_corners=CORNERS), function=F.interpolate,
            integers=None,
        )
        for dims, mode in ((1, "linear"), (2, "bilinear"), (2, "bicubic"), (3, "trilinear"))
    ),
]  # fmt: skip


def sampled(x: np.ndarray, grid: np.ndarray, padding_mode: str, align_corners: bool) -> np.ndarray:
    """Each place for itself: the elements around it, by the hat function of their distances."""
    n, c, *sizes = x.shape
    out = np.zeros((n, c, *grid.shape[1:-1]))
    for at in np.ndindex(n, *grid.shape[1:-1]):
        places = []
        for size, g in zip(sizes, grid[at][::-1]):
            p = (g + 1) / 2 * (size - 1) if align_corners else ((g + 1) * size - 1) / 2
            places.append(min(max(p, 0), size - 1) if padding_mode == "border" else p)
        for element in np.ndindex(*sizes):
            share = prod(max(1 - abs(p - i), 0) for p, i in zip(places, element))
            out[(at[0], slice(None), *at[1:])] += share * x[(at[0], slice(None), *element)]
    return out


@st.composite
def grids(draw: st.DrawFn) -> Case:
    """A picture, and places that keep away from the elements' own, where the slope jumps."""
    h, w = draw(st.integers(2, 3)), draw(st.integers(2, 3))
    align = draw(CORNERS)
    shape = (1, *(draw(ONE_OR_TWO) for _ in range(2)))
    lines = []
    for size in (w, h):
        p = draw(hnp.arrays(np.int64, shape, elements=st.integers(-1, size - 1))) + draw(
            hnp.arrays(np.float64, shape, elements=st.floats(0.2, 0.8))
        )
        lines.append(p / (size - 1) * 2 - 1 if align else (p * 2 + 1) / size - 1)
    params = {"padding_mode": draw(st.sampled_from(["zeros", "border"])), "align_corners": align}
    return Case((draw(array((1, draw(ONE_OR_TWO), h, w))), np.stack(lines, -1)), params)


def spread_out(theta: np.ndarray, size: Sizes, align_corners: bool) -> np.ndarray:
    out = np.zeros((len(theta), *size[2:], 2))
    for i, j in np.ndindex(*size[2:]):
        y, x = ((2 * k / (n - 1) - 1 if align_corners else (2 * k + 1) / n - 1) for k, n in zip((i, j), size[2:]))
        out[:, i, j] = theta @ [x, y, 1]
    return out


GRIDS = [
    Operation("grid_sample", sampled, grids(), function=F.grid_sample, integers=None),
    Operation(
        "affine_grid",
        spread_out,
        alike(FREE, shape=st.just((2, 2, 3)), size=st.just((2, 1, 2, 3)), align_corners=CORNERS),
        function=F.affine_grid,
        integers=None,
    ),
]


# ── folding and shuffling ────────────────────────────────────────────────────────────────────────────────────────────


@st.composite
def folds(draw: st.DrawFn, back: bool = False) -> Case:
    pair = lambda low, high: tuple(draw(st.integers(low, high)) for _ in range(2))  # noqa: E731
    args = {"kernel_size": pair(1, 2), "dilation": pair(1, 2), "padding": pair(0, 1), "stride": pair(1, 2)}
    sizes = pair(3, 4)
    shape: Sizes = (*draw(st.sampled_from([(), (2,)])), 2, *sizes)
    if back:
        columns = columned(np.zeros(shape), **args).shape
        return Case((draw(array(columns)),), {"output_size": sizes} | args)
    return Case((draw(array(shape)),), args)


def columned(x: np.ndarray, kernel_size: Sizes, dilation: Sizes, padding: Sizes, stride: Sizes) -> np.ndarray:
    """The windows, one after another."""
    batch = x if x.ndim == 4 else x[None]
    batch = np.pad(batch, [(0, 0), (0, 0), *((p, p) for p in padding)])
    spans = [d * (k - 1) + 1 for d, k in zip(dilation, kernel_size)]
    starts = [range(0, n - span + 1, s) for n, span, s in zip(batch.shape[2:], spans, stride)]
    columns = [
        batch[:, :, i : i + spans[0] : dilation[0], j : j + spans[1] : dilation[1]].reshape(len(batch), -1)
        for i in starts[0]
        for j in starts[1]
    ]
    out = np.stack(columns, -1)
    return out if x.ndim == 4 else out[0]


def added_up(x: np.ndarray, output_size: Sizes, **window: Any) -> np.ndarray:
    """The transpose of `columned`, as a matrix."""
    channels = x.shape[-2] // prod(window["kernel_size"])
    basis = np.eye(channels * prod(output_size)).reshape(-1, channels, *output_size)
    matrix = columned(basis, **window).reshape(len(basis), -1)
    return (x.reshape(*x.shape[:-2], -1) @ matrix.T).reshape(*x.shape[:-2], channels, *output_size)


def shuffled(x: np.ndarray, upscale_factor: int) -> np.ndarray:
    r = upscale_factor
    out = np.zeros((*x.shape[:-3], x.shape[-3] // r**2, x.shape[-2] * r, x.shape[-1] * r))
    for c, i, j in np.ndindex(*out.shape[-3:]):
        out[..., c, i, j] = x[..., c * r * r + i % r * r + j % r, i // r, j // r]
    return out


def unshuffled(x: np.ndarray, downscale_factor: int) -> np.ndarray:
    r = downscale_factor
    parts = [x[..., c, i::r, j::r] for c in range(x.shape[-3]) for i in range(r) for j in range(r)]
    return np.stack(parts, -3)


FOLDS = [
    Operation("unfold, of planes", columned, folds(), function=F.unfold),
    Operation("fold", added_up, folds(back=True), function=F.fold),
    Operation(
        "pixel_shuffle", shuffled, alike(FREE, shape=st.just((2, 4, 2, 3)), upscale_factor=ONE_OR_TWO), function=F.pixel_shuffle
    ),
    Operation(
        "pixel_unshuffle", unshuffled, alike(FREE, shape=st.just((2, 2, 4, 2)), downscale_factor=ONE_OR_TWO),
        function=F.pixel_unshuffle,
    ),
    Operation(
        "channel_shuffle",
        lambda x, groups: np.stack([x[:, g * 6 // groups + i] for i in range(6 // groups) for g in range(groups)], 1),
        alike(FREE, shape=st.just((2, 6, 2)), groups=st.sampled_from([1, 2, 3])),
        function=F.channel_shuffle,
    ),
]  # fmt: skip

SPATIAL = [*CONVOLUTIONS, *POOLS, *BORDERS, *RESIZED, *GRIDS, *FOLDS]
