"""What is measured from outside, as a user meets it: the start of Python with a library, and a whole job."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import usage
from benchmarks.crew import ROOT, environment

_TORCH = "x = {0}.tensor([1.0, 2.0, 3.0], requires_grad=True); (x * x).sum().backward(); g = x.grad.tolist()"
FIRST_GRADIENT = {
    "minigrad": _TORCH.format("minigrad"),
    "torch": _TORCH.format("torch"),
    "jax": "import jax.numpy as n; g = jax.grad(lambda x: (x * x).sum())(n.array([1.0, 2.0, 3.0])).tolist()",
    "tinygrad": "x = tinygrad.Tensor([1.0, 2.0, 3.0]); g = (x * x).sum().gradient(x)[0].tolist()",
    "autograd": "import autograd.numpy as n; g = autograd.grad(lambda x: n.sum(x * x))(n.array([1.0, 2.0, 3.0])).tolist()",
    "mygrad": "x = mygrad.tensor([1.0, 2.0, 3.0]); (x * x).sum().backward(); g = x.grad.tolist()",
}
LIBRARIES = ("numpy", *FIRST_GRADIENT)
PEAK = "from benchmarks.usage import peak; print('peak', peak(), file=sys.stderr)"


def cold(threads: str, repeats: int, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """(j): `python -c "import X"` and the first gradient; seconds and peak bytes, in turns."""
    programs = {(name, "import"): f"import sys, {name}" for name in LIBRARIES}
    for name, code in FIRST_GRADIENT.items():
        programs[name, "first gradient"] = f"import sys, {name}; {code}; assert g == [2, 4, 6], g"
    rows: dict[tuple[str, str], dict[str, Any]] = {
        key: {"library": key[0], "what": key[1], "threads": threads, "times": [], "peaks": [], "absent": ""}
        for key in programs
    }
    for turn in range(repeats + 1):  # the first warms the disk's cache, and compiles to bytecode
        for key, code in programs.items():
            row = rows[key]
            if row["absent"]:
                continue
            say(f"cold start, turn {turn}: {' '.join(key)}")
            seconds, peak, _, error = start([sys.executable, "-c", f"{code}; {PEAK}"], threads)
            if error:
                row["absent"] = error
            elif turn:
                row["times"].append(seconds)
                row["peaks"].append(peak)
    return [_summed(row) for row in rows.values()]


JOB = "import atexit, runpy, sys; from benchmarks.usage import peak; "
JOB += "atexit.register(lambda: print('peak', peak(), file=sys.stderr)); "
JOBS = {
    "minigrad": JOB
    + f"sys.argv[0] = {str(ROOT / 'scripts' / 'mnist.py')!r}; runpy.run_path(sys.argv[0], run_name='__main__')",
    "torch": JOB + "runpy.run_module('benchmarks.mnist_torch', run_name='__main__')",
}
EPOCH = re.compile(r"cost (\d+\.\d+).*unseen(?: digits)? (\d+\.\d+) %")


def jobs(threads: str, repeats: int, epochs: int, digits: int, say: Callable[[str], None]) -> list[dict[str, Any]]:
    """(k): `scripts/mnist.py` from the start of Python to its pictures, and the same job in PyTorch."""
    rows: dict[str, dict[str, Any]] = {
        name: {"library": name, "epochs": epochs, "threads": threads, "times": [], "peaks": [], "absent": ""}
        for name in JOBS
    }
    told: dict[str, list[tuple[float, float]]] = {}
    for turn in range(repeats):
        for name, code in JOBS.items():
            row = rows[name]
            if row["absent"]:
                continue
            say(f"{epochs} epochs of scripts/mnist.py, turn {turn + 1}: {name}")
            with tempfile.TemporaryDirectory() as folder:
                options = ["--epochs", str(epochs), "--digits", str(digits), "--out", folder]
                seconds, peak, output, error = start([sys.executable, "-c", code, *options], threads)
            if error:
                row["absent"] = error
                continue
            told[name] = [(float(cost), float(right)) for cost, right in EPOCH.findall(output)]
            row["epochs_told"] = told[name]
            ours = told.get("minigrad", [])
            if len(told[name]) != epochs:
                row["absent"] = f"it told of {len(told[name])} epochs, not of {epochs}"
                continue
            if len(ours) == epochs and not np.allclose(told[name], ours, rtol=0.02):
                row["absent"] = f"it learns otherwise: {told[name]}, ours {ours}"
                continue
            row["times"].append(seconds)
            row["peaks"].append(peak)
    return [_summed(row) for row in rows.values()]


def start(command: list[str], threads: str) -> tuple[float, int, str, str]:
    """Run a program that says its own peak in the end: seconds, bytes, what it printed, and what went wrong."""
    chosen = [usage.cores()[-1]] if threads == "1" else None
    prefix = "import os; os.sched_setaffinity(0, {}); " if hasattr(os, "sched_setaffinity") and chosen else ""
    command = [*command[:2], prefix.format(chosen) + command[2], *command[3:]]
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment(threads))
    seconds = time.perf_counter() - began
    peaks = re.findall(r"^peak (\d+)$", done.stderr, re.MULTILINE)
    if done.returncode or not peaks:
        said = done.stderr.strip().splitlines() or [f"it ended with code {done.returncode}"]
        return seconds, 0, done.stdout, next((line for line in reversed(said) if "Error" in line), said[-1])[:200]
    return seconds, int(peaks[-1]), done.stdout, ""


def _summed(row: dict[str, Any]) -> dict[str, Any]:
    if row["times"] and not row["absent"]:
        low, high = np.quantile(row["times"], (0.25, 0.75))
        row |= {"median": statistics.median(row["times"]), "quartiles": (low, high), "peak": max(row["peaks"])}
    return row
