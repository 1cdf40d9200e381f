"""Lazy modules: shapes from the first input, or from a state."""

import copy
import pickle

import numpy as np
import pytest

import minigrad
from minigrad import manual_seed, nn, ones, optim, randn
from minigrad.nn.lazy import LazyModuleMixin
from minigrad.nn.parameter import UninitializedError, is_lazy


def test_a_lazy_linear_becomes_a_linear_at_its_first_call():
    model = nn.Sequential(nn.LazyLinear(4), nn.ReLU(), nn.LazyLinear(2, bias=False))
    assert repr(model[0]) == "LazyLinear(in_features=0, out_features=4, bias=True)"
    weight = model[0].weight
    descent = optim.SGD(model.parameters(), lr=0.1)
    manual_seed(3)
    assert model(ones(5, 3)).shape == (5, 2)
    assert [type(layer) for layer in model] == [nn.Linear, nn.ReLU, nn.Linear]
    assert repr(model[0]) == "Linear(in_features=3, out_features=4, bias=True)"
    assert model[0].weight is weight
    manual_seed(3)
    other = nn.Linear(3, 4)
    assert weight.tolist() == other.weight.tolist()
    model(ones(5, 3)).sum().backward()
    before = weight.tolist()
    descent.step()
    assert weight.tolist() != before


NORMS = [
    "LazyBatchNorm1d", "LazyBatchNorm2d", "LazyBatchNorm3d", "LazyInstanceNorm1d", "LazyInstanceNorm2d", "LazyInstanceNorm3d",
]  # fmt: skip


@pytest.mark.parametrize("name", NORMS)
def test_a_lazy_norm_counts_the_channels(name):
    lazy, name = getattr(nn, name)(), name.removeprefix("Lazy")
    x = randn(4, 3, *[2] * int(name[-2]))
    plain = getattr(nn, name)(3, affine=True, track_running_stats=True)
    assert lazy(x).tolist() == plain(x).tolist()
    assert repr(lazy) == repr(plain)
    assert type(lazy) is type(plain)
    for (one, a), (other, b) in zip(lazy.state_dict().items(), plain.state_dict().items(), strict=True):
        assert (one, a.tolist()) == (other, b.tolist())


@pytest.mark.parametrize("options", [{"affine": False}, {"bias": False}, {"track_running_stats": False}, {"dtype": "float64"},
                                     {"affine": False, "track_running_stats": False}])  # fmt: skip
def test_options_of_a_lazy_norm(options):
    lazy, plain = nn.LazyBatchNorm1d(momentum=0.2, **options), nn.BatchNorm1d(3, momentum=0.2, **options)
    x = randn(4, 3, dtype=options.get("dtype"))
    assert lazy(x).tolist() == plain(x).tolist()
    assert {k: (v.dtype, v.tolist()) for k, v in lazy.state_dict().items()} == {
        k: (v.dtype, v.tolist()) for k, v in plain.state_dict().items()
    }


USES = {
    "shape": lambda w: w.shape,
    "numel": lambda w: w.numel(),
    "addition": lambda w: w + 1,
    "method": lambda w: w.sum(),
    "in place": lambda w: w.zero_(),
    "data": lambda w: w.data,
    "list": lambda w: w.tolist(),
    "linear": lambda w: nn.functional.linear(ones(2, 3), w),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("error", [RuntimeError, ValueError, UninitializedError])
def test_an_uninitialized_parameter_cannot_be_used(use, error):
    message = "this UninitializedParameter has no shape and no values yet: call the module once with a batch"
    with pytest.raises(error, match=message):
        USES[use](nn.UninitializedParameter())


def test_what_an_uninitialized_parameter_has():
    w = nn.UninitializedParameter(dtype="float64")
    assert repr(w) == "<UninitializedParameter>"
    assert (w.dtype, w.requires_grad, w.grad, w.is_leaf) == (minigrad.float64, True, None, True)
    assert w.detach() is w.to("cpu") is w
    assert w.float().dtype == minigrad.float32
    for other in (copy.deepcopy(w), pickle.loads(pickle.dumps(w))):
        assert (type(other), other.dtype) == (nn.UninitializedParameter, minigrad.float32)
    b = nn.UninitializedBuffer()
    b.materialize((2,), dtype="int64")
    assert (type(b), b.tolist(), b.dtype) == (minigrad.Tensor, [0, 0], minigrad.int64)
    assert is_lazy(w)
    assert not is_lazy(b)


def test_lazy_modules_are_converted_copied_and_cleared():
    model = nn.Sequential(nn.LazyLinear(2), nn.LazyBatchNorm1d())
    model.zero_grad()
    other = copy.deepcopy(model.double())
    assert other[0].has_uninitialized_params()
    assert other(randn(4, 3, dtype="float64")).dtype == minigrad.float64
    assert model[1].running_mean.dtype == minigrad.float64


def test_a_state_gives_shapes():
    lazy, full = nn.LazyLinear(2), nn.Linear(3, 2)
    state = lazy.state_dict()
    assert all(map(is_lazy, state.values()))
    with pytest.raises(RuntimeError, match="has no shape and no values yet"):
        full.load_state_dict(state)
    nn.LazyLinear(2).load_state_dict(state)
    lazy.load_state_dict(full.state_dict())
    assert lazy.weight.tolist() == full.weight.tolist()
    assert type(lazy) is nn.LazyLinear
    assert lazy(ones(1, 3)).tolist() == full(ones(1, 3)).tolist()
    assert repr(lazy) == repr(full)
    norm = nn.LazyBatchNorm1d()
    norm.load_state_dict(nn.BatchNorm1d(3).state_dict())
    norm(randn(4, 3))
    assert norm.num_features == 3
    lazy.reset_parameters()
    nn.LazyLinear(2).reset_parameters()


class Scale(LazyModuleMixin, nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.UninitializedParameter()

    def initialize_parameters(self, x):
        self.w.materialize(x.shape)
        nn.init.ones_(self.w)

    def forward(self, x):
        return x * self.w


def test_a_lazy_module_of_ones_own():
    scale, seen = Scale(), []
    scale.register_forward_hook(lambda m, args, out: seen.append(out.shape))
    for _ in range(2):
        assert scale(ones(2)).tolist() == [1, 1]
    assert type(scale) is Scale
    assert seen == [(2,), (2,)]
    assert not scale.has_uninitialized_params()


def test_initialize_parameters_has_to_do_its_work():
    class Idle(Scale):
        def initialize_parameters(self, x):
            pass

    class Without(LazyModuleMixin, nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.UninitializedParameter()

    with pytest.raises(RuntimeError, match="module Idle has not been fully initialized"):
        Idle()(ones(1))
    with pytest.raises(NotImplementedError, match="initialize_parameters is not implemented for Without: define"):
        Without()(ones(1))


def test_uninitialized_devices():
    with pytest.raises(RuntimeError, match="minigrad computes on the CPU only"):
        nn.LazyLinear(2, device="cuda")
    assert np.isfinite(nn.LazyLinear(2)(ones(1, 3)).detach().array).all()


def test_a_step_passes_over_parameters_that_have_no_shape_yet():
    used, unused = nn.Linear(2, 2), nn.LazyLinear(4)
    descent = optim.SGD([*used.parameters(), *unused.parameters()], lr=0.1)
    descent.step()
    used(minigrad.ones(1, 2)).sum().backward()
    descent.step()
