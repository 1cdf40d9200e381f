"""The Tensor: an array that remembers how it was computed.

The operations come from the families in `ops/`; the algorithm that walks the graph is in `graph.py`. Here is what is
left: the array, its gradient, and its place in the graph.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from functools import partial
from math import prod
from typing import Any

import numpy as np

from minigrad.backward import backward
from minigrad.clock import tick, wrote
from minigrad.conversion import Conversion
from minigrad.dialect import dialect
from minigrad.dtypes import BY_CHAR, canonical, default_dtype, dtype
from minigrad.errors import GraphError, ShapeError
from minigrad.graph import Node, listening
from minigrad.hooks import RemovableHandle
from minigrad.ops.arithmetic import Arithmetic
from minigrad.ops.arrangement import Arrangement
from minigrad.ops.comparison import Comparison
from minigrad.ops.cumulative import Cumulative
from minigrad.ops.decompositions import Decompositions
from minigrad.ops.elementwise import Elementwise
from minigrad.ops.indexing import Indexing
from minigrad.ops.linalg import Linalg
from minigrad.ops.mutation import Mutation
from minigrad.ops.pointwise import Pointwise
from minigrad.ops.products import Products
from minigrad.ops.reduction import Reduction
from minigrad.ops.scattering import Scattering
from minigrad.ops.shape import Shape
from minigrad.ops.sorting import Sorting
from minigrad.ops.special import Special
from minigrad.protocols import Protocols
from minigrad.sampling import Sampling
from minigrad.views import View

_new = object.__new__
_ndarray = np.ndarray


class Size(tuple[int, ...]):
    """The shape of a tensor: a tuple that counts its elements.

    >>> from minigrad import zeros
    >>> zeros(2, 3).shape, zeros(2, 3).shape.numel()
    (minigrad.Size([2, 3]), 6)
    """

    def numel(self) -> int:
        """The number of elements of a tensor of this shape."""
        return prod(self)

    def __getitem__(self, index: Any) -> Any:
        part: Any = tuple.__getitem__(self, index)
        return Size(part) if type(part) is tuple else part

    def __add__(self, other: Any) -> Size:
        return Size((*self, *other))

    def __repr__(self) -> str:
        return f"{dialect.name}.Size([{', '.join(map(str, self))}])"


class Tensor(
    Arithmetic, Elementwise, Pointwise, Special, Reduction, Cumulative, Sorting, Shape, Arrangement, Indexing,
    Scattering, Mutation, Linalg, Products, Decompositions, Comparison, Conversion, Sampling, Protocols,
):  # fmt: skip
    """An array of numbers of one dtype that can compute gradients.

    `Tensor(data)` makes a float32 copy of nested lists or an array; `Tensor(2, 3)` one of that shape, filled with zeros.
    TypeError for data that is not numbers.
    `minigrad.tensor` is the usual way: it keeps the dtype of its data.

    >>> import minigrad
    >>> x = minigrad.tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad
    tensor([2., 4.])
    """

    __slots__ = ("array", "_grad", "_requires_grad", "_node", "_version", "_view", "hooks", "__dict__", "__weakref__")

    array: np.ndarray[Any, Any]  # the numbers
    _grad: Tensor | None
    _requires_grad: bool
    _node: Node | None  # the operation that made it, if that was recorded: None for leaves and constants
    _version: list[int]  # [the time of the last in-place write], shared with its views, its base, and detach()
    _view: View | None  # how it was taken from its base, if it shares memory
    hooks: list[Callable[[Any], Any]] | None
    # In __dict__ where not 0: the time of the last detach_(), and of the last change of its shape, by `.data = ` or t_()
    _viewed: bool = False  # was a view taken of it?
    _detached: int = 0
    _reshaped: int = 0

    def __init__(self, *data: Any) -> None:
        if len(data) == 1 and not isinstance(data[0], int | Size):
            self._set(self._from_array(getattr(data[0], "array", data[0])).array.astype(default_dtype()))
        else:
            self._set(np.zeros(_size(data) if data else (0,), default_dtype()))

    def _set(self, array: np.ndarray[Any, Any]) -> None:
        self.array = array
        self._grad = self._node = self._view = self.hooks = None
        self._requires_grad = False
        self._version = [0]

    def _wrap(self, array: Any) -> Tensor:
        """A new tensor around an array, without a copy. NumPy's scalars become arrays of no dimensions."""
        tensor: Tensor = _new(Tensor)
        tensor.array = array if type(array) is _ndarray else np.asanyarray(array)
        tensor._grad = None
        tensor._node = None
        tensor._view = None
        tensor.hooks = None
        tensor._requires_grad = False
        tensor._version = [0]
        return tensor

    @staticmethod
    def _from_array(data: Any) -> Tensor:
        """A constant tensor from whatever NumPy reads as numbers; TypeError for the rest."""
        if listening.tape is not None:
            data = listening.tape.outside(data)
        # a copy, and not of a kind of its own, such as a memmap: writing into the array later must not change a gradient
        array = data.copy() if type(data) is np.ndarray or listening.tape is not None else np.array(data)
        if array.dtype.char not in BY_CHAR:
            raise TypeError(
                f"a {type(data).__name__} cannot be an operand of a tensor: use a number, an array of numbers, or "
                "minigrad.tensor(...)"
            )
        return wrap(canonical(array))

    # ── what it is ───────────────────────────────────────────────────────────────────────────────────────────────────

    @property
    def shape(self) -> Size:
        """Its size along each dimension."""
        return Size(self.array.shape)

    def size(self, dim: int | None = None) -> Any:
        """Its shape, or its size along one dimension."""
        return self.shape if dim is None else self.array.shape[dim]

    def dim(self) -> int:
        """The number of dimensions."""
        return self.array.ndim

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self.array.ndim

    def numel(self) -> int:
        """The number of elements."""
        return self.array.size

    ndimension, nelement = dim, numel

    @property
    def dtype(self) -> dtype:
        """The type of its elements."""
        return BY_CHAR[self.array.dtype.char]

    def is_floating_point(self) -> bool:
        """True for float16, float32 and float64."""
        return bool(self.array.dtype.kind == "f")

    def is_contiguous(self, memory_format: Any = None) -> bool:
        """True if its elements lie in order in memory."""
        return self.array.flags.c_contiguous

    # ── its place in the graph ───────────────────────────────────────────────────────────────────────────────────────

    @property
    def requires_grad(self) -> bool:
        """True if gradients are computed for it: a leaf that asks for them, or a result that depends on one."""
        if self._view is not None:
            self._view.refresh(self)
        return self._requires_grad

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        node = self.grad_fn
        if node is not None:
            if not wanted:
                raise GraphError(
                    f"requires_grad of the result of {node.name} cannot be switched off: use x.detach(), or "
                    "compute it inside `with minigrad.no_grad():`"
                )
            return
        if wanted and self.array.dtype.kind != "f":
            raise GraphError(
                f"a tensor of type {self.array.dtype} cannot require grad: convert it to floating point first, x.float()"
            )
        if self._requires_grad is not bool(wanted):
            self._requires_grad = bool(wanted)
            listening.changes += 1

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set `requires_grad`; returns the tensor itself."""
        self.requires_grad = requires_grad
        return self

    @property
    def is_leaf(self) -> bool:
        """True if no recorded operation made it: where gradients end up."""
        return self.grad_fn is None

    @property
    def grad_fn(self) -> Node | None:
        """The recorded operation that made it, or None."""
        if self._view is not None:
            self._view.refresh(self)
        return self._node

    @property
    def grad(self) -> Tensor | None:
        """The gradient that `backward` added up here: None until it did. Kept for leaves, and after `retain_grad`."""
        listening.reads += 1
        if listening.tape is not None:
            listening.tape.looks(self)
        return self._grad

    @grad.setter
    def grad(self, gradient: Tensor | None) -> None:
        if gradient is not None:
            if not isinstance(gradient, Tensor):
                raise TypeError(
                    f"grad must be a Tensor or None, not {type(gradient).__name__}: use minigrad.tensor(...)"
                )
            if gradient.array.shape != self.array.shape:
                raise ShapeError(
                    f"a gradient of shape {tuple(gradient.array.shape)} assigned to a tensor of shape "
                    f"{tuple(self.array.shape)}: the two must be the same"
                )
            if gradient.array.dtype != self.array.dtype:
                raise GraphError(
                    f"a gradient of type {gradient.array.dtype} assigned to a tensor of type {self.array.dtype}: convert it, "
                    "g.to(x.dtype)"
                )
        elif listening.tape is not None:
            listening.tape.clears(self)
        self._grad = gradient

    @property
    def data(self) -> Tensor:
        """The same memory as a tensor outside every graph. What is written through it is not tracked: `detach` is safer."""
        return self._wrap(self.array)

    @data.setter
    def data(self, data: Tensor) -> None:
        if not isinstance(data, Tensor):
            raise TypeError(f"data must be a Tensor, not {type(data).__name__}: use minigrad.tensor(...)")
        if self._requires_grad and data.array.dtype.kind != "f":
            raise GraphError(
                f"data of type {data.array.dtype} for a tensor that requires grad: convert it to floating point first, "
                "x.float()"
            )
        if data.array.shape != self.array.shape:
            self._reshaped = tick()  # a graph recorded before has no gradient for the new shape
        self.array = data.array
        if self._node is not None:
            self._node.fits = False
        listening.changes += 1
        self._view, self._version = None, [0]  # other memory: views of the old one are on their own now
        wrote(self)

    def detach(self) -> Tensor:
        """The same memory as a tensor outside the graph. Operations that need the value notice a write through either."""
        tensor = self._wrap(self.array)
        tensor._version = self._version
        return tensor

    def detach_(self) -> Tensor:
        """Take this tensor itself out of the graph: it becomes a leaf that wants no gradient. GraphError for a view."""
        if self._view is not None:
            raise GraphError(
                f"detach_() on a view, of shape {tuple(self.array.shape)}, of a tensor of shape "
                f"{tuple(self._view.base.array.shape)}: what is written into one would still change the other; use detach()"
            )
        if self._node is not None:
            self._detached = tick()
        listening.changes += self._requires_grad
        self._node = None
        self._requires_grad = False
        return self

    def backward(
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Tensor | Sequence[Tensor] | None = None,
    ) -> None:
        """Add the gradient of this tensor to `.grad` of every leaf it depends on.

        Args:
            gradient: what to start from, of this tensor's shape; 1 for a tensor of one element.
            retain_graph: keep the graph for another backward pass (by default only if `create_graph`).
            create_graph: record the backward pass itself, for gradients of gradients.
            inputs: only add to `.grad` of these tensors.

        Raises GraphError if this tensor or one of `inputs` does not require grad, if it has more than one element and no
        `gradient` is given, or if its graph was freed by an earlier pass; MutationError if a value it needs was modified in
        place since.

        >>> import minigrad
        >>> w = minigrad.tensor(3.0, requires_grad=True)
        >>> (w * w).backward()
        >>> w.grad
        tensor(6.)
        """
        backward([self], [gradient], retain_graph, create_graph, inputs)

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call `hook(gradient)` whenever this tensor's gradient is computed; what it returns, if not None, replaces it.

        GraphError if the tensor does not require grad. The handle's `remove()` takes the hook away.
        """
        if not self.requires_grad:
            raise GraphError("register_hook on a tensor that does not require grad: no gradient will come by")
        holder: Any = self if self._node is None else self._node
        if holder.hooks is None:
            holder.hooks = []
        listening.changes += 1
        holder.hooks.append(hook)
        return RemovableHandle(holder.hooks, hook)

    def retain_grad(self) -> None:
        """Keep `.grad` for this result too, as if it were a leaf. GraphError if it does not require grad."""
        if not self.requires_grad:
            raise GraphError("retain_grad on a tensor that does not require grad: it will have no gradient")
        if self._node is not None:
            self._node.retainer = weakref.ref(self)

    @property
    def retains_grad(self) -> bool:
        """True if `retain_grad` was called on this result."""
        node = self.grad_fn
        return node is not None and node.retainer is not None


wrap: Callable[[Any], Tensor] = partial(Tensor._wrap, None)  # type: ignore[arg-type]  # for those with no tensor at hand


def _size(sizes: Any, size: Any = None) -> tuple[int, ...]:
    """Sizes given one by one, or as one tuple or list, which may come by the name `size`."""
    if size is not None:
        return tuple(size)
    return tuple(sizes[0]) if len(sizes) == 1 and isinstance(sizes[0], tuple | list) else tuple(sizes)
