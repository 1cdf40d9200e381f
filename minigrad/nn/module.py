"""The base of every layer and network.

It is put together of three parts: what it holds (`registry.py`), the functions that watch it (`hooks.py`), and what is kept
of it (`state.py`). Here is the rest: how it is called, changed as a whole, and printed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

from minigrad.backward import zero_gradients
from minigrad.devices import check_device, is_device
from minigrad.dtypes import DTypeLike, to_numpy
from minigrad.nn.hooks import (
    Hooked,
    call_hooked,
    everywhere,
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
)  # fmt: skip
from minigrad.nn.parameter import is_lazy
from minigrad.nn.registry import own_modules
from minigrad.nn.state import State
from minigrad.tensor import Tensor

__all__ = [
    "Module", "register_module_forward_hook", "register_module_forward_pre_hook", "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
]  # fmt: skip


class Module(State):
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
    dump_patches = False

    def __init__(self) -> None:
        """Nothing to prepare: attributes are plain."""

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes. Every module defines its own."""
        raise NotImplementedError(
            f"{type(self).__name__} has no forward: define `def forward(self, x): ...` in the class"
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What `forward` computes, with the hooks called."""
        if self._hooks is None:
            return self.forward(*args, **kwargs) if kwargs else self.forward(*args)
        if self._hooks is everywhere and not any(getattr(everywhere, when) for when in everywhere.__slots__):
            Hooked._hooks = None  # the last hook of all modules was removed
        return call_hooked(self, args, kwargs)

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Accepted, and changes nothing: `minigrad.compile(module)` gives a compiled one."""

    # ── over the whole tree ──────────────────────────────────────────────────────────────────────────────────────────

    def train(self, mode: bool = True) -> Self:
        """Set `training` here and below: layers such as dropout behave differently in training. Returns the module."""
        if not isinstance(mode, bool):
            raise ValueError(f"train({mode!r}): give True or False; to fit a model, write the training loop yourself")
        self.training = mode
        for child in self.children():
            child.train(mode)
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
        zero_gradients(list(self.parameters()), set_to_none)

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Put `fn(x)` in the place of the values of every parameter, gradient and buffer x."""
        for tensor in (*self.parameters(recurse), *self.buffers(recurse)):
            new = fn(tensor.detach())
            if not is_lazy(tensor) and new.array is not tensor.array:
                tensor.data = new
            if tensor.grad is not None:
                gradient, tensor.grad = tensor.grad, None
                tensor.grad = fn(gradient)
        return self

    def to(self, *args: Any, dtype: DTypeLike | None = None, device: Any = None, **kwargs: Any) -> Self:
        """Convert floating-point parameters and buffers to a dtype, in place. A device, of which there is one, is accepted.

        TypeError for a dtype that is not floating point, RuntimeError for a device other than the CPU.
        """
        check_device(device)
        for arg in args:
            if isinstance(arg, Tensor):
                dtype = arg.dtype
            elif is_device(arg):
                check_device(arg)
            elif arg is not None and not isinstance(arg, bool):
                dtype = arg
        if dtype is not None:
            kind = to_numpy(dtype)
            if kind.kind != "f":
                raise TypeError(f"a module cannot be converted to {kind}: use a floating-point type, such as float64")
            self._apply(lambda tensor: tensor.to(kind) if tensor.dtype.is_floating_point else tensor)
        return self

    def type(self, dst_type: Any) -> Self:
        """Convert all parameters and buffers to a type, `float64` or "torch.DoubleTensor"."""
        return self._apply(lambda tensor: tensor.type(dst_type))

    def float(self) -> Self:
        """`to(float32)`."""
        return self.to("float32")

    def double(self) -> Self:
        """`to(float64)`."""
        return self.to("float64")

    def half(self) -> Self:
        """`to(float16)`."""
        return self.to("float16")

    def cpu(self) -> Self:
        """Itself: there is one device."""
        return self

    def cuda(self, device: Any = None) -> Self:
        """RuntimeError: minigrad computes on the CPU only."""
        check_device("cuda")
        return self

    def to_empty(self, *, device: Any, recurse: bool = True) -> Self:
        """Itself: there is one device."""
        check_device(device)
        return self

    def share_memory(self) -> Self:
        """Itself, unchanged: processes that a program starts get copies."""
        return self

    # ── how it prints ────────────────────────────────────────────────────────────────────────────────────────────────

    def _get_name(self) -> str:
        return type(self).__name__

    def extra_repr(self) -> str:
        """What stands between the brackets when the module is printed."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        children = self._repr_children()
        if not children and "\n" not in extra:
            return f"{self._get_name()}({extra})"
        lines = extra.split("\n") * bool(extra) + [child.replace("\n", "\n  ") for child in children]
        return f"{self._get_name()}(\n  " + "\n  ".join(lines) + "\n)"

    def _repr_children(self) -> list[str]:
        """How each child is printed."""
        return [f"({name}): {child!r}" for name, child in own_modules(self)]
