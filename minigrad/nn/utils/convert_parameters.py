"""All parameters in one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable

from minigrad.ops.shape import cat
from minigrad.tensor import Tensor


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """The parameters end to end, as one vector: differentiable.

    >>> from minigrad import nn
    >>> nn.utils.parameters_to_vector(nn.Linear(3, 2).parameters()).shape
    minigrad.Size([8])
    """
    return cat([parameter.reshape(-1) for parameter in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Let the parameters be the parts of a vector, in order: they share its memory. TypeError for what is no tensor."""
    if not isinstance(vec, Tensor):
        raise TypeError(
            f"vector_to_parameters needs a tensor, not a {type(vec).__name__}: parameters_to_vector(...) gives one"
        )
    at = 0
    for parameter in parameters:
        size = parameter.array.size
        parameter.data = vec.detach()[at : at + size].reshape(parameter.array.shape)
        at += size
