"""Losses: every reduction, weight and target against the formulas, and against numbers of PyTorch 2.13."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad
from minigrad import manual_seed, nn, ones, randn, tensor, zeros
from minigrad.gradcheck import gradcheck
from minigrad.nn import functional as F  # noqa: N812

REDUCTIONS = ["mean", "sum", "none"]


# ── against PyTorch's numbers ────────────────────────────────────────────────────────────────────────────────────────

SCORES = [[0.5, -1.0, 2.0], [0.0, 1.0, -0.5], [1.5, 0.25, -2.0]]
CLASSES = [2, 0, 1]
CHANCES = [[0.1, 0.2, 0.7], [1.0, 0.0, 0.0], [0.3, 0.3, 0.4]]
WEIGHT = [0.2, 1.0, 3.0]

PYTORCH = [  # target, options, the loss, its gradient by the scores
    (CLASSES, {}, [1.07693684],
     [0.05843013, 0.01303752, -0.07146766, -0.25625873, 0.20951056, 0.04674813, 0.25315773, -0.26080245, 0.0076447]),
    (CLASSES, {"reduction": "sum"}, [3.2308104],
     [0.17529039, 0.03911257, -0.21440297, -0.76877612, 0.62853169, 0.14024438, 0.7594732, -0.78240728, 0.0229341]),
    (CLASSES, {"reduction": "none"}, [0.24131133, 1.46436882, 1.52513027],
     [0.17529039, 0.03911257, -0.21440297, -0.76877612, 0.62853169, 0.14024438, 0.7594732, -0.78240728, 0.0229341]),
    (CLASSES, {"weight": WEIGHT}, [0.60522336],
     [0.12520742, 0.02793755, -0.15314499, -0.03660839, 0.02993008, 0.0066783, 0.18082696, -0.18628746, 0.0054605]),
    (CLASSES, {"weight": WEIGHT, "reduction": "none"}, [0.72393399, 0.29287377, 1.52513027],
     [0.52587116, 0.11733772, -0.64320892, -0.15375523, 0.12570634, 0.02804888, 0.7594732, -0.78240728, 0.0229341]),
    (CLASSES, {"ignore_index": 0}, [0.88322079],
     [0.0876452, 0.01955629, -0.10720149, 0, 0, 0, 0.3797366, -0.39120364, 0.01146705]),
    (CLASSES, {"ignore_index": 0, "reduction": "none"}, [0.24131133, 0, 1.52513027],
     [0.17529039, 0.03911257, -0.21440297, 0, 0, 0, 0.7594732, -0.78240728, 0.0229341]),
    (CLASSES, {"label_smoothing": 0.1}, [1.1324923],
     [0.04731901, 0.00192641, -0.04924543, -0.23403648, 0.19839944, 0.03563701, 0.24204661, -0.2385802, -0.00346641]),
    (CLASSES, {"label_smoothing": 0.1, "weight": WEIGHT, "ignore_index": 2}, [1.90672231],
     [0, 0, 0, -0.09389585, 0.13983066, -0.04593484, 0.65265453, -0.5891974, -0.06345712]),
    (CLASSES, {"label_smoothing": 1.0}, [1.63249242],
     [-0.05268098, -0.09807359, 0.15075457, -0.03403648, 0.09839946, -0.06436298, 0.14204663, -0.03858021, -0.10346641]),
    (CLASSES, {"label_smoothing": 0.2, "reduction": "none"}, [0.54131138, 1.43103552, 1.59179699],
     [0.10862372, -0.0275541, -0.08106965, -0.63544279, 0.56186503, 0.07357771, 0.69280654, -0.64907396, -0.04373257]),
    (CHANCES, {}, [1.50193679],
     [0.0250968, -0.05362915, 0.02853235, -0.25625873, 0.20951056, 0.04674813, 0.15315776, -0.02746909, -0.12568864]),
    (CHANCES, {"reduction": "sum"}, [4.50581026],
     [0.07529039, -0.16088744, 0.08559704, -0.76877612, 0.62853169, 0.14024438, 0.45947319, -0.0824073, -0.3770659]),
    (CHANCES, {"weight": WEIGHT}, [2.16230631],
     [0.12889123, -0.03641962, -0.09247164, -0.05125174, 0.04190211, 0.00934963, 0.37492609, 0.01314821, -0.38807428]),
    (CHANCES, {"label_smoothing": 0.1}, [1.51499224],
     [0.01731902, -0.05807359, 0.04075456, -0.23403649, 0.19839944, 0.03563702, 0.15204664, -0.02858021, -0.12346642]),
    (CHANCES, {"weight": WEIGHT, "label_smoothing": 0.3, "reduction": "none"}, [1.26424038, 0.87004656, 4.79349709],
     [0.32429355, -0.16005392, -0.16423973, -0.03051462, 0.25197777, -0.22146314, 1.0863235, 0.01900018, -1.10532367]),
]  # fmt: skip


def as_options(options):
    return {key: tensor(value) if key == "weight" else value for key, value in options.items()}


@pytest.mark.parametrize(("target", "options", "loss", "gradient"), PYTORCH)
def test_cross_entropy_is_pytorchs(target, options, loss, gradient):
    scores = tensor(SCORES, requires_grad=True)
    result = nn.CrossEntropyLoss(**as_options(options))(scores, tensor(target))
    np.testing.assert_allclose(np.reshape(result.tolist(), -1), loss, rtol=2e-6, atol=1e-7)
    result.sum().backward()
    np.testing.assert_allclose(scores.grad.array.reshape(-1), gradient, atol=2e-7)


# ── against the formulas ─────────────────────────────────────────────────────────────────────────────────────────────


def reduced(losses, shares, reduction):
    if reduction == "none":
        return losses
    return losses.sum() if reduction == "sum" else losses.sum() / shares.sum()


@st.composite
def classifications(draw):
    """Scores (N, C, ...) or (C), class indices, and the options that go with both."""
    n = draw(st.integers(1, 4))
    rest = draw(st.lists(st.integers(1, 3), max_size=2)) if draw(st.booleans()) else None
    shape = (n,) if rest is None else (draw(st.integers(1, 3)), n, *rest)
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    indices = rng.integers(0, n, shape[:1] * (len(shape) > 1) + shape[2:])
    options = {
        "reduction": draw(st.sampled_from(REDUCTIONS)),
        "ignore_index": draw(st.sampled_from([-100, -1, 0])),
        "weight": None if draw(st.booleans()) else tensor(rng.uniform(0.1, 2, n)),
    }
    if options["ignore_index"] == -1 and indices.size > 1:
        indices.reshape(-1)[0] = -1
    if options["ignore_index"] == 0 and not indices.any():
        options["ignore_index"] = -100  # a mean of nothing: a test of its own
    return tensor(rng.standard_normal(shape)), tensor(indices), options


def nll_by_hand(logs, indices, weight, ignore_index, reduction, smoothing=0.0):
    logs = logs[None] if logs.ndim == 1 else logs
    shape, n = np.shape(indices), logs.shape[1]
    indices = np.reshape(indices, (len(logs), *logs.shape[2:]))
    weight = np.ones(n) if weight is None else weight.array
    losses, shares = np.zeros(indices.shape), np.zeros(indices.shape)
    for at in np.ndindex(*indices.shape):
        wanted = indices[at]
        if wanted == ignore_index:
            continue
        here = -logs[(at[0], slice(None), *at[1:])] * weight
        losses[at] = (1 - smoothing) * here[wanted] + smoothing * here.sum() / n
        shares[at] = weight[wanted]
    return reduced(losses.reshape(shape), shares, reduction)


def log_softmax_by_hand(scores):
    axis = min(1, scores.ndim - 1)
    return scores - np.log(np.exp(scores).sum(axis, keepdims=True))


@given(classifications(), st.sampled_from([0.0, 0.1, 1.0]))
def test_cross_entropy_of_indices(case, smoothing):
    scores, indices, options = case
    result = F.cross_entropy(scores, indices, **options, label_smoothing=smoothing)
    wanted = nll_by_hand(log_softmax_by_hand(scores.array), indices.array, **options, smoothing=smoothing)
    assert result.shape == np.shape(wanted)
    np.testing.assert_allclose(result.array, wanted, rtol=1e-9, atol=1e-12)
    module = nn.CrossEntropyLoss(**options, label_smoothing=smoothing)
    assert module(scores, indices).tolist() == result.tolist()


@given(classifications())
def test_nll_is_cross_entropy_after_log_softmax(case):
    scores, indices, options = case
    logs = scores.log_softmax(min(1, scores.ndim - 1))
    result = F.nll_loss(logs, indices, **options)
    np.testing.assert_allclose(result.array, nll_by_hand(logs.array, indices.array, **options), atol=1e-12)
    np.testing.assert_allclose(result.array, F.cross_entropy(scores, indices, **options).array, atol=1e-12)
    assert nn.NLLLoss(**options)(logs, indices).tolist() == result.tolist()


@given(classifications(), st.sampled_from([0.0, 0.1]))
def test_one_hot_chances_cost_what_their_indices_do(case, smoothing):
    scores, indices, options = case
    if options.pop("ignore_index") == -1:
        indices = indices.clamp(0, None)
    if options["weight"] is not None and options["reduction"] == "mean":
        options["reduction"] = "sum"  # the mean over chances is not weighted, in PyTorch either
    axis = min(1, scores.ndim - 1)
    chances = F.one_hot(indices, scores.shape[axis]).double().movedim(-1, axis)
    np.testing.assert_allclose(
        F.cross_entropy(scores, chances, **options, label_smoothing=smoothing).array,
        F.cross_entropy(scores, indices, **options, label_smoothing=smoothing).array,
        rtol=1e-9,
        atol=1e-12,
    )


@given(st.lists(st.integers(1, 3), max_size=3), st.sampled_from(REDUCTIONS), st.integers(0, 99))
def test_mse_is_the_mean_of_squares(shape, reduction, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal(shape), rng.standard_normal(shape)
    result = nn.MSELoss(reduction=reduction)(tensor(x), tensor(y))
    assert result.shape == (tuple(shape) if reduction == "none" else ())
    np.testing.assert_allclose(result.array, reduced((x - y) ** 2, np.ones(shape), reduction), rtol=1e-12)


# ── gradients, of gradients too ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("shape", [(3,), (2, 3), ()])
def test_gradients_of_mse_to_second_order_by_both_sides(reduction, shape):
    manual_seed(0)
    inputs = [randn(*shape, requires_grad=True), randn(*shape, requires_grad=True)]
    assert gradcheck(lambda x, y: F.mse_loss(x, y, reduction=reduction), inputs, order=2)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 3, 2)])
def test_gradients_of_cross_entropy_to_second_order(reduction, smoothing, shape):
    manual_seed(0)
    indices = tensor(np.arange(np.prod(shape) // 3).reshape(shape[:1] * (len(shape) > 1) + shape[2:]) % 3)
    options = {"reduction": reduction, "label_smoothing": smoothing, "weight": tensor(np.array(WEIGHT))}
    scores = randn(*shape, dtype="float64", requires_grad=True)
    assert gradcheck(lambda x: F.cross_entropy(x, indices, **options, ignore_index=2), scores, order=2)
    chances = minigrad.rand(*shape, dtype="float64", requires_grad=True)
    assert gradcheck(lambda x, p: F.cross_entropy(x, p, **options), [scores, chances], order=2)


@pytest.mark.parametrize("loss", [nn.MSELoss(), nn.CrossEntropyLoss()])
def test_the_loss_of_float32_is_float32(loss):
    x = randn(4, 3, requires_grad=True)
    target = randn(4, 3) if isinstance(loss, nn.MSELoss) else tensor([0, 1, 2, 0])
    result = loss(x, target)
    result.backward()
    assert (result.dtype, x.grad.dtype) == (minigrad.float32, minigrad.float32)


def test_weights_of_classes_belong_to_the_state_of_the_loss():
    loss = nn.CrossEntropyLoss(weight=tensor(WEIGHT))
    assert list(loss.state_dict()) == ["weight"]
    assert list(nn.NLLLoss().state_dict()) == []
    assert loss.double().weight.dtype == minigrad.float64


# ── at the edges ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int32", "int64"])
def test_class_indices_of_any_integer_type(dtype):
    assert F.cross_entropy(tensor(SCORES), tensor(CLASSES, dtype=dtype)).item() == pytest.approx(1.07693684)


def test_scores_of_minus_infinity_that_are_ignored_cost_nothing():
    scores = tensor([[-np.inf, 0.0, 1.0], [1.0, 0.0, -np.inf]], requires_grad=True)
    for options in ({"reduction": "none"}, {"reduction": "sum"}, {}):
        loss = F.cross_entropy(scores, tensor([-100, 0]), **options)
        assert np.isfinite(loss.array).all()
        scores.grad = None
        loss.sum().backward()
        assert scores.grad[0].tolist() == [0, 0, 0]
        assert scores.grad[1].isfinite().all()


@pytest.mark.parametrize("loss", [F.nll_loss, F.cross_entropy, nn.NLLLoss(), nn.CrossEntropyLoss()])
def test_minus_100_is_ignored_unless_told_otherwise(loss):
    logs = tensor(SCORES).log_softmax(1)
    assert loss(logs, tensor([2, -100, -100])).item() == pytest.approx(0.24131133)


def test_huge_scores_do_not_overflow():
    loss = F.cross_entropy(tensor([[1e4, -1e4]]), tensor([1]))
    assert loss.item() == 2e4


NOTHING = [
    (lambda **o: F.mse_loss(zeros(0, 3), zeros(0, 3), **o)),
    (lambda **o: F.cross_entropy(zeros(0, 3), zeros(0, dtype="int64"), **o)),
    (lambda **o: F.cross_entropy(zeros(0, 3), zeros(0, 3), **o)),
    (lambda **o: F.cross_entropy(zeros(2, 3), tensor([-100, -100]), **o)),
    (lambda **o: F.nll_loss(zeros(2, 3), tensor([1, 1]), weight=tensor([1.0, 0, 1]), **o)),
    (lambda **o: F.cross_entropy(zeros(2, 3), tensor([7, 7]), ignore_index=7, label_smoothing=0.5, **o)),
]


@pytest.mark.parametrize("loss", NOTHING)
def test_the_mean_of_nothing_is_nan_and_its_sum_0(loss):
    with np.errstate(invalid="ignore"):
        assert np.isnan(loss().item())
    assert loss(reduction="sum").item() == 0


# ── what does not fit ────────────────────────────────────────────────────────────────────────────────────────────────

UNEQUAL = [
    ((4, 1), ones(4), "; use input.squeeze(-1), or target.unsqueeze(-1)",
     [lambda x, y: (x.squeeze(-1), y), lambda x, y: (x, y.unsqueeze(-1))]),
    ((4,), ones(4, 1), "; use target.squeeze(-1), or input.unsqueeze(-1)",
     [lambda x, y: (x, y.squeeze(-1)), lambda x, y: (x.unsqueeze(-1), y)]),
    ((4, 3), tensor([0, 1, 2, 0]), "; for class indices use nn.functional.one_hot(target, 3).float(), or cross_entropy",
     [lambda x, y: (x, nn.functional.one_hot(y, 3).float())]),
    ((4, 3), ones(12), "; use target.reshape(input.shape)", [lambda x, y: (x, y.reshape(x.shape))]),
    ((4, 3), ones(4), "", []),
    ((4, 3), tensor([0, 1, 2, 0, 1]), "", []),
    ((4, 3, 2), tensor([0, 1, 2, 0]), "", []),
    ((4,), ones(5), "", []),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "target", "hint", "remedies"), UNEQUAL)
@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_mse_never_broadcasts_and_the_remedies_work(shape, target, hint, remedies, reduction):
    x = ones(*shape)
    message = f"mse_loss: the input has shape {shape} and the target {tuple(target.shape)}: they must be equal{hint}"
    with pytest.raises(minigrad.ShapeError, match=f"^{re.escape(message)}$"):
        F.mse_loss(x, target, reduction=reduction)
    for remedy in remedies:
        a, b = remedy(x, target)
        assert F.mse_loss(a, b).item() >= 0


def test_class_indices_can_go_to_cross_entropy_instead():
    assert F.cross_entropy(ones(4, 3), tensor([0, 1, 2, 0])).item() == pytest.approx(np.log(3))


INDICES = [
    ((5, 3), ones(5, 1).long(), "need class indices of shape (5,), not (5, 1); use target.reshape((5,))",
     lambda t: t.reshape((5,))),
    ((5, 3), F.one_hot(tensor([0, 1, 2, 0, 1])), "need class indices of shape (5,), not (5, 3); for one-hot rows use "
     "target.argmax(1)", lambda t: t.argmax(1)),
    ((3,), F.one_hot(tensor(1), 3), "need class indices of shape (), not (3,); for one-hot rows use target.argmax(0)",
     lambda t: t.argmax(0)),
    ((5, 3, 2), ones(10).long(), "need class indices of shape (5, 2), not (10,); use target.reshape((5, 2))",
     lambda t: t.reshape((5, 2))),
    ((5, 3), ones(4).long(), "need class indices of shape (5,), not (4,)", None),
    ((5, 3), ones(5, 4), "need class indices of shape (5,), not (5, 4)", None),
]  # fmt: skip


@pytest.mark.parametrize(("shape", "target", "message", "remedy"), INDICES)
@pytest.mark.parametrize("kind", ["cross_entropy: scores", "nll_loss: log-probabilities"])
def test_class_indices_of_a_wrong_shape_and_the_remedy(shape, target, message, remedy, kind):
    loss = getattr(F, kind.partition(":")[0])
    with pytest.raises(minigrad.ShapeError, match=f"^{re.escape(f'{kind} of shape {shape} {message}')}$"):
        loss(ones(*shape), target)
    if remedy is not None:
        assert loss(ones(*shape), remedy(target)).shape == ()


WRONG = [
    (F.mse_loss, (tensor([1]), tensor([2])), {}, TypeError,
     "mse_loss of tensors of type int64 and int64: convert one, input.float()"),
    (F.mse_loss, (ones(2), [1.0, 2.0]), {}, TypeError,
     "mse_loss needs tensors, not a Tensor and a list: use minigrad.tensor(...)"),
    (F.mse_loss, (ones(2), ones(2)), {"reduction": "avg"}, ValueError,
     "mse_loss: reduction='avg': use 'mean', 'sum' or 'none'"),
    (F.nll_loss, (ones(2, 3), np.zeros(2, int)), {}, TypeError,
     "nll_loss needs tensors, not a Tensor and a ndarray: use minigrad.tensor(...)"),
    (F.cross_entropy, (ones(2, 3), tensor([0, 1])), {"weight": [1.0, 2.0, 3.0]}, TypeError,
     "cross_entropy needs tensors, not a Tensor and a Tensor and a list: use minigrad.tensor(...)"),
    (F.nll_loss, (ones(2, 3), ones(2)), {}, TypeError, "nll_loss: class indices of type float32: convert them with .long()"),
    (F.nll_loss, (ones(2, 3), tensor([0, 1])), {"reduction": None}, ValueError,
     "nll_loss: reduction=None: use 'mean', 'sum' or 'none'"),
    (F.cross_entropy, (ones(2, 3), tensor([True, False])), {}, TypeError,
     "cross_entropy: class indices of type bool: convert them with .long()"),
    (F.cross_entropy, (ones(2, 3), tensor([0, 3])), {}, IndexError,
     "cross_entropy: class 3 of 3: targets must be from 0 to 2"),
    (F.cross_entropy, (ones(2, 3), tensor([0, -1])), {}, IndexError,
     "cross_entropy: class -1 of 3: targets must be from 0 to 2"),
    (F.cross_entropy, (ones(2, 3), tensor([0, 1])), {"weight": ones(4)}, minigrad.ShapeError,
     "cross_entropy: weights of shape (4,) for 3 classes: give one for each, of shape (3,)"),
    (F.cross_entropy, (tensor(1.0), tensor(0)), {}, minigrad.ShapeError,
     "cross_entropy: an input of no dimensions has no classes: its shape must be (N, C, ...) or (C)"),
    (F.cross_entropy, (ones(2, 3), tensor([0, 1])), {"label_smoothing": 1.5}, ValueError,
     "cross_entropy: label_smoothing=1.5: give a number from 0 to 1"),
    (F.cross_entropy, (ones(2, 3), ones(2, 3)), {"ignore_index": 0}, ValueError,
     "cross_entropy: ignore_index=0, and the targets are probabilities, not indices"),
]  # fmt: skip


@pytest.mark.parametrize(("loss", "args", "options", "error", "message"), WRONG)
def test_what_makes_no_sense_says_so(loss, args, options, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        loss(*args, **options)


@pytest.mark.parametrize(
    ("input", "target", "loss"),
    [("int64", "float32", "float32"), ("float32", "uint8", "float32"), ("float32", "float64", "float64")],
)
def test_mse_of_two_dtypes_is_of_the_wider(input, target, loss):
    x, y = tensor([1, 2], dtype=input), tensor([3, 5], dtype=target)
    leaves = [t.requires_grad_() for t in (x, y) if t.is_floating_point()]
    result = F.mse_loss(x, y)
    assert (result.item(), result.dtype) == (6.5, getattr(minigrad, loss))
    result.backward()
    for leaf in leaves:
        assert (leaf.grad.dtype, leaf.grad.tolist()) == (leaf.dtype, [-2, -3] if leaf is x else [2, 3])


def test_class_weights_that_learn():
    x, w = (
        minigrad.tensor(v, dtype=minigrad.float64, requires_grad=True) for v in ([[1.0, 2.0], [0.0, 1.0]], [1.0, 3.0])
    )
    target = minigrad.tensor([0, 1])
    for reduction in ("none", "sum", "mean"):
        settings = {"label_smoothing": 0.2, "reduction": reduction}
        assert gradcheck(lambda x, w: nn.functional.cross_entropy(x, target, weight=w, **settings), [x, w])  # noqa: B023


# ── the other losses ─────────────────────────────────────────────────────────────────────────────────────────────────

A, B, T = [[1.0, -2.0], [0.5, 3.0]], [[0.5, 0.0], [2.0, 2.5]], [[1.0, -1.0], [-1.0, 1.0]]

OTHERS = [  # the module, its arguments, each loss
    (nn.L1Loss, {}, (A, B), [0.5, 2, 1.5, 0.5]),
    (nn.SmoothL1Loss, {}, (A, B), [0.125, 1.5, 1, 0.125]),
    (nn.SmoothL1Loss, {"beta": 2.0}, (A, B), [0.0625, 1, 0.5625, 0.0625]),
    (nn.SmoothL1Loss, {"beta": 0}, (A, B), [0.5, 2, 1.5, 0.5]),
    (nn.HuberLoss, {"delta": 0.5}, (A, B), [0.125, 0.875, 0.625, 0.125]),
    (nn.BCELoss, {}, ([0.5, 0.0, 1.0, 1.0], [1.0, 1.0, 1.0, 0.25]), [np.log(2), 100, 0, 75]),
    (nn.BCELoss, {"weight": tensor([0.5, 2.0])}, ([0.5, 0.25], [1.0, 1.0]), [np.log(2) / 2, 2 * np.log(4)]),
    (nn.BCEWithLogitsLoss, {}, ([0.0, 1000.0, -1000.0], [0.5, 1.0, 1.0]), [np.log(2), 0, 1000]),
    (nn.BCEWithLogitsLoss, {"weight": tensor([2.0, 1.0]), "pos_weight": tensor([3.0, 3.0])}, ([0.0, 0.0], [1.0, 0.0]),
     [6 * np.log(2), np.log(2)]),
    (nn.KLDivLoss, {}, ([-1.0, -2.0], [0.0, 1.0]), [0, 2]),
    (nn.KLDivLoss, {"log_target": True}, ([-1.0, -2.0], [0.0, -2.0]), [1, 0]),
    (nn.PoissonNLLLoss, {}, ([0.0, 1.0], [2.0, 3.0]), [1, np.e - 3]),
    (nn.PoissonNLLLoss, {"log_input": False, "full": True, "eps": 0.0}, ([1.0, 2.0], [2.0, 1.0]),
     [1 + 2 * np.log(2) - 2 + np.log(4 * np.pi) / 2, 2 - np.log(2)]),
    (nn.GaussianNLLLoss, {}, ([1.0, 2.0], [1.0, 0.0], [1.0, 4.0]), [0, (np.log(4) + 1) / 2]),
    (nn.GaussianNLLLoss, {"full": True, "eps": 1.0}, ([1.0, 2.0], [1.0, 0.0], [0.1, 0.1]),
     [np.log(2 * np.pi) / 2, 2 + np.log(2 * np.pi) / 2]),
    (nn.HingeEmbeddingLoss, {"margin": 2.0}, (A, T), [1, 4, 1.5, 3]),
    (nn.SoftMarginLoss, {}, (A, T), np.log1p(np.exp([-1, -2, 0.5, -3]))),
    (nn.MarginRankingLoss, {"margin": 1.0}, (A, B, T), [0.5, 0, 0, 0.5]),
    (nn.CosineEmbeddingLoss, {"margin": 0.25}, ([[3.0, 4.0], [1.0, 0.0]], [[4.0, 3.0], [3.0, 4.0]], [1.0, -1.0]), [0.04, 0.35]),
    (nn.TripletMarginLoss, {"eps": 0.0}, ([[0.0, 0.0]], [[3.0, 4.0]], [[0.0, 2.0]]), [4]),
    (nn.TripletMarginLoss, {"eps": 0.0, "p": 1, "swap": True}, ([[0.0, 0.0]], [[3.0, 4.0]], [[3.0, 3.0]]), [7]),
    (nn.TripletMarginWithDistanceLoss, {"margin": 2.0}, ([[0.0]], [[3.0]], [[2.0]]), [3]),
    (nn.TripletMarginWithDistanceLoss, {"distance_function": lambda x, y: (x - y).abs().sum(-1)}, ([[0.0]], [[3.0]], [[2.0]]),
     [2]),
    (nn.MultiMarginLoss, {}, ([[1.0, 2.0, 0.5]], [0]), [(2 + 0.5) / 3]),
    (nn.MultiMarginLoss, {"p": 2, "margin": 2.0, "weight": tensor([2.0, 1.0, 1.0])}, ([[1.0, 2.0, 0.5]], [0]),
     [2 * (9 + 2.25) / 3]),
    (nn.MultiLabelMarginLoss, {}, ([[0.1, 0.2, 0.4, 0.8]], [[3, 0, -1, 1]]), [0.85]),
    (nn.MultiLabelSoftMarginLoss, {"weight": tensor([1.0, 3.0])}, ([[0.0, 0.0]], [[1.0, 0.0]]), [2 * np.log(2)]),
]  # fmt: skip


@pytest.mark.parametrize(("module", "options", "operands", "losses"), OTHERS)
def test_other_losses(module, options, operands, losses):
    tensors = [tensor(a) for a in operands]
    losses = np.asarray(losses, float)
    found = {reduction: module(**options, reduction=reduction)(*tensors) for reduction in REDUCTIONS}
    np.testing.assert_allclose(found["none"].array.reshape(-1), losses, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found["sum"].item(), losses.sum(), rtol=1e-5)
    np.testing.assert_allclose(found["mean"].item(), losses.mean(), rtol=1e-5)


def test_losses_of_one_example_without_a_batch():
    assert F.multi_margin_loss(tensor([1.0, 2.0, 0.5]), tensor(0)).item() == pytest.approx(2.5 / 3)
    assert F.multilabel_margin_loss(tensor([0.1, 0.2, 0.4, 0.8]), tensor([3, 0, -1, 1])).item() == pytest.approx(0.85)
    assert F.cosine_embedding_loss(tensor([3.0, 4.0]), tensor([4.0, 3.0]), tensor(1)).item() == pytest.approx(0.04)
    assert F.kl_div(tensor(-1.0), tensor(1.0), reduction="batchmean").item() == 1
    assert F.kl_div(tensor([-1.0, -1.0]), tensor([0.0, 1.0]), reduction="none").tolist() == [0, 1]
    with np.errstate(invalid="ignore"):
        assert np.isnan(F.kl_div(tensor(-1.0), tensor(-0.5)).item())


def test_divergence_is_the_sum_over_the_batch():
    p, q = tensor([[0.25, 0.75], [0.5, 0.5]]), tensor([[0.5, 0.5], [0.5, 0.5]])
    wanted = (0.25 * np.log(0.5) + 0.75 * np.log(1.5)) / 2
    assert F.kl_div(q.log(), p, reduction="batchmean").item() == pytest.approx(wanted, rel=1e-5)


def test_variances_of_one_dimension_less_or_a_number():
    x, y = tensor(A), tensor(B)
    full = F.gaussian_nll_loss(x, y, tensor([[2.0, 2.0], [3.0, 3.0]])).item()
    for var in (tensor([2.0, 3.0]), tensor([[2.0], [3.0]])):
        assert F.gaussian_nll_loss(x, y, var).item() == pytest.approx(full)
    assert F.gaussian_nll_loss(x, y, 2.0).item() == pytest.approx(F.gaussian_nll_loss(x, y, x * 0 + 2).item())


def test_weights_of_each_element():
    x, y, w = tensor(A), tensor(B), tensor([[1.0, 0.0], [2.0, 1.0]])
    assert F.mse_loss(x, y, weight=w, reduction="none").tolist() == [[0.25, 0], [4.5, 0.25]]
    assert F.l1_loss(x, y, weight=w).item() == (0.5 + 3 + 0.5) / 4
    assert F.huber_loss(x, y, weight=w, reduction="sum").item() == 0.125 + 2 + 0.125
    with pytest.raises(minigrad.ShapeError, match=r"mse_loss: a weight of shape \(2,\) for losses of shape \(2, 2\)"):
        F.mse_loss(x, y, weight=w[0])


@pytest.mark.parametrize(
    ("average", "reduce", "word"),
    [(True, None, "mean"), (False, None, "sum"), (None, True, "mean"), (None, False, "none"), (False, False, "none")],
)
def test_pytorchs_old_words_for_reduction(average, reduce, word):
    with pytest.warns(UserWarning, match=f"please use reduction='{word}' instead"):
        loss = nn.MSELoss(average, reduce)
    assert loss.reduction == word
    with pytest.warns(UserWarning, match="will be deprecated"):
        result = F.binary_cross_entropy(tensor([0.5, 0.5]), tensor([1.0, 1.0]), size_average=average, reduce=reduce)
    assert result.sum().item() == pytest.approx(np.log(2) * (1 if word == "mean" else 2))


@pytest.mark.parametrize(
    ("loss", "name"),
    [
        (lambda x: F.mse_loss(x, x.detach() * 2), "MseLoss"), (lambda x: F.cross_entropy(x, tensor([0])), "NllLoss"),
        (lambda x: F.nll_loss(x, tensor([0])), "NllLoss"), (lambda x: F.smooth_l1_loss(x, x.detach()), "SmoothL1Loss"),
        (lambda x: F.binary_cross_entropy(x, x.detach()), "BinaryCrossEntropy"),
        (lambda x: F.binary_cross_entropy_with_logits(x, x.detach()), "BinaryCrossEntropyWithLogits"),
    ],
)  # fmt: skip
def test_losses_print_as_in_pytorch(loss, name):
    assert repr(loss(tensor([[0.25, 0.5]], requires_grad=True)).grad_fn) == f"<{name}Backward0>"


def test_targets_that_change_before_the_gradient_is_taken_are_noticed():
    target = tensor([0, 1])
    loss = F.cross_entropy(ones(2, 3, requires_grad=True), target)
    target[0] = 2
    with pytest.raises(minigrad.MutationError):
        loss.backward()


def test_gradients_where_all_is_ignored_are_0():
    scores = zeros(2, 3, requires_grad=True)
    loss = F.cross_entropy(scores, tensor([-100, -100]))
    loss.backward()
    assert np.isnan(loss.item())
    assert scores.grad.tolist() == [[0] * 3] * 2


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 2), (3,)])
def test_cross_entropy_to_third_order(shape):
    manual_seed(0)
    x = randn(*shape, dtype="float64", requires_grad=True)
    target = tensor(np.arange(np.prod(shape) // 3).reshape(shape[:1] * (len(shape) > 1) + shape[2:]) % 3)
    for reduction in ("mean", "none"):
        assert gradcheck(lambda x, r=reduction: F.cross_entropy(x, target, reduction=r).sin(), x, order=3)


REFUSED = [
    (lambda: F.binary_cross_entropy(tensor([1.5]), tensor([1.0])), RuntimeError,
     "binary_cross_entropy: all elements of input should be between 0 and 1"),
    (lambda: F.binary_cross_entropy(tensor([np.nan]), tensor([1.0])), RuntimeError, "should be between 0 and 1"),
    (lambda: F.binary_cross_entropy(ones(2), ones(2, 1)), ValueError, "they must be equal; use target.squeeze(-1)"),
    (lambda: F.huber_loss(ones(2), ones(2), delta=0), RuntimeError, "huber_loss: delta=0 must be positive"),
    (lambda: F.smooth_l1_loss(ones(2), ones(2), beta=-1), RuntimeError, "smooth_l1_loss: beta=-1 must not be negative"),
    (lambda: F.gaussian_nll_loss(ones(2), ones(2), tensor([-1.0, 1])), ValueError, "var has negative entries"),
    (lambda: F.gaussian_nll_loss(ones(2, 3), ones(2, 3), ones(3)), ValueError,
     "var has shape (3,) for an input of shape (2, 3)"),
    (lambda: F.triplet_margin_loss(ones(2, 2), ones(2, 2), ones(2)), RuntimeError, "they must have as many dimensions"),
    (lambda: F.triplet_margin_loss(ones(2), ones(2), ones(2), margin=0), ValueError, "margin=0 must be greater than 0"),
    (lambda: F.margin_ranking_loss(ones(2), ones(2), tensor(1.0)), RuntimeError, "they must have as many dimensions"),
    (lambda: F.cosine_embedding_loss(ones(2, 2), ones(2, 2), ones(2, 2)), RuntimeError, "use (N, D) and (N), or (D) and ()"),
    (lambda: F.multi_margin_loss(ones(2, 3), tensor([0, 1]), p=3), ValueError, "multi_margin_loss: p=3: use 1 or 2"),
    (lambda: F.multilabel_margin_loss(ones(2, 3), tensor([0, 1])), RuntimeError, "they must be equal, (N, C) or (C)"),
    (lambda: F.multilabel_margin_loss(ones(2), tensor([0, 2])), IndexError, "multilabel_margin_loss: class 2 of 2"),
    (lambda: F.kl_div(ones(2), ones(2), reduction="average"), ValueError, "kl_div: reduction='average'"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "words"), REFUSED, ids=[words for _, _, words in REFUSED])
def test_other_losses_refuse(call, error, words):
    with pytest.raises(error, match=re.escape(words)):
        call()


def test_multilabel_soft_margin_loss_is_the_mean_of_its_classes():
    x = tensor([[0.5, -1.0, 2.0], [0.0, 1.0, -2.0]])
    y = tensor([[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])
    each = np.log1p(np.exp(-x.array)) * y.array + np.log1p(np.exp(x.array)) * (1 - y.array)
    assert F.multilabel_soft_margin_loss(x, y).item() == pytest.approx(each.mean(), rel=1e-6)
    assert nn.MultiLabelSoftMarginLoss(reduction="none")(x, y).tolist() == pytest.approx(
        each.mean(1).tolist(), rel=1e-6
    )


def test_triplet_margin_with_distance_loss_takes_a_distance_of_ones_own():
    a, p, n = (tensor([[v, 0.0]]) for v in (0.0, 1.0, 1.5))

    def city(x, y):
        return (x - y).abs().sum(-1)

    assert F.triplet_margin_with_distance_loss(a, p, n, distance_function=city).item() == pytest.approx(0.5)
    assert nn.TripletMarginWithDistanceLoss(distance_function=city, margin=0.2)(a, p, n).item() == 0.0
