"""What programs ask of `torch.xpu`, Intel's graphics processors: there is none."""

from minigrad.cuda import (
    current_device,
    device_count,
    empty_cache,
    is_available,
    manual_seed,
    manual_seed_all,
    synchronize,
)

__all__ = [
    "current_device",
    "device_count",
    "empty_cache",
    "is_available",
    "manual_seed",
    "manual_seed_all",
    "synchronize",
]
