"""The version, under the names that `torch.version` has."""

__all__ = ["__version__", "cuda", "debug", "hip"]

__version__: str = "0.1.0"
cuda: str | None = None  # the version of CUDA that it was built for
hip: str | None = None
debug: bool = False
