"""The base of every layer and network: parameters and submodules are plain attributes, found by one recursive walk."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple, Self

import numpy as np

from minigrad.dtypes import DTypeLike, to_numpy
from minigrad.graph import tick
from minigrad.nn.parameter import Parameter
from minigrad.tensor import Tensor


class IncompatibleKeys(NamedTuple):
    """What `load_state_dict` returns: the names it missed, and the names it had no use for."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"_IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


class Module:
    """A function with parameters.

    Write `forward`; assign `Parameter`s and other modules to attributes. They are found in the order of assignment,
    each once. A plain list of modules is not searched, as in PyTorch: use `ModuleList`.

    >>> from minigrad import nn, ones
    >>> class Double(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.inner = nn.Linear(3, 2)
    ...     def forward(self, x):
    ...         return self.inner(x) * 2
    >>> [name for name, _ in Double().named_parameters()]
    ['inner.weight', 'inner.bias']
    """

    training: bool = True
    _buffers: Mapping[str, bool] = {}  # the names of the attributes that are buffers: are they part of the state?

    def __init__(self) -> None:
        """Nothing to prepare: attributes are plain."""

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes. Every module defines its own."""
        raise NotImplementedError(
            f"{type(self).__name__} has no forward: define `def forward(self, x): ...` in the class"
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What `forward` computes."""
        return self.forward(*args, **kwargs)

    # ── the walk ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules that are attributes of this one, in order of assignment, each once."""
        seen: set[int] = set()
        for name, value in vars(self).items():
            if isinstance(value, Module):
                if id(value) not in seen:
                    seen.add(id(value))
                    yield name, value
            elif isinstance(value, list | tuple | dict) and value:
                warn_of_hidden(type(self), name, value)

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module and all below it, with dotted names, parents first."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, child in self.named_children():
            yield from child.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    def _named_tensors(
        self, own: Callable[[Module], Iterator[tuple[str, Tensor]]], prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Tensor]]:
        """The tensors that `own` finds in each module, with dotted names."""
        seen: set[int] = set()
        modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else [(prefix, self)]
        for path, module in modules:
            for name, tensor in own(module):
                if not (remove_duplicate and id(tensor) in seen):
                    seen.add(id(tensor))
                    yield f"{path}.{name}" if path else name, tensor

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Every parameter with its dotted name, each once."""
        return self._named_tensors(own_parameters, prefix, recurse, remove_duplicate)  # type: ignore[return-value]

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Every buffer with its dotted name, each once."""
        return self._named_tensors(own_buffers, prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Every parameter, each once."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Every buffer, each once."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def children(self) -> Iterator[Module]:
        """The modules that are attributes of this one."""
        return (child for _, child in self.named_children())

    def modules(self) -> Iterator[Module]:
        """This module and all below it."""
        return (module for _, module in self.named_modules())

    def get_submodule(self, target: str) -> Module:
        """The module of a dotted name. AttributeError if there is none."""
        module = self
        for name in target.split(".") if target else ():
            child = vars(module).get(name)
            if not isinstance(child, Module):
                known = [name for name, _ in module.named_children()]
                raise AttributeError(f"{type(self).__name__} has no submodule {target!r}: {nearest(name, known)}")
            module = child
        return module

    # ── registration ─────────────────────────────────────────────────────────────────────────────────────────────────

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Assign a parameter to an attribute by name; None leaves the place empty."""
        setattr(self, name, param)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Assign a tensor that belongs to the state but is not learned; not saved unless `persistent`."""
        self._buffers = {**self._buffers, name: persistent}
        setattr(self, name, tensor)

    def add_module(self, name: str, module: Module | None) -> None:
        """Assign a module to an attribute by name."""
        setattr(self, name, module)

    register_module = add_module

    # ── the state ────────────────────────────────────────────────────────────────────────────────────────────────────

    def state_dict(self, *, prefix: str = "", keep_vars: bool = False) -> OrderedDict[str, Tensor]:
        """Every parameter and persistent buffer by name: detached, sharing memory."""
        state: OrderedDict[str, Tensor] = OrderedDict()
        for path, module in self.named_modules(remove_duplicate=False):
            for name, tensor in (*own_parameters(module), *own_buffers(module, persistent_only=True)):
                state[f"{prefix}{path}.{name}" if path else prefix + name] = tensor if keep_vars else tensor.detach()
        return state

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True) -> IncompatibleKeys:
        """Copy values by name into the parameters and buffers, in place.

        RuntimeError, with every name that is missing, unexpected or of another shape, before anything is changed;
        unless `strict`, names may differ, shapes may not.
        """
        own = self.state_dict()
        missing = [name for name in own if name not in state_dict]
        unexpected = [name for name in state_dict if name not in own]
        wrong = []
        for name, value in state_dict.items():
            shape = tuple(np.shape(getattr(value, "array", value)))
            if name in own and shape != own[name].array.shape:
                wrong.append(f"{name} has shape {shape} in the state and {tuple(own[name].array.shape)} in the module")
        problems = list(wrong)
        if strict:
            problems += [f"{name} is missing from the state ({nearest(name, unexpected)})" for name in missing]
            problems += [
                f"{name} is in the state but not in the module ({nearest(name, missing)})" for name in unexpected
            ]
        if problems:
            remedy = "" if wrong else "; pass strict=False to load what fits"
            raise RuntimeError(f"load_state_dict of {type(self).__name__}: " + "; ".join(problems) + remedy)
        for name, value in state_dict.items():
            if name in own:
                np.copyto(own[name].array, getattr(value, "array", value), casting="same_kind")
                own[name]._version[0] = tick()
        return IncompatibleKeys(missing, unexpected)

    # ── over the whole tree ──────────────────────────────────────────────────────────────────────────────────────────

    def train(self, mode: bool = True) -> Self:
        """Set `training` here and below: layers such as dropout behave differently in training. Returns the module."""
        if not isinstance(mode, bool):
            raise ValueError(f"train({mode!r}): give True or False; to fit a model, write the training loop yourself")
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """`train(False)`."""
        return self.train(False)

    def apply(self, fn: Callable[[Module], Any]) -> Self:
        """Call `fn` with every module, children first. Returns the module."""
        for child in self.children():
            child.apply(fn)
        fn(self)
        return self

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Say whether the parameters want gradients. Returns the module."""
        for parameter in self.parameters():
            parameter.requires_grad = requires_grad
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the gradient of every parameter, or with `set_to_none=False` fill it with zeros."""
        zero_grad(self.parameters(), set_to_none)

    def to(self, *args: Any, dtype: DTypeLike | None = None, **kwargs: Any) -> Self:
        """Convert floating-point parameters and buffers to a dtype, in place. A device, of which there is one, is accepted."""
        for arg in args:
            if not (isinstance(arg, str) and arg.startswith("cpu")) and arg is not None and not isinstance(arg, bool):
                dtype = arg
        if dtype is not None:
            kind = to_numpy(dtype)
            for tensor in (*self.parameters(), *self.buffers()):
                if tensor.array.dtype.kind == "f":
                    tensor.data = tensor.detach().to(kind)
                    if tensor.grad is not None:
                        tensor.grad = tensor.grad.to(kind)
        return self

    def float(self) -> Self:
        """`to(float32)`."""
        return self.to("float32")

    def double(self) -> Self:
        """`to(float64)`."""
        return self.to("float64")

    def cpu(self) -> Self:
        """Itself: there is one device."""
        return self

    # ── how it prints ────────────────────────────────────────────────────────────────────────────────────────────────

    def extra_repr(self) -> str:
        """What stands between the brackets when the module is printed."""
        return ""

    def __repr__(self) -> str:
        lines = []
        for name, value in vars(self).items():
            if isinstance(value, Module):
                lines.append(f"({name}): " + repr(value).replace("\n", "\n  "))
        extra = self.extra_repr()
        if not lines:
            return f"{type(self).__name__}({extra})"
        return f"{type(self).__name__}({extra}\n  " + "\n  ".join(lines) + "\n)"


def own_parameters(module: Module) -> Iterator[tuple[str, Parameter]]:
    """The parameters that are attributes of this very module."""
    for name, value in vars(module).items():
        if isinstance(value, Parameter):
            yield name, value


def own_buffers(module: Module, persistent_only: bool = False) -> Iterator[tuple[str, Tensor]]:
    """The buffers that are attributes of this very module."""
    for name, persistent in module._buffers.items():
        value = getattr(module, name, None)
        if value is not None and (persistent or not persistent_only):
            yield name, value


def zero_grad(parameters: Any, set_to_none: bool) -> None:
    """Drop gradients, or fill them with zeros."""
    for parameter in parameters:
        if set_to_none:
            parameter.grad = None
        elif parameter.grad is not None:
            parameter.grad = parameter.grad.detach()
            parameter.grad.zero_()


def nearest(name: str, names: list[str]) -> str:
    """'did you mean ...?', or the names there are."""
    from difflib import get_close_matches  # slow to import, and seldom needed

    close = get_close_matches(name, names, 1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"there are {', '.join(names[:8])}{', ...' if len(names) > 8 else ''}" if names else "nothing resembles it"


_warned: set[tuple[type, str]] = set()


def warn_of_hidden(kind: type, name: str, value: Any) -> None:
    """Warn, once per class and attribute, of modules or parameters in a plain list, which the walk does not search."""
    items = value.values() if isinstance(value, dict) else value
    hidden = next((item for item in items if isinstance(item, Module | Parameter)), None)
    if hidden is None or (kind, name) in _warned:
        return
    _warned.add((kind, name))
    remedy = ("Module" if isinstance(hidden, Module) else "Parameter") + ("Dict" if isinstance(value, dict) else "List")
    warnings.warn(
        f"{kind.__name__}.{name} is a plain {type(value).__name__}: what is in it is not searched, so its parameters will "
        f"not be trained or saved; wrap it, self.{name} = nn.{remedy}(...)",
        UserWarning,
        stacklevel=2,
    )
