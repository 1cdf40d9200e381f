"""The posters: SVG that a browser takes, with the engine's own numbers in it."""

import io
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from minigrad.lesson import sketch
from minigrad.lesson.posters import NAMES, STEPS, poster


@pytest.mark.parametrize("name", NAMES)
def test_each_poster_is_svg_and_says_what_it_shows(name):
    drawn = poster(name)
    root = ElementTree.fromstring(drawn)
    assert root.tag == "svg"
    assert len(root.get("aria-label")) > 20
    assert len(list(root)) > 1
    assert poster(name) == drawn
    assert len(drawn) < 60_000
    for place in root.iter():
        for key in ("x", "cx"):
            assert -20 <= float(place.get(key, 0)) <= sketch.WIDTH + 20, ElementTree.tostring(place)[:80]


def test_there_is_no_other_poster():
    with pytest.raises(ValueError, match="use one of hero"):
        poster("nonsense")


def test_posters_have_the_engines_numbers(shared):
    threes = shared.digits(label=3)["of"]
    assert f"60 of the {threes:,} threes" in poster("ways")
    assert "13,002" in poster("knobs")
    assert f"step {STEPS:,}" in poster("training")
    assert f"{shared.dataset_cost('trained', n=1000)['cost']:.3f}" in poster("report")


@pytest.mark.parametrize("shape", [(3, 5), (28, 28), (4, 2, 4)])
def test_pictures_are_png(shape):
    array = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    with Image.open(io.BytesIO(sketch.png(array))) as found:
        np.testing.assert_array_equal(np.asarray(found), array)


def test_colours_of_signs():
    found = sketch.signed(np.array([1.0, 0.0, -0.5]))
    assert found[0].tolist() == [*sketch.POSITIVE, 255]
    assert found[1][3] == 0
    assert found[2].tolist() == [*sketch.NEGATIVE, 128]
