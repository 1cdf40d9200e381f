"""The posters of the figures with curves, landscapes and paths down."""

from __future__ import annotations

import numpy as np

from minigrad.lesson import sketch as s
from minigrad.lesson.engine import Lesson
from minigrad.lesson.sketch import GOLD, QUIET, RED, Axes


class Hills:
    """Part of `Artist`: one number, and two."""

    lesson: Lesson

    # ── one number ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _curve(self) -> str:
        found = self.lesson.curve1d("smooth")
        axes = Axes((-3, 4), (0, 5))
        x, low = found["lowest"]["x"], found["lowest"]["value"]
        return s.svg(
            f"A smooth cost of one number, with its minimum at {x:.2f}", axes.floor("w"),
            axes.curve(found["xs"], found["values"]),
            s.dot(*axes.at(x, low)), s.text(axes.at(x, low)[0], axes.at(x, low)[1] - 14, "slope = 0", "middle", GOLD),
        )  # fmt: skip

    def _wild(self) -> str:
        found = self.lesson.curve1d("wild", seed=2)
        axes = Axes((-4, 4), (0, float(found["values"].max())))
        dots = [s.dot(*axes.at(x, low), 4, RED) for x, low in zip(found["minima"], found["lows"], strict=True)]
        x, low = found["lowest"]["x"], found["lowest"]["value"]
        return s.svg(
            f"A wild cost of one number with {len(dots)} minima, of which one is the lowest", axes.floor("w"),
            axes.curve(found["xs"], found["values"]), *dots, s.dot(*axes.at(x, low), 6),
            s.text(axes.at(x, low)[0], axes.at(x, low)[1] + 22, "the lowest", "middle", GOLD),
        )  # fmt: skip

    def _slope(self) -> str:
        curve, here = self.lesson.curve1d("valleys"), self.lesson.slope("valleys", 3.2)
        axes = Axes((-4, 4), (0, 5))
        w, c, slope = here["w"], here["value"], here["slope"]
        tangent = [axes.at(w + d, c + slope * d) for d in (-0.9, 0.5)]
        return s.svg(
            f"A ball on a curve: the slope is {slope:+.2f}, so move {here['move']}", axes.floor("w"),
            axes.curve(curve["xs"], curve["values"]), s.line(tangent, GOLD), s.dot(*axes.at(w, c), 8),
            s.text(240, 30, f"slope {slope:+.2f} → move {here['move']}", "middle", GOLD, 17, True),
        )  # fmt: skip

    def _valleys(self) -> str:
        starts = np.linspace(-3.9, 3.9, 40)
        found = self.lesson.descend1d("wild", starts.tolist(), eta=0.02, steps=200, seed=2)
        curve = self.lesson.curve1d("wild", seed=2)
        axes = Axes((-4, 4), (0, float(curve["values"].max())))
        before = [
            s.dot(*axes.at(x, c), 3, QUIET, 0.6) for x, c in zip(found["path"][0], found["values"][0], strict=True)
        ]
        there = zip(found["path"][-1], found["values"][-1], strict=True)
        after = [s.dot(*axes.at(x, c), 5, GOLD, 0.7) for x, c in there if abs(x) <= 4]
        return s.svg(
            f"40 balls from everywhere have rolled into {found['valleys']} different valleys", axes.floor("w"),
            axes.curve(curve["xs"], curve["values"]), *before, *after,
        )  # fmt: skip

    # ── two numbers ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _map(
        self, kind: str, left: float = 20, top: float = 15, side: float = 230, count: int = 61
    ) -> tuple[str, Axes]:
        """A landscape from above."""
        found = self.lesson.surface(kind, n=count)
        picture = s.image(s.heights(found["values"][::-1]), left, top, side, side, smooth=True)
        return picture, Axes((-2, 2), (-2, 2), left, top, side, side)

    def _surface(self) -> str:
        parts = []
        for i, (kind, word) in enumerate((("valleys", "two valleys"), ("cost", "the real cost of 100 digits"))):
            picture, _ = self._map(kind, 15 + 235 * i, 15, 215, 41)
            parts += [picture, s.text(15 + 235 * i, 252, word, colour=QUIET)]
        return s.svg("Two landscapes from above: dark is low, and each step of shade is a contour", *parts)

    def _arrow(self) -> str:
        picture, axes = self._map("bowl")
        point = np.array([-1.1, 0.8])
        found = self.lesson.grad2d("bowl", point.tolist())
        up, down = (axes.at(*(point + way * 0.6 * found["gradient"])) for way in (1, -1))
        return s.svg(
            "At a point of a bowl the gradient points uphill, and its negative downhill", picture,
            s.arrow(*axes.at(*point), *up, RED), s.arrow(*axes.at(*point), *down, GOLD), s.dot(*axes.at(*point), 5, "#fff"),
            s.text(270, 90, "∇C", colour=RED, size=22, bold=True), s.text(310, 90, "uphill"),
            s.text(270, 130, "−∇C", colour=GOLD, size=22, bold=True), s.text(325, 130, "downhill"),
            s.text(270, 170, f"steepness {found['length']:.2f}", colour=QUIET),
        )  # fmt: skip

    def _path(self) -> str:
        picture, axes = self._map("valleys")
        found = self.lesson.descend2d("valleys", [0.2, 1.8], eta=0.15, steps=30)
        places = [axes.at(*p) for p in found["path"]]
        words = ("1. Compute the gradient ∇C", "2. Move by −η∇C", "3. Repeat until convergence")
        return s.svg(
            f"A path of {len(places) - 1} steps down into a valley", picture, s.line(places, GOLD, 2),
            *[s.dot(x, y, 3.5) for x, y in places], *[s.text(268, 90 + 34 * i, word) for i, word in enumerate(words)],
            s.text(268, 205, f"cost {found['values'][0]:.2f} → {found['values'][-1]:.2f}", bold=True),
        )  # fmt: skip

    def _rates(self) -> str:
        parts = []
        for i, eta in enumerate((0.005, 0.05, 0.14, 0.3, 0.34)):
            left = 8 + 94 * i
            picture, axes = self._map("canyon", left, 40, 86, 31)
            found = self.lesson.descend2d("canyon", [1.8, 1.0], eta=eta)
            inside = [axes.at(*p) for p in found["path"] if np.abs(p).max() <= 2]
            parts += [
                picture, s.line(inside, GOLD, 1.5), *[s.dot(x, y, 1.8) for x, y in inside[:40]],
                s.text(left + 43, 30, f"η = {eta:g}", "middle", QUIET, 13),
                s.text(left + 43, 147, found["verdict"], "middle", bold=True),
            ]  # fmt: skip
        return s.svg("Five learning rates on one canyon, from a crawl to blowing up", *parts, height=165)
