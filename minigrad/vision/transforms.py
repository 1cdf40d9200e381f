"""Transforms of pictures: functions from a PIL picture, an array (H, W, C) or a tensor to another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.errors import ShapeError
from minigrad.random import rand, randint
from minigrad.tensor import Tensor, wrap

__all__ = [
    "CenterCrop", "Compose", "Grayscale", "Lambda", "Normalize", "Pad", "RandomCrop", "RandomHorizontalFlip", "Resize",
    "ToPILImage", "ToTensor",
]  # fmt: skip


def to_picture(image: Tensor) -> Any:
    """A uint8 tensor (H, W) as a PIL picture; itself where Pillow is not installed."""
    try:
        from PIL import Image
    except ImportError:
        return image
    return Image.fromarray(image.numpy())


def _pixels(image: Any) -> np.ndarray[Any, Any]:
    """The numbers of a picture, (H, W) or (H, W, C)."""
    return image.array if isinstance(image, Tensor) else np.asarray(image)


class _Named:
    """Printed as it was made."""

    def __repr__(self) -> str:
        inside = ", ".join(f"{name}={value}" for name, value in vars(self).items())
        return f"{type(self).__name__}({inside})"


class Compose:
    """One transform after another.

    >>> Compose([lambda x: x + 1, lambda x: x * 2])(1)
    4
    """

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self.transforms = transforms

    def __call__(self, image: Any) -> Any:
        """The picture, transformed."""
        for transform in self.transforms:
            image = transform(image)
        return image

    def __repr__(self) -> str:
        return "Compose(\n" + "".join(f"    {transform}\n" for transform in self.transforms) + ")"


class ToTensor:
    """A picture (H, W), or (H, W, C), as a tensor (C, H, W): bytes from 0 to 255 become float32 from 0 to 1.

    >>> import numpy
    >>> ToTensor()(numpy.full((1, 2), 255, numpy.uint8))
    tensor([[[1., 1.]]])
    """

    def __call__(self, image: Any) -> Tensor:
        """The picture, transformed."""
        pixels = _pixels(image)
        if pixels.ndim not in (2, 3):
            raise ShapeError(f"ToTensor: a picture has shape (H, W) or (H, W, C), not {pixels.shape}")
        pixels = pixels[:, :, None] if pixels.ndim == 2 else pixels
        planes = np.ascontiguousarray(np.moveaxis(pixels, 2, 0))
        if planes.dtype == np.uint8:
            return wrap(planes.astype(np.float32) / np.float32(255))
        return wrap(planes.astype(np.float32) if planes.dtype == bool else planes.copy())

    def __repr__(self) -> str:
        return "ToTensor()"


class Normalize(_Named):
    """(x - mean) / std for each of the C planes of a tensor (..., C, H, W). TypeError for what is no float tensor."""

    def __init__(self, mean: Any, std: Any, inplace: bool = False) -> None:
        self.mean, self.std = mean, std

    def __call__(self, image: Tensor) -> Tensor:
        """The picture, transformed."""
        if not (isinstance(image, Tensor) and image.is_floating_point()):
            raise TypeError("Normalize needs a tensor of floating-point numbers: put ToTensor() before it")
        mean, std = (
            image.new_tensor(np.reshape(np.asarray(numbers, np.float64), (-1, 1, 1)))
            for numbers in (self.mean, self.std)
        )
        return (image - mean) / std


class Lambda:
    """A function as a transform."""

    def __init__(self, lambd: Callable[[Any], Any]) -> None:
        self.lambd = lambd

    def __call__(self, image: Any) -> Any:
        """The picture, transformed."""
        return self.lambd(image)

    def __repr__(self) -> str:
        return "Lambda()"


class ToPILImage:
    """A tensor (C, H, W), floats from 0 to 1 or bytes, as a PIL picture. Needs Pillow."""

    def __call__(self, image: Any) -> Any:
        """The picture, transformed."""
        from PIL import Image

        pixels = _pixels(image)
        if isinstance(image, Tensor):
            if pixels.dtype.kind == "f":
                pixels = (pixels * 255).astype(np.uint8)
            pixels = np.moveaxis(pixels, 0, 2) if pixels.ndim == 3 else pixels
        return Image.fromarray(pixels[:, :, 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels)

    def __repr__(self) -> str:
        return "ToPILImage()"


class Resize(_Named):
    """A picture in another size, (height, width), or with its smaller side of one size. For PIL pictures."""

    def __init__(self, size: Any, interpolation: Any = None) -> None:
        self.size = size

    def __call__(self, image: Any) -> Any:
        """The picture, transformed."""
        if isinstance(image, Tensor):
            raise TypeError("Resize takes a PIL picture: put it before ToTensor(), or use nn.functional.interpolate")
        from PIL import Image

        width, height = image.size
        if isinstance(self.size, int):
            scale = self.size / min(width, height)
            wanted = (self.size, int(height * scale)) if width <= height else (int(width * scale), self.size)
        else:
            wanted = (self.size[1], self.size[0])
        return image.resize(wanted, Image.Resampling.BILINEAR)


class Grayscale(_Named):
    """A PIL picture without colours."""

    def __init__(self, num_output_channels: int = 1) -> None:
        self.num_output_channels = num_output_channels

    def __call__(self, image: Any) -> Any:
        """The picture, transformed."""
        grey = image.convert("L")
        return grey if self.num_output_channels == 1 else grey.convert("RGB")


def _pair(size: Any) -> tuple[int, int]:
    return (size, size) if isinstance(size, int) else (size[0], size[-1])


def _crop(image: Any, top: int, left: int, height: int, width: int) -> Any:
    """A part of a picture, of the kind it was."""
    if isinstance(image, Tensor):
        return image[..., top : top + height, left : left + width]
    return image.crop((left, top, left + width, top + height))


def _size_of(image: Any) -> tuple[int, int]:
    """Height and width."""
    return tuple(image.shape[-2:]) if isinstance(image, Tensor) else (image.size[1], image.size[0])


class CenterCrop(_Named):
    """The middle of a picture."""

    def __init__(self, size: Any) -> None:
        self.size = size

    def __call__(self, image: Any) -> Any:
        """The picture, transformed."""
        (height, width), (h, w) = _pair(self.size), _size_of(image)
        return _crop(image, round((h - height) / 2), round((w - width) / 2), height, width)


class Pad(_Named):
    """A frame around a picture: one width, or (left and right, top and bottom)."""

    def __init__(self, padding: Any, fill: int = 0) -> None:
        self.padding, self.fill = padding, fill

    def __call__(self, image: Any) -> Any:
        """The picture, transformed."""
        across, down = _pair(self.padding)
        if isinstance(image, Tensor):
            frame = [(0, 0)] * (image.ndim - 2) + [(down, down), (across, across)]
            return wrap(np.pad(image.array, frame, constant_values=self.fill))
        from PIL import ImageOps

        return ImageOps.expand(image, (across, down, across, down), fill=self.fill)


class RandomCrop(_Named):
    """A part of a picture, taken at random from the default generator, after padding."""

    def __init__(self, size: Any, padding: Any = None) -> None:
        self.size, self.padding = size, padding

    def __call__(self, image: Any) -> Any:
        """The picture, transformed."""
        image = image if self.padding is None else Pad(self.padding)(image)
        (height, width), (h, w) = _pair(self.size), _size_of(image)
        top, left = int(randint(0, h - height + 1, (1,)).item()), int(randint(0, w - width + 1, (1,)).item())
        return _crop(image, top, left, height, width)


class RandomHorizontalFlip(_Named):
    """Left and right exchanged, with probability `p`, drawn from the default generator."""

    def __init__(self, p: float = 0.5) -> None:
        self.p = p

    def __call__(self, image: Any) -> Any:
        """The picture, transformed."""
        if rand(1).item() >= self.p:
            return image
        if isinstance(image, Tensor):
            return image.flip(-1)
        from PIL import ImageOps

        return ImageOps.mirror(image)
