"""Writing in place: the plain operation in the same memory, its gradient right, or an error that says why not."""

import operator
import re
import threading
import time

import numpy as np
import pytest

import minigrad
import minigrad.clock
from minigrad import (
    GraphError,
    MutationError,
    ShapeError,
    Tensor,
    arange,
    float64,
    from_numpy,
    full,
    no_grad,
    ones,
    tensor,
    zeros,
)
from minigrad.autograd import grad

# ── in place, one operation after the other ──────────────────────────────────────────────────────────────────────────

IN_PLACE = {
    "abs_": (), "add_": (2.0,), "ceil_": (), "clamp_": (0.2, 0.6), "cos_": (), "div_": (2.0,),
    "exp_": (), "floor_": (), "floor_divide_": (2.0,), "log_": (), "masked_fill_": (tensor([True, False, True]), 3.0),
    "mul_": (2.0,), "neg_": (), "pow_": (3.0,), "reciprocal_": (), "relu_": (), "remainder_": (0.3,), "round_": (),
    "rsqrt_": (), "sigmoid_": (), "sign_": (), "sin_": (), "sqrt_": (), "square_": (), "sub_": (2.0,), "tan_": (),
    "tanh_": (), "trunc_": (),
}  # fmt: skip
ON_BITS = {"bitwise_and_": 6, "bitwise_or_": 6, "bitwise_xor_": 6}


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place_is_the_plain_operation_written_into_the_same_memory(name):
    arguments, values = IN_PLACE[name], [0.3, 0.5, 0.9]
    x, y = (tensor(values, requires_grad=True) for _ in "ab")
    plain = getattr(x * 1, name.rstrip("_"))(*arguments)
    written = y * 1
    memory, view = written.array, written[1:]
    assert getattr(written, name)(*arguments) is written
    assert written.array is memory
    assert written.equal(plain)
    assert view.equal(plain[1:])
    weights = tensor([1.0, 2.0, 3.0])
    (plain * weights).sum().backward()
    (written * weights).sum().backward()
    assert x.grad.equal(y.grad)
    method = getattr(Tensor, name)
    assert (method.__name__, method.__doc__.startswith(f"`{name.rstrip('_')}`, written")) == (name, True)


@pytest.mark.parametrize("name", ["tril_", "triu_"])
def test_triangles_in_place(name):
    x = tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    y = x * 1
    assert getattr(y, name)(-1) is y
    assert y.equal(getattr(x, name[:-1])(-1))
    y.sum().backward()
    assert x.grad.equal(getattr(ones(2, 2), name[:-1])(-1))


@pytest.mark.parametrize("name", ON_BITS)
def test_in_place_on_bits(name):
    x = tensor([3, 5])
    expected = getattr(x, name.rstrip("_"))(ON_BITS[name])
    assert getattr(x, name)(ON_BITS[name]) is x
    assert x.equal(expected)


@pytest.mark.parametrize(
    ("operate", "expected"),
    [
        (operator.iadd, [5, 7]), (operator.isub, [1, 3]), (operator.imul, [6, 10]), (operator.ifloordiv, [1, 2]),
        (operator.imod, [1, 1]), (operator.ipow, [9, 25]), (operator.iand, [2, 0]), (operator.ior, [3, 7]),
        (operator.ixor, [1, 7]),
    ],
)  # fmt: skip
def test_augmented_assignment_writes_into_the_tensor(operate, expected):
    x = tensor([3, 5])
    view = x[:]
    assert operate(x, 2) is x
    assert view.tolist() == expected


def test_augmented_division_and_masks():
    x = tensor([3.0, 5.0])
    y = x
    y /= 2
    assert x.tolist() == [1.5, 2.5]
    mask = tensor([True, True])
    same = mask
    same &= x > 2
    assert mask.tolist() == [False, True]


def test_filling_and_copying():
    x = ones(2, 2)
    assert x.copy_(tensor([1, 2])) is x
    assert x.tolist() == [[1, 2], [1, 2]]
    assert x.fill_(7) is x
    assert x.tolist() == [[7, 7], [7, 7]]
    assert x.fill_(tensor(3)).sum().item() == 12
    assert x.zero_() is x
    assert not x.any()
    assert x.copy_(np.ones(2)).dtype is minigrad.float32


def test_a_tensor_in_its_own_operands_is_taken_as_it_was():
    w = ones(3, requires_grad=True)
    for write in (lambda y: y.mul_(y), lambda y: y.mul_(other=y), lambda y: operator.imul(y, y)):
        w.grad = None
        y = w * 2
        write(y)
        y.sum().backward()
        assert (y.tolist(), w.grad.tolist()) == ([4, 4, 4], [8, 8, 8])


def test_overlapping_memory_is_read_before_it_is_written():
    x = arange(5.0)
    x[1:] = x[:-1]
    assert x.tolist() == [0, 0, 1, 2, 3]
    x[:-1] += x[1:]
    assert x.tolist() == [0, 1, 3, 5, 3]


# ── item assignment ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_gradient_of_an_assignment_goes_to_the_value():
    x, v = ones(3, requires_grad=True), tensor(5.0, requires_grad=True)
    y = x * 2
    y[1] = v
    (y * tensor([1.0, 10.0, 100.0])).sum().backward()
    assert (y.tolist(), x.grad.tolist(), v.grad.item()) == ([2, 5, 2], [2, 0, 200], 10)


def test_a_broadcast_value_gets_the_sum():
    v = tensor([1.0, 2.0], requires_grad=True)
    y = zeros(3, 2)
    y[:] = v
    y.sum().backward()
    assert v.grad.tolist() == [3, 3]


@pytest.mark.parametrize("key", [0, [0], slice(0, 1), (0, ...), tensor([0]), tensor([True, False])])
def test_leading_sizes_of_one_are_left_out_of_a_value(key):
    """As in PyTorch; NumPy allows it too."""
    y, v = zeros(2, 3), ones(1, 1, 1, 3, requires_grad=True)
    y[key] = v
    (y * 2).sum().backward()
    assert y.tolist() == [[1, 1, 1], [0, 0, 0]]
    assert v.grad.tolist() == [[[[2, 2, 2]]]]


def test_a_vector_of_one_element_goes_into_one_place():
    a, out = ones(1, requires_grad=True), zeros(3)
    for i in range(3):
        out[i] = a * i
    out.sum().backward()
    assert (out.tolist(), a.grad.tolist()) == ([0, 1, 2], [3])


def test_of_several_values_for_one_place_the_last_stays_and_gets_the_gradient():
    v, y = tensor([1.0, 2.0, 3.0], requires_grad=True), zeros(2)
    y[[0, 0, 1]] = v
    y.sum().backward()
    assert (y.tolist(), v.grad.tolist()) == ([2, 3], [0, 1, 1])


def test_a_repeated_index_is_added_to_once():
    """x[i] += v reads, adds and writes, as in NumPy and PyTorch."""
    x = zeros(2)
    x[[0, 0, 1]] += 1
    assert x.tolist() == [1, 1]


# The number and the indices of these stand apart: NumPy would put the indices' dimension first.
APART = [(0, slice(None), [0, 2]), ([0, 1], slice(None), 0), (0, None, [0, 2]), (0, ..., [0, 2]), ([0, 1], 0, [1, 2]),
         (slice(None), 0, [0, 2]), (None, [0, 1], 0), (0, tensor([True, False, True]))]  # fmt: skip


@pytest.mark.parametrize("key", APART, ids=map(str, APART))
def test_a_number_in_a_mixed_index_selects_first_in_assignments_too(key):
    x = arange(27.0).reshape(3, 3, 3)
    w, v = ones(3, 3, 3, requires_grad=True), ones(x[key].shape, requires_grad=True)
    y = w * 1
    y[key] = v * arange(float(v.numel())).reshape(v.shape)
    assert y[key].flatten().tolist() == list(range(v.numel()))
    (y * x).sum().backward()
    assert v.grad.equal(arange(float(v.numel())).reshape(v.shape) * x[key])
    assert (w.grad != 0).sum() == (x != 0).sum() - (x[key] != 0).sum()
    one = tensor(1.0, requires_grad=True)
    z = w * 1
    z[key] = one
    assert grad((z * x).sum(), one)[0].item() == x[key].sum().item()


def test_assignment_converts_the_value():
    x = tensor([1, 2, 3])
    x[0] = 2.7
    x[[1]] = tensor(True)
    assert (x.tolist(), x.dtype) == ([2, 1, 3], minigrad.int64)


def test_an_index_changed_later_changes_no_gradient():
    index, x = tensor([0, 1]), ones(3, requires_grad=True)
    y = x * 1
    y[index] = 0.0
    z = x[index]
    index[0] = 2
    (y.sum() + 10 * z.sum()).backward()
    assert x.grad.tolist() == [10, 10, 1]


# ── detach, .data, no_grad ───────────────────────────────────────────────────────────────────────────────────────────


def test_what_is_written_under_no_grad_is_no_operation():
    w = ones(2, requires_grad=True)
    y = w * 3
    with no_grad():
        y += 1
        y[0] = 7
    assert y.tolist() == [7, 4]
    y.sum().backward()
    assert w.grad.tolist() == [3, 3]


def test_parameters_are_updated_in_place_under_no_grad_and_through_data():
    w = ones(2, requires_grad=True)
    same, memory = w, w.array
    (w * w).sum().backward()
    with no_grad():
        w -= 0.25 * w.grad
    w.data -= 0.25 * w.grad
    assert w is same
    assert w.array is memory
    assert (w.tolist(), w.is_leaf, w.requires_grad) == ([0, 0], True, True)


def test_detach_shares_memory_and_versions_data_only_memory():
    for cut, noticed in ((Tensor.detach, True), (lambda t: t.data, False)):
        w = ones(2, requires_grad=True)
        y = w * 2
        z = (y * y).sum()
        other = cut(y)
        assert (other.requires_grad, other.is_leaf) == (False, True)
        other.add_(1)
        assert y.tolist() == [3, 3]
        if noticed:
            with pytest.raises(MutationError):
                z.backward()
        else:
            z.backward()


def test_detach_in_place():
    w = ones(2, requires_grad=True)
    y = w * 2
    view = y[0]
    assert y.detach_() is y
    assert (y.requires_grad, y.is_leaf) == (False, True)
    assert grad(view, w)[0].tolist() == [2, 0]  # its own history it keeps
    with pytest.raises(GraphError, match=re.escape("detach_() on a view, of shape (), of a tensor of shape (2,)")):
        (w * 2)[1].detach_()


def test_new_data_for_a_view_is_no_longer_the_base_s():
    w = ones(3, requires_grad=True)
    y = w * 2
    view = y[:2]
    view.data = tensor([7.0, 8.0])
    with no_grad():
        view.add_(1)
    assert (y.tolist(), view.tolist()) == ([2, 2, 2], [8, 9])


def test_new_data_is_noticed():
    w = ones(2, requires_grad=True)
    y = (w * w).sum()
    w.data = zeros(2)
    with pytest.raises(MutationError):
        y.backward()


# ── what cannot be written ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (lambda w: w.add_(1), "add_"),
        (lambda w: operator.imul(w, 2), "mul_"),
        (lambda w: w.zero_(), "zero_"),
        (lambda w: w.fill_(1), "fill_"),
        (lambda w: w.copy_(w), "copy_"),
        (lambda w: w.__setitem__([0], 1), "item assignment"),
        (lambda w: w.__setitem__(..., 1), "item assignment"),
    ],
)
def test_a_leaf_that_requires_grad_cannot_be_written_to(write, name):
    w = ones(2, requires_grad=True)
    with pytest.raises(
        MutationError, match=f"^{name} on a .*leaf that requires grad, of shape \\(2,\\), would lose its"
    ):
        write(w)
    with pytest.raises(MutationError, match=f"^{name} on a view, of shape .*, of a leaf"):
        write(w[:])
    assert w.tolist() == [1, 1]
    with no_grad():
        write(w)  # the first remedy
    copy = w.clone()
    write(copy)  # the second
    assert w.requires_grad
    assert w.is_leaf


def test_a_view_that_is_itself_a_leaf_cannot_be_written_to():
    x = zeros(3)
    view = x[:2].requires_grad_()
    with pytest.raises(MutationError, match="mul_ on a leaf"):
        view.mul_(2)


def test_a_view_older_than_its_base_s_wish_for_a_gradient_cannot_be_written_to():
    x = ones(3)
    view = x[:2]
    x.requires_grad_()
    with pytest.raises(MutationError, match="of a leaf that requires grad"):
        view.mul_(2)


def test_a_view_taken_under_no_grad_cannot_be_written_to_outside():
    w = ones(3, requires_grad=True)
    y = w * 2
    with no_grad():
        view = y[0]
    with pytest.raises(MutationError, match=re.escape("mul_ on a view, of shape (), that was taken under no_grad()")):
        view.mul_(3)
    with no_grad():
        view.mul_(3)
    assert y.tolist() == [6, 2, 2]
    y[0].mul_(3)
    assert y.tolist() == [18, 2, 2]


def test_a_read_only_array_cannot_be_written_to():
    array = np.ones(2)
    array.flags.writeable = False
    x = from_numpy(array)
    with pytest.raises(MutationError, match=r"add_: this tensor of shape .* is expanded or read-only, .* x\.clone"):
        x.add_(1)
    assert x.clone().add_(1).tolist() == [2, 2]


@pytest.mark.parametrize(
    ("to", "other", "fits"),
    [
        (minigrad.int64, 1, True), (minigrad.int64, True, True), (minigrad.int64, 1.5, False),
        (minigrad.bool, 1, False), (minigrad.bool, True, True), (minigrad.uint8, 1, True),
        (minigrad.float32, ones(2, dtype=float64), True), (minigrad.float16, 1.5, True),
        (minigrad.int8, ones(2, dtype=minigrad.int64), True), (minigrad.int32, ones(2), False),
        (minigrad.bool, ones(2), False), (minigrad.bool, ones(2, dtype=minigrad.int8), False),
    ],
)  # fmt: skip
def test_a_result_of_a_higher_kind_is_not_written(to, other, fits):
    x = ones(2, dtype=to)
    if fits:
        assert x.add_(other).dtype is to
        return
    with pytest.raises(
        TypeError, match=r"^add_: a result of type .* cannot be written into a tensor of type .*: convert"
    ):
        x.add_(other)
    assert x.tolist() == [1, 1]


def test_a_result_of_another_shape_is_not_written():
    with pytest.raises(ShapeError, match=re.escape("add_: a result of shape (2, 3) does not fit in place into a tensor of "
                                                   "shape (3,): use add, which makes a new tensor")):  # fmt: skip
        ones(3).add_(ones(2, 3))
    with pytest.raises(ShapeError, match=re.escape("copy_: a value of shape (2,) does not broadcast to shape (3,)")):
        ones(3).copy_(ones(2))
    with pytest.raises(ShapeError, match=re.escape("copy_: a value of shape (2, 3) does not broadcast to shape (3,)")):
        ones(3).copy_(ones(2, 3))


@pytest.mark.parametrize("key", [slice(None), [0, 1, 2], tensor([True, True, True]), 0])
def test_a_value_that_does_not_fit_is_not_assigned(key):
    x = zeros(3, 2)
    with pytest.raises(
        ShapeError, match=r"^item assignment: a value of shape .* does not broadcast to shape .*, which"
    ):
        x[key] = ones(3, 5)
    with pytest.raises(ShapeError):
        x[tensor([[True, False], [True, False], [False, False]])] = ones(3)
    assert not x.any()


def test_an_index_out_of_range_is_not_assigned():
    with pytest.raises(IndexError, match=r"index \[indices of shape \(1,\)\] does not fit a tensor of shape \(2,\)"):
        zeros(2)[[5]] = 1
    with pytest.raises(IndexError, match="does not fit a tensor"):
        zeros(2)[5] = 1


# ── what has changed since it was used ───────────────────────────────────────────────────────────────────────────────


def test_a_changed_operand_is_an_error_that_says_which():
    x, c = ones(2, requires_grad=True), full((2,), 3.0)
    y = (x * c).sum()
    c.add_(1)
    with pytest.raises(
        MutationError, match=re.escape("mul: an operand of shape (2,) was modified in place after mul used")
    ):
        y.backward()
    assert x.grad is None


def test_a_changed_result_is_an_error_that_says_which():
    x = ones(2, requires_grad=True)
    y = x.exp()
    y += 1
    with pytest.raises(
        MutationError, match=re.escape("exp: its result of shape (2,) was modified in place after exp used it")
    ):
        y.sum().backward()


def test_the_remedies_for_a_changed_value():
    x = zeros(2, requires_grad=True)
    y = x.exp()
    y = y + 1
    y.sum().backward()
    z = x.exp()
    copy = z.clone()
    copy[0] = 5.0
    (z + copy).sum().backward()
    u = x.exp()
    u.sum().backward()
    with no_grad():
        u += 1
    assert x.grad.tolist() == [1 + 1 + 1, 1 + 2 + 1]


@pytest.mark.parametrize(
    "write",
    [lambda c: c[0].zero_(), lambda c: c.detach().add_(1), lambda c: c.T.mul_(2), lambda c: c.__setitem__([0], 1.0),
     lambda c: np.add(c, 1, out=c), lambda c: c.reshape(-1)[1].fill_(3)],
)  # fmt: skip
def test_all_that_share_memory_share_the_news(write):
    x, c = ones(2, 2, requires_grad=True), full((2, 2), 3.0)
    y = (x * c).sum()
    write(c)
    with pytest.raises(MutationError):
        y.backward()


def by_optimizer(name):
    """A step of an optimizer, on a parameter with a gradient."""

    def write(p):
        p.grad = ones(4, 3)
        optimizer = getattr(minigrad.optim, name)([p], lr=0.1)
        optimizer.step(*[lambda: p.detach().sum()] * (name == "LBFGS"))

    return write


def by_accumulation(g):
    """A backward pass that adds to the gradient `g`, which a parameter has already."""
    p = zeros(4, 3, requires_grad=True)
    p.grad = g
    p.sum().backward()


def by_clipping(clip, limit):
    def write(g):
        p = zeros(4, 3, requires_grad=True)
        p.grad = g
        clip([p], limit)

    return write


def by_zeroing(g):
    p = zeros(4, 3, requires_grad=True)
    p.grad = g
    minigrad.optim.SGD([p], 0.1).zero_grad(set_to_none=False)


def by_loading(p):
    layer = minigrad.nn.Linear(3, 4, bias=False)
    layer.weight = p
    layer.load_state_dict({"weight": ones(4, 3)})


def by_a_compiled_step(p):
    def change(x):
        with no_grad():
            p.add_(x)

    step = minigrad.compile(change)
    for _ in range(5):
        step(ones(4, 3))


def by_a_parameter_s_data(p):
    p.data = ones(4, 3)


OPTIMIZERS = (
    "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "ASGD", "LBFGS", "NAdam", "RAdam", "RMSprop", "Rprop", "SGD",
)  # fmt: skip
WRITERS = {
    "a method": (False, lambda c: c.mul_(2)),
    "an item": (False, lambda c: c.__setitem__((0, 0), 5.0)),
    "a view": (False, lambda c: c.T[1].zero_()),
    "NumPy": (False, lambda c: np.add(c, 1, out=c)),
    "NumPy at": (False, lambda c: np.add.at(c, [0], 1.0)),
    "accumulation": (False, by_accumulation),
    "the norm of gradients": (False, by_clipping(minigrad.nn.utils.clip_grad_norm_, 0.1)),
    "the size of gradients": (False, by_clipping(minigrad.nn.utils.clip_grad_value_, 0.1)),
    "zero_grad": (False, by_zeroing),
    "an embedding": (False, lambda c: minigrad.nn.functional.embedding(tensor([0, 1]), c, max_norm=0.1)),
    "data": (True, by_a_parameter_s_data),
    "init": (True, minigrad.nn.init.zeros_),
    "a state": (True, by_loading),
    "a compiled step": (True, by_a_compiled_step),
    **{name: (True, by_optimizer(name)) for name in OPTIMIZERS},
}


@pytest.mark.parametrize("who", WRITERS)
def test_whoever_writes_says_when(who):
    """A pass looks for writes only where there was one since: one that is not told of would be a wrong gradient."""
    is_parameter, write = WRITERS[who]
    w = minigrad.nn.Parameter(ones(4, 3)) if is_parameter else full((4, 3), 1.0)
    x = minigrad.rand(2, 3, requires_grad=True)
    out = minigrad.nn.functional.linear(x, w).sigmoid()
    write(w)
    with pytest.raises(MutationError, match="linear"):
        out.backward(ones(2, 4))


@pytest.mark.parametrize("turn", [lambda x: x.t_(), lambda x: x.transpose_(0, 1), lambda x: x.resize_(4, 1)])
@pytest.mark.parametrize("combine", [minigrad.nn.functional.linear, lambda x, w: x * w, lambda x, w: w @ x])
def test_another_shape_of_an_operand_is_noticed(turn, combine):
    x, w = tensor([[1.0, 2.0], [3.0, 4.0]]), ones(2, 2, requires_grad=True)
    y = combine(x, w)
    turn(x)
    with pytest.raises(MutationError):
        y.sum().backward()


@pytest.mark.parametrize("turn", [lambda x: x.t_(), lambda x: x.transpose_(0, 1)])
def test_another_shape_of_what_a_checkpoint_uses_is_noticed(turn):
    a, b = tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True) * 1, tensor([[1.0, 10.0], [100.0, 1000.0]])
    for arguments, function in (((a, b), lambda u, v: u.sin() * v), ((a,), lambda u: u.sin() * b)):
        out = minigrad.checkpoint(function, *arguments)
        turn(b)
        with pytest.raises(MutationError):
            out.sum().backward()


def test_the_same_shape_again_is_no_change():
    x = tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    y = x * 1
    loss = (y * y).sum()
    y.squeeze_()
    loss.backward()
    assert x.grad.tolist() == [[2.0, 4.0], [6.0, 8.0]]


def test_another_shape_of_a_result_is_not():
    x = tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    y = x.sigmoid()
    expected = grad((y * tensor([[1.0, 3.0], [2.0, 4.0]])).sum(), x, retain_graph=True)[0]
    (y.t_() * tensor([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
    assert x.grad.tolist() == expected.tolist()


def test_the_time_of_the_last_write_does_not_go_backwards(monkeypatch):
    """Two threads write: the one that took its time first is the last to put it down."""
    ticks, started, late = minigrad.clock.tick, threading.Event(), []

    def slow():
        now = ticks()
        if threading.current_thread() is not threading.main_thread():
            started.set()
            time.sleep(0.05)
        late.append(now)
        return now

    monkeypatch.setattr(minigrad.clock, "tick", slow)
    other = threading.Thread(target=lambda: zeros(2).add_(1))
    other.start()
    started.wait()
    zeros(2).add_(1)
    other.join()
    assert minigrad.clock.written[0] == max(late)


def test_what_else_is_written_changes_no_gradient():
    """A look at what was written finds the operands of this graph as they were: the same rules, the same bits."""
    x, w, b = (minigrad.rand(*shape, requires_grad=True) for shape in ((2, 3), (4, 3), (4,)))
    found = []
    for other in (None, zeros(5)):
        x.grad = w.grad = b.grad = None
        hidden = minigrad.nn.functional.linear(x, w, b)
        out = minigrad.nn.functional.mse_loss(hidden.sigmoid(), ones(2, 4))
        if other is not None:
            other.add_(1)
            hidden.zero_()  # nobody needs it: sigmoid remembers its own result
        out.backward()
        found.append([t.grad.numpy().tobytes() for t in (x, w, b)])
    assert found[0] == found[1]


def test_a_value_no_rule_needs_may_change():
    x = ones(2, requires_grad=True)
    y = x + 1
    z = x / 4
    y *= 3
    z -= 1
    (y + z).sum().backward()
    assert x.grad.tolist() == [3.25, 3.25]


def test_a_quotient_may_be_changed():
    """As in PyTorch: the divisor's rule needs the operands, not the result."""
    a, b = tensor([6.0], requires_grad=True), tensor([2.0], requires_grad=True)
    q = a / b
    q += 1
    q.sum().backward()
    assert (a.grad.item(), b.grad.item()) == (0.5, -1.5)


# ── .grad and hooks of what is written to ────────────────────────────────────────────────────────────────────────────


def test_retain_grad_stays_with_the_tensor():
    w = ones(3, requires_grad=True)
    y = w * 2
    y.retain_grad()
    y.mul_(3)
    assert y.retains_grad
    y[0] = 0.0
    (y * 5).sum().backward()
    assert y.grad.tolist() == [5, 5, 5]
    assert w.grad.tolist() == [0, 30, 30]


def test_retain_grad_stays_with_a_view():
    w = ones(3, requires_grad=True)
    y = w * 2
    view = y[:2]
    view.retain_grad()
    y.mul_(3)
    assert view.retains_grad
    (view * 5).sum().backward()
    assert view.grad.tolist() == [5, 5]


def test_retain_grad_ends_with_a_constant():
    y = ones(3, requires_grad=True) * 2
    y.retain_grad()
    y.zero_()
    assert not y.retains_grad


def test_a_hook_stays_with_the_value_it_was_registered_for():
    w, seen = ones(2, requires_grad=True), []
    y = w * 2
    y.register_hook(lambda g: seen.append(g.tolist()))
    y.mul_(3)
    y.sum().backward()
    assert seen == [[3, 3]]


# ── gradients of gradients ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("key", [0, slice(0, 2), [0, 1], [0, 0], tensor([True, False, True]), ...])
def test_writing_is_differentiable_twice(key):
    """Σ y³ of what was assigned: the second derivative in one direction, by differences of the first."""
    x = tensor([0.3, -0.5, 0.7], dtype=float64, requires_grad=True)
    direction = tensor([1.0, 0.5, -2.0], dtype=float64)

    def first(point, create_graph):
        y = point * point
        y[key] = y[key].exp() * point.sum()
        (g,) = grad((y**3).sum(), point, create_graph=create_graph)
        return g

    (second,) = grad((first(x, True) * direction).sum(), x)
    e = 1e-6
    for i in range(3):
        step = zeros(3, dtype=float64)
        step[i] = e
        up, down = (first((x.detach() + s).requires_grad_(), False) for s in (step, -step))
        assert second[i].item() == pytest.approx((((up - down) * direction).sum() / (2 * e)).item(), rel=1e-6)


def test_a_hook_that_writes_during_the_pass_is_noticed():
    x, w = minigrad.rand(2, 3, requires_grad=True), minigrad.rand(4, 3, requires_grad=True)

    def write(gradient):
        with minigrad.no_grad():
            w.mul_(2)

    hidden = minigrad.nn.functional.linear(x, w)
    out = hidden.sigmoid()
    out.register_hook(write)
    with pytest.raises(MutationError, match="linear"):
        out.backward(minigrad.ones(2, 4))


def test_a_write_between_two_operations_is_noticed_whatever_came_after():
    x, w = minigrad.rand(2, 3, requires_grad=True), minigrad.rand(4, 3, requires_grad=True)
    hidden = minigrad.nn.functional.linear(x, w)
    with minigrad.no_grad():
        w.mul_(2)
    with pytest.raises(MutationError, match="linear"):
        (-hidden.sigmoid()).backward(minigrad.ones(2, 4))
