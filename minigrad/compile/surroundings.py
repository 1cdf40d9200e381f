"""What a function depends on besides its arguments, and whether that is as it was."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

from minigrad.grad_mode import grad_mode
from minigrad.nn.module import Module
from minigrad.tensor import Tensor

MISSING = object()
PLAIN = (int, float, str, bool)  # compared by value


def inside(value: Any) -> Any:
    """What a list or a dict holds, and an object's attributes: a change there changes what a function does, too."""
    kind = type(value)
    if kind in (list, tuple, set):
        return value
    if kind is dict:
        return value.values()
    if (
        kind.__module__ in ("builtins", "numpy")
        or isinstance(value, Module | Tensor | type | ModuleType)
        or callable(value)
    ):
        return ()
    return [part for part in getattr(value, "__dict__", {}).values() if type(part) in PLAIN]


class Surroundings:
    """What a function closes over, the globals it names, its object's attributes if it is a method, the modules that ran."""

    def __init__(self, function: Callable[..., Any], modules: list[Module]) -> None:
        self.function = function
        self.modes = [(module, module.training) for module in modules]
        self.values = self.look()

    def look(self) -> list[Any]:
        """Everything a function can see, as it is now."""
        function: Any = self.function
        found: list[Any] = []
        owner = getattr(function, "__self__", None)
        function = getattr(function, "__func__", function)
        if owner is not None and not isinstance(owner, Module):
            found.extend(getattr(owner, "__dict__", {}).values())
        for cell in getattr(function, "__closure__", None) or ():
            found.append(contents(cell))
        code = getattr(function, "__code__", None)
        if code is not None:
            space = function.__globals__
            found.extend(space.get(name, MISSING) for name in code.co_names)
        for value in tuple(found):
            found.extend(inside(value))
        for module, _ in self.modes:
            found.extend(v for v in vars(module).values() if type(v) in PLAIN or isinstance(v, Module | Tensor))
        return found

    def hold(self) -> bool:
        """Is all of it the same? Numbers and strings by value, all else by identity."""
        for module, training in self.modes:
            if module.training is not training:
                return False
        return self.hold_values()

    def hold_values(self) -> bool:
        """The same of all but the modules' modes."""
        seen = self.look()
        if len(seen) != len(self.values):
            return False
        for now, then in zip(seen, self.values):
            if now is not then and (type(now) is not type(then) or type(now) not in PLAIN or now != then):
                return False
        return True


def contents(cell: Any) -> Any:
    """What a closure's cell holds, which may be nothing yet."""
    try:
        return cell.cell_contents
    except ValueError:
        return MISSING


def modes(function: Any) -> Any:
    """What decides, besides the arguments, which of several programs is meant: the grad mode, and whether the module trains."""
    training = function.training if isinstance(function, Module) else None
    return grad_mode.get()[-1].enabled, training


def quick_check(entry: Any, tensors: list[Any]) -> Any:
    """`holds` and the comparison of the arguments' kinds as one function of the arguments, if these are tensors and no more.

    It is written out and compiled, so that nothing is looked up or built: a dozen comparisons take a microsecond.
    """
    space: dict[str, Any] = {"grad_mode": grad_mode, "on": grad_mode.get()[-1].enabled, "Tensor": type(tensors[0])}
    words = ["grad_mode.get()[-1].enabled is on"]
    names = [f"x{i}" for i in range(len(tensors))]

    def same(text: str, value: Any, how: str = "is") -> None:
        space[f"v{len(space)}"] = value
        words.append(f"{text} {how} v{len(space) - 1}")

    for name, tensor in zip(names, tensors):
        words.append(f"isinstance({name}, Tensor)")
        same(f"{name}.array.shape", tensor.array.shape, "==")
        same(f"{name}.array.dtype", tensor.array.dtype)
        same(f"{name}._requires_grad", tensor._requires_grad)
    for i, (tensor, array) in enumerate(entry.guards):
        space[f"t{i}"] = tensor
        same(f"t{i}.array", array)
        same(f"t{i}._requires_grad", tensor._requires_grad)
    for i, (module, training) in enumerate(entry.surroundings.modes):
        space[f"m{i}"] = module
        same(f"m{i}.training", training)
    space["rest"], space["numbers"] = entry.surroundings.hold_values, entry.numbers.hold
    words.append("rest()")
    if entry.numbers.decisions or entry.numbers.optimizers:
        words.append("numbers()")
    if entry.empty or entry.added:
        space["gradients"] = entry.gradients_hold
        words.append("gradients()")
    exec(
        f"def fits({', '.join(f'{n}=None' for n in names)}, *more):\n    return not more and {' and '.join(words)}",
        space,
    )
    return space["fits"]
