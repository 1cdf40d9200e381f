"""Printing: random tensors under random options, the names of operations, and what Python's protocols give."""

from __future__ import annotations

import copy
import math

import numpy as np
import pytest

import minigrad
import minigrad.nn
from minigrad.dialect import dialect

torch = pytest.importorskip("torch")

SIZES, ODDS = [0, 1, 2, 3, 5, 8, 12, 40], [0.04, 0.16, 0.2, 0.2, 0.15, 0.1, 0.1, 0.05]


@pytest.fixture(autouse=True)
def under_one_name(monkeypatch):
    """Types print as `torch.float64` in both, with the default options before and after."""
    monkeypatch.setattr(dialect, "name", "torch")
    yield
    for t in (minigrad, torch):
        t.set_printoptions(profile="default")


def random_array(rng):
    """Numbers of any kind, size and magnitude, with infinities and NaN among them."""
    dims = int(rng.integers(0, 4))
    shape = tuple(int(n) for n in rng.choice(SIZES, dims, p=ODDS))
    if rng.random() < 0.1:
        shape = tuple(int(n) for n in rng.choice([7, 30, 1001], max(min(dims, 2), 1)))
    kind = int(rng.integers(0, 12))
    if kind == 0:
        return rng.integers(-5, 100, shape)
    if kind == 1:
        return np.asarray(rng.random(shape) < 0.5)
    if kind == 2:
        return np.asarray(rng.integers(0, 255, shape)).astype(np.uint8)
    if kind == 3:
        return np.asarray(rng.integers(-(10**9), 10**9, shape)).astype(rng.choice(["int32", "int64", "int16"]))
    if kind == 4:
        numbers = np.round(rng.standard_normal(shape) * rng.choice([1, 10, 1e5, 1e9]))
    else:
        numbers = rng.standard_normal(shape) * 10.0 ** rng.integers(-6, 7)
    if kind in (7, 8):
        numbers = numbers * 10.0 ** rng.integers(-4, 4, shape)
    with np.errstate(over="ignore"):
        numbers = np.array(numbers).astype(rng.choice(["float32", "float32", "float64", "float16"]))
    if kind in (4, 5, 9) and numbers.size:
        for _ in range(rng.integers(0, 4)):
            numbers.reshape(-1)[rng.integers(numbers.size)] = rng.choice([np.inf, -np.inf, np.nan, 0, -0.0, 1])
    return numbers


def random_options(rng):
    if rng.random() < 0.6:
        return {"profile": str(rng.choice(["default", "short", "full"]))}
    return {
        "precision": int(rng.integers(0, 8)), "sci_mode": [None, True, False][rng.integers(3)],
        "linewidth": int(rng.choice([20, 40, 80, 120, 200])), "edgeitems": int(rng.integers(1, 5)),
        "threshold": int(rng.choice([5, 50, 1000])),
    }  # fmt: skip


@pytest.mark.parametrize("seed", range(20))
def test_random_tensors(seed):
    rng = np.random.default_rng(seed)
    for _ in range(30):
        array, options = random_array(rng), random_options(rng)
        if options.get("profile") == "full" and array.size > 2000:
            continue
        graph = int(rng.integers(0, 3)) if array.dtype.kind == "f" else 0
        printed = []
        for t in (minigrad, torch):
            t.set_printoptions(profile="default")
            t.set_printoptions(**options)
            x = t.tensor(array).requires_grad_(graph > 0)
            with np.errstate(all="ignore"):
                printed.append(repr(x * 1 if graph == 2 else x))
            if graph == 1:
                printed[-1] += repr(t.nn.Parameter(x.detach()))
        assert printed[0] == printed[1], (options, array.dtype, array.shape)


NAMES = """x + 1|x - 1|x * 2|x / 2|x ** 2|x ** y|2 ** x|-x|1 - x|1 / x|x @ x.t()|x.sum()|x.sum(1)|x.mean()|x.mean(0)
x.exp()|x.log()|x.sqrt()|x.abs()|x.relu()|x.sigmoid()|x.tanh()|x.view(-1)|x.reshape(3, 2)|x.transpose(0, 1)
x.permute(1, 0)|x[0]|x[0, 1]|x[:, 1]|x[1:]|x[..., 0]|x[None]|x[[0, 1]]|x[t.tensor([0, 1])]|x[x > 0]|x[:, None]
x[0:2, 1:]|x.unsqueeze(0)|x.unsqueeze(0).squeeze(0)|x.flatten()|x.max()|x.max(1).values|x.min()|x.clone()
x.clamp(0, 1)|x.double()|x.expand(4, 2, 3)|t.cat([x, x])|t.stack([x, x])|x.softmax(1)|x.log_softmax(1)|x.cumsum(0)
t.where(x > 0, x, y)|t.maximum(x, y)|t.minimum(x, y)|x.masked_fill(x > 0, 0.0)|x.sin()|x.cos()|x.round()|x.floor()
x.sign()|x.square()|x.logsumexp(1)|t.mm(x, y.t())|t.bmm(x[None], y.t()[None])|x.t().contiguous()|x.log1p()|x.expm1()
x.narrow(0, 0, 1)|x.select(0, 0)|F.linear(x, y)|F.linear(x, y, b)|F.linear(x[None], y, b)|F.relu(x)|F.leaky_relu(x)
F.elu(x)|F.gelu(x)|F.silu(x)|F.softplus(x)|F.mse_loss(x, y)|F.l1_loss(x, y)|F.smooth_l1_loss(x, y)
F.cross_entropy(x, t.tensor([0, 1]))|F.nll_loss(x, t.tensor([0, 1]))|F.binary_cross_entropy_with_logits(x, y.detach())
F.embedding(t.tensor([0]), x)|F.conv2d(im, k)|F.conv_transpose2d(im, k)|F.max_pool2d(im, 2)|F.avg_pool2d(im, 2)
F.batch_norm(im, None, None, training=True)|F.layer_norm(x, (3,))|F.pad(x, (1, 1))|F.interpolate(im, scale_factor=2)
F.interpolate(im, scale_factor=2, mode='bilinear')|(x * 1).mul_(2)|(x * 1).add_(1)|(x * 1).copy_(y)|(x * 1).relu_()
x[:]"""


@pytest.mark.parametrize("call", NAMES.replace("\n", "|").split("|"))
def test_the_names_of_operations(call):
    names = []
    for t in (minigrad, torch):
        t.manual_seed(0)
        known = {"t": t, "F": t.nn.functional}
        known |= {
            "x": t.rand(2, 3),
            "y": t.rand(2, 3),
            "b": t.rand(2),
            "im": t.rand(1, 1, 4, 4),
            "k": t.rand(1, 1, 2, 2),
        }
        for value in list(known.values())[2:]:
            value.requires_grad_()
        names.append(repr(eval(call, known).grad_fn).partition(" ")[0].strip("<>"))
    assert names[0] == names[1]


PROTOCOLS = """float(t.tensor(2.5))|int(t.tensor(2.7))|bool(t.tensor(0.))|complex(t.tensor(1.5))
round(t.tensor(2.567), 2)|math.floor(t.tensor(2.5))|math.sqrt(t.tensor(4.))|abs(t.tensor(-2))|len(t.zeros(3, 2))
list(t.arange(3))|3 in t.arange(5)|t.tensor(3) in t.arange(3)|'a' in t.arange(3)|bool(t.tensor([1.]))
bool(t.tensor([1., 2.]))|bool(t.tensor([]))|float(t.zeros(2))|range(t.tensor(3))|[1, 2, 3][t.tensor(1)]
[1, 2, 3][t.tensor(1.)]|len(t.tensor(1))|iter(t.tensor(1))|f"{t.tensor(2.5):.2f}"|f"{t.tensor(3):d}"|f"{t.tensor(3)}"
f"{t.tensor([1.])}"|f"{t.tensor([1.]):.2f}"|f"{t.tensor(2.5):>8}"|"%.2f" % t.tensor(2.5)|"%d" % t.tensor(2)
"%s" % t.tensor([1.])|"{:.1f}".format(t.tensor(1.25, requires_grad=True))|t.tensor([1., 2.]).item()
t.zeros(2, 0).tolist()|np.asarray(t.ones(2))|np.array(t.ones(2), dtype=np.float64)|np.sin(t.ones(2))
np.float64(2) * t.ones(2)|t.ones(2) * np.ones(2)|np.mean(t.ones(2))|np.asarray(t.ones(2, requires_grad=True))
t.ones(2, requires_grad=True).numpy()|t.ones(2, requires_grad=True).numpy(force=True)|np.linalg.norm(t.ones(4))
np.stack([t.ones(2), t.ones(2)])|np.allclose(t.ones(2), 1)|t.ones(2).type()|t.ones(2).type(t.LongTensor)
t.ones(2).type('torch.DoubleTensor')|t.ones(2).to('cpu', t.float64)|t.ones(2).to(t.zeros(1).double())
t.ones(2).to(dtype=t.int32, device='cpu')|t.ones(2).to('cpu', t.int32, True, True)|t.ones(2).to('cuda')
t.ones(2).cuda()|t.ones(2, device='cuda')|t.tensor([1.], device='cuda')|t.randn(2, device='cuda')
t.zeros_like(t.ones(2), device='cuda')|t.arange(3, device='cuda:0')|t.as_tensor([1], device='cuda')
t.zeros(2, device='cpu')|t.ones(2).get_device()|str(t.device('cuda:0'))|t.device('cuda', 0)
copy.deepcopy(t.ones(2, requires_grad=True))|copy.deepcopy(t.ones(2, requires_grad=True) * 2)|t.ones(2) == None
t.ones(2) == 'a'|t.Size([1, 2]) + (3,)|t.Size([2, 3])[0:1]|sum([t.ones(2), t.ones(2)])|max(t.tensor([1, 3, 2]))
sorted(t.tensor([3, 1, 2]))|reversed(t.arange(3))|bin(t.tensor(5))|t.from_numpy(np.float32(2))|t.from_numpy([1])
t.as_tensor(np.ones(2))|t.tensor([t.tensor(1.), t.tensor(2.)])|divmod(t.tensor(7), 2)|t.tensor('a')|t.tensor(None)
t.tensor([1, [2]])|t.zeros(2).new_full((2,), 3)|t.ones(2).layout == t.strided|t.ones(2).is_meta
t.ones(2).to(memory_format=t.contiguous_format)|t.ones(2).__array_priority__|t.ones(2).is_pinned()
t.cuda.device_count()|t.accelerator.is_available()|t.backends.mps.is_available()|t.from_dlpack(np.arange(3))
np.from_dlpack(t.arange(3))|t.from_dlpack([1])|np.from_dlpack(t.ones(2, requires_grad=True))
t.ones(2).__dlpack_device__() == (1, 0)"""


def shown(x):
    """A result in words."""
    if isinstance(x, minigrad.Tensor | torch.Tensor):
        return f"{tuple(x.shape)} {x.dtype} {x.tolist()} {x.requires_grad}"
    if isinstance(x, list | tuple):
        return f"{type(x).__name__} {[shown(part) for part in x]}"
    return f"{type(x).__name__} {x}"


@pytest.mark.parametrize("call", PROTOCOLS.replace("\n", "|").split("|"))
@pytest.mark.filterwarnings("ignore")
def test_protocols(call):
    found = []
    for t in (minigrad, torch):
        try:
            found.append(shown(eval(call, {"t": t, "np": np, "math": math, "copy": copy})))
        except (RuntimeError, TypeError, ValueError, IndexError, AssertionError, BufferError):
            found.append("refused")
    assert found[0] == found[1]
