"""Memory: nothing grows over thousands of steps, and the backward pass frees as it walks."""

import gc
import os
import platform
import subprocess
import sys
import tracemalloc

import pytest

import minigrad
import minigrad.compile
from minigrad import nn, optim


def learner(prepare):
    """A small network's training step, without arguments."""
    minigrad.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.Sigmoid(), nn.Dropout(0.1), nn.Linear(4, 2))
    optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    x, t = minigrad.randn(5, 3), minigrad.randn(5, 2)

    def step(x, t):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(x), t)
        loss.backward()
        optimizer.step()
        return loss.detach()

    step = prepare(step)
    return lambda: step(x, t)


def checkpointed():
    """A step whose layers compute twice."""
    minigrad.manual_seed(0)
    model = nn.Sequential(*[nn.Sequential(nn.Linear(3, 3), nn.Tanh()) for _ in range(3)])
    x = minigrad.randn(5, 3)

    def step():
        model.zero_grad()
        minigrad.utils.checkpoint.checkpoint_sequential(model, 3, x).sum().backward()

    return step


def again():
    """Gradients of gradients."""
    x = minigrad.ones(3, requires_grad=True)

    def step():
        (g,) = minigrad.autograd.grad((x.exp() * x).sum(), x, create_graph=True)
        (g * g).sum().backward()
        x.grad = None

    return step


STEPS = {
    "eager": (10_000, lambda: learner(lambda step: step)),
    "compiled": (10_000, lambda: learner(minigrad.compile)),
    "checkpoint": (600, checkpointed),
    "second order": (600, again),
}


@pytest.mark.parametrize("name", STEPS)
def test_memory_does_not_grow(name):
    """With the garbage collector off: what a step made is gone when its last name is."""
    count, make = STEPS[name]
    step = make()

    def steps(n):
        """Take n steps: what there is then. The collector finds nothing, but empties Python's lists of spare objects."""
        for _ in range(n):
            step()
        assert gc.collect() < 20
        return sys.getallocatedblocks(), len(gc.get_objects()), tracemalloc.get_traced_memory()[0]

    for _ in range(20):
        step()
    gc.collect()
    gc.freeze()  # what is there already need not be looked at again
    gc.disable()
    try:
        blocks, objects, _ = steps(100)
        found = steps(count - 400)
        assert found[0] - blocks < 200  # of Python's memory: an array has one at least
        assert found[1] - objects < 50
        tracemalloc.start()
        before = steps(200)[2]
        assert steps(200)[2] - before < 2_000
    finally:
        tracemalloc.stop()
        gc.unfreeze()
        gc.enable()


SIZE = 50_000


@pytest.mark.parametrize(
    "layer",
    [
        lambda h: h.sin(),
        lambda h: h.tanh(),
        lambda h: nn.functional.gelu(h),
        lambda h: nn.functional.linear(h.reshape(-1, 10), minigrad.ones(10, 10)).reshape(-1).relu(),
        lambda h: h * h.detach().sin(),
    ],
    ids=["sin", "tanh", "gelu", "linear", "product"],
)
def test_the_backward_pass_frees_as_it_walks(layer):
    """Its peak is what the forward pass kept and a few gradients, however deep the stack is."""
    above = []
    for depth in (10, 30):
        x = minigrad.ones(SIZE, requires_grad=True)
        gc.collect()
        tracemalloc.start()
        h = x
        for _ in range(depth):
            h = layer(h)
        loss = h.sum()
        del h
        kept = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        loss.backward()
        left, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        unit = x.array.nbytes
        above.append((peak - kept) / unit)
        assert kept > 0.9 * (depth - 1) * unit
        assert left < 1.5 * unit + 100_000  # x.grad; the loss is still there, and its graph with it
    assert max(above) < 5
    assert abs(above[0] - above[1]) < 0.5


def test_small_values_kept_for_pictures_keep_no_large_ones():
    """A result of a few elements may be part of a large array."""
    x = minigrad.ones(4, SIZE, requires_grad=True)
    gc.collect()
    tracemalloc.start()
    scale = minigrad.ones(4, SIZE)[:, 0]
    losses = [((x * 2).exp()[:, 0] * scale).sum()]
    losses.append(nn.functional.batch_norm(x.T, None, None, training=True).sum())
    for loss in losses:
        loss.backward()
    del scale
    left = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert left < 1.2 * x.array.nbytes  # x.grad


def test_a_loss_that_is_kept_keeps_no_activations():
    """The habit of collecting losses with their graphs: what was walked holds names and shapes only."""
    model = nn.Sequential(nn.Linear(100, 100), nn.Tanh(), nn.Linear(100, 100), nn.Tanh())
    x, losses = minigrad.randn(200, 100), []
    gc.collect()
    tracemalloc.start()
    for _ in range(10):
        model.zero_grad()
        losses.append(model(x).square().mean())
        losses[-1].backward()
    left = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert left < 2 * x.array.nbytes + sum(p.array.nbytes for p in model.parameters())


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc is told to keep memory")
@pytest.mark.parametrize("environment", [{}, {"MALLOC_TRIM_THRESHOLD_": "131072"}])
def test_memory_that_a_step_frees_is_kept_for_the_next(environment):
    """Else the system is asked for every page again; not if the user has said otherwise."""
    program = """
import resource, minigrad
from minigrad import nn, optim, settings
model = nn.Sequential(nn.Linear(64, 512), nn.Tanh(), nn.Linear(512, 512), nn.Tanh(), nn.Linear(512, 1))
descent, x = optim.SGD(model.parameters(), lr=0.01), minigrad.randn(2000, 64)
def step():
    descent.zero_grad(); model(x).square().mean().backward(); descent.step()
for _ in range(3): step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5): step()
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) // 5, settings._set["kept"])
"""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "GLIBC_"))}
    done = subprocess.run(
        [sys.executable, "-c", program], env={**clean, **environment}, capture_output=True, text=True, check=True
    )
    faults, kept = done.stdout.split()
    assert kept == str(not environment)
    assert int(faults) > 500 if environment else int(faults) < 100


def test_keep_memory_wants_a_number_from_0(monkeypatch):
    said = []
    monkeypatch.setattr(minigrad.settings, "_mallopt", lambda: lambda what, number: said.append(number) or 1)
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "GLIBC_TUNABLES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setitem(minigrad.settings._set, "kept", None)
    assert minigrad.settings.keep_memory(10**6)
    assert 0 < said[-1] < 2**31
    with pytest.raises(ValueError, match="from 0, not -1"):
        minigrad.settings.keep_memory(-1)


def test_what_was_said_before_the_first_optimizer_stands(monkeypatch):
    from minigrad import settings

    said = []
    monkeypatch.setattr(settings, "keep_memory", said.append)
    monkeypatch.setitem(settings._set, "kept", False)
    settings.keep_memory_for_training()
    assert said == []
    monkeypatch.setattr(settings, "keep_memory", lambda: said.append("by itself"))
    monkeypatch.setitem(settings._set, "kept", None)
    settings.keep_memory_for_training()
    assert said == ["by itself"]
