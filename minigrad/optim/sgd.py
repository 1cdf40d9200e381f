"""Stochastic gradient descent."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from minigrad.optim.optimizer import Optimizer, check, with_gradient
from minigrad.tensor import wrap


class SGD(Optimizer):
    """p -= lr · g, where g is the gradient, plus weight_decay · p; with momentum, a running sum of such g.

    With momentum μ: b = μ·b + (1 - dampening)·g, starting from b = g, and the step is along b, or with `nesterov` along
    g + μ·b. `maximize` climbs instead.

    Source: I. Sutskever et al., On the importance of initialization and momentum in deep learning, ICML 2013.

    >>> from minigrad import optim, tensor
    >>> w = tensor([1.0], requires_grad=True)
    >>> descent = optim.SGD([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> descent.step()
    >>> w
    tensor([0.8000], requires_grad=True)
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        check("SGD", lr=(lr, 0, inf), momentum=(momentum, 0, inf), weight_decay=(weight_decay, 0, inf))
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("SGD: nesterov needs a momentum above 0 and no dampening: pass momentum=0.9, dampening=0")
        super().__init__(
            params,
            {
                "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
                "nesterov": nesterov, "maximize": maximize,
            },
        )  # fmt: skip

    def update(self, group: dict[str, Any]) -> None:
        """One step for one group."""
        lr, momentum, decay = group["lr"], group["momentum"], group["weight_decay"]
        sign = -1 if group["maximize"] else 1
        kind = None
        for p, value, g in with_gradient(group):
            if not momentum:  # p - lr·(g + decay·p), in as few passes over memory as can be
                if value.dtype is not kind:  # arrays of one number: a ufunc takes them quicker than Python's floats
                    kind = value.dtype
                    rate = np.array(lr * sign, kind)
                if decay:
                    np.multiply(value, np.array(1 - lr * decay, kind), value)
                np.subtract(value, g * rate, value)
                continue
            g = g * sign + value * decay if decay else g * sign
            state = self.state[p]
            if "momentum_buffer" not in state:
                state["momentum_buffer"] = wrap(g)
            else:
                buffer = state["momentum_buffer"].array
                buffer *= momentum
                buffer += g * (1 - group["dampening"]) if group["dampening"] else g
            buffer = state["momentum_buffer"].array
            value -= (g + buffer * momentum if group["nesterov"] else buffer) * lr
