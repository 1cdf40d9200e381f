"""Transformers: masks, copies, errors, printing, without PyTorch."""

import numpy as np
import pytest

import minigrad
from minigrad import nn, no_grad, ones, randn, tensor


@pytest.fixture(autouse=True)
def seeded():
    minigrad.manual_seed(0)


def test_a_causal_encoder_does_not_look_ahead():
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True, norm_first=True), 2).eval()
    mask = nn.Transformer.generate_square_subsequent_mask(5)
    x = randn(1, 5, 8)
    before = encoder(x, mask)
    with no_grad():
        x[:, 3:] = 0.5
    after = encoder(x, mask)
    np.testing.assert_array_equal(before[:, :3].detach().numpy(), after[:, :3].detach().numpy())
    assert not before[:, 3:].equal(after[:, 3:])


@pytest.mark.parametrize("told", [None, True, False])
def test_a_causal_mask_is_recognised(told):
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8), 1).eval()
    mask, x = nn.Transformer.generate_square_subsequent_mask(3), randn(3, 2, 4)
    plain = encoder(x, mask, is_causal=False)
    np.testing.assert_allclose(
        encoder(x, mask, is_causal=told).detach().numpy(), plain.detach().numpy(), rtol=1e-5, atol=1e-6
    )
    other = encoder(x, minigrad.zeros(3, 3), is_causal=None)
    assert not other.equal(plain)
    assert encoder(x, tensor([[False, True, True], [False, False, True], [False, False, False]])).shape == x.shape


def test_padded_positions_are_zero_in_evaluation():
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 8, batch_first=True), 1)
    x, padding = randn(2, 3, 4), tensor([[False, False, True], [False, False, False]])
    learning = encoder.eval()(x, src_key_padding_mask=padding)
    assert learning[0, 2].abs().sum().item() > 0
    with no_grad():
        predicting = encoder(x, src_key_padding_mask=padding)
    assert predicting[0, 2].tolist() == [0.0] * 4
    np.testing.assert_allclose(predicting[1].numpy(), learning[1].detach().numpy(), rtol=1e-5, atol=1e-6)
    with no_grad():  # what is padded does not come last
        assert encoder(x, src_key_padding_mask=tensor([[True, False, False]] * 2))[0, 0].abs().sum().item() > 0


def test_layers_are_copies():
    decoder = nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, 8), 2, nn.LayerNorm(4))
    first, second = decoder.layers
    assert first.linear1.weight.equal(second.linear1.weight)
    decoder(randn(3, 1, 4), randn(2, 1, 4)).sum().backward()
    assert first.linear1.weight.grad is not second.linear1.weight.grad


def test_custom_parts():
    model = nn.Transformer(4, 2, 1, 1, 8, custom_encoder=Same(), custom_decoder=Same())
    x = ones(2, 1, 4)
    assert model(x, x) is x


class Same(nn.Module):
    def forward(self, x, *args, **kwargs):
        return x


@pytest.mark.parametrize("norm_first", [True, False])
def test_gradients(norm_first):
    layer = nn.TransformerDecoderLayer(4, 2, 3, 0.0, "gelu", norm_first=norm_first).double()
    x, memory = (randn(2, 1, 4, dtype="float64").requires_grad_() for _ in range(2))
    assert minigrad.testing.gradcheck(layer, (x, memory))


def test_errors():
    model = nn.Transformer(4, 2, 1, 1, 8)
    with pytest.raises(
        RuntimeError, match=r"batch number of src and tgt must be equal.*second, unless batch_first=True"
    ):
        model(ones(3, 2, 4), ones(3, 1, 4))
    with pytest.raises(RuntimeError, match="must be equal to d_model"):
        model(ones(3, 2, 5), ones(3, 2, 4))
    with pytest.raises(RuntimeError, match="relu/gelu, not swish"):
        nn.TransformerEncoderLayer(4, 2, activation="swish")


def test_printing():
    text = repr(nn.TransformerEncoderLayer(4, 2, 8))
    assert text.splitlines()[:4] == [
        "TransformerEncoderLayer(",
        "  (self_attn): MultiheadAttention(",
        "    (out_proj): NonDynamicallyQuantizableLinear(in_features=4, out_features=4, bias=True)",
        "  )",
    ]
    assert nn.Transformer.generate_square_subsequent_mask(2, dtype="float64").dtype == minigrad.float64
