"""The switches of `torch.backends` that programs set: they can be set, and none of them is there."""

from __future__ import annotations

from types import ModuleType


class Backend(ModuleType):
    """Something that is not there. Its switches can be set and read, and change nothing.

    >>> from minigrad import backends
    >>> backends.cudnn.benchmark = True
    >>> backends.cudnn.is_available(), backends.mps.is_built()
    (False, False)
    """

    enabled: bool = False
    benchmark: bool = False
    deterministic: bool = True
    allow_tf32: bool = False
    fp32_precision: str = "ieee"
    matmul: Backend

    @staticmethod
    def is_available() -> bool:
        """False."""
        return False

    @staticmethod
    def is_built() -> bool:
        """False."""
        return False

    @staticmethod
    def version() -> None:
        """None: there is no version of what is not there."""


cuda, cudnn, mps, mkl, mkldnn, openmp = (
    Backend(f"minigrad.backends.{name}", "A backend that is not there.")
    for name in ("cuda", "cudnn", "mps", "mkl", "mkldnn", "openmp")
)
cuda.matmul = Backend("minigrad.backends.cuda.matmul", "Products on a device that is not there.")
