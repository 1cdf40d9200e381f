"""Attention: what it computes, masks, errors, without PyTorch."""

import numpy as np
import pytest

import minigrad
from minigrad import ShapeError, autograd, nn, no_grad, ones, randn, tensor, zeros
from minigrad.kernels import attention as kernels
from minigrad.nn.functional import multi_head_attention_forward, scaled_dot_product_attention


@pytest.fixture(autouse=True)
def seeded():
    minigrad.manual_seed(0)


def raises(kind, text, call):
    with pytest.raises(kind, match=text):
        call()


def test_many_heads_are_taken_in_parts(monkeypatch):
    q, k, v = (randn(3, 2, 4, 3).requires_grad_() for _ in range(3))
    mask = randn(3, 2, 4, 4)

    def run():
        minigrad.manual_seed(1)
        out = scaled_dot_product_attention(q, k, v, mask, 0.3)
        return [out, *autograd.grad(out.sin().sum(), [q, k, v])]

    whole = run()
    monkeypatch.setattr(kernels, "CHUNK", 16)
    for a, b in zip(run(), whole):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-5, atol=1e-6)


def test_writing_into_the_result_changes_no_gradient():
    q = randn(2, 3, 4).requires_grad_()

    def run(write):
        out = scaled_dot_product_attention(q, q, q)
        out = out.mul_(2) if write else out * 2
        return autograd.grad((out * out).sum(), q)[0].numpy()

    np.testing.assert_array_equal(run(True), run(False))


def test_a_mask_that_learns():
    q, mask = randn(2, 3, 4, dtype="float64").requires_grad_(), randn(3, 3, dtype="float64").requires_grad_()
    assert minigrad.testing.gradcheck(lambda q, m: scaled_dot_product_attention(q, q, q, m), (q, mask), order=2)
    assert minigrad.testing.gradcheck(
        lambda q, m: scaled_dot_product_attention(q, q, q, m, is_causal=True), (q, mask), order=2
    )


def test_hidden_values_do_not_matter():
    q, k, v = randn(3, 4), randn(5, 4), randn(5, 4)
    seen = tensor([True, True, False, True, False])
    out = scaled_dot_product_attention(q, k, v, seen.expand(3, 5))
    with no_grad():
        v[2] = 1e9
        k[4] = -7.0
    np.testing.assert_array_equal(out.numpy(), scaled_dot_product_attention(q, k, v, seen.expand(3, 5)).numpy())


def test_large_scores_do_not_overflow():
    q = full_of(1e4)
    out = scaled_dot_product_attention(q, q, q)
    np.testing.assert_allclose(out.numpy(), q.numpy())


def full_of(number):
    return minigrad.full((2, 3, 4), number)


@pytest.mark.parametrize("hidden", [False, float("-inf")])
def test_a_query_that_sees_nothing_gives_0(hidden):
    q = randn(2, 3).requires_grad_()
    mask = tensor([[True, True], [hidden, hidden]]) if hidden is False else tensor([[0.0, 0.0], [hidden, hidden]])
    for given in (mask, mask.clone().requires_grad_(hidden is not False)):  # in the kernel, and composed
        out = scaled_dot_product_attention(q, q, q.detach(), given)
        assert out[1].tolist() == [0.0] * 3
        (gradient,) = autograd.grad(out[1].sum(), q)
        assert gradient.tolist() == [[0.0] * 3] * 2


def test_all_dropped():
    assert scaled_dot_product_attention(ones(2, 2), ones(2, 2), ones(2, 2), dropout_p=1.0).tolist() == [[0, 0], [0, 0]]


def test_no_keys():
    q = ones(2, 3).requires_grad_()
    out = scaled_dot_product_attention(q, zeros(0, 3), zeros(0, 4))
    assert out.tolist() == [[0.0] * 4] * 2
    out.sum().backward()
    assert q.grad.tolist() == [[0.0] * 3] * 2


def test_printing():
    q = ones(1, 1).requires_grad_()
    text = repr(scaled_dot_product_attention(q, q, q))
    assert text == "tensor([[1.]], grad_fn=<ScaledDotProductFlashAttentionForCpuBackward0>)"


def test_errors():
    x = ones(2, 3, 4, 5)

    def attend(*args, **kwargs):
        return lambda: scaled_dot_product_attention(*args, **kwargs)

    raises(ShapeError, r"one last size", attend(x, ones(2, 3, 4, 6), x))
    raises(ShapeError, r"of one length", attend(x, x, x[:, :, :2]))
    raises(ShapeError, r"at least 2 dimensional", attend(ones(5), x, x))
    raises(ShapeError, r"enable_gqa=True", attend(ones(2, 4, 4, 5), ones(2, 2, 4, 5), ones(2, 2, 4, 5)))
    raises(ShapeError, r"do not broadcast", attend(ones(2, 4, 5), ones(3, 1, 3, 4, 5), ones(3, 1, 3, 4, 5)))
    raises(ShapeError, r"a mask of shape \(5, 5\) does not broadcast", attend(x, x, x, ones(5, 5)))
    raises(RuntimeError, r"must divide", attend(ones(2, 4, 4, 5), x, x, enable_gqa=True))
    raises(RuntimeError, r"same dtype", attend(x, x, x.double()))
    raises(RuntimeError, r"attn_mask dtype to be bool", attend(x, x, x, ones(4, 4).long()))
    raises(RuntimeError, r"convert them to floating point", attend(x.long(), x.long(), x.long()))
    raises(RuntimeError, r"between 0 and 1, but got 2", attend(x, x, x, dropout_p=2))
    raises(TypeError, r"needs tensors, not a list", attend([1.0], x, x))


# ── many heads ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_weights_do_not_change_the_output():
    module, x = nn.MultiheadAttention(8, 2, batch_first=True), randn(3, 4, 8)
    hidden = minigrad.zeros(3, 4, dtype=minigrad.bool)
    with no_grad():
        hidden[0, 2:] = True
    for masks in ({}, {"key_padding_mask": hidden}, {"attn_mask": randn(4, 4)}, {"attn_mask": randn(6, 4, 4)}):
        slow, weights = module(x, x, x, **masks)
        quick, none = module(x, x, x, need_weights=False, **masks)
        assert none is None
        np.testing.assert_allclose(quick.detach().numpy(), slow.detach().numpy(), rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(weights.sum(-1).detach().numpy(), 1, rtol=1e-5)


def test_module_shapes():
    module = nn.MultiheadAttention(8, 4, kdim=3, vdim=5, add_bias_kv=True, add_zero_attn=True)
    out, weights = module(randn(4, 2, 8), randn(6, 2, 3), randn(6, 2, 5), average_attn_weights=False)
    assert (out.shape, weights.shape) == ((4, 2, 8), (2, 4, 4, 8))
    out, weights = module(randn(4, 8), randn(6, 3), randn(6, 5))
    assert (out.shape, weights.shape) == ((4, 8), (4, 8))


def test_module_printing():
    assert repr(nn.MultiheadAttention(4, 2)) == (
        "MultiheadAttention(\n"
        "  (out_proj): NonDynamicallyQuantizableLinear(in_features=4, out_features=4, bias=True)\n)"
    )
    assert nn.activation.MultiheadAttention is nn.MultiheadAttention
    assert nn.attention.NonDynamicallyQuantizableLinear(1, 1).weight.shape == (1, 1)


def test_module_gradients():
    module = nn.MultiheadAttention(4, 2).double()
    x = randn(3, 1, 4, dtype="float64").requires_grad_()
    assert minigrad.testing.gradcheck(lambda x: module(x, x, x, need_weights=False)[0], (x,), order=2)


def test_module_errors():
    module, x = nn.MultiheadAttention(4, 2), ones(3, 2, 4)
    raises(AssertionError, "divisible", lambda: nn.MultiheadAttention(5, 2))
    raises(ValueError, "greater than 0", lambda: nn.MultiheadAttention(0, 2))
    raises(AssertionError, "2D or batched 3D", lambda: module(ones(4), x, x))
    raises(AssertionError, "`key` and `value` to be 3-D", lambda: module(x, x[0], x))
    raises(AssertionError, "expected `key_padding_mask`", lambda: module(x, x, x, ones(3)))
    raises(AssertionError, r"key_padding_mask of shape \(2, 3\)", lambda: module(x, x, x, ones(2, 4)))
    raises(AssertionError, "expected `attn_mask`", lambda: module(x, x, x, attn_mask=ones(3)))
    raises(AssertionError, "only bool and floating", lambda: module(x, x, x, attn_mask=ones(3, 3).long()))
    raises(RuntimeError, r"The shape of the 2D attn_mask", lambda: module(x, x, x, attn_mask=ones(3, 4)))
    raises(RuntimeError, r"The shape of the 3D attn_mask", lambda: module(x, x, x, attn_mask=ones(3, 3, 3)))
    raises(AssertionError, "embedding dimension of 4, but got 6", lambda: module(*[ones(3, 2, 6)] * 3))
    raises(RuntimeError, "batch comes second", lambda: module(x, ones(3, 5, 4), ones(3, 5, 4)))
    raises(AssertionError, "does not match value shape", lambda: module(x, x, ones(4, 2, 4)))
    raises(RuntimeError, "Need attn_mask", lambda: module(x, x, x, is_causal=True))
    apart = nn.MultiheadAttention(4, 2, kdim=3)
    raises(AssertionError, "do not match value's", lambda: apart(x, ones(3, 2, 3), ones(4, 2, 4)))
    with pytest.warns(UserWarning, match="mismatched key_padding_mask"):
        module(x, x, x, zeros(2, 3), attn_mask=zeros(3, 3) > 0)


def test_the_function_by_itself():
    m, x = nn.MultiheadAttention(4, 2), randn(3, 2, 4)
    rest = (m.out_proj.weight, m.out_proj.bias)
    out, _ = multi_head_attention_forward(
        x, x, x, 4, 2, m.in_proj_weight, m.in_proj_bias, None, None, False, 0.0, *rest, need_weights=False
    )
    np.testing.assert_allclose(out.detach().numpy(), m(x, x, x)[0].detach().numpy(), rtol=1e-4, atol=1e-6)
    with pytest.raises(AssertionError, match="not divisible"):
        multi_head_attention_forward(x, x, x, 4, 3, m.in_proj_weight, None, None, None, False, 0.0, *rest)
    with pytest.raises(AssertionError, match="expecting static_k of shape"):
        multi_head_attention_forward(
            x, x, x, 4, 2, m.in_proj_weight, None, None, None, False, 0.0, *rest, static_k=ones(3, 3, 2)
        )
