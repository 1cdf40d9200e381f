"""PyTorch's longer names: `nn.modules.linear` is `nn.linear`, and so on for every file of `nn`, and every name in it."""

import sys
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from minigrad import nn
from minigrad.nn.modules import utils as utils

for _name in [found.name for found in iter_modules(nn.__path__) if not found.ispkg]:
    sys.modules[f"{__name__}.{_name}"] = globals()[_name] = import_module(f"minigrad.nn.{_name}")


def __getattr__(name: str) -> Any:
    """A name of `nn`."""
    return getattr(nn, name)
