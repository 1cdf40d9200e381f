"""Attention: values, gradients, masks, dropout, printing, against PyTorch."""

import itertools
import random
import warnings

import numpy as np
import pytest
import torch
from agree import agree, both_fail

import minigrad


def F(t):  # noqa: N802
    return t.nn.functional


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def close(call, *operands, **kwargs):
    agree(call, *operands, rtol=2e-4, atol=2e-5, **kwargs)


RNG = np.random.default_rng(3)
SHAPES = [
    ((2, 3, 4, 5), (2, 3, 6, 5), (2, 3, 6, 2)), ((4, 5), (6, 5), (6, 2)), ((3, 4, 5), (3, 4, 5), (3, 4, 5)),
    ((2, 1, 4, 5), (2, 3, 4, 5), (1, 3, 4, 5)), ((1, 1, 1, 1),) * 3, ((2, 2, 1, 3), (2, 2, 7, 3), (2, 2, 7, 3)),
    ((2, 2, 7, 3), (2, 2, 1, 3), (2, 2, 1, 3)), ((2, 2, 3, 4), (2, 2, 0, 4), (2, 2, 0, 4)),
    ((2, 2, 0, 4), (2, 2, 3, 4), (2, 2, 3, 4)),
]  # fmt: skip


@pytest.mark.parametrize("shapes", SHAPES)
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("scale", [None, 0.3])
def test_plain(shapes, causal, scale):
    close(lambda t, q, k, v: F(t).scaled_dot_product_attention(q, k, v, is_causal=causal, scale=scale), *shapes)


@pytest.mark.parametrize("mask", [(4, 6), (1, 6), (4, 1), (2, 1, 4, 6), (2, 3, 4, 6), (1, 3, 1, 6), (3, 4, 6)])
@pytest.mark.parametrize("kind", ["bool", "float", "learned"])
@pytest.mark.parametrize("dropout", [0.0, 0.4])
def test_masks(mask, kind, dropout):
    numbers = RNG.standard_normal(mask).astype(np.float32)
    given = numbers > -0.3 if kind == "bool" else numbers
    if kind == "float":
        given = np.where(numbers > 1, -np.inf, numbers).astype(np.float32)

    def run(t, q, k, v, m):
        t.manual_seed(2)
        return F(t).scaled_dot_product_attention(q, k, v, m if kind == "learned" else m.detach(), dropout)

    if kind == "learned":
        close(run, *SHAPES[0], given)
    else:
        close(lambda t, q, k, v: run(t, q, k, v, t.tensor(given)), *SHAPES[0])


def test_a_mask_and_causal():
    mask = RNG.standard_normal((4, 6)) > -0.5
    mask[:, 0] = True
    close(
        lambda t, q, k, v: F(t).scaled_dot_product_attention(q, k, v, t.tensor(mask), is_causal=True),
        (2, 3, 4, 5), (2, 3, 6, 5), (2, 3, 6, 5),
    )  # fmt: skip


def test_a_query_that_sees_nothing():
    mask = np.ones((4, 6), bool)
    mask[1] = False
    close(lambda t, q, k, v: F(t).scaled_dot_product_attention(q, k, v, t.tensor(mask)), *SHAPES[0])
    wide = [RNG.standard_normal(shape) for shape in SHAPES[0]]
    agree(second_order(lambda t, q, k, v: F(t).scaled_dot_product_attention(q, k, v, t.tensor(mask))), *wide, rtol=1e-7)


@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("causal", [False, True])
def test_dropout(p, causal):
    def run(t, q, k, v):
        t.manual_seed(4)
        return F(t).scaled_dot_product_attention(q, k, v, None, p, causal), t.rand(2)

    close(run, *SHAPES[0])


@pytest.mark.parametrize(("heads", "shared"), [(4, 2), (4, 1), (6, 3), (2, 2)])
def test_grouped_queries(heads, shared):
    close(
        lambda t, q, k, v: F(t).scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True),
        (2, heads, 4, 5), (2, shared, 4, 5), (2, shared, 4, 5),
    )  # fmt: skip


def second_order(call):
    def twice(t, *operands):
        y = call(t, *operands)
        grads = t.autograd.grad((y * y.sin()).sum(), operands, create_graph=True)
        return sum((g * g).sum() for g in grads)

    return twice


@pytest.mark.parametrize("options", [{}, {"is_causal": True}, {"scale": 0.7}])
def test_second_order(options):
    wide = [RNG.standard_normal(shape) for shape in SHAPES[0]]
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        agree(second_order(lambda t, q, k, v: F(t).scaled_dot_product_attention(q, k, v, **options)), *wide, rtol=1e-7)


def test_large_scores_and_many_heads():
    close(lambda t, q: F(t).scaled_dot_product_attention(q * 30, q * 30, q), (2, 2, 5, 4), grad=False)
    close(lambda t, q: F(t).scaled_dot_product_attention(q * 4, q * 4, q), (2, 2, 5, 4))
    close(lambda t, q: F(t).scaled_dot_product_attention(q, q, q, is_causal=True), (5, 3, 150, 4), grad=True)


def test_views_of_one_projection():
    def run(t, x):
        q, k, v = (part.view(2, 5, 3, 4).transpose(1, 2) for part in x.split(12, 2))
        y = F(t).scaled_dot_product_attention(q, k, v, is_causal=True)
        return y, y.transpose(1, 2).contiguous().view(2, 5, 12)

    close(run, (2, 5, 36))


def test_refused_alike():
    def attend(t, *args, **kwargs):
        return F(t).scaled_dot_product_attention(*args, **kwargs)

    x = (2, 3, 4, 5)
    both_fail(lambda t, q: attend(t, q, q, q.double()), x)
    both_fail(lambda t, q: attend(t, q, q, q, t.ones(4, 4, dtype=t.int64)), x)
    both_fail(lambda t, q: attend(t, q, q, q, t.ones(4, 4, dtype=t.float64)), x)
    both_fail(lambda t, q: attend(t, q, q, q, t.ones(5, 5)), x)
    both_fail(lambda t, q, k: attend(t, q, k, q), x, (2, 3, 4, 6))
    both_fail(lambda t, q: attend(t, q[0, 0, 0], q, q), x)
    both_fail(lambda t, q: attend(t, q.long(), q.long(), q.long()), x)
    both_fail(lambda t, q: attend(t, q, q, q, dropout_p=1.5), x)
    both_fail(lambda t, q, k: attend(t, q, k, k, enable_gqa=True), (2, 4, 4, 5), (2, 3, 4, 5))
    both_fail(lambda t, q: attend(t, q, q, q, None, 0.0, False, 1.0), x)


# ── many heads ───────────────────────────────────────────────────────────────────────────────────────────────────────


def with_gradients(t, module, outputs):
    found = [out for out in outputs if out is not None]
    loss = sum(((i + 1) * out.sin()).sum() for i, out in enumerate(found))
    parameters = [p for p in module.parameters() if p.requires_grad]
    return [*outputs, *t.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)]


def made(t, *args, **kwargs):
    t.manual_seed(1)
    module = t.nn.MultiheadAttention(*args, **kwargs)
    with t.no_grad():
        for p in module.parameters():
            p += 0.1  # biases start at 0
    return module


MODULES = [
    {}, {"bias": False}, {"add_bias_kv": True}, {"add_zero_attn": True}, {"kdim": 3, "vdim": 5}, {"kdim": 3, "bias": False},
    {"add_bias_kv": True, "add_zero_attn": True, "vdim": 5}, {"batch_first": True}, {"dropout": 0.3},
]  # fmt: skip


@pytest.mark.parametrize("options", MODULES)
@pytest.mark.parametrize("need", [True, False])
@pytest.mark.parametrize("shared", ["all", "memory", "none"])
@pytest.mark.parametrize("batch", [(2,), ()])
def test_modules(options, need, shared, batch):
    if "kdim" in options or "vdim" in options:
        shared = "none"

    def run(t, q, k, v):
        module = made(t, 8, 2, **options)
        if options.get("batch_first") and batch:
            q, k, v = (x.transpose(0, 1) for x in (q, k, v))
        given = {"all": (q, q, q), "memory": (q, k, k), "none": (q, k, v)}[shared]
        t.manual_seed(5)
        return with_gradients(t, module, module(*given, need_weights=need))

    close(run, (4, *batch, 8), (6, *batch, options.get("kdim", 8)), (6, *batch, options.get("vdim", 8)))


@pytest.mark.parametrize("need", [True, False])
@pytest.mark.parametrize("average", [True, False])
@pytest.mark.parametrize("padding", [None, "bool", "float"])
@pytest.mark.parametrize("mask", [None, "bool", "float", "heads", "causal"])
@pytest.mark.parametrize("options", [{}, {"add_bias_kv": True, "add_zero_attn": True}])
@pytest.mark.parametrize("own", [True, False])
def test_masked_modules(need, average, padding, mask, options, own):
    columns = 4 if own or mask == "causal" else 6
    numbers = RNG.standard_normal((4, columns)).astype(np.float32)
    hidden = numbers > 1
    hidden[:, 1] = False

    def run(t, q, k):
        k = q if own else k
        masks = {"bool": hidden, "float": numbers, "heads": RNG.standard_normal((4, 4, columns)).astype(np.float32)}
        given = None if mask is None else (
            t.nn.Transformer.generate_square_subsequent_mask(4) if mask == "causal" else t.tensor(masks[mask])
        )  # fmt: skip
        padded = np.zeros((2, columns), bool)
        padded[0, 2:] = True
        pads = None if padding is None else t.tensor(padded if padding == "bool" else numbers[:2])
        module = made(t, 8, 2, **options)
        return with_gradients(
            t, module, module(q, k, k, pads, need, given, average, is_causal=mask == "causal" and padding is None)
        )

    state = RNG.bit_generator.state
    calls = itertools.count()

    def again(t, *operands):
        if next(calls):
            RNG.bit_generator.state = state
        return run(t, *operands)

    close(again, (4, 2, 8), (columns, 2, 8))


def test_static_keys_and_learned_masks():
    def run(t, x, k, v, mask):
        m = made(t, 8, 2)
        out = F(t).multi_head_attention_forward(
            x, x, x, 8, 2, m.in_proj_weight, m.in_proj_bias, None, None, False, 0.0, m.out_proj.weight, m.out_proj.bias,
            static_k=k, static_v=v,
        )  # fmt: skip
        return with_gradients(t, m, [*out, *m(x, x, x, attn_mask=mask, need_weights=False)])

    close(run, (4, 2, 8), (4, 5, 4), (4, 5, 4), (4, 4))


@pytest.mark.parametrize("options", MODULES)
def test_parameters_and_printing(options):
    ours, theirs = (t.nn.MultiheadAttention(8, 2, **options) for t in (seeded(minigrad), seeded(torch)))
    assert repr(ours) == repr(theirs)
    for (name, p), (other, q) in zip(ours.state_dict().items(), theirs.state_dict().items(), strict=True):
        assert name == other
        np.testing.assert_allclose(p.numpy(), q.numpy(), rtol=1e-5, atol=1e-7)
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]


def seeded(t):
    t.manual_seed(3)
    return t


def test_modules_refused_alike():
    for args, kwargs in [((0, 1), {}), ((4, 0), {}), ((5, 2), {})]:
        for t in (torch, minigrad):
            with pytest.raises((ValueError, AssertionError)):
                t.nn.MultiheadAttention(*args, **kwargs)

    def refused(call, *shapes):
        arrays = [RNG.standard_normal(shape).astype(np.float32) for shape in shapes]
        for t in (torch, minigrad):
            with pytest.raises((RuntimeError, AssertionError)):
                call(t, t.nn.MultiheadAttention(8, 2), *[t.tensor(a) for a in arrays])

    refused(lambda t, m, x: m(x, x[0], x[0]), (4, 2, 8))
    refused(lambda t, m, x: m(x, x, x), (8,))
    refused(lambda t, m, x: m(x, x, x), (4, 2, 6))
    refused(lambda t, m, x, y: m(x, y, y), (4, 2, 8), (4, 3, 8))
    refused(lambda t, m, x, y: m(x, x, y), (4, 2, 8), (5, 2, 8))
    refused(lambda t, m, x: m(x, x, x, attn_mask=t.zeros(3, 4)), (4, 2, 8))
    refused(lambda t, m, x: m(x, x, x, attn_mask=t.zeros(3, 4, 4)), (4, 2, 8))
    refused(lambda t, m, x: m(x, x, x, attn_mask=t.zeros(4)), (4, 2, 8))
    refused(lambda t, m, x: m(x, x, x, attn_mask=t.zeros(4, 4, dtype=t.int64)), (4, 2, 8))
    refused(lambda t, m, x: m(x, x, x, t.zeros(4)), (4, 2, 8))
    refused(lambda t, m, x: m(x, x, x, t.zeros(2, 5)), (4, 2, 8))
    refused(lambda t, m, x: m(x, x, x, is_causal=True), (4, 2, 8))


@pytest.mark.parametrize("seed", range(60))
def test_random_arguments(seed):
    choice = random.Random(seed)
    batch = tuple(choice.randint(1, 3) for _ in range(choice.randint(0, 2)))
    rows, columns, width, depth = (choice.randint(1, 6) for _ in range(4))
    causal, scale = choice.random() < 0.4, choice.choice([None, 0.5])
    mask = None
    if not causal and choice.random() < 0.6:
        full = (*batch, rows, columns)
        mask = tuple(choice.choice([1, n]) for n in full[choice.randint(0, len(batch)) :])
    numbers = None if mask is None else RNG.standard_normal(mask).astype(np.float32)
    if numbers is not None and choice.random() < 0.5:
        numbers = numbers > 0

    def run(t, q, k, v):
        given = None if numbers is None else t.tensor(numbers)
        return F(t).scaled_dot_product_attention(q, k, v, given, is_causal=causal, scale=scale)

    close(run, (*batch, rows, width), (*batch, columns, width), (*batch, columns, depth))
