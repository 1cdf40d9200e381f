"""Diagonals and rolls, as functions of arrays."""

from __future__ import annotations

import numpy as np

from minigrad.kernels import Array


def diagonal(x: Array, offset: int, axis1: int, axis2: int) -> Array:
    """A view of a diagonal that can be written to, which NumPy's own cannot."""
    view: Array = x.diagonal(offset, axis1, axis2)
    view.flags.writeable = x.flags.writeable
    return view


def on_diagonal(x: Array, shape: tuple[int, ...], offset: int, axis1: int, axis2: int) -> Array:
    """Zeros with x on a diagonal."""
    out = np.zeros_like(x, shape=shape)
    diagonal(out, offset, axis1, axis2)[...] = x
    return out


def roll(x: Array, shift: tuple[int, ...], axis: tuple[int, ...]) -> Array:
    """np.roll."""
    return np.ascontiguousarray(np.roll(x, shift, axis))
