"""Rows of the table of operations: einsum and its kin, inverses, determinants, decompositions."""

from __future__ import annotations

from math import factorial
from typing import Any

import numpy as np
from domains import FREE, Case, Operation, alike, array
from hypothesis import strategies as st

import minigrad
from minigrad import Tensor, linalg
from minigrad.testing import shapes

SIDE = st.integers(1, 3)
BATCH = shapes(0, 1, 1, 2)
LETTERS = "abcd"
POSITIVE = st.floats(0.5, 2)


@st.composite
def arrays_of(draw: st.DrawFn, *shape_of: Any, elements: Any = FREE, **params: Any) -> Case:
    """Operands whose shapes are functions of a batch and three sizes."""
    batch, sizes = draw(BATCH), [draw(SIDE) for _ in range(3)]
    found = tuple(draw(array(shape(tuple(batch), *sizes), elements)) for shape in shape_of)
    return Case(found, {k: draw(v) if isinstance(v, st.SearchStrategy) else v for k, v in params.items()})


def spread(x: np.ndarray, low: float = 1.0) -> np.ndarray:
    """A matrix whose singular values lie apart, and from 0."""
    u, _, vh = np.linalg.svd(x + 1e-3 * np.arange(x.size).reshape(x.shape), full_matrices=False)
    return (u * (low + np.arange(u.shape[-1])[::-1])) @ vh


def regular(*shape_of: Any, **params: Any) -> st.SearchStrategy[Case]:
    """The first operand far from singular."""
    return arrays_of(*shape_of, **params).map(
        lambda case: Case((spread(case.arrays[0]), *case.arrays[1:]), case.params)
    )


def square(batch: tuple[int, ...], m: int, n: int, p: int) -> tuple[int, ...]:
    return (*batch, m, m)


def tall(batch: tuple[int, ...], m: int, n: int, p: int) -> tuple[int, ...]:
    return (*batch, m + n - 1, n)


def wide(batch: tuple[int, ...], m: int, n: int, p: int) -> tuple[int, ...]:
    return (*batch, m, n)


def right(batch: tuple[int, ...], m: int, n: int, p: int) -> tuple[int, ...]:
    return (*batch, m, p)


# ── references ───────────────────────────────────────────────────────────────────────────────────────────────────────


def minors(x: np.ndarray) -> np.ndarray:
    """The determinant, by the first row."""
    n = x.shape[-1]
    if n == 0:
        return np.ones(x.shape[:-2])
    total = np.zeros(x.shape[:-2])
    for j in range(n):
        total = total + (-1) ** j * x[..., 0, j] * minors(np.delete(x[..., 1:, :], j, -1))
    return total


def adjugate(x: np.ndarray) -> np.ndarray:
    n = x.shape[-1]
    out = np.empty_like(x)
    for i in range(n):
        for j in range(n):
            out[..., j, i] = (-1) ** (i + j) * minors(np.delete(np.delete(x, i, -2), j, -1))
    return out


def inverse(x: np.ndarray) -> np.ndarray:
    return adjugate(x) / minors(x)[..., None, None]


def powers(x: np.ndarray, n: int) -> np.ndarray:
    base = inverse(x) if n < 0 else x
    out = np.zeros_like(x) + np.eye(x.shape[-1])
    for _ in range(abs(n)):
        out = (out[..., :, :, None] * base[..., None, :, :]).sum(-2)
    return out


def exponential(x: np.ndarray) -> np.ndarray:
    return sum(powers(x, k) / factorial(k) for k in range(40))


def least(a: np.ndarray) -> np.ndarray:
    """The pseudo-inverse of a matrix of full rank."""
    t = np.swapaxes(a, -1, -2)
    return inverse(t @ a) @ t if a.shape[-2] >= a.shape[-1] else t @ inverse(a @ t)


def factor(a: np.ndarray) -> np.ndarray:
    """Cholesky's factor, element by element."""
    low = np.zeros_like(a)
    for j in range(a.shape[-1]):
        low[..., j, j] = np.sqrt(a[..., j, j] - (low[..., j, :j] ** 2).sum(-1))
        for i in range(j + 1, a.shape[-1]):
            low[..., i, j] = (a[..., i, j] - (low[..., i, :j] * low[..., j, :j]).sum(-1)) / low[..., j, j]
    return low


def definite(x: Any) -> Any:
    """A positive-definite matrix made of any, for arrays and tensors."""
    if isinstance(x, Tensor):
        return x @ x.mT + minigrad.eye(x.shape[-1], dtype=x.dtype)
    return x @ np.swapaxes(x, -1, -2) + np.eye(x.shape[-1])


def orthogonal(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gram and Schmidt's Q and R."""
    q = np.zeros_like(a)
    for j in range(a.shape[-1]):
        v = a[..., j] - sum(((q[..., i] * a[..., j]).sum(-1)[..., None] * q[..., i] for i in range(j)), 0)
        q[..., j] = v / np.sqrt((v**2).sum(-1))[..., None]
    return q, np.swapaxes(q, -1, -2) @ a


def qr_of(x: Tensor) -> Any:
    """Q and R with a positive diagonal."""
    q, r = x.qr()
    sign = minigrad.from_numpy(np.sign(np.diagonal(r.array, 0, -2, -1)))
    return q * sign.unsqueeze(-2), r * sign.unsqueeze(-1)


def eigenvalues(a: np.ndarray) -> np.ndarray:
    """The roots of the characteristic polynomial of each matrix, the smallest first."""
    flat = a.reshape(-1, *a.shape[-2:])
    found = np.array([np.sort(np.roots(np.poly(m)).real) for m in flat])
    return found.reshape(a.shape[:-1])


def symmetric(case: Case) -> Case:
    x = spread(case.arrays[0])
    u = np.linalg.qr(x)[0]
    return Case(((u * (1 + np.arange(u.shape[-1]))) @ np.swapaxes(u, -1, -2),), case.params)


def projectors(vectors: Any) -> Any:
    """v vᵀ per column: what does not depend on the sign."""
    if isinstance(vectors, Tensor):
        v = vectors.mT
        return v.unsqueeze(-1) * v.unsqueeze(-2)
    v = np.swapaxes(vectors, -1, -2)
    return v[..., :, None] * v[..., None, :]


def lagrange(a: np.ndarray) -> np.ndarray:
    """The projectors on the eigenvectors, from the eigenvalues: Π (A - λⱼ) / (λᵢ - λⱼ)."""
    values, one = eigenvalues(a), np.eye(a.shape[-1])
    parts = []
    for i in range(a.shape[-1]):
        part = np.broadcast_to(one, a.shape)
        for j in range(a.shape[-1]):
            if i != j:
                gap = (values[..., i] - values[..., j])[..., None, None]
                part = part @ (a - values[..., j][..., None, None] * one) / gap
        parts.append(part)
    return np.stack(parts, -3)


def summed(equation: str, *operands: np.ndarray) -> np.ndarray:
    """Einstein's summation, by a table of all products."""
    left, out = equation.split("->")
    words = left.split(",")
    names = sorted(set("".join(words)))
    total: Any = 1.0
    for word, x in zip(words, operands):
        seen = list(dict.fromkeys(word))
        sizes = dict(zip(word, x.shape))
        table = np.empty([sizes[name] for name in seen])
        for at in np.ndindex(table.shape):
            table[at] = x[tuple(at[seen.index(name)] for name in word)]
        order = sorted(range(len(seen)), key=lambda i, s=seen: s[i])
        table = table.transpose(order).reshape([sizes.get(name, 1) for name in names])
        total = total * table
    kept = [name for name in names if name in out]
    total = np.asarray(total).sum(tuple(i for i, name in enumerate(names) if name not in out))
    return total.transpose([kept.index(name) for name in out])


@st.composite
def equations(draw: st.DrawFn) -> Case:
    sizes = {name: draw(st.integers(1, 3)) for name in LETTERS}
    words = draw(st.lists(st.text(LETTERS, max_size=3), min_size=1, max_size=3))
    used = sorted(set("".join(words)))
    out = "".join(draw(st.permutations(used))[: draw(st.integers(0, len(used)))])
    found = tuple(draw(array(tuple(sizes[name] for name in word))) for word in words)
    return Case(found, {"equation": f"{','.join(words)}->{out}"})


def added(product: Any) -> Any:
    return lambda x, a, b, beta, alpha: beta * x + alpha * product(a, b)


SCALES = {"beta": st.sampled_from([0.5, 1, 2]), "alpha": st.sampled_from([-1, 1, 0.5])}


def covariance(x: np.ndarray) -> np.ndarray:
    off = x - x.mean(1)[:, None]
    return np.array([[(a * b).sum() / (x.shape[1] - 1) for b in off] for a in off])


def distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.sqrt(((a[..., :, None, :] - b[..., None, :, :]) ** 2).sum(-1))


def far(case: Case) -> Case:
    return Case((case.arrays[0], case.arrays[1] + 9), case.params)


@st.composite
def crosses(draw: st.DrawFn) -> Case:
    shape = draw(shapes(0, 2, 0, 2))
    at = draw(st.integers(0, len(shape)))
    whole = (*shape[:at], 3, *shape[at:])
    return Case((draw(array(whole)), draw(array(whole))), {"dim": draw(st.sampled_from([at, at - len(whole)]))})


def krons(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    n = max(a.ndim, b.ndim)
    a, b = (x.reshape((1,) * (n - x.ndim) + x.shape) for x in (a, b))
    out = np.empty([i * j for i, j in zip(a.shape, b.shape)])
    for at in np.ndindex(out.shape):
        out[at] = a[tuple(i // j for i, j in zip(at, b.shape))] * b[tuple(i % j for i, j in zip(at, b.shape))]
    return out


def inners(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    if not a.ndim or not b.ndim:
        return a * b
    first = a.reshape(*a.shape[:-1], *[1] * (b.ndim - 1), a.shape[-1])
    return (first * b).sum(-1)


@st.composite
def inner_cases(draw: st.DrawFn) -> Case:
    n = draw(st.integers(0, 3))
    return Case(tuple(draw(array((*draw(shapes(0, 2, 0, 3)), n))) for _ in range(2)), {})


def plain(*shape: Any) -> Any:
    """A shape by the places of the sizes."""
    return lambda batch, m, n, p: tuple({"m": m, "n": n, "p": p, "b": 2}[s] for s in shape)


LINALG = [
    Operation("einsum", lambda *x, equation: summed(equation, *x), equations(),
              function=lambda *x, equation: minigrad.einsum(equation, *x)),
    Operation("tensordot", lambda a, b: np.tensordot(a, b, ([1, 2], [1, 0])), arrays_of(plain("m", "n", "p"),
    plain("p", "n", "b")),
              function=lambda a, b: minigrad.tensordot(a, b, ([1, 2], [1, 0]))),
    *(
        Operation(name, added(product), arrays_of(*shapes_, **SCALES), integers=None)
        for name, product, shapes_ in [
            ("addmm", lambda a, b: np.matmul(a, b), (plain("m", "p"), plain("m", "n"), plain("n", "p"))),
            ("addmv", lambda a, b: np.matmul(a, b), (plain("m"), plain("m", "n"), plain("n"))),
            ("addr", lambda a, b: a[:, None] * b, (plain("m", "n"), plain("m"), plain("n"))),
            ("baddbmm", lambda a, b: np.matmul(a, b), (plain("b", "m", "p"), plain("b", "m", "n"), plain("b", "n", "p"))),
            ("addbmm", lambda a, b: np.matmul(a, b).sum(0), (plain("m", "p"), plain("b", "m", "n"), plain("b", "n", "p"))),
        ]
    ),
    Operation("inner", inners, inner_cases()),
    Operation("vdot", lambda a, b: (a * b).sum(), alike(FREE, FREE, shape=shapes(1, 1, 0, 3))),
    Operation("kron", krons, arrays_of(lambda batch, m, n, p: (*batch, m), plain("n", "p"))),
    Operation("cross", lambda a, b, dim: np.cross(a, b, axis=dim), crosses()),
    Operation("linalg.vecdot", lambda a, b: (a * b).sum(-1), arrays_of(wide, wide), function=linalg.vecdot),
    Operation("chain_matmul", lambda a, b, c: a @ b @ c, arrays_of(plain("m", "n"), plain("n", "p"), plain("p", "b")),
              function=minigrad.chain_matmul),
    Operation("cdist", distances, arrays_of(wide, lambda batch, m, n, p: (*batch, p, n)).map(far), function=minigrad.cdist,
              integers=RuntimeError),
    Operation("cov", covariance, arrays_of(lambda batch, m, n, p: (m + 1, n + 1)), integers="float32"),
    Operation("corrcoef", lambda x: covariance(x) / np.sqrt(np.outer(np.diag(covariance(x)), np.diag(covariance(x)))),
              arrays_of(lambda batch, m, n, p: (2, 4)).map(lambda case: Case((spread(case.arrays[0] + [[0, 1, 5, 2],
              [3, 0, -4, 8]]),), {})),
              gradient=False, integers=None),
    # ── of matrices
    Operation("inverse", inverse, regular(square), integers=RuntimeError, half=False),
    Operation("det", minors, regular(square), integers=RuntimeError, half=False),
    Operation("slogdet", lambda x: (np.sign(minors(x)), np.log(np.abs(minors(x)))), regular(square),
    integers=RuntimeError, half=False),
    Operation("logdet", lambda x: np.log(minors(definite(x))), arrays_of(square), integers=None, half=False,
              function=lambda x: definite(x).logdet()),
    Operation("linalg.solve", lambda a, b: inverse(a) @ b, regular(square, right), function=linalg.solve,
    integers=RuntimeError, half=False),
    Operation("linalg.solve_triangular", lambda a, b, upper: inverse(np.triu(a) if upper else np.tril(a)) @ b,
              arrays_of(square, right, upper=st.booleans()).map(
                  lambda case: Case((case.arrays[0] * 0.3 + 2 * np.eye(case.arrays[0].shape[-1]), case.arrays[1]),
                  case.params)),
              function=linalg.solve_triangular, integers=RuntimeError, half=False),
    Operation("pinverse", least, regular(wide), integers=RuntimeError, half=False),
    Operation("cholesky", lambda x: factor(definite(x)), arrays_of(square), function=lambda x: definite(x).cholesky(),
              integers=None, half=False),
    Operation("cholesky_solve", lambda b, x: inverse(definite(x)) @ b, arrays_of(right, square),
              function=lambda b, x: b.cholesky_solve(definite(x).cholesky()), integers=None, half=False),
    Operation("cholesky_inverse", lambda x: inverse(definite(x)), arrays_of(square),
              function=lambda x: definite(x).cholesky().cholesky_inverse(), integers=None, half=False),
    Operation("qr", orthogonal, regular(tall), function=qr_of, integers=None, half=False),
    Operation("lu", lambda x: x, regular(square), function=lambda x: lu_again(x), integers=None, half=False,
    also=("lu_unpack",)),
    Operation("svd", lambda x: x, regular(wide), function=lambda x: svd_again(x), integers=None, half=False),
    Operation("linalg.svdvals", lambda x: np.sqrt(eigenvalues(np.swapaxes(x, -1, -2) @ x)[..., ::-1]), regular(tall),
              function=linalg.svdvals, integers=RuntimeError, half=False),
    Operation("linalg.eigvalsh", eigenvalues, arrays_of(square).map(symmetric), integers=None, half=False,
              function=lambda x: linalg.eigvalsh((x + x.mT) / 2)),
    Operation("linalg.eigh", lagrange, arrays_of(square).map(symmetric), integers=None, half=False,
              function=lambda x: projectors(linalg.eigh((x + x.mT) / 2).eigenvectors)),
    Operation("linalg.eigvals", eigenvalues, arrays_of(square).map(symmetric), integers=None, half=False,
              function=lambda x: sorted_values(linalg.eigvals(x))),
    Operation("matrix_exp", exponential, arrays_of(square, elements=st.floats(-1, 1)), integers=RuntimeError, half=False),
    Operation("matrix_power", powers, regular(square, n=st.integers(-2, 3)), integers=None, half=False),
]  # fmt: skip


def lu_again(x: Tensor) -> Tensor:
    p, low, up = minigrad.lu_unpack(*x.lu())
    return p @ low @ up


def svd_again(x: Tensor) -> Tensor:
    u, s, v = x.svd()
    return u * s.unsqueeze(-2) @ v.mT


def sorted_values(x: Tensor) -> Tensor:
    return x.gather(-1, minigrad.from_numpy(x.array.argsort(-1)))
