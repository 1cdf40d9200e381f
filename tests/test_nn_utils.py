"""nn.utils: clipped gradients, vectors of parameters, weights with a norm, pruning; PyTorch's longer names."""

import importlib
import math
import re

import numpy as np
import pytest

import minigrad
from minigrad import manual_seed, nn, ones, tensor
from minigrad.nn.utils import (
    clip_grad_norm,
    clip_grad_norm_,
    clip_grad_value_,
    clip_grads_with_norm_,
    get_total_norm,
    parameters_to_vector,
    parametrizations,
    parametrize,
    prune,
    remove_spectral_norm,
    remove_weight_norm,
    skip_init,
    spectral_norm,
    stateless,
    vector_to_parameters,
    weight_norm,
)  # fmt: skip


def with_gradients(*gradients):
    parameters = []
    for g in gradients:
        parameters.append(nn.Parameter(ones(len(g))))
        parameters[-1].grad = tensor(g)
    return [*parameters, nn.Parameter(ones(1))]


# ── clipping ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("order", "norm"),
    [
        (2, 13.0),
        (2.0, 13.0),
        (1, 19.0),
        (math.inf, 12.0),
        ("inf", 12.0),
        (3, (27 + 64 + 1728) ** (1 / 3)),
        (0, 3),
        (-math.inf, 3),
    ],
)
def test_norms_of_gradients(order, norm):
    parameters = with_gradients([3.0, -4.0], [12.0])
    total = clip_grad_norm_(parameters, 1e9, order)
    if order == 0:
        norm = 2  # PyTorch's: the number of tensors that have any
    assert total.item() == pytest.approx(norm)
    assert (total.shape, total.dtype) == ((), minigrad.float32)
    assert parameters[0].grad.tolist() == [3, -4]


def test_gradients_are_scaled_together_and_in_place():
    parameters = with_gradients([3.0, -4.0], [12.0])
    held = parameters[0].grad
    assert clip_grad_norm_(iter(parameters), 6.5).item() == 13
    np.testing.assert_allclose(held.array, [1.5, -2], rtol=1e-6)
    assert parameters[0].grad is held
    assert clip_grad_norm(parameters[0], 0.5).item() == pytest.approx(2.5)
    np.testing.assert_allclose(held.array, [0.3, -0.4], rtol=1e-5)
    clip_grads_with_norm_(parameters, 1.0, tensor(2.0))
    np.testing.assert_allclose(held.array, [0.15, -0.2], rtol=1e-5)
    assert get_total_norm([p.grad for p in parameters[:2]]).item() == pytest.approx(math.hypot(0.25, 3))


def test_a_clipped_gradient_is_noticed_by_graphs():
    (p, _) = with_gradients([3.0])
    p.grad.requires_grad_()
    loss = p.grad.exp().sum() * 1
    loss2 = (p.grad * p.grad).sum()
    clip_grad_norm_(p, 1.0)
    with pytest.raises(minigrad.MutationError):
        loss2.backward()
    del loss


def test_no_gradients_have_norm_0():
    assert clip_grad_norm_([nn.Parameter(ones(1))], 1.0).item() == 0
    assert clip_grad_norm_([], 1.0).item() == 0
    assert get_total_norm(tensor([]), math.inf).item() == 0


def test_a_norm_that_is_not_finite():
    parameters = with_gradients([math.nan], [1.0])
    with pytest.raises(
        RuntimeError, match=r"The total norm of order 2\.0 for gradients from `parameters` is non-finite"
    ):
        clip_grad_norm_(parameters, 1.0, error_if_nonfinite=True)
    assert math.isnan(clip_grad_norm_(parameters, 1.0).item())
    assert math.isnan(parameters[1].grad.item())


def test_gradients_are_clipped_number_by_number():
    parameters = with_gradients([3.0, -4.0], [0.5])
    clip_grad_value_(parameters, 2)
    assert [p.grad.tolist() for p in parameters[:2]] == [[2, -2], [0.5]]
    clip_grad_value_(parameters[0], 1.0)
    assert parameters[0].grad.tolist() == [1, -1]


# ── vectors ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_parameters_in_a_vector_and_back():
    layer = nn.Linear(2, 2)
    vector = parameters_to_vector(layer.parameters())
    (vector**2).sum().backward()
    np.testing.assert_allclose(layer.bias.grad.array, 2 * layer.bias.array)
    new = minigrad.arange(6.0)
    vector_to_parameters(new, layer.parameters())
    assert (layer.weight.tolist(), layer.bias.tolist()) == ([[0, 1], [2, 3]], [4, 5])
    new[4] = 9
    assert layer.bias.tolist() == [9, 5]
    assert layer.bias.is_leaf
    with pytest.raises(TypeError, match="vector_to_parameters needs a tensor, not a list"):
        vector_to_parameters([1.0], layer.parameters())


# ── norms of weights ─────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("dim", [0, 1, -1, None])
def test_weight_norm_by_the_formula(dim):
    layer = nn.Linear(3, 2)
    original = layer.weight.array.copy()
    assert weight_norm(layer, dim=dim) is layer
    assert list(layer.state_dict()) == ["bias", "weight_g", "weight_v"]
    axes = {0: 1, 1: 0, -1: None, None: None}[dim]
    norms = np.sqrt((original**2).sum(axes, keepdims=axes is not None))
    np.testing.assert_allclose(layer.weight_g.array, norms, rtol=1e-6)
    layer.weight_g.data = layer.weight_g.data * 2
    x = ones(1, 3)
    np.testing.assert_allclose((layer(x) - layer.bias).detach().array, x.array @ (2 * original).T, rtol=1e-5)
    layer(x).sum().backward()
    assert layer.weight_g.grad.shape == layer.weight_g.shape
    np.testing.assert_allclose((layer.weight_v.grad * layer.weight_v).sum().item(), 0, atol=1e-5)  # a direction only
    with pytest.raises(RuntimeError, match="Cannot register two weight_norm hooks on the same parameter weight"):
        weight_norm(layer)
    remove_weight_norm(layer)
    np.testing.assert_allclose(layer.weight.array, 2 * original, rtol=1e-5)
    assert [name for name, _ in layer.named_parameters()] == ["bias", "weight"]
    layer(x)
    with pytest.raises(ValueError, match=r"weight_norm of 'weight' not found in Linear"):
        remove_weight_norm(layer)


def test_weight_norm_of_a_vector():
    layer = weight_norm(nn.Linear(3, 2), "bias")
    np.testing.assert_allclose(layer.bias_g.array, np.abs(layer.bias_v.array))


def test_spectral_norm_brings_the_largest_singular_value_to_1():
    manual_seed(0)
    layer = spectral_norm(nn.Linear(6, 5), n_power_iterations=50)
    original = layer.weight_orig.array.copy()
    layer(ones(1, 6)).sum().backward()
    largest = np.linalg.svd(original)[1][0]
    np.testing.assert_allclose(layer.weight.array, original / largest, rtol=1e-4)
    assert layer.weight_orig.grad is not None
    layer.eval()
    before = layer.weight_u.tolist()
    layer(ones(1, 6))
    assert layer.weight_u.tolist() == before
    with pytest.raises(RuntimeError, match="Cannot register two spectral_norm hooks"):
        spectral_norm(layer)
    remove_spectral_norm(layer)
    np.testing.assert_allclose(layer.weight.array, original / largest, rtol=1e-4)
    assert list(layer.state_dict()) == ["bias", "weight"]
    with pytest.raises(ValueError, match="spectral_norm of 'weight' not found"):
        remove_spectral_norm(layer)
    with pytest.raises(ValueError, match="Expected n_power_iterations to be positive"):
        spectral_norm(layer, n_power_iterations=0)


def test_spectral_norm_along_another_dimension():
    layer = spectral_norm(nn.Linear(6, 5), dim=1)
    assert (layer.weight_u.shape, layer.weight_v.shape) == ((6,), (5,))


# ── parametrizations ─────────────────────────────────────────────────────────────────────────────────────────────────


class Doubled(nn.Module):
    def forward(self, x):
        return x * 2


class Positive(nn.Module):
    def forward(self, x):
        return x.exp()

    def right_inverse(self, y):
        return y.log()


def test_a_parametrization_computes_the_parameter_when_it_is_read():
    layer = nn.Linear(2, 1)
    original = layer.weight
    assert parametrize.register_parametrization(layer, "weight", Doubled()) is layer
    assert isinstance(layer, nn.Linear)
    assert type(layer).__name__ == "ParametrizedLinear"
    assert layer.parametrizations.weight.original is original
    assert layer.weight.tolist() == (original * 2).tolist()
    layer(ones(1, 2)).sum().backward()
    assert original.grad.tolist() == [[2, 2]]
    parametrize.register_parametrization(layer, "weight", Doubled())
    assert layer.weight.tolist() == (original * 4).tolist()
    message = "parametrization Doubled does not implement right_inverse: define it, to assign to the parameter"
    with pytest.raises(RuntimeError, match=re.escape(message)):
        layer.weight = ones(1, 2)
    assert list(layer.state_dict()) == ["bias", "parametrizations.weight.original"]
    with parametrize.cached():
        assert parametrize.is_parametrized(layer)
    parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
    assert type(layer) is nn.Linear
    assert layer.weight is original
    assert not parametrize.is_parametrized(layer, "weight")


def test_a_parametrization_can_be_assigned_through():
    layer = nn.Linear(2, 1)
    layer.weight.data = ones(1, 2)
    parametrize.register_parametrization(layer, "weight", Positive())
    parametrize.register_parametrization(layer, "bias", Doubled())
    assert layer.parametrizations.weight.original.tolist() == [[0, 0]]
    layer.weight = ones(1, 2) * 3
    np.testing.assert_allclose(layer.weight.detach().array, 3, rtol=1e-6)
    parametrize.remove_parametrizations(layer, "weight")
    np.testing.assert_allclose(layer.weight.array, 3, rtol=1e-6)
    assert isinstance(layer.weight, nn.Parameter)
    assert parametrize.is_parametrized(layer, "bias")
    with pytest.raises(ValueError, match="does not have a parametrization on weight"):
        parametrize.remove_parametrizations(layer, "weight")


def test_what_cannot_be_parametrized():
    with pytest.raises(
        ValueError, match="does not have a parameter, a buffer, or a parametrized element with name 'x'"
    ):
        parametrize.register_parametrization(nn.Linear(2, 1), "x", Doubled())
    layer = nn.Linear(2, 1)
    with pytest.raises(ValueError, match="register_parametrization: Flatten gives"):
        parametrize.register_parametrization(layer, "weight", nn.Flatten(0))
    assert type(layer) is nn.Linear
    parametrize.register_parametrization(layer, "weight", nn.Flatten(0), unsafe=True)
    assert layer.weight.shape == (2,)
    parametrize.remove_parametrizations(layer, "weight")
    assert layer.weight.shape == (2,)


def test_buffers_can_be_parametrized():
    norm = nn.BatchNorm1d(2)
    parametrize.register_parametrization(norm, "running_var", Doubled())
    assert norm.running_var.tolist() == [2, 2]
    parametrize.remove_parametrizations(norm, "running_var")
    assert dict(norm.named_buffers())["running_var"].tolist() == [2, 2]


def test_the_norms_as_parametrizations():
    manual_seed(0)
    layer = nn.Linear(6, 5)
    original = layer.weight.array.copy()
    parametrizations.weight_norm(layer)
    assert list(layer.state_dict()) == [
        "bias",
        "parametrizations.weight.original0",
        "parametrizations.weight.original1",
    ]
    np.testing.assert_allclose(layer.weight.detach().array, original, rtol=1e-5)
    with pytest.raises(ValueError, match=re.escape("Cannot leave unparametrized (`leave_parametrized=False`)")):
        parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
    parametrize.remove_parametrizations(layer, "weight")
    parametrizations.spectral_norm(layer, n_power_iterations=30)
    np.testing.assert_allclose(layer.weight.detach().array, original / np.linalg.svd(original)[1][0], rtol=1e-4)
    layer.eval()
    assert layer.weight.tolist() == layer.weight.tolist()
    layer.weight = tensor(original)
    vector = parametrizations.spectral_norm(nn.Linear(2, 3), "bias")
    np.testing.assert_allclose((vector.bias**2).sum().item(), 1, rtol=1e-5)
    with pytest.raises(ValueError, match="Expected n_power_iterations to be positive"):
        parametrizations.spectral_norm(nn.Linear(2, 3), n_power_iterations=-1)


# ── pruning ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_smallest_weights_are_pruned_and_stay_so():
    layer = nn.Linear(4, 1, bias=False)
    layer.weight.data = tensor([[4.0, -1.0, 3.0, 2.0]])
    assert prune.l1_unstructured(layer, "weight", 0.25) is layer
    assert layer.weight.tolist() == [[4, 0, 3, 2]]
    prune.l1_unstructured(layer, "weight", amount=1)
    assert layer.weight_mask.tolist() == [[1, 0, 1, 0]]
    layer(ones(1, 4)).sum().backward()
    assert layer.weight_orig.grad.tolist() == [[1, 0, 1, 0]]
    assert prune.is_pruned(nn.Sequential(layer))
    prune.remove(layer, "weight")
    assert (layer.weight.tolist(), list(layer.state_dict())) == ([[4, 0, 3, 0]], ["weight"])
    assert not prune.is_pruned(layer)
    layer(ones(1, 4))
    with pytest.raises(ValueError, match=r"Parameter 'weight' of module Linear.* has to be pruned before"):
        prune.remove(layer, "weight")


def test_other_ways_to_prune():
    layer = nn.Linear(4, 3)
    layer.weight.data = tensor([[1.0] * 4, [3.0] * 4, [2.0] * 4])
    prune.ln_structured(layer, "weight", 2, n=2, dim=0)
    assert layer.weight_mask.sum(1).tolist() == [0, 4, 0]
    prune.identity(layer, "bias")
    assert layer.bias_mask.tolist() == [1, 1, 1]
    other = nn.Linear(10, 10)
    prune.random_unstructured(other, "weight", 0.3)
    assert other.weight_mask.sum().item() == 70
    third = nn.Linear(2, 1)
    prune.l1_unstructured(third, "weight", 1, importance_scores=tensor([[5.0, 1.0]]))
    assert third.weight_mask.tolist() == [[1, 0]]
    prune.custom_from_mask(third, "weight", tensor([[0, 1]]))
    assert third.weight_mask.tolist() == [[0, 0]]
    for amount in (1.5, -1, 9, "a"):
        with pytest.raises(ValueError, match=f"prune: amount={amount}: give a share"):
            prune.l1_unstructured(nn.Linear(2, 1), "weight", amount)


# ── the rest ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_skip_init_takes_no_random_numbers():
    manual_seed(0)
    expected = minigrad.rand(3).tolist()
    manual_seed(0)
    assert skip_init(nn.Linear, 3, out_features=2).weight.shape == (2, 3)
    assert minigrad.rand(3).tolist() == expected


def test_functional_call_by_its_older_name():
    layer = nn.Linear(2, 1)
    zeros = {"weight": minigrad.zeros(1, 2), "bias": minigrad.zeros(1)}
    assert stateless.functional_call(layer, zeros, ones(1, 2)).item() == 0


@pytest.mark.parametrize(
    ("place", "name"),
    [("linear", "Linear"), ("container", "ModuleList"), ("module", "Module"), ("loss", "MSELoss"), ("batchnorm", "_BatchNorm"),
     ("activation", "ReLU"), ("sparse", "Embedding"), ("lazy", "LazyModuleMixin"), ("dropout", "Dropout")],
)  # fmt: skip
def test_longer_names_are_the_same_modules(place, name):
    longer = importlib.import_module(f"minigrad.nn.modules.{place}")
    assert longer is importlib.import_module(f"minigrad.nn.{place}") is getattr(nn.modules, place)
    assert hasattr(longer, name)


def test_longer_names_of_classes_and_sizes():
    from minigrad.nn.modules import Linear
    from minigrad.nn.modules.utils import _pair, _quadruple, _single, _triple

    assert Linear is nn.Linear
    assert (_single(3), _pair(3), _triple(3), _quadruple(3)) == ((3,), (3, 3), (3, 3, 3), (3, 3, 3, 3))
    assert _pair([1, 2]) == (1, 2)
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = nn.modules.Nothing
