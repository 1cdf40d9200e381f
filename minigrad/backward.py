"""`backward()`: from a tensor to the `.grad` of the leaves it depends on, a loop over `graph.backpropagate`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from minigrad.clock import wrote
from minigrad.errors import GraphError, ShapeError, why_no_grad
from minigrad.grad_mode import grad_mode, recording, set_recording
from minigrad.graph import Node, Target, backpropagate, line_of, listening

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


def backward(
    roots: Sequence[Tensor],
    gradients: Sequence[Tensor | None],
    retain_graph: bool | None,
    create_graph: bool,
    inputs: Tensor | Sequence[Tensor] | None,
) -> None:
    """What `Tensor.backward` and `autograd.backward` do. They call this directly, so the user's line is two frames up."""
    seeds = []
    for root, gradient in zip(roots, gradients):
        seeds.append(seed_for(root, gradient, "backward()"))
    keep = create_graph if retain_graph is None else retain_graph
    receivers = None if inputs is None else receivers_of(inputs)
    wanted = None if receivers is None else list(receivers)
    here = ("backward()", *line_of(sys._getframe(2)))
    token = set_recording(create_graph)
    try:
        for target, share in backpropagate(seeds, wanted=wanted, keep=keep, every=wanted is not None, freed_by=here):
            if receivers is not None:
                if target in receivers and type(target) is not Node:
                    accumulate(receivers[target], share)
                retain(target, share)
            elif type(target) is Node:
                retain(target, share)
            else:
                leaf: Any = target
                if leaf._grad is None and leaf._requires_grad:  # it may have been frozen since
                    leaf._grad = share
                elif leaf._requires_grad:
                    accumulate(leaf, share)
    finally:
        grad_mode.reset(token)


def receivers_of(inputs: Tensor | Sequence[Tensor]) -> dict[Target, Tensor]:
    """The tensors that `backward(inputs=...)` adds gradients to, by where their gradients arrive: results, too, which from
    now on keep theirs."""
    tensors: Sequence[Tensor] = [inputs] if hasattr(inputs, "_node") else list(inputs)  # type: ignore[list-item]
    if not tensors:
        raise GraphError("backward(): inputs is empty: name the tensors to receive gradients, or leave it out for all")
    for i, tensor in enumerate(tensors):
        if not tensor.requires_grad:
            raise GraphError(
                f"backward(): input {i}, of shape {tuple(tensor.array.shape)}, does not require grad: "
                "requires_grad_() it before computing with it"
            )
        if not tensor.is_leaf:
            tensor.retain_grad()
    return {target_of(tensor): tensor for tensor in tensors}


def retain(target: Target, gradient: Tensor) -> None:
    """Add a gradient that comes by to the `.grad` of a result for which `retain_grad` asked, if this is one."""
    if type(target) is Node and target.retainer is not None and (tensor := target.retainer()) is not None:
        accumulate(tensor, gradient.clone())


def target_of(tensor: Tensor) -> Any:
    """Where a gradient for this tensor arrives: the node that made it, or the tensor itself."""
    return tensor.grad_fn or tensor


def seed_for(root: Tensor, gradient: Tensor | None, call: str) -> tuple[Any, Tensor]:
    """The start of a backward pass: where, and with which gradient."""
    if not root.requires_grad:
        raise GraphError(why_no_grad(root, call))
    if gradient is None:
        if root.array.size != 1:
            raise GraphError(
                f"{call} on a tensor of shape {tuple(root.array.shape)}: a gradient is of one number, so reduce it first "
                "(loss.mean() or loss.sum()), or pass a gradient of its shape"
            )
        return root._node or root, root._ones()
    if not hasattr(gradient, "_node"):
        raise TypeError(
            f"{call}: the gradient must be a Tensor, not {type(gradient).__name__}: use minigrad.tensor(...)"
        )
    if gradient.array.shape != root.array.shape:
        raise ShapeError(
            f"{call}: a gradient of shape {tuple(gradient.array.shape)} for a tensor of shape {tuple(root.array.shape)}: "
            "the two must be the same"
        )
    if gradient.array.dtype is not root.array.dtype:
        gradient = gradient.to(root.array.dtype)
    # in memory that nobody else has
    own = gradient.clone() if gradient.requires_grad else gradient._wrap(gradient.array.copy("K"))
    return root._node or root, own


def accumulate(tensor: Tensor, gradient: Tensor) -> None:
    """Add a gradient to `.grad`: in place where that cannot be seen in a graph."""
    held = tensor._grad
    if held is None:
        tensor._grad = gradient
    elif held._requires_grad or gradient._requires_grad or not held.array.flags.writeable:
        with recording(True):
            tensor._grad = held + gradient
    else:
        held.array += gradient.array
        wrote(held)


def zero_gradients(tensors: Sequence[Tensor], set_to_none: bool) -> None:
    """Drop the gradients of tensors, or fill those that are there with zeros: what `zero_grad` of a module and of an optimizer
    do."""
    if set_to_none:
        if listening.tape is not None:
            for tensor in tensors:
                listening.tape.clears(tensor)
        for tensor in tensors:
            tensor._grad = None
        return
    for tensor in tensors:
        gradient = tensor._grad
        if gradient is not None:
            if gradient._requires_grad:
                gradient = tensor._grad = gradient.detach()
            gradient.zero_()
