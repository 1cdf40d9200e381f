"""Small pictures as SVG text, in the colours that the page gives them: what the posters are drawn with."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import numpy as np

from minigrad.lesson.state import Array

WIDTH, HEIGHT = 480, 270
INK, QUIET = "currentColor", "var(--quiet, #7a8491)"
BLUE, RED, GOLD = "var(--positive, #2b78c6)", "var(--negative, #cf4436)", "var(--accent, #c8900a)"
POSITIVE, NEGATIVE = (43, 120, 198), (207, 68, 54)


def svg(says: str, *parts: str, height: float = HEIGHT) -> str:
    """A picture of the usual width that says what it shows."""
    head = f'<svg viewBox="0 0 {WIDTH} {n(height)}" role="img" aria-label="{escape(says)}" font-size="14" fill="{INK}">'
    return f"{head}{''.join(parts)}</svg>"


def n(number: float) -> str:
    """A coordinate, short."""
    return f"{number:.1f}".removesuffix(".0")


def text(
    x: float, y: float, words: str, anchor: str = "start", colour: str = INK, size: float = 14, bold: bool = False
) -> str:
    """Words at a place: "start", "middle" or "end" of them."""
    weight = ' font-weight="600"' if bold else ""
    look = f'text-anchor="{anchor}" fill="{colour}" font-size="{n(size)}"{weight}'
    return f'<text x="{n(x)}" y="{n(y)}" {look}>{escape(words)}</text>'


def box(
    x: float, y: float, width: float, height: float, colour: str = INK, opacity: float = 1, round_: float = 0
) -> str:
    """A filled rectangle."""
    size = f'width="{n(max(width, 0))}" height="{n(max(height, 0))}" rx="{n(round_)}"'
    return f'<rect x="{n(x)}" y="{n(y)}" {size} fill="{colour}" fill-opacity="{opacity:.3g}"/>'


def frame(x: float, y: float, width: float, height: float, colour: str = QUIET, round_: float = 0) -> str:
    """The outline of a rectangle."""
    size = f'width="{n(width)}" height="{n(height)}" rx="{n(round_)}"'
    return f'<rect x="{n(x)}" y="{n(y)}" {size} fill="none" stroke="{colour}"/>'


def dot(x: float, y: float, radius: float = 5, colour: str = GOLD, opacity: float = 1, ring: str = "none") -> str:
    """A disc."""
    return f'<circle cx="{n(x)}" cy="{n(y)}" r="{n(radius)}" fill="{colour}" fill-opacity="{opacity:.3g}" stroke="{ring}"/>'


def line(
    points: Iterable[Sequence[float]], colour: str = INK, width: float = 2, opacity: float = 1, dashed: bool = False
) -> str:
    """A line through some points."""
    path = " ".join(f"{n(x)},{n(y)}" for x, y in points)
    dashes = ' stroke-dasharray="5 4"' if dashed else ""
    look = f'stroke="{colour}" stroke-width="{n(width)}" stroke-opacity="{opacity:.3g}"{dashes}'
    return f'<polyline points="{path}" fill="none" stroke-linejoin="round" stroke-linecap="round" {look}/>'


def arrow(x: float, y: float, to_x: float, to_y: float, colour: str = GOLD, width: float = 2.5) -> str:
    """An arrow."""
    way = np.array([to_x - x, to_y - y])
    length = float(np.hypot(*way))
    if length < 1:
        return ""
    way = way / length * min(9, length / 2)
    side = np.array([-way[1], way[0]]) * 0.55
    back = np.array([to_x, to_y]) - way
    tip = [(back + side).tolist(), (to_x, to_y), (back - side).tolist()]
    return line([(x, y), (to_x, to_y)], colour, width) + line(tip, colour, width)


def image(array: Array, x: float, y: float, width: float, height: float, smooth: bool = False) -> str:
    """An array as a picture: (rows, columns) of uint8 is white ink on black, (rows, columns, 4) has colours of its own."""
    data = base64.b64encode(png(array)).decode()
    look = "" if smooth else ' style="image-rendering:pixelated"'
    size = f'width="{n(width)}" height="{n(height)}" preserveAspectRatio="none"'
    return f'<image x="{n(x)}" y="{n(y)}" {size}{look} href="data:image/png;base64,{data}"/>'


def png(array: Array) -> bytes:
    """A PNG file of 8-bit grey or RGBA. Source of the format: W3C, Portable Network Graphics, third edition, 2025."""
    rows, columns = array.shape[:2]
    kind = 0 if array.ndim == 2 else 6
    lines = np.concatenate([np.zeros((rows, 1), np.uint8), array.astype(np.uint8).reshape(rows, -1)], 1)
    parts = [
        (b"IHDR", struct.pack(">IIBBBBB", columns, rows, 8, kind, 0, 0, 0)),
        (b"IDAT", zlib.compress(lines.tobytes(), 9)),
        (b"IEND", b""),
    ]
    chunks = [
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body)) for name, body in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def signed(values: Array, full: float | None = None) -> Array:
    """Numbers as colours, uint8 (..., 4): blue above zero, red below, clear at zero."""
    most = float(np.abs(values).max()) if full is None else full
    strength = np.clip(np.abs(values) / (most or 1), 0, 1)
    colours = np.where((values >= 0)[..., None], np.array(POSITIVE), np.array(NEGATIVE))
    return np.concatenate([colours, (255 * strength)[..., None]], -1).round().astype(np.uint8)


def heights(values: Array) -> Array:
    """A landscape as colours, from valleys in deep blue to peaks that are nearly white, with a step at every twelfth."""
    low, high = float(values.min()), float(values.max())
    level = np.floor(12 * ((values - low) / ((high - low) or 1)) ** 0.5) / 12
    deep, peak = np.array([20, 52, 96]), np.array([236, 240, 244])
    colours = deep + (peak - deep) * level[..., None]
    return np.concatenate([colours, np.full((*values.shape, 1), 255)], -1).round().astype(np.uint8)


def tiles(pictures: Array, columns: int, gap: int = 2) -> Array:
    """Pictures (N, 28, 28, ...) side by side, with gaps of zeros."""
    rows = -(-len(pictures) // columns)
    side = 28 + gap
    whole: Array = np.zeros((rows * side - gap, columns * side - gap, *pictures.shape[3:]), pictures.dtype)
    for i, one in enumerate(pictures):
        top, left = i // columns * side, i % columns * side
        whole[top : top + 28, left : left + 28] = one
    return whole


class Axes:
    """A rectangle in which numbers have places."""

    def __init__(
        self, xs: Any, ys: Any, left: float = 20, top: float = 20, width: float = 440, height: float = 220
    ) -> None:
        self.x0, self.x1, self.y0, self.y1 = float(xs[0]), float(xs[1]), float(ys[0]), float(ys[1])
        self.left, self.top, self.width, self.height = left, top, width, height

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a point is."""
        right = (float(x) - self.x0) / (self.x1 - self.x0)
        up = (float(y) - self.y0) / (self.y1 - self.y0)
        return self.left + self.width * right, self.top + self.height * (1 - up)

    def curve(self, xs: Any, ys: Any, colour: str = INK, width: float = 2, opacity: float = 1) -> str:
        """A curve, as far as it is inside."""
        inside = [(x, y) for x, y in zip(xs, ys, strict=True) if self.x0 <= x <= self.x1 and self.y0 <= y <= self.y1]
        return line([self.at(x, y) for x, y in inside], colour, width, opacity)

    def floor(self, word: str = "") -> str:
        """The axis below, and its name."""
        below = self.top + self.height
        name = text(self.left + self.width, below + 18, word, "end", QUIET) if word else ""
        return line([(self.left, below), (self.left + self.width, below)], QUIET, 1) + name
