"""Views and writing in place: every value as NumPy would have it, every gradient right or an error."""

import operator
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import minigrad
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

# ── programs at random, beside tangents carried forward ──────────────────────────────────────────────────────────────
#
# Each tensor of a program has a second array, its derivative along one direction of the leaves, in a memory layout of
# its own that mirrors the tensor's: where the program takes a view, so does the derivative, and where it writes, so does
# the derivative. That is forward mode, which knows no graph, no history and no versions. Reverse mode has to agree.


class Program:
    """The tensors of a random program, and their tangents."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.tensors, self.tangents, self.leaves = [], [], []
        for shape, wanted in (((2, 3), True), ((3,), True), ((2, 3), False), ((), True)):
            x = from_numpy(np.asarray(self.random.uniform(-1, 1, shape)))
            x.requires_grad = wanted
            tangent = np.asarray(self.random.uniform(-1, 1, shape)) * wanted
            if wanted:
                self.leaves.append((x, tangent.copy()))
            self.add(x, tangent)

    def add(self, x, tangent):
        """A new tensor. Its tangent gets memory laid out like its own, unless it is a view already."""
        assert tangent.shape == x.array.shape
        self.tensors.append(x)
        self.tangents.append(tangent)

    def add_result(self, x, tangent):
        mirrored = np.empty_like(x.array)
        mirrored[...] = tangent
        self.add(x, mirrored)

    def pick(self, i):
        i %= len(self.tensors)
        return self.tensors[i], self.tangents[i]

    # Each step takes three numbers and does what it can with them.

    def unary(self, i, j, k):
        x, dx = self.pick(i)
        v = x.array.copy()
        operation, slope = [
            (lambda: x.tanh(), 1 - np.tanh(v) ** 2),
            (lambda: x.square(), 2 * v),
            (lambda: x.sin(), np.cos(v)),
            (lambda: x * 3, 3),
            (lambda: x + 1, 1),
            (lambda: x.clone(), 1),
            (lambda: 1 / (x.square() + 2), -2 * v / (v**2 + 2) ** 2),
            (lambda: x.sigmoid(), np.exp(-v) / (1 + np.exp(-v)) ** 2),
        ][j % 8]
        self.add_result(operation(), dx * slope)

    def binary(self, i, j, k):
        (x, dx), (y, dy) = self.pick(i), self.pick(j)
        shapes = x.array.shape, y.array.shape
        try:
            np.broadcast_shapes(*shapes)
        except ValueError:
            return
        a, b = x.array.copy(), y.array.copy()
        if k % 3 == 0:
            self.add_result(x + y, dx + dy)
        elif k % 3 == 1:
            self.add_result(x * y, a * dy + dx * b)
        else:
            self.add_result(x - y, dx - dy)

    def reduce(self, i, j, k):
        x, dx = self.pick(i)
        if x.ndim:
            self.add_result(x.sum(j % x.ndim), dx.sum(j % x.ndim))

    def view(self, i, j, k):
        x, dx = self.pick(i)
        n = x.ndim
        if j % 8 == 0 and n > 1:
            self.add(x.transpose(0, 1), dx.swapaxes(0, 1))
        elif j % 8 == 1 and n > 1:
            self.add(x.T if n == 2 else x.permute(*range(n)[::-1]), dx.T)
        elif j % 8 == 2:
            self.add(x.unsqueeze(-1), dx[..., None])
        elif j % 8 == 3:
            flat = dx.reshape(-1)
            if np.shares_memory(flat, dx) == np.shares_memory(x.array.reshape(-1), x.array):
                self.add(x.reshape(-1), flat)
        elif j % 8 == 4:
            shape = x.array.shape
            wide = (2, *shape)
            self.add(x.expand(wide), np.broadcast_to(dx, wide) if dx.size else dx.reshape(wide))
        elif j % 8 == 5 and n:
            half = (shape := x.array.shape)[0] // 2
            for part, dpart in zip(x.split([half, shape[0] - half]), (dx[:half], dx[half:])):
                self.add(part, dpart)
        elif n:
            key = self.basic_key(x, j, k)
            self.add(x[key], dx[(*key, ...)])

    def basic_key(self, x, j, k):
        options = (0, -1, slice(None), slice(1, None), slice(None, None, 2), slice(0, 1), None)
        key = (options[j % 7], options[k % 7])
        while sum(part is not None for part in key) > x.ndim:
            key = key[:-1]
        return key if all(n for n in x.array.shape) else (slice(None),)

    def advanced_key(self, x, j, k):
        """A mask, indices that may repeat, or a mixture of indices and numbers; None if there is nothing to index."""
        shape = x.array.shape
        if not shape or 0 in shape:
            return None
        rng = np.random.default_rng(k)
        if j % 4 == 0:
            return rng.uniform(size=shape) > 0.5
        if j % 4 == 1 or len(shape) == 1:
            return (rng.integers(-shape[0], shape[0], 2),)
        if j % 4 == 2:
            return (rng.integers(0, shape[0], 2), rng.integers(0, shape[1], 2))
        return (0, rng.integers(0, shape[1], 2))

    def take(self, i, j, k):
        x, dx = self.pick(i)
        key = self.advanced_key(x, j, k)
        if key is not None:
            self.add_result(x[as_index(key)], dx[key])

    def in_place(self, i, j, k):
        (x, dx), (y, dy) = self.pick(i), self.pick(k)
        if not broadcasts(y, x):
            return
        a, b, da, db = x.array.copy(), y.array.copy(), dx.copy(), dy.copy()
        operation, tangent = [
            (lambda: x.add_(y), da + db),
            (lambda: x.mul_(y), a * db + da * b),
            (lambda: operator.isub(x, y), da - db),
            (lambda: x.copy_(y), np.broadcast_to(db, a.shape)),
            (lambda: x.zero_(), np.zeros_like(a)),
            (lambda: x.fill_(0.5), np.zeros_like(a)),
            (lambda: x.sin_(), da * np.cos(a)),
            (lambda: x.square_(), 2 * a * da),
            (lambda: x.masked_fill_(tensor(a > 0), 0.25), np.where(a > 0, 0, da)),
            (lambda: x.add_(x), 2 * da),
            (lambda: x.clamp_(-0.5, 0.5), np.where(np.abs(a) > 0.5, 0, da)),
        ][j % 11]
        operation()
        dx[...] = tangent

    def assign(self, i, j, k):
        (x, dx), (y, dy) = self.pick(i), self.pick(j)
        key = self.basic_key(x, k, j) if k % 2 and x.ndim else self.advanced_key(x, k // 2, j)
        if key is None:
            return
        at = (*key, ...) if k % 2 else key
        index = key if k % 2 else as_index(key)
        if not broadcasts(y, x[index]):
            return
        a, b, da, db = x.array[at].copy(), y.array.copy(), np.array(dx[at]), dy.copy()
        if j % 3 == 0:
            x[index] = y
            dx[at] = db
        elif j % 3 == 1:
            x[index] += y
            dx[at] = da + db
        else:
            x[index] *= y
            dx[at] = a * db + da * b

    def untracked(self, i, j, k):
        """Values change, derivatives do not."""
        x, dx = self.pick(i)
        if j % 4 == 0:
            with no_grad():
                x.mul_(0.5)
        elif j % 4 == 1:
            x.detach().add_(0.25)
        elif j % 4 == 2 or x.requires_grad:
            self.add(x.detach(), np.zeros_like(dx))
        else:
            with no_grad():
                self.add(x.unsqueeze(0), dx[None])

    STEPS = (unary, binary, view, view, in_place, in_place, assign, assign, reduce, take, untracked)


def as_index(key):
    """An index of arrays as one of tensors, or of lists."""
    if isinstance(key, tuple):
        return tuple(part.tolist() if isinstance(part, np.ndarray) else part for part in key)
    return tensor(key)


def broadcasts(y, x):
    try:
        return np.broadcast_shapes(y.array.shape, x.array.shape) == x.array.shape
    except ValueError:
        return False


numbers = st.integers(0, 99)


@settings(max_examples=400)
@given(st.integers(0, 2**32), st.lists(st.tuples(st.integers(0, 10), numbers, numbers, numbers), max_size=14))
def test_reverse_mode_agrees_with_forward_mode(seed, steps):
    """Whatever is viewed, written and assigned in whatever order."""
    program = Program(seed)
    for kind, *arguments in steps:
        try:
            Program.STEPS[kind](program, *arguments)
        except MutationError:  # an expanded tensor, a leaf, a view of one: nothing has happened
            continue
    loss, slope = zeros((), dtype=float64), 0.0
    for x, dx in zip(program.tensors, program.tangents):
        weights = np.asarray(program.random.uniform(-1, 1, x.array.shape))
        loss = loss + (x * from_numpy(weights)).sum()
        slope += (weights * dx).sum()
        if not x.requires_grad:
            assert not dx.any()
    try:
        gradients = grad(loss, [leaf for leaf, _ in program.leaves], allow_unused=True)
    except MutationError:  # a value that a rule needs has changed
        return
    found = sum((g.array * d).sum() for g, (_, d) in zip(gradients, program.leaves) if g is not None)
    np.testing.assert_allclose(found, slope, rtol=1e-9, atol=1e-9)


# ── in place, one operation after the other ──────────────────────────────────────────────────────────────────────────

IN_PLACE = {
    "abs_": (), "add_": (2.0,), "ceil_": (), "clamp_": (0.2, 0.6), "cos_": (), "div_": (2.0,),
    "exp_": (), "floor_": (), "floor_divide_": (2.0,), "log_": (), "masked_fill_": (tensor([True, False, True]), 3.0),
    "mul_": (2.0,), "neg_": (), "pow_": (3.0,), "reciprocal_": (), "relu_": (), "remainder_": (0.3,), "round_": (),
    "rsqrt_": (), "sigmoid_": (), "sign_": (), "sin_": (), "sqrt_": (), "square_": (), "sub_": (2.0,), "tan_": (),
    "tanh_": (), "trunc_": (),
}  # fmt: skip
ON_BITS = {"bitwise_and_": 6, "bitwise_or_": 6, "bitwise_xor_": 6}
NOT_DERIVED = {"clip_", "copy_", "detach_", "fill_", "requires_grad_", "zero_"}


def test_the_table_is_complete():
    found = {name for name in dir(Tensor) if name.endswith("_") and not name.startswith("_")}
    assert found == set(IN_PLACE) | set(ON_BITS) | NOT_DERIVED


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


# ── views ────────────────────────────────────────────────────────────────────────────────────────────────────────────

VIEWS = {
    "[0]": lambda x: x[0],
    "[:, 1:]": lambda x: x[:, 1:],
    "[None]": lambda x: x[None],
    "T": lambda x: x.T,
    "mT": lambda x: x.mT,
    "t": lambda x: x.t(),
    "transpose": lambda x: x.transpose(0, 1),
    "swapdims": lambda x: x.swapdims(0, 1),
    "permute": lambda x: x.permute(1, 0),
    "movedim": lambda x: x.movedim(0, 1),
    "view": lambda x: x.view(3, 2),
    "reshape": lambda x: x.reshape(6),
    "flatten": lambda x: x.flatten(),
    "unflatten": lambda x: x.unflatten(1, (1, -1)),
    "unsqueeze": lambda x: x.unsqueeze(1),
    "squeeze": lambda x: x.unsqueeze(1).squeeze(),
    "expand": lambda x: x.expand(1, 2, 3),
    "expand_as": lambda x: x.expand_as(x),
    "narrow": lambda x: x.narrow(1, 1, 2),
    "select": lambda x: x.select(1, -1),
    "chunk": lambda x: x.chunk(2, 1)[0],
    "split": lambda x: x.split([1, 2], 1)[1],
    "unbind": lambda x: x.unbind()[1],
    "iteration": lambda x: list(x)[1],
}


@pytest.mark.parametrize("name", VIEWS)
def test_writing_through_a_view_changes_the_base_and_its_gradient(name):
    """And the other views: each says what the base says."""
    places = VIEWS[name](arange(6).reshape(2, 3)).flatten().tolist()
    w, v = ones(2, 3, requires_grad=True), tensor(3.0, requires_grad=True)
    base = w * 2
    other, view = base.T, VIEWS[name](base)
    view.mul_(v)
    expected = [6.0 if i in places else 2.0 for i in range(6)]
    assert base.flatten().tolist() == expected
    assert other.T.flatten().tolist() == expected
    for tensor_ in (base, other):
        gw, gv = grad(tensor_.sum(), (w, v), retain_graph=True)
        assert gw.flatten().tolist() == expected
        assert gv.item() == 2 * len(places)


@pytest.mark.parametrize("name", VIEWS)
def test_writing_to_the_base_changes_its_views(name):
    w = ones(2, 3, requires_grad=True)
    base = w * 2
    view = VIEWS[name](base)
    base.mul_(5)
    assert set(view.flatten().tolist()) == {10.0}
    assert grad(view.sum(), w)[0].sum().item() == 10 * view.numel()


def test_a_view_of_a_transposed_result_is_written_through_where_it_lies():
    """The base lies in memory as its transpose does, so that the flat view of that is none of a copy in plain order."""
    x = arange(6.0).reshape(2, 3).requires_grad_()
    base = x.T * 1.0
    base.T.view(-1)[0:3] = 0
    (base * arange(6.0).reshape(3, 2)).sum().backward()
    assert x.grad.tolist() == [[0, 0, 0], [1, 3, 5]]


def test_views_of_views_of_views():
    x = ones(4, requires_grad=True)
    base = x * 1
    view, kept = base, []
    for _ in range(200):
        view = view.view(2, 2) if view.ndim == 1 else view.view(4)
        kept.append(view)
    kept[101][1].mul_(3)
    assert base.tolist() == kept[-1].flatten().tolist() == [1, 3, 1, 1]
    kept[51].sum().backward()
    assert x.grad.tolist() == [1, 3, 1, 1]


def test_a_constant_becomes_a_result_when_written_to():
    x, v = zeros(3), tensor(2.0, requires_grad=True)
    view = x[1:]
    assert not view.requires_grad
    x[1] = v
    assert x.requires_grad
    assert view.requires_grad
    assert not x.is_leaf
    assert not view.is_leaf
    view.sum().backward()
    assert v.grad.item() == 1


def test_a_result_overwritten_with_constants_is_a_constant():
    """PyTorch keeps it in the graph, with gradients of 0."""
    w = ones(2, requires_grad=True)
    y = w * 2
    view = y[0]
    y.zero_()
    assert not y.requires_grad
    assert not view.requires_grad
    with pytest.raises(GraphError, match="overwriting all of it with constants"):
        y.sum().backward()


@pytest.mark.parametrize(
    "write",
    [lambda t: t.add_(1), lambda t: t.fill_(1), lambda t: t[0].zero_(), lambda t: t.__setitem__([0], 1), lambda t: t.T.mul_(2)],
)  # fmt: skip
def test_expanded_tensors_are_read_only(write):
    x = zeros(3)
    with pytest.raises(
        MutationError, match=r"shape .* is expanded or read-only, .*: make a copy of its own first, x\.clone"
    ):
        write(x.expand(2, 3))
    assert x.tolist() == [0, 0, 0]
    write(x.expand(2, 3).clone())
    write(x.expand(1, 3))  # nothing is repeated


def test_reshaping_that_copies_is_no_view():
    x = ones(2, 3, requires_grad=True)
    y = x * 1
    copy = y.T.reshape(6)
    copy.zero_()
    assert y.sum().item() == 6


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
    part = (w * 2)[1]
    part.detach_()
    part.mul_(5)
    assert (part.item(), part.requires_grad) == (10, False)


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
