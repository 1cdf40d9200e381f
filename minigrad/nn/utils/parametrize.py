"""Parameters that are functions of others: `module.weight` is computed when it is read.

>>> from minigrad import nn
>>> class Positive(nn.Module):
...     def forward(self, x):
...         return x.exp()
>>> layer = nn.utils.parametrize.register_parametrization(nn.Linear(3, 3), "weight", Positive())
>>> [name for name, _ in layer.named_parameters()]
['bias', 'parametrizations.weight.original']
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from minigrad.grad_mode import no_grad
from minigrad.nn.container import ModuleDict, ModuleList
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.tensor import Tensor


class ParametrizationList(ModuleList):
    """The functions that make one parameter of what is learned: `original`, or `original0`, `original1`, ..."""

    def __init__(self, parametrization: Module, original: Tensor) -> None:
        super().__init__([parametrization])
        inverse = getattr(type(parametrization), "right_inverse", None)
        with no_grad():
            found = original if inverse is None else inverse(parametrization, original)
        self.count = len(found) if isinstance(found, tuple | list) else 0  # 0: a single one, without a number
        for name, value in zip(self._originals(), found if self.count else [found]):
            if isinstance(original, Parameter):
                kept = original if value is original else Parameter(value.detach(), original.requires_grad)
                self.register_parameter(name, kept)
            else:
                self.register_buffer(name, value)

    def _originals(self) -> list[str]:
        return [f"original{i}" for i in range(self.count)] if self.count else ["original"]

    def forward(self) -> Tensor:
        """The parameter."""
        first, *rest = self
        value: Tensor = first(*(getattr(self, name) for name in self._originals()))
        for parametrization in rest:
            value = parametrization(value)
        return value

    def right_inverse(self, value: Tensor) -> None:
        """Set what is learned so that the parameter has a value. RuntimeError if a function has no `right_inverse`."""
        with no_grad():
            found: Any = value
            for parametrization in reversed(list(self)):
                if not hasattr(parametrization, "right_inverse"):
                    raise RuntimeError(
                        f"parametrization {type(parametrization).__name__} does not implement right_inverse: define it, to "
                        "assign to the parameter"
                    )
                found = parametrization.right_inverse(found)
            for name, part in zip(self._originals(), found if self.count else [found]):
                getattr(self, name).copy_(part)


def register_parametrization(module: Any, tensor_name: str, parametrization: Module, *, unsafe: bool = False) -> Any:
    """Let a parameter or buffer be `parametrization(original)`. Returns the module, whose class is a new one.

    If the function has a `right_inverse`, that gives what is learned from the present value. ValueError for a name that is
    neither, or, unless `unsafe`, for a function that changes shape or dtype.
    """
    if is_parametrized(module, tensor_name):
        module.parametrizations[tensor_name].append(parametrization)
        return module
    if tensor_name not in module._parameters and tensor_name not in module._buffers:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element with name '{tensor_name}'"
        )
    original = getattr(module, tensor_name)
    entry = ParametrizationList(parametrization, original)
    with no_grad():
        value = entry()
    if not unsafe and (value.shape != original.shape or value.dtype != original.dtype):
        raise ValueError(
            f"register_parametrization: {type(parametrization).__name__} gives {value.dtype} of shape {tuple(value.shape)} for "
            f"{tensor_name}, of {original.dtype} and shape {tuple(original.shape)}: pass unsafe=True if that is meant"
        )
    delattr(module, tensor_name)
    if not is_parametrized(module):
        module.__class__ = type("Parametrized" + type(module).__name__, (type(module),), {"_plain": type(module)})
        module.parametrizations = ModuleDict()
    module.parametrizations[tensor_name] = entry
    setattr(type(module), tensor_name, property(_read(tensor_name), _write(tensor_name)))
    return module


def _read(name: str) -> Any:
    return lambda module: module.parametrizations[name]()


def _write(name: str) -> Any:
    return lambda module, value: module.parametrizations[name].right_inverse(value)


def is_parametrized(module: Any, tensor_name: str | None = None) -> bool:
    """Has the module a parametrization, or one for this parameter?"""
    entries = vars(module).get("parametrizations")
    return isinstance(entries, ModuleDict) and (tensor_name is None or tensor_name in entries)


def remove_parametrizations(module: Any, tensor_name: str, leave_parametrized: bool = True) -> Any:
    """Make it a plain parameter again: of its present value, or with `leave_parametrized=False` the original one.

    Returns the module. ValueError if there is no parametrization.
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    entry = module.parametrizations[tensor_name]
    names = entry._originals()
    original = getattr(entry, names[0])
    if leave_parametrized:
        with no_grad():
            value = entry().detach().clone()
        learned = isinstance(original, Parameter)
        final = Parameter(value, original.requires_grad) if learned else value
        if learned and len(names) == 1 and value.shape == original.shape:
            original.data = value  # the same object, which an optimizer may hold
            final = original
    elif len(names) > 1:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is parametrized in terms of a sequence of "
            "tensors"
        )
    else:
        final = original
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    if not len(module.parametrizations):
        del module.parametrizations
        module.__class__ = type(module)._plain
    if isinstance(final, Parameter):
        module.register_parameter(tensor_name, final)
    else:
        module.register_buffer(tensor_name, final)
    return module


@contextmanager
def cached() -> Iterator[None]:
    """Accepted: parameters are computed each time they are read, in the block too."""
    yield
