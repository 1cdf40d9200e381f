"""Instance norm as modules."""

from __future__ import annotations

import warnings

from minigrad.dtypes import DTypeLike
from minigrad.nn import functional as F  # noqa: N812
from minigrad.nn.batchnorm import _NormBase
from minigrad.tensor import Tensor


class _InstanceNorm(_NormBase):
    """Instance norm of any number of dimensions."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: object = None,
        dtype: DTypeLike | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        """The input, each channel of each example normalised."""
        self._check_input_dim(input)
        alone = input.array.ndim == self._dims[0]
        channels = input.array.shape[0 if alone else 1]
        if channels != self.num_features:
            message = (
                f"{type(self).__name__}: expected input's size at dim={0 if alone else 1} to match num_features "
                f"({self.num_features}), but got: {channels}"
            )
            if self.affine:
                raise ValueError(message)
            warnings.warn(f"{message}; it is not needed, because affine=False", stacklevel=2)
        result = F.instance_norm(
            input.unsqueeze(0) if alone else input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )
        return result.squeeze(0) if alone else result


class InstanceNorm1d(_InstanceNorm):
    """Instance norm of (N, C, L) or (C, L): (x - mean) / √(variance + eps) of each channel of each example.

    With `affine` times a weight plus a bias per channel; with `track_running_stats` running moments are used after `eval()`.

    Source: D. Ulyanov et al., Instance Normalization, 2016.

    >>> from minigrad import nn, randn
    >>> nn.InstanceNorm1d(3)(randn(5, 3, 4)).shape
    minigrad.Size([5, 3, 4])
    """

    _dims = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """Instance norm of (N, C, H, W) or (C, H, W): see `InstanceNorm1d`."""

    _dims = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """Instance norm of (N, C, D, H, W) or (C, D, H, W): see `InstanceNorm1d`."""

    _dims = (4, 5)
