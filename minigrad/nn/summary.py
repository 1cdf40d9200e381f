"""A table of a network's layers: shapes, parameters, multiply-adds, memory. `minigrad.summary`."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from minigrad.creation import as_tensor
from minigrad.dtypes import to_numpy
from minigrad.grad_mode import no_grad
from minigrad.nn.module import Module
from minigrad.nn.parameter import is_lazy
from minigrad.nn.registry import own_buffers
from minigrad.nn.table import COLUMNS, OF_A_CALL, SETTINGS, LayerInfo, ModelStatistics, tensors_in
from minigrad.nn.work import Counter, counted
from minigrad.random import Generator, fork_rng
from minigrad.tensor import Tensor, wrap

OWN = ("training", "_hooks")  # attributes of a module that a run changes
MODES = ("eval", "train", "same")


def summary(
    model: Module,
    x: Any = None,
    *,
    input_size: Any = None,
    input_data: Any = None,
    batch_dim: int | None = None,
    col_names: Iterable[str] | None = None,
    col_width: int = 20,
    depth: int = 3,
    device: Any = None,
    dtypes: Sequence[Any] | None = None,
    mode: str = "eval",
    row_settings: Iterable[str] = ("depth",),
    verbose: int = 0,
    **kwargs: Any,
) -> ModelStatistics:
    """A table of the layers that `model` calls for an input: shapes, parameters, multiply-adds, and memory.

    Names and layout are those of the package torchinfo. What comes back prints itself, once, in a notebook, at the prompt
    and by `print`, and has the numbers as attributes. The model, its buffers and the random numbers are left as they were.

    Args:
        x: an example input, as `input_data`, or its shape, as `input_size`. Without any, only parameters are listed.
        input_data: a tensor; a tuple or list of arguments; or a dict of arguments by name.
        input_size: the shape of an input, a tuple of integers; or several, in a tuple, a list or a dict.
        batch_dim: a dimension of size 1 to put into each `input_size`.
        col_names: columns, of input_size, output_size, num_params, params_percent, kernel_size, mult_adds, trainable.
        depth: how deep modules are listed within modules. The last row stands for what is below it.
        dtypes: one for each input of `input_size`; float32.
        mode: "eval", "train" or "same": how the model is while it runs.
        row_settings: of depth (numbers of layers), var_names, ascii_only, hide_recursive_layers.
        verbose: 1 prints the table too, 2 with a line per parameter.
        kwargs: further arguments of `forward`.

    A layer called again, or one all of whose parameters stood above, is marked (recursive); parameters count once.
    Raises TypeError if `model` is no module or the input is neither data nor sizes, ValueError for an unknown column, setting
    or mode and for two inputs. An error of the forward pass comes as it is, with a note on how far the pass came.

    >>> import minigrad
    >>> from minigrad import nn
    >>> model = nn.Sequential(nn.Linear(784, 16), nn.Sigmoid(), nn.Linear(16, 10))
    >>> found = minigrad.summary(model, (32, 784))
    >>> found.total_params, found.total_mult_adds
    (12730, 406528)
    """
    if not isinstance(model, Module):
        raise TypeError(f"summary: a Module is needed, not a {type(model).__name__}")
    if sum(given is not None for given in (x, input_data, input_size)) > 1:
        raise ValueError("summary: more than one input: give either data or a size")
    if x is not None:
        input_data, input_size = (x, None) if _is_data(x) else (None, x)
    args, named = _inputs(input_data, input_size, batch_dim, dtypes, device)
    names = tuple(col_names or ("output_size", "num_params", "mult_adds"))
    rows = tuple(row_settings)
    for what, given, known in (("column", names, COLUMNS), ("row setting", rows, SETTINGS), ("mode", (mode,), MODES)):
        if wrong := [name for name in given if name not in known]:
            raise ValueError(f"summary: {wrong[0]!r} is no {what}: use {', '.join(known)}")
    used: set[int] | None = None
    if input_data is not None or input_size is not None or kwargs:
        top, used = _run(model, args, {**named, **kwargs}, mode)
    else:
        top = _listed(model, "", 0)
        names = tuple(name for name in names if name not in OF_A_CALL) or ("num_params",)
    found = ModelStatistics(top, (args, named, kwargs), used, names, col_width, depth, rows, verbose)
    if verbose:
        print(found)
    return found


# ── the input ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _is_data(x: Any) -> bool:
    """Is it an input, and not the size of one?"""
    if isinstance(x, Mapping):
        return any(_is_data(part) for part in x.values())
    if isinstance(x, tuple | list):
        return any(_is_data(part) for part in x)
    return not isinstance(x, int)


def _inputs(
    data: Any, size: Any, batch_dim: int | None, dtypes: Any, device: Any
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments of `forward`."""
    given = size if data is None else data
    if data is None and size is not None:
        given = _made(size, batch_dim, dtypes)
    if isinstance(given, Mapping):
        return (), {name: _ready(x, device) for name, x in given.items()}
    several = given if isinstance(given, tuple | list) else () if given is None else (given,)
    return tuple(_ready(x, device) for x in several), {}


def _ready(x: Any, device: Any) -> Any:
    """An input as the model takes it."""
    x = as_tensor(x) if isinstance(x, np.ndarray) else x
    return x.to(device) if device is not None and isinstance(x, Tensor) else x


def _made(size: Any, batch_dim: int | None, dtypes: Any) -> Any:
    """Inputs of these sizes: numbers from 0 to 1, the same ones every time."""
    sizes = dict(size) if isinstance(size, Mapping) else dict(enumerate([size] if _is_size(size) else size))
    kinds = list(dtypes) if dtypes is not None else [np.float32] * len(sizes)
    if not all(_is_size(each) for each in sizes.values()):
        raise TypeError(f"summary: {size!r} is neither data nor a size: give a tensor, or a tuple of integers")
    if len(kinds) != len(sizes):
        raise ValueError(f"summary: {len(kinds)} dtypes for {len(sizes)} inputs: give one for each")
    generator, made = Generator().manual_seed(0), {}
    for (name, each), kind in zip(sizes.items(), kinds):
        shape = list(each)
        if batch_dim is not None:
            shape.insert(batch_dim, 1)
        made[name] = wrap(generator.uniform(tuple(shape), np.dtype(np.float32)).astype(to_numpy(kind)))
    return made if isinstance(size, Mapping) else tuple(made.values())


def _is_size(size: Any) -> bool:
    return isinstance(size, tuple | list) and all(isinstance(n, int) for n in size)


def _shape(part: Any) -> list[int] | None:
    """The shape of the first tensor in it."""
    first = next(tensors_in(part), None)
    return None if first is None else list(first.array.shape)


# ── the run ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _run(model: Module, args: tuple[Any, ...], kwargs: dict[str, Any], mode: str) -> tuple[LayerInfo, set[int]]:
    """Call the model once and see who is called: the row of the model, and the ids of the parameters that were used."""
    if any(is_lazy(tensor) for tensor in (*model.parameters(), *model.buffers())):
        model = copy.deepcopy(model)  # a lazy layer is another after its first call
    with ExitStack() as blocks:
        blocks.enter_context(no_grad())
        blocks.enter_context(fork_rng())
        blocks.enter_context(_as_it_was(model))
        if mode != "same":
            model.train(mode == "train")
        calls = _Calls(model, blocks.enter_context(counted()))
        for module in dict.fromkeys(model.modules()):
            hooks = (
                module.register_forward_pre_hook(calls.before, with_kwargs=True),
                module.register_forward_hook(calls.after, with_kwargs=True, always_call=True),
            )
            for hook in hooks:
                blocks.callback(hook.remove)
        try:
            output = model(*args, **kwargs)
        except Exception as error:
            error.add_note(f"summary: raised {calls.progress()}")
            raise
        if not calls.entered:  # its class has a __call__ of its own
            calls.after(model, args, kwargs, output)
    return calls.top, calls.counter.used


@contextmanager
def _as_it_was(model: Module) -> Iterator[None]:
    """A block after which the modules' modes, hooks and buffers are what they were."""
    modules = list(model.modules())
    kept = [{name: module.__dict__[name] for name in OWN if name in module.__dict__} for module in modules]
    buffers = [
        (module, name, tensor, tensor.array.copy(), tensor._version[0])
        for module in modules
        for name, tensor in own_buffers(module)
        if not is_lazy(tensor)
    ]
    try:
        yield
    finally:
        for module, values in zip(modules, kept):
            for name in OWN:
                module.__dict__.pop(name, None)
            module.__dict__.update(values)
        for module, name, tensor, array, version in buffers:
            if getattr(module, name) is not tensor:
                setattr(module, name, tensor)
            if tensor._version[0] != version:
                tensor.array[...] = array
                tensor._version[0] = version  # it holds what it held: graphs from before may be walked


class _Calls:
    """The calls of modules as a tree of rows."""

    def __init__(self, model: Module, counter: Counter) -> None:
        self.counter = counter
        self.names: dict[Module, list[str]] = {}
        for name, module in model.named_modules(remove_duplicate=False):
            self.names.setdefault(module, []).append(name)
        self.modules = {name: module for module, names in self.names.items() for name in names}
        self.top = LayerInfo(model, type(model).__name__)
        self.stack = [self.top]
        self.entered = False
        self.open: dict[LayerInfo, dict[str, LayerInfo]] = {}  # the containers below a call
        self.last: LayerInfo | None = None  # the one that was entered last

    def before(self, module: Any, args: Any, kwargs: Any) -> None:
        """A module is called."""
        self.names.setdefault(module, [""])  # the module behind a compiled one
        if not self.entered and "" in self.names[module]:
            row, self.entered = self.top, True
        else:
            row = LayerInfo(module, "")
            self.stack[-1].mult_adds += self.counter.take()
            self.place(row, self.stack[-1])
        row.input_size = _shape((args, kwargs))
        self.stack.append(row)
        self.last = row

    def after(self, module: Any, args: Any, kwargs: Any, output: Any) -> None:
        """It returns; or, without an output, raises."""
        row = self.stack.pop()
        row.mult_adds += self.counter.take()
        row.output_size = _shape(output)
        given = [x.array for x in tensors_in((args, kwargs))]
        row.output_bytes = sum(
            x.array.nbytes for x in tensors_in(output) if not any(np.may_share_memory(x.array, y) for y in given)
        )

    def place(self, row: LayerInfo, caller: LayerInfo) -> None:
        """Put a row below that of the caller, and of the containers between the two that are not called themselves."""
        of_caller = self.names[caller.module]
        for name in self.names[row.module]:
            for prefix in of_caller:
                if not prefix or name.startswith(f"{prefix}."):
                    *path, last = name[len(prefix) + 1 if prefix else 0 :].split(".")
                    row.var_name = last or row.class_name
                    parent, full = caller, prefix
                    for part in path:
                        full = f"{full}.{part}" if full else part
                        containers = self.open.setdefault(caller, {})
                        if full not in containers:
                            containers[full] = LayerInfo(self.modules[full], part, parent.depth + 1)
                            parent.children.append(containers[full])
                        parent = containers[full]
                    row.depth = parent.depth + 1
                    parent.children.append(row)
                    return
        row.var_name = self.names[row.module][0].rpartition(".")[2] or row.class_name  # it is called from elsewhere
        row.depth = caller.depth + 1
        caller.children.append(row)

    def progress(self) -> str:
        """How far the pass came."""
        if self.last is None:
            return "before any module was called"
        where = f"in {self.last.class_name} ({self.last.var_name})"
        if self.last.output_size is not None:
            return f"after {where[3:]} gave {self.last.output_size}"
        return f"{where}, whose input has the shape {self.last.input_size}"


def _listed(module: Module, name: str, depth: int) -> LayerInfo:
    """The modules as they are kept, without a call."""
    row = LayerInfo(module, name or type(module).__name__, depth)
    row.children = [_listed(child, name, depth + 1) for name, child in module.named_children()]
    return row
