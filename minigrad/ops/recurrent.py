"""Recurrent networks: one operation for a whole sequence."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import prod
from typing import TYPE_CHECKING, Any

from minigrad.graph import Rule, apply
from minigrad.kernels import recurrent as kernels
from minigrad.kernels import sequences
from minigrad.kernels.attention import side_by_side
from minigrad.ops.composed import backward_of
from minigrad.ops.linalg import linear
from minigrad.ops.shape import _meet as meet
from minigrad.ops.shape import cat

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


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
    line = _lay_out(x, w_ih, [*[bias] * (bias is not None), *rest])
    settings = {"sizes": sizes, "hidden": hidden, "inputs": w_ih.array.shape[1], "biased": bias is not None}
    saved = apply(getattr(kernels, kind), (line.detach(),), **settings)
    wanted = x.requires_grad

    def back(g: Tensor) -> Tensor:
        return _backward(kind, g, line, saved, settings, brief, wanted)

    back.__qualname__ = f"{kind}.<locals>.<lambda>"
    cells = len(state) == 2
    out = apply(
        sequences.results, (line, saved), (back, None), sizes=sizes, hidden=hidden, cells=cells, brief=brief
    )  # fmt: skip
    found: list[tuple[int, ...]] = [
        *[(*(lead or (sum(sizes),)), hidden)] * (not brief),
        *[(sizes[0], hidden)] * (1 + cells),
    ]
    starts = accumulate(map(prod, found), initial=0)
    return tuple([part(out, start, shape, "stack" if start else name) for start, shape in zip(starts, found)])


def _backward(
    kind: str, gradient: Tensor, line: Tensor, saved: Tensor, settings: dict[str, Any], brief: bool, wanted: bool
) -> Tensor:
    return backward_of(
        getattr(kernels, f"{kind}_backward"),
        lambda line: _composed(kind, line, brief, **settings),
        gradient,
        line,
        [saved],
        f"{kind}_backward",
        **settings,
        wanted=wanted,
    )


def _lay_out(x: Tensor, w: Tensor, rest: Sequence[Tensor]) -> Tensor:
    """Everything in one line, so that one rule, that of what is computed from it, gives all gradients.

    The gradients of x and of w each depend on the other: the rules capture it, so that a change to it is noticed.
    """
    n, gates = x.array.shape[0], w.array.shape[0]
    rules: list[Rule | None] = [
        lambda g: part(g, 0, (n, w.array.shape[1])),
        lambda g: part(g, x.array.size, (gates, x.array.shape[1])),
    ]
    start = x.array.size + w.array.size
    for other in rest:
        rules.append(_part_rule(start, other.array.shape))
        start += other.array.size
    for rule in rules:
        rule.__qualname__ = "linear.<locals>.<lambda>"  # type: ignore[union-attr]
    return apply(side_by_side, (x, w, *rest), rules)


def _part_rule(start: int, shape: tuple[int, ...]) -> Rule:
    return lambda g: part(g, start, shape)


def part(line: Tensor, start: int, shape: tuple[int, ...], name: str = "part") -> Tensor:
    """The part of a line that is of this shape."""
    size = line.array.size
    rule = lambda g: _part_backward(g, start, size)  # noqa: E731
    rule.__qualname__ = f"{name}.<locals>.<lambda>"
    return apply(sequences.part, (line,), (rule,), start=start, shape=shape)


def _part_backward(gradient: Tensor, start: int, size: int) -> Tensor:
    shape = gradient.array.shape
    return apply(sequences.part_backward, (gradient,), (lambda g: part(g, start, shape),), start=start, size=size)


def pick(x: Tensor, index: Any) -> Tensor:
    """The rows of x with these numbers, of which no two are equal."""
    n = x.array.shape[0]
    return apply(sequences.take_rows, (x,), (lambda g: place(g, index, n),), index=index)


def place(x: Tensor, index: Any, n: int, fill: float = 0) -> Tensor:
    """n rows: those of x at these numbers, of which no two are equal, and `fill` in the others."""
    return apply(sequences.place_rows, (x,), (lambda g: pick(g, index),), index=index, n=n, fill=fill)


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


def _composed(
    kind: str, line: Tensor, brief: bool, sizes: tuple[int, ...], hidden: int, inputs: int, biased: bool
) -> Tensor:
    """Everything that `sequences.results` gives, from a line."""
    start, found = 0, []
    for shape in sequences.shapes(kind, sizes, hidden, inputs, biased):
        found.append(part(line, start, shape))
        start += prod(shape)
    x, w, share_bias, *rest = found
    bias = rest.pop() if kind == "gru" else None
    weight = rest.pop()
    given = linear(x, w, share_bias if biased else None)
    results = unrolled(kind, given, tuple(rest), weight, bias, sizes)
    return cat(results[brief:]).flatten()
