"""What training needs around a network."""

from minigrad.utils import checkpoint, data

__all__ = ["checkpoint", "data"]
