"""Learning rates, a hundred steps of each schedule, beside PyTorch's: to the last bit but one."""

import pytest
from agree import torch

import minigrad

LIBRARIES = (minigrad, torch)


def rough(step):
    """A metric that falls, with setbacks."""
    return [1.0, 0.9, 0.95, 0.95, 0.7, 0.7, 0.7, 0.7001, 0.5, 0.6][step % 10] / (1 + step // 10)


SCHEDULES = {
    "LambdaLR": lambda s, o: s.LambdaLR(o, lambda epoch: 0.95**epoch),
    "LambdaLR each": lambda s, o: s.LambdaLR(o, [lambda epoch: 0.95**epoch, lambda epoch: 1 / (1 + epoch)]),
    "MultiplicativeLR": lambda s, o: s.MultiplicativeLR(o, lambda epoch: 0.9 + 0.001 * epoch),
    "StepLR": lambda s, o: s.StepLR(o, 7),
    "StepLR by half": lambda s, o: s.StepLR(o, step_size=30, gamma=0.5),
    "MultiStepLR": lambda s, o: s.MultiStepLR(o, [30, 80]),
    "MultiStepLR twice": lambda s, o: s.MultiStepLR(o, milestones=[2, 5, 5, 9], gamma=0.5),
    "ConstantLR": lambda s, o: s.ConstantLR(o),
    "ConstantLR long": lambda s, o: s.ConstantLR(o, factor=0.5, total_iters=40),
    "LinearLR": lambda s, o: s.LinearLR(o),
    "LinearLR down": lambda s, o: s.LinearLR(o, start_factor=1.0, end_factor=0.01, total_iters=60),
    "ExponentialLR": lambda s, o: s.ExponentialLR(o, gamma=0.97),
    "PolynomialLR": lambda s, o: s.PolynomialLR(o, total_iters=50, power=0.9),
    "PolynomialLR short": lambda s, o: s.PolynomialLR(o),
    "CosineAnnealingLR": lambda s, o: s.CosineAnnealingLR(o, T_max=100),
    "CosineAnnealingLR up again": lambda s, o: s.CosineAnnealingLR(o, T_max=13, eta_min=0.01),
    "CosineAnnealingLR of 1": lambda s, o: s.CosineAnnealingLR(o, 1),
    "CosineAnnealingWarmRestarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, T_0=10),
    "CosineAnnealingWarmRestarts longer": lambda s, o: s.CosineAnnealingWarmRestarts(o, 5, 2, 0.001),
    "CyclicLR": lambda s, o: s.CyclicLR(o, 0.001, 0.1, step_size_up=10),
    "CyclicLR triangular2": lambda s, o: s.CyclicLR(o, 0.001, [0.1, 0.2], 10, 20, mode="triangular2"),
    "CyclicLR exp_range": lambda s, o: s.CyclicLR(o, [0.001, 0.01], 0.1, 7, mode="exp_range", gamma=0.99),
    "CyclicLR by hand": lambda s, o: s.CyclicLR(o, 0.01, 0.1, 7, scale_fn=lambda n: 1 / n**0.5),
    "CyclicLR by step": lambda s, o: s.CyclicLR(o, 0.01, 0.1, 7, scale_fn=lambda n: 0.99**n, scale_mode="iterations"),
    "CyclicLR alone": lambda s, o: s.CyclicLR(o, 0.01, 0.1, 7, cycle_momentum=False),
    "OneCycleLR": lambda s, o: s.OneCycleLR(o, max_lr=0.5, total_steps=100),
    "OneCycleLR linear": lambda s, o: s.OneCycleLR(o, [0.5, 0.1], epochs=10, steps_per_epoch=10, anneal_strategy="linear"),
    "OneCycleLR three": lambda s, o: s.OneCycleLR(o, 0.5, 100, three_phase=True, pct_start=0.2, div_factor=10.0),
    "OneCycleLR alone": lambda s, o: s.OneCycleLR(o, 0.5, 100, cycle_momentum=False, final_div_factor=10.0),
    "SequentialLR": lambda s, o: s.SequentialLR(o, [s.ConstantLR(o, 0.1, 2), s.ExponentialLR(o, 0.9)], milestones=[3]),
    "SequentialLR warm": lambda s, o: s.SequentialLR(
        o, [s.LinearLR(o, 0.1, total_iters=10), s.CosineAnnealingLR(o, 50), s.StepLR(o, 10, 0.5)], [10, 60]
    ),
    "SequentialLR nested": lambda s, o: s.SequentialLR(
        o, [s.SequentialLR(o, [s.LinearLR(o), s.LambdaLR(o, lambda n: 0.9**n)], [5]), s.ExponentialLR(o, 0.9)], [20]
    ),
    "ChainedScheduler": lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.1, 2), s.ExponentialLR(o, 0.9)]),
    "ChainedScheduler of three": lambda s, o: s.ChainedScheduler(
        [s.LinearLR(o, 0.5, total_iters=20), s.StepLR(o, 30), s.CosineAnnealingLR(o, 100)]
    ),
    "SWALR": lambda s, o: s.swa.SWALR(o, swa_lr=0.05),
    "SWALR linear": lambda s, o: s.swa.SWALR(o, [0.05, 0.01], anneal_epochs=20, anneal_strategy="linear"),
    "SWALR at once": lambda s, o: s.swa.SWALR(o, 0.05, anneal_epochs=0),
}  # fmt: skip


class Names:
    """The schedules of one library."""

    def __init__(self, t):
        import importlib

        self.swa = importlib.import_module(f"{t.__name__}.optim.swa_utils")
        self.t = t

    def __getattr__(self, name):
        return getattr(self.t.optim.lr_scheduler, name)


def optimizer(t, kind="SGD"):
    groups = [{"params": [t.ones(1, requires_grad=True)]}, {"params": [t.ones(2, requires_grad=True)], "lr": 0.3}]
    descent = t.optim.SGD(groups, lr=0.1, momentum=0.9) if kind == "SGD" else t.optim.Adam(groups, lr=0.1)
    descent.step()
    return descent


def state_of(descent):
    return [[g["lr"], *(g["betas"] if "betas" in g else [g["momentum"]])] for g in descent.param_groups]


def assert_same(found):
    ours, theirs = found
    for step, (a, b) in enumerate(zip(ours, theirs, strict=True)):
        assert a == pytest.approx(b, rel=1e-12, abs=1e-15), f"step {step}"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@pytest.mark.parametrize("name", SCHEDULES)
def test_a_hundred_steps(name, kind):
    found = []
    for t in LIBRARIES:
        descent = optimizer(t, kind)
        schedule = SCHEDULES[name](Names(t), descent)
        rows = [[x for row in state_of(descent) for x in row]]
        for _ in range(99):
            descent.step()
            schedule.step()
            rows.append([x for row in state_of(descent) for x in row] + list(schedule.get_last_lr()))
        found.append(rows)
    assert_same(found)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", [name for name in SCHEDULES if not name.startswith(("Seq", "Chain", "SWA"))])
def test_to_any_step(name):
    found = []
    for t in LIBRARIES:
        descent = optimizer(t)
        schedule = SCHEDULES[name](Names(t), descent)
        rows = []
        for epoch in (3, 4, 17, 0, 50, 51):
            schedule.step(epoch)
            rows.append([x for row in state_of(descent) for x in row])
        found.append(rows)
    assert_same(found)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", SCHEDULES)
def test_rates_that_the_program_changes_in_between(name):
    found = []
    for t in LIBRARIES:
        descent = optimizer(t)
        schedule = SCHEDULES[name](Names(t), descent)
        rows = []
        for step in range(30):
            schedule.step()
            if step % 10 == 5:
                for group in descent.param_groups:
                    group["lr"] = 0.7
            rows.append([x for row in state_of(descent) for x in row])
        found.append(rows)
    assert_same(found)


@pytest.mark.parametrize(
    "options",
    [
        {}, {"patience": 1}, {"mode": "max", "patience": 2, "factor": 0.5}, {"patience": 0, "cooldown": 3, "min_lr": 0.01},
        {"patience": 1, "threshold": 0.1, "threshold_mode": "abs"}, {"patience": 1, "min_lr": [0.1, 0.01]},
        {"mode": "max", "threshold_mode": "abs", "threshold": 0.2, "patience": 0}, {"patience": 0, "eps": 0.01},
    ],
)  # fmt: skip
def test_plateaus(options):
    found = []
    for t in LIBRARIES:
        descent = optimizer(t)
        schedule = t.optim.lr_scheduler.ReduceLROnPlateau(descent, **options)
        rows = []
        for step in range(100):
            schedule.step(t.tensor(rough(step)))
            rows.append(
                [
                    *(row[0] for row in state_of(descent)),
                    schedule.best,
                    schedule.num_bad_epochs,
                    *schedule.get_last_lr(),
                ]
            )
        found.append(rows)
    assert_same(found)


def test_restarts_at_fractions():
    found = []
    for t in LIBRARIES:
        descent = optimizer(t)
        schedule = t.optim.lr_scheduler.CosineAnnealingWarmRestarts(descent, 3, 2)
        rows = []
        for step in range(60):
            schedule.step(step / 4)
            rows.append([row[0] for row in state_of(descent)])
        found.append(rows)
    assert_same(found)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", SCHEDULES)
def test_beginning_at_a_later_step(name):
    found = []
    for t in LIBRARIES:
        if name.startswith(("Seq", "Chain")):
            pytest.skip("they are made of schedules that were begun")
        descent = optimizer(t)
        for i, group in enumerate(descent.param_groups):
            group.update(initial_lr=0.1 * (i + 1), max_lr=0.5, min_lr=0.001, max_momentum=0.95, base_momentum=0.85)
        from functools import partial

        names = Names(t)

        class Later:
            """The same schedules, with last_epoch=4."""

            def __init__(self, names):
                self.names = names

            def __getattr__(self, name):
                return partial(getattr(self.names, name), last_epoch=4)

            @property
            def swa(self):
                return Later(self.names.swa)

        schedule = SCHEDULES[name](Later(names), descent)
        rows = [[x for row in state_of(descent) for x in row]]
        for _ in range(40):
            schedule.step()
            rows.append([x for row in state_of(descent) for x in row])
        found.append(rows)
    assert_same(found)


WRONG = [
    lambda s, o: s.StepLR(3, 3),
    lambda s, o: s.LambdaLR(o, [lambda n: n] * 3),
    lambda s, o: s.ConstantLR(o, 2.0),
    lambda s, o: s.LinearLR(o, 0.0),
    lambda s, o: s.LinearLR(o, 1.0, 2.0),
    lambda s, o: s.CosineAnnealingWarmRestarts(o, 0),
    lambda s, o: s.CosineAnnealingWarmRestarts(o, 5, 0),
    lambda s, o: s.CosineAnnealingWarmRestarts(o, 5).step(-1),
    lambda s, o: s.CyclicLR(o, 0.1, 1.0, mode="square"),
    lambda s, o: s.CyclicLR(o, [0.1], 1.0),
    lambda s, o: s.OneCycleLR(o, 0.1),
    lambda s, o: s.OneCycleLR(o, 0.1, 0),
    lambda s, o: s.OneCycleLR(o, 0.1, epochs=0, steps_per_epoch=3),
    lambda s, o: s.OneCycleLR(o, 0.1, epochs=3, steps_per_epoch=-1),
    lambda s, o: s.OneCycleLR(o, 0.1, 10, pct_start=2.0),
    lambda s, o: s.OneCycleLR(o, 0.1, 10, anneal_strategy="cubic"),
    lambda s, o: (
        [s.OneCycleLR(o, 0.1, 2).step() for _ in range(2)]
        + [(x := s.OneCycleLR(o, 0.1, 2)), *[x.step() for _ in range(3)]]
    ),
    lambda s, o: s.ReduceLROnPlateau(o, factor=1.0),
    lambda s, o: s.ReduceLROnPlateau(o, mode="up"),
    lambda s, o: s.ReduceLROnPlateau(o, threshold_mode="x"),
    lambda s, o: s.ReduceLROnPlateau(o, min_lr=[1, 2, 3]),
    lambda s, o: s.SequentialLR(o, [], []),
    lambda s, o: s.SequentialLR(o, [s.StepLR(o, 1)], [1]),
    lambda s, o: s.SequentialLR(o, [s.ReduceLROnPlateau(o)], []),
    lambda s, o: s.ChainedScheduler([3]),
    lambda s, o: s.ExponentialLR(o, 0.9, last_epoch=3),
    lambda s, o: s.MultiplicativeLR(o, 0.9),
    lambda s, o: s.LRScheduler(o),
    lambda s, o: s.swa.SWALR(o, 0.1, anneal_strategy="cubic"),
    lambda s, o: s.swa.SWALR(o, 0.1, anneal_epochs=-1),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("make", WRONG)
def test_both_refuse(make):
    for t in LIBRARIES:
        with pytest.raises((ValueError, TypeError, KeyError, NotImplementedError, AttributeError)):
            make(Names(t), optimizer(t))


def test_both_refuse_momentum_where_there_is_none():
    for t in LIBRARIES:
        descent = t.optim.Adagrad([t.ones(1, requires_grad=True)])
        for make in (lambda s, o: s.CyclicLR(o, 0.1, 1.0), lambda s, o: s.OneCycleLR(o, 0.1, 10)):
            with pytest.raises(ValueError, match="must support momentum or beta1 with `cycle_momentum`"):
                make(Names(t), descent)


def test_both_warn_of_a_step_before_the_optimizers():
    for t in LIBRARIES:
        schedule = t.optim.lr_scheduler.StepLR(t.optim.SGD([t.ones(1, requires_grad=True)], lr=0.1), 3)
        with pytest.warns(UserWarning, match=r"Detected call of `lr_scheduler.step\(\)` before `optimizer.step\(\)`"):
            schedule.step()
        schedule.step()
