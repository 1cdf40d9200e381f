"""Adamax: Adam with the largest recent gradient in the place of the root of the mean square."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from minigrad.optim.optimizer import Optimizer, check, directed, like, number, with_gradient
from minigrad.tensor import wrap


class Adamax(Optimizer):
    """p -= lr · m̂ / u, with m the running mean of g, corrected for starting at 0, and u the larger of β₂·u and |g| + eps.

    Source: D. Kingma and J. Ba, Adam: a method for stochastic optimization, ICLR 2015, section 7.1.

    >>> from minigrad import optim, tensor
    >>> w = tensor([1.0], requires_grad=True)
    >>> descent = optim.Adamax([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> descent.step()
    >>> w
    tensor([0.9000], requires_grad=True)
    """

    def __init__(
        self,
        params: Any,
        lr: Any = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check(
            "Adamax", lr=(lr, 0, inf), beta1=(betas[0], 0, 1), beta2=(betas[1], 0, 1), eps=(eps, 0, inf),
            weight_decay=(weight_decay, 0, inf),
        )  # fmt: skip
        super().__init__(
            params,
            {
                "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "foreach": foreach,
                "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
            },
        )  # fmt: skip

    def update(self, group: dict[str, Any]) -> None:
        """One step for one group."""
        lr, (beta1, beta2) = number(group["lr"]), group["betas"]
        for p, x, g in with_gradient(group):
            state = self.state[p]
            if not state:
                state.update(step=0, exp_avg=wrap(np.zeros_like(x)), exp_inf=wrap(np.zeros_like(x)))
            step = state["step"] = state["step"] + 1
            fresh, keep2, eps, rate = like(x, 1 - beta1, beta2, group["eps"], lr / (1 - beta1**step))
            t, u = self.spare(x)
            g = directed(x, g, group, t)
            m, top = state["exp_avg"].array, state["exp_inf"].array
            u = np.subtract(g, m, u)
            np.add(m, np.multiply(u, fresh, u), m)
            np.multiply(top, keep2, top)
            u = np.absolute(g, u)
            np.maximum(top, np.add(u, eps, u), out=top)
            u = np.divide(m, top, u)
            np.subtract(x, np.multiply(u, rate, u), x)
