"""What training needs around a network."""

from minigrad.utils import data

__all__ = ["data"]
