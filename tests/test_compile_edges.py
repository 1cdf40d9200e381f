"""At the edges of `minigrad.compile`: constant gradients, checks that fail, random states, views, what is refused."""

import contextvars
import functools
import os
import threading
from collections import OrderedDict, defaultdict

import numpy as np
import pytest

import minigrad
import minigrad.compile
from minigrad import nn, optim
from minigrad.compile import CompileError, CompileWarning

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


# ── checks that fail ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("calls", [2, 5])  # before: a program runs for the first time, or as it usually does
@pytest.mark.parametrize("checked", ["what is given", "what is drawn"])
def test_a_check_that_fails_has_drawn_nothing(checked, calls):
    """The function runs itself then, with the numbers that it would have drawn, and the buffers as they were."""
    given = checked == "what is given"

    def chances(x):
        noisy = nn.functional.dropout(x, 0.5)
        return nn.functional.binary_cross_entropy(x if given else noisy, minigrad.zeros(8)) + noisy.sum()

    for bad in (False, True):
        found = []
        for compiled in (False, True):
            minigrad.manual_seed(1)
            step = minigrad.compile(chances) if compiled else chances
            for _ in range(calls):
                step(minigrad.full((8,), 0.25))
            if bad:
                with pytest.raises(RuntimeError, match="between 0 and 1"):
                    step(minigrad.full((8,), 2.0))
            found.append(minigrad.rand(1).item())
        assert found[0] == found[1]


def test_a_check_comes_before_what_is_written():
    table, norm = nn.Embedding(3, 2), nn.BatchNorm1d(2)

    def step(x, places):
        return norm(x).detach(), table(places).detach()

    compiled = minigrad.compile(step)
    for _ in range(4):
        compiled(minigrad.rand(5, 2), minigrad.tensor([0, 2]))
    counted = norm.num_batches_tracked.item()
    with pytest.raises(IndexError, match="embedding: index out of range"):  # what the function says, not the program
        compiled(minigrad.rand(5, 2), minigrad.tensor([0, 3]))
    assert norm.num_batches_tracked.item() == counted + 1


# ── random states ────────────────────────────────────────────────────────────────────────────────────────────────────


def seeds(x):
    minigrad.manual_seed(3)
    return x + minigrad.rand(3)


def restores(x):
    state = minigrad.get_rng_state()
    drawn = x + minigrad.rand(3)
    minigrad.set_rng_state(state)
    return drawn


@pytest.mark.parametrize("function", [seeds, restores, lambda x: x + minigrad.poisson(minigrad.full((3,), 4.0))])
def test_where_a_generator_stands_is_not_a_programs_business(function):
    found = []
    for compiled in (False, True):
        minigrad.manual_seed(0)
        call = minigrad.compile(function) if compiled else function
        if compiled:
            call(minigrad.zeros(3))
            with pytest.warns(CompileWarning, match="where a random generator stands"):
                call(minigrad.zeros(3))
        else:
            call(minigrad.zeros(3)), call(minigrad.zeros(3))
        found.append([call(minigrad.zeros(3)).tolist() for _ in range(3)])
    assert found[0] == found[1]


# ── results ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_dicts_come_back_as_they_are():
    call = minigrad.compile(lambda x: OrderedDict(double=x * 2, same=x + 0))
    for _ in range(5):
        found = call(minigrad.tensor(2.0))
        assert type(found) is OrderedDict
        assert list(found) == ["double", "same"]
    other = minigrad.compile(lambda x: defaultdict(list, double=x * 2))
    other(minigrad.tensor(2.0))
    with pytest.warns(CompileWarning, match="a defaultdict is among its arguments or results"):
        other(minigrad.tensor(2.0))
    assert type(other(minigrad.tensor(2.0))) is defaultdict


def test_a_diagonal_is_written_to():
    call = minigrad.compile(lambda x: minigrad.diag(x * 2))
    for i in range(5):
        assert call(minigrad.tensor([1.0, i])).tolist() == [[2.0, 0.0], [0.0, 2.0 * i]]


def test_a_hidden_dependence_of_a_gradient_is_found_out(tmp_path):
    file = tmp_path / "factor.txt"
    w = minigrad.ones(2, requires_grad=True)

    def step(x):
        w.grad = None
        ((w * x).sum() * float(file.read_text())).backward()
        return x + 1

    call = minigrad.compile(step)
    file.write_text("1")
    call(minigrad.ones(2)), call(minigrad.ones(2))
    file.write_text("2")
    with pytest.raises(CompileError, match="gave something else"):
        call(minigrad.ones(2))


# ── what is looked up elsewhere ──────────────────────────────────────────────────────────────────────────────────────

RATE = contextvars.ContextVar("RATE", default=1.0)
OWN = threading.local()
KEPT = {"rate": 1.0}


@functools.lru_cache
def kept(key):
    return KEPT[key]


def set_kept(value):
    kept.cache_clear()
    KEPT["rate"] = value


@pytest.mark.parametrize(
    ("function", "change"),
    [
        (lambda x: x * RATE.get(), RATE.set),
        (lambda x: x * float(os.environ["RATE"]), lambda v: os.environ.update(RATE=str(v))),
        (lambda x: x * float(os.getenv("RATE")), lambda v: os.environ.update(RATE=str(v))),
        (lambda x: x * OWN.rate, lambda v: setattr(OWN, "rate", v)),
        (lambda x: x * kept("rate"), set_kept),
    ],
    ids=["context variable", "environ", "getenv", "threading.local", "lru_cache"],
)
def test_what_changes_outside_is_noticed(function, change, monkeypatch):
    monkeypatch.setenv("RATE", "1.0")
    change(1.0)
    call = minigrad.compile(function)
    one = minigrad.ones(1)
    assert [call(one).item() for _ in range(5)] == [1.0] * 5
    assert call.fast(one).item() == 1.0  # there is a program
    change(3.0)
    assert [call(one).item() for _ in range(5)] == [3.0] * 5
    change(1.0)
    assert call(one).item() == 1.0


def test_each_thread_has_its_own_values():
    OWN.rate = 2.0
    call = minigrad.compile(lambda x: x * OWN.rate)
    for _ in range(4):
        call(minigrad.ones(1))
    found = []

    def other():
        OWN.rate = 5.0
        found.append(call(minigrad.ones(1)).item())

    thread = threading.Thread(target=other)
    thread.start()
    thread.join()
    assert found == [5.0]


# ── after steps without a program ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("before", [0, 4, 9])
@pytest.mark.parametrize("holds", [False, True])
def test_parameters_lie_side_by_side_after_other_steps(before, holds):
    """As many square roots as one update takes, whether or not Adam had moved the parameters before."""
    minigrad.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 2))
    descent = optim.Adam(model.parameters())

    def step(x):
        cost = model(x).square().sum()
        descent.zero_grad()
        cost.backward()
        descent.step()
        return cost.detach()

    for _ in range(before):
        step(minigrad.rand(4, 3))
    view = model[0].weight.detach().numpy()[:1] if holds else None
    call = minigrad.compile(step)
    for _ in range(5):
        call(minigrad.rand(4, 3))
    assert holds or call.source.count("sqrt(") == 1
    assert view is None or view.tolist() == model[0].weight[:1].tolist()  # what somebody holds stays the parameter


def test_a_cache_that_is_cleared_is_noticed():
    set_kept(1.0)
    call = minigrad.compile(lambda x: x * kept("rate"))
    assert [call(minigrad.ones(1)).item() for _ in range(5)] == [1.0] * 5
    KEPT["rate"] = 3.0  # which the cache does not know of
    assert [call(minigrad.ones(1)).item() for _ in range(5)] == [1.0] * 5
    kept.cache_clear()
    assert call(minigrad.ones(1)).item() == 3.0


def test_a_constant_that_was_written_over_while_recording():
    """The gradient of the bias is the same at every call, and the second backward pass adds to it in place."""
    model = nn.Linear(3, 2)

    def step(x):
        model.zero_grad()
        for factor in (1.0, 3.0):
            (model(x).sum() * factor).backward()

    call = minigrad.compile(step)
    for _ in range(5):
        call(minigrad.rand(4, 3))
        assert model.bias.grad.tolist() == [16.0, 16.0]


def test_a_constant_that_is_written_over_when_nobody_reads_it_any_more():
    def scaled(x):
        factor = minigrad.ones(2) * 2.0
        y = x * (factor + 1.0)
        z = x * factor
        factor.mul_(5.0)
        return y + z

    call = minigrad.compile(scaled)
    for _ in range(5):
        assert call(minigrad.ones(2)).tolist() == [5.0, 5.0]


# ── a check that fails after something was written ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("noise", [0.0, 0.5])
def test_a_check_after_an_update_takes_it_back(noise):
    """As in a step of two networks, of which the second is judged by the first after its update."""
    found = []
    for compiled in (False, True):
        minigrad.manual_seed(0)
        first = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3), nn.Dropout(noise))
        judge = nn.Linear(3, 1)
        descents = optim.SGD(first.parameters(), 0.1, momentum=0.9), optim.Adam(judge.parameters(), 0.01)
        factor = minigrad.ones(1)

        def step(x, first=first, judge=judge, descents=descents, factor=factor):
            out = first(x)
            for descent, given, wanted in ((descents[1], out.detach(), 1.0), (descents[0], out, 0.0)):
                share = judge(given).sigmoid() * (factor if given is out else 1.0)
                cost = nn.functional.binary_cross_entropy(share, share.detach() * 0 + wanted)
                descent.zero_grad()
                cost.backward()
                descent.step()
            return cost.detach()

        call = minigrad.compile(step) if compiled else step
        left = []
        for i in range(8):
            with minigrad.no_grad():
                factor.fill_(50.0 if i in (4, 6) else 1.0)
            x = minigrad.rand(4, 3)
            if i in (4, 6):
                with pytest.raises(RuntimeError, match="between 0 and 1") as caught:
                    call(x)
                assert not hasattr(caught.value, "__notes__")
            else:
                left.append(call(x).array)
            for part in (first, judge):
                left += [t.array.copy() for t in part.state_dict().values()]
                left += [p.grad.array.copy() for p in part.parameters()]
            left.append(minigrad.get_rng_state().array.copy())
        found.append(left)
    for eager, program in zip(*found, strict=True):
        np.testing.assert_array_equal(eager, program)


def test_a_check_that_fails_leaves_the_gradients_of_the_last_run():
    model = nn.Sequential(nn.Linear(3, 3), nn.Sigmoid(), nn.Linear(3, 3))

    def step(x, y):
        cost = nn.functional.cross_entropy(model(x), (model(x).detach() * 0 + y).argmax(1) * int(y.shape[0] > 0))
        share = nn.functional.binary_cross_entropy(model(x).sigmoid() * y.sum(), y)
        model.zero_grad()
        (cost + share).backward()
        return share.detach()

    call = minigrad.compile(step)
    y = minigrad.tensor([[1.0, 0.0, 0.0]])
    for _ in range(4):
        call(minigrad.ones(1, 3), y)
    before = [p.grad.array.copy() for p in model.parameters()]
    with pytest.raises(RuntimeError, match="between 0 and 1"):
        call(minigrad.ones(1, 3) * 9, y * 70)
    for p, old in zip(model.parameters(), before, strict=True):
        np.testing.assert_array_equal(p.grad.array, old)


# ── arguments in memory that is written ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("view", [lambda w: w[:], lambda w: w.detach(), lambda w: w.reshape(1, 3)[0]])
def test_an_argument_that_lies_in_what_is_written(view):
    weight = minigrad.ones(3)

    def read_twice(x):
        before = x.neg()
        weight.add_(1.0)
        return before, x.neg()

    call = minigrad.compile(read_twice)
    for _ in range(4):
        call(minigrad.ones(3))
    here = weight[0].item()
    assert [part[0].item() for part in call(view(weight))] == [-here, -here - 1]
    assert [part[0].item() for part in call(minigrad.ones(3))] == [-1.0, -1.0]
    assert call.fast(minigrad.ones(3))[0].tolist() == [-1.0] * 3  # there is a program still


def test_an_argument_that_lies_in_what_is_written_from_the_first():
    weight = minigrad.ones(3)

    def read_twice(x):
        before = x.neg()
        weight.add_(1.0)
        return before[0], x.neg()[0]

    call = minigrad.compile(read_twice)
    call(weight[:])
    with pytest.warns(CompileWarning, match="shares memory"):
        call(weight[:])
    assert [part.item() for part in call(weight[:])] == [-3.0, -4.0]


# ── numbers taken out of tensors that are closed over ────────────────────────────────────────────────────────────────


def test_a_number_of_a_tensor_outside_is_looked_at_before_each_run():
    scale = minigrad.tensor([2.0, 3.0])
    call = minigrad.compile(lambda x: x * scale[0].item() if scale[1].item() > 0 else -x)
    one = minigrad.ones(1)
    assert [call(one).item() for _ in range(4)] == [2.0] * 4
    assert call.fast(one).item() == 2.0
    scale[0] = 5.0
    assert [call(one).item() for _ in range(4)] == [5.0] * 4
    scale[1] = -1.0
    assert [call(one).item() for _ in range(4)] == [-1.0] * 4
    scale.data = minigrad.tensor([7.0, 8.0])
    assert [call(one).item() for _ in range(4)] == [7.0] * 4


def test_a_number_of_a_tensor_that_is_written_later_has_no_program():
    count = minigrad.zeros(())

    def scaled(x):
        y = x * count.item()
        count.add_(1.0)
        return y

    call = minigrad.compile(scaled)
    found = [call(minigrad.ones(1)).item()]
    with pytest.warns(CompileWarning, match="that it writes into"):
        found.append(call(minigrad.ones(1)).item())
    assert [*found, *(call(minigrad.ones(1)).item() for _ in range(3))] == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_a_number_of_a_tensor_that_was_written_is_refused():
    count = minigrad.zeros(())

    def scaled(x):
        count.add_(x.sum())
        return x * count.item()

    call = minigrad.compile(scaled)
    call(minigrad.ones(1))
    with pytest.raises(CompileError, match=r"test_compile_edges\.py:\d+ takes a number"):
        call(minigrad.ones(1))


# ── what else is noticed ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_cache_that_is_cleared_and_filled_again_is_noticed():
    set_kept(1.0)
    call = minigrad.compile(lambda x: x * kept("rate"))
    call(minigrad.ones(1))
    KEPT["rate"] = 3.0
    assert [call(minigrad.ones(1)).item() for _ in range(5)] == [1.0] * 5
    kept.cache_clear()
    kept("rate")
    assert [call(minigrad.ones(1)).item() for _ in range(5)] == [3.0] * 5


def test_what_an_optimizer_keeps_in_another_dtype_has_no_program():
    found = []
    for compiled in (False, True):
        minigrad.manual_seed(0)
        model = nn.Linear(3, 2)
        descent = optim.SGD(model.parameters(), 0.1, momentum=0.9)

        def step(x, model=model, descent=descent):
            descent.zero_grad()
            cost = model(x).square().mean()
            cost.backward()
            descent.step()
            return cost.detach()

        call = minigrad.compile(step) if compiled else step
        for _ in range(4):
            call(minigrad.rand(4, 3))
        model.double()
        left = [call(minigrad.rand(4, 3).double()).item()]
        if compiled:
            with pytest.warns(CompileWarning, match="float32, and that is float64 by now"):
                left.append(call(minigrad.rand(4, 3).double()).item())
        else:
            left.append(call(minigrad.rand(4, 3).double()).item())
        found.append([*left, *(call(minigrad.rand(4, 3).double()).item() for _ in range(4))])
    assert found[0] == found[1]


@pytest.mark.parametrize("name", [*OPTIMIZERS, "Rprop", "ASGD"])
def test_every_optimizer_is_recorded_once(name):
    """What it counts is put back by the program, and decides nothing."""
    found = []
    for compiled in (False, True):
        minigrad.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
        descent = (
            OPTIMIZERS[name](model.parameters()) if name in OPTIMIZERS else getattr(optim, name)(model.parameters())
        )

        def step(x, model=model, descent=descent):
            descent.zero_grad()
            cost = model(x).square().mean()
            cost.backward()
            descent.step()
            return cost.detach()

        call = minigrad.compile(step) if compiled else step
        found.append([call(minigrad.rand(5, 3)).item() for _ in range(12)])
    assert found[0] == found[1]
    assert call.fast(minigrad.rand(5, 3)).ndim == 0  # there is a program
    assert sum(call.renewed.values()) <= (name == "RAdam")  # which begins to rectify at its sixth step
