"""The lesson in a browser, a behaviour for each of its rows, with the engine on this machine and with Python in the page.

What is read are roles, texts and data-* attributes, never pixels. No request may leave the site, and nothing may be
complained of in the console. `make test-lesson` runs this.
"""

from __future__ import annotations

import json
import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise

import numpy as np
import pytest

from minigrad import load
from minigrad.lesson.engine import METHODS, Lesson
from minigrad.lesson.server import Server

playwright = pytest.importorskip("playwright.sync_api")
axe_core = pytest.importorskip("axe_playwright_python.sync_playwright")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
if CHROMIUM is None:
    pytest.skip("needs a Chromium", allow_module_level=True)

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--enable-unsafe-swiftshader", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
WAIT = 60_000  # milliseconds: two busy cores may have to boot Python


class Quiet(SimpleHTTPRequestHandler):
    """A static host."""

    def log_message(self, *args):
        """Nothing."""


@pytest.fixture(scope="session")
def browser():
    with playwright.sync_playwright() as program:
        chromium = program.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def native(static_site):
    with Server(static_site, Lesson()) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.address
        server.shutdown()


@pytest.fixture(scope="session")
def static(static_site):
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(static_site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="session")
def shared_lesson():
    return Lesson()


class Reader:
    """Someone with the page open; `troubles` has what went wrong."""

    def __init__(self, browser, address, place="", **options):
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **options})
        self.page = self.context.new_page()
        self.troubles = []
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("console", self._heard)
        self.page.on(
            "request",
            lambda request: (
                None if request.url.startswith((address, "data:", "blob:")) else self.troubles.append(request.url)
            ),
        )
        self.page.on("response", lambda answer: self.troubles.append(answer.url) if answer.status >= 400 else None)
        self.page.goto(address + place)

    def _heard(self, message):
        if message.type == "error":
            self.troubles.append(message.text)

    def live(self):
        self.page.wait_for_selector("html[data-engine]", timeout=WAIT)
        return self

    def figure(self, name):
        """A figure that is alive."""
        figure = self.page.locator(f"#{name}")
        figure.scroll_into_view_if_needed(timeout=WAIT)
        self.page.wait_for_selector(f"#{name}[data-live], #{name}[data-failed]", timeout=WAIT)
        assert figure.get_attribute("data-failed") is None, figure.locator(".wrong").inner_text()
        return figure

    def until(self, name, condition, timeout=WAIT):
        """Wait until a figure's data say something: `d` is the figure's dataset."""
        self.page.wait_for_function(
            f"(() => {{ const d = document.getElementById({name!r}).dataset; return {condition}; }})()", timeout=timeout
        )
        return self.data(name)

    def data(self, name):
        return self.page.evaluate(f"({{...document.getElementById({name!r}).dataset}})")

    def press(self, name, label):
        self.page.locator(f"#{name}").get_by_role("button", name=label, exact=False).first.click()

    def slide(self, name, label, value):
        """Set a slider as its keys would."""
        slider = self.page.locator(f'#{name} input[type="range"][aria-label*="{label}"]').first
        slider.evaluate("(s, v) => { s.value = v; s.dispatchEvent(new Event('input', {bubbles: true})); }", str(value))

    def close(self):
        self.context.close()
        assert self.troubles == []


BOTH = [pytest.param(way, marks=pytest.mark.xdist_group(way)) for way in ("native", "static")]  # one process for each


@pytest.fixture(scope="module", params=BOTH)
def reader(request, browser):
    """One page for the module: Python starts once for each transport."""
    one = Reader(browser, request.getfixturevalue(request.param))
    one.kind = {"native": "native", "static": "wasm"}[request.param]
    yield one.live()
    one.close()


# ── the start ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_it_says_that_it_is_live(reader):
    assert reader.page.locator("html").get_attribute("data-engine") == reader.kind
    assert "live" in reader.page.locator("#chip").inner_text()


def test_every_method_can_be_asked(reader):
    kinds = reader.page.evaluate("(names) => names.map((name) => typeof lesson.engine[name])", list(METHODS))
    assert set(kinds) == {"function"}


def test_row_0_noise_turns_into_strokes(reader):
    figure = reader.figure("hero")
    assert figure.locator("canvas").count() == 16
    assert int(reader.until("hero", "Number(d.steps) > 100")["steps"]) > 100
    reader.press("hero", "Again")
    reader.until("hero", "Number(d.steps) > 100")


def test_row_1_sixty_of_the_chosen_digit(reader):
    figure = reader.figure("ways")
    for label in ("3", "8"):
        figure.get_by_role("radio", name=label, exact=True).check(force=True)
        reader.until("ways", f"d.digit === {label!r}")
        labels = figure.locator("canvas[data-label]").evaluate_all("all => all.map(c => c.dataset.label)")
        assert labels == [label] * 60


def test_row_2_a_pixel_is_a_neuron(reader):
    figure = reader.figure("pixels")
    canvas = figure.locator("canvas").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    cell = float(reader.until("pixels", "'side' in d")["side"]) / 28
    reader.page.mouse.move(box["x"] + (400 % 28 + 0.5) * cell, box["y"] + (400 // 28 + 0.5) * cell)
    data = reader.until("pixels", "d.neuron === '400'")
    assert 0 <= float(data["brightness"]) <= 1


def test_row_3_the_sum_of_a_neuron_is_the_engines(reader):
    figure = reader.figure("network")
    figure.locator('[data-layer="1"][data-index="5"]').click()
    data = reader.until("network", "'z' in d && 'sum' in d")
    assert float(data["z"]) == pytest.approx(float(data["sum"]), abs=1e-3)
    figure.locator('[data-layer="3"][data-index="2"]').focus()
    reader.page.keyboard.press("Enter")
    other = reader.until("network", f"d.z !== {data['z']!r}")
    assert float(other["z"]) == pytest.approx(float(other["sum"]), abs=1e-3)


def test_row_4_thirteen_thousand_and_two_knobs(reader):
    reader.figure("knobs")
    assert reader.until("knobs", "'parameters' in d")["parameters"] == "13002"
    reader.page.wait_for_function("document.querySelector('.knobs-sum').innerText.endsWith('= 13,002')", timeout=WAIT)


def test_row_4_turned_knobs_can_be_turned_back(reader):
    figure = reader.figure("knobs")
    sliders = figure.locator("input[type='range']")
    reader.until("knobs", "'moved' in d")
    before = sliders.nth(2).input_value()
    sliders.nth(2).press("End")
    reader.until("knobs", "Number(d.moved) > 1e-3")
    reader.press("knobs", "Turn them back")
    reader.until("knobs", "Number(d.moved) < 1e-6")
    assert sliders.nth(2).input_value() == before


def test_row_5_random_weights_are_no_good(reader):
    reader.figure("trash")
    seen = set()
    for _ in range(3):
        data = reader.until("trash", "'accuracy' in d")
        assert 0.02 <= float(data["accuracy"]) <= 0.3
        seen.add(data["accuracy"])
        reader.press("trash", "random weights")
        reader.until("trash", f"d.seed !== {data['seed']!r}")
    assert len(seen) > 1


def test_row_5_other_random_weights_are_seen_by_the_other_figures(reader):
    reader.figure("network").get_by_role("radio", name="random", exact=True).check(force=True)
    seen = reader.until("network", "d.net === 'random'")
    reader.figure("report")
    reader.figure("trash")
    seed = reader.until("trash", "'seed' in d")["seed"]
    reader.press("trash", "random weights")
    reader.until("trash", f"d.seed !== {seed!r}")
    reader.until("network", f"d.z !== {seen['z']!r}")
    reader.figure("report")
    cost = reader.page.evaluate("lesson.engine.dataset_cost({net: 'random', n: 10}).then((found) => found.cost)")
    reader.until("report", f"Number(d.costRandom) === {cost!r}")
    reader.figure("network").get_by_role("radio", name="trained", exact=True).check(force=True)


def test_row_6_the_cost_of_ten_outputs(reader):
    figure = reader.figure("difference")
    sliders = figure.get_by_role("slider")
    assert sliders.count() == 10

    def drag_all(keys):
        for i in range(10):
            sliders.nth(i).focus()
            for key in keys(i):
                reader.page.keyboard.press(key)

    drag_all(lambda i: ["End" if i == 3 else "Home"])
    assert float(reader.until("difference", "Number(d.cost) < 1e-6")["cost"]) == pytest.approx(0, abs=1e-6)
    assert reader.data("difference").get("reached") is not None
    drag_all(lambda i: ["Home" if i == 3 else "End"])
    reader.until("difference", "Math.abs(Number(d.cost) - 10) < 1e-6")


def test_row_7_the_terms_add_up(reader):
    figure = reader.figure("sum")
    total = float(reader.until("sum", "'total' in d")["total"])
    squares = figure.locator("[data-square]").evaluate_all("all => all.map(e => Number(e.dataset.square))")
    assert len(squares) == 10
    assert sum(squares) == pytest.approx(total, abs=1e-5)


def test_row_7_without_a_cost_no_term_is_the_largest(browser, native):
    one = Reader(browser, native).live()
    one.figure("difference")
    one.press("difference", "Just right")
    one.until("difference", "Number(d.cost) < 1e-9")
    figure = one.figure("sum")
    one.until("sum", "Number(d.total) < 1e-9")
    figure.locator(".term").nth(2).click()
    assert one.until("sum", "d.term === '2'").get("reached") is None
    one.press("difference", "All wrong")
    one.until("sum", "Number(d.total) === 10")
    figure.locator(".term").nth(2).click()
    one.until("sum", "'reached' in d")
    one.close()


def test_row_8_training_lowers_the_grade(reader):
    reader.figure("report")
    data = reader.until("report", "'costRandom' in d && 'costTrained' in d")
    assert float(data["costTrained"]) < float(data["costRandom"])


def test_row_8_a_tiny_cost_is_not_called_zero(reader):
    figure = reader.figure("report")
    figure.get_by_role("radio", name="1", exact=True).check(force=True)
    data = reader.until("report", "d.count === '1'")
    while float(data["costTrained"]) >= 5e-4:
        reader.press("report", "Test on other digits")
        data = reader.until("report", f"d.costTrained !== {data['costTrained']!r}")
    shown = figure.locator(".report-grade").nth(1).inner_text()
    assert float(shown.removeprefix("< ")) == pytest.approx(float(data["costTrained"]), rel=0.06)
    figure.get_by_role("radio", name="10", exact=True).check(force=True)
    reader.until("report", "d.count === '10'")


def test_row_9_ranking_by_keyboard_alone(reader):
    figure = reader.figure("ranking")
    before = reader.data("ranking")["order"]
    assert before != "D,C,A,B"
    check = figure.get_by_role("button", name="Check my order")
    check.focus()
    reader.page.keyboard.press("Enter")
    assert reader.until("ranking", "d.state !== 'open'")["state"] == "wrong"
    assert figure.locator(".say").inner_text() != ""
    for place, name in enumerate("DCAB"):
        up = figure.get_by_role("button", name=f"Move {name} up")
        up.focus()
        while reader.data("ranking")["order"].split(",").index(name) > place:
            reader.page.keyboard.press("Enter")
    check.focus()
    reader.page.keyboard.press("Enter")
    reader.until("ranking", "d.state === 'right'")
    costs = figure.locator(".verdict strong").all_inner_texts()
    values = [float(cost.split()[-1]) for cost in costs]
    assert values == sorted(values, reverse=True)
    assert values[0] == 10
    assert values[-1] == 0


def test_row_10_the_marked_slope_is_zero(reader):
    reader.figure("curve")
    reader.press("curve", "Solve")
    data = reader.until("curve", "Math.abs(Number(d.slope)) < 1e-6")
    assert float(data["w"]) == pytest.approx(2 / 3 * np.log(2), abs=1e-5)


def test_row_11_five_looks_do_not_beat_the_minimum(reader):
    figure = reader.figure("wild")
    reader.press("wild", "Hide a new one")
    reader.until("wild", "d.hidden === 'true' && d.looks === '0'")
    area = figure.locator(".stage [tabindex='0']").first
    area.focus()
    for look in range(1, 6):
        for _ in range(3):
            reader.page.keyboard.press("Shift+ArrowRight")
        reader.page.keyboard.press("Enter")
        reader.until("wild", f"d.looks === '{look}'")
    data = reader.data("wild")
    assert float(data["best"]) >= float(data["lowest"]) - 1e-9


def test_row_11_the_deepest_valley_can_be_hit(reader):
    figure = reader.figure("wild")
    reader.press("wild", "Hide a new one")
    data = reader.until("wild", "d.hidden === 'true' && d.looks === '0'")
    low = reader.page.evaluate(f"lesson.engine.curve1d({{kind: 'wild', seed: {data['seed']}}}).then((c) => c.lowest.x)")
    area = figure.locator(".stage [role='slider']").first
    area.focus()
    for _ in range(abs(round(10 * low))):
        reader.page.keyboard.press("ArrowRight" if low > 0 else "ArrowLeft")
    for look in range(1, 6):
        reader.page.keyboard.press("Enter")
        reader.until("wild", f"d.looks === '{look}'")
    assert reader.data("wild")["deep"] == "true"
    assert "reached" in reader.data("wild")


def test_row_12_each_step_goes_against_the_slope(reader):
    reader.figure("slope")
    for _ in range(4):
        before = reader.until("slope", "'slope' in d")
        if abs(float(before["slope"])) < 1e-3:
            break
        reader.press("slope", "One step")
        after = reader.until("slope", f"d.steps !== {before['steps']!r}")
        moved = float(after["w"]) - float(before["w"])
        assert np.sign(moved) == -np.sign(float(before["slope"]))


def test_row_12_no_length_is_given_to_a_step_that_was_cut_short(reader):
    figure = reader.figure("slope")
    reader.press("slope", "Back to the start")
    figure.locator("input[type='range']").press("End")
    for _ in range(3):
        reader.press("slope", "One step")
    reader.until("slope", "Math.abs(Number(d.next)) === 1e6")
    assert "η" not in figure.locator(".says").inner_text()
    figure.locator("input[type='range']").press("Home")
    reader.press("slope", "Back to the start")
    reader.until("slope", "Number(d.w) === 3.4")


def test_row_13_balls_find_different_valleys(reader):
    reader.figure("valleys")
    data = reader.until("valleys", "d.done === 'true' && 'valleys' in d")
    assert int(data["valleys"]) >= 2
    assert int(data["resting"]) > int(data["balls"]) / 2


def test_row_14_the_slice_is_of_the_real_cost(reader):
    figure = reader.figure("surface")
    figure.get_by_role("radio", name="our real cost").check(force=True)
    data = reader.until("surface", "d.kind === 'cost'")
    there = reader.page.evaluate("async () => (await lesson.engine.surface({kind: 'cost', n: 3})).values[4]")
    assert float(data["centre"]) == pytest.approx(there, rel=1e-4)
    reader.press("surface", "Drop the ball")
    reader.until("surface", "d.dropped === 'cost'")


def test_row_15_nobody_beats_the_negative_gradient(reader):
    reader.figure("arrow")
    reader.until("arrow", "'rate' in d")
    for degrees in range(0, 360, 24):
        reader.slide("arrow", "Direction", degrees)
        data = reader.until("arrow", f"Math.abs(Number(d.angle) - {np.radians(degrees)}) < 0.01")
        assert float(data["rate"]) >= float(data["best"]) - 1e-9
    # the gradient stands at right angles to the contour: along that, the cost stays
    along = np.degrees(np.arctan2(float(data["gx"]), -float(data["gy"]))) % 360
    reader.slide("arrow", "Direction", round(along))
    data = reader.until("arrow", f"Math.abs(Number(d.angle) - {np.radians(round(along))}) < 0.01")
    assert abs(float(data["rate"])) < 0.02 * float(data["length"])


def test_row_16_the_cost_falls_at_each_step(reader):
    reader.figure("path")
    reader.slide("path", "Learning rate", np.log10(0.05))
    reader.press("path", "Back to the start")
    reader.until("path", "d.step === '0'")
    for step in range(1, 6):
        reader.press("path", "One step")
        reader.until("path", f"d.step === '{step}'")
    values = json.loads(reader.data("path")["values"])
    assert all(after < before for before, after in pairwise(values))


def test_row_16_from_far_out_there_is_a_way_back(reader):
    figure = reader.figure("path")
    figure.get_by_role("radio", name="canyon").check(force=True)
    reader.until("path", "d.kind === 'canyon' && d.step === '0'")
    reader.slide("path", "Learning rate", np.log10(2))
    for _ in range(6):
        reader.press("path", "One step")
    reader.page.wait_for_function("document.querySelector('#path .say').textContent.startsWith('Gone')", timeout=WAIT)
    reader.press("path", "Roll")
    figure.get_by_role("button", name="Roll", exact=True).wait_for(timeout=WAIT)  # and not "Stop"
    assert figure.locator(".wrong").inner_text() == ""
    reader.press("path", "Back to the start")
    reader.until("path", "d.step === '0'")


def test_row_17_five_rates_have_five_names(reader):
    reader.figure("rates")
    verdicts = json.loads(reader.until("rates", "'verdicts' in d")["verdicts"])
    assert len(verdicts) == 5
    assert {"crawl", "blow up"} <= set(verdicts)


def test_row_18_two_strips_of_thirteen_thousand(reader):
    figure = reader.figure("strips")
    assert reader.until("strips", "'length' in d")["length"] == "13002"
    reader.slide("strips", "Number", 5 * 784 + 14 * 28 + 9)
    data = reader.until("strips", f"d.index === '{5 * 784 + 14 * 28 + 9}'")
    assert (data["layer"], data["to"], data["from"]) == ("1", "5", str(14 * 28 + 9))
    assert data.get("reached") is not None
    assert "5" in figure.inner_text()


def test_row_19_a_small_nudge_lowers_the_cost(reader):
    reader.figure("nudges")
    reader.press("nudges", "Apply")
    data = reader.until("nudges", "'before' in d && 'after' in d")
    assert float(data["after"]) < float(data["before"])


def test_row_18_fingers_reach_the_numbers_beside(reader):
    reader.figure("strips")
    reader.slide("strips", "Number", 5 * 784 + 13 * 28 + 8)
    reader.press("strips", "a row down")
    reader.press("strips", "the number after")
    reader.until("strips", f"d.index === '{5 * 784 + 14 * 28 + 9}'")


@pytest.mark.parametrize("below", [".entries", ".pairs", ".neuron-tile"])
def test_row_18_a_pointer_that_rests_chooses_nothing(reader, below):
    figure = reader.figure("strips")
    reader.slide("strips", "Number", 784)
    place = figure.locator(below).first
    place.scroll_into_view_if_needed()
    box = place.bounding_box()
    reader.page.mouse.move(box["x"] + box["width"] / 3, box["y"] + box["height"] / 3)
    reader.until("strips", "d.index !== '784'")  # it does when it moves
    chosen = 5 * 784 + 13 * 28 + 8
    reader.slide("strips", "Number", chosen)
    figure.locator(".entries").focus()
    for turn in range(3):
        reader.page.keyboard.press("ArrowDown")  # the list moves below the pointer
        reader.page.evaluate("y => scrollBy(0, y)", -40 if turn % 2 else 40)  # and the page
        reader.page.wait_for_timeout(200)
    assert reader.data("strips")["index"] == str(chosen + 3)


def test_row_19_nudges_are_taken_back_and_steps_still_count(reader):
    reader.figure("nudges")
    engine = "async () => [(await lesson.engine.info()).steps, Array.from((await lesson.engine.weights()).flat)]"
    before = reader.page.evaluate(engine)
    start = int(reader.data("nudges").get("applied", 0))
    for nudge in (1, 2):
        reader.press("nudges", "Apply")
        reader.until("nudges", f"d.applied === '{start + nudge}'")
    assert reader.page.evaluate(engine) != before
    reader.press("nudges", "Take it back")
    reader.until("nudges", "d.applied === '0'")
    if start == 0:
        assert reader.page.evaluate(engine) == before
    assert reader.page.evaluate(engine)[0] == before[0]


def test_rows_18_to_24_see_what_training_did_meanwhile(reader):
    for name in ("strips", "nudges", "takeaways"):
        reader.figure(name)
    reader.press("nudges", "Apply")
    back = reader.page.locator("#nudges").get_by_role("button", name="Take it back")
    playwright.expect(back).to_be_enabled(timeout=WAIT)
    steps = int(reader.data("takeaways")["steps"])
    reader.figure("training")
    reader.press("training", "One step")
    reader.page.wait_for_function(
        "document.querySelector('#training .say').textContent.startsWith('One step')", timeout=WAIT
    )
    cost = reader.page.evaluate("async () => (await lesson.engine.gradient({count: 100})).cost")
    reader.figure("strips")
    reader.until("strips", f"Math.abs(Number(d.cost) - {cost}) < 1e-9")
    reader.figure("nudges")
    playwright.expect(back).to_be_disabled(timeout=WAIT)  # it would take the training back, too
    reader.figure("takeaways")
    reader.until("takeaways", f"Number(d.steps) > {steps}")


def test_row_20_the_measured_slope_is_the_gradient(reader):
    reader.figure("importance")
    data = reader.until("importance", "'gradient' in d && 'measuredSlope' in d")
    assert float(data["measuredSlope"]) == pytest.approx(float(data["gradient"]), rel=0.1, abs=1e-5)


def test_row_21_training_reads_85_of_100_in_a_minute(reader):
    figure = reader.figure("training")
    reader.press("training", "Reset")
    before = int(reader.until("training", "d.steps === '0'")["steps"])
    reader.press("training", "One step")
    assert int(reader.until("training", "d.steps !== '0'")["steps"]) == before + 1
    figure.get_by_role("radio", name="Full").check(force=True)
    reader.press("training", "Train")
    reader.until("training", "Number(d.accuracy) >= 0.85", timeout=60_000)
    for _ in range(5):  # whatever is under way when it is pressed
        reader.press("training", "Pause")
        stopped = int(reader.until("training", "d.state === 'paused'")["steps"])
        assert reader.page.evaluate("async () => (await lesson.engine.info()).steps") == stopped
        reader.press("training", "Train")
        reader.until("training", f"d.state === 'running' && Number(d.steps) > {stopped}")
    reader.press("training", "Pause")
    stopped = reader.until("training", "d.state === 'paused'")["steps"]
    reader.page.wait_for_timeout(500)
    assert reader.data("training")["steps"] == stopped


def test_row_21_quick_clicks_do_what_the_last_one_says(reader):
    figure = reader.figure("training")
    figure.get_by_role("radio", name="Full").check(force=True)
    for label in ("One step", "One step", "Train", "Train", "Reset"):
        reader.press("training", label)
    reader.until("training", "d.steps === '0' && d.state === 'paused' && d.tested === '10000'")
    reader.page.wait_for_timeout(500)
    assert reader.page.evaluate("async () => (await lesson.engine.info()).steps") == 0
    reader.press("training", "Train")
    reader.until("training", "Number(d.steps) > 50")
    reader.press("training", "Pause")
    reader.page.wait_for_function(
        "document.querySelector('#training .say').textContent.startsWith('Paused')", timeout=WAIT
    )
    assert figure.locator(".loop .lit").count() == 0
    steps = reader.data("training")["steps"]
    assert figure.locator(".loop li").last.inner_text().split()[2].replace(",", "") == steps


STROKES = {
    1: [[(0.52, 0.15), (0.5, 0.4), (0.48, 0.85)]],
    7: [[(0.25, 0.2), (0.5, 0.2), (0.75, 0.2), (0.6, 0.5), (0.45, 0.85)]],
}


def test_row_22_digits_drawn_by_hand_are_read(reader):
    figure = reader.figure("testing")
    data = reader.until("testing", "'count' in d && 'right' in d", timeout=60_000)
    cells = figure.locator("td[data-n]").evaluate_all(
        "all => all.map(c => [Number(c.dataset.n), c.dataset.shows === c.dataset.taken])"
    )
    assert sum(n for n, _ in cells) == int(data["count"]) == 10_000
    assert sum(n for n, right in cells if right) == int(data["right"])
    figure.get_by_role("radio", name="trained", exact=False).first.check(force=True)
    canvas = figure.locator(".pad canvas").first
    for digit, strokes in STROKES.items():
        figure.locator(".pad").get_by_role("button", name="Wipe").click()
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        for stroke in strokes:
            points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in stroke]
            reader.page.mouse.move(*points[0])
            reader.page.mouse.down()
            for point in points[1:]:
                reader.page.mouse.move(*point, steps=8)
            reader.page.mouse.up()
        reader.until("testing", f"d.guess === '{digit}'", timeout=10_000)


def test_row_22_the_digits_of_one_mistake(reader):
    figure = reader.figure("testing")
    reader.until("testing", "'count' in d && 'shows' in d")
    figure.get_by_role("radio", name="One trained before").check(force=True)
    reader.until("testing", "d.net === 'trained' && d.shows === ''")
    cell = figure.locator('td[data-shows="4"][data-taken="9"]')
    cell.locator("button").click()
    data = reader.until("testing", "d.shows === '4' && d.takenfor === '9'")
    assert data["listed"] == data["of"] == cell.get_attribute("data-n")
    shown = figure.locator(".mistakes button").all_inner_texts()
    assert shown == ["4→9"] * int(data["of"])
    figure.get_by_role("group", name="and that the network took for").get_by_role("radio", name="any").check(force=True)
    reader.until("testing", "d.shows === '4' && d.takenfor === ''")
    figure.get_by_role("group", name="Digits that show").get_by_role("radio", name="all").check(force=True)
    reader.until("testing", "d.shows === '' && d.takenfor === ''")


def test_row_23_every_parameter_gets_its_gradient(reader):
    figure = reader.figure("graph")
    reader.until("graph", "'graded' in d")
    assert figure.locator(".whole g.node").count() == figure.locator(".scroll g.node").count()
    assert figure.locator("svg g.node").count() > 10
    reader.press("graph", "Backward")
    reader.until("graph", "d.graded === '6'")


def test_row_24_the_network_goes_along(reader, tmp_path):
    figure = reader.figure("takeaways")
    reader.press("takeaways", "Measure again")
    reader.until("takeaways", "'accuracy' in d")
    with reader.page.expect_download() as waiting:
        reader.press("takeaways", "Download")
    waiting.value.save_as(tmp_path / "mine.npz")
    state = load(tmp_path / "mine.npz")
    assert sum(p.numel() for p in state["model"].values()) == 13_002
    native = Lesson()
    native.load(list((tmp_path / "mine.npz").read_bytes()))
    pixels = np.random.default_rng(0).random(784).round(3).tolist()
    there = reader.page.evaluate(
        "async (pixels) => Array.from((await lesson.engine.forward({pixels})).acts[3])", pixels
    )
    np.testing.assert_allclose(native.forward(pixels)["acts"][3], there, rtol=1e-4, atol=1e-6)
    for card in ("learning", "descent", "gradient"):
        assert reader.page.locator(f'.card[data-card="{card}"] .own').inner_text() != ""
    figure.locator('input[type="file"]').set_input_files(tmp_path / "mine.npz")
    steps = reader.data("takeaways")["steps"]
    reader.page.wait_for_function(
        "document.querySelector('#takeaways .say').textContent.includes('loaded')", timeout=WAIT
    )
    assert str(reader.page.evaluate("async () => (await lesson.engine.info()).steps")) == steps
    assert (
        reader.page.evaluate("async (pixels) => Array.from((await lesson.engine.forward({pixels})).acts[3])", pixels)
        == there
    )
    reader.press("takeaways", "Copy a link")
    assert "seed=" in reader.until("takeaways", "'link' in d")["link"]
    if reader.kind == "wasm":
        figure.locator("textarea").fill("sum(p.numel() for p in net.parameters())")
        reader.press("takeaways", "Run")
        assert reader.until("takeaways", "'answer' in d")["answer"] == "13002"


def test_row_25_goes_on(reader):
    figure = reader.figure("journey")
    for link in figure.locator("a").all():
        target = link.get_attribute("href")
        if target.startswith("#"):
            assert reader.page.locator(target).count() == 1
        else:
            assert reader.page.request.get(reader.page.url.split("#")[0].rsplit("/", 1)[0] + "/" + target).ok


def test_every_figure_shows_the_python_that_ran(reader):
    for name in reader.page.eval_on_selector_all("figure[data-figure]", "all => all.map(f => f.id)"):
        figure = reader.figure(name)
        if name == "journey":
            continue  # it has no numbers
        figure.locator(".python > summary").click()
        figure.locator(".python pre").first.wait_for(timeout=WAIT)
        assert figure.locator(".python pre").first.inner_text().startswith("def "), name
        figure.locator(".python > summary").click()


# ── when the engine goes ─────────────────────────────────────────────────────────────────────────────────────────────

ASK = "lesson.engine.info().then(() => 'answered', (error) => error.message)"


def chip_says(page, words):
    page.wait_for_function(f"document.getElementById('chip').textContent.includes({words!r})", timeout=WAIT)


@pytest.mark.xdist_group("native")
def test_a_server_that_goes_and_comes_back(browser, static_site, shared_lesson):
    def serve(port=0):
        server = Server(static_site, shared_lesson, port=port)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        return server

    server = serve()
    context = browser.new_context()
    page = context.new_page()
    page.goto(server.address)
    chip_says(page, "live")
    server.shutdown()
    server.server_close()
    page.route("**/*", lambda route: route.abort())  # the connections that are open would still be answered
    assert "is `make lesson` still running?" in page.evaluate(ASK)
    chip_says(page, "has gone")
    page.unroute("**/*")
    again = serve(server.server_port)
    chip_says(page, "live")
    assert page.evaluate(ASK) == "answered"
    context.close()
    again.shutdown()
    again.server_close()


@pytest.mark.xdist_group("static")
def test_python_in_the_page_that_ends_is_started_anew(browser, static):
    one = Reader(browser, static)
    one.live()
    one.page.evaluate(  # "starts anew" may be there for less than one look at the page
        "said = []; new MutationObserver(() => said.push(document.getElementById('chip').textContent))"
        ".observe(document.getElementById('chip'), {childList: true, characterData: true, subtree: true})"
    )
    one.page.evaluate("lesson.engine.transport.worker.postMessage({id: 0, method: 'use_digits', request: '{'})")
    one.page.wait_for_function("said.some((words) => words.includes('anew'))", timeout=WAIT)
    assert one.page.evaluate(ASK) == "answered"  # asked while it starts
    chip_says(one.page, "live")
    one.close()


# ── readers of every kind ────────────────────────────────────────────────────────────────────────────────────────────


def test_without_javascript_there_are_words_and_pictures(browser, static):
    one = Reader(browser, static, java_script_enabled=False)
    assert one.page.locator("figure .poster svg").count() == 26
    assert one.page.locator("h1, h2").count() == 16
    one.close()


def everything(one):
    """Scroll through the whole page until every figure is alive."""
    for name in one.page.eval_on_selector_all("figure[data-figure]", "all => all.map(f => f.id)"):
        one.figure(name)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_is_accessible(browser, native, theme):
    one = Reader(browser, native, color_scheme=theme, reduced_motion="reduce")
    everything(one.live())
    found = axe_core.Axe().run(one.page)
    assert found.violations_count == 0, found.generate_report()
    one.close()


def test_on_a_phone_the_finger_draws_and_does_not_scroll(browser, native):
    phone = {"viewport": {"width": 412, "height": 839}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
    one = Reader(browser, native, **phone)
    one.live()
    figure = one.figure("testing")
    canvas = figure.locator(".pad canvas").first
    canvas.scroll_into_view_if_needed()
    one.page.wait_for_timeout(300)
    box, before = canvas.bounding_box(), one.page.evaluate("scrollY")
    touch = one.context.new_cdp_session(one.page)

    def finger(kind, *point):
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in point]})

    x, top, tall = box["x"] + box["width"] / 2, box["y"], box["height"]
    finger("touchStart", (x, top + 0.85 * tall))
    for share in np.linspace(0.85, 0.15, 12):
        finger("touchMove", (x, top + share * tall))
    finger("touchEnd")
    one.until("testing", "'guess' in d")
    assert one.page.evaluate("scrollY") == before
    one.page.evaluate("scrollTo(0, 0)")
    one.close()


def test_on_a_phone_what_is_dragged_moves_and_the_page_does_not(browser, native):
    phone = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
    one = Reader(browser, native, **phone).live()
    touch = one.context.new_cdp_session(one.page)

    def drag(handle, down):
        """A finger goes down by so many pixels, from a fifth of the handle's height."""
        handle.evaluate("e => e.scrollIntoView({block: 'center', behavior: 'instant'})")
        one.page.wait_for_timeout(500)
        box, before = handle.bounding_box(), one.page.evaluate("scrollY")
        x, y = box["x"] + min(12, box["width"] / 2), box["y"] + 0.3 * box["height"]
        for k, share in enumerate(np.linspace(0, 1, 12)):
            kind = "touchMove" if k else "touchStart"
            touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y + share * down}]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        one.page.wait_for_timeout(300)
        assert one.page.evaluate("scrollY") == before

    output = one.figure("difference").locator("[data-output='0']")
    drag(output, 60)
    one.page.wait_for_function("e => e.getAttribute('aria-valuenow') === '0.00'", arg=output.element_handle())
    drag(one.figure("ranking").locator("[data-name='D'] .grip"), -360)
    assert one.data("ranking")["order"].startswith("D")
    one.close()


def test_nothing_moves_for_those_who_asked_for_that(browser, native):
    one = Reader(browser, native, reduced_motion="reduce")
    one.live()
    one.figure("hero")
    one.until("hero", "Number(d.steps) > 100")
    moving = one.page.evaluate("document.getAnimations().filter(a => a.playState === 'running').length")
    assert moving == 0
    one.close()


FIRST = [
    "hero",
    "ways",
    "network",
    "knobs",
    "trash",
    "difference",
    "sum",
    "report",
    "ranking",
    "curve",
    "wild",
    "slope",
]
SMALL = """names => names.flatMap((name) => [...document.getElementById(name).querySelectorAll("*")]
.filter((e) => e.getClientRects().length && !e.closest(".unseen, .poster")
  && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())
).map((e) => [name, e.textContent, parseFloat(getComputedStyle(e).fontSize) * (e.ownerSVGElement?.getScreenCTM().a ?? 1)]
).filter(([, , size]) => size < 10.95))"""


@pytest.mark.parametrize("widths", [(390,), (1280,), (1280, 390), (390, 1280)])
def test_words_can_be_read_also_when_the_phone_is_turned(browser, native, widths):
    one = Reader(browser, native, viewport={"width": widths[0], "height": 844}).live()
    for name in FIRST:
        one.figure(name)
    for width in widths:
        one.page.set_viewport_size({"width": width, "height": 844})
        one.page.wait_for_timeout(500)
    assert one.page.evaluate(SMALL, FIRST) == []
    tall = one.page.locator("#network svg.network").bounding_box()["height"]
    assert tall < 600
    one.close()


@pytest.mark.parametrize("width", [360, 390, 768, 1600])
def test_nothing_is_wider_than_the_screen(browser, native, width):
    one = Reader(browser, native, viewport={"width": width, "height": 800})
    everything(one.live())
    wide = one.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width, one.page.evaluate(
        "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
        ".slice(0, 8).map(e => e.closest('figure')?.id + ' ' + e.tagName + '.' + e.className)"
    )
    one.close()


def test_a_link_brings_the_seed(browser, native):
    one = Reader(browser, native, "#training?seed=7")
    one.live()
    assert one.page.evaluate("lesson.page.get('seed')") == "7"
    one.close()


def test_a_link_to_a_place_stays_there(browser, native):
    one = Reader(browser, native, "#training?seed=7")
    one.live()
    one.page.wait_for_selector("#training[data-live]", timeout=WAIT)
    one.page.evaluate(
        "document.querySelector('#lesson').prepend(Object.assign(document.createElement('p'), {style: 'height: 3000px'}))"
    )
    one.page.wait_for_function("Math.abs(document.getElementById('training').getBoundingClientRect().top) < 200")
    one.page.mouse.wheel(0, -5000)
    one.page.wait_for_function("document.getElementById('training').getBoundingClientRect().top > 2000")
    one.close()


def test_opened_from_disk_it_says_what_to_do(browser, static_site):
    context = browser.new_context()
    page = context.new_page()
    page.goto((static_site / "index.html").as_uri())
    assert page.locator("h1").inner_text().endswith("How Neural Networks Learn")
    context.close()
