"""Transformers: parameters, values, gradients, masks, dropout, printing, against PyTorch."""

import itertools
import warnings

import numpy as np
import pytest
import torch
from agree import agree

import minigrad

RNG = np.random.default_rng(6)


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def close(call, *operands, **kwargs):
    agree(call, *operands, rtol=5e-4, atol=5e-5, **kwargs)


def with_gradients(t, module, *outputs):
    loss = sum(((i + 1) * out.sin()).sum() for i, out in enumerate(outputs))
    return [*outputs, *t.autograd.grad(loss, list(module.parameters()), retain_graph=True)]


def made(t, kind, *args, seed=1, **kwargs):
    t.manual_seed(seed)
    return getattr(t.nn, kind)(*args, **kwargs)


LAYERS = [
    {}, {"norm_first": True}, {"activation": "gelu"}, {"batch_first": True}, {"bias": False}, {"layer_norm_eps": 0.1},
    {"norm_first": True, "bias": False, "activation": "gelu", "batch_first": True}, {"dropout": 0.0},
]  # fmt: skip


@pytest.mark.parametrize("options", LAYERS)
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("batch", [(2,), ()])
def test_encoder_layers(options, training, batch):
    def run(t, x):
        layer = made(t, "TransformerEncoderLayer", 8, 2, 12, **options).train(training)
        x = x.transpose(0, 1) if options.get("batch_first") and batch else x
        t.manual_seed(2)
        return [*with_gradients(t, layer, layer(x)), t.rand(2)]

    close(run, (4, *batch, 8))


@pytest.mark.parametrize("options", LAYERS)
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("batch", [(2,), ()])
def test_decoder_layers(options, training, batch):
    def run(t, x, memory):
        layer = made(t, "TransformerDecoderLayer", 8, 2, 12, **options).train(training)
        if options.get("batch_first") and batch:
            x, memory = x.transpose(0, 1), memory.transpose(0, 1)
        t.manual_seed(2)
        return [*with_gradients(t, layer, layer(x, memory)), t.rand(2)]

    close(run, (4, *batch, 8), (5, *batch, 8))


@pytest.mark.parametrize("make", [
    lambda t: t.nn.functional.gelu, lambda t: t.nn.SiLU(), lambda t: t.tanh, lambda t: t.nn.ReLU(),
])  # fmt: skip
def test_activations(make):
    def run(t, x):
        layer = made(t, "TransformerEncoderLayer", 8, 2, 12, activation=make(t)).eval()
        return with_gradients(t, layer, layer(x))

    close(run, (4, 2, 8))


def test_other_activations_are_refused():
    for t in (torch, minigrad):
        with pytest.raises(RuntimeError, match="relu/gelu"):
            t.nn.TransformerEncoderLayer(8, 2, activation="tanh")


@pytest.mark.parametrize("mask", [None, "causal", "bool", "float"])
@pytest.mark.parametrize("padding", [None, "bool", "float", "left"])
@pytest.mark.parametrize("grad", [True, False])
@pytest.mark.parametrize("nested", [True, False])
def test_masked_encoders(mask, padding, grad, nested):
    if mask == "float" and not grad:
        return  # PyTorch's quick path for evaluation takes the numbers for booleans, and gives NaN
    numbers = RNG.standard_normal((4, 4)).astype(np.float32)
    hidden = numbers > 1
    np.fill_diagonal(hidden, False)
    hidden[:, 0] = False
    pads = np.array([[False, False, True, True], [False] * 4])
    if padding == "left":
        pads = np.array([[False, True, False, True], [False] * 4])
    if padding == "float":
        pads = np.where(pads, -np.inf, 0).astype(np.float32)

    def run(t, x):
        layer = made(t, "TransformerEncoderLayer", 8, 2, 12, batch_first=True)
        norm = t.nn.LayerNorm(8)
        encoder = t.nn.TransformerEncoder(layer, 2, norm, enable_nested_tensor=nested).train(grad)
        given = {
            None: None, "causal": t.nn.Transformer.generate_square_subsequent_mask(4), "bool": t.tensor(hidden),
            "float": t.tensor(numbers),
        }[mask]  # fmt: skip
        pad = None if padding is None else t.tensor(pads)
        t.manual_seed(4)
        with t.set_grad_enabled(grad):
            return [encoder(x, given, pad), encoder(x, mask=given, src_key_padding_mask=pad, is_causal=False)]

    close(run, (2, 4, 8), grad=grad)


@pytest.mark.parametrize("masks", list(itertools.product(["causal", "told", None], ["float", None], [True, False])))
def test_masked_decoders(masks):
    own, other, padded = masks
    numbers = RNG.standard_normal((4, 5)).astype(np.float32)

    def run(t, x, memory):
        decoder = t.nn.TransformerDecoder(made(t, "TransformerDecoderLayer", 8, 2, 12, 0.0), 2)
        options = {}
        if own:
            options["tgt_mask"] = t.nn.Transformer.generate_square_subsequent_mask(4)
        if own == "told":
            options["tgt_is_causal"] = True
        if other:
            options["memory_mask"] = t.tensor(numbers)
        if padded:
            pads = np.zeros((2, 5), bool)
            pads[0, 3:] = True
            options["memory_key_padding_mask"] = t.tensor(pads)
            options["tgt_key_padding_mask"] = t.tensor(pads[:, :4])
        return with_gradients(t, decoder, decoder(x, memory, **options))

    close(run, (4, 2, 8), (5, 2, 8))


@pytest.mark.parametrize("options", [{}, {"batch_first": True}, {"norm_first": True, "bias": False, "dropout": 0.3}])
def test_transformers(options):
    def run(t, x, y):
        model = made(t, "Transformer", 8, 2, 2, 2, 12, **options)
        if options.get("batch_first"):
            x, y = x.transpose(0, 1), y.transpose(0, 1)
        t.manual_seed(5)
        causal = model.generate_square_subsequent_mask(4)
        return [*with_gradients(t, model, model(x, y, tgt_mask=causal)), t.rand(2), model.eval()(x, y)]

    close(run, (5, 2, 8), (4, 2, 8))


@pytest.mark.parametrize(("kind", "args"), [
    ("Transformer", (8, 2, 1, 2, 12)), ("TransformerEncoderLayer", (8, 2, 12)), ("TransformerDecoderLayer", (8, 2)),
    ("TransformerEncoderLayer", (8, 4, 12, 0.2, "gelu", 1e-4, True, True, False)),
])  # fmt: skip
def test_parameters_and_printing(kind, args):
    ours, theirs = made(minigrad, kind, *args), made(torch, kind, *args)
    assert repr(ours) == repr(theirs)
    for (name, p), (other, q) in zip(ours.state_dict().items(), theirs.state_dict().items(), strict=True):
        assert name == other
        np.testing.assert_allclose(p.numpy(), q.numpy(), rtol=1e-5, atol=1e-7)
    encoders = [t.nn.TransformerEncoder(made(t, "TransformerEncoderLayer", 8, 2), 2) for t in (minigrad, torch)]
    assert repr(encoders[0]) == repr(encoders[1])


def test_masks():
    agree(lambda t: t.nn.Transformer.generate_square_subsequent_mask(4))
    agree(lambda t: t.nn.Transformer.generate_square_subsequent_mask(2, dtype=t.float64))
    agree(lambda t: t.nn.Transformer.generate_square_subsequent_mask(0))


def test_refused_alike():
    for t in (torch, minigrad):
        model = t.nn.Transformer(8, 2, 1, 1, 12)
        for src, tgt in [((4, 2, 8), (4, 3, 8)), ((4, 2, 6), (4, 2, 8)), ((4, 2, 8), (4, 2, 6))]:
            with pytest.raises(RuntimeError):
                model(t.ones(*src), t.ones(*tgt))


def test_training_a_translation():
    """Ten steps of Adam: the losses agree to the digits that are printed."""
    losses = {}
    for t in (torch, minigrad):
        t.manual_seed(7)
        model = t.nn.Transformer(16, 2, 1, 1, 32, dropout=0.1, batch_first=True)
        embed, out = t.nn.Embedding(9, 16), t.nn.Linear(16, 9)
        parameters = [*model.parameters(), *embed.parameters(), *out.parameters()]
        optimizer = t.optim.Adam(parameters, lr=0.01)
        for _ in range(10):
            words = t.randint(0, 9, (4, 6))
            causal = model.generate_square_subsequent_mask(5)
            logits = out(model(embed(words), embed(words[:, :-1]), tgt_mask=causal))
            loss = t.nn.functional.cross_entropy(logits.reshape(-1, 9), words[:, 1:].reshape(-1))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.setdefault(t.__name__, []).append(loss.item())
    np.testing.assert_allclose(losses["minigrad"], losses["torch"], rtol=1e-4)
