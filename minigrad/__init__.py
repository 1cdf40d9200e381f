"""minigrad: reverse-mode automatic differentiation on NumPy, under PyTorch's names, small enough to read.

Every function of tensors below is the method of the same name: `minigrad.exp` is `Tensor.exp`.
"""

import typing as _typing

from minigrad import autograd
from minigrad.creation import (
    arange, as_tensor, empty, empty_like, eye, from_numpy, full, full_like, linspace, ones, ones_like, tensor, zeros,
    zeros_like,
)  # fmt: skip
from minigrad.devices import device, get_default_device, set_default_device
from minigrad.draw import draw
from minigrad.dtypes import (
    bool_ as bool, double, dtype, float16, float32, float64, float_ as float, get_default_dtype, half, int8, int16,
    int32, int64, int_ as int, long, set_default_dtype, short, uint8,
)  # fmt: skip
from minigrad.errors import GraphError, MutationError, ShapeError
from minigrad.formatting import set_printoptions
from minigrad.grad_mode import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from minigrad.legacy import (
    BoolTensor, ByteTensor, CharTensor, DoubleTensor, FloatTensor, HalfTensor, IntTensor, LongTensor, ShortTensor,
    set_default_tensor_type,
)  # fmt: skip
from minigrad.ops.elementwise import where
from minigrad.ops.shape import cat, stack
from minigrad.random import (
    Generator, get_rng_state, manual_seed, rand, rand_like, randint, randn, randn_like, randperm, set_rng_state,
)  # fmt: skip
from minigrad.serialization import load, save
from minigrad.tensor import Size, Tensor

if _typing.TYPE_CHECKING:
    from minigrad import as_torch, backends, cuda, datasets, func, nn, optim, utils

__version__ = "0.1.0"


def __getattr__(name: str) -> _typing.Any:
    """The rooms that not every program enters, opened when first named: `minigrad.nn` needs no import of its own."""
    if name in ("as_torch", "backends", "cuda", "datasets", "func", "nn", "optim", "plot", "testing", "utils"):
        from importlib import import_module

        return import_module(f"minigrad.{name}")
    raise AttributeError(f"module 'minigrad' has no attribute {name!r}")


# arithmetic
add = Tensor.add
sub = Tensor.sub
subtract = Tensor.subtract
mul = Tensor.mul
multiply = Tensor.multiply
div = Tensor.div
divide = Tensor.divide
true_divide = Tensor.true_divide
floor_divide = Tensor.floor_divide
remainder = Tensor.remainder
neg = Tensor.neg
negative = Tensor.negative
pow = Tensor.pow
square = Tensor.square
# elementwise
abs = Tensor.abs
absolute = Tensor.absolute
ceil = Tensor.ceil
clamp = Tensor.clamp
clip = Tensor.clip
clone = Tensor.clone
cos = Tensor.cos
exp = Tensor.exp
exp2 = Tensor.exp2
expm1 = Tensor.expm1
floor = Tensor.floor
log = Tensor.log
log10 = Tensor.log10
log1p = Tensor.log1p
log2 = Tensor.log2
masked_fill = Tensor.masked_fill
maximum = Tensor.maximum
minimum = Tensor.minimum
reciprocal = Tensor.reciprocal
relu = Tensor.relu
round = Tensor.round
rsqrt = Tensor.rsqrt
sigmoid = Tensor.sigmoid
sign = Tensor.sign
sin = Tensor.sin
softplus = Tensor.softplus
sqrt = Tensor.sqrt
tan = Tensor.tan
tanh = Tensor.tanh
trunc = Tensor.trunc
# reduction
all = Tensor.all
amax = Tensor.amax
amin = Tensor.amin
any = Tensor.any
argmax = Tensor.argmax
argmin = Tensor.argmin
cumsum = Tensor.cumsum
log_softmax = Tensor.log_softmax
logsumexp = Tensor.logsumexp
max = Tensor.max
mean = Tensor.mean
min = Tensor.min
norm = Tensor.norm
prod = Tensor.prod
softmax = Tensor.softmax
std = Tensor.std
sum = Tensor.sum
var = Tensor.var
# shape
broadcast_to = Tensor.broadcast_to
chunk = Tensor.chunk
flatten = Tensor.flatten
flip = Tensor.flip
movedim = Tensor.movedim
narrow = Tensor.narrow
permute = Tensor.permute
reshape = Tensor.reshape
select = Tensor.select
split = Tensor.split
squeeze = Tensor.squeeze
swapaxes = Tensor.swapaxes
swapdims = Tensor.swapdims
t = Tensor.t
transpose = Tensor.transpose
unbind = Tensor.unbind
unflatten = Tensor.unflatten
unsqueeze = Tensor.unsqueeze
# indexing
gather = Tensor.gather
index_select = Tensor.index_select
masked_select = Tensor.masked_select
# linalg
bmm = Tensor.bmm
dot = Tensor.dot
matmul = Tensor.matmul
mm = Tensor.mm
mv = Tensor.mv
outer = Tensor.outer
# comparison
allclose = Tensor.allclose
bitwise_and = Tensor.bitwise_and
bitwise_not = Tensor.bitwise_not
bitwise_or = Tensor.bitwise_or
bitwise_xor = Tensor.bitwise_xor
eq = Tensor.eq
equal = Tensor.equal
ge = Tensor.ge
gt = Tensor.gt
isclose = Tensor.isclose
isfinite = Tensor.isfinite
isinf = Tensor.isinf
isnan = Tensor.isnan
le = Tensor.le
logical_and = Tensor.logical_and
logical_not = Tensor.logical_not
logical_or = Tensor.logical_or
logical_xor = Tensor.logical_xor
lt = Tensor.lt
ne = Tensor.ne
# tensor
numel = Tensor.numel
is_floating_point = Tensor.is_floating_point
detach = Tensor.detach

__all__ = [  # noqa: RUF022
    "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "Generator", "GraphError",
    "HalfTensor", "IntTensor", "LongTensor", "MutationError", "ShapeError", "ShortTensor", "Size", "Tensor",
    "abs", "absolute", "add", "all", "allclose", "amax", "amin", "any", "arange", "argmax", "argmin",
    "as_tensor", "as_torch", "autograd", "backends", "bitwise_and", "bitwise_not", "bitwise_or",
    "bitwise_xor", "bmm", "bool", "broadcast_to", "cat", "ceil", "chunk", "clamp", "clip", "clone", "cos",
    "cuda", "cumsum", "datasets", "detach", "device", "div", "divide", "dot", "double", "draw", "dtype",
    "empty", "empty_like", "enable_grad", "eq", "equal", "exp", "exp2", "expm1", "eye", "flatten", "flip",
    "float", "float16", "float32", "float64", "floor", "floor_divide", "from_numpy", "full", "full_like",
    "func", "gather", "ge", "get_default_device", "get_default_dtype", "get_rng_state", "gt", "half",
    "index_select", "inference_mode", "int", "int16", "int32", "int64", "int8", "is_floating_point",
    "is_grad_enabled", "isclose", "isfinite", "isinf", "isnan", "le", "linspace", "load", "log", "log10",
    "log1p", "log2", "log_softmax", "logical_and", "logical_not", "logical_or", "logical_xor", "logsumexp",
    "long", "lt", "manual_seed", "masked_fill", "masked_select", "matmul", "max", "maximum", "mean", "min",
    "minimum", "mm", "movedim", "mul", "multiply", "mv", "narrow", "ne", "neg", "negative", "nn", "no_grad",
    "norm", "numel", "ones", "ones_like", "optim", "outer", "permute", "pow", "prod", "rand", "rand_like",
    "randint", "randn", "randn_like", "randperm", "reciprocal", "relu", "remainder", "reshape", "round",
    "rsqrt", "save", "select", "set_default_device", "set_default_dtype", "set_default_tensor_type",
    "set_grad_enabled", "set_printoptions", "set_rng_state", "short", "sigmoid", "sign", "sin", "softmax",
    "softplus", "split", "sqrt", "square", "squeeze", "stack", "std", "sub", "subtract", "sum", "swapaxes",
    "swapdims", "t", "tan", "tanh", "tensor", "transpose", "true_divide", "trunc", "uint8", "unbind",
    "unflatten", "unsqueeze", "utils", "var", "where", "zeros", "zeros_like",
]  # fmt: skip
