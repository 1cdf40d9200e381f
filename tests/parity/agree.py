"""The same call under PyTorch and under minigrad: values, dtypes, shapes and gradients have to agree.

A case is a function of the library and its tensors, `lambda t, x: t.logsumexp(x, 1)`; `t` is `torch` or `minigrad`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

import minigrad

torch = pytest.importorskip("torch")


def operand(given: Any, rng: np.random.Generator) -> np.ndarray:
    """An array: one that was given, or normal float32 numbers of a given shape."""
    return rng.standard_normal(given).astype(np.float32) if isinstance(given, tuple) else np.asarray(given)


def flat(found: Any) -> list[Any]:
    """The tensors and numbers in a nested result, in order."""
    if isinstance(found, dict):
        found = list(found.values())
    if isinstance(found, tuple | list) and not isinstance(found, minigrad.Size | torch.Size):
        return [leaf for part in found for leaf in flat(part)]
    return [found]


def is_tensor(x: Any) -> bool:
    return isinstance(x, minigrad.Tensor | torch.Tensor)


def run(t: Any, call: Callable[..., Any], arrays: Sequence[np.ndarray], grad: bool) -> tuple[list[Any], list[Any]]:
    """The results of a call, and the gradients of its floating-point operands from fixed starts."""
    tensors = [t.tensor(a.copy()) for a in arrays]
    for x in tensors:
        x.requires_grad_(grad and x.is_floating_point())
    found = flat(call(t, *tensors))
    differentiable = [r for r in found if is_tensor(r) and r.requires_grad]
    gradients: list[Any] = []
    inputs = [x for x in tensors if x.requires_grad]
    if differentiable and inputs:
        starts = [
            t.tensor(np.random.default_rng(7).standard_normal(tuple(r.shape)).astype(str(r.dtype).rpartition(".")[2]))
            for r in differentiable
        ]
        gradients = list(t.autograd.grad(differentiable, inputs, starts, allow_unused=True))
    return found, gradients


def array_of(x: Any) -> np.ndarray:
    return np.asarray(x.detach().numpy() if is_tensor(x) else x)


def assert_alike(ours: Any, theirs: Any, what: str, rtol: float, atol: float) -> None:
    """Two results: of one kind, dtype, shape and value."""
    assert is_tensor(ours) == is_tensor(theirs), f"{what}: {type(ours).__name__} for {type(theirs).__name__}"
    if is_tensor(ours):
        kinds = [str(x.dtype).rpartition(".")[2] for x in (ours, theirs)]
        assert kinds[0] == kinds[1], f"{what}: dtype {kinds[0]} for {kinds[1]}"
        assert tuple(ours.shape) == tuple(theirs.shape), f"{what}: shape {ours.shape} for {theirs.shape}"
        assert ours.requires_grad == theirs.requires_grad, f"{what}: requires_grad {ours.requires_grad}"
    if isinstance(theirs, str) or theirs is None:
        assert ours == theirs, what
        return
    np.testing.assert_allclose(array_of(ours), array_of(theirs), rtol=rtol, atol=atol, err_msg=what)


def agree(
    call: Callable[..., Any], *operands: Any, grad: bool = True, rtol: float = 1e-4, atol: float = 1e-5, seed: int = 0
) -> None:
    """Check one call. `operands` are arrays, or shapes for normal float32 numbers; floating-point ones require grad."""
    rng = np.random.default_rng(seed)
    arrays = [operand(given, rng) for given in operands]
    ours, our_gradients = run(minigrad, call, arrays, grad)
    theirs, their_gradients = run(torch, call, arrays, grad)
    assert len(ours) == len(theirs)
    for i, (a, b) in enumerate(zip(ours, theirs)):
        assert_alike(a, b, f"result {i}", rtol, atol)
    for i, (a, b) in enumerate(zip(our_gradients, their_gradients, strict=True)):
        if a is None or b is None:
            assert a is b, f"gradient {i}: {a} for {b}"
        else:
            assert_alike(a, b, f"gradient {i}", rtol, atol)


def both_fail(call: Callable[..., Any], *operands: Any) -> None:
    """Check that both refuse a call."""
    arrays = [operand(given, np.random.default_rng(0)) for given in operands]
    for t in (torch, minigrad):
        with pytest.raises((RuntimeError, ValueError, TypeError, IndexError, NotImplementedError)):
            call(t, *[t.tensor(a.copy()) for a in arrays])
