"""Operations whose backward is written by hand, in PyTorch's form: a class with `forward` and `backward`.

`minigrad.graph.apply` is the shorter way, with one rule per operand. Here one `backward` takes the gradients of all
outputs and gives those of all inputs at once. It becomes a rule like any other on a node of one operand and one result: where
there are more, they are laid end to end in one vector. Of the inputs only the gradient ever takes that form.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from itertools import accumulate
from typing import Any

import numpy as np

from minigrad.errors import GraphError
from minigrad.grad_mode import is_grad_enabled, no_grad
from minigrad.graph import record
from minigrad.ops.shape import cat
from minigrad.tensor import Tensor, wrap


class Context:
    """What `forward` leaves for `backward`: saved tensors, and any attributes.

    The engine sees it in a rule's closure as it would see the saved tensors themselves: `_version` is that of the one
    written to last.
    """

    def __init__(self) -> None:
        self._saved: tuple[Any, ...] = ()
        self._outputs: tuple[Tensor, ...] = ()  # only while backward runs: else they would hold themselves
        self._dirty: tuple[Tensor, ...] = ()
        self._constant: tuple[Tensor, ...] = ()
        self.needs_input_grad: tuple[bool, ...] = ()

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep tensors for `backward`, which finds them in `saved_tensors`. TypeError for what is no tensor."""
        for tensor in tensors:
            if tensor is not None and not isinstance(tensor, Tensor):
                raise TypeError(
                    f"save_for_backward keeps tensors, not a {type(tensor).__name__}: keep it as an attribute, ctx.x = x"
                )
        self._saved = tensors

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What `save_for_backward` was given."""
        return tuple(self._outputs[x] if isinstance(x, int) else x for x in self._saved)

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Say that `forward` wrote into these inputs, and returns them."""
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Say that these outputs have no gradient."""
        self._constant = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Accepted: `backward` gets zeros for an output that nothing depended on, never None."""

    @property
    def _newest(self) -> Any:
        kept = [x for x in self._saved if isinstance(x, Tensor)]
        return max(kept, key=lambda x: x._version[0], default=None)

    @property
    def _version(self) -> list[int]:
        newest = self._newest
        return [0] if newest is None else newest._version

    @property
    def _detached(self) -> int:
        return max((x._detached for x in self._saved if isinstance(x, Tensor)), default=0)

    @property
    def _reshaped(self) -> int:
        return max((x._reshaped for x in self._saved if isinstance(x, Tensor)), default=0)

    @property
    def array(self) -> Any:
        """The array of the saved tensor that was written to last: for the engine's error message."""
        return self._newest.array


class Function:
    """An operation with a backward of its own.

    Define `forward(ctx, *inputs)`, which computes with tensors outside any graph, and `backward(ctx, *gradients)`, which
    returns a gradient, or None, per input; then call `apply`. Or define `forward(*inputs)` and
    `setup_context(ctx, inputs, output)`. If `backward` is written in tensor operations it can be differentiated again.

    >>> import minigrad
    >>> class Cube(minigrad.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x**3
    ...     @staticmethod
    ...     def backward(ctx, g):
    ...         (x,) = ctx.saved_tensors
    ...         return g * 3 * x * x
    >>> x = minigrad.tensor(2.0, requires_grad=True)
    >>> Cube.apply(x).backward()
    >>> x.grad
    tensor(12.)
    """

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """What the operation computes. Every Function defines its own."""
        raise NotImplementedError("a Function needs a forward: @staticmethod def forward(ctx, *inputs)")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The gradient of each input, from those of the outputs. Every Function defines its own."""
        raise NotImplementedError("a Function needs a backward: @staticmethod def backward(ctx, *grad_outputs)")

    setup_context: Callable[..., None] | None = None

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Run `forward`, and record `backward` where a gradient will be wanted."""
        ctx = Context()
        ctx.needs_input_grad = tuple(isinstance(x, Tensor) and x.requires_grad for x in args)
        with no_grad():
            if cls.setup_context is None:
                found = cls.forward(ctx, *args, **kwargs)
            else:
                found = cls.forward(*args, **kwargs)
                cls.setup_context(ctx, args, found)
        if not (is_grad_enabled() and any(ctx.needs_input_grad)):
            return found
        several = isinstance(found, tuple | list)
        outputs = _recorded(cls, ctx, args, list(found) if several else [found])
        return tuple(outputs) if several else outputs[0]


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """For a `backward` that cannot itself be differentiated: trying to is an error, not a wrong result."""

    @wraps(backward)
    def once(ctx: Any, *gradients: Any) -> Any:
        again = is_grad_enabled()
        with no_grad():
            found = backward(ctx, *gradients)
        return _forbidden(found, backward.__qualname__) if again else found

    return once


def _forbidden(found: Any, name: str) -> Any:
    """Gradients as results of an operation whose backward is an error."""
    parts = found if isinstance(found, tuple) else (found,)
    kept = []
    for part in parts:
        if isinstance(part, Tensor):
            part, one = wrap(part.array.copy()), wrap(np.ones((), part.array.dtype)).requires_grad_()

            def refuse(g: Tensor) -> Tensor:
                raise GraphError(
                    f"{name} is marked with @once_differentiable and was differentiated again: write it in tensor "
                    "operations and remove the mark, or leave out create_graph"
                )

            record(part, np.positive, (one,), (refuse,), {})
        kept.append(part)
    return tuple(kept) if isinstance(found, tuple) else kept[0]


class _Vector:
    """Tensors laid end to end in one vector, and back. A single tensor stays as it is."""

    def __init__(self, places: list[int], tensors: Sequence[Tensor]) -> None:
        self.places = places
        self.shapes = [x.array.shape for x in tensors]
        self.kinds = [x.array.dtype for x in tensors]
        sizes = [x.array.size for x in tensors]
        self.ends = list(accumulate(sizes))
        self.slices = [slice(end - size, end) for size, end in zip(sizes, self.ends)]

    def pack(self, *arrays: Any) -> Any:
        """One array of all."""
        return arrays[0] if len(arrays) == 1 else np.concatenate([np.reshape(a, -1) for a in arrays])

    def part(self, whole: Any, k: int) -> Any:
        """One of them again: of a tensor, or of an array."""
        return whole if len(self.places) == 1 else whole[self.slices[k]].reshape(self.shapes[k])

    def join(self, gradients: Sequence[Any], like: Tensor, name: str) -> Tensor:
        """One gradient of all, zeros where there is none."""
        parts = []
        for place, shape, kind in zip(self.places, self.shapes, self.kinds):
            g = gradients[place]
            if g is None:
                g = like.new_zeros(shape)
            elif not isinstance(g, Tensor):
                raise TypeError(
                    f"{name}.backward returned a {type(g).__name__} for input {place}: return a tensor, or None"
                )
            parts.append(g.to(kind) if len(self.places) == 1 else g.sum_to_size(shape).to(like.array.dtype).reshape(-1))
        return parts[0] if len(parts) == 1 else cat(parts)


def _recorded(cls: type[Function], ctx: Context, args: Sequence[Any], outputs: list[Any]) -> list[Any]:
    """Hang the outputs on a node whose rule is `backward`."""
    live = [
        i
        for i, out in enumerate(outputs)
        if isinstance(out, Tensor) and out.array.dtype.kind == "f" and not any(out is x for x in ctx._constant)
    ]
    if not live:
        return outputs
    wanted = [i for i, needed in enumerate(ctx.needs_input_grad) if needed]
    inputs, results = _Vector(wanted, [args[i] for i in wanted]), _Vector(live, [outputs[i] for i in live])
    ctx._saved = tuple(_place(x, [outputs[i] for i in live]) for x in ctx._saved)  # else they would hold themselves
    count, total = len(args), len(outputs)
    constants = [None if needed else x for x, needed in zip(args, ctx.needs_input_grad)]
    dirty, ctx._dirty = ctx._dirty, ()
    for x in dirty:
        x._check_writable(f"mark_dirty in {cls.__name__}")

    def rule(g: Tensor, out: Tensor) -> Tensor:
        gradients: list[Any] = [None] * total
        for k, i in enumerate(live):
            gradients[i] = results.part(g, k).to(results.kinds[k])
        ctx._outputs = tuple(results.part(out, k).to(results.kinds[k]) for k in range(len(live)))
        try:
            found = cls.backward(ctx, *gradients)
        finally:
            ctx._outputs = ()
        return inputs.join(_one_each(found, count, cls.__name__), g, cls.__name__)

    def forward(array: Any) -> Any:
        """The same on arrays: for pictures, which compute values again."""
        values = list(constants)
        for k, i in enumerate(wanted):
            values[i] = wrap(inputs.part(array, k))
        with no_grad():
            again = cls.forward(*values) if cls.setup_context is not None else cls.forward(Context(), *values)
        parts = list(again) if isinstance(again, tuple | list) else [again]
        return results.pack(*[parts[i].array for i in live])

    rule.__qualname__ = f"{cls.__name__}.<locals>.<lambda>"
    whole = wrap(np.array(results.pack(*[outputs[i].array for i in live])))
    record(whole, forward, (_joined(inputs, [args[i] for i in wanted]),), (rule,), {})
    for k, i in enumerate(live):
        part = results.part(whole, k).to(results.kinds[k])
        if any(outputs[i] is x for x in dirty):
            outputs[i]._take_history(part)
        else:
            outputs[i] = part
    return outputs


def _joined(vector: _Vector, tensors: Sequence[Tensor]) -> Tensor:
    """The inputs as one operand. Its value is never used, so it takes up no memory."""
    if len(tensors) == 1:
        return tensors[0]
    joined = wrap(np.broadcast_to(np.zeros((), np.result_type(*vector.kinds)), (vector.ends[-1],)))
    rules = [_slice_rule(vector, k) for k in range(len(tensors))]
    record(joined, vector.pack, tensors, rules, {})
    return joined


def _slice_rule(vector: _Vector, k: int) -> Callable[[Tensor], Tensor]:
    def rule(g: Tensor) -> Tensor:
        part: Tensor = vector.part(g, k)
        return part

    rule.__qualname__ = "Function.inputs.<locals>.<lambda>"
    return rule


def _place(tensor: Any, outputs: Sequence[Tensor]) -> Any:
    """A saved tensor, or its number if it is an output."""
    return next((k for k, out in enumerate(outputs) if out is tensor), tensor)


def _one_each(found: Any, count: int, name: str) -> tuple[Any, ...]:
    """What `backward` returned, as one gradient per input. Further ones may be None."""
    gradients = tuple(found) if isinstance(found, tuple | list) else (found,)
    if len(gradients) < count or any(g is not None for g in gradients[count:]):
        raise GraphError(
            f"{name}.backward returned {len(gradients)} gradients for {count} inputs of forward: return one for each, None "
            "for those that have none"
        )
    return gradients
