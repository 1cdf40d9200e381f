"""What `torch.autograd.graph` offers and means something here."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from minigrad.graph import Node

__all__ = ["Node", "save_on_cpu", "saved_tensors_hooks"]


def save_on_cpu(pin_memory: bool = False, device_type: str = "cpu") -> Any:
    """A block that changes nothing: there is one device, and what a graph keeps is on it."""
    return nullcontext()


def saved_tensors_hooks(pack_hook: Any, unpack_hook: Any) -> Any:
    """NotImplementedError: what a graph keeps is in the closures of its rules, where no hook can reach it."""
    raise NotImplementedError(
        "saved_tensors_hooks: minigrad keeps what a rule needs in the rule's closure, so there is nothing to hook into"
    )
