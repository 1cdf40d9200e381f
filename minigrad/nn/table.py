"""What a table of a network's layers shows, and how it is written: for `minigrad.summary`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from minigrad.nn.module import Module
from minigrad.nn.parameter import is_lazy
from minigrad.tensor import Tensor

COLUMNS = {
    "input_size": "Input Shape",
    "output_size": "Output Shape",
    "num_params": "Param #",
    "params_percent": "Param %",
    "kernel_size": "Kernel Shape",
    "mult_adds": "Mult-Adds",
    "trainable": "Trainable",
}
OF_A_CALL = ("input_size", "output_size", "mult_adds")  # not known without an input
SETTINGS = ("depth", "var_names", "ascii_only", "hide_recursive_layers")


def tensors_in(part: Any) -> Iterator[Tensor]:
    """The tensors in nested tuples, lists and dicts."""
    if isinstance(part, Tensor):
        yield part
    elif isinstance(part, Mapping | list | tuple):
        for item in part.values() if isinstance(part, Mapping) else part:
            yield from tensors_in(item)


@dataclass(eq=False)
class LayerInfo:
    """One row: a call of a module, or a container of modules that were called."""

    module: Module
    var_name: str
    depth: int = 0
    depth_index: int | None = None
    input_size: list[int] | None = None
    output_size: list[int] | None = None
    mult_adds: int = 0  # its own, without those of the rows below it
    output_bytes: int = 0  # of memory that is not that of its input
    children: list[LayerInfo] = field(default_factory=list, repr=False)
    num_params: int = 0  # those that no earlier row has shown, nor one below it
    is_recursive: bool = False  # are all parameters in it those of earlier rows?

    @property
    def class_name(self) -> str:
        """The name of the module's class."""
        return type(self.module).__name__

    @property
    def is_leaf_layer(self) -> bool:
        """Did it call no other module?"""
        return not self.children

    @property
    def kernel_size(self) -> list[int] | None:
        """The kernel of a convolution or a pooling layer."""
        size = getattr(self.module, "kernel_size", None)
        return [size] if isinstance(size, int) else list(size) if isinstance(size, tuple | list) else None

    @property
    def trainable(self) -> str:
        """Do its parameters want gradients: True, False, Partial, or -- without parameters."""
        found = {p.requires_grad for p in self.module.parameters()}
        return "--" if not found else "Partial" if len(found) == 2 else str(found.pop())

    def rows(self) -> Iterator[LayerInfo]:
        """This row and all below it, from top to bottom."""
        yield self
        for child in self.children:
            yield from child.rows()


class ModelStatistics:
    """What `summary` found. `str` of it is the table.

    `total_params`, `trainable_params`, `unused_params` (those that this pass did without) and `total_mult_adds` count what
    their names say. `total_input`, `total_output_bytes` and `total_param_bytes` are bytes: of the input; of what the innermost
    modules give, and as much again for its gradients; and of the parameters. `summary_list` has the rows.
    """

    def __init__(
        self, top: LayerInfo, given: Any, used: set[int] | None, columns: tuple[str, ...], width: int, depth: int,
        settings: tuple[str, ...], verbose: int,
    ) -> None:  # fmt: skip
        self.columns, self.width, self.depth, self.settings, self.verbose = columns, width, depth, settings, verbose
        self.called = used is not None
        self.summary_list = list(top.rows())
        seen: set[int] = set()
        indices: dict[int, int] = {}
        for row in self.summary_list:
            if row.depth:
                indices[row.depth] = row.depth_index = indices.get(row.depth, 0) + 1
            below = {id(p) for child in row.children for p in child.module.parameters()}
            every = [p for p in row.module.parameters() if not is_lazy(p)]
            row.is_recursive = bool(every) and all(id(p) in seen for p in every)
            below |= seen
            own = [p for p in every if id(p) not in below]
            row.num_params = sum(p.array.size for p in own)
            seen.update(map(id, own))
        parameters = list(top.module.parameters())
        self.shapeless = sum(map(is_lazy, parameters))
        known = [p for p in parameters if not is_lazy(p)]
        self.total_params = sum(p.array.size for p in known)
        self.unused_params = 0 if used is None else sum(p.array.size for p in known if id(p) not in used)
        self.trainable_params = sum(p.array.size for p in known if p.requires_grad)
        self.total_param_bytes = sum(p.array.nbytes for p in known)
        self.total_mult_adds = sum(row.mult_adds for row in self.summary_list)
        self.total_input = sum(x.array.nbytes for x in tensors_in(given))
        self.total_output_bytes = 2 * sum(row.output_bytes for row in self.summary_list if row.is_leaf_layer)

    def __repr__(self) -> str:
        kind = "type" + " (var_name)" * ("var_names" in self.settings) + ":depth-idx" * ("depth" in self.settings)
        lines = [[f"Layer ({kind})", *[COLUMNS[name] for name in self.columns]]]
        for row in self.summary_list:
            hidden = row.is_recursive and "hide_recursive_layers" in self.settings
            if row.depth <= self.depth and not hidden:
                lines.append([self._label(row), *[self._cell(row, name) for name in self.columns]])
                if self.verbose > 1:
                    lines += self._parameters(row)
        first = max(30, *[len(line[0]) + 1 for line in lines])
        widths = [max(self.width, *[len(line[i]) + 1 for line in lines]) for i in range(1, len(lines[0]))]
        rule = "=" * (first + sum(widths))
        texts = ["".join(map(str.ljust, line, (first, *widths))).rstrip() for line in lines]
        foot = [rule if line == "=" else line for line in self._foot()]
        return "\n".join([rule, texts[0], rule, *texts[1:], rule, *foot, rule])

    def _label(self, row: LayerInfo) -> str:
        label = self._branch(row.depth) + row.class_name
        if "var_names" in self.settings:
            label += f" ({row.var_name})"
        return f"{label}: {row.depth}-{row.depth_index}" if row.depth and "depth" in self.settings else label

    def _branch(self, depth: int) -> str:
        """What leads to a name at this depth."""
        if "ascii_only" in self.settings:
            return "|    " * (depth - 1) + "+ " * (depth > 0)
        return "│    " * (depth - 1) + ("├─" if depth == 1 else "└─" * (depth > 1))

    def _cell(self, row: LayerInfo, name: str) -> str:
        rows = list(row.rows()) if row.depth == self.depth else [row]  # the last one shown stands for those below it
        params, work = sum(each.num_params for each in rows), sum(each.mult_adds for each in rows)
        if name == "mult_adds":
            return f"{work:,}" if work else "--"
        if name == "num_params":
            return f"{params:,}" if params else "(recursive)" if row.is_recursive else "--"
        if name == "params_percent":
            return f"{100 * params / self.total_params:.2f}%" if params else "(recursive)" if row.is_recursive else "--"
        value = getattr(row, name)
        return "--" if value is None else str(value)

    def _parameters(self, row: LayerInfo) -> list[list[str]]:
        """A line for each parameter of a module's own."""
        lines = []
        for name, parameter in row.module.named_parameters(recurse=False):
            shape = "(no shape yet)" if is_lazy(parameter) else str(list(parameter.array.shape))
            cells = {"kernel_size": shape, "num_params": shape if is_lazy(parameter) else f"{parameter.array.size:,}"}
            lines.append([self._branch(row.depth + 1) + name, *[cells.get(column, "") for column in self.columns]])
        return lines

    def _foot(self) -> list[str]:
        lines = [
            f"Total params: {self.total_params:,}",
            f"Trainable params: {self.trainable_params:,}",
            f"Non-trainable params: {self.total_params - self.trainable_params:,}",
        ]
        if self.shapeless:
            lines.append(f"Parameters without a shape yet: {self.shapeless} (lazy layers take it from an input)")
        if self.unused_params:
            lines.append(f"Params not used in this pass: {self.unused_params:,}")
        if not self.called:
            return lines
        sizes = (self.total_input, self.total_output_bytes, self.total_param_bytes)
        names = ("Input size", "Forward/backward pass size", "Params size", "Estimated Total Size")
        return [
            *lines,
            f"Total mult-adds{_in_words(self.total_mult_adds)}",
            "=",
            *[f"{name} (MB): {size / 1e6:.2f}" for name, size in zip(names, (*sizes, sum(sizes)))],
        ]


def _in_words(work: int) -> str:
    """A number of multiply-adds: all of its digits, or millions and more."""
    for unit, size in (("T", 10**12), ("G", 10**9), ("M", 10**6)):
        if work >= size:
            return f" ({unit}): {work / size:,.2f}"
    return f": {work:,}"
