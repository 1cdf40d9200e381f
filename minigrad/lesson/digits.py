"""Digits to look at, and a drawing made like them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import minigrad
from minigrad import Generator, Tensor
from minigrad.lesson.state import Answer, Array, State, reals, whole


class Digits(State):
    """Part of `Lesson`: pictures of digits."""

    def digits(self, label: int | None = None, count: int = 60, seed: int = 0, unseen: bool = False) -> Answer:
        """`count` handwritten digits in an order that `seed` decides: all that show `label`, or any."""
        pixels, labels = self.images(unseen)
        places = np.arange(len(labels)) if label is None else np.nonzero(labels == whole("label", label, 0, 9))[0]
        generator = Generator().manual_seed(whole("seed", seed, 0, 2**31))
        order = minigrad.randperm(len(places), generator=generator).numpy()
        chosen = places[order[: whole("count", count, 1, 1000)]]
        mean = minigrad.tensor(pixels[places].astype(np.float32)).mean(0).numpy()
        return {
            "pixels": pixels[chosen],
            "labels": labels[chosen],
            "index": chosen,
            "of": len(places),
            "average": mean / 255,
        }

    def digit(self, index: int, unseen: bool = False) -> Answer:
        """One digit by its number: 784 pixels from 0 to 255, and what it shows."""
        pixels, labels = self.images(unseen)
        at = whole("index", index, 0, len(labels) - 1)
        return {"pixels": pixels[at], "label": int(labels[at]), "index": at}

    def use_digits(self, count: int = 60_000) -> Answer:
        """Learn from the first `count` digits from now on: 10,000 unless all 60,000 are asked for."""
        if whole("count", count, 1, 60_000) not in (10_000, 60_000):
            raise ValueError(f"count is {count!r}: use 10000 or 60000")
        before, self.limit = self.limit, count
        kept = self._digits.pop(False, None)
        try:
            return {"count": len(self.images()[1])}
        except FileNotFoundError:
            self.limit = before
            if kept is not None:
                self._digits[False] = kept
            raise ValueError("the file with all 60,000 digits is not here: go on with the first 10,000") from None

    def centre(self, pixels: list[float]) -> Answer:
        """A drawing, a square of numbers from 0 to 1, as MNIST would show it: in a box of 20 pixels, centred by mass in 28.

        Source: Y. LeCun et al., Gradient-based learning applied to document recognition, Proc. IEEE 86(11), 1998, III.A.
        """
        values = reals("pixels", pixels, most=280 * 280)
        side = math.isqrt(len(values))
        if side * side != len(values) or side < 28:
            raise ValueError(f"a drawing is a square of 28 × 28 to 280 × 280 numbers, not {len(values):,} of them")
        drawing = np.clip(values.reshape(side, side), 0, 1).astype(np.float32)
        rows, columns = (np.nonzero((drawing > 0.1).any(axis))[0] for axis in (1, 0))
        if not len(rows):
            raise ValueError("the drawing is blank: draw a digit first")
        top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
        ink = drawing[top:bottom, left:right]
        height, width = (max(1, round(20 * n / max(ink.shape))) for n in ink.shape)
        small = overlaps(height, ink.shape[0]) @ minigrad.tensor(ink) @ overlaps(width, ink.shape[1]).T
        mass = small.sum()
        middle = [
            float((small.sum(1 - axis) * minigrad.arange(n)).sum() / mass) for axis, n in enumerate((height, width))
        ]
        down, across = (min(max(round(13.5 - m), 0), 28 - n) for m, n in zip(middle, (height, width), strict=True))
        centred = np.zeros((28, 28), np.float32)
        centred[down : down + height, across : across + width] = small.clamp(0, 1).numpy()
        return {
            "side": side, "box": [top, left, bottom, right], "scaled": small.numpy(), "mass": middle, "at": [down, across],
            "pixels": centred.ravel(),
        }  # fmt: skip


def overlaps(to: int, of: int) -> Tensor:
    """A matrix (to, of) that makes `of` pixels in a row `to` of them: each is the average of what it covers."""
    edges: Array = np.arange(to + 1) * of / to
    places: Any = np.arange(of)
    covered = np.minimum(edges[1:, None], places + 1) - np.maximum(edges[:-1, None], places)
    return minigrad.tensor((np.clip(covered, 0, None) * to / of).astype(np.float32))
