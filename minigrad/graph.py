"""The algorithm of reverse-mode differentiation: record operations, then walk them backwards by the chain rule.

This file knows no NumPy and no particular operation. It knows two things:

* `apply` runs an operation and, where a gradient will be wanted, records it as a `Node`;
* `backpropagate` visits the nodes from the last one made to the first, handing each operand its share of the gradient.

One clock orders everything. Each recorded operation and each in-place write takes the next tick, so

* "descending time" is a topological order of any graph: an operation is always younger than its operands;
* a value has changed since an operation saw it exactly when its last write is younger than the operation.

Source: A. Griewank and A. Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, chapter 3 (reverse mode).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from heapq import heappop, heappush
from operator import attrgetter
from types import FrameType, FunctionType
from typing import TYPE_CHECKING, Any, TypeAlias

from minigrad.clock import changed_since, tick, written
from minigrad.errors import changed, detached_operand, explain, freed_before, reshaped_leaf, unfit_rule
from minigrad.freeing import GONE, SMALL, Dropped, alone, free
from minigrad.grad_mode import modes
from minigrad.hooks import run_hooks
from minigrad.names import printed_name

if TYPE_CHECKING:
    from minigrad.tensor import Tensor

Rule: TypeAlias = "Callable[..., Any]"  # gradient of the result [, the result itself] -> gradient of one operand
Target: TypeAlias = "Node | Tensor"  # where a gradient flows to: an earlier operation, or a leaf

_new = object.__new__
watchers: list[
    Any
] = []  # told of every node that is recorded and every share that is computed: see autograd/anomaly.py


# When backward passes that were themselves recorded began and ended: pictures tell their operations apart.
recorded_passes: deque[list[int]] = deque(maxlen=64)


class Listening:
    """Who hears every operation."""

    __slots__ = ("tape", "changes", "reads")

    def __init__(self) -> None:
        self.tape: Any = None  # of a function that is being compiled, if any
        self.changes = 0  # of module attributes, hooks, requires_grad, data: a compiled function looks when it rises
        self.reads = 0  # of `.grad` by the user: while it stays, nobody else holds a gradient


listening = Listening()


# ── recording ────────────────────────────────────────────────────────────────────────────────────────────────────────


class Node:
    """One recorded operation: what ran, what it ran on, and a gradient rule per operand (None where none is wanted).

    `record` makes it and fills it in.
    """

    __slots__ = (
        "forward", "kwargs", "targets", "rules", "time", "shape", "dtype",
        "label", "wants_out", "plain", "small", "fits", "out", "version", "hooks", "retainer", "freed", "gradient",
        "__weakref__",
    )  # fmt: skip

    forward: Callable[..., Any]
    kwargs: dict[str, Any]
    targets: list[Target]  # per operand: the operation that made it, or the tensor itself (a leaf or a constant)
    rules: list[Rule | None]
    time: int
    shape: tuple[int, ...]
    dtype: Any
    label: str  # the qualified name of a rule, which holds the name of the operation: see `name`
    wants_out: bool  # does a rule take the result as its second argument?
    plain: bool  # may the rules be given arrays instead of tensors?
    small: bool  # is the result small enough to keep for a picture?
    fits: bool  # has the tensor of the result the shape and dtype of this? Not if it was given other data
    out: Any  # the result's array, if a rule asks for it or if it is small
    version: list[int]  # the time of the last in-place write to the result, shared with it
    hooks: list[Callable[[Any], Any]] | None
    retainer: Any  # a weak reference to the tensor that wants `.grad` kept
    freed: tuple[str, str, int] | None  # the call that freed this node, its file and its line
    gradient: Any  # the last gradient that came by, where small: for pictures only, never read by the backward pass

    @property
    def name(self) -> str:
        """The operation's name, as its method is spelt: the rule `Arithmetic.mul.<locals>.<lambda>` belongs to mul."""
        return name_in(self.label)

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """The operations this one's operands came from, as PyTorch lists them; None for leaves and constants."""
        return tuple((target if type(target) is Node else None, 0) for target in self.targets)

    def __repr__(self) -> str:
        return f"<{printed_name(self)}>"


def apply(
    forward: Callable[..., Any],
    operands: Sequence[Tensor],
    rules: Sequence[Rule | None] = (),
    *,
    plain: Any = False,
    **kwargs: Any,
) -> Tensor:
    """Run `forward` on the operands' arrays; record the operation if it has rules and an operand wants a gradient.

    `rules` holds one function per operand: given the gradient of the result it returns the gradient of that operand,
    in Tensor operations, so that it can itself be differentiated. A rule that needs the result takes it as a second
    argument and never closes over it: that would be a reference cycle. What a rule does close over must not change before
    the backward pass, and is kept alive until then; so are constants, which pictures show.

    With `plain`, the rules say that they take arrays as well as tensors, in the place of the gradient and of the result, and
    then give an array, of the operand's shape and dtype: a backward pass that nobody records, watches or compiles has no use
    for the tensors between. All of them take the result, or none.
    """
    n = len(operands)
    try:
        if listening.tape is not None:
            array = listening.tape.run(forward, operands, kwargs)
        elif n == 2:  # the common cases, without an argument list
            first, second = operands
            array = forward(first.array, second.array, **kwargs) if kwargs else forward(first.array, second.array)
        elif kwargs:
            array = forward(*[operand.array for operand in operands], **kwargs)
        elif n == 1:
            array = forward(operands[0].array)
        elif n == 3:
            first, second, third = operands
            array = forward(first.array, second.array, third.array)
        else:
            array = forward(*[operand.array for operand in operands])
    except (ValueError, TypeError) as error:
        raise explain(error, operation_name(forward, rules), operands) from error
    result = operands[0]._wrap(array)
    if rules:
        for operand in operands:
            if operand._requires_grad or operand._view is not None:  # a view may have a history it has not seen yet
                if modes()[-1].enabled:
                    record(result, forward, operands, rules, kwargs, plain)
                break
    return result


def record(
    result: Tensor,
    forward: Callable[..., Any],
    operands: Sequence[Tensor],
    rules: Sequence[Rule | None],
    kwargs: dict[str, Any],
    plain: bool = False,
) -> None:
    """Make `result` the outcome of a new node. Does nothing if no operand with a rule wants a gradient."""
    if len(operands) != len(rules):
        raise TypeError(
            f"{operation_name(forward, rules)}: {len(operands)} operands but {len(rules)} rules: give one each"
        )
    targets: list[Target] = []
    active: list[Rule | None] = []
    last: Rule | None = None
    wants_out = False
    try:
        for operand, rule in zip(operands, rules):
            if operand._view is not None:
                operand._view.refresh(operand)
            if rule is not None and operand._requires_grad:
                targets.append(operand._node or operand)
                active.append(rule)
                if last is None or not plain:  # plain ones are alike
                    last = rule
                    if rule.__code__.co_argcount == 2:
                        if type(rule) is not FunctionType or rule.__defaults__:
                            raise unfit_rule(operation_name(forward, rules), rule)
                        wants_out = True
            else:
                targets.append(operand)
                active.append(None)
    except AttributeError:
        for rule in rules:
            if rule is not None and not hasattr(rule, "__code__"):
                raise unfit_rule(operation_name(forward, rules), rule) from None
        raise
    if last is None:
        return
    node = _new(Node)
    array = result.array
    node.forward = forward
    node.kwargs = kwargs
    node.targets = targets
    node.rules = active
    node.label = last.__qualname__
    node.wants_out = wants_out
    node.plain = plain
    node.time = tick()
    node.shape = array.shape
    node.dtype = array.dtype
    node.version = result._version
    node.small = small = array.size <= SMALL
    node.fits = True
    node.out = array if wants_out or small else None
    node.hooks = None
    node.retainer = None
    node.freed = None
    node.gradient = None
    result._node = node
    result._requires_grad = True
    if watchers:
        for watcher in watchers:
            watcher.recorded(node)


def operation_name(forward: Callable[..., Any], rules: Sequence[Rule | None]) -> str:
    """The name of an operation that has no node (yet): from a rule, or failing that from the function it runs."""
    for rule in rules:
        if rule is not None and hasattr(rule, "__qualname__"):
            return name_in(rule.__qualname__)
    return str(getattr(forward, "__name__", forward))


def name_in(label: str) -> str:
    """The method's name in the qualified name of its rule, without the underscores that mark it as internal."""
    return label.partition(".<locals>")[0].rpartition(".")[2].strip("_")


def pass_on_retainer(tensor: Tensor, old: Node | None) -> None:
    """After `tensor`, until now the result of `old`, was given another history: it still wants its `.grad` kept."""
    new = tensor._node
    if old is not None and old.retainer is not None and old.retainer() is tensor and new is not None:
        old.retainer, new.retainer = None, old.retainer


# ── the backward pass ────────────────────────────────────────────────────────────────────────────────────────────────


def backpropagate(
    seeds: Sequence[tuple[Target, Tensor]],
    *,
    wanted: Sequence[Target] | None = None,
    keep: bool = False,
    every: bool = True,
    freed_by: tuple[str, str, int] | None = None,
) -> Iterator[tuple[Target, Tensor]]:
    """Yield (target, gradient) for every operation and leaf that the seeds depend on, each once, with its full gradient.

    `seeds` pairs each root with the gradient it starts from. With `wanted`, only the paths that lead to those targets
    are walked. Unless `every`, operations are yielded only where the `.grad` of their result is kept. Unless `keep`, each
    node that holds something lets go of its rules and what they captured as soon as it has been visited.

    Of the nodes that hold a gradient, the youngest is always visited next. Whatever uses a node's result is younger than
    the node, so by then every share of its gradient has arrived.
    """
    pending: dict[Target, Any] = {}  # tensors; from a plain rule to a node, which nobody else looks at, arrays
    youngest: list[tuple[int, Node]] = []  # a heap of the pending nodes, by descending time
    wrap: Any = None
    useful = None if wanted is None else leading_to(wanted, seeds)
    for root, gradient in seeds:
        wrap = gradient._wrap
        if useful is not None and root not in useful:
            continue
        if root in pending:
            gradient = pending[root] + gradient
        elif type(root) is Node:
            heappush(youngest, (-root.time, root))
        pending[root] = gradient
    again = modes()[-1].enabled  # is the pass itself being recorded?
    heard = listening.tape is not None
    bare = not (again or heard or watchers)  # will nobody look at what its rules do?
    if again:
        span = [tick(), 0]
        recorded_passes.append(span)
    while youngest:
        node = heappop(youngest)[1]
        gradient = pending.pop(node)
        if every or node.hooks or node.retainer is not None:
            gradient = tensor_of(gradient, wrap)
            if node.hooks:
                gradient = run_hooks(node.hooks, gradient)
            if every or node.retainer is not None:
                yield node, gradient
        array = getattr(gradient, "array", gradient)  # an array has none
        if node.small:
            node.gradient = array
        while node.rules is GONE and (useful is None or not useful.isdisjoint(node.targets)):
            if not isinstance(node.freed, Dropped):
                raise freed_before(node)
            node.freed.region.compute_again()
        time = node.time
        wants_out = node.wants_out
        holds: Any = wants_out  # does a rule?
        plain = bare and node.plain and (written[0] < time or untouched(node))
        if not plain and array is gradient:
            gradient = wrap(array)
        for target, rule in zip(node.targets, node.rules):
            if rule is None or (useful is not None and target not in useful):
                continue
            interior = type(target) is Node
            if plain:
                holds = holds or rule.__closure__
                share = found = rule(array, node.out) if wants_out else rule(array)
                if not interior:
                    share = wrap(found)
                elif useful is not None or not target.fits or not target.shape:  # type: ignore[union-attr]
                    share = fitted(wrap(found), target)  # for a user, of other data, or one of NumPy's own numbers
                    found = share.array
            else:
                for cell in rule.__closure__ or ():
                    if hasattr(value := cell.cell_contents, "_version"):  # the rule captured a tensor
                        holds = True
                        if written[0] > time and changed_since(value, time):
                            raise changed(node, f"an operand of shape {tuple(value.array.shape)}")
                        if again and value._detached > time:
                            raise detached_operand(node, value.array.shape)
                like: Any = target
                if not interior:
                    like = target.array  # type: ignore[union-attr]
                    if target._version[0] > time and target._reshaped > time:  # type: ignore[union-attr]
                        raise reshaped_leaf(node, target)
                if wants_out and rule.__code__.co_argcount == 2:
                    share = rule(gradient, result_of(node, gradient))
                else:
                    share = rule(gradient)
                if watchers:
                    for watcher in watchers:
                        watcher.computed(node, share)
                found = share.array
                if found.shape != like.shape or found.dtype is not like.dtype:
                    share = fitted(share, like)
                    found = share.array
            if target in pending:
                pending[target] = tensor_of(pending[target], wrap) + tensor_of(share, wrap)
                continue
            if interior:
                heappush(youngest, (-target.time, target))  # type: ignore[union-attr, misc]
            if (not interior or useful is not None) and (
                found is array or share is gradient or (found.base is not None and not (plain and alone(found)))
            ):
                share = share.clone()  # a gradient that the user receives shares memory with no other
            pending[target] = share
        if not keep:
            free(node, freed_by, holds, not heard)
    if again:
        span[1] = tick()
    for target, gradient in pending.items():
        hooks = target.hooks
        yield target, (run_hooks(hooks, gradient) if hooks else gradient)


def tensor_of(gradient: Any, wrap: Callable[[Any], Tensor]) -> Tensor:
    """A gradient as a tensor, if it is still an array."""
    return gradient if hasattr(gradient, "_node") else wrap(gradient)


def fitted(share: Tensor, like: Any) -> Tensor:
    """A share in the shape and dtype of what it flows to: summed where that was broadcast, converted where it was."""
    if share.array.shape != like.shape:
        share = share.sum_to_size(like.shape)
    return share if share.array.dtype is like.dtype else share.to(like.dtype)


def leading_to(wanted: Sequence[Target], seeds: Sequence[tuple[Target, Tensor]]) -> set[Target]:
    """The targets, among those the seeds depend on, from which one of `wanted` can be reached."""
    found = {root for root, _ in seeds if type(root) is Node}
    stack = list(found)
    while stack:
        for target in stack.pop().targets:
            if type(target) is Node and target not in found:
                found.add(target)
                stack.append(target)
    useful = set(wanted)
    for node in sorted(found, key=attrgetter("time")):
        if not useful.isdisjoint(node.targets):
            useful.add(node)
    return useful


def line_of(frame: FrameType) -> tuple[str, int]:
    """The file and the line that a frame is at."""
    return frame.f_code.co_filename, frame.f_lineno


def untouched(node: Node) -> bool:
    """Was nothing written to since that the rules look at, the result or what they captured, nor a leaf that they lead to?"""
    time = node.time
    if node.wants_out and node.version[0] > time:
        return False
    for target, rule in zip(node.targets, node.rules):
        if rule is not None:
            if type(target) is not Node and target._version[0] > time:  # type: ignore[union-attr]
                return False
            for cell in rule.__closure__ or ():
                if hasattr(value := cell.cell_contents, "_version") and changed_since(value, time):
                    return False
    return True


def result_of(node: Node, like: Tensor) -> Tensor:
    """The node's own result, as a tensor: made afresh, so that the graph never refers to itself. MutationError if it was
    written to since."""
    if node.version[0] > node.time:
        raise changed(node, f"its result of shape {tuple(node.shape)}")
    result = like._wrap(node.out)
    result._node, result._requires_grad, result._version = node, True, node.version
    return result
