"""The job of `scripts/mnist.py` as one writes it in PyTorch: the same digits, network, steps, tests, weights and pictures.

    PYTHONPATH=.:scripts python -m benchmarks.mnist_torch --epochs 3 --out runs/torch

The numbers are the same too: the same seed gives both the same starting weights and the same order of digits.
"""

from __future__ import annotations

import argparse
import gzip
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from tqdm import tqdm

matplotlib.use("agg")
from matplotlib import pyplot

FOLDER = Path(__file__).resolve().parents[2] / "minigrad" / "datasets" / "mnist"


def read(name: str, header: int) -> torch.Tensor:
    """The bytes of an IDX file behind its header."""
    with gzip.open(FOLDER / name) as file:
        return torch.from_numpy(np.frombuffer(file.read(), np.uint8, offset=header).copy())


def digits(kind: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Images as rows of 784 numbers from 0 to 1, and their labels."""
    images = read(f"{kind}-images-idx3-ubyte.gz", 16).reshape(-1, 784)
    return images.float() / 255, read(f"{kind}-labels-idx1-ubyte.gz", 8).long()


def main() -> None:
    """Train, test after each epoch, and draw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--epochs", type=int, default=60)
    parser.add_argument("--digits", type=int, default=60_000)
    parser.add_argument("--out", type=Path, default=Path("runs/torch"))
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(784, 16), nn.Sigmoid(), nn.Linear(16, 16), nn.Sigmoid(), nn.Linear(16, 10), nn.Sigmoid()
    )
    first, *others = model.parameters()
    optimizer = torch.optim.SGD([{"params": [first], "weight_decay": 2.5e-4}, {"params": others}], 1.0)
    images, labels = (part[: options.digits] for part in digits("train"))
    unseen_images, unseen_labels = digits("t10k")
    loader = DataLoader(
        TensorDataset(images, nn.functional.one_hot(labels, 10).float(), labels), batch_size=10, shuffle=True
    )
    steps = options.epochs * len(loader)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    training, unseen = [], []
    for epoch in range(options.epochs):
        total, hits = 0.0, 0
        with tqdm(total=len(loader), desc=f"epoch {epoch + 1}/{options.epochs}", leave=False) as bar:
            for i, (x, wanted, right) in enumerate(loader):
                outputs = model(x)
                cost = nn.functional.mse_loss(outputs, wanted, reduction="sum") / len(x)
                optimizer.zero_grad()
                cost.backward()
                optimizer.step()
                schedule.step()
                total += cost.item() * len(x)
                hits += int((outputs.detach().argmax(1) == right).sum())
                if (i + 1) % 200 == 0:
                    bar.update(200)
        guessed = guesses(model, unseen_images)
        training.append(100 * hits / len(images))
        unseen.append(100 * (guessed == unseen_labels).float().mean().item())
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, options.out / "weights.pt")
        print(
            f"epoch {epoch + 1:2d}/{options.epochs}   cost {total / len(images):.4f}   training digits {training[-1]:.2f} %"
            f"   unseen {unseen[-1]:.2f} %"
        )
    table = torch.zeros(10, 10, dtype=torch.long)
    table.index_put_((unseen_labels, guessed), torch.ones(len(guessed), dtype=torch.long), accumulate=True)
    print(table)
    draw(options.out, model, training, unseen, unseen_images, unseen_labels, guessed, table)


def guesses(model: nn.Module, images: torch.Tensor) -> torch.Tensor:
    """The digit each image is read as."""
    with torch.no_grad():
        guessed: torch.Tensor = model(images).argmax(1)
    return guessed


def draw(
    folder: Path,
    model: Any,
    training: list[float],
    unseen: list[float],
    images: Any,
    labels: Any,
    guessed: Any,
    table: Any,
) -> None:
    """The four pictures."""
    figure, axes = pyplot.subplots(layout="constrained", dpi=120)
    axes.plot(training, marker="o", label="training digits")
    axes.plot(unseen, marker="s", label="unseen digits")
    axes.legend()
    figure.savefig(folder / "learning_curve.png")

    figure, axes = pyplot.subplots(figsize=(8, 3), layout="constrained", dpi=120)
    weights = model[0].weight.detach().reshape(2, 8, 28, 28).transpose(1, 2).reshape(56, 224)
    axes.imshow(weights, cmap="RdBu")
    figure.savefig(folder / "first_layer.png")

    figure, axes = pyplot.subplots(figsize=(9, 7), layout="constrained", dpi=120)
    wrong = (guessed != labels).nonzero()[:60, 0]
    page = np.zeros((6 * 37, 10 * 32))
    for place, i in enumerate(wrong.tolist()):
        top, left = place // 10 * 37 + 9, place % 10 * 32 + 2
        page[top : top + 28, left : left + 28] = images[i].reshape(28, 28)
        axes.text(left + 14, top - 2, f"{labels[i]} read as {guessed[i]}", ha="center", fontsize=8)
    axes.imshow(page, cmap="Greys")
    figure.savefig(folder / "mistakes.png")

    figure, axes = pyplot.subplots(figsize=(5, 5), layout="constrained", dpi=120)
    axes.imshow(table - torch.diag(torch.diag(table)), cmap="Oranges")
    for i in range(10):
        for j in range(10):
            if table[i, j]:
                axes.text(j, i, str(int(table[i, j])), ha="center", va="center", fontsize=7)
    figure.savefig(folder / "confusion.png")


if __name__ == "__main__":
    main()
