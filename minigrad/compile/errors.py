"""What compiling can refuse."""

from __future__ import annotations


class CompileError(RuntimeError):
    """A function cannot be recorded as a program, or its program no longer stands for it."""
