"""minigrad: reverse-mode automatic differentiation on NumPy, under PyTorch's names, small enough to read."""

from minigrad import autograd, nn, optim
from minigrad.creation import (
    arange, as_tensor, empty, empty_like, eye, from_numpy, full, full_like, linspace, ones, ones_like, tensor, zeros,
    zeros_like,
)  # fmt: skip
from minigrad.dtypes import (
    bool_ as bool, double, dtype, float16, float32, float64, float_ as float, get_default_dtype, half, int8, int16,
    int32, int64, int_ as int, long, set_default_dtype, short, uint8,
)  # fmt: skip
from minigrad.errors import GraphError, MutationError, ShapeError
from minigrad.formatting import set_printoptions
from minigrad.grad_mode import enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from minigrad.ops.elementwise import where
from minigrad.ops.shape import cat, stack
from minigrad.random import (
    Generator, get_rng_state, manual_seed, rand, rand_like, randint, randn, randn_like, randperm, set_rng_state,
)  # fmt: skip
from minigrad.serialization import load, save
from minigrad.tensor import Size, Tensor

__version__ = "0.1.0"
