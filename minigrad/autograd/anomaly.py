"""Finding where a gradient went wrong: the line of the forward pass that a NaN comes from."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from minigrad.errors import GraphError
from minigrad.graph import Node, line_of, watchers

PACKAGE = __file__.rpartition("autograd")[0]


class detect_anomaly:  # noqa: N801 (PyTorch's spelling)
    """Inside this block every operation remembers the line it was called from, and a rule that gives NaN is an error.

    The error, a GraphError, names the operation, its shape and that line. Slow: for looking, not for training. With
    `check_nan=False` lines are remembered (errors about changed values name them) and NaN is let pass.

    >>> import minigrad
    >>> with minigrad.autograd.detect_anomaly():
    ...     x = minigrad.zeros(1, requires_grad=True)
    ...     (x.sqrt() * 0).backward()
    Traceback (most recent call last):
        ...
    minigrad.errors.GraphError: anomaly: the gradient of sqrt, a result of shape (1,) computed at <...>:3, is NaN for an \
operand of shape (1,): keep the operand away from where the function has no slope, or clamp it first
    """

    def __init__(self, check_nan: bool = True) -> None:
        self.check_nan = check_nan
        self.lines: WeakKeyDictionary[Node, tuple[str, int]] = WeakKeyDictionary()

    def __enter__(self) -> None:
        self.quiet = np.errstate(divide="ignore", invalid="ignore")  # the error will say more than NumPy's warnings
        self.quiet.__enter__()
        watchers.append(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        watchers.remove(self)
        self.quiet.__exit__(kind, error, trace)

    def recorded(self, node: Node) -> None:
        """Remember the line of the user's program that made a node."""
        frame: Any = sys._getframe(1)
        while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
            frame = frame.f_back
        self.lines[node] = line_of(frame)

    def computed(self, node: Node, share: Any) -> None:
        """Look at what a rule has just given."""
        if self.check_nan and share.array.dtype.kind == "f" and (share.array != share.array).any():
            file, line = self.lines.get(node, ("a line before detect_anomaly began", 0))
            raise GraphError(
                f"anomaly: the gradient of {node.name}, a result of shape {tuple(node.shape)} computed at "
                f"{file.rpartition('/')[2]}:{line}, is NaN for an operand of shape {tuple(share.array.shape)}: keep the "
                "operand away from where the function has no slope, or clamp it first"
            )


class set_detect_anomaly(detect_anomaly):  # noqa: N801
    """`detect_anomaly`, switched on or off at once; as a `with` block, until the block ends."""

    def __init__(self, mode: bool, check_nan: bool = True) -> None:
        super().__init__(check_nan)
        self.before = list(watchers)
        watchers[:] = [self] if mode else []

    def __enter__(self) -> None:
        """Already on, or off."""

    def __exit__(self, *exception: Any) -> None:
        watchers[:] = self.before
