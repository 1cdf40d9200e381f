"""A weight as a length and a direction: computed anew before each call, by a hook."""

from __future__ import annotations

from typing import Any

from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.tensor import Tensor


def norm_except_dim(v: Tensor, dim: int | None) -> Tensor:
    """The norms of the slices along a dimension, with the sizes of the others 1; of all of it, if `dim` is None or -1."""
    if dim is None or dim == -1:
        return (v * v).sum().sqrt()
    others = tuple(i for i in range(v.ndim) if i != dim % v.ndim)
    return (v * v).sum(others, keepdim=True).sqrt() if others else v.abs()


class WeightNorm:
    """The hook: weight = g · v / |v|."""

    def __init__(self, name: str, dim: int | None) -> None:
        self.name, self.dim = name, dim

    def compute_weight(self, module: Any) -> Tensor:
        """The weight."""
        g, v = getattr(module, self.name + "_g"), getattr(module, self.name + "_v")
        return v * (g / norm_except_dim(v, self.dim))  # type: ignore[no-any-return]

    def __call__(self, module: Any, inputs: Any) -> None:
        """Set the weight."""
        setattr(module, self.name, self.compute_weight(module))


def weight_norm(module: Any, name: str = "weight", dim: int | None = 0) -> Any:
    """Replace a parameter by its norm `name_g` (one for each index along `dim`, or one if None) and its direction `name_v`.

    Returns the module. RuntimeError if that was done already.

    Source: T. Salimans and D. Kingma, Weight normalization, NIPS 2016.

    >>> from minigrad import nn
    >>> [name for name, _ in nn.utils.weight_norm(nn.Linear(3, 2)).named_parameters()]
    ['bias', 'weight_g', 'weight_v']
    """
    if hook_of(module, name, WeightNorm) is not None:
        raise RuntimeError(
            f"Cannot register two weight_norm hooks on the same parameter {name}: remove_weight_norm first"
        )
    weight = getattr(module, name)
    delattr(module, name)
    hook = WeightNorm(name, dim)
    module.register_parameter(name + "_g", Parameter(norm_except_dim(weight.detach(), dim)))
    module.register_parameter(name + "_v", Parameter(weight.detach()))
    setattr(module, name, hook.compute_weight(module))
    module.register_forward_pre_hook(hook)
    return module


def remove_weight_norm(module: Any, name: str = "weight") -> Any:
    """Make the weight a parameter again, of its present value. Returns the module. ValueError if there is no weight norm."""
    hook = hook_of(module, name, WeightNorm)
    if hook is None:
        raise ValueError(f"weight_norm of '{name}' not found in {module}: weight_norm(module, {name!r}) first")
    weight = hook.compute_weight(module)
    for attribute in (name, name + "_g", name + "_v"):
        delattr(module, attribute)
    setattr(module, name, Parameter(weight.detach()))
    drop_hook(module, hook)
    return module


def hook_of(module: Module, name: str, kind: type) -> Any:
    """The hook of a kind that computes a parameter of a name; None if there is none."""
    hooks = vars(module).get("_hooks")
    entries = () if hooks is None else hooks.forward_pre
    return next(
        (hook for hook, _, _ in entries if isinstance(hook, kind) and getattr(hook, "name", None) == name), None
    )


def drop_hook(module: Any, hook: Any) -> None:
    """Take a hook away."""
    entries = module._own_hooks().forward_pre
    entries[:] = [entry for entry in entries if entry[0] is not hook]
