"""Small parameters updated side by side, large ones in pieces: the same numbers as one by one, to the bit."""

import copy
import pickle

import numpy as np
import pytest

import minigrad
from minigrad import nn, optim
from minigrad.optim import flat

RULES = {
    "SGD": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "Adam": lambda p: optim.Adam(p, lr=0.01, weight_decay=0.02),
    "amsgrad": lambda p: optim.Adam(p, lr=0.01, amsgrad=True),
    "AdamW": lambda p: optim.AdamW(p, lr=0.01),
}


def nothing(i, model, descent):
    """The plain case."""


def without_a_gradient(i, model, descent):
    if i in (7, 12):
        model[0].bias.grad = None


def replaced(i, model, descent):
    if i == 9:
        model[2].weight.data = minigrad.ones(2, 8)


def loaded(i, model, descent):
    if i == 9:
        descent.load_state_dict(copy.deepcopy(descent.state_dict()))


def cleared(i, model, descent):
    if i == 9:
        descent.state.clear()


def written_to(i, model, descent):
    if i == 9:
        model[0].weight.data.mul_(0.5)
        for held in descent.state.values():
            if held.get("exp_avg") is not None:
                held["exp_avg"].zero_()


def another_rate(i, model, descent):
    if i == 9:
        descent.param_groups[0]["lr"] = 0.5


def another_group(i, model, descent):
    if i == 9:
        descent.add_param_group({"params": [model.extra], "lr": 0.3})
    if i >= 9:
        model.extra.grad = minigrad.ones(3)


def other_steps(i, model, descent):
    if i == 9:
        for j, held in enumerate(descent.state.values()):
            if "step" in held:
                held["step"] += j


def run(rule, happening, monkeypatch, together):
    if not together:
        monkeypatch.setattr(flat, "SMALL", 0)
        monkeypatch.setattr(flat, "PIECE", 1 << 60)
    minigrad.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))
    model.extra = minigrad.ones(3, requires_grad=True)
    descent = RULES[rule]([p for p in model.parameters() if p is not model.extra])
    for i in range(20):
        descent.zero_grad()
        model(minigrad.rand(5, 4)).square().mean().backward()
        happening(i, model, descent)
        descent.step()
    kept = [{k: v.tolist() if hasattr(v, "tolist") else v for k, v in s.items()} for s in descent.state.values()]
    return model, descent, ([p.tolist() for p in model.parameters()], model.extra.tolist(), kept)


HAPPENINGS = [
    nothing, without_a_gradient, replaced, loaded, cleared, written_to, another_rate, another_group, other_steps,
]  # fmt: skip


@pytest.mark.parametrize("happening", HAPPENINGS, ids=lambda h: h.__name__)
@pytest.mark.parametrize("rule", RULES)
def test_the_same_to_the_bit(rule, happening, monkeypatch):
    *_, together = run(rule, happening, monkeypatch, True)
    *_, apart = run(rule, happening, monkeypatch, False)
    assert together == apart


def test_they_do_lie_side_by_side(monkeypatch):
    model, descent, _ = run("Adam", nothing, monkeypatch, True)
    assert len({id(p.array.base) for p in model.parameters()}) == 1
    assert descent.state[model[0].weight]["exp_avg"].array.base is not None
    _, _, apart = run("Adam", nothing, monkeypatch, False)
    assert apart[0] == [p.tolist() for p in model.parameters()]


def test_an_array_that_somebody_holds_stays_where_it_is():
    model = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 2))
    held = model[0].weight.detach().numpy()
    descent = RULES["Adam"](model.parameters())
    for _ in range(10):
        model.zero_grad()
        model(minigrad.ones(1, 4)).sum().backward()
        descent.step()
    assert model[0].weight.array is held


def test_a_view_taken_before_goes_on_seeing_the_parameter():
    model = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 2))
    row = model[0].weight.detach()[0]
    descent = RULES["Adam"](model.parameters())
    for _ in range(10):
        model.zero_grad()
        model(minigrad.ones(1, 4)).sum().backward()
        descent.step()
    assert row.tolist() == model[0].weight[0].tolist()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["deepcopy", "pickle"])
def test_a_copy_goes_on_alone(copied, monkeypatch):
    model, descent, _ = run("Adam", nothing, monkeypatch, True)
    other, same = copied((model, descent))
    before = [p.tolist() for p in model.parameters()]
    for _ in range(6):
        same.zero_grad()
        other(minigrad.ones(1, 4)).sum().backward()
        same.step()
    assert [p.tolist() for p in model.parameters()] == before != [p.tolist() for p in other.parameters()]


def test_large_parameters_in_pieces(monkeypatch):
    def trained(piece):
        monkeypatch.setattr(flat, "PIECE", piece)
        minigrad.manual_seed(0)
        w = minigrad.randn(300, 250, requires_grad=True)
        descent = RULES["amsgrad"]([w])
        for i in range(5):
            w.grad = minigrad.sin(w.detach() * i)
            descent.step()
        return w.array

    np.testing.assert_array_equal(trained(1000), trained(1 << 60))
