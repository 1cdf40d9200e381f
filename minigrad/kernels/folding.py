"""Windows as columns, and columns added up where they came from."""

from __future__ import annotations

from math import prod

import numpy as np

from minigrad.kernels.windows import Array, Pairs, Sizes, count, cropped, padded, tap, windows


def unfold(x: Array, kernel: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes) -> Array:
    """(N, C, *sizes) to (N, C·k, places): each column is a window, channel by channel."""
    dims = len(kernel)
    if 0 in x.shape:
        places = [count(n + sum(p), k, s, d) for n, k, s, p, d in zip(x.shape[2:], kernel, stride, padding, dilation)]
        return np.zeros((len(x), x.shape[1] * prod(kernel), prod(places)), x.dtype)
    view = windows(padded(x, padding), kernel, stride, dilation)
    order = (0, 1, *range(2 + dims, 2 + 2 * dims), *range(2, 2 + dims))
    return np.array(view.transpose(order), order="C").reshape(len(x), x.shape[1] * prod(kernel), -1)


def fold(columns: Array, sizes: Sizes, kernel: Sizes, stride: Sizes, padding: Pairs, dilation: Sizes) -> Array:
    """(N, C·k, places) to (N, C, *sizes): `unfold`, backwards."""
    whole = [n + sum(p) for n, p in zip(sizes, padding)]
    places = [count(n, k, s, d) for n, k, s, d in zip(whole, kernel, stride, dilation)]
    n, channels = len(columns), columns.shape[1] // prod(kernel)
    parts = columns.reshape(n, channels, *kernel, *places)
    out = np.zeros((n, channels, *whole), columns.dtype)
    for at in np.ndindex(*kernel):
        out[(..., *tap(places, at, stride, dilation))] += parts[(slice(None), slice(None), *at)]
    return cropped(out, padding)
