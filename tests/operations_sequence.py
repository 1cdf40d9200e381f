"""Rows of the table of operations: recurrent networks and attention."""

from __future__ import annotations

from typing import Any

import numpy as np
from domains import FREE, POSITIVE, Case, Operation, array
from hypothesis import strategies as st

import minigrad
from minigrad.nn import functional as F  # noqa: N812
from minigrad.ops.recurrent import recurrent

# ── recurrent networks ───────────────────────────────────────────────────────────────────────────────────────────────


def logistic(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def lstm_step(x: np.ndarray, h: np.ndarray, c: np.ndarray) -> tuple[np.ndarray, ...]:
    i, f, g, o = np.split(x + h, 4)
    c = logistic(f) * c + logistic(i) * np.tanh(g)
    return logistic(o) * np.tanh(c), c


def gru_step(x: np.ndarray, inner: np.ndarray, h: np.ndarray) -> tuple[np.ndarray, ...]:
    (xr, xz, xn), (hr, hz, hn) = np.split(x, 3), np.split(inner, 3)
    z = logistic(xz + hz)
    return ((1 - z) * np.tanh(xn + logistic(xr + hr) * hn) + z * h,)


STEPS: dict[str, Any] = {
    "lstm": lambda x, inner, h, c: lstm_step(x, inner, c),
    "gru": gru_step,
    "rnn_tanh": lambda x, inner, h: (np.tanh(x + inner),),
    "rnn_relu": lambda x, inner, h: (np.maximum(x + inner, 0),),
}
GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}


def one_by_one(kind: str, states: int) -> Any:
    """Each sequence by itself, each step by itself."""

    def run(x: np.ndarray, *rest: np.ndarray, sizes: tuple[int, ...]) -> list[np.ndarray]:
        start, (w, u, *biases) = rest[:states], rest[states:]
        b, c = biases or (0, 0)
        out, last = np.zeros((len(x), u.shape[1])), [np.zeros_like(s) for s in start]
        for i in range(sizes[0]):
            state, at = tuple(s[i] for s in start), 0
            for size in sizes:
                if i < size:
                    state = STEPS[kind](w @ x[at + i] + b, u @ state[0] + c, *state)
                    out[at + i] = state[0]
                at += size
            for s, found in zip(last, state):
                s[i] = found
        return [out, *last]

    return run


@st.composite
def sequences(draw: st.DrawFn, kind: str, elements: Any = FREE) -> Case:
    """Inputs of all steps, states, weights, and perhaps biases."""
    width, hidden, sizes = draw(
        st.sampled_from([(2, 1, (2, 1)), (1, 1, (1, 1, 1)), (1, 1, (2, 2, 1)), (1, 2, (1, 1)), (1, 2, (1,))])
    )  # few numbers: each is varied, by itself and twice
    rows = GATES[kind] * hidden
    shapes = [(sum(sizes), width), *[(sizes[0], hidden)] * (1 + (kind == "lstm")), (rows, width), (rows, hidden)]
    shapes += [(rows,), (rows,)] if hidden == 1 and draw(st.booleans()) else []
    return Case(tuple(draw(array(shape, elements)) for shape in shapes), {"sizes": sizes})


def layer(kind: str, states: int) -> Any:
    def run(x: Any, *rest: Any, sizes: tuple[int, ...]) -> Any:
        weights = (*rest[states:], None, None)[:4]
        return recurrent(kind, x, rest[:states], weights, sizes)

    return run


RECURRENT = [
    Operation(name, one_by_one(kind, states), sequences(kind, elements), function=layer(kind, states), integers=None)
    for name, kind, states, elements in [
        ("nn.LSTM", "lstm", 2, FREE), ("nn.GRU", "gru", 1, FREE), ("nn.RNN", "rnn_tanh", 1, FREE),
        ("nn.RNN, relu", "rnn_relu", 1, POSITIVE),
    ]
]  # fmt: skip

# ── attention ────────────────────────────────────────────────────────────────────────────────────────────────────────


def attended(
    q: np.ndarray, k: np.ndarray, v: np.ndarray, mask: Any = None, is_causal: bool = False, scale: Any = None
) -> np.ndarray:
    out = np.zeros((*q.shape[:-1], v.shape[-1]))
    for at in np.ndindex(*q.shape[:-1]):
        scores = k[at[:-1]] @ q[at] * (1 / np.sqrt(q.shape[-1]) if scale is None else scale)
        seen = np.ones(len(scores), bool) if mask is None else np.broadcast_to(mask, (*q.shape[:-1], len(scores)))[at]
        if is_causal:
            seen = seen & (np.arange(len(scores)) <= at[-1])
        weights = np.exp(scores) * seen
        out[at] = weights @ v[at[:-1]] / (weights.sum() or 1)
    return out


@st.composite
def questions(draw: st.DrawFn) -> Case:
    """Queries, keys and values, and perhaps a mask, a scale."""
    batch = tuple(draw(st.lists(st.integers(1, 2), max_size=2)))
    rows, columns, width, depth = (draw(st.integers(1, 3)) for _ in range(4))
    arrays = tuple(draw(array((*batch, *s))) for s in [(rows, width), (columns, width), (columns, depth)])
    causal = draw(st.booleans())
    params = {"is_causal": causal, "scale": draw(st.sampled_from([None, 0.5]))}
    if not causal and draw(st.booleans()):
        params["mask"] = draw(array((*batch[draw(st.integers(0, len(batch))) :], rows, columns), "mask"))
    return Case(arrays, params)


def attend(q: Any, k: Any, v: Any, mask: Any = None, **options: Any) -> Any:
    meet = max((x.dtype for x in (q, k, v)), key=lambda d: d.itemsize)
    q, k, v = (x.to(meet) for x in (q, k, v))
    return F.scaled_dot_product_attention(q, k, v, None if mask is None else minigrad.tensor(mask), **options)


ATTENTION = [
    Operation("scaled_dot_product_attention", attended, questions(), function=attend, integers=None),
]

SEQUENCE = [*RECURRENT, *ATTENTION]
