"""Functions that a user registers to see gradients go by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from minigrad.errors import GraphError

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


def run_hooks(hooks: Sequence[Callable[[Any], Any]], gradient: Tensor) -> Tensor:
    """Call each hook with the gradient; a result that is not None replaces it."""
    gradient = gradient.clone()  # a hook may write into what it is given, and others may hold the same gradient
    for hook in tuple(hooks):
        replacement = hook(gradient)
        if replacement is not None:
            if not hasattr(replacement, "_node"):
                raise TypeError(
                    f"a hook returned a {type(replacement).__name__}: return a tensor of the gradient's shape, "
                    f"{tuple(gradient.array.shape)}, or None to leave the gradient as it is"
                )
            if replacement.array.shape != gradient.array.shape:
                raise GraphError(
                    f"a hook returned a gradient of shape {tuple(replacement.array.shape)} for one of shape "
                    f"{tuple(gradient.array.shape)}: return a tensor of the same shape, or None to leave it as it is"
                )
            gradient = replacement.to(gradient.array.dtype)
    return gradient.clone()  # the hook may have kept the one it saw


class RemovableHandle:
    """Takes a hook away again: `handle.remove()`, or at the end of a `with` block."""

    def __init__(self, hooks: list[Any], hook: Any) -> None:
        self.hooks, self.hook = hooks, hook

    def remove(self) -> None:
        """Remove the hook; a second call does nothing."""
        for i, hook in enumerate(self.hooks):
            if hook is self.hook:
                del self.hooks[i]  # one only: the same function may have been registered twice
                break
        self.hook = None

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()
