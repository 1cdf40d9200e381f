"""Linear algebra under the names of torch.linalg: norms, inverses, determinants, decompositions, of batches of matrices.

All are differentiable, to any order, but for what counts (`matrix_rank`). Matrices are (..., m, n), of float32 or float64;
RuntimeError for other types.
"""

from minigrad.errors import LinAlgError
from minigrad.linalg.equations import inv, inv_ex, lstsq, pinv, solve, solve_triangular
from minigrad.linalg.factors import (
    cholesky, cholesky_ex, eig, eigh, eigvals, eigvalsh, lu, lu_factor, lu_solve, qr, svd, svdvals,
)  # fmt: skip
from minigrad.linalg.norms import cond, matrix_norm, matrix_rank, norm, vector_norm
from minigrad.linalg.products import cross, diagonal, multi_dot, tensorinv, vecdot
from minigrad.tensor import Tensor

__all__ = [
    "LinAlgError", "cholesky", "cholesky_ex", "cond", "cross", "det", "diagonal", "eig", "eigh", "eigvals", "eigvalsh", "inv",
    "inv_ex", "lstsq", "lu", "lu_factor", "lu_solve", "matmul", "matrix_exp", "matrix_norm", "matrix_power", "matrix_rank",
    "multi_dot", "norm", "pinv", "qr", "slogdet", "solve", "solve_triangular", "svd", "svdvals", "tensorinv", "vecdot",
    "vector_norm",
]  # fmt: skip

det = Tensor.det
slogdet = Tensor.slogdet
matrix_exp = Tensor.matrix_exp
matrix_power = Tensor.matrix_power
matmul = Tensor.matmul
