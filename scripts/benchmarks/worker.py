"""The process a contender lives in: no other library is loaded into it, and it sleeps while it is not its turn.

`python -m benchmarks.worker KEY` reads orders from its standard input, one JSON object per line, and answers each with another.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import time
import warnings
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import usage
from benchmarks.contenders import CONTENDERS
from benchmarks.workloads import CHECKED, WORKLOADS, Case, NotHere, Task


class Worker:
    """What a worker can be told to do: its methods, by name."""

    def __init__(self, key: str) -> None:
        self.contender = CONTENDERS[key]
        self.task: Task | None = None
        self.done = 0  # steps so far

    def meet(self, threads: int) -> dict[str, Any]:
        """Load the library; its version and what its products run on."""
        library = importlib.import_module(self.contender.needs)
        if threads and self.contender.needs == "torch":
            library.set_num_threads(threads)
        self._module()
        version = library.__version__ if self.contender.needs == "minigrad" else metadata.version(self.contender.needs)
        return {"version": version, "blas": blas()}

    def build(self, case: str, letter: str, data: str) -> dict[str, Any]:
        """Make a case ready; its first losses. They may take long: what is compiled is compiled now."""
        self.task, self.done = None, 0
        gc.unfreeze()
        gc.collect()
        with np.load(data) as file:
            arrays = dict(file)
        try:
            self.task = self._module().build(self.contender.way, find(letter, case), arrays)
            losses = self.task.losses(CHECKED)
        except NotHere as reason:
            return {"absent": str(reason)}
        self.done = CHECKED
        gc.collect()
        gc.freeze()  # what is loaded by now stays: nobody's collector need look at it again
        return {"losses": losses}

    def pin(self, cores: list[int]) -> dict[str, Any]:
        """Stay on these cores, with every thread there is."""
        usage.pin(cores)
        return {}

    def calibrate(self, seconds: float) -> dict[str, Any]:
        """How many calls fill so many seconds."""
        count, took = 1, self._time(1)
        while took < seconds / 2 and count < 1_000_000:
            count = max(count + 1, min(10 * count, round(count * seconds / max(took, 1e-9))))
            took = self._time(count)
        return {"count": max(1, round(count * seconds / took))}

    def run(self, count: int, warm: int) -> dict[str, Any]:
        """Take so many calls untimed, then so many timed: seconds per step."""
        assert self.task is not None
        if warm:
            self._time(warm)
        return {"seconds": self._time(count) / (count * self.task.per_call)}

    def train(self, case: str, letter: str, data: str, steps: int, inference: bool) -> dict[str, Any]:
        """Peak memory, in bytes: of this process while it takes steps after a few to begin with, and what it has before."""
        with np.load(data) as file:
            arrays = dict(file)
        module = self._module()
        before = usage.resident()
        chosen = find(letter, case)
        if inference:
            once = module.inference(self.contender.way, chosen, arrays)
        else:
            task = module.build(self.contender.way, chosen, arrays)

            def once() -> None:
                task.read(task.step(0))

        for _ in range(5):
            once()
        gc.collect()
        usage.forget_peak()
        for _ in range(steps):
            once()
        return {"before": before, "peak": usage.peak()}

    def graph(self, case: str, letter: str, copies: int) -> dict[str, Any]:
        """Bytes of memory per operation of a graph, so many chains of it alive."""
        chosen = find(letter, case)
        module = self._module()
        make = module.graph(self.contender.way, chosen)
        module.graph(self.contender.way, Case("g", "", 100))(1)
        gc.collect()
        before = usage.resident()
        kept = make(copies)
        after = usage.resident()
        del kept
        return {"bytes": (after - before) / (copies * chosen.size)}

    def _time(self, count: int) -> float:
        assert self.task is not None
        step, first = self.task.step, self.done
        self.done += count
        start = time.perf_counter()
        for i in range(first, first + count):
            loss = step(i)
        self.task.read(loss)
        return time.perf_counter() - start

    def _module(self) -> Any:
        return importlib.import_module(f"benchmarks.contenders.{self.contender.module}")


def find(letter: str, label: str) -> Case:
    """A case by its letter and label."""
    return next(case for case in WORKLOADS[letter].cases if case.label == label)


def blas() -> str:
    """The kernels behind NumPy's products in this process, and their threads."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        return "unknown (pip install threadpoolctl)"
    pools = [
        f"{pool['internal_api']} {pool.get('version') or ''} {pool.get('architecture') or ''}".strip()
        + f", {pool['num_threads']} thread{'s' if pool['num_threads'] != 1 else ''}"
        for pool in threadpool_info()
    ]
    return "; ".join(sorted(set(pools)))


def main() -> None:
    """Take orders until there are no more."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # whatever a library prints is not an answer
    warnings.simplefilter("ignore")
    worker = Worker(sys.argv[1])
    for line in sys.stdin:
        order = json.loads(line)
        try:
            answer = getattr(worker, order.pop("do"))(**order)
        except Exception as error:  # a contender that fails is told, and not timed
            text = " ".join(str(error).split()) or repr(error)
            answer = {"absent": f"{type(error).__name__}: {text[:200]}"}
        print(json.dumps(answer), file=answers)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    main()
