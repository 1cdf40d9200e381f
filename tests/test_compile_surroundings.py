"""A compiled function is never stale: what it can see and what changes there is noticed, or it has no program."""

import contextlib
import enum
import functools
import random
import subprocess
import sys
import threading
import types
import typing
from pathlib import Path

import numpy as np
import pytest

import minigrad
from minigrad import nn, optim
from minigrad.compile import CompileWarning

FACTOR = 2.0


def by_global(x):
    return x * FACTOR


class Scale:
    bias = 0.0

    def __init__(self, **parts):
        self.__dict__.update(parts)


class Slotted:
    __slots__ = ("k",)


def settled(function, x=1.0, calls=4):
    """The function compiled, and called until its program runs."""
    compiled = minigrad.compile(function)
    for _ in range(calls):
        compiled(minigrad.tensor(x))
    assert compiled.fast(minigrad.tensor(x)).item() == function(minigrad.tensor(x)).item()  # it is not run as it is
    return compiled


def agree(compiled, function, x=1.0):
    """Now, and when it has been recorded again."""
    for _ in range(4):
        assert compiled(minigrad.tensor(x)).item() == function(minigrad.tensor(x)).item()


def in_a_list_in_a_dict():
    held = {"a": [1.0, 2.0]}
    return lambda x: x * held["a"][1], lambda: held["a"].__setitem__(1, 7.0)


def in_a_helper():
    held = [3.0]

    def helper(x):
        return x * held[0]

    return lambda x: helper(x) + 1, lambda: held.__setitem__(0, 7.0)


def a_global_of_a_helper():
    def change():
        global FACTOR
        FACTOR += 1

    return lambda x: by_global(x) + 1, change


def in_an_object_in_an_object():
    held = Scale(inner=Scale(k=2.0))
    return lambda x: x * held.inner.k, lambda: setattr(held.inner, "k", 7.0)


def a_class_attribute():
    held = Scale()

    def change():
        Scale.bias += 1.0

    return lambda x: x + held.bias, change


def an_attribute_that_hides_it():
    held = Scale()
    return lambda x: x + held.bias, lambda: setattr(held, "bias", 50.0)


def in_a_slot():
    held = Slotted()
    held.k = 2.0
    return lambda x: x * held.k, lambda: setattr(held, "k", 7.0)


def a_default():
    def function(x, parts=[2.0]):  # noqa: B006
        return x * parts[0]

    return function, lambda: function.__defaults__[0].__setitem__(0, 7.0)


def a_set():
    held = {1.0, 2.0}
    return lambda x: x * len(held), lambda: held.add(3.0)


def a_dict_with_other_keys():
    held = {(0, 1): 2.0}
    return lambda x: x * held[0, 1], lambda: held.__setitem__((0, 1), 7.0)


def an_int_made_a_float():
    held = [3]
    return lambda x: (minigrad.ones(2, dtype=minigrad.int64) * held[0] / 2).sum() + x, lambda: held.__setitem__(0, 4.0)


def an_array_read_through_tensor():
    held = np.array([2.0, 3.0], np.float32)
    return lambda x: (minigrad.tensor(held) * x).sum(), lambda: held.fill(7.0)


def an_array_read_as_an_operand():
    held = np.array([2.0, 3.0], np.float32)
    return lambda x: (x * held).sum(), lambda: held.fill(7.0)


def an_array_shared_by_from_numpy():
    held = np.array([2.0, 3.0], np.float32)
    return lambda x: (minigrad.from_numpy(held) * x).sum(), lambda: held.fill(7.0)


def a_method():
    held = Scale(k=2.0)
    return types.MethodType(lambda self, x: x * self.k, held), lambda: setattr(held, "k", 7.0)


def a_list_in_a_module():
    model = nn.Sequential(nn.Identity())
    model.factors = [2.0]
    return lambda x: model(x) * model.factors[0], lambda: model.factors.__setitem__(0, 7.0)


def a_function_replaced():
    held = Scale(f=lambda x: x * 2)

    def other(x):
        return x * 7

    return lambda x: held.f(x), lambda: setattr(held, "f", other)


def the_default_dtype():
    def change():
        minigrad.set_default_dtype(minigrad.float64)

    return lambda x: minigrad.ones(1).sum() / 3 + x * 0, change


PLACES = [
    in_a_list_in_a_dict, in_a_helper, a_global_of_a_helper, in_an_object_in_an_object, a_class_attribute,
    an_attribute_that_hides_it, in_a_slot, a_default, a_set, a_dict_with_other_keys, an_int_made_a_float,
    an_array_read_through_tensor, an_array_read_as_an_operand, an_array_shared_by_from_numpy, a_method, a_list_in_a_module,
    a_function_replaced, the_default_dtype,
]  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
def test_a_change_is_noticed(place):
    function, change = place()
    compiled = settled(function)
    before = function(minigrad.tensor(1.0)).item()
    try:
        change()
        assert function(minigrad.tensor(1.0)).item() != before or place is an_int_made_a_float
        agree(compiled, function)
    finally:
        minigrad.set_default_dtype(minigrad.float32)


def test_an_equal_number_needs_no_new_program():
    held = [float("2.5")]
    compiled = settled(lambda x: x * held[0])
    entry = compiled.latest
    held[0] = float("2.5")
    agree(compiled, compiled.function)
    assert compiled.latest is entry


def test_what_changes_at_every_call_ends_the_programs():
    held = [0.0]
    compiled = settled(lambda x: x * held[0])
    with pytest.warns(CompileWarning, match=r"`?held\[0\]`? differed 8 times: pass what changes"):
        for i in range(40):
            held[0] = float(i)
            assert compiled(minigrad.tensor(2.0)).item() == 2.0 * i


# ── hooks, watchers ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("where", ["module", "tensor", "everywhere"])
def test_a_hook_registered_later_is_called(where):
    model = nn.Linear(2, 1)
    seen = []

    def step(x):
        model.zero_grad()
        cost = model(x).square().sum()
        cost.backward()
        return cost.detach()

    compiled = minigrad.compile(step)
    x = minigrad.ones(1, 2)
    for _ in range(4):
        compiled(x)
    register = {
        "module": lambda: model.register_forward_hook(lambda *args: seen.append(1)),
        "tensor": lambda: model.weight.register_hook(lambda g: seen.append(1)),
        "everywhere": lambda: nn.modules.module.register_module_forward_hook(lambda *args: seen.append(1)),
    }[where]
    handle = register()
    try:
        with pytest.warns(CompileWarning, match="a hook is registered"):
            for _ in range(3):
                compiled(x)
    finally:
        handle.remove()
    assert len(seen) == 3


def test_anomaly_mode_sees_every_operation():
    compiled = settled(lambda x: x.sqrt())
    w = minigrad.tensor(-1.0, requires_grad=True)
    with minigrad.autograd.detect_anomaly(), np.errstate(all="ignore"), pytest.raises(RuntimeError, match="sqrt"):
        compiled(w).backward()


# ── optimizers ───────────────────────────────────────────────────────────────────────────────────────────────────────


def cleared(descent):
    descent.state.clear()


def replaced_state(descent):
    for held in descent.state.values():
        held["exp_avg"] = minigrad.zeros_like(held["exp_avg"])


def other_option(descent):
    descent.param_groups[0]["amsgrad"] = True


def another_group(descent):
    extra = minigrad.ones(2, requires_grad=True)
    extra.grad = minigrad.ones(2)
    descent.add_param_group({"params": [extra]})


@pytest.mark.parametrize("change", [cleared, replaced_state, other_option, another_group])
def test_a_changed_optimizer_is_noticed(change):
    found = []
    for compiled in (False, True):
        minigrad.manual_seed(0)
        model = nn.Linear(3, 2)
        descent = optim.Adam(model.parameters(), lr=0.1)

        def step(x, model=model, descent=descent):
            cost = model(x).square().mean()
            model.zero_grad()
            cost.backward()
            descent.step()
            return cost

        step = minigrad.compile(step) if compiled else step
        costs = []
        for i in range(12):
            if i == 5:
                change(descent)
            costs.append(step(minigrad.ones(4, 3)).item())
        found.append((costs, [p.tolist() for group in descent.param_groups for p in group["params"]]))
    assert found[0] == found[1]


# ── side effects ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_function_that_changes_what_it_sees_runs_as_it_is():
    history, holder, count = [], Scale(k=0), 0

    def appends(x):
        history.append(x)
        return x + 1

    def sets(x):
        holder.k = holder.k + 1
        return x + holder.k

    def counts(x):
        nonlocal count
        count += 1
        return x + count

    for function, name in ((appends, "history"), (sets, "holder.k"), (counts, "count")):
        compiled = minigrad.compile(function)
        with pytest.warns(CompileWarning, match=f"it changes `.*{name}"):
            found = [compiled(minigrad.tensor(0.0)).item() for _ in range(5)]
        assert found == ([1.0] * 5 if function is appends else [1.0, 2.0, 3.0, 4.0, 5.0])
    assert len(history) == 5


def test_state_carried_from_call_to_call_runs_as_it_is():
    h = minigrad.zeros(())

    def step(x):
        nonlocal h
        h = h * 0.5 + x
        return h

    compiled = minigrad.compile(step)
    with pytest.warns(CompileWarning, match="it changes `h`"):
        assert [compiled(minigrad.tensor(1.0)).item() for _ in range(4)] == [1.0, 1.5, 1.75, 1.875]


@pytest.mark.parametrize(
    "draw",
    [random.random, np.random.rand, np.random.default_rng(0).random, random.Random(0).random],
    ids=["random", "np.random", "Generator", "Random"],
)
def test_other_random_numbers_run_as_they_are(draw):
    compiled = minigrad.compile(lambda x: x + float(draw()))
    with pytest.warns(CompileWarning, match="use minigrad's"):
        assert len({compiled(minigrad.tensor(0.0)).item() for _ in range(6)}) == 6


def test_an_iterator_runs_as_it_is():
    numbers = iter(range(10))
    compiled = minigrad.compile(lambda x: x + next(numbers))
    with pytest.warns(CompileWarning, match="the iterator `numbers`"):
        assert [compiled(minigrad.tensor(0.0)).item() for _ in range(5)] == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_an_array_computed_on_the_way_runs_as_it_is():
    held = np.ones(2, np.float32)
    compiled = minigrad.compile(lambda x: x + minigrad.tensor(held * 2).sum())
    with pytest.warns(CompileWarning, match="computed by other means"):
        for i in range(5):
            held[:] = i
            assert compiled(minigrad.tensor(0.0)).item() == 4.0 * i


def test_what_numpy_computes_from_a_tensor_is_recorded():
    compiled = settled(lambda x: x + minigrad.tensor(np.asarray(x.numpy()) * 2) + minigrad.tensor([x, x * 3]).sum())
    for i in range(5):
        agree(compiled, compiled.function, float(i))


def test_too_much_to_look_at_runs_as_it_is():
    held = [object() for _ in range(20_000)]
    compiled = minigrad.compile(lambda x: x * len(held))
    with pytest.warns(CompileWarning, match="more than 10000 values"):
        for _ in range(3):
            assert compiled(minigrad.tensor(1.0)).item() == 20_000.0


# ── who holds what ───────────────────────────────────────────────────────────────────────────────────────────────────


def learner():
    minigrad.manual_seed(0)
    w = minigrad.ones(3, requires_grad=True)

    def step(x):
        w.grad = None
        cost = (w * x).square().sum()
        cost.backward()
        return cost.detach()

    compiled = minigrad.compile(step)
    for i in range(4):
        compiled(minigrad.ones(3) * i)
    return compiled, w


@pytest.mark.parametrize(
    "take",
    [
        lambda w: w.grad,
        lambda w: w.grad.numpy(),
        lambda w: w.grad[1:],
        lambda w: w.grad.detach(),
        lambda w: w.grad.numpy()[:2],
    ],
)
@pytest.mark.parametrize("drop", [False, True])
def test_a_gradient_that_somebody_holds_stays(take, drop):
    compiled, w = learner()
    kept = []
    for i in range(6):
        compiled(minigrad.ones(3) * i)
        kept.append(take(w))
        if drop:
            w.grad = None
    for i, gradient in enumerate(kept):
        assert set(gradient.tolist()) == {2.0 * i * i}


def test_a_gradient_in_a_graph_is_not_changed_behind_its_back():
    compiled, w = learner()
    compiled(minigrad.ones(3) * 2)
    scale = minigrad.ones(3, requires_grad=True)
    product = (scale * w.grad).sum()
    compiled(minigrad.ones(3) * 5)
    product.backward()
    assert scale.grad.tolist() == [8.0] * 3


def test_a_graph_over_parameters_notices_the_step():
    model = nn.Linear(2, 1)
    descent = optim.SGD(model.parameters(), 0.1)

    def step(x):
        descent.zero_grad()
        cost = model(x).square().sum()
        cost.backward()
        descent.step()
        return cost

    compiled = minigrad.compile(step)
    x = minigrad.ones(1, 2)
    for _ in range(4):
        compiled(x)
    y = minigrad.ones(1, 2, requires_grad=True)
    before = model(y).sum()
    compiled(x)
    with pytest.raises(minigrad.MutationError):
        before.backward()


# ── errors in the middle ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_check_that_fails_runs_the_function():
    table = nn.Embedding(5, 2)
    compiled = minigrad.compile(lambda i: table(i).detach())
    for _ in range(4):
        compiled(minigrad.tensor([1, 4]))
    with pytest.raises(IndexError, match="5"):
        compiled(minigrad.tensor([1, 5]))
    assert compiled(minigrad.tensor([0, 1])).tolist() == table.weight[:2].tolist()


def test_being_stopped_while_writing_is_said():
    w, v = minigrad.zeros(2), minigrad.zeros(2)

    def step(x):
        w.add_(x)
        v.add_(w.exp())
        return v.sum()

    compiled = minigrad.compile(step)
    for _ in range(4):
        compiled(minigrad.ones(2))
    entry = compiled.latest
    exp = next(cell for name, cell in zip(entry.run.__code__.co_freevars, entry.run.__closure__) if name == "exp")

    def stop(*args):
        raise KeyboardInterrupt

    exp.cell_contents = stop
    with pytest.raises(KeyboardInterrupt) as caught:
        compiled(minigrad.ones(2))
    assert "stopped while it was writing" in caught.value.__notes__[0]


# ── threads ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def in_threads(work, count=4):
    failures = []

    def run(i):
        try:
            work(i)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


def test_one_program_in_many_threads():
    w = minigrad.rand(64, 64)
    compiled = minigrad.compile(lambda x: (x @ w).tanh() @ w)

    def work(i):
        x = minigrad.ones(64, 64) * i
        wanted = compiled.function(x).array
        for _ in range(100):
            np.testing.assert_allclose(compiled(x).array, wanted, rtol=1e-5)

    in_threads(work)


def test_other_threads_are_not_recorded():
    w = minigrad.rand(8, 8)
    stop = threading.Event()

    def record():
        for i in range(30):
            compiled = minigrad.compile(lambda x, i=i: (x @ w).exp() + i)
            for _ in range(4):
                x = minigrad.rand(8, 8)
                np.testing.assert_allclose(compiled(x).array, compiled.function(x).array, rtol=1e-5)
            assert compiled.source.count("exp(") == 1
        stop.set()

    def work(i):
        if i == 0:
            record()
        while i and not stop.is_set():
            assert type((minigrad.rand(8, 8) @ w).cos().array) is np.ndarray

    try:
        in_threads(work, 3)
    finally:
        stop.set()


# ── methods ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_method_is_compiled_for_each_object():
    class Model:
        def __init__(self, k):
            self.k = k

        @minigrad.compile
        def step(self, x):
            return x * self.k

    two, three = Model(2.0), Model(3.0)
    for _ in range(5):
        assert two.step(minigrad.tensor(1.0)).item() == 2.0
        assert three.step(minigrad.tensor(1.0)).item() == 3.0
    assert "multiply" in two.step.source
    two.k = 5.0
    assert two.step(minigrad.tensor(1.0)).item() == 5.0


# ── what random changes found ────────────────────────────────────────────────────────────────────────────────────────


def test_equal_gradients_are_still_two():
    a, b = minigrad.ones(3, requires_grad=True), minigrad.ones(3, requires_grad=True)

    def step(x):
        a.grad = b.grad = None
        (a + b + x).square().sum().backward()

    compiled = minigrad.compile(step)
    for _ in range(5):
        compiled(minigrad.ones(3))
    a.grad.zero_()
    assert b.grad.tolist() == [6.0] * 3


@pytest.mark.parametrize("clip", [False, True])
@pytest.mark.parametrize("build", [lambda p: optim.SGD(p, 0.1), lambda p: optim.Adadelta(p), lambda p: optim.NAdam(p)])
def test_gradients_filled_with_zeros(build, clip):
    found = []
    for compiled in (False, True):
        minigrad.manual_seed(0)
        model = nn.Linear(3, 2)
        descent = build(model.parameters())

        def step(x, model=model, descent=descent):
            descent.zero_grad(set_to_none=False)
            cost = model(x).square().mean()
            cost.backward()
            if clip:
                nn.utils.clip_grad_norm_(model.parameters(), 0.1)
            descent.step()
            return cost.detach()

        step = minigrad.compile(step) if compiled else step
        found.append([step(minigrad.rand(4, 3)).item() for _ in range(8)])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-6)


def test_a_state_made_while_recording_is_an_ordinary_one():
    model = nn.Linear(3, 2)
    descent = optim.NAdam(model.parameters())

    def step(x):
        descent.zero_grad()
        cost = model(x).square().mean()
        cost.backward()
        descent.step()
        return cost.detach()

    compiled = minigrad.compile(step)
    compiled(minigrad.ones(4, 3))
    descent.state.clear()
    compiled(minigrad.ones(4, 3))
    for held in descent.state.values():
        for value in held.values():
            assert type(value) in (int, float) or type(value.array) is np.ndarray
    for _ in range(4):
        compiled(minigrad.ones(4, 3))
    assert "# NAdam" in compiled.source  # it is recorded again when the state is there


# ── what a hostile reader found ──────────────────────────────────────────────────────────────────────────────────────


def both(function, *calls):
    """What a function gives, call by call, as it is and compiled."""
    compiled = minigrad.compile(function)
    return [[f(*args).tolist() for args in calls] for f in (function, compiled)]


@pytest.mark.filterwarnings("ignore::minigrad.compile.CompileWarning")
def test_functions_that_no_program_can_stand_for():
    a, b = minigrad.tensor([1.0, -1.0]), minigrad.tensor([-1.0, 1.0])
    w = minigrad.tensor([3.0, 3.0])
    assert (
        len({str(r) for r in both(lambda x: minigrad.zeros(2).masked_fill_(x > 0, 1.0), (a,), (a,), (a,), (b,))}) == 1
    )
    assert len({str(r) for r in both(lambda x, y: x - y, (a, a), (a, a), (a, a), (a, b))}) == 1
    assert len({str(r) for r in both(lambda x: x - w, (w,), (w,), (w,), (a,))}) == 1
    ours = minigrad.compile(lambda x: (x, x * 2))
    for x in (a, a, a, a, b):
        assert ours(x)[0] is x
    numpys = minigrad.compile(lambda x: (x * 2).numpy())
    assert [numpys(minigrad.tensor([float(i)])).tolist() for i in range(5)] == [[2.0 * i] for i in range(5)]


@pytest.mark.filterwarnings("ignore::minigrad.compile.CompileWarning")
def test_what_is_inside_arguments():
    model = nn.Sequential(nn.Dropout(0.5))
    compiled = minigrad.compile(lambda m, x: m(x))
    x = minigrad.ones(64)
    for _ in range(4):
        compiled(model, x)
    model.eval()
    assert compiled(model, x).tolist() == [1.0] * 64


@pytest.mark.filterwarnings("ignore::minigrad.compile.CompileWarning")
def test_memory_exchanged_and_schedules_inside():
    found = []
    for compiled in (False, True):
        t = minigrad.ones(2)
        p = minigrad.ones(2, requires_grad=True)
        descent = optim.SGD([p], lr=1.0)
        schedule = optim.lr_scheduler.ExponentialLR(descent, 0.5)

        def double(t=t):
            t.data = t.data * 2
            return t * 1

        def step(x, p=p, descent=descent, schedule=schedule):
            descent.zero_grad()
            (p * x).sum().backward()
            descent.step()
            schedule.step()

        if compiled:
            double, step = minigrad.compile(double), minigrad.compile(step)
        seen = [double().tolist() for _ in range(4)]
        for _ in range(6):
            step(minigrad.ones(2))
        found.append((seen, descent.param_groups[0]["lr"], p.tolist()))
    assert found[0] == found[1]


@pytest.mark.filterwarnings("ignore::minigrad.compile.CompileWarning")
def test_the_gradient_of_an_argument():
    def square(x):
        x.grad = None
        (x * x).sum().backward()

    compiled = minigrad.compile(square)
    a, b = minigrad.tensor(1.0, requires_grad=True), minigrad.tensor(5.0, requires_grad=True)
    for x in (a, a, a, a, b):
        compiled(x)
    assert (a.grad.item(), b.grad.item()) == (2.0, 10.0)


def test_whole_numbers_and_others_are_told_apart():
    compiled = minigrad.compile(lambda x, k: x * k)
    x = minigrad.tensor([1, 2])
    for k in (2, 2, 2, 2, 2.0, 2.0, 2.0, 2):
        assert compiled(x, k).dtype is (x * k).dtype


def test_layouts_are_told_apart():
    def write(x):
        h = x.reshape(-1)
        h.add_(1)
        return h.sum()

    compiled = minigrad.compile(write)
    for _ in range(3):
        compiled(minigrad.zeros(2, 3).t())
    x = minigrad.zeros(3, 2)
    compiled(x)
    assert x.tolist() == [[1.0, 1.0]] * 3


def test_namespaces_and_small_arrays_are_looked_into():
    options, numbers = types.SimpleNamespace(k=2.0), np.array([2.0])
    for function, change in (
        (lambda x: x * options.k, lambda: setattr(options, "k", 5.0)),
        (lambda x: x * float(numbers[0]), lambda: numbers.fill(5.0)),
    ):
        compiled = settled(function)
        change()
        agree(compiled, function)


def test_a_saved_adam_runs_twice(tmp_path):
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    descent = optim.Adam(model.parameters(), lr=0.1)

    def step(x):
        descent.zero_grad()
        cost = model(x).square().mean()
        cost.backward()
        descent.step()
        return cost

    compiled = minigrad.compile(step)
    x = minigrad.rand(5, 3)
    for _ in range(4):
        compiled(x)
    compiled.save(tmp_path / "adam.py")
    np.save(tmp_path / "x.npy", x.array)
    wanted = [compiled(x).item() for _ in range(3)]
    program = "import numpy as np, adam; x = np.load('x.npy'); print([adam.step(x)[0].item() for _ in range(3)])"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(wanted)


def test_factors_of_a_matrix():
    compiled = minigrad.compile(lambda x: minigrad.linalg.svd(x, full_matrices=False)[1])
    x = minigrad.rand(3, 3)
    for _ in range(4):
        np.testing.assert_allclose(compiled(x).array, compiled.function(x).array, rtol=1e-5)


# ── code that minigrad's or Python's wraps, modules, optimizers' numbers ─────────────────────────────────────────────

K = 2.0


def set_k(value=7.0):
    global K
    K = value


def a_wrapped_helper():
    @minigrad.no_grad()
    def helper(x):
        return x * K

    return lambda x: helper(x) + 1, set_k


def a_wrapped_step():
    @minigrad.no_grad()
    def step(x):
        return x * K

    return step, set_k


def a_wrapped_method():
    class Model:
        @minigrad.no_grad()
        def step(self, x):
            return x * K

    model = Model()
    return lambda x: model.step(x), set_k


def a_context_manager():
    @contextlib.contextmanager
    def scope():
        yield K

    def step(x):
        with scope() as k:
            return x * k

    return step, set_k


def a_single_dispatch():
    @functools.singledispatch
    def scaled(x):
        return x

    @scaled.register
    def _(x: minigrad.Tensor):
        return x * K

    return lambda x: scaled(x), set_k


def a_derivative_made_outside():
    gradient = minigrad.func.grad(lambda x: x * x * K)
    return lambda x: gradient(x), set_k


def a_partial_method():
    class Model:
        def scale(self, x, by):
            return x * by * K

        double = functools.partialmethod(scale, by=2.0)

    model = Model()
    return lambda x: model.double(x), set_k


def module_of(name, **values):
    """A module of the user's, as if imported from a file."""
    made = types.ModuleType(name)
    made.__file__ = f"/home/user/{name}.py"
    vars(made).update(values)
    return made


def a_module_in_a_closure():
    cfg = module_of("cfg", RATE=2.0)
    return lambda x: x * cfg.RATE, lambda: setattr(cfg, "RATE", 7.0)


def a_module_of_a_package():
    package = module_of("pkg", config=module_of("pkg.config", RATE=2.0))
    return lambda x: x * package.config.RATE, lambda: setattr(package.config, "RATE", 7.0)


def a_module_in_an_object():
    held = Scale(cfg=module_of("cfg", inner=module_of("cfg.inner", RATE=2.0)))
    return lambda x: x * held.cfg.inner.RATE, lambda: setattr(held.cfg.inner, "RATE", 7.0)


def a_method_by_another_name():
    class Model:
        def first(self, x):
            return x * self.cfg.RATE

        second = first

    model = Model()
    model.cfg = module_of("cfg", RATE=2.0)
    return lambda x: model.second(x), lambda: setattr(model.cfg, "RATE", 7.0)


def an_object_made_inside():
    cfg = module_of("cfg", RATE=2.0)

    class Model:
        def __init__(self):
            self.rate = held.cfg.RATE

    class Other(Model):
        pass

    held = Scale(cfg=cfg)
    return lambda x: x * Other().rate, lambda: setattr(cfg, "RATE", 7.0)


def a_module_imported_inside():
    sys.modules["user_cfg"] = cfg = module_of("user_cfg", RATE=2.0)

    def step(x):
        import user_cfg

        return x * user_cfg.RATE

    return step, lambda: setattr(cfg, "RATE", 7.0)


def a_name_imported_inside():
    sys.modules["user_cfg"] = cfg = module_of("user_cfg", RATE=2.0)

    def step(x):
        from user_cfg import RATE

        return x * RATE

    return step, lambda: setattr(cfg, "RATE", 7.0)


def set_rate(descent, rate=7.0):
    descent.param_groups[0]["lr"] = rate


def a_rate_read_by_hand():
    descent = optim.SGD([minigrad.ones(1, requires_grad=True)], lr=2.0)
    return lambda x: x * descent.param_groups[0]["lr"], lambda: set_rate(descent)


def a_group_of_an_optimizer():
    descent = optim.SGD([minigrad.ones(1, requires_grad=True)], lr=2.0)
    groups = descent.param_groups
    return lambda x: x * groups[0]["lr"] + len(descent.state), lambda: set_rate(descent)


def an_option_by_a_key_from_elsewhere():
    descent = optim.SGD([minigrad.ones(1, requires_grad=True)], lr=2.0)
    key = "lr"
    return lambda x: x * descent.param_groups[0][key], lambda: set_rate(descent)


def all_options_of_an_optimizer():
    descent = optim.SGD([minigrad.ones(1, requires_grad=True)], lr=2.0)
    return lambda x: x * [v for v in descent.param_groups[0].values() if v][1], lambda: set_rate(descent)


def a_state_of_an_optimizer():
    p = minigrad.ones(1, requires_grad=True)
    p.grad = minigrad.ones(1)
    descent = optim.Adam([p])
    descent.step()
    return lambda x: x * descent.state_dict()["state"][0]["step"], descent.step


def a_default_of_an_optimizer():
    descent = optim.SGD([minigrad.ones(1, requires_grad=True)], lr=2.0)
    return lambda x: x * descent.defaults["lr"], lambda: descent.defaults.update(lr=7.0)


def an_attribute_of_an_optimizer():
    descent = optim.SGD([minigrad.ones(1, requires_grad=True)], lr=2.0)
    descent.scale = 2.0
    return lambda x: x * descent.scale, lambda: setattr(descent, "scale", 7.0)


def the_last_rate_of_a_schedule():
    descent = optim.SGD([minigrad.ones(1, requires_grad=True)], lr=2.0)
    descent.step()
    schedule = optim.lr_scheduler.StepLR(descent, 1)
    return lambda x: x * schedule.get_last_lr()[0], schedule.step


def the_epoch_of_a_schedule():
    descent = optim.SGD([minigrad.ones(1, requires_grad=True)], lr=2.0)
    descent.step()
    schedule = optim.lr_scheduler.StepLR(descent, 10)
    return lambda x: x * schedule.last_epoch, schedule.step


def a_distribution():
    normal = minigrad.distributions.Normal(minigrad.tensor(0.0), minigrad.tensor(1.0))
    return lambda x: normal.log_prob(x), lambda: setattr(normal, "loc", minigrad.tensor(3.0))


class Config(dict):
    factor = 1.0

    def __getattr__(self, name):
        return self[name]

    def scaled(self, x):
        return x * K


def an_attribute_of_a_dict():
    held = Config()
    held.__dict__["k"] = 2.0
    return lambda x: x * held.k, lambda: setattr(held, "k", 7.0)


def an_item_of_a_dict_by_attribute():
    held = Config(k=2.0)
    return lambda x: x * held.k, lambda: held.update(k=7.0)


def a_method_of_a_dict():
    held = Config()
    return lambda x: held.scaled(x), set_k


def an_attribute_of_a_parameter():
    p = nn.Parameter(minigrad.ones(1))
    p.scale = 2.0
    return lambda x: x * p.scale, lambda: setattr(p, "scale", 7.0)


def an_attribute_of_a_function():
    def helper(x):
        return x * helper.k

    helper.k = 2.0
    return lambda x: helper(x), lambda: setattr(helper, "k", 7.0)


def whether_a_tensor_requires_grad():
    w = minigrad.ones(1)
    return lambda x: x * 2 if w.requires_grad else x * 3, lambda: w.requires_grad_()


def whether_a_tensor_was_detached():
    w = minigrad.ones(1, requires_grad=True)
    return lambda x: x * 2 if w.requires_grad else x * 3, lambda: w.detach_()


def the_length_of_a_tensor():
    w = minigrad.ones(2)
    return lambda x: x * len(w), lambda: setattr(w, "data", minigrad.ones(3))


def a_longer_array():
    held = np.full(5000, 2.0)
    return lambda x: x * float(held[0]), lambda: held.fill(7.0)


class Pair(typing.NamedTuple):
    first: float

    def scaled(self, x):
        return x * self.first * K


class Mode(enum.Enum):
    DOUBLE = 2.0

    def scaled(self, x):
        return x * self.value * K


def a_method_of_a_named_tuple():
    pair = Pair(2.0)
    return lambda x: pair.scaled(x), set_k


def a_method_of_an_enum():
    return lambda x: Mode.DOUBLE.scaled(x), set_k


MORE_PLACES = [
    a_wrapped_helper, a_wrapped_step, a_wrapped_method, a_context_manager, a_single_dispatch, a_derivative_made_outside,
    a_partial_method, a_module_in_a_closure, a_module_of_a_package, a_module_in_an_object, a_method_by_another_name,
    an_object_made_inside, a_module_imported_inside, a_name_imported_inside, a_rate_read_by_hand, a_group_of_an_optimizer,
    an_option_by_a_key_from_elsewhere, all_options_of_an_optimizer, a_state_of_an_optimizer, a_default_of_an_optimizer,
    an_attribute_of_an_optimizer, the_last_rate_of_a_schedule, the_epoch_of_a_schedule, a_distribution,
    an_attribute_of_a_dict, an_item_of_a_dict_by_attribute, a_method_of_a_dict, an_attribute_of_a_parameter,
    an_attribute_of_a_function, whether_a_tensor_requires_grad, whether_a_tensor_was_detached, the_length_of_a_tensor,
    a_longer_array, a_method_of_a_named_tuple, a_method_of_an_enum,
]  # fmt: skip


@pytest.mark.parametrize("place", MORE_PLACES)
def test_a_change_further_off_is_noticed(place):
    set_k(2.0)
    function, change = place()
    try:
        compiled = settled(function)
        before = function(minigrad.tensor(1.0)).item()
        change()
        assert function(minigrad.tensor(1.0)).item() != before
        agree(compiled, function)
    finally:
        set_k(2.0)
        sys.modules.pop("user_cfg", None)


@pytest.mark.parametrize("name", ["minigrad_demo.py", "numpy_demo.py"])
def test_a_file_beside_the_package_is_the_users(name):
    folder = Path(minigrad.__file__).parent.parent if "minigrad" in name else Path(np.__file__).parent.parent
    space = {"__name__": name[:-3]}
    exec(compile("K = 2.0\ndef step(x):\n    return x * K\n", str(folder / name), "exec"), space)
    compiled = settled(space["step"])
    space["K"] = 7.0
    agree(compiled, space["step"])


def trained(change, build, step_of, calls=12):
    """What the same training gives with `change` done on the way, as it is and compiled."""
    found = []
    for compiled in (False, True):
        p = nn.Parameter(minigrad.ones(2))
        descent = build([p])
        step = step_of(p, descent)
        step, costs = minigrad.compile(step) if compiled else step, []
        for i in range(calls):
            if i == 6:
                change(descent)
            costs.append(step(minigrad.ones(2)))
        found.append(([c.item() if hasattr(c, "item") else c[1] for c in costs], p.tolist()))
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-6)
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-6)


def by_hand(p, descent):
    def step(x):
        p.grad = None
        cost = (p * x).square().sum()
        cost.backward()
        with minigrad.no_grad():
            for group in descent.param_groups:
                for q in group["params"]:
                    q.sub_(q.grad * group["lr"])
        return cost.detach()

    return step


def by_step(p, descent):
    def step(x):
        descent.zero_grad()
        cost = (p * x).square().sum()
        cost.backward()
        descent.step()
        return cost.detach()

    return step


def with_rate(p, descent):
    inner = by_step(p, descent)
    return lambda x: (inner(x), descent.param_groups[0]["lr"])


class ByHand(optim.Optimizer):
    """In PyTorch's way: `step` overridden, options read in it."""

    def __init__(self, params, lr):
        super().__init__(params, {"lr": lr})

    @minigrad.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                p.sub_(p.grad * group["lr"])


class Counting(ByHand):
    """It counts in Python."""

    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                state["step"] = state.get("step", 0) + 1
                p.data.sub_(p.grad * (group["lr"] / state["step"]))


@pytest.mark.parametrize("step_of", [by_hand, by_step, with_rate])
@pytest.mark.parametrize("build", [optim.SGD, ByHand])
def test_a_rate_that_is_set_outside_is_noticed(build, step_of):
    trained(lambda descent: set_rate(descent, 0.01), lambda params: build(params, lr=0.1), step_of)


def test_an_optimizer_that_counts_in_python_is_refused():
    p = nn.Parameter(minigrad.ones(2))
    step = minigrad.compile(by_step(p, Counting([p], lr=0.1)))
    with pytest.warns(CompileWarning, match=r"it changes `descent.state\[p\]\['step'\]`"):
        for _ in range(5):
            step(minigrad.ones(2))
    assert step.function.__closure__[0].cell_contents.state[p]["step"] == 5


def test_a_schedule_that_goes_on_inside_is_refused():
    p = nn.Parameter(minigrad.ones(2))
    descent = optim.SGD([p], lr=0.1)
    schedule = optim.lr_scheduler.ChainedScheduler([optim.lr_scheduler.StepLR(descent, 30)])
    inner = by_step(p, descent)

    def step(x):
        cost = inner(x)
        schedule.step()
        return cost

    step = minigrad.compile(step)
    with pytest.warns(CompileWarning, match="as a schedule does"):
        for _ in range(7):
            step(minigrad.ones(2))
    assert schedule._schedulers[0].last_epoch == 7


def test_a_schedule_outside_leaves_the_program():
    """Its numbers are no concern of a step that does not ask for them, although an object of the user's holds both."""

    class Trainer:
        def __init__(self):
            self.p = nn.Parameter(minigrad.ones(2))
            self.descent = optim.Adam([self.p], lr=0.1)
            self.schedule = optim.lr_scheduler.ExponentialLR(self.descent, 0.9)
            self.batches = iter([])

        def train(self, x):
            self.descent.zero_grad()
            cost = (self.p * x).square().sum()
            cost.backward()
            self.descent.step()
            return cost.detach()

        def epoch(self):
            self.schedule.step()
            return (
                self.schedule.get_last_lr(),
                self.descent.param_groups[0]["lr"],
                self.descent.state,
                next(self.batches),
            )

    trainer = Trainer()
    step = minigrad.compile(trainer.train)
    for i in range(30):
        step(minigrad.ones(2))
        trainer.schedule.step()
        if i == 5:
            entry = step.latest
    assert step.latest is entry
    assert step.fast(minigrad.ones(2)) is not minigrad.compile.MISS


def test_a_rate_that_is_not_read_leaves_the_program():
    """A loop over the groups, or a `state` of a network's own, reads no numbers of an optimizer."""
    model = nn.Linear(2, 1)
    model.state = minigrad.ones(1)
    descent = optim.Adam(model.parameters(), lr=0.1)

    def step(x):
        descent.zero_grad()
        cost = (model(x) * model.state).square().sum()
        cost.backward()
        nn.utils.clip_grad_norm_([p for group in descent.param_groups for p in group["params"]], 1.0)
        descent.step()
        return cost.detach()

    compiled = minigrad.compile(step)
    for i in range(12):
        compiled(minigrad.ones(1, 2))
        set_rate(descent, 0.1 / (i + 1))
        if i == 3:
            entry = compiled.latest
    assert compiled.latest is entry


def test_a_parameter_that_takes_the_place_of_another():
    found = []
    for compiled in (False, True):
        p, q = nn.Parameter(minigrad.ones(2)), nn.Parameter(minigrad.ones(2))
        descent = optim.SGD([p], lr=0.1)

        def step(x, p=p, q=q, descent=descent):
            p.grad = q.grad = None
            cost = (p * q * x).square().sum()
            cost.backward()
            descent.step()
            return cost.detach()

        step = minigrad.compile(step) if compiled else step
        for i in range(10):
            if i == 5:
                descent.param_groups[0]["params"][0] = q
            step(minigrad.ones(2))
        found.append((p.tolist(), q.tolist()))
    np.testing.assert_allclose(found[0], found[1], rtol=1e-6)


def test_a_hook_of_an_optimizer_is_called():
    p, seen = nn.Parameter(minigrad.ones(2)), []
    descent = optim.SGD([p], lr=0.1)
    step = minigrad.compile(by_step(p, descent))
    for _ in range(4):
        step(minigrad.ones(2))
    descent.register_step_post_hook(lambda *args: seen.append(1))
    with pytest.warns(CompileWarning, match="hooks"):
        for _ in range(3):
            step(minigrad.ones(2))
    assert len(seen) == 3


def test_an_iterator_as_an_attribute_runs_as_it_is():
    class Source:
        def __init__(self):
            self.it, self.other = iter(range(10)), iter([])

        def step(self, x):
            return x + next(self.it)

    compiled = minigrad.compile(Source().step)
    with pytest.warns(CompileWarning, match=r"the iterator `self.it`"):
        assert [compiled(minigrad.tensor(0.0)).item() for _ in range(5)] == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_a_library_that_another_method_imports_is_left_alone():
    class Trainer:
        def step(self, x):
            return x * 2

        def show(self):
            import hypothesis.strategies

            return hypothesis.strategies.floats()

    __import__("hypothesis.strategies")
    assert len(settled(Trainer().step).latest.surroundings.places) < 10


def test_what_is_not_named_costs_nothing():
    """Of a module only what the code names is compared, once, and of an optimizer no numbers."""
    cfg = module_of("cfg", RATE=2.0, **{f"other{i}": i for i in range(100)})
    p = nn.Parameter(minigrad.ones(2))
    descent = optim.Adam([p], lr=0.1)
    inner = by_step(p, descent)

    def step(x):
        return inner(x) * cfg.RATE

    compiled = minigrad.compile(step)
    for _ in range(4):
        compiled(minigrad.ones(2))
    names = [place.path for place in compiled.latest.surroundings.places]
    assert names.count("cfg.RATE") == 1
    assert not [name for name in names if "other" in name or "'lr'" in name or "'step'" in name]
    assert len(compiled.latest.surroundings.comparisons(lambda thing: "a")) < 60
