"""Pictures of learning: what is drawn are the numbers that were given. How it looks: test_plot_images.py."""

import inspect
import re
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import minigrad
from minigrad import plot
from minigrad.errors import ShapeError
from minigrad.plot import style

pytest.importorskip("matplotlib", reason="pictures need the extra minigrad[mnist]")

from matplotlib import rc_context
from matplotlib.colors import to_rgb
from matplotlib.text import Text

RNG = np.random.default_rng(0)
LAYERS = [RNG.standard_normal((4, 9)), RNG.standard_normal((3, 4))]
EVERY = {
    "learning_curves": lambda **o: plot.learning_curves([3.0, 2.0, 1.0], [3.0, 2.5, 1.5], smoothing=0.5, **o),
    "gradient_distribution": lambda **o: plot.gradient_distribution({"a": RNG.random((5, 4)), "b": RNG.random((5, 2, 3))}, **o),
    "digits": lambda **o: plot.digits(RNG.random((3, 5, 5)), ["a", "b", "c"], **o),
    "weight_images": lambda **o: plot.weight_images(RNG.standard_normal((3, 16)), **o),
    "mistakes": lambda **o: plot.mistakes(RNG.random((4, 5, 5)), [0, 1, 0, 1], np.eye(2)[[1, 1, 1, 1]], **o),
    "activations": lambda **o: plot.activations(RNG.random((20, 4)), **o),
    "confusion": lambda **o: plot.confusion([[5, 1], [2, 7]], **o),
    "cost_slice": lambda **o: plot.cost_slice([-1, 0, 1], [1, 0.5, 1], path=[[-1, 1], [0, 0.5]], **o),
    "cost_surface": lambda **o: plot.cost_surface([-1, 0, 1], [0, 1], [[1, 2, 3], [2, 3, 4]], path=[[1, 1], [0, 0]], **o),
    "strips": lambda **o: plot.strips([LAYERS[0], np.ones(4), LAYERS[1]], [LAYERS[0], np.ones(4), LAYERS[1]], **o),
    "nudges": lambda **o: plot.nudges(LAYERS, image=np.ones((3, 3)), activations=[np.ones(4), np.zeros(3)], **o),
}  # fmt: skip
DRAWS = pytest.mark.parametrize("name", EVERY)


def axes():
    return plot.figure().add_subplot()


def drawn(ax):
    """Draw it all, as saving would: warnings are errors."""
    ax.figure.draw_without_rendering()


def texts(ax):
    """Every text that can be seen, of the whole figure."""
    return [text for text in ax.figure.findobj(Text) if text.get_visible() and text.get_text()]


def labels(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


# ── what all of them have in common ──────────────────────────────────────────────────────────────────────────────────


def test_every_function_that_draws_is_here():
    takes_axes = {name for name in plot.__all__ if "ax" in inspect.signature(getattr(plot, name)).parameters}
    assert takes_axes == set(EVERY)


@DRAWS
def test_a_notebook_shows_the_axes_that_are_returned_as_a_picture(name):
    assert EVERY[name]()._repr_png_().startswith(b"\x89PNG")


@DRAWS
def test_the_form_is_data_then_options_then_axes_and_theme(name):
    parameters = inspect.signature(getattr(plot, name)).parameters
    assert list(parameters)[-2:] == ["ax", "theme"]
    assert [parameters[key].default for key in ("ax", "theme")] == [None, None]
    assert all(p.default is not p.empty for p in parameters.values() if p.kind is p.KEYWORD_ONLY), (
        "an option has a default"
    )


@DRAWS
def test_it_draws_on_the_axes_it_is_given_and_on_its_own_without(name):
    ax = axes()
    assert EVERY[name](ax=ax) is ax
    own = EVERY[name]()
    assert own is not ax
    assert own.figure.canvas.manager is None  # no window
    for one in (ax, own):
        assert one.has_data()
        drawn(one)


@DRAWS
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_has_contrast_in_both_themes(name, theme):
    ax = EVERY[name](theme=theme)
    drawn(ax)
    paper = style.luminance(ax.figure.get_facecolor())
    assert (paper < 0.1) == (theme == "dark")
    for text in texts(ax):
        if name == "confusion" and text in ax.texts:
            continue  # these stand on shades: tested below
        light, dark = sorted((style.luminance(text.get_color()), paper), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, text.get_text()


@DRAWS
def test_without_a_theme_it_follows_matplotlibs_settings(name):
    with rc_context({"figure.facecolor": "#001122", "axes.facecolor": "#001122", "text.color": "#ffeedd"}):
        ax = EVERY[name]()
        colours = {to_rgb(text.get_color()) for text in [*ax.texts, ax.title] if text.get_text()}
    assert to_rgb(ax.figure.get_facecolor()) == to_rgb("#001122")
    if name not in ("activations", "confusion"):  # whose numbers stand on shades
        assert colours <= {to_rgb("#ffeedd")}


@DRAWS
def test_an_unknown_theme_is_refused(name):
    with pytest.raises(ValueError, match=r"^theme 'blue': use 'light', 'dark', or None for matplotlib's settings$"):
        EVERY[name](theme="blue")


@DRAWS
@pytest.mark.parametrize("ending", ["svg", "png"])
def test_it_can_be_saved(name, ending, tmp_path):
    EVERY[name]().figure.savefig(tmp_path / f"x.{ending}")
    assert (tmp_path / f"x.{ending}").read_bytes()[:5] == {"svg": b"<?xml", "png": b"\x89PNG\r"}[ending]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_lines_have_contrast_and_differ(theme):
    look = style.Look(theme, style.PAPER[theme], style.INK[theme])
    colours = [look.colour(i) for i in range(6)]
    assert len(set(colours)) == 6
    assert look.colour(6) == look.colour(0)
    paper = style.luminance(look.paper)
    for colour in (*colours, look.quiet):
        light, dark = sorted((style.luminance(colour), paper), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 3


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_blue_is_positive_and_zero_is_near_the_paper(theme):
    look = style.Look(theme, style.PAPER[theme], style.INK[theme])
    for at, more, less in ((0.8, 2, 0), (1.0, 2, 0), (0.2, 0, 2), (0.0, 0, 2)):
        colour = look.diverging(at)
        assert colour[more] > colour[less]
    assert abs(style.luminance(look.diverging(0.5)) - style.luminance(look.paper)) < 0.1
    assert look.diverging(np.nan)[3] == 0  # no number, no colour


# How the three kinds of dichromats see (linear) red, green and blue: G. Machado, M. Oliveira and L. Fernandes, A
# physiologically-based model for simulation of color vision deficiency, IEEE TVCG 15(6), 2009, severity 1.
VISION = {
    "all three": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


def seen(colour, vision):
    """A colour in CIE Lab, as it is seen."""
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ np.clip(np.array(VISION[vision]) @ linear, 0, 1) / to_xyz.sum(1)
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colours_are_told_apart_by_every_kind_of_colour_vision(theme, vision):
    look = style.Look(theme, style.PAPER[theme], style.INK[theme])
    series = [seen(look.colour(i), vision) for i in range(6)]
    assert min(np.linalg.norm(a - b) for i, a in enumerate(series) for b in series[:i]) >= 20
    for far in (0.15, 0.3, 0.5):
        positive, negative = (seen(look.diverging(0.5 + sign * far), vision) for sign in (1, -1))
        assert np.linalg.norm(positive - negative) >= 20, far


def test_a_figure_has_the_size_asked_for_and_no_window():
    figure = plot.figure(3, 2)
    assert figure.get_size_inches().tolist() == [3, 2]
    assert figure.axes == []
    assert figure.canvas.manager is None
    assert figure._repr_png_().startswith(b"\x89PNG")  # what a notebook asks for


def test_without_matplotlib_the_error_says_what_to_install(monkeypatch):
    for name in ("matplotlib", "matplotlib.figure"):
        monkeypatch.setitem(sys.modules, name, None)
    message = 'pictures need matplotlib: pip install "minigrad[mnist]"'
    with pytest.raises(ImportError, match=f"^{re.escape(message)}$"):
        plot.figure()
    with pytest.raises(ImportError, match=f"^{re.escape(message)}$"):
        plot.learning_curves([1.0])


def test_the_package_does_not_import_matplotlib(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("minigrad.plot")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    __import__("minigrad.plot")


@pytest.mark.parametrize("make", [np.asarray, list, minigrad.tensor, lambda x: minigrad.tensor(x, requires_grad=True)],
                         ids=["array", "list", "tensor", "tensor that requires grad"])  # fmt: skip
def test_data_may_be_an_array_a_list_or_a_tensor(make):
    assert plot.learning_curves(make([3.0, 1.0])).lines[0].get_ydata().tolist() == [3, 1]
    assert plot.weight_images(make([[1.0, 2.0, 3.0, 4.0]])).images[0].get_array().count() == 4
    assert [bar.get_height() for bar in plot.activations(make([0.5, 0.25])).patches] == [0.5, 0.25]
    assert plot.cost_slice(make([0.0, 1.0]), make([2.0, 1.0])).lines[0].get_ydata().tolist() == [2, 1]
    assert len(plot.nudges([make([[1.0, 2.0]])]).collections[0].get_segments()) == 2
    assert plot.strips([make([[1.0, 2.0]])], [make([[3.0, 4.0]])], rows=1).images[1].get_array().tolist() == [[-3, -4]]


# ── curves ───────────────────────────────────────────────────────────────────────────────────────────────────────────


NUMBERS = arrays(float, st.integers(1, 12), elements=st.floats(-100, 100))


@given(NUMBERS, st.floats(0, 0.99))
def test_smoothed_is_the_weighted_mean_of_all_before(values, weight):
    found = plot.smoothed(values, weight)
    for i in range(len(values)):
        weights = weight ** np.arange(i, -1, -1.0)
        assert np.isclose(found[i], (weights * values[: i + 1]).sum() / weights.sum(), atol=1e-9)
    if weight == 0:
        assert found.tolist() == values.tolist()


def test_smoothed_leaves_out_what_is_no_number():
    assert plot.smoothed([np.nan, 2.0, np.inf, 4.0], 0.5).tolist()[1:] == [2, 2, (4 + 2 / 4) / (1 + 1 / 4)]
    assert np.isnan(plot.smoothed([np.nan])[0])


@pytest.mark.parametrize("weight", [-0.1, 1, 2])
def test_a_smoothing_that_is_none_is_refused(weight):
    with pytest.raises(ValueError, match=f"^smoothing {weight}: use a number from 0"):
        plot.learning_curves([1.0], smoothing=weight)


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0, 100)), min_size=1, max_size=8))
def test_learning_curves_have_a_point_per_epoch_and_end_in_their_legend(history):
    ax = axes()
    training, unseen = ([pair[i] for pair in history] for i in (0, 1))
    plot.learning_curves(training, unseen, unit="%", ax=ax)
    one, other = ax.lines
    for line, values in ((one, training), (other, unseen)):
        assert line.get_xdata().tolist() == list(range(1, len(history) + 1))
        assert list(line.get_ydata()) == values
    assert one.get_color() != other.get_color()
    assert one.get_marker() != other.get_marker()
    assert labels(ax) == [f"training: {training[-1]:.4g} %", f"test: {unseen[-1]:.4g} %"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "cost, %")


def test_a_smoothed_curve_has_the_raw_one_pale_behind_it():
    values = np.array([3.0, 1.0, 2.0, 0.0])
    raw, curve = plot.learning_curves(values, smoothing=0.75).lines
    assert raw.get_ydata().tolist() == values.tolist()
    assert curve.get_ydata().tolist() == plot.smoothed(values, 0.75).tolist()
    assert raw.get_color() == curve.get_color()
    assert raw.get_alpha() < 0.5
    assert raw.get_zorder() <= curve.get_zorder()
    assert labels(raw.axes) == ["training, as measured", "training, mean of the last 4 or so: 1.217"]


def test_averages_taken_while_it_learned_say_so_and_stand_in_the_middle_of_their_epoch():
    ax = plot.learning_curves([80, 90], [85, 91], running=True, names=("training digits", "unseen digits"), unit="%")
    assert [line.get_xdata().tolist() for line in ax.lines] == [[0.5, 1.5], [1, 2]]
    assert labels(ax) == ["training digits, averaged while it learns: 90 %", "unseen digits: 91 %"]


def test_tests_stand_where_they_were_made():
    ax = plot.learning_curves(range(10), [5, 1], steps=range(0, 100, 10), test_steps=[50, 100], per="step", log=True)
    assert ax.get_yscale() == "log"
    assert ax.lines[1].get_xdata().tolist() == [50, 100]
    assert ax.get_xlabel() == "step"
    for wrong in (
        lambda: plot.learning_curves([1, 2, 3], [1]),
        lambda: plot.learning_curves([1, 2, 3], steps=[1]),
        lambda: plot.learning_curves([1, 2, 3], [1], test_steps=[1, 2]),
        lambda: plot.learning_curves([]),
        lambda: plot.learning_curves([[1, 2]]),
    ):
        with pytest.raises(ShapeError, match=r"say when|one for each|at least one"):
            wrong()


@pytest.mark.parametrize("epochs", [1, 2, 3, 20, 100])
def test_epochs_are_whole_numbers(epochs):
    ax = plot.learning_curves([50.0] * epochs, [40.0] * epochs)
    drawn(ax)
    assert all(float(tick).is_integer() for tick in ax.get_xticks())


@pytest.mark.parametrize(
    ("values", "where"), [(np.linspace(1, 0, 50) ** 3, "upper right"), (1 - np.linspace(1, 0, 50) ** 3, "lower right")]
)
def test_a_legend_stands_where_the_curve_is_not(values, where):
    ax = plot.learning_curves(values, per="step")
    drawn(ax)
    box = ax.get_legend().get_window_extent().transformed(ax.transAxes.inverted())
    assert (box.x0 > 0.4, box.y0 > 0.5) == (True, where == "upper right")
    line = ax.transAxes.inverted().transform(ax.transData.transform(ax.lines[0].get_xydata()))
    assert not any(box.contains(*point) for point in line)


def test_gradients_are_quantiles_of_single_weights():
    small = RNG.standard_normal((7, 3, 5))
    large = np.tile(small, (1, 200, 1))  # the same gradients, of two hundred times as many weights
    ax = plot.gradient_distribution({"small": small, "large": large}, steps=range(0, 70, 10))
    for line, band, values in zip(ax.lines, ax.collections, (small, large), strict=True):
        low, middle, high = np.quantile(np.abs(values).reshape(7, -1), [0.25, 0.5, 0.75], axis=1)
        assert line.get_xdata().tolist() == list(range(0, 70, 10))
        assert np.allclose(line.get_ydata(), middle)
        box = band.get_paths()[0].get_extents()
        assert np.allclose((box.y0, box.y1), (low.min(), high.max()))
    assert np.allclose(*(line.get_ydata() for line in ax.lines), rtol=0.1)  # a large layer does not look stronger
    assert labels(ax) == ["small (15 weights)", "large (3,000 weights)"]
    assert ax.lines[0].get_linestyle() != ax.lines[1].get_linestyle()
    assert ax.get_yscale() == "log"


def test_gradients_of_0_are_left_out_and_counted():
    values = np.array([[0.0, 1.0, 2.0, 3.0], [0.0, 0.0, 5.0, np.nan]])
    ax = plot.gradient_distribution({"w": values})
    assert ax.lines[0].get_ydata().tolist() == [2, 5]
    assert labels(ax) == ["w (4 weights; 38 % of the gradients are 0)"]
    drawn(ax)
    ax = plot.gradient_distribution({"dead": np.zeros((2, 3)), "alive": np.ones((2, 3))})
    assert np.isnan(ax.lines[0].get_ydata()).all()
    drawn(ax)


def test_gradients_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"^gradient_distribution got no layers"):
        plot.gradient_distribution({})
    with pytest.raises(
        ShapeError, match=r"^gradient_distribution: b has gradients of shape \(3, 2\) for 4 steps: stack"
    ):
        plot.gradient_distribution({"a": np.ones((4, 2)), "b": np.ones((3, 2))})


# ── images ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def shown(ax):
    """The one image of a mosaic, and its titles with their places."""
    (image,) = ax.images
    return image, {text.get_text(): text.get_position() for text in ax.texts}


@given(st.integers(1, 12), st.integers(1, 6), st.integers(0, 9))
def test_digits_show_every_image_whole_under_its_title(n, columns, seed):
    images = np.random.default_rng(seed).integers(1, 256, (n, 14, 7))
    titles = [f"title {i}" for i in range(n)]
    ax = axes()
    plot.digits(images, titles, columns=columns, ax=ax)
    image, places = shown(ax)
    page = image.get_array()
    assert list(places) == titles
    assert page.count() == images.size  # every pixel once, and nothing between the images
    width = min(columns, n)
    for i, title in enumerate(titles):
        x, y = places[title]
        left, top = round(x - 3), round(y + 1.5)
        assert (page[top : top + 14, left : left + 7] == images[i]).all()
        assert (left // 8, top // 18) == (i % width, i // width)
    assert not ax.axison


def test_no_digits_at_all_are_an_empty_picture():
    ax = axes()
    assert plot.digits(np.zeros((0, 28, 28)), [], ax=ax) is ax
    assert len(ax.images) == 0
    drawn(ax)


def test_digits_need_no_titles():
    ax = plot.digits(np.arange(3 * 784).reshape(3, 28, 28))
    assert len(ax.texts) == 0
    drawn(ax)


def test_what_is_no_row_of_images_is_refused():
    with pytest.raises(ShapeError, match="titles for"):
        plot.digits(np.zeros((2, 28, 28)), ["one"])
    with pytest.raises(ShapeError, match=r"^digits got images of shape \(2, 784\): give"):
        plot.digits(np.zeros((2, 784)))
    with pytest.raises(ShapeError, match=r"^weight_images: rows of 7 weights are no images of 2 by 2: give shape"):
        plot.weight_images(np.zeros((2, 7)))
    with pytest.raises(ShapeError, match=r"^weight_images got weights of shape \(7,\)"):
        plot.weight_images(np.zeros(7))


def test_weight_images_share_one_scale_that_is_even_about_0():
    weight = RNG.standard_normal((10, 9)) * np.arange(1, 11)[:, None]
    ax = plot.weight_images(weight, columns=4)
    image, places = shown(ax)
    low, high = image.get_clim()
    assert low == -high == -np.quantile(np.abs(weight), 0.99)
    assert list(places) == [f"neuron {i}" for i in range(10)]
    assert sorted(image.get_array().compressed()) == sorted(weight.reshape(-1))
    red, _, blue, _ = image.get_cmap()(1.0)
    assert blue > red
    assert ax.get_title() == "a bright pixel excites the neuron where blue, inhibits it where red"
    (bar,) = [other for other in ax.figure.axes if other is not ax]
    assert bar.get_ylabel() == "weight"
    assert image.colorbar.extend == "both"  # some weights are beyond the scale
    drawn(ax)


def test_weight_images_may_have_another_shape_scale_and_names():
    image, places = shown(plot.weight_images(np.arange(12.0).reshape(2, 6), shape=(2, 3), names="ab", limit=20))
    assert image.get_clim() == (-20, 20)
    assert image.colorbar.extend == "neither"
    assert list(places) == ["a", "b"]
    rows = [row.compressed().tolist() for row in image.get_array() if row.count()]
    assert rows == [[0, 1, 2, 6, 7, 8], [3, 4, 5, 9, 10, 11]]


def test_weights_of_zero_have_a_scale_too():
    ax = plot.weight_images(np.zeros((2, 4)))
    assert shown(ax)[0].get_clim() == (-1, 1)
    drawn(ax)


@given(st.integers(2, 30), st.integers(0, 99))
def test_mistakes_are_all_that_was_read_wrong_the_worst_first(n, seed):
    rng = np.random.default_rng(seed)
    images = np.arange(n, dtype=float)[:, None, None] + np.zeros((1, 7, 7))
    right, outputs = rng.integers(0, 4, n), rng.random((n, 4)) * 2
    ax = plot.mistakes(images, right, outputs, count=1000)
    wrong = [i for i in range(n) if outputs[i].argmax() != right[i]]
    costs = [sum((outputs[i, j] - (j == right[i])) ** 2 for j in range(4)) for i in range(n)]
    order = sorted(wrong, key=lambda i: -costs[i])
    assert [t.get_text() for t in ax.texts] == [
        f"{right[i]} read as {outputs[i].argmax()}\n{outputs[i].max():.2f}" for i in order
    ]
    if order:
        page = ax.images[0].get_array()
        seen = [page[round(t.get_position()[1] + 2), round(t.get_position()[0])] for t in ax.texts]
        assert seen == order  # each image under its own title
    assert ax.get_title().startswith(f"{len(wrong)} of {n} were read wrong")


def test_probabilities_are_in_per_cent_and_sorted_by_the_right_answers():
    outputs = [[0.5, 0.4, 0.1], [0.01, 0.01, 0.98], [0.0, 0.0, 1.0], [0.6, 0.3, 0.1]]
    ax = plot.mistakes(np.zeros((4, 7, 7)), [1, 0, 2, 2], outputs)
    assert [t.get_text() for t in ax.texts] == ["0 read as 2\n98 %", "2 read as 0\n60 %", "1 read as 0\n50 %"]
    assert ax.get_title() == "3 of 4 were read wrong; the 3 worst, the very worst first"
    near = plot.mistakes(np.zeros((2, 7, 7)), [1, 1], [[0.9962, 0.0038], [1.0, 0.0]])
    assert [t.get_text() for t in near.texts] == ["1 read as 0\n100 %", "1 read as 0\n99.6 %"]
    near = plot.mistakes(np.zeros((1, 7, 7)), [1], [[0.9962, 0.5]])
    assert [t.get_text() for t in near.texts] == ["1 read as 0\n0.996"]
    ax = plot.mistakes(np.zeros((4, 7, 7)), [1, 0, 2, 2], outputs, costs=[3, 2, 9, 1], count=2, names="abc")
    assert [t.get_text() for t in ax.texts] == ["b read as a\n50 %", "a read as c\n98 %"]
    assert ax.get_title() == "3 of 4 were read wrong; the 2 worst, the very worst first"


def test_no_mistakes_are_said_to_be_none():
    ax = plot.mistakes(np.zeros((2, 7, 7)), [0, 1], np.eye(2))
    assert ax.get_title() == "0 of 2 were read wrong"
    drawn(ax)
    with pytest.raises(ShapeError, match=r"^mistakes got images \(2, 7, 7\), labels \(3,\), outputs \(2, 2\): give"):
        plot.mistakes(np.zeros((2, 7, 7)), [0, 1, 1], np.eye(2))
    with pytest.raises(ShapeError, match=r"^mistakes got costs of shape \(1,\) for 2 images"):
        plot.mistakes(np.zeros((2, 7, 7)), [0, 1], np.eye(2), costs=[1])


# ── layers and tables ────────────────────────────────────────────────────────────────────────────────────────────────


def test_activations_of_one_input_are_bars_with_their_numbers():
    ax = plot.activations([0.25, -0.5, np.nan, 0.998], names=["a", "b", "c", "d"])
    assert [bar.get_height() for bar in ax.patches][:2] == [0.25, -0.5]
    assert [text.get_text() for text in ax.texts] == ["0.25", "-0.50", "0.998"]
    up, down = (bar.get_facecolor() for bar in ax.patches[:2])
    assert up[2] > up[0]
    assert down[0] > down[2]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["a", "b", "c", "d"]
    drawn(ax)


def test_activations_of_many_inputs_are_shares_of_them():
    values = np.array([[0.0, 1.0], [0.1, 1.0], [0.9, 1.0], [1.0, np.nan]])
    ax = plot.activations(values, bins=2)
    mesh, means = ax.collections
    assert mesh.get_array().reshape(2, 2).tolist() == [[50, 0], [50, 75]]  # below and above 0.5, of four inputs
    assert [segment[0, 1] for segment in means.get_segments()] == [0.5, 1.0]
    assert ax.get_ylabel() == "activation, of 4 inputs"
    for odd in (np.full((3, 2), np.nan), np.ones((3, 2)), RNG.random((5, 40))):
        drawn(plot.activations(odd))


def test_activations_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match=r"^activations got shape \(2, 2, 2\): give"):
        plot.activations(np.zeros((2, 2, 2)))
    with pytest.raises(ShapeError, match=r"^activations got 1 names for 2 neurons"):
        plot.activations([1.0, 2.0], names=["a"])


@given(st.integers(1, 10), st.integers(0, 99))
def test_confusion_shades_mistakes_by_their_share_and_writes_every_number_that_is_not_0(n, seed):
    rng = np.random.default_rng(seed)
    table = rng.integers(0, 2000, (n, n)) * rng.integers(0, 2, (n, n))
    ax = plot.confusion(table.tolist())
    shades = ax.images[0].get_array()
    shares = 100 * table / np.maximum(table.sum(1, keepdims=True), 1)
    off = ~np.eye(n, dtype=bool)
    assert (shades.mask == ~off).all()
    assert np.allclose(shades[off], shares[off])
    found = {tuple(map(int, reversed(text.get_position()))): text.get_text().split() for text in ax.texts}
    assert found.keys() == {(i, j) for i, j in np.ndindex(n, n) if table[i, j]}
    for place, (count, share, _) in found.items():
        assert count == f"{table[place]:,}"
        assert abs(float(share) - shares[place]) <= 0.5
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("read as", "what it is (how many)")
    assert ax.get_xticks().tolist() == ax.get_yticks().tolist() == list(range(n))
    assert [tick.get_text() for tick in ax.get_yticklabels()] == [f"{i}  ({table[i].sum():,})" for i in range(n)]
    assert ax.get_title() == f"{table[off].sum():,} of {table.sum():,} read wrong"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_numbers_of_a_confusion_table_can_be_read_on_their_shade(theme):
    table = np.arange(100).reshape(10, 10)
    ax = plot.confusion(table, theme=theme)
    drawn(ax)
    shades, good = ax.images
    for text in ax.texts:
        x, y = text.get_position()
        paper = good.to_rgba(1.0) if x == y else shades.to_rgba(shades.get_array()[y, x])
        light, dark = sorted((style.luminance(text.get_color()), style.luminance(paper)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (x, y)


def test_a_table_that_is_not_square_is_refused():
    with pytest.raises(ShapeError, match=r"^confusion got a table of shape \(2, 3\): give counts"):
        plot.confusion(np.ones((2, 3), int))
    with pytest.raises(ShapeError, match=r"^confusion got 3 names for 2 classes"):
        plot.confusion(np.ones((2, 2), int), names="abc")


# ── the cost, and all weights ────────────────────────────────────────────────────────────────────────────────────────


def test_a_slice_has_the_line_and_the_descent():
    ax = plot.cost_slice([-1, 0, 1], [4, 1, 2], path=[[-1, 3], [0.5, 1.5]], log=True, xlabel="along")
    line, way, end = (np.column_stack(one.get_data()).tolist() for one in ax.lines)
    assert (line, way, end) == ([[-1, 4], [0, 1], [1, 2]], [[-1, 3], [0.5, 1.5]], [[0.5, 1.5]])
    assert labels(ax) == ["cost on the line", "the descent, off the line", "where it ended"]
    assert (ax.get_yscale(), ax.get_xlabel(), ax.get_ylabel()) == ("log", "along", "cost")
    assert plot.cost_slice([0, 1], [1, 2]).get_legend() is None


@pytest.mark.parametrize("log", [False, True])
def test_a_surface_has_the_costs_where_they_are(log):
    x, y = np.linspace(0, 2, 5), np.linspace(0, 1, 3)
    costs = 1 + x + 10 * y[:, None]
    ax = plot.cost_surface(x, y, costs, path=[[2, 1], [1, 0.5], [0, 0]], shares=(0.8, 0.11), log=log, levels=10)
    filled = ax.collections[0]
    assert np.allclose(filled.levels[[0, -1]], (1, 13))
    steps = np.diff(np.log(filled.levels) if log else filled.levels)
    assert np.allclose(steps, steps[0])
    assert len(filled.levels) == 11
    edge, way, begin, end = (np.column_stack(line.get_data()).tolist() for line in ax.lines)
    assert edge == way == [[2, 1], [1, 0.5], [0, 0]]
    assert (begin, end) == ([[2, 1]], [[0, 0]])
    assert ax.get_xlabel() == "first direction (80 % of the path's variance)"
    assert ax.get_ylabel() == "second direction (11 % of the path's variance)"
    lowest = min(filled.get_paths(), key=lambda path: path.get_extents().y0 if len(path.vertices) else np.inf)
    assert lowest.contains_point((0.01, 0.01))
    drawn(ax)


def test_a_surface_may_be_flat_have_gaps_or_one_point():
    x = np.arange(3)
    drawn(plot.cost_surface(x, x, np.ones((3, 3))))
    gap = np.ones((3, 3))
    gap[0, 0], gap[2, 2] = np.nan, 5
    ax = plot.cost_surface(x, x, gap, path=[[1, 1]])
    assert labels(ax) == ["where it ended"]
    drawn(ax)


def test_costs_that_do_not_fit_are_refused():
    with pytest.raises(ShapeError, match=r"^cost_slice got steps \(2,\) and costs \(3,\)"):
        plot.cost_slice([1, 2], [1, 2, 3])
    with pytest.raises(ShapeError, match=r"^cost_slice got a path of shape \(2,\): give \(T, 2\)"):
        plot.cost_slice([1, 2], [1, 2], path=[1, 2])
    with pytest.raises(ShapeError, match=r"^cost_surface got x \(2,\), y \(3,\), costs \(2, 3\): give"):
        plot.cost_surface([1, 2], [1, 2, 3], np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"^cost_surface: log=True needs costs above 0$"):
        plot.cost_surface([1, 2], [1, 2], np.zeros((2, 2)), log=True)


def test_strips_hold_every_number_once_in_its_order():
    weights = [RNG.standard_normal((16, 784)), RNG.standard_normal(16), RNG.standard_normal((16, 16)),
               RNG.standard_normal(16), RNG.standard_normal((10, 16)), RNG.standard_normal(10)]  # fmt: skip
    gradients = [RNG.standard_normal(w.shape) for w in weights]
    ax = plot.strips(weights, gradients)
    above, below = ax.images
    for image, parts, sign in ((above, weights, 1), (below, gradients, -1)):
        page = image.get_array()
        assert page.count() == 13_002
        assert page.T.compressed().tolist() == np.concatenate([sign * part.reshape(-1) for part in parts]).tolist()
        low, high = image.get_clim()
        assert low == -high == -np.quantile(np.abs(page.compressed()), 0.99)
    assert [text.get_text() for text in ax.texts] == [
        "layer 1\n12,560 numbers", "layer 2\n272 numbers", "layer 3\n170 numbers",
    ]  # fmt: skip
    assert ax.get_title() == "all 13,002 weights and biases: blue is positive, red negative"
    names = [tick.get_text().split("\n")[0] for tick in ax.get_yticklabels()]
    assert names == ["weights", "−gradient"]
    brackets = [line.get_xdata() for line in ax.lines][::2]
    columns = [~above.get_array().mask[:, int(b[0]) : int(b[-1])] for b in brackets]
    assert [int(c.sum()) for c in columns] == [12_560, 272, 170]


def test_labels_of_layers_do_not_overlap():
    weights = [np.ones((100, 100)), np.ones((5, 5)), np.ones((4, 4)), np.ones((3, 3))]
    ax = plot.strips(weights, weights, names=["first", "second", "third", "fourth"])
    drawn(ax)
    boxes = [text.get_window_extent() for text in ax.texts]
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    right = ax.figure.bbox.x1
    assert all(box.x1 <= right for box in boxes)


def test_nudges_draw_the_strongest_links_and_say_how_many():
    gradients = [RNG.standard_normal((6, 16)), RNG.standard_normal((3, 6))]
    ax = plot.nudges(gradients, image=np.ones((4, 4)), strongest=20, names=["x", "y", "z"])
    sizes = np.sort(np.abs(np.concatenate([g.reshape(-1) for g in gradients])))[::-1]
    links = ax.collections[:2]
    counts = [int((np.abs(g) >= sizes[19]).sum()) for g in gradients]
    assert [len(link.get_segments()) for link in links] == counts
    assert sum(counts) == 20
    assert [t.get_text() for t in ax.texts] == ["x", "y", "z", f"{counts[0]} of 96 links", f"{counts[1]} of 18 links"]
    assert ax.get_title() == f"the 20 strongest of 114 nudges: blue up, red down; the thickest is {sizes[0]:.2g}"
    for link, g in zip(links, gradients, strict=True):
        strong = np.sort(np.abs(g[np.abs(g) >= sizes[19]]))
        assert np.allclose(link.get_linewidths(), 0.3 + 4 * strong / sizes[0])  # the strongest on top
        to, origin = np.unravel_index(np.abs(g).argmax(), g.shape)
        colour = link.get_colors()[-1]
        assert (colour[2] > colour[0]) == (
            g[to, origin] < 0
        )  # blue where the gradient is negative: the weight is to grow
    drawn(ax)


def test_a_link_leads_from_its_pixel_to_its_neuron():
    gradient = np.zeros((3, 16))
    gradient[1, 6] = -2.0  # from the pixel in row 1, column 2
    ax = plot.nudges([gradient], image=np.zeros((4, 4)), activations=[[0.0, 0.5, 1.0]])
    ((start, end),) = ax.collections[0].get_segments()
    left, right, bottom, top = ax.images[0].get_extent()
    assert np.allclose(start, (left + (right - left) * 2.5 / 4, top - (top - bottom) * 1.5 / 4))
    neurons = ax.collections[1]
    assert np.allclose(end, neurons.get_offsets()[1])
    shades = [style.luminance(colour) for colour in neurons.get_facecolors()]
    assert shades == sorted(shades, reverse=True)  # on light paper, ink is what is active
    assert ax.get_title().startswith("the 1 strongest of 48 nudges")


def test_nudges_that_are_none_or_no_number_have_no_link():
    ax = plot.nudges([np.array([[0.0, np.nan], [np.inf, 1.0]])])
    assert len(ax.collections[0].get_segments()) == 1
    drawn(ax)
    ax = plot.nudges([np.zeros((2, 2))])
    assert ax.get_title().startswith("the 0 strongest of 4")
    drawn(ax)


def test_weights_that_do_not_fit_are_refused():
    with pytest.raises(
        ShapeError, match=r"^strips got weights of shapes \[\(2, 2\)\] and gradients of shapes \[\(2,\)\]"
    ):
        plot.strips([np.ones((2, 2))], [np.ones(2)])
    with pytest.raises(ShapeError, match=r"^strips got 2 names for 1 layers"):
        plot.strips([np.ones((2, 2))], [np.ones((2, 2))], names="ab")
    with pytest.raises(ShapeError, match=r"^nudges got gradients of shapes \[\(2, 3\), \(2, 3\)\]"):
        plot.nudges([np.ones((2, 3)), np.ones((2, 3))])
    with pytest.raises(ShapeError, match=r"^nudges got an image \(2, 2\) for a first layer of 3 inputs"):
        plot.nudges([np.ones((2, 3))], image=np.ones((2, 2)))
    with pytest.raises(ShapeError, match=r"^nudges got activations of \[3\] neurons for layers of \[2\]"):
        plot.nudges([np.ones((2, 3))], activations=[np.ones(3)])
    with pytest.raises(ShapeError, match=r"^nudges got 1 names for 2 outputs"):
        plot.nudges([np.ones((2, 3))], names=["a"])


@pytest.mark.parametrize(
    ("draw", "kind", "message"),
    [
        (lambda: plot.digits(np.ones((2, 5, 5)), ["a"]), ShapeError, "1 titles for 2 images: give one for each"),
        (
            lambda: plot.mistakes(np.ones((2, 5, 5)), [0, 7], np.eye(2)),
            ValueError,
            "labels from 0 to 7 for 2 outputs: give 0 to 1",
        ),
        (lambda: plot.gradient_distribution([[1.0]]), TypeError, "got a list: give a dict from names"),
        (
            lambda: plot.cost_surface([0], [0], [[1]]),
            ValueError,
            "1 by 1 costs, 1 of them finite: a map needs two steps",
        ),
        (lambda: plot.cost_surface([0, 1], [0, 1], [[np.nan] * 2] * 2), ValueError, "0 of them finite"),
        (lambda: plot.strips([np.ones(3)], [None]), ShapeError, "None for a gradient: call backward"),
    ],
)
def test_what_cannot_be_drawn_is_said_with_its_remedy(draw, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        draw()


def test_no_images_at_all_have_no_mistakes():
    assert not plot.mistakes(np.ones((0, 5, 5)), [], np.ones((0, 2))).texts
