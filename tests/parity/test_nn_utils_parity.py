"""nn.utils beside PyTorch's: clipping, norms of weights, parametrizations, pruning, averages, with the same random numbers."""

import importlib

import numpy as np
import pytest
from agree import array_of, flat, torch

import minigrad


def trained(t, layer, x, steps=3):
    """The results and gradients of a layer, and its state, over some steps."""
    found = []
    descent = t.optim.SGD(layer.parameters(), lr=0.05)
    for _ in range(steps):
        descent.zero_grad()
        out = layer(x)
        (out**2).sum().backward()
        found += [out, *[p.grad for p in layer.parameters()]]
        descent.step()
    layer.eval()
    return [*found, layer(x), *layer.state_dict().values()]


def part(t, name):
    return importlib.import_module(f"{t.__name__}.nn.utils.{name}")


def made(t):
    return part(t, "parametrizations")


def averages(t):
    return importlib.import_module(f"{t.__name__}.optim.swa_utils")


def clipped(t, model, **options):
    (model(t.ones(4, 3) * 2) ** 2).sum().backward()
    norm = t.nn.utils.clip_grad_norm_(model.parameters(), **options)
    return [norm, *[p.grad for p in model.parameters()]]


def pruned(t, how, *args, **kwargs):
    layer = t.nn.Linear(6, 5)
    prune = part(t, "prune")
    getattr(prune, how)(layer, "weight", *args, **kwargs)
    found = [layer.weight, layer.weight_mask, layer(t.ones(2, 6))]
    prune.remove(layer, "weight")
    return [*found, layer.weight, layer.bias]


CASES = {
    **{
        f"clip {order} at {limit}": lambda t, n, order=order, limit=limit: clipped(
            t, n.Linear(3, 4), max_norm=limit, norm_type=order
        )
        for order in (2, 2.0, 1, "inf", float("inf"), 3, 0.5, 0)
        for limit in (0.1, 100)
    },
    "clip a single one": lambda t, n: clipped(t, n.Linear(3, 4, bias=False), max_norm=1.0, foreach=False),
    "clip nothing": lambda t, n: n.utils.clip_grad_norm_(n.Linear(2, 1).parameters(), 1.0),
    "total norm": lambda t, n: n.utils.get_total_norm([t.ones(3), t.ones(2, 2) * 3], 3),
    "weight_norm": lambda t, n: trained(t, n.utils.weight_norm(n.Linear(3, 4)), t.rand(5, 3)),
    "weight_norm along 1": lambda t, n: trained(t, n.utils.weight_norm(n.Linear(3, 4), dim=1), t.rand(5, 3)),
    "weight_norm of all": lambda t, n: trained(t, n.utils.weight_norm(n.Linear(3, 4), dim=None), t.rand(5, 3)),
    "weight_norm and back": lambda t, n: trained(
        t, n.utils.remove_weight_norm(n.utils.weight_norm(n.Linear(3, 4))), t.rand(5, 3)),
    "spectral_norm": lambda t, n: trained(t, n.utils.spectral_norm(n.Linear(3, 4)), t.rand(5, 3)),
    "spectral_norm of a big one": lambda t, n: trained(t, n.utils.spectral_norm(n.Linear(30, 40), dim=1), t.rand(5, 30)),
    "spectral_norm, many": lambda t, n: trained(t, n.utils.spectral_norm(n.Linear(3, 4), n_power_iterations=5), t.rand(5, 3)),
    "parametrized weight_norm": lambda t, n: trained(t, made(t).weight_norm(n.Linear(3, 4)), t.rand(5, 3)),
    "parametrized spectral_norm": lambda t, n: trained(t, made(t).spectral_norm(n.Linear(3, 4)), t.rand(5, 3)),
    "parametrized by all": lambda t, n: trained(t, made(t).weight_norm(n.Linear(3, 4), dim=None), t.rand(5, 3)),
    "prune the least": lambda t, n: pruned(t, "l1_unstructured", 0.3),
    "prune seven": lambda t, n: pruned(t, "l1_unstructured", 7),
    "prune at random": lambda t, n: pruned(t, "random_unstructured", 0.5),
    "prune rows": lambda t, n: pruned(t, "ln_structured", 2, n=2, dim=0),
    "prune columns": lambda t, n: pruned(t, "ln_structured", 0.5, n=1, dim=1),
    "prune by hand": lambda t, n: pruned(t, "custom_from_mask", t.eye(5, 6)),
    "prune nothing": lambda t, n: pruned(t, "identity"),
    "vector": lambda t, n: n.utils.parameters_to_vector(n.Linear(3, 4).parameters()),
    "skip_init": lambda t, n: [n.utils.skip_init(n.Linear, 3, 4).weight.shape, t.rand(3)],
    "average": lambda t, n: averaged(t),
    "exponential average": lambda t, n: averaged(t, avg_fn=averages(t).get_ema_avg_fn(0.9)),
    "average of buffers": lambda t, n: averaged(t, use_buffers=True),
    "longer names": lambda t, n: importlib.import_module(f"{t.__name__}.nn.modules.utils")._pair(3),
}  # fmt: skip


def averaged(t, **options):
    swa = averages(t)
    model = t.nn.Sequential(t.nn.Linear(3, 4), t.nn.BatchNorm1d(4))
    average = swa.AveragedModel(model, **options)
    descent = t.optim.SGD(model.parameters(), lr=0.1)
    batches = [t.rand(8, 3) for _ in range(4)]
    for x in batches:
        descent.zero_grad()
        (model(x) - x[:, :1]).abs().mean().backward()
        descent.step()
        average.update_parameters(model)
    found = [v.clone() for v in average.state_dict().values()]
    swa.update_bn(batches, average)
    return [*found, *average.state_dict().values(), average(batches[0])]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CASES)
def test_agrees_with_torch(name):
    found = []
    for t in (minigrad, torch):
        t.manual_seed(4)
        found.append(flat(CASES[name](t, t.nn)))
    assert len(found[0]) == len(found[1])
    for ours, theirs in zip(*found):
        assert tuple(getattr(ours, "shape", ())) == tuple(getattr(theirs, "shape", ()))
        np.testing.assert_allclose(array_of(ours), array_of(theirs), rtol=1e-4, atol=1e-5)


WRONG = [
    lambda t, n: n.utils.remove_weight_norm(n.Linear(1, 1)),
    lambda t, n: n.utils.weight_norm(n.utils.weight_norm(n.Linear(1, 1))),
    lambda t, n: n.utils.spectral_norm(n.utils.spectral_norm(n.Linear(1, 1))),
    lambda t, n: n.utils.remove_spectral_norm(n.Linear(1, 1)),
    lambda t, n: n.utils.spectral_norm(n.Linear(1, 1), n_power_iterations=0),
    lambda t, n: n.utils.vector_to_parameters(3, []),
    lambda t, n: part(t, "prune").remove(n.Linear(1, 1), "weight"),
    lambda t, n: part(t, "prune").l1_unstructured(n.Linear(1, 1), "weight", 1.5),
    lambda t, n: part(t, "parametrize").register_parametrization(n.Linear(1, 1), "x", n.ReLU()),
    lambda t, n: part(t, "parametrize").register_parametrization(n.Linear(2, 2), "weight", n.Flatten(0)),
    lambda t, n: part(t, "parametrize").remove_parametrizations(n.Linear(1, 1), "weight"),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("call", WRONG)
def test_both_refuse(call):
    for t in (minigrad, torch):
        with pytest.raises((RuntimeError, ValueError, TypeError)):
            call(t, t.nn)
