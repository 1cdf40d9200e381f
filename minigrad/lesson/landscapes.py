"""Cost functions of two numbers: landscapes, their gradients, and paths down; one of them a slice through the real cost."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import minigrad
from minigrad import Tensor, nn, no_grad
from minigrad.lesson.state import Answer, Array, State, network, one_of, real, reals, start, wanted, whole

Surface = Callable[[Tensor, Tensor], Tensor]
SURFACES: dict[str, tuple[str, Surface | None]] = {
    "bowl": ("C = (x² + y²) / 2", lambda x, y: (x * x + y * y) / 2),
    "canyon": ("C = 0.15 x² + 3 y²", lambda x, y: x * x * 0.15 + y * y * 3),
    "valleys": ("C = (x² − 1)²/2 + y²/2 + x/5 + 1/2", lambda x, y: (x * x - 1) ** 2 / 2 + y * y / 2 + x / 5 + 0.5),
    "saddle": ("C = x²/2 − y²/2 + y⁴/10 + 1", lambda x, y: x * x / 2 - y * y / 2 + y**4 / 10 + 1),
    "cost": ("the real cost of 100 digits, along two directions out of 13,002", None),
}
SPAN = 2.0  # landscapes reach from -2 to 2 both ways
FAR = 1e3  # a path that comes this far has blown up
DIGITS = 100  # in the slice
ARRIVED = 0.05  # of the steepest slope on the way: what is left where a path is as good as there


class Landscapes(State):
    """Part of `Lesson`: two numbers to learn."""

    _slices: dict[str, tuple[bytes, Slice]]

    def surface(
        self, kind: str = "bowl", n: int = 41, start: int = 0, rows: int | None = None, net: str = "trained"
    ) -> Answer:
        """The heights of a landscape on a grid of n × n: row i at ys[i], column j at xs[j]; or some of its rows.

        "cost" is the real cost of 100 training digits around the network `net`, which is in the middle: along x towards one
        random network, along y towards another, both two away.
        """
        landscape = self._landscape(kind, net)
        xs = np.linspace(-SPAN, SPAN, whole("n", n, 2, 201))
        ys = xs[whole("start", start, 0, n - 1) :][: whole("rows", n if rows is None else rows, 1, n)]
        with no_grad():
            heights = np.array([landscape(pair(xs), pair(np.full(n, y))).numpy() for y in ys])
        return {"kind": kind, "formula": SURFACES[kind][0], "xs": xs, "ys": ys, "values": heights}

    def grad2d(
        self, kind: str, p: list[float], angle: float | None = None, step: float = 0.05, net: str = "trained"
    ) -> Answer:
        """The cost at a point and its gradient; and for an arrow at `angle`, how fast the cost changes along it.

        `rate` is that of the arrow, ∇C · d for d of length 1, and `best` that of −∇C, which no arrow is below. `after` and
        `best_after` are the costs after a step of length `step`.
        """
        landscape = self._landscape(kind, net)
        point = reals("p", p, 2)
        values, gradients = self._slopes(landscape, point[None])
        gradient, length = gradients[0], float(np.hypot(*gradients[0]))
        found: Answer = {"p": point, "value": float(values[0]), "gradient": gradient, "length": length}
        if angle is not None:
            turn, far = real("angle", angle), real("step", step, 0, 10)
            arrow = np.array([math.cos(turn), math.sin(turn)])
            down = -gradient / length if length > 0 else arrow
            after = self._slopes(landscape, np.array([point + far * arrow, point + far * down]))[0]
            rate = (minigrad.tensor(gradient) * minigrad.tensor(arrow)).sum().item()
            found |= {
                "arrow": arrow,
                "rate": rate,
                "best": -length,
                "after": float(after[0]),
                "best_after": float(after[1]),
            }
        return found

    def descend2d(self, kind: str, p0: list[float], eta: float = 0.1, steps: int = 60, net: str = "trained") -> Answer:
        """Follow −η∇C from `p0`: the path (steps + 1, 2), the costs and gradients on it, and what kind of path it is.

        `verdict` is read off the path: "blow up", "oscillate", "quick", "fine" or "crawl"; `arrived` is the first step at
        which a twentieth of the steepest slope is left, or -1.
        """
        landscape, eta = self._landscape(kind, net), real("eta", eta, 0, 1000)
        point = reals("p0", p0, 2)
        path, values, gradients = [], [], []
        for _ in range(whole("steps", steps, 0, 500) + 1):
            value, gradient = self._slopes(landscape, point[None])
            path.append(point)
            values.append(float(value[0]))
            gradients.append(gradient[0])
            if np.abs(point).max() > FAR:
                break
            point = point - eta * gradient[0]
        walked = np.array(path), np.array(values), np.array(gradients)
        verdict, arrived = verdict_of(*walked)
        return {"path": walked[0], "values": walked[1], "gradients": walked[2], "verdict": verdict, "arrived": arrived}

    def _landscape(self, kind: str, net: str) -> Surface:
        one_of("kind", kind, SURFACES)
        formula = SURFACES[kind][1]
        return self._slice(net) if formula is None else formula

    def _slice(self, net: str) -> Surface:
        """The slice around a network as it is now."""
        if not hasattr(self, "_slices"):
            self._slices = {}
        centre = self.net(net)
        state = b"".join(parameter.detach().numpy().tobytes() for parameter in centre.parameters())
        if self._slices.get(net, (b"",))[0] != state:
            images, labels = self.some(0, DIGITS)
            self._slices[net] = state, Slice(centre, images, wanted(labels))
        return self._slices[net][1]

    @staticmethod
    def _slopes(landscape: Surface, points: Array) -> tuple[Array, Array]:
        """The costs at some points (k, 2), and the gradients there (k, 2), by one `backward`."""
        x, y = (pair(points[:, i]).requires_grad_() for i in (0, 1))
        with np.errstate(over="ignore", invalid="ignore"):
            cost = landscape(x, y)
            cost.sum().backward()
        assert x.grad is not None
        assert y.grad is not None
        return cost.detach().numpy(), np.stack([x.grad.numpy(), y.grad.numpy()], 1)


class Slice:
    """The cost of some digits as a function of two numbers a and b, for the network centre + a·first + b·second.

    The first layer's sums are linear in a and b, so they are worked out once: a point then costs next to nothing.
    Source of the idea: H. Li et al., Visualizing the loss landscape of neural nets, NeurIPS 2018.
    """

    def __init__(self, centre: nn.Sequential, images: Tensor, target: Tensor) -> None:
        here = [parameter.detach().double() for parameter in centre.parameters()]
        first, second = directions(here)
        self.layers = [(*here[i : i + 2], *first[i : i + 2], *second[i : i + 2]) for i in range(0, len(here), 2)]
        digits = images.double()
        w, bias, w_a, bias_a, w_b, bias_b = self.layers[0]
        self.sums = digits @ w.T + bias, digits @ w_a.T + bias_a, digits @ w_b.T + bias_b
        self.target = target.double()

    def __call__(self, x: Tensor, y: Tensor) -> Tensor:
        """The costs (k) at the points (x[i], y[i])."""
        a, b = x[:, None, None], y[:, None, None]
        middle, along, across = self.sums
        h = (middle + a * along + b * across).sigmoid()
        for w, bias, w_a, bias_a, w_b, bias_b in self.layers[1:]:
            weight = w + a * w_a + b * w_b
            h = (h @ weight.transpose(1, 2) + (bias + a * bias_a + b * bias_b)).sigmoid()
        return ((h - self.target) ** 2).sum(2).mean(1)


def directions(here: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
    """Towards two random networks, the second way at right angles to the first and as long: each is two away."""
    ways = []
    for seed in (1, 2):
        other = network()
        start(other, seed)
        ways.append(
            [(there.detach().double() - centre) / SPAN for there, centre in zip(other.parameters(), here, strict=True)]
        )
    first, second = ways
    square = dot(first, first)
    second = [v - u * (dot(first, second) / square) for u, v in zip(first, second, strict=True)]
    longer = math.sqrt(square / dot(second, second))
    return first, [v * longer for v in second]


def dot(first: list[Tensor], second: list[Tensor]) -> float:
    """The product of two vectors that are lists of tensors."""
    return math.fsum((u * v).sum().item() for u, v in zip(first, second, strict=True))


def pair(numbers: Any) -> Tensor:
    """Numbers as a tensor of float64."""
    return minigrad.tensor(np.array(numbers, np.float64))


def verdict_of(path: Array, values: Array, gradients: Array) -> tuple[str, int]:
    """What kind of path this is, and when it arrived."""
    lengths = np.hypot(*gradients.T)
    there = np.nonzero(lengths <= ARRIVED * lengths.max())[0]
    arrived = int(there[0]) if len(there) and lengths[0] > 0 else -1
    if not np.isfinite(values).all() or np.abs(path).max() > FAR or values[-1] > values[0] + 1e-9:
        return "blow up", -1
    moves = np.diff(path[: arrived + 1 if arrived > 0 else None], axis=0)
    turns = (moves[1:] * moves[:-1]).sum(1) < 0
    if len(turns) and turns.mean() >= 0.5:
        return "oscillate", arrived
    if arrived < 0:
        return "crawl", arrived
    return ("quick" if arrived <= 10 else "fine"), arrived
