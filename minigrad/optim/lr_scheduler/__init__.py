"""Learning rates that change as training goes on: call `step()` after each `optimizer.step()`, or after each epoch.

Schedules of one optimizer multiply, as in PyTorch: each changes the rate that it finds in the group.
"""

from minigrad.optim.lr_scheduler.base import LRScheduler, _LRScheduler
from minigrad.optim.lr_scheduler.chain import ChainedScheduler, SequentialLR
from minigrad.optim.lr_scheduler.cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from minigrad.optim.lr_scheduler.cycle import CyclicLR, OneCycleLR
from minigrad.optim.lr_scheduler.decay import (
    ConstantLR, ExponentialLR, LambdaLR, LinearLR, MultiplicativeLR, MultiStepLR, PolynomialLR, StepLR,
)  # fmt: skip
from minigrad.optim.lr_scheduler.plateau import ReduceLROnPlateau

__all__ = [
    "ChainedScheduler", "ConstantLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "CyclicLR", "ExponentialLR",
    "LRScheduler", "LambdaLR", "LinearLR", "MultiStepLR", "MultiplicativeLR", "OneCycleLR", "PolynomialLR",
    "ReduceLROnPlateau", "SequentialLR", "StepLR", "_LRScheduler",
]  # fmt: skip
