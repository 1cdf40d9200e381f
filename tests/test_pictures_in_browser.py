"""Pictures and pages in a real browser: what is measured, pressed and read there. `make test-pictures` runs these.

Skipped where Playwright or a Chromium is missing.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import minigrad
from minigrad import nn
from minigrad.draw import trace
from minigrad.draw.examples import EXAMPLES

playwright = pytest.importorskip("playwright.sync_api")
axe_core = pytest.importorskip("axe_playwright_python.sync_playwright")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
if CHROMIUM is None:
    pytest.skip("needs a Chromium", allow_module_level=True)

THEMES = ("light", "dark")


def failed():
    model = nn.Sequential(nn.Linear(784, 16), nn.ReLU(), nn.Linear(10, 10))
    return minigrad.draw(model, minigrad.ones(4, 784))


@np.errstate(all="ignore")
def first_nan():
    x = minigrad.tensor([1.0, 0.0, -1.0], requires_grad=True)
    return minigrad.draw((x * 2).sqrt().sum() + x.exp().sum(), names={"x": x})


def second_order():
    x = minigrad.tensor(0.5, requires_grad=True)
    y = x.tanh() * x
    (g,) = minigrad.autograd.grad(y, x, create_graph=True)
    return minigrad.draw(g, names={"x": x, "y": y, "dy/dx": g})


def awkward():
    """Names that are code, long names, NaN, many digits, views, a histogram, every direction of text."""
    x = minigrad.tensor(np.linspace(-1e-7, 1e7, 300), requires_grad=True)
    w = minigrad.tensor([[1.23456789e-12, -9.87654321e11], [np.nan, np.inf]], requires_grad=True)
    y = (x[:4].reshape(2, 2) * w).T.sum()
    return minigrad.draw(y, names={"<script>alert(1)</script>@svg@": x, "w" * 60: w, "naïve λ → 🙂": y}, memory=True)


PICTURES = {**EXAMPLES, "failed": failed, "nan": first_nan, "second_order": second_order, "awkward": awkward}


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as program:
        chromium = program.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("pictures")
    for name, make in PICTURES.items():
        picture = make()
        picture.save(path / f"{name}.svg")
        picture.save(path / f"{name}.html")
    return path


@pytest.fixture
def visit(browser, folder):
    contexts, troubles = [], []

    def visit(file: str, theme: str = "light", width: int = 1280, height: int = 800):
        context = browser.new_context(color_scheme=theme, viewport={"width": width, "height": height}, offline=True)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on(
            "console", lambda message: troubles.append(message.text) if message.type in ("error", "warning") else None
        )
        page.on(
            "request",
            lambda request: None if request.url.startswith(("file:", "data:")) else troubles.append(request.url),
        )
        page.goto((folder / file).as_uri())
        return page

    yield visit
    for context in contexts:
        context.close()
    assert troubles == []


MEASURE = """() => {
  const seen = (g) => g.getClientRects().length && !g.closest(".gone");
  const rect = (e) => { const r = e.getBoundingClientRect(); return {x: r.x, y: r.y, r: r.right, b: r.bottom}; };
  const nodes = [...document.querySelectorAll("svg g.node")].filter(seen).map((g) => {
    const shape = [...g.children].find((e) => e.matches("polygon,path,ellipse,rect"));
    const texts = [...g.querySelectorAll("text")].filter((t) => t.textContent.trim());
    return {name: g.querySelector("title")?.textContent || g.getAttribute("aria-label"), box: rect(shape),
      texts: texts.map((t) => ({text: t.textContent, ...rect(t)}))};
  });
  const frames = [...document.querySelectorAll("svg g.cluster")].filter(seen).map((g) => rect(g.querySelector("path,polygon")));
  const legend = [...document.querySelectorAll("svg g.graph > text")].map(rect);
  const scale = document.querySelector("svg g.graph").getScreenCTM().a;
  return {nodes, frames, legend, scale, whole: rect(document.querySelector("svg"))};
}"""


def apart(a, b, slack=0.5) -> bool:
    return a["r"] <= b["x"] + slack or b["r"] <= a["x"] + slack or a["b"] <= b["y"] + slack or b["b"] <= a["y"] + slack


def inside(a, b, slack) -> bool:
    return (
        a["x"] >= b["x"] - slack and a["y"] >= b["y"] - slack and a["r"] <= b["r"] + slack and a["b"] <= b["b"] + slack
    )


def check(measured) -> None:
    scale = measured["scale"]
    assert measured["nodes"]
    for i, node in enumerate(measured["nodes"]):
        for text in node["texts"]:
            assert inside(text, node["box"], max(1.0 * scale, 0.5)), (node["name"], text["text"])
        for k, text in enumerate(node["texts"]):
            for other in node["texts"][:k]:
                height = min(text["b"] - text["y"], other["b"] - other["y"])  # of the line: letters are less high
                assert apart(text, other, 0.3 * height), (node["name"], text["text"], other["text"])
        for other in measured["nodes"][:i]:
            assert apart(node["box"], other["box"]), (node["name"], other["name"])
    for i, frame in enumerate(measured["frames"]):
        for other in measured["frames"][:i]:
            assert apart(frame, other) or inside(frame, other, 0.5) or inside(other, frame, 0.5)
        for node in measured["nodes"]:
            assert apart(frame, node["box"]) or inside(node["box"], frame, 2 * scale), node["name"]


# ── pictures ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", list(PICTURES))
def test_every_text_is_inside_its_box_and_nothing_overlaps(visit, name, theme):
    page = visit(f"{name}.svg", theme)
    measured = page.evaluate(MEASURE)
    check(measured)
    for text in measured["legend"]:
        assert inside(text, measured["whole"], 1)
        assert all(apart(text, node["box"]) for node in measured["nodes"])


@pytest.mark.parametrize("theme", THEMES)
def test_pictures_follow_the_theme(visit, theme):
    page = visit("neuron.svg", theme)
    ground = page.evaluate("getComputedStyle(document.querySelector('svg g.graph > polygon')).fill")
    assert ground == {"light": "rgb(255, 255, 254)", "dark": "rgb(20, 24, 29)"}[theme]
    page.emulate_media(media="print", color_scheme="dark")
    ground = page.evaluate("getComputedStyle(document.querySelector('svg g.graph > polygon')).fill")
    assert ground == "rgb(255, 255, 254)"


@pytest.mark.parametrize(
    "mark", ["class='vscode-dark'", "data-jp-theme-light='false'", "class='dark'", "data-theme='dark'"]
)
def test_a_page_around_a_picture_decides_about_the_theme(browser, folder, mark):
    page = browser.new_page(color_scheme="light")
    page.set_content(f"<body {mark}>{(folder / 'neuron.svg').read_text()}<p>around</p></body>")
    fill = page.evaluate("getComputedStyle(document.querySelector('svg .output path')).fill")
    assert fill == "rgb(13, 61, 48)"
    assert page.evaluate("getComputedStyle(document.querySelector('p')).color") == "rgb(0, 0, 0)"
    page.close()


def test_texts_are_large_enough(visit):
    page = visit("training_step.svg")
    sizes = page.evaluate(
        "[...document.querySelectorAll('svg text')].map((t) => parseFloat(getComputedStyle(t).fontSize))"
    )
    assert min(sizes) * 96 / 72 >= 11.9  # points to pixels


# ── pages ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def where(page) -> str:
    return page.locator("#where").inner_text()


def panel(page) -> str:
    return page.locator("#panel").inner_text()


def test_stepping_by_keyboard(visit):
    page = visit("shared.html")
    assert where(page) == "start, 4 steps"
    page.keyboard.press("ArrowRight")
    assert where(page) == "step 1 of 4: forward"
    assert "z = a · b" in panel(page)
    assert "z = 2 · (-3) = -6" in panel(page)
    page.keyboard.press("End")
    assert where(page) == "step 4 of 4: backward"
    text = panel(page)
    assert "g · b\n1 · (-3) = -3" in text
    assert "as written\tg * other" in text
    assert "1 + (-3) = -2, 2 of 2 shares" in text
    page.keyboard.press("ArrowLeft")
    assert where(page) == "step 3 of 4: backward"
    assert "1 of 2 shares" in panel(page)
    layer = visit("layer.html")
    layer.evaluate("go(7)")
    assert "share\t[[0.008261, -0.06261]," in panel(layer)
    page.keyboard.press("Home")
    assert where(page) == "start, 4 steps"
    page.locator("#slider").focus()
    page.keyboard.press("ArrowRight")
    assert where(page) == "step 1 of 4: forward"
    assert page.locator("#slider").get_attribute("aria-valuetext") == "step 1 of 4: forward"


def test_the_shares_of_a_step_keep_clear_of_rings_and_of_each_other(visit):
    page = visit("neuron.html")
    shares = 0
    for step in range(6, 11):
        page.evaluate(f"go({step})")
        words, rings = page.evaluate(
            """() => [".share", ".done .ring, .now .ring"].map((what) => [...document.querySelectorAll(what)].map(
                (e) => { const b = e.getBBox(); return {x: b.x, y: b.y, r: b.x + b.width, b: b.y + b.height}; }))"""
        )
        shares += len(words)
        for i, word in enumerate(words):
            assert all(apart(word, other, 0) for other in [*rings, *words[:i]])
    assert shares


def test_gradients_are_seen_when_they_have_come_back(visit):
    page = visit("neuron.html")
    hidden = (
        "[...document.querySelectorAll('.gradient')].filter((t) => getComputedStyle(t).visibility === 'hidden').length"
    )
    every = page.evaluate("document.querySelectorAll('.gradient').length")
    assert every == 16  # two texts in each of the eight boxes that have a gradient
    counts = []
    for step in range(11):
        page.evaluate(f"go({step})")
        counts.append(page.evaluate(hidden))
    assert counts[:6] == [0, 16, 16, 16, 16, 16]
    assert counts[-1] == 0
    assert counts[5:] == sorted(counts[5:], reverse=True)


def test_play_runs_to_the_end(visit):
    page = visit("shared.html")
    page.locator("#play").click()
    assert page.locator("#play").inner_text() == "Pause"
    page.wait_for_function("step === 4", timeout=20_000)
    assert page.locator("#play").inner_text() == "Play"


def test_what_is_later_is_faint(visit):
    page = visit("neuron.html")
    page.keyboard.press("ArrowRight")
    assert page.locator("svg .node.later").count() == 4
    assert page.locator("svg .node.now").count() == 1
    assert page.locator("svg .edge.now").count() == 2


def test_search(visit):
    page = visit("training_step.html")
    page.keyboard.press("/")
    page.keyboard.type("sigmoid")
    assert page.locator("#found").inner_text() == "1 of 3"
    assert page.locator("svg .match").count() == 3
    page.keyboard.press("Enter")
    assert page.locator("#found").inner_text() == "2 of 3"
    page.keyboard.press("Escape")
    assert page.locator("svg .match").count() == 0
    page.keyboard.press("ArrowRight")
    assert where(page).startswith("step 1 of")
    page.keyboard.press("/")
    page.keyboard.type("no such thing")
    assert page.locator("#found").inner_text() == "none"


def test_search_opens_what_is_closed(visit):
    page = visit("gpt.html")
    assert page.locator("svg .proxy").count() == 8
    page.locator("#find").fill("blocks.0.attention.out.weight")
    assert page.locator("svg .match:not(.gone)").count() == 0
    page.locator("#find").press("Enter")
    assert page.locator("svg .match:not(.gone)").count() == 1


def test_pan_and_zoom(visit):
    page = visit("neuron.html")

    def view():
        return [float(number) for number in page.locator("main svg").get_attribute("viewBox").split()]

    start = view()
    page.mouse.move(400, 400)
    page.mouse.wheel(0, -300)
    page.wait_for_function(f"view[2] < {start[2] - 1}")
    near = view()
    page.mouse.down()
    page.mouse.move(450, 420, steps=3)
    page.mouse.up()
    moved = view()
    assert moved[0] < near[0]
    assert moved[2:] == near[2:]
    page.keyboard.press("0")
    assert view() == start
    page.keyboard.press("+")
    assert view()[2] < start[2]
    page.locator("#fit").click()
    page.locator("#out").click()
    assert view()[2] > start[2]


def test_choosing_a_box(visit):
    page = visit("neuron.html")
    page.locator("svg g[data-box=n0]").click()
    assert "w1" in panel(page)
    assert "-3" in panel(page)
    assert page.locator("svg .chosen").count() == 1
    page.locator("svg g[data-box=n1]").focus()
    page.keyboard.press("Enter")
    assert "x1" in panel(page)
    assert where(page) == "start, 10 steps"


@pytest.mark.parametrize("theme", THEMES)
def test_expanding_and_collapsing_by_keyboard(visit, theme):
    page = visit("training_step.html", theme)
    page.locator("svg .title").nth(1).focus()
    page.keyboard.press("Enter")
    assert page.locator("svg .proxy").count() == 1
    assert page.evaluate("document.activeElement.getAttribute('aria-expanded')") == "false"
    check(page.evaluate(MEASURE))
    page.keyboard.press("Enter")
    assert page.locator("svg .proxy").count() == 0
    assert page.evaluate("document.activeElement.getAttribute('aria-expanded')") == "true"
    check(page.evaluate(MEASURE))
    page.locator("#close-all").click()
    check(page.evaluate(MEASURE))
    assert page.locator("svg .node:not(.gone)").count() == 4
    page.locator("#open-all").click()
    assert page.locator("svg .node:not(.gone)").count() == page.evaluate("boxes.length")


def test_every_way_of_collapsing_a_model_is_laid_out_without_overlap(visit):
    page = visit("gpt.html", width=4000, height=6000)
    check(page.evaluate(MEASURE))
    count = page.evaluate("frames.size")
    rng = np.random.default_rng(0)
    for i in range(count + 12):
        closed = [int(k) for k in rng.permutation(count)[: rng.integers(0, count)]] if i >= count else [i]
        page.evaluate(f"[...frames.values()].forEach((frame, i) => {{ frame.closed = {closed}.includes(i) }})")
        page.evaluate("arrange(), paint(), fit()")
        check(page.evaluate(MEASURE))


IN_SIGHT = """() => {
  if (!step) return true;
  const b = boxes[steps[step - 1].box].at, m = root.transform.baseVal.consolidate().matrix, x = b.x + m.e, y = b.y + m.f;
  return x + b.w > view[0] && x < view[0] + view[2] && y + b.h > view[1] && y < view[1] + view[3];
}"""


@pytest.mark.parametrize("name", ["training_step", "gpt", "failed", "awkward"])
def test_every_step_can_be_shown(visit, name):
    page = visit(f"{name}.html")
    for step in range(page.evaluate("steps.length") + 1):
        page.evaluate(f"go({step})")
        assert panel(page)
        shown = page.evaluate(IN_SIGHT)
        assert shown


def test_names_are_not_taken_for_code(visit, folder):
    page = visit("awkward.html")
    assert page.evaluate("data.boxes.some((box) => box.name.startsWith('<script>'))")
    assert "<script>alert" not in (folder / "awkward.html").read_text()
    assert page.locator("svg text", has_text="<script>alert(1)").count() == 1


def test_the_theme_button(visit):
    page = visit("neuron.html", "light")
    colours = []
    for _ in range(3):
        page.locator("#theme").click()
        colours.append(
            (page.locator("#theme").inner_text(), page.evaluate("getComputedStyle(document.body).backgroundColor"))
        )
    assert colours == [
        ("Theme: light", "rgb(255, 255, 254)"), ("Theme: dark", "rgb(20, 24, 29)"), ("Theme: auto", "rgb(255, 255, 254)"),
    ]  # fmt: skip


@pytest.mark.parametrize("width", [360, 800, 1600])
def test_it_fits_the_window(visit, width):
    page = visit("gpt.html", width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("#slider").bounding_box()["width"] >= 100
    assert page.locator("main").bounding_box()["height"] >= 200


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("name", ["neuron", "training_step", "gpt", "failed"])
def test_accessibility(visit, name, theme):
    page = visit(f"{name}.html", theme)
    for step in (0, 3, page.evaluate("steps.length")):
        page.evaluate(f"go({step})")
        found = axe_core.Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("name", list(PICTURES))
def test_a_page_is_one_file(folder, name):
    text = (folder / f"{name}.html").read_text()
    links = set(re.findall(r"https?://[\w./-]+", text)) - {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert links == set()
    assert not re.search(r"<(?:link|script|img|iframe)[^>]+(?:src|href)=", text)


def test_a_model_traced_by_hand(visit, folder):
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(2 * 6 * 6, 4))
    with trace(model) as seen:
        loss = model(minigrad.ones(3, 1, 8, 8)).logsumexp(1).mean()
        loss.backward()
    picture = minigrad.draw(loss, trace=seen)
    picture.save(folder / "convolution.svg")
    check(visit("convolution.svg").evaluate(MEASURE))


def test_the_folder_is_what_was_made(folder):
    assert {path.suffix for path in Path(folder).iterdir()} == {".svg", ".html"}


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The report of a short run of scripts/mnist.py."""
    path = tmp_path_factory.mktemp("mnist")
    script = Path(__file__).resolve().parent.parent / "scripts" / "mnist.py"
    command = [sys.executable, str(script), "--digits", "400", "--epochs", "2", "--lr", "2", "--out", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    return path / "report.html"


@pytest.mark.parametrize("theme", THEMES)
def test_the_report_of_a_run_is_accessible(visit, report, theme):
    page = visit(str(report), theme)
    page.locator("summary").first.press("Enter")  # by keyboard, and what is folded is looked at too
    page.locator("details:not([open]) summary").press("Enter")
    assert page.locator("details[open] table").count() == 2
    found = axe_core.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("width", [360, 1280])
def test_the_report_of_a_run_fits_the_window(visit, report, width):
    page = visit(str(report), width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for image in page.locator("img").all():
        assert image.evaluate("e => e.complete && e.naturalWidth > 500")


def test_the_report_of_a_run_follows_the_theme(visit, report):
    corner = """() => { const c = document.createElement("canvas").getContext("2d");
      c.drawImage(document.querySelector("img"), 0, 0); return [...c.getImageData(2, 2, 1, 1).data.slice(0, 3)]; }"""
    paper = {theme: visit(str(report), theme).evaluate(corner) for theme in THEMES}
    assert paper == {"light": [255, 255, 255], "dark": [20, 24, 29]}
    assert visit(str(report), "dark").evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 29)"
