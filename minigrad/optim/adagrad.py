"""Adagrad: the gradient over the root of the sum of all its squares."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from minigrad.optim.optimizer import Optimizer, check, directed, like, number, with_gradient
from minigrad.tensor import wrap


class Adagrad(Optimizer):
    """p -= lr / (1 + (step - 1) · lr_decay) · g / (√s + eps), with s the sum of all g².

    Source: J. Duchi, E. Hazan and Y. Singer, Adaptive subgradient methods, JMLR 2011.

    >>> from minigrad import optim, tensor
    >>> w = tensor([1.0], requires_grad=True)
    >>> descent = optim.Adagrad([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> descent.step()
    >>> w
    tensor([0.9000], requires_grad=True)
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check(
            "Adagrad", lr=(lr, 0, inf), lr_decay=(lr_decay, 0, inf), weight_decay=(weight_decay, 0, inf),
            initial_accumulator_value=(initial_accumulator_value, 0, inf), eps=(eps, 0, inf),
        )  # fmt: skip
        super().__init__(
            params,
            {
                "lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
                "initial_accumulator_value": initial_accumulator_value, "foreach": foreach, "maximize": maximize,
                "differentiable": differentiable, "fused": fused,
            },
        )  # fmt: skip

    def share_memory(self) -> None:
        """Nothing to do: processes that a program starts get copies."""

    def update(self, group: dict[str, Any]) -> None:
        """One step for one group."""
        lr = number(group["lr"])
        for p, x, g in with_gradient(group):
            state = self.state[p]
            if not state:
                state.update(step=0, sum=wrap(np.full_like(x, group["initial_accumulator_value"])))
            step = state["step"] = state["step"] + 1
            rate, eps = like(x, lr / (1 + (step - 1) * group["lr_decay"]), group["eps"])
            t, u = self.spare(x)
            g = directed(x, g, group, t)
            s = state["sum"].array
            np.add(s, np.multiply(g, g, u), s)
            u = np.sqrt(s, u)
            np.divide(g, np.add(u, eps, u), u)
            np.subtract(x, np.multiply(u, rate, u), x)
