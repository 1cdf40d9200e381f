"""Modules that learn the size of their input from the first batch."""

from __future__ import annotations

from typing import Any, ClassVar

from minigrad.creation import tensor
from minigrad.dtypes import DTypeLike
from minigrad.grad_mode import no_grad
from minigrad.nn.batchnorm import BatchNorm1d, BatchNorm2d, BatchNorm3d
from minigrad.nn.instancenorm import InstanceNorm1d, InstanceNorm2d, InstanceNorm3d
from minigrad.nn.linear import Linear
from minigrad.nn.module import Module
from minigrad.nn.parameter import UninitializedBuffer, UninitializedParameter, is_lazy
from minigrad.tensor import Tensor


class LazyModuleMixin(Module):
    """A module whose parameters take their shapes from the first input it is called with, before its `forward` runs.

    Put it before the base class. Make the parameters `UninitializedParameter`s and define
    `initialize_parameters(self, *inputs)`, which materializes them; `cls_to_become`, if set, is the class of the module from
    then on. The parameters stay the objects they were, so an optimizer may be made before. A state loaded into the module gives
    shapes too.
    """

    cls_to_become: ClassVar[type[Module] | None] = None

    def has_uninitialized_params(self) -> bool:
        """True until the parameters and buffers have shapes."""
        return any(map(is_lazy, (*self.parameters(recurse=False), *self.buffers(recurse=False))))

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Give each parameter a shape and values, from the inputs of the first call."""
        raise NotImplementedError(
            f"initialize_parameters is not implemented for {type(self).__name__}: define `def initialize_parameters(self, x): "
            "...`, which calls self.weight.materialize(shape)"
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """What `forward` computes, of parameters that fit."""
        if self.cls_to_become is not None or self.has_uninitialized_params():
            with no_grad():
                self.initialize_parameters(*args, **kwargs)
            if self.has_uninitialized_params():
                raise RuntimeError(
                    f"module {type(self).__name__} has not been fully initialized: initialize_parameters left "
                    "uninitialized parameters"
                )
        if self.cls_to_become is None:
            return super().__call__(*args, **kwargs)
        self.__class__ = self.cls_to_become  # type: ignore[assignment]
        return self(*args, **kwargs)


class LazyLinear(LazyModuleMixin, Linear):
    """A Linear that takes `in_features` from the last size of its first input, and then is a Linear.

    >>> from minigrad import nn, ones
    >>> layer = nn.LazyLinear(2)
    >>> layer
    LazyLinear(in_features=0, out_features=2, bias=True)
    >>> layer(ones(5, 3)).shape, layer
    (minigrad.Size([5, 2]), Linear(in_features=3, out_features=2, bias=True))
    """

    cls_to_become = Linear

    def __init__(
        self, out_features: int, bias: bool = True, device: object = None, dtype: DTypeLike | None = None
    ) -> None:
        super().__init__(0, 0, False)
        self.out_features = out_features
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        self.bias = UninitializedParameter(device=device, dtype=dtype) if bias else None

    def reset_parameters(self) -> None:
        """Draw weight and bias anew, once they have shapes."""
        if self.in_features:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor) -> None:
        """Shapes from the input, values as in Linear; after a state was loaded, only `in_features`."""
        lazy = self.has_uninitialized_params()
        self.in_features = input.array.shape[-1] if lazy else self.weight.array.shape[-1]
        if lazy:
            self.weight.materialize((self.out_features, self.in_features))  # type: ignore[attr-defined]
            if self.bias is not None:
                self.bias.materialize((self.out_features,))  # type: ignore[attr-defined]
            self.reset_parameters()


class _LazyNorm(LazyModuleMixin):
    """A norm per channel that takes the number of channels from its first input."""

    num_features: int
    weight: Any
    bias: Any
    running_mean: Any
    running_var: Any
    num_batches_tracked: Any

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: object = None,
        dtype: DTypeLike | None = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(0, eps, momentum, False, False)  # type: ignore[call-arg]
        self.affine, self.track_running_stats = affine, track_running_stats
        if affine:
            self.weight = UninitializedParameter(device=device, dtype=dtype)
            self.bias = UninitializedParameter(device=device, dtype=dtype) if bias else None
        if track_running_stats:
            self.running_mean = UninitializedBuffer(device=device, dtype=dtype)
            self.running_var = UninitializedBuffer(device=device, dtype=dtype)
            self.num_batches_tracked = tensor(0)

    def reset_parameters(self) -> None:
        """The starting values, once there are shapes."""
        if self.num_features:
            super().reset_parameters()  # type: ignore[misc]

    def initialize_parameters(self, input: Tensor) -> None:
        """Shapes from the input's channels, and the starting values."""
        own = [t for t in (self.weight, self.bias, self.running_mean, self.running_var) if t is not None]
        lazy = [t for t in own if is_lazy(t)]
        self.num_features = input.array.shape[1] if lazy or not own else own[0].array.shape[0]
        for t in lazy:
            t.materialize((self.num_features,))
        if lazy:
            self.reset_parameters()


class LazyBatchNorm1d(_LazyNorm, BatchNorm1d):
    """A BatchNorm1d that takes `num_features` from its first input.

    >>> from minigrad import nn, randn
    >>> norm = nn.LazyBatchNorm1d()
    >>> norm(randn(5, 3)).shape, norm.num_features
    (minigrad.Size([5, 3]), 3)
    """

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(_LazyNorm, BatchNorm2d):
    """A BatchNorm2d that takes `num_features` from its first input."""

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(_LazyNorm, BatchNorm3d):
    """A BatchNorm3d that takes `num_features` from its first input."""

    cls_to_become = BatchNorm3d


class LazyInstanceNorm1d(_LazyNorm, InstanceNorm1d):
    """An InstanceNorm1d that takes `num_features` from its first input."""

    cls_to_become = InstanceNorm1d


class LazyInstanceNorm2d(_LazyNorm, InstanceNorm2d):
    """An InstanceNorm2d that takes `num_features` from its first input."""

    cls_to_become = InstanceNorm2d


class LazyInstanceNorm3d(_LazyNorm, InstanceNorm3d):
    """An InstanceNorm3d that takes `num_features` from its first input."""

    cls_to_become = InstanceNorm3d
