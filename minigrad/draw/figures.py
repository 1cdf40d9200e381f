"""An array as what fits in a box of a picture: a few numbers, a heat map, or a histogram beside minimum, mean, maximum."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = "np.ndarray[Any, Any]"

FEW = 8  # arrays of at most this many elements are shown whole
SIDE = 64  # matrices of at most so many rows and columns are shown as heat maps
BINS = 24  # bars of a histogram
MISSING = -128  # the level of NaN in a heat map; others are -127 to 127
TILES = 16  # images that are shown of one tensor


@dataclass(frozen=True)
class Heat:
    """A heat map: a level from -127 to 127 per cell, 0 being zero and 127 the largest magnitude."""

    rows: int
    columns: int
    levels: bytes  # one signed byte per cell, row by row
    images: int = 1  # how many images are side by side in it

    def array(self) -> Array:
        """The levels, as a matrix."""
        return np.frombuffer(self.levels, np.int8).reshape(self.rows, self.columns)


@dataclass(frozen=True)
class Histogram:
    """A histogram: a height from 0 to 100 per bar, and the sign of the numbers that it counts (0 across zero)."""

    heights: tuple[int, ...]
    signs: tuple[int, ...]


Chart: TypeAlias = "Heat | Histogram"


@dataclass(frozen=True)
class Figures:
    """The numbers of an array, or words in their place."""

    cells: tuple[str, ...]  # one text, of one line or more; or minimum, mean and maximum
    remark: str = ""
    alarm: bool = False  # is there NaN or infinity in it?
    chart: Chart | None = None
    grid: tuple[tuple[str, ...], ...] = ()  # the numbers of a small matrix, row by row


def figures(array: Array, remark: str = "", charts: bool = True) -> Figures:
    """All the elements of a small array; of a larger one a chart, minimum, mean and maximum, and counts of what is odd."""
    if array.size > FEW:
        return statistics(array, remark, charts)
    if array.size == 0:
        return Figures(("no elements",), remark)
    odd = array.dtype.kind == "f" and not np.isfinite(array).all()
    if array.ndim == 0:
        return Figures((number(array),), remark, odd)
    text = np.array2string(array, max_line_width=36, separator=", ", formatter={"all": number})
    grid = tuple(tuple(map(number, row)) for row in array) if array.ndim == 2 else ()
    return Figures((text,), remark, odd, None, grid)


def statistics(array: Array, remark: str, charts: bool) -> Figures:
    """The minimum, mean and maximum of what is not NaN; how many are NaN, infinite, zero."""
    data = array[~np.isnan(array)] if array.dtype.kind == "f" else array.astype(np.int64).reshape(-1)
    with np.errstate(all="ignore"):
        cells = (
            tuple(number(n, 3) for n in (data.min(), data.mean(dtype=np.float64), data.max()))
            if data.size
            else ("nan",) * 3
        )
    missing, infinite = array.size - data.size, int(np.isinf(data).sum())
    counts = (("NaN", missing), ("infinite", infinite), ("zeros", data.size - np.count_nonzero(data)))
    odd = ", ".join(f"{what}: {n}" for what, n in counts if n)
    counted = f"{odd} of {array.size}" if odd else ""
    return Figures(
        cells, "; ".join(filter(None, (counted, remark))), bool(missing or infinite), (charts and chart(array)) or None
    )


def number(value: Any, digits: int = 4) -> str:
    """A number, rounded to so many digits; integers and booleans as they are."""
    value = value.item()
    return f"{value + 0.0:.{digits}g}" if isinstance(value, float) else str(value)


# ── charts ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def chart(array: Array) -> Chart:
    """A heat map of a small matrix, of a row of numbers, or of rows that are images; else a histogram."""
    tiles = images(array)
    if tiles is not None:
        return heat(mosaic(tiles), min(len(tiles), TILES))
    if array.size <= SIDE and array.size == max(array.shape):  # a vector, or a matrix of one column
        return heat(array.reshape(1, -1))
    if array.ndim == 2 and max(array.shape) <= SIDE:
        return heat(array)
    return histogram(array)


def images(array: Array) -> Array | None:
    """The images in an array, (N, height, width): the 784 pixels of each row, or small planes; None if there are none."""
    if array.ndim == 2 and array.shape[1] >= 256 and isqrt(array.shape[1]) ** 2 == array.shape[1]:
        side = isqrt(array.shape[1])
        return array.reshape(-1, side, side) if side <= SIDE else None
    if array.ndim >= 3 and min(array.shape[-2:]) >= 3 and max(array.shape[-2:]) <= SIDE // 2:
        return array.reshape(-1, *array.shape[-2:])
    return None


def mosaic(tiles: Array) -> Array:
    """The first images side by side, about as many in a row as in a column, a cell of zeros between."""
    tiles = tiles[:TILES]
    across = next(n for n in range(1, TILES + 1) if n * n >= len(tiles))
    if len(tiles) in (5, 10):  # two even rows, rather than one that is not full
        across = 5
    down = -(-len(tiles) // across)
    height, width = tiles.shape[1] + 1, tiles.shape[2] + 1
    sheet = np.zeros((down * height - 1, across * width - 1), np.float64)
    for i, tile in enumerate(tiles):
        top, left = i // across * height, i % across * width
        sheet[top : top + height - 1, left : left + width - 1] = tile
    return sheet


def heat(matrix: Array, count: int = 1) -> Heat:
    """The levels of a matrix. Infinity is the largest magnitude."""
    data = matrix.astype(np.float64)
    finite = data[np.isfinite(data)]
    largest = float(np.abs(finite).max()) if finite.size else 0.0
    levels = np.clip(np.divide(data, largest or 1.0), -1, 1) * 127
    levels[np.isnan(data)] = MISSING
    return Heat(matrix.shape[0], matrix.shape[1], np.rint(levels).astype(np.int8).tobytes(), count)


def histogram(array: Array) -> Histogram:
    """How the finite numbers of an array are spread between the least and the greatest."""
    data = array[np.isfinite(array)] if array.dtype.kind == "f" else array
    if not data.size:
        return Histogram((0,) * BINS, (0,) * BINS)
    data = data.astype(np.float64).reshape(-1)
    if float(np.abs(data).max()) > 1e300:  # their distance may be more than a number can be
        data = data / 16
    low, high = float(data.min()), float(data.max())
    if high - low <= abs(high) * 1e-12:  # all the same: one bar in the middle
        low, high = low - 1, high + 1
    counts, edges = np.histogram(data, BINS, (low, high))
    heights = np.ceil(counts / counts.max() * 100).astype(int)
    signs = np.where(edges[1:] <= 0, -1, np.where(edges[:-1] >= 0, 1, 0))
    return Histogram(tuple(heights.tolist()), tuple(signs.tolist()))


def size_of(drawn: Chart) -> tuple[int, int]:
    """Width and height of a chart in a box, in points."""
    if isinstance(drawn, Histogram):
        return BINS * 4, 26
    longest = max(drawn.rows, drawn.columns)
    step = 1 if longest > SIDE + 8 else max(2, min(12, 96 // longest))
    return drawn.columns * step, max(drawn.rows * step, 10)
