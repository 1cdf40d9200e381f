"""Layers and losses as functions. What has a rule of its own is in `ops/`; what is composed is composed here."""

from minigrad.nn.functional.activation import log_softmax, relu, sigmoid, softmax, tanh
from minigrad.nn.functional.loss import cross_entropy, mse_loss, nll_loss
from minigrad.nn.functional.sparse import one_hot
from minigrad.ops.linalg import linear

__all__ = [
    "cross_entropy", "linear", "log_softmax", "mse_loss", "nll_loss", "one_hot", "relu", "sigmoid", "softmax", "tanh",
]  # fmt: skip
