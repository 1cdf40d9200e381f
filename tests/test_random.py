"""Random numbers: PyTorch 2.13's, to the last digit or nearly; the same seed, the same numbers."""

import copy
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad
from minigrad import (
    Generator,
    get_rng_state,
    manual_seed,
    normal,
    rand,
    rand_like,
    randint,
    randn,
    randn_like,
    random,
    randperm,
    set_rng_state,
    zeros,
)

NAMES = {name: getattr(minigrad, name) for name in minigrad.__all__}

# One stream, seeded with 0, drawn from in this order: small and large requests, whole blocks of 16 normal numbers and
# not, both precisions, the second number of a pair left over for later.
STREAM = [
    ("rand(3)", [0.4962566, 0.7682218, 0.0884774]),
    ("randn(3)", [0.3643382, 0.1343963, 0.1642163]),
    ("randn(2)", [0.305761, 0.2099809]),
    ("randint(10, (4,))", [6, 6, 8, 4]),
    ("randperm(6)", [3, 2, 5, 1, 4, 0]),
    ("randn(16)[:3]", [0.4680964, -0.1577124, 1.4436601]),
    ("randn(17)[-3:]", [0.4455122, 1.3252748, -1.629326]),
    ("rand(2, dtype=float64)", [0.3141978, 0.5294275]),
    ("randn(2, dtype=float64)", [0.9056261, -1.1624414]),
    ("randn(20, dtype=float64)[-2:]", [-0.7092774, -0.9365585]),
    ("randint(-5, 5, (2, 2))", [-4, -1, 4, -4]),
    ("randint(0, 2**28, (2,))", [241496194, 23550050]),
    ("randint(0, 2**40, (2,))", [268067218339, 953758251131]),
    ("randint(0, 2**28 - 1, (2,))", [125937606, 21355101]),
    ("randn(1)", [-0.1592573]),
    ("rand_like(ones(2))", [0.6883496, 0.0499708]),
    ("randn_like(ones(3, dtype=float64))", [-0.1198508, -0.9511761, -1.1666438]),
    ("randint(3, 7, (3,), dtype=float32)", [3.0, 5.0, 5.0]),
    ("randperm(1)", [0]),
    ("randn(0)", []),
    ("rand(1)", [0.5536525]),
]
# Another, through everything else that draws.
OTHERS = [
    ("normal(2.0, arange(1., 4.))", [3.540996, 1.413142, -4.536368]),
    ("normal(zeros(2), 0.5)", [0.284216, -0.542261]),
    ("normal(0.5, 2.0, (2,))", [-2.297191, 1.306694]),
    ("bernoulli(full((6,), 0.5))", [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]),
    ("zeros(6).bernoulli_(0.5)", [1.0, 1.0, 0.0, 1.0, 1.0, 1.0]),
    ("tensor([0.1, 0.2, 0.7]).multinomial(1)", [2]),
    ("multinomial(tensor([0.1, 0.2, 0.7]), 2)", [2, 0]),
    ("multinomial(tensor([0.1, 0.2, 0.7]), 6, replacement=True)", [2, 1, 2, 2, 2, 2]),
    ("multinomial(tensor([[1., 3.], [2., 1.]]), 3, replacement=True)", [0, 1, 1, 0, 0, 0]),
    ("zeros(3).normal_(1, 2)", [2.676053, 3.263461, -0.290946]),
    ("zeros(3).uniform_(-1, 1)", [0.870207, 0.882357, 0.199015]),
    ("zeros(2).exponential_(2)", [0.368727, 0.344158]),
    ("zeros(2).cauchy_()", [0.171196, -32.179535]),
    ("zeros(2).log_normal_(0, 1)", [0.755659, 1.716155]),
    ("zeros(3).geometric_(0.3)", [2.0, 11.0, 2.0]),
    ("zeros(3, dtype=int64).random_()", [4624343047885285774, 1989124713550194229, 5996063021006875257]),
    ("zeros(3, dtype=int32).random_(10)", [6, 6, 5]),
    ("zeros(3).random_(5, 9)", [5.0, 7.0, 5.0]),
    ("zeros(2, 9).t().normal_()[-1]", [1.1007, -0.335426]),
    ("randint_like(zeros(3), 10)", [0.0, 1.0, 4.0]),
    ("randint(-2**63, 2**63 - 1, (2,))", [1934058440007560085, 4413634051313625471]),
    ("randn(17, dtype=float16)[-2:]", [-0.813965, 0.924316]),
    ("randperm(6000)[:4]", [5739, 2755, 261, 254]),
    ("rand(1)", [0.970871]),
]
SEEDS = [(1, [0.7576316, 0.2793109]), (42, [0.8822693, 0.915004]), (2**31, [0.9127365, 0.8284304]),
         (-1, [0.9937994, 0.5713063]), (2**32 + 5, [0.8302519, 0.1261109])]  # fmt: skip


@pytest.fixture(autouse=True)
def seeded():
    manual_seed(0)


def test_one_stream():
    for text, expected in STREAM:
        drawn = eval(text, dict(NAMES)).flatten().tolist()
        assert drawn == pytest.approx(expected, abs=1e-6), text


def test_everything_else_that_draws():
    for text, expected in OTHERS:
        drawn = eval(text, dict(NAMES)).flatten().tolist()
        assert drawn == pytest.approx(expected, abs=2e-6, rel=1e-6), text


@pytest.mark.parametrize(("seed", "expected"), SEEDS)
def test_seeds(seed, expected):
    generator = manual_seed(seed)
    assert rand(2).tolist() == pytest.approx(expected, abs=1e-7)
    assert generator.initial_seed() == seed % 2**64


def test_generators():
    fresh = Generator()
    assert (rand(2, generator=fresh).tolist(), fresh.initial_seed()) == (
        pytest.approx([0.2672952, 0.8725283], abs=1e-7),
        67280421310721,
    )
    again = Generator("cpu").manual_seed(7)
    assert randn(3, generator=again).tolist() == pytest.approx([-0.1467951, 0.7861413, 0.9468216], abs=1e-6)
    assert rand(1).item() == pytest.approx(0.4962566, abs=1e-7)  # the default one has not moved


def test_a_generator_may_draw_its_own_seed():
    one, other = Generator(), Generator()
    assert one.seed() == one.initial_seed() != other.seed()
    assert not rand(4, generator=one).equal(rand(4, generator=other))


@given(st.lists(st.sampled_from(["rand(5)", "randn(3)", "randn(40)", "randint(9, (3,))", "randperm(5)"]), max_size=6))
def test_a_state_continues_exactly(calls):
    """Wherever it is taken: also between the two numbers of a pair."""
    manual_seed(3)
    for call in calls:
        eval(call, dict(NAMES))
    state = get_rng_state()
    expected = [randn(3).tolist(), rand(2).tolist(), randn(18).tolist()]
    set_rng_state(state)
    assert [randn(3).tolist(), rand(2).tolist(), randn(18).tolist()] == expected
    fresh = Generator().set_state(state)
    assert randn(3, generator=fresh).tolist() == expected[0]
    assert fresh.initial_seed() == 3


def test_a_state_is_not_changed_by_drawing_on():
    state = get_rng_state()
    kept = state.clone()
    rand(1000)
    assert (state.equal(kept), state.dtype, state.shape) == (True, minigrad.uint8, (5056,))


def test_a_state_taken_before_anything_was_drawn():
    generator = Generator()
    state = generator.get_state()
    assert Generator().set_state(state).get_state().equal(state)
    assert rand(2, generator=generator).equal(rand(2, generator=Generator().set_state(state)))


@pytest.mark.parametrize("draw", [lambda **k: rand(3, **k), lambda **k: randn(20, **k), lambda **k: randint(9, (3,), **k),
                                  lambda **k: randperm(9, **k)])  # fmt: skip
def test_a_generator_given_is_the_one_drawn_from(draw):
    one, other = Generator().manual_seed(5), Generator().manual_seed(5)
    assert draw(generator=one).equal(draw(generator=other))
    assert not draw(generator=one).equal(draw())


@pytest.mark.parametrize("dtype", [minigrad.float16, minigrad.float32, minigrad.float64])
@pytest.mark.parametrize("n", [1, 15, 16, 33, 10_000])
def test_types_and_ranges(dtype, n):
    u, z = rand(n, dtype=dtype), randn(n, dtype=dtype)
    assert u.dtype is z.dtype is dtype
    assert ((u >= 0) & (u <= 1)).all()
    if n == 10_000:
        assert u.double().mean().item() == pytest.approx(0.5, abs=0.02)
        assert (z.double().mean().item(), z.double().std().item()) == pytest.approx((0, 1), abs=0.04)


def test_shapes():
    assert rand().shape == randn(()).shape == ()
    assert rand(2, 3).shape == rand((2, 3)).shape == rand([2, 3]).shape == rand(size=(2, 3)).shape == (2, 3)
    assert randn(size=(2, 0)).shape == (2, 0)
    assert rand_like(randn(2, 3)).shape == randn_like(rand(2, 3)).shape == (2, 3)
    assert rand_like(minigrad.ones(2, dtype=minigrad.int64), dtype=minigrad.float64).dtype is minigrad.float64
    assert randn_like(minigrad.ones(2), requires_grad=True).requires_grad
    assert randint(5, (2, 3)).shape == (2, 3)


@given(st.integers(-50, 50), st.integers(1, 40))
def test_integers_are_within_bounds(low, width):
    drawn = randint(low, low + width, (200,))
    assert ((drawn >= low) & (drawn < low + width)).all()


def test_ways_to_say_the_bounds():
    drawn = []
    for draw in (
        lambda: randint(5, 9, (6,)), lambda: randint(5, np.int64(9), (6,)), lambda: randint(5, minigrad.tensor(9), (6,)),
        lambda: randint(5, high=9, size=(6,)), lambda: randint(low=5, high=9, size=[6]), lambda: randint(5, 9, 6),
    ):  # fmt: skip
        manual_seed(1)
        drawn.append(draw().tolist())
    assert drawn.count(drawn[0]) == len(drawn)
    assert set(drawn[0]) <= {5, 6, 7, 8}
    for draw in (lambda: randint(4, (6,)), lambda: randint(high=4, size=(6,)), lambda: randint(4, size=(6,))):
        manual_seed(1)
        assert [n + 5 for n in draw().tolist()] == drawn[0]


@given(st.integers(0, 60))
def test_a_permutation_has_every_number_once(n):
    drawn = randperm(n)
    assert sorted(drawn.tolist()) == list(range(n))
    assert drawn.dtype is minigrad.int64
    assert randperm(n, dtype=minigrad.int32).dtype is minigrad.int32


@pytest.mark.parametrize(
    ("draw", "error", "message"),
    [
        (lambda: randint(5, 5, (1,)), ValueError, "randint from 5 to 5: there is no integer to draw, use low < high"),
        (lambda: randint(0, (1,)), ValueError, "randint from 0 to 0: there is no integer to draw"),
        (lambda: randint(3), TypeError, "randint: give a bound and a size: randint(high, size) or randint(low, high, size)"),
        (lambda: randint(size=(1,)), TypeError, "randint: give a bound and a size"),
        (lambda: randint(0, 2.5, (1,)), TypeError, "'float' object cannot be interpreted as an integer"),
        (lambda: randint(0, 300, (1,), dtype=minigrad.uint8), OverflowError,
         "randint from 0 to 300: these do not all fit the type uint8"),
        (lambda: randint(-1, 3, (1,), dtype=minigrad.uint8), OverflowError, "these do not all fit"),
        (lambda: rand(2, dtype=minigrad.int64), TypeError,
         "rand of type int64: these are real numbers, use a floating-point type, or randint"),
        (lambda: randn(2, dtype=minigrad.bool), TypeError, "randn of type bool"),
        (lambda: rand_like(minigrad.ones(2, dtype=minigrad.int64)), TypeError, "rand of type int64"),
        (lambda: rand(-1), ValueError, "a tensor of shape (-1,): sizes cannot be negative"),
        (lambda: randn(2, -1), ValueError, "a tensor of shape (2, -1): sizes cannot be negative"),
        (lambda: randperm(-1), ValueError, "randperm(-1): there is no permutation of fewer than 0 numbers"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn(draw, error, message):
    state = get_rng_state()
    with pytest.raises(error, match=re.escape(message)):
        draw()
    assert get_rng_state().equal(state)


REFUSED = [
    (lambda: zeros(2).normal_(0, -1), RuntimeError, "normal expects std >= 0.0, but found std -1"),
    (lambda: zeros(2, dtype=minigrad.int64).normal_(), TypeError,
     "normal_ on a tensor of type int64: use a floating-point type, x.float()"),
    (lambda: zeros(2).uniform_(2, 1), RuntimeError, "uniform_ expects to return a [from, to) range, but found from=2 > to=1"),
    (lambda: zeros(2).uniform_(low=1), TypeError, "unexpected keyword argument 'low': use from_ and to"),
    (lambda: zeros(2).random_(low=1), TypeError, "unexpected keyword argument 'low': use from_ and to"),
    (lambda: zeros(2).random_(3, 3), RuntimeError, "random_ expects 'from' to be less than 'to', but got from=3 >= to=3"),
    (lambda: zeros(2, dtype=minigrad.uint8).random_(-1, 3), RuntimeError, "random_ from -1 to 3 is out of bounds for uint8"),
    (lambda: zeros(2, dtype=minigrad.bool).random_(0, 3), RuntimeError, "random_ from 0 to 3 is out of bounds for bool"),
    (lambda: zeros(2).exponential_(0), RuntimeError, "exponential_ expects lambda > 0.0, but found lambda=0"),
    (lambda: zeros(2).geometric_(1), RuntimeError, "geometric_ expects p to be in (0, 1), but got p=1"),
    (lambda: zeros(2).cauchy_(0, 0), RuntimeError, "cauchy_ expects sigma > 0.0, but found sigma=0"),
    (lambda: zeros(2).log_normal_(0, 0), RuntimeError, "log_normal_ expects std > 0.0, but found std=0"),
    (lambda: zeros(2).bernoulli_(1.5), RuntimeError, "bernoulli_ expects p to be in [0, 1], but got p=1.5"),
    (lambda: zeros(2).bernoulli_(minigrad.tensor([0.5, -1])), RuntimeError, "bernoulli_ expects p to be in [0, 1]"),
    (lambda: minigrad.bernoulli(zeros(2, dtype=minigrad.int64)), RuntimeError, "bernoulli of probabilities of type int64"),
    (lambda: minigrad.poisson(zeros(2, dtype=minigrad.int64)), RuntimeError, "poisson of means of type int64"),
    (lambda: minigrad.poisson(minigrad.tensor([-1.0])), RuntimeError, "poisson: the means must not be negative"),
    (lambda: zeros(2, 2, 2).multinomial(1), RuntimeError, "prob_dist must be 1 or 2 dim"),
    (lambda: zeros(2, dtype=minigrad.int64).multinomial(1), RuntimeError, "multinomial only supports floating-point dtypes"),
    (lambda: minigrad.ones(2).multinomial(0), RuntimeError, "multinomial: cannot sample num_samples = 0 <= 0 samples"),
    (lambda: minigrad.ones(2).multinomial(3), RuntimeError,
     "multinomial: cannot sample num_samples = 3 > 2 weights without replacement: use replacement=True"),
    (lambda: minigrad.tensor([1.0, -1.0]).multinomial(1), RuntimeError, "either `inf`, `nan` or element < 0"),
    (lambda: zeros(2).multinomial(1), RuntimeError, "invalid multinomial distribution (sum of probabilities <= 0)"),
    (lambda: normal(0.0, 1.0), TypeError, "normal: give tensors, or a size"),
    (lambda: normal(zeros(2), 1.0, (2,)), TypeError, "normal: a size goes with numbers only"),
    (lambda: normal(zeros(2, dtype=minigrad.int64)), RuntimeError, "normal expects floating-point tensors"),
    (lambda: normal(zeros(2), -minigrad.ones(2)), RuntimeError, "normal expects all elements of std >= 0.0"),
    (lambda: normal(0, -1, (2,)), RuntimeError, "normal expects std >= 0.0, but found std -1"),
    (lambda: normal(zeros(2), minigrad.ones(3)), minigrad.ShapeError, "normal: shapes (2,) and (3,) do not broadcast"),
    (lambda: zeros(2).requires_grad_().normal_(), minigrad.MutationError, "normal_ on a leaf that requires grad"),
    (lambda: set_rng_state(zeros(7, dtype=minigrad.uint8)), ValueError, "a state of a random generator is 5056 bytes"),
    (lambda: set_rng_state(zeros(5056, dtype=minigrad.uint8)), ValueError, "these bytes are no state of a random generator"),
    (lambda: Generator().set_state({}), TypeError, "the state of a generator is a tensor, not a dict"),
    (lambda: Generator("cuda"), RuntimeError, "minigrad computes on the CPU only"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "message"), REFUSED, ids=[message[:40] for _, _, message in REFUSED])
def test_what_is_refused(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()


def test_filling_follows_the_rules_of_writing():
    w = zeros(3).requires_grad_()
    with minigrad.no_grad():
        assert w.normal_() is w
    assert w.data.uniform_().min() >= 0
    hidden = w * 2
    view = hidden[:2]
    loss = (hidden * hidden).sum()
    view.normal_()
    assert hidden[2].requires_grad
    hidden.sum().backward()  # the two that were written have no gradient
    assert w.grad.tolist() == [0, 0, 2]
    with pytest.raises(minigrad.MutationError):
        loss.backward()


def test_samples_have_gradient_0():
    p = minigrad.full((3,), 0.5, requires_grad=True)
    (p.bernoulli() + p.poisson() + p).sum().backward()
    assert p.grad.tolist() == [1, 1, 1]
    assert not p.multinomial(2).requires_grad


def test_numbers_are_drawn_in_the_order_of_memory():
    """PyTorch's numbers for tensors that are not in order."""
    turned = zeros(2, 3).t()
    for draw, expected in (
        (lambda: turned.uniform_(), [0.4962566, 0.7682218, 0.0884774, 0.1320305, 0.3074228, 0.6340787]),
        (lambda: minigrad.rand_like(turned), [0.4962566, 0.7682218, 0.0884774, 0.1320305, 0.3074228, 0.6340787]),
        (lambda: turned.bernoulli_(minigrad.tensor([[0.2, 0.9]])), [0, 0, 1, 1, 1, 1]),
        (lambda: minigrad.randn_like(turned), [1.5409961, -0.2934289, -2.1787894, 0.5684313, -1.0845224, -1.3985955]),
    ):
        manual_seed(0)
        assert draw().t().flatten().tolist() == pytest.approx(expected, abs=1e-6)


def test_means_deviations_and_a_place_for_the_result():
    many = normal(3.0, 0.1, (1000,))
    assert (many.mean().item(), many.std().item()) == (pytest.approx(3, abs=0.02), pytest.approx(0.1, abs=0.01))
    place = zeros(2)
    assert normal(zeros(2), 1.0, out=place) is place
    assert place.abs().min() > 0


def test_poisson_numbers_have_their_mean():
    sample = minigrad.poisson(minigrad.full((20_000,), 3.0))
    assert sample.dtype is minigrad.float32
    assert (sample.mean().item(), sample.var().item()) == (pytest.approx(3, abs=0.1), pytest.approx(3, abs=0.2))


def test_the_default_generator_by_its_other_names():
    assert random.default_generator is minigrad.default_generator
    assert minigrad.initial_seed() == random.initial_seed() == 0
    assert minigrad.seed() == minigrad.initial_seed() != random.seed()
    manual_seed(4)
    with random.fork_rng():
        inside = rand(2)
    with random.fork_rng(enabled=False):
        assert rand(2).equal(inside)
    assert not rand(2).equal(inside)
    assert minigrad.default_generator.device == minigrad.device("cpu")
    other = minigrad.default_generator.clone_state()
    assert rand(2).equal(rand(2, generator=other))
    assert repr(other) == "<generator seeded with 4>"
    assert rand(2).equal(rand(2, generator=copy.deepcopy(other)))


@pytest.mark.parametrize("n", [4999, 5000, 20_000])
def test_long_permutations_are_those_of_the_plain_algorithm(n):
    drawn = randperm(n).tolist()
    manual_seed(0)
    order = list(range(n))
    for i, bits in enumerate(minigrad.default_generator.raw(n - 1).tolist()):
        j = i + bits % (n - i)
        order[i], order[j] = order[j], order[i]
    assert drawn == order


def test_long_requests_are_the_short_ones_in_a_row():
    for kind in (minigrad.float32, minigrad.float64):
        manual_seed(1)
        whole = rand(200_000, dtype=kind)
        manual_seed(1)
        assert whole.equal(minigrad.cat([rand(50_000, dtype=kind) for _ in range(4)]))
        manual_seed(1)
        whole = randn(200_000, dtype=kind)
        manual_seed(1)
        assert whole.equal(minigrad.cat([randn(50_000, dtype=kind) for _ in range(4)]))


def test_the_largest_bounds_of_a_type():
    assert set(randint(0, 256, (5000,), dtype=minigrad.uint8).tolist()) == set(range(256))
    assert randint(-128, 128, (500,), dtype=minigrad.int8).amin() < -100
    assert randint(0, 2, (50,), dtype=minigrad.bool).dtype is minigrad.bool
