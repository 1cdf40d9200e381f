"""What a lesson holds: three networks of 13,002 numbers, and the digits, those to learn from apart from the unseen ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

import minigrad
from minigrad import Generator, Tensor, nn
from minigrad.datasets import read_idx
from minigrad.datasets.mnist import FOLDER

Array: TypeAlias = "np.ndarray[Any, Any]"
Answer: TypeAlias = dict[str, Any]

SIZES = (784, 16, 16, 10)
LINEAR = (0, 2, 4)  # where the layers stand among their activations
NETS = ("mine", "random", "trained")
FIRST = 10_000  # digits that are learned from, unless all are asked for
TRAINED = Path(__file__).parents[2] / "models" / "digits.npz"


class State:
    """The networks and the digits of one lesson.

    `data` is a folder with the MNIST files and `digits.npz`, where they are not in their usual places: a page brings its own.
    """

    def __init__(self, seed: int = 0, data: str | Path | None = None) -> None:
        self.data = None if data is None else Path(data)
        self.limit = FIRST
        self._digits: dict[bool, tuple[Array, Array]] = {}
        self.nets = {"mine": network(), "random": network()}
        self.seeds = {"mine": seed, "random": seed}
        start(self.nets["mine"], seed)
        scatter(self.nets["random"], seed)
        self.before_nudges: dict[str, Array] = {}  # the numbers of nets that were nudged by hand, as they were

    def net(self, name: str) -> nn.Sequential:
        """One of the networks: "mine", which the reader trains; "random", which nobody does; "trained", which comes along."""
        if name not in NETS:
            raise ValueError(f"net {name!r}: use one of {', '.join(NETS)}")
        if name not in self.nets:
            path = TRAINED if self.data is None else self.data / "digits.npz"
            self.nets[name] = restored(minigrad.load(path), path.name)
        return self.nets[name]

    def images(self, unseen: bool = False) -> tuple[Array, Array]:
        """Digits as uint8 (N, 784), and what they show as int32 (N): those to learn from, or the 10,000 unseen ones."""
        if unseen not in self._digits:
            pixels, labels = (read_idx(self._file(unseen, what)) for what in ("images-idx3", "labels-idx1"))
            keep = len(labels) if unseen else self.limit
            self._digits[unseen] = pixels.reshape(-1, 784)[:keep].copy(), labels[:keep].astype(np.int32)
        return self._digits[unseen]

    def _file(self, unseen: bool, what: str) -> Path:
        if self.data is None:
            return FOLDER / f"{'t10k' if unseen else 'train'}-{what}-ubyte.gz"
        head = "t10k" if unseen else "train" if self.limit > FIRST else "first"
        return self.data / f"{head}-{what}-ubyte.gz"

    def some(self, start: int, count: int, unseen: bool = False) -> tuple[Tensor, Array]:
        """Some digits in a row, as brightness from 0 to 1 (count, 784), and what they show."""
        pixels, labels = self.images(unseen)
        first, last = whole("start", start, 0, len(labels) - 1), 0
        last = min(len(labels), first + whole("count", count, 1, len(labels)))
        return brightness(pixels[first:last]), labels[first:last]


# ── networks ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def network() -> nn.Sequential:
    """784 pixels, two hidden layers of 16 and ten outputs, a sigmoid after each layer: 13,002 weights and biases."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(SIZES):
        layers += [nn.Linear(inputs, outputs), nn.Sigmoid()]
    return nn.Sequential(*layers)


def start(net: nn.Sequential, seed: int) -> None:
    """Where training starts: every number uniform within ±1/√inputs, as in nn.Linear."""
    generator = Generator().manual_seed(seed)
    for layer in linears(net):
        bound = 1 / math.sqrt(layer.in_features)
        for parameter in layer.parameters():
            nn.init.uniform_(parameter, -bound, bound, generator=generator)


def scatter(net: nn.Sequential, seed: int) -> None:
    """Numbers from the bell curve of width 1, much too large to train from: "utter trash" that one can see."""
    generator = Generator().manual_seed(seed)
    for parameter in net.parameters():
        nn.init.normal_(parameter, generator=generator)


def linears(net: nn.Sequential) -> list[nn.Linear]:
    """The three layers that have numbers to learn."""
    return [layer for layer in net if isinstance(layer, nn.Linear)]


def restored(data: Any, name: str) -> nn.Sequential:
    """A network from what `minigrad.load` read. ValueError if that is no digit network of this shape."""
    net = network()
    try:
        weights = {key.removeprefix("layers."): value for key, value in data["model"].items()}
        net.load_state_dict(weights)
    except (KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise ValueError(
            f"{name} holds no network of 784, 16, 16 and 10 neurons: save one from this lesson first"
        ) from error
    return net


def layout() -> list[Answer]:
    """Where each layer's weights and biases stand in the vector of all 13,002 numbers, row by row of (outputs, inputs)."""
    parts: list[Answer] = []
    at = 0
    for layer, (inputs, outputs) in enumerate(pairwise(SIZES), 1):
        for kind, shape in (("weight", [outputs, inputs]), ("bias", [outputs])):
            stop = at + math.prod(shape)
            name = f"layers.{LINEAR[layer - 1]}.{kind}"
            parts.append({"name": name, "layer": layer, "kind": kind, "shape": shape, "start": at, "stop": stop})
            at = stop
    return parts


def link(index: int) -> Answer:
    """Which weight or bias number `index` of the 13,002 is, in numbers and in words."""
    index = whole("index", index, 0, 13_001)
    part = next(part for part in layout() if index < part["stop"])
    place = index - part["start"]
    found: Answer = {"index": index, "layer": part["layer"], "kind": part["kind"]}
    row, column = (place, -1) if part["kind"] == "bias" else divmod(place, part["shape"][1])
    to = f"output {row}" if part["layer"] == 3 else f"neuron {row} of layer {part['layer']}"
    if part["kind"] == "bias":
        text = f"bias of {to}"
    elif part["layer"] == 1:
        text = f"weight from pixel ({column // 28}, {column % 28}) to {to}"
    else:
        text = f"weight from neuron {column} of layer {part['layer'] - 1} to {to}"
    return {**found, "to": row, "from": column, "text": text}


# ── numbers that come from a page ────────────────────────────────────────────────────────────────────────────────────


def whole(name: str, value: Any, low: int, high: int) -> int:
    """A whole number within bounds. TypeError or ValueError otherwise."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} is a whole number from {low:,} to {high:,}, not {type(value).__name__}")
    if not low <= value <= high:
        raise ValueError(f"{name} is {value:,}: use a whole number from {low:,} to {high:,}")
    return value


def real(name: str, value: Any, low: float = -1e6, high: float = 1e6) -> float:
    """A number within bounds. TypeError or ValueError otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} is a number from {low:g} to {high:g}, not {type(value).__name__}")
    if not low <= value <= high:
        shown = f"{value:g}" if isinstance(value, float) else f"{value:,}"
        raise ValueError(f"{name} is {shown}: use a number from {low:g} to {high:g}")
    return float(value)


def reals(name: str, values: Any, count: int | None = None, most: int = 1000) -> Array:
    """Numbers in a row, as float64. TypeError or ValueError if they are something else, or not as many as they should be."""
    if isinstance(values, np.ndarray):
        values = values.tolist()
    if not isinstance(values, Sequence) or isinstance(values, str):
        raise TypeError(f"{name} is a list of numbers, not {type(values).__name__}")
    if not 1 <= len(values) <= most or (count is not None and len(values) != count):
        expected = f"{count:,}" if count is not None else f"1 to {most:,}"
        raise ValueError(f"{name} has {len(values):,} numbers: give {expected}")
    return np.array([real(name, value) for value in values])


def one_of(name: str, value: Any, known: Mapping[str, Any] | Sequence[str]) -> str:
    """One of some words. ValueError otherwise."""
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{name} {value!r}: use one of {', '.join(known)}")
    return value


def picture(pixels: Any) -> Tensor:
    """One digit, 784 numbers from 0 to 1 in rows of 28, as (1, 784)."""
    return brightness(reals("pixels", pixels, 784)[None] * 255)


def brightness(pixels: Array) -> Tensor:
    """Ink from 0 to 255 as brightness from 0 to 1."""
    return minigrad.tensor(pixels.astype(np.float32)) / 255


def wanted(labels: Array) -> Tensor:
    """What the ten outputs should be: 1 for the digit that is shown, 0 for the others; (N, 10)."""
    target = np.zeros((len(labels), 10), np.float32)
    target[np.arange(len(labels)), labels] = 1
    return minigrad.tensor(target)


def cost_of(outputs: Tensor, target: Tensor) -> Tensor:
    """The lesson's cost: Σ (output - wanted)² over the ten outputs, averaged over the digits."""
    return ((outputs - target) ** 2).sum() / len(outputs)


def flat(net: nn.Sequential) -> Array:
    """All 13,002 numbers end to end: float32."""
    return np.concatenate([parameter.detach().numpy().ravel() for parameter in net.parameters()])


def flat_gradient(net: nn.Sequential) -> Array:
    """The gradients of all 13,002 numbers end to end, as `backward` left them: float32."""
    gradients = [parameter.grad for parameter in net.parameters()]
    return np.concatenate([gradient.numpy().ravel() for gradient in gradients if gradient is not None])
