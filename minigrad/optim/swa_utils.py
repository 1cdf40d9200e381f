"""Averages of a model's parameters over the course of training, and the schedule that goes with them.

Source: P. Izmailov et al., Averaging weights leads to wider optima and better generalization, UAI 2018.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from math import cos, pi
from typing import Any

from minigrad.creation import tensor
from minigrad.grad_mode import no_grad
from minigrad.nn.batchnorm import _BatchNorm
from minigrad.nn.module import Module
from minigrad.optim.lr_scheduler.base import LRScheduler, groups_of, per_group
from minigrad.optim.optimizer import Optimizer, number
from minigrad.tensor import Tensor

__all__ = ["SWALR", "AveragedModel", "get_ema_avg_fn", "get_ema_multi_avg_fn", "get_swa_avg_fn", "update_bn"]


def get_ema_avg_fn(decay: float = 0.999) -> Callable[..., Any]:
    """An `avg_fn` for `AveragedModel`: decay · average + (1 - decay) · parameter. ValueError for a decay outside [0, 1]."""
    if not 0 <= decay <= 1:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")
    return lambda average, parameter, count: decay * average + (1 - decay) * parameter


def get_swa_avg_fn() -> Callable[..., Any]:
    """The default `avg_fn` of `AveragedModel`: the mean."""
    return lambda average, parameter, count: average + (parameter - average) / (count + 1)


def get_ema_multi_avg_fn(decay: float = 0.999) -> Callable[..., Any]:
    """A `multi_avg_fn` for `AveragedModel`: `get_ema_avg_fn` for lists of tensors, written into the averages."""
    one = get_ema_avg_fn(decay)

    def update(averages: Iterable[Tensor], parameters: Iterable[Tensor], count: Any) -> None:
        for average, parameter in zip(averages, parameters):
            average.copy_(one(average, parameter, count))

    return update


class AveragedModel(Module):
    """A copy of a model, `module`, whose parameters are averages of the model's: `update_parameters(model)` adds to them.

    `avg_fn(average, parameter, count)` gives the new average: the mean unless given. Buffers are averaged with `use_buffers`,
    else copied.

    >>> from minigrad import nn, optim
    >>> model = nn.Linear(1, 1)
    >>> average = optim.swa_utils.AveragedModel(model)
    >>> for value in (1.0, 2.0):
    ...     _ = nn.init.constant_(model.weight, value)
    ...     average.update_parameters(model)
    >>> average.module.weight.item()
    1.5
    """

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Callable[..., Any] | None = None,
        multi_avg_fn: Callable[..., Any] | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deepcopy(model).to(device=device)
        self.register_buffer("n_averaged", tensor(0))
        self.avg_fn, self.multi_avg_fn, self.use_buffers = avg_fn, multi_avg_fn, use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the averaged model computes."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Add the model's parameters, as they are, to the averages."""
        count: Tensor = self.n_averaged
        pairs: list[tuple[Tensor, Tensor]] = list(zip(self.module.parameters(), model.parameters()))
        buffers = list(zip(self.module.buffers(), model.buffers()))
        pairs += buffers if self.use_buffers else []
        with no_grad():
            if count.item() == 0:
                for average, parameter in pairs:
                    average.copy_(parameter)
            elif self.multi_avg_fn is not None:
                self.multi_avg_fn([a.detach() for a, _ in pairs], [p.detach() for _, p in pairs], count)
            else:
                fn = self.avg_fn or get_swa_avg_fn()
                for average, parameter in pairs:
                    average.copy_(fn(average.detach(), parameter.detach(), count))
            for average, buffer in () if self.use_buffers else buffers:
                average.copy_(buffer)
            count += 1


def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the running moments of a model's batch norms anew: the mean over the batches of a loader.

    A batch that is a tuple or a list begins with the input.
    """
    norms = [module for module in model.modules() if isinstance(module, _BatchNorm)]
    if not norms:
        return
    momenta, mode = [norm.momentum for norm in norms], model.training
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    model.train()
    with no_grad():
        for batch in loader:
            model(batch[0] if isinstance(batch, list | tuple) else batch)
    for norm, momentum in zip(norms, momenta):
        norm.momentum = momentum
    model.train(mode)


class SWALR(LRScheduler):
    """The rate to `swa_lr` in `anneal_epochs` steps, along a cosine, or with `anneal_strategy="linear"` evenly."""

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: Any,
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        groups = groups_of(optimizer, self)
        for group, rate in zip(groups, per_group("SWALR", swa_lr, groups, "values of swa_lr")):
            group["swa_lr"] = rate
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"SWALR: anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"SWALR: anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self.anneal_epochs, self.anneal_strategy = anneal_epochs, anneal_strategy
        super().__init__(optimizer, last_epoch)

    def _share(self, step: int) -> float:
        """How far it has come from the rate it found to `swa_lr`."""
        done = max(0.0, min(1.0, step / max(1, self.anneal_epochs)))
        return done if self.anneal_strategy == "linear" else (1 - cos(pi * done)) / 2

    def get_lr(self) -> list[float]:
        """The rates of the step."""
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._share(step - 1), self._share(step)
        rates = []
        for group in self.optimizer.param_groups:
            end = group["swa_lr"]
            start = end if before == 1 else (number(group["lr"]) - before * end) / (1 - before)
            rates.append(end * now + start * (1 - now))
        return rates
