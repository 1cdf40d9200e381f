"""Gradients of gradients for an operation whose backward pass is one kernel.

Such an operation is also written out in plain tensor operations, its composed form. Where the gradient of its backward pass is
asked for, and only there, the composed form is run and differentiated as often as it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from minigrad.grad_mode import is_grad_enabled, recording
from minigrad.graph import Rule, apply, backpropagate
from minigrad.kernels import Array

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


def backward_of(
    kernel: Callable[..., Array],
    composed: Callable[[Tensor], Tensor],
    gradient: Tensor,
    x: Tensor,
    constants: Sequence[Tensor],
    name: str,
    **kwargs: object,
) -> Tensor:
    """The gradient of x by `kernel(gradient, x, *constants, **kwargs)`, for an operation that is `composed(x)`.

    `composed` may close over constants only.
    """
    rules: list[Rule | None] = [
        lambda g: _again(composed, gradient, x, g, True),
        lambda g: _again(composed, gradient, x, g, False),
        *[None] * len(constants),
    ]
    for rule in rules[:2]:
        rule.__qualname__ = f"{name}.<locals>.<lambda>"  # type: ignore[union-attr]
    return apply(kernel, (gradient, x, *constants), rules, **kwargs)


def _again(composed: Callable[[Tensor], Tensor], gradient: Tensor, x: Tensor, g: Tensor, linear: bool) -> Tensor:
    """g through the gradient of x as a function of `gradient` (if `linear`) or of x itself.

    Both are copied first: paths from `gradient` back to x, or from x to what it was made of, are not part of this function.
    """
    further = is_grad_enabled()
    with recording(True):
        at, start = x.clone(), gradient.clone()
        result = _pulled(_pulled(composed(at), start, at), g, start if linear else at)
    return result if further else result.detach()


def _pulled(out: Tensor, gradient: Tensor, wanted: Tensor) -> Tensor:
    """The gradient of `wanted`, a result, from that of `out`."""
    target: Any = wanted._node
    if out._node is not None:
        for found, share in backpropagate([(out._node, gradient)], wanted=[target], keep=True):
            if found is target:
                return share
    return wanted.new_zeros(wanted.array.shape)
