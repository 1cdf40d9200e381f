"""What is measured: every case, and the data and starting weights that all contenders begin from.

Weights go by the names that PyTorch's `state_dict` gives them, made once by NumPy, so that equal losses can be asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Data = dict[str, Array]

CHECKED = 8  # losses compared before anybody is timed; a compiled step of minigrad runs as a program from the fourth on

EPOCH_CHECKED = (
    2_000  # digits of an epoch whose mean cost is compared: in all of it every step amplifies what was rounded
)


@dataclass(frozen=True)
class Case:
    """One thing to time: a workload's letter, what distinguishes the case, and a size or a word to build it from."""

    letter: str
    label: str
    size: Any = None

    @property
    def name(self) -> str:
        """A short name without spaces, for files and JSON."""
        return f"{self.letter}-{self.label}".replace(" ", "-").replace("+", "and")


@dataclass
class Task:
    """A contender's answer to a case.

    `step(i)` does the work once, on batch i, and gives its loss in whatever form is quickest; `read` waits for that loss and
    makes it a number. One call counts for `per_call` steps. `first(n)` gives the first n losses, where a call is not a step.
    """

    step: Callable[[int], Any]
    read: Callable[[Any], float] = float
    per_call: int = 1
    first: Callable[[int], list[float]] | None = None

    def losses(self, n: int) -> list[float]:
        """The losses of the first n steps."""
        return self.first(n) if self.first is not None else [self.read(self.step(i)) for i in range(n)]


class NotHere(Exception):  # noqa: N818  (it is an answer, not a fault)
    """This contender does not take part in this case; the message says why."""


@dataclass(frozen=True)
class Workload:
    """A letter's title, unit, cases, and how far losses may differ: float32 rounds differently in two programs."""

    letter: str
    title: str
    cases: tuple[Case, ...]
    unit: str = "step"
    tolerance: float = 1e-4
    threaded: bool = True  # whether more than one thread can matter
    quick: tuple[Case, ...] = field(default=())  # the cases of a smoke run, if not all


def _cases(letter: str, sizes: dict[str, Any]) -> tuple[Case, ...]:
    return tuple(Case(letter, label, size) for label, size in sizes.items())


OPERATIONS = ("add", "mul", "matmul 2x2", "sum", "index")
_A = _cases("a", {f"batch {n}": n for n in (1, 10, 32, 128, 1000)})
_F = _cases(
    "f", {f"{name}{way}": (name, bool(way)) for name in OPERATIONS for way in ("", " + backward")}
)  # forward alone, and with the way back
_G = _cases("g", {f"{n:,} operations": n for n in (1_000, 10_000, 100_000, 1_000_000)})

WORKLOADS: dict[str, Workload] = {
    w.letter: w
    for w in (
        Workload("a", "the digit network 784-16-16-10, sigmoid, squared error, SGD", _A, quick=_A[1:2]),
        Workload("b", "MLP 784-512-256-10, ReLU, cross-entropy, Adam", _cases("b", {"batch 128": 128}), tolerance=2e-4),
        Workload(
            "c",
            "LeNet-like CNN: 5x5 convolutions to 6 and 16 channels, max pooling, 256-120-84-10, SGD with momentum",
            _cases("c", {"batch 64": 64}),
            tolerance=1e-3,
        ),
        Workload(
            "d",
            "GPT of 4 layers, width 64, 4 heads, context 64, AdamW",
            _cases("d", {"batch 16": 16}),
            tolerance=1e-3,
        ),
        Workload(
            "e",
            "LSTM of 128 units reading digits row by row (28 steps of 28 pixels), Adam",
            _cases("e", {"batch 64": 64}),
            tolerance=1e-3,
        ),
        Workload(
            "f", "one operation on 2x2 float32", _F, unit="operation", tolerance=1e-5, threaded=False, quick=_F[:2]
        ),
        Workload(
            "g",
            "a chain of n multiplications and additions of one number, there and back",
            _G,
            unit="operation",
            tolerance=1e-3,
            threaded=False,
            quick=_G[:2],
        ),
        Workload(
            "h",
            "gradient penalty: a critic 784-128-1, tanh, whose slope is pulled to 1, SGD",
            _cases("h", {"batch 64": 64}),
            tolerance=1e-3,
        ),
        Workload(
            "i",
            "an epoch: 60,000 digits in batches of ten",
            _cases(
                "i", {"batches in order": "order", "batches shuffled": "shuffled", "shuffled and trained on": "train"}
            ),
            unit="epoch",
        ),
    )
}


# ── data and starting weights ────────────────────────────────────────────────────────────────────────────────────────


def batches(case: Case) -> int:
    """How many different batches a case has: enough that it goes on learning while it is timed."""
    if case.letter == "a":
        return {1: 1000, 10: 1000, 32: 500, 128: 100, 1000: 20}[case.size]
    return {"b": 64, "c": 64, "d": 32, "e": 64, "h": 64}.get(case.letter, 1)


def linear(random: np.random.Generator, data: Data, name: str, inputs: int, outputs: int) -> None:
    """Weights and biases of a layer, uniform in ±1/√inputs as PyTorch's are."""
    bound = inputs**-0.5
    data[f"p.{name}.weight"] = random.uniform(-bound, bound, (outputs, inputs)).astype(np.float32)
    data[f"p.{name}.bias"] = random.uniform(-bound, bound, outputs).astype(np.float32)


def make(case: Case, quick: bool = False) -> Data:
    """What a case starts from: `x` and `y`, the batches; `p.<name>`, the weights."""
    random = np.random.default_rng(0)
    data: Data = {}
    n, size = (min(16, batches(case)) if quick else batches(case)), case.size
    match case.letter:
        case "a":
            images, labels = digits(n * size)
            data["x"], data["y"] = images.reshape(n, size, 784), one_hot(labels).reshape(n, size, 10)
            digit_network(random, data)
        case "b":
            images, labels = digits(n * size)
            data["x"], data["y"] = images.reshape(n, size, 784), labels.reshape(n, size)
            for name, inputs, outputs in (("0", 784, 512), ("2", 512, 256), ("4", 256, 10)):
                linear(random, data, name, inputs, outputs)
        case "c":
            images, labels = digits(n * size)
            data["x"], data["y"] = images.reshape(n, size, 1, 28, 28), labels.reshape(n, size)
            for name, inputs, outputs in (("0", 1, 6), ("3", 6, 16)):
                linear(random, data, name, inputs * 25, outputs)
                data[f"p.{name}.weight"] = data[f"p.{name}.weight"].reshape(outputs, inputs, 5, 5)
            for name, inputs, outputs in (("7", 256, 120), ("9", 120, 84), ("11", 84, 10)):
                linear(random, data, name, inputs, outputs)
        case "d":
            text = random.integers(0, GPT["vocabulary"], (n, size, GPT["context"] + 1))
            text[..., 1::2] = (text[..., :-1:2] * 7 + 3) % GPT["vocabulary"]  # every other token can be learnt
            data["x"], data["y"] = np.ascontiguousarray(text[..., :-1]), np.ascontiguousarray(text[..., 1:])
            gpt(random, data)
        case "e":
            images, labels = digits(n * size)
            data["x"], data["y"] = images.reshape(n, size, 28, 28), labels.reshape(n, size)
            bound = LSTM_UNITS**-0.5
            for name, shape in {
                "weight_ih_l0": (4 * LSTM_UNITS, 28),
                "weight_hh_l0": (4 * LSTM_UNITS, LSTM_UNITS),
                "bias_ih_l0": (4 * LSTM_UNITS,),
                "bias_hh_l0": (4 * LSTM_UNITS,),
            }.items():
                data[f"p.lstm.{name}"] = random.uniform(-bound, bound, shape).astype(np.float32)
            linear(random, data, "head", LSTM_UNITS, 10)
        case "h":
            images, _ = digits(n * size)
            data["x"] = images.reshape(n, size, 784)
            linear(random, data, "0", 784, 128)
            linear(random, data, "2", 128, 1)
        case "f":
            data["x"] = random.uniform(1, 2, (2, 2, 2)).astype(np.float32)
        case "i":
            images, labels = digits(2000 if quick else 60_000)
            data["x"], data["y"], data["labels"] = images, one_hot(labels), labels
            digit_network(random, data)
    return data


GPT = {"vocabulary": 64, "width": 64, "layers": 4, "heads": 4, "context": 64}
LSTM_UNITS = 128
LEARNING_RATES = {"a": 0.5, "b": 1e-4, "c": 0.01, "d": 3e-4, "e": 1e-4, "h": 0.01, "i": 1.0}
MOMENTUM = 0.9
DECAY = 2.5e-4  # of the first layer, in (i), as scripts/mnist.py has it
PENALTY = 10.0


def digit_network(random: np.random.Generator, data: Data) -> None:
    """Weights of 784-16-16-10."""
    for name, inputs, outputs in (("0", 784, 16), ("2", 16, 16), ("4", 16, 10)):
        linear(random, data, name, inputs, outputs)


def gpt(random: np.random.Generator, data: Data) -> None:
    """Weights of the transformer, normal with deviation 0.02 as in GPT-2 (Radford et al., 2019)."""
    width = GPT["width"]

    def normal(name: str, *shape: int) -> None:
        data[f"p.{name}"] = random.normal(0, 0.02, shape).astype(np.float32)

    def norm(name: str) -> None:
        data[f"p.{name}.weight"], data[f"p.{name}.bias"] = np.ones(width, np.float32), np.zeros(width, np.float32)

    normal("token.weight", GPT["vocabulary"], width)
    normal("place.weight", GPT["context"], width)
    for i in range(GPT["layers"]):
        norm(f"blocks.{i}.norm1")
        norm(f"blocks.{i}.norm2")
        for name, outputs, inputs in (("qkv", 3, 1), ("out", 1, 1), ("up", 4, 1), ("down", 1, 4)):
            normal(f"blocks.{i}.{name}.weight", outputs * width, inputs * width)
            data[f"p.blocks.{i}.{name}.bias"] = np.zeros(outputs * width, np.float32)
    norm("norm")
    normal("head.weight", GPT["vocabulary"], width)


def weights(data: Data) -> Data:
    """The starting weights by name."""
    return {name[2:]: array for name, array in data.items() if name.startswith("p.")}


def digits(n: int) -> tuple[Array, Array]:
    """The first n training digits, as rows of 784 numbers from 0 to 1, and their labels."""
    from minigrad.datasets import MNIST

    dataset = MNIST(train=True)
    images = dataset.data.array[:n].reshape(n, 784).astype(np.float32) / np.float32(255)
    return images, dataset.targets.array[:n].astype(np.int64)


def one_hot(labels: Array) -> Array:
    """Rows of ten with a one where the label says."""
    return np.eye(10, dtype=np.float32)[labels]
