"""Who takes part. A contender's file has `build(way, case, data)`, which makes its `Task` of a case and its data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Contender:
    """A name to print, the file and the keyword it is built with, and what has to be installed."""

    key: str
    title: str
    module: str
    way: str
    needs: str


CONTENDERS: dict[str, Contender] = {
    c.key: c
    for c in (
        Contender("compiled", "minigrad, compiled", "torchlike", "minigrad compiled", "minigrad"),
        Contender("minigrad", "minigrad", "torchlike", "minigrad eager", "minigrad"),
        Contender("slices", "minigrad, tensors sliced", "torchlike", "minigrad slices", "minigrad"),
        Contender("torch", "torch", "torchlike", "torch eager", "torch"),
        Contender("torch.compile", "torch.compile", "torchlike", "torch compiled", "torch"),
        Contender("jax.jit", "jax.jit", "jax_steps", "jit", "jax"),
        Contender("jax.scan", "jax, lax.scan", "jax_steps", "scan", "jax"),
        Contender("tinygrad", "tinygrad, TinyJit", "tinygrad_steps", "", "tinygrad"),
        Contender("autograd", "autograd", "autograd_steps", "", "autograd"),
        Contender("mygrad", "MyGrad", "mygrad_steps", "", "mygrad"),
        Contender("numpy", "NumPy by hand", "by_hand", "plain", "numpy"),
        Contender("numpy-out", "NumPy by hand, into buffers", "by_hand", "buffers", "numpy"),
        Contender("numpy-best", "NumPy by hand, laid out anew", "by_hand", "best", "numpy"),
    )
}

TAKES_PART: dict[str, tuple[str, ...]] = {
    "a": tuple(key for key in CONTENDERS if key != "slices"),
    "b": tuple(key for key in CONTENDERS if key not in ("slices", "numpy-out")),
    "c": ("compiled", "minigrad", "torch", "torch.compile", "jax.jit", "tinygrad", "mygrad"),
    "d": ("compiled", "minigrad", "torch", "torch.compile", "jax.jit"),
    "e": ("compiled", "minigrad", "torch", "torch.compile", "jax.jit", "autograd"),
    "f": ("minigrad", "torch", "autograd", "mygrad", "numpy"),
    "g": ("minigrad", "torch"),
    "h": ("compiled", "minigrad", "torch", "torch.compile", "jax.jit", "autograd"),
    "i": ("compiled", "minigrad", "slices", "torch", "torch.compile", "numpy", "numpy-best"),
}

LEFT_OUT: dict[str, str] = {
    "c": "autograd has convolutions only through SciPy, one image at a time; by hand in NumPy it would be im2col again",
    "d": "autograd and MyGrad have no layers to build it from; tinygrad compiles hundreds of kernels for it, for minutes",
    "e": "MyGrad has a GRU and no LSTM; tinygrad unrolls 28 steps into kernels, and compiles them for minutes",
    "f": "jax and tinygrad compile whole programs, and are not made for one operation at a time",
    "g": "only the two that build a graph as they run, of any size",
    "h": "MyGrad has no gradients of gradients; tinygrad compiles the second order for minutes",
    "i": "the other libraries bring no data loader",
}
