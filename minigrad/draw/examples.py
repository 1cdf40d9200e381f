"""Graphs worth a look, from one neuron to a language model; `python -m minigrad.draw` draws them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import minigrad
from minigrad import nn
from minigrad.draw import draw
from minigrad.draw.watch import trace
from minigrad.ops.loss import squared_error
from minigrad.tensor import Tensor

if TYPE_CHECKING:
    from minigrad.draw.picture import Picture


def neuron(theme: str = "auto") -> Picture:
    """tanh(w1·x1 + w2·x2 + b), after backward(): every number is there to check by hand.

    The numbers are those of A. Karpathy, "The spelled-out intro to neural networks and backpropagation", 2022.
    """
    x1, x2 = minigrad.tensor(2.0), minigrad.tensor(0.0)
    w1 = minigrad.tensor(-3.0, requires_grad=True)
    w2 = minigrad.tensor(1.0, requires_grad=True)
    b = minigrad.tensor(6.8813735870195432, requires_grad=True)
    output = (w1 * x1 + w2 * x2 + b).tanh()
    output.backward()
    names = {"x1": x1, "x2": x2, "w1": w1, "w2": w2, "b": b, "output": output}
    return draw(output, names=names, theme=theme)


def shared(theme: str = "auto") -> Picture:
    """a·b + a, where `a` is used twice: its gradient is the sum of what comes back along both arrows."""
    a, b = minigrad.tensor(2.0, requires_grad=True), minigrad.tensor(-3.0, requires_grad=True)
    c = a * b + a
    c.backward()
    return draw(c, names={"a": a, "b": b, "c": c}, theme=theme)


def layer(theme: str = "auto") -> Picture:
    """A layer of two neurons on three examples: matrices, a transposed view, and a bias that is used for every example."""
    x = minigrad.tensor([[1.0, 2.0], [0.0, -1.0], [3.0, 1.0]])
    weight = minigrad.tensor([[0.5, -1.0], [1.0, 0.0]], requires_grad=True)
    bias = minigrad.tensor([0.1, -0.2], requires_grad=True)
    target = minigrad.tensor([[-1.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
    loss = nn.functional.mse_loss((x @ weight.T + bias).tanh(), target)
    loss.backward(retain_graph=True)
    names = {"x": x, "weight": weight, "bias": bias, "target": target, "loss": loss}
    return draw(loss, names=names, direction="TB", theme=theme)


class DigitNetwork(nn.Module):
    """784 pixels, two layers of 16 neurons, ten outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.last = nn.Linear(784, 16), nn.Linear(16, 16), nn.Linear(16, 10)

    def forward(self, images: Tensor) -> Tensor:
        """The ten outputs of each image."""
        return self.last(self.second(self.first(images).sigmoid()).sigmoid()).sigmoid()  # type: ignore[no-any-return]


def training_step(theme: str = "auto") -> Picture:
    """The cost of the untrained digit network on ten digits, after backward(), before the weights move."""
    from minigrad.datasets import MNIST

    minigrad.manual_seed(0)
    model, data = DigitNetwork(), MNIST(train=True)
    images = data.data[:10].float().flatten(1) / 255
    wanted = nn.functional.one_hot(data.targets[:10], 10).float()
    with trace(model) as seen:
        cost = squared_error(model(images), wanted, 1 / 10, "cost")
        cost.backward()
    names = {"images": images, "wanted": wanted, "cost": cost}
    return draw(cost, names=names, trace=seen, direction="TB", theme=theme)


class Attention(nn.Module):
    """Each place of a text looks at those before it. Source: A. Vaswani et al., Attention Is All You Need, 2017."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """(N, places, width) to the same."""
        n, places, width = x.shape
        q, k, v = (part.reshape(n, places, self.heads, -1).transpose(1, 2) for part in self.qkv(x).split(width, 2))
        y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(y.transpose(1, 2).reshape(n, places, width))  # type: ignore[no-any-return]


class Block(nn.Module):
    """Attention and two layers, each added to what came in."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.attention, self.norm2 = nn.LayerNorm(width), Attention(width, heads), nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        """(N, places, width) to the same."""
        x = x + self.attention(self.norm1(x))
        return x + self.mlp(self.norm2(x))  # type: ignore[no-any-return]


class GPT(nn.Module):
    """A language model in small. Source: A. Radford et al., Improving Language Understanding by Generative Pre-Training,
    2018."""

    def __init__(self, symbols: int = 27, places: int = 16, width: int = 32, heads: int = 4, blocks: int = 12) -> None:
        super().__init__()
        self.symbols, self.places = nn.Embedding(symbols, width), nn.Embedding(places, width)
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(blocks)])
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, symbols, bias=False)

    def forward(self, text: Tensor) -> Tensor:
        """Texts (N, places) to scores for what follows at each place, (N, places, symbols)."""
        x = self.symbols(text) + self.places(minigrad.arange(text.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))  # type: ignore[no-any-return]


def gpt(theme: str = "auto") -> Picture:
    """A language model of twelve equal blocks, by modules: one block stands for all."""
    minigrad.manual_seed(0)
    model = GPT()
    text = minigrad.randint(0, 27, (4, 16))
    before, following = text[:, :-1], text[:, 1:].flatten()
    with trace(model) as seen:
        scores = model(before)
        loss = nn.functional.cross_entropy(scores.flatten(0, 1), following)
        loss.backward()
    return draw(
        loss, names={"text": before, "following": following, "loss": loss}, trace=seen, charts=False, depth=1,
        expand="Block", direction="TB", theme=theme,
    )  # fmt: skip


def failed(theme: str = "auto") -> Picture:
    """A network whose layers do not fit: how far it came, and where it stopped."""
    minigrad.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(2, 1))
    return draw(model, minigrad.rand(5, 4), theme=theme)


def second_order(theme: str = "auto") -> Picture:
    """The graph of a gradient: y = exp(x²), and what its backward pass recorded, so that it can be differentiated again."""
    x = minigrad.tensor(0.5, requires_grad=True)
    y = (x * x).exp()
    (slope,) = minigrad.autograd.grad(y, x, create_graph=True)
    assert slope is not None
    slope.backward()
    return draw(slope, names={"x": x, "y": y, "slope": slope}, theme=theme)


EXAMPLES: dict[str, Callable[..., Picture]] = {
    "neuron": neuron, "shared": shared, "layer": layer, "training_step": training_step, "gpt": gpt, "failed": failed,
    "second_order": second_order,
}  # fmt: skip
