"""Peak memory of training steps and of inference, each in a process of its own; and the memory of a graph per operation."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from benchmarks.crew import Hand
from benchmarks.workloads import WORKLOADS, make

TRAINED = ("b", "c", "d")
KEYS = ("compiled", "minigrad", "torch", "torch.compile", "jax.jit")
ALIVE = 100_000  # operations alive at least when a graph is weighed: memory comes in pages


def steps(
    threads: str, core: int, letters: str, without: Sequence[str], say: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Workloads (b) to (d): a few steps, or passes without gradients, after as many to begin with."""
    rows = []
    for letter in TRAINED:
        if letter not in letters:
            continue
        case = WORKLOADS[letter].cases[0]
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "data.npz")
            data = make(case, quick=True)
            np.savez(path, **{name: array if name.startswith("p.") else array[:1] for name, array in data.items()})
            for inference in (False, True):
                for key in (key for key in KEYS if key not in without):
                    say(f"memory of ({letter}), {key}")
                    hand = Hand(key, threads, core)
                    answer = hand.introduction
                    if "absent" not in answer:
                        order = {"case": case.label, "letter": letter, "data": path, "inference": inference}
                        answer = hand.ask({"do": "train", "steps": 10, **order})
                    hand.close()
                    rows.append(
                        {"letter": letter, "contender": key, "threads": threads, "inference": inference, **answer}
                    )
    return rows


def graphs(core: int, quick: bool, without: Sequence[str], say: Callable[[str], None]) -> list[dict[str, Any]]:
    """Workload (g): bytes per operation."""
    rows = []
    for case in WORKLOADS["g"].quick if quick else WORKLOADS["g"].cases:
        for key in (key for key in ("minigrad", "torch") if key not in without):
            say(f"memory of a graph of {case.label}, {key}")
            hand = Hand(key, "1", core)
            answer = hand.introduction
            if "absent" not in answer:
                copies = max(1, ALIVE // case.size)
                answer = hand.ask({"do": "graph", "case": case.label, "letter": "g", "copies": copies})
            hand.close()
            rows.append({"case": case.label, "contender": key, **answer})
    return rows
