"""The MNIST database of handwritten digits (Y. LeCun, C. Cortes and C. J. C. Burges): its files are in this folder."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from minigrad.datasets.idx import IDXError, read_idx
from minigrad.tensor import Tensor, wrap
from minigrad.utils.data import Dataset

FOLDER = Path(__file__).parent
SHA256 = {
    "train-images-idx3-ubyte.gz": "0b367032e93c5d0cea0925647cfdb18614af8ee15f83e6f2fc2ad904a6835971",
    "train-labels-idx1-ubyte.gz": "1787548bbe0bff1ec2ecdc0ef292b02df999e2d1a6002d27500982c652b17203",
    "t10k-images-idx3-ubyte.gz": "1a1a05eab793c14bb050b398624a11b0ffd1a2953baed553b1b9bd079e2a20be",
    "t10k-labels-idx1-ubyte.gz": "b91679a0acfe4ba0e50a2437a903084cba1f5f92592b016a25a7dfd00455798b",
}


class MNIST(Dataset[tuple[Any, Any]]):
    """Handwritten digits: 60,000 to learn from (`train=True`) or 10,000 others to test on, with what they show.

    Item i is `(image, label)`: a uint8 tensor (28, 28), ink from 0 to 255, in memory of its own, and an int from 0 to 9.
    `transform` is called with the image and `target_transform` with the label; what they return takes their place.
    torchvision makes a PIL image of the tensor first: here Pillow is not needed, and a transform gets the tensor.

    `data` is the whole as a uint8 tensor (N, 28, 28), `targets` as an int64 tensor (N,). They are read from the
    package's own files when the dataset is made, and belong to it alone. Nothing is ever downloaded: `root` and
    `download` are accepted for programs written for torchvision, and have no effect.

    Raises FileNotFoundError if the package was installed without its data.

    >>> digits = MNIST(train=False)
    >>> image, label = digits[0]
    >>> len(digits), image.shape, image.dtype, label
    (10000, minigrad.Size([28, 28]), minigrad.uint8, 7)
    """

    classes = (
        "0 - zero", "1 - one", "2 - two", "3 - three", "4 - four",
        "5 - five", "6 - six", "7 - seven", "8 - eight", "9 - nine",
    )  # fmt: skip

    def __init__(
        self,
        root: str | os.PathLike[str] | None = None,
        train: bool = True,
        transform: Callable[[Tensor], Any] | None = None,
        target_transform: Callable[[int], Any] | None = None,
        download: bool = False,
    ) -> None:
        self.root, self.train = root, train
        self.transform, self.target_transform = transform, target_transform
        name = "train" if train else "t10k"
        self.data = wrap(read_idx(_shipped(f"{name}-images-idx3-ubyte.gz")))
        self.targets = wrap(read_idx(_shipped(f"{name}-labels-idx1-ubyte.gz")).astype(np.int64))

    def __getitem__(self, index: Any) -> tuple[Any, Any]:
        image, label = self.data[index].clone(), int(self.targets[index])
        return (
            image if self.transform is None else self.transform(image),
            label if self.target_transform is None else self.target_transform(label),
        )

    def __len__(self) -> int:
        return len(self.data)

    def _columns(self) -> list[Tensor] | None:
        """The tensors whose i-th rows make item i, for a loader that takes many at once; None if there are none."""
        plain = self.transform is None and self.target_transform is None
        return [self.data, self.targets] if plain and self.targets.array.dtype == np.int64 else None

    def __repr__(self) -> str:
        body = [f"Number of datapoints: {len(self)}", f"Split: {'Train' if self.train else 'Test'}"]
        transforms = {"Transform: ": self.transform, "Target transform: ": self.target_transform}
        given = [
            head + repr(function).replace("\n", "\n" + " " * len(head))
            for head, function in transforms.items()
            if function is not None
        ]
        if given:
            body.append("\n".join(["StandardTransform", *given]))
        return "\n    ".join([f"Dataset {type(self).__name__}", *body])

    @staticmethod
    def verify() -> None:
        """Check the package's own files against their checksums.

        Raises FileNotFoundError for a missing file, IDXError for one with another content.
        """
        import hashlib

        for name, expected in SHA256.items():
            if hashlib.sha256(_shipped(name).read_bytes()).hexdigest() != expected:
                raise IDXError(f"{FOLDER / name} is not the file that minigrad ships: install minigrad again")


def _shipped(name: str) -> Path:
    """The path of a file of the package."""
    path = FOLDER / name
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: this minigrad was installed without its data, and nothing is downloaded: install the full "
            "package, or read files of your own with minigrad.datasets.read_idx"
        )
    return path
