"""How much of what programs use of PyTorch is here: every spelling of tests/api_demand.tsv is looked up.

    python scripts/api_coverage.py            the share that exists, weighted by programs, and what is missing
    python scripts/api_coverage.py --all      also what is there

The table counts, for 677 small programs (tutorials, courses, teaching repositories), how many use each family of names.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import minigrad
from minigrad import nn, optim, utils
from minigrad.graph import Node
from minigrad.random import Generator
from minigrad.tensor import Tensor

DEMAND = ROOT / "tests" / "api_demand.tsv"
OPERATORS = {
    "+": "add", "-": "sub", "*": "mul", "/": "truediv", "//": "floordiv", "%": "mod", "**": "pow", "@": "matmul",
    "&": "and", "|": "or", "^": "xor", "==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "~": "invert",
    "neg": "neg",
}  # fmt: skip

# Names that are deliberately left out, with the reason: docs/compatibility.md says the same in full.
LEFT_OUT = {
    "torch.ByteStorage": "storages", "Tensor.storage": "storages", "Tensor.module_load": "swapping of parameters",
    "torch._C.DisableTorchFunctionSubclass": "tensor subclasses", "Tensor._make_wrapper_subclass": "tensor subclasses",
    "torch.__future__.set_swap_module_params_on_conversion": "swapping of parameters", "torch.utils.swap_tensors": "swapping",
    "torch.serialization.safe_globals": "pickle", "Tensor.reinforce": "removed from PyTorch in 0.4", "torch.autocast": "",
    "autograd.graph.saved_tensors_hooks": "rules keep what they need in closures", "grad_fn.apply": "rules are closures",
    "grad_fn._saved_self": "rules are closures", "grad_fn._saved_other": "rules are closures",
    "grad_fn._saved_result": "rules are closures", "grad_fn.equal": "", "Module.bfloat16": "NumPy has no bfloat16",
    "nn.modules.linear.NonDynamicallyQuantizableLinear": "quantisation", "torch.bfloat16": "NumPy has no bfloat16",
}  # fmt: skip


def owners() -> dict[str, Any]:
    """What the first word of a spelling stands for."""
    from minigrad.nn import functional, init
    from minigrad.optim import lr_scheduler

    layer = nn.Sequential(nn.Linear(1, 1))[0]
    return {
        "torch": minigrad, "Tensor": Tensor, "nn": nn, "F": functional, "init": init, "optim": optim,
        "Module": nn.Module, "lr_scheduler": lr_scheduler, "data": utils.data, "autograd": minigrad.autograd,
        "Size": minigrad.Size, "Generator": Generator, "Optimizer": optim.SGD([Tensor(1)], lr=0.1),
        "LRScheduler": lr_scheduler.StepLR(optim.SGD([Tensor(1)], lr=0.1), 1), "layer": layer,
        "DataLoader": utils.data.DataLoader([1]), "grad_fn": Node,
    }  # fmt: skip


def find(owner: Any, path: str) -> bool:
    """Does a dotted name exist there?"""
    for name in path.split("."):
        try:
            owner = getattr(owner, name)
        except (AttributeError, NotImplementedError):
            return False
    return True


def exists(spelling: str, known: dict[str, Any]) -> bool:
    """Is this spelling there?"""
    kind, colon, sign = spelling.partition(":")
    if colon and kind in ("op", "rop", "iop", "cmp"):
        name = OPERATORS[sign.removesuffix("=") if kind == "iop" else sign]
        prefix = {"op": "", "rop": "r", "iop": "i", "cmp": ""}[kind]
        return hasattr(Tensor, f"__{prefix}{name}__") or (kind == "iop" and hasattr(Tensor, f"__{name}__"))
    if spelling.startswith(("getitem[", "setitem[")):
        return hasattr(Tensor, f"__{spelling[:7]}__")
    if spelling.endswith("=(set)"):
        return find(Tensor, spelling.removeprefix("Tensor.").removesuffix("=(set)"))
    first, _, rest = spelling.partition(".")
    if first == "layer":
        return any(find(layer, rest) for layer in layers())
    if first in ("linalg", "distributions", "ctx", "Distribution"):
        return exists_lazily(first, rest)
    return first in known and find(known[first], rest.split(" ")[0])


def layers() -> Iterator[Any]:
    """Layers that have the attributes programs read."""
    yield nn.Linear(1, 1)
    for name, arguments in (("Conv2d", (1, 1, 1)), ("Embedding", (2, 2)), ("RNN", (1, 1))):
        if hasattr(nn, name):
            yield getattr(nn, name)(*arguments)


def exists_lazily(first: str, rest: str) -> bool:
    """The same for rooms that are opened late."""
    if first == "ctx":
        return hasattr(minigrad.autograd.function.Context, rest)
    if first == "Distribution":
        return find(minigrad, f"distributions.Distribution.{rest}") or find(
            minigrad, f"distributions.SigmoidTransform.{rest}"
        )
    return find(minigrad, f"{first}.{rest}")


def spellings() -> Iterator[tuple[int, str]]:
    """(programs, spelling) for every entry of the table: a family's count belongs to each of its spellings."""
    with DEMAND.open() as file:
        for row in csv.DictReader(file, delimiter="\t"):
            words = row["spellings"].replace(" (print)", "").split(" ")
            for word in words:
                yield int(row["programs"]), word


def main() -> None:
    """Look everything up, print the share and the gaps."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="also list what is there")
    options = parser.parse_args()
    known = owners()
    found, missing = [], []
    for programs, spelling in spellings():
        (found if exists(spelling, known) else missing).append((programs, spelling))
    total = sum(n for n, _ in found + missing)
    share = sum(n for n, _ in found) / total
    print(f"{len(found)} of {len(found) + len(missing)} spellings exist: {share:.2%} weighted by programs")
    for programs, spelling in missing:
        reason = LEFT_OUT.get(spelling)
        print(f"  {programs:4} {spelling}" + (f"  (left out: {reason})" if reason is not None else ""))
    if options.all:
        for programs, spelling in found:
            print(f"  {programs:4} {spelling}  is there")


if __name__ == "__main__":
    main()
