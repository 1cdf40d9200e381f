"""Errors: which exception, the fact, and the way out; following the way out works."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad
from minigrad import GraphError, MutationError, ShapeError, arange, cat, no_grad, ones, stack, tensor, where, zeros
from minigrad.errors import aligned, broadcast_clash, explain


def test_the_exceptions_are_also_built_in_ones():
    """Those that PyTorch raises in the same places, so that `except RuntimeError` keeps working."""
    assert issubclass(ShapeError, RuntimeError)
    assert issubclass(ShapeError, ValueError)
    assert issubclass(GraphError, RuntimeError)
    assert issubclass(MutationError, RuntimeError)


# ── shapes that do not broadcast ─────────────────────────────────────────────────────────────────────────────────────

sizes = st.lists(st.integers(1, 4), max_size=3).map(tuple)


@given(sizes, sizes)
def test_a_clash_is_found_where_numpy_finds_one(a, b):
    try:
        np.broadcast_shapes(a, b)
    except ValueError:
        assert broadcast_clash([a, b]) is not None
    else:
        assert broadcast_clash([a, b]) is None


@given(sizes, sizes)
def test_the_remedy_for_a_clash_can_be_followed(a, b):
    try:
        ones(a) + ones(b)
        return
    except ShapeError as error:
        message = str(error)
    head = f"add: shapes {a} and {b} do not broadcast: dimension -"
    assert message.startswith(head)
    back = int(message[len(head)])
    clashing = {shape[-back] for shape in (a, b) if len(shape) >= back}
    assert len(clashing - {1}) == 2
    assert all(str(size) in message for size in clashing)
    x, y = ones(a), ones(b)
    if "transpose the first" in message:
        x = x.T
    elif "transpose the second" in message:
        y = y.T
    elif "line the first operand" in message:
        x = x.reshape(eval(message.rpartition("reshape it to ")[2]))
    elif "line the second operand" in message:
        y = y.reshape(eval(message.rpartition("reshape it to ")[2]))
    else:
        assert message.endswith("; sizes must be equal or 1, counted from the last dimension")
        return
    assert (x + y).shape == np.broadcast_shapes(x.shape, y.shape)


@pytest.mark.parametrize(
    ("a", "b", "advice"),
    [
        ((2, 3), (3, 2), "dimension -1 has sizes 2 and 3; transpose the first operand: .T has shape (3, 2)"),
        ((2,), (2, 3), "to line the first operand up with dimension 0, reshape it to (2, 1)"),
        ((4, 2, 3), (2,), "to line the second operand up with dimension 1, reshape it to (2, 1)"),
        ((2, 3), (2, 4), "dimension -1 has sizes 3 and 4; sizes must be equal or 1, counted from the last dimension"),
        ((2, 3), (4, 3), "dimension -2 has sizes 2 and 4; sizes must be equal or 1"),
    ],
)
def test_advice(a, b, advice):
    for use in (lambda: ones(a) * ones(b), lambda: ones(a) == ones(b), lambda: ones(a).maximum(ones(b))):
        with pytest.raises(ShapeError, match=re.escape(advice)):
            use()


def test_three_operands():
    with pytest.raises(ShapeError, match=re.escape("where: shapes (2,) and (3,) and () do not broadcast")):
        where(ones(2) > 0, ones(3), 0.0)


def test_other_failures_of_a_forward():
    failure = explain(ValueError("no"), "thing", [ones(2), ones(2)])
    assert (type(failure), str(failure)) == (ShapeError, "thing: no (operands of shape (2,) and (2,))")
    failure = explain(TypeError("no"), "thing", [ones(2)])
    assert (type(failure), str(failure)) == (TypeError, "thing: no (operands of shape (2,))")
    assert aligned(3, (2, 3, 3, 4)) == (3, 1, 1)


def test_the_original_failure_is_the_cause():
    with pytest.raises(ShapeError) as caught:
        ones(2) + ones(3)
    assert isinstance(caught.value.__cause__, ValueError)


# ── arrangement and selection ────────────────────────────────────────────────────────────────────────────────────────

X = arange(6.0).reshape(2, 3)

# What fails, how, what it says, and what it says to do instead.
FAILURES = [
    (lambda: X.reshape(4), ShapeError, "reshape: a tensor of shape (2, 3) has 6 elements, which cannot be arranged as (4,)",
     None),
    (lambda: X.reshape(4, -1), ShapeError, "reshape: a tensor of shape (2, 3) has 6 elements, which cannot be arranged as",
     lambda: X.reshape(3, -1)),
    (lambda: X.reshape(-1, -1), ShapeError, "cannot be arranged as (-1, -1)", lambda: X.reshape(-1)),
    (lambda: X.reshape(-2, -3), ShapeError, "cannot be arranged as (-2, -3)", None),
    (lambda: zeros(0).reshape(0, -1), ShapeError, "has 0 elements, which cannot be arranged as (0, -1)", None),
    (lambda: X.T.view(6), ShapeError, "view: a tensor of shape (3, 2) is not laid out so that it can be seen as (6,) without a "
     "copy: use reshape, or contiguous() first", lambda: (X.T.reshape(6), X.T.contiguous().view(6))),
    (lambda: X.flatten(1, 0), ShapeError, "flatten: start_dim 1 comes after end_dim 0: swap them", lambda: X.flatten(0, 1)),
    (lambda: zeros(2, 3, 4).t(), ShapeError, "t: a matrix is needed, not shape (2, 3, 4): say which dimensions, "
     "x.transpose(-2, -1)", lambda: zeros(2, 3, 4).transpose(-2, -1)),
    (lambda: zeros(2).mT, ShapeError, "mT: at least two dimensions are needed, not shape (2,): use .T", lambda: zeros(2).T),
    (lambda: X.permute(0, 0), ShapeError, "permute(0, 0) of a tensor of shape (2, 3): name each of its 2 dimensions once",
     lambda: X.permute(1, 0)),
    (lambda: X.expand(3, 3), ShapeError, "expand: shape (2, 3) cannot be expanded to (3, 3): only sizes of 1 stretch, and new "
     "dimensions come first (unsqueeze adds one elsewhere)", lambda: (X.expand(3, 2, 3), X.unsqueeze(1).expand(2, 5, 3))),
    (lambda: X.expand(3), ShapeError, "expand: shape (2, 3) cannot be expanded to (3,)", None),
    (lambda: X.expand(-1, 2, 3), ShapeError, "expand: shape (2, 3) cannot be expanded to (-1, 2, 3)", None),
    (lambda: X.unsqueeze(3), IndexError, "unsqueeze: dimension 3 of shape (2, 3): use one from -3 to 2",
     lambda: X.unsqueeze(2)),
    (lambda: X.transpose(0, 2), IndexError, "transpose: dimension 2 of a tensor of shape (2, 3): use one from -2 to 1",
     lambda: X.transpose(0, 1)),
    (lambda: X.sum(5), IndexError, "dimension 5 of a tensor of shape (2, 3): use one from -2 to 1", lambda: X.sum(-2)),
    (lambda: X.split(0), ValueError, "split: parts of size 0: use a positive size", lambda: X.split(1)),
    (lambda: X.split([1, 2]), ShapeError, "split: sections [1, 2] add up to 3, dimension 0 has 2", lambda: X.split([1, 1])),
    (lambda: X.chunk(0), ValueError, "chunk: 0 chunks: use at least 1", lambda: X.chunk(1)),
    (lambda: X.repeat(2), ShapeError, "repeat(2,) of a tensor of shape (2, 3): give one number per dimension, 2 or more",
     lambda: X.repeat(2, 1)),
    (lambda: cat([X, zeros(2, 4, 1)]), ShapeError, "cat along dimension 0: tensor 0 has shape (2, 3), tensor 1 has (2, 4, 1): "
     "they may differ in that dimension only (stack joins tensors along a new one)", None),
    (lambda: cat([zeros(2), zeros(3), zeros(())]), ShapeError, "cat along dimension 0: tensor 0 has shape (2,), tensor 2 has",
     lambda: cat([zeros(2), zeros(3)])),
    (lambda: cat([]), ValueError, "cat: an empty list of tensors: give at least one", None),
    (lambda: stack([]), ValueError, "stack: an empty list of tensors: give at least one", None),
    (lambda: stack([zeros(2), zeros(3)]), ShapeError, "stack: tensors of different shapes, [(2,), (3,)]: all must have one "
     "shape (cat joins along an existing dimension)", lambda: cat([zeros(2), zeros(3)])),
    (lambda: stack([zeros(2)], 2), IndexError, "stack: dimension 2: use one from -2 to 1", lambda: stack([zeros(2)], 1)),
    (lambda: X[2], IndexError, "index [2] does not fit a tensor of shape (2, 3): index 2 is out of bounds for axis 0",
     lambda: X[1]),
    (lambda: X[0, 1, 2], IndexError, "index [0, 1, 2] does not fit a tensor of shape (2, 3): too many indices", None),
    (lambda: X[tensor([0, 5])], IndexError, "index [indices of shape (2,)] does not fit a tensor of shape (2, 3): index 5 is",
     None),
    (lambda: X[tensor([True])], IndexError, "index [a mask of shape (1,)] does not fit a tensor of shape (2, 3)", None),
    (lambda: X[..., tensor([9])], IndexError, "index [..., indices of shape (1,)] does not fit a tensor of shape (2, 3)", None),
    (lambda: X[1.0], IndexError, "an index of type float64: use integers, x[i.long()], or booleans, x[mask.bool()], x[x > 0]",
     None),
    (lambda: X[ones(2)], IndexError, "an index of type float32: use integers, x[i.long()], or booleans",
     lambda: (X[ones(2).long()], X[ones(2).bool()])),
    (lambda: X[ones(2, dtype=minigrad.uint8)], IndexError, "an index of type uint8: use integers, x[i.long()], or booleans",
     lambda: (X[ones(2, dtype=minigrad.uint8).bool()], X[ones(2, dtype=minigrad.uint8).long()])),
    (lambda: X.gather(0, tensor([0])), ShapeError, "gather: the index has shape (1,) and type int64: it needs 2 dimensions",
     lambda: X.gather(0, tensor([[0]]))),
]  # fmt: skip


@pytest.mark.parametrize(
    ("fail", "error", "message", "remedy"), FAILURES, ids=[message[:40] for _, _, message, _ in FAILURES]
)
def test_failures(fail, error, message, remedy):
    with pytest.raises(error, match=re.escape(message)):
        fail()
    if remedy is not None:
        remedy()


# ── the five a beginner meets ────────────────────────────────────────────────────────────────────────────────────────


def test_a_forgotten_transposition():
    with pytest.raises(ShapeError, match=re.escape("did you mean a @ b.mT?")):
        ones(2, 3) @ ones(2, 3)
    assert (ones(2, 3) @ ones(2, 3).mT).shape == (2, 2)


def test_a_loss_that_is_no_number():
    w = ones(3, requires_grad=True)
    with pytest.raises(GraphError, match=re.escape("reduce it first (loss.mean() or loss.sum()), or pass a gradient")):
        (w * w).backward()
    for remedy in (
        lambda: (w * w).mean().backward(),
        lambda: (w * w).sum().backward(),
        lambda: (w * w).backward(ones(3)),
    ):
        remedy()


def test_a_graph_used_twice():
    w = ones(3, requires_grad=True)
    loss = (w * w).sum()
    loss.backward()
    with pytest.raises(GraphError, match=re.escape("keep the graph with backward(retain_graph=True) in the first one")):
        loss.backward()
    loss = (w * w).sum()
    loss.backward(retain_graph=True)
    loss.backward()


def test_a_parameter_updated_outside_no_grad():
    w = ones(3, requires_grad=True)
    with pytest.raises(MutationError, match=re.escape("update parameters inside `with minigrad.no_grad():`")):
        w -= 0.1
    with no_grad():
        w -= 0.1
    assert w.requires_grad


def test_nothing_that_could_learn():
    x = ones(3)
    with pytest.raises(
        GraphError, match=re.escape("does not require grad: no tensor it was computed from had requires_grad")
    ):
        (x * 2).sum().backward()
    (minigrad.nn.Parameter(x) * 2).sum().backward()
