"""Programs written for PyTorch, unchanged: `as_torch`, and the names that only they use."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest

import minigrad
from minigrad import backends, cuda, device, nn, ones, tensor
from minigrad.legacy import TensorType
from minigrad.vision import datasets, transforms
from minigrad.vision.utils import make_grid

PROGRAM = """
import sys
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader
from torch.optim.lr_scheduler import StepLR
from torch import Tensor
from torchvision import datasets, transforms

assert torch.nn is not None and nn.functional is not None
print(sys.argv[1:], torch.ones(2, dtype=torch.float64), torch.ones(2).shape, isinstance(torch.ones(1), Tensor))
data = datasets.MNIST("x", train=False, download=True, transform=transforms.ToTensor())
images, labels = next(iter(DataLoader(data, batch_size=4)))
print(images.shape, labels)
print(F.relu(torch.log(torch.zeros(1))))
"""


def test_a_program_runs_unchanged(tmp_path):
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    command = [sys.executable, "-W", "error", "-m", "minigrad.as_torch", str(path), "--epochs", "3"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "['--epochs', '3'] tensor([1., 1.], dtype=torch.float64) torch.Size([2]) True",
        "torch.Size([4, 1, 28, 28]) tensor([7, 2, 1, 0])",
        "tensor([0.])",
    ]


def test_usage():
    done = subprocess.run([sys.executable, "-m", "minigrad.as_torch"], capture_output=True, text=True, check=False)
    assert done.stderr.startswith("usage: python -m minigrad.as_torch program.py")
    assert done.returncode == 1


def test_what_was_imported_before_is_put_back():
    before = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "torch"}
    with minigrad.as_torch():
        import torch
        import torch.nn.functional

        assert torch.nn.functional.relu is nn.functional.relu
        assert repr(torch.float32) == "torch.float32"
        assert "zeros" in dir(torch)
    assert {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "torch"} == before
    assert repr(minigrad.float32) == "minigrad.float32"


def test_a_missing_name_fails_with_the_nearest():
    with minigrad.as_torch():
        import torch

        with pytest.raises(AttributeError, match=r"minigrad has no torch.zeroes: the nearest are zeros"):
            torch.zeroes
        with pytest.raises(AttributeError, match=r"minigrad has no torch.nn.Lineer: the nearest are Linear"):
            torch.nn.Lineer
        with pytest.raises(ModuleNotFoundError, match=r"minigrad has no module torch.optimm: the nearest are optim"):
            import torch.optimm
        with pytest.raises(ModuleNotFoundError, match=r"minigrad has no module torch.distributed"):
            import torch.distributed.rpc


IMPORTS = """
import torch
import torch.backends.cudnn as cudnn
import torch.utils.data as data
from torch import Tensor, autocast, nn, optim
from torch.amp import GradScaler
from torch.cuda.amp import autocast as old_autocast
from torch.nn import functional as F
from torch.random import fork_rng
from torch.utils.checkpoint import checkpoint
from torch.utils.data.dataloader import DataLoader, default_collate
from torch.utils.data.dataset import Dataset
from torch.utils.data.sampler import SubsetRandomSampler
from torch.utils.dlpack import from_dlpack

cudnn.benchmark = True
torch.backends.cudnn.deterministic = True
assert cudnn.benchmark and not torch.backends.mps.is_available()
model = torch.compile(nn.Linear(2, 1))
assert type(model) is nn.Linear

@torch.compile(mode="reduce-overhead")
def double(x):
    return 2 * x

@torch.jit.script
def triple(x: Tensor) -> Tensor:
    return 3 * x

class Own(Dataset):
    def __len__(self):
        return 5
    def __getitem__(self, i):
        return torch.tensor(float(i))

if __name__ == "__main__":
    print(double(torch.ones(1)), triple(torch.ones(1)), repr(torch.strided))
    print([batch for batch in DataLoader(Own(), batch_size=2, num_workers=2)])
    print(torch.__version__ >= "1.0", int(torch.__version__.split(".")[0]), torch.version.cuda)
    torch.zeroes(3)
"""


def test_imports_of_every_kind(tmp_path):
    path = tmp_path / "program.py"
    path.write_text(IMPORTS)
    command = [sys.executable, "-W", "error", "-m", "minigrad.as_torch", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == [
        "tensor([2.]) tensor([3.]) torch.strided",
        "[tensor([0., 1.]), tensor([2., 3.]), tensor([4.])]",
        "True 2 None",
    ]
    lines = done.stderr.splitlines()
    assert lines[-1].startswith("AttributeError: minigrad has no torch.zeroes: the nearest are zeros")
    assert any("torch.zeroes(3)" in line for line in lines)


def test_what_is_left_out_says_why():
    with minigrad.as_torch():
        import torch

        with pytest.raises(AttributeError, match=r"minigrad has no torch.bfloat16: NumPy has no bfloat16: use float32"):
            torch.bfloat16
        with pytest.raises(ModuleNotFoundError, match=r"no module torch.distributed: it computes in one process"):
            import torch.distributed
        with pytest.raises(
            AttributeError, match=r"no torch.hub: it downloads nothing: read weights from a safetensors"
        ):
            torch.hub.load("x", "y")
        with pytest.raises((ImportError, AttributeError), match=r"torchvision.models.*no ready-made networks"):
            __import__("torchvision.models")


def test_devices():
    assert device("cpu") == device(device("cpu")) != device("cuda", 1)
    assert (str(device("cuda:1")), repr(device(1)), str(device("cpu"))) == (
        "cuda:1", "device(type='cuda', index=1)", "cpu"
    )  # fmt: skip
    assert copy.deepcopy(device("cpu")) == pickle.loads(pickle.dumps(device("cpu"))) == ones(1).device
    assert len({device("cpu"), minigrad.get_default_device()}) == 1
    minigrad.set_default_device("cpu")
    with device("cpu"):
        pass
    for name in ("gpu", "cuda:x"):
        with pytest.raises(RuntimeError, match=r"no such device: use 'cpu'"):
            device(name)
    with pytest.raises(RuntimeError, match=r"minigrad computes on the CPU only"):
        minigrad.set_default_device("cuda")


def test_there_is_no_cuda():
    assert not (cuda.is_available())
    assert not (cuda.device_count())
    assert not (cuda.memory_allocated())
    assert not (cuda.max_memory_allocated())
    for nothing in (cuda.empty_cache, cuda.synchronize, lambda: cuda.manual_seed(1), lambda: cuda.manual_seed_all(1)):
        nothing()
    for ask in (cuda.current_device, cuda.get_device_name):
        with pytest.raises(RuntimeError, match=r"CPU only; ask cuda.is_available\(\) first"):
            ask()
    backends.cudnn.benchmark = True
    assert not backends.mps.is_available()
    assert not backends.mps.is_built()


def test_types_as_classes():
    x = minigrad.FloatTensor([1, 2])
    assert (x.dtype, x.tolist(), minigrad.LongTensor(2, 3).shape) == (minigrad.float32, [1, 2], (2, 3))
    assert isinstance(x, minigrad.FloatTensor)
    assert not isinstance(x, minigrad.LongTensor)
    assert x.type() == str(minigrad.FloatTensor) == "minigrad.FloatTensor"
    assert repr(minigrad.FloatTensor) == "<class 'minigrad.FloatTensor'>"
    names = "DoubleTensor HalfTensor LongTensor IntTensor ShortTensor CharTensor ByteTensor BoolTensor"
    for name in names.split():
        kind = getattr(minigrad, name)
        assert isinstance(kind, TensorType)
        assert x.type(kind).dtype is x.type(f"torch.{name}").dtype is kind().dtype
        assert isinstance(x.type(kind), kind)
    minigrad.set_default_tensor_type(minigrad.DoubleTensor)
    assert minigrad.zeros(1).dtype is minigrad.float64
    minigrad.set_default_tensor_type("torch.FloatTensor")
    assert minigrad.zeros(1).dtype is minigrad.float32


def test_what_a_tensor_says_of_itself():
    x = tensor([1.0, 2.0])
    assert not (x.is_cuda)
    assert not (x.is_sparse)
    assert not (x.is_quantized)
    assert x.to_dense() is x.pin_memory() is x.share_memory_() is x
    assert (x.element_size(), x.itemsize, x.nbytes) == (4, 4, 8)
    assert x[1:].data_ptr() == x.data_ptr() + 4
    kinds = {"half": "float16", "short": "int16", "char": "int8", "byte": "uint8"}
    assert {name: getattr(x, name)().dtype.name for name in kinds} == kinds
    assert x.new([3.0]).tolist() == [3]
    assert x.new(2, 3).shape == (2, 3)
    with pytest.raises(NotImplementedError, match=r"minigrad has no storages; x.numpy\(\) is the memory"):
        x.storage()
    with pytest.raises(NotImplementedError, match=r"minigrad has no storages"):
        x.untyped_storage()
    y = x.requires_grad_()
    assert y.numpy(force=True).tolist() == [1, 2]


def test_pictures():
    digits = datasets.MNIST(train=False)
    image, label = digits[0]
    assert (image.size, label) == ((28, 28), 7)
    chain = transforms.Compose([
        transforms.Resize(32), transforms.CenterCrop(28), transforms.Grayscale(), transforms.ToTensor(),
        transforms.Normalize((0.5,), (0.5,)), transforms.Lambda(lambda x: x * 2),
    ])  # fmt: skip
    x = chain(image)
    assert x.shape == (1, 28, 28)
    assert x.min().item() == -2
    assert "Normalize(mean=(0.5,), std=(0.5,))" in repr(chain)
    minigrad.manual_seed(0)
    for moved in (transforms.RandomCrop(28, padding=4), transforms.RandomHorizontalFlip(1.0), transforms.Pad(0)):
        assert moved(image).size == (28, 28)
        assert moved(x).shape == (1, 28, 28)
    assert transforms.ToPILImage()(x.clamp(0, 1)).size == (28, 28)
    assert np.array_equal(transforms.RandomHorizontalFlip(1.0)(image), np.asarray(image)[:, ::-1])
    assert transforms.Resize((10, 20))(image).size == (20, 10)
    assert make_grid(ones(5, 1, 4, 4), nrow=2).shape == (3, 20, 14)
    assert make_grid([ones(3, 4, 4)] * 2, normalize=True).max().item() <= 1
    with pytest.raises(TypeError, match=r"put ToTensor\(\) before it"):
        transforms.Normalize(0.5, 0.5)(image)
    with pytest.raises(TypeError, match=r"Resize takes a PIL picture: put it before ToTensor\(\)"):
        transforms.Resize(3)(x)
    with pytest.raises(minigrad.ShapeError, match=r"a picture has shape \(H, W\)"):
        transforms.ToTensor()(np.zeros(3))
    with pytest.raises(NotImplementedError, match=r"torchvision.datasets.CIFAR10: minigrad ships MNIST only"):
        datasets.CIFAR10
