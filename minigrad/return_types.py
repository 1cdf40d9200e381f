"""What operations with several results return: a tuple whose parts have names, printed as PyTorch prints it.

>>> import minigrad
>>> values, indices = found = minigrad.tensor([1.0, 3.0, 2.0]).max(0)
>>> found
minigrad.return_types.max(
values=tensor(3.),
indices=tensor(1))
>>> found.indices is indices
True
"""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from minigrad.dialect import dialect


class Results(tuple[Any, ...]):
    """A tuple with a name for each of its parts."""

    __slots__ = ()

    fields: tuple[str, ...] = ()

    @property
    def n_fields(self) -> int:
        """How many parts it has."""
        return len(self.fields)

    def __repr__(self) -> str:
        parts = ",\n".join(f"{field}={part!r}" for field, part in zip(self.fields, self))
        return f"{dialect.name}.return_types.{type(self).__name__}(\n{parts})"


def _kind(name: str, *fields: str) -> Any:
    """A class of results."""
    members: dict[str, Any] = {field: property(itemgetter(i)) for i, field in enumerate(fields)}
    return type(name, (Results,), {"__slots__": (), "__module__": __name__, "fields": fields, **members})


max, min = _kind("max", "values", "indices"), _kind("min", "values", "indices")
sort, topk = _kind("sort", "values", "indices"), _kind("topk", "values", "indices")
median, nanmedian = _kind("median", "values", "indices"), _kind("nanmedian", "values", "indices")
mode, kthvalue = _kind("mode", "values", "indices"), _kind("kthvalue", "values", "indices")
cummax, cummin = _kind("cummax", "values", "indices"), _kind("cummin", "values", "indices")
aminmax, histogram = _kind("aminmax", "min", "max"), _kind("histogram", "hist", "bin_edges")
