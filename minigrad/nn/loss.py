"""Losses as modules."""

from __future__ import annotations

from minigrad.nn import functional as F  # noqa: N812
from minigrad.nn.module import Module
from minigrad.tensor import Tensor


class MSELoss(Module):
    """(input - target)², averaged, summed or as it is. ShapeError if the shapes differ.

    >>> from minigrad import nn, tensor
    >>> nn.MSELoss(reduction="sum")(tensor([1.0, 2.0]), tensor([0.0, 4.0]))
    tensor(5.)
    """

    def __init__(self, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = reduction

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return F.mse_loss(input, target, reduction=self.reduction)


class NLLLoss(Module):
    """Minus the log-probability of the right class: see `functional.nll_loss`."""

    weight: Tensor | None

    def __init__(self, weight: Tensor | None = None, ignore_index: int = -100, reduction: str = "mean") -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.ignore_index, self.reduction = ignore_index, reduction

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return F.nll_loss(input, target, self.weight, ignore_index=self.ignore_index, reduction=self.reduction)


class CrossEntropyLoss(Module):
    """The cross-entropy between raw scores and the right classes: see `functional.cross_entropy`.

    >>> from minigrad import nn, tensor
    >>> nn.CrossEntropyLoss()(tensor([[2.0, 0.0]]), tensor([0]))
    tensor(0.1269)
    """

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.ignore_index, self.reduction, self.label_smoothing = ignore_index, reduction, label_smoothing

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss."""
        return F.cross_entropy(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )
