"""Activations, normalisation, dropout and embeddings as layers: what they print, what they refuse, what they keep.

Numbers are PyTorch 2.13's, or follow from the formula; the parity suite compares them broadly.
"""

import re

import numpy as np
import pytest

import minigrad
from minigrad import manual_seed, nn, ones, randn, tensor, zeros
from minigrad.dialect import dialect
from minigrad.gradcheck import gradcheck
from minigrad.nn import functional as F  # noqa: N812

# ── activations ──────────────────────────────────────────────────────────────────────────────────────────────────────

PRINTED = [
    (nn.Threshold(0.1, 20), "Threshold(threshold=0.1, value=20)"), (nn.RReLU(), "RReLU(lower=0.125, upper=0.3333333333333333)"),
    (nn.Hardtanh(-2, 2, True), "Hardtanh(min_val=-2, max_val=2, inplace=True)"), (nn.ReLU6(), "ReLU6()"),
    (nn.ReLU(True), "ReLU(inplace=True)"), (nn.ELU(0.5), "ELU(alpha=0.5)"), (nn.CELU(), "CELU(alpha=1.0)"),
    (nn.SELU(), "SELU()"), (nn.GELU("tanh"), "GELU(approximate='tanh')"), (nn.SiLU(), "SiLU()"), (nn.Mish(), "Mish()"),
    (nn.LeakyReLU(0.2, True), "LeakyReLU(negative_slope=0.2, inplace=True)"), (nn.PReLU(3), "PReLU(num_parameters=3)"),
    (nn.Softplus(), "Softplus(beta=1.0, threshold=20.0)"), (nn.Softshrink(), "Softshrink(0.5)"),
    (nn.Hardshrink(1), "Hardshrink(1)"), (nn.Hardsigmoid(True), "Hardsigmoid()"), (nn.Hardswish(), "Hardswish()"),
    (nn.GLU(), "GLU(dim=-1)"), (nn.Softmin(1), "Softmin(dim=1)"), (nn.Softmax2d(), "Softmax2d()"),
    (nn.LogSigmoid(), "LogSigmoid()"), (nn.Softsign(), "Softsign()"), (nn.Tanhshrink(), "Tanhshrink()"),
    (nn.Dropout(0.3), "Dropout(p=0.3, inplace=False)"), (nn.Dropout2d(inplace=True), "Dropout2d(p=0.5, inplace=True)"),
    (nn.LayerNorm((2, 3), bias=False), "LayerNorm((2, 3), eps=1e-05, elementwise_affine=True, bias=False)"),
    (nn.RMSNorm(4), "RMSNorm((4,), eps=None, elementwise_affine=True)"),
    (nn.GroupNorm(2, 4), "GroupNorm(2, 4, eps=1e-05, affine=True, bias=True)"),
    (nn.LocalResponseNorm(2), "LocalResponseNorm(2, alpha=0.0001, beta=0.75, k=1.0)"),
    (nn.BatchNorm1d(128),
     "BatchNorm1d(128, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)"),
    (nn.InstanceNorm2d(3),
     "InstanceNorm2d(3, eps=1e-05, momentum=0.1, affine=False, bias=False, track_running_stats=False)"),
    (nn.Embedding(9, 3, padding_idx=-1, max_norm=1.0), "Embedding(9, 3, padding_idx=8, max_norm=1.0)"),
    (nn.Embedding(9, 3, norm_type=1, scale_grad_by_freq=True, sparse=True),
     "Embedding(9, 3, norm_type=1, scale_grad_by_freq=True, sparse=True)"),
    (nn.EmbeddingBag(9, 3, 2.0, 1.0, True, padding_idx=2),
     "EmbeddingBag(9, 3, max_norm=2.0, norm_type=1.0, scale_grad_by_freq=True, mode='mean', padding_idx=2)"),
    (nn.Bilinear(2, 3, 4), "Bilinear(in1_features=2, in2_features=3, out_features=4, bias=True)"),
    (nn.Unflatten(1, (2, 3)), "Unflatten(dim=1, unflattened_size=(2, 3))"), (nn.CosineSimilarity(), "CosineSimilarity()"),
    (nn.PairwiseDistance(), "PairwiseDistance()"),
]  # fmt: skip


@pytest.mark.parametrize(("module", "text"), PRINTED)
def test_how_layers_print(module, text):
    assert repr(module) == text


X = [-4.0, -1.0, -0.25, 0.25, 1.0, 7.0]
VALUES = [
    (nn.Threshold(0.5, 9), [9, 9, 9, 9, 1, 7]), (nn.ReLU6(), [0, 0, 0, 0.25, 1, 6]),
    (nn.LeakyReLU(0.5), [-2, -0.5, -0.125, 0.25, 1, 7]), (nn.Hardtanh(), [-1, -1, -0.25, 0.25, 1, 1]),
    (nn.Hardtanh(min_value=-2, max_value=0.5), [-2, -1, -0.25, 0.25, 0.5, 0.5]), (nn.Hardshrink(), [-4, -1, 0, 0, 1, 7]),
    (nn.Softshrink(), [-3.5, -0.5, 0, 0, 0.5, 6.5]), (nn.Hardsigmoid(), [0, 1 / 3, 2.75 / 6, 3.25 / 6, 2 / 3, 1]),
    (nn.Hardswish(), [0, -1 / 3, -0.11458333, 0.13541667, 2 / 3, 7]), (nn.PReLU(), [-1, -0.25, -0.0625, 0.25, 1, 7]),
    (nn.RReLU(0.25, 0.75).eval(), [-2, -0.5, -0.125, 0.25, 1, 7]),
    (nn.ELU(2), [-1.9633688, -1.2642411, -0.44239843, 0.25, 1, 7]),
    (nn.SELU(), [-1.7258986, -1.1113307, -0.38889775, 0.26267526, 1.050701, 7.3549071]),
    (nn.CELU(), [-0.98168433, -0.63212055, -0.22119921, 0.25, 1, 7]),
    (nn.GELU(), [-0.00012668, -0.15865526, -0.10032342, 0.14967659, 0.84134471, 7]),
    (nn.GELU("tanh"), [-0.00007027, -0.15880801, -0.10032585, 0.14967415, 0.84119201, 7]),
    (nn.SiLU(), [-0.07194484, -0.26894143, -0.10945588, 0.14054411, 0.73105860, 6.9936228]),
    (nn.Mish(), [-0.07259174, -0.30340146, -0.12992696, 0.16957241, 0.86509839, 6.9999886]),
    (nn.LogSigmoid(), [-4.01815, -1.3132616, -0.82593936, -0.5759394, -0.31326166, -0.0009115]),
    (nn.Softplus(), [0.01815, 0.31326166, 0.57593939, 0.82593939, 1.3132616, 7.0009115]),
    (nn.Softsign(), [-0.8, -0.5, -0.2, 0.2, 0.5, 0.875]), (nn.Tanhshrink(), [-3.0006707, -0.2384058, -0.0050813, 0.0050813,
     0.2384058, 6.0000015]),
    (nn.Softmin(0), [0.91380644, 0.04549574, 0.02149067, 0.01303475, 0.00615718, 0.00001526]),
]  # fmt: skip


@pytest.mark.parametrize(("module", "values"), VALUES, ids=[repr(m) for m, _ in VALUES])
def test_values(module, values):
    np.testing.assert_allclose(module(tensor(X)).array, values, rtol=2e-5, atol=2e-6)


IN_PLACE = [
    lambda x: F.relu_(x), lambda x: F.leaky_relu_(x, 0.2), lambda x: F.elu_(x), lambda x: F.selu_(x), lambda x: F.celu_(x),
    lambda x: F.hardtanh_(x), lambda x: F.threshold_(x, 0.5, 2), lambda x: F.rrelu_(x), lambda x: F.rrelu(x, training=True,
    inplace=True), lambda x: nn.SiLU(True)(x), lambda x: nn.Mish(True)(x), lambda x: nn.Hardswish(True)(x),
    lambda x: F.dropout(x, 0.5, True, True), lambda x: F.dropout(x, 1.0, True, True),
    lambda x: F.alpha_dropout(x, 0.5, True, True),
    lambda x: F.alpha_dropout(x, 1.0, True, True),
]  # fmt: skip


@pytest.mark.parametrize("call", IN_PLACE)
def test_in_place_forms_write_into_their_input(call):
    leaf = tensor(X, requires_grad=True)
    x = leaf * 1
    memory = x.array
    assert call(x) is x
    assert x.array is memory
    x.sum().backward()
    assert leaf.grad is not None
    with pytest.raises((TypeError, minigrad.MutationError)):
        call(leaf)


def test_gelu_of_half_precision_and_of_nan():
    x = tensor([-3.0, 0.0, 2.0], dtype="float16")
    for approximate in ("none", "tanh"):
        y = F.gelu(x, approximate)
        assert y.dtype == minigrad.float16
        np.testing.assert_allclose(y.array, F.gelu(x.double(), approximate).array, atol=3e-3)
    assert np.isnan(F.gelu(tensor([np.nan])).item())
    assert F.gelu(tensor([-1e20, 1e30])).tolist() == pytest.approx([0, 1e30], rel=1e-6, abs=1e-15)


def test_softmax_without_dim_warns_in_pytorchs_dialect_only():
    with pytest.raises(TypeError, match="softmin of a tensor of shape"):
        F.softmin(ones(2, 2))
    dialect.lenient = True
    try:
        with pytest.warns(UserWarning, match="Implicit dimension choice for softmax has been deprecated"):
            assert F.softmax(zeros(2, 4)).tolist() == [[0.25] * 4] * 2
        with pytest.warns(UserWarning, match="log_softmax"):
            F.log_softmax(zeros(3))
        with pytest.warns(UserWarning, match="different to the input size"):
            assert F.mse_loss(ones(4, 1), zeros(4)).item() == 1
    finally:
        dialect.lenient = False


def test_gumbel_softmax_draws_classes():
    manual_seed(0)
    logits = tensor([[0.0, 2.0, -1.0]] * 2000, requires_grad=True)
    hard = F.gumbel_softmax(logits, hard=True)
    assert set(hard.array.reshape(-1)) == {0, 1}
    np.testing.assert_allclose(hard.array.mean(0), logits[0].softmax(0).array, atol=0.03)
    hard[:, 0].sum().backward()
    assert (logits.grad != 0).any()
    assert F.gumbel_softmax(logits, tau=2.0).sum(1).allclose(ones(2000))


# ── dropout ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_dropout_scales_what_stays():
    manual_seed(0)
    y = nn.Dropout(0.25)(ones(10000))
    assert set(y.array) == {0, np.float32(4 / 3)}
    assert abs(y.mean().item() - 1) < 0.02
    assert nn.Dropout(0.25).eval()(y) is y
    assert F.dropout(y, 0) is y
    assert F.dropout(ones(3), 1.0).tolist() == [0, 0, 0]
    assert F.alpha_dropout(ones(3), 1.0, True).tolist() == [0, 0, 0]


def test_dropout_follows_the_memory():
    manual_seed(3)
    plain = F.dropout(ones(4, 5), 0.5)
    manual_seed(3)
    assert F.dropout(ones(5, 4).T, 0.5).tolist() != plain.tolist()
    manual_seed(3)
    assert F.dropout(ones(5, 4).T, 0.5).T.reshape(-1).tolist() == plain.reshape(-1).tolist()


@pytest.mark.parametrize(("layer", "shape"), [(nn.Dropout1d, (3, 40, 5)), (nn.Dropout2d, (3, 40, 2, 2)),
                                              (nn.Dropout3d, (3, 40, 2, 2, 2)),
                                              (nn.FeatureAlphaDropout, (3, 40, 2))])  # fmt: skip
def test_whole_channels_are_dropped(layer, shape):
    manual_seed(1)
    y = layer(0.5)(ones(*shape)).array.reshape(120, -1)
    assert (y == y[:, :1]).all()
    assert 30 < (y[:, 0] == y[:, 0].min()).sum() < 90
    manual_seed(1)
    x = ones(*shape)
    assert layer(0.5, inplace=True)(x) is x


def test_dropout_of_one_example_and_odd_shapes():
    assert F.dropout1d(ones(4, 5), 0.0).shape == (4, 5)
    x = ones(4, 5)
    assert F.dropout1d(x, 0.5, True, True) is x
    assert F.dropout3d(ones(2, 3, 2, 2), 0.5).shape == (2, 3, 2, 2)
    with pytest.warns(UserWarning, match="dropout2d: an input of 2 dimensions"):
        F.dropout2d(ones(2, 3))
    with pytest.warns(UserWarning, match="dropout3d: an input of 3 dimensions"):
        F.dropout3d(ones(2, 3, 2))


# ── normalisation ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_batch_norm_keeps_running_moments():
    layer = nn.BatchNorm1d(2)
    x = tensor([[1.0, 10.0], [3.0, 30.0]])
    assert np.allclose(layer(x).tolist(), [[-1, -1], [1, 1]], atol=1e-5)
    assert np.allclose(layer.running_mean.tolist(), [0.2, 2.0])
    assert np.allclose(layer.running_var.tolist(), [0.9 + 0.2, 0.9 + 20])
    assert layer.num_batches_tracked.item() == 1
    assert layer.num_batches_tracked.dtype == minigrad.int64
    assert list(layer.state_dict()) == ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
    layer.eval()
    expected = (x.array - layer.running_mean.array) / np.sqrt(layer.running_var.array + 1e-5)
    assert np.allclose(layer(x).array, expected, atol=1e-6)
    layer.reset_running_stats()
    assert layer.running_var.tolist() == [1, 1]


def test_batch_norm_with_the_mean_of_all_batches():
    layer = nn.BatchNorm1d(1, momentum=None)
    for batch in ([0.0, 2.0], [4.0, 6.0]):
        layer(tensor(batch).unsqueeze(1))
    assert layer.running_mean.tolist() == [3]
    assert layer.running_var.tolist() == [2]


def test_norms_without_parameters_or_moments():
    layer = nn.BatchNorm2d(3, affine=False, track_running_stats=False).eval()
    assert list(layer.state_dict()) == []
    x = randn(4, 3, 2, 2)
    assert layer(x).mean((0, 2, 3)).allclose(zeros(3), atol=1e-6)
    assert "bias" not in nn.BatchNorm1d(3, bias=False).state_dict()
    assert nn.LayerNorm(3, elementwise_affine=False)(ones(2, 3)).tolist() == [[0] * 3] * 2
    assert nn.GroupNorm(1, 3, affine=False)(randn(2, 3)).mean().abs().item() < 1e-6
    assert nn.RMSNorm(2, elementwise_affine=False)(tensor([3.0, 3.0])).allclose(ones(2))
    nn.InstanceNorm1d(3).eval()(randn(2, 3, 4))
    tracked = nn.InstanceNorm1d(3, track_running_stats=True)
    tracked(randn(2, 3, 4))
    assert tracked.eval()(randn(3, 4)).shape == (3, 4)
    assert nn.BatchNorm3d(2)(randn(2, 2, 2, 2, 2)).shape == (2, 2, 2, 2, 2)
    assert nn.InstanceNorm2d(2)(randn(2, 3, 3)).shape == nn.InstanceNorm3d(2)(randn(2, 3, 3, 1)).squeeze(-1).shape


def test_norms_of_other_dtypes():
    half = nn.LayerNorm(4)(tensor([[1.0, 2.0, 3.0, 4.0]], dtype="float16", requires_grad=True))
    assert half.dtype == minigrad.float32  # the weight's
    bare = F.layer_norm(tensor([[1.0, 2.0, 3.0, 4.0]], dtype="float16", requires_grad=True), (4,))
    assert bare.dtype == minigrad.float16
    bare.sum().backward()
    assert nn.LayerNorm(2)(ones(1, 2, dtype="float64")).dtype == minigrad.float64


def test_layer_norm_far_from_0_is_exact():
    x = tensor([[1e4, 1e4 + 1, 1e4 + 2]])
    np.testing.assert_allclose(F.layer_norm(x, (3,)).array, [[-1.2247, 0, 1.2247]], atol=1e-3)


@pytest.mark.parametrize("shape", [(2, 3, 4), (3, 2)])
def test_norms_to_third_order(shape):
    manual_seed(0)
    x = randn(*shape, dtype="float64", requires_grad=True)
    w = randn(shape[-1], dtype="float64", requires_grad=True)
    assert gradcheck(lambda x, w: F.layer_norm(x, w.shape, w, eps=0.1).sin(), [x, w], order=3)


# ── embeddings ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_embedding_starts_with_pytorchs_numbers():
    manual_seed(0)
    layer = nn.Embedding(3, 2, padding_idx=1)
    np.testing.assert_allclose(layer.weight[0].tolist(), [1.5409961, -0.2934289], rtol=1e-6)
    assert layer.weight[1].tolist() == [0, 0]


@pytest.mark.parametrize("rows", [3, 300])
def test_gradients_of_embedding(rows):
    layer = nn.Embedding(rows, 2, padding_idx=0)
    layer(tensor([[0, 2], [2, 1]])).sum().backward()
    assert layer.weight.grad[:3].tolist() == [[0, 0], [1, 1], [2, 2]]
    by = nn.Embedding(rows, 2, scale_grad_by_freq=True)
    by(tensor([2, 2, 1])).sum().backward()
    assert by.weight.grad[:3].tolist() == [[0, 0], [1, 1], [1, 1]]
    table = randn(rows, 2, requires_grad=True)
    for options, shares in [({"padding_idx": 2}, [1, 0]), ({"scale_grad_by_freq": True}, [1, 1]), ({}, [1, 2])]:
        rows_of = F.embedding(tensor([0, 2, 2]), table, **options)
        [first] = minigrad.autograd.grad((rows_of**2).sum(), table, create_graph=True)
        [second] = minigrad.autograd.grad(first.sum(), table)
        for row, share in zip((0, 2), shares):  # 2x, and then 2, of each time it was looked up
            assert first[row].allclose(2 * share * table[row])
            if "scale_grad_by_freq" not in options:  # which is not the derivative, so has none
                assert second[row].tolist() == [2 * share] * 2


def test_embedding_notices_that_its_indices_changed():
    layer, index = nn.Embedding(3, 2), tensor([0, 1])
    y = layer(index)
    index[0] = 2
    with pytest.raises(minigrad.MutationError):
        y.sum().backward()


def test_rows_are_kept_within_max_norm():
    layer = nn.Embedding.from_pretrained(tensor([[3.0, 4.0], [0.1, 0.0], [30.0, 40.0]]), max_norm=1.0)
    np.testing.assert_allclose(layer(tensor([0, 1])).tolist(), [[0.6, 0.8], [0.1, 0]], rtol=1e-5)
    np.testing.assert_allclose(layer.weight.tolist(), [[0.6, 0.8], [0.1, 0], [30, 40]], rtol=1e-5)
    assert not layer.weight.requires_grad
    assert layer(tensor([1])).tolist() == layer(tensor([1])).tolist()


def test_bags():
    table = tensor([[1.0, 10.0], [2.0, 20.0], [4.0, 40.0]], requires_grad=True)
    line, starts = tensor([0, 2, 1]), tensor([0, 2, 2])
    for mode, wanted in [("sum", [[5, 50], [0, 0], [2, 20]]), ("mean", [[2.5, 25], [0, 0], [2, 20]]),
                         ("max", [[4, 40], [0, 0], [2, 20]])]:  # fmt: skip
        assert F.embedding_bag(line, table, starts, mode=mode).tolist() == wanted
        assert gradcheck(
            lambda w, m=mode: F.embedding_bag(line, w, starts, mode=m), table.detach().double().requires_grad_()
        )
    assert F.embedding_bag(
        line.reshape(1, 3), table, mode="sum", per_sample_weights=tensor([[1.0, 0, 2]])
    ).tolist() == [[5, 50]]
    assert F.embedding_bag(tensor([0, 1]), table, tensor([0, 2]), mode="max", include_last_offset=True).tolist() == [
        [2, 20]
    ]
    assert F.embedding_bag(zeros(0).long(), table, tensor([0]), mode="max").tolist() == [[0, 0]]
    assert F.embedding_bag(tensor([[0, 1]]), table, padding_idx=0, mode="mean").tolist() == [[2, 20]]
    bag = nn.EmbeddingBag.from_pretrained(table.detach(), freeze=False)
    assert bag(tensor([[0, 1]])).tolist() == [[1.5, 15]]
    assert bag.weight.requires_grad


# ── the rest ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_bilinear_and_unflatten():
    layer = nn.Bilinear(2, 3, 4)
    assert max(p.abs().max().item() for p in layer.parameters()) <= 1 / np.sqrt(2)
    x, y = randn(5, 2), randn(5, 3)
    wanted = np.einsum("bi,oij,bj->bo", x.array, layer.weight.array, y.array) + layer.bias.array
    np.testing.assert_allclose(layer(x, y).array, wanted, rtol=1e-4, atol=1e-5)
    assert nn.Bilinear(2, 3, 4, bias=False)(x, y).shape == (5, 4)
    assert nn.Unflatten(-1, (2, 3))(ones(5, 6)).shape == (5, 2, 3)


def test_distances():
    x, y = tensor([[3.0, 4.0]]), tensor([[0.0, 2.0]])
    assert nn.CosineSimilarity()(x, y).tolist() == pytest.approx([0.8])
    assert nn.PairwiseDistance(1, eps=0)(x, y).tolist() == [5]
    assert F.pdist(tensor([[0.0], [3.0], [7.0]])).tolist() == [3, 7, 4]


nested = ones(2, 3)
WRONG = [
    (lambda: F.softshrink(nested, -1), "softshrink: lambd=-1 must not be negative"),
    (lambda: F.gelu(nested, "exact"), "gelu: approximate='exact': use 'none' or 'tanh'"),
    (lambda: F.glu(nested), "glu: size 3 of dimension -1 of (2, 3) cannot be halved: it must be even"),
    (lambda: F.glu(tensor(1.0)), "glu: a tensor of no dimensions cannot be halved"),
    (lambda: F.prelu(nested, ones(2)), "prelu: 2 weights for an input of shape (2, 3), which has 3 channels"),
    (lambda: F.rrelu(nested, 0.5, 0.1), "rrelu: lower=0.5 is above upper=0.1"),
    (lambda: F.celu(nested, 0), "celu: alpha must not be 0"),
    (lambda: F.hardtanh(nested, 1, -1), "hardtanh: min_val=1 is above max_val=-1"),
    (lambda: nn.Hardtanh(1, 1), "Hardtanh: max_val=1 must be larger than min_val=1"),
    (lambda: nn.Softmax2d()(nested), "Softmax2d: expected 3D or 4D input (got 2D input)"),
    (lambda: F.elu_(tensor([1])), "elu in place on a tensor of type int64: convert it first"),
    (lambda: nn.Dropout(-0.1), "Dropout: p=-0.1: a probability is between 0 and 1"),
    (lambda: F.dropout(nested, 1.5), "dropout: p=1.5: a probability is between 0 and 1"),
    (lambda: F.dropout1d(ones(3)), "dropout1d: an input of 1 dimensions: it must have 2 or 3"),
    (lambda: F.feature_alpha_dropout(ones(3), 0.5, True), "dropout of channels needs at least two dimensions"),
    (lambda: nn.LayerNorm(4)(nested), "layer_norm: normalized_shape=[4] expects an input of shape [*, 4], not [2, 3]"),
    (lambda: F.layer_norm(nested, ()), "layer_norm: normalized_shape is empty"),
    (lambda: F.layer_norm(nested, (3,), ones(2)), "layer_norm: a weight of shape (2,): its shape must be (3,)"),
    (lambda: F.layer_norm(tensor([1, 2]), (2,)), "layer_norm of a tensor of type int64: convert it first, input.float()"),
    (lambda: nn.BatchNorm1d(3)(nested[:1]), "expected more than 1 value per channel when training"),
    (lambda: nn.BatchNorm2d(3)(nested), "BatchNorm2d: expected 4D input (got 2D input, of shape (2, 3))"),
    (lambda: F.batch_norm(ones(3), None, None), "batch_norm: an input of shape (3,) has no channels"),
    (lambda: F.batch_norm(nested, None, None), "batch_norm: outside of training running_mean and running_var are needed"),
    (lambda: nn.BatchNorm1d(4, affine=False)(nested), "batch_norm: running_mean of shape (4,) for an input of shape (2, 3)"),
    (lambda: F.instance_norm(ones(2, 3, 1)), "instance_norm: expected more than 1 spatial element when training"),
    (lambda: nn.InstanceNorm1d(4, affine=True)(ones(2, 3, 5)), "expected input's size at dim=1 to match num_features (4)"),
    (lambda: nn.GroupNorm(2, 3), "GroupNorm: num_channels=3 must be divisible by num_groups=2"),
    (lambda: F.group_norm(nested, 2), "group_norm: 3 channels cannot be divided into 2 groups"),
    (lambda: F.group_norm(ones(3), 1), "group_norm: an input of shape (3,) has no channels"),
    (lambda: F.group_norm(ones(1, 1), 1), "group_norm: expected more than 1 value per group"),
    (lambda: F.local_response_norm(nested, 2), "local_response_norm: an input of shape (2, 3): it must have at least 3"),
    (lambda: F.embedding(tensor([3]), nested), "embedding: index out of range in self: 3 of 2 rows"),
    (lambda: F.embedding(tensor([-1]), nested), "embedding: index out of range in self: -1 of 2 rows"),
    (lambda: F.embedding(tensor([0.5]), nested), "embedding: indices of type float32: convert them with .long()"),
    (lambda: F.embedding(tensor([0]), ones(3)), "embedding: a weight of shape (3,): it must have two dimensions, (V, D)"),
    (lambda: F.embedding(tensor([0]), nested, padding_idx=2), "embedding: padding_idx=2 must be within the 2 rows"),
    (lambda: nn.Embedding(2, 3, padding_idx=2), "Embedding: padding_idx=2 must be within num_embeddings=2"),
    (lambda: nn.Embedding(2, 3, _weight=ones(3, 2)), "Embedding: a weight of shape (3, 2) for 2 rows of 3"),
    (lambda: nn.Embedding.from_pretrained(ones(3)), "Embedding.from_pretrained: a weight of shape (3,)"),
    (lambda: F.embedding_bag(tensor([0]), nested), "embedding_bag: an input of one dimension needs offsets"),
    (lambda: F.embedding_bag(tensor([[0]]), nested, tensor([0])), "embedding_bag: offsets with an input of two dimensions"),
    (lambda: F.embedding_bag(tensor([0]), nested, tensor([1])), "embedding_bag: offsets must start at 0, rise, and stay"),
    (lambda: F.embedding_bag(tensor(0), nested), "embedding_bag: an input of shape (): it must have one or two dimensions"),
    (lambda: F.embedding_bag(tensor([[0]]), nested, mode="min"), "embedding_bag: mode='min': use 'sum', 'mean' or 'max'"),
    (lambda: F.embedding_bag(tensor([[0]]), nested, per_sample_weights=ones(1, 1)),
     "embedding_bag: per_sample_weights with mode='mean': use mode='sum'"),
    (lambda: nn.Bilinear(0, 2, 3), "Bilinear: in1_features=0 must be positive"),
    (lambda: F.bilinear(nested, nested, ones(1, 2, 3)), "bilinear: inputs of shapes (2, 3) and (2, 3) and a weight of shape"),
    (lambda: F.cosine_similarity(tensor([1]), tensor([1]), 0), "cosine_similarity of tensors of type int64: convert them"),
    (lambda: F.pdist(ones(3)), "pdist: an input of shape (3,): it must have two dimensions, (N, D)"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "words"), WRONG, ids=[words for _, words in WRONG])
def test_what_does_not_fit(call, words):
    with pytest.raises((RuntimeError, ValueError, TypeError, IndexError, ZeroDivisionError), match=re.escape(words)):
        call()


def test_instance_norm_of_other_channels_warns():
    with pytest.warns(UserWarning, match="it is not needed, because affine=False"):
        nn.InstanceNorm1d(4)(randn(2, 3, 5))


def test_parameters_start_again():
    layer = nn.PReLU(2, 0.1)
    layer.weight.data.zero_()
    layer.reset_parameters()
    assert layer.weight.tolist() == np.float32([0.1, 0.1]).tolist()
    for norm in (nn.LayerNorm(2), nn.GroupNorm(1, 2), nn.RMSNorm(2), nn.BatchNorm1d(2)):
        norm.weight.data.zero_()
        norm.reset_parameters()
        assert norm.weight.tolist() == [1, 1]


def test_local_response_norm():
    x = tensor([[[1.0], [2.0], [3.0]]])
    squares = np.array([1 + 4, 1 + 4 + 9, 4 + 9]) / 3
    wanted = np.array([1, 2, 3]) / (2 + 0.5 * squares) ** 0.75
    np.testing.assert_allclose(nn.LocalResponseNorm(3, 0.5, 0.75, 2.0)(x).array[0, :, 0], wanted, rtol=1e-6)


def test_layers_along_channels_and_their_edges():
    assert nn.Softmax2d()(zeros(1, 4, 2, 2)).tolist() == np.full((1, 4, 2, 2), 0.25).tolist()
    assert nn.GLU()(zeros(2, 4)).tolist() == [[0, 0]] * 2
    assert nn.Hardsigmoid(True)(zeros(2)).tolist() == [0.5, 0.5]
    assert F.feature_alpha_dropout(ones(2, 2, 3), 0.0, True).tolist() == ones(2, 2, 3).tolist()
    assert F.layer_norm(zeros(2, 0, 3), (3,)).shape == (2, 0, 3)
    assert F.embedding(tensor([0], dtype="int32"), ones(1, 2)).tolist() == [[1, 1]]
    assert repr(nn.EmbeddingBag(2, 3)) == "EmbeddingBag(2, 3, mode='mean')"
    x = randn(3, 4, requires_grad=True)
    F.layer_norm(x.T, (3,)).sum().backward()
    assert x.grad.abs().max().item() < 1e-5


@pytest.mark.parametrize("x", [-65504.0, -300.0, -20.0, 20.0, 300.0, 65504.0])
def test_halves_far_out(x):
    """They are computed in float32, as in PyTorch: a half's square and exponential end early."""
    for function, value, slope in (
        (nn.functional.sigmoid, float(x > 0), 0.0),
        (lambda t: nn.functional.gelu(t, approximate="tanh"), max(x, 0.0), float(x > 0)),
    ):
        point = minigrad.tensor([x], dtype=minigrad.float16, requires_grad=True)
        y = function(point)
        y.sum().backward()
        assert abs(y.item() - value) < 1e-7
        assert abs(point.grad.item() - slope) < 1e-7
