"""Views: what is written through one is written through all, and every gradient knows."""

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
    arange,
    float64,
    from_numpy,
    nn,
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


def test_a_view_of_a_result_that_left_the_graph():
    w = minigrad.ones(2, requires_grad=True)
    base = w * 1
    view = base[0]
    base.detach_()
    assert view.requires_grad  # until something is written
    base.add_(1)
    with pytest.raises(MutationError, match=re.escape("of shape (2,), was taken out of the graph by detach_() before")):
        view * 2
    later = base[1]
    base.mul_(w)
    (later * 2).backward()
    assert w.grad.tolist() == [0, 4]


@pytest.mark.parametrize("looked", [True, False])
def test_the_history_of_a_view_does_not_depend_on_who_looked(looked):
    w, base = tensor([1.0, 2.0], requires_grad=True), zeros(2)
    view = base[:1]
    base.copy_(w)
    if looked:
        assert view.requires_grad
    base.detach_()
    if looked:
        (view * w[:1]).sum().backward()
        assert w.grad.tolist() == [2, 0]
    else:
        with pytest.raises(MutationError, match=re.escape("was taken out of the graph by detach_()")):
            view * w[:1]


def test_a_base_that_was_given_other_memory():
    w, base = tensor([2.0, 3.0], requires_grad=True), zeros(2)
    view = base[:1]
    base.data = tensor([5.0, 5.0])
    base.mul_(w)
    assert not view.requires_grad
    view.copy_(w[:1])
    base.sum().backward()
    assert w.grad.tolist() == [5, 5]
    base, other = zeros(2), ones(3)
    first, second = base[:1], base[:]
    base.data = other
    first.fill_(7)
    assert (second.tolist(), base.tolist()) == ([7, 0], [1, 1, 1])
    base = w * 1
    view = base[:1]
    base.mul_(2)
    base.data = zeros(2)
    with pytest.raises(
        MutationError, match=re.escape("was given another array by .data = before the view was next used")
    ):
        view * 1


@pytest.mark.parametrize(
    "copied",
    [
        lambda x: x.repeat(2, 1, 1, 1),
        lambda x: x.repeat(1, 1, 1, 1),
        lambda x: x.tile(2, 1, 1, 1),
        lambda x: x.prod(0),
        lambda x: x.prod(0, keepdim=True),
        lambda x: x.reshape(1, -1)[:, :1].prod(),
        lambda x: nn.functional.pixel_shuffle(x, 1),
        lambda x: nn.functional.pixel_unshuffle(x, 1),
        lambda x: nn.functional.channel_shuffle(x, 1),
        lambda x: nn.functional.channel_shuffle(x, 4),
        lambda x: x.reshape(-1).histogram(x.reshape(-1)).bin_edges,
    ],
)
def test_what_is_in_memory_of_its_own_even_where_a_view_would_do(copied):
    x = minigrad.arange(4.0).reshape(1, 4, 1, 1) + 1
    kept, result = x.tolist(), copied(x)
    assert result._view is None
    result.zero_()
    assert x.tolist() == kept


def test_a_repeated_tensor_keeps_its_gradient_when_the_first_is_written_to():
    w = tensor([[1.0, 2.0]], requires_grad=True)
    h = w * 1.0
    y = h.repeat(2, 1)
    h.mul_(10.0)
    assert y.tolist() == [[1, 2], [1, 2]]
    y.sum().backward()
    assert w.grad.tolist() == [[2, 2]]


@pytest.mark.parametrize(
    "made",
    [
        lambda x: x @ ones(2, 3),
        lambda x: ones(3, 2) @ x,
        lambda x: x.dot(x),
        lambda x: x.take(tensor([0])),
        lambda x: x.prod(),
        lambda x: x.reshape(1, 2).prod(0),
        lambda x: x.kron(x),
        lambda x: minigrad.einsum("i,j->ij", x, x),
        lambda x: nn.functional.linear(x, ones(3, 2)),
    ],
)
def test_a_result_that_nobody_else_holds_is_no_view(made):
    x = tensor([2.0, 3.0], requires_grad=True)
    result = made(x)
    result.mul_(2)
    result.sum().backward()
    again = tensor([2.0, 3.0], requires_grad=True)
    (made(again) * 2).sum().backward()
    assert x.grad.equal(again.grad)
    result.detach_()
    assert result.is_leaf
