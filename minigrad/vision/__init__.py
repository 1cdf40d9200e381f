"""What programs use of torchvision that needs no download: the digits, and transforms of pictures."""

from minigrad.vision import datasets, transforms, utils

__all__ = ["datasets", "transforms", "utils"]
