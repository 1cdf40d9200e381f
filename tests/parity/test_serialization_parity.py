"""Weights that go to PyTorch and come back, in safetensors files; what PyTorch's own files meet with."""

from __future__ import annotations

import numpy as np
import pytest

import minigrad
import minigrad.nn
from minigrad import safetensors

torch = pytest.importorskip("torch")
library = pytest.importorskip("safetensors.torch")


def digits(t):
    """The digit network, 13,002 numbers."""
    nn = t.nn
    return nn.Sequential(
        nn.Linear(784, 16), nn.Sigmoid(), nn.Linear(16, 16), nn.Sigmoid(), nn.Linear(16, 10), nn.Sigmoid()
    )


def pictures(t):
    """A small network of convolutions."""
    nn = t.nn
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 8, 3, stride=2), nn.GELU(),
        nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(32, 5),
    )  # fmt: skip


def transformer(t):
    """Embeddings, two blocks of attention, a projection."""

    class Small(t.nn.Module):
        def __init__(self):
            super().__init__()
            nn = t.nn
            self.words, self.places = nn.Embedding(11, 16), nn.Parameter(t.zeros(1, 7, 16))
            layer = nn.TransformerEncoderLayer(16, 4, 32, dropout=0.0, batch_first=True)
            self.blocks, self.norm = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), nn.LayerNorm(16)
            self.head = nn.Linear(16, 11, bias=False)

        def forward(self, x):
            return self.head(self.norm(self.blocks(self.words(x) + self.places[:, : x.shape[1]])))

    return Small()


RNG = np.random.default_rng(0)
NETWORKS = {
    "digits": (digits, RNG.random((5, 784)).astype(np.float32)),
    "pictures": (pictures, RNG.standard_normal((3, 1, 16, 16)).astype(np.float32)),
    "transformer": (transformer, RNG.integers(0, 11, (2, 7))),
}


def trained(t, make, x):
    """A network after a few steps, so that its buffers have moved too."""
    t.manual_seed(1)
    model = make(t)
    optimizer = t.optim.SGD(model.parameters(), lr=0.05)
    for _ in range(3):
        optimizer.zero_grad()
        (model(t.tensor(x)) ** 2).mean().backward()
        optimizer.step()
    return model.eval()


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", NETWORKS)
def test_weights_go_there_and_back(name, tmp_path):
    make, x = NETWORKS[name]
    ours, theirs = trained(minigrad, make, x), make(torch).eval()
    with minigrad.no_grad():
        expected = ours(minigrad.tensor(x)).numpy()
    safetensors.save_file(ours.state_dict(), tmp_path / "there.safetensors", {"format": "pt"})
    result = theirs.load_state_dict(library.load_file(tmp_path / "there.safetensors"))
    assert str(result) == "<All keys matched successfully>"
    with torch.no_grad():
        np.testing.assert_allclose(theirs(torch.tensor(x)).numpy(), expected, rtol=1e-4, atol=1e-5)
    library.save_file(theirs.state_dict(), tmp_path / "back.safetensors")
    again = make(minigrad).eval()
    result = again.load_state_dict(safetensors.load_file(tmp_path / "back.safetensors"))
    assert repr(result) == "<All keys matched successfully>"
    with minigrad.no_grad():
        assert np.array_equal(again(minigrad.tensor(x)).numpy(), expected)
    for key, value in ours.state_dict().items():
        assert np.array_equal(again.state_dict()[key].numpy(), value.numpy()), key


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", NETWORKS)
def test_weights_trained_by_pytorch_run_here(name):
    make, x = NETWORKS[name]
    theirs, ours = trained(torch, make, x), make(minigrad).eval()
    ours.load_state_dict(safetensors.load(library.save(theirs.state_dict())))
    with torch.no_grad(), minigrad.no_grad():
        np.testing.assert_allclose(
            ours(minigrad.tensor(x)).numpy(), theirs(torch.tensor(x)).numpy(), rtol=1e-4, atol=1e-5
        )


TYPES = ["float32", "float64", "float16", "int64", "int32", "int16", "int8", "uint8", "bool"]


@pytest.mark.parametrize("shape", [(), (0, 3), (2, 3), (1,)])
def test_every_type_and_shape(shape):
    arrays = {kind: np.asarray(RNG.integers(0, 2, shape)).astype(kind) for kind in TYPES}
    there = library.load(safetensors.save({kind: minigrad.tensor(array) for kind, array in arrays.items()}))
    back = safetensors.load(library.save(there))
    for kind, array in arrays.items():
        assert there[kind].numpy().dtype == back[kind].numpy().dtype == array.dtype
        assert there[kind].numpy().tolist() == back[kind].numpy().tolist() == array.tolist()
        assert back[kind].shape == shape


def test_bfloat16_is_read_as_float32():
    numbers = torch.randn(50).bfloat16()
    found = safetensors.load(library.save({"w": numbers}))["w"]
    assert found.dtype is minigrad.float32
    assert found.tolist() == numbers.float().tolist()


def test_numbers_that_minigrad_lacks():
    with pytest.raises(TypeError, match=r"w is of type F8_E4M3, which minigrad does not have: it has F64"):
        safetensors.load(library.save({"w": torch.zeros(2, dtype=torch.float8_e4m3fn)}))


@pytest.mark.parametrize("options", [{}, {"_use_new_zipfile_serialization": False}], ids=["zip", "legacy"])
def test_pytorchs_own_files_are_refused_with_a_way_out(options, tmp_path):
    torch.save({"w": torch.ones(2)}, tmp_path / "w.pt", **options)
    with pytest.raises(ValueError, match=r"w.pt is not a file.*PyTorch's own, a pickle.*safetensors.torch.save_file"):
        minigrad.load(tmp_path / "w.pt")


def checkpoint(t, path):
    """What a training program keeps, and how it goes on with it."""
    t.manual_seed(0)
    model = t.nn.Linear(3, 1)
    optimizer = t.optim.Adam(model.parameters(), lr=0.1)
    scheduler = t.optim.lr_scheduler.StepLR(optimizer, 2, 0.5)

    def step():
        optimizer.zero_grad()
        loss = (model(t.randn(4, 3)) ** 2).mean()
        loss.backward()
        optimizer.step()
        scheduler.step()
        return loss.item()

    losses = [step() for _ in range(3)]
    kept = {
        "epoch": 3, "model": model.state_dict(), "optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict(),
        "rng": t.get_rng_state(), "losses": losses, "args": {"lr": 0.1, "names": ("a", None)}, "best": np.float64(0.5).item(),
    }  # fmt: skip
    t.save(kept, path)
    ahead = [step() for _ in range(3)]
    loaded = t.load(path, map_location="cpu", weights_only=False)
    model.load_state_dict(loaded["model"])
    optimizer.load_state_dict(loaded["optimizer"])
    scheduler.load_state_dict(loaded["scheduler"])
    t.set_rng_state(loaded["rng"])
    assert loaded["args"] == kept["args"]
    assert [step() for _ in range(3)] == ahead
    return losses + ahead


def test_checkpoints(tmp_path):
    found = [checkpoint(t, tmp_path / t.__name__) for t in (minigrad, torch)]
    assert found[0] == pytest.approx(found[1], rel=1e-4)
