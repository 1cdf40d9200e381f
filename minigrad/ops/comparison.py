"""Questions about elements: the answers are booleans, and no gradient flows through them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from minigrad.graph import apply
from minigrad.ops.mutation import in_place

if TYPE_CHECKING:
    from minigrad.tensor import Tensor


class Comparison:
    """Comparison and logic, elementwise."""

    __slots__ = ()

    def eq(self: Tensor, other: Any) -> Tensor:
        """self == other."""
        return apply(np.equal, self._pair(other))

    def ne(self: Tensor, other: Any) -> Tensor:
        """self != other."""
        return apply(np.not_equal, self._pair(other))

    def lt(self: Tensor, other: Any) -> Tensor:
        """self < other."""
        return apply(np.less, self._pair(other))

    def le(self: Tensor, other: Any) -> Tensor:
        """self <= other."""
        return apply(np.less_equal, self._pair(other))

    def gt(self: Tensor, other: Any) -> Tensor:
        """self > other."""
        return apply(np.greater, self._pair(other))

    def ge(self: Tensor, other: Any) -> Tensor:
        """self >= other."""
        return apply(np.greater_equal, self._pair(other))

    def logical_and(self: Tensor, other: Any) -> Tensor:
        """True where both are not 0."""
        return apply(np.logical_and, self._pair(other))

    def logical_or(self: Tensor, other: Any) -> Tensor:
        """True where either is not 0."""
        return apply(np.logical_or, self._pair(other))

    def logical_xor(self: Tensor, other: Any) -> Tensor:
        """True where exactly one is not 0."""
        return apply(np.logical_xor, self._pair(other))

    def logical_not(self: Tensor) -> Tensor:
        """True where 0."""
        return apply(np.logical_not, (self,))

    def bitwise_and(self: Tensor, other: Any) -> Tensor:
        """self & other, of booleans or integers."""
        return apply(np.bitwise_and, self._pair(other))

    def bitwise_or(self: Tensor, other: Any) -> Tensor:
        """self | other, of booleans or integers."""
        return apply(np.bitwise_or, self._pair(other))

    def bitwise_xor(self: Tensor, other: Any) -> Tensor:
        """self ^ other, of booleans or integers."""
        return apply(np.bitwise_xor, self._pair(other))

    def bitwise_not(self: Tensor) -> Tensor:
        """~self, of booleans or integers."""
        return apply(np.bitwise_not, (self,))

    def isnan(self: Tensor) -> Tensor:
        """True where NaN."""
        return apply(np.isnan, (self,))

    def isinf(self: Tensor) -> Tensor:
        """True where infinite, of either sign."""
        return apply(np.isinf, (self,))

    def isfinite(self: Tensor) -> Tensor:
        """True where neither NaN nor infinite."""
        return apply(np.isfinite, (self,))

    def equal(self: Tensor, other: Tensor) -> bool:
        """True if the two have the same shape and the same elements."""
        return np.array_equal(self.array, other.array)

    def isclose(self: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
        """Where |self - other| <= atol + rtol · |other|."""
        return apply(np.isclose, (self, other), rtol=rtol, atol=atol, equal_nan=equal_nan)

    def allclose(self: Tensor, other: Tensor, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> bool:
        """True if `isclose` everywhere."""
        return bool(self.isclose(other, rtol, atol, equal_nan).array.all())

    bitwise_and_, bitwise_or_, bitwise_xor_ = in_place(bitwise_and), in_place(bitwise_or), in_place(bitwise_xor)

    def __eq__(self: Tensor, other: Any) -> Tensor:  # type: ignore[override]
        try:
            return self.eq(other)
        except TypeError:  # None, a string: not equal, rather than an error
            return NotImplemented

    def __ne__(self: Tensor, other: Any) -> Tensor:  # type: ignore[override]
        try:
            return self.ne(other)
        except TypeError:
            return NotImplemented

    __lt__, __le__, __gt__, __ge__ = lt, le, gt, ge
    __and__, __or__, __xor__, __invert__ = bitwise_and, bitwise_or, bitwise_xor, bitwise_not
    __rand__, __ror__, __rxor__ = bitwise_and, bitwise_or, bitwise_xor
    __iand__, __ior__, __ixor__ = bitwise_and_, bitwise_or_, bitwise_xor_
    __hash__ = object.__hash__  # tensors are dictionary keys by identity, whatever == means
