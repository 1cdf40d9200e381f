"""A schedule that looks at how training goes."""

from __future__ import annotations

from math import inf
from typing import Any

from minigrad.optim.lr_scheduler.base import LRScheduler, groups_of, per_group, set_option
from minigrad.optim.optimizer import Optimizer, number


class ReduceLROnPlateau(LRScheduler):
    """The rate times `factor` when a metric has not improved for more than `patience` steps: `schedule.step(loss)`.

    It has improved if it is below the best so far by `threshold` of that ("rel"), or by `threshold` ("abs"); above it with
    `mode="max"`. After a change, `cooldown` steps do not count. The rate stays from `min_lr`;  changes up to `eps` are left.

    >>> from minigrad import optim, tensor
    >>> descent = optim.SGD([tensor([1.0], requires_grad=True)], lr=1.0)
    >>> schedule = optim.lr_scheduler.ReduceLROnPlateau(descent, patience=1)
    >>> for loss in (2.0, 2.0, 2.0):
    ...     schedule.step(loss)
    >>> schedule.get_last_lr()
    [0.1]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: Any = 0,
        eps: float = 1e-8,
        verbose: Any = None,
    ) -> None:
        if factor >= 1.0:
            raise ValueError(f"ReduceLROnPlateau: factor={factor}: Factor should be < 1.0, to make the rate smaller")
        if mode not in ("min", "max"):
            raise ValueError(f"ReduceLROnPlateau: mode {mode} is unknown: use 'min' for a loss, 'max' for an accuracy")
        if threshold_mode not in ("rel", "abs"):
            raise ValueError(f"ReduceLROnPlateau: threshold mode {threshold_mode} is unknown: use 'rel' or 'abs'")
        self.optimizer = optimizer
        self.min_lrs = per_group("ReduceLROnPlateau", min_lr, groups_of(optimizer, self), "values of min_lr")
        self.mode, self.factor, self.patience, self.cooldown = mode, factor, patience, cooldown
        self.threshold, self.threshold_mode, self.eps = threshold, threshold_mode, eps
        self.last_epoch = 0
        self._last_lr = self._rates()
        self._reset()

    def _reset(self) -> None:
        self.best = inf if self.mode == "min" else -inf
        self.cooldown_counter = self.num_bad_epochs = 0

    @property
    def in_cooldown(self) -> bool:
        """True for a while after the rate was changed."""
        return self.cooldown_counter > 0

    def is_better(self, a: float, best: float) -> bool:
        """Is a metric an improvement on the best so far?"""
        sign = -1 if self.mode == "min" else 1
        if self.threshold_mode == "rel":
            return a * sign > best * (1 + sign * self.threshold) * sign
        return a * sign > best * sign + self.threshold

    def step(self, metrics: Any, epoch: Any = None) -> None:  # type: ignore[override]
        """Look at the metric of another epoch."""
        current = float(metrics)
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        if self.is_better(current, self.best):
            self.best, self.num_bad_epochs = current, 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            self._reduce()
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
        self._last_lr = self._rates()

    def _reduce(self) -> None:
        groups = self.optimizer.param_groups
        self.min_lrs += self.min_lrs[-1:] * (len(groups) - len(self.min_lrs))  # for groups that were added since
        for group, least in zip(groups, self.min_lrs):
            old = number(group["lr"])
            new = max(old * self.factor, least)
            if old - new > self.eps:
                set_option(group, "lr", new)
