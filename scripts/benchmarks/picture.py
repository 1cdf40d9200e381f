"""docs/performance.png: how many times longer than minigrad each contender takes, workload by workload."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.contenders import CONTENDERS
from benchmarks.report import BASE, ratio
from benchmarks.workloads import WORKLOADS

# colours told apart by every kind of colour vision (Okabe and Ito, 2008), and a shape of its own for each contender
STYLES = {
    "compiled": ("#000000", "D"), "minigrad": ("#000000", "o"), "torch": ("#d55e00", "s"), "torch.compile": ("#d55e00", "x"),
    "jax.jit": ("#0072b2", "^"), "jax.scan": ("#0072b2", "v"), "tinygrad": ("#cc79a7", "P"), "autograd": ("#e69f00", "<"),
    "mygrad": ("#e69f00", ">"), "numpy": ("#009e73", "h"), "numpy-out": ("#009e73", "d"),
    "numpy-best": ("#009e73", "*"),
}  # fmt: skip
ROWS = {"a": "(a) digit network", "b": "(b) MLP, Adam", "c": "(c) CNN", "d": "(d) GPT, AdamW", "e": "(e) LSTM, Adam",
        "h": "(h) gradient penalty", "i": "(i) epoch,"}  # fmt: skip


def draw(found: dict[str, Any], path: Path, threads: str = "1") -> None:
    """Dots on a logarithmic axis, one row for each case."""
    from minigrad import plot

    results = [r for r in found["results"] if r["threads"] == threads and r["letter"] in ROWS and r["times"]]
    rows = [
        (letter, case.label)
        for letter in ROWS
        for case in WORKLOADS[letter].cases
        if any(r["letter"] == letter and r["case"] == case.label and r["contender"] == BASE for r in results)
    ]
    figure = plot.figure(9, 1.8 + 0.42 * len(rows))
    axes = figure.add_subplot()
    for key, (colour, marker) in STYLES.items():
        points = []
        for place, row in enumerate(rows):
            here = {r["contender"]: r["times"] for r in results if (r["letter"], r["case"]) == row}
            if key in here:
                points.append((ratio(here[key], here[BASE]), place))
        if points:
            hollow = key == "minigrad"
            axes.scatter(
                *zip(*points, strict=True),
                s=70 if marker == "*" else 42,
                c="white" if hollow else colour,
                edgecolors=None if marker == "x" else colour,
                linewidths=1.6 if hollow or marker == "x" else 0.5,
                marker=marker,
                label=CONTENDERS[key].title,
                zorder=3,
            )
    axes.axvline(1, color="#000000", linewidth=1, zorder=1)
    for place in range(len(rows)):
        axes.axhline(place, color="#dddddd", linewidth=0.8, zorder=0)
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    ticks = [t for t in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500) if low <= t <= high]
    axes.set_xticks(ticks, [f"{t:g}×" for t in ticks])
    axes.set_xticks([], minor=True)
    axes.set_yticks(range(len(rows)), [f"{ROWS[letter]} {label}" for letter, label in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.grid(axis="x", color="#dddddd", linewidth=0.8)
    axes.set_xlabel("time, compiled minigrad = 1; further left is quicker")
    axes.set_title("A training step, " + ("one thread" if threads == "1" else "all cores"), loc="left")
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0)
    figure.legend(loc="outside right upper", frameon=False, fontsize=9)
    part = path.with_name(f".{path.name}")
    figure.savefig(part, format="png")
    part.replace(path)
