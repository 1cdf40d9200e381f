"""The parent's side: workers are started, checked against each other, and run in turns, A B C A B C.

Every contender has a process of its own, so that none pays for another's threads or memory. Whoever is not running sleeps: it
waits for a line on its standard input.
"""

from __future__ import annotations

import json
import os
import select
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from benchmarks import usage
from benchmarks.contenders import CONTENDERS, TAKES_PART
from benchmarks.workloads import Case, Workload, make

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 300.0  # seconds that a contender may take to compile a case
SETTLE = 0.05  # seconds between turns on all cores: libraries' threads go on spinning for a while
REFERENCE = "minigrad"  # whose losses the others' are compared with


@dataclass
class Result:
    """What one contender took for one case, in seconds per step, turn by turn; or why it did not take part."""

    letter: str
    case: str
    contender: str
    threads: str
    times: list[float] = field(default_factory=list)
    absent: str = ""

    @property
    def median(self) -> float:
        """Of the turns."""
        return statistics.median(self.times)

    @property
    def quartiles(self) -> tuple[float, float]:
        """A quarter of the turns were quicker than the first, a quarter slower than the second."""
        low, high = np.quantile(self.times, (0.25, 0.75))
        return float(low), float(high)

    def as_data(self) -> dict[str, Any]:
        """For JSON."""
        told = {"median": self.median, "quartiles": self.quartiles} if self.times else {}
        return {**asdict(self), **told}


@dataclass(frozen=True)
class Plan:
    """How long to measure."""

    repeats: int = 15  # turns of each contender
    turn: float = 0.06  # seconds that a turn should last
    budget: float = 40.0  # seconds for a case, all contenders together: fewer turns if they would take longer
    least: int = 5  # but never fewer than this
    quick: bool = False


def environment(threads: str) -> dict[str, str]:
    """The environment of a worker: how many threads it may use, set before any library reads it."""
    dropped = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "PYTHONDONTWRITEBYTECODE", "OPENBLAS_NUM_THREADS", "XLA_FLAGS")
    chosen = {name: value for name, value in os.environ.items() if name not in dropped}
    chosen["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "scripts"), os.environ.get("PYTHONPATH", "")]).rstrip(
        ":;"
    )
    chosen["TORCHINDUCTOR_COMPILE_THREADS"] = "1"  # compile in the worker itself: no pool of others that idle
    chosen["JAX_PLATFORMS"] = "cpu"
    number = "1" if threads == "1" else str(len(usage.cores()))
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "CPU_COUNT"):  # the last is tinygrad's
        chosen[name] = number
    if threads == "1":
        chosen["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    return chosen


class Hand:
    """A worker as its parent sees it."""

    def __init__(self, key: str, threads: str, core: int) -> None:
        self.key, self.threads = key, threads
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115  (closed with the worker)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", key],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, cwd=ROOT, env=environment(threads),
        )  # fmt: skip
        self.alive = True
        if threads == "1":  # before the library is loaded, which may count the cores; the core itself may change later
            self.ask({"do": "pin", "cores": [core]})
        self.introduction = self.ask({"do": "meet", "threads": 1 if threads == "1" else 0})

    def ask(self, order: dict[str, Any], patience: float = PATIENCE) -> dict[str, Any]:
        """Give an order and wait for its answer; `{"absent": reason}` if there is none."""
        if not self.alive:
            return {"absent": "its process has ended"}
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            self.process.stdin.write(json.dumps(order).encode() + b"\n")
            self.process.stdin.flush()
        except OSError:
            return self._lost()
        if os.name == "posix" and not select.select([self.process.stdout], [], [], patience)[0]:
            self.close()
            return {"absent": f"no answer within {patience:.0f} s"}
        line = self.process.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else self._lost()
        return answer

    def _lost(self) -> dict[str, Any]:
        code = self.process.wait()
        self.errors.seek(0)
        said = self.errors.read().decode(errors="replace").strip().splitlines()
        self.close()
        return {"absent": f"its process ended with code {code}" + (f": {said[-1][:200]}" if said else "")}

    def close(self) -> None:
        """End the worker."""
        if self.alive:
            self.alive = False
            self.process.kill()
            self.process.wait()
            for pipe in (self.process.stdin, self.process.stdout, self.errors):
                if pipe is not None:
                    try:
                        pipe.close()
                    except OSError:  # what was still to be written has nobody to read it
                        continue


class Crew:
    """The workers of one workload, for one number of threads. A context manager: they end with the block."""

    def __init__(self, workload: Workload, threads: str, plan: Plan, without: Sequence[str] = ()) -> None:
        self.workload, self.threads, self.plan = workload, threads, plan
        self.keys = [key for key in TAKES_PART[workload.letter] if key not in without]
        self.cores = usage.cores()
        self.hands: list[Hand] = []
        self.introductions: dict[str, dict[str, Any]] = {}

    def __enter__(self) -> Crew:
        with ThreadPoolExecutor(len(self.cores)) as pool:
            numbered = enumerate(self.keys)
            self.hands = list(
                pool.map(lambda pair: Hand(pair[1], self.threads, self.cores[pair[0] % len(self.cores)]), numbered)
            )
        self.introductions = {hand.key: hand.introduction for hand in self.hands}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for hand in self.hands:
            hand.close()

    def measure(self, case: Case, say: Any) -> list[Result]:
        """One case: everybody gets it ready, those with our losses are timed in turns."""
        results = {hand.key: Result(case.letter, case.label, hand.key, self.threads) for hand in self.hands}
        for hand in self.hands:
            if "absent" in hand.introduction:
                results[hand.key].absent = hand.introduction["absent"]
        ready = self._ready([hand for hand in self.hands if not results[hand.key].absent], case, results, say)
        counts = {}
        for hand in ready:
            if self.threads == "1":
                hand.ask({"do": "pin", "cores": [self.cores[-1]]})
            answer = hand.ask({"do": "calibrate", "seconds": self.plan.turn})
            if "absent" in answer:
                results[hand.key].absent = answer["absent"]
            else:
                counts[hand.key] = int(answer["count"])
        ready = [hand for hand in ready if hand.key in counts]
        start, turn = time.perf_counter(), 0
        while turn < self.plan.repeats:
            for hand in ready:
                if results[hand.key].absent:
                    continue
                if self.threads != "1":
                    time.sleep(SETTLE)
                warm = counts[hand.key] // 10 or int(turn == 0)
                answer = hand.ask({"do": "run", "count": counts[hand.key], "warm": warm})
                if "absent" in answer:
                    results[hand.key].absent = answer["absent"]
                else:
                    results[hand.key].times.append(answer["seconds"])
            turn += 1
            say(f"turn {turn}")
            if turn >= self.plan.least and (time.perf_counter() - start) * (turn + 1) / turn > self.plan.budget:
                break
        for result in results.values():
            if result.absent:
                result.times.clear()
        return list(results.values())

    def _ready(self, hands: list[Hand], case: Case, results: dict[str, Result], say: Any) -> list[Hand]:
        """Those whose first losses are ours."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "data.npz")
            np.savez(path, **make(case, self.plan.quick))
            order = {"do": "build", "case": case.label, "letter": case.letter, "data": path}

            def build(hand: Hand) -> dict[str, Any]:
                answer = hand.ask(order)
                say(f"{CONTENDERS[hand.key].title} is ready")
                return answer

            with ThreadPoolExecutor(len(self.cores)) as pool:
                answers = dict(zip([hand.key for hand in hands], pool.map(build, hands), strict=True))
        reference = answers.get(REFERENCE, {}).get("losses")
        for hand in hands:
            answer = answers[hand.key]
            if "absent" in answer:
                results[hand.key].absent = answer["absent"]
            elif reference is None:
                results[hand.key].absent = "minigrad itself failed, so that there is nothing to compare with"
            elif not agree(answer["losses"], reference, self.workload.tolerance):
                results[hand.key].absent = f"its losses differ: {shown(answer['losses'])}, ours {shown(reference)}"
        return [hand for hand in hands if not results[hand.key].absent]


def agree(losses: list[float], reference: list[float], tolerance: float) -> bool:
    """Whether two programs have the same losses, up to float32's rounding."""
    return len(losses) == len(reference) and bool(np.allclose(losses, reference, rtol=tolerance, atol=1e-7))


def shown(losses: list[float]) -> str:
    """Losses, shortly."""
    return " ".join(f"{loss:.6g}" for loss in losses[:5])
