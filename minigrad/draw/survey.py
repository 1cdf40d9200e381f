"""What there is to draw: the operations and leaves behind some tensors, and how they hang together.

Nothing is recorded for the sake of pictures but small results (`Node.out`, `Node.gradient`); the rest is worked out when a
picture is wanted: values in `values.py`, gradients in `flow.py`. Every walk is a loop, so that a long chain of operations is
no deeper than a short one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeAlias

from minigrad.draw.figures import Figures
from minigrad.freeing import Constant
from minigrad.graph import Node, recorded_passes
from minigrad.nn.module import Module
from minigrad.tensor import Tensor

Target: TypeAlias = "Node | Tensor | Constant"
Scope: TypeAlias = "tuple[int, ...]"  # the numbers of the module calls that something happened in, outermost first


@dataclass
class Box:
    """One operation or leaf, or later a module that is drawn as one box."""

    kind: str  # a key of look.KINDS
    root: bool
    name: str
    node: Node | None
    shape: tuple[int, ...]
    dtype: str
    value: Figures | None = None
    gradient: Figures | None = None
    computed: bool = False  # is the gradient this picture's own, `.grad` being None?
    number: int = 0  # counts boxes as they were computed
    operation: str = ""  # the operation as its caller would spell it
    settings: tuple[str, ...] = ()  # what it was told besides its operands
    scope: Scope = ()
    order: int = 1  # 2 for what the backward pass of another recorded, and so on
    line: str = ""  # 'train.py:12', where it is known
    kept: int = 0  # bytes that are kept for the backward pass
    members: int = 0  # the operations of a module that is drawn as one box
    note: str = ""  # a second line below the name
    fault: str = ""  # what went wrong here: an error, the first NaN
    rules: tuple[str, ...] = ()  # per operand, the rule of its gradient as it is written in the source


@dataclass
class Edge:
    """From an operand (by the number of its box) to an operation; `place` counts operands from 0."""

    tail: int
    head: int
    place: int
    view: bool
    role: str = ""  # what the operand is called
    share: str = ""  # the part of the operand's gradient that comes back along this edge
    count: int = 1  # how many edges were merged into this one


@dataclass
class Cluster:
    """A call of a module, drawn as a frame around what happened in it."""

    title: str
    parent: int | None
    path: str  # its name in the tree of modules, 'layers.0'
    kind: str  # its class
    parameters: int = 0
    operations: int = 0
    closed: bool = False  # drawn as one box
    repeats: int = 1  # how many equal blocks in a row it stands for


@dataclass
class Survey:
    """All that is drawn: boxes in the order in which they were computed, edges, and remarks below the picture."""

    boxes: list[Box] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    clusters: list[Cluster] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    alarm: str = ""  # what went wrong
    operations: int = 0  # how many there are, drawn or not


# ── what is there ────────────────────────────────────────────────────────────────────────────────────────────────────


def named(names: Any) -> list[tuple[str, Tensor]]:
    """Names and tensors from a dict or a module; in a dict, public names and tensors themselves come first."""
    if names is None:
        return []
    if isinstance(names, Module):
        return list(names.named_parameters())
    if not isinstance(names, Mapping):
        raise TypeError(
            f"draw: names must be a dict from names to tensors (locals() is one) or a module, not {type(names).__name__}"
        )
    ordered = sorted(names.items(), key=lambda item: str(item[0]).startswith("_"))
    found = [(str(name), value) for name, value in ordered if isinstance(value, Tensor)]
    for name, value in ordered:
        if isinstance(value, Module):
            found += [(f"{name}.{path}", parameter) for path, parameter in value.named_parameters()]
    return found


def printable(text: str) -> str:
    """Text with a space for each character that has no picture: line ends, control characters, halves of a pair."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


def operations(ends: Sequence[Target]) -> list[Node]:
    """Every recorded operation behind `ends`, oldest first."""
    found = {end for end in ends if type(end) is Node}
    stack = list(found)
    while stack:
        for target in stack.pop().targets:
            if type(target) is Node and target not in found:
                found.add(target)
                stack.append(target)
    return sorted(found, key=lambda node: node.time)


def in_order(nodes: Sequence[Node], ends: Sequence[Target]) -> dict[Target, int]:
    """A number for each operation and leaf: as they were computed, a leaf before the first operation that uses it."""
    places: dict[Target, int] = {}
    for node in nodes:
        for target in (*node.targets, node):
            places.setdefault(target, len(places))
    for end in ends:
        places.setdefault(end, len(places))
    return places


def passes(nodes: Sequence[Node]) -> dict[Node, int]:
    """Which pass recorded each operation: 1 is forward, 2 the backward pass of that, 3 the backward pass of 2."""
    spans = list(recorded_passes)
    orders: dict[Node, int] = {}
    levels: dict[int, int] = {}  # by the beginning of a pass
    for node in nodes:  # oldest first
        began = next((start for start, end in reversed(spans) if start < node.time < end), 0)
        if began and began not in levels:
            older = [orders[other] for other in orders if other.time < began]
            levels[began] = 1 + max(older, default=1)
        orders[node] = levels.get(began, 1)
    return orders


def box(target: Target, name: str, root: bool) -> Box:
    """The box of an operation or a leaf, without numbers."""
    if isinstance(target, Node):
        kind = "output" if root else "operation"
        drawn = Box(kind, root, name, target, target.shape, dtype_name(target.dtype))
        drawn.operation = PUBLIC.get(target.name, target.name)
        drawn.settings = tuple(settings(target.kwargs))
        return drawn
    like: Any = target.array if isinstance(target, Tensor) else target
    shape, dtype = tuple(like.shape), dtype_name(like.dtype)
    kind = "input" if name or shape else "constant"
    if isinstance(target, Tensor) and wants_gradient(target):
        kind = "parameter"
    return Box(kind, root, name, None, shape, dtype)


@cache
def dtype_name(dtype: Any) -> str:
    """'float32'; NumPy takes as long over it as a box takes for everything else."""
    return str(dtype)


def wants_gradient(leaf: Tensor) -> bool:
    """True for a leaf that requires grad, and has not become the result of an operation since."""
    return leaf._requires_grad and leaf._node is None


def is_view(node: Node, target: Target) -> bool:
    """True if the operation's result shares its only operand's memory."""
    return len(node.targets) == 1 and version_of(target) is node.version


def version_of(target: Target) -> list[int]:
    """The version count of what an operand was; that of a constant that was let go is nobody's."""
    if isinstance(target, Constant):
        return [0]
    return target.version if isinstance(target, Node) else target._version


# ── words ────────────────────────────────────────────────────────────────────────────────────────────────────────────

# What operands are called, where their order matters; others that are not SYMMETRIC are numbered.
OPERANDS = {
    "sub": ("left", "right"), "div": ("left", "right"), "floor_divide": ("left", "right"),
    "remainder": ("left", "right"), "matmul": ("left", "right"), "pow": ("base", "exponent"),
    "where": ("condition", "if true", "if false"), "clamp": ("input", "min", "max"), "linear": ("input", "weight", "bias"),
    "squared_error": ("input", "target"), "mse_loss": ("input", "target"), "assign": ("into", "value"),
    "layer_norm": ("input", "", "", "weight", "bias"), "convolution": ("input", "weight", "bias"),
    "embedding": ("weight", "indices"), "nll_loss": ("input", "", "target", ""),
}  # fmt: skip
SYMMETRIC = {"add", "mul", "maximum", "minimum"}
# Operations that only other operations call, by what they do.
PUBLIC = {
    "swap": "transpose", "as_view": "reshape", "root": "sqrt", "put": "assign", "write_through": "assign",
    "native_layer_norm": "layer_norm", "native_group_norm": "group_norm", "side_by_side": "cat",
    "take_planes": "max_pool", "to_dtype": "to",
    "scaled_dot_product_flash_attention_for_cpu": "attention",
}  # fmt: skip
LONGEST = 36  # characters of a name


def operand_name(operation: str, place: int, count: int) -> str:
    """What an operand is called, if the operation has several and their order matters; else ''."""
    if count == 1 or operation in SYMMETRIC:
        return ""
    names = OPERANDS.get(operation, ())
    return names[place] if place < len(names) else str(place + 1)


def settings(kwargs: dict[str, Any]) -> Iterator[str]:
    """What an operation was told besides its operands, where it is short and its result's shape does not say it."""
    for key, value in kwargs.items():
        word = ""
        if key == "index":
            word = index_text(value)
        elif key == "axis" and value is not None:
            word = f"dim={value[0] if isinstance(value, tuple) and len(value) == 1 else value}"
        elif isinstance(value, float | str) or (isinstance(value, int) and not isinstance(value, bool)):
            word = f"{key}={value:.4g}" if isinstance(value, float) else f"{key}={value}"
        if 0 < len(word) <= LONGEST:
            yield word


def index_text(index: Any) -> str:
    """'[0, 1:3]'; index arrays by their shapes."""
    parts = list(index)
    if len(parts) > 1 and parts[-1] is Ellipsis:
        parts.pop()
    words = []
    for part in parts:
        if isinstance(part, slice):
            start, stop, step = ("" if n is None else str(n) for n in (part.start, part.stop, part.step))
            words.append(f"{start}:{stop}" + (f":{step}" if step else ""))
        elif hasattr(part, "dtype"):
            words.append(f"{'mask' if part.dtype.kind == 'b' else 'indices'} {part.shape}")
        else:
            words.append("..." if part is Ellipsis else str(part))
    return f"[{', '.join(words)}]"
