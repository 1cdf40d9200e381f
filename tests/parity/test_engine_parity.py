"""A first look at what is in the core: the table of each family is in a file of its own."""

import numpy as np
import pytest
from agree import agree, both_fail

CALLS = {
    "a number keeps float32": (lambda t, x: x * 2.5, (2, 3)),
    "an integer tensor divided": (lambda t, x: x / 2, np.arange(3)),
    "mean over two dimensions": (lambda t, x: x.mean((0, 2)), (2, 3, 4)),
    "ties of amax": (lambda t, x: x.amax(0), np.array([1.0, 1.0, 0.0], np.float32)),
}


@pytest.mark.parametrize("name", CALLS)
def test_agrees_with_torch(name):
    call, *operands = CALLS[name]
    agree(call, *operands)


def test_both_refuse():
    both_fail(lambda t, x: x @ x, (2, 3))
