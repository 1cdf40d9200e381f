"""Operations with a backward of one's own: `autograd.Function`; and the finder of NaN, `detect_anomaly`."""

import gc
import re
import weakref

import numpy as np
import pytest

import minigrad
from minigrad import GraphError, MutationError, autograd, no_grad, randn, tensor
from minigrad.autograd import Function, Variable, detect_anomaly, set_detect_anomaly
from minigrad.autograd.function import once_differentiable
from minigrad.testing import gradcheck


class Product(Function):
    """Several inputs, several outputs, one of them saved, one an index."""

    @staticmethod
    def forward(ctx, a, b, scale=1.0):
        out = a * b * scale
        ctx.save_for_backward(a, b, out)
        ctx.scale = scale
        largest = out.argmax()
        ctx.mark_non_differentiable(largest)
        return out, a + b, largest

    @staticmethod
    def backward(ctx, g, h, _):
        a, b, out = ctx.saved_tensors
        assert out.shape == a.shape
        return g * b * ctx.scale + h, g * a * ctx.scale + h, None


class Square(Function):
    @staticmethod
    def forward(x):
        return x * x

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 2 * x


def double(*shape):
    return randn(*shape, dtype=minigrad.float64, requires_grad=True)


def test_gradients_of_every_order():
    assert gradcheck(lambda a, b: Product.apply(a, b, 3.0)[:2], [double(3), double(3)], order=3)
    assert gradcheck(Square.apply, double(2, 2), order=3)


def test_what_it_needs_and_what_it_gives():
    a, b = tensor([1.0, 2.0], requires_grad=True), tensor([3.0, 1.0])
    seen = []

    class Watching(Product):
        @staticmethod
        def backward(ctx, g, h, i):
            seen.append(ctx.needs_input_grad)
            return Product.backward(ctx, g, h, i)

    out, total, largest = Watching.apply(a, b, 2.0)
    assert repr(out.grad_fn) == "<SelectBackward0>" or out.requires_grad
    assert not largest.requires_grad
    (out * 10).sum().backward()
    assert a.grad.tolist() == [60, 20]
    assert seen == [(True, False, False)]
    assert total.tolist() == [4, 3]
    with no_grad():
        assert not Watching.apply(a, b)[0].requires_grad


def test_an_input_without_a_gradient_and_one_returned_as_it_is():
    class Through(Function):
        @staticmethod
        def forward(ctx, x, y):
            return x

        @staticmethod
        def backward(ctx, g):
            return g * 5, None

    x, y = tensor(2.0, requires_grad=True), tensor(3.0, requires_grad=True)
    out = Through.apply(x, y)
    assert out is not x
    out.backward()
    assert (x.grad.item(), y.grad.item()) == (5, 0)


def test_an_input_written_to():
    class Doubling(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.mark_dirty(x)
            return x.mul_(2)

        @staticmethod
        def backward(ctx, g):
            return g * 2

    w = tensor([1.0, 2.0], requires_grad=True)
    h = w * 3
    assert Doubling.apply(h) is h
    assert h.tolist() == [6, 12]
    h.sum().backward()
    assert w.grad.tolist() == [6, 6]
    with pytest.raises(MutationError, match="mark_dirty in Doubling on a leaf that requires grad"):
        Doubling.apply(w)


def test_a_saved_tensor_that_was_written_to():
    h = tensor([1.0], requires_grad=True) * 3
    out = Square.apply(h)
    h.add_(1)
    with pytest.raises(MutationError, match=re.escape("Square: an operand of shape (1,) was modified in place")):
        out.backward()


def test_freed_by_reference_count_and_after_backward():
    a, b = double(2), double(2)
    gc.disable()
    try:
        out, total, _ = Product.apply(a, b)
        node = weakref.ref(out.grad_fn)
        del out, total, _
        assert node() is None
    finally:
        gc.enable()
    out = Square.apply(a).sum()
    out.backward()
    with pytest.raises(GraphError, match="a second time through"):
        out.backward()


def test_once_differentiable():
    class Once(Square):
        @staticmethod
        @once_differentiable
        def backward(ctx, g):
            return Square.backward(ctx, g)

    x = tensor(3.0, requires_grad=True)
    assert autograd.grad(Once.apply(x), x)[0].item() == 6
    (g,) = autograd.grad(Once.apply(x), x, create_graph=True)
    with pytest.raises(GraphError, match="marked with @once_differentiable and was differentiated again"):
        g.backward()


class TooFew(Square):
    @staticmethod
    def backward(ctx, g):
        return ()


class NoTensor(Square):
    @staticmethod
    def backward(ctx, g):
        return 1.0


@pytest.mark.parametrize(
    ("function", "error", "words"),
    [
        (TooFew, GraphError, "TooFew.backward returned 0 gradients for 1 inputs of forward: return one for each"),
        (NoTensor, TypeError, "NoTensor.backward returned a float for input 0: return a tensor, or None"),
    ],
)
def test_a_backward_that_is_wrong(function, error, words):
    with pytest.raises(error, match=re.escape(words)):
        function.apply(tensor(1.0, requires_grad=True)).backward()


def test_a_function_without_its_parts():
    with pytest.raises(NotImplementedError, match="needs a forward"):
        Function.apply(tensor(1.0))
    with pytest.raises(NotImplementedError, match="needs a backward"):
        Function.backward(None)
    with pytest.raises(TypeError, match="save_for_backward keeps tensors, not a int: keep it as an attribute"):
        autograd.function.Context().save_for_backward(3)
    autograd.function.Context().set_materialize_grads(False)


def test_variable_is_the_tensor():
    x = tensor([1.0])
    assert Variable(x) is x
    assert isinstance(x, Variable)
    assert Variable(x, requires_grad=True).requires_grad
    with pytest.raises(TypeError, match="Variable of a list"):
        Variable([1.0])


def test_anomaly_names_the_forward_line():
    x = tensor([0.0, 1.0], requires_grad=True)
    with detect_anomaly():
        y = x.sqrt()
        with pytest.raises(
            GraphError, match=r"the gradient of sqrt, a result of shape \(2,\) computed at test_function.py:\d+"
        ):
            (y * 0).sum().backward()
    with detect_anomaly(check_nan=False):
        (x.sqrt() * 0).sum().backward()
    assert x.grad.isnan().tolist() == [True, False]


def test_anomaly_switched_on_at_once():
    x = tensor([0.0], requires_grad=True)
    y = x.sqrt()
    zero = (y * 0).sum()
    words = "a line before detect_anomaly began"
    with np.errstate(invalid="ignore"), set_detect_anomaly(True), pytest.raises(GraphError, match=words):
        zero.backward()
    with set_detect_anomaly(False):
        assert minigrad.graph.watchers == []


def test_inference_mode():
    w = tensor(1.0, requires_grad=True)
    with minigrad.inference_mode():
        assert not (w * 2).requires_grad
        with autograd.inference_mode(False):
            assert (w * 2).requires_grad

    @minigrad.inference_mode()
    def predict():
        return w * 2

    assert not predict().requires_grad


def test_what_has_nothing_to_do_here():
    with autograd.graph.save_on_cpu():
        pass
    with pytest.raises(NotImplementedError, match="nothing to hook into"):
        autograd.graph.saved_tensors_hooks(None, None)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        autograd.nothing
    assert autograd.gradcheck is gradcheck


def test_a_gradient_that_the_function_keeps_is_not_shared():
    kept = np.ones((2, 2), np.float32).reshape(4).reshape(2, 2)  # a view of memory that nobody else holds

    class Keeps(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, g):
            return minigrad.from_numpy(kept)

    x = minigrad.ones(2, 2, requires_grad=True)
    Keeps.apply(x).sum().backward()
    assert not np.shares_memory(x.grad.array, kept)
