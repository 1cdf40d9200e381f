"""How fast minigrad is beside PyTorch, JAX, tinygrad, autograd, MyGrad and NumPy by hand: everything in one run, in turns.

    python scripts/benchmark.py                     all tables, one thread and all cores, about a quarter of an hour
    python scripts/benchmark.py --quick             does it work? a minute or two, most of it the others' compilers
    python scripts/benchmark.py --only a,b          these workloads only (benchmarks/workloads.py lists them; j, k are below)
    python scripts/benchmark.py --write-docs        the tables into docs/performance.md, the plot beside it
    python scripts/benchmark.py --read run.json --write-docs    the same from an earlier run

Needs `pip install ".[bench]"`, or `make bench`, which does it all; tinygrad needs clang too (Debian: apt install clang), and
torch.compile a C++ compiler. What is missing is named, and the others are measured. For figures worth keeping, nothing else
should run on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # this process only waits; the workers are told how many they may use

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import memory, picture, report, starts, usage
from benchmarks.contenders import CONTENDERS
from benchmarks.crew import ROOT, Crew, Plan
from benchmarks.workloads import WORKLOADS

LETTERS = "".join(WORKLOADS) + "jk"


def main(argv: list[str] | None = None) -> int:
    """Measure, print, and write what was asked for."""
    options = parse(argv)
    found = measure(options) if options.read is None else json.loads(options.read.read_text(encoding="utf-8"))
    print(report.machine(found))
    print()
    print(report.everything(found))
    if options.json is not None:
        report.write_json(found, options.json)
    if options.plot is not None:
        picture.draw(found, options.plot)
    if options.write_docs:
        report.write_docs(found)
        picture.draw(found, ROOT / "docs" / "performance.png")
    if found["failed"]:
        print(f"minigrad itself failed: {', '.join(found['failed'])}", file=sys.stderr)
    return 1 if found["failed"] else 0


def parse(argv: list[str] | None) -> argparse.Namespace:
    """The options."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0], allow_abbrev=False)
    parser.add_argument(
        "--only", default=",".join(LETTERS), metavar="a,b", help=f"workloads, from {LETTERS[0]} to {LETTERS[-1]}"
    )
    parser.add_argument(
        "--repeats", type=positive, default=None, help="turns of each contender (15, fewer where they are long)"
    )
    parser.add_argument(
        "--threads", choices=("1", "all", "both"), default="both", help="one thread, all cores, or both"
    )
    parser.add_argument("--quick", action="store_true", help="a smoke run: few cases, few turns, one thread")
    parser.add_argument("--epochs", type=positive, default=3, help="of scripts/mnist.py in (k) (%(default)s)")
    parser.add_argument("--without", default="", metavar="torch,jax.jit", help=f"contenders: {', '.join(CONTENDERS)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="everything that was measured, turn by turn")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="the plot, a PNG")
    parser.add_argument("--write-docs", action="store_true", help="docs/performance.md and its plot")
    parser.add_argument("--read", type=Path, metavar="FILE", help="the JSON of an earlier run instead of a new one")
    options = parser.parse_args(argv)
    options.only = [letter.strip() for letter in options.only.split(",") if letter.strip()]
    options.without = [key.strip() for key in options.without.split(",") if key.strip()]
    for letter in options.only:
        if letter not in LETTERS or len(letter) != 1:
            parser.error(f"--only {letter}: there is no such workload; they are {', '.join(LETTERS)}")
    for key in options.without:
        if key not in CONTENDERS:
            parser.error(f"--without {key}: there is no such contender; they are {', '.join(CONTENDERS)}")
    return options


def positive(text: str) -> int:
    """A whole number above 0."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text}: give a number of at least 1")
    return value


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Everything that is wanted, for one thread and then for all cores."""
    began = time.perf_counter()
    quick = options.quick
    plan = Plan(options.repeats or 3, 0.01, 5.0, 2, True) if quick else Plan(options.repeats or Plan.repeats)
    found: dict[str, Any] = {
        "date": date.today().isoformat(), "processor": processor_and_system()[0], "system": processor_and_system()[1],
        "cores": len(usage.cores()), "python": platform.python_version(), "load": load(), "quick": quick,
        "libraries": {}, "results": [], "memory": [], "graphs": [], "cold": [], "jobs": [], "failed": [],
    }  # fmt: skip

    def say(what: str) -> None:
        text = f"{time.perf_counter() - began:5.0f} s  {what}"
        print(f"\r{text[:110]:110s}", end="", file=sys.stderr, flush=True)

    chosen = ["1"] if quick else {"both": ["1", "all"]}.get(options.threads, [options.threads])
    core = usage.cores()[-1]
    for threads in chosen:
        for letter in options.only:
            if letter in WORKLOADS and (WORKLOADS[letter].threaded or threads == "1"):
                rows = workload(letter, threads, plan, options, found, say)
                print(f"\r{'':110s}\r{report.workload(letter, threads, rows)}\n", file=sys.stderr, flush=True)
                if options.json is not None:  # a long run may be cut short
                    report.write_json(found, options.json)
        if not quick:
            found["memory"] += memory.steps(threads, core, "".join(options.only), options.without, say)
        if "g" in options.only and threads == "1":
            found["graphs"] = memory.graphs(core, quick, options.without, say)
        if "j" in options.only and threads == chosen[0]:
            found["cold"] = starts.cold(threads, 1 if quick else 7, say)
        if "k" in options.only:
            count, epochs, digits = (1, 1, 2_000) if quick else (3, options.epochs, 60_000)
            found["jobs"] += starts.jobs(threads, count, epochs, digits, say)
    print(f"\r{'':110s}\r", end="", file=sys.stderr)
    found["seconds"] = time.perf_counter() - began
    return found


def workload(
    letter: str, threads: str, plan: Plan, options: argparse.Namespace, found: dict[str, Any], say: Any
) -> list[dict[str, Any]]:
    """The cases of one workload, into `found`."""
    about = WORKLOADS[letter]
    rows = []
    with Crew(about, threads, plan, without=options.without) as crew:
        for key, introduction in crew.introductions.items():
            if "version" in introduction and threads == "1":
                found["libraries"].setdefault(CONTENDERS[key].needs, introduction)
        for case in (about.quick or about.cases) if plan.quick else about.cases:
            for result in crew.measure(
                case, lambda what, case=case: say(f"({letter}) {case.label}, threads {threads}: {what}")
            ):
                rows.append(result.as_data())
                if result.absent and result.contender == "minigrad":
                    found["failed"].append(f"({letter}) {case.label}: {result.absent}")
    found["results"] += rows
    return rows


def processor_and_system() -> tuple[str, str]:
    """The machine in words."""
    return report.processor(), f"{platform.system()} {platform.machine()}"


def load() -> str:
    """How busy the machine is with other things, averaged over a minute."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


if __name__ == "__main__":
    sys.exit(main())
