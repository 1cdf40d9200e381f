"""Training: the lesson's loop of five steps, one at a time or for some milliseconds."""

from __future__ import annotations

import time
from array import array
from typing import Any

import numpy as np

import minigrad
from minigrad import Generator, Tensor, optim
from minigrad.lesson.state import (
    Answer,
    Array,
    State,
    brightness,
    cost_of,
    flat,
    flat_gradient,
    layout,
    real,
    wanted,
    whole,
)

ETA = 1.0  # see the table in docs/design.md
BATCH = 10
LONGEST = 200_000  # digits that are learned from in one call: it takes some seconds
WINDOW = 1000  # digits that the running accuracy looks back on


class Training(State):
    """Part of `Lesson`: gradient descent on "mine"."""

    _learn: Any = None

    def _begin(self) -> None:
        """Start counting: no step taken, no digit seen, and the order of the digits that the seed gives."""
        self.generator = Generator().manual_seed(self.seeds["mine"])
        self.order: Array = np.empty(0, np.int64)
        self.among = 0  # as many digits
        self.steps = self.seen = 0
        self.recent: list[tuple[int, int]] = []  # right, of how many, in the last batches
        self.costs = array("d")  # of all steps
        self.before_nudges.pop("mine", None)
        if self._learn is None:
            net = self.net("mine")
            self.optimizer = optim.SGD(net.parameters(), lr=ETA)
            optimizer = self.optimizer

            def learn(images: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
                outputs = net(images)  # 1. feed training data through the network
                cost = cost_of(outputs, target)  # 2. calculate the cost
                optimizer.zero_grad()
                cost.backward()  # 3. compute the gradient
                optimizer.step()  # 4. update all weights and biases
                return cost, outputs.detach()

            self._learn = minigrad.compile(learn)

    def step(self, eta: float = ETA, batch: int = BATCH) -> Answer:
        """One step of the loop, told in its five parts: the batch, the outputs and cost, the gradient, the change, the next."""
        self.optimizer.param_groups[0]["lr"] = real("eta", eta, 0, 1000)
        places = self._next(whole("batch", batch, 1, 1000))
        pixels, labels = self.images()
        images, target, net = brightness(pixels[places]), wanted(labels[places]), self.net("mine")
        outputs = net(images)
        cost = cost_of(outputs, target)
        self.optimizer.zero_grad()
        cost.backward()
        gradient = flat_gradient(net)
        before = flat(net)
        self.optimizer.step()
        change = flat(net) - before
        with minigrad.no_grad():
            after = cost_of(net(images), target).item()
        guesses = outputs.detach().numpy().argmax(1)
        self._count(cost.item(), int((guesses == labels[places]).sum()), len(places))
        return {
            "steps": self.steps, "seen": self.seen, "index": places, "pixels": pixels[places], "labels": labels[places],
            "outputs": outputs.detach().numpy(), "guesses": guesses, "cost": cost.item(), "after": after,
            "norm": minigrad.tensor(gradient).norm().item(), "moved": minigrad.tensor(change).norm().item(),
            "layers": [{**part, "mean": float(np.abs(gradient[part["start"] : part["stop"]]).mean())} for part in layout()],
            "accuracy": self._accuracy(),
        }  # fmt: skip

    def train(self, ms: float = 40, eta: float = ETA, batch: int = BATCH, steps: int | None = None) -> Answer:
        """Train for `ms` milliseconds, or for exactly `steps` steps: the cost of each batch, and how many of the last 1,000
        digits were right when they were met."""
        self.optimizer.param_groups[0]["lr"] = real("eta", eta, 0, 1000)
        size = whole("batch", batch, 1, 1000)
        most = 10_000 if steps is None else whole("steps", steps, 1, 10_000)
        if steps is not None and steps * size > LONGEST:
            raise ValueError(f"{steps:,} steps of {size:,} digits are too many at once: at most {LONGEST:,} digits")
        end = time.perf_counter() + real("ms", ms, 0, 1000) / 1000
        pixels, labels = self.images()
        first, costs = self.steps, list[float]()
        places = np.empty(0, np.int64)
        with np.errstate(over="ignore", invalid="ignore"):
            while len(costs) < most and (steps is not None or not costs or time.perf_counter() < end):
                places = self._next(size)
                shown = labels[places]
                cost, outputs = self._learn(brightness(pixels[places]), wanted(shown))
                costs.append(cost.item())
                self._count(costs[-1], int((outputs.numpy().argmax(1) == shown).sum()), size)
        return {
            "first": first, "steps": self.steps, "seen": self.seen, "costs": np.array(costs, np.float32),
            "accuracy": self._accuracy(), "index": places, "advice": advice(costs),
        }  # fmt: skip

    def history(self, points: int = 300) -> Answer:
        """The costs of all steps since the last reset or load, in at most `points` groups of steps in a row: the `first`
        and the `last` step of each, and the `mean`, the lowest (`low`) and the highest (`high`) of its batches' costs."""
        whole("points", points, 1, 10_000)
        costs = np.array(self.costs)
        span = 1  # doubles, so that groups stay what they were while training goes on
        while len(costs) > span * points:
            span *= 2
        starts = np.arange(0, len(costs), span)
        ends = np.minimum(starts + span, len(costs))
        earlier = self.steps - len(costs)  # those of a network that was loaded
        groups = [
            reduce.reduceat(costs, starts) if len(costs) else costs for reduce in (np.add, np.minimum, np.maximum)
        ]
        return {
            "first": (earlier + starts + 1).astype(np.int32), "last": (earlier + ends).astype(np.int32),
            "mean": groups[0] / (ends - starts), "low": groups[1], "high": groups[2], "steps": self.steps,
        }  # fmt: skip

    def _next(self, size: int) -> Array:
        """Which digits come next: each once, in random order, before any comes again."""
        count = len(self.images()[1])
        if self.among != count:  # of 60,000 digits or 10,000 now
            self.order, self.among = np.empty(0, np.int64), count
        while len(self.order) < size:
            again = minigrad.randperm(count, generator=self.generator).numpy()
            self.order = np.concatenate([self.order, again])
        places, self.order = self.order[:size], self.order[size:]
        return places

    def _count(self, cost: float, right: int, size: int) -> None:
        self.costs.append(cost)
        self.before_nudges.pop("mine", None)
        self.steps += 1
        self.seen += size
        self.recent = [*self.recent[-max(1, WINDOW // size) + 1 :], (right, size)] if size < WINDOW else [(right, size)]

    def _accuracy(self) -> float:
        """The share of the last digits that were right when they were met."""
        return sum(right for right, _ in self.recent) / max(1, sum(size for _, size in self.recent))


def advice(costs: list[float]) -> str:
    """What the costs of some steps say about η."""
    mean = float(np.mean(costs))
    if not np.isfinite(mean):
        return "The cost is no longer a number: reset, and take a smaller η."
    if len(costs) >= 20 and mean > 0.95:
        return "The network says the same to every digit: is η too large?"
    return ""
