"""What a compiled function finds and leaves: gradients, hooks, results, and memory that several tensors share."""

import pickle
import warnings

import numpy as np
import pytest

import minigrad
from minigrad import nn, ones, optim, tensor
from minigrad.compile import CompileWarning

Parameter = nn.Parameter


def test_a_gradient_that_was_not_there_is_not_passed_over():
    """An optimizer's step updates what has a gradient: one that came later too."""
    a, b = Parameter(ones(1)), Parameter(ones(1))
    descent = optim.SGD([a, b], 0.1)

    @minigrad.compile
    def step(x):
        (a * x).sum().backward()
        descent.step()
        descent.zero_grad()
        return x * 1

    for _ in range(5):
        step(ones(1))
    b.sum().backward()
    step(ones(1))
    assert b.item() == pytest.approx(0.9)
    assert b.grad is None


def test_clipping_looks_for_gradients():
    a, b = Parameter(ones(1)), Parameter(ones(1))

    @minigrad.compile
    def step(x):
        a.grad = None
        (a * x).sum().backward()
        return nn.utils.clip_grad_norm_([a, b], 1.0)

    found = [step(ones(1)).item() for _ in range(5)]
    b.sum().backward()
    found.append(step(ones(1)).item())
    assert found == pytest.approx([1.0] * 5 + [2**0.5])
    assert b.grad.item() == pytest.approx(0.5**0.5, abs=1e-5)


def test_a_gradient_that_is_dropped_is_dropped_at_every_call():
    w = Parameter(ones(1))
    descent = optim.SGD([w], 0.1)

    @minigrad.compile
    def drop(x):
        descent.zero_grad()
        return x * 1

    for _ in range(6):
        w.sum().backward()
        drop(ones(1))
        assert w.grad is None


def test_a_gradient_that_is_used_up_is_not_one_of_the_recording():
    """Gradients that are made outside, then used and dropped inside, are others at every call."""
    w = Parameter(ones(1))
    descent = optim.SGD([w], 0.1)

    @minigrad.compile
    def finish(x):
        descent.step()
        descent.zero_grad()
        return x * 1

    with pytest.warns(CompileWarning, match="reads a gradient that was there before and then drops it"):
        for i in range(6):
            (w * i).sum().backward()
            finish(ones(1))
    assert w.item() == pytest.approx(1 - 0.1 * 15)


@pytest.mark.parametrize("early", [True, False])
def test_hooks_of_an_optimizer_are_called(early):
    w, calls = Parameter(ones(1)), []
    descent = optim.SGD([w], 1.0)

    @minigrad.compile
    def step(x):
        descent.zero_grad()
        (w * x).sum().backward()
        descent.step()
        return x * 1

    if not early:
        for _ in range(5):
            step(ones(1))
    descent.register_step_post_hook(lambda *args: calls.append(1))
    with pytest.warns(CompileWarning, match="its optimizer has hooks"):
        for _ in range(5):
            step(ones(1))
    assert len(calls) == 5


def test_a_gradient_can_be_returned():
    w = Parameter(ones(1))

    @minigrad.compile
    def slope(x):
        w.grad = None
        (w * x).sum().backward()
        return w.grad

    assert [slope(ones(1) * i).item() for i in range(6)] == [0, 1, 2, 3, 4, 5]
    assert w.grad.item() == 5


def test_a_gradient_flows_on_into_the_graph_of_an_argument():
    encoder = nn.Linear(2, 2)

    @minigrad.compile
    def learn(z):
        loss = z.sum()
        loss.backward()
        return loss.detach()

    with pytest.warns(CompileWarning, match="an argument comes out of a graph"):
        for _ in range(5):
            encoder.zero_grad()
            learn(encoder(ones(1, 2)))
    assert encoder.weight.grad.tolist() == [[1, 1], [1, 1]]


def test_of_two_tensors_in_one_memory_each_is_watched():
    a, b = Parameter(ones(1)), Parameter(ones(1))
    b.data = a.data
    both = minigrad.compile(lambda x: (a * x + b * x).detach())
    for _ in range(5):
        both(ones(1))
    b.data = ones(1) * 5
    assert both(ones(1)).item() == 6


def test_a_detached_parameter_is_not_the_parameter():
    w = Parameter(ones(1))
    target = minigrad.compile(lambda x: w.detach())
    with pytest.warns(CompileWarning, match="a view of a tensor that was there before"):
        found = [target(ones(1)) for _ in range(5)]
    assert not any(t is w or t.requires_grad for t in found)


class Pair(list):
    """A list under another name."""


def test_results_of_any_kind_of_tuple_or_list():
    def several(x):
        y = x * 2
        return y, y.shape, minigrad.aminmax(x), Pair([y])

    compiled = minigrad.compile(several)
    for i in range(5):
        x = tensor([1.0, 2.0]) + i
        y, shape, (low, high), pair = compiled(x)
        assert (y.tolist(), shape, type(pair)) == ([2 + 2 * i, 4 + 2 * i], (2,), Pair)
        assert (low.item(), high.item(), pair[0].tolist()) == (1 + i, 2 + i, y.tolist())
        assert type(shape) is minigrad.Size


def test_an_error_while_recording_leaves_ordinary_tensors():
    w, kept = Parameter(ones(1)), []

    @minigrad.compile
    def step(x):
        w.grad = None
        (w * x).sum().backward()
        kept.append(x + 1)
        if len(kept) == 2:
            raise KeyError("stop")
        return x * 1

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CompileWarning)
        step(ones(1))
        with pytest.raises(KeyError):
            step(ones(1))
    for t in (w, w.grad, *kept):
        assert type(t.array) is np.ndarray
    assert pickle.dumps(kept[1].numpy())


def test_a_check_that_never_holds_is_told():
    """Whether all targets are ignored is looked at in the numbers: recorded with some, called with none."""
    model = nn.Linear(2, 3)

    @minigrad.compile
    def loss(x, y):
        return nn.functional.cross_entropy(model(x), y, ignore_index=0).detach()

    x = minigrad.rand(2, 2)
    for _ in range(4):
        loss(x, tensor([1, 2]))
    with pytest.warns(CompileWarning, match="was not as it was when recorded, 8 times in a row"):
        for _ in range(10):
            assert loss(x, tensor([0, 0])).isnan()
    assert loss(x, tensor([1, 2])).isfinite()
