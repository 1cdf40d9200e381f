"""Loaders with workers: the same batches, errors shown whole, and nothing left behind."""

import gc
import multiprocessing
import os
import pickle
import queue
import random
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import minigrad
from minigrad import Generator, manual_seed, rand
from minigrad.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset, get_worker_info
from minigrad.utils.data import workers as room


class Squares(Dataset):
    def __init__(self, n=10):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        return i * i


class Stream(IterableDataset):
    def __iter__(self):
        info = get_worker_info()
        return iter(range(info.id, 9, info.num_workers))


class Noisy(Squares):
    def __getitem__(self, i):
        return i, rand(1).item(), random.random(), np.random.rand(), get_worker_info().seed


class PickyError(Exception):
    def __init__(self, one, two):
        super().__init__(one, two)


class Failing(Squares):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def __getitem__(self, i):
        if i == 3:
            raise self.error
        return i


def plain(loader):
    return [[part.tolist() for part in batch] if isinstance(batch, list) else batch.tolist() for batch in loader]


def children():
    gc.collect()
    return multiprocessing.active_children()


@pytest.fixture(autouse=True)
def nothing_is_left():
    yield
    assert children() == []


@pytest.mark.parametrize("size", [1, 3, None])
@pytest.mark.parametrize("shuffle", [False, True])
def test_workers_change_nothing(size, shuffle):
    found = []
    for workers in (0, 1, 3):
        manual_seed(1)
        loader = DataLoader(Squares(), size, shuffle, num_workers=workers)
        found.append((plain(map(minigrad.as_tensor, loader)), rand(1).item()))
    assert found[0] == found[1] == found[2]


def test_a_generator_of_its_own():
    found = []
    for workers in (0, 2):
        generator = Generator().manual_seed(4)
        found.append((plain(DataLoader(Squares(), 4, True, num_workers=workers, generator=generator)),
                      rand(1, generator=generator).item()))  # fmt: skip
    assert found[0] == found[1]


def test_the_same_seed_gives_the_same_numbers_in_workers():
    found = []
    for _ in range(2):
        manual_seed(2)
        found.append([plain(DataLoader(Noisy(4), 2, num_workers=2)) for _ in range(2)])
    assert found[0] == found[1]
    first, second = found[0]
    assert first[0][4] != second[0][4]  # another pass, another seed
    assert first[0][4][0] + 1 == first[1][4][0]
    assert first[0][1] != first[1][1]


def test_every_worker_gives_its_part_of_a_stream():
    assert plain(DataLoader(Stream(), 2, num_workers=2)) == [[0, 2], [1, 3], [4, 6], [5, 7], [8]]
    loader = DataLoader(Stream(), 2, num_workers=2, persistent_workers=True)
    assert plain(loader) == plain(loader) == [[0, 2], [1, 3], [4, 6], [5, 7], [8]]
    loader = DataLoader(Stream(), 3, num_workers=1, drop_last=True)
    assert plain(loader) == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    del loader


def test_tensors_in_memory_are_gathered_here(monkeypatch):
    monkeypatch.setattr(room.Team, "__init__", lambda *args: pytest.fail("no worker is needed"))
    assert len(list(DataLoader(TensorDataset(rand(9)), 2, num_workers=2))) == 5


def test_a_worker_knows_who_it_is():
    class Asking(Squares):
        def __getitem__(self, i):
            info = get_worker_info()
            assert info.dataset is self
            return info.id, info.num_workers, len(re.findall("id=|num_workers=2|seed=|dataset=", repr(info)))

    assert get_worker_info() is None
    assert plain(DataLoader(Asking(4), 2, num_workers=2)) == [[[0, 0], [2, 2], [4, 4]], [[1, 1], [2, 2], [4, 4]]]


def test_a_function_is_called_in_each_worker_first():
    made = []

    class Made(Squares):
        def __getitem__(self, i):
            return made[0]

    loader = DataLoader(Made(4), 2, num_workers=2, worker_init_fn=lambda worker: made.append(worker + 10))
    assert plain(loader) == [[10, 10], [11, 11]]
    assert made == []

    def refuse(worker):
        raise ValueError(f"not {worker}")

    with pytest.raises(ValueError, match=r"Caught ValueError in DataLoader worker process 0(.|\n)*not 0"):
        list(DataLoader(Squares(), num_workers=2, worker_init_fn=refuse))


# ── what goes wrong ──────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("error", "kind"),
    [(ValueError("bad sample"), ValueError), (KeyError("bad sample"), KeyError), (PickyError("bad sample", 2), RuntimeError),
     (type("LocalError", (Exception,), {})("bad sample"), RuntimeError), (OSError(2, "bad sample"), OSError)],
    ids=["plain", "key", "of two arguments", "local", "system"],
)  # fmt: skip
def test_an_error_is_shown_whole(error, kind):
    loader = DataLoader(Failing(error), 2, num_workers=2)
    seen = []
    with pytest.raises(kind) as caught:
        seen.extend(batch.tolist() for batch in loader)
    assert seen == [[0, 1]]
    text = str(caught.value)
    assert text.startswith(f"Caught {type(error).__name__} in DataLoader worker process 1.\nOriginal Traceback")
    assert "raise self.error" in text
    assert "bad sample" in text


def test_what_cannot_be_sent_is_an_error():
    loader = DataLoader(Squares(), None, num_workers=1, collate_fn=lambda x: lambda: x)
    with pytest.raises(Exception, match=r"Caught \w+ in DataLoader worker process 0"):
        list(loader)


def test_a_worker_that_dies():
    class Dying(Squares):
        def __getitem__(self, i):
            os._exit(7)

    with pytest.raises(RuntimeError, match=r"DataLoader worker \(pid \d+\) exited unexpectedly with exit code 7"):
        list(DataLoader(Dying(), num_workers=1))


def test_a_worker_that_is_late():
    class Late(Squares):
        def __getitem__(self, i):
            time.sleep(30)

    start = time.monotonic()
    with pytest.raises(RuntimeError, match=r"DataLoader timed out after 0.1 seconds"):
        list(DataLoader(Late(), num_workers=1, timeout=0.1))
    assert time.monotonic() - start < 10


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"prefetch_factor": 2}, "prefetch_factor option goes with num_workers > 0"),
        ({"persistent_workers": True}, "persistent_workers option needs num_workers > 0"),
        ({"multiprocessing_context": "fork"}, "multiprocessing_context can only be used with num_workers > 0"),
        ({"prefetch_factor": 0, "num_workers": 1}, "prefetch_factor option should be positive, not 0"),
        ({"num_workers": 1, "multiprocessing_context": "threads"}, "cannot find context"),
    ],
)
def test_options_that_do_not_fit(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        list(DataLoader(Squares(), **options))


# ── nothing is left behind ───────────────────────────────────────────────────────────────────────────────────────────


def test_leaving_early_ends_the_workers():
    for batch in DataLoader(Squares(1000), num_workers=2):
        assert batch.item() == 0
        assert len(children()) == 2
        break
    assert children() == []
    assert next(iter(DataLoader(Squares(1000), 4, num_workers=2))).tolist() == [0, 1, 4, 9]
    assert children() == []


def test_an_error_of_the_program_ends_the_workers():
    def train():
        for _ in DataLoader(Squares(1000), num_workers=2):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        train()
    assert children() == []


def test_persistent_workers_stay_and_go_with_the_loader():
    loader = DataLoader(Squares(20), 4, num_workers=2, persistent_workers=True)
    whole = plain(loader)
    stayed = {process.pid for process in children()}
    assert len(stayed) == 2
    assert next(iter(loader)).tolist() == whole[0]  # a pass left early
    assert plain(loader) == whole
    assert {process.pid for process in children()} == stayed
    with pytest.raises(ValueError, match="persistent_workers attribute should not be set"):
        loader.persistent_workers = False
    del loader
    assert children() == []


PROGRAM = """
import os, signal, sys, time
from minigrad.utils.data import DataLoader, Dataset

class Squares(Dataset):
    def __len__(self):
        return 10_000
    def __getitem__(self, i):
        time.sleep(0.001)
        return i

if __name__ == "__main__":
    for i, batch in enumerate(DataLoader(Squares(), 4, num_workers=2)):
        if i == 2:
            print(*[p.pid for p in __import__("multiprocessing").active_children()], flush=True)
            os.killpg(0, signal.SIGINT) if sys.argv[1] == "int" else os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("how", ["int", "kill"])
def test_workers_end_with_the_program(how, tmp_path):
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, str(path), how], capture_output=True, text=True, check=False, start_new_session=True
    )
    pids = [int(pid) for pid in done.stdout.split()]
    assert len(pids) == 2
    assert done.returncode != 0
    assert done.stderr.count("Traceback") == (how == "int")  # Ctrl-C is reported once, by the program
    end = time.monotonic() + 10
    while any(os.path.exists(f"/proc/{pid}") for pid in pids) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(os.path.exists(f"/proc/{pid}") for pid in pids)


# ── a worker, step by step, in this process ──────────────────────────────────────────────────────────────────────────


class Tasks:
    """The worker's end of a pipe with these tasks in it."""

    def __init__(self, tasks):
        self.tasks = list(tasks)

    def poll(self, timeout):
        return bool(self.tasks)

    def recv(self):
        return self.tasks.pop(0)


class Results(queue.SimpleQueue):
    def cancel_join_thread(self):
        pass


@pytest.fixture
def here():
    """What a worker changes in its process, put back."""
    handler = signal.getsignal(signal.SIGINT)
    states = random.getstate(), np.random.get_state(), minigrad.get_rng_state()
    yield
    room.Here.info = None
    signal.signal(signal.SIGINT, handler)
    random.setstate(states[0])
    np.random.set_state(states[1])
    minigrad.set_rng_state(states[2])


def answers(dataset, tasks, init=None, batched=True, drop_last=False, collate=list):
    results = Results()
    info = room.WorkerInfo(0, 1, 5, dataset)
    room.work((dataset, collate, batched, drop_last), info, init, Tasks(tasks), results)
    return [pickle.loads(results.get()) for _ in range(results.qsize())]


@pytest.mark.usefixtures("here")
def test_what_a_worker_answers():
    tasks = [("batch", [1, 2]), ("batch", [3]), ("again", None), ("batch", [4]), ("end", None)]
    assert answers(Squares(), tasks) == [("batch", [1, 4]), ("batch", [9]), ("batch", [16])]
    streamed = [("batch", [None] * 6), ("batch", [None] * 6), ("again", None), ("batch", [None] * 3), ("end", None)]
    assert answers(Stream(), streamed, drop_last=True) == [
        ("batch", [0, 1, 2, 3, 4, 5]),
        ("end", None),
        ("batch", [0, 1, 2]),
    ]
    assert answers(Stream(), [("batch", None), ("end", None)], batched=False, collate=str) == [("batch", "0")]
    ((kind, (error, text)),) = answers(Failing(ValueError("no")), [("batch", [3]), ("end", None)])
    assert (kind, error, text.splitlines()[-1]) == ("error", ValueError, "ValueError: no")

    def refuse(worker):
        raise type("LocalError", (Exception,), {})

    found = answers(Squares(), [("batch", [1]), ("again", None), ("batch", [1]), ("end", None)], refuse)
    assert [kind for kind, _ in found] == ["error", "error"]
    assert found[0][1][0] is RuntimeError


@pytest.mark.usefixtures("here")
def test_a_worker_ends_when_its_parent_is_gone(monkeypatch):
    parents = iter([1, 1, 2])
    monkeypatch.setattr(os, "getppid", lambda: next(parents))
    assert answers(Squares(), []) == []


def test_a_team_is_stopped_by_its_owner_only(monkeypatch):
    team = room.Team(1, (Squares(), list, True, False), None, 0, None, 0)
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: -1)
        team.stop()
    assert len(children()) == 1
    team.stop()
