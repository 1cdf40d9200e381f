"""How pictures of learning look: each is compared with one that was looked at, in tests/plots.

Drawn without any text or legend, at fixed places, and compared as means over cells of 10 by 10 pixels:
fonts, the smoothing of edges and the last pixel of an image differ between versions of matplotlib, and do not matter.
After a change that is meant,

    python tests/test_plot_images.py

draws them anew: look at what has changed.
"""

import io
from pathlib import Path

import numpy as np
import pytest

from minigrad import plot

pytest.importorskip("matplotlib", reason="pictures need the extra minigrad[mnist]")

from matplotlib import rc_context, rcParamsDefault
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.legend import Legend
from matplotlib.text import Text

FOLDER = Path(__file__).parent / "plots"
TOLERANCE = 0.025  # of the root mean square, where white is 1 and black is 0; matplotlib 3.8 and 3.11 are 0.019 apart
CELL = 10


def wave(*shape, speed=1.7):
    """Numbers from -1 to 1 that are the same everywhere."""
    return np.sin(speed * np.arange(1, 1 + np.prod(shape)) ** 1.3).reshape(shape)


STEPS = np.arange(1, 121)
FALLING = 2 / STEPS**0.5 + 0.2 * wave(120)
PLACES = np.linspace(-1, 1, 21)
BOWL = 0.2 + PLACES**2 + 2 * (PLACES[:, None] - 0.3 * PLACES) ** 2
HILLS = np.stack([np.sin(np.arange(7) / 3 + i) * np.cos(np.arange(7)[:, None] / (2 + i)) for i in range(6)])
WEIGHTS = [
    HILLS.reshape(6, 49),
    wave(6),
    wave(4, 6, speed=0.1),
    wave(4),
]  # even, so that a pixel to the side is much the same
STROKE = np.clip(1.5 - np.abs(np.arange(7) - np.arange(7)[:, None]), 0, 1)
PICTURES = {
    "learning_curves": lambda **o: plot.learning_curves(
        FALLING, [0.9, 0.6, 0.5], test_steps=[40, 80, 120], smoothing=0.9, **o
    ),
    "learning_curves_by_epoch": lambda **o: plot.learning_curves([60, 85, 90], [80, 86, 88], running=True, **o),
    "gradient_distribution": lambda **o: plot.gradient_distribution(
        {"a": wave(120, 40) / STEPS[:, None], "b": 0.05 * wave(120, 9)}, **o
    ),
    "digits": lambda **o: plot.digits(np.stack([STROKE, STROKE[::-1], STROKE * STROKE[::-1]]), "abc", **o),
    "weight_images": lambda **o: plot.weight_images(WEIGHTS[0], columns=3, **o),
    "mistakes": lambda **o: plot.mistakes(
        np.stack([STROKE, STROKE[::-1], STROKE]), [0, 1, 0], [[0.1, 0.9], [0.7, 0.3], [0.8, 0.2]], **o
    ),
    "activations_of_one": lambda **o: plot.activations(wave(8), **o),
    "activations_of_many": lambda **o: plot.activations(wave(200, 6) ** 3, **o),
    "confusion": lambda **o: plot.confusion([[50, 3, 0], [1, 40, 9], [0, 6, 60]], **o),
    "cost_slice": lambda **o: plot.cost_slice(PLACES, 0.2 + PLACES**2, path=[[-1, 1], [-0.4, 0.3], [0, 0.2]], **o),
    "cost_surface": lambda **o: plot.cost_surface(
        PLACES, PLACES, BOWL, path=[[-0.9, 0.8], [-0.5, 0.1], [0, 0]], log=True, **o
    ),
    "strips": lambda **o: plot.strips(WEIGHTS, [w[::-1] ** 3 for w in WEIGHTS], rows=7, **o),
    "nudges": lambda **o: plot.nudges(
        [WEIGHTS[0] * STROKE.reshape(-1), WEIGHTS[2]], image=STROKE, activations=[np.linspace(0, 1, 6), [0, 1, 0.5, 0]],
        strongest=40, **o,
    ),
}  # fmt: skip
CASES = [(name, theme) for name in PICTURES for theme in ("light", "dark")]


def rendered(name, theme):
    """The picture without its text, as a PNG."""
    with rc_context(rcParamsDefault):
        figure = Figure(figsize=(3.2, 2.4), dpi=100)
        PICTURES[name](ax=figure.add_axes((0.08, 0.1, 0.84, 0.8)), theme=theme)
        for artist in figure.findobj(lambda artist: isinstance(artist, Text | Legend)):
            artist.set_visible(False)
        page = io.BytesIO()
        figure.savefig(page, format="png")
    return page.getvalue()


def small(page):
    """The same PNG in fewer bytes."""
    from PIL import Image

    out = io.BytesIO()
    with Image.open(io.BytesIO(page)) as picture:
        picture.convert("RGB").save(out, "png", optimize=True)
    return out.getvalue()


def cells(page):
    """A PNG as the means of its cells: (height, width, 3), from 0 to 1."""
    pixels = imread(io.BytesIO(page))[:, :, :3]
    height, width = (n // CELL for n in pixels.shape[:2])
    return pixels[: height * CELL, : width * CELL].reshape(height, CELL, width, CELL, 3).mean((1, 3))


def difference(one, other):
    return float(np.sqrt(((cells(one) - cells(other)) ** 2).mean()))


@pytest.mark.parametrize(("name", "theme"), CASES)
def test_it_looks_as_it_did(name, theme, tmp_path):
    page = rendered(name, theme)
    apart = difference(page, (FOLDER / f"{name}-{theme}.png").read_bytes())
    if apart > TOLERANCE:
        (tmp_path / f"{name}-{theme}.png").write_bytes(page)
    assert apart <= TOLERANCE, f"it differs by {apart:.3f}; it is in {tmp_path}"


def test_the_tolerance_tells_pictures_apart():
    pages = {case: (FOLDER / f"{case[0]}-{case[1]}.png").read_bytes() for case in CASES}
    for i, one in enumerate(CASES):
        for other in CASES[:i]:
            assert difference(pages[one], pages[other]) > 2 * TOLERANCE, (one, other)


@pytest.mark.parametrize("name", ["weight_images", "strips", "nudges", "activations_of_one"])
def test_the_tolerance_notices_red_where_blue_should_be(name, monkeypatch):
    from minigrad.plot import style

    monkeypatch.setattr(style, "DIVERGING", {theme: stops[::-1] for theme, stops in style.DIVERGING.items()})
    page = (FOLDER / f"{name}-light.png").read_bytes()
    assert difference(rendered(name, "light"), page) > TOLERANCE


def test_there_is_no_picture_too_many():
    assert {path.stem for path in FOLDER.iterdir()} == {f"{name}-{theme}" for name, theme in CASES}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for case in CASES:
        (FOLDER / f"{case[0]}-{case[1]}.png").write_bytes(small(rendered(*case)))
