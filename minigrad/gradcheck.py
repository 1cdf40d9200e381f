"""Gradients compared with finite differences: `gradcheck`, the test that every rule of one's own should pass.

What is compared, and what else can be wrong, is here; how two Jacobians are compared, and what is said of the worst
difference, is in `differences.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np

from minigrad.autograd import grad
from minigrad.backward import seed_for
from minigrad.differences import Comparison, GradcheckError
from minigrad.errors import ShapeError
from minigrad.grad_mode import enable_grad, no_grad
from minigrad.graph import Node, backpropagate
from minigrad.tensor import Tensor, wrap

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]

Array: TypeAlias = "np.ndarray[Any, Any]"

# A Jacobian of at most so many numbers is compared whole; of a larger one, what it does to some random directions.
FULL = 2_500
DIRECTIONS = 4


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-4,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    order: int = 1,
    directions: int | None = None,
    seed: int = 0,
) -> bool:
    """True if the gradients of `func(*inputs)` agree with finite differences; GradcheckError, which says where, if not.

    The inputs are those to differentiate by, which require grad, and any other arguments of `func`, which may return
    one tensor or a tuple or list. They are widened to float64 while the check lasts, as are their values where `func`
    uses them without being given them (a layer's parameters, say), and are themselves again when it ends. Keep them
    away from kinks and jumps: there a gradient is a convention, a difference is not.

    Also checked: that `func` and its gradient give the same numbers twice; that neither writes into the inputs, and no
    rule into the gradient it is handed; that what a rule gives has its operand's shape, or one that broadcasting made of
    it; that float32 inputs, if that is what was given, give nothing wider.

    Args:
        func: a function of tensors to one or several tensors; what is not floating point among them is left out.
        inputs: one tensor, or a sequence of arguments.
        eps: the step, relative for numbers larger than 1.
        atol, rtol: how far analytical and numerical numbers may differ, |a - n| <= atol + rtol·|n|, beyond rounding.
            PyTorch's rtol is 1e-3, in which a rule that is wrong by 0.1 % passes.
        raise_exception: False to return False instead of raising GradcheckError.
        nondet_tol: how far two runs may differ.
        order: up to which order to check: 2 also checks the gradient of the gradient, and so on.
        directions: compare along so many random directions, at the cost of two calls and one backward pass each,
            instead of element by element. Unless told: where a Jacobian would hold more than 2,500 numbers, 4.
        seed: for the directions, and for the gradients that the function's outputs start from at order 2 and above.

    Raises ValueError if no input requires grad or an argument makes no sense, TypeError if `func` gives no
    floating-point tensor.

    >>> import minigrad
    >>> x = minigrad.tensor([0.5, 2.0], requires_grad=True)
    >>> gradcheck(lambda x: x.log() * x, x, order=2)
    True
    >>> gradcheck(lambda x: x.detach() * x, x)
    Traceback (most recent call last):
    ...
    minigrad.differences.GradcheckError: gradcheck: the gradient of output 0, of shape (2,), with respect to input 0, of \
shape (2,), differs from finite differences in 2 of 4 numbers, most at output[1] and input[1]: analytical 2, numerical 4 \
(they may differ by 0.00041). Every number is 0.5 times the right one: look for that factor in a rule, or for an operand \
left out.
    """
    args = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    if not any(isinstance(x, Tensor) and x.requires_grad for x in args):
        raise ValueError(f"gradcheck: none of the {len(args)} inputs requires grad: x.requires_grad_() what to check")
    if order < 1 or not eps > 0 or (directions is not None and directions < 1):
        raise ValueError(
            f"gradcheck: order={order}, eps={eps}, directions={directions}: use an order from 1, a positive eps, and "
            "directions from 1 (or None)"
        )
    settings = _Settings(eps, atol, rtol, nondet_tol, directions, np.random.default_rng(seed))
    level = _Level(func, args, [f"input {i}" for i in range(len(args))])
    try:
        _check_width(level)
        with _in_float64(args):
            for _ in range(order - 1):
                _check_level(level, settings)
                level = _differentiated(level, settings.rng)
            _check_level(level, settings)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(func: Callable[..., Any], inputs: Any, **settings: Any) -> bool:
    """`gradcheck` of the gradient too: PyTorch's name for order=2.

    >>> import minigrad
    >>> gradgradcheck(minigrad.Tensor.exp, minigrad.tensor(0.5, requires_grad=True))
    True
    """
    return gradcheck(func, inputs, order=2, **settings)


@dataclass(frozen=True)
class _Settings:
    """How to check."""

    eps: float
    atol: float
    rtol: float
    nondet_tol: float
    directions: int | None
    rng: np.random.Generator


@dataclass(frozen=True)
class _Level:
    """What to check at one order: a function, its arguments, and what these and the results are called."""

    function: Callable[..., Any]
    args: list[Any]
    names: list[str]
    results: list[str] = field(default_factory=list)
    order: int = 1

    @property
    def checked(self) -> list[int]:
        """Which arguments to differentiate by."""
        return [i for i, x in enumerate(self.args) if isinstance(x, Tensor) and x.requires_grad]

    @property
    def title(self) -> str:
        return "gradcheck" if self.order == 1 else f"gradcheck at order {self.order}"

    def outputs(self) -> dict[str, Tensor]:
        """The function's floating-point results by name."""
        result = self.function(*self.args)
        items = list(result) if isinstance(result, tuple | list) else [result]
        names = self.results or [f"output {i}" for i in range(len(items))]
        outputs = {
            name: item
            for name, item in zip(names, items, strict=True)
            if isinstance(item, Tensor) and item.is_floating_point()
        }
        if not outputs:
            kinds = ", ".join(type(item).__name__ for item in items)
            raise TypeError(
                f"gradcheck: the function returned no floating-point tensor but {kinds}: return one, or some"
            )
        return outputs


# ── the function, its dtypes, and what it must leave alone ───────────────────────────────────────────────────────────


def _check_width(level: _Level) -> None:
    """In the precision given: no output may be wider than every input."""
    widest = max(x.array.itemsize for x in level.args if isinstance(x, Tensor) and x.is_floating_point())
    for name, out in level.outputs().items():
        if out.array.itemsize > widest:
            raise GradcheckError(
                f"gradcheck: {name} is {out.array.dtype}, wider than every floating-point input: a float64 array or "
                "np.float64 number met them on the way; convert it first, or give float64 inputs if that is meant"
            )


@contextmanager
def _in_float64(args: Sequence[Any]) -> Iterator[None]:
    """The floating-point tensors among `args`, as float64 leaves in memory of their own inside the block."""
    tensors = {id(x): x for x in args if isinstance(x, Tensor) and x.is_floating_point()}.values()
    before = [(x.array, x._node, x._view, x._version) for x in tensors]
    wants = [x.requires_grad for x in tensors]
    try:
        for x, wanted in zip(tensors, wants, strict=True):
            x.array = np.array(x.array, np.float64)
            x._node = x._view = None
            x._requires_grad, x._version = wanted, [0]
        yield
    finally:
        for x, (array, node, view, version) in zip(tensors, before, strict=True):
            x.array, x._node, x._view, x._version = array, node, view, version


def _check_level(level: _Level, settings: _Settings) -> None:
    """Every check at one order."""
    before = [np.array(x.array) if isinstance(x, Tensor) else None for x in level.args]
    outputs = level.outputs()
    for name, out in outputs.items():
        if out.array.itemsize < 8:
            raise GradcheckError(
                f"{level.title}: {name} is {out.array.dtype} for float64 inputs, too coarse for finite differences: the "
                "function converts to it, or mixes in other tensors of that type; make them float64, module.double()"
            )
    _check_unchanged(level, before, "the function")
    for name, out in outputs.items():
        for i in level.checked:
            x = level.args[i]
            if np.may_share_memory(out.array, x.array) and out._version is not x._version:
                raise GradcheckError(
                    f"{level.title}: {name} shares memory with {level.names[i]} and neither would notice a write into the "
                    "other: record it with minigrad.views.apply_view, or return a copy"
                )
    for (name, out), other in zip(outputs.items(), level.outputs().values(), strict=True):
        if not _same(out.array, other.array, settings.nondet_tol):
            raise GradcheckError(
                f"{level.title}: {name} differs between two calls with the same inputs: seed what is random in the "
                "function inside it, or switch it off (module.eval()); or allow it with nondet_tol"
            )
    _check_rules(level, outputs.values())
    if any(out.requires_grad for out in outputs.values()):
        seeds = {name: settings.rng.standard_normal(out.shape) for name, out in outputs.items() if out.requires_grad}
        first = _walk(level, outputs, seeds)
        _check_unchanged(level, before, "the backward pass")
        for i, gradient in _walk(level, outputs, seeds).items():
            if not _same(gradient, first[i], settings.nondet_tol):
                raise GradcheckError(
                    f"{level.title}: the gradient of {level.names[i]} differs between two backward passes over one graph: "
                    "a rule is random, or changes what it works on; or allow it with nondet_tol"
                )
    _compare(level, outputs, settings)


def _check_rules(level: _Level, outputs: Iterable[Tensor]) -> None:
    """What a rule needs has to be in its closure, where the engine sees that it was written to."""
    seen: set[Any] = set()
    stack: list[Any] = [out.grad_fn for out in outputs]
    while stack:
        node = stack.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        stack += [before for before, _ in node.next_functions]
        for rule in node.rules:
            if rule is not None and (rule.__defaults__ or rule.__kwdefaults__):
                raise GradcheckError(
                    f"{level.title}: a rule of {node.name} has default arguments, which nobody sees being written to: let it "
                    "close over what it needs"
                )


def _same(a: Array, b: Array, tolerance: float) -> bool:
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=0, atol=tolerance, equal_nan=True))


def _check_unchanged(level: _Level, before: Sequence[Array | None], who: str) -> None:
    for name, x, old in zip(level.names, level.args, before, strict=True):
        if old is not None and not _same(x.array, old, 0):
            raise GradcheckError(
                f"{level.title}: {who} wrote into {name}: compute on a copy, x.clone(), or write the result to a new tensor"
            )


def _walk(level: _Level, outputs: dict[str, Tensor], seeds: dict[str, Array]) -> dict[int, Array]:
    """One backward pass from all outputs, watched: the gradient of each checked input that it reaches."""
    starts = [seed_for(outputs[name], wrap(seed), level.title) for name, seed in seeds.items()]
    seen: list[tuple[Any, Tensor, Array]] = []
    try:
        with no_grad():
            for target, gradient in backpropagate(starts, keep=True):
                seen.append((target, gradient, gradient.array.copy()))
    except ShapeError as error:
        raise GradcheckError(f"{level.title}: a rule gave a gradient of a wrong shape: {error}") from error
    for target, gradient, old in reversed(seen):
        if isinstance(target, Node) and not _same(gradient.array, old, 0):
            raise GradcheckError(
                f"{level.title}: a rule of {target.name} wrote into the gradient it was given, which others may share: "
                "compute a new one, g * 2 for g *= 2"
            )
    return {i: gradient.array for i in level.checked for target, gradient, _ in seen if target is level.args[i]}


def _differentiated(level: _Level, rng: np.random.Generator) -> _Level:
    """The next order: the gradients of this level's function, as a function of its arguments and of what they start from."""
    outputs, checked, n = level.outputs(), level.checked, len(level.args)
    starts = [wrap(np.asarray(rng.standard_normal(out.shape))).requires_grad_() for out in outputs.values()]

    def gradients(*args: Any) -> Any:
        inputs = [args[i] for i in checked]
        with enable_grad():
            results = replace(level, args=list(args[:n])).outputs().values()
            live = [(out, start) for out, start in zip(results, args[n:], strict=True) if out.requires_grad]
            if not live:
                return [x.new_zeros(x.shape) for x in inputs]
            outs, starts = zip(*live, strict=True)
            return grad(outs, inputs, starts, create_graph=True, materialize_grads=True)

    return _Level(
        gradients,
        [*level.args, *starts],
        [*level.names, *(f"the gradient arriving at {name}" for name in outputs)],
        [f"the gradient of {level.names[i]}" for i in checked],
        level.order + 1,
    )


# ── analytical against numerical ─────────────────────────────────────────────────────────────────────────────────────


def _compare(level: _Level, outputs: dict[str, Tensor], settings: _Settings) -> None:
    """Compare the two for each pair of an output and an input: element by element, or along random directions."""
    checked = {i: level.args[i] for i in level.checked}
    numbers = sum(out.numel() for out in outputs.values()) * sum(x.numel() for x in checked.values())
    whole = settings.directions is None and numbers <= FULL

    def directions(x: Tensor) -> Array:
        """One per row: along each axis in turn, or random."""
        if whole:
            return np.eye(x.numel())
        return settings.rng.standard_normal((settings.directions or DIRECTIONS, x.numel()))

    seeds = {name: directions(out) for name, out in outputs.items()}
    pulled = {name: [_pull(out, seed, checked) for seed in seeds[name]] for name, out in outputs.items()}
    for i, x in checked.items():
        scale = settings.eps * np.maximum(np.abs(x.array), 1).reshape(-1)
        probes = [_probe(level, i, step * scale) for step in directions(x)]
        moves = _stack([move for _, _, move in probes], x)
        for name, out in outputs.items():
            Comparison(
                f"{level.title}: the gradient of {name}, of shape {tuple(out.shape)}, with respect to {level.names[i]}, of "
                f"shape {tuple(x.shape)},",
                tuple(out.shape),
                tuple(x.shape),
                gradients=_stack([found[i] for found in pulled[name]], x),
                moves=moves,
                seeds=seeds[name],
                up=_stack([up[name] for up, _, _ in probes], out),
                here=out.array.reshape(-1),
                down=_stack([down[name] for _, down, _ in probes], out),
                step=None if whole else settings.eps,
            ).check(settings.atol, settings.rtol, level.order)


def _stack(rows: Sequence[Array | None], like: Tensor) -> Array:
    """Arrays of the shape of `like`, or None for zeros, as the rows of a matrix."""
    return np.array([np.zeros(like.shape) if row is None else row for row in rows]).reshape(len(rows), like.numel())


def _pull(out: Tensor, seed: Array, inputs: dict[int, Tensor]) -> dict[int, Array | None]:
    """The gradients of `out`, started from `seed`: None for an input that none arrives at."""
    if not out.requires_grad:
        return dict.fromkeys(inputs)
    start = wrap(seed.reshape(out.shape))
    gradients = grad(out, list(inputs.values()), start, retain_graph=True, allow_unused=True)
    return {i: None if g is None else g.array for i, g in zip(inputs, gradients, strict=True)}


def _probe(level: _Level, i: int, step: Array) -> tuple[dict[str, Array], dict[str, Array], Array]:
    """The outputs with input i a step up and a step down, and how far the two are apart after rounding."""
    x = level.args[i]
    centre, step = x.array, step.reshape(x.shape)
    points = np.asarray(centre + step), np.asarray(centre - step)
    sides = []
    try:
        for point in points:
            x.array = point
            with no_grad(), np.errstate(all="ignore"):  # a step may lead out of the domain: the comparison says so
                sides.append({name: out.array.copy() for name, out in level.outputs().items()})
    finally:
        x.array = centre
    return sides[0], sides[1], points[0] - points[1]
