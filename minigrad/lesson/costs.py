"""The cost: how bad one output is, and a whole network on many digits."""

from __future__ import annotations

import numpy as np

import minigrad
from minigrad import no_grad
from minigrad.lesson.state import Answer, State, cost_of, reals, wanted, whole

RANKED = {
    "A": ("nine perfect outputs, and the 4 is dark", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    "B": ("just what was wanted", [0, 0, 0, 0, 1, 0, 0, 0, 0, 0]),
    "C": ("all ten are off by half or so", [0.5, 0.55, 0.45, 0.5, 0.5, 0.55, 0.5, 0.45, 0.6, 0.5]),
    "D": ("the opposite of what was wanted", [1, 1, 1, 1, 0, 1, 1, 1, 1, 1]),
}


class Costs(State):
    """Part of `Lesson`: the cost function."""

    def cost(self, outputs: list[float], label: int) -> Answer:
        """The cost of ten outputs for a digit: their differences from what was wanted, squared, and added up."""
        target = wanted(np.array([whole("label", label, 0, 9)]))[0].double()
        differences = minigrad.tensor(reals("outputs", outputs, 10)) - target
        squares = differences**2
        return {
            "wanted": target.numpy(), "diffs": differences.numpy(), "squares": squares.numpy(), "total": squares.sum().item(),
        }  # fmt: skip

    def dataset_cost(self, net: str = "mine", n: int = 1000, start: int = 0, unseen: bool = False) -> Answer:
        """The average cost over `n` digits, and each one's own."""
        images, labels = self.some(start, n, unseen)
        with no_grad():
            outputs = self.net(net)(images)
            each = ((outputs - wanted(labels)) ** 2).sum(1)
            right = (outputs.argmax(1) == minigrad.tensor(labels)).sum()
        return {"cost": each.mean().item(), "count": len(labels), "costs": each.numpy(), "right": right.item()}

    def ranking(self) -> Answer:
        """Four outputs for a 4, to be put in order, with their costs and the order from the worst to the best."""
        vectors = np.array([outputs for _, outputs in RANKED.values()], np.float64)
        costs = ((minigrad.tensor(vectors) - wanted(np.array([4])).double()) ** 2).sum(1).numpy()
        names = list(RANKED)
        return {
            "label": 4, "names": names, "outputs": vectors, "costs": costs, "why": [why for why, _ in RANKED.values()],
            "order": [names[i] for i in np.argsort(-costs)],
        }  # fmt: skip

    def test(
        self, net: str = "mine", start: int = 0, count: int = 2000, unseen: bool = True, mistakes: int = 60,
        shows: int | None = None, taken: int | None = None,
    ) -> Answer:  # fmt: skip
        """Test on digits in a row: how many are right, the cost, what was taken for what, and the worst mistakes first.

        `confusion` counts by what a digit shows (row) and what it was taken for (column). With `shows` or `taken` only
        mistakes of that kind are listed.
        """
        images, labels = self.some(start, count, unseen)
        with no_grad():
            outputs = self.net(net)(images)
            cost = cost_of(outputs, wanted(labels)).item()
            each = ((outputs - wanted(labels)) ** 2).sum(1).numpy()
            guesses = outputs.argmax(1).numpy()
        confusion = np.zeros((10, 10), np.int32)
        np.add.at(confusion, (labels, guesses), 1)
        wrong = np.nonzero(guesses != labels)[0]
        right = int(len(labels) - len(wrong))
        for kind, wish in ((labels, shows), (guesses, taken)):
            if wish is not None:
                wrong = wrong[kind[wrong] == whole("shows and taken", wish, 0, 9)]
        worst = wrong[np.argsort(-each[wrong], kind="stable")][: whole("mistakes", mistakes, 0, 1000)]
        return {
            "count": len(labels), "right": right, "accuracy": right / len(labels), "cost": cost, "confusion": confusion,
            "mistakes": {
                "index": worst + start, "label": labels[worst], "guess": guesses[worst], "cost": each[worst],
                "outputs": outputs.numpy()[worst], "pixels": self.images(unseen)[0][worst + start],
            },
        }  # fmt: skip
