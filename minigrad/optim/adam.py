"""Adam: a step size per number, from running means of the gradient and of its square."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from minigrad.optim.optimizer import Optimizer, check, directed, like, number
from minigrad.tensor import wrap


class Adam(Optimizer):
    """p -= lr · m̂ / (√v̂ + eps), with m and v the running means of g and g², corrected for starting at 0.

    With `decoupled_weight_decay` the decay is taken off the parameter and not added to its gradient: that is AdamW.
    `foreach`, `capturable` and `fused` are accepted and change nothing.

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
        lr: Any = 1e-3,
        betas: tuple[Any, Any] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        check(
            type(self).__name__, lr=(lr, 0, inf), beta1=(betas[0], 0, 1), beta2=(betas[1], 0, 1), eps=(eps, 0, inf),
            weight_decay=(weight_decay, 0, inf),
        )  # fmt: skip
        super().__init__(
            params,
            {
                "lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": amsgrad,
                "maximize": maximize, "foreach": foreach, "capturable": capturable, "differentiable": differentiable,
                "fused": fused, "decoupled_weight_decay": decoupled_weight_decay,
            },
        )  # fmt: skip

    def update(self, group: dict[str, Any]) -> None:
        """One step for one group."""
        lr, beta1, beta2 = number(group["lr"]), number(group["betas"][0]), number(group["betas"][1])
        decoupled = {**group, "weight_decay": 0} if group["decoupled_weight_decay"] else None
        decay = group["weight_decay"] if decoupled else 0
        known: Any = None
        names = (
            ("step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq")
            if group["amsgrad"]
            else ("step", "exp_avg", "exp_avg_sq")
        )
        for state, x, g in self.rows(group, names):
            if not state:
                state.update(step=0, exp_avg=wrap(np.zeros_like(x)), exp_avg_sq=wrap(np.zeros_like(x)))
            step = state["step"] = state["step"] + 1
            if type(x) is not np.ndarray or known != (step, x.dtype):
                known = step, x.dtype
                keep, fresh, keep2, fresh2, eps, remains, root, rate = like(
                    x, beta1, 1 - beta1, beta2, 1 - beta2, group["eps"], 1 - lr * decay, (1 - beta2**step) ** 0.5,
                    lr / (1 - beta1**step),
                )  # fmt: skip
            t, u = self.spare(x)
            if decay:
                np.multiply(x, remains, x)
            g = directed(x, g, decoupled or group, t)
            m, v = state["exp_avg"].array, state["exp_avg_sq"].array
            np.multiply(m, keep, m)
            np.add(m, np.multiply(g, fresh, u), m)
            np.multiply(v, keep2, v)
            u = np.multiply(g, g, u)
            np.add(v, np.multiply(u, fresh2, u), v)
            if group["amsgrad"]:
                if "max_exp_avg_sq" not in state:
                    state["max_exp_avg_sq"] = wrap(np.zeros_like(x))
                top = state["max_exp_avg_sq"].array
                v = np.maximum(top, v, out=top)
            u = np.sqrt(v, u)
            np.add(np.divide(u, root, u), eps, u)
            np.divide(m, u, u)
            np.subtract(x, np.multiply(u, rate, u), x)
