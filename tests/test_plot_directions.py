"""The arrays behind pictures of the cost: directions, costs along them, and where a descent is seen from them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import minigrad
from minigrad import nn, plot
from minigrad.errors import ShapeError


@given(st.integers(0, 99))
def test_a_normalised_direction_is_as_long_as_each_filter(seed):
    rng = np.random.default_rng(seed)
    parameters = [rng.standard_normal((4, 3, 2, 2)) * np.arange(4)[:, None, None, None], rng.standard_normal(4),
                  rng.standard_normal((2, 4))]  # fmt: skip
    direction = plot.random_direction(parameters, seed)
    filters, biases, rows = direction[:48].reshape(4, 12), direction[48:52], direction[52:].reshape(2, 4)
    assert np.allclose(np.linalg.norm(filters, axis=1), np.linalg.norm(parameters[0].reshape(4, 12), axis=1))
    assert (biases == 0).all()
    assert np.allclose(np.linalg.norm(rows, axis=1), np.linalg.norm(parameters[2], axis=1))
    assert direction.tolist() == plot.random_direction(parameters, seed).tolist()
    assert direction.tolist() != plot.random_direction(parameters, seed + 1).tolist()


def test_a_step_means_the_same_for_a_network_scaled_up():
    model = nn.Linear(5, 3)
    one = plot.random_direction([model.weight], 7)
    assert np.allclose(plot.random_direction([model.weight * 10], 7), 10 * one, rtol=1e-5)


def test_a_direction_that_is_not_normalised_is_as_long_as_all_parameters():
    parameters = [np.array([[3.0, 0.0]]), np.array([4.0]), np.array(0.0)]
    direction = plot.random_direction(parameters, 1, normalised=False)
    assert direction.shape == (4,)
    assert (direction != 0).all()
    assert np.isclose(np.linalg.norm(direction), 5)


def test_a_direction_of_nothing_is_refused():
    with pytest.raises(ValueError, match=r"^random_direction got no parameters: give model.parameters\(\)$"):
        plot.random_direction([])


@given(st.integers(0, 99))
def test_principal_directions_hold_most_of_a_path(seed):
    rng = np.random.default_rng(seed)
    path = np.cumsum(rng.standard_normal((12, 30)), 0)
    first, second, shares = plot.principal_directions(path)
    assert np.allclose([first @ first, second @ second, first @ second], [1, 1, 0])
    spread = path - path.mean(0)
    total = (spread**2).sum()
    for direction, share in zip((first, second), shares, strict=True):
        assert np.isclose(((spread @ direction) ** 2).sum() / total, share)
        assert (path[0] - path[-1]) @ direction >= 0
    other = rng.standard_normal(30)
    other /= np.linalg.norm(other)
    assert ((spread @ other) ** 2).sum() / total <= shares[0] + 1e-12 <= 1 + 2e-12


def test_a_path_in_a_plane_is_found_whole():
    plane = np.linalg.qr(np.random.default_rng(0).standard_normal((9, 2)))[0]
    where = np.array([[5.0, 1.0], [3.0, -1.0], [1.0, 0.5], [0.0, 0.0]])
    path = where @ plane.T + 2
    first, second, shares = plot.principal_directions(path)
    assert np.isclose(sum(shares), 1)
    seen = plot.path_in(path, path[-1], first, second)
    assert np.allclose(path[-1] + seen @ np.stack([first, second]), path)


@pytest.mark.parametrize("path", [np.ones((2, 5)), np.ones(5)])
def test_a_path_too_short_is_refused(path):
    with pytest.raises(ShapeError, match=r"^principal_directions got a path of shape .*: give at least 3 points"):
        plot.principal_directions(path)
    with pytest.raises(ShapeError, match=r"^principal_directions: parameters of one number have one direction only$"):
        plot.principal_directions(np.ones((4, 1)))


@given(st.integers(0, 99))
def test_what_is_seen_of_a_path_is_the_nearest_point_also_in_slanted_directions(seed):
    rng = np.random.default_rng(seed)
    path, at, first, second = rng.standard_normal((6, 8)), *rng.standard_normal((3, 8))
    seen = plot.path_in(path, at, first, second)
    assert seen.shape == (6, 2)
    rest = path - at - seen @ np.stack([first, second])
    assert np.allclose([rest @ first, rest @ second], 0)
    assert plot.path_in(path, at, first).shape == (6, 1)
    with pytest.raises(ShapeError, match=r"^path_in got a path \(6, 8\), a point \(7,\) and directions of 8 numbers"):
        plot.path_in(path, at[:7], first)


def test_a_line_of_costs_is_the_function_at_its_points():
    steps, costs = plot.cost_line(lambda theta: theta @ theta, [1.0, 2.0], [0.0, 1.0], reach=(-2, 1), n=4)
    assert steps.tolist() == [-2, -1, 0, 1]
    assert costs.tolist() == [1, 2, 5, 10]
    assert plot.cost_line(lambda theta: 0, [1.0], [1.0], reach=3)[0][[0, 25, 50]].tolist() == [-3, 0, 3]


def test_a_grid_of_costs_has_rows_along_the_second_direction():
    first, second = [1.0, 0.0], [0.0, 1.0]
    x, y, costs = plot.cost_grid(
        lambda theta: theta[0] + 100 * theta[1], [1.0, 1.0], first, second, ((0, 2), (-1, 0)), 3
    )
    assert (x.tolist(), y.tolist()) == ([0, 1, 2], [-1, -0.5, 0])
    assert costs.tolist() == [[1, 2, 3], [51, 52, 53], [101, 102, 103]]
    x, y, _ = plot.cost_grid(lambda theta: 0, [1.0, 1.0], first, second, (-1, 3), 2)
    assert x.tolist() == y.tolist() == [-1, 3]


def test_the_function_gets_parameters_of_the_dtype_they_have():
    seen = set()

    def cost(theta):
        seen.add(theta.dtype)
        return minigrad.from_numpy(theta).square().sum()

    at = np.ones(3, np.float32)
    _, costs = plot.cost_line(cost, at, np.ones(3), n=3)
    assert seen == {np.dtype(np.float32)}
    assert costs.tolist() == [0, 3, 12]
    with pytest.raises(ShapeError, match=r"^a point and directions of shapes \(3,\), \(2,\): give flat parameters"):
        plot.cost_line(cost, at, np.ones(2))


def test_the_slope_of_a_slice_is_the_gradient_along_it():
    model = nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 1)).double()
    parameters = list(model.parameters())
    x = minigrad.linspace(-1, 1, 20, dtype=minigrad.float64).reshape(5, 4)
    theta = nn.utils.parameters_to_vector(parameters).detach().numpy().copy()
    direction = plot.random_direction(parameters, 3)
    gradient = minigrad.autograd.grad(model(x).square().mean(), parameters)
    slope = nn.utils.parameters_to_vector(gradient).numpy() @ direction

    def cost(theta):
        nn.utils.vector_to_parameters(minigrad.from_numpy(theta), parameters)
        with minigrad.no_grad():
            return model(x).square().mean()

    steps, costs = plot.cost_line(cost, theta, direction, 1e-4, 3)
    assert np.isclose((costs[2] - costs[0]) / (steps[2] - steps[0]), slope, rtol=1e-6)
