"""`functional_call`, by its older name."""

from minigrad.func import functional_call

__all__ = ["functional_call"]
