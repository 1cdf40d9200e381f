"""Learning rates that change as training goes on: call `step()` after each `optimizer.step()`, or after each epoch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import cos, pi
from typing import Any

from minigrad.optim.optimizer import Optimizer


class LRScheduler:
    """Sets each group's `lr` from its starting rate and the number of steps taken, whatever it was set to in between.

    So of two schedules for one optimizer the last to step decides, where PyTorch multiplies them: write one LambdaLR. A
    schedule of one's own defines `get_lr`.
    """

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        groups = _groups_of(optimizer, self)
        self.optimizer = optimizer
        self.base_lrs: list[float] = [group.setdefault("initial_lr", group["lr"]) for group in groups]
        self.last_epoch = last_epoch
        self.step()

    def get_lr(self) -> Sequence[float]:
        """The learning rate of each group at step `last_epoch`."""
        raise NotImplementedError(f"{type(self).__name__} has no get_lr: define `def get_lr(self): ...` in the class")

    def step(self) -> None:
        """Go on to the next learning rate."""
        self.last_epoch += 1
        self._set_lr()

    def _set_lr(self) -> None:
        for group, lr in zip(self.optimizer.param_groups, self.get_lr()):
            group["lr"] = lr

    def get_last_lr(self) -> list[float]:
        """The learning rate of each group now."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Where the schedule stands: numbers only. Functions are not part of it."""
        return {
            name: value for name, value in vars(self).items() if name != "optimizer" and not _holds_functions(value)
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from where another schedule stood, and set the learning rates accordingly."""
        vars(self).update(state_dict)
        self._set_lr()


def _holds_functions(value: Any) -> bool:
    return callable(value) or (isinstance(value, list) and any(callable(v) for v in value))


def _groups_of(optimizer: Optimizer, schedule: LRScheduler) -> list[dict[str, Any]]:
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            f"{type(schedule).__name__} needs an Optimizer, not a {type(optimizer).__name__}: pass that first"
        )
    return optimizer.param_groups


def _check_steps(name: str, **option: int) -> None:
    ((key, steps),) = option.items()
    if steps < 1:
        raise ValueError(f"{name}: {key}={steps}: give a number of steps from 1")


class LambdaLR(LRScheduler):
    """The starting rate times a function of the step number, one for all groups or one each.

    >>> from minigrad import optim, tensor
    >>> descent = optim.SGD([tensor([1.0], requires_grad=True)], lr=1.0)
    >>> schedule = optim.lr_scheduler.LambdaLR(descent, lambda step: 1 - step / 4)
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.75]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Callable[[int], float] | Sequence[Callable[[int], float]],
        last_epoch: int = -1,
    ) -> None:
        n = len(_groups_of(optimizer, self))
        self.lr_lambdas = [lr_lambda] * n if callable(lr_lambda) else list(lr_lambda)
        if len(self.lr_lambdas) != n:
            raise ValueError(
                f"LambdaLR: {len(self.lr_lambdas)} functions for {n} groups: give one, or one for each group"
            )
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """The starting rate times the function."""
        return [base * factor(self.last_epoch) for base, factor in zip(self.base_lrs, self.lr_lambdas)]


class StepLR(LRScheduler):
    """The rate times `gamma` every `step_size` steps."""

    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        _check_steps("StepLR", step_size=step_size)
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """The starting rate times a power of gamma."""
        return [base * self.gamma ** (self.last_epoch // self.step_size) for base in self.base_lrs]


class LinearLR(LRScheduler):
    """The rate times a factor that goes evenly from `start_factor` to `end_factor` in `total_iters` steps.

    >>> from minigrad import optim, tensor
    >>> descent = optim.SGD([tensor([1.0], requires_grad=True)], lr=1.0)
    >>> schedule = optim.lr_scheduler.LinearLR(descent, start_factor=1.0, end_factor=0.0, total_iters=4)
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.75]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if not 0 < start_factor <= 1 or not 0 <= end_factor <= 1:
            raise ValueError(
                f"LinearLR: start_factor={start_factor}, end_factor={end_factor}: factors are from 0 to 1, and the first is "
                "above 0"
            )
        _check_steps("LinearLR", total_iters=total_iters)
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """The starting rate times the factor."""
        done = min(self.last_epoch, self.total_iters) / self.total_iters
        factor = self.start_factor + (self.end_factor - self.start_factor) * done
        return [base * factor for base in self.base_lrs]


class CosineAnnealingLR(LRScheduler):
    """The rate along half a cosine, from its start to `eta_min` in `T_max` steps.

    Source: I. Loshchilov and F. Hutter, SGDR, ICLR 2017, equation 5, without restarts.
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:  # noqa: N803
        _check_steps("CosineAnnealingLR", T_max=T_max)
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """eta_min + (start - eta_min) · (1 + cos(π·step / T_max)) / 2."""
        wave = (1 + cos(pi * self.last_epoch / self.T_max)) / 2
        return [self.eta_min + (base - self.eta_min) * wave for base in self.base_lrs]
