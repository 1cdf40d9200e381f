"""Schedules that go up and down, and take the momentum along the other way."""

from __future__ import annotations

from collections.abc import Callable
from math import cos, floor, pi
from typing import Any

from minigrad.optim.lr_scheduler.base import LRScheduler, groups_of, per_group, set_option
from minigrad.optim.optimizer import Optimizer, number


def momentum_of(optimizer: Optimizer, name: str) -> bool:
    """Is the momentum the first of `betas`? ValueError for an optimizer that has neither."""
    if "betas" not in optimizer.defaults and "momentum" not in optimizer.defaults:
        raise ValueError(
            f"{name}: {type(optimizer).__name__} must support momentum or beta1 with `cycle_momentum` enabled: pass "
            "cycle_momentum=False"
        )
    return "betas" in optimizer.defaults


def set_momentum(group: dict[str, Any], momentum: float, is_beta: bool) -> None:
    """Set the momentum of a group."""
    if is_beta:
        group["betas"] = (momentum, *group["betas"][1:])
    else:
        group["momentum"] = momentum


class CyclicLR(LRScheduler):
    """The rate up from `base_lr` to `max_lr` in `step_size_up` steps, down in `step_size_down`, and so on.

    The height stays ("triangular"), halves each time ("triangular2"), or shrinks by `gamma` each step ("exp_range"); or is
    multiplied by `scale_fn` of the cycle, or of the step with `scale_mode="iterations"`. With `cycle_momentum` the momentum
    goes from `max_momentum` down to `base_momentum` meanwhile. To be stepped after every batch.

    Source: L. Smith, Cyclical learning rates for training neural networks, WACV 2017.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: Any,
        max_lr: Any,
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: Any = 0.8,
        max_momentum: Any = 0.9,
        last_epoch: int = -1,
        verbose: Any = None,
    ) -> None:
        groups = groups_of(optimizer, self)
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ValueError(
                f"CyclicLR: mode={mode!r} is invalid and scale_fn is None: use triangular, triangular2, exp_range"
            )
        base_lrs = per_group("CyclicLR", base_lr, groups, "values of base_lr")
        if last_epoch == -1:
            for group, lr in zip(groups, base_lrs):
                set_option(group, "lr", lr)
        self.max_lrs = per_group("CyclicLR", max_lr, groups, "values of max_lr")
        down = step_size_up if step_size_down is None else step_size_down
        self.total_size = float(step_size_up) + float(down)
        self.step_ratio = step_size_up / self.total_size
        self.mode, self.gamma = mode, gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode if scale_fn is not None else "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = momentum_of(optimizer, "CyclicLR")
            self.base_momentums = per_group("CyclicLR", base_momentum, groups, "values of base_momentum")
            self.max_momentums = per_group("CyclicLR", max_momentum, groups, "values of max_momentum")
            for group, low, high in zip(groups, self.base_momentums, self.max_momentums):
                if last_epoch == -1:
                    set_momentum(group, high, self.use_beta1)
                    group["max_momentum"], group["base_momentum"] = high, low
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def scale_fn(self, x: float) -> float:
        """The factor of the height in a cycle, or at a step."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        return (
            1 / 2 ** float(x - 1)
            if self.mode == "triangular2"
            else float(self.gamma**x)
            if self.mode == "exp_range"
            else 1.0
        )

    def get_lr(self) -> list[float]:
        """The rates of the step; sets the momentum."""
        cycle = floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        height = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        scale = self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            for group, low, high in zip(self.optimizer.param_groups, self.base_momentums, self.max_momentums):
                set_momentum(group, high - (high - low) * height * scale, self.use_beta1)
        return [low + (high - low) * height * scale for low, high in zip(self.base_lrs, self.max_lrs)]


class OneCycleLR(LRScheduler):
    """The rate up from `max_lr / div_factor` to `max_lr`, then down to `max_lr / (div_factor · final_div_factor)`.

    The first part takes `pct_start` of the `total_steps` (or `epochs` times `steps_per_epoch`); with `three_phase` the
    way down goes first back to the start, as fast as up. Along half a cosine, or with `anneal_strategy="linear"` evenly. With
    `cycle_momentum` the momentum goes from `max_momentum` to `base_momentum` and back. To be stepped after every batch;
    ValueError after the last.

    Source: L. Smith and N. Topin, Super-convergence, 2018.

    >>> from minigrad import optim, tensor
    >>> descent = optim.SGD([tensor([1.0], requires_grad=True)], lr=0.1, momentum=0.9)
    >>> schedule = optim.lr_scheduler.OneCycleLR(descent, max_lr=1.0, total_steps=11, pct_start=0.5)
    >>> for _ in range(5):
    ...     descent.step()
    ...     schedule.step()
    >>> round(schedule.get_last_lr()[0], 2)
    0.98
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: Any,
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: Any = 0.85,
        max_momentum: Any = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
        verbose: Any = None,
    ) -> None:
        groups = groups_of(optimizer, self)
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise ValueError("OneCycleLR: You must define either total_steps OR (epochs AND steps_per_epoch)")
            for name, count in (("epochs", epochs), ("steps_per_epoch", steps_per_epoch)):
                if count <= 0 or not isinstance(count, int):
                    raise ValueError(f"OneCycleLR: Expected positive integer {name}, but got {count}")
            total_steps = epochs * steps_per_epoch
        elif total_steps <= 0 or not isinstance(total_steps, int):
            raise ValueError(f"OneCycleLR: Expected positive integer total_steps, but got {total_steps}")
        if not 0 <= pct_start <= 1 or not isinstance(pct_start, float):
            raise ValueError(f"OneCycleLR: Expected float between 0 and 1 pct_start, but got {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"OneCycleLR: anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        self.total_steps, self.anneal_strategy, self.three_phase = total_steps, anneal_strategy, three_phase
        self.pct_start, self.cycle_momentum = pct_start, cycle_momentum
        tops = per_group("OneCycleLR", max_lr, groups, "values of max_lr")
        if last_epoch == -1:
            for group, top in zip(groups, tops):
                group["initial_lr"], group["max_lr"] = top / div_factor, top
                group["min_lr"] = group["initial_lr"] / final_div_factor
        if cycle_momentum:
            self.use_beta1 = momentum_of(optimizer, "OneCycleLR")
            lows = per_group("OneCycleLR", base_momentum, groups, "values of base_momentum")
            highs = per_group("OneCycleLR", max_momentum, groups, "values of max_momentum")
            for group, low, high in zip(groups, lows, highs):
                if last_epoch == -1:
                    set_momentum(group, high, self.use_beta1)
                    group["max_momentum"], group["base_momentum"] = high, low
        super().__init__(optimizer, last_epoch)

    def _phase(self) -> tuple[float, str, str, str, str]:
        """How far the current phase has come, from which rate to which it goes, and from which momentum to which."""
        top = float(self.pct_start * self.total_steps) - 1
        phases: list[tuple[float, str, str, str, str]]
        phases = [(top, "initial_lr", "max_lr", "max_momentum", "base_momentum")]
        if self.three_phase:
            bottom = float(2 * self.pct_start * self.total_steps) - 2
            phases.append((bottom, "max_lr", "initial_lr", "base_momentum", "max_momentum"))
            phases.append((self.total_steps - 1, "initial_lr", "min_lr", "max_momentum", "max_momentum"))
        else:
            phases.append((self.total_steps - 1, "max_lr", "min_lr", "base_momentum", "max_momentum"))
        start = 0.0
        for phase in phases[:-1]:
            if self.last_epoch <= phase[0]:
                break
            start = phase[0]
        else:
            phase = phases[-1]
        return (self.last_epoch - start) / (phase[0] - start), *phase[1:]

    def _between(self, start: float, end: float, done: float) -> float:
        if self.anneal_strategy == "linear":
            return (end - start) * done + start
        return end + (start - end) / 2.0 * (cos(pi * done) + 1)

    def get_lr(self) -> list[float]:
        """The rates of the step; sets the momentum."""
        if self.last_epoch > self.total_steps:
            raise ValueError(
                f"Tried to step {self.last_epoch} times. The specified number of total steps is {self.total_steps}: the "
                "schedule is to be stepped once after each batch"
            )
        done, start, end, high, low = self._phase()
        groups = self.optimizer.param_groups
        if self.cycle_momentum:
            for group in groups:
                set_momentum(group, self._between(group[high], group[low], done), self.use_beta1)
        return [self._between(number(group[start]), number(group[end]), done) for group in groups]
