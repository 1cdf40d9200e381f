"""Recurrent layers; their cells, one step each, are in `cells.py`.

The inputs of all steps go through one matrix product; the steps themselves are one operation, `ops/recurrent.py`.

Sources: J. Elman, Finding Structure in Time, 1990; S. Hochreiter and J. Schmidhuber, Long Short-Term Memory, 1997;
K. Cho et al., EMNLP 2014 (GRU); H. Sak et al., Interspeech 2014 (proj_size).
"""

from __future__ import annotations

import warnings
from functools import lru_cache
from math import sqrt
from typing import Any, ClassVar

import numpy as np

from minigrad.creation import empty
from minigrad.dtypes import DTypeLike
from minigrad.kernels.sequences import GATES
from minigrad.nn import init
from minigrad.nn.cells import GRUCell, LSTMCell, RNNCell, RNNCellBase
from minigrad.nn.functional.dropout import dropout as drop
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.nn.utils.rnn import PackedSequence
from minigrad.ops.linalg import linear
from minigrad.ops.recurrent import pick, recurrent, unrolled
from minigrad.ops.shape import cat, stack
from minigrad.tensor import Tensor

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNBase", "RNNCell", "RNNCellBase"]

Sizes = tuple[int, ...]


class RNNBase(Module):
    """What `RNN`, `LSTM` and `GRU` share: parameters, layers, directions, packed sequences.

    Layer k has the parameters weight_ih_lk (gates · hidden, input), weight_hh_lk (gates · hidden, hidden), bias_ih_lk and
    bias_hh_lk, and the same again with the suffix _reverse if it is bidirectional. They start uniform in ±1/√hidden_size,
    from the default generator, in the order of PyTorch.
    """

    _states: ClassVar[tuple[str, ...]] = ("hx",)

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: object = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__()
        _check_arguments(input_size, hidden_size, num_layers, bias, batch_first, dropout, proj_size)
        if dropout > 0 and num_layers == 1:
            warnings.warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers "
                f"greater than 1, but got dropout={dropout} and num_layers={num_layers}",
                stacklevel=3,
            )
        self.mode, self.input_size, self.hidden_size, self.num_layers = mode, input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, float(dropout)
        self.bidirectional, self.proj_size = bidirectional, proj_size
        rows, width = GATES[mode.lower()] * hidden_size, proj_size or hidden_size
        shapes: dict[str, Sizes] = {"weight_ih": (), "weight_hh": (rows, width)}
        shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)} if bias else {}
        shapes |= {"weight_hr": (proj_size, hidden_size)} if proj_size else {}
        self._all_weights: list[list[str]] = []
        for layer in range(num_layers):
            shapes["weight_ih"] = (rows, width * (1 + bidirectional) if layer else input_size)
            for suffix in ("", "_reverse")[: 1 + bidirectional]:
                self._all_weights.append([f"{name}_l{layer}{suffix}" for name in shapes])
                for name, shape in zip(self._all_weights[-1], shapes.values()):
                    setattr(self, name, Parameter(empty(*shape, dtype=dtype)))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters anew."""
        bound = 1 / sqrt(self.hidden_size)
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    @property
    def _flat_weights(self) -> list[Parameter]:
        return [weight for weights in self.all_weights for weight in weights]

    def flatten_parameters(self) -> None:
        """Nothing: parameters need not lie side by side here."""

    def forward(self, input: Any, hx: Any = None) -> Any:
        """The hidden states of the last layer at every step, and the last state of every layer.

        `input` is (T, B, I), (B, T, I) if `batch_first`, (T, I) for one sequence, or a `PackedSequence`, and the states come
        in the same form; `hx`, 0 unless given, is (layers · directions, B, hidden) or without B.
        """
        packed = isinstance(input, PackedSequence)
        data = input.data if packed else input
        if not isinstance(data, Tensor):
            raise TypeError(f"{type(self).__name__} needs a tensor or a PackedSequence, not a {type(data).__name__}")
        shape = data.array.shape
        single = not packed and len(shape) == 2
        if not packed and len(shape) not in (2, 3):
            raise ValueError(
                f"{type(self).__name__}: Expected input to be 2D or 3D, got {len(shape)}D instead: (T, B, input_size), "
                "(B, T, input_size) with batch_first=True, or (T, input_size)"
            )
        self._check_input(data, packed)
        states = self._initial(hx, single)
        if packed:
            sizes: Sizes = tuple(input.batch_sizes.tolist())
            order, back, lead = input.sorted_indices, input.unsorted_indices, None
        else:
            x = data.unsqueeze(1) if single else data.transpose(0, 1) if self.batch_first else data
            steps, batch = x.array.shape[:2]
            if not steps:
                raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
            sizes, order, back, lead = (batch,) * steps, None, None, (steps, batch)
            data = x.reshape(steps * batch, shape[-1])
        self._check_states(states, sizes[0])
        if order is not None:
            states = [state.index_select(1, order) for state in states]
        data, last = self._run(data, states, sizes, lead)
        if back is not None:
            last = [state.index_select(1, back) for state in last]
        if packed:
            output: Any = PackedSequence(data, input.batch_sizes, order, back)
        else:
            output = data.squeeze(1) if single else data.transpose(0, 1) if self.batch_first else data
            last = [state.squeeze(1) for state in last] if single else last
        return output, last[0] if len(self._states) == 1 else tuple(last)

    def _run(self, data: Tensor, states: list[Tensor], sizes: Sizes, lead: Sizes | None) -> tuple[Tensor, list[Tensor]]:
        """All layers over rows (N, I); what the last one gives is (*lead, ...), if that is known."""
        found: list[tuple[Tensor, ...]] = []
        directions = 1 + self.bidirectional
        for layer in range(self.num_layers):
            outputs = []
            final = lead if layer == self.num_layers - 1 else None
            for direction in range(directions):
                at = layer * directions + direction
                if states:
                    start = tuple([state.select(0, at) for state in states])
                else:
                    widths = (self.proj_size or self.hidden_size, self.hidden_size)[: len(self._states)]
                    start = tuple([data.new_zeros((sizes[0], width)) for width in widths])
                output, *rest = self._layer(self._all_weights[at], data, start, sizes, direction, final)
                outputs.append(output)
                found.append(tuple(rest))
            data = outputs[0] if directions == 1 else cat(outputs, -1)
            if self.dropout and layer < self.num_layers - 1:
                data = drop(data, self.dropout, self.training)
        return data, [stack(parts) for parts in zip(*found)]

    def _layer(
        self, names: list[str], x: Tensor, state: tuple[Tensor, ...], sizes: Sizes, backwards: int, lead: Sizes | None
    ) -> tuple[Tensor, ...]:
        """One layer in one direction."""
        w_ih, w_hh, *more = [getattr(self, name) for name in names]
        projection = more.pop() if self.proj_size else None
        b_ih, b_hh = more or (None, None)
        order = mirrored(sizes) if backwards else None
        x = x if order is None else pick(x, order)
        kind = self.mode.lower()
        if projection is not None:
            results = unrolled(kind, linear(x, w_ih, b_ih), state, w_hh, b_hh, sizes, projection)
        else:
            quick = (
                kind == "lstm" and lead is not None and x.array.dtype.char == "f"
            )  # which is another name in PyTorch
            name = "mkldnn_rnn_layer" if quick else "stack"
            results = recurrent(
                kind, x, state, (w_ih, w_hh, b_ih, b_hh), sizes, name, lead=None if backwards else lead
            )  # fmt: skip
        output = results[0] if order is None else pick(results[0], order)
        if lead is not None and output.array.ndim == 2:
            output = output.reshape(*lead, output.array.shape[1])
        return output, *results[1:]

    def _check_input(self, data: Tensor, packed: bool) -> None:
        weight, name = getattr(self, self._all_weights[0][0]), type(self).__name__
        if data.dtype != weight.dtype:
            raise ValueError(
                f"RNN input dtype ({data.dtype}) does not match weight dtype ({weight.dtype}). Convert input: "
                f"input.to({weight.dtype}), or convert model: model.to({data.dtype})"
            )
        shape = data.array.shape
        if packed and len(shape) != 2:
            raise RuntimeError(
                f"input must have 2 dimensions, got {len(shape)}: the data of a PackedSequence is (N, input_size)"
            )
        if shape[-1] != self.input_size:
            hint = ""
            if len(shape) == 3 and shape[1] == self.input_size and not packed:
                hint = f": {name} got an input of shape {shape}: its features must come last, x.transpose(1, 2)"
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {shape[-1]}{hint}"
            )

    def _initial(self, hx: Any, single: bool) -> list[Tensor]:
        """The states that were given, none if none were, with a dimension for the batch."""
        names, name = self._states, type(self).__name__
        if hx is None:
            return []
        if len(names) == 1:
            hx = (hx,)
        elif isinstance(hx, Tensor) or len(hx) != len(names):
            raise TypeError(f"{name}: the state is a pair, (h_0, c_0), not a {type(hx).__name__}: pass both in a tuple")
        for state in hx:
            if not isinstance(state, Tensor):
                raise TypeError(f"{name}: a state is a tensor, not a {type(state).__name__}")
            if state.array.ndim != (2 if single else 3):
                raise RuntimeError(
                    f"For {'unbatched 2-D' if single else 'batched 3-D'} input, {' and '.join(names)} should also be "
                    f"{2 if single else 3}-D but got a {state.array.ndim}-D tensor: its shape is (layers · directions, "
                    f"{'' if single else 'B, '}hidden_size)"
                )
        return [state.unsqueeze(1) if single else state for state in hx]

    def _check_states(self, states: list[Tensor], batch: int) -> None:
        kind = getattr(self, self._all_weights[0][0]).dtype
        for i, state in enumerate(states):
            shape = state.array.shape
            width = self.proj_size if self.proj_size and i == 0 else self.hidden_size
            wanted = (self.num_layers * (1 + self.bidirectional), batch, width)
            if shape != wanted:
                what = "hidden size" if len(states) == 1 else f"hidden[{i}] size"
                fact = f"Expected {what} {wanted}, got {list(shape)}"
                if self.batch_first and shape == (wanted[1], wanted[0], width):
                    fact += ": the batch comes second in a state, with batch_first=True too"
                elif shape[1] != batch:
                    fact += f": the input is a batch of {batch}"
                raise RuntimeError(fact)
            if state.dtype != kind:
                raise ValueError(
                    f"{type(self).__name__}: a state of type {state.dtype} for weights of type {kind}: convert it"
                )

    def extra_repr(self) -> str:
        """Its sizes and options."""
        text = f"{self.input_size}, {self.hidden_size}"
        defaults = {
            "proj_size": 0, "num_layers": 1, "bias": True, "batch_first": False, "dropout": 0, "bidirectional": False
        }  # fmt: skip
        for name, usual in defaults.items():
            value = getattr(self, name)
            text += "" if value == usual else f", {name}={value}"
        return text


class RNN(RNNBase):
    """h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh), or relu of it with nonlinearity="relu", in several layers.

    >>> from minigrad import nn, ones
    >>> output, h_n = nn.RNN(3, 5)(ones(7, 2, 3))
    >>> output.shape, h_n.shape
    (minigrad.Size([7, 2, 5]), minigrad.Size([1, 2, 5]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: object = None,
        dtype: DTypeLike | None = None,
        **unknown: Any,
    ) -> None:
        _no_projection(unknown)
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"Unknown nonlinearity {nonlinearity!r}. Select from 'tanh' or 'relu'.")
        super().__init__(
            f"RNN_{nonlinearity.upper()}", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
            dtype=dtype,
        )  # fmt: skip
        self.nonlinearity = nonlinearity


class LSTM(RNNBase):
    """c_t = σ(f) c_{t-1} + σ(i) tanh(g) and h_t = σ(o) tanh(c_t), in several layers.

    The gates i, f, g, o, in this order in the parameters, are W_ih x_t + b_ih + W_hh h_{t-1} + b_hh. With `proj_size`, h_t is
    multiplied by weight_hr_lk (proj_size, hidden_size) as well. Input and state as for every recurrent layer; the state is
    a pair, (h, c).

    >>> from minigrad import nn, ones
    >>> output, (h_n, c_n) = nn.LSTM(3, 5, num_layers=2, batch_first=True)(ones(2, 7, 3))
    >>> output.shape, c_n.shape
    (minigrad.Size([2, 7, 5]), minigrad.Size([2, 2, 5]))
    """

    _states = ("h_0", "c_0")

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: object = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__(
            "LSTM", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, proj_size, dtype=dtype
        )  # fmt: skip


class GRU(RNNBase):
    """h_t = (1 - z) n + z h_{t-1}, in several layers.

    r = σ(W_ir x + b_ir + W_hr h + b_hr), z the same with its own weights, n = tanh(W_in x + b_in + r (W_hn h + b_hn)); the
    order in the parameters is r, z, n.

    >>> from minigrad import nn, ones
    >>> output, h_n = nn.GRU(3, 5, bidirectional=True)(ones(7, 2, 3))
    >>> output.shape, h_n.shape
    (minigrad.Size([7, 2, 10]), minigrad.Size([2, 2, 5]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: object = None,
        dtype: DTypeLike | None = None,
        **unknown: Any,
    ) -> None:
        _no_projection(unknown)
        super().__init__(
            "GRU", input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional, dtype=dtype
        )  # fmt: skip


@lru_cache(64)
def mirrored(sizes: Sizes) -> np.ndarray[Any, Any]:
    """The numbers of packed rows when every sequence is read from its end; it is its own inverse."""
    counts = np.array(sizes)
    who = np.concatenate([np.arange(size) for size in sizes])
    at = np.repeat(np.arange(len(sizes)), counts)
    lengths = (counts[:, None] > np.arange(sizes[0])).sum(0)
    starts = np.cumsum(counts) - counts
    order: np.ndarray[Any, Any] = starts[lengths[who] - 1 - at] + who
    order.flags.writeable = False
    return order


def _no_projection(unknown: dict[str, Any]) -> None:
    if "proj_size" in unknown:
        raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
    if unknown:
        raise TypeError(f"unexpected keyword argument {next(iter(unknown))!r}")


def _check_arguments(
    input_size: Any, hidden_size: Any, num_layers: int, bias: Any, batch_first: Any, dropout: Any, proj_size: int
) -> None:
    """The errors that PyTorch raises."""
    if isinstance(dropout, bool) or not isinstance(dropout, int | float) or not 0 <= dropout <= 1:
        raise ValueError(
            "dropout should be a number in range [0, 1] representing the probability of an element being zeroed"
        )
    for name, value in (("bias", bias), ("batch_first", batch_first)):
        if not isinstance(value, bool):
            raise TypeError(f"{name} should be of type bool, got: {type(value).__name__}")
    for name, value in (("input_size", input_size), ("hidden_size", hidden_size)):
        if not isinstance(value, int):
            raise TypeError(f"{name} should be of type int, got: {type(value).__name__}")
        if value <= 0:
            raise ValueError(f"{name} must be greater than zero")
    if num_layers <= 0:
        raise ValueError("num_layers must be greater than zero")
    if proj_size < 0:
        raise ValueError("proj_size should be a positive integer or zero to disable projections")
    if proj_size >= hidden_size:
        raise ValueError("proj_size has to be smaller than hidden_size")
