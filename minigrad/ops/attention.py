"""Attention as one operation."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import TYPE_CHECKING

from minigrad.graph import Rule, apply
from minigrad.kernels import attention as kernels
from minigrad.kernels.attention import Shape
from minigrad.ops.composed import backward_of
from minigrad.ops.recurrent import part

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


def side_by_side(tensors: Sequence[Tensor]) -> Tensor:
    """Everything in one line, so that one rule, that of what is computed from it, gives all gradients."""
    rules: list[Rule | None] = []
    start = 0
    for x in tensors:
        rules.append(_part_rule(start, x.array.shape))
        start += x.array.size
    return apply(kernels.side_by_side, tensors, rules)


def _part_rule(start: int, shape: tuple[int, ...]) -> Rule:
    rule = lambda g: part(g, start, shape)  # noqa: E731
    rule.__qualname__ = "side_by_side.<locals>.<lambda>"
    return rule


def attention(
    line: Tensor,
    shape: Shape,
    batch: tuple[int, ...],
    scale: float,
    causal: bool = False,
    mask: Tensor | None = None,
    noise: Tensor | None = None,
) -> Tensor:
    """softmax(q kᵀ · scale + mask) v: (*batch, L, V), from queries, keys and values side by side in a line.

    `shape` is (n, L, S, E, V), n being the product of `batch`. `mask` (n or 1, L or 1, S) is added, `noise` (n, L, S)
    multiplies the probabilities: constants, both. If `causal`, no query sees a later key.
    """
    size = (*batch, shape[1], shape[4])
    extra = [x for x in (mask, noise) if x is not None]
    masked = mask is not None
    saved = apply(
        kernels.attention, (line.detach(), *extra), shape=shape, scale=scale, causal=causal, masked=masked
    )  # fmt: skip

    def back(g: Tensor) -> Tensor:
        return _backward(g, line, saved, shape, scale, causal, mask, noise)

    back.__qualname__ = "scaled_dot_product_flash_attention_for_cpu.<locals>.<lambda>"  # as it is printed in PyTorch
    return apply(kernels.attended, (line, saved), (back, None), size=size)


def _backward(
    gradient: Tensor,
    line: Tensor,
    saved: Tensor,
    shape: Shape,
    scale: float,
    causal: bool,
    mask: Tensor | None,
    noise: Tensor | None,
) -> Tensor:
    size = gradient.array.shape
    return backward_of(
        kernels.attention_backward,
        lambda line: _of_line(line, shape, scale, causal, mask, noise).reshape(size),
        gradient,
        line,
        [saved, *[x for x in (mask, noise) if x is not None]],
        "attention_backward",
        shape=shape,
        scale=scale,
        causal=causal,
        masked=mask is not None,
    )


# ── the composed form ────────────────────────────────────────────────────────────────────────────────────────────────


def probabilities(q: Tensor, k: Tensor, scale: float, causal: bool = False, mask: Tensor | None = None) -> Tensor:
    """softmax(q kᵀ · scale + mask); 0 for a query all of whose keys are masked with -inf."""
    scores = (q * scale)._matmul(k.mT)
    if causal:
        rows, columns = scores.array.shape[-2:]
        scores = scores + q._wrap(kernels.after(rows, columns, q.array.dtype.char).T)
    if mask is None:
        return scores.softmax(-1)
    scores = scores + mask
    unseen = scores.detach().amax(-1, keepdim=True) == float("-inf")
    return scores.masked_fill(unseen, 0).softmax(-1).masked_fill(unseen, 0)


def _of_line(
    line: Tensor, shape: Shape, scale: float, causal: bool, mask: Tensor | None, noise: Tensor | None
) -> Tensor:
    n, rows, columns, width, depth = shape
    parts, start = [], 0
    for size in ((n, rows, width), (n, columns, width), (n, columns, depth)):
        parts.append(part(line, start, size))
        start += prod(size)
    q, k, v = parts
    p = probabilities(q, k, scale, causal, mask)
    return (p if noise is None else p * noise)._matmul(v)
