"""Batch norm as modules."""

from __future__ import annotations

from minigrad.creation import empty, ones, tensor, zeros
from minigrad.dtypes import DTypeLike
from minigrad.nn import functional as F  # noqa: N812
from minigrad.nn import init
from minigrad.nn.module import Module
from minigrad.nn.parameter import Parameter
from minigrad.tensor import Tensor


class _NormBase(Module):
    """What batch norm and instance norm share: a weight and a bias, running moments, and how they print."""

    running_mean: Tensor | None
    running_var: Tensor | None
    num_batches_tracked: Tensor | None
    _dims: tuple[int, ...] = ()  # how many dimensions an input may have; any if empty

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: object = None,
        dtype: DTypeLike | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self.weight = Parameter(empty(num_features, dtype=dtype)) if affine else None
        self.bias = Parameter(empty(num_features, dtype=dtype)) if affine and bias else None
        tracked = track_running_stats
        self.register_buffer("running_mean", zeros(num_features, dtype=dtype) if tracked else None)
        self.register_buffer("running_var", ones(num_features, dtype=dtype) if tracked else None)
        self.register_buffer("num_batches_tracked", tensor(0) if tracked else None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """The running mean to 0, the running variance to 1, no batch counted."""
        if self.running_mean is not None and self.running_var is not None and self.num_batches_tracked is not None:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """The running moments as at the start, the weight to 1, the bias to 0."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def _check_input_dim(self, input: Tensor) -> None:
        ndim = input.array.ndim
        if self._dims and ndim not in self._dims:
            wanted = " or ".join(f"{n}D" for n in self._dims)
            raise ValueError(
                f"{type(self).__name__}: expected {wanted} input (got {ndim}D input, of shape {tuple(input.array.shape)})"
            )

    def extra_repr(self) -> str:
        """Its sizes and options."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_NormBase):
    """Batch norm of any number of dimensions."""

    def forward(self, input: Tensor) -> Tensor:
        """The input, normalised channel by channel."""
        self._check_input_dim(input)
        momentum = 0.0 if self.momentum is None else self.momentum
        if self.training and self.track_running_stats and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:  # the mean of all batches so far
                momentum = 1 / self.num_batches_tracked.item()
        use = not self.training or self.track_running_stats
        return F.batch_norm(
            input,
            self.running_mean if use else None,
            self.running_var if use else None,
            self.weight,
            self.bias,
            self.training or (self.running_mean is None and self.running_var is None),
            momentum,
            self.eps,
        )


class BatchNorm1d(_BatchNorm):
    """Batch norm of (N, C) or (N, C, L): (x - mean) / √(variance + eps) · weight + bias for each of C channels.

    In training the moments are those of the batch, and running ones follow them by `momentum`, or are the mean of all batches
    if that is None; after `eval()` the running ones are used, unless `track_running_stats` is False. The weight starts at
    1, the bias at 0. ValueError for another number of dimensions, and for one value per channel in training.

    Source: S. Ioffe and C. Szegedy, Batch Normalization, ICML 2015.

    >>> from minigrad import nn, randn
    >>> nn.BatchNorm1d(3)(randn(5, 3)).shape
    minigrad.Size([5, 3])
    """

    _dims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Batch norm of (N, C, H, W): see `BatchNorm1d`."""

    _dims = (4,)


class BatchNorm3d(_BatchNorm):
    """Batch norm of (N, C, D, H, W): see `BatchNorm1d`."""

    _dims = (5,)
