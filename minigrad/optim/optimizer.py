"""What every optimizer shares: groups of parameters with options of their own, and a state per parameter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from minigrad.grad_mode import enable_grad
from minigrad.graph import tick
from minigrad.tensor import Tensor


class Optimizer:
    """Updates parameters in place from their gradients.

    `params` is an iterable of tensors, of (name, tensor) pairs, or of dicts {"params": tensors, option: value, ...}: the
    groups. An optimizer of one's own defines `update(group)`, which changes each `p.array` of the group in place.

    Raises ValueError for no parameters, for one given twice, for one that is a result and not a leaf; TypeError for what is
    not a tensor, and for a set of tensors.
    """

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise TypeError("an optimizer needs a list of tensors, not one tensor: use [tensor]")
        if not isinstance(params, Iterable):
            raise TypeError(
                f"an optimizer needs an iterable of tensors, not a {type(params).__name__}: pass model.parameters()"
            )
        self.defaults = defaults
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        groups = [{"params": params}] if isinstance(params, set) else list(params)
        if not groups:
            raise ValueError(
                "an optimizer got no parameters: pass model.parameters() (an iterator is used up after one pass), and "
                "check that layers are attributes of the model or in an nn.ModuleList"
            )
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of parameters, with options of its own; the others are the defaults."""
        params = param_group["params"]
        if isinstance(params, set):
            raise TypeError("an optimizer numbers its parameters, and a set has no order: give a list")
        params = [params] if isinstance(params, Tensor) else list(params)
        params = [p[1] if isinstance(p, tuple) else p for p in params]
        known = {id(p) for group in self.param_groups for p in group["params"]}
        for p in params:
            if not isinstance(p, Tensor):
                raise TypeError(f"an optimizer updates tensors, not a {type(p).__name__}: pass model.parameters()")
            if not p.is_leaf:
                raise ValueError(
                    f"an optimizer cannot update the result of {p.grad_fn!r}, of shape {tuple(p.shape)}: pass the leaf it "
                    "was computed from, or x.detach().requires_grad_()"
                )
            if id(p) in known:
                raise ValueError(
                    f"a parameter of shape {tuple(p.shape)} was given twice: each belongs to one group, once"
                )
            known.add(id(p))
        self.param_groups.append({**self.defaults, **param_group, "params": params})

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradient of every parameter, or with `set_to_none=False` fill it with zeros."""
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none or p._grad is None:
                    p._grad = None
                else:
                    p._grad = p._grad.detach()
                    p._grad.zero_()

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient. A closure, if given, is called first and its loss returned."""
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        for group in self.param_groups:
            self.update(group)
            now = tick()
            for p in group["params"]:
                if p._grad is not None:
                    p._version[0] = now
        return loss

    def update(self, group: dict[str, Any]) -> None:
        """Change each `p.array` of one group in place. Every optimizer defines its own."""
        raise NotImplementedError(
            f"{type(self).__name__} has no update: define `def update(self, group): ...` in the class"
        )

    def state_dict(self) -> dict[str, Any]:
        """The options and the state, with parameters as numbers in order; `load_state_dict` continues from it."""
        order = {id(p): i for i, p in enumerate(p for group in self.param_groups for p in group["params"])}
        groups = [{**group, "params": [order[id(p)] for p in group["params"]]} for group in self.param_groups]
        return {"state": {order[id(p)]: dict(state) for p, state in self.state.items()}, "param_groups": groups}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over options and state, copied. ValueError for the state of an optimizer of other parameters."""
        try:
            groups, states = state_dict["param_groups"], dict(state_dict["state"])
            numbers = [list(group["params"]) for group in groups]
        except (KeyError, TypeError) as error:
            raise ValueError(f"load_state_dict needs what an optimizer's state_dict() gave: {error!r}") from error
        sizes, own = [len(group) for group in numbers], [len(group["params"]) for group in self.param_groups]
        if sizes != own:
            raise ValueError(
                f"load_state_dict: the state has groups of {sizes} parameters, this optimizer of {own}: build it with the "
                "same parameters"
            )
        params = {i: p for group, own in zip(numbers, self.param_groups) for i, p in zip(group, own["params"])}
        unknown = [i for i in states if i not in params]
        if unknown:
            raise ValueError(f"load_state_dict: state for parameter {unknown[0]!r}, and the groups name {list(params)}")
        self.param_groups = [{**g, "params": own["params"]} for g, own in zip(groups, self.param_groups)]
        self.state = defaultdict(dict)
        for i, state in states.items():
            self.state[params[i]] = {k: v.clone() if isinstance(v, Tensor) else v for k, v in state.items()}

    def __repr__(self) -> str:
        lines = []
        for i, group in enumerate(self.param_groups):
            lines += [""] * bool(i) + [f"Parameter Group {i}"]
            lines += [f"    {key}: {value}" for key, value in sorted(group.items()) if key != "params"]
        return f"{type(self).__name__} (\n" + "\n".join(lines) + "\n)"


def with_gradient(group: dict[str, Any]) -> Iterable[tuple[Tensor, np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
    """Each parameter of a group that has a gradient: the tensor, its array, its gradient's array."""
    return [(p, p.array, p._grad.array) for p in group["params"] if p._grad is not None]


def check(name: str, **options: tuple[float, float, float]) -> None:
    """ValueError unless each option, given as (value, low, high), is in [low, high)."""
    for option, (value, low, high) in options.items():
        if not low <= value < high:
            limit = f"from {low:g}" + ("" if high == float("inf") else f" to below {high:g}")
            raise ValueError(f"{name}: {option}={value}: give a number {limit}")
