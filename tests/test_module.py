"""Modules: what the walk finds, what is registered, saved and loaded, and the containers. Printed forms are PyTorch 2.13's."""

import copy
import pickle
import re
import warnings
from collections import OrderedDict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad
from minigrad import arange, manual_seed, nn, ones, tensor, zeros
from minigrad.nn import Linear, ModuleDict, ModuleList, Parameter, ParameterDict, ParameterList, ReLU, Sequential, Tanh


class Net(nn.Module):
    """Everything a module can hold, assigned in an order that PyTorch sorts: own tensors before those of children."""

    def __init__(self):
        super().__init__()
        self.first = Linear(2, 2)
        self.register_buffer("seen", zeros(3))
        self.scale = Parameter(ones(2))
        self.body = Sequential(Linear(2, 3), ReLU(), Linear(3, 1))
        self.parts = ModuleList(Linear(1, 1) for _ in range(3))
        self.shift = Parameter(zeros(1))
        self.register_buffer("scratch", ones(1), persistent=False)


class Tied(nn.Module):
    """One module under two names, and one weight in two layers."""

    def __init__(self):
        super().__init__()
        self.a, self.b = Linear(2, 2), Linear(2, 2)
        self.b.weight = self.a.weight
        self.c = self.a


def names(pairs):
    return [name for name, _ in pairs]


PARAMETERS = [
    "scale", "shift", "first.weight", "first.bias", "body.0.weight", "body.0.bias", "body.2.weight", "body.2.bias",
    "parts.0.weight", "parts.0.bias", "parts.1.weight", "parts.1.bias", "parts.2.weight", "parts.2.bias",
]  # fmt: skip
MODULES = ["", "first", "body", "body.0", "body.1", "body.2", "parts", "parts.0", "parts.1", "parts.2"]


# ── the walk ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_walk_finds_everything_in_pytorchs_order():
    net = Net()
    assert names(net.named_parameters()) == PARAMETERS
    assert names(net.named_modules()) == MODULES
    assert names(net.named_children()) == ["first", "body", "parts"]
    assert names(net.named_buffers()) == ["seen", "scratch"]
    assert list(net.state_dict()) == ["scale", "shift", "seen", *PARAMETERS[2:]]


def test_without_names_the_walk_finds_the_same():
    net = Net()
    for plain, named in (
        (net.parameters(), net.named_parameters()),
        (net.buffers(), net.named_buffers()),
        (net.modules(), net.named_modules()),
        (net.children(), net.named_children()),
    ):
        assert [id(x) for x in plain] == [id(x) for _, x in named]


def test_the_walk_can_stay_at_the_top_and_take_a_prefix():
    net = Net()
    assert names(net.named_parameters(recurse=False)) == ["scale", "shift"]
    assert [id(p) for p in net.parameters(recurse=False)] == [id(net.scale), id(net.shift)]
    assert names(net.named_buffers(prefix="net", recurse=False)) == ["net.seen", "net.scratch"]
    assert names(net.first.named_parameters(prefix="x")) == ["x.weight", "x.bias"]
    assert names(net.body.named_modules(prefix="x")) == ["x", "x.0", "x.1", "x.2"]
    assert list(net.first.state_dict(prefix="x.")) == ["x.weight", "x.bias"]


def test_what_is_shared_is_found_once_and_saved_under_every_name():
    net = Tied()
    assert names(net.named_parameters()) == ["a.weight", "a.bias", "b.bias"]
    assert names(net.named_modules()) == ["", "a", "b"]
    assert names(net.named_children()) == ["a", "b"]
    everything = ["a.weight", "a.bias", "b.weight", "b.bias", "c.weight", "c.bias"]
    assert names(net.named_parameters(remove_duplicate=False)) == everything
    assert names(net.named_modules(remove_duplicate=False)) == ["", "a", "b", "c"]
    assert list(net.state_dict()) == everything
    assert net.load_state_dict(net.state_dict()).missing_keys == []


def test_a_module_that_knows_its_parent_does_not_send_the_walk_round_in_circles():
    net = Net()
    net.first.owner = net
    assert names(net.named_parameters()) == PARAMETERS


def test_attributes_may_be_assigned_while_the_walk_is_under_way():
    net = Net()
    for name, p in net.named_parameters():
        net.register_buffer("old_" + name.replace(".", "_"), p.detach().clone())
    for name, child in net.named_children():
        setattr(net, name + "_again", child)
    assert len(list(net.buffers())) == 2 + len(PARAMETERS)
    assert names(net.named_parameters()) == PARAMETERS


@pytest.mark.parametrize(("target", "kind"), [("", Net), ("first", Linear), ("body.1", ReLU), ("parts.2", Linear)])
def test_get_submodule_follows_a_dotted_name(target, kind):
    assert type(Net().get_submodule(target)) is kind


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("bodi.0", "Net has no submodule 'bodi.0': did you mean 'body'?"),
        ("body.7", "Net has no submodule 'body.7': there are 0, 1, 2"),
        ("scale", "Net has no submodule 'scale': there are first, body, parts"),
        ("first.x", "Net has no submodule 'first.x': nothing resembles it"),
    ],
)
def test_get_submodule_names_the_nearest(target, message):
    with pytest.raises(AttributeError, match=f"^{re.escape(message)}$"):
        Net().get_submodule(target)


# ── a plain list hides modules ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("hide", "kind", "remedy"),
    [
        (lambda m: [m], "list", "nn.ModuleList"),
        (lambda m: (1, m), "tuple", "nn.ModuleList"),
        (lambda m: {"a": m}, "dict", "nn.ModuleDict"),
        (lambda m: [m.weight], "list", "nn.ParameterList"),
        (lambda m: {"a": m.weight}, "dict", "nn.ParameterDict"),
    ],
)
def test_modules_in_a_plain_list_are_reported_once_with_a_remedy_that_works(hide, kind, remedy):
    class Hiding(nn.Module):
        def __init__(self, wrap):
            super().__init__()
            self.layers = wrap(hide(Linear(2, 2)))

    message = (
        f"Hiding.layers is a plain {kind}: what is in it is not searched, so its parameters will not be trained or saved; "
        f"wrap it, self.layers = {remedy}(...)"
    )
    with pytest.warns(UserWarning, match=f"^{re.escape(message)}$"):
        assert list(Hiding(lambda x: x).parameters()) == []
    assert list(Hiding(lambda x: x).parameters()) == []  # a second warning would be an error
    if kind != "tuple":
        container = getattr(nn, remedy.removeprefix("nn."))
        assert len(list(Hiding(container).parameters())) >= 1


@pytest.mark.parametrize(
    "register",
    [
        lambda net, layers: setattr(net, "net", Sequential(*layers)),
        lambda net, layers: [setattr(net, f"layer{i}", layer) for i, layer in enumerate(layers)],
        lambda net, layers: setattr(net, "inner", Sequential(Sequential(*layers))),
    ],
)
def test_a_plain_list_of_modules_that_are_found_elsewhere_is_fine(register):
    class Both(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = [Linear(2, 2), Linear(2, 2)]
            register(self, self.layers)

    assert len(list(Both().parameters())) == 4


def test_a_list_of_other_things_may_hold_modules_the_next_time():
    class Changing(nn.Module):
        def __init__(self, items):
            super().__init__()
            self.items = items

    assert list(Changing([1, 2]).parameters()) == []
    with pytest.warns(UserWarning, match=r"Changing\.items is a plain list"):
        assert list(Changing([Tanh()]).parameters()) == []


@pytest.mark.parametrize("value", [[], [1, 2], {"a": 1}, (), "text", [zeros(2)]])
def test_lists_of_other_things_are_no_ones_business(value):
    net = Net()
    net.extra = value
    assert names(net.named_parameters()) == PARAMETERS


# ── registration ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_super_init_is_not_needed():
    class Bare(nn.Module):
        def __init__(self):
            self.layer = Linear(1, 1)

    bare = Bare()
    assert names(bare.named_parameters()) == ["layer.weight", "layer.bias"]
    assert bare.training
    assert bare.eval().layer.training is False


def test_register_parameter_module_and_buffer():
    net = nn.Module()
    net.register_parameter("w", Parameter(ones(1)))
    net.register_parameter("none", None)
    net.add_module("layer", Linear(1, 1))
    net.register_module("act", Tanh())
    net.register_buffer("n", tensor(3))
    net.register_buffer("later", None)
    assert names(net.named_parameters()) == ["w", "layer.weight", "layer.bias"]
    assert names(net.named_children()) == ["layer", "act"]
    assert names(net.named_buffers()) == ["n"]
    net.later = zeros(2)
    assert names(net.named_buffers()) == ["n", "later"]
    net.none = Parameter(ones(1))
    assert "none" in net.state_dict()


def test_an_empty_place_can_be_filled():
    net = nn.Module()
    for value in (None, Parameter(ones(1)), None, Parameter(ones(2))):
        net.register_parameter("w", value)
    for value in (None, Tanh(), ReLU()):
        net.add_module("act", value)
    assert (net.w.shape, type(net.act)) == ((2,), ReLU)


def test_buffers_are_found_below_and_each_once():
    net = Sequential(Net(), Net())
    net[1].seen = net[0].seen
    assert names(net.named_buffers()) == ["0.seen", "0.scratch", "1.scratch"]
    assert len(list(net.buffers())) == 3
    assert names(net.named_buffers(remove_duplicate=False)) == ["0.seen", "0.scratch", "1.seen", "1.scratch"]
    assert len(list(net.buffers(recurse=False))) == 0


def test_a_buffer_is_not_learned_but_saved_and_converted():
    net = Net()
    assert not net.seen.requires_grad
    net.seen = net.seen + 1  # as running statistics do
    assert net.state_dict()["seen"].tolist() == [1, 1, 1]
    assert net.double().seen.dtype == minigrad.float64
    del net.seen
    assert "seen" not in net.state_dict()


def test_two_modules_of_a_class_have_buffers_of_their_own():
    one, other = Linear(1, 1), Linear(1, 1)
    one.register_buffer("b", zeros(1))
    assert names(one.named_buffers()) == ["b"]
    assert names(other.named_buffers()) == []


def test_a_parameter_can_take_the_place_of_a_buffer():
    net = Net()
    net.seen = Parameter(ones(3))
    assert "seen" in names(net.named_parameters())
    assert "seen" not in names(net.named_buffers())


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("scale", ones(2), "Net.scale is a Parameter, and a Tensor cannot take its place: wrap it, nn.Parameter(...), or "
                           "write into the one there is, self.scale.data = ..."),
        ("first", 3, "Net.first is a Module, and a int cannot take its place: assign a Module, or None"),
        ("seen", 3, "Net.seen is a buffer, and a int cannot take its place: assign a Tensor, or None"),
    ],
)  # fmt: skip
def test_what_is_registered_is_not_lost_by_a_slip(name, value, message):
    net = Net()
    before = list(net.state_dict())
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        setattr(net, name, value)
    assert list(net.state_dict()) == before
    setattr(net, name, None)
    assert len(list(net.state_dict())) < len(before)


def test_the_two_remedies_for_a_tensor_in_a_parameters_place_work():
    layer = Linear(2, 2)
    layer.weight = Parameter(ones(2, 2))
    layer.weight.data = zeros(2, 2)
    assert names(layer.named_parameters()) == ["weight", "bias"]
    assert layer(ones(1, 2)).tolist() == [layer.bias.tolist()]


REGISTRATIONS = [
    ("register_parameter", "x", zeros(1), TypeError, "Net.x: a Tensor is not a Parameter: give one, or None"),
    ("register_buffer", "x", 3, TypeError, "Net.x: a int is not a Tensor: give one, or None"),
    ("add_module", "x", 3, TypeError, "Net.x: a int is not a Module: give one, or None"),
    ("add_module", "x", Tanh, TypeError, "Net.x: Tanh is a class: make one, Tanh(...)"),
    ("add_module", 3, Tanh(), TypeError, "Net: a name must be a str, not 3: use '3'"),
    ("add_module", "a.b", Tanh(), KeyError, "Net: 'a.b' cannot be the name of a Module: it must not be empty, and dots "
                                            "separate the names of nested modules: use _"),
    ("register_buffer", "", zeros(1), KeyError, "Net: '' cannot be the name of a Tensor"),
    ("register_buffer", "scale", zeros(1), KeyError, "Net has another attribute 'scale' already: choose another name"),
    ("register_parameter", "forward", Parameter(zeros(1)), KeyError, "Net has another attribute 'forward' already"),
    ("add_module", "training", Tanh(), KeyError, "Net has another attribute 'training' already: choose another name"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "name", "value", "error", "message"), REGISTRATIONS)
def test_what_cannot_be_registered(method, name, value, error, message):
    net = Net()
    with pytest.raises(error, match=re.escape(message)):
        getattr(net, method)(name, value)
    assert names(net.named_parameters()) == PARAMETERS
    assert names(net.named_buffers()) == ["seen", "scratch"]


def test_registering_again_replaces():
    net = Net()
    net.register_parameter("scale", Parameter(zeros(5)))
    net.register_buffer("seen", ones(7), persistent=False)
    net.add_module("first", Tanh())
    assert net.scale.shape == (5,)
    assert "seen" not in net.state_dict()
    assert names(net.named_modules())[:3] == ["", "first", "body"]


def test_a_module_without_forward_says_so():
    message = "Net has no forward: define `def forward(self, x): ...` in the class"
    with pytest.raises(NotImplementedError, match=f"^{re.escape(message)}$"):
        Net()(3)


# ── Parameter ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_parameter_is_a_leaf_that_shares_memory_with_its_data():
    x = ones(2, requires_grad=True) * 2
    p = Parameter(x)
    assert (p.is_leaf, p.requires_grad, p.grad_fn) == (True, True, None)
    with minigrad.no_grad():
        p += 1
    assert x.tolist() == [3, 3]
    assert Parameter().shape == (0,)
    assert not Parameter(ones(1), requires_grad=False).requires_grad
    assert repr(Parameter(ones(1))) == "Parameter containing:\ntensor([1.], requires_grad=True)"


def test_a_write_into_the_data_of_a_parameter_is_noticed():
    x = ones(2)
    p = Parameter(x)
    loss = (p * p).sum()
    x += 1
    with pytest.raises(minigrad.MutationError):
        loss.backward()


@pytest.mark.parametrize("data", [[1.0, 2.0], np.ones(2), 3])
def test_a_parameter_needs_a_tensor(data):
    message = f"a Parameter needs a tensor, not a {type(data).__name__}: nn.Parameter(minigrad.tensor(...))"
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        Parameter(data)


def test_a_parameter_of_integers_says_how_to_convert():
    with pytest.raises(minigrad.GraphError, match=r"convert it to floating point first, x\.float\(\)$"):
        Parameter(arange(3))


# ── the state ────────────────────────────────────────────────────────────────────────────────────────────────────────


def bits(net):
    return {name: value.array.tobytes() for name, value in net.state_dict().items()}


def test_a_state_is_detached_shares_memory_and_loads_into_another():
    manual_seed(0)
    one, other = Net(), Net()
    state = one.state_dict()
    assert isinstance(state, OrderedDict)
    assert not any(value.requires_grad for value in state.values())
    assert np.shares_memory(state["scale"].array, one.scale.array)
    assert one.state_dict(keep_vars=True)["scale"] is one.scale
    held = other.scale
    assert repr(other.load_state_dict(state)) == "<All keys matched successfully>"
    assert bits(one) == bits(other)
    assert other.scale is held
    assert not np.shares_memory(other.scale.array, one.scale.array)


def test_a_state_may_hold_arrays_and_lists():
    layer = Linear(2, 1)
    layer.load_state_dict({"weight": np.array([[1.0, 2.0]]), "bias": [3]})
    assert (layer.weight.tolist(), layer.bias.tolist()) == ([[1, 2]], [3])
    assert layer.weight.dtype == minigrad.float32


def test_loading_is_noticed_by_graphs():
    layer = Linear(2, 2)
    loss = (layer(ones(1, 2)) * layer.weight).sum()
    layer.load_state_dict(layer.state_dict())
    with pytest.raises(minigrad.MutationError):
        loss.backward()


FAULTS = {
    "missing": (lambda s: s.pop("shift"), "shift is missing from the state (nothing resembles it)", False),
    "unexpected": (lambda s: s.update(other=zeros(1)), "other is in the state but not in the module", False),
    "misspelt": (lambda s: s.update(shifty=s.pop("shift")),
                 "shift is missing from the state (did you mean 'shifty'?); shifty is in the state but not in the module "
                 "(did you mean 'shift'?); pass strict=False to load what fits", False),
    "shape": (lambda s: s.update(seen=zeros(4)), "seen has shape (4,) in the state and (3,) in the module; build it as it was "
              "when it was saved", True),
    "shape of the last": (lambda s: s.update({"parts.2.bias": zeros(())}),
                          "parts.2.bias has shape () in the state and (1,) in the module", True),
    "text": (lambda s: s.update(shift=np.array(["a"])), "shift is of type <U1 in the state and float32 in the module", True),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_state_that_does_not_fit_changes_nothing(fault):
    spoil, message, always = FAULTS[fault]
    state = OrderedDict((name, value.clone() + 1) for name, value in Net().state_dict().items())
    spoil(state)
    net = Net()
    before = bits(net)
    with pytest.raises(RuntimeError, match=re.escape(message)) as caught:
        net.load_state_dict(state)
    assert str(caught.value).startswith("load_state_dict of Net: ")
    assert bits(net) == before
    if always:
        with pytest.raises(RuntimeError, match=re.escape(message)):
            net.load_state_dict(state, strict=False)
        assert bits(net) == before
    else:
        result = net.load_state_dict(state, strict=False)
        assert result == (["shift"] * ("shift" not in state), [name for name in state if name not in before])
        assert net.scale.tolist() == [2, 2]


def test_a_float_state_does_not_fit_an_integer_buffer():
    net = nn.Module()
    net.register_buffer("n", tensor(3))
    with pytest.raises(RuntimeError, match="n is of type float32 in the state and int64 in the module"):
        net.load_state_dict({"n": tensor(2.5)})


@pytest.mark.parametrize(
    ("missing", "unexpected"), [(["weight"], []), ([], ["other"]), (["weight", "bias"], ["other"])]
)
def test_what_was_missed_is_printed_as_in_pytorch(missing, unexpected):
    state = Linear(1, 1).state_dict()
    for name in missing:
        del state[name]
    state.update((name, zeros(1)) for name in unexpected)
    result = Linear(1, 1).load_state_dict(state, strict=False)
    assert repr(result) == f"_IncompatibleKeys(missing_keys={missing}, unexpected_keys={unexpected})"


def test_only_the_first_few_names_are_listed():
    state = {f"k{i}": zeros(1) for i in range(20)}
    with pytest.raises(RuntimeError, match=r"there are k0, k1, k2, k3, k4, k5, k6, k7, \.\.\.\)"):
        Linear(1, 1).load_state_dict(state)


@pytest.mark.parametrize("state", ["weights.npz", None, [("weight", 1)]])
def test_a_state_is_a_dict(state):
    message = (
        f"load_state_dict needs a dict of tensors, not a {type(state).__name__}: pass model.state_dict(), or "
        "minigrad.load(path)"
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        Linear(1, 1).load_state_dict(state)


# ── copies ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["deepcopy", "pickle"]
)
def test_a_copy_is_equal_and_independent(duplicate):
    net = Net()
    net.shift.requires_grad = False
    net.eval()
    other = duplicate(net)
    assert bits(other) == bits(net)
    assert names(other.named_parameters()) == PARAMETERS
    assert names(other.named_buffers()) == ["seen", "scratch"]
    assert all(type(p) is Parameter for p in other.parameters())
    assert [p.requires_grad for p in other.parameters()] == [p.requires_grad for p in net.parameters()]
    assert not other.training
    assert not any(np.shares_memory(a.array, b.array) for a, b in zip(net.parameters(), other.parameters()))


def test_a_deep_copy_keeps_what_is_shared_shared_and_drops_gradients():
    net = Tied()
    net.a(ones(1, 2)).sum().backward()
    other = copy.deepcopy(net)
    assert other.a is other.c
    assert other.a.weight is other.b.weight
    assert [p.grad for p in other.parameters()] == [None] * 3
    assert net.a.bias.grad.tolist() == [1, 1]


def test_a_shallow_copy_shares_the_parameters():
    layer = Linear(1, 1)
    assert copy.copy(layer).weight is layer.weight


# ── over the whole tree ──────────────────────────────────────────────────────────────────────────────────────────────


def test_train_and_eval_reach_every_module_and_return_the_first():
    net = Net()
    assert net.eval() is net
    assert not any(module.training for module in net.modules())
    assert net.train() is net
    assert all(module.training for module in net.modules())


def test_train_is_no_training_loop():
    message = "train([1]): give True or False; to fit a model, write the training loop yourself"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Net().train([1])


def test_apply_visits_children_first():
    visited = []
    net = Sequential(Sequential(Linear(1, 1), Tanh()), ReLU())
    assert net.apply(lambda m: visited.append(type(m).__name__)) is net
    assert visited == ["Linear", "Tanh", "Sequential", "ReLU", "Sequential"]


def test_apply_writes_starting_values_by_class_name_as_tutorials_do():
    def start(m):
        if m.__class__.__name__.find("Linear") != -1:
            m.weight.data.fill_(0.5)

    net = Net().apply(start)
    assert {value for p in net.body[0].parameters() if p.ndim == 2 for row in p.tolist() for value in row} == {0.5}


def test_requires_grad_of_all_parameters():
    net = Net()
    assert net.requires_grad_(False) is net
    assert not any(p.requires_grad for p in net.parameters())
    assert all(p.requires_grad for p in net.requires_grad_().parameters())


def test_zero_grad_drops_gradients_or_fills_them():
    layer = Linear(2, 1)
    layer(ones(3, 2)).square().sum().backward(create_graph=True)
    held = layer.weight.grad
    layer.zero_grad(set_to_none=False)
    assert layer.weight.grad.tolist() == [[0, 0]]
    assert not layer.weight.grad.requires_grad
    assert np.shares_memory(held.array, layer.weight.grad.array)
    layer.zero_grad()
    assert layer.weight.grad is None
    layer.zero_grad(set_to_none=False)
    assert layer.weight.grad is None


@pytest.mark.parametrize(
    ("convert", "dtype"),
    [
        (lambda m: m.double(), "float64"),
        (lambda m: m.double().float(), "float32"),
        (lambda m: m.to(minigrad.float64), "float64"),
        (lambda m: m.to("cpu", minigrad.float64, True), "float64"),
        (lambda m: m.to(device="cpu", dtype=np.float64), "float64"),
        (lambda m: m.to(zeros(1, dtype="float64")), "float64"),
        (lambda m: m.to("cpu"), "float32"),
        (lambda m: m.to(None), "float32"),
        (lambda m: m.cpu(), "float32"),
    ],
)
def test_conversion_is_in_place_and_leaves_integers_alone(convert, dtype):
    net = Net()
    net.register_buffer("count", tensor(3))
    net.scale.sum().backward()
    parameters = list(net.parameters())
    assert convert(net) is net
    assert [id(p) for p in net.parameters()] == [id(p) for p in parameters]
    assert {str(value.array.dtype) for name, value in net.state_dict().items() if name != "count"} == {dtype}
    assert str(net.scale.grad.array.dtype) == dtype
    assert net.count.dtype == minigrad.int64


def test_a_module_is_not_converted_to_integers():
    net = Net()
    message = "a module cannot be converted to int64: use a floating-point type, such as float64"
    with pytest.raises(TypeError, match=f"^{message}$"):
        net.to(minigrad.int64)
    assert net.scale.dtype == minigrad.float32


# ── containers: lists ────────────────────────────────────────────────────────────────────────────────────────────────

LISTS = {
    ModuleList: (lambda items: ModuleList(items), lambda: Linear(1, 1)),
    Sequential: (lambda items: Sequential(*items), lambda: Linear(1, 1)),
    ParameterList: (lambda items: ParameterList(items), lambda: Parameter(ones(1))),
}
EDITS = st.lists(
    st.tuples(st.sampled_from(["append", "extend", "insert", "pop", "del", "del slice", "set", "+="]),
              st.integers(-6, 6), st.integers(-6, 6)), max_size=8,
)  # fmt: skip


def edit(items, action, i, j, new):
    """One edit, the same for a list and for a container that behaves as one; what went wrong, if anything."""
    try:
        if action == "append":
            items.append(new)
        elif action == "extend":
            items.extend([new])
        elif action == "+=":
            items += [new]
        elif action == "insert":
            items.insert(i, new)
        elif action == "pop":
            items.pop(i)
        elif action == "del":
            del items[i]
        elif action == "del slice":
            del items[i:j]
        else:
            items[i] = new
    except IndexError as error:
        return type(error)
    return None


@pytest.mark.parametrize("kind", LISTS)
@given(edits=EDITS, n=st.integers(0, 4))
def test_a_container_is_a_list(kind, edits, n):
    make, item = LISTS[kind]
    plain = [item() for _ in range(n)]
    container = make(plain)
    for action, i, j in edits:
        new = item()
        assert edit(plain, action, i, j, new) == edit(container, action, i, j, new)
        assert [id(x) for x in container] == [id(x) for x in plain]
    assert len(container) == len(plain)
    assert bool(container) == bool(plain)
    for i in range(len(plain)):
        assert container[i] is plain[i]
        assert container[i - len(plain)] is plain[i]
        assert getattr(container, str(i)) is plain[i]
    part = container[1::2]
    assert type(part) is kind
    assert [id(x) for x in part] == [id(x) for x in plain[1::2]]
    first = Parameter if kind is ParameterList else Linear
    paths = [str(i) for i in range(len(plain))]
    wanted = paths if first is Parameter else [f"{i}.{name}" for i in paths for name in ("weight", "bias")]
    assert names(container.named_parameters()) == wanted


@pytest.mark.parametrize("kind", LISTS)
def test_pop_returns_what_it_takes_out_the_last_item_unless_told(kind):
    make, item = LISTS[kind]
    items = [item() for _ in range(4)]
    container = make(items)
    assert container.pop() is items[3]
    assert container.pop(0) is items[0]
    assert [id(x) for x in container] == [id(x) for x in items[1:3]]


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("index", [3, -4])
def test_an_index_out_of_range_names_the_length(kind, index):
    make, item = LISTS[kind]
    container = make([item() for _ in range(3)])
    message = f"index {index} of a {kind.__name__} of 3"
    with pytest.raises(IndexError, match=f"^{message}$"):
        container[index]
    with pytest.raises(IndexError, match=f"^{message}$"):
        container[index] = item()


@pytest.mark.parametrize("kind", [ModuleList, Sequential])
@pytest.mark.parametrize(
    ("item", "message"),
    [
        (3, "0: a int is not a Module: give one, or None"),
        (Tanh, "0: Tanh is a class: make one, Tanh(...)"),
        (None, "0: a NoneType is not a Module: leave it out, or use nn.Identity()"),
        ([Tanh()], "0: a list is not a Module: pass its items one by one, Sequential(*layers)"),
    ],
)
def test_a_container_refuses_what_is_no_module(kind, item, message):
    make, _ = LISTS[kind]
    message = f"^{re.escape(f'{kind.__name__}.{message}')}$"
    with pytest.raises(TypeError, match=message):
        make([item])
    for action in ("append", "insert", "set"):
        container = make([Tanh(), ReLU()])
        with pytest.raises(TypeError, match=message.replace("0", "[02]", 1)):
            edit(container, action, 0, 0, item)
        assert [type(x) for x in container] == [Tanh, ReLU]


@pytest.mark.parametrize("value", [3, Tanh()])
def test_a_list_of_modules_is_made_from_a_list(value):
    message = f"ModuleList needs a list, not a {type(value).__name__}: wrap it, [...]"
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        ModuleList(value)


def test_one_item_is_set_at_a_time():
    with pytest.raises(TypeError, match="'slice' object cannot be interpreted as an integer"):
        ModuleList([Tanh()])[0:1] = [ReLU()]


def test_sequential_feeds_each_with_the_result_of_the_one_before():
    double, succ = nn.Identity(), nn.Identity()
    double.forward, succ.forward = lambda x: 2 * x, lambda x: x + 1
    assert Sequential(double, succ)(5) == 11
    assert Sequential(succ, double)(5) == 12
    assert Sequential()(5) == 5
    assert Sequential(Sequential(succ), double, succ)(5) == 13


def named():
    return Sequential(OrderedDict([("inner", Linear(1, 2)), ("act", ReLU()), ("outer", Linear(2, 1))]))


def test_names_in_a_sequential_stay_with_slices_and_replacements():
    net = named()
    assert list(net.state_dict()) == ["inner.weight", "inner.bias", "outer.weight", "outer.bias"]
    assert list(net[1:].state_dict()) == ["outer.weight", "outer.bias"]
    assert list(Sequential(Linear(1, 1), ReLU(), Linear(1, 1))[1:].state_dict()) == ["2.weight", "2.bias"]
    net[0] = net[-1] = Tanh()
    assert names(net.named_modules(remove_duplicate=False)) == ["", "inner", "act", "outer"]
    assert net(zeros(1)).tolist() == [0]


def test_names_in_a_sequential_are_numbers_after_a_deletion():
    net = named()
    del net[0]
    assert names(net.named_children()) == ["0", "1"]
    net = named()
    net.insert(1, Tanh())
    assert [type(x) for x in net] == [Linear, Tanh, ReLU, Linear]
    assert names(net.named_children()) == ["0", "1", "2", "3"]
    assert named().append(Tanh())[-1].training
    assert names(named().append(Tanh()).named_children()) == ["inner", "act", "outer", "3"]


def test_a_subclass_of_sequential_keeps_its_other_attributes():
    class Block(Sequential):
        def __init__(self, width):
            super().__init__(Linear(width, width), Tanh())
            self.width = width

    block = Block(3)
    assert len(block) == 2
    assert block(ones(2, 3)).shape == (2, 3)
    assert len(block[:1]) == 1


def test_tensors_in_a_parameter_list_become_parameters_however_they_get_there():
    parameters = ParameterList([ones(1)])
    parameters.append(ones(2)).extend([ones(3)])
    parameters += [ones(4)]
    parameters.insert(0, ones(5))
    parameters[1] = ones(6)
    assert [tuple(p.shape) for p in parameters.parameters()] == [(5,), (6,), (2,), (3,), (4,)]
    assert all(isinstance(p, Parameter) for p in parameters)


# ── containers: dicts ────────────────────────────────────────────────────────────────────────────────────────────────

DICTS = {ModuleDict: lambda: Linear(1, 1), ParameterDict: lambda: Parameter(ones(1))}


@pytest.mark.parametrize("kind", DICTS)
@given(
    edits=st.lists(
        st.tuples(st.sampled_from(["set", "del", "pop", "update", "clear"]), st.sampled_from("abcd")), max_size=10
    )
)
def test_a_container_is_a_dict(kind, edits):
    item = DICTS[kind]
    plain = {"a": item(), "z": item()}
    container = kind(plain)
    for action, name in edits:
        new = item()
        for target in (plain, container):
            if action == "set":
                target[name] = new
            elif action == "update":
                target.update([(name, new)])
            elif action == "clear":
                target.clear()
            elif name in target:
                if action == "del":
                    del target[name]
                else:
                    held = target[name]
                    assert target.pop(name) is held
        assert list(container) == list(container.keys()) == list(plain)
        assert [id(x) for x in container.values()] == [id(x) for x in plain.values()]
        assert [(k, id(x)) for k, x in container.items()] == [(k, id(x)) for k, x in plain.items()]
        assert len(container) == len(plain)
        assert all(container[k] is plain[k] for k in plain)
        assert ("a" in container) == ("a" in plain)
    paths = names(container.named_parameters())
    assert [path.partition(".")[0] for path in paths[:: 1 if kind is ParameterDict else 2]] == list(plain)


def test_dicts_are_made_from_dicts_pairs_and_each_other():
    layer = Tanh()
    for items in ({"a": layer}, [("a", layer)], ModuleDict({"a": layer}), OrderedDict(a=layer)):
        assert ModuleDict(items)["a"] is layer
    assert ParameterDict({"w": ones(2)})["w"].requires_grad
    assert len(ModuleDict()) == 0


@pytest.mark.parametrize(
    ("name", "item", "error", "message"),
    [
        ("keys", Tanh(), KeyError, "ModuleDict has another attribute 'keys' already: choose another name"),
        ("training", Tanh(), KeyError, "ModuleDict has another attribute 'training' already"),
        ("a.b", Tanh(), KeyError, "ModuleDict: 'a.b' cannot be the name of a Module"),
        ("a", 3, TypeError, "ModuleDict.a: a int is not a Module: give one, or None"),
        ("a", None, TypeError, "ModuleDict.a: a NoneType is not a Module: leave it out, or use nn.Identity()"),
        (1, Tanh(), TypeError, "ModuleDict: a name must be a str, not 1: use '1'"),
    ],
)
def test_a_dict_of_modules_refuses(name, item, error, message):
    container = ModuleDict({"a": ReLU()})
    with pytest.raises(error, match=re.escape(message)):
        container[name] = item
    assert [type(x) for x in container.values()] == [ReLU]


def test_a_dict_of_parameters_refuses():
    with pytest.raises(KeyError, match="ParameterDict has another attribute 'items' already"):
        ParameterDict({"items": ones(1)})


def test_sums_and_multiples_of_sequentials():
    model = Sequential(Tanh(), ReLU())
    assert [type(m) for m in model + [Tanh()]] == [Tanh, ReLU, Tanh]
    assert [type(m) for m in ModuleList(model) + model] == [Tanh, ReLU, Tanh, ReLU]
    twice = 2 * model
    assert (len(twice), twice[2] is model[0], len(model)) == (4, True, 2)
    model *= 3
    assert len(model) == 6
    assert model.insert(-1, ReLU()) is model
    assert [type(m) for m in model] == [Tanh, ReLU, Tanh, ReLU, Tanh, ReLU, ReLU]
    for make, error, message in (
        (lambda: model * 0, ValueError, "a Sequential times 0: give a number from 1"),
        (lambda: model * "a", TypeError, None),
        (lambda: model + 3, TypeError, None),
        (lambda: model.insert(99, ReLU()), IndexError, "index 99 of a Sequential of 7"),
    ):
        with pytest.raises(error, match=message):
            make()


def test_a_dict_of_parameters_has_the_manners_of_a_dict():
    one = ParameterDict({"b": ones(2), "a": 3})
    assert (list(one), one["a"], list(reversed(one))) == (["a", "b"], 3, ["b", "a"])
    assert list(ParameterDict(OrderedDict(b=ones(2), a=ones(1)))) == ["b", "a"]
    both = one | {"c": ones(1)}
    both |= {"d": None}
    assert (list(both), list(one)) == (["a", "b", "c", "d"], ["a", "b"])
    assert both["b"] is one["b"]
    assert (one.get("b") is one["b"], one.get("q", 1)) == (True, 1)
    assert isinstance(one.setdefault("w", ones(1)), Parameter)
    assert one.setdefault("a", 4) == 3
    assert one.popitem()[0] == "w"
    assert dict(one.copy().named_parameters())["b"] is one["b"]
    assert one.fromkeys(["x", "y"], 1)["y"] == 1
    one.clear()
    with pytest.raises(KeyError, match="popitem of an empty ParameterDict"):
        one.popitem()
    with pytest.raises(
        TypeError, match=r"ParameterDict\.update needs a dict or pairs of a name and an item, not a int"
    ):
        one.update(3)
    assert len(ModuleDict(None)) == 0


def test_a_name_that_is_missing_names_the_nearest():
    heads = ModuleDict({"digit": Tanh(), "parity": Tanh()})
    with pytest.raises(KeyError, match=re.escape("ModuleDict has no 'digits': did you mean 'digit'?")):
        heads["digits"]
    with pytest.raises(KeyError, match=re.escape("ModuleDict has no 'q': there are digit, parity")):
        del heads["q"]


# ── how modules print ────────────────────────────────────────────────────────────────────────────────────────────────


class Extra(nn.Module):
    def __init__(self, text, child):
        super().__init__()
        self.text = text
        if child:
            self.act = ReLU()

    def extra_repr(self):
        return self.text


PRINTED = [
    (lambda: Net(), """\
Net(
  (first): Linear(in_features=2, out_features=2, bias=True)
  (body): Sequential(
    (0): Linear(in_features=2, out_features=3, bias=True)
    (1): ReLU()
    (2): Linear(in_features=3, out_features=1, bias=True)
  )
  (parts): ModuleList(
    (0-2): 3 x Linear(in_features=1, out_features=1, bias=True)
  )
)"""),
    (lambda: ModuleList([Linear(1, 2), Linear(1, 2), ReLU(), Linear(1, 2)]), """\
ModuleList(
  (0-1): 2 x Linear(in_features=1, out_features=2, bias=True)
  (2): ReLU()
  (3): Linear(in_features=1, out_features=2, bias=True)
)"""),
    (lambda: ModuleList([Sequential(Tanh()), Sequential(Tanh())]), """\
ModuleList(
  (0-1): 2 x Sequential(
    (0): Tanh()
  )
)"""),
    (lambda: ModuleDict({"x": ReLU(), "y": ModuleList()}), "ModuleDict(\n  (x): ReLU()\n  (y): ModuleList()\n)"),
    (lambda: Sequential(), "Sequential()"),
    (lambda: ParameterList([ones(2, 3), 5]), """\
ParameterList(
    (0): Parameter containing: [minigrad.float32 of size 2x3]
    (1): Object of type: int
)"""),
    (lambda: ParameterList(), "ParameterList()"),
    (lambda: ParameterDict({"w": ones(2, 3), "b": ones(1)}), """\
ParameterDict(
    (b): Parameter containing: [minigrad.FloatTensor of size 1]
    (w): Parameter containing: [minigrad.FloatTensor of size 2x3]
)"""),
    (lambda: Extra("", False), "Extra()"),
    (lambda: Extra("x=1", False), "Extra(x=1)"),
    (lambda: Extra("x=1\ny=2", False), "Extra(\n  x=1\n  y=2\n)"),
    (lambda: Extra("", True), "Extra(\n  (act): ReLU()\n)"),
    (lambda: Extra("x=1", True), "Extra(\n  x=1\n  (act): ReLU()\n)"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "printed"), PRINTED)
def test_modules_print_as_pytorchs(make, printed):
    assert repr(make()) == printed


def test_printing_and_walking_warn_of_nothing():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        repr(Net())
        Net().state_dict()
