"""PyTorch and minigrad, from the same program: `t` is the one or the other.

minigrad is compiled as a whole step. torch.compile cannot hold a backward pass in a program: the loss is compiled, with its
backward pass, and the optimizer's step, as PyTorch's documentation advises.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.workloads import (
    DECAY,
    EPOCH_CHECKED,
    GPT,
    LEARNING_RATES,
    LSTM_UNITS,
    MOMENTUM,
    PENALTY,
    Case,
    Data,
    NotHere,
    Task,
    weights,
)


def build(way: str, case: Case, data: Data) -> Task:
    """A case, under `minigrad` or `torch`, `eager` or `compiled`."""
    name, mode = way.split()
    t = importlib.import_module(name)
    if case.letter == "f":
        return one_operation(t, case, data)
    if case.letter == "g":
        return chain(t, case)
    if case.letter == "i":
        return epoch(t, mode, case, data)
    x = [t.from_numpy(batch) for batch in data["x"]]
    y = [t.from_numpy(batch) for batch in data["y"]] if "y" in data else x
    step = training_step(t, mode, case.letter, data)
    return Task(lambda i: step(x[i % len(x)], y[i % len(y)]), read)


def read(loss: Any) -> float:
    """The number."""
    return float(loss.item())


def training_step(t: Any, mode: str, letter: str, data: Data) -> Callable[[Any, Any], Any]:
    """A step of gradient descent as one writes it for PyTorch."""
    model = load(t, letter, data)
    rate = LEARNING_RATES[letter]
    optimizer = {
        "a": lambda p: t.optim.SGD(p, rate),
        "b": lambda p: t.optim.Adam(p, rate),
        "c": lambda p: t.optim.SGD(p, rate, momentum=MOMENTUM),
        "d": lambda p: t.optim.AdamW(p, rate),
        "e": lambda p: t.optim.Adam(p, rate),
        "h": lambda p: t.optim.SGD(p, rate),
    }[letter](model.parameters())
    loss_of = LOSSES[letter]

    def loss(x: Any, y: Any) -> Any:
        return loss_of(t, model, x, y)

    update = optimizer.step
    if mode == "compiled" and t.__name__ == "torch":
        t._dynamo.reset()
        loss, update = t.compile(loss, dynamic=False), t.compile(update)

    def step(x: Any, y: Any) -> Any:
        cost = loss(x, y)
        optimizer.zero_grad()
        cost.backward()
        update()
        return cost

    if mode == "compiled" and t.__name__ == "minigrad":
        return compiled(step)
    return lambda x, y: step(x, y).detach()


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """`minigrad.compile(function)`."""
    compiler: Any = importlib.import_module("minigrad.compile")
    result: Callable[..., Any] = compiler(function)
    return result


def load(t: Any, letter: str, data: Data) -> Any:
    """A workload's model with its starting weights."""
    model = MODELS[letter](t)
    model.load_state_dict({name: t.from_numpy(array.copy()) for name, array in weights(data).items()})
    return model


# ── models ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def digit_network(t: Any) -> Any:
    """784-16-16-10, sigmoid throughout."""
    nn = t.nn
    return nn.Sequential(
        nn.Linear(784, 16), nn.Sigmoid(), nn.Linear(16, 16), nn.Sigmoid(), nn.Linear(16, 10), nn.Sigmoid()
    )


def mlp(t: Any) -> Any:
    """784-512-256-10, ReLU."""
    nn = t.nn
    return nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 10))


def lenet(t: Any) -> Any:
    """Two convolutions, two poolings, three layers: Y. LeCun et al., Proc. IEEE 86(11), 1998, with ReLU and max pooling."""
    nn = t.nn
    return nn.Sequential(
        nn.Conv2d(1, 6, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(256, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
    )  # fmt: skip


def transformer(t: Any) -> Any:
    """A GPT with normalization first: Radford et al., Language models are unsupervised multitask learners, 2019."""
    nn, functional = t.nn, t.nn.functional
    width, heads = GPT["width"], GPT["heads"]

    class Block(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
            self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

        def forward(self, x: Any) -> Any:
            n, length, _ = x.shape
            q, k, v = (
                part.reshape(n, length, heads, width // heads).transpose(1, 2)
                for part in self.qkv(self.norm1(x)).split(width, 2)
            )
            y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.out(y.transpose(1, 2).reshape(n, length, width))
            return x + self.down(functional.gelu(self.up(self.norm2(x)), approximate="tanh"))

    class Transformer(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.token = nn.Embedding(GPT["vocabulary"], width)
            self.place = nn.Embedding(GPT["context"], width)
            self.blocks = nn.Sequential(*(Block() for _ in range(GPT["layers"])))
            self.norm = nn.LayerNorm(width)
            self.head = nn.Linear(width, GPT["vocabulary"], bias=False)

        def forward(self, tokens: Any) -> Any:
            x = self.token(tokens) + self.place.weight
            return self.head(self.norm(self.blocks(x)))

    return Transformer()


def reader(t: Any) -> Any:
    """An LSTM that reads an image row by row, and a layer on what it ends with."""
    nn = t.nn

    class Reader(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(28, LSTM_UNITS, batch_first=True)
            self.head = nn.Linear(LSTM_UNITS, 10)

        def forward(self, rows: Any) -> Any:
            outputs, _ = self.lstm(rows)
            return self.head(outputs[:, -1])

    return Reader()


def critic(t: Any) -> Any:
    """784-128-1, tanh: smooth, so that its slope has a gradient everywhere."""
    nn = t.nn
    return nn.Sequential(nn.Linear(784, 128), nn.Tanh(), nn.Linear(128, 1))


MODELS: dict[str, Callable[[Any], Any]] = {
    "a": digit_network, "b": mlp, "c": lenet, "d": transformer, "e": reader, "h": critic, "i": digit_network,
}  # fmt: skip


# ── losses ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def squared(t: Any, model: Any, x: Any, y: Any) -> Any:
    """The lesson's cost: squares summed over the outputs, averaged over the digits."""
    return t.nn.functional.mse_loss(model(x), y, reduction="sum") / len(x)


def cross_entropy(t: Any, model: Any, x: Any, y: Any) -> Any:
    """Of scores and labels."""
    return t.nn.functional.cross_entropy(model(x), y)


def next_token(t: Any, model: Any, x: Any, y: Any) -> Any:
    """Cross-entropy of every token given those before it."""
    return t.nn.functional.cross_entropy(model(x).flatten(0, 1), y.flatten())


def penalty(t: Any, model: Any, x: Any, y: Any) -> Any:
    """The critic's mean, and how far its slope is from 1: Gulrajani et al., Improved training of Wasserstein GANs, 2017."""
    x = x.detach().requires_grad_()
    outputs = model(x)
    (slope,) = t.autograd.grad(outputs.sum(), x, create_graph=True)
    length = (slope * slope).sum(1).sqrt()
    return outputs.mean() + PENALTY * ((length - 1) ** 2).mean()


LOSSES: dict[str, Callable[[Any, Any, Any, Any], Any]] = {
    "a": squared, "b": cross_entropy, "c": cross_entropy, "d": next_token, "e": cross_entropy, "h": penalty,
}  # fmt: skip


# ── inference, for its memory ────────────────────────────────────────────────────────────────────────────────────────


def inference(way: str, case: Case, data: Data) -> Callable[[], Any]:
    """A function that runs the model on a batch, without gradients."""
    name, mode = way.split()
    t = importlib.import_module(name)
    model = load(t, case.letter, data)
    x = t.from_numpy(data["x"][0])
    if mode == "compiled":
        model = compiled(model) if name == "minigrad" else t.compile(model, dynamic=False)

    def run() -> Any:
        with t.no_grad():
            return model(x)

    return run


# ── (f) one operation, (g) a chain of them ───────────────────────────────────────────────────────────────────────────

REPEATED = 200  # operations per call, so that the call itself does not count


def one_operation(t: Any, case: Case, data: Data) -> Task:
    """An operation on tensors that want gradients, forward alone or there and back."""
    name, backward = case.size
    a, b = (t.from_numpy(array.copy()).requires_grad_() for array in data["x"])
    function: Callable[[], Any] = {
        "add": lambda: a + b,
        "mul": lambda: a * b,
        "matmul 2x2": lambda: a @ b,
        "sum": lambda: a.sum(),
        "index": lambda: a[0],
    }[name]
    ones = t.ones_like(function().detach())
    repeats = range(REPEATED)

    def forward_only(i: int) -> Any:
        for _ in repeats:
            out = function()
        return out

    def there_and_back(i: int) -> Any:
        for _ in repeats:
            a.grad = b.grad = None
            out = function()
            out.backward(ones)
        return out

    def first(n: int) -> list[float]:
        a.grad = b.grad = None
        out = function()
        values = [float(out.detach().sum())]
        if backward:
            out.backward(ones)
            values.append(float(a.grad.sum()))
        return values

    return Task(there_and_back if backward else forward_only, lambda out: 0.0, REPEATED, first)


def links(x: Any, n: int) -> Any:
    """A chain of n operations."""
    y = x
    for _ in range(n // 2):
        y = y * 0.999
        y = y + 0.001
    return y


def chain(t: Any, case: Case) -> Task:
    """n operations on one number, and the way back."""
    x = t.ones(1).requires_grad_()

    def step(i: int) -> Any:
        x.grad = None
        y = links(x, case.size)
        y.backward()
        return y.detach()

    return Task(step, read, case.size, lambda n: [read(step(0)), read(x.grad)])


def graph(way: str, case: Case) -> Callable[[int], Any]:
    """A function that makes so many chains and keeps them: the memory of a graph."""
    t = importlib.import_module(way.split()[0])
    x = t.ones(1).requires_grad_()
    return lambda copies: [links(x, case.size) for _ in range(copies)]


# ── (i) an epoch ─────────────────────────────────────────────────────────────────────────────────────────────────────


def epoch(t: Any, mode: str, case: Case, data: Data) -> Task:
    """An epoch of batches: in order, shuffled, or shuffled and trained on with running cost and accuracy."""
    images, rows, labels = (t.from_numpy(data[name]) for name in ("x", "y", "labels"))
    loading: Any = importlib.import_module(f"{t.__name__}.utils.data")
    size, count = 10, len(images)
    if mode == "slices":
        if case.size != "order":
            raise NotHere("slices of tensors come in order only")

        def sliced(i: int) -> float:
            total = 0
            for start in range(0, count, size):
                x, y = images[start : start + size], rows[start : start + size]
                total += len(x) + len(y)
            return float(total)

        return Task(sliced, first=lambda n: [sliced(0)])
    if case.size != "train":
        if mode == "compiled":
            raise NotHere("nothing to compile: batches only")
        loader = loading.DataLoader(
            loading.TensorDataset(images, rows), batch_size=size, shuffle=case.size == "shuffled"
        )

        def drawn(i: int) -> float:
            total = 0
            for x, y in loader:
                total += len(x) + len(y)
            return float(total)

        return Task(drawn, first=lambda n: [drawn(0)])

    model = load(t, "i", data)
    first, *others = model.parameters()
    optimizer = t.optim.SGD([{"params": [first], "weight_decay": DECAY}, {"params": others}], LEARNING_RATES["i"])
    update = optimizer.step

    def forward(x: Any, y: Any) -> tuple[Any, Any]:
        outputs = model(x)
        return t.nn.functional.mse_loss(outputs, y, reduction="sum") / len(x), outputs

    if mode == "compiled" and t.__name__ == "torch":
        forward, update = t.compile(forward, dynamic=False), t.compile(update)

    def learn(x: Any, y: Any) -> tuple[Any, Any]:
        cost, outputs = forward(x, y)
        optimizer.zero_grad()
        cost.backward()
        update()
        return cost, outputs.detach()

    if mode == "compiled" and t.__name__ == "minigrad":
        learn = compiled(learn)
    dataset = loading.TensorDataset(images, rows, labels)

    def train(loader: Any) -> float:
        total, hits, seen = 0.0, 0, 0
        for x, y, wanted in loader:
            cost, outputs = learn(x, y)
            total += cost.item() * len(x)
            hits += int((np.asarray(outputs).argmax(1) == np.asarray(wanted)).sum())
            seen += len(x)
        return total / seen

    def beginning(n: int) -> list[float]:
        part = loading.TensorDataset(*(tensor[:EPOCH_CHECKED] for tensor in (images, rows, labels)))
        return [train(loading.DataLoader(part, batch_size=size))]

    return Task(lambda i: train(loading.DataLoader(dataset, batch_size=size, shuffle=True)), first=beginning)
