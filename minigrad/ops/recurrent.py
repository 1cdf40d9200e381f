"""Recurrent networks: one operation for a whole sequence."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import prod
from typing import TYPE_CHECKING, Any

from minigrad.graph import Rule, apply
from minigrad.kernels import recurrent as kernels
from minigrad.kernels import sum_rows
from minigrad.ops.composed import backward_of
from minigrad.ops.linalg import linear
from minigrad.ops.shape import _meet as meet
from minigrad.ops.shape import cat

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}


def recurrent(
    kind: str,
    x: Tensor,
    state: Sequence[Tensor],
    weights: Sequence[Any],
    sizes: Sequence[int] | None = None,
    name: str = "stack",
    brief: bool = False,
    lead: tuple[int, ...] | None = None,
) -> tuple[Tensor, ...]:
    """The hidden states (N, H) at all steps, and the last ones (B, H) of each sequence; for an LSTM its last cells too.

    `x` holds the inputs of every step, one step after another, (N, I). `sizes` says how many sequences are running at each, B
    at first and never more than before. `state` is (h0,) or (h0, c0); `weights` are w_ih, w_hh, b_ih and b_hh, of which the
    last two may be None. The first result is shown as one of `name`; it is the last state right away if `brief`, and of shape
    (*lead, H) if that is given.
    """
    w_ih, w_hh, b_ih, b_hh = weights
    given = [y for y in (x, *state, *weights) if y is not None]
    if any(y.array.dtype is not x.array.dtype for y in given):
        met = iter(meet(given, kind))
        x, *state = [next(met) for _ in (x, *state)]
        w_ih, w_hh, b_ih, b_hh = [None if w is None else next(met) for w in weights]
    sizes = tuple(sizes) if sizes is not None else (len(state[0].array),)
    hidden = w_hh.array.shape[1]
    bias = b_ih
    rest = [*state, w_hh]
    if kind == "gru":  # its reset gate acts on this bias too
        rest.append(w_hh.new_zeros(3 * hidden) if b_hh is None else b_hh)
    elif b_ih is not None and b_hh is not None:
        bias = b_ih + b_hh
    line = _lay_out(x, w_ih, bias, rest)
    saved = apply(getattr(kernels, kind), (line.detach(),), sizes=sizes, hidden=hidden)

    def back(g: Tensor) -> Tensor:
        return _backward(kind, g, line, saved, sizes, hidden, brief)

    back.__qualname__ = f"{kind}.<locals>.<lambda>"
    cells = len(state) == 2
    out = apply(
        kernels.results, (line, saved), (back, None), sizes=sizes, hidden=hidden, cells=cells, brief=brief
    )  # fmt: skip
    shapes: list[tuple[int, ...]] = [
        *[(*(lead or (sum(sizes),)), hidden)] * (not brief),
        *[(sizes[0], hidden)] * (1 + cells),
    ]
    starts = accumulate(map(prod, shapes), initial=0)
    return tuple([part(out, start, shape, "stack" if start else name) for start, shape in zip(starts, shapes)])


def _backward(
    kind: str, gradient: Tensor, line: Tensor, saved: Tensor, sizes: tuple[int, ...], hidden: int, brief: bool
) -> Tensor:
    return backward_of(
        getattr(kernels, f"{kind}_backward"),
        lambda line: _composed(kind, line, sizes, hidden, brief),
        gradient,
        line,
        [saved],
        f"{kind}_backward",
        sizes=sizes,
        hidden=hidden,
    )


def _lay_out(x: Tensor, w: Tensor, bias: Tensor | None, rest: Sequence[Tensor]) -> Tensor:
    """x Wᵀ + bias and the rest in one line, so that one rule, that of what is computed from it, gives all gradients."""
    shape = (x.array.shape[0], w.array.shape[0])
    rules: list[Rule | None] = [
        lambda g: part(g, 0, shape)._matmul(w),
        lambda g: part(g, 0, shape)._transposed_matmul(x),
    ]
    operands = [x, w]
    if bias is not None:
        operands.append(bias)
        rules.append(lambda g: _sum_rows(part(g, 0, shape)))
    start = prod(shape)
    for other in rest:
        operands.append(other)
        rules.append(_part_rule(start, other.array.shape))
        start += other.array.size
    for rule in rules:
        rule.__qualname__ = "linear.<locals>.<lambda>"  # type: ignore[union-attr]
    return apply(kernels.lay_out, operands, rules, biased=bias is not None)


def _part_rule(start: int, shape: tuple[int, ...]) -> Rule:
    return lambda g: part(g, start, shape)


def part(line: Tensor, start: int, shape: tuple[int, ...], name: str = "part") -> Tensor:
    """The part of a line that is of this shape."""
    size = line.array.size
    rule = lambda g: _part_backward(g, start, size)  # noqa: E731
    rule.__qualname__ = f"{name}.<locals>.<lambda>"
    return apply(kernels.part, (line,), (rule,), start=start, shape=shape)


def _part_backward(gradient: Tensor, start: int, size: int) -> Tensor:
    shape = gradient.array.shape
    return apply(kernels.part_backward, (gradient,), (lambda g: part(g, start, shape),), start=start, size=size)


def _sum_rows(x: Tensor) -> Tensor:
    n = x.array.shape[0]
    return apply(sum_rows, (x,), (lambda g: g.unsqueeze(0).expand(n, -1),))


def pick(x: Tensor, index: Any) -> Tensor:
    """The rows of x with these numbers, of which no two are equal."""
    n = x.array.shape[0]
    return apply(kernels.take_rows, (x,), (lambda g: place(g, index, n),), index=index)


def place(x: Tensor, index: Any, n: int, fill: float = 0) -> Tensor:
    """n rows: those of x at these numbers, of which no two are equal, and `fill` in the others."""
    return apply(kernels.place_rows, (x,), (lambda g: pick(g, index),), index=index, n=n, fill=fill)


# ── the composed form ────────────────────────────────────────────────────────────────────────────────────────────────


def step(
    kind: str, given: Tensor, state: tuple[Tensor, ...], weight: Tensor, bias: Tensor | None
) -> tuple[Tensor, ...]:
    """The state after one step, from the input's share of the gates."""
    h, inner = state[0], linear(state[0], weight, bias)
    if kind == "lstm":
        i, f, g, o = (given + inner).chunk(4, 1)
        cell = f.sigmoid() * state[1] + i.sigmoid() * g.tanh()
        return o.sigmoid() * cell.tanh(), cell
    if kind == "gru":
        (r, z, n), (r_inner, z_inner, n_inner) = given.chunk(3, 1), inner.chunk(3, 1)
        n = (n + (r + r_inner).sigmoid() * n_inner).tanh()
        return (n + (z + z_inner).sigmoid() * (h - n),)
    z = given + inner
    return (z.tanh() if kind == "rnn_tanh" else z.relu(),)


def unrolled(
    kind: str,
    given: Tensor,
    state: tuple[Tensor, ...],
    weight: Tensor,
    bias: Tensor | None,
    sizes: Sequence[int],
    projection: Tensor | None = None,
) -> tuple[Tensor, ...]:
    """What `recurrent` gives, step by step, from the input's share of the gates; of an LSTM, with projected states."""
    at, states = 0, []
    finished: list[list[Tensor]] = [[] for _ in state]
    for size in sizes:
        running = state[0].array.shape[0]
        if size < running:
            for done, part in zip(finished, state):
                done.append(part[size:])
            state = tuple([part[:size] for part in state])
        state = step(kind, given[at : at + size], state, weight, bias)
        if projection is not None:
            state = (linear(state[0], projection), state[1])
        states.append(state[0])
        at += size
    return cat(states), *[cat([part, *done[::-1]]) for part, done in zip(state, finished)]


def _composed(kind: str, line: Tensor, sizes: tuple[int, ...], hidden: int, brief: bool) -> Tensor:
    """Everything that `kernels.results` gives, from a line."""
    gates, n, b, start = GATES[kind] * hidden, sum(sizes), sizes[0], 0
    found = []
    for shape in [
        (n, gates),
        *[(b, hidden)] * (2 if kind == "lstm" else 1),
        (gates, hidden),
        *[(gates,)] * (kind == "gru"),
    ]:
        found.append(part(line, start, shape))
        start += prod(shape)
    given, *rest = found
    bias = rest.pop() if kind == "gru" else None
    weight = rest.pop()
    results = unrolled(kind, given, tuple(rest), weight, bias, sizes)
    return cat(results[brief:]).flatten()
