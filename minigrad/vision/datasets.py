"""Data sets under torchvision's names. MNIST is shipped; others would have to be downloaded, which minigrad never does."""

from __future__ import annotations

from typing import Any

from minigrad import datasets
from minigrad.vision.transforms import to_picture

__all__ = ["MNIST"]


class MNIST(datasets.MNIST):
    """`minigrad.datasets.MNIST`, whose images are PIL pictures where Pillow is installed, as torchvision's are.

    A transform is given the tensor (28, 28) of uint8 where Pillow is not installed: those of `minigrad.vision` take both.

    >>> from minigrad.vision import transforms
    >>> image, label = MNIST("data", train=False, transform=transforms.ToTensor())[0]
    >>> image.shape, label
    (minigrad.Size([1, 28, 28]), 7)
    """

    def __getitem__(self, index: Any) -> tuple[Any, Any]:
        image, label = to_picture(self.data[index].clone()), int(self.targets[index])
        return (
            image if self.transform is None else self.transform(image),
            label if self.target_transform is None else self.target_transform(label),
        )

    def _columns(self) -> None:
        """None: items are made one by one."""


def __getattr__(name: str) -> Any:
    """NotImplementedError for every data set that is not shipped."""
    if not name[:1].isupper():
        raise AttributeError(f"module 'minigrad.vision.datasets' has no attribute {name!r}")
    raise NotImplementedError(f"torchvision.datasets.{name}: minigrad ships MNIST only and downloads nothing")
