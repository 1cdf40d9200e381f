"""Derivatives of functions of tensors: Jacobians, Hessians, and their products with vectors.

Source: A. Griewank and A. Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, chapters 3 and 5.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from minigrad.autograd.gradients import grad
from minigrad.errors import GraphError, ShapeError
from minigrad.grad_mode import enable_grad
from minigrad.ops.shape import stack
from minigrad.tensor import Tensor, wrap

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

Tensors = Tensor | Sequence[Tensor]


def _listed(x: Any) -> list[Any]:
    return list(x) if isinstance(x, tuple | list) else [x]


def _like(found: Sequence[Any], given: Any) -> Any:
    """One result for one tensor, a tuple for several."""
    return tuple(found) if isinstance(given, tuple | list) else found[0]


def _leaves(inputs: Tensors, create_graph: bool) -> list[Tensor]:
    """The inputs as tensors to differentiate by: of the caller's graph if the result is to be, else cut off from it."""
    if create_graph:
        return [x.view_as(x) if x.requires_grad else x.detach().requires_grad_() for x in _listed(inputs)]
    return [x.detach().requires_grad_() for x in _listed(inputs)]


def _call(func: Callable[..., Any], leaves: Sequence[Tensor], name: str) -> Any:
    out = func(*leaves)
    if not all(isinstance(o, Tensor) for o in _listed(out)):
        raise TypeError(f"{name}: the function must return a tensor or a tuple of tensors")
    return out


def _settled(found: Any, create_graph: bool) -> Any:
    """Results outside every graph, unless one was asked for."""
    if create_graph:
        return found
    return tuple(_settled(x, False) for x in found) if isinstance(found, tuple) else found.detach()


def _directions(v: Any, like: Sequence[Tensor], name: str) -> list[Tensor]:
    """The vectors of a product, of the shapes they are multiplied with; 1 for a single number."""
    if v is None:
        if len(like) != 1 or like[0].numel() != 1:
            raise GraphError(f"{name}: give v, a tensor of the shape of each of {[tuple(x.shape) for x in like]}")
        return [like[0]._ones()]
    found = _listed(v)
    if [x.shape for x in found] != [x.shape for x in like]:
        raise ShapeError(
            f"{name}: v has shapes {[tuple(x.shape) for x in found]} and is multiplied with {[tuple(x.shape) for x in like]}"
        )
    return found


def _pulled(
    outputs: Sequence[Tensor], inputs: Sequence[Tensor], starts: Sequence[Tensor], create_graph: bool, strict: bool
) -> list[Tensor]:
    """vᵀJ for each input: zeros where no output depends on it, or an error if `strict`."""
    live = [(o, v) for o, v in zip(outputs, starts) if o.requires_grad]
    if strict and len(live) < len(outputs):
        raise GraphError("strict: an output of the function does not depend on any input")
    if not live:
        return [x.new_zeros(x.shape) for x in inputs]
    found = grad([o for o, _ in live], inputs, [v for _, v in live], True, create_graph, allow_unused=True)
    if strict and None in found:
        raise GraphError(f"strict: no output of the function depends on input {found.index(None)}")
    return [x.new_zeros(x.shape) if g is None else g for g, x in zip(found, inputs)]


def vjp(
    func: Callable[..., Any], inputs: Tensors, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The function's value, and vᵀJ: one backward pass.

    >>> import minigrad
    >>> minigrad.autograd.functional.vjp(lambda x: x**2, minigrad.tensor([1.0, 2.0]), minigrad.ones(2))[1]
    tensor([2., 4.])
    """
    with enable_grad():
        leaves = _leaves(inputs, create_graph)
        out = _call(func, leaves, "vjp")
        outputs = _listed(out)
        found = _pulled(outputs, leaves, _directions(v, outputs, "vjp"), create_graph, strict)
    return _settled(out if isinstance(out, Tensor) else tuple(out), create_graph), _settled(
        _like(found, inputs), create_graph
    )


def jvp(
    func: Callable[..., Any], inputs: Tensors, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The function's value, and Jv: by two backward passes, the second through the first, which is linear in its start.

    >>> import minigrad
    >>> minigrad.autograd.functional.jvp(lambda x: x**2, minigrad.tensor([1.0, 2.0]), minigrad.ones(2))[1]
    tensor([2., 4.])
    """
    with enable_grad():
        leaves = _leaves(inputs, create_graph)
        out = _call(func, leaves, "jvp")
        outputs = _listed(out)
        starts = [o.detach().new_zeros(o.shape).requires_grad_() for o in outputs]
        pulled = _pulled(outputs, leaves, starts, True, strict)
        found = _pulled(pulled, starts, _directions(v, leaves, "jvp"), create_graph, False)
    return _settled(out if isinstance(out, Tensor) else tuple(out), create_graph), _settled(
        _like(found, out), create_graph
    )


def jacobian(
    func: Callable[..., Any],
    inputs: Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The matrix of all first derivatives, of shape (*output, *input): one backward pass per number of the output.

    For several inputs, or outputs, a tuple, or a tuple of tuples. `vectorize` and `strategy` are accepted and change nothing.

    >>> import minigrad
    >>> minigrad.autograd.functional.jacobian(lambda x: x**2, minigrad.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    with enable_grad():
        leaves = _leaves(inputs, create_graph)
        out = _call(func, leaves, "jacobian")
        rows = tuple(_like(_rows(o, leaves, create_graph, strict), inputs) for o in _listed(out))
    return _settled(rows if isinstance(out, tuple | list) else rows[0], create_graph)


def _rows(out: Tensor, leaves: Sequence[Tensor], create_graph: bool, strict: bool) -> list[Tensor]:
    """The Jacobian of one output by each input."""
    rows = []
    for i in range(out.numel()):
        one = np.zeros(out.numel(), out.array.dtype)
        one[i] = 1
        rows.append(_pulled([out], leaves, [wrap(one.reshape(out.shape))], create_graph, strict))
    return [
        stack([row[k] for row in rows]).reshape((*out.shape, *x.shape)) if rows else x.new_zeros((*out.shape, *x.shape))
        for k, x in enumerate(leaves)
    ]


def _number(func: Callable[..., Any], name: str) -> Callable[..., Tensor]:
    """The function, checked to give one number."""

    def checked(*args: Any) -> Tensor:
        out = func(*args)
        if not isinstance(out, Tensor) or out.numel() != 1:
            raise GraphError(f"{name}: the function must return one number, as a tensor of one element")
        return out.reshape(())

    return checked


def _gradient_of(func: Callable[..., Any], strict: bool) -> Callable[..., tuple[Tensor, ...]]:
    """x ↦ ∇f(x), differentiable."""

    def gradient(*leaves: Tensor) -> tuple[Tensor, ...]:
        out = func(*leaves)
        return tuple(_pulled([out], leaves, [out._ones()], True, strict))

    return gradient


def hessian(
    func: Callable[..., Any],
    inputs: Tensors,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The matrix of all second derivatives of a function that gives one number: the Jacobian of its gradient.

    >>> import minigrad
    >>> minigrad.autograd.functional.hessian(lambda x: (x**3).sum(), minigrad.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    found = jacobian(_gradient_of(_number(func, "hessian"), strict), tuple(_listed(inputs)), create_graph, strict)
    return found if isinstance(inputs, tuple | list) else found[0][0]


def vhp(
    func: Callable[..., Any], inputs: Tensors, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The function's value, and vᵀH: one backward pass through a backward pass. H is symmetric, so this is Hv too.

    >>> import minigrad
    >>> minigrad.autograd.functional.vhp(lambda x: (x**3).sum(), minigrad.tensor([1.0, 2.0]), minigrad.ones(2))[1]
    tensor([ 6., 12.])
    """
    with enable_grad():
        leaves = _leaves(inputs, create_graph)
        value = _number(func, "vhp")(*leaves)
        first = _pulled([value], leaves, [value._ones()], True, strict)
        found = _pulled(first, leaves, _directions(v, leaves, "vhp"), create_graph, strict)
    return _settled(value, create_graph), _settled(_like(found, inputs), create_graph)


def hvp(
    func: Callable[..., Any], inputs: Tensors, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """The function's value, and Hv: `vhp`, because H is symmetric."""
    return vhp(func, inputs, v, create_graph, strict)
