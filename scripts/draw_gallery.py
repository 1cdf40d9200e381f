"""Train the digit network briefly and draw every picture of docs/gallery.md, in light and in dark.

    python scripts/draw_gallery.py                                    all, as PNG, into docs/images/gallery
    python scripts/draw_gallery.py strips nudges --out pictures       two of them, elsewhere
    python scripts/draw_gallery.py --format svg --out pictures        as SVG

The numbers are seeded: on one machine the same pictures come again. Needs `pip install "minigrad[mnist]"`, or
`make gallery`, which does it all.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # matrices this small are quickest on one thread; read when NumPy is imported

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

import minigrad
from minigrad import nn, optim, plot
from minigrad.datasets import MNIST
from models import digits

ROOT = Path(__file__).resolve().parent.parent
THEMES = ("light", "dark")
BATCH, EVERY = 10, 100  # weights and gradients are noted every hundred steps


class Run:
    """A short training of the digit network, and what was measured in it."""

    def __init__(self, epochs: int = 4, n: int = 60_000, points: int = 31) -> None:
        generator = minigrad.manual_seed(0)
        self.points = points  # along each side of a map of the cost
        self.model = digits.DigitClassifier()
        self.names = [name for name, p in self.model.named_parameters() if p.ndim > 1]
        training, self.unseen = MNIST(train=True), MNIST(train=False)
        images, labels = training.data.float().flatten(1)[:n] / 255, training.targets[:n]
        wanted = nn.functional.one_hot(labels, 10).float()
        self.some = images[:1000], wanted[:1000]  # what costs and gradients are measured on
        self.unseen_images = self.unseen.data.float().flatten(1) / 255
        self.costs: list[float] = []
        self.training: list[float] = []
        self.tests: list[float] = []
        self.path: list[Any] = []
        self.gradients: dict[str, list[Any]] = {name: [] for name in self.names}
        optimizer = optim.SGD(self.model.parameters(), 1.0)
        step = minigrad.compile(learning(self.model, optimizer))
        total = epochs * (n // BATCH)
        for _ in range(epochs):
            hits = 0
            for chosen in minigrad.randperm(n, generator=generator).reshape(-1, BATCH):
                if len(self.costs) % EVERY == 0:
                    self.note()
                for group in optimizer.param_groups:
                    group["lr"] = 1 - len(self.costs) / total
                cost, outputs = step(images[chosen], wanted[chosen])
                self.costs.append(cost.item())
                hits += int((outputs.array.argmax(1) == labels[chosen].array).sum())
            self.training.append(100 * hits / n)
            self.tests.append(100 * float((self.outputs().argmax(1) == self.unseen.targets.array).mean()))
        self.note()
        self.theta = self.path[-1]

    def note(self) -> None:
        """Keep the weights, and the gradient of the cost of a thousand digits."""
        self.path.append(nn.utils.parameters_to_vector(self.model.parameters()).detach().numpy().copy())
        for name, gradient in zip(self.names, self.gradient(*self.some)[::2], strict=True):
            self.gradients[name].append(gradient)

    def gradient(self, x: minigrad.Tensor, y: minigrad.Tensor) -> list[Any]:
        """Of the cost, one array for each parameter."""
        cost = digits.cost(self.model(x), y)
        return [g.numpy().copy() for g in minigrad.autograd.grad(cost, list(self.model.parameters()))]

    def outputs(self) -> Any:
        """What the network says about the unseen digits."""
        with minigrad.no_grad():
            return self.model(self.unseen_images).numpy()

    def hidden(self, x: minigrad.Tensor) -> list[Any]:
        """The activations of every layer after the input."""
        found = []
        with minigrad.no_grad():
            for layer in self.model.layers:
                x = layer(x)
                if not isinstance(layer, nn.Linear):
                    found.append(x.numpy())
        return found

    def cost(self, theta: Any) -> float:
        """The cost of a thousand training digits, as a function of all 13,002 numbers."""
        before = nn.utils.parameters_to_vector(self.model.parameters()).detach()
        nn.utils.vector_to_parameters(minigrad.from_numpy(theta), self.model.parameters())
        with minigrad.no_grad():
            cost = digits.cost(self.model(self.some[0]), self.some[1]).item()
        nn.utils.vector_to_parameters(before, self.model.parameters())
        return cost

    @property
    def table(self) -> Any:
        """How often each digit was read as which."""
        table = np.zeros((10, 10), int)
        np.add.at(table, (self.unseen.targets.numpy(), self.outputs().argmax(1)), 1)
        return table

    def digit(self, label: int) -> int:
        """The place of the first unseen digit of this kind."""
        return int((self.unseen.targets.numpy() == label).argmax())


def learning(model: nn.Module, optimizer: optim.Optimizer) -> Callable[..., Any]:
    """One step of gradient descent, as a function of a batch."""

    def learn(x: minigrad.Tensor, y: minigrad.Tensor) -> tuple[minigrad.Tensor, minigrad.Tensor]:
        outputs = model(x)
        cost = digits.cost(outputs, y)
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        return cost, outputs.detach()

    return learn


# ── the pictures, by their file names ────────────────────────────────────────────────────────────────────────────────


def learning_curves(run: Run, theme: str) -> Any:
    """Each step's cost, averaged."""
    return plot.learning_curves(run.costs, smoothing=0.998, per="step of ten digits", theme=theme)


def learning_curves_by_epoch(run: Run, theme: str) -> Any:
    """Training digits while it learns, unseen digits after each epoch."""
    return plot.learning_curves(
        run.training, run.tests, running=True, names=("training digits", "unseen digits"),
        quantity="read right", unit="%", theme=theme,
    )  # fmt: skip


def weight_images(run: Run, theme: str) -> Any:
    """The first layer."""
    return plot.weight_images(run.model.layers[0].weight, theme=theme)


def activations_of_one(run: Run, theme: str) -> Any:
    """The output layer, for a 4."""
    place = run.digit(4)
    return plot.activations(run.hidden(run.unseen_images[place : place + 1])[-1][0], theme=theme)


def activations_of_many(run: Run, theme: str) -> Any:
    """The first hidden layer, for all unseen digits."""
    return plot.activations(run.hidden(run.unseen_images)[0], theme=theme)


def gradient_distribution(run: Run, theme: str) -> Any:
    """Each layer, over the steps."""
    steps = EVERY * np.arange(len(run.path))
    gradients = {name: np.stack(values) for name, values in run.gradients.items()}
    return plot.gradient_distribution(gradients, steps=steps, per="step of ten digits", theme=theme)


def confusion(run: Run, theme: str) -> Any:
    """The unseen digits."""
    return plot.confusion(run.table, theme=theme)


def mistakes(run: Run, theme: str) -> Any:
    """The worst of them."""
    return plot.mistakes(run.unseen.data, run.unseen.targets, run.outputs(), theme=theme)


def some_digits(run: Run, theme: str) -> Any:
    """Ways to write a 3."""
    threes = run.unseen.data.numpy()[run.unseen.targets.numpy() == 3][:20]
    return plot.digits(threes, theme=theme)


def cost_slice(run: Run, theme: str) -> Any:
    """From the first weights to the last."""
    way = run.theta - run.path[0]
    line = plot.cost_line(run.cost, run.theta, way, reach=(-1.3, 0.7), n=2 * run.points - 1)
    seen = plot.path_in(run.path, run.theta, way)[:, 0]
    costs = [run.cost(theta) for theta in run.path[::4]]
    return plot.cost_slice(
        *line, path=np.stack([seen[::4], costs], 1), xlabel="along the line: the first weights at −1, the last at 0",
        theme=theme,
    )  # fmt: skip


def cost_surface(run: Run, theme: str) -> Any:
    """The plane in which the path varies most."""
    first, second, shares = plot.principal_directions(run.path)
    seen = plot.path_in(run.path, run.theta, first, second)
    low, high = seen.min(0), seen.max(0)
    margin = 0.3 * (high - low)
    (x0, y0), (x1, y1) = (low - margin).tolist(), (high + margin).tolist()
    grid = plot.cost_grid(run.cost, run.theta, first, second, reach=((x0, x1), (y0, y1)), n=run.points)
    return plot.cost_surface(*grid, path=seen, shares=shares, log=True, theme=theme)


def cost_surface_at_random(run: Run, theme: str) -> Any:
    """Two random directions, as long as each neuron's weights."""
    parameters = list(run.model.parameters())
    first, second = (plot.random_direction(parameters, seed) for seed in (0, 1))
    grid = plot.cost_grid(run.cost, run.theta, first, second, reach=1.0, n=run.points)
    return plot.cost_surface(*grid, path=[[0, 0]], theme=theme)


def strips(run: Run, theme: str) -> Any:
    """All 13,002 numbers."""
    return plot.strips(list(run.model.parameters()), run.gradient(*run.some), theme=theme)


def nudges(run: Run, theme: str) -> Any:
    """What one digit wants: the worst mistake on a 4."""
    place = run.digit(4)
    x = run.unseen_images[place : place + 1]
    wanted = nn.functional.one_hot(run.unseen.targets[place : place + 1], 10).float()
    return plot.nudges(
        run.gradient(x, wanted)[::2],
        image=run.unseen.data[place],
        activations=[a[0] for a in run.hidden(x)],
        theme=theme,
    )


PICTURES: dict[str, Callable[[Run, str], Any]] = {
    draw.__name__: draw
    for draw in (
        learning_curves, learning_curves_by_epoch, weight_images, some_digits, activations_of_one, activations_of_many,
        gradient_distribution, confusion, mistakes, cost_slice, cost_surface, cost_surface_at_random, strips, nudges,
    )
}  # fmt: skip


def write(figure: Any, path: Path) -> None:
    """Write a picture whole or not at all; a PNG with a palette, which is a third as large."""
    part = path.with_name(f".{path.name}")
    if path.suffix == ".svg":
        figure.savefig(part, format="svg", metadata={"Date": None})
    else:
        from PIL import Image

        figure.savefig(part, format="png", dpi=110)
        with Image.open(part) as picture:
            small = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
        small.save(part, format="png", optimize=True)
    part.replace(path)


def main(argv: list[str] | None = None) -> int:
    """Run the script; the exit code."""
    parser = argparse.ArgumentParser(prog="draw_gallery.py", description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("pictures", nargs="*", metavar="PICTURE", help=f"{', '.join(PICTURES)}; all if none is given")
    parser.add_argument("--out", type=Path, default=ROOT / "docs/images/gallery", metavar="FOLDER", help="where to")
    parser.add_argument("--format", choices=("png", "svg"), default="png")
    options = parser.parse_args(argv)
    unknown = [name for name in options.pictures if name not in PICTURES]
    if unknown:
        parser.error(f"there is no picture {unknown[0]!r}: choose from {', '.join(PICTURES)}")
    import matplotlib

    matplotlib.rcParams["svg.hashsalt"] = "minigrad"  # the same SVG every time
    options.out.mkdir(parents=True, exist_ok=True)
    run = Run()
    for name in options.pictures or PICTURES:
        for theme in THEMES:
            suffix = "" if theme == "light" else "-dark"
            path = options.out / f"{name}{suffix}.{options.format}"
            write(PICTURES[name](run, theme).figure, path)
        print(f"{name}: {path.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
