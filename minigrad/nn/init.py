"""Starting values, written into parameters in place, drawn from the default generator unless told otherwise.

Sources: X. Glorot and Y. Bengio, AISTATS 2010 (xavier); K. He et al., ICCV 2015 (kaiming).
"""

from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np

from minigrad.random import Generator, default_generator
from minigrad.tensor import Tensor


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Draw evenly from [a, b)."""
    kind = tensor.array.dtype.type
    low, high = kind(a), kind(b)
    numbers = (generator or default_generator).uniform(tensor.array.shape, tensor.array.dtype)
    return _fill_scaled(tensor, numbers, high - low, low)


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Draw from the normal distribution."""
    few = tensor.array.size < 16  # PyTorch makes these one by one, in float64
    kind = np.dtype(np.float64) if few else tensor.array.dtype
    numbers = (generator or default_generator).normal(tensor.array.shape, kind)
    return _fill_scaled(tensor, numbers, kind.type(std), kind.type(mean))


def constant_(tensor: Tensor, val: float) -> Tensor:
    """One value everywhere."""
    return _fill(tensor, np.asarray(val, tensor.array.dtype))


def zeros_(tensor: Tensor) -> Tensor:
    """Zeros."""
    return constant_(tensor, 0.0)


def ones_(tensor: Tensor) -> Tensor:
    """Ones."""
    return constant_(tensor, 1.0)


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform in ±gain·√(6 / (fan_in + fan_out))."""
    bound = gain * sqrt(6 / sum(_fans(tensor)))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal of standard deviation gain·√(2 / (fan_in + fan_out))."""
    return normal_(tensor, 0.0, gain * sqrt(2 / sum(_fans(tensor))), generator)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Uniform in ±gain·√(3 / fan)."""
    bound = sqrt(3) * calculate_gain(nonlinearity, a) / sqrt(_fan(tensor, mode))
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Normal of standard deviation gain / √fan."""
    return normal_(tensor, 0.0, calculate_gain(nonlinearity, a) / sqrt(_fan(tensor, mode)), generator)


def calculate_gain(nonlinearity: str, param: Any = None) -> float:
    """The factor that keeps the spread of activations behind a nonlinearity.

    ValueError for one it does not know.

    >>> from minigrad import nn
    >>> nn.init.calculate_gain("tanh")
    1.6666666666666667
    """
    slope = 0.01 if param is None else float(param)
    gains = {
        "linear": 1.0, "conv1d": 1.0, "conv2d": 1.0, "conv3d": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": sqrt(2),
        "leaky_relu": sqrt(2 / (1 + slope**2)), "selu": 3 / 4,
    }  # fmt: skip
    if nonlinearity not in gains:
        raise ValueError(f"calculate_gain: nonlinearity {nonlinearity!r}: use one of {', '.join(gains)}")
    return gains[nonlinearity]


def _fans(tensor: Tensor) -> tuple[int, int]:
    """How many inputs feed an output, and how many outputs an input feeds: (out, in, ...) as in Linear."""
    shape = tensor.array.shape
    if len(shape) < 2:
        raise ValueError(
            f"a tensor of shape {tuple(shape)} has no fan in and fan out: at least two dimensions are needed (use uniform_ "
            "or zeros_ for biases)"
        )
    field = int(np.prod(shape[2:]))
    return shape[1] * field, shape[0] * field


def _fan(tensor: Tensor, mode: str) -> int:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"mode {mode!r}: use 'fan_in' or 'fan_out'")
    return _fans(tensor)[mode == "fan_out"]


def _fill_scaled(tensor: Tensor, numbers: np.ndarray[Any, Any], scale: Any, shift: Any) -> Tensor:
    """numbers · scale + shift. In float64, so that float32 is rounded once: to the very numbers that PyTorch gets."""
    return _fill(tensor, numbers * np.float64(scale) + np.float64(shift))


def _fill(tensor: Tensor, values: np.ndarray[Any, Any]) -> Tensor:
    tensor._write(values, "init")
    return tensor
