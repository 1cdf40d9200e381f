"""Functions whose activations are dropped and computed again: the same gradients, bit for bit, for less memory."""

import contextlib
import gc
import threading
import tracemalloc
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad
import minigrad.compile
from minigrad import MutationError, nn, optim
from minigrad.utils.checkpoint import CheckpointError, checkpoint, checkpoint_sequential, noop_context_fn


def leaf(*values):
    return minigrad.tensor(list(values), requires_grad=True)


def same(ours, theirs):
    """Equal to the last bit."""
    return (ours is None) == (theirs is None) and (ours is None or ours.array.tobytes() == theirs.array.tobytes())


# ── the same gradients ───────────────────────────────────────────────────────────────────────────────────────────────

# A random program: steps on a matrix of shape (3, 4) with a weight of shape (4, 4) and a bias, both used several times.
STEPS = {
    "linear": lambda h, w, b: nn.functional.linear(h, w, b),
    "product": lambda h, w, b: h @ w,
    "tanh": lambda h, w, b: h.tanh(),
    "exp": lambda h, w, b: (h * 0.1).exp(),
    "square": lambda h, w, b: h * h,
    "gate": lambda h, w, b: h.sigmoid() * h,
    "relu in place": lambda h, w, b: nn.functional.relu(h * 1, inplace=True),
    "write": lambda h, w, b: _written(h, b),
    "view": lambda h, w, b: h.reshape(4, 3).T.flip(0) + b,
    "halves": lambda h, w, b: minigrad.cat(h.chunk(2, 1)[::-1], 1),
    "dropout": lambda h, w, b: nn.functional.dropout(h, 0.4),
    "noise": lambda h, w, b: h + minigrad.randn(3, 4) * b,
    "softmax": lambda h, w, b: h.softmax(1),
    "norm": lambda h, w, b: nn.functional.layer_norm(h, (4,), b, None),
    "detour": lambda h, w, b: h + h.detach().cos(),
    "largest": lambda h, w, b: h + h.max(1, keepdim=True).values,
}


def _written(h, b):
    h = h.clone()
    h[1] = h[0] * 0.5 + b
    h[:, 2] *= 2
    return h


programs = st.recursive(
    st.sampled_from(sorted(STEPS)), lambda inner: st.lists(inner, min_size=1, max_size=4), max_leaves=10
)


def run(program, h, w, b, call):
    """Lists in a program are functions of their own, under `call`."""
    if isinstance(program, str):
        return STEPS[program](h, w, b)
    for part in program:
        h = STEPS[part](h, w, b) if isinstance(part, str) else call(lambda h, part=part: run(part, h, w, b, call), h)
    return h


def gradients(program, call, order):
    """The value of a program's loss and its gradients, or those of the square of its gradient."""
    minigrad.manual_seed(3)
    x, w, b = (minigrad.randn(*size, requires_grad=True) for size in ((3, 4), (4, 4), (4,)))
    loss = (run([program], x, w, b, call) * w[:3]).sum()
    if order == 2:
        first = minigrad.autograd.grad(loss, (x, w, b), create_graph=True, materialize_grads=True)
        loss = loss + sum((g * g).sum() for g in first)
    loss.backward()
    return [loss, x.grad, w.grad, b.grad, minigrad.rand(2)]


@pytest.mark.parametrize("order", [1, 2])
@given(program=st.lists(programs, min_size=1, max_size=4))
def test_gradients_are_the_same_bit_for_bit(order, program):
    with np.errstate(all="ignore"):
        kept = gradients(program, lambda function, h: function(h), order)
        dropped = gradients(program, checkpoint, order)
    for ours, theirs in zip(dropped, kept, strict=True):
        assert same(ours, theirs)


@pytest.mark.parametrize("segments", [1, 2, 3, 7])
def test_networks_learn_the_same(segments):
    """Parameters are captured, dropout draws the same numbers, and so do the steps after it."""

    def trained(forward):
        minigrad.manual_seed(0)
        model = nn.Sequential(*[nn.Sequential(nn.Linear(6, 6), nn.Dropout(0.3), nn.Tanh()) for _ in range(7)])
        optimizer = optim.Adam(model.parameters(), lr=0.01)
        for _ in range(5):
            optimizer.zero_grad()
            loss = forward(model, minigrad.randn(4, 6)).square().mean()
            loss.backward()
            optimizer.step()
        return [loss, *model.parameters()]

    dropped = trained(lambda model, x: checkpoint_sequential(model, segments, x, use_reentrant=False))
    for ours, theirs in zip(dropped, trained(lambda model, x: model(x)), strict=True):
        assert same(ours.detach(), theirs.detach())


def test_layers_of_every_family():
    """What convolutions, pools, norms, attention and recurrent layers keep is had again."""
    minigrad.manual_seed(0)
    networks = [
        (nn.Sequential(nn.Conv2d(2, 3, 3), nn.MaxPool2d(2), nn.GELU(), nn.AvgPool2d(2), nn.Flatten()), (2, 2, 10, 10)),
        (nn.Sequential(nn.ConvTranspose1d(2, 3, 3), nn.GroupNorm(3, 3), nn.PReLU()), (2, 2, 5)),
        (nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), (2, 5, 8)),
        (nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4, momentum=None, track_running_stats=False)), (5, 4)),
    ]
    for model, shape in networks:
        x = minigrad.randn(*shape, requires_grad=True)
        found = []
        for call in (lambda f, x: f(x), checkpoint):
            minigrad.manual_seed(1)
            found.append(minigrad.autograd.grad(call(model, x).square().sum(), [x, *model.parameters()]))
        assert all(same(*pair) for pair in zip(*found, strict=True))
    lstm, x = nn.LSTM(3, 4, num_layers=2), minigrad.randn(5, 2, 3, requires_grad=True)
    for call in (lambda f, x: f(x), checkpoint):
        out, (h, c) = call(lstm, x)
        found.append(minigrad.autograd.grad((out.sum() * h.sum() * c.sum()), [x, *lstm.parameters()]))
    assert all(same(*pair) for pair in zip(*found[-2:], strict=True))


def test_arguments_and_results_of_any_kind():
    x, w = leaf(1.0, 2.0), leaf(3.0, 4.0)

    def function(pair, mode, *, scale=1, names=()):
        a, b = pair["a"], pair["b"][0]
        return {"sum": (a * b).exp() * scale, "more": [mode, None, (a.sin(), names)]}

    found = checkpoint(function, {"a": x, "b": [w]}, "fast", scale=2, names=("n",), use_reentrant=True)
    assert found["more"][:2] == ["fast", None]
    assert found["more"][2][1] == ("n",)
    (found["sum"].sum() + found["more"][2][0].sum()).backward()
    np.testing.assert_array_equal(x.grad, 2 * w.array * np.exp(x.array * w.array) + np.cos(x.array))


def test_it_runs_once_where_nothing_is_recorded_and_twice_where_it_is():
    runs = []

    def function(x):
        runs.append(minigrad.is_grad_enabled())
        return x.exp().sin()

    with minigrad.no_grad():
        assert not checkpoint(function, leaf(1.0)).requires_grad
    assert not minigrad.checkpoint(function, minigrad.ones(1)).requires_grad
    assert runs == [False, True]
    x = leaf(1.0)
    y = checkpoint(function, x)
    assert len(runs) == 3
    y.backward(retain_graph=True)
    y.backward()
    assert len(runs) == 4  # what was computed again is kept with the graph
    with pytest.raises(minigrad.GraphError, match=r"backward a second time through sin .* test_checkpoint.py:\d+"):
        y.backward()
    other = leaf(1.0)
    for _ in range(2):
        other.exp().sin().backward()
    assert same(x.grad, other.grad)


def test_only_what_is_wanted_is_computed_again():
    """A gradient that does not pass through the function does not run it."""
    runs, x, w = [], leaf(1.0), leaf(2.0)

    def function(x):
        runs.append(1)
        return x.exp()

    y = checkpoint(function, x) * w
    minigrad.autograd.grad(y, w, retain_graph=True)
    assert len(runs) == 1
    minigrad.autograd.grad(y, x)
    assert len(runs) == 2


def test_backward_passes_in_the_function_itself():
    """The gradient of a gradient, of which the first was taken inside."""

    def function(x):
        y = (x**3).exp()
        (g,) = minigrad.autograd.grad(y.sum(), x, create_graph=True)
        (lost,) = minigrad.autograd.grad((x**2).exp().sum(), x)
        return g.sin() + y + lost

    found = []
    for call in (lambda f, x: f(x), checkpoint):
        x = leaf(0.3, -0.7)
        call(lambda h, call=call: call(function, h * 2), x).sum().backward()
        found.append(x.grad)
    assert same(*found)


def test_hooks_run_once_and_retained_gradients_are_there():
    seen, x = [], leaf(1.0, 2.0)

    def function(x):
        h = x.exp()
        h.register_hook(seen.append)
        h.retain_grad()
        return h, h.sin()

    h, y = checkpoint(function, x)
    y.sum().backward()
    assert len(seen) == 1
    assert same(h.grad, h.detach().cos())
    assert same(h.grad, seen[0])


def test_two_losses_over_one_region():
    x = leaf(1.0, 2.0)
    a, b = checkpoint(lambda x: (x.exp().sin(), x.cos().exp()), x)
    a.sum().backward()
    b.sum().backward()
    y = leaf(1.0, 2.0)
    y.exp().sin().sum().backward()
    y.cos().exp().sum().backward()
    assert same(x.grad, y.grad)


def test_results_that_were_dropped_do_not_disturb():
    """Some of the function's operations are garbage by the time of the second run."""

    def function(x):
        x.exp().sin()
        return x.cos() * 2, x.tan()

    x = leaf(1.0)
    y = checkpoint(function, x)[0]
    y.backward()
    assert x.grad.item() == pytest.approx(-2 * np.sin(1.0))


def test_other_threads_record_for_themselves():
    x, ready, done = leaf(1.0), threading.Event(), threading.Event()
    other = []

    def work():
        ready.wait()
        other.append((leaf(2.0) ** 3).exp())
        done.set()

    thread = threading.Thread(target=work)
    thread.start()
    first = []

    def function(x):
        h = x.exp()
        if not first:
            first.append(ready.set())
            done.wait()
        return h.sin()

    checkpoint(function, x).backward()
    thread.join()
    other[0].backward()  # it has kept its own rules
    assert x.grad.item() == pytest.approx(np.exp(1.0) * np.cos(np.exp(1.0)), rel=1e-5)


def test_contexts_for_both_runs():
    seen = []

    @contextlib.contextmanager
    def noted(name):
        seen.append(name)
        yield
        seen.append(f"after {name}")

    checkpoint(minigrad.exp, leaf(1.0), context_fn=lambda: (noted("first"), noted("second"))).backward()
    assert seen == ["first", "after first", "second", "after second"]
    for context in noop_context_fn():
        with context:
            pass


def test_random_numbers_are_drawn_anew_on_request():
    x = minigrad.ones(64, requires_grad=True)
    for preserve in (True, False):
        minigrad.manual_seed(0)
        x.grad = None
        y = checkpoint(lambda x: nn.functional.dropout(x).exp(), x, preserve_rng_state=preserve)
        before = minigrad.get_rng_state()
        y.sum().backward()
        assert before.equal(minigrad.get_rng_state()) is preserve
        assert (y.detach() > 1).equal(x.grad != 0) is preserve


def test_compiled_steps_compute_once():
    minigrad.manual_seed(0)
    model = nn.Linear(3, 3)

    def block(x):
        return nn.functional.dropout(model(x).tanh(), 0.5)

    def step(x):
        model.zero_grad()
        loss = checkpoint(block, x).square().sum()
        loss.backward()
        return loss.detach()

    compiled, x, found = minigrad.compile(step), minigrad.ones(2, 3), []
    for function in (step, compiled):
        minigrad.manual_seed(1)
        found.append([(function(x).item(), *model.weight.grad.flatten().tolist()) for _ in range(5)])
    assert found[0] == found[1]


# ── changes between the runs ─────────────────────────────────────────────────────────────────────────────────────────


def test_an_argument_that_was_written_to():
    for write in (lambda h: h.add_(1), lambda h: h[:1].zero_(), lambda h: setattr(h, "data", minigrad.ones(2))):
        x = leaf(1.0, 2.0)
        h = x * 1
        y = checkpoint(lambda h: h.exp().sin(), h)
        write(h)
        with pytest.raises(
            MutationError, match=r"checkpoint: an argument of shape \(2,\) was modified in place before the b"
        ):
            y.sum().backward()


def test_an_argument_that_the_function_writes_to():
    h = leaf(1.0, 2.0) * 1
    y = checkpoint(lambda h: h.mul_(2).sin(), h)
    with pytest.raises(MutationError, match=r"checkpoint: an argument .*, x\.clone\(\) before x\[i\] = v\)"):
        y.sum().backward()


def test_what_the_function_uses_and_writes_to():
    """Its second run would compute with another value than its first."""
    w, count = leaf(1.0, 2.0), minigrad.ones(2)

    def counts(x):
        with minigrad.no_grad():
            count.add_(1)
        return x * count

    y = checkpoint(counts, w)
    with pytest.raises(MutationError, match=r"writes to a tensor of shape \(2,\) that it uses"):
        y.sum().backward()
    assert w.grad is None
    checkpoint(lambda x: (x * 2).add_(x), w).sum().backward()  # what it made itself it may write to
    assert w.grad.tolist() == [3, 3]


def test_a_constant_argument_that_was_written_to():
    x, c = leaf(1.0, 2.0), [minigrad.ones(2)]
    y = checkpoint(lambda c: (c[0] + x).sin(), c)
    c[0].add_(1)
    with pytest.raises(MutationError, match=r"checkpoint: an argument of shape \(2,\)"):
        y.sum().backward()


@pytest.mark.parametrize(
    "function", [lambda x, c: (x + c).sin(), lambda x, c: checkpoint(lambda x: (x + c).sin(), x).exp()]
)
@pytest.mark.parametrize("kind", ["constant", "parameter", "large constant", "result"])
def test_what_the_function_uses_was_written_to(kind, function):
    """No rule needs the value of c, but the value that rules need was computed from it."""
    c = minigrad.ones(64 if kind == "large constant" else 2).requires_grad_(kind in ("parameter", "result"))
    c = c * 1 if kind == "result" else c
    x = minigrad.ones(c.shape, requires_grad=True)
    y = checkpoint(lambda x: function(x, c), x)
    with minigrad.no_grad():
        c.add_(1)
    with pytest.raises(MutationError, match=r"checkpoint: a (tensor of shape \(\d+,\)|result) that its function uses"):
        y.sum().backward()


def test_an_optimizer_step_between():
    model = nn.Linear(2, 2)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    y = checkpoint(lambda x: model(x).tanh(), minigrad.ones(1, 2))
    model(minigrad.ones(1, 2)).sum().backward()
    optimizer.step()
    with pytest.raises(MutationError, match="checkpoint"):
        y.sum().backward()


def test_writes_that_change_nothing():
    """Into the result, which is had again; inside the function, into what it made itself."""
    x = leaf(1.0, 2.0)

    def function(x):
        mask = minigrad.zeros(2)
        mask[0] = 1
        h = x * mask
        h += 1
        return h.exp()

    y = checkpoint(function, x)
    y.add_(1)
    y.sum().backward()
    assert x.grad.tolist() == pytest.approx([np.exp(2.0), 0])


def test_a_write_that_a_rule_does_not_survive():
    """As without checkpoint: the value that h * h saw is overwritten inside."""

    def function(x):
        h = x * 3
        y = h * h
        h.add_(1)
        return y

    for call in (lambda f, x: f(x), checkpoint):
        with pytest.raises(
            MutationError, match=r"mul: an operand of shape \(2,\) was modified in place after mul used it"
        ):
            call(function, leaf(1.0, 2.0)).sum().backward()


def test_second_runs_that_differ():
    """In a shape, a dtype, an operation, their number; and the way out."""
    x, runs = leaf(1.0, 2.0, 3.0), []

    def differing(first, second):
        runs.clear()

        def function(x):
            runs.append(1)
            return (first if len(runs) == 1 else second)(x)

        return function

    exp = minigrad.exp
    for second, message in [
        (lambda x: exp(x[:2]), r"getitem, a result of shape \(2,\) and type float32, instead of getitem, .* \(1,\)"),
        (lambda x: exp(x.double()[:1]), r"3 operations instead of 2"),
        (lambda x: exp(x), r"1 operations instead of 2"),
        (lambda x: x[:1].sin(), r"sin, .* instead of exp, .*depend on its arguments alone"),
    ]:
        y = checkpoint(differing(lambda x: exp(x[:1]), second), x)
        with pytest.raises(CheckpointError, match=message):
            y.sum().backward()
    checkpoint(differing(lambda x: x.exp() * 2, lambda x: x.sin() * 2), x, determinism_check="none").sum().backward()
    with pytest.raises(ValueError, match="determinism_check='strict': it is 'default' or 'none'"):
        checkpoint(exp, x, determinism_check="strict")


def test_an_error_in_the_second_run_is_the_users():
    x, runs = leaf(1.0), []

    def function(x):
        runs.append(1)
        if len(runs) == 2:
            raise KeyError("lost")
        return x.exp()

    y = checkpoint(function, x)
    with pytest.raises(KeyError, match="lost"):
        y.backward()
    y.backward()  # nothing has happened to the graph
    assert same(x.grad, y.detach())


def test_segments_are_counted():
    for segments in (0, 4):
        with pytest.raises(
            ValueError, match=rf"checkpoint_sequential: {segments} segments of 3 functions: ask for at least"
        ):
            checkpoint_sequential([minigrad.exp] * 3, segments, leaf(1.0))


# ── memory ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_activations_are_not_kept():
    inside = []

    def function(x):
        for _ in range(3):
            x = x.exp().sin() * minigrad.ones(100)
            inside.append(weakref.ref(x.array.base if x.array.base is not None else x.array))
        return x.cos()

    x = minigrad.zeros(100, requires_grad=True)
    y = checkpoint(function, x)
    assert [array() for array in inside] == [None] * 3
    y.sum().backward()
    assert [array() for array in inside] == [None] * 6


LAYERS = {
    "convolution": (lambda: nn.Conv2d(4, 4, 3, padding=1), (2, 4, 32, 32)),
    "largest": (lambda: nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.ReLU()), (2, 4, 32, 32)),
    "norm": (lambda: nn.Sequential(nn.BatchNorm2d(4), nn.GELU()), (2, 4, 32, 32)),
    "dropout": (lambda: nn.Sequential(nn.Dropout(0.3), nn.Softmax(-1), nn.Dropout2d(0.2)), (2, 4, 32, 32)),
    "attention": (lambda: nn.TransformerEncoderLayer(16, 2, 32, batch_first=True), (4, 64, 16)),
    "recurrent": (lambda: nn.Sequential(nn.LSTM(16, 16), _First()), (64, 4, 16)),
}


class _First(nn.Module):
    def forward(self, pair):
        return pair[0]


@pytest.mark.parametrize("name", LAYERS)
def test_nothing_large_is_held(name):
    """Between the passes there is the result, and not much else."""
    make, shape = LAYERS[name]
    layers = nn.Sequential(*[make() for _ in range(4)])
    x = minigrad.randn(*shape, requires_grad=True)
    gc.collect()
    held = []
    for call in (lambda f, x: f(x), checkpoint):
        tracemalloc.start()
        y = call(layers, x)
        gc.collect()
        held.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        y.sum().backward()
        del y
    assert held[1] < x.array.nbytes + 100_000
    assert held[1] < held[0] / 2


def test_the_peak_of_a_deep_stack_falls():
    """64 layers in 8 segments hold 7 borders between segments and the inside of one, not 64 insides."""
    size = 40_000

    def layer(x):
        return x.sin()

    def peak(segments):
        x = minigrad.zeros(size, requires_grad=True)
        gc.collect()
        tracemalloc.start()
        checkpoint_sequential([layer] * 64, segments, x).sum().backward()
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found / (size * 4)

    assert peak(1) > 64
    assert peak(8) < 24


def test_a_region_goes_with_its_graph():
    """No reference cycle: what a function was given is freed with the last result, without the collector's help."""
    gc.collect()
    gc.disable()
    try:
        x = minigrad.zeros(100, requires_grad=True)
        for walk in (False, True):
            h = x * 2
            given = weakref.ref(h.array)
            y = checkpoint(lambda h: checkpoint(lambda h: h.exp().sin(), h).cos(), h)
            if walk:
                y.sum().backward()
            del h, y
            assert given() is None
    finally:
        gc.enable()


def test_a_picture_says_who_let_go():
    x = minigrad.ones(3, 20, requires_grad=True)
    y = checkpoint(lambda x: (x * minigrad.ones(20)).sin(), x)
    assert "let go by checkpoint() at test_checkpoint.py:" in minigrad.draw(y).source
