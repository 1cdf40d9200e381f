"""How fast minigrad is beside NumPy written by hand, both measured in one run, in turns.

    python scripts/benchmark.py              print the table
    python scripts/benchmark.py --repeats 9  more rounds

One thread is used (set OPENBLAS_NUM_THREADS, or another BLAS's variable, to measure more). Needs `pip install minigrad`.
"""

from __future__ import annotations

import argparse
import gc
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # before NumPy is imported: it reads them once

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

import minigrad
import minigrad.compile
from minigrad import nn, optim
from minigrad.datasets import MNIST
from minigrad.utils.data import DataLoader, TensorDataset
from models import digits

BATCH, RATE, DECAY = 10, 1.0, 2.5e-4
Array = np.ndarray[Any, Any]


def main() -> int:
    """Run every comparison and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--repeats", type=int, default=5, help="rounds, each contender once per round (%(default)s)")
    repeats = parser.parse_args().repeats
    threads = os.environ["OPENBLAS_NUM_THREADS"]
    print(
        f"minigrad {minigrad.__version__}, NumPy {np.__version__}, Python {platform.python_version()}, {threads} BLAS thread"
    )
    training = MNIST(train=True)
    images = training.data.float().flatten(1) / 255
    rows = nn.functional.one_hot(training.targets, 10).float()
    labels = training.targets

    gc.freeze()  # what is loaded by now stays: nobody's collector need look at it again
    ours, eager = (Ours(images, rows, labels, compiled=compiled) for compiled in (True, False))
    by_hand = ByHand(images.array, rows.array, labels.array)
    costs = [contender.epoch(shuffle=False) for contender in (ours, eager, by_hand)]
    if not np.allclose(
        costs, costs[0], rtol=1e-3
    ):  # float32 rounds differently in two programs, and 6,000 steps amplify it
        print(f"they do not compute the same: mean costs {costs}", file=sys.stderr)
        return 1
    compare(
        "an epoch: 6,000 steps of ten digits, shuffled, with running cost and accuracy, not compiled",
        repeats,
        eager.epoch,
        by_hand.epoch,
    )
    compare(
        "the same, the step compiled, as scripts/mnist.py does it",
        repeats,
        ours.epoch,
        by_hand.epoch,
    )
    loader = DataLoader(TensorDataset(images, rows), batch_size=BATCH, shuffle=False)
    compare(
        "an epoch of batches only, in order: DataLoader beside slices of the arrays",
        repeats,
        lambda: [None for _ in loader],
        lambda: [(images.array[i : i + BATCH], rows.array[i : i + BATCH]) for i in range(0, len(images), BATCH)],
    )
    compare(
        "an epoch of batches only, in order: DataLoader beside slices of the tensors",
        repeats,
        lambda: [None for _ in loader],
        lambda: [(images[i : i + BATCH], rows[i : i + BATCH]) for i in range(0, len(images), BATCH)],
    )
    random = np.random.default_rng(0)
    shuffled = DataLoader(loader.dataset, batch_size=BATCH, shuffle=True)
    compare(
        "an epoch of batches only, shuffled: DataLoader beside rows of the arrays by index",
        repeats,
        lambda: [None for _ in shuffled],
        lambda: [
            (images.array[batch], rows.array[batch]) for batch in random.permutation(len(images)).reshape(-1, BATCH)
        ],
    )
    compare(
        "python -c 'import minigrad' beside 'import numpy'", max(repeats, 11), imports("minigrad"), imports("numpy")
    )
    return 0


class Ours:
    """The training loop in minigrad."""

    def __init__(
        self, images: minigrad.Tensor, rows: minigrad.Tensor, labels: minigrad.Tensor, *, compiled: bool
    ) -> None:
        minigrad.manual_seed(0)
        self.model = digits.DigitClassifier()
        first, *others = self.model.parameters()
        self.optimizer = optim.SGD([{"params": [first], "weight_decay": DECAY}, {"params": others}], RATE)
        self.dataset = TensorDataset(images, rows, labels)
        self.learn = minigrad.compile(self.step_of_learning()) if compiled else self.step_of_learning()

    def step_of_learning(self) -> Callable[..., Any]:
        """One step of gradient descent, as `scripts/mnist.py` takes it."""
        model, optimizer = self.model, self.optimizer

        def learn(images: minigrad.Tensor, rows: minigrad.Tensor) -> tuple[minigrad.Tensor, minigrad.Tensor]:
            outputs = model(images)
            cost = digits.cost(outputs, rows)
            optimizer.zero_grad()
            cost.backward()
            optimizer.step()
            return cost, outputs.detach()

        return learn

    def epoch(self, shuffle: bool = True) -> float:
        """One pass over the digits; the mean cost."""
        total, hits = 0.0, 0
        for images, rows, labels in DataLoader(self.dataset, batch_size=BATCH, shuffle=shuffle):
            cost, outputs = self.learn(images, rows)
            total += cost.item() * len(labels)
            hits += int((outputs.array.argmax(1) == labels.array).sum())
        return total / len(self.dataset)


class ByHand:
    """The same loop as one writes it in NumPy: the gradients worked out on paper, no framework."""

    def __init__(self, images: Array, rows: Array, labels: Array) -> None:
        minigrad.manual_seed(0)
        self.parameters = [p.array for p in digits.DigitClassifier().parameters()]
        self.images, self.rows, self.labels = images, rows, labels
        self.random = np.random.default_rng(0)

    def epoch(self, shuffle: bool = True) -> float:
        """One pass over the digits; the mean cost."""
        w1, b1, w2, b2, w3, b3 = self.parameters
        total, hits = 0.0, 0
        order = self.random.permutation(len(self.images)) if shuffle else np.arange(len(self.images))
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            x, y, labels = self.images[batch], self.rows[batch], self.labels[batch]
            a1 = 1 / (1 + np.exp(-(x @ w1.T + b1)))
            a2 = 1 / (1 + np.exp(-(a1 @ w2.T + b2)))
            a3 = 1 / (1 + np.exp(-(a2 @ w3.T + b3)))
            difference = a3 - y
            cost = (difference * difference).sum() / len(x)
            d3 = difference * (2 / len(x)) * a3 * (1 - a3)
            d2 = d3 @ w3 * a2 * (1 - a2)
            d1 = d2 @ w2 * a1 * (1 - a1)
            gradients = (d1.T @ x, d1.sum(0), d2.T @ a1, d2.sum(0), d3.T @ a2, d3.sum(0))
            w1 -= RATE * DECAY * w1
            for parameter, gradient in zip(self.parameters, gradients, strict=True):
                parameter -= RATE * gradient
            total += float(cost) * len(x)
            hits += int((a3.argmax(1) == labels).sum())
        return total / len(order)


def imports(name: str) -> Callable[[], object]:
    """A function that starts Python and imports one package, compiled once as an installed package is."""
    root = Path(__file__).resolve().parent.parent
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return lambda: subprocess.run([sys.executable, "-c", f"import {name}"], check=True, cwd=root, env=environment)


def compare(title: str, repeats: int, ours: Callable[[], object], other: Callable[[], object]) -> None:
    """Time two functions in turns and print their medians, their spreads and the median of their ratios."""
    times: list[tuple[float, float]] = []
    for _ in range(repeats + 1):
        marks = [time.perf_counter()]
        for function in (ours, other):
            function()
            marks.append(time.perf_counter())
        times.append((marks[1] - marks[0], marks[2] - marks[1]))
    mine, theirs = zip(*times[1:], strict=True)  # the first round warms up
    ratio = statistics.median(a / b for a, b in times[1:])
    print(f"\n{title}")
    for name, values in (("minigrad", mine), ("beside it", theirs)):
        print(f"  {name:10s} {statistics.median(values):8.4f} s   ({min(values):.4f} to {max(values):.4f})")
    print(f"  ratio      {ratio:8.2f}     difference {1e3 * statistics.median(a - b for a, b in times[1:]):.1f} ms")


if __name__ == "__main__":
    sys.exit(main())
