"""Safetensors files; tests/parity/test_serialization_parity.py has PyTorch read and write them."""

import builtins
import re
import sys

import numpy as np
import pytest

import minigrad
from minigrad import nn, ones, safetensors, tensor


@pytest.fixture(autouse=True)
def library():
    return pytest.importorskip("safetensors.numpy")


def test_what_is_saved_is_loaded(tmp_path, library):
    tensors = {
        "w": minigrad.rand(2, 3), "t": minigrad.rand(2, 3).T, "i": minigrad.arange(4), "b": tensor([True, False]),
        "h": ones(2, dtype=minigrad.float16), "e": minigrad.zeros(0, 3), "s": tensor(2.5, dtype=minigrad.float64),
    }  # fmt: skip
    path = tmp_path / "w.safetensors"
    safetensors.save_file(tensors, path, metadata={"format": "pt"})
    assert [file.name for file in tmp_path.iterdir()] == ["w.safetensors"]
    loaded = safetensors.load_file(path)
    assert set(loaded) == set(tensors)
    for name, value in tensors.items():
        assert (loaded[name].dtype, loaded[name].shape) == (value.dtype, value.shape)
        assert loaded[name].equal(value)
    loaded["w"] += 1  # memory of its own
    assert np.array_equal(library.load_file(path)["t"], tensors["t"].numpy())


def test_a_model(tmp_path):
    one, other = (nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)) for _ in range(2))
    safetensors.save_file(one.state_dict(), tmp_path / "w")
    other.load_state_dict(safetensors.load_file(tmp_path / "w"))
    assert all(a.equal(b) for a, b in zip(one.state_dict().values(), other.state_dict().values()))


def test_bfloat16_is_read_as_float32():
    header = b'{"w":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}'
    content = len(header).to_bytes(8, "little") + header + bytes([0xC0, 0x3F, 0x00, 0xC0])
    assert safetensors.load(content)["w"].tolist() == [1.5, -2]


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: safetensors.save({"epoch": 3}), TypeError, "safetensors holds tensors by name, not a int by 'epoch'"),
        (lambda: safetensors.save({1: ones(1)}), TypeError, "safetensors holds tensors by name, not a Tensor by 1"),
        (lambda: safetensors.load(b"hello"), ValueError, "the file is not a safetensors file, or it is damaged: "),
        (lambda: safetensors.load(b"\xff" * 100), ValueError, "the file is not a safetensors file, or it is damaged: "),
        (lambda: safetensors.load(safetensors.save({"w": ones(9)})[:-4]), ValueError, "the file is not a safetensors file"),
        (lambda: safetensors.load_file("nothing"), FileNotFoundError, "nothing"),
        (lambda: safetensors.load_file("nothing", "cuda"), RuntimeError, "minigrad computes on the CPU only"),
        (lambda: safetensors.load((54).to_bytes(8, "little") + b'{"w":{"dtype":"U16","shape":[0],"data_offsets":[0,0]}}'),
         TypeError, "w is of type U16, which minigrad does not have: it has F64, F32"),
    ],
)  # fmt: skip
def test_what_is_refused(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()


def test_without_the_package(monkeypatch):
    real = builtins.__import__

    def refuse(name, *args):
        if name.startswith("safetensors"):
            raise ImportError(name)
        return real(name, *args)

    for name in [name for name in sys.modules if name.startswith("safetensors")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ImportError, match=r"need the package of that name: pip install 'minigrad\[safetensors\]'"):
        safetensors.save({"w": ones(1)})
