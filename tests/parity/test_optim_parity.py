"""Optimizers step for step beside PyTorch's, in both precisions, with all options; states go from one to the other."""

import copy

import numpy as np
import pytest
from agree import torch

import minigrad

STIFF = np.array([[1.0, 0.5, 3.0], [0.2, 2.0, 0.1]])
START = np.array([[1.0, -2.0, 0.5], [0.0, 1.5, -0.3]])

CASES = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.5, "weight_decay": 0.1}),
    ("SGD", {"lr": 0.01, "weight_decay": 0.1, "maximize": True}),
    ("SGD", {"lr": 0.01, "momentum": 0.5, "weight_decay": 0.1, "maximize": True, "foreach": False}),
    ("SGD", {}),
    ("Adam", {"lr": 0.1}),
    ("Adam", {"lr": 0.1, "betas": (0.5, 0.9), "eps": 0.1}),
    ("Adam", {"lr": 0.1, "amsgrad": True, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.1, "maximize": True, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.1, "decoupled_weight_decay": True, "weight_decay": 0.1, "maximize": True}),
    ("AdamW", {"lr": 0.1}),
    ("AdamW", {"lr": 0.1, "weight_decay": 0.3, "amsgrad": True}),
    ("AdamW", {}),
    ("RMSprop", {"lr": 0.05}),
    ("RMSprop", {"lr": 0.01, "momentum": 0.9, "weight_decay": 0.1}),
    ("RMSprop", {"lr": 0.01, "centered": True, "alpha": 0.9, "eps": 1e-4}),
    ("RMSprop", {"lr": 0.01, "centered": True, "momentum": 0.5, "maximize": True}),
    ("Adagrad", {"lr": 0.5}),
    ("Adagrad", {"lr": 0.5, "lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.2, "eps": 1e-5}),
    ("Adagrad", {"maximize": True}),
    ("Adadelta", {}),
    ("Adadelta", {"lr": 0.5, "rho": 0.8, "eps": 1e-3, "weight_decay": 0.1}),
    ("Adadelta", {"maximize": True, "weight_decay": 0.1}),
    ("Adamax", {"lr": 0.1}),
    ("Adamax", {"betas": (0.5, 0.5), "eps": 1e-3, "weight_decay": 0.1, "maximize": True}),
    ("NAdam", {"lr": 0.1}),
    ("NAdam", {"weight_decay": 0.1, "momentum_decay": 0.1, "maximize": True}),
    ("NAdam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("RAdam", {"lr": 0.1}),
    ("RAdam", {"lr": 0.1, "betas": (0.9, 0.9), "weight_decay": 0.1}),
    ("RAdam", {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True}),
    ("ASGD", {"lr": 0.1}),
    ("ASGD", {"lr": 0.1, "lambd": 0.1, "alpha": 0.5, "t0": 5, "weight_decay": 0.1}),
    ("ASGD", {"maximize": True}),
    ("Rprop", {}),
    ("Rprop", {"lr": 0.1, "etas": (0.3, 1.5), "step_sizes": (1e-3, 0.5)}),
    ("Rprop", {"maximize": True}),
    ("LBFGS", {"max_iter": 2}),
    ("LBFGS", {"lr": 0.3, "max_iter": 3, "history_size": 2}),
    ("LBFGS", {"max_iter": 2, "line_search_fn": "strong_wolfe"}),
    ("LBFGS", {"lr": 2.0, "max_iter": 3, "history_size": 3, "line_search_fn": "strong_wolfe"}),
]  # fmt: skip
IDS = [f"{name} {' '.join(f'{k}={v}' for k, v in options.items())}" for name, options in CASES]


class Run:
    """Parameters of one library on their way down a curve, some of them now and then without a gradient."""

    def __init__(self, t, name, options, dtype):
        self.t = t
        self.p = t.tensor(START, dtype=getattr(t, dtype), requires_grad=True)
        self.q = t.tensor(0.7, dtype=getattr(t, dtype), requires_grad=True)
        self.stiff = t.tensor(STIFF, dtype=getattr(t, dtype))
        self.descent = getattr(t.optim, name)([self.p, self.q], **options)
        self.n = 0

    def loss(self):
        self.descent.zero_grad()
        loss = (self.stiff * self.p**2 / 2 + self.p.sin()).sum()
        if self.n % 3 != 1 or isinstance(self.descent, self.t.optim.LBFGS):
            loss = loss + (self.q - 0.1) ** 2 * self.p.mean() ** 2
        loss.backward()
        return loss

    def step(self):
        if isinstance(self.descent, self.t.optim.LBFGS):
            self.descent.step(self.loss)
        else:
            self.loss()
            self.descent.step()
        self.n += 1
        return [self.p.tolist(), self.q.tolist()]


def close(ours, theirs, dtype, n=0):
    tolerance = {"rtol": 1e-9, "atol": 1e-10} if dtype == "float64" else {"rtol": 2e-4, "atol": 2e-5}
    for a, b in zip(ours, theirs):
        np.testing.assert_allclose(a, b, **tolerance, err_msg=f"after step {n}")


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)
def test_forty_steps_are_pytorchs(name, options, dtype):
    ours, theirs = (Run(t, name, options, dtype) for t in (minigrad, torch))
    if dtype == "float64" and name in ("NAdam", "ASGD"):
        dtype = "float32"  # PyTorch keeps their running factors in float32
    steps = 40 if name != "LBFGS" else 8 if dtype == "float64" else 5  # at the bottom the search goes by rounding
    for n in range(steps):
        close(ours.step(), theirs.step(), dtype, n)


def as_torch_state(state):
    """A state of ours, its tensors PyTorch's."""
    if isinstance(state, minigrad.Tensor):
        return torch.tensor(state.numpy())
    if isinstance(state, dict):
        return {key: as_torch_state(value) for key, value in state.items()}
    return [as_torch_state(part) for part in state] if isinstance(state, list) else state


def as_our_state(state):
    """A state of PyTorch's, its tensors ours."""
    if isinstance(state, torch.Tensor):
        return minigrad.tensor(state.detach().numpy())
    if isinstance(state, dict):
        return {key: as_our_state(value) for key, value in state.items()}
    return [as_our_state(part) for part in state] if isinstance(state, list) else state


@pytest.mark.parametrize(("name", "options"), CASES, ids=IDS)
def test_a_state_goes_to_pytorch_and_comes_from_there(name, options):
    dtype = "float64" if name == "LBFGS" else "float32"
    ours, theirs = (Run(t, name, options, dtype) for t in (minigrad, torch))
    for _ in range(4):
        ours.step(), theirs.step()
    theirs.descent.load_state_dict(as_torch_state(copy.deepcopy(ours.descent.state_dict())))
    for _ in range(3):
        close(ours.step(), theirs.step(), "float32")
    ours.descent.load_state_dict(as_our_state(theirs.descent.state_dict()))
    for _ in range(3):
        close(ours.step(), theirs.step(), "float32")


@pytest.mark.parametrize("name", sorted({name for name, _ in CASES}))
def test_prints_and_groups_as_pytorch(name):
    ours, theirs = (Run(t, name, {}, "float32") for t in (minigrad, torch))
    assert repr(ours.descent) == repr(theirs.descent)
    assert list(ours.descent.param_groups[0]) == list(theirs.descent.param_groups[0])
    assert ours.descent.defaults == theirs.descent.defaults
    ours.step(), theirs.step()
    own, other = (set(run.descent.state_dict()["state"].get(0, {})) for run in (ours, theirs))
    assert own == other - {"al"}


def test_names_come_along():
    for t in (minigrad, torch):
        descent = t.optim.SGD(t.nn.Linear(2, 1).named_parameters(), lr=0.1)
        assert descent.state_dict()["param_groups"][0]["param_names"] == ["weight", "bias"]


def test_hooks_see_each_step():
    for t in (minigrad, torch):
        p = t.ones(2, requires_grad=True)
        descent = t.optim.SGD([p], lr=0.1)
        seen = []
        before = descent.register_step_pre_hook(lambda o, args, kwargs, seen=seen: seen.append("before"))
        descent.register_step_post_hook(lambda o, args, kwargs, seen=seen: seen.append("after"))
        descent.step()
        before.remove()
        descent.step()
        assert seen == ["before", "after", "after"]


WRONG = [
    lambda t, p: t.optim.SGD([p], lr=-1.0),
    lambda t, p: t.optim.SGD([p], lr=0.1, nesterov=True),
    lambda t, p: t.optim.Adam([p], betas=(1.0, 0.9)),
    lambda t, p: t.optim.Adam([]),
    lambda t, p: t.optim.Adam(p),
    lambda t, p: t.optim.Adam([p * 2]),
    lambda t, p: t.optim.Adam([p, p.detach().numpy()]),
    lambda t, p: t.optim.Adam([{"params": [p]}, {"params": [p]}]),
    lambda t, p: t.optim.Adam([("a", p), t.ones(1)]),
    lambda t, p: t.optim.Adam([p]).add_param_group([p]),
    lambda t, p: t.optim.LBFGS([{"params": [p]}, {"params": [t.ones(1)]}]),
    lambda t, p: t.optim.LBFGS([p]).step(),
    lambda t, p: t.optim.Rprop([p], etas=(1.5, 2.0)),
    lambda t, p: t.optim.Adam([p]).load_state_dict({"state": {}, "param_groups": []}),
]


@pytest.mark.parametrize("make", WRONG)
def test_both_refuse(make):
    for t in (minigrad, torch):
        p = t.ones(2, requires_grad=True)
        with pytest.raises((ValueError, TypeError)):
            make(t, p)
