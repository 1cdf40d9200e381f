"""Cost functions of one number: curves, their slopes, and balls that roll down."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

import minigrad
from minigrad import Generator, Tensor
from minigrad.lesson.state import Answer, Array, State, one_of, real, reals, whole

Function = Callable[[Tensor], Tensor]
CURVES = {
    "smooth": "C(w) = (e^(w/2) + e^(−w)) / 3",
    "valleys": "C(w) = w⁴/20 − w²/2 + w/5 + 2",
    "wild": "C(w) = w²/8 + Σ aₖ sin(k·w + φₖ) + 3, with random aₖ and φₖ",
}
LOW, HIGH = -4.0, 4.0
FAR = 1e6  # where a ball has left for good


class Curves(State):
    """Part of `Lesson`: one number to learn."""

    def curve1d(self, kind: str = "smooth", seed: int = 0, n: int = 401) -> Answer:
        """A curve at `n` places, its slope there by `backward`, and every minimum: where the slope turns from − to +."""
        curve = curve_of(kind, seed)
        xs = np.linspace(LOW, HIGH, whole("n", n, 2, 5001))
        values, slopes = slope_of(curve, xs)
        minima = minima_of(kind, seed)
        lows, left = slope_of(curve, minima)
        lowest = int(lows.argmin())
        return {
            "kind": kind, "formula": CURVES[kind], "xs": xs, "values": values, "slopes": slopes, "minima": minima, "lows": lows,
            "left": left, "lowest": {"x": float(minima[lowest]), "value": float(lows[lowest]), "index": lowest},
        }  # fmt: skip

    def slope(self, kind: str, w: float, seed: int = 0) -> Answer:
        """The cost at `w`, its slope by `backward`, and which way that says to go."""
        x = minigrad.tensor(real("w", w), dtype=minigrad.float64, requires_grad=True)
        cost = curve_of(kind, seed)(x)
        cost.backward()
        assert x.grad is not None
        slope = x.grad.item()
        move = "stay" if abs(slope) < 1e-6 else "left" if slope > 0 else "right"
        return {"w": x.item(), "value": cost.item(), "slope": slope, "move": move}

    def descend1d(
        self, kind: str, x0: list[float], eta: float = 0.1, steps: int = 60, rule: str = "slope", seed: int = 0
    ) -> Answer:
        """Roll balls down from `x0`, all in one tensor: against the slope times η, or with "sign" always by η.

        `path`, `values` and `slopes` are (steps + 1, balls); `valley` says which minimum a ball has come to rest in, or -1;
        `counts` how many have in each.
        """
        curve, eta = curve_of(kind, seed), real("eta", eta, 0, 100)
        one_of("rule", rule, ("slope", "sign"))
        w = reals("x0", x0)
        path, values, slopes = [], [], []
        for _ in range(whole("steps", steps, 0, 1000) + 1):
            value, slope = slope_of(curve, w)
            path.append(w)
            values.append(value)
            slopes.append(slope)
            w = np.clip(w - eta * (np.sign(slope) if rule == "sign" else slope), -FAR, FAR)
        minima = minima_of(kind, seed)
        near = np.abs(path[-1][:, None] - minima).argmin(1)
        at_rest = np.abs(path[-1] - minima[near]) < 0.05
        valley = np.where(at_rest, near, -1)
        return {
            "path": np.array(path), "values": np.array(values), "slopes": np.array(slopes), "minima": minima, "valley": valley,
            "counts": np.bincount(near[at_rest], minlength=len(minima)).astype(np.int32),
            "resting": int(at_rest.sum()), "valleys": len(set(valley[at_rest].tolist())),
        }  # fmt: skip


def curve_of(kind: str, seed: int = 0) -> Function:
    """A curve by its name; only the wild one depends on the seed."""
    one_of("kind", kind, CURVES)
    if kind == "smooth":
        return lambda w: ((w / 2).exp() + (-w).exp()) / 3
    if kind == "valleys":
        return lambda w: w**4 / 20 - w**2 / 2 + w / 5 + 2
    generator = Generator().manual_seed(whole("seed", seed, 0, 2**31))
    count = minigrad.arange(1, 8).double()
    sizes = (minigrad.rand(7, generator=generator).double() + 0.3) / count.sqrt()
    phases = minigrad.rand(7, generator=generator).double() * 2 * math.pi

    def wild(w: Tensor) -> Tensor:
        return w**2 / 8 + (w.unsqueeze(-1) * count + phases).sin() @ sizes + 3

    return wild


def slope_of(curve: Function, places: Any) -> tuple[Array, Array]:
    """A curve's values at some places, and its slopes there: each place moves its own value only, so one `backward` does."""
    w = minigrad.tensor(np.asarray(places, np.float64), requires_grad=True)
    with np.errstate(over="ignore", invalid="ignore"):
        cost = curve(w)
        cost.sum().backward()
    assert w.grad is not None
    return cost.detach().numpy(), w.grad.numpy()


@lru_cache(64)
def minima_of(kind: str, seed: int = 0) -> Array:
    """Every minimum between the ends, by halving the stretch in which the slope turns from − to +."""
    curve = curve_of(kind, seed)
    xs = np.linspace(LOW, HIGH, 1601)
    slopes = slope_of(curve, xs)[1]
    turns = np.nonzero((slopes[:-1] < 0) & (slopes[1:] >= 0))[0]
    low, high = xs[turns], xs[turns + 1]
    for _ in range(30):
        middle = (low + high) / 2
        falling = slope_of(curve, middle)[1] < 0
        low, high = np.where(falling, middle, low), np.where(falling, high, middle)
    return (low + high) / 2
