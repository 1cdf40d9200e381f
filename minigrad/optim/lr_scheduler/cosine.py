"""Schedules along a cosine."""

from __future__ import annotations

from math import cos, floor, log, pi
from typing import Any

from minigrad.optim.lr_scheduler.base import LRScheduler, check_steps
from minigrad.optim.optimizer import Optimizer


class CosineAnnealingLR(LRScheduler):
    """The rate along half a cosine, from its start to `eta_min` in `T_max` steps, and back again if steps go on.

    Source: I. Loshchilov and F. Hutter, SGDR, ICLR 2017, equation 5, without restarts.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_max: int,  # noqa: N803
        eta_min: float = 0.0,
        last_epoch: int = -1,
        verbose: Any = None,
    ) -> None:
        check_steps("CosineAnnealingLR", T_max=T_max)
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """The rate, its distance from eta_min times the ratio of this step's wave to the last one's."""
        if self._is_initial:
            return self._rates()
        if (self.last_epoch - 1 - self.T_max) % (2 * self.T_max) == 0:  # the last wave was 0
            rise = (1 - cos(pi / self.T_max)) / 2
            return [rate + (base - self.eta_min) * rise for rate, base in zip(self._rates(), self.base_lrs)]
        now, before = (1 + cos(pi * n / self.T_max) for n in (self.last_epoch, self.last_epoch - 1))
        return [now / before * (rate - self.eta_min) + self.eta_min for rate in self._rates()]

    def _get_closed_form_lr(self) -> list[float]:
        wave = (1 + cos(pi * self.last_epoch / self.T_max)) / 2
        return [self.eta_min + (base - self.eta_min) * wave for base in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """The rate along half a cosine, from its start to `eta_min` in `T_0` steps; then again, each time `T_mult` times as long.

    `step(epoch)` goes to a step, which may be a fraction: `schedule.step(epoch + i / batches)` after each batch.

    Source: I. Loshchilov and F. Hutter, SGDR, ICLR 2017, equation 5.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_0: int,  # noqa: N803
        T_mult: int = 1,  # noqa: N803
        eta_min: float = 0.0,
        last_epoch: int = -1,
        verbose: Any = None,
    ) -> None:
        if T_0 <= 0 or not isinstance(T_0, int):
            raise ValueError(f"Expected positive integer T_0, but got {T_0}: give a number of steps")
        if T_mult < 1 or not isinstance(T_mult, int):
            raise ValueError(f"Expected integer T_mult >= 1, but got {T_mult}: give a factor for the number of steps")
        self.T_0 = self.T_i = T_0  # the first, and the current, number of steps from start to end
        self.T_mult, self.eta_min = T_mult, eta_min
        self.T_cur: Any = last_epoch  # steps since the last restart
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[float]:
        """eta_min + (start - eta_min) · (1 + cos(π·T_cur / T_i)) / 2."""
        wave = 1 + cos(pi * self.T_cur / self.T_i)
        return [self.eta_min + (base - self.eta_min) * wave / 2 for base in self.base_lrs]

    def step(self, epoch: Any = None) -> None:
        """Go on to the next learning rate, or to that of a step, which may be a fraction. ValueError for one below 0."""
        if epoch is None and self.last_epoch >= 0:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur -= self.T_i
                self.T_i *= self.T_mult
        else:
            self._go_to(epoch or 0)
        self._step_count += 1
        self.last_epoch = floor(epoch or 0)
        self._set(self.get_lr())

    def _go_to(self, epoch: Any) -> None:
        if epoch < 0:
            raise ValueError(f"Expected non-negative epoch, but got {epoch}")
        if self.T_mult == 1:
            self.T_i, self.T_cur = self.T_0, epoch % self.T_0
            return
        restarts = int(log(epoch / self.T_0 * (self.T_mult - 1) + 1, self.T_mult)) if epoch >= self.T_0 else 0
        self.T_cur = epoch - self.T_0 * (self.T_mult**restarts - 1) / (self.T_mult - 1)
        self.T_i = self.T_0 * self.T_mult**restarts
