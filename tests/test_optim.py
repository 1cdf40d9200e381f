"""Optimizers: their steps against the formulas and against PyTorch 2.13's, groups, states, and continuing from a file."""

import copy
import io
import pickle
import re
from math import inf, nan, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad
from minigrad import manual_seed, nn, ones, randn, tensor, zeros
from minigrad.nn import Parameter
from minigrad.optim import SGD, Adam, Optimizer

# ── against PyTorch's numbers ────────────────────────────────────────────────────────────────────────────────────────

TRAJECTORIES = [  # options; the parameters after one step and after five
    (SGD, {"lr": 0.1}, [0.845969769413186, -1.8583853163452857, 0.2622417438109627],
     [0.27594481855745095, -1.4709436586239102, -0.18811949074170314]),
    (SGD, {"lr": 0.1, "momentum": 0.9}, [0.845969769413186, -1.8583853163452857, 0.2622417438109627],
     [-0.81076105086189, -0.7072389061254184, -0.9155077194452558]),
    (SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}, [0.7073425618850534, -1.730932101056043, 0.04825931324082917],
     [-1.0106267174588575, -0.7217417642476163, -0.5539875473455702]),
    (SGD, {"lr": 0.1, "momentum": 0.9, "dampening": 0.5}, [0.845969769413186, -1.8583853163452857, 0.2622417438109627],
     [-0.26185428917965764, -1.0128814152828862, -0.8277829777917785]),
    (SGD, {"lr": 0.1, "weight_decay": 0.1}, [0.835969769413186, -1.8383853163452857, 0.2572417438109627],
     [0.24560944701991066, -1.408449136251386, -0.18900219649195985]),
    (SGD, {"lr": 0.1, "momentum": 0.5, "weight_decay": 0.1, "nesterov": True},
     [0.753954654119779, -1.7575779745179287, 0.1358626157164441],
     [-0.24480349770813647, -1.1173346704829874, -0.35073818793685063]),
    (SGD, {"lr": 0.1, "maximize": True}, [1.154030230586814, -2.1416146836547143, 0.7377582561890373],
     [1.7808414643553854, -2.912417350928339, 2.353440058065687]),
    (SGD, {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1, "maximize": True},
     [1.144030230586814, -2.1216146836547143, 0.7327582561890373],
     [2.878211049564009, -4.037059720563931, 5.424259046270651]),
    (SGD, {}, [0.9984596976941319, -1.9985838531634528, 0.49762241743810964],
     [0.9923009491799172, -1.9929392078545474, 0.4881719390227182]),
    (Adam, {"lr": 0.1}, [0.9000000006492233, -1.9000000007061415, 0.4000000004205953],
     [0.5008164060829108, -1.508348173846917, 0.009586314026668222]),
    (Adam, {"lr": 0.1, "betas": (0.5, 0.9)}, [0.9000000006492233, -1.9000000007061415, 0.40000000042059525],
     [0.5038017352978089, -1.528160431685364, 0.031477142260710717]),
    (Adam, {"lr": 0.1, "eps": 0.1}, [0.9060964372019873, -1.9065956672262523, 0.404036192437668],
     [0.5315732470138688, -1.5430376907185868, 0.030904292126401348]),
    (Adam, {"lr": 0.1, "weight_decay": 0.1}, [0.9000000006096437, -1.9000000006187556, 0.4000000004119324],
     [0.5010939015966746, -1.5075228597410826, 0.009842977819469426]),
    (Adam, {"lr": 0.1, "amsgrad": True, "betas": (0.5, 0.5)}, [0.9000000006492233, -1.9000000007061415, 0.40000000042059525],
     [0.5005227998168966, -1.526698141123682, 0.032304116196814475]),
    (Adam, {"lr": 0.1, "maximize": True, "weight_decay": 0.1}, [1.0999999993057012, -2.0999999991777307, 0.5999999995703698],
     [1.4999598331481296, -2.5021749510980755, 1.0021643042698642]),
    (Adam, {}, [0.9990000000064923, -1.9990000000070614, 0.49900000000420597],
     [0.9950000449008495, -1.9950004341493774, 0.49500046271225734]),
    (Adam, {"lr": 0.1, "betas": (0.0, 0.0)}, [0.9000000006492233, -1.9000000007061415, 0.40000000042059525],
     [0.500000003358812, -1.500000004606256, 2.8361261533715876e-09]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "options", "first", "last"), TRAJECTORIES)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_five_steps_are_pytorchs(kind, options, first, last, dtype):
    p = tensor([1.0, -2.0, 0.5], dtype=dtype, requires_grad=True)
    stiff = tensor([1.0, 0.5, 3.0], dtype=dtype)
    descent = kind([p], **options)
    reached = []
    for _ in range(5):
        descent.zero_grad()
        (stiff * p**2 / 2 + p.sin()).sum().backward()
        assert descent.step() is None
        reached.append(p.tolist())
    tolerance = {"rtol": 1e-9, "atol": 1e-12} if dtype == "float64" else {"rtol": 2e-6, "atol": 2e-6}
    np.testing.assert_allclose(reached[0], first, **tolerance)
    np.testing.assert_allclose(reached[-1], last, **tolerance)
    assert p.dtype == getattr(minigrad, dtype)


# ── against the formulas ─────────────────────────────────────────────────────────────────────────────────────────────


class SGDByHand:
    """One number, by M. Sutskever et al. and PyTorch's documentation."""

    def __init__(self):
        self.b = None

    def step(self, p, g, lr, momentum, dampening, weight_decay, nesterov, maximize):
        g = (-g if maximize else g) + weight_decay * p
        if momentum:
            self.b = g if self.b is None else momentum * self.b + (1 - dampening) * g
            g = g + momentum * self.b if nesterov else self.b
        return p - lr * g


class AdamByHand:
    """One number, by D. Kingma and J. Ba, algorithm 1."""

    def __init__(self):
        self.t, self.m, self.v, self.top = 0, 0.0, 0.0, 0.0

    def step(self, p, g, lr, betas, eps, weight_decay, amsgrad, maximize):
        g = (-g if maximize else g) + weight_decay * p
        self.t += 1
        self.m = betas[0] * self.m + (1 - betas[0]) * g
        self.v = betas[1] * self.v + (1 - betas[1]) * g * g
        self.top = max(self.top, self.v)
        m, v = self.m / (1 - betas[0] ** self.t), (self.top if amsgrad else self.v) / (1 - betas[1] ** self.t)
        return p - lr * m / (sqrt(v) + eps)


BY_HAND = {SGD: SGDByHand, Adam: AdamByHand}


@st.composite
def settings(draw):
    """A kind of optimizer, and options for it."""
    options = {
        "lr": draw(st.sampled_from([0.0, 0.01, 0.3])),
        "weight_decay": draw(st.sampled_from([0, 0.1])),
        "maximize": draw(st.booleans()),
    }
    if draw(st.booleans()):
        options["momentum"] = draw(st.sampled_from([0, 0.5, 0.9]))
        options["dampening"] = draw(st.sampled_from([0, 0.3]))
        options["nesterov"] = bool(options["momentum"] and not options["dampening"] and draw(st.booleans()))
        return SGD, options
    options["betas"] = draw(st.sampled_from([(0.9, 0.999), (0.5, 0.5), (0.0, 0.9)]))
    options["eps"] = draw(st.sampled_from([1e-8, 0.1]))
    options["amsgrad"] = draw(st.booleans())
    return Adam, options


NUMBERS = st.floats(-3, 3).map(lambda x: round(x, 2) or 0.5)


@given(
    settings(), st.lists(st.lists(st.none() | NUMBERS, min_size=3, max_size=3), min_size=1, max_size=6), st.booleans()
)
def test_steps_follow_the_formulas_also_where_gradients_are_missing(setting, gradients, nested):
    kind, options = setting
    shape = (1, 1) if nested else ()
    values, by_hand = [1.0, -0.5, 2.0], [BY_HAND[kind]() for _ in range(3)]
    parameters = [tensor(np.full(shape, value), requires_grad=True) for value in values]
    memory = [p.array for p in parameters]
    descent = kind(parameters, **options)
    for row in gradients:
        for i, g in enumerate(row):
            parameters[i].grad = None if g is None else tensor(np.full(shape, g))
            if g is not None:
                values[i] = by_hand[i].step(values[i], g, **options)
        descent.step()
        np.testing.assert_allclose([p.item() for p in parameters], values, rtol=1e-9, atol=1e-12)
    assert all(p.array is array for p, array in zip(parameters, memory))


def test_options_can_be_changed_on_the_way():
    p, q = (tensor([1.0], dtype="float64", requires_grad=True) for _ in range(2))
    descent = SGD([{"params": [p]}, {"params": [q], "lr": 0.5}], lr=0.1, momentum=0.9)
    p.grad, q.grad = ones(1, dtype="float64"), ones(1, dtype="float64")
    descent.step()
    assert (p.item(), q.item()) == pytest.approx((0.9, 0.5))
    for group in descent.param_groups:
        group["lr"] *= 2
    descent.param_groups[0]["momentum"] = 0
    descent.step()
    assert (p.item(), q.item()) == pytest.approx((0.9 - 0.2, 0.5 - 1.9))


def test_amsgrad_can_be_switched_on_on_the_way():
    p = tensor([1.0], dtype="float64", requires_grad=True)
    descent, by_hand, value = Adam([p], lr=0.1), AdamByHand(), 1.0
    for step, g in enumerate([1.0, -2.0, 0.1, 0.1]):
        if step == 1:
            descent.param_groups[0]["amsgrad"] = True
            by_hand.top = 0.0
        p.grad = tensor([g], dtype="float64")
        descent.step()
        value = by_hand.step(value, g, 0.1, (0.9, 0.999), 1e-8, 0, step > 0, False)
    assert p.item() == pytest.approx(value, rel=1e-12)


def test_groups_have_options_of_their_own_and_the_defaults_of_the_rest():
    p, q, r = (Parameter(ones(1)) for _ in range(3))
    descent = SGD([{"params": [p], "lr": 0.5}, {"params": q, "name": "last"}], lr=0.1, momentum=0.9)
    descent.add_param_group({"params": iter([r]), "momentum": 0})
    assert [(g["lr"], g["momentum"]) for g in descent.param_groups] == [(0.5, 0.9), (0.1, 0.9), (0.1, 0)]
    assert [g["params"] for g in descent.param_groups] == [[p], [q], [r]]
    assert descent.param_groups[1]["name"] == "last"


def test_parameters_may_come_with_their_names():
    layer = nn.Linear(2, 1)
    descent = SGD(layer.named_parameters(), lr=0.1)
    assert [id(p) for p in descent.param_groups[0]["params"]] == [id(layer.weight), id(layer.bias)]


# ── gradients ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_without_a_gradient_nothing_changes_and_nothing_is_kept():
    p = Parameter(ones(2))
    for kind in (SGD, Adam):
        descent = kind([p], lr=1.0, weight_decay=1.0)
        descent.step()
        assert p.tolist() == [1, 1]
        assert not descent.state


def test_zero_grad_drops_gradients_or_fills_them():
    p, q = Parameter(ones(2)), Parameter(ones(2))
    descent = SGD([p, q], lr=0.1)
    (p * p).sum().backward(create_graph=True)
    held = p.grad
    descent.zero_grad(set_to_none=False)
    assert p.grad.tolist() == [0, 0]
    assert not p.grad.requires_grad
    assert np.shares_memory(held.array, p.grad.array)
    assert q.grad is None
    descent.zero_grad()
    assert p.grad is None


def test_a_step_does_not_change_the_gradient_and_is_not_recorded():
    p = Parameter(ones(2))
    for kind, options in ((SGD, {"momentum": 0.9, "nesterov": True}), (Adam, {"amsgrad": True})):
        descent = kind([p], lr=0.1, weight_decay=0.1, maximize=True, **options)
        p.grad = tensor([2.0, 3.0])
        for _ in range(2):
            descent.step()
        assert p.grad.tolist() == [2, 3]
        assert p.is_leaf


def test_a_step_is_noticed_by_graphs_that_need_the_old_value():
    p = Parameter(ones(2))
    loss = (p * p).sum()
    p.grad = ones(2)
    SGD([p], lr=0.1).step()
    with pytest.raises(minigrad.MutationError, match="modified in place"):
        loss.backward()


def test_a_step_that_changes_nothing_leaves_graphs_valid():
    p, q = Parameter(ones(2)), Parameter(ones(2))
    loss = (p * p).sum()
    q.grad = ones(2)
    SGD([p, q], lr=0.1).step()
    loss.backward()
    assert p.grad.tolist() == [2, 2]


def test_a_closure_computes_the_loss_with_gradients_on_and_step_returns_it():
    p = tensor([1.0, -1.0], requires_grad=True)
    descent = SGD([p], lr=0.25)
    calls = []

    def closure():
        calls.append(minigrad.is_grad_enabled())
        descent.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with minigrad.no_grad():
        assert descent.step(closure).item() == 2
    assert calls == [True]
    assert p.tolist() == [0.5, -0.5]


def test_an_optimizer_of_ones_own_defines_update():
    class Signs(Optimizer):
        def update(self, group):
            for p in group["params"]:
                p.array -= group["lr"] * np.sign(p.grad.array)

    p = Parameter(tensor([3.0, -3.0]))
    p.grad = tensor([10.0, -0.1])
    Signs([p], {"lr": 1.0}).step()
    assert p.tolist() == [2, -2]
    with pytest.raises(
        NotImplementedError,
        match=re.escape("Optimizer has no update: define `def update(self, group): ...` in the class"),
    ):
        Optimizer([p], {}).step()


@pytest.mark.parametrize("rate", [0.1, np.float64(0.1), np.float32(0.1), tensor(0.1)])
@pytest.mark.parametrize("kind", [SGD, Adam])
def test_a_rate_may_be_any_number_and_widens_nothing(kind, rate):
    p = Parameter(ones(3))
    p.grad = ones(3)
    kind([p], lr=rate).step()
    np.testing.assert_allclose(p.detach().array, 0.9, rtol=1e-6)
    assert p.dtype == minigrad.float32


def test_training_goes_on_after_a_change_of_precision():
    layer = nn.Linear(2, 1)
    for kind, options in ((SGD, {"momentum": 0.9}), (Adam, {})):
        descent = kind(layer.parameters(), lr=0.1, **options)
        for convert in (layer.float, layer.double):
            convert()
            before = layer.bias.item()
            descent.zero_grad()
            layer(ones(1, 2)).sum().backward()
            descent.step()
            assert layer.bias.item() < before
        assert layer.bias.dtype == minigrad.float64


# ── the state ────────────────────────────────────────────────────────────────────────────────────────────────────────


def problem():
    manual_seed(1)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    return model, randn(8, 3), randn(8, 2)


def steps(model, descent, x, y, n):
    for _ in range(n):
        descent.zero_grad()
        nn.functional.mse_loss(model(x), y).backward()
        descent.step()


def through_a_file(data):
    file = io.BytesIO()
    minigrad.save(data, file)
    file.seek(0)
    return minigrad.load(file)


@given(settings(), st.integers(0, 4))
def test_continuing_from_a_file_is_the_same_to_the_last_bit(setting, stop):
    kind, options = setting
    model, x, y = problem()
    steps(model, kind(model.parameters(), **options), x, y, 5)

    half, x, y = problem()
    descent = kind(half.parameters(), **options)
    steps(half, descent, x, y, stop)
    saved = through_a_file({"model": half.state_dict(), "optimizer": descent.state_dict()})

    other = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    descent = kind(other.parameters(), lr=7.0)
    other.load_state_dict(saved["model"])
    descent.load_state_dict(saved["optimizer"])
    steps(other, descent, x, y, 5 - stop)
    assert [p.array.tobytes() for p in other.parameters()] == [p.array.tobytes() for p in model.parameters()]


def test_a_state_names_parameters_by_number_across_groups():
    p, q, r = (Parameter(ones(1)) for _ in range(3))
    descent = SGD([{"params": [p, q]}, {"params": [r], "lr": 0.5}], lr=0.1, momentum=0.9)
    q.grad = r.grad = ones(1)
    descent.step()
    state = descent.state_dict()
    assert [g["params"] for g in state["param_groups"]] == [[0, 1], [2]]
    assert [g["lr"] for g in state["param_groups"]] == [0.1, 0.5]
    assert sorted(state["state"]) == [1, 2]


@pytest.mark.parametrize("kind", [SGD, Adam])
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))], ids=["deepcopy", "pickle"])
def test_a_copy_of_model_and_optimizer_goes_on_like_the_original(kind, copied):
    model, x, y = problem()
    descent = kind(model.parameters(), lr=0.1, **({"momentum": 0.9} if kind is SGD else {}))
    steps(model, descent, x, y, 3)
    other, other_descent = copied((model, descent))
    steps(model, descent, x, y, 3)
    assert [p.tolist() for p in other.parameters()] != [p.tolist() for p in model.parameters()]
    steps(other, other_descent, x, y, 3)
    assert [p.tolist() for p in other.parameters()] == [p.tolist() for p in model.parameters()]


def test_a_loaded_state_is_a_copy():
    p, q = Parameter(ones(1)), Parameter(ones(1))
    one, other = SGD([p], lr=0.1, momentum=0.9), SGD([q], lr=0.1)
    p.grad = q.grad = ones(1)
    one.step()
    other.load_state_dict(one.state_dict())
    other.param_groups[0]["lr"] = 5.0
    for _ in range(3):
        other.step()
    assert one.state[p]["momentum_buffer"].tolist() == [1]
    assert one.param_groups[0]["lr"] == 0.1


BROKEN = [
    (lambda s: None, "load_state_dict needs what an optimizer's state_dict() gave: TypeError("),
    (lambda s: {}, "load_state_dict needs what an optimizer's state_dict() gave: KeyError('param_groups')"),
    (lambda s: {"param_groups": [{}], "state": {}}, "gave: KeyError('params')"),
    (lambda s: {**s, "param_groups": []}, "load_state_dict: the state has groups of [] parameters, this optimizer of [2]: "
                                          "build it with the same parameters"),
    (lambda s: {**s, "param_groups": [{"params": [0]}, {"params": [1]}]}, "the state has groups of [1, 1] parameters"),
    (lambda s: {**s, "state": {7: {}}}, "load_state_dict: state for parameter 7, and the groups name [0, 1]"),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "message"), BROKEN)
def test_a_state_that_does_not_fit_changes_nothing(spoil, message):
    p, q = Parameter(ones(1)), Parameter(ones(1))
    descent = Adam([p, q], lr=0.25)
    p.grad = ones(1)
    descent.step()
    before = repr(descent.state_dict())
    state = spoil(Adam([ones(1), ones(1)], lr=0.5).state_dict())
    with pytest.raises(ValueError, match=re.escape(message)):
        descent.load_state_dict(state)
    assert repr(descent.state_dict()) == before


# ── what makes no sense ──────────────────────────────────────────────────────────────────────────────────────────────

LEAF = ones(2, requires_grad=True)
WRONG = [
    (lambda: SGD([]), ValueError, "an optimizer got an empty parameter list: pass model.parameters() (an iterator is used up "
     "after one pass), and check that layers are attributes of the model or in an nn.ModuleList"),
    (lambda: SGD(LEAF), TypeError, "an optimizer needs a list of tensors, not one tensor: use [tensor]"),
    (lambda: SGD([3]), TypeError, "an optimizer updates tensors, not a int: pass model.parameters()"),
    (lambda: SGD(nn.Linear(1, 1).state_dict()), TypeError, "an optimizer updates tensors, not a str: pass model.parameters()"),
    (lambda: SGD({LEAF}), TypeError, "an optimizer numbers its parameters, and a set has no order: give a list"),
    (lambda: SGD([{"params": {LEAF}}]), TypeError, "an optimizer numbers its parameters, and a set has no order: give a list"),
    (lambda: SGD([LEAF * 2]), ValueError, "an optimizer cannot update the result of <MulBackward0>, of shape (2,): pass the "
     "leaf it was computed from, or x.detach().requires_grad_()"),
    (lambda: SGD([LEAF, LEAF]), ValueError, "a parameter of shape (2,) was given twice: each belongs to one group, once"),
    (lambda: SGD([{"params": [LEAF]}, {"params": [LEAF]}]), ValueError, "a parameter of shape (2,) was given twice"),
    (lambda: SGD([LEAF], lr=-1), ValueError, "SGD: lr=-1: give a number from 0"),
    (lambda: SGD([LEAF], lr=nan), ValueError, "SGD: lr=nan: give a number from 0"),
    (lambda: SGD([LEAF], lr=inf), ValueError, "SGD: lr=inf: give a number from 0"),
    (lambda: SGD([LEAF], momentum=-0.1), ValueError, "SGD: momentum=-0.1: give a number from 0"),
    (lambda: SGD([LEAF], weight_decay=-1), ValueError, "SGD: weight_decay=-1: give a number from 0"),
    (lambda: SGD([LEAF], nesterov=True), ValueError, "SGD: nesterov needs a momentum above 0 and no dampening: pass "
     "momentum=0.9, dampening=0"),
    (lambda: SGD([LEAF], nesterov=True, momentum=0.9, dampening=0.1), ValueError, "SGD: nesterov needs a momentum"),
    (lambda: Adam([LEAF], lr=-1), ValueError, "Adam: lr=-1: give a number from 0"),
    (lambda: Adam([LEAF], betas=(1.0, 0.9)), ValueError, "Adam: beta1=1.0: give a number from 0 to below 1"),
    (lambda: Adam([LEAF], betas=(0.9, -0.1)), ValueError, "Adam: beta2=-0.1: give a number from 0 to below 1"),
    (lambda: Adam([LEAF], eps=-1), ValueError, "Adam: eps=-1: give a number from 0"),
    (lambda: Adam([LEAF], weight_decay=-1), ValueError, "Adam: weight_decay=-1: give a number from 0"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "error", "message"), WRONG)
def test_what_makes_no_sense_says_so(make, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        make()


def test_the_remedies_work():
    SGD([LEAF]), SGD([(LEAF * 2).detach().requires_grad_()]), SGD([LEAF], momentum=0.9, dampening=0, nesterov=True)


def test_an_optimizer_prints_its_groups_as_pytorchs():
    descent = Adam([{"params": [zeros(1)]}, {"params": [zeros(1)], "lr": 1}], lr=0.1)
    assert (
        repr(descent)
        == """\
Adam (
Parameter Group 0
    amsgrad: False
    betas: (0.9, 0.999)
    capturable: False
    decoupled_weight_decay: False
    differentiable: False
    eps: 1e-08
    foreach: None
    fused: None
    lr: 0.1
    maximize: False
    weight_decay: 0

Parameter Group 1
    amsgrad: False
    betas: (0.9, 0.999)
    capturable: False
    decoupled_weight_decay: False
    differentiable: False
    eps: 1e-08
    foreach: None
    fused: None
    lr: 1
    maximize: False
    weight_decay: 0
)"""
    )
