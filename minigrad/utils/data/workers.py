"""Processes that make batches while the program computes on those before.

Each has a copy of the dataset and a random generator of its own, seeded from the loader's: the same seed gives the same
batches, in the same order, however fast the workers are.
"""

from __future__ import annotations

import os
import pickle
import queue
import random
import signal
import threading
import time
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from typing import Any

import numpy as np

from minigrad.random import default_generator
from minigrad.utils.data.dataset import IterableDataset

LOOK = 0.5  # seconds between two looks whether the other side still lives
PATIENCE = 0.5  # seconds that workers have to end of themselves


class WorkerInfo:
    """What a worker knows of itself: its `id`, from 0; `num_workers`; its `seed`; its copy of the `dataset`."""

    def __init__(self, id: int, num_workers: int, seed: int, dataset: Any) -> None:
        self.id, self.num_workers, self.seed, self.dataset = id, num_workers, seed, dataset

    def __repr__(self) -> str:
        return f"WorkerInfo({', '.join(f'{name}={value}' for name, value in vars(self).items())})"


class Here:
    """Which worker this process is."""

    info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """In a worker of a DataLoader: its `id`, `num_workers`, `seed` and `dataset`. In the main process: None.

    >>> print(get_worker_info())
    None
    """
    return Here.info


class ExhaustedError(Exception):
    """An iterable dataset has no further batch."""


class Fetcher:
    """What makes a batch of an index, or of a list of them."""

    def __init__(self, dataset: Any, collate: Callable[[Any], Any], batched: bool, drop_last: bool) -> None:
        self.dataset, self.collate, self.batched, self.drop_last = dataset, collate, batched, drop_last
        self.many = getattr(dataset, "__getitems__", None)
        self.items = iter(dataset) if isinstance(dataset, IterableDataset) else None

    def __call__(self, index: Any) -> Any:
        """A batch. ExhaustedError where an iterable dataset has ended."""
        if self.items is not None:
            samples = list(islice(self.items, len(index) if self.batched else 1))
            if not samples or (self.batched and self.drop_last and len(samples) < len(index)):
                raise ExhaustedError
            return self.collate(samples if self.batched else samples[0])
        if not self.batched:
            return self.collate(self.dataset[index])
        return self.collate([self.dataset[i] for i in index] if self.many is None else self.many(index))


# ── in a worker ──────────────────────────────────────────────────────────────────────────────────────────────────────


def work(
    making: tuple[Any, ...], info: WorkerInfo, init: Callable[[int], None] | None, tasks: Any, results: Any
) -> None:
    """What a worker does: answer tasks until there is none, or until the main process is gone."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the main process's to handle
    results.cancel_join_thread()
    parent = os.getppid()
    seed(info)
    Here.info = info
    fetch: Any = None
    failure = b""
    try:
        if init is not None:
            init(info.id)
        fetch = Fetcher(*making)
    except Exception as error:
        failure = failed(error, info.id)
    while True:
        while not tasks.poll(LOOK):
            if os.getppid() != parent:
                return
        kind, index = tasks.recv()
        if kind == "end":
            return
        if kind == "again":
            fetch = Fetcher(*making) if fetch is not None else None
        else:
            results.put(failure or answer(fetch, index, info.id))


def seed(info: WorkerInfo) -> None:
    """Seed everything random: this worker's generators give the same numbers as PyTorch's would."""
    random.seed(info.seed)
    default_generator.manual_seed(info.seed)
    base = info.seed - info.id
    np.random.seed(np.random.SeedSequence([info.id, base & 0xFFFFFFFF, base >> 32, 0]).generate_state(4))


def answer(fetch: Fetcher, index: Any, worker: int) -> bytes:
    """A batch, or what went wrong, as bytes."""
    try:
        return pickle.dumps(("batch", fetch(index)), 5)
    except ExhaustedError:
        return pickle.dumps(("end", None))
    except Exception as error:
        return failed(error, worker)


def failed(error: Exception, worker: int) -> bytes:
    """An exception with its traceback, as bytes."""
    trace = "".join(traceback.format_exception(error))
    text = f"Caught {type(error).__name__} in DataLoader worker process {worker}.\nOriginal {trace}"
    try:
        return pickle.dumps(("error", (type(error), text)))
    except Exception:  # a class that cannot be sent
        return pickle.dumps(("error", (RuntimeError, text)))


# ── in the main process ──────────────────────────────────────────────────────────────────────────────────────────────


class Team:
    """The workers of a loader."""

    def __init__(
        self,
        size: int,
        making: tuple[Any, ...],
        init: Callable[[int], None] | None,
        base: int,
        context: Any,
        timeout: float,
    ) -> None:
        import multiprocessing

        if context is None or isinstance(context, str):
            forks = "fork" in multiprocessing.get_all_start_methods()
            context = multiprocessing.get_context(context or ("fork" if forks else None))
        self.timeout, self.owner = timeout, os.getpid()
        self.tasks, self.results, self.processes = [], [], []
        self.waiting = [0] * size  # answers still to come, per worker
        for i in range(size):
            theirs, ours = context.Pipe(False)
            results = context.Queue()
            info = WorkerInfo(i, size, base + i, making[0])
            process = context.Process(target=work, args=(making, info, init, theirs, results), daemon=True)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside BLAS's threads, which are idle
                process.start()
            theirs.close()
            self.tasks.append(ours)
            self.results.append(results)
            self.processes.append(process)

    def ask(self, worker: int, index: Any) -> None:
        """Give a worker a task."""
        self.tasks[worker].send(("batch", index))
        self.waiting[worker] += 1

    def receive(self, worker: int) -> tuple[str, Any]:
        """A worker's next answer. RuntimeError if it died, or takes longer than the timeout."""
        start = time.monotonic()
        while True:
            alive = self.processes[worker].is_alive()
            left = LOOK if not self.timeout else min(LOOK, max(self.timeout - (time.monotonic() - start), 0))
            try:
                content = self.results[worker].get(timeout=left if alive else 0.1)
                break
            except queue.Empty:
                if not alive:
                    process = self.processes[worker]
                    raise RuntimeError(
                        f"DataLoader worker (pid {process.pid}) exited unexpectedly with exit code {process.exitcode}: run "
                        "with num_workers=0 to see where"
                    ) from None
                if self.timeout and time.monotonic() - start >= self.timeout:
                    raise RuntimeError(
                        f"DataLoader timed out after {self.timeout} seconds: give the loader a longer timeout, or 0 for none"
                    ) from None
        self.waiting[worker] -= 1
        answer: tuple[str, Any] = pickle.loads(content)
        return answer

    def again(self) -> None:
        """Make ready for another pass: drop the answers of one that was left early."""
        for worker, count in enumerate(self.waiting):
            for _ in range(count):
                self.receive(worker)
            self.tasks[worker].send(("again", None))

    def batches(self, indices: Iterator[Any], ahead: int) -> Iterator[Any]:
        """A batch for each index, in order, made by the workers in turn, each at most `ahead` tasks before it is needed."""
        size = len(self.processes)
        going, turn, order = [True] * size, 0, deque[int]()

        def ask() -> None:
            nonlocal turn
            for _ in range(size if any(going) else 0):
                worker, turn = turn, (turn + 1) % size
                if going[worker]:
                    for index in islice(indices, 1):
                        self.ask(worker, index)
                        order.append(worker)
                    return

        for _ in range(ahead * size):
            ask()
        while order:
            worker = order.popleft()
            kind, content = self.receive(worker)
            if kind == "error":
                raise exception(*content)
            going[worker] = going[worker] and kind != "end"
            ask()
            if kind == "batch":
                yield content

    def stop(self) -> None:
        """End the workers; those that are busy for longer than a moment are terminated."""
        if os.getpid() != self.owner:
            return
        for tasks in self.tasks:
            with suppress(OSError):  # it may be gone already
                tasks.send(("end", None))
            tasks.close()
        end = time.monotonic() + PATIENCE
        for process, results in zip(self.processes, self.results):
            process.join(max(end - time.monotonic(), 0))
            if process.is_alive():
                process.terminate()
                process.join()
            results.close()
            process.close()
        self.tasks, self.results, self.processes = [], [], []


def exception(kind: type[Exception], text: str) -> Exception:
    """The worker's exception, to be raised here: of its own class, if that can be made of a text."""
    if issubclass(kind, KeyError):
        return _QuotedError(text)
    try:
        return kind(text)
    except Exception:
        return RuntimeError(text)


class _QuotedError(KeyError):
    """A KeyError whose text is printed as it is."""

    def __str__(self) -> str:
        return str(self.args[0])
