"""What differs between minigrad's own voice and the one it has under `as_torch`, where programs written for PyTorch run."""

from __future__ import annotations


class Dialect:
    """One setting of it all."""

    name: str = "minigrad"  # the module in whose name types and sizes are printed
    lenient: bool = False  # where PyTorch warns and minigrad refuses: warn


dialect = Dialect()
