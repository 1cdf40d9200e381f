"""Saving memory by computing twice: what a part of the network keeps for the backward pass is dropped and computed again.

A recorded operation keeps values for its gradient rules, in the rules' closures. `checkpoint` runs a function, and then
takes the rules away from all operations that were recorded meanwhile. What stays are the nodes: where gradients flow is
known, only the values are not. When a backward pass comes to the first such node, the function is run again on the same
inputs, and the operations that it records then lend their rules to the nodes of the first run, one by one in their order.
So it is the same graph that is walked, in the same order, and its gradients are the same to the last bit; gradients of
gradients, hooks, several results and functions within functions need nothing of their own.

Source: T. Chen, B. Xu, C. Zhang and C. Guestrin, Training Deep Nets with Sublinear Memory Cost, arXiv:1604.06174, 2016.
PyTorch calls this form `use_reentrant=False`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from threading import get_ident
from typing import Any
from weakref import ref

from minigrad.clock import changed_since, tick
from minigrad.errors import GraphError, MutationError
from minigrad.freeing import GONE, Dropped, free
from minigrad.grad_mode import is_grad_enabled, recording
from minigrad.graph import Node, Rule, line_of, listening, watchers
from minigrad.random import default_generator, fork_rng, get_rng_state, set_rng_state
from minigrad.tensor import Tensor

__all__ = ["CheckpointError", "checkpoint", "checkpoint_sequential", "noop_context_fn"]


class CheckpointError(GraphError):
    """A function under `checkpoint` did something else when it was run for the second time."""


def noop_context_fn() -> tuple[AbstractContextManager[Any], AbstractContextManager[Any]]:
    """Two contexts that do nothing: for the first run of a function, and for the second."""
    return nullcontext(), nullcontext()


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
    context_fn: Callable[[], tuple[AbstractContextManager[Any], AbstractContextManager[Any]]] = noop_context_fn,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    **kwargs: Any,
) -> Any:
    """`function(*args, **kwargs)`, of which nothing is kept for the backward pass but the arguments.

    The backward pass runs the function a second time when it needs what was dropped. Results may be anything that the
    function returns, in any structure; gradients, also those of parameters that the function uses without being given
    them and gradients of gradients, are those without `checkpoint`, bit for bit.

    Args:
        preserve_rng_state: draw the same random numbers (from the default generator) in the second run.
        context_fn: gives two contexts, the first to run the function in, the second to run it again in.
        determinism_check: "default" compares each operation of the second run with that of the first, "none" only
            their number.
        use_reentrant, debug, early_stop: accepted. There is one form, which is PyTorch's use_reentrant=False.

    Raises ValueError for another `determinism_check`. The backward pass raises CheckpointError if the second run did other
    operations than the first, or gave other shapes or dtypes; MutationError if an argument was written to since
    `checkpoint` began, or another tensor whose value the function's operations used since it ended, or if the function
    itself writes to one.

    What the function does besides computing its result is done twice: a BatchNorm counts a batch twice. A change that
    leaves every shape as it is and is not made in place to such a tensor (a global factor that has another value the second
    time) is not noticed. In a compiled step, and under `no_grad`, the function is run once and nothing is dropped.

    >>> import minigrad
    >>> w = minigrad.tensor([1.0, 2.0], requires_grad=True)
    >>> runs = []
    >>> def deep(x):
    ...     runs.append("run")
    ...     return (x * w).exp().sin()
    >>> y = minigrad.checkpoint(deep, minigrad.ones(2))
    >>> y.sum().backward()
    >>> runs, w.grad
    (['run', 'run'], tensor([-2.4784,  3.3129]))
    """
    if determinism_check not in ("default", "none"):
        raise ValueError(f"checkpoint: determinism_check={determinism_check!r}: it is 'default' or 'none'")
    first, second = context_fn()
    if not is_grad_enabled() or listening.tape is not None:
        with first:
            return function(*args, **kwargs)
    region = _Region(function, args, kwargs, second, preserve_rng_state, determinism_check == "default")
    dropped = Dropped(("checkpoint()", *line_of(sys._getframe(1))))
    with first:
        result, nodes = region.first_run()
    dropped.region = region
    region.drop(nodes, dropped)
    return result


def checkpoint_sequential(
    functions: Iterable[Callable[..., Any]],
    segments: int,
    input: Any,
    use_reentrant: bool | None = None,
    *,
    preserve_rng_state: bool = True,
) -> Any:
    """One function after the other, as in `nn.Sequential`, cut into `segments`, each but the last under `checkpoint`.

    With n layers in about √n segments, memory for activations grows like √n instead of n, for at most one more forward
    pass. The last segment's activations are the first that are needed, so they are kept.

    Raises ValueError unless there are between 1 and as many segments as functions.

    >>> import minigrad
    >>> from minigrad import nn
    >>> model = nn.Sequential(*[nn.Linear(3, 3) for _ in range(9)])
    >>> x = minigrad.ones(2, 3)
    >>> minigrad.utils.checkpoint.checkpoint_sequential(model, 3, x).equal(model(x))
    True
    """
    functions = list(functions)
    if not 1 <= segments <= len(functions):
        raise ValueError(
            f"checkpoint_sequential: {segments} segments of {len(functions)} functions: ask for at least 1, and for at most "
            "one per function"
        )
    size = len(functions) // segments
    for start in range(0, size * (segments - 1), size):
        input = checkpoint(
            _chain(functions[start : start + size]),
            input,
            use_reentrant=use_reentrant,
            preserve_rng_state=preserve_rng_state,
        )
    return _chain(functions[size * (segments - 1) :])(input)


def _chain(functions: list[Callable[..., Any]]) -> Callable[[Any], Any]:
    def run(input: Any) -> Any:
        for function in functions:
            input = function(input)
        return input

    return run


class _Region:
    """A function and its arguments, and the operations that it recorded, to be recorded again."""

    def __init__(
        self, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any],
        context: AbstractContextManager[Any], preserve: bool, compare: bool,
    ) -> None:  # fmt: skip
        self.function, self.args, self.kwargs, self.context, self.compare = function, args, kwargs, context, compare
        self.preserve = preserve
        self.state: Tensor | None = None
        self.start = self.end = tick()
        self.nodes: list[ref[Node]] = []
        self.used: list[ref[Tensor]] = []  # constants and leaves; those that the function made die with it
        self.versions: list[list[int]] = []  # of results from outside

    def listen(self) -> tuple[Any, list[Node]]:
        """Run the function: what it returns, and the operations that were recorded meanwhile in this thread."""
        listener = _Listener()
        watchers.append(listener)
        try:
            return self.function(*self.args, **self.kwargs), listener.nodes
        finally:
            watchers.remove(listener)

    def first_run(self) -> tuple[Any, list[Node]]:
        """`listen`, and remember where the random numbers that were drawn meanwhile, if any, began."""
        state, uses = (get_rng_state() if self.preserve else None), default_generator.uses
        found = self.listen()
        if default_generator.uses != uses:
            self.state = state
        return found

    def drop(self, nodes: list[Node], dropped: Dropped) -> None:
        """Take from the nodes what they hold. They refer to this region from then on, and it to them only weakly."""
        self.nodes = [ref(node) for node in nodes]
        self.end = tick()
        inside, seen = set(nodes), set()
        for inner in {node.freed.region for node in nodes if isinstance(node.freed, Dropped)}:
            self.used += inner.used
            self.versions += inner.versions
        for node in nodes:
            for used in _used_by(node):
                if used not in inside and id(used) not in seen:
                    seen.add(id(used))
                    if type(used) is Node:
                        self.versions.append(used.version)
                    elif isinstance(used, Tensor):
                        self.used.append(ref(used))
        for node in nodes:
            if node.rules is GONE:
                if isinstance(node.freed, Dropped):  # by a region within this one, which is no longer needed
                    node.freed = dropped
            else:
                free(node, dropped, any(_holds(rule) for rule in node.rules), listening.tape is None)

    def compute_again(self) -> None:
        """Run the function a second time and give the nodes of the first run the rules of the second."""
        self.check_unchanged()
        now = tick()
        with recording(True), fork_rng(enabled=self.state is not None), self.context:
            if self.state is not None:
                set_rng_state(self.state)
            _, again = self.listen()
        self.check_unwritten(now)
        olds = [node() for node in self.nodes]
        if len(again) != len(olds):
            raise _differs(f"{len(again)} operations instead of {len(olds)}")
        if self.compare:
            for old, new in zip(olds, again):
                if old is not None and (new.label, new.shape, new.dtype) != (old.label, old.shape, old.dtype):
                    raise _differs(f"{_described(new)} instead of {_described(old)}")
        places = {new: old for new, old in zip(again, olds) if old is not None}
        inner: set[_Region] = set()
        for new, old in places.items():
            if old.rules is not GONE or not isinstance(old.freed, Dropped):
                continue  # it kept its rules, or a backward pass in the function itself has freed it
            if new.rules is GONE and isinstance(new.freed, Dropped):
                old.freed = new.freed  # to be computed again in its turn
                inner.add(new.freed.region)
            else:
                old.freed, old.wants_out, old.out = None, new.wants_out, new.out
                old.version = new.version if new.version[0] > new.time else [0]
                old.rules = [_lent(rule, new.time, places) for rule in new.rules]
        for region in inner:
            region.take_the_place_in(places)

    def take_the_place_in(self, places: dict[Node, Node]) -> None:
        """Speak for the nodes of the first run instead of those of the second, in which this region was made."""
        for i, made in enumerate(self.nodes):
            if (node := made()) in places:
                self.nodes[i] = ref(places[node])
        for tensor in _tensors((self.args, self.kwargs)):
            _move(tensor, places)

    def check_unchanged(self) -> None:
        """MutationError where a second run would compute with other values."""
        for tensor in _tensors((self.args, self.kwargs)):
            if changed_since(tensor, self.start):
                raise _changed(f"an argument of shape {tuple(tensor.array.shape)}")
        for made in self.used:
            if (tensor := made()) is not None and changed_since(tensor, self.end):  # type: ignore[assignment]
                raise _changed(f"a tensor of shape {tuple(tensor.array.shape)} that its function uses")
        if any(version[0] > self.end for version in self.versions):
            raise _changed("a result that its function uses")

    def check_unwritten(self, since: int) -> None:
        """MutationError where the second run itself wrote to what it uses: the first one saw other values."""
        for made in self.used:
            if (tensor := made()) is not None and changed_since(tensor, since):
                raise MutationError(
                    f"checkpoint: its function writes to a tensor of shape {tuple(tensor.array.shape)} that it uses, and did "
                    "so again when it was run for the backward pass, so its gradient would be wrong: let it write to a copy "
                    "(x.clone()), or call it without checkpoint"
                )


class _Listener:
    """A watcher that notes the operations which its own thread records."""

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.thread = get_ident()

    def recorded(self, node: Node) -> None:
        """An operation was recorded."""
        if get_ident() == self.thread:
            self.nodes.append(node)

    def computed(self, node: Node, share: Any) -> None:
        """A backward pass in the function computed a gradient."""


class _Lent:
    """What a rule of a second run closes over, in the clock of that run: only writes since are changes.

    The engine sees it in the rule's closure as it would see the tensors themselves: see `autograd.Context`.
    """

    def __init__(self, rule: Rule, captured: list[Any], time: int) -> None:
        self.rule, self.captured, self.time = rule, captured, time

    @property
    def _version(self) -> list[int]:
        newest: list[int] = max((value._version for value in self.captured), default=[0])
        return newest if newest[0] > self.time else [0]

    @property
    def _detached(self) -> int:
        return self._latest("_detached")

    @property
    def _reshaped(self) -> int:
        return self._latest("_reshaped")

    def _latest(self, what: str) -> int:
        latest: int = max((getattr(value, what) for value in self.captured), default=0)
        return latest if latest > self.time else 0

    @property
    def array(self) -> Any:
        """The array that was written to last: for the engine's error message."""
        return max(self.captured, key=lambda value: value._version[0]).array


def _lent(rule: Rule | None, time: int, places: dict[Node, Node]) -> Rule | None:
    """A rule of the second run, to stand in a node of the first."""
    if rule is None or not _holds(rule):
        return rule
    values = [cell.cell_contents for cell in rule.__closure__ or ()]
    captured = [value for value in values if hasattr(value, "_version")]
    if not captured:
        return rule
    for value in captured:
        for tensor in getattr(value, "_saved", (value,)):
            _move(tensor, places)
    lent = _Lent(rule, captured, time)
    return (lambda g: lent.rule(g)) if rule.__code__.co_argcount == 1 else lambda g, out: lent.rule(g, out)


def _move(tensor: Any, places: dict[Node, Node]) -> None:
    """Let a value of the second run be the result of the first run's node: gradients of gradients go there."""
    node = getattr(tensor, "_node", None)
    if node in places:
        tensor._node = places[node]


def _holds(rule: Rule | None) -> bool:
    """Does a rule close over anything, or ask for the result?"""
    return rule is not None and bool(rule.__closure__ or rule.__code__.co_argcount == 2)


def _used_by(node: Node) -> Iterator[Any]:
    """The results, leaves and constants whose values an operation used, or its rules will."""
    yield from node.targets
    for rule in node.rules:
        for cell in (rule is not None and rule.__closure__) or ():
            if isinstance(value := cell.cell_contents, Tensor) and value._node is None:
                yield value


def _tensors(part: Any) -> Iterator[Tensor]:
    """The tensors in nested tuples, lists and dicts."""
    if isinstance(part, Tensor):
        yield part
    elif isinstance(part, dict | list | tuple):
        for item in part.values() if isinstance(part, dict) else part:
            yield from _tensors(item)


def _described(node: Node) -> str:
    return f"{node.name}, a result of shape {tuple(node.shape)} and type {node.dtype},"


def _differs(what: str) -> CheckpointError:
    return CheckpointError(
        f"checkpoint: run again for the backward pass, the function recorded {what.rstrip(',')}, so its gradient is not "
        "known: a function under checkpoint must do the same each time, so let it depend on its arguments alone, or call it "
        "without checkpoint"
    )


def _changed(what: str) -> MutationError:
    return MutationError(
        f"checkpoint: {what} was modified in place before the backward pass, which has to run the function again, so its "
        "gradient would be wrong: write the changed value to a new tensor (x = x + 1 for x += 1, x.clone() before "
        "x[i] = v), or call backward() before the change"
    )
