"""Stochastic gradient descent."""

from __future__ import annotations

from math import inf
from typing import Any

from numpy import add, multiply, subtract

from minigrad.optim.optimizer import Optimizer, check, directed, like, number
from minigrad.tensor import wrap


class SGD(Optimizer):
    """p -= lr · g, where g is the gradient, plus weight_decay · p; with momentum, a running sum of such g.

    With momentum μ: b = μ·b + (1 - dampening)·g, starting from b = g, and the step is along b, or with `nesterov` along
    g + μ·b. `maximize` climbs instead. `foreach` and `fused` are accepted and change nothing.

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
        lr: Any = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check("SGD", lr=(lr, 0, inf), momentum=(momentum, 0, inf), weight_decay=(weight_decay, 0, inf))
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("SGD: nesterov needs a momentum above 0 and no dampening: pass momentum=0.9, dampening=0")
        super().__init__(
            params,
            {
                "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
                "nesterov": nesterov, "maximize": maximize, "foreach": foreach, "differentiable": differentiable,
                "fused": fused,
            },
        )  # fmt: skip

    def update(self, group: dict[str, Any]) -> None:
        """One step for one group."""
        lr, momentum, decay = number(group["lr"]), group["momentum"], group["weight_decay"]
        kind: Any = None
        for state, x, g in self.rows(group, ("momentum_buffer",) if momentum else ()):
            if x.dtype is not kind:
                kind = x.dtype
                (rise,) = like(x, -lr if group["maximize"] else lr)
                if decay:
                    (remains,) = like(x, 1 - lr * decay)
                if momentum:
                    rate, keep, fresh = like(x, lr, momentum, 1 - group["dampening"])
            if not momentum:  # p - lr·(g + decay·p), in as few passes over memory as can be
                if decay:
                    multiply(x, remains, x)
                subtract(x, multiply(g, rise), x)
                continue
            t, u = self.spare(x)
            g = directed(x, g, group, t)
            if state.get("momentum_buffer") is None:
                b = state.setdefault("momentum_buffer", wrap(g.copy())).array
            else:
                b = state["momentum_buffer"].array
                multiply(b, keep, b)
                add(b, multiply(g, fresh, u) if group["dampening"] else g, b)
            if group["nesterov"]:
                u = multiply(b, keep, u)
                b = add(g, u, u)
            subtract(x, multiply(b, rate, u), x)
