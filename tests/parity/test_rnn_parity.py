"""Recurrent layers, cells and packed sequences: parameters, values, gradients, dropout, printing, against PyTorch."""

import copy
import itertools
import random

import numpy as np
import pytest
import torch
from agree import agree, both_fail

import minigrad

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections", "ignore:Using padding")

KINDS = ["RNN", "LSTM", "GRU"]


def made(t, kind, *args, seed=1, dtype=None, **kwargs):
    t.manual_seed(seed)
    module = getattr(t.nn, kind)(*args, **kwargs)
    return module.double() if dtype == "double" else module


def with_gradients(t, module, *outputs):
    """The outputs, and the gradients of the parameters from a loss that uses all of them."""
    loss = sum(((i + 1) * out.sin()).sum() for i, out in enumerate(outputs))
    return [*outputs, *t.autograd.grad(loss, list(module.parameters()), retain_graph=True)]


def flat(output, state):
    return [output, *(state if isinstance(state, tuple) else (state,))]


OPTIONS = [
    {}, {"num_layers": 3}, {"bidirectional": True}, {"bias": False}, {"batch_first": True},
    {"num_layers": 2, "bidirectional": True, "batch_first": True}, {"num_layers": 2, "bias": False, "bidirectional": True},
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("shape", [(5, 3, 4), (1, 2, 4), (6, 1, 4), (7, 4), (2, 0, 4)])
def test_layers(kind, options, shape):
    def run(t, x):
        module = made(t, kind, 4, 6, **options)
        return with_gradients(t, module, *flat(*module(x)))

    if 0 in shape[: 1 + options.get("batch_first", False)]:
        return
    agree(run, shape)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("single", [True, False])
def test_given_states(kind, options, single):
    parts = options.get("num_layers", 1) * (1 + options.get("bidirectional", False))
    batch = () if single else (3,)

    def run(t, x, *states):
        module = made(t, kind, 4, 6, **options)
        x = x.transpose(0, 1) if options.get("batch_first") and not single else x
        return with_gradients(t, module, *flat(*module(x, states if kind == "LSTM" else states[0])))

    agree(run, (5, *batch, 4), *[(parts, *batch, 6)] * (2 if kind == "LSTM" else 1))


@pytest.mark.parametrize("options", OPTIONS)
def test_projection(options):
    parts = options.get("num_layers", 1) * (1 + options.get("bidirectional", False))

    def run(t, x, h, c):
        module = made(t, "LSTM", 4, 6, proj_size=2, **options)
        x = x.transpose(0, 1) if options.get("batch_first") else x
        return [*with_gradients(t, module, *flat(*module(x, (h, c)))), *flat(*module(x)), repr(module)]

    agree(run, (5, 3, 4), (parts, 3, 2), (parts, 3, 6))


def test_relu():
    def run(t, x):
        module = made(t, "RNN", 4, 6, 2, "relu", bidirectional=True)
        cell = made(t, "RNNCell", 4, 6, nonlinearity="relu")
        return [*with_gradients(t, module, *flat(*module(x))), cell(x[0])]

    agree(run, (5, 3, 4))


@pytest.mark.parametrize("kind", KINDS)
def test_float64_and_second_order(kind):
    def run(t, x):
        module = made(t, kind, 3, 4, 2, bidirectional=True, dtype="double")
        outputs = flat(*module(x))
        loss = sum(((i + 1) * out.sin()).sum() for i, out in enumerate(outputs))
        first = t.autograd.grad(loss, [x, *module.parameters()], create_graph=True)
        second = sum((g * g).sum() for g in first)
        return [loss, *first, *t.autograd.grad(second, list(module.parameters()), retain_graph=True), second]

    agree(run, np.random.default_rng(2).standard_normal((4, 2, 3)), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("training", [True, False])
def test_dropout_between_layers(kind, training):
    def run(t, x):
        module = made(t, kind, 4, 6, num_layers=3, dropout=0.4, bidirectional=True).train(training)
        t.manual_seed(3)
        results = with_gradients(t, module, *flat(*module(x)))
        return [*results, t.rand(3)]

    agree(run, (5, 3, 4))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("lengths", [[5, 3, 2, 2], [5, 5, 5], [2, 5, 1, 4], [1], [3, 1, 3]])
def test_packed(kind, options, lengths):
    options = {**options, "batch_first": False}
    parts = options.get("num_layers", 1) * (1 + options.get("bidirectional", False))

    def run(t, x, *states):
        rnn = t.nn.utils.rnn
        module = made(t, kind, 4, 6, **options)
        packed = rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
        outputs = []
        for given in ([], [states if kind == "LSTM" else states[0]]):
            output, state = module(packed, *given)
            padded, found = rnn.pad_packed_sequence(output)
            outputs += [padded, *flat(output.data, state)]
        return [*with_gradients(t, module, *outputs), found, output.batch_sizes, output.sorted_indices]

    agree(run, (5, len(lengths), 4), *[(parts, len(lengths), 6)] * (2 if kind == "LSTM" else 1))


@pytest.mark.parametrize("kind", ["RNNCell", "LSTMCell", "GRUCell"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("batch", [(), (3,), (1,), (0,)])
def test_cells(kind, bias, batch):
    states = 2 if kind == "LSTMCell" else 1

    def run(t, x, *h):
        cell = made(t, kind, 4, 6, bias)
        outputs = []
        found = cell(x)
        for _ in range(2):
            outputs += found if states == 2 else [found]
            found = cell(x, found)
        outputs += flat(cell(x, h if states == 2 else h[0]), ())
        return [*with_gradients(t, cell, *[o for part in outputs for o in (part if isinstance(part, tuple) else (part,))]),
                repr(cell)]  # fmt: skip

    agree(run, (*batch, 4), *[(*batch, 6)] * states)


@pytest.mark.parametrize("kind", [*KINDS, "RNNCell", "LSTMCell", "GRUCell"])
def test_parameters(kind):
    for args in [(3, 5), (3, 5, 2), (3, 5, 2, *(("relu",) if kind == "RNN" else ()), False, True, 0.0, True)]:
        if kind.endswith("Cell") and len(args) > 3:
            continue
        ours, theirs = (made(t, kind, *args[: 2 if kind.endswith("Cell") else None]) for t in (minigrad, torch))
        assert repr(ours) == repr(theirs)
        for (name, p), (other, q) in zip(ours.state_dict().items(), theirs.state_dict().items(), strict=True):
            assert name == other
            np.testing.assert_array_equal(p.numpy(), q.numpy())
        if not kind.endswith("Cell"):
            assert [[tuple(p.shape) for p in part] for part in ours.all_weights] == [
                [tuple(p.shape) for p in part] for part in theirs.all_weights
            ]


@pytest.mark.parametrize("options", [
    {"num_layers": 2, "dropout": 0.1}, {"batch_first": True}, {"bias": False}, {"bidirectional": True, "num_layers": 4},
])  # fmt: skip
@pytest.mark.parametrize("kind", KINDS)
def test_printing(kind, options):
    assert repr(made(minigrad, kind, 3, 5, **options)) == repr(made(torch, kind, 3, 5, **options))


@pytest.mark.parametrize("kind", KINDS)
def test_refused_alike(kind):
    for args, kwargs in [
        ((3, 0), {}), ((0, 3), {}), ((3.0, 3), {}), ((3, 2.0), {}), ((3, 2, 0), {}), ((3, 2), {"dropout": 2}),
        ((3, 2), {"dropout": True}), ((3, 2), {"bias": 1}), ((3, 2), {"batch_first": 0}), ((3, 2), {"proj_size": 5}),
        ((3, 2), {"proj_size": -1}), ((3, 2), {"no_such": 1}),
    ]:  # fmt: skip
        for t in (torch, minigrad):
            with pytest.raises((ValueError, TypeError)):
                getattr(t.nn, kind)(*args, **kwargs)
    for shape in [(2, 2, 4), (2,), (1, 2, 2, 3), (0, 2, 3), (2, 2)]:
        both_fail(lambda t, x: getattr(t.nn, kind)(3, 4)(x), shape)
    both_fail(lambda t, x: getattr(t.nn, kind)(3, 4)(x), np.ones((2, 2, 3)))
    for shape in [(1, 3, 4), (2, 2, 4), (2, 4), (1, 2, 5)]:
        both_fail(lambda t, x, h: getattr(t.nn, kind)(3, 4)(x, (h, h) if kind == "LSTM" else h), (2, 2, 3), shape)
        both_fail(lambda t, x, h: getattr(t.nn, kind)(3, 4)(x, (h, h) if kind == "LSTM" else h), (2, 3), (1, 2, 5))
    cell = kind + "Cell"
    for x, h in [((2, 2, 3), (2, 4)), ((2, 5), (2, 4)), ((2, 3), (3, 4)), ((2, 3), (2, 5)), ((2, 3), (1, 2, 4))]:
        both_fail(lambda t, x, h: getattr(t.nn, cell)(3, 4)(x, (h, h) if kind == "LSTM" else h), x, h)


# ── sequences ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("rest", [(), (2,), (2, 3)])
@pytest.mark.parametrize("lengths", [[4, 3, 1], [1, 4, 2, 4], [4], [2, 2]])
def test_packing(batch_first, rest, lengths):
    shape = (len(lengths), 4) if batch_first else (4, len(lengths))

    def run(t, x):
        rnn = t.nn.utils.rnn
        packed = rnn.pack_padded_sequence(x, t.tensor(lengths), batch_first, enforce_sorted=False)
        padded, found = rnn.pad_packed_sequence(packed, batch_first, -2.0, 6)
        parts = rnn.unpack_sequence(packed)
        again = rnn.pack_sequence(parts, enforce_sorted=False)
        return [*packed, padded, found, *parts, again.data, *rnn.unpad_sequence(padded.clone(), found, batch_first)]

    agree(run, (*shape, *rest))


def test_sorted_packing():
    def run(t, x):
        rnn = t.nn.utils.rnn
        packed = rnn.pack_padded_sequence(x, [4, 2])
        return [*packed, *rnn.pad_packed_sequence(packed), repr(rnn.pack_sequence([t.ones(3), t.ones(1)]))]

    agree(run, (4, 2, 3))


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("side", ["left", "right"])
def test_padding(batch_first, side):
    def run(t, *sequences):
        return t.nn.utils.rnn.pad_sequence(list(sequences), batch_first, 1.5, side)

    agree(run, (3, 2), (1, 2), (5, 2))
    agree(run, (3, 1), (0, 1), (2, 1))
    agree(run, np.arange(3), np.arange(5))
    agree(run, np.arange(3), np.ones(5, np.float32))
    agree(run, (2, 3, 4))


def test_sequences_refused_alike():
    def rnn(t):
        return t.nn.utils.rnn

    for lengths in ([1, 2], [2, 0], [2, 2, 1], [2, -1]):
        both_fail(lambda t, x, lengths=lengths: rnn(t).pack_padded_sequence(x, lengths), (3, 2, 4))
    both_fail(lambda t, x: rnn(t).pack_padded_sequence(x[:0], [0, 0]), (3, 2, 4))
    both_fail(lambda t, a, b: rnn(t).pad_sequence([a, b]), (2, 3), (3, 4))
    both_fail(lambda t, a: rnn(t).pad_sequence([]), (2, 3))
    both_fail(lambda t, a: rnn(t).pad_sequence([a], padding_side="up"), (2, 3))
    both_fail(
        lambda t, a: rnn(t).pad_packed_sequence(rnn(t).pack_padded_sequence(a, [3, 2]), total_length=2), (3, 2, 4)
    )
    both_fail(lambda t, a, b: rnn(t).pack_sequence([a, b]), (2,), (3,))


@pytest.mark.parametrize("seed", range(40))
def test_random_arguments(seed):
    """Any combination of everything."""
    choice = random.Random(seed)
    kind, layers, two = choice.choice(KINDS), choice.randint(1, 3), choice.random() < 0.5
    batch, steps, hidden = choice.randint(1, 4), choice.randint(1, 6), choice.randint(1, 5)
    packed, given, bias = (choice.random() < 0.5 for _ in range(3))
    lengths = [choice.randint(1, steps) for _ in range(batch - 1)] + [steps]

    def run(t, x, *states):
        module = made(t, kind, 3, hidden, layers, bias=bias, bidirectional=two)
        if packed:
            x = t.nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=False)
        output, state = module(x, *([states if kind == "LSTM" else states[0]] if given else []))
        return with_gradients(t, module, *flat(output.data if packed else output, state))

    states = [(layers * (1 + two), batch, hidden)] * (2 if kind == "LSTM" else 1)
    agree(run, (steps, batch, 3), *(states if given else []))


def test_copies_learn_apart():
    for t in (torch, minigrad):
        a = made(t, "LSTM", 2, 3)
        b = copy.deepcopy(a)
        a(t.ones(2, 1, 2))[0].sum().backward()
        assert b.weight_ih_l0.grad is None
        assert all(p.grad is not None for p in itertools.chain(*a.all_weights))
