"""The base of every layer and network: parameters and submodules are plain attributes, found by one recursive walk."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
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

    def __setattr__(self, name: str, value: Any) -> None:
        """Assign. TypeError where a parameter, module or buffer would silently stop being one."""
        kind = kind_of(self, name)
        if kind is not None and not (value is None or isinstance(value, kind | Parameter | Module)):
            remedy = {
                Parameter: f"wrap it, nn.Parameter(...), or write into the one there is, self.{name}.data = ...",
                Module: "assign a Module, or None",
                Tensor: "assign a Tensor, or None",
            }
            raise TypeError(
                f"{type(self).__name__}.{name} is a {'buffer' if kind is Tensor else kind.__name__}, and a "
                f"{type(value).__name__} cannot take its place: {remedy[kind]}"
            )
        if kind is Tensor and isinstance(value, Parameter | Module):
            self._buffers = {buffer: saved for buffer, saved in self._buffers.items() if buffer != name}
        super().__setattr__(name, value)

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
        for name, child in own_modules(self):
            if id(child) not in seen:
                seen.add(id(child))
                yield name, child

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
        for name, child in own_modules(self):
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
        check_registration(self, name, param, Parameter)
        setattr(self, name, param)

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Assign a tensor that belongs to the state but is not learned; not saved unless `persistent`."""
        check_registration(self, name, tensor, Tensor)
        self._buffers = {**self._buffers, name: persistent}
        setattr(self, name, tensor)

    def add_module(self, name: str, module: Module | None) -> None:
        """Assign a module to an attribute by name."""
        check_registration(self, name, module, Module)
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

        RuntimeError, with every name that is missing, unexpected or of another shape or kind, before anything is changed;
        unless `strict`, names may differ, shapes may not. TypeError for what is not a dict.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(
                f"load_state_dict needs a dict of tensors, not a {type(state_dict).__name__}: pass model.state_dict(), or "
                "minigrad.load(path)"
            )
        own = self.state_dict()
        missing = [name for name in own if name not in state_dict]
        unexpected = [name for name in state_dict if name not in own]
        values = {
            name: np.asarray(getattr(state_dict[name], "array", state_dict[name])) for name in own if name in state_dict
        }
        wrong = []
        for name, value in values.items():
            array = own[name].array
            if value.shape != array.shape:
                wrong.append(f"{name} has shape {value.shape} in the state and {array.shape} in the module")
            elif not np.can_cast(value.dtype, array.dtype, "same_kind"):
                wrong.append(f"{name} is of type {value.dtype} in the state and {array.dtype} in the module")
        problems = list(wrong)
        if strict:
            problems += [f"{name} is missing from the state ({nearest(name, unexpected)})" for name in missing]
            problems += [
                f"{name} is in the state but not in the module ({nearest(name, missing)})" for name in unexpected
            ]
        if problems:
            remedy = "build it as it was when it was saved" if wrong else "pass strict=False to load what fits"
            raise RuntimeError(f"load_state_dict of {type(self).__name__}: " + "; ".join([*problems, remedy]))
        for name, value in values.items():
            np.copyto(own[name].array, value, casting="same_kind")
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
        """Convert floating-point parameters and buffers to a dtype, in place. A device, of which there is one, is accepted.

        TypeError for a dtype that is not floating point.
        """
        for arg in args:
            if isinstance(arg, Tensor):
                dtype = arg.dtype
            elif not (isinstance(arg, str) and arg.startswith("cpu")) and arg is not None and not isinstance(arg, bool):
                dtype = arg
        if dtype is not None:
            kind = to_numpy(dtype)
            if kind.kind != "f":
                raise TypeError(f"a module cannot be converted to {kind}: use a floating-point type, such as float64")
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
        extra = self.extra_repr()
        children = self._repr_children()
        if not children and "\n" not in extra:
            return f"{type(self).__name__}({extra})"
        lines = extra.split("\n") * bool(extra) + [child.replace("\n", "\n  ") for child in children]
        return f"{type(self).__name__}(\n  " + "\n  ".join(lines) + "\n)"

    def _repr_children(self) -> list[str]:
        """How each child is printed."""
        return [f"({name}): {child!r}" for name, child in own_modules(self)]


def kind_of(module: Module, name: str) -> type | None:
    """Parameter or Module if the attribute is one, Tensor if it is a buffer, None if it is something else."""
    value = vars(module).get(name)
    if isinstance(value, Parameter | Module):
        return Parameter if isinstance(value, Parameter) else Module
    return Tensor if name in module._buffers else None


def check_registration(module: Module, name: str, value: Any, kind: type) -> None:
    """An error unless `value` can be registered: of its kind or None, under a name that is free and can be walked to."""
    kinds = {Parameter: "a Parameter", Tensor: "a Tensor", Module: "a Module"}
    owner = type(module).__name__
    if not isinstance(value, kind | None):
        if isinstance(value, type):
            raise TypeError(f"{owner}.{name}: {value.__name__} is a class: make one, {value.__name__}(...)")
        raise TypeError(f"{owner}.{name}: a {type(value).__name__} is not {kinds[kind]}: give one, or None")
    if not isinstance(name, str):
        raise TypeError(f"{owner}: a name must be a str, not {name!r}: use {str(name)!r}")
    if not name or "." in name:
        raise KeyError(
            f"{owner}: {name!r} cannot be the name of {kinds[kind]}: it must not be empty, and dots separate the names of "
            "nested modules: use _"
        )
    if hasattr(module, name) and getattr(module, name) is not None and kind_of(module, name) is not kind:
        raise KeyError(f"{owner} has another attribute {name!r} already: choose another name")


def own_modules(module: Module) -> Iterator[tuple[str, Module]]:
    """The modules that are attributes of this very module; a warning where some are in a plain list."""
    for name, value in tuple(vars(module).items()):  # a copy: the loop that this feeds may assign attributes
        if isinstance(value, Module):
            yield name, value
        elif isinstance(value, list | tuple | dict) and value:
            warn_of_hidden(module, name, value)


def own_parameters(module: Module) -> Iterator[tuple[str, Parameter]]:
    """The parameters that are attributes of this very module."""
    for name, value in tuple(vars(module).items()):
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


def warn_of_hidden(module: Module, name: str, value: Any) -> None:
    """Warn, once per class and attribute, of modules or parameters that are only in a plain list, which is not searched."""
    kind = type(module)
    if (kind, name) in _warned:
        return
    items = islice(value.values() if isinstance(value, dict) else value, 100)  # a long list is a list of something else
    hidden = [item for item in items if isinstance(item, Module | Parameter)]
    if not hidden:
        return
    _warned.add((kind, name))
    found = {id(item) for item in (*module.modules(), *module.parameters())}
    if all(id(item) in found for item in hidden):
        return
    remedy = ("Module" if isinstance(hidden[0], Module) else "Parameter") + (
        "Dict" if isinstance(value, dict) else "List"
    )
    warnings.warn(
        f"{kind.__name__}.{name} is a plain {type(value).__name__}: what is in it is not searched, so its parameters will "
        f"not be trained or saved; wrap it, self.{name} = nn.{remedy}(...)",
        UserWarning,
        stacklevel=2,
    )
