"""At the edges of `minigrad.compile`: constant gradients, checks that fail, random states, views, what is refused."""

import pytest

import minigrad
import minigrad.compile
from minigrad import nn, optim

# ── gradients that are the same at every call ────────────────────────────────────────────────────────────────────────

OPTIMIZERS = {
    "SGD": lambda p: optim.SGD(p, 0.1),
    "SGD with momentum": lambda p: optim.SGD(p, 0.1, momentum=0.9),
    "Adam": lambda p: optim.Adam(p, 0.01),
    "AdamW": lambda p: optim.AdamW(p, 0.01, amsgrad=True),
    "RMSprop": lambda p: optim.RMSprop(p, 0.01),
    "Adagrad": lambda p: optim.Adagrad(p, 0.01),
    "NAdam": lambda p: optim.NAdam(p, 0.01),
    "Adamax": lambda p: optim.Adamax(p, 0.01),
    "RAdam": lambda p: optim.RAdam(p, 0.01),
    "Adadelta": lambda p: optim.Adadelta(p),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_gradient_that_is_the_same_at_every_call(name):
    found = []
    for compiled in (False, True):
        minigrad.manual_seed(0)
        model = nn.Linear(3, 2)
        descent = OPTIMIZERS[name](model.parameters())

        def step(x, model=model, descent=descent):
            cost = model(x).sum()  # of which the bias has a constant gradient
            descent.zero_grad()
            cost.backward()
            descent.step()
            return cost.detach()

        step = minigrad.compile(step) if compiled else step
        rows = []
        for _ in range(9):
            rows.append((step(minigrad.rand(4, 3)).item(), [p.tolist() for p in model.parameters()]))
            rows.append(model.bias.grad.tolist())
            model.bias.grad.array[...] = 7.0  # what the user writes does not stay
        found.append(rows)
    assert found[0] == found[1]


def test_draws_by_constant_weights_are_drawn_at_every_run():
    draw = minigrad.compile(lambda x: minigrad.multinomial(minigrad.ones(50), 16) + x)
    drawn = [draw(minigrad.zeros(16)).tolist() for _ in range(6)]
    assert drawn[3] != drawn[4] != drawn[5]
