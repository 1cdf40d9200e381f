"""Whether operations are being recorded: `no_grad`, `enable_grad`, `set_grad_enabled`, for a block or for a function."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from typing import Any

CO_GENERATOR = 0x20  # inspect.CO_GENERATOR: importing inspect would take longer than all of this package


class Mode:
    """One setting of the grad mode, on a stack: leaving removes this entry, wherever it stands by then."""

    __slots__ = ("enabled",)

    def __init__(self, enabled: bool) -> None:
        self.enabled = enabled


# A context variable: each thread and each asyncio task has its own stack.
grad_mode: ContextVar[tuple[Mode, ...]] = ContextVar("grad_mode", default=(Mode(True),))


ON, OFF = Mode(True), Mode(False)


class recording:  # noqa: N801 (used like the others, within this package)
    """The quick form for one backward pass, which is left in the order it was entered."""

    __slots__ = ("enabled", "token")

    def __init__(self, enabled: bool) -> None:
        self.enabled = enabled

    def __enter__(self) -> None:
        self.token = grad_mode.set((*grad_mode.get(), ON if self.enabled else OFF))

    def __exit__(self, *exception: object) -> None:
        grad_mode.reset(self.token)


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
    entered: list[Mode]

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        self: no_grad = super().__new__(cls)
        self.entered = []
        return self if function is None else self(function)

    def __enter__(self) -> None:
        mode = Mode(self.enabled)
        self.entered.append(mode)
        grad_mode.set((*grad_mode.get(), mode))

    def __exit__(self, *exception: object) -> None:
        mode = self.entered.pop()
        grad_mode.set(tuple([entry for entry in grad_mode.get() if entry is not mode]))

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, run in this mode."""
        return within(type(self), function)


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
    """Switch recording on or off: at once and for good as a call, or for a `with` block or a decorated function.

    >>> import minigrad
    >>> with minigrad.set_grad_enabled(False):
    ...     minigrad.is_grad_enabled()
    False
    """

    def __init__(self, mode: bool) -> None:
        stack = grad_mode.get()
        self.mode, self.replaced = Mode(mode), stack[-1]
        grad_mode.set((*stack[:-1], self.mode))

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exception: object) -> None:
        grad_mode.set(tuple([self.replaced if entry is self.mode else entry for entry in grad_mode.get()]))

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, run in this mode."""
        self.__exit__()
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
