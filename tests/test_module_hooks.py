"""Hooks on modules: what they see, what they replace, in which order they run; the views of a module's dictionaries."""

import copy
import re

import numpy as np
import pytest

import minigrad
from minigrad import Tensor, nn, ones, tensor, zeros
from minigrad.nn import module as module_file
from minigrad.nn.hooks import Hooked


class Two(nn.Module):
    def forward(self, a, b, c=None):
        return a * 2, b * 3


def test_a_module_without_hooks_has_none():
    assert nn.Linear(1, 1)._hooks is None
    handle = nn.Linear(1, 1).register_forward_hook(print)
    assert nn.Linear(1, 1)._hooks is None
    handle.remove()


def test_the_order_of_hooks():
    layer, log = nn.Linear(2, 2), []
    layer.register_forward_pre_hook(lambda m, args: log.append("pre 1"))
    layer.register_forward_pre_hook(lambda m, args: log.append("pre 0"), prepend=True)
    layer.register_forward_hook(lambda m, args, out: log.append("after 1"))
    layer.register_forward_hook(lambda m, args, kwargs, out: log.append(list(kwargs)), prepend=True, with_kwargs=True)
    layer.register_full_backward_pre_hook(lambda m, grad: log.append("backward pre"))
    layer.register_full_backward_hook(lambda m, gi, go: log.append((len(gi), len(go))))
    layer.register_full_backward_hook(lambda m, gi, go: log.append("backward 0"), prepend=True)
    layer(ones(1, 2, requires_grad=True)).sum().backward()
    assert log == ["pre 0", "pre 1", [], "after 1", "backward pre", "backward 0", (1, 1)]
    log.clear()
    layer(input=ones(1, 2, requires_grad=True)).sum().backward()
    assert log == ["pre 0", "pre 1", ["input"], "after 1", "backward pre", "backward 0", (0, 1)]


def test_hooks_replace_arguments_and_outputs():
    x = ones(2)
    layer = nn.Identity()
    handles = [layer.register_forward_pre_hook(lambda m, args: args[0] * 2)]
    assert layer(x).tolist() == [2, 2]
    handles.append(layer.register_forward_pre_hook(lambda m, args, kwargs: ((args[0] + 1,), kwargs), with_kwargs=True))
    handles.append(layer.register_forward_pre_hook(lambda m, args, kwargs: None, with_kwargs=True))
    assert layer(x).tolist() == [3, 3]
    handles.append(layer.register_forward_hook(lambda m, args, out: out * 10))
    assert layer(x).tolist() == [30, 30]
    for handle in handles:
        handle.remove()
    handles[0].remove()
    assert layer(x) is x
    layer.register_forward_pre_hook(lambda m, args, kwargs: args, with_kwargs=True)
    with pytest.raises(RuntimeError, match=r"must return None or a tuple of \(new_args, new_kwargs\)"):
        layer(x)


def test_a_handle_is_a_block():
    layer, seen = nn.Identity(), []
    with layer.register_forward_hook(lambda m, args, out: seen.append(out)):
        layer(1)
    layer(2)
    assert seen == [1]


def test_always_called_hooks_see_failures():
    class Boom(nn.Module):
        def forward(self, x):
            raise ValueError("boom")

    module, seen = Boom(), []
    module.register_forward_hook(lambda m, args, out: seen.append("no"))
    module.register_forward_hook(lambda m, args, out: seen.append(out), always_call=True)
    module.register_forward_hook(lambda m, args, kwargs, out: seen.append(kwargs), always_call=True, with_kwargs=True)
    with pytest.raises(ValueError, match="boom"):
        module(1)
    assert seen == [None, {}]


def test_gradients_of_inputs_and_outputs():
    seen = []
    module = Two()
    module.register_full_backward_hook(lambda m, gi, go: seen.append((gi, go)))
    a, b = ones(2, requires_grad=True), ones(2)
    x, y = module(a, b, 3)
    (x * 5 + y).sum().backward()
    ((grad_a, grad_b, grad_c), (grad_x, grad_y)) = seen[0]
    assert (grad_a.tolist(), grad_b, grad_c) == ([10, 10], None, None)
    assert (grad_x.tolist(), grad_y) == ([5, 5], None)
    assert a.grad.tolist() == [10, 10]


def test_gradients_are_replaced():
    layer = nn.Linear(2, 2)
    x = ones(2, requires_grad=True)
    layer.register_full_backward_hook(lambda m, gi, go: (gi[0] * 10,))
    layer.register_full_backward_pre_hook(lambda m, go: go[0] * 2)
    layer(x).sum().backward()
    np.testing.assert_allclose(x.grad.array, 20 * layer.weight.array.sum(0), rtol=1e-6)
    np.testing.assert_allclose(layer.bias.grad.array, 2)


def test_gradients_without_a_gradient_of_the_input():
    seen = []
    layer = nn.Linear(2, 2)
    layer.register_full_backward_hook(lambda m, gi, go: seen.append((gi, go[0].tolist())))
    layer(ones(2)).sum().backward()
    assert seen == [((None,), [1, 1])]
    with minigrad.no_grad():
        layer(ones(2))
    assert len(seen) == 1


def test_a_gradient_for_an_input_that_wants_none_is_an_error():
    layer = nn.Linear(2, 2)
    layer.register_full_backward_hook(lambda m, gi, go: (None,))
    layer(ones(2)).sum().backward()
    layer.register_full_backward_hook(lambda m, gi, go: ones(2))
    with pytest.raises(
        minigrad.GraphError, match="a backward hook returned a gradient for an input, and no input of the module"
    ):
        layer(ones(2)).sum().backward()


def test_gradients_through_hooks_can_be_differentiated():
    module = nn.Identity()
    module.register_full_backward_hook(lambda m, gi, go: None)
    x = tensor([2.0], requires_grad=True)
    (g,) = minigrad.autograd.grad((module(x) ** 3).sum(), x, create_graph=True)
    (gg,) = minigrad.autograd.grad(g.sum(), x)
    assert (g.item(), gg.item()) == (12, 12)


def test_a_named_tuple_stays_one():
    from collections import namedtuple

    Pair = namedtuple("Pair", "a b")

    class Named(nn.Module):
        def forward(self, x):
            return Pair(x * 2, 3)

    module, seen = Named(), []
    module.register_full_backward_hook(lambda m, gi, go: seen.append(go))
    out = module(ones(1, requires_grad=True))
    out.a.sum().backward()
    assert type(out) is Pair
    assert seen[0][1] is None


def test_outputs_that_cannot_be_watched_warn():
    class Dict(nn.Module):
        def forward(self, x):
            return {"x": x * 2}

    module = Dict()
    module.register_full_backward_hook(lambda m, gi, go: None)
    with pytest.warns(
        UserWarning, match="module output should be a Tensor or a tuple of Tensors but received <class 'dict'>"
    ):
        assert module(ones(1, requires_grad=True))["x"].item() == 2


def test_an_input_that_passes_by_the_output_is_left_alone():
    kept, seen = [], []

    class Leaky(nn.Module):
        def forward(self, x):
            kept.append(x * 2)
            return x.detach()

    module = Leaky()
    module.register_full_backward_hook(lambda m, gi, go: seen.append(gi))
    x = ones(1, requires_grad=True)
    module(x)
    kept[0].sum().backward()
    assert (x.grad.item(), seen) == (2, [])


def test_a_wrong_number_of_gradients_is_an_error():
    layer = nn.Linear(2, 2)
    layer.register_backward_hook(lambda m, gi, go: (gi[0], 1))
    message = "Backward hook returned an invalid number of grad_input, got 2, but expected 1: return a tuple with one for each"
    with pytest.raises(minigrad.GraphError, match=re.escape(message)):
        layer(ones(2, requires_grad=True)).sum().backward()
    with pytest.raises(TypeError, match="a hook is a function, not a int: pass it without calling it"):
        layer.register_forward_hook(3)


def test_hooks_of_all_modules():
    seen = []
    model = nn.Sequential(nn.ReLU())
    handles = [
        module_file.register_module_forward_pre_hook(lambda m, args: seen.append("before")),
        module_file.register_module_forward_hook(lambda m, args, out: seen.append(type(m).__name__)),
        module_file.register_module_full_backward_pre_hook(lambda m, go: seen.append("backward")),
        module_file.register_module_full_backward_hook(lambda m, gi, go: seen.append(len(gi))),
    ]
    try:
        model(ones(1, requires_grad=True)).sum().backward()
        model[0].register_forward_hook(lambda m, args, out: seen.append("own"))
        assert seen == ["before", "before", "ReLU", "Sequential", "backward", "backward", 1, 1]
        seen.clear()
        model(ones(1))
        assert seen == ["before", "before", "ReLU", "own", "Sequential"]
    finally:
        for handle in handles:
            handle.remove()
    seen.clear()
    model(ones(1))
    assert Hooked._hooks is None
    assert seen == ["own"]


def test_copies_keep_their_hooks():
    layer, seen = nn.Identity(), []
    layer.register_forward_hook(lambda m, args, out: seen.append(out))
    other = copy.deepcopy(layer)
    other.register_forward_hook(lambda m, args, out: seen.append("other"))
    layer(1), other(2)
    assert seen == [1, 2, "other"]


# ── hooks of the state ───────────────────────────────────────────────────────────────────────────────────────────────


def test_hooks_of_the_state():
    layer, log = nn.Linear(1, 1), []
    layer.register_state_dict_pre_hook(lambda m, prefix, keep: log.append(("before", prefix, keep)))
    layer.register_state_dict_post_hook(lambda m, state, prefix, meta: log.append(("after", list(state))))
    layer._register_state_dict_hook(lambda m, state, prefix, meta: state)
    model = nn.Sequential(layer)
    state = model.state_dict()
    assert log == [("before", "0.", False), ("after", ["0.weight", "0.bias"])]
    assert state._metadata["0"] == {"version": 1}

    def rename(state, prefix, meta, strict, missing, unexpected, errors):
        state[prefix + "weight"] = state.pop(prefix + "old")

    other = nn.Sequential(nn.Linear(1, 1))
    other[0]._register_load_state_dict_pre_hook(rename)
    other[0].register_load_state_dict_pre_hook(lambda m, *rest: log.append(type(m).__name__))
    other[0].register_load_state_dict_post_hook(lambda m, keys: keys.missing_keys.clear())
    given = {"0.old": state["0.weight"], "0.extra": ones(1)}
    assert other.load_state_dict(given, strict=False) == ([], ["0.extra"])
    assert other[0].weight.item() == layer.weight.item()
    assert list(given) == ["0.old", "0.extra"]
    assert log[-1] == "Linear"


def test_a_state_goes_into_a_destination():
    layer = nn.Linear(1, 1)
    found = {}
    assert layer.state_dict(destination=found, prefix="a.") is found
    layer.state_dict(found, "b.", True)
    assert list(found) == ["a.weight", "a.bias", "b.weight", "b.bias"]
    assert found["b.weight"] is layer.weight


def test_a_state_can_be_assigned():
    layer = nn.BatchNorm1d(2)
    layer.weight.requires_grad = False
    state = {name: value.double() if value.is_floating_point() else value for name, value in layer.state_dict().items()}
    layer.load_state_dict(state, assign=True)
    assert layer.weight.dtype == layer.running_mean.dtype == minigrad.float64
    assert isinstance(layer.weight, nn.Parameter)
    assert not layer.weight.requires_grad
    assert layer.running_mean is state["running_mean"]
    layer.load_state_dict({**state, "weight": np.ones(2), "bias": nn.Parameter(ones(2))}, assign=True)
    assert layer.weight.dtype == minigrad.float64


# ── the dictionaries, as programs read them ──────────────────────────────────────────────────────────────────────────


class Holder(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(ones(1))
        self.register_parameter("none", None)
        self.layer = nn.Linear(1, 1)
        self.gone = nn.Tanh()
        self.gone = None
        self.register_buffer("b", zeros(1))
        self.register_buffer("scratch", None, persistent=False)


def test_the_dictionaries_hold_what_is_registered():
    holder = Holder()
    assert list(holder._parameters) == ["w", "none"]
    assert list(holder._modules) == ["layer", "gone"]
    assert list(holder._buffers) == ["b", "scratch"]
    assert holder._non_persistent_buffers_set == {"scratch"}
    assert holder._parameters["none"] is holder._modules["gone"] is None
    assert holder._buffers.get("x") is None
    assert len(holder._modules) == 2
    assert repr(holder._modules) == "{'layer': Linear(in_features=1, out_features=1, bias=True), 'gone': None}"


def test_the_dictionaries_can_be_written_to():
    holder = Holder()
    holder._modules["new"] = nn.ReLU()
    holder._parameters["p"] = nn.Parameter(ones(2))
    holder._parameters["q"] = None
    holder._buffers["c"] = ones(3)
    del holder._modules["layer"]
    assert holder._parameters.pop("w").item() == 1
    with pytest.raises(KeyError):
        del holder._buffers["w"]
    assert [name for name, _ in holder.named_parameters()] == ["p"]
    assert [name for name, _ in holder.named_children()] == ["new"]
    assert [name for name, _ in holder.named_buffers()] == ["b", "c"]
    assert list(holder._parameters) == ["none", "p", "q"]
    holder._parameters["p"] = ones(2) * 3  # as programs do that put a computed weight there
    assert type(holder.p) is Tensor
    assert list(holder.parameters()) == []


def test_none_keeps_the_place_of_a_parameter():
    holder = Holder()
    with pytest.raises(TypeError, match=re.escape("Holder.none is a Parameter, and a Tensor cannot take its place")):
        holder.none = ones(1)
    holder.w, order = None, ["w", "none", "layer.weight", "layer.bias"]
    holder.none = nn.Parameter(ones(1))
    holder.w = nn.Parameter(ones(2))
    assert [name for name, _ in holder.named_parameters()] == order
    del holder.none
    holder.none = 3


def test_a_plain_none_does_not():
    class Late(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = None
            self.second = nn.Parameter(ones(1))
            self.first = nn.Parameter(ones(1))

    assert [name for name, _ in Late().named_parameters()] == ["second", "first"]


def test_a_buffer_object_is_registered_by_assignment():
    module = nn.Module()
    module.seen = nn.Buffer(ones(2))
    module.scratch = nn.Buffer(persistent=False)
    assert [name for name, _ in module.named_buffers()] == ["seen", "scratch"]
    assert list(module.state_dict()) == ["seen"]


def test_members_by_dotted_name():
    model = nn.Sequential(nn.Linear(2, 1), nn.BatchNorm1d(1))
    assert model.get_parameter("0.weight") is model[0].weight
    assert model.get_buffer("1.running_var") is model[1].running_var
    for call, message in (
        (lambda: model.get_parameter("0.weigth"), "Sequential has no parameter '0.weigth': did you mean 'weight'?"),
        (lambda: model.get_buffer("0.x"), "Sequential has no buffer '0.x': nothing resembles it"),
        (lambda: model.set_submodule("3", nn.Tanh(), strict=True), "Sequential has no submodule '3': there are 0, 1"),
    ):
        with pytest.raises(AttributeError, match=f"^{re.escape(message)}$"):
            call()
    model.set_submodule("0", nn.Tanh())
    assert type(model[0]) is nn.Tanh
    found = model._named_members(lambda m: [("kind", type(m).__name__), ("nothing", None)], prefix="net")
    assert list(found) == [("net.kind", "Sequential"), ("net.0.kind", "Tanh"), ("net.1.kind", "BatchNorm1d")]


def test_an_attribute_that_is_missing_names_the_nearest():
    with pytest.raises(AttributeError, match=r"^'Linear' object has no attribute 'wieght': did you mean weight\?$"):
        _ = nn.Linear(1, 1).wieght
    with pytest.raises(AttributeError, match=r"^'Linear' object has no attribute '_q'$"):
        _ = nn.Linear(1, 1)._q
    with pytest.raises(AttributeError, match=r"module 'minigrad.nn' has no attribute 'Linaer': the nearest are Linear"):
        _ = nn.Linaer


# ── conversions ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_conversions_of_a_module():
    layer = nn.BatchNorm1d(2)
    layer.weight.grad = ones(2)
    assert layer.half().weight.dtype == minigrad.float16
    assert layer.to(minigrad.device("cpu"), minigrad.float64, non_blocking=True).running_mean.dtype == minigrad.float64
    assert layer.weight.grad.dtype == minigrad.float64
    assert layer.to("cpu", None).to(tensor(1.0)).weight.dtype == minigrad.float32
    assert layer.num_batches_tracked.dtype == minigrad.int64
    assert layer.type("minigrad.DoubleTensor").weight.dtype == minigrad.float64
    assert layer.cpu() is layer.share_memory() is layer.to_empty(device="cpu") is layer
    assert layer.compile() is None
    layer._apply(lambda x: x * 0)
    assert layer.weight.tolist() == [0, 0]
    for call in (
        layer.cuda,
        lambda: layer.to("cuda"),
        lambda: layer.to(device="cuda:0"),
        lambda: layer.to_empty(device="mps"),
    ):
        with pytest.raises(RuntimeError, match="minigrad computes on the CPU only"):
            call()
    with pytest.raises(TypeError, match="a module cannot be converted to int64"):
        layer.to(minigrad.int64)


def test_train_is_called_on_every_module():
    class Frozen(nn.Module):
        def train(self, mode=True):
            return super().train(False)

    model = nn.Sequential(Frozen(), nn.Tanh())
    model.train()
    assert (model.training, model[0].training, model[1].training) == (True, False, True)
