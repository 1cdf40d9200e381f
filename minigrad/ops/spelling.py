"""NumPy's names of arguments, which PyTorch takes too: `axis` for `dim`, `keepdims` for `keepdim`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])

NUMPYS = {"axis": "dim", "keepdims": "keepdim"}


def numpy_names(operation: F) -> F:
    """Let an operation take `axis=` and `keepdims=` as well."""

    @wraps(operation)
    def method(*args: Any, **kwargs: Any) -> Any:
        if kwargs:
            for theirs, ours in NUMPYS.items():
                if theirs in kwargs:
                    if ours in kwargs:
                        raise TypeError(
                            f"{operation.__name__}: {theirs} and {ours} are two names of one argument: give one"
                        )
                    kwargs[ours] = kwargs.pop(theirs)
            return operation(*args, **kwargs)
        return operation(*args)

    return cast(F, method)
