"""Forward: what goes through the network, neuron by neuron."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from minigrad import Tensor, nn, no_grad
from minigrad.lesson.state import (
    SIZES,
    Answer,
    State,
    flat,
    layout,
    linears,
    link,
    network,
    one_of,
    picture,
    real,
    scatter,
    start,
    whole,
)  # fmt: skip


class Network(State):
    """Part of `Lesson`: the network as a function."""

    def forward(self, pixels: list[float], net: str = "mine") -> Answer:
        """Send one digit through: the activations of all four layers, and the sums z that the sigmoid made them from."""
        acts, sums = [picture(pixels)], []
        with no_grad():
            for layer in linears(self.net(net)):
                sums.append(layer(acts[-1]))
                acts.append(sums[-1].sigmoid())
        outputs = acts[-1].numpy()[0]
        return {
            "acts": [act.numpy()[0] for act in acts],
            "z": [z.numpy()[0] for z in sums],
            "guess": int(outputs.argmax()),
        }

    def predict(self, pixels: list[float], net: str = "mine") -> Answer:
        """The ten outputs for a digit, and the digits from the likeliest to the least likely."""
        with no_grad():
            outputs = self.net(net)(picture(pixels))[0]
        order = outputs.argsort(descending=True).numpy()
        return {"outputs": outputs.numpy(), "order": order, "guess": int(order[0])}

    def neuron(self, layer: int, index: int, pixels: list[float], net: str = "mine") -> Answer:
        """One neuron's sum: weights times inputs, plus the bias, is z; the sigmoid of z is its activation."""
        layer = whole("layer", layer, 1, 3)
        index = whole("index", index, 0, SIZES[layer] - 1)
        linear = linears(self.net(net))[layer - 1]
        with no_grad():
            inputs = picture(pixels)
            for before in list(self.net(net))[: 2 * (layer - 1)]:
                inputs = before(inputs)
            weights, bias = linear.weight[index], next(reversed(list(linear.parameters())))[index]
            products = weights * inputs[0]
            z = products.sum() + bias
            activation = z.sigmoid()
        return {
            "weights": weights.numpy().copy(), "inputs": inputs.numpy()[0], "products": products.numpy(), "bias": bias.item(),
            "z": z.item(), "activation": activation.item(),
        }  # fmt: skip

    def weights(self, net: str = "mine") -> Answer:
        """All 13,002 numbers, and where each layer's stand among them."""
        return {"flat": flat(self.net(net)), "layout": layout()}

    def link(self, index: int, net: str = "mine") -> Answer:
        """Which weight or bias number `index` of the 13,002 is, and its value."""
        return {**link(index), "value": float(flat(self.net(net))[index])}

    def knobs(self, changes: list[list[float]], pixels: list[float], net: str = "mine") -> Answer:
        """Turn some of the 13,002 knobs, [[index, value], ...], of a copy: the outputs before and after."""
        if not isinstance(changes, list | tuple):
            raise TypeError("changes is a list of pairs: [[index, value], ...]")
        copy = network()
        copy.load_state_dict(self.net(net).state_dict())
        digit = picture(pixels)
        with no_grad():
            before = copy(digit)[0].numpy().copy()
            old = [turn(copy, change) for change in changes[:100]]
            after = copy(digit)[0].numpy()
        return {"before": before, "outputs": after, "old": np.array(old), "guess": int(after.argmax())}

    def count(self, sizes: list[int]) -> Answer:
        """How many weights and biases layers of these sizes have, term by term: inputs times outputs, and the outputs."""
        if not isinstance(sizes, list | tuple):
            raise TypeError(f"sizes is a list of whole numbers, not {type(sizes).__name__}")
        widths = [whole("size", size, 1, 10_000) for size in sizes]
        if not 2 <= len(widths) <= 10:
            raise ValueError(f"{len(widths)} sizes: give 2 to 10, such as 784, 16, 16, 10")
        terms: list[Answer] = []
        for inputs, outputs in pairwise(widths):
            terms += [
                {"kind": "weights", "text": f"{inputs}·{outputs}", "value": inputs * outputs},
                {"kind": "biases", "text": f"{outputs}", "value": outputs},
            ]
        return {"terms": terms, "total": sum(term["value"] for term in terms)}

    def reset(self, seed: int = 0, net: str = "mine") -> Answer:
        """New random numbers for "mine", small ones to train from, or for "random", wild ones to look at."""
        one_of("net", net, ("mine", "random"))
        self.seeds[net] = whole("seed", seed, 0, 2**31)
        if net == "mine":
            start(self.net(net), seed)
            self._begin()
        else:
            scatter(self.net(net), seed)
        return {"net": net, "seed": seed}

    def _begin(self) -> None:
        """Forget what training has counted."""


def turn(net: nn.Sequential, change: Any) -> float:
    """Set one of the 13,002 numbers; what it was."""
    if not isinstance(change, list | tuple) or len(change) != 2:
        raise TypeError("changes is a list of pairs: [[index, value], ...]")
    found = whole("index", change[0], 0, 13_001)
    value = real("value", change[1])
    parameter, place = at(net, found)
    old: float = parameter.data.view(-1)[place].item()
    parameter.data.view(-1)[place] = value
    return old


def at(net: nn.Sequential, index: int) -> tuple[Tensor, int]:
    """The parameter that number `index` of the 13,002 is in, and its place there."""
    for part, parameter in zip(layout(), net.parameters(), strict=True):
        if index < part["stop"]:
            return parameter, index - part["start"]
    raise IndexError(f"number {index:,} of 13,002")
