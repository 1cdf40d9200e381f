"""Weights set to 0 and kept there: `weight = weight_orig · weight_mask`, computed anew before each call."""

from __future__ import annotations

from typing import Any

import numpy as np

from minigrad.creation import ones_like
from minigrad.nn.utils.weight_norm import drop_hook, hook_of
from minigrad.random import rand_like
from minigrad.tensor import Tensor, wrap


class _Pruning:
    """The hook: weight = weight_orig · weight_mask."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, module: Any, inputs: Any) -> None:
        setattr(module, self.name, getattr(module, self.name + "_orig") * getattr(module, self.name + "_mask"))


def _count(amount: Any, size: int) -> int:
    """How many to prune: a number, or a share."""
    if isinstance(amount, int) and 0 <= amount <= size:
        return amount
    if isinstance(amount, float) and 0 <= amount <= 1:
        return round(amount * size)
    raise ValueError(f"prune: amount={amount}: give a share from 0.0 to 1.0, or a number of at most {size} weights")


def custom_from_mask(module: Any, name: str, mask: Tensor) -> Any:
    """Set to 0 where the mask is 0, and keep there. What was pruned before stays so. Returns the module.

    >>> from minigrad import nn, tensor
    >>> layer = nn.utils.prune.custom_from_mask(nn.Linear(2, 1), "weight", tensor([[1, 0]]))
    >>> list(layer.state_dict()), layer.weight[0, 1].item() == 0
    (['bias', 'weight_orig', 'weight_mask'], True)
    """
    hook = hook_of(module, name, _Pruning)
    if hook is None:
        hook = _Pruning(name)
        original = getattr(module, name)
        kept = mask.to(original.dtype)
        delattr(module, name)
        module.register_parameter(name + "_orig", original)
        module.register_buffer(name + "_mask", kept)
        module.register_forward_pre_hook(hook)
    else:
        held = getattr(module, name + "_mask")
        setattr(module, name + "_mask", held * mask.to(held.dtype))
    hook(module, ())
    return module


def identity(module: Any, name: str) -> Any:
    """Prune nothing, but be ready to."""
    return custom_from_mask(module, name, ones_like(getattr(module, name).detach()))


def l1_unstructured(module: Any, name: str, amount: Any, importance_scores: Tensor | None = None) -> Any:
    """Prune the smallest weights: a share of them, or a number. Returns the module."""
    scores = getattr(module, name) if importance_scores is None else importance_scores
    return _prune_least(module, name, amount, np.absolute(scores.detach().array))


def random_unstructured(module: Any, name: str, amount: Any) -> Any:
    """Prune weights drawn at random: a share of them, or a number. Returns the module."""
    return _prune_most(module, name, amount, rand_like(getattr(module, name).detach()).array)


def ln_structured(
    module: Any, name: str, amount: Any, n: float, dim: int, importance_scores: Tensor | None = None
) -> Any:
    """Prune whole slices along `dim`, those of the smallest norm of order `n`. Returns the module."""
    weight = getattr(module, name)
    scores = np.moveaxis((weight if importance_scores is None else importance_scores).detach().array, dim, 0)
    norms = np.linalg.norm(scores.reshape(len(scores), -1), n, axis=1)
    alive = np.ones(len(scores), bool)
    alive[np.argsort(norms, kind="stable")[: _count(amount, len(scores))]] = False
    shape = [1] * weight.ndim
    shape[dim] = -1
    return custom_from_mask(module, name, wrap(np.broadcast_to(alive.reshape(shape), weight.shape).copy()))


def _prune_least(module: Any, name: str, amount: Any, scores: Any) -> Any:
    held = vars(module).get(name + "_mask")
    free = np.flatnonzero(np.ones(scores.size) if held is None else held.array)  # those that are not pruned yet
    mask = np.ones(scores.size, bool)
    order = np.argsort(scores.reshape(-1)[free], kind="stable")
    mask[free[order[: _count(amount, free.size)]]] = False
    return custom_from_mask(module, name, wrap(mask.reshape(scores.shape)))


def _prune_most(module: Any, name: str, amount: Any, scores: Any) -> Any:
    return _prune_least(module, name, amount, -scores)


def remove(module: Any, name: str) -> Any:
    """Make the pruned weight a parameter like any other. Returns the module. ValueError if it was not pruned."""
    hook = hook_of(module, name, _Pruning)
    if hook is None:
        raise ValueError(f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed")
    hook(module, ())
    weight, original = getattr(module, name), getattr(module, name + "_orig")
    original.data = weight.detach()
    for attribute in (name, name + "_orig", name + "_mask"):
        delattr(module, attribute)
    module.register_parameter(name, original)
    drop_hook(module, hook)
    return module


def is_pruned(module: Any) -> bool:
    """Is a weight of this module, or of one below it, pruned?"""
    for part in module.modules():
        hooks = vars(part).get("_hooks")
        if hooks is not None and any(isinstance(hook, _Pruning) for hook, _, _ in hooks.forward_pre):
            return True
    return False
