"""What each figure shows before anyone touches it, drawn from the engine's own numbers: for readers without JavaScript."""

from __future__ import annotations

from functools import cache

import numpy as np

from minigrad.lesson import sketch as s
from minigrad.lesson.engine import Lesson
from minigrad.lesson.posters_hills import Hills
from minigrad.lesson.sketch import BLUE, GOLD, INK, QUIET, RED, Axes
from minigrad.lesson.state import Array

NAMES = (
    "hero", "ways", "pixels", "network", "knobs", "trash", "difference", "sum", "report", "ranking", "curve", "wild", "slope",
    "valleys", "surface", "arrow", "path", "rates", "strips", "nudges", "importance", "training", "testing", "graph",
    "takeaways", "journey",
)  # fmt: skip
STEPS = 1500  # that the posters' own network has learned for


def poster(name: str) -> str:
    """The poster of a figure, by the figure's name, as SVG text. ValueError for a name that is not in NAMES.

    >>> poster("knobs").startswith("<svg")
    True
    """
    return _artist().poster(name)


@cache
def _artist() -> Artist:
    return Artist()


class Artist(Hills):
    """Draws posters: with a lesson of its own, in which one network has learned a little."""

    def __init__(self) -> None:
        self.lesson = Lesson()
        self.before = self.lesson.dataset_cost(n=1000)["cost"]
        self.costs = self.lesson.train(steps=STEPS)["costs"]
        self.three = self.lesson.digits(label=3, count=1)["pixels"][0]
        self.pixels = (self.three / 255).tolist()

    def poster(self, name: str) -> str:
        """One poster."""
        if name not in NAMES:
            raise ValueError(f"poster {name!r}: use one of {', '.join(NAMES)}")
        drawn: str = getattr(self, f"_{name}")()
        return drawn

    # ── digits and the network ───────────────────────────────────────────────────────────────────────────────────────

    def _hero(self) -> str:
        weights = self.lesson.weights()["flat"][: 16 * 784].reshape(16, 28, 28)
        colours = np.stack([s.signed(tile) for tile in weights])
        return s.svg(
            f"What the 16 neurons of the first layer look for after {STEPS:,} steps of training",
            s.image(s.tiles(colours, 8), 20, 15, 440, 109), s.text(20, 150, f"16 neurons after {STEPS:,} steps", colour=QUIET),
            height=160,
        )  # fmt: skip

    def _ways(self) -> str:
        found = self.lesson.digits(label=3, count=60)
        return s.svg(
            "60 handwritten threes, no two alike", s.image(s.tiles(found["pixels"].reshape(-1, 28, 28), 12), 20, 15, 440, 220),
            s.text(20, 258, f"60 of the {found['of']:,} threes to learn from", colour=QUIET),
        )  # fmt: skip

    def _pixels(self) -> str:
        brightest = int(self.three.argmax())
        row, column = divmod(brightest, 28)
        cell = 220 / 28
        strip = self.three[:, None].repeat(20, 1)
        y = 20 + brightest * 220 / 784
        return s.svg(
            "A digit of 28 by 28 pixels, and the same 784 numbers in one column",
            s.image(self.three.reshape(28, 28), 20, 20, 220, 220),
            s.frame(20 + column * cell, 20 + row * cell, cell, cell, GOLD),
            s.image(strip, 340, 20, 40, 220), s.line([(20 + (column + 1) * cell, 20 + row * cell), (340, y)], GOLD, 1),
            s.text(390, y + 5, f"{self.three[brightest] / 255:.2f}", colour=GOLD),
            s.text(20, 260, "28 × 28 pixels", colour=QUIET), s.text(340, 260, "784 inputs", colour=QUIET),
        )  # fmt: skip

    def _columns(self) -> tuple[list[list[tuple[float, float]]], list[Array]]:
        """The places of the network's neurons, 16 pixels standing for all 784, and their activations."""
        acts = self.lesson.forward(self.pixels)["acts"]
        shown = [acts[0].reshape(28, 28)[14, 6:22], *acts[1:]]
        places: list[list[tuple[float, float]]] = []
        for layer, values in enumerate(shown):
            gap = 230 / len(values)
            places.append([(50 + layer * 125, 20 + (i + 0.5) * gap) for i in range(len(values))])
        return places, shown

    def _neurons(self) -> str:
        places, acts = self._columns()
        return "".join(
            s.dot(x, y, 5.5, INK, max(0.06, float(a)), QUIET)
            for layer, values in zip(places, acts, strict=True)
            for (x, y), a in zip(layer, values, strict=True)
        )

    def _network(self) -> str:
        places, acts = self._columns()
        flat = self.lesson.weights()["flat"]
        links = []
        for layer, start in ((1, 12_560), (2, 12_832)):
            weight = flat[start : start + len(places[layer + 1]) * 16].reshape(-1, 16)
            most = float(np.abs(weight).max())
            for (i, j), w in np.ndenumerate(weight):
                if abs(w) > 0.2 * most:
                    ends = places[layer][j], places[layer + 1][i]
                    links.append(s.line(ends, BLUE if w > 0 else RED, 1, abs(float(w)) / most))
        outputs = acts[3]
        names = [
            s.text(
                445,
                places[3][i][1] + 5,
                str(i),
                colour=GOLD if i == outputs.argmax() else QUIET,
                bold=i == outputs.argmax(),
            )
            for i in range(10)
        ]
        widths = [s.text(50 + 125 * i, 266, word, "middle", QUIET) for i, word in enumerate(("784", "16", "16", "10"))]
        says = f"The network 784, 16, 16, 10 reads a 3 as a {int(outputs.argmax())}"
        return s.svg(says, *links, self._neurons(), *names, *widths)

    def _knobs(self) -> str:
        terms = self.lesson.count([784, 16, 16, 10])
        words = " + ".join(term["text"] for term in terms["terms"])
        outputs = self.lesson.forward(self.pixels, "random")["acts"][3]
        bars = [s.box(385, 36 + 16 * i, 75 * float(a), 11, BLUE) for i, a in enumerate(outputs)]
        return s.svg(
            f"A function: 784 numbers in, 10 out, {terms['total']:,} knobs",
            s.image(self.three.reshape(28, 28), 20, 60, 110, 110),
            s.arrow(140, 115, 175, 115, INK), s.frame(185, 50, 140, 130, INK, 10),
            s.text(255, 110, f"{terms['total']:,}", "middle", GOLD, 24, True), s.text(255, 135, "knobs", "middle", QUIET),
            s.arrow(335, 115, 370, 115, INK), *bars, s.text(240, 235, words, "middle", size=15),
            s.text(240, 258, f"= {terms['total']:,}", "middle", GOLD, bold=True),
        )  # fmt: skip

    def _trash(self) -> str:
        outputs = self.lesson.forward(self.pixels, "random")["acts"][3]
        found = self.lesson.test("random", count=2000)
        return s.svg(
            f"An untrained network on a 3: {100 * found['accuracy']:.1f} % of 2,000 digits right",
            s.image(self.three.reshape(28, 28), 20, 60, 120, 120), *self._bars(outputs, 3),
            s.text(20, 258, f"random weights: {100 * found['accuracy']:.1f} % of 2,000 digits right, by chance", colour=QUIET),
        )  # fmt: skip

    @staticmethod
    def _bars(
        outputs: Array, label: int, left: float = 180, top: float = 20, height: float = 200, width: float = 270
    ) -> list[str]:
        """Ten outputs as bars over their digits; the one that should be 1 has a frame."""
        parts = []
        for i, a in enumerate(outputs):
            x, wide = left + i * width / 10, width / 10 - 7
            parts += [
                s.box(x, top + height * (1 - float(a)), wide, height * float(a), GOLD if i == label else BLUE),
                s.frame(x, top, wide, height, GOLD) if i == label else "",
                s.text(x + wide / 2, top + height + 17, str(i), "middle", QUIET),
            ]
        return parts

    # ── the cost ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _difference(self) -> str:
        outputs = self.lesson.forward(self.pixels, "random")["acts"][3]
        found = self.lesson.cost(outputs.tolist(), 3)
        squares = []
        for i, gap in enumerate(found["diffs"]):
            side = 25 * abs(float(gap))
            squares.append(s.box(190 + 27 * i - side / 2, 160 - side / 2, side, side, RED, 0.7))
        return s.svg(
            f"Ten outputs for a 3, and their squared distances from what was wanted: {found['total']:.2f} in all",
            s.image(self.three.reshape(28, 28), 20, 60, 120, 120), *self._bars(outputs, 3, height=90), *squares,
            s.text(180, 200, "each gap, squared", colour=RED),
            s.text(180, 240, f"cost {found['total']:.2f}", size=24, bold=True),
        )  # fmt: skip

    def _sum(self) -> str:
        outputs = self.lesson.forward(self.pixels, "random")["acts"][3]
        found = self.lesson.cost(outputs.tolist(), 3)
        rows = [
            s.text(
                30 + 225 * (i // 5), 45 + 36 * (i % 5),
                f"({outputs[i]:.2f} − {int(found['wanted'][i])})² = {found['squares'][i]:.2f}",
                colour=GOLD if i == 3 else INK, size=16,
            )
            for i in range(10)
        ]  # fmt: skip
        return s.svg(
            f"The sum of the ten squares is {found['total']:.2f}", *rows,
            s.text(30, 245, f"Σ = {found['total']:.2f}", size=24, bold=True),
        )  # fmt: skip

    def _report(self) -> str:
        nets = {"random": "random weights", "mine": f"after {STEPS:,} steps", "trained": "trained"}
        costs = [self.lesson.dataset_cost(net, n=1000)["cost"] for net in nets]
        parts, most = [], max(costs)
        for i, (net, word, cost) in enumerate(zip(nets, nets.values(), costs, strict=True)):
            y = 40 + 70 * i
            parts += [
                s.text(20, y, word), s.box(20, y + 10, 380 * cost / most, 22, GOLD if net == "mine" else BLUE, 1, 3),
                s.text(28 + 380 * cost / most, y + 27, f"{cost:.3f}", bold=True),
            ]  # fmt: skip
        return s.svg("The average cost over 1,000 digits: random, learning, trained", *parts)

    def _ranking(self) -> str:
        found = self.lesson.ranking()
        parts = []
        for i, name in enumerate(found["names"]):
            x, y = 45 + 230 * (i % 2), 20 + 130 * (i // 2)
            parts += [
                *self._bars(found["outputs"][i], 4, x, y, 80, 180),
                s.text(x - 25, y + 45, name, size=20, bold=True),
            ]
        return s.svg("Four outputs for a 4, A to D, to be ranked by their cost", *parts)

    # ── 13,002 numbers ───────────────────────────────────────────────────────────────────────────────────────────────

    def _strips(self) -> str:
        weights = self.lesson.weights()["flat"]
        gradient = self.lesson.gradient(self.pixels, 3)["flat"]
        parts = []
        for i, (values, word) in enumerate(((weights, "w"), (-gradient, "−∇C"))):
            padded = np.zeros(13_104)
            padded[:13_002] = values
            strip = s.signed(padded.reshape(42, 312), float(np.quantile(np.abs(values[values != 0]), 0.98)))
            y = 15 + 125 * i
            parts += [
                s.text(10, y + 55, word, size=18, bold=True),
                s.image(strip, 70, y, 390, 105),
                s.frame(70, y, 390, 105),
            ]
        return s.svg("All 13,002 weights and biases, and the negative gradient, as two strips of colour", *parts)

    def _nudges(self) -> str:
        places, _ = self._columns()
        found = self.lesson.gradient(self.pixels, 3)["flat"]
        links = []
        for layer, start in ((1, 12_560), (2, 12_832)):
            nudge = -found[start : start + len(places[layer + 1]) * 16].reshape(-1, 16)
            most = float(np.abs(nudge).max())
            for (i, j), g in np.ndenumerate(nudge):
                if abs(g) > 0.05 * most:
                    size = abs(float(g)) / most
                    links.append(
                        s.line(
                            (places[layer][j], places[layer + 1][i]),
                            BLUE if g > 0 else RED,
                            0.5 + 4 * size,
                            0.3 + 0.7 * size,
                        )
                    )
        step = self.lesson.apply_nudge(0.1, self.pixels, 3)
        return s.svg(
            "Which way, and how much, each link should change for this 3", *links, self._neurons(),
            s.text(240, 266, f"one nudge of 0.1: cost {step['before']:.4f} → {step['after']:.4f}", "middle", QUIET),
        )  # fmt: skip

    def _importance(self) -> str:
        found = self.lesson.gradient(start=0, count=100)
        strong, weak = found["strongest"][0], found["weakest"][0]
        parts = []
        for i, entry in enumerate((strong, weak)):
            eps = np.linspace(-1, 1, 41)
            told = self.lesson.nudge(entry["index"], eps.tolist(), start=0, count=100)
            middle = told["cost"]
            axes = Axes((-1, 1), (middle - 0.15, middle + 0.15), 15 + 240 * i, 50, 210, 160)
            parts += [
                axes.floor("ε"), axes.curve(eps, told["line"], GOLD, 1.5), axes.curve(eps, told["measured"], BLUE, 2.5),
                s.text(15 + 240 * i, 22, "high component" if i == 0 else "low component", bold=True),
                s.text(15 + 240 * i, 42, f"gradient {entry['gradient']:+.1e}", colour=QUIET),
            ]  # fmt: skip
        legend = [s.text(15, 258, "measured", colour=BLUE), s.text(90, 258, "gradient · ε", colour=GOLD)]
        return s.svg("The cost as one strong and one weak number are changed", *parts, *legend)

    def _training(self) -> str:
        batches = self.costs.reshape(-1, 25).mean(1)
        axes = Axes((0, len(self.costs)), (0, max(1.0, float(batches.max()))), 40, 20, 420, 210)
        xs = np.arange(len(batches)) * 25 + 12.5
        return s.svg(
            f"The cost falls from {batches[0]:.2f} to {batches[-1]:.2f} in {len(self.costs):,} steps of training", axes.floor(),
            axes.curve(xs, batches, GOLD, 2.5), s.text(40, 250, "step 0", colour=QUIET),
            s.text(460, 250, f"step {len(self.costs):,}", "end", QUIET), s.text(8, 30, f"{axes.y1:.1f}", colour=QUIET),
            s.text(200, 60, f"cost {batches[0]:.2f} → {batches[-1]:.2f}", bold=True, size=18),
        )  # fmt: skip

    def _testing(self) -> str:
        seen = self.lesson.test(count=10_000, unseen=False)["accuracy"]
        found = self.lesson.test(count=10_000, mistakes=6)
        wrong = found["mistakes"]
        parts = [s.image(s.tiles(wrong["pixels"].reshape(-1, 28, 28), 6), 20, 112, 440, 69)]
        parts += [
            s.text(54 + 74.2 * i, 205, f"{wrong['label'][i]} read as {wrong['guess'][i]}", "middle", RED, 12)
            for i in range(6)
        ]
        return s.svg(
            f"{100 * found['accuracy']:.1f} % of the unseen digits are right; the worst mistakes",
            s.text(20, 35, f"digits it learned from: {100 * seen:.1f} %", size=17),
            s.text(20, 62, f"digits it has never seen: {100 * found['accuracy']:.1f} %", size=17, bold=True),
            s.text(20, 98, "its worst mistakes", colour=QUIET), *parts, height=215,
        )  # fmt: skip

    def _graph(self) -> str:
        found = self.lesson.graph(self.pixels, 3)
        names = {box["id"]: box for box in found["nodes"]}
        operations = [names[i] for i in found["forward"] if names[i]["operation"]]
        parts = []
        for i, node in enumerate(operations):
            x, y = 15 + 115 * (i % 4), 25 + 80 * (i // 4)
            norm = node["gradient"]["norm"]
            parts += [
                s.frame(x, y, 95, 50, INK, 8), s.text(x + 47, y + 20, node["operation"], "middle", bold=True),
                s.text(x + 47, y + 40, f"‖grad‖ {norm:.2g}", "middle", GOLD, 12),
            ]  # fmt: skip
            if i + 1 < len(operations) and i % 4 < 3:
                parts.append(s.arrow(x + 97, y + 25, x + 113, y + 25, QUIET, 1.5))
        return s.svg("The operations behind one digit's cost, and the gradient that comes back to each", *parts)

    def _takeaways(self) -> str:
        after = self.lesson.dataset_cost(n=1000)["cost"]
        found = self.lesson.test(count=10_000)
        info = self.lesson.info()
        lines = (
            ("cost", f"{self.before:.2f} → {after:.2f}"), ("unseen digits right", f"{100 * found['accuracy']:.1f} %"),
            ("digits seen", f"{info['seen']:,}"),
        )  # fmt: skip
        parts = [
            s.text(20, 45 + 62 * i, word, colour=QUIET)
            + s.text(20, 72 + 62 * i, value, colour=GOLD, size=24, bold=True)
            for i, (word, value) in enumerate(lines)
        ]
        return s.svg(
            "What one network learned: " + ", ".join(f"{word} {value}" for word, value in lines), *parts, height=215
        )

    def _journey(self) -> str:
        slope = self.lesson.gradient(self.pixels, 3)
        parts = [s.text(20, 40, "Back through the network: how large the gradient is per weight", colour=QUIET)]
        rows = [layer for layer in slope["layers"] if layer["kind"] == "weight"]
        most = max(layer["mean"] for layer in rows)
        for i, layer in enumerate(reversed(rows)):
            y = 75 + 45 * i
            to, of = layer["shape"]
            parts += [
                s.text(20, y + 14, f"{of} to {to}"), s.box(110, y, 250 * layer["mean"] / most, 20, GOLD, round_=4),
                s.text(120 + 250 * layer["mean"] / most, y + 15, f"{layer['mean']:.2g}"),
            ]  # fmt: skip
        return s.svg("The mean size of one digit's gradient in each layer, from the outputs back", *parts, height=215)
