"""The chi-squared distribution, under the name of PyTorch's module."""

from minigrad.distributions.gamma import Chi2

__all__ = ["Chi2"]
