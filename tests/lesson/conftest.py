"""One lesson for the tests that change nothing in it, and a fresh one for those that do."""

import numpy as np
import pytest

from minigrad.lesson.engine import Lesson


@pytest.fixture(scope="session")
def shared():
    return Lesson()


@pytest.fixture
def lesson(shared):
    fresh = Lesson()
    fresh._digits = shared._digits  # read once
    return fresh


@pytest.fixture(scope="session")
def three(shared):
    """A digit that shows a 3, as a page sends it."""
    return (shared.digits(label=3, count=1)["pixels"][0] / 255).tolist()


@pytest.fixture(scope="session")
def reference():
    """The same network in plain NumPy, float64: all layers, from the flat vector."""

    def layers(flat):
        at, found = 0, []
        for rows, columns in ((16, 784), (16, 16), (10, 16)):
            weight = flat[at : at + rows * columns].reshape(rows, columns).astype(np.float64)
            at += rows * columns
            found.append((weight, flat[at : at + rows].astype(np.float64)))
            at += rows
        assert at == len(flat) == 13_002
        return found

    def run(flat, x):
        acts, sums = [np.asarray(x, np.float64)], []
        for weight, bias in layers(flat):
            sums.append(acts[-1] @ weight.T + bias)
            acts.append(1 / (1 + np.exp(-sums[-1])))
        return acts, sums

    return run
