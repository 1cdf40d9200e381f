"""How many multiplications with an addition a computation takes: counted by listening to what runs, not by kinds of layers.

So a product in a `forward` of one's own is counted like that of a layer. Counted are the numbers that are multiplied and
added up in matrix products, convolutions, recurrent steps and attention; biases, norms, activations, pooling, look-ups and
other elementwise work are not. These are the conventions of PyTorch's FlopCounterMode, which counts each twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from math import prod
from typing import Any

from minigrad import kernels
from minigrad.graph import listening
from minigrad.kernels import attention, convolution, recurrent

Count = Callable[[Sequence[Any], Any, dict[str, Any]], int]  # the operands' arrays, the result, the settings


def _per_result(length: Callable[[Sequence[Any]], int]) -> Count:
    """Each number of the result is a sum of so many products."""
    return lambda arrays, result, settings: result.size * length(arrays)


def _steps(gates: int) -> Count:
    """At each step each sequence has its input and its state multiplied with the weights of all gates."""
    return lambda arrays, result, settings: (
        sum(settings["sizes"]) * gates * settings["hidden"] * (settings["inputs"] + settings["hidden"])
    )


def _attention(arrays: Sequence[Any], result: Any, settings: dict[str, Any]) -> int:
    """Every query with every key, and every probability with a value: masked ones too."""
    n, queries, keys, width, depth = settings["shape"]
    return int(n * queries * keys * (width + depth))


COUNTS: dict[Any, Count] = {
    kernels.matmul: _per_result(lambda arrays: arrays[0].shape[-1]),
    kernels.transposed_matmul: _per_result(lambda arrays: arrays[0].shape[-2]),
    kernels.linear: _per_result(lambda arrays: arrays[1].shape[1]),
    convolution.convolution: _per_result(lambda arrays: prod(arrays[1].shape[1:])),
    convolution.convolution_input: lambda arrays, result, settings: arrays[0].size * prod(arrays[1].shape[1:]),
    convolution.convolution_weight: lambda arrays, result, settings: arrays[1].size * prod(result.shape[1:]),
    recurrent.lstm: _steps(4),
    recurrent.gru: _steps(3),
    recurrent.rnn_tanh: _steps(1),
    recurrent.rnn_relu: _steps(1),
    attention.attention: _attention,
}


class Counter:
    """Hears every operation and adds up its work, in the place of a tape that records."""

    def __init__(self) -> None:
        self.found = 0
        self.used: set[int] = set()  # the ids of all operands

    def run(self, forward: Callable[..., Any], operands: Sequence[Any], settings: dict[str, Any]) -> Any:
        """Run an operation, and count."""
        arrays = [operand.array for operand in operands]
        self.used.update(map(id, operands))
        result = forward(*arrays, **settings)
        if (count := COUNTS.get(forward)) is not None:
            self.found += count(arrays, result, settings)
        return result

    def clears(self, tensor: Any) -> None:
        """The .grad of a tensor is dropped."""

    def outside(self, data: Any) -> Any:
        """Data that becomes a tensor: nothing to count."""
        return data

    def take(self) -> int:
        """What was counted since the last call."""
        found, self.found = self.found, 0
        return found


@contextmanager
def counted() -> Iterator[Counter]:
    """The block in which a counter hears every operation. What is compiled runs as it is written, inside."""
    before, counter = listening.tape, Counter()
    listening.tape = counter
    try:
        yield counter
    finally:
        listening.tape = before
