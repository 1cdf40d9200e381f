"""Convolution layers, their transposes, and those that learn the number of channels from the first batch."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod, sqrt
from typing import Any, ClassVar

from minigrad.creation import empty
from minigrad.dtypes import DTypeLike
from minigrad.nn import functional as F  # noqa: N812
from minigrad.nn import init
from minigrad.nn.lazy import LazyModuleMixin
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter, UninitializedParameter
from minigrad.tensor import Tensor


class _ConvNd(Module):
    """What all of them share: sizes, a weight and a bias, and how they print."""

    dims: ClassVar[int]
    transposed = False

    weight: Any
    bias: Any

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any,
        padding: Any,
        output_padding: Any,
        dilation: Any,
        groups: int,
        bias: bool,
        padding_mode: str,
        dtype: DTypeLike | None,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        if groups < 1:
            raise ValueError(f"{name}: groups={groups}: it must be at least 1")
        for what, channels in (("in_channels", in_channels), ("out_channels", out_channels)):
            if channels % groups:
                raise ValueError(f"{name}: {what}={channels} with groups={groups}: it must be a multiple of groups")
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(f"{name}: padding={padding!r}: use numbers, 'same' or 'valid'")
            if padding == "same" and set(self._tuple(stride)) != {1}:
                raise ValueError(
                    f"{name}: padding='same' with stride={stride}: the size cannot stay the same; use numbers"
                )
        if padding_mode not in ("zeros", "reflect", "replicate", "circular"):
            raise ValueError(
                f"{name}: padding_mode={padding_mode!r}: use 'zeros', 'reflect', 'replicate' or 'circular'"
            )
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size, self.stride = self._tuple(kernel_size), self._tuple(stride)
        self.padding: Any = padding if isinstance(padding, str) else self._tuple(padding)
        self.dilation, self.output_padding = self._tuple(dilation), self._tuple(output_padding)
        self.groups, self.padding_mode = groups, padding_mode
        self._make(bias, dtype)

    def _make(self, bias: bool, dtype: DTypeLike | None) -> None:
        self.weight = Parameter(empty(*self._weight_shape(), dtype=dtype))
        self.bias = Parameter(empty(self.out_channels, dtype=dtype)) if bias else None
        self.reset_parameters()

    def _tuple(self, given: Any) -> tuple[int, ...]:
        return tuple(given) if isinstance(given, Sequence) else (given,) * self.dims

    def _weight_shape(self) -> tuple[int, ...]:
        first, second = self.out_channels, self.in_channels
        if self.transposed:
            first, second = second, first
        return (first, second // self.groups, *self.kernel_size)

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, uniform in ±1/√fan, the fan being how many numbers of the weight make one output."""
        init.kaiming_uniform_(self.weight, a=sqrt(5))
        fan = prod(self.weight.array.shape[1:])
        if self.bias is not None and fan:
            init.uniform_(self.bias, -1 / sqrt(fan), 1 / sqrt(fan))

    def extra_repr(self) -> str:
        """Its sizes, and what is not as usual."""
        zeros, ones = (0,) * self.dims, (1,) * self.dims
        parts = [f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"]
        parts += [f"padding={self.padding}"] * (self.padding != zeros)
        parts += [f"dilation={self.dilation}"] * (self.dilation != ones)
        parts += [f"output_padding={self.output_padding}"] * (self.output_padding != zeros)
        parts += [f"groups={self.groups}"] * (self.groups != 1)
        parts += ["bias=False"] * (self.bias is None)
        parts += [f"padding_mode={self.padding_mode}"] * (self.padding_mode != "zeros")
        return ", ".join(parts)


class _Conv(_ConvNd):
    """A convolution of any number of dimensions."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: object = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, 0, dilation, groups, bias, padding_mode, dtype
        )

    def forward(self, input: Tensor) -> Tensor:
        """The convolution of the input with the weight, plus the bias."""
        conv = (F.conv1d, F.conv2d, F.conv3d)[self.dims - 1]
        padding: Any = self.padding
        if self.padding_mode != "zeros":
            input = F.pad(input, self._borders(), self.padding_mode)
            padding = 0
        return conv(input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups)

    def _borders(self) -> tuple[int, ...]:
        """The padding as `functional.pad` takes it."""
        if isinstance(self.padding, tuple):
            return tuple(p for p in reversed(self.padding) for _ in range(2))
        totals = [d * (k - 1) * (self.padding == "same") for d, k in zip(self.dilation, self.kernel_size)]
        return tuple(n for total in reversed(totals) for n in (total // 2, total - total // 2))


class _ConvTranspose(_ConvNd):
    """A transposed convolution of any number of dimensions."""

    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: object = None,
        dtype: DTypeLike | None = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError(f"{type(self).__name__}: padding_mode={padding_mode!r}: only 'zeros' is supported")
        super().__init__(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            output_padding,
            dilation,
            groups,
            bias,
            padding_mode,
            dtype,
        )

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """The transposed convolution; `output_size` says which of the possible sizes is wanted. ValueError for another."""
        conv = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[self.dims - 1]
        extra = self.output_padding if output_size is None else self._extra(input, output_size)
        return conv(input, self.weight, self.bias, self.stride, self.padding, extra, self.groups, self.dilation)

    def _extra(self, input: Tensor, output_size: Sequence[int]) -> tuple[int, ...]:
        """The output_padding that gives the size."""
        sizes = tuple(int(n) for n in output_size)
        if len(sizes) == input.array.ndim:
            sizes = sizes[-self.dims :]
        if len(sizes) != self.dims:
            raise ValueError(
                f"{type(self).__name__}: output_size={tuple(output_size)}: give {self.dims} numbers, or as many as the input "
                "has dimensions"
            )
        least = tuple(
            (n - 1) * s - 2 * p + d * (k - 1) + 1
            for n, s, p, d, k in zip(
                input.array.shape[-self.dims :], self.stride, self.padding, self.dilation, self.kernel_size
            )
        )
        extra = tuple(n - low for n, low in zip(sizes, least))
        if any(not 0 <= e < s for e, s in zip(extra, self.stride)):
            most = tuple(low + s - 1 for low, s in zip(least, self.stride))
            raise ValueError(
                f"{type(self).__name__}: output_size={sizes} for an input of shape {tuple(input.array.shape)}: the sizes must "
                f"be from {least} to {most}"
            )
        return extra


class Conv1d(_Conv):
    """A convolution of (N, in_channels, L) or (in_channels, L): see `Conv2d`.

    >>> from minigrad import nn, ones
    >>> nn.Conv1d(3, 5, 2)(ones(1, 3, 7)).shape
    minigrad.Size([1, 5, 6])
    """

    dims = 1


class Conv2d(_Conv):
    """A convolution of images (N, in_channels, H, W), or one: see `functional.conv2d` for sizes and errors.

    Weight (out_channels, in_channels / groups, kh, kw) and bias (out_channels) start uniform in ±1/√fan, the fan being
    in_channels / groups · kh · kw, from the default generator, in the order of PyTorch. With a `padding_mode` other than
    "zeros" the border is what `functional.pad` makes in that mode. ValueError for arguments that do not fit.

    >>> from minigrad import nn, ones
    >>> layer = nn.Conv2d(1, 6, 5, padding=2)
    >>> layer
    Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1), padding=(2, 2))
    >>> layer(ones(2, 1, 28, 28)).shape
    minigrad.Size([2, 6, 28, 28])
    """

    dims = 2


class Conv3d(_Conv):
    """A convolution of (N, in_channels, D, H, W) or (in_channels, D, H, W): see `Conv2d`."""

    dims = 3


class ConvTranspose1d(_ConvTranspose):
    """A transposed convolution of (N, in_channels, L) or (in_channels, L): see `ConvTranspose2d`."""

    dims = 1


class ConvTranspose2d(_ConvTranspose):
    """A transposed convolution of images (N, in_channels, H, W), or one: see `functional.conv_transpose2d`.

    Weight (in_channels, out_channels / groups, kh, kw) and bias (out_channels) start as in `Conv2d`, the fan being
    out_channels / groups · kh · kw, as in PyTorch.

    >>> from minigrad import nn, ones
    >>> nn.ConvTranspose2d(4, 8, 2, stride=2)(ones(1, 4, 7, 7)).shape
    minigrad.Size([1, 8, 14, 14])
    """

    dims = 2


class ConvTranspose3d(_ConvTranspose):
    """A transposed convolution of (N, in_channels, D, H, W) or (in_channels, D, H, W): see `ConvTranspose2d`."""

    dims = 3


# ── lazy ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


class _LazyConv(LazyModuleMixin, _ConvNd):
    """A convolution that takes `in_channels` from its first input, and then is an ordinary one."""

    def __init__(self, out_channels: int, kernel_size: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(0, 0, kernel_size, *args, **kwargs)
        self.out_channels = out_channels
        if self.out_channels % self.groups:
            raise ValueError(
                f"{type(self).__name__}: out_channels={out_channels} with groups={self.groups}: it must be a multiple of groups"
            )

    def _make(self, bias: bool, dtype: DTypeLike | None) -> None:
        self.weight = UninitializedParameter(dtype=dtype)
        self.bias = UninitializedParameter(dtype=dtype) if bias else None

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, once they have shapes."""
        if self.in_channels:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor, *args: Any, **kwargs: Any) -> None:
        """Shapes from the input, values as in the ordinary layer; after a state was loaded, only `in_channels`."""
        if not self.has_uninitialized_params():
            first, second = self.weight.array.shape[:2]
            self.in_channels = first if self.transposed else second * self.groups
            return
        if input.array.ndim not in (self.dims + 1, self.dims + 2):
            raise RuntimeError(
                f"{type(self).__name__} got an input of shape {tuple(input.array.shape)}: it needs {self.dims + 2} dimensions, "
                f"(N, C, ...), or {self.dims + 1} for one example"
            )
        self.in_channels = input.array.shape[-self.dims - 1]
        if self.in_channels % self.groups:
            raise ValueError(
                f"{type(self).__name__}: an input of {self.in_channels} channels with groups={self.groups}: it must be a "
                "multiple"
            )
        self.weight.materialize(self._weight_shape())
        if self.bias is not None:
            self.bias.materialize((self.out_channels,))
        self.reset_parameters()


class LazyConv1d(_LazyConv, Conv1d):
    """A Conv1d that takes `in_channels` from its first input."""

    cls_to_become = Conv1d


class LazyConv2d(_LazyConv, Conv2d):
    """A Conv2d that takes `in_channels` from its first input, and then is a Conv2d.

    >>> from minigrad import nn, ones
    >>> layer = nn.LazyConv2d(8, 3)
    >>> layer(ones(1, 4, 7, 7)).shape, layer
    (minigrad.Size([1, 8, 5, 5]), Conv2d(4, 8, kernel_size=(3, 3), stride=(1, 1)))
    """

    cls_to_become = Conv2d


class LazyConv3d(_LazyConv, Conv3d):
    """A Conv3d that takes `in_channels` from its first input."""

    cls_to_become = Conv3d


class LazyConvTranspose1d(_LazyConv, ConvTranspose1d):
    """A ConvTranspose1d that takes `in_channels` from its first input."""

    cls_to_become = ConvTranspose1d


class LazyConvTranspose2d(_LazyConv, ConvTranspose2d):
    """A ConvTranspose2d that takes `in_channels` from its first input."""

    cls_to_become = ConvTranspose2d


class LazyConvTranspose3d(_LazyConv, ConvTranspose3d):
    """A ConvTranspose3d that takes `in_channels` from its first input."""

    cls_to_become = ConvTranspose3d
