"""The geometric distribution, under the name of PyTorch's module."""

from minigrad.distributions.bernoulli import Geometric

__all__ = ["Geometric"]
