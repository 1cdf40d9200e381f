"""The digit classifier of the lesson "How neural networks learn": 784 pixels, two hidden layers of 16, ten outputs.

784·16 + 16 + 16·16 + 16 + 16·10 + 10 = 13,002 weights and biases
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import minigrad
from minigrad import nn
from minigrad.ops.loss import squared_error

if TYPE_CHECKING:
    from PIL.Image import Image

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {"sigmoid": nn.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU}


class DigitClassifier(nn.Module):
    """Images (N, 784) or (N, 28, 28), brightness from 0 to 1, to ten numbers (N, 10), the largest of which is the answer.

    `sizes` are the layers' widths; an activation follows every layer, the last one too unless `scores`, which leaves raw
    scores for cross-entropy.

    >>> sum(p.numel() for p in DigitClassifier().parameters())
    13002
    """

    def __init__(
        self, sizes: Sequence[int] = (784, 16, 16, 10), activation: str = "sigmoid", scores: bool = False
    ) -> None:
        super().__init__()
        if activation not in ACTIVATIONS:
            raise ValueError(f"DigitClassifier: activation {activation!r}: use one of {', '.join(ACTIVATIONS)}")
        self.sizes, self.activation, self.scores = tuple(sizes), activation, scores
        layers: list[nn.Module] = []
        for inputs, outputs in pairwise(sizes):
            layers += [nn.Linear(inputs, outputs), ACTIVATIONS[activation]()]
        self.layers = nn.Sequential(*(layers[:-1] if scores else layers))

    def forward(self, images: minigrad.Tensor) -> minigrad.Tensor:
        """The ten outputs."""
        return self.layers(images if images.ndim == 2 else images.flatten(1))


def cost(outputs: minigrad.Tensor, wanted: minigrad.Tensor) -> minigrad.Tensor:
    """The lesson's cost: Σ (output - wanted)² over the ten outputs, averaged over the digits; (N, 10), or (10) for one.

    ShapeError if the shapes differ.

    >>> cost(minigrad.tensor([[0.5, 0.5]]), minigrad.tensor([[0.0, 1.0]]))
    tensor(0.5000)
    """
    return squared_error(outputs, wanted, 1 / len(outputs) if outputs.ndim > 1 else 1.0, "cost")


def save(model: DigitClassifier, path: str | Path) -> None:
    """Write a classifier to a file: its shape and its weights."""
    minigrad.save(describe(model), path)


def describe(model: DigitClassifier) -> dict[str, object]:
    """A classifier as data: what `restore` makes it from again."""
    return {
        "sizes": list(model.sizes),
        "activation": model.activation,
        "scores": model.scores,
        "model": model.state_dict(),
    }


def restore(data: dict[str, object]) -> DigitClassifier:
    """The classifier that `describe` described. ValueError if the data is something else."""
    try:
        model = DigitClassifier(data["sizes"], data["activation"], data["scores"])  # type: ignore[arg-type]
        model.load_state_dict(data["model"])  # type: ignore[arg-type]
    except (KeyError, TypeError, RuntimeError) as error:
        raise ValueError(f"this is no saved digit classifier: {error!r}") from error
    return model


def load(path: str | Path) -> DigitClassifier:
    """The classifier in a file that `save`, or a training run, wrote."""
    return restore(minigrad.load(path))


TRAINED = Path(__file__).with_name("digits.npz")


def trained() -> DigitClassifier:
    """The classifier with the weights that `python scripts/mnist.py` finds with its defaults."""
    return load(TRAINED)


def from_picture(picture: Image) -> np.ndarray[Any, Any]:
    """A picture of one digit as MNIST would show it: light on dark, in a box of 20 pixels, centred by mass in 28.

    `picture` is a Pillow image of any size, dark on light or light on dark; a picture of 28 by 28 that is light on dark
    is taken as it is. Returns float32 (28, 28), from 0 to 1. ValueError if it is blank.

    Source: Y. LeCun et al., Gradient-based learning applied to document recognition, Proc. IEEE 86(11), 1998, III.A.
    """
    if picture.mode in ("RGBA", "LA", "P"):
        from PIL import Image as pillow  # noqa: N813

        rgba = picture.convert("RGBA")
        picture = pillow.alpha_composite(pillow.new("RGBA", rgba.size, "white"), rgba)
    pixels = np.asarray(picture.convert("L"), np.float32) / 255
    paper = np.median(np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]))
    lighter, darker = pixels.max() - paper, paper - pixels.min()
    if max(lighter, darker) < 0.1:
        raise ValueError("it is blank")
    if lighter >= darker and pixels.shape == (28, 28):
        return pixels
    pixels = (pixels - paper) / (lighter if lighter >= darker else -darker)
    pixels = np.where(pixels > 0.15, pixels, 0)  # paper is never quite even
    rows, columns = pixels.any(1).nonzero()[0], pixels.any(0).nonzero()[0]
    ink = pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = 20 / max(ink.shape)
    size = [max(1, round(n * scale)) for n in ink.shape]
    small = np.asarray(_resized(ink, size[1], size[0]), np.float32)
    mass = small.sum()
    top, left = (
        int(np.clip(round(13.5 - float((small.sum(1 - axis) * np.arange(n)).sum() / mass)), 0, 28 - n))
        for axis, n in enumerate(small.shape)
    )
    out = np.zeros((28, 28), np.float32)
    out[top : top + small.shape[0], left : left + small.shape[1]] = np.clip(small, 0, 1)
    return out


def _resized(pixels: np.ndarray[Any, Any], width: int, height: int) -> Image:
    from PIL import Image as pillow  # noqa: N813

    return pillow.fromarray(pixels).resize((width, height), pillow.Resampling.LANCZOS)
