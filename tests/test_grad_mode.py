"""no_grad, enable_grad, set_grad_enabled: as blocks, decorators and calls, in threads, tasks and generators."""

import asyncio
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad
from minigrad import enable_grad, is_grad_enabled, no_grad, ones, set_grad_enabled
from minigrad.grad_mode import grad_mode, recording


@pytest.fixture(autouse=True)
def restored():
    """Each test begins and ends with nothing on the stack but the ground."""
    yield
    assert [entry.enabled for entry in grad_mode.get()] == [True]


def recorded():
    return (ones(2, requires_grad=True) * 2).requires_grad


# ── blocks ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_block_switches_recording():
    with no_grad():
        assert not is_grad_enabled()
        assert not recorded()
        with enable_grad():
            assert recorded()
        assert not recorded()
    assert recorded()


@pytest.mark.parametrize("context", [no_grad, enable_grad, lambda: set_grad_enabled(False), lambda: recording(False)])
def test_a_block_ends_however_it_ends(context):
    with pytest.raises(KeyError), context():
        raise KeyError
    assert is_grad_enabled()


BLOCKS = {
    "no_grad": no_grad,
    "enable_grad": enable_grad,
    "on": lambda: set_grad_enabled(True),
    "off": lambda: set_grad_enabled(False),
}


@given(
    st.lists(st.sampled_from(sorted(BLOCKS)), max_size=5).flatmap(
        lambda names: st.tuples(st.just(names), st.permutations(range(len(names))))
    )
)
def test_blocks_may_end_in_any_order(case):
    """The setting is that of the innermost block still open, and nothing is left behind."""
    names, order = case
    blocks = []
    for name in names:
        block = BLOCKS[name]()
        block.__enter__()
        blocks.append((block, name in ("enable_grad", "on")))
    for i in order:
        assert is_grad_enabled() == [enabled for block, enabled in blocks if block is not None][-1]
        blocks[i][0].__exit__(None, None, None)
        blocks[i] = (None, None)
    assert is_grad_enabled()
    assert len(grad_mode.get()) == 1


def test_one_context_may_be_entered_again_and_within_itself():
    context = no_grad()
    for _ in range(2):
        with context:
            with context:
                assert not is_grad_enabled()
            assert not is_grad_enabled()
        assert is_grad_enabled()


def test_leaving_what_was_not_entered_does_nothing():
    no_grad().__exit__(None, None, None)
    set_grad_enabled(True).__exit__(None, None, None)
    assert is_grad_enabled()


# ── set_grad_enabled ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_call_holds_until_the_next():
    set_grad_enabled(False)
    assert not recorded()
    set_grad_enabled(1)
    assert is_grad_enabled() is True


@pytest.mark.parametrize(
    "block", [no_grad, enable_grad, lambda: set_grad_enabled(False), lambda: set_grad_enabled(True)]
)
@pytest.mark.parametrize("mode", [False, True])
def test_a_call_inside_a_block_ends_with_the_block(block, mode):
    with block():
        set_grad_enabled(mode)
        assert is_grad_enabled() is mode
        set_grad_enabled(not mode)
        set_grad_enabled(mode)
        assert is_grad_enabled() is mode
    assert is_grad_enabled()


def test_a_call_inside_a_block_ends_with_the_block_left_out_of_order():
    outer, inner = no_grad(), enable_grad()
    outer.__enter__()
    inner.__enter__()
    set_grad_enabled(False)
    outer.__exit__(None, None, None)
    assert not is_grad_enabled()
    inner.__exit__(None, None, None)
    assert is_grad_enabled()


def test_a_call_used_later_as_a_block():
    context = set_grad_enabled(False)
    assert not is_grad_enabled()
    for _ in range(2):
        with context:
            assert not is_grad_enabled()
        assert is_grad_enabled()


def test_calls_in_a_loop_leave_nothing_behind():
    for mode in [True, False] * 50 + [True]:
        with no_grad():
            set_grad_enabled(mode)
        with set_grad_enabled(mode):
            set_grad_enabled(not mode)
    assert len(grad_mode.get()) == 1


# ── decorators ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("decorate", [no_grad, no_grad(), lambda f: set_grad_enabled(False)(f)])
def test_a_decorated_function_runs_in_the_mode(decorate):
    @decorate
    def function(a, *, b):
        """Its words."""
        return is_grad_enabled(), a, b

    assert is_grad_enabled()
    assert function(1, b=2) == (False, 1, 2)
    assert (function.__name__, function.__doc__) == ("function", "Its words.")
    with pytest.raises(TypeError):
        function()
    assert is_grad_enabled()


def test_a_decorated_function_may_call_itself():
    @no_grad()
    def down(n):
        assert not is_grad_enabled()
        with enable_grad():
            return n if n == 0 else down(n - 1)

    assert down(5) == 0


def test_a_function_decorated_with_recording_on():
    @set_grad_enabled(True)
    def on():
        return is_grad_enabled()

    @enable_grad
    def on_too():
        return is_grad_enabled()

    with no_grad():
        assert on()
        assert on_too()
        assert not is_grad_enabled()


def test_a_builtin_and_a_method_can_be_decorated():
    assert no_grad(len)([1, 2]) == 2

    class Thing:
        @no_grad()
        def mode(self):
            return is_grad_enabled()

    assert Thing().mode() is False


# ── generators ───────────────────────────────────────────────────────────────────────────────────────────────────────


@no_grad()
def generator(log):
    """Yields its mode, takes what is sent, survives what is thrown, says how it ended."""
    try:
        while True:
            try:
                sent = yield is_grad_enabled()
                log.append(sent)
                if sent == "stop":
                    return "done"
            except ValueError as error:
                log.append(f"caught {error}")
    finally:
        log.append(f"closed with {is_grad_enabled()}")


def test_a_generator_is_in_the_mode_only_while_it_runs():
    log = []
    steps = generator(log)
    assert next(steps) is False
    assert is_grad_enabled()
    with enable_grad():
        assert next(steps) is False
        assert is_grad_enabled()
    assert steps.send("a") is False
    assert steps.throw(ValueError("b")) is False
    assert is_grad_enabled()
    with pytest.raises(StopIteration) as stop:
        steps.send("stop")
    assert stop.value.value == "done"
    assert log == [None, "a", "caught b", "stop", "closed with False"]


def test_a_generator_closed_early_is_closed_in_its_mode():
    log = []
    steps = generator(log)
    next(steps)
    steps.close()
    assert log == ["closed with False"]
    assert is_grad_enabled()


def test_a_generator_that_fails_leaves_the_mode():
    @no_grad()
    def failing():
        yield 1
        raise KeyError

    steps = failing()
    next(steps)
    with pytest.raises(KeyError):
        next(steps)
    assert is_grad_enabled()


def test_a_generator_that_is_never_started():
    generator([]).close()
    assert is_grad_enabled()


# ── threads and tasks ────────────────────────────────────────────────────────────────────────────────────────────────


def test_each_thread_has_its_own_mode():
    entered, leave, seen = threading.Barrier(3, timeout=10), threading.Event(), {}

    def work(name, context):
        seen[name, "before"] = is_grad_enabled()
        with context:
            entered.wait()
            seen[name, "inside"] = recorded()
            leave.wait(10)
        seen[name, "after"] = is_grad_enabled()

    shared = no_grad()
    threads = [
        threading.Thread(target=work, args=("one", shared)),
        threading.Thread(target=work, args=("two", shared)),
    ]
    with no_grad():
        for thread in threads:
            thread.start()
    entered.wait()
    assert is_grad_enabled()
    leave.set()
    for thread in threads:
        thread.join(10)
    for name in ("one", "two"):
        assert [seen[name, when] for when in ("before", "inside", "after")] == [True, False, True]


def test_each_task_has_its_own_mode():
    async def work(context, turns):
        seen = []
        with context():
            for _ in range(turns):
                await asyncio.sleep(0)
                seen.append(is_grad_enabled())
        seen.append(is_grad_enabled())
        return seen

    async def main():
        return await asyncio.gather(work(no_grad, 3), work(enable_grad, 5), work(lambda: set_grad_enabled(False), 2))

    assert asyncio.run(main()) == [[False] * 3 + [True], [True] * 6, [False] * 2 + [True]]


def test_the_backward_pass_chooses_its_own_mode():
    x = ones((), requires_grad=True)
    seen = []
    y = x * x
    y.register_hook(lambda g: seen.append(is_grad_enabled()))
    with no_grad():
        y.backward(retain_graph=True)
        y.backward(create_graph=True)
        assert not is_grad_enabled()
    assert seen == [False, True]
    assert minigrad.is_grad_enabled()
