"""Data to learn from: the MNIST digits, which come with the package, and their file format."""

from minigrad.datasets.idx import IDXError, read_idx, write_idx
from minigrad.datasets.mnist import MNIST

__all__ = ["MNIST", "IDXError", "read_idx", "write_idx"]
