"""The exceptions that minigrad raises, and the sentences that explain a failed operation.

Each is also a built-in exception that PyTorch raises in the same place, so `except RuntimeError` keeps working.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class ShapeError(RuntimeError, ValueError):
    """The shapes of an operation's operands do not fit together."""


class GraphError(RuntimeError):
    """A backward pass was asked for that cannot be had: no graph, a freed graph, no unique gradient."""


class MutationError(RuntimeError):
    """A value was modified in place in a way that would make a gradient wrong."""


class LinAlgError(RuntimeError):
    """A matrix has no such decomposition or inverse: it is singular, not positive-definite, not finite."""


class IndexRangeError(IndexError, RuntimeError):
    """An index leads outside the dimension that it counts along."""


def explain(error: Exception, name: str, operands: Sequence[Any]) -> Exception:
    """The error to raise when the operation `name` failed on `operands`: the shapes, then the way out."""
    shapes = [tuple(operand.array.shape) for operand in operands]
    if len(shapes) > 1 and isinstance(error, ValueError):
        clash = broadcast_clash(shapes)
        if clash:
            return ShapeError(f"{name}: shapes {list_of(shapes)} do not broadcast: {clash}")
    text = f"{name}: {error} (operands of shape {list_of(shapes)})"
    return TypeError(text) if isinstance(error, TypeError) else ShapeError(text)


def list_of(shapes: Sequence[tuple[int, ...]]) -> str:
    """'(2, 3) and (4,)'."""
    return " and ".join(map(str, shapes))


def broadcast_clash(shapes: Sequence[tuple[int, ...]]) -> str | None:
    """Where and why shapes do not broadcast, with a guess at what was meant; None if they do."""
    for back in range(1, max(map(len, shapes)) + 1):
        sizes = sorted({shape[-back] for shape in shapes if len(shape) >= back} - {1})
        if len(sizes) > 1:
            return f"dimension -{back} has sizes {' and '.join(map(str, sizes))}; {remedy(shapes, back)}"
    return None


def remedy(shapes: Sequence[tuple[int, ...]], back: int) -> str:
    """The likeliest way out for the first two shapes."""
    a, b = shapes[0], shapes[1]
    for one, other, who in ((a, b, "first"), (b, a, "second")):
        if len(one) == 2 and one[::-1] == other:
            return f"transpose the {who} operand: .T has shape {other}"
        if len(one) == 1 and len(other) > 1 and one[0] in other[:-1]:
            return f"to line the {who} operand up with dimension {other.index(one[0])}, reshape it to {aligned(one[0], other)}"
    return "sizes must be equal or 1, counted from the last dimension"


def aligned(size: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that lines a vector of `size` elements up with the first dimension of that size in `shape`."""
    at = shape.index(size)
    return (size,) + (1,) * (len(shape) - at - 1)


def freed_before(node: Any) -> GraphError:
    """The error for a backward pass through a node that an earlier one freed."""
    call, file, line = node.freed
    return GraphError(
        f"backward a second time through {node.name} (result of shape {tuple(node.shape)}), whose graph was freed by "
        f"{call} at {file.rpartition('/')[2]}:{line}: compute the loss again before this call, or keep the graph with "
        "backward(retain_graph=True) in the first one"
    )


def changed(node: Any, what: str) -> MutationError:
    """The error for a value that is no longer what the operation saw."""
    return MutationError(
        f"{node.name}: {what} was modified in place after {node.name} used it, so its gradient would be wrong: "
        "write the changed value to a new tensor (x = x + 1 for x += 1, x.clone() before x[i] = v), "
        "or call backward() before the change"
    )


def lost_base(view: Any, base: Any, what: str) -> MutationError:
    """The error for a view that was written to, it or its kin, and whose base has left it behind."""
    return MutationError(
        f"a view of shape {tuple(view.array.shape)} was written to, or what it is a view of, and its base, of shape "
        f"{tuple(base.array.shape)}, was {what} before the view was next used: what its gradient should be is not known; "
        "take the view again, or leave the base as it is and use x.detach()"
    )


def detached_operand(node: Any, shape: Any) -> MutationError:
    """The error for a gradient of a gradient that would pass through a tensor which has left the graph since."""
    return MutationError(
        f"{node.name}: an operand of shape {tuple(shape)} was taken out of the graph by detach_() after {node.name} used it, "
        "so gradients of the gradient would lack its part: use x.detach(), or call backward() before detach_()"
    )


def reshaped_leaf(node: Any, leaf: Any) -> MutationError:
    """The error for a leaf that has been given an array of another shape since an operation used it."""
    return MutationError(
        f"{node.name}: the shape of a leaf it used was changed to {tuple(leaf.array.shape)} by .data = after {node.name} "
        "used it, so there is no gradient for it: compute the loss again, or call backward() before the change"
    )


def unfit_rule(name: str, rule: Any) -> TypeError:
    """The error for a gradient rule of a form that the engine cannot read."""
    what = "has default arguments" if hasattr(rule, "__code__") else f"is a {type(rule).__name__}"
    return TypeError(
        f"{name}: a gradient rule {what}: write a plain function of the gradient, or of the gradient and the result, that "
        "closes over what else it needs: lambda g: g * factor"
    )


def broadcasts_to(shape: Sequence[int], wanted: Sequence[int]) -> bool:
    """Can an array of this shape be broadcast to the other?"""
    return len(shape) <= len(wanted) and all(n in (1, m) for n, m in zip(shape[::-1], wanted[::-1]))


def not_a_tensor(name: str, value: Any) -> TypeError:
    """The error for an operand that should have been a tensor."""
    way = "minigrad.from_numpy(x)" if type(value).__module__ == "numpy" else "minigrad.tensor(x)"
    return TypeError(f"{name}: a tensor is needed, not a {type(value).__name__}: make it one first, {way}")


def why_no_grad(root: Any, call: str) -> str:
    """The message for a backward pass on a tensor that wants none."""
    return (
        f"{call} on a tensor of shape {tuple(root.array.shape)} that does not require grad: no tensor it was computed from "
        "had requires_grad=True, or it was computed under no_grad(), or detach(), .data, .item(), an integer dtype or "
        "overwriting all of it with constants cut it off; give the inputs that should learn requires_grad=True "
        "(nn.Parameter has it) and compute it again"
    )
