"""Pictures of learning: each function draws what it is given on the axes it is given. No window is opened."""

import re
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad
from minigrad import plot

pytest.importorskip("matplotlib", reason="pictures need the extra minigrad[mnist]")


def axes():
    return plot.figure().add_subplot()


def drawn(ax):
    """Draw it all, as saving would: warnings are errors."""
    ax.figure.draw_without_rendering()


def test_a_figure_has_the_size_asked_for_and_no_window():
    figure = plot.figure(3, 2)
    assert figure.get_size_inches().tolist() == [3, 2]
    assert figure.axes == []
    assert figure.canvas.manager is None


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch):
    for name in ("matplotlib", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, name, None)
    message = 'pictures need matplotlib: pip install "minigrad[mnist]"'
    with pytest.raises(ImportError, match=f"^{re.escape(message)}$"):
        plot.figure()


def test_the_package_does_not_import_matplotlib(monkeypatch):
    monkeypatch.delitem(sys.modules, "minigrad.plot")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    __import__("minigrad.plot")


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=1, max_size=8))
def test_learning_curves_have_a_point_per_epoch_and_end_in_their_legend(history):
    ax = axes()
    training, unseen = ([pair[i] for pair in history] for i in (0, 1))
    assert plot.learning_curves(training, unseen, unit="%", ax=ax) is ax
    one, other = ax.lines
    for line, values in ((one, training), (other, unseen)):
        assert line.get_xdata().tolist() == list(range(1, len(history) + 1))
        assert list(line.get_ydata()) == values
    assert one.get_color() != other.get_color()
    assert one.get_marker() != other.get_marker()
    texts = [text.get_text() for text in ax.get_legend().get_texts()]
    assert texts == [f"training: {training[-1]:.4g} %", f"test: {unseen[-1]:.4g} %"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "cost, %")


@pytest.mark.parametrize("epochs", [1, 2, 3, 20, 100])
def test_epochs_are_whole_numbers(epochs):
    ax = plot.learning_curves([50.0] * epochs, [40.0] * epochs)
    drawn(ax)
    assert all(float(tick).is_integer() for tick in ax.get_xticks())


def shown(ax):
    """The one image of a mosaic, and its titles with their places."""
    (image,) = ax.images
    return image, {text.get_text(): text.get_position() for text in ax.texts}


@given(st.integers(1, 12), st.integers(1, 6), st.integers(0, 9))
def test_digits_show_every_image_whole_under_its_title(n, columns, seed):
    images = np.random.default_rng(seed).integers(1, 256, (n, 5, 4))
    titles = [f"title {i}" for i in range(n)]
    ax = axes()
    assert plot.digits(images, titles, columns=columns, ax=ax) is ax
    image, places = shown(ax)
    page = image.get_array()
    assert list(places) == titles
    assert page.count() == images.size  # every pixel once, and nothing between the images
    width = min(columns, n)
    for i, title in enumerate(titles):
        x, y = places[title]
        left, top = int(x - 2), int(y) + 2
        assert (page[top : top + 5, left : left + 4] == images[i]).all()
        assert (left // 8, top // 14) == (i % width, i // width)
    assert not ax.axison


def test_no_digits_at_all_are_an_empty_picture():
    ax = axes()
    assert plot.digits(np.zeros((0, 28, 28)), [], ax=ax) is ax
    assert len(ax.images) == 0
    drawn(ax)


def test_digits_are_drawn_without_a_warning():
    ax = axes()
    plot.digits(np.arange(3 * 784).reshape(3, 28, 28), "abc", ax=ax)
    drawn(ax)


def test_a_title_short_is_an_error():
    with pytest.raises(ValueError, match="shorter"):
        plot.digits(np.zeros((2, 28, 28)), ["one"])


@pytest.mark.parametrize("weight", [np.ones, minigrad.ones], ids=["array", "tensor"])
def test_weights_may_be_an_array_or_a_tensor(weight):
    ax = axes()
    plot.weight_images(weight((3, 784)), ax=ax)
    assert shown(ax)[0].get_array().count() == 3 * 784


def test_weight_images_share_one_scale_that_is_even_about_0():
    ax = axes()
    weight = np.random.default_rng(0).standard_normal((10, 9)) * np.arange(1, 11)[:, None]
    assert plot.weight_images(weight, columns=4, ax=ax) is ax
    image, places = shown(ax)
    low, high = image.get_clim()
    assert low == -high == -np.quantile(np.abs(weight), 0.99)
    assert list(places) == [f"neuron {i}" for i in range(10)]
    assert sorted(image.get_array().compressed()) == sorted(weight.reshape(-1))
    red, _, blue, _ = image.get_cmap()(1.0)
    assert blue > red  # what excites is blue, as the title says
    assert ax.get_title() == "blue: a bright pixel here excites the neuron; red: inhibits it"
    drawn(ax)


def test_weights_of_zero_have_a_scale_too():
    ax = axes()
    plot.weight_images(np.zeros((2, 4)), ax=ax)
    assert shown(ax)[0].get_clim() == (-1, 1)
    drawn(ax)


@given(st.integers(1, 10), st.integers(0, 99))
def test_confusion_shades_mistakes_and_writes_every_number_that_is_not_0(n, seed):
    rng = np.random.default_rng(seed)
    table = rng.integers(0, 50, (n, n)) * rng.integers(0, 2, (n, n))
    ax = axes()
    assert plot.confusion(table.tolist(), ax=ax) is ax
    shades = ax.images[0].get_array()
    rates = 100 * table / np.maximum(table.sum(1, keepdims=True), 1)
    off = ~np.eye(n, dtype=bool)
    assert (shades.mask == ~off).all()
    assert np.allclose(shades[off], rates[off])
    written = {(int(y), int(x)): int(text.get_text().split()[0]) for text in ax.texts for x, y in [text.get_position()]}
    assert written == {(i, j): table[i, j] for i, j in np.ndindex(n, n) if table[i, j]}
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("read as", "what it is (how many)")
    assert ax.get_xticks().tolist() == ax.get_yticks().tolist() == list(range(n))
