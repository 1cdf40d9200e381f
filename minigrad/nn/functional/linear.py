"""Maps of two inputs."""

from __future__ import annotations

from minigrad.errors import ShapeError
from minigrad.tensor import Tensor


def bilinear(input1: Tensor, input2: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """x1 Aₖ x2 + bₖ for each output k: (..., n), (..., m), (out, n, m) and (out) give (..., out).

    ShapeError if the sizes do not fit.

    >>> from minigrad import nn, ones
    >>> nn.functional.bilinear(ones(1, 2), ones(1, 3), ones(1, 2, 3))
    tensor([[6.]])
    """
    a, b, w = input1.array.shape, input2.array.shape, weight.array.shape
    if len(w) != 3 or not a or not b or a[:-1] != b[:-1] or (a[-1], b[-1]) != w[1:]:
        raise ShapeError(
            f"bilinear: inputs of shapes {a} and {b} and a weight of shape {w}: use (..., n), (..., m) and (out, n, m)"
        )
    out, n, m = w
    inner = input1.reshape(-1, n).matmul(weight.permute(1, 0, 2).reshape(n, out * m)).reshape(-1, out, m)
    result = (inner * input2.reshape(-1, 1, m)).sum(-1).reshape(*a[:-1], out)
    return result if bias is None else result + bias
