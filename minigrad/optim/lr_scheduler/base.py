"""What every schedule shares: a count of steps, the rates at the start, and the rates that it sets."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

from minigrad.optim.optimizer import Optimizer, number
from minigrad.tensor import Tensor


class LRScheduler:
    """Sets each group's `lr` at every step, usually to a multiple of what it is.

    A schedule of one's own defines `get_lr`, which reads `self.last_epoch`, the number of steps taken, `self.base_lrs`, the
    rates at the start, and `self.optimizer.param_groups`. A step before the optimizer's first warns: it skips the first rate.
    """

    _is_initial = False  # is it being made?
    _step_count = 0

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1, verbose: Any = None) -> None:
        groups = groups_of(optimizer, self)
        self.optimizer = optimizer
        for i, group in enumerate(groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", number(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"{type(self).__name__}: last_epoch={last_epoch}, but group {i} of the optimizer has no 'initial_lr': to "
                    "continue, load the optimizer's state first, from a run with a schedule; to begin, leave last_epoch out"
                )
        self.base_lrs: list[float] = [number(group["initial_lr"]) for group in groups]
        self.last_epoch = last_epoch
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            del self._is_initial

    def get_lr(self) -> Sequence[float]:
        """The learning rate of each group at step `last_epoch`."""
        raise NotImplementedError(f"{type(self).__name__} has no get_lr: define `def get_lr(self): ...` in the class")

    def step(self, epoch: Any = None) -> None:
        """Go on to the next learning rate; or to that of step `epoch`, PyTorch's old spelling."""
        if self._step_count == 1 and self.optimizer._stepped is False:
            warnings.warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`: the first value of the learning rate "
                "schedule is skipped; call `optimizer.step()` first",
                UserWarning,
                stacklevel=2,
            )
        self._step_count += 1
        self._update_lr(epoch)

    def _update_lr(self, epoch: Any = None) -> None:
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        closed = None if epoch is None else getattr(self, "_get_closed_form_lr", None)
        self._set(self.get_lr() if closed is None else closed())

    def _set(self, rates: Sequence[float]) -> None:
        """Give each group its rate. A group that was added later, for which there is none, keeps its own."""
        for group, lr in zip(self.optimizer.param_groups, rates):
            set_option(group, "lr", lr)
        self._last_lr = self._rates()

    def _rates(self) -> list[float]:
        """The rates as they are."""
        return [number(group["lr"]) for group in self.optimizer.param_groups]

    def _times(self, factor: float) -> list[float]:
        """The rates as they are, times a factor."""
        return [rate * factor for rate in self._rates()]

    def get_last_lr(self) -> list[float]:
        """The learning rate that was last set, of each group."""
        return self._last_lr

    def state_dict(self) -> dict[str, Any]:
        """Where the schedule stands: numbers only. Functions are not part of it."""
        return {
            name: value for name, value in vars(self).items() if name != "optimizer" and not _holds_functions(value)
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Continue from where another schedule stood, and set the learning rates as they were then."""
        vars(self).update(state_dict)
        if "_last_lr" in state_dict:
            self._set(self._last_lr)


class _LRScheduler(LRScheduler):
    """`LRScheduler`, by the name that it had in PyTorch until 2.0."""


def _holds_functions(value: Any) -> bool:
    return callable(value) or (isinstance(value, list) and any(callable(v) for v in value))


def groups_of(optimizer: Any, schedule: Any) -> list[dict[str, Any]]:
    """The optimizer's groups; TypeError if it is none."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            f"{type(schedule).__name__} needs an Optimizer, not a {type(optimizer).__name__}: pass that first"
        )
    return optimizer.param_groups


def set_option(group: dict[str, Any], name: str, value: Any) -> None:
    """Set an option of a group; in place, where it is a tensor."""
    if isinstance(group[name], Tensor):
        group[name].fill_(number(value))
    else:
        group[name] = value


def check_steps(name: str, **option: int) -> None:
    """ValueError for a number of steps below 1."""
    ((key, steps),) = option.items()
    if steps < 1:
        raise ValueError(f"{name}: {key}={steps}: give a number of steps from 1")


def per_group(name: str, values: Any, groups: list[dict[str, Any]], what: str) -> list[Any]:
    """One value for each group: those given, or the one given for all."""
    found = list(values) if isinstance(values, list | tuple) else [values] * len(groups)
    if len(found) != len(groups):
        raise ValueError(f"{name}: {len(found)} {what} for {len(groups)} groups: give one, or one for each group")
    return found
