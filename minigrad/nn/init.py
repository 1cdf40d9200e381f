"""Starting values, written into parameters in place, drawn from the default generator unless told otherwise.

The numbers for a seed are PyTorch's. Names without the underscore at the end are the old ones, and warn.

Sources: X. Glorot and Y. Bengio, AISTATS 2010 (xavier); K. He et al., ICCV 2015 (kaiming); A. Saxe et al., ICLR 2014
(orthogonal); J. Martens, ICML 2010 (sparse).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from math import ceil, erf, sqrt
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


def eye_(tensor: Tensor) -> Tensor:
    """The identity: ones where row and column have one number, zeros elsewhere. ValueError unless it is a matrix."""
    if tensor.array.ndim != 2:
        raise ValueError(f"eye_: a tensor of shape {tuple(tensor.array.shape)}: it must have two dimensions")
    return _fill(tensor, np.eye(*tensor.array.shape, dtype=tensor.array.dtype))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """The kernels (out, in, ...) of a convolution that keeps as many channels as it can, in each group of outputs.

    ValueError unless there are 3 to 5 dimensions, and the outputs can be divided into the groups.
    """
    shape = tensor.array.shape
    if len(shape) not in (3, 4, 5):
        raise ValueError(f"dirac_: a tensor of shape {tuple(shape)}: it must have 3, 4 or 5 dimensions, (out, in, ...)")
    if shape[0] % groups:
        raise ValueError(f"dirac_: {shape[0]} outputs cannot be divided into {groups} groups")
    each = shape[0] // groups
    channels = np.arange(min(each, shape[1]))
    values = np.zeros(shape, tensor.array.dtype)
    for group in range(groups):
        values[(group * each + channels, channels, *(n // 2 for n in shape[2:]))] = 1
    return _fill(tensor, values)


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """Draw from the normal distribution, again wherever a number is outside [a, b].

    Where that would be too often, numbers are drawn evenly from [a, b] and kept as often as the density asks for.
    """
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "trunc_normal_: mean is more than 2 std from [a, b]: the distribution of values may be incorrect",
            stacklevel=2,
        )
    share = (erf((b - mean) / std / sqrt(2)) - erf((a - mean) / std / sqrt(2))) / 2
    kind = tensor.array.dtype.type

    def fresh() -> Tensor:
        return tensor._wrap(np.empty(tensor.array.shape, tensor.array.dtype))

    if share > 0.3:
        values = normal_(fresh(), mean, std, generator).array
        while (outside := (values < kind(a)) | (values > kind(b))).any():
            values = np.where(outside, normal_(fresh(), mean, std, generator).array, values)
        return _fill(tensor, values)
    peak = -0.5 * ((max(a, min(mean, b)) - mean) / std) ** 2
    values, pending = np.zeros(tensor.array.shape, tensor.array.dtype), np.ones(tensor.array.shape, bool)
    while pending.any():
        candidates = uniform_(fresh(), a, b, generator).array
        values = np.where(pending, candidates, values)
        height = ((candidates - kind(mean)) / kind(std)) ** 2 * kind(-0.5) - kind(peak)
        pending &= np.log(np.maximum(uniform_(fresh(), 0.0, 1.0, generator).array, kind(1e-38))) > height
    return _fill(tensor, values)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """Rows, or columns if there are fewer, of length `gain` at right angles; dimensions after the first count as one.

    ValueError for fewer than two dimensions.
    """
    shape = tensor.array.shape
    if len(shape) < 2:
        raise ValueError(f"orthogonal_: a tensor of shape {tuple(shape)}: it must have at least two dimensions")
    if not tensor.array.size:
        return tensor
    flat = normal_(
        tensor._wrap(np.empty((shape[0], tensor.array.size // shape[0]), tensor.array.dtype)), 0, 1, generator
    )
    wide = flat.array.shape[0] < flat.array.shape[1]
    q, r = np.linalg.qr(flat.array.T if wide else flat.array)
    q *= np.sign(np.diag(r))
    return _fill(tensor, ((q.T if wide else q) * tensor.array.dtype.type(gain)).reshape(shape))


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Tensor:
    """Draw a matrix from the normal distribution, and set the fraction `sparsity` of each column to 0."""
    if tensor.array.ndim != 2:
        raise ValueError(f"sparse_: a tensor of shape {tuple(tensor.array.shape)}: it must have two dimensions")
    rows, columns = tensor.array.shape
    zeros = ceil(sparsity * rows)
    values = normal_(tensor._wrap(np.empty_like(tensor.array)), 0, std, generator).array
    for column in range(columns):  # each draws a permutation of its own
        values[default_generator.permutation(rows)[:zeros], column] = 0
    return _fill(tensor, values)


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform in ±gain·√(6 / (fan_in + fan_out))."""
    bound = gain * sqrt(6 / sum(_calculate_fan_in_and_fan_out(tensor)))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal of standard deviation gain·√(2 / (fan_in + fan_out))."""
    return normal_(tensor, 0.0, gain * sqrt(2 / sum(_calculate_fan_in_and_fan_out(tensor))), generator)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Uniform in ±gain·√(3 / fan)."""
    if not tensor.array.size:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=2)
        return tensor
    bound = sqrt(3) * calculate_gain(nonlinearity, a) / sqrt(_calculate_correct_fan(tensor, mode))
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Normal of standard deviation gain / √fan."""
    if not tensor.array.size:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=2)
        return tensor
    return normal_(tensor, 0.0, calculate_gain(nonlinearity, a) / sqrt(_calculate_correct_fan(tensor, mode)), generator)


def calculate_gain(nonlinearity: str, param: Any = None) -> float:
    """The factor that keeps the spread of activations behind a nonlinearity.

    ValueError for one it does not know.

    >>> from minigrad import nn
    >>> nn.init.calculate_gain("tanh")
    1.6666666666666667
    """
    slope = 0.01 if param is None else float(param)
    gains = {
        "linear": 1.0, "conv1d": 1.0, "conv2d": 1.0, "conv3d": 1.0, "conv_transpose1d": 1.0, "conv_transpose2d": 1.0,
        "conv_transpose3d": 1.0, "sigmoid": 1.0, "tanh": 5 / 3, "relu": sqrt(2), "leaky_relu": sqrt(2 / (1 + slope**2)),
        "selu": 3 / 4,
    }  # fmt: skip
    if nonlinearity not in gains:
        raise ValueError(f"calculate_gain: nonlinearity {nonlinearity!r}: use one of {', '.join(gains)}")
    return gains[nonlinearity]


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """How many inputs feed an output, and how many outputs an input feeds: (out, in, ...) as in Linear."""
    shape = tensor.array.shape
    if len(shape) < 2:
        raise ValueError(
            f"a tensor of shape {tuple(shape)} has no fan in and fan out: at least two dimensions are needed (use uniform_ "
            "or zeros_ for biases)"
        )
    field = int(np.prod(shape[2:]))
    return shape[1] * field, shape[0] * field


def _calculate_correct_fan(tensor: Tensor, mode: str) -> int:
    mode = mode.lower()
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"mode {mode!r}: use 'fan_in' or 'fan_out'")
    return _calculate_fan_in_and_fan_out(tensor)[mode == "fan_out"]


def _fill_scaled(tensor: Tensor, numbers: np.ndarray[Any, Any], scale: Any, shift: Any) -> Tensor:
    """numbers · scale + shift. In float64, so that float32 is rounded once: to the very numbers that PyTorch gets."""
    return _fill(tensor, numbers * np.float64(scale) + np.float64(shift))


def _fill(tensor: Tensor, values: np.ndarray[Any, Any]) -> Tensor:
    tensor._write(values, "init")
    return tensor


def _old(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A function under its old name, without the underscore."""
    new = function.__name__
    old = new.rstrip("_")

    def deprecated(*args: Any, **kwargs: Any) -> Tensor:
        warnings.warn(f"`nn.init.{old}` is now deprecated in favor of `nn.init.{new}`.", FutureWarning, stacklevel=2)
        return function(*args, **kwargs)

    deprecated.__name__ = deprecated.__qualname__ = old
    deprecated.__doc__ = f"The old name of `{new}`; warns."
    return deprecated


uniform, normal, constant, eye, dirac = _old(uniform_), _old(normal_), _old(constant_), _old(eye_), _old(dirac_)
xavier_uniform, xavier_normal = _old(xavier_uniform_), _old(xavier_normal_)
kaiming_uniform, kaiming_normal = _old(kaiming_uniform_), _old(kaiming_normal_)
orthogonal, sparse = _old(orthogonal_), _old(sparse_)
