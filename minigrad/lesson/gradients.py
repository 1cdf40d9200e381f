"""The gradient in 13,002 dimensions, and what its components are worth."""

from __future__ import annotations

from typing import Any

import numpy as np

import minigrad
from minigrad import Tensor, nn, no_grad
from minigrad.lesson.network import at
from minigrad.lesson.state import (
    Answer,
    Array,
    State,
    cost_of,
    flat,
    flat_gradient,
    layout,
    link,
    network,
    picture,
    real,
    reals,
    wanted,
    whole,
)  # fmt: skip

TINY = 1e-4  # the nudge that measures a slope
LONGEST = 20_000  # digits that one call of `nudge` may send through


class Gradients(State):
    """Part of `Lesson`: what the gradient tells."""

    def gradient(
        self,
        pixels: list[float] | None = None,
        label: int | None = None,
        net: str = "mine",
        start: int = 0,
        count: int = 100,
    ) -> Answer:
        """∇C, all 13,002 numbers, for one digit, or on average over `count` training digits from `start`.

        `layers` has the average magnitude per weight and per bias: a large layer is no stronger for being large.
        """
        model = self.net(net)
        cost, gradient = slopes(model, *self._lesson(pixels, label, start, count))
        sizes = minigrad.tensor(np.abs(gradient))
        layers = [{**part, "mean": sizes[part["start"] : part["stop"]].mean().item()} for part in layout()]
        order = np.argsort(-np.abs(gradient), kind="stable")
        weak = order[np.abs(gradient[order]) > 0][-10:][::-1]
        return {
            "flat": gradient, "cost": cost, "norm": minigrad.tensor(gradient).norm().item(), "layers": layers,
            "strongest": [{**link(int(i)), "gradient": float(gradient[i])} for i in order[:10]],
            "weakest": [{**link(int(i)), "gradient": float(gradient[i])} for i in weak],
            "zeros": int((gradient == 0).sum()),
        }  # fmt: skip

    def nudge(
        self, index: int, eps: list[float], pixels: list[float] | None = None, label: int | None = None, net: str = "mine",
        start: int = 0, count: int = 100,
    ) -> Answer:  # fmt: skip
        """Change one of the 13,002 numbers by each of `eps`: the cost as measured, and as its gradient foretells it.

        `measured` is the cost with the number changed, `line` the cost now plus gradient · ε, and `slope` what two tiny
        changes to either side measure: (C(w + h) − C(w − h)) / 2h.
        """
        changes = reals("eps", eps, most=100)
        place = whole("index", index, 0, 13_001)
        if pixels is None and len(changes) * whole("count", count, 1, 60_000) > LONGEST:
            raise ValueError(
                f"{len(changes)} costs of {count:,} digits are too many: at most {LONGEST:,} digits in all"
            )
        copy = self._copy(net)
        images, target = (part.double() for part in self._lesson(pixels, label, start, count))
        cost, gradient = slopes(copy, images, target)
        parameter, at_place = at(copy, place)
        numbers = parameter.data.view(-1)
        value = numbers[at_place].item()

        def measure(change: float) -> float:
            with no_grad():
                numbers[at_place] = value + change
                cost: float = cost_of(copy(images), target).item()
            return cost

        measured = np.array([measure(float(change)) for change in changes])
        slope = (measure(TINY) - measure(-TINY)) / (2 * TINY)
        return {
            **link(place), "value": value, "gradient": float(gradient[place]), "cost": cost, "eps": changes,
            "measured": measured, "slope": slope, "line": cost + float(gradient[place]) * changes,
        }  # fmt: skip

    def apply_nudge(
        self, scale: float = 1.0, pixels: list[float] | None = None, label: int | None = None, net: str = "mine",
        start: int = 0, count: int = 100, keep: bool = False,
    ) -> Answer:  # fmt: skip
        """Move all 13,002 numbers by −scale · ∇C: the cost before and after, and the outputs for the (first) digit.

        The network itself is moved only with `keep`; `take_back` undoes that.
        """
        far = real("scale", scale, -1e5, 1e5)
        images, target = self._lesson(pixels, label, start, count)
        model = self.net(net) if keep else copied(self.net(net))
        if keep:
            self.before_nudges.setdefault(net, flat(model))
        before, gradient = slopes(model, images, target)
        with no_grad():
            old = model(images[:1])[0].numpy().copy()
            for parameter in model.parameters():
                assert parameter.grad is not None
                parameter -= parameter.grad * far
            outputs = model(images)
            after = cost_of(outputs, target).item()
        model.zero_grad()
        return {
            "before": before, "after": after, "outputs_before": old, "outputs": outputs.numpy()[0],
            "moved": abs(far) * minigrad.tensor(gradient).norm().item(), "weights": flat(model),
        }  # fmt: skip

    def take_back(self, net: str = "mine") -> Answer:
        """Undo the nudges that were kept, all of them; the count of training steps stays. ValueError if there are none, or
        if the network was trained, loaded or reset since: they are no longer all that moved it."""
        model = self.net(net)
        if net not in self.before_nudges:
            raise ValueError(f"there is no nudge of {net!r} to take back: apply one with keep=True first")
        numbers, at_number = self.before_nudges.pop(net), 0
        with no_grad():
            for parameter in model.parameters():
                part = numbers[at_number : at_number + parameter.numel()]
                parameter.copy_(minigrad.tensor(part).reshape(parameter.shape))
                at_number += parameter.numel()
        return {"net": net, "parameters": at_number}

    def _copy(self, net: str) -> nn.Sequential:
        """The network in float64, where small differences can be seen."""
        copy = copied(self.net(net))
        return copy.double()

    def _lesson(self, pixels: Any, label: Any, start: int, count: int) -> tuple[Tensor, Tensor]:
        """What to learn from: one digit and what it shows, or training digits in a row."""
        if pixels is not None:
            return picture(pixels), wanted(np.array([whole("label", label, 0, 9)]))
        images, labels = self.some(start, count)
        return images, wanted(labels)


def copied(net: nn.Sequential) -> nn.Sequential:
    """A network of its own with the same numbers."""
    copy = network()
    copy.load_state_dict(net.state_dict())
    return copy


def slopes(net: nn.Sequential, images: Tensor, target: Tensor) -> tuple[float, Array]:
    """The cost, and its gradient as one vector: one pass forward, one backward."""
    net.zero_grad()
    cost = cost_of(net(images), target)
    cost.backward()
    return cost.item(), flat_gradient(net)
