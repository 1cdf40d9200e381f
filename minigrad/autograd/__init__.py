"""What `torch.autograd` offers: gradients as values, operations with a backward of one's own, checks."""

from __future__ import annotations

from typing import Any

from minigrad.autograd.anomaly import detect_anomaly, set_detect_anomaly
from minigrad.autograd.function import Function
from minigrad.autograd.gradients import backward, grad
from minigrad.autograd.variable import Variable
from minigrad.grad_mode import enable_grad, inference_mode, no_grad, set_grad_enabled

__all__ = [
    "Function",
    "Variable",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "grad",
    "inference_mode",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
]


def __getattr__(name: str) -> Any:
    """What not every program needs, opened when first named."""
    from importlib import import_module

    if name in ("functional", "graph"):
        return import_module(f"minigrad.autograd.{name}")
    if name in ("gradcheck", "gradgradcheck"):
        return getattr(import_module("minigrad.gradcheck"), name)
    raise AttributeError(f"module 'minigrad.autograd' has no attribute {name!r}")
