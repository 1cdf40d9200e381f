"""What the page talks to: `Lesson`, one method for each thing a figure shows."""

from __future__ import annotations

from pathlib import Path

import minigrad
from minigrad.lesson.costs import Costs
from minigrad.lesson.curves import Curves
from minigrad.lesson.digits import Digits
from minigrad.lesson.gradients import Gradients
from minigrad.lesson.graph import Graph
from minigrad.lesson.keeping import Keeping
from minigrad.lesson.landscapes import Landscapes
from minigrad.lesson.network import Network
from minigrad.lesson.state import NETS, SIZES, Answer, layout
from minigrad.lesson.training import Training


class Lesson(Digits, Training, Network, Costs, Curves, Landscapes, Gradients, Graph, Keeping):
    """The lesson's networks and digits, and what a page can ask about them.

    Methods take plain data and return a dict of plain data and NumPy arrays; TypeError and ValueError say what is wrong with
    an argument. Every number is computed by minigrad's tensors.

    Args:
        seed: of the first random numbers of both networks that start with such.
        data: a folder with the digits and `digits.npz`; None for the package's own digits and the checkout's `models`.

    >>> lesson = Lesson()
    >>> lesson.count([784, 16, 16, 10])["total"]
    13002
    >>> lesson.cost([0, 0, 0, 0, 0, 0, 0, 0, 0, 0], label=3)["total"]
    1.0
    """

    def __init__(self, seed: int = 0, data: str | Path | None = None) -> None:
        super().__init__(seed, data)
        self._begin()

    def info(self) -> Answer:
        """What there is: sizes, the layout of the 13,002 numbers, how many digits, and how far training has come."""
        parts = layout()
        return {
            "version": minigrad.__version__, "sizes": list(SIZES), "parameters": parts[-1]["stop"], "layout": parts,
            "nets": list(NETS), "seeds": dict(self.seeds), "training": len(self.images()[1]),
            "unseen": len(self.images(True)[1]), "steps": self.steps, "seen": self.seen,
        }  # fmt: skip


NO_ANSWERS = ("net", "images", "some")  # what the parts tell each other
METHODS = tuple(sorted(name for name in dir(Lesson) if name[0] != "_" and name not in (*NO_ANSWERS, "run")))
ALL = (*METHODS, "run")  # for a page with Python of its own: `run` runs the reader's code
