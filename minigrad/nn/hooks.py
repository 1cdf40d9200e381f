"""Functions that a user registers on a module: they see, and may replace, what goes in, what comes out, and gradients."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

from minigrad.autograd.function import Function
from minigrad.errors import GraphError
from minigrad.grad_mode import is_grad_enabled
from minigrad.graph import listening
from minigrad.hooks import RemovableHandle
from minigrad.tensor import Tensor

Entry = tuple[Callable[..., Any], bool, bool]  # the function, does it take keyword arguments, is it always called


class Hooks:
    """The hooks of one module, or of all modules, by the time at which they are called."""

    __slots__ = ("forward_pre", "forward", "backward_pre", "backward", "state_pre", "state", "load_pre", "load")

    def __init__(self) -> None:
        for name in self.__slots__:
            setattr(self, name, [])

    forward_pre: list[Entry]
    forward: list[Entry]
    backward_pre: list[Entry]
    backward: list[Entry]
    state_pre: list[Entry]
    state: list[Entry]
    load_pre: list[Entry]
    load: list[Entry]

    def add(
        self, when: str, hook: Callable[..., Any], with_kwargs: bool = False, always: bool = False, first: bool = False
    ) -> RemovableHandle:
        """Register a function; the handle takes it away."""
        if not callable(hook):
            raise TypeError(f"a hook is a function, not a {type(hook).__name__}: pass it without calling it")
        entries, entry = getattr(self, when), (hook, with_kwargs, always)
        listening.changes += 1
        entries.insert(0 if first else len(entries), entry)
        return RemovableHandle(entries, entry)


everywhere = Hooks()  # those of every module


class Hooked:
    """The part of a module that keeps hooks."""

    _hooks: Hooks | None = None  # an instance has its own as soon as it has a hook

    def _own_hooks(self) -> Hooks:
        hooks: Hooks = self.__dict__.setdefault("_hooks", Hooks())
        return hooks

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call `hook(module, args)` before `forward`; what it returns, if not None, replaces the arguments.

        With `with_kwargs`, `hook(module, args, kwargs)`, which returns None or (args, kwargs). `prepend` puts it before the
        hooks there are.
        """
        return self._own_hooks().add("forward_pre", hook, with_kwargs, first=prepend)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call `hook(module, args, output)` after `forward`; what it returns, if not None, replaces the output.

        With `with_kwargs`, `hook(module, args, kwargs, output)`. With `always_call` also when `forward` raises, with None.

        >>> from minigrad import nn, ones
        >>> layer, seen = nn.Linear(3, 2), []
        >>> handle = layer.register_forward_hook(lambda module, args, output: seen.append(output.shape))
        >>> _ = layer(ones(5, 3))
        >>> handle.remove()
        >>> seen
        [minigrad.Size([5, 2])]
        """
        return self._own_hooks().add("forward", hook, with_kwargs, always_call, prepend)

    def register_full_backward_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, grad_output)` when the gradients of the outputs are known; a result replaces them."""
        return self._own_hooks().add("backward_pre", hook, first=prepend)

    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """Call `hook(module, grad_input, grad_output)` when the gradients of the inputs are known; a result replaces those.

        Both are tuples, with one place per positional argument and per output, None where there is no gradient. Outputs are
        seen if `forward` returns a tensor or a tuple of tensors.
        """
        return self._own_hooks().add("backward", hook, first=prepend)

    def register_backward_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """`register_full_backward_hook`. PyTorch's older hook sees the last operation of `forward` only, which is of no use."""
        return self.register_full_backward_hook(hook)

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(module, prefix, keep_vars)` before `state_dict` collects from this module."""
        return self._own_hooks().add("state_pre", hook)

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(module, state, prefix, metadata)` after `state_dict` has collected from this module and those below."""
        return self._own_hooks().add("state", hook)

    _register_state_dict_hook = register_state_dict_post_hook

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(module, state, prefix, metadata, strict, missing, unexpected, errors)` before `load_state_dict` reads the
        state, a copy that the hook may change."""
        return self._own_hooks().add("load_pre", hook, True)

    def _register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], with_module: bool = False
    ) -> RemovableHandle:
        return self._own_hooks().add("load_pre", hook, with_module)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(module, keys)` after `load_state_dict`, with what it will return; the hook may change the lists in it."""
        return self._own_hooks().add("load", hook)


def register_module_forward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(module, args)` before the `forward` of every module."""
    Hooked._hooks = everywhere
    return everywhere.add("forward_pre", hook)


def register_module_forward_hook(
    hook: Callable[..., Any], *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call `hook(module, args, output)` after the `forward` of every module."""
    Hooked._hooks = everywhere
    return everywhere.add("forward", hook, with_kwargs, always_call)


def register_module_full_backward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(module, grad_output)` for every module."""
    Hooked._hooks = everywhere
    return everywhere.add("backward_pre", hook)


def register_module_full_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(module, grad_input, grad_output)` for every module."""
    Hooked._hooks = everywhere
    return everywhere.add("backward", hook)


def call_hooked(module: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """What `module.forward` computes, with its hooks called."""
    own = module.__dict__.get("_hooks") or Hooks()
    for hook, with_kwargs, _ in (*everywhere.forward_pre, *own.forward_pre):
        if with_kwargs:
            found = hook(module, args, kwargs)
            if found is not None:
                if not (isinstance(found, tuple) and len(found) == 2):
                    raise RuntimeError(
                        f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {found}"
                    )
                args, kwargs = found
        elif (found := hook(module, args)) is not None:
            args = found if isinstance(found, tuple) else (found,)
    before, after = [*everywhere.backward_pre, *own.backward_pre], [*everywhere.backward, *own.backward]
    watch = Watch(module, before, after) if (before or after) and is_grad_enabled() else None
    hooks = [*everywhere.forward, *own.forward]
    try:
        output = module.forward(*(args if watch is None else watch.inputs(args)), **kwargs)
        while hooks:
            hook, with_kwargs, _ = hooks.pop(0)
            found = hook(module, args, kwargs, output) if with_kwargs else hook(module, args, output)
            output = output if found is None else found
    except Exception:
        for hook, with_kwargs, always in hooks:
            if always:
                hook(module, args, kwargs, None) if with_kwargs else hook(module, args, None)
        raise
    return output if watch is None else watch.outputs(output)


class Watch:
    """The gradients of one call of a module: those of its outputs come by first, those of its inputs after."""

    def __init__(self, module: Any, before: Sequence[Entry], after: Sequence[Entry]) -> None:
        self.module, self.before, self.after = module, before, after
        self.size: list[int] = [0, 0]  # the number of inputs and of outputs
        self.live: list[list[int]] = [[], []]  # which of them have gradients
        self.grad_output: tuple[Any, ...] | None = None

    def inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments, their gradients seen."""
        return self._through(0, args, self._at_inputs)

    def outputs(self, output: Any) -> Any:
        """The outputs, their gradients seen."""
        if not (
            isinstance(output, Tensor) or (isinstance(output, tuple) and any(isinstance(x, Tensor) for x in output))
        ):
            warnings.warn(
                "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors but received "
                f"{type(output)}",
                stacklevel=4,
            )
            return output
        whole = output if isinstance(output, tuple) else (output,)
        seen = self._through(1, whole, self._at_outputs)
        return (type(output)(*seen) if hasattr(output, "_fields") else seen) if isinstance(output, tuple) else seen[0]

    def _through(self, side: int, things: tuple[Any, ...], at: Callable[..., Any]) -> tuple[Any, ...]:
        self.size[side] = len(things)
        self.live[side] = [i for i, x in enumerate(things) if isinstance(x, Tensor) and x.requires_grad]
        if not self.live[side]:
            return things
        passed = Passage.apply(at, *[things[i] for i in self.live[side]])
        found = list(things)
        for i, x in zip(self.live[side], passed if isinstance(passed, tuple) else (passed,)):
            found[i] = x
        return tuple(found)

    def _spread(self, side: int, gradients: Sequence[Any]) -> tuple[Any, ...]:
        found: list[Any] = [None] * self.size[side]
        for i, g in zip(self.live[side], gradients):
            found[i] = g
        return tuple(found)

    def _at_outputs(self, gradients: Sequence[Any]) -> Any:
        found = self._spread(1, gradients)
        for hook, _, _ in self.before:
            found = replaced(hook(self.module, found), found, "grad_output")
        self.grad_output = found
        if not self.live[0]:
            for hook, _, _ in self.after:
                new = hook(self.module, (None,) * self.size[0], found)
                if new is not None and any(g is not None for g in (new if isinstance(new, tuple) else (new,))):
                    raise GraphError(
                        "a backward hook returned a gradient for an input, and no input of the module requires one: return None"
                    )
        return [found[i] for i in self.live[1]]

    def _at_inputs(self, gradients: Sequence[Any]) -> Any:
        found = self._spread(0, gradients)
        if self.grad_output is None:
            return gradients
        for hook, _, _ in self.after:
            found = replaced(hook(self.module, found, self.grad_output), found, "grad_input")
        return [found[i] for i in self.live[0]]


def replaced(found: Any, old: tuple[Any, ...], what: str) -> tuple[Any, ...]:
    """The gradients that a hook returned, or those that it was given."""
    if found is None:
        return old
    new = found if isinstance(found, tuple) else (found,)
    if len(new) != len(old):
        raise GraphError(
            f"Backward hook returned an invalid number of {what}, got {len(new)}, but expected {len(old)}: return a tuple "
            "with one for each, or None to leave them as they are"
        )
    return new


class Passage(Function):
    """Tensors unchanged; their gradients are shown to a function, which may replace them."""

    @staticmethod
    def forward(ctx: Any, at: Callable[..., Any], *tensors: Tensor) -> Any:
        """The tensors."""
        ctx.at = at
        return tensors if len(tensors) > 1 else tensors[0]

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        """What the function makes of the gradients."""
        return (None, *ctx.at(gradients))
