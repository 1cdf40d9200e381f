"""Recurrent layers, cells and packed sequences: shapes, errors, printing, in-place writes, without PyTorch."""

import numpy as np
import pytest

import minigrad
from minigrad import ShapeError, autograd, no_grad, ones, randn, tensor, zeros
from minigrad.nn import GRU, LSTM, RNN, GRUCell, LSTMCell, RNNBase, RNNCell, RNNCellBase
from minigrad.nn.utils.rnn import (
    PackedSequence,
    invert_permutation,
    pack_padded_sequence,
    pack_sequence,
    pad_packed_sequence,
    pad_sequence,
    unpack_sequence,
    unpad_sequence,
)  # fmt: skip
from minigrad.ops.recurrent import unrolled

LAYERS = [RNN, LSTM, GRU]


@pytest.fixture(autouse=True)
def seeded():
    minigrad.manual_seed(0)


def states_of(found):
    return found if isinstance(found, tuple) else (found,)


@pytest.mark.parametrize("layer", LAYERS)
def test_shapes(layer):
    module = layer(3, 5, num_layers=2, bidirectional=True, batch_first=True)
    output, state = module(randn(4, 7, 3))
    assert output.shape == (4, 7, 10)
    assert all(s.shape == (4, 4, 5) for s in states_of(state))
    output, state = module(randn(7, 3))
    assert output.shape == (7, 10)
    assert all(s.shape == (4, 5) for s in states_of(state))
    assert isinstance(module, RNNBase)


def test_a_layer_is_its_steps():
    """By the formula, one step after another."""
    module = GRU(2, 3)
    w, u, b, c = (p.detach().numpy() for p in module.all_weights[0])
    x, h = randn(4, 1, 2), np.zeros(3)
    output, last = module(x)
    for t in range(4):
        xr, xz, xn = np.split(w @ x.numpy()[t, 0] + b, 3)
        hr, hz, hn = np.split(u @ h + c, 3)
        r, z = 1 / (1 + np.exp(-(xr + hr))), 1 / (1 + np.exp(-(xz + hz)))
        h = (1 - z) * np.tanh(xn + r * hn) + z * h
        np.testing.assert_allclose(output.detach().numpy()[t, 0], h, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(last.detach().numpy()[0, 0], h, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("hidden", "wanted"), [(4, True), (4, False), (160, True)])
def test_many_sequences_at_once_are_the_same_as_a_few_at_a_time(bias, hidden, wanted):
    """An LSTM multiplies inputs and states together if there are many, in pieces if it is wide; some of these end early."""
    module = LSTM(3, hidden, bias=bias)
    lengths = [5] * 20 + [3] * 20 + [1] * 5
    x = [randn(length, 3).requires_grad_(wanted) for length in lengths]
    leaves = [*module.parameters(), *x * wanted]

    def run(sequences):
        output, (h, c) = module(pack_sequence(sequences))
        return (output.data**2).sum() + (h * c).sum()

    whole, halves = run(x), run(x[:20]) + run(x[20:])
    np.testing.assert_allclose(whole.item(), halves.item(), rtol=1e-5)
    for a, b in zip(autograd.grad(whole, leaves), autograd.grad(halves, leaves)):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("layer", LAYERS)
def test_no_sequences(layer):
    module = layer(3, 4)
    output, _ = module(zeros(5, 0, 3))
    output.sum().backward()
    assert output.shape == (5, 0, 4)
    assert not module.weight_ih_l0.grad.numpy().any()


@pytest.mark.parametrize("layer", LAYERS)
def test_a_long_sequence_is_two_short_ones(layer):
    """The inputs of a long one are multiplied some steps at a time."""
    module, x = layer(3, 4), randn(150, 1, 3).requires_grad_()
    first, state = module(x[:67])
    second, _ = module(x[67:], state)
    whole, parts = module(x)[0], minigrad.cat([first, second])
    np.testing.assert_allclose(whole.detach().numpy(), parts.detach().numpy(), rtol=1e-5, atol=1e-6)
    leaves = [x, *module.parameters()]
    for a, b in zip(autograd.grad((whole**2).sum(), leaves), autograd.grad((parts**2).sum(), leaves)):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("layer", "cell"), [(RNN, RNNCell), (LSTM, LSTMCell), (GRU, GRUCell)])
def test_cells_are_layers_of_one_step(layer, cell):
    whole, one = layer(3, 4), cell(3, 4)
    for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        getattr(one, name).data = getattr(whole, f"{name}_l0").data
    x, state = randn(5, 2, 3), None
    output, _ = whole(x)
    for t in range(5):
        state = one(x[t], state)
        np.testing.assert_allclose(
            states_of(state)[0].detach().numpy(), output[t].detach().numpy(), rtol=1e-5, atol=1e-6
        )
    assert isinstance(one, RNNCellBase)
    assert len(states_of(one(randn(3)))[0].shape) == 1


@pytest.mark.parametrize("layer", LAYERS)
def test_the_state_continues_a_sequence(layer):
    module, x = layer(3, 4, num_layers=2), randn(6, 2, 3)
    whole, last = module(x)
    first, state = module(x[:4])
    second, state = module(x[4:], state)
    np.testing.assert_allclose(
        minigrad.cat([first, second]).detach().numpy(), whole.detach().numpy(), rtol=1e-5, atol=1e-6
    )
    for a, b in zip(states_of(state), states_of(last)):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("layer", LAYERS)
def test_packed_sequences_are_computed_each_by_itself(layer):
    module = layer(2, 3, num_layers=2, bidirectional=True)
    parts = [randn(n, 2) for n in (2, 5, 3)]
    output, state = module(pack_sequence(parts, enforce_sorted=False))
    for i, (part, found) in enumerate(zip(parts, unpack_sequence(output))):
        alone, last = module(part)
        np.testing.assert_allclose(found.detach().numpy(), alone.detach().numpy(), rtol=1e-5, atol=1e-6)
        for a, b in zip(states_of(state), states_of(last)):
            np.testing.assert_allclose(a[:, i].detach().numpy(), b.detach().numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("layer", LAYERS)
def test_writing_into_results_changes_no_gradient_of_others(layer):
    module, x = layer(2, 3), randn(4, 1, 2).requires_grad_()

    def run(write):
        output, state = module(x)
        h = states_of(state)[0]
        if write:
            h.mul_(3)
            output.mul_(2)
        else:
            h, output = h * 3, output * 2
        return autograd.grad((output * output).sum() + (h * h).sum(), [x, *module.parameters()])

    for a, b in zip(run(True), run(False)):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_changed_weights_are_noticed():
    module = LSTM(2, 3)
    output, _ = module(randn(4, 1, 2).requires_grad_())
    with no_grad():
        module.weight_ih_l0.mul_(2)
    with pytest.raises(minigrad.MutationError, match="modified in place"):
        output.sum().backward()


def test_the_backward_pass_twice():
    module = GRU(2, 3)
    loss = module(randn(4, 1, 2))[0].sum()
    loss.backward(retain_graph=True)
    first = module.weight_hh_l0.grad.clone()
    loss.backward()
    np.testing.assert_allclose(module.weight_hh_l0.grad.numpy(), 2 * first.numpy())
    with pytest.raises(minigrad.errors.GraphError, match="a second time"):
        loss.backward()


def test_relu_has_no_second_derivative():
    module = RNN(2, 3, nonlinearity="relu").double()
    x = randn(2, 1, 2, dtype="float64").requires_grad_()
    (first,) = autograd.grad(module(x)[0].sum(), x, create_graph=True)
    (second,) = autograd.grad(first.sum(), x)
    assert second.abs().sum().item() == 0


def test_gradients_of_gradients():
    module = LSTM(2, 2, bidirectional=True).double()
    x = randn(3, 2, 2, dtype="float64").requires_grad_()
    assert minigrad.testing.gradgradcheck(lambda x: module(x)[0], (x,))
    penalty = autograd.grad(module(x)[0].pow(2).sum(), x, create_graph=True)[0].pow(2).sum()
    penalty.backward()
    assert all(p.grad is not None for p in module.parameters())


def test_projection():
    output, (h, c) = LSTM(3, 5, proj_size=2, num_layers=2)(randn(4, 2, 3))
    assert (output.shape, h.shape, c.shape) == ((4, 2, 2), (2, 2, 2), (2, 2, 5))


def test_dtypes_meet_in_the_operation():
    given = ones(1, 2)
    out = unrolled("rnn_tanh", given, (zeros(1, 2),), ones(2, 2), None, (1,))
    np.testing.assert_allclose(out[0].numpy(), np.tanh(1.0) * np.ones((1, 2)), rtol=1e-6)


def test_printing():
    assert repr(LSTM(3, 4)) == "LSTM(3, 4)"
    assert repr(GRU(3, 4, 2, False, True, 0.5, True)) == (
        "GRU(3, 4, num_layers=2, bias=False, batch_first=True, dropout=0.5, bidirectional=True)"
    )
    assert repr(LSTM(3, 4, proj_size=2)) == "LSTM(3, 4, proj_size=2)"
    assert repr(RNNCell(3, 4, nonlinearity="relu")) == "RNNCell(3, 4, nonlinearity=relu)"
    assert repr(LSTMCell(3, 4, bias=False)) == "LSTMCell(3, 4, bias=False)"
    x = ones(1, 1, 1)
    output, state = GRU(1, 1)(x)
    assert "grad_fn=<StackBackward0>" in repr(output)
    assert "grad_fn=<StackBackward0>" in repr(state)
    assert "grad_fn=<MkldnnRnnLayerBackward0>" in repr(LSTM(1, 1)(x)[0])
    assert "grad_fn=<StackBackward0>" in repr(LSTM(1, 1, dtype="float64")(x.double())[0])
    assert "grad_fn=<CatBackward0>" in repr(GRU(1, 1, bidirectional=True)(x)[0])


def test_parameters():
    module = GRU(2, 3, 2, bidirectional=True)
    names = [n for n, _ in module.named_parameters()]
    assert names[:5] == ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "weight_ih_l0_reverse"]
    assert module.weight_ih_l1.shape == (9, 6)
    assert len(module._flat_weights) == 16
    assert module.flatten_parameters() is None
    assert all(p.abs().max().item() <= 3**-0.5 for p in module.parameters())
    before = module.weight_hh_l0.clone()
    module.reset_parameters()
    assert not before.equal(module.weight_hh_l0)


def raises(kind, text, call):
    with pytest.raises(kind, match=text):
        call()


def test_errors():
    module = LSTM(3, 4)
    x = ones(5, 2, 3)
    raises(RuntimeError, r"input_size. Expected 3, got 4", lambda: module(ones(5, 2, 4)))
    raises(RuntimeError, r"features must come last, x.transpose\(1, 2\)", lambda: module(ones(5, 3, 7)))
    raises(ValueError, r"Expected input to be 2D or 3D, got 1D", lambda: module(ones(3)))
    raises(TypeError, r"needs a tensor or a PackedSequence, not a list", lambda: module([1.0]))
    raises(ValueError, r"Convert input: input.to", lambda: module(x.double()))
    raises(RuntimeError, r"sequence length to be larger than 0", lambda: module(ones(0, 2, 3)))
    raises(TypeError, r"pair, \(h_0, c_0\)", lambda: module(x, zeros(1, 2, 4)))
    raises(TypeError, r"a state is a tensor, not a float", lambda: module(x, (1.0, 2.0)))
    raises(RuntimeError, r"Expected hidden\[1\] size \(1, 2, 4\), got \[1, 2, 5\]",
           lambda: module(x, (zeros(1, 2, 4), zeros(1, 2, 5))))  # fmt: skip
    raises(RuntimeError, r"the input is a batch of 2", lambda: module(x, (zeros(1, 3, 4), zeros(1, 3, 4))))
    raises(RuntimeError, r"For batched 3-D input", lambda: module(x, (zeros(1, 4), zeros(1, 4))))
    raises(RuntimeError, r"For unbatched 2-D input", lambda: module(x[0], (zeros(1, 1, 4), zeros(1, 1, 4))))
    raises(ValueError, r"a state of type", lambda: module(x, (zeros(1, 2, 4).double(), zeros(1, 2, 4))))
    raises(
        RuntimeError,
        r"batch comes second in a state",
        lambda: GRU(3, 4, batch_first=True)(ones(2, 5, 3), zeros(2, 1, 4)),
    )
    raises(RuntimeError, r"must have 2 dimensions, got 1", lambda: module(PackedSequence(ones(3), tensor([2, 1]))))


def test_errors_of_arguments():
    raises(ValueError, "hidden_size must be greater than zero", lambda: LSTM(3, 0))
    raises(TypeError, "hidden_size should be of type int, got: float", lambda: LSTM(3, 4.0))
    raises(TypeError, "bias should be of type bool", lambda: GRU(3, 4, 1, 1))
    raises(ValueError, "num_layers must be greater", lambda: GRU(3, 4, 0))
    raises(ValueError, r"range \[0, 1\]", lambda: GRU(3, 4, dropout=True))
    raises(ValueError, "proj_size should be", lambda: LSTM(3, 4, proj_size=-1))
    raises(ValueError, "smaller than hidden_size", lambda: LSTM(3, 4, proj_size=4))
    raises(ValueError, "only supported for LSTM", lambda: GRU(3, 4, proj_size=2))
    raises(TypeError, "unexpected keyword argument 'width'", lambda: RNN(3, 4, width=2))
    raises(ValueError, "Select from 'tanh' or 'relu'", lambda: RNN(3, 4, nonlinearity="gelu"))
    with pytest.warns(UserWarning, match="all but last recurrent layer"):
        GRU(3, 4, dropout=0.5)


def test_errors_of_cells():
    cell = LSTMCell(3, 4)
    raises(ValueError, "Expected input to be 1D or 2D, got 3D", lambda: cell(ones(1, 2, 3)))
    raises(RuntimeError, "got 5 expected 3", lambda: cell(ones(2, 5)))
    raises(TypeError, r"pair, \(h, c\)", lambda: cell(ones(2, 3), ones(2, 4)))
    raises(RuntimeError, "hidden1 has inconsistent hidden_size", lambda: cell(ones(2, 3), (ones(2, 4), ones(2, 5))))
    raises(RuntimeError, "doesn't match hidden0 batch size 3", lambda: GRUCell(3, 4)(ones(2, 3), ones(3, 4)))
    raises(ValueError, "Expected hidden to be 1D or 2D, got 3D", lambda: GRUCell(3, 4)(ones(2, 3), ones(1, 2, 4)))
    raises(RuntimeError, "Unknown nonlinearity: x", lambda: RNNCell(3, 4, nonlinearity="x")(ones(2, 3)))


# ── sequences ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_packing():
    padded = tensor([[1.0, 2, 0], [3, 4, 5]])
    packed = pack_padded_sequence(padded, tensor([2, 3]), batch_first=True, enforce_sorted=False)
    assert repr(packed) == (
        "PackedSequence(data=tensor([3., 1., 4., 2., 5.]), batch_sizes=tensor([2, 2, 1]), sorted_indices=tensor([1, 0]), "
        "unsorted_indices=tensor([1, 0]))"
    )
    back, lengths = pad_packed_sequence(packed, batch_first=True)
    assert back.equal(padded)
    assert lengths.tolist() == [2, 3]
    assert [part.tolist() for part in unpack_sequence(packed)] == [[1, 2], [3, 4, 5]]
    assert invert_permutation(tensor([2, 0, 1])).tolist() == [1, 2, 0]
    assert invert_permutation(None) is None


def test_packed_sequences_convert():
    packed = pack_sequence([ones(2), ones(1)])
    assert packed.double().data.dtype == minigrad.float64
    assert packed.half().data.dtype == minigrad.float16
    assert packed.long().data.dtype == minigrad.int64
    assert packed.int().data.dtype == minigrad.int32
    assert packed.double().float().data.dtype == minigrad.float32
    assert packed.cpu() is packed.pin_memory() is packed
    assert not packed.is_cuda
    with pytest.raises(RuntimeError):
        packed.cuda()
    again = PackedSequence((packed.data, packed.batch_sizes))
    assert again.data is packed.data
    raises(ValueError, "needs data and batch_sizes", lambda: PackedSequence(ones(3)))


def test_gradients_of_packing():
    x = randn(3, 2, 2, dtype="float64").requires_grad_()
    assert minigrad.testing.gradcheck(lambda x: pad_packed_sequence(pack_padded_sequence(x, [3, 1]))[0], (x,), order=2)


def test_padding():
    parts = [tensor([1, 2]), tensor([3])]
    assert pad_sequence(parts).tolist() == [[1, 3], [2, 0]]
    assert pad_sequence(parts, True, -1, "left").tolist() == [[1, 2], [-1, 3]]
    assert [p.tolist() for p in unpad_sequence(pad_sequence(parts), tensor([2, 1]))] == [[1, 2], [3]]


def test_errors_of_sequences():
    x = ones(3, 2, 4)
    raises(RuntimeError, "sorted in decreasing order", lambda: pack_padded_sequence(x, [1, 2]))
    raises(RuntimeError, "greater than 0", lambda: pack_padded_sequence(x, [2, 0]))
    raises(
        RuntimeError, "a length of 4, where the padded sequences have 3 steps", lambda: pack_padded_sequence(x, [4, 2])
    )
    raises(RuntimeError, "batch_first=True", lambda: pack_padded_sequence(x, [3, 2, 1]))
    raises(RuntimeError, "empty tensors", lambda: pack_padded_sequence(ones(0, 2), [1, 1]))
    raises(RuntimeError, "must have the dimensions", lambda: pack_padded_sequence(ones(3), [1]))
    raises(ValueError, "total_length=1", lambda: pad_packed_sequence(pack_padded_sequence(x, [3, 2]), total_length=1))
    raises(RuntimeError, "empty list", lambda: pad_sequence([]))
    raises(RuntimeError, "a list of tensors is needed", lambda: pad_sequence(3))
    raises(RuntimeError, "left or right", lambda: pad_sequence([x], padding_side="up"))
    raises(ShapeError, "differ in their first dimension only", lambda: pad_sequence([ones(2, 3), ones(2, 4)]))
