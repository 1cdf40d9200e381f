"""`summary` beside PyTorch's own counts: parameters, and half of what FlopCounterMode finds."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad
import minigrad.nn

torch = pytest.importorskip("torch")
flop_counter = pytest.importorskip("torch.utils.flop_counter")


def pictures(t):
    nn = t.nn
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3, stride=2, groups=4),
        nn.ConvTranspose2d(8, 4, 2, stride=2), nn.GELU(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(16, 5),
    )  # fmt: skip


def transformer(t):
    layer = t.nn.TransformerEncoderLayer(16, 4, 32, dropout=0.0, batch_first=True)
    return t.nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)


def decoder(t):
    return t.nn.Transformer(16, 2, 1, 2, 24, 0.0, batch_first=True)


def products(t):
    class Products(t.nn.Module):
        def __init__(self):
            super().__init__()
            self.w = t.nn.Parameter(t.ones(4, 6))

        def forward(self, x):
            y = x @ self.w
            scores = t.einsum("nle,nse->nls", y, y)
            return t.nn.functional.conv1d(scores @ y, y[:, :, :2])

    return Products()


NETWORKS = {
    "pictures": (pictures, [(2, 3, 16, 16)]),
    "transformer": (transformer, [(2, 7, 16)]),
    "decoder": (decoder, [(2, 7, 16), (2, 5, 16)]),
    "linear": (lambda t: t.nn.Linear(3, 4), [(2, 5, 6, 3)]),
    "functions": (products, [(3, 6, 4)]),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_counts(name):
    make, sizes = NETWORKS[name]
    found = minigrad.summary(make(minigrad), [minigrad.zeros(*size) for size in sizes])
    model = make(
        torch
    ).train()  # in eval mode PyTorch has a layer's whole computation in one operation, which it does not count
    plain = torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH)  # and attention only as two products
    with plain, flop_counter.FlopCounterMode(display=False) as counter:
        model(*[torch.from_numpy(np.zeros(size, np.float32)) for size in sizes])
    assert found.total_params == sum(p.numel() for p in model.parameters())
    assert 2 * found.total_mult_adds == counter.get_total_flops()
