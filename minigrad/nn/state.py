"""The state of a module: its parameters and buffers by name, to keep and to load."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from minigrad.clock import wrote
from minigrad.nn.hooks import Hooked
from minigrad.nn.parameter import Parameter, is_lazy
from minigrad.nn.registry import Registry, nearest, own_buffers, own_modules, own_parameters
from minigrad.tensor import Tensor, wrap


class IncompatibleKeys(NamedTuple):
    """What `load_state_dict` returns: the names it missed, and the names it had no use for."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


class State(Registry, Hooked):
    """The part of a module that is kept."""

    def state_dict(
        self, *args: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> OrderedDict[str, Tensor]:
        """Every parameter and persistent buffer by name: detached, sharing memory; with `keep_vars`, themselves.

        They are added to `destination` if that is given, their names preceded by `prefix`.
        """
        if args:  # as PyTorch once took them
            destination, prefix, keep_vars = [*args, *[destination, prefix, keep_vars][len(args) :]]
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        metadata = {"version": 1}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = metadata
        hooks = self.__dict__.get("_hooks")
        if hooks is not None:
            for hook, _, _ in hooks.state_pre:
                hook(self, prefix, keep_vars)
        for name, tensor in (*own_parameters(self), *own_buffers(self, persistent_only=True)):
            destination[prefix + name] = tensor if keep_vars else tensor.detach()
        for name, child in own_modules(self):
            child.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
        if hooks is not None:
            for hook, _, _ in hooks.state:
                found = hook(self, destination, prefix, metadata)
                destination = destination if found is None else found
        return destination  # type: ignore[no-any-return]

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Copy values by name into the parameters and buffers, in place; with `assign`, put the tensors in their places.

        RuntimeError, with every name that is missing, unexpected or of another shape or kind, before anything is changed;
        unless `strict`, names may differ, shapes may not. TypeError for what is not a dict. Lazy parameters take their
        shapes from the state.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(
                f"load_state_dict needs a dict of tensors, not a {type(state_dict).__name__}: pass model.state_dict(), or "
                "minigrad.load(path)"
            )
        places = {
            f"{path}.{name}" if path else name: (module, name, tensor)
            for path, module in self.named_modules(remove_duplicate=False)
            for name, tensor in (*own_parameters(module), *own_buffers(module, persistent_only=True))
        }
        keys = IncompatibleKeys([], [])
        wrong: list[str] = []
        given = run_load_hooks(self, state_dict, strict, keys, wrong)
        keys.missing_keys.extend(name for name in places if name not in given)
        keys.unexpected_keys.extend(name for name in given if name not in places)
        values = {
            name: given[name] if is_lazy(given[name]) and is_lazy(place[2])
            else np.asarray(getattr(given[name], "array", given[name]))
            for name, place in places.items() if name in given
        }  # fmt: skip
        wrong += [why for name, value in values.items() if (why := misfit(name, value, places[name][2]))]
        problems = list(wrong)
        if strict:
            missing, unexpected = keys
            problems += [f"{name} is missing from the state ({nearest(name, unexpected)})" for name in missing]
            problems += [
                f"{name} is in the state but not in the module ({nearest(name, missing)})" for name in unexpected
            ]
        if problems:
            remedy = "build it as it was when it was saved" if wrong else "pass strict=False to load what fits"
            raise RuntimeError(f"load_state_dict of {type(self).__name__}: " + "; ".join([*problems, remedy]))
        for name, value in values.items():
            if assign:
                put(*places[name], given[name])
            else:
                fill(places[name][2], value)
        for _, module in self.named_modules():
            hooks = module.__dict__.get("_hooks")
            for hook, _, _ in () if hooks is None else hooks.load:
                hook(module, keys)
        return keys


def run_load_hooks(
    root: State, state: Mapping[str, Any], strict: bool, keys: IncompatibleKeys, errors: list[str]
) -> Mapping[str, Any]:
    """The state as the hooks of the modules leave it: a copy, if there are any."""
    for path, module in root.named_modules(remove_duplicate=False):
        hooks = module.__dict__.get("_hooks")
        if hooks is not None and hooks.load_pre:
            state = OrderedDict(state)
            prefix = f"{path}." if path else ""
            for hook, with_module, _ in hooks.load_pre:
                first = (module,) if with_module else ()
                hook(*first, state, prefix, {"version": 1}, strict, *keys, errors)
    return state


def misfit(name: str, value: Any, own: Tensor) -> str | None:
    """Why a value cannot be loaded into a parameter or buffer; None if it can."""
    if is_lazy(own):
        return None
    array = own.array
    if value.shape != array.shape:
        return f"{name} has shape {value.shape} in the state and {array.shape} in the module"
    if not np.can_cast(value.dtype, array.dtype, "same_kind"):
        return f"{name} is of type {value.dtype} in the state and {array.dtype} in the module"
    return None


def fill(own: Any, value: Any) -> None:
    """Copy a value into a parameter or buffer, which takes its shape if it has none yet."""
    if is_lazy(own):
        if is_lazy(value):
            return
        own.materialize(value.shape)
    np.copyto(own.array, value, casting="same_kind")
    wrote(own)


def put(module: Registry, name: str, own: Tensor, value: Any) -> None:
    """Put a tensor itself in the place of a parameter or buffer."""
    tensor = value if isinstance(value, Tensor) else wrap(np.array(value))
    if isinstance(own, Parameter) and not isinstance(tensor, Parameter):
        tensor = Parameter(tensor, own.requires_grad)
    setattr(module, name, tensor)
