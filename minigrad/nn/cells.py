"""Recurrent layers, one step at a time."""

from __future__ import annotations

from math import sqrt
from typing import ClassVar

from minigrad.creation import empty
from minigrad.dtypes import DTypeLike
from minigrad.nn import init
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.ops.recurrent import recurrent
from minigrad.tensor import Tensor


class RNNCellBase(Module):
    """One step of a recurrent layer: parameters weight_ih, weight_hh, bias_ih, bias_hh, that start as in `RNNBase`."""

    _kind: ClassVar[str] = "rnn_tanh"
    _shown: ClassVar[str] = "stack"

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: object = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        rows = num_chunks * hidden_size
        self.weight_ih = Parameter(empty(rows, input_size, dtype=dtype))
        self.weight_hh = Parameter(empty(rows, hidden_size, dtype=dtype))
        self.bias_ih = Parameter(empty(rows, dtype=dtype)) if bias else None
        self.bias_hh = Parameter(empty(rows, dtype=dtype)) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all parameters anew."""
        bound = 1 / sqrt(self.hidden_size) if self.hidden_size else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def _step(self, kind: str, input: Tensor, states: tuple[Tensor, ...] | None, count: int) -> list[Tensor]:
        """The new states."""
        name, shape = type(self).__name__, input.array.shape
        if len(shape) not in (1, 2):
            raise ValueError(
                f"{name}: Expected input to be 1D or 2D, got {len(shape)}D instead: a cell takes one step, (B, input_size)"
            )
        if shape[-1] != self.input_size:
            raise RuntimeError(f"input has inconsistent input_size: got {shape[-1]} expected {self.input_size}")
        x = input if len(shape) == 2 else input.unsqueeze(0)
        if states is None:
            states = (x.new_zeros((len(x.array), self.hidden_size)),) * count
        else:
            for i, state in enumerate(states):
                if state.array.ndim not in (1, 2):
                    raise ValueError(f"{name}: Expected hidden to be 1D or 2D, got {state.array.ndim}D instead")
                if state.array.shape[-1] != self.hidden_size:
                    raise RuntimeError(
                        f"hidden{i} has inconsistent hidden_size: got {state.array.shape[-1]}, expected {self.hidden_size}"
                    )
            states = tuple([state if state.array.ndim == 2 else state.unsqueeze(0) for state in states])
            for i, state in enumerate(states):
                if len(state.array) != len(x.array):
                    raise RuntimeError(
                        f"Input batch size {len(x.array)} doesn't match hidden{i} batch size {len(state.array)}"
                    )
        weights = (self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        results = recurrent(kind, x, states, weights, name=self._shown, brief=True)
        return [part if len(shape) == 2 else part.squeeze(0) for part in results]

    def extra_repr(self) -> str:
        """Its sizes and options."""
        text = f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else f", bias={self.bias}")
        bend = vars(self).get("nonlinearity", "tanh")
        return text if bend == "tanh" else f"{text}, nonlinearity={bend}"


class RNNCell(RNNCellBase):
    """One step of `RNN`: x (B, input_size) and h (B, hidden_size), 0 unless given, to the next h.

    >>> from minigrad import nn, ones
    >>> nn.RNNCell(3, 5)(ones(2, 3)).shape
    minigrad.Size([2, 5])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: object = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, dtype=dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """The next hidden state."""
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}: use 'tanh' or 'relu'")
        return self._step(f"rnn_{self.nonlinearity}", input, None if hx is None else (hx,), 1)[0]


class LSTMCell(RNNCellBase):
    """One step of `LSTM`: x (B, input_size) and (h, c), 0 unless given, to the next (h, c).

    >>> from minigrad import nn, ones
    >>> h, c = nn.LSTMCell(3, 5)(ones(2, 3))
    >>> h.shape, c.shape
    (minigrad.Size([2, 5]), minigrad.Size([2, 5]))
    """

    _shown = "mul"

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: object = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, dtype=dtype)

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """The next hidden state and the next cell."""
        if isinstance(hx, Tensor) or (hx is not None and len(hx) != 2):
            raise TypeError(f"LSTMCell: the state is a pair, (h, c), not a {type(hx).__name__}: pass both in a tuple")
        h, c = self._step("lstm", input, None if hx is None else tuple(hx), 2)
        return h, c


class GRUCell(RNNCellBase):
    """One step of `GRU`: x (B, input_size) and h (B, hidden_size), 0 unless given, to the next h.

    >>> from minigrad import nn, ones
    >>> nn.GRUCell(3, 5)(ones(2, 3)).shape
    minigrad.Size([2, 5])
    """

    _shown = "add"

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: object = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, dtype=dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        """The next hidden state."""
        return self._step("gru", input, None if hx is None else (hx,), 1)[0]
