"""einsum, tensordot and the other products agree with PyTorch."""

from __future__ import annotations

import numpy as np
import pytest
from agree import agree, both_fail

EQUATIONS = [
    ("ij,jk->ik", (2, 3), (3, 4)), ("ij,jk", (2, 3), (3, 4)), ("ij,kj->ik", (2, 3), (4, 3)), ("ij->ji", (2, 3)),
    ("ij->", (2, 3)), ("ij->j", (2, 3)), ("ii", (3, 3)), ("ii->i", (3, 3)), ("iij->j", (3, 3, 2)), ("iii->i", (3, 3, 3)),
    ("iji->ij", (3, 2, 3)), ("ijij->ij", (2, 3, 2, 3)),
    ("i,i", (3,), (3,)), ("i,j->ij", (3,), (2,)), ("i,i->i", (3,), (3,)), ("i,", (3,), ()), (",", (), ()), ("->", ()),
    ("bij,bjk->bik", (2, 3, 4), (2, 4, 5)), ("bhqd,bhkd->bhqk", (2, 3, 4, 5), (2, 3, 6, 5)),
    ("bqhd,bkhd->bhqk", (2, 4, 3, 5), (2, 6, 3, 5)), ("bhqk,bkhd->bqhd", (2, 3, 4, 6), (2, 6, 3, 5)),
    ("...ij,...jk->...ik", (2, 3, 4), (4, 5)), ("...ij,...jk", (2, 3, 4), (5, 2, 4, 2)), ("i...->...", (2, 3, 4)),
    ("...i->...", (2, 3, 4)), ("...->...", (2, 3)), ("...", (2, 3)), ("i...j->j...i", (2, 3, 4)), ("a...a->...", (3, 2, 3)),
    ("...,...", (2, 1), (1, 3)), ("i...,i...->...", (2, 3), (2, 4, 3)), ("ij,j->i", (2, 3), (3,)), ("i,ij", (2,), (2, 3)),
    ("bn,anm,bm->ba", (2, 3), (4, 3, 5), (2, 5)), ("ij,jk,kl->il", (2, 3), (3, 4), (4, 5)), ("ab,bc,ca", (2, 3), (3,
    4), (4, 2)),
    ("i,j,k->ijk", (2,), (3,), (4,)), ("ij,ij->", (2, 3), (2, 3)), ("ij,ik->jk", (1, 3), (4, 2)), ("ij,ij->ij", (1, 3),
    (2, 1)),
    ("ik,jk,lk->ijl", (2, 3), (3, 3), (4, 3)), ("ij,k->", (2, 3), (4,)), ("ij,k->k", (2, 3), (4,)), ("ij,jk->ik", (0,
    3), (3, 4)),
    ("ij,jk->ik", (2, 0), (0, 4)), ("Ab,bA->A", (2, 3), (3, 2)), (" i j , j k -> k i ", (2, 3), (3, 4)), ("ii,ij->j",
    (3, 3), (3, 2)),
    ("bij->b", (2, 3, 4)), ("ij,kl->ijkl", (2, 3), (1, 2)), ("nhwpqc->nchpwq", (1, 2, 3, 2, 2, 2)),
]  # fmt: skip


@pytest.mark.parametrize(("equation", "shapes"), [(e, s) for e, *s in EQUATIONS])
def test_einsum(equation, shapes):
    agree(lambda t, *x: t.einsum(equation, *x), *shapes)
    agree(lambda t, *x: t.einsum(equation, *[y.double() for y in x]), *shapes)


def test_random_equations():
    rng = np.random.default_rng(3)
    for _ in range(60):
        letters = list("abcd")
        sizes = dict(zip(letters, rng.integers(1, 4, 4).tolist()))
        words = ["".join(rng.permutation(letters)[: rng.integers(0, 4)]) for _ in range(rng.integers(1, 4))]
        used = sorted(set("".join(words)))
        out = "".join(rng.permutation(used)[: rng.integers(0, len(used) + 1)]) if used else ""
        shapes = [tuple(1 if rng.random() < 0.1 else sizes[x] for x in word) for word in words]
        if any(not any(s[w.index(x)] == sizes[x] for s, w in zip(shapes, words) if x in w) for x in used):
            continue
        equation = f"{','.join(words)}->{out}"
        agree(lambda t, *x, e=equation: t.einsum(e, *x), *shapes)


def test_other_forms():
    agree(lambda t, x, y: t.einsum(x, [0, 1], y, [1, 2], [2, 0]), (2, 3), (3, 4))
    agree(lambda t, x, y: t.einsum(x, [0, 1], y, [1, 2]), (2, 3), (3, 4))
    agree(lambda t, x, y: t.einsum(x, [..., 0, 1], y, [..., 1, 2], [..., 0, 2]), (2, 2, 3), (3, 4))
    agree(lambda t, x, y: t.einsum("ij,jk->ik", [x, y]), (2, 3), (3, 4))
    agree(lambda t, x, y: t.einsum("ij,jk->ik", x, y), np.arange(6).reshape(2, 3), np.arange(12).reshape(3, 4))


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("ij,jk->ik", [(2, 3), (4, 5)]), ("ij->ijk", [(2, 3)]), ("ij,jk->ik", [(2, 3)]), ("ij->ii", [(2, 2)]), ("ijk",
        [(2, 3)]),
        ("i", [(2, 3)]), ("ii", [(2, 3)]), ("i1", [(2, 3)]), ("i..", [(2, 3)]), ("......", [(2, 3)]), ("...i,...i",
        [(2, 3), (3, 3)]),
        ("i,i", [(2,), (2,), (2,)]), ("i->.", [(2,)]), ("", []),
    ],
)  # fmt: skip
def test_refused(equation, shapes):
    both_fail(lambda t, *x: t.einsum(equation, *x), *shapes)


def test_tensordot():
    agree(lambda t, x, y: t.tensordot(x, y), (2, 3, 4), (3, 4, 5))
    agree(lambda t, x, y: t.tensordot(x, y, 1), (2, 3, 4), (4, 5))
    agree(lambda t, x, y: t.tensordot(x, y, 0), (2, 3), (4,))
    agree(lambda t, x, y: t.tensordot(x, y, dims=([1, 2], [1, 0])), (2, 3, 4), (4, 3, 5))
    agree(lambda t, x, y: t.tensordot(x, y, dims=([-1], [0])), (2, 3), (3, 5))
    both_fail(lambda t, x, y: t.tensordot(x, y, 1), (2, 3), (4, 5))
    both_fail(lambda t, x, y: t.tensordot(x, y, 3), (2, 3), (4, 5))
    both_fail(lambda t, x, y: t.tensordot(x, y, -1), (2, 3), (3, 5))
    both_fail(lambda t, x, y: t.tensordot(x, y, ([0], [0, 1])), (2, 3), (2, 5))


def test_products():
    for options in ({}, {"beta": 2}, {"alpha": 0.5}, {"beta": 0}, {"beta": 0.5, "alpha": 3}):
        agree(lambda t, x, a, b, o=options: t.addmm(x, a, b, **o), (2, 4), (2, 3), (3, 4))
        agree(lambda t, x, a, b, o=options: t.addmm(x, a, b, **o), (4,), (2, 3), (3, 4))
        agree(lambda t, x, a, b, o=options: t.addmv(x, a, b, **o), (2,), (2, 3), (3,))
        agree(lambda t, x, a, b, o=options: t.addr(x, a, b, **o), (2, 3), (2,), (3,))
        agree(lambda t, x, a, b, o=options: t.addbmm(x, a, b, **o), (2, 4), (5, 2, 3), (5, 3, 4))
        agree(lambda t, x, a, b, o=options: t.baddbmm(x, a, b, **o), (5, 2, 4), (5, 2, 3), (5, 3, 4))
        agree(lambda t, x, a, b, o=options: x.clone().addmm_(a, b, **o), (2, 4), (2, 3), (3, 4))
    both_fail(lambda t, x, a, b: t.addmm(x, a, b), (3, 4), (2, 3), (3, 4))
    both_fail(lambda t, x, a, b: t.addbmm(x, a, b), (2, 4), (5, 2, 3), (4, 3, 4))
    agree(lambda t, a, b: t.inner(a, b), (3,), (3,))
    agree(lambda t, a, b: t.inner(a, b), (2, 3), (4, 3))
    agree(lambda t, a, b: t.inner(a, b), (2, 3), (5, 4, 3))
    agree(lambda t, a, b: t.inner(a, b), (), (4, 3))
    both_fail(lambda t, a, b: t.inner(a, b), (2, 3), (4,))
    agree(lambda t, a, b: t.vdot(a, b), (3,), (3,))
    agree(lambda t, a, b: t.ger(a, b), (3,), (2,))
    both_fail(lambda t, a, b: t.outer(a, b), (3, 2), (2,))
    for a, b in [((2, 3), (3, 2)), ((2,), (3, 2)), ((2, 1, 2), (3,)), ((), (3,)), ((2, 2), ())]:
        agree(lambda t, x, y: t.kron(x, y), a, b)
    for a, b, dim in [
        ((3,), (3,), None),
        ((3, 2), (3, 2), None),
        ((2, 3), (2, 3), 1),
        ((2, 3), (2, 3), -1),
        ((3, 4, 3), (3, 4, 3), 2),
    ]:
        agree(lambda t, x, y, d=dim: t.cross(x, y, dim=d) if d is not None else t.linalg.cross(x, y, dim=0), a, b)
    both_fail(lambda t, x, y: t.cross(x, y, 1), (3, 2), (3, 2))
    agree(lambda t, *x: t.linalg.multi_dot(x), (2, 3), (3, 4), (4, 1), (1, 5))
    agree(lambda t, *x: t.linalg.multi_dot(x), (3,), (3, 4), (4,))
    agree(lambda t, *x: t.linalg.multi_dot(x), (3,), (3,))
    both_fail(lambda t, *x: t.linalg.multi_dot(x), (3,))
    both_fail(lambda t, *x: t.linalg.multi_dot(x), (2, 3), (3, 2, 2), (2, 2))
    agree(lambda t, x: x.matrix_power(3), (3, 3))
    agree(lambda t, x: t.linalg.matrix_power(x, 0), (2, 3, 3))
    agree(lambda t, x: t.matrix_power(x, -2), np.eye(3, dtype="float32") + 0.1)


def test_distances():
    for p in (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, float("inf")):
        agree(lambda t, x, y, p=p: t.cdist(x, y, p), (4, 3), (5, 3), grad=p != 0.0)
    agree(lambda t, x, y: t.cdist(x, y), (2, 4, 3), (5, 3))
    agree(lambda t, x, y: t.cdist(x, y), (30, 3), (28, 3), rtol=1e-3, atol=1e-4)
    agree(lambda t, x: t.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist"), (4, 3))
    both_fail(lambda t, x, y: t.cdist(x, y), (4, 3), (5, 2))
    both_fail(lambda t, x, y: t.cdist(x, y), (4,), (5, 4))
    both_fail(lambda t, x, y: t.cdist(x, y, -1), (4, 3), (5, 3))
    agree(lambda t, x, y: t.cosine_similarity(x, y), (4, 3), (4, 3))
    agree(lambda t, x, y: t.cosine_similarity(x, y, dim=0), (4, 3), (4, 1))


def test_covariances():
    weights, counts = np.array([0.5, 1.0, 2.0, 0.25], "float32"), np.array([1, 2, 0, 3])
    agree(lambda t, x: t.cov(x), (3, 4))
    agree(lambda t, x: x.cov(correction=0), (3, 4))
    agree(lambda t, x: t.cov(x), (4,))
    agree(lambda t, x: t.cov(x), (1, 4))
    agree(lambda t, x, w: t.cov(x, fweights=w), (3, 4), counts)
    agree(lambda t, x, w: t.cov(x, aweights=w.detach()), (3, 4), weights)
    agree(lambda t, x, w, c: t.cov(x, aweights=w.detach(), fweights=c), (3, 4), weights, counts)
    agree(lambda t, x: t.corrcoef(x), (3, 4))
    agree(lambda t, x: t.corrcoef(x), (4,), grad=False)
    both_fail(lambda t, x: t.cov(x), (2, 3, 4))
    both_fail(lambda t, x, w: t.cov(x, fweights=w), (3, 4), weights)
    both_fail(lambda t, x, w: t.cov(x, aweights=-w), (3, 4), weights)
    both_fail(lambda t, x, w: t.cov(x, aweights=w), (3, 3), weights)
