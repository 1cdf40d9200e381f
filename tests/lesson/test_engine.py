"""Every method of the lesson against numbers worked out by hand, or by plain NumPy."""

import io
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad
from minigrad.datasets import MNIST
from minigrad.lesson import wire
from minigrad.lesson.curves import curve_of, slope_of
from minigrad.lesson.engine import ALL, METHODS, Lesson
from minigrad.lesson.state import TRAINED, layout, link

outputs = st.lists(st.floats(0, 1, width=32), min_size=10, max_size=10)


# ── the network and the digits ───────────────────────────────────────────────────────────────────────────────────────


def test_info(shared):
    info = shared.info()
    assert info["parameters"] == 13_002
    assert info["sizes"] == [784, 16, 16, 10]
    assert (info["training"], info["unseen"]) == (10_000, 10_000)
    assert [part["start"] for part in info["layout"]] == [0, 12_544, 12_560, 12_816, 12_832, 12_992]


def test_digits_of_one_label(shared):
    found = shared.digits(label=3, count=60)
    assert found["pixels"].shape == (60, 784)
    assert found["pixels"].dtype == np.uint8
    assert set(found["labels"]) == {3}
    training = shared.images()
    assert found["of"] == (training[1] == 3).sum()
    np.testing.assert_array_equal(found["pixels"], training[0][found["index"]])
    np.testing.assert_allclose(found["average"], training[0][training[1] == 3].mean(0) / 255, atol=1e-4)
    assert not np.array_equal(shared.digits(label=3, seed=1)["index"], found["index"])
    np.testing.assert_array_equal(shared.digits(label=3, seed=0)["index"], found["index"])


def test_training_and_unseen_digits_are_never_mixed(shared):
    unseen, training = MNIST(train=False), shared.images()[0]
    assert shared.digit(0, unseen=True)["label"] == int(unseen.targets[0]) == 7
    np.testing.assert_array_equal(shared.digit(5, unseen=True)["pixels"], unseen.data[5].numpy().ravel())
    assert not {row.tobytes() for row in shared.images(True)[0]} & {row.tobytes() for row in training}


def test_all_digits_on_request(lesson):
    lesson._digits = dict(lesson._digits)
    assert lesson.use_digits(60_000) == {"count": 60_000}
    assert lesson.use_digits(10_000) == {"count": 10_000}
    with pytest.raises(ValueError, match="use 10000 or 60000"):
        lesson.use_digits(5)
    with pytest.raises(TypeError, match="whole number"):
        lesson.use_digits(10_000.0)  # equal, and no number of digits
    assert lesson.train(steps=1)["steps"] == 1


def test_training_goes_on_when_there_are_fewer_digits(lesson):
    lesson._digits = dict(lesson._digits)
    lesson.use_digits(60_000)
    lesson.train(steps=1)
    lesson.use_digits(10_000)
    assert lesson.train(steps=20, batch=1000)["index"].max() < 10_000


def test_all_digits_where_they_are_not(shared, tmp_path):
    lesson = Lesson(data=tmp_path)
    lesson._digits = dict(shared._digits)
    with pytest.raises(ValueError, match="go on with the first 10,000"):
        lesson.use_digits(60_000)
    assert lesson.info()["training"] == 10_000


def test_what_would_take_minutes_is_refused(lesson):
    with pytest.raises(ValueError, match=r"10,000 steps of 1,000 digits are too many"):
        lesson.train(steps=10_000, batch=1000)
    with pytest.raises(ValueError, match=r"100 costs of 10,000 digits are too many"):
        lesson.nudge(index=0, eps=[0.1] * 100, count=10_000)


def test_a_file_of_zeros_is_not_unpacked(lesson):
    file = io.BytesIO()
    np.savez_compressed(file, zeros=np.zeros(1 << 20, np.float32))
    assert len(file.getvalue()) < 1 << 14
    with pytest.raises(ValueError, match=r"the file has 4,194,\d+ bytes unpacked"):
        lesson.load(list(file.getvalue()))


@pytest.mark.parametrize(
    ("method", "arguments", "why"),
    [
        ("count", {"sizes": 5}, "sizes is a list"),
        ("knobs", {"changes": 5, "pixels": [0] * 784}, "changes is a list"),
        ("knobs", {"changes": {"a": 1}, "pixels": [0] * 784}, "changes is a list"),
        ("slope", {"kind": "smooth", "w": 10**400}, "use a number from -1e"),
    ],
)
def test_arguments_of_the_wrong_kind_are_named(shared, method, arguments, why):
    with pytest.raises((TypeError, ValueError), match=why):
        getattr(shared, method)(**arguments)


def test_centring(shared):
    drawing = np.zeros((56, 56))
    drawing[4:44, 10:20] = 1  # a bar of 40 by 10
    found = shared.centre(drawing.ravel().tolist())
    assert found["box"] == [4, 10, 44, 20]
    assert found["scaled"].shape == (20, 5)
    np.testing.assert_array_equal(found["scaled"], 1)
    assert found["at"] == [4, 12]  # 13.5 - 9.5, and 13.5 - 2 rounded to even
    expected = np.zeros((28, 28))
    expected[4:24, 12:17] = 1
    np.testing.assert_array_equal(found["pixels"], expected.ravel())


@given(st.integers(0, 30), st.integers(0, 30))
def test_centring_does_not_mind_where_it_was_drawn(shared, down, across):
    shape = np.zeros((80, 80))
    shape[down : down + 40, across : across + 6] = 1
    shape[down : down + 8, across : across + 30] = 0.5
    there = shared.centre(shape.ravel().tolist())["pixels"]
    here = np.zeros((80, 80))
    here[:40, :6] = 1
    here[:8, :30] = 0.5
    np.testing.assert_array_equal(there, shared.centre(here.ravel().tolist())["pixels"])


def test_what_cannot_be_centred(shared):
    with pytest.raises(ValueError, match="blank"):
        shared.centre([0] * 784)
    with pytest.raises(ValueError, match="a square of 28"):
        shared.centre([1] * 100)


@pytest.mark.parametrize("net", ["mine", "random", "trained"])
def test_forward(shared, three, reference, net):
    found = shared.forward(three, net)
    acts, sums = reference(shared.weights(net)["flat"], three)
    for got, expected in zip(found["acts"] + found["z"], acts + sums, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-5)
    assert found["guess"] == acts[-1].argmax()
    told = shared.predict(three, net)
    assert told["guess"] == told["order"][0] == found["guess"]
    np.testing.assert_allclose(told["outputs"], found["acts"][3], rtol=1e-5)


def test_the_trained_network_knows_a_three(shared, three):
    assert shared.forward(three, "trained")["guess"] == 3


@pytest.mark.parametrize(("layer", "index"), [(1, 0), (1, 15), (2, 7), (3, 9)])
def test_neuron(shared, three, layer, index):
    found, whole = shared.neuron(layer, index, three), shared.forward(three)
    assert found["z"] == pytest.approx(float((found["weights"] * found["inputs"]).sum() + found["bias"]), abs=1e-5)
    assert found["z"] == pytest.approx(float(whole["z"][layer - 1][index]), abs=1e-5)
    assert found["activation"] == pytest.approx(1 / (1 + math.exp(-found["z"])), abs=1e-6)
    np.testing.assert_allclose(found["products"], found["weights"] * found["inputs"], rtol=1e-6)
    np.testing.assert_allclose(found["inputs"], whole["acts"][layer - 1], rtol=1e-5)


@pytest.mark.parametrize(
    ("index", "text"),
    [
        (0, "weight from pixel (0, 0) to neuron 0 of layer 1"),
        (5 * 784 + 14 * 28 + 9, "weight from pixel (14, 9) to neuron 5 of layer 1"),
        (12_544, "bias of neuron 0 of layer 1"),
        (12_560 + 16 + 3, "weight from neuron 3 of layer 1 to neuron 1 of layer 2"),
        (13_001, "bias of output 9"),
        (12_832, "weight from neuron 0 of layer 2 to output 0"),
    ],
)
def test_link(index, text):
    assert link(index)["text"] == text


@given(st.integers(0, 13_001))
def test_each_number_is_where_its_link_says(index):
    found = link(index)
    part = next(p for p in layout() if (p["layer"], p["kind"]) == (found["layer"], found["kind"]))
    row = found["to"] if found["from"] < 0 else found["to"] * part["shape"][1] + found["from"]
    assert part["start"] + row == index


def test_knobs(shared, three):
    bias = 13_001
    found = shared.knobs([[bias, 50.0]], three)
    assert found["outputs"][9] == pytest.approx(1)
    np.testing.assert_array_equal(found["outputs"][:9], found["before"][:9])
    assert found["old"][0] == shared.weights()["flat"][bias] != 50
    assert found["guess"] == 9


@pytest.mark.parametrize(
    ("sizes", "total"), [([784, 16, 16, 10], 13_002), ([784, 10], 7_850), ([1, 1], 2), ([2, 3, 4], 9 + 16)]
)
def test_count(shared, sizes, total):
    found = shared.count(sizes)
    assert found["total"] == total == sum(term["value"] for term in found["terms"])


def test_reset(lesson):
    first = lesson.weights()["flat"]
    lesson.train(steps=5)
    assert not np.array_equal(lesson.weights()["flat"], first)
    lesson.reset(seed=0)
    np.testing.assert_array_equal(lesson.weights()["flat"], first)
    assert lesson.info()["steps"] == 0
    wild = lesson.weights("random")["flat"]
    lesson.reset(seed=7, net="random")
    assert not np.array_equal(lesson.weights("random")["flat"], wild)
    assert 0.95 < lesson.weights("random")["flat"].std() < 1.05
    assert np.abs(first[:12_544]).max() <= 1 / 28


# ── the cost ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_costs_by_hand(shared):
    ideal = [1.0 if i == 3 else 0.0 for i in range(10)]
    assert shared.cost(ideal, 3)["total"] == 0
    assert shared.cost([0.0] * 10, 3)["total"] == 1
    assert shared.cost([1 - x for x in ideal], 3)["total"] == 10
    assert shared.cost([0.5] * 10, 3)["total"] == 2.5


@given(outputs, st.integers(0, 9))
def test_the_cost_is_the_sum_of_the_squared_gaps(shared, values, label):
    found = shared.cost(values, label)
    gaps = [value - (i == label) for i, value in enumerate(values)]
    np.testing.assert_allclose(found["diffs"], gaps, atol=1e-12)
    assert found["total"] == pytest.approx(sum(gap**2 for gap in gaps))
    assert 0 <= found["total"] <= 10


def test_ranking(shared):
    found = shared.ranking()
    assert found["order"] == ["D", "C", "A", "B"]
    costs = dict(zip(found["names"], found["costs"].tolist(), strict=True))
    assert (costs["D"], costs["A"], costs["B"]) == (10, 1, 0)
    assert 2 < costs["C"] < 3


def test_dataset_cost(shared, reference):
    images, labels = shared.images()
    found = shared.dataset_cost("random", n=50, start=20)
    acts, _ = reference(shared.weights("random")["flat"], images[20:70] / 255)
    each = ((acts[-1] - np.eye(10)[labels[20:70]]) ** 2).sum(1)
    np.testing.assert_allclose(found["costs"], each, rtol=1e-3)
    assert found["cost"] == pytest.approx(each.mean(), rel=1e-4)
    assert found["right"] == (acts[-1].argmax(1) == labels[20:70]).sum()
    assert shared.dataset_cost("trained")["cost"] < 0.1 < shared.dataset_cost("random")["cost"]


def test_test(shared):
    found = shared.test("random", start=100, count=300)
    assert found["confusion"].sum() == found["count"] == 300
    assert np.trace(found["confusion"]) == found["right"] == round(found["accuracy"] * 300)
    labels = shared.images(True)[1][100:400]
    np.testing.assert_array_equal(found["confusion"].sum(1), np.bincount(labels, minlength=10))
    wrong = found["mistakes"]
    assert (wrong["label"] != wrong["guess"]).all()
    assert (np.diff(wrong["cost"]) <= 0).all()
    np.testing.assert_array_equal(wrong["pixels"], shared.images(True)[0][wrong["index"]])
    np.testing.assert_array_equal(wrong["guess"], wrong["outputs"].argmax(1))


def test_the_mistakes_of_one_kind(shared):
    found = shared.test(net="random", count=2000)
    shows, taken = np.unravel_index((found["confusion"] * (1 - np.eye(10, dtype=np.int32))).argmax(), (10, 10))
    one = shared.test(net="random", count=2000, mistakes=1000, shows=int(shows), taken=int(taken))
    assert (one["right"], one["confusion"].tolist()) == (found["right"], found["confusion"].tolist())
    assert set(one["mistakes"]["label"]) == {shows}
    assert set(one["mistakes"]["guess"]) == {taken}
    assert len(one["mistakes"]["index"]) == found["confusion"][shows, taken] > 60
    assert set(shared.test(net="random", shows=3)["mistakes"]["label"]) == {3}


def test_chunks_of_a_test_add_up(shared):
    whole = shared.test("trained", count=10_000)
    parts = [shared.test("trained", start=start, count=2_500) for start in range(0, 10_000, 2_500)]
    assert whole["right"] == sum(part["right"] for part in parts) == 9_643
    np.testing.assert_array_equal(whole["confusion"], sum(part["confusion"] for part in parts))


# ── one number ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_smooth_curve_by_hand(shared):
    found = shared.curve1d("smooth")
    assert found["minima"].tolist() == [pytest.approx(2 / 3 * math.log(2), abs=1e-9)]
    assert abs(found["left"][0]) < 1e-6
    assert shared.slope("smooth", 0.0)["slope"] == pytest.approx((0.5 - 1) / 3)
    assert shared.slope("smooth", 0.0)["move"] == "right"
    assert shared.slope("smooth", 2.0)["move"] == "left"
    assert shared.slope("smooth", 2 / 3 * math.log(2))["move"] == "stay"


def test_the_valleys_by_hand(shared):
    found = shared.slope("valleys", 2.0)
    assert found["value"] == pytest.approx(16 / 20 - 2 + 0.4 + 2)
    assert found["slope"] == pytest.approx(8 / 5 - 2 + 1 / 5)
    assert len(shared.curve1d("valleys")["minima"]) == 2


@given(st.integers(0, 10_000))
def test_every_minimum_of_a_wild_curve(shared, seed):
    found = shared.curve1d("wild", seed=seed, n=2001)
    assert np.abs(found["left"]).max() < 1e-6
    assert found["lowest"]["value"] <= found["values"].min() + 1e-9


@given(st.floats(-4, 4), st.sampled_from(["smooth", "valleys", "wild"]))
def test_slopes_are_those_that_differences_measure(w, kind):
    curve = curve_of(kind, 3)
    values, slopes = slope_of(curve, [w - 1e-5, w, w + 1e-5])
    assert slopes[1] == pytest.approx((values[2] - values[0]) / 2e-5, abs=1e-4)


def test_balls_roll_against_the_slope(shared):
    starts = np.linspace(-4, 4, 40).tolist()
    found = shared.descend1d("wild", starts, eta=0.01, steps=400, seed=2)
    moves = np.diff(found["path"], axis=0)
    assert (moves * found["slopes"][:-1] <= 0).all()
    np.testing.assert_allclose(moves, -0.01 * found["slopes"][:-1], atol=1e-12)
    assert np.median(np.abs(found["slopes"][-1])) < 0.01
    assert found["valleys"] >= 2
    assert found["counts"].tolist() == [(found["valley"] == i).sum() for i in range(len(found["minima"]))]
    assert found["resting"] == (found["valley"] >= 0).sum() > 0
    at_rest = found["valley"] >= 0
    np.testing.assert_allclose(found["path"][-1][at_rest], found["minima"][found["valley"][at_rest]], atol=0.05)


def test_steps_by_sign_have_one_length(shared):
    found = shared.descend1d("valleys", [3.0], eta=0.25, steps=4, rule="sign")
    np.testing.assert_allclose(found["path"].ravel(), [3, 2.75, 2.5, 2.25, 2.0])


def test_a_ball_that_leaves_for_good(shared):
    found = shared.descend1d("valleys", [4.0], eta=10, steps=30)
    assert found["valley"].tolist() == [-1]


# ── two numbers ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("kind", "p", "value", "gradient"),
    [
        ("bowl", [1, -2], 2.5, [1, -2]),
        ("canyon", [2, 1], 3.6, [0.6, 6]),
        ("valleys", [1, 1], 1.2, [0.2, 1]),
        ("saddle", [1, 1], 1.1, [1, -0.6]),
    ],
)
def test_gradients_by_hand(shared, kind, p, value, gradient):
    found = shared.grad2d(kind, p)
    assert found["value"] == pytest.approx(value)
    np.testing.assert_allclose(found["gradient"], gradient, atol=1e-12)
    assert found["length"] == pytest.approx(math.hypot(*gradient))


def test_surface(shared):
    found = shared.surface("canyon", n=5)
    np.testing.assert_allclose(found["xs"], [-2, -1, 0, 1, 2])
    np.testing.assert_allclose(found["values"], 0.15 * found["xs"] ** 2 + 3 * found["ys"][:, None] ** 2)
    part = shared.surface("canyon", n=5, start=1, rows=2)
    np.testing.assert_array_equal(part["values"], found["values"][1:3])


def test_the_middle_of_the_slice_is_the_real_cost(shared):
    found = shared.surface("cost", n=3)
    assert found["values"][1, 1] == pytest.approx(shared.dataset_cost("trained", n=100)["cost"], rel=1e-4)
    assert found["values"][1, 2] > 1  # towards a network that has learned nothing
    mine = shared.surface("cost", n=3, start=1, rows=1, net="mine")
    assert mine["values"][0, 1] == pytest.approx(shared.dataset_cost("mine", n=100)["cost"], rel=1e-4)


def test_the_slice_notices_that_the_network_has_learned(lesson):
    before = lesson.grad2d("cost", [0, 0], net="mine")["value"]
    lesson.train(steps=50)
    assert lesson.grad2d("cost", [0, 0], net="mine")["value"] != before


@given(st.floats(-2, 2), st.floats(-2, 2), st.floats(0, 6.3), st.sampled_from(["bowl", "canyon", "saddle", "cost"]))
def test_no_arrow_beats_the_negative_gradient(shared, x, y, angle, kind):
    found = shared.grad2d(kind, [x, y], angle=angle)
    assert found["rate"] >= found["best"] - 1e-9
    assert found["rate"] == pytest.approx(float(found["gradient"] @ found["arrow"]), abs=1e-9)


def test_the_slice_has_the_gradient_that_differences_measure(shared):
    h = 1e-5
    right, left = (shared.grad2d("cost", [0.5 + d, -0.7])["value"] for d in (h, -h))
    assert shared.grad2d("cost", [0.5, -0.7])["gradient"][0] == pytest.approx((right - left) / (2 * h), rel=1e-4)


@pytest.mark.parametrize(("eta", "verdict"), [(0.005, "crawl"), (0.05, "fine"), (0.3, "oscillate"), (0.34, "blow up")])
def test_verdicts_on_the_canyon(shared, eta, verdict):
    found = shared.descend2d("canyon", [1.8, 1.0], eta=eta)
    assert found["verdict"] == verdict
    if verdict in ("crawl", "fine"):
        assert (np.diff(found["values"]) < 0).all()


def test_a_quick_path(shared):
    found = shared.descend2d("bowl", [2, 1], eta=0.9)
    assert (found["verdict"], found["arrived"]) == ("quick", 2)
    np.testing.assert_allclose(found["path"][:2], [[2, 1], [0.2, 0.1]])
    assert len(found["path"]) == 61


def test_a_path_that_explodes_is_cut_short(shared):
    found = shared.descend2d("valleys", [2, 2], eta=2, steps=200)
    assert found["verdict"] == "blow up"
    assert len(found["path"]) < 20


# ── the gradient ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_gradient(shared, three, reference):
    found = shared.gradient(three, 3)
    flat = shared.weights()["flat"].astype(np.float64)
    target = np.eye(10)[3]
    strong = [found["strongest"][0]["index"], 12_900, 12_600]
    for index in strong:
        costs = []
        for change in (1e-5, -1e-5):
            moved = flat.copy()
            moved[index] += change
            costs.append(((reference(moved, three)[0][-1] - target) ** 2).sum())
        assert found["flat"][index] == pytest.approx((costs[0] - costs[1]) / 2e-5, rel=1e-3, abs=1e-6)
    assert found["flat"].shape == (13_002,)
    assert found["norm"] == pytest.approx(float(np.linalg.norm(found["flat"].astype(np.float64))), rel=1e-5)
    black = np.nonzero(np.array(three) == 0)[0]
    assert (found["flat"][:12_544].reshape(16, 784)[:, black] == 0).all()
    for part in found["layers"]:
        assert part["mean"] == pytest.approx(
            float(np.abs(found["flat"][part["start"] : part["stop"]]).mean()), rel=1e-4
        )
    sizes = [abs(entry["gradient"]) for entry in found["strongest"] + found["weakest"][::-1]]
    assert sizes[0] == np.abs(found["flat"]).max()
    assert all(size > 0 for size in sizes)


def test_the_average_gradient(shared):
    one = [
        shared.gradient((shared.digit(i)["pixels"] / 255).tolist(), shared.digit(i)["label"])["flat"] for i in (0, 1)
    ]
    both = shared.gradient(start=0, count=2)["flat"]
    np.testing.assert_allclose(both, (one[0] + one[1]) / 2, rtol=1e-3, atol=1e-7)


@given(st.integers(12_544, 13_001))
def test_a_nudge_changes_the_cost_as_the_gradient_says(shared, three, index):
    eps = 1e-4
    found = shared.nudge(index, [-eps, 0, eps], three, 3)
    measured = (found["measured"][2] - found["measured"][0]) / (2 * eps)
    assert measured == pytest.approx(found["gradient"], rel=1e-3, abs=1e-6)
    assert found["measured"][1] == pytest.approx(found["cost"])
    np.testing.assert_allclose(found["line"], found["cost"] + found["gradient"] * found["eps"])
    assert found["slope"] == pytest.approx(measured, rel=1e-3, abs=1e-9)


def test_a_small_step_lowers_the_cost(lesson, three):
    before = lesson.weights()["flat"]
    found = lesson.apply_nudge(0.01, three, 3)
    assert found["after"] < found["before"]
    gradient = lesson.gradient(three, 3)
    np.testing.assert_allclose(found["weights"], before - np.float32(0.01) * gradient["flat"], atol=1e-6)
    assert found["moved"] == pytest.approx(0.01 * gradient["norm"], rel=1e-5)
    assert found["before"] == pytest.approx(gradient["cost"])
    np.testing.assert_array_equal(lesson.weights()["flat"], before)
    lesson.apply_nudge(0.01, three, 3, keep=True)
    np.testing.assert_array_equal(lesson.weights()["flat"], found["weights"])


def test_nudges_are_taken_back_and_the_steps_still_count(lesson, three):
    lesson.train(steps=7)
    before = lesson.weights()["flat"]
    for scale in (1, 1000):
        lesson.apply_nudge(scale, three, 3, keep=True)
    lesson.take_back()
    np.testing.assert_array_equal(lesson.weights()["flat"], before)
    assert (lesson.info()["steps"], lesson.info()["seen"]) == (7, 70)
    with pytest.raises(ValueError, match="no nudge of 'mine'"):
        lesson.take_back()


@pytest.mark.parametrize("move", ["step", "train", "reset", "load"])
def test_training_is_not_taken_back_with_the_nudges(lesson, three, move):
    file = lesson.save()["file"].tolist()
    lesson.apply_nudge(1, three, 3, keep=True)
    getattr(lesson, move)(**{"load": {"file": file}, "train": {"steps": 1}}.get(move, {}))
    with pytest.raises(ValueError, match="no nudge"):
        lesson.take_back()


# ── training ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_one_step(lesson):
    before = lesson.weights()["flat"]
    found = lesson.step(eta=0.5, batch=8)
    assert (found["steps"], found["seen"]) == (1, 8)
    np.testing.assert_array_equal(found["pixels"], lesson.images()[0][found["index"]])
    np.testing.assert_array_equal(found["labels"], lesson.images()[1][found["index"]])
    assert found["after"] < found["cost"]
    assert found["moved"] == pytest.approx(0.5 * found["norm"], rel=1e-4)
    assert np.linalg.norm(lesson.weights()["flat"] - before) == pytest.approx(found["moved"], rel=1e-3)


def test_steps_and_training_go_the_same_way(lesson, shared):
    other = Lesson()
    other._digits = shared._digits
    costs = [other.step()["cost"] for _ in range(20)]
    found = lesson.train(steps=20)
    np.testing.assert_allclose(found["costs"], costs, rtol=1e-4)
    np.testing.assert_allclose(lesson.weights()["flat"], other.weights()["flat"], atol=1e-5)
    assert (found["first"], found["steps"], found["seen"]) == (0, 20, 200)


def test_the_history_of_the_costs(lesson):
    assert len(lesson.history()["mean"]) == 0
    costs = [*lesson.train(steps=10)["costs"], lesson.step()["cost"]]
    whole = lesson.history()
    np.testing.assert_allclose(whole["mean"], costs, rtol=1e-6)
    assert whole["first"].tolist() == whole["last"].tolist() == list(range(1, 12))
    found = lesson.history(points=3)  # groups of 4, 4 and 3
    assert (found["first"].tolist(), found["last"].tolist()) == ([1, 5, 9], [4, 8, 11])
    parts = [costs[:4], costs[4:8], costs[8:]]
    for name, reduce in (("mean", np.mean), ("low", np.min), ("high", np.max)):
        np.testing.assert_allclose(found[name], [reduce(part) for part in parts], rtol=1e-6)
    lesson.reset(3)
    assert lesson.history()["steps"] == len(lesson.history()["mean"]) == 0


def test_training_is_a_program(lesson):
    lesson.train(steps=5)
    assert "subtract" in lesson._learn.source


def test_training_teaches_unseen_digits(lesson):
    found = lesson.train(steps=3000)
    assert lesson.test(count=10_000)["accuracy"] > 0.86
    assert found["accuracy"] > 0.86
    assert found["advice"] == ""
    assert lesson.train(ms=0)["steps"] == 3001


def test_each_digit_once_before_any_again(lesson):
    order = np.concatenate([lesson._next(1000) for _ in range(10)])
    np.testing.assert_array_equal(np.sort(order), np.arange(10_000))


def test_advice_where_eta_is_too_large(lesson):
    assert "η" in lesson.train(steps=200, eta=500)["advice"]


# ── the graph, and taking it away ────────────────────────────────────────────────────────────────────────────────────


def test_graph(shared, three):
    found = shared.graph(three, 3)
    boxes = {box["id"]: box for box in found["nodes"]}
    assert found["dot"].startswith("digraph minigrad {")
    assert all(f"{name} [" in found["dot"] for name in boxes)
    names = {box["name"]: box for box in found["nodes"] if box["name"]}
    gradient = shared.gradient(three, 3)["flat"]
    for part in layout():
        box = names[f"{'weights' if part['kind'] == 'weight' else 'biases'} {part['layer']}"]
        assert box["gradient"]["norm"] == pytest.approx(
            float(np.linalg.norm(gradient[part["start"] : part["stop"]])), rel=1e-4
        )
    assert names["pixels"]["gradient"] is None
    assert names["cost"]["value"]["numbers"][0] == pytest.approx(found["cost"])
    assert names["cost"]["gradient"]["numbers"].tolist() == [1]
    assert found["forward"] == list(boxes)
    place = {name: i for i, name in enumerate(found["backward"])}
    assert boxes[found["backward"][0]]["name"] == "cost"
    for edge in found["edges"]:
        if edge["from"] in place:
            assert place[edge["to"]] < place[edge["from"]]
    sigmoid = next(box for box in found["nodes"] if box["operation"] == "sigmoid")
    assert "def sigmoid" in sigmoid["source"]
    forward = shared.graph(three, 3, stage="forward")
    assert forward["backward"] == []
    assert all(box["gradient"] is None for box in forward["nodes"])


def test_save_and_load(lesson, three, tmp_path):
    from models import digits

    lesson.train(steps=10)
    saved = lesson.save()
    path = tmp_path / saved["name"]
    path.write_bytes(saved["file"].tobytes())
    native = digits.load(path)
    with minigrad.no_grad():
        outputs = native(minigrad.tensor([three]))[0].numpy()
    np.testing.assert_array_equal(outputs, lesson.predict(three)["outputs"])
    other = Lesson()
    assert other.load(saved["file"].tolist()) == {"parameters": 13_002, "steps": 10}
    np.testing.assert_array_equal(other.weights()["flat"], lesson.weights()["flat"])
    assert (other.info()["steps"], other.info()["seen"]) == (10, 100)
    other.train(steps=2)
    assert other.history()["first"].tolist() == [11, 12]
    assert other.load(lesson.save("trained")["file"].tolist())["steps"] == 0


def test_the_lines_that_go_on_run(lesson, tmp_path, monkeypatch):
    saved = lesson.save("trained")
    (tmp_path / saved["name"]).write_bytes(saved["file"].tobytes())
    monkeypatch.chdir(tmp_path)
    printed = io.StringIO()
    exec(saved["code"], {"print": lambda value: printed.write(str(value))})
    assert printed.getvalue() == "7"


def test_loading_something_else(lesson):
    before = lesson.weights()["flat"]
    with pytest.raises(ValueError, match="not a file that"):
        lesson.load([1, 2, 3])
    file = io.BytesIO()
    minigrad.save({"model": {"layers.0.weight": minigrad.ones(2, 2)}}, file)
    with pytest.raises(ValueError, match="no network of 784"):
        lesson.load(list(file.getvalue()))
    with pytest.raises(TypeError, match="list of bytes"):
        lesson.load("abc")
    np.testing.assert_array_equal(lesson.weights()["flat"], before)


def test_the_trained_network_is_the_one_of_models(shared):
    np.testing.assert_array_equal(
        shared.weights("trained")["flat"][:12_544], minigrad.load(TRAINED)["model"]["layers.0.weight"].numpy().ravel()
    )


@pytest.mark.parametrize("method", METHODS)
def test_every_method_shows_its_source_and_says_what_it_does(shared, method):
    found = shared.source(method)
    assert found["text"].replace("(\n    self", "(self").startswith(f"def {method}(self")
    assert found["file"].startswith("minigrad/lesson/")
    assert getattr(Lesson, method).__doc__


def test_no_source_of_what_is_no_method(shared):
    for name in ("_begin", "nonsense", "__init__", 3):
        with pytest.raises(ValueError, match="no method"):
            shared.source(name)


def test_the_prompt(lesson):
    assert lesson.run("x = 2\nprint('a')\nx + 1") == {"text": "a\n3\n", "failed": False}
    assert lesson.run("x")["text"] == "2\n"
    assert lesson.run("len(list(net.parameters()))")["text"] == "6\n"
    assert lesson.run("1 / 0") == {"text": "ZeroDivisionError: division by zero\n", "failed": True}
    assert lesson.run("if:")["failed"]
    assert "run" not in METHODS
    assert "run" in ALL


# ── what a page may get wrong ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("method", "arguments", "match"),
    [
        ("forward", {"pixels": [0.0] * 783}, "783 numbers: give 784"),
        ("forward", {"pixels": "abc"}, "a list of numbers, not str"),
        ("forward", {"pixels": [None] * 784}, "number"),
        ("forward", {"pixels": [0.0] * 784, "net": "yours"}, "use one of mine, random, trained"),
        ("digits", {"label": 10}, "from 0 to 9"),
        ("digits", {"count": True}, "whole number"),
        ("digit", {"index": 10_000}, "9,999"),
        ("neuron", {"layer": 4, "index": 0, "pixels": [0.0] * 784}, "from 1 to 3"),
        ("knobs", {"changes": [[1]], "pixels": [0.0] * 784}, "pairs"),
        ("count", {"sizes": [3]}, "2 to 10"),
        ("reset", {"net": "trained"}, "mine, random"),
        ("cost", {"outputs": [0] * 9, "label": 3}, "give 10"),
        ("slope", {"kind": "steep", "w": 0}, "smooth, valleys, wild"),
        ("slope", {"kind": "smooth", "w": float("nan")}, "nan"),
        ("surface", {"kind": "flat"}, "bowl"),
        ("descend2d", {"kind": "bowl", "p0": [1], "eta": 0.1}, "give 2"),
        ("train", {"eta": -1}, "eta"),
        ("graph", {"pixels": [0.0] * 784, "label": 3, "stage": "sideways"}, "forward, backward"),
        ("gradient", {"pixels": [0.0] * 784}, "label"),
    ],
)
def test_wrong_arguments_are_named(shared, method, arguments, match):
    with pytest.raises((TypeError, ValueError), match=match):
        getattr(shared, method)(**arguments)


def test_answers_are_short_and_plain(shared, three):
    calls = {
        "train": ({"ms": 0}, 400), "forward": ({"pixels": three}, 4_500), "weights": ({}, 53_000),
        "gradient": ({"pixels": three, "label": 3}, 57_000), "surface": ({"kind": "bowl"}, 15_000),
    }  # fmt: skip
    lesson = Lesson()
    for method, (arguments, most) in calls.items():
        content, well = wire.answer(lesson, METHODS, method, json.dumps({"kw": arguments}))
        assert well
        assert len(content) < most, method
