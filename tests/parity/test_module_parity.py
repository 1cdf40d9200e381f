"""Modules, hooks, containers and lazy modules: the same expression under both, printed."""

import re
from collections import OrderedDict

import pytest
from agree import torch

import minigrad

TORCHS_OWN = re.compile(r"(minigrad|torch)\.|grad_fn=<\w+>")


def printed(call, t):
    """What a call gives, as text; or the kinds of error that it raises."""
    t.manual_seed(0)
    try:
        return TORCHS_OWN.sub("", repr(call(t, t.nn)))
    except Exception as error:
        return {kind.__name__ for kind in type(error).__mro__} & {
            "RuntimeError", "ValueError", "TypeError", "IndexError", "KeyError", "AttributeError", "NotImplementedError"
        }  # fmt: skip


def seq(nn):
    return nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2), nn.Tanh())


def named(nn):
    return nn.Sequential(OrderedDict(a=nn.Linear(2, 2), b=nn.ReLU(), c=nn.Linear(2, 2)))


def after(change, thing):
    """A thing after a change."""
    change(thing)
    return thing, len(thing)


CONTAINERS = [
    lambda t, nn: seq(nn)[1:3],
    lambda t, nn: named(nn)[1:],
    lambda t, nn: seq(nn)[-1],
    lambda t, nn: seq(nn)[7],
    lambda t, nn: seq(nn) + named(nn),
    lambda t, nn: seq(nn) * 2,
    lambda t, nn: 2 * seq(nn),
    lambda t, nn: seq(nn) * 0,
    lambda t, nn: seq(nn) * "a",
    lambda t, nn: seq(nn).append(nn.ReLU()),
    lambda t, nn: seq(nn).insert(1, nn.ReLU()),
    lambda t, nn: seq(nn).insert(9, nn.ReLU()),
    lambda t, nn: seq(nn).extend([nn.ReLU()]),
    lambda t, nn: seq(nn).pop(1),
    lambda t, nn: list(seq(nn)._modules),
    lambda t, nn: [type(m).__name__ for m in seq(nn)],
    lambda t, nn: named(nn).a,
    lambda t, nn: nn.Sequential(),
    lambda t, nn: nn.Sequential([nn.Linear(1, 1)]),
    lambda t, nn: nn.Sequential(seq(nn), named(nn)),
    lambda t, nn: seq(nn)["0"],
    lambda t, nn: after(lambda s: s.__delitem__(slice(0, 2)), seq(nn)),
    lambda t, nn: after(lambda s: s.__delitem__(1), named(nn)),
    lambda t, nn: after(lambda s: s.__setitem__(0, nn.ReLU()), seq(nn)),
    lambda t, nn: after(lambda s: s.__imul__(2), seq(nn)),
    lambda t, nn: after(lambda s: s.__iadd__(named(nn)), seq(nn)),
    lambda t, nn: nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2)]),
    lambda t, nn: nn.ModuleList(seq(nn))[1:],
    lambda t, nn: nn.ModuleList(seq(nn)) + [nn.ReLU()],
    lambda t, nn: nn.ModuleList([nn.ModuleList([nn.Linear(1, 1) for _ in range(2)]) for _ in range(2)]),
    lambda t, nn: nn.ModuleList(),
    lambda t, nn: nn.ModuleList(3),
    lambda t, nn: nn.ModuleList([3]),
    lambda t, nn: nn.ModuleList(seq(nn)).insert(1, nn.ReLU()),
    lambda t, nn: after(lambda m: m.insert(1, nn.ReLU()), nn.ModuleList(seq(nn))),
    lambda t, nn: after(lambda m: m.extend(named(nn)), nn.ModuleList(seq(nn))),
    lambda t, nn: after(lambda m: m.__setitem__(-1, nn.Linear(3, 3)), nn.ModuleList(seq(nn))),
    lambda t, nn: nn.ModuleList(seq(nn))(t.ones(2)),
    lambda t, nn: nn.ModuleList(seq(nn))[9],
    lambda t, nn: list(nn.ModuleList(seq(nn))._modules.keys()),
    lambda t, nn: nn.ModuleDict({"b": nn.Linear(1, 1), "a": nn.ReLU()}),
    lambda t, nn: nn.ModuleDict([["a", nn.Linear(1, 1)], ["b", nn.ReLU()]]),
    lambda t, nn: nn.ModuleDict({"a": nn.Linear(1, 1)}).keys(),
    lambda t, nn: list(nn.ModuleDict({"a": nn.Linear(1, 1)}).items()),
    lambda t, nn: "a" in nn.ModuleDict({"a": nn.Linear(1, 1)}),
    lambda t, nn: nn.ModuleDict({"a": nn.Linear(1, 1)})["c"],
    lambda t, nn: nn.ModuleDict({"a.b": nn.Linear(1, 1)}),
    lambda t, nn: nn.ModuleDict({"forward": nn.Linear(1, 1)}),
    lambda t, nn: nn.ModuleDict({"a": 3}),
    lambda t, nn: nn.ModuleDict(3),
    lambda t, nn: nn.ModuleDict({1: nn.ReLU()}),
    lambda t, nn: after(lambda d: (d.update({"b": nn.ReLU()}), d.pop("a")), nn.ModuleDict({"a": nn.Linear(1, 1)})),
    lambda t, nn: after(lambda d: d.clear(), nn.ModuleDict({"a": nn.Linear(1, 1)})),
    lambda t, nn: nn.ParameterList([t.ones(2), nn.Parameter(t.ones(2, 3)), 3]),
    lambda t, nn: nn.ParameterList([t.ones(2)] * 3)[1:],
    lambda t, nn: nn.ParameterList([t.ones(2)])[4],
    lambda t, nn: nn.ParameterList(3),
    lambda t, nn: after(lambda p: (p.append(t.ones(1)), p.extend([t.ones(2)])), nn.ParameterList()),
    lambda t, nn: after(lambda p: p.__iadd__([t.ones(2)]), nn.ParameterList([t.ones(1)])),
    lambda t, nn: after(lambda p: p.__setitem__(0, t.ones(4)), nn.ParameterList([t.ones(1)])),
    lambda t, nn: list(nn.ParameterList([t.ones(2)] * 2).state_dict()),
    lambda t, nn: nn.ParameterDict({"b": t.ones(2), "a": 3}),
    lambda t, nn: nn.ParameterDict({"a": t.ones(2)})["a"],
    lambda t, nn: nn.ParameterDict({"a": t.ones(2)}).get("z", 1),
    lambda t, nn: nn.ParameterDict({"a": t.ones(2)}) | nn.ParameterDict({"b": t.ones(3)}),
    lambda t, nn: after(lambda d: d.__ior__({"b": t.ones(3)}), nn.ParameterDict({"a": t.ones(2)})),
    lambda t, nn: after(lambda d: (d.setdefault("z", t.ones(1)), d.popitem()), nn.ParameterDict({"a": t.ones(2)})),
    lambda t, nn: list(nn.ParameterDict({"b": t.ones(2), "a": t.ones(1)}).state_dict()),
    lambda t, nn: list(nn.ParameterDict(OrderedDict(b=t.ones(2), a=t.ones(1))).state_dict()),
    lambda t, nn: list(reversed(nn.ParameterDict({"a": t.ones(2), "b": t.ones(1)}))),
    lambda t, nn: nn.ParameterDict({"a": t.ones(2)}).fromkeys(["x", "y"], 3),
    lambda t, nn: nn.ParameterDict({"a": t.ones(2)}).copy(),
    lambda t, nn: nn.ParameterDict({"a": t.ones(2)}).pop("a"),
]


class Net:
    """A module with something of everything, of either library."""

    def __new__(cls, t):
        nn = t.nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.first = nn.Linear(2, 2)
                self.register_buffer("seen", t.zeros(3))
                self.late = None
                self.scale = nn.Parameter(t.ones(2))
                self.norm = nn.BatchNorm1d(2)
                self.register_parameter("none", None)
                self.late = nn.Parameter(t.ones(1))
                self.tied = self.first
                self.register_buffer("scratch", t.ones(1), persistent=False)

            def forward(self, x, y=None):
                return self.norm(self.first(x)) * self.scale

        return Net()


def logged(t, nn, *registrations):
    """What hooks wrote down while a layer ran forwards and backwards."""
    log, layer = [], nn.Linear(2, 2)
    for register in registrations:
        register(layer, log)
    for x in (t.ones(1, 2), t.ones(3, 2, requires_grad=True)):
        out = layer(x)
        out.sum().backward()
        log.append([None if x.grad is None else x.grad.tolist(), out.tolist()])
    log.append([p.grad.tolist() for p in layer.parameters()])
    return log


MODULES = [
    lambda t, nn: Net(t),
    lambda t, nn: [name for name, _ in Net(t).named_parameters()],
    lambda t, nn: [name for name, _ in Net(t).named_parameters(remove_duplicate=False)],
    lambda t, nn: [name for name, _ in Net(t).named_buffers()],
    lambda t, nn: [name for name, _ in Net(t).named_modules()],
    lambda t, nn: [name for name, _ in Net(t).named_children()],
    lambda t, nn: list(Net(t).state_dict(prefix="p.")),
    lambda t, nn: [list(d) for d in (Net(t)._parameters, Net(t)._modules, Net(t)._buffers)],
    lambda t, nn: [Net(t)._parameters["none"], Net(t)._non_persistent_buffers_set],
    lambda t, nn: [name for name, _ in Net(t)._named_members(lambda m: m._parameters.items())],
    lambda t, nn: type(Net(t).get_submodule("norm")).__name__,
    lambda t, nn: Net(t).get_parameter("first.weight").shape,
    lambda t, nn: Net(t).get_parameter("first.nothing"),
    lambda t, nn: Net(t).get_buffer("norm.running_mean"),
    lambda t, nn: Net(t).get_submodule("nothing"),
    lambda t, nn: Net(t).nothing,
    lambda t, nn: setattr(Net(t), "scale", t.ones(2)),
    lambda t, nn: setattr(Net(t), "none", t.ones(2)),
    lambda t, nn: setattr(Net(t), "first", 3),
    lambda t, nn: setattr(Net(t), "seen", 3),
    lambda t, nn: Net(t).register_buffer("scale", t.ones(1)),
    lambda t, nn: Net(t).register_parameter("a.b", nn.Parameter(t.ones(1))),
    lambda t, nn: Net(t).register_parameter("p", t.ones(1)),
    lambda t, nn: Net(t).add_module("", nn.ReLU()),
    lambda t, nn: nn.Module()(1),
    lambda t, nn: nn.Module(3),
    lambda t, nn: Net(t).train("yes"),
    lambda t, nn: Net(t).to(t.int64),
    lambda t, nn: Net(t).half().norm.running_var.dtype,
    lambda t, nn: Net(t).to(t.device("cpu"), t.float64).norm.num_batches_tracked.dtype,
    lambda t, nn: Net(t).to(t.ones(1, dtype=t.float64)).seen.dtype,
    lambda t, nn: Net(t).type(t.float64).scale.dtype,
    lambda t, nn: Net(t).load_state_dict(Net(t).state_dict()),
    lambda t, nn: seq(nn).load_state_dict({"0.weight": t.ones(2, 2), "other": t.ones(1)}, strict=False),
    lambda t, nn: Net(t).load_state_dict({"scale": t.ones(2)}),
    lambda t, nn: Net(t).load_state_dict({"scale": t.ones(3)}, strict=False),
    lambda t, nn: Net(t).load_state_dict(3),
    lambda t, nn: nn.Module.__call__(nn.Identity(), 3),
    lambda t, nn: logged(t, nn, lambda m, log: m.register_forward_hook(lambda m, a, out: log.append(out.shape))),
    lambda t, nn: logged(t, nn, lambda m, log: m.register_forward_hook(lambda m, a, out: out * 2)),
    lambda t, nn: logged(t, nn, lambda m, log: m.register_forward_pre_hook(lambda m, a: a[0] * 2)),
    lambda t, nn: logged(t, nn, lambda m, log: m.register_forward_pre_hook(lambda m, a, k: (a, k), with_kwargs=True)),
    lambda t, nn: logged(t, nn, lambda m, log: m.register_forward_pre_hook(lambda m, a, k: a, with_kwargs=True)),
    lambda t, nn: logged(t, nn, lambda m, log: m.register_full_backward_hook(lambda m, i, o: log.append((i, o)))),
    lambda t, nn: logged(
        t, nn, lambda m, log: m.register_full_backward_hook(lambda m, i, o: (i[0] if i[0] is None else i[0] * 3,))
    ),
    lambda t, nn: logged(t, nn, lambda m, log: m.register_full_backward_hook(lambda m, i, o: (i[0], i[0]))),
    lambda t, nn: logged(t, nn, lambda m, log: m.register_full_backward_pre_hook(lambda m, o: (o[0] * 3,))),
    lambda t, nn: logged(t, nn, lambda m, log: m.register_full_backward_hook(lambda m, i, o: (t.ones(1, 2),))),
    lambda t, nn: logged(
        t,
        nn,
        *[
            lambda m, log, n=n: m.register_forward_hook(lambda m, a, out: log.append(n), prepend=n == 2)
            for n in range(3)
        ],
    ),
]

LAZY = [
    lambda t, nn: nn.Sequential(nn.LazyLinear(3), nn.LazyBatchNorm1d(), nn.LazyLinear(2, bias=False)),
    lambda t, nn: after(
        lambda m: m(t.ones(4, 5)), nn.Sequential(nn.LazyLinear(3), nn.LazyBatchNorm1d(), nn.LazyLinear(2))
    ),
    lambda t, nn: list(nn.LazyLinear(3).state_dict().items()),
    lambda t, nn: nn.LazyLinear(3).weight,
    lambda t, nn: nn.LazyLinear(3).weight.shape,
    lambda t, nn: sum(p.numel() for p in nn.LazyLinear(3).parameters()),
    lambda t, nn: nn.LazyLinear(3).weight + 1,
    lambda t, nn: nn.LazyLinear(3).double().weight.dtype,
    lambda t, nn: nn.LazyLinear(3)(t.ones(2, 4)),
    lambda t, nn: nn.LazyLinear(3).load_state_dict(nn.Linear(2, 3).state_dict()),
    lambda t, nn: nn.Linear(2, 3).load_state_dict(nn.LazyLinear(3).state_dict()),
    lambda t, nn: list(nn.LazyBatchNorm2d(affine=False).state_dict()),
    lambda t, nn: nn.LazyInstanceNorm1d(),
    lambda t, nn: nn.UninitializedBuffer(),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("call", [*CONTAINERS, *MODULES, *LAZY])
def test_says_what_pytorch_says(call):
    ours, theirs = printed(call, minigrad), printed(call, torch)
    if isinstance(theirs, set):
        assert isinstance(ours, set), f"{ours} for {theirs}"
        assert theirs <= ours
    else:
        assert numbers(ours) == pytest.approx(numbers(theirs), rel=1e-4, abs=2e-4, nan_ok=True)
        assert words(ours) == words(theirs)


NUMBER = re.compile(r"-?(?:\d+\.\d*|\.\d+|\d+)(?:e[-+]?\d+)?")


def numbers(text):
    return [float(n) for n in NUMBER.findall(text)]


def words(text):
    return re.sub(r"\s+|, (?=\))", " ", NUMBER.sub("#", text))
