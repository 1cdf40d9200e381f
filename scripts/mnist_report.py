"""The report of a training run of scripts/mnist.py: one page that holds its pictures and needs nothing else.

`mnist.py` writes it to `report.html` in the folder of the run. The page asks for nothing from outside, has a light and a
dark theme, and says in words what each picture shows.
"""

from __future__ import annotations

import base64
import platform
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

import minigrad
from minigrad import nn, plot
from minigrad.plot.style import INK, PAPER, QUIET
from models import digits

SOME = 1000  # training digits that costs and gradients are measured on


@dataclass
class Finished:
    """A finished run, as far as the report is concerned."""

    model: digits.DigitClassifier
    options: dict[str, Any]
    history: list[dict[str, float]]
    path: list[Any]  # the parameters side by side, from the first to the last
    taken: list[int]  # after how many steps each
    cost: Callable[[Any, Any], Any]
    images: Any  # training digits, and what is wanted of them
    wanted: Any
    unseen: Any  # the data set
    outputs: Any  # what the network says about it
    table: list[list[int]]
    seconds: float
    resumed: bool


@dataclass
class Section:
    """A picture of the report: how to draw it in a theme, and what it is in words."""

    name: str
    title: str
    draw: Callable[[str], Any]
    alt: str
    caption: str
    more: str = ""  # HTML below it


def write(run: Finished, folder: Path) -> list[Path]:
    """Write report.html and the four pictures that are files too; where they are."""
    files = {"learning_curve", "first_layer", "mistakes", "confusion"}
    written, parts = [], []
    for section in sections(run):
        light, dark = (picture(section.draw(theme)) for theme in ("light", "dark"))
        if section.name in files:
            written.append(replace(folder / f"{section.name}.png", light))
        parts.append(
            f'<section aria-labelledby="{section.name}">\n<h2 id="{section.name}">{escape(section.title)}</h2>\n<figure>\n'
            f'<picture><source media="(prefers-color-scheme: dark)" srcset="{embedded(dark)}">'
            f'<img src="{embedded(light)}" alt="{escape(section.alt)}"></picture>\n'
            f"<figcaption>{escape(section.caption)}</figcaption>\n</figure>\n{section.more}</section>\n"
        )
    if len(run.path) < 2:
        parts.append("<p>Where the weights went was not noted, so there are no pictures of it.</p>\n")
    page = PAGE.format(style=style(), summary=summary(run), sections="".join(parts), settings=settings(run))
    return [replace(folder / "report.html", page.encode()), *written]


# ── what stands in it ────────────────────────────────────────────────────────────────────────────────────────────────


def sections(run: Finished) -> list[Section]:
    """The pictures, in order."""
    training, unseen, costs = ([epoch[key] for epoch in run.history] for key in ("training", "unseen", "cost"))
    count = len(run.history)
    wrong = sum(map(sum, run.table)) - sum(run.table[d][d] for d in range(10))
    pair = max((run.table[a][b], a, b) for a in range(10) for b in range(10) if a != b)
    first = run.model.layers[0].weight
    found = [
        Section(
            "learning_curve", "What was read right",
            lambda theme: plot.learning_curves(
                training, unseen, running=True, names=("training digits", "unseen digits"), quantity="read right",
                unit="%", theme=theme,
            ),
            f"Over {count} epochs, training digits read right go from {training[0]:.2f} to {training[-1]:.2f} %, unseen "
            f"digits from {unseen[0]:.2f} to {unseen[-1]:.2f} %.",
            "The number for training digits is averaged over an epoch in which the network goes on learning; unseen digits "
            "are read at its end. In the first epochs the unseen ones may therefore stand higher.",
            epochs(run),
        ),
        Section(
            "cost", "The cost",
            lambda theme: cost_curve(costs, theme),
            f"Over {count} epochs the mean cost of a training digit goes from {costs[0]:.4g} to {costs[-1]:.4g}.",
            "The mean over an epoch in which the network goes on learning; the scale is logarithmic. The pull of the weights "
            "towards 0 is not in it.",
        ),
        Section(
            "first_layer", "The weights of the first layer",
            lambda theme: plot.weight_images(first, theme=theme),
            f"{len(first)} images of 28 by 28 weights, one for each neuron of the first layer.",
            "Each image holds the weights from the 784 pixels to one neuron: blue where ink excites it, red where ink "
            "inhibits it.",
        ),
        Section(
            "confusion", "What was read as what",
            lambda theme: plot.confusion(run.table, theme=theme),
            f"Table of ten digits by ten answers; {wrong:,} unseen digits were read wrong, the most frequent mistake is "
            f"{pair[1]} read as {pair[2]}, {pair[0]} times. The numbers are below the picture.",
            "Each row is a digit, each column what it was read as. On the diagonal is what is right.",
            confusion(run),
        ),
        Section(
            "mistakes", "The worst mistakes",
            lambda theme: plot.mistakes(run.unseen.data, run.unseen.targets, run.outputs, count=40, theme=theme),
            f"{min(wrong, 40)} of the {wrong:,} unseen digits that were read wrong, the worst first: {worst(run)}.",
            "Sorted by how wrong they are, the very worst first: by "
            + ("-log of the probability of the right answer." if run.model.scores else "the squared error of the ten outputs.")
            + " The number is the output for the wrong answer.",
        ),
    ]  # fmt: skip
    return found + (along_the_path(run) if len(run.path) > 1 else [])


def worst(run: Finished) -> str:
    """The three worst mistakes, in words."""
    said, right = run.outputs.numpy(), run.unseen.targets.numpy()
    wrong = np.flatnonzero(said.argmax(1) != right)
    share = said[wrong, right[wrong]]
    costs = -share if run.model.scores else ((said[wrong] - np.eye(10)[right[wrong]]) ** 2).sum(1)
    first = wrong[np.argsort(-costs, kind="stable")][:3]
    return ", ".join(f"a {right[i]} read as {said[i].argmax()}" for i in first)


def cost_curve(costs: list[float], theme: str) -> Any:
    """The cost of every epoch, with plain numbers beside a logarithmic axis."""
    ax = plot.learning_curves(costs, running=True, names=("training digits", ""), log=min(costs) > 0, theme=theme)
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_formatter("{x:.2g}" if max(costs) < 10 * min(costs) else "")
    return ax


def along_the_path(run: Finished) -> list[Section]:
    """The pictures that need to know where the weights have been."""
    x, y = run.images[:SOME], run.wanted[:SOME]
    model = digits.DigitClassifier(run.model.sizes, run.model.activation, run.model.scores)
    parameters = list(model.parameters())

    def put(theta: Any) -> None:
        nn.utils.vector_to_parameters(minigrad.from_numpy(theta), parameters)

    def cost(theta: Any) -> float:
        put(theta)
        with minigrad.no_grad():
            return float(run.cost(model(x), y).item())

    names = [name for name, p in model.named_parameters() if p.ndim > 1]
    gradients: dict[str, list[Any]] = {name: [] for name in names}
    costs, slopes = [], []
    for theta in run.path:
        put(theta)
        value = run.cost(model(x), y)
        slopes = minigrad.autograd.grad(value, parameters)
        costs.append(value.item())
        for name, slope in zip(names, (g for g in slopes if g.ndim > 1), strict=True):
            gradients[name].append(slope.numpy().copy())
    sizes = {name: np.stack(values) for name, values in gradients.items()}
    weights = [p.detach().numpy().copy() for p in parameters]
    last, way = run.path[-1], run.path[-1] - run.path[0]
    line = plot.cost_line(cost, last, way, reach=(-1.3, 0.7), n=41)
    descent = np.stack([plot.path_in(run.path, last, way)[:, 0], costs], 1)
    measured = f"{len(x):,} training digits"
    medians = ", ".join(
        f"{name} from {np.median(np.abs(g[0])):.1e} to {np.median(np.abs(g[-1])):.1e}" for name, g in sizes.items()
    )
    return [
        Section(
            "gradients", "The sizes of gradients",
            lambda theme: plot.gradient_distribution(sizes, steps=run.taken, theme=theme),
            f"The median size of one weight's gradient over {run.taken[-1]:,} steps, zeros counted: {medians}.",
            f"Gradients of the cost of the same {measured} at {len(run.path)} moments. A layer whose gradients are far "
            "smaller than the others' learns slowly.",
        ),
        Section(
            "slice", "The cost around the descent",
            lambda theme: plot.cost_slice(
                *line, path=descent, xlabel="along the line: the first weights at −1, the last at 0", theme=theme
            ),
            f"The cost on the straight line from the first weights, {costs[0]:.3g}, through the last, {costs[-1]:.3g}; the "
            "descent is drawn beside it.",
            f"One line out of {len(last):,} dimensions, the cost that of {measured}. The descent went beside the line, and its "
            "points have the cost of where it really was: that they need not lie on the curve is no error.",
        ),
        Section(
            "strips", "All weights, and what each is to change",
            lambda theme: plot.strips(weights, slopes, theme=theme),
            f"Two strips of {len(last):,} coloured numbers: the weights and biases, and the gradient with its sign turned.",
            f"Above the weights at the end, below the direction in which the cost of {measured} would still fall. Each strip "
            "has a scale of its own, written beside it.",
        ),
    ]  # fmt: skip


def summary(run: Finished) -> str:
    """The first lines: what came of it."""
    total = sum(map(sum, run.table))
    right = sum(run.table[d][d] for d in range(10))
    count = sum(p.numel() for p in run.model.parameters())
    return (
        f"<p><strong>{right:,} of {total:,} unseen digits read right: {100 * right / total:.2f} %.</strong> "
        f"{count:,} weights and biases, {len(run.history)} epochs of {run.options['digits']:,} training digits, "
        f"seed {run.options['seed']}, {run.seconds:.1f} s of training"
        + (", the last part of a run that was resumed" if run.resumed else "")
        + f". Finished {time.strftime('%Y-%m-%d %H:%M')}.</p>"
    )


def settings(run: Finished) -> str:
    """How it was made, to make it again."""
    import matplotlib

    versions = {
        "minigrad": minigrad.__version__, "NumPy": np.__version__, "matplotlib": matplotlib.__version__,
        "Python": platform.python_version(), "system": f"{platform.system()} {platform.machine()}",
    }  # fmt: skip
    chosen = {key.replace("_", " "): value for key, value in run.options.items()}
    if isinstance(chosen.get("hidden"), list):
        chosen["hidden"] = ", ".join(map(str, chosen["hidden"])) or "none"
    return table("Settings", ("setting", "value"), chosen.items()) + table(
        "Versions", ("of", "version"), versions.items()
    )


def epochs(run: Finished) -> str:
    """The numbers of the learning curves."""
    rows = [
        (i + 1, f"{epoch['cost']:.4f}", f"{epoch['training']:.2f}", f"{epoch['unseen']:.2f}")
        for i, epoch in enumerate(run.history)
    ]
    head = ("epoch", "cost", "training digits, averaged while it learns, %", "unseen digits, %")
    return folded("The numbers of every epoch", table("Epochs", head, rows))


def confusion(run: Finished) -> str:
    """The numbers of the confusion table."""
    rows = [(digit, *row) for digit, row in enumerate(run.table)]
    head = ("digit", *(f"read as {d}" for d in range(10)))
    return folded("The same in numbers", table("Unseen digits", head, rows))


# ── HTML ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """A table with a caption, whose first row and column are headers; it scrolls by itself where the page is narrow."""
    top = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join(
        f'<tr><th scope="row">{escape(str(first))}</th>'
        + "".join(f"<td>{escape(str(cell))}</td>" for cell in rest)
        + "</tr>\n"
        for first, *rest in rows
    )
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{escape(caption)}">'
        f"<table><caption>{escape(caption)}</caption><thead><tr>{top}</tr></thead>\n<tbody>{body}</tbody></table></div>\n"
    )


def folded(title: str, inside: str) -> str:
    """What is shown on request."""
    return f"<details><summary>{escape(title)}</summary>\n{inside}</details>\n"


def picture(ax: Any) -> bytes:
    """A drawing as PNG."""
    file = BytesIO()
    ax.figure.savefig(file, format="png", dpi=100)  # twice as many pictures as sections: each is to be quick
    return file.getvalue()


def embedded(png: bytes) -> str:
    """A PNG as an address that holds it."""
    return "data:image/png;base64," + base64.b64encode(png).decode()


def replace(path: Path, content: bytes) -> Path:
    """Write a file whole or not at all."""
    part = path.with_name(f".{path.name}")
    part.write_bytes(content)
    return part.replace(path)


def style() -> str:
    """The style sheet: the colours are those of the pictures."""
    colours = {
        theme: f"--paper: {PAPER[theme]}; --ink: {INK[theme]}; --quiet: {QUIET[theme]};" for theme in ("light", "dark")
    }
    return (
        f":root {{ color-scheme: light dark; {colours['light']} }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ {colours['dark']} }} }}\n{STYLE}"
    )


STYLE = """body { margin: 0 auto; max-width: 62rem; padding: 1rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
figure { margin: 0; }
img { max-width: 100%; height: auto; }
figcaption { max-width: 46rem; }
section { margin-block: 2.5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin-block: 0.5rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: bold; }
th, td { padding: 0.15rem 0.7rem; border-bottom: 1px solid var(--quiet); text-align: right; vertical-align: bottom; }
th:first-child { text-align: left; }
summary { cursor: pointer; margin-top: 0.5rem; }
@media print { details { display: none; } section { break-inside: avoid; } }"""

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>A network that reads digits: report of a run</title>
<style>
{style}
</style>
</head>
<body>
<header>
<h1>A network that reads digits: report of a run</h1>
{summary}
</header>
<main>
{sections}<section aria-labelledby="settings">
<h2 id="settings">How it was made</h2>
{settings}</section>
</main>
</body>
</html>
"""
