"""What every optimizer shares: groups of parameters with options of their own, and a state per parameter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from minigrad.backward import zero_gradients
from minigrad.clock import wrote
from minigrad.grad_mode import enable_grad
from minigrad.graph import listening
from minigrad.hooks import RemovableHandle
from minigrad.optim.flat import PIECE, Packs, Row, rows
from minigrad.settings import keep_memory_for_training
from minigrad.tensor import Tensor

Array: TypeAlias = "np.ndarray[Any, Any]"


class _Required:
    """The default of an option that has none."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()


class Optimizer:
    """Updates parameters in place from their gradients.

    `params` is an iterable of tensors, of (name, tensor) pairs, or of dicts {"params": tensors, option: value, ...}: the
    groups. An optimizer of one's own defines `update(group)`, which changes each `p.array` of the group in place, or
    `step(closure=None)`, in PyTorch's way.

    Raises ValueError for no parameters, for one given twice, for one that is a result and not a leaf; TypeError for what is
    not a tensor, and for a set of tensors.
    """

    _spare: dict[Any, tuple[Array, Array]] | None = None  # arrays to compute in, by shape and dtype
    _packs: dict[int, Packs] | None = None  # of each group, by identity: see flat.py
    _large: bool | None = None  # is a parameter better taken in pieces? None until the first step
    _before: list[Any] | None = None  # hooks
    _after: list[Any] | None = None
    _stepped: bool | None = None  # has step() been called? None if that is not known

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        if isinstance(params, Tensor):
            raise TypeError("an optimizer needs a list of tensors, not one tensor: use [tensor]")
        if not isinstance(params, Iterable):
            raise TypeError(
                f"an optimizer needs an iterable of tensors, not a {type(params).__name__}: pass model.parameters()"
            )
        if defaults.get("differentiable"):
            raise NotImplementedError(
                f"{type(self).__name__}: differentiable=True: an optimizer writes in place, and its step has no gradient; "
                "write the update in tensor operations, with autograd.grad(..., create_graph=True)"
            )
        keep_memory_for_training()
        self.defaults = defaults
        self.state: defaultdict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        if type(self).step is Optimizer.step:
            self._stepped = False
        groups = [{"params": params}] if isinstance(params, set) else list(params)
        if not groups:
            raise ValueError(
                "an optimizer got an empty parameter list: pass model.parameters() (an iterator is used up after one pass), "
                "and check that layers are attributes of the model or in an nn.ModuleList"
            )
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of parameters, with options of its own; the others are the defaults."""
        if not isinstance(param_group, dict):
            raise TypeError(
                f"add_param_group needs a dict, not a {type(param_group).__name__}: {{'params': tensors, 'lr': 0.1}}"
            )
        params = param_group["params"]
        if isinstance(params, set):
            raise TypeError("an optimizer numbers its parameters, and a set has no order: give a list")
        params = [params] if isinstance(params, Tensor) else list(params)
        names = [p[0] for p in params if isinstance(p, tuple)]
        if names and len(names) < len(params):
            raise ValueError(
                "an optimizer got some parameters with names and some without: give all of them names, or none"
            )
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
        group = {**param_group, "params": params, **{k: v for k, v in self.defaults.items() if k not in param_group}}
        if names:
            group["param_names"] = names
        missing = [name for name, value in group.items() if value is required]
        if missing:
            raise ValueError(
                f"{type(self).__name__}: a parameter group has no {missing[0]}: give one, {missing[0]}=..."
            )
        self.param_groups.append(group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradient of every parameter, or with `set_to_none=False` fill it with zeros."""
        for group in self.param_groups:
            zero_gradients(group["params"], set_to_none)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient. A closure, if given, is called first and its loss returned."""
        for hook in self._before or ():
            hook(self, (closure,), {})
        self._stepped = True
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        if listening.tape is None:
            self._update()
        else:
            with listening.tape.step(self):
                self._update()
        for hook in self._after or ():
            hook(self, (closure,), {})
        return loss

    def _update(self) -> None:
        """Change every group; what was changed was written to at this time."""
        for group in self.param_groups:
            self.update(group)
            wrote(*[p for p in group["params"] if p._grad is not None])

    def update(self, group: dict[str, Any]) -> None:
        """Change each `p.array` of one group in place. Every optimizer defines its own."""
        raise NotImplementedError(
            f"{type(self).__name__} has no update: define `def update(self, group): ...` in the class"
        )

    def rows(self, group: dict[str, Any], names: Sequence[str] = ()) -> Iterator[Row]:
        """What an elementwise rule goes through: (state, array to change in place, its gradient's array).

        One for each parameter that has a gradient, or for several side by side, or for a part of one. `names` are those of all
        that the rule keeps in the state, if anything.
        """
        if self._large is None and listening.tape is None:
            self._large = any(
                p._grad is not None and p.array.size > PIECE for each in self.param_groups for p in each["params"]
            )
        if listening.tape is not None or not (names or self._large):
            return iter(
                [
                    (self.state[p] if names else {}, p.array, p._grad.array)
                    for p in group["params"]
                    if p._grad is not None
                ]
            )
        params = [p for p in group["params"] if p._grad is not None]
        if self._packs is None:
            self._packs = {}
        return rows(params, self.state, names, self._packs.setdefault(id(group), Packs()))

    def dissolve(self) -> None:
        """Let the parameters lie apart again, as they did before: `compile` lays them side by side itself."""
        for packs in (self._packs or {}).values():
            if packs.made is not None:
                packs.made.dissolve()
        self._packs = None

    def spare(self, x: Array) -> Any:
        """Two arrays like `x` to compute in, the same at every call. None for both if `x` is being recorded: then NumPy makes
        new ones, and the recorder decides where they lie."""
        if type(x) is not np.ndarray:
            return None, None
        if self._spare is None:
            self._spare = {}
        key = x.shape, x.dtype
        pair = self._spare.get(key)
        if pair is None:
            pair = self._spare[key] = np.empty(x.shape, x.dtype), np.empty(x.shape, x.dtype)
        return pair

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` before each step."""
        listening.changes += 1
        self._before = [*(self._before or ()), hook]
        return RemovableHandle(self._before, hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` after each step."""
        listening.changes += 1
        self._after = [*(self._after or ()), hook]
        return RemovableHandle(self._after, hook)

    def _hooked(self) -> bool:
        """Is anything called before a step, or after it?"""
        return bool(self._before or self._after)

    # ── the state ────────────────────────────────────────────────────────────────────────────────────────────────────

    def state_dict(self) -> dict[str, Any]:
        """The options and the state, with parameters as numbers in order; `load_state_dict` continues from it.

        Tensors in it are copies, so that all of it stays as it was at the call while the optimizer goes on.
        """
        order = {id(p): i for i, p in enumerate(p for group in self.param_groups for p in group["params"])}
        groups = [
            {
                key: [order[id(p)] for p in value] if key == "params" else _as_it_is(value)
                for key, value in group.items()
            }
            for group in self.param_groups
        ]
        states = {
            order[id(p)] if isinstance(p, Tensor) else p: {name: _as_it_is(value) for name, value in state.items()}
            for p, state in self.state.items()
        }
        return {"state": states, "param_groups": groups}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Take over options and state, copied; the state's arrays in the type of the parameters.

        ValueError for the state of an optimizer of other parameters.
        """
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
        self._packs = None
        for i, state in states.items():
            p = params[i]
            self.state[p] = {name: _own_copy(value, p, name) for name, value in state.items()}

    def __getstate__(self) -> dict[str, Any]:
        return {
            name: value
            for name, value in vars(self).items()
            if name not in ("_spare", "_packs", "_large", "_before", "_after")
        }

    def __repr__(self) -> str:
        lines = []
        for i, group in enumerate(self.param_groups):
            lines += [""] * bool(i) + [f"Parameter Group {i}"]
            lines += [f"    {key}: {value}" for key, value in sorted(group.items()) if key != "params"]
        return f"{type(self).__name__} (\n" + "\n".join(lines) + "\n)"


def _as_it_is(value: Any) -> Any:
    """A part of the options or the state, its tensors copied."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    return [_as_it_is(part) for part in value] if type(value) is list else value


def _own_copy(value: Any, p: Tensor, name: str = "") -> Any:
    """A part of a loaded state: numbers that PyTorch keeps in tensors as numbers, other tensors copied."""
    if isinstance(value, Tensor):
        if name == "step" or (value.array.ndim == 0 and p.array.ndim and name in ("eta", "mu", "mu_product")):
            return value.item()
        copy = value.detach().clone()
        return copy.to(p.array.dtype) if p.is_floating_point() and copy.is_floating_point() else copy
    if isinstance(value, list | tuple):
        return type(value)(_own_copy(part, p) for part in value)
    return value


def with_gradient(group: dict[str, Any]) -> list[tuple[Tensor, Array, Array]]:
    """Each parameter of a group that has a gradient: the tensor, its array, its gradient's array."""
    return [(p, p.array, p._grad.array) for p in group["params"] if p._grad is not None]


def number(value: Any) -> Any:
    """An option as a Python number: a rate may be a tensor."""
    return value.item() if isinstance(value, Tensor) else value


def like(x: Array, *values: Any) -> Any:
    """Numbers in the dtype of an array, as arrays of no dimensions, which NumPy takes quicker than Python's floats. As they are
    if `x` is being recorded, which wants to see them."""
    return [np.array(value, x.dtype) for value in values] if type(x) is np.ndarray else values


def directed(x: Array, g: Array, group: dict[str, Any], spare: Any) -> Array:
    """The gradient to descend along: turned round to maximize, and with weight_decay · x added. Written into `spare`, unless it
    is the gradient itself."""
    decay = group["weight_decay"]
    if decay:
        t = np.multiply(x, like(x, decay)[0], spare)
        g = np.subtract(t, g, t) if group["maximize"] else np.add(g, t, t)
        return g
    return np.negative(g, spare) if group["maximize"] else g


def check(name: str, **options: tuple[Any, float, float]) -> None:
    """ValueError unless each option, given as (value, low, high), is in [low, high)."""
    for option, (value, low, high) in options.items():
        if not low <= number(value) < high:
            limit = f"from {low:g}" + ("" if high == float("inf") else f" to below {high:g}")
            raise ValueError(f"{name}: {option}={value}: give a number {limit}")
