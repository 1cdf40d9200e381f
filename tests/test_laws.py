"""What holds for every operation: each law stated once, and tried on every row of the table in `operations.py`.

A law is a function of an operation and one case, operands from its domain; it fails where the law does not hold. That
the laws can fail is tested in `test_gradcheck.py`, on operations that are wrong on purpose.
"""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import evidence
import numpy as np
import pytest
from domains import Case, Operation
from hypothesis import given, settings
from hypothesis import strategies as st
from operations import OPERATIONS
from watching import watched

import minigrad
from minigrad import ShapeError, Tensor, autograd, no_grad
from minigrad.graph import Node
from minigrad.testing import LAYOUTS, assert_close, gradcheck, laid_out

# ── from a case to tensors, and back ─────────────────────────────────────────────────────────────────────────────────


def is_float(array: np.ndarray) -> bool:
    return array.dtype == np.float64


def arrays_of(case: Case, dtype: str = "float64") -> list[np.ndarray]:
    """The operands, those of float64 as another type: rounded away from 0 if integer, so as to stay in the domain."""
    if dtype == "int64":
        return [np.asarray(np.sign(a) * np.ceil(np.abs(a)), dtype) if is_float(a) else a for a in case.arrays]
    return [laid_out(a.astype(dtype), case.layout) if is_float(a) else a.copy() for a in case.arrays]


def tensors_of(case: Case, dtype: str = "float64", wanted: Callable[[int], bool] = lambda i: True) -> list[Tensor]:
    """The operands as tensors, of which the floating-point ones require grad, if wanted."""
    tensors = [minigrad.from_numpy(np.asarray(a)) for a in arrays_of(case, dtype)]
    for i, x in enumerate(tensors):
        x.requires_grad_(x.is_floating_point() and wanted(i))
    return tensors


def listed(found: Any) -> list[Any]:
    return list(found) if isinstance(found, tuple | list) else [found]


def results(operation: Operation, tensors: Sequence[Any], case: Case) -> list[Any]:
    return listed(operation(*tensors, **case.params))


def recorded(found: Sequence[Any]) -> list[Tensor]:
    return [r for r in found if isinstance(r, Tensor) and r.requires_grad]


def expected(operation: Operation, case: Case, dtype: str) -> list[np.ndarray]:
    """What the reference gives for operands rounded to `dtype`, in float64."""
    wide = [np.array(a, np.float64) if is_float(like) else a for a, like in zip(arrays_of(case, dtype), case.arrays)]
    return [np.asarray(r) for r in listed(operation.called_as(operation.reference, *wide, **case.params))]


def dtypes_by(rule: str, operand: str, count: int) -> list[str]:
    """The dtypes of `count` results by a row's rule: one for all, or one for each."""
    parts = [operand if part == "same" else part for part in rule.split(", ")]
    return parts * count if len(parts) == 1 else parts


def gradients(found: Sequence[Any], tensors: Sequence[Tensor], create_graph: bool = False) -> list[Tensor | None]:
    """The gradients of floating-point results, started from 1, 2, 3..., with respect to the operands that want one."""
    outputs, inputs = recorded(found), [x for x in tensors if x.requires_grad]
    if not outputs:
        return [None] * len(inputs)
    starts = [minigrad.arange(1.0, r.numel() + 1, dtype=r.dtype).reshape(r.shape) for r in outputs]
    return list(autograd.grad(outputs, inputs, starts, retain_graph=True, create_graph=create_graph, allow_unused=True))


def nodes_of(tensors: Sequence[Tensor]) -> set[Node]:
    """Every recorded operation that the tensors come from."""
    found: set[Node] = set()
    stack = [t.grad_fn for t in tensors]
    while stack:
        node = stack.pop()
        if node is not None and node not in found:
            found.add(node)
            stack += [before for before, _ in node.next_functions]
    return found


# ── the laws ─────────────────────────────────────────────────────────────────────────────────────────────────────────

Law = Callable[[Operation, Case], None]

EXAMPLES = max(settings().max_examples // 3, 1)  # of so many laws for so many operations


def of(speaks_of: Callable[[Operation], Any], examples: int = max(EXAMPLES // 2, 1)) -> Callable[[Law], Any]:
    """Make a law a test of every operation that it speaks of."""

    def decorate(law: Law) -> Any:
        def test(operation: Operation, data: st.DataObject) -> None:
            case = data.draw(operation.cases)
            layout = data.draw(st.sampled_from(LAYOUTS)) if operation.layouts else "C"
            law(operation, replace(case, layout=layout))

        test.__name__, test.__doc__ = law.__name__, law.__doc__
        rows = [pytest.param(operation, id=operation.name) for operation in OPERATIONS if speaks_of(operation)]
        tried = pytest.mark.parametrize("operation", rows)(settings(max_examples=examples)(given(data=st.data())(test)))
        tried.law = law
        return tried

    return decorate


def anything(operation: Operation) -> bool:
    return True


def differentiable(operation: Operation) -> bool:
    return operation.gradient


@of(anything)
def test_value_is_numpys(operation: Operation, case: Case) -> None:
    """Values, shapes and dtypes are those of the reference, in both precisions."""
    for dtype, tolerance in (("float64", 1e-9), ("float32", 2e-5)):
        found, wanted = results(operation, tensors_of(case, dtype), case), expected(operation, case, dtype)
        operand = dtype if any(map(is_float, case.arrays)) else str(case.arrays[0].dtype)
        assert len(found) == len(wanted)
        for r, e, kind in zip(found, wanted, dtypes_by(operation.result, operand, len(found))):
            assert_close(r, e.astype(kind), rtol=tolerance, atol=tolerance, equal_nan=True)


@of(lambda operation: operation.integers is not None)
def test_integers_are_accepted(operation: Operation, case: Case) -> None:
    """Integer operands give what the row says, or are refused as it says."""
    tensors = tensors_of(case, "int64")
    if not isinstance(operation.integers, str):
        with pytest.raises(operation.integers):
            operation(*tensors, **case.params)
        return
    found, wanted = results(operation, tensors, case), expected(operation, case, "int64")
    for r, e, kind in zip(found, wanted, dtypes_by(operation.integers, "int64", len(found))):
        assert_close(r, e.astype(kind), rtol=2e-5, atol=2e-5)


@of(differentiable, EXAMPLES)
def test_gradients_are_differences(operation: Operation, case: Case) -> None:
    """Gradients of first and second order are finite differences."""
    with evidence.measured(operation, case):
        gradcheck(lambda *tensors: operation(*tensors, **case.params), tensors_of(case), order=2, rtol=1e-5, atol=1e-6)


@of(differentiable)
def test_gradients_keep_dtype_and_shape(operation: Operation, case: Case) -> None:
    """Each gradient has its operand's dtype and shape, in every precision: also the gradient's gradient."""
    for dtype in ("float16", "float32", "float64") if operation.half else ("float32", "float64"):
        with np.errstate(over="ignore", invalid="ignore"):  # of float16
            tensors = tensors_of(case, dtype)
            first = gradients(results(operation, tensors, case), tensors, create_graph=True)
            second = gradients(first, tensors)
        for found in (first, second):
            for gradient, x in zip(found, (x for x in tensors if x.requires_grad), strict=True):
                assert gradient is None or (gradient.dtype, gradient.shape) == (x.dtype, x.shape)


@of(differentiable)
def test_mixed_dtypes_are_promoted(operation: Operation, case: Case) -> None:
    """Operands of several dtypes meet as in PyTorch; each gets its gradient in its own dtype, and the right one."""
    places = [i for i, a in enumerate(case.arrays) if is_float(a)]
    wide = tensors_of(case)
    right = gradients(results(operation, wide, case), wide)
    for narrow in places:
        tensors = [x.detach().float().requires_grad_() if i == narrow else x for i, x in enumerate(tensors_of(case))]
        if operation.mixed == "refused":
            with pytest.raises(RuntimeError, match="convert one"):
                operation(*tensors, **case.params)
            continue
        found = results(operation, tensors, case)
        dims = {a.ndim > 0 for a in (case.arrays[i] for i in places)}
        deciding = [tensors[i] for i in places if case.arrays[i].ndim > 0 or dims == {False}]
        meet = max((x.dtype for x in deciding), key=lambda d: d.itemsize)
        meet = {"first": tensors[0].dtype, "float64": minigrad.float64}.get(operation.mixed, meet)
        floats = [r for r in found if isinstance(r, Tensor) and r.is_floating_point()]
        assert operation.mixed == "each" or all(r.dtype == meet for r in floats)
        for gradient, wanted, i in zip(gradients(found, tensors), right, places, strict=True):
            if wanted is not None:
                assert_close(gradient, wanted.to(tensors[i].dtype), rtol=1e-3, atol=1e-3)


@of(differentiable)
def test_gradients_do_not_depend_on_each_other(operation: Operation, case: Case) -> None:
    """An operand's gradient is the same whether or not the others want one; without any, nothing is recorded."""
    together = tensors_of(case)
    all_found = gradients(results(operation, together, case), together)
    wanted = iter(all_found)
    for i, x in enumerate(together):
        if x.requires_grad:
            alone = tensors_of(case, wanted=lambda k, i=i: k == i)
            [gradient] = gradients(results(operation, alone, case), alone)
            other = next(wanted)
            assert (gradient is None) == (other is None)
            assert gradient is None or np.array_equal(gradient.array, other.array, equal_nan=True)
    assert not recorded(results(operation, tensors_of(case, wanted=lambda i: False), case))


@of(anything)
def test_nothing_is_recorded_outside_grad_mode(operation: Operation, case: Case) -> None:
    """Under no_grad a result has no history and wants no gradient; it is the same otherwise."""
    tensors = tensors_of(case)
    with no_grad():
        found = results(operation, tensors, case)
    for r, with_graph in zip(found, results(operation, tensors, case)):
        if isinstance(r, Tensor) and not any(r is x for x in tensors):
            assert r.grad_fn is None
            assert not r.requires_grad
        assert_close(r, with_graph, rtol=0, atol=0, equal_nan=True)


@of(anything)
def test_no_operand_is_mutated(operation: Operation, case: Case) -> None:
    """Forwards, backwards and twice backwards, operands and results keep their values."""
    tensors = tensors_of(case)
    before = [x.array.copy() for x in tensors]
    found = results(operation, tensors, case)
    watched = [x.array for x in tensors] + [r.array for r in found if isinstance(r, Tensor)]
    before += [r.array.copy() for r in found if isinstance(r, Tensor)]
    first = gradients(found, tensors, create_graph=True)
    kept = [g.array.copy() for g in first if g is not None]
    gradients(first, tensors)
    for now, then in zip(watched + [g.array for g in first if g is not None], before + kept, strict=True):
        assert np.array_equal(now, then, equal_nan=now.dtype.kind == "f")


@of(differentiable)
def test_gradients_are_the_same_when_watched(operation: Operation, case: Case) -> None:
    """Rules that take arrays as well as tensors give the same to the last bit, in every precision."""
    for dtype in ("float32", "float64"):
        tensors = tensors_of(case, dtype)
        found = results(operation, tensors, case)
        alone = gradients(found, tensors)
        with watched():
            seen = gradients(found, tensors)
        for a, b in zip(alone, seen, strict=True):
            assert (a is None) == (b is None)
            assert a is None or (np.array_equal(a.array, b.array, equal_nan=True) and a.dtype == b.dtype)


@of(differentiable)
def test_plain_rules_give_arrays_that_fit(operation: Operation, case: Case) -> None:
    """Of an array they make one of the operand's shape and dtype: the backward pass does not look again."""
    for dtype in ("float32", "float64"):
        for node in nodes_of(recorded(results(operation, tensors_of(case, dtype), case))):
            start = np.ones(node.shape, node.dtype)
            for target, rule in zip(node.targets, node.rules) if node.plain else ():
                if rule is not None:
                    share = rule(start, node.out) if node.wants_out else rule(start)
                    operand = target if isinstance(target, Node) else target.array
                    assert share.shape == operand.shape
                    assert share.dtype == operand.dtype
                    assert type(share) is np.ndarray or not operand.shape


@of(differentiable)
def test_gradients_share_no_memory(operation: Operation, case: Case) -> None:
    """What a leaf receives is its own: it can be written to, and nothing else changes."""
    tensors = tensors_of(case)
    found = recorded(results(operation, tensors, case))
    starts = [minigrad.ones_like(r) for r in found]
    for r, start in zip(found, starts):
        r.backward(start, retain_graph=True)
    received = [x.grad for x in tensors if x.grad is not None]
    others = [t.array for t in (*tensors, *found, *starts, *received)]
    for gradient in received:
        assert gradient.array.flags.writeable
        assert sum(np.shares_memory(gradient.array, other) for other in others) == (gradient.array.size > 0)


@contextmanager
def collector_off() -> Any:
    """Nothing is collected inside, and what was there before is left out of a later collection."""
    enabled = gc.isenabled()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.unfreeze()
        if enabled:
            gc.enable()


@of(anything)
def test_graphs_are_freed_at_once(operation: Operation, case: Case) -> None:
    """Dropping the results frees the graph, gradients' graphs included, without the garbage collector."""

    def watch() -> list[weakref.ref[Any]]:
        tensors = tensors_of(case)
        found = results(operation, tensors, case)
        first = gradients(found, tensors, create_graph=True)
        every = [t for t in (*tensors, *found, *first) if isinstance(t, Tensor)]
        nodes = nodes_of(every)
        gradients(first, tensors)
        return [weakref.ref(x) for x in (*every, *nodes)]

    with collector_off():
        watched = watch()
        assert [x() for x in watched if x() is not None] == []
        assert gc.collect() == 0


@of(lambda operation: operation.function is None and hasattr(minigrad, operation.name))
def test_function_equals_method(operation: Operation, case: Case) -> None:
    """minigrad.f(x) is x.f(), where both exist."""
    tensors = tensors_of(case)
    called = listed(operation.called_as(getattr(minigrad, operation.name), *tensors, **case.params))
    for r, e in zip(called, results(operation, tensors, case), strict=True):
        assert_close(r, e, rtol=0, atol=0, equal_nan=True)
    for r, e in zip(gradients(called, tensors), gradients(results(operation, tensors, case), tensors), strict=True):
        assert r is e is None or np.array_equal(r.array, e.array, equal_nan=True)


# in place they change the shape: test_arrangement.py
RESHAPING = {"squeeze", "unsqueeze", "t", "transpose", "swapaxes", "swapdims"}


@of(
    lambda operation: (
        operation.function is None and hasattr(Tensor, operation.name + "_") and operation.name not in RESHAPING
    )
)
def test_in_place_equals_plain(operation: Operation, case: Case) -> None:
    """x.f_() is x.f() in value and gradient, written into x's own memory; refused where the result does not fit."""
    in_place = getattr(Tensor, operation.name + "_")
    plain, changed = tensors_of(case), tensors_of(case)
    result = operation(*plain, **case.params)
    target = changed[0].clone()
    memory, version = target.array, target._version[0]
    if result.shape != target.shape:
        with pytest.raises(ShapeError, match="in place"):
            operation.called_as(in_place, target, *changed[1:], **case.params)
        return
    assert operation.called_as(in_place, target, *changed[1:], **case.params) is target
    assert target.array is memory
    assert target._version[0] > version
    assert_close(target, result, rtol=1e-12, atol=0)  # NumPy's last digit depends on the layout
    for r, e in zip(gradients([target], changed), gradients([result], plain), strict=True):
        assert (r is None) == (e is None)
        if r is not None:
            assert_close(r, e, rtol=1e-12, atol=0)
    with no_grad():
        operation.called_as(in_place, changed[0], *changed[1:], **case.params)
    assert changed[0].is_leaf
    assert_close(changed[0], result, rtol=1e-12, atol=0)


def test_the_published_evidence_has_a_row_for_every_operation() -> None:
    """docs/gradients.md speaks of the operations there are, all of them: `make test` writes it anew."""
    wanted = [operation.name for operation in OPERATIONS if operation.gradient]
    assert evidence.names_in(evidence.ROOT / "docs" / "gradients.md") == wanted
