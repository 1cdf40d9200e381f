"""What was measured, told: as tables, as JSON, and in docs/performance.md between its markers."""

from __future__ import annotations

import json
import os
import platform
import re
import statistics
import subprocess
from pathlib import Path
from typing import Any

from benchmarks.contenders import CONTENDERS, LEFT_OUT
from benchmarks.crew import ROOT
from benchmarks.workloads import WORKLOADS

BASE = "compiled"  # ratios are to this contender, or to minigrad as it is where nothing is compiled
UNITS = ((1e-6, 1e9, "ns"), (1e-3, 1e6, "µs"), (1.0, 1e3, "ms"), (float("inf"), 1.0, "s"))
THREADS = {"1": "one thread, one core", "all": "all cores"}


def processor() -> str:
    """The processor's name."""
    try:
        with open("/proc/cpuinfo") as file:
            return next(line.partition(":")[2].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    if platform.system() == "Darwin":
        done = subprocess.run(["sysctl", "-n", "machdep.cpu.brand_string"], capture_output=True, text=True, check=False)
        return done.stdout.strip() or platform.machine()
    return platform.processor() or platform.machine()


def unit_of(seconds: float) -> tuple[float, str]:
    """By what to multiply seconds of that size, and the unit that gives."""
    return next((factor, unit) for limit, factor, unit in UNITS if seconds < limit)


def number(value: float) -> str:
    """Three digits that count."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def ratio(mine: list[float], base: list[float]) -> float:
    """How many times longer than the base: the median over the rounds, each round against itself."""
    return statistics.median(a / b for a, b in zip(mine, base, strict=False))


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table, its columns even."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]

    def line(cells: list[str]) -> str:
        cut = [
            cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(cells, widths, strict=True))
        ]
        return "| " + " | ".join(cut) + " |"

    rule = "|" + "|".join("-" * (w + 1) + ("-" if i == 0 else ":") for i, w in enumerate(widths)) + "|"
    return "\n".join([line(head), rule, *map(line, rows)])


def workload(letter: str, threads: str, results: list[dict[str, Any]]) -> str:
    """One workload's table: contenders down, cases across; below it, who is not there."""
    chosen = [r for r in results if r["letter"] == letter and r["threads"] == threads]
    if not chosen:
        return ""
    about = WORKLOADS[letter]
    cases = [case.label for case in about.cases if any(r["case"] == case.label for r in chosen)]
    across = {(r["contender"], r["case"]): r for r in chosen}
    keys = [key for key in CONTENDERS if any(r["contender"] == key for r in chosen)]
    if len(cases) > 5:  # names of operations are short, contenders are few: cases down, contenders across
        shape = [[cells(across, key, case) for key in keys] for case in cases]
        head = [about.unit, *(CONTENDERS[key].title for key in keys)]
        body = table(head, [[case, *row] for case, row in zip(cases, shape, strict=True)])
    else:
        rows = [[CONTENDERS[key].title, *(cells(across, key, case) for case in cases)] for key in keys]
        body = table([f"time per {about.unit}", *cases], [row for row in rows if any(cell != "–" for cell in row[1:])])
    notes = absences(chosen)
    if letter in LEFT_OUT and not notes.endswith(LEFT_OUT[letter]):
        notes += f"\n\nLeft out: {LEFT_OUT[letter]}."
    return f"**({letter}) {about.title}**\n\n{body}{notes}"


def cells(across: dict[tuple[str, str], dict[str, Any]], key: str, case: str) -> str:
    """A median, half the distance between its quartiles, and the ratio to the base."""
    result = across.get((key, case))
    if result is None or not result["times"]:
        return "–"
    factor, unit = unit_of(result["median"])
    low, high = result["quartiles"]
    text = f"{number(result['median'] * factor)} {unit} ± {number((high - low) / 2 * factor)}"
    base = next((across[b, case] for b in (BASE, "minigrad") if (b, case) in across and across[b, case]["times"]), None)
    return text if base is None else f"{text} · {ratio(result['times'], base['times']):.2f}×"


def absences(results: list[dict[str, Any]]) -> str:
    """Lines that say who is not there, and why: one for all cases where the reason is the same."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for result in results:
        if result["absent"]:
            reasons.setdefault((result["contender"], result["absent"]), []).append(result["case"])
    lines = []
    for (key, reason), cases in reasons.items():
        everywhere = len(cases) == len({r["case"] for r in results})
        lines.append(
            f"{CONTENDERS[key].title}{'' if everywhere else ', ' + ', '.join(cases)}: not here: {tidy(reason)}"
        )
    return "".join(f"\n\n{line}" for line in lines)


def tidy(reason: str) -> str:
    """A reason as prose: Markdown's characters, and folders of the machine, are no part of it."""
    return (
        re.sub(r"(/[\w.@+-]+)+/", "", reason)
        .replace("|", "/")
        .replace("<", "‹")
        .replace(">", "›")
        .replace("*", "·")
        .strip()
    )


def megabytes(size: float) -> str:
    """Bytes as MB."""
    return f"{number(size / 1e6)} MB"


def memory(rows: list[dict[str, Any]], threads: str) -> str:
    """The table of peaks."""
    rows = [row for row in rows if row["threads"] == threads]
    if not rows:
        return ""
    letters = sorted({row["letter"] for row in rows})
    names = [(letter, inference) for letter in letters for inference in (False, True)]
    head = ["peak, and of it not there before", *(f"({a}) {'inference' if b else 'training'}" for a, b in names)]
    lines, notes = [], []
    for key in dict.fromkeys(row["contender"] for row in rows):
        mine = {(row["letter"], row["inference"]): row for row in rows if row["contender"] == key}
        line = [CONTENDERS[key].title]
        for name in names:
            row = mine[name]
            if "absent" in row:
                note = f"\n\n{CONTENDERS[key].title}: not here: {tidy(row['absent'])}"
                notes += [note] if note not in notes else []
            line.append(
                "–" if "absent" in row else f"{megabytes(row['peak'])} · {megabytes(row['peak'] - row['before'])}"
            )
        if any(cell != "–" for cell in line[1:]):
            lines.append(line)
    title = "**Peak memory of a process that trains, or only infers**, after its first steps, on one batch"
    return f"{title}\n\n{table(head, lines)}{''.join(notes)}"


def graphs(rows: list[dict[str, Any]]) -> str:
    """Bytes per operation of a graph."""
    if not rows:
        return ""
    cases = list(dict.fromkeys(row["case"] for row in rows))
    lines = []
    for key in dict.fromkeys(row["contender"] for row in rows):
        mine = {row["case"]: row for row in rows if row["contender"] == key}
        if not any("absent" in row for row in mine.values()):
            lines.append([CONTENDERS[key].title, *(number(mine[case]["bytes"]) for case in cases)])
    return table(["bytes per operation of a graph", *cases], lines)


def starts(rows: list[dict[str, Any]], what: str, title: str) -> str:
    """Times and peaks of whole processes."""
    if not rows:
        return ""
    lines, notes = [], []
    for row in rows:
        name = f"{row['library']}, {row['what']}" if "what" in row else row["library"]
        if row["absent"]:
            notes.append(f"\n\n{name}: not here: {tidy(row['absent'])}")
            continue
        base = next(r for r in rows if r["library"] == "minigrad" and r.get("what") == row.get("what"))
        factor, unit = unit_of(row["median"])
        low, high = row["quartiles"]
        share = f" · {ratio(row['times'], base['times']):.2f}×" if base["times"] else ""
        spread = number((high - low) / 2 * factor)
        lines.append([name, f"{number(row['median'] * factor)} {unit} ± {spread}{share}", megabytes(row["peak"])])
    return f"**{title}**\n\n{table([what, 'time', 'peak memory'], lines)}{''.join(notes)}"


def machine(found: dict[str, Any]) -> str:
    """The machine, and the versions."""
    lines = [
        f"{found['processor']}, {found['cores']} cores; {found['system']}; Python {found['python']}; {found['date']}; "
        f"load when it began {found['load']}.",
        "",
        table(["library", "version", "kernels behind its products, one thread"], [
            [name, about["version"], about["blas"]] for name, about in found["libraries"].items()
        ]),
    ]  # fmt: skip
    return "\n".join(lines)


def everything(found: dict[str, Any]) -> str:
    """All tables, as Markdown."""
    parts = []
    for threads, title in THREADS.items():
        inner = [workload(letter, threads, found["results"]) for letter in WORKLOADS]
        if threads == "1":
            at = next((i for i, text in enumerate(inner) if text.startswith("**(g)")), None)
            if at is not None:
                inner[at] += "\n\n" + graphs(found["graphs"])
        inner.append(memory(found["memory"], threads))
        inner.append(
            starts(
                [row for row in found["cold"] if row["threads"] == threads],
                "",
                '(j) cold start: `python -c "import X"`, and X\'s first gradient',
            )
        )
        jobs = [row for row in found["jobs"] if row["threads"] == threads]
        if jobs:
            text = f"(k) {jobs[0]['epochs']} epochs of `scripts/mnist.py`, from the start of Python to the pictures"
            inner.append(starts(jobs, "", text))
        inner = [text for text in inner if text]
        if inner:
            parts.append(f"### {title[0].upper() + title[1:]}\n\n" + "\n\n".join(inner))
    return "\n\n".join(parts)


def write(path: Path, text: str) -> None:
    """Write a file whole, or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)


def write_json(found: dict[str, Any], path: Path) -> None:
    """Everything that was measured, turn by turn."""
    write(path, json.dumps(found, indent=1, ensure_ascii=False) + "\n")


def between(text: str, name: str, content: str) -> str:
    """`text` with `content` between the markers of that name. ValueError if it has none."""
    start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, found, rest = text.partition(start)
    _, closed, after = rest.partition(end)
    if not found or not closed:
        raise ValueError(f"there are no markers {start} and {end}: write them where the {name} should go")
    return f"{before}{start}\n\n{content}\n\n{end}{after}"


def write_docs(found: dict[str, Any], path: Path = ROOT / "docs" / "performance.md") -> None:
    """The tables into docs/performance.md."""
    text = path.read_text(encoding="utf-8")
    text = between(text, "machine", machine(found))
    write(path, between(text, "tables", everything(found)))
