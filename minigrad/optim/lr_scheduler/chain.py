"""Schedules made of schedules."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from minigrad.optim.lr_scheduler.base import LRScheduler, groups_of, set_option
from minigrad.optim.lr_scheduler.plateau import ReduceLROnPlateau
from minigrad.optim.optimizer import Optimizer


class _Several(LRScheduler):
    """Some schedules of one optimizer."""

    _schedulers: Sequence[LRScheduler]

    def _take(self, schedulers: Sequence[Any], optimizer: Any) -> None:
        name = type(self).__name__
        if not schedulers:
            raise ValueError(f"{name} expects at least one scheduler, but got no scheduler.")
        self.optimizer = schedulers[0].optimizer if optimizer is None else optimizer
        groups_of(self.optimizer, self)
        for i, scheduler in enumerate(schedulers):
            if not hasattr(scheduler, "optimizer"):
                raise TypeError(f"{name}: a {type(scheduler).__name__}, at index {i}, is no schedule")
            if isinstance(scheduler, ReduceLROnPlateau):
                raise ValueError(f"{name} does not support ReduceLROnPlateau, at index {i}: its step needs the metric")
            if scheduler.optimizer is not self.optimizer:
                raise ValueError(
                    f"{name} expects all schedulers to belong to the same optimizer: that of {type(scheduler).__name__}, at "
                    f"index {i}, is another"
                )
        self._schedulers = schedulers

    def state_dict(self) -> dict[str, Any]:
        """Where it stands, and where each schedule stands."""
        own = {name: value for name, value in vars(self).items() if name not in ("optimizer", "_schedulers")}
        return {**own, "_schedulers": [schedule.state_dict() for schedule in self._schedulers]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from where another stood."""
        for schedule, state in zip(self._schedulers, state_dict["_schedulers"]):
            schedule.load_state_dict(state)
        super().load_state_dict({name: value for name, value in state_dict.items() if name != "_schedulers"})


class SequentialLR(_Several):
    """One schedule after another, the next one from each of the steps in `milestones` on.

    >>> from minigrad import optim, tensor
    >>> descent = optim.SGD([tensor([1.0], requires_grad=True)], lr=1.0)
    >>> warm, fall = optim.lr_scheduler.ConstantLR(descent, 0.1), optim.lr_scheduler.ExponentialLR(descent, 0.5)
    >>> schedule = optim.lr_scheduler.SequentialLR(descent, [warm, fall], milestones=[2])
    >>> for _ in range(3):
    ...     descent.step()
    ...     schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: Sequence[LRScheduler],
        milestones: Sequence[int],
        last_epoch: int = -1,
        verbose: Any = None,
    ) -> None:
        self._take(schedulers, optimizer)
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                f"SequentialLR: {len(schedulers)} schedulers and {len(milestones)} milestones: give one milestone less than "
                "schedulers, the steps at which to go on to the next"
            )
        self._milestones = milestones
        self.last_epoch = last_epoch + 1
        for group in optimizer.param_groups:  # undo what the schedules did when they were made
            set_option(group, "lr", group["initial_lr"])
        _step_back(self._schedulers)
        first = self._schedulers[bisect_right(milestones, 0)]
        first._initial_step()
        self._last_lr = first.get_last_lr()

    def step(self) -> None:  # type: ignore[override]
        """Step the schedule whose turn it is."""
        self.last_epoch += 1
        turn = bisect_right(self._milestones, self.last_epoch)
        schedule = self._schedulers[turn]
        if turn > 0 and self._milestones[turn - 1] == self.last_epoch:
            schedule._update_lr(0)
        else:
            schedule.step()
        self._last_lr = schedule.get_last_lr()


class ChainedScheduler(_Several):
    """Several schedules at once: each multiplies what the others left.

    >>> from minigrad import optim, tensor
    >>> descent = optim.SGD([tensor([1.0], requires_grad=True)], lr=1.0)
    >>> warm, fall = optim.lr_scheduler.ConstantLR(descent, 0.1), optim.lr_scheduler.ExponentialLR(descent, 0.5)
    >>> schedule = optim.lr_scheduler.ChainedScheduler([warm, fall])
    >>> descent.step()
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.05]
    """

    def __init__(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None) -> None:
        self._take(schedulers, optimizer)
        self._last_lr = self._rates()

    def step(self) -> None:  # type: ignore[override]
        """Step them all."""
        for schedule in self._schedulers:
            schedule.step()
        self._last_lr = self._rates()

    def _update_lr(self, epoch: Any = None) -> None:
        for schedule in self._schedulers:
            schedule._update_lr(epoch)
        self._last_lr = self._rates()


def _step_back(schedulers: Sequence[Any]) -> None:
    for schedule in schedulers:
        if isinstance(schedule, _Several):
            _step_back(schedule._schedulers)
        else:
            schedule.last_epoch -= 1
