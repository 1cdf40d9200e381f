"""minigrad: reverse-mode automatic differentiation on NumPy, under PyTorch's names, small enough to read.

Every function of tensors below is the method of the same name: `minigrad.exp` is `Tensor.exp`.
"""

import typing as _typing

from minigrad import autograd
from minigrad.amp import autocast
from minigrad.creation import (
    arange, as_tensor, empty, empty_like, eye, from_dlpack, from_numpy, full, full_like, linspace, logspace, ones,
    ones_like, range, tensor, tril_indices, triu_indices, zeros, zeros_like,
)  # fmt: skip
from minigrad.devices import (
    channels_last, channels_last_3d, contiguous_format, device, get_default_device, preserve_format, set_default_device,
    strided,
)  # fmt: skip
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
from minigrad.ops.einsum import einsum, tensordot
from minigrad.ops.elementwise import where
from minigrad.ops.products import cdist, chain_matmul, cosine_similarity
from minigrad.ops.joining import (
    atleast_1d, atleast_2d, atleast_3d, block_diag, broadcast_shapes, broadcast_tensors, cartesian_prod, column_stack,
    combinations, dstack, hstack, meshgrid, vander, vstack,
)  # fmt: skip
from minigrad.ops.shape import cat, cat as concat, cat as concatenate, stack
from minigrad.random import (
    Generator, default_generator, get_rng_state, initial_seed, manual_seed, normal, rand, rand_like, randint, randint_like,
    randn, randn_like, randperm, seed, set_rng_state,
)  # fmt: skip
from minigrad.serialization import load, save
from minigrad.settings import (
    are_deterministic_algorithms_enabled, get_float32_matmul_precision, get_num_interop_threads, get_num_threads,
    set_float32_matmul_precision, set_flush_denormal, set_num_interop_threads, set_num_threads,
    use_deterministic_algorithms,
)  # fmt: skip
from minigrad.tensor import Size, Tensor
from minigrad.typeinfo import can_cast, e, finfo, iinfo, inf, is_tensor, nan, newaxis, pi, promote_types, result_type

if _typing.TYPE_CHECKING:
    from minigrad import (
        accelerator, amp, as_torch, backends, cuda, datasets, distributions, func, jit, linalg, mps, nn, optim,
        safetensors, special, utils, version, xpu,
    )  # fmt: skip
    from minigrad.nn.summary import summary
    from minigrad.utils.checkpoint import checkpoint

__version__ = "0.1.0"


def __getattr__(name: str) -> _typing.Any:
    """The rooms that not every program enters, opened when first named: `minigrad.nn` needs no import of its own."""
    if name in (
        "accelerator", "amp", "as_torch", "backends", "compile", "cuda", "datasets", "distributions", "func",
        "jit", "linalg", "mps", "nn", "optim", "plot", "safetensors", "special", "testing", "utils", "version",
        "xpu",
    ):  # fmt: skip
        from importlib import import_module

        return import_module(f"minigrad.{name}")
    if name == "checkpoint":
        from minigrad.utils.checkpoint import checkpoint

        return checkpoint
    if name == "summary":
        from minigrad.nn.summary import summary

        return summary
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
# special functions
asin, acos, atan, sinh = Tensor.asin, Tensor.acos, Tensor.atan, Tensor.sinh
cosh, asinh, acosh, atanh = Tensor.cosh, Tensor.asinh, Tensor.acosh, Tensor.atanh
arcsin, arccos, arctan, arcsinh = Tensor.arcsin, Tensor.arccos, Tensor.arctan, Tensor.arcsinh
arccosh, arctanh, sinc, erf = Tensor.arccosh, Tensor.arctanh, Tensor.sinc, Tensor.erf
erfc, erfinv, lgamma, digamma = Tensor.erfc, Tensor.erfinv, Tensor.lgamma, Tensor.digamma
polygamma, mvlgamma, i0, logit = Tensor.polygamma, Tensor.mvlgamma, Tensor.i0, Tensor.logit
xlogy, logaddexp, logaddexp2 = Tensor.xlogy, Tensor.logaddexp, Tensor.logaddexp2
sgn, gammaln = Tensor.sign, Tensor.lgamma
# beyond the four operations
atan2, arctan2, hypot, fmod = Tensor.atan2, Tensor.arctan2, Tensor.hypot, Tensor.fmod
fmax, fmin, lerp, addcmul = Tensor.fmax, Tensor.fmin, Tensor.lerp, Tensor.addcmul
addcdiv, clamp_min, clamp_max, float_power = Tensor.addcdiv, Tensor.clamp_min, Tensor.clamp_max, Tensor.float_power
ldexp, copysign, heaviside, nextafter = Tensor.ldexp, Tensor.copysign, Tensor.heaviside, Tensor.nextafter
frac, nan_to_num, deg2rad, rad2deg = Tensor.frac, Tensor.nan_to_num, Tensor.deg2rad, Tensor.rad2deg
positive, signbit, isposinf, isneginf = Tensor.positive, Tensor.signbit, Tensor.isposinf, Tensor.isneginf
isreal, isin, conj, bitwise_left_shift = Tensor.isreal, Tensor.isin, Tensor.conj, Tensor.bitwise_left_shift
bitwise_right_shift, is_complex, is_signed = Tensor.bitwise_right_shift, Tensor.is_complex, Tensor.is_signed
is_nonzero = Tensor.is_nonzero
is_same_size = Tensor.is_same_size
real = Tensor.conj
# more arrangements
triu, tril, diagonal, diag_embed = Tensor.triu, Tensor.tril, Tensor.diagonal, Tensor.diag_embed
diag, diagflat, trace, tile = Tensor.diag, Tensor.diagflat, Tensor.trace, Tensor.tile
repeat_interleave, roll, rot90, fliplr = Tensor.repeat_interleave, Tensor.roll, Tensor.rot90, Tensor.fliplr
flipud, ravel, moveaxis, adjoint = Tensor.flipud, Tensor.ravel, Tensor.moveaxis, Tensor.adjoint
tensor_split, hsplit, vsplit, as_strided = Tensor.tensor_split, Tensor.hsplit, Tensor.vsplit, Tensor.as_strided
# written into the tensor that is given
abs_, ceil_, clamp_, cos_ = Tensor.abs_, Tensor.ceil_, Tensor.clamp_, Tensor.cos_
exp_, floor_, log_, neg_ = Tensor.exp_, Tensor.floor_, Tensor.log_, Tensor.neg_
reciprocal_, relu_, round_, rsqrt_ = Tensor.reciprocal_, Tensor.relu_, Tensor.round_, Tensor.rsqrt_
sigmoid_, sin_, sqrt_, square_ = Tensor.sigmoid_, Tensor.sin_, Tensor.sqrt_, Tensor.square_
tan_, tanh_, trunc_, zero_ = Tensor.tan_, Tensor.tanh_, Tensor.trunc_, Tensor.zero_
asin_, acos_, atan_, sinh_ = Tensor.asin_, Tensor.acos_, Tensor.atan_, Tensor.sinh_
cosh_, erf_, erfc_, frac_ = Tensor.cosh_, Tensor.erf_, Tensor.erfc_, Tensor.frac_
fill_, clamp_min_, clamp_max_ = Tensor.fill_, Tensor.clamp_min_, Tensor.clamp_max_
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
take, take_along_dim, nonzero, argwhere = Tensor.take, Tensor.take_along_dim, Tensor.nonzero, Tensor.argwhere
scatter, scatter_add, scatter_reduce = Tensor.scatter, Tensor.scatter_add, Tensor.scatter_reduce
index_add = Tensor.index_add
index_copy, index_fill, index_put = Tensor.index_copy, Tensor.index_fill, Tensor.index_put
index_reduce = Tensor.index_reduce
put, masked_scatter, select_scatter = Tensor.put, Tensor.masked_scatter, Tensor.select_scatter
slice_scatter = Tensor.slice_scatter
diagonal_scatter, index_put_ = Tensor.diagonal_scatter, Tensor.index_put_
# order
sort, argsort, msort, topk = Tensor.sort, Tensor.argsort, Tensor.msort, Tensor.topk
kthvalue, median, nanmedian, mode = Tensor.kthvalue, Tensor.median, Tensor.nanmedian, Tensor.mode
quantile, nanquantile, unique = Tensor.quantile, Tensor.nanquantile, Tensor.unique
unique_consecutive = Tensor.unique_consecutive
bincount, histc, histogram, bucketize = Tensor.bincount, Tensor.histc, Tensor.histogram, Tensor.bucketize
searchsorted = Tensor.searchsorted
# more reductions, running ones
aminmax, nansum, nanmean, count_nonzero = Tensor.aminmax, Tensor.nansum, Tensor.nanmean, Tensor.count_nonzero
std_mean, var_mean, cumprod, cummax = Tensor.std_mean, Tensor.var_mean, Tensor.cumprod, Tensor.cummax
cummin, logcumsumexp, diff, trapezoid = Tensor.cummin, Tensor.logcumsumexp, Tensor.diff, Tensor.trapezoid
trapz, cumulative_trapezoid, dist, renorm = Tensor.trapz, Tensor.cumulative_trapezoid, Tensor.dist, Tensor.renorm
# linalg
bmm = Tensor.bmm
dot = Tensor.dot
matmul = Tensor.matmul
mm = Tensor.mm
mv = Tensor.mv
outer = Tensor.outer
# linear algebra
addbmm = Tensor.addbmm
addmm = Tensor.addmm
addmv = Tensor.addmv
addr = Tensor.addr
baddbmm = Tensor.baddbmm
cholesky = Tensor.cholesky
cholesky_inverse = Tensor.cholesky_inverse
cholesky_solve = Tensor.cholesky_solve
corrcoef = Tensor.corrcoef
cov = Tensor.cov
cross = Tensor.cross
det = Tensor.det
ger = Tensor.ger
inner = Tensor.inner
inverse = Tensor.inverse
kron = Tensor.kron
logdet = Tensor.logdet
lu = Tensor.lu
lu_unpack = Tensor.lu_unpack
matrix_exp = Tensor.matrix_exp
matrix_power = Tensor.matrix_power
pinverse = Tensor.pinverse
qr = Tensor.qr
slogdet = Tensor.slogdet
svd = Tensor.svd
vdot = Tensor.vdot
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
# sampling
bernoulli = Tensor.bernoulli
multinomial = Tensor.multinomial
poisson = Tensor.poisson
# tensor
numel = Tensor.numel
is_floating_point = Tensor.is_floating_point
detach = Tensor.detach

__all__ = [
    "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "Generator", "GraphError", "HalfTensor",
    "IntTensor", "LongTensor", "MutationError", "ShapeError", "ShortTensor", "Size", "Tensor", "abs", "abs_",
    "absolute", "accelerator", "acos", "acos_", "acosh", "add", "addbmm", "addcdiv", "addcmul", "addmm", "addmv",
    "addr", "adjoint", "all", "allclose", "amax", "amin", "aminmax", "amp", "any", "arange", "arccos", "arccosh",
    "arcsin", "arcsinh", "arctan", "arctan2", "arctanh", "are_deterministic_algorithms_enabled", "argmax", "argmin",
    "argsort", "argwhere", "as_strided", "as_tensor", "as_torch", "asin", "asin_", "asinh", "atan", "atan2", "atan_",
    "atanh", "atleast_1d", "atleast_2d", "atleast_3d", "autocast", "autograd", "backends", "baddbmm", "bernoulli",
    "bincount", "bitwise_and", "bitwise_left_shift", "bitwise_not", "bitwise_or", "bitwise_right_shift",
    "bitwise_xor", "block_diag", "bmm", "bool", "broadcast_shapes", "broadcast_tensors", "broadcast_to", "bucketize",
    "can_cast", "cartesian_prod", "cat", "cdist", "ceil", "ceil_", "chain_matmul", "channels_last",
    "channels_last_3d", "checkpoint", "cholesky", "cholesky_inverse", "cholesky_solve", "chunk", "clamp", "clamp_",
    "clamp_max",
    "clamp_max_", "clamp_min", "clamp_min_", "clip", "clone", "column_stack", "combinations", "compile", "concat",
    "concatenate", "conj", "contiguous_format", "copysign", "corrcoef", "cos", "cos_", "cosh", "cosh_",
    "cosine_similarity", "count_nonzero", "cov", "cross", "cuda", "cummax", "cummin", "cumprod", "cumsum",
    "cumulative_trapezoid", "datasets", "default_generator", "deg2rad", "det", "detach", "device", "diag",
    "diag_embed", "diagflat", "diagonal", "diagonal_scatter", "diff", "digamma", "dist", "distributions", "div",
    "divide", "dot", "double", "draw", "dstack", "dtype", "e", "einsum", "empty", "empty_like", "enable_grad", "eq",
    "equal", "erf", "erf_", "erfc", "erfc_", "erfinv", "exp", "exp2", "exp_", "expm1", "eye", "fill_", "finfo",
    "flatten", "flip", "fliplr", "flipud", "float", "float16", "float32", "float64", "float_power", "floor", "floor_",
    "floor_divide", "fmax", "fmin", "fmod", "frac", "frac_", "from_dlpack", "from_numpy", "full", "full_like", "func",
    "gammaln", "gather", "ge", "ger", "get_default_device", "get_default_dtype", "get_float32_matmul_precision",
    "get_num_interop_threads", "get_num_threads", "get_rng_state", "gt", "half", "heaviside", "histc", "histogram",
    "hsplit", "hstack", "hypot", "i0", "iinfo", "index_add", "index_copy", "index_fill", "index_put", "index_put_",
    "index_reduce", "index_select", "inf", "inference_mode", "initial_seed", "inner", "int", "int16", "int32",
    "int64", "int8", "inverse", "is_complex", "is_floating_point", "is_grad_enabled", "is_nonzero", "is_same_size",
    "is_signed", "is_tensor", "isclose", "isfinite", "isin", "isinf", "isnan", "isneginf", "isposinf", "isreal",
    "jit", "kron", "kthvalue", "ldexp", "le", "lerp", "lgamma", "linalg", "linspace", "load", "log", "log10", "log1p",
    "log2", "log_", "log_softmax", "logaddexp", "logaddexp2", "logcumsumexp", "logdet", "logical_and", "logical_not",
    "logical_or", "logical_xor", "logit", "logspace", "logsumexp", "long", "lt", "lu", "lu_unpack", "manual_seed",
    "masked_fill", "masked_scatter", "masked_select", "matmul", "matrix_exp", "matrix_power", "max", "maximum",
    "mean", "median", "meshgrid", "min", "minimum", "mm", "mode", "moveaxis", "movedim", "mps", "msort", "mul",
    "multinomial", "multiply", "mv", "mvlgamma", "nan", "nan_to_num", "nanmean", "nanmedian", "nanquantile", "nansum",
    "narrow", "ne", "neg", "neg_", "negative", "newaxis", "nextafter", "nn", "no_grad", "nonzero", "norm", "normal",
    "numel", "ones", "ones_like", "optim", "outer", "permute", "pi", "pinverse", "poisson", "polygamma", "positive",
    "pow", "preserve_format", "prod", "promote_types", "put", "qr", "quantile", "rad2deg", "rand", "rand_like",
    "randint", "randint_like", "randn", "randn_like", "random", "randperm", "range", "ravel", "real", "reciprocal",
    "reciprocal_", "relu", "relu_", "remainder", "renorm", "repeat_interleave", "reshape", "result_type", "roll",
    "rot90", "round", "round_", "rsqrt", "rsqrt_", "safetensors", "save", "scatter", "scatter_add", "scatter_reduce",
    "searchsorted", "seed", "select", "select_scatter", "set_default_device", "set_default_dtype",
    "set_default_tensor_type", "set_float32_matmul_precision", "set_flush_denormal", "set_grad_enabled",
    "set_num_interop_threads", "set_num_threads", "set_printoptions", "set_rng_state", "sgn", "short", "sigmoid",
    "sigmoid_", "sign", "signbit", "sin", "sin_", "sinc", "sinh", "sinh_", "slice_scatter", "slogdet", "softmax",
    "softplus", "sort", "special", "split", "sqrt", "sqrt_", "square", "square_", "squeeze", "stack", "std",
    "std_mean", "strided", "sub", "subtract", "sum", "summary", "svd", "swapaxes", "swapdims", "t", "take", "take_along_dim",
    "tan", "tan_", "tanh", "tanh_", "tensor", "tensor_split", "tensordot", "tile", "topk", "trace", "transpose",
    "trapezoid", "trapz", "tril", "tril_indices", "triu", "triu_indices", "true_divide", "trunc", "trunc_", "uint8",
    "unbind", "unflatten", "unique", "unique_consecutive", "unsqueeze", "use_deterministic_algorithms", "utils",
    "vander", "var", "var_mean", "vdot", "version", "vsplit", "vstack", "where", "xlogy", "xpu", "zero_", "zeros",
    "zeros_like",
]  # fmt: skip
