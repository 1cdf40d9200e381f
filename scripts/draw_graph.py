"""Draw two graphs as their operations recorded them: a neuron, and one training step of the digit network.

    python scripts/draw_graph.py                           both, as SVG and PNG, into runs/graphs
    python scripts/draw_graph.py --out docs/images         into another folder
    python scripts/draw_graph.py --format svg              as SVG only

Needs `pip install "minigrad[draw]"`, or an installed Graphviz.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import minigrad
from minigrad import nn
from minigrad.datasets import MNIST
from models import digits

if TYPE_CHECKING:
    from minigrad.draw.picture import Picture


def neuron() -> Picture:
    """tanh(w1·x1 + w2·x2 + b), after backward(): every number is there to check by hand.

    The numbers are those of A. Karpathy, "The spelled-out intro to neural networks and backpropagation", 2022.
    """
    x1, x2 = minigrad.tensor(2.0), minigrad.tensor(0.0)
    w1 = minigrad.tensor(-3.0, requires_grad=True)
    w2 = minigrad.tensor(1.0, requires_grad=True)
    b = minigrad.tensor(6.8813735870195432, requires_grad=True)
    output = (w1 * x1 + w2 * x2 + b).tanh()
    output.backward()
    return minigrad.draw(output, names={"x1": x1, "x2": x2, "w1": w1, "w2": w2, "b": b, "output": output})


def training_step() -> Picture:
    """The cost of the untrained 784-16-16-10 network on ten digits, after backward(), before the weights move."""
    minigrad.manual_seed(0)
    model = digits.DigitClassifier()
    data = MNIST(train=True)
    images = data.data[:10].float().flatten(1) / 255
    wanted = nn.functional.one_hot(data.targets[:10], 10).float()
    cost = digits.cost(model(images), wanted)
    cost.backward(retain_graph=True)  # without it, what the hidden layers computed would be let go
    names = {"images": images, "wanted": wanted, "cost": cost, **dict(model.named_parameters())}
    return minigrad.draw(cost, names=names, direction="TB")


def write(picture: Picture, path: Path) -> None:
    """Lay out a picture and write it to a file, in the format that the file's ending says."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_bytes(picture.pipe(path.suffix[1:]))
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def main(argv: list[str] | None = None) -> int:
    """Run the script; the exit code."""
    parser = argparse.ArgumentParser(
        prog="draw_graph.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path("runs/graphs"), metavar="FOLDER", help="where to write")
    parser.add_argument("--format", choices=("svg", "png"), help="one format instead of both")
    options = parser.parse_args(argv)
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        for name, picture in (("neuron", neuron()), ("training_step", training_step())):
            for ending in [options.format] if options.format else ["svg", "png"]:
                path = options.out / f"{name}.{ending}"
                write(picture, path)
                print(path)
    except (OSError, RuntimeError) as error:  # a folder that cannot be written to, no program to lay out a picture
        print(f"draw_graph.py: error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
