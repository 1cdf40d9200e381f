"""Whether operations are being recorded: `no_grad`, `enable_grad`, `set_grad_enabled`, for a block or for a function."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar, Token
from functools import wraps
from typing import Any

CO_GENERATOR = 0x20  # inspect.CO_GENERATOR: importing inspect would take longer than all of this package


class Mode:
    """One setting of the grad mode, on a stack: a block that ends removes its own, wherever it stands by then."""

    __slots__ = ("block", "enabled")

    def __init__(self, enabled: bool, block: object = None) -> None:
        self.enabled = enabled
        self.block = block  # the context manager that put it there; None at the foot of the stack


# A context variable: each thread and each asyncio task has its own stack. Entries are replaced, never changed: several
# stacks may hold the same one.
grad_mode: ContextVar[tuple[Mode, ...]] = ContextVar("grad_mode", default=(Mode(True),))


modes = grad_mode.get  # the stack, for those who look at it in the innermost loop
ON, OFF = Mode(True), Mode(False)


def set_recording(enabled: bool) -> Token[tuple[Mode, ...]]:
    """Switch recording on or off until `grad_mode.reset` is given what this gives: for a backward pass."""
    return grad_mode.set((*grad_mode.get(), ON if enabled else OFF))


class recording:  # noqa: N801 (used like the others, within this package)
    """`set_recording` for a block, which is left in the order it was entered."""

    __slots__ = ("enabled", "token")

    def __init__(self, enabled: bool) -> None:
        self.enabled = enabled

    def __enter__(self) -> None:
        self.token = set_recording(self.enabled)

    def __exit__(self, *exception: object) -> None:
        grad_mode.reset(self.token)


def leave(block: object) -> None:
    """End a block: its last setting goes, also from below those of blocks that are still open."""
    stack = grad_mode.get()
    for i in range(len(stack) - 1, 0, -1):
        if stack[i].block is block:
            grad_mode.set(stack[:i] + stack[i + 1 :])
            break


def is_grad_enabled() -> bool:
    """True where operations are being recorded for a backward pass."""
    return grad_mode.get()[-1].enabled


class no_grad:  # noqa: N801 (PyTorch's spelling)
    """Record no operations inside: as a `with` block, or as a decorator of a function or generator function.

    Holds for the current thread (and asyncio task) only, and ends with the block however the block ends. Inside a
    generator, decorate the generator function: a `with no_grad()` around a `yield` stays on while the generator waits.

    >>> import minigrad
    >>> w = minigrad.ones(2, requires_grad=True)
    >>> with minigrad.no_grad():
    ...     (w * 2).requires_grad
    False
    """

    enabled = False

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        """A block's context; or, given a function, that function decorated."""
        self: no_grad = super().__new__(cls)
        return self if function is None else self(function)

    def __enter__(self) -> None:
        grad_mode.set((*grad_mode.get(), Mode(self.enabled, self)))

    def __exit__(self, *exception: object) -> None:
        leave(self)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, run in this mode."""
        return within(type(self), function)


class inference_mode(no_grad):  # noqa: N801
    """`no_grad` under the name that PyTorch has for programs that only predict. `inference_mode(False)` records.

    >>> import minigrad
    >>> with minigrad.inference_mode():
    ...     (minigrad.ones(2, requires_grad=True) * 2).requires_grad
    False
    """

    def __new__(cls, mode: Any = True) -> Any:
        """A block's context; or, given a function, that function decorated."""
        self: Any = super().__new__(cls if mode else enable_grad)
        return self(mode) if callable(mode) else self


class enable_grad(no_grad):  # noqa: N801
    """Record operations inside, also within a `no_grad`. A `with` block or a decorator.

    >>> import minigrad
    >>> w = minigrad.ones(2, requires_grad=True)
    >>> with minigrad.no_grad(), minigrad.enable_grad():
    ...     (w * 2).requires_grad
    True
    """

    enabled = True


class set_grad_enabled:  # noqa: N801
    """Switch recording on or off: at once as a call, or for a `with` block or a decorated function.

    A call inside such a block holds until the block ends.

    >>> import minigrad
    >>> with minigrad.set_grad_enabled(False):
    ...     minigrad.is_grad_enabled()
    False
    """

    def __init__(self, mode: bool) -> None:
        stack = grad_mode.get()
        self.replaced = stack[-1]
        self.mode = Mode(bool(mode), self.replaced.block)
        grad_mode.set((*stack[:-1], self.mode))

    def _take_back(self) -> None:
        """Undo the call: it began a `with` statement or a decoration."""
        grad_mode.set(tuple([self.replaced if entry is self.mode else entry for entry in grad_mode.get()]))

    def __enter__(self) -> None:
        self._take_back()
        grad_mode.set((*grad_mode.get(), Mode(self.mode.enabled, self)))

    def __exit__(self, *exception: object) -> None:
        leave(self)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, run in this mode."""
        self._take_back()
        return within(enable_grad if self.mode.enabled else no_grad, function)


def within(context: type[no_grad], function: Callable[..., Any]) -> Callable[..., Any]:
    """`function`, run inside `context()`; a generator is inside it only while it runs, not while it waits."""

    @wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        with context():
            return function(*args, **kwargs)

    @wraps(function)
    def generate(*args: Any, **kwargs: Any) -> Any:
        generator = function(*args, **kwargs)
        resume, sent = generator.send, None
        try:
            while True:
                with context():
                    item = resume(sent)
                try:
                    resume, sent = generator.send, (yield item)
                except GeneratorExit:
                    raise
                except BaseException as error:  # thrown in by the consumer: the generator's to handle
                    resume, sent = generator.throw, error
        except StopIteration as stop:
            return stop.value
        finally:
            with context():
                generator.close()

    code = getattr(function, "__code__", None)
    return generate if code is not None and code.co_flags & CO_GENERATOR else call
