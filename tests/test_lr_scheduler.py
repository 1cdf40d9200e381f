"""Learning-rate schedules: PyTorch 2.13's numbers, and continuing from a state."""

import io
import re

import pytest

import minigrad
from minigrad import ones
from minigrad.optim import SGD
from minigrad.optim.lr_scheduler import CosineAnnealingLR, LambdaLR, LinearLR, LRScheduler, StepLR

SCHEDULES = {
    "lambda": (lambda o: LambdaLR(o, lambda step: 1 / (1 + step)),
               [0.8, 0.4, 0.266666666667, 0.2, 0.16, 0.133333333333, 0.114285714286, 0.1, 0.088888888889, 0.08]),
    "step": (lambda o: StepLR(o, 3, 0.5), [0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.2, 0.2, 0.2, 0.1, 0.1, 0.1]),
    "step by a tenth": (lambda o: StepLR(o, step_size=4), [0.8] * 4 + [0.08] * 4 + [0.008] * 4),
    "linear": (lambda o: LinearLR(o), [0.266666666667, 0.373333333333, 0.48, 0.586666666667, 0.693333333333] + [0.8] * 6),
    "linear to 0": (lambda o: LinearLR(o, 1.0, 0.0, 4), [0.8, 0.6, 0.4, 0.2, 0.0, 0.0, 0.0]),
    "linear to 3/4": (lambda o: LinearLR(o, 0.25, 0.75, total_iters=8),
                      [0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55, 0.6, 0.6, 0.6, 0.6]),
    "cosine": (lambda o: CosineAnnealingLR(o, 5),
               [0.8, 0.72360679775, 0.52360679775, 0.27639320225, 0.07639320225, 0.0, 0.07639320225, 0.27639320225,
                0.52360679775, 0.72360679775, 0.8, 0.72360679775]),
    "cosine to 0.1": (lambda o: CosineAnnealingLR(o, T_max=4, eta_min=0.1),
                      [0.8, 0.697487373415, 0.45, 0.202512626585, 0.1, 0.202512626585, 0.45, 0.697487373415, 0.8,
                       0.697487373415, 0.45, 0.202512626585]),
}  # fmt: skip


def optimizer(*rates):
    return SGD([{"params": [ones(1, requires_grad=True)], "lr": rate} for rate in rates])


def rates(descent):
    return [group["lr"] for group in descent.param_groups]


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_rates_are_pytorchs_also_beyond_the_end(name):
    make, wanted = SCHEDULES[name]
    descent = optimizer(0.8)
    schedule = make(descent)
    seen = [rates(descent)]
    for _ in wanted[1:]:
        descent.step()
        schedule.step()
        assert schedule.get_last_lr() == rates(descent)
        seen.append(rates(descent))
    assert [rate for (rate,) in seen] == pytest.approx(wanted, abs=1e-11)


@pytest.mark.parametrize("name", SCHEDULES)
def test_each_group_starts_from_a_rate_of_its_own(name):
    make, wanted = SCHEDULES[name]
    descent = optimizer(0.8, 8.0)
    schedule = make(descent)
    for rate in wanted:
        other = 10 * rate if name != "cosine to 0.1" else 0.1 + (rate - 0.1) * (8.0 - 0.1) / (0.8 - 0.1)
        assert rates(descent) == pytest.approx([rate, other], abs=1e-10)
        schedule.step()


def test_a_function_per_group():
    descent = optimizer(0.8, 1.0)
    schedule = LambdaLR(descent, [lambda step: 0.5**step, lambda step: 1 - step])
    schedule.step()
    assert rates(descent) == [0.4, 0.0]


def through_a_file(data):
    file = io.BytesIO()
    minigrad.save(data, file)
    file.seek(0)
    return minigrad.load(file)


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("order", ["optimizer, schedule made, schedule", "schedule made, optimizer, schedule",
                                   "schedule made, schedule, optimizer"])  # fmt: skip
def test_a_schedule_continues_from_a_state_in_whatever_order_things_are_loaded(name, order):
    make, wanted = SCHEDULES[name]
    descent = optimizer(0.8)
    schedule = make(descent)
    for _ in range(4):
        schedule.step()
    saved = through_a_file({"optimizer": descent.state_dict(), "schedule": schedule.state_dict()})

    descent = optimizer(123.0)
    for action in order.split(", "):
        if action == "schedule made":
            schedule = make(descent)
        elif action == "schedule":
            schedule.load_state_dict(saved["schedule"])
        else:
            descent.load_state_dict(saved["optimizer"])
    seen = []
    for _ in wanted[4:]:
        seen += rates(descent)
        schedule.step()
    assert seen == pytest.approx(wanted[4:], abs=1e-11)


def test_a_state_holds_numbers_only():
    descent = optimizer(0.8)
    assert LambdaLR(descent, lambda step: 1).state_dict() == {"base_lrs": [0.8], "last_epoch": 0}
    wanted = {"step_size": 3, "gamma": 0.1, "base_lrs": [0.8], "last_epoch": 0}
    assert StepLR(optimizer(0.8), 3).state_dict() == wanted


def test_a_schedule_can_begin_at_a_later_step():
    descent = optimizer(0.8)
    StepLR(descent, 3, 0.5, last_epoch=2)
    assert rates(descent) == [0.4]


def test_a_second_schedule_starts_from_where_the_optimizer_started():
    descent = optimizer(0.8)
    first = StepLR(descent, 1, 0.5)
    first.step()
    assert rates(descent) == [0.4]
    second = LinearLR(descent, 1.0, 0.0, 4)
    assert rates(descent) == [0.8]
    second.step()
    assert rates(descent) == pytest.approx([0.6])


def test_the_schedule_decides_whatever_the_rate_was_set_to():
    descent = optimizer(0.8)
    schedule = StepLR(descent, 1, 0.5)
    descent.param_groups[0]["lr"] = 100.0
    schedule.step()
    assert rates(descent) == [0.4]


def test_a_group_added_later_keeps_its_rate():
    descent = optimizer(0.8)
    schedule = StepLR(descent, 1, 0.5)
    descent.add_param_group({"params": [ones(1, requires_grad=True)], "lr": 0.3})
    schedule.step()
    assert rates(descent) == [0.4, 0.3]


def test_a_schedule_of_ones_own_defines_get_lr():
    class Halving(LRScheduler):
        def get_lr(self):
            return [base / (1 + self.last_epoch) for base in self.base_lrs]

    descent = optimizer(0.8)
    Halving(descent).step()
    assert rates(descent) == [0.4]


WRONG = [
    (lambda o: LRScheduler(o), NotImplementedError, "LRScheduler has no get_lr: define `def get_lr(self): ...` in the class"),
    (lambda o: StepLR(3, 3), TypeError, "StepLR needs an Optimizer, not a int: pass that first"),
    (lambda o: LambdaLR(lambda step: 1, o), TypeError, "LambdaLR needs an Optimizer, not a function: pass that first"),
    (lambda o: LambdaLR(o, [lambda step: 1] * 3), ValueError, "LambdaLR: 3 functions for 1 groups: give one, or one for each "
     "group"),
    (lambda o: StepLR(o, 0), ValueError, "StepLR: step_size=0: give a number of steps from 1"),
    (lambda o: CosineAnnealingLR(o, 0), ValueError, "CosineAnnealingLR: T_max=0: give a number of steps from 1"),
    (lambda o: LinearLR(o, total_iters=0), ValueError, "LinearLR: total_iters=0: give a number of steps from 1"),
    (lambda o: LinearLR(o, 0.0), ValueError, "LinearLR: start_factor=0.0, end_factor=1.0: factors are from 0 to 1, and the "
     "first is above 0"),
    (lambda o: LinearLR(o, 1.5), ValueError, "LinearLR: start_factor=1.5, end_factor=1.0: factors are from 0 to 1"),
    (lambda o: LinearLR(o, 1.0, 2.0), ValueError, "LinearLR: start_factor=1.0, end_factor=2.0: factors are from 0 to 1"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "error", "message"), WRONG)
def test_what_makes_no_sense_says_so(make, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        make(optimizer(0.8))
