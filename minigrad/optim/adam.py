"""Adam: a step size per number, from running means of the gradient and of its square."""

from __future__ import annotations

from math import inf, sqrt
from typing import Any

import numpy as np

from minigrad.optim.optimizer import Optimizer, check, with_gradient
from minigrad.tensor import wrap


class Adam(Optimizer):
    """p -= lr · m̂ / (√v̂ + eps), with m and v the running means of g and g², corrected for starting at 0.

    Source: D. Kingma and J. Ba, Adam: a method for stochastic optimization, ICLR 2015; for `amsgrad`, S. Reddi et al., On
    the convergence of Adam and beyond, ICLR 2018.

    >>> from minigrad import optim, tensor
    >>> w = tensor([1.0], requires_grad=True)
    >>> descent = optim.Adam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> descent.step()
    >>> w
    tensor([0.9000], requires_grad=True)
    """

    def __init__(
        self,
        params: Any,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        check(
            "Adam", lr=(lr, 0, inf), beta1=(betas[0], 0, 1), beta2=(betas[1], 0, 1), eps=(eps, 0, inf),
            weight_decay=(weight_decay, 0, inf),
        )  # fmt: skip
        super().__init__(
            params,
            {
                "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad,
                "maximize": maximize,
            },
        )  # fmt: skip

    def update(self, group: dict[str, Any]) -> None:
        """One step for one group."""
        beta1, beta2 = group["betas"]
        for p, value, g in with_gradient(group):
            if group["maximize"]:
                g = -g
            if group["weight_decay"]:
                g = g + value * group["weight_decay"]
            state = self.state[p]
            if not state:
                state.update(step=0, exp_avg=wrap(np.zeros_like(value)), exp_avg_sq=wrap(np.zeros_like(value)))
            state["step"] += 1
            mean, square = state["exp_avg"].array, state["exp_avg_sq"].array
            mean *= beta1
            mean += g * (1 - beta1)
            square *= beta2
            square += g * g * (1 - beta2)
            if group["amsgrad"]:
                if "max_exp_avg_sq" not in state:
                    state["max_exp_avg_sq"] = wrap(np.zeros_like(value))
                top = state["max_exp_avg_sq"].array
                np.maximum(top, square, out=top)
                square = top
            correction1, correction2 = 1 - beta1 ** state["step"], 1 - beta2 ** state["step"]
            value -= mean / (np.sqrt(square) / sqrt(correction2) + group["eps"]) * (group["lr"] / correction1)
