"""The names under which PyTorch prints recorded operations: `grad_fn=<AddmmBackward0>` for a Linear layer's result.

An operation here is named after its method, and most names agree: `mul` is MulBackward0. The others are here. Where several
of PyTorch's operations are one here (`unsqueeze` and `squeeze` are both views of another shape), the shapes tell which it
was; where they do not (`t`, `T` and `transpose`), it prints as the commonest.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

RENAMED: dict[str, str | Callable[[Any], str]] = {
    "avg_pool": lambda node: f"AvgPool{len(node.shape) - 2}DBackward0",
    "as_view": lambda node: "UnsqueezeBackward0" if len(node.shape) > dims(node, 0) else "SqueezeBackward1",
    "clamp": "ClampBackward1",
    "contiguous": "CloneBackward0",
    "convolution_input": "ConvolutionBackward0",
    "copy": "CopyBackwards",
    "div": lambda node: "MulBackward0" if constant(node, 0) and not dims(node, 0) else "DivBackward0",  # 1 / x
    "getitem": lambda node: indexing(node.kwargs.get("index", ())),
    "linear": lambda node: (
        "ViewBackward0" if dims(node, 0) != 2 else f"{'Addmm' if len(node.targets) == 3 else 'Mm'}Backward0"
    ),
    "log1p": "Log1PBackward0",
    "matmul": lambda node: {2: "MmBackward0", 3: "BmmBackward0"}.get(dims(node, 0), "UnsafeViewBackward0"),
    "max": lambda node: f"MaxBackward{int(node.kwargs.get('axis') is None)}",
    "mean": lambda node: f"MeanBackward{int(node.kwargs.get('axis') is not None)}",
    "median": lambda node: f"MedianBackward{int(node.kwargs.get('axis') is not None)}",
    "min": lambda node: f"MinBackward{int(node.kwargs.get('axis') is None)}",
    "nanmedian": lambda node: f"NanmedianBackward{int(node.kwargs.get('axis') is not None)}",
    "pad_constant": "ConstantPadNdBackward0",
    "pow": lambda node: f"PowBackward{0 if constant(node, 1) else 2 if constant(node, 0) else 1}",
    "put": "IndexPutBackward0",
    "reshape": "ViewBackward0",
    "resample": lambda node: upsampling(node.kwargs["maps"]),
    "scatter_put": lambda node: f"ScatterBackward{int(not dims(node, 2))}",
    "square": "PowBackward0",
    "sub": lambda node: "RsubBackward1" if constant(node, 0) and not dims(node, 0) else "SubBackward0",  # 1 - x
    "sum": lambda node: f"SumBackward{int(node.kwargs.get('axis') is not None)}",
    "swap": "TransposeBackward0",
    "take_planes": lambda node: f"MaxPool{len(node.shape) - 2}DWithIndicesBackward0",
    "to_dtype": "ToCopyBackward0",
}


def printed_name(node: Any) -> str:
    """What PyTorch would print for an operation."""
    found = RENAMED.get(node.name)
    if found is None:
        return "".join(part.capitalize() for part in node.name.split("_")) + "Backward0"
    return found if isinstance(found, str) else found(node)


def dims(node: Any, i: int) -> int:
    """The number of dimensions of an operand."""
    return len(node.targets[i].shape)


def constant(node: Any, i: int) -> bool:
    """Did an operand want no gradient?"""
    target = node.targets[i]
    return not (hasattr(target, "targets") or getattr(target, "_requires_grad", False))


def indexing(index: tuple[Any, ...]) -> str:
    """Of the steps that PyTorch makes of x[...], one per element of the index, the last."""
    name = "AliasBackward0"
    for element in index if isinstance(index, tuple) else (index,):
        if element is None:
            name = "UnsqueezeBackward0"
        elif isinstance(element, slice):
            name = name if element == slice(None) and name != "AliasBackward0" else "SliceBackward0"
        elif isinstance(element, int):
            name = "SelectBackward0"
        elif element is not Ellipsis:
            return "IndexBackward0"
    return name


def upsampling(maps: tuple[Any, ...]) -> str:
    """The name by kind and number of dimensions."""
    kind, n = maps[0][0], len(maps)
    kind = {"linear": ["Linear", "Bilinear", "Trilinear"][n - 1], "cubic": "Bicubic"}.get(kind, "Nearest")
    return f"Upsample{kind}{n}DBackward0"
