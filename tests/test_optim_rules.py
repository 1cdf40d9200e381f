"""The other rules: each against its formula for one number, written out again; LBFGS; what every optimizer does besides."""

import copy
import io
import pickle
import re
from math import sqrt

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import minigrad
from minigrad import nn, ones, optim, tensor
from minigrad.nn import Parameter
from minigrad.optim import (
    ASGD,
    LBFGS,
    SGD,
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    NAdam,
    Optimizer,
    RAdam,
    RMSprop,
    Rprop,
    lr_scheduler,
    swa_utils,
)  # fmt: skip
from minigrad.optim.lbfgs import Point, search
from minigrad.optim.optimizer import required


def l2(g, p, weight_decay, maximize):
    return (-g if maximize else g) + weight_decay * p


class ByHand:
    """One number."""

    def __init__(self):
        self.t, self.m, self.v, self.extra = 0, 0.0, 0.0, 0.0


class AdamWByHand(ByHand):
    def step(self, p, g, lr, betas, eps, weight_decay, amsgrad, maximize):
        g, p = -g if maximize else g, p * (1 - lr * weight_decay)
        self.t += 1
        self.m = betas[0] * self.m + (1 - betas[0]) * g
        self.v = betas[1] * self.v + (1 - betas[1]) * g * g
        self.extra = max(self.extra, self.v)
        v = (self.extra if amsgrad else self.v) / (1 - betas[1] ** self.t)
        return p - lr * self.m / (1 - betas[0] ** self.t) / (sqrt(v) + eps)


class RMSpropByHand(ByHand):
    b = 0.0

    def step(self, p, g, lr, alpha, eps, weight_decay, momentum, centered, maximize):
        g = l2(g, p, weight_decay, maximize)
        self.v = alpha * self.v + (1 - alpha) * g * g
        self.m = alpha * self.m + (1 - alpha) * g
        step = g / (sqrt(self.v - self.m**2 if centered else self.v) + eps)
        self.b = momentum * self.b + step
        return p - lr * self.b


class AdagradByHand(ByHand):
    def step(self, p, g, lr, lr_decay, weight_decay, initial_accumulator_value, eps, maximize):
        g = l2(g, p, weight_decay, maximize)
        self.v = (self.v if self.t else initial_accumulator_value) + g * g
        self.t += 1
        return p - lr / (1 + (self.t - 1) * lr_decay) * g / (sqrt(self.v) + eps)


class AdadeltaByHand(ByHand):
    def step(self, p, g, lr, rho, eps, weight_decay, maximize):
        g = l2(g, p, weight_decay, maximize)
        self.v = rho * self.v + (1 - rho) * g * g
        delta = sqrt(self.extra + eps) / sqrt(self.v + eps) * g
        self.extra = rho * self.extra + (1 - rho) * delta * delta
        return p - lr * delta


class AdamaxByHand(ByHand):
    def step(self, p, g, lr, betas, eps, weight_decay, maximize):
        g = l2(g, p, weight_decay, maximize)
        self.t += 1
        self.m = betas[0] * self.m + (1 - betas[0]) * g
        self.v = max(betas[1] * self.v, abs(g) + eps)
        return p - lr / (1 - betas[0] ** self.t) * self.m / self.v


class NAdamByHand(ByHand):
    product = 1.0

    def step(self, p, g, lr, betas, eps, weight_decay, momentum_decay, decoupled_weight_decay, maximize):
        if decoupled_weight_decay:
            g, p = -g if maximize else g, p * (1 - lr * weight_decay)
        else:
            g = l2(g, p, weight_decay, maximize)
        self.t += 1
        mu, after = (betas[0] * (1 - 0.5 * 0.96 ** (t * momentum_decay)) for t in (self.t, self.t + 1))
        self.product *= mu
        self.m = betas[0] * self.m + (1 - betas[0]) * g
        self.v = betas[1] * self.v + (1 - betas[1]) * g * g
        mean = after * self.m / (1 - self.product * after) + (1 - mu) * g / (1 - self.product)
        return p - lr * mean / (sqrt(self.v / (1 - betas[1] ** self.t)) + eps)


class RAdamByHand(ByHand):
    def step(self, p, g, lr, betas, eps, weight_decay, decoupled_weight_decay, maximize):
        if decoupled_weight_decay:
            g, p = -g if maximize else g, p * (1 - lr * weight_decay)
        else:
            g = l2(g, p, weight_decay, maximize)
        self.t += 1
        self.m = betas[0] * self.m + (1 - betas[0]) * g
        self.v = betas[1] * self.v + (1 - betas[1]) * g * g
        m = self.m / (1 - betas[0] ** self.t)
        top = 2 / (1 - betas[1]) - 1
        rho = top - 2 * self.t * betas[1] ** self.t / (1 - betas[1] ** self.t)
        if rho <= 5:
            return p - lr * m
        r = sqrt((rho - 4) * (rho - 2) * top / ((top - 4) * (top - 2) * rho))
        return p - lr * m * r * sqrt(1 - betas[1] ** self.t) / (sqrt(self.v) + eps)


class ASGDByHand(ByHand):
    def step(self, p, g, lr, lambd, alpha, t0, weight_decay, maximize):
        g = l2(g, p, weight_decay, maximize)
        eta = lr / (1 + lambd * lr * self.t) ** alpha
        self.t += 1
        return p * (1 - lambd * eta) - eta * g


class RpropByHand(ByHand):
    size = None

    def step(self, p, g, lr, etas, step_sizes, maximize):
        g = -g if maximize else g
        self.size = lr if self.size is None else self.size
        turn = g * self.m
        self.size = min(
            max(self.size * (etas[1] if turn > 0 else etas[0] if turn < 0 else 1), step_sizes[0]), step_sizes[1]
        )
        self.m = 0 if turn < 0 else g
        return p - self.size * np.sign(self.m)


BETAS, DECAY, LR = [(0.9, 0.999), (0.5, 0.8), (0.0, 0.9)], [0, 0.1], [0.01, 0.3]
RULES = {  # the rule by hand, and options to choose from
    AdamW: (AdamWByHand, {"lr": LR, "betas": BETAS, "eps": [1e-8, 0.1], "weight_decay": DECAY, "amsgrad": [False, True]}),
    RMSprop: (RMSpropByHand, {"lr": LR, "alpha": [0.99, 0.5], "eps": [1e-8, 0.1], "weight_decay": DECAY, "momentum": [0, 0.9],
                              "centered": [False, True]}),
    Adagrad: (AdagradByHand, {"lr": LR, "lr_decay": [0, 0.1], "weight_decay": DECAY, "initial_accumulator_value": [0, 0.5],
                              "eps": [1e-10, 0.1]}),
    Adadelta: (AdadeltaByHand, {"lr": [1.0, 0.5], "rho": [0.9, 0.5], "eps": [1e-6, 0.1], "weight_decay": DECAY}),
    Adamax: (AdamaxByHand, {"lr": LR, "betas": BETAS, "eps": [1e-8, 0.1], "weight_decay": DECAY}),
    NAdam: (NAdamByHand, {"lr": LR, "betas": BETAS, "eps": [1e-8, 0.1], "weight_decay": DECAY, "momentum_decay": [0.004, 0.1],
                          "decoupled_weight_decay": [False, True]}),
    RAdam: (RAdamByHand, {"lr": LR, "betas": BETAS, "eps": [1e-8, 0.1], "weight_decay": DECAY,
                          "decoupled_weight_decay": [False, True]}),
    ASGD: (ASGDByHand, {"lr": LR, "lambd": [1e-4, 0.1], "alpha": [0.75, 0.5], "t0": [1e6], "weight_decay": DECAY}),
    Rprop: (RpropByHand, {"lr": LR, "etas": [(0.5, 1.2), (0.3, 2.0)], "step_sizes": [(1e-6, 50), (0.1, 0.2)]}),
}  # fmt: skip
NUMBERS = st.floats(-3, 3).map(lambda x: round(x, 2) or 0.5)


@pytest.mark.parametrize("kind", RULES, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_steps_follow_the_formulas(kind, data):
    by_hand, choices = RULES[kind]
    options = {name: data.draw(st.sampled_from(values)) for name, values in choices.items()}
    options["maximize"] = data.draw(st.booleans())
    rows = data.draw(st.lists(st.lists(st.none() | NUMBERS, min_size=2, max_size=2), min_size=1, max_size=8))
    values, rules = [1.0, -0.5], [by_hand(), by_hand()]
    parameters = [tensor(np.full((1, 2), value), requires_grad=True) for value in values]
    descent = kind(parameters, **options)
    for row in rows:
        for i, g in enumerate(row):
            parameters[i].grad = None if g is None else tensor(np.full((1, 2), g))
            if g is not None:
                values[i] = rules[i].step(values[i], g, **options)
        descent.step()
        for p, value in zip(parameters, values):
            np.testing.assert_allclose(p.detach().array, value, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("kind", [*RULES, SGD, Adam, LBFGS], ids=lambda kind: kind.__name__)
def test_a_state_continues_to_the_last_bit_and_float32_stays(kind):
    def problem():
        p = tensor([[1.0, -2.0], [0.5, 3.0]], requires_grad=True)
        q = tensor(0.3, requires_grad=True)
        return p, q, kind([p, q], lr=0.1)

    def steps(p, q, descent, n):
        def closure():
            descent.zero_grad()
            loss = ((p.sin() + q) ** 2).sum()
            loss.backward()
            return loss

        for _ in range(n):
            descent.step(closure)

    p, q, descent = problem()
    steps(p, q, descent, 6)
    a, b, other = problem()
    steps(a, b, other, 3)
    file = io.BytesIO()
    minigrad.save(other.state_dict(), file)
    file.seek(0)
    c, d, again = problem()
    with minigrad.no_grad():
        c.copy_(a), d.copy_(b)
    again.load_state_dict(minigrad.load(file))
    steps(c, d, again, 3)
    assert (c.tolist(), d.tolist()) == (p.tolist(), q.tolist())
    assert p.dtype == q.dtype == minigrad.float32
    assert all(
        v.dtype == minigrad.float32
        for s in descent.state.values()
        for v in s.values()
        if isinstance(v, minigrad.Tensor)
    )
    assert (
        copy.deepcopy(descent).param_groups[0]["lr"] == pickle.loads(pickle.dumps(descent)).param_groups[0]["lr"] == 0.1
    )


def test_the_mean_of_asgd():
    p = tensor([1.0], dtype="float64", requires_grad=True)
    descent = ASGD([p], lr=0.5, lambd=0.0, t0=1)
    seen = []
    for g in (1.0, 2.0, 3.0, 4.0, 5.0):
        p.grad = tensor([g], dtype="float64")
        descent.step()
        seen.append(p.item())
    assert descent.state[p]["ax"].item() == pytest.approx(np.mean(seen[2:]))


def test_a_state_stays_as_it_was_when_the_optimizer_goes_on():
    p = Parameter(tensor([1.0, 2.0]))
    descent = Adam([p], lr=tensor(0.1))
    p.grad = ones(2)
    descent.step()
    state = descent.state_dict()
    before = repr(state)
    descent.step()
    descent.param_groups[0]["lr"].mul_(2)
    assert repr(state) == before
    descent.load_state_dict(state)
    assert repr(descent.state_dict()) == before


# ── LBFGS ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def rosenbrock(w):
    return (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2


def closure_for(w, descent, loss, calls):
    def closure():
        descent.zero_grad()
        value = loss(w)
        value.backward()
        calls.append(value.item())
        return value

    return closure


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
def test_lbfgs_finds_minima(search):
    w = tensor([-1.2, 1.0], dtype="float64", requires_grad=True)
    descent, calls = LBFGS([w], lr=0.1 if search is None else 1, max_iter=60, line_search_fn=search), []
    for _ in range(12):
        descent.step(closure_for(w, descent, rosenbrock, calls))
    np.testing.assert_allclose(w.detach().array, [1, 1], atol=1e-4)
    assert descent.state[w]["func_evals"] == len(calls)
    count = len(calls)
    w.data = ones(2, dtype="float64")
    assert descent.step(closure_for(w, descent, rosenbrock, calls)).item() == 0
    assert len(calls) == count + 1


def test_lbfgs_on_a_quadratic_needs_as_many_steps_as_dimensions():
    scale = tensor([1.0, 3.0, 10.0], dtype="float64")
    w = ones(3, dtype="float64", requires_grad=True)
    descent, calls = LBFGS([w], max_iter=12, line_search_fn="strong_wolfe"), []
    loss = descent.step(closure_for(w, descent, lambda w: (scale * w * w).sum(), calls))
    assert loss.item() == 14
    assert np.abs(w.detach().array).max() < 1e-5


def test_lbfgs_stops_at_max_eval_and_forgets():
    w = tensor([-1.2, 1.0], dtype="float64", requires_grad=True)
    descent, calls = LBFGS([w], lr=0.01, max_iter=50, max_eval=7, history_size=2), []
    descent.step(closure_for(w, descent, rosenbrock, calls))
    assert len(calls) == 7
    assert len(descent.state[w]["old_dirs"]) <= 2
    descent.step(closure_for(w, descent, rosenbrock, calls))
    assert len(descent.state[w]["ro"]) == 2


@pytest.mark.parametrize(("most", "calls"), [(1, 2), (2, 3)])
def test_a_line_search_ends_when_the_closure_was_called_often_enough(most, calls):
    w, count = tensor([0.5, -1.0, 2.0], requires_grad=True), []
    descent = LBFGS([w], lr=1e-9, max_iter=2, max_eval=most, line_search_fn="strong_wolfe")

    def closure():
        count.append(1)
        descent.zero_grad()
        loss = (w**2).sum()
        loss.backward()
        return loss

    descent.step(closure)
    assert len(count) == calls  # the first try is free, as in PyTorch


@pytest.mark.parametrize("loss", [lambda w: -(w**2).sum(), lambda w: (w.abs() ** 0.5).sum(), lambda w: w.exp().sum() * 1e-3,
                                  lambda w: (50 * w).sin().sum() + (w * w).sum(), lambda w: (w**4).sum() * 1e4])  # fmt: skip
def test_the_search_ends_whatever_the_loss(loss):
    w = tensor([0.3, -0.7], dtype="float64", requires_grad=True)
    descent, calls = LBFGS([w], lr=5.0, max_iter=6, line_search_fn="strong_wolfe"), []
    first = descent.step(closure_for(w, descent, loss, calls)).item()
    assert len(calls) < 200
    assert loss(w).item() <= first


def test_a_step_that_goes_up_the_other_side_is_brought_back():
    w = tensor([0.5], dtype="float64", requires_grad=True)
    calls = []
    descent = LBFGS([w], lr=1.95, max_iter=1, max_eval=9, line_search_fn="strong_wolfe")
    descent.step(closure_for(w, descent, lambda w: (w * w).sum() / 2, calls))
    assert (w.item(), len(calls)) == (pytest.approx(0, abs=1e-12), 3)


@example(1.3, 10.25, 1.1, 5.0)
@given(
    st.floats(0.01, 5),
    st.floats(0.05, 20),
    st.sampled_from([1.0, 1.1, 1.5, 2.0, 4.0, 8.0]),
    st.sampled_from([0.0, 0.5]),
)
def test_the_search_finds_a_point_as_wolfe_wants_it(bottom, first, power, tilt):
    calls = []

    def at(t):
        calls.append(t)
        side = np.float64(t - bottom)
        slope = np.sign(side) * power * abs(side) ** (power - 1) * (1 + tilt * (side > 0))
        return Point(t, float(abs(side) ** power * (1 + tilt * (side > 0))), np.array([slope]), slope)

    start = at(0.0)._replace(t=0)
    found, count = search(at, start, first, 1.0, 1e-9)
    assert count == len(calls) - 1 <= 26
    assert found.loss <= start.loss
    if power > 1.2:
        assert found.loss <= start.loss + 1e-4 * found.t * start.slope
        assert abs(found.slope) <= -0.9 * start.slope


def test_parameters_without_a_gradient_stay():
    w, unused = tensor([3.0], requires_grad=True), tensor([5.0], requires_grad=True)
    descent = LBFGS([w, unused])
    descent.step(closure_for(w, descent, lambda w: (w * w).sum(), []))
    assert unused.item() == 5
    assert abs(w.item()) < 1e-3


# ── what all share ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_step_hooks():
    p, log = Parameter(ones(1)), []
    for descent in (SGD([p], lr=0.1), LBFGS([p])):
        before = descent.register_step_pre_hook(lambda o, args, kwargs: log.append("before"))
        descent.register_step_post_hook(lambda o, args, kwargs: log.append("after"))
        descent.step(lambda: (p.sum() * 0).detach())
        before.remove()
        descent.step(lambda: (p.sum() * 0).detach())
    assert log == ["before", "after", "after"] * 2


def test_names_come_along():
    descent = SGD(nn.Linear(2, 1).named_parameters(), lr=0.1)
    assert descent.param_groups[0]["param_names"] == ["weight", "bias"]


def test_an_option_may_be_required():
    assert repr(required) == "<required parameter>"
    Optimizer([{"params": [ones(1)], "lr": 1}], {"lr": required})
    with pytest.raises(ValueError, match=re.escape("Optimizer: a parameter group has no lr: give one, lr=...")):
        Optimizer([ones(1)], {"lr": required})


def test_a_rate_as_a_tensor_and_the_state_of_adam_for_adamw():
    p = Parameter(ones(2))
    p.grad = ones(2)
    for kind in (*RULES, SGD, Adam):
        descent = kind([p], lr=tensor(0.1))
        descent.step()
    adam, adamw = Adam([p]), AdamW([p])
    adamw.load_state_dict(adam.state_dict())
    assert adamw.param_groups[0]["decoupled_weight_decay"]
    assert Adagrad([p]).share_memory() is None


def test_numbers_that_pytorch_keeps_in_tensors():
    p = Parameter(ones(2))
    p.grad = ones(2)
    descent = NAdam([p])
    descent.step()
    state = descent.state_dict()
    state["state"][0].update(step=tensor(1.0), mu_product=tensor(0.45), exp_avg=ones(2, dtype="float64"))
    descent.load_state_dict(state)
    found = descent.state[p]
    assert (found["step"], round(found["mu_product"], 4), found["exp_avg"].dtype) == (1, 0.45, minigrad.float32)
    descent.step()


WRONG = [
    (lambda p: LBFGS([p]).step(), TypeError, "LBFGS.step needs a closure, a function that clears the gradients"),
    (
        lambda p: LBFGS([p], line_search_fn="x"),
        RuntimeError,
        "LBFGS: line_search_fn='x': only 'strong_wolfe' is supported",
    ),
    (lambda p: LBFGS([{"params": [p]}, {"params": [ones(1)]}]), ValueError, "LBFGS takes one group of parameters"),
    (lambda p: Rprop([p], etas=(0.5, 0.9)), ValueError, "Rprop: etaplus=0.9: give a number from 1"),
    (lambda p: RMSprop([p], alpha=-1), ValueError, "RMSprop: alpha=-1: give a number from 0"),
    (
        lambda p: SGD([p], differentiable=True),
        NotImplementedError,
        "SGD: differentiable=True: an optimizer writes in place",
    ),
    (lambda p: SGD([("a", p), ones(1)]), ValueError, "an optimizer got some parameters with names and some without"),
    (
        lambda p: SGD([p]).add_param_group([p]),
        TypeError,
        "add_param_group needs a dict, not a list: {'params': tensors, 'lr'",
    ),
    (lambda p: optim.AdaBound, AttributeError, "module 'minigrad.optim' has no attribute 'AdaBound'"),
    (lambda p: swa_utils.get_ema_avg_fn(2), ValueError, "Invalid decay value 2 provided."),
    (
        lambda p: swa_utils.AveragedModel(nn.Tanh(), avg_fn=max, multi_avg_fn=max),
        AssertionError,
        "Only one of avg_fn and",
    ),
]


@pytest.mark.parametrize(("make", "error", "message"), WRONG)
def test_what_makes_no_sense_says_so(make, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        make(Parameter(ones(1)))


def test_the_names_of_the_package():
    rules = {
        "ASGD",
        "LBFGS",
        "SGD",
        "Adadelta",
        "Adagrad",
        "Adam",
        "AdamW",
        "Adamax",
        "NAdam",
        "RAdam",
        "RMSprop",
        "Rprop",
    }
    assert set(optim.__all__) == {*rules, "Optimizer", "lr_scheduler", "swa_utils"}
    assert optim.lr_scheduler is lr_scheduler


# ── averages ─────────────────────────────────────────────────────────────────────────────────────────────────────────


AVERAGES = {
    "mean": ({}, 2.0),
    "mean by name": ({"avg_fn": swa_utils.get_swa_avg_fn()}, 2.0),
    "exponential": ({"avg_fn": swa_utils.get_ema_avg_fn(0.5)}, 0.5 * (0.5 * 1 + 0.5 * 2) + 0.5 * 3),
    "exponential of lists": (
        {"multi_avg_fn": swa_utils.get_ema_multi_avg_fn(0.5)},
        0.5 * (0.5 * 1 + 0.5 * 2) + 0.5 * 3,
    ),
}


@pytest.mark.parametrize("name", AVERAGES)
@pytest.mark.parametrize("use_buffers", [False, True])
def test_averages_of_parameters(name, use_buffers):
    options, wanted = AVERAGES[name]
    model = nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1))
    average = swa_utils.AveragedModel(model, use_buffers=use_buffers, **options)
    for value in (1.0, 2.0, 3.0):
        for tensor_ in (*model.parameters(), model[1].running_mean):
            tensor_.data.fill_(value)
        average.update_parameters(model)
    assert average.module[0].weight.item() == pytest.approx(wanted)
    assert average.module[1].running_mean.item() == pytest.approx(wanted if use_buffers else 3)
    assert average.n_averaged.item() == 3
    assert average.eval()(ones(4, 1)).shape == (4, 1)


def test_moments_computed_anew():
    model = nn.Sequential(nn.BatchNorm1d(2)).eval()
    batches = [minigrad.randn(8, 2) + 3, minigrad.randn(8, 2)]
    swa_utils.update_bn([(batches[0], 1), batches[1]], model)
    expected = np.mean([batch.array.mean(0) for batch in batches], axis=0)
    np.testing.assert_allclose(model[0].running_mean.array, expected, rtol=1e-5)
    assert (model[0].momentum, model.training) == (0.1, False)
    swa_utils.update_bn(batches, nn.Tanh())
