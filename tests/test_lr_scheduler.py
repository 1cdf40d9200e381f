"""Learning-rate schedules: PyTorch 2.13's numbers, and continuing from a state."""

import io
import re
from math import cos, floor, inf, pi

import pytest

import minigrad
from minigrad import ones, tensor
from minigrad.optim import SGD, Adagrad, Adam, Optimizer
from minigrad.optim.lr_scheduler import (
    ChainedScheduler,
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingWarmRestarts,
    CyclicLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    MultiplicativeLR,
    MultiStepLR,
    OneCycleLR,
    PolynomialLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
    _LRScheduler,
)  # fmt: skip
from minigrad.optim.swa_utils import SWALR

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


def wave(done):
    return (1 + cos(pi * done)) / 2


def triangle(n, up, down=None):
    """Up from 0 to 1 and down again, over and over."""
    down = down or up
    at = n % (up + down)
    return at / up if at <= up else (up + down - at) / down


def one_cycle(n, top=0.8, steps=20, start=0.8 / 25, end=0.8 / 25 / 1e4):
    peak = 0.3 * steps - 1
    if n <= peak:
        return top + (start - top) * wave(n / peak)
    return end + (top - end) * wave((n - peak) / (steps - 1 - peak))


def three_phases(n, steps=20, start=0.08, top=0.8, end=0.008):
    peak, bottom = 0.25 * steps - 1, 0.5 * steps - 2
    if n <= peak:
        return start + (top - start) * n / peak
    if n <= bottom:
        return top + (start - top) * (n - peak) / (bottom - peak)
    return start + (end - start) * (n - bottom) / (steps - 1 - bottom)


def restarts(n, length=3, factor=2):
    while n >= length:
        n, length = n - length, length * factor
    return 0.05 + (0.8 - 0.05) * wave(n / length)


FORMULAS = {  # a schedule of the rate 0.8, and the rate at step n
    "multiplicative": (lambda o: MultiplicativeLR(o, lambda n: n / (n + 1)), lambda n: 0.8 / (n + 1)),
    "milestones": (lambda o: MultiStepLR(o, [2, 5, 5, 9], 0.5), lambda n: 0.8 * 0.5 ** sum(n >= m for m in (2, 5, 5, 9))),
    "constant": (lambda o: ConstantLR(o, 0.25, 4), lambda n: 0.8 * (0.25 if n < 4 else 1)),
    "exponential": (lambda o: ExponentialLR(o, 0.9), lambda n: 0.8 * 0.9**n),
    "polynomial": (lambda o: PolynomialLR(o, 8, 2.0), lambda n: 0.8 * max(0, 1 - n / 8) ** 2),
    "restarts": (lambda o: CosineAnnealingWarmRestarts(o, 3, 2, 0.05), restarts),
    "equal restarts": (lambda o: CosineAnnealingWarmRestarts(o, 4), lambda n: 0.8 * wave(n % 4 / 4)),
    "cycle": (lambda o: CyclicLR(o, 0.1, 0.8, 4), lambda n: 0.1 + 0.7 * triangle(n, 4)),
    "lopsided cycle": (lambda o: CyclicLR(o, 0.1, 0.8, 2, 6), lambda n: 0.1 + 0.7 * triangle(n, 2, 6)),
    "halved cycle": (lambda o: CyclicLR(o, 0.1, 0.8, 3, mode="triangular2"),
                     lambda n: 0.1 + 0.7 * triangle(n, 3) / 2 ** floor(n / 6)),
    "shrinking cycle": (lambda o: CyclicLR(o, 0.1, 0.8, 3, mode="exp_range", gamma=0.9),
                        lambda n: 0.1 + 0.7 * triangle(n, 3) * 0.9**n),
    "cycle of one's own": (lambda o: CyclicLR(o, 0.1, 0.8, 3, scale_fn=lambda cycle: 1 / cycle),
                           lambda n: 0.1 + 0.7 * triangle(n, 3) / (1 + floor(n / 6))),
    "one cycle": (lambda o: OneCycleLR(o, 0.8, 20), one_cycle),
    "one cycle in three": (lambda o: OneCycleLR(o, 0.8, epochs=4, steps_per_epoch=5, pct_start=0.25, div_factor=10,
                                                final_div_factor=10, anneal_strategy="linear", three_phase=True), three_phases),
    "one after another": (lambda o: SequentialLR(o, [ConstantLR(o, 0.1, 9), ExponentialLR(o, 0.9), StepLR(o, 2, 0.5)], [3, 6]),
                          lambda n: 0.08 if n < 3 else 0.8 * 0.9 ** (n - 3) if n < 6 else 0.8 * 0.5 ** ((n - 6) // 2)),
    "at once, later": (lambda o: SequentialLR(
        o, [ConstantLR(o, 0.1, 9), ChainedScheduler([StepLR(o, 2, 0.5), ExponentialLR(o, 0.9)])], [5]),
                       lambda n: 0.08 if n < 5 else 0.8 * 0.9 ** (n - 5) * 0.5 ** ((n - 5) // 2)),
    "at once": (lambda o: ChainedScheduler([ConstantLR(o, 0.1, 2), ExponentialLR(o, 0.9)]),
                lambda n: 0.8 * 0.9**n * (0.1 if n < 2 else 1)),
    "average": (lambda o: SWALR(o, 0.1, 5), lambda n: 0.1 + 0.7 * wave(min(n, 5) / 5)),
    "straight average": (lambda o: SWALR(o, 0.1, 4, "linear"), lambda n: 0.8 - 0.7 * min(n, 4) / 4),
    "average at once": (lambda o: SWALR(o, 0.1, 0), lambda n: 0.1),
}  # fmt: skip


def optimizer(*rates):
    descent = SGD([{"params": [ones(1, requires_grad=True)], "lr": rate} for rate in rates], momentum=0.9)
    descent.step()  # a schedule that is stepped before its optimizer warns
    return descent


@pytest.mark.parametrize("name", FORMULAS)
def test_the_rates_follow_the_formula(name):
    make, formula = FORMULAS[name]
    descent = optimizer(0.8)
    schedule = make(descent)
    for n in range(20):
        assert rates(descent) == pytest.approx([formula(n)], rel=1e-9, abs=1e-12), f"step {n}"
        assert schedule.get_last_lr() == rates(descent)
        descent.step()
        if n < 19:
            schedule.step()


@pytest.mark.parametrize(
    "name", ["milestones", "constant", "exponential", "polynomial", "step", "linear to 3/4", "cosine"]
)
def test_a_step_may_be_named(name):
    make, formula = FORMULAS[name] if name in FORMULAS else (SCHEDULES[name][0], SCHEDULES[name][1].__getitem__)
    descent = optimizer(0.8)
    schedule = make(descent)
    for n in (7, 2, 0, 11, 10):
        schedule.step(n)
        assert rates(descent) == pytest.approx([formula(n)], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", FORMULAS)
def test_these_continue_from_a_state_too(name):
    make, formula = FORMULAS[name]
    descent = optimizer(0.8)
    schedule = make(descent)
    for _ in range(7):
        schedule.step()
    saved = through_a_file({"optimizer": descent.state_dict(), "schedule": schedule.state_dict()})
    descent = optimizer(0.8)
    schedule = make(descent)
    descent.load_state_dict(saved["optimizer"])
    schedule.load_state_dict(saved["schedule"])
    for n in range(7, 20):
        assert rates(descent) == pytest.approx([formula(n)], rel=1e-9, abs=1e-12), f"step {n}"
        if n < 19:
            schedule.step()


def test_the_momentum_goes_the_other_way():
    descent = optimizer(0.8)
    schedule = CyclicLR(descent, 0.1, 0.8, 4)
    for n in range(10):
        assert descent.param_groups[0]["momentum"] == pytest.approx(0.9 - 0.1 * triangle(n, 4))
        schedule.step()
    descent = Adam([ones(1)], lr=0.1)
    descent.step()
    schedule = OneCycleLR(descent, 0.8, 20, base_momentum=0.5, max_momentum=0.9)
    for n in range(20):
        beta = one_cycle(n, top=0.5, start=0.9, end=0.9)
        assert descent.param_groups[0]["betas"] == pytest.approx((beta, 0.999))
        if n < 19:
            schedule.step()
    CyclicLR(descent, 0.1, 0.8, 4, cycle_momentum=False).step()


def test_a_rate_may_be_a_tensor():
    rate = tensor(0.8)
    descent = SGD([ones(1)], lr=rate)
    descent.step()
    ExponentialLR(descent, 0.5).step()
    assert descent.param_groups[0]["lr"] is rate
    assert rate.item() == pytest.approx(0.4)


def test_restarts_at_fractions_of_an_epoch():
    descent = optimizer(0.8)
    schedule = CosineAnnealingWarmRestarts(descent, 3, 2, 0.05)
    for n in range(1, 40):
        schedule.step(n / 3)
        assert rates(descent) == pytest.approx([restarts(n / 3)], rel=1e-9), n / 3
    schedule = CosineAnnealingWarmRestarts(descent, 4)
    schedule.step(4.5)
    assert schedule.T_cur == 0.5
    with pytest.raises(ValueError, match="Expected non-negative epoch, but got -1"):
        schedule.step(-1)


PLATEAUS = [  # options, metrics, the rates after each
    ({"patience": 1}, [1, 1, 1, 1, 1], [0.8, 0.8, 0.08, 0.08, 0.008]),
    ({"patience": 0, "factor": 0.5}, [1, 0.5, 0.5, 0.4, 0.39999], [0.8, 0.8, 0.4, 0.4, 0.2]),
    ({"mode": "max", "patience": 0, "factor": 0.5}, [1, 2, 1.5, 3, 3], [0.8, 0.8, 0.4, 0.4, 0.2]),
    ({"patience": 0, "threshold": 0.3, "threshold_mode": "abs", "factor": 0.5}, [1, 0.8, 0.6], [0.8, 0.4, 0.4]),
    (
        {"mode": "max", "patience": 0, "threshold": 0.3, "threshold_mode": "abs", "factor": 0.5},
        [1, 1.2, 1.4],
        [0.8, 0.4, 0.4],
    ),
    ({"patience": 0, "cooldown": 2, "factor": 0.5}, [1, 1, 1, 1, 1], [0.8, 0.4, 0.4, 0.4, 0.2]),
    ({"patience": 0, "min_lr": 0.3, "factor": 0.5}, [1, 1, 1, 1], [0.8, 0.4, 0.3, 0.3]),
    ({"patience": 0, "min_lr": [0.3], "factor": 0.5, "eps": 0.2}, [1, 1, 1, 1], [0.8, 0.4, 0.4, 0.4]),
]


@pytest.mark.parametrize(("options", "metrics", "wanted"), PLATEAUS)
def test_a_plateau_lowers_the_rate(options, metrics, wanted):
    descent = optimizer(0.8)
    schedule = ReduceLROnPlateau(descent, **options)
    seen = []
    for metric in metrics:
        schedule.step(tensor(metric))
        seen += rates(descent)
        assert schedule.get_last_lr() == rates(descent)
    assert seen == pytest.approx(wanted)


def test_a_plateau_continues_from_a_state_and_takes_new_groups_along():
    descent = optimizer(0.8)
    schedule = ReduceLROnPlateau(descent, patience=2, factor=0.5)
    for metric in (1.0, 1.0):
        schedule.step(metric)
    saved = through_a_file(schedule.state_dict())
    other = optimizer(0.8)
    schedule = ReduceLROnPlateau(other)
    assert schedule.best == inf
    schedule.load_state_dict(saved)
    other.add_param_group({"params": [ones(1)], "lr": 0.2})
    for metric in (1.0, 1.0):
        schedule.step(metric, epoch=9)
    assert rates(other) == [0.4, 0.1]


def test_a_step_before_the_optimizers_first_warns_once():
    descent = SGD([ones(1)], lr=0.8)
    schedule = StepLR(descent, 3)
    with pytest.warns(UserWarning, match=r"^Detected call of `lr_scheduler.step\(\)` before `optimizer.step\(\)`"):
        schedule.step()
    schedule.step()


def test_an_optimizer_with_a_step_of_its_own_is_not_suspected():
    class Own(Optimizer):
        def step(self, closure=None):
            return None

    StepLR(Own([ones(1)], {"lr": 0.1}), 3).step()


def test_the_old_name_is_a_class_to_inherit_from():
    class Inverse(_LRScheduler):
        def get_lr(self):
            return [base / (1 + self.last_epoch) for base in self.base_lrs]

    descent = optimizer(0.8)
    schedule = Inverse(descent)
    schedule.step()
    schedule.step(3)
    assert rates(descent) == [0.2]


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
    common = {"base_lrs": [0.8], "last_epoch": 0, "_step_count": 1, "_last_lr": [0.8]}
    assert LambdaLR(descent, lambda step: 1).state_dict() == common
    assert StepLR(optimizer(0.8), 3).state_dict() == {"step_size": 3, "gamma": 0.1, **common}


def test_a_schedule_can_begin_at_a_later_step():
    descent = optimizer(0.4)
    message = "StepLR: last_epoch=2, but group 0 of the optimizer has no 'initial_lr': to continue, load the optimizer's state"
    with pytest.raises(KeyError, match=re.escape(message)):
        StepLR(descent, 3, 0.5, last_epoch=2)
    descent.param_groups[0]["initial_lr"] = 0.8
    schedule = StepLR(descent, 3, 0.5, last_epoch=3)
    for _ in range(2):
        schedule.step()
    assert rates(descent) == [0.2]
    descent.param_groups[0]["lr"] = 0.8
    CosineAnnealingLR(descent, 4, last_epoch=1)
    assert rates(descent) == [0.8]  # the rate there is: that of the step it continues from


def test_two_schedules_multiply():
    descent = optimizer(0.8)
    first, second = StepLR(descent, 1, 0.5), LinearLR(descent, 1.0, 0.0, 4)
    first.step()
    second.step()
    assert rates(descent) == pytest.approx([0.8 * 0.5 * 0.75])


def test_a_rate_that_was_set_in_between_is_gone_on_from():
    descent = optimizer(0.8)
    schedule = StepLR(descent, 1, 0.5)
    descent.param_groups[0]["lr"] = 100.0
    schedule.step()
    assert rates(descent) == [50.0]


def test_a_group_added_later_goes_along_or_keeps_its_rate():
    descent = optimizer(0.8)
    schedule, other = StepLR(descent, 1, 0.5), LambdaLR(descent, lambda step: 1.0)
    descent.add_param_group({"params": [ones(1, requires_grad=True)], "lr": 0.3})
    schedule.step()
    assert rates(descent) == [0.4, 0.15]
    other.step()
    assert rates(descent) == [0.8, 0.15]


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
    (lambda o: LambdaLR(o, 0.9), TypeError, "LambdaLR needs functions of the step number, not a float"),
    (lambda o: ConstantLR(o, 2.0), ValueError, "ConstantLR: factor=2.0: the factor is from 0 to 1"),
    (lambda o: PolynomialLR(o, 0), ValueError, "PolynomialLR: total_iters=0: give a number of steps from 1"),
    (lambda o: CosineAnnealingWarmRestarts(o, 0), ValueError, "Expected positive integer T_0, but got 0: give a number"),
    (lambda o: CosineAnnealingWarmRestarts(o, 1, 0), ValueError, "Expected integer T_mult >= 1, but got 0"),
    (lambda o: CyclicLR(o, 0.1, 1.0, mode="square"), ValueError, "CyclicLR: mode='square' is invalid and scale_fn is None"),
    (lambda o: CyclicLR(o, [0.1, 0.2], 1.0), ValueError, "CyclicLR: 2 values of base_lr for 1 groups: give one, or one"),
    (lambda o: CyclicLR(Adagrad([ones(1)]), 0.1, 1.0), ValueError,
     "CyclicLR: Adagrad must support momentum or beta1 with `cycle_momentum` enabled: pass cycle_momentum=False"),
    (lambda o: OneCycleLR(o, 0.1), ValueError, "OneCycleLR: You must define either total_steps OR (epochs AND"),
    (lambda o: OneCycleLR(o, 0.1, 0), ValueError, "OneCycleLR: Expected positive integer total_steps, but got 0"),
    (lambda o: OneCycleLR(o, 0.1, epochs=0, steps_per_epoch=1), ValueError, "OneCycleLR: Expected positive integer epochs"),
    (lambda o: OneCycleLR(o, 0.1, 9, pct_start=2.0), ValueError, "OneCycleLR: Expected float between 0 and 1 pct_start, but"),
    (lambda o: OneCycleLR(o, 0.1, 9, anneal_strategy="x"), ValueError, "OneCycleLR: anneal_strategy must be one of 'cos' or"),
    (lambda o: [schedule.step() for schedule in [OneCycleLR(o, 0.1, 2)] * 3], ValueError,
     "Tried to step 3 times. The specified number of total steps is 2: the schedule is to be stepped once after each batch"),
    (lambda o: ReduceLROnPlateau(o, factor=1.0), ValueError, "ReduceLROnPlateau: factor=1.0: Factor should be < 1.0"),
    (lambda o: ReduceLROnPlateau(o, "up"), ValueError, "ReduceLROnPlateau: mode up is unknown: use 'min' for a loss"),
    (lambda o: ReduceLROnPlateau(o, threshold_mode="x"), ValueError, "ReduceLROnPlateau: threshold mode x is unknown"),
    (lambda o: SequentialLR(o, [], []), ValueError, "SequentialLR expects at least one scheduler, but got no scheduler."),
    (lambda o: SequentialLR(o, [StepLR(o, 1)], [1]), ValueError, "SequentialLR: 1 schedulers and 1 milestones: give one"),
    (lambda o: SequentialLR(o, [StepLR(optimizer(1.0), 1)], []), ValueError,
     "SequentialLR expects all schedulers to belong to the same optimizer: that of StepLR, at index 0, is another"),
    (lambda o: ChainedScheduler([ReduceLROnPlateau(o)]), ValueError, "ChainedScheduler does not support ReduceLROnPlateau, at "
     "index 0: its step needs the metric"),
    (lambda o: ChainedScheduler([StepLR(o, 1), 3]), TypeError, "ChainedScheduler: a int, at index 1, is no schedule"),
    (lambda o: SWALR(o, 0.1, anneal_strategy="x"), ValueError, "SWALR: anneal_strategy must be one of 'cos' or 'linear'"),
    (lambda o: SWALR(o, 0.1, -1), ValueError, "SWALR: anneal_epochs must be equal or greater than 0, got -1"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "error", "message"), WRONG)
def test_what_makes_no_sense_says_so(make, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        make(optimizer(0.8))
