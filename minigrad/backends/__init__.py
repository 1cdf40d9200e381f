"""The switches of `torch.backends` that programs set: they can be set, and none of them is there."""

from __future__ import annotations


class Backend:
    """Something that is not there. Its switches can be set and read, and change nothing."""

    enabled = False
    benchmark = False
    deterministic = True
    allow_tf32 = False

    @staticmethod
    def is_available() -> bool:
        """False."""
        return False

    @staticmethod
    def is_built() -> bool:
        """False."""
        return False


cuda, cudnn, mps, mkl, mkldnn, openmp = (Backend() for _ in range(6))
